//! API keys of scripts and dashboards. A key is made by an administrator within his own reach, shown
//! once, narrowed to scopes, and ends on a day.

mod routes;
mod store;
mod wire;

pub use routes::operations;
pub use store::{NewKey, add, load, owner, revoke};
pub use wire::ApiKey;
