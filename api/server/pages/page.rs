//! The documentation: a reference to read, of our own, and Swagger UI to try things out, with a sign-in of our own. Nothing is
//! fetched from elsewhere.
//!
//! The reference draws a page of the document at a time; Swagger UI makes all of it ready first, which takes seconds.
//! Its files come with the `utoipa-swagger-ui-vendored` crate and are packed by the build script; only the index and its
//! script are ours, so that signing in needs no token to be copied about.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::http::header::{CONTENT_SECURITY_POLICY, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;

use super::sent::Sent;
use crate::platform::http::render_unrouted;

/// Swagger UI sets styles of elements and has images in its style sheet; scripts come from here only.
const POLICY: &str =
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";

/// The reference needs nothing of that.
const STRICT: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// Files of our own: name, media type, content.
const OWN: &[(&str, &str, &str)] = &[
    ("index.html", HTML, include_str!("page/index.html")),
    ("sign-in.js", JAVASCRIPT, include_str!("page/sign-in.js")),
    ("sign-in.css", CSS, include_str!("page/sign-in.css")),
    ("roles.md", "text/plain; charset=utf-8", include_str!("../../../docs/roles.md")),
    ("reference/", HTML, include_str!("page/reference/index.html")),
    ("reference/style.css", CSS, include_str!("page/reference/style.css")),
    ("reference/main.js", JAVASCRIPT, include_str!("page/reference/main.js")),
    ("reference/model.js", JAVASCRIPT, include_str!("page/reference/model.js")),
    ("reference/overview.js", JAVASCRIPT, include_str!("page/reference/overview.js")),
    ("reference/rights.js", JAVASCRIPT, include_str!("page/reference/rights.js")),
    ("reference/operation.js", JAVASCRIPT, include_str!("page/reference/operation.js")),
    ("reference/shapes.js", JAVASCRIPT, include_str!("page/reference/shapes.js")),
    ("reference/dom.js", JAVASCRIPT, include_str!("page/reference/dom.js")),
    ("reference/words.js", JAVASCRIPT, include_str!("page/reference/words.js")),
];

/// Files of Swagger UI, packed.
const SWAGGER_UI: &[(&str, &str, &[u8])] = &[
    ("swagger-ui-bundle.js", JAVASCRIPT, include_bytes!(concat!(env!("OUT_DIR"), "/swagger-ui-bundle.js.gz"))),
    ("swagger-ui.css", CSS, include_bytes!(concat!(env!("OUT_DIR"), "/swagger-ui.css.gz"))),
];

/// Puts the pages on their paths.
pub fn configure(config: &mut web::ServiceConfig) {
    for (path, page) in [("/docs", "/docs/"), ("/docs/reference", "/docs/reference/")] {
        let to_page = move || async move { HttpResponse::Found().insert_header((LOCATION, page)).finish() };
        config.service(web::resource(path).route(web::get().to(to_page)));
    }
    config.service(web::resource("/docs/{file:.*}").route(web::get().to(file)));
}

async fn file(request: HttpRequest) -> HttpResponse {
    let name = request.match_info().query("file");
    let name = if name.is_empty() { "index.html" } else { name };
    match found(name) {
        Some(file) => {
            let policy = if name.starts_with("reference/") { STRICT } else { POLICY };
            file.answer(&request, "public, max-age=3600", &[(CONTENT_SECURITY_POLICY.as_str(), policy)])
        }
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
    if let Some((_, media_type, text)) = OWN.iter().find(|(own, ..)| *own == name) {
        return Some(Sent::new(media_type, Bytes::from_static(text.as_bytes())));
    }
    let (_, media_type, packed) = SWAGGER_UI.iter().find(|(file, ..)| *file == name)?;
    Some(Sent::packed(media_type, Bytes::from_static(packed)))
}
