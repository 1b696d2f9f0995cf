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
use kit::time::{InZone, day_of};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use self::code::{Certifier, Release};
use self::course::{Course, Finding};
use super::history;
use super::views::case;
use super::wire::{ENDED_AT, ENDS_ON, IsolationState, PERSON_ID, RELEASE_FROM, STARTS_ON};
use crate::platform::access::Role;
use crate::platform::audit::system_write_all;
use crate::platform::http::{Access, Answer, Call, Operation};
use crate::records::codes::OUT_OF_AREA;
use crate::records::{Record, read};
use crate::rooms::observation::codes::NOT_RELEASED;
use crate::rooms::registers::PEOPLE;
use crate::rooms::registers::person::{DOCUMENT_NUMBER, NAME};

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
            .answers::<ReleaseCertificate<'_>>(200, "The certificate.", Some(example))
            .problems(&[NOT_RELEASED]),
        Operation::new(Method::GET, "/v1/isolation-cases/{id}/certificate.html", "print_isolation_case_certificate", print)
            .described("isolation_cases", "The release certificate to print", "A page for paper, with the plain name: noted as a reveal.")
            .access(Access::Roles(PRINTERS))
            .answers_nothing(200, "The page.")
            .as_files(vec!["text/html"])
            .problems(&[NOT_RELEASED, OUT_OF_AREA]),
        verdict::operation(),
    ]
}

/// Somebody was released from observation.
#[derive(Serialize, ToSchema)]
struct ReleaseCertificate<'a> {
    /// Its number.
    #[schema(max_length = 16)]
    certificate_no: String,
    /// The case.
    #[schema(value_type = String, max_length = 36)]
    case_id: Uuid,
    /// First day.
    #[schema(value_type = String, max_length = 10)]
    starts_on: NaiveDate,
    /// Last day.
    #[schema(value_type = String, max_length = 10)]
    ends_on: NaiveDate,
    /// When it was released.
    #[schema(value_type = String, max_length = 40)]
    released_at: InZone,
    /// On which day.
    #[schema(value_type = String, max_length = 10)]
    released_on: NaiveDate,
    /// The how many-th of this case: a correction withdraws the one before.
    #[schema(value_type = i64, minimum = 1, maximum = 255)]
    edition: u8,
    /// The unit that issued the notice of observation.
    #[schema(required, max_length = 100)]
    issued_by: Option<&'a str>,
    /// Findings recorded meanwhile, the oldest first; empty where all was well.
    #[schema(inline, max_items = 1_000)]
    findings: &'a [Finding],
    /// The signed code.
    #[schema(max_length = 200)]
    code: String,
    /// By which key.
    #[schema(max_length = 60)]
    key_id: String,
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

fn body<'a>(
    call: &Call,
    case: &Record,
    person: &Record,
    course: &'a Course,
) -> Result<ReleaseCertificate<'a>, Problem> {
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
    Ok(ReleaseCertificate {
        certificate_no: case_id.simple().to_string().chars().take(16).collect(),
        case_id,
        starts_on: values.get(&STARTS_ON).ok_or_else(|| lacks(STARTS_ON.name()))?,
        ends_on: values.get(&ENDS_ON).ok_or_else(|| lacks(ENDS_ON.name()))?,
        released_at: InZone(released_at, zone),
        released_on,
        edition,
        issued_by: course.issued_by.as_deref(),
        findings: course.findings(),
        code,
        key_id: certifier.key_id(),
    })
}

async fn person_of(call: &Call, case: &Record) -> Result<Record, Problem> {
    let kind = &PEOPLE;
    let id = case.values.get(&PERSON_ID).ok_or_else(|| Problem::internal("a case names nobody"))?;
    let root = read::root(&call.core, kind, &case.envelope.district_code, id).await?;
    let mut found = read::find_unscoped(&call.core, kind, &case.envelope.district_code, &[root]).await?;
    found.remove(&root).ok_or_else(|| Problem::internal("a case's person is not there"))
}
