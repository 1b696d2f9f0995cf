//! Clients that are slow on purpose, or speak no HTTP: they get an answer in form or an end, and hold nothing.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value as Json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::support::TestApp;
use crate::support::patience::by_itself;

const HEADER_TIMEOUT_MS: u64 = 600;

async fn app() -> TestApp {
    TestApp::start_with(|config| {
        config.header_timeout_ms = HEADER_TIMEOUT_MS;
        config.body_timeout_ms = 600;
        config.keep_alive_ms = 2_000;
        config.write_timeout_ms = 1_000;
    })
    .await
}

const GOOD: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";

/// Everything until the server ends the connection.
async fn to_end(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let ended = timeout(Duration::from_secs(10), stream.read_to_end(&mut text)).await;
    assert!(ended.is_ok(), "the connection is still open");
    String::from_utf8_lossy(&text).into_owned()
}

/// Reads what comes within two seconds.
async fn soon(stream: &mut TcpStream) -> String {
    let mut buffer = vec![0; 64 * 1024];
    let length = timeout(Duration::from_secs(2), stream.read(&mut buffer)).await.unwrap().unwrap();
    String::from_utf8_lossy(&buffer[..length]).into_owned()
}

/// The same until an answer is whole, for it may come in pieces.
async fn whole(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    loop {
        text += &soon(stream).await;
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.to_lowercase().split_once("content-length: ").map(|(_, rest)| rest.to_owned()).unwrap();
        if body.len() >= length.split("\r\n").next().unwrap().parse::<usize>().unwrap() {
            return text;
        }
    }
}

#[track_caller]
fn assert_problem(answer: &str, status: u16) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer:?}"));
    assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
    assert!(head.to_lowercase().contains("content-type: application/problem+json"), "{head}");
    assert!(head.to_lowercase().contains("x-request-id: "), "{head}");
    let body: Json = serde_json::from_str(body).unwrap();
    assert_eq!(body["status"], status);
}

async fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.unwrap()
}

#[tokio::test]
async fn a_head_that_never_ends_gets_408() {
    let app = app().await;
    let mut stream = connect(app.address).await;
    let trickle = async {
        for letter in b"GET /healthz HTTP/1.1\r\nx-slow: " {
            let _ = stream.write_all(&[*letter]).await;
            sleep(Duration::from_millis(50)).await;
        }
        to_end(&mut stream).await
    };
    assert_problem(&by_itself(trickle).await, 408);
}

/// Closed at once, the connection would be reset by what the client still sends, and the answer lost with it.
#[tokio::test]
async fn whoever_goes_on_sending_still_gets_his_408() {
    let app = app().await;
    let mut stream = connect(app.address).await;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nx-slow: ").await.unwrap();
    assert_problem(&soon(&mut stream).await, 408);
    for _ in 0..10 {
        stream.write_all(b"x").await.unwrap();
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(to_end(&mut stream).await, "");
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test]
async fn the_second_head_of_a_connection_has_a_deadline_too() {
    let app = app().await;
    let mut stream = connect(app.address).await;
    stream.write_all(GOOD).await.unwrap();
    assert!(soon(&mut stream).await.starts_with("HTTP/1.1 200"));
    stream.write_all(b"GET /healthz HTTP/1.1\r\nx-slow").await.unwrap();
    assert_problem(&to_end(&mut stream).await, 408);
}

#[tokio::test]
async fn a_half_head_behind_a_whole_request_ends() {
    let app = app().await;
    let mut stream = connect(app.address).await;
    stream.write_all(&[GOOD, b"GET /heal"].concat()).await.unwrap();
    assert!(to_end(&mut stream).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_silent_connection_ends_and_a_busy_one_is_kept() {
    let app = app().await;
    let mut silent = connect(app.address).await;
    let mut busy = connect(app.address).await;
    for _ in 0..4 {
        busy.write_all(GOOD).await.unwrap();
        assert!(soon(&mut busy).await.starts_with("HTTP/1.1 200"));
        sleep(Duration::from_millis(1_000)).await;
    }
    assert_eq!(to_end(&mut silent).await, "");
}

/// A phone whose token ran out asks again over the connection that it has.
#[tokio::test]
async fn a_refused_request_leaves_its_connection_to_the_next() {
    let app = app().await;
    for (line, status) in [
        ("POST /v1/screenings", 401),
        ("POST /v1/auth/login", 415),
        ("POST /v1/nowhere", 404),
        ("PUT /v1/screenings", 405),
    ] {
        let head = format!("{line} HTTP/1.1\r\nhost: x\r\ncontent-length: 2000\r\n\r\n");
        for pause in [None, Some(Duration::from_millis(60))] {
            let mut stream = connect(app.address).await;
            match pause {
                None => stream.write_all(&[head.as_bytes(), &[b'x'; 2_000]].concat()).await.unwrap(),
                Some(pause) => {
                    stream.write_all(head.as_bytes()).await.unwrap();
                    sleep(pause).await;
                    stream.write_all(&[b'x'; 2_000]).await.unwrap();
                }
            }
            assert_problem(&whole(&mut stream).await, status);
            stream.write_all(GOOD).await.unwrap();
            let next = soon(&mut stream).await;
            assert!(next.starts_with("HTTP/1.1 200"), "{line} {pause:?}: {next:?}");
        }
        let mut stream = connect(app.address).await;
        stream.write_all(head.as_bytes()).await.unwrap();
        assert_problem(&whole(&mut stream).await, status);
        assert_eq!(to_end(&mut stream).await, "", "{line}: a body that doesn't come is not waited for");
    }
}

#[tokio::test]
async fn a_body_that_pauses_gets_408() {
    let app = app().await;
    let mut stream = connect(app.address).await;
    let head =
        "POST /v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
    stream.write_all(head.as_bytes()).await.unwrap();
    assert_problem(&soon(&mut stream).await, 408);
}

#[tokio::test]
async fn a_large_body_is_refused_before_it_is_read() {
    let app = app().await;
    let mut stream = connect(app.address).await;
    let head =
        "POST /v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 99999999\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    assert_problem(&soon(&mut stream).await, 413);
}

#[tokio::test]
async fn what_is_no_http_gets_a_problem() {
    let app = app().await;
    let long_head = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "a".repeat(200_000));
    let many_headers = format!("GET / HTTP/1.1\r\n{}\r\n", "x: a\r\n".repeat(200));
    let cases: [(&str, u16); 7] = [
        ("garbage\r\n\r\n", 400),
        ("GET / HTTP/9.9\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\ncontent-length: x\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n", 400),
        (&many_headers, 431),
        (&long_head, 431),
    ];
    for (request, status) in cases {
        let mut stream = connect(app.address).await;
        let _ = stream.write_all(request.as_bytes()).await;
        assert_problem(&soon(&mut stream).await, status);
    }
}

#[tokio::test]
async fn who_does_not_read_is_dropped() {
    let app = app().await;
    let mut stream = connect(app.address).await;
    // Enough documents to fill every buffer between the two.
    let requests = b"GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n".repeat(400);
    let stuck = async {
        for _ in 0..50 {
            if stream.write_all(&requests).await.is_err() {
                return true;
            }
            sleep(Duration::from_millis(200)).await;
        }
        false
    };
    assert!(timeout(Duration::from_secs(15), stuck).await.unwrap_or(false), "the connection is still open");
}
