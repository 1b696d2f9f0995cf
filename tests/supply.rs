//! Supply reports and price observations: units, mark-ups, one a store and day, sheets of stores, duties.

use serde_json::{Value as Json, json};

use crate::duties::{duties, states};
use crate::isolation_cases::{set_clock, work};
use crate::support::{Actor, TestApp};

/// The published prices of Sichuan, January to May 2020.
const OBSERVATIONS: &[u8] = include_bytes!("data/sichuan-price-observations-2020.csv");

/// A supermarket; its id.
pub async fn store(admin: &Actor, name: &str) -> String {
    let place = json!({"kind": "supermarket", "name": name, "area_code": "511802005", "operating_status": "open"});
    admin.post("/v1/places", &place).await.expect(201).body["id"].as_str().unwrap().to_owned()
}

/// A report of retail prices in yuan a jin.
pub fn report(place: &str, day: &str, prices: &[(&str, &str)]) -> Json {
    let line = |(commodity, price): &(&str, &str)| json!({"commodity": commodity, "retail_price": price, "price_unit": "元/500克"});
    json!({"place_id": place, "reported_on": day, "lines": prices.iter().map(line).collect::<Vec<_>>()})
}

pub async fn import(actor: &Actor, query: &str, media_type: &str, bytes: Vec<u8>) -> Json {
    actor.with("content-type", media_type).upload(&format!("/v1/imports?{query}"), bytes).await.expect(200).body
}

#[tokio::test]
async fn published_prices_are_taken_as_they_were_published() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let first = import(&admin, "kind=price_observations", "text/csv", OBSERVATIONS.to_vec()).await;
    assert_eq!((&first["counts"]["created"], &first["counts"]["refused"]), (&json!(79), &json!(0)), "{first}");
    let again = import(&admin, "kind=price_observations", "text/csv", OBSERVATIONS.to_vec()).await;
    assert_eq!(again["counts"]["same"], 79);
    let text = String::from_utf8(OBSERVATIONS.to_vec()).unwrap();
    let list =
        admin.get("/v1/price-observations?limit=500").await.expect(200).body["items"].as_array().unwrap().clone();
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let found = list.iter().find(|item| {
            item["observed_on"] == cells[0] && item["observed_area_code"] == cells[1] && item["commodity"] == cells[4]
        });
        let found = found.unwrap_or_else(|| panic!("{line}"));
        let number = |text: &str| text.parse::<f64>().unwrap();
        assert_eq!(number(found["price_normalized"].as_str().unwrap()), number(cells[8]), "{line}");
        assert_eq!((&found["normalized_unit"], &found["price_unit"]), (&json!(cells[9]), &json!(cells[7])));
        assert_eq!(found["commodity_zh"], cells[5]);
    }
    let pork = admin.get("/v1/price-observations?commodity=meat_pork_hind_leg&observed_area_code=511802").await.body;
    assert_eq!(pork["items"][0]["price_normalized"], "65.9");
    assert_eq!(pork["items"][0]["occurred_at"], "2020-02-29T00:00:00+08:00");
}

#[tokio::test]
async fn values_stay_as_reported_and_are_made_comparable() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-30T17:00:00+08:00");
    let admin = app.administrator().await;
    let place = store(&admin, "雨城超市").await;
    let mut body = report(&place, "2020-01-30", &[("meat_pork_hind_leg", "32.45")]);
    let line = json!({"commodity": "veg_celery", "purchase_price": "0", "retail_price": "3.00", "price_unit": "元/公斤", "sold": "20", "closing_stock": "30", "quantity_unit": "斤"});
    body["lines"].as_array_mut().unwrap().push(line);
    let line =
        json!({"commodity": "oil_blend", "purchase_price": "50", "retail_price": "58.63", "price_unit": "元/5升"});
    body["lines"].as_array_mut().unwrap().push(line);
    let made = admin.post("/v1/supply-reports", &body).await.expect(201).body;
    let lines = made["lines"].as_array().unwrap();
    assert_eq!((&lines[0]["retail_price"], &lines[0]["retail_price_normalized"]), (&json!("32.45"), &json!("64.9")));
    assert_eq!((&lines[0]["markup_rate"], &lines[0]["markup_rate_reason"]), (&Json::Null, &json!("no_purchase_price")));
    assert_eq!(
        (&lines[1]["markup_rate"], &lines[1]["markup_rate_reason"]),
        (&Json::Null, &json!("purchase_price_zero"))
    );
    assert_eq!((&lines[1]["closing_stock_normalized"], &lines[1]["stock_days"]), (&json!("15"), &json!("1.5")));
    assert_eq!((&lines[2]["markup_rate"], &lines[2]["retail_price_normalized"]), (&json!("0.1726"), &json!("11.726")));

    // The store's own line comes back with what the server added, and that is no fault.
    let path = format!("/v1/supply-reports/{}", made["id"].as_str().unwrap());
    let mut lines = made["lines"].clone();
    lines[1]["purchase_price"] = json!("2.40");
    let amended = admin.patch(&path, "\"1\"", &json!({"lines": lines})).await.expect(200).body;
    assert_eq!((&amended["lines"][1]["markup_rate"], &amended["revision"]), (&json!("0.25"), &json!(2)));
    let former = admin.get(&format!("{path}/revisions")).await.expect(200).body;
    assert!(former.to_string().contains("purchase_price_zero"));

    let faulty = json!({"place_id": place, "reported_on": "2020-02-03", "lines": [
        {"commodity": "meat_beef", "retail_price": "40", "price_unit": "元/箱"},
        {"commodity": "oil_blend", "sold": "4", "quantity_unit": "斤"},
        {"commodity": "meat_beef", "retail_price": "40"},
        {"commodity": "caviar"},
    ]});
    let faults = admin.post("/v1/supply-reports", &faulty).await.expect(422).faults();
    let faults: Vec<(&str, &str)> = faults.iter().map(|(at, code)| (at.as_str(), code.as_str())).collect();
    let expected = [
        ("/lines/0/price_unit", "unknown_unit"),
        ("/lines/1/quantity_unit", "unknown_unit"),
        ("/lines/2/commodity", "repeated_item"),
        ("/lines/2/price_unit", "required"),
        ("/lines/3/commodity", "not_in_vocabulary"),
        ("/reported_on", "too_far_ahead"),
    ];
    assert_eq!(faults, expected);
}

#[tokio::test]
async fn a_store_has_one_report_a_day() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-30T17:00:00+08:00");
    let admin = app.administrator().await;
    let place = store(&admin, "雨城超市").await;
    let body = report(&place, "2020-01-30", &[("meat_beef", "40")]);
    // Two at once: one is there, the other is told where.
    let (one, other) = tokio::join!(admin.post("/v1/supply-reports", &body), admin.post("/v1/supply-reports", &body));
    let (made, met) = if one.status == 201 { (one, other) } else { (other, one) };
    let (made, met) = (made.expect(201), met.expect(409));
    let path = format!("/v1/supply-reports/{}", made.body["id"].as_str().unwrap());
    assert_eq!((met.code(), met.header("location")), ("report_exists", path.as_str()));
    admin.post("/v1/supply-reports", &report(&place, "2020-01-29", &[("meat_beef", "40")])).await.expect(201);
    admin.post(&format!("{path}:void"), &json!({"reason": "填错门店"})).await.expect(200);
    let zero = json!({"place_id": place, "reported_on": "2020-01-30", "is_zero": true});
    admin.post("/v1/supply-reports", &zero).await.expect(201);
    let both = json!({"place_id": place, "reported_on": "2020-01-28", "is_zero": true, "lines": body["lines"]});
    assert_eq!(admin.post("/v1/supply-reports", &both).await.expect(422).faults()[0].1, "not_for_zero");
    let none = json!({"place_id": place, "reported_on": "2020-01-28"});
    assert_eq!(admin.post("/v1/supply-reports", &none).await.expect(422).faults()[0].1, "too_few");
}

#[tokio::test]
async fn a_stores_own_sheet_goes_in_with_a_row_a_commodity() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-31T09:00:00+08:00");
    let admin = app.administrator().await;
    let place = store(&admin, "雨城超市").await;
    store(&admin, "大兴超市").await;
    let sheet = "门店,日期,商品,进价,售价,计价单位,进货量,销售量,库存量,数量单位\n\
        雨城超市,2020年1月30日,猪肉(带皮后腿肉),27.80,32.45,元/500克,120,95,60,公斤\n\
        雨城超市,2020年1月30日,牛奶,2.10,2.70,元/盒,480,310,900,盒\n\
        大兴超市,2020年1月30日,牛奶,2.10,2.80,元/盒,,,,\n\
        大兴超市,2020年1月30日,菜籽油,60,71.9,元/桶,,,,\n\
        无名超市,2020年1月30日,牛奶,2.10,2.80,元/盒,,,,\n";
    let bytes = lianfang::exchange::files::decode::encoded(sheet, "gb18030").unwrap();
    let done = import(&admin, "kind=supply_reports", "text/csv; charset=gb18030", bytes).await;
    assert_eq!((&done["counts"]["created"], &done["counts"]["refused"]), (&json!(2), &json!(3)), "{done}");
    let errors = admin
        .with("accept", "application/x-ndjson")
        .download(&format!("/v1/imports/{}/errors", done["id"].as_str().unwrap()))
        .await;
    let errors = String::from_utf8(errors.2).unwrap();
    for code in ["other_row_faulty", "unknown_unit", "unknown_reference"] {
        assert!(errors.contains(code), "{code}: {errors}");
    }
    let list = admin.get("/v1/supply-reports?reported_on=2020-01-30").await.expect(200).body;
    let only = &list["items"][0];
    assert_eq!(
        (list["items"].as_array().unwrap().len(), &only["place_id"], &only["line_count"]),
        (1, &json!(place), &json!(2))
    );
    assert_eq!(only["lines"][0]["commodity"], "meat_pork_hind_leg");
    // The same sheet, mended: what is there stays, by name or by id.
    let mended = sheet
        .replace("元/桶", "元/5升")
        .replace("无名超市", "雨城超市")
        .replace("雨城超市,2020年1月30日,牛奶,2.10,2.80", "雨城超市,2020年1月29日,牛奶,2.10,2.80")
        .replace("\n雨城超市,2020年1月30日", &format!("\n{place},2020/1/30"));
    let done = import(&admin, "kind=supply_reports", "text/csv", mended.into_bytes()).await;
    let counts = ["created", "same", "skipped", "refused"].map(|name| done["counts"][name].as_u64().unwrap());
    assert_eq!(counts, [3, 2, 0, 0], "{done}");
    // Rows that an export gives are taken back.
    let (_, _, export) = admin.with("accept", "text/csv").download("/v1/supply-reports?reported_on=2020-01-30").await;
    let back = import(&admin, "kind=supply_reports", "text/csv", export).await;
    assert_eq!(back["counts"]["refused"], 0, "{back}");
}

#[tokio::test]
async fn silence_is_missed_and_an_explicit_nothing_is_not() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-30T08:00:00+08:00");
    let admin = app.administrator().await;
    let (one, two, three) =
        (store(&admin, "甲超市").await, store(&admin, "乙超市").await, store(&admin, "丙超市").await);
    let shut = json!({"operating_status": "suspended"});
    admin.patch(&format!("/v1/places/{three}"), "\"1\"", &shut).await.expect(200);
    work(&app).await;
    let today = "duty_kind=supply_report&from_on=2020-01-30&to_on=2020-01-30";
    let open = duties(&admin, today).await;
    assert_eq!(
        (open.len(), &open[0]["line"], &open[0]["due_at"]),
        (2, &json!("store"), &json!("2020-01-30T18:00:00+08:00"))
    );
    let zero = json!({"place_id": one, "reported_on": "2020-01-30", "is_zero": true});
    admin.post("/v1/supply-reports", &zero).await.expect(201);
    set_clock(&app, "2020-01-30T18:01:00+08:00");
    let admin = app.administrator().await;
    work(&app).await;
    let mut found = states(&duties(&admin, today).await, "supply_report");
    found.sort();
    assert_eq!(found, ["done", "missed"]);
    let missed = duties(&admin, &format!("{today}&state=missed")).await;
    assert_eq!((&missed[0]["subject_id"], &missed[0]["escalated_to"]), (&json!(two), &json!("district")));
    // The next morning it comes after all: done, and late.
    set_clock(&app, "2020-01-31T08:00:00+08:00");
    let admin = app.administrator().await;
    let late = admin.post("/v1/supply-reports", &report(&two, "2020-01-30", &[("meat_beef", "40")])).await.expect(201);
    let duty = &duties(&admin, &format!("{today}&subject_id={two}")).await[0];
    assert_eq!((&duty["state"], &duty["late"], &duty["proof"]["id"]), (&json!("done"), &json!(true), &late.body["id"]));
    let path = format!("/v1/supply-reports/{}:void", late.body["id"].as_str().unwrap());
    admin.post(&path, &json!({"reason": "门店填错"})).await.expect(200);
    assert_eq!(duties(&admin, &format!("{today}&subject_id={two}")).await[0]["state"], "missed");
    // A store that closes isn't expected any more.
    admin.patch(&format!("/v1/places/{two}"), "\"1\"", &shut).await.expect(200);
    work(&app).await;
    let duty =
        duties(&admin, &format!("duty_kind=supply_report&from_on=2020-01-31&to_on=2020-01-31&subject_id={two}")).await;
    assert_eq!((&duty[0]["state"], &duty[0]["waiver"]), (&json!("waived"), &json!("not_expected")));
}
