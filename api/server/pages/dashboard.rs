//! The page at `/`: today at a glance, from the public API only. Its files are in the binary and need nothing
//! from elsewhere; charts are drawn by uPlot (MIT, `dashboard/vendor/`).

use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, ETAG};
use actix_web::{HttpRequest, HttpResponse, web};
use kit::etag::is_unchanged;
use sha2::{Digest, Sha256};

use crate::platform::http::render_unrouted;

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

/// Scripts, styles, images and requests from here only.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Name, media type, content.
const FILES: &[(&str, &str, &str)] = &[
    ("", HTML, include_str!("dashboard/index.html")),
    ("style.css", STYLE, include_str!("dashboard/style.css")),
    ("icon.svg", "image/svg+xml", include_str!("dashboard/icon.svg")),
    ("main.js", SCRIPT, include_str!("dashboard/main.js")),
    ("api.js", SCRIPT, include_str!("dashboard/api.js")),
    ("texts.js", SCRIPT, include_str!("dashboard/texts.js")),
    ("dom.js", SCRIPT, include_str!("dashboard/dom.js")),
    ("tiles.js", SCRIPT, include_str!("dashboard/tiles.js")),
    ("charts.js", SCRIPT, include_str!("dashboard/charts.js")),
    ("panels.js", SCRIPT, include_str!("dashboard/panels.js")),
    ("uplot.js", SCRIPT, include_str!("dashboard/vendor/uplot-1.6.32.min.js")),
    ("uplot.css", STYLE, include_str!("dashboard/vendor/uplot-1.6.32.min.css")),
    ("uplot-LICENSE.txt", "text/plain; charset=utf-8", include_str!("dashboard/vendor/uplot-LICENSE.txt")),
];

/// Puts the page on its paths.
pub fn configure(config: &mut web::ServiceConfig) {
    config.service(web::resource("/").route(web::get().to(file)));
    config.service(web::resource("/dashboard/{file:.+}").route(web::get().to(file)));
}

async fn file(request: HttpRequest) -> HttpResponse {
    let name = request.match_info().get("file").unwrap_or_default();
    let Some((_, media_type, content)) = FILES.iter().find(|(other, ..)| *other == name) else {
        return render_unrouted(request).await;
    };
    let tag = format!("\"{}\"", hex::encode(Sha256::digest(content)));
    if is_unchanged(&request, &tag) {
        return HttpResponse::NotModified().insert_header((ETAG, tag)).finish();
    }
    HttpResponse::Ok()
        .content_type(*media_type)
        .insert_header((ETAG, tag))
        .insert_header((CACHE_CONTROL, "no-cache"))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .body(*content)
}
