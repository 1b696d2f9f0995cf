//! Requests of the page beside figures: as many records as people, names for ids, who is behind, its own files.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use lianfang::platform::access::Role;
use regex::Regex;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use crate::duties::supervised;
use crate::figures::{pass, value};
use crate::figures_situation::all;
use crate::isolation_cases::{notified, set_clock, work};
use crate::support::{Actor, TestApp, examples};

async fn body(actor: &Actor, path: &str) -> Json {
    actor.get(path).await.expect(200).body
}

#[tokio::test]
async fn the_list_behind_a_number_of_people_has_as_many_records() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-03T12:00:00+08:00");
    let admin = app.administrator().await;
    let (here, there) =
        (examples::checkpoint(&admin, "511802005001").await, examples::checkpoint(&admin, "511802114").await);
    // Three come twice on a day, and two of these on the next day at another gate.
    pass(&admin, &here, "2020-02-01T08:30:00+08:00", 0..5, 0).await;
    pass(&admin, &here, "2020-02-01T18:30:00+08:00", 0..3, 0).await;
    pass(&admin, &there, "2020-02-02T08:30:00+08:00", 1..4, 0).await;
    // Two of them turn out to be one.
    let passages = all(&admin, "/v1/screenings?from_on=2020-02-01&to_on=2020-02-01").await;
    let mut people: Vec<&str> = passages.iter().map(|passage| passage["person_id"].as_str().unwrap()).collect();
    people.sort();
    people.dedup();
    let merge = json!({"into_id": people[0], "reason": "登记两次"});
    admin.post(&format!("/v1/people/{}:merge", people[1]), &merge).await.expect(200);
    let mut followed = 0;
    for query in [
        "from_on=2020-02-01&to_on=2020-02-01",
        "from_on=2020-02-01&to_on=2020-02-02",
        "from_on=2020-02-02&to_on=2020-02-02&area_code=511802114",
        "from_on=2020-01-30&to_on=2020-02-02",
        "cumulative=true&to_on=2020-02-02",
    ] {
        let figures = body(&admin, &format!("/v1/stats/screenings?{query}")).await["total"].clone();
        let url = figures["persons"]["records_url"].as_str().unwrap();
        let listed = all(&admin, url).await;
        assert_eq!(listed.len() as i64, value(&figures, "persons"), "{query}: {url}");
        let counted = admin.get(&format!("{url}&limit=2&counted=true")).await.expect(200);
        assert_eq!(counted.header("total-count"), listed.len().to_string(), "{query}");
        followed += listed.len();
    }
    assert!(followed > 10, "{followed}");
    let page = admin.get("/v1/screenings?limit=4&counted=true").await.expect(200);
    assert_eq!((page.body["items"].as_array().unwrap().len(), page.header("total-count")), (4, "11"));
    // The total is the page's, not the cursor's: the next page goes without it.
    let next = page.body["next_cursor"].as_str().unwrap();
    assert_eq!(admin.get(&format!("/v1/screenings?limit=4&cursor={next}")).await.expect(200).header("total-count"), "");
}

#[tokio::test]
async fn names_are_told_of_what_one_may_read() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let guard = app.gate_guard("大兴街道").await;
    let place = examples::checkpoint(&admin, "511802005001").await;
    let passage = guard.post("/v1/screenings", &examples::screening(&place, 1)).await.expect(201).body;
    let (id, author) = (passage["id"].as_str().unwrap(), passage["recorded_by"].as_str().unwrap());
    let names = async |actor: &Actor, kind: &str, id: &str| {
        body(actor, &format!("/v1/names?kind={kind}&ids={id}")).await["items"].clone()
    };
    assert_eq!(names(&admin, "places", &place).await[0]["name"], "北门");
    assert_eq!(names(&admin, "screenings", id).await, json!([{"id": id, "name": "王*"}]), "masked");
    assert!(names(&admin, "users", author).await[0]["name"].as_str().unwrap().starts_with("user-"));
    assert_eq!(names(&admin, "users", "0198c0de-0000-7000-8000-000000000000").await, json!([]));
    // Another township's guard reads neither the passage nor knows who works there.
    let other = app.gate_guard("八步镇").await;
    assert_eq!(names(&other, "screenings", id).await, json!([]));
    assert_eq!(names(&other, "users", author).await, json!([]));
    let reader = app.actor(Role::StatisticsReader, "雨城区").await;
    assert_eq!(names(&reader, "screenings", id).await, json!([]));
    assert_eq!(names(&reader, "users", author).await, json!([]));
    for (query, code) in [
        ("kind=passages&ids=0198c0de-0000-7000-8000-000000000000", "not_in_vocabulary"),
        ("kind=places&ids=0198c0de-0000-7000-8000-00000000000x", "bad_parameter"),
        ("kind=places&ids=,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,", "bad_format"),
    ] {
        let reply = admin.get(&format!("/v1/names?{query}")).await;
        assert!(matches!(reply.status, 400 | 422), "{query}");
        assert!(reply.faults().iter().any(|(_, found)| found == code), "{query}: {:?}", reply.faults());
    }
}

#[tokio::test]
async fn who_is_behind_is_told_by_name_the_oldest_first() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-23T05:00:00+08:00");
    let nurse = app.health_worker("八步镇").await;
    let village = app.actor(Role::VillageCadre, "八步镇").await;
    notified(&nurse, supervised(1, &[("village", &village)])).await;
    set_clock(&app, "2020-01-23T22:30:00+08:00");
    work(&app).await;
    let admin = app.administrator().await;
    let missed = "/v1/stats/completeness/missed?from_on=2020-01-23&to_on=2020-01-23";
    let found = body(&admin, missed).await;
    let items = found["items"].as_array().unwrap();
    assert_eq!((items.len() as i64, found["total"].as_i64().unwrap()), (6, 6));
    let due: Vec<&str> = items.iter().map(|item| item["due_at"].as_str().unwrap()).collect();
    assert!(due.is_sorted(), "{due:?}");
    let check = items.iter().find(|item| item["duty_kind"] == "village_check").unwrap();
    assert_eq!((&check["responsible"][0]["by"], &check["escalated_to"]), (&json!("assignee"), &json!("town")));
    assert!(check["responsible_names"].as_str().unwrap().starts_with("user-"));
    let visit = items.iter().find(|item| item["duty_kind"] == "town_visit").unwrap();
    assert_eq!((&visit["responsible"][0]["by"], &visit["responsible_names"]), (&json!("supervisor"), &json!("某某")));
    assert!(visit["subject_name"].as_str().unwrap().contains('*'), "masked: {visit}");
    // Filters, pages, and the same number as the counts tell.
    assert_eq!(body(&admin, &format!("{missed}&line=village")).await["total"], 1);
    assert_eq!(body(&admin, &format!("{missed}&escalated=false")).await["total"], 0);
    let counted = body(&admin, "/v1/stats/completeness?from_on=2020-01-23&to_on=2020-01-23").await;
    assert_eq!(counted["total"]["missed"], found["total"]);
    let first = body(&admin, &format!("{missed}&limit=4")).await;
    let next = first["next_cursor"].as_str().unwrap();
    let second = body(&admin, &format!("{missed}&limit=4&cursor={next}")).await;
    let paged = first["items"].as_array().unwrap().iter().chain(second["items"].as_array().unwrap());
    assert!(paged.map(|item| &item["duty_id"]).eq(items.iter().map(|item| &item["duty_id"])));
    // Another township's officer sees none; whoever may not read cases sees no supervisor's name.
    let other = app.town_cadre("大兴街道").await;
    assert_eq!(body(&other, missed).await["total"], 0);
    let office = app.actor(Role::OrgAdmin, "雨城区").await;
    let told = body(&office, missed).await;
    assert!(
        told["items"].as_array().unwrap().iter().all(|item| item["responsible"][0]["by"] != "supervisor"),
        "{told}"
    );
}

/// Warnings of partners that are told nothing, by the very address that the page has.
#[tokio::test]
async fn endpoints_in_trouble_are_told_to_whoever_answers_for_them() {
    let app = TestApp::start().await;
    let (admin, other) = (app.command().await, app.health_worker("八步镇").await);
    let make = async |purpose: &str| {
        let body =
            json!({"url": "https://dashboard.example.cn/hooks", "district_code": "511802", "description": purpose});
        admin.post("/v1/webhook-endpoints", &body).await.expect(201).body["id"].as_str().unwrap().to_owned()
    };
    let (well, failing, gone) = (make("well").await, make("failing").await, make("gone").await);
    let (paused, moved) = (make("paused").await, make("moved").await);
    admin.post(&format!("/v1/webhook-endpoints/{paused}:pause"), &json!({})).await.expect(200);
    let elsewhere = json!({"url": "https://dashboard.example.cn/others"});
    let path = format!("/v1/webhook-endpoints/{moved}");
    let tag = admin.get(&path).await.expect(200).header("etag").to_owned();
    admin.patch(&path, &tag, &elsewhere).await.expect(200);
    for (id, state, reason) in [(&failing, "failing", "NULL"), (&gone, "disabled", "'gone'")] {
        let set = format!("UPDATE webhook_endpoints SET state = '{state}', state_reason = {reason} WHERE id = '{id}'");
        app.sql(&set).await;
    }
    let script = reqwest::get(app.url("/dashboard/webhooks.js")).await.unwrap().text().await.unwrap();
    let read = Regex::new(r#""(/v1/webhook-endpoints\?[^"]+)""#).unwrap().captures(&script).unwrap()[1].to_owned();
    let overview = reqwest::get(app.url("/")).await.unwrap().text().await.unwrap();
    assert!(overview.contains("webhooks.js"), "the page loads it");
    let ids = |body: &Json| -> Vec<String> {
        body["items"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
    };
    let told = body(&admin, &read).await;
    assert_eq!(ids(&told), [moved.clone(), gone.clone(), failing.clone()], "not what somebody paused: {told}");
    let reasons: Vec<&Json> = told["items"].as_array().unwrap().iter().map(|one| &one["state_reason"]).collect();
    assert_eq!(reasons, [&json!("url_changed"), &json!("gone"), &Json::Null]);
    // Each state and reason has its words in both languages.
    for file in ["texts/zh.js", "texts/en.js"] {
        let texts = reqwest::get(app.url(&format!("/dashboard/{file}"))).await.unwrap().text().await.unwrap();
        let texts = if texts.contains("webhooks:") { texts } else { overview.clone() };
        for reason in ["url_changed", "rights_ended", "gone", "retries_exhausted"] {
            assert!(texts.contains(&format!("webhook_{reason}:")), "{file}: {reason}");
        }
    }
    assert_eq!(ids(&body(&admin, "/v1/webhook-endpoints?in_trouble=false").await), [paused, well]);
    let page = body(&admin, "/v1/webhook-endpoints?in_trouble=true&limit=1").await;
    let next = format!("/v1/webhook-endpoints?limit=1&cursor={}", page["next_cursor"].as_str().unwrap());
    assert_eq!(admin.get(&next).await.expect(400).code(), "bad_cursor", "a cursor is its list's own");
    assert_eq!(ids(&body(&admin, &format!("{next}&in_trouble=true")).await), [gone]);
    let unit = app.actor(Role::OrgAdmin, "雨城区").await;
    assert!(ids(&body(&unit, &read).await).is_empty(), "others' endpoints");
    other.get(&read).await.expect(403);
    admin.get("/v1/webhook-endpoints?in_trouble=perhaps").await.expect(400);
}

#[tokio::test]
async fn the_pages_files_are_small_and_strict() {
    let app = TestApp::start().await;
    let client = reqwest::Client::new();
    let get = async |path: &str, encoding: &str| {
        client.get(app.url(path)).header("accept-encoding", encoding).send().await.unwrap()
    };
    let index = get("/", "identity").await;
    let policy = index.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(!policy.contains("unsafe") && policy.contains("default-src 'none'"), "{policy}");
    let html = index.text().await.unwrap();
    // Inline stand one style and one script, both named by the policy, and the script ends where it ends.
    let (head, body) = html.split_once("</head>").unwrap();
    assert_eq!((head.matches("<style").count(), head.matches("<script").count()), (1, 1));
    assert_eq!((head.matches("</script").count(), policy.matches("'sha256-").count()), (1, 2));
    for (tag, source) in [("style", "style-src"), ("script type=\"module\"", "script-src")] {
        let name = tag.split(' ').next().unwrap();
        let inline = head.split_once(&format!("<{tag}>")).unwrap().1.split_once(&format!("</{name}>")).unwrap().0;
        let digest = BASE64_STANDARD.encode(Sha256::digest(inline));
        assert!(policy.contains(&format!("{source} 'self' 'sha256-{digest}'")), "{name}: {policy}");
    }
    assert!(!body.contains("style=") && !body.contains("onclick"));
    let mut wire = get("/", "gzip").await.bytes().await.unwrap().len();
    // No module imports what isn't there: what was linked is found, and so is what is fetched later.
    assert!(!head.contains("import {") && !head.contains("import *") && !head.contains("\nexport "), "unlinked");
    let later = Regex::new(r#"/dashboard/[0-9a-f]{12}/[\w/.-]+\.(?:js|svg)"#).unwrap();
    for file in later.find_iter(&html).map(|file| file.as_str()) {
        let response = get(file, "gzip").await;
        assert_eq!(response.headers()["cache-control"], "public, max-age=31536000, immutable", "{file}");
        let tag = response.headers()["etag"].to_str().unwrap().to_owned();
        let again = client.get(app.url(file)).header("if-none-match", tag).send().await.unwrap();
        assert_eq!(again.status(), 304, "{file}");
        wire += if file.ends_with(".svg") { response.bytes().await.unwrap().len() } else { 0 };
        let plain = get(file, "identity").await;
        assert!(plain.headers().get("content-encoding").is_none(), "{file}");
    }
    assert!((10_000..60_000).contains(&wire), "{wire} bytes before the first figure");
    assert_eq!(get("/dashboard/000000000000/main.js", "gzip").await.status(), 404);
    assert_eq!(get("/dashboard/main.js", "gzip").await.headers()["cache-control"], "no-cache");
}
