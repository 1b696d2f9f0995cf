//! Cursors that were made up, edited, or made for something else.

use lianfang::server::routes;
use serde_json::Value as Json;

use super::{lines, prepared, require_form, require_health};
use crate::support::Actor;
use crate::support::document::parameter;

/// Every list with a cursor, by the document.
fn lists() -> Vec<String> {
    let document = routes::document(&routes::kinds());
    let paths = document["paths"].as_object().unwrap().iter();
    let takes = |operation: &Json| parameter(&document, operation, "cursor").is_some();
    paths.filter(|(path, item)| !path.contains('{') && takes(&item["get"])).map(|(path, _)| path.clone()).collect()
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

async fn require_refused(actor: &Actor, path: &str, cursor: &str) {
    let separator = if path.contains('?') { '&' } else { '?' };
    let reply = actor.get(&format!("{path}{separator}cursor={}", encoded(cursor))).await;
    require_form(&reply, path);
    let code = reply.code().to_owned();
    assert!(matches!(code.as_str(), "bad_cursor" | "invalid_request" | "unprocessable"), "{path} {cursor:?}: {code}");
}

#[tokio::test]
async fn cursors_of_others_open_nothing() {
    let (app, admin) = prepared().await;
    let lists = lists();
    assert!(lists.len() > 30, "{lists:?}");
    for path in &lists {
        for line in lines("cursor", "made-up.txt") {
            require_refused(&admin, path, &serde_json::from_str::<String>(&line).unwrap()).await;
        }
    }
    for number in 0..3 {
        let place = serde_json::json!({"kind": "hotel", "name": format!("旅馆{number}"), "area_code": "511802005"});
        admin.post("/v1/places", &place).await.expect(201);
    }
    let genuine = admin.get("/v1/places?limit=1").await.expect(200).body["next_cursor"].as_str().unwrap().to_owned();
    let other = app.administrator().await;
    for edit in lines("cursor", "edited.txt") {
        match edit.as_str() {
            "of-another-caller" => require_refused(&other, "/v1/places?limit=1", &genuine).await,
            "of-another-query" => require_refused(&admin, "/v1/places?limit=1&include_voided=true", &genuine).await,
            "of-another-list" => {
                for path in lists.iter().filter(|path| *path != "/v1/places") {
                    require_refused(&admin, path, &genuine).await;
                }
            }
            edit => require_refused(&admin, "/v1/places?limit=1", &edited(&genuine, edit)).await,
        }
    }
    admin.get(&format!("/v1/places?limit=2&cursor={genuine}")).await.expect(200);
    require_health(&app, &admin).await;
}

fn edited(cursor: &str, edit: &str) -> String {
    let changed = |at: usize| {
        let mut letters: Vec<char> = cursor.chars().collect();
        letters[at] = if letters[at] == 'A' { 'B' } else { 'A' };
        letters.into_iter().collect::<String>()
    };
    let last = cursor.len() - 1;
    match edit {
        "first-letter-changed" => changed(0),
        "middle-letter-changed" => changed(last / 2),
        "last-letter-changed" => changed(last),
        "first-letter-missing" => cursor[1..].to_owned(),
        "last-letter-missing" => cursor[..last].to_owned(),
        "letter-added" => format!("{cursor}A"),
        "padded" => format!("{cursor}="),
        "doubled" => format!("{cursor}{cursor}"),
        "upper-case" => cursor.to_uppercase(),
        "signature-only" => cursor[..22].to_owned(),
        other => panic!("no edit is called {other}"),
    }
}
