//! The database keeps to the rules of `migrations/README.md`, and to the field tables of the kinds.

use std::collections::{BTreeMap, BTreeSet};

use kit::statement::ColumnType;
use lianfang::records::Kind;
use lianfang::server::routes;

use crate::support::TestApp;

/// Tables whose keys don't begin with the district: they are of the whole service.
const EXEMPT: [&str; 14] = [
    "__diesel_schema_migrations",
    "api_keys",
    "audit_log",
    "divisions",
    "duty_cadences",
    "former_grants",
    "key_fingerprints",
    "migration_lock",
    "observation_policies",
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
               WHERE n.nspname = 'public' AND relkind = 'r' AND relnatts > 32 \
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
    let sql = format!(
        "SELECT column_name::text AS name, data_type::text AS type FROM information_schema.columns \
         WHERE table_schema = 'public' AND table_name = '{table}'"
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
        "ledger_entries",
        "record_revisions",
        "record_rollups",
        "hourly_rollups",
        "person_presences",
        "person_rollups",
        "idempotency_keys",
        "held_items",
        "import_faults",
        "imports",
        "sync_conflicts",
        "migration_lock",
        "calendar_tokens",
        "price_rule_reviews",
        "supply_lines",
        "isolation_case_sights",
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
