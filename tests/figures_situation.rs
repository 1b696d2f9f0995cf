//! The situation by unit: every figure with what proves it, of units with others below them, of what belongs to
//! nobody; all of one moment.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};

use rust_decimal::Decimal;
use serde_json::{Value as Json, json};

use crate::shifts::make;
use crate::support::{Actor, TestApp, examples};

/// All records of a list.
pub async fn all(actor: &Actor, url: &str) -> Vec<Json> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    let mark = if url.contains('?') { '&' } else { '?' };
    loop {
        let page = actor.get(&format!("{url}{mark}limit=500{cursor}")).await.expect(200).body;
        found.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}

/// How much a record adds to a figure, where it isn't one.
fn weight(name: &str, record: &Json) -> Decimal {
    let number = |value: &Json| match value {
        Json::String(text) => text.parse().unwrap(),
        other => other.as_i64().unwrap_or(0).into(),
    };
    let count = |list: &str| Decimal::from(record[list].as_array().map_or(0, Vec::len));
    match name {
        "copies" | "households_reached" | "members_confirmed" | "service_minutes" => number(&record[name]),
        "works" | "videos" | "newspapers" | "letters" | "kuaiban" => number(&record["works"]),
        "participants" => number(&record["participants"]),
        "people_involved" => number(&record["people"]),
        "places_needed" => record["needs"].as_array().unwrap().iter().map(|need| number(&need["count"])).sum(),
        "disinfected_area_m2" | "cleaned_area_m2" => number(&record["area_m2"]),
        "lines" => count("lines"),
        "items_failed" => {
            let failed = record["items"].as_array().unwrap().iter().filter(|item| item["result"] == "fail");
            Decimal::from(failed.count())
        }
        "tallied" => number(&record["measured"]),
        "tallied_abnormal" => number(&record["abnormal"]),
        "tallied_vehicles" => number(&record["vehicles"]),
        "cost_cny" | "purchase_cost_cny" => number(&record["cost_cny"]),
        "donated_value_cny" | "issued_value_cny" => {
            record["items"].as_array().unwrap().iter().map(|item| number(&item["value_cny"])).sum()
        }
        "issue_recipients" => number(&record["recipients"]),
        "bags" | "weight_kg" => number(&record[name]),
        _ if name.starts_with("tables") => number(&record["tables"]),
        _ if name.starts_with("diners") => number(&record["diners"]),
        _ if name.starts_with("stock_") && name != "stock_movements" => {
            let side = if record["direction"] == "out" { -1 } else { 1 };
            number(&record["quantity_normalized"]) * Decimal::from(side)
        }
        _ => Decimal::ONE,
    }
}

/// Different people on the two lists of those who were on duty.
async fn people(actor: &Actor, figure: &Json) -> i64 {
    let volunteers = all(actor, "/v1/volunteers").await;
    let person = |id: &Json| volunteers.iter().find(|one| one["id"] == *id).unwrap()["person_id"].to_string();
    let mut people = BTreeSet::new();
    for name in ["records_url", "further_records_url"] {
        let records = all(actor, figure[name].as_str().unwrap()).await;
        people.extend(records.iter().map(|record| person(&record["volunteer_id"])));
    }
    people.len() as i64
}

/// Opens what every figure of a situation links to: it is as many, or as much.
pub async fn prove(actor: &Actor, situation: &Json) {
    for unit in situation["units"].as_array().unwrap() {
        let mut amounts: BTreeMap<String, Decimal> = BTreeMap::new();
        let figures = unit["figures"].as_array().unwrap();
        let told = |figure: &Json| match &figure["amount"] {
            Json::String(text) => text.parse::<Decimal>().unwrap(),
            _ => figure["value"].as_i64().unwrap().into(),
        };
        for figure in figures {
            amounts.insert(figure["name"].as_str().unwrap().to_owned(), told(figure));
        }
        for figure in figures {
            let name = figure["name"].as_str().unwrap();
            let proven: Decimal = if let Some(ids) = figure["record_ids"].as_array() {
                for id in ids {
                    actor.get(&format!("/v1/places/{}", id.as_str().unwrap())).await.expect(200);
                }
                ids.len().into()
            } else if let Some(parts) = figure["sum_of"].as_array() {
                parts.iter().map(|part| amounts[part.as_str().unwrap()]).sum()
            } else if name == "staff" {
                people(actor, figure).await.into()
            } else {
                let url = figure["records_url"].as_str().unwrap_or_else(|| panic!("{name} has no list: {figure}"));
                all(actor, url).await.iter().map(|record| weight(name, record)).sum()
            };
            assert_eq!(proven, told(figure), "{}: {figure}", unit["name"]);
        }
    }
}

/// The figure of a unit.
pub fn figure(situation: &Json, unit: &Json, name: &str) -> Json {
    let unit = situation["units"].as_array().unwrap().iter().find(|one| one["name"] == *unit);
    let figures = unit.map(|unit| unit["figures"].as_array().unwrap().clone()).unwrap_or_default();
    figures.into_iter().find(|figure| figure["name"] == name).unwrap_or(Json::Null)
}

async fn organization(admin: &Actor, name: &str, parent: Option<&str>) -> String {
    let body = json!({"kind": "bureau", "name": name, "area_code": "511802", "parent_id": parent});
    make(admin, "organizations", body).await
}

#[tokio::test]
async fn every_figure_of_a_unit_and_of_none_leads_to_as_many_records() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let bureau = organization(&admin, "教育局", None).await;
    let school = organization(&admin, "一小", Some(&bureau)).await;
    let class = organization(&admin, "一班", Some(&school)).await;
    let compound =
        make(&admin, "places", json!({"kind": "family_compound", "name": "教师院", "area_code": "511802005001"})).await;
    let gate = json!({"kind": "compound_gate", "name": "北门", "area_code": "511802005001", "parent_id": compound});
    let gate = make(&admin, "places", gate).await;
    for (org, count) in [(Some(&bureau), 1), (Some(&school), 2), (Some(&class), 3), (None, 4)] {
        for index in 0..count {
            let body = json!({"org_id": org, "place_id": gate, "activity": "disinfection", "area_m2": "10.5", "agent": "84", "method": "spray", "occurred_at": format!("2020-02-0{}T09:00:00+08:00", 1 + index)});
            make(&admin, "disinfections", body).await;
        }
    }
    let movement = |commodity: &str, quantity: &str, unit: &str| json!({"org_id": school, "place_id": gate, "commodity": commodity, "direction": "in", "quantity": quantity, "quantity_unit": unit, "occurred_at": "2020-02-01T09:00:00+08:00"});
    for (commodity, quantity, unit) in [
        ("agri_fertilizer_urea", "300", "吨"),
        ("agri_fertilizer_compound", "130000", "公斤"),
        ("agri_pesticide", "2700", "件"),
        ("agri_seed", "5", "千克"),
    ] {
        make(&admin, "stock-movements", movement(commodity, quantity, unit)).await;
    }
    let situation = admin.get("/v1/stats/situation?on=2020-02-03").await.expect(200).body;
    let of = |name: &str| figure(&situation, &json!("教育局"), name);
    assert_eq!((&of("disinfections")["value"], &of("disinfected_area_m2")["amount"]), (&json!(6), &json!("63.00")));
    assert_eq!(figure(&situation, &Json::Null, "disinfections")["value"], 3, "of nobody, the fourth a day later");
    assert_eq!(of("compounds")["record_ids"], json!([compound]));
    let stock = |name: &str| (of(name)["amount"].clone(), of(name)["unit"].clone(), of(name)["label"].clone());
    assert_eq!(stock("stock_agri_fertilizer"), (json!("430"), json!("吨"), json!("化肥")));
    assert_eq!(stock("stock_agri_pesticide"), (json!("2700"), json!("件"), json!("农药")));
    assert_eq!(stock("stock_agri_seed").1, "千克");
    assert_eq!(of("stock_agri_input"), Json::Null, "cases and kilograms don't add up");
    prove(&admin, &situation).await;
    let one = admin.get(&format!("/v1/stats/situation?on=2020-02-03&org_id={school}&area_code=511802005")).await;
    assert_eq!(figure(&one.expect(200).body, &json!("一小"), "disinfections")["value"], 5);
    let english = admin.with("accept-language", "en").get("/v1/stats/situation?on=2020-02-03").await.body;
    assert_eq!(figure(&english, &json!("教育局"), "stock_agri_pesticide")["unit"], "item");
    // Every list takes these conditions; files of it, too.
    let under = format!("/v1/disinfections?under_org_id={school}");
    assert_eq!(all(&admin, &under).await.len(), 5);
    assert_eq!(
        (
            all(&admin, "/v1/disinfections?no_org=true").await.len(),
            all(&admin, "/v1/disinfections?no_org=false").await.len()
        ),
        (4, 6)
    );
    let (_, _, file) = admin.with("accept", "application/x-ndjson").download(&under).await;
    assert_eq!(String::from_utf8(file).unwrap().lines().count(), 5 + 1);
    let nobody = format!("/v1/disinfections?under_org_id={}", uuid::Uuid::now_v7());
    assert_eq!(all(&admin, &nobody).await.len(), 0);
}

#[tokio::test]
async fn a_situation_holds_what_was_written_up_to_its_number_and_nothing_later() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005001").await;
    let bureau = organization(&admin, "教育局", None).await;
    let writing = async {
        for index in 0..150 {
            let body = json!({"org_id": bureau, "place_id": place, "activity": "disinfection", "area_m2": "1", "agent": "84", "method": "spray", "occurred_at": format!("2020-02-01T09:{:02}:00+08:00", index % 60)});
            admin.post("/v1/disinfections", &body).await.expect(201);
        }
    };
    let done = AtomicBool::new(false);
    let reading = async {
        let mut read = Vec::new();
        while !done.load(Ordering::Relaxed) {
            read.push(admin.get("/v1/stats/situation?on=2020-02-02").await.expect(200).body);
        }
        read
    };
    let writing = async {
        writing.await;
        done.store(true, Ordering::Relaxed);
    };
    let (_, read) = futures_util::future::join(writing, reading).await;
    let numbers: Vec<i64> =
        all(&admin, "/v1/disinfections").await.iter().map(|record| record["change_no"].as_i64().unwrap()).collect();
    assert!(read.len() > 10, "{}", read.len());
    for situation in read {
        let head = situation["as_of_change_no"].as_i64().unwrap();
        let counted = figure(&situation, &json!("教育局"), "disinfections")["value"].as_i64().unwrap_or(0);
        assert_eq!(counted, numbers.iter().filter(|number| **number <= head).count() as i64, "as of {head}");
    }
}
