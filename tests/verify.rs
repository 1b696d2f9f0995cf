//! `verify` finds the first thing that doesn't hold, whatever cell was altered.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use lianfang::integrity::checkpoint::Checkpoint;
use lianfang::integrity::{Finding, Told, Verified, VerifyError, recount, verify, verify_from};
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

/// Verifies on from a checkpoint; the numbers that were proved now, and the last checkpoint.
async fn go_on(app: &TestApp, from: Checkpoint) -> Result<(Verified, Vec<u64>, Checkpoint), VerifyError> {
    let (mut numbers, mut last) = (Vec::new(), from.clone());
    let verified = verify_from(&app.core, from, &mut |told| match told {
        Told::Numbers(done, _) => numbers.push(done),
        Told::Counted(..) => {}
        Told::Reached(checkpoint) => last = checkpoint.clone(),
    })
    .await?;
    Ok((verified, numbers, last))
}

#[tokio::test]
async fn a_verification_goes_on_from_its_checkpoint() {
    let app = TestApp::start().await;
    let path = written(&app).await;
    let (whole, numbers, checkpoint) = go_on(&app, Checkpoint::default()).await.unwrap();
    assert_eq!(numbers, [4]);
    // As a file has it.
    let checkpoint = Checkpoint::read(&checkpoint.signed(&app.core.keys).unwrap(), &app.core.keys).unwrap();
    let (again, numbers, _) = go_on(&app, checkpoint.clone()).await.unwrap();
    assert!(numbers.is_empty(), "nothing was written since");
    assert_eq!((again.entries, again.revisions, again.figures), (whole.entries, whole.revisions, whole.figures));

    let admin = app.administrator().await;
    admin.patch(&path, "\"2\"", &json!({"temperature_c": "36.5"})).await.expect(200);
    let (more, numbers, _) = go_on(&app, checkpoint.clone()).await.unwrap();
    assert_eq!((numbers, more.entries, more.revisions), (vec![5], 5, 6));

    let found = async |sql: &str, back: &str| {
        app.sql(sql).await;
        let found = match go_on(&app, checkpoint.clone()).await {
            Err(VerifyError::Finding(finding)) => format!("{finding:?}"),
            other => panic!("{sql}: {:?}", other.is_ok()),
        };
        app.sql(back).await;
        found
    };
    let new = "UPDATE screenings SET temperature_c = temperature_c";
    assert!(found(&format!("{new} + 1"), &format!("{new} - 1")).await.starts_with("Altered"), "a row since then");
    let rollups = "UPDATE record_rollups SET total = total";
    assert!(found(&format!("{rollups} + 1"), &format!("{rollups} - 1")).await.starts_with("Figure"), "spans numbers");
    let presences = "UPDATE person_presences SET total = total";
    assert_eq!(
        found(&format!("{presences} + 1"), &format!("{presences} - 1")).await.split(',').nth(1),
        Some(" \"presences\"")
    );
    let persons = "UPDATE person_rollups SET new_ever = new_ever";
    let told = found(&format!("{persons} + 1"), &format!("{persons} - 1")).await;
    assert!(told.starts_with("Figure") && told.contains("new_ever"), "{told}");
    let entry = "UPDATE ledger_entries SET head = digest, digest = head WHERE first_no = 4";
    assert!(found(entry, entry).await.contains("another chain"), "the chain that was proved is there no more");
    go_on(&app, checkpoint.clone()).await.unwrap();
    app.sql("DELETE FROM ledger_entries; DELETE FROM district_clocks WHERE district_code = '511802'").await;
    assert!(matches!(go_on(&app, checkpoint).await, Err(VerifyError::Finding(Finding::Entry(_, 4, _)))));
}

#[tokio::test]
async fn figures_are_counted_anew_beside_those_who_write() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    for sequence in 0..20 {
        admin.post("/v1/screenings", &examples::screening(&place, sequence)).await.expect(201);
    }
    // As if a former release hadn't counted some of it, and other things wrongly.
    app.sql(
        "DELETE FROM record_rollups WHERE measure = 'abnormal'; UPDATE record_rollups SET total = total + 3; \
         DELETE FROM hourly_rollups; DELETE FROM person_presences WHERE get_byte(uuid_send(person_id), 15) % 2 = 0; \
         UPDATE person_rollups SET persons = persons + 1; DELETE FROM person_rollups WHERE scope = '511802'",
    )
    .await;
    assert!(finding(&app).await.is_some());
    let done = Arc::new(AtomicBool::new(false));
    let write = async {
        let mut sequence = 0;
        while !done.load(Ordering::Relaxed) {
            sequence += 1;
            // Of people who were there, and others.
            admin.post("/v1/screenings", &examples::screening(&place, sequence)).await.expect(201);
        }
        sequence
    };
    let count = async {
        recount::recount(&app.core, "511802").await.unwrap();
        recount::recount(&app.core, "511802").await.unwrap();
        done.store(true, Ordering::Relaxed);
    };
    let (written, ()) = tokio::join!(write, count);
    assert!(written > 2, "phones went on");
    assert_eq!(finding(&app).await, None);
}

#[tokio::test]
async fn of_two_that_start_together_one_counts() {
    let app = TestApp::start().await;
    written(&app).await;
    app.sql(
        "DELETE FROM record_rollups; DELETE FROM person_presences; DELETE FROM person_rollups; \
         UPDATE service_settings SET value = '1' WHERE name = 'figures'",
    )
    .await;
    let before = &lianfang::server::routes::BEFORE_RECOUNT;
    let (one, other) = tokio::join!(recount::where_needed(&app.core, before), recount::where_needed(&app.core, before));
    one.unwrap();
    other.unwrap();
    assert_eq!(finding(&app).await, None, "what was missing was added once");
    assert_eq!(
        app.rows("SELECT value FROM service_settings WHERE name = 'figures'").await[0].text("value").as_deref(),
        Some(recount::EDITION)
    );
}
