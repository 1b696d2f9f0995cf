//! Cards of stock, stores side by side, and what wide sheets say of cells in which there is nothing.

use serde_json::{Value as Json, json};

use crate::duties::supervised;
use crate::import_facts::{import, rows};
use crate::imports::counts;
use crate::isolation_cases::{notified, set_clock, work};
use crate::support::{Actor, TestApp, fake_resident_id};

async fn prepared() -> (TestApp, Actor) {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-20T12:00:00+08:00");
    let admin = app.administrator().await;
    let store = json!({"kind": "warehouse", "name": "应急物资库", "area_code": "511802005"});
    admin.post("/v1/places", &store).await.expect(201);
    (app, admin)
}

async fn list(actor: &Actor, path: &str) -> Vec<Json> {
    actor.get(path).await.expect(200).body["items"].as_array().unwrap().clone()
}

fn codes(row: &Json) -> Vec<&str> {
    row["warnings"].as_array().unwrap().iter().map(|warning| warning["code"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_stock_card_has_columns_for_what_came_and_went() {
    let (app, admin) = prepared().await;
    let card = "物资库存卡,,,,,,\n仓库：应急物资库,,品名：面粉,,单位：公斤,,\n日期,凭证号,摘要,收入,发出,结存,经手人\n\
                2020-2-1,,上年结转,,,50,\n2020-2-3,12,市应急局捐赠,100,,150,张三\n2020-2-4,13,大兴街道领用,,30,120,李四\n\
                2020-2-4,14,大兴街道领用,,30,95,李四\n2020-2-5,15,采购入库并发放,20,0,115,\n2月29日,,本月合计,120,60,,\n";
    let done = import(&admin, "stock_movements", "", card).await;
    assert_eq!((counts(&done), &done["counts"]["not_a_record"]), ([5, 0, 0, 0, 0], &json!(3)), "{done}");
    let moved = list(&admin, "/v1/stock-movements").await;
    let said = |direction: &str, quantity: &str| {
        moved.iter().filter(|one| one["direction"] == direction && one["quantity"] == quantity).count()
    };
    assert_eq!([said("in", "50"), said("in", "100"), said("out", "30"), said("in", "20")], [1, 1, 2, 1], "{moved:?}");
    let of = |quantity: &str| moved.iter().find(|one| one["quantity"] == quantity).unwrap();
    assert_eq!(
        [&of("50")["reason"], &of("100")["reason"], &of("30")["reason"]],
        ["opening", "donation", "distribution"]
    );
    assert!(of("100")["note"].as_str().unwrap().contains("摘要：市应急局捐赠"), "{}", of("100"));
    let stocks = list(&admin, "/v1/stocks").await;
    assert_eq!((&stocks[0]["quantity"], stocks.len()), (&json!("110"), 1), "{stocks:?}");
    // The rest is compared: it was written as 95 where 90 are left.
    let told = rows(&admin, &done, "created").await;
    let differs: Vec<&Json> = told.iter().filter(|row| codes(row).contains(&"left_differs")).collect();
    assert_eq!((differs.len(), &differs[0]["line"]), (1, &json!(7)), "{told:?}");
    assert!(differs[0]["warnings"].to_string().contains("应为 90"), "{differs:?}");
    assert!(told.iter().any(|row| codes(row).contains(&"opening_taken")));
    assert_eq!(counts(&import(&admin, "stock_movements", "", card).await), [0, 5, 0, 0, 0]);
    // Two rows of headers, several things, both ways in one row.
    let card = "日期,物资名称,单位,入库,,出库,,库存数量\n,,,数量,单价,数量,单价,\n2020-2-6,大米,吨,5,3000,1,,4\n2020-2-6,面粉,公斤,,,10,,100\n2020-2-7,大米,吨,—,,1,,3\n";
    let done =
        import(&admin, "stock_movements", "&set.place_id=%E5%BA%94%E6%80%A5%E7%89%A9%E8%B5%84%E5%BA%93", card).await;
    assert_eq!(counts(&done), [4, 0, 0, 0, 0], "{done}");
    assert_eq!(done["layout"]["sheets"][0]["shape"], "wide");
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}

#[tokio::test]
async fn stores_stand_side_by_side() {
    let (_app, admin) = prepared().await;
    for store in ["甲超市", "乙菜市场"] {
        crate::supply::store(&admin, store).await;
    }
    let sheet = "重点商超价格监测表,,,\n监测日期：2020年2月7日,,,\n品种,单位,甲超市,乙菜市场\n面粉,元/公斤,5.2,5.0\n大白菜,元/公斤,2.4,—\n芹菜,元/公斤,3,2.8\n";
    let done = import(&admin, "supply_reports", "", sheet).await;
    assert_eq!((counts(&done), &done["counts"]["cells_blank"]), ([5, 0, 0, 0, 0], &json!(1)), "{done}");
    let reports = list(&admin, "/v1/supply-reports?reported_on=2020-02-07").await;
    let mut lines: Vec<usize> = reports.iter().map(|report| report["lines"].as_array().unwrap().len()).collect();
    lines.sort();
    assert_eq!(lines, [2, 3], "{reports:?}");
    let line = |report: &Json, code: &str| {
        report["lines"].as_array().unwrap().iter().find(|line| line["commodity"] == code).cloned().unwrap()
    };
    let flour: Vec<Json> =
        reports.iter().map(|report| line(report, "grain_wheat_flour")["retail_price"].clone()).collect();
    assert!(flour.contains(&json!("5.2")) && flour.contains(&json!("5.0")), "{flour:?}");
    assert_eq!(counts(&import(&admin, "supply_reports", "", sheet).await), [0, 5, 0, 0, 0]);
    // Two members of each store; a store that nobody knows is refused by its cells, the others go in.
    let sheet = "商品,甲超市,,丙便利店,\n,进价(元/斤),售价(元/斤),进价(元/斤),售价(元/斤)\n面粉,2,2.5,2,2.6\n";
    let done = import(&admin, "supply_reports", "&set.reported_on=2020-02-08", sheet).await;
    assert_eq!(counts(&done), [2, 0, 0, 0, 2], "{done}");
    let report = list(&admin, "/v1/supply-reports?reported_on=2020-02-08").await.remove(0);
    let line = line(&report, "grain_wheat_flour");
    assert_eq!(
        (&line["purchase_price"], &line["retail_price"], &line["price_unit"]),
        (&json!("2"), &json!("2.5"), &json!("元/斤"))
    );
}

#[tokio::test]
async fn why_somebody_was_not_measured_explains_what_was_missed() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-22T20:00:00+08:00");
    let nurse = app.health_worker("八步镇").await;
    let case = notified(&nurse, supervised(1, &[("health_center", &nurse)])).await;
    set_clock(&app, "2020-01-25T20:00:00+08:00");
    work(&app).await;
    let nurse = app.health_worker("八步镇").await;
    let days = async |actor: &Actor| list(actor, &format!("/v1/isolation-cases/{case}/days")).await;
    let gap = |days: &[Json], day: &str, kind: &str| {
        let day = days.iter().find(|one| one["on_day"] == day).unwrap();
        day["gaps"].as_array().unwrap().iter().find(|gap| gap["duty_kind"] == kind).cloned().unwrap_or(Json::Null)
    };
    let before = days(&nurse).await;
    assert_eq!(gap(&before, "2020-01-24", "am_reading")["state"], "missed", "{before:?}");
    let document = fake_resident_id(1);
    let sheet = format!(
        "姓名,身份证号,1月23日上午,1月23日上午时间,1月23日下午,1月24日上午,1月24日下午\n李四,{document},36.5,9:40,外出,拒测,/\n"
    );
    let trial = import(&nurse, "temperature_readings", "&year=2020&validate_only=true", &sheet).await;
    assert_eq!(trial["counts"]["cells_not_done"], 2, "{trial}");
    assert_eq!(days(&nurse).await, before, "a trial explains nothing");
    let done = import(&nurse, "temperature_readings", "&year=2020", &sheet).await;
    assert_eq!((counts(&done), &done["counts"]["cells_not_done"]), ([1, 0, 0, 0, 0], &json!(2)), "{done}");
    // The sheet says when it was: nothing is assumed.
    let reading = list(&nurse, &format!("/v1/temperature-readings?case_id={case}")).await.remove(0);
    assert_eq!(
        (&reading["occurred_at"], &done["warnings"]),
        (&json!("2020-01-23T09:40:00+08:00"), &json!([])),
        "{reading}"
    );
    let zh = days(&nurse).await;
    let out = gap(&zh, "2020-01-23", "pm_reading");
    assert_eq!(
        (&out["state"], &out["reason"], &out["not_done"]),
        (&json!("missed"), &json!("外出,未测"), &json!("out")),
        "{out}"
    );
    assert_ne!(out["explained"], true, "a sheet proves nothing");
    let en = days(&nurse.with("accept-language", "en")).await;
    assert_eq!(gap(&en, "2020-01-24", "am_reading")["reason"], "refused to be measured");
    assert_eq!(gap(&en, "2020-01-24", "pm_reading")["reason"], Json::Null);
    // 体温(下午) is no second temperature to be lost in a note.
    let sheet = format!("日期,姓名,身份证号,体温(上午),体温(下午)\n2020-01-25,李四,{document},36.5,36.9\n");
    let parts = import(&nurse, "temperature_readings", "&validate_only=true", &sheet).await;
    assert_eq!((counts(&parts), &parts["layout"]["sheets"][0]["shape"]), ([2, 0, 0, 0, 0], &json!("wide")), "{parts}");
    // Undone, its readings go; what was said of the others stays.
    let undone =
        nurse.post(&format!("/v1/imports/{}:undo", done["id"].as_str().unwrap()), &json!({})).await.expect(200).body;
    assert_eq!(undone["voided"], 1, "{undone}");
    assert_eq!(gap(&days(&nurse).await, "2020-01-24", "am_reading")["reason"], "拒绝测量");
    // Somebody of another town can't explain it.
    let other = app.health_worker("大兴街道").await;
    let sheet = format!("姓名,身份证号,1月24日上午,1月24日下午\n李四,{document},外出,外出\n");
    import(&other, "temperature_readings", "&year=2020", &sheet).await;
    assert_eq!(gap(&days(&nurse).await, "2020-01-24", "pm_reading")["reason"], Json::Null);
    // Somebody whom nobody knows is told once a row, his cells counted with it.
    let sheet = "姓名,1月24日上午,1月24日下午,1月25日上午\n无名,36.5,36.6,36.7\n无人,外出,外出,外出\n";
    let looked = nurse
        .with("content-type", "text/csv")
        .upload("/v1/imports:inspect?kind=temperature_readings&year=2020", sheet.into())
        .await
        .expect(200)
        .body;
    assert_eq!((looked["faults"].as_array().unwrap().len(), &looked["refused"]), (1, &json!(3)), "{looked}");
    let done = import(&nurse, "temperature_readings", "&year=2020", sheet).await;
    assert_eq!((counts(&done), done["first_errors"].as_array().unwrap().len()), ([0, 0, 0, 0, 3], 1), "{done}");
    let told = rows(&nurse, &done, "refused").await;
    assert_eq!((told.len(), told[0]["faults"].as_array().unwrap().len()), (1, 1), "{told:?}");
    let out = rows(&nurse, &done, "not_a_record").await;
    assert!(out.iter().any(|row| codes(row) == ["not_identified"]), "{out:?}");
}
