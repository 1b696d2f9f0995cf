//! The documentation page: Swagger UI from the binary, with a sign-in of our own.
//!
//! Its files are carried by the `utoipa-swagger-ui` crate; only the index and its script are ours, so
//! that signing in needs no token to be copied about. Nothing is fetched from elsewhere.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::http::header::{CONTENT_SECURITY_POLICY, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use utoipa_swagger_ui::Config;

use super::sent::Sent;
use crate::platform::http::render_unrouted;

const INDEX: &str = include_str!("page/index.html");
const SCRIPT: &str = include_str!("page/sign-in.js");
const STYLE: &str = include_str!("page/sign-in.css");
/// Swagger UI sets styles of elements and has images in its style sheet; scripts come from here only.
const POLICY: &str =
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";

/// Puts the page on its paths.
pub fn configure(config: &mut web::ServiceConfig) {
    let to_page = || async { HttpResponse::Found().insert_header((LOCATION, "/docs/")).finish() };
    config.service(web::resource("/docs").route(web::get().to(to_page)));
    config.service(web::resource("/docs/{file:.*}").route(web::get().to(file)));
}

async fn file(request: HttpRequest) -> HttpResponse {
    let name = request.match_info().query("file");
    let name = if name.is_empty() { "index.html" } else { name };
    match found(name) {
        Some(file) => file.answer(&request, "public, max-age=3600", &[(CONTENT_SECURITY_POLICY.as_str(), POLICY)]),
        None => render_unrouted(request).await,
    }
}

/// Files that were asked for, squeezed once. Only those that are there: what strangers ask for takes no room.
static FILES: Mutex<BTreeMap<String, Arc<Sent>>> = Mutex::new(BTreeMap::new());

fn found(name: &str) -> Option<Arc<Sent>> {
    let mut files = FILES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(file) = files.get(name) {
        return Some(Arc::clone(file));
    }
    let file = Arc::new(content(name)?);
    files.insert(name.to_owned(), Arc::clone(&file));
    Some(file)
}

fn content(name: &str) -> Option<Sent> {
    let own = |media_type: &str, text: &'static str| Some(Sent::new(media_type, Bytes::from_static(text.as_bytes())));
    match name {
        "index.html" => own("text/html; charset=utf-8", INDEX),
        "sign-in.js" => own("text/javascript; charset=utf-8", SCRIPT),
        "sign-in.css" => own("text/css; charset=utf-8", STYLE),
        other => {
            let file = utoipa_swagger_ui::serve(other, Arc::new(Config::from("/openapi.json"))).ok()??;
            Some(Sent::new(&file.content_type, shared(file.bytes)))
        }
    }
}

/// Bytes for an answer: those that the binary holds are not copied.
fn shared(bytes: Cow<'static, [u8]>) -> Bytes {
    match bytes {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => bytes.into(),
    }
}
