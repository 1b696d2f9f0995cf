//! Missed duties, to see who is behind: the oldest first, each with whoever answers for it and how far up it went.

mod responsible;

use std::collections::BTreeMap;

use actix_web::http::Method;
use chrono::{DateTime, NaiveDate, Utc};
use kit::cursor;
use kit::database::Snapshot;
use kit::field::{Field, Shape};
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::text::Text;
use kit::time::{InZone, day_start};
use kit::value::Value;
use kit::{columns, fields};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use self::responsible::{Responsible, responsible};
use super::subjects::names;
use crate::platform::codes::{DISTRICT_REQUIRED, NOT_FOUND};
use crate::platform::http::page::{self, CURSOR, LIMIT};
use crate::platform::http::{Access, Answer, Call, Operation};
use crate::records::list;
use crate::records::scope::{visible_to, within};
use crate::records::{Record, read};
use crate::rooms::duties::wire;
use crate::rooms::duties::{DUTIES, DutyKind, DutyLine, SUPERVISORS};
use crate::statistics::districts;
use crate::statistics::lines::{named, naming};
use crate::statistics::parameters;
use crate::statistics::polled::{answer, polled};
use crate::statistics::sheet::{Column, words};

fields! {
    /// Parameters of the list.
    static PARAMETERS;
    DISTRICT_CODE: String = list::DISTRICT_CODE;
    AREA_CODE: String = list::AREA_CODE;
    FROM_ON: NaiveDate = parameters::FROM_ON;
    TO_ON: NaiveDate = parameters::TO_ON;
    LINE: DutyLine = Field::new("line", Shape::Word(DutyLine::VOCABULARY), Text::new("Line", "责任线"), "Of that line.");
    DUTY_KIND: DutyKind = Field::new("duty_kind", Shape::Word(DutyKind::VOCABULARY), Text::new("Duty", "责任事项"), "Of that kind.");
    ORG_ID: Uuid = Field::new("org_id", Shape::Id, Text::new("Organisation", "单位"), "Of that organisation.");
    ESCALATED: bool = Field::new("escalated", Shape::Boolean, Text::new("Escalated", "已上报"), "Whether it went up.");
    EXPLAINED: bool = Field::new("explained", Shape::Boolean, Text::new("Explained", "已说明"), "Whether somebody said why.");
}

columns! {
    TOTAL "total": i64;
}

/// The columns of a file.
const COLUMNS: &[Column] = &[
    words("duty_label", "事项"),
    words("line_label", "责任线"),
    words("subject_name", "对象"),
    words("area_name", "所在"),
    words("org_name", "单位"),
    words("responsible_names", "责任人"),
    words("due_at", "应于何时完成"),
    words("escalated_label", "已上报至"),
];

/// The operation.
pub fn operation() -> Operation {
    let item = json!({"duty_id": "0198c0de-0040-7000-8000-000000000001", "duty_kind": "supply_report", "duty_label": "商超日报", "line": "store", "line_label": "商超",
        "subject_kind": "places", "subject_id": "0198c0de-0002-7000-8000-000000000002", "subject_name": "惠民超市龙溪店", "area_code": "511802005001", "area_name": "龙溪社区居委会",
        "org_id": null, "org_name": null, "responsible": [{"name": "惠民超市龙溪店店长", "by": "account", "user_id": null}], "responsible_names": "惠民超市龙溪店店长", "due_at": "2020-02-02T20:00:00+08:00",
        "escalated_to": "district", "escalated_label": "区", "escalated_name": null, "escalations": 1, "explained": false});
    let example = json!({"items": [item], "next_cursor": null, "total": 1, "as_of_change_no": 42});
    let operation = Operation::new(Method::GET, "/v1/stats/completeness/missed", "list_missed", missed)
        .described("stats", "Who is behind", "What was missed, the oldest first, each with what it is about, whoever answers for it (whose duty it is; else the case's supervisor of that line; else the accounts with that line's role in the area) and how far up it went. People are masked.")
        .access(Access::Roles(SUPERVISORS))
        .answers::<MissedList>(200, "A page.", Some(example))
        .problems(&[DISTRICT_REQUIRED, NOT_FOUND]);
    polled(operation, PARAMETERS.iter().chain([&LIMIT, &CURSOR]))
}

/// A page of what was missed.
#[derive(Serialize, ToSchema)]
struct MissedList {
    /// The oldest first.
    #[schema(inline, max_items = 500)]
    items: Vec<Missed>,
    /// Where the next page begins; null at the end.
    #[schema(required, max_length = 500)]
    next_cursor: Option<String>,
    /// How many there are on all pages.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    total: i64,
    /// Read as of this change.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    as_of_change_no: i64,
}

/// Something that was missed.
#[derive(Serialize, ToSchema)]
struct Missed {
    /// The duty.
    duty_id: Uuid,
    /// The kind of duty.
    #[schema(value_type = String, max_length = 60)]
    duty_kind: &'static str,
    /// That in words.
    #[schema(value_type = String, max_length = 100)]
    duty_label: &'static str,
    /// Whose line it is.
    #[schema(value_type = String, max_length = 60)]
    line: &'static str,
    /// That in words.
    #[schema(value_type = String, max_length = 100)]
    line_label: &'static str,
    /// The kind of what it is about.
    #[schema(max_length = 60)]
    subject_kind: String,
    /// The id of its subject.
    subject_id: Uuid,
    /// Its name; people masked.
    #[schema(required, max_length = 200)]
    subject_name: Option<String>,
    /// Where.
    #[schema(max_length = 20)]
    area_code: String,
    /// That in words.
    #[schema(required, max_length = 200)]
    area_name: Option<String>,
    /// Of which organisation.
    #[schema(required)]
    org_id: Option<Uuid>,
    /// Its name.
    #[schema(required, max_length = 200)]
    org_name: Option<String>,
    /// Whoever answers for it.
    #[schema(inline, max_items = 3)]
    responsible: Vec<Responsible>,
    /// Their names.
    #[schema(max_length = 300)]
    responsible_names: String,
    /// Until when it was to be done: since then it is missing.
    #[schema(required, value_type = Option<String>, max_length = 40)]
    due_at: Option<InZone>,
    /// To whom it went up.
    #[schema(required, value_type = Option<String>, max_length = 60)]
    escalated_to: Option<&'static str>,
    /// That in words.
    #[schema(required, value_type = Option<String>, max_length = 100)]
    escalated_label: Option<&'static str>,
    /// Name of the account to whom it went up.
    #[schema(required, max_length = 100)]
    escalated_name: Option<String>,
    /// How often it went up.
    #[schema(minimum = 0, maximum = 100)]
    escalations: usize,
    /// Whether somebody said why.
    explained: bool,
}

async fn missed(call: Call) -> Answer {
    let district_code = districts::by_itself(&call)?;
    answer(&call, &district_code, COLUMNS, async |now, head| page_of(&call, now, &district_code, head).await).await
}

async fn page_of(call: &Call, now: &mut Snapshot, district_code: &str, head: i64) -> Result<MissedList, Problem> {
    let filtered = filtered(call, district_code)?;
    let counting = Statement::new("SELECT count(*) AS total FROM (").then(filtered.clone()).sql(") AS p");
    let total = now.read(&counting).await?.first_mut().and_then(|row| row.get(&TOTAL)).unwrap_or(0);
    let binding = format!("missed|{}|{}", call.actor()?.user_id, without_page(call));
    let limit = page::limit(call);
    let statement = after(filtered, page::position(call, &binding)?.as_deref());
    let statement = statement.sql(" ORDER BY r.due_at, r.id LIMIT ").integer(i64::try_from(limit + 1).unwrap_or(501));
    let mut duties = read::of_rows(&call.core, &DUTIES, now.read(&statement).await?)?;
    let more = duties.len() > limit;
    duties.truncate(limit);
    let key = &*call.core.keys.cursor;
    let next_cursor = duties.last().filter(|_| more).map(|last| cursor::seal(key, &binding, &position(last)));
    let items = told(call, now, district_code, &duties).await?;
    Ok(MissedList { items, next_cursor, total, as_of_change_no: head })
}

/// Text of a query to which a cursor is bound.
fn without_page(call: &Call) -> String {
    let query = call.query.iter().filter(|(name, _)| !matches!(*name, "cursor" | "limit"));
    query.map(|(name, value)| format!("{name}={}", value.to_json(chrono_tz::UTC))).collect::<Vec<_>>().join("&")
}

fn filtered(call: &Call, district_code: &str) -> Result<Statement, Problem> {
    let query = &call.query;
    let mut statement =
        visible_to(call.actor()?, &DUTIES, district_code).sql(" AND r.state = 'missed' AND NOT r.voided");
    if let Some(area_code) = query.get(&AREA_CODE) {
        statement = within("r", statement.sql(" AND "), area_code);
    }
    let begins = |day: Option<NaiveDate>| day.and_then(|day| day_start(day, call.core.zone)).map(Value::Instant);
    let until = query.get(&TO_ON).and_then(|day: NaiveDate| day.succ_opt());
    for (condition, instant) in
        [(" AND r.occurred_at >= ", begins(query.get(&FROM_ON))), (" AND r.occurred_at < ", begins(until))]
    {
        if let Some(instant) = instant {
            statement = statement.sql(condition).bind(ColumnType::Instant, instant);
        }
    }
    if let Some(line) = query.get(&LINE) {
        statement = statement.sql(" AND r.line = ").text(line.code());
    }
    if let Some(kind) = query.get(&DUTY_KIND) {
        statement = statement.sql(" AND r.duty_kind = ").text(kind.code());
    }
    if let Some(org_id) = query.get(&ORG_ID) {
        statement = statement.sql(" AND r.org_id = ").id(org_id);
    }
    statement = match query.get(&ESCALATED) {
        Some(true) => statement.sql(" AND r.escalated_to IS NOT NULL"),
        Some(false) => statement.sql(" AND r.escalated_to IS NULL"),
        None => statement,
    };
    Ok(match query.get(&EXPLAINED) {
        Some(true) => statement.sql(" AND r.explained"),
        Some(false) => statement.sql(" AND r.explained IS NOT TRUE"),
        None => statement,
    })
}

fn position(duty: &Record) -> String {
    let due_at: Option<DateTime<Utc>> = duty.values.get(&wire::DUE_AT);
    format!("{}|{}", due_at.map_or(0, |due_at| due_at.timestamp_micros()), duty.envelope.id)
}

fn after(statement: Statement, position: Option<&str>) -> Statement {
    let parsed = position.and_then(|position| {
        let (micros, id) = position.split_once('|')?;
        Some((DateTime::<Utc>::from_timestamp_micros(micros.parse().ok()?)?, Uuid::try_parse(id).ok()?))
    });
    match parsed {
        Some((due_at, id)) => statement
            .sql(" AND (r.due_at, r.id) > (")
            .bind(ColumnType::Instant, Value::Instant(due_at))
            .sql(", ")
            .id(id)
            .sql(")"),
        None => statement,
    }
}

async fn told(call: &Call, now: &mut Snapshot, district_code: &str, duties: &[Record]) -> Result<Vec<Missed>, Problem> {
    let subjects = duties.iter().filter_map(subject);
    let subject_names = names(&call.core, now, district_code, subjects).await?;
    let orgs = duties.iter().filter_map(|duty| duty.envelope.org_id);
    let org_names = named(now.read(&naming("organizations", district_code, orgs)).await?);
    let people = responsible(call, duties).await?;
    Ok(duties.iter().filter_map(|duty| item(call, duty, &subject_names, &org_names, &people)).collect())
}

fn subject(duty: &Record) -> Option<(String, Uuid)> {
    Some((duty.values.get(&wire::SUBJECT_KIND)?.to_owned(), duty.values.get(&wire::SUBJECT_ID)?))
}

fn item(
    call: &Call,
    duty: &Record,
    subject_names: &BTreeMap<Uuid, String>,
    org_names: &BTreeMap<Uuid, String>,
    people: &responsible::People,
) -> Option<Missed> {
    let values = &duty.values;
    let (duty_kind, line) = (values.get(&wire::DUTY_KIND)?, values.get(&wire::LINE)?);
    let (subject_kind, subject_id) = subject(duty)?;
    let line_label = |line: DutyLine| {
        DutyLine::VOCABULARY.find(line.code()).map_or("", |word| word.label.in_language(call.language))
    };
    let duty_label =
        DutyKind::VOCABULARY.find(duty_kind.code()).map_or("", |word| word.label.in_language(call.language));
    let escalated_to: Option<DutyLine> = values.get(&wire::ESCALATED_TO);
    let responsible = people.of(duty);
    Some(Missed {
        duty_id: duty.envelope.id,
        duty_kind: duty_kind.code(),
        duty_label,
        line: line.code(),
        line_label: line_label(line),
        subject_name: subject_names.get(&subject_id).cloned(),
        subject_kind,
        subject_id,
        area_name: call.core.divisions.find(&duty.envelope.area_code, None).map(|found| found.name.clone()),
        area_code: duty.envelope.area_code.clone(),
        org_id: duty.envelope.org_id,
        org_name: duty.envelope.org_id.and_then(|id| org_names.get(&id).cloned()),
        responsible_names: responsible.iter().map(|one| one.name.as_str()).collect::<Vec<_>>().join("、"),
        responsible,
        due_at: values.get(&wire::DUE_AT).map(|due_at| InZone(due_at, call.core.zone)),
        escalated_to: escalated_to.map(DutyLine::code),
        escalated_label: escalated_to.map(line_label),
        escalated_name: values.get(&wire::ESCALATED_TO_ID).and_then(|id| people.name(id)),
        escalations: values.json(wire::ESCALATIONS.name()).and_then(serde_json::Value::as_array).map_or(0, Vec::len),
        explained: values.get(&wire::EXPLAINED) == Some(true),
    })
}
