//! Entity tags of figures: the district's newest number, and a digest of everything else that the answer
//! depends on. A poll that finds nothing new costs no query.

use std::fmt::Display;

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, ETAG};
use chrono::NaiveDate;
use kit::etag::is_unchanged;
use kit::problem::Problem;
use sha2::{Digest, Sha256};

use crate::platform::access::accounts::Credential;
use crate::platform::http::Call;
use crate::platform::http::formats;

/// Figures may be kept, and asked for again each time.
pub const CACHING: (actix_web::http::header::HeaderName, &str) = (CACHE_CONTROL, "private, no-cache");

/// The part of the tag that doesn't depend on what was written.
pub struct Tag {
    district_code: String,
    digest: String,
}

impl Tag {
    /// Of parameters, rights, language, form, and the day in the district's zone.
    pub fn of(call: &Call, district_code: &str, today: NaiveDate) -> Result<Self, Problem> {
        let actor = call.actor()?;
        let scopes = match call.credential() {
            Some(Credential::Key(scopes)) => scopes.join(" "),
            _ => String::new(),
        };
        let format = formats::asked(call);
        let parts = [
            call.request.path().as_bytes().to_vec(),
            call.request.query_string().as_bytes().to_vec(),
            format!("{:?} {scopes} {:?} {format:?} {today}", (&actor.grants, &actor.below), call.language).into_bytes(),
            // Another release may count or word the same writes otherwise.
            format!("{} {}", env!("CARGO_PKG_VERSION"), crate::integrity::recount::EDITION).into_bytes(),
        ];
        let hash = parts
            .iter()
            .fold(Sha256::new(), |hash, part| hash.chain_update(part.len().to_be_bytes()).chain_update(part));
        let digest = hex::encode(hash.finalize()).chars().take(24).collect();
        Ok(Self { district_code: district_code.to_owned(), digest })
    }

    /// The tag of an answer as of a number, or as of what stands for the numbers of several districts.
    pub fn text(&self, version: impl Display) -> String {
        format!("\"{version}-{}\"", self.digest)
    }

    /// 304 where the caller has the answer and nothing was written since, as far as was seen in the last moments.
    pub fn unchanged(&self, call: &Call) -> Option<HttpResponse> {
        self.known(call, call.core.ledger.heads().fresh(&self.district_code)?)
    }

    /// 304 where the caller has the answer as of a number: also one that was only just counted.
    pub fn known(&self, call: &Call, version: impl Display) -> Option<HttpResponse> {
        let tag = self.text(version);
        let known = is_unchanged(&call.request, &tag);
        known.then(|| HttpResponse::NotModified().insert_header((ETAG, tag)).insert_header(CACHING).finish())
    }
}
