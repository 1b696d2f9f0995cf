//! A subject in plain words, for the officer who has to call: each time with a line in the audit.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::CACHE_CONTROL;
use serde_json::json;

use super::CORRECTIONS_SUBJECTS;
use crate::platform::audit::system_write;
use crate::platform::codes::NOT_FOUND;
use crate::platform::http::schema::reference;
use crate::platform::http::{Access, Answer, Call, Operation};
use crate::records::document::example_served;
use crate::records::{read, view};

/// Verb under which it is noted.
const REVEALED: &str = "corrections_subjects.reveal";

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    vec![
        Operation::new(Method::POST, "/v1/corrections-subjects/{id}:reveal", "reveal_corrections_subject", reveal)
            .described("corrections_subjects", "Read a subject unmasked", "Name, document, phone and address as they are, for who has to call or visit. Noted in the audit before it is shown.")
            .access(Access::Roles(CORRECTIONS_SUBJECTS.readers))
            .answers_with(200, "The subject.", Some(reference(CORRECTIONS_SUBJECTS.schema)), Some(example_served(&CORRECTIONS_SUBJECTS)))
            .problems(&[NOT_FOUND]),
    ]
}

async fn reveal(call: Call) -> Answer {
    let record = read::find(&call.core, call.actor()?, &CORRECTIONS_SUBJECTS, call.path_id()?).await?;
    let details = json!({"revision": record.envelope.revision});
    let mut entry = call.audit_entry(REVEALED, CORRECTIONS_SUBJECTS.name, Some(record.envelope.id), details);
    entry.area_code = Some(record.envelope.area_code.clone());
    system_write(&call.core, entry, async |_| Ok(())).await?;
    let body = view::plain(&call.core, &CORRECTIONS_SUBJECTS, &record, call.language);
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(body))
}
