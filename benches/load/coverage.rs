//! Rounds over a district of 120,000 households and 360,000 people: starting one while phones post, its coverage, one grid
//! cell of it, a poll that finds nothing new, a surveyor's morning.

use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::client::{Load, resident_id};
use crate::served::Served;
use crate::{HEAD, compare, floor};

const VILLAGE: &str = "511802005001";
/// Households of the surveyor's, registered through the service: their doors and names are read.
const OWN: u64 = 300;
/// Members of a household.
const MEMBERS: u64 = 3;

/// Measures a round over so many households.
pub fn measure(served: &Served, runtime: &Runtime, households: u64) {
    let cell = register(served);
    fill(served, households);
    let round = start(served, runtime);
    visit(served, &round, households);
    println!("\n{HEAD}");
    against_floor(served, runtime, &round, &cell);
    beside(served, runtime, &round, &cell);
    morning(served, runtime, &round);
    changes(served, runtime, &round, households);
}

/// The surveyor's own cell, its households and people; answers the cell.
fn register(served: &Served) -> String {
    let me = served.get("/v1/auth/me", &served.token)["id"].clone();
    let cell = json!({"area_code": VILLAGE, "code": "B-1", "name": "一网格", "leader_user_id": me});
    let cell = served.post("/v1/grid-cells", &served.token, &cell)["id"].as_str().unwrap().to_owned();
    let door = |number: u64| json!({"area_code": VILLAGE, "door": format!("{}-{}", 1 + number / 20, 101 + number % 20), "grid_cell_id": cell});
    let made =
        served.post("/v1/households:batch", &served.token, &json!({"items": (0..OWN).map(door).collect::<Json>()}));
    let homes: Vec<&Json> = made["results"].as_array().unwrap().iter().map(|result| &result["id"]).collect();
    let member = |number: u64| {
        let person = json!({"name": "王小明", "document_type": "resident_id", "document_number": resident_id(9_000_000 + number), "area_code": VILLAGE});
        json!({"household_id": homes[(number % OWN) as usize], "person": person, "since_on": "2020-01-10"})
    };
    for part in 0..MEMBERS {
        let items: Json = (part * OWN..(part + 1) * OWN).map(member).collect();
        served.post("/v1/household-members:batch", &served.token, &json!({"items": items}));
    }
    cell
}

/// The others: rows alone, without their way through the ledger, under numbers before all others.
fn fill(served: &Served, households: u64) {
    let copies = |table: &str, rows: &str, more: &str| {
        format!(
            "INSERT INTO {table} SELECT (jsonb_populate_record(NULL::{table}, to_jsonb(t) || jsonb_build_object({more}))).* \
             FROM (SELECT * FROM {table} LIMIT 1) AS t, {rows}"
        )
    };
    let area = "'511802' || lpad((5 + n / 12000)::text, 3, '0') || lpad((1 + n / 300 % 40)::text, 3, '0')";
    let (homes, all) = (format!("generate_series({OWN}, {}) AS n", households - 1), MEMBERS - 1);
    let people = format!("{homes}, generate_series(0, {all}) AS m");
    let statements = [
        copies(
            "grid_cells",
            &format!("generate_series(1, {}) AS n", households / 300),
            "'id', md5('c' || n)::uuid, 'change_no', -n, 'code', 'x' || n, 'leader_user_id', md5('u' || n)::uuid",
        ),
        copies(
            "households",
            &homes,
            &format!(
                "'id', md5('h' || n)::uuid, 'change_no', -n, 'area_code', {area}, 'grid_cell_id', md5('c' || n / 300)::uuid"
            ),
        ),
        copies(
            "people",
            &people,
            &format!("'id', md5('p' || n || '/' || m)::uuid, 'change_no', -n * 3 - m, 'area_code', {area}"),
        ),
        copies(
            "household_members",
            &people,
            &format!(
                "'id', md5('m' || n || '/' || m)::uuid, 'change_no', -n * 3 - m, 'area_code', {area}, 'household_id', md5('h' || n)::uuid, 'person_id', md5('p' || n || '/' || m)::uuid"
            ),
        ),
    ];
    let started = Instant::now();
    for statement in statements {
        served.psql("lianfang", &statement);
    }
    served.psql("lianfang", "VACUUM ANALYZE");
    println!("{households} households and their people: {} s.", started.elapsed().as_secs());
}

/// Starts a round while phones post screenings; answers the round.
fn start(served: &Served, runtime: &Runtime) -> String {
    let round = json!({"area_code": "511802", "name": "第二轮", "series": "households", "target": "households",
        "starts_at": "2020-02-01T08:00:00+08:00", "due_at": "2020-02-03T20:00:00+08:00"});
    let round = served.post("/v1/survey-rounds", &served.token, &round)["id"].as_str().unwrap().to_owned();
    let phones = Load::screenings(served, std::slice::from_ref(&served.token), std::slice::from_ref(&served.place));
    let quiet = runtime.block_on(phones.run(4, Duration::from_secs(5)));
    let started = Instant::now();
    let (mut worst, mut answered) = (0.0_f64, Duration::ZERO);
    std::thread::scope(|scope| {
        let starting = scope.spawn(|| {
            served.post(&format!("/v1/survey-rounds/{round}:start"), &served.token, &json!({}));
            started.elapsed()
        });
        let ready = || served.get(&format!("/v1/survey-rounds/{round}"), &served.token)["frozen"]["ready"] == true;
        while !ready() && started.elapsed() < Duration::from_secs(300) {
            worst = worst.max(runtime.block_on(phones.run(4, Duration::from_secs(1))).p99_ms);
        }
        answered = starting.join().unwrap();
    });
    println!(
        "Starting a round: answered after {:.1} s, its list drawn up after {:.1} s; POSTs on 4 connections meanwhile: worst p99 of a second **{worst:.1} ms** (goal 50), before {:.1} ms.",
        answered.as_secs_f64(),
        started.elapsed().as_secs_f64(),
        quiet.p99_ms
    );
    round
}

/// Nine of ten are visited, and all of their members told of.
fn visit(served: &Served, round: &str, households: u64) {
    let told = "(SELECT jsonb_agg(jsonb_build_object('person_id', p.person_id, 'status', 'present', 'temperature_c', '36.5')) FROM survey_target_persons AS p WHERE p.district_code = t.district_code AND p.round_id = t.round_id AND p.target_id = t.target_id)";
    let rows = format!(
        "INSERT INTO survey_visits (district_code, id, revision, change_no, area_code, occurred_at, recorded_at, recorded_by, revised_at, revised_by, voided, capture, submission_digest, digest, round_id, household_id, channel, result, members, members_confirmed, abnormal) \
         SELECT '511802', gen_random_uuid(), 1, -t.n, t.area_code, '2020-02-02'::timestamptz + t.n * interval '0.5 seconds', now(), t.target_id, now(), t.target_id, false, '{{\"source\": \"sync\"}}', '\\x00', '\\x00', t.round_id, t.target_id, 'home_visit', \
         CASE WHEN t.n % 50 = 0 THEN 'not_reached' WHEN t.n % 50 = 1 THEN 'refused' WHEN t.n % 50 = 2 THEN 'vacant' ELSE 'reached' END, {told}, {MEMBERS}, false \
         FROM (SELECT *, row_number() OVER (ORDER BY md5(target_id::text)) AS n FROM survey_targets WHERE round_id = '{round}' AND grid_cell_id IS NOT NULL) AS t WHERE t.n <= {households} * 9 / 10"
    );
    let tellings = format!(
        "INSERT INTO survey_tellings SELECT v.district_code, v.id, 1, 0, v.round_id, v.household_id, true, false, false, v.result, v.channel, v.occurred_at, v.area_code FROM survey_visits AS v WHERE v.round_id = '{round}' \
         UNION ALL SELECT v.district_code, v.id, 1, m.no, v.round_id, (m.item ->> 'person_id')::uuid, true, true, true, 'reached', v.channel, v.occurred_at, v.area_code \
         FROM survey_visits AS v CROSS JOIN LATERAL jsonb_array_elements(v.members) WITH ORDINALITY AS m(item, no) WHERE v.round_id = '{round}'"
    );
    for statement in [&rows, &tellings, "DELETE FROM survey_standing_heads"] {
        served.psql("lianfang", statement);
    }
    let anew = Instant::now();
    served.get(&format!("/v1/survey-rounds/{round}/coverage"), &served.token);
    println!("Coverage where nothing is kept: {:.1} s.", anew.elapsed().as_secs_f64());
    let kept = || served.psql("lianfang", "SELECT count(*) FROM survey_standing_heads") == "1";
    while !kept() {
        std::thread::sleep(Duration::from_millis(200));
    }
    served.psql("lianfang", "VACUUM ANALYZE");
}

/// Coverage beside `pgbench` counting the very standings.
fn against_floor(served: &Served, runtime: &Runtime, round: &str, cell: &str) {
    let (script, url) = (served.folder.join("coverage.sql"), served.database_url("lianfang"));
    let path = format!("/v1/survey-rounds/{round}/coverage");
    let counts =
        "count(*), count(*) FILTER (WHERE state = 'done'), sum(persons), sum(persons_confirmed) FROM survey_standings";
    let of_round = format!("WHERE district_code = '511802' AND round_id = '{round}'");
    for (work, sql, query) in [
        ("by area", format!("SELECT area_code, {counts} {of_round} GROUP BY 1;\n"), "by=area".to_owned()),
        (
            "a grid cell",
            format!("SELECT {counts} {of_round} AND grid_cell_id = '{cell}';\n"),
            format!("by=grid_cell&grid_cell_id={cell}"),
        ),
    ] {
        std::fs::write(&script, sql).unwrap();
        let load = Load::get(served, &format!("{path}?{query}"));
        compare(
            &format!("coverage {work}, one connection"),
            "≤ 500 ms, a cell ≤ 20 ms",
            |time| floor::run(&script, &url, 1, time),
            |time| runtime.block_on(load.run(1, time)),
        );
    }
    let unchanged = Load::unchanged(served, &path, &served.tag(&path));
    let measured = runtime.block_on(unchanged.run(1, Duration::from_secs(2)));
    println!("\nUnchanged poll (304): {:.2} ms, p99 {:.2} ms.", 1_000.0 / measured.per_s, measured.p99_ms);
}

/// Coverage while phones hand visits in.
fn beside(served: &Served, runtime: &Runtime, round: &str, cell: &str) {
    let targets =
        served.get(&format!("/v1/survey-rounds/{round}/targets?grid_cell_id={cell}&limit=300"), &served.token);
    let homes: Vec<Json> = targets["items"].as_array().unwrap().iter().map(|item| item["target_id"].clone()).collect();
    let (next, round_id) = (AtomicU64::new(0), round.to_owned());
    let visits = Load::post(served, "/v1/survey-visits", move || {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let at = format!("2020-02-02T{:02}:{:02}:{:02}+08:00", 9 + number / 3600 % 10, number / 60 % 60, number % 60);
        json!({"id": Uuid::now_v7(), "round_id": round_id, "household_id": homes[number as usize % homes.len()], "occurred_at": at, "channel": "phone", "result": "not_reached"}).to_string()
    });
    let (posts, by_area) = std::thread::scope(|scope| {
        let posting = scope.spawn(|| runtime.block_on(visits.run(2, Duration::from_secs(10))));
        let asking = Load::get(served, &format!("/v1/survey-rounds/{round}/coverage?by=area"));
        let asked = runtime.block_on(asking.run(1, Duration::from_secs(10)));
        (posting.join().unwrap(), asked)
    });
    println!(
        "Coverage by area while visits come in ({:.0}/s, p99 {:.1} ms): {:.0} ms, p99 {:.0} ms.",
        posts.per_s,
        posts.p99_ms,
        1_000.0 / by_area.per_s,
        by_area.p99_ms
    );
}

/// The next round, of which one in twenty households is missed: what changed against this one, a page of it.
fn changes(served: &Served, runtime: &Runtime, first: &str, households: u64) {
    served.post(&format!("/v1/survey-rounds/{first}:close"), &served.token, &json!({}));
    let round = json!({"area_code": "511802", "name": "第三轮", "series": "households", "target": "households", "compares_with_id": first,
        "starts_at": "2020-02-04T08:00:00+08:00", "due_at": "2020-02-06T20:00:00+08:00"});
    let round = served.post("/v1/survey-rounds", &served.token, &round)["id"].as_str().unwrap().to_owned();
    served.post(&format!("/v1/survey-rounds/{round}:start"), &served.token, &json!({}));
    while served.get(&format!("/v1/survey-rounds/{round}"), &served.token)["frozen"]["ready"] != true {
        std::thread::sleep(Duration::from_millis(200));
    }
    visit(served, &round, households * 19 / 20);
    for query in ["limit=100", "limit=100&change=result_worse"] {
        let path = format!("/v1/survey-rounds/{round}/changes?{query}");
        let listed = served.get(&path, &served.token)["items"].as_array().unwrap().len();
        let measured = runtime.block_on(Load::get(served, &path).run(1, Duration::from_secs(10)));
        println!(
            "Changes between two rounds, {query}: {listed} listed, {:.0} ms a page, p99 {:.0} ms.",
            1_000.0 / measured.per_s,
            measured.p99_ms
        );
    }
}

/// A surveyor's morning: whose households are open, with doors and members.
fn morning(served: &Served, runtime: &Runtime, round: &str) {
    let path = format!("/v1/survey-rounds/{round}/targets?assignee=me&limit=300");
    let body = served.get(&path, &served.token);
    let count = body["items"].as_array().unwrap().len();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    gzip.write_all(body.to_string().as_bytes()).unwrap();
    let bytes = gzip.finish().unwrap().len();
    let measured = runtime.block_on(Load::get(served, &path).run(1, Duration::from_secs(3)));
    println!(
        "Targets of one surveyor: {count} households, **{:.1} KB** gzipped (goal 60; {:.0} KB plain), {:.0} ms, p99 {:.0} ms.",
        bytes as f64 / 1024.0,
        body.to_string().len() as f64 / 1024.0,
        1_000.0 / measured.per_s,
        measured.p99_ms
    );
}
