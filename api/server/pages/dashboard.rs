//! The page at `/`: a district's day from the public API only. Its files are in the binary and need nothing from
//! elsewhere; charts are drawn by uPlot (MIT, `dashboard/vendor/`).
//!
//! Files are named under the digest of all of them: what a browser holds under such a name it need never ask for again,
//! and after an upgrade no module meets one of another release. What the first view needs comes with the page itself:
//! [`first_view`].

mod first_view;

use std::sync::LazyLock;

use actix_web::http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY};
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use sha2::{Digest, Sha256};

use super::sent::Sent;
use crate::platform::http::render_unrouted;

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const IMAGE: &str = "image/svg+xml";
const TEXT: &str = "text/plain; charset=utf-8";

/// Places in the page: of the digest, of its style and of its script.
const VERSION: &str = "{version}";
const STYLE_PLACE: &str = "{style}";
const SCRIPT_PLACE: &str = "{script}";
const FOREVER: &str = "public, max-age=31536000, immutable";

/// Names, media types and contents of files in `dashboard/`.
macro_rules! files {
    ($($media_type:ident: $($name:literal)+;)+) => {
        &[$($(($name, $media_type, include_str!(concat!("dashboard/", $name))),)+)+]
    };
}

const FILES: &[(&str, &str, &str)] = files! {
    HTML: "index.html";
    STYLE: "vendor/uplot-1.6.32.min.css";
    SCRIPT: "main.js" "shell.js" "header.js" "live.js" "state.js" "api.js" "session.js" "dom.js" "figures.js" "charts.js" "names.js"
        "words.js" "texts.js" "texts/zh.js" "texts/en.js" "drill.js" "tell.js" "tell-kinds.js" "case.js" "paper.js" "cartogram.js"
        "shapes.js" "tabs/overview.js" "tabs/trend.js" "tabs/behind.js" "tabs/checkpoints.js" "tabs/observation.js"
        "tabs/households.js" "coverage.js" "bars.js" "doors.js" "tabs/supply.js" "tabs/volunteers.js" "tabs/stocks.js" "tabs/bulletin.js" "tabs/edition.js" "tabs/map.js"
        "rooms.js" "webhooks.js" "sheets.js" "tabs/reporting.js" "tabs/venues.js" "tabs/compounds.js" "tabs/communities.js"
        "vendor/uplot-1.6.32.min.js";
    IMAGE: "icon.svg";
    TEXT: "vendor/uplot-LICENSE.txt";
};

/// The style of the page.
const STYLES: &str = concat!(
    include_str!("dashboard/style.css"),
    include_str!("dashboard/parts.css"),
    include_str!("dashboard/rounds.css"),
    "@media print {\n",
    include_str!("dashboard/print.css"),
    "}\n"
);

/// All files, the digest under which they are named, and what the browser may do with them.
struct Page {
    version: String,
    policy: String,
    files: Vec<(&'static str, Sent)>,
}

static PAGE: LazyLock<Page> = LazyLock::new(|| {
    let all = FILES.iter().fold(Sha256::new(), |all, (name, _, content)| all.chain_update(name).chain_update(content));
    let all = all.chain_update(STYLES).finalize();
    let version: String = hex::encode(all).chars().take(12).collect();
    let content = |name: &str| FILES.iter().find(|file| file.0 == name).map_or("", |file| file.2);
    let script = first_view::script(content, &version);
    let files = FILES.iter().map(|(name, media_type, content)| {
        let content = match *name {
            "index.html" => {
                let page = content.replace(VERSION, &version);
                page.replace(STYLE_PLACE, STYLES).replace(SCRIPT_PLACE, &script)
            }
            name if first_view::MODULES.contains(&name) => first_view::handed_on(name, content),
            _ => (*content).to_owned(),
        };
        (*name, Sent::new(media_type, content.into()))
    });
    Page { files: files.collect(), policy: policy(&script), version }
});

/// Scripts, styles, images and requests from here only; inline only the very style and script that the page came with.
fn policy(script: &str) -> String {
    let digest = |text: &str| BASE64.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; script-src 'self' 'sha256-{}'; style-src 'self' 'sha256-{}'; img-src 'self' data:; \
         connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        digest(script),
        digest(STYLES)
    )
}

/// Puts the page on its paths.
pub fn configure(config: &mut web::ServiceConfig) {
    config.service(web::resource("/").route(web::get().to(index)));
    config.service(web::resource("/dashboard/{file:.+}").route(web::get().to(file)));
}

async fn index(request: HttpRequest) -> HttpResponse {
    found(&request, "index.html", "no-cache").unwrap_or_else(|| HttpResponse::NotFound().finish())
}

async fn file(request: HttpRequest) -> HttpResponse {
    let path = request.match_info().get("file").unwrap_or_default();
    let (name, caching) = match path.strip_prefix(PAGE.version.as_str()).and_then(|rest| rest.strip_prefix('/')) {
        Some(name) => (name, FOREVER),
        None => (path, "no-cache"),
    };
    // Where the libraries were before they had a folder.
    let name = match name {
        "uplot.js" => "vendor/uplot-1.6.32.min.js",
        "uplot.css" => "vendor/uplot-1.6.32.min.css",
        "uplot-LICENSE.txt" => "vendor/uplot-LICENSE.txt",
        other => other,
    };
    match found(&request, name, caching) {
        Some(response) => response,
        None => render_unrouted(request).await,
    }
}

fn found(request: &HttpRequest, name: &str, caching: &'static str) -> Option<HttpResponse> {
    let (_, file) = PAGE.files.iter().find(|file| file.0 == name)?;
    let headers = [(REFERRER_POLICY.as_str(), "no-referrer"), (CONTENT_SECURITY_POLICY.as_str(), PAGE.policy.as_str())];
    Some(file.answer(request, caching, &headers))
}
