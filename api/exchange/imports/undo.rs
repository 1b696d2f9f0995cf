//! Undoing an import: what it created is voided; what somebody amended since stays and is listed.

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use diesel_async::RunQueryDsl;
use kit::catalogue::Code;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::Statement;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::store::{self, Import};
use crate::platform::audit::system_write;
use crate::platform::http::{Answer, Call};
use crate::records::{Kind, Record, read, void};

/// Why what an import created is void; what is void for this can be loaded again.
pub const UNDONE: &str = "import undone";
/// Records voided at once.
const PAGE: i64 = 200;
/// The most ids of records left that are listed.
const MOST_LISTED: usize = 1_000;

/// `POST /v1/imports/{id}:undo`. Once more goes on where it was.
pub async fn undo(call: Call) -> Answer {
    let import = store::find(&call.core, call.actor()?, call.path_id()?).await?;
    if import.state == "running" {
        return Err(Code::StillRunning.into());
    }
    let kind = call.core.kinds().kind(&import.kind).ok_or(Code::NotFound)?;
    let (mut voided, mut left): (u64, Vec<Uuid>) = (0, Vec::new());
    let mut after = import.numbers.map_or(0, |(first, _)| first - 1);
    loop {
        let page = page(&call, kind, &import, after).await?;
        let Some(last) = page.last() else { break };
        after = last.envelope.change_no;
        call.turn().step();
        for record in page {
            match undone(&call, kind, &record).await? {
                true => voided += 1,
                false => left.push(record.envelope.id),
            }
        }
    }
    let amended = amended(&call, &import).await?;
    left.extend(amended);
    left.truncate(MOST_LISTED);
    note(&call, &import, json!({"voided": voided, "left": left.len()})).await?;
    let body = json!({"id": import.id, "state": "undone", "voided": voided, "left": left});
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(body))
}

async fn note(call: &Call, import: &Import, details: Json) -> Result<(), Problem> {
    let statement = Statement::new("UPDATE imports SET state = 'undone' WHERE district_code = ")
        .text(&import.district_code)
        .sql(" AND id = ")
        .id(import.id);
    let audit_entry = call.audit_entry("import.undo", "imports", Some(import.id), details);
    system_write(&call.core, audit_entry, async |connection| {
        statement.load::<Row>(connection).await?;
        Ok(())
    })
    .await
}

/// Records of the import that nobody touched since, in the order of their numbers.
async fn page(call: &Call, kind: &'static Kind, import: &Import, after: i64) -> Result<Vec<Record>, Problem> {
    let Some((_, last)) = import.numbers else { return Ok(Vec::new()) };
    let statement =
        Statement::new(format!("SELECT {} FROM {} AS r WHERE r.district_code = ", kind.select(), kind.name))
            .text(&import.district_code)
            .sql(" AND r.change_no > ")
            .integer(after)
            .sql(" AND r.change_no <= ")
            .integer(last)
            .sql(" AND r.revision = 1 AND NOT r.voided AND r.capture->>'source' = ")
            .text(format!("import:{}", import.id))
            .sql(" ORDER BY r.change_no LIMIT ")
            .integer(PAGE)
            .seeing_district(&import.district_code);
    read::load(&call.core, kind, &statement).await
}

/// Whether it was voided; not where it was amended this moment, or is out of the caller's reach.
async fn undone(call: &Call, kind: &'static Kind, record: &Record) -> Result<bool, Problem> {
    let if_match = kit::etag::IfMatch::Tags(vec![kit::etag::of_revision(record.envelope.revision)]);
    let id = record.envelope.id;
    match void::take_back(&call.core, call.actor()?, kind, id, &if_match, UNDONE).await {
        Ok(_) => Ok(true),
        Err(problem) if problem.code().status().is_client_error() => Ok(false),
        Err(problem) => Err(problem),
    }
}

/// Records that the import created and somebody amended since.
async fn amended(call: &Call, import: &Import) -> Result<Vec<Uuid>, Problem> {
    let Some((first, last)) = import.numbers else { return Ok(Vec::new()) };
    let statement = Statement::new("SELECT h.id FROM record_revisions AS h WHERE h.district_code = ")
        .text(&import.district_code)
        .sql(" AND h.change_no >= ")
        .integer(first)
        .sql(" AND h.change_no <= ")
        .integer(last)
        .sql(format!(" AND h.kind = '{}' AND h.revision = 1 AND h.body->'capture'->>'source' = ", import.kind))
        .text(format!("import:{}", import.id))
        .sql(format!(
            " AND EXISTS (SELECT 1 FROM {} AS r WHERE r.id = h.id AND NOT r.voided AND r.district_code = ",
            import.kind
        ))
        .text(&import.district_code)
        .sql(") ORDER BY h.change_no LIMIT 1000")
        .seeing_district(&import.district_code);
    let rows = call.core.database.read(&statement).await?;
    Ok(rows.into_iter().filter_map(|mut row| row.id("id")).collect())
}
