//! Pages of a list that is no list of records.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, LINK};
use kit::cursor;
use kit::field::{Field, Shape};
use kit::problem::Problem;
use kit::text::Text;
use kit::value::Values;
use serde_json::{Value as Json, json};

use super::Call;
use crate::platform::access::roles::Actor;
use crate::platform::codes::{DISTRICT_REQUIRED, NOT_FOUND};

/// The parameters of every list.
pub static LIMIT: Field = Field::new(
    "limit",
    Shape::Integer { min: 1, max: 500 },
    Text::new("Limit", "条数"),
    "How many items at most, 50 by default.",
);
/// Place at which to go on.
pub static CURSOR: Field = Field::new(
    "cursor",
    Shape::Text { min: 1, max: 500, pattern: None },
    Text::new("Cursor", "游标"),
    "`next_cursor` of the page before, with the same other parameters.",
);
/// District asked about.
pub const DISTRICT_CODE: Field = Field::new(
    "district_code",
    Shape::Text { min: 6, max: 6, pattern: Some("[0-9]{6}") },
    Text::new("District", "区县"),
    "Needed only by callers with several districts.",
);
/// Area asked about.
pub const AREA_CODE: Field =
    Field::new("area_code", Shape::Area, Text::new("Area", "区划"), "That area and all below.");
/// The limit of a page, as asked for or 50.
pub fn limit(call: &Call) -> usize {
    call.query.integer("limit").and_then(|limit| usize::try_from(limit).ok()).unwrap_or(50)
}

/// The position of the request's cursor, which must be of this list and caller.
pub fn position(call: &Call, binding: &str) -> Result<Option<String>, Problem> {
    let key = &*call.core.keys.cursor;
    call.query.text("cursor").map(|text| cursor::open(key, binding, text)).transpose()
}

/// Answers a page of items of which one more than the limit was read; `position` says where an item stands.
pub fn answer<T>(
    call: &Call,
    binding: &str,
    mut items: Vec<T>,
    position: impl Fn(&T) -> String,
    view: impl Fn(T) -> Json,
) -> HttpResponse {
    let limit = limit(call);
    let more = items.len() > limit;
    items.truncate(limit);
    let last = items.last().filter(|_| more).map(position);
    let next = last.map(|position| cursor::seal(&*call.core.keys.cursor, binding, &position));
    let mut response = HttpResponse::Ok();
    if let Some(cursor) = &next {
        response.insert_header((LINK, next_link(call, cursor)));
    }
    let items: Vec<Json> = items.into_iter().map(view).collect();
    response.insert_header((CACHE_CONTROL, "no-store")).json(json!({"items": items, "next_cursor": next}))
}

/// The link to the next page: this request with another cursor.
pub fn next_link(call: &Call, cursor: &str) -> String {
    let others = call.request.query_string().split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("cursor="));
    let query: Vec<&str> = others.collect();
    let separator = if query.is_empty() { "" } else { "&" };
    format!("<{}?{}{separator}cursor={cursor}>; rel=\"next\"", call.request.path(), query.join("&"))
}

/// The schema of a page of items.
pub fn schema(item: &Json) -> Json {
    json!({
        "type": "object",
        "description": "A page of a list.",
        "required": ["items", "next_cursor"],
        "properties": {
            "items": {"type": "array", "maxItems": 500, "items": item, "description": "The items, the newest first where they have a time."},
            "next_cursor": {"type": ["string", "null"], "maxLength": 500, "description": "Where the next page begins; null at the end."},
        },
    })
}

/// The district a query is about: the one named, the one of the area named, or the caller's only one.
/// `None` where the caller has none of it: the list is empty.
pub fn district(actor: &Actor, query: &Values) -> Result<Option<String>, Problem> {
    let named = query.text("district_code").or_else(|| query.text("area_code").and_then(|code| code.get(..6)));
    match (named, actor.districts.as_slice()) {
        (Some(code), own) => Ok(own.iter().find(|district| *district == code).cloned()),
        (None, []) => Ok(None),
        (None, [only]) => Ok(Some(only.clone())),
        (None, _) => Err(DISTRICT_REQUIRED.into()),
    }
}

/// The same for what is about one district and nothing else: 404 where the caller has none of it.
pub fn one_district(actor: &Actor, query: &Values) -> Result<String, Problem> {
    district(actor, query)?.ok_or_else(|| NOT_FOUND.into())
}
