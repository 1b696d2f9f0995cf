//! Stocks, needs and what is done about prices.

use serde_json::{Value as Json, json};

use crate::isolation_cases::set_clock;
use crate::supply::{report, store};
use crate::support::{Actor, TestApp};

const UREA: &str = "agri_fertilizer_urea";

async fn warehouse(admin: &Actor) -> String {
    let place = json!({"kind": "warehouse", "name": "供销社仓库", "area_code": "511802005"});
    admin.post("/v1/places", &place).await.expect(201).body["id"].as_str().unwrap().to_owned()
}

fn movement(place: &str, commodity: &str, direction: &str, quantity: &str, unit: &str, day: u32) -> Json {
    let occurred_at = format!("2020-01-{day:02}T10:00:00+08:00");
    json!({"place_id": place, "commodity": commodity, "direction": direction, "quantity": quantity, "quantity_unit": unit, "occurred_at": occurred_at})
}

async fn stock(actor: &Actor, query: &str) -> Vec<(String, String, String)> {
    let body = actor.get(&format!("/v1/stocks?{query}")).await.expect(200).body;
    let text = |item: &Json, name: &str| item[name].as_str().unwrap().to_owned();
    body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (text(item, "commodity"), text(item, "quantity"), text(item, "unit")))
        .collect()
}

#[tokio::test]
async fn two_that_take_300_tonnes_of_430_at_once() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = warehouse(&admin).await;
    admin.post("/v1/stock-movements", &movement(&place, UREA, "in", "430", "吨", 20)).await.expect(201);
    admin.post("/v1/stock-movements", &movement(&place, "agri_pesticide", "in", "2700", "件", 20)).await.expect(201);
    let out = movement(&place, UREA, "out", "300000", "公斤", 21);
    for _ in 0..5 {
        let (one, other) =
            tokio::join!(admin.post("/v1/stock-movements", &out), admin.post("/v1/stock-movements", &out));
        let (made, refused) = if one.status == 201 { (one, other) } else { (other, one) };
        assert_eq!((made.status, refused.status), (201, 422), "{} {}", made.body, refused.body);
        assert_eq!(refused.faults(), [("/quantity".to_owned(), "insufficient_stock".to_owned())]);
        assert!(refused.body.to_string().contains("130"), "{}", refused.body);
        let path = format!("/v1/stock-movements/{}:void", made.body["id"].as_str().unwrap());
        admin.post(&path, &json!({"reason": "再试"})).await.expect(200);
    }
    let urea = ("agri_fertilizer_urea".to_owned(), "430".to_owned(), "t".to_owned());
    let pesticide = ("agri_pesticide".to_owned(), "2700".to_owned(), "item".to_owned());
    assert_eq!(stock(&admin, "on=2020-01-31").await, [urea, pesticide]);
    assert!(stock(&admin, "on=2020-01-19").await.is_empty());
    for (name, codes, quantity, unit) in [
        ("春耕化肥储备", json!([UREA, "agri_fertilizer_compound"]), "860", "吨"),
        ("春耕农药储备", json!(["agri_pesticide"]), "2700", "件"),
    ] {
        let target = json!({"name": name, "area_code": "511802", "commodities": codes, "quantity": quantity, "quantity_unit": unit, "starts_on": "2020-01-21"});
        admin.post("/v1/stock-targets", &target).await.expect(201);
    }
    let mixed = json!({"name": "x", "area_code": "511802", "commodities": [UREA, "agri_pesticide"], "quantity": "1", "quantity_unit": "吨", "starts_on": "2020-01-21"});
    assert_eq!(admin.post("/v1/stock-targets", &mixed).await.expect(422).faults()[0].0, "/commodities");
    let stocks = admin.get("/v1/stocks?on=2020-01-31").await.expect(200).body;
    let rates: Vec<&str> =
        stocks["targets"].as_array().unwrap().iter().map(|target| target["rate"].as_str().unwrap()).collect();
    assert_eq!(rates, ["0.5000", "1.0000"], "{stocks}");
    let behind = admin.get(stocks["items"][0]["movements_url"].as_str().unwrap()).await.expect(200).body;
    assert_eq!(behind["items"].as_array().unwrap().len(), 1);
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}

#[tokio::test]
async fn no_days_balance_goes_below_zero_whatever_comes_late_or_is_taken_back() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = warehouse(&admin).await;
    let post = async |direction: &str, quantity: &str, day: u32| {
        admin.post("/v1/stock-movements", &movement(&place, UREA, direction, quantity, "t", day)).await
    };
    let first = post("in", "100", 10).await.expect(201).body;
    post("in", "100", 20).await.expect(201);
    post("out", "150", 22).await.expect(201);
    assert_eq!(
        post("out", "60", 15).await.expect(422).faults()[0].1,
        "insufficient_stock",
        "it would be missing on the 22nd"
    );
    assert_eq!(post("out", "110", 9).await.expect(422).faults()[0].1, "insufficient_stock");
    post("out", "50", 15).await.expect(201);
    let path = format!("/v1/stock-movements/{}", first["id"].as_str().unwrap());
    let refused = admin.post(&format!("{path}:void"), &json!({"reason": "错"})).await.expect(422);
    assert_eq!(refused.faults()[0].1, "insufficient_stock", "what it brought is gone already");
    admin.patch(&path, "\"1\"", &json!({"quantity": "99"})).await.expect(422);
    admin.patch(&path, "\"1\"", &json!({"quantity": "120"})).await.expect(200);
    let at = async |day: u32| stock(&admin, &format!("on=2020-01-{day:02}")).await[0].1.clone();
    assert_eq!([at(10).await, at(15).await, at(20).await, at(31).await], ["120", "70", "170", "20"]);
    let wrong = movement(&place, UREA, "in", "1", "件", 10);
    assert_eq!(admin.post("/v1/stock-movements", &wrong).await.expect(422).faults()[0].1, "unknown_unit");
    // All or nothing: what the first item brings is not there for others where the second is refused.
    let items = json!({"items": [movement(&place, "agri_seed", "in", "5", "kg", 10), movement(&place, "agri_seed", "out", "6", "kg", 11)]});
    let told = admin.post("/v1/stock-movements:batch?atomic=true", &items).await.expect(207).body;
    let codes = [0, 1].map(|item| told["results"][item]["problem"]["code"].as_str().unwrap().to_owned());
    assert_eq!(codes, ["batch_aborted", "unprocessable"], "{told}");
    let out = movement(&place, "agri_seed", "out", "1", "kg", 12);
    admin.post("/v1/stock-movements", &out).await.expect(422);
}

#[tokio::test]
async fn what_is_delivered_moves_its_request_on() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let item = |item: &str, quantity: &str| json!({"item": item, "quantity": quantity, "quantity_unit": "斤"});
    let need = json!({"area_code": "511802005001", "household": "王五", "phone": "15400000001", "address": "3栋", "items": [item("大白菜", "5"), item("土豆", "3")]});
    let need = admin.post("/v1/need-requests", &need).await.expect(201).body;
    assert_eq!(
        (&need["household"], &need["state"], &need["phone"]),
        (&json!("王*"), &json!("open"), &json!("154****0001"))
    );
    let id = need["id"].as_str().unwrap();
    let state = async || {
        admin.get(&format!("/v1/need-requests/{id}")).await.expect(200).body["state"].as_str().unwrap().to_owned()
    };
    let bring = async |items: Json| {
        let body = json!({"need_request_id": id, "items": items, "proof": "signature", "received_by": "王五", "area_code": "511802005001"});
        admin.post("/v1/deliveries", &body).await.expect(201).body["id"].as_str().unwrap().to_owned()
    };
    bring(json!([item("大白菜", "5")])).await;
    assert_eq!(state().await, "partly_delivered");
    let second = bring(json!([item("土豆", "3")])).await;
    assert_eq!(state().await, "delivered");
    admin.post(&format!("/v1/deliveries/{second}:void"), &json!({"reason": "送错户"})).await.expect(200);
    assert_eq!(state().await, "partly_delivered");
    let open = admin.get("/v1/need-requests?state=partly_delivered").await.expect(200).body;
    assert_eq!(open["items"].as_array().unwrap().len(), 1);
}

/// Deliveries count in the unit's base, whatever unit they were weighed in; far too much gets a warning.
#[tokio::test]
async fn deliveries_add_up_across_units() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let item = |quantity: &str, unit: &str| json!({"item": "大白菜", "quantity": quantity, "quantity_unit": unit});
    let ask = async |quantity: &str, unit: &str| {
        let body = json!({"area_code": "511802005001", "household": "王五", "items": [item(quantity, unit)]});
        admin.post("/v1/need-requests", &body).await.expect(201).body["id"].as_str().unwrap().to_owned()
    };
    let state = async |id: &str| admin.get(&format!("/v1/need-requests/{id}")).await.expect(200).body["state"].clone();
    let bring = async |id: &str, quantity: &str, unit: &str| {
        let body = json!({"need_request_id": id, "items": [item(quantity, unit)], "proof": "signature", "area_code": "511802005001"});
        admin.post("/v1/deliveries", &body).await.expect(201).body
    };
    let codes = |delivery: &Json| -> Vec<String> {
        let warnings = delivery["warnings"].as_array().unwrap();
        warnings.iter().map(|warning| warning["code"].as_str().unwrap().to_owned()).collect()
    };
    let asked = ask("10", "斤").await;
    bring(&asked, "6", "斤").await;
    assert_eq!(state(&asked).await, "partly_delivered");
    let second = bring(&asked, "2", "公斤").await;
    assert_eq!((state(&asked).await, codes(&second)), (json!("delivered"), vec![]));
    for (asked, brought) in
        [(("10", "斤"), ("5", "公斤")), (("5", "公斤"), ("10", "斤")), (("1", "500克"), ("1", "斤"))]
    {
        let id = ask(asked.0, asked.1).await;
        let delivery = bring(&id, brought.0, brought.1).await;
        assert_eq!((state(&id).await, codes(&delivery)), (json!("delivered"), vec![]), "{asked:?} {brought:?}");
    }
    let bags = ask("2", "袋").await;
    bring(&bags, "2", "公斤").await;
    assert_eq!(state(&bags).await, "partly_delivered", "a bag has no known weight");
    // Far more than asked: at once, or with what came before.
    let far = ask("10", "斤").await;
    assert_eq!(codes(&bring(&far, "110", "斤").await), ["more_than_asked"]);
    let twice = ask("10", "斤").await;
    assert!(codes(&bring(&twice, "4", "公斤").await).is_empty());
    assert_eq!(codes(&bring(&twice, "4", "公斤").await), ["more_than_asked"]);
    assert_eq!(state(&twice).await, "delivered");
}

#[tokio::test]
async fn letters_and_interviews_move_alerts_on() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-30T17:00:00+08:00");
    let admin = app.administrator().await;
    let place = store(&admin, "雨城超市").await;
    let rule = json!({"name": "日涨幅", "rule_kind": "day_on_day", "threshold_rate": "0.05", "effective_on": "2020-01-20", "basis": "测试"});
    admin.post("/v1/price-rules", &rule).await.expect(201);
    for (day, price) in [("2020-01-29", "40"), ("2020-01-30", "50")] {
        admin.post("/v1/supply-reports", &report(&place, day, &[("meat_beef", price)])).await.expect(201);
    }
    let alert = admin.get("/v1/price-alerts").await.expect(200).body["items"][0].clone();
    let id = alert["id"].as_str().unwrap();
    let state = async || {
        admin.get(&format!("/v1/price-alerts/{id}")).await.expect(200).body["state"].as_str().unwrap().to_owned()
    };
    let act = async |kind: &str| {
        let body = json!({"action_kind": kind, "place_id": place, "alert_id": id, "officers": ["甲", "乙"]});
        admin.post("/v1/enforcement-actions", &body).await.expect(201).body
    };
    let letter = act("warning_letter").await;
    assert_eq!((state().await.as_str(), &letter["officer_count"]), ("warned", &json!(2)));
    let interview = act("interview").await;
    assert_eq!(state().await, "interviewed");
    for (action, then) in [(interview, "warned"), (letter, "open")] {
        let path = format!("/v1/enforcement-actions/{}:void", action["id"].as_str().unwrap());
        admin.post(&path, &json!({"reason": "文书作废"})).await.expect(200);
        assert_eq!(state().await, then);
    }
    let other = store(&admin, "大兴超市").await;
    let wrong = json!({"action_kind": "interview", "place_id": other, "alert_id": id});
    assert_eq!(admin.post("/v1/enforcement-actions", &wrong).await.expect(422).faults()[0].1, "refers_to_other");
}

/// A number within a unit is a number too: what can't be added up is refused, and none of it is counted as nothing.
#[tokio::test]
async fn quantities_beyond_measure_are_refused() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = warehouse(&admin).await;
    for (quantity, unit, at) in [
        ("100000000", "9999999999999t", "/quantity_unit"),
        ("1", "0.0000001克", "/quantity_unit"),
        ("9000000", "1000t", "/quantity"),
        ("100000000", "1000000t", "/quantity"),
    ] {
        let told = movement(&place, UREA, "in", quantity, unit, 20);
        let refused = admin.post("/v1/stock-movements", &told).await.expect(422);
        assert_eq!(refused.faults()[0].0, at, "{quantity} {unit}: {}", refused.body);
        let target = json!({"name": "x", "area_code": "511802", "commodities": [UREA], "quantity": quantity, "quantity_unit": unit, "starts_on": "2020-01-21"});
        admin.post("/v1/stock-targets", &target).await.expect(422);
    }
    for _ in 0..3 {
        admin.post("/v1/stock-movements", &movement(&place, UREA, "in", "1000000", "1000t", 20)).await.expect(201);
    }
    assert_eq!(stock(&admin, "on=2020-01-31").await[0].1, "3000000000");
    admin.get("/v1/stats/situation?on=2020-01-31").await.expect(200);
}

#[tokio::test]
async fn figures_are_of_one_moment_while_others_write() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = warehouse(&admin).await;
    let target = json!({"name": "春耕化肥储备", "area_code": "511802", "commodities": [UREA], "quantity": "100", "quantity_unit": "吨", "starts_on": "2020-01-21"});
    let target = admin.post("/v1/stock-targets", &target).await.expect(201).body;
    let before = target["change_no"].as_i64().unwrap();
    let write = async {
        for _ in 0..60 {
            admin.post("/v1/stock-movements", &movement(&place, UREA, "in", "1", "t", 20)).await.expect(201);
        }
    };
    let look = async {
        let mut seen = std::collections::BTreeSet::new();
        while !seen.contains(&60) {
            let stocks = admin.get("/v1/stocks?on=2020-01-31").await.expect(200).body;
            let quantity = stocks["items"][0]["quantity"].as_str().unwrap_or("0");
            assert_eq!(stocks["targets"][0]["stock"], quantity, "{stocks}");
            let moved = stocks["as_of_change_no"].as_i64().unwrap() - before;
            assert_eq!(quantity.parse::<i64>().unwrap(), moved, "{stocks}");
            seen.insert(moved);
        }
        assert!(seen.len() > 5, "seen between: {seen:?}");
    };
    tokio::join!(write, look);
}

/// Sums may be more than a bigint holds: the figures of the district are told all the same, exactly, and
/// the next movement is written.
#[tokio::test]
async fn absurd_amounts_do_not_break_the_figures() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = warehouse(&admin).await;
    let huge = movement(&place, UREA, "in", "99999999", "吨", 20);
    let first = admin.post("/v1/stock-movements", &huge).await.expect(201).body;
    // As a hundred thousand of them leave it.
    app.sql("UPDATE record_rollups SET total = total * 100000 WHERE kind = 'stock_movements' AND measure LIKE 'net%'")
        .await;
    admin.post("/v1/stock-movements", &huge).await.expect(201);
    // 99,999,999 × 100,001 t.
    let tonnes = (99_999_999_i64 * 100_001).to_string();
    assert_eq!(stock(&admin, "on=2020-01-31").await[0].1, tonnes);
    let situation = admin.get("/v1/stats/situation?on=2020-01-31").await.expect(200).body;
    assert!(situation.to_string().contains(&tonnes), "{situation}");
    let target = json!({"name": "储备", "area_code": "511802", "commodities": [UREA], "quantity": "860", "quantity_unit": "吨", "starts_on": "2020-01-21"});
    admin.post("/v1/stock-targets", &target).await.expect(201);
    admin.get("/v1/stocks?on=2020-01-31").await.expect(200);
    let out = movement(&place, UREA, "out", "1", "吨", 21);
    admin.post("/v1/stock-movements", &out).await.expect(201);
    let path = format!("/v1/stock-movements/{}:void", first["id"].as_str().unwrap());
    admin.post(&path, &json!({"reason": "笔误"})).await.expect(200);
}
