//! Accounts in bodies: by user name as by id, and of what the caller can't reach no more than of what isn't there.

use lianfang::platform::access::Role;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::imports::{counts, import};
use crate::isolation_cases::{case, make, set_clock};
use crate::support::{Actor, TestApp};
use crate::sync::{outcomes, push};

const VILLAGE: &str = "511802005001";

async fn username(actor: &Actor) -> String {
    actor.get("/v1/auth/me").await.expect(200).body["username"].as_str().unwrap().to_owned()
}

fn named(sequence: u32, account: &str) -> Json {
    case(sequence, json!({"supervisors": [{"level": "village", "name": "某某", "user_id": account}]}))
}

fn supervisor(case: &Json) -> &Json {
    &case["supervisors"][0]["user_id"]
}

#[tokio::test]
async fn a_supervisor_is_named_by_user_name_wherever_a_case_is_written() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-23T05:00:00+08:00");
    let nurse = app.health_worker("八步镇").await;
    let (village, other) =
        (app.actor(Role::VillageCadre, "八步镇").await, app.actor(Role::VillageCadre, "八步镇").await);
    let (name, others) = (username(&village).await, username(&other).await);

    // By name in any letters, as by id: the same content, once, and what is told is the id.
    let mut body = named(1, &name.to_uppercase());
    body["id"] = json!(Uuid::now_v7());
    let made = nurse.post("/v1/isolation-cases", &body).await.expect(201);
    assert_eq!((supervisor(&made.body), &made.body["supervisor_ids"]), (&json!(village.id), &json!([village.id])));
    nurse.post("/v1/isolation-cases", &body).await.expect(200);
    body["supervisors"][0]["user_id"] = json!(village.id);
    nurse.post("/v1/isolation-cases", &body).await.expect(200);
    body["supervisors"][0]["user_id"] = json!(others);
    assert_eq!(nurse.post("/v1/isolation-cases", &body).await.expect(409).code(), "record_exists");

    // In a patch, where it says what stands already too; in batches; from a phone.
    let path = format!("/v1/isolation-cases/{}", made.body["id"].as_str().unwrap());
    let patch = |account: &str| json!({"supervisors": [{"level": "village", "name": "某某", "user_id": account}]});
    let same = nurse.patch(&path, "\"1\"", &patch(&name)).await.expect(200).body;
    assert_eq!(same["revision"], 1);
    let amended = nurse.patch(&path, "\"1\"", &patch(&others)).await.expect(200).body;
    assert_eq!(supervisor(&amended), &json!(other.id));
    let change = json!({"items": [{"id": amended["id"], "revision": 2, "patch": patch(&name)}]});
    let changed = nurse.post("/v1/isolation-cases:batch-amend", &change).await.expect(207).body;
    assert_eq!(changed["results"][0]["outcome"], "amended", "{changed}");
    let batch = json!({"items": [named(2, &others), named(3, "nobody.here")]});
    let batch = nurse.post("/v1/isolation-cases:batch", &batch).await.expect(207).body;
    let told: Vec<&Json> = batch["results"].as_array().unwrap().iter().map(|result| &result["outcome"]).collect();
    assert_eq!(told, [&json!("created"), &json!("refused")], "{batch}");
    let item = json!({"kind": "isolation_cases", "op": "create", "id": Uuid::now_v7(), "occurred_at": "2020-01-23T04:00:00+08:00", "body": named(4, &name)});
    let pushed = push(&nurse, json!([item.clone()])).await;
    assert_eq!(outcomes(&pushed), ["created"], "{pushed:?}");
    assert_eq!(outcomes(&push(&nurse, json!([item.clone()])).await), ["same"]);

    // Whoever was named is gone: what was taken once stays taken, and nobody names him anew.
    app.sql(&format!("UPDATE users SET active = false WHERE id = '{}'", village.id)).await;
    assert_eq!(outcomes(&push(&nurse, json!([item])).await), ["same"]);
    let gone = nurse.post("/v1/isolation-cases", &named(5, &name)).await.expect(422);
    assert_eq!(gone.faults(), [("/supervisors/0/user_id".to_owned(), "unknown_account".to_owned())]);
    lianfang::integrity::verify(&app.core, |_, _| {}).await.unwrap();
}

#[tokio::test]
async fn a_name_out_of_reach_is_told_as_one_that_is_not_there() {
    let app = TestApp::start().await;
    let cadre = app.town_cadre("大兴街道").await;
    let (near, far) = (app.actor(Role::VillageCadre, "大兴街道").await, app.actor(Role::VillageCadre, "八步镇").await);
    let (near, far_name) = (username(&near).await, username(&far).await);
    let cell = |leader: &str, workers: Json| json!({"area_code": VILLAGE, "code": "LX-01", "name": "一网格", "leader_user_id": leader, "worker_user_ids": workers});
    let refused = async |leader: &str, worker: &str| {
        let body = cell(leader, json!([near, worker, far.id]));
        cadre.post("/v1/grid-cells", &body).await.expect(422).faults()
    };
    let unknown = refused("nobody.here", "nobody.there").await;
    let both = ["/leader_user_id", "/worker_user_ids/1"].map(|at| (at.to_owned(), "unknown_account".to_owned()));
    assert_eq!(unknown, both, "every fault at once");
    assert_eq!(refused(&far_name, &far_name).await, both, "that it is somebody's is told by nothing");
    for (bad, code) in [("x", "bad_format"), ("' OR true--", "bad_format"), ("张三的账号", "bad_format")] {
        let reply = cadre.post("/v1/grid-cells", &cell(bad, json!([]))).await.expect(422);
        assert_eq!(reply.faults(), [("/leader_user_id".to_owned(), code.to_owned())], "{bad}");
    }

    // Lists of accounts, the acts of a kind, and files.
    let made = cadre.post("/v1/grid-cells", &cell(&near, json!([near]))).await.expect(201).body;
    assert_eq!(made["worker_user_ids"], json!([made["leader_user_id"]]));
    let twice = cadre.post("/v1/grid-cells", &cell(&near, json!([near, made["leader_user_id"]]))).await.expect(422);
    assert_eq!(twice.faults(), [("/worker_user_ids/1".to_owned(), "repeated_item".to_owned())]);
    let asked = cadre.get(&format!("/v1/grid-cells?leader_user_id={near}")).await.expect(400);
    assert_eq!(asked.faults()[0].0, "?leader_user_id", "lists are asked by ids");
    let group = make(&cadre, "household-groups", json!({"area_code": VILLAGE, "name": "一组"})).await;
    let set_up =
        json!({"household_ids": [Uuid::now_v7()], "leader_person_id": Uuid::now_v7(), "leader_user_id": far_name});
    let faults = cadre.post(&format!("/v1/household-groups/{group}:set-up"), &set_up).await.expect(422).faults();
    assert_eq!(faults, [("/leader_user_id".to_owned(), "unknown_account".to_owned())]);
    let file = format!(
        "area_code,code,name,leader_user_id\n{VILLAGE},LX-02,二网格,{near}\n{VILLAGE},LX-03,三网格,{far_name}\n"
    );
    let told = import(&cadre, "grid_cells", "", "text/csv", file.into()).await;
    assert_eq!(counts(&told), [1, 0, 0, 0, 1], "{told}");
    assert_eq!(told["first_errors"][0]["faults"][0]["code"], "unknown_account");
    let cells = cadre.get(&format!("/v1/grid-cells?area_code={VILLAGE}")).await.expect(200).body;
    let imported = cells["items"].as_array().unwrap().iter().find(|cell| cell["code"] == "LX-02").unwrap();
    assert_eq!(imported["leader_user_id"], made["leader_user_id"]);
}
