//! Accounts: who may sign in, with which roles over which areas.
//!
//! - Nobody grants a role or an area wider than his own; accounts are seen by whoever administers an
//!   area in which they hold a role.
//! - A new account has a one-time password, told once; nothing else works until it is changed.
//! - Taking roles away or deactivating bites within five seconds.

mod batch;
mod grants;
mod routes;
mod rules;
mod store;
mod wire;

pub use grants::audited;
pub use routes::operations;
pub use rules::{held, read_new, require_grantable};
pub use store::{ADMINISTRATORS, NewUser, UserChange, add, change, load, reset_password, taken_names};
pub use wire::User;
