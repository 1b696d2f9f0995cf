//! The change feed beside `pgbench` fetching the very rows of its pages, and what the index of changes costs a write.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use lianfang::server::routes::KINDS;
use tokio::runtime::Runtime;

use crate::client::Load;
use crate::report::Report;
use crate::served::Served;
use crate::{HEAD, compare, floor, median, option, pull};

/// Numbers that the ledger has at least: pages of them are more than anything remembers.
const NUMBERS: i64 = 20_000;
/// Numbers of a page of 500: somebody new and his passage share one.
const PAGE: i64 = 250;
const DISTRICT: &str = "511802";
/// Far from every divisor of a ledger's length, so that page after page is somewhere else.
const STRIDE: i64 = 7_919;

/// Measures pages anywhere in the ledger, the page that everybody asks for, and writes with and without the index.
pub fn measure(served: &Served, runtime: &Runtime, report: &Report) {
    let head = || served.get("/v1/ledger/head", &served.token)["head"].as_i64().unwrap();
    let posts = Load::screenings(served, std::slice::from_ref(&served.token), std::slice::from_ref(&served.place));
    while head() < NUMBERS {
        runtime.block_on(posts.run(64, Duration::from_secs(1)));
    }
    served.psql("lianfang", "VACUUM ANALYZE");
    println!("\n{HEAD}");
    let (last, script) = (head() - PAGE, served.folder.join("feed.sql"));
    std::fs::write(&script, fetching(last)).unwrap();
    let url = served.database_url("lianfang");
    let next = AtomicI64::new(0);
    let anywhere = Load::get_each(served, move || {
        format!("/v1/changes?since={}&limit=500", next.fetch_add(STRIDE, Ordering::Relaxed) % last)
    });
    let newest = Load::get(served, &format!("/v1/changes?since={last}&limit=500"));
    for (name, work, load) in
        [("feed", "anywhere in the ledger", anywhere), ("feed newest", "the newest, the same for all", newest)]
    {
        let row = compare(
            &format!("change feed, pages of 500, {work}, 4 connections"),
            "≥ 0.50",
            |round| floor::run(&script, &url, 4, round),
            |round| runtime.block_on(load.run(4, round)),
        );
        report.compared(name, &row);
    }
    empty(served, runtime, report, head());
    empty_polls(served, runtime, report);
    index(served, runtime, &posts);
}

/// Polls that find nothing, and that nobody asked for just before: limits and villages take turns, and so remember
/// nothing of each other. Where the ledger stands still, and where others wrote what the follower doesn't ask for.
fn empty(served: &Served, runtime: &Runtime, report: &Report, head: i64) {
    let others = format!("{}&kinds=places", head - PAGE);
    for (name, work, since) in [
        ("feed empty", "nothing new", head.to_string()),
        ("feed empty beside others", "nothing of these kinds", others),
    ] {
        let next = AtomicI64::new(0);
        let polls = Load::get_each(served, move || {
            let turn = next.fetch_add(1, Ordering::Relaxed);
            format!("/v1/changes?since={since}&area_code=511802005{:03}&limit={}", turn % 4 + 1, turn / 4 % 500 + 1)
        });
        let polled = runtime.block_on(polls.run(1, Duration::from_secs(option("BENCH_SECONDS", 3))));
        let each = format!("{:.2} ms", 1_000.0 / polled.per_s);
        println!("Empty poll of the feed, {work}, one connection: **{each}**, p99 {:.2} ms (goal ≤ 1).", polled.p99_ms);
        report.note(name, each);
    }
}

/// Polls where nothing is new: of the feed, bare and with the chain, and of a phone's pull.
fn empty_polls(served: &Served, runtime: &Runtime, report: &Report) {
    let head = served.get("/v1/ledger/head", &served.token);
    let (client, mut cursor) = (reqwest::Client::new(), String::new());
    runtime.block_on(async {
        loop {
            let page = pull::page(&client, served, &served.token, &cursor).await;
            page["next_cursor"].as_str().unwrap().clone_into(&mut cursor);
            if page["has_more"] == false {
                return;
            }
        }
    });
    println!("\nEmpty polls, one connection (goal ≤ 1 ms):");
    for (work, path) in [
        ("feed, a bare number", format!("/v1/changes?since={}", head["head"])),
        ("feed, with the chain", format!("/v1/changes?since={}", head["since"].as_str().unwrap())),
        ("pull", format!("/v1/sync/pull?cursor={cursor}")),
    ] {
        let load = Load::get(served, &path);
        runtime.block_on(load.run(1, Duration::from_secs(1)));
        let measured = runtime.block_on(load.run(1, Duration::from_secs(option("BENCH_SECONDS", 3))));
        println!("- {work}: **{:.2} ms** (p99 {:.2})", 1_000.0 / measured.per_s, measured.p99_ms);
        report.note(&format!("empty poll, {work}"), format!("{:.2} ms", 1_000.0 / measured.per_s));
    }
}

/// The rows of a page anywhere in the ledger, every column that the service reads of them, by the index of each table.
fn fetching(last: i64) -> String {
    let rows = ["people", "screenings"].map(|table| {
        let kind = KINDS.iter().find(|kind| kind.name == table).unwrap();
        format!(
            "SELECT {} FROM {table} AS r WHERE r.district_code = '{DISTRICT}' AND r.change_no > :since \
             AND r.change_no <= :since + {PAGE} ORDER BY r.change_no;\n",
            kind.select()
        )
    });
    format!("\\set since random(0, {last})\n{}", rows.concat())
}

/// POSTs with the index of changes, and with a view in its place that takes its lines and keeps none: the statement
/// stays the same but for the storing. In pairs of rounds, for the machine's moods last longer than those.
fn index(served: &Served, runtime: &Runtime, posts: &Load) {
    let (rounds, round) = (option("BENCH_ROUNDS", 5) * 2, Duration::from_secs(option("BENCH_SECONDS", 3)));
    let (mut with, mut without, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    served.psql(
        "lianfang",
        "CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; \
         CREATE VIEW forgotten AS SELECT * FROM ledger_changes; \
         CREATE TRIGGER forget INSTEAD OF INSERT ON forgotten FOR EACH ROW EXECUTE FUNCTION forget(); \
         GRANT SELECT, INSERT ON forgotten TO lianfang_service",
    );
    let put = |first: &str, second: &str| {
        served.psql("lianfang", &format!("ALTER {first}; ALTER {second}"));
        runtime.block_on(posts.run(16, Duration::from_millis(300)));
    };
    let posted = || runtime.block_on(posts.run(16, round)).per_s;
    let forgotten = || {
        put("TABLE ledger_changes RENAME TO kept_changes", "VIEW forgotten RENAME TO ledger_changes");
        let posted = posted();
        put("VIEW ledger_changes RENAME TO forgotten", "TABLE kept_changes RENAME TO ledger_changes");
        posted
    };
    for number in 0..rounds {
        // Either goes first every other time.
        let (kept, forgot) = if number % 2 == 0 {
            let kept = posted();
            (kept, forgotten())
        } else {
            let forgot = forgotten();
            (posted(), forgot)
        };
        with.push(kept);
        without.push(forgot);
        ratios.push(kept / forgot);
    }
    println!(
        "POST, 16 connections, with the index of changes {:.0}/s, without {:.0}/s: it costs **{:.1} %** (goal ≤ 5).",
        median(with),
        median(without),
        (1.0 - median(ratios)) * 100.0
    );
}
