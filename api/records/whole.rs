//! Many creations, all or nothing: one append.

use super::bulk::{Together, write_all};
use super::create::{Created, Outcome, TRIES, existing, place_outcome};
use super::definition::Kind;
use super::prepare::{Preparation, Prepared, prepare};
use super::trial::{Trial, Twin, Twins, taken};
use crate::app::Service;
use crate::auth::roles::Actor;
use crate::kit::catalogue::Code;
use crate::kit::problem::Problem;
use crate::kit::tree::Tree;
use crate::people::comparisons;

/// What is known of each before anything is written.
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
    service: &Service,
    actor: &Actor,
    kind: &'static Kind,
    trees: &[Tree],
    source: &str,
    left: bool,
) -> Result<Vec<Outcome>, Problem> {
    let now = service.clock.now();
    let preparations = prepare(service, actor, kind, trees, source, now).await?;
    let refuses = |outcome: &Option<Outcome>| match outcome {
        Some(Err(problem)) => !left || problem.code() != Code::RecordExists,
        _ => false,
    };
    for _ in 0..TRIES {
        let Sorted { mut outcomes, mut ready, twins } = sort(service, actor, kind, &preparations).await?;
        if outcomes.iter().any(refuses) {
            return Ok(aborted(outcomes));
        }
        let mut result = write(service, actor, &ready, now).await?;
        if matches!(result, Together::Refused(_)) {
            let refused = Trial::default().ask(service, actor, &mut ready, now).await?;
            if let Some((_, problem)) = refused.into_iter().next() {
                return Err(problem);
            }
            // Those that were refused have given way.
            result = write(service, actor, &ready, now).await?;
        }
        match result {
            Together::Written(written) => {
                written.into_iter().for_each(|(index, created)| place_outcome(&mut outcomes, index, Ok(created)));
                let mut outcomes = finish(outcomes, &twins);
                comparisons::met(service, actor, kind, &mut outcomes).await?;
                return Ok(outcomes);
            }
            Together::Refused(problem) => return Err(problem),
            Together::Met => {}
        }
    }
    Err(Code::WriteConflict.into())
}

async fn write(
    service: &Service,
    actor: &Actor,
    ready: &[(usize, Prepared)],
    now: chrono::DateTime<chrono::Utc>,
) -> Result<Together, Problem> {
    let ready: Vec<(usize, &Prepared)> = ready.iter().map(|(index, item)| (*index, item)).collect();
    write_all(service, actor, &ready, now).await
}

async fn sort(
    service: &Service,
    actor: &Actor,
    kind: &'static Kind,
    preparations: &[Preparation],
) -> Result<Sorted, Problem> {
    let taken = taken(service, kind, preparations).await?;
    let (mut sorted, mut met) = (Sorted::default(), Twins::default());
    for (index, preparation) in preparations.iter().enumerate() {
        let outcome = match preparation {
            Preparation::Retried(record) => Some(Ok(Created::Same((**record).clone()))),
            Preparation::Faulty(problem) => Some(Err(problem.again())),
            Preparation::Ready(item) if taken.contains(&item.id) => existing(service, actor, kind, item).await?,
            Preparation::Ready(item) => match met.meet(index, item) {
                Twin::Differs => Some(Err(Code::RecordExists.into())),
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
    outcomes.into_iter().map(|outcome| said(outcome).unwrap_or_else(|| Err(Code::BatchAborted.into()))).collect()
}

fn finish(mut outcomes: Vec<Option<Outcome>>, twins: &[(usize, usize)]) -> Vec<Outcome> {
    for (index, first) in twins {
        if let Some(Some(Ok(created))) = outcomes.get(*first) {
            let same = Ok(Created::Same(created.record().clone()));
            place_outcome(&mut outcomes, *index, same);
        }
    }
    outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(|| Err(Code::WriteConflict.into()))).collect()
}
