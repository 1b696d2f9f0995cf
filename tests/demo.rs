//! The demo: a believable district, made the public way; the same seed makes the same.

use lianfang::server::demo::{Demo, make};
use serde_json::json;

use crate::figures_situation::{figure as figure_of, prove};
use crate::support::{Actor, TestApp};

#[tokio::test]
async fn a_second_run_changes_nothing() {
    let app = TestApp::start().await;
    let demo = Demo { scale: 1, seed: 7, until_on: "2020-02-02".parse().unwrap() };
    let made = make(&app.core, demo, |_, _| {}).await.map_err(|problem| format!("{problem:?}")).unwrap();
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
    the_source_texts_figures(&admin).await;
    let plain = admin.get("/v1/people?limit=1").await.body["items"][0].clone();
    assert!(plain["document_number"].as_str().unwrap().starts_with("51*"));
    // Revisions that the service writes by itself meanwhile are none of the demo's.
    let newest = async || {
        let sql = "SELECT count(*) AS total FROM record_revisions WHERE kind <> 'duties'";
        app.rows(sql).await[0].integer("total")
    };
    let revisions = newest().await;
    let again = make(&app.core, demo, |_, _| {}).await.map_err(|problem| problem.to_string()).unwrap();
    assert_eq!(again.created.values().sum::<u64>(), 0, "{:?}", again.created);
    assert_eq!((again.accounts.len(), newest().await), (0, revisions));
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
    let (username, password) = &made.accounts[0];
    let login = json!({"username": username, "password": password});
    app.nobody().post("/v1/auth/login", &login).await.expect(200);
}

/// The education bureau's line of 2 February 2020, and the cooperative's stores: every figure with its records.
async fn the_source_texts_figures(admin: &Actor) {
    let units = admin.get("/v1/organizations?kind=bureau").await.expect(200).body;
    let education = units["items"].as_array().unwrap().iter().find(|unit| unit["name"] == "雨城区教育局").unwrap();
    let id = education["id"].as_str().unwrap();
    let line = admin.get(&format!("/v1/stats/situation?org_id={id}&as_of_on=2020-02-02")).await.expect(200).body;
    let figures = line["units"][0]["figures"].as_array().unwrap().clone();
    let figure = |name: &str| {
        figures.iter().find(|figure| figure["name"] == name).unwrap_or_else(|| panic!("{name}: {figures:#?}"))
    };
    let value = |name: &str| figure(name)["value"].as_i64().unwrap();
    assert!((51..=59).contains(&value("staff")), "50余名工作人员: {}", value("staff"));
    assert_eq!(value("compounds"), 18, "18个家属大院");
    assert!((590..=599).contains(&value("households_reached")), "近600户: {}", value("households_reached"));
    assert!((101..=109).contains(&value("screened")), "100余人次: {}", value("screened"));
    assert_eq!(figure("disinfected_area_m2")["amount"], "20160.00", "约20000㎡");
    let listed =
        admin.get(&format!("{}&limit=500", figure("screened")["records_url"].as_str().unwrap())).await.expect(200);
    assert_eq!(listed.body["items"].as_array().unwrap().len() as i64, value("screened"));
    let listed =
        admin.get(&format!("{}&limit=500", figure("disinfected_area_m2")["records_url"].as_str().unwrap())).await;
    assert_eq!(listed.expect(200).body["items"].as_array().unwrap().len(), 18);
    let all = admin.get("/v1/stats/situation?as_of_on=2020-02-02").await.expect(200).body;
    prove(admin, &all).await;
    let school = admin.get("/v1/organizations?kind=school&order=oldest").await.expect(200).body["items"][0].clone();
    let own = format!("/v1/stats/situation?as_of_on=2020-02-02&org_id={}", school["id"].as_str().unwrap());
    let own = admin.get(&own).await.expect(200).body;
    assert!(own["units"][0]["figures"].as_array().unwrap().len() > 10, "a school's own: {own:#}");
    prove(admin, &own).await;
    let cooperative = all["units"].as_array().unwrap().iter().find(|unit| unit["name"] == "雨城区供销社").unwrap();
    let amount = |name: &str| {
        cooperative["figures"].as_array().unwrap().iter().find(|figure| figure["name"] == name).unwrap()["amount"]
            .clone()
    };
    assert_eq!(
        (amount("stock_agri_fertilizer_urea"), amount("stock_agri_fertilizer_compound")),
        (json!("300"), json!("130")),
        "430吨"
    );
    let unit = |name: &str| figure_of(&all, &json!("雨城区供销社"), name)["unit"].clone();
    assert_eq!((amount("stock_agri_fertilizer"), unit("stock_agri_fertilizer")), (json!("430"), json!("吨")));
    assert_eq!((amount("stock_agri_pesticide"), unit("stock_agri_pesticide")), (json!("2700"), json!("件")));
    let stocks = admin.get("/v1/stocks?as_of_on=2020-02-02").await.expect(200).body;
    assert_eq!((&stocks["targets"][0]["stock"], &stocks["targets"][0]["rate"]), (&json!("430"), &json!("0.8600")));
    let before = admin.get(&format!("/v1/stats/situation?org_id={id}&as_of_on=2020-01-01")).await.expect(200).body;
    assert_eq!(before["units"][0]["figures"], json!([]));
    let due = admin.get("/v1/stats/completeness?from_on=2020-02-02&by=kind").await.expect(200).body;
    let of = |kind: &str| {
        due["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|item| item["key"] == kind)
            .unwrap_or_else(|| panic!("{kind}: {due:#}"))
            .clone()
    };
    let stores = of("supply_report");
    assert_eq!(
        (stores["expected"].as_i64(), stores["done"].as_i64(), stores["missed"].as_i64()),
        (Some(3), Some(2), Some(1))
    );
    assert_eq!(stores["gaps"][0]["subject_name"], "前进农贸市场", "who didn't report, by name: {stores:#}");
    let readings = of("am_reading");
    assert!(readings["done"].as_i64().unwrap() > 5, "{readings:#}");
}
