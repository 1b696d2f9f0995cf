//! A page of changes in JSON.

use kit::problem::Problem;
use kit::text::Language;
use kit::time::InZone;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::epoch;
use super::queries::{Change, Page};
use super::shared::Asked;
use crate::platform::core::Core;
use crate::platform::http::answered::AnyObject;
use crate::records::view::{self, View};

/// Bytes that a change takes, about.
const EACH: usize = 1_300;

/// Writes a page.
pub async fn write(asked: &Asked<'_>, page: &Page) -> Result<Vec<u8>, Problem> {
    let next_since = epoch::since_of(asked.core, &asked.window.district_code, page.next).await?;
    let items = page.items.iter().map(|change| Item::of(asked.core, change, asked.language)).collect();
    let feed = Feed { items, next: page.next, next_since, head: page.head };
    let mut body = Vec::with_capacity(EACH * (page.items.len() + 1));
    serde_json::to_writer(&mut body, &feed).map_err(Problem::internal)?;
    Ok(body)
}

/// A page of changes.
#[derive(Serialize, ToSchema)]
#[schema(as = ChangePage)]
pub struct Feed<'a> {
    /// Ordered by change_no and seq.
    #[schema(max_items = 1_000)]
    items: Vec<Item<'a>>,
    /// All changes up to this number were given.
    #[schema(minimum = 0)]
    next: i64,
    /// Ask for changes since this next: the number, and the chain's head there.
    #[schema(max_length = 50)]
    next_since: String,
    /// The district's newest number when the page was read.
    #[schema(minimum = 0)]
    head: i64,
}

/// One revision that the ledger took. What left the caller's scope is only named.
#[derive(Serialize, ToSchema)]
#[schema(as = Change, description = "One revision that the ledger took.")]
pub struct Item<'a> {
    /// Its number in the district's ledger.
    #[schema(minimum = 0)]
    change_no: i64,
    /// Its place among changes of one number: a person introduced by a record comes before it.
    #[schema(minimum = 0, maximum = 100)]
    seq: i16,
    /// The kind of record.
    #[schema(max_length = 40)]
    kind: &'static str,
    /// The record.
    id: Uuid,
    /// The revision.
    #[schema(minimum = 0)]
    revision: i64,
    /// create, amend (restoring, too), void or access_revoked: the record left the caller's scope.
    #[schema(max_length = 20)]
    op: &'a str,
    /// Where the record belongs in this revision.
    #[schema(required, max_length = 20)]
    area_code: Option<&'a str>,
    /// When the ledger took it.
    #[schema(value_type = DateTime<Utc>)]
    recorded_at: InZone,
    /// The record in this revision, masked; its schema is its kind's.
    #[schema(required, inline, value_type = Option<AnyObject>)]
    record: Option<View<'a>>,
}

impl<'a> Item<'a> {
    /// A change as it is told.
    pub fn of(core: &'a Core, change: &'a Change, language: Language) -> Self {
        let (kind, envelope) = (change.kind, &change.record.envelope);
        let seen = change.operation != "access_revoked";
        Self {
            change_no: change.number,
            seq: kind.sequence,
            kind: kind.name,
            id: envelope.id,
            revision: envelope.revision,
            op: change.operation,
            area_code: seen.then_some(envelope.area_code.as_str()),
            recorded_at: InZone(envelope.revised_at, core.zone),
            record: seen.then(|| view::record(core, kind, &change.record, language)),
        }
    }
}
