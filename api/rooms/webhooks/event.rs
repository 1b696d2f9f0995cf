//! Letters: the feed's own items, one an event or several, within bounds.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use kit::cell_json::JsonWriter;
use kit::columns;
use kit::problem::Problem;
use kit::statement::Statement;
use kit::text::Language;
use kit::time::format_instant;
use serde_json::json;

use super::endpoint::{Endpoint, Mark, WebhookPayload};
use crate::exchange::changes::{Change, Content, write_item};
use crate::platform::core::Core;
use crate::rooms::duties::{DUTIES, DutyState, wire};

/// Bytes of a request at most. What is larger is sent alone, thin.
const MOST_BYTES: usize = 256 * 1_024;
/// Bytes that stand around a batch's items, about.
const AROUND: usize = 512;

/// A change that is told.
pub struct Told {
    pub change: Change,
    /// The event in the record's life: `created`.
    pub event: &'static str,
}

impl Told {
    /// A change, by what it does.
    pub async fn of(core: &Core, district_code: &str, change: Change) -> Result<Self, Problem> {
        let event = match change.operation {
            "create" => "created",
            "void" => "voided",
            "amend" if became_missed(core, district_code, &change).await? => "missed",
            "amend" => "amended",
            other => other,
        };
        Ok(Self { change, event })
    }
}

columns! {
    STATE "state": DutyState;
}

/// Whether it is the amendment by which a duty became a missed one.
async fn became_missed(core: &Core, district_code: &str, change: &Change) -> Result<bool, Problem> {
    let is_missed = |state: Option<&str>| state == Some(DutyState::Missed.code());
    if change.kind.name != DUTIES.name || !is_missed(change.record.text_in(wire::STATE.name())) {
        return Ok(false);
    }
    let former = Statement::new(format!(
        "SELECT body->>'{}' AS state FROM record_revisions WHERE district_code = ",
        wire::STATE.name()
    ))
    .text(district_code)
    .sql(" AND kind = ")
    .text(DUTIES.name)
    .sql(" AND id = ")
    .id(change.record.id)
    .sql(" AND revision = ")
    .integer(change.record.revision - 1)
    .seeing_district(district_code);
    let row = core.database.read(&former).await?.into_iter().next();
    Ok(row.is_some_and(|mut row| !is_missed(row.get(&STATE).map(DutyState::code))))
}

/// Message of one request.
pub struct Letter {
    /// Its id, the same whenever these changes are sent.
    pub id: String,
    /// The very bytes.
    pub body: Vec<u8>,
    /// The numbers told.
    pub change_nos: Vec<i64>,
    /// How many changes it tells.
    pub taken: usize,
}

/// The id of an event: of its first change. The record is part of it, as one number may tell of several.
fn id_of(district_code: &str, mark: &Mark) -> String {
    format!("evt_{district_code}_{}_{}_{}", mark.number, mark.seq, mark.id.simple())
}

/// The letter of the first of these changes, none beyond `until` where a batch is under way.
pub fn letter(
    core: &Core,
    endpoint: &Endpoint,
    told: &VecDeque<Told>,
    until: Option<&Mark>,
) -> Result<Option<Letter>, Problem> {
    let Some(first) = told.front() else { return Ok(None) };
    let most = usize::try_from(endpoint.settings.batch).map_err(Problem::internal)?;
    let (mut items, mut size, mut change_nos, mut taken) = (Vec::new(), AROUND, Vec::new(), 0);
    for one in told.iter().take(most) {
        if until.is_some_and(|until| Mark::of(&one.change) > *until) {
            break;
        }
        let item = match item(core, endpoint, one)? {
            item if size + item.len() <= MOST_BYTES => item,
            _ if taken > 0 => break,
            _ => written(core, one, Content::Thin)?,
        };
        size += item.len() + 1;
        items.push(item);
        taken += 1;
        if change_nos.last() != Some(&one.change.number) {
            change_nos.push(one.change.number);
        }
    }
    let last_no = change_nos.last().copied().unwrap_or_default();
    let is_cut = told.get(taken).is_some_and(|next| next.change.number == last_no);
    let timestamp = format_instant(first.change.record.revised_at()?, core.zone);
    let body = if most == 1 {
        let kind = format!("{}.{}", first.change.kind.name, first.event);
        head(&kind, &timestamp, &items.concat(), "")
    } else {
        let next = format!("],\"next\":{}}}", if is_cut { last_no - 1 } else { last_no });
        head("changes.batch", &timestamp, &format!("{{\"items\":[{}", items.join(",")), &next)
    };
    let id = id_of(&endpoint.district_code, &Mark::of(&first.change));
    Ok((taken > 0).then(|| Letter { id, body: body.into_bytes(), change_nos, taken }))
}

fn head(kind: &str, timestamp: &str, data: &str, tail: &str) -> String {
    format!("{{\"type\":\"{kind}\",\"timestamp\":\"{timestamp}\",\"data\":{data}{tail}}}")
}

fn item(core: &Core, endpoint: &Endpoint, told: &Told) -> Result<String, Problem> {
    let content = match endpoint.settings.payload {
        WebhookPayload::Thin => Content::Thin,
        WebhookPayload::Full => Content::Record,
    };
    written(core, told, content)
}

fn written(core: &Core, told: &Told, content: Content) -> Result<String, Problem> {
    let mut writer = JsonWriter::with_room(512, core.zone);
    write_item(core, Language::Chinese, &told.change, content, &mut writer)?;
    String::from_utf8(writer.into_bytes()).map_err(Problem::internal)
}

/// A test: told apart from events by its type.
pub fn test(core: &Core, endpoint: &Endpoint, id: String, now: DateTime<Utc>) -> Letter {
    let timestamp = format_instant(now, core.zone);
    let body = json!({"type": "webhook.test", "timestamp": timestamp, "data": {"endpoint_id": endpoint.id}});
    Letter { id, body: body.to_string().into_bytes(), change_nos: Vec::new(), taken: 0 }
}
