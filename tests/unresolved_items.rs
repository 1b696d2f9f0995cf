//! Leftovers of phones and files: read by whom they are for, kept for a time, and within bounds.

use serde_json::{Value as Json, json};

use crate::support::{Actor, TestApp, examples};
use crate::sync::{create, outcomes, push};

fn broken(place: &str, sequence: u32) -> Json {
    let mut item = create(place, sequence);
    item["body"]["temperature_c"] = "hot".into();
    item
}

async fn listed(actor: &Actor, path: &str) -> usize {
    actor.get(path).await.expect(200).body["items"].as_array().unwrap().len()
}

async fn count(app: &TestApp, table: &str) -> Option<i64> {
    app.rows(&format!("SELECT count(*) AS n FROM {table}")).await[0].integer("n")
}

#[tokio::test]
async fn what_is_left_over_is_hidden_and_swept_when_its_time_is_over() {
    let app = TestApp::start().await;
    let (guard, admin) = (app.gate_guard("大兴街道").await, app.administrator().await);
    let place = examples::checkpoint(&admin, "511802005").await;
    let (first, mut second) = (create(&place, 1), create(&place, 2));
    second["id"] = first["id"].clone();
    let results = push(&guard, json!([first, second, broken(&place, 3)])).await;
    assert_eq!(outcomes(&results), ["created", "conflict", "held"]);
    let file = "kind,name,area_code\nmall,,511802005\n";
    let import =
        admin.with("content-type", "text/csv").upload("/v1/imports?kind=places", file.into()).await.expect(200);
    let errors = import.body["errors_url"].as_str().unwrap().to_owned();
    lianfang::server::serve::sweep(&app.core).await.unwrap();
    assert_eq!((listed(&admin, "/v1/held-items").await, listed(&admin, "/v1/conflicts").await), (1, 1));
    let lines =
        async || String::from_utf8(admin.with("accept", "text/csv").download(&errors).await.2).unwrap().lines().count();
    assert_eq!(lines().await, 2);

    app.sql(
        "UPDATE held_items SET expires_at = now() - interval '1 second'; \
         UPDATE sync_conflicts SET found_at = now() - interval '91 days'; \
         UPDATE imports SET updated_at = now() - interval '91 days'",
    )
    .await;
    assert_eq!((listed(&admin, "/v1/held-items").await, listed(&admin, "/v1/conflicts").await), (0, 0));
    assert_eq!(lines().await, 1, "the header");
    lianfang::server::serve::sweep(&app.core).await.unwrap();
    for table in ["held_items", "sync_conflicts", "import_faults"] {
        assert_eq!(count(&app, table).await, Some(0), "{table}");
    }
}

#[tokio::test]
async fn one_account_does_not_fill_the_disk() {
    let app = TestApp::start().await;
    let guard = app.gate_guard("大兴街道").await;
    let place = examples::checkpoint(&app.administrator().await, "511802005").await;
    let known = broken(&place, 1);
    assert_eq!(outcomes(&push(&guard, json!([known.clone()])).await), ["held"]);
    app.sql(
        "INSERT INTO held_items (district_code, id, item_hash, area_code, kind, op, user_id, item, problem, state, held_at, expires_at) \
         SELECT district_code, gen_random_uuid(), int4send(n), area_code, kind, op, user_id, item, problem, state, held_at, expires_at \
         FROM held_items, generate_series(1, 4998) AS n",
    )
    .await;
    let items = json!([known.clone(), broken(&place, 2), broken(&place, 3), create(&place, 4)]);
    let results = push(&guard, items).await;
    assert_eq!(outcomes(&results), ["held", "held", "refused", "created"], "{results:#?}");
    assert_eq!(results[2]["problem"]["code"], "too_much_held");
    assert_eq!(count(&app, "held_items").await, Some(5_000));

    let of_megabytes =
        "UPDATE held_items SET state = 'discarded', item = decode(repeat('00', 14000), 'hex') WHERE record_id IS NULL";
    app.sql(of_megabytes).await;
    assert_eq!(
        outcomes(&push(&guard, json!([broken(&place, 5)])).await),
        ["refused"],
        "what is discarded is kept as well"
    );
    let open = guard.get("/v1/held-items").await.expect(200).body["items"][0]["id"].clone();
    let path = format!("/v1/held-items/{}", open.as_str().unwrap());
    let mended = guard.send(reqwest::Method::PATCH, &path, Some(json!({"body": {"note": "x"}}).to_string())).await;
    assert_eq!(mended.expect(409).code(), "too_much_held");
}
