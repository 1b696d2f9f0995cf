//! Figures over ten thousand passages and over a hundred times as many: what a month costs, what a poll that finds
//! nothing new costs, and what keeping them costs each write.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::client::{Load, resident_id};
use crate::served::Served;

/// Rows of a file.
const FILE: u64 = 50_000;
/// Passages a person, on average.
const EACH: u64 = 20;

/// Measures over 10⁴ rows and over so many.
pub fn measure(served: &Served, runtime: &Runtime, rows: u64) {
    let places = &served.places;
    println!(
        "\n| of passages | 30 days | by area | ever, by area | hours of a day | completeness | situation | 304 | POST, known person | rows/s of the import |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    );
    let mut first = 0;
    for until in [10_000.min(rows), rows] {
        let started = Instant::now();
        let added = until - first;
        while first < until {
            let many = FILE.min(until - first);
            runtime.block_on(import(served, places, first, many));
            first += many;
        }
        let rate = added as f64 / started.elapsed().as_secs_f64();
        served.psql("lianfang", "VACUUM ANALYZE");
        let per = |load: Load| {
            let measured = runtime.block_on(load.run(1, Duration::from_secs(3)));
            format!("{:.1} ms (p99 {:.1})", 1_000.0 / measured.per_s, measured.p99_ms)
        };
        let month = "from_on=2020-02-01&to_on=2020-02-29";
        let path = format!("/v1/stats/screenings?{month}");
        let cells = [
            per(Load::get(served, &path)),
            per(Load::get(served, &format!("{path}&by=area"))),
            per(Load::get(served, "/v1/stats/screenings?cumulative=true&to_on=2020-03-01&by=area")),
            per(Load::get(served, "/v1/stats/screenings?from_on=2020-02-02&by=hour")),
            per(Load::get(served, &format!("/v1/stats/completeness?{month}"))),
            per(Load::get(served, "/v1/stats/situation?on=2020-02-29")),
            {
                std::thread::sleep(Duration::from_secs(1));
                per(Load::unchanged(served, &path, &served.tag(&path)))
            },
            per(passages(served, places, until / EACH)),
        ];
        println!("| {until} | {} | {rate:.0} |", cells.join(" | "));
    }
}

/// Passages of people who have a month of them already.
fn passages(served: &Served, places: &[String], people: u64) -> Load {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let places: Arc<Vec<String>> = Arc::new(places.to_vec());
    Load::post(served, "/v1/screenings", move || {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let place = &places[number as usize % places.len()];
        json!({"id": Uuid::now_v7(), "place_id": place, "direction": "in", "occurred_at": "2020-03-01T08:30:00+08:00", "temperature_c": "36.5", "answers": ["none"],
            "person": {"name": "王小明", "document_number": resident_id(100_000_000 + number * 7 % people)}})
        .to_string()
    })
}

async fn import(served: &Served, places: &[String], first: u64, many: u64) {
    let mut text = "卡点,方向,时间,姓名,身份证号,体温,询问结果\n".to_owned();
    for row in first..first + many {
        let place = &places[row as usize % places.len()];
        // A person's passages lie within one file or a few, on different days.
        let person = 100_000_000 + row / FILE * (FILE / EACH) + row % (FILE / EACH);
        let (day, hour, minute) = (1 + row / (FILE / EACH) % 28, 7 + row % 13, row / 7 % 60);
        text.push_str(&format!(
            "{place},进,2020-02-{day:02} {hour:02}:{minute:02},王小明,{},36.5,均无\n",
            resident_id(person)
        ));
    }
    let url = format!("http://{}/v1/imports?kind=screenings", served.address);
    let request = reqwest::Client::new().post(url).bearer_auth(&served.token).header("content-type", "text/csv");
    let bytes = request.body(text).send().await.unwrap().bytes().await.unwrap();
    let body: Json = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(body["counts"]["refused"], 0, "{body}");
}
