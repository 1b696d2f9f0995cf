//! Panics of what works beside the requests: counted, told by readiness, and over.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use kit::row::Row;
use kit::statement::Statement;
use kit::supervision::{Labelled, Pauses};
use ledger::decide::{Decider, State};
use ledger::{Append, AppendError, Claim};
use serde_json::json;
use uuid::Uuid;

use crate::support::{TestApp, examples};

const DISTRICT: &str = "511802";

/// A rule across rows with a bug.
struct Broken;

impl Decider for Broken {
    fn group(&self) -> &'static str {
        "broken"
    }

    fn load(&self, _: &str, _: &[&Claim]) -> Vec<Statement> {
        Vec::new()
    }

    fn begin(&self, _: Vec<Vec<Row>>) -> Result<Box<dyn State>, String> {
        panic!("a rule with a bug");
    }
}

fn poison(id: Uuid) -> Append {
    let claim = Claim { decider: Arc::new(Broken), kind: "broken", id, by: Uuid::nil(), former: None, next: None };
    Append::asking(DISTRICT, vec![claim])
}

fn panics(app: &TestApp, worker: &'static str) -> u64 {
    app.core.supervision.panics().get_or_create(&Labelled { worker }).get()
}

/// Waits until the writer has panicked so often: callers are answered while it unwinds.
async fn panicked(app: &TestApp, times: u64) {
    for _ in 0..400 {
        if panics(app, "ledger") >= times {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    assert_eq!(panics(app, "ledger"), times);
}

/// Asks whether the service is ready until it answers so; a judgement is believed for half a second.
async fn ready_in_the_end(app: &TestApp, status: u16) -> serde_json::Value {
    for _ in 0..400 {
        let reply = app.nobody().get("/readyz").await;
        if reply.status == status {
            return reply.body;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("/readyz never answered {status}");
}

#[tokio::test]
async fn a_rule_that_panics_ends_no_writer_and_spoils_no_neighbour_twice() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let suspect = Uuid::now_v7();
    let answer = app.core.ledger.append(poison(suspect)).await;
    assert!(matches!(answer, Err(AppendError::Unreachable(_))), "whoever was with the writer is answered: {answer:?}");
    panicked(&app, 1).await;
    admin.post("/v1/screenings", &examples::screening(&place, 1)).await.expect(201);

    // Sent again and again beside others: they are written each time, only it goes down.
    for round in 0..3 {
        let bodies: Vec<_> = (0..8).map(|number| examples::screening(&place, 10 + round * 8 + number)).collect();
        let others = join_all(bodies.iter().map(|body| admin.post("/v1/screenings", body)));
        let (again, others) = tokio::join!(app.core.ledger.append(poison(suspect)), others);
        assert!(matches!(again, Err(AppendError::Unreachable(_))));
        for reply in others {
            reply.expect(201);
        }
    }
    panicked(&app, 4).await;
    ready_in_the_end(&app, 200).await;
    assert!(app.core.ledger.has_writer());
    let rows = app.rows("SELECT last_no FROM district_clocks WHERE district_code = '511802'").await;
    assert_eq!(rows.into_iter().next().and_then(|mut row| row.integer("last_no")), Some(26), "a place, 25 screenings");
    lianfang::integrity::verify(&app.core, |_, _| {}).await.unwrap();
    let text = app.core.metrics.text(&app.core).unwrap();
    assert!(text.contains("lianfang_worker_panics_total{worker=\"ledger\"} 4"), "{text}");
}

#[tokio::test]
async fn readiness_names_the_writer_while_it_is_down() {
    let app = TestApp::start().await;
    app.nobody().get("/readyz").await.expect(200);
    let down = app.core.supervision.is_down("ledger");
    let body = ready_in_the_end(&app, 503).await;
    assert_eq!(body["code"], "ledger_unavailable");
    assert_eq!(body["errors"][0]["code"], "worker_down");
    assert!(body["errors"][0]["message"].as_str().unwrap().contains("ledger"), "{body}");
    drop(down);
    ready_in_the_end(&app, 200).await;
}

#[tokio::test]
async fn a_worker_that_panics_begins_again_and_readiness_names_it() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let (broken, done) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicBool::new(false)));
    let (supervision, defect, end) = (app.core.supervision.clone(), Arc::clone(&broken), Arc::clone(&done));
    let pauses = Pauses { first: Duration::from_millis(700), longest: Duration::from_millis(700) };
    let worker = tokio::spawn(async move {
        let begin = || async {
            assert!(!defect.load(Ordering::Relaxed), "a defect");
            end.store(true, Ordering::Relaxed);
        };
        supervision.keep("tried", pauses, begin).await;
    });
    let body = ready_in_the_end(&app, 503).await;
    assert_eq!(body["code"], "unavailable");
    assert!(body["errors"][0]["message"].as_str().unwrap().contains("tried"), "{body}");
    assert!(panics(&app, "tried") >= 1);
    // It is no reason not to write what comes from the field.
    let place = json!({"kind": "compound_gate", "name": "北门", "area_code": "511802005001"});
    admin.post("/v1/places", &place).await.expect(201);
    broken.store(false, Ordering::Relaxed);
    worker.await.unwrap();
    assert!(done.load(Ordering::Relaxed));
    ready_in_the_end(&app, 200).await;
}
