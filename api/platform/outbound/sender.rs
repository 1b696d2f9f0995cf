//! One request to somewhere outside: the name is resolved, each of its addresses judged, and the connection goes to one of
//! them, with the name in TLS. Nobody is followed elsewhere, nothing is kept of the answer but its status.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::Builder;
use hyper::header::{CONTENT_LENGTH, HOST, RETRY_AFTER, USER_AGENT};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::judge::{Judge, Target};
use super::{Names, Seam};
use crate::platform::config::Config;
use crate::platform::core::Extension;

/// How long a connection may take, TLS included.
const CONNECT: Duration = Duration::from_secs(5);
/// How long all of a request may take.
const WHOLE: Duration = Duration::from_secs(15);
/// Bytes of an answer's body that are read, and forgotten.
const MOST_READ: usize = 1_024;
/// Bytes of an answer's head at most.
const MOST_HEAD: usize = 16 * 1_024;
const OWN_NAME: &str = concat!("Lianfang/", env!("CARGO_PKG_VERSION"));

/// Sends requests.
pub struct Sender {
    /// Which addresses may be called.
    pub judge: Judge,
    names: Option<Names>,
    whole: Duration,
    tls: TlsConnector,
}

/// Answer to a request.
#[derive(Clone, Copy, Debug)]
pub struct Answered {
    /// The status.
    pub status: u16,
    /// For how long the receiver asks to be left alone.
    pub retry_after: Option<Duration>,
}

/// Cause of a request without an answer: a code for the log of deliveries.
pub type Cause = &'static str;

/// One of the name's addresses may not be called.
pub const NOT_ALLOWED: Cause = "address_not_allowed";
const NO_SUCH_NAME: Cause = "name_not_found";
const NOT_CONNECTED: Cause = "connection_refused";
const NOT_TRUSTED: Cause = "tls_failed";
const TOO_SLOW: Cause = "timeout";
const BROKEN: Cause = "connection_broken";

impl Extension for Sender {
    fn begin(config: &Config) -> Self {
        let Seam { names, whole, .. } = config.outbound.clone();
        Self {
            judge: Judge::of(config),
            names,
            whole: whole.unwrap_or(WHOLE),
            tls: TlsConnector::from(Arc::new(client(config.webhook_ca_file.as_deref()))),
        }
    }
}

/// Roots of public certificates, and those of the district's own authority.
fn client(own: Option<&Path>) -> ClientConfig {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    match own.map(certificates) {
        Some(Ok(certificates)) => {
            roots.add_parsable_certificates(certificates);
        }
        // Read once at start already, when it was right.
        Some(Err(cause)) => tracing::error!(cause, "webhook_ca_file can't be read any more"),
        None => {}
    }
    ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()
}

/// The certificates of a file.
pub fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match read {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) => Err(format!("{} holds no certificate", path.display())),
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}

impl Sender {
    /// POSTs a body with these headers.
    pub async fn post(&self, target: &Target, headers: &[(&str, String)], body: Bytes) -> Result<Answered, Cause> {
        // The whole of it: a receiver that gives a byte a second holds nothing longer than that.
        timeout(self.whole, self.post_in_time(target, headers, body)).await.unwrap_or(Err(TOO_SLOW))
    }

    async fn post_in_time(&self, target: &Target, headers: &[(&str, String)], body: Bytes) -> Result<Answered, Cause> {
        let addresses = self.addresses(target).await?;
        if !self.judge.admits(&addresses) {
            return Err(NOT_ALLOWED);
        }
        let request = request(target, headers, body).map_err(|_| BROKEN)?;
        let connect = async {
            let stream = connected(&addresses, target.port).await?;
            let _ = stream.set_nodelay(true);
            if !target.is_https {
                return Ok((stream, None));
            }
            let name = ServerName::try_from(target.host.clone()).map_err(|_| NO_SUCH_NAME)?;
            Ok((stream, Some(name)))
        };
        match timeout(CONNECT, connect).await.unwrap_or(Err(TOO_SLOW))? {
            (stream, None) => exchanged(stream, request).await,
            (stream, Some(name)) => {
                let shaken = timeout(CONNECT, self.tls.connect(name, stream)).await.map_err(|_| TOO_SLOW)?;
                exchanged(shaken.map_err(|_| NOT_TRUSTED)?, request).await
            }
        }
    }

    async fn addresses(&self, target: &Target) -> Result<Vec<IpAddr>, Cause> {
        if let Some(names) = &self.names {
            return Ok(names(&target.host));
        }
        let found = tokio::net::lookup_host((target.host.as_str(), target.port)).await.map_err(|_| NO_SUCH_NAME)?;
        Ok(found.map(|address| address.ip()).collect())
    }
}

/// A connection to the first of these addresses that takes one.
async fn connected(addresses: &[IpAddr], port: u16) -> Result<TcpStream, Cause> {
    for address in addresses {
        if let Ok(stream) = TcpStream::connect(SocketAddr::new(*address, port)).await {
            return Ok(stream);
        }
    }
    Err(NOT_CONNECTED)
}

fn request(
    target: &Target,
    headers: &[(&str, String)],
    body: Bytes,
) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
    let request = Request::builder()
        .method(Method::POST)
        .uri(&target.path)
        .header(HOST, target.authority())
        .header(USER_AGENT, OWN_NAME)
        .header(CONTENT_LENGTH, body.len());
    headers.iter().fold(request, |request, (name, value)| request.header(*name, value)).body(Full::new(body))
}

/// Sends the request and reads the answer; the connection ends with it.
async fn exchanged(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send,
    request: Request<Full<Bytes>>,
) -> Result<Answered, Cause> {
    let built = Builder::new().max_buf_size(MOST_HEAD).handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = built.map_err(|_| BROKEN)?;
    let mut exchange = pin!(async {
        let response = sender.send_request(request).await.map_err(|_| BROKEN)?;
        read(response).await
    });
    let mut connection = pin!(connection);
    tokio::select! {
        biased;
        answered = &mut exchange => answered,
        // The connection is over; what it brought waits to be read.
        _ = &mut connection => exchange.await,
    }
}

/// The answer's status. Its body is read as far as a well-meant one goes: whoever drips it is too slow.
async fn read(response: Response<Incoming>) -> Result<Answered, Cause> {
    let after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let answered = Answered { status: response.status().as_u16(), retry_after: after.map(Duration::from_secs) };
    let (mut body, mut taken) = (response.into_body(), 0);
    while taken < MOST_READ {
        match body.frame().await {
            Some(Ok(frame)) => taken += frame.data_ref().map_or(0, Bytes::len),
            Some(Err(_)) => return Err(BROKEN),
            None => break,
        }
    }
    Ok(answered)
}
