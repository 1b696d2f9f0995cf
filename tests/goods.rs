//! Goods as shops call and pack them, and the district's own: names, packs, entries from a day on.

use lianfang::platform::access::roles::{Grant, Role};
use serde_json::{Value as Json, json};

use crate::isolation_cases::{set_clock, work};
use crate::supply::{import, store};
use crate::support::{Actor, TestApp};

/// The list of commodities, by code.
async fn goods(actor: &Actor, query: &str) -> Vec<Json> {
    let body = actor.get(&format!("/v1/commodities?{query}")).await.expect(200).body;
    body["items"].as_array().unwrap().clone()
}

fn of<'a>(items: &'a [Json], code: &str) -> Option<&'a Json> {
    items.iter().find(|item| item["code"] == code)
}

fn has(json: &Json, text: &str) -> bool {
    json.as_array().unwrap().iter().any(|item| item == text)
}

fn own(code: &str, name: &str) -> Json {
    json!({"commodity": code, "name_zh": name, "category": "side_food", "price_unit": "元/500克", "quantity_unit": "公斤",
        "effective_on": "2020-01-24", "basis": "区市场监管局商品目录"})
}

/// A report of one line of a store.
fn line(place: &str, day: &str, line: Json) -> Json {
    json!({"place_id": place, "reported_on": day, "lines": [line]})
}

async fn begun() -> (TestApp, Actor) {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-31T09:00:00+08:00");
    let admin = app.administrator().await;
    (app, admin)
}

#[tokio::test]
async fn a_shops_words_and_packs_are_understood() {
    let (_app, admin) = begun().await;
    let place = store(&admin, "雨城超市").await;
    let sheet = "门店,日期,商品,进价,售价,计价单位,库存量,数量单位\n\
        雨城超市,2020-01-30,大米,40,48,元/袋(10kg),20,袋（10公斤）\n\
        雨城超市,2020-01-30,猪 肉,27.8,32.45,元/斤,60,公斤\n\
        雨城超市,2020-01-30,番茄,2,3,元/斤,30,斤\n\
        雨城超市,2020-01-30,洋芋,1,1.5,元/公斤,100,公斤\n\
        雨城超市,2020-01-30,菜油,50,58.63,元/桶(5L),8,桶(5升)\n\
        雨城超市,2020-01-30,矿泉水,20,24,元/箱(24瓶×550ml),3,箱(24瓶)\n\
        雨城超市,2020-01-30,口罩,1,2,元/个,500,个\n";
    let done = import(&admin, "kind=supply_reports", "text/csv", sheet.as_bytes().to_vec()).await;
    assert_eq!((&done["counts"]["created"], &done["counts"]["refused"]), (&json!(7), &json!(0)), "{done}");
    let report = admin.get("/v1/supply-reports").await.expect(200).body["items"][0].clone();
    let told: Vec<(&str, &str, &str, &str, &str, &str)> = report["lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| {
            let text = |name: &str| line[name].as_str().unwrap();
            (
                text("commodity"),
                text("price_unit"),
                text("retail_price_normalized"),
                text("normalized_unit"),
                text("closing_stock_normalized"),
                text("normalized_quantity_unit"),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("grain_rice_indica", "元/袋(10kg)", "4.8", "CNY/kg", "200", "kg"),
            ("meat_pork_hind_leg", "元/斤", "64.9", "CNY/kg", "60", "kg"),
            ("veg_tomato", "元/斤", "6", "CNY/kg", "15", "kg"),
            ("veg_potato", "元/公斤", "1.5", "CNY/kg", "100", "kg"),
            ("oil_rapeseed", "元/桶(5L)", "11.726", "CNY/L", "40", "L"),
            ("water_bottled_550ml", "元/箱(24瓶×550ml)", "1", "CNY/bottle", "72", "bottle"),
            ("ppe_mask_medical_disposable", "元/个", "2", "CNY/piece", "500", "piece"),
        ]
    );
    // Names and codes say the same: the file again, one by code, meets the report.
    let again = sheet.replace("番茄", "veg_tomato").replace("洋芋", "土豆").replace("猪 肉", "猪肉");
    let done = import(&admin, "kind=supply_reports", "text/csv", again.into_bytes()).await;
    assert_eq!((&done["counts"]["same"], &done["counts"]["skipped"]), (&json!(7), &json!(0)), "{done}");
    // A body may call it by its name, too; twice under two names is twice.
    let twice = json!({"place_id": place, "reported_on": "2020-01-29", "lines": [{"commodity": "番茄"}, {"commodity": "西红柿", "sold": "1", "quantity_unit": "斤"}]});
    let reply = admin.post("/v1/supply-reports", &twice).await.expect(422);
    assert_eq!(reply.faults(), [("/lines/1/commodity".to_owned(), "repeated_item".to_owned())]);
    // A barrel of nobody knows how much is a fault that names what can be converted.
    let barrel =
        line(&place, "2020-01-29", json!({"commodity": "菜籽油", "retail_price": "58", "price_unit": "元/桶"}));
    let reply = admin.post("/v1/supply-reports", &barrel).await.expect(422);
    assert_eq!(reply.faults(), [("/lines/0/price_unit".to_owned(), "unknown_unit".to_owned())]);
    let message = reply.body["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains("元/升") && message.contains("元/桶(5L)"), "{message}");
    let unknown = line(&place, "2020-01-29", json!({"commodity": "鱼子酱"}));
    let reply = admin.post("/v1/supply-reports", &unknown).await.expect(422);
    assert_eq!(reply.faults(), [("/lines/0/commodity".to_owned(), "not_in_vocabulary".to_owned())]);
    // Names are published; parameters are codes.
    let list = goods(&admin, "q=洋芋").await;
    assert_eq!((list.len(), &list[0]["code"]), (1, &json!("veg_potato")));
    assert!(has(&list[0]["also"], "马铃薯"), "{list:?}");
    admin.get("/v1/supply-channels?commodity=番茄").await.expect(400);
}

#[tokio::test]
async fn fertiliser_is_a_group() {
    let (_app, admin) = begun().await;
    let place = store(&admin, "农资店").await;
    let sheet = "场所,商品,方向,数量,数量单位,发生时间\n农资店,肥料,入库,10,吨,2020-01-30 08:00\n农资店,尿素,入库,400,袋(50kg),2020-01-30 09:00\n";
    let done = import(&admin, "kind=stock_movements", "text/csv", sheet.as_bytes().to_vec()).await;
    assert_eq!(done["counts"]["created"], 2, "{done}");
    let target = json!({"name": "春耕储备", "area_code": "511802", "commodities": ["化肥"], "quantity": "30", "quantity_unit": "吨", "starts_on": "2020-01-21"});
    let made = admin.post("/v1/stock-targets", &target).await.expect(201).body;
    assert_eq!(made["commodities"].as_array().unwrap().len(), 4, "{made}");
    let stocks = admin.get("/v1/stocks?district_code=511802").await.expect(200).body;
    assert_eq!((&stocks["targets"][0]["stock"], &stocks["targets"][0]["rate"]), (&json!("30"), &json!("1.0000")));
    assert!(stocks["items"].as_array().unwrap().iter().all(|item| item["place_id"] == json!(place)));
}

#[tokio::test]
async fn the_bureau_adds_a_commodity_and_it_works_everywhere() {
    let (app, admin) = begun().await;
    let place = store(&admin, "雨城超市").await;
    let mut entry = own("own_konjac", "魔芋豆腐");
    entry["also"] = json!(["黑豆腐"]);
    entry["packs"] = json!([{"unit": "板", "quantity": "2.5", "quantity_unit": "kg"}]);
    let made = admin.post("/v1/commodity-entries", &entry).await.expect(201);
    assert_eq!((&made.body["quantity_unit"], &made.body["retired"]), (&json!("kg"), &json!(false)));
    // At once, in the list of what there is.
    let list = goods(&admin, "").await;
    let shown = of(&list, "own_konjac").unwrap();
    assert_eq!(
        (&shown["own"], &shown["name_en"], &shown["entry_id"]),
        (&json!(true), &json!("魔芋豆腐"), &made.body["id"])
    );
    assert!(has(&shown["also"], "黑豆腐") && has(&shown["price_units"], "元/板"), "{shown}");
    assert!(of(&goods(&admin, "on=2020-01-23").await, "own_konjac").is_none(), "not before its day");
    assert!(of(&goods(&admin, "category=side_food").await, "own_konjac").is_some());
    // Rules of a group hold it; reports, alerts, figures.
    let rule = json!({"name": "涨幅", "rule_kind": "day_on_day", "threshold_rate": "0.2", "categories": ["side_food"], "effective_on": "2020-01-24", "basis": "测试"});
    admin.post("/v1/price-rules", &rule).await.expect(201);
    let sheet = "门店,日期,商品,进价,售价,计价单位,销售量,库存量,数量单位\n\
        雨城超市,2020-01-29,黑豆腐,7,10,元/板,2,4,板\n\
        雨城超市,2020-01-30,魔芋豆腐,3,5.2,元/公斤,10,20,斤\n";
    let done = import(&admin, "kind=supply_reports", "text/csv", sheet.as_bytes().to_vec()).await;
    assert_eq!((&done["counts"]["created"], &done["counts"]["refused"]), (&json!(2), &json!(0)), "{done}");
    let alerts = admin.get("/v1/price-alerts?commodity=own_konjac").await.expect(200).body["items"].clone();
    assert_eq!((alerts.as_array().unwrap().len(), &alerts[0]["change_rate"]), (1, &json!("0.3000")), "{alerts}");
    assert_eq!(alerts[0]["observed"]["unit"], "CNY/kg");
    let prices = admin
        .get("/v1/stats/prices?from_on=2020-01-30&commodity=own_konjac&district_code=511802")
        .await
        .expect(200)
        .body;
    assert_eq!((&prices["items"][0]["median"], &prices["items"][0]["unit"]), (&json!("5.2"), &json!("CNY/kg")));
    let supply = admin.get("/v1/stats/supply?on=2020-01-30&district_code=511802").await.expect(200).body;
    let volume = &supply["items"][0];
    assert_eq!(
        (&volume["commodity"], &volume["closing_stock"], &volume["unit"]),
        (&json!("own_konjac"), &json!("10"), &json!("kg"))
    );
    let index = "/v1/stats/price-index?on=2020-01-30&baseline_on=2020-01-29&district_code=511802&weights=own_konjac:1";
    assert_eq!(admin.get(index).await.expect(200).body["index"], "130");
    admin.get(&index.replace("own_konjac", "own_nothing")).await.expect(400);
    admin.get("/v1/stats/prices?commodity=own_nothing&district_code=511802").await.expect(400);
    // Stocks, targets, channels, observations, needs.
    let movement = |direction: &str, quantity: &str| json!({"place_id": place, "commodity": "魔芋豆腐", "direction": direction, "quantity": quantity, "quantity_unit": "板", "occurred_at": "2020-01-30T08:00:00+08:00"});
    admin.post("/v1/stock-movements", &movement("in", "4")).await.expect(201);
    assert_eq!(
        admin.post("/v1/stock-movements", &movement("out", "5")).await.expect(422).faults()[0].1,
        "insufficient_stock"
    );
    let target = json!({"name": "魔芋储备", "area_code": "511802", "commodities": ["黑豆腐"], "quantity": "8", "quantity_unit": "板", "starts_on": "2020-01-24"});
    admin.post("/v1/stock-targets", &target).await.expect(201);
    let stocks = admin.get("/v1/stocks?district_code=511802&commodity=own_konjac").await.expect(200).body;
    assert_eq!(
        (&stocks["items"][0]["quantity"], &stocks["items"][0]["unit"]),
        (&json!("10"), &json!("kg")),
        "{stocks}"
    );
    assert_eq!(stocks["targets"][0]["rate"], "0.5000");
    let channel = json!({"place_id": place, "supplier": "农户", "commodity": "own_konjac", "quantity": "2", "quantity_unit": "板"});
    assert_eq!(admin.post("/v1/supply-channels", &channel).await.expect(201).body["quantity_normalized"], "5");
    let seen = json!({"observed_on": "2020-01-30", "observed_area_code": "511802", "scope": "district_average", "commodity": "own_konjac", "price": "2.5", "price_unit": "元/500克", "source_url": "https://example.org/1", "area_code": "511802"});
    let seen = admin.post("/v1/price-observations", &seen).await.expect(201).body;
    assert_eq!((&seen["commodity_zh"], &seen["price_normalized"]), (&json!("魔芋豆腐"), &json!("5")));
    let need = json!({"area_code": "511802005001", "household": "王五", "address": "一号", "items": [{"item": "黑豆腐", "commodity": "黑豆腐", "quantity": "1", "quantity_unit": "板"}]});
    assert_eq!(admin.post("/v1/need-requests", &need).await.expect(201).body["items"][0]["commodity"], "own_konjac");
    // A phone has the entry with everything else; a form has its name in the drop-down.
    let pulled = admin.get("/v1/sync/pull").await.expect(200).body.to_string();
    assert!(pulled.contains("own_konjac") && pulled.contains("commodity_entries"), "{pulled:.300}");
    let feed = admin.get("/v1/changes?since=0&kinds=commodity_entries").await.expect(200).body;
    assert_eq!(feed["items"].as_array().unwrap().len(), 1, "{feed}");
    let (_, _, template) = admin.download("/v1/imports/template?kind=supply_channels&format=xlsx").await;
    assert!(contains_text(&template, "魔芋豆腐"));
    work(&app).await;
}

/// Whether a workbook has a text in it.
fn contains_text(workbook: &[u8], text: &str) -> bool {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(workbook)).unwrap();
    (0..archive.len()).any(|index| {
        let mut part = String::new();
        let mut file = archive.by_index(index).unwrap();
        std::io::Read::read_to_string(&mut file, &mut part).is_ok() && part.contains(text)
    })
}

#[tokio::test]
async fn a_mistaken_name_is_corrected_and_a_commodity_retired() {
    let (_app, admin) = begun().await;
    let place = store(&admin, "雨城超市").await;
    // The catalogue reads 大米 as indica; this district eats japonica.
    let rice = json!({"commodity": "grain_rice_japonica", "also": ["大米", "黑米"], "effective_on": "2020-01-24", "basis": "会议纪要"});
    let made = admin.post("/v1/commodity-entries", &rice).await.expect(201);
    let list = goods(&admin, "").await;
    assert!(has(&of(&list, "grain_rice_japonica").unwrap()["also"], "大米"));
    assert!(!has(&of(&list, "grain_rice_indica").unwrap()["also"], "大米"), "here it means the other");
    assert!(has(&of(&goods(&admin, "on=2020-01-23").await, "grain_rice_indica").unwrap()["also"], "大米"));
    let post = async |day: &str, name: &str| {
        admin.post("/v1/supply-reports", &line(&place, day, json!({"commodity": name}))).await
    };
    assert_eq!(post("2020-01-30", "大米").await.expect(201).body["lines"][0]["commodity"], "grain_rice_japonica");
    assert_eq!(post("2020-01-23", "大米").await.expect(201).body["lines"][0]["commodity"], "grain_rice_indica");
    // 黑米 was a mistake: the entry is amended, and the name means nothing.
    let tag = made.header("etag").to_owned();
    admin.patch(made.header("location"), &tag, &json!({"also": ["大米"]})).await.expect(200);
    assert_eq!(post("2020-01-29", "黑米").await.expect(422).faults()[0].1, "not_in_vocabulary");
    // Retired from a day on: what is told of earlier days goes in, what stands can be amended.
    let reply = post("2020-01-28", "籼米").await.expect(201);
    let retired =
        json!({"commodity": "grain_rice_indica", "retired": true, "effective_on": "2020-01-29", "basis": "停止监测"});
    admin.post("/v1/commodity-entries", &retired).await.expect(201);
    assert_eq!(post("2020-01-29", "籼米").await.expect(422).faults()[0].1, "not_in_use");
    post("2020-01-27", "籼米").await.expect(201);
    assert!(of(&goods(&admin, "").await, "grain_rice_indica").is_none());
    assert!(of(&goods(&admin, "on=2020-01-28").await, "grain_rice_indica").is_some());
    let late = json!({"commodity": "own_late", "name_zh": "迟到商品", "category": "grain", "price_unit": "元/斤", "quantity_unit": "kg", "effective_on": "2020-01-27", "basis": "x"});
    let late = admin.post("/v1/commodity-entries", &late).await.expect(201);
    let report = post("2020-01-26", "迟到商品").await.expect(422);
    assert_eq!(report.faults()[0].1, "not_in_use");
    let report = admin
        .post(
            "/v1/supply-reports",
            &line(&place, "2020-01-31", json!({"commodity": "迟到商品", "sold": "3", "quantity_unit": "斤"})),
        )
        .await
        .expect(201);
    admin.post(&format!("{}:void", late.header("location")), &json!({"reason": "录错"})).await.expect(200);
    let lines = json!({"lines": [{"commodity": "own_late", "sold": "4", "quantity_unit": "斤"}]});
    let amended = admin.patch(report.header("location"), report.header("etag"), &lines).await.expect(200).body;
    assert_eq!(amended["lines"][0]["sold_normalized"], "2", "what stood may stand");
    // The unit of a code stays, even of a void entry: figures add up.
    let other = json!({"commodity": "own_late", "name_zh": "迟到商品", "category": "grain", "price_unit": "元/个", "quantity_unit": "个", "basis": "x"});
    let faults = admin.post("/v1/commodity-entries", &other).await.expect(422).faults();
    assert_eq!(faults.iter().map(|fault| fault.1.as_str()).collect::<Vec<_>>(), ["unit_fixed", "unit_fixed"]);
    assert_eq!(reply.body["lines"][0]["commodity"], "grain_rice_indica");
}

#[tokio::test]
async fn an_entry_is_checked_against_the_catalogue_and_the_others() {
    let (_app, admin) = begun().await;
    let post = async |body: Json| admin.post("/v1/commodity-entries", &body).await;
    let faults = |reply: crate::support::Reply| reply.expect(422).faults();
    let pair = |at: &str, code: &str| (at.to_owned(), code.to_owned());
    // A code of the catalogue is the catalogue's.
    assert_eq!(
        faults(post(own("veg_tomato", "番茄酱")).await).last(),
        Some(&pair("/quantity_unit", "built_in_commodity"))
    );
    assert_eq!(faults(post(own("konjac", "魔芋豆腐")).await), [pair("/commodity", "own_code")]);
    assert_eq!(faults(post(own("own_x", "西红柿")).await), [pair("/name_zh", "name_taken")]);
    let bare = json!({"commodity": "own_x", "basis": "x"});
    assert_eq!(faults(post(bare).await).len(), 4);
    let mut strange = own("own_x", "甲");
    strange["price_unit"] = "元/箱".into();
    strange["quantity_unit"] = "10kg".into();
    let found = faults(post(strange).await);
    assert!(
        found.contains(&pair("/price_unit", "unknown_unit")) && found.contains(&pair("/quantity_unit", "unknown_unit")),
        "{found:?}"
    );
    let packs = json!([{"unit": "斤", "quantity": "1", "quantity_unit": "kg"}, {"unit": "箱", "quantity": "2", "quantity_unit": "升"}, {"unit": "箱", "quantity": "3", "quantity_unit": "kg"}]);
    let found = faults(post(json!({"commodity": "egg_chicken", "packs": packs, "basis": "x"})).await);
    assert_eq!(
        found,
        [
            pair("/packs/0/unit", "bad_format"),
            pair("/packs/1/quantity_unit", "unknown_unit"),
            pair("/packs/2/unit", "repeated_item")
        ]
    );
    post(own("own_x", "甲")).await.expect(201);
    let again = post(own("own_x", "甲")).await.expect(409);
    assert_eq!(again.code(), "entry_exists");
    assert_eq!(faults(post(own("own_y", "甲")).await), [pair("/name_zh", "name_taken")]);
    // From another day on; what is left out stays.
    let mut packs = json!({"commodity": "own_x", "packs": [{"unit": "箱", "quantity": "12", "quantity_unit": "公斤"}], "effective_on": "2020-01-30", "basis": "x"});
    let made = post(packs.clone()).await.expect(201).body;
    assert_eq!((&made["name_zh"], &made["quantity_unit"]), (&json!("甲"), &json!("kg")));
    packs["effective_on"] = "2020-02-20".into();
    packs["retired"] = true.into();
    post(packs).await.expect(201);
    assert!(of(&goods(&admin, "on=2020-02-20").await, "own_x").is_none());
    // The name is free again for what comes after.
    let mut after = own("own_y", "甲");
    after["effective_on"] = "2020-02-20".into();
    post(after).await.expect(201);
    // The area is the whole district's.
    let mut narrow = own("own_z", "乙");
    narrow["area_code"] = "511802005".into();
    assert_eq!(faults(post(narrow).await), [pair("/area_code", "whole_district")]);
}

#[tokio::test]
async fn districts_do_not_see_each_others() {
    let (app, admin) = begun().await;
    let neighbour =
        app.actor_of(vec![Grant { role: Role::DistrictAdmin, area_code: "511803".into(), org_id: None }]).await;
    admin.post("/v1/commodity-entries", &own("own_konjac", "魔芋豆腐")).await.expect(201);
    let mut theirs = own("own_konjac", "名山魔芋");
    theirs["area_code"] = "511803".into();
    theirs["category"] = "vegetable".into();
    neighbour.post("/v1/commodity-entries", &theirs).await.expect(201);
    let name = async |actor: &Actor| of(&goods(actor, "").await, "own_konjac").unwrap()["name_zh"].clone();
    assert_eq!((name(&admin).await, name(&neighbour).await), (json!("魔芋豆腐"), json!("名山魔芋")));
    assert_eq!(neighbour.get("/v1/commodity-entries").await.expect(200).body["items"].as_array().unwrap().len(), 1);
    let place = json!({"kind": "supermarket", "name": "名山超市", "area_code": "511803", "operating_status": "open"});
    let place = neighbour.post("/v1/places", &place).await.expect(201).body["id"].as_str().unwrap().to_owned();
    let report = |name: &str| line(&place, "2020-01-30", json!({"commodity": name}));
    assert_eq!(
        neighbour.post("/v1/supply-reports", &report("魔芋豆腐")).await.expect(422).faults()[0].1,
        "not_in_vocabulary"
    );
    // Somebody of both is told by the place whose word it is.
    let grants =
        ["511802", "511803"].map(|area| Grant { role: Role::DistrictAdmin, area_code: area.into(), org_id: None });
    let both = app.actor_of(grants.to_vec()).await;
    assert_eq!(
        both.post("/v1/supply-reports", &report("名山魔芋")).await.expect(201).body["lines"][0]["commodity"],
        "own_konjac"
    );
    assert!(of(&goods(&both, "").await, "own_konjac").is_none(), "the catalogue alone");
    assert!(of(&goods(&both, "district_code=511803").await, "own_konjac").is_some());
    admin.get("/v1/commodities?district_code=511803").await.expect(404);
    // A township's bureau doesn't speak for the district; a store's account neither.
    for role in [Role::TownCadre, Role::StoreReporter, Role::Inspector] {
        let actor = app.actor(role, "大兴街道").await;
        actor.post("/v1/commodity-entries", &own("own_a", "丙")).await.expect(403);
        actor.get("/v1/commodity-entries").await.expect(200);
    }
    let town = app.actor(Role::OrgAdmin, "大兴街道").await;
    town.post("/v1/commodity-entries", &own("own_a", "丙")).await.expect(403);
}

#[tokio::test]
async fn the_rest_of_a_day_goes_in_where_that_is_asked_for() {
    let (_app, admin) = begun().await;
    store(&admin, "雨城超市").await;
    let head = "门店,日期,商品,售价,计价单位\n";
    let good = "雨城超市,2020-01-30,番茄,3,元/斤\n雨城超市,2020-01-30,洋芋,1.5,元/公斤\n";
    let bad = "雨城超市,2020-01-30,鱼子酱,99,元/盒\n雨城超市,2020-01-30,菜籽油,58,元/桶\n";
    let sheet = format!("{head}{good}{bad}");
    // By default the day is refused whole.
    let done = import(&admin, "kind=supply_reports", "text/csv", sheet.clone().into_bytes()).await;
    assert_eq!((&done["counts"]["created"], &done["counts"]["refused"]), (&json!(0), &json!(4)), "{done}");
    assert_eq!(done["options"]["lines"], "whole");
    let kept = "kind=supply_reports&lines=keep_good";
    let done = import(&admin, kept, "text/csv", sheet.clone().into_bytes()).await;
    assert_eq!((&done["counts"]["created"], &done["counts"]["refused"]), (&json!(2), &json!(2)), "{done}");
    assert_eq!((&done["counts"]["read"], &done["state"]), (&json!(4), &json!("complete")));
    let report = admin.get("/v1/supply-reports").await.expect(200).body["items"][0].clone();
    assert_eq!(report["line_count"], 2, "{report}");
    let note = report["note"].as_str().unwrap();
    assert!(note.contains("第4行鱼子酱") && note.contains("第5行菜籽油(无法换算为 CNY/L)"), "{note}");
    let id = done["id"].as_str().unwrap();
    let rows = admin.get(&format!("/v1/imports/{id}/rows")).await.expect(200).body["items"].clone();
    let told: Vec<(&Json, &Json, &Json)> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (
                &row["line"],
                &row["outcome"],
                if row["outcome"] == "refused" { &row["faults"][0]["code"] } else { &row["warnings"][0]["code"] },
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (&json!(2), &json!("created"), &json!("lines_left_out")),
            (&json!(4), &json!("refused"), &json!("not_in_vocabulary")),
            (&json!(5), &json!("refused"), &json!("unknown_unit")),
        ]
    );
    // The same file changes nothing.
    let done = import(&admin, kept, "text/csv", sheet.into_bytes()).await;
    assert_eq!((&done["counts"]["same"], &done["counts"]["refused"]), (&json!(2), &json!(2)), "{done}");
    // The mended line alone joins the others, and the note doesn't say any more that it is missing.
    let mended = format!("{head}雨城超市,2020-01-30,菜籽油,58,元/桶(5L)\n");
    let done = import(&admin, &format!("{kept}&on_duplicate=revise"), "text/csv", mended.into_bytes()).await;
    assert_eq!(done["counts"]["revised"], 1, "{done}");
    let report = admin.get("/v1/supply-reports").await.expect(200).body["items"][0].clone();
    assert_eq!((&report["line_count"], &report["note"]), (&json!(3), &Json::Null), "{report}");
    assert_eq!(report["lines"][2]["retail_price_normalized"], "11.6");
    // Where the record itself is wrong, or no line is good, nothing goes in.
    let nowhere = format!(
        "{head}无名超市,2020-01-30,番茄,3,元/斤\n无名超市,2020-01-30,鱼子酱,9,元/斤\n雨城超市,2020-01-29,鱼子酱,9,元/斤\n"
    );
    let done = import(&admin, kept, "text/csv", nowhere.into_bytes()).await;
    assert_eq!((&done["counts"]["created"], &done["counts"]["refused"]), (&json!(0), &json!(3)), "{done}");
    // Lines of a line of JSON have no rows of their own: the record goes in, and says what is missing.
    let whole = json!({"place_id": report["place_id"], "reported_on": "2020-01-27", "lines": [{"commodity": "洋芋"}, {"commodity": "鱼子酱"}]});
    let done = import(&admin, kept, "application/x-ndjson", format!("{whole}\n").into_bytes()).await;
    assert_eq!((&done["counts"]["created"], &done["counts"]["refused"]), (&json!(1), &json!(0)), "{done}");
    let found = admin.get("/v1/supply-reports?reported_on=2020-01-27").await.expect(200).body["items"][0].clone();
    assert_eq!(
        (&found["line_count"], &found["note"]),
        (&json!(1), &json!("未导入明细：第1行鱼子酱(不在词表或目录中)"))
    );
    let rows = admin.get(&format!("/v1/imports/{}/rows", done["id"].as_str().unwrap())).await.expect(200).body;
    let codes: Vec<&Json> =
        rows["items"][0]["warnings"].as_array().unwrap().iter().map(|warning| &warning["code"]).collect();
    assert_eq!(codes, ["not_in_vocabulary", "lines_left_out"]);
    // A look at the file tells the same.
    let look = admin
        .with("content-type", "text/csv")
        .upload(
            &format!("/v1/imports:inspect?{kept}"),
            format!("{head}雨城超市,2020-01-28,番茄,3,元/斤\n雨城超市,2020-01-28,鱼子酱,9,元/斤\n").into_bytes(),
        )
        .await
        .expect(200)
        .body;
    assert_eq!((&look["refused"], &look["first"][0]["outcome"]), (&json!(1), &json!("created")), "{look}");
}

#[tokio::test]
async fn own_commodities_come_in_by_a_file_and_stay_in_the_ledger() {
    let (app, admin) = begun().await;
    let sheet = "商品编码,中文名,类别,计价单位,数量单位,别名,包装规格,生效日期,依据\n\
        own_konjac,魔芋豆腐,副食,元/500克,公斤,黑豆腐；魔芋,,2020-01-24,目录\n\
        egg_chicken,,,,,土鸡蛋,\"[{\"\"unit\"\":\"\"板\"\",\"\"quantity\"\":\"\"1.8\"\",\"\"quantity_unit\"\":\"\"kg\"\"}]\",2020-01-24,目录\n";
    let done = import(&admin, "kind=commodity_entries", "text/csv", sheet.as_bytes().to_vec()).await;
    assert_eq!((&done["counts"]["created"], &done["counts"]["refused"]), (&json!(2), &json!(0)), "{done}");
    let again = import(&admin, "kind=commodity_entries", "text/csv", sheet.as_bytes().to_vec()).await;
    assert_eq!(again["counts"]["same"], 2, "{again}");
    let list = goods(&admin, "").await;
    assert!(has(&of(&list, "egg_chicken").unwrap()["quantity_units"], "板"));
    let place = store(&admin, "雨城超市").await;
    let eggs = json!({"commodity": "土鸡蛋", "retail_price": "18", "price_unit": "元/板", "closing_stock": "10", "quantity_unit": "板"});
    let report = admin.post("/v1/supply-reports", &line(&place, "2020-01-30", eggs)).await.expect(201).body;
    let line = &report["lines"][0];
    assert_eq!(
        (&line["retail_price_normalized"], &line["closing_stock_normalized"]),
        (&json!("10"), &json!("18")),
        "{line}"
    );
    assert_eq!(line["price_unit"], "元/板", "as it was told");
    // Undone, the words mean nothing; the ledger has it all.
    admin.post(&format!("/v1/imports/{}:undo", done["id"].as_str().unwrap()), &json!({})).await.expect(200);
    assert!(of(&goods(&admin, "").await, "own_konjac").is_none());
    let changes = admin.get("/v1/changes?since=0&kinds=commodity_entries").await.expect(200).body;
    assert!(changes["items"].as_array().unwrap().len() >= 2, "{changes}");
    drop(app);
}

#[tokio::test]
async fn one_column_of_units_may_be_of_prices_and_of_quantities() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let store = json!({"kind": "supermarket", "name": "惠民超市", "area_code": "511802005001"});
    admin.post("/v1/places", &store).await.expect(201);
    let sheet = "门店,日期,品名,单位,进价,售价,进货,库存\n惠民超市,2020-02-02,大米,元/斤,2.1,2.5,200,1500\n惠民超市,2020-02-02,番茄,斤,2.5,3.5,30,40\n惠民超市,2020-02-02,猪肉,元/500克,24,28,50,60\n";
    let import = crate::import_facts::import(&admin, "supply_reports", "", sheet).await;
    assert_eq!(crate::imports::counts(&import)[4], 0, "{import}");
    let report = admin.get("/v1/supply-reports").await.expect(200).body["items"][0].clone();
    let lines: Vec<_> = report["lines"].as_array().unwrap().iter().collect();
    let units = |line: &serde_json::Value| (line["price_unit"].clone(), line["quantity_unit"].clone());
    let told: Vec<_> = lines.iter().map(|line| units(line)).collect();
    let expected = [("元/斤", "斤"), ("元/斤", "斤"), ("元/500克", "500克")];
    assert_eq!(told, expected.map(|(price, quantity)| (json!(price), json!(quantity))));
}
