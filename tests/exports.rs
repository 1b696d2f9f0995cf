//! Lists as files: complete as of one change number, whoever writes meanwhile; safe to open; masked.

use lianfang::platform::access::Role;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use crate::api_keys::{holder, new_key};
use crate::support::{Actor, TestApp, examples, fake_resident_id};

const NDJSON: &str = "application/x-ndjson";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

async fn file(actor: &Actor, media_type: &str, path: &str) -> (reqwest::header::HeaderMap, Vec<u8>) {
    let (status, headers, bytes) = actor.with("accept", media_type).download(path).await;
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&bytes));
    (headers, bytes)
}

/// The records of an NDJSON export, after its end was checked.
async fn records(actor: &Actor, path: &str) -> Vec<Json> {
    let (_, bytes) = file(actor, NDJSON, path).await;
    let text = String::from_utf8(bytes).unwrap();
    let (body, end) = text.trim_end().rsplit_once('\n').map_or(("", text.trim_end()), |(body, end)| (body, end));
    let body = if body.is_empty() { String::new() } else { format!("{body}\n") };
    let end: Json = serde_json::from_str(end).unwrap();
    let records: Vec<Json> = body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(end["count"], records.len());
    assert_eq!(end["sha256"], hex::encode(Sha256::digest(body.as_bytes())));
    records
}

#[tokio::test]
async fn a_file_is_the_list_as_it_stood_however_it_was_changed_since() {
    let app = TestApp::start().await;
    let cadre = app.town_cadre("大兴街道").await;
    let place = examples::checkpoint(&cadre, "511802005").await;
    let mut paths = Vec::new();
    for sequence in 0..7 {
        let reply = cadre.post("/v1/screenings", &examples::screening(&place, sequence)).await.expect(201);
        paths.push(reply.header("location").to_owned());
    }
    let before = records(&cadre, "/v1/screenings").await;
    let (headers, _) = file(&cadre, NDJSON, "/v1/screenings").await;
    let as_of = headers["as-of-change-no"].to_str().unwrap().to_owned();
    cadre
        .patch(&paths[0], "\"1\"", &json!({"occurred_at": "2020-02-05T08:00:00+08:00", "mask": true}))
        .await
        .expect(200);
    cadre.patch(&paths[0], "\"2\"", &json!({"mask": false})).await.expect(200);
    cadre.post(&format!("{}:void", paths[1]), &json!({"reason": "twice"})).await.expect(200);
    cadre.post("/v1/screenings", &examples::screening(&place, 99)).await.expect(201);
    assert_eq!(records(&cadre, &format!("/v1/screenings?as_of_change_no={as_of}")).await, before);
    let now = records(&cadre, "/v1/screenings").await;
    assert_eq!(now.len(), 7);
    assert_eq!(now[0]["id"], paths[0].rsplit('/').next().unwrap(), "moved to the top by its new time");
    let listed = cadre.get("/v1/screenings?limit=500").await.body["items"].clone();
    assert_eq!(&Json::Array(now.clone()), &listed);
    let after = format!("/v1/screenings?as_of_change_no={as_of}&after={}", before[2]["id"].as_str().unwrap());
    assert_eq!(records(&cadre, &after).await, before[3..], "a broken download goes on");
    assert_eq!(
        cadre.with("accept", NDJSON).get("/v1/screenings?limit=3").await.expect(422).faults()[0].1,
        "only_in_pages"
    );
    assert_eq!(cadre.get("/v1/screenings?headers=zh").await.expect(422).faults()[0].1, "only_in_files");
    assert_eq!(
        cadre.with("accept", NDJSON).get("/v1/screenings?as_of_change_no=999").await.expect(422).faults()[0].1,
        "beyond_head"
    );
}

#[tokio::test]
async fn nothing_is_missed_or_doubled_while_others_write() {
    let app = TestApp::start().await;
    let cadre = app.town_cadre("大兴街道").await;
    let place = examples::checkpoint(&cadre, "511802005").await;
    let items: Vec<Json> = (0..400).map(|sequence| examples::screening(&place, sequence)).collect();
    for _ in 0..3 {
        let items: Vec<Json> = items
            .iter()
            .map(|item| {
                let mut item = item.clone();
                item["id"] = uuid::Uuid::now_v7().to_string().into();
                item
            })
            .collect();
        cadre.post("/v1/screenings:batch", &json!({"items": items})).await.expect(207);
    }
    let before = records(&cadre, "/v1/screenings").await;
    assert_eq!(before.len(), 1_200);
    let amend = async {
        for item in before.iter().step_by(13) {
            let path = format!("/v1/screenings/{}", item["id"].as_str().unwrap());
            cadre.patch(&path, "\"1\"", &json!({"occurred_at": "2020-01-01T00:00:00+08:00"})).await.expect(200);
        }
    };
    let head = cadre.get("/v1/ledger/head").await.body["head"].as_i64().unwrap();
    let read = async {
        for _ in 0..5 {
            assert_eq!(records(&cadre, &format!("/v1/screenings?as_of_change_no={head}")).await, before);
        }
    };
    tokio::join!(amend, read);
}

/// Pages end where the list does, also where the last one is full.
#[tokio::test]
async fn every_form_of_a_file_has_every_record_however_many_pages_it_takes() {
    let app = TestApp::start().await;
    let cadre = app.town_cadre("大兴街道").await;
    let place = examples::checkpoint(&cadre, "511802005").await;
    let mut made = 0;
    for (more, whole) in [(499, 499), (1, 500), (1, 501), (499, 1_000)] {
        for first in (0..more).step_by(250) {
            let items: Vec<Json> =
                (first..more.min(first + 250)).map(|index| examples::screening(&place, made + index)).collect();
            cadre.post("/v1/screenings:batch", &json!({"items": items})).await.expect(207);
        }
        made += more;
        let ids: std::collections::BTreeSet<String> =
            records(&cadre, "/v1/screenings").await.iter().map(|record| record["id"].to_string()).collect();
        assert_eq!(ids.len(), whole);
        let (_, bytes) = file(&cadre, "text/csv", "/v1/screenings").await;
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
        let in_file: std::collections::BTreeSet<String> =
            reader.records().map(|row| json!(row.unwrap()[0]).to_string()).collect();
        assert_eq!(in_file, ids);
        let (_, bytes) = file(&cadre, XLSX, "/v1/screenings").await;
        let mut workbook: calamine::Xlsx<_> = calamine::open_workbook_from_rs(std::io::Cursor::new(bytes)).unwrap();
        let sheet = calamine::Reader::worksheet_range_at(&mut workbook, 0).unwrap().unwrap();
        let in_file: std::collections::BTreeSet<String> =
            sheet.rows().skip(1).map(|row| json!(row[0].to_string()).to_string()).collect();
        assert_eq!((in_file, sheet.height()), (ids, whole + 1));
    }
}

#[tokio::test]
async fn a_spreadsheet_runs_nothing_and_has_chinese_headers() {
    let app = TestApp::start().await;
    let cadre = app.town_cadre("大兴街道").await;
    let place = json!({"kind": "compound_gate", "name": "=HYPERLINK(\"http://x\")", "area_code": "511802005", "longitude": -103.5, "latitude": 29.9, "note": "'引号,逗号\n换行"});
    cadre.post("/v1/places", &place).await.expect(201);
    let (headers, bytes) = file(&cadre, "text/csv", "/v1/places?headers=zh").await;
    assert!(headers["content-disposition"].to_str().unwrap().contains("places-1.csv"));
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.starts_with("\u{feff}编号,"));
    let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let headers = reader.headers().unwrap().clone();
    let row = reader.records().next().unwrap().unwrap();
    let cell = |header: &str| row[headers.iter().position(|other| other == header).unwrap()].to_owned();
    assert_eq!(cell("名称"), "'=HYPERLINK(\"http://x\")");
    assert_eq!(cell("经度"), "-103.5", "numbers are numbers");
    assert_eq!(cell("备注"), "''引号,逗号\n换行");
    assert_eq!(cell("版本"), "1");

    let (_, bytes) = file(&cadre, XLSX, "/v1/places").await;
    let mut workbook: calamine::Xlsx<_> = calamine::open_workbook_from_rs(std::io::Cursor::new(bytes)).unwrap();
    let sheet = calamine::Reader::worksheet_range_at(&mut workbook, 0).unwrap().unwrap();
    assert_eq!(sheet.height(), 2);
    assert_eq!(sheet.get_value((0, 0)).unwrap().to_string(), "id");
    assert!(
        sheet
            .rows()
            .nth(1)
            .unwrap()
            .iter()
            .any(|cell| *cell == calamine::Data::String("=HYPERLINK(\"http://x\")".into()))
    );
}

#[tokio::test]
async fn plain_values_need_the_right_a_purpose_and_leave_a_line() {
    let app = TestApp::start().await;
    let doctor = app.actor(Role::HealthWorker, "大兴街道").await;
    let person = json!({"name": "王五", "document_number": fake_resident_id(3), "phone": "15400000003", "area_code": "511802005"});
    doctor.post("/v1/people", &person).await.expect(201);
    assert_eq!(records(&doctor, "/v1/people").await[0]["name"], "王*");
    let unmasked = "/v1/people?unmasked=true";
    assert_eq!(doctor.with("accept", NDJSON).get(unmasked).await.expect(422).faults()[0].0, "?purpose");
    let plain = records(&doctor, &format!("{unmasked}&purpose=medical_follow_up")).await;
    assert_eq!((&plain[0]["name"], &plain[0]["phone"]), (&json!("王五"), &json!("15400000003")));
    let guard = app.gate_guard("大兴街道").await;
    guard.with("accept", NDJSON).get(&format!("{unmasked}&purpose=statistics")).await.expect(403);
    let auditor = app.actor(Role::Auditor, "雨城区").await;
    let lines = auditor.get("/v1/audit?verb=export.begin").await.body["items"].clone();
    assert_eq!(lines.as_array().unwrap().len(), 2);
    assert_eq!(lines[0]["details"]["purpose"], "medical_follow_up");
    assert_eq!(lines[0]["details"]["unmasked"], true);
    let pages = auditor.get("/v1/audit?verb=export.page").await.body["items"].clone();
    let id = plain[0]["id"].as_str().unwrap();
    assert_eq!((&pages[0]["details"]["people"], &pages[0]["details"]["count"]), (&json!([id]), &json!(1)));
    let log = auditor.get(&format!("/v1/people/{id}/access-log")).await.expect(200).body;
    assert!(log["items"].as_array().unwrap().iter().any(|line| line["verb"] == "export.page"), "{log}");
    // As reveals, plain values are for people and not for keys.
    let admin = app.administrator().await;
    let key = new_key(&app, "health_worker", "511802005", &["read", "export"]);
    let key = holder(&app, &admin.post("/v1/api-keys", &key).await.expect(201).body);
    assert_eq!(records(&key, "/v1/people").await[0]["name"], "王*");
    let refused = key.with("accept", NDJSON).get(&format!("{unmasked}&purpose=statistics")).await.expect(403);
    assert_eq!(refused.code(), "key_out_of_scope");
}
