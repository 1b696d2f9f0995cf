//! `POST /v1/duties:reassign`: the open duties of somebody who falls ill or leaves go to somebody else, each as it would
//! be handed over by itself.

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::http::{Method, StatusCode};
use futures_util::stream::{StreamExt, iter};
use kit::catalogue::Code;
use kit::field::{Field, Shape, USERNAME};
use kit::problem::Problem;
use kit::statement::Statement;
use kit::text::Text;
use kit::value::{Value, Values};
use kit::{fields, object};
use serde::Serialize;
use serde_json::{Value as Json, json};
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};
use uuid::Uuid;

use super::routes::{Named, account, given, require};
use super::{DUTIES, DutyKind, DutyLine, DutyState, READERS, wire};
use crate::platform::access::keys::KeyScope;
use crate::platform::codes::DISTRICT_REQUIRED;
use crate::platform::http::answered::problem_or_null;
use crate::platform::http::schema::form;
use crate::platform::http::{Access, Answer, Call, Operation};
use crate::records::envelope::{AREA_CODE, ID};
use crate::records::{Record, amend, list};

/// Duties of one request at most.
const MOST: i64 = 500;
/// Duties in work at a time.
const AT_A_TIME: usize = 16;

object! {
    /// Which of somebody's open duties are meant.
    pub struct ReassignedDuties, REASSIGNED_DUTIES {
        area_code: Option<String> = Field::new("area_code", Shape::Area, Text::new("Area", "区划代码"), "Of that area and all below.");
        duty_kind: Option<DutyKind> = Field::new("duty_kind", Shape::Word(DutyKind::VOCABULARY), Text::new("Duty", "责任事项"), "Of that kind.");
    }
}

fields! {
    /// Members of its form.
    static REASSIGN;
    FROM: String = Field::new("from", USERNAME, Text::new("From", "原责任人"), "Who answers for them now: id or user name.").required();
    TO: String = Field::new("to", USERNAME, Text::new("To", "新责任人"), "Who does it instead: id or user name.").required();
    FILTER: ReassignedDuties = Field::new("filter", Shape::Object(REASSIGNED_DUTIES), Text::new("Filter", "范围"), "Which of the open duties; all where it isn't said.");
    DRY_RUN: bool = Field::new("dry_run", Shape::Boolean, Text::new("Dry run", "仅试行"), "Every check is made, nothing is written.");
}

/// Outcomes of handing over somebody's open duties.
#[derive(Serialize, ToSchema)]
struct ReassignResults {
    /// One a duty.
    #[schema(inline, max_items = 500)]
    results: Vec<ReassignResult>,
    /// Whether there are more than 500: send it again.
    more: bool,
}

/// Outcome of one duty.
#[derive(Serialize, ToSchema)]
struct ReassignResult {
    /// The duty.
    id: Uuid,
    /// Which duty.
    #[schema(value_type = String, max_length = 60)]
    duty_kind: Option<DutyKind>,
    /// Whose line it is.
    #[schema(value_type = String, max_length = 60)]
    line: Option<DutyLine>,
    /// reassigned, valid (dry run) or refused.
    #[schema(max_length = 20)]
    outcome: &'static str,
    /// The status a hand-over of its own would have had.
    #[schema(value_type = i32, minimum = 200, maximum = 599)]
    status: u16,
    /// Why it was refused.
    #[schema(required, schema_with = refused)]
    problem: Option<Json>,
}

fn refused() -> RefOr<Schema> {
    problem_or_null("Why it was refused.")
}

/// The operation.
pub fn operations() -> Vec<Operation> {
    let result = json!({"id": "0198c0de-0008-7000-8000-000000000002", "duty_kind": "village_check", "line": "village", "outcome": "valid", "status": 200, "problem": null});
    let body =
        json!({"from": "village.wang", "to": "village.li", "filter": {"duty_kind": "village_check"}, "dry_run": true});
    vec![
        Operation::new(Method::POST, "/v1/duties:reassign", "reassign_duties", reassign)
            .described("duties", "Reassign somebody's duties", "The open ones that the caller sees, up to 500, each for itself, as it would be handed over: by whoever answers for it now, or above him. `dry_run` tells which would go.")
            .access(Access::Roles(READERS))
            .keys(KeyScope::Write)
            .body(form(REASSIGN), body)
            .answers::<ReassignResults>(207, "What became of each.", Some(json!({"results": [result], "more": false})))
            .problems(&[DISTRICT_REQUIRED, Code::LEDGER_UNAVAILABLE]),
    ]
}

async fn reassign(call: Call) -> Answer {
    let form = call.form(REASSIGN).await?;
    let (open, more) = match account_id(&call, form.required(&FROM)?).await? {
        Some(from) => open_duties(&call, from, form.get(&FILTER)).await?,
        // As somebody of whom the caller sees nothing.
        None => (Vec::new(), false),
    };
    let (to, dry_run) = (Named::of(form.required(&TO)?), form.get(&DRY_RUN) == Some(true));
    let each = open.iter().map(|duty| one(&call, duty, to, dry_run));
    let results = iter(each).buffered(AT_A_TIME).collect().await;
    let told = ReassignResults { results, more };
    Ok(HttpResponse::build(StatusCode::MULTI_STATUS).insert_header((CACHE_CONTROL, "no-store")).json(told))
}

async fn account_id(call: &Call, named: &str) -> Result<Option<Uuid>, Problem> {
    let statement = match Named::of(named) {
        Named::Id(id) => return Ok(Some(id)),
        Named::Username(name) => {
            Statement::new("SELECT u.id FROM users AS u WHERE lower(u.username) = ").text(name.to_lowercase())
        }
    };
    Ok(call.core.database.read(&statement).await?.into_iter().next().and_then(|mut row| row.id(ID.name())))
}

/// The open duties of an account that the caller sees, and whether there are more.
async fn open_duties(
    call: &Call,
    from: Uuid,
    filter: Option<ReassignedDuties>,
) -> Result<(Vec<Record>, bool), Problem> {
    let mut query = Values::default();
    query.set(wire::ASSIGNEE_ID.name(), Value::Id(from));
    query.set(wire::STATE.name(), Value::Text(DutyState::Open.code().to_owned()));
    query.set(list::LIMIT.name, Value::Integer(MOST));
    if let Some(code) = filter.as_ref().and_then(|filter| filter.area_code.clone()) {
        query.set(AREA_CODE.name(), Value::Text(code));
    }
    if let Some(kind) = filter.and_then(|filter| filter.duty_kind) {
        query.set(wire::DUTY_KIND.name(), Value::Text(kind.to_string()));
    }
    let page = list::list(&call.core, call.actor()?, &DUTIES, &query).await?;
    Ok((page.items, page.next_cursor.is_some()))
}

async fn one(call: &Call, duty: &Record, to: Named<'_>, dry_run: bool) -> ReassignResult {
    let (outcome, status, problem) = match hand_over(call, duty, to, dry_run).await {
        Ok(()) if dry_run => ("valid", StatusCode::OK, None),
        Ok(()) => ("reassigned", StatusCode::OK, None),
        Err(problem) => {
            let told = problem.body(call.language, &call.request_id());
            ("refused", problem.code().status(), Some(told))
        }
    };
    ReassignResult {
        id: duty.envelope.id,
        duty_kind: duty.values.get(&wire::DUTY_KIND),
        line: duty.values.get(&wire::LINE),
        outcome,
        status: status.as_u16(),
        problem,
    }
}

async fn hand_over(call: &Call, duty: &Record, to: Named<'_>, dry_run: bool) -> Result<(), Problem> {
    let id = account(call, to, READERS, &TO.pointer(), duty).await?;
    require(call, duty, duty.values.get(&wire::ASSIGNEE_ID))?;
    let Some(next) = given(duty, id)?.filter(|_| !dry_run) else { return Ok(()) };
    let written = amend::write(&call.core, call.actor()?, &DUTIES, duty, next, None).await?;
    // Somebody did or gave it away meanwhile.
    written.map(|_| ()).ok_or_else(|| Code::WRITE_CONFLICT.into())
}
