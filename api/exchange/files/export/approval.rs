//! Plain values of few people are given for a purpose; of more than that only where a second person agreed
//! ([`crate::exchange::export_requests`]). Whoever takes them, when, why and under which number stands in every row.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use kit::field::Privacy;
use kit::ids::new_id;
use kit::json::put;
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::text::Language;
use kit::time::format_instant;
use kit::value::Value;
use uuid::Uuid;

use super::stream::Export;
use crate::exchange::export_requests;
use crate::platform::audit::EXPORTED_PLAIN;
use crate::platform::http::Call;
use crate::platform::privacy::PURPOSE;
use crate::records::codes::APPROVAL_REQUIRED;
use crate::records::record_row::records;
use crate::records::{Kind, Record};

/// Plain values of so many people at most are given on one's own, in a day and in all files together.
const MOST_PEOPLE: usize = 200;
const PERIOD: TimeDelta = TimeDelta::days(1);
/// The column of the mark.
pub const MARK: [&str; 2] = ["export_mark", "导出标记"];

/// Marks a file of plain values, and demands an agreement where it is of too many.
pub async fn approve(call: &Call, export: &mut Export) -> Result<(), Problem> {
    if !export.plain {
        return Ok(());
    }
    let (number, reason) = match call.query.id("export_request_id") {
        Some(id) => {
            let approved = export_requests::take(call, export.kind.name, export.as_of, id).await?;
            put(&mut export.told.details, "export_request_id", id.to_string());
            (approved.id, Some(approved.reason))
        }
        None => {
            require_few(call, export).await?;
            (new_id(), None)
        }
    };
    put(&mut export.told.details, "number", number.to_string());
    export.mark = Some(mark(call, export, number, reason)?);
    Ok(())
}

/// Person a record tells of: the one it names, or the record's own id where it says who somebody is.
pub fn person_of(kind: &Kind, record: &Record) -> Option<Uuid> {
    let is_personal = || kind.fields.iter().any(|field| matches!(field.privacy, Privacy::Masked(_)));
    match kind.is_people() {
        true => Some(record.envelope.id),
        false => record.values.id("person_id").or_else(|| is_personal().then_some(record.envelope.id)),
    }
}

/// The reference to the person a record tells of, where it isn't its own.
pub fn subject_field(kind: &Kind) -> Option<&'static str> {
    let field = kind.field("person_id").filter(|_| !kind.is_people());
    field.map(|field| field.name)
}

async fn require_few(call: &Call, export: &Export) -> Result<(), Problem> {
    let mut people = told_lately(call).await?;
    let mut after = export.start(call).await?;
    loop {
        let page = export.read(after).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.position());
        let records = records(&export.core, export.kind, &page)?;
        people.extend(records.iter().filter_map(|record| person_of(export.kind, record)));
        if people.len() > MOST_PEOPLE {
            return Err(APPROVAL_REQUIRED.into());
        }
    }
}

/// Finds the people shown unmasked to the caller in files of the last day, without anybody's agreement.
async fn told_lately(call: &Call) -> Result<BTreeSet<Uuid>, Problem> {
    let since = call.core.clock.now() - PERIOD;
    let statement = Statement::new("SELECT DISTINCT p.id FROM audit_log AS a, jsonb_array_elements_text(a.details->'people') AS p(id) WHERE a.verb = ")
        .text(EXPORTED_PLAIN)
        .sql(" AND a.actor_id = ")
        .id(call.actor()?.user_id)
        .sql(" AND a.occurred_at > ")
        .bind(ColumnType::Instant, Value::Instant(since))
        .sql(" AND a.details->>'export_request_id' IS NULL LIMIT ")
        .integer(i64::try_from(MOST_PEOPLE + 1).unwrap_or(i64::MAX));
    let rows = call.core.database.read(&statement).await?;
    Ok(rows.into_iter().filter_map(|mut row| row.text("id")?.parse().ok()).collect())
}

/// Makes the mark of a file: who took it, when, why, and its number.
fn mark(call: &Call, export: &Export, number: Uuid, reason: Option<String>) -> Result<String, Problem> {
    let actor = call.actor()?;
    let at = format_instant(call.core.clock.now(), call.core.zone);
    let code = call.query.text("purpose").unwrap_or_default();
    let word = PURPOSE.words.iter().find(|word| word.code == code);
    let purpose = word.map_or(code, |word| word.label.in_language(export.header_language));
    let why = reason.map_or_else(|| purpose.to_owned(), |reason| format!("{purpose}:{reason}"));
    Ok(match export.header_language {
        Language::Chinese => format!("导出编号 {number};{}({});{at};{why}", actor.display_name, actor.username),
        Language::English => format!("export {number}; {} ({}); {at}; {why}", actor.display_name, actor.username),
    })
}
