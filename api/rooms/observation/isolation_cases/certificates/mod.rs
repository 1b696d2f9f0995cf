//! Release certificates (解除观察证明): as JSON, as a page to print, with a code that a checkpoint checks offline
//! by the keys at `/.well-known/certificate-keys.json`.

pub mod code;
mod course;
mod paper;
mod verdict;

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use chrono::NaiveDate;
use kit::problem::Problem;
use kit::time::{day_of, format_instant};
use serde::Serialize;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use self::code::{Certifier, Release};
use self::course::{Course, Finding};
use super::history;
use super::views::case;
use super::wire::{ENDED_AT, ENDS_ON, IsolationState, PERSON_ID, RELEASE_FROM, STARTS_ON};
use crate::platform::access::Role;
use crate::platform::audit::system_write_all;
use crate::platform::http::schema::reference;
use crate::platform::http::{Access, Answer, Call, Operation};
use crate::records::codes::OUT_OF_AREA;
use crate::records::{Record, read};
use crate::rooms::observation::codes::NOT_RELEASED;
use crate::rooms::registers::people::PEOPLE;
use crate::rooms::registers::people::wire::{DOCUMENT_NUMBER, NAME};

/// Roles that may print certificates: these show the plain name.
const PRINTERS: &[Role] = &[Role::DistrictAdmin, Role::TownCadre, Role::HealthWorker, Role::CdcOfficer];

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    let example = json!({"certificate_no": "0198c0de00107000", "case_id": "0198c0de-0010-7000-8000-000000000001", "starts_on": "2020-01-23", "ends_on": "2020-02-05",
        "released_at": "2020-02-06T00:00:00+08:00", "released_on": "2020-02-06", "edition": 1, "issued_by": "八步镇卫生院",
        "findings": [{"finding": "fever", "on_day": "2020-01-27"}], "code": "LF1.AQ", "key_id": "Xk4"});
    vec![
        Operation::new(Method::GET, "/.well-known/certificate-keys.json", "get_certificate_keys", keys)
            .described("isolation_cases", "Public keys of certificates", "RFC 7517. With them a checkpoint checks the code of a certificate without a network; how is in `openapi/README.md`.")
            .access(Access::Public)
            .answers(200, "The keys.", Some(json!({"type": "object", "description": "A JWK set.", "additionalProperties": true})), None),
        Operation::new(Method::GET, "/v1/isolation-cases/{id}/certificate", "get_isolation_case_certificate", certificate)
            .described("isolation_cases", "The release certificate of a case", "Of a case that was released, with its signed code: for those who print it.")
            .access(Access::Roles(PRINTERS))
            .answers(200, "The certificate.", Some(reference("ReleaseCertificate")), Some(example))
            .problems(&[NOT_RELEASED]),
        Operation::new(Method::GET, "/v1/isolation-cases/{id}/certificate.html", "print_isolation_case_certificate", print)
            .described("isolation_cases", "The release certificate to print", "A page for paper, with the plain name: noted as a reveal.")
            .access(Access::Roles(PRINTERS))
            .answers(200, "The page.", None, None)
            .as_files(vec!["text/html"])
            .problems(&[NOT_RELEASED, OUT_OF_AREA]),
        verdict::operation(),
    ]
}

/// The schemas of this part of the room.
pub fn schemas() -> Vec<(String, Json)> {
    let text = |max: i64, about: &str| json!({"type": "string", "maxLength": max, "description": about});
    let properties = json!({"certificate_no": text(16, "Its number."), "case_id": text(36, "The case."), "starts_on": text(10, "First day."),
        "ends_on": text(10, "Last day."), "released_at": text(40, "When it was released."), "released_on": text(10, "On which day."),
        "edition": json!({"type": "integer", "minimum": 1, "maximum": 255, "description": "The how many-th of this case: a correction withdraws the one before."}),
        "issued_by": json!({"type": ["string", "null"], "maxLength": 100, "description": "The unit that issued the notice of observation."}),
        "findings": course::schema(),
        "code": text(200, "The signed code."), "key_id": text(60, "By which key.")});
    let required: Vec<&String> = properties.as_object().map(|members| members.keys().collect()).unwrap_or_default();
    vec![
        (
            "ReleaseCertificate".into(),
            json!({"type": "object", "description": "Somebody was released from observation.", "required": required, "properties": properties}),
        ),
        verdict::schema(),
    ]
}

async fn keys(call: Call) -> Answer {
    let jwks = Certifier::new(&call.core.keys.certificate).jwks();
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "public, max-age=3600")).json(jwks))
}

async fn certificate(call: Call) -> Answer {
    let case = case(&call).await?;
    let person = person_of(&call, &case).await?;
    let course = Course::of(&call, &case).await?;
    let body = body(&call, &case, &person, &course)?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(body))
}

async fn print(call: Call) -> Answer {
    let case = case(&call).await?;
    let (actor, envelope) = (call.actor()?, &case.envelope);
    if !actor.reaches(PRINTERS, &envelope.area_code, envelope.org_id) {
        return Err(OUT_OF_AREA.into());
    }
    let person = person_of(&call, &case).await?;
    let course = Course::of(&call, &case).await?;
    let body = body(&call, &case, &person, &course)?;
    let details = json!({"purpose": "epidemic_control", "reason": "release certificate", "case_id": envelope.id});
    let mut audit_entry = call.audit_entry("people.reveal", "people", Some(person.envelope.id), details);
    audit_entry.area_code = Some(envelope.area_code.clone());
    system_write_all(&call.core, vec![audit_entry], async |_| Ok(())).await?;
    let page = paper::page(&body, &person, &course)?;
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        ))
        .body(page))
}

/// The how many-th certificate of a case is in force; none where nobody was released, or, as was found later, too early.
fn edition_of(case: &Record) -> Option<u8> {
    let values = &case.values;
    let too_early = values.get(&ENDED_AT) < values.get(&RELEASE_FROM);
    let released = history::state(values) == IsolationState::Completed && !case.envelope.voided && !too_early;
    released.then(|| u8::try_from(history::releases(values).max(1)).unwrap_or(u8::MAX))
}

/// A certificate.
#[derive(Serialize)]
pub struct Certificate<'a> {
    case_id: Uuid,
    certificate_no: String,
    code: String,
    edition: u8,
    ends_on: NaiveDate,
    findings: &'a [Finding],
    issued_by: Option<&'a str>,
    key_id: String,
    released_at: String,
    released_on: NaiveDate,
    starts_on: NaiveDate,
}

fn body<'a>(call: &Call, case: &Record, person: &Record, course: &'a Course) -> Result<Certificate<'a>, Problem> {
    let values = &case.values;
    let edition = edition_of(case).ok_or(NOT_RELEASED)?;
    let zone = call.core.zone;
    let lacks = |field: &str| Problem::internal(format!("a released case has no {field}"));
    let released_at = values.get(&ENDED_AT).ok_or_else(|| lacks(ENDED_AT.name()))?;
    let released_on: NaiveDate = day_of(released_at, zone);
    let shown = person.values.get(&DOCUMENT_NUMBER).or(person.values.get(&NAME));
    let shown = shown.ok_or_else(|| Problem::internal("a person has no name"))?;
    let certifier = Certifier::new(&call.core.keys.certificate);
    let (case_id, district_code) = (case.envelope.id, case.envelope.district_code.as_str());
    let code = certifier.code(&Release { case_id, district_code, released_on, shown, edition });
    Ok(Certificate {
        case_id,
        certificate_no: case_id.simple().to_string().chars().take(16).collect(),
        code,
        edition,
        ends_on: values.get(&ENDS_ON).ok_or_else(|| lacks(ENDS_ON.name()))?,
        findings: course.findings(),
        issued_by: course.issued_by.as_deref(),
        key_id: certifier.key_id(),
        released_at: format_instant(released_at, zone),
        released_on,
        starts_on: values.get(&STARTS_ON).ok_or_else(|| lacks(STARTS_ON.name()))?,
    })
}

async fn person_of(call: &Call, case: &Record) -> Result<Record, Problem> {
    let kind = &PEOPLE;
    let id = case.values.get(&PERSON_ID).ok_or_else(|| Problem::internal("a case names nobody"))?;
    let root = read::root(&call.core, kind, &case.envelope.district_code, id).await?;
    let mut found = read::find_unscoped(&call.core, kind, &case.envelope.district_code, &[root]).await?;
    found.remove(&root).ok_or_else(|| Problem::internal("a case's person is not there"))
}
