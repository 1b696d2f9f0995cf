//! A phone's first pull of a large district, page by page: by its administrator, and by the guard of one village, whose
//! rows are one in a thousand. Copies of one passage, behind the service's back: nobody is named in them.

use std::time::Instant;

use reqwest::Client;
use serde_json::{Value as Json, json};
use tokio::runtime::Runtime;

use crate::report::Report;
use crate::served::Served;

const DISTRICT: &str = "511802";
const VILLAGE: &str = "511802005001";

/// Measures pages of first pulls over so many rows.
pub fn measure(served: &mut Served, runtime: &Runtime, report: &Report, rows: u64) {
    fill(served, rows);
    let guard = served.sign_in("village");
    served.psql(
        "lianfang",
        &format!(
            "UPDATE user_grants SET role = 'gate_guard', area_code = '{VILLAGE}' WHERE user_id = (SELECT id FROM users WHERE username = 'village')"
        ),
    );
    std::thread::sleep(std::time::Duration::from_secs(4));
    println!("\nFirst pull of {rows} rows, pages of 200 (goal: any page ≤ 20 ms):\n");
    println!("| who | pages | changes | median ms | p99 ms | longest ms | last page ms | all s |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    let mut worst_ms = 0.0_f64;
    for (who, token) in [("administrator", &served.token), ("guard of a village", &guard)] {
        let (pulled, longest_ms) = runtime.block_on(first_pull(served, token));
        println!("| {who} | {pulled} |");
        worst_ms = worst_ms.max(longest_ms);
    }
    report.note("pull", format!("{worst_ms:.1} ms"));
}

/// One passage, copied: one in a thousand in the village, one in twenty revised once.
fn fill(served: &Served, rows: u64) {
    let passage = json!({"place_id": served.place, "direction": "in", "temperature_c": "36.5"});
    let made = served.post("/v1/screenings", &served.token, &passage);
    let (id, base) = (made["id"].as_str().unwrap(), made["change_no"].as_i64().unwrap());
    served.psql(
        "lianfang",
        &format!(
            "CREATE TEMP TABLE areas AS SELECT array_agg(code ORDER BY code) AS codes FROM divisions WHERE code LIKE '{DISTRICT}%' AND length(code) = 12 AND code <> '{VILLAGE}'; \
             INSERT INTO screenings SELECT (copied.row).* FROM (SELECT jsonb_populate_record(NULL::screenings, to_jsonb(s) || jsonb_build_object('id', gen_random_uuid(), 'change_no', {base} + n, \
             'revision', CASE WHEN n % 20 = 0 THEN 2 ELSE 1 END, 'area_code', CASE WHEN n % 1000 = 7 THEN '{VILLAGE}' ELSE codes[1 + n % array_length(codes, 1)] END)) AS row \
             FROM screenings AS s, areas, generate_series(1, {rows}) AS n WHERE s.district_code = '{DISTRICT}' AND s.id = '{id}' OFFSET 0) AS copied; \
             INSERT INTO ledger_changes (district_code, change_no, sequence, kind, id, revision, operation, area_code, former_area_code, revised_by, revised_at) \
             SELECT district_code, change_no, 1, 'screenings', id, revision, CASE WHEN revision = 1 THEN 'create' ELSE 'amend' END, area_code, \
             CASE WHEN revision > 1 THEN area_code END, revised_by, revised_at FROM screenings WHERE district_code = '{DISTRICT}' AND change_no > {base}; \
             INSERT INTO record_revisions SELECT district_code, 'screenings', id, 1, -change_no, to_jsonb(s) || '{{\"revision\": 1}}' FROM screenings AS s WHERE revision = 2 AND change_no > {base}; \
             INSERT INTO ledger_entries SELECT '{DISTRICT}', {base} + 1, {rows}, digest, head, recorded_at FROM ledger_entries WHERE district_code = '{DISTRICT}' ORDER BY first_no DESC LIMIT 1; \
             UPDATE district_clocks SET last_no = {base} + {rows} WHERE district_code = '{DISTRICT}'"
        ),
    );
    served.psql("lianfang", "VACUUM ANALYZE");
}

async fn first_pull(served: &Served, token: &str) -> (String, f64) {
    let client = Client::new();
    let (mut cursor, mut changes, mut latencies) = (String::new(), 0, Vec::new());
    let began = Instant::now();
    let mut is_done = false;
    while !is_done {
        let started = Instant::now();
        let page = page(&client, served, token, &cursor).await;
        latencies.push(started.elapsed().as_secs_f64() * 1_000.0);
        changes += page["changes"].as_array().unwrap().len();
        page["next_cursor"].as_str().unwrap().clone_into(&mut cursor);
        is_done = page["has_more"] == false;
    }
    let all_s = began.elapsed().as_secs_f64();
    let last = latencies.last().copied().unwrap_or_default();
    latencies.sort_by(f64::total_cmp);
    let at = |percent: usize| latencies[(latencies.len() - 1) * percent / 100];
    let (median, p99, longest) = (at(50), at(99), at(100));
    let told =
        format!("{} | {changes} | {median:.1} | {p99:.1} | {longest:.1} | {last:.1} | {all_s:.1}", latencies.len());
    (told, longest)
}

/// A page of a pull behind a cursor; from the beginning where there is none.
pub async fn page(client: &Client, served: &Served, token: &str, cursor: &str) -> Json {
    let cursor = if cursor.is_empty() { String::new() } else { format!("&cursor={cursor}") };
    let url = format!("http://{}/v1/sync/pull?limit=200{cursor}", served.address);
    let response = client.get(url).bearer_auth(token).send().await.unwrap();
    assert!(response.status().is_success(), "{}", response.status());
    serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
}
