//! A load of requests over kept connections, as light as it can be: it shares the machine.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use uuid::Uuid;

use crate::cpu::{Processes, Spent};

/// Target of a load: the service, or the peer beside it.
pub trait Target {
    /// Host and port.
    fn address(&self) -> &str;
    /// A token it takes.
    fn token(&self) -> &str;
    /// Whose processor time a request costs.
    fn processes(&self) -> Processes;
}

/// Result of a round.
#[derive(Clone, Copy)]
pub struct Measured {
    /// Requests answered a second.
    pub per_s: f64,
    /// The slowest of a hundred, in milliseconds.
    pub p99_ms: f64,
    /// Processor time of a request.
    pub spent: Spent,
}

/// Makes the next request's bytes for a connection.
type Make = Arc<dyn Fn(usize) -> Vec<u8> + Send + Sync>;

/// A kind of load.
pub struct Load {
    address: String,
    processes: Processes,
    make: Make,
}

static SEQUENCE: AtomicU64 = AtomicU64::new(0);

impl Load {
    fn new(served: &impl Target, make: impl Fn(usize) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self { address: served.address().to_owned(), processes: served.processes(), make: Arc::new(make) }
    }

    /// Screenings of people nobody knows yet, told at once. Somebody alone takes turns with places; of several each has
    /// his own.
    pub fn screenings(served: &impl Target, tokens: &[String], places: &[String]) -> Self {
        let (tokens, places) = (tokens.to_vec(), places.to_vec());
        let make = move |connection: usize| {
            let sequence = SEQUENCE.fetch_add(1, Ordering::Relaxed);
            let turn = if tokens.len() == 1 { sequence as usize } else { connection };
            let body = format!(
                r#"{{"id":"{}","place_id":"{}","direction":"in","person":{{"name":"王小明","document_type":"resident_id","document_number":"{}","phone":"154{:08}"}},"answers":["none"],"symptoms":["none"],"temperature_c":"36.5","measure_site":"forehead","device":"infrared","disposition":"admitted"}}"#,
                Uuid::now_v7(),
                places[turn % places.len()],
                resident_id(sequence),
                sequence % 100_000_000,
            );
            request("POST", "/v1/screenings", &tokens[connection % tokens.len()], &body)
        };
        Self::new(served, make)
    }

    /// One path, again and again.
    pub fn get(served: &impl Target, path: &str) -> Self {
        let bytes = request("GET", path, served.token(), "");
        Self::new(served, move |_| bytes.clone())
    }

    /// One path as a file.
    pub fn get_as(served: &impl Target, path: &str, accept: &str) -> Self {
        let bytes = request("GET", path, &format!("{}\r\naccept: {accept}", served.token()), "");
        Self::new(served, move |_| bytes.clone())
    }

    /// Where it goes to.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The next request of a connection.
    pub fn bytes(&self, connection: usize) -> Vec<u8> {
        (self.make)(connection)
    }

    /// A path made anew for each request.
    pub fn get_each(served: &impl Target, path: impl Fn() -> String + Send + Sync + 'static) -> Self {
        let token = served.token().to_owned();
        Self::new(served, move |_| request("GET", &path(), &token, ""))
    }

    /// One path, by somebody who has the answer already.
    pub fn unchanged(served: &impl Target, path: &str, tag: &str) -> Self {
        let bytes = request("GET", path, &format!("{}\r\nif-none-match: {tag}", served.token()), "");
        Self::new(served, move |_| bytes.clone())
    }

    /// A body made anew for each request to one path.
    pub fn post(served: &impl Target, path: &'static str, body: impl Fn() -> String + Send + Sync + 'static) -> Self {
        let token = served.token().to_owned();
        Self::new(served, move |_| request("POST", path, &token, &body()))
    }

    /// Runs on so many connections for so long.
    pub async fn run(&self, connections: usize, round: Duration) -> Measured {
        let before = self.processes.spent();
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
        let spent = self.processes.spent().since(before, latencies.len());
        latencies.sort_unstable();
        let p99 = latencies.get(latencies.len() * 99 / 100).copied().unwrap_or_default();
        Measured { per_s: latencies.len() as f64 / elapsed, p99_ms: p99 as f64 / 1000.0, spent }
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

/// Sends a request and reads its answer to the end, in pieces or of a length; its status.
pub async fn answer_whole(stream: &mut TcpStream, request: &[u8]) -> std::io::Result<u16> {
    stream.write_all(request).await?;
    let mut buffer = Vec::with_capacity(16 * 1024);
    loop {
        if stream.read_buf(&mut buffer).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let Some(head) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let text = String::from_utf8_lossy(&buffer[..head]).to_ascii_lowercase();
        let length: Option<usize> =
            text.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()?.parse().ok());
        let is_whole = match length {
            Some(length) => buffer.len() >= head + 4 + length,
            None => buffer.ends_with(b"\r\n0\r\n\r\n") || !text.contains("transfer-encoding"),
        };
        if is_whole {
            return Ok(text.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0));
        }
    }
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
