//! Prices and supplies: ten million lines of reports, and the same figures while there were a hundredth.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::runtime::Runtime;

use crate::client::Load;
use crate::served::Served;

/// Stores of a big district, and what each reports of.
const STORES: u64 = 500;
const COMMODITIES: u64 = 60;

/// Measures statistics and the write of a report, first over a hundredth of the lines, then over all.
pub fn measure(served: &Served, runtime: &Runtime, lines: u64) {
    let days = (lines / STORES / COMMODITIES).max(2);
    let rule = json!({"name": "涨幅", "rule_kind": "day_on_day", "threshold_rate": "0.05", "effective_on": "2020-01-01", "basis": "bench"});
    let place = json!({"kind": "supermarket", "name": "超市", "area_code": "511802005"});
    let place = served.post("/v1/places", &served.token, &place)["id"].as_str().unwrap().to_owned();
    served.post("/v1/price-rules", &served.token, &rule);
    println!(
        "\n| of supply lines | figures of a day, all commodities | one commodity, 31 days | supplies of a day | a report of 60 lines, p99 | lines |\n| --- | ---: | ---: | ---: | ---: | ---: |"
    );
    let mut from = 1;
    for until in [days.div_ceil(100).max(2), days] {
        fill(served, &place, from, until);
        from = until + 1;
        let per = |path: &str| {
            let measured = runtime.block_on(Load::get(served, path).run(1, Duration::from_secs(3)));
            format!("{:.1} ms (p99 {:.1})", 1_000.0 / measured.per_s, measured.p99_ms)
        };
        let day = per("/v1/stats/prices?from_on=2019-01-02");
        let month = per("/v1/stats/prices?from_on=2019-01-01&to_on=2019-01-31&commodity=meat_beef");
        let supplies = per("/v1/stats/supply?on=2019-01-02");
        let report = runtime.block_on(reports(served, &place).run(1, Duration::from_secs(3)));
        let count = served.psql("lianfang", "SELECT count(*) FROM supply_lines");
        println!("| {until} days | {day} | {month} | {supplies} | {:.1} ms | {} |", report.p99_ms, count.trim());
    }
}

/// Reports of one store, a day each.
fn reports(served: &Served, place: &str) -> Load {
    static DAY: AtomicU64 = AtomicU64::new(0);
    let items = served.get("/v1/commodities", &served.token);
    let line = |item: &serde_json::Value| {
        json!({"commodity": item["code"], "purchase_price": "3.00", "retail_price": "3.50", "price_unit": item["price_unit"],
            "purchased": "10", "sold": "8", "closing_stock": "12", "quantity_unit": item["quantity_unit"]})
    };
    let lines: Vec<_> = items["items"].as_array().unwrap().iter().map(line).collect();
    let (lines, place) = (Arc::new(serde_json::Value::from(lines)), place.to_owned());
    Load::post(served, "/v1/supply-reports", move || {
        let day = chrono::NaiveDate::from_ymd_opt(1990, 1, 1).unwrap()
            + chrono::Days::new(DAY.fetch_add(1, Ordering::Relaxed));
        json!({"place_id": place, "reported_on": day, "lines": *lines}).to_string()
    })
}

/// Lines as they stand after so many days; without their way through the ledger.
fn fill(served: &Served, place: &str, from: u64, until: u64) {
    let started = Instant::now();
    served.psql(
        "lianfang",
        &format!(
            "INSERT INTO supply_lines SELECT '511802', md5(s || '/' || d)::uuid, c.no, 1, CASE s WHEN 1 THEN '{place}'::uuid ELSE md5('store' || s)::uuid END, \
             '511802' || lpad((5 + s % 9)::text, 3, '0') || lpad((s % 7 + 1)::text, 3, '0'), NULL, date '2018-12-31' + d::int, c.code, 5 + (s * d) % 7, 7 + (s * d) % 11, 10, 8 + (s + d) % 5, 30 \
             FROM generate_series({from}, {until}) AS d, generate_series(1, {STORES}) AS s, unnest(ARRAY[{}]) WITH ORDINALITY AS c(code, no)",
            served.get("/v1/commodities", &served.token)["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| format!("'{}'", item["code"].as_str().unwrap()))
                .collect::<Vec<_>>()
                .join(", ")
        ),
    );
    served.psql("lianfang", "VACUUM ANALYZE supply_lines");
    println!("({} days of lines filled in by SQL in {:.0} s)", until + 1 - from, started.elapsed().as_secs_f64());
}
