//! Creating many at the price of one: a chunk of an import is one append. What meets somebody else, or was
//! there before, goes the way of single records.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use kit::problem::Problem;
use kit::tree::Tree;
use ledger::AppendError;
use uuid::Uuid;

use super::assemble::{Assembled, assemble, load_known, takes_anothers};
use super::change::{Changes, receive};
use super::codes::{ID_TAKEN, SPANS_DISTRICTS};
use super::create::{Created, Outcome, create_all};
use super::definition::Kind;
use super::hooks::Hooks;
use super::prepare::{Preparation, Prepared, prepare_unrecalled, recall_all};
use super::read;
use super::unwritten::Unwritten;
use crate::platform::access::roles::Actor;
use crate::platform::core::Core;

/// Creations that are ready, but for what those before them say of them.
pub struct Readied {
    trees: Vec<Tree>,
    preparations: Vec<Preparation>,
    now: DateTime<Utc>,
}

/// Makes creations ready: what takes the processor and no turn at the ledger.
pub async fn ready(
    core: &Core,
    actor: &Actor,
    kind: &'static Kind,
    trees: Vec<Tree>,
    source: &str,
) -> Result<Readied, Problem> {
    let now = core.clock.now();
    let told = (source, now);
    let preparations = prepare_unrecalled(core, actor, kind, &trees, told, &Unwritten::default()).await?;
    Ok(Readied { trees, preparations, now })
}

/// Creates records, each for itself, in as few appends as can be.
pub async fn create_bulk(
    core: &Core,
    actor: &Actor,
    kind: &'static Kind,
    trees: &[Tree],
    source: &str,
) -> Result<Vec<Outcome>, Problem> {
    let readied = ready(core, actor, kind, trees.to_vec(), source).await?;
    create_readied(core, actor, kind, readied, source, || {}).await
}

/// The same of those that are ready. `handed_in` is called when the ledger has them: from then on there is nothing to do
/// but to wait.
pub async fn create_readied(
    core: &Core,
    actor: &Actor,
    kind: &'static Kind,
    readied: Readied,
    source: &str,
    handed_in: impl FnOnce(),
) -> Result<Vec<Outcome>, Problem> {
    let Readied { trees, mut preparations, now } = readied;
    recall_all(core, kind, &mut preparations, now).await?;
    let ready: Vec<(usize, &Prepared)> = preparations
        .iter()
        .enumerate()
        .filter_map(|(index, preparation)| match preparation {
            Preparation::Ready(item) => Some((index, &**item)),
            _ => None,
        })
        .collect();
    let apart = apart(core, kind, &ready).await?;
    let together: Vec<(usize, &Prepared)> = ready.into_iter().filter(|(index, _)| !apart.contains(index)).collect();
    let Together::Written(written) = write_all(core, actor, &together, now, handed_in).await? else {
        // Somebody else wrote one of them meanwhile, or one isn't allowed: each for itself.
        return create_all(core, actor, kind, &trees, source, None).await;
    };
    let mut outcomes: Vec<Option<Outcome>> = preparations.iter().map(settled).collect();
    let (places, mut written): (Vec<usize>, Vec<Outcome>) =
        written.into_iter().map(|(index, created)| (index, Ok(created))).unzip();
    (core.ext::<Hooks>().met)(core, actor, kind, &mut written).await?;
    for (index, created) in places.into_iter().zip(written) {
        if let Some(slot) = outcomes.get_mut(index) {
            *slot = Some(created);
        }
    }
    let others: Vec<usize> = apart.into_iter().collect();
    let trees: Vec<Tree> = others.iter().filter_map(|index| trees.get(*index).cloned()).collect();
    for (index, outcome) in others.into_iter().zip(create_all(core, actor, kind, &trees, source, None).await?) {
        if let Some(slot) = outcomes.get_mut(index) {
            *slot = Some(outcome);
        }
    }
    let missing = || Err(Problem::internal("a creation has no outcome"));
    Ok(outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(missing)).collect())
}

fn settled(preparation: &Preparation) -> Option<Outcome> {
    match preparation {
        Preparation::Ready(_) => None,
        Preparation::Retried(record) => Some(Ok(Created::Same((**record).clone()))),
        Preparation::Faulty(problem) => Some(Err(problem.again())),
    }
}

/// Those that can't share an append: their id is taken, or another of the same chunk has it, or they
/// stand in another district than the first, or rules across rows judge each.
async fn apart(core: &Core, kind: &'static Kind, ready: &[(usize, &Prepared)]) -> Result<BTreeSet<usize>, Problem> {
    let Some((_, first)) = ready.first() else { return Ok(BTreeSet::new()) };
    let district_code = first.place.district_code.clone();
    let ids: Vec<Uuid> = ready.iter().map(|(_, item)| item.id).collect();
    let taken = read::find_unscoped(core, kind, &district_code, &ids).await?;
    let mut seen = BTreeSet::new();
    let is_apart = |item: &Prepared, seen: &mut BTreeSet<Uuid>| {
        taken.contains_key(&item.id) || !seen.insert(item.id) || item.place.district_code != district_code
    };
    Ok(ready.iter().filter(|(_, item)| is_apart(item, &mut seen)).map(|(index, _)| *index).collect())
}

/// Result of appending several records at once.
pub enum Together {
    /// All are written.
    Written(Vec<(usize, Created)>),
    /// Another writer was met.
    Met,
    /// Rules across rows refuse one of them.
    Refused(Problem),
}

/// One append of all items; `handed_in` is called when the ledger is about to have it.
pub async fn write_all(
    core: &Core,
    actor: &Actor,
    ready: &[(usize, &Prepared)],
    now: DateTime<Utc>,
    handed_in: impl FnOnce(),
) -> Result<Together, Problem> {
    let Some((_, first)) = ready.first() else { return Ok(Together::Written(Vec::new())) };
    let district_code = &first.place.district_code;
    if ready.iter().any(|(_, item)| item.place.district_code != *district_code) {
        return Err(SPANS_DISTRICTS.into());
    }
    let mut known = load_known(core, &ready.iter().map(|(_, item)| *item).collect::<Vec<_>>(), now).await?;
    if ready.iter().any(|(_, item)| takes_anothers(core, actor, item, now, &known)) {
        return Ok(Together::Refused(ID_TAKEN.into()));
    }
    let mut changes = Changes::default();
    let assembled: Vec<(usize, &Prepared, Assembled)> = ready
        .iter()
        .map(|(index, item)| (*index, *item, assemble(core, actor, item, now, &mut known, &mut changes)))
        .collect();
    if changes.is_empty() {
        // Everybody was known, and nothing is new about anybody.
        let known = |(index, item, assembled): (usize, &Prepared, Assembled)| match assembled {
            Assembled::Unchanged(record) => Some((index, Created::Known(record, item.submitted.clone()))),
            _ => None,
        };
        return Ok(Together::Written(assembled.into_iter().filter_map(known).collect()));
    }
    let append = changes.into_append(&core.write_context(now, district_code))?;
    let written = core.ledger.append(append);
    handed_in();
    let receipt = match written.await {
        Ok(receipt) => receipt,
        Err(AppendError::Conflict(_)) => return Ok(Together::Met),
        Err(AppendError::Refused(faults)) => return Ok(Together::Refused(AppendError::Refused(faults).into())),
        Err(error) => return Err(error.into()),
    };
    let created = assembled.into_iter().map(|(index, item, assembled)| {
        let created = match assembled {
            Assembled::New(mut record, number) => {
                receive(&mut record, receipt, number);
                Created::New(record)
            }
            Assembled::Completed(mut record, number) => {
                receive(&mut record, receipt, number);
                Created::Known(record, item.submitted.clone())
            }
            Assembled::Unchanged(record) => Created::Known(record, item.submitted.clone()),
        };
        (index, created)
    });
    Ok(Together::Written(created.collect()))
}
