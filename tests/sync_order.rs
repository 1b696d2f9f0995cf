//! Sync: a push is taken in the order of its items, where that matters.

use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::isolation_cases::{case, make, set_clock};
use crate::supply::{report, store};
use crate::support::{TestApp, examples};
use crate::sync::{create, outcomes, push};

fn creation(kind: &str, body: Json) -> Json {
    json!({"kind": kind, "op": "create", "id": Uuid::now_v7(), "body": body})
}

#[tokio::test]
async fn a_step_follows_the_notice_that_it_waits_for() {
    let app = TestApp::start().await;
    let nurse = app.health_worker("八步镇").await;
    let id = make(&nurse, "isolation-cases", case(1, json!({}))).await;
    let notice = json!({"case_id": id, "signed_on": "2020-01-23", "issued_by": "卫生院", "occurred_at": "2020-01-23T10:00:00+08:00"});
    let results = push(
        &nurse,
        json!([
            creation("observation_notices", notice),
            creation("isolation_case_transitions", json!({"case_id": id, "to": "notified"})),
        ]),
    )
    .await;
    assert_eq!(outcomes(&results), ["created", "created"], "{results:#?}");
}

#[tokio::test]
async fn a_report_follows_the_void_of_the_one_before_it() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-30T17:00:00+08:00");
    let admin = app.administrator().await;
    let place = store(&admin, "雨城超市").await;
    let of_price = |price| creation("supply_reports", report(&place, "2020-01-30", &[("meat_pork_hind_leg", price)]));
    let first = of_price("32.45");
    assert_eq!(outcomes(&push(&admin, json!([first.clone()])).await), ["created"]);
    let void = json!({"kind": "supply_reports", "op": "void", "id": first["id"], "body": {"reason": "录错"}});
    let results = push(&admin, json!([void, of_price("33")])).await;
    assert_eq!(outcomes(&results), ["revised", "created"], "{results:#?}");
}

#[tokio::test]
async fn what_stands_for_itself_is_written_together() {
    let app = TestApp::start().await;
    let guard = app.gate_guard("大兴街道").await;
    let place = examples::checkpoint(&app.administrator().await, "511802005").await;
    let items: Vec<Json> = (0..500).map(|sequence| create(&place, sequence)).collect();
    let before = app.core.ledger.figures().appends.get();
    let results = push(&guard, json!(items)).await;
    assert!(outcomes(&results).iter().all(|outcome| *outcome == "created"));
    assert!(app.core.ledger.figures().appends.get() - before <= 2, "in few appends");
}
