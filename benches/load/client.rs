//! A load of requests over kept connections, as light as it can be: it shares the machine.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use uuid::Uuid;

use crate::served::Served;

/// Result of a round.
pub struct Measured {
    /// Requests answered a second.
    pub per_s: f64,
    /// The slowest of a hundred, in milliseconds.
    pub p99_ms: f64,
}

/// Makes the next request's bytes for a connection.
type Make = Arc<dyn Fn(usize) -> Vec<u8> + Send + Sync>;

/// A kind of load.
pub struct Load {
    address: String,
    make: Make,
}

static SEQUENCE: AtomicU64 = AtomicU64::new(0);

impl Load {
    /// Screenings of people nobody knows yet; connections take turns with tokens and places.
    pub fn screenings(served: &Served, tokens: &[String], places: &[String]) -> Self {
        let (tokens, places) = (tokens.to_vec(), places.to_vec());
        let make = move |connection: usize| {
            let sequence = SEQUENCE.fetch_add(1, Ordering::Relaxed);
            let body = format!(
                r#"{{"id":"{}","place_id":"{}","direction":"in","occurred_at":"2020-02-02T08:30:00+08:00","person":{{"name":"王小明","document_type":"resident_id","document_number":"{}","phone":"154{:08}"}},"answers":["none"],"symptoms":["none"],"temperature_c":"36.5","measure_site":"forehead","device":"infrared","disposition":"admitted"}}"#,
                Uuid::now_v7(),
                places[connection % places.len()],
                resident_id(sequence),
                sequence % 100_000_000,
            );
            request("POST", "/v1/screenings", &tokens[connection % tokens.len()], &body)
        };
        Self { address: served.address.clone(), make: Arc::new(make) }
    }

    /// One path, again and again.
    pub fn get(served: &Served, path: &str) -> Self {
        let bytes = request("GET", path, &served.token, "");
        Self { address: served.address.clone(), make: Arc::new(move |_| bytes.clone()) }
    }

    /// A path made anew for each request.
    pub fn get_each(served: &Served, path: impl Fn() -> String + Send + Sync + 'static) -> Self {
        let token = served.token.clone();
        Self { address: served.address.clone(), make: Arc::new(move |_| request("GET", &path(), &token, "")) }
    }

    /// One path, by somebody who has the answer already.
    pub fn unchanged(served: &Served, path: &str, tag: &str) -> Self {
        let bytes = request("GET", path, &format!("{}\r\nif-none-match: {tag}", served.token), "");
        Self { address: served.address.clone(), make: Arc::new(move |_| bytes.clone()) }
    }

    /// A body made anew for each request to one path.
    pub fn post(served: &Served, path: &'static str, body: impl Fn() -> String + Send + Sync + 'static) -> Self {
        let token = served.token.clone();
        Self { address: served.address.clone(), make: Arc::new(move |_| request("POST", path, &token, &body())) }
    }

    /// Runs on so many connections for so long.
    pub async fn run(&self, connections: usize, round: Duration) -> Measured {
        let until = Instant::now() + round;
        let tasks: Vec<_> = (0..connections)
            .map(|connection| tokio::spawn(drive(self.address.clone(), Arc::clone(&self.make), connection, until)))
            .collect();
        let started = Instant::now();
        let mut latencies = Vec::new();
        for task in tasks {
            latencies.extend(task.await.unwrap());
        }
        let elapsed = started.elapsed().as_secs_f64();
        latencies.sort_unstable();
        let p99 = latencies.get(latencies.len() * 99 / 100).copied().unwrap_or_default();
        Measured { per_s: latencies.len() as f64 / elapsed, p99_ms: p99 as f64 / 1000.0 }
    }
}

async fn drive(address: String, make: Make, connection: usize, until: Instant) -> Vec<u64> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (mut latencies, mut buffer) = (Vec::new(), Vec::with_capacity(256 * 1024));
    while Instant::now() < until {
        let bytes = make(connection);
        let started = Instant::now();
        stream.write_all(&bytes).await.unwrap();
        let status = answer(&mut stream, &mut buffer).await;
        assert!(matches!(status, 200 | 201 | 304), "{status} {}", String::from_utf8_lossy(&buffer));
        latencies.push(started.elapsed().as_micros() as u64);
    }
    latencies
}

/// Reads one answer; its status.
async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> u16 {
    buffer.clear();
    loop {
        assert!(stream.read_buf(buffer).await.unwrap() > 0, "the connection ended");
        let Some(head) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let text = String::from_utf8_lossy(&buffer[..head]).to_ascii_lowercase();
        let length = text.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()?.parse().ok());
        let whole = head + 4 + length.unwrap_or(0);
        while buffer.len() < whole {
            assert!(stream.read_buf(buffer).await.unwrap() > 0, "the connection ended");
        }
        return text.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0);
    }
}

fn request(method: &str, path: &str, token: &str, body: &str) -> Vec<u8> {
    format!(
        "{method} {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// A surely-fake resident id: 14 million of them.
/// A surely-fake number of its own for each sequence.
pub fn resident_id(sequence: u64) -> String {
    let (day, month, year) = (1 + sequence % 28, 1 + sequence / 28 % 12, 1930 + sequence / 336 % 80);
    let body = format!("519999{year:04}{month:02}{day:02}{:03}", sequence / 26_880 % 1000);
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = body.bytes().zip(weights).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    format!("{body}{}", char::from(b"10X98765432"[(sum % 11) as usize]))
}
