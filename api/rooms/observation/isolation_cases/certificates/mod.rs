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
use kit::catalogue::Code;
use kit::problem::Problem;
use kit::time::{day_of, format_instant};
use serde_json::{Value as Json, json};

use self::code::{Certifier, Release};
use self::course::Course;
use super::history;
use super::views::case;
use crate::platform::access::Role;
use crate::platform::audit::system_write_all;
use crate::platform::http::schema::reference;
use crate::platform::http::{Access, Answer, Call, Operation};
use crate::records::{Record, read};

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
            .answers_with(200, "The keys.", Some(json!({"type": "object", "description": "A JWK set.", "additionalProperties": true})), None),
        Operation::new(Method::GET, "/v1/isolation-cases/{id}/certificate", "get_isolation_case_certificate", certificate)
            .described("isolation_cases", "The release certificate of a case", "Of a case that was released, with its signed code: for those who print it.")
            .access(Access::Roles(PRINTERS))
            .answers_with(200, "The certificate.", Some(reference("ReleaseCertificate")), Some(example))
            .problems(&[Code::NotReleased]),
        Operation::new(Method::GET, "/v1/isolation-cases/{id}/certificate.html", "print_isolation_case_certificate", print)
            .described("isolation_cases", "The release certificate to print", "A page for paper, with the plain name: noted as a reveal.")
            .access(Access::Roles(PRINTERS))
            .answers_nothing(200, "The page.")
            .as_files(vec!["text/html"])
            .problems(&[Code::NotReleased, Code::OutOfArea]),
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
        return Err(Code::OutOfArea.into());
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
    let too_early = values.instant("ended_at") < values.instant("release_from");
    let released = values.text("state") == Some("completed") && !case.envelope.voided && !too_early;
    released.then(|| u8::try_from(history::releases(values).max(1)).unwrap_or(u8::MAX))
}

fn body(call: &Call, case: &Record, person: &Record, course: &Course) -> Result<Json, Problem> {
    let values = &case.values;
    let edition = edition_of(case).ok_or(Code::NotReleased)?;
    let zone = call.core.zone;
    let released_at = values.instant("ended_at").ok_or_else(|| Problem::internal("a released case has no end"))?;
    let released_on: NaiveDate = day_of(released_at, zone);
    let shown = person.values.text("document_number").or(person.values.text("name")).unwrap_or_default();
    let certifier = Certifier::new(&call.core.keys.certificate);
    let (case_id, district_code) = (case.envelope.id, case.envelope.district_code.as_str());
    let code = certifier.code(&Release { case_id, district_code, released_on, shown, edition });
    let number: String = case_id.simple().to_string().chars().take(16).collect();
    Ok(
        json!({"certificate_no": number, "case_id": case_id, "starts_on": values.day("starts_on"), "ends_on": values.day("ends_on"),
        "released_at": format_instant(released_at, zone), "released_on": released_on, "edition": edition, "issued_by": course.issued_by, "findings": course.told(), "code": code, "key_id": certifier.key_id()}),
    )
}

async fn person_of(call: &Call, case: &Record) -> Result<Record, Problem> {
    let kind = call.core.kinds().kind("people").ok_or_else(|| Problem::internal("no kind people"))?;
    let id = case.values.id("person_id").unwrap_or_default();
    let root = read::root(&call.core, kind, &case.envelope.district_code, id).await?;
    let mut found = read::find_unscoped(&call.core, kind, &case.envelope.district_code, &[root]).await?;
    found.remove(&root).ok_or_else(|| Problem::internal("a case's person is not there"))
}
