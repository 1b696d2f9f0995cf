//! Webhooks beside many who write, and after days of silence. The suite runs them small; the sizes of the measured runs,
//! 1,000 writers and 40,000 changes, are asked for by `WEBHOOK_WRITERS` and `WEBHOOK_CHANGES`.

use std::time::Instant;

use super::*;

/// Most changes that one request tells.
const BATCH: u32 = 100;

fn size(name: &str, of_the_suite: u32) -> u32 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(of_the_suite)
}

/// Waits until so many changes were taken, however long that goes on as long as it goes on; each was told in its order.
async fn taken(app: &TestApp, receiver: &Receiver, first: i64, count: u32) {
    let expected: Vec<i64> = (first..first + i64::from(count)).collect();
    let (mut before, mut since) = (0, Instant::now());
    loop {
        // Retries come after five seconds.
        app.core.clock.shift(TimeDelta::seconds(6));
        tokio::time::sleep(Duration::from_millis(100)).await;
        let numbers = numbers(&receiver.taken());
        if numbers.len() >= expected.len() {
            assert!(numbers == expected, "each once, in order");
            return;
        }
        if numbers.len() > before {
            (before, since) = (numbers.len(), Instant::now());
        }
        assert!(since.elapsed() < Duration::from_secs(60), "{before} of {count} came");
    }
}

#[tokio::test]
async fn many_who_write_at_once_are_told_in_order_to_a_receiver_that_refuses_each_seventh() {
    let app = app().await;
    let writers = size("WEBHOOK_WRITERS", 60);
    let count = Arc::new(AtomicUsize::new(0));
    let receiver = Receiver::start(move |_, _| {
        Reaction::Status(if count.fetch_add(1, Ordering::SeqCst) % 7 == 6 { 500 } else { 200 })
    })
    .await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    endpoint(&admin, &with(body(&receiver), &json!({"batch": 10}))).await;
    let began = Instant::now();
    let all: Vec<_> = (0..writers)
        .map(|writer| {
            let (admin, place) = (admin.clone(), place.clone());
            tokio::spawn(async move { screenings(&admin, &place, writer..writer + 1).await })
        })
        .collect();
    for writer in all {
        writer.await.unwrap();
    }
    taken(&app, &receiver, 2, writers).await;
    println!("{writers} writers: all taken {:.1} s after the first began", began.elapsed().as_secs_f64());
    let all = receiver.all();
    for pair in all.windows(2).filter(|pair| pair[0].status == Some(500)) {
        assert_eq!(pair[0].header("webhook-id"), pair[1].header("webhook-id"), "the same until it is taken");
    }
}

#[tokio::test]
async fn what_gathered_in_two_days_is_told_in_order_and_no_table_held_it() {
    let app = app().await;
    let changes = size("WEBHOOK_CHANGES", 1_000);
    let is_up = Arc::new(AtomicUsize::new(0));
    let up = Arc::clone(&is_up);
    let receiver =
        Receiver::start(move |_, _| Reaction::Status(if up.load(Ordering::SeqCst) == 1 { 200 } else { 503 })).await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let (path, _) = endpoint(&admin, &with(body(&receiver), &json!({"batch": BATCH}))).await;
    for first in (0..changes).step_by(500) {
        let items: Vec<Json> = (first..changes.min(first + 500)).map(|n| examples::screening(&place, n)).collect();
        let made = admin.post("/v1/screenings:batch", &json!({"items": items})).await.expect(207).body;
        assert!(made["results"].as_array().unwrap().iter().all(|one| one["status"] == 201), "{made}");
    }
    received(&receiver, 1).await;
    let rows = async || {
        let rows = app.rows("SELECT count(*) AS number FROM webhook_deliveries").await.pop();
        rows.and_then(|mut row| row.integer("number")).unwrap()
    };
    assert!(rows().await < 20, "nothing waits in a table");
    // Two days of a receiver that is down; whoever comes back later is told by the attempt that comes next.
    for (attempt, wait_s) in [6, 331, 1_981, 7_921, 19_801, 39_601, 55_441].into_iter().enumerate() {
        failed(&app, attempt + 1).await;
        app.core.clock.shift(TimeDelta::seconds(wait_s));
    }
    failed(&app, 8).await;
    is_up.store(1, Ordering::SeqCst);
    app.core.clock.shift(TimeDelta::seconds(80_000));
    let began = Instant::now();
    taken(&app, &receiver, 2, changes).await;
    println!("{changes} changes: taken {:.1} s after it was up", began.elapsed().as_secs_f64());
    until(&app.administrator().await, &path, |one| one["behind"] == 0).await;
}
