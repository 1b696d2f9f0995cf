//! Operations on a duty: waiving it with a reason, answering it, giving it to somebody else.

use std::cell::Cell;

use actix_web::http::Method;
use kit::field::{Field, USERNAME, free_text};
use kit::fields;
use kit::problem::Problem;
use kit::statement::Statement;
use kit::text::Text;
use kit::value::{Value, Values};
use serde_json::json;
use uuid::Uuid;

use super::codes::NOT_ANSWERABLE;
use super::{DUTIES, DutyKind, DutyState, DutyWaiver, READERS, wire};
use crate::platform::access::Role;
use crate::platform::access::keys::KeyScope;
use crate::platform::http::schema::form;
use crate::platform::http::schema::reference;
use crate::platform::http::{Access, Answer, Call, Operation, fault, fault_with};
use crate::records::act::{ACT_PROBLEMS, ActForm, act};
use crate::records::codes::{ALREADY_ENDED, ONE_OF, OUT_OF_AREA, UNKNOWN_ACCOUNT};
use crate::records::envelope::ID;
use crate::records::{Record, document};

/// Roles that may say that something need not be done, or that it couldn't.
const WAIVERS: &[Role] = &[Role::DistrictAdmin, Role::OrgAdmin, Role::TownCadre, Role::HealthWorker, Role::CdcOfficer];

/// Roles that may say what was done about somebody whose passage was abnormal.
const ANSWERERS: &[Role] = &[Role::DistrictAdmin, Role::HealthWorker, Role::CdcOfficer];

fields! {
    /// Members of its form.
    static ANSWER;
    NOTE: String = Field::new("note", free_text(500), Text::new("Note", "处置记录"), "What was found and done. Encrypted at rest.")
        .required();
}
fields! {
    /// Members of its form.
    static WAIVE;
    REASON: String = super::REASON.field.required();
}
fields! {
    /// Members of its form.
    pub static HAND_OVER;
    ASSIGNEE_ID: String = Field::new(
    "assignee_id",
    USERNAME,
    Text::new("Assignee", "责任人"),
    "Who does it instead, an account that may write there: its id, or its user name.",
);
    ASSIGNEE_USERNAME: String = Field::new(
    "assignee_username",
    USERNAME,
    Text::new("Assignee's user name", "责任人用户名"),
    "The same by the user name only, in the place of `assignee_id`.",
);
}

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    vec![
        answers(Operation::new(Method::POST, "/v1/duties/{id}:waive", "waive_duty", waive)
            .described("duties", "Waive a duty", "An open one is not expected any more. One that was missed stays missed, and is explained: what has no reason keeps a case from being released.")
            .access(Access::Judges(WAIVERS))
            .body(form(WAIVE), json!({"reason": "当日外出就诊,由医院测温"}))),
        answers(Operation::new(Method::POST, "/v1/duties/{id}:hand-over", "hand_over_duty", hand_over)
            .described("duties", "Hand a duty over", "Somebody else answers for it. By whoever answers for it now, or above him.")
            .access(Access::Roles(READERS))
            .body(form(HAND_OVER), json!({"assignee_id": "0198c0de-0008-7000-8000-000000000001"}))),
        answers(Operation::new(Method::POST, "/v1/duties/{id}:answer", "answer_duty", answer)
            .described("duties", "Answer a duty", "Of `gate_follow_up`: what a health worker found and did about somebody whose passage was abnormal closes it, where no reading, case or visit does.")
            .access(Access::Roles(ANSWERERS))
            .body(form(ANSWER), json!({"note": "电话随访,体温正常,嘱居家观察"}))),
    ]
}

/// An operation that answers a duty.
pub fn answers(operation: Operation) -> Operation {
    operation
        .keys(KeyScope::Write)
        .answers_with(200, "The duty.", Some(reference(DUTIES.schema)), Some(document::example_served(&DUTIES)))
        .with_headers(&["ETag", "Location", "Idempotency-Replayed"])
        .headers(&["Idempotency-Key"])
        .problems(ACT_PROBLEMS)
}

async fn waive(call: Call) -> Answer {
    act(&call, ActForm::of(&DUTIES, WAIVE), async |duty: &Record, _: &Values| require(&call, duty, None), explained)
        .await
}

/// The duty with its reason; none where it needs none.
fn explained(duty: &Record, form: &Values) -> Result<Option<Record>, Problem> {
    let mut next = match duty.values.get(&wire::STATE) {
        Some(DutyState::Open) => super::duty::waive(duty, DutyWaiver::ByHand),
        Some(DutyState::Missed) => duty.clone(),
        Some(DutyState::Waived) => return Ok(None),
        Some(DutyState::Done) | None => return Err(ALREADY_ENDED.into()),
    };
    next.values.set(&wire::EXPLAINED, true);
    next.values.set(&wire::REASON, form.required(&REASON)?);
    Ok(Some(next))
}

async fn answer(call: Call) -> Answer {
    let may = async |duty: &Record, _: &Values| {
        let envelope = &duty.envelope;
        let within = call.actor()?.reaches(ANSWERERS, &envelope.area_code, envelope.org_id);
        if within { Ok(()) } else { Err(OUT_OF_AREA.into()) }
    };
    let (now, by) = (call.core.clock.now(), call.actor()?.user_id);
    let next = |duty: &Record, form: &Values| {
        if !duty.values.get(&wire::DUTY_KIND).is_some_and(DutyKind::is_answered_by_note) {
            return Err(fault("", NOT_ANSWERABLE));
        }
        if ![DutyState::Open, DutyState::Missed].into_iter().any(|state| super::duty::is(duty, state)) {
            return Err(ALREADY_ENDED.into());
        }
        Ok(Some(super::duty::answered(duty, form.required(&NOTE)?, by, now)))
    };
    act(&call, ActForm::of(&DUTIES, ANSWER), may, next).await
}

async fn hand_over(call: Call) -> Answer {
    let assignee = Cell::new(Uuid::nil());
    let may = async |duty: &Record, form: &Values| {
        assignee.set(named(&call, form, READERS, duty).await?);
        require(&call, duty, duty.values.get(&wire::ASSIGNEE_ID))
    };
    act(&call, ActForm::of(&DUTIES, HAND_OVER), may, |duty: &Record, _: &Values| given(duty, assignee.get())).await
}

/// The account that a form names, with one of these roles where the duty is.
pub async fn named(call: &Call, form: &Values, roles: &[Role], duty: &Record) -> Result<Uuid, Problem> {
    let (named, pointer) = match (form.get(&ASSIGNEE_ID), form.get(&ASSIGNEE_USERNAME)) {
        (Some(named), None) => (Named::of(named), ASSIGNEE_ID.pointer()),
        (None, Some(name)) => (Named::Username(name), ASSIGNEE_USERNAME.pointer()),
        _ => {
            let fields = format!("{}, {}", ASSIGNEE_ID.name(), ASSIGNEE_USERNAME.name());
            return Err(fault_with(&ASSIGNEE_ID.pointer(), ONE_OF, vec![("fields", fields)]));
        }
    };
    account(call, named, roles, &pointer, duty).await
}

/// The duty as somebody else's; none where it is his already.
pub fn given(duty: &Record, assignee_id: Uuid) -> Result<Option<Record>, Problem> {
    if !super::duty::is(duty, DutyState::Open) {
        return Err(ALREADY_ENDED.into());
    }
    let mut next = duty.clone();
    next.values.set(&wire::ASSIGNEE_ID, assignee_id);
    next.values.clear(&wire::OFFERED_TO);
    Ok(Some(next).filter(|next| next.values != duty.values))
}

/// 403 where the caller is neither who answers for the duty nor stands above it.
pub fn require(call: &Call, duty: &Record, assignee_id: Option<Uuid>) -> Result<(), Problem> {
    let (actor, envelope) = (call.actor()?, &duty.envelope);
    // Whoever is supervised waives nothing of his own.
    let above = actor.judges(WAIVERS) && actor.reaches(WAIVERS, &envelope.area_code, envelope.org_id);
    let may = assignee_id == Some(actor.user_id) || above;
    if may { Ok(()) } else { Err(OUT_OF_AREA.into()) }
}

/// An account as a form names it.
#[derive(Clone, Copy, Debug)]
pub enum Named<'a> {
    /// By its id.
    Id(Uuid),
    /// By its name for signing in.
    Username(&'a str),
}

impl<'a> Named<'a> {
    /// Whatever of the two a text is.
    pub fn of(text: &'a str) -> Self {
        Some(text)
            .filter(|text| text.len() == 36)
            .and_then(|text| text.parse().ok())
            .map_or(Self::Username(text), Self::Id)
    }
}

/// The account that is named. It must be active and have one of these roles where the duty is, else the member at the
/// pointer is at fault.
pub async fn account(
    call: &Call,
    named: Named<'_>,
    roles: &[Role],
    pointer: &str,
    duty: &Record,
) -> Result<Uuid, Problem> {
    let statement =
        Statement::new("SELECT u.id FROM users AS u JOIN user_grants AS g ON g.user_id = u.id WHERE u.active AND ");
    let statement = match named {
        Named::Id(id) => statement.sql("u.id = ").id(id),
        Named::Username(name) => statement.sql("lower(u.username) = ").text(name.to_lowercase()),
    };
    let roles: Vec<Value> = roles.iter().map(|role| Value::Text(role.code().to_owned())).collect();
    let statement = statement
        .sql(" AND g.role = ANY(")
        .column(kit::statement::ColumnType::Text, roles)
        .sql(") AND starts_with(")
        .text(&duty.envelope.area_code)
        .sql(", g.area_code) LIMIT 1");
    let found = call.core.database.read(&statement).await?.into_iter().next();
    found.and_then(|mut row| row.id(ID.name())).ok_or_else(|| fault(pointer, UNKNOWN_ACCOUNT))
}
