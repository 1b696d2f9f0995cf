//! The second wall: row-level security, with the first one (the conditions of statements) left out. The other
//! way round, `scopes.rs` takes this one down.

use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use kit::engine::Engine;
use kit::link::Link;
use kit::row::Row;
use kit::row_scope::RowScope;
use kit::statement::Statement;
use lianfang::platform::config::RowSecurity;
use lianfang::platform::row_security::{self, WallError};
use lianfang::server::distribution;
use uuid::Uuid;

use crate::support::process::{Folder, Served};
use crate::support::{TestApp, examples};

const DAXING: &str = "511802005";
const BABU: &str = "511802114";

/// Tables behind the wall, and whether a row of them says its area.
async fn walled(app: &TestApp) -> Vec<(String, bool)> {
    let sql = "SELECT c.relname::text AS name, bool_or(a.attname = 'area_code') AS of_area FROM pg_class c \
               JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid \
               WHERE n.nspname = 'public' AND c.relkind = 'r' GROUP BY c.oid, c.relname \
               HAVING bool_or(a.attname = 'district_code') ORDER BY 1";
    let rows = app.rows(sql).await.into_iter();
    rows.map(|mut row| (row.text("name").unwrap(), row.boolean("of_area").unwrap())).collect()
}

/// All rows of a table, as a statement that forgot its conditions finds them.
async fn careless(app: &TestApp, table: &str, of_area: bool, row_scope: RowScope) -> Vec<String> {
    let area = if of_area { "area_code" } else { "district_code" };
    let statement = Statement::new(format!("SELECT {area} AS area FROM {table}")).seeing(row_scope);
    let rows = app.core.database.read(&statement).await.unwrap();
    rows.into_iter().map(|mut row| row.text("area").unwrap()).collect()
}

#[tokio::test]
async fn a_statement_that_forgot_its_conditions_sees_what_it_said_and_no_more() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    examples::one_of_each(&app, &admin, DAXING).await;
    let mut filled = 0;
    for (table, of_area) in walled(&app).await {
        assert_eq!(careless(&app, &table, of_area, RowScope::Nothing).await.len(), 0, "{table} without a word");
        // The service's own workers may write meanwhile: what is compared was read while nothing changed.
        let (all, here) = loop {
            let all = careless(&app, &table, of_area, RowScope::Everything).await;
            let here = careless(&app, &table, of_area, RowScope::of_area(DAXING, None)).await;
            if careless(&app, &table, of_area, RowScope::Everything).await.len() == all.len() {
                break (all, here);
            }
        };
        let inside = |area: &String| if of_area { area.starts_with(DAXING) } else { area == "511802" };
        assert_eq!(here.len(), all.iter().filter(|area| inside(area)).count(), "{table} from {DAXING}");
        assert!(here.iter().all(inside), "{table} from {DAXING}");
        if of_area {
            let there = careless(&app, &table, of_area, RowScope::of_area(BABU, None)).await;
            assert!(there.iter().all(|area| area.starts_with(BABU)), "{table} from {BABU}");
            filled += usize::from(!here.is_empty());
        }
        assert_eq!(
            careless(&app, &table, of_area, RowScope::of_area("999999", None)).await.len(),
            0,
            "{table} from afar"
        );
    }
    assert!(filled > 35, "records of every kind were looked at: {filled}");
}

#[tokio::test]
async fn a_grant_for_one_organisation_is_as_narrow_to_the_wall() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    examples::one_of_each(&app, &admin, DAXING).await;
    let org_id = Uuid::from_u128(9);
    app.sql(&format!("UPDATE screenings SET org_id = '{org_id}'")).await;
    let seen = async |org| careless(&app, "screenings", true, RowScope::of_area("511802", Some(org))).await.len();
    assert_eq!((seen(org_id).await, seen(Uuid::from_u128(8)).await), (1, 0));
    assert_eq!(careless(&app, "people", true, RowScope::of_area("511802", Some(org_id))).await.len(), 0);
}

/// Both walls let the same kinds follow the cases of isolation.
#[tokio::test]
async fn what_follows_a_case_follows_it_through_both_walls() {
    let app = TestApp::start().await;
    let sql = "SELECT polrelid::regclass::text AS name FROM pg_policy WHERE polname = 'sight' \
               AND pg_get_expr(polqual, polrelid) LIKE '%isolation_case_sights%' ORDER BY 1";
    let walled: Vec<String> = app.rows(sql).await.into_iter().map(|mut row| row.text("name").unwrap()).collect();
    let mut kinds: Vec<String> = lianfang::server::routes::KINDS
        .iter()
        .filter(|kind| kind.follows().is_some())
        .map(|kind| kind.name.to_owned())
        .collect();
    kinds.sort();
    assert_eq!(walled, kinds);
    assert_eq!(
        kinds.len(),
        12,
        "the case, the person, the duties, eight kinds of records, and what is attached to those"
    );
}

#[tokio::test]
async fn what_was_written_can_be_deleted_or_rewritten_by_no_statement_of_the_service() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    examples::one_of_each(&app, &admin, DAXING).await;
    let mut link = Link::open(&app.database_url, std::time::Duration::from_secs(5)).await.unwrap();
    link.see(&RowScope::Everything).await.unwrap();
    let mut statements: Vec<String> =
        lianfang::server::routes::KINDS.iter().map(|kind| format!("DELETE FROM {}", kind.name)).collect();
    for table in ["record_revisions", "ledger_entries", "ledger_changes", "audit_log"] {
        statements.push(format!("DELETE FROM {table}"));
        statements
            .push(format!("UPDATE {table} SET {0} = {0}", if table == "audit_log" { "verb" } else { "district_code" }));
    }
    statements.push("TRUNCATE screenings".into());
    statements.push("ALTER TABLE screenings DISABLE ROW LEVEL SECURITY".into());
    for sql in statements {
        let result: Result<Vec<Row>, _> = Statement::new(&sql).load(&mut link).await;
        let said = result.expect_err(&sql).to_string();
        assert!(said.contains("permission denied") || said.contains("must be owner"), "{sql}: {said}");
    }
}

#[tokio::test]
async fn the_service_does_not_start_where_it_could_look_past_the_wall() {
    let app = TestApp::start().await;
    row_security::check(&app.database_url).await.unwrap();
    app.sql("ALTER TABLE people DISABLE ROW LEVEL SECURITY").await;
    assert!(matches!(row_security::check(&app.database_url).await, Err(WallError::Open(tables)) if tables == "people"));
    app.sql("ALTER TABLE people ENABLE ROW LEVEL SECURITY; DROP POLICY sight ON places").await;
    assert!(matches!(row_security::check(&app.database_url).await, Err(WallError::Open(tables)) if tables == "places"));
    app.sql("ALTER TABLE people OWNER TO lianfang_service").await;
    assert!(matches!(row_security::check(&app.database_url).await, Err(WallError::TooMighty(_))));
    app.sql("ALTER TABLE people OWNER TO lianfang").await;
    let mut owner = AsyncPgConnection::establish(&app.database_url).await.unwrap();
    row_security::raise(&mut owner).await.unwrap();
    row_security::check(&app.database_url).await.unwrap();
}

/// Where the wall can stand it stands, and what one PostgreSQL is isn't distributed.
#[tokio::test]
async fn on_one_server_nobody_does_without_the_wall() {
    let app = TestApp::start().await;
    let url = &app.database_url;
    assert_eq!(row_security::engine(url, RowSecurity::On).await.unwrap(), app.core.database.engine());
    if app.core.database.engine() != Engine::OneServer {
        return;
    }
    assert!(matches!(row_security::engine(url, RowSecurity::Off).await, Err(WallError::NeedlesslyOff)));
    let mut owner = AsyncPgConnection::establish(url).await.unwrap();
    row_security::raise_or_not(&mut owner, RowSecurity::Off).await.unwrap();
    row_security::check(url).await.unwrap();
    let refused = distribution::distribute(url, RowSecurity::On, 4, &mut |_, _, _| {}).await.unwrap_err();
    assert!(refused.to_string().contains("CREATE EXTENSION citus"), "{refused}");
    let ready = app.nobody().get("/readyz").await.expect(200).body;
    assert_eq!(ready, serde_json::json!({"status": "ok", "row_security": "on"}));
}

#[tokio::test]
async fn a_service_with_its_own_database_signs_in_as_the_role_that_owns_nothing() {
    let folder = Folder::new("wall");
    let served = Served::start(&folder);
    let token = served.sign_in(&folder.add_user("admin"), "雨城区-防疫值守-2020").await;
    let place = serde_json::json!({"kind": "compound_gate", "name": "门", "area_code": DAXING});
    assert_eq!(served.send("POST", "/v1/places", &token, &place).await.0, 201);
    let password = std::fs::read_to_string(folder.0.join("data/postgres.password")).unwrap();
    let socket = folder.0.join("data/socket").canonicalize().unwrap();
    let url = format!("host={} user=lianfang dbname=lianfang password={}", socket.display(), password.trim());
    let mut owner = AsyncPgConnection::establish(&url).await.unwrap();
    let sql = "SELECT DISTINCT usename::text AS name FROM pg_stat_activity \
               WHERE datname = 'lianfang' AND pid <> pg_backend_pid()";
    let rows: Vec<Row> = Statement::new(sql).load(&mut owner).await.unwrap();
    let names: Vec<String> = rows.into_iter().map(|mut row| row.text("name").unwrap()).collect();
    assert_eq!(names, ["lianfang_service"]);
}
