//! Wide sheets: a column a day and part of the day, a commodity and its price, a day with names in its cells.

use lianfang::exchange::files::decode::encoded;
use rust_xlsxwriter::{Format, Workbook};
use serde_json::{Value as Json, json};

use crate::imports::{counts, import};
use crate::isolation_cases::set_clock;
use crate::support::{Actor, TestApp, fake_resident_id};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const KIND: &str = "temperature_readings";

async fn people(admin: &Actor, names: &[&str]) {
    let mut file = "姓名,身份证号,手机号,区划代码\n".to_owned();
    for (sequence, name) in (1..).zip(names) {
        file.push_str(&format!("{name},{},154{sequence:08},511802005\n", fake_resident_id(sequence)));
    }
    let done = import(admin, "people", "", "text/csv", file.into_bytes()).await;
    assert_eq!(done["counts"]["created"], names.len(), "{done}");
}

async fn prepared() -> (TestApp, Actor) {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-20T12:00:00+08:00");
    let admin = app.administrator().await;
    people(&admin, &["张三", "李四", "王五"]).await;
    (app, admin)
}

/// Cells of three people on so many days, by person, day and part.
fn grid(days: usize, odd: &[(usize, usize, usize, &str)]) -> Vec<Vec<String>> {
    let usual = |person: usize, day: usize, part: usize| format!("36.{}", (person + day + part) % 7);
    let cell = |person, day, part| {
        let known = odd.iter().find(|(p, d, s, _)| (*p, *d, *s) == (person, day, part));
        known.map_or_else(|| usual(person, day, part), |(.., text)| (*text).to_owned())
    };
    (0..3).map(|person| (0..days * 2).map(|at| cell(person, at / 2, at % 2)).collect()).collect()
}

/// A workbook as the village has it: a title, days above 上午 and 下午, merged.
fn workbook(days: usize, cells: &[Vec<String>]) -> Vec<u8> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    let plain = Format::new();
    let last = u16::try_from(days * 2).unwrap() + 1;
    sheet.merge_range(0, 0, 0, last, "大兴街道居家观察人员体温登记表", &plain).unwrap();
    for (column, name) in ["姓名", "身份证号码"].iter().enumerate() {
        sheet.merge_range(1, column as u16, 2, column as u16, name, &plain).unwrap();
    }
    for day in 0..days {
        let column = u16::try_from(day * 2).unwrap() + 2;
        sheet.merge_range(1, column, 1, column + 1, &format!("2月{}日", day + 1), &plain).unwrap();
        sheet.write_string(2, column, "上午").unwrap();
        sheet.write_string(2, column + 1, "下午").unwrap();
    }
    for (person, name) in ["张三", "李四", "王五"].iter().enumerate() {
        let row = u32::try_from(person).unwrap() + 3;
        sheet.write_string(row, 0, *name).unwrap();
        sheet.write_string(row, 1, fake_resident_id(row - 2)).unwrap();
        for (at, text) in cells[person].iter().enumerate() {
            let column = u16::try_from(at).unwrap() + 2;
            match text.parse::<f64>() {
                Ok(number) => sheet.write_number(row, column, number).unwrap(),
                Err(_) => sheet.write_string(row, column, text).unwrap(),
            };
        }
    }
    workbook.save_to_buffer().unwrap()
}

const ODD: &[(usize, usize, usize, &str)] = &[
    (0, 0, 0, ""),
    (0, 5, 1, "/"),
    (1, 3, 0, "—"),
    (1, 3, 1, "-"),
    (2, 9, 0, "无"),
    (1, 0, 1, "正常"),
    (2, 2, 0, "外出"),
    (0, 1, 0, "365"),
];

async fn rows(actor: &Actor, import: &Json, outcome: &str) -> Vec<Json> {
    let path = format!("/v1/imports/{}/rows?outcome={outcome}&limit=500", import["id"].as_str().unwrap());
    actor.get(&path).await.expect(200).body["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_person_a_row_and_two_cells_a_day() {
    let (app, admin) = prepared().await;
    let file = workbook(14, &grid(14, ODD));
    let query = "&shape=wide&year=2020";
    let looked = admin
        .with("content-type", XLSX)
        .upload(&format!("/v1/imports:inspect?kind={KIND}&year=2020"), file.clone())
        .await
        .expect(200)
        .body;
    assert_eq!(looked["parameters"], json!(["shape=wide"]), "{looked}");
    assert_eq!((&looked["layout"]["sheets"][0]["shape"], &looked["refused"]), (&json!("wide"), &json!(1)), "{looked}");
    // A trial writes nothing, and neither does a file that must go in as a whole.
    let trial = import(&admin, KIND, &format!("{query}&validate_only=true"), XLSX, file.clone()).await;
    assert_eq!(counts(&trial), [77, 0, 0, 0, 1], "{trial}");
    let whole = import(&admin, KIND, &format!("{query}&mode=atomic"), XLSX, file.clone()).await;
    assert_eq!((counts(&whole), &whole["state"]), ([0, 0, 0, 77, 1], &json!("failed")), "{whole}");

    let done = import(&admin, KIND, query, XLSX, file.clone()).await;
    assert_eq!(counts(&done), [77, 0, 0, 0, 1], "{done}");
    let told = &done["counts"];
    assert_eq!((&told["cells_blank"], &told["cells_not_done"], &told["rows"]), (&json!(5), &json!(1), &json!(3)));
    assert_eq!((&told["read"], &told["not_a_record"]), (&json!(79), &json!(1)), "the title");
    assert_eq!(done["warnings"][0]["code"], "occurred_at_assumed");
    let error = &done["first_errors"][0];
    assert_eq!((&error["line"], &error["faults"][0]["column"]), (&json!(5), &json!("D5 体温")), "{error}");
    assert_eq!((&error["faults"][0]["code"], error["faults"].as_array().unwrap().len()), (&json!("not_a_temperature"), 1));
    let warned = rows(&admin, &done, "created").await;
    assert_eq!((warned.len(), &warned[0]["cell"], &warned[0]["line"]), (1, &json!("E4"), &json!(4)), "{warned:?}");
    assert_eq!(warned[0]["warnings"][0]["code"], "decimal_point_assumed");
    let out = rows(&admin, &done, "not_a_record").await;
    assert_eq!((&out[1]["cell"], &out[1]["reason"]["code"]), (&json!("G6"), &json!("not_done")), "{out:?}");
    let mut one = app
        .rows("SELECT slot, slot_on::text AS slot_on, occurred_at::text AS at, temperature_c::text AS value FROM temperature_readings WHERE slot_on = '2020-02-02' AND slot = 'am' AND temperature_c = 36.5 ORDER BY value")
        .await;
    assert!(one.iter_mut().any(|row| row.text("at").unwrap().starts_with("2020-02-02 00:00:00")), "eight in the morning");

    // The file with its faults comes back as it was, and goes in once it is mended.
    let url = done["errors_url"].as_str().unwrap();
    let (_, _, bytes) = admin.with("accept", "text/csv").download(url).await;
    let faulty = String::from_utf8(bytes).unwrap();
    assert!(faulty.contains("2月1日下午") && faulty.contains("D5 体温: 不是体温"), "{faulty}");
    let mended = import(&admin, KIND, query, "text/csv", faulty.replacen(",正常", ",36.9", 1).into_bytes()).await;
    assert_eq!(counts(&mended), [1, 25, 0, 0, 0], "{mended}");

    let again = import(&admin, KIND, query, XLSX, file).await;
    assert_eq!(counts(&again), [0, 77, 0, 0, 1], "{again}");
    let same = rows(&admin, &again, "same").await;
    assert!(same.len() == 77 && same[0]["cell"] == "D4" && same[0]["record_id"].is_string(), "{:?}", same[0]);
    let more = import(&admin, KIND, query, XLSX, workbook(15, &grid(15, ODD))).await;
    assert_eq!(counts(&more), [6, 77, 0, 0, 1], "{more}");
    let mut other = ODD.to_vec();
    other.push((2, 13, 1, "36.9"));
    let other = workbook(15, &grid(15, &other));
    let skipped = import(&admin, KIND, query, XLSX, other.clone()).await;
    assert_eq!(counts(&skipped), [0, 82, 0, 1, 1], "{skipped}");
    let revised = import(&admin, KIND, &format!("{query}&on_duplicate=revise"), XLSX, other).await;
    assert_eq!(counts(&revised), [0, 82, 1, 0, 1], "{revised}");

    // Undone, it can be loaded again.
    let undo = format!("/v1/imports/{}:undo", more["id"].as_str().unwrap());
    assert_eq!(admin.post(&undo, &json!({})).await.expect(200).body["voided"], 6);
    let loaded = import(&admin, KIND, query, XLSX, workbook(15, &grid(15, ODD))).await;
    assert_eq!(loaded["counts"]["created"], 6, "{loaded}");
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}

#[tokio::test]
async fn headers_as_people_write_them() {
    let (app, admin) = prepared().await;
    let document = fake_resident_id(1);
    let days = async || {
        let rows = app
            .rows("SELECT slot_on::text || ' ' || slot AS said FROM temperature_readings WHERE NOT voided ORDER BY occurred_at")
            .await;
        rows.into_iter().map(|mut row| row.text("said").unwrap()).collect::<Vec<_>>()
    };
    // The year turns where the months fall; a month is that of the column before.
    let file = format!("姓名,身份证号,12月31日上午,31日下午,1月1日上午,1日下\n张三,{document},36.1,36.2,36.3,36.4\n");
    let done = import(&admin, KIND, "&year=2019", "text/csv", file.clone().into_bytes()).await;
    assert_eq!(counts(&done), [4, 0, 0, 0, 0], "{done}");
    assert_eq!(days().await, ["2019-12-31 am", "2019-12-31 pm", "2020-01-01 am", "2020-01-01 pm"]);
    let unclear = import(&admin, KIND, "", "text/csv", file.clone().into_bytes()).await;
    assert_eq!((&unclear["state"], &unclear["problem"]["zh"]["code"]), (&json!("failed"), &json!("year_needed")), "{unclear}");
    let looked = admin
        .with("content-type", "text/csv")
        .upload(&format!("/v1/imports:inspect?kind={KIND}"), file.into_bytes())
        .await
        .expect(200)
        .body;
    assert_eq!(looked["parameters"], json!(["shape=wide", "year="]), "{looked}");

    // Two rows of headers in GB18030, the first one's blanks by merge; the title has the year.
    let file = format!(
        "2020年2月居家观察测温表,,,,,\n姓名,身份证号,2月1日,,2.2,\n,,早,晚,早,晚\n张三,{document},36.5℃,３６．６,36度7,\n合计,,,,,\n"
    );
    let done = import(&admin, KIND, "", "text/csv", encoded(&file, "gb18030").unwrap()).await;
    assert_eq!(counts(&done), [3, 0, 0, 0, 0], "{done}");
    assert_eq!(days().await[4..], ["2020-02-01 am", "2020-02-01 pm", "2020-02-02 am"]);
    // Whole days, days that are counted, and a column of its own for the day.
    let file = format!("姓名,证件号码,2020/2/3 AM,2020-02-03下午\n张三,{document},36.5,36.5\n");
    assert_eq!(counts(&import(&admin, KIND, "", "text/csv", file.into_bytes()).await), [2, 0, 0, 0, 0]);
    let file = format!("姓名,证件号码,第1天上午,第2天上午\n张三,{document},36.5,36.5\n");
    let done = import(&admin, KIND, "&first_day=2020-02-04", "text/csv", file.into_bytes()).await;
    assert_eq!(counts(&done), [2, 0, 0, 0, 0], "{done}");
    let file = format!("日期,姓名,证件号码,上午体温,下午体温,备注\n2020-02-06,张三,{document},36.5,36.9,\n2020-02-07,张三,{document},36.5,,在家\n");
    let done = import(&admin, KIND, "", "text/csv", file.into_bytes()).await;
    assert_eq!(counts(&done), [3, 0, 0, 0, 0], "{done}");
    let later = ["2020-02-03 am", "2020-02-03 pm", "2020-02-04 am", "2020-02-05 am", "2020-02-06 am", "2020-02-06 pm", "2020-02-07 am"];
    assert_eq!(days().await[7..], later);
    // Two columns that say the same are no sheet; somebody whom nobody knows refuses his row once.
    let file = format!("姓名,证件号码,2月8日上午,2.8早\n张三,{document},36.5,36.6\n");
    let done = import(&admin, KIND, "&year=2020", "text/csv", file.into_bytes()).await;
    assert_eq!(done["problem"]["zh"]["errors"][0]["code"], "repeated_column", "{done}");
    let file = "姓名,证件号码,2月8日上午,2月8日下午\n赵六,,36.5,36.6\n";
    let done = import(&admin, KIND, "&year=2020", "text/csv", file.into()).await;
    assert_eq!(counts(&done), [0, 0, 0, 0, 2], "{done}");
    let errors = done["first_errors"].as_array().unwrap();
    assert_eq!((errors.len(), errors[0]["faults"].as_array().unwrap().len()), (1, 1), "{errors:?}");
    assert_eq!(errors[0]["faults"][0]["column"], "姓名");
}
