//! Operations on screenings beside those of every kind: searching by person or plate, and looking somebody up at the
//! gate, so that he is registered once and only measured later.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::CACHE_CONTROL;
use chrono::{DateTime, TimeDelta, Utc};
use kit::catalogue::FaultCode;
use kit::faults::Faults;
use kit::field::{Field, Shape, free_text};
use kit::fields;
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::text::Text;
use kit::time::day_of;
use kit::value::{Value, Values};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::plates::{check_plate, guess_plate_kind};
use super::{SCREENINGS, vehicles, wire};
use crate::platform::access::Role;
use crate::platform::http::schema::form;
use crate::platform::http::schema::reference;
use crate::platform::http::{Access, Answer, Call, Operation};
use crate::platform::privacy::blind::Finding;
use crate::platform::privacy::holder;
use crate::platform::privacy::mask::mask_name;
use crate::records::codes::ONE_OF;
use crate::records::list::list_where;
use crate::records::{Record, list, read, view};
use crate::rooms::registers::person::{DocumentType, HeldCategory};
use crate::rooms::registers::{LOOKED_UP, PEOPLE, PersonCategory, Sought, comparisons, person as people, sought};

/// Roles that may look people up at a gate.
const GATES: &[Role] = &[
    Role::DistrictAdmin,
    Role::GridWorker,
    Role::TownCadre,
    Role::VillageCadre,
    Role::HealthWorker,
    Role::PoliceOfficer,
    Role::GateGuard,
    Role::Volunteer,
];
/// A plate tells who came with it lately, and an abnormal passage calls for attention as long.
const LATELY: TimeDelta = TimeDelta::days(14);
/// Categories that call for no attention any more.
const PAST_CATEGORIES: [PersonCategory; 2] = [PersonCategory::Recovered, PersonCategory::Other];

fields! {
    /// The form of a search.
    static SEARCH;
    PERSON_ID: Uuid = Field::new("person_id", Shape::Reference("people"), Text::new("Person", "人员编号"), "Passages of this person.");
    DOCUMENT_TYPE: DocumentType = sought::DOCUMENT_TYPE.field;
    DOCUMENT_NUMBER: String = sought::DOCUMENT_NUMBER.field;
    PHONE: String = sought::PHONE.field;
    PLATE_NUMBER: String = Field::new("plate_number", free_text(20), Text::new("Plate", "号牌"), "As on the plate.");
    FROM: DateTime<Utc> = Field::new("from", Shape::Instant, Text::new("From", "起"), "Happened at or after this instant.");
    TO: DateTime<Utc> = Field::new("to", Shape::Instant, Text::new("To", "止"), "Happened before this instant.");
    AREA_CODE: String = Field::new("area_code", Shape::Area, Text::new("Area", "区划代码"), "That area and all below.");
    LIMIT: i64 = list::LIMIT;
    CURSOR: String = list::CURSOR;
}
static LOOKUP: &[Field] = &[DOCUMENT_TYPE.field, DOCUMENT_NUMBER.field, PLATE_NUMBER.field];
/// Fields that a search may go by: exactly one of these.
const SOUGHT: [&str; 4] = [PERSON_ID.name(), DOCUMENT_NUMBER.name(), PHONE.name(), PLATE_NUMBER.name()];

/// The operations of this room beside those of every kind.
pub fn operations() -> Vec<Operation> {
    vec![
        Operation::new(Method::POST, "/v1/screenings:search", "search_screenings", search)
            .described("screenings", "Search screenings", "Passages of one person (by id, document or phone) or with one plate, in the caller's scope, the newest first. Audited.")
            .access(Access::Roles(SCREENINGS.readers))
            .body(form(SEARCH), json!({"plate_number": "川T12345"}))
            .answers_with(200, "A page; send `next_cursor` as `cursor` with the same body for the next.", Some(reference("ScreeningPage")), Some(json!({"items": [], "next_cursor": null}))),
        Operation::new(Method::POST, "/v1/screenings:lookup", "look_up_screening", look_up)
            .described("screenings", "Look somebody up at the gate", "By document or plate, in the whole district: masked name, the id to post with the passage, and whether he needs attention. Sixty a minute, with searches and dry runs; each is audited. The third of documents that differ in few places pauses the caller for an hour.")
            .access(Access::Roles(GATES))
            .body(form(LOOKUP), json!({"document_number": "519999199003070021"}))
            .answers::<LookupList>(200, "Who it is; nobody where nobody is registered yet.", Some(json!({"items": [{"person_id": "0198c0de-0003-7000-8000-000000000001", "name": "周*", "needs_attention": false}]}))),
        super::open_case::operation(),
    ]
}

async fn search(call: Call) -> Answer {
    let (core, actor) = (&call.core, call.actor()?);
    let (screenings, people) = (&SCREENINGS, &PEOPLE);
    let form = call.form(SEARCH).await?;
    let (plate, sought) = wanted(&call, &form)?;
    let by_id = form.get(&PERSON_ID).is_some();
    if sought.is_some() {
        comparisons::ask(&call, 1)?;
    }
    comparisons::watch(&call, sought.as_ref()).await?;
    let found = match &sought {
        Some(sought) => sought.find(core, actor, people).await?,
        None => Vec::new(),
    };
    comparisons::missed(&call, sought.as_ref(), &found)?;
    let mut ids = Vec::new();
    for person in &found {
        ids.extend(read::family(core, people, &person.envelope.district_code, person.envelope.id).await?);
    }
    let by = sought.as_ref().map_or(if by_id { "person_id" } else { "plate" }, Sought::by);
    crate::rooms::registers::note_found(&call, "screenings.search", by, &found).await?;
    let finding = holder::finding(core).await?;
    let page = list_where(core, actor, screenings, &form, |district_code, statement| match &plate {
        Some(plate) => with_plate(&call, &finding, (district_code, plate), statement),
        None if sought.is_some() => {
            let ids = ids.iter().copied().map(Value::Id).collect();
            statement.sql(" AND r.person_id = ANY(").column(ColumnType::Id, ids).sql(")")
        }
        None => statement,
    })
    .await?;
    let body = view::page(core, screenings, &page.items, page.next_cursor.as_deref(), call.language);
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(body))
}

/// Reads what a search is for: a plate, somebody, or neither where an id names the person.
fn wanted(call: &Call, form: &Values) -> Result<(Option<String>, Option<Sought>), Problem> {
    let mut faults = Faults::default();
    let plate = plate(form, &mut faults);
    let by_other = form.get(&PERSON_ID).is_some() || form.get(&PLATE_NUMBER).is_some();
    let sought = match by_other {
        true if SOUGHT.into_iter().filter(|field| form.get(*field).is_some()).count() > 1 => {
            faults.add_with("", ONE_OF, vec![("fields", SOUGHT.join(", "))]);
            None
        }
        true => None,
        false => Sought::of_form(&call.core, form, &SOUGHT, &mut faults),
    };
    faults.finish().map(|()| (plate, sought))
}

/// The normalised plate of a form.
fn plate(form: &Values, faults: &mut Faults) -> Option<String> {
    let number = form.get(&PLATE_NUMBER)?;
    let plate = check_plate(guess_plate_kind(number), number);
    if plate.is_err() {
        faults.add(PLATE_NUMBER.pointer(), FaultCode::BAD_FORMAT);
    }
    plate.ok()
}

fn with_plate(call: &Call, finding: &Finding, (district_code, plate): (&str, &str), statement: Statement) -> Statement {
    let vehicle = vehicles::of_plate(&call.core.keys, district_code, plate);
    let indexes = finding.indexes_apart(district_code, PLATE_NUMBER.name(), plate, vehicle);
    statement
        .sql(" AND r.plate_blind_index = ANY(")
        .column(ColumnType::Bytes, indexes.into_iter().map(Value::Bytes).collect())
        .sql(")")
}

async fn look_up(call: Call) -> Answer {
    let (core, actor) = (&call.core, call.actor()?);
    let form = call.form(LOOKUP).await?;
    comparisons::ask(&call, 1)?;
    let mut faults = Faults::default();
    let plate = plate(&form, &mut faults);
    let sought = match form.get(&PLATE_NUMBER).is_some() && form.get(&DOCUMENT_NUMBER).is_none() {
        true => None,
        false => Sought::of_form(core, &form, &[DOCUMENT_NUMBER.name(), PLATE_NUMBER.name()], &mut faults),
    };
    faults.finish()?;
    comparisons::watch(&call, sought.as_ref()).await?;
    let mut found = BTreeMap::new();
    for district_code in &actor.districts {
        for person in whom(&call, district_code, sought.as_ref(), plate.as_deref()).await? {
            found.insert(person.envelope.id, person);
        }
    }
    let found: Vec<Record> = found.into_values().collect();
    comparisons::missed(&call, sought.as_ref(), &found)?;
    crate::rooms::registers::note_found(&call, LOOKED_UP, sought.as_ref().map_or("plate", Sought::by), &found).await?;
    let mut items = Vec::new();
    for person in &found {
        items.push(LookedUp {
            person_id: person.envelope.id,
            name: person.values.get(&people::NAME).map(mask_name),
            needs_attention: needs_attention(&call, person).await?,
        });
    }
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(LookupList { items }))
}

/// Finds the people whom a document or a plate names in a district, whether or not the caller sees them; merges
/// followed.
async fn whom(
    call: &Call,
    district_code: &str,
    sought: Option<&Sought>,
    plate: Option<&str>,
) -> Result<Vec<Record>, Problem> {
    let (core, people) = (&call.core, &PEOPLE);
    let ids: Vec<Uuid> = match (sought, plate) {
        (Some(sought), _) => {
            let found = sought.find_in_district(core, people, district_code).await?;
            found.into_iter().map(|person| person.envelope.id).collect()
        }
        (None, Some(plate)) => came_with(call, district_code, plate).await?,
        (None, None) => Vec::new(),
    };
    let mut roots = Vec::new();
    for id in ids {
        roots.push(read::root(core, people, district_code, id).await?);
    }
    Ok(read::find_unscoped(core, people, district_code, &roots).await?.into_values().collect())
}

/// Finds the people who passed with a plate lately.
async fn came_with(call: &Call, district_code: &str, plate: &str) -> Result<Vec<Uuid>, Problem> {
    let statement = Statement::new("SELECT DISTINCT r.person_id FROM screenings AS r WHERE r.district_code = ")
        .text(district_code)
        .sql(" AND NOT r.voided AND r.person_id IS NOT NULL AND r.occurred_at > ")
        .bind(ColumnType::Instant, Value::Instant(call.core.clock.now() - LATELY));
    let finding = holder::finding(&call.core).await?;
    let statement =
        with_plate(call, &finding, (district_code, plate), statement).sql(" LIMIT 20").seeing_district(district_code);
    let rows = call.core.database.read(&statement).await?;
    Ok(rows.into_iter().filter_map(|mut row| row.get(&wire::PERSON_ID)).collect())
}

/// A category that holds today, an isolation that isn't over, or an abnormal passage lately.
async fn needs_attention(call: &Call, person: &Record) -> Result<bool, Problem> {
    let (core, envelope) = (&call.core, &person.envelope);
    let today = day_of(core.clock.now(), core.zone);
    let holds = |held: HeldCategory| {
        !PAST_CATEGORIES.contains(&held.category) && held.until_on.is_none_or(|until_on| until_on >= today)
    };
    if person.values.list(&people::CATEGORIES).any(holds) {
        return Ok(true);
    }
    let ids = read::family(core, &PEOPLE, &envelope.district_code, envelope.id).await?;
    let ids: Vec<Value> = ids.into_iter().map(Value::Id).collect();
    let of_family = |table: &str| {
        Statement::new(format!("SELECT r.id FROM {table} AS r WHERE r.district_code = "))
            .text(&envelope.district_code)
            .sql(" AND NOT r.voided AND r.person_id = ANY(")
            .column(ColumnType::Id, ids.clone())
            .sql(")")
            .seeing_district(&envelope.district_code)
    };
    let isolated = of_family("isolation_cases").sql(" AND r.ended_at IS NULL LIMIT 1");
    let abnormal = of_family("screenings")
        .sql(" AND r.abnormal AND r.occurred_at > ")
        .bind(ColumnType::Instant, Value::Instant(core.clock.now() - LATELY))
        .sql(" LIMIT 1");
    let database = &core.database;
    Ok(!database.read(&isolated).await?.is_empty() || !database.read(&abnormal).await?.is_empty())
}

/// People found for a document or a plate.
#[derive(Serialize, ToSchema)]
struct LookupList {
    /// One for a document, perhaps several for a plate.
    #[schema(max_items = 500)]
    items: Vec<LookedUp>,
}

/// Somebody looked up.
#[derive(Serialize, ToSchema)]
struct LookedUp {
    /// The id to post with the passage.
    person_id: Uuid,
    /// The name, masked.
    #[schema(required, max_length = 60)]
    name: Option<String>,
    /// A category holds today, the person is under isolation, or a passage of the last 14 days was abnormal.
    needs_attention: bool,
}
