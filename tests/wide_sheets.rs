//! Wide sheets: a column a day and part of the day, a commodity and its price, a day with names in its cells.

use lianfang::exchange::files::decode::encoded;
use rust_xlsxwriter::{Format, Workbook};
use serde_json::{Value as Json, json};

use crate::duties::{duties, states};
use crate::imports::{counts, import};
use crate::isolation_cases::{self, set_clock};
use crate::shifts;
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
    assert_eq!(
        (&error["faults"][0]["code"], error["faults"].as_array().unwrap().len()),
        (&json!("not_a_temperature"), 1)
    );
    let warned = rows(&admin, &done, "created").await;
    assert_eq!((warned.len(), &warned[0]["cell"], &warned[0]["line"]), (1, &json!("E4"), &json!(4)), "{warned:?}");
    assert_eq!(warned[0]["warnings"][0]["code"], "decimal_point_assumed");
    let out = rows(&admin, &done, "not_a_record").await;
    assert_eq!((&out[1]["cell"], &out[1]["reason"]["code"]), (&json!("G6"), &json!("not_done")), "{out:?}");
    let mut one = app
        .rows("SELECT slot, slot_on::text AS slot_on, occurred_at::text AS at, temperature_c::text AS value FROM temperature_readings WHERE slot_on = '2020-02-02' AND slot = 'am' AND temperature_c = 36.5 ORDER BY value")
        .await;
    assert!(
        one.iter_mut().any(|row| row.text("at").unwrap().starts_with("2020-02-02 00:00:00")),
        "eight in the morning"
    );

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
    assert_eq!(
        (&unclear["state"], &unclear["problem"]["zh"]["code"]),
        (&json!("failed"), &json!("year_needed")),
        "{unclear}"
    );
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
    let done = import(&admin, KIND, "&first_on=2020-02-04", "text/csv", file.into_bytes()).await;
    assert_eq!(counts(&done), [2, 0, 0, 0, 0], "{done}");
    let file = format!(
        "日期,姓名,证件号码,上午体温,下午体温,备注\n2020-02-06,张三,{document},36.5,36.9,\n2020-02-07,张三,{document},36.5,,在家\n"
    );
    let done = import(&admin, KIND, "", "text/csv", file.into_bytes()).await;
    assert_eq!(counts(&done), [3, 0, 0, 0, 0], "{done}");
    let later = [
        "2020-02-03 am",
        "2020-02-03 pm",
        "2020-02-04 am",
        "2020-02-05 am",
        "2020-02-06 am",
        "2020-02-06 pm",
        "2020-02-07 am",
    ];
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

/// A case, its readings in a wide sheet: they are the case's, and a fever is told as by any reading.
#[tokio::test]
async fn readings_of_somebody_observed_are_his_cases() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-03T18:00:00+08:00");
    let nurse = app.health_worker("八步镇").await;
    let case = isolation_cases::notified(&nurse, isolation_cases::case(1, json!({}))).await;
    let document = fake_resident_id(1);
    let file =
        format!("姓名,身份证号,2月2日上午,2月2日下午,2月3日上午,2月3日下午\n李四,{document},36.5,36.6,36.7,37.3\n");
    let done = import(&nurse, KIND, "&year=2020", "text/csv", file.clone().into_bytes()).await;
    assert_eq!(counts(&done), [4, 0, 0, 0, 0], "{done}");
    let list = nurse.get(&format!("/v1/temperature-readings?case_id={case}")).await.expect(200).body;
    let items = list["items"].as_array().unwrap();
    assert_eq!(items.len(), 4, "{list}");
    let fever = items.iter().find(|one| one["fever"] == true).unwrap();
    assert_eq!(
        (&fever["temperature_c"], &fever["slot"], &fever["slot_on"]),
        (&json!("37.3"), &json!("pm"), &json!("2020-02-03"))
    );
    isolation_cases::work(&app).await;
    let all = duties(&nurse, &format!("subject_id={case}")).await;
    // As by any reading: a fever is measured again first, and a confirmed one is an alert.
    assert_eq!(states(&all, "retest").len(), 1, "{all:?}");
    assert_eq!(counts(&import(&nurse, KIND, "&year=2020", "text/csv", file.into_bytes()).await), [0, 4, 0, 0, 0]);
    // By phone alone, in rows: the case is the one that was open then.
    let file = "手机号,日期,时段,体温\n15400000001,2020-02-01,上午,36.4\n";
    let done = import(&nurse, KIND, "", "text/csv", file.into()).await;
    assert_eq!(counts(&done), [1, 0, 0, 0, 0], "{done}");
    let list = nurse.get(&format!("/v1/temperature-readings?case_id={case}")).await.expect(200).body;
    assert_eq!(list["items"].as_array().unwrap().len(), 5);
    // A visit names no person but the case's.
    let file = format!("姓名,身份证号,责任线,方式,时间\n李四,{document},health_center,phone,2020-02-03 9:00\n");
    let looked = nurse
        .with("content-type", "text/csv")
        .upload("/v1/imports:inspect?kind=follow_up_visits", file.into_bytes())
        .await
        .expect(200)
        .body;
    assert_eq!(looked["first"][0]["record"]["case_id"], case, "{looked}");
}

#[tokio::test]
async fn a_store_a_row_and_columns_a_commodity() {
    let (_app, admin) = prepared().await;
    for store in ["甲超市", "乙超市"] {
        crate::supply::store(&admin, store).await;
    }
    let file = "门店,日期,面粉进价（元/斤）,面粉售价（元/斤）,面粉库存(公斤),大白菜,\n甲超市,2020-02-07,2.5,3,500,,\n乙超市,2020-02-07,2.5,贵,/,,\n";
    let done = import(&admin, "supply_reports", "", "text/csv", file.into()).await;
    assert_eq!((counts(&done), &done["counts"]["cells_blank"]), ([3, 0, 0, 0, 2], &json!(1)), "{done}");
    let fault = &done["first_errors"][0]["faults"][0];
    assert_eq!((&done["first_errors"][0]["line"], &fault["column"]), (&json!(3), &json!("D3 售价")), "{done}");
    let one = admin.get("/v1/supply-reports?reported_on=2020-02-07").await.expect(200).body["items"][0].clone();
    let line = &one["lines"][0];
    assert_eq!(
        (&line["commodity"], &line["purchase_price"], &line["price_unit"]),
        (&json!("grain_wheat_flour"), &json!("2.5"), &json!("元/斤"))
    );
    assert_eq!((&line["closing_stock"], &line["quantity_unit"]), (&json!("500"), &json!("公斤")));
}

#[tokio::test]
async fn a_roster_makes_shifts_and_says_who_takes_them() {
    let (_app, admin) = prepared().await;
    shifts::gate(&admin, "北门").await;
    let mut volunteers = Vec::new();
    for (sequence, name) in [(11, "张三"), (12, "李四"), (13, "王五"), (14, "王五"), (15, "赵六")] {
        let person = json!({"name": name, "document_number": fake_resident_id(sequence), "area_code": shifts::DAXING});
        volunteers.push(shifts::volunteer(&admin, sequence, json!({"person": person})).await);
    }
    let file = "2020年2月值班表,,,,\n卡点,班次,时间,21日,22日\n北门,早班,8:00-14:00,张三、李四,休\n北门,夜班,20:00-次日8:00,赵六,张三\n".replace(",21日,22日", ",2月21日,22日");
    let made = import(&admin, "shifts", "", "text/csv", file.clone().into_bytes()).await;
    assert_eq!((counts(&made), &made["counts"]["cells_blank"]), ([3, 0, 0, 0, 0], &json!(1)), "{made}");
    let list = admin.get("/v1/shifts").await.expect(200).body;
    let shift = list["items"].as_array().unwrap().iter().find(|one| one["title"] == "早班").unwrap().clone();
    assert_eq!(
        (&shift["starts_at"], &shift["ends_at"]),
        (&json!("2020-02-21T08:00:00+08:00"), &json!("2020-02-21T14:00:00+08:00"))
    );
    assert_eq!(shift["needs"], json!([{"role": "volunteer", "count": 2}]));
    assert!(shift["note"].as_str().unwrap().contains("张三、李四"), "{shift}");
    let taken = import(&admin, "shift_assignments", "", "text/csv", file.clone().into_bytes()).await;
    assert_eq!(counts(&taken), [4, 0, 0, 0, 0], "{taken}");
    let again = import(&admin, "shift_assignments", "", "text/csv", file.clone().into_bytes()).await;
    assert_eq!(counts(&again), [0, 4, 0, 0, 0], "{again}");
    // Two of one name are told, masked and with their areas.
    let file = file.replace("张三、李四", "王五");
    let told = import(&admin, "shift_assignments", "", "text/csv", file.into_bytes()).await;
    let fault = &told["first_errors"][0]["faults"][0];
    assert_eq!((&fault["code"], &fault["column"]), (&json!("ambiguous_person"), &json!("D3 值班人员")), "{told}");
    assert!(fault["message"].as_str().unwrap().contains("王* 大兴街道、王* 大兴街道"), "{fault}");
}

#[tokio::test]
async fn nested_things_have_columns() {
    let (_app, admin) = prepared().await;
    let document = fake_resident_id(700);
    let file = format!(
        "姓名,身份证号码,联系电话,所属乡镇,人员类别,离鄂日期,起算事件,镇责任人（姓名/电话）,村责任人,村责任人电话,组责任人,卫生院责任人及电话,派出所责任人\n\
         周七,{document},15400009001,八步镇,湖北返乡,2020-2-10,离开疫区,张一/15400000031,张二,15400000032,/,张四 15400000034,张五（0835-2222222）\n"
    );
    let done = import(&admin, "isolation_cases", "", "text/csv", file.into_bytes()).await;
    assert_eq!(counts(&done), [1, 0, 0, 0, 0], "{done}");
    let case = admin.get("/v1/isolation-cases").await.expect(200).body["items"][0].clone();
    let said = |level: &str| {
        let all = case["supervisors"].as_array().unwrap();
        let one = all.iter().find(|one| one["level"] == level);
        one.map(|one| (one["name"].as_str().unwrap().to_owned(), one["phone"].as_str().unwrap_or_default().to_owned()))
    };
    let who = |name: &str, phone: &str| Some((name.to_owned(), phone.to_owned()));
    assert_eq!((said("town"), said("village")), (who("张一", "15400000031"), who("张二", "15400000032")), "{case}");
    assert_eq!((said("group"), said("health_center")), (None, who("张四", "15400000034")));
    assert_eq!((said("police_station"), &case["supervisors_complete"]), (who("张五", "0835-2222222"), &json!(false)));

    let file = "姓名,联系电话,住址,区划代码,需求物资\n赵六,15400000077,大兴路3号,511802005,大米10斤、口罩5个\n钱七,15400000078,大兴路4号,511802005,蔬菜若干\n";
    let done = import(&admin, "need_requests", "", "text/csv", file.into()).await;
    assert_eq!(counts(&done), [1, 0, 0, 0, 1], "{done}");
    assert_eq!(done["first_errors"][0]["faults"][0]["column"], "需求物资");
    let need = admin.get("/v1/need-requests").await.expect(200).body["items"][0].clone();
    let item =
        |name: &str, quantity: &str, unit: &str| json!({"item": name, "quantity": quantity, "quantity_unit": unit});
    assert_eq!(need["items"], json!([item("大米", "10", "斤"), item("口罩", "5", "个")]), "{need}");

    // Categories in words, and a residence permit called an identity card; the same file on another day adds nothing.
    let file = format!(
        "姓名,证件类型,身份证号码,手机号,所属街道,人员类别\n孙八,身份证,{},15400000079,大兴街道,湖北返乡、密接\n",
        permit()
    );
    assert_eq!(counts(&import(&admin, "people", "", "text/csv", file.clone().into_bytes()).await), [1, 0, 0, 0, 0]);
    set_clock(&_app, "2020-02-22T12:00:00+08:00");
    let admin = shifts::later(&admin).await;
    assert_eq!(counts(&import(&admin, "people", "", "text/csv", file.into_bytes()).await), [0, 1, 0, 0, 0]);
    let people = admin.get("/v1/people?limit=500").await.expect(200).body;
    let one = people["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["document_type"] == "hmt_residence_permit")
        .unwrap()
        .clone();
    let categories: Vec<&str> =
        one["categories"].as_array().unwrap().iter().map(|held| held["category"].as_str().unwrap()).collect();
    assert_eq!(
        (categories, &one["categories"][0]["since_on"]),
        (vec!["hubei_returnee", "close_contact"], &json!("2020-02-20"))
    );
}

/// The number of a residence permit of Hong Kong, of nobody.
fn permit() -> String {
    let (weights, body) = ([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2], "81000019480312001");
    let sum: u32 = body.bytes().zip(weights).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    format!("{body}{}", "10X98765432".as_bytes()[(sum % 11) as usize] as char)
}

#[tokio::test]
async fn what_several_may_be_is_told_with_its_areas() {
    let (app, admin) = prepared().await;
    for area in ["511802005", "511802114"] {
        let place = json!({"kind": "compound_gate", "name": "东门", "area_code": area});
        admin.post("/v1/places", &place).await.expect(201);
    }
    let file = "卡点,方向,时间,体温\n东门,进,2020-02-19 8:05,36.5\n大兴街道东门,进,2020-02-19 8:05,36.5\n八步镇 东门,进,2020-02-19 8:05,36.5\n";
    let done = import(&admin, "screenings", "", "text/csv", file.into()).await;
    assert_eq!(counts(&done), [2, 0, 0, 0, 1], "{done}");
    let message = done["first_errors"][0]["faults"][0]["message"].as_str().unwrap();
    assert!(message.contains("东门 大兴街道、东门 八步镇"), "{message}");
    // Whoever is of one street means its own gate.
    let guard = app.gate_guard("大兴街道").await;
    let file = "卡点,方向,时间,体温\n东门,出,2020-02-19 9:05,36.5\n";
    assert_eq!(counts(&import(&guard, "screenings", "", "text/csv", file.into()).await), [1, 0, 0, 0, 0]);
}
