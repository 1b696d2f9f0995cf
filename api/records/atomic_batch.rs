//! Many creations, all or nothing: one append.

use chrono::{DateTime, Utc};
use kit::catalogue::Code;
use kit::problem::Problem;
use kit::tree::Tree;

use super::bulk::{Together, write_all};
use super::codes::{BATCH_ABORTED, RECORD_EXISTS, SPANS_DISTRICTS};
use super::create::{API, Created, Outcome, TRIES, existing, place_outcome};
use super::definition::Kind;
use super::dry_run::{DryRun, Twin, Twins, taken};
use super::earlier::{Earlier, stages};
use super::hooks::Hooks;
use super::prepare::{Preparation, Prepared, prepare, prepare_beside};
use super::unwritten::Unwritten;
use crate::platform::access::roles::Actor;
use crate::platform::core::Core;

/// Sorting of the items before anything is written: those with an outcome, those to write, repetitions.
#[derive(Default)]
struct Sorted {
    outcomes: Vec<Option<Outcome>>,
    ready: Vec<(usize, Prepared)>,
    /// The same once more: its place and that of the first.
    twins: Vec<(usize, usize)>,
}

/// Creates all items in one append, or none. Items that are there already with the same content count as done;
/// those with other content as well, where they are `left`.
pub async fn all_or_nothing(
    core: &Core,
    actor: &Actor,
    kind: &'static Kind,
    trees: &[Tree],
    source: &str,
    left: bool,
) -> Result<Vec<Outcome>, Problem> {
    let now = core.clock.now();
    let preparations = prepare(core, actor, kind, trees, source, now).await?;
    write_whole(core, actor, kind, &preparations, left, now).await
}

/// The same of a batch, whose items may name what earlier ones make.
pub async fn linked(core: &Core, actor: &Actor, kind: &'static Kind, trees: &[Tree]) -> Result<Vec<Outcome>, Problem> {
    let now = core.clock.now();
    let preparations = prepare_linked(core, actor, kind, trees, now).await?;
    write_whole(core, actor, kind, &preparations, false, now).await
}

/// Outcomes of such a batch, foretold; none where all would be written, and the item would be a new record.
pub async fn linked_trial(
    core: &Core,
    actor: &Actor,
    kind: &'static Kind,
    trees: &[Tree],
) -> Result<Vec<Option<Outcome>>, Problem> {
    let now = core.clock.now();
    let preparations = prepare_linked(core, actor, kind, trees, now).await?;
    let Sorted { mut outcomes, mut ready, .. } = sort(core, actor, kind, &preparations).await?;
    if !outcomes.iter().any(is_refused) {
        require_one_district(&ready)?;
        for (index, problem) in DryRun::default().refusals(core, actor, &mut ready, now).await? {
            place_outcome(&mut outcomes, index, Err(problem));
        }
    }
    if outcomes.iter().any(is_refused) {
        return Ok(aborted(outcomes).into_iter().map(Some).collect());
    }
    Ok(outcomes)
}

/// Prepares items of which later ones may name what earlier ones make.
async fn prepare_linked(
    core: &Core,
    actor: &Actor,
    kind: &'static Kind,
    trees: &[Tree],
    now: DateTime<Utc>,
) -> Result<Vec<Preparation>, Problem> {
    let (mut earlier, mut unwritten) = (Earlier::default(), Unwritten::default());
    let (mut all, stages) = (Vec::with_capacity(trees.len()), stages(kind, trees));
    for (place, stage) in stages.iter().enumerate() {
        let lot = trees.get(stage.clone()).unwrap_or_default();
        let mut preparations = prepare_beside(core, actor, kind, lot, (API, now), &unwritten).await?;
        for (preparation, tree) in preparations.iter_mut().zip(lot) {
            let names = earlier.refused_names(tree);
            if let Some(problem) = names.refusal_of(preparation) {
                *preparation = Preparation::Faulty(problem);
            }
        }
        if place + 1 < stages.len() {
            for ((index, tree), preparation) in stage.clone().zip(lot).zip(&preparations) {
                earlier.note(kind, index, tree, matches!(preparation, Preparation::Faulty(_)));
            }
            let ready: Vec<&Prepared> = preparations.iter().filter_map(Preparation::ready).collect();
            unwritten.add(core, actor, &ready, now).await?;
        }
        all.extend(preparations);
    }
    Ok(all)
}

fn is_refused(outcome: &Option<Outcome>) -> bool {
    matches!(outcome, Some(Err(_)))
}

/// 422 where what is to be written together stands in several districts.
fn require_one_district(ready: &[(usize, Prepared)]) -> Result<(), Problem> {
    let mut districts = ready.iter().map(|(_, item)| &item.place.district_code);
    let first = districts.next();
    if districts.all(|district| Some(district) == first) { Ok(()) } else { Err(SPANS_DISTRICTS.into()) }
}

async fn write_whole(
    core: &Core,
    actor: &Actor,
    kind: &'static Kind,
    preparations: &[Preparation],
    left: bool,
    now: DateTime<Utc>,
) -> Result<Vec<Outcome>, Problem> {
    let refuses = |outcome: &Option<Outcome>| match outcome {
        Some(Err(problem)) => !left || problem.code() != RECORD_EXISTS,
        _ => false,
    };
    for _ in 0..TRIES {
        let Sorted { mut outcomes, mut ready, twins } = sort(core, actor, kind, preparations).await?;
        if outcomes.iter().any(refuses) {
            return Ok(aborted(outcomes));
        }
        let mut result = write(core, actor, &ready, now).await?;
        if matches!(result, Together::Refused(_)) {
            let refused = DryRun::default().refusals(core, actor, &mut ready, now).await?;
            if !refused.is_empty() {
                refused.into_iter().for_each(|(index, problem)| place_outcome(&mut outcomes, index, Err(problem)));
                return Ok(aborted(outcomes));
            }
            // Those that were refused have given way.
            result = write(core, actor, &ready, now).await?;
        }
        match result {
            Together::Written(written) => {
                written.into_iter().for_each(|(index, created)| place_outcome(&mut outcomes, index, Ok(created)));
                let mut outcomes = finish(outcomes, &twins);
                (core.ext::<Hooks>().met)(core, actor, kind, &mut outcomes).await?;
                return Ok(outcomes);
            }
            Together::Refused(problem) => return Err(problem),
            Together::Met => {}
        }
    }
    Err(Code::WRITE_CONFLICT.into())
}

async fn write(
    core: &Core,
    actor: &Actor,
    ready: &[(usize, Prepared)],
    now: DateTime<Utc>,
) -> Result<Together, Problem> {
    let ready: Vec<(usize, &Prepared)> = ready.iter().map(|(index, item)| (*index, item)).collect();
    write_all(core, actor, &ready, now, || {}).await
}

async fn sort(
    core: &Core,
    actor: &Actor,
    kind: &'static Kind,
    preparations: &[Preparation],
) -> Result<Sorted, Problem> {
    let taken = taken(core, kind, preparations).await?;
    let (mut sorted, mut met) = (Sorted::default(), Twins::default());
    for (index, preparation) in preparations.iter().enumerate() {
        let outcome = match preparation {
            Preparation::Retried(record) => Some(Ok(Created::Same((**record).clone()))),
            Preparation::Faulty(problem) => Some(Err(problem.again())),
            Preparation::Ready(item) if taken.contains(&item.id) => existing(core, actor, kind, item).await?,
            Preparation::Ready(item) => match met.meet(index, item) {
                Twin::Differs => Some(Err(RECORD_EXISTS.into())),
                Twin::Same(first) => {
                    sorted.twins.push((index, first));
                    None
                }
                Twin::None => {
                    sorted.ready.push((index, (**item).clone()));
                    None
                }
            },
        };
        sorted.outcomes.push(outcome);
    }
    Ok(sorted)
}

/// Nothing is written: each says why, or that another can't be.
fn aborted(outcomes: Vec<Option<Outcome>>) -> Vec<Outcome> {
    let said = |outcome: Option<Outcome>| outcome.filter(Result::is_err);
    outcomes.into_iter().map(|outcome| said(outcome).unwrap_or_else(|| Err(BATCH_ABORTED.into()))).collect()
}

fn finish(mut outcomes: Vec<Option<Outcome>>, twins: &[(usize, usize)]) -> Vec<Outcome> {
    for (index, first) in twins {
        if let Some(Some(Ok(created))) = outcomes.get(*first) {
            let same = Ok(Created::Same(created.record().clone()));
            place_outcome(&mut outcomes, *index, same);
        }
    }
    outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(|| Err(Code::WRITE_CONFLICT.into()))).collect()
}
