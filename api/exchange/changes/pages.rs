//! A page of changes in JSON.

use kit::cell_json::JsonWriter;
use kit::problem::Problem;
use kit::text::Language;
use kit::time::InZone;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::epoch;
use super::parts::REVOKED;
use super::queries::{Change, Page};
use super::shared::Asked;
use crate::platform::core::Core;
use crate::platform::http::answered::AnyObject;
use crate::records::parameters::ALL_MEMBERS;
use crate::records::row_view::RowWriting;

/// Bytes that a change takes, about.
const EACH: usize = 1_300;

/// Writes a page.
pub async fn write(asked: &Asked<'_>, page: &Page) -> Result<Vec<u8>, Problem> {
    let next_since = epoch::since_of(asked.core, &asked.window.district_code, page.next).await?;
    let frame = Feed { items: Vec::new(), next: page.next, next_since, head: page.head };
    let frame = serde_json::to_string(&frame).map_err(Problem::internal)?;
    // The text around the items, which come first.
    let (head, tail) = frame.split_once(']').ok_or_else(|| Problem::internal("a page has no items"))?;
    let mut writer = JsonWriter::with_room(EACH * (page.items.len() + 1), asked.core.zone);
    writer.raw(head);
    for (index, change) in page.items.iter().enumerate() {
        writer.raw(if index > 0 { "," } else { "" });
        write_change(asked, change, &mut writer)?;
    }
    writer.raw("]");
    writer.raw(tail);
    Ok(writer.into_bytes())
}

/// Writes a change. Its record comes last, straight from its row, where the rest has null for it.
pub fn write_change(asked: &Asked<'_>, change: &Change, writer: &mut JsonWriter) -> Result<(), Problem> {
    write_item(asked.core, asked.language, change, Content::Record, writer)
}

/// How much of a change is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// With the record.
    Record,
    /// Without it: which one it is, and what became of it.
    Thin,
}

/// Writes a change for whoever it is told to.
pub fn write_item(
    core: &Core,
    language: Language,
    change: &Change,
    content: Content,
    writer: &mut JsonWriter,
) -> Result<(), Problem> {
    const NO_RECORD: &str = "null}";
    const NO_MEMBER: &str = ",\"record\":null}";
    let kind = change.kind;
    writer.serialize(&Item::of(core, change)?).map_err(Problem::internal)?;
    if content == Content::Thin {
        writer.truncate(writer.len() - NO_MEMBER.len());
        writer.raw("}");
    } else if change.operation != REVOKED {
        writer.truncate(writer.len() - NO_RECORD.len());
        RowWriting { core, kind, language, plain: false, members: &ALL_MEMBERS }.write(&change.record, writer)?;
        writer.raw("}");
    }
    Ok(())
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
    // The last member: [`write_change`] puts the record in its place.
    #[schema(required, inline, value_type = Option<AnyObject>)]
    record: (),
}

impl<'a> Item<'a> {
    /// A change as it is told, without its record.
    fn of(core: &Core, change: &'a Change) -> Result<Self, Problem> {
        let (kind, record) = (change.kind, &change.record);
        let seen = change.operation != REVOKED;
        Ok(Self {
            change_no: change.number,
            seq: kind.sequence,
            kind: kind.name,
            id: record.id,
            revision: record.revision,
            op: change.operation,
            area_code: if seen { Some(record.area_code()?) } else { None },
            recorded_at: InZone(record.revised_at()?, core.zone),
            record: (),
        })
    }
}
