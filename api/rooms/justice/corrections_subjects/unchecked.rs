//! Whom nobody checked on a day: a list instead of duties, for the rows of those would be seen by others.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::CACHE_CONTROL;
use chrono::NaiveDate;
use kit::columns;
use kit::field::{Field, Shape};
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::text::Text;
use kit::time::{day_of, day_start};
use kit::typed::TypedField;
use kit::value::Value;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{CONTROL_KIND, CORRECTIONS_SUBJECTS, ControlKind, NAME, OFFICER_USER_ID};
use crate::platform::codes::{DISTRICT_REQUIRED, NOT_FOUND};
use crate::platform::http::page::{DISTRICT_CODE, one_district};
use crate::platform::http::{Access, Answer, Call, Operation};
use crate::platform::privacy::mask::mask_name;
use crate::records::closed::note_read;
use crate::records::envelope::ID;
use crate::records::scope::readable;
use crate::records::{Record, read};
use crate::rooms::justice::corrections_checks::CORRECTIONS_CHECKS;

const ON: TypedField<NaiveDate> =
    TypedField::named("ON", Field::new("on", Shape::Day, Text::new("On", "日期"), "Of this day; today by default."));

columns! {
    REACHED "reached": bool;
    ATTEMPTS "attempts": i64;
}

/// Subjects told by name at most.
const MOST: usize = 1_000;

/// Those under corrections on a day, and whom nobody reached.
#[derive(Serialize, ToSchema)]
struct UncheckedSubjects {
    /// The day.
    on: NaiveDate,
    /// Those whose term holds that day.
    #[schema(minimum = 0)]
    subjects: usize,
    /// Those of them who were reached.
    #[schema(minimum = 0)]
    checked: usize,
    /// The others, a thousand at most.
    #[schema(inline, max_items = 1_000)]
    items: Vec<UncheckedSubject>,
}

/// Somebody whom nobody reached.
#[derive(Serialize, ToSchema)]
struct UncheckedSubject {
    /// The subject.
    subject_id: Uuid,
    /// The name, masked.
    #[schema(max_length = 60)]
    name: String,
    /// Where.
    #[schema(max_length = 20)]
    area_code: String,
    /// The measure.
    #[schema(required, value_type = Option<String>, max_length = 20)]
    control_kind: Option<ControlKind>,
    /// The account that answers.
    #[schema(required)]
    officer_user_id: Option<Uuid>,
    /// How often somebody tried that day and reached nobody.
    #[schema(minimum = 0)]
    attempts: i64,
}

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    let item = json!({"subject_id": "8f0c2a52-7d0a-8b1e-9a35-3f0c5d2f4b10", "name": "钱*", "area_code": "511802005", "control_kind": "suspended", "officer_user_id": null, "attempts": 1});
    vec![
        Operation::new(Method::GET, "/v1/corrections-subjects/unchecked", "list_unchecked_corrections_subjects", unchecked)
            .described("corrections_subjects", "Whom nobody checked", "Subjects whose term holds that day and whom no check of the day reached: nobody tried, or the check says `unreachable`. Counts for the daily report. Names are masked; each is noted in the audit.")
            .access(Access::Roles(CORRECTIONS_SUBJECTS.readers))
            .parameters(vec![&ON.field, &DISTRICT_CODE])
            .answers::<UncheckedSubjects>(200, "Whom nobody checked.", Some(json!({"on": "2020-02-02", "subjects": 12, "checked": 11, "items": [item]})))
            .problems(&[DISTRICT_REQUIRED, NOT_FOUND]),
    ]
}

async fn unchecked(call: Call) -> Answer {
    let (core, actor) = (&call.core, call.actor()?);
    let district_code = one_district(actor, &call.query)?;
    let on = call.query.get(&ON).unwrap_or(day_of(core.clock.now(), core.zone));
    let (subjects, mut open) = missed(&call, &district_code, on).await?;
    let checked = subjects - open.len();
    open.truncate(MOST);
    let ids: Vec<Uuid> = open.iter().map(|(id, _)| *id).collect();
    let found = read::find_all(core, actor, &CORRECTIONS_SUBJECTS, &ids).await?;
    note_read(&call, found.values().map(|record| (&CORRECTIONS_SUBJECTS, record))).await?;
    let items = open.into_iter().filter_map(|(id, attempts)| Some(item(found.get(&id)?, attempts))).collect();
    let body = UncheckedSubjects { on, subjects, checked, items };
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(body))
}

fn item(record: &Record, attempts: i64) -> UncheckedSubject {
    UncheckedSubject {
        subject_id: record.envelope.id,
        name: mask_name(record.values.get(&NAME).unwrap_or_default()),
        area_code: record.envelope.area_code.clone(),
        control_kind: record.values.get(&CONTROL_KIND),
        officer_user_id: record.values.get(&OFFICER_USER_ID),
        attempts,
    }
}

/// How many subjects there are on a day, and those whom no check reached, with how often somebody tried.
async fn missed(call: &Call, district_code: &str, on: NaiveDate) -> Result<(usize, Vec<(Uuid, i64)>), Problem> {
    let core = &call.core;
    let instant = |day: Option<NaiveDate>| {
        Value::Instant(day.and_then(|day| day_start(day, core.zone)).unwrap_or(core.clock.now()))
    };
    let statement = Statement::new("SELECT r.id, coalesce(bool_or(c.result <> 'unreachable'), false) AS reached, count(c.id) AS attempts FROM corrections_subjects AS r LEFT JOIN corrections_checks AS c ON c.district_code = r.district_code AND c.subject_id = r.id AND NOT c.voided AND c.occurred_at >= ")
        .bind(ColumnType::Instant, instant(Some(on)))
        .sql(" AND c.occurred_at < ")
        .bind(ColumnType::Instant, instant(on.succ_opt()))
        .in_rooms(CORRECTIONS_CHECKS.room())
        .sql(" WHERE NOT r.voided AND r.term_from <= ")
        .bind(ColumnType::Day, Value::Day(on))
        .sql(" AND r.term_to >= ")
        .bind(ColumnType::Day, Value::Day(on))
        .sql(" AND r.district_code = ")
        .text(district_code)
        .sql(" AND ");
    let statement = readable("r", statement, call.actor()?, &CORRECTIONS_SUBJECTS).sql(" GROUP BY r.id ORDER BY r.id");
    let (mut subjects, mut open) = (0, Vec::new());
    for mut row in core.database.read(&statement).await? {
        subjects += 1;
        if let (Some(id), Some(false), Some(attempts)) = (row.get(&ID), row.get(&REACHED), row.get(&ATTEMPTS)) {
            open.push((id, attempts));
        }
    }
    Ok((subjects, open))
}
