//! Swaps: all or nothing, by the rules of every assignment, once for one key.

use lianfang::platform::access::Role;
use serde_json::json;

use crate::isolation_cases::set_clock;
use crate::shifts::{assignment, codes, gate, later, make, needs, shift, volunteer};
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

#[tokio::test]
async fn a_swap_of_volunteers_is_an_offer_until_the_other_accepts() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-01T08:00:00+08:00");
    let admin = app.administrator().await;
    let place = gate(&admin, "北门").await;
    let (a, b, c) = (
        app.actor(Role::Volunteer, "大兴街道").await,
        app.actor(Role::Volunteer, "大兴街道").await,
        app.actor(Role::Volunteer, "大兴街道").await,
    );
    let mut own = Vec::new();
    for (sequence, actor) in [(1, &a), (2, &b), (3, &c)] {
        own.push(volunteer(&admin, sequence, json!({"user_id": actor.id})).await);
    }
    let early = shift(&admin, &place, "2020-02-03", 7, 12, needs("volunteer", 1)).await;
    let late = shift(&admin, &place, "2020-02-03", 13, 17, needs("volunteer", 1)).await;
    let one = make(&a, "shift-assignments", assignment(&early, &own[0], "volunteer")).await;
    let other = make(&b, "shift-assignments", assignment(&late, &own[1], "volunteer")).await;
    let path = |id: &str, act: &str| format!("/v1/shift-assignments/{id}:{act}");
    let state = async |id: &str| admin.get(&format!("/v1/shift-assignments/{id}")).await.body;
    // Offered under a key, once; nothing changes hands.
    let keyed = a.with("idempotency-key", "offer-1");
    let offer = json!({"volunteer_id": own[1], "reason": "家中有事"});
    let offered = keyed.post(&path(&one, "swap"), &offer).await.expect(202);
    assert_eq!((offered.header("etag"), &offered.body["offered_to_id"]), ("\"2\"", &json!(own[1])));
    assert_eq!(keyed.post(&path(&one, "swap"), &offer).await.expect(202).header("idempotency-replayed"), "true");
    let found = b.get(&format!("/v1/shift-assignments?offered_to_id={}", own[1])).await.expect(200).body;
    assert_eq!(found["items"][0]["id"], json!(one));
    // Nobody else answers for him; he declines, and it is as it was.
    for stranger in [&a, &c] {
        stranger.post(&path(&one, "accept-swap"), &json!({})).await.expect(403);
    }
    c.post(&path(&one, "decline-swap"), &json!({})).await.expect(403);
    b.post(&path(&one, "decline-swap"), &json!({"reason": "有事"})).await.expect(200);
    let declined = state(&one).await;
    assert_eq!(
        (&declined["state"], &declined["volunteer_id"], &declined["offered_to_id"]),
        (&json!("assigned"), &json!(own[0]), &json!(null))
    );
    b.post(&path(&one, "accept-swap"), &json!({})).await.expect(403);
    assert_eq!(admin.post(&path(&one, "accept-swap"), &json!({})).await.expect(409).code(), "already_ended");
    // In exchange: accepted by the other, both change hands.
    a.post(&path(&one, "swap"), &json!({"assignment_id": other})).await.expect(202);
    let accepted = b.post(&path(&one, "accept-swap"), &json!({})).await.expect(201).body;
    assert_eq!(
        (&accepted["volunteer_id"], &accepted["shift_id"], &accepted["offered_to_id"]),
        (&json!(own[1]), &json!(early), &json!(null))
    );
    assert_eq!((&state(&one).await["state"], &state(&other).await["state"]), (&json!("swapped"), &json!("swapped")));
    let theirs = state(&other).await["swapped_to_id"].as_str().unwrap().to_owned();
    assert_eq!(state(&theirs).await["volunteer_id"], json!(own[0]));
    // Offered, then given up: the offer is gone with it.
    a.post(&path(&theirs, "swap"), &json!({"volunteer_id": own[2]})).await.expect(202);
    a.post(&path(&theirs, "cancel"), &json!({"reason": "有事"})).await.expect(200);
    assert_eq!(c.post(&path(&theirs, "accept-swap"), &json!({})).await.expect(409).code(), "already_ended");
    // Offered to somebody who can't take it: the reason is told when he accepts, and nothing changes.
    let mine = make(&a, "shift-assignments", assignment(&late, &own[0], "volunteer")).await;
    let third = shift(&admin, &place, "2020-02-03", 14, 16, needs("volunteer", 1)).await;
    make(&c, "shift-assignments", assignment(&third, &own[2], "volunteer")).await;
    a.post(&path(&mine, "swap"), &json!({"volunteer_id": own[2]})).await.expect(202);
    assert_eq!(codes(&c.post(&path(&mine, "accept-swap"), &json!({})).await.expect(422)), ["overlaps"]);
    assert_eq!(state(&mine).await["state"], "assigned");
    // Swaps offered before the cut-off are accepted until it begins, and those agreed to aren't given up any more.
    a.post(&path(&mine, "swap"), &json!({"volunteer_id": own[1]})).await.expect(202);
    set_clock(&app, "2020-02-03T06:00:00+08:00");
    let (a, b) = (later(&a).await, later(&b).await);
    assert_eq!(codes(&a.post(&path(&mine, "swap"), &json!({"volunteer_id": own[1]})).await.expect(422)), ["too_late"]);
    let taken =
        b.post(&path(&mine, "accept-swap"), &json!({})).await.expect(201).body["id"].as_str().unwrap().to_owned();
    assert_eq!(codes(&b.post(&path(&taken, "cancel"), &json!({"reason": "有事"})).await.expect(422)), ["too_late"]);
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}

#[tokio::test]
async fn whom_an_organiser_puts_on_a_shift_late_may_still_say_no() {
    let app = TestApp::start().await;
    // By the service's own clock: from when somebody was told is the ledger's time.
    let admin = app.administrator().await;
    let place = gate(&admin, "北门").await;
    let phone = app.actor(Role::Volunteer, "大兴街道").await;
    let (own, other) =
        (volunteer(&admin, 1, json!({"user_id": phone.id})).await, volunteer(&admin, 2, json!({})).await);
    let soon = |hours: i64| (app.core.clock.now() + chrono::TimeDelta::minutes(hours * 60)).to_rfc3339();
    let body = json!({"place_id": place, "starts_at": soon(12), "ends_at": soon(16), "needs": needs("volunteer", 1)});
    let early = make(&admin, "shifts", body).await;
    let theirs = make(&admin, "shift-assignments", assignment(&early, &other, "volunteer")).await;
    let swap = json!({"volunteer_id": own});
    let given = admin.post(&format!("/v1/shift-assignments/{theirs}:swap"), &swap).await.expect(201).body;
    // The cut-off is now; he was told now, and has two hours.
    let path = |id: &serde_json::Value| format!("/v1/shift-assignments/{}:cancel", id.as_str().unwrap());
    let after = async |actor: &crate::support::Actor, minutes: i64| {
        app.core.clock.shift(chrono::TimeDelta::minutes(minutes));
        later(actor).await
    };
    let phone = after(&phone, 115).await;
    phone.post(&path(&given["id"]), &json!({"reason": "未征求本人意见"})).await.expect(200);
    let admin = app.administrator().await;
    let put = make(&admin, "shift-assignments", assignment(&early, &own, "volunteer")).await;
    let phone = after(&phone, 125).await;
    let reply = phone.post(&path(&json!(put)), &json!({"reason": "有事"})).await.expect(422);
    assert_eq!(codes(&reply), ["too_late"]);
    // Shifts that he took himself he gave up until the cut-off.
    let phone = after(&phone, 10).await;
    let admin = app.administrator().await;
    admin.post(&path(&json!(put)), &json!({"reason": "换人"})).await.expect(200);
    let mine = make(&phone, "shift-assignments", assignment(&early, &own, "volunteer")).await;
    let reply = phone.post(&path(&json!(mine)), &json!({"reason": "有事"})).await.expect(422);
    assert_eq!(codes(&reply), ["too_late"]);
}

#[tokio::test]
async fn a_swap_keeps_a_place_filled_and_meets_others_who_write() {
    let app = TestApp::start().await;
    // By the service's own clock: since when a place is taken is the ledger's time.
    let admin = app.administrator().await;
    let place = gate(&admin, "北门").await;
    let (a, b) = (volunteer(&admin, 1, json!({})).await, volunteer(&admin, 2, json!({})).await);
    let soon = |hours: i64| (app.core.clock.now() + chrono::TimeDelta::hours(hours)).to_rfc3339();
    let body = json!({"place_id": place, "starts_at": soon(30), "ends_at": soon(34), "needs": needs("volunteer", 1)});
    let own = make(&admin, "shifts", body).await;
    let taken = make(&admin, "shift-assignments", assignment(&own, &a, "volunteer")).await;
    app.core.clock.shift(chrono::TimeDelta::hours(10));
    let admin = app.administrator().await;
    // Ten at once: one gives it away, the others are told that it is settled; none meets a conflict of writing.
    let path = format!("/v1/shift-assignments/{taken}:swap");
    let body = json!({"volunteer_id": b});
    let replies = futures_util::future::join_all((0..10).map(|_| admin.post(&path, &body))).await;
    let codes: Vec<_> = replies.iter().map(|reply| (reply.status, reply.code().to_owned())).collect();
    assert_eq!(codes.iter().filter(|(status, _)| *status == 201).count(), 1, "{codes:?}");
    assert!(codes.iter().all(|(status, code)| *status == 201 || code == "already_ended"), "{codes:?}");
    // It was filled a day before, and is: a swap of the last evening makes that neither late nor missed.
    let duty = admin.get(&format!("/v1/duties?duty_kind=shift_filling&subject_id={own}")).await.expect(200).body;
    assert_eq!((&duty["items"][0]["state"], &duty["items"][0]["late"]), (&json!("done"), &json!(false)));
}
