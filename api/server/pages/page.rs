//! The documentation page: Swagger UI from the binary, with a sign-in of our own.
//!
//! Its files are carried by the `utoipa-swagger-ui` crate; only the index and its script are ours, so
//! that signing in needs no token to be copied about. Nothing is fetched from elsewhere.

use std::borrow::Cow;
use std::sync::Arc;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use utoipa_swagger_ui::Config;

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
    match request.match_info().query("file") {
        "" | "index.html" => answer("text/html; charset=utf-8", INDEX.into()),
        "sign-in.js" => answer("text/javascript; charset=utf-8", SCRIPT.into()),
        "sign-in.css" => answer("text/css; charset=utf-8", STYLE.into()),
        other => match utoipa_swagger_ui::serve(other, Arc::new(Config::from("/openapi.json"))) {
            Ok(Some(file)) => answer(&file.content_type, shared(file.bytes)),
            Ok(None) | Err(_) => render_unrouted(request).await,
        },
    }
}

/// Bytes for an answer: those that the binary holds are not copied for each request.
fn shared(bytes: Cow<'static, [u8]>) -> Bytes {
    match bytes {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => bytes.into(),
    }
}

fn answer(content_type: &str, bytes: Bytes) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(content_type)
        .insert_header((CACHE_CONTROL, "public, max-age=3600"))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .body(bytes)
}
