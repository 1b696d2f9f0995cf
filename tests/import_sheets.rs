//! Sheets as clerks have them: titles above, remarks below, words of their own. Each goes in as it was found.

use std::path::PathBuf;

use serde_json::{Value as Json, json};

use crate::isolation_cases::set_clock;
use crate::support::{Actor, TestApp, examples};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// A sheet with the counts that are to come of it: created, refused, no records.
struct Sheet {
    name: &'static str,
    kind: &'static str,
    /// Rows that are records to whoever reads the sheet.
    records: u64,
    created: u64,
    refused: u64,
    not_a_record: u64,
}

const fn sheet(name: &'static str, kind: &'static str, [records, created, refused, not_a_record]: [u64; 4]) -> Sheet {
    Sheet { name, kind, records, created, refused, not_a_record }
}

/// The sheets. A fault is one that a clerk must mend: a lunar day, a formula that was never counted.
const SHEETS: &[Sheet] = &[
    sheet("gate_register.csv", "screenings", [6, 6, 0, 4]),
    sheet("gate_workbook.xlsx", "screenings", [5, 4, 1, 5]),
    sheet("store_day.xlsx", "supply_reports", [6, 6, 0, 4]),
    sheet("disinfection_log.csv", "disinfections", [4, 4, 0, 4]),
    sheet("returnees.txt.csv", "people", [4, 4, 0, 2]),
    sheet("stock_card.csv", "stock_movements", [4, 4, 0, 3]),
    sheet("volunteers.xlsx", "volunteers", [3, 3, 0, 3]),
    sheet("publicity.csv", "publicity_activities", [4, 4, 0, 1]),
    sheet("temperatures.csv", "temperature_readings", [4, 4, 0, 1]),
    sheet("inspections.csv", "inspections", [2, 2, 0, 2]),
    sheet("gate_evening.csv", "screenings", [4, 4, 0, 4]),
    sheet("temperatures_wide.xlsx", "temperature_readings", [10, 10, 0, 2]),
    sheet("supply_wide.csv", "supply_reports", [11, 11, 0, 4]),
    sheet("roster.csv", "shifts", [5, 5, 0, 2]),
    sheet("supervisors.csv", "isolation_cases", [2, 2, 0, 1]),
    sheet("residents.csv", "people", [3, 3, 0, 0]),
    sheet("household_book.csv", "household_members", [7, 7, 0, 7]),
    sheet("gate_by_day.csv", "screenings", [5, 5, 0, 4]),
    sheet("stock_ledger.csv", "stock_movements", [5, 5, 0, 3]),
    sheet("price_stores.csv", "supply_reports", [7, 7, 0, 3]),
];

fn bytes(name: &str) -> Vec<u8> {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests", "corpus", "sheets", name].iter().collect();
    std::fs::read(path).unwrap()
}

fn media_type(name: &str) -> &'static str {
    if name.ends_with("xlsx") { XLSX } else { "text/csv" }
}

async fn import(actor: &Actor, sheet: &Sheet, query: &str) -> Json {
    let path = format!("/v1/imports?kind={}{query}", sheet.kind);
    actor.with("content-type", media_type(sheet.name)).upload(&path, bytes(sheet.name)).await.expect(200).body
}

/// Places and people whom the sheets name.
async fn prepared() -> (TestApp, Actor) {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-10T12:00:00+08:00");
    let admin = app.administrator().await;
    examples::checkpoint(&admin, "511802005").await;
    for store in ["甲超市", "乙超市"] {
        crate::supply::store(&admin, store).await;
    }
    let store = json!({"kind": "warehouse", "name": "应急物资库", "area_code": "511802005"});
    admin.post("/v1/places", &store).await.expect(201);
    let observed = "姓名,身份证号,区划代码\n张三,{1},511802005\n李四,{2},511802005\n";
    let sheet = String::from_utf8(bytes("temperatures.csv")).unwrap();
    let mut documents: Vec<&str> = sheet.lines().skip(2).map(|line| line.split(',').nth(1).unwrap()).collect();
    documents.dedup();
    let observed = observed.replace("{1}", documents[0]).replace("{2}", documents[1]);
    let done = admin.with("content-type", "text/csv").upload("/v1/imports?kind=people", observed.into_bytes()).await;
    assert_eq!(done.expect(200).body["counts"]["created"], 2);
    (app, admin)
}

#[tokio::test]
async fn sheets_go_in_as_they_are_found() {
    let (app, admin) = prepared().await;
    let (mut records, mut created) = (0, 0);
    let mut wrong = Vec::new();
    for sheet in SHEETS {
        let done = import(&admin, sheet, "").await;
        let count = |name: &str| done["counts"][name].as_u64().unwrap();
        let came = [count("created"), count("refused"), count("not_a_record")];
        if came != [sheet.created, sheet.refused, sheet.not_a_record] {
            wrong.push(format!("{}: {came:?} {done:#}", sheet.name));
        }
        records += sheet.records;
        created += count("created");
        let again = import(&admin, sheet, "").await;
        if again["counts"]["created"] != 0 || again["counts"]["same"] != done["counts"]["created"] {
            wrong.push(format!("{} again: {}", sheet.name, again["counts"]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(created * 100 >= records * 95, "{created} of {records} records got in as found");
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}

#[tokio::test]
async fn a_file_is_looked_at_before_it_is_imported() {
    let (app, admin) = prepared().await;
    let before = app.rows("SELECT count(*)::bigint AS count FROM screenings").await[0].integer("count");
    let look = async |query: &str, file: Vec<u8>| {
        let path = format!("/v1/imports:inspect?kind=screenings{query}");
        admin.with("content-type", "text/csv").upload(&path, file).await.expect(200).body
    };
    let told = look("", bytes("gate_register.csv")).await;
    let sheet = &told["layout"]["sheets"][0];
    assert_eq!((&sheet["header_line"], &sheet["constants"][0]["field"]), (&json!(3), &json!("place_id")), "{told}");
    let column = |header: &str| {
        let columns = sheet["columns"].as_array().unwrap();
        columns.iter().find(|column| column["header"] == header).unwrap().clone()
    };
    assert_eq!(
        (&column("体温℃")["field"], &column("体温℃")["certainty"]),
        (&json!("temperature_c"), &json!("stripped"))
    );
    assert_eq!(column("序号")["use"], "ignored");
    assert_eq!((told["first"].as_array().unwrap().len(), &told["refused"]), (6, &json!(0)), "{told}");
    assert_eq!(told["first"][0]["record"]["person"]["name"], "张三");
    assert_eq!((&told["missing"], told["not_records"].as_array().unwrap().len()), (&json!([]), 4));
    let after = app.rows("SELECT count(*)::bigint AS count FROM screenings").await[0].integer("count");
    assert_eq!(before, after, "nothing is written");

    // Columns that nobody knows are named, with a proposal if any, and can be said outright.
    let file = "卡点,方向,时间,体温度数,家庭年收入\n北门,进,2020-02-03 8:05,36.5,5万\n";
    let told = look("", file.into()).await;
    let columns = &told["layout"]["sheets"][0]["columns"];
    assert_eq!((&columns[3]["proposal"], &columns[4]["proposal"]), (&json!("temperature_c"), &Json::Null), "{told}");
    assert_eq!(told["parameters"], json!(["map.体温度数=temperature_c"]));
    let query = "&map.%E4%BD%93%E6%B8%A9%E5%BA%A6%E6%95%B0=temperature_c&set.direction=out&unknown=refuse";
    let told = look(query, file.into()).await;
    assert_eq!(told["problem"]["code"], "unknown_columns", "{told}");
    let told = look(&query.replace("refuse", "ignore"), file.replace("方向,", "").replace("进,", "").into()).await;
    let record = &told["first"][0]["record"];
    assert_eq!((&record["temperature_c"], &record["direction"]), (&json!("36.5"), &json!("out")), "{told}");
    let told = look("&set.colour=red", file.into()).await;
    let fault = &told["problem"]["errors"][0];
    assert_eq!((&fault["code"], &fault["pointer"]), (&json!("unknown_column"), &json!("?set.colour")), "{told}");
}

#[tokio::test]
async fn what_a_column_or_a_cell_has_no_field_for_is_kept_and_told() {
    let (_app, admin) = prepared().await;
    let file = "卡点,方向,时间,姓名,电话,体温,家庭年收入\n北门,进,2020-02-03 8:05,张三,15400000001/2,正常,5万\n";
    let path = "/v1/imports?kind=screenings";
    let done = admin.with("content-type", "text/csv").upload(path, file.into()).await.expect(200).body;
    assert_eq!(done["counts"]["created"], 1, "{done}");
    let one = admin.get("/v1/screenings?limit=1").await.body["items"][0].clone();
    assert_eq!(one["note"], "家庭年收入：5万；电话：15400000001/2；体温：正常", "{one}");
    let rows = format!("/v1/imports/{}/rows", done["id"].as_str().unwrap());
    let told = admin.get(&rows).await.expect(200).body["items"][0].clone();
    let codes: Vec<&str> =
        told["warnings"].as_array().unwrap().iter().map(|warning| warning["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["unknown_column_noted", "cell_kept_in_note", "cell_kept_in_note"], "{told}");
    assert_eq!((&told["line"], &told["record_id"]), (&json!(2), &one["id"]));
    // A primary cell refuses its row, by the column's name and in words.
    let file = "卡点,方向,时间\n北门,横,2020-02-03 8:05\n北门,进,正月初三\n北门,进,不知道\n";
    let done = admin.with("content-type", "text/csv").upload(path, file.into()).await.expect(200).body;
    let faults: Vec<(&str, &str)> = done["first_errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["faults"][0]["column"].as_str().unwrap(), row["faults"][0]["message"].as_str().unwrap()))
        .collect();
    assert_eq!(faults[0].0, "方向");
    assert!(faults[0].1.contains("进、出"), "{faults:?}");
    assert!(faults[1].1.contains("农历") && faults[2].1.contains("如 2020-02-03 8:05"), "{faults:?}");
}

#[tokio::test]
async fn a_template_of_every_kind_is_read_as_it_is() {
    let (_app, admin) = prepared().await;
    let mut read = 0;
    for kind in lianfang::server::routes::kinds().kinds() {
        let path = format!("/v1/imports/template?kind={}", kind.name);
        let (status, _, workbook) = admin.download(&path).await;
        if status == 403 {
            continue;
        }
        assert!(status == 200 && workbook.starts_with(b"PK"), "{} {status}", kind.name);
        let inspect = format!("/v1/imports:inspect?kind={}", kind.name);
        let told = admin.with("content-type", XLSX).upload(&inspect, workbook).await.expect(200).body;
        let columns = told["layout"]["sheets"][0]["columns"].as_array().unwrap();
        assert!(!columns.is_empty() && columns.iter().all(|column| column["use"] == "taken"), "{} {told}", kind.name);
        read += 1;
        assert_eq!((&told["rows"].as_u64().map(|rows| rows > 0), &told["problem"]), (&Some(true), &Json::Null));
    }
    assert!(read > 20, "{read} kinds have a template for the command");
}
