//! Floor, service and peer, round by round, and the medians of each.

use std::time::Duration;

use crate::client::Measured;
use crate::cpu::Spent;
use crate::{median, option};

/// The head of a table of rows.
pub const HEAD: &str = "| work | floor/s | service/s | ratio | goal | p99 ms | CPU ms: service + database | FastAPI/s | ratio to it | p99 ms | CPU ms: FastAPI + database |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |";

/// Medians of all rounds of one work.
pub struct Row {
    pub floor_per_s: f64,
    pub service: Measured,
    pub peer: Option<Measured>,
}

impl Row {
    /// Of the floor.
    pub fn ratio(&self) -> f64 {
        self.service.per_s / self.floor_per_s
    }

    /// Of the peer, where there is one.
    pub fn to_peer(&self) -> Option<f64> {
        self.peer.map(|peer| self.service.per_s / peer.per_s)
    }
}

/// Interleaves floor and service, prints the medians.
pub fn compare(
    work: &str,
    goal: &str,
    floor: impl FnMut(Duration) -> f64,
    service: impl FnMut(Duration) -> Measured,
) -> Row {
    compare_with_peer(work, goal, floor, service, None::<fn(Duration) -> Measured>)
}

/// Interleaves floor, service and peer, prints the medians.
pub fn compare_with_peer(
    work: &str,
    goal: &str,
    mut floor: impl FnMut(Duration) -> f64,
    mut service: impl FnMut(Duration) -> Measured,
    mut peer: Option<impl FnMut(Duration) -> Measured>,
) -> Row {
    let (rounds, round) = (option("BENCH_ROUNDS", 5), Duration::from_secs(option("BENCH_SECONDS", 3)));
    let (mut floors, mut services, mut peers) = (Vec::new(), Vec::new(), Vec::new());
    let warm_up = Duration::from_millis(500);
    service(warm_up);
    peer.as_mut().map(|peer| peer(warm_up));
    for _ in 0..rounds {
        floors.push(floor(round));
        services.push(service(round));
        peers.extend(peer.as_mut().map(|peer| peer(round)));
    }
    let peer = (!peers.is_empty()).then(|| medians(&peers));
    let row = Row { floor_per_s: median(floors), service: medians(&services), peer };
    print(work, goal, &row);
    row
}

fn medians(rounds: &[Measured]) -> Measured {
    let of = |value: fn(&Measured) -> f64| median(rounds.iter().map(value).collect());
    Measured {
        per_s: of(|round| round.per_s),
        p99_ms: of(|round| round.p99_ms),
        spent: Spent { server_ms: of(|round| round.spent.server_ms), database_ms: of(|round| round.spent.database_ms) },
    }
}

fn print(work: &str, goal: &str, row: &Row) {
    let spent = |spent: Spent| format!("{:.2} + {:.2}", spent.server_ms, spent.database_ms);
    let peer = row.peer.zip(row.to_peer()).map_or("| | |".to_owned(), |(peer, ratio)| {
        format!("{:.0} | **{ratio:.2}** | {:.1} | {}", peer.per_s, peer.p99_ms, spent(peer.spent))
    });
    println!(
        "| {work} | {:.0} | {:.0} | **{:.2}** | {goal} | {:.1} | {} | {peer} |",
        row.floor_per_s,
        row.service.per_s,
        row.ratio(),
        row.service.p99_ms,
        spent(row.service.spent),
    );
}
