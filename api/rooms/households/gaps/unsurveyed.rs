//! Registered and not surveyed: targets of the running rounds that nobody reached.

use std::collections::BTreeMap;

use kit::columns;
use kit::database::Snapshot;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::Statement;
use uuid::Uuid;

use super::{Gap, GapItem, rows};
use crate::platform::access::roles::Actor;
use crate::platform::codes::NOT_FOUND;
use crate::platform::http::Call;
use crate::platform::http::page::AREA_CODE;
use crate::platform::privacy::mask::mask_name;
use crate::records::{Record, envelope, read};
use crate::rooms::duties::DutyLine;
use crate::rooms::duties::Holders;
use crate::rooms::duties::wire::SUBJECT_ID;
use crate::rooms::households::READERS;
use crate::rooms::households::codes::ROUND_NOT_READY;
use crate::rooms::households::duties::SURVEY_SHARE;
use crate::rooms::households::households::{DOOR, HOUSEHOLDS};
use crate::rooms::households::survey_rounds::{FROZEN, RoundState, STATE, SURVEY_ROUNDS, standing_targets};
use crate::rooms::registers::{PEOPLE, person};

columns! {
    HOUSEHOLD_ID "household_id": Uuid;
    PERSON_ID "person_id": Uuid;
    HOUSEHOLD_GROUP_ID "household_group_id": Uuid;
    GRID_CELL_ID "grid_cell_id": Uuid;
    ASSIGNEE_ID "assignee_id": Uuid;
    /// Of all rows of a statement.
    TOTAL "total": i64;
}

/// How a target stands, as the statement gives it.
const TARGET_STATE: &str = "state";

/// The running rounds that the caller sees, or the one that is asked for.
pub async fn rounds(call: &Call, district_code: &str, only: Option<Uuid>) -> Result<Vec<Record>, Problem> {
    let (core, actor) = (&call.core, call.actor()?);
    if let Some(id) = only {
        let found = read::find_unscoped(core, &SURVEY_ROUNDS, district_code, &[id]).await?.remove(&id);
        let round = found.filter(|round| concerns(actor, round)).ok_or(NOT_FOUND)?;
        return if is_ready(&round) { Ok(vec![round]) } else { Err(ROUND_NOT_READY.into()) };
    }
    let statement = Statement::new(format!(
        "SELECT {} FROM survey_rounds AS r WHERE r.state = 'running' AND NOT r.voided AND r.district_code = ",
        SURVEY_ROUNDS.select()
    ))
    .text(district_code)
    .sql(" ORDER BY r.id")
    .seeing_district(district_code);
    // A round of the district looks at every village's households: whose they are is asked target by target.
    let running = read::load(core, &SURVEY_ROUNDS, &statement).await?;
    Ok(running.into_iter().filter(is_ready).collect())
}

fn is_ready(round: &Record) -> bool {
    let running = matches!(round.values.get(&STATE), Some(RoundState::Running | RoundState::Closed));
    running && round.values.get(&FROZEN).is_some_and(|frozen| frozen.ready)
}

/// Whether a round looks at a part of what the caller sees, or lies in it.
fn concerns(actor: &Actor, round: &Record) -> bool {
    let (area_code, org_id) = (&round.envelope.area_code, round.envelope.org_id);
    let inside = actor.grants_of(READERS).any(|grant| grant.area_code.starts_with(area_code));
    inside || actor.reaches(READERS, area_code, org_id)
}

/// Targets of these rounds that are open or attempted: how many, and the first of them.
pub async fn items(
    call: &Call,
    now: &mut Snapshot,
    district_code: &str,
    (rounds, accounts): (&[Record], &Holders),
    most: usize,
) -> Result<(i64, Vec<GapItem>), Problem> {
    let (mut total, mut items) = (0, Vec::new());
    for round in rounds {
        let room = i64::try_from(most.saturating_sub(items.len())).unwrap_or(i64::MAX);
        let waiting = waiting(
            call,
            district_code,
            round,
            "SELECT w.*, count(*) OVER () AS total FROM w ORDER BY w.area_code, w.target_id LIMIT ",
        )?;
        let given = given(now, district_code, round).await?;
        for (at, mut row) in rows(now, &waiting.integer(room.max(1))).await?.into_iter().enumerate() {
            if at == 0 {
                total += row.get(&TOTAL).unwrap_or(0);
            }
            if room > 0 {
                items.extend(item(row, round, (&given, accounts)));
            }
        }
    }
    name(call, &mut items).await?;
    Ok((total, items))
}

/// `WITH … w AS (…)` the targets of a round that are open or attempted, in the caller's scope and the area asked for,
/// and what follows.
pub fn waiting(call: &Call, district_code: &str, round: &Record, then: &str) -> Result<Statement, Problem> {
    let actor = call.actor()?;
    let area_code = call.query.text(AREA_CODE.name).unwrap_or(district_code);
    let of_round =
        ", w AS (SELECT s.* FROM s WHERE s.listed AND s.state IN ('open', 'attempted') AND starts_with(s.area_code, ";
    let statement = standing_targets(actor, district_code, round.envelope.id, of_round).text(area_code).sql(")) ");
    Ok(statement.sql(then).seeing_district(district_code))
}

/// Accounts to which the shares of a round were given, by subject and area.
type Given = BTreeMap<(Uuid, String), Uuid>;

/// Reads them: the duty knows whom somebody gave it on to.
async fn given(now: &mut Snapshot, district_code: &str, round: &Record) -> Result<Given, Problem> {
    let statement = Statement::new(format!("SELECT r.subject_id, r.area_code, r.assignee_id FROM duties AS r WHERE r.duty_kind = '{SURVEY_SHARE}' AND NOT r.voided AND r.assignee_id IS NOT NULL AND r.district_code = "))
        .text(district_code)
        .sql(" AND r.cause_id = ")
        .id(round.envelope.id)
        .seeing_district(district_code);
    let share = |mut row: Row| Some(((row.get(&SUBJECT_ID)?, row.get(&envelope::AREA_CODE)?), row.get(&ASSIGNEE_ID)?));
    Ok(rows(now, &statement).await?.into_iter().filter_map(share).collect())
}

fn item(mut row: Row, round: &Record, (given, accounts): (&Given, &Holders)) -> Option<GapItem> {
    let state = row.text(TARGET_STATE);
    let area_code = row.get(&envelope::AREA_CODE)?;
    let household_group_id = row.get(&HOUSEHOLD_GROUP_ID);
    let subject = household_group_id.or_else(|| row.get(&GRID_CELL_ID)).unwrap_or(round.envelope.id);
    let own = row.get(&ASSIGNEE_ID);
    let assignee_id = given.get(&(subject, area_code.clone())).copied().or(own);
    let assignee_id = assignee_id.filter(|id| accounts.can_answer(*id, &area_code, round.envelope.org_id));
    let closed_by_id = assignee_id.or_else(|| accounts.of_line(DutyLine::Village, &area_code, None));
    Some(GapItem {
        gap: Gap::Unsurveyed,
        round_id: Some(round.envelope.id),
        household_id: row.get(&HOUSEHOLD_ID),
        door: None,
        household_group_id,
        person_id: row.get(&PERSON_ID),
        name: None,
        state,
        categories: Vec::new(),
        care: None,
        reasons: Vec::new(),
        case_id: None,
        closed_by_line: if assignee_id.is_some() { DutyLine::Grid } else { DutyLine::Village },
        closed_by_id,
        area_code,
    })
}

/// Doors and masked names, where the caller sees them.
async fn name(call: &Call, items: &mut [GapItem]) -> Result<(), Problem> {
    let (core, actor) = (&call.core, call.actor()?);
    let households: Vec<Uuid> = items.iter().filter_map(|item| item.household_id).collect();
    let doors = read::find_all(core, actor, &HOUSEHOLDS, &households).await?;
    let people: Vec<Uuid> = items.iter().filter_map(|item| item.person_id).collect();
    let people = read::find_all(core, actor, &PEOPLE, &people).await?;
    for item in items {
        let household = item.household_id.and_then(|id| doors.get(&id));
        item.door = household.and_then(|found| found.values.get(&DOOR)).map(str::to_owned);
        let person = item.person_id.and_then(|id| people.get(&id));
        item.name = person.and_then(|found| found.values.get(&person::NAME)).map(mask_name);
    }
    Ok(())
}
