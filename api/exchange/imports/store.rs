//! Imports in the database: how far each came, and the rows that were refused.

use chrono::{DateTime, TimeDelta, Utc};
use kit::json::put;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::text::Language;
use kit::value::Value;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::wide_lots::parted;
use crate::platform::access::Role;
use crate::platform::access::roles::Actor;
use crate::platform::codes::NOT_FOUND;
use crate::platform::core::Core;
use crate::platform::privacy::seal::Owner;
use crate::records::Warning;
use crate::records::scope::reached;
use crate::records::warnings::OCCURRED_AT_ASSUMED;

/// Roles that see imports of others in their area.
const SUPERVISORS: &[Role] = &[Role::DistrictAdmin];
/// A running import that wasn't heard of for so long is interrupted.
const SILENT: TimeDelta = TimeDelta::seconds(60);

/// How long refused rows are kept.
const KEPT: TimeDelta = TimeDelta::days(90);

/// How many rows came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows read: the sum of the others.
    pub read: u64,
    /// New records.
    pub created: u64,
    /// There already, unchanged.
    pub same: u64,
    /// Changed by the row.
    pub revised: u64,
    /// There with other content, left as it is.
    pub skipped: u64,
    /// Refused; see the errors.
    pub refused: u64,
    /// Titles, sums, signatures: rows that are no records.
    pub not_a_record: u64,
    /// Of wide sheets, whose cells are counted and not their rows.
    pub wide: Option<WideCounts>,
}

/// What there is in wide sheets beside cells that say something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WideCounts {
    /// Rows.
    pub rows: u64,
    /// Cells in which there is nothing.
    pub cells_blank: u64,
    /// Cells that say why there is nothing.
    pub cells_not_done: u64,
}

impl Counts {
    /// Counts a row of a wide sheet.
    pub fn note_row(&mut self, blank: u64, not_done: u64) {
        let wide = self.wide.get_or_insert_default();
        wide.rows += 1;
        wide.cells_blank += blank;
        wide.cells_not_done += not_done;
    }

    /// In JSON.
    pub fn to_json(self) -> Json {
        let mut json = self.of_rows();
        if let Some(wide) = self.wide {
            put(&mut json, "rows", wide.rows);
            put(&mut json, "cells_blank", wide.cells_blank);
            put(&mut json, "cells_not_done", wide.cells_not_done);
        }
        json
    }

    fn of_rows(self) -> Json {
        json!({"read": self.read, "created": self.created, "same": self.same, "revised": self.revised, "skipped": self.skipped, "refused": self.refused, "not_a_record": self.not_a_record})
    }
}

/// An import as it was read.
pub struct Import {
    /// Its district.
    pub district_code: String,
    /// Its id.
    pub id: Uuid,
    /// Kind that it imports.
    pub kind: String,
    /// Its state.
    pub state: String,
    /// The file's columns; none for NDJSON.
    pub header: Option<Vec<String>>,
    /// The numbers between which its records stand.
    pub numbers: Option<(i64, i64)>,
    /// Codes of what is said of the file as a whole.
    warnings: Vec<String>,
    /// Sheets that were read, by the number that their lines carry.
    sheets: Vec<String>,
    json: Json,
}

/// Puts a line into the JSON of a row, and the sheet where there are several.
pub fn place_line(sheets: &[String], json: &mut Json, line: i64) {
    let (line, cell) = parted(line);
    if let Some(cell) = cell {
        put(json, "cell", cell);
    }
    let (sheet, line) = if sheets.len() > 1 { (line / LINES_OF_A_SHEET, line % LINES_OF_A_SHEET) } else { (0, line) };
    let name = usize::try_from(sheet).ok().and_then(|sheet| sheets.get(sheet)).filter(|_| sheets.len() > 1);
    put(json, "line", line);
    put(json, "sheet", json!(name));
}

impl Import {
    /// Puts the line of a row into its JSON, and the sheet where there are several.
    pub fn place_line(&self, json: &mut Json, line: i64) {
        place_line(&self.sheets, json, line);
    }

    /// Makes the JSON in which it is served.
    pub fn view(&self, first_errors: Json, language: Language) -> Json {
        let mut json = self.json.clone();
        let known = |code: &String| [&OCCURRED_AT_ASSUMED].into_iter().find(|warning| warning.code == code);
        let told = |warning: &Warning| json!({"code": warning.code, "message": warning.message.in_language(language)});
        put(&mut json, "warnings", self.warnings.iter().filter_map(known).map(told).collect::<Vec<_>>());
        put(&mut json, "first_errors", first_errors);
        put(&mut json, "errors_url", format!("/v1/imports/{}/errors", self.id));
        json
    }
}

/// Lines of a sheet have this for each sheet before it added, so that a line names one row of a workbook.
pub const LINES_OF_A_SHEET: i64 = 10_000_000_000;

const COLUMNS: &str = "r.layout, r.district_code, r.id, r.kind, r.user_id, r.state, r.options, r.header, r.counts, r.problem, r.warnings, r.first_change_no, r.last_change_no, r.started_at, r.updated_at";

/// Begins an import.
pub fn begin(
    district_code: &str,
    id: Uuid,
    kind: &str,
    actor: &Actor,
    options: &Json,
    now: DateTime<Utc>,
) -> Statement {
    let area_code = actor.own_area().unwrap_or_else(|| district_code.to_owned());
    Statement::new("INSERT INTO imports (district_code, id, kind, user_id, area_code, state, options, counts, started_at, updated_at) VALUES (")
        .text(district_code).sql(", ").id(id).sql(", ").text(kind).sql(", ").id(actor.user_id).sql(", ").text(area_code)
        .sql(", 'running', ").bind(ColumnType::Json, Value::Json(options.clone()))
        .sql(", ").bind(ColumnType::Json, Value::Json(Counts::default().to_json()))
        .sql(", ").bind(ColumnType::Instant, Value::Instant(now)).sql(", ").bind(ColumnType::Instant, Value::Instant(now)).sql(")")
}

/// Progress of an import.
pub struct Progress<'a> {
    /// Its state.
    pub state: &'static str,
    /// Its counts.
    pub counts: Counts,
    /// The file's columns.
    pub header: Option<&'a [String]>,
    /// Problem for which it failed.
    pub problem: Option<Json>,
    /// The numbers between which its records stand.
    pub numbers: Option<(i64, i64)>,
    /// Codes of what is to be said of the file as a whole.
    pub warnings: Vec<&'static str>,
    /// How the file was read, once that is known.
    pub layout: Option<Json>,
}

/// Notes how far an import is.
pub fn progress(district_code: &str, id: Uuid, progress: &Progress<'_>, now: DateTime<Utc>) -> Statement {
    let optional = |json: Option<Json>| json.map_or(Value::Null, Value::Json);
    let number = |number: Option<i64>| number.map_or(Value::Null, Value::Integer);
    Statement::new("UPDATE imports SET state = ")
        .text(progress.state)
        .sql(", counts = ")
        .bind(ColumnType::Json, Value::Json(progress.counts.to_json()))
        .sql(", header = ")
        .bind(ColumnType::Json, optional(progress.header.map(|header| json!(header))))
        .sql(", problem = ")
        .bind(ColumnType::Json, optional(progress.problem.clone()))
        .sql(", layout = ")
        .bind(ColumnType::Json, optional(progress.layout.clone()))
        .sql(", warnings = ")
        .bind(ColumnType::Json, Value::Json(json!(progress.warnings)))
        .sql(", first_change_no = ")
        .bind(ColumnType::Integer, number(progress.numbers.map(|(first, _)| first)))
        .sql(", last_change_no = ")
        .bind(ColumnType::Integer, number(progress.numbers.map(|(_, last)| last)))
        .sql(", updated_at = ")
        .bind(ColumnType::Instant, Value::Instant(now))
        .sql(" WHERE district_code = ")
        .text(district_code)
        .sql(" AND id = ")
        .id(id)
}

/// A refused row as it is kept: its line, what it says, sealed, and its faults.
pub type LockedRow = (i64, Vec<u8>, Json);

/// Seals a refused row.
pub fn keep(
    core: &Core,
    district_code: &str,
    import_id: Uuid,
    line: u64,
    cells: &[String],
    faults: Json,
) -> Result<LockedRow, Problem> {
    let line = i64::try_from(line).unwrap_or(i64::MAX);
    let owner = owner(import_id, district_code);
    let sealed = core.sealer.seal(owner, json!(cells).to_string().as_bytes()).map_err(Problem::internal)?;
    Ok((line, sealed, faults))
}

/// Keeps refused rows.
pub fn refuse(district_code: &str, import_id: Uuid, kept: Vec<LockedRow>) -> Statement {
    let (mut lines, mut rows, mut faults) = (Vec::new(), Vec::new(), Vec::new());
    for (line, row, faults_of_row) in kept {
        lines.push(Value::Integer(line));
        rows.push(Value::Bytes(row));
        faults.push(Value::Json(faults_of_row));
    }
    Statement::new("INSERT INTO import_faults (district_code, import_id, line, row, faults) SELECT ")
        .text(district_code)
        .sql(", ")
        .id(import_id)
        .sql(", k.* FROM unnest(")
        .column(ColumnType::Integer, lines)
        .sql(", ")
        .column(ColumnType::Bytes, rows)
        .sql(", ")
        .column(ColumnType::Json, faults)
        .sql(") AS k ON CONFLICT (district_code, import_id, line) DO UPDATE SET faults = import_faults.faults || excluded.faults")
}

fn owner(import_id: Uuid, district_code: &str) -> Owner<'_> {
    Owner { kind: "import_faults", field: "row", id: import_id, district_code }
}

/// A refused row.
pub struct Refused {
    /// Its line.
    pub line: i64,
    /// Cells of the row as they were written.
    pub cells: Vec<String>,
    /// Faults of the row.
    pub faults: Json,
}

/// Refused rows after a line, in the order of the file.
pub async fn refused(core: &Core, import: &Import, after: i64, limit: i64) -> Result<Vec<Refused>, Problem> {
    let statement = Statement::new("SELECT line, row, faults FROM import_faults WHERE district_code = ")
        .text(&import.district_code)
        .sql(" AND import_id = ")
        .id(import.id)
        .sql(" AND line > ")
        .integer(after)
        .sql(" AND EXISTS (SELECT FROM imports AS i WHERE i.district_code = import_faults.district_code AND i.id = import_faults.import_id AND i.updated_at > ")
        .bind(ColumnType::Instant, Value::Instant(core.clock.now() - KEPT))
        .sql(") ORDER BY line LIMIT ")
        .integer(limit)
        .seeing_district(&import.district_code);
    let mut rows = Vec::new();
    for mut row in core.database.read(&statement).await? {
        let sealed = row.bytes("row").unwrap_or_default();
        let opened = core.sealer.open(owner(import.id, &import.district_code), &sealed).map_err(Problem::internal)?;
        let cells = serde_json::from_slice(&opened.unwrap_or_default()).unwrap_or_default();
        rows.push(Refused {
            line: row.integer("line").unwrap_or_default(),
            cells,
            faults: row.take("faults").to_json(core.zone),
        });
    }
    Ok(rows)
}

/// Forgets the rows of imports that ended long ago.
pub async fn sweep(core: &Core) -> Result<(), Problem> {
    for table in ["import_faults", "import_outcomes"] {
        let statement = Statement::new(format!("DELETE FROM {table} AS f USING imports AS i WHERE f.district_code = i.district_code AND f.import_id = i.id AND i.updated_at <= "))
            .bind(ColumnType::Instant, Value::Instant(core.clock.now() - KEPT))
            .seeing_everything();
        core.database.read(&statement).await?;
    }
    Ok(())
}

/// The import of an id, if it is the actor's own or of his area; else 404.
pub async fn find(core: &Core, actor: &Actor, id: Uuid) -> Result<Import, Problem> {
    for district_code in &actor.districts {
        let statement = visible(actor, district_code).sql(" AND r.id = ").id(id);
        if let Some(row) = core.database.read(&statement).await?.into_iter().next() {
            return of_row(core, row);
        }
    }
    Err(NOT_FOUND.into())
}

/// Imports that the actor sees, the newest first; conditions follow with ` AND …`.
pub fn visible(actor: &Actor, district_code: &str) -> Statement {
    let statement = Statement::new(format!("SELECT {COLUMNS} FROM imports AS r WHERE r.district_code = "))
        .text(district_code)
        .sql(" AND (r.user_id = ")
        .id(actor.user_id)
        .sql(" OR ");
    // His own he sees wherever he was when he sent it.
    reached("r", statement.seeing_district(district_code), actor, SUPERVISORS, false).sql(")")
}

/// An import from its row.
pub fn of_row(core: &Core, mut row: Row) -> Result<Import, Problem> {
    let missing = || Problem::internal("an import's row lacks a column");
    let (id, district_code) = (row.id("id").ok_or_else(missing)?, row.text("district_code").ok_or_else(missing)?);
    let kind = row.text("kind").ok_or_else(missing)?;
    let updated_at = row.instant("updated_at").ok_or_else(missing)?;
    let mut state = row.text("state").unwrap_or_default();
    if state == "running" && updated_at < core.clock.now() - SILENT {
        state = "interrupted".into();
    }
    let header = row.take("header").to_json(core.zone);
    let numbers = row.integer("first_change_no").zip(row.integer("last_change_no"));
    let warnings = serde_json::from_value(row.take("warnings").to_json(core.zone)).unwrap_or_default();
    let mut json = json!({"id": id, "kind": kind, "state": state, "district_code": district_code});
    for column in ["user_id", "options", "counts", "problem", "started_at"] {
        put(&mut json, column, row.take(column).to_json(core.zone));
    }
    put(&mut json, "updated_at", Value::Instant(updated_at).to_json(core.zone));
    let header = serde_json::from_value(header).ok();
    let layout = row.take("layout").to_json(core.zone);
    let sheets = layout.get("names").and_then(|names| serde_json::from_value(names.clone()).ok()).unwrap_or_default();
    put(&mut json, "layout", layout);
    Ok(Import { district_code, id, kind, state, header, numbers, warnings, sheets, json })
}
