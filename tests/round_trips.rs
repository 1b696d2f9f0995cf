//! Exports can be read by people and go in again: every one of every kind, untouched, changes nothing.

use calamine::{Data, Reader};
use serde_json::{Value as Json, json};

use crate::import_facts::rows;
use crate::imports::{counts, import};
use crate::isolation_cases::set_clock;
use crate::support::{Actor, TestApp, examples, fake_resident_id};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const CSV: &str = "text/csv";
const NDJSON: &str = "application/x-ndjson";

/// Every form of a file: its media type and parameters.
const FORMS: [(&str, &str); 8] = [
    (CSV, "headers=zh"),
    (CSV, "headers=zh&cells=codes"),
    (CSV, "headers=en"),
    (CSV, "headers=en&cells=words"),
    (NDJSON, "headers=en"),
    (XLSX, "headers=zh"),
    (XLSX, "headers=en"),
    (XLSX, "headers=en&cells=words"),
];

async fn export(actor: &Actor, path: &str, media_type: &str, query: &str) -> Vec<u8> {
    let (status, _, bytes) = actor.with("accept", media_type).download(&format!("/v1/{path}?{query}")).await;
    assert_eq!(status, 200, "{path} {query} {}", String::from_utf8_lossy(&bytes));
    bytes
}

/// The rows of a table, by their headers.
fn table(bytes: &[u8]) -> Vec<std::collections::BTreeMap<String, String>> {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let headers = reader.headers().unwrap().clone();
    let row = |row: csv::StringRecord| headers.iter().map(str::to_owned).zip(row.iter().map(str::to_owned)).collect();
    reader.records().map(|record| row(record.unwrap())).collect()
}

async fn told(actor: &Actor, import: &Json) -> String {
    let path = format!("/v1/imports/{}/rows?limit=20", import["id"].as_str().unwrap());
    actor.get(&path).await.body["items"].to_string()
}

async fn require_same(actor: &Actor, kind: &str, form: (&str, &str), bytes: Vec<u8>) -> Result<u64, String> {
    let done = import(actor, kind, "", form.0, bytes.clone()).await;
    let [created, same, revised, skipped, refused] = counts(&done);
    let warned = rows(actor, &done, "same").await.iter().any(|row| row["warnings"] != json!([]));
    let ends = u64::from(form.0 == NDJSON);
    if [created, revised, skipped, refused] == [0; 4] && same > 0 && done["counts"]["not_a_record"] == ends && !warned {
        return Ok(same);
    }
    let text = if form.0 == XLSX { String::new() } else { String::from_utf8_lossy(&bytes).into_owned() };
    Err(format!("{kind} {form:?} {} {}\n{text}", done["counts"], told(actor, &done).await))
}

#[tokio::test]
async fn every_export_of_every_kind_comes_back_as_the_same() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let all = examples::one_of_each(&app, &admin, "511802005001").await;
    let nasty = json!({"kind": "compound_gate", "name": "=HYPERLINK(\"http://x\")", "area_code": "511802005", "longitude": 103.012345678901,
        "latitude": 29.98, "coordinate_system": "gcj02", "note": "'引号,逗号\n换行; 分号"});
    admin.post("/v1/places", &nasty).await.expect(201);
    let somebody = json!({"name": "王五", "document_type": "resident_id", "document_number": fake_resident_id(5), "phone": "15400000005",
        "address": "八步镇某村1组", "area_code": "511802005", "categories": [{"category": "hubei_returnee", "since_on": "2020-01-22", "source": "火车票"}, {"category": "close_contact", "since_on": "2020-01-24", "source": "流调"}]});
    admin.post("/v1/people", &somebody).await.expect(201);
    let mut wrong = Vec::new();
    let mut tried = 0;
    for (kind, ..) in all.iter().filter(|(kind, ..)| !kind.writers.is_empty()) {
        for form in FORMS {
            tried += 1;
            let bytes = export(&admin, kind.path, form.0, form.1).await;
            wrong.extend(require_same(&admin, kind.name, form, bytes).await.err());
        }
        if kind.tells_people() {
            let query = "headers=zh&unmasked=true&purpose=epidemic_control";
            for media_type in [CSV, NDJSON] {
                let bytes = export(&admin, kind.path, media_type, query).await;
                wrong.extend(require_same(&admin, kind.name, (media_type, query), bytes).await.err());
            }
        }
    }
    // A void record says so in the file, too; a file that doesn't is told.
    let path = admin.get("/v1/places?limit=1").await.body["items"][0]["id"].as_str().unwrap().to_owned();
    let before = export(&admin, "places", CSV, "headers=zh").await;
    admin.post(&format!("/v1/places/{path}:void"), &json!({"reason": "twice"})).await.expect(200);
    for form in FORMS {
        let query = format!("{}&include_voided=true", form.1);
        let bytes = export(&admin, "places", form.0, &query).await;
        wrong.extend(require_same(&admin, "places", (form.0, &query), bytes).await.err());
    }
    let done = import(&admin, "places", "", CSV, before).await;
    assert_eq!(
        (counts(&done)[4], &done["first_errors"][0]["faults"][0]["code"]),
        (1, &json!("record_voided")),
        "{done}"
    );
    assert!(wrong.is_empty(), "{} of {tried}:\n{}", wrong.len(), wrong.join("\n\n"));
    assert!(tried > 200, "{tried}");
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}

#[tokio::test]
async fn whoever_sees_only_masks_brings_them_back() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let guard = app.gate_guard("大兴街道").await;
    let mut passage = examples::screening(&place, 7);
    passage["vehicle"] = json!({"plate_number": "川T12345", "plate_kind": "ordinary", "origin": "成都"});
    guard.post("/v1/screenings", &passage).await.expect(201);
    for form in FORMS {
        let bytes = export(&guard, "screenings", form.0, form.1).await;
        assert!(!String::from_utf8_lossy(&bytes).contains("12345"));
        require_same(&guard, "screenings", form, bytes).await.unwrap();
    }
    let file = String::from_utf8(export(&guard, "screenings", CSV, "headers=zh").await).unwrap();
    assert!(file.contains("川T·***45"), "{file}");
    // Another mask is no mask of what stands; a plain value is a new one.
    let other = import(&guard, "screenings", "", CSV, file.replace("川T·***45", "川T·***46").into()).await;
    assert_eq!(counts(&other), [0, 0, 0, 1, 0], "{other}");
    let other =
        import(&guard, "screenings", "&on_duplicate=revise", CSV, file.replace("川T·***45", "川T·***46").into());
    assert_eq!(other.await["first_errors"][0]["faults"][0]["code"], "masked_value");
    let mended = file.replace(",36.5,", ",36.8,");
    assert_eq!(counts(&import(&guard, "screenings", "", CSV, mended.clone().into()).await), [0, 0, 0, 1, 0]);
    let done = import(&guard, "screenings", "&on_duplicate=revise", CSV, mended.clone().into()).await;
    assert_eq!(counts(&done), [0, 0, 1, 0, 0], "{}", told(&guard, &done).await);
    let now = admin.with("accept", CSV).download("/v1/screenings?unmasked=true&purpose=epidemic_control").await.2;
    let now = table(&now);
    assert_eq!((&now[0]["vehicle.plate_number"], &now[0]["temperature_c"]), (&"川T12345".into(), &"36.8".into()));
    // His own amendment is no surprise to him; the file once more changes nothing.
    let again = import(&guard, "screenings", "&on_duplicate=revise", CSV, mended.into()).await;
    assert_eq!(counts(&again), [0, 1, 0, 0, 0], "{again}");
    // Somebody else's is: an old file doesn't undo it without a word.
    let path = format!("/v1/screenings/{}", passage["id"].as_str().unwrap());
    admin.patch(&path, "\"2\"", &json!({"mask": false})).await.expect(200);
    let stale = import(&guard, "screenings", "&on_duplicate=revise", CSV, file.into()).await;
    assert_eq!(counts(&stale), [0, 0, 0, 1, 0], "{stale}");
    let told = rows(&guard, &stale, "skipped").await;
    assert_eq!(told[0]["warnings"][0]["code"], "revised_since", "{told:?}");
}

#[tokio::test]
async fn a_line_of_a_report_has_a_row_and_is_mended_by_it() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-30T17:00:00+08:00");
    let admin = app.administrator().await;
    let store = crate::supply::store(&admin, "雨城超市").await;
    let prices = [("meat_pork_hind_leg", "32.45"), ("veg_celery", "3.00"), ("meat_mutton", "45")];
    let report = crate::supply::report(&store, "2020-01-30", &prices);
    let made = admin.post("/v1/supply-reports", &report).await.expect(201).body;
    let bytes = export(&admin, "supply-reports", CSV, "headers=zh").await;
    let lines = table(&bytes);
    assert_eq!(lines.len(), 3);
    for line in &lines {
        assert_eq!(
            (&line["门店"], &line["门店编号"], &line["编号"]),
            (&"雨城超市".into(), &store, &made["id"].as_str().unwrap().into())
        );
    }
    let goods: Vec<&str> = lines.iter().map(|line| line["明细.商品"].as_str()).collect();
    assert!(goods.iter().all(|words| !words.contains('_')), "{goods:?}");
    let text = String::from_utf8(bytes).unwrap();
    // Sorted otherwise it says the same.
    let mut sorted: Vec<&str> = text.lines().collect();
    sorted[1..].reverse();
    let done = import(&admin, "supply_reports", "", CSV, sorted.join("\r\n").into()).await;
    assert_eq!(counts(&done), [0, 3, 0, 0, 0], "{done}");
    let mended = text.replace("3.00", "3.50");
    let done = import(&admin, "supply_reports", "&on_duplicate=revise", CSV, mended.into()).await;
    assert_eq!(counts(&done), [0, 0, 3, 0, 0], "{}", told(&admin, &done).await);
    let path = format!("/v1/supply-reports/{}", made["id"].as_str().unwrap());
    let now = admin.get(&path).await.body;
    let of = |now: &Json| {
        now["lines"].as_array().unwrap().iter().map(|line| line["retail_price"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(of(&now), [json!("32.45"), json!("3.50"), json!("45")]);
    // Without its last line it is shorter, and that is said or done as asked.
    let shorter = String::from_utf8(export(&admin, "supply-reports", CSV, "headers=zh").await).unwrap();
    let shorter: Vec<&str> = shorter.lines().take(3).collect();
    let shorter = shorter.join("\r\n");
    assert_eq!(counts(&import(&admin, "supply_reports", "", CSV, shorter.clone().into()).await), [0, 0, 0, 2, 0]);
    let done = import(&admin, "supply_reports", "&on_duplicate=revise", CSV, shorter.into()).await;
    assert_eq!(counts(&done), [0, 0, 2, 0, 0], "{done}");
    assert_eq!(of(&admin.get(&path).await.body).len(), 2);
}

#[tokio::test]
async fn a_responsible_person_is_mended_in_his_own_row() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let mut body = examples::of_kind("isolation_cases");
    body["area_code"] = "511802005001".into();
    let made = admin.post("/v1/isolation-cases", &body).await.expect(201).body;
    let text = String::from_utf8(export(&admin, "isolation-cases", CSV, "headers=zh").await).unwrap();
    assert_eq!(table(text.as_bytes()).len(), 5);
    let mended = text.replace("15400000033", "15400000099");
    let done = import(&admin, "isolation_cases", "&on_duplicate=revise", CSV, mended.into()).await;
    assert_eq!(counts(&done), [0, 0, 5, 0, 0], "{}", told(&admin, &done).await);
    let query = "unmasked=true&purpose=epidemic_control&headers=en";
    let now = table(&export(&admin, "isolation-cases", CSV, query).await);
    let phones: Vec<&str> = now.iter().map(|row| row["supervisors.phone"].as_str()).collect();
    assert_eq!(phones, ["15400000031", "15400000032", "15400000099", "15400000034", "15400000035"]);
    assert_eq!(now[0]["supervisors.name"], "张一");
    assert_eq!(made["supervisors"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn readers_have_words_names_and_real_days() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let mut passage = examples::screening(&place, 3);
    passage["mask"] = true.into();
    passage["symptoms"] = json!(["fever", "cough"]);
    admin.post("/v1/screenings", &passage).await.expect(201);
    let row = table(&export(&admin, "screenings", CSV, "headers=zh").await).remove(0);
    for (header, cell) in [
        ("卡点", "北门"),
        ("卡点编号", place.as_str()),
        ("人员", "王*"),
        ("方向", "进"),
        ("佩戴口罩", "是"),
        ("症状", "发热;咳嗽"),
        ("发生时间", "2020-02-02 08:30:00"),
        ("区划名称", "大兴街道"),
    ] {
        assert_eq!(row.get(header).map(String::as_str), Some(cell), "{header} {row:?}");
    }
    let coded = table(&export(&admin, "screenings", CSV, "headers=zh&cells=codes").await).remove(0);
    assert_eq!((&coded["卡点"], &coded["方向"], coded.get("卡点编号")), (&place, &"in".into(), None));
    let english = table(&export(&admin, "screenings", CSV, "cells=words").await).remove(0);
    assert_eq!(
        (&english["place_name"], &english["symptoms"], &english["mask"]),
        (&"北门".into(), &"fever;cough".into(), &"yes".into())
    );
    let plain = "headers=zh&unmasked=true&purpose=epidemic_control";
    let plain = table(&export(&admin, "screenings", CSV, plain).await).remove(0);
    assert_eq!(plain["人员"], "王五");

    let bytes = export(&admin, "screenings", XLSX, "headers=zh").await;
    let mut workbook: calamine::Xlsx<_> = calamine::open_workbook_from_rs(std::io::Cursor::new(bytes.clone())).unwrap();
    let sheet = workbook.worksheet_range_at(0).unwrap().unwrap();
    let column = |name: &str| (0..sheet.width()).find(|index| sheet[(0, *index)] == *name).unwrap();
    let cell = |name: &str| sheet[(1, column(name))].clone();
    assert!(matches!(cell("发生时间"), Data::DateTime(_)), "{:?}", cell("发生时间"));
    assert_eq!(
        (cell("佩戴口罩"), cell("体温(℃)"), cell("版本")),
        (Data::Bool(true), Data::Float(36.5), Data::Float(1.0))
    );
    assert_eq!((cell("方向"), cell("卡点")), (Data::String("进".into()), Data::String("北门".into())));
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut xml = String::new();
    std::io::Read::read_to_string(&mut zip.by_name("xl/worksheets/sheet1.xml").unwrap(), &mut xml).unwrap();
    assert!(xml.contains("<pane ySplit=\"1\"") && xml.contains("<cols>"), "{}", &xml[..800.min(xml.len())]);
    let person = json!({"name": "赵六", "document_number": fake_resident_id(8), "phone": "15400000008", "area_code": "511802005"});
    admin.post("/v1/people", &person).await.expect(201);
    let bytes = export(&admin, "people", XLSX, "headers=zh&unmasked=true&purpose=epidemic_control").await;
    let mut workbook: calamine::Xlsx<_> = calamine::open_workbook_from_rs(std::io::Cursor::new(bytes)).unwrap();
    let sheet = workbook.worksheet_range_at(0).unwrap().unwrap();
    let number = Data::String(fake_resident_id(8));
    assert!(sheet.rows().any(|row| row.contains(&number) && row.contains(&Data::String("15400000008".into()))));
}

#[tokio::test]
async fn names_are_those_that_the_caller_may_see_and_cost_a_statement_a_kind() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let of_files = async |actor: &Actor| {
        let statements = async || drop(export(actor, "screenings", CSV, "headers=zh").await);
        let statements = app.fewest_statements(statements).await;
        (statements, table(&export(actor, "screenings", CSV, "headers=zh").await))
    };
    admin.post("/v1/screenings", &examples::screening(&place, 0)).await.expect(201);
    let (of_one, _) = of_files(&admin).await;
    for sequence in 1..40 {
        admin.post("/v1/screenings", &examples::screening(&place, sequence)).await.expect(201);
    }
    let (of_many, rows) = of_files(&admin).await;
    assert_eq!(rows.len(), 40);
    // Somebody in the background may ask for something meanwhile.
    assert!(of_many <= of_one + 5, "{of_many} statements for 40, {of_one} for one");
    // Somebody registered elsewhere is an id to whoever may not see him.
    let elsewhere = json!({"name": "李四", "document_number": fake_resident_id(99), "area_code": "511802114"});
    let id = admin.post("/v1/people", &elsewhere).await.expect(201).body["id"].clone();
    let passage =
        json!({"place_id": place, "direction": "in", "person_id": id, "occurred_at": "2020-02-03T08:00:00+08:00"});
    admin.post("/v1/screenings", &passage).await.expect(201);
    let cadre = app.town_cadre("大兴街道").await;
    for (actor, name) in [(&admin, "李*"), (&cadre, "")] {
        let (_, rows) = of_files(actor).await;
        let of_him = rows.iter().find(|row| row["人员编号"] == id.as_str().unwrap()).unwrap();
        assert_eq!((of_him["人员"].as_str(), of_him["卡点"].as_str()), (name, "北门"));
    }
}

#[tokio::test]
async fn what_the_service_fills_in_is_told_when_it_differs() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    admin.post("/v1/screenings", &examples::screening(&place, 3)).await.expect(201);
    let text = String::from_utf8(export(&admin, "screenings", CSV, "headers=zh").await).unwrap();
    let done = import(&admin, "screenings", "", CSV, text.replace(",北门,", ",南门,").into()).await;
    assert_eq!(counts(&done), [0, 1, 0, 0, 0], "{done}");
    let told = rows(&admin, &done, "same").await;
    assert_eq!(
        (&told[0]["warnings"][0]["code"], &told[0]["warnings"][0]["column"]),
        (&json!("served_differs"), &json!("卡点"))
    );
    let line = String::from_utf8(export(&admin, "screenings", NDJSON, "headers=en").await).unwrap();
    let done =
        import(&admin, "screenings", "", NDJSON, line.replace("\"source\":\"api\"", "\"source\":\"x\"").into()).await;
    let told = rows(&admin, &done, "same").await;
    assert_eq!(told[0]["warnings"][0]["pointer"], "/source", "{told:?}");
    // A name in the place of an id is who is meant, as on any sheet.
    let by_name: Vec<String> = text.lines().map(|line| line.replace(&place, "")).collect();
    let done = import(&admin, "screenings", "", CSV, by_name.join("\r\n").into()).await;
    assert_eq!(counts(&done), [0, 1, 0, 0, 0], "{done}");
}
