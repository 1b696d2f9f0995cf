//! All tests that need the service: one binary, one PostgreSQL, a database for each test.

// A test says what must hold by panicking when it doesn't.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
#![allow(clippy::cloned_ref_to_slice_refs, clippy::large_futures, clippy::needless_pass_by_value, missing_docs)]

mod api_keys;
mod assignees;
mod attendance;
mod audit;
mod backups;
mod batcher;
mod batches;
mod care_model;
mod changes;
mod command_line;
mod conformance;
mod contract;
mod corpus;
mod day_grid;
mod decide;
mod demo;
mod duties;
mod events;
mod exports;
mod faults;
mod figures;
mod figures_model;
mod figures_shifts;
mod figures_situation;
mod figures_states;
mod fuzz;
mod hardening;
mod imports;
mod isolation_cases;
mod ledger;
mod lookups;
mod merged_lines;
mod merges;
mod people;
mod permissions;
mod places;
mod price_rules;
mod privacy;
mod process;
mod proof_rooms;
mod pull;
mod records;
mod roster_views;
mod schema;
mod scopes;
mod screenings;
mod service;
mod shifts;
mod sign_in;
mod simulator;
mod slow_senders;
mod small_cells;
mod stocks;
mod supply;
mod supply_statistics;
mod support;
mod sync;
mod sync_rights;
mod throttle;
mod users;
mod verify;
mod walls;
