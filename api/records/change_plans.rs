//! Plans of changes of many records: what each would become, judged with all before it.

use kit::problem::Problem;
use ledger::{Append, AppendError};

use super::amend::question;
use super::change_item::{ChangeItem, Plan};
use super::definition::Kind;
use super::record::Record;
use crate::platform::access::roles::Actor;
use crate::platform::core::Core;

/// Items in work at a time: each asks the database some questions.
pub const AT_A_TIME: usize = 32;

/// Result of one change.
pub enum Changed {
    /// It made this revision.
    Written(Box<Record>),
    /// The record says that already.
    Same(Box<Record>),
    /// It would make a revision.
    Valid,
}

/// Result of planning.
pub enum Planned {
    /// Nothing is left to write.
    Done(Changed),
    /// The next revision.
    Next(Box<Plan>),
}

impl Planned {
    /// Result that it would have.
    pub fn tried(self) -> Changed {
        match self {
            Self::Done(changed) => changed,
            Self::Next(plan) if plan.next.is_some() => Changed::Valid,
            Self::Next(plan) => Changed::Same(Box::new(plan.current)),
        }
    }
}

/// Plans one change, or finds what was answered before under its key.
pub async fn planned(
    core: &Core,
    actor: &Actor,
    kind: &'static Kind,
    item: &Result<ChangeItem, Problem>,
) -> Result<Planned, Problem> {
    if let Ok(item) = item
        && let Some(record) = item.replayed(core, actor, kind).await?
    {
        return Ok(Planned::Done(Changed::Written(Box::new(record))));
    }
    planned_anew(core, actor, kind, item).await
}

/// Plans one change, whatever was answered before.
pub async fn planned_anew(
    core: &Core,
    actor: &Actor,
    kind: &'static Kind,
    item: &Result<ChangeItem, Problem>,
) -> Result<Planned, Problem> {
    let plan = item.as_ref().map_err(Problem::again)?.plan(core, actor, kind).await?;
    let is_same = plan.next.is_none();
    Ok(if is_same { Planned::Done(Changed::Same(Box::new(plan.current))) } else { Planned::Next(Box::new(plan)) })
}

/// Plans as the rules across rows judge them, each with all before it. Those that can give way do.
pub async fn judged(
    core: &Core,
    actor: &Actor,
    kind: &'static Kind,
    wanted: &[Result<ChangeItem, Problem>],
    mut plans: Vec<Result<Planned, Problem>>,
) -> Result<Vec<Result<Planned, Problem>>, Problem> {
    let mut refused = refusals(core, actor, kind, &plans).await?;
    for (index, refusal) in &refused {
        if let (Some(Ok(Planned::Next(plan))), Some(Ok(item))) = (plans.get_mut(*index), wanted.get(*index))
            && let Ok(next) = item.given_way(core, actor, kind, &plan.current, refusal).await
        {
            plan.next = next;
        }
    }
    if !refused.is_empty() {
        refused = refusals(core, actor, kind, &plans).await?;
    }
    for (index, refusal) in refused {
        if let Some(slot) = plans.get_mut(index) {
            *slot = Err(refusal);
        }
    }
    Ok(plans)
}

/// Refusals of the rules across rows, each judged with all before it.
async fn refusals(
    core: &Core,
    actor: &Actor,
    kind: &'static Kind,
    plans: &[Result<Planned, Problem>],
) -> Result<Vec<(usize, Problem)>, Problem> {
    let (mut places, mut appends) = (Vec::new(), Vec::new());
    for (index, plan) in plans.iter().enumerate() {
        let Ok(Planned::Next(plan)) = plan else { continue };
        if let Some(next) = &plan.next {
            places.push(index);
            appends.push(question(core, actor, kind, &plan.current, next)?);
        }
    }
    let refused = core.ledger.refused(&appends.iter().collect::<Vec<&Append>>()).await?;
    let told = |(place, error): (usize, AppendError)| Some((*places.get(place)?, error.into()));
    Ok(refused.into_iter().filter_map(told).collect())
}
