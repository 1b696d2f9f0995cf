//! Sheets as clerks have them: titles above, remarks below, words of their own. Each goes in as it was found.

use std::path::PathBuf;

use serde_json::{Value as Json, json};

use crate::isolation_cases::set_clock;
use crate::support::{Actor, TestApp, examples};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// What is to come of a sheet: created, refused, no records.
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
    sheet("residents.csv", "people", [3, 3, 0, 0]),
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
    println!("{created} of {records} records got in as found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}
