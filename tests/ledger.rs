//! The ledger: numbers without gaps, a chain that holds, figures that agree; and failing loudly.

use std::collections::BTreeSet;

use kit::value::Value;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::support::{TestApp, examples};

/// Every number of a district's current and former revisions, ascending.
async fn numbers(app: &TestApp, district_code: &str) -> Vec<i64> {
    let tables = ["organizations", "places", "people", "screenings", "record_revisions"];
    let selects: Vec<String> =
        tables.map(|table| format!("SELECT change_no FROM {table} WHERE district_code = '{district_code}'")).to_vec();
    let rows =
        app.rows(&format!("SELECT DISTINCT change_no FROM ({}) AS n ORDER BY 1", selects.join(" UNION ALL "))).await;
    rows.into_iter().filter_map(|mut row| row.integer("change_no")).collect()
}

#[tokio::test]
async fn numbers_have_no_gaps_and_the_chain_holds() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    for sequence in 0..10 {
        let body = examples::screening(&place, sequence % 4);
        admin.post("/v1/screenings", &body).await.expect(201);
        let path = format!("/v1/screenings/{}", body["id"].as_str().unwrap());
        admin.post("/v1/screenings", &json!({"place_id": place})).await.expect(422);
        if sequence % 3 == 0 {
            admin.patch(&path, "\"1\"", &json!({"temperature_c": "38.0"})).await.expect(200);
        }
        if sequence % 4 == 0 {
            admin.post(&format!("{path}:void"), &json!({"reason": "x"})).await.expect(200);
        }
    }
    let found = numbers(&app, "511802").await;
    assert_eq!(found, (1..=found.len() as i64).collect::<Vec<_>>());
    require_chain(&app, "511802", found.len() as i64).await;
}

/// Recomputes the chain from the entries, in Rust, as `ledger_entries`' comment describes it.
async fn require_chain(app: &TestApp, district_code: &str, last_no: i64) {
    let sql = format!(
        "SELECT first_no, change_count, digest, head, (extract(epoch FROM recorded_at) * 1000000)::bigint AS micros \
         FROM ledger_entries WHERE district_code = '{district_code}' ORDER BY first_no"
    );
    let mut head: Vec<u8> = Sha256::digest(district_code).to_vec();
    let (mut next, mut before) = (1, 0);
    for mut entry in app.rows(&sql).await {
        let mut take = |column: &str| entry.integer(column).unwrap();
        let (first_no, count, micros) = (take("first_no"), take("change_count"), take("micros"));
        assert_eq!(first_no, next);
        assert!(micros >= before, "time ran backwards");
        let digest = entry.bytes("digest").unwrap();
        let hash =
            Sha256::new().chain_update(&head).chain_update(first_no.to_be_bytes()).chain_update(count.to_be_bytes());
        head = hash.chain_update(&digest).chain_update(micros.to_be_bytes()).finalize().to_vec();
        assert_eq!(entry.bytes("head").unwrap(), head, "entry {first_no}");
        (next, before) = (first_no + count, micros);
    }
    let mut clock =
        app.rows(&format!("SELECT last_no, head FROM district_clocks WHERE district_code = '{district_code}'")).await;
    assert_eq!(clock[0].integer("last_no"), Some(last_no));
    assert_eq!(next, last_no + 1);
    assert_eq!(clock[0].bytes("head"), Some(head));
}

#[tokio::test]
async fn figures_agree_with_the_records_they_count() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    for sequence in 0..12 {
        let mut body = examples::screening(&place, sequence);
        body["temperature_c"] = if sequence % 3 == 0 { "38.1" } else { "36.4" }.into();
        body["direction"] = if sequence % 2 == 0 { "in" } else { "out" }.into();
        body["occurred_at"] = format!("2020-02-0{}T23:59:59+08:00", 1 + sequence % 3).into();
        let path = admin.post("/v1/screenings", &body).await.expect(201).header("location").to_owned();
        match sequence {
            1 => drop(admin.patch(&path, "\"1\"", &json!({"temperature_c": "39.0"})).await.expect(200)),
            2 => drop(
                admin.patch(&path, "\"1\"", &json!({"occurred_at": "2020-02-09T00:00:00+08:00"})).await.expect(200),
            ),
            3 => drop(admin.post(&format!("{path}:void"), &json!({"reason": "x"})).await.expect(200)),
            _ => {}
        }
    }
    let recount = "SELECT measure, on_day, sum(total)::bigint AS total FROM (\
        SELECT unnest(ARRAY['screened', 'screened_' || direction] || CASE WHEN abnormal THEN ARRAY['abnormal'] ELSE '{}' END \
        || CASE WHEN complete THEN ARRAY['complete'] ELSE '{}' END) AS measure, (occurred_at AT TIME ZONE 'Asia/Shanghai')::date AS on_day, 1 AS total \
        FROM screenings WHERE NOT voided) AS n GROUP BY 1, 2 ORDER BY 1, 2";
    let kept = "SELECT measure, on_day, sum(total)::bigint AS total FROM record_rollups WHERE kind = 'screenings' GROUP BY 1, 2 HAVING sum(total) <> 0 ORDER BY 1, 2";
    let figures = async |sql: &str| -> Vec<(Option<String>, Value, Option<i64>)> {
        let rows = app.rows(sql).await;
        rows.into_iter().map(|mut row| (row.text("measure"), row.take("on_day"), row.integer("total"))).collect()
    };
    let counted = figures(recount).await;
    assert!(counted.len() > 10);
    assert_eq!(figures(kept).await, counted);
}

#[tokio::test]
async fn writers_at_once_get_numbers_of_their_own() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let posts = (0..60).map(|sequence| {
        let (admin, body) = (admin.clone(), examples::screening(&place, sequence % 20));
        tokio::spawn(async move { admin.post("/v1/screenings", &body).await })
    });
    let mut taken = BTreeSet::new();
    for post in posts.collect::<Vec<_>>() {
        taken.insert(post.await.unwrap().expect(201).body["change_no"].as_i64().unwrap());
    }
    assert_eq!(taken.len(), 60);
    let found = numbers(&app, "511802").await;
    assert_eq!(found, (1..=found.len() as i64).collect::<Vec<_>>());
    require_chain(&app, "511802", found.len() as i64).await;
    let people = app.rows("SELECT count(*) AS n FROM people").await[0].integer("n");
    assert_eq!(people, Some(20), "sixty passages of twenty people");
}

#[tokio::test]
async fn one_id_posted_by_many_at_once_is_one_record() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let body = examples::screening(&place, 1);
    let posts = (0..32).map(|_| {
        let (admin, body) = (admin.clone(), body.clone());
        tokio::spawn(async move { admin.post("/v1/screenings", &body).await.status })
    });
    let mut statuses = Vec::new();
    for post in posts.collect::<Vec<_>>() {
        statuses.push(post.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [vec![200; 31], vec![201]].concat());
}

#[tokio::test]
async fn of_many_amendments_of_one_revision_one_wins() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let path =
        admin.post("/v1/screenings", &examples::screening(&place, 1)).await.expect(201).header("location").to_owned();
    let patches = (0..16).map(|number| {
        let (admin, path) = (admin.clone(), path.clone());
        tokio::spawn(
            async move { admin.patch(&path, "\"1\"", &json!({"note": format!("writer {number}")})).await.status },
        )
    });
    let mut statuses = Vec::new();
    for patch in patches.collect::<Vec<_>>() {
        statuses.push(patch.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [vec![200], vec![412; 15]].concat());
}

#[tokio::test]
async fn districts_have_ledgers_of_their_own() {
    let app = TestApp::start().await;
    let yucheng = app.administrator().await;
    let mingshan = app.actor(lianfang::platform::access::Role::DistrictAdmin, "名山区").await;
    let here = examples::checkpoint(&yucheng, "511802005").await;
    let there = examples::checkpoint(&mingshan, "511803").await;
    for sequence in 0..5 {
        yucheng.post("/v1/screenings", &examples::screening(&here, sequence)).await.expect(201);
        mingshan.post("/v1/screenings", &examples::screening(&there, sequence)).await.expect(201);
    }
    for district_code in ["511802", "511803"] {
        assert_eq!(numbers(&app, district_code).await, [1, 2, 3, 4, 5, 6]);
        require_chain(&app, district_code, 6).await;
    }
    let ids: BTreeSet<_> =
        app.rows("SELECT id FROM people").await.into_iter().filter_map(|mut row| row.id("id")).collect();
    assert_eq!(ids.len(), 10, "the same document in two districts is two people: districts don't share ids");
}

#[tokio::test]
async fn a_missing_clock_fails_loudly_and_stores_nothing() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    app.sql("DELETE FROM district_clocks WHERE district_code = '511802'").await;
    let body = examples::screening(&place, 1);
    let reply = admin.post("/v1/screenings", &body).await.expect(503);
    assert_eq!(reply.code(), "ledger_unavailable");
    assert!(!reply.header("retry-after").is_empty());
    assert_eq!(app.nobody().get("/readyz").await.expect(503).code(), "ledger_unavailable");
    let path = format!("/v1/screenings/{}", body["id"].as_str().unwrap());
    admin.get(&path).await.expect(404);
    assert_eq!(app.rows("SELECT count(*) AS n FROM people").await[0].integer("n"), Some(0));
    let place_path = format!("/v1/places/{place}");
    assert_eq!(admin.patch(&place_path, "\"1\"", &json!({"name": "x"})).await.expect(503).code(), "ledger_unavailable");
    assert_eq!(admin.get(&place_path).await.expect(200).body["revision"], 1);
}

#[tokio::test]
async fn a_clock_set_back_fails_loudly() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    admin.post("/v1/screenings", &examples::screening(&place, 1)).await.expect(201);
    app.sql("UPDATE district_clocks SET last_no = 0").await;
    let body = examples::screening(&place, 2);
    admin.post("/v1/screenings", &body).await.expect(500);
    assert_eq!(numbers(&app, "511802").await, [1, 2]);
}

#[tokio::test]
async fn recorded_at_is_the_ledgers_and_the_same_wherever_it_stands() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let body: Json = examples::screening(&place, 1);
    let created = admin.post("/v1/screenings", &body).await.expect(201);
    let read = admin.get(created.header("location")).await.expect(200);
    assert_eq!(created.body, read.body);
    let listed = admin.get("/v1/screenings").await.expect(200);
    assert_eq!(listed.body["items"][0], read.body);
    assert!(Uuid::parse_str(created.body["person_id"].as_str().unwrap()).is_ok());
}
