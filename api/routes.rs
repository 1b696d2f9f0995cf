//! The only list of rooms. A kind of record is one line in [`DEFINITIONS`]; a room with operations of
//! its own is one more in [`operations`].

use serde_json::{Map, Value as Json, json};
use utoipa::PartialSchema;

use crate::kit::vocabulary::Vocabulary;
use crate::operations::{Operation, document};
use crate::records::{Definition, Registry};
use crate::{
    api_keys, audit, auth, changes, commodities, deliveries, disinfections, divisions, duties, enforcement_actions,
    export_requests, gate_tallies, imports, inspections, isolation_cases, need_requests, observation_policies,
    organizations, people, places, price_alerts, price_observations, price_rules, publicity_activities, records,
    roster, screenings, service, service_rules, shifts, stats, stock_movements, stock_targets, supply_channels,
    supply_reports, supply_statistics, sync, teams, users, vocabularies, volunteers,
};

/// Every kind of record, those that are named before those that name them.
pub static DEFINITIONS: &[&Definition] = &[
    &organizations::ORGANIZATIONS,
    &places::PLACES,
    &people::PEOPLE,
    &screenings::SCREENINGS,
    &gate_tallies::GATE_TALLIES,
    &disinfections::DISINFECTIONS,
    &publicity_activities::PUBLICITY_ACTIVITIES,
    &inspections::INSPECTIONS,
    &isolation_cases::ISOLATION_CASES,
    &isolation_cases::OBSERVATION_NOTICES,
    &isolation_cases::ISOLATION_CASE_TRANSITIONS,
    &isolation_cases::TEMPERATURE_READINGS,
    &isolation_cases::FOLLOW_UP_VISITS,
    &isolation_cases::SPOT_CHECKS,
    &isolation_cases::ERRANDS,
    &isolation_cases::VIOLATIONS,
    &isolation_cases::PATROL_LOGS,
    &duties::DUTIES,
    &price_observations::PRICE_OBSERVATIONS,
    &price_rules::PRICE_RULES,
    &supply_reports::SUPPLY_REPORTS,
    &price_alerts::PRICE_ALERTS,
    &enforcement_actions::ENFORCEMENT_ACTIONS,
    &stock_movements::STOCK_MOVEMENTS,
    &stock_targets::STOCK_TARGETS,
    &supply_channels::SUPPLY_CHANNELS,
    &need_requests::NEED_REQUESTS,
    &deliveries::DELIVERIES,
    &teams::TEAMS,
    &volunteers::VOLUNTEERS,
    &service_rules::SERVICE_RULES,
    &shifts::templates::SHIFT_TEMPLATES,
    &shifts::SHIFTS,
    &shifts::assignments::SHIFT_ASSIGNMENTS,
    &shifts::attendances::SHIFT_ATTENDANCES,
    &shifts::service_records::SERVICE_RECORDS,
];

/// Vocabularies that no field of a record uses.
pub static VOCABULARIES: &[&Vocabulary] = &[&auth::roles::ROLE, &auth::keys::KEY_SCOPE, &people::PURPOSE];

/// Every operation of the service, in the order of the document.
pub fn operations(kinds: &Registry) -> Vec<Operation> {
    let mut operations = service::operations();
    operations.extend(auth::operations::operations());
    operations.extend(users::operations());
    operations.extend(api_keys::operations());
    operations.extend(audit::operations());
    operations.extend(divisions::operations());
    operations.extend(vocabularies::operations());
    operations.extend(changes::operations());
    operations.extend(sync::operations());
    operations.extend(imports::operations());
    operations.extend(export_requests::operations());
    operations.extend(observation_policies::operations());
    operations.extend(people::operations());
    operations.extend(screenings::operations());
    operations.extend(isolation_cases::operations());
    operations.extend(duties::operations());
    operations.extend(commodities::operations());
    operations.extend(price_alerts::operations());
    operations.extend(stock_movements::operations());
    operations.extend(supply_statistics::operations());
    operations.extend(shifts::operations());
    operations.extend(roster::operations());
    operations.extend(stats::operations(kinds));
    operations.extend(kinds.kinds().flat_map(records::operations::of_kind));
    operations
}

/// The document of the service.
pub fn document(kinds: &Registry) -> Json {
    let mut schemas: Map<String, Json> = Map::new();
    schemas.extend(service::schemas());
    schemas.extend(auth::operations::schemas());
    schemas.extend(users::schemas());
    schemas.extend(api_keys::schemas());
    schemas.extend(audit::schemas());
    schemas.extend(divisions::schemas());
    schemas.extend(vocabularies::schemas());
    schemas.extend(changes::schemas());
    schemas.extend(sync::schemas());
    schemas.extend(imports::schemas());
    schemas.extend(export_requests::schemas());
    schemas.extend(observation_policies::schemas());
    schemas.extend(people::schemas());
    schemas.extend(screenings::schemas());
    schemas.extend(isolation_cases::schemas());
    schemas.extend(duties::schemas());
    schemas.extend(commodities::schemas());
    schemas.extend(stock_movements::schemas());
    schemas.extend(supply_statistics::schemas());
    schemas.extend(shifts::schemas());
    schemas.extend(roster::schemas());
    schemas.extend(stats::schemas());
    schemas.extend(kinds.kinds().flat_map(records::document::schemas));
    schemas.insert("BatchResults".into(), records::batch::schema());
    schemas.insert("RevisionPage".into(), records::history::schema());
    let restoring = records::document::described(records::operations::RESTORE, "Restores a void record.");
    schemas.insert("Restoring".into(), restoring);
    schemas.insert("Voiding".into(), records::document::described(records::operations::VOID, "Voids a record."));
    document::document(&operations(kinds), schemas)
}

/// The schema of a wire type under its name.
pub fn schema_of<T: PartialSchema>(name: &str) -> (String, Json) {
    (name.to_owned(), serde_json::to_value(T::schema()).unwrap_or_else(|_| json!({})))
}
