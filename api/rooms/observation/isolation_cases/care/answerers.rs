//! Accounts that answer for a case: those of its supervisors, as they are under the lock.

use std::collections::BTreeMap;

use kit::columns;
use kit::faults::Fault;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::value::{Value, Values};
use ledger::decide::Claim;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::case::Case;
use super::expect::is;
use crate::platform::access::{Grant, Role};
use crate::records::codes::UNKNOWN_ACCOUNT;
use crate::records::envelope::{ID, ORG_ID};
use crate::rooms::duties::wire::{ASSIGNEE_ID, LINE};
use crate::rooms::duties::{DutyLine, DutyState, above};
use crate::rooms::observation::isolation_cases::rules::{supervisor_of, supervisors};
use crate::rooms::observation::isolation_cases::states::fault_at;
use crate::rooms::observation::isolation_cases::stays::pending;
use crate::rooms::observation::isolation_cases::wire::{SUPERVISORS, SupervisorLevel};
use crate::rooms::observation::isolation_cases::{CARERS, ISOLATION_CASES};

/// An account that may answer for somebody.
#[derive(Clone, Debug)]
pub struct Account {
    active: bool,
    org_id: Option<Uuid>,
    grants: Vec<Grant>,
}

/// A grant as the statement gives it.
#[derive(Deserialize, Serialize)]
struct Granted {
    role: String,
    area_code: String,
    org_id: Option<Uuid>,
}

columns! {
    /// Whether an account may be used.
    ACTIVE "active": bool;
    /// Its grants.
    GRANTS "grants": Vec<Granted>;
}

/// Account and organisation of whoever answers for something.
pub type Answerer = (Option<Uuid>, Option<Uuid>);

/// Accounts by id.
pub type Accounts = BTreeMap<Uuid, Account>;

impl Account {
    /// The grant by which it cares for somebody in an area; none where it is not active.
    fn grant_in(&self, area_code: &str) -> Option<&Grant> {
        let mut caring = self.grants.iter().filter(|grant| self.active && CARERS.contains(&grant.role));
        caring.find(|grant| area_code.starts_with(&grant.area_code))
    }

    fn of_row(mut row: Row) -> Option<(Uuid, Self)> {
        let grant =
            |Granted { role, area_code, org_id }| Some(Grant { role: Role::of_code(&role)?, area_code, org_id });
        let grants = row.get(&GRANTS)?.into_iter().filter_map(grant).collect();
        Some((row.get(&ID)?, Self { active: row.get(&ACTIVE)?, org_id: row.get(&ORG_ID), grants }))
    }
}

/// The accounts of a statement's rows.
pub fn accounts(rows: Vec<Row>) -> Accounts {
    rows.into_iter().filter_map(Account::of_row).collect()
}

/// The accounts that the cases of these claims name, those that have open duties for them, and those that the claims
/// themselves name.
pub fn statement(district_code: &str, case_ids: Vec<Value>, claims: &[&Claim]) -> Statement {
    let named =
        claims.iter().filter(|claim| claim.kind == ISOLATION_CASES.name).filter_map(|claim| claim.next.as_ref());
    let named = named.flat_map(|values| supervisors(values).into_iter().filter_map(|(_, id)| id)).map(Value::Id);
    Statement::new(
        "SELECT u.id, u.active, u.org_id, coalesce((SELECT jsonb_agg(jsonb_build_object('role', g.role, 'area_code', g.area_code, 'org_id', g.org_id)) \
         FROM user_grants AS g WHERE g.user_id = u.id), '[]') AS grants FROM users AS u WHERE u.id IN (SELECT unnest(",
    )
    .column(ColumnType::Id, named.collect())
    .sql("::uuid[]) UNION SELECT s.id::uuid FROM isolation_cases AS c CROSS JOIN LATERAL jsonb_array_elements_text(c.supervisor_ids) AS s(id) WHERE c.district_code = ")
    .text(district_code)
    .sql(" AND c.id = ANY(")
    .column(ColumnType::Id, case_ids.clone())
    .sql(") UNION SELECT d.assignee_id FROM duties AS d WHERE d.state = 'open' AND d.district_code = ")
    .text(district_code)
    .sql(" AND d.subject_id = ANY(")
    .column(ColumnType::Id, case_ids)
    .sql("))")
}

/// Supervisors who were named just now and can't answer there: no such account, none that is active, none that
/// reaches the area.
pub fn require_known(
    accounts: &Accounts,
    former: Option<&Values>,
    next: &Values,
    area_code: &str,
) -> Result<(), Vec<Fault>> {
    let before = former.map(supervisors).unwrap_or_default();
    let named = supervisors(next).into_iter().enumerate().filter(|(_, named)| !before.contains(named));
    let unknown = named.filter_map(|(index, (_, id))| {
        let reaches = accounts.get(&id?).is_some_and(|account| account.grant_in(area_code).is_some());
        (!reaches).then(|| fault_at(format!("/{SUPERVISORS}/{index}/user_id"), UNKNOWN_ACCOUNT, vec![]))
    });
    let faults: Vec<Fault> = unknown.collect();
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

impl Case {
    /// Account and organisation of whoever answers for a line: its supervisor; where that one can't any more, the
    /// next above who can. None where nobody has an account.
    pub fn answerer(&self, line: DutyLine) -> Answerer {
        self.answerer_in(line, &self.areas())
    }

    /// Where it is cared for: where it stands, and whence it came until it is accepted.
    fn areas(&self) -> Vec<String> {
        let former = pending(&self.record.values).map(|stay| stay.stood.0);
        former.chain([self.record.envelope.area_code.clone()]).collect()
    }

    /// The same of those only who reach where the case stands now: for what nobody of the former township does.
    pub fn answerer_here(&self, line: DutyLine) -> Answerer {
        self.answerer_in(line, std::slice::from_ref(&self.record.envelope.area_code))
    }

    fn answerer_in(&self, line: DutyLine, areas: &[String]) -> Answerer {
        let mut next = Some(line);
        // Lines lead up to the district, which has no supervisor.
        for _ in DutyLine::ALL {
            let level = next.and_then(SupervisorLevel::of_line);
            let Some(id) = level.and_then(|level| supervisor_of(&self.record.values, level)) else { break };
            if let Some(org_id) = self.organization_of(id, areas) {
                return (Some(id), org_id);
            }
            next = next.and_then(|line| DutyLine::of_code(above(line.code())));
        }
        (None, None)
    }

    /// The organisation by which an account answers for somebody in one of these areas, if it does.
    fn organization_of(&self, id: Uuid, areas: &[String]) -> Option<Option<Uuid>> {
        let account = self.accounts.get(&id)?;
        let grant = areas.iter().find_map(|area_code| account.grant_in(area_code))?;
        Some(account.org_id.or(grant.org_id))
    }

    /// Gives open duties to whoever answers for their lines now.
    pub fn give(&mut self, which: impl Fn(&Values) -> bool) {
        let given: Vec<(Uuid, Answerer)> = self
            .duties
            .iter()
            .filter(|(_, held)| is(&held.record, DutyState::Open) && which(&held.record.values))
            .filter_map(|(id, held)| Some((*id, self.answerer(held.record.values.get(&LINE)?))))
            .collect();
        for (id, (assignee_id, org_id)) in given {
            if let Some(held) = self.duties.get_mut(&id) {
                held.record.values.set_or_clear(&ASSIGNEE_ID, assignee_id);
                held.record.envelope.org_id = org_id;
            }
        }
    }

    /// Gives on what is open and assigned to somebody who can't answer any more.
    pub fn give_on(&mut self) {
        let areas = self.areas();
        let gone: Vec<Uuid> = self
            .duties
            .values()
            .filter_map(|held| held.record.values.get(&ASSIGNEE_ID))
            .filter(|id| self.organization_of(*id, &areas).is_none())
            .collect();
        self.give(|duty| duty.get(&ASSIGNEE_ID).is_some_and(|id| gone.contains(&id)));
    }
}
