//! Files that the binary carries, as they are sent: with a tag, so that whoever has one is told so, and gzipped once for
//! whoever takes it so.

use std::io::Read;
use std::sync::LazyLock;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_ENCODING, ETAG};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use flate2::Compression;
use flate2::read::GzDecoder;
use kit::etag::is_unchanged;
use sha2::{Digest, Sha256};

use crate::platform::http::gzip;

fn tag(bytes: &Bytes) -> String {
    format!("\"{}\"", hex::encode(Sha256::digest(bytes)))
}

/// A file as it is sent.
pub struct Sent {
    media_type: String,
    tag: String,
    plain: LazyLock<Bytes, Box<dyn FnOnce() -> Bytes + Send>>,
    gzipped: Option<Bytes>,
}

impl Sent {
    /// Of this media type and content.
    pub fn new(media_type: &str, plain: Bytes) -> Self {
        let squeezed = gzip::gzipped(&plain, Compression::default());
        Self {
            media_type: media_type.to_owned(),
            tag: tag(&plain),
            gzipped: squeezed.filter(|squeezed| squeezed.len() < plain.len()).map(Bytes::from),
            plain: LazyLock::new(Box::new(move || plain)),
        }
    }

    /// Of this media type and content, which the binary carries gzipped. It is unpacked once somebody doesn't take it so.
    pub fn packed(media_type: &str, gzipped: Bytes) -> Self {
        let packed = gzipped.clone();
        let plain = move || {
            let mut plain = Vec::new();
            let unpacked = GzDecoder::new(packed.as_ref()).read_to_end(&mut plain);
            if let Err(error) = unpacked {
                tracing::error!(%error, "a file that the binary carries can't be unpacked");
            }
            Bytes::from(plain)
        };
        Self {
            media_type: media_type.to_owned(),
            tag: tag(&gzipped),
            plain: LazyLock::new(Box::new(plain)),
            gzipped: Some(gzipped),
        }
    }

    /// The answer: 304 where the caller has it. `headers` go with it otherwise.
    pub fn answer(&self, request: &HttpRequest, caching: &str, headers: &[(&str, &str)]) -> HttpResponse {
        let tag = (ETAG, self.tag.as_str());
        if is_unchanged(request, &self.tag) {
            return HttpResponse::NotModified().insert_header(tag).insert_header((CACHE_CONTROL, caching)).finish();
        }
        let mut response = HttpResponse::Ok();
        response.content_type(self.media_type.as_str()).insert_header(tag).insert_header((CACHE_CONTROL, caching));
        for header in headers {
            response.insert_header(*header);
        }
        match &self.gzipped {
            Some(squeezed) if gzip::is_accepted(request) => {
                response.insert_header((CONTENT_ENCODING, "gzip")).body(squeezed.clone())
            }
            _ => response.body(Bytes::clone(&self.plain)),
        }
    }
}
