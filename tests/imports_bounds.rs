//! Bounds of one import, and that others go on beside it.

use std::time::Duration;

use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::support::{Actor, TestApp, examples};

/// Begins to send a file as a body of chunks.
async fn begin(app: &TestApp, actor: &Actor, kind: &str) -> TcpStream {
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    let token = actor.token.as_deref().unwrap();
    let head = format!(
        "POST /v1/imports?kind={kind} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
         content-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

async fn chunk(stream: &mut TcpStream, bytes: &[u8]) -> bool {
    let head = format!("{:x}\r\n", bytes.len());
    let sent = async {
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(bytes).await?;
        stream.write_all(b"\r\n").await
    };
    sent.await.is_ok()
}

async fn answer(stream: &mut TcpStream) -> String {
    let mut bytes = vec![0; 64 * 1024];
    let length = timeout(Duration::from_secs(20), stream.read(&mut bytes)).await.unwrap().unwrap_or(0);
    String::from_utf8_lossy(&bytes[..length]).into_owned()
}

fn line(place: &str, number: u32) -> String {
    format!("{}\n", examples::screening(place, number))
}

async fn imported(actor: &Actor, text: String) -> crate::support::Reply {
    actor.with("content-type", "application/x-ndjson").upload("/v1/imports?kind=screenings", text.into_bytes()).await
}

#[tokio::test]
async fn files_that_hardly_arrive_hold_nobody_up() {
    let app = TestApp::start_with(|config| {
        config.imports_at_once = 1;
        config.import_window_ms = 4_000;
    })
    .await;
    let (admin, other) = (app.administrator().await, app.administrator().await);
    let place = examples::checkpoint(&admin, "511802005").await;
    let mut slow = [begin(&app, &admin, "screenings").await, begin(&app, &admin, "screenings").await];
    for stream in &mut slow {
        assert!(chunk(stream, b"{").await);
    }
    sleep(Duration::from_millis(300)).await;
    let mine = imported(&admin, line(&place, 1)).await.expect(429);
    assert_eq!(mine.header("retry-after"), "30", "two are his share");
    for number in 0..5 {
        let reply = imported(&other, line(&place, 10 + number)).await.expect(200).body;
        assert_eq!((&reply["state"], &reply["counts"]["created"]), (&json!("complete"), &json!(1)));
    }
    // A byte now and then is no pace.
    let mut going_on = true;
    while going_on {
        sleep(Duration::from_millis(400)).await;
        for stream in &mut slow {
            going_on &= chunk(stream, b" ").await;
        }
        let ended = admin.get("/v1/imports").await.body["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|import| import["state"] == "interrupted")
            .count();
        if ended == 2 {
            break;
        }
    }
    for stream in &mut slow {
        assert!(answer(stream).await.contains("request_timeout"));
    }
    imported(&admin, line(&place, 99)).await.expect(200);
}

#[tokio::test]
async fn a_line_without_end_is_refused_at_a_megabyte() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    for (media_type, bytes) in [
        ("text/csv", format!("name,kind\n{}", "x".repeat(3 * 1024 * 1024))),
        ("text/csv", "x".repeat(3 * 1024 * 1024)),
        ("text/csv", format!("name,kind\n\"{}", "x".repeat(3 * 1024 * 1024))),
        ("application/x-ndjson", format!("{{\"name\":\"{}", "x".repeat(3 * 1024 * 1024))),
    ] {
        let reply = admin.with("content-type", media_type).upload("/v1/imports?kind=places", bytes.into_bytes()).await;
        let (status, body) = (reply.status, reply.body);
        assert_eq!(
            (status, &body["state"], &body["problem"]["en"]["code"]),
            (200, &json!("failed"), &json!("unreadable_file")),
            "{media_type} {body}"
        );
    }
    // A long line of the longest that is taken spoils itself and no other.
    let text = format!("name,kind,area_code\n{},school,511802005\n一小,school,511802005\n", "x".repeat(500_000));
    let reply =
        admin.with("content-type", "text/csv").upload("/v1/imports?kind=organizations", text.into_bytes()).await;
    assert_eq!(reply.expect(200).body["counts"]["created"], 1);
}

#[tokio::test]
async fn a_file_of_faults_ends_at_ten_thousand() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let import = imported(&admin, "x\n".repeat(125_000)).await.expect(200).body;
    assert_eq!(
        (&import["state"], &import["problem"]["en"]["code"]),
        (&json!("failed"), &json!("too_many_faults")),
        "{import}"
    );
    let path = import["errors_url"].as_str().unwrap().to_owned();
    let (status, _, lines) = admin.with("accept", "application/x-ndjson").download(&path).await;
    let lines = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count();
    assert_eq!((status, lines), (200, 10_000));
    let read = import["counts"]["read"].as_u64().unwrap();
    // A lot is a thousand rows at most.
    assert!((10_001..=11_000).contains(&read), "the rest isn't read: {read}");
}

/// Whoever goes away takes his work with him; whoever asked to go on has it done.
#[tokio::test]
async fn work_ends_with_its_client() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let lines: String = (0..6_000).map(|number| line(&place, number)).collect();
    let mut stream = begin(&app, &admin, "screenings").await;
    // Everything is there but the end; then the client is gone.
    assert!(chunk(&mut stream, lines.as_bytes()).await);
    stream.write_all(b"0\r\n\r\n").await.unwrap();
    drop(stream);
    let import = settled(&admin).await;
    assert_eq!(import["state"], "interrupted", "{import}");
    assert!(import["counts"]["read"].as_u64().unwrap() < 6_000, "{import}");

    let asynchronous = admin.with("content-type", "application/x-ndjson").with("prefer", "respond-async");
    let few: String = (0..700).map(|number| line(&place, 10_000 + number)).collect();
    let begun = asynchronous.upload("/v1/imports?kind=screenings", few.into_bytes()).await.expect(202).body;
    let done = async {
        loop {
            let import = admin.get(&format!("/v1/imports/{}", begun["id"].as_str().unwrap())).await.expect(200).body;
            if import["state"] != "running" {
                return import;
            }
            sleep(Duration::from_millis(100)).await;
        }
    };
    let import = timeout(Duration::from_secs(60), done).await.unwrap();
    assert_eq!((&import["state"], &import["counts"]["created"]), (&json!("complete"), &json!(700)));
}

/// The newest import once it isn't under way any more.
async fn settled(actor: &Actor) -> Json {
    let settled = async {
        loop {
            let items = actor.get("/v1/imports").await.expect(200).body["items"].clone();
            match items.get(0) {
                Some(import) if import["state"] != "running" => return import.clone(),
                _ => sleep(Duration::from_millis(50)).await,
            }
        }
    };
    timeout(Duration::from_secs(60), settled).await.unwrap()
}
