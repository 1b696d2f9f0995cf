//! Changes: what a district's ledger took, in order, for whoever follows it.
//!
//! One item a revision, as it was then, masked, within the caller's scope, ordered by (change_no, seq);
//! a number is never split between pages. Nothing is missed or repeated, however many write: numbers
//! are given in commit order, and a page never reaches beyond a head that was read before it.

mod epoch;
pub mod fill;
mod followers;
pub mod index;
mod pages;
mod parts;
pub mod queries;
mod shared;
pub mod stream;
mod watch;

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, ContentType};
use kit::catalogue::{Code, FaultCode};
use kit::field::{Field, Shape};
use kit::problem::Problem;
use kit::text::Text;
use serde_json::json;

use self::epoch::Since;
pub use self::epoch::{chain_at, was_restored};
use self::pages::Feed;
pub use self::pages::{Content, write_item};
pub use self::parts::{Part, REVOKED};
pub use self::queries::{Change, LedgerHead, Window, head, newest, page};
use self::shared::{Asked, Form};
pub use self::watch::watch_heads;
use crate::exchange::codes::RESYNC_REQUIRED;
use crate::platform::access::Role;
use crate::platform::access::keys::KeyScope;
use crate::platform::codes::{DISTRICT_REQUIRED, NOT_FOUND};
use crate::platform::http::{Access, Answer, Call, Operation, fault};
use crate::records::list::{LIMIT, district};
use crate::records::parameters::name_of_a_kind;
use crate::records::{Kind, Registry};

static SINCE: Field = Field::new(
    "since",
    Shape::Text { min: 1, max: 50, pattern: Some(epoch::PATTERN) },
    Text::new("Since", "起始编号"),
    "Only changes beyond this: `next_since` of the page before; 0 for all. A bare number is taken while the database was never restored: `next_since` tells 410 also where the ledger has passed it again.",
);
/// The parameter that names kinds. Made once at start, it lives as long as the process.
fn kinds_field(kinds: &Registry) -> &'static Field {
    let name = name_of_a_kind(kinds);
    let pattern: &str = Box::leak(format!("{name}(?:,{name})*").into_boxed_str());
    Box::leak(Box::new(Field::new(
        "kinds",
        Shape::Text { min: 1, max: 1_000, pattern: Some(pattern) },
        Text::new("Kinds", "类型"),
        "Kinds of records, separated by commas; all that the caller reads by default.",
    )))
}
static AREA: Field = Field::new("area_code", Shape::Area, Text::new("Area", "区划"), "That area and all below.");
static WAIT: Field = Field::new(
    "wait",
    Shape::Integer { min: 0, max: 30 },
    Text::new("Wait (s)", "等待(秒)"),
    "Where there is nothing, wait so many seconds for something.",
);
static DISTRICT: Field = Field::new(
    "district_code",
    Shape::Text { min: 6, max: 6, pattern: Some("[0-9]{6}") },
    Text::new("District", "区县"),
    "Needed only by callers with several districts.",
);

/// The operations of this room.
pub fn operations(kinds: &Registry) -> Vec<Operation> {
    let kinds = kinds_field(kinds);
    let head = json!({"district_code": "511802", "head": 42, "since": "42.9f2c4e11d0a3b7586e1f2a90", "digest": "9f2c4e", "advanced_at": "2020-02-02T08:30:05+08:00"});
    vec![
        Operation::new(Method::GET, "/v1/changes", "list_changes", list)
            .described("changes", "Follow the changes", "What the district's ledger took beyond a number, in order; with `wait` it answers when there is something.")
            .access(Access::Roles(Role::ALL))
            .keys(KeyScope::Read)
            .uncounted()
            .parameters(vec![&SINCE, kinds, &AREA, &LIMIT, &WAIT, &DISTRICT])
            .answers::<Feed>(200, "A page; ask again with `since` = `next_since`.", Some(json!({"items": [], "next": 42, "next_since": "42.9f2c4e11d0a3b7586e1f2a90", "head": 42})))
            .problems(&[DISTRICT_REQUIRED, NOT_FOUND, RESYNC_REQUIRED]),
        Operation::new(Method::GET, "/v1/changes/stream", "stream_changes", stream::stream)
            .described("changes", "Follow the changes as events", "The same as Server-Sent Events (`event: change`), pushed as they are written; resumed by `Last-Event-ID`. A ping every 15 seconds. Ends when the token does; come again with a new one. At most five a caller.")
            .access(Access::Roles(Role::ALL))
            .keys(KeyScope::Read)
            .uncounted()
            .parameters(vec![&SINCE, kinds, &AREA, &DISTRICT])
            .headers(&["Last-Event-ID"])
            .answers_nothing(200, "The events.")
            .as_files(vec!["text/event-stream"])
            .problems(&[DISTRICT_REQUIRED, NOT_FOUND, Code::LEDGER_UNAVAILABLE]),
        Operation::new(Method::GET, "/v1/ledger/head", "get_ledger_head", head_of)
            .described("changes", "Get the ledger's head", "The newest number of a district and the head of its chain: keep it elsewhere, and nobody can rewrite what stands before it unnoticed.")
            .access(Access::Roles(Role::ALL))
            .keys(KeyScope::Read)
            .parameters(vec![&DISTRICT])
            .answers::<LedgerHead>(200, "The head.", Some(head))
            .problems(&[DISTRICT_REQUIRED, NOT_FOUND, Code::LEDGER_UNAVAILABLE]),
    ]
}

async fn list(call: Call) -> Answer {
    let kinds = kinds(&call)?;
    let since = Since::read(call.query.text("since").unwrap_or("0"))?;
    let window = Window {
        slice: false,
        district_code: district(call.actor()?, &call.query)?.ok_or(NOT_FOUND)?,
        since: since.number,
        area_code: call.query.text("area_code").map(str::to_owned),
        limit: call.query.integer("limit").unwrap_or(50),
    };
    since.require(&call.core, &window.district_code).await?;
    let asked = Asked {
        core: &call.core,
        actor: call.actor()?,
        kinds: &kinds,
        window: &window,
        language: call.language,
        form: Form::Page,
    };
    let mut page = asked.piece().await?;
    if window.since > page.head {
        // A ledger doesn't shrink: it was restored to an earlier time, and its numbers are given again.
        return Err(RESYNC_REQUIRED.into());
    }
    let wait = Duration::from_secs(call.query.integer("wait").and_then(|wait| u64::try_from(wait).ok()).unwrap_or(0));
    if page.is_empty && page.next >= page.head && !wait.is_zero() {
        call.turn().extend(wait);
        // New changes may be out of scope: then the page is empty again and the caller asks anew.
        let _ = tokio::time::timeout(wait, call.core.ledger.heads().beyond(&window.district_code, page.head)).await;
        page = asked.piece().await?;
    }
    let response = HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .content_type(ContentType::json())
        .body(page.body.clone());
    Ok(response)
}

/// The kinds asked for, of those that the caller reads. A closed room is followed by nobody: phones of its own role pull it.
fn kinds(call: &Call) -> Result<Vec<&'static Kind>, Problem> {
    let actor = call.actor()?;
    let readable = || call.core.kinds().kinds().filter(|kind| actor.holds(kind.readers) && !kind.closed);
    let Some(names) = call.query.text("kinds") else { return Ok(readable().collect()) };
    let mut kinds = Vec::new();
    for name in names.split(',') {
        let known = call.core.kinds().kind(name.trim()).ok_or_else(|| fault("?kinds", FaultCode::BAD_PARAMETER))?;
        if actor.holds(known.readers) && !known.closed && !kinds.iter().any(|kind: &&Kind| kind.name == known.name) {
            kinds.push(known);
        }
    }
    Ok(kinds)
}

async fn head_of(call: Call) -> Answer {
    let district_code = district(call.actor()?, &call.query)?.ok_or(NOT_FOUND)?;
    let head = queries::head(&call.core, &district_code).await?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(head))
}
