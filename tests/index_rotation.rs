//! Rotation of the key of blind indexes: whoever and whatever is looked up is found, and told apart, under the former key and the
//! new one, while rows go from one to the other, several processes write, and it is broken off.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};

use diesel_async::SimpleAsyncConnection;
use lianfang::integrity::rotation::{Rotated, RotationError, Told, borne, retire, rotate};
use lianfang::integrity::verify;
use lianfang::platform::privacy::numbered::Purpose;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::imports::{counts, import};
use crate::isolation_cases::{case, notified, set_clock};
use crate::key_rotation::{command, counted, found, kill_when, outcome, person, state, with_keys, written_beside};
use crate::purge::{Later, written};
use crate::support::dumps::Scratch;
use crate::support::{Actor, TestApp, examples, fake_resident_id, fresh_database};

const DAY: &str = "/v1/stats/screenings?from_on=2020-02-02&to_on=2020-02-02&by=total";

/// How many indexes are under each key.
async fn under(app: &TestApp) -> BTreeMap<u32, u64> {
    borne(&app.core, &app.database_url, Purpose::BlindIndex).await.unwrap()
}

async fn rotated(app: &TestApp) -> Result<Rotated, RotationError> {
    let mut tell = |_: Told<'_>| {};
    rotate(&app.core, &app.database_url, Purpose::BlindIndex, &mut tell).await
}

/// Lengths in bytes of the indexes of plates.
async fn lengths(app: &TestApp) -> Vec<i64> {
    let lengths = "SELECT DISTINCT octet_length(plate_blind_index)::bigint AS length FROM screenings WHERE plate_blind_index IS NOT NULL ORDER BY 1";
    app.rows(lengths).await.into_iter().filter_map(|mut row| row.integer("length")).collect()
}

async fn pass(actor: &Actor, place: &str, sequence: u32, plate: &str, group: Uuid) -> Json {
    let mut body = examples::screening(place, sequence);
    body["vehicle"] = json!({"plate_number": plate});
    body["pass_group_id"] = json!(group);
    actor.post("/v1/screenings", &body).await.expect(201).body
}

/// Vehicles of the day, as they are kept and as they are counted from the rows.
async fn vehicles(actor: &Actor) -> [i64; 2] {
    let mut all = [0; 2];
    for (count, query) in all.iter_mut().zip(["", "&has_vehicle=true"]) {
        let told = actor.get(&format!("{DAY}{query}")).await.expect(200).body;
        *count = told["total"]["vehicles"]["value"].as_i64().unwrap();
    }
    all
}

async fn seen(actor: &Actor, plate: &str) -> usize {
    let page = actor.post("/v1/screenings:search", &json!({"plate_number": plate})).await.expect(200).body;
    page["items"].as_array().unwrap().len()
}

async fn sign_in(app: &TestApp, password: &str) {
    let login = json!({"username": "device.user", "password": password, "device_id": "老王的手机"});
    app.nobody().post("/v1/auth/login", &login).await.expect(200);
}

/// Sessions of the device that aren't over, and those that another one replaced.
async fn sessions(app: &TestApp) -> (i64, i64) {
    let counted = "SELECT count(*) FILTER (WHERE ended_at IS NULL) AS open, count(*) FILTER (WHERE end_reason = 'replaced') AS replaced FROM sessions WHERE device IS NOT NULL";
    let row = &mut app.rows(counted).await[0];
    (row.integer("open").unwrap(), row.integer("replaced").unwrap())
}

/// Two processes, a place, and a group of cars.
struct Gate {
    keys: Scratch,
    url: String,
    app: TestApp,
    other: TestApp,
    admin: Actor,
    there: Actor,
    place: String,
    group: Uuid,
    password: String,
}

impl Gate {
    async fn new() -> Self {
        let (keys, url) = (Scratch::new(), fresh_database().await);
        let (app, other) = (with_keys(&url, &keys).await, with_keys(&url, &keys).await);
        set_clock(&app, "2020-02-03T12:00:00+08:00");
        set_clock(&other, "2020-02-03T12:00:00+08:00");
        let admin = app.administrator().await;
        let there = admin.at(&other);
        let place = examples::checkpoint(&admin, "511802005").await;
        let password = app.add_user(Uuid::now_v7(), "device.user", Vec::new()).await;
        Self { keys, url, app, other, admin, there, place, group: Uuid::now_v7(), password }
    }

    /// Whatever there is is found by both processes, and nothing twice.
    async fn holds(&self, people: usize, in_the_first_car: usize, at: &str) {
        for actor in [&self.admin, &self.there] {
            assert_eq!(vehicles(actor).await, [3, 3], "{at}");
            assert_eq!(seen(actor, "川T12345").await, in_the_first_car, "{at}");
            assert_eq!(seen(actor, "川T12347").await, 1, "{at}");
            assert_eq!(found(actor, &json!({"document_number": fake_resident_id(1)})).await.len(), 1, "{at}");
            assert_eq!(found(actor, &json!({"phone": "15400000002"})).await.len(), 1, "{at}");
            let name = json!({"name": "王五", "area_code": "511802"});
            assert_eq!(found(actor, &name).await.len(), people, "{at}");
        }
        let looked_up = self.there.post("/v1/screenings:lookup", &json!({"plate_number": "川T12346"})).await;
        assert_eq!(looked_up.expect(200).body["items"].as_array().unwrap().len(), 1, "{at}");
        verify(&self.app.core, |_, _| {}).await.map_err(|error| format!("{at}: {error:?}")).unwrap();
    }

    /// A process elsewhere that does what is told of it: the command waits for it.
    async fn stand_in(&self, index_keys: &str) {
        let stands = format!(
            "INSERT INTO key_holders (id, host, process_no, data_keys, seals_with, index_keys, indexes_with, seen_at) VALUES ('00000000-0000-0000-0000-000000000001', 'elsewhere', 7, '[1]', 1, '{index_keys}', 1, now() + interval '1 hour') ON CONFLICT (id) DO UPDATE SET index_keys = excluded.index_keys"
        );
        self.app.sql(&stands).await;
    }

    fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = command(&self.url, &self.keys, arguments);
        command.env("LIANFANG_WRITE_DEADLINE_MS", "2000");
        command
    }
}

#[tokio::test]
async fn all_are_found_and_told_apart_wherever_it_is_broken_off() {
    let gate = Gate::new().await;
    let (app, admin, there) = (&gate.app, &gate.admin, &gate.there);
    for sequence in [1, 2] {
        pass(admin, &gate.place, sequence, "川T12345", gate.group).await;
    }
    pass(admin, &gate.place, 3, "川T·12346", gate.group).await;
    let alone = pass(there, &gate.place, 4, "川T12347", Uuid::now_v7()).await;
    let path = format!("/v1/screenings/{}", alone["id"].as_str().unwrap());
    admin.patch(&path, "\"1\"", &json!({"temperature_c": "36.9"})).await.expect(200);
    sign_in(app, &gate.password).await;
    let nurse = app.health_worker("八步镇").await;
    notified(&nurse, case(90, json!({}))).await;
    gate.holds(4, 2, "before").await;
    let before = under(app).await;
    assert_eq!((before.keys().collect::<Vec<_>>(), lengths(app).await), (vec![&1], vec![32]), "{before:?}");
    let former = format!(
        "SELECT encode(plate_blind_index, 'hex') AS text FROM screenings WHERE id = '{}'",
        alone["id"].as_str().unwrap()
    );
    let former = app.rows(&former).await[0].text("text").unwrap();

    // It is announced: all that run know it, nothing is under it, and indexes of plates are the first that change.
    gate.stand_in("[1]").await;
    let child = gate.command(&["rotate", "blind-index"]).spawn().unwrap();
    kill_when(app, child, &state("blind-index-2", "announced")).await;
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert_eq!((app.core.keys.blind_indexes.reads(), app.core.keys.blind_indexes.writes_with()), (vec![1, 2], 1));
    pass(there, &gate.place, 5, "川T12345", gate.group).await;
    assert_eq!((under(app).await.keys().collect::<Vec<_>>(), lengths(app).await), (vec![&1], vec![32, 48]));
    gate.holds(5, 3, "announced").await;

    // It is written with: rows of one group and plate are under both.
    gate.stand_in("[1, 2]").await;
    let child = gate.command(&["rotate", "blind-index"]).spawn().unwrap();
    kill_when(app, child, &state("blind-index-2", "current")).await;
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    for (actor, sequence) in [(admin, 6), (there, 7)] {
        pass(actor, &gate.place, sequence, "川T12345", gate.group).await;
    }
    sign_in(&gate.other, &gate.password).await;
    assert_eq!(sessions(app).await, (1, 1), "the one of the former key is replaced");
    assert_eq!((under(app).await.keys().collect::<Vec<_>>(), lengths(app).await), (vec![&1, &2], vec![48, 52]));
    gate.holds(7, 5, "current").await;
    let readings = async |on: &str| {
        let sheet = format!("手机号,日期,时段,体温\n15400000090,{on},上午,36.4\n");
        let told = import(&nurse.at(&gate.other), "temperature_readings", "", "text/csv", sheet.into_bytes()).await;
        assert_eq!(counts(&told), [1, 0, 0, 0, 0], "who is told by his phone is known: {told}");
    };
    readings("2020-02-01").await;

    // Records are done, their history isn't.
    app.sql("DELETE FROM key_holders WHERE host = 'elsewhere'").await;
    let mut held = app.connection().await;
    held.batch_execute("BEGIN; SELECT 1 FROM record_revisions FOR UPDATE").await.unwrap();
    let child = gate.command(&["rotate", "blind-index"]).spawn().unwrap();
    let in_the_middle = "NOT EXISTS (SELECT FROM people WHERE octet_length(name_blind_index) = 32) AND EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'UPDATE record_revisions%')";
    kill_when(app, child, in_the_middle).await;
    held.batch_execute("ROLLBACK").await.unwrap();
    assert!(under(app).await[&1] > 0);
    gate.holds(7, 5, "records are done").await;

    let mut last = gate.command(&["rotate", "blind-index", "--json"]);
    last.stdout(Stdio::piped());
    let told: Json = serde_json::from_slice(&outcome(last).await.stdout).unwrap();
    assert_eq!((&told["key"], &told["left"]), (&json!("blind-index-2"), &json!(0)), "{told}");
    assert_eq!((under(app).await.keys().collect::<Vec<_>>(), lengths(app).await), (vec![&2], vec![52]));
    gate.holds(7, 5, "afterwards").await;
    readings("2020-02-02").await;
    sign_in(app, &gate.password).await;
    assert_eq!(sessions(app).await, (1, 2));
    retired_at_last(&gate, alone["id"].as_str().unwrap(), &former).await;
}

/// The former key goes when nothing is under it, nobody writes with it, and that for an hour.
async fn retired_at_last(gate: &Gate, id: &str, former: &str) {
    let (app, url) = (&gate.app, &gate.url);
    let too_soon = retire(&app.core, url).await.unwrap_err();
    assert!(matches!(too_soon, RotationError::TooSoon(_)), "{too_soon}");
    let an_hour_later =
        "UPDATE key_fingerprints SET changed_at = changed_at - interval '61 minutes' WHERE state = 'left'";
    app.sql(an_hour_later).await;
    // A process that stood still wrote with the key it had.
    app.sql(&format!("UPDATE screenings SET plate_blind_index = decode('{former}', 'hex') WHERE id = '{id}'")).await;
    let borne = retire(&app.core, url).await.unwrap_err();
    assert!(matches!(borne, RotationError::Borne(_, 1, Purpose::BlindIndex)), "{borne}");
    gate.holds(7, 5, "a stray one").await;
    let again = rotated(app).await.unwrap();
    assert_eq!(again, Rotated { key: "blind-index-2".to_owned(), written: 1, left: 0 });
    // One that is altered isn't made right: it keeps its key, and verification names it.
    let altered = format!(
        "UPDATE screenings SET plate_blind_index = set_byte(decode('{former}', 'hex'), 0, get_byte(decode('{former}', 'hex'), 0) # 1) WHERE id = '{id}'"
    );
    app.sql(&altered).await;
    app.sql("UPDATE key_fingerprints SET state = 'leaving' WHERE name = 'blind-index-1'").await;
    assert_eq!(rotated(app).await.unwrap(), Rotated { key: "blind-index-2".to_owned(), written: 0, left: 1 });
    assert!(verify(&app.core, |_, _| {}).await.is_err());
    app.sql(&format!("UPDATE screenings SET plate_blind_index = decode('{former}', 'hex') WHERE id = '{id}'")).await;
    app.sql("UPDATE key_fingerprints SET state = 'leaving' WHERE name = 'blind-index-1'").await;
    rotated(app).await.unwrap();
    app.sql(an_hour_later).await;
    let output = outcome({
        let mut command = gate.command(&["retire", "--json"]);
        command.stdout(Stdio::piped());
        command
    });
    assert_eq!(serde_json::from_slice::<Json>(&output.await.stdout).unwrap(), json!({"retired": ["blind-index-1"]}));
    let file = |number: u32| gate.keys.0.join(format!("keys/blind-index-{number}.key"));
    assert!(!file(1).exists() && file(2).exists());
    let mut list = gate.command(&["list", "--json"]);
    list.stdout(Stdio::piped());
    let list: Json = serde_json::from_slice(&outcome(list).await.stdout).unwrap();
    let told = |name: &str| list["keys"].as_array().unwrap().iter().find(|key| key["key"] == name).unwrap().clone();
    assert_eq!((&told("blind-index-1")["state"], &told("blind-index-1")["indexes"]), (&json!("retired"), &json!(0)));
    assert_eq!(told("blind-index-2")["state"], "current");
    assert_eq!(told("blind-index-2")["indexes"].as_u64().unwrap(), under(app).await[&2]);
    assert!(!file(1).exists(), "no start makes it anew");
    let again = with_keys(url, &gate.keys).await;
    set_clock(&again, "2020-02-03T12:05:00+08:00");
    assert_eq!(again.core.keys.blind_indexes.reads(), [2]);
    assert_eq!(seen(&gate.admin.at(&again), "川T12345").await, 5);
}

#[tokio::test]
async fn others_write_and_look_up_meanwhile() {
    let gate = Gate::new().await;
    let done = AtomicBool::new(false);
    let writing = async {
        for sequence in 0..u32::MAX {
            let (one, another) =
                if sequence % 2 == 0 { (&gate.admin, &gate.there) } else { (&gate.there, &gate.admin) };
            let (plate, group) = (format!("川T2{sequence:04}"), Uuid::now_v7());
            pass(one, &gate.place, 2 * sequence, &plate, group).await;
            assert_eq!(seen(another, &plate).await, 1, "what one writes the other one finds");
            pass(another, &gate.place, 2 * sequence + 1, &plate, group).await;
            let so_far = i64::from(sequence) + 1;
            assert_eq!(vehicles(one).await, [so_far; 2], "each once: {sequence}");
            assert_eq!(seen(one, &plate).await, 2);
            if sequence % 8 == 0 {
                let sought = json!({"phone": format!("154{:08}", 2 * sequence)});
                assert_eq!(found(another, &sought).await.len(), 1);
            }
            sign_in(if sequence % 2 == 0 { &gate.app } else { &gate.other }, &gate.password).await;
            assert_eq!(sessions(&gate.app).await, (1, so_far - 1));
            if done.load(Ordering::SeqCst) {
                return sequence;
            }
        }
        0
    };
    let rotating = async {
        let rotated = rotated(&gate.app).await.unwrap();
        done.store(true, Ordering::SeqCst);
        rotated
    };
    let (rotated, sequence) = tokio::join!(rotating, writing);
    assert_eq!((rotated.key.as_str(), rotated.left), ("blind-index-2", 0));
    assert!(rotated.written > 0 && sequence > 5, "{rotated:?} {sequence}");
    assert_eq!(under(&gate.app).await.keys().collect::<Vec<_>>(), [&2]);
    verify(&gate.other.core, |_, _| {}).await.unwrap();
}

#[tokio::test]
async fn figures_and_what_was_purged_stay() {
    let (keys, url) = (Scratch::new(), fresh_database().await);
    let app = with_keys(&url, &keys).await;
    let admin = app.administrator().await;
    written(&app, &admin).await;
    written_beside(&app, &admin).await;
    let place = examples::checkpoint(&admin, "511802005").await;
    pass(&admin, &place, 60, "川T12345", Uuid::now_v7()).await;
    assert_eq!(Later::of(&app).await.purged("screenings").await.len(), 1);
    let somebody = admin.post("/v1/people", &person(77)).await.expect(201).body;
    pass(&admin, &place, 61, "川T12345", Uuid::now_v7()).await;
    app.sql("UPDATE worker_leases SET holder = gen_random_uuid(), held_until = now() + interval '1 day'").await;
    app.sql("DELETE FROM key_holders").await;
    assert_eq!(lengths(&app).await, [16, 32]);
    let before = counted(&app).await;
    let former = format!("INSERT INTO key_holders VALUES ('{}', 'elsewhere', 7, '[1]', 1, now())", Uuid::now_v7());
    app.sql(&former).await;
    let refused = rotated(&app).await.unwrap_err();
    assert!(matches!(&refused, RotationError::Former(named) if named.contains("elsewhere")), "{refused}");
    assert!(!keys.0.join("keys/blind-index-2.key").exists());
    app.sql("DELETE FROM key_holders WHERE host = 'elsewhere'").await;
    let done = rotated(&app).await.unwrap();
    assert_eq!((done.key.as_str(), done.left), ("blind-index-2", 0));
    assert_eq!(lengths(&app).await, [16, 52], "what was purged stays purged");
    for (name, counted) in counted(&app).await {
        assert!(counted == before[&name], "{name}");
    }
    verify(&app.core, |_, _| {}).await.unwrap();
    assert_eq!(found(&admin, &json!({"phone": "15400000077"})).await, [somebody["id"].clone()]);
    // Each purpose by itself; and once more.
    let mut tell = |_: Told<'_>| {};
    assert_eq!(rotate(&app.core, &url, Purpose::Data, &mut tell).await.unwrap().key, "data-2");
    assert_eq!(rotated(&app).await.unwrap().key, "blind-index-3");
    assert_eq!(under(&app).await.keys().collect::<Vec<_>>(), [&3]);
    assert_eq!(found(&admin, &json!({"phone": "15400000077"})).await, [somebody["id"].clone()]);
    verify(&app.core, |_, _| {}).await.unwrap();
}
