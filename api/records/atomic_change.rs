//! Changes of many records, all or nothing: one append.

use std::collections::BTreeMap;

use futures_util::stream::{StreamExt, iter};
use kit::catalogue::Code;
use kit::problem::Problem;
use ledger::AppendError;
use uuid::Uuid;

use super::RecordCache;
use super::amend::put_revision;
use super::change::{Changes, receive};
use super::change_item::ChangeItem;
use super::change_plans::{AT_A_TIME, Changed, Planned, judged, planned};
use super::codes::{BATCH_ABORTED, SPANS_DISTRICTS};
use super::create::TRIES;
use super::definition::Kind;
use super::read;
use super::record::Record;
use crate::platform::access::roles::Actor;
use crate::platform::core::Core;

/// Changes all records in one append, or none: then each item says why, or that another can't be. Records that say
/// already what is asked count as done.
pub async fn all_or_nothing(
    core: &Core,
    actor: &Actor,
    kind: &'static Kind,
    wanted: &[Result<ChangeItem, Problem>],
    only_tried: bool,
) -> Result<Vec<Result<Changed, Problem>>, Problem> {
    for _ in 0..TRIES {
        let plans =
            iter(wanted.iter().map(|item| planned(core, actor, kind, item))).buffered(AT_A_TIME).collect().await;
        let plans = judged(core, actor, kind, wanted, plans).await?;
        if plans.iter().any(Result::is_err) {
            return Ok(plans.into_iter().map(|plan| Err(plan.err().unwrap_or_else(|| BATCH_ABORTED.into()))).collect());
        }
        let plans: Vec<Planned> = plans.into_iter().flatten().collect();
        let district_code = one_district(&plans)?;
        if only_tried {
            return Ok(plans.into_iter().map(|plan| Ok(plan.tried())).collect());
        }
        if let Some(changed) = write(core, actor, kind, (wanted, plans), &district_code).await? {
            return Ok(changed.into_iter().map(Ok).collect());
        }
    }
    Err(Code::WRITE_CONFLICT.into())
}

/// The district in which all is written; empty where nothing is. 422 where there are several.
fn one_district(plans: &[Planned]) -> Result<String, Problem> {
    let mut districts = plans.iter().filter_map(|plan| match plan {
        Planned::Next(plan) => Some(&plan.current.envelope.district_code),
        Planned::Done(_) => None,
    });
    let first = districts.next();
    if districts.any(|district| Some(district) != first) {
        return Err(SPANS_DISTRICTS.into());
    }
    Ok(first.cloned().unwrap_or_default())
}

/// One append of all that is planned; none where somebody else was met (as the same request, sent twice at once), or rules
/// across rows that judge otherwise now.
async fn write(
    core: &Core,
    actor: &Actor,
    kind: &'static Kind,
    (wanted, plans): (&[Result<ChangeItem, Problem>], Vec<Planned>),
    district_code: &str,
) -> Result<Option<Vec<Changed>>, Problem> {
    let (mut changes, mut assembled) = (Changes::default(), Vec::with_capacity(plans.len()));
    for (plan, item) in plans.into_iter().zip(wanted) {
        assembled.push(match plan {
            Planned::Done(changed) => Assembled::Done(changed),
            Planned::Next(plan) => match plan.next {
                None => Assembled::Done(Changed::Same(Box::new(plan.current))),
                Some(mut next) => {
                    let number = put_revision(actor, kind, &plan.current, &mut next, &mut changes);
                    if let Some(key) = item.as_ref().ok().and_then(|item| item.key.as_ref()) {
                        changes.keep(key.answer(kind.name, next.envelope.id, next.envelope.revision, 200));
                    }
                    Assembled::Next(Box::new(next), number)
                }
            },
        });
    }
    if !changes.is_empty() {
        let append = changes.into_append(&core.write_context(core.clock.now(), district_code))?;
        match core.ledger.append(append).await {
            Ok(receipt) => assembled.iter_mut().for_each(|assembled| assembled.receive(receipt)),
            Err(AppendError::Conflict(_) | AppendError::Refused(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
    }
    as_they_stand(core, kind, assembled, district_code).await.map(Some)
}

/// A change in an append.
enum Assembled {
    /// It is in none.
    Done(Changed),
    /// The next revision, and its number there.
    Next(Box<Record>, i64),
}

impl Assembled {
    fn receive(&mut self, receipt: ledger::Receipt) {
        if let Self::Next(record, number) = self {
            receive(record, receipt, *number);
        }
    }
}

/// The changes after what followed from them: rules across rows may have moved the records on in the same transaction.
async fn as_they_stand(
    core: &Core,
    kind: &'static Kind,
    assembled: Vec<Assembled>,
    district_code: &str,
) -> Result<Vec<Changed>, Problem> {
    let written = assembled.iter().filter_map(|assembled| match assembled {
        Assembled::Next(record, _) => Some(record.envelope.id),
        Assembled::Done(_) => None,
    });
    let ids: Vec<Uuid> = written.collect();
    ids.iter().for_each(|id| core.ext::<RecordCache>().0.invalidate(&(kind.name, *id)));
    let mut stand = match kind.rules.judged_across_rows() && !ids.is_empty() {
        true => read::find_unscoped(core, kind, district_code, &ids).await?,
        false => BTreeMap::new(),
    };
    let changed = |assembled| match assembled {
        Assembled::Done(changed) => changed,
        Assembled::Next(record, _) => {
            let stands = stand.remove(&record.envelope.id);
            Changed::Written(stands.map_or(record, Box::new))
        }
    };
    Ok(assembled.into_iter().map(changed).collect())
}
