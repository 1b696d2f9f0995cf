//! Swaps: all or nothing, by the rules of every assignment, once for one key.

use serde_json::json;

use crate::isolation_cases::set_clock;
use crate::shifts::{assignment, codes, gate, make, needs, shift, volunteer};
use crate::support::TestApp;

#[tokio::test]
async fn a_swap_is_all_or_nothing() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-01T08:00:00+08:00");
    let admin = app.administrator().await;
    let place = gate(&admin, "北门").await;
    let (a, b) = (volunteer(&admin, 1, json!({})).await, volunteer(&admin, 2, json!({"roles": []})).await);
    let early = shift(&admin, &place, "2020-02-03", 7, 12, needs("volunteer", 1)).await;
    let late = shift(&admin, &place, "2020-02-03", 12, 17, needs("volunteer", 1)).await;
    let one = make(&admin, "shift-assignments", assignment(&early, &a, "volunteer")).await;
    let other = make(&admin, "shift-assignments", assignment(&late, &b, "volunteer")).await;
    let (path, exchange) = (format!("/v1/shift-assignments/{one}:swap"), json!({"assignment_id": other}));
    let keyed = admin.with("idempotency-key", "swap-1");
    let swapped = keyed.post(&path, &exchange).await.expect(201);
    // The answer was lost and is asked for again: it is the same, and nothing moves once more.
    let again = keyed.post(&path, &exchange).await.expect(201);
    assert_eq!((again.header("idempotency-replayed"), &again.body["id"]), ("true", &swapped.body["id"]));
    let else_ = keyed.post(&path, &json!({"volunteer_id": b})).await.expect(422);
    assert_eq!(else_.code(), "idempotency_key_reused");
    assert_eq!((&swapped.body["volunteer_id"], &swapped.body["shift_id"]), (&json!(b), &json!(early)));
    let of = async |shift: &str| {
        let list = admin.get(&format!("/v1/shift-assignments?state=assigned&shift_id={shift}")).await.expect(200).body;
        assert_eq!(list["items"].as_array().unwrap().len(), 1, "{list}");
        list["items"][0]["volunteer_id"].as_str().unwrap().to_owned()
    };
    assert_eq!((of(&early).await, of(&late).await), (b.clone(), a.clone()));
    let former = admin.get(&format!("/v1/shift-assignments/{one}")).await.body;
    assert_eq!((&former["state"], &former["swapped_to_id"]), (&json!("swapped"), &swapped.body["id"]));
    // Whoever can't take it leaves everything as it was.
    let measured = shift(&admin, &place, "2020-02-04", 7, 12, needs("temperature_taker", 1)).await;
    let third = make(&admin, "shift-assignments", assignment(&measured, &a, "temperature_taker")).await;
    let refused =
        admin.post(&format!("/v1/shift-assignments/{third}:swap"), &json!({"volunteer_id": b})).await.expect(422);
    assert_eq!(codes(&refused), ["lacks_role"]);
    assert_eq!(of(&measured).await, a);
    admin.post(&format!("/v1/shift-assignments/{one}:swap"), &json!({"volunteer_id": a})).await.expect(409);
    let (path, reason) = (format!("/v1/shift-assignments/{third}:cancel"), json!({"reason": "有事"}));
    let keyed = admin.with("idempotency-key", "cancel-1");
    assert_eq!(keyed.post(&path, &reason).await.expect(200).body["revision"], 2);
    assert_eq!(keyed.post(&path, &reason).await.expect(200).header("idempotency-replayed"), "true");
}
