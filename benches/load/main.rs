//! Speed of the service, measured beside its floor in the same run: `make bench`.
//!
//! Each figure is the median of interleaved rounds: floor, service, floor, service… These machines
//! are noisy; trust ratios. Options: `BENCH_ROUNDS` (5), `BENCH_SECONDS` a round (3),
//! `BENCH_ROWS` of the import (100,000), `BENCH_CASES` of isolation (50,000), `BENCH_LINES` of supply reports
//! (10,000,000), `BENCH_PASSAGES` behind figures (1,000,000). `BENCH_ONLY=ledger`, `feed`, `supply`, `duties` or
//! `figures` leaves out the rest.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod client;
mod duties;
mod feed;
mod figures;
mod files;
mod floor;
mod served;
mod supply;

use std::time::{Duration, Instant};

use client::{Load, Measured};
use floor::Floor;
use served::Served;

fn option(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

struct Row {
    work: String,
    floor_per_s: f64,
    service_per_s: f64,
    p99_ms: f64,
    goal: &'static str,
}

/// Interleaves floor and service and keeps the medians.
fn compare(
    work: &str,
    goal: &'static str,
    mut floor: impl FnMut(Duration) -> f64,
    mut service: impl FnMut(Duration) -> Measured,
) -> Row {
    let (rounds, round) = (option("BENCH_ROUNDS", 5), Duration::from_secs(option("BENCH_SECONDS", 3)));
    let (mut floors, mut services, mut tails) = (Vec::new(), Vec::new(), Vec::new());
    service(Duration::from_millis(500));
    for _ in 0..rounds {
        floors.push(floor(round));
        let measured = service(round);
        services.push(measured.per_s);
        tails.push(measured.p99_ms);
    }
    let row = Row {
        work: work.to_owned(),
        floor_per_s: median(floors),
        service_per_s: median(services),
        p99_ms: median(tails),
        goal,
    };
    print(&row);
    row
}

/// The head of a table of rows.
const HEAD: &str = "| work | floor/s | service/s | ratio | goal | p99 ms |\n| --- | --- | --- | --- | --- | --- |";

fn print(row: &Row) {
    println!(
        "| {} | {:.0} | {:.0} | **{:.2}** | {} | {:.1} |",
        row.work,
        row.floor_per_s,
        row.service_per_s,
        row.service_per_s / row.floor_per_s,
        row.goal,
        row.p99_ms
    );
}

fn main() {
    // `cargo test --benches` only wants to know that it builds.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let started = Instant::now();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let only = std::env::var("BENCH_ONLY").unwrap_or_default();
    let wanted = |part: &str| only.is_empty() || only == part;
    let mut served = Served::start();
    if wanted("ledger") {
        served = ledger(served, &runtime);
    }
    if wanted("feed") {
        served = served.restart().sign_in_again();
        feed::measure(&served, &runtime);
    }
    if wanted("supply") {
        served = served.restart().sign_in_again();
        supply::measure(&served, &runtime, option("BENCH_LINES", 10_000_000));
    }
    if wanted("figures") {
        served = served.restart().sign_in_again();
        figures::measure(&served, &runtime, option("BENCH_PASSAGES", 1_000_000));
    }
    if wanted("duties") {
        let cases = option("BENCH_CASES", 50_000);
        duties::fill(&served, cases);
        duties::measure(&served.restart().sign_in_again(), &runtime, cases);
    }
    println!("Measured in {} s.", started.elapsed().as_secs());
}

/// The write path, lists, files, start and memory.
fn ledger(mut served: Served, runtime: &tokio::runtime::Runtime) -> Served {
    let first_start = served.ready_after;
    println!("{HEAD}");
    let floor = Floor::new(&served);
    for (connections, goal) in [(1, "≥ 0.90"), (16, "≥ 1.50"), (64, "≥ 3.50")] {
        let load = Load::screenings(&served, &[served.token.clone()], &[served.place.clone()]);
        compare(
            &format!("POST a screening of somebody new, {connections} connections"),
            goal,
            |round| floor.insert(connections, round),
            |round| runtime.block_on(load.run(connections, round)),
        );
    }
    let (tokens, places) = served.districts(16);
    let load = Load::screenings(&served, &tokens, &places);
    compare(
        "POST, 64 connections, 16 districts",
        "≥ 2.50",
        |round| floor.insert(64, round),
        |round| runtime.block_on(load.run(64, round)),
    );
    let list = Load::get(&served, "/v1/screenings?limit=100");
    compare(
        "list of 100, 4 connections",
        "≥ 0.50",
        |round| floor.list(4, round),
        |round| runtime.block_on(list.run(4, round)),
    );
    files::measure(&served, runtime, option("BENCH_ROWS", 100_000));
    println!("Memory after the load: {} MB resident.", served.resident_mb());
    let restarted = served.restart();
    println!("Memory idle after a start: {} MB resident.", restarted.resident_mb());
    println!(
        "Start: empty database {} ms, existing {} ms.",
        first_start.as_millis(),
        restarted.ready_after.as_millis()
    );
    restarted
}
