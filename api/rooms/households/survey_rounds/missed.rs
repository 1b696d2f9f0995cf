//! The missed of a round (遗漏对象): households that aren't done, persons of whom nobody told; as a list for phones, and as
//! a sheet to be handed to whoever must go there.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION};
use kit::field::{Field, Shape};
use kit::problem::Problem;
use kit::text::{Language, Text};
use kit::typed::TypedField;
use kit::{columns, words};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::SURVEY_ROUNDS;
use super::targets::{STATE, SurveyTargetItem, asked, listed, listing, ready_round, told};
use crate::exchange::files::rows::{Cell, OwnLabels, Writing};
use crate::platform::access::accounts::Credential;
use crate::platform::access::keys::KeyScope;
use crate::platform::audit::system_write;
use crate::platform::codes::KEY_OUT_OF_SCOPE;
use crate::platform::http::formats::{self, Format};
use crate::platform::http::{Answer, Call, Operation};
use crate::records::Record;
use crate::records::codes::TOO_MANY_ROWS;
use crate::statistics::parameters::HEADERS_FIELD;
use crate::statistics::sheet::{self, Column, numbers, words as named};

words! {
    /// Sorts of the missed.
    Missed "survey_missed" "Missed" "遗漏对象" {
        Households "households" "households that nobody looked at" "未核查的户";
        Persons "persons" "persons of whom nobody told" "未核实的人";
    }
}

const WHAT: TypedField<Missed> = TypedField::named(
    "WHAT",
    Field::new("what", Shape::Word(Missed::VOCABULARY), Text::new("What", "对象"), "`households` by default."),
);
/// How a moment stands in a cell.
static MOMENT: Field =
    Field::new("last_visit_at", Shape::Instant, Text::new("Last tried", "最近核查时间"), "The last visit.");

/// Targets of which doors and members are read at a time.
const TOGETHER: usize = 1_000;

columns! {
    GRID_CELL "grid_cell": String;
    HOUSEHOLD_GROUP "household_group": String;
    PLACE "place": String;
}

/// Names of where a target stands.
const WHERE: &str = ", (SELECT n.name FROM grid_cells AS n WHERE n.district_code = :district AND n.id = s.grid_cell_id) AS grid_cell, \
    (SELECT n.name FROM household_groups AS n WHERE n.district_code = :district AND n.id = s.household_group_id) AS household_group, \
    (SELECT n.name FROM places AS n WHERE n.district_code = :district AND n.id = s.place_id) AS place";

/// Columns of the sheet.
const COLUMNS: &[Column] = &[
    named("area_code", "区划代码"),
    named("area", "区划"),
    named("grid_cell", "网格"),
    named("household_group", "十户组"),
    named("place", "小区(院落)"),
    named("door", "门牌号"),
    named("names", "姓名"),
    named("state", "核查状态"),
    named("assignee_name", "责任人"),
    numbers("attempts", "核查次数"),
    named("last_visit_at", "最近核查时间"),
    numbers("persons", "应核人数"),
    numbers("persons_confirmed", "已核人数"),
    named("target_id", "对象编号"),
];

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    let operation = Operation::new(Method::GET, "/v1/survey-rounds/{id}/missed", "list_survey_missed", missed).described(
        "survey_rounds",
        "The missed of a round",
        "Households that aren't done; or, of households that are done as well, those with persons of whom no visit told. As CSV or XLSX all of them, for whoever must go there: a row a household, or a row a person; names are masked.",
    );
    let files = vec![Format::Csv.media_type(), Format::Xlsx.media_type()];
    vec![
        listing(operation, vec![&WHAT.field, &HEADERS_FIELD])
            .as_files(files)
            .problems(&[TOO_MANY_ROWS, KEY_OUT_OF_SCOPE]),
    ]
}

async fn missed(call: Call) -> Answer {
    match formats::asked(&call).filter(|format| *format != Format::Ndjson) {
        Some(format) => file(&call, format).await,
        None => listed(&call, "missed", |statement| statement.sql(condition(&call))).await,
    }
}

/// ` AND` it is one of the missed.
fn condition(call: &Call) -> &'static str {
    let persons = call.query.get(&WHAT) == Some(Missed::Persons);
    if persons { " AND s.persons > s.persons_confirmed" } else { " AND s.state <> 'done'" }
}

/// Answers with the whole list as a sheet, as it stands at one moment.
async fn file(call: &Call, format: Format) -> Answer {
    if let Some(Credential::Key(scopes)) = call.credential()
        && !KeyScope::Export.is_in(scopes)
    {
        return Err(KEY_OUT_OF_SCOPE.into());
    }
    let round = ready_round(call).await?;
    let statement = asked(call, call.actor()?, &round, WHERE).sql(condition(call));
    let order =
        " ORDER BY s.area_code, grid_cell NULLS LAST, household_group NULLS LAST, place NULLS LAST, s.target_id";
    let found = call.core.database.read(&statement.sql(order)).await?;
    note(call, &round, format, found.len()).await?;
    let mut rows = Vec::new();
    let mut found = found.into_iter().peekable();
    while found.peek().is_some() {
        let part: Vec<kit::row::Row> = found.by_ref().take(TOGETHER).collect();
        let places: Vec<[Option<String>; 3]> = part.iter().cloned().map(names_of).collect();
        let items = told(call, &round.envelope.district_code, round.envelope.id, part).await?;
        rows.extend(places.into_iter().zip(items).flat_map(|(place, item)| lines(call, &place, &item)));
    }
    respond(call, &round, format, rows)
}

/// The line of the audit: whose list was taken away, by which filter, how many.
async fn note(call: &Call, round: &Record, format: Format, count: usize) -> Result<(), Problem> {
    let query = call.query.iter().map(|(name, value)| (name.to_owned(), value.to_json(call.core.zone)));
    let filter: serde_json::Map<String, Json> = query.collect();
    let details = json!({"list": "missed", "format": format.extension(), "filter": filter, "count": count});
    let audit_entry = call.audit_entry("export.begin", SURVEY_ROUNDS.name, Some(round.envelope.id), details);
    system_write(&call.core, audit_entry, async |_| Ok(())).await
}

fn names_of(mut row: kit::row::Row) -> [Option<String>; 3] {
    [row.get(&GRID_CELL), row.get(&HOUSEHOLD_GROUP), row.get(&PLACE)]
}

/// The rows of a target: one, or one for each person of whom nobody told.
fn lines(call: &Call, place: &[Option<String>; 3], item: &SurveyTargetItem) -> Vec<Vec<Cell>> {
    let names: Vec<&str> = item.members.iter().filter_map(|member| member.name.as_deref()).collect();
    if call.query.get(&WHAT) != Some(Missed::Persons) {
        return vec![line(call, place, item, &names.join("、"))];
    }
    let untold = item.members.iter().filter(|member| !member.confirmed);
    untold.map(|member| line(call, place, item, member.name.as_deref().unwrap_or_default())).collect()
}

fn line(call: &Call, place: &[Option<String>; 3], item: &SurveyTargetItem, names: &str) -> Vec<Cell> {
    let chinese = sheet::is_chinese(call);
    let language = if chinese { Language::Chinese } else { Language::English };
    let writing = Writing { language, words: chinese, zone: call.core.zone, own: OwnLabels::default() };
    let text = |text: Option<&str>| text.map_or(Cell::Empty, |text| Cell::Text(text.to_owned()));
    let number = |count: usize| Cell::Number(count.to_string());
    let confirmed = item.members.iter().filter(|member| member.confirmed).count();
    let area = call.core.divisions.find(&item.area_code, None).map(|division| division.name.as_str());
    let mut cells = vec![text(Some(&item.area_code)), text(area)];
    cells.extend(place.iter().map(|name| text(name.as_deref())));
    cells.extend([
        text(item.door.as_deref()),
        text(Some(names)),
        writing.cell(&STATE.field, &json!(item.state)),
        text(item.assignee_name.as_deref()),
        Cell::Number(item.attempts.to_string()),
        writing.cell(&MOMENT, &item.last_visit_at.map_or(Json::Null, |at| json!(at))),
        number(item.members.len()),
        number(confirmed),
        text(Some(&item.target_id.to_string())),
    ]);
    cells
}

fn respond(call: &Call, round: &Record, format: Format, rows: Vec<Vec<Cell>>) -> Result<HttpResponse, Problem> {
    let id: Uuid = round.envelope.id;
    let mut response = HttpResponse::Ok();
    response
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"missed-{id}.{}\"", format.extension())));
    match format {
        Format::Xlsx => Ok(response.content_type(format.media_type()).body(sheet::book(call, COLUMNS, rows)?)),
        _ => Ok(response.content_type(sheet::CSV).body(sheet::of_rows(call, COLUMNS, rows))),
    }
}
