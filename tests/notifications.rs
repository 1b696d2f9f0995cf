//! Notifications: what somebody should know of, without names, and what he has read of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aes_gcm::aead::Aead;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use lianfang::platform::access::Role;
use lianfang::platform::outbound::Seam;
use p256::elliptic_curve::sec1::ToEncodedPoint;
use serde_json::{Value as Json, json};
use sha2::Sha256;

use crate::duties::{duties, supervised};
use crate::isolation_cases::{make, notified, set_clock, step, work};
use crate::shifts::later;
use crate::support::patience::by_itself;
use crate::support::{Actor, TestApp, examples};
use crate::sync::{amend, create, push};
use crate::webhooks::receiver::{Reaction, Receiver};

async fn told(actor: &Actor, query: &str) -> Vec<Json> {
    actor.get(&format!("/v1/notifications?limit=500{query}")).await.expect(200).body["items"]
        .as_array()
        .unwrap()
        .clone()
}

fn types(items: &[Json]) -> Vec<&str> {
    let mut types: Vec<&str> = items.iter().map(|item| item["type"].as_str().unwrap()).collect();
    types.sort_unstable();
    types.dedup();
    types
}

#[tokio::test]
async fn each_is_told_what_is_his_without_a_name_and_marks_it_read() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-23T05:00:00+08:00");
    let (nurse, town) = (app.health_worker("八步镇").await, app.town_cadre("八步镇").await);
    let (village, neighbour) =
        (app.actor(Role::VillageCadre, "八步镇").await, app.actor(Role::VillageCadre, "八步镇").await);
    let accounts = [("health_center", &nurse), ("village", &village), ("town", &town)];
    let id = notified(&nurse, supervised(1, &accounts)).await;
    step(&nurse, &id, "under_observation", json!({})).await.expect(201);
    let first = json!({"case_id": id, "temperature_c": "38.2", "occurred_at": "2020-01-23T05:00:00+08:00"});
    let first = make(&nurse, "temperature-readings", first).await;
    let again =
        json!({"case_id": id, "temperature_c": "38.4", "retest_of": first, "occurred_at": "2020-01-23T05:00:00+08:00"});
    make(&nurse, "temperature-readings", again).await;
    let check = duties(&village, "assignee=me&state=open&duty_kind=village_check").await;
    let give = format!("/v1/duties/{}:hand-over", check[0]["id"].as_str().unwrap());
    village.post(&give, &json!({"assignee_id": neighbour.id})).await.expect(200);
    assert_eq!(types(&told(&nurse, "").await), ["fever"]);
    let handed = told(&neighbour, "").await;
    assert_eq!((types(&handed), &handed[0]["subject"]["id"]), (vec!["handover"], &check[0]["id"]));
    assert!(told(&village, "").await.is_empty());

    set_clock(&app, "2020-01-23T22:30:00+08:00");
    work(&app).await;
    let (nurse, town, neighbour) = (later(&nurse).await, later(&town).await, later(&neighbour).await);
    assert_eq!(types(&told(&neighbour, "").await), ["handover", "missed"]);
    assert_eq!(types(&told(&nurse, "").await), ["fever", "missed"]);
    let went_up = told(&town, "").await;
    assert_eq!(types(&went_up), ["escalation", "missed"]);
    for item in told(&nurse, "").await.iter().chain(&went_up) {
        let (text, said) = (item.to_string(), item["text"].as_str().unwrap());
        assert!(!text.contains("李") && !text.contains("某某") && !said.contains("154"), "{text}");
    }
    let english = neighbour.with("accept-language", "en").get("/v1/notifications").await.expect(200).body;
    assert!(english["items"].as_array().unwrap().iter().all(|item| item["text"].as_str().unwrap().is_ascii()));

    // Read by itself, then all of them; each page goes on where the last ended.
    let read = async |body: &Json, status: u16| nurse.post("/v1/notifications:read", body).await.expect(status);
    let all = told(&nurse, "&unread=true").await;
    let paged = {
        let page = nurse.get("/v1/notifications?limit=1").await.expect(200).body;
        let rest = told(&nurse, &format!("&cursor={}", page["next_cursor"].as_str().unwrap())).await;
        [page["items"].as_array().unwrap().clone(), rest].concat()
    };
    assert_eq!(paged, all);
    read(&json!({"ids": [all[0]["id"]]}), 204).await;
    assert_eq!(told(&nurse, "&unread=true").await, all[1..]);
    assert_eq!(told(&nurse, "&unread=false").await.len(), 1);
    let last = all.last().unwrap();
    read(&json!({"up_to": last["at"]}), 204).await;
    assert!(!told(&nurse, "&unread=true").await.contains(last));
    read(&json!({"up_to": "2199-01-01T00:00:00Z"}), 204).await;
    assert!(told(&nurse, "&unread=true").await.is_empty());
    assert!(told(&nurse, "").await.iter().all(|item| !item["read_at"].is_null()));
    assert!(told(&town, "&unread=true").await.len() == went_up.len(), "each reads for himself");
    for body in [json!({}), json!({"ids": [all[0]["id"]], "up_to": last["at"]}), json!({"ids": ["x"]})] {
        read(&body, 422).await;
    }
    assert_eq!(app.nobody().get("/v1/notifications").await.status, 401);

    // Notifications after the mark are unread; a fortnight later none of them is told.
    set_clock(&app, "2020-01-24T22:30:00+08:00");
    work(&app).await;
    let nurse = later(&nurse).await;
    assert!(!told(&nurse, "&unread=true").await.is_empty());
    set_clock(&app, "2020-02-08T22:31:00+08:00");
    let nurse = later(&nurse).await;
    assert!(told(&nurse, "").await.iter().all(|item| item["at"].as_str().unwrap() > "2020-01-25T22"));
}

/// A duty that comes back to somebody is news again, though he read of the first time.
#[tokio::test]
async fn what_is_handed_over_again_is_unread_again() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-23T05:00:00+08:00");
    let nurse = app.health_worker("八步镇").await;
    let (village, neighbour) =
        (app.actor(Role::VillageCadre, "八步镇").await, app.actor(Role::VillageCadre, "八步镇").await);
    let id = notified(&nurse, supervised(1, &[("village", &village)])).await;
    step(&nurse, &id, "under_observation", json!({})).await.expect(201);
    let check = duties(&village, "assignee=me&state=open&duty_kind=village_check").await;
    let path = format!("/v1/duties/{}:hand-over", check[0]["id"].as_str().unwrap());
    let give = async |from: &Actor, to: &Actor| from.post(&path, &json!({"assignee_id": to.id})).await.expect(200);
    give(&village, &neighbour).await;
    let first = told(&neighbour, "&unread=true").await;
    assert_eq!(types(&first), ["handover"]);
    neighbour.post("/v1/notifications:read", &json!({"ids": [first[0]["id"]]})).await.expect(204);
    assert!(told(&neighbour, "&unread=true").await.is_empty());
    give(&neighbour, &village).await;
    assert_eq!(types(&told(&village, "&unread=true").await), ["handover"]);
    assert!(told(&neighbour, "").await.is_empty(), "it isn't his any more");
    give(&village, &neighbour).await;
    let again = told(&neighbour, "&unread=true").await;
    assert_eq!((types(&again), again.len()), (vec!["handover"], 1));
    assert_ne!(again[0]["id"], first[0]["id"]);
    // A mark of a former release, which told both by one name, is of the first.
    let former = format!("handover_{}", check[0]["id"].as_str().unwrap().replace('-', ""));
    let mark = format!(
        "UPDATE notification_reads SET reads = jsonb_build_object('{former}', '2020-01-22T05:00:00+08:00') WHERE user_id = '{}'",
        neighbour.id
    );
    app.sql(&mark).await;
    assert_eq!(told(&neighbour, "&unread=true").await.len(), 1);
    app.sql(&mark.replace("2020-01-22T", "2199-01-22T")).await;
    assert!(told(&neighbour, "&unread=true").await.is_empty());
}

#[tokio::test]
async fn whose_role_is_gone_is_told_nothing_and_conflicts_are_told_to_whose_phone_it_was() {
    let app = TestApp::start().await;
    let (guard, cadre) = (app.gate_guard("大兴街道").await, app.town_cadre("大兴街道").await);
    let place = examples::checkpoint(&cadre, "511802005").await;
    let item = create(&place, 1);
    push(&guard, json!([item.clone()])).await;
    let path = format!("/v1/screenings/{}", item["id"].as_str().unwrap());
    cadre.patch(&path, "\"1\"", &json!({"disposition": "waiting"})).await.expect(200);
    push(&guard, json!([amend(&item["id"], 1, json!({"disposition": "admitted"}))])).await;
    let items = told(&guard, "").await;
    assert_eq!((types(&items), &items[0]["subject"]["kind"]), (vec!["conflict"], &json!("conflicts")));
    assert!(told(&cadre, "").await.is_empty());
    let conflict = format!("/v1/conflicts/{}:resolve", items[0]["subject"]["id"].as_str().unwrap());
    cadre.post(&conflict, &json!({"take": "phone"})).await.expect(200);
    assert!(told(&guard, "").await.is_empty(), "what isn't so any more isn't told");

    set_clock(&app, "2020-01-23T05:00:00+08:00");
    let (nurse, village) = (app.health_worker("八步镇").await, app.actor(Role::VillageCadre, "八步镇").await);
    notified(&nurse, supervised(1, &[("village", &village)])).await;
    set_clock(&app, "2020-01-23T22:30:00+08:00");
    work(&app).await;
    let village = later(&village).await;
    assert_eq!(types(&told(&village, "").await), ["escalation", "missed"], "of the group below him, and his own");
    app.sql(&format!("UPDATE user_grants SET area_code = '511802005' WHERE user_id = '{}'", village.id)).await;
    app.core.accounts.forget_all();
    assert!(told(&village, "").await.is_empty(), "another area is another's");
}

/// Whoever is offered a duty is told, and who offered it hears what became of it, each time anew.
#[tokio::test]
async fn an_offer_and_its_answer_are_told_to_those_two() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-23T05:00:00+08:00");
    let nurse = app.health_worker("八步镇").await;
    let (village, neighbour) =
        (app.actor(Role::VillageCadre, "八步镇").await, app.actor(Role::VillageCadre, "八步镇").await);
    let third = app.actor(Role::VillageCadre, "八步镇").await;
    notified(&nurse, supervised(1, &[("village", &village)])).await;
    let check = duties(&village, "assignee=me&state=open&duty_kind=village_check").await;
    let path = format!("/v1/duties/{}", check[0]["id"].as_str().unwrap());
    let act = async |actor: &Actor, verb: &str| {
        let to = if verb == "offer" { json!({"assignee_id": neighbour.id}) } else { json!({}) };
        actor.post(&format!("{path}:{verb}"), &to).await.expect(200);
    };
    act(&village, "offer").await;
    let offered = told(&neighbour, "").await;
    assert_eq!((types(&offered), &offered[0]["subject"]["id"]), (vec!["offer"], &check[0]["id"]));
    let text = offered[0].to_string();
    assert!(text.contains("待您接收") && !text.contains("李") && !text.contains("某某"), "{text}");
    neighbour.post("/v1/notifications:read", &json!({"ids": [offered[0]["id"]]})).await.expect(204);
    for other in [&village, &third, &nurse] {
        assert!(told(other, "").await.is_empty());
    }

    // Declined: who offered hears it, and nothing waits any more. Offered again it is another one, unread.
    act(&neighbour, "decline").await;
    assert!(told(&neighbour, "").await.is_empty(), "what isn't so any more isn't told");
    assert_eq!(types(&told(&village, "").await), ["declined"]);
    set_clock(&app, "2020-01-23T05:05:00+08:00");
    act(&village, "offer").await;
    let again = told(&neighbour, "&unread=true").await;
    assert_eq!(types(&again), ["offer"]);
    assert_ne!(again[0]["id"], offered[0]["id"]);

    // A withdrawn offer is no answer; a taken one is, to who offered it, and to who took it no news.
    village.post(&format!("{path}:offer"), &json!({"assignee_id": village.id})).await.expect(200);
    assert_eq!((told(&neighbour, "").await.len(), types(&told(&village, "").await)), (0, vec!["declined"]));
    act(&village, "offer").await;
    act(&neighbour, "accept").await;
    assert_eq!(types(&told(&village, "").await), ["accepted", "declined"]);
    assert!(told(&neighbour, "").await.is_empty());
    let english = village.with("accept-language", "en").get("/v1/notifications").await.expect(200).body;
    assert!(english["items"].as_array().unwrap().iter().all(|item| item["text"].as_str().unwrap().is_ascii()));
    assert!(told(&third, "").await.is_empty());
    // Whoever sees the duty no more hears nothing of it.
    app.sql(&format!("UPDATE user_grants SET area_code = '511802005' WHERE user_id = '{}'", village.id)).await;
    app.core.accounts.forget_all();
    assert!(told(&village, "").await.is_empty());
}

/// A phone's lock screen: encrypted to it alone, without a name, once; a subscription that is over is forgotten.
#[tokio::test]
async fn a_phone_is_pushed_what_waits_and_nobody_between_reads_it() {
    let status = Arc::new(AtomicUsize::new(201));
    let answer = Arc::clone(&status);
    let receiver =
        Receiver::start(move |_, _| Reaction::Status(u16::try_from(answer.load(Ordering::SeqCst)).unwrap())).await;
    let app = TestApp::start_with(|config| {
        let names = |_: &str| vec![std::net::IpAddr::from([127, 0, 0, 1])];
        config.outbound = Seam { loopback: true, names: Some(Arc::new(names)), whole: None };
    })
    .await;
    set_clock(&app, "2020-01-23T05:00:00+08:00");
    let (nurse, village) = (app.health_worker("八步镇").await, app.actor(Role::VillageCadre, "八步镇").await);
    let own = p256::SecretKey::from_slice(&[9; 32]).unwrap();
    let public = own.public_key().to_encoded_point(false);
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let phone = json!({"endpoint": receiver.url(), "p256dh": encode(public.as_bytes()), "auth": encode(&[3; 16])});
    let made = village.post("/v1/push-subscriptions", &phone).await.expect(201);
    assert_eq!(village.post("/v1/push-subscriptions", &phone).await.expect(201).body["id"], made.body["id"]);
    for (name, value, code) in
        [("endpoint", json!("https://127.0.0.1/"), "url_not_allowed"), ("p256dh", json!("A".repeat(86)), "not_a_key")]
    {
        let mut wrong = phone.clone();
        wrong[name] = value;
        assert_eq!(village.post("/v1/push-subscriptions", &wrong).await.expect(422).faults()[0].1, code);
    }
    let kept = app.rows("SELECT row_to_json(s)::text AS row FROM push_subscriptions s").await;
    assert!(kept.into_iter().all(|mut row| !row.text("row").unwrap().contains("receiver.test")));
    notified(&nurse, supervised(1, &[("village", &village)])).await;
    set_clock(&app, "2020-01-23T22:30:00+08:00");
    work(&app).await;
    by_itself(async {
        while receiver.all().is_empty() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
    .await;
    let one = receiver.all().remove(0);
    assert_eq!((one.header("content-encoding"), one.header("ttl")), ("aes128gcm", "43200"));
    let key =
        later(&village).await.get("/v1/push-key").await.expect(200).body["public_key"].as_str().unwrap().to_owned();
    assert!(
        one.header("authorization").starts_with("vapid t=")
            && one.header("authorization").ends_with(&format!("k={key}"))
    );
    let text = opened(&own, public.as_bytes(), &one.raw);
    let said: Json = serde_json::from_str(&text).unwrap();
    assert!(
        said["body"].as_str().unwrap().contains("未完成:") && !text.contains("李") && !text.contains("154"),
        "{text}"
    );
    // The push service says that it is over.
    status.store(410, Ordering::SeqCst);
    set_clock(&app, "2020-01-24T05:00:00+08:00");
    work(&app).await;
    let (village, neighbour) = (later(&village).await, app.actor(Role::VillageCadre, "八步镇").await);
    let check = duties(&village, "assignee=me&state=open&duty_kind=village_check").await;
    let path = format!("/v1/duties/{}", check[0]["id"].as_str().unwrap());
    village.post(&format!("{path}:offer"), &json!({"assignee_id": neighbour.id})).await.expect(200);
    neighbour.post(&format!("{path}:accept"), &json!({})).await.expect(200);
    by_itself(async {
        while !app.rows("SELECT 1 AS one FROM push_subscriptions").await.is_empty() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
    .await;
    assert_eq!(receiver.all().len(), 2, "what was told isn't told again");
    let text = opened(&own, public.as_bytes(), &receiver.all()[1].raw);
    assert!(text.contains("对方已接收") && !text.contains("未完成"), "{text}");
    let again = later(&village).await;
    let path = again.post("/v1/push-subscriptions", &phone).await.expect(201).header("location").to_owned();
    later(&nurse).await.send(reqwest::Method::DELETE, &path, None).await.expect(404);
    again.send(reqwest::Method::DELETE, &path, None).await.expect(204);
}

/// Decrypts as a browser does (RFC 8291).
fn opened(own: &p256::SecretKey, public: &[u8], sealed: &[u8]) -> String {
    let keyed = |key: &[u8], parts: &[&[u8]]| -> Vec<u8> {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes().to_vec()
    };
    let (salt, theirs) = (&sealed[..16], &sealed[21..86]);
    let sender = p256::PublicKey::from_sec1_bytes(theirs).unwrap();
    let shared = p256::ecdh::diffie_hellman(own.to_nonzero_scalar(), sender.as_affine());
    let secret = keyed(&[3; 16], &[shared.raw_secret_bytes()]);
    let material = keyed(&secret, &[b"WebPush: info\0", public, theirs, &[1]]);
    let root = keyed(salt, &[&material]);
    let key: [u8; 16] = keyed(&root, &[b"Content-Encoding: aes128gcm\0\x01"])[..16].try_into().unwrap();
    let nonce: [u8; 12] = keyed(&root, &[b"Content-Encoding: nonce\0\x01"])[..12].try_into().unwrap();
    let text = aes_gcm::Aes128Gcm::new(&key.into()).decrypt(&nonce.into(), &sealed[86..]).unwrap();
    String::from_utf8(text[..text.len() - 1].to_vec()).unwrap()
}
