//! Grid cells (网格): the smallest unit of a community's work, each with its leader and workers.

use kit::field::{Field, Shape, free_text};
use kit::fields;
use kit::text::Text;
use uuid::Uuid;

use super::READERS;
use crate::platform::access::Role;
use crate::records::{Context, Definition, Draft, Figure, Kind, Measure, Record, Rules};

fields! {
    /// The fields of a cell, beside the envelope's.
    static FIELDS;
    CODE: String = Field::new("code", Shape::Text { min: 1, max: 20, pattern: None }, Text::new("Code", "网格编号"), "Its code, as the community writes it.").required();
    NAME: String = Field::new("name", free_text(100), Text::new("Name", "网格名称"), "Its name.").also(&["网格", "所属网格"]).required();
    PARENT_ID: Uuid = Field::new("parent_id", Shape::Reference("grid_cells"), Text::new("Parent", "上级网格"), "The cell it is a part of.");
    RESPONSIBLE_ORG_ID: Uuid = Field::new("responsible_org_id", Shape::Reference("organizations"), Text::new("Responsible organization", "责任单位"), "The department that helps there.");
    LEADER_USER_ID: Uuid = Field::new("leader_user_id", Shape::Account, Text::new("Leader's account", "网格长账号"), "Account that answers for it.");
    LEADER_NAME: String = Field::new("leader_name", free_text(60), Text::new("Leader", "网格长"), "Name of its leader. Encrypted at rest.").sealed();
    LEADER_PHONE: String = Field::new("leader_phone", free_text(20), Text::new("Leader's phone", "网格长电话"), "How to reach the leader. Encrypted at rest.").sealed();
    WORKER_USER_IDS: Vec<Uuid> = Field::new("worker_user_ids", Shape::List { of: &Shape::Account, max: 50 }, Text::new("Workers' accounts", "网格员账号"), "Accounts that work in it.");
    ACTIVE: bool = Field::new("active", Shape::Boolean, Text::new("Active", "启用"), "Whether it is in use; yes by default.");
}

/// The kind.
pub static GRID_CELLS: Kind = Kind::of(Definition {
    name: "grid_cells",
    path: "grid-cells",
    schema: "GridCell",
    label: Text::new("Grid cell", "网格"),
    about: "The smallest unit of a community's work.",
    fields: FIELDS,
    filters: &[CODE.name(), PARENT_ID.name(), LEADER_USER_ID.name(), ACTIVE.name()],
    slow_changing: true,
    readers: READERS,
    writers: &[Role::DistrictAdmin, Role::TownCadre],
    rules: &GridCellRules,
    example: include_str!("../../../../openapi/examples/grid_cells/create.json"),
    ..Definition::FIELD_RECORD
});

struct GridCellRules;

const CELLS: Figure = Figure::new("grid_cells", Text::new("Grid cells", "网格"), Text::new("cells", "个")).open();

impl Rules for GridCellRules {
    fn stays_while_named(&self) -> bool {
        true
    }

    fn stands_when_known(&self) -> bool {
        true
    }

    fn natural_key(&self) -> &'static [&'static str] {
        const { &[CODE.name()] }
    }

    fn judge(&self, draft: &mut Draft, _context: &Context<'_>) {
        if draft.values.get(&ACTIVE).is_none() {
            draft.values.set(&ACTIVE, true);
        }
    }

    fn figures(&self) -> &'static [Figure] {
        const { &[CELLS] }
    }

    fn measures(&self, _record: &Record) -> Vec<Measure> {
        vec![CELLS.measured(1)]
    }
}
