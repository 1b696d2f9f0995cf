//! Tellings of phones, files and lists: whose sequence it is, by which clock, as of when, in whose words.

use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::isolation_cases::{set_clock, work};
use crate::supply::{import, store};
use crate::support::{Actor, TestApp, examples};
use crate::sync::{amend, create, outcomes, push};

fn warning<'a>(record: &'a Json, code: &str) -> Option<&'a Json> {
    record["warnings"].as_array().unwrap().iter().find(|warning| warning["code"] == code)
}

#[tokio::test]
async fn two_amendments_of_one_phone_are_its_own_sequence() {
    let app = TestApp::start().await;
    let (guard, cadre) = (app.gate_guard("大兴街道").await, app.town_cadre("大兴街道").await);
    let place = examples::checkpoint(&cadre, "511802005").await;
    let item = create(&place, 1);
    let path = format!("/v1/screenings/{}", item["id"].as_str().unwrap());
    push(&guard, json!([item.clone()])).await;
    let first = push(&guard, json!([amend(&item["id"], 1, json!({"temperature_c": "37.0"}))])).await;
    let second = push(&guard, json!([amend(&item["id"], 1, json!({"temperature_c": "37.1"}))])).await;
    assert_eq!((outcomes(&first), outcomes(&second)), (vec!["revised"], vec!["revised"]), "{second:#?}");
    assert_eq!(guard.get(&path).await.body["temperature_c"], "37.1");
    // In one push as well.
    let both = json!([
        amend(&item["id"], 1, json!({"temperature_c": "37.2"})),
        amend(&item["id"], 1, json!({"temperature_c": "36.2"})),
    ]);
    assert_eq!(outcomes(&push(&guard, both).await), ["revised", "revised"]);
    let other = json!({"device_id": "phone-2", "items": [amend(&item["id"], 1, json!({"temperature_c": "38.5"}))]});
    let other = guard.post("/v1/sync/push", &other).await.expect(207);
    assert_eq!(other.body["results"][0]["outcome"], "conflict", "another phone of the same worker");
    // Changes by somebody else since are a conflict still, and show both values.
    cadre.patch(&path, "\"5\"", &json!({"temperature_c": "36.9"})).await.expect(200);
    let late = push(&guard, json!([amend(&item["id"], 1, json!({"temperature_c": "38.0"}))])).await;
    assert_eq!((outcomes(&late), &late[0]["fields"]), (vec!["conflict"], &json!(["temperature_c"])));
    let conflicts = cadre.get("/v1/conflicts").await.expect(200).body["items"].clone();
    let both = (&conflicts[0]["phone_values"], &conflicts[0]["server_values"]);
    assert_eq!(both, (&json!({"temperature_c": "38.0"}), &json!({"temperature_c": "36.9"})), "{conflicts}");
    let id = conflicts[0]["id"].as_str().unwrap();
    let resolved = cadre.post(&format!("/v1/conflicts/{id}:resolve"), &json!({"take": "phone"})).await.expect(200).body;
    assert_eq!(resolved["server_values"], json!({"temperature_c": "36.9"}), "as it stood then");
    assert_eq!(cadre.get(&path).await.body["temperature_c"], "38.0");
}

#[tokio::test]
async fn an_amendment_before_its_creation_waits_for_it() {
    let app = TestApp::start().await;
    let (guard, cadre) = (app.gate_guard("大兴街道").await, app.town_cadre("大兴街道").await);
    let place = examples::checkpoint(&cadre, "511802005").await;
    let item = create(&place, 1);
    let path = format!("/v1/screenings/{}", item["id"].as_str().unwrap());
    let early = amend(&item["id"], 1, json!({"temperature_c": "37.0"}));
    assert_eq!(outcomes(&push(&guard, json!([early])).await), ["held"]);
    assert_eq!(outcomes(&push(&guard, json!([item])).await), ["created"]);
    let record = guard.get(&path).await.expect(200).body;
    assert_eq!((&record["temperature_c"], &record["revision"]), (&json!("37.0"), &json!(2)));
    assert_eq!(guard.get("/v1/held-items").await.body["items"], json!([]));
    assert_eq!(guard.get("/v1/held-items?state=settled").await.body["items"].as_array().unwrap().len(), 1);
    // In one queue, in the wrong order.
    let item = create(&place, 2);
    let queue = json!([amend(&item["id"], 1, json!({"temperature_c": "37.5"})), item]);
    assert_eq!(outcomes(&push(&guard, queue).await), ["revised", "created"]);

    // Created by somebody else: the service looks for itself.
    let body = examples::screening(&place, 3);
    let held = amend(&body["id"], 1, json!({"temperature_c": "37.8"}));
    assert_eq!(outcomes(&push(&guard, json!([held])).await), ["held"]);
    let made = cadre.post("/v1/screenings", &body).await.expect(201);
    app.core.clock.shift(chrono::TimeDelta::minutes(11));
    work(&app).await;
    let guard = app.gate_guard("大兴街道").await;
    assert_eq!(guard.get(made.header("location")).await.expect(200).body["temperature_c"], "37.8");
}

#[tokio::test]
async fn what_an_earlier_release_kept_is_known_again() {
    let app = TestApp::start().await;
    let (guard, cadre) = (app.gate_guard("大兴街道").await, app.town_cadre("大兴街道").await);
    let place = examples::checkpoint(&cadre, "511802005").await;
    let item = |value: &Json, release: fn(&kit::tree::Tree) -> Vec<u8>| {
        let tree = kit::tree::Tree::from_json(value);
        let keys = &app.core.keys;
        let parts: [&[u8]; 3] = [b"sync", guard.id.as_bytes(), &release(&tree)];
        hex::encode(lianfang::platform::privacy::keys::keyed_hash(&keys.commitment, &parts))
    };
    let held = amend(&json!(Uuid::now_v7()), 1, json!({"temperature_c": "37.0"}));
    assert_eq!(outcomes(&push(&guard, json!([held.clone()])).await), ["held"]);
    use ledger::canonical::{encode, encode_formerly};
    let kept = |hash: &str| format!("SELECT count(*) AS n FROM held_items WHERE item_hash = '\\x{hash}'");
    let count = async |hash: &str| app.rows(&kept(hash)).await[0].integer("n");
    assert_eq!(count(&item(&held, encode)).await, Some(1), "kept by its canonical form");
    let former = item(&held, encode_formerly);
    app.sql(&format!("UPDATE held_items SET item_hash = '\\x{former}'")).await;
    assert_eq!(outcomes(&push(&guard, json!([held])).await), ["held"]);
    assert_eq!(app.rows("SELECT count(*) AS n FROM held_items").await[0].integer("n"), Some(1), "it is the same item");

    // A submission, and a request under a key.
    let body = examples::screening(&place, 1);
    let keyed = guard.with("idempotency-key", "k-1");
    let made = keyed.post("/v1/screenings", &body).await.expect(201);
    let tree = kit::tree::Tree::parse(body.to_string().as_bytes()).unwrap();
    let digest = hex::encode(app.core.sealer.submission_digest(&encode_formerly(&tree)));
    app.sql(&format!("UPDATE idempotency_keys SET request_digest = '\\x{digest}'")).await;
    let again = keyed.post("/v1/screenings", &body).await.expect(201);
    assert_eq!((again.header("idempotency-replayed"), &again.body["id"]), ("true", &made.body["id"]));
    let mut other = body.clone();
    other["temperature_c"] = "36.4".into();
    assert_eq!(keyed.post("/v1/screenings", &other).await.expect(422).code(), "idempotency_key_reused");
}

#[tokio::test]
async fn a_file_is_held_against_what_stands() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let id = Uuid::now_v7();
    let row = |temperature: &str| {
        format!(
            "{{\"id\":\"{id}\",\"place_id\":\"{place}\",\"direction\":\"in\",\"occurred_at\":\"2020-02-02T08:00:00+08:00\",\"temperature_c\":\"{temperature}\"}}\n"
        )
    };
    let (ndjson, query) = ("application/x-ndjson", "kind=screenings&on_duplicate=revise");
    for (rows, counts, stands) in [
        (row("36.1"), (1, 0, 0), "36.1"),
        (row("36.2"), (0, 1, 0), "36.2"),
        (row("36.1"), (0, 1, 0), "36.1"),
        (row("36.1"), (0, 0, 1), "36.1"),
        (row("36.3") + &row("36.1"), (0, 2, 0), "36.1"),
    ] {
        let done = import(&admin, query, ndjson, rows.into_bytes()).await;
        let of = |name: &str| done["counts"][name].as_u64().unwrap();
        assert_eq!((of("created"), of("revised"), of("same")), counts, "{done}");
        let record = admin.get(&format!("/v1/screenings/{id}")).await.expect(200).body;
        assert_eq!(record["temperature_c"], stands);
    }
    assert_eq!(admin.get(&format!("/v1/screenings/{id}")).await.body["revision"], 5);
}

#[tokio::test]
async fn rows_without_a_time_are_said_once_a_file() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let file = |at: &str| {
        format!("place_id,direction,temperature_c,occurred_at\n{place},in,36.5,{at}\n{place},out,36.6,\n").into_bytes()
    };
    let done = import(&admin, "kind=screenings&validate_only=true", "text/csv", file("2020-02-02 08:00")).await;
    assert_eq!(done["warnings"][0]["code"], "occurred_at_assumed", "a trial says so too: {done}");
    let done = import(&admin, "kind=screenings", "text/csv", file("")).await;
    let warnings = done["warnings"].as_array().unwrap();
    assert_eq!((warnings.len(), &warnings[0]["code"]), (1, &json!("occurred_at_assumed")), "{done}");
    assert_eq!(warnings[0]["message"], "部分行未填发生时间,已按导入时间登记");
    let told = format!("place_id,direction,occurred_at\n{place},in,2020-02-02 08:00\n");
    let done = import(&admin, "kind=screenings", "text/csv", told.into_bytes()).await;
    assert_eq!(done["warnings"], json!([]));
    // A count of a period happened in it, whoever says so.
    let tally = format!(
        "place_id,period_starts_at,period_ends_at,measured,abnormal\n{place},2020-02-02 08:00,2020-02-02 12:00,5,0\n"
    );
    let done = import(&admin, "kind=gate_tallies", "text/csv", tally.into_bytes()).await;
    assert_eq!((&done["warnings"], &done["counts"]["created"]), (&json!([]), &json!(1)), "{done}");
    let shop = "kind,name,area_code\nsupermarket,城东超市,511802005001\n";
    let done = import(&admin, "kind=places", "text/csv", shop.as_bytes().to_vec()).await;
    assert_eq!(done["warnings"], json!([]), "a register counts nothing by the day: {done}");
}

#[tokio::test]
async fn a_wrong_clock_is_told_and_a_very_wrong_one_asks_for_confirmation() {
    let app = TestApp::start().await;
    let guard = app.gate_guard("大兴街道").await;
    let place = examples::checkpoint(&app.administrator().await, "511802005").await;
    let now = app.core.clock.now();
    let post = async |minutes: i64, sequence: u32| {
        let mut body = examples::screening(&place, sequence);
        body["device_time"] = (now + chrono::TimeDelta::minutes(minutes)).to_rfc3339().into();
        guard.post("/v1/screenings", &body).await.expect(201)
    };
    assert!(warning(&post(-9, 1).await.body, "clock_skewed").is_none());
    let fast = post(30, 2).await.body;
    let message = warning(&fast, "clock_skewed").unwrap()["message"].as_str().unwrap().to_owned();
    let seconds: i64 = message.chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap();
    assert!((1_790..=1_800).contains(&seconds), "{message}");
    assert!(warning(&fast, "occurred_at_doubtful").is_none());
    let wrong = post(-13 * 60, 3).await;
    assert!(warning(&wrong.body, "clock_skewed").unwrap()["message"].as_str().unwrap().contains("-46"));
    assert!(warning(&wrong.body, "occurred_at_doubtful").is_some());
    let path = wrong.header("location").to_owned();
    let noted = guard.patch(&path, "\"1\"", &json!({"note": "手机时间不准"})).await.expect(200);
    assert!(warning(&noted.body, "occurred_at_doubtful").is_some(), "nobody has said when it was");
    let at = noted.body["occurred_at"].clone();
    let confirmed = guard.patch(&path, "\"2\"", &json!({"occurred_at": at})).await.expect(200).body;
    assert!(warning(&confirmed, "occurred_at_doubtful").is_none() && warning(&confirmed, "clock_skewed").is_some());
}

#[tokio::test]
async fn a_day_of_its_own_that_lies_ahead_is_warned_of() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-03T10:00:00+08:00");
    let admin = app.administrator().await;
    let shop = store(&admin, "城东超市").await;
    let report = json!({"place_id": shop, "reported_on": "2020-02-04", "is_zero": true});
    let report = admin.post("/v1/supply-reports", &report).await.expect(201).body;
    assert_eq!(warning(&report, "occurred_in_future").unwrap()["field"], "/reported_on", "{report}");
    let team = json!({"team_kind": "volunteer_team", "name": "先锋队", "area_code": "511802005", "established_on": "2020-03-01"});
    let team = admin.post("/v1/teams", &team).await.expect(201);
    assert_eq!(warning(&team.body, "occurred_in_future").unwrap()["field"], "/established_on");
    let mended = admin.patch(team.header("location"), "\"1\"", &json!({"established_on": "2020-02-01"})).await;
    assert!(warning(&mended.expect(200).body, "occurred_in_future").is_none());
    // A threshold above 300 % is mostly a percentage.
    let mut rule = examples::of_kind("price_rules");
    rule.as_object_mut().unwrap().remove("id");
    rule["threshold_rate"] = "15".into();
    let rule = admin.post("/v1/price-rules", &rule).await.expect(201);
    assert!(warning(&rule.body, "threshold_implausible").is_some(), "{}", rule.body);
    let mended = admin.patch(rule.header("location"), "\"1\"", &json!({"threshold_rate": "3"})).await.expect(200);
    assert!(warning(&mended.body, "threshold_implausible").is_none());
}

#[tokio::test]
async fn pages_miss_and_repeat_nothing_that_is_amended_between_them() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005001").await;
    for order in ["newest", "oldest"] {
        let mut all = Vec::new();
        for sequence in 0..9_u32 {
            let mut body = examples::screening(&place, sequence);
            body["occurred_at"] = format!("2020-02-0{}T08:00:00+08:00", sequence + 1).into();
            all.push(admin.post("/v1/screenings", &body).await.expect(201).body["id"].as_str().unwrap().to_owned());
        }
        if order == "newest" {
            all.reverse();
        }
        let mut path = format!("/v1/screenings?limit=3&order={order}");
        let (mut seen, mut page_no) = (Vec::new(), 0);
        loop {
            let page = admin.get(&path).await.expect(200).body;
            seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()));
            page_no += 1;
            // One that was told moves to the end, one that is to come before all, another is voided.
            for (index, at) in [(page_no - 1, "2020-01-01"), (9 - page_no, "2020-03-01"), (5, "2020-01-15")] {
                let at = if order == "newest" {
                    at
                } else if at == "2020-01-01" {
                    "2020-03-01"
                } else {
                    "2020-01-01"
                };
                let path = format!("/v1/screenings/{}", all[index]);
                let tag = admin.get(&path).await.header("etag").to_owned();
                admin
                    .patch(&path, &tag, &json!({"occurred_at": format!("{at}T0{page_no}:00:00+08:00")}))
                    .await
                    .expect(200);
            }
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            path = format!("/v1/screenings?limit=3&order={order}&cursor={cursor}");
        }
        assert_eq!(seen, all, "{order}");
        for id in &all {
            admin.post(&format!("/v1/screenings/{id}:void"), &json!({"reason": "make room"})).await.expect(200);
        }
    }
}

#[tokio::test]
async fn chinese_readers_get_words_and_local_times() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-24T10:00:00+08:00");
    let admin = app.administrator().await;
    let case =
        admin.post("/v1/isolation-cases", &examples::of_kind("isolation_cases")).await.expect(201).body["id"].clone();
    let step = json!({"case_id": case, "to": "completed"});
    let message = async |actor: &Actor, path: &str, body: &Json| {
        let reply = actor.post(path, body).await;
        reply.body["errors"][0]["message"].as_str().unwrap_or_default().to_owned()
    };
    let zh = message(&admin.with("accept-language", "zh-CN"), "/v1/isolation-case-transitions", &step).await;
    assert!(zh.contains("不能由 已排查 转入") && zh.contains("已告知") && !zh.contains("notified"), "{zh}");
    let en = message(&admin.with("accept-language", "en"), "/v1/isolation-case-transitions", &step).await;
    assert!(en.contains("identified") && en.contains("notified"), "{en}");
    // A place of the wrong kind, a number for a text.
    let shop = store(&admin, "城东超市").await;
    let mut body = examples::screening(&shop, 1);
    body["temperature_c"] = 36.5.into();
    let zh = admin.with("accept-language", "zh-CN").post("/v1/screenings", &body).await.body["errors"].to_string();
    assert!(zh.contains("类型应为 文本"), "{zh}");
    body["temperature_c"] = "36.5".into();
    let zh = message(&admin.with("accept-language", "zh-CN"), "/v1/screenings", &body).await;
    assert!(zh.contains("大院门口") && !zh.contains("compound_gate"), "{zh}");
}

#[tokio::test]
async fn whoever_has_the_figures_already_gets_304_at_once() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    for path in [
        "/v1/stats/screenings?from_on=2020-02-01&to_on=2020-02-02",
        "/v1/stats/situation?on=2020-02-02",
        "/v1/stats/supply?on=2020-02-02",
    ] {
        let first = admin.get(path).await.expect(200);
        // Nobody has looked for a while: nothing is known from memory.
        tokio::time::sleep(std::time::Duration::from_millis(700)).await;
        app.core
            .ledger
            .heads()
            .looked(std::time::Instant::now() - std::time::Duration::from_secs(5), std::collections::BTreeMap::new());
        admin.with("if-none-match", first.header("etag")).get(path).await.expect(304);
    }
}
