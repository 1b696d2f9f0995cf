//! Creations that are only tried: every check, rules across rows among them, and nothing written.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use kit::problem::Problem;
use kit::tree::Tree;
use ledger::{Append, AppendError};
use uuid::Uuid;

use super::assemble::{assemble, load_known, takes_anothers};
use super::change::Changes;
use super::codes::{ID_TAKEN, RECORD_EXISTS};
use super::create::{Created, Outcome, existing, place_outcome};
use super::definition::Kind;
use super::prepare::{Preparation, Prepared, Submission, prepare_beside};
use super::read;
use super::unwritten::Unwritten;
use crate::platform::access::roles::Actor;
use crate::platform::core::Core;

/// Rules across rows are asked about so many creations of one trial: each lot is judged with all before it.
const MOST_ASKED: usize = 20_000;

/// A trial, lot by lot: each is judged as if those before it had been written.
#[derive(Default)]
pub struct DryRun {
    /// Whether one of them doesn't say when it happened.
    pub assumed: bool,
    admitted: Vec<Append>,
    twins: Twins,
    /// Records that it would have written so far, where later lots may name them.
    unwritten: Option<Unwritten>,
}

impl DryRun {
    /// A trial of lots that may name records of the lots before.
    pub fn linked() -> Self {
        Self { unwritten: Some(Unwritten::default()), ..Self::default() }
    }

    /// Records that it would have written so far.
    pub fn unwritten(&self) -> Option<&Unwritten> {
        self.unwritten.as_ref()
    }

    /// Predicts the outcomes of creations; none where it would be a new record.
    pub async fn run(
        &mut self,
        core: &Core,
        actor: &Actor,
        kind: &'static Kind,
        trees: &[Tree],
        source: &str,
    ) -> Result<Vec<Option<Outcome>>, Problem> {
        let now = core.clock.now();
        let none = Unwritten::default();
        let unwritten = self.unwritten.as_ref().unwrap_or(&none);
        let preparations = prepare_beside(core, actor, kind, trees, (source, now), unwritten).await?;
        let taken = taken(core, kind, &preparations).await?;
        let (mut outcomes, mut ready) = (Vec::with_capacity(trees.len()), Vec::new());
        for (index, preparation) in preparations.into_iter().enumerate() {
            outcomes.push(match preparation {
                Preparation::Faulty(problem) => Some(Err(problem)),
                Preparation::Retried(record) => Some(Ok(Created::Same(*record))),
                Preparation::Ready(item) if taken.contains(&item.id) => existing(core, actor, kind, &item).await?,
                Preparation::Ready(item) => match self.twins.meet(index, &item) {
                    Twin::None => {
                        self.assumed |= item.draft.values.instant("occurred_at").is_none();
                        ready.push((index, *item));
                        None
                    }
                    Twin::Same(_) => None,
                    Twin::Differs => Some(Err(RECORD_EXISTS.into())),
                },
            });
        }
        for (index, problem) in self.refusals(core, actor, &mut ready, now).await? {
            place_outcome(&mut outcomes, index, Err(problem));
        }
        if let Some(unwritten) = &mut self.unwritten {
            let stands = |index: &usize| outcomes.get(*index).is_some_and(Option::is_none);
            let items: Vec<&Prepared> = ready.iter().filter(|(index, _)| stands(index)).map(|(_, item)| item).collect();
            unwritten.add(core, actor, &items, now).await?;
        }
        Ok(outcomes)
    }

    /// Refusals of creations that are each good by themselves: of those that take somebody else's id, and by the rules
    /// across rows. Drafts that can give way do.
    pub async fn refusals(
        &mut self,
        core: &Core,
        actor: &Actor,
        items: &mut Vec<(usize, Prepared)>,
        now: DateTime<Utc>,
    ) -> Result<BTreeMap<usize, Problem>, Problem> {
        let known = load_known(core, &items.iter().map(|(_, item)| item).collect::<Vec<_>>(), now).await?;
        let mut refused = BTreeMap::new();
        items.retain(|(index, item)| {
            let taken = takes_anothers(core, actor, item, now, &known);
            if taken {
                refused.insert(*index, ID_TAKEN.into());
            }
            !taken
        });
        refused.extend(self.ask(core, actor, items, now).await?);
        Ok(refused)
    }

    /// Asks the rules across rows about creations, one after the other. Drafts that can give way do. Answers why
    /// others are refused.
    async fn ask(
        &mut self,
        core: &Core,
        actor: &Actor,
        items: &mut [(usize, Prepared)],
        now: DateTime<Utc>,
    ) -> Result<BTreeMap<usize, Problem>, Problem> {
        let judged = items.first().is_some_and(|(_, item)| item.draft.kind.rules.judged_across_rows());
        if !judged || self.admitted.len() + items.len() > MOST_ASKED {
            return Ok(BTreeMap::new());
        }
        let mut appends = appends(core, actor, items, now).await?;
        let mut refused = self.refused(core, &appends).await?;
        if give_way(actor, items, &refused) {
            appends = self::appends(core, actor, items, now).await?;
            refused = self.refused(core, &appends).await?;
        }
        let admitted = appends.into_iter().enumerate().filter(|(place, _)| !refused.contains_key(place));
        self.admitted.extend(admitted.map(|(_, append)| append));
        let told = |(place, error): (usize, AppendError)| Some((items.get(place)?.0, error.into()));
        Ok(refused.into_iter().filter_map(told).collect())
    }

    /// Those that are refused, by their place.
    async fn refused(&self, core: &Core, appends: &[Append]) -> Result<BTreeMap<usize, AppendError>, Problem> {
        let all: Vec<&Append> = self.admitted.iter().chain(appends).collect();
        let refused = core.ledger.refused(&all).await?;
        let place = |(place, error): (usize, AppendError)| Some((place.checked_sub(self.admitted.len())?, error));
        Ok(refused.into_iter().filter_map(place).collect())
    }
}

fn give_way(actor: &Actor, items: &mut [(usize, Prepared)], refused: &BTreeMap<usize, AppendError>) -> bool {
    let mut any = false;
    for (place, error) in refused {
        if let (Some((_, item)), AppendError::Refused(faults)) = (items.get_mut(*place), error) {
            let rules = item.draft.kind.rules;
            any |= (rules.relaxes_for(&item.source) && rules.relax_on_conflict(&mut item.draft, faults))
                || rules.overlook(actor, &mut item.draft, faults);
        }
    }
    any
}

/// Makes an append of each creation.
async fn appends(
    core: &Core,
    actor: &Actor,
    items: &[(usize, Prepared)],
    now: DateTime<Utc>,
) -> Result<Vec<Append>, Problem> {
    let mut known = load_known(core, &items.iter().map(|(_, item)| item).collect::<Vec<_>>(), now).await?;
    let append = |(_, item): &(usize, Prepared)| {
        let mut changes = Changes::default();
        assemble(core, actor, item, now, &mut known, &mut changes);
        let district_code = &item.place.district_code;
        let append = changes.into_append(&core.write_context(now, district_code))?;
        Ok(Append::asking(district_code, append.claims))
    };
    items.iter().map(append).collect()
}

/// The ids of creations that records have already.
pub async fn taken(core: &Core, kind: &Kind, preparations: &[Preparation]) -> Result<BTreeSet<Uuid>, Problem> {
    let mut ids: BTreeMap<&str, Vec<Uuid>> = BTreeMap::new();
    for preparation in preparations {
        if let Preparation::Ready(item) = preparation {
            ids.entry(&item.place.district_code).or_default().push(item.id);
        }
    }
    let mut taken = BTreeSet::new();
    for (district_code, ids) in ids {
        taken.extend(read::find_unscoped(core, kind, district_code, &ids).await?.into_keys());
    }
    Ok(taken)
}

/// Creations that come together, by their ids.
#[derive(Default)]
pub struct Twins(BTreeMap<Uuid, (usize, Submission)>);

/// Comparison with an earlier creation of the same id.
pub enum Twin {
    /// There is none.
    None,
    /// The same once more, and where the first one is.
    Same(usize),
    /// Something else.
    Differs,
}

impl Twins {
    /// Notes a creation. Of somebody whose identity the server derives there may be several: they complete him.
    pub fn meet(&mut self, index: usize, item: &Prepared) -> Twin {
        match self.0.get(&item.id) {
            _ if item.draft.kind.rules.identity().is_some() => Twin::None,
            Some((first, digest)) if *digest == item.digest => Twin::Same(*first),
            Some(_) => Twin::Differs,
            None => {
                self.0.insert(item.id, (index, item.digest));
                Twin::None
            }
        }
    }
}
