//! Connecting to the database: as its address says, in plain or by TLS.
//!
//! `sslmode=verify-full` encrypts and believes only a server whose certificate is signed by an authority of `sslrootcert` (of
//! the public ones without it) for the host name of the address. `sslcert` and `sslkey` show a certificate of our own. The files
//! are read for each connection: renewed ones count from the next on.

use std::error::Error;
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use diesel_async::{AsyncConnection, AsyncPgConnection};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_postgres::{Config, Socket};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, InvalidDnsNameError, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{self, CertificateError, ClientConfig, RootCertStore};

use super::database::DatabaseError;

/// Connects to the database of an address.
///
/// # Errors
/// [`DatabaseError::Unreachable`] with a sentence for whoever wrote the address; it holds no password.
pub async fn connect(url: &str) -> Result<AsyncPgConnection, DatabaseError> {
    let asked = Asked::of(url);
    match asked.mode.as_deref() {
        // Boxed, both: whoever asks the database holds this within its future.
        Some("verify-full") => Box::pin(by_tls(&asked)).await,
        Some(mode @ ("require" | "verify-ca")) => Err(DatabaseError::Unreachable(format!(
            "sslmode={mode} encrypts without asking whose server it is; use sslmode=verify-full, with sslrootcert"
        ))),
        _ if asked.certificates().next().is_some() => Err(DatabaseError::Unreachable(
            "sslrootcert, sslcert and sslkey are for sslmode=verify-full only".to_owned(),
        )),
        _ => Box::pin(AsyncPgConnection::establish(url))
            .await
            .map_err(|error| DatabaseError::Unreachable(error.to_string())),
    }
}

/// TLS options of an address, and the address without what the driver doesn't know.
#[derive(Debug, Default)]
struct Asked {
    rest: String,
    mode: Option<String>,
    root: Option<PathBuf>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
}

impl Asked {
    fn of(url: &str) -> Self {
        let mut asked = Self::default();
        if let Some((address, query)) = url.split_once('?').filter(|(address, _)| address.contains("://")) {
            let others: Vec<&str> = query.split('&').filter(|pair| !asked.takes(pair, percent_decoded)).collect();
            address.clone_into(&mut asked.rest);
            if !others.is_empty() {
                asked.rest = format!("{address}?{}", others.join("&"));
            }
        } else if url.contains("://") {
            url.clone_into(&mut asked.rest);
        } else {
            let plain = |value: &str| value.trim_matches('\'').to_owned();
            let others: Vec<&str> = url.split(' ').filter(|pair| !asked.takes(pair, plain)).collect();
            asked.rest = others.join(" ");
        }
        asked
    }

    fn takes(&mut self, pair: &str, decoded: impl Fn(&str) -> String) -> bool {
        let Some((name, value)) = pair.split_once('=') else { return false };
        match name {
            "sslmode" => self.mode = Some(decoded(value)),
            "sslrootcert" => self.root = Some(decoded(value).into()),
            "sslcert" => self.certificate = Some(decoded(value).into()),
            "sslkey" => self.key = Some(decoded(value).into()),
            _ => return false,
        }
        true
    }

    fn certificates(&self) -> impl Iterator<Item = &PathBuf> {
        [&self.root, &self.certificate, &self.key].into_iter().flatten()
    }

    /// How the server is judged, from the files as they are now.
    fn client(&self) -> Result<ClientConfig, String> {
        let mut roots = RootCertStore::empty();
        match &self.root {
            Some(path) => {
                let (added, _) = roots.add_parsable_certificates(certificates("sslrootcert", path)?);
                if added == 0 {
                    return Err(format!("sslrootcert: {} holds no authority's certificate", path.display()));
                }
            }
            None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        }
        let builder = ClientConfig::builder().with_root_certificates(roots);
        let mut client = match (&self.certificate, &self.key) {
            (None, None) => builder.with_no_client_auth(),
            (Some(certificate), Some(key)) => {
                let own = certificates("sslcert", certificate)?;
                let key =
                    PrivateKeyDer::from_pem_file(key).map_err(|error| format!("sslkey: {}: {error}", key.display()))?;
                builder.with_client_auth_cert(own, key).map_err(|error| format!("sslcert and sslkey: {error}"))?
            }
            _ => return Err("sslcert and sslkey are given together".to_owned()),
        };
        client.alpn_protocols = vec![b"postgresql".to_vec()];
        Ok(client)
    }
}

/// The certificates of a file.
fn certificates(name: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match read {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) => Err(format!("{name}: {} holds no certificate", path.display())),
        Err(error) => Err(format!("{name}: {}: {error}", path.display())),
    }
}

/// A value of a query with its `%2F` as they are meant.
fn percent_decoded(value: &str) -> String {
    let bytes = value.as_bytes();
    let (mut decoded, mut index) = (Vec::with_capacity(bytes.len()), 0);
    while let Some(byte) = bytes.get(index) {
        let coded = (*byte == b'%').then(|| value.get(index + 1..index + 3)).flatten();
        match coded.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(meant) => {
                decoded.push(meant);
                index += 3;
            }
            None => {
                decoded.push(*byte);
                index += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

async fn by_tls(asked: &Asked) -> Result<AsyncPgConnection, DatabaseError> {
    let client = asked.client().map_err(DatabaseError::Unreachable)?;
    // An error of it may quote the address with its password.
    let unreadable = |_| DatabaseError::Unreachable("the address can't be read".to_owned());
    let mut config: Config = asked.rest.parse().map_err(unreadable)?;
    config.ssl_mode(SslMode::Require);
    let tls = Tls(TlsConnector::from(Arc::new(client)));
    let (client, connection) = config.connect(tls).await.map_err(|error| DatabaseError::Unreachable(told(&error)))?;
    let connection = AsyncPgConnection::try_from_client_and_connection(client, connection).await;
    connection.map_err(|error| DatabaseError::Unreachable(error.to_string()))
}

/// Why it didn't come about, in a sentence.
fn told(error: &tokio_postgres::Error) -> String {
    let (mut texts, mut next) = (vec![error.to_string()], error.source());
    while let Some(cause) = next {
        let inner = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if let Some(refused) = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            return refusal(refused);
        }
        texts.push(cause.to_string());
        next = cause.source();
    }
    if texts.iter().any(|text| text.contains("server does not support TLS")) {
        return "the database's server offers no TLS, and sslmode=verify-full asks for it".to_owned();
    }
    texts.join(": ")
}

fn refusal(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => {
            "the certificate of the database's server is signed by no authority of sslrootcert".to_owned()
        }
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => "the certificate of the database's server is for another host name than that of the address".to_owned(),
        other => format!("the database's server was not believed: {other}"),
    }
}

/// Makes connections encrypted.
struct Tls(TlsConnector);

/// The same for one host.
struct TlsTo(TlsConnector, ServerName<'static>);

/// A connection that is.
struct Encrypted(tokio_rustls::client::TlsStream<Socket>);

impl MakeTlsConnect<Socket> for Tls {
    type Stream = Encrypted;
    type TlsConnect = TlsTo;
    type Error = InvalidDnsNameError;

    fn make_tls_connect(&mut self, domain: &str) -> Result<TlsTo, InvalidDnsNameError> {
        ServerName::try_from(domain.to_owned()).map(|name| TlsTo(self.0.clone(), name))
    }
}

impl TlsConnect<Socket> for TlsTo {
    type Stream = Encrypted;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Encrypted>> + Send>>;

    fn connect(self, stream: Socket) -> Self::Future {
        Box::pin(async move { self.0.connect(self.1, stream).await.map(Encrypted) })
    }
}

impl TlsStream for Encrypted {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for Encrypted {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().0).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart() {
        let asked =
            Asked::of("postgresql://a:b@h/d?sslmode=verify-full&application_name=x&sslrootcert=%2Fetc%2Fca+1.pem");
        assert_eq!(asked.rest, "postgresql://a:b@h/d?application_name=x");
        assert_eq!(asked.mode.as_deref(), Some("verify-full"));
        assert_eq!(asked.root.as_deref(), Some(Path::new("/etc/ca+1.pem")));
        let asked = Asked::of("postgresql://a:b@h/d?sslmode=verify-full&sslcert=/c.pem&sslkey=/k.pem");
        assert_eq!((asked.rest.as_str(), asked.certificates().count()), ("postgresql://a:b@h/d", 2));
        let asked = Asked::of("host=h dbname=d sslmode=verify-full sslrootcert='/etc/ca.pem'");
        assert_eq!((asked.rest.as_str(), asked.root), ("host=h dbname=d", Some(PathBuf::from("/etc/ca.pem"))));
        assert_eq!(percent_decoded("%E9%9B%A8%zz%2"), "雨%zz%2");
    }

    #[tokio::test]
    async fn half_measures_are_refused_without_a_word_of_the_password() {
        for (query, why) in [
            ("sslmode=require", "verify-full"),
            ("sslmode=verify-ca&sslrootcert=/etc/ca.pem", "verify-full"),
            ("sslrootcert=/etc/ca.pem", "only"),
            ("sslmode=verify-full&sslrootcert=/nowhere/ca.pem", "/nowhere/ca.pem"),
            ("sslmode=verify-full&sslcert=/nowhere/c.pem", "together"),
        ] {
            let url = format!("postgresql://a:secret@127.0.0.1:1/d?{query}");
            let Err(error) = connect(&url).await else { panic!("{query}") };
            let text = error.to_string();
            assert!(text.contains(why) && !text.contains("secret"), "{text}");
        }
    }
}
