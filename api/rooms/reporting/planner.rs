//! Duties to report, as the requirements and the rolls of the units make them: of today and tomorrow. What was reported
//! settles them in its own write; a pass settles what came another way, a bulletin or a requirement that ended.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDate, Utc};
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::time::day_start;
use kit::value::Value;
use uuid::Uuid;

use super::duty_kinds::{DUTY_KINDS, WORK_LOG};
use super::expected::{Expected, Reporter, expected};
use super::one_a_day::duty_id;
use super::org_members::{ORG_MEMBERS, SINCE_ON, UNTIL_ON, USER_ID};
use super::proofs::{Proofs, proofs};
use super::reporting_requirements::in_force::Requirements;
use super::work_logs::line_of;
use crate::platform::access::roles::Grant;
use crate::platform::core::Core;
use crate::records::Record;
use crate::records::envelope::{AREA_CODE, ID, ORG_ID};
use crate::records::locked_row::LockedRow;
use crate::rooms::duties::duty::{self, is};
use crate::rooms::duties::pass::{Pass, Settled, lapsed};
use crate::rooms::duties::wire::LINE;
use crate::rooms::duties::{Accounts, DUTIES, DutyKind, DutyLine, DutyState, DutyWaiver, Holders};
use crate::rooms::registers::ORGANIZATIONS;
use crate::rooms::registers::organization::OrganizationKind;

/// Days back of which duties are looked at: what is reported later settles its duty itself.
const BACK: u64 = 2;

/// Somebody who keeps a log.
struct Keeper {
    member_id: Uuid,
    user_id: Uuid,
    org_id: Option<Uuid>,
    area_code: String,
    since_on: NaiveDate,
    until_on: Option<NaiveDate>,
}

/// A duty as it should be asked for.
struct Asked {
    kind: DutyKind,
    line: DutyLine,
    subject: (&'static str, Uuid),
    cause_id: Option<Uuid>,
    assignee_id: Option<Uuid>,
    window: (DateTime<Utc>, DateTime<Utc>),
    area_code: String,
    org_id: Option<Uuid>,
    is_ahead: bool,
}

/// Makes the duties that aren't there yet, settles those of the last days, and lets those lapse that nobody asks for any
/// more.
pub async fn plan(core: &Core, district_code: &str) -> Result<(), Problem> {
    let keepers = keepers(core, district_code).await?;
    let pass = Pass::begin(core, district_code).await?;
    let days: Vec<NaiveDate> = (0..BACK + 2)
        .filter_map(|ahead| pass.today.checked_sub_days(Days::new(BACK))?.checked_add_days(Days::new(ahead)))
        .collect();
    let known = known(&pass, &days).await?;
    let asks = pass.write_context.settings.of::<Requirements>().ask_anything(district_code);
    if !asks && keepers.is_empty() && known.is_empty() {
        return Ok(());
    }
    let proofs = proofs(core, &pass.write_context, &days).await?;
    let mut asked = asked_of_units(&pass, &days).await?;
    asked.extend(asked_of_keepers(&pass, &keepers, &days));
    pass.write(settled(&pass, asked, known, &proofs)).await?;
    Ok(())
}

async fn keepers(core: &Core, district_code: &str) -> Result<Vec<Keeper>, Problem> {
    let statement = Statement::new("SELECT r.id, r.user_id, r.org_id, r.area_code, r.since_on, r.until_on FROM org_members AS r WHERE r.keeps_work_log AND r.user_id IS NOT NULL AND NOT r.voided AND r.district_code = ")
        .text(district_code)
        .sql(" ORDER BY r.since_on, r.id")
        .seeing_district(district_code);
    let keeper = |mut row: Row| {
        Some(Keeper {
            member_id: row.get(&ID)?,
            user_id: row.get(&USER_ID)?,
            org_id: row.get(&ORG_ID),
            area_code: row.get(&AREA_CODE)?,
            since_on: row.get(&SINCE_ON)?,
            until_on: row.get(&UNTIL_ON),
        })
    };
    Ok(core.database.read(&statement).await?.into_iter().filter_map(keeper).collect())
}

/// Duties of this theme of those days.
async fn known(pass: &Pass<'_>, days: &[NaiveDate]) -> Result<Vec<Record>, Problem> {
    let zone = pass.write_context.zone;
    let begins_at =
        |day: Option<NaiveDate>| day.and_then(|day| day_start(day, zone)).map_or(Value::Null, Value::Instant);
    let kinds = DUTY_KINDS.iter().map(|kind| format!("'{kind}'")).collect::<Vec<_>>().join(", ");
    let statement = Statement::new(format!("SELECT {} FROM duties AS r WHERE r.district_code = ", DUTIES.select()))
        .text(pass.district_code)
        .sql(format!(" AND r.duty_kind IN ({kinds}) AND NOT r.voided AND r.opens_at >= "))
        .bind(ColumnType::Instant, begins_at(days.first().copied()))
        .sql(" AND r.opens_at < ")
        .bind(ColumnType::Instant, begins_at(days.last().and_then(NaiveDate::succ_opt)))
        .seeing_district(pass.district_code);
    pass.duties(&statement).await
}

/// Duties of units, by their ids.
async fn asked_of_units(pass: &Pass<'_>, days: &[NaiveDate]) -> Result<BTreeMap<Uuid, Asked>, Problem> {
    let rows = pass.core.database.read(&Reporter::statement(pass.district_code)).await?;
    let reporters: Vec<Reporter> = rows.into_iter().filter_map(Reporter::of_row).collect();
    let (zone, requirements) = (pass.write_context.zone, pass.write_context.settings.of::<Requirements>());
    let mut all = BTreeMap::new();
    for day in days {
        for one in expected(&reporters, requirements, pass.district_code, *day, zone) {
            let id = duty_id(&pass.write_context, one.duty_kind(), &one.slot(), *day);
            all.extend(of_unit(pass, &one, *day).map(|asked| (id, asked)));
        }
    }
    Ok(all)
}

fn of_unit(pass: &Pass<'_>, one: &Expected<'_>, day: NaiveDate) -> Option<Asked> {
    let unit = &one.reporter.unit;
    pass.cadence(one.duty_kind(), &unit.area_code)?;
    let of_line = |line| pass.accounts.of_line(line, &unit.area_code, Some(unit.id));
    let own = of_line(DutyLine::Unit).or_else(|| match unit.kind? {
        OrganizationKind::Town | OrganizationKind::Subdistrict => of_line(DutyLine::Town),
        OrganizationKind::VillageCommittee => of_line(DutyLine::Village),
        _ => None,
    });
    Some(Asked {
        kind: one.duty_kind(),
        line: DutyLine::Unit,
        subject: (ORGANIZATIONS.name, unit.id),
        cause_id: Some(one.requirement_id),
        assignee_id: own,
        window: (day_start(day, pass.write_context.zone)?, one.due_at),
        area_code: unit.area_code.clone(),
        org_id: Some(unit.id),
        is_ahead: day >= pass.today && one.due_at > pass.now(),
    })
}

/// Duties of those who keep logs, by their ids: somebody who belongs to two units keeps one.
fn asked_of_keepers(pass: &Pass<'_>, keepers: &[Keeper], days: &[NaiveDate]) -> BTreeMap<Uuid, Asked> {
    let mut all = BTreeMap::new();
    for day in days {
        let mut seen = BTreeSet::new();
        let holds =
            |keeper: &&Keeper| keeper.since_on <= *day && keeper.until_on.is_none_or(|until_on| *day < until_on);
        for keeper in keepers.iter().filter(holds) {
            if seen.insert(keeper.user_id) {
                let id = duty_id(&pass.write_context, WORK_LOG, &keeper.user_id.to_string(), *day);
                all.extend(of_keeper(pass, keeper, *day).map(|asked| (id, asked)));
            }
        }
    }
    all
}

fn of_keeper(pass: &Pass<'_>, keeper: &Keeper, day: NaiveDate) -> Option<Asked> {
    // Nobody asks another unit's people: they must hold something of the unit, or within its area.
    let of_unit = |grant: &&Grant| match grant.org_id {
        Some(org_id) => Some(org_id) == keeper.org_id,
        None => grant.area_code.starts_with(&keeper.area_code),
    };
    let grants = || pass.accounts.grants_of(keeper.user_id).filter(of_unit);
    let line = line_of(|role| grants().any(|grant| grant.role == role));
    // Where somebody answers is where his own roles are, not where his unit sits.
    let area_code = grants().map(|grant| grant.area_code.as_str()).max_by_key(|code| code.len())?.to_owned();
    let area_code = if area_code.len() < pass.district_code.len() { pass.district_code.to_owned() } else { area_code };
    let cadence = pass.cadence(WORK_LOG, &area_code)?;
    let window = cadence.window(day, (day - cadence.effective_on).num_days(), pass.write_context.zone)?;
    let own = grants().find_map(|grant| grant.org_id);
    let org_id = if own.is_some() { own } else { keeper.org_id };
    Some(Asked {
        kind: WORK_LOG,
        line,
        subject: (ORG_MEMBERS.name, keeper.member_id),
        cause_id: None,
        assignee_id: Some(keeper.user_id).filter(|id| pass.accounts.can_answer(*id, &area_code, org_id)),
        window,
        area_code,
        org_id,
        is_ahead: day >= pass.today && window.1 > pass.now(),
    })
}

/// All of them as they should stand.
fn settled(pass: &Pass<'_>, mut asked: BTreeMap<Uuid, Asked>, known: Vec<Record>, proofs: &Proofs) -> Vec<Settled> {
    let told = |id: &Uuid| proofs.get(id).into_iter().flatten();
    let mut all = Vec::with_capacity(known.len() + asked.len());
    for duty in known {
        let id = duty.envelope.id;
        let ask = asked.remove(&id);
        let mut row = LockedRow::stored(duty);
        match &ask {
            Some(ask) => {
                if is(&row.record, DutyState::Open) && duty::due_at(&row.record) != ask.window.1 {
                    row.record = duty::moved(&row.record, ask.window);
                }
                row.record = pass.settled(&row.record, told(&id));
            }
            None if is(&row.record, DutyState::Waived) => {}
            None if is(&row.record, DutyState::Open) && told(&id).next().is_none() => {
                row.record = lapsed(&row.record, DutyWaiver::Lapsed);
            }
            None => row.record = pass.settled(&row.record, told(&id)),
        }
        all.push(Settled { row, answers: ask.and_then(|ask| ask.assignee_id) });
    }
    for (id, ask) in asked.into_iter().filter(|(_, ask)| ask.is_ahead) {
        let record = pass.settled(&new(pass, id, &ask), told(&id));
        all.push(Settled { row: LockedRow::new(record), answers: ask.assignee_id });
    }
    all
}

fn new(pass: &Pass<'_>, id: Uuid, ask: &Asked) -> Record {
    let new = duty::New {
        id,
        duty_kind: ask.kind,
        subject: ask.subject,
        cause_id: ask.cause_id,
        assignee_id: ask.assignee_id,
        opens_at: ask.window.0,
        due_at: ask.window.1,
        area_code: &ask.area_code,
        org_id: ask.org_id,
        made_by: Uuid::nil(),
    };
    let mut record = duty::record(new, &pass.write_context);
    record.values.set(&LINE, ask.line);
    record
}

/// Accounts of the lines above, of those duties that are this theme's.
pub async fn above(core: &Core, district_code: &str, duties: &[Record]) -> Result<Accounts, Problem> {
    Holders::above(core, district_code, (duties, DUTY_KINDS), |holders, line, envelope| {
        let own = holders.of_line(line, &envelope.area_code, envelope.org_id);
        own.or_else(|| holders.of_line(line, &envelope.area_code, None))
    })
    .await
}
