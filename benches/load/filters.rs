//! Every filter of three lists over a table of a million rows: what each costs by itself, and which costs most.

use std::time::Instant;

use kit::field::{Absence, Shape};
use lianfang::records::list;
use lianfang::server::routes::KINDS;
use serde_json::json;

use crate::served::Served;

/// Requests of a filter.
const EACH: usize = 40;
/// Parameters that choose no records.
const OTHERS: &[&str] = &["limit", "cursor", "counted", "people_once", "district_code"];

/// Fills screenings by SQL, from one that was posted, and asks filter by filter.
pub fn measure(served: &Served, rows: u64) {
    let body = json!({"place_id": served.place, "occurred_at": "2020-02-02T08:30:00+08:00", "direction": "in",
        "person": {"name": "王小明", "document_type": "resident_id", "document_number": crate::client::resident_id(7), "phone": "15400000007"},
        "answers": ["none"], "symptoms": ["none"], "temperature_c": "36.5", "measure_site": "forehead", "device": "infrared", "disposition": "admitted"});
    served.post("/v1/screenings", &served.token, &body);
    fill(served, rows);
    println!("\n| of {rows} screenings, filter | median ms | p99 ms |\n| --- | ---: | ---: |");
    let mut worst = (String::new(), 0.0);
    for name in ["screenings", "people", "temperature_readings"] {
        let Some(kind) = KINDS.iter().find(|kind| kind.name == name) else { continue };
        let mut queries: Vec<String> =
            ["", "order=oldest", "area_code=511802005001", "area_code=511802999", "area_code=511802005"]
                .map(str::to_owned)
                .into();
        for field in list::parameters(kind).iter() {
            if OTHERS.contains(&field.name) {
                continue;
            }
            let mut values: Vec<String> = match field.shape {
                Shape::Boolean => vec!["true".into(), "false".into()],
                Shape::Word(words) => words.words.iter().map(|word| word.code.to_owned()).collect(),
                Shape::Id | Shape::Reference(_) => vec!["0198c0de-0002-7000-8000-000000000001".into()],
                Shape::Day => vec!["2020-02-01".into(), "2019-01-01".into()],
                Shape::Instant => vec!["2020-02-01T00:00:00Z".into()],
                _ => Vec::new(),
            };
            if field.absence == Absence::Sought {
                values.push("none".into());
            }
            queries.extend(values.iter().map(|value| format!("{}={value}", field.name)));
        }
        for query in queries {
            let path = format!("/v1/{}?{query}", kind.path);
            let (median, p99) = timed(served, &path);
            println!("| `{path}` | {median:.1} | {p99:.1} |");
            if p99 > worst.1 {
                worst = (path, p99);
            }
        }
    }
    println!("The worst: `{}`, {:.1} ms.", worst.0, worst.1);
}

fn timed(served: &Served, path: &str) -> (f64, f64) {
    served.get(path, &served.token);
    let mut times: Vec<f64> = (0..EACH)
        .map(|_| {
            let started = Instant::now();
            served.get(path, &served.token);
            started.elapsed().as_secs_f64() * 1_000.0
        })
        .collect();
    times.sort_by(f64::total_cmp);
    (times[EACH / 2], times[EACH - 1])
}

/// So many passages over 60 days, 300 areas and 50 organisations, one of 200 abnormal, one of 50 without a question.
fn fill(served: &Served, rows: u64) {
    let started = Instant::now();
    let columns = served.psql("lianfang", "SELECT string_agg(quote_ident(column_name), ',' ORDER BY ordinal_position) FROM information_schema.columns WHERE table_schema = 'public' AND table_name = 'screenings'");
    let columns: Vec<&str> = columns.trim().split(',').collect();
    let expressions: Vec<String> = columns
        .iter()
        .map(|column| match *column {
            "id" => "md5(n::text)::uuid".into(),
            "change_no" => "100000000 + n".into(),
            "occurred_at" => format!("r.occurred_at - n * interval '60 days' / {rows}"),
            "area_code" => {
                "'511802' || lpad((5 + n % 20)::text, 3, '0') || lpad((1 + n / 20 % 15)::text, 3, '0')".into()
            }
            "org_id" => "CASE WHEN n % 3 > 0 THEN md5((n % 50)::text)::uuid END".into(),
            "person_id" => "md5((n / 20)::text)::uuid".into(),
            "abnormal" => "n % 200 = 7".into(),
            "complete" => "n % 50 <> 7".into(),
            other => format!("r.{other}"),
        })
        .collect();
    served.psql(
        "lianfang",
        &format!(
            "INSERT INTO screenings ({}) SELECT {} FROM (SELECT * FROM screenings ORDER BY change_no DESC LIMIT 1) AS r, generate_series(1, {rows}) AS n",
            columns.join(","),
            expressions.join(",")
        ),
    );
    served.psql("lianfang", "VACUUM ANALYZE screenings");
    println!("({rows} screenings filled in by SQL in {:.0} s)", started.elapsed().as_secs_f64());
}
