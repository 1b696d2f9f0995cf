//! Giving a phone what changed in its slice.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_ENCODING};
use actix_web::{HttpRequest, HttpResponse};
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::Statement;
use kit::time::InZone;
use serde::Serialize;
use serde_json::Value as Json;
use utoipa::ToSchema;
use utoipa::openapi::{Ref, RefOr, Schema};
use uuid::Uuid;

use super::slice::Place;
use super::wire::{SyncChecksum, SyncChecksums};
use crate::exchange::changes::queries::{Change, Page};
use crate::exchange::changes::{Part, REVOKED, Window, page};
use crate::platform::access::roles::Actor;
use crate::platform::audit::PULLED_PLAIN;
use crate::platform::codes::NOT_FOUND;
use crate::platform::core::Core;
use crate::platform::http::answered::AnyObject;
use crate::platform::http::{Answer, Call, gzip};
use crate::records::closed::{is_open_to, note_read};
use crate::records::hooks::{Hooks, PlainPeople};
use crate::records::include::{self, Named};
use crate::records::list::district;
use crate::records::scope::{reached, readable};
use crate::records::view::{self, View};
use crate::records::{Kind, Record};

/// `GET /v1/sync/pull`.
pub async fn pull(call: Call) -> Answer {
    let (core, actor) = (&call.core, call.actor()?);
    let mut place = place_of(&call).await?;
    let (page, has_more) = next_of(&call, &place).await?;
    match place.change {
        Some(_) => place.changed_up_to(page.next, page.head),
        None => place.number = page.next,
    }
    // Whom each is about is asked of records.
    let record = |change: &Change| change.record.record(core, change.kind);
    let records = page.items.iter().map(record).collect::<Result<Vec<_>, _>>()?;
    // Records that left the slice are told by their ids alone.
    let told = page.items.iter().zip(&records).filter(|(change, _)| change.operation != REVOKED);
    let told: Vec<(&Kind, &Record)> = told.map(|(change, record)| (change.kind, record)).collect();
    note_read(&call, told.iter().copied()).await?;
    let standing = told.iter().filter(|(_, record)| !record.envelope.voided).copied().collect();
    let own = (call.core.ext::<Hooks>().tell_plainly)(&call, PULLED_PLAIN, standing).await?;
    let included = included(&call, &place.district_code, told, &own).await?;
    let lines = page.items.iter().zip(&records).map(|(change, record)| Line::of(&call, change, record, &own));
    let body = Pulled {
        changes: lines.collect(),
        next_cursor: place.seal(core, actor.user_id).await?,
        has_more,
        head: page.head,
        server_time: InZone(core.clock.now(), core.zone),
        included,
    };
    compressed(&call.request, &body)
}

/// Where the phone stands, with the slice that it has now.
async fn place_of(call: &Call) -> Result<Place, Problem> {
    let (core, actor) = (&call.core, call.actor()?);
    let mut place = match call.query.text("cursor") {
        Some(text) => Place::open(core, actor.user_id, text).await?,
        None => Place::begin(district(actor, &call.query)?.ok_or(NOT_FOUND)?, actor),
    };
    place.notice(actor);
    Ok(place)
}

/// Reads the records that those of a page name, where that is asked for.
async fn included(
    call: &Call,
    district_code: &str,
    told: Vec<(&Kind, &Record)>,
    own: &PlainPeople,
) -> Result<Option<Json>, Problem> {
    if !include::is_asked(&call.query) {
        return Ok(None);
    }
    let mut named = Named::default();
    told.into_iter().for_each(|(kind, record)| named.note_record(kind, record));
    include::included(call, district_code, named, own).await.map(Some)
}

/// Reads the page that comes next at a phone's place, and whether there is more.
async fn next_of(call: &Call, place: &Place) -> Result<(Page, bool), Problem> {
    let (core, actor) = (&call.core, call.actor()?);
    let limit = call.query.integer("limit").unwrap_or(200);
    let kinds: Vec<&'static Kind> = core.kinds().kinds().filter(|kind| is_open_to(call, kind)).collect();
    let window =
        |since| Window { district_code: place.district_code.clone(), since, area_code: None, limit, slice: true };
    match &place.change {
        // The slice changed: what it gained and lost, up to the newest number. What is written meanwhile moves
        // up and is met there, so nothing that was given is forgotten. Then on from where the phone stood.
        Some(change) => {
            let whole = Actor { grants: place.grants.clone(), ..actor.clone() };
            let mut any = whole.clone();
            any.grants.extend(change.passed.iter().cloned());
            let parts = [Part::Gained(&whole), Part::Lost(&any)];
            Ok((page(core, actor, &kinds, &window(change.done), &parts).await?, true))
        }
        None => {
            let page = page(core, actor, &kinds, &window(place.number), &Part::STATE).await?;
            let has_more = page.next < page.head;
            Ok((page, has_more))
        }
    }
}

/// A page of the slice.
#[derive(Serialize, ToSchema)]
#[schema(as = SyncPage)]
pub struct Pulled<'a> {
    /// In ledger order.
    #[schema(max_items = 1_000)]
    changes: Vec<Line<'a>>,
    /// To go on with.
    #[schema(required, value_type = Option<String>, max_length = 8_000)]
    next_cursor: String,
    /// Whether there is more now.
    has_more: bool,
    /// The district's newest number.
    #[schema(required, value_type = Option<i64>, minimum = 0)]
    head: i64,
    /// The server's clock.
    #[schema(required, value_type = Option<DateTime<Utc>>)]
    server_time: InZone,
    /// With `include`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, schema_with = schema_of_included)]
    included: Option<Json>,
}

fn schema_of_included() -> RefOr<Schema> {
    Ref::from_schema_name(include::SCHEMA).into()
}

/// A change of the slice.
#[derive(Serialize, ToSchema)]
#[schema(as = SyncChange)]
struct Line<'a> {
    /// The kind.
    #[schema(required, value_type = Option<String>, max_length = 60)]
    kind: &'static str,
    /// The record.
    #[schema(required, value_type = Option<Uuid>)]
    id: Uuid,
    /// upsert, void or access_revoked.
    #[schema(required, value_type = Option<String>, max_length = 20)]
    op: &'static str,
    /// Its number.
    #[schema(required, value_type = Option<i64>, minimum = 0)]
    change_no: i64,
    /// Its revision.
    #[schema(required, minimum = 0)]
    revision: Option<i64>,
    /// Of the caller's own cases (he supervises it or has a duty of it): `id`, `name`, `phone`, `address` plainly;
    /// null of all others. Each pull that tells somebody is audited.
    #[schema(required, inline, value_type = Option<AnyObject>)]
    person: Option<&'a Json>,
    /// The record, masked; null where access was revoked.
    #[schema(required, inline, value_type = Option<AnyObject>)]
    record: Option<View<'a>>,
}

impl<'a> Line<'a> {
    fn of(call: &'a Call, change: &Change, record: &'a Record, own: &'a PlainPeople) -> Self {
        let (kind, envelope) = (change.kind, &record.envelope);
        let op = match change.operation {
            REVOKED => REVOKED,
            _ if envelope.voided => "void",
            _ => "upsert",
        };
        let seen = op != REVOKED;
        Self {
            kind: kind.name,
            id: envelope.id,
            op,
            change_no: change.number,
            revision: seen.then_some(envelope.revision),
            person: own.of_record(record).filter(|_| op == "upsert"),
            record: seen.then(|| view::record(&call.core, kind, record, call.language)),
        }
    }
}

/// JSON, gzipped for whoever asks: a phone pays for every byte.
fn compressed(request: &HttpRequest, body: &impl Serialize) -> Answer {
    let mut response = HttpResponse::Ok();
    response.insert_header((CACHE_CONTROL, "no-store"));
    if !gzip::is_accepted(request) {
        return Ok(response.json(body));
    }
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    serde_json::to_writer(&mut encoder, body).map_err(Problem::internal)?;
    let bytes = encoder.finish().map_err(Problem::internal)?;
    Ok(response.insert_header((CONTENT_ENCODING, "gzip")).content_type("application/json").body(bytes))
}

/// `POST /v1/sync/checksum`: how many records of each kind the slice holds, and a sum over their ids and
/// revisions, so that a phone finds drift without pulling all.
pub async fn checksum(call: Call) -> Answer {
    let (core, actor) = (&call.core, call.actor()?);
    let form = call.form(super::wire::CHECKSUM).await?;
    let district_code = district(actor, &form)?.ok_or(NOT_FOUND)?;
    let wanted = form.codes("kinds");
    let readable = |kind: &&'static Kind| actor.holds(kind.readers) && is_open_to(&call, kind);
    let kinds = core.kinds().kinds().filter(readable);
    let sums = kinds
        .filter(|kind| wanted.is_empty() || wanted.contains(&kind.name))
        .map(|kind| sum_of(actor, &district_code, kind));
    let rows = match sums.reduce(|all, sum| all.sql(" UNION ALL ").then(sum)) {
        Some(statement) => core.database.read(&statement).await?,
        None => Vec::new(),
    };
    let kinds = rows.into_iter().filter_map(|row| checksum_of(core, row)).collect();
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(SyncChecksums { kinds }))
}

/// The sum of a kind in the caller's slice: a part of the one statement that asks all of them.
fn sum_of(actor: &Actor, district_code: &str, kind: &'static Kind) -> Statement {
    let statement = Statement::new(format!(
        "SELECT '{0}' AS kind, count(*) AS count, max(r.change_no) AS last_no, \
         bit_xor(('x' || left(encode(sha256(convert_to(r.id::text || ':' || r.revision::text, 'UTF8')), 'hex'), 16))::bit(64)::bigint) AS sum \
         FROM {0} AS r WHERE r.district_code = ",
        kind.name
    ))
    .text(district_code)
    .sql(" AND NOT r.voided AND ");
    let statement = readable("r", statement, actor, kind);
    match kind.rules.pulled_by_area() {
        true => reached("r", statement.sql(" AND "), actor, kind.readers, true),
        false => statement,
    }
}

fn checksum_of(core: &Core, mut row: Row) -> Option<SyncChecksum> {
    let kind = core.kinds().kind(&row.text("kind")?)?;
    let sum = row.integer("sum").unwrap_or_default();
    Some(SyncChecksum {
        kind: kind.name,
        count: row.integer("count"),
        last_change_no: row.integer("last_no"),
        checksum: hex::encode(sum.to_be_bytes()),
    })
}
