//! Many creations, all or nothing: one append.

use kit::catalogue::Code;
use kit::problem::Problem;
use kit::tree::Tree;

use super::bulk::{Together, write_all};
use super::codes::{BATCH_ABORTED, RECORD_EXISTS};
use super::create::{Created, Outcome, TRIES, existing, place_outcome};
use super::definition::Kind;
use super::dry_run::{DryRun, Twin, Twins, taken};
use super::hooks::Hooks;
use super::prepare::{Preparation, Prepared, prepare};
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
    let refuses = |outcome: &Option<Outcome>| match outcome {
        Some(Err(problem)) => !left || problem.code() != RECORD_EXISTS,
        _ => false,
    };
    for _ in 0..TRIES {
        let Sorted { mut outcomes, mut ready, twins } = sort(core, actor, kind, &preparations).await?;
        if outcomes.iter().any(refuses) {
            return Ok(aborted(outcomes));
        }
        let mut result = write(core, actor, &ready, now).await?;
        if matches!(result, Together::Refused(_)) {
            let refused = DryRun::default().ask(core, actor, &mut ready, now).await?;
            if let Some((_, problem)) = refused.into_iter().next() {
                return Err(problem);
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
    now: chrono::DateTime<chrono::Utc>,
) -> Result<Together, Problem> {
    let ready: Vec<(usize, &Prepared)> = ready.iter().map(|(index, item)| (*index, item)).collect();
    write_all(core, actor, &ready, now).await
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
