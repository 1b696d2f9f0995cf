//! The feed as events: pushed as it is written, resumed, ended in order.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::Value as Json;

use crate::support::{TestApp, examples};

/// Reads until so many changes came; their ids and data.
async fn changes(response: &mut reqwest::Response, count: usize) -> Vec<(Option<i64>, Json)> {
    let (mut text, mut found) = (String::new(), Vec::new());
    while found.len() < count {
        let piece = tokio::time::timeout(Duration::from_secs(10), response.chunk()).await.unwrap().unwrap().unwrap();
        text.push_str(std::str::from_utf8(&piece).unwrap());
        while let Some((event, rest)) = text.split_once("\n\n").map(|(event, rest)| (event.to_owned(), rest.to_owned()))
        {
            text = rest;
            let line = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
            if let Some(data) = line("data: ") {
                let id = line("id: ").map(|id| id.parse().unwrap());
                found.push((id, serde_json::from_str(&data).unwrap()));
            }
        }
    }
    found
}

#[tokio::test]
async fn changes_come_as_they_are_written_and_go_on_where_they_broke_off() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let mut stream = admin.stream("/v1/changes/stream?since=0").await;
    assert_eq!(
        (stream.status().as_u16(), &stream.headers()["content-type"]),
        (200, &"text/event-stream".parse().unwrap())
    );
    assert_eq!(changes(&mut stream, 1).await[0].1["kind"], "places");
    let screening = admin.post("/v1/screenings", &examples::screening(&place, 1)).await.expect(201).body;
    let two = changes(&mut stream, 2).await;
    assert_eq!((two[0].0, two[1].0), (None, screening["change_no"].as_i64()), "the id stands on the last of a number");
    assert_eq!((&two[0].1["kind"], &two[1].1["id"]), (&"people".into(), &screening["id"]));
    drop(stream);
    let mut again = admin.with("last-event-id", "1").stream("/v1/changes/stream").await;
    assert_eq!(changes(&mut again, 2).await, two);
    let feed = admin.get("/v1/changes?since=1").await.expect(200).body;
    assert_eq!(feed["items"][1], two[1].1, "the same as the feed");
    app.nobody().get("/v1/changes/stream").await.expect(401);
}

#[tokio::test]
async fn a_stream_ends_with_the_token_and_with_the_service_and_is_bounded() {
    let app = TestApp::start().await;
    let guard = app.gate_guard("大兴街道").await;
    let mut open = Vec::new();
    for _ in 0..5 {
        let mut stream = guard.stream("/v1/changes/stream").await;
        stream.chunk().await.unwrap().unwrap();
        open.push(stream);
    }
    assert_eq!(guard.get("/v1/changes/stream").await.expect(429).code(), "too_many_requests");
    app.core.ledger.heads().close();
    for stream in &mut open {
        let end = tokio::time::timeout(Duration::from_secs(5), stream.chunk()).await.unwrap().unwrap();
        assert!(end.is_none(), "it ends in order");
    }

    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let mut stream = admin.stream("/v1/changes/stream").await;
    stream.chunk().await.unwrap().unwrap();
    let other = app.administrator().await;
    app.core.clock.shift(TimeDelta::minutes(11));
    app.core.accounts.forget_all();
    drop(other);
    let later = app.administrator().await;
    examples::checkpoint(&later, "511802005").await;
    let end = tokio::time::timeout(Duration::from_secs(5), stream.chunk()).await.unwrap().unwrap();
    assert!(end.is_none(), "nothing is told under a token that is over");
}
