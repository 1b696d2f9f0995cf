//! Key people without active care: what the care policies in force ask of their categories is missing.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use kit::database::Snapshot;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::time::{day_of, day_start};
use kit::value::Value;
use uuid::Uuid;

use super::{CARING, Gap, GapItem, Uncaring, rows};
use crate::platform::http::Call;
use crate::platform::http::page::AREA_CODE;
use crate::platform::privacy::mask::mask_name;
use crate::records::awaited::has_come;
use crate::records::envelope::ID;
use crate::records::scope::visible_by_id;
use crate::records::{Record, read};
use crate::rooms::duties::DutyLine;
use crate::rooms::duties::Holders;
use crate::rooms::households::care_policies::Care;
use crate::rooms::households::duties::{KeyPerson, key_people, within_window};
use crate::rooms::observation::IsolationState;
use crate::rooms::observation::case::{ENDED_AT, STATE, SUPERVISORS_COMPLETE};
use crate::rooms::registers::family::{ROOT, one_person};
use crate::rooms::registers::{PEOPLE, person};

/// States of a case in which somebody is looked after.
const ACTIVE: [IsolationState; 3] =
    [IsolationState::Notified, IsolationState::UnderObservation, IsolationState::SuspendedReferral];

/// States of a case that is over because others look after the person.
const ELSEWHERE: [IsolationState; 3] =
    [IsolationState::Centralized, IsolationState::BecameCase, IsolationState::TransferredOut];

/// A case of somebody that isn't over, or went on elsewhere.
struct OpenCase {
    id: Uuid,
    state: IsolationState,
    complete: bool,
    ended_on: Option<NaiveDate>,
}

/// Those whom the caller sees, in the area asked for.
pub async fn items(
    call: &Call,
    now: &mut Snapshot,
    district_code: &str,
    accounts: &Holders,
) -> Result<Vec<GapItem>, Problem> {
    let (core, actor) = (&call.core, call.actor()?);
    if !actor.holds(CARING) {
        return Ok(Vec::new());
    }
    let today = day_of(core.clock.now(), core.zone);
    let area_code = call.query.text(AREA_CODE.name).unwrap_or(district_code);
    let mut people = key_people(core, district_code, today).await?;
    people.retain(|_, person| person.care != Care::None && person.area_code.starts_with(area_code));
    let ids: Vec<Uuid> = people.keys().copied().collect();
    let cases = cases(call, now, district_code, &ids).await?;
    let measured = measured(call, now, district_code, &ids, today).await?;
    let gaps: Vec<(&KeyPerson, Vec<Uncaring>, Option<Uuid>)> = people
        .values()
        .filter_map(|person| {
            let cases = cases.get(&person.id).map(Vec::as_slice).unwrap_or_default();
            let (reasons, case_id) = missing(person, cases, measured.contains(&person.id), today);
            (!reasons.is_empty()).then_some((person, reasons, case_id))
        })
        .collect();
    let ids: Vec<Uuid> = gaps.iter().map(|(person, ..)| person.id).collect();
    let statement = visible_by_id(actor, &PEOPLE, district_code, &ids);
    let seen = read::of_rows(core, &PEOPLE, now.read(&statement).await?)?;
    let seen: BTreeMap<Uuid, Record> = seen.into_iter().map(|record| (record.envelope.id, record)).collect();
    let told = |(person, reasons, case_id): (&KeyPerson, Vec<Uncaring>, Option<Uuid>)| {
        let record = seen.get(&person.id);
        // Whoever answers where somebody lives sees that care is missing, also of a person registered elsewhere.
        let may = record.is_some() || actor.reaches(CARING, &person.area_code, None);
        may.then(|| item(person, reasons, case_id, record, accounts))
    };
    Ok(gaps.into_iter().filter_map(told).collect())
}

/// Reasons why somebody counts as not looked after, and the case that goes on.
fn missing(person: &KeyPerson, cases: &[OpenCase], measured: bool, today: NaiveDate) -> (Vec<Uncaring>, Option<Uuid>) {
    let elsewhere =
        |case: &OpenCase| ELSEWHERE.contains(&case.state) && case.ended_on.is_some_and(|day| day >= person.since_on);
    if cases.iter().any(elsewhere) {
        return (Vec::new(), None);
    }
    let active = cases.iter().find(|case| ACTIVE.contains(&case.state));
    let lost = cases.iter().find(|case| case.state == IsolationState::LostContact);
    let case = active.or(lost).or(cases.iter().find(|case| case.ended_on.is_none()));
    let mut reasons = Vec::new();
    match person.care {
        Care::Isolation => {
            if lost.is_some() {
                reasons.push(Uncaring::LostContact);
            } else if active.is_none() {
                reasons.push(Uncaring::NoCase);
            }
            if active.or(lost).is_some_and(|case| !case.complete) {
                reasons.push(Uncaring::SupervisorsMissing);
            }
        }
        Care::DailyTemperature => {
            // Whoever came into the category today wasn't to be measured yesterday.
            let was_asked = today.pred_opt().is_some_and(|yesterday| within_window(person, yesterday));
            if was_asked && !measured {
                reasons.push(Uncaring::NoReading);
            }
        }
        Care::None => {}
    }
    (reasons, case.map(|case| case.id))
}

fn item(
    person: &KeyPerson,
    reasons: Vec<Uncaring>,
    case_id: Option<Uuid>,
    record: Option<&Record>,
    accounts: &Holders,
) -> GapItem {
    // The town names the five; whoever can't be found is searched for by the village.
    let line = match reasons.as_slice() {
        [Uncaring::SupervisorsMissing] => DutyLine::Town,
        _ => DutyLine::Village,
    };
    GapItem {
        gap: Gap::Uncared,
        area_code: person.area_code.clone(),
        round_id: None,
        household_id: None,
        door: None,
        household_group_id: None,
        person_id: Some(person.id),
        name: record.and_then(|found| found.values.get(&person::NAME)).map(mask_name),
        state: None,
        categories: person.categories.clone(),
        care: Some(person.care),
        reasons,
        case_id,
        closed_by_line: line,
        closed_by_id: accounts.of_line(line, &person.area_code, None),
    }
}

/// `WITH RECURSIVE … members(root, person_id)` of these people.
fn members(district_code: &str, people: &[Uuid]) -> Statement {
    let touched = Statement::new("WITH RECURSIVE touched AS (SELECT unnest(")
        .column(ColumnType::Id, people.iter().copied().map(Value::Id).collect())
        .sql("::uuid[]) AS person_id)");
    one_person(touched, district_code)
}

/// Cases that aren't over or went on elsewhere, by the person.
async fn cases(
    call: &Call,
    now: &mut Snapshot,
    district_code: &str,
    people: &[Uuid],
) -> Result<BTreeMap<Uuid, Vec<OpenCase>>, Problem> {
    let statement = members(district_code, people)
        .sql(" SELECT m.root, r.id, r.state, r.supervisors_complete, r.ended_at FROM members AS m CROSS JOIN LATERAL (SELECT * FROM isolation_cases AS t WHERE t.person_id = m.person_id AND t.district_code = ")
        .text(district_code)
        .sql(format!(" OFFSET 0) AS r WHERE NOT r.voided AND (r.ended_at IS NULL OR r.state IN ('centralized', 'became_case', 'transferred_out')) AND {} ORDER BY r.occurred_at, r.id", has_come("r.")))
        .seeing_district(district_code);
    let mut cases: BTreeMap<Uuid, Vec<OpenCase>> = BTreeMap::new();
    let case = |mut row: Row| {
        let (root, id) = (row.get(&ROOT)?, row.get(&ID)?);
        let (state, complete) = (row.get(&STATE)?, row.get(&SUPERVISORS_COMPLETE)?);
        let ended_on = row.get(&ENDED_AT).map(|at| day_of(at, call.core.zone));
        Some((root, OpenCase { id, state, complete, ended_on }))
    };
    for (root, case) in rows(now, &statement).await?.into_iter().filter_map(case) {
        cases.entry(root).or_default().push(case);
    }
    Ok(cases)
}

/// Those who were measured yesterday.
async fn measured(
    call: &Call,
    now: &mut Snapshot,
    district_code: &str,
    people: &[Uuid],
    today: NaiveDate,
) -> Result<BTreeSet<Uuid>, Problem> {
    let begins =
        |day: Option<NaiveDate>| day.and_then(|day| day_start(day, call.core.zone)).map_or(Value::Null, Value::Instant);
    let statement = members(district_code, people)
        .sql(format!(" SELECT DISTINCT m.root FROM members AS m CROSS JOIN LATERAL (SELECT t.id FROM temperature_readings AS t WHERE t.person_id = m.person_id AND NOT t.voided AND {} AND t.occurred_at >= ", has_come("t.")))
        .bind(ColumnType::Instant, begins(today.pred_opt()))
        .sql(" AND t.occurred_at < ")
        .bind(ColumnType::Instant, begins(Some(today)))
        .sql(" AND t.district_code = ")
        .text(district_code)
        .sql(" LIMIT 1) AS r")
        .seeing_district(district_code);
    let root = |mut row: Row| row.get(&ROOT);
    Ok(rows(now, &statement).await?.into_iter().filter_map(root).collect())
}
