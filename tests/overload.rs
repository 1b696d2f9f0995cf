//! More than the service can do: files and streams count until they end, and are refused first.

use std::time::{Duration, Instant};

use lianfang::platform::http::pressure::Lane;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Actor, TestApp, examples};

/// Opens the stream of changes and reads its head.
async fn follow(app: &TestApp, actor: &Actor) -> TcpStream {
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    let request = format!(
        "GET /v1/changes/stream HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\r\n",
        actor.token.as_deref().unwrap()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = [0; 12];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200");
    stream
}

#[tokio::test]
async fn a_stream_counts_until_it_ends() {
    let app = TestApp::start_with(|config| config.streams_at_once = 2).await;
    let admin = app.administrator().await;
    let one = follow(&app, &admin).await;
    assert_eq!((app.core.pressure.streams(), app.core.pressure.in_work()), (1, 0), "it is no work like the rest");
    admin.get("/v1/changes").await.expect(200);
    let _two = follow(&app, &admin).await;
    let refused = admin.get("/v1/changes").await.expect(503);
    assert_eq!((refused.code(), refused.header("retry-after")), ("unavailable", "1"));
    admin.get("/v1/places").await.expect(200);
    drop(one);
    for _ in 0..400 {
        if app.core.pressure.streams() == 1 {
            break;
        }
        // A gone reader is noticed by the next thing that is sent to him.
        examples::checkpoint(&admin, "511802005").await;
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    admin.get("/v1/changes").await.expect(200);
    let text = app.core.metrics.text(&app.core).unwrap();
    assert!(text.contains("lianfang_requests_refused_by_lane_total{lane=\"Stream\"} 1\n"), "{text}");
}

#[tokio::test]
async fn files_are_refused_before_lists_and_lists_before_writes() {
    let app = TestApp::start_with(|config| {
        config.requests_at_once = 400;
        config.read_wait_ms = 1_000;
        config.write_wait_ms = 30_000;
    })
    .await;
    let admin = app.administrator().await;
    let file = admin.with("accept", "text/csv");
    let place = examples::checkpoint(&admin, "511802005").await;
    file.get("/v1/places").await.expect(200);
    // Many are in work, and reads were late. Told again before each request: a judgement holds for the next window.
    let _held: Vec<_> = (0..100).map(|_| app.core.pressure.enter(Lane::Write).unwrap()).collect();
    let late = || {
        let began = Instant::now().checked_sub(Duration::from_secs(5)).unwrap();
        (0..1_000).for_each(|_| app.core.pressure.took(Lane::Read, began, true));
    };
    late();
    file.get("/v1/places").await.expect(503);
    late();
    admin.get("/v1/places").await.expect(503);
    late();
    admin.post("/v1/screenings", &examples::screening(&place, 1)).await.expect(201);
    app.nobody().get("/healthz").await.expect(200);
}
