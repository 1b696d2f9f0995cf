//! Permissions: a row for every operation of the document, a request for every role.

pub mod kinds;

use std::collections::BTreeMap;

use lianfang::platform::access::{Grant, Role};
use lianfang::platform::http::Operation;
use lianfang::records::Registry;
use lianfang::server::routes;
use reqwest::Method;
use uuid::Uuid;

use self::kinds::{KINDS, VOIDERS};
use crate::support::TestApp;

/// Everybody, signed in or not.
const PUBLIC: &str = "public";
/// Everybody who is signed in.
const ALL: &str = "all";
const ADMINISTRATORS: &str = "district_admin org_admin";
const PLACE_READERS: &str = "district_admin org_admin inspector grid_worker town_cadre village_cadre group_cadre health_worker cdc_officer police_officer gate_guard volunteer store_reporter justice_officer counselor";
const PLACE_WRITERS: &str = "district_admin org_admin town_cadre";
const PERSON_READERS: &str = "district_admin grid_worker town_cadre village_cadre group_cadre health_worker cdc_officer police_officer gate_guard volunteer";
const PERSON_WRITERS: &str = "district_admin grid_worker town_cadre village_cadre health_worker cdc_officer";
const PEOPLE_BY_CATEGORY_READERS: &str = "district_admin grid_worker town_cadre village_cadre group_cadre health_worker cdc_officer police_officer gate_guard volunteer statistics_reader";
const SCREENING_READERS: &str = "district_admin org_admin grid_worker town_cadre village_cadre health_worker cdc_officer police_officer gate_guard volunteer";
const SCREENING_WRITERS: &str = "district_admin org_admin town_cadre village_cadre health_worker gate_guard volunteer";

const AUDITORS: &str = "district_admin auditor";
const SEARCHERS: &str = "district_admin grid_worker town_cadre village_cadre health_worker cdc_officer police_officer";
const MERGERS: &str = "district_admin town_cadre health_worker cdc_officer";
const TALLY_READERS: &str =
    "district_admin org_admin town_cadre village_cadre health_worker cdc_officer gate_guard volunteer";
/// Roles that make rosters.
const ORGANIZERS: &str = "district_admin org_admin grid_worker town_cadre village_cadre";
/// Roles that see them.
const ROSTER_READERS: &str =
    "district_admin org_admin grid_worker town_cadre village_cadre group_cadre health_worker gate_guard volunteer";
/// Roles that read bulletins.
const BULLETIN_READERS: &str = "district_admin org_admin town_cadre cdc_officer auditor";
/// Roles that issue them.
const BULLETIN_ISSUERS: &str = "district_admin org_admin town_cadre";
/// Roles that survey households and read what was surveyed.
const SURVEYORS: &str = "district_admin org_admin grid_worker town_cadre village_cadre group_cadre health_worker cdc_officer police_officer volunteer";
/// Roles that keep the register of households.
const HOUSEHOLD_KEEPERS: &str = HELPERS;
/// Roles that make survey rounds.
const ROUND_MAKERS: &str = "district_admin org_admin town_cadre cdc_officer";
/// Roles that say two households are one.
const HOUSEHOLD_MERGERS: &str = "district_admin grid_worker town_cadre village_cadre";
/// Roles that take requests of households and deliver.
const HELPERS: &str = "district_admin org_admin grid_worker town_cadre village_cadre group_cadre volunteer";
/// Roles that read what is told of compounds.
const COMPOUND_READERS: &str = "district_admin org_admin grid_worker town_cadre village_cadre group_cadre health_worker cdc_officer police_officer";
/// Roles that read of banquets.
const BANQUET_READERS: &str = "district_admin org_admin inspector grid_worker town_cadre village_cadre group_cadre cdc_officer police_officer store_reporter";
/// Roles that see what stores report.
const GOODS_READERS: &str = "district_admin org_admin grid_worker town_cadre village_cadre";
const SUPPLY_READERS: &str = "district_admin org_admin inspector town_cadre store_reporter";
const SUPPLY_STATISTICS_READERS: &str =
    "district_admin org_admin inspector town_cadre store_reporter statistics_reader";
/// Roles that care for those observed at home.
const CARERS: &str =
    "district_admin grid_worker town_cadre village_cadre group_cadre health_worker cdc_officer police_officer";
const DUTY_READERS: &str = "district_admin org_admin grid_worker town_cadre village_cadre group_cadre health_worker cdc_officer police_officer inspector store_reporter gate_guard volunteer justice_officer counselor";
/// Roles that write records of some kind.
const RECORDERS: &str = "district_admin org_admin inspector grid_worker town_cadre village_cadre group_cadre health_worker cdc_officer police_officer gate_guard volunteer store_reporter justice_officer counselor auditor";
/// Roles that read or write something to which pictures are attached.
const ATTACHERS: &str = "district_admin org_admin inspector grid_worker town_cadre village_cadre group_cadre health_worker cdc_officer police_officer store_reporter volunteer auditor";
const TALLY_WRITERS: &str = "district_admin org_admin town_cadre village_cadre gate_guard volunteer";

/// The matrix: operation and the roles that may use it. An operation without a row fails the test.
const MATRIX: &[(&str, &str)] = &[
    ("get_health", PUBLIC),
    ("get_readiness", PUBLIC),
    ("get_document", PUBLIC),
    ("create_session", PUBLIC),
    ("refresh_session", PUBLIC),
    ("get_jwks", PUBLIC),
    ("end_session", ALL),
    ("change_password", ALL),
    ("get_me", ALL),
    ("get_certificate_keys", PUBLIC),
    ("get_attachment_upload", ATTACHERS),
    ("upload_attachment_content", ATTACHERS),
    ("get_attachment_content", ATTACHERS),
    ("get_attachment_thumbnail", ATTACHERS),
    (
        "get_daily_report_draft",
        "district_admin org_admin town_cadre village_cadre health_worker cdc_officer police_officer justice_officer",
    ),
    (
        "get_work_log_draft",
        "district_admin org_admin inspector grid_worker town_cadre village_cadre group_cadre health_worker cdc_officer police_officer justice_officer",
    ),
    (
        "get_reporting",
        "district_admin org_admin town_cadre village_cadre health_worker cdc_officer police_officer justice_officer auditor",
    ),
    ("get_isolation_case_timeline", CARERS),
    ("get_inspection_coverage", "district_admin org_admin inspector town_cadre cdc_officer"),
    ("get_inspection_results", "district_admin org_admin inspector town_cadre cdc_officer"),
    (
        "reveal_informant",
        "district_admin org_admin grid_worker town_cadre village_cadre group_cadre health_worker cdc_officer police_officer",
    ),
    ("get_isolation_case_days", CARERS),
    ("get_isolation_case_certificate", "district_admin town_cadre health_worker cdc_officer"),
    ("verify_certificate", ALL),
    ("print_isolation_case_certificate", "district_admin town_cadre health_worker cdc_officer"),
    ("get_duty_summary", DUTY_READERS),
    ("create_bulletin_edition", BULLETIN_ISSUERS),
    ("withdraw_bulletin_edition", BULLETIN_ISSUERS),
    ("amend_bulletin_edition", BULLETIN_ISSUERS),
    ("void_bulletin_edition", BULLETIN_ISSUERS),
    ("print_bulletin_edition", BULLETIN_READERS),
    ("read_bulletin_edition", BULLETIN_READERS),
    ("get_bulletin_figure", BULLETIN_READERS),
    ("get_bulletin_corrections", BULLETIN_READERS),
    ("list_bulletins_templates", BULLETIN_READERS),
    ("preview_bulletin", BULLETIN_READERS),
    ("print_bulletin_preview", BULLETIN_READERS),
    ("read_bulletin_preview", BULLETIN_READERS),
    ("start_survey_round", ROUND_MAKERS),
    ("close_survey_round", ROUND_MAKERS),
    ("cancel_survey_round", ROUND_MAKERS),
    ("list_survey_targets", SURVEYORS),
    ("list_survey_missed", SURVEYORS),
    ("get_survey_coverage", SURVEYORS),
    ("list_household_group_gaps", SURVEYORS),
    ("list_gaps", SURVEYORS),
    ("get_gap_summary", SURVEYORS),
    ("get_policies_in_force", SURVEYORS),
    ("list_uncollected_mask_points", SURVEYORS),
    ("get_compound_sheet", COMPOUND_READERS),
    (
        "get_venue_status",
        "district_admin org_admin inspector grid_worker town_cadre village_cadre group_cadre health_worker cdc_officer police_officer gate_guard volunteer store_reporter justice_officer counselor statistics_reader",
    ),
    ("merge_household", HOUSEHOLD_MERGERS),
    ("unmerge_household", HOUSEHOLD_MERGERS),
    ("list_household_people", SURVEYORS),
    ("list_household_timeline", SURVEYORS),
    ("list_survey_changes", SURVEYORS),
    ("set_up_household_group", "district_admin grid_worker town_cadre village_cadre"),
    ("answer_duty", "district_admin health_worker cdc_officer"),
    ("waive_duty", "district_admin org_admin town_cadre health_worker cdc_officer"),
    ("hand_over_duty", DUTY_READERS),
    ("offer_duty", DUTY_READERS),
    (
        "accept_duty",
        "district_admin org_admin grid_worker town_cadre village_cadre group_cadre health_worker cdc_officer police_officer",
    ),
    (
        "decline_duty",
        "district_admin org_admin grid_worker town_cadre village_cadre group_cadre health_worker cdc_officer police_officer",
    ),
    ("reassign_duties", DUTY_READERS),
    ("generate_shifts", ORGANIZERS),
    ("list_unfilled_shifts", ROSTER_READERS),
    ("get_volunteer_hours", ROSTER_READERS),
    (
        "get_volunteer_statistics",
        "district_admin org_admin grid_worker town_cadre village_cadre group_cadre health_worker gate_guard volunteer statistics_reader",
    ),
    (
        "get_completeness",
        "district_admin org_admin grid_worker town_cadre village_cadre group_cadre health_worker cdc_officer police_officer inspector store_reporter gate_guard volunteer justice_officer counselor statistics_reader",
    ),
    ("list_figures", ALL),
    ("evaluate_figures", ALL),
    ("get_situation", "district_admin org_admin town_cadre cdc_officer statistics_reader"),
    ("get_day_sheet", ROSTER_READERS),
    ("print_day_sheet", ORGANIZERS),
    ("create_calendar", ROSTER_READERS),
    ("revoke_calendar", ROSTER_READERS),
    ("get_calendar", PUBLIC),
    ("cancel_shift_assignment", ROSTER_READERS),
    ("swap_shift_assignment", ROSTER_READERS),
    ("accept_shift_swap", ROSTER_READERS),
    ("decline_shift_swap", ROSTER_READERS),
    ("confirm_service_record", ORGANIZERS),
    ("decline_service_record", ORGANIZERS),
    ("list_commodities", ALL),
    ("list_stocks", SUPPLY_STATISTICS_READERS),
    ("get_stock_card", SUPPLY_READERS),
    ("get_donation_trace", GOODS_READERS),
    ("list_goods_given", GOODS_READERS),
    ("get_price_statistics", SUPPLY_STATISTICS_READERS),
    ("get_price_index", SUPPLY_STATISTICS_READERS),
    ("get_supply_statistics", SUPPLY_STATISTICS_READERS),
    ("explain_price_alert", SUPPLY_READERS),
    ("dismiss_price_alert", "district_admin org_admin inspector"),
    ("list_duty_cadences", ALL),
    ("create_duty_cadence", "district_admin cdc_officer"),
    ("list_divisions", ALL),
    ("get_division", ALL),
    ("get_division_geometry", ALL),
    ("put_division_geometry", "district_admin"),
    ("list_names", ALL),
    (
        "list_missed",
        "district_admin org_admin grid_worker town_cadre village_cadre group_cadre health_worker cdc_officer police_officer",
    ),
    ("list_vocabularies", ALL),
    ("list_changes", ALL),
    ("stream_changes", ALL),
    ("get_ledger_head", ALL),
    ("create_import", RECORDERS),
    ("inspect_import", RECORDERS),
    ("get_import_template", RECORDERS),
    ("list_imports", ALL),
    ("get_import", ALL),
    ("list_import_errors", ALL),
    ("list_import_rows", ALL),
    ("undo_import", ALL),
    ("create_export_request", "district_admin town_cadre health_worker cdc_officer police_officer"),
    ("list_export_requests", ALL),
    ("get_export_request", ALL),
    ("approve_export_request", AUDITORS),
    ("refuse_export_request", AUDITORS),
    ("get_retention", "district_admin org_admin town_cadre cdc_officer auditor"),
    ("create_purge", "district_admin"),
    ("list_purges", AUDITORS),
    ("get_purge", AUDITORS),
    ("push_sync", ALL),
    ("pull_sync", ALL),
    ("checksum_sync", ALL),
    ("list_sync_receipts", ALL),
    ("list_held_items", ALL),
    ("get_held_item", ALL),
    ("amend_held_item", ALL),
    ("retry_held_item", ALL),
    ("discard_held_item", ALL),
    ("list_conflicts", ALL),
    ("resolve_conflict", ALL),
    ("list_own_sessions", ALL),
    ("end_own_session", ALL),
    ("list_audit", AUDITORS),
    ("get_webhook_keys", PUBLIC),
    ("create_webhook_endpoint", ADMINISTRATORS),
    ("list_webhook_endpoints", ADMINISTRATORS),
    ("get_webhook_endpoint", ADMINISTRATORS),
    ("amend_webhook_endpoint", ADMINISTRATORS),
    ("delete_webhook_endpoint", ADMINISTRATORS),
    ("send_webhook_test", ADMINISTRATORS),
    ("pause_webhook_endpoint", ADMINISTRATORS),
    ("resume_webhook_endpoint", ADMINISTRATORS),
    ("replay_webhook_endpoint", ADMINISTRATORS),
    ("rotate_webhook_secret", ADMINISTRATORS),
    ("list_webhook_deliveries", ADMINISTRATORS),
    ("get_push_key", ALL),
    ("create_push_subscription", ALL),
    ("delete_push_subscription", ALL),
    ("list_notifications", ALL),
    ("read_notifications", ALL),
    ("create_api_key", ADMINISTRATORS),
    ("list_api_keys", ADMINISTRATORS),
    ("get_api_key", ADMINISTRATORS),
    ("revoke_api_key", ADMINISTRATORS),
    ("list_observation_policies", ALL),
    ("create_observation_policy", "district_admin cdc_officer"),
    ("list_legal_groups", "justice_officer district_admin"),
    ("list_unchecked_corrections_subjects", "justice_officer"),
    ("reveal_corrections_subject", "justice_officer"),
    ("search_people", SEARCHERS),
    ("reveal_person", "district_admin town_cadre health_worker cdc_officer police_officer"),
    ("list_person_access_log", AUDITORS),
    ("merge_person", MERGERS),
    ("unmerge_person", MERGERS),
    ("correct_person_document", MERGERS),
    ("search_screenings", SCREENING_READERS),
    ("open_case_from_screening", SCREENING_WRITERS),
    ("get_people_by_category", PEOPLE_BY_CATEGORY_READERS),
    (
        "look_up_screening",
        "district_admin grid_worker town_cadre village_cadre health_worker police_officer gate_guard volunteer",
    ),
    ("reset_password", ADMINISTRATORS),
    ("create_user", ADMINISTRATORS),
    (
        "list_colleagues",
        "district_admin org_admin grid_worker town_cadre village_cadre group_cadre health_worker cdc_officer police_officer",
    ),
    ("create_user_batch", ADMINISTRATORS),
    ("list_users", ADMINISTRATORS),
    ("get_user", ADMINISTRATORS),
    ("amend_user", ADMINISTRATORS),
];

/// The rows of the operations that every kind has.
fn rows_of_kinds(registry: &Registry) -> Vec<(String, &'static str)> {
    let row = |(kind, readers, writers): &(&'static str, &'static str, &'static str)| {
        let operations = lianfang::records::operations::of_kind(registry.kind(kind).unwrap(), &[]);
        let voiders = VOIDERS.iter().find(|(name, _)| name == kind).map_or(*writers, |(_, voiders)| voiders);
        let who = |operation: &Operation| match operation.method.as_str() {
            "GET" => *readers,
            _ if [":void", ":batch-void", ":restore"].iter().any(|end| operation.path.ends_with(end)) => voiders,
            _ => *writers,
        };
        // Figures of violations count those of cases, which bureaus don't read.
        let counters = match *kind {
            "violations" => CARERS,
            // Whoever sees but his own logs is told no figures of all.
            "work_logs" => "district_admin org_admin town_cadre village_cadre cdc_officer",
            "travels" => {
                "district_admin org_admin grid_worker town_cadre village_cadre group_cadre health_worker cdc_officer police_officer"
            }
            _ => *readers,
        };
        // Those of closed rooms are told to whom the room names, and to no reader of statistics.
        let counters = match *kind {
            "counseling_sessions" => "counselor district_admin org_admin",
            "corrections_subjects" | "corrections_checks" => "justice_officer district_admin",
            _ if counters == ALL => ALL,
            _ => &*format!("{counters} statistics_reader").leak(),
        };
        let figures = (format!("get_{kind}_figures"), counters);
        let has_figures = !registry.kind(kind).unwrap().rules.figures().is_empty();
        let rows = operations.into_iter().map(|operation| (operation.id.clone(), who(&operation)));
        rows.chain(has_figures.then_some(figures)).collect::<Vec<_>>()
    };
    KINDS.iter().flat_map(row).collect()
}

#[tokio::test]
async fn every_role_may_use_exactly_what_the_matrix_says() {
    let app = TestApp::start().await;
    let registry = routes::kinds();
    let operations = routes::operations(&registry);
    let rows = rows_of_kinds(&registry);
    let matrix: BTreeMap<&str, &str> =
        MATRIX.iter().copied().chain(rows.iter().map(|(id, who)| (id.as_str(), *who))).collect();
    let listed: Vec<&str> = operations.iter().map(|operation| operation.id.as_str()).collect();
    let gone: Vec<&&str> = matrix.keys().filter(|id| !listed.contains(id)).collect();
    assert!(gone.is_empty(), "rows of operations that don't exist: {gone:?}");
    let nobody = app.nobody();
    let mut actors = Vec::new();
    for role in Role::ALL {
        actors.push((
            role.code(),
            app.actor_of(vec![Grant { role: *role, area_code: "511802005".into(), org_id: None }]).await,
        ));
    }
    let mut wrong = Vec::new();
    for operation in &operations {
        let Some(row) = matrix.get(operation.id.as_str()) else {
            wrong.push(format!("{} has no row", operation.id));
            continue;
        };
        // Ending the session would end the test's; the stream has no end (see events.rs).
        if ["end_session", "stream_changes"].contains(&operation.id.as_str()) {
            continue;
        }
        let path = operation.path.replace("{id}", &Uuid::now_v7().to_string()).replace("{code}", "511802");
        let body = (operation.method != Method::GET.as_str()).then(|| "{}".to_owned());
        let method: Method = operation.method.as_str().parse().unwrap();
        let status = nobody.send(method.clone(), &path, body.clone()).await.status;
        let public = *row == PUBLIC;
        // A public operation may answer 401 to an empty sign-in only through its own code.
        if (status == 401) == public {
            wrong.push(format!("{}: nobody gets {status}", operation.id));
        }
        for (role, actor) in &actors {
            let reply = actor.send(method.clone(), &path, body.clone()).await;
            let may = public || *row == ALL || row.split(' ').any(|other| other == *role);
            // The head alone says no code.
            let refused = reply.status == 403 && (reply.code() == "forbidden" || method == Method::HEAD);
            if may == refused || reply.status >= 500 || reply.status == 401 {
                wrong.push(format!("{}: {role} gets {} {}", operation.id, reply.status, reply.code()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
