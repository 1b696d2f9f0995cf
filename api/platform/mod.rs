//! Foundations of every theme: access, audit, privacy, the database's own guard, divisions, HTTP, configuration.
//! It knows no kind of record.

pub mod access;
pub mod audit;
pub mod called;
pub mod codes;
pub mod config;
pub mod core;
pub mod divisions;
pub mod embedded;
pub mod http;
pub mod leases;
pub mod metrics;
pub mod objects;
pub mod outbound;
pub mod privacy;
pub mod row_security;
#[allow(missing_docs)] // made by diesel's macro
pub mod schema;
