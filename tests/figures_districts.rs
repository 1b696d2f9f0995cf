//! Figures of other rooms, and those by name, over districts of several prefectures and provinces: the sums of what each
//! district shows, or a refusal that says that they are told by district.

use lianfang::integrity::verify;
use lianfang::platform::access::{Grant, Role};
use lianfang::platform::divisions::listed::{self, ListedLine};
use serde_json::{Value as Json, json};

use crate::districts::take_away;
use crate::isolation_cases::{set_clock, work};
use crate::shifts::make;
use crate::small_cells::key_of;
use crate::support::{Actor, TestApp, fake_resident_id};

const JINJIANG: [(&str, &str, &str); 4] = [
    ("510000000000", "四川省", "省级"),
    ("510100000000", "成都市", "地级"),
    ("510104000000", "锦江区", "县级"),
    ("510104017", "锦官驿街道", "乡级"),
];
const YUZHONG: [(&str, &str, &str); 4] = [
    ("500000000000", "重庆市", "省级"),
    ("500100000000", "市辖区", "地级"),
    ("500103000000", "渝中区", "县级"),
    ("500103001", "七星岗街道", "乡级"),
];
/// A township of each of four districts in three prefectures of two provinces.
const TOWNSHIPS: [&str; 4] = ["511802005", "511803001", "510104017", "500103001"];
const DAY: &str = "2020-01-30";

async fn add_district(app: &TestApp, code: &str, list: &[(&str, &str, &str)]) {
    let line = |(index, (code, name, level)): (usize, &(&str, &str, &str))| ListedLine {
        line: index as u64 + 2,
        code: (*code).into(),
        name: (*name).into(),
        level: (*level).into(),
        parent: None,
    };
    let lines: Vec<ListedLine> = list.iter().enumerate().map(line).collect();
    let new = listed::checked(&app.core.divisions, code, &lines).unwrap();
    listed::add(&app.core, code, new).await.unwrap();
}

async fn commander(app: &TestApp, areas: &[&str]) -> Actor {
    let grant = |area: &&str| Grant { role: Role::DistrictAdmin, area_code: (*area).into(), org_id: None };
    app.actor_of(areas.iter().map(grant).collect()).await
}

/// Something of everything in a township; `number` makes it differ from the others'.
async fn fill(admin: &Actor, township: &str, number: u32) {
    let district = &township[..6];
    let school = json!({"kind": "school", "name": "第一小学", "area_code": district});
    make(admin, "organizations", school).await;
    let asks = json!({"area_code": district, "report_kind": "gate_daily", "required_org_kind": "school", "effective_on": "2020-01-25", "due_minute": 1440, "basis": "防控指挥部通知"});
    make(admin, "reporting-requirements", asks).await;
    let mut venues = Vec::new();
    for venue in 0..=number {
        let status = if venue == 0 { "open" } else { "suspended" };
        let body = json!({"kind": "large_catering", "name": format!("酒楼{venue}"), "area_code": township, "operating_status": status, "occurred_at": "2020-01-20T09:00:00+08:00"});
        venues.push(make(admin, "places", body).await);
    }
    let failed = if number == 1 { "fail" } else { "pass" };
    let items =
        json!([{"code": "disinfection", "result": failed}, {"code": "temperature_monitoring", "result": "pass"}]);
    make(admin, "inspections", json!({"place_id": venues[0], "inspectors": ["李强"], "items": items})).await;
    let warehouse = json!({"kind": "warehouse", "name": "物资仓库", "area_code": township});
    let warehouse = make(admin, "places", warehouse).await;
    let issue = json!({"from_place_id": warehouse, "recipient_place_id": venues[0], "recipients": number, "occasion": "staff_support", "items": [{"item": "暖宝宝", "quantity": format!("{number}.5"), "quantity_unit": "个"}]});
    make(admin, "material-issues", issue).await;
    for person in 0..number {
        let number = number * 10 + person;
        let body = json!({"name": "张三", "document_type": "resident_id", "document_number": fake_resident_id(number), "phone": format!("154{number:08}"), "area_code": township,
            "categories": [{"category": "hubei_returnee", "since_on": "2020-01-22", "source": "电话排查"}]});
        make(admin, "people", body).await;
    }
    let volunteer = json!({"area_code": township, "person": {"name": "陈静", "document_type": "resident_id", "document_number": fake_resident_id(900 + number), "phone": format!("154{:08}", 900 + number), "area_code": township}, "roles": ["registrar"], "league_member": true});
    make(admin, "volunteers", volunteer).await;
    let store =
        |name: &str| json!({"kind": "supermarket", "name": name, "area_code": township, "operating_status": "open"});
    let (reports, silent) =
        (make(admin, "places", store("甲超市")).await, make(admin, "places", store("乙超市")).await);
    assert_ne!(reports, silent);
    let lines = json!([{"commodity": "milk_uht_250ml", "purchased": "10", "sold": (number * 10).to_string(), "closing_stock": (number * 40).to_string(), "quantity_unit": "盒"}]);
    make(admin, "supply-reports", json!({"place_id": reports, "reported_on": DAY, "lines": lines})).await;
}

async fn provinces() -> (TestApp, Actor) {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-30T08:00:00+08:00");
    add_district(&app, "510104", &JINJIANG).await;
    add_district(&app, "500103", &YUZHONG).await;
    let admin = commander(&app, &["51", "50"]).await;
    for (township, number) in TOWNSHIPS.into_iter().zip(1..) {
        fill(&admin, township, number).await;
    }
    // Requirements are believed for two seconds.
    tokio::time::sleep(std::time::Duration::from_millis(2_100)).await;
    work(&app).await;
    (app, admin)
}

/// Answers of an area and of its districts, at a pointer.
async fn told(actor: &Actor, path: &str, area: &str) -> Json {
    actor.get(&format!("{path}{}{area}", if path.contains('?') { "&" } else { "?" })).await.expect(200).body
}

fn count(body: &Json, pointer: &str) -> i64 {
    body.pointer(pointer).and_then(Json::as_i64).unwrap_or_else(|| panic!("{pointer} of {body}"))
}

const DISTRICTS: [&str; 4] = ["511802", "511803", "510104", "500103"];

#[tokio::test]
async fn figures_of_every_room_add_up_over_prefectures_provinces_and_the_country() {
    let (app, admin) = provinces().await;
    for (path, pointers) in [
        (
            "/v1/stats/completeness?from_on=2020-01-30",
            &["/total/expected", "/total/open", "/total/done", "/items/0/expected"][..],
        ),
        ("/v1/stats/inspection-coverage?on=2020-01-30", &["/active", "/inspected", "/not_inspected"]),
        ("/v1/stats/inspection-results?from_on=2020-01-30", &["/items/0/passed", "/items/0/failed"]),
        ("/v1/stats/people-by-category", &["/total/persons"]),
        ("/v1/stats/reporting?on=2020-01-30", &["/total/expected", "/total/due", "/by_kind/0/expected"]),
        ("/v1/stats/goods-given", &["/items/0/issues"]),
        ("/v1/stats/supply?on=2020-01-30", &["/expected", "/received", "/items/0/stores"]),
        ("/v1/stats/venue-status?kind=large_catering", &["/open", "/suspended", "/total", "/items/0/suspended"]),
        ("/v1/stats/volunteers?by=day", &["/volunteers", "/league_members", "/total/service_minutes"]),
    ] {
        let mut of_districts = Vec::new();
        for district in DISTRICTS {
            let own = told(&admin, path, &format!("district_code={district}")).await;
            assert_eq!(
                own["districts"],
                json!([{"district_code": district, "as_of_change_no": own["as_of_change_no"]}]),
                "{path}"
            );
            of_districts.push((district, own));
        }
        for (area, begins) in [("5118", "5118"), ("51", "51"), ("510000", "51"), ("500000000000", "50"), ("000000", "")]
        {
            let sum = told(&admin, path, &format!("area_code={area}")).await;
            assert_eq!(sum["as_of_change_no"], Json::Null, "{path}");
            let parts: Vec<&Json> =
                of_districts.iter().filter(|(code, _)| code.starts_with(begins)).map(|(_, own)| own).collect();
            for pointer in pointers {
                let all: i64 = parts.iter().map(|part| count(part, pointer)).sum();
                assert_eq!(count(&sum, pointer), all, "{pointer} of {path} in {area}");
                assert!(
                    all > 0 || pointer.ends_with("failed") || pointer.ends_with("minutes"),
                    "{pointer} of {path} in {area}: nothing was counted"
                );
            }
            // Those of the binary, too, which have nothing.
            let reached = sum["districts"].as_array().unwrap();
            assert!(reached.iter().all(|of| of["district_code"].as_str().unwrap().starts_with(begins)), "{path}");
            for (district, own) in of_districts.iter().filter(|(code, _)| code.starts_with(begins)) {
                let of = reached.iter().find(|of| of["district_code"] == *district).unwrap();
                assert_eq!(of["as_of_change_no"], own["as_of_change_no"], "{path}");
            }
        }
    }
    verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}

#[tokio::test]
async fn shares_are_of_summed_parts_and_lines_are_of_the_level_below() {
    let (_app, admin) = provinces().await;
    let ask = async |path: &str| admin.get(path).await.expect(200).body;
    // 0 of 2, 1 of 3, 2 of 4 … are no mean of rates: 6 of 9 stand suspended in Sichuan.
    let venues = ask("/v1/stats/venue-status?kind=large_catering&area_code=51").await;
    assert_eq!(
        (&venues["suspended"], &venues["total"], &venues["suspended_rate"]),
        (&json!(6), &json!(9), &json!("0.6667"))
    );
    assert_eq!((&venues["said"], &venues["items"][0]["suspended_url"]), (&json!("大部分"), &Json::Null));
    let results = ask("/v1/stats/inspection-results?from_on=2020-01-30&area_code=51").await;
    assert_eq!(
        (&results["items"][0]["item"], &results["items"][0]["pass_rate"]),
        (&json!("disinfection"), &json!("0.6667"))
    );
    assert_eq!(results["worst"].as_array().unwrap().len(), 1);
    // 10, 20 and 30 boxes a day of 40, 80 and 120.
    let supply = ask("/v1/stats/supply?on=2020-01-30&area_code=51&low_stock_days=5").await;
    let milk = &supply["items"][0];
    assert_eq!(
        (&milk["sold"], &milk["closing_stock"], &milk["stock_days"], &milk["low_stock"]),
        (&json!("60"), &json!("240"), &json!("4"), &json!(true))
    );
    assert_eq!(supply["missing"].as_array().unwrap().len(), 3);
    let areas = |body: &Json, name: &str| -> Vec<String> {
        body["items"].as_array().unwrap().iter().map(|item| item[name].as_str().unwrap().to_owned()).collect()
    };
    for (area, below) in [("000000", &["50", "51"][..]), ("51", &["5101", "5118"]), ("5118", &["511802", "511803"])] {
        let supply = ask(&format!("/v1/stats/supply?on=2020-01-30&by=area&area_code={area}")).await;
        assert_eq!(areas(&supply, "area_code"), below);
        let duties = ask(&format!("/v1/stats/completeness?from_on=2020-01-30&by=area&area_code={area}")).await;
        assert_eq!(areas(&duties, "key"), below);
        let all: i64 = (0..below.len()).map(|line| count(&duties, &format!("/items/{line}/expected"))).sum();
        assert_eq!(all, count(&duties, "/total/expected"));
        let screened = ask(&format!("/v1/stats/inspections?from_on=2020-01-30&by=area&area_code={area}")).await;
        let keys = areas(&screened, "key");
        assert!(below.iter().all(|code| keys.iter().any(|key| key == code)), "{keys:?}");
        let shown = if area == "000000" { "000000" } else { area };
        assert_eq!(screened["area_code"], shown);
    }
    let given = ask("/v1/stats/goods-given?area_code=51").await;
    assert_eq!((&given["items"][0]["quantity"], &given["items"][0]["records_url"]), (&json!("7.5"), &Json::Null));
    let situation = ask("/v1/stats/situation?area_code=51").await;
    assert_eq!(situation["area_code"], "51");
    let nobody = situation["units"].as_array().unwrap().iter().find(|unit| unit["org_id"].is_null()).unwrap();
    let figures = nobody["figures"].as_array().unwrap();
    let inspected = figures.iter().find(|figure| figure["name"] == "inspections").unwrap();
    assert_eq!(
        (&inspected["kind"], &inspected["value"], &inspected["records_url"]),
        (&json!("inspections"), &json!(3), &Json::Null),
        "{inspected}"
    );
    // A link to records leads to those of the district.
    let one = ask("/v1/stats/goods-given?area_code=510104").await;
    let issues = ask(one["items"][0]["records_url"].as_str().unwrap()).await;
    assert_eq!(issues["items"].as_array().unwrap().len(), 1);
    let file = admin.with("accept", "text/csv").download("/v1/stats/venue-status?area_code=51").await;
    assert!(file.0 == 200 && String::from_utf8(file.2).unwrap().contains("large_catering,3,0,6,"));
    for path in [
        "/v1/stats/goods-given?area_code=51&org_id=0198c0de-0001-7000-8000-000000000001",
        "/v1/stats/situation?area_code=51&org_id=0198c0de-0001-7000-8000-000000000001",
    ] {
        let refused = admin.get(path).await.expect(422).body;
        assert_eq!(
            (&refused["errors"][0]["pointer"], &refused["errors"][0]["code"]),
            (&json!("?org_id"), &json!("not_with_others"))
        );
    }
}

#[tokio::test]
async fn figures_by_name_add_up_and_shares_are_refused() {
    let (_app, admin) = provinces().await;
    let query = |figure: &str| json!({"figure": figure, "to_on": DAY});
    let body =
        json!({"queries": [query("inspections.inspections"), query("units.compounds"), query("stock.milk_uht_250ml")]});
    let mut sums = vec![0; 2];
    for district in ["511802", "511803", "510104"] {
        let own = admin.post(&format!("/v1/figures:evaluate?area_code={district}"), &body).await.expect(200).body;
        assert!(own["as_of_change_no"].is_i64() && own["results"][0]["records_url"].is_string(), "{own}");
        for (sum, result) in sums.iter_mut().zip(own["results"].as_array().unwrap()) {
            *sum += result["value"].as_i64().unwrap();
        }
    }
    let all = admin.post("/v1/figures:evaluate?area_code=51", &body).await.expect(200).body;
    let values: Vec<i64> =
        all["results"].as_array().unwrap().iter().filter_map(|result| result["value"].as_i64()).collect();
    assert_eq!(values, sums);
    assert_eq!(sums[0], 3);
    assert_eq!((&all["as_of_change_no"], &all["results"][0]["records_url"]), (&Json::Null, &Json::Null));
    assert!(all["districts"].as_array().unwrap().len() >= 3);
    let mut narrowed = query("inspections.inspections");
    narrowed["area_code"] = json!("511802");
    let names = admin.get("/v1/figures?area_code=511802").await.expect(200).body;
    let share = names["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|figure| figure["name"].as_str().unwrap().ends_with("_rate"))
        .unwrap()["name"]
        .clone();
    let shares = json!({"queries": [query(share.as_str().unwrap()), narrowed], "digest": true});
    let refused = admin.post("/v1/figures:evaluate?area_code=51", &shares).await.expect(422).body;
    let faults: Vec<(&str, &str)> = refused["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| (fault["pointer"].as_str().unwrap(), fault["code"].as_str().unwrap()))
        .collect();
    assert_eq!(
        faults,
        [
            ("/queries/0/figure", "told_by_district"),
            ("/queries/1/area_code", "not_with_others"),
            ("/digest", "not_with_others")
        ],
        "{refused}"
    );
}

/// Whoever has less is told what he reaches; small numbers stay hidden; a poll that finds nothing new is 304.
#[tokio::test]
async fn sums_tell_nobody_more_than_the_districts_do() {
    let (app, admin) = provinces().await;
    let clerk = commander(&app, &["511803"]).await;
    let own = told(&clerk, "/v1/stats/people-by-category", "area_code=000000").await;
    assert_eq!(
        (&own["total"]["persons"], &own["area_code"], own["districts"].as_array().unwrap().len()),
        (&json!(2), &json!("000000"), 1)
    );
    clerk.get("/v1/stats/people-by-category?area_code=50").await.expect(404);
    let key = key_of(&app, &admin, "51", &["statistics"]).await;
    let hidden = told(&key, "/v1/stats/people-by-category", "area_code=51").await;
    assert_eq!((&hidden["total"]["persons"], &hidden["total"]["suppressed"]), (&Json::Null, &json!(true)), "{hidden}");
    let path = "/v1/stats/venue-status?area_code=51";
    let tag = admin.get(path).await.expect(200).header("etag").to_owned();
    admin.with("if-none-match", &tag).get(path).await.expect(304);
    let body = json!({"kind": "large_catering", "name": "新店", "area_code": TOWNSHIPS[2], "operating_status": "open", "occurred_at": "2020-01-20T09:00:00+08:00"});
    make(&admin, "places", body).await;
    let newer = admin.with("if-none-match", &tag).get(path).await.expect(200);
    assert_eq!(count(&newer.body, "/total"), 16);
}

#[tokio::test]
async fn a_district_that_is_away_is_missing_from_a_sum_and_named() {
    let (before, admin) = provinces().await;
    take_away(&before, "510104").await;
    let app = before.another().await;
    set_clock(&app, "2020-01-30T08:02:00+08:00");
    let admin = admin.at(&app);
    let venues = told(&admin, "/v1/stats/venue-status?kind=large_catering", "area_code=51").await;
    assert_eq!(count(&venues, "/total"), 5, "two and three");
    let away = |body: &Json| -> Vec<Json> {
        let districts = body["districts"].as_array().unwrap().iter();
        districts.filter(|of| of["as_of_change_no"].is_null()).map(|of| of["district_code"].clone()).collect()
    };
    assert_eq!(away(&venues), [json!("510104")]);
    let body = json!({"queries": [{"figure": "inspections.inspections", "to_on": DAY}]});
    let figures = admin.post("/v1/figures:evaluate?area_code=51", &body).await.expect(200).body;
    assert_eq!((count(&figures, "/results/0/value"), away(&figures)), (2, vec![json!("510104")]));
    let file = admin.with("accept", "text/csv").download("/v1/stats/venue-status?area_code=51").await;
    assert_eq!(file.0, 503);
    assert_eq!(admin.get("/v1/stats/venue-status?area_code=5101").await.status, 503, "nothing is there");
}

/// Every operation of figures that the document has takes a wide area, or says that it is told by district.
#[tokio::test]
async fn every_operation_of_figures_adds_up_or_says_that_it_does_not() {
    let app = TestApp::start().await;
    let admin = commander(&app, &["51"]).await;
    let document: Json = serde_json::from_str(include_str!("../openapi/openapi.json")).unwrap();
    let parameters = &document["components"]["parameters"];
    let (mut sums, mut refusals) = (0, Vec::new());
    for (path, operations) in document["paths"].as_object().unwrap() {
        if !(path.starts_with("/v1/stats/") || path.starts_with("/v1/figures")) {
            continue;
        }
        for (method, operation) in operations.as_object().unwrap() {
            let named = operation["parameters"].as_array().unwrap().iter();
            let named: Vec<&Json> = named
                .map(|one| one["$ref"].as_str().map_or(one, |name| &parameters[name.rsplit('/').next().unwrap()]))
                .collect();
            assert!(named.iter().any(|one| one["name"] == "area_code"), "{method} {path} takes no area");
            let required = named.iter().filter(|one| one["required"] == true);
            let query: Vec<String> = required.map(|one| format!("&{}={DAY}", one["name"].as_str().unwrap())).collect();
            let path = format!("{path}?area_code=51{}", query.concat());
            let reply = match method.as_str() {
                "get" => admin.get(&path).await,
                _ => {
                    admin.post(&path, &json!({"queries": [{"figure": "inspections.inspections", "to_on": DAY}]})).await
                }
            };
            if reply.status == 422 {
                let fault = &reply.body["errors"][0];
                assert_eq!(
                    (&fault["pointer"], &fault["code"]),
                    (&json!("?area_code"), &json!("told_by_district")),
                    "{path}"
                );
                refusals.push(path);
                continue;
            }
            let body = reply.expect(200).body;
            assert_eq!(
                (body["districts"].as_array().map(Vec::len), &body["as_of_change_no"]),
                (Some(8), &Json::Null),
                "{path}"
            );
            sums += 1;
        }
    }
    let refusals: Vec<&str> = refusals.iter().map(|path| path.split('?').next().unwrap()).collect();
    assert_eq!(refusals, ["/v1/figures", "/v1/stats/completeness/missed", "/v1/stats/price-index", "/v1/stats/prices"]);
    assert!(sums > 40, "{sums}");
}
