//! The operations of imports.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::CACHE_CONTROL;
use kit::catalogue::Code;
use kit::field::{Field, Shape};
use kit::problem::Problem;
use kit::text::Text;
use kit::vocabulary::{Vocabulary, word};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::{answer, faults, inspect, intake, outcomes, store, template, undo};
use crate::exchange::codes::{STILL_RUNNING, TOO_MANY_FAULTS, UNKNOWN_COLUMNS, UNREADABLE_FILE};
use crate::platform::access::Role;
use crate::platform::access::keys::KeyScope;
use crate::platform::codes::{DISTRICT_REQUIRED, NOT_FOUND};
use crate::platform::http::schema::reference;
use crate::platform::http::{Access, Answer, Bounded, Call, Operation, page};
use crate::records::Registry;
use crate::records::codes::TOO_MANY_ROWS;
use crate::records::list::{CURSOR, LIMIT};
use crate::records::parameters::name_of_a_kind;

/// The media type of a workbook.
pub const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

static MODE: Vocabulary = Vocabulary::new(
    "import_mode",
    Text::new("Mode", "模式"),
    &[word("row", "row by row", "逐行"), word("atomic", "all or nothing", "全部或全不")],
);
static ON_DUPLICATE: Vocabulary = Vocabulary::new(
    "import_on_duplicate",
    Text::new("On duplicate", "重复时"),
    &[word("skip", "leave it", "跳过"), word("revise", "amend it", "修订")],
);
static LINES: Vocabulary = Vocabulary::new(
    "import_lines",
    Text::new("Lines", "明细"),
    &[word("whole", "all or none of a record", "整份"), word("keep_good", "the good ones", "保留正确行")],
);
static UNKNOWN: Vocabulary = Vocabulary::new(
    "import_unknown",
    Text::new("Unknown columns", "未知列"),
    &[
        word("ignore", "left out", "忽略"),
        word("note", "kept in the note", "记入备注"),
        word("refuse", "refused", "拒绝"),
    ],
);
static TEMPLATE_FORMAT: Vocabulary = Vocabulary::new(
    "import_template_format",
    Text::new("Format", "格式"),
    &[word("xlsx", "workbook", "工作簿"), word("csv", "CSV", "CSV 文本")],
);
static FORMAT: Field = Field::new(
    "format",
    Shape::Word(&TEMPLATE_FORMAT),
    Text::new("Format", "格式"),
    "A workbook by default, or the header as CSV.",
);
/// Parameters that say how a file is read.
const LOOKED_AT_WITH: [&str; 6] = ["source", "lines", "sheet", "unknown", "year", "district_code"];
/// Parameters whose names go on with a column or a field: `map.电话号码=phone`, `set.place_id=北门`.
const OPEN: &[&str] = &["map.", "set."];

/// The parameter that names a kind. Made once at start, it lives as long as the process.
fn kind_field(kinds: &Registry) -> &'static Field {
    let name = Shape::Text { min: 1, max: 60, pattern: Some(Box::leak(name_of_a_kind(kinds).into_boxed_str())) };
    Box::leak(Box::new(Field::new("kind", name, Text::new("Kind", "类型"), "The kind of record.").required()))
}
static PARAMETERS: &[Field] = &[
    Field::new(
        "mode",
        Shape::Word(&MODE),
        Text::new("Mode", "模式"),
        "`row`: good rows in, bad rows reported. `atomic`: all or none, at most 20,000 rows.",
    ),
    Field::new(
        "validate_only",
        Shape::Boolean,
        Text::new("Validate only", "仅校验"),
        "Every check is made, nothing is written.",
    ),
    Field::new(
        "on_duplicate",
        Shape::Word(&ON_DUPLICATE),
        Text::new("On duplicate", "重复时"),
        "What happens to a record that is there with other content: left (`skip`, the default) or amended by the row.",
    ),
    Field::new(
        "lines",
        Shape::Word(&LINES),
        Text::new("Lines", "明细"),
        "Of a record with a row a line, such as a store's day: a bad line refuses all of it (`whole`, the default), or is left out, refused by itself and told in the note (`keep_good`). Mended and sent with `on_duplicate=revise` it joins the others.",
    ),
    Field::new(
        "source",
        Shape::Text { min: 1, max: 60, pattern: Some("[A-Za-z0-9_.-]+") },
        Text::new("Source", "来源系统"),
        "The system from which the rows come; with a column `external_id` it makes the rows' ids.",
    ),
    Field::new(
        "sheet",
        Shape::Text { min: 1, max: 100, pattern: None },
        Text::new("Sheet", "工作表"),
        "Only this sheet of a workbook; without it all with a header that is known.",
    ),
    Field::new(
        "unknown",
        Shape::Word(&UNKNOWN),
        Text::new("Unknown columns", "未知列"),
        "What happens to columns that nobody knows: left out, kept in the note, or the file refused. By default `refuse` where most headers are names of fields, else `note`.",
    ),
    Field::new(
        "year",
        Shape::Integer { min: 2000, max: 2100 },
        Text::new("Year", "年份"),
        "Of days without one; else that which the titles name, else of the nearest past.",
    ),
    Field::new(
        "district_code",
        Shape::Text { min: 6, max: 6, pattern: Some("[0-9]{6}") },
        Text::new("District", "区县"),
        "Where the import is kept; needed only by callers with several districts.",
    ),
];

/// Whoever writes records of some kind. Listed once at start, they live as long as the process.
fn writers(kinds: &Registry) -> &'static [Role] {
    let writes = |role: &&Role| kinds.kinds().any(|kind| kind.writers.contains(role));
    Box::leak(Role::ALL.iter().filter(writes).copied().collect())
}

/// The operations of this room.
pub fn operations(kinds: &Registry) -> Vec<Operation> {
    let kind = kind_field(kinds);
    let all = || Access::Roles(Role::ALL);
    vec![
        Operation::new(Method::POST, "/v1/imports", "create_import", intake::post)
            .described("imports", "Import a file", "CSV (Chinese or English headers; UTF-8, GB18030 or UTF-16), NDJSON or XLSX, as the body, read as it comes. Answers when all is read; with `Prefer: respond-async` at once. The same file twice changes nothing; an interrupted import is sent again.")
            .access(Access::Roles(writers(kinds)))
            .keys(KeyScope::Import)
            .uncounted()
            .bounded(Bounded::Own)
            .parameters([kind].into_iter().chain(PARAMETERS).collect())
            .open(OPEN)
            .body_of(json!({"type": "string", "format": "binary", "maxLength": 2_147_483_647, "description": "The file."}), json!("place_id,direction,temperature_c\n0198c0de-0002-7000-8000-000000000001,in,36.5\n"), &["text/csv", "application/x-ndjson", XLSX])
            .body_as("application/x-ndjson", json!("{\"place_id\":\"0198c0de-0002-7000-8000-000000000001\",\"direction\":\"in\",\"temperature_c\":\"36.5\"}\n"))
            .body_as(XLSX, json!("the bytes of a workbook whose first sheet is a table with a header"))
            .answers_with(200, "The whole file was read.", Some(reference("Import")), Some(example()))
            .answers_with(202, "It is being read; look at `Location`.", Some(reference("Import")), Some(example()))
            .with_headers(&["Location"])
            .problems(&[DISTRICT_REQUIRED, UNREADABLE_FILE, UNKNOWN_COLUMNS, TOO_MANY_ROWS, TOO_MANY_FAULTS, Code::TOO_MANY_REQUESTS, NOT_FOUND]),
        Operation::new(Method::POST, "/v1/imports:inspect", "inspect_import", inspect::post)
            .described("imports", "Look at a file", "What an import would do with it, in a moment and without writing anything: sheets, header rows, what each column is taken for and how sure that is, the first ten records as they would be stored, faults, what is missing, and the parameters that would help.")
            .access(Access::Roles(writers(kinds)))
            .keys(KeyScope::Import)
            .uncounted()
            .bounded(Bounded::Own)
            .parameters([kind].into_iter().chain(PARAMETERS.iter().filter(|field| LOOKED_AT_WITH.contains(&field.name))).collect())
            .open(OPEN)
            .body_of(json!({"type": "string", "format": "binary", "maxLength": 2_147_483_647, "description": "The file."}), json!("place_id,direction,temperature_c\n0198c0de-0002-7000-8000-000000000001,in,36.5\n"), &["text/csv", "application/x-ndjson", XLSX])
            .answers_with(200, "What it would do.", Some(reference("ImportInspection")), Some(example_inspection()))
            .problems(&[DISTRICT_REQUIRED, UNREADABLE_FILE, TOO_MANY_ROWS, Code::TOO_MANY_REQUESTS, NOT_FOUND]),
        Operation::new(Method::GET, "/v1/imports/template", "get_import_template", template::get)
            .described("imports", "A sheet to fill in", "A workbook with Chinese headers, required ones marked by an asterisk, a drop-down for every vocabulary, numbers of documents and phones as text, and a second sheet that explains each column with an example; or the header alone as CSV.")
            .access(Access::Roles(writers(kinds)))
            .keys(KeyScope::Import)
            .parameters(vec![kind, &FORMAT])
            .answers_nothing(200, "The template.")
            .as_files(vec![XLSX, "text/csv"])
            .problems(&[NOT_FOUND]),
        Operation::new(Method::GET, "/v1/imports", "list_imports", list)
            .described("imports", "List imports", "The caller's own, and those of an area that he commands, the newest first.")
            .access(all())
            .keys(KeyScope::Import)
            .parameters(vec![&LIMIT, &CURSOR])
            .answers_with(200, "A page.", Some(reference("ImportPage")), Some(json!({"items": [example()], "next_cursor": null})))
            .with_headers(&["Link"]),
        Operation::new(Method::GET, "/v1/imports/{id}", "get_import", get)
            .described("imports", "Watch an import", "How far it is; the first errors.")
            .access(all())
            .keys(KeyScope::Import)
            .answers_with(200, "The import.", Some(reference("Import")), Some(example())),
        Operation::new(Method::GET, "/v1/imports/{id}/errors", "list_import_errors", faults::list)
            .described("imports", "The refused rows", "NDJSON; with `Accept: text/csv` the input's own columns plus one of faults, ready to mend and send again. In the order of the file.")
            .access(all())
            .keys(KeyScope::Import)
            .answers_nothing(200, "The rows.")
            .as_files(vec!["text/csv", "application/x-ndjson"]),
        Operation::new(Method::GET, "/v1/imports/{id}/rows", "list_import_rows", outcomes::list)
            .described("imports", "What came of rows", "Rows that made no new record, each with the record that it met, and those about which there is something to say: at most 100,000 of a file, in its order, for 90 days.")
            .access(all())
            .keys(KeyScope::Import)
            .parameters(vec![&outcomes::BY_OUTCOME, &LIMIT, &CURSOR])
            .answers_with(200, "A page.", Some(reference("ImportRowPage")), Some(json!({"items": [example_row()], "next_cursor": null})))
            .with_headers(&["Link"])
            .problems(&[NOT_FOUND]),
        Operation::new(Method::POST, "/v1/imports/{id}:undo", "undo_import", undo::undo)
            .described("imports", "Undo an import", "Voids what it created; what was amended since stays and is listed. Sent again it goes on.")
            .access(all())
            .keys(KeyScope::Import)
            .uncounted()
            .bounded(Bounded::Steps)
            .answers_with(200, "What was undone.", Some(reference("UndoneImport")), Some(json!({"id": "0198c0de-000d-7000-8000-000000000001", "state": "undone", "voided": 120, "left": [], "people_voided": 80, "people_left": []})))
            .problems(&[STILL_RUNNING, Code::WRITE_CONFLICT, Code::LEDGER_UNAVAILABLE]),
    ]
}

/// The import as it stands.
pub async fn shown(call: &Call, id: Uuid) -> Result<Json, Problem> {
    let import = store::find(&call.core, call.actor()?, id).await?;
    answer::view(call, &import).await
}

async fn get(call: Call) -> Answer {
    let json = shown(&call, call.path_id()?).await?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(json))
}

async fn list(call: Call) -> Answer {
    let actor = call.actor()?;
    let binding = format!("imports|{}", actor.user_id);
    let after = page::position(&call, &binding)?.and_then(|text| text.parse::<Uuid>().ok());
    let limit = i64::try_from(page::limit(&call)).map_err(Problem::internal)? + 1;
    let mut imports = Vec::new();
    for district_code in &actor.districts {
        let mut statement = store::visible(actor, district_code);
        if let Some(id) = after {
            statement = statement.sql(" AND r.id < ").id(id);
        }
        for row in call.core.database.read(&statement.sql(" ORDER BY r.id DESC LIMIT ").integer(limit)).await? {
            imports.push(store::of_row(&call.core, row)?);
        }
    }
    imports.sort_by_key(|import| std::cmp::Reverse(import.id));
    Ok(page::answer(
        &call,
        &binding,
        imports,
        |import| import.id.to_string(),
        |import| import.view(json!([]), call.language),
    ))
}

fn example_inspection() -> Json {
    json!({"kind": "screenings", "layout": {"names": [], "sheets": [{"name": null, "header_line": 3, "header_rows": 1,
        "columns": [{"header": "体温℃", "field": "temperature_c", "use": "taken", "certainty": "stripped", "proposal": null}],
        "constants": [{"field": "place_id", "text": "北门"}]}], "not_read": []},
        "rows": 9, "checked": 6, "refused": 0, "first": [], "faults": [],
        "not_records": [{"line": 10, "reason": {"column": null, "pointer": "", "code": "sum", "message": "合计行"}}],
        "missing": ["direction"], "parameters": ["set.direction="], "problem": null})
}

fn example_row() -> Json {
    json!({"sheet": null, "line": 9, "outcome": "skipped", "record_id": "0198c0de-0005-7000-8000-000000000001", "differs": true, "faults": [], "warnings": [], "reason": null})
}

fn example() -> Json {
    json!({"id": "0198c0de-000d-7000-8000-000000000001", "kind": "screenings", "state": "complete", "district_code": "511802",
        "user_id": "0198c0de-0000-7000-8000-00000000000b", "options": {"mode": "row", "validate_only": false, "on_duplicate": "skip", "source": null, "lines": "whole"},
        "counts": {"read": 120, "created": 118, "same": 0, "revised": 0, "skipped": 0, "refused": 2, "not_a_record": 0}, "problem": null, "warnings": [],
        "started_at": "2020-02-02T19:00:00+08:00", "updated_at": "2020-02-02T19:00:01+08:00",
        "layout": null,
        "first_errors": [{"sheet": null, "line": 7, "faults": [{"column": "体温", "pointer": "/temperature_c", "code": "out_of_range", "message": "应在 32.0 至 43.0 之间"}]}],
        "errors_url": "/v1/imports/0198c0de-000d-7000-8000-000000000001/errors"})
}

/// The schemas of this room.
pub fn schemas() -> Vec<(String, Json)> {
    let text = |max: u32, about: &str| json!({"type": "string", "maxLength": max, "description": about});
    let id = |about: &str| json!({"type": "string", "format": "uuid", "maxLength": 36, "description": about});
    let instant = |about: &str| json!({"type": "string", "format": "date-time", "maxLength": 40, "description": about});
    let any = |about: &str| json!({"type": ["object", "null"], "additionalProperties": true, "description": about});
    let count = |about: &str| json!({"type": "integer", "format": "int64", "minimum": 0, "maximum": i64::MAX, "description": about});
    let counts = json!({"type": "object", "description": "How many rows came to what.", "required": ["read", "created", "same", "revised", "skipped", "refused", "not_a_record"], "properties": {
        "read": count("Rows read: the sum of the others."), "created": count("New records."), "same": count("There already, unchanged."),
        "revised": count("Changed by the row."), "skipped": count("There with other content, left as it is."), "refused": count("Refused; see the errors."), "not_a_record": count("Titles, sums, signatures: no records, and not stored.")}});
    let errors = json!({"type": "array", "maxItems": 20, "items": any("A refused row: its line and its faults."), "description": "The first of them."});
    let import = json!({"type": "object", "description": "An import.", "required": ["id", "kind", "state", "district_code", "user_id", "options", "counts", "problem", "warnings", "layout", "started_at", "updated_at", "first_errors", "errors_url"], "properties": {
        "id": id("Its id."), "kind": text(60, "What it imports."), "state": text(20, "running, interrupted, complete, failed or undone."),
        "district_code": text(6, "Where it is kept."), "user_id": id("Who imports."), "options": any("What was asked."), "counts": counts,
        "problem": any("Why it failed or was interrupted."),
        "warnings": {"type": "array", "maxItems": 20, "items": any("A warning: its code and its message."), "description": "What is implausible about the file as a whole, each once: `occurred_at_assumed`."},
        "layout": any("How the file was read: its sheets with their header rows, what each column was taken for, what wasn't read."),
        "started_at": instant("Since when."), "updated_at": instant("When it was last heard of."),
        "first_errors": errors, "errors_url": text(200, "All of them.")}});
    let list = |most: u32, about: &str| json!({"type": "array", "maxItems": most, "items": any("One of them."), "description": about});
    let names = |about: &str| json!({"type": "array", "maxItems": 1_000, "items": text(200, "One of them."), "description": about});
    let inspection = json!({"type": "object", "description": "What an import would do.", "required": ["kind", "layout", "rows", "checked", "refused", "first", "faults", "not_records", "missing", "parameters", "problem"], "properties": {
        "kind": text(60, "The kind."), "layout": any("How the file is read: its sheets with their header rows, what each column is taken for, what isn't read."),
        "rows": count("Rows looked at."), "checked": count("Records checked."), "refused": count("Of those, refused."),
        "first": list(10, "The first records as they would be stored."), "faults": list(50, "Faults by line."),
        "not_records": list(50, "Rows that are no records, by line."), "missing": names("Fields that must be there and are in no column."),
        "parameters": names("Parameters that would help."), "problem": any("Why the file couldn't be imported at all.")}});
    let words = |about: &str| json!({"type": "array", "maxItems": 1_000, "items": any("A column, a code and a message."), "description": about});
    let row = json!({"type": "object", "description": "What came of a row.", "required": ["sheet", "line", "outcome", "record_id", "differs", "faults", "warnings", "reason"], "properties": {
        "sheet": {"type": ["string", "null"], "maxLength": 100, "description": "The sheet, where the workbook has several."}, "line": count("The line."),
        "outcome": text(20, "created, same, revised, skipped, refused or not_a_record."),
        "record_id": {"type": ["string", "null"], "format": "uuid", "maxLength": 36, "description": "The record that it made or met."},
        "differs": {"type": "boolean", "description": "Whether it says something else than the record that stands."},
        "faults": words("Why it was refused."), "warnings": words("What was taken otherwise than it was written."), "reason": any("Why it is no record.")}});
    let left = json!({"type": "array", "maxItems": 1_000, "items": {"type": "string", "format": "uuid", "maxLength": 36}, "description": "Records amended since."});
    let undone = json!({"type": "object", "description": "What was undone.", "required": ["id", "state", "voided", "left", "people_voided", "people_left"], "properties": {
        "id": id("The import."), "state": text(20, "undone."), "voided": count("Records voided."), "left": left,
        "people_voided": count("People voided whom it alone introduced."),
        "people_left": {"type": "array", "maxItems": 1_000, "items": {"type": "string", "format": "uuid", "maxLength": 36}, "description": "People whom it introduced and somebody else names or amended since."}}});
    vec![
        ("Import".into(), import),
        ("ImportPage".into(), page::schema(&reference("Import"))),
        ("ImportInspection".into(), inspection),
        ("ImportRow".into(), row),
        ("ImportRowPage".into(), page::schema(&reference("ImportRow"))),
        ("UndoneImport".into(), undone),
    ]
}
