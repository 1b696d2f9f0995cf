//! All tests that need the service: one binary, one PostgreSQL, a database for each test.

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
