//! Undoing an import: what it created is voided; what somebody amended since stays and is listed.

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use diesel_async::RunQueryDsl;
use kit::field::{Field, Shape};
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::Statement;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::answer::UndoneImport;
use super::store::{self, Import};
use crate::exchange::codes::STILL_RUNNING;
use crate::platform::audit::system_write;
use crate::platform::codes::NOT_FOUND;
use crate::platform::http::{Answer, Call};
use crate::records::void;
use crate::records::{Kind, Record, read};

/// Records voided at once.
const PAGE: i64 = 200;
/// The most ids of records left that are listed.
const MOST_LISTED: usize = 1_000;

/// `POST /v1/imports/{id}:undo`. Once more goes on where it was.
pub async fn undo(call: Call) -> Answer {
    let import = store::find(&call.core, call.actor()?, call.path_id()?).await?;
    if import.state == "running" {
        return Err(STILL_RUNNING.into());
    }
    let kind = call.core.kinds().kind(&import.kind).ok_or(NOT_FOUND)?;
    let (mut voided, mut left) = take_back(&call, kind, kind, &import).await?;
    // Those whom it alone introduced go with it: nothing that stands names them any more.
    let (mut people_voided, mut people_left) = (0, Vec::new());
    for introduced in introduced(&call, kind) {
        let (gone, stay) = take_back(&call, kind, introduced, &import).await?;
        *(if introduced.is_people() { &mut people_voided } else { &mut voided }) += gone;
        people_left.extend(stay);
        people_left.extend(standing(&call, introduced, &import).await?);
    }
    left.extend(amended(&call, &import).await?);
    for list in [&mut left, &mut people_left] {
        list.sort();
        list.dedup();
        list.truncate(MOST_LISTED);
    }
    let details = json!({"voided": voided, "left": left.len(), "people_voided": people_voided});
    note(&call, &import, details).await?;
    let body = UndoneImport { id: import.id, state: "undone", voided, left, people_voided, people_left };
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(body))
}

/// Kinds whose records come inline with those of a kind, each behind what names it, and groups that a book made.
fn introduced(call: &Call, kind: &Kind) -> Vec<&'static Kind> {
    let kinds = call.core.kinds();
    let inline = |field: &Field| match field.shape {
        Shape::Inline(name, _) => kinds.kind(name),
        _ => None,
    };
    let groups = kind.rules.book().and_then(|book| kinds.kind(book.groups.kind));
    let mut all: Vec<&'static Kind> = kind.fields.iter().filter_map(inline).collect();
    // People are named by groups, which are named by what shares them.
    all.sort_by_key(|kind| kind.is_people());
    let at = all.iter().position(|kind| kind.is_people()).unwrap_or(all.len());
    all.splice(at..at, groups);
    all
}

/// Whether the server derives who its records are: a later file may have brought one of them again.
fn is_register(kind: &Kind) -> bool {
    kind.rules.identity().is_some()
}

/// Voids what an import made of a kind; answers how many, and what it couldn't.
async fn take_back(
    call: &Call,
    kind: &'static Kind,
    of_kind: &'static Kind,
    import: &Import,
) -> Result<(u64, Vec<Uuid>), Problem> {
    let (mut voided, mut left): (u64, Vec<Uuid>) = (0, Vec::new());
    let mut after = import.numbers.map_or(0, |(first, _)| first - 1);
    loop {
        let page = page(call, of_kind, import, after, of_kind.name != kind.name).await?;
        let Some(last) = page.last() else { return Ok((voided, left)) };
        after = last.envelope.change_no;
        call.turn().step();
        for record in page {
            match undone(call, of_kind, &record).await? {
                true => voided += 1,
                false => left.push(record.envelope.id),
            }
        }
    }
}

/// Whom it introduced and who stands still, because somebody else named him meanwhile.
async fn standing(call: &Call, kind: &'static Kind, import: &Import) -> Result<Vec<Uuid>, Problem> {
    let Some((first, last)) = import.numbers else { return Ok(Vec::new()) };
    let statement = Statement::new(format!("SELECT r.id FROM {} AS r WHERE r.district_code = ", kind.name))
        .text(&import.district_code)
        .sql(" AND r.change_no >= ")
        .integer(first)
        .sql(" AND r.change_no <= ")
        .integer(last)
        .sql(" AND NOT r.voided AND r.capture->>'source' = ")
        .text(format!("import:{}", import.id))
        .sql(" ORDER BY r.change_no LIMIT 1000")
        .seeing_district(&import.district_code)
        .in_rooms(kind.room());
    let rows = call.core.database.read(&statement).await?;
    Ok(rows.into_iter().filter_map(|mut row| row.id("id")).collect())
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
async fn page(
    call: &Call,
    kind: &'static Kind,
    import: &Import,
    after: i64,
    unnamed: bool,
) -> Result<Vec<Record>, Problem> {
    let Some((_, last)) = import.numbers else { return Ok(Vec::new()) };
    let made_by_book = call.core.kinds().kind(&import.kind).and_then(|kind| kind.rules.book());
    let is_group = made_by_book.is_some_and(|book| book.groups.kind == kind.name);
    // A group got its leader by the same import.
    let touched =
        if is_register(kind) || is_group { " AND r.revised_by = r.recorded_by" } else { " AND r.revision = 1" };
    let statement =
        Statement::new(format!("SELECT {} FROM {} AS r WHERE r.district_code = ", kind.select(), kind.name))
            .text(&import.district_code)
            .sql(" AND r.change_no > ")
            .integer(after)
            .sql(" AND r.change_no <= ")
            .integer(last)
            .sql(format!("{touched} AND NOT r.voided AND r.capture->>'source' = "))
            .text(format!("import:{}", import.id));
    let statement = if unnamed { unnamed_by_any(call, kind, statement) } else { statement };
    let statement = statement.sql(" ORDER BY r.change_no LIMIT ").integer(PAGE);
    let statement = statement.seeing_district(&import.district_code).in_rooms(kind.room());
    read::load(&call.core, kind, &statement).await
}

/// Narrows to records `r` that no other one names.
fn unnamed_by_any(call: &Call, kind: &Kind, mut statement: Statement) -> Statement {
    for other in call.core.kinds().kinds() {
        for field in
            other.stored_fields().filter(|field| matches!(field.shape, Shape::Reference(name) if name == kind.name))
        {
            let (table, column) = (other.name, field.name);
            // Whoever can void what a closed room names may undo it; what that room holds isn't told by it.
            statement = statement.in_rooms(other.room().filter(|_| kind.closed)).sql(format!(
                " AND NOT EXISTS (SELECT 1 FROM {table} AS o WHERE o.district_code = r.district_code AND o.{column} = r.id AND NOT o.voided)"
            ));
        }
    }
    statement
}

/// Whether it was voided; not where it was amended this moment, or is out of the caller's reach.
async fn undone(call: &Call, kind: &'static Kind, record: &Record) -> Result<bool, Problem> {
    let if_match = kit::etag::IfMatch::Tags(vec![kit::etag::of_revision(record.envelope.revision)]);
    let id = record.envelope.id;
    match void::take_back(&call.core, call.actor()?, kind, id, &if_match).await {
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
        .seeing_district(&import.district_code)
        .in_rooms(call.core.kinds().kind(&import.kind).and_then(|kind| kind.room()));
    let rows = call.core.database.read(&statement).await?;
    Ok(rows.into_iter().filter_map(|mut row| row.id("id")).collect())
}
