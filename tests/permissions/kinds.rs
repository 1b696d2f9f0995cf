//! Roles that read and write records of each kind.

use super::*;

/// The matrix of what every kind of record has: its kind, who reads, who writes. One line a kind.
pub const KINDS: &[(&str, &str, &str)] = &[
    ("organizations", ALL, ADMINISTRATORS),
    ("places", PLACE_READERS, PLACE_WRITERS),
    ("people", PERSON_READERS, PERSON_WRITERS),
    ("screenings", SCREENING_READERS, SCREENING_WRITERS),
    ("gate_tallies", TALLY_READERS, TALLY_WRITERS),
    (
        "disinfections",
        "district_admin org_admin inspector grid_worker town_cadre village_cadre health_worker cdc_officer gate_guard volunteer",
        "district_admin org_admin grid_worker town_cadre village_cadre gate_guard volunteer",
    ),
    (
        "publicity_activities",
        "district_admin org_admin inspector grid_worker town_cadre village_cadre group_cadre health_worker cdc_officer volunteer justice_officer",
        "district_admin org_admin grid_worker town_cadre village_cadre group_cadre health_worker volunteer justice_officer",
    ),
    ("inspections", "district_admin org_admin inspector town_cadre cdc_officer", "district_admin org_admin inspector"),
    ("isolation_cases", CARERS, CARERS),
    ("observation_notices", CARERS, "district_admin town_cadre health_worker"),
    (
        "isolation_case_transitions",
        CARERS,
        "district_admin town_cadre village_cadre health_worker cdc_officer police_officer",
    ),
    (
        "temperature_readings",
        CARERS,
        "district_admin grid_worker town_cadre village_cadre group_cadre health_worker cdc_officer",
    ),
    ("follow_up_visits", CARERS, CARERS),
    ("spot_checks", CARERS, "district_admin police_officer"),
    ("errands", CARERS, "district_admin grid_worker town_cadre village_cadre group_cadre"),
    (
        "violations",
        // Bureaus those of no case.
        "district_admin org_admin inspector grid_worker town_cadre village_cadre group_cadre health_worker cdc_officer police_officer",
        "district_admin org_admin inspector grid_worker town_cadre village_cadre group_cadre health_worker police_officer",
    ),
    ("patrol_logs", CARERS, "district_admin grid_worker village_cadre group_cadre"),
    ("directives", ALL, "district_admin org_admin"),
    (
        "org_members",
        "district_admin org_admin town_cadre village_cadre cdc_officer justice_officer",
        "district_admin org_admin town_cadre",
    ),
    ("reporting_requirements", ALL, "district_admin org_admin town_cadre"),
    (
        "daily_reports",
        "district_admin org_admin town_cadre village_cadre health_worker cdc_officer police_officer justice_officer auditor",
        "district_admin org_admin town_cadre village_cadre health_worker cdc_officer police_officer justice_officer",
    ),
    (
        "work_logs",
        "district_admin org_admin inspector grid_worker town_cadre village_cadre group_cadre health_worker cdc_officer police_officer justice_officer",
        "district_admin org_admin inspector grid_worker town_cadre village_cadre group_cadre health_worker cdc_officer police_officer justice_officer",
    ),
    ("duties", DUTY_READERS, ""),
    (
        "travels",
        "district_admin org_admin grid_worker town_cadre village_cadre group_cadre health_worker cdc_officer police_officer gate_guard volunteer",
        "district_admin org_admin grid_worker town_cadre village_cadre group_cadre health_worker cdc_officer police_officer gate_guard volunteer",
    ),
    ("commodity_entries", ALL, "district_admin org_admin"),
    ("supply_reports", SUPPLY_READERS, "district_admin org_admin town_cadre store_reporter"),
    ("price_observations", SUPPLY_READERS, "district_admin org_admin"),
    ("retention_policies", "district_admin org_admin town_cadre cdc_officer auditor", "district_admin"),
    ("price_rules", SUPPLY_READERS, "district_admin org_admin"),
    ("price_alerts", SUPPLY_READERS, ""),
    ("enforcement_actions", "district_admin org_admin inspector town_cadre", "district_admin org_admin inspector"),
    ("stock_movements", SUPPLY_READERS, "district_admin org_admin town_cadre store_reporter"),
    ("stock_targets", SUPPLY_READERS, "district_admin org_admin"),
    ("supply_channels", SUPPLY_READERS, "district_admin org_admin store_reporter"),
    ("need_requests", HELPERS, HELPERS),
    ("deliveries", HELPERS, HELPERS),
    ("compound_partnerships", COMPOUND_READERS, "district_admin org_admin town_cadre"),
    ("mask_collections", SURVEYORS, SURVEYORS),
    ("gathering_bans", BANQUET_READERS, ADMINISTRATORS),
    (
        "banquets",
        BANQUET_READERS,
        "district_admin org_admin inspector grid_worker town_cadre village_cadre group_cadre store_reporter",
    ),
    (
        "commitments",
        "district_admin org_admin inspector grid_worker town_cadre village_cadre group_cadre health_worker cdc_officer police_officer volunteer store_reporter",
        "district_admin org_admin grid_worker town_cadre village_cadre group_cadre health_worker cdc_officer police_officer volunteer store_reporter",
    ),
    ("donations", GOODS_READERS, "district_admin org_admin town_cadre"),
    ("material_issues", GOODS_READERS, "district_admin org_admin town_cadre"),
    ("teams", ROSTER_READERS, ORGANIZERS),
    ("volunteers", ROSTER_READERS, ORGANIZERS),
    ("service_rules", ROSTER_READERS, "district_admin"),
    ("shift_templates", ROSTER_READERS, ORGANIZERS),
    ("shifts", ROSTER_READERS, ORGANIZERS),
    ("shift_assignments", ROSTER_READERS, "district_admin org_admin grid_worker town_cadre village_cadre volunteer"),
    (
        "shift_attendances",
        ROSTER_READERS,
        "district_admin org_admin grid_worker town_cadre village_cadre gate_guard volunteer",
    ),
    ("service_records", ROSTER_READERS, ORGANIZERS),
    ("bulletin_templates", BULLETIN_READERS, ADMINISTRATORS),
    ("bulletin_editions", BULLETIN_READERS, ""),
    ("grid_cells", SURVEYORS, "district_admin town_cadre"),
    ("household_group_policies", SURVEYORS, "district_admin"),
    ("care_policies", SURVEYORS, "district_admin cdc_officer"),
    ("household_groups", SURVEYORS, "district_admin grid_worker town_cadre village_cadre"),
    ("households", SURVEYORS, HOUSEHOLD_KEEPERS),
    ("household_members", SURVEYORS, HOUSEHOLD_KEEPERS),
    ("survey_rounds", SURVEYORS, "district_admin org_admin town_cadre cdc_officer"),
    ("survey_visits", SURVEYORS, SURVEYORS),
    ("attachments", ATTACHERS, ATTACHERS),
    ("oversight_checks", "district_admin org_admin inspector auditor", "district_admin inspector auditor"),
    (
        "rectifications",
        "district_admin org_admin inspector town_cadre store_reporter auditor",
        "district_admin org_admin inspector auditor",
    ),
    (
        "rectification_steps",
        "district_admin org_admin inspector town_cadre store_reporter auditor",
        "district_admin org_admin inspector store_reporter auditor",
    ),
    (
        "liaisons",
        "district_admin org_admin grid_worker town_cadre village_cadre group_cadre",
        "district_admin org_admin grid_worker town_cadre village_cadre group_cadre",
    ),
    ("tips", FIELD_AND_UNITS, FIELD_AND_UNITS),
    ("incidents", FIELD_AND_UNITS, FIELD_AND_UNITS),
    ("task_forces", UNIT_READERS, "district_admin org_admin town_cadre justice_officer"),
    ("working_groups", UNIT_READERS, "district_admin org_admin town_cadre justice_officer"),
    ("legal_service_items", "justice_officer district_admin", "justice_officer"),
    (
        "disputes",
        "district_admin org_admin town_cadre police_officer justice_officer",
        "town_cadre police_officer justice_officer",
    ),
    ("corrections_subjects", "justice_officer", "justice_officer"),
    ("corrections_checks", "justice_officer", "justice_officer"),
    ("counseling_sessions", "counselor", "counselor"),
    ("youth_works", "district_admin org_admin town_cadre volunteer counselor", "district_admin org_admin volunteer"),
];

/// Whoever hears what people say.
const FIELD_AND_UNITS: &str = "district_admin org_admin grid_worker town_cadre village_cadre group_cadre health_worker cdc_officer police_officer";

/// Roles that void and restore, where they are fewer than those that write.
pub const VOIDERS: &[(&str, &str)] =
    &[("people", "district_admin"), ("isolation_cases", "district_admin"), ("shift_assignments", ORGANIZERS)];

/// Roles that read how a unit is set up.
const UNIT_READERS: &str =
    "district_admin org_admin inspector town_cadre village_cadre cdc_officer justice_officer auditor";
