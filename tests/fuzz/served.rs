//! Examples with odd values in odd places, sent to the service: never a failure of ours, always an answer in form,
//! and the ledger is whole afterwards.

use std::time::{Duration, Instant};

use lianfang::server::routes;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use reqwest::Method;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::{TARGETS, option};
use crate::corpus::{PLACE, prepared, require_form, require_health};
use crate::support::document::example;
use crate::support::{Actor, Reply};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// A text of letters that make trouble.
fn odd_text(random: &mut StdRng, most: usize) -> String {
    const LETTERS: &[char] = &[
        'a', 'Z', '0', '9', ' ', ',', ';', '、', '|', '"', '\'', '=', '-', '\t', '\n', '\r', '.', '/', '\\', '[', '{',
        '%', '*', '张', '𠮷', '１', '　', '·', 'é', 'İ', '٣', '😀', '\u{301}', '<', '&', '\u{85}', '\u{fffd}',
        '\u{200b}', '\u{feff}', '\u{202e}', '\0',
    ];
    (0..random.random_range(0..=most)).map(|_| *LETTERS.choose(random).unwrap()).collect()
}

fn odd_value(random: &mut StdRng) -> Json {
    match random.random_range(0..14_u32) {
        0 => Json::Null,
        1 => json!([]),
        2 => json!({}),
        3 => json!(random.random::<bool>()),
        4 => json!([i64::MAX, i64::MIN, 0, -1, 1, 24, 100_000][random.random_range(0..7_usize)]),
        5 => json!([1e308, -0.0, 1e-308, 0.5, 104.06][random.random_range(0..5_usize)]),
        6 => json!(["0", "-0", "1", "99999999", "0.0001", "36.5", "-1"][random.random_range(0..7_usize)]),
        7 => json!(["1900-01-01", "2199-12-31", "2020-02-29", "2020-02-02"][random.random_range(0..4_usize)]),
        8 => json!(
            ["1900-01-01T00:00:00Z", "2199-12-31T23:59:60Z", "2020-02-02T00:00:00+08:00"]
                [random.random_range(0..3_usize)]
        ),
        9 => json!(Uuid::from_u128(random.random())),
        10 => json!(PLACE),
        11 => json!([odd_text(random, 5), odd_text(random, 5)]),
        12 => json!(["川T12345", "519999194803120012", "15400000001", "元/500克"][random.random_range(0..4_usize)]),
        _ => json!(odd_text(random, 30)),
    }
}

/// Every place in a value, by pointer.
fn places(json: &Json, at: &str, all: &mut Vec<String>) {
    match json {
        Json::Object(members) => members.iter().for_each(|(name, member)| places(member, &format!("{at}/{name}"), all)),
        Json::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| places(item, &format!("{at}/{index}"), all))
        }
        _ => {}
    }
    if !at.is_empty() {
        all.push(at.to_owned());
    }
}

fn altered(example: &Json, random: &mut StdRng) -> Json {
    let mut body = example.clone();
    if random.random_bool(0.7)
        && let Some(members) = body.as_object_mut()
        && members.contains_key("id")
    {
        members.insert("id".into(), json!(Uuid::from_u128(random.random())));
    }
    for _ in 0..random.random_range(1..4_u32) {
        let mut all = Vec::new();
        places(&body, "", &mut all);
        let Some(pointer) = all.choose(random) else { break };
        match body.pointer_mut(pointer) {
            Some(Json::Array(items)) if random.random_bool(0.5) && !items.is_empty() => {
                let item = items[0].clone();
                items.extend(std::iter::repeat_n(item, random.random_range(1..120)));
            }
            Some(place) => *place = odd_value(random),
            None => {}
        }
        if random.random_bool(0.1)
            && let Some(members) = body.as_object_mut()
        {
            let gone = members.keys().nth(random.random_range(0..members.len().max(1))).cloned();
            gone.map(|name| members.remove(&name));
        }
    }
    body
}

/// A body of something that is no creation: method, path, the document's example.
type Other = (Method, String, Json);

/// Every operation with a body of JSON, but those that end the sender's own session.
fn others(document: &Json) -> Vec<Other> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in [Method::POST, Method::PATCH, Method::PUT] {
            let body = &item[method.as_str().to_lowercase()]["requestBody"]["content"]["application/json"];
            let example = example(body);
            if !example.is_null() && !path.starts_with("/v1/auth/") {
                all.push((method, path.clone(), example.clone()));
            }
        }
    }
    all
}

/// A record of each kind as the example has it; their ids.
async fn create_examples(admin: &Actor) -> Vec<Example> {
    for place in crate::support::examples::places() {
        admin.post("/v1/places", &place).await.expect(201);
    }
    let mut examples = Vec::new();
    // In the order in which they build on each other, so that what they name is there.
    for kind in routes::KINDS.iter().filter(|kind| !kind.writers.is_empty()) {
        let body: Json = serde_json::from_str(kind.example).unwrap();
        let created = admin.post(&format!("/v1/{}", kind.path), &body).await.expect(201).body;
        examples.push(Example {
            name: kind.name,
            path: format!("/v1/{}", kind.path),
            body,
            id: created["id"].as_str().unwrap().to_owned(),
        });
    }
    examples
}

struct Example {
    name: &'static str,
    path: String,
    body: Json,
    id: String,
}

/// Sends an altered example by one of the ways in.
async fn send(admin: &Actor, example: &Example, body: &Json, random: &mut StdRng) -> Reply {
    let Example { name, path, id, .. } = example;
    match random.random_range(0..6_u32) {
        0 => admin.post(&format!("{path}:batch"), &json!({"items": [body, example.body, body]})).await,
        1 => admin.patch(&format!("{path}/{id}"), "*", body).await,
        2 => {
            let op = ["create", "amend", "void"][random.random_range(0..3_usize)];
            let id = if op == "create" { Uuid::from_u128(random.random()).to_string() } else { id.clone() };
            let item = json!({"kind": name, "op": op, "id": id, "body": body});
            admin.post("/v1/sync/push", &json!({"device_id": "fuzz", "items": [item]})).await
        }
        3 => {
            let sender = admin.with("content-type", "application/x-ndjson");
            sender.upload(&format!("/v1/imports?kind={name}"), format!("{body}\n").into_bytes()).await
        }
        _ => admin.post(path, body).await,
    }
}

/// Sends an altered example to an operation that creates nothing.
async fn send_other(
    admin: &Actor,
    examples: &[Example],
    (method, path, _): &Other,
    body: &Json,
    random: &mut StdRng,
) -> Reply {
    let of_path = examples.iter().find(|example| path.starts_with(&format!("{}/", example.path)));
    let id = of_path.map_or_else(|| Uuid::from_u128(random.random()).to_string(), |example| example.id.clone());
    let path = path.replace("{id}", &id).replace(['{', '}'], "");
    admin.with("if-match", "*").send(method.clone(), &path, Some(body.to_string())).await
}

fn require(reply: &Reply, at: &str) {
    require_form(reply, at);
    for result in reply.body["results"].as_array().into_iter().flatten() {
        let failed = result["problem"]["status"].as_u64().is_some_and(|status| status >= 500);
        assert!(!failed, "{at}: {result}");
    }
    assert_ne!(reply.body["state"], "interrupted", "{at}: {}", reply.body);
}

#[tokio::test]
async fn served() {
    let (app, admin) = prepared().await;
    let seed = option("FUZZ_SEED").unwrap_or_else(rand::random);
    let share = Duration::from_secs(option("FUZZ_SECONDS").unwrap_or(10)) / u32::try_from(TARGETS.len()).unwrap();
    let mut random = StdRng::seed_from_u64(seed);
    let examples = create_examples(&admin).await;
    let others = others(&admin.get("/openapi.json").await.expect(200).body);
    let (started, mut cases, mut taken) = (Instant::now(), 0, 0);
    while cases < 60 || started.elapsed() < share {
        let reply = if random.random_bool(0.3) {
            let other = others.choose(&mut random).unwrap();
            let body = altered(&other.2, &mut random);
            let reply = send_other(&admin, &examples, other, &body, &mut random).await;
            require(&reply, &format!("FUZZ_SEED={seed} {} {} {body}", other.0, other.1));
            reply
        } else {
            let example = examples.choose(&mut random).unwrap();
            let body = altered(&example.body, &mut random);
            let reply = send(&admin, example, &body, &mut random).await;
            require(&reply, &format!("FUZZ_SEED={seed} {} {body}", example.name));
            reply
        };
        taken += u32::from(reply.status < 300);
        cases += 1;
    }
    println!(
        "fuzz served: {cases} requests, {taken} taken, in {:.1} s, FUZZ_SEED={seed}",
        started.elapsed().as_secs_f64()
    );
    for example in &examples {
        for accept in ["application/json", "text/csv", "application/x-ndjson", XLSX] {
            let (status, _, _) = admin.with("accept", accept).download(&example.path).await;
            assert!(status == 200 || status == 422, "{} as {accept}: {status}", example.name);
        }
    }
    require_health(&app, &admin).await;
}
