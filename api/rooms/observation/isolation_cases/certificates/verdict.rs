//! Whether a certificate that somebody shows is in force: what a code alone can't tell is that it was withdrawn.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::CACHE_CONTROL;
use chrono::NaiveDate;
use kit::check::check_object;
use kit::faults::Faults;
use kit::field::{Field, free_text};
use kit::fields;
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::text::Text;
use kit::time::day_of;
use kit::value::Value;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::code::{Certifier, Said};
use super::edition_of;
use crate::platform::http::schema::{Direction, object};
use crate::platform::http::{Access, Answer, Call, Operation};
use crate::records::{Record, read};
use crate::rooms::observation::isolation_cases::ISOLATION_CASES;
use crate::rooms::observation::isolation_cases::wire::ENDED_AT;

fields! {
    /// Members of its form.
    static FORM;
    CODE: String = Field::new("code", free_text(200), Text::new("Code", "证明编码"), "The code of the certificate.").required();
}

/// The operation.
pub fn operation() -> Operation {
    let form: Vec<&Field> = FORM.iter().collect();
    Operation::new(Method::POST, "/v1/isolation-cases:verify-certificate", "verify_certificate", verify)
        .described("isolation_cases", "Whether a certificate is in force", "By its code, of any district: `valid`, `withdrawn` (the case was corrected or voided since), or `unknown` (not signed by this service). It names nobody.")
        .access(Access::SignedIn)
        .body(object(&form, Direction::Sent), json!({"code": "LF1.AQ"}))
        .answers::<CertificateVerdict>(200, "The verdict.", Some(json!({"verdict": "valid", "released_on": "2020-02-06"})))
}

/// Whether a certificate is in force.
#[derive(Serialize, ToSchema)]
struct CertificateVerdict {
    /// Whether it is in force.
    #[schema(inline)]
    verdict: Verdict,
    /// The day of release that it says; null where it is unknown.
    #[schema(required, value_type = Option<String>, max_length = 10)]
    released_on: Option<NaiveDate>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Valid,
    Withdrawn,
    Unknown,
}

async fn verify(call: Call) -> Answer {
    let mut faults = Faults::default();
    let form = check_object(&FORM.iter().collect::<Vec<_>>(), &call.tree().await?, "", &mut faults);
    faults.finish()?;
    let said = Certifier::new(&call.core.keys.certificate).read(form.required(&CODE)?);
    let verdict = match &said {
        None => Verdict::Unknown,
        Some(said) if stands(&call, said).await? => Verdict::Valid,
        Some(_) => Verdict::Withdrawn,
    };
    let body = CertificateVerdict { verdict, released_on: said.map(|said| said.released_on) };
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(body))
}

/// Whether there is a case that has just this certificate. A code names the beginning of an id, which several may share.
async fn stands(call: &Call, said: &Said) -> Result<bool, Problem> {
    let core = &call.core;
    let kind = &ISOLATION_CASES;
    let [first, last] = [0, u8::MAX].map(|rest| {
        let mut bytes = [rest; 16];
        bytes.iter_mut().zip(said.certificate).for_each(|(byte, own)| *byte = own);
        Value::Id(Uuid::from_bytes(bytes))
    });
    let statement =
        Statement::new(format!("SELECT {} FROM isolation_cases AS r WHERE r.district_code = ", kind.select()))
            .text(&said.district_code)
            .sql(" AND r.id >= ")
            .bind(ColumnType::Id, first)
            .sql(" AND r.id <= ")
            .bind(ColumnType::Id, last)
            .sql(" LIMIT 100")
            .seeing_district(&said.district_code);
    let is_it = |case: &Record| {
        let ended_on = case.values.get(&ENDED_AT).map(|at| day_of(at, core.zone));
        ended_on == Some(said.released_on) && edition_of(case) == Some(said.edition)
    };
    Ok(read::load(core, kind, &statement).await?.iter().any(is_it))
}
