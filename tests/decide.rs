//! The decide path, by a room of the tests' own: a counter that must never go beyond its bound.

use std::collections::BTreeMap;
use std::sync::Arc;

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use kit::catalogue::FaultCode;
use kit::faults::Fault;
use kit::field::{Field, Shape, free_text};
use kit::row::Row;
use kit::statement::Statement;
use kit::text::Text;
use ledger::Claim;
use ledger::decide::{Decider, State};
use lianfang::platform::access::Role;
use lianfang::platform::row_security;
use lianfang::records::write_context::WriteContext;
use lianfang::records::{Definition, Kind, Record, Rules};
use serde_json::json;

use crate::support::{Actor, TestApp, fresh_database};

const BOUND: i64 = 100;

static COUNTERS: Kind = Kind::of(Definition {
    name: "counters",
    path: "counters",
    schema: "Counter",
    label: Text::new("Counter", "计数"),
    about: "A test's counter.",
    fields: &[
        Field::new("name", free_text(20), Text::new("Name", "名称"), "Which counter.").required(),
        Field::new("amount", Shape::Integer { min: 1, max: 100 }, Text::new("Amount", "数量"), "By how much.")
            .required(),
    ],
    filters: &["name"],
    readers: &[Role::DistrictAdmin],
    writers: &[Role::DistrictAdmin],
    rules: &CounterRules,
    example: r#"{"name": "a", "amount": 1, "area_code": "511802"}"#,
    ..Definition::FIELD_RECORD
});

struct CounterRules;

impl Rules for CounterRules {
    fn decider(&self, _: Option<&Record>, _: &Record, _: &Arc<WriteContext>) -> Option<Arc<dyn Decider>> {
        Some(Arc::new(CounterRules))
    }

    fn judged_across_rows(&self) -> bool {
        true
    }
}

impl Decider for CounterRules {
    fn group(&self) -> &'static str {
        "counters"
    }

    fn load(&self, district_code: &str, _claims: &[&Claim]) -> Vec<Statement> {
        let totals = Statement::new(
            "SELECT name, sum(amount)::bigint AS total FROM counters WHERE NOT voided AND district_code = ",
        )
        .text(district_code)
        .sql(" GROUP BY name");
        vec![totals]
    }

    fn begin(&self, rows: Vec<Vec<Row>>) -> Result<Box<dyn State>, String> {
        let totals = rows.into_iter().flatten().filter_map(|mut row| Some((row.text("name")?, row.integer("total")?)));
        Ok(Box::new(Totals(totals.collect())))
    }
}

struct Totals(BTreeMap<String, i64>);

impl State for Totals {
    fn admit(&mut self, claim: &Claim) -> Result<(), Vec<Fault>> {
        let amount = |values: &Option<kit::value::Values>| {
            values.as_ref().and_then(|values| values.integer("amount")).unwrap_or(0)
        };
        let named = claim.next.as_ref().or(claim.former.as_ref());
        let name = named.and_then(|values| values.text("name")).unwrap_or_default().to_owned();
        let total = self.0.entry(name).or_default();
        let next = *total - amount(&claim.former) + amount(&claim.next);
        if next > BOUND {
            return Err(vec![Fault {
                pointer: "/amount".into(),
                code: FaultCode::OUT_OF_RANGE,
                values: vec![("min", "0".into()), ("max", BOUND.to_string())],
                hint: None,
            }]);
        }
        *total = next;
        Ok(())
    }
}

async fn app() -> (TestApp, TestApp, Actor) {
    let url = fresh_database().await;
    let mut owner = AsyncPgConnection::establish(&url).await.unwrap();
    let table = "CREATE TABLE counters (LIKE organizations INCLUDING DEFAULTS); ALTER TABLE counters DROP COLUMN kind, DROP COLUMN parent_id, ADD COLUMN amount integer NOT NULL; \
         ALTER TABLE counters ADD PRIMARY KEY (district_code, id); CREATE UNIQUE INDEX ON counters (district_code, change_no)";
    owner.batch_execute(table).await.unwrap();
    row_security::raise(&mut owner).await.unwrap();
    let definitions: Vec<&'static Kind> = lianfang::server::routes::KINDS.iter().copied().chain([&COUNTERS]).collect();
    let one = TestApp::start_over(&url, &definitions, |_| {}).await;
    let other = TestApp::start_over(&url, &definitions, |_| {}).await;
    let admin = one.administrator().await;
    (one, other, admin)
}

#[tokio::test]
async fn any_number_of_writers_never_go_beyond_the_bound() {
    let (one, other, admin) = app().await;
    let elsewhere = other.administrator().await;
    let posts: Vec<_> = (0..160_i64)
        .map(|number| {
            let actor = if number % 2 == 0 { admin.clone() } else { elsewhere.clone() };
            let body = json!({"name": if number % 4 < 2 { "a" } else { "b" }, "amount": 1 + number % 5, "area_code": "511802"});
            tokio::spawn(async move { (body["name"].as_str().unwrap().to_owned(), body["amount"].as_i64().unwrap(), actor.post("/v1/counters", &body).await) })
        })
        .collect();
    let mut totals: BTreeMap<String, i64> = BTreeMap::new();
    let mut refused = 0;
    for post in posts {
        let (name, amount, reply) = post.await.unwrap();
        match reply.status {
            201 => *totals.entry(name).or_default() += amount,
            422 => {
                assert_eq!(reply.faults(), [("/amount".to_owned(), "out_of_range".to_owned())]);
                refused += 1;
            }
            status => panic!("{status} {}", reply.body),
        }
    }
    let stored = one.rows("SELECT name, sum(amount)::bigint AS total FROM counters GROUP BY name").await;
    let stored: BTreeMap<String, i64> =
        stored.into_iter().map(|mut row| (row.text("name").unwrap(), row.integer("total").unwrap())).collect();
    assert_eq!(stored, totals);
    assert!(refused > 0 && stored.values().all(|total| (96..=BOUND).contains(total)), "{stored:?}");
    lianfang::integrity::verify(&one.core, |_, _| {}).await.unwrap();
}

#[tokio::test]
async fn amendments_and_voids_are_decided_too() {
    let (_one, _other, admin) = app().await;
    let body = |amount: i64| json!({"name": "a", "amount": amount, "area_code": "511802"});
    let path = admin.post("/v1/counters", &body(60)).await.expect(201).header("location").to_owned();
    admin.post("/v1/counters", &body(40)).await.expect(201);
    admin.patch(&path, "\"1\"", &json!({"amount": 61})).await.expect(422);
    admin.patch(&path, "\"1\"", &json!({"amount": 50})).await.expect(200);
    admin.post("/v1/counters", &body(11)).await.expect(422);
    admin.post(&format!("{path}:void"), &json!({"reason": "x"})).await.expect(200);
    admin.post("/v1/counters", &body(60)).await.expect(201);
    let items = vec![body(1), body(1)];
    let told = admin.post("/v1/counters:batch?atomic=true", &json!({"items": items})).await.expect(207).body;
    assert_eq!(told["results"][0]["problem"]["errors"][0]["code"], "out_of_range", "{told}");
}
