//! A district may live on a server of its own: on an engine that spreads tables over several (Citus), every statement
//! that the service prepares must mean what it means on one PostgreSQL. The rules are a lint over all of them
//! (`distributed_statements/lint.rs`), noted as the driver prepares them (`support/statements.rs`).

pub mod lint;
pub mod replay;
pub mod split;
pub mod sql;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use kit::field::Shape;
use lianfang::platform::config::{Config, RowSecurity};
use lianfang::server::distribution::{ON_EVERY_SERVER, ON_THE_COORDINATOR, Place};
use serde_json::json;

use self::lint::{Rule, judge, tables};
use crate::shifts::make;
use crate::support::{Actor, TestApp, cluster_directory, examples, fake_resident_id, fresh_database, statements};
use crate::survey_coverage::{VILLAGE, coverage, started};

/// Writes, reads, revises and voids a record of every kind, merges people whom records name, and asks every list.
async fn journey(app: &TestApp, admin: &Actor) {
    let all = examples::one_of_each(app, admin, "511802005001").await;
    let by_path: BTreeMap<&str, &str> =
        all.iter().filter_map(|(kind, _, path)| Some((kind.path, path.rsplit('/').next()?))).collect();
    for operation in app.core.operations.iter().filter(|operation| operation.method == "GET") {
        let kind = operation.path.trim_start_matches("/v1/").split('/').next().unwrap_or_default();
        let id = by_path.get(kind).copied().unwrap_or("0198c0de-0000-7000-8000-000000000000");
        let path = operation.path.replace("{id}", id).replace("{code}", "511802005");
        if !path.contains('{') && !path.ends_with(":stream") && !path.contains("/stream") {
            // Whatever it answers: without its parameters some say what they lack.
            admin.get(&path).await;
        }
    }
    let gate = examples::checkpoint(admin, "511802005").await;
    let mut people = Vec::new();
    for sequence in [71, 72] {
        let person = json!({"name": "王五", "document_number": fake_resident_id(sequence), "area_code": "511802005"});
        let id = admin.post("/v1/people", &person).await.expect(201).body["id"].as_str().unwrap().to_owned();
        // Twice on one day, and the day before, so that known presences are settled.
        for at in ["2020-02-02T08:00:00+08:00", "2020-02-02T09:00:00+08:00", "2020-02-01T09:00:00+08:00"] {
            let passage = json!({"place_id": gate, "direction": "in", "person_id": id, "temperature_c": "36.5", "answers": ["none"], "occurred_at": at});
            admin.post("/v1/screenings", &passage).await.expect(201);
        }
        people.push(id);
    }
    let merge = json!({"into_id": people[0], "reason": "登记两次"});
    admin.post(&format!("/v1/people/{}:merge", people[1]), &merge).await.expect(200);
    admin.post(&format!("/v1/people/{}:unmerge", people[1]), &json!({"reason": "同名不同人"})).await.expect(200);
    for (kind, body, path) in &all {
        let tag = admin.get(path).await.header("etag").to_owned();
        let field = kind
            .fields
            .iter()
            .find(|field| matches!(field.shape, Shape::Text { .. }) && body.get(field.name).is_some());
        if let Some(field) = field.filter(|_| !tag.is_empty()) {
            admin.patch(path, &tag, &json!({field.name: body[field.name].clone()})).await;
        }
        if !kind.writers.is_empty() {
            admin.post(&format!("{path}:void"), &json!({"reason": "登记两次"})).await;
            admin.post(&format!("{path}:restore"), &json!({"reason": "登记无误"})).await;
        }
    }
    supplies(admin).await;
    survey(admin).await;
    let (.., volunteer) = all.iter().find(|(kind, ..)| kind.name == "volunteers").unwrap();
    let calendar = admin.post(&format!("{volunteer}:calendar"), &json!({})).await.expect(201).body;
    admin.get(calendar["url"].as_str().unwrap()).await.expect(200);
}

/// A round whose standings are kept, then one visit more.
async fn survey(admin: &Actor) {
    let household = make(admin, "households", json!({"area_code": VILLAGE, "door": "九幢一号"})).await;
    let at = |hours: i64| (chrono::Utc::now() + chrono::TimeDelta::hours(hours)).to_rfc3339();
    let round = json!({"starts_at": at(-20), "due_at": at(20)});
    let round = started(admin, round).await;
    coverage(admin, &round, "").await;
    let visit = json!({"round_id": round, "household_id": household, "occurred_at": at(-1), "channel": "home_visit", "result": "reached"});
    admin.post("/v1/survey-visits", &visit).await.expect(201);
    coverage(admin, &round, "").await;
    admin.post(&format!("/v1/survey-rounds/{round}:close"), &json!({})).await.expect(200);
}

/// A report of a store whose lines change: those of the former revision go.
async fn supplies(admin: &Actor) {
    let store = json!({"kind": "supermarket", "name": "沃尔玛", "area_code": "511802005"});
    let store = admin.post("/v1/places", &store).await.expect(201).body["id"].clone();
    let line =
        |commodity: &str, price: &str| json!({"commodity": commodity, "retail_price": price, "price_unit": "元/500克"});
    let report = json!({"place_id": store, "reported_on": "2020-01-30", "lines": [line("meat_beef", "40"), line("veg_celery", "3")]});
    let made = admin.post("/v1/supply-reports", &report).await.expect(201);
    let path = format!("/v1/supply-reports/{}", made.body["id"].as_str().unwrap());
    let lines = json!({"lines": [line("meat_beef", "41")]});
    admin.patch(&path, made.header("etag"), &lines).await.expect(200);
}

fn told(faults: impl IntoIterator<Item = String>) -> String {
    faults.into_iter().collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn every_statement_means_the_same_on_a_distributed_engine() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    journey(&app, &admin).await;
    lianfang::server::serve::sweep(&app.core).await.map_err(|problem| format!("{problem:?}")).unwrap();
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
    let texts = statements::texts(&app.database_url);
    if let Ok(path) = std::env::var("STATEMENTS") {
        std::fs::write(path, texts.join("\n\n")).unwrap();
    }
    let faults = statements::faults(&app.database_url);
    assert!(faults.is_empty(), "{}", told(faults.into_iter().map(|(text, fault)| format!("{fault}\n    {text}"))));
    // Statements of everything were judged: every kind is made, every table is asked for or written.
    assert!(texts.len() > 400, "{}", texts.len());
    let touched: BTreeSet<String> = texts.iter().flat_map(|text| split::touched(text)).collect();
    let lacking = tables().of_districts.iter().filter(|table| !touched.contains(*table));
    let lacking: Vec<&String> = lacking.collect();
    assert!(lacking.is_empty(), "no statement of the journey is about {lacking:?}");
    for kind in app.core.kinds().kinds() {
        let made = format!("create_{0} AS (INSERT INTO {0} ", kind.name);
        assert!(texts.iter().any(|text| text.contains(&made)), "no {} was made", kind.name);
    }
}

/// A database of one server that says it is of several, so that the service sends it what it would send those: what a
/// statement keeps between parts that write goes to all servers there, and one that is away would stop every district.
#[tokio::test]
async fn where_districts_lie_on_several_servers_a_statement_writes_once() {
    let database_url = fresh_database().await;
    let owner = connect(&database_url).await;
    owner
        .batch_execute(
            "SET allow_system_table_mods = on; \
             INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion) \
               SELECT max(oid::bigint) + 1, 'citus', 10, 'public'::regnamespace, false, 'none' FROM pg_extension; \
             CREATE TABLE pg_dist_partition (logicalrelid regclass, partmethod \"char\"); \
             INSERT INTO pg_dist_partition VALUES ('screenings', 'h'); GRANT SELECT ON pg_dist_partition TO PUBLIC; \
             DO $$ DECLARE walled regclass; BEGIN FOR walled IN SELECT polrelid::regclass FROM pg_policy WHERE polname = 'sight' LOOP \
               EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', walled); END LOOP; END $$",
        )
        .await
        .unwrap();
    let change = |config: &mut Config| config.row_security = RowSecurity::Off;
    let app = TestApp::start_over(&database_url, &lianfang::server::routes::KINDS, change).await;
    let admin = app.administrator().await;
    journey(&app, &admin).await;
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
    let texts = statements::texts(&database_url);
    let of_districts = |text: &&String| writers(text).iter().any(|table| tables().of_districts.contains(table));
    let writing = |text: &&String| of_districts(text) && writers(text).len() == 1;
    assert!(texts.iter().filter(writing).count() > 150, "{}", texts.len());
    for kind in app.core.kinds().kinds() {
        let made = format!("INSERT INTO {} ", kind.name);
        assert!(texts.iter().any(|text| text.starts_with(&made)), "no {} was made by itself", kind.name);
    }
    let several = texts.iter().filter(of_districts).filter(|text| writers(text).len() > 1);
    let several: BTreeSet<String> = several.map(|text| format!("{:?}: {text}", writers(text))).collect();
    assert!(several.is_empty(), "each in a statement of its own where Engine::SeveralServers: {}", told(several));
    assert_eq!(writers("WITH a AS (INSERT INTO users (id) VALUES ($1) RETURNING id) DELETE FROM sessions").len(), 2);
}

/// Tables that a statement writes into, part by part.
fn writers(statement: &str) -> Vec<String> {
    sql::parts(&sql::words(statement)).iter().filter_map(|part| Some(sql::written(&part.words)?.table)).collect()
}

#[test]
fn each_rule_catches_what_breaks_it() {
    let broken = [
        (
            Rule::SeesAnotherPart,
            "WITH kept AS (INSERT INTO person_presences AS p (district_code) SELECT $1 ON CONFLICT (district_code) DO UPDATE SET total = p.total + 1 RETURNING p.person_id), \
             known AS (SELECT q.total FROM person_presences AS q WHERE q.district_code = $1), doubled AS (SELECT total FROM known) \
             INSERT INTO person_rollups (district_code, persons) SELECT $1, total FROM doubled",
        ),
        (
            Rule::SeesAnotherPart,
            "WITH beside AS (INSERT INTO supply_lines (district_code, report_id, revision) VALUES ($1, $2, $3)) \
             DELETE FROM supply_lines AS p WHERE p.district_code = $1 AND p.report_id = $2",
        ),
        (Rule::NoDistrict, "SELECT s.id FROM screenings AS s WHERE s.id = $1"),
        (
            Rule::NoDistrict,
            "SELECT s.id FROM screenings AS s JOIN people AS p ON p.district_code = s.district_code AND p.id = s.person_id WHERE s.id = $1",
        ),
        (
            Rule::NoDistrict,
            "SELECT s.id FROM screenings AS s JOIN people AS p ON p.id = s.person_id WHERE s.district_code = $1",
        ),
        (Rule::NoDistrict, "DELETE FROM duties WHERE id = $1"),
        (
            Rule::NoDistrict,
            "SELECT u.id, (SELECT o.name FROM organizations AS o WHERE o.id = u.org_id) FROM users AS u",
        ),
        (
            Rule::OfSettings,
            "UPDATE record_revisions AS h SET body = h.body || jsonb_build_object('a', h.kind) WHERE h.district_code = $1",
        ),
        (
            Rule::CaseOfValue,
            "UPDATE held_items SET state = CASE state WHEN 'open' THEN 'discarded' ELSE state END WHERE district_code = $1",
        ),
        (Rule::Volatile, "UPDATE district_clocks SET advanced_at = clock_timestamp() WHERE district_code = $1"),
        (
            Rule::AccountsWithDistricts,
            "UPDATE users SET active = false FROM organizations AS o WHERE o.district_code = $1 AND o.id = users.org_id",
        ),
        (
            Rule::AccountsWithDistricts,
            "SELECT u.id FROM users AS u LEFT JOIN organizations AS o ON o.district_code = $1 AND o.id = u.org_id",
        ),
        (
            Rule::RoundAndWrites,
            "WITH RECURSIVE up(id) AS (SELECT $2 UNION ALL SELECT p.merged_into FROM up JOIN people AS p ON p.district_code = $1 AND p.id = up.id) \
             INSERT INTO person_rollups (district_code, persons) SELECT $1, count(*) FROM up",
        ),
        (Rule::SessionSetting, "SET work_mem = '1GB'"),
        (Rule::SessionSetting, "SELECT set_config('some.thing', $1, false)"),
    ];
    for (rule, sql) in broken {
        assert!(judge(sql).iter().any(|fault| fault.rule == rule), "{rule:?} isn't caught in {sql}: {:?}", judge(sql));
    }
    let sound = [
        "WITH known AS MATERIALIZED (SELECT q.total FROM person_presences AS q WHERE q.district_code = $1), \
         kept AS (INSERT INTO person_presences (district_code, total) SELECT $1, total FROM known) SELECT total FROM known",
        "WITH beside AS (INSERT INTO supply_lines (district_code, report_id, revision) VALUES ($1, $2, $3)) \
         DELETE FROM supply_lines AS p WHERE p.district_code = $1 AND p.report_id = $2 AND p.revision < $3",
        "SELECT s.id FROM screenings AS s JOIN people AS p ON p.district_code = s.district_code AND p.id = s.person_id WHERE s.district_code = $1",
        "SELECT u.id FROM users AS u LEFT JOIN sessions AS s ON s.user_id = u.id",
        "SELECT extract(epoch FROM s.recorded_at) FROM screenings AS s WHERE s.district_code = ANY($1)",
    ];
    for sql in sound {
        assert_eq!(judge(sql), [], "{sql}");
    }
}

/// A new table of a migration has a district, or is listed with where it goes.
#[test]
fn every_table_has_a_place() {
    let without: Vec<&String> = tables().of_all.iter().filter(|table| Place::of(table, false).is_none()).collect();
    assert!(without.is_empty(), "list these in api/server/distribution.rs: {without:?}");
    let listed: BTreeSet<&str> = [ON_EVERY_SERVER, ON_THE_COORDINATOR].concat().into_iter().collect();
    assert_eq!(tables().of_all.iter().map(String::as_str).collect::<BTreeSet<_>>(), listed, "what is listed is there");
    assert_eq!(Place::of("screenings", true), Some(Place::ByDistrict));
    assert_eq!(Place::of("something_new", false), None);
}

#[tokio::test]
async fn the_lists_name_what_there_is() {
    let app = TestApp::start().await;
    let of_districts = "SELECT c.relname::text AS name FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid \
        AND a.attname = 'district_code' WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')";
    let names: BTreeSet<String> = app.rows(of_districts).await.iter_mut().filter_map(|row| row.text("name")).collect();
    assert_eq!(tables().of_districts, names);
    // Names that end as those of a distributed table's parts do would lose their ends where an error is read.
    let like_parts = "SELECT name FROM (SELECT conname::text AS name FROM pg_constraint UNION SELECT relname::text FROM pg_class \
        WHERE relnamespace = 'public'::regnamespace) AS n WHERE name ~ '_[0-9]{6,}$'";
    assert_eq!(app.rows(like_parts).await.len(), 0);
    // The second wall asks nothing but what a statement may see, and from where cases are seen.
    let rules = "SELECT tablename::text AS name, qual::text AS rule FROM pg_policies WHERE policyname = 'sight'";
    for mut row in app.rows(rules).await {
        let (name, rule) = (row.text("name").unwrap(), row.text("rule").unwrap());
        let told = rule.matches("SELECT").count();
        let known = rule.matches("SELECT string_to_array(current_setting(").count()
            + rule.matches("SELECT s.case_id").count()
            + rule.matches("SELECT s.person_id").count()
            + rule.matches("SELECT split_part(s.s").count()
            + rule.matches("SELECT \"left\"(split_part(").count();
        assert_eq!(told, known, "{name}: {rule}");
    }
}

#[tokio::test]
async fn statements_in_parts_leave_what_whole_ones_leave() {
    let (told_all, in_parts) = (fresh_database().await, fresh_database().await);
    let name = told_all.rsplit('/').next().unwrap().split('?').next().unwrap().to_owned();
    let client = connect(&told_all).await;
    client.batch_execute(&replay::tell_all(&name)).await.unwrap();
    let log = cluster_directory().join("postgres.log");
    let begins = std::fs::metadata(&log).map_or(0, |file| usize::try_from(file.len()).unwrap());
    let app = TestApp::start_over(&told_all, &lianfang::server::routes::KINDS, |_| {}).await;
    let admin = app.administrator().await;
    journey(&app, &admin).await;
    drop(app);
    let text = std::fs::read(&log).unwrap();
    let transactions = replay::transactions(&String::from_utf8_lossy(&text[begins..]));
    let copy = connect(&in_parts).await;
    copy.batch_execute("SET timezone = 'UTC'; SET session_replication_role = 'origin'").await.unwrap();
    let (mut parted, mut wrong) = (0, Vec::new());
    for statements in &transactions {
        copy.batch_execute("BEGIN").await.unwrap();
        let mut done = Ok(());
        for statement in statements.iter().filter(|statement| writes(statement)) {
            parted += usize::from(sql::parts(&sql::words(statement)).len() > 1);
            done = split::in_parts(&copy, statement).await;
            if done.is_err() {
                break;
            }
        }
        copy.batch_execute(if done.is_ok() { "COMMIT" } else { "ROLLBACK" }).await.unwrap();
        wrong.extend(done.err());
    }
    assert!(wrong.is_empty(), "{} of {}: {}", wrong.len(), transactions.len(), told(wrong));
    assert!(parted > 150, "{parted}");
    for table in tables().of_districts.iter() {
        let (one, other) = (content(&client, table).await, content(&copy, table).await);
        assert_eq!(one, other, "{table}");
    }
    // Rows that the parts might have lost were compared.
    let lines = "SELECT count(*) FROM supply_lines AS l JOIN supply_reports AS r ON r.id = l.report_id WHERE r.revision = 2 AND l.revision = 2";
    assert_eq!(copy.query_one(lines, &[]).await.unwrap().get::<_, i64>(0), 1);
    for kept in ["put AS", "away AS", "counted AS", "former_revise_supply_reports AS"] {
        let ran = transactions.iter().flatten().any(|statement| statement.contains(kept));
        assert!(ran, "no statement with {kept} was run in parts");
    }
    let persons = "SELECT count(*) FROM person_rollups WHERE persons > 0";
    assert!(copy.query_one(persons, &[]).await.unwrap().get::<_, i64>(0) > 3);
}

fn writes(statement: &str) -> bool {
    !writers(statement).is_empty()
}

/// Whole rows but for what a clock gives, former revisions' too.
async fn content(client: &tokio_postgres::Client, table: &str) -> Vec<String> {
    let given = "'{recorded_at,revised_at,advanced_at,head,created_at,updated_at,computed_at}'::text[]";
    let rows = client
        .query(
            &format!(
                "SELECT ((r - {given}) || CASE WHEN jsonb_typeof(r -> 'body') = 'object' THEN jsonb_build_object('body', (r -> 'body') - {given}) ELSE '{{}}' END)::text \
                 FROM (SELECT to_jsonb(t) AS r FROM {table} AS t) AS t ORDER BY 1"
            ),
            &[],
        )
        .await
        .unwrap();
    rows.iter().map(|row| row.get::<_, String>(0)).collect()
}

async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

#[tokio::test]
async fn a_statement_that_relies_on_its_snapshot_is_found_by_its_parts() {
    let client = connect(&fresh_database().await).await;
    client.batch_execute("CREATE TABLE lines (id integer, revision integer)").await.unwrap();
    let revise = |more: &str| {
        format!(
            "WITH made AS (INSERT INTO lines VALUES (1, 2) RETURNING id, revision) \
             DELETE FROM lines AS p USING made AS w WHERE p.id = w.id{more}"
        )
    };
    for (more, kept) in [("", 0_i64), (" AND p.revision < w.revision", 1)] {
        for (in_parts, kept) in [(false, 1), (true, kept)] {
            client.batch_execute("TRUNCATE lines; INSERT INTO lines VALUES (1, 1); BEGIN").await.unwrap();
            if in_parts {
                split::in_parts(&client, &revise(more)).await.unwrap();
            } else {
                split::whole(&client, &revise(more)).await.unwrap();
            }
            client.batch_execute("COMMIT").await.unwrap();
            let count: i64 = client.query_one("SELECT count(*) FROM lines", &[]).await.unwrap().get(0);
            assert_eq!(count, kept, "{more} in parts: {in_parts}");
        }
    }
}

/// Files that speak to the database otherwise than by statements that the driver prepares, and why.
const OTHERWISE: &[(&str, &str)] = &[
    ("api/kit/database.rs", "begins and ends a snapshot"),
    ("api/kit/link.rs", "settings of a connection, by engine"),
    ("api/ledger/flight.rs", "begins and ends a transaction of one district"),
    ("api/exchange/changes/fill.rs", "the owner, at a migration"),
    ("api/integrity/reader.rs", "begins and ends a proof's snapshot"),
    ("api/integrity/recount.rs", "begins and ends a recount, a district each"),
    ("api/integrity/owner.rs", "the owner, who purges, seals, and seals again with another key"),
    ("api/platform/embedded/connection.rs", "our own server, which is one PostgreSQL"),
    ("api/platform/row_security/mod.rs", "the owner, at a migration"),
    ("api/server/distribution.rs", "the owner, at `lianfang distribute`"),
    ("api/rooms/households/survey_rounds/proof.rs", "begins and ends a proof's snapshot"),
    ("api/server/carried.rs", "the owner, at a migration"),
    ("api/server/migrations.rs", "the owner, at a migration"),
];

#[test]
fn whatever_is_not_prepared_is_listed() {
    let mut found = BTreeSet::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("api"), &mut |path, text| {
        let ways = ["batch_execute(", "sql_query(", "simple_query(", "tokio_postgres::connect("];
        if ways.iter().any(|way| text.contains(way)) {
            found.insert(path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().display().to_string());
        }
    });
    let listed: BTreeSet<String> = OTHERWISE.iter().map(|(path, _)| (*path).to_owned()).collect();
    assert_eq!(found, listed, "SQL that the lint doesn't see: prepare it, or list it with its reason");
}

/// Citus hands the whole text in which a transaction's setting stands on to its workers: what stands beside it is done there
/// once more.
#[test]
fn a_transactions_setting_stands_by_itself() {
    let beside = regex::Regex::new(r#""[^"]*(;[^"]*SET LOCAL|SET LOCAL[^"]*;)[^"]*""#).unwrap();
    assert!(beside.is_match("\"BEGIN; SET LOCAL lock_timeout = 0\""));
    let mut found = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("api"), &mut |path, text| {
        found.extend(beside.find_iter(text).map(|place| format!("{}: {}", path.display(), place.as_str())));
    });
    assert!(found.is_empty(), "{found:?}");
}

fn walk(folder: &Path, each: &mut dyn FnMut(&Path, &str)) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, each);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            each(&path, &std::fs::read_to_string(&path).unwrap());
        }
    }
}

#[tokio::test]
async fn a_transaction_names_one_district() {
    statements::note_transactions();
    let app = TestApp::start().await;
    let heads = [app.head_of("511802").await, app.head_of("511803").await, app.head_of("511822").await];
    let gates = ["511802005", "511803001", "511822101"];
    let posts = (0..12).map(|index| {
        let (head, area) = (&heads[index % 3], gates[index % 3]);
        let place = json!({"kind": "compound_gate", "name": format!("门{index}"), "area_code": area});
        async move { head.post("/v1/places", &place).await.expect(201) }
    });
    futures_util::future::join_all(posts).await;
    let known: BTreeSet<&str> = app.core.divisions.districts().collect();
    let all = statements::transactions(&app.database_url);
    assert!(all.len() > 5, "{all:?}");
    let several: Vec<_> = all
        .into_iter()
        .map(|named| named.into_iter().filter(|code| known.contains(code.as_str())).collect::<Vec<_>>())
        .filter(|named| named.len() > 1)
        .collect();
    assert!(several.is_empty(), "{several:?}");
    // A second district among the values would be seen.
    let printed = "INSERT INTO a VALUES ($1, $2) -- binds: [Some(\"511802\"), [Some(\"511803\")]]";
    assert_eq!(statements::districts_bound(printed), ["511802", "511803"]);
}
