//! Imports as they are answered: each struct is the answer and, by what is derived of it, its schema.

use kit::problem::Problem;
use kit::text::Language;
use kit::time::InZone;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use utoipa::ToSchema;
use utoipa::openapi::schema::{AdditionalProperties, SchemaType};
use utoipa::openapi::{ObjectBuilder, Type};
use uuid::Uuid;

use super::sheet_layout::Layout;
use super::store::{self, Counts, Import, Refused};
use crate::platform::http::Call;
use crate::platform::http::answered::{AnyObject, Said, Saying, Text};

/// How many of the errors are shown at once.
const FIRST: i64 = 20;

/// An object of any members, or none: an item of a list.
pub struct MembersOrNull;
/// An object of any members, or none.
type AnyItem = Saying<MembersOrNull>;

impl Said for MembersOrNull {
    fn schema() -> ObjectBuilder {
        let free = AdditionalProperties::FreeForm(true);
        ObjectBuilder::new()
            .schema_type(SchemaType::Array(vec![Type::Object, Type::Null]))
            .additional_properties(Some(free))
    }
}

/// Options of an import, as they were asked for.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AskedOptions {
    /// `row` or `atomic`.
    pub mode: String,
    /// Every check, nothing written.
    pub validate_only: bool,
    /// `skip` or `revise`.
    pub on_duplicate: String,
    /// The system from which the rows come.
    pub source: Option<String>,
    /// `whole` or `keep_good`.
    #[serde(default = "whole")]
    pub lines: String,
}

/// How records went in before there was a choice.
fn whole() -> String {
    "whole".to_owned()
}

/// An import.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = Import)]
pub struct ImportAnswer {
    /// Its id.
    pub id: Uuid,
    /// The kind that it imports.
    #[schema(max_length = 60)]
    pub kind: String,
    /// running, interrupted, complete, failed or undone.
    #[schema(max_length = 20)]
    pub state: String,
    /// Where it is kept.
    #[schema(max_length = 6)]
    pub district_code: String,
    /// The account that imports.
    pub user_id: Uuid,
    /// Options that were asked for.
    #[schema(required, inline, value_type = Option<AnyObject>)]
    pub options: AskedOptions,
    /// How many rows came to what.
    #[schema(inline)]
    pub counts: Counts,
    /// Why it failed or was interrupted.
    #[schema(required, inline, value_type = Option<AnyObject>)]
    pub problem: Json,
    /// Warnings about the file as a whole, each once, a code and a message: `occurred_at_assumed`.
    #[schema(inline, value_type = Vec<AnyItem>, max_items = 20)]
    pub warnings: Vec<FileWarning>,
    /// How the file was read: its sheets with their header rows, what each column was taken for, what wasn't read.
    #[schema(required, inline, value_type = Option<AnyObject>)]
    pub layout: Option<Layout>,
    /// Since when.
    #[schema(value_type = DateTime<Utc>)]
    pub started_at: InZone,
    /// When it was last heard of.
    #[schema(value_type = DateTime<Utc>)]
    pub updated_at: InZone,
    /// The first refused rows: sheet, line and faults.
    #[schema(inline, value_type = Vec<AnyItem>, max_items = 20)]
    pub first_errors: Vec<RefusedRow>,
    /// All of them.
    #[schema(max_length = 200)]
    pub errors_url: String,
}

/// A warning about the file as a whole.
#[derive(Clone, Serialize)]
pub struct FileWarning {
    /// Its code.
    pub code: &'static str,
    /// It in words.
    pub message: &'static str,
}

/// Place of a row in its file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RowPlace {
    /// The sheet, where the workbook has several.
    #[schema(required, max_length = 100)]
    pub sheet: Option<String>,
    /// The line.
    #[schema(minimum = 0)]
    pub line: i64,
    /// Of a wide sheet: the cell, as `F7`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, max_length = 20)]
    pub cell: Option<String>,
}

/// A remark on a row, in one language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Remark {
    /// The column, as the file calls it.
    pub column: Option<String>,
    /// Label of the field, of a fault: the file may have no column of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The member of the body.
    pub pointer: Option<String>,
    /// Its code.
    pub code: String,
    /// It in words.
    pub message: String,
    /// The place of its column in the header.
    #[serde(skip)]
    pub at: Option<usize>,
}

/// A refused row without what it says.
#[derive(Clone, PartialEq, Serialize)]
pub struct RefusedRow {
    #[serde(flatten)]
    place: RowPlace,
    faults: Vec<Remark>,
}

/// A refused row with what it says.
#[derive(Serialize)]
pub struct FaultLine {
    #[serde(flatten)]
    place: RowPlace,
    /// Its cells by the names of their columns, or the line of JSON.
    row: Json,
    faults: Vec<Remark>,
}

/// Outcome of a row.
#[derive(Serialize, ToSchema)]
pub struct ImportRow {
    #[serde(flatten)]
    #[schema(inline)]
    pub place: RowPlace,
    /// created, same, revised, skipped, refused or not_a_record.
    #[schema(max_length = 20)]
    pub outcome: String,
    /// The record that it made or met.
    #[schema(required)]
    pub record_id: Option<Uuid>,
    /// Whether it says something else than the record that stands.
    pub differs: bool,
    /// Why it was refused: column, code and message.
    #[schema(inline, value_type = Vec<AnyItem>, max_items = 1_000)]
    pub faults: Vec<Remark>,
    /// Warnings: what was taken otherwise than it was written; column, code and message.
    #[schema(inline, value_type = Vec<AnyItem>, max_items = 1_000)]
    pub warnings: Vec<Remark>,
    /// Why it is no record.
    #[schema(required, inline, value_type = Option<AnyObject>)]
    pub reason: Option<Remark>,
}

/// Inspection of a file: what its import would do.
#[derive(Serialize, ToSchema)]
pub struct ImportInspection {
    /// The kind.
    #[schema(max_length = 60)]
    pub kind: &'static str,
    /// How the file is read: its sheets with their header rows, what each column is taken for, what isn't read.
    #[schema(required, inline, value_type = Option<AnyObject>)]
    pub layout: Option<Layout>,
    /// Rows looked at.
    pub rows: u64,
    /// Records checked.
    pub checked: u64,
    /// Of those, refused.
    pub refused: u64,
    /// The first records as they would be stored: sheet, lines, outcome, record and warnings.
    #[schema(inline, value_type = Vec<AnyItem>, max_items = 10)]
    pub first: Vec<FirstRecord>,
    /// Faults by sheet and line.
    #[schema(inline, value_type = Vec<AnyItem>, max_items = 50)]
    pub faults: Vec<RefusedRow>,
    /// Rows that are no records, by sheet and line.
    #[schema(inline, value_type = Vec<AnyItem>, max_items = 50)]
    pub not_records: Vec<NoRecord>,
    /// Fields that must be there and are in no column.
    #[schema(inline, value_type = Vec<Text<200>>, max_items = 1_000)]
    pub missing: Vec<String>,
    /// Parameters that would help.
    #[schema(inline, value_type = Vec<Text<200>>, max_items = 1_000)]
    pub parameters: Vec<String>,
    /// Why the file couldn't be imported at all.
    #[schema(required, inline, value_type = Option<AnyObject>)]
    pub problem: Option<Json>,
}

/// A record as it would be stored.
#[derive(Serialize)]
pub struct FirstRecord {
    /// Its sheet, where the workbook has several.
    pub sheet: Option<String>,
    /// The lines that it is made of.
    pub lines: Vec<i64>,
    /// Outcome that it would have.
    pub outcome: &'static str,
    /// Its body.
    pub record: Json,
    /// Warnings: what was taken otherwise than it was written.
    pub warnings: Vec<Remark>,
}

/// A row that is no record.
#[derive(Serialize)]
pub struct NoRecord {
    #[serde(flatten)]
    pub place: RowPlace,
    /// Why it is none.
    pub reason: Option<Remark>,
}

/// An import that was undone.
#[derive(Serialize, ToSchema)]
pub struct UndoneImport {
    /// The import.
    pub id: Uuid,
    /// undone.
    #[schema(value_type = String, max_length = 20)]
    pub state: &'static str,
    /// Records voided.
    pub voided: u64,
    /// Records amended since.
    #[schema(max_items = 1_000)]
    pub left: Vec<Uuid>,
    /// People voided whom it alone introduced.
    pub people_voided: u64,
    /// People whom it introduced and somebody else names or amended since.
    #[schema(max_items = 1_000)]
    pub people_left: Vec<Uuid>,
}

/// The import with its first errors.
pub async fn view(call: &Call, import: Import) -> Result<ImportAnswer, Problem> {
    let refused = store::refused(&call.core, &import, 0, FIRST).await?;
    let first_errors = refused.iter().map(|refused| refused_row(&import, refused, call.language)).collect();
    Ok(ImportAnswer { first_errors, ..import.shown(call.language) })
}

/// A refused row without what it says: place, columns, codes and words.
fn refused_row(import: &Import, refused: &Refused, language: Language) -> RefusedRow {
    RefusedRow { place: import.place(refused.line), faults: remarks(Some(&refused.faults), language) }
}

impl RefusedRow {
    /// A row of a place with its faults.
    pub fn new(place: RowPlace, faults: Vec<Remark>) -> Self {
        Self { place, faults }
    }
}

impl FaultLine {
    /// A refused row with its cells by their names, or as the line of JSON that it was.
    pub fn new(import: &Import, refused: &Refused, language: Language) -> Self {
        let row = match import.header(store::sheet_of(refused.line)) {
            Some(header) => header.iter().cloned().zip(refused.cells.iter().cloned().map(Json::String)).collect(),
            None => {
                let text = refused.cells.first().map(String::as_str).unwrap_or_default();
                serde_json::from_str(text).unwrap_or_else(|_| Json::String(text.to_owned()))
            }
        };
        Self { place: import.place(refused.line), row, faults: remarks(Some(&refused.faults), language) }
    }
}

/// Remarks that are kept of a row, in one language.
pub fn remarks(kept: Option<&Json>, language: Language) -> Vec<Remark> {
    kept.and_then(Json::as_array).into_iter().flatten().map(|kept| remark(kept, language)).collect()
}

/// A remark that is kept in both languages, in one.
pub fn remark(kept: &Json, language: Language) -> Remark {
    let text = |name: &str| kept.get(name).and_then(Json::as_str).map(str::to_owned);
    let word = if language == Language::Chinese { "zh" } else { "en" };
    let label = kept.get("label").and_then(|label| label.get(word)).and_then(Json::as_str);
    Remark {
        label: label.map(str::to_owned),
        column: text("column"),
        pointer: text("pointer"),
        code: text("code").unwrap_or_default(),
        message: text(word).unwrap_or_default(),
        at: kept.get("at").and_then(Json::as_u64).and_then(|at| usize::try_from(at).ok()),
    }
}

/// The faults of a row in one cell: `体温: 应在 32 至 43 之间; …`.
pub fn in_words(faults: &[Remark]) -> String {
    let words = |fault: &Remark| {
        let place = [&fault.column, &fault.label, &fault.pointer].into_iter().find_map(|place| place.as_deref());
        let place = place.filter(|place| !place.is_empty());
        place.map_or_else(|| fault.message.clone(), |place| format!("{place}: {}", fault.message))
    };
    faults.iter().map(words).collect::<Vec<_>>().join("; ")
}

/// An import, as the document shows it.
pub fn example() -> Json {
    json!({"id": "0198c0de-000d-7000-8000-000000000001", "kind": "screenings", "state": "complete", "district_code": "511802",
        "user_id": "0198c0de-0000-7000-8000-00000000000b", "options": {"mode": "row", "validate_only": false, "on_duplicate": "skip", "source": null, "lines": "whole"},
        "counts": {"read": 120, "created": 118, "same": 0, "revised": 0, "skipped": 0, "refused": 2, "not_a_record": 0}, "problem": null, "warnings": [],
        "started_at": "2020-02-02T19:00:00+08:00", "updated_at": "2020-02-02T19:00:01+08:00",
        "layout": null,
        "first_errors": [{"sheet": null, "line": 7, "faults": [{"column": "体温", "pointer": "/temperature_c", "code": "out_of_range", "message": "应在 32.0 至 43.0 之间"}]}],
        "errors_url": "/v1/imports/0198c0de-000d-7000-8000-000000000001/errors"})
}

/// An inspection, as the document shows it.
pub fn example_inspection() -> Json {
    json!({"kind": "screenings", "layout": {"names": [], "sheets": [{"name": null, "header_line": 3, "header_rows": 1,
        "columns": [{"header": "体温℃", "field": "temperature_c", "use": "taken", "certainty": "stripped", "proposal": null}],
        "constants": [{"field": "place_id", "text": "北门"}]}], "not_read": []},
        "rows": 9, "checked": 6, "refused": 0, "first": [], "faults": [],
        "not_records": [{"sheet": null, "line": 10, "reason": {"column": null, "pointer": "", "code": "sum", "message": "合计行"}}],
        "missing": ["direction"], "parameters": ["set.direction="], "problem": null})
}

/// A row, as the document shows it.
pub fn example_row() -> Json {
    json!({"sheet": null, "line": 9, "outcome": "skipped", "record_id": "0198c0de-0005-7000-8000-000000000001", "differs": true, "faults": [], "warnings": [], "reason": null})
}

/// An undone import, as the document shows it.
pub fn example_undone() -> Json {
    json!({"id": "0198c0de-000d-7000-8000-000000000001", "state": "undone", "voided": 120, "left": [], "people_voided": 80, "people_left": []})
}
