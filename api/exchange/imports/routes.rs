//! The operations of imports.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::CACHE_CONTROL;
use kit::catalogue::Code;
use kit::field::{Field, Shape};
use kit::problem::Problem;
use kit::text::Text;
use kit::vocabulary::{Vocabulary, word};
use serde_json::json;
use uuid::Uuid;

use super::answer::{ImportAnswer, ImportInspection, ImportRow, UndoneImport};
use super::{answer, faults, inspect, intake, outcomes, store, template, undo};
use crate::exchange::codes::{STILL_RUNNING, TOO_MANY_FAULTS, UNKNOWN_COLUMNS, UNREADABLE_FILE};
use crate::platform::access::Role;
use crate::platform::access::keys::KeyScope;
use crate::platform::codes::{DISTRICT_REQUIRED, NOT_FOUND};
use crate::platform::http::page::Page;
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
static SHAPE: Vocabulary = Vocabulary::new(
    "import_shape",
    Text::new("Shape", "表格形式"),
    &[word("rows", "a row a record", "一行一条"), word("wide", "a column a day or thing", "一列一日或一项")],
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
const LOOKED_AT_WITH: [&str; 8] = ["source", "lines", "sheet", "unknown", "shape", "year", "first_on", "district_code"];
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
        "Only this sheet of a workbook, though it be hidden; without it all that are shown and have a header that is known.",
    ),
    Field::new(
        "unknown",
        Shape::Word(&UNKNOWN),
        Text::new("Unknown columns", "未知列"),
        "What happens to columns that nobody knows: left out, kept in the note, or the file refused. By default `refuse` where most headers are names of fields, else `note`.",
    ),
    Field::new(
        "shape",
        Shape::Word(&SHAPE),
        Text::new("Shape", "表格形式"),
        "`wide`: a row a person with a column a day and part of the day (`2月1日上午`), a row a store with a column a commodity and price or stock (`大米进价`), a row a post with a column a day and names in the cells. Counts are of cells then. Without it a sheet is wide where several of its headers say so and none is the cell's own.",
    ),
    Field::new("first_on", Shape::Day, Text::new("First day", "首日"), "Of headers that count days: `第3天上午`."),
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
            .answers::<ImportAnswer>(200, "The whole file was read.", Some(answer::example()))
            .answers::<ImportAnswer>(202, "It is being read; look at `Location`.", Some(answer::example()))
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
            .answers::<ImportInspection>(200, "What it would do.", Some(answer::example_inspection()))
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
            .answers::<Page<ImportAnswer>>(200, "A page.", Some(json!({"items": [answer::example()], "next_cursor": null})))
            .with_headers(&["Link"]),
        Operation::new(Method::GET, "/v1/imports/{id}", "get_import", get)
            .described("imports", "Watch an import", "How far it is; the first errors.")
            .access(all())
            .keys(KeyScope::Import)
            .answers::<ImportAnswer>(200, "The import.", Some(answer::example())),
        Operation::new(Method::GET, "/v1/imports/{id}/errors", "list_import_errors", faults::list)
            .described("imports", "The refused rows", "NDJSON; with `Accept: text/csv` or that of a workbook, of both in the form of the file sent: each sheet with faults under its own header, plus a column of faults and one of the original line, ready to mend and send again. Faulty cells of a workbook are marked. Faults of several sheets don't go into one CSV: the workbook comes. In the order of the file.")
            .access(all())
            .keys(KeyScope::Import)
            .answers_nothing(200, "The rows.")
            .as_files(vec!["text/csv", "application/x-ndjson", XLSX]),
        Operation::new(Method::GET, "/v1/imports/{id}/rows", "list_import_rows", outcomes::list)
            .described("imports", "What came of rows", "Rows that made no new record, each with the record that it met, and those about which there is something to say: at most 100,000 of a file, in its order, for 90 days.")
            .access(all())
            .keys(KeyScope::Import)
            .parameters(vec![&outcomes::BY_OUTCOME, &LIMIT, &CURSOR])
            .answers::<Page<ImportRow>>(200, "A page.", Some(json!({"items": [answer::example_row()], "next_cursor": null})))
            .with_headers(&["Link"])
            .problems(&[NOT_FOUND]),
        Operation::new(Method::POST, "/v1/imports/{id}:undo", "undo_import", undo::undo)
            .described("imports", "Undo an import", "Voids what it created; what was amended since stays and is listed. Sent again it goes on.")
            .access(all())
            .keys(KeyScope::Import)
            .uncounted()
            .bounded(Bounded::Steps)
            .answers::<UndoneImport>(200, "What was undone.", Some(answer::example_undone()))
            .problems(&[STILL_RUNNING, Code::WRITE_CONFLICT, Code::LEDGER_UNAVAILABLE]),
    ]
}

/// The import as it stands.
pub async fn shown(call: &Call, id: Uuid) -> Result<ImportAnswer, Problem> {
    let import = store::find(&call.core, call.actor()?, id).await?;
    answer::view(call, import).await
}

async fn get(call: Call) -> Answer {
    let import = shown(&call, call.path_id()?).await?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(import))
}

async fn list(call: Call) -> Answer {
    let actor = call.actor()?;
    let binding = format!("imports|{}", actor.user_id);
    let after = page::position(&call, &binding)?.and_then(|text| text.parse::<Uuid>().ok());
    let limit = i64::try_from(page::limit(&call)).map_err(Problem::internal)? + 1;
    let mut imports = Vec::new();
    for district_code in &actor.districts {
        let mut statement = store::visible(&call.core, actor, district_code);
        if let Some(id) = after {
            statement = statement.sql(" AND r.id < ").id(id);
        }
        for row in call.core.database.read(&statement.sql(" ORDER BY r.id DESC LIMIT ").integer(limit)).await? {
            imports.push(store::of_row(&call.core, row)?);
        }
    }
    imports.sort_by_key(|import| std::cmp::Reverse(import.id));
    Ok(page::answer(&call, &binding, imports, |import| import.id.to_string(), |import| import.shown(call.language)))
}
