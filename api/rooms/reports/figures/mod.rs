//! Figures that no single kind declares: of units, of stores' goods, of what was expected.

mod duties;
mod stock;
mod units;

pub use self::duties::DUTY_FIGURES;
pub use self::stock::{STOCK_FIGURES, group_of};
pub use self::units::{COMPOUNDS, STAFF, UNIT_FIGURES};
