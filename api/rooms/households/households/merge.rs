//! Twice the same household: `:merge` sets a pointer that reads and counts follow and rewrites nothing; `:unmerge` takes
//! it away.

use actix_web::http::Method;
use kit::catalogue::Code;
use kit::field::{Field, Shape, free_text};
use kit::fields;
use kit::problem::Problem;
use kit::text::Text;
use kit::value::Values;
use serde_json::json;
use uuid::Uuid;

use super::{HOUSEHOLDS, HouseholdStatus, MERGE_REASON, MERGED_INTO, STATUS};
use crate::platform::access::Role;
use crate::platform::access::keys::KeyScope;
use crate::platform::http::schema::{form, reference};
use crate::platform::http::{Access, Answer, Call, Operation, fault};
use crate::records::act::{ACT_PROBLEMS, ActForm, act};
use crate::records::acyclic::Acyclic;
use crate::records::codes::{OUT_OF_AREA, UNKNOWN_REFERENCE};
use crate::records::{Record, document, read};
use crate::rooms::households::codes::{ALREADY_SAME, MERGED_IN_CIRCLE, NOT_ANOTHERS, SAME_HOUSEHOLD};

/// Roles that may say that two households are one.
const MERGERS: &[Role] = &[Role::DistrictAdmin, Role::TownCadre, Role::VillageCadre, Role::GridWorker];

/// No circle of pointers, however many merge at once.
pub const MERGES: Acyclic =
    Acyclic { kind: "households", field: MERGED_INTO.name(), pointer: "/into_id", code: MERGED_IN_CIRCLE };

fields! {
    /// The form of a merge.
    static MERGE;
    INTO_ID: Uuid = Field::new("into_id", Shape::Id, Text::new("Into", "合并至"), "The household that stays.").required();
    REASON: String = Field::new("reason", free_text(500), Text::new("Reason", "原因"), "Why. Encrypted at rest.").required();
}
static UNMERGE: &[Field] = &[REASON.field];

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    let problems: Vec<Code> = ACT_PROBLEMS.iter().copied().chain([ALREADY_SAME]).collect();
    let answers = |operation: Operation| {
        operation
            .access(Access::Roles(MERGERS))
            .keys(KeyScope::Write)
            .answers_with(
                200,
                "The household.",
                Some(reference(HOUSEHOLDS.schema)),
                Some(document::example_served(&HOUSEHOLDS)),
            )
            .with_headers(&["ETag", "Location", "Idempotency-Replayed"])
            .headers(&["Idempotency-Key"])
            .problems(&problems)
    };
    vec![
        answers(Operation::new(Method::POST, "/v1/households/{id}:merge", "merge_household", merge)
            .described("households", "Merge a household into another", "Nothing is rewritten: this id becomes another name of the one that stays; members and visits count there. Once more is no fault.")
            .body(form(MERGE), json!({"into_id": "0198c0de-0041-7000-8000-000000000001", "reason": "同一户登记两次"}))),
        answers(Operation::new(Method::POST, "/v1/households/{id}:unmerge", "unmerge_household", unmerge)
            .described("households", "Undo a merge", "Both are as they were, with all that was written since under either id.")
            .body(form(UNMERGE), json!({"reason": "同门两户"}))),
    ]
}

async fn merge(call: Call) -> Answer {
    let may = async |household: &Record, form: &Values| {
        require_reach(&call, household)?;
        let into = form.required(&INTO_ID)?;
        let target = read::find(&call.core, call.actor()?, &HOUSEHOLDS, into).await;
        let target = target.map_err(|_| fault("/into_id", UNKNOWN_REFERENCE))?;
        match target.envelope.id == household.envelope.id && into == household.envelope.id {
            true => Err(fault("/into_id", SAME_HOUSEHOLD)),
            false if target.envelope.district_code != household.envelope.district_code => Err(OUT_OF_AREA.into()),
            false => require_reach(&call, &target),
        }
    };
    let next = |household: &Record, form: &Values| {
        let into = form.required(&INTO_ID)?;
        match household.values.get(&MERGED_INTO) {
            Some(known) if known == into => Ok(None),
            Some(_) => Err(ALREADY_SAME.into()),
            None => Ok(Some(leading(household, Some(into), form.required(&REASON)?))),
        }
    };
    act(&call, ActForm::of(&HOUSEHOLDS, MERGE).itself(), may, next).await
}

async fn unmerge(call: Call) -> Answer {
    let next = |household: &Record, form: &Values| match household.values.get(&MERGED_INTO) {
        None => Err(fault("/id", NOT_ANOTHERS)),
        Some(_) => Ok(Some(leading(household, None, form.required(&REASON)?))),
    };
    act(
        &call,
        ActForm::of(&HOUSEHOLDS, UNMERGE).itself(),
        async |household: &Record, _: &Values| require_reach(&call, household),
        next,
    )
    .await
}

/// The household as it leads to another one, or to none.
fn leading(household: &Record, into: Option<Uuid>, reason: &str) -> Record {
    let mut next = household.clone();
    next.values.set_or_clear(&MERGED_INTO, into);
    next.values.set(&MERGE_REASON, reason.to_owned());
    let ended = next.values.get(&super::ENDED_ON).is_some();
    let apart = if ended { HouseholdStatus::Ended } else { HouseholdStatus::Active };
    next.values.set(&STATUS, if into.is_some() { HouseholdStatus::Merged } else { apart });
    next
}

fn require_reach(call: &Call, household: &Record) -> Result<(), Problem> {
    let may = call.actor()?.reaches(MERGERS, &household.envelope.area_code, household.envelope.org_id);
    if may { Ok(()) } else { Err(OUT_OF_AREA.into()) }
}
