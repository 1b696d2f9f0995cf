//! Communities: what is done with and for the people of an area: liaison, incidents, tips from the public.

mod asked;
mod incidents;
mod liaisons;
mod tips;

pub use asked::DUTY_SOURCE;

use kit::text::Text;

use crate::platform::access::Role;
use crate::records::Theme;

/// Roles of the field and of units: they hear what people say, and deal with it.
const FIELD_AND_UNITS: &[Role] = &[
    Role::DistrictAdmin,
    Role::OrgAdmin,
    Role::GridWorker,
    Role::TownCadre,
    Role::VillageCadre,
    Role::GroupCadre,
    Role::HealthWorker,
    Role::CdcOfficer,
    Role::PoliceOfficer,
];

/// This theme.
pub static THEME: Theme = Theme {
    title: Text::new("Communities", "群众工作"),
    kinds: &[&liaisons::LIAISONS, &tips::TIPS, &incidents::INCIDENTS],
    operations: tips::operations,
    ..Theme::NOTHING
};
