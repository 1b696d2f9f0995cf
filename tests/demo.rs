//! The demo: a believable district, made the public way; the same seed makes the same.

use lianfang::demo::{Demo, make};
use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn a_second_run_changes_nothing() {
    let app = TestApp::start().await;
    let demo = Demo { scale: 1, seed: 7, until_on: "2020-02-02".parse().unwrap() };
    let made = make(&app.service, demo, |_, _| {}).await.map_err(|problem| format!("{problem:?}")).unwrap();
    assert!(made.accounts.len() >= 50, "{}", made.accounts.len());
    let count = |kind: &str| made.created[kind];
    assert_eq!((count("organizations"), count("people")), (14, 1_680));
    assert!((5_000..9_000).contains(&count("screenings")), "{}", count("screenings"));
    let admin = app.administrator().await;
    let fevers = admin.get("/v1/screenings?disposition=referred_fever_clinic&limit=500").await.expect(200).body;
    let fevers = fevers["items"].as_array().unwrap();
    assert!(
        !fevers.is_empty() && fevers.iter().all(|fever| fever["abnormal"] == true && !fever["retest_of"].is_null())
    );
    let compounds =
        admin.get("/v1/places?kind=family_compound&limit=500").await.body["items"].as_array().unwrap().len();
    assert_eq!(compounds, 18);
    let plain = admin.get("/v1/people?limit=1").await.body["items"][0].clone();
    assert!(plain["document_number"].as_str().unwrap().starts_with("5199"));
    // What the service writes by itself meanwhile is none of the demo's.
    let newest = async || {
        let sql = "SELECT count(*) AS total FROM record_revisions WHERE kind <> 'duties'";
        app.rows(sql).await[0].integer("total")
    };
    let revisions = newest().await;
    let again = make(&app.service, demo, |_, _| {}).await.map_err(|problem| problem.to_string()).unwrap();
    assert_eq!(again.created.values().sum::<u64>(), 0, "{:?}", again.created);
    assert_eq!((again.accounts.len(), newest().await), (0, revisions));
    lianfang::verify::verify(&app.service, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
    let (username, password) = &made.accounts[0];
    let login = json!({"username": username, "password": password});
    app.nobody().post("/v1/auth/login", &login).await.expect(200);
}
