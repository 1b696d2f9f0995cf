//! Pages of a list that is no list of records.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, LINK};
use serde_json::{Value as Json, json};

use super::Call;
use crate::kit::cursor;
use crate::kit::problem::Problem;
use crate::records::operations::next_link;

/// The limit of a page, as asked for or 50.
pub fn limit(call: &Call) -> usize {
    call.query.integer("limit").and_then(|limit| usize::try_from(limit).ok()).unwrap_or(50)
}

/// The position of the request's cursor, which must be of this list and caller.
pub fn position(call: &Call, binding: &str) -> Result<Option<String>, Problem> {
    let key = &*call.service.keys.cursor;
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
    let next = last.map(|position| cursor::seal(&*call.service.keys.cursor, binding, &position));
    let mut response = HttpResponse::Ok();
    if let Some(cursor) = &next {
        response.insert_header((LINK, next_link(call, cursor)));
    }
    let items: Vec<Json> = items.into_iter().map(view).collect();
    response.insert_header((CACHE_CONTROL, "no-store")).json(json!({"items": items, "next_cursor": next}))
}
