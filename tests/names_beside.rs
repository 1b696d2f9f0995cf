//! Names beside ids where phones pull and where lists hold the ids; what is cut says so; parts of records are called so.

use lianfang::platform::access::Role;
use lianfang::server::routes;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::duties::supervised;
use crate::isolation_cases::{notified, set_clock};
use crate::organizations::organization;
use crate::support::{Actor, TestApp, examples};

const DAXING: &str = "511802005";

async fn all_of_it(actor: &Actor, query: &str) -> Vec<Json> {
    let (mut pages, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = actor.get(&format!("/v1/sync/pull?limit=500{query}{cursor}")).await.expect(200).body;
        cursor = format!("&cursor={}", page["next_cursor"].as_str().unwrap());
        let has_more = page["has_more"] == true;
        pages.push(page);
        if !has_more {
            return pages;
        }
    }
}

#[tokio::test]
async fn a_pull_names_what_its_records_name_masked_and_for_one_statement_a_kind() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let guard = app.gate_guard("大兴街道").await;
    let gate = examples::checkpoint(&admin, DAXING).await;
    let items: Vec<Json> = (0..20).map(|sequence| examples::screening(&gate, sequence)).collect();
    guard.post("/v1/screenings:batch", &json!({"items": items})).await.expect(207);
    let plain = guard.get("/v1/sync/pull").await.expect(200).body;
    assert!(plain.get("included").is_none());
    let page = guard.get("/v1/sync/pull?include=place,person,case").await.expect(200).body;
    assert_eq!(page["changes"], plain["changes"], "the page itself is the same");
    assert_eq!(page["included"]["place"][&gate]["name"], "北门");
    assert_eq!(page["included"]["case"], json!({}));
    let passed = page["changes"].as_array().unwrap().iter().find(|change| change["kind"] == "screenings").unwrap();
    let person_id = passed["record"]["person_id"].as_str().unwrap();
    let seen = guard.get(&format!("/v1/people/{person_id}")).await;
    match seen.status {
        200 => assert_eq!(page["included"]["person"][person_id]["name"], seen.body["name"]),
        _ => assert!(page["included"]["person"].get(person_id).is_none()),
    }
    assert!(!page.to_string().contains("王五"), "masked");
    let cost = async |query: &str| {
        app.fewest_statements(async || drop(guard.get(&format!("/v1/sync/pull{query}")).await.expect(200))).await
    };
    let readable = u64::from(page["included"]["person"] != json!({}));
    assert_eq!(cost("?include=place,person").await, cost("").await + 1 + readable);
    guard.get("/v1/sync/pull?include=salary").await.expect(400);
    // A reporter of a store sees no people, whatever is asked for.
    let reporter = app.actor(Role::StoreReporter, "大兴街道").await;
    for page in all_of_it(&reporter, "&include=person,case").await {
        assert_eq!(page["included"], json!({"person": {}, "case": {}}));
    }
}

#[tokio::test]
async fn a_pull_names_ones_own_plainly_noted_once_and_nobody_who_left() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-23T05:00:00+08:00");
    let doctor = app.health_worker("八步镇").await;
    let case_id = notified(&doctor, supervised(1, &[("health_center", &doctor)])).await;
    let case = doctor.get(&format!("/v1/isolation-cases/{case_id}")).await.expect(200).body;
    let person_id = case["person_id"].as_str().unwrap();
    let noted = async || app.rows("SELECT id FROM audit_log WHERE verb = 'sync.pull_plain'").await.len();
    let before = noted().await;
    let plain = all_of_it(&doctor, "").await.len();
    let once = noted().await - before;
    let pages = all_of_it(&doctor, "&include=case,person").await;
    assert_eq!((pages.len(), noted().await - before), (plain, 2 * once), "names cost no entry of their own");
    let page = &pages[0]["included"];
    assert_eq!(page["person"][person_id]["name"], "李四", "{page}");
    assert_eq!((&page["case"][&case_id]["day"], &page["case"][&case_id]["days"]), (&json!(1), &json!(14)));
    let colleague = app.health_worker("八步镇").await;
    for page in all_of_it(&colleague, "&include=case,person").await {
        assert!(!page.to_string().contains("李四"), "{page}");
    }
}

#[tokio::test]
async fn lists_within_records_name_theirs_too() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let watching = [
        organization(&admin, "bureau", "区商务局", None).await,
        organization(&admin, "bureau", "区市监局", None).await,
    ];
    let place = json!({"kind": "mall", "name": "商场", "area_code": DAXING, "supervising_org_ids": watching});
    let place = admin.post("/v1/places", &place).await.expect(201).body;
    let list = admin.get("/v1/places?include=organization").await.expect(200).body;
    for (id, name) in watching.iter().zip(["区商务局", "区市监局"]) {
        assert_eq!(list["included"]["organization"][id]["name"], name, "{list}");
    }
    let one = admin.get(&format!("/v1/places/{}?include=organization", place["id"].as_str().unwrap())).await.body;
    assert_eq!(one["included"], list["included"]);

    let gate = examples::checkpoint(&admin, DAXING).await;
    let passed = admin.post("/v1/screenings", &examples::screening(&gate, 7)).await.expect(201).body;
    let companion = passed["person_id"].as_str().unwrap();
    let travel = json!({"capacity": "returnee", "occurred_at": "2020-01-29T18:00:00+08:00", "arrived_on": "2020-01-24",
        "person": {"name": "张三", "phone": "15400000009", "area_code": DAXING}, "companion_ids": [companion]});
    let travel = admin.post("/v1/travels", &travel).await.expect(201).body;
    let list = admin.get("/v1/travels?include=person").await.expect(200).body;
    let people = list["included"]["person"].as_object().unwrap();
    assert!(people.contains_key(companion) && people.contains_key(travel["person_id"].as_str().unwrap()), "{list}");
    assert!(!list.to_string().contains("王五"), "masked");
    assert!(list["included"].get("cut").is_none());
}

#[tokio::test]
async fn what_is_too_much_is_cut_and_says_so() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let travel = |number: usize| {
        let companions: Vec<Uuid> = (0..20).map(|_| Uuid::now_v7()).collect();
        json!({"id": Uuid::now_v7(), "capacity": "returnee", "occurred_at": "2020-01-29T18:00:00+08:00", "arrived_on": "2020-01-24",
            "person": {"name": "张三", "phone": format!("154{number:08}"), "area_code": DAXING}, "companion_ids": companions})
    };
    let travels: Vec<Json> = (0..26).map(travel).collect();
    let made = admin.post("/v1/travels:batch", &json!({"items": travels})).await.expect(207).body;
    assert!(made["results"].as_array().unwrap().iter().all(|result| result["outcome"] == "created"), "{made}");
    let list = admin.get("/v1/travels?limit=500&include=person,place").await.expect(200).body;
    assert_eq!(list["included"]["cut"], json!(["person"]), "of which kind there were more");
    let some = admin.get("/v1/travels?limit=20&include=person,place").await.expect(200).body;
    assert!(some["included"].get("cut").is_none());
    let page = admin.get("/v1/sync/pull?limit=500&include=person").await.expect(200).body;
    assert_eq!(page["included"]["cut"], json!(["person"]));
}

/// The document says what `fields` leaves out: such an answer has a media type, and a schema, of its own.
#[tokio::test]
async fn parts_of_records_are_no_records_and_the_document_says_so() {
    const PART: &str = "application/vnd.lianfang.part+json";
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    examples::checkpoint(&admin, DAXING).await;
    let document = app.nobody().get("/openapi.json").await.expect(200).body;
    for kind in routes::KINDS.iter() {
        let content = &document["paths"][format!("/v1/{}", kind.path)]["get"]["responses"]["200"]["content"];
        let schema = |media_type: &str| content[media_type]["schema"]["$ref"].as_str().unwrap_or_default().to_owned();
        assert_eq!(schema(PART), "#/components/schemas/PageOfParts", "{}", kind.name);
        assert_eq!(schema("application/json"), format!("#/components/schemas/{}Page", kind.schema));
    }
    let schemas = &document["components"]["schemas"];
    assert_eq!(schemas["PartOfRecord"]["required"], json!(["id"]));
    assert_eq!(schemas["PageOfParts"]["properties"]["items"]["items"]["$ref"], "#/components/schemas/PartOfRecord");
    for (query, media_type) in
        [("", "application/json"), ("?fields=name", PART), ("?fields=name&include=organization", PART)]
    {
        for accept in ["*/*", "application/json", PART] {
            let reply = admin.with("accept", accept).get(&format!("/v1/places{query}")).await.expect(200);
            assert_eq!(reply.header("content-type"), media_type, "{query} {accept}");
        }
    }
    // It is packed as well as a page of records.
    let items: Vec<Json> =
        (0..60).map(|number| json!({"kind": "mall", "name": format!("商场{number}"), "area_code": DAXING})).collect();
    admin.post("/v1/places:batch", &json!({"items": items})).await.expect(207);
    let (_, headers, _) = admin.with("accept-encoding", "gzip").download("/v1/places?limit=500&fields=name,kind").await;
    assert_eq!(headers["content-encoding"], "gzip");
}
