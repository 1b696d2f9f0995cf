//! Duties of those who look after households: a share of each survey round, a leader for each group, a look at whoever
//! was found ill, care for each key person.
//!
//! They follow from the registers as they stand, so the duties' worker settles them: a pass compares what is expected
//! with what is there and writes what differs, a few statements however many shares a round has. What it does twice
//! gives the same, and of two processes that do it at once one meets rows that are there.

mod care;
mod key_people;
mod leaders;
mod looked;
mod share_proofs;
mod shares;
mod symptoms;

use kit::problem::Problem;

use crate::rooms::duties::pass::{Pass, Settled};
use futures_util::future::BoxFuture;
pub use key_people::{KeyPerson, key_people, within_window};
use looked::{Looked, marks};

use super::household_groups::HOUSEHOLD_GROUPS;
use super::survey_visits::{ROUND_ID, SURVEY_VISITS};
use crate::platform::core::Core;
use crate::records::Record;
use crate::rooms::duties::{Accounts, Contact, DUTIES, DutySource, Expectation, Holders, duty_kinds};
use crate::rooms::observation::{FOLLOW_UP_VISITS, ISOLATION_CASES, TEMPERATURE_READINGS};

duty_kinds! {
    /// All of them.
    pub const DUTY_KINDS;
    SURVEY_SHARE "survey_share" "share of a survey round" "分片入户摸排" [Grid]
        |duty, contact, _| {
            contact.kind == SURVEY_VISITS.name && contact.values.get(&ROUND_ID) == duty.cause_id
        };
    GROUP_LEADER "group_leader" "leader of a household group" "落实十户组负责人" [Village]
        |_, contact, _| contact.kind == HOUSEHOLD_GROUPS.name;
    SYMPTOM_CHECK "symptom_check" "check of somebody found ill by a survey" "摸排异常随访" [HealthCenter]
        |duty, contact, _| contact.occurred_at > duty.opens_at && is_look(contact);
    KEY_PERSON_CARE "key_person_care" "care for a key person" "落实重点人员管控" [Village]
        |duty, contact, _| is_care(duty, contact);
}

/// Whether a record says that somebody of a health centre saw the person, or that the person is looked after.
fn is_look(contact: &Contact) -> bool {
    let kinds = [TEMPERATURE_READINGS.name, ISOLATION_CASES.name, FOLLOW_UP_VISITS.name, SURVEY_VISITS.name];
    kinds.contains(&contact.kind)
}

fn is_care(duty: &Expectation, contact: &Contact) -> bool {
    contact.occurred_at >= duty.opens_at && [TEMPERATURE_READINGS.name, ISOLATION_CASES.name].contains(&contact.kind)
}

/// Duties of this theme.
pub const DUTY_SOURCE: DutySource = DutySource {
    kinds: DUTY_KINDS,
    plan: Some(|core, district_code| Box::pin(plan(core, district_code))),
    accounts: Some(|core, district_code, duties| Box::pin(above(core, district_code, duties))),
    ..DutySource::NOTHING
};

/// A part of a pass: what it follows from, and how its duties should stand.
struct Step {
    name: &'static str,
    /// Marks of which one must have moved.
    watches: &'static [&'static str],
    settle: Settle,
}

/// Duties of a pass as they should stand.
type Standing<'a> = BoxFuture<'a, Result<Vec<Settled>, Problem>>;

/// Says how the duties of a part should stand.
type Settle = for<'a> fn(&'a Pass<'a>) -> Standing<'a>;

/// The parts of a pass.
const STEPS: [Step; 4] = [
    Step { name: "shares", watches: shares::WATCHES, settle: |pass| Box::pin(shares::settle(pass)) },
    Step { name: "leaders", watches: leaders::WATCHES, settle: |pass| Box::pin(leaders::settle(pass)) },
    Step { name: "symptoms", watches: symptoms::WATCHES, settle: |pass| Box::pin(symptoms::settle(pass)) },
    Step { name: "care", watches: care::WATCHES, settle: |pass| Box::pin(care::settle(pass)) },
];

/// Settles the duties of a district, as far as anything moved that they follow from.
async fn plan(core: &Core, district_code: &str) -> Result<(), Problem> {
    let marks = marks(core, district_code).await?;
    let looked = core.ext::<Looked>();
    let (now, zone) = (core.clock.now(), core.zone);
    let waiting: Vec<&Step> = STEPS
        .iter()
        .filter(|step| !looked.is_unchanged(district_code, step.name, &marks.of(step.watches), now, zone))
        .collect();
    if waiting.is_empty() {
        return Ok(());
    }
    let pass = Pass::begin(core, district_code).await?;
    for step in waiting {
        let settled = (step.settle)(&pass).await?;
        if pass.write(settled).await? {
            looked.note(district_code, step.name, marks.of(step.watches), now, zone);
        }
    }
    Ok(())
}

/// Accounts of the lines above, of those duties that are this theme's.
async fn above(core: &Core, district_code: &str, duties: &[Record]) -> Result<Accounts, Problem> {
    Holders::above(core, district_code, (duties, DUTY_KINDS), |holders, line, envelope| {
        holders.of_line(line, &envelope.area_code, envelope.org_id)
    })
    .await
}

/// `SELECT` the duties of a kind in a district; conditions follow.
fn select(district_code: &str, kind: crate::rooms::duties::DutyKind) -> kit::statement::Statement {
    kit::statement::Statement::new(format!("SELECT {} FROM duties AS r WHERE r.district_code = ", DUTIES.select()))
        .text(district_code)
        .sql(format!(" AND r.duty_kind = '{kind}' AND NOT r.voided"))
        .seeing_district(district_code)
}
