//! The batching writer: neighbours don't spoil each other, several processes share a database.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use crate::support::{Actor, TestApp, examples};

/// Sends all at once; statuses in the order of the bodies.
async fn post_all(senders: &[(&Actor, Json)]) -> Vec<u16> {
    let posts = senders.iter().map(|(actor, body)| {
        let (actor, body) = ((*actor).clone(), body.clone());
        tokio::spawn(async move { actor.post("/v1/screenings", &body).await.status })
    });
    let mut statuses = Vec::new();
    for post in posts.collect::<Vec<_>>() {
        statuses.push(post.await.unwrap());
    }
    statuses
}

/// Records that the database alone refuses, behind every check of ours, fail alone.
#[tokio::test]
async fn one_bad_among_many_good_of_the_same_batch() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    app.sql("ALTER TABLE screenings ADD CHECK (temperature_c <> 36.9)").await;
    let bodies: Vec<(&Actor, Json)> = (0..64)
        .map(|sequence| {
            let mut body = examples::screening(&place, sequence);
            body["temperature_c"] = if sequence == 30 { "36.9" } else { "36.5" }.into();
            (&admin, body)
        })
        .collect();
    let statuses = post_all(&bodies).await;
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 63);
    assert_eq!(statuses[30], 500);
    let numbers = app.rows("SELECT change_no FROM screenings ORDER BY 1").await;
    let numbers: Vec<i64> = numbers.into_iter().filter_map(|mut row| row.integer("change_no")).collect();
    assert_eq!(numbers, (2..65).collect::<Vec<_>>(), "the bad one spent no number");
    let entries = app.rows("SELECT count(*) AS n FROM ledger_entries").await[0].integer("n").unwrap();
    assert!(entries < 60, "they shared transactions: {entries} entries");
    lianfang::integrity::verify(&app.core, |_, _| {}).await.unwrap();
}

/// Writers of two processes and two districts, with people in common and ids sent twice.
#[tokio::test]
async fn several_processes_and_districts_keep_separate_gapless_numbers() {
    let app = TestApp::start().await;
    let other = app.another().await;
    let yucheng = (app.administrator().await, other.administrator().await);
    let role = lianfang::platform::access::Role::DistrictAdmin;
    let mingshan = (app.actor(role, "名山区").await, other.actor(role, "名山区").await);
    let here = examples::checkpoint(&yucheng.0, "511802005").await;
    let there = examples::checkpoint(&mingshan.0, "511803").await;
    let mut bodies: Vec<(&Actor, Json)> = Vec::new();
    for sequence in 0..30 {
        let (one, two) = (examples::screening(&here, sequence % 7), examples::screening(&there, sequence % 7));
        bodies.extend([(&yucheng.0, one.clone()), (&mingshan.0, two.clone()), (&yucheng.1, one), (&mingshan.1, two)]);
    }
    let statuses = post_all(&bodies).await;
    // The second sender of an id is another account with the same content: 200 as for a retry.
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 60, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 60, "{statuses:?}");
    for (district_code, reader) in [("511802", &yucheng.0), ("511803", &mingshan.0)] {
        let page = reader.get("/v1/changes?limit=500&kinds=screenings,places").await.expect(200).body;
        let numbers: Vec<i64> =
            page["items"].as_array().unwrap().iter().map(|item| item["change_no"].as_i64().unwrap()).collect();
        assert_eq!(numbers, (1..=31).collect::<Vec<_>>(), "{district_code}");
    }
    let people: BTreeSet<_> =
        app.rows("SELECT id FROM people").await.into_iter().filter_map(|mut row| row.id("id")).collect();
    assert_eq!(people.len(), 14, "seven people in each district");
    lianfang::integrity::verify(&app.core, |_, _| {}).await.unwrap();
}

/// The writer's connection dies under it: nobody is told what isn't so.
#[tokio::test]
async fn a_lost_connection_is_made_again() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    for round in 0..5_u32 {
        let killer = app.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
        let bodies: Vec<(&Actor, Json)> =
            (0..16).map(|sequence| (&admin, examples::screening(&place, round * 16 + sequence))).collect();
        let (statuses, ()) = tokio::join!(post_all(&bodies), killer);
        for ((actor, body), status) in bodies.iter().zip(statuses) {
            assert!(matches!(status, 201 | 503), "{status}");
            let again = actor.post("/v1/screenings", body).await.status;
            assert!(again == 200 || (status == 503 && again == 201), "{status}, then {again}");
        }
    }
    assert_eq!(app.rows("SELECT count(*) AS n FROM screenings").await[0].integer("n"), Some(80));
    let refused = json!({"place_id": place});
    admin.post("/v1/screenings", &refused).await.expect(422);
    lianfang::integrity::verify(&app.core, |_, _| {}).await.unwrap();
}
