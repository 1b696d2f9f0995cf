//! Imports in the database: how far each came, and the rows that were refused.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::text::Language;
use kit::time::InZone;
use kit::value::Value;
use serde::Serialize;
use serde_json::{Value as Json, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::answer::{AskedOptions, FileWarning, ImportAnswer, RowPlace};
use super::books::{GROUP_NOT_MADE, LEADER_NOT_SET};
use super::sheet_layout::{Layout, TableLayout};
use super::titles::TAKEN_FROM_TITLE;
use super::wide_lots::parted;
use crate::exchange::files::texts::YEAR_ASSUMED;
use crate::platform::access::Role;
use crate::platform::access::closed_rooms::ClosedRooms;
use crate::platform::access::roles::Actor;
use crate::platform::codes::NOT_FOUND;
use crate::platform::core::Core;
use crate::platform::divisions::away::Away;
use crate::platform::divisions::each::over_all;
use crate::platform::privacy::seal::Owner;
use crate::records::Warning;
use crate::records::scope::reached;
use crate::records::warnings::OCCURRED_AT_ASSUMED;

/// Roles that see imports of others in their area.
const SUPERVISORS: &[Role] = &[Role::DistrictAdmin];
/// A running import that wasn't heard of for so long is interrupted.
const SILENT: TimeDelta = TimeDelta::seconds(60);

/// Warnings about a file as a whole.
static FILE_WARNINGS: &[&Warning] =
    &[&OCCURRED_AT_ASSUMED, &LEADER_NOT_SET, &GROUP_NOT_MADE, &TAKEN_FROM_TITLE, &YEAR_ASSUMED];

/// How long refused rows are kept.
const KEPT: TimeDelta = TimeDelta::days(90);

/// How many rows came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
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
    /// Titles, sums, signatures: no records, and not stored.
    pub not_a_record: u64,
    /// Of wide sheets, whose cells are counted and not their rows.
    #[serde(flatten)]
    #[schema(inline, value_type = WideCounts)]
    pub wide: Option<WideCounts>,
}

/// Counts of wide sheets beside those of cells that say something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct WideCounts {
    /// Of wide sheets, whose cells are counted: their rows.
    #[schema(required = false)]
    pub rows: u64,
    /// Of wide sheets: cells in which there is nothing.
    #[schema(required = false)]
    pub cells_blank: u64,
    /// Of wide sheets: cells that say why there is nothing.
    #[schema(required = false)]
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

    /// Counts as they are kept; former releases counted fewer things.
    fn of(json: &Json) -> Self {
        let count = |name: &str| json.get(name).and_then(Json::as_u64).unwrap_or_default();
        let wide = WideCounts {
            rows: count("rows"),
            cells_blank: count("cells_blank"),
            cells_not_done: count("cells_not_done"),
        };
        Self {
            read: count("read"),
            created: count("created"),
            same: count("same"),
            revised: count("revised"),
            skipped: count("skipped"),
            refused: count("refused"),
            not_a_record: count("not_a_record"),
            wide: json.get("rows").map(|_| wide),
        }
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
    /// The columns of its sheets, by the number that their lines carry; none of NDJSON.
    pub headers: Headers,
    /// The numbers between which its records stand.
    pub numbers: Option<(i64, i64)>,
    /// Codes of what is said of the file as a whole.
    warnings: Vec<String>,
    answer: ImportAnswer,
}

/// Columns of sheets, by the number that their lines carry.
pub type Headers = BTreeMap<i64, Vec<String>>;

/// The number of the sheet in which a line stands.
pub fn sheet_of(line: i64) -> i64 {
    line / LINES_OF_A_SHEET
}

/// Place of a row: its line, its sheet where there are several, its cell where it is of a wide sheet.
pub fn place(sheets: &[String], line: i64) -> RowPlace {
    let (line, cell) = parted(line);
    if sheets.len() < 2 {
        return RowPlace { sheet: None, line, cell };
    }
    let sheet = usize::try_from(sheet_of(line)).ok().and_then(|sheet| sheets.get(sheet));
    RowPlace { sheet: sheet.cloned(), line: line % LINES_OF_A_SHEET, cell }
}

impl Import {
    /// The layout of its file, once that is known.
    pub fn layout(&self) -> Option<&Layout> {
        self.answer.layout.as_ref()
    }

    /// Whether its file was a workbook: text has no sheets.
    pub fn is_workbook(&self) -> bool {
        self.layout().is_some_and(|layout| !layout.names.is_empty())
    }

    /// The columns of a sheet. Of a workbook of a former release only those of its first table are known.
    pub fn header(&self, sheet: i64) -> Option<&Vec<String>> {
        self.headers.get(&sheet).or_else(|| self.headers.values().next())
    }

    /// The name of a sheet.
    pub fn sheet_name(&self, sheet: i64) -> Option<&str> {
        self.layout()?.names.get(usize::try_from(sheet).ok()?).map(String::as_str)
    }

    /// Layout of the table of a sheet.
    pub fn table_layout(&self, sheet: i64) -> Option<&TableLayout> {
        let name = self.sheet_name(sheet);
        self.layout()?.sheets.iter().find(|table| table.name.as_deref() == name)
    }

    /// Place of a row in its file.
    pub fn place(&self, line: i64) -> RowPlace {
        place(self.layout().map(|layout| layout.names.as_slice()).unwrap_or_default(), line)
    }

    /// The import as it is served, without its first errors.
    pub fn shown(self, language: Language) -> ImportAnswer {
        let known = |code: &String| FILE_WARNINGS.iter().copied().find(|warning| warning.code == code);
        let told =
            |warning: &Warning| FileWarning { code: warning.code, message: warning.message.in_language(language) };
        ImportAnswer { warnings: self.warnings.iter().filter_map(known).map(told).collect(), ..self.answer }
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
    options: &AskedOptions,
    now: DateTime<Utc>,
) -> Statement {
    let area_code = actor.own_area().unwrap_or_else(|| district_code.to_owned());
    Statement::new("INSERT INTO imports (district_code, id, kind, user_id, area_code, state, options, counts, started_at, updated_at) VALUES (")
        .text(district_code).sql(", ").id(id).sql(", ").text(kind).sql(", ").id(actor.user_id).sql(", ").text(area_code)
        .sql(", 'running', ").bind(ColumnType::Json, Value::Json(json!(options)))
        .sql(", ").bind(ColumnType::Json, Value::Json(json!(Counts::default())))
        .sql(", ").bind(ColumnType::Instant, Value::Instant(now)).sql(", ").bind(ColumnType::Instant, Value::Instant(now)).sql(")")
}

/// Progress of an import.
pub struct Progress<'a> {
    /// Its state.
    pub state: &'static str,
    /// Its counts.
    pub counts: Counts,
    /// The columns of its sheets.
    pub headers: &'a Headers,
    /// Problem for which it failed.
    pub problem: Option<Json>,
    /// The numbers between which its records stand.
    pub numbers: Option<(i64, i64)>,
    /// Codes of what is to be said of the file as a whole.
    pub warnings: Vec<&'static str>,
    /// How the file was read, once that is known.
    pub layout: Option<&'a Layout>,
}

/// Notes how far an import is.
pub fn progress(district_code: &str, id: Uuid, progress: &Progress<'_>, now: DateTime<Utc>) -> Statement {
    let optional = |json: Option<Json>| json.map_or(Value::Null, Value::Json);
    let number = |number: Option<i64>| number.map_or(Value::Null, Value::Integer);
    Statement::new("UPDATE imports SET state = ")
        .text(progress.state)
        .sql(", counts = ")
        .bind(ColumnType::Json, Value::Json(json!(progress.counts)))
        .sql(", header = ")
        .bind(ColumnType::Json, optional(kept_headers(progress.headers)))
        .sql(", problem = ")
        .bind(ColumnType::Json, optional(progress.problem.clone()))
        .sql(", layout = ")
        .bind(ColumnType::Json, optional(progress.layout.map(|layout| json!(layout))))
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

/// Columns as they are kept: those of one table are a list, as former releases kept them.
fn kept_headers(headers: &Headers) -> Option<Json> {
    match headers.first_key_value() {
        Some((0, only)) if headers.len() == 1 => Some(json!(only)),
        Some(_) => Some(json!(headers)),
        None => None,
    }
}

fn headers(kept: Json) -> Headers {
    match kept {
        Json::Array(_) => serde_json::from_value(kept).map(|only| Headers::from([(0, only)])),
        kept => serde_json::from_value(kept),
    }
    .unwrap_or_default()
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
    let columns =
        [("line", ColumnType::Integer, lines), ("row", ColumnType::Bytes, rows), ("faults", ColumnType::Json, faults)];
    put_rows("import_faults", district_code, import_id, columns)
        .sql(" UPDATE SET faults = import_faults.faults || excluded.faults")
}

/// Puts rows of an import into a table, each line once; what happens to those that are there follows.
pub fn put_rows<const N: usize>(
    table: &str,
    district_code: &str,
    import_id: Uuid,
    columns: [(&str, ColumnType, Vec<Value>); N],
) -> Statement {
    let names = columns.iter().map(|(name, ..)| *name).collect::<Vec<_>>().join(", ");
    let mut statement = Statement::new(format!("INSERT INTO {table} (district_code, import_id, {names}) SELECT "))
        .text(district_code)
        .sql(", ")
        .id(import_id)
        .sql(", k.* FROM unnest(");
    for (index, (_, column_type, values)) in columns.into_iter().enumerate() {
        statement = statement.sql(if index > 0 { ", " } else { "" }).column(column_type, values);
    }
    statement.sql(") AS k ON CONFLICT (district_code, import_id, line) DO")
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

/// The numbers of the sheets that have refused rows.
pub async fn refused_sheets(core: &Core, import: &Import) -> Result<Vec<i64>, Problem> {
    let statement = Statement::new(format!(
        "SELECT DISTINCT line / {LINES_OF_A_SHEET} AS sheet FROM import_faults WHERE district_code = "
    ))
    .text(&import.district_code)
    .sql(" AND import_id = ")
    .id(import.id)
    .sql(" ORDER BY sheet")
    .seeing_district(&import.district_code);
    let rows = core.database.read(&statement).await?;
    Ok(rows.into_iter().filter_map(|mut row| row.integer("sheet")).collect())
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
        let before = core.clock.now() - KEPT;
        let old = |only| {
            Statement::new(format!("DELETE FROM {table} AS f WHERE EXISTS (SELECT FROM imports AS i WHERE i.district_code = f.district_code AND i.id = f.import_id AND i.updated_at <= "))
                .bind(ColumnType::Instant, Value::Instant(before))
                .sql(") AND ")
                .then(only)
        };
        over_all(core, old).await?;
    }
    Ok(())
}

/// The import of an id, if it is the actor's own or of his area; else 404.
pub async fn find(core: &Core, actor: &Actor, id: Uuid) -> Result<Import, Problem> {
    let mut away = Away::new(core);
    for district_code in &actor.districts {
        let statement = visible(core, actor, district_code).sql(" AND r.id = ").id(id);
        if let Some(row) = away.pass(core.database.read(&statement).await)?.and_then(|mut rows| rows.pop()) {
            return of_row(core, row);
        }
    }
    away.none_missed()?;
    Err(NOT_FOUND.into())
}

/// Imports that the actor sees, the newest first; conditions follow with ` AND …`.
pub fn visible(core: &Core, actor: &Actor, district_code: &str) -> Statement {
    let statement = Statement::new(format!("SELECT {COLUMNS} FROM imports AS r WHERE r.district_code = "))
        .text(district_code)
        .sql(" AND (r.user_id = ")
        .id(actor.user_id)
        .sql(" OR (");
    // His own he sees wherever he was when he sent it; nobody else those of a closed room.
    let statement = reached("r", statement.seeing_district(district_code), actor, SUPERVISORS, false);
    statement.sql(" AND r.kind <> ALL(").column(ColumnType::Text, core.ext::<ClosedRooms>().to(actor)).sql(")))")
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
    let numbers = row.integer("first_change_no").zip(row.integer("last_change_no"));
    let mut json = |column| row.take(column).to_json(core.zone);
    let headers = headers(json("header"));
    let warnings = serde_json::from_value(json("warnings")).unwrap_or_default();
    let options = serde_json::from_value(json("options")).map_err(Problem::internal)?;
    let counts = Counts::of(&json("counts"));
    let (problem, layout) = (json("problem"), serde_json::from_value(json("layout")).ok());
    let user_id = row.id("user_id").ok_or_else(missing)?;
    let started_at = InZone(row.instant("started_at").ok_or_else(missing)?, core.zone);
    let answer = ImportAnswer {
        id,
        kind: kind.clone(),
        state: state.clone(),
        district_code: district_code.clone(),
        user_id,
        options,
        counts,
        problem,
        warnings: Vec::new(),
        layout,
        started_at,
        updated_at: InZone(updated_at, core.zone),
        first_errors: Vec::new(),
        errors_url: format!("/v1/imports/{id}/errors"),
    };
    Ok(Import { district_code, id, kind, state, headers, numbers, warnings, answer })
}
