//! The draft of a log: what the author's own records of a day say, in numbers and in words. He adds the rest.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::CACHE_CONTROL;
use chrono::NaiveDate;
use kit::field::{Field, Shape};
use kit::fields;
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::text::{Language, Text};
use kit::time::day_of;
use kit::value::Value;
use serde::Serialize;
use serde_json::{Map, Value as Json, json};
use utoipa::ToSchema;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use uuid::Uuid;

use super::KEEPERS;
use super::counted::{LoggedKinds, counts};
use super::wire::{WorkCounts, WorkLogLevel};
use crate::platform::access::roles::{Actor, Role};
use crate::platform::codes::{DISTRICT_REQUIRED, NOT_FOUND};
use crate::platform::http::page::one_district;
use crate::platform::http::{Access, Answer, Call, Operation};
use crate::records::{envelope, list};
use crate::rooms::duties::DutyLine;

fields! {
    /// Parameters of a draft.
    static PARAMETERS;
    ON: NaiveDate = Field::new("on", Shape::Day, Text::new("On", "日期"), "Of which day; today by default.").any_day();
    DISTRICT_CODE: String = list::DISTRICT_CODE;
}

/// A log as its author may hand it in.
#[derive(Serialize, ToSchema)]
struct WorkLogDraft {
    /// The day.
    #[schema(value_type = String, max_length = 10)]
    worked_on: NaiveDate,
    /// Level at which the caller works.
    #[schema(value_type = String, max_length = 20)]
    level: WorkLogLevel,
    /// The log of that day that is there already; null where there is none.
    #[schema(required)]
    log_id: Option<Uuid>,
    /// Whether no record tells of any work.
    is_zero: bool,
    /// How much was done, by the caller's own records: what isn't there wasn't counted.
    #[schema(schema_with = counted)]
    counts: Map<String, Json>,
    /// That in words, in the language asked for.
    #[schema(max_length = 2_000)]
    content: String,
    /// The same in Chinese.
    #[schema(max_length = 2_000)]
    content_zh: String,
    /// The same in English.
    #[schema(max_length = 2_000)]
    content_en: String,
}

/// The schema of counts by their names.
fn counted() -> RefOr<Schema> {
    let count = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0));
    let count = count.maximum(Some(9_007_199_254_740_991_i64)).description(Some("How many."));
    let counts = ObjectBuilder::new().schema_type(Type::Object).additional_properties(Some(count));
    counts.description(Some("How much was done, by the caller's own records.")).into()
}

/// The operation.
pub fn operation() -> Operation {
    let example = json!({"worked_on": "2020-02-02", "level": "village", "log_id": null, "is_zero": false, "counts": {"households_visited": 12, "calls": 5},
        "content": "2月2日:入户摸排12户，电话核查5次。", "content_zh": "2月2日:入户摸排12户，电话核查5次。", "content_en": "2020-02-02. households visited: 12; calls: 5."});
    Operation::new(Method::GET, "/v1/work-logs/draft", "get_work_log_draft", draft)
        .described("work_logs", "Draft of a work log", "The caller's own records of a day, counted and put into words.")
        .access(Access::Roles(KEEPERS))
        .parameters(PARAMETERS.iter().collect())
        .answers::<WorkLogDraft>(200, "The draft.", Some(example))
        .problems(&[DISTRICT_REQUIRED, NOT_FOUND])
}

async fn draft(call: Call) -> Answer {
    let core = &call.core;
    let actor = call.actor()?;
    let district_code = one_district(actor, &call.query)?;
    let worked_on = call.query.get(&ON).unwrap_or(day_of(core.clock.now(), core.zone));
    let counts = done(&call, &district_code, worked_on).await?;
    let said = |language| counts.said(worked_on, language);
    let body = WorkLogDraft {
        worked_on,
        level: level_of(actor),
        log_id: known(&call, &district_code, worked_on).await?,
        is_zero: counts.sum() == 0,
        content: said(call.language),
        content_zh: said(Language::Chinese),
        content_en: said(Language::English),
        counts: WorkCounts::names()
            .filter_map(|name| Some((name.to_owned(), counts.of(name).filter(|count| *count > 0)?.into())))
            .collect(),
    };
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(body))
}

async fn done(call: &Call, district_code: &str, worked_on: NaiveDate) -> Result<WorkCounts, Problem> {
    let settings = call.core.settings();
    let asked = [(call.actor()?.user_id, worked_on)];
    let statement = settings.of::<LoggedKinds>().statement(district_code, &asked, call.core.zone);
    let Some(statement) = statement else { return Ok(WorkCounts::default()) };
    let rows = call.core.database.read(&statement.seeing_district(district_code)).await?;
    Ok(counts(rows).remove(&0).unwrap_or_default())
}

async fn known(call: &Call, district_code: &str, worked_on: NaiveDate) -> Result<Option<Uuid>, Problem> {
    let statement = Statement::new("SELECT r.id FROM work_logs AS r WHERE NOT r.voided AND r.district_code = ")
        .text(district_code)
        .sql(" AND r.user_id = ")
        .id(call.actor()?.user_id)
        .sql(" AND r.worked_on = ")
        .bind(ColumnType::Day, Value::Day(worked_on))
        .seeing_district(district_code);
    Ok(call.core.database.read(&statement).await?.into_iter().find_map(|mut row| row.get(&envelope::ID)))
}

/// The level of a line.
pub fn level_of_line(line: DutyLine) -> WorkLogLevel {
    match line {
        DutyLine::Village => WorkLogLevel::Village,
        DutyLine::Group => WorkLogLevel::Group,
        _ => WorkLogLevel::Subdistrict,
    }
}

/// The line of somebody who holds these roles: the widest that he answers for.
pub fn line_of(holds: impl Fn(Role) -> bool) -> DutyLine {
    if holds(Role::TownCadre) {
        DutyLine::Town
    } else if holds(Role::VillageCadre) {
        DutyLine::Village
    } else if holds(Role::GroupCadre) || holds(Role::GridWorker) {
        DutyLine::Group
    } else {
        DutyLine::Unit
    }
}

fn level_of(actor: &Actor) -> WorkLogLevel {
    level_of_line(line_of(|role| actor.grants.iter().any(|grant| grant.role == role)))
}
