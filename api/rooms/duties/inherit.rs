//! Handing on of duties that an account leaves open when it is deactivated, or sent elsewhere: they go to the next
//! above, and nothing is left to somebody who can't see it any more.

use kit::problem::Problem;
use kit::statement::Statement;
use ledger::{Append, AppendError};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::kinds::DutyKind;
use super::sources::{Answerers, answerers};
use super::wire::{ASSIGNEE_ID, DUTY_KIND, DutyLine, DutyState, LINE, SUBJECT_ID, SUBJECT_KIND};
use crate::platform::core::Core;
use crate::platform::divisions::each::districts;
use crate::records::change::Changes;
use crate::records::create::TRIES;
use crate::records::{Record, read};
use crate::rooms::duties::DUTIES;

/// A duty that went to somebody else.
#[derive(Serialize, ToSchema)]
pub struct HandedOverDuty {
    /// The duty.
    id: Uuid,
    /// Which duty.
    #[schema(value_type = String, max_length = 60)]
    duty_kind: Option<DutyKind>,
    /// Whose line it is.
    #[schema(value_type = String, max_length = 60)]
    line: Option<DutyLine>,
    /// Account that answers for it now; null where nobody above has an account.
    #[schema(required)]
    assignee_id: Option<Uuid>,
}

/// A duty that went on, as it is told.
fn told(duty: &Record) -> HandedOverDuty {
    let values = &duty.values;
    HandedOverDuty {
        id: duty.envelope.id,
        duty_kind: values.get(&DUTY_KIND),
        line: values.get(&LINE),
        assignee_id: values.get(&ASSIGNEE_ID),
    }
}

/// Hands on the open duties of an account that can't do them, in every district; answers them. `by` is who sent it away.
pub async fn hand_on(core: &Core, user_id: Uuid, by: Uuid) -> Result<Vec<HandedOverDuty>, Problem> {
    let mut handed = Vec::new();
    for district_code in districts(core) {
        let open = open_of(core, &district_code, user_id).await?;
        handed.extend(hand_on_in(core, &district_code, open, by).await?);
    }
    Ok(handed)
}

/// The same for all accounts that aren't active, should whoever sent one away have been interrupted.
pub async fn hand_on_all(core: &Core, district_code: &str) -> Result<(), Problem> {
    let kind = &DUTIES;
    let statement = Statement::new(format!("SELECT {} FROM duties AS r WHERE r.district_code = ", kind.select()))
        .text(district_code)
        .sql(" AND r.state = 'open' AND r.assignee_id IN (SELECT u.id FROM users AS u WHERE NOT u.active)")
        .seeing_district(district_code);
    let open = read::load(core, kind, &statement).await?;
    hand_on_in(core, district_code, open, Uuid::nil()).await.map(|_| ())
}

async fn open_of(core: &Core, district_code: &str, user_id: Uuid) -> Result<Vec<Record>, Problem> {
    let kind = &DUTIES;
    let statement = Statement::new(format!("SELECT {} FROM duties AS r WHERE r.district_code = ", kind.select()))
        .text(district_code)
        .sql(" AND r.state = 'open' AND r.assignee_id = ")
        .id(user_id)
        .seeing_district(district_code);
    read::load(core, kind, &statement).await
}

async fn hand_on_in(
    core: &Core,
    district_code: &str,
    mut open: Vec<Record>,
    by: Uuid,
) -> Result<Vec<HandedOverDuty>, Problem> {
    let kind = &DUTIES;
    let ids: Vec<Uuid> = open.iter().map(|duty| duty.envelope.id).collect();
    for _ in 0..TRIES {
        if open.is_empty() {
            break;
        }
        let append = append(core, district_code, &open, by)?;
        match core.ledger.append(append).await {
            Ok(_) => break,
            // Somebody did or gave away one of them meanwhile.
            Err(AppendError::Conflict(_)) => {
                let current = read::find_unscoped(core, kind, district_code, &ids).await?;
                open.retain_mut(|duty| match current.get(&duty.envelope.id) {
                    Some(now)
                        if now.values.get(&ASSIGNEE_ID) == duty.values.get(&ASSIGNEE_ID)
                            && super::duty::is(now, DutyState::Open) =>
                    {
                        *duty = now.clone();
                        true
                    }
                    _ => false,
                });
            }
            Err(error) => return Err(error.into()),
        }
    }
    let before: std::collections::BTreeMap<Uuid, Option<Uuid>> =
        open.iter().map(|duty| (duty.envelope.id, duty.values.get(&ASSIGNEE_ID))).collect();
    let after = read::find_unscoped(core, kind, district_code, &ids).await?;
    let went = after
        .values()
        .filter(|duty| before.get(&duty.envelope.id).is_some_and(|id| *id != duty.values.get(&ASSIGNEE_ID)));
    Ok(went.map(told).collect())
}

/// Takes the account off its open duties. Those of which it is known only under the subject's lock who answers for it
/// are asked for; the others stay without an account, for above a store, a volunteer or an organiser nobody has one of
/// his own.
fn append(core: &Core, district_code: &str, open: &[Record], by: Uuid) -> Result<Append, Problem> {
    let write_context = core.write_context(core.clock.now(), district_code);
    let (mut changes, mut subjects) = (Changes::default(), Vec::new());
    for former in open {
        if let Some(subject) = answered_for(former) {
            subjects.push(subject);
            continue;
        }
        let mut next = former.clone();
        next.values.clear(&ASSIGNEE_ID);
        next.envelope.revision += 1;
        next.envelope.revised_by = by;
        changes.next_number();
        changes.put(&DUTIES, Some(former.clone()), next);
    }
    subjects.sort_unstable_by_key(|(id, _)| *id);
    subjects.dedup_by_key(|(id, _)| *id);
    let mut append = changes.into_append(&write_context)?;
    append.claims.extend(subjects.into_iter().map(|(id, answerers)| (answerers.give_on)(&write_context, id, by)));
    Ok(append)
}

/// The subject of a duty, where a theme knows who answers for it.
fn answered_for(duty: &Record) -> Option<(Uuid, &'static Answerers)> {
    let kind = duty.values.get(&SUBJECT_KIND)?;
    let answerers = answerers().find(|answerers| answerers.subject.name == kind)?;
    Some((duty.values.get(&SUBJECT_ID)?, answerers))
}
