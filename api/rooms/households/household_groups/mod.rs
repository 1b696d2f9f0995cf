//! Household groups (十户组): neighbours who look after one another under a leader of their own (每10户设立1名负责人).

pub mod decider;
pub mod gaps;
pub mod policies;
mod set_up;
pub mod standing;

use std::sync::Arc;

use chrono::NaiveDate;
use kit::field::{Field, Shape};
use kit::fields;
use kit::text::Text;
use ledger::decide::Decider;
use uuid::Uuid;

use self::decider::GroupDecider;
pub use self::set_up::operations;
use super::READERS;
use crate::platform::access::Role;
use crate::records::create::SYNC;
use crate::records::write_context::WriteContext;
use crate::records::{Context, Definition, Draft, Figure, Kind, Measure, Record, Rules};

fields! {
    /// The fields of a group, beside the envelope's.
    static FIELDS;
    NAME: String = Field::new("name", Shape::Text { min: 1, max: 60, pattern: None }, Text::new("Name", "组名"), "What people call it.").also(&["联户组", "十户组", "小组"]).required();
    GRID_CELL_ID: Uuid = Field::new("grid_cell_id", Shape::Reference("grid_cells"), Text::new("Grid cell", "网格"), "The cell it belongs to.").brings_area(1);
    LEADER_PERSON_ID: Uuid = Field::new("leader_person_id", Shape::Reference("people"), Text::new("Leader", "负责人(联户长)"), "A member of one of its households.");
    LEADER_USER_ID: Uuid = Field::new("leader_user_id", Shape::Account, Text::new("Leader's account", "负责人账号"), "The leader's account, if there is one.");
    ESTABLISHED_ON: NaiveDate = Field::new("established_on", Shape::Day, Text::new("Established on", "成立日期"), "Since when.").any_day().happened();
    ACTIVE: bool = Field::new("active", Shape::Boolean, Text::new("Active", "启用"), "Whether it is in use; yes by default.");
}

/// The kind.
pub static HOUSEHOLD_GROUPS: Kind = Kind::of(Definition {
    name: "household_groups",
    path: "household-groups",
    schema: "HouseholdGroup",
    label: Text::new("Household group", "十户组"),
    about: "Neighbouring households under a leader of their own.",
    fields: FIELDS,
    filters: &[GRID_CELL_ID.name(), LEADER_USER_ID.name(), ACTIVE.name()],
    readers: READERS,
    writers: &[Role::DistrictAdmin, Role::TownCadre, Role::VillageCadre, Role::GridWorker],
    rules: &GroupRules,
    example: include_str!("../../../../openapi/examples/household_groups/create.json"),
    ..Definition::FIELD_RECORD
});

struct GroupRules;

const GROUPS: Figure =
    Figure::new("household_groups", Text::new("Household groups", "十户组"), Text::new("groups", "个")).open();

impl Rules for GroupRules {
    fn stays_while_named(&self) -> bool {
        true
    }

    fn stands_when_known(&self) -> bool {
        true
    }

    fn judge(&self, draft: &mut Draft, _context: &Context<'_>) {
        if draft.values.get(&ACTIVE).is_none() {
            draft.values.set(&ACTIVE, true);
        }
    }

    fn judged_across_rows(&self) -> bool {
        true
    }

    /// Only who leads is judged: a leader who leaves later makes a gap, no refusal.
    fn decider(
        &self,
        former: Option<&Record>,
        next: &Record,
        write_context: &Arc<WriteContext>,
    ) -> Option<Arc<dyn Decider>> {
        let leader = next.values.get(&LEADER_PERSON_ID)?;
        let is_new = former.and_then(|former| former.values.get(&LEADER_PERSON_ID)) != Some(leader);
        (is_new && !next.envelope.voided).then(|| GroupDecider::of(write_context))
    }

    fn relaxes_for(&self, source: &str) -> bool {
        source == SYNC
    }

    /// Names of a leader who lives elsewhere give way: the group is kept without one.
    fn relax_on_conflict(&self, draft: &mut Draft, faults: &[kit::faults::Fault]) -> bool {
        let about_leader = faults.iter().any(|fault| fault.code == super::codes::LEADER_NOT_MEMBER);
        if about_leader {
            draft.values.clear(&LEADER_PERSON_ID);
            draft.warn(&decider::LEADER_LEFT_OUT, &LEADER_PERSON_ID);
        }
        about_leader
    }

    fn figures(&self) -> &'static [Figure] {
        const { &[GROUPS] }
    }

    fn measures(&self, _record: &Record) -> Vec<Measure> {
        vec![GROUPS.measured(1)]
    }
}
