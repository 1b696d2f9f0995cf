//! Price rules and alerts: fired exactly, judged anew, traced to their records.

use serde_json::{Value as Json, json};

use crate::isolation_cases::{set_clock, work};
use crate::supply::{report, store};
use crate::support::{Actor, TestApp};

const VEGETABLES: &str = "veg_average_11";
const PORK: &str = "meat_pork_hind_leg";

pub async fn alerts(actor: &Actor, query: &str) -> Vec<Json> {
    actor.get(&format!("/v1/price-alerts?{query}")).await.expect(200).body["items"].as_array().unwrap().clone()
}

pub fn rule(threshold: &str) -> Json {
    json!({"name": "涨幅监测", "rule_kind": "price_change", "baseline_on": "2020-01-23", "threshold_rate": threshold, "basis": "测试"})
}

/// The real averages of Ya'an, taken as the reports of one store; a fiction.
pub async fn reports(admin: &Actor, place: &str) -> (String, String) {
    let post = async |day: &str, vegetables: &str, pork: &str| {
        let body = report(place, day, &[(PORK, pork), (VEGETABLES, vegetables)]);
        admin.post("/v1/supply-reports", &body).await.expect(201).body["id"].as_str().unwrap().to_owned()
    };
    (post("2020-01-23", "3.30", "28.45").await, post("2020-01-30", "4.12", "32.45").await)
}

#[tokio::test]
async fn a_rise_of_15_percent_fires_for_vegetables_and_not_for_pork() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-30T17:00:00+08:00");
    let admin = app.administrator().await;
    let rule_id = admin.post("/v1/price-rules", &rule("0.15")).await.expect(201).body["id"].clone();
    let place = store(&admin, "虚构超市").await;
    let (before, after) = reports(&admin, &place).await;
    let found = alerts(&admin, "").await;
    assert_eq!(found.len(), 1, "{found:?}");
    let alert = &found[0];
    assert_eq!((&alert["commodity"], &alert["reported_on"]), (&json!(VEGETABLES), &json!("2020-01-30")));
    assert_eq!(
        (&alert["change_rate"], &alert["state"], &alert["fires"]),
        (&json!("0.2485"), &json!("open"), &json!(true))
    );
    // Each figure is found where the evidence says.
    for evidence in alert["evidence"].as_array().unwrap() {
        let path = format!(
            "/v1/{}/{}/revisions",
            evidence["kind"].as_str().unwrap().replace('_', "-"),
            evidence["id"].as_str().unwrap()
        );
        let revisions = admin.get(&path).await.expect(200).body;
        let of = revisions["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|item| item["revision"] == evidence["revision"])
            .unwrap()
            .clone();
        let number = |json: &Json| json.as_str().unwrap().parse::<f64>().unwrap();
        assert_eq!(
            number(of.pointer(evidence["pointer"].as_str().unwrap()).unwrap()),
            number(&evidence["value"]),
            "{evidence}"
        );
    }
    let named: Vec<&Json> = alert["evidence"].as_array().unwrap().iter().map(|evidence| &evidence["id"]).collect();
    assert_eq!(named, [&json!(after), &json!(before), &rule_id]);
}

#[tokio::test]
async fn corrections_late_reports_and_voids_are_judged_anew() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-31T17:00:00+08:00");
    let admin = app.administrator().await;
    admin.post("/v1/price-rules", &rule("0.15")).await.expect(201);
    let place = store(&admin, "虚构超市").await;
    // First the later report; nothing to compare with yet.
    let later = report(&place, "2020-01-30", &[(PORK, "32.45"), (VEGETABLES, "3.50")]);
    let later = admin.post("/v1/supply-reports", &later).await.expect(201).body["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/supply-reports/{later}");
    assert!(alerts(&admin, "").await.is_empty());
    let baseline = report(&place, "2020-01-23", &[(PORK, "28.45"), (VEGETABLES, "3.30")]);
    let baseline =
        admin.post("/v1/supply-reports", &baseline).await.expect(201).body["id"].as_str().unwrap().to_owned();
    assert!(alerts(&admin, "").await.is_empty(), "3.30 to 3.50 is 6 %");
    // The later one is corrected.
    let right = report(&place, "2020-01-30", &[(PORK, "32.45"), (VEGETABLES, "4.12")])["lines"].clone();
    admin.patch(&path, "\"1\"", &json!({"lines": right})).await.expect(200);
    let found = alerts(&admin, "").await;
    assert_eq!(
        (found.len(), &found[0]["commodity"], &found[0]["change_rate"]),
        (1, &json!(VEGETABLES), &json!("0.2485"))
    );
    assert_eq!((&found[0]["evidence"][0]["revision"], &found[0]["evidence"][0]["id"]), (&json!(2), &json!(later)));
    // The baseline is corrected: pork fires as well, and vegetables no more.
    let other = report(&place, "2020-01-23", &[(PORK, "28.00"), (VEGETABLES, "4.00")])["lines"].clone();
    admin.patch(&format!("/v1/supply-reports/{baseline}"), "\"1\"", &json!({"lines": other})).await.expect(200);
    let pork = &alerts(&admin, &format!("commodity={PORK}")).await[0];
    assert_eq!((&pork["change_rate"], &pork["state"]), (&json!("0.1589"), &json!("open")));
    let vegetables = &alerts(&admin, &format!("commodity={VEGETABLES}")).await[0];
    let dismissed = (&vegetables["state"], &vegetables["dismissal"], &vegetables["fires"]);
    assert_eq!(dismissed, (&json!("dismissed"), &json!("reevaluated"), &json!(false)));
    let id = vegetables["id"].as_str().unwrap();
    let revisions = admin.get(&format!("/v1/price-alerts/{id}/revisions")).await.expect(200).body;
    assert_eq!(revisions["items"].as_array().unwrap().len(), 2);
    assert!(revisions.to_string().contains("0.2485"), "the former evidence is readable: {revisions}");
    // The baseline is void: nothing can be said of either.
    admin.post(&format!("/v1/supply-reports/{baseline}:void"), &json!({"reason": "错报"})).await.expect(200);
    assert!(alerts(&admin, "fires=true").await.is_empty());
}

#[tokio::test]
async fn a_rule_that_is_amended_looks_at_everything_again() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-31T17:00:00+08:00");
    let admin = app.administrator().await;
    let place = store(&admin, "虚构超市").await;
    reports(&admin, &place).await;
    let made = admin.post("/v1/price-rules", &rule("0.30")).await.expect(201).body;
    let path = format!("/v1/price-rules/{}", made["id"].as_str().unwrap());
    work(&app).await;
    assert!(alerts(&admin, "").await.is_empty());
    admin.patch(&path, "\"1\"", &json!({"threshold_rate": "0.15"})).await.expect(200);
    work(&app).await;
    let found = alerts(&admin, "fires=true").await;
    assert_eq!((found.len(), &found[0]["rule_revision"]), (1, &json!(2)));
    // Somebody acted on one: that stays, whatever the rule says then.
    let id = found[0]["id"].as_str().unwrap().to_owned();
    admin.patch(&path, "\"2\"", &json!({"threshold_rate": "0.14"})).await.expect(200);
    work(&app).await;
    assert_eq!(alerts(&admin, "fires=true").await.len(), 2);
    let explained = json!({"reason": "进价上涨"});
    admin.post(&format!("/v1/price-alerts/{id}:explain"), &explained).await.expect(200);
    admin.patch(&path, "\"3\"", &json!({"threshold_rate": "0.5"})).await.expect(200);
    work(&app).await;
    let states: Vec<Json> = alerts(&admin, "order=oldest").await.iter().map(|alert| alert["state"].clone()).collect();
    assert!(states.contains(&json!("explained")) && states.contains(&json!("dismissed")), "{states:?}");
    let revisions = admin.get(&format!("/v1/price-alerts/{id}/revisions")).await.expect(200).body;
    let by_rule: Vec<&Json> =
        revisions["items"].as_array().unwrap().iter().map(|item| &item["rule_revision"]).collect();
    assert!(by_rule.contains(&&json!(2)), "{by_rule:?}");
    admin.post(&format!("/v1/price-alerts/{id}:dismiss"), &json!({"reason": "核实无误"})).await.expect(200);
    admin.patch(&path, "\"4\"", &json!({"threshold_rate": "0.1"})).await.expect(200);
    work(&app).await;
    assert_eq!(alerts(&admin, "state=dismissed").await.len(), 1, "by hand it stays dismissed");
    assert_eq!(alerts(&admin, "state=open").await.len(), 1, "what was dismissed by the rule is open again");
    admin.post(&format!("{path}:void"), &json!({"reason": "废止"})).await.expect(200);
    work(&app).await;
    assert!(alerts(&admin, "fires=true").await.is_empty());
}

#[tokio::test]
async fn mark_ups_and_the_day_before_are_rules_too() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-31T17:00:00+08:00");
    let admin = app.administrator().await;
    let place = store(&admin, "虚构超市").await;
    let give = async |body: Json| admin.post("/v1/price-rules", &body).await;
    let incomplete = give(json!({"name": "x", "rule_kind": "markup", "threshold_rate": "0", "basis": "x"})).await;
    assert_eq!(incomplete.expect(422).faults(), [("/baseline_on".to_owned(), "required".to_owned())]);
    give(json!({"name": "日涨幅", "rule_kind": "day_on_day", "threshold_rate": "0.05", "effective_on": "2020-01-20", "basis": "x"})).await.expect(201);
    give(json!({"name": "差价率", "rule_kind": "markup", "baseline_on": "2020-01-21", "threshold_rate": "0", "basis": "x"})).await.expect(201);
    give(json!({"name": "上限", "rule_kind": "markup_cap", "baseline_on": "2020-01-21", "only_without_baseline": true, "threshold_rate": "0.35", "basis": "x"})).await.expect(201);
    let post = async |day: &str, commodity: &str, purchase: &str, retail: &str| {
        let line = json!({"commodity": commodity, "purchase_price": purchase, "retail_price": retail, "price_unit": "元/500克"});
        admin
            .post("/v1/supply-reports", &json!({"place_id": place, "reported_on": day, "lines": [line]}))
            .await
            .expect(201);
    };
    post("2020-01-21", "meat_beef", "30", "36").await;
    post("2020-01-24", "meat_beef", "40", "48").await;
    let kinds = async || {
        let mut kinds: Vec<String> = alerts(&admin, "fires=true")
            .await
            .iter()
            .map(|alert| format!("{} {}", alert["rule_kind"].as_str().unwrap(), alert["reported_on"].as_str().unwrap()))
            .collect();
        kinds.sort();
        kinds
    };
    assert!(kinds().await.is_empty(), "the mark-up stayed 20 %, and the day before told nothing");
    let prices = admin.get("/v1/stats/prices?from_on=2020-01-24&to_on=2020-01-24").await.expect(200).body;
    let beef = &prices["items"][0];
    assert_eq!((&beef["change_rate"], &beef["change_rate_reason"]), (&Json::Null, &json!("no_previous_day")));
    post("2020-01-26", "meat_beef", "40", "50").await;
    post("2020-01-27", "meat_mutton", "40", "60").await;
    assert_eq!(kinds().await, ["markup 2020-01-26", "markup_cap 2020-01-27"]);
    // A day between comes late: what came after it is compared with it now.
    post("2020-01-25", "meat_beef", "40", "44").await;
    assert_eq!(kinds().await, ["day_on_day 2020-01-26", "markup 2020-01-26", "markup_cap 2020-01-27"]);
    let between = admin.get("/v1/supply-reports?reported_on=2020-01-25").await.expect(200).body;
    let between = between["items"][0]["id"].as_str().unwrap().to_owned();
    admin.post(&format!("/v1/supply-reports/{between}:void"), &json!({"reason": "错报"})).await.expect(200);
    let risen = alerts(&admin, "reported_on=2020-01-26").await;
    let risen = risen.iter().find(|alert| alert["rule_kind"] == "day_on_day").unwrap();
    let told = (&risen["state"], &risen["fires"], &risen["unjudged_reason"]);
    assert_eq!(told, (&json!("dismissed"), &json!(false), &json!("no_previous_day")));
}

/// A store that was silent for seventeen days tells a price again: nothing can be said of that day alone.
#[tokio::test]
async fn the_day_before_is_the_day_before_and_no_other() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-13T17:00:00+08:00");
    let admin = app.administrator().await;
    let place = store(&admin, "虚构超市").await;
    let rule = json!({"name": "日涨幅", "rule_kind": "day_on_day", "threshold_rate": "0.05", "effective_on": "2020-01-20", "basis": "x"});
    admin.post("/v1/price-rules", &rule).await.expect(201);
    let post = async |day: &str, price: &str| {
        let line = json!({"commodity": "meat_beef", "retail_price": price, "price_unit": "元/500克"});
        admin
            .post("/v1/supply-reports", &json!({"place_id": place, "reported_on": day, "lines": [line]}))
            .await
            .expect(201);
    };
    post("2020-01-26", "40").await;
    post("2020-02-12", "60").await;
    assert!(alerts(&admin, "").await.is_empty());
    post("2020-02-13", "64").await;
    let found = alerts(&admin, "fires=true").await;
    let told = (found.len(), &found[0]["reported_on"], &found[0]["baseline"]["reported_on"]);
    assert_eq!(told, (1, &json!("2020-02-13"), &json!("2020-02-12")));
}
