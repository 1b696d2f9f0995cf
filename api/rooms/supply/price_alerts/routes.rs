//! Operations on a price alert: explaining it, dismissing it.

use actix_web::http::Method;
use kit::catalogue::Code;
use kit::field::Field;
use kit::problem::Problem;
use kit::value::{Value, Values};
use serde_json::json;

use super::{PRICE_ALERTS, READERS, REASON};
use crate::platform::access::Role;
use crate::platform::access::keys::KeyScope;
use crate::platform::http::schema::{Direction, object, reference};
use crate::platform::http::{Access, Answer, Call, Operation};
use crate::records::act::{ACT_PROBLEMS, act};
use crate::records::{Kind, Record, Registry, document};

/// Roles that may dismiss an alert.
const DISMISSERS: &[Role] = &[Role::DistrictAdmin, Role::OrgAdmin, Role::Inspector];

static FORM: &[Field] = &[REASON.required()];

/// The operations of this room.
pub fn operations() -> Vec<Operation> {
    let form = object(&FORM.iter().collect::<Vec<_>>(), Direction::Sent);
    let example = Registry::new(&[&PRICE_ALERTS]).kind(PRICE_ALERTS.name).map(document::example_served);
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
    let next = |alert: &Record, form: &Values| match alert.values.text("state") {
        Some("open" | "explained") => Ok(Some(in_state(alert, "explained", form))),
        _ => Err(Code::AlreadyEnded.into()),
    };
    act(&call, kind(&call)?, FORM, async |alert: &Record, _: &Values| require(&call, alert, READERS), next).await
}

async fn dismiss(call: Call) -> Answer {
    let next = |alert: &Record, form: &Values| {
        if alert.values.text("dismissal") == Some("by_hand") {
            return Ok(None);
        }
        let mut next = in_state(alert, "dismissed", form);
        next.values.set("dismissal", Value::Text("by_hand".to_owned()));
        Ok(Some(next))
    };
    // Nobody says of his own prices that they are nothing: the operation's access sees to that.
    act(&call, kind(&call)?, FORM, async |alert: &Record, _: &Values| require(&call, alert, DISMISSERS), next).await
}

fn in_state(alert: &Record, state: &str, form: &Values) -> Record {
    let mut next = alert.clone();
    next.values.set("state", Value::Text(state.to_owned()));
    next.values.set("reason", Value::Text(form.text("reason").unwrap_or_default().to_owned()));
    next
}

fn require(call: &Call, alert: &Record, roles: &'static [Role]) -> Result<(), Problem> {
    let envelope = &alert.envelope;
    let reaches = call.actor()?.reaches(roles, &envelope.area_code, envelope.org_id);
    if reaches { Ok(()) } else { Err(Code::OutOfArea.into()) }
}

fn kind(call: &Call) -> Result<&'static Kind, Problem> {
    call.core.kinds().kind(PRICE_ALERTS.name).ok_or_else(|| Problem::internal("no kind price_alerts"))
}
