//! A receiver of webhooks in the test's own process.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value as Json;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// Reaction of a receiver.
#[derive(Clone)]
pub enum Reaction {
    Status(u16),
    Redirect(String),
    /// Answers a byte a second.
    Drip,
    /// Answers as it is told later.
    Wait,
}

/// A request as it came.
#[derive(Clone)]
pub struct Received {
    pub headers: BTreeMap<String, String>,
    pub raw: Vec<u8>,
    pub json: Json,
    /// The status that it was answered with.
    pub status: Option<u16>,
}

impl Received {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(String::as_str).unwrap_or_default()
    }
}

type React = Arc<dyn Fn(&Received, usize) -> Reaction + Send + Sync>;

/// A receiver.
pub struct Receiver {
    pub port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    received: Mutex<Vec<Received>>,
    connections: AtomicUsize,
    later: watch::Sender<Option<Reaction>>,
    react: React,
}

impl Receiver {
    pub async fn start(react: impl Fn(&Received, usize) -> Reaction + Send + Sync + 'static) -> Self {
        Self::begin(Arc::new(react), None).await
    }

    /// The same over TLS, with a certificate of that name; gives the authority's certificate, too.
    pub async fn start_tls(
        name: &str,
        react: impl Fn(&Received, usize) -> Reaction + Send + Sync + 'static,
    ) -> (Self, String) {
        let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let config =
            ServerConfig::builder().with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key).unwrap();
        (Self::begin(Arc::new(react), Some(TlsAcceptor::from(Arc::new(config)))).await, made.cert.pem())
    }

    async fn begin(react: React, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            received: Mutex::default(),
            connections: AtomicUsize::new(0),
            later: watch::Sender::new(None),
            react,
        });
        let of_all = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (shared, tls) = (Arc::clone(&of_all), tls.clone());
                shared.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    match tls {
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                shared.serve(stream).await;
                            }
                        }
                        None => shared.serve(stream).await,
                    }
                });
            }
        });
        Self { port, shared }
    }

    pub fn url(&self) -> String {
        format!("http://receiver.test:{}/hook?to=lianfang", self.port)
    }

    pub fn all(&self) -> Vec<Received> {
        self.shared.received.lock().unwrap().clone()
    }

    /// Those that were answered well.
    pub fn taken(&self) -> Vec<Received> {
        self.all().into_iter().filter(|one| one.status.is_some_and(|status| status < 300)).collect()
    }

    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Answers those that wait, and all that come.
    pub fn answer(&self, reaction: Reaction) {
        self.shared.later.send_replace(Some(reaction));
    }
}

impl Shared {
    async fn serve(&self, mut stream: impl AsyncRead + AsyncWrite + Unpin) {
        let Some(received) = read(&mut stream).await else { return };
        let index = {
            let mut all = self.received.lock().unwrap();
            all.push(received.clone());
            all.len() - 1
        };
        let mut reaction = (self.react)(&received, index);
        if let Reaction::Wait = reaction {
            let mut later = self.later.subscribe();
            reaction = later.wait_for(Option::is_some).await.unwrap().clone().unwrap();
        }
        let (status, more) = match &reaction {
            Reaction::Status(status) => (*status, String::new()),
            Reaction::Redirect(to) => (302, format!("location: {to}\r\n")),
            Reaction::Drip | Reaction::Wait => (200, String::new()),
        };
        let answer = format!("HTTP/1.1 {status} Said\r\n{more}content-length: 0\r\nconnection: close\r\n\r\n");
        if let Reaction::Drip = reaction {
            for byte in answer.bytes() {
                if stream.write_all(&[byte]).await.is_err() {
                    return;
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
        self.received.lock().unwrap()[index].status = Some(status);
        let _ = stream.write_all(answer.as_bytes()).await;
        let _ = stream.shutdown().await;
    }
}

async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Received> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|part| part == b"\r\n\r\n") {
            break end + 4;
        }
        let mut piece = [0; 4096];
        match stream.read(&mut piece).await {
            Ok(count) if count > 0 => bytes.extend_from_slice(&piece[..count]),
            _ => return None,
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let headers: BTreeMap<String, String> = head
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length: usize = headers["content-length"].parse().unwrap();
    let mut raw = bytes[end..].to_vec();
    while raw.len() < length {
        let mut piece = vec![0; length - raw.len()];
        let count = stream.read(&mut piece).await.ok()?;
        raw.extend_from_slice(&piece[..count]);
    }
    // Messages pushed to phones are no JSON.
    let json = serde_json::from_slice(&raw).unwrap_or(Json::Null);
    Some(Received { headers, raw, json, status: None })
}
