//! Household books as streets keep them: a row a person, the household in the rows of its first member, the group by its
//! leader's name.

use lianfang::exchange::files::decode::encoded;
use lianfang::platform::access::Role;
use serde_json::{Value as Json, json};

use crate::import_facts::{import, rows};
use crate::imports::counts;
use crate::support::{Actor, TestApp, fake_resident_id};

const VILLAGE: &str = "511802005001";
const KIND: &str = "household_members";

async fn app() -> (TestApp, Actor) {
    let app = TestApp::start().await;
    crate::isolation_cases::set_clock(&app, "2020-02-10T12:00:00+08:00");
    let admin = app.administrator().await;
    (app, admin)
}

async fn list(actor: &Actor, path: &str) -> Vec<Json> {
    actor.get(path).await.expect(200).body["items"].as_array().unwrap().clone()
}

fn book() -> String {
    let id = fake_resident_id;
    format!(
        "大兴街道龙溪社区户籍登记册,,,,,,,,,\n序号,户号,户主,与户主关系,姓名,身份证号,联系电话,住址,网格,联户长\n\
         1,001,张大山,户主,张大山,{},15400000001,龙溪路1号,第一网格,张大山\n\
         2,,,妻,李梅,{},15400000002,,,\n\
         3,,,长子,张小山,{},,,,\n\
         4,002,王五,户主,王五,{},15400000004,龙溪路2号,第一网格,张大山\n\
         5,,,女儿,王小五,{},15400000004,,,\n\
         6,003,赵六,户主,赵六,{},/,龙溪路3号,,赵六\n\
         7,,,租户,陈伟,,,,,\n\
         8,,,租户,陈伟,,,,,\n\
         合计：3户8人,,,,,,,,,\n填表人：钱七,,,,,,,,,\n",
        id(1),
        id(2),
        id(3),
        id(4),
        id(5),
        id(6)
    )
}

#[tokio::test]
async fn a_household_book_goes_in_whole_and_comes_back() {
    let (app, admin) = app().await;
    let query = format!("&set.area_code={VILLAGE}");
    // Looked at, or tried, nothing is written: no group either.
    let path = format!("/v1/imports:inspect?kind={KIND}{query}");
    let looked = admin.with("content-type", "text/csv").upload(&path, book().into_bytes()).await.expect(200).body;
    assert_eq!((&looked["refused"], &looked["missing"]), (&json!(0), &json!([])), "{looked}");
    import(&admin, KIND, &format!("{query}&validate_only=true"), &book()).await;
    assert_eq!(list(&admin, "/v1/household-groups").await.len(), 0);

    let bytes = encoded(&book(), "gb18030").unwrap();
    let done = crate::imports::import(&admin, KIND, &query, "text/csv", bytes).await;
    assert_eq!((counts(&done), &done["counts"]["not_a_record"]), ([8, 0, 0, 0, 0], &json!(3)), "{done}");
    let households = list(&admin, "/v1/households").await;
    assert_eq!(households.len(), 3, "{households:?}");
    let of = |number: &str| households.iter().find(|one| one["household_no"] == number).unwrap();
    assert_eq!((&of("001")["address"], &of("003")["address"]), (&json!("龙溪路1号"), &json!("龙溪路3号")));
    let members = list(&admin, "/v1/household-members").await;
    let size = |number: &str| members.iter().filter(|one| one["household_id"] == of(number)["id"]).count();
    assert_eq!([size("001"), size("002"), size("003")], [3, 2, 3]);
    let related = |relation: &str| members.iter().filter(|one| one["relation"] == relation).count();
    assert_eq!([related("head"), related("spouse"), related("child"), related("lodger")], [3, 1, 2, 2]);
    // Phones are the people's own.
    let people = list(&admin, "/v1/people?limit=100").await;
    assert_eq!(people.len(), 8, "two of one name are two people");
    assert_eq!(people.iter().filter(|one| one["phone"].is_string()).count(), 4, "{people:?}");
    // Groups are made by their leaders' names, and led by them.
    let groups = list(&admin, "/v1/household-groups").await;
    let group = |name: &str| groups.iter().find(|one| one["name"] == name).unwrap();
    let person = |number: &str| {
        let head = |one: &&Json| one["household_id"] == of(number)["id"] && one["relation"] == "head";
        members.iter().find(head).unwrap()["person_id"].clone()
    };
    assert_eq!(groups.len(), 2, "{groups:?}");
    assert_eq!(group("张大山组")["leader_person_id"], person("001"));
    assert_eq!(
        (&group("赵六组")["leader_person_id"], &group("赵六组")["area_code"]),
        (&person("003"), &json!(VILLAGE))
    );
    assert_eq!(
        (&of("001")["household_group_id"], &of("002")["household_group_id"]),
        (&group("张大山组")["id"], &group("张大山组")["id"])
    );
    // A cell that isn't in the register goes into the note.
    let noted =
        members.iter().filter(|one| one["note"].as_str().is_some_and(|note| note.contains("网格：第一网格"))).count();
    assert_eq!(noted, 5, "{members:?}");
    let again = import(&admin, KIND, &query, &book()).await;
    assert_eq!(counts(&again), [0, 8, 0, 0, 0], "{again} {:?}", rows(&admin, &again, "skipped").await);
    assert_eq!(list(&admin, "/v1/household-groups").await, groups);

    // Undone, nothing of it stands; loaded again, all does.
    let undone =
        admin.post(&format!("/v1/imports/{}:undo", done["id"].as_str().unwrap()), &json!({})).await.expect(200).body;
    assert_eq!(
        (&undone["voided"], &undone["people_voided"], &undone["left"], &undone["people_left"]),
        (&json!(13), &json!(8), &json!([]), &json!([])),
        "{undone}"
    );
    for path in ["household-members", "households", "household-groups", "people"] {
        assert_eq!(list(&admin, &format!("/v1/{path}")).await.len(), 0, "{path}");
    }
    let back = import(&admin, KIND, &query, &book()).await;
    assert_eq!(counts(&back), [8, 0, 0, 0, 0], "{back}");
    let groups = list(&admin, "/v1/household-groups").await;
    assert_eq!((groups.len(), list(&admin, "/v1/households").await.len()), (2, 3));
    assert!(groups.iter().all(|group| group["leader_person_id"].is_string()), "{groups:?}");
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}

#[tokio::test]
async fn doors_alone_tell_households_and_a_full_group_keeps_none_out() {
    let (_app, admin) = app().await;
    let cadre = _app.actor(Role::VillageCadre, "大兴街道").await;
    let mut book = "门牌,姓名,关系,联户长\n".to_owned();
    for door in 1..=12 {
        book.push_str(&format!("1栋1单元{door}01室,户主{door},户主,户主1\n,配偶{door},妻子,\n"));
    }
    let query = format!("&set.area_code={VILLAGE}");
    let done = import(&cadre, KIND, &query, &book).await;
    assert_eq!(counts(&done), [24, 0, 0, 0, 0], "{done}");
    let households = list(&admin, "/v1/households").await;
    let grouped = households.iter().filter(|one| one["household_group_id"].is_string()).count();
    assert_eq!((households.len(), grouped), (12, 10));
    let told = rows(&admin, &done, "created").await;
    let full = |row: &&Json| row["warnings"].as_array().unwrap().iter().any(|warning| warning["code"] == "group_full");
    assert_eq!(told.iter().filter(full).count(), 4, "{told:?}");
    let again = import(&cadre, KIND, &query, &book).await;
    assert_eq!(counts(&again), [0, 24, 0, 0, 0], "{again}");
    // A number whose rows below have no door stays one household; a leader who isn't a member is told.
    let book = "户号,门牌,姓名,与户主关系,联户长\nA1,,孙一,户主,钱多多\nA1,9-9-901,孙二,子,\nA2,9-9-902,李一,户主,钱多多\nA2,,李二,女,\n";
    let done = import(&cadre, KIND, &query, book).await;
    assert_eq!(counts(&done), [4, 0, 0, 0, 0], "{done}");
    let said = |one: &Json| one["code"] == "leader_not_set";
    assert!(done["warnings"].as_array().unwrap().iter().any(said), "{done}");
    assert_eq!(list(&admin, "/v1/households").await.len(), 14);
    // Whoever begins a household without saying which is told, not put into the one above.
    let book = "户号,姓名,与户主关系\nB1,周一,户主\n,周二,妻\n,吴一,户主\n";
    let done = import(&cadre, KIND, &query, book).await;
    assert_eq!(counts(&done), [2, 0, 0, 0, 1], "{done}");
    assert_eq!(done["first_errors"][0]["line"], 4);
}

#[tokio::test]
async fn doors_of_two_compounds_are_two_households() {
    let (_app, admin) = app().await;
    for name in ["阳光小区", "月亮湾小区"] {
        let place = json!({"kind": "residential_compound", "name": name, "area_code": VILLAGE});
        admin.post("/v1/places", &place).await.expect(201);
    }
    let query = format!("&set.area_code={VILLAGE}");
    for (name, head) in [("阳光小区", "张三"), ("月亮湾小区", "李四")] {
        let book = format!("{name}住户登记册,,\n门牌,姓名,与户主关系\n1栋1单元101,{head},户主\n,某某,户主\n");
        let done = import(&admin, KIND, &query, &book).await;
        // A head without a door is of no household, though all rows are of one compound.
        assert_eq!(counts(&done), [1, 0, 0, 0, 1], "{done}");
        assert!(done["warnings"].to_string().contains("taken_from_title"), "{done}");
    }
    let households = list(&admin, "/v1/households").await;
    assert_eq!(
        (households.len(), households.iter().all(|one| one["place_id"].is_string())),
        (2, true),
        "{households:?}"
    );
}
