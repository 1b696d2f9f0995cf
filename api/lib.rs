//! Lianfang 联防: joint epidemic prevention for a district. One capture, every report.
//!
//! The map, each layer standing on those before it: the packages `kit` (values, fields, problems) and `ledger` (the one
//! write path); [`platform`]; [`records`], which is what a field record is; [`exchange`], [`statistics`] and
//! [`integrity`] over records of any kind; [`rooms`], the themes; [`server`]. `docs/architecture.md` says more.

pub mod exchange;
pub mod integrity;
pub mod platform;
pub mod records;
pub mod rooms;
pub mod server;
pub mod statistics;
