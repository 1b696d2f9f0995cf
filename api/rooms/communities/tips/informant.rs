//! The question who told it: for whoever received the tip, and for the command.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::CACHE_CONTROL;
use kit::field::{Field, Shape};
use kit::fields;
use kit::text::Text;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{INFORMANT, TIPS};
use crate::platform::access::Role;
use crate::platform::audit::system_write_all;
use crate::platform::codes::{BAD_IDEMPOTENCY_KEY, FORBIDDEN};
use crate::platform::http::schema::form;
use crate::platform::http::{Access, Answer, Call, Operation};
use crate::platform::privacy;
use crate::records::read;

/// The command.
const COMMAND: &[Role] = &[Role::DistrictAdmin];

fields! {
    /// The form of the question.
    static ASKING;
    PURPOSE: String = Field::new("purpose", Shape::Word(&privacy::PURPOSE), Text::new("Purpose", "用途"), "What it is needed for.").required();
    REASON: String = Field::new(
        "reason",
        Shape::Text { min: 2, max: 200, pattern: None },
        Text::new("Reason", "事由"),
        "Why, in words; kept in the audit, so name nobody.",
    )
    .required();
}

/// Informant of a tip.
#[derive(Serialize, ToSchema)]
struct TipInformant<'a> {
    /// The tip.
    id: Uuid,
    /// The informant; null where none was named.
    #[schema(required, max_length = 200)]
    informant: Option<&'a str>,
}

/// The operation.
pub fn operations() -> Vec<Operation> {
    let example = json!({"id": "0198c0de-0075-7000-8000-000000000001", "informant": "周先生 15400000021"});
    vec![
        Operation::new(Method::POST, "/v1/tips/{id}:informant", "reveal_informant", informant)
            .described("communities", "Who told it", "With a purpose and a reason; for whoever received the tip and for the command. Each answer is a line of the audit.")
            .access(Access::Roles(TIPS.readers))
            .body(form(ASKING), json!({"purpose": "epidemic_control", "reason": "核实线索，需回访"}))
            .answers::<TipInformant>(200, "Who told it.", Some(example))
            .problems(&[BAD_IDEMPOTENCY_KEY]),
    ]
}

async fn informant(call: Call) -> Answer {
    let (core, actor) = (&call.core, call.actor()?);
    let record = read::find(core, actor, &TIPS, call.path_id()?).await?;
    let form = call.form(ASKING).await?;
    let envelope = &record.envelope;
    let received_it = envelope.recorded_by == actor.user_id;
    if !received_it && !actor.reaches(COMMAND, &envelope.area_code, envelope.org_id) {
        return Err(FORBIDDEN.into());
    }
    let details = json!({"purpose": form.get(&PURPOSE), "reason": form.get(&REASON), "revision": envelope.revision});
    let mut audit_entry = call.audit_entry("tips.informant", TIPS.name, Some(envelope.id), details);
    audit_entry.area_code = Some(envelope.area_code.clone());
    // The line first: what isn't noted isn't shown.
    system_write_all(core, vec![audit_entry], async |_| Ok(())).await?;
    let told = TipInformant { id: envelope.id, informant: record.values.get(&INFORMANT) };
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(told))
}
