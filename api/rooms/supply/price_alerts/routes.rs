//! Operations on a price alert: explaining it, dismissing it.

use actix_web::http::Method;
use kit::fields;
use kit::problem::Problem;
use kit::value::Values;
use serde_json::json;

use super::{DISMISSAL, PRICE_ALERTS, PriceAlertDismissal, PriceAlertState, READERS, STATE, form};
use crate::platform::access::Role;
use crate::platform::access::keys::KeyScope;
use crate::platform::http::schema::form;
use crate::platform::http::schema::reference;
use crate::platform::http::{Access, Answer, Call, Operation};
use crate::records::act::{ACT_PROBLEMS, ActForm, act};
use crate::records::codes::{ALREADY_ENDED, OUT_OF_AREA};
use crate::records::{Record, document};

/// Roles that may dismiss an alert.
const DISMISSERS: &[Role] = &[Role::DistrictAdmin, Role::OrgAdmin, Role::Inspector];

fields! {
    /// Form of an explanation or a dismissal.
    static FORM;
    REASON: String = form::REASON.field.required();
}

/// The operations of this room.
pub fn operations() -> Vec<Operation> {
    let form = form(FORM);
    let example = Some(document::example_served(&PRICE_ALERTS));
    let answers = |operation: Operation, reason: &str| {
        operation
            .body(form.clone(), json!({"reason": reason}))
            .keys(KeyScope::Write)
            .answers_with(200, "The alert.", Some(reference(PRICE_ALERTS.schema)), example.clone())
            .with_headers(&["ETag", "Location", "Idempotency-Replayed"])
            .headers(&["Idempotency-Key"])
            .problems(ACT_PROBLEMS)
    };
    vec![
        answers(
            Operation::new(Method::POST, "/v1/price-alerts/{id}:explain", "explain_price_alert", explain)
                .described("supply", "Explain a price alert", "What the store says: a rise of its own purchase price, a mistyped figure. An open alert becomes explained.")
                .access(Access::Roles(READERS)),
            "进货成本上涨,附进货单",
        ),
        answers(
            Operation::new(Method::POST, "/v1/price-alerts/{id}:dismiss", "dismiss_price_alert", dismiss)
                .described("supply", "Dismiss a price alert", "It is nothing, with a reason. It stays so whatever is reported afterwards.")
                .access(Access::Judges(DISMISSERS)),
            "核实为品种更换",
        ),
    ]
}

async fn explain(call: Call) -> Answer {
    let next = |alert: &Record, form: &Values| match alert.values.get(&STATE) {
        Some(PriceAlertState::Open | PriceAlertState::Explained) => {
            Ok(Some(in_state(alert, PriceAlertState::Explained, form)))
        }
        _ => Err(ALREADY_ENDED.into()),
    };
    act(
        &call,
        ActForm::of(&PRICE_ALERTS, FORM),
        async |alert: &Record, _: &Values| require(&call, alert, READERS),
        next,
    )
    .await
}

async fn dismiss(call: Call) -> Answer {
    let next = |alert: &Record, form: &Values| {
        if alert.values.get(&DISMISSAL) == Some(PriceAlertDismissal::ByHand) {
            return Ok(None);
        }
        let mut next = in_state(alert, PriceAlertState::Dismissed, form);
        next.values.set(&DISMISSAL, PriceAlertDismissal::ByHand);
        Ok(Some(next))
    };
    // Nobody says of his own prices that they are nothing: the operation's access sees to that.
    act(
        &call,
        ActForm::of(&PRICE_ALERTS, FORM),
        async |alert: &Record, _: &Values| require(&call, alert, DISMISSERS),
        next,
    )
    .await
}

fn in_state(alert: &Record, state: PriceAlertState, form: &Values) -> Record {
    let mut next = alert.clone();
    next.values.set(&STATE, state);
    next.values.set_or_clear(&super::REASON, form.get(&REASON).map(str::to_owned));
    next
}

fn require(call: &Call, alert: &Record, roles: &'static [Role]) -> Result<(), Problem> {
    let envelope = &alert.envelope;
    let reaches = call.actor()?.reaches(roles, &envelope.area_code, envelope.org_id);
    if reaches { Ok(()) } else { Err(OUT_OF_AREA.into()) }
}
