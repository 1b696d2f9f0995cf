//! All tests that need the service: one binary, one PostgreSQL, a database for each test.

// A test says what must hold by panicking when it doesn't.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
#![allow(clippy::large_futures, clippy::needless_pass_by_value, missing_docs)]

mod backups;
mod batcher;
mod batches;
mod changes;
mod contract;
mod decide;
mod faults;
mod ledger;
mod people;
mod permissions;
mod places;
mod privacy;
mod process;
mod records;
mod schema;
mod screenings;
mod service;
mod sign_in;
mod slow_senders;
mod support;
mod users;
mod verify;
