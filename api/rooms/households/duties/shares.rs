//! Shares of survey rounds: what of a round's list is one group's, else one grid cell's, else one village's, is one duty
//! of whoever answers there. It is done when none of its targets is open or attempted; the visit that made it so proves
//! it. A round that is closed before its time asks nobody any more: its shares are due then, and a visit made before
//! that reaches the server later is reported late.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use kit::columns;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use uuid::Uuid;

use super::share_proofs::{proofs, standing_proofs};
use super::{SURVEY_SHARE, select};
use crate::platform::access::roles::{Actor, Below};
use crate::platform::access::{Grant, Role};
use crate::records::envelope::{AREA_CODE, ID};
use crate::records::locked_row::LockedRow;
use crate::records::{Record, read};
use crate::rooms::duties::duty::{self, is};
use crate::rooms::duties::pass::{Pass, Settled, cancelled, lapsed, proof_id};
use crate::rooms::duties::wire::CAUSE_ID;
use crate::rooms::duties::{Contact, DutyLine, DutyState, DutyWaiver};
use crate::rooms::households::grid_cells::{self, GRID_CELLS};
use crate::rooms::households::household_groups::{self, HOUSEHOLD_GROUPS};
use crate::rooms::households::survey_rounds::{
    DUE_AT, FROZEN, RoundState, STARTS_AT, STATE, SURVEY_ROUNDS, standing_targets,
};

/// Marks that the shares follow from.
pub const WATCHES: &[&str] =
    &["survey_rounds", "survey_visits", "households", "household_groups", "grid_cells", "accounts", "merged_people"];

/// Rounds that ended so long ago are left as they are: no phone keeps a visit longer.
const LATELY: TimeDelta = TimeDelta::days(90);

columns! {
    HOUSEHOLD_GROUP_ID "household_group_id": Uuid;
    GRID_CELL_ID "grid_cell_id": Uuid;
    /// Targets of a share that nobody reached yet.
    WAITING "waiting": i64;
    CLOSED_AT "closed_at": DateTime<Utc>;
}

/// A share of a round as its visits make it stand.
struct Share {
    household_group_id: Option<Uuid>,
    grid_cell_id: Option<Uuid>,
    area_code: String,
    waiting: i64,
}

impl Share {
    fn of_row(mut row: Row) -> Option<Self> {
        Some(Self {
            household_group_id: row.get(&HOUSEHOLD_GROUP_ID),
            grid_cell_id: row.get(&GRID_CELL_ID),
            area_code: row.get(&AREA_CODE)?,
            waiting: row.get(&WAITING)?,
        })
    }

    fn key(&self) -> String {
        let id = self.household_group_id.or(self.grid_cell_id);
        id.map_or_else(|| self.area_code.clone(), |id| id.to_string())
    }

    fn subject(&self, round: &Record) -> (&'static str, Uuid) {
        match (self.household_group_id, self.grid_cell_id) {
            (Some(id), _) => (HOUSEHOLD_GROUPS.name, id),
            (None, Some(id)) => (GRID_CELLS.name, id),
            (None, None) => (SURVEY_ROUNDS.name, round.envelope.id),
        }
    }
}

/// The shares of all rounds that run or ended lately, as duties.
pub async fn settle(pass: &Pass<'_>) -> Result<Vec<Settled>, Problem> {
    let rounds = rounds(pass).await?;
    if rounds.is_empty() {
        return Ok(Vec::new());
    }
    let causes = rounds.iter().map(|round| Value::Id(round.envelope.id)).collect();
    let own =
        select(pass.district_code, SURVEY_SHARE).sql(" AND r.cause_id = ANY(").column(ColumnType::Id, causes).sql(")");
    let known = pass.duties(&own).await?;
    let mut known: BTreeMap<Uuid, Record> = known.into_iter().map(|duty| (duty.envelope.id, duty)).collect();
    let proven = standing_proofs(pass, &known).await?;
    let closings = closings(pass, &rounds).await?;
    let mut asked = Vec::new();
    for round in rounds.iter().filter(|round| is_asked(round)) {
        let shares = shares(pass, round).await?;
        let found: Vec<(Uuid, Share)> = shares
            .into_iter()
            .map(|share| (pass.id(SURVEY_SHARE, &[&round.envelope.id.to_string(), &share.key()]), share))
            .collect();
        let is_proven = |id: &Uuid| known.get(id).and_then(proof_id).is_some_and(|proof| proven.contains(&proof));
        let complete = found.iter().filter(|(id, share)| share.waiting == 0 && !is_proven(id));
        let proofs = proofs(pass, round, complete.map(|(_, share)| share.key()).collect()).await?;
        let window = window(round, closings.get(&round.envelope.id).copied());
        for (id, share) in found {
            let former = known.remove(&id);
            let stays = share.waiting == 0 && former.as_ref().and_then(proof_id).is_some_and(|id| proven.contains(&id));
            asked.push(Asked { id, round, proof: proofs.get(&share.key()).cloned(), share, window, former, stays });
        }
    }
    let answers = answers(pass, &asked).await?;
    let mut settled: Vec<Settled> =
        asked.into_iter().zip(answers).filter_map(|(asked, answers)| asked.settled(pass, answers)).collect();
    // Duties of shares that are none any more: the round was cancelled or voided, or its households are another's.
    for duty in known.into_values() {
        let round = rounds.iter().find(|round| Some(round.envelope.id) == duty.values.get(&CAUSE_ID));
        let voided = round.is_some_and(|round| round.envelope.voided);
        let mut row = LockedRow::stored(duty);
        row.record = match voided {
            true => cancelled(&row.record, DutyWaiver::CauseVoided),
            false => lapsed(&row.record, DutyWaiver::Lapsed),
        };
        settled.push(Settled { row, answers: None });
    }
    Ok(settled)
}

/// From when until when something is expected.
type Window = (DateTime<Utc>, DateTime<Utc>);

/// A share whose duty is to be settled.
struct Asked<'a> {
    id: Uuid,
    round: &'a Record,
    share: Share,
    proof: Option<Contact>,
    window: Window,
    former: Option<Record>,
    /// Whether its proof stands as it did.
    stays: bool,
}

impl Asked<'_> {
    fn settled(self, pass: &Pass<'_>, answers: Option<Uuid>) -> Option<Settled> {
        let (opens_at, due_at) = self.window;
        let mut row = match self.former {
            Some(duty) => LockedRow::stored(duty),
            None => {
                pass.cadence(SURVEY_SHARE, &self.share.area_code)?;
                let new = duty::New {
                    id: self.id,
                    duty_kind: SURVEY_SHARE,
                    subject: self.share.subject(self.round),
                    cause_id: Some(self.round.envelope.id),
                    assignee_id: None,
                    opens_at,
                    due_at,
                    area_code: &self.share.area_code,
                    org_id: self.round.envelope.org_id,
                    made_by: Uuid::nil(),
                };
                LockedRow::new(duty::record(new, &pass.write_context))
            }
        };
        if !self.stays {
            // Due since the round was closed; a later end of a round that runs moves it.
            let is_closed = self.round.values.get(&STATE) == Some(RoundState::Closed);
            let due_at = if is_closed { due_at.min(duty::due_at(&row.record)) } else { due_at };
            let duty = duty::moved(&row.record, (opens_at, due_at));
            row.record = pass.settled(&duty, self.proof.iter());
        }
        Some(Settled { row, answers })
    }
}

/// Rounds that run, and those that ended lately: visits of theirs still arrive.
async fn rounds(pass: &Pass<'_>) -> Result<Vec<Record>, Problem> {
    let statement =
        Statement::new(format!("SELECT {} FROM survey_rounds AS r WHERE r.district_code = ", SURVEY_ROUNDS.select()))
            .text(pass.district_code)
            .sql(" AND r.state <> 'draft' AND (r.state = 'running' OR r.due_at > ")
            .bind(ColumnType::Instant, Value::Instant(pass.now() - LATELY))
            .sql(")")
            .seeing_district(pass.district_code);
    read::load(pass.core, &SURVEY_ROUNDS, &statement).await
}

/// Whether somebody is expected to look at a round's list, or was until it was closed.
fn is_asked(round: &Record) -> bool {
    let is_ready = round.values.get(&FROZEN).is_some_and(|frozen| frozen.ready);
    let state = round.values.get(&STATE);
    is_ready && !round.envelope.voided && matches!(state, Some(RoundState::Running | RoundState::Closed))
}

/// When a round's shares are open and due. One that was started after its time gives as long as it would have.
fn window(round: &Record, closed_at: Option<DateTime<Utc>>) -> Window {
    let starts_at = round.values.get(&STARTS_AT).unwrap_or(round.envelope.occurred_at);
    let due_at = round.values.get(&DUE_AT).unwrap_or(starts_at);
    let started_at = round.values.get(&FROZEN).and_then(|frozen| frozen.at).unwrap_or(starts_at);
    let due_at = if started_at < due_at { due_at } else { started_at + (due_at - starts_at) };
    let due_at = closed_at.filter(|closed_at| *closed_at > starts_at).map_or(due_at, |closed_at| closed_at.min(due_at));
    (starts_at, due_at)
}

/// When rounds were closed.
async fn closings(pass: &Pass<'_>, rounds: &[Record]) -> Result<BTreeMap<Uuid, DateTime<Utc>>, Problem> {
    let closed = rounds.iter().filter(|round| round.values.get(&STATE) == Some(RoundState::Closed));
    let ids: Vec<Value> = closed.map(|round| Value::Id(round.envelope.id)).collect();
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let statement = Statement::new("SELECT r.id, min(r.revised_at) AS closed_at FROM (SELECT c.id, c.state, c.revised_at FROM survey_rounds AS c WHERE c.district_code = ")
        .text(pass.district_code)
        .sql(" AND c.id = ANY(")
        .column(ColumnType::Id, ids.clone())
        .sql(") UNION ALL SELECT h.id, h.body ->> 'state', (h.body ->> 'revised_at')::timestamptz FROM record_revisions AS h WHERE h.kind = 'survey_rounds' AND h.district_code = ")
        .text(pass.district_code)
        .sql(" AND h.id = ANY(")
        .column(ColumnType::Id, ids)
        .sql(")) AS r WHERE r.state = 'closed' GROUP BY r.id")
        .seeing_district(pass.district_code);
    let rows = pass.core.database.read(&statement).await?;
    let closing = |mut row: Row| Some((row.get(&ID)?, row.get(&CLOSED_AT)?.min(pass.now())));
    Ok(rows.into_iter().filter_map(closing).collect())
}

/// The service itself, which sees a whole district.
fn itself(pass: &Pass<'_>) -> Actor {
    let grant = Grant { role: Role::DistrictAdmin, area_code: pass.district_code.to_owned(), org_id: None };
    Actor {
        user_id: Uuid::nil(),
        username: String::new(),
        display_name: String::new(),
        org_id: None,
        grants: vec![grant],
        below: Below::default(),
        supervises: false,
        today: pass.today,
        districts: vec![pass.district_code.to_owned()],
        supervised: Vec::new(),
        password_change_required: false,
        left_area: None,
    }
}

/// The shares of a round.
async fn shares(pass: &Pass<'_>, round: &Record) -> Result<Vec<Share>, Problem> {
    let then = "SELECT s.household_group_id, CASE WHEN s.household_group_id IS NULL THEN s.grid_cell_id END AS grid_cell_id, min(s.area_code) AS area_code, \
        count(*) FILTER (WHERE s.state IN ('open', 'attempted')) AS waiting FROM s WHERE s.listed \
        GROUP BY 1, 2, CASE WHEN s.household_group_id IS NULL AND s.grid_cell_id IS NULL THEN s.area_code END";
    let statement = standing_targets(&itself(pass), pass.district_code, round.envelope.id, then)
        .seeing_district(pass.district_code);
    Ok(pass.core.database.read(&statement).await?.into_iter().filter_map(Share::of_row).collect())
}

/// Account that answers for each share: the group's leader, else the cell's leader or one of its workers, else the
/// village's cadre.
async fn answers(pass: &Pass<'_>, asked: &[Asked<'_>]) -> Result<Vec<Option<Uuid>>, Problem> {
    let waits = |asked: &&Asked<'_>| asked.former.as_ref().is_none_or(|duty| !is(duty, DutyState::Done));
    let groups: BTreeSet<Uuid> =
        asked.iter().filter(waits).filter_map(|asked| asked.share.household_group_id).collect();
    let groups = load(pass, &HOUSEHOLD_GROUPS, groups).await?;
    let of_group = |id: Uuid| groups.get(&id)?.values.get(&household_groups::GRID_CELL_ID);
    let cell_of = |asked: &Asked<'_>| asked.share.grid_cell_id.or_else(|| of_group(asked.share.household_group_id?));
    let cells = load(pass, &GRID_CELLS, asked.iter().filter(waits).filter_map(cell_of).collect()).await?;
    let answers = |asked: &Asked<'_>| {
        let area_code = asked.share.area_code.as_str();
        let org_id = asked.round.envelope.org_id;
        let leader = |id: Uuid| groups.get(&id)?.values.get(&household_groups::LEADER_USER_ID);
        let cell = cell_of(asked).and_then(|id| cells.get(&id));
        let of_cell = cell.into_iter().flat_map(|cell| {
            let workers = cell.values.list(&grid_cells::WORKER_USER_IDS);
            cell.values.get(&grid_cells::LEADER_USER_ID).into_iter().chain(workers)
        });
        let mut named = asked.share.household_group_id.and_then(leader).into_iter().chain(of_cell);
        let able = named.find(|id| pass.accounts.can_answer(*id, area_code, org_id));
        able.or_else(|| pass.accounts.of_line(DutyLine::Village, area_code, org_id))
    };
    Ok(asked.iter().map(answers).collect())
}

/// Records that stand, of these ids.
async fn load(
    pass: &Pass<'_>,
    kind: &'static crate::records::Kind,
    ids: BTreeSet<Uuid>,
) -> Result<BTreeMap<Uuid, Record>, Problem> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let ids: Vec<Uuid> = ids.into_iter().collect();
    let mut found = read::find_unscoped(pass.core, kind, pass.district_code, &ids).await?;
    found.retain(|_, record| !record.envelope.voided);
    Ok(found)
}
