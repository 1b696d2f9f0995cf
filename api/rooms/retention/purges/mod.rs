//! Purges over HTTP: ordered, watched, each with its certificate.

mod routes;
mod wire;

pub use self::routes::operations;
pub use self::wire::PurgeState;
