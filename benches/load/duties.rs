//! Duties at the size of a district in an epidemic: 50,000 people at home, five lines each.

use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

use crate::client::Load;
use crate::served::Served;

/// Measures planning, the summary, and finding what was missed. The service was just started over
/// [`fill`]ed cases: its worker looks through them first.
pub fn measure(served: &Served, runtime: &Runtime, cases: u64) {
    let count = || served.psql("lianfang", "SELECT count(*) FROM duties").parse::<u64>().unwrap();
    let phones = Load::screenings(served, std::slice::from_ref(&served.token), std::slice::from_ref(&served.place));
    let started = Instant::now();
    let expected = cases * 12;
    let mut posts = 0.0_f64;
    while count() < expected && started.elapsed() < Duration::from_secs(600) {
        posts = posts.max(runtime.block_on(phones.run(4, Duration::from_secs(2))).p99_ms);
    }
    let planned_s = started.elapsed().as_secs_f64();
    println!(
        "\nDuties of two days of {cases} cases: {} in {planned_s:.0} s ({:.0}/s); POSTs meanwhile: worst p99 of two seconds {posts:.1} ms.",
        count(),
        count() as f64 / planned_s
    );
    for by in ["kind", "line", "area", "org"] {
        let path = format!("/v1/duties/summary?by={by}");
        let measured = runtime.block_on(Load::get(served, &path).run(1, Duration::from_secs(2)));
        println!("Summary by {by}: {:.1}/s, p99 {:.1} ms.", measured.per_s, measured.p99_ms);
    }
    let mine = runtime
        .block_on(Load::get(served, "/v1/duties?state=missed&order=oldest&limit=100").run(1, Duration::from_secs(2)));
    println!("The hundred oldest that were missed: {:.1}/s, p99 {:.1} ms.", mine.per_s, mine.p99_ms);
    let plan = served.psql(
        "lianfang",
        "EXPLAIN (ANALYZE, TIMING OFF) SELECT id FROM duties WHERE district_code = '511802' AND state = 'open' AND due_at <= now() - interval '30 days' ORDER BY due_at LIMIT 250",
    );
    let took = plan.lines().find(|line| line.contains("Execution Time")).unwrap_or_default().trim().to_owned();
    println!("Looking for what is due among {} duties: {took}.", count());
}

/// Cases as they are two days after they were notified; rows alone, without their way through the ledger.
pub fn fill(served: &Served, cases: u64) {
    served.psql(
        "lianfang",
        &format!(
            "INSERT INTO isolation_cases (district_code, id, revision, change_no, area_code, occurred_at, recorded_at, recorded_by, revised_at, revised_by, voided, capture, submission_digest, digest, person_id, categories, anchor, anchored_on, supervisors_complete, supervisor_ids, state, starts_on, ends_on, release_from, extended, registered_at, notified_at) \
             SELECT '511802', gen_random_uuid(), 1, -n, '511802' || lpad((5 + n % 9)::text, 3, '0') || lpad((n % 7 + 1)::text, 3, '0'), now(), now(), gen_random_uuid(), now(), gen_random_uuid(), false, '{{\"source\": \"api\"}}', '\\x00', '\\x00', gen_random_uuid(), '[\"hubei_returnee\"]', 'departure', current_date, true, '[]', 'under_observation', current_date, current_date + 13, now() + interval '14 days', false, date_trunc('day', now()) - interval '1 day', date_trunc('day', now()) - interval '1 day' \
             FROM generate_series(1, {cases}) AS n; ANALYZE isolation_cases"
        ),
    );
}
