//! Lianfang 联防: joint epidemic prevention for a district. One capture, every report.
//!
//! The map: [`kit`] knows no room; [`ledger`] is the one write path; [`records`] is what a field
//! record is; [`operations`] are routes and document in one; the rest are rooms, listed in [`routes`].

pub mod api_keys;
pub mod app;
pub mod audit;
pub mod auth;
pub mod changes;
pub mod commodities;
pub mod config;
pub mod deliveries;
pub mod demo;
pub mod disinfections;
pub mod divisions;
pub mod duties;
pub mod embedded;
pub mod enforcement_actions;
pub mod export_requests;
pub mod files;
pub mod gate_tallies;
pub mod imports;
pub mod inspections;
pub mod isolation_cases;
pub mod kit;
pub mod ledger;
pub mod market;
pub mod metrics;
pub mod need_requests;
pub mod observation_policies;
pub mod operations;
pub mod organizations;
pub mod people;
pub mod places;
pub mod price_alerts;
pub mod price_observations;
pub mod price_rules;
pub mod privacy;
pub mod publicity_activities;
pub mod records;
pub mod roster;
pub mod routes;
#[allow(missing_docs)] // made by diesel's macro
pub mod schema;
pub mod screenings;
pub mod sealing;
pub mod serve;
pub mod service;
pub mod service_rules;
pub mod shifts;
pub mod start;
pub mod stats;
pub mod stock_movements;
pub mod stock_targets;
pub mod supply_channels;
pub mod supply_reports;
pub mod supply_statistics;
pub mod sync;
pub mod teams;
pub mod users;
pub mod verify;
pub mod vocabularies;
pub mod volunteers;
pub mod wall;
