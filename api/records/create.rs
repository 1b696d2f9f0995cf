//! Creating records: prepare, assemble, append; and telling a retry from a collision.

use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use kit::catalogue::Code;
use kit::etag;
use kit::faults::Fault;
use kit::problem::Problem;
use kit::tree::Tree;
use kit::value::Values;
use ledger::AppendError;

use super::assemble::{Assembled, Known, assemble, load_known, takes_anothers};
use super::change::{Changes, receive};
use super::codes::{ID_TAKEN, RECORD_EXISTS, RECORD_PURGED, RECORD_VOIDED};
use super::definition::Kind;
use super::hooks::Hooks;
use super::idempotency::Key;
use super::prepare::{Preparation, Prepared, prepare};
use super::read;
use super::record::Record;
use super::warnings::{Noted, PURGED_ALREADY, VOIDED_ALREADY};
use crate::platform::access::roles::Actor;
use crate::platform::core::Core;

/// How often an append that met another writer is tried again.
pub const TRIES: usize = 8;

/// Result of a creation.
pub enum Created {
    /// It is new.
    New(Record),
    /// It was there already, with the same content: the current record.
    Same(Record),
    /// Somebody known: what was submitted added to him, and only that is shown.
    Known(Record, Values),
}

impl Created {
    /// The record.
    pub fn record(&self) -> &Record {
        match self {
            Self::New(record) | Self::Same(record) | Self::Known(record, _) => record,
        }
    }

    /// The record, taken out.
    pub fn into_record(self) -> Record {
        match self {
            Self::New(record) | Self::Same(record) | Self::Known(record, _) => record,
        }
    }

    /// The HTTP status that tells it.
    pub fn status(&self) -> u16 {
        if matches!(self, Self::New(_)) { 201 } else { 200 }
    }
}

/// Result of one creation of several.
pub type Outcome = Result<Created, Problem>;

/// Creates one record, perhaps under an idempotency key.
pub async fn create(core: &Core, actor: &Actor, kind: &'static Kind, tree: &Tree, key: Option<&Key>) -> Outcome {
    let mut outcomes = create_all(core, actor, kind, std::slice::from_ref(tree), API, key).await?;
    outcomes.pop().unwrap_or_else(|| Err(Problem::internal("a creation has no outcome")))
}

/// The source of what is posted as a record.
pub const API: &str = "api";
/// The source of what phones hand in.
pub const SYNC: &str = "sync";

/// Creates records, each for itself. `source` says how they came.
pub async fn create_all(
    core: &Core,
    actor: &Actor,
    kind: &'static Kind,
    trees: &[Tree],
    source: &str,
    key: Option<&Key>,
) -> Result<Vec<Outcome>, Problem> {
    let now = core.clock.now();
    let mut outcomes: Vec<Option<Outcome>> = Vec::with_capacity(trees.len());
    let mut pending: Vec<(usize, Prepared)> = Vec::new();
    for (index, preparation) in prepare(core, actor, kind, trees, source, now).await?.into_iter().enumerate() {
        outcomes.push(match preparation {
            Preparation::Ready(item) => {
                pending.push((index, *item));
                None
            }
            Preparation::Retried(record) => Some(Ok(Created::Same(*record))),
            Preparation::Faulty(problem) => Some(Err(problem)),
        });
    }
    for _ in 0..TRIES {
        let mut met = Vec::new();
        for (index, item, outcome) in attempt(core, actor, std::mem::take(&mut pending), now, key).await? {
            match outcome {
                Some(outcome) => place_outcome(&mut outcomes, index, outcome),
                None => met.push((index, item)),
            }
        }
        if met.is_empty() {
            break;
        }
        for (index, item) in met {
            match existing(core, actor, kind, &item).await? {
                Some(outcome) => place_outcome(&mut outcomes, index, outcome),
                None => pending.push((index, item)),
            }
        }
    }
    let conflict = || Err(Code::WRITE_CONFLICT.into());
    let mut outcomes: Vec<Outcome> = outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(conflict)).collect();
    (core.ext::<Hooks>().met)(core, actor, kind, &mut outcomes).await?;
    Ok(outcomes)
}

/// Puts an outcome in its place.
pub fn place_outcome(outcomes: &mut [Option<Outcome>], index: usize, outcome: Outcome) {
    if let Some(slot) = outcomes.get_mut(index) {
        *slot = Some(outcome);
    }
}

/// One try at writing what is pending, all at once. No outcome where another writer was met.
async fn attempt(
    core: &Core,
    actor: &Actor,
    pending: Vec<(usize, Prepared)>,
    now: DateTime<Utc>,
    key: Option<&Key>,
) -> Result<Vec<(usize, Prepared, Option<Outcome>)>, Problem> {
    let items: Vec<&Prepared> = pending.iter().map(|(_, item)| item).collect();
    let known = load_known(core, &items, now).await?;
    let tries = items.iter().map(|item| write_once(core, actor, item, now, &known, key));
    let refusals = items.iter().zip(join_all(tries).await).map(async |(item, tried)| match tried {
        Err(refusal) => concede(core, actor, item, refusal).await,
        Ok(outcome) => Next::Done(outcome.map(Box::new)),
    });
    // All concessions first and then all second tries: the ledger takes those in the order of the items.
    let next = join_all(refusals).await;
    let again = next.into_iter().map(async |next| match next {
        Next::Done(outcome) => outcome.map(|outcome| *outcome),
        Next::Again(item) => write_once(core, actor, &item, now, &known, key)
            .await
            .unwrap_or_else(|Refusal(problem, _)| Some(Err(problem))),
    });
    let outcomes = join_all(again).await;
    Ok(pending.into_iter().zip(outcomes).map(|((index, item), outcome)| (index, item, outcome)).collect())
}

/// Step that follows a try.
enum Next {
    /// Nothing: its outcome, none where another writer was met.
    Done(Option<Box<Outcome>>),
    /// Another try with what the rules left of it.
    Again(Box<Prepared>),
}

/// The item as it may be written after all where rules across rows give way, or the answer where they don't.
async fn concede(core: &Core, actor: &Actor, item: &Prepared, Refusal(problem, faults): Refusal) -> Next {
    // Records taken before meet their own consequences when they are sent again.
    match existing(core, actor, item.draft.kind, item).await {
        Ok(None) => {}
        found => return Next::Done(found.unwrap_or_else(|problem| Some(Err(problem))).map(Box::new)),
    }
    let mut conceding = item.clone();
    let rules = item.draft.kind.rules;
    let relaxed = rules.relaxes_for(&item.source) && rules.relax_on_conflict(&mut conceding.draft, &faults);
    if relaxed || rules.overlook(actor, &mut conceding.draft, &faults) {
        Next::Again(Box::new(conceding))
    } else {
        Next::Done(Some(Box::new(Err(problem))))
    }
}

/// Rules across rows said no: as an answer, and in detail.
struct Refusal(Problem, Vec<Fault>);

async fn write_once(
    core: &Core,
    actor: &Actor,
    item: &Prepared,
    now: DateTime<Utc>,
    known: &Known,
    key: Option<&Key>,
) -> Result<Option<Outcome>, Refusal> {
    if takes_anothers(core, actor, item, now, known) {
        return Ok(Some(Err(ID_TAKEN.into())));
    }
    let mut changes = Changes::default();
    // Each creation sees who was known before; two that introduce the same person meet in the ledger.
    let assembled = assemble(core, actor, item, now, &mut known.clone(), &mut changes);
    let (mut record, number, created): (Record, i64, fn(Record, &Prepared) -> Created) = match assembled {
        Assembled::New(record, number) => (record, number, |record, _| Created::New(record)),
        Assembled::Completed(record, number) => {
            (record, number, |record, item| Created::Known(record, item.submitted.clone()))
        }
        Assembled::Unchanged(record) => return Ok(Some(Ok(Created::Known(record, item.submitted.clone())))),
    };
    if let Some(key) = key {
        let status = if record.envelope.revision == 1 { 201 } else { 200 };
        changes.keep(key.answer(item.draft.kind.name, record.envelope.id, record.envelope.revision, status));
    }
    let append = match changes.into_append(&core.write_context(now, &item.place.district_code)) {
        Ok(append) => append,
        Err(problem) => return Ok(Some(Err(problem))),
    };
    Ok(match core.ledger.append(append).await {
        Ok(receipt) => {
            receive(&mut record, receipt, number);
            Some(Ok(created(record, item)))
        }
        Err(AppendError::Conflict(_)) => None,
        Err(AppendError::Refused(faults)) => {
            return Err(Refusal(AppendError::Refused(faults.clone()).into(), faults));
        }
        Err(error) => Some(Err(error.into())),
    })
}

/// The record that has the id already: the same content is a retry, other content a collision; out of
/// scope only "taken". None where there is none: somebody else was met.
pub async fn existing(core: &Core, actor: &Actor, kind: &Kind, item: &Prepared) -> Result<Option<Outcome>, Problem> {
    let Some(existing) = read::find_unscoped(core, kind, &item.place.district_code, &[item.id]).await?.remove(&item.id)
    else {
        return Ok(None);
    };
    let visible = read::find_all(core, actor, kind, &[item.id]).await?.contains_key(&item.id);
    Ok(Some(if !visible {
        Err(ID_TAKEN.into())
    } else if item.digest.is(&existing.envelope.submission_digest) {
        Ok(Created::Same(told_if_gone(existing)))
    } else if existing.envelope.purged_at.is_some() {
        Err(RECORD_PURGED.into())
    } else if existing.envelope.voided {
        // Not "exists": it must be restored before it can be amended.
        Err(RECORD_VOIDED.into())
    } else {
        let tag = etag::of_revision(existing.envelope.revision);
        Err(Problem::new(RECORD_EXISTS).with_header(actix_web::http::header::ETAG, tag))
    }))
}

/// Whoever sends once more what was voided or purged meanwhile is told so.
pub fn told_if_gone(mut record: Record) -> Record {
    if record.envelope.purged_at.is_some() {
        record.envelope.warnings.push(Noted::new(&PURGED_ALREADY, "/id"));
    }
    if record.envelope.voided {
        record.envelope.warnings.push(Noted::new(&VOIDED_ALREADY, "/id"));
    }
    record
}
