//! Access: signing in, tokens, sessions, roles.
//!
//! An access token says only who and which session. What the account may do is looked up by the
//! server and kept for three seconds, so that a revocation bites within five.

pub mod accounts;
pub mod closed_rooms;
pub mod colleagues;
pub mod keys;
pub mod operations;
pub mod organization_tree;
mod own_sessions;
pub mod passwords;
pub mod roles;
pub mod scope;
pub mod sessions;
mod throttle;
pub mod tokens;
mod wire;

pub use roles::{Actor, Grant, Role};
pub use wire::UserGrant;
