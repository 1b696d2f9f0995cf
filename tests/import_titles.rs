//! Titles of sheets, which say of all their rows; columns that say of several fields; names of accounts and of a district's
//! own goods in files.

use rust_xlsxwriter::Workbook;
use serde_json::{Value as Json, json};

use crate::import_facts::{import, rows};
use crate::imports::counts;
use crate::isolation_cases::set_clock;
use crate::support::{Actor, TestApp, examples, fake_resident_id};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const CSV: &str = "text/csv";

async fn begun() -> (TestApp, Actor) {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-10T12:00:00+08:00");
    let admin = app.administrator().await;
    (app, admin)
}

async fn list(actor: &Actor, path: &str) -> Vec<Json> {
    actor.get(path).await.expect(200).body["items"].as_array().unwrap().clone()
}

async fn look(actor: &Actor, kind: &str, sheet: &str) -> Json {
    let path = format!("/v1/imports:inspect?kind={kind}");
    actor.with("content-type", CSV).upload(&path, sheet.into()).await.expect(200).body
}

fn warned(import: &Json, code: &str) -> usize {
    import["warnings"].as_array().unwrap().iter().filter(|warning| warning["code"] == code).count()
}

#[tokio::test]
async fn a_store_is_found_by_the_title_of_its_sheet() {
    let (app, admin) = begun().await;
    let store = crate::supply::store(&admin, "惠民超市").await;
    crate::supply::store(&admin, "民超").await;
    let sheet =
        "惠民超市进销日报表（2020年2月7日）,,,\n商品,进价,售价,计价单位\n面粉,2,2.5,元/斤\n大白菜,1,1.5,元/斤\n";
    let looked = look(&admin, "supply_reports", sheet).await;
    assert_eq!(looked["parameters"], json!(["set.place_id=惠民超市"]), "{looked}");
    assert_eq!((&looked["refused"], &looked["missing"]), (&json!(0), &json!([])), "{looked}");
    let done = import(&admin, "supply_reports", "", sheet).await;
    assert_eq!((counts(&done), warned(&done, "taken_from_title")), ([2, 0, 0, 0, 0], 1), "{done}");
    let report = list(&admin, "/v1/supply-reports").await.remove(0);
    assert_eq!((&report["place_id"], &report["reported_on"]), (&json!(store), &json!("2020-02-07")));
    assert_eq!(counts(&import(&admin, "supply_reports", "", sheet).await), [0, 2, 0, 0, 0]);
    // A workbook with a sheet a store; who is told by a line above the table.
    crate::supply::store(&admin, "乐家超市").await;
    let mut workbook = Workbook::new();
    for (name, title) in [("惠民", "单位：惠民超市"), ("乐家超市", "2月8日价格")] {
        let sheet = workbook.add_worksheet().set_name(name).unwrap();
        sheet.write_string(0, 0, title).unwrap();
        for (column, text) in (0_u16..).zip(["商品", "售价", "计价单位", "日期"]) {
            sheet.write_string(1, column, text).unwrap();
        }
        for (column, text) in (0_u16..).zip(["面粉", "2.5", "元/斤", "2020-02-08"]) {
            sheet.write_string(2, column, text).unwrap();
        }
    }
    let bytes = workbook.save_to_buffer().unwrap();
    let done = crate::imports::import(&admin, "supply_reports", "", XLSX, bytes).await;
    assert_eq!((counts(&done), warned(&done, "taken_from_title")), ([2, 0, 0, 0, 0], 1), "{done}");
    assert_eq!(list(&admin, "/v1/supply-reports?reported_on=2020-02-08").await.len(), 2);

    // Two of one name are told, unless the caller, or the title, is of one street.
    for area in ["511802005", "511802114"] {
        let place = json!({"kind": "compound_gate", "name": "东大门", "area_code": area});
        admin.post("/v1/places", &place).await.expect(201);
    }
    let sheet = "东大门出入登记表,,\n方向,时间,体温\n进,2020-02-03 8:05,36.5\n";
    let done = import(&admin, "screenings", "", sheet).await;
    let fault = &done["first_errors"][0]["faults"][0];
    assert_eq!((counts(&done), &fault["code"]), ([0, 0, 0, 0, 1], &json!("ambiguous_name")), "{done}");
    assert!(fault["message"].as_str().unwrap().contains("大兴街道东大门、八步镇东大门"), "{fault}");
    let done = import(&admin, "screenings", "", &sheet.replace("东大门出入", "八步镇东大门出入")).await;
    assert_eq!(counts(&done), [1, 0, 0, 0, 0], "{done}");
    assert_eq!(list(&admin, "/v1/screenings").await[0]["area_code"], "511802114");
    let guard = app.gate_guard("大兴街道").await;
    assert_eq!(counts(&import(&guard, "screenings", "", sheet).await), [1, 0, 0, 0, 0]);
    // A place out of sight is none, and a column of its own goes before any title.
    let other = "惠民超市门口登记,,,\n卡点,方向,时间,体温\n,进,2020-02-03 8:05,36.5\n";
    let done = import(&admin, "screenings", "", other).await;
    assert_eq!(done["first_errors"][0]["faults"][0]["code"], "required", "{done}");
    // A book's village stands in its title.
    let book = "大兴街道龙溪社区户籍登记册,,\n户号,姓名,与户主关系\n7,张三,户主\n";
    let looked = look(&admin, "household_members", book).await;
    assert!(looked["parameters"][0].as_str().unwrap().starts_with("set.area_code=511802005"), "{looked}");
    let done = import(&admin, "household_members", "", book).await;
    assert_eq!((counts(&done), warned(&done, "taken_from_title")), ([1, 0, 0, 0, 0], 1), "{done}");
}

#[tokio::test]
async fn one_column_may_say_of_two_fields() {
    let (_app, admin) = begun().await;
    let id = fake_resident_id;
    let sheet = format!(
        "姓名,身份证号,手机号,政治面貌,所属单位,所属街道\n张三,{},15400000001,中共党员,区教育局,大兴街道\n\
         李四,{},15400000002,共青团员,,大兴街道\n王五,{},15400000003,九三学社社员,,大兴街道\n",
        id(31),
        id(32),
        id(33)
    );
    let done = import(&admin, "volunteers", "", &sheet).await;
    assert_eq!(counts(&done), [3, 0, 0, 0, 0], "{done}");
    let all = list(&admin, "/v1/volunteers").await;
    let count = |name: &str| all.iter().filter(|one| one[name] == true).count();
    assert_eq!((count("party_member"), count("league_member")), (1, 1), "{all:?}");
    let told = rows(&admin, &done, "created").await;
    assert!(told.iter().any(|row| row["warnings"].to_string().contains("kept_in_note")), "{told:?}");
    let notes: Vec<&str> = all.iter().filter_map(|one| one["note"].as_str()).collect();
    assert!(notes.contains(&"政治面貌：九三学社社员") && notes.contains(&"所属单位：区教育局"), "{notes:?}");
    // 岗位 is the role by its word, else the post where it is.
    crate::shifts::gate(&admin, "北门卡点").await;
    let roster = "2020年2月值班表,,,\n岗位,班次,时间,2月21日,2月22日\n北门卡点,早班,8:00-14:00,张三、李四,王五\n";
    let done = import(&admin, "shifts", "", roster).await;
    assert_eq!(counts(&done), [2, 0, 0, 0, 0], "{done} {:?}", rows(&admin, &done, "refused").await);
    let taken = import(&admin, "shift_assignments", "", roster).await;
    assert_eq!(counts(&taken), [3, 0, 0, 0, 0], "{taken}");
    let roster = "卡点,岗位,班次,时间,2月23日,2月24日\n北门卡点,测温岗,早班,8:00-14:00,张三,李四\n北门卡点,门岗后侧,晚班,14:00-20:00,张三,李四\n";
    let done = import(&admin, "shifts", "&year=2020", roster).await;
    assert_eq!(counts(&done), [4, 0, 0, 0, 0], "{done}");
    let shifts = list(&admin, "/v1/shifts").await;
    let roles = shifts.iter().filter(|one| one["needs"][0]["role"] == "temperature_taker").count();
    let noted =
        shifts.iter().filter(|one| one["note"].as_str().is_some_and(|note| note.contains("岗位：门岗后侧"))).count();
    assert_eq!((roles, noted), (2, 2), "{shifts:?}");
}

async fn exported(actor: &Actor, path: &str, query: &str) -> String {
    let (status, _, bytes) = actor.with("accept", CSV).download(&format!("/v1/{path}?{query}")).await;
    assert_eq!(status, 200);
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn own_goods_and_accounts_have_names_in_files() {
    let (app, admin) = begun().await;
    let own = json!({"commodity": "own_rice_cake", "name_zh": "草坝粑粑", "category": "side_food", "price_unit": "元/500克", "quantity_unit": "公斤",
        "effective_on": "2020-01-24", "basis": "区市场监管局商品目录"});
    admin.post("/v1/commodity-entries", &own).await.expect(201);
    let store = crate::supply::store(&admin, "雨城超市").await;
    let report = crate::supply::report(&store, "2020-02-07", &[("own_rice_cake", "6.00"), ("veg_celery", "3.00")]);
    admin.post("/v1/supply-reports", &report).await.expect(201);
    let moved = json!({"place_id": store, "commodity": "own_rice_cake", "direction": "in", "quantity": "5", "quantity_unit": "公斤"});
    admin.post("/v1/stock-movements", &moved).await.expect(201);
    for (kind, path) in [("supply_reports", "supply-reports"), ("stock_movements", "stock-movements")] {
        let words = exported(&admin, path, "headers=zh").await;
        assert!(words.contains("草坝粑粑") && !words.contains("own_rice_cake"), "{words}");
        for query in ["headers=zh", "headers=zh&cells=codes", "headers=en", "headers=en&cells=words"] {
            let text = exported(&admin, path, query).await;
            let done = import(&admin, kind, "", &text).await;
            let [created, same, revised, skipped, refused] = counts(&done);
            assert!(same > 0 && [created, revised, skipped, refused] == [0; 4], "{query} {done} {text}");
            let told = rows(&admin, &done, "same").await;
            assert!(told.iter().all(|row| row["warnings"] == json!([])), "{query} {told:?} {text}");
        }
    }
    // Whoever wrote a record has a name beside the id: masked, but to himself and those who administer the account.
    let place = examples::checkpoint(&admin, "511802005").await;
    let guard = app.gate_guard("大兴街道").await;
    guard.post("/v1/screenings", &examples::screening(&place, 3)).await.expect(201);
    let name = |text: &str| {
        let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
        let headers = reader.headers().unwrap().clone();
        let row = reader.records().next().unwrap().unwrap();
        let cell = |header: &str| row.get(headers.iter().position(|one| one == header).unwrap()).unwrap().to_owned();
        (cell("录入人"), cell("录入人编号"))
    };
    let me = guard.get("/v1/auth/me").await.expect(200).body;
    let called = me["user"]["display_name"].as_str().or(me["display_name"].as_str()).unwrap().to_owned();
    let (own, id) = name(&exported(&guard, "screenings", "headers=zh").await);
    assert_eq!(own, called);
    assert_eq!(name(&exported(&admin, "screenings", "headers=zh").await), (called.clone(), id.clone()));
    let cadre = app.town_cadre("大兴街道").await;
    let masked = name(&exported(&cadre, "screenings", "headers=zh").await);
    assert!(masked.0 != called && masked.0.contains('*') && masked.1 == id, "{masked:?}");
    // Another name in a file is told, and taken by nobody.
    let text = exported(&cadre, "screenings", "headers=zh").await.replace(&masked.0, "张大胆");
    let done = import(&cadre, "screenings", "", &text).await;
    assert_eq!(counts(&done), [0, 1, 0, 0, 0], "{done}");
    let told = rows(&cadre, &done, "same").await;
    assert_eq!(told[0]["warnings"][0]["code"], "served_differs", "{told:?}");
}

#[tokio::test]
async fn a_day_above_its_rows_is_theirs_and_two_tables_side_by_side_are_refused() {
    let (_app, admin) = begun().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let sheet = format!(
        "出入登记,,,\n时间,方向,体温,卡点\n2月3日（星期一）,,,\n8:05,进,36度6,{place}\n2月4日,,,\n8:05,进,36.4,{place}\n"
    );
    let done = import(&admin, "screenings", "", &sheet).await;
    assert_eq!(counts(&done), [2, 0, 0, 0, 0], "{done}");
    let mut days: Vec<(String, Json)> = list(&admin, "/v1/screenings")
        .await
        .iter()
        .map(|one| (one["occurred_at"].as_str().unwrap().to_owned(), one["temperature_c"].clone()))
        .collect();
    days.sort_by_key(|(day, _)| day.clone());
    assert_eq!(days[0], ("2020-02-03T08:05:00+08:00".into(), json!("36.6")));
    assert_eq!(days[1].0, "2020-02-04T08:05:00+08:00");
    let told = rows(&admin, &done, "created").await;
    assert!(told.iter().all(|row| row["warnings"].to_string().contains("year_assumed")), "{told:?}");
    // Of a title that names several days none is meant.
    let sheet = format!("2020年2月1日至2020年2月7日汇总,,,\n时间,方向,体温,卡点\n8:05,进,36.6,{place}\n");
    assert_eq!(counts(&import(&admin, "screenings", "", &sheet).await), [0, 0, 0, 0, 1]);
    let sheet = "日期,场所,消毒面积,日期,场所,消毒面积\n2020-2-3,北门,200,2020-2-3,北门,300\n";
    let done = import(&admin, "disinfections", "", sheet).await;
    assert_eq!(
        (&done["state"], &done["problem"]["zh"]["code"]),
        (&json!("failed"), &json!("unknown_columns")),
        "{done}"
    );
}

#[tokio::test]
async fn a_cell_that_no_workbook_holds_is_refused_by_name() {
    let (app, admin) = begun().await;
    let place = json!({"kind": "compound_gate", "name": "北门", "area_code": "511802005"});
    admin.post("/v1/places", &place).await.expect(201);
    let person = json!({"name": "王五", "document_number": fake_resident_id(5), "area_code": "511802005"});
    admin.post("/v1/people", &person).await.expect(201);
    app.rows(
        "UPDATE people SET aliases = (SELECT jsonb_agg(gen_random_uuid()) FROM generate_series(1, 1000)) RETURNING id",
    )
    .await;
    let (status, _, body) = admin.with("accept", XLSX).download("/v1/people?headers=zh").await;
    let problem: Json = serde_json::from_slice(&body).unwrap();
    assert_eq!((status, &problem["code"]), (422, &json!("cell_too_long")), "{problem}");
    // As text it goes out, and nothing else is in the way.
    assert!(exported(&admin, "people", "headers=zh").await.len() > 32_767);
    let (status, ..) = admin.with("accept", XLSX).download("/v1/places?headers=zh").await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn a_price_beside_a_unit_of_quantity_is_warned_of() {
    let (_app, admin) = begun().await;
    crate::supply::store(&admin, "惠民超市").await;
    let sheet = "门店,日期,商品,售价,单位\n惠民超市,2020-02-07,面粉,3,斤\n惠民超市,2020-02-07,大白菜,3,元/斤\n";
    let done = import(&admin, "supply_reports", "", sheet).await;
    assert_eq!(counts(&done), [2, 0, 0, 0, 0], "{done}");
    let told = rows(&admin, &done, "created").await;
    let assumed =
        |row: &&Json| row["warnings"].as_array().unwrap().iter().any(|one| one["code"] == "price_unit_assumed");
    let lines: Vec<&Json> = told.iter().filter(assumed).map(|row| &row["line"]).collect();
    assert_eq!(lines, [&json!(2)], "{told:?}");
}
