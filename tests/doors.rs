//! A surveyor's phone: one request for a morning's doors, one push for a door.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use lianfang::platform::access::Role;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::isolation_cases::set_clock;
use crate::shifts::make;
use crate::support::{Actor, TestApp, fake_resident_id};
use crate::sync::outcomes;

const VILLAGE: &str = "511802005001";

async fn app() -> (TestApp, Actor) {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-02T12:00:00+08:00");
    let admin = app.administrator().await;
    (app, admin)
}

async fn running_round(admin: &Actor) -> String {
    let body = json!({"area_code": "511802", "name": "第二轮", "series": "households", "target": "households",
        "starts_at": "2020-02-01T08:00:00+08:00", "due_at": "2020-02-03T20:00:00+08:00"});
    let round = make(admin, "survey-rounds", body).await;
    admin.post(&format!("/v1/survey-rounds/{round}:start"), &json!({})).await.expect(200);
    round
}

/// Posts records by the hundred.
async fn post_all(admin: &Actor, path: &str, bodies: &[Json]) {
    for items in bodies.chunks(100) {
        let results = admin.post(&format!("/v1/{path}:batch"), &json!({"items": items})).await.expect(207).body;
        let all = results["results"].as_array().unwrap();
        assert!(all.iter().all(|one| one["outcome"] == "created"), "{:#?}", all.first());
    }
}

#[tokio::test]
async fn a_mornings_doors_are_sixty_kilobytes_at_most() {
    let (app, admin) = app().await;
    let surveyor = app.actor(Role::GridWorker, "龙溪社区居委会").await;
    let cell = json!({"code": "LX-01", "name": "龙溪一格", "area_code": VILLAGE, "leader_user_id": surveyor.id});
    let cell = make(&admin, "grid-cells", cell).await;
    let ids: Vec<Uuid> = (0..301).map(|_| Uuid::now_v7()).collect();
    let households: Vec<Json> = ids
        .iter()
        .enumerate()
        .map(|(index, id)| {
            let door = format!("{}栋{}单元{}", 1 + index / 60, 1 + index / 30 % 2, 101 + index % 30);
            // The last is another one's.
            let cell = (index < 300).then_some(&cell);
            json!({"id": id, "area_code": VILLAGE, "door": door, "grid_cell_id": cell})
        })
        .collect();
    post_all(&admin, "households", &households).await;
    let surnames = ["王", "李", "张", "刘", "陈", "杨", "黄", "赵", "周", "吴"];
    let members: Vec<Json> = (0..300 * 3)
        .map(|index| {
            let name = format!("{}{}", surnames[index / 3 % 10], ["建国", "芳", "子轩"][index % 3]);
            let person = json!({"name": name, "document_type": "resident_id", "document_number": fake_resident_id(index as u32), "area_code": VILLAGE});
            json!({"household_id": ids[index / 3], "person": person, "since_on": "2020-01-10"})
        })
        .collect();
    post_all(&admin, "household-members", &members).await;
    let round = running_round(&admin).await;
    let path = format!("/v1/survey-rounds/{round}/targets?assignee=me&state=open&limit=300");
    let (status, _, bytes) = surveyor.download(&path).await;
    let body: Json = serde_json::from_slice(&bytes).unwrap();
    let items = body["items"].as_array().unwrap();
    assert_eq!((status, items.len(), &body["next_cursor"]), (200, 300, &Json::Null));
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(&bytes).unwrap();
    let packed = packer.finish().unwrap().len();
    println!("300 households: {} bytes, gzipped {packed}", bytes.len());
    assert!(packed <= 60 * 1024, "{packed} bytes gzipped");
    // A surveyor at a door needs the door, and the surnames of those whom to ask for.
    for item in items {
        let members = item["members"].as_array().unwrap();
        let masked = |member: &Json| {
            member["name"].as_str().is_some_and(|name| name.chars().skip(1).all(|letter| letter == '*'))
        };
        assert!(item["door"].is_string() && members.len() == 3 && members.iter().all(masked), "{item}");
        assert_eq!(item["assignee_id"], json!(surveyor.id));
    }
}

/// Items that a phone makes of a door that nobody listed: the household, two people, a visit, their temperatures.
fn door(round: &str, first: u32) -> Vec<Json> {
    let [household, one, other, visit] = [0; 4].map(|_| Uuid::now_v7());
    let at = "2020-02-02T09:10:00+08:00";
    let item = |kind: &str, id: Uuid, body: Json| json!({"op": "create", "kind": kind, "id": id, "occurred_at": at, "body": body});
    let member = |person: Uuid, sequence: u32, relation: &str| {
        let told = json!({"id": person, "name": "张三", "document_type": "resident_id", "document_number": fake_resident_id(sequence)});
        item(
            "household_members",
            Uuid::now_v7(),
            json!({"household_id": household, "person": told, "relation": relation, "since_on": "2020-01-10"}),
        )
    };
    let members = json!([{"person_id": one, "status": "present", "temperature_c": "36.5"}, {"person_id": other, "status": "present", "temperature_c": "37.9", "symptoms": ["cough"]}]);
    vec![
        item("households", household, json!({"area_code": VILLAGE, "door": "7栋1单元101"})),
        member(one, first, "head"),
        member(other, first + 1, "spouse"),
        item(
            "survey_visits",
            visit,
            json!({"round_id": round, "household_id": household, "channel": "home_visit", "result": "reached", "members": members}),
        ),
    ]
}

#[tokio::test]
async fn a_door_is_one_push_also_twice_and_from_two_phones_without_network() {
    let (app, admin) = app().await;
    let surveyor = app.actor(Role::GridWorker, "龙溪社区居委会").await;
    make(&admin, "households", json!({"area_code": VILLAGE, "door": "1-1"})).await;
    let round = running_round(&admin).await;
    let push = async |device: &str, items: &[Json]| {
        let body = json!({"device_id": device, "items": items});
        surveyor.post("/v1/sync/push", &body).await.expect(207).body["results"].as_array().unwrap().clone()
    };
    let items = door(&round, 1);
    let taken = push("phone-1", &items).await;
    assert_eq!(outcomes(&taken), ["created"; 4], "{taken:#?}");
    // The answer was lost.
    let again = push("phone-1", &items).await;
    assert!(again.iter().all(|result| result["outcome"] == "same" || result["outcome"] == "known"), "{again:#?}");
    let visit = admin.get(&format!("/v1/survey-visits/{}", items[3]["id"].as_str().unwrap())).await.expect(200).body;
    assert_eq!((&visit["abnormal"], &visit["members_confirmed"]), (&json!(true), &json!(2)));
    // Ids that the phone gave are stored as the register's own: whom a visit tells of is who lives there.
    let household = visit["household_id"].as_str().unwrap();
    let people = admin.get(&format!("/v1/households/{household}/people")).await.expect(200).body;
    let ids = |list: &Json| {
        let mut ids: Vec<String> =
            list.as_array().unwrap().iter().map(|one| one["person_id"].as_str().unwrap().to_owned()).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(&people["items"]), ids(&visit["members"]));
    assert_ne!(ids(&visit["members"]).len(), 0);
    // Another phone, as long without network, was at the same door and met the same two people.
    let other = push("phone-2", &door(&round, 1)).await;
    assert!(
        other.iter().all(|result| !["held", "refused"].contains(&result["outcome"].as_str().unwrap())),
        "{other:#?}"
    );
    let households = admin.get("/v1/households?status=active").await.expect(200).body;
    assert_eq!(households["items"].as_array().unwrap().len(), 2);
    let people = admin.get(&format!("/v1/households/{household}/people")).await.expect(200).body;
    let mut lives: Vec<String> = ids(&people["items"]);
    lives.dedup();
    assert_eq!(lives.len(), 2, "{people:#}");
    let coverage = admin.get(&format!("/v1/survey-rounds/{round}/coverage")).await.expect(200).body;
    assert_eq!((&coverage["total"]["targets"], &coverage["total"]["additional"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn a_listed_door_is_done_with_the_members_that_its_phone_named() {
    let (app, admin) = app().await;
    let surveyor = app.actor(Role::GridWorker, "龙溪社区居委会").await;
    let items = door("", 11);
    // Everything but the visit, before the round is drawn up.
    let body = json!({"device_id": "phone-1", "items": items[..3]});
    let taken = surveyor.post("/v1/sync/push", &body).await.expect(207).body["results"].as_array().unwrap().clone();
    assert_eq!(outcomes(&taken), ["created"; 3], "{taken:#?}");
    let round = running_round(&admin).await;
    let mut visit = items[3].clone();
    visit["body"]["round_id"] = json!(round);
    let pushed = surveyor.post("/v1/sync/push", &json!({"device_id": "phone-1", "items": [visit]})).await;
    assert_eq!(pushed.body["results"][0]["outcome"], "created", "{}", pushed.body);
    let total = admin.get(&format!("/v1/survey-rounds/{round}/coverage")).await.expect(200).body["total"].clone();
    assert_eq!([&total["done"], &total["persons"], &total["persons_confirmed"]], [&json!(1), &json!(2), &json!(2)]);
    // The same over HTTP, amended with the phone's own ids: still the register's.
    let path = format!("/v1/survey-visits/{}", visit["id"].as_str().unwrap());
    let patch = json!({"members": [{"person_id": items[1]["body"]["person"]["id"], "status": "away"}]});
    let amended = admin.patch(&path, "\"1\"", &patch).await.expect(200).body;
    assert_ne!(amended["members"][0]["person_id"], items[1]["body"]["person"]["id"]);
    let total = admin.get(&format!("/v1/survey-rounds/{round}/coverage")).await.expect(200).body["total"].clone();
    assert_eq!(total["persons_confirmed"], 1);
}
