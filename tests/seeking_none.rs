//! Lists of what lacks something: `none` as the value of a filter.

use kit::field::{Absence, Shape};
use kit::statement::ColumnType;
use lianfang::platform::access::Role;
use lianfang::records::list;
use lianfang::server::routes;
use serde_json::json;

use crate::support::document::parameter as documented_parameter;
use crate::support::{Actor, TestApp, examples};

async fn ids(actor: &Actor, path: &str) -> Vec<String> {
    let body = actor.get(path).await.expect(200).body;
    body["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

/// Each filter by a reference or a word of every kind: `none` finds exactly those whose column is null, or is refused
/// where there can't be any; and the document says which.
#[tokio::test]
async fn every_filter_of_every_kind_takes_none_or_says_why_not() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    examples::one_of_each(&app, &admin, "511802005").await;
    let document = routes::document(&routes::kinds());
    let (mut sought, mut impossible) = (0, 0);
    for kind in app.core.kinds().kinds() {
        let documented = &document["paths"][format!("/v1/{}", kind.path)]["get"];
        let identity = kind.rules.identity().map_or(String::new(), |one| format!(" AND {} IS NULL", one.merged_into));
        for field in kind.filters.iter().map(|name| kind.field(name).unwrap()) {
            let parameters = list::parameters(kind);
            let name = if field.name == "to" { "record_to" } else { field.name };
            let parameter = parameters.iter().find(|parameter| parameter.name == name).unwrap();
            let says = documented_parameter(&document, documented, name).unwrap();
            let says_none = says["description"].as_str().is_some() && says["schema"].to_string().contains("none");
            let at = format!("/v1/{}?{name}=none", kind.path);
            let reply = admin.get(&at).await;
            let is_asked = matches!(field.shape, Shape::Id | Shape::Account | Shape::Reference(_) | Shape::Word(_));
            match parameter.absence {
                Absence::Unasked => assert!(!is_asked, "{at}: a word of its own is called none"),
                Absence::Impossible => {
                    impossible += 1;
                    assert!(field.required && !says_none, "{at}");
                    let faults = reply.expect(400).faults();
                    assert!(faults.contains(&(format!("?{name}"), "never_none".to_owned())), "{at}: {faults:?}");
                }
                Absence::Sought => {
                    sought += 1;
                    assert!(!field.required && says_none, "{at}: {says}");
                    let found = ids(&admin, &format!("{at}&limit=500")).await;
                    let rows = format!(
                        "SELECT id FROM {} WHERE \"{}\" IS NULL AND NOT voided{identity} ORDER BY occurred_at DESC, id DESC LIMIT 500",
                        kind.name, field.name
                    );
                    let rows: Vec<String> =
                        app.rows(&rows).await.into_iter().map(|mut row| row.id("id").unwrap().to_string()).collect();
                    assert_eq!(found, rows, "{at}");
                }
            }
        }
    }
    assert!(sought > 40 && impossible > 20, "{sought} {impossible}");
}

#[tokio::test]
async fn households_without_a_group_are_a_list_a_page_and_a_file() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let village = "511802005001";
    let group = json!({"name": "一组", "area_code": village});
    let group = admin.post("/v1/household-groups", &group).await.expect(201).body["id"].clone();
    for door in 1..=5 {
        let mut body = json!({"area_code": village, "door": format!("1-{door}")});
        if door > 3 {
            body["household_group_id"] = group.clone();
        }
        admin.post("/v1/households", &body).await.expect(201);
    }
    let path = "/v1/households?household_group_id=none";
    let all = ids(&admin, path).await;
    assert_eq!(all.len(), 3);
    // Page by page, the rest as things stood; a cursor is of its own list.
    let first = admin.get(&format!("{path}&limit=2")).await.expect(200).body;
    let cursor = first["next_cursor"].as_str().unwrap();
    let joined = format!("/v1/households/{}", all[2]);
    admin.patch(&joined, "\"1\"", &json!({"household_group_id": group})).await.expect(200);
    assert_eq!(ids(&admin, &format!("{path}&limit=2&cursor={cursor}")).await, all[2..], "as it stood");
    let other = admin.get(&format!("/v1/households?limit=2&cursor={cursor}")).await.expect(400);
    assert_eq!(other.code(), "bad_cursor");
    assert_eq!(ids(&admin, path).await, all[..2]);
    let (status, _, file) = admin.with("accept", "text/csv").download(path).await;
    let lines = String::from_utf8(file).unwrap().lines().filter(|line| line.contains(village)).count();
    assert_eq!((status, lines), (200, 2));
    // Beside other conditions, and within one's own area.
    assert_eq!(ids(&admin, &format!("{path}&status=active")).await.len(), 2);
    assert_eq!(ids(&admin, &format!("{path}&grid_cell_id=none&residency=none")).await.len(), 2);
    let cadre = app.actor(Role::VillageCadre, "八步镇").await;
    assert!(ids(&cadre, path).await.is_empty(), "another town's");
    let repeated = admin.get(&format!("{path}&household_group_id=none")).await.expect(400).faults();
    assert_eq!(repeated[0].1, "repeated_parameter");
}

/// A place without a status had none on any day before it was told one.
#[tokio::test]
async fn none_is_asked_of_the_past_too() {
    let app = TestApp::start().await;
    crate::isolation_cases::set_clock(&app, "2020-02-05T12:00:00+08:00");
    let admin = app.administrator().await;
    let shop = json!({"kind": "supermarket", "name": "超市", "area_code": "511802005", "operating_status": "open",
        "operating_status_since_at": "2020-01-20T09:00:00+08:00"});
    let shop = admin.post("/v1/places", &shop).await.expect(201).body["id"].as_str().unwrap().to_owned();
    let gate = examples::checkpoint(&admin, "511802005").await;
    let on = async |day: &str| {
        let mut found = ids(&admin, &format!("/v1/places?operating_status=none&operating_status_on={day}")).await;
        found.sort();
        found
    };
    let mut both = vec![shop, gate.clone()];
    both.sort();
    assert_eq!(on("2020-01-19").await, both);
    assert_eq!(on("2020-01-20").await, [gate.clone()]);
    assert_eq!(ids(&admin, "/v1/places?operating_status=none").await, [gate]);
}

/// Of two hundred thousand households few lack a group, and those are the oldest: no list reads all the others first.
#[tokio::test]
async fn an_index_finds_the_few_that_lack_something() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let body = json!({"area_code": "511802005001", "door": "1-1"});
    admin.post("/v1/households", &body).await.expect(201);
    for (table, rows) in [("households", 200_000), ("need_requests", 20_000), ("violations", 20_000)] {
        let columns = app.core.kinds().kind(table).unwrap().table().columns.clone();
        let named = |name: &str| columns.iter().any(|column| column.name == name);
        let lacking =
            ["household_group_id", "assigned_org_id", "case_id"].into_iter().find(|name| named(name)).unwrap();
        let cells: Vec<(String, String)> = columns
            .iter()
            .map(|column| {
                let cell = match column.name {
                    "id" => "gen_random_uuid()".to_owned(),
                    "revision" => "1".to_owned(),
                    "area_code" => "'511802005001'".to_owned(),
                    "occurred_at" => "'2020-01-01T00:00:00Z'::timestamptz + n * interval '1 minute'".to_owned(),
                    name if name == lacking => "CASE WHEN n > 50 THEN gen_random_uuid() END".to_owned(),
                    "voided" => "false".to_owned(),
                    "state" => "'open'".to_owned(),
                    "recorded_by" | "revised_by" => "gen_random_uuid()".to_owned(),
                    _ => match column.column_type {
                        ColumnType::Json => "'[]'".to_owned(),
                        ColumnType::Bytes => "'\\x00'".to_owned(),
                        ColumnType::Text => "'x'".to_owned(),
                        ColumnType::Boolean => "false".to_owned(),
                        _ => "NULL".to_owned(),
                    },
                };
                (column.identifier(), cell)
            })
            .collect();
        let (names, values): (Vec<String>, Vec<String>) = cells.into_iter().unzip();
        let fill = format!(
            "INSERT INTO {table} (district_code, change_no, recorded_at, revised_at, {}) SELECT '511802', -n, now(), now(), {} FROM generate_series(1, {rows}) AS n",
            names.join(", "),
            values.join(", ")
        );
        app.sql(&fill).await;
        app.sql(&format!("ANALYZE {table}")).await;
        let plan = format!(
            "EXPLAIN (ANALYZE, BUFFERS OFF) SELECT id FROM {table} AS r WHERE r.district_code = '511802' AND NOT r.voided AND r.{lacking} IS NULL ORDER BY r.occurred_at DESC, r.id DESC LIMIT 51"
        );
        let lines: Vec<String> =
            app.rows(&plan).await.into_iter().filter_map(|mut row| row.text("QUERY PLAN")).collect();
        let plan = lines.join("\n");
        assert!(plan.contains("Index") && !plan.contains("Seq Scan"), "{table}: {plan}");
        assert!(!plan.contains("Rows Removed by Filter"), "{table}: {plan}");
    }
}
