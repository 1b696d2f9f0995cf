//! Rows of a file are facts: none is taken for another one's retry, none is lost without a word.

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use serde_json::{Value as Json, json};

use crate::imports::{self, counts};
use crate::support::{Actor, TestApp, examples, fake_resident_id};

pub async fn import(actor: &Actor, kind: &str, query: &str, text: &str) -> Json {
    imports::import(actor, kind, query, "text/csv", text.as_bytes().to_vec()).await
}

pub async fn rows(actor: &Actor, import: &Json, outcome: &str) -> Vec<Json> {
    let path = format!("/v1/imports/{}/rows?outcome={outcome}&limit=500", import["id"].as_str().unwrap());
    actor.get(&path).await.expect(200).body["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn plates_and_passers_of_one_minute_are_each_themselves() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let text = format!(
        "卡点,方向,时间,车牌,体温\n\
         {place},进,2020-02-03 8:05,川T12345,36.5\n\
         {place},进,2020-02-03 8:05,川T12346,36.5\n\
         {place},进,2020-02-03 8:05,川T12347,36.5\n\
         {place},进,2020-02-03 8:06,,36.5\n\
         {place},进,2020-02-03 8:06,,36.5\n\
         {place},进,2020-02-03 8:06,,36.6\n"
    );
    assert_eq!(counts(&import(&admin, "screenings", "", &text).await), [6, 0, 0, 0, 0]);
    let again = import(&admin, "screenings", "", &text).await;
    assert_eq!(counts(&again), [0, 6, 0, 0, 0], "{again}");
    let same = rows(&admin, &again, "same").await;
    assert_eq!(same.len(), 6);
    assert_eq!((&same[0]["line"], &same[0]["differs"]), (&json!(2), &json!(false)));
    assert!(same.iter().all(|row| row["record_id"].is_string()));
    let mut shuffled: Vec<&str> = text.lines().collect();
    shuffled[1..].reverse();
    assert_eq!(counts(&import(&admin, "screenings", "", &shuffled.join("\n")).await), [0, 6, 0, 0, 0]);
}

#[tokio::test]
async fn the_same_person_is_the_same_however_he_is_written() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let document = fake_resident_id(1);
    let file = |name: &str, phone: &str, temperature: &str| {
        format!(
            "卡点,方向,时间,姓名,身份证号,手机号,体温\n{place},进,2020-02-03 8:05:30,{name},{document},{phone},{temperature}\n"
        )
    };
    let first = import(&admin, "screenings", "", &file("累三", "15400000001", "36.5")).await;
    assert_eq!(counts(&first), [1, 0, 0, 0, 0]);
    for (name, phone) in [("累三", "15400000002"), ("累四", "15400000001"), ("累三", "")] {
        let other = import(&admin, "screenings", "", &file(name, phone, "36.5")).await;
        assert_eq!(counts(&other), [0, 0, 0, 1, 0], "{name} {phone} {other}");
        let told = rows(&admin, &other, "skipped").await;
        assert_eq!((&told[0]["line"], &told[0]["differs"]), (&json!(2), &json!(true)), "{told:?}");
    }
    // Two measurements of one minute, in one file, are two facts.
    let text = format!("{}{}", file("累三", "", "36.8"), file("累三", "", "37.9").lines().nth(1).unwrap())
        .replace("8:05:30", "9:00");
    assert_eq!(counts(&import(&admin, "screenings", "", &text).await), [2, 0, 0, 0, 0]);
    assert_eq!(counts(&import(&admin, "screenings", "", &text).await), [0, 2, 0, 0, 0]);
}

#[tokio::test]
async fn equal_deliveries_and_yesterdays_words_are_facts_too() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    // Without a time: what is told today is of today.
    let text = format!("卡点,方向,体温\n{place},进,36.5\n{place},进,36.5\n");
    assert_eq!(counts(&import(&admin, "screenings", "", &text).await), [2, 0, 0, 0, 0]);
    assert_eq!(counts(&import(&admin, "screenings", "", &text).await), [0, 2, 0, 0, 0]);
    let later = text.replace("36.5", "38.6");
    assert_eq!(counts(&import(&admin, "screenings", "", &later).await), [2, 0, 0, 0, 0]);
}

/// Rows of a gate at random, of few people and few minutes, so that many are alike.
fn passages(place: &str, generator: &mut StdRng, count: usize) -> Vec<String> {
    let row = |generator: &mut StdRng| {
        let (minute, degrees) = (generator.random_range(0..4), generator.random_range(3..6));
        let who = match generator.random_range(0..3) {
            0 => format!("张三,{},", fake_resident_id(generator.random_range(0..3))),
            1 => format!(",,川T1234{}", generator.random_range(0..3)),
            _ => ",,".to_owned(),
        };
        format!("{place},进,2020-02-03 8:0{minute},{who},36.{degrees}")
    };
    (0..count).map(|_| row(generator)).collect()
}

#[tokio::test]
async fn shuffled_doubled_and_split_rows_are_all_accounted_for() {
    const HEADER: &str = "卡点,方向,时间,姓名,身份证号,车牌,体温";
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    for seed in 0..3 {
        let place = examples::checkpoint(&admin, "511802005").await;
        let mut generator = StdRng::seed_from_u64(seed);
        let mut rows = passages(&place, &mut generator, 40);
        let doubled: Vec<String> = rows.iter().take(10).cloned().collect();
        rows.extend(doubled);
        rows.shuffle(&mut generator);
        let file = |rows: &[String]| format!("{HEADER}\n{}\n", rows.join("\n"));
        let done = import(&admin, "screenings", "", &file(&rows)).await;
        assert_eq!(counts(&done), [50, 0, 0, 0, 0], "seed {seed}: {done}");
        rows.shuffle(&mut generator);
        let again = import(&admin, "screenings", "", &file(&rows)).await;
        assert_eq!(counts(&again), [0, 50, 0, 0, 0], "seed {seed}, shuffled: {again}");
        // In several files each row is new, or is told with the record that it met.
        let other = examples::checkpoint(&admin, "511802005").await;
        let rows: Vec<String> = rows.iter().map(|row| row.replace(&place, &other)).collect();
        let different: u64 = rows.iter().collect::<std::collections::BTreeSet<_>>().len() as u64;
        let (mut new, mut told_of_others) = (0, 0);
        for part in rows.chunks(17) {
            let done = import(&admin, "screenings", "", &file(part)).await;
            let [created, same, revised, skipped, refused] = counts(&done);
            assert_eq!((created + same + skipped, revised + refused), (part.len() as u64, 0), "seed {seed}: {done}");
            new += created;
            let met = rows_told(&admin, &done, "skipped").await.len() as u64;
            told_of_others += met;
            for outcome in ["same", "skipped"] {
                let told = rows_told(&admin, &done, outcome).await;
                assert!(told.iter().all(|row| row["record_id"].is_string()), "{told:?}");
            }
        }
        assert!(new + told_of_others >= different, "seed {seed}: {new} new, {told_of_others} told, {different} rows");
    }
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}

async fn rows_told(actor: &Actor, import: &Json, outcome: &str) -> Vec<Json> {
    let told = rows(actor, import, outcome).await;
    assert_eq!(told.len() as u64, import["counts"][outcome].as_u64().unwrap());
    told
}

#[tokio::test]
async fn a_report_is_gathered_over_the_whole_file() {
    let app = TestApp::start().await;
    crate::isolation_cases::set_clock(&app, "2020-02-04T12:00:00+08:00");
    let admin = app.administrator().await;
    let mut text = "门店,日期,商品,零售价,价格单位\n".to_owned();
    let stores = ["甲超市", "乙超市", "丙超市"];
    for store in stores {
        crate::supply::store(&admin, store).await;
    }
    for commodity in ["meat_pork_lean", "meat_mutton", "meat_beef"] {
        for store in stores {
            text.push_str(&format!("{store},2020-02-03,{commodity},5,元/500克\n"));
        }
    }
    let done = import(&admin, "supply_reports", "", &text).await;
    let lines: Vec<usize> = admin.get("/v1/supply-reports").await.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|report| report["lines"].as_array().unwrap().len())
        .collect();
    assert_eq!((counts(&done), lines), ([9, 0, 0, 0, 0], vec![3, 3, 3]), "{done}");
    assert_eq!(counts(&import(&admin, "supply_reports", "", &text).await), [0, 9, 0, 0, 0]);
    // A report goes in whole or not at all.
    let broken = text
        .replace("2020-02-03", "2020-02-02")
        .replace("乙超市,2020-02-02,meat_beef,5,元", "乙超市,2020-02-02,meat_beef,x,元");
    let done = import(&admin, "supply_reports", "", &broken).await;
    assert_eq!(counts(&done), [6, 0, 0, 0, 3], "{done}");
}

/// More rows than are written at once: those of the next lot are told apart while the ones before them are written.
#[tokio::test]
async fn alike_rows_far_apart_are_facts_too() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let mut generator = StdRng::seed_from_u64(7);
    let rows = passages(&place, &mut generator, 1_300);
    let text = format!("卡点,方向,时间,姓名,身份证号,车牌,体温\n{}\n", rows.join("\n"));
    let first = import(&admin, "screenings", "", &text).await;
    assert_eq!(counts(&first), [1_300, 0, 0, 0, 0], "{first}");
    assert_eq!(counts(&import(&admin, "screenings", "", &text).await), [0, 1_300, 0, 0, 0]);
    let undo = format!("/v1/imports/{}:undo", first["id"].as_str().unwrap());
    assert_eq!(admin.send(reqwest::Method::POST, &undo, None).await.expect(200).body["voided"], 1_300);
    assert_eq!(counts(&import(&admin, "screenings", "", &text).await), [1_300, 0, 0, 0, 0]);
    assert_eq!(counts(&import(&admin, "screenings", "", &text).await), [0, 1_300, 0, 0, 0]);
}

#[tokio::test]
async fn what_was_undone_is_loaded_again_people_and_all() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let mut text = "卡点,方向,时间,姓名,身份证号\n".to_owned();
    for row in 0..3 {
        text.push_str(&format!("{place},进,2020-02-03 8:0{row},张三,{}\n", fake_resident_id(row)));
    }
    // One of them is known to somebody else, too.
    let first = import(&admin, "screenings", "", &text).await;
    admin
        .post(
            "/v1/screenings",
            &json!({"place_id": place, "direction": "out",
        "person": {"name": "张三", "document_type": "resident_id", "document_number": fake_resident_id(0)}}),
        )
        .await
        .expect(201);
    for round in 0..2 {
        let done = if round == 0 { first.clone() } else { import(&admin, "screenings", "", &text).await };
        assert_eq!(counts(&done), [3, 0, 0, 0, 0], "{round} {done}");
        let people = admin.get("/v1/people").await.body["items"].as_array().unwrap().len();
        assert_eq!(people, 3, "{round}");
        let undo = format!("/v1/imports/{}:undo", done["id"].as_str().unwrap());
        let undone = admin.send(reqwest::Method::POST, &undo, None).await.expect(200).body;
        assert_eq!((&undone["voided"], &undone["people_voided"]), (&json!(3), &json!(2)), "{round} {undone}");
        assert_eq!(admin.get("/v1/people").await.body["items"].as_array().unwrap().len(), 1);
    }
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();

    let list = format!("姓名,身份证号,区划\n李四,{},511802005\n王五,,511802005\n", fake_resident_id(9));
    for round in 0..2 {
        let done = import(&admin, "people", "", &list).await;
        assert_eq!(counts(&done), [2, 0, 0, 0, 0], "{round} {done}");
        let undo = format!("/v1/imports/{}:undo", done["id"].as_str().unwrap());
        assert_eq!(admin.send(reqwest::Method::POST, &undo, None).await.expect(200).body["voided"], 2, "{round}");
    }
}

#[tokio::test]
async fn an_atomic_file_that_fails_made_no_record() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let row = |minute: u32, direction: &str| format!("{place},{direction},2020-02-03 8:0{minute},36.5,x{minute}\n");
    let text = format!("卡点,方向,时间,体温,家庭收入\n{}{}{}", row(1, "进"), row(2, "横"), row(3, "出"));
    let done = import(&admin, "screenings", "&mode=atomic&unknown=note", &text).await;
    assert_eq!((&done["state"], counts(&done)), (&json!("failed"), [0, 0, 0, 2, 1]), "{done}");
    let told = rows(&admin, &done, "skipped").await;
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().all(|row| row["record_id"].is_null()), "{told:?}");
    assert!(rows(&admin, &done, "created").await.is_empty());
    // Mended it goes in whole, each row told once.
    let done = import(&admin, "screenings", "&mode=atomic&unknown=note", &text.replace('横', "进")).await;
    assert_eq!(counts(&done), [3, 0, 0, 0, 0], "{done}");
    let told = rows(&admin, &done, "created").await;
    assert!(told.len() == 3 && told.iter().all(|row| row["record_id"].is_string()), "{told:?}");
}

/// The first row of a file without a header is somebody's data.
#[tokio::test]
async fn what_is_no_header_is_kept_nowhere() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let text = "王五,15400000009,大兴街道某号\n赵六,15400000008,大兴街道某号\n";
    let reply = admin.with("content-type", "text/csv").upload("/v1/imports?kind=people", text.into()).await;
    assert_ne!(reply.status, 500);
    // Nor does what tells of somebody stand in an address, whatever it is called there.
    let named = "姓名,区划代码\n王五,511802005\n";
    for (name, field) in
        [("phone", "phone"), ("%E6%89%8B%E6%9C%BA%E5%8F%B7", "phone"), ("note", "note"), ("birth_year", "birth_year")]
    {
        let path = format!("/v1/imports?kind=people&set.{name}=1954");
        let refused = admin.with("content-type", "text/csv").upload(&path, named.into()).await.expect(200).body;
        let fault = &refused["problem"]["zh"]["errors"][0];
        let told = (&fault["code"], &fault["pointer"]);
        assert_eq!(told, (&json!("personal_constant"), &json!(format!("?set.{field}"))), "{name}: {refused}");
        assert!(refused["state"] == "failed" && !refused.to_string().contains("1954"), "{refused}");
    }
    let passages = "卡点,方向,时间\n北门,进,2020-02-03 8:05\n";
    let path = "/v1/imports?kind=screenings&set.person.name=x";
    let refused = admin.with("content-type", "text/csv").upload(path, passages.into()).await.expect(200).body;
    assert_eq!(refused["problem"]["en"]["errors"][0]["pointer"], "?set.person.name", "{refused}");
    // Words, days and things may: the same for all rows.
    let done = import(&admin, "people", "&set.sex=male&set.area_code=511802005", "姓名\n王五\n").await;
    assert_eq!(counts(&done), [1, 0, 0, 0, 0], "{done}");
    for table in ["imports", "import_outcomes", "import_faults"] {
        let statement = format!("SELECT 1 AS one FROM {table} AS t WHERE to_jsonb(t)::text ~ '王五|1540000000'");
        assert!(app.rows(&statement).await.is_empty(), "{table}");
    }
}
