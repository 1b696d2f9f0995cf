//! Personal data: what is encrypted, with which keys, how it is found again and how it is shown.
//!
//! All personal fields of a record are kept in one envelope in the column `personal`
//! ([`seal`]); what must be found by value has a blind index beside it ([`blind`]); what is shown
//! is masked ([`mask`]). The keys lie outside the database ([`keys`]). Losing them loses the people.

pub mod blind;
pub mod device;
pub mod holder;
pub mod keys;
pub mod known;
pub mod mask;
pub mod numbered;
mod purpose;
pub mod seal;

pub use self::purpose::{PURPOSE, REVEALERS};
