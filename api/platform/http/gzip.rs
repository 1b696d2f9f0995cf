//! Gzip for whoever asks for it. Answers carry no cookie and are asked for with a token that no other site has, so that
//! their length tells a bystander nothing he could provoke.

use std::io::Write;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse};
use flate2::Compression;
use flate2::write::GzEncoder;

/// Less isn't worth it: it goes in one packet anyway.
const LEAST: usize = 1_400;
/// More would hold up the thread, and is asked for by programs rather than by phones.
const MOST: usize = 512 * 1024;

/// Whether the sender of a request takes gzip.
pub fn is_accepted(request: &HttpRequest) -> bool {
    let accepts = request.headers().get_all(ACCEPT_ENCODING).filter_map(|value| value.to_str().ok());
    accepts.flat_map(|value| value.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        parts.next() == Some("gzip") && !parts.any(|part| matches!(part, "q=0" | "q=0.0"))
    })
}

/// Bytes gzipped; none where that fails.
pub fn gzipped(bytes: &[u8], level: Compression) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), level);
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok()
}

fn is_json(media_type: &HeaderValue) -> bool {
    media_type.as_bytes().starts_with(b"application/json") || media_type.as_bytes().ends_with(b"+json")
}

/// The answer to a GET, gzipped where it is JSON of some length and its reader takes it so.
pub fn answered(request: &HttpRequest, response: HttpResponse) -> HttpResponse {
    let is_json = response.headers().get(CONTENT_TYPE).is_some_and(is_json);
    let plain = request.method() == Method::GET && response.status() == StatusCode::OK && is_json;
    if !plain || response.headers().contains_key(CONTENT_ENCODING) || !is_accepted(request) {
        return response;
    }
    let (head, body) = response.into_parts();
    let bytes = match body.try_into_bytes() {
        Ok(bytes) => bytes,
        Err(body) => return head.set_body(body),
    };
    let squeezed = (LEAST..MOST).contains(&bytes.len()).then(|| gzipped(&bytes, Compression::fast())).flatten();
    let Some(squeezed) = squeezed else { return head.set_body(BoxBody::new(bytes)) };
    let mut response = head.set_body(BoxBody::new(squeezed));
    response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    response
}
