//! The duty of an inspector for each banquet that is planned under a ban: it is called off by ten in the morning of its
//! day. Another status than planned proves it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use kit::columns;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::time::{day_of, day_start};
use kit::value::{Value, Values};
use uuid::Uuid;

use super::BANQUETS;
use super::wire::{BanquetStatus, BanquetStep, PLANNED_ON, STATUS, STATUS_HISTORY};
use crate::platform::core::Core;
use crate::records::awaited::has_come;
use crate::records::envelope::{AREA_CODE, ID, ORG_ID};
use crate::records::locked_row::LockedRow;
use crate::records::{Record, read};
use crate::rooms::duties::duty::{self, is};
use crate::rooms::duties::pass::{Pass, Settled, cancelled, lapsed};
use crate::rooms::duties::wire::{SUBJECT_ID, WAIVER};
use crate::rooms::duties::{Contact, DUTIES, DutyLine, DutyState, DutyWaiver, duty_kinds};
use crate::rooms::venues::gathering_bans::IN_FORCE;

duty_kinds! {
    /// All of them.
    pub const DUTY_KINDS;
    /// A banquet that is planned under a ban has one.
    BANQUET_FOLLOW_UP "banquet_follow_up" "follow-up of a banquet under a ban" "宴席跟进" [Inspector]
        |_, contact, _| contact.kind == BANQUETS.name;
}

columns! {
    /// Whether a ban holds for it.
    BANNED "banned": bool;
}

/// Banquets whose day is longer past ask for nothing any more, and duties that were due before aren't moved.
const LOOKED_BACK: u64 = 14;
/// Time that is left for what became known after it was due.
const AT_ONCE: TimeDelta = TimeDelta::hours(2);

/// A banquet that is planned.
struct Planned {
    id: Uuid,
    area_code: String,
    /// Whose record it is: it goes to an inspector who may amend it.
    org_id: Option<Uuid>,
    planned_on: NaiveDate,
    banned: bool,
}

impl Planned {
    fn of_row(mut row: Row) -> Option<Self> {
        Some(Self {
            id: row.get(&ID)?,
            area_code: row.get(&AREA_CODE)?,
            org_id: row.get(&ORG_ID),
            planned_on: row.get(&PLANNED_ON)?,
            banned: row.get(&BANNED)?,
        })
    }
}

/// Makes the duties of banquets that are planned under a ban, and lets those there are stand as the banquets do.
pub async fn plan(core: &Core, district_code: &str) -> Result<(), Problem> {
    let today = day_of(core.clock.now(), core.zone);
    let known = known(core, district_code, today).await?;
    let subjects: BTreeSet<Uuid> = known.iter().filter_map(|duty| duty.values.get(&SUBJECT_ID)).collect();
    let planned = planned(core, district_code, today, &subjects).await?;
    if planned.is_empty() && known.is_empty() {
        return Ok(());
    }
    let pass = Pass::begin(core, district_code).await?;
    let subjects: Vec<Uuid> = subjects.into_iter().collect();
    let banquets = read::find_unscoped(core, &BANQUETS, district_code, &subjects).await?;
    let mut settled = Vec::new();
    for one in planned.values().filter(|one| one.banned && !banquets.contains_key(&one.id)) {
        settled.extend(made(&pass, one));
    }
    for duty in known {
        let Some(banquet) = duty.values.get(&SUBJECT_ID).and_then(|id| banquets.get(&id)) else { continue };
        settled.push(again(&pass, duty, banquet, planned.get(&banquet.envelope.id)));
    }
    pass.write(settled).await.map(drop)
}

/// Duties of the last days, and those ahead.
async fn known(core: &Core, district_code: &str, today: NaiveDate) -> Result<Vec<Record>, Problem> {
    let first = today.checked_sub_days(Days::new(LOOKED_BACK)).and_then(|day| day_start(day, core.zone));
    let statement = Statement::new(format!("SELECT {} FROM duties AS r WHERE r.district_code = ", DUTIES.select()))
        .text(district_code)
        .sql(format!(" AND r.duty_kind = '{BANQUET_FOLLOW_UP}' AND NOT r.voided AND r.due_at >= "))
        .bind(ColumnType::Instant, Value::Instant(first.unwrap_or_default()))
        .seeing_district(district_code);
    read::load(core, &DUTIES, &statement).await
}

/// Banquets that are planned for yesterday or later, or of which duties are known.
async fn planned(
    core: &Core,
    district_code: &str,
    today: NaiveDate,
    known: &BTreeSet<Uuid>,
) -> Result<BTreeMap<Uuid, Planned>, Problem> {
    let yesterday = today.pred_opt().unwrap_or(today);
    let statement = Statement::new(format!(
        "SELECT r.id, r.area_code, r.org_id, r.planned_on, {IN_FORCE} AS banned FROM banquets AS r WHERE NOT r.voided AND {} AND r.status = 'planned' AND (r.planned_on >= ",
        has_come("r.")
    ))
    .bind(ColumnType::Day, Value::Day(yesterday))
    .sql(" OR r.id = ANY(")
    .column(ColumnType::Id, known.iter().copied().map(Value::Id).collect())
    .sql(")) AND r.district_code = ")
    .text(district_code)
    .seeing_district(district_code);
    let rows = core.database.read(&statement).await?;
    Ok(rows.into_iter().filter_map(Planned::of_row).map(|one| (one.id, one)).collect())
}

/// When a banquet must have been called off: on its day, by the hour that the cadence says.
fn due_at(pass: &Pass<'_>, area_code: &str, day: NaiveDate) -> Option<DateTime<Utc>> {
    let cadence = pass.cadence(BANQUET_FOLLOW_UP, area_code)?;
    cadence.window(day, 0, pass.core.zone).map(|(_, due_at)| due_at)
}

fn made(pass: &Pass<'_>, one: &Planned) -> Option<Settled> {
    let now = pass.now();
    let on_its_day = due_at(pass, &one.area_code, one.planned_on)?;
    let new = duty::New {
        id: pass.id(BANQUET_FOLLOW_UP, &[&one.id.to_string()]),
        duty_kind: BANQUET_FOLLOW_UP,
        subject: (BANQUETS.name, one.id),
        cause_id: Some(one.id),
        assignee_id: None,
        opens_at: now,
        // Nobody can answer for what he wasn't told.
        due_at: if on_its_day > now { on_its_day } else { now + AT_ONCE },
        area_code: &one.area_code,
        org_id: one.org_id,
        made_by: Uuid::nil(),
    };
    let record = duty::record(new, &pass.write_context);
    let answers = pass.of_line(DutyLine::Inspector, &record);
    Some(Settled { row: LockedRow::new(record), answers })
}

/// A duty as its banquet makes it stand.
fn again(pass: &Pass<'_>, duty: Record, banquet: &Record, planned: Option<&Planned>) -> Settled {
    let mut row = LockedRow::stored(duty);
    let waiver = row.record.values.get(&WAIVER);
    row.record = match planned {
        _ if banquet.envelope.voided => cancelled(&row.record, DutyWaiver::CauseVoided),
        Some(one) if one.banned => {
            if waiver.is_some_and(|waiver| waiver != DutyWaiver::ByHand) {
                duty::reopen(&mut row.record);
            }
            pass.settled(&expected(pass, &row.record, one), std::iter::empty())
        }
        // Allowed after all.
        Some(_) => lapsed(&row.record, DutyWaiver::Lapsed),
        None if is(&row.record, DutyState::Waived) => row.record.clone(),
        None => pass.settled(&row.record, called_off(banquet).iter()),
    };
    let answers = pass.of_line(DutyLine::Inspector, &row.record);
    Settled { row, answers }
}

/// The duty of a banquet that was moved to another day, or to another area.
fn expected(pass: &Pass<'_>, duty: &Record, one: &Planned) -> Record {
    let mut next = duty.clone();
    // The duty of a banquet that was called off and is planned again is due anew; a missed one was missed.
    if !is(duty, DutyState::Open) && !is(duty, DutyState::Done) {
        return next;
    }
    let opens_at = duty.envelope.occurred_at;
    let due_at = due_at(pass, &one.area_code, one.planned_on).filter(|due_at| *due_at > pass.now());
    if let Some(due_at) = due_at.filter(|due_at| *due_at != duty::due_at(duty)) {
        next = duty::moved(duty, (opens_at, due_at));
    }
    next.envelope.area_code.clone_from(&one.area_code);
    next.envelope.org_id = one.org_id;
    next
}

/// The step by which a banquet isn't planned any more.
fn called_off(banquet: &Record) -> Option<Contact> {
    (banquet.values.get(&STATUS) != Some(BanquetStatus::Planned)).then_some(())?;
    let steps: Vec<BanquetStep> = banquet.values.list(&STATUS_HISTORY).collect();
    let others = steps.iter().rev().take_while(|step| step.status != BanquetStatus::Planned);
    let occurred_at = others.last().map_or(banquet.envelope.occurred_at, |step| step.since_at.to_utc());
    let id = banquet.envelope.id;
    let values = Values::default();
    Some(Contact { kind: BANQUETS.name, id, occurred_at, known_at: occurred_at, values })
}
