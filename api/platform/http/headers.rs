//! Headers that operations take and answer: what the document says of them, and the check of their form.

use std::sync::LazyLock;

use actix_web::HttpRequest;
use actix_web::http::header::HeaderName;
use kit::catalogue::Code;
use kit::problem::Problem;
use regex::Regex;
use serde_json::{Map, Value as Json, json};

use super::{Operation, Success};
use crate::platform::codes::{BAD_IDEMPOTENCY_KEY, BAD_IF_NONE_MATCH};

/// The header of a request that is sent once more.
pub static IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that an answer is a replay.
pub static IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// A header of requests.
struct Taken {
    name: &'static str,
    required: bool,
    about: &'static str,
    example: &'static str,
    /// Pattern that its whole value must match.
    form: &'static str,
    compiled: LazyLock<Option<Regex>>,
    longest: usize,
    /// Problem answered where it doesn't.
    fault: Code,
}

/// One entity tag or several, or `*` (RFC 9110, 8.8.3), as a revision's or an answer's tag is written.
const TAGS: &str = r#"^(?:\*|(?:W/)?"[!#-+\x2D-~]*"(?: ?, ?(?:W/)?"[!#-+\x2D-~]*")*)$"#;
const KEY: &str = "^[!-~](?:[ -~]*[!-~])?$";
const EVENT: &str = "^[0-9]{1,18}(\\.[0-9a-f]{24})?$";
/// Where a part of an upload begins.
const OFFSET: &str = "^[0-9]{1,9}$";
/// One range of bytes (RFC 9110, 14.1.2).
const RANGE: &str = "^bytes=(?:[0-9]{1,9}-[0-9]{0,9}|-[0-9]{1,9})$";

static TAKEN: [Taken; 6] = [
    Taken {
        name: "If-Match",
        required: true,
        about: "The `ETag` of the revision that is changed.",
        example: r#""1""#,
        form: TAGS,
        compiled: LazyLock::new(|| Regex::new(TAGS).ok()),
        longest: 200,
        fault: Code::BAD_IF_MATCH,
    },
    Taken {
        name: "Idempotency-Key",
        required: false,
        about: "1 to 64 characters of the client's choice: a request sent twice under one key has its effect once. Kept 14 days, for this caller and path.",
        example: "gate-7-20200202-0830",
        form: KEY,
        compiled: LazyLock::new(|| Regex::new(KEY).ok()),
        longest: 64,
        fault: BAD_IDEMPOTENCY_KEY,
    },
    Taken {
        name: "If-None-Match",
        required: false,
        about: "An `ETag` known already: the answer is 304 where nothing changed.",
        example: r#""1""#,
        form: TAGS,
        compiled: LazyLock::new(|| Regex::new(TAGS).ok()),
        longest: 200,
        fault: BAD_IF_NONE_MATCH,
    },
    Taken {
        name: "Last-Event-ID",
        required: false,
        about: "The `id` of the last event seen: goes on behind it.",
        example: "42",
        form: EVENT,
        compiled: LazyLock::new(|| Regex::new(EVENT).ok()),
        longest: 43,
        fault: Code::INVALID_REQUEST,
    },
    Taken {
        name: "Upload-Offset",
        required: true,
        about: "Where the part begins: how many bytes the server has, as HEAD tells.",
        example: "0",
        form: OFFSET,
        compiled: LazyLock::new(|| Regex::new(OFFSET).ok()),
        longest: 9,
        fault: Code::INVALID_REQUEST,
    },
    Taken {
        name: "Range",
        required: false,
        about: "One range of bytes, to go on with a download.",
        example: "bytes=0-65535",
        form: RANGE,
        compiled: LazyLock::new(|| Regex::new(RANGE).ok()),
        longest: 30,
        fault: Code::INVALID_REQUEST,
    },
];
/// Headers of answers, and what they mean.
const ANSWERED: &[(&str, &str)] = &[
    ("ETag", "The revision, strong."),
    ("Location", "Path of the record."),
    ("Idempotency-Replayed", "`true` where the answer is one given before."),
    ("Link", "`rel=\"next\"`: the next page."),
    ("Total-Count", "With `count`: how many there are on all pages, at most 100,001."),
    ("Total-Count-Relation", "How `Total-Count` is meant: `exact`, `at_least` or `estimate`."),
    ("Upload-Offset", "How many bytes of an upload the server has; the next part begins there."),
    ("Upload-Length", "How many bytes the upload has in all."),
    ("Content-State", "`awaited`, `kept` or `refused`: what became of the bytes."),
    ("Content-Range", "Which bytes of how many these are."),
    ("As-Of-Change-No", "Files: the change number as of which it is complete."),
];

fn taken(operation: &Operation) -> impl Iterator<Item = &'static Taken> {
    TAKEN.iter().filter(|header| operation.headers.contains(&header.name))
}

/// 400 where a header that the operation takes isn't of its form. What the operation doesn't take isn't looked at.
pub fn require_forms(operation: &Operation, request: &HttpRequest) -> Result<(), Problem> {
    for header in taken(operation) {
        let values = request.headers().get_all(header.name);
        let good = values.map(|value| value.to_str().unwrap_or_default().trim()).all(|text| {
            text.len() <= header.longest && header.compiled.as_ref().is_some_and(|form| form.is_match(text))
        });
        if !good {
            return Err(header.fault.into());
        }
    }
    Ok(())
}

/// The headers that an operation takes, as parameters of the document.
pub fn of_request(operation: &Operation) -> impl Iterator<Item = Json> {
    taken(operation).map(|header| {
        json!({"name": header.name, "in": "header", "required": header.required, "description": header.about, "example": header.example,
            "schema": {"type": "string", "minLength": 1, "maxLength": header.longest, "pattern": header.form}})
    })
}

/// The headers of a success. What was just made always says where it is.
pub fn of_success(success: &Success) -> Map<String, Json> {
    let named = ANSWERED.iter().filter(|(name, _)| success.headers.contains(name));
    let required = |name: &str| matches!(success.status, 201 | 202) && matches!(name, "ETag" | "Location");
    named.map(|(name, about)| ((*name).to_owned(), described(about, required(name)))).collect()
}

/// The headers that always come with a problem.
pub fn of_problem(code: Code) -> Map<String, Json> {
    let (name, about) = match code.status().as_u16() {
        401 => ("WWW-Authenticate", "Which credentials are asked for (RFC 6750)."),
        429 | 503 => ("Retry-After", "After how many seconds to come again."),
        _ => return Map::new(),
    };
    [(name.to_owned(), described(about, true))].into_iter().collect()
}

/// A response with these headers, if there are any.
pub fn put(mut response: Json, headers: Map<String, Json>) -> Json {
    if let (false, Some(members)) = (headers.is_empty(), response.as_object_mut()) {
        members.insert("headers".into(), Json::Object(headers));
    }
    response
}

fn described(about: &str, required: bool) -> Json {
    json!({"description": about, "required": required, "schema": {"type": "string", "maxLength": 2000}})
}
