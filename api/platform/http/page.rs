//! Pages of a list that is no list of records.

use std::borrow::Cow;

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, LINK};
use kit::cursor;
use kit::field::{Field, Shape};
use kit::problem::Problem;
use kit::text::Text;
use kit::value::Values;
use serde::Serialize;
use serde_json::Value as Json;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::Call;
use super::answered::{AnyObject, told};
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
pub fn answer<T, V: Serialize>(
    call: &Call,
    binding: &str,
    mut items: Vec<T>,
    position: impl Fn(&T) -> String,
    view: impl Fn(T) -> V,
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
    let items = items.into_iter().map(view).collect();
    response.insert_header((CACHE_CONTROL, "no-store")).json(Page::new(items, next))
}

/// The link to the next page: this request with another cursor.
pub fn next_link(call: &Call, cursor: &str) -> String {
    let others = call.request.query_string().split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("cursor="));
    let query: Vec<&str> = others.collect();
    let separator = if query.is_empty() { "" } else { "&" };
    format!("<{}?{}{separator}cursor={cursor}>; rel=\"next\"", call.request.path(), query.join("&"))
}

/// A page of a list.
#[derive(Serialize, ToSchema)]
struct Members<T> {
    /// The items, the newest first where they have a time.
    #[schema(max_items = 500)]
    items: Vec<T>,
    /// Where the next page begins; null at the end.
    #[schema(required, max_length = 500)]
    next_cursor: Option<String>,
}

/// A page of items, under the name of their schema, `UserPage`; of lines under that of the whole, `AuditPage`.
#[derive(Serialize)]
#[serde(transparent)]
pub struct Page<T>(Members<T>);

impl<T> Page<T> {
    /// A page of these items, and where the next one begins.
    pub fn new(items: Vec<T>, next_cursor: Option<String>) -> Self {
        Self(Members { items, next_cursor })
    }
}

impl<T: ToSchema> PartialSchema for Page<T> {
    fn schema() -> RefOr<Schema> {
        Members::<T>::schema()
    }
}

impl<T: ToSchema> ToSchema for Page<T> {
    fn name() -> Cow<'static, str> {
        let item = T::name();
        format!("{}Page", item.strip_suffix("Line").unwrap_or(&item)).into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((T::name().into_owned(), T::schema()));
        T::schemas(schemas);
    }
}

/// The schema of a page of items of which no type tells.
pub fn schema(item: &Json) -> Json {
    let mut page = told(&Members::<AnyObject>::schema());
    if let Some(items) = page.pointer_mut("/properties/items/items") {
        *items = item.clone();
    }
    page
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
