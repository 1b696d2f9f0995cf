//! Five times what the service can do: how much of its best it still does, and how soon the rest is refused.
//!
//! First a closed loop finds the capacity for writes alone and for the mix. Then requests of that mix are sent at five
//! times its pace, each on a connection that is free, whether or not those before them were answered (an open loop).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::sync::{Mutex, mpsc};

use crate::client::{Load, answer_whole};
use crate::report::Report;
use crate::served::Served;

/// Connections of the open loop: more than the service takes in work at once.
const CONNECTIONS: usize = 2_000;
/// Connections of the closed loop.
const CLOSED: usize = 64;
/// How often the open loop sends what is due.
const TICK: Duration = Duration::from_millis(2);

/// Classes of work, and how many of ten requests each has.
const CLASSES: [(&str, usize); 3] = [("POST", 6), ("list", 3), ("file", 1)];

struct Outcome {
    class: usize,
    status: u16,
    took: Duration,
}

/// Measures and prints.
pub fn measure(served: &Served, runtime: &Runtime, (seconds, times): (u64, u64), report: &Report) {
    let loads = [
        Load::screenings(served, std::slice::from_ref(&served.token), std::slice::from_ref(&served.place)),
        Load::get(served, "/v1/screenings?limit=100"),
        Load::get_as(served, "/v1/places", "text/csv"),
    ];
    let mut order = Vec::new();
    for (class, (_, share)) in CLASSES.iter().enumerate() {
        order.extend(std::iter::repeat_n(class, *share));
    }
    runtime.block_on(async {
        // Something to list.
        loads[0].run(CLOSED, Duration::from_secs(2)).await;
        let round = Duration::from_secs(seconds.min(10));
        let alone = loads[0].run(CLOSED, round).await;
        let shared = Arc::new((loads, order));
        let closed = closed(&shared, round).await;
        let best = per_s(&closed, round);
        let pace = best * times as f64;
        println!("Capacity: {:.0} POSTs/s alone (p99 {:.1} ms), {best:.0} of the mix/s.", alone.per_s, alone.p99_ms);
        let whole = Duration::from_secs(seconds);
        let (outcomes, unsent) = open(&shared, pace, whole).await;
        tell(&outcomes, unsent, best, whole);
        let good = per_s(&outcomes, whole) / best;
        report.note("goodput", format!("{:.0} %", 100.0 * good));
        let mut refused: Vec<f64> = outcomes
            .iter()
            .filter(|outcome| outcome.status == 503)
            .map(|outcome| outcome.took.as_secs_f64() * 1000.0)
            .collect();
        refused.sort_by(f64::total_cmp);
        if let Some(worst) = refused.get(refused.len() * 99 / 100) {
            report.note("refusal", format!("{worst:.1} ms"));
        }
    });
}

type Shared = Arc<([Load; 3], Vec<usize>)>;

fn per_s(outcomes: &[Outcome], round: Duration) -> f64 {
    outcomes.iter().filter(|outcome| outcome.status < 400).count() as f64 / round.as_secs_f64()
}

async fn send(shared: &Shared, class: usize, stream: &mut TcpStream, number: usize) -> std::io::Result<Outcome> {
    let started = Instant::now();
    let status = answer_whole(stream, &shared.0[class].bytes(number)).await?;
    Ok(Outcome { class, status, took: started.elapsed() })
}

/// The mix in a closed loop.
async fn closed(shared: &Shared, round: Duration) -> Vec<Outcome> {
    let until = Instant::now() + round;
    let tasks: Vec<_> = (0..CLOSED)
        .map(|connection| {
            let shared = Arc::clone(shared);
            tokio::spawn(async move {
                let mut stream = TcpStream::connect(shared.0[0].address()).await.unwrap();
                let mut outcomes = Vec::new();
                for number in connection.. {
                    if Instant::now() >= until {
                        break;
                    }
                    let class = shared.1[number % shared.1.len()];
                    outcomes.push(send(&shared, class, &mut stream, number).await.unwrap());
                }
                outcomes
            })
        })
        .collect();
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await.unwrap());
    }
    all
}

/// The mix at a pace; also how many found no free connection of ours.
async fn open(shared: &Shared, pace: f64, round: Duration) -> (Vec<Outcome>, u64) {
    let (hand, due) = mpsc::channel::<usize>(1);
    let due = Arc::new(Mutex::new(due));
    let tasks: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let (shared, due) = (Arc::clone(shared), Arc::clone(&due));
            tokio::spawn(async move {
                let (mut outcomes, mut stream) = (Vec::new(), None);
                loop {
                    let Some(number) = due.lock().await.recv().await else { return outcomes };
                    let mut open = match stream.take() {
                        Some(open) => open,
                        None => TcpStream::connect(shared.0[0].address()).await.unwrap(),
                    };
                    let class = shared.1[number % shared.1.len()];
                    // A connection that the service ended is made again; its request counts as not answered.
                    match send(&shared, class, &mut open, number).await {
                        Ok(outcome) => {
                            outcomes.push(outcome);
                            stream = Some(open);
                        }
                        Err(_) => outcomes.push(Outcome { class, status: 599, took: Duration::ZERO }),
                    }
                }
            })
        })
        .collect();
    let (started, unsent, mut number) = (Instant::now(), AtomicU64::new(0), 0);
    while started.elapsed() < round {
        let until = (started.elapsed().as_secs_f64() * pace) as usize;
        while number < until {
            // Nobody of ours is free: the service holds all of them, and that is a request it didn't do.
            if tokio::time::timeout(Duration::from_millis(1), hand.send(number)).await.is_err() {
                unsent.fetch_add(1, Ordering::Relaxed);
            }
            number += 1;
        }
        tokio::time::sleep(TICK).await;
    }
    drop(hand);
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await.unwrap());
    }
    (all, unsent.into_inner())
}

fn tell(outcomes: &[Outcome], unsent: u64, best: f64, round: Duration) {
    let good = per_s(outcomes, round);
    println!("Goodput at the pace: {good:.0}/s, **{:.2}** of the best (goal ≥ 0.90); {unsent} not sent.", good / best);
    println!("| class | sent | done | refused | done p50/p99 ms | refused p50/p99 ms (goal < 20) |");
    println!("| --- | --- | --- | --- | --- | --- |");
    for (class, (name, _)) in CLASSES.iter().enumerate() {
        let of = |refused: bool| -> Vec<f64> {
            let chosen = outcomes.iter().filter(|outcome| outcome.class == class);
            let mut took: Vec<f64> = chosen
                .filter(|outcome| (outcome.status == 503) == refused && outcome.status < 599)
                .map(|outcome| outcome.took.as_secs_f64() * 1000.0)
                .collect();
            took.sort_by(f64::total_cmp);
            took
        };
        let (done, refused) = (of(false), of(true));
        let part = |took: &[f64], of_100: usize| took.get(took.len() * of_100 / 100).copied().unwrap_or_default();
        println!(
            "| {name} | {} | {} | {} | {:.1} / {:.1} | {:.1} / {:.1} |",
            outcomes.iter().filter(|outcome| outcome.class == class).count(),
            done.len(),
            refused.len(),
            part(&done, 50),
            part(&done, 99),
            part(&refused, 50),
            part(&refused, 99)
        );
    }
    let mut statuses: BTreeMap<u16, usize> = BTreeMap::new();
    for outcome in outcomes {
        *statuses.entry(outcome.status).or_default() += 1;
    }
    println!("Statuses: {statuses:?}");
}
