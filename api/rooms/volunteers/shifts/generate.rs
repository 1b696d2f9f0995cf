//! Making shifts from a template: at many places, for many days, in one request; once more it adds only what is
//! missing.

use std::collections::BTreeSet;

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::CACHE_CONTROL;
use chrono::{Datelike, NaiveDate, TimeDelta};
use kit::catalogue::{Code, FaultCode};
use kit::field::{Field, Shape};
use kit::fields;
use kit::problem::Problem;
use kit::text::Text;
use kit::time::{day_start, format_instant};
use kit::tree::Tree;
use kit::value::Values;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::TITLE;
use super::templates::{MIN_REST_MINUTES, NEEDS, SLOTS, Slot, TEAM_ID, WEEKDAYS};
use crate::platform::access::keys::KeyScope;
use crate::platform::http::schema::form;
use crate::platform::http::{Access, Answer, Call, Operation, ends_before_it_begins, fault_with, too_many_days};
use crate::platform::privacy::blind::derived_id;
use crate::records::Record;
use crate::records::bulk::create_bulk;
use crate::records::codes::{OUT_OF_AREA, RECORD_EXISTS, RECORD_VOIDED};
use crate::records::create::{API, Created};
use crate::records::gate::find_standing;
use crate::rooms::volunteers::shifts::SHIFTS;
use crate::rooms::volunteers::teams::ORGANIZERS;

/// Shifts of one request at most.
const MOST: usize = 5_000;
/// Days of one request at most.
const MOST_DAYS: i64 = 62;
/// Shifts of one transaction.
const CHUNK: usize = 250;

fields! {
    /// Members of its form.
    static FORM;
    PLACE_IDS: Vec<Uuid> = Field::new("place_ids", Shape::List { of: &Shape::Id, max: 500 }, Text::new("Places", "场所"), "At which places.")
        .required();
    FROM_ON: NaiveDate = Field::new("from_on", Shape::Day, Text::new("From day", "起始日"), "The first day.").required();
    TO_ON: NaiveDate = Field::new("to_on", Shape::Day, Text::new("To day", "截止日"), "The last day, at most 62 in all.").required();
}

/// The operations of these rooms.
pub fn operations() -> Vec<Operation> {
    let example =
        json!({"place_ids": ["0198c0de-0002-7000-8000-000000000001"], "from_on": "2020-02-03", "to_on": "2020-02-16"});
    let answer = json!({"expected": 42, "created": 42, "existing": 0});
    vec![
        Operation::new(Method::POST, "/v1/shift-templates/{id}:generate", "generate_shifts", generate)
            .described("shifts", "Make shifts from a template", "Every slot of every day at every place. What is there already stays as it is, so that the same request again adds only what is missing; what was voided isn't made again.")
            .access(Access::Roles(ORGANIZERS))
            .keys(KeyScope::Write)
            .body(form(FORM), example)
            .answers::<GeneratedShifts>(200, "How many.", Some(answer))
            .problems(&[OUT_OF_AREA, RECORD_VOIDED, Code::WRITE_CONFLICT, Code::LEDGER_UNAVAILABLE]),
    ]
}

/// Outcome of making shifts from a template.
#[derive(Serialize, ToSchema)]
struct GeneratedShifts {
    /// Shifts asked for.
    #[schema(value_type = i64, minimum = 0, maximum = 5_000)]
    expected: usize,
    /// Shifts made now.
    #[schema(minimum = 0, maximum = 5_000)]
    created: i64,
    /// Shifts that were there.
    #[schema(minimum = 0, maximum = 5_000)]
    existing: i64,
}

async fn generate(call: Call) -> Answer {
    let form = call.form(FORM).await?;
    let (core, actor) = (&call.core, call.actor()?);
    let kind = |name: &str| core.kinds().kind(name).ok_or_else(|| Problem::internal(format!("no kind {name}")));
    let template = find_standing(core, actor, kind("shift_templates")?, call.path_id()?).await?;
    let places: BTreeSet<Uuid> = form.list(&PLACE_IDS).collect();
    let bodies = bodies(&call, &form, &template, &places)?;
    let (mut created, mut existing) = (0, 0);
    for chunk in bodies.chunks(CHUNK) {
        for outcome in create_bulk(core, actor, &SHIFTS, chunk, API).await? {
            match outcome {
                Ok(Created::New(_)) => created += 1,
                Ok(_) => existing += 1,
                // It was amended, moved or voided since: it is there.
                Err(problem) if [RECORD_EXISTS, RECORD_VOIDED].contains(&problem.code()) => existing += 1,
                Err(problem) => return Err(problem),
            }
        }
    }
    let generated = GeneratedShifts { expected: bodies.len(), created, existing };
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(generated))
}

fn bodies(call: &Call, form: &Values, template: &Record, places: &BTreeSet<Uuid>) -> Result<Vec<Tree>, Problem> {
    let (Some(from_on), Some(to_on)) = (form.get(&FROM_ON), form.get(&TO_ON)) else {
        return Err(Problem::internal("a form without its days"));
    };
    if to_on < from_on {
        return Err(ends_before_it_begins("/to_on"));
    }
    if (to_on - from_on).num_days() >= MOST_DAYS {
        return Err(too_many_days("/to_on", MOST_DAYS));
    }
    let weekdays: Vec<u32> = template.values.list(&WEEKDAYS).collect();
    let holds = |day: &NaiveDate| weekdays.is_empty() || weekdays.contains(&day.weekday().number_from_monday());
    let slots: Vec<Slot> = template.values.list(&SLOTS).collect();
    let mut bodies = Vec::new();
    for day in from_on.iter_days().take_while(|day| *day <= to_on).filter(holds) {
        for (place_id, slot) in places.iter().flat_map(|place_id| slots.iter().map(move |slot| (place_id, slot))) {
            bodies.extend(body(call, template, *place_id, day, slot));
        }
    }
    if bodies.len() > MOST {
        Err(fault_with("/place_ids", FaultCode::TOO_MANY, vec![("max", MOST.to_string())]))
    } else {
        Ok(bodies)
    }
}

/// A shift: its id follows from what makes it, so that it is made once.
fn body(call: &Call, template: &Record, place_id: Uuid, day: NaiveDate, slot: &Slot) -> Option<Tree> {
    let zone = call.core.zone;
    let starts_at = day_start(day, zone)? + TimeDelta::minutes(slot.starts_minute);
    let ends_at = starts_at + TimeDelta::minutes(slot.duration_minutes);
    let (own, values) = (template.envelope.id.to_string(), &template.values);
    let key = ["shift", &own, &place_id.to_string(), &starts_at.to_rfc3339(), &ends_at.to_rfc3339()];
    let mut body = json!({"id": derived_id(&call.core.keys.identity, &key), "template_id": own, "place_id": place_id,
        "starts_at": format_instant(starts_at, zone), "ends_at": format_instant(ends_at, zone), "needs": values.list(&NEEDS).collect::<Vec<_>>()});
    let optional = [
        (TITLE.name(), slot.title.as_ref().map(|title| json!(title))),
        (TEAM_ID.name(), values.get(&TEAM_ID).map(|id| json!(id))),
        (MIN_REST_MINUTES.name(), values.get(&MIN_REST_MINUTES).map(|minutes| json!(minutes))),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            kit::json::put(&mut body, name, value);
        }
    }
    Some(Tree::from_json(&body))
}
