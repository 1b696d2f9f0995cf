//! References to what has left their sender's area since: a phone hands in late, and what it wrote at a door is no less true
//! because the family moved away before it found a network.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use uuid::Uuid;

use super::create::SYNC;
use super::definition::{Kind, Reach};
use super::read::{find_unscoped, load};
use super::record::Record;
use crate::platform::access::accounts::{GrantedSince, granted_since};
use crate::platform::access::roles::Actor;
use crate::platform::core::Core;
use crate::platform::divisions::away::Away;

/// How long after it happened a phone's record may name what has left.
const ACCEPTED: TimeDelta = TimeDelta::days(90);

/// Records that were perhaps seen before they moved, by id.
pub struct Formerly {
    now: DateTime<Utc>,
    by_phone: bool,
    records: BTreeMap<Uuid, Former>,
    /// Since when the sender holds what he holds.
    since: Option<GrantedSince>,
}

enum Former {
    /// A record that tells itself where it stood.
    Telling(&'static Kind, Box<Record>),
    /// All revisions of a record, the oldest first.
    Revised(&'static Kind, Vec<Record>),
}

impl Formerly {
    /// None yet. `source` says how what names them came.
    pub fn of(source: &str, now: DateTime<Utc>) -> Self {
        Self { now, by_phone: source == SYNC, records: BTreeMap::new(), since: None }
    }

    /// Looks for what references name and the actor doesn't see: records of kinds that move on, and of whatever kind
    /// where a phone names them.
    pub async fn look_for(
        &mut self,
        core: &Core,
        actor: &Actor,
        kind: &'static Kind,
        ids: &[Uuid],
        found: &BTreeMap<Uuid, Record>,
    ) -> Result<(), Problem> {
        let missing: Vec<Uuid> = ids.iter().filter(|id| !found.contains_key(id)).copied().collect();
        if missing.is_empty() {
            return Ok(());
        }
        let mut away = Away::new(core);
        for district_code in &actor.districts {
            if kind.rules.moves_on() {
                let records = away.pass(find_unscoped(core, kind, district_code, &missing).await)?.unwrap_or_default();
                self.records
                    .extend(records.into_iter().map(|(id, record)| (id, Former::Telling(kind, Box::new(record)))));
            } else if self.by_phone && kind.reach == Reach::Area && actor.holds(kind.readers) {
                let revised = away.pass(revised(core, kind, district_code, &missing).await)?;
                self.records.extend(revised.unwrap_or_default());
            }
        }
        if self.since.is_none() && self.records.values().any(|former| matches!(former, Former::Revised(..))) {
            self.since = Some(granted_since(core, actor.user_id).await?);
        }
        Ok(())
    }

    /// The record as the actor had it in his sight when what names it happened.
    pub fn seen(&self, actor: &Actor, id: Uuid, occurred_at: Option<DateTime<Utc>>) -> Option<&Record> {
        let occurred_at = occurred_at?;
        match self.records.get(&id)? {
            Former::Telling(kind, record) => {
                let (area_code, org_id) = kind.rules.stood_at(record, occurred_at)?;
                actor.reaches(kind.readers, &area_code, org_id).then_some(&**record)
            }
            Former::Revised(kind, revisions) => {
                let is_late = occurred_at > self.now || self.now - occurred_at > ACCEPTED;
                if is_late { None } else { self.had(actor, kind, revisions, occurred_at) }
            }
        }
    }

    /// The revision that stood then, if the actor had it by a grant that he held before it left: whoever comes to an
    /// area later never had what was gone by then, whatever his device says of the time.
    fn had<'a>(
        &self,
        actor: &Actor,
        kind: &Kind,
        revisions: &'a [Record],
        occurred_at: DateTime<Utc>,
    ) -> Option<&'a Record> {
        // Written down on the spot, it may have come to the register a moment later.
        let stood = revisions.iter().rposition(|record| record.envelope.revised_at <= occurred_at).unwrap_or(0);
        let record = revisions.get(stood)?;
        let mut grants = actor.grants_of(kind.readers).filter(|grant| kind.rules.narrowed(grant.role).is_none());
        let had = grants.any(|grant| {
            let covers = |record: &Record| actor.covers(grant, &record.envelope.area_code, record.envelope.org_id);
            let left = revisions.iter().skip(stood).find(|record| !covers(record));
            let held_since = self.since.as_ref().and_then(|since| since.of(grant));
            covers(record) && left.is_some_and(|left| held_since.is_none_or(|at| at <= left.envelope.revised_at))
        });
        had.then_some(record)
    }
}

/// All revisions of records, whoever may see them.
async fn revised(
    core: &Core,
    kind: &'static Kind,
    district_code: &str,
    ids: &[Uuid],
) -> Result<BTreeMap<Uuid, Former>, Problem> {
    let current = find_unscoped(core, kind, district_code, ids).await?;
    let moved: Vec<Value> = current
        .values()
        .filter(|record| record.envelope.revision > 1)
        .map(|record| Value::Id(record.envelope.id))
        .collect();
    if moved.is_empty() {
        return Ok(BTreeMap::new());
    }
    let (select, name) = (kind.select(), kind.name);
    let former = Statement::new(format!(
        "SELECT {select} FROM (SELECT (jsonb_populate_record(NULL::{name}, h.body)).* FROM record_revisions AS h WHERE h.kind = '{name}' AND h.district_code = "
    ))
    .text(district_code)
    .sql(" AND h.id = ANY(")
    .column(ColumnType::Id, moved)
    .sql(")) AS r ORDER BY id, revision")
    .seeing_district(district_code)
    .in_rooms(kind.room());
    let mut all: BTreeMap<Uuid, Vec<Record>> = BTreeMap::new();
    for record in load(core, kind, &former).await? {
        all.entry(record.envelope.id).or_default().push(record);
    }
    let whole = |(id, mut revisions): (Uuid, Vec<Record>)| {
        revisions.extend(current.get(&id).cloned());
        (id, Former::Revised(kind, revisions))
    };
    Ok(all.into_iter().map(whole).collect())
}
