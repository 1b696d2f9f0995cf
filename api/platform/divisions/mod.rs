//! Administrative divisions in two editions: what an area code means, and where an abolished one
//! leads. The binary carries the data; it is loaded into the database at start and kept in memory.

pub mod away;
pub mod each;
mod geojson;
mod geometry;
pub mod listed;
mod live;
mod load;
pub mod tree;

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, LINK};
use kit::cursor;
use kit::field::{Field, Shape, free_text};
use kit::problem::Problem;
use kit::text::Text;
pub use live::{LiveDivisions, follow, refresh};
pub use load::load;
use serde_json::json;

use self::tree::Division;
use crate::platform::access::keys::KeyScope;
use crate::platform::codes::NOT_FOUND;
use crate::platform::http::page::{CURSOR, LIMIT, Page, next_link};
use crate::platform::http::{Access, Answer, Call, Operation};

static EDITION: Field = Field::new(
    "edition",
    Shape::Integer { min: 2000, max: 2100 },
    Text::new("Edition", "版本"),
    "Edition: 2019 or 2023; the current one by default.",
);
static PARENT: Field =
    Field::new("parent", Shape::Area, Text::new("Parent", "上级"), "Only the divisions directly below this code.");
static QUESTION: Field = Field::new(
    "q",
    free_text(40),
    Text::new("Search", "搜索"),
    "Part of the name, beginning of its pinyin initials, or beginning of the code.",
);

/// The operations of this room.
pub fn operations() -> Vec<Operation> {
    let example = json!({"edition": 2023, "code": "511802005", "name": "大兴街道", "level": "township", "unit_type": "subdistrict",
        "parent_code": "511802", "as_of": "2023-06-30", "current": true, "successor_codes": [], "successors_derived": false});
    let mut operations = vec![
        Operation::new(Method::GET, "/v1/divisions", "list_divisions", list)
            .described("divisions", "List divisions", "By parent, by search, or all of an edition, ordered by code.")
            .parameters(vec![&LIMIT, &CURSOR, &EDITION, &PARENT, &QUESTION])
            .access(Access::SignedIn)
            .keys(KeyScope::Any)
            .answers::<Page<Division>>(200, "A page.", Some(json!({"items": [example], "next_cursor": null})))
            .with_headers(&["Link"]),
        Operation::new(Method::GET, "/v1/divisions/{code}", "get_division", get)
            .described("divisions", "Get a division", "In the current edition where it is there, else in the newest that has it, or in the edition asked for.")
            .parameters(vec![&EDITION])
            .access(Access::SignedIn)
            .keys(KeyScope::Any)
            .answers::<Division>(200, "The division.", Some(example)),
    ];
    operations.extend(geometry::operations());
    operations
}

fn edition(call: &Call) -> Option<i16> {
    call.query.integer("edition").and_then(|edition| i16::try_from(edition).ok())
}

async fn get(call: Call) -> Answer {
    let found = call.core.divisions.find(call.path_text("code")?, edition(&call)).ok_or(NOT_FOUND)?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "private, max-age=300")).json(found))
}

async fn list(call: Call) -> Answer {
    let limit = usize::try_from(call.query.integer("limit").unwrap_or(50)).map_err(Problem::internal)?;
    let binding = format!("divisions|{:?}|{:?}|{:?}", edition(&call), call.query.text("parent"), call.query.text("q"));
    let key = &*call.core.keys.cursor;
    let after =
        call.query.text("cursor").map(|text| cursor::open(key, &binding, text)).transpose()?.unwrap_or_default();
    let mut items: Vec<&Division> = matching(&call).into_iter().filter(|division| division.code > after).collect();
    items.sort_by(|one, other| one.code.cmp(&other.code));
    let more = items.len() > limit;
    items.truncate(limit);
    let next_cursor = items.last().filter(|_| more).map(|last| cursor::seal(key, &binding, &last.code));
    let mut response = HttpResponse::Ok();
    if let Some(cursor) = &next_cursor {
        response.insert_header((LINK, next_link(&call, cursor)));
    }
    Ok(response.insert_header((CACHE_CONTROL, "private, max-age=300")).json(Page::new(items, next_cursor)))
}

fn matching(call: &Call) -> Vec<&Division> {
    let divisions = &call.core.divisions;
    let wanted = edition(call).unwrap_or_else(|| divisions.current_edition());
    let (parent, question) = (call.query.text("parent"), call.query.text("q"));
    let found = match (parent, question) {
        (Some(parent), _) => divisions.children(parent, Some(wanted)),
        (None, Some(question)) => divisions.search(question, Some(wanted)),
        (None, None) => divisions.rows().iter().map(AsRef::as_ref).collect(),
    };
    let named: Option<Vec<&str>> = question.filter(|_| parent.is_some()).map(|question| {
        divisions.search(question, Some(wanted)).iter().map(|division| division.code.as_str()).collect()
    });
    let keeps = |division: &&Division| {
        division.edition == wanted && named.as_ref().is_none_or(|codes| codes.contains(&division.code.as_str()))
    };
    found.into_iter().filter(keeps).collect()
}
