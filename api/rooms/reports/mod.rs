//! Reports: what was expected against what came, and the sentences of the daily bulletin.

mod completeness;
mod figures;
mod missed;
mod names;
mod situation;
mod subjects;

use kit::text::Text;

use crate::platform::access::Role;
use crate::platform::http::Operation;
use crate::records::Theme;

/// Roles that see the work of units.
const READERS: &[Role] = &[Role::DistrictAdmin, Role::OrgAdmin, Role::TownCadre, Role::CdcOfficer];

/// This theme.
pub static THEME: Theme = Theme {
    title: Text::new("Reports", "报表"),
    operations,
    figures: &[&figures::UNIT_FIGURES, &figures::STOCK_FIGURES, &figures::DUTY_FIGURES],
    ..Theme::NOTHING
};

fn operations() -> Vec<Operation> {
    vec![completeness::operation(), missed::operation(), names::operation(), situation::operation()]
}
