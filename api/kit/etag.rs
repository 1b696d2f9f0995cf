//! Entity tags: a record's revision, strong.

use actix_web::HttpRequest;
use actix_web::http::header::{ETAG, HeaderMap, IF_MATCH, IF_NONE_MATCH};

use super::catalogue::Code;
use super::problem::Problem;

/// The tag of a revision.
pub fn of_revision(revision: i64) -> String {
    format!("\"{revision}\"")
}

/// Condition that `If-Match` sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IfMatch {
    /// Any revision will do (`*`).
    Any,
    /// One of these strong tags.
    Tags(Vec<String>),
}

impl IfMatch {
    /// Reads the header; `None` where it is absent, 400 where it is no entity tag.
    pub fn of_request(request: &HttpRequest) -> Result<Option<Self>, Problem> {
        let Some(text) = header_text(request.headers(), &IF_MATCH) else { return Ok(None) };
        if text.trim() == "*" {
            return Ok(Some(Self::Any));
        }
        parse_tags(&text).map(|tags| Some(Self::Tags(tags))).ok_or_else(|| Code::BAD_IF_MATCH.into())
    }

    /// 412 with the current tag where the revision isn't one of those named. Weak tags never match
    /// (RFC 9110, 13.1.1).
    pub fn require(&self, revision: i64) -> Result<(), Problem> {
        let current = of_revision(revision);
        match self {
            Self::Any => Ok(()),
            Self::Tags(tags) if tags.contains(&current) => Ok(()),
            Self::Tags(_) => Err(Problem::new(Code::STALE).with_header(ETAG, current)),
        }
    }
}

/// Whether `If-None-Match` names the tag, so that the answer is 304. Weak comparison.
pub fn is_unchanged(request: &HttpRequest, tag: &str) -> bool {
    let Some(text) = header_text(request.headers(), &IF_NONE_MATCH) else { return false };
    text.trim() == "*"
        || parse_tags(&text).is_some_and(|tags| tags.iter().any(|other| other.trim_start_matches("W/") == tag))
}

fn header_text(headers: &HeaderMap, name: &actix_web::http::header::HeaderName) -> Option<String> {
    let parts: Vec<&str> = headers.get_all(name).filter_map(|value| value.to_str().ok()).collect();
    if headers.contains_key(name) { Some(parts.join(",")) } else { None }
}

fn parse_tags(text: &str) -> Option<Vec<String>> {
    let tags: Vec<String> = text.split(',').map(|tag| tag.trim().to_owned()).collect();
    tags.iter()
        .all(|tag| {
            let quoted = tag.strip_prefix("W/").unwrap_or(tag);
            quoted.len() >= 2 && quoted.starts_with('"') && quoted.ends_with('"')
        })
        .then_some(tags)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn if_match(value: &str) -> Result<Option<IfMatch>, Problem> {
        IfMatch::of_request(&TestRequest::default().insert_header((IF_MATCH, value)).to_http_request())
    }

    #[test]
    fn only_the_strong_current_tag_matches() {
        let require = |value: &str| if_match(value).unwrap().unwrap().require(3).is_ok();
        assert!(require("\"3\"") && require("\"2\", \"3\"") && require("*"));
        assert!(!require("\"2\"") && !require("W/\"3\""));
        assert!(if_match("3").is_err() && if_match("").is_err());
        assert_eq!(IfMatch::of_request(&TestRequest::default().to_http_request()).unwrap(), None);
    }

    #[test]
    fn weak_tags_are_enough_for_reading() {
        let unchanged = |value: &str| {
            let request = TestRequest::default().insert_header((IF_NONE_MATCH, value)).to_http_request();
            is_unchanged(&request, "\"3\"")
        };
        assert!(unchanged("\"3\"") && unchanged("W/\"3\"") && unchanged("*"));
        assert!(!unchanged("\"2\"") && !unchanged("3"));
    }
}
