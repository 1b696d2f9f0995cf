//! Many records in one request, and requests sent twice.

use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::support::{TestApp, examples};

pub fn outcomes(body: &Json) -> Vec<(String, i64)> {
    let results = body["results"].as_array().unwrap();
    assert!(results.iter().enumerate().all(|(index, result)| result["index"] == index));
    results
        .iter()
        .map(|result| (result["outcome"].as_str().unwrap().to_owned(), result["status"].as_i64().unwrap()))
        .collect()
}

#[tokio::test]
async fn a_bad_item_spoils_no_other() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let mut items: Vec<Json> = (0..64).map(|sequence| examples::screening(&place, sequence)).collect();
    items[17]["person"]["document_number"] = "519999199003070022".into();
    let reply = admin.post("/v1/screenings:batch", &json!({"items": items})).await.expect(207);
    let outcomes = outcomes(&reply.body);
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == ("created".into(), 201)).count(), 63);
    assert_eq!(outcomes[17], ("refused".into(), 422));
    assert_eq!(reply.body["results"][17]["problem"]["errors"][0]["pointer"], "/person/document_number");
    let again = admin.post("/v1/screenings:batch", &json!({"items": items})).await.expect(207);
    assert_eq!(
        again.body["results"].as_array().unwrap().iter().filter(|result| result["outcome"] == "same").count(),
        63
    );
    assert_eq!(app.rows("SELECT count(*) AS n FROM screenings").await[0].integer("n"), Some(63));
}

#[tokio::test]
async fn an_atomic_batch_is_all_or_nothing() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    // Ten passages of three people, one of them with a second phone.
    let mut items: Vec<Json> = (0..10).map(|sequence| examples::screening(&place, sequence % 3)).collect();
    items[7]["person"]["phone"] = "15499999999".into();
    let mut bad = items.clone();
    bad[4]["direction"] = "up".into();
    let reply = admin.post("/v1/screenings:batch?atomic=true", &json!({"items": bad})).await.expect(207);
    let told = outcomes(&reply.body);
    assert_eq!(told[4], ("refused".into(), 422));
    assert!(
        told.iter().enumerate().all(|(index, outcome)| index == 4 || *outcome == ("refused".into(), 424)),
        "{told:?}"
    );
    assert_eq!(app.rows("SELECT count(*) AS n FROM people").await[0].integer("n"), Some(0));

    let valid = admin.post("/v1/screenings:batch?validate_only=true", &json!({"items": bad})).await.expect(207);
    assert_eq!(outcomes(&valid.body)[3..5], [("valid".into(), 200), ("refused".into(), 422)]);
    assert_eq!(app.rows("SELECT count(*) AS n FROM screenings").await[0].integer("n"), Some(0));

    let reply = admin.post("/v1/screenings:batch?atomic=true", &json!({"items": items})).await.expect(207);
    assert!(outcomes(&reply.body).iter().all(|outcome| *outcome == ("created".into(), 201)), "{}", reply.body);
    let numbers: Vec<i64> =
        reply.body["results"].as_array().unwrap().iter().map(|result| result["change_no"].as_i64().unwrap()).collect();
    assert_eq!(numbers, (numbers[0]..numbers[0] + 10).collect::<Vec<_>>());
    assert_eq!(reply.body["results"][7]["warnings"][0]["code"], "unknown_county");
    assert_eq!(app.rows("SELECT count(*) AS n FROM people").await[0].integer("n"), Some(3));
    assert_eq!(
        app.rows("SELECT count(*) AS n FROM ledger_entries").await[0].integer("n"),
        Some(2),
        "the place and the batch"
    );
    let again = admin.post("/v1/screenings:batch?atomic=true", &json!({"items": items})).await.expect(207);
    assert!(outcomes(&again.body).iter().all(|outcome| *outcome == ("same".into(), 200)));
    lianfang::integrity::verify(&app.core, |_, _| {}).await.unwrap();

    let mingshan = json!({"kind": "mall", "name": "x", "area_code": "511803"});
    let both = app.actor(lianfang::platform::access::Role::DistrictAdmin, "雅安市").await;
    let yucheng = json!({"kind": "mall", "name": "x", "area_code": "511802"});
    let reply = both.post("/v1/places:batch?atomic=true", &json!({"items": [mingshan, yucheng]})).await.expect(422);
    assert_eq!(reply.code(), "spans_districts");
    let reply = both.post("/v1/places:batch", &json!({"items": [mingshan, yucheng]})).await.expect(207);
    assert!(outcomes(&reply.body).iter().all(|outcome| outcome.1 == 201));
}

#[tokio::test]
async fn the_form_of_a_batch_is_strict() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    for (body, pointer) in [
        (json!([]), ""),
        (json!({}), "/items"),
        (json!({"items": []}), "/items"),
        (json!({"items": {}}), "/items"),
        (json!({"items": [{}], "colour": 1}), "/colour"),
        (json!({"items": vec![json!({}); 501]}), "/items"),
    ] {
        let reply = admin.post("/v1/screenings:batch", &body).await;
        assert!(matches!(reply.status, 400 | 422), "{}", reply.body);
        assert_eq!(reply.faults()[0].0, pointer);
    }
    let reply = admin.post("/v1/screenings:batch", &json!({"items": [1, null, [], {"x": 1}]})).await.expect(207);
    assert!(outcomes(&reply.body).iter().all(|outcome| *outcome == ("refused".into(), 400)), "{}", reply.body);
}

#[tokio::test]
async fn a_key_gives_the_same_answer_again() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let mut body = examples::screening(&place, 1);
    body.as_object_mut().unwrap().remove("id");
    let keyed = admin.with("idempotency-key", "stairwell 7");
    let first = keyed.post("/v1/screenings", &body).await.expect(201);
    assert_eq!(first.header("idempotency-replayed"), "");
    let again = keyed.post("/v1/screenings", &body).await.expect(201);
    assert_eq!((again.header("idempotency-replayed"), &again.body), ("true", &first.body));
    admin.patch(first.header("location"), "\"1\"", &json!({"note": "x"})).await.expect(200);
    assert_eq!(keyed.post("/v1/screenings", &body).await.expect(201).body, first.body, "the revision answered then");
    let mut other = body.clone();
    other["temperature_c"] = "36.6".into();
    assert_eq!(keyed.post("/v1/screenings", &other).await.expect(422).code(), "idempotency_key_reused");
    let stranger = app.administrator().await.with("idempotency-key", "stairwell 7");
    stranger.post("/v1/screenings", &body).await.expect(201);
    assert_eq!(app.rows("SELECT count(*) AS n FROM screenings").await[0].integer("n"), Some(2));

    let void = keyed.post(&format!("{}:void", first.header("location")), &json!({"reason": "x"})).await.expect(200);
    let again = keyed.post(&format!("{}:void", first.header("location")), &json!({"reason": "x"})).await.expect(200);
    assert_eq!((again.header("idempotency-replayed"), &again.body), ("true", &void.body));

    let faulty = admin.with("idempotency-key", "a");
    faulty.post("/v1/screenings", &json!({"direction": "up"})).await.expect(422);
    faulty.post("/v1/screenings", &body).await.expect(201);
    app.core.clock.shift(chrono::TimeDelta::days(15));
    for bad in ["", &"x".repeat(65)] {
        assert_eq!(
            app.administrator()
                .await
                .with("idempotency-key", bad)
                .post("/v1/screenings", &body)
                .await
                .expect(400)
                .code(),
            "bad_idempotency_key"
        );
    }
}

#[tokio::test]
async fn one_key_used_by_many_at_once_has_one_effect() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let mut body = examples::screening(&place, 1);
    body.as_object_mut().unwrap().remove("id");
    let keyed = admin.with("idempotency-key", &Uuid::now_v7().to_string());
    let posts: Vec<_> = (0..16)
        .map(|_| {
            let (keyed, body) = (keyed.clone(), body.clone());
            tokio::spawn(async move { keyed.post("/v1/screenings", &body).await.expect(201).body["id"].clone() })
        })
        .collect();
    let mut ids = Vec::new();
    for post in posts {
        ids.push(post.await.unwrap());
    }
    assert!(ids.iter().all(|id| *id == ids[0]));
    assert_eq!(app.rows("SELECT count(*) AS n FROM screenings").await[0].integer("n"), Some(1));
}
