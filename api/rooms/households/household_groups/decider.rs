//! Groups under the lock: no more households than the policy says, and a leader who lives in one of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::NaiveDate;
use kit::columns;
use kit::faults::Fault;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::text::Text;
use kit::time::day_of;
use kit::value::{Value, Values};
use ledger::Append;
use ledger::decide::{Claim, Decider, State};
use uuid::Uuid;

use super::policies::GroupPolicy;
use super::{HOUSEHOLD_GROUPS, LEADER_PERSON_ID};
use crate::platform::core::Core;
use crate::records::Warning;
use crate::records::envelope::{AREA_CODE, ID};
use crate::records::write_context::WriteContext;
use crate::rooms::households::codes::{GROUP_FULL, LEADER_NOT_MEMBER};
use crate::rooms::households::household_members::open_members;
use crate::rooms::households::households::{HOUSEHOLD_GROUP_ID, HOUSEHOLDS, is_active};

/// The group was full when a phone handed the household in.
pub static FULL: Warning = Warning {
    code: "group_full",
    message: Text::new("the group was full: the household is kept without a group", "该组已满,本户未编组"),
};
/// The leader lived in none of the group's households when a phone handed the group in.
pub static LEADER_LEFT_OUT: Warning = Warning {
    code: "leader_not_member",
    message: Text::new(
        "the leader lives in none of the group's households: the group is kept without one",
        "负责人不是本组住户成员,未登记负责人",
    ),
};

columns! {
    /// The person of a membership.
    PERSON_ID "person_id": Uuid;
    /// The household where somebody lives.
    HOUSEHOLD_ID "household_id": Uuid;
}

/// Decides what groups take.
pub struct GroupDecider(Arc<WriteContext>);

impl GroupDecider {
    /// The decider of an append.
    pub fn of(write_context: &Arc<WriteContext>) -> Arc<dyn Decider> {
        Arc::new(Self(Arc::clone(write_context)))
    }

    fn today(&self) -> NaiveDate {
        day_of(self.0.now, self.0.zone)
    }
}

struct Groups {
    write_context: Arc<WriteContext>,
    policies: Vec<GroupPolicy>,
    /// Active households by group.
    households: BTreeMap<Uuid, BTreeSet<Uuid>>,
    /// Where those who are to lead live, by person.
    lives_in: BTreeMap<Uuid, Uuid>,
}

fn groups_of(claims: &[&Claim]) -> Vec<Value> {
    let of_claim = |claim: &&Claim| match claim.kind == HOUSEHOLD_GROUPS.name {
        true => Some(claim.id),
        false => claim.next.as_ref().and_then(|next| next.get(&HOUSEHOLD_GROUP_ID)),
    };
    claims.iter().filter_map(of_claim).map(Value::Id).collect()
}

impl Decider for GroupDecider {
    fn group(&self) -> &'static str {
        HOUSEHOLD_GROUPS.name
    }

    fn load(&self, district_code: &str, claims: &[&Claim]) -> Vec<Statement> {
        let households =
            Statement::new("SELECT h.id, h.household_group_id FROM households AS h WHERE h.district_code = ")
                .text(district_code)
                .sql(" AND h.household_group_id = ANY(")
                .column(ColumnType::Id, groups_of(claims))
                .sql(") AND NOT h.voided AND h.status = 'active'");
        let leaders = claims.iter().filter_map(|claim| claim.next.as_ref()?.get(&LEADER_PERSON_ID));
        let leaders = leaders.map(Value::Id).collect();
        let open = open_members(Statement::new(""), district_code, leaders, self.today());
        vec![households, open, GroupPolicy::statement(district_code)]
    }

    fn begin(&self, rows: Vec<Vec<Row>>) -> Result<Box<dyn State>, String> {
        Ok(Box::new(self.state(rows)))
    }
}

impl GroupDecider {
    fn state(&self, rows: Vec<Vec<Row>>) -> Groups {
        let mut lists = rows.into_iter();
        let mut next = || lists.next().unwrap_or_default();
        let mut households: BTreeMap<Uuid, BTreeSet<Uuid>> = BTreeMap::new();
        for mut row in next() {
            if let (Some(id), Some(group)) = (row.get(&ID), row.get(&HOUSEHOLD_GROUP_ID)) {
                households.entry(group).or_default().insert(id);
            }
        }
        let lives = |mut row: Row| Some((row.get(&PERSON_ID)?, row.get(&HOUSEHOLD_ID)?));
        let lives_in = next().into_iter().filter_map(lives).collect();
        let policies = next().into_iter().filter_map(GroupPolicy::of_row).collect();
        Groups { write_context: Arc::clone(&self.0), policies, households, lives_in }
    }
}

impl Groups {
    /// A household comes into a group, leaves it, or ends.
    fn household(&mut self, claim: &Claim) -> Result<(), Vec<Fault>> {
        if let Some(former) = claim.former.as_ref().and_then(|former| former.get(&HOUSEHOLD_GROUP_ID)) {
            self.households.entry(former).or_default().remove(&claim.id);
        }
        let Some(next) = claim.next.as_ref().filter(|next| is_active(next)) else { return Ok(()) };
        let Some(group) = next.get(&HOUSEHOLD_GROUP_ID) else { return Ok(()) };
        let max = self.max_households(next);
        let households = self.households.entry(group).or_default();
        if !households.contains(&claim.id) && i64::try_from(households.len()).unwrap_or(i64::MAX) >= max {
            let values = vec![("max", max.to_string())];
            return Err(vec![Fault { pointer: HOUSEHOLD_GROUP_ID.pointer(), code: GROUP_FULL, values, hint: None }]);
        }
        households.insert(claim.id);
        Ok(())
    }

    fn max_households(&self, values: &Values) -> i64 {
        let WriteContext { now, zone, district_code, .. } = &*self.write_context;
        let area_code = values.get(&AREA_CODE).unwrap_or(district_code);
        GroupPolicy::max_households(&self.policies, area_code, day_of(*now, *zone))
    }

    fn leader(&self, claim: &Claim) -> Result<(), Vec<Fault>> {
        let Some(leader) = claim.next.as_ref().and_then(|next| next.get(&LEADER_PERSON_ID)) else { return Ok(()) };
        let home = self.lives_in.get(&leader);
        let is_member = home.is_some_and(|home| self.households.get(&claim.id).is_some_and(|all| all.contains(home)));
        if is_member {
            return Ok(());
        }
        let code = LEADER_NOT_MEMBER;
        Err(vec![Fault { pointer: LEADER_PERSON_ID.pointer(), code, values: Vec::new(), hint: None }])
    }
}

impl State for Groups {
    fn admit(&mut self, claim: &Claim) -> Result<(), Vec<Fault>> {
        if claim.kind == HOUSEHOLDS.name { self.household(claim) } else { self.leader(claim) }
    }

    fn follow(self: Box<Self>) -> Result<Option<Append>, String> {
        Ok(None)
    }
}

/// Reasons against claims of one append as things stand before the lock, each with the record that it is about. A
/// household for which there is no room is nevertheless one of the group's to whoever is to lead it.
pub async fn foresee(
    core: &Core,
    write_context: &Arc<WriteContext>,
    claims: &[Claim],
) -> Result<Vec<(Uuid, Fault)>, Problem> {
    let decider = GroupDecider(Arc::clone(write_context));
    let district_code = &write_context.district_code;
    let own: Vec<&Claim> = claims.iter().filter(|claim| claim.decider.group() == decider.group()).collect();
    let mut rows = Vec::new();
    for statement in decider.load(district_code, &own) {
        rows.push(core.database.read(&statement.seeing_district(district_code)).await?);
    }
    let (mut groups, mut faults) = (decider.state(rows), Vec::new());
    for claim in own {
        let Err(against) = groups.admit(claim) else { continue };
        faults.extend(against.into_iter().map(|fault| (claim.id, fault)));
        let group = claim.next.as_ref().and_then(|next| next.get(&HOUSEHOLD_GROUP_ID));
        if let Some(group) = group {
            groups.households.entry(group).or_default().insert(claim.id);
        }
    }
    Ok(faults)
}
