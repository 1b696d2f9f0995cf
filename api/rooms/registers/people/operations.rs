//! Operations on people beside those of every kind.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::CACHE_CONTROL;
use chrono::TimeDelta;
use kit::faults::Faults;
use kit::field::{Field, Shape, free_text};
use kit::fields;
use kit::limiter::Allowance;
use kit::problem::Problem;
use kit::text::Text;
use serde::Serialize;
use serde_json::{Map, Value as Json, json};
use utoipa::ToSchema;
use utoipa::openapi::{ArrayBuilder, Ref, RefOr, Schema};

use super::sought::Sought;
use super::wire::DocumentType;
use super::{PEOPLE, comparisons, sought, wire};
use crate::platform::access::Role;
use crate::platform::access::roles::Actor;
use crate::platform::audit::{AUDITORS, AuditLine, system_write_all};
use crate::platform::codes::{BAD_IDEMPOTENCY_KEY, NOT_FOUND};
use crate::platform::divisions::away::Away;
use crate::platform::http::page::Page;
use crate::platform::http::schema::form;
use crate::platform::http::schema::{Direction, object, reference};
use crate::platform::http::{Access, Answer, Call, Operation, page};
use crate::platform::privacy;
use crate::platform::privacy::REVEALERS;
use crate::records::codes::OUT_OF_AREA;
use crate::records::list::{CURSOR, LIMIT};
use crate::records::scope::{by_id, reached};
use crate::records::view::View;
use crate::records::{Kind, Record, envelope, read, view};

/// Roles that may search people: those that work with households, not gates.
const SEARCHERS: &[Role] = &[
    Role::DistrictAdmin,
    Role::GridWorker,
    Role::TownCadre,
    Role::VillageCadre,
    Role::HealthWorker,
    Role::CdcOfficer,
    Role::PoliceOfficer,
];
/// Nobody needs more plain names in an hour; whoever copies a register does.
const REVEALS: Allowance = Allowance { times: 200, period: TimeDelta::hours(1) };

fields! {
    /// The form of a search.
    static SEARCH;
    DOCUMENT_TYPE: DocumentType = sought::DOCUMENT_TYPE.field;
    DOCUMENT_NUMBER: String = sought::DOCUMENT_NUMBER.field;
    PHONE: String = sought::PHONE.field;
    NAME: String = Field::new("name", free_text(60), Text::new("Name", "姓名"), "Full name; together with `area_code`.");
    AREA_CODE: String = Field::new(
        "area_code",
        Shape::Area,
        Text::new("Area", "区划代码"),
        "Where to look for a name: that area and all below.",
    );
}
fields! {
    /// The form of a reveal.
    static REVEAL;
    PURPOSE: String = Field::new("purpose", Shape::Word(&privacy::PURPOSE), Text::new("Purpose", "用途"), "What it is needed for.").required();
    REASON: String = Field::new(
        "reason",
        Shape::Text { min: 2, max: 200, pattern: None },
        Text::new("Reason", "事由"),
        "Why, in words; kept in the audit, so name nobody.",
    )
    .required();
}
/// Fields that a reveal shows beside the id.
const REVEALED: [&str; 8] = [
    wire::NAME.name(),
    wire::DOCUMENT_TYPE.name(),
    wire::DOCUMENT_NUMBER.name(),
    wire::BIRTH_YEAR.name(),
    wire::PHONE.name(),
    wire::ADDRESS.name(),
    wire::CLAIMS.name(),
    envelope::NOTE.name(),
];

/// The operations of this room beside those of every kind.
pub fn operations() -> Vec<Operation> {
    let mut operations = vec![
        Operation::new(Method::POST, "/v1/people:search", "search_people", search)
            .described("people", "Search people", "By exactly one of document, phone, or name within an area. At most 50, masked; each is audited.")
            .access(Access::Roles(SEARCHERS))
            .body(form(SEARCH), json!({"phone": "15400000001"}))
            .answers::<PersonList>(200, "Whom the caller may see of those sought.", Some(json!({"items": []}))),
        Operation::new(Method::POST, "/v1/people/{id}:reveal", "reveal_person", reveal)
            .described("people", "Reveal a person's plain values", "With a purpose and a reason; each reveal is one line of the audit and of the person's access log.")
            .access(Access::Roles(REVEALERS))
            .body(form(REVEAL), json!({"purpose": "medical_follow_up", "reason": "发热,需电话随访"}))
            .answers_with(200, "The plain values.", Some(reference("RevealedPerson")), Some(json!({
                "id": "0198c0de-0003-7000-8000-000000000001", "name": "周敏", "document_type": "resident_id", "document_number": "519999199003070021",
                "birth_year": 1990, "phone": "15400000001", "address": "大兴街道1栋2单元301", "claims": null, "note": null})))
            .problems(&[BAD_IDEMPOTENCY_KEY]),
        Operation::new(Method::GET, "/v1/people/{id}/access-log", "list_person_access_log", access_log)
            .described("people", "Who looked at a person's record", "Reveals, searches, lookups, exports and writes about that person, under all ids, the newest first.")
            .access(Access::Roles(AUDITORS))
            .parameters(vec![&LIMIT, &CURSOR])
            .answers::<Page<AuditLine>>(200, "A page.", Some(json!({"items": [], "next_cursor": null})))
            .with_headers(&["Link"]),
    ];
    operations.push(super::figures::operation());
    operations.extend(super::merge::operations());
    operations
}

/// People.
#[derive(Serialize, ToSchema)]
struct PersonList<'a> {
    #[schema(schema_with = people)]
    items: Vec<View<'a>>,
}

/// The records are their kind's.
fn people() -> RefOr<Schema> {
    let people = ArrayBuilder::new().items(Ref::from_schema_name(PEOPLE.schema)).max_items(Some(500));
    people.description(Some("Those found, masked.")).into()
}

async fn search(call: Call) -> Answer {
    let (core, actor, kind) = (&call.core, call.actor()?, &PEOPLE);
    let tree = call.tree().await?;
    let mut faults = Faults::default();
    let form = kit::check::check_object(&SEARCH.iter().collect::<Vec<_>>(), &tree, "", &mut faults);
    let sought = Sought::of_form(core, &form, &[DOCUMENT_NUMBER.name(), PHONE.name(), NAME.name()], &mut faults);
    faults.finish()?;
    let sought = sought.ok_or_else(|| Problem::internal("a search without faults seeks nobody"))?;
    comparisons::ask(&call, 1)?;
    comparisons::watch(&call, Some(&sought)).await?;
    let found = sought.find(core, actor, kind).await?;
    comparisons::missed(&call, Some(&sought), &found)?;
    note_found(&call, "people.search", sought.by(), &found).await?;
    let items = found.iter().map(|record| view::record(core, kind, record, call.language)).collect();
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(PersonList { items }))
}

/// A line of the audit for each person found, so that it stands in his log; one where nobody was.
pub async fn note_found(call: &Call, verb: &'static str, by: &'static str, found: &[Record]) -> Result<(), Problem> {
    let details = json!({"by": by, "found": found.len()});
    let mut audit_entries: Vec<_> = found
        .iter()
        .map(|record| {
            let mut audit_entry = call.audit_entry(verb, "people", Some(record.envelope.id), details.clone());
            audit_entry.area_code = Some(record.envelope.area_code.clone());
            audit_entry
        })
        .collect();
    if audit_entries.is_empty() {
        audit_entries.push(call.audit_entry(verb, "people", None, details));
    }
    system_write_all(&call.core, audit_entries, async |_| Ok(())).await
}

async fn reveal(call: Call) -> Answer {
    let (core, actor, kind) = (&call.core, call.actor()?, &PEOPLE);
    let record = read::find(core, actor, kind, call.path_id()?).await?;
    let form = call.form(REVEAL).await?;
    let envelope = &record.envelope;
    // Where he stands himself, or where somebody cares for him.
    let revealing = Actor { grants: actor.grants_of(REVEALERS).cloned().collect(), ..actor.clone() };
    let shown = read::find_all(core, &revealing, kind, &[call.path_id()?]).await?;
    if shown.values().all(|found| found.envelope.id != envelope.id) {
        return Err(OUT_OF_AREA.into());
    }
    core.limiter.take(&format!("reveal|{}", actor.user_id), REVEALS, core.clock.now())?;
    let details = json!({"purpose": form.get(&PURPOSE), "reason": form.get(&REASON), "revision": envelope.revision});
    let mut audit_entry = call.audit_entry("people.reveal", "people", Some(envelope.id), details);
    audit_entry.area_code = Some(envelope.area_code.clone());
    // The line first: what isn't noted isn't shown.
    system_write_all(core, vec![audit_entry], async |_| Ok(())).await?;
    let plain = |name: &&str| {
        let value = record.values.get(*name).map_or(Json::Null, |value| value.to_json(core.zone));
        ((*name).to_owned(), value)
    };
    let mut members: Map<String, Json> = REVEALED.iter().map(plain).collect();
    members.insert("id".into(), envelope.id.to_string().into());
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(Json::Object(members)))
}

async fn access_log(call: Call) -> Answer {
    let (core, actor, kind) = (&call.core, call.actor()?, &PEOPLE);
    let record = find_audited(&call, kind).await?;
    let district_code = &record.envelope.district_code;
    let ids = read::family(core, kind, district_code, record.envelope.id).await?;
    let binding = format!("access_log|{}|{}", actor.user_id, record.envelope.id);
    let mut trail = crate::platform::audit::about(ids, district_code, page::limit(&call));
    trail.after =
        page::position(&call, &binding)?.map(|text| crate::platform::audit::position(&text)).unwrap_or_default();
    crate::platform::audit::answer(&call, &binding, &trail).await
}

/// The person of the path, if he is in an area that the caller audits.
async fn find_audited(call: &Call, kind: &'static Kind) -> Result<Record, Problem> {
    let (actor, id) = (call.actor()?, call.path_id()?);
    let mut away = Away::new(&call.core);
    for district_code in &actor.districts {
        let Some(id) = away.pass(read::root(&call.core, kind, district_code, id).await)? else { continue };
        let statement = by_id(kind.select(), kind.name, district_code, &[id]).sql(" WHERE ");
        let statement = reached("r", statement, actor, AUDITORS, true);
        let found = away.pass(read::load(&call.core, kind, &statement).await)?;
        if let Some(record) = found.and_then(|mut found| found.pop()) {
            return Ok(record);
        }
    }
    away.none_missed()?;
    Err(NOT_FOUND.into())
}

/// The schema of what is revealed: fields of the kind.
pub fn schemas() -> Vec<(String, Json)> {
    let fields: Vec<&Field> = PEOPLE.fields.iter().filter(|field| REVEALED.contains(&field.name)).collect();
    let mut revealed = object(&fields, Direction::Served);
    if let Some(properties) = revealed.get_mut("properties") {
        kit::json::put(
            properties,
            "id",
            json!({"type": "string", "format": "uuid", "maxLength": 36, "description": "The person's id."}),
        );
        kit::json::put(
            properties,
            "note",
            json!({"type": ["string", "null"], "maxLength": 500, "description": "The note."}),
        );
    }
    kit::json::put(&mut revealed, "description", "A person's plain values.");
    vec![("RevealedPerson".into(), revealed)]
}
