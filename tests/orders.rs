//! Lists in the order of a field: of every kind by everything that it is ordered by, page by page, within a bound.

use std::cmp::Ordering;

use diesel_async::SimpleAsyncConnection;
use kit::field::{Field, Shape};
use lianfang::records::Kind;
use lianfang::records::parameters::parameters;
use lianfang::server::routes;
use serde_json::{Value as Json, json};

use crate::support::{Actor, TestApp, examples};

const AREA: &str = "511802005001";

/// The items of a list, `limit` a page, to its end.
async fn paged(actor: &Actor, path: &str, limit: usize) -> Vec<Json> {
    let (mut all, mut next) = (Vec::new(), String::new());
    loop {
        let page = actor.get(&format!("{path}&limit={limit}{next}")).await.expect(200).body;
        all.extend(page["items"].as_array().unwrap().clone());
        match page["next_cursor"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => return all,
        }
    }
}

fn ids(items: &[Json]) -> Vec<String> {
    items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

/// Words of the parameter `order` of a kind's list.
fn orders(kind: &Kind) -> Vec<&'static str> {
    let parameter: &Field = parameters(kind).iter().find(|field| field.name == "order").copied().unwrap();
    let Shape::Word(vocabulary) = parameter.shape else { panic!("{parameter:?}") };
    vocabulary.codes()
}

/// How two values of a field lie, numbers by their size.
fn compared(one: &Json, other: &Json) -> Ordering {
    let number = |value: &Json| value.as_f64().or_else(|| value.as_str().and_then(|text| text.parse::<f64>().ok()));
    match (number(one), number(other)) {
        (Some(one), Some(other)) => one.total_cmp(&other),
        _ => one.as_str().cmp(&other.as_str()),
    }
}

/// Copies the records of a kind past the ledger, each copy with other days, times and numbers and the last with none;
/// whether the kind allows that.
async fn copy_thrice(app: &TestApp, kind: &Kind) -> bool {
    let name = kind.name;
    let columns = format!(
        "SELECT column_name::text AS name, data_type::text AS value, is_nullable::text AS text FROM information_schema.columns WHERE table_schema = 'public' AND table_name = '{name}' AND is_generated = 'NEVER'"
    );
    let (mut names, mut made) = (Vec::new(), Vec::new());
    for mut row in app.rows(&columns).await {
        let (column, of) = (row.text("name").unwrap(), row.text("value").unwrap());
        let shifted = match of.as_str() {
            "date" | "integer" | "bigint" | "numeric" => format!("r.\"{column}\" + n"),
            "timestamp with time zone" => format!("r.\"{column}\" + n * interval '1 h'"),
            _ => format!("r.\"{column}\""),
        };
        let is_kept = shifted.ends_with('"') || row.text("text").as_deref() == Some("NO");
        made.push(match column.as_str() {
            "id" => "md5(r.id::text || n)::uuid".to_owned(),
            "personal" => "NULL".to_owned(),
            "revision" | "schema_version" => format!("r.{column}"),
            _ if is_kept => shifted,
            _ => format!("CASE WHEN n < 3 THEN {shifted} END"),
        });
        names.push(format!("\"{column}\""));
    }
    let (names, made) = (names.join(", "), made.join(", "));
    let copy = format!(
        "SET session_replication_role = replica; INSERT INTO {name} ({names}) SELECT {made} FROM (SELECT * FROM {name} LIMIT 1) AS r, generate_series(1, 3) AS n"
    );
    app.connection().await.batch_execute(&copy).await.is_ok()
}

async fn is_in_order(admin: &Actor, kind: &Kind, order: &str, all: &[String]) -> bool {
    let items = paged(admin, &format!("/v1/{}?order={order}", kind.path), 1).await;
    let mut found = ids(&items);
    found.sort();
    assert_eq!(found, all, "{} by {order}", kind.name);
    let field = order.trim_start_matches('-');
    // Names lie in the order of their sounds, which the next test looks at.
    if matches!(order, "newest" | "oldest") || field == "name" {
        return false;
    }
    let values: Vec<&Json> = items.iter().map(|item| &item[field]).collect();
    let known = values.iter().take_while(|value| !value.is_null()).count();
    assert!(values[known..].iter().all(|value| value.is_null()), "{} by {order}: {values:?}", kind.name);
    let wrong = if order.starts_with('-') { Ordering::Less } else { Ordering::Greater };
    assert!(values[..known].windows(2).all(|pair| compared(pair[0], pair[1]) != wrong), "{order}: {values:?}");
    known > 1
}

#[tokio::test]
async fn every_kind_is_listed_whole_by_everything_that_it_is_ordered_by() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    examples::one_of_each(&app, &admin, AREA).await;
    let mut copied = 0;
    for kind in routes::KINDS.iter() {
        copied += usize::from(copy_thrice(&app, kind).await);
    }
    assert!(copied > 40, "{copied}");
    let (mut told, mut seen) = (0, 0);
    for kind in routes::KINDS.iter() {
        let reply = admin.get(&format!("/v1/{}?limit=100", kind.path)).await;
        if reply.status != 200 {
            continue;
        }
        let mut all = ids(reply.body["items"].as_array().unwrap());
        all.sort();
        for order in orders(kind) {
            seen += 1;
            told += usize::from(is_in_order(&admin, kind, order, &all).await);
        }
    }
    assert!(seen > 200 && told > 60, "{told} of {seen}");
}

#[tokio::test]
async fn names_are_in_the_order_of_their_sounds_and_stay_while_they_are_read() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let mut made = Vec::new();
    for name in ["张家坝", "八步街", "李坝", "安居里", "陈家巷", "王坪"] {
        let body = json!({"name": name, "kind": "village_entrance", "area_code": AREA});
        made.push(admin.post("/v1/places", &body).await.expect(201).body);
    }
    let by_name = ["安居里", "八步街", "陈家巷", "李坝", "王坪", "张家坝"];
    let names = |items: &[Json]| items.iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(names(&paged(&admin, "/v1/places?order=name", 4).await), by_name);
    let backwards = names(&paged(&admin, "/v1/places?order=-name", 2).await);
    assert!(backwards.iter().rev().eq(by_name.iter()), "{backwards:?}");
    // Whoever turns the page finds those that were renamed meanwhile where they stood.
    let first = admin.get("/v1/places?order=name&limit=2").await.expect(200).body;
    for (index, name) in [(3, "赵家湾"), (0, "阿坝路")] {
        let id = made[index]["id"].as_str().unwrap();
        admin.patch(&format!("/v1/places/{id}"), "\"1\"", &json!({"name": name})).await.expect(200);
    }
    let path = format!("/v1/places?order=name&cursor={}", first["next_cursor"].as_str().unwrap());
    let rest = admin.get(&path).await.expect(200).body;
    assert_eq!(names(rest["items"].as_array().unwrap()), by_name[2..]);
    // A cursor is of one order; a file has none by a field; no other order is known.
    let other = path.replace("order=name", "order=-name");
    assert_eq!(admin.get(&other).await.code(), "bad_cursor");
    let file = admin.with("accept", "text/csv");
    assert_eq!(file.get("/v1/places?order=name").await.faults()[0].0, "?order");
    assert_eq!(admin.get("/v1/places?order=note").await.faults()[0].0, "?order");
}

#[tokio::test]
async fn more_than_ten_thousand_are_not_sorted_and_a_districts_changes_are_read_along_their_index() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    admin.post("/v1/screenings", &examples::screening(&place, 1)).await.expect(201);
    app.more_screenings(10_000, "'511802005'").await;
    app.sql("UPDATE district_clocks SET last_no = 2000000 WHERE district_code = '511802'").await;
    let refused = admin.get("/v1/screenings?order=temperature_c").await.expect(422);
    assert_eq!((refused.faults()[0].0.as_str(), refused.code()), ("?order", "unprocessable"));
    admin.get("/v1/screenings?order=-change_no&area_code=511802005").await.expect(422);
    let last = admin.get("/v1/screenings?order=-change_no&limit=3").await.expect(200).body;
    let numbers: Vec<i64> =
        last["items"].as_array().unwrap().iter().map(|item| item["change_no"].as_i64().unwrap()).collect();
    assert_eq!(numbers, [1_010_000, 1_009_999, 1_009_998]);
    let next = format!("/v1/screenings?order=-change_no&limit=3&cursor={}", last["next_cursor"].as_str().unwrap());
    assert_eq!(admin.get(&next).await.expect(200).body["items"][0]["change_no"], 1_009_997);
    let far = app.town_cadre("八步镇").await;
    assert_eq!(far.get("/v1/screenings?order=-change_no").await.expect(200).body["items"], json!([]));
    let sorted = admin.get("/v1/screenings?order=temperature_c&to_on=2020-01-01").await.expect(200);
    assert_eq!(sorted.body["items"], json!([]));
}
