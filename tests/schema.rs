//! The database keeps to the rules of `migrations/README.md`, and to the field tables of the kinds.

use std::collections::{BTreeMap, BTreeSet};

use kit::field::{Shape, Write};
use kit::row::Row;
use kit::statement::ColumnType;
use lianfang::records::{Kind, migration};
use lianfang::server::routes;

use regex::Regex;

use crate::support::TestApp;

/// Columns that the rules of their kinds fill where the client says nothing.
const FILLED: [&str; 37] = [
    "commodity_entries.effective_on",
    "commodity_entries.retired",
    "disinfections.activity",
    "enforcement_actions.officer_count",
    "errands.state",
    "follow_up_visits.line",
    "gathering_bans.max_tables",
    "grid_cells.active",
    "household_groups.active",
    "household_members.basis",
    "household_members.household_id",
    "household_members.person_id",
    "household_members.since_on",
    "households.household_kind",
    "households.share_no",
    "inspections.requirements",
    "isolation_cases.person_id",
    "need_requests.cancelled",
    "people.document_type",
    "people.sex",
    "people.categories",
    "price_rules.only_without_baseline",
    "price_rules.effective_on",
    "retention_policies.effective_on",
    "shifts.min_rest_minutes",
    "shifts.cancelled",
    "supply_channels.active",
    "supply_reports.is_zero",
    "supply_reports.lines",
    "teams.active",
    "temperature_readings.person_id",
    "temperature_readings.slot",
    "volunteers.person_id",
    "volunteers.affiliation",
    "volunteers.party_member",
    "volunteers.league_member",
    "volunteers.active",
];

/// Tables whose keys don't begin with the district: they are of the whole service.
const EXEMPT: [&str; 17] = [
    "__diesel_schema_migrations",
    "api_keys",
    "audit_log",
    "divisions",
    "duty_cadences",
    "former_grants",
    "key_fingerprints",
    "key_holders",
    "migration_lock",
    "notification_reads",
    "observation_policies",
    "push_subscriptions",
    "service_settings",
    "sessions",
    "user_grants",
    "users",
    "worker_leases",
];

#[tokio::test]
async fn the_district_leads_every_key_of_a_record_table() {
    let app = TestApp::start().await;
    let keys = app
        .rows(
            "SELECT t.relname::text AS name, i.relname::text AS key, a.attname::text AS first, a.attnotnull AS strict \
             FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid \
             JOIN pg_namespace n ON n.oid = t.relnamespace \
             JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = x.indkey[0] \
             WHERE n.nspname = 'public' AND x.indisunique",
        )
        .await;
    assert!(keys.len() > 10);
    for mut key in keys {
        let (name, index) = (key.text("name").unwrap(), key.text("key").unwrap());
        if !EXEMPT.contains(&name.as_str()) {
            assert_eq!(key.text("first").as_deref(), Some("district_code"), "{index}");
            assert_eq!(key.boolean("strict"), Some(true), "{index}");
        }
    }
}

#[tokio::test]
async fn nothing_stands_in_the_way_of_a_distributed_engine() {
    let app = TestApp::start().await;
    // Duties have one column more than the others may: what is offered to somebody has to be found by an index.
    let forbidden = app
        .rows(
            "SELECT 'trigger ' || tgname AS what FROM pg_trigger WHERE NOT tgisinternal \
             UNION ALL SELECT 'function ' || proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace \
               WHERE n.nspname = 'public' AND proname NOT LIKE 'diesel_%' \
             UNION ALL SELECT 'type ' || typname FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace \
               WHERE n.nspname = 'public' AND typtype IN ('e', 'r', 'd') \
             UNION ALL SELECT 'sequence ' || relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
               WHERE n.nspname = 'public' AND relkind = 'S' \
             UNION ALL SELECT 'exclusion ' || conname FROM pg_constraint WHERE contype = 'x' \
             UNION ALL SELECT 'wide table ' || relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
               WHERE n.nspname = 'public' AND relkind = 'r' AND relnatts > CASE relname WHEN 'duties' THEN 33 ELSE 32 END \
             UNION ALL SELECT 'type of ' || table_name || '.' || column_name FROM information_schema.columns \
               WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_diesel%' AND data_type NOT IN ('text', 'uuid', 'bigint', 'integer', 'smallint', 'numeric', \
               'double precision', 'boolean', 'timestamp with time zone', 'date', 'jsonb', 'bytea')",
        )
        .await;
    let forbidden: Vec<String> = forbidden.into_iter().filter_map(|mut row| row.text("what")).collect();
    assert_eq!(forbidden, Vec::<String>::new());
}

#[tokio::test]
async fn every_table_says_what_it_is() {
    let app = TestApp::start().await;
    let silent = app
        .rows(
            "SELECT relname::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = 'public' AND relkind = 'r' AND obj_description(c.oid) IS NULL",
        )
        .await;
    let silent: BTreeSet<String> = silent.into_iter().filter_map(|mut row| row.text("name")).collect();
    assert_eq!(silent, ["__diesel_schema_migrations", "migration_lock"].map(str::to_owned).into());
}

#[tokio::test]
async fn field_tables_and_database_tables_agree() {
    let app = TestApp::start().await;
    for kind in routes::kinds().kinds() {
        assert_eq!(expected_columns(kind), actual_columns(&app, kind.name).await, "{}", kind.name);
    }
}

fn expected_columns(kind: &Kind) -> BTreeMap<String, &'static str> {
    let mut columns: BTreeMap<String, &'static str> =
        kind.table().columns.iter().map(|column| (column.name.to_owned(), family(column.column_type.sql()))).collect();
    columns.insert("district_code".into(), family(ColumnType::Text.sql()));
    columns.insert("change_no".into(), family(ColumnType::Integer.sql()));
    columns.insert("recorded_at".into(), family(ColumnType::Instant.sql()));
    columns.insert("revised_at".into(), family(ColumnType::Instant.sql()));
    columns
}

async fn actual_columns(app: &TestApp, table: &str) -> BTreeMap<String, &'static str> {
    columns_of(app, "public", table).await
}

async fn columns_of(app: &TestApp, schema: &str, table: &str) -> BTreeMap<String, &'static str> {
    let sql = format!(
        "SELECT column_name::text AS name, data_type::text AS type FROM information_schema.columns \
         WHERE table_schema = '{schema}' AND table_name = '{table}'"
    );
    let rows = app.rows(&sql).await;
    rows.into_iter().map(|mut row| (row.text("name").unwrap(), family(&row.text("type").unwrap()))).collect()
}

/// Integers of any size are one type to the frame.
fn family(sql: &str) -> &'static str {
    match sql {
        "bigint" | "integer" | "smallint" => "integer",
        "timestamptz" | "timestamp with time zone" => "instant",
        "text" => "text",
        "uuid" => "uuid",
        "numeric" => "numeric",
        "double precision" => "double precision",
        "boolean" => "boolean",
        "date" => "date",
        "jsonb" => "jsonb",
        "bytea" => "bytea",
        other => panic!("a column of the type {other}"),
    }
}

/// `api/platform/schema.rs` is what the migrations make. `UPDATE_SCHEMA=1 cargo test schema_rs` writes it anew.
#[tokio::test]
async fn schema_rs_is_fresh() {
    let app = TestApp::start().await;
    let records: BTreeSet<&str> = routes::kinds().kinds().map(|kind| kind.name).collect();
    let frame = [
        "ledger_changes",
        "ledger_entries",
        "record_revisions",
        "record_rollups",
        "hourly_rollups",
        "person_presences",
        "person_rollups",
        "idempotency_keys",
        "held_items",
        "import_faults",
        "import_outcomes",
        "imports",
        "sync_conflicts",
        "migration_lock",
        "calendar_tokens",
        "division_geometries",
        "price_rule_reviews",
        "supply_lines",
        "survey_standing_heads",
        "survey_standings",
        "reading_absences",
        "survey_target_persons",
        "survey_targets",
        "survey_tellings",
        "isolation_case_sights",
        "key_holders",
        "notification_reads",
        "purges",
        "push_subscriptions",
        "webhook_deliveries",
        "webhook_endpoints",
        "worker_leases",
        "__diesel_schema_migrations",
    ];
    let mut rows = app
        .rows(
            "SELECT c.table_name::text AS name, c.column_name::text AS column, c.udt_name::text AS type, c.is_nullable = 'YES' AS nullable \
             FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name) \
             WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' ORDER BY c.table_name, c.ordinal_position",
        )
        .await;
    let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in &mut rows {
        let (name, column) = (row.text("name").unwrap(), row.text("column").unwrap());
        if records.contains(name.as_str()) || frame.contains(&name.as_str()) {
            continue;
        }
        let plain = diesel_type(&row.text("type").unwrap());
        let typed = if row.boolean("nullable") == Some(true) { format!("Nullable<{plain}>") } else { plain.to_owned() };
        tables.entry(name).or_default().push(format!("        {column} -> {typed},\n"));
    }
    let mut expected = HEAD.to_owned();
    for (name, columns) in tables {
        let key = match name.as_str() {
            "divisions" => "edition, code",
            "user_grants" => "user_id",
            "district_clocks" => "district_code",
            "key_fingerprints" | "service_settings" => "name",
            _ => "id",
        };
        expected.push_str(&format!("diesel::table! {{\n    {name} ({key}) {{\n{}    }}\n}}\n\n", columns.concat()));
    }
    expected.push_str(TAIL);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/api/platform/schema.rs");
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(path, &expected).unwrap();
    }
    assert!(std::fs::read_to_string(path).unwrap() == expected, "api/platform/schema.rs is stale: run `make schema`");
}

const HEAD: &str = "// Generated from the migrated database by `make schema`; a test fails when it is stale.\n\
    // Record tables are not here: the frame writes and reads them from their field tables.\n\n";
const TAIL: &str = "diesel::allow_tables_to_appear_in_same_query!(sessions, user_grants, users);\n";

fn diesel_type(udt: &str) -> &'static str {
    match udt {
        "text" => "Text",
        "uuid" => "Uuid",
        "int8" => "Int8",
        "int4" => "Int4",
        "int2" => "Int2",
        "bool" => "Bool",
        "timestamptz" => "Timestamptz",
        "date" => "Date",
        "numeric" => "Numeric",
        "jsonb" => "Jsonb",
        "bytea" => "Bytea",
        other => panic!("no diesel type for {other}"),
    }
}

/// Words of CHECK lists, `NOT NULL` and scales, by table and column.
async fn column_rules(app: &TestApp) -> BTreeMap<(String, String), ColumnRule> {
    let rows = app
        .rows(
            "SELECT t.relname::text AS table_name, a.attname::text AS column_name, a.attnotnull AS strict, \
             (SELECT string_agg(pg_get_constraintdef(k.oid), ' ') FROM pg_constraint AS k \
              WHERE k.conrelid = t.oid AND k.contype = 'c' AND k.conkey = ARRAY[a.attnum]) AS checks, \
             CASE WHEN a.atttypid = 'numeric'::regtype AND a.atttypmod > 0 THEN ((a.atttypmod - 4) & 65535)::bigint END AS scale \
             FROM pg_class AS t JOIN pg_namespace AS n ON n.oid = t.relnamespace AND n.nspname = 'public' \
             JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped WHERE t.relkind = 'r'",
        )
        .await;
    let word = Regex::new("'([^']*)'::text").unwrap();
    let rule = |mut row: Row| {
        let key = (row.text("table_name").unwrap(), row.text("column_name").unwrap());
        let checks = row.text("checks").filter(|checks| checks.contains("= ANY (ARRAY["));
        let words = checks.map(|checks| word.captures_iter(&checks).map(|found| found[1].to_owned()).collect());
        (key, ColumnRule { words, strict: row.boolean("strict").unwrap(), scale: row.integer("scale") })
    };
    rows.into_iter().map(rule).collect()
}

struct ColumnRule {
    words: Option<BTreeSet<String>>,
    strict: bool,
    scale: Option<i64>,
}

/// The database asks for nothing that a field table doesn't know: its lists of words are the vocabularies, what must be
/// there is asked of the client or filled in by the server, and no decimal loses places.
#[tokio::test]
async fn checks_of_the_database_are_those_of_the_fields() {
    let app = TestApp::start().await;
    let rules = column_rules(&app).await;
    let (mut wrong, mut lists, mut scales) = (Vec::new(), 0, 0);
    for kind in routes::kinds().kinds() {
        for field in kind.stored_fields() {
            let rule = &rules[&(kind.name.to_owned(), field.name.to_owned())];
            let place = format!("{}.{}", kind.name, field.name);
            if let (Shape::Word(vocabulary), Some(words)) = (field.shape, &rule.words) {
                lists += 1;
                let own: BTreeSet<String> = vocabulary.words.iter().map(|word| word.code.to_owned()).collect();
                if own != *words {
                    wrong.push(format!("{place}: words {words:?}, vocabulary {own:?}"));
                }
            }
            if let (Shape::Decimal { scale: places, .. }, Some(scale)) = (field.shape, rule.scale) {
                scales += 1;
                if scale < i64::from(places) {
                    wrong.push(format!("{place}: scale {scale}, places {places}"));
                }
            }
            let filled = field.required || field.write == Write::Never || FILLED.contains(&place.as_str());
            if rule.strict && !filled {
                wrong.push(format!("{place}: not null, but nobody is asked for it"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(lists > 3 && scales > 3, "{lists} lists, {scales} scales");
}

/// The migration that is printed for a kind makes the table that the frame writes.
#[tokio::test]
async fn a_printed_migration_makes_the_table_of_its_kind() {
    let app = TestApp::start().await;
    app.sql("CREATE SCHEMA made").await;
    for kind in routes::kinds().kinds() {
        app.sql(&format!("SET search_path = made; {}; RESET search_path", migration::create_table(kind))).await;
        let made = columns_of(&app, "made", kind.name).await;
        let mut expected = expected_columns(kind);
        // Columns that only rows of former releases fill aren't made any more.
        expected.retain(|name, _| kind.personal_fields().all(|field| field.name != name));
        assert_eq!(made, expected, "{}", kind.name);
    }
}
