//! Items of one request that name one another: each may name what an earlier one makes, by the id that the client chose;
//! what is refused takes those with it that name it.

use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::batches::outcomes;
use crate::support::{Actor, TestApp, examples};
use crate::sync::push;

const AREA: &str = "511802005";

fn organization(name: &str, parent: Option<&Json>) -> Json {
    let mut body = json!({"id": Uuid::now_v7(), "kind": "school", "name": name, "area_code": "511802"});
    if let Some(parent) = parent {
        body["parent_id"] = parent["id"].clone();
    }
    body
}

/// Answer to an item: outcome, status, and the faults by pointer and code.
type Told = (String, i64, Vec<(String, String)>);

fn told(body: &Json) -> Vec<Told> {
    let text = |json: &Json| json.as_str().unwrap_or_default().to_owned();
    let faults = |result: &Json| {
        let list = result["problem"]["errors"].as_array().cloned().unwrap_or_default();
        let mut faults: Vec<_> = list.iter().map(|fault| (text(&fault["pointer"]), text(&fault["code"]))).collect();
        faults.sort();
        faults
    };
    let results = body["results"].as_array().unwrap();
    outcomes(body)
        .into_iter()
        .zip(results)
        .map(|((outcome, status), result)| (outcome, status, faults(result)))
        .collect()
}

async fn batch(actor: &Actor, path: &str, items: &[Json]) -> Json {
    actor.post(path, &json!({"items": items})).await.expect(207).body
}

async fn count(app: &TestApp, table: &str) -> i64 {
    app.rows(&format!("SELECT count(*) AS n FROM {table}")).await[0].integer("n").unwrap()
}

#[tokio::test]
async fn a_tree_is_one_request_whether_tried_each_for_itself_or_whole() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    for atomic in ["", "&atomic=true"] {
        let bureau = organization("教育局", None);
        let school = organization("雨城一小", Some(&bureau));
        let classes: Vec<Json> = (1..=40).map(|number| organization(&format!("{number}班"), Some(&school))).collect();
        let items = [vec![bureau.clone(), school.clone()], classes.clone()].concat();
        let (before, entries) = (count(&app, "organizations").await, count(&app, "ledger_entries").await);
        let path = |trial: bool| format!("/v1/organizations:batch?validate_only={trial}{atomic}");
        let tried = outcomes(&batch(&admin, &path(true), &items).await);
        assert!(tried.iter().all(|outcome| *outcome == ("valid".into(), 200)), "{tried:?}");
        assert_eq!(count(&app, "organizations").await, before);
        let written = batch(&admin, &path(false), &items).await;
        assert!(outcomes(&written).iter().all(|outcome| *outcome == ("created".into(), 201)), "{written}");
        let numbers: Vec<i64> =
            written["results"].as_array().unwrap().iter().map(|result| result["change_no"].as_i64().unwrap()).collect();
        assert!(numbers.is_sorted(), "in the order of the items");
        if !atomic.is_empty() {
            assert_eq!(count(&app, "ledger_entries").await, entries + 1, "one entry");
        }
        let class = admin.get(&format!("/v1/organizations/{}", classes[39]["id"].as_str().unwrap())).await.body;
        assert_eq!(class["parent_id"], school["id"]);
        let again = outcomes(&batch(&admin, &path(false), &items).await);
        assert!(again.iter().all(|outcome| *outcome == ("same".into(), 200)), "{again:?}");
    }
    // As deep as a batch is long.
    let mut chain = vec![organization("0", None)];
    for number in 1..60 {
        let next = organization(&number.to_string(), chain.last());
        chain.push(next);
    }
    for path in ["?validate_only=true&atomic=true", "?validate_only=true", ""] {
        let reply = outcomes(&batch(&admin, &format!("/v1/organizations:batch{path}"), &chain).await);
        assert!(reply.iter().all(|outcome| outcome.0 != "refused"), "{reply:?}");
    }
    lianfang::integrity::verify(&app.core, |_, _| {}).await.unwrap();
}

#[tokio::test]
async fn what_names_a_refused_item_is_refused_and_nothing_else() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let mut bureau = organization("教育局", None);
    bureau["colour"] = 1.into();
    let mut school = organization("雨城一小", Some(&bureau));
    school["kind"] = "circus".into();
    let class = organization("一班", Some(&school));
    let other = organization("司法局", None);
    let below_other = organization("司法所", Some(&other));
    let late = organization("街道办", None);
    let early = organization("居委会", Some(&late));
    let items = [bureau, school, class, other.clone(), below_other, early, late];
    let fault = |pointer: &str, code: &str| (pointer.to_owned(), code.to_owned());
    let refused = [
        (0, 400, vec![fault("/colour", "unknown_field")]),
        (1, 422, vec![fault("/kind", "not_in_vocabulary"), fault("/parent_id", "refused_item")]),
        (2, 422, vec![fault("/parent_id", "refused_item")]),
        // Only what came before is known.
        (5, 422, vec![fault("/parent_id", "unknown_reference")]),
    ];
    let before = count(&app, "organizations").await;
    for (query, outcome, status) in [
        ("?validate_only=true", "valid", 200),
        ("?validate_only=true&atomic=true", "refused", 424),
        ("?atomic=true", "refused", 424),
        ("", "created", 201),
    ] {
        assert_eq!(count(&app, "organizations").await, before, "{query}");
        let reply = batch(&admin, &format!("/v1/organizations:batch{query}"), &items).await;
        let told = told(&reply);
        for (index, status, faults) in &refused {
            assert_eq!(told[*index], ("refused".to_owned(), *status, faults.clone()), "{query} {index}");
        }
        for index in [3, 4, 6] {
            assert_eq!((told[index].0.as_str(), told[index].1), (outcome, status), "{query} {index}: {reply}");
        }
        let english = admin.with("accept-language", "en");
        let reply = batch(&english, "/v1/organizations:batch?validate_only=true", &items).await;
        let message = reply["results"][2]["problem"]["errors"][0]["message"].as_str().unwrap();
        assert!(message.contains("item 1 "), "{message}");
    }
    assert_eq!(count(&app, "organizations").await, before + 3);
    // Another content under the id of one that stands: what names it meant what was refused.
    let mut renamed = other.clone();
    renamed["name"] = "别的局".into();
    let below = organization("又一所", Some(&renamed));
    let reply = batch(&admin, "/v1/organizations:batch", &[renamed, below.clone()]).await;
    assert_eq!(told(&reply)[0], ("refused".into(), 409, vec![]));
    assert_eq!(told(&reply)[1], ("refused".into(), 422, vec![fault("/parent_id", "refused_item")]));
    // Twice in one request, the second one otherwise: the first stands, and so does what names it.
    let (one, mut two) = (organization("甲", None), organization("乙", None));
    two["id"] = one["id"].clone();
    let child = organization("丙", Some(&one));
    let reply = batch(&admin, "/v1/organizations:batch", &[one, two, child]).await;
    assert_eq!(outcomes(&reply), [("created".into(), 201), ("refused".into(), 409), ("created".into(), 201)]);
}

#[tokio::test]
async fn somebody_told_within_an_item_is_named_by_later_ones() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, AREA).await;
    for (sequence, query) in [(1, ""), (2, "?atomic=true")] {
        let mut first = examples::screening(&place, sequence);
        first["person"]["id"] = json!(Uuid::now_v7());
        first["temperature_c"] = "37.6".into();
        let mut second = examples::screening(&place, 0);
        second.as_object_mut().unwrap().remove("person");
        second["person_id"] = first["person"]["id"].clone();
        second["retest_of"] = first["id"].clone();
        let items = [first.clone(), second.clone()];
        for trial in ["?validate_only=true", "?validate_only=true&atomic=true"] {
            let tried = batch(&admin, &format!("/v1/screenings:batch{trial}"), &items).await;
            assert_eq!(outcomes(&tried), [("valid".into(), 200), ("valid".into(), 200)], "{tried}");
        }
        let written = batch(&admin, &format!("/v1/screenings:batch{query}"), &items).await;
        assert_eq!(outcomes(&written), [("created".into(), 201), ("created".into(), 201)], "{written}");
        let read = async |item: &Json| {
            admin.get(&format!("/v1/screenings/{}", item["id"].as_str().unwrap())).await.expect(200).body
        };
        let (first, second) = (read(&first).await, read(&second).await);
        assert_eq!((&second["retest_of"], &second["person_id"]), (&first["id"], &first["person_id"]), "{query}");
    }
}

#[tokio::test]
async fn a_narrow_account_makes_and_names_only_what_is_its_own() {
    let app = TestApp::start().await;
    let town = app.town_cadre("大兴街道").await;
    let place = |name: &str, area_code: &str, parent: Option<&Json>| {
        let mut body = json!({"id": Uuid::now_v7(), "kind": "mall", "name": name, "area_code": area_code});
        if let Some(parent) = parent {
            body["parent_id"] = parent["id"].clone();
        }
        body
    };
    let away = place("商场", "511802101", None);
    let below_away = place("铺面", AREA, Some(&away));
    let own = place("商场", AREA, None);
    let below = place("铺面", AREA, Some(&own));
    let fault = ("/parent_id".to_owned(), "refused_item".to_owned());
    for (query, done) in [("?validate_only=true", "valid"), ("", "created")] {
        let items = [away.clone(), below_away.clone(), own.clone(), below.clone()];
        let told = told(&batch(&town, &format!("/v1/places:batch{query}"), &items).await);
        assert_eq!((told[0].0.as_str(), told[0].1), ("refused", 403));
        assert_eq!(told[1], ("refused".into(), 422, vec![fault.clone()]));
        assert_eq!((told[2].0.as_str(), told[3].0.as_str()), (done, done));
    }
}

/// The same between kinds, as phones hand them in.
#[tokio::test]
async fn a_push_places_what_its_own_items_make() {
    let app = TestApp::start().await;
    let cadre = app.town_cadre("大兴街道").await;
    let creation = |kind: &str, mut body: Json| {
        let id = body.as_object_mut().unwrap().remove("id").unwrap_or_else(|| json!(Uuid::now_v7()));
        json!({"kind": kind, "op": "create", "id": id, "body": body})
    };
    let compound = creation("places", json!({"kind": "family_compound", "name": "大院", "area_code": AREA}));
    let gate = json!({"kind": "compound_gate", "name": "北门", "area_code": AREA, "parent_id": compound["id"]});
    let gate = creation("places", gate);
    let passage =
        |gate: &Json, sequence| creation("screenings", examples::screening(gate["id"].as_str().unwrap(), sequence));
    let mut first = passage(&gate, 1);
    first["body"]["temperature_c"] = "37.6".into();
    let mut second = passage(&gate, 1);
    second["body"]["retest_of"] = first["id"].clone();
    let items = json!([compound, gate, first, second]);
    let results = push(&cadre, items.clone()).await;
    assert!(results.iter().all(|result| result["outcome"] == "created"), "{results:#?}");
    let numbers: Vec<i64> = results.iter().map(|result| result["change_no"].as_i64().unwrap()).collect();
    assert!(numbers.is_sorted());
    assert!(push(&cadre, items).await.iter().all(|result| result["outcome"] == "same"));

    // An item that can't be placed is held, and with it those that name it: none is lost, and all others stand.
    let broken =
        creation("places", json!({"kind": "compound_gate", "name": "南门", "area_code": AREA, "latitude": "north"}));
    let (waiting, standing) = (passage(&broken, 2), passage(&gate, 3));
    let results = push(&cadre, json!([broken, waiting, standing])).await;
    let told: Vec<&str> = results.iter().map(|result| result["outcome"].as_str().unwrap()).collect();
    assert_eq!(told, ["held", "held", "created"], "{results:#?}");
    let fault = &results[1]["problem"]["errors"][0];
    assert_eq!((&fault["pointer"], &fault["code"]), (&json!("/place_id"), &json!("unknown_reference")));
    let held = cadre.get("/v1/held-items").await.expect(200).body["items"].as_array().unwrap().clone();
    let path_of = |item: &Json| {
        let held = held.iter().find(|held| held["record_id"] == item["id"]).unwrap();
        format!("/v1/held-items/{}", held["id"].as_str().unwrap())
    };
    let mend = json!({"body": {"latitude": null}}).to_string();
    cadre.send(reqwest::Method::PATCH, &path_of(&broken), Some(mend)).await.expect(200);
    for item in [&broken, &waiting] {
        let retried = cadre.post(&format!("{}:retry", path_of(item)), &json!({})).await.expect(200).body;
        assert!(["created", "same"].contains(&retried["outcome"].as_str().unwrap()), "{retried}");
    }
}
