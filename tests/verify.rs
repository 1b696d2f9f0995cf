//! `verify` finds the first thing that doesn't hold, whatever cell was altered.

use lianfang::integrity::{Finding, VerifyError, verify};
use serde_json::json;

use crate::support::{TestApp, examples};

/// A service with a few records of every kind, amended and voided; the screening's path.
async fn written(app: &TestApp) -> String {
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let mut body = examples::screening(&place, 1);
    body["vehicle"] = json!({"plate_number": "川T12345"});
    body["note"] = "x".into();
    let path = admin.post("/v1/screenings", &body).await.expect(201).header("location").to_owned();
    admin.patch(&path, "\"1\"", &json!({"temperature_c": "38.0"})).await.expect(200);
    let person = json!({"name": "x", "phone": "15400000099", "area_code": "511802005"});
    admin.post("/v1/people", &person).await.expect(201);
    path
}

async fn finding(app: &TestApp) -> Option<Finding> {
    match verify(&app.core, |_, _| {}).await {
        Ok(_) => None,
        Err(VerifyError::Finding(finding)) => Some(finding),
        Err(VerifyError::Problem(problem)) => panic!("{problem}"),
    }
}

#[tokio::test]
async fn an_untouched_ledger_holds() {
    let app = TestApp::start().await;
    written(&app).await;
    let verified = verify(&app.core, |_, _| {}).await.unwrap();
    assert_eq!((verified.entries, verified.revisions), (4, 5));
    assert!(verified.figures >= 4);
    // A purge leaves the chain whole.
    app.sql("UPDATE people SET personal = substr(personal, 1, 33), name_blind_index = NULL, phone_blind_index = NULL, document_blind_index = NULL").await;
    assert_eq!(finding(&app).await, None);
}

#[tokio::test]
async fn any_altered_cell_is_found_and_named() {
    let alterations = [
        ("screenings", "temperature_c = 36.9"),
        ("screenings", "occurred_at = occurred_at + interval '1 second'"),
        ("screenings", "area_code = '511802114'"),
        ("screenings", "abnormal = NOT abnormal"),
        ("screenings", "person_id = place_id"),
        ("screenings", "recorded_by = place_id"),
        ("screenings", "revised_by = place_id"),
        ("screenings", "recorded_at = recorded_at - interval '1 day'"),
        ("screenings", "revised_at = revised_at - interval '1 day'"),
        ("screenings", "capture = capture || '{\"source\": \"sync\"}'"),
        ("screenings", "voided = true"),
        ("screenings", "revision = 7"),
        ("screenings", "submission_digest = digest"),
        ("screenings", "digest = submission_digest"),
        ("screenings", "personal = NULL"),
        ("screenings", "personal = set_byte(personal, 60, get_byte(personal, 60) # 1)"),
        ("screenings", "plate_blind_index = NULL"),
        ("people", "sex = 'female'"),
        ("people", "phone_blind_index = name_blind_index"),
        ("places", "name = 'other'"),
    ];
    let app = TestApp::start().await;
    written(&app).await;
    assert_eq!(finding(&app).await, None);
    for (table, alteration) in alterations {
        app.sql(&format!("CREATE TABLE kept AS TABLE {table}; UPDATE {table} SET {alteration}")).await;
        match finding(&app).await {
            Some(Finding::Altered { kind, .. }) => assert_eq!(kind, table, "{alteration}"),
            other => panic!("{table}: {alteration}: {other:?}"),
        }
        app.sql(&format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept; DROP TABLE kept")).await;
        assert_eq!(finding(&app).await, None, "put back");
    }
}

#[tokio::test]
async fn what_was_removed_added_or_rewritten_is_found() {
    let cases = [
        ("DELETE FROM people", "Removed|Entry"),
        ("DELETE FROM screenings", "Removed"),
        ("DELETE FROM record_revisions", "Removed|Entry"),
        ("UPDATE record_revisions SET body = jsonb_set(body, '{temperature_c}', '\"36.1\"')", "Altered"),
        ("DELETE FROM ledger_entries WHERE first_no = 2", "Entry"),
        ("UPDATE ledger_entries SET digest = head WHERE first_no = 2", "Entry"),
        ("UPDATE ledger_entries SET recorded_at = recorded_at + interval '1 second' WHERE first_no = 3", "Entry"),
        ("UPDATE district_clocks SET head = digest(head, 'sha256')", "Entry"),
        ("UPDATE district_clocks SET last_no = last_no + 1 WHERE district_code = '511802'", "Entry"),
        ("DELETE FROM district_clocks WHERE district_code = '511802'", "Entry"),
        ("UPDATE record_rollups SET total = total + 1", "Figure"),
        (
            "INSERT INTO screenings SELECT (jsonb_populate_record(NULL::screenings, to_jsonb(s) || '{\"id\": \"0198c0de-0000-7000-8000-00000000ffff\", \"change_no\": 1}')).* FROM screenings AS s",
            "Entry|Altered|Foreign",
        ),
    ];
    for (sql, expected) in cases {
        let app = TestApp::start().await;
        written(&app).await;
        let sql = sql.replace("digest(head, 'sha256')", "sha256(head)");
        app.sql(&sql).await;
        let found = format!("{:?}", finding(&app).await.unwrap_or_else(|| panic!("not found: {sql}")));
        assert!(expected.split('|').any(|kind| found.starts_with(kind)), "{sql}: {found}");
    }
}
