//! An edition withdrawn: the only change there is.

use actix_web::http::Method;
use kit::field::{Field, free_text};
use kit::fields;
use kit::text::Text;
use kit::value::Values;
use serde_json::json;

use super::BULLETIN_EDITIONS;
use super::issue::ISSUERS;
use super::wire::{EditionState, STATE, WITHDRAWAL_REASON};
use crate::platform::access::keys::KeyScope;
use crate::platform::http::schema::{form, reference};
use crate::platform::http::{Access, Answer, Call, Operation};
use crate::records::act::{ACT_PROBLEMS, ActForm, act};
use crate::records::codes::OUT_OF_AREA;
use crate::records::{Record, document};
use crate::rooms::bulletins::codes::EDITION_FROZEN;

fields! {
    /// Members of a withdrawal.
    static WITHDRAWAL;
    REASON: String = Field::new("reason", free_text(500), Text::new("Reason", "原因"), "Why. Encrypted at rest.").required();
}

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    let served = || Some(document::example_served(&BULLETIN_EDITIONS));
    let frozen = |operation: Operation| {
        operation
            .access(Access::Roles(ISSUERS))
            .keys(KeyScope::Write)
            .answers_with(200, "Never.", Some(reference(BULLETIN_EDITIONS.schema)), served())
            .problems(&[EDITION_FROZEN])
    };
    vec![
        Operation::new(Method::POST, "/v1/bulletin-editions/{id}:withdraw", "withdraw_bulletin_edition", withdraw)
            .described(
                "bulletin_editions",
                "Withdraw an edition",
                "It keeps its number and its text, and says that it was withdrawn. Once more is no fault.",
            )
            .access(Access::Roles(ISSUERS))
            .keys(KeyScope::Write)
            .body(form(WITHDRAWAL), json!({"reason": "数据有误,另行发布"}))
            .answers_with(200, "The edition.", Some(reference(BULLETIN_EDITIONS.schema)), served())
            .with_headers(&["ETag", "Location", "Idempotency-Replayed"])
            .headers(&["Idempotency-Key"])
            .problems(ACT_PROBLEMS),
        frozen(
            Operation::new(Method::PATCH, "/v1/bulletin-editions/{id}", "amend_bulletin_edition", refuse).described(
                "bulletin_editions",
                "An edition can't be amended",
                "Always 409: what was issued stays. Withdraw it, or issue another that replaces it.",
            ),
        ),
        frozen(
            Operation::new(Method::POST, "/v1/bulletin-editions/{id}:void", "void_bulletin_edition", refuse).described(
                "bulletin_editions",
                "An edition can't be voided",
                "Always 409: what was issued stays. Withdraw it.",
            ),
        ),
    ]
}

async fn refuse(_call: Call) -> Answer {
    Err(EDITION_FROZEN.into())
}

async fn withdraw(call: Call) -> Answer {
    let may = async |edition: &Record, _: &Values| {
        let envelope = &edition.envelope;
        let reaches = call.actor()?.reaches(ISSUERS, &envelope.area_code, envelope.org_id);
        if reaches { Ok(()) } else { Err(OUT_OF_AREA.into()) }
    };
    let next = |edition: &Record, form: &Values| {
        if edition.values.get(&STATE) == Some(EditionState::Withdrawn) {
            return Ok(None);
        }
        let mut next = edition.clone();
        next.values.set(&STATE, EditionState::Withdrawn);
        next.values.set(&WITHDRAWAL_REASON, form.required(&REASON)?);
        Ok(Some(next))
    };
    act(&call, ActForm::of(&BULLETIN_EDITIONS, WITHDRAWAL), may, next).await
}
