//! A case from a passage: a guard who sees somebody with a fever or from Hubei opens it with one request, as
//! `identified`, and names nobody but the person. Its duties call the health centre and the town; five supervisors
//! are named later.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, ETAG, LOCATION};
use chrono::NaiveDate;
use kit::catalogue::{Code, FaultCode};
use kit::etag;
use kit::field::{Field, Shape, free_text};
use kit::fields;
use kit::problem::Problem;
use kit::text::Text;
use kit::time::day_of;
use kit::tree::Tree;
use kit::value::Values;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::SCREENINGS;
use super::anchor::{anchor, categories};
use super::wire::{ABNORMAL, ANSWERS, PERSON_ID, ScreeningAnswer};
use crate::platform::access::Role;
use crate::platform::access::roles::{Actor, Grant};
use crate::platform::audit::system_write_all;
use crate::platform::http::schema::form;
use crate::platform::http::schema::reference;
use crate::platform::http::{Access, Answer, Call, Operation, fault, fault_with};
use crate::platform::privacy::blind::derived_id;
use crate::records::codes::{OUT_OF_AREA, RECORD_VOIDED, TOO_FAR_AHEAD, UNKNOWN_REFERENCE};
use crate::records::create::{Created, create};
use crate::records::{Kind, Record, amend, document, envelope, read, view};
use crate::rooms::checkpoints::codes::NOT_ABNORMAL;
use crate::rooms::checkpoints::gate_follow_up::area_of;
use crate::rooms::observation::{CARERS, ISOLATION_CASES, case};
use crate::rooms::registers::PEOPLE;

fields! {
    /// Members of its form.
    static OPEN;
    ANCHORED_ON: NaiveDate = Field::new(
        "anchored_on",
        Shape::Day,
        Text::new("Anchored on", "起算日期"),
        "When he left or last met somebody, if he said so; the passage's day by default.",
    );
    ADDRESS: String = Field::new("address", free_text(200), Text::new("Address", "居家地址"), "Where the person stays, if he said so.");
}

/// The operation.
pub fn operation() -> Operation {
    let example = Some(document::example_served(&ISOLATION_CASES));
    Operation::new(Method::POST, "/v1/screenings/{id}:open-case", "open_case_from_screening", open)
        .described("screenings", "Open a case from a passage", "Of an abnormal passage of somebody registered: `identified`, the anchor and categories by his answers, no supervisors. Once more is no fault. Whoever may not read cases is shown it as it was opened.")
        .access(Access::Roles(SCREENINGS.writers))
        .body(form(OPEN), json!({"anchored_on": "2020-01-30"}))
        .answers_with(201, "Opened.", Some(reference(ISOLATION_CASES.schema)), example.clone())
        .with_headers(&["ETag", "Location"])
        .answers_with(200, "It was opened from this passage before.", Some(reference(ISOLATION_CASES.schema)), example)
        .with_headers(&["ETag", "Location"])
        .problems(&[OUT_OF_AREA, RECORD_VOIDED, Code::WRITE_CONFLICT, Code::LEDGER_UNAVAILABLE])
}

async fn open(call: Call) -> Answer {
    let (screenings, cases) = (&SCREENINGS, &ISOLATION_CASES);
    let passage = amend::writable(&call.core, call.actor()?, screenings, call.path_id()?).await?;
    let form = call.form(OPEN).await?;
    let person = whose(&call, &passage).await?;
    let carer = carer(call.actor()?, &passage.envelope.district_code);
    let id = case_id(&call, passage.envelope.id);
    if let Some(opened) = opened(&call, &carer, cases, &passage, id).await? {
        return Ok(answer(&call, cases, &opened, HttpResponse::Ok()));
    }
    let body = body(&call, &passage, &person, id, &form)?;
    match create(&call.core, &carer, cases, &Tree::from_json(&body), None).await {
        Ok(Created::New(case)) => {
            note(&call, &passage, &case).await?;
            Ok(answer(&call, cases, &case, HttpResponse::Created()))
        }
        // Sent twice at once: the other one opened it.
        other => match opened(&call, &carer, cases, &passage, id).await? {
            Some(case) => Ok(answer(&call, cases, &case, HttpResponse::Ok())),
            None => Err(other.err().unwrap_or_else(|| Code::WRITE_CONFLICT.into())),
        },
    }
}

/// One passage opens one case.
fn case_id(call: &Call, passage: Uuid) -> Uuid {
    derived_id(&call.core.keys.identity, &["isolation_case", "screening", &passage.to_string()])
}

/// Person whose passage it is, under the id that stands for him. The passage must stand, be abnormal, and name
/// somebody.
async fn whose(call: &Call, passage: &Record) -> Result<Record, Problem> {
    let district_code = &passage.envelope.district_code;
    if passage.envelope.voided {
        return Err(RECORD_VOIDED.into());
    }
    if passage.values.get(&ABNORMAL) != Some(true) {
        return Err(fault(&ABNORMAL.pointer(), NOT_ABNORMAL));
    }
    let person_id = passage.values.get(&PERSON_ID).ok_or_else(|| fault(&PERSON_ID.pointer(), FaultCode::REQUIRED))?;
    let people = &PEOPLE;
    let root = read::root(&call.core, people, district_code, person_id).await?;
    let found = read::find_unscoped(&call.core, people, district_code, &[root]).await?;
    found.into_values().next().ok_or_else(|| fault(&PERSON_ID.pointer(), UNKNOWN_REFERENCE))
}

/// The caller with the right to open this one case, wherever in the district the person lives. What he writes with it
/// is made here, not by him.
fn carer(actor: &Actor, district_code: &str) -> Actor {
    let grant = Grant { role: Role::CdcOfficer, area_code: district_code.to_owned(), org_id: None };
    Actor { grants: vec![grant], districts: vec![district_code.to_owned()], ..actor.clone() }
}

/// The case as far as it was opened before: as it is for those who read cases, else as it was opened.
async fn opened(
    call: &Call,
    carer: &Actor,
    cases: &'static Kind,
    passage: &Record,
    id: Uuid,
) -> Result<Option<Record>, Problem> {
    let found = read::find_unscoped(&call.core, cases, &passage.envelope.district_code, &[id]).await?.remove(&id);
    let Some(case) = found else { return Ok(None) };
    if case.envelope.voided {
        return Err(RECORD_VOIDED.into());
    }
    if call.actor()?.reaches(CARERS, &case.envelope.area_code, case.envelope.org_id) {
        return Ok(Some(case));
    }
    Ok(read::revisions(&call.core, carer, cases, id).await?.into_iter().next())
}

fn body(call: &Call, passage: &Record, person: &Record, id: Uuid, form: &Values) -> Result<Json, Problem> {
    let (envelope, zone) = (&passage.envelope, call.core.zone);
    let passed_on = day_of(envelope.occurred_at, zone);
    let anchored_on = form.get(&ANCHORED_ON).unwrap_or(passed_on);
    if anchored_on > passed_on {
        return Err(fault_with(&ANCHORED_ON.pointer(), TOO_FAR_AHEAD, vec![("days", "0".to_owned())]));
    }
    let answers: Vec<ScreeningAnswer> = passage.values.list(&ANSWERS).collect();
    let registered = Some(person.envelope.area_code.as_str());
    let mut body = Values::default();
    body.set(&envelope::ID, id);
    body.set(&envelope::AREA_CODE, area_of(&envelope.district_code, registered, &envelope.area_code));
    body.clear(&envelope::ORG_ID);
    body.set(&case::PERSON_ID, person.envelope.id);
    body.set(&case::CATEGORIES, categories(&answers));
    body.set(&case::ANCHOR, anchor(&answers));
    body.set(&case::ANCHORED_ON, anchored_on);
    body.set(&case::EVIDENCE, format!("卡点登记 {}", envelope.id));
    if let Some(address) = form.get(&ADDRESS) {
        body.set(&case::ADDRESS, address);
    }
    Ok(body.iter().map(|(name, value)| (name.to_owned(), value.to_json(zone))).collect())
}

/// A line of the audit, and of the person's access log.
async fn note(call: &Call, passage: &Record, case: &Record) -> Result<(), Problem> {
    let details = json!({"screening_id": passage.envelope.id, "case_id": case.envelope.id});
    let mut audit_entry =
        call.audit_entry("screenings.open_case", "people", case.values.get(&case::PERSON_ID), details);
    audit_entry.area_code = Some(case.envelope.area_code.clone());
    system_write_all(&call.core, vec![audit_entry], async |_| Ok(())).await
}

fn answer(call: &Call, kind: &Kind, case: &Record, mut response: actix_web::HttpResponseBuilder) -> HttpResponse {
    response
        .insert_header((LOCATION, format!("/v1/{}/{}", kind.path, case.envelope.id)))
        .insert_header((ETAG, etag::of_revision(case.envelope.revision)))
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(view::record(&call.core, kind, case, call.language))
}
