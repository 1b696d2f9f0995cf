//! Files and queues: import beside `\copy` of the finished rows, export beside `\copy` out, a push of 500
//! beside 500 requests.

use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::client::{Load, resident_id};
use crate::report::Report;
use crate::served::Served;

/// Tables that an import of screenings fills.
const TABLES: [&str; 2] = ["people", "screenings"];

/// Measures an import of so many rows, with phones posting meanwhile, and the export of them.
pub fn measure(served: &Served, runtime: &Runtime, rows: u64, report: &Report) {
    let csv = table(&served.places, rows);
    let started = Instant::now();
    let phones = Load::screenings(served, std::slice::from_ref(&served.token), &served.places);
    let (import, posts) = runtime.block_on(async {
        // The phones post for about half of it, so that the rest shows the import alone.
        let posting = tokio::spawn(async move { phones.run(4, Duration::from_secs(2)).await });
        let import = upload(served, csv).await;
        (import, posting.await.unwrap())
    });
    let import_s = started.elapsed().as_secs_f64();
    assert_eq!(import["counts"]["created"], rows, "{import}");
    let memory_mb = served.resident_mb();
    let floor_s = copy_in(served, &import);
    println!(
        "\nImport of {rows} rows of CSV: {:.0} rows/s; `\\copy` of the finished rows {:.0} rows/s: ratio **{:.2}** (goal ≥ 0.40). \
         POSTs meanwhile: p99 {:.1} ms (goal ≤ 50). Memory {memory_mb} MB (goal ≤ 150).",
        rows as f64 / import_s,
        rows as f64 / floor_s,
        floor_s / import_s,
        posts.p99_ms
    );
    report.note("import", format!("{:.2}", floor_s / import_s));
    report.note("import rate", format!("{:.0} rows/s", rows as f64 / import_s));
    report.note("import p99", format!("{:.1} ms", posts.p99_ms));
    report.note("import memory", format!("{memory_mb} MB"));
    let started = Instant::now();
    let bytes = runtime.block_on(download(served));
    let export_s = started.elapsed().as_secs_f64();
    let started = Instant::now();
    let file = served.folder.join("all.copy").display().to_string();
    served.psql("lianfang", &format!("\\copy screenings to '{file}'"));
    let floor_s = started.elapsed().as_secs_f64();
    println!(
        "Export as NDJSON: {:.0} MB in {export_s:.1} s; `\\copy … to` of the same rows {floor_s:.1} s: ratio **{:.2}** (goal ≥ 0.50).",
        bytes as f64 / 1e6,
        floor_s / export_s
    );
    report.note("export", format!("{:.2}", floor_s / export_s));
    push(served, runtime);
}

/// A file as a clerk has it.
fn table(places: &[String], rows: u64) -> Vec<u8> {
    let mut text = "卡点,方向,时间,姓名,身份证号,手机号,体温,询问结果,症状\n".to_owned();
    for row in 0..rows {
        let number = 50_000_000 + row;
        let place = &places[row as usize % places.len()];
        text.push_str(&format!(
            "{place},进,2020-02-{:02} {:02}:{:02},王小明,{},154{number:08},36.5,均无,无症状\n",
            1 + row % 28,
            row / 60 % 24,
            row % 60,
            resident_id(number)
        ));
    }
    text.into_bytes()
}

async fn upload(served: &Served, csv: Vec<u8>) -> Json {
    let url = format!("http://{}/v1/imports?kind=screenings", served.address);
    let request = reqwest::Client::new().post(url).bearer_auth(&served.token).header("content-type", "text/csv");
    let response = request.body(csv).send().await.unwrap();
    serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
}

async fn download(served: &Served) -> u64 {
    let url = format!("http://{}/v1/screenings", served.address);
    let request = reqwest::Client::new().get(url).bearer_auth(&served.token).header("accept", "application/x-ndjson");
    request.send().await.unwrap().bytes().await.unwrap().len() as u64
}

/// The same rows once more, finished, into the same tables and indexes: seconds.
fn copy_in(served: &Served, import: &Json) -> f64 {
    let source = format!("import:{}", import["id"].as_str().unwrap());
    let mut seconds = 0.0;
    for table in TABLES {
        let file = served.folder.join(format!("{table}.copy")).display().to_string();
        served.psql("lianfang", &format!("CREATE TABLE floor_{table} (LIKE {table} INCLUDING ALL)"));
        served.psql(
            "lianfang",
            &format!("\\copy (SELECT * FROM {table} WHERE capture->>'source' = '{source}') to '{file}'"),
        );
        let started = Instant::now();
        served.psql("lianfang", &format!("\\copy floor_{table} from '{file}'"));
        seconds += started.elapsed().as_secs_f64();
    }
    seconds
}

/// A queue of 500 at once, and one by one.
fn push(served: &Served, runtime: &Runtime) {
    let item = |number: u64| {
        json!({"kind": "screenings", "op": "create", "id": Uuid::now_v7(), "body": {"place_id": served.place, "direction": "in",
            "person": {"name": "王小明", "document_number": resident_id(number)}, "temperature_c": "36.5", "answers": ["none"]}})
    };
    let client = reqwest::Client::new();
    let post = async |path: &str, body: String| {
        let request = client.post(format!("http://{}{path}", served.address)).bearer_auth(&served.token);
        let response = request.header("content-type", "application/json").body(body).send().await.unwrap();
        assert!(response.status().is_success(), "{}", response.status());
    };
    let items: Vec<Json> = (0..500).map(|index| item(80_000_000 + index)).collect();
    let body = json!({"device_id": "bench", "items": items}).to_string();
    let started = Instant::now();
    runtime.block_on(post("/v1/sync/push", body));
    let pushed = started.elapsed().as_secs_f64();
    let bodies: Vec<String> = (0..500).map(|index| item(90_000_000 + index)["body"].to_string()).collect();
    let started = Instant::now();
    runtime.block_on(async {
        for body in bodies {
            post("/v1/screenings", body).await;
        }
    });
    let single = started.elapsed().as_secs_f64();
    println!(
        "A push of 500: {:.0} ms; 500 requests: {:.0} ms: **{:.1}** times faster (goal ≥ 10).",
        pushed * 1e3,
        single * 1e3,
        single / pushed
    );
}
