//! The index of changes: a line a revision, the same whether written with it or filled in later; what spans kinds
//! asks no more of the database for there being more kinds.

use diesel_async::{AsyncConnection, AsyncPgConnection};
use lianfang::exchange::changes::fill;
use lianfang::integrity::{Finding, VerifyError, verify};
use lianfang::server::routes::{self, KINDS};
use lianfang::server::{migrations, start};
use serde_json::{Value as Json, json};

use crate::support::{Actor, TestApp, examples};

const DAXING: &str = "511802005";

/// One record of each kind; a screening amended, voided, restored, and moved to another area.
async fn written(app: &TestApp) -> Actor {
    let admin = app.administrator().await;
    examples::one_of_each(app, &admin, DAXING).await;
    let place = examples::checkpoint(&admin, DAXING).await;
    let screening = examples::screening(&place, 77);
    let path = admin.post("/v1/screenings", &screening).await.expect(201).header("location").to_owned();
    admin.patch(&path, "\"1\"", &json!({"temperature_c": "36.9"})).await.expect(200);
    admin.post(&format!("{path}:void"), &json!({"reason": "误录"})).await.expect(200);
    admin.post(&format!("{path}:restore"), &json!({"reason": "并非误录"})).await.expect(200);
    admin.patch(&path, "\"4\"", &json!({"area_code": "511802114"})).await.expect(200);
    admin
}

async fn lines(app: &TestApp) -> Vec<String> {
    let rows =
        app.rows("SELECT l::text AS line FROM ledger_changes AS l ORDER BY district_code, change_no, sequence, id");
    rows.await.into_iter().map(|mut row| row.text("line").unwrap()).collect()
}

async fn finding(app: &TestApp) -> Option<Finding> {
    match verify(&app.core, |_, _| {}).await {
        Ok(_) => None,
        Err(VerifyError::Finding(finding)) => Some(finding),
        Err(VerifyError::Problem(problem)) => panic!("{problem}"),
    }
}

#[tokio::test]
async fn a_line_says_what_a_revision_does_and_where_it_belonged_before() {
    let app = TestApp::start().await;
    written(&app).await;
    let rows = app
        .rows(
            "SELECT operation, area_code, former_area_code FROM ledger_changes WHERE kind = 'screenings' \
             AND id = (SELECT id FROM screenings WHERE revision = 5) ORDER BY revision",
        )
        .await;
    let told: Vec<_> = rows
        .into_iter()
        .map(|mut row| (row.text("operation").unwrap(), row.text("area_code").unwrap(), row.text("former_area_code")))
        .collect();
    let line = |operation: &str, area: &str, former: Option<&str>| {
        (operation.to_owned(), area.to_owned(), former.map(str::to_owned))
    };
    let expected = [
        line("create", DAXING, None),
        line("amend", DAXING, Some(DAXING)),
        line("void", DAXING, Some(DAXING)),
        line("restore", DAXING, Some(DAXING)),
        line("amend", "511802114", Some(DAXING)),
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn what_a_former_release_wrote_is_filled_in_as_it_would_have_been_written() {
    let app = TestApp::start().await;
    let admin = written(&app).await;
    let before = lines(&app).await;
    let revisions = app.rows("SELECT 1 AS one FROM record_revisions").await.len();
    assert!(revisions > 4 && before.len() > revisions);
    let feed = admin.get("/v1/changes?since=0&limit=200").await.expect(200).body["items"].clone();
    let mut owner = AsyncPgConnection::establish(&app.database_url).await.unwrap();
    // All of it, as after an upgrade; and some of it, as after an upgrade that was cut off.
    for lost in ["true", "change_no % 3 = 0"] {
        app.sql(&format!("DELETE FROM ledger_changes WHERE {lost}")).await;
        app.sql("DELETE FROM service_settings WHERE name LIKE 'index_of_changes_filled_%'").await;
        assert_ne!(lines(&app).await, before);
        fill::index_of_changes(&mut owner, &KINDS).await.unwrap();
        assert_eq!(lines(&app).await, before, "{lost}");
    }
    assert_eq!(finding(&app).await, None);
    assert_eq!(admin.get("/v1/changes?since=0&limit=200").await.expect(200).body["items"], feed);
}

// Migrations block in place.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_served_while_the_newest_number_has_no_line() {
    let app = TestApp::start().await;
    written(&app).await;
    app.sql("DELETE FROM ledger_changes WHERE change_no = (SELECT last_no FROM district_clocks WHERE district_code = '511802')").await;
    let config = app.core.config.clone();
    let refused = start::core(config.clone(), &app.database_url, routes::kinds()).await.err().unwrap().to_string();
    assert!(refused.contains("511802") && refused.contains("lianfang migrate"), "{refused}");
    // Changes that were filled in before aren't looked through again; those after them are.
    app.sql(
        "INSERT INTO service_settings SELECT 'index_of_changes_filled_511802', (last_no - 1)::text \
         FROM district_clocks WHERE district_code = '511802'",
    )
    .await;
    migrations::migrate_with(&app.database_url, app.core.config.row_security).await.unwrap();
    assert!(start::core(config, &app.database_url, routes::kinds()).await.is_ok());
}

#[tokio::test]
async fn an_index_that_says_otherwise_than_the_rows_is_found() {
    let app = TestApp::start().await;
    written(&app).await;
    assert_eq!(finding(&app).await, None);
    let first = "SELECT min(change_no) AS first FROM ledger_changes WHERE kind = 'screenings'";
    let first = app.rows(first).await.remove(0).integer("first").unwrap();
    let of_screening = format!("WHERE kind = 'screenings' AND change_no = {first}");
    for alteration in [
        "DELETE FROM ledger_changes {one}",
        "UPDATE ledger_changes SET area_code = '511802114' {one}",
        "UPDATE ledger_changes SET operation = 'void' {one}",
        "UPDATE ledger_changes SET revision = 9 {one}",
        "UPDATE ledger_changes SET kind = 'inspections' {one}",
        "UPDATE ledger_changes SET revised_by = id {one}",
        "INSERT INTO ledger_changes SELECT district_code, change_no, sequence, kind, gen_random_uuid(), revision, operation, area_code, org_id, former_area_code, former_org_id, revised_by, revised_at FROM ledger_changes {one}",
    ] {
        // The lines of this number alone: the service's workers write others meanwhile.
        let of_number = format!("WHERE change_no = {first}");
        app.sql(&format!("CREATE TABLE kept AS SELECT * FROM ledger_changes {of_number}")).await;
        app.sql(&alteration.replace("{one}", &of_screening)).await;
        assert!(finding(&app).await.is_some(), "not found: {alteration}");
        app.sql(&format!(
            "DELETE FROM ledger_changes {of_number}; INSERT INTO ledger_changes SELECT * FROM kept; DROP TABLE kept"
        ))
        .await;
        assert_eq!(finding(&app).await, None, "put back");
    }
    // A row of a kind that occurs nowhere near: no line, so nobody who follows would ever see it.
    app.sql("DELETE FROM ledger_changes WHERE kind = 'teams'").await;
    assert!(finding(&app).await.is_some());
}

/// Statements that a request reads with.
async fn statements(app: &TestApp, request: impl Future<Output = Json>) -> u64 {
    let before = app.core.database.statements().get();
    request.await;
    app.core.database.statements().get() - before
}

#[tokio::test]
async fn what_spans_kinds_asks_only_the_kinds_that_occur() {
    let app = TestApp::start().await;
    let admin = written(&app).await;
    let place = examples::checkpoint(&admin, DAXING).await;
    let head = admin.get("/v1/ledger/head").await.expect(200).body["head"].as_i64().unwrap();
    let mut ids = Vec::new();
    for sequence in 0..12 {
        let posted = admin.post("/v1/screenings", &examples::screening(&place, 200 + sequence)).await.expect(201);
        ids.push(posted.body["id"].clone());
    }
    let get = |path: String| {
        let admin = admin.clone();
        async move { admin.get(&path).await.expect(200).body }
    };
    // Everything that is read once and remembered.
    get(format!("/v1/changes?since={head}")).await;
    let kinds = app.core.kinds().kinds().count() as u64;
    // The index, then people and screenings: nothing was revised. Signing in and a look at the clocks may come to it.
    let feed = statements(&app, get(format!("/v1/changes?since={head}&limit=500"))).await;
    assert!(feed <= 8, "{feed} statements for a page of two kinds, of {kinds}");
    let far = statements(&app, get("/v1/changes?since=0&limit=3".to_owned())).await;
    assert!(far <= 16, "{far} statements for a page far from the head");
    let head = admin.get("/v1/ledger/head").await.expect(200).body["head"].clone();
    let nothing = statements(&app, get(format!("/v1/changes?since={head}"))).await;
    assert!(nothing <= 4, "{nothing} statements where there is nothing");
    let receipts = async { admin.post("/v1/sync/receipts", &json!({"ids": ids})).await.expect(200).body };
    let receipts = statements(&app, receipts).await;
    assert!(receipts <= 12, "{receipts} statements for twelve receipts, of {kinds} kinds");
    let trail = statements(&app, get("/v1/audit?limit=50".to_owned())).await;
    assert!(trail <= 6, "{trail} statements for a page of the trail");
}

/// Where a former revision stood is asked of every kind, also by what it was shared with then.
#[tokio::test]
async fn what_was_amended_of_any_kind_is_followed_by_accounts_that_see_a_part() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let mut amended = 0;
    for (kind, _, path) in examples::one_of_each(&app, &admin, DAXING).await {
        let read = admin.get(&path).await.expect(200);
        let reply = admin.patch(&path, read.header("etag"), &json!({"note": "补记"})).await;
        assert!(reply.status < 500, "{}: {}", kind.name, reply.body);
        amended += usize::from(reply.status == 200);
    }
    assert!(amended > 40, "{amended}");
    let company = json!({"kind": "enterprise", "name": "虚构公司", "area_code": "511802"});
    let company = admin.post("/v1/organizations", &company).await.expect(201).body["id"].clone();
    let company: Option<uuid::Uuid> = company.as_str().unwrap().parse().ok();
    for role in lianfang::platform::access::Role::ALL {
        for (area_code, org_id) in [("511802", company), ("511802114", None)] {
            let grant = lianfang::platform::access::Grant { role: *role, area_code: area_code.into(), org_id };
            let actor = app.actor_of(vec![grant]).await;
            for path in ["/v1/changes?limit=500", "/v1/sync/pull"] {
                let reply = actor.get(path).await;
                assert!(reply.status < 500, "{role:?} {area_code}: {path}: {}", reply.body);
            }
        }
    }
}
