//! HTTP as strangers speak it. `conformance/hardening` has the whole table; here is what once went wrong.

use std::time::Duration;

use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::TestApp;

const GOOD: &str = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
const LAST: &str = "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
const SMUGGLED: &str = "GET /healthz HTTP/1.1\r\nhost: x\r\nx-request-id: smuggled-request\r\n\r\n";

fn login(lines: &str, body: &str) -> String {
    format!("POST /v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n{lines}\r\n\r\n{body}")
}

/// Sends, and reads until the server ends the connection.
async fn exchange(app: &TestApp, sent: &str) -> String {
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    stream.write_all(sent.as_bytes()).await.unwrap();
    let mut text = Vec::new();
    let ended = timeout(Duration::from_secs(10), stream.read_to_end(&mut text)).await;
    assert!(ended.is_ok(), "still open after {sent:?}: {}", String::from_utf8_lossy(&text));
    String::from_utf8_lossy(&text).into_owned()
}

/// The answers in a text, by their lengths: status, head, body.
fn answers(mut text: &str) -> Vec<(u16, &str, &str)> {
    let mut found = Vec::new();
    while !text.is_empty() {
        let (head, rest) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap();
        found.push((head[9..12].parse().unwrap(), head, &rest[..length]));
        text = &rest[length..];
    }
    found
}

/// The statuses in order; every refusal is a problem, nothing smuggled is answered.
#[track_caller]
fn assert_answers(sent: &str, text: &str, statuses: &[u16]) {
    let found = answers(text);
    assert_eq!(found.iter().map(|answer| answer.0).collect::<Vec<_>>(), statuses, "{sent:?}: {text}");
    assert!(!text.contains("smuggled"), "{sent:?}: {text}");
    for (status, head, body) in found.iter().filter(|answer| answer.0 >= 400) {
        assert!(head.contains("content-type: application/problem+json"), "{sent:?}: {head}");
        let body: Json = serde_json::from_str(body).unwrap();
        assert_eq!(body["status"], *status);
        assert!(head.contains(&format!("x-request-id: {}", body["request_id"].as_str().unwrap())), "{head}");
    }
}

#[tokio::test]
async fn nothing_is_answered_after_an_answer_that_closes() {
    let app = TestApp::start().await;
    for first in [
        "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: x, Close\r\n\r\n",
        "GET /healthz HTTP/1.0\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n",
    ] {
        let sent = format!("{first}{SMUGGLED}");
        assert_answers(&sent, &exchange(&app, &sent).await, &[200]);
    }
    let places = |lines: &str, body: &str| login(lines, body).replace("/v1/auth/login", "/v1/places");
    // Refused before its body was taken: a small one is passed over, and what follows is a request of its own. A larger one
    // isn't waited for.
    let passed_over = places(&format!("content-length: {}", SMUGGLED.len()), SMUGGLED) + LAST;
    assert_answers(&passed_over, &exchange(&app, &passed_over).await, &[401, 200]);
    let unread = places("content-length: 70000", &" ".repeat(60_000));
    assert_answers("a body that nobody took", &exchange(&app, &unread).await, &[401]);
    let too_large = login("transfer-encoding: chunked", "fffffff\r\n") + &" ".repeat(300_000);
    assert_answers("a large chunk", &exchange(&app, &too_large).await, &[413]);
}

#[tokio::test]
async fn what_comes_behind_a_request_changes_nothing_of_its_answer() {
    let app = TestApp::start().await;
    // It waits for the database, and the next one is there already.
    let ready = "GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n";
    let head = "HEAD /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let text = exchange(&app, &format!("{ready}{head}")).await;
    let (_, rest) = text.split_once("\r\n\r\n").unwrap();
    assert!(rest.starts_with("{\"status\":\"ok\",\"row_security\":\"on\"}HTTP/1.1 200 "), "the body is gone: {text}");
    for (first, status) in [(ready, 200), (GOOD, 200), (&login("content-length: 2", "{}"), 422)] {
        let many = format!("{}{LAST}", first.repeat(20));
        assert_answers(first, &exchange(&app, &many).await, &[&vec![status; 20][..], &[200]].concat());
        let garbage = format!("{first}garbage\r\n\r\n{SMUGGLED}");
        assert_answers(&garbage, &exchange(&app, &garbage).await, &[status, 400]);
    }
    let kept = "GET /healthz HTTP/1.0\r\nconnection: keep-alive\r\n\r\ngarbage\r\n\r\n";
    assert_eq!(exchange(&app, kept).await.matches("application/problem+json").count(), 1);
}

#[tokio::test]
async fn where_a_request_ends_can_be_read_in_one_way() {
    let app = TestApp::start().await;
    let chunk = format!("{:x}\r\n{SMUGGLED}\r\n0\r\n\r\n", SMUGGLED.len());
    for sent in [
        login("x: y\ntransfer-encoding: chunked", &chunk),
        login("x: y\rtransfer-encoding: chunked", &chunk),
        login("x: y\r\n transfer-encoding: chunked", &chunk),
        login("transfer-encoding: chunked\r\ncontent-length: 4", &chunk),
        login("transfer-encoding: chunked", &format!("2\n{{}}\r\n0\r\n\r\n{SMUGGLED}")),
        login("transfer-encoding: chunked", &format!("2\r\n{{}}XX0\r\n\r\n{SMUGGLED}")),
        login("transfer-encoding: chunked", &format!("2\r\n{{}}\r\n0\r\nx: y\n\n{SMUGGLED}")),
        login("transfer-encoding: chunked", &format!("10000000000000002\r\n{{}}\r\n0\r\n\r\n{SMUGGLED}")),
        GOOD.replace("\r\n", "\n"),
        GOOD.replace("x\r\n\r\n", "x\r\n\n"),
    ] {
        assert_answers(&sent, &exchange(&app, &sent).await, &[400]);
    }
    let within = login(&format!("content-length: {}", SMUGGLED.len()), SMUGGLED) + LAST;
    assert_answers(&within, &exchange(&app, &within).await, &[400, 200]);
    let chunked = login("transfer-encoding: chunked", "1;x=y\r\n{\r\n1\r\n}\r\n0\r\nx-sum: 1\r\n\r\n") + LAST;
    assert_answers(&chunked, &exchange(&app, &chunked).await, &[422, 200]);
}

#[tokio::test]
async fn an_offer_to_upgrade_is_passed_over() {
    let app = TestApp::start().await;
    let offered = "GET /healthz HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\n\r\n".to_owned() + LAST;
    assert_answers(&offered, &exchange(&app, &offered).await, &[200, 200]);
    let with_body = login("connection: upgrade\r\nupgrade: websocket\r\ncontent-length: 2", "{}");
    assert_answers(&with_body, &exchange(&app, &with_body).await, &[422]);
}

#[tokio::test]
async fn an_idle_connection_ends_after_a_request_too() {
    let app = TestApp::start_with(|config| config.keep_alive_ms = 500).await;
    let ready = "GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n";
    assert_answers(ready, &exchange(&app, ready).await, &[200]);
}

#[tokio::test]
async fn a_refusal_arrives_though_its_request_is_still_being_sent() {
    let app = TestApp::start().await;
    for (sent, status) in [
        (format!("GET / HTTP/1.1\r\nx: {}", "a".repeat(2_000_000)), 431),
        (login("content-length: 9000000", &" ".repeat(2_000_000)), 413),
    ] {
        let mut stream = TcpStream::connect(app.address).await.unwrap();
        let _ = stream.write_all(sent.as_bytes()).await;
        let mut text = Vec::new();
        let _ = timeout(Duration::from_secs(10), stream.read_to_end(&mut text)).await.unwrap();
        assert_answers("a large request", &String::from_utf8_lossy(&text), &[status]);
    }
}

#[tokio::test]
async fn wide_objects_and_two_media_types_are_refused() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let wide = |width: usize| {
        let members = (0..width).map(|number| (format!("f{number}"), json!(1)));
        json!({"items": [serde_json::Map::from_iter(members)]})
    };
    // Compared each with each, its names would take minutes.
    let body = wide(200_000);
    let answered = timeout(Duration::from_secs(10), admin.post("/v1/places:batch", &body)).await;
    assert_eq!(answered.expect("it takes minutes").expect(400).code(), "malformed_json");
    admin.post("/v1/places:batch", &wide(500)).await.expect(207);
    let twice = login("content-type: text/plain\r\ncontent-length: 2\r\nconnection: close", "{}");
    assert_answers(&twice, &exchange(&app, &twice).await, &[415]);
}

#[tokio::test]
async fn asking_whether_it_is_ready_keeps_no_connection_from_others() {
    let app = TestApp::start_with(|config| config.database_connections = 2).await;
    let nobody = app.nobody();
    let asked = futures_util::future::join_all((0..300).map(|_| nobody.get("/readyz"))).await;
    assert!(asked.iter().all(|reply| reply.status == 200));
}

/// TLS ends at a proxy, which says that there is no other way; the service speaks plain HTTP and must not (RFC 6797,
/// 7.2). In nginx a block with headers of its own would give none of those around it.
#[tokio::test]
async fn proxies_say_that_there_is_no_way_without_tls() {
    let app = TestApp::start().await;
    let plain = exchange(&app, LAST).await.to_ascii_lowercase();
    assert!(plain.starts_with("http/1.1 200") && !plain.contains("strict-transport-security"), "{plain}");
    let read = |name: &str| std::fs::read_to_string(format!("{}/deploy/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let is_code = |line: &&str| !line.trim_start().starts_with('#');
    let (nginx, caddy) = (read("nginx.conf"), read("Caddyfile"));
    let servers: Vec<&str> = nginx.split("\nserver {").skip(1).collect();
    assert!(!servers.is_empty());
    for server in servers {
        let lines: Vec<&str> = server.lines().filter(is_code).map(str::trim).collect();
        let says = "add_header Strict-Transport-Security \"max-age=31536000; includeSubDomains\" always;";
        assert!(lines.contains(&"listen 443 ssl;") && lines.contains(&says), "{server}");
        assert_eq!(lines.iter().filter(|line| line.starts_with("add_header")).count(), 1, "{server}");
    }
    let lines: Vec<&str> = caddy.lines().filter(is_code).collect();
    // At the site's own level: for every answer, whatever path or error.
    let says = "\theader Strict-Transport-Security \"max-age=31536000; includeSubDomains\"";
    assert!(lines.contains(&says) && lines.iter().filter(|line| line.contains("Strict-Transport")).count() == 1);
}
