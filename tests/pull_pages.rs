//! Pages of feed and pull cost a page's price: an empty poll asks nothing, nobody's page goes through the whole ledger,
//! and for all that nothing is missed and nothing told twice.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::support::patience::by_itself;
use crate::support::{Actor, TestApp, examples};

const DISTRICT: &str = "511802";

/// Writes so many numbers of somewhere else behind the service's back: lines of the index without their records.
async fn fill(app: &TestApp, numbers: u32) {
    app.sql(&format!(
        "WITH clock AS (UPDATE district_clocks SET last_no = last_no + {numbers}, head = sha256(head), advanced_at = now() \
         WHERE district_code = '{DISTRICT}' RETURNING last_no - {numbers} AS base, head), \
         entry AS (INSERT INTO ledger_entries SELECT '{DISTRICT}', base + 1, {numbers}, sha256('x'), head, now() FROM clock) \
         INSERT INTO ledger_changes (district_code, change_no, sequence, kind, id, revision, operation, area_code, revised_by, revised_at) \
         SELECT '{DISTRICT}', base + n, 1, 'screenings', gen_random_uuid(), 1, 'create', '511802115', gen_random_uuid(), now() \
         FROM clock, generate_series(1, {numbers}) AS n"
    ))
    .await;
}

async fn last_no(app: &TestApp) -> i64 {
    let clock = format!("SELECT last_no FROM district_clocks WHERE district_code = '{DISTRICT}'");
    app.rows(&clock).await.remove(0).integer("last_no").unwrap()
}

/// Waits until the clocks were looked at since the last write: whoever polls makes the service look.
async fn looked_at(app: &TestApp, actor: &Actor) {
    let head = last_no(app).await;
    by_itself(async {
        loop {
            actor.get(&format!("/v1/changes?since={head}")).await.expect(200);
            if app.core.ledger.heads().fresh_head(DISTRICT).is_some_and(|seen| seen.number == head) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}

/// The fewest statements that a request reads with, of several: others look at the clocks now and then.
async fn fewest(app: &TestApp, actor: &Actor, path: &str) -> u64 {
    let mut fewest = u64::MAX;
    for _ in 0..10 {
        let before = app.core.database.statements().get();
        actor.get(path).await.expect(200);
        fewest = fewest.min(app.core.database.statements().get() - before);
    }
    fewest
}

#[tokio::test]
async fn an_empty_poll_asks_nothing_and_yet_notices_what_is_written() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let guard = app.gate_guard("大兴街道").await;
    admin.post("/v1/screenings", &examples::screening(&place, 1)).await.expect(201);
    looked_at(&app, &guard).await;
    let first = guard.get("/v1/sync/pull?limit=500").await.expect(200).body;
    assert_eq!(first["has_more"], false);
    let pull = format!("/v1/sync/pull?cursor={}", first["next_cursor"].as_str().unwrap());
    let feed = guard.get("/v1/changes?limit=500").await.expect(200).body;
    assert_eq!(feed["next"], feed["head"]);
    let (number, since) = (feed["next"].as_i64().unwrap(), feed["next_since"].as_str().unwrap());
    for path in [pull.clone(), format!("/v1/changes?since={number}"), format!("/v1/changes?since={since}")] {
        assert_eq!(fewest(&app, &guard, &path).await, 0, "{path}");
    }
    // Whoever comes from another ledger is told so all the same, and asks no more for it.
    let other = format!("/v1/changes?since={number}.000000000000000000000000");
    assert_eq!(guard.get(&other).await.expect(410).code(), "resync_required");
    // This process writes: the next poll has it, for nobody waits for a look at the clocks.
    let made = admin.post("/v1/screenings", &examples::screening(&place, 2)).await.expect(201).body["id"].clone();
    let told = guard.get(&format!("/v1/changes?since={since}&kinds=screenings")).await.expect(200).body;
    assert_eq!((&told["items"][0]["id"], told["items"].as_array().unwrap().len()), (&made, 1));
    let pulled = guard.get(&pull).await.expect(200).body;
    assert!(pulled["changes"].as_array().unwrap().iter().any(|change| change["id"] == made));
    // Another one does: it is noticed by itself.
    let other = app.another().await;
    let from_there = admin.at(&other).post("/v1/screenings", &examples::screening(&place, 3)).await.expect(201);
    let since = told["next_since"].as_str().unwrap().to_owned();
    by_itself(async {
        loop {
            let page = guard.get(&format!("/v1/changes?since={since}&kinds=screenings")).await.expect(200).body;
            if page["items"][0]["id"] == from_there.body["id"] {
                return;
            }
            assert_eq!(page["items"], json!([]));
        }
    })
    .await;
}

#[tokio::test]
async fn a_page_of_who_sees_little_looks_at_so_much_at_most_and_the_phone_ends() {
    const MANY: u32 = 60_000;
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let mut own = Vec::new();
    for sequence in 0..3 {
        let made = admin.post("/v1/screenings", &examples::screening(&place, sequence)).await.expect(201);
        own.push(made.body["id"].as_str().unwrap().to_owned());
        fill(&app, MANY / 2).await;
    }
    let guard = app.gate_guard("大兴街道").await;
    looked_at(&app, &guard).await;
    let before = app.core.database.statements().get();
    let (mut since, mut told, mut pages, mut empty) = (0, Vec::new(), 0, 0);
    loop {
        let path = format!("/v1/changes?since={since}&limit=200&kinds=screenings");
        let page = guard.get(&path).await.expect(200).body;
        let items = page["items"].as_array().unwrap();
        told.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        (pages, empty) = (pages + 1, empty + u32::from(items.is_empty()));
        let next = page["next"].as_i64().unwrap();
        if next == page["head"].as_i64().unwrap() {
            break;
        }
        assert!(next > since && next - since < 10_000, "{since} to {next}");
        since = next;
    }
    assert_eq!(told, own);
    assert!((9..40).contains(&pages) && empty > 3, "{pages} pages, {empty} of them empty");
    // The same for his phone, from the beginning and after his slice became another one.
    let (mut cursor, mut pulled) = (None, BTreeSet::new());
    pages += pull_all(&guard, &mut cursor, 200, &mut |change| {
        pulled.insert(change["id"].to_string());
    })
    .await;
    assert!(own.iter().all(|id| pulled.contains(&json!(id).to_string())), "{pulled:?}");
    grant(&admin, &guard, &json!({"role": "gate_guard", "area_code": "511802114"})).await;
    let mut lost = BTreeSet::new();
    let revoked = &mut |change: &Json| {
        if change["op"] == "access_revoked" {
            lost.insert(change["id"].as_str().unwrap().to_owned());
        }
    };
    pages += pull_all(&guard, &mut cursor, 200, revoked).await;
    assert!(own.iter().all(|id| lost.contains(id)), "{lost:?}");
    assert!((30..140).contains(&pages), "{pages} pages");
    let each = (app.core.database.statements().get() - before) / u64::from(pages);
    assert!(each <= 24, "{each} statements a page");
}

/// Pulls until there is nothing more; how many pages that took.
async fn pull_all(actor: &Actor, cursor: &mut Option<String>, limit: u32, told: &mut impl FnMut(&Json)) -> u32 {
    let mut pages = 0;
    loop {
        pages += 1;
        assert!(pages < 500, "it doesn't end");
        if !pull_one(actor, cursor, limit, told).await {
            return pages;
        }
    }
}

async fn pull_one(actor: &Actor, cursor: &mut Option<String>, limit: u32, told: &mut impl FnMut(&Json)) -> bool {
    let query = cursor.as_ref().map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
    let page = actor.get(&format!("/v1/sync/pull?limit={limit}{query}")).await.expect(200).body;
    page["changes"].as_array().unwrap().iter().for_each(told);
    *cursor = page["next_cursor"].as_str().map(str::to_owned);
    page["has_more"] == true
}

async fn grant(admin: &Actor, holder: &Actor, grant: &Json) {
    let path = format!("/v1/users/{}", holder.id);
    let user = admin.get(&path).await.expect(200);
    admin.patch(&path, user.header("etag"), &json!({"roles": [grant]})).await.expect(200);
}

/// A phone with all that it has, told page by page.
struct Phone {
    actor: Actor,
    cursor: Option<String>,
    grant: Json,
    held: BTreeMap<(String, String), i64>,
    told: BTreeSet<(String, String, i64)>,
    /// Whether its account sees something else since it had all: what that gained or lost is told, and then again where
    /// it lies beyond the phone's number.
    changes: bool,
}

impl Phone {
    async fn pull(&mut self, limit: u32, to_the_end: bool) {
        let (held, seen, changes) = (&mut self.held, &mut self.told, self.changes);
        let mut told = |change: &Json| {
            let text = |name: &str| change[name].as_str().unwrap().to_owned();
            let (kind, id, op) = (text("kind"), text("id"), text("op"));
            let number = change["change_no"].as_i64().unwrap();
            assert!(seen.insert((id.clone(), op.clone(), number)) || changes, "told twice: {change}");
            match op.as_str() {
                "upsert" => drop(held.insert((kind, id), change["revision"].as_i64().unwrap())),
                _ => drop(held.remove(&(kind, id))),
            }
        };
        if to_the_end {
            pull_all(&self.actor, &mut self.cursor, limit, &mut told).await;
        } else {
            if pull_one(&self.actor, &mut self.cursor, limit, &mut told).await {
                return;
            }
        }
        self.changes = false;
    }

    /// Everything of two kinds that its account may see, asked of the tables themselves.
    async fn require_whole(&self, app: &TestApp, when: &str) {
        let area = self.grant["area_code"].as_str().unwrap();
        let of_org = self.grant["org_id"].as_str().map(|id| format!("AND org_id = '{id}'")).unwrap_or_default();
        let mut expected = BTreeMap::new();
        for kind in ["screenings", "places"] {
            let rows = format!(
                "SELECT id, revision FROM {kind} WHERE district_code = '{DISTRICT}' AND NOT voided AND starts_with(area_code, '{area}') {of_org}"
            );
            for mut row in app.rows(&rows).await {
                expected.insert((kind.to_owned(), row.id("id").unwrap().to_string()), row.integer("revision").unwrap());
            }
        }
        let of_both = |((kind, _), _): &(&(String, String), &i64)| ["screenings", "places"].contains(&kind.as_str());
        let held: BTreeMap<_, _> = self.held.iter().filter(of_both).map(|(key, value)| (key.clone(), *value)).collect();
        assert_eq!(held, expected, "{when}, {}", self.grant);
    }
}

#[tokio::test]
async fn phones_hold_what_their_accounts_see_whatever_was_written_moved_and_granted_meanwhile() {
    let seed = std::env::var("PULL_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_200_204);
    let mut random = StdRng::seed_from_u64(seed);
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let school = json!({"kind": "school", "name": "虚构小学", "area_code": "511802005"});
    let school = admin.post("/v1/organizations", &school).await.expect(201).body["id"].clone();
    let mut places = Vec::new();
    for (area, org_id) in
        [("511802005001", None), ("511802005002", None), ("511802005", Some(&school)), ("511802114", None)]
    {
        let place = json!({"kind": "compound_gate", "name": "门", "area_code": area, "org_id": org_id});
        places.push(admin.post("/v1/places", &place).await.expect(201).body["id"].as_str().unwrap().to_owned());
    }
    let grants = [
        json!({"role": "gate_guard", "area_code": "511802005001"}),
        json!({"role": "town_cadre", "area_code": "511802005"}),
        json!({"role": "gate_guard", "area_code": "511802005", "org_id": school}),
        json!({"role": "district_admin", "area_code": DISTRICT}),
        json!({"role": "town_cadre", "area_code": "511802114"}),
    ];
    let mut phones = Vec::new();
    for of in &grants {
        let actor = app.gate_guard("上里镇").await;
        grant(&admin, &actor, of).await;
        let (held, told) = (BTreeMap::new(), BTreeSet::new());
        phones.push(Phone { actor, cursor: None, grant: of.clone(), held, told, changes: false });
    }
    let mut paths: Vec<String> = Vec::new();
    let any = |random: &mut StdRng, length: usize| random.random_range(0..length);
    for step in 0..90 {
        match any(&mut random, 10) {
            0..3 => {
                let mut body = examples::screening(&places[any(&mut random, places.len())], step);
                body["id"] = Uuid::now_v7().to_string().into();
                let made = admin.post("/v1/screenings", &body).await.expect(201);
                paths.push(made.header("location").to_owned());
            }
            3..5 if !paths.is_empty() => {
                let path = &paths[any(&mut random, paths.len())];
                let place = &places[any(&mut random, places.len())];
                let read = admin.get(path).await.expect(200);
                if read.body["voided_at"].is_null() {
                    let patch = json!({"place_id": place, "note": format!("{step}")});
                    admin.patch(path, read.header("etag"), &patch).await.expect(200);
                }
            }
            5 if !paths.is_empty() => {
                let path = &paths[any(&mut random, paths.len())];
                admin.post(&format!("{path}:void"), &json!({"reason": "x"})).await;
            }
            6 => fill(&app, random.random_range(1..12_000)).await,
            7 => {
                let index = any(&mut random, phones.len());
                let of = &grants[any(&mut random, grants.len())];
                grant(&admin, &phones[index].actor, of).await;
                let phone = &mut phones[index];
                (phone.grant, phone.told, phone.changes) = (of.clone(), BTreeSet::new(), true);
            }
            _ => {
                let index = any(&mut random, phones.len());
                let (limit, to_the_end) = (random.random_range(1..9), random.random_bool(0.2));
                phones[index].pull(limit, to_the_end).await;
            }
        }
    }
    looked_at(&app, &admin).await;
    for phone in &mut phones {
        phone.pull(50, true).await;
        phone.require_whole(&app, &format!("seed {seed}")).await;
        let (mut more, held) = (0, phone.held.clone());
        pull_all(&phone.actor, &mut phone.cursor, 50, &mut |_| more += 1).await;
        assert_eq!((more, &held), (0, &phone.held), "nothing is told twice");
    }
}
