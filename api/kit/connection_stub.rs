//! temporary
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use std::time::Duration;
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct BodyLimits {
    pub max_bytes: usize,
    pub idle_timeout: Duration,
    pub minimum_bytes_per_s: u64,
}
impl Default for BodyLimits {
    fn default() -> Self {
        Self { max_bytes: 0, idle_timeout: Duration::ZERO, minimum_bytes_per_s: 0 }
    }
}
#[derive(Clone)]
#[allow(missing_docs)]
pub struct ConnectionLimits {
    pub header_timeout: Duration,
    pub keep_alive: Duration,
    pub write_timeout: Duration,
    pub max_connections_per_worker: usize,
    pub shutdown_timeout: Duration,
    pub problem_body: fn(u16, &str) -> String,
}
impl Default for ConnectionLimits {
    fn default() -> Self {
        fn p(_: u16, _: &str) -> String {
            String::new()
        }
        Self {
            header_timeout: Duration::ZERO,
            keep_alive: Duration::ZERO,
            write_timeout: Duration::ZERO,
            max_connections_per_worker: 0,
            shutdown_timeout: Duration::ZERO,
            problem_body: p,
        }
    }
}
#[derive(Clone)]
#[allow(missing_docs)]
pub struct ConnectionState;
#[allow(missing_docs)]
impl ConnectionState {
    pub fn request_started(&self) {}
    pub fn request_finished(&self) {}
}
#[allow(missing_docs)]
pub enum BodyError {
    TooLarge,
    TooSlow,
    Incomplete,
}
#[allow(missing_docs)]
pub async fn read_body(
    _h: &actix_web::http::header::HeaderMap,
    p: &mut actix_web::dev::Payload,
    l: &BodyLimits,
) -> Result<Bytes, BodyError> {
    let mut b = BytesMut::new();
    while let Some(c) = p.next().await {
        let c = c.map_err(|_| BodyError::Incomplete)?;
        if b.len() + c.len() > l.max_bytes {
            return Err(BodyError::TooLarge);
        }
        b.extend_from_slice(&c);
    }
    Ok(b.freeze())
}
#[allow(missing_docs)]
pub fn serve<F, I, S, B>(
    l: std::net::TcpListener,
    _c: ConnectionLimits,
    w: usize,
    f: F,
) -> std::io::Result<actix_web::dev::Server>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: actix_service::IntoServiceFactory<S, actix_http::Request>,
    S: actix_service::ServiceFactory<actix_http::Request, Config = actix_web::dev::AppConfig> + 'static,
    S::Error: Into<actix_web::Error>,
    S::InitError: std::fmt::Debug,
    S::Response: Into<actix_http::Response<B>>,
    B: actix_web::body::MessageBody + 'static,
{
    Ok(actix_web::HttpServer::new(f).workers(w).disable_signals().listen(l)?.run())
}
