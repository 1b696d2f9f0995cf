//! Items of a batch, each for itself, in lots: an item may name a record that one of an earlier lot makes.

use std::collections::BTreeMap;

use kit::problem::Problem;
use kit::tree::Tree;

use super::create::{API, Outcome, create_all, place_outcome};
use super::definition::Kind;
use super::dry_run::DryRun;
use super::earlier::{Earlier, stages};
use super::prepare::prepare_beside;
use super::unwritten::Unwritten;
use crate::platform::access::roles::Actor;
use crate::platform::core::Core;

/// Creates records, or tries to: then there is no outcome where it would be a new record.
pub async fn in_stages(
    core: &Core,
    actor: &Actor,
    kind: &'static Kind,
    trees: &[Tree],
    mut trial: Option<DryRun>,
) -> Result<Vec<Option<Outcome>>, Problem> {
    let (mut earlier, mut all) = (Earlier::default(), Vec::with_capacity(trees.len()));
    for stage in stages(kind, trees) {
        let lot = trees.get(stage.clone()).unwrap_or_default();
        let refused = refused(core, actor, kind, lot, &earlier, trial.as_ref()).await?;
        let free = |index: &usize| !refused.contains_key(index);
        let places: Vec<usize> = (0..lot.len()).filter(free).collect();
        let left: Vec<Tree> = if refused.is_empty() {
            Vec::new()
        } else {
            places.iter().filter_map(|place| lot.get(*place)).cloned().collect()
        };
        let left = if refused.is_empty() { lot } else { left.as_slice() };
        let done = match &mut trial {
            Some(trial) => trial.run(core, actor, kind, left, API).await?,
            None => create_all(core, actor, kind, left, API, None).await?.into_iter().map(Some).collect(),
        };
        let mut outcomes: Vec<Option<Outcome>> = lot.iter().map(|_| None).collect();
        for (place, outcome) in places.into_iter().zip(done).filter_map(|(place, done)| Some((place, done?))) {
            place_outcome(&mut outcomes, place, outcome);
        }
        refused.into_iter().for_each(|(place, problem)| place_outcome(&mut outcomes, place, Err(problem)));
        for ((index, tree), outcome) in stage.zip(lot).zip(&outcomes) {
            earlier.note(kind, index, tree, matches!(outcome, Some(Err(_))));
        }
        all.extend(outcomes);
    }
    Ok(all)
}

/// Items of a lot that name what was refused, each with all its faults.
async fn refused(
    core: &Core,
    actor: &Actor,
    kind: &'static Kind,
    lot: &[Tree],
    earlier: &Earlier,
    trial: Option<&DryRun>,
) -> Result<BTreeMap<usize, Problem>, Problem> {
    let (none, now) = (Unwritten::default(), core.clock.now());
    let unwritten = trial.and_then(DryRun::unwritten).unwrap_or(&none);
    let mut refused = BTreeMap::new();
    for (place, tree) in lot.iter().enumerate() {
        let names = earlier.refused_names(tree);
        if names.is_empty() {
            continue;
        }
        let one = std::slice::from_ref(tree);
        let prepared = prepare_beside(core, actor, kind, one, (API, now), unwritten).await?;
        let refusal = prepared.first().and_then(|preparation| names.refusal_of(preparation));
        refused.extend(refusal.map(|problem| (place, problem)));
    }
    Ok(refused)
}
