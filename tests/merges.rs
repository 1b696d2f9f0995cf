//! Two records of one person: merged, read as one, parted again; documents corrected; people searched.

use lianfang::platform::access::Role;
use serde_json::{Value as Json, json};

use crate::support::{Actor, TestApp, examples, fake_resident_id};

async fn person(actor: &Actor, sequence: u32, area_code: &str) -> String {
    let body = json!({"name": "王五", "document_number": fake_resident_id(sequence), "area_code": area_code, "phone": format!("154{sequence:08}")});
    actor.post("/v1/people", &body).await.expect(201).body["id"].as_str().unwrap().to_owned()
}

async fn count(actor: &Actor, path: &str) -> usize {
    actor.get(path).await.expect(200).body["items"].as_array().unwrap().len()
}

async fn passage(actor: &Actor, place: &str, person_id: &str) {
    let body = json!({"place_id": place, "direction": "in", "person_id": person_id, "temperature_c": "36.5", "answers": ["none"]});
    actor.post("/v1/screenings", &body).await.expect(201);
}

#[tokio::test]
async fn a_merge_is_read_as_one_and_undone_as_if_it_never_was() {
    let app = TestApp::start().await;
    let cadre = app.town_cadre("大兴街道").await;
    let place = examples::checkpoint(&cadre, "511802005").await;
    let (one, two) = (person(&cadre, 1, "511802005").await, person(&cadre, 2, "511802005").await);
    for id in [&one, &two, &two] {
        passage(&cadre, &place, id).await;
    }
    let lists = async || {
        let of = |id: &str| format!("/v1/screenings?person_id={id}");
        (count(&cadre, "/v1/people").await, count(&cadre, &of(&one)).await, count(&cadre, &of(&two)).await)
    };
    let before = (lists().await, cadre.get(&format!("/v1/people/{two}")).await.body);
    assert_eq!(before.0, (2, 1, 2));
    let merge = json!({"into_id": one, "reason": "登记两次"});
    let stays = cadre.post(&format!("/v1/people/{two}:merge"), &merge).await.expect(200).body;
    assert_eq!(stays["id"], one.as_str());
    cadre.post(&format!("/v1/people/{two}:merge"), &merge).await.expect(200);
    assert_eq!(lists().await, (1, 3, 3));
    let read = cadre.get(&format!("/v1/people/{two}")).await.expect(200);
    assert_eq!((read.body["id"].as_str(), read.header("etag")), (Some(one.as_str()), ""));
    assert_eq!(read.header("content-location"), format!("/v1/people/{one}"));
    passage(&cadre, &place, &two).await;
    assert_eq!(lists().await, (1, 4, 4), "either id may be used");
    cadre.post(&format!("/v1/people/{two}:unmerge"), &json!({"reason": "同名不同人"})).await.expect(200);
    assert_eq!(lists().await, (2, 2, 2), "what was written since stands with whom it was resolved to");
    let after = cadre.get(&format!("/v1/people/{two}")).await.body;
    assert_eq!((&after["id"], &after["phone"]), (&before.1["id"], &before.1["phone"]));
    assert_eq!(
        cadre.post(&format!("/v1/people/{two}:unmerge"), &json!({"reason": "x"})).await.expect(422).faults()[0].1,
        "not_merged"
    );
}

#[tokio::test]
async fn merges_make_no_circle_however_many_try_at_once() {
    let app = TestApp::start().await;
    let cadre = app.town_cadre("大兴街道").await;
    let mut ids = Vec::new();
    for sequence in 1..5 {
        ids.push(person(&cadre, sequence, "511802005").await);
    }
    let merge = async |from: usize, into: usize| {
        let body = json!({"into_id": ids[into], "reason": "x"});
        cadre.post(&format!("/v1/people/{}:merge", ids[from]), &body).await
    };
    assert_eq!(merge(0, 0).await.expect(422).faults()[0].1, "same_person");
    let replies = futures_util::future::join_all([merge(0, 1), merge(1, 2), merge(2, 3), merge(3, 0)]).await;
    let mut statuses: Vec<u16> = replies.iter().map(|reply| reply.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 422], "{replies:?}");
    assert_eq!(count(&cadre, "/v1/people").await, 1);
    let stays: Vec<Json> = futures_util::future::join_all(
        ids.iter().map(async |id| cadre.get(&format!("/v1/people/{id}")).await.expect(200).body["id"].clone()),
    )
    .await;
    assert!(stays.iter().all(|id| *id == stays[0]), "{stays:?}");
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}

#[tokio::test]
async fn a_merge_stays_within_what_the_caller_reaches() {
    let app = TestApp::start().await;
    let (here, there) = (app.town_cadre("大兴街道").await, app.town_cadre("八步镇").await);
    let (one, two) = (person(&here, 1, "511802005").await, person(&there, 2, "511802114").await);
    let merge = |into: &str| json!({"into_id": into, "reason": "x"});
    here.post(&format!("/v1/people/{two}:merge"), &merge(&one)).await.expect(404);
    let faults = here.post(&format!("/v1/people/{one}:merge"), &merge(&two)).await.expect(422).faults();
    assert_eq!(faults, [("/into_id".to_owned(), "unknown_reference".to_owned())]);
    let admin = app.administrator().await;
    admin.post(&format!("/v1/people/{one}:merge"), &merge(&two)).await.expect(200);
    assert_eq!(
        here.get(&format!("/v1/people/{one}")).await.expect(200).body["id"],
        one.as_str(),
        "whom he can't see he isn't led to"
    );
    let other = person(&admin, 3, "511802005").await;
    assert_eq!(
        admin.post(&format!("/v1/people/{one}:merge"), &merge(&other)).await.expect(409).code(),
        "already_merged"
    );
}

#[tokio::test]
async fn a_corrected_document_leaves_a_pointer() {
    let app = TestApp::start().await;
    let doctor = app.actor(Role::HealthWorker, "大兴街道").await;
    let id = person(&doctor, 1, "511802005").await;
    let wrong = doctor
        .post(
            &format!("/v1/people/{id}:correct-document"),
            &json!({"document_number": "519999194803120013", "reason": "x"}),
        )
        .await;
    assert_eq!(wrong.expect(422).faults()[0].1, "checksum_mismatch");
    let right = json!({"document_number": "519999194803120012", "reason": "录入有误"});
    let corrected = doctor.post(&format!("/v1/people/{id}:correct-document"), &right).await.expect(200).body;
    assert_ne!(corrected["id"], id.as_str());
    assert_eq!((&corrected["document_number"], &corrected["sex"]), (&json!("51**************12"), &json!("male")));
    assert_eq!(corrected["phone"], "154****0001");
    assert_eq!(doctor.get(&format!("/v1/people/{id}")).await.body["id"], corrected["id"]);
    assert_eq!(count(&doctor, "/v1/people").await, 1);
    let same = doctor
        .post("/v1/people", &json!({"name": "王五", "document_number": "519999194803120012", "area_code": "511802005"}))
        .await;
    assert_eq!(same.expect(200).body["id"], corrected["id"]);
}

#[tokio::test]
async fn people_are_found_by_document_phone_or_name_in_scope_only() {
    let app = TestApp::start().await;
    let (here, there) = (app.town_cadre("大兴街道").await, app.town_cadre("八步镇").await);
    let (one, two) = (person(&here, 1, "511802005").await, person(&here, 2, "511802005").await);
    let search = async |actor: &Actor, body: Json| {
        let found = actor.post("/v1/people:search", &body).await.expect(200).body["items"].as_array().unwrap().clone();
        let mut ids: Vec<String> = found.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect();
        ids.sort();
        ids
    };
    let document = json!({"document_number": format!(" {} ", fake_resident_id(1))});
    assert_eq!(search(&here, document.clone()).await, [one.clone()]);
    assert!(search(&there, document.clone()).await.is_empty());
    assert_eq!(search(&here, json!({"phone": "+86 154 0000 0002"})).await, [two.clone()]);
    let mut both = [one.clone(), two.clone()];
    both.sort();
    assert_eq!(search(&here, json!({"name": "王五", "area_code": "511802"})).await, both);
    assert!(search(&here, json!({"name": "王五", "area_code": "511802114"})).await.is_empty());
    here.post(&format!("/v1/people/{two}:merge"), &json!({"into_id": one, "reason": "x"})).await.expect(200);
    assert_eq!(search(&here, json!({"phone": "15400000002"})).await, [one.clone()], "a merged one leads on");
    for (body, code) in [
        (json!({}), "one_of"),
        (json!({"phone": "1", "name": "王五"}), "one_of"),
        (json!({"name": "王五"}), "required"),
        (json!({"document_number": "519999194803120013"}), "checksum_mismatch"),
        (json!({"name": "王*", "area_code": "511802"}), "masked_value"),
    ] {
        let reply = here.post("/v1/people:search", &body).await.expect(422);
        assert!(reply.faults().iter().any(|(_, found)| found == code), "{body} {}", reply.body);
    }
    let masked = here.patch(&format!("/v1/people/{one}"), "\"1\"", &json!({"name": "王*"})).await.expect(422);
    assert_eq!(masked.faults(), [("/name".to_owned(), "masked_value".to_owned())]);
}

#[tokio::test]
async fn a_merge_sent_twice_under_one_key_has_its_effect_once() {
    let app = TestApp::start().await;
    let cadre = app.town_cadre("大兴街道").await;
    let (one, two) = (person(&cadre, 1, "511802005").await, person(&cadre, 2, "511802005").await);
    let (merge, part) = (json!({"into_id": one, "reason": "登记两次"}), json!({"reason": "同名不同人"}));
    let (merging, parting) = (format!("/v1/people/{two}:merge"), format!("/v1/people/{two}:unmerge"));
    let keyed = |key: &str| cadre.with("idempotency-key", key);
    let first = keyed("3").post(&merging, &merge).await.expect(200);
    assert_eq!((first.body["id"].as_str(), first.header("idempotency-replayed")), (Some(one.as_str()), ""));
    keyed("part").post(&parting, &part).await.expect(200);
    // Its answer was lost: sent again, it doesn't merge them anew.
    let again = keyed("3").post(&merging, &merge).await.expect(200);
    assert_eq!((again.body["id"].as_str(), again.header("idempotency-replayed")), (Some(one.as_str()), "true"));
    assert_eq!(count(&cadre, "/v1/people").await, 2);
    let parted = keyed("part").post(&parting, &part).await.expect(200);
    assert_eq!((parted.body["id"].as_str(), parted.header("idempotency-replayed")), (Some(two.as_str()), "true"));
    let other = json!({"into_id": one, "reason": "另有原因"});
    assert_eq!(keyed("3").post(&merging, &other).await.expect(422).code(), "idempotency_key_reused");
    // A corrected document leads on once, too.
    let correction = json!({"document_number": fake_resident_id(3), "reason": "录入时证件号码有误"});
    let correcting = format!("/v1/people/{two}:correct-document");
    let corrected = keyed("correct").post(&correcting, &correction).await.expect(200);
    let retried = keyed("correct").post(&correcting, &correction).await.expect(200);
    assert_eq!((&retried.body["id"], retried.header("idempotency-replayed")), (&corrected.body["id"], "true"));
}
