//! A leader for each group: one who lives in one of its households. Whoever moves away leaves a gap, and the village is
//! asked again.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use kit::columns;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::ColumnType;
use kit::value::{Value, Values};
use uuid::Uuid;

use super::{GROUP_LEADER, select};
use crate::records::envelope::{AREA_CODE, ID, ORG_ID};
use crate::records::locked_row::LockedRow;
use crate::records::{Record, read};
use crate::rooms::duties::duty::{self, expectation, is};
use crate::rooms::duties::pass::{Pass, Settled, cancelled, lapsed};
use crate::rooms::duties::wire::{SUBJECT_ID, WAIVER};
use crate::rooms::duties::{Contact, DutyState, DutyWaiver};
use crate::rooms::households::household_groups::standing::standing_groups;
use crate::rooms::households::household_groups::{ACTIVE, HOUSEHOLD_GROUPS};

/// Marks that leaders follow from.
pub const WATCHES: &[&str] = &["household_groups", "households", "household_members", "accounts", "merged_people"];

columns! {
    REVISED_AT "revised_at": DateTime<Utc>;
}

/// A group without a leader who lives in it.
struct Gap {
    id: Uuid,
    area_code: String,
    org_id: Option<Uuid>,
    revised_at: DateTime<Utc>,
}

impl Gap {
    fn of_row(mut row: Row) -> Option<Self> {
        Some(Self {
            id: row.get(&ID)?,
            area_code: row.get(&AREA_CODE)?,
            org_id: row.get(&ORG_ID),
            revised_at: row.get(&REVISED_AT)?,
        })
    }
}

/// A duty of the village for each group without a leader.
pub async fn settle(pass: &Pass<'_>) -> Result<Vec<Settled>, Problem> {
    let statement = standing_groups(pass.district_code, pass.today)
        .sql("SELECT s.id, s.area_code, s.org_id, s.revised_at FROM s WHERE NOT s.leads")
        .seeing_district(pass.district_code);
    let gaps = pass.core.database.read(&statement).await?;
    let gaps: BTreeMap<Uuid, Gap> = gaps.into_iter().filter_map(Gap::of_row).map(|gap| (gap.id, gap)).collect();
    let ids = gaps.keys().copied().map(Value::Id).collect();
    let known = select(pass.district_code, GROUP_LEADER)
        .sql(" AND (r.state IN ('open', 'missed') OR r.subject_id = ANY(")
        .column(ColumnType::Id, ids)
        .sql("))");
    let mut known_of: BTreeMap<Uuid, Vec<Record>> = BTreeMap::new();
    for duty in pass.duties(&known).await? {
        known_of.entry(duty.values.get(&SUBJECT_ID).unwrap_or_default()).or_default().push(duty);
    }
    let filled: Vec<Uuid> = known_of.keys().filter(|id| !gaps.contains_key(id)).copied().collect();
    let groups = read::find_unscoped(pass.core, &HOUSEHOLD_GROUPS, pass.district_code, &filled).await?;
    let mut settled = Vec::new();
    for id in gaps.keys().chain(&filled).copied().collect::<BTreeSet<Uuid>>() {
        let known = known_of.remove(&id).unwrap_or_default();
        match gaps.get(&id) {
            Some(gap) => settled.extend(missing(pass, gap, known)),
            None => settled.extend(known.into_iter().map(|duty| found(pass, duty, groups.get(&id)))),
        }
    }
    Ok(settled)
}

/// The duty of a group without a leader: the one that is there, or a new one.
fn missing(pass: &Pass<'_>, gap: &Gap, known: Vec<Record>) -> Option<Settled> {
    let count = known.len();
    let newest = known.into_iter().max_by_key(|duty| (expectation(duty).opens_at, duty.envelope.recorded_at));
    let row = match newest {
        Some(duty) if is_asked(&duty, gap) => {
            let mut row = LockedRow::stored(duty);
            row.record = pass.settled(&row.record, std::iter::empty());
            row
        }
        _ => LockedRow::new(asked(pass, gap, count)?),
    };
    let answers = pass.of_line(row.record.values.get(&crate::rooms::duties::wire::LINE)?, &row.record);
    Some(Settled { row, answers })
}

/// Whether a duty asks for this gap. One that somebody waived by hand does, until somebody changes the group.
fn is_asked(duty: &Record, gap: &Gap) -> bool {
    let by_hand = duty.values.get(&WAIVER) == Some(DutyWaiver::ByHand);
    is(duty, DutyState::Open) || is(duty, DutyState::Missed) || (by_hand && gap.revised_at <= duty.envelope.revised_at)
}

/// A new duty; the so-manieth of its group, so that two processes make one.
fn asked(pass: &Pass<'_>, gap: &Gap, count: usize) -> Option<Record> {
    let cadence = pass.cadence(GROUP_LEADER, &gap.area_code)?;
    let new = duty::New {
        id: pass.id(GROUP_LEADER, &[&gap.id.to_string(), &count.to_string()]),
        duty_kind: GROUP_LEADER,
        subject: (HOUSEHOLD_GROUPS.name, gap.id),
        cause_id: None,
        assignee_id: None,
        opens_at: pass.now(),
        due_at: cadence.due_after(pass.now()),
        area_code: &gap.area_code,
        org_id: gap.org_id,
        made_by: Uuid::nil(),
    };
    Some(duty::record(new, &pass.write_context))
}

/// A duty of a group that has its leader, or that is none any more.
fn found(pass: &Pass<'_>, duty: Record, group: Option<&Record>) -> Settled {
    let mut row = LockedRow::stored(duty);
    let standing = group.filter(|group| !group.envelope.voided && group.values.get(&ACTIVE) != Some(false));
    row.record = match standing {
        Some(group) => pass.settled(&row.record, std::iter::once(&leader(pass, &row.record, group))),
        None if group.is_some_and(|group| group.envelope.voided) => cancelled(&row.record, DutyWaiver::CauseVoided),
        None => lapsed(&row.record, DutyWaiver::Lapsed),
    };
    Settled { row, answers: None }
}

/// The group's revision that named the leader; where a leader moved in instead, what stands now.
fn leader(pass: &Pass<'_>, duty: &Record, group: &Record) -> Contact {
    let revised_at = group.envelope.revised_at.min(pass.now());
    let at = if revised_at >= expectation(duty).opens_at { revised_at } else { pass.now() };
    Contact {
        kind: HOUSEHOLD_GROUPS.name,
        id: group.envelope.id,
        occurred_at: at,
        known_at: at,
        values: Values::default(),
    }
}
