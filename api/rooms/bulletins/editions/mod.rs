//! Editions of bulletins (简报期): what was said under a number, with each figure and what it was counted from. They stay
//! as they were issued; what came later is told as corrections.

pub mod corrections;
mod issue;
mod numbering;
mod proof;
mod request;
mod show;
pub mod wire;
mod withdraw;

use std::sync::Arc;

use kit::text::Text;
use ledger::decide::Decider;

use self::numbering::NumberDecider;
pub use self::proof::unproven;
use self::wire::{AS_OF_ON, FIELDS, SERIES, STATE, TEMPLATE_CODE};
use crate::platform::access::Role;
use crate::platform::http::Operation;
use crate::records::write_context::WriteContext;
use crate::records::{Definition, Kind, Measure, Record, Rules};

/// Roles that read editions.
pub const READERS: &[Role] = &[Role::DistrictAdmin, Role::OrgAdmin, Role::TownCadre, Role::CdcOfficer, Role::Auditor];

/// The kind.
pub static BULLETIN_EDITIONS: Kind = Kind::of(Definition {
    name: "bulletin_editions",
    path: "bulletin-editions",
    schema: "BulletinEdition",
    label: Text::new("Bulletin edition", "简报"),
    about: "What a bulletin said under its number, frozen. Written by `POST /v1/bulletin-editions`.",
    fields: FIELDS,
    filters: &[TEMPLATE_CODE.name(), SERIES.name(), AS_OF_ON.name(), STATE.name()],
    readers: READERS,
    writers: &[],
    rules: &EditionRules,
    example: include_str!("../../../../openapi/examples/bulletin_editions/served.json"),
    sequence: 2,
    ..Definition::FIELD_RECORD
});

struct EditionRules;

impl Rules for EditionRules {
    fn decider(&self, _: Option<&Record>, _: &Record, _: &Arc<WriteContext>) -> Option<Arc<dyn Decider>> {
        Some(NumberDecider::shared())
    }

    fn judged_across_rows(&self) -> bool {
        true
    }

    fn measures(&self, _record: &Record) -> Vec<Measure> {
        vec![("bulletin_editions", 1)]
    }
}

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    [issue::operations(), withdraw::operations(), show::operations(), corrections::operations()]
        .into_iter()
        .flatten()
        .collect()
}
