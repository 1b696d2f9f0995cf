//! Imports: files as clerks and scripts have them.

use std::time::Duration;

use lianfang::exchange::files::decode::encoded;
use serde_json::{Value as Json, json};

use crate::support::{Actor, TestApp, examples, fake_resident_id};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

pub async fn import(actor: &Actor, kind: &str, query: &str, media_type: &str, bytes: Vec<u8>) -> Json {
    let reply = actor.with("content-type", media_type).upload(&format!("/v1/imports?kind={kind}{query}"), bytes).await;
    let body = reply.expect(200).body;
    let counts = &body["counts"];
    let sum: u64 = ["created", "same", "revised", "skipped", "refused", "not_a_record"]
        .iter()
        .map(|name| counts[name].as_u64().unwrap())
        .sum();
    assert_eq!(counts["read"], sum, "{body}");
    body
}

/// Created, same, revised, skipped, refused.
pub fn counts(import: &Json) -> [u64; 5] {
    ["created", "same", "revised", "skipped", "refused"].map(|name| import["counts"][name].as_u64().unwrap())
}

fn table(place: &str, rows: u32) -> String {
    let mut text = "卡点,方向,发生时间,人员.姓名,身份证号,手机号,体温(℃),询问结果,佩戴口罩\r\n".to_owned();
    for row in 0..rows {
        let (hour, minute) = (row / 60 % 24, row % 60);
        text.push_str(&format!(
            "{place},进,2020年2月{}日 {hour}:{minute:02},张三,{},154{row:08},３６．{}℃,均无,是\r\n",
            1 + row / 1440,
            fake_resident_id(row),
            row % 9
        ));
    }
    text
}

#[tokio::test]
async fn a_clerks_spreadsheet_goes_in_once_in_any_charset() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let text = table(&place, 1_203);
    let first = import(&admin, "screenings", "", "text/csv; charset=gb18030", encoded(&text, "gb18030").unwrap()).await;
    assert_eq!((counts(&first), &first["state"]), ([1_203, 0, 0, 0, 0], &json!("complete")), "{first}");
    for bytes in [
        text.clone().into_bytes(),
        encoded(&text, "gbk").unwrap(),
        format!("\u{feff}{}", text.replace("\r\n", "\n")).into_bytes(),
    ] {
        let again = import(&admin, "screenings", "", "text/csv", bytes).await;
        assert_eq!(counts(&again), [0, 1_203, 0, 0, 0], "the same file changes nothing: {again}");
    }
    let one = admin.get("/v1/screenings?limit=1&from_on=2020-02-01").await.body["items"][0].clone();
    assert_eq!((&one["direction"], &one["mask"], &one["answers"]), (&json!("in"), &json!(true), &json!(["none"])));
    assert!(one["source"].as_str().unwrap().starts_with("import:"));
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}

#[tokio::test]
async fn bad_rows_come_back_as_the_files_own_columns() {
    let app = TestApp::start().await;
    let guard = app.gate_guard("大兴街道").await;
    let place = examples::checkpoint(&app.administrator().await, "511802005").await;
    let text = format!(
        "place_id,direction,temperature_c,人员.姓名,person.document_number,occurred_at\n\
         {place},in,36.5,张三,519999194803120012,2020-02-02 08:00\n\
         {place},sideways,99,李四,519999194803120013,2020-02-02 08:01\n\n\
         \"{place}\",in,\"36.6\",\"多行\n姓名\",,2020/2/2 24:00\n\
         {place},in,36.7,=cmd|x,,2020-02-02 08:03,more,cells\n"
    );
    let done = import(&guard, "screenings", "", "text/csv", text.into_bytes()).await;
    assert_eq!(counts(&done), [2, 0, 0, 0, 2], "{done}");
    let errors = done["first_errors"].as_array().unwrap();
    assert_eq!((&errors[0]["line"], &errors[1]["line"]), (&json!(3), &json!(7)));
    let columns: Vec<&str> =
        errors[0]["faults"].as_array().unwrap().iter().map(|fault| fault["column"].as_str().unwrap()).collect();
    assert_eq!(columns.len(), 3);
    assert!(
        columns.contains(&"direction")
            && columns.contains(&"temperature_c")
            && columns.contains(&"person.document_number")
    );
    assert_eq!(errors[1]["faults"][0]["code"], "more_cells");
    let url = done["errors_url"].as_str().unwrap();
    let (_, _, bytes) = guard.with("accept", "text/csv").download(url).await;
    let file = String::from_utf8(bytes).unwrap();
    assert!(
        file.starts_with(
            "\u{feff}place_id,direction,temperature_c,人员.姓名,person.document_number,occurred_at,错误,行号\r\n"
        ),
        "{file}"
    );
    assert!(file.contains("'=cmd|x"), "{file}");
    let mended = file.replace("sideways,99", "out,36.9").replace("519999194803120013", "519999194803120012");
    let again = import(&guard, "screenings", "", "text/csv", mended.into_bytes()).await;
    assert_eq!(counts(&again), [2, 0, 0, 0, 0], "mended and sent again as it came: {again}");
    let (_, _, bytes) = guard.download(url).await;
    assert_eq!(String::from_utf8(bytes).unwrap().lines().count(), 2);
    app.gate_guard("八步镇").await.get(url).await.expect(404);
    let kept =
        app.rows("SELECT string_agg(encode(row, 'escape') || faults::text, '') AS text FROM import_faults").await[0]
            .text("text")
            .unwrap();
    assert!(!kept.contains("519999194803120013") && !kept.contains("李四"));

    let unknown = "place_id,direction,体温,temperature_c,colour\n";
    let reply =
        guard.with("content-type", "text/csv").upload("/v1/imports?kind=screenings", unknown.into()).await.expect(200);
    assert_eq!(
        (&reply.body["state"], &reply.body["problem"]["zh"]["code"]),
        (&json!("failed"), &json!("unknown_columns"))
    );
    assert_eq!(reply.body["problem"]["zh"]["errors"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn modes_duplicates_and_ids_are_as_asked() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let file = |name: &str| {
        format!("external_id,kind,name,area_code\nA-1,supermarket,{name},511802005\nA-2,pharmacy,药店,511802005\n")
            .into_bytes()
    };
    let source = "&source=market-bureau";
    let checked = import(&admin, "places", &format!("{source}&validate_only=true"), "text/csv", file("超市")).await;
    assert_eq!(counts(&checked), [2, 0, 0, 0, 0]);
    assert_eq!(admin.get("/v1/places").await.body["items"], json!([]), "nothing was written");
    assert_eq!(counts(&import(&admin, "places", source, "text/csv", file("超市")).await), [2, 0, 0, 0, 0]);
    assert_eq!(
        counts(&import(&admin, "places", source, "text/csv", file("大超市")).await),
        [0, 1, 0, 1, 0],
        "left as it is"
    );
    let revised = import(&admin, "places", &format!("{source}&on_duplicate=revise"), "text/csv", file("大超市")).await;
    assert_eq!(counts(&revised), [0, 1, 1, 0, 0]);
    assert_eq!(
        counts(&import(&admin, "places", "&source=other", "text/csv", file("超市")).await),
        [2, 0, 0, 0, 0],
        "another system's ids"
    );

    let bad = "kind,name,area_code\nmall,商场,511802005\nmall,,511802005\n";
    let atomic = import(&admin, "places", "&mode=atomic", "text/csv", bad.into()).await;
    assert_eq!((&atomic["state"], counts(&atomic)), (&json!("failed"), [0, 0, 0, 1, 1]), "{atomic}");
    let good = import(&admin, "places", "&mode=atomic", "text/csv", bad.replace(",,", ",小商场,").into()).await;
    assert_eq!((&good["state"], counts(&good)), (&json!("complete"), [2, 0, 0, 0, 0]));

    let lines = "{\"kind\":\"hotel\",\"name\":\"旅馆\",\"area_code\":\"511802005\"}\n\nrubbish\n{\"kind\":\"hotel\",\"name\":\"旅馆\",\"colour\":1,\"area_code\":\"511802005\"}";
    let lines = import(&admin, "places", "", "application/x-ndjson", lines.into()).await;
    assert_eq!(counts(&lines), [1, 0, 0, 0, 2], "{lines}");
    assert_eq!(lines["first_errors"][0]["line"], 3);
    for (path, status) in
        [("/v1/imports?kind=nonsense", 400), ("/v1/imports", 422), ("/v1/imports?kind=places&mode=maybe", 400)]
    {
        assert_eq!(admin.with("content-type", "text/csv").upload(path, Vec::new()).await.status, status, "{path}");
    }
    admin.with("content-type", "text/plain").upload("/v1/imports?kind=places", Vec::new()).await.expect(415);
    app.gate_guard("大兴街道")
        .await
        .with("content-type", "text/csv")
        .upload("/v1/imports?kind=places", Vec::new())
        .await
        .expect(403);
}

#[tokio::test]
async fn what_an_import_created_is_undone_but_not_what_was_amended_since() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let done = import(&admin, "screenings", "", "text/csv", table(&place, 30).into_bytes()).await;
    let item = admin.get("/v1/screenings?limit=1").await.body["items"][0].clone();
    let path = format!("/v1/screenings/{}", item["id"].as_str().unwrap());
    admin.patch(&path, "\"1\"", &json!({"mask": false})).await.expect(200);
    let undo = format!("/v1/imports/{}:undo", done["id"].as_str().unwrap());
    let undone = admin.send(reqwest::Method::POST, &undo, None).await.expect(200).body;
    assert_eq!((&undone["voided"], &undone["left"]), (&json!(29), &json!([item["id"]])));
    assert_eq!(admin.get("/v1/screenings").await.body["items"].as_array().unwrap().len(), 1);
    assert_eq!(admin.send(reqwest::Method::POST, &undo, None).await.expect(200).body["voided"], 0);
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}

#[tokio::test]
async fn workbooks_and_files_put_aside_are_read_too() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    admin.post("/v1/screenings", &examples::screening(&place, 1)).await.expect(201);
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let sheet = workbook.add_worksheet();
    for (column, header) in (0_u16..).zip(["卡点", "方向", "体温", "时间"]) {
        sheet.write_string(0, column, header).unwrap();
    }
    for row in 1..=3 {
        sheet.write_string(row, 0, &place).unwrap();
        sheet.write_string(row, 1, "出").unwrap();
        sheet.write_number(row, 2, 36.5).unwrap();
        sheet.write_number(row, 3, 43_864.25 + f64::from(row)).unwrap();
    }
    let bytes = workbook.save_to_buffer().unwrap();
    let done = import(&admin, "screenings", "", XLSX, bytes).await;
    assert_eq!(counts(&done), [3, 0, 0, 0, 0], "{done}");
    admin.with("content-type", XLSX).upload("/v1/imports?kind=screenings", b"PK rubbish".to_vec()).await.expect(422);

    let (_, _, export) = admin.with("accept", "text/csv").download("/v1/screenings?headers=zh").await;
    let back = import(&admin, "screenings", "", "text/csv", export).await;
    assert_eq!(
        (back["counts"]["created"].as_u64(), back["counts"]["read"].as_u64()),
        (Some(0), Some(4)),
        "an export comes back as what it is: {back}"
    );

    let later = admin
        .with("content-type", "text/csv")
        .with("prefer", "respond-async")
        .upload("/v1/imports?kind=screenings", table(&place, 700).into_bytes())
        .await
        .expect(202);
    let path = later.header("location").to_owned();
    let done = async {
        loop {
            let import = admin.get(&path).await.expect(200).body;
            if import["state"] != "running" {
                return import;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let done = tokio::time::timeout(Duration::from_secs(30), done).await.unwrap();
    assert_eq!((&done["state"], counts(&done)[0]), (&json!("complete"), 700));
    let listed = admin.get("/v1/imports?limit=2").await.body["items"].as_array().unwrap().len();
    assert_eq!(listed, 2);
}
