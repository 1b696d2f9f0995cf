//! Pages, files and the feed are written from rows, without making records of them: letter by letter what is told of each record
//! alone.

use std::collections::BTreeSet;

use kit::statement::Statement;
use kit::text::Language;
use lianfang::platform::access::Role;
use lianfang::records::parameters::ALL_MEMBERS;
use lianfang::records::record_row::RecordRow;
use lianfang::records::row_view::RowWriting;
use lianfang::records::{Kind, view};
use lianfang::server::routes;
use serde_json::{Value as Json, json};

use crate::support::{Actor, TestApp, examples};

const AREA: &str = "511802005001";
const DISTRICT: &str = "511802";
/// Letters that JSON escapes, or that are no single unit of UTF-16.
const ODD: &str = "“备注” \"引号\" \\ \\\" 𠮷👩‍⚕️\t\n\r/ é <&>";

async fn text(actor: &Actor, path: &str) -> (u16, String) {
    let (status, _, bytes) = actor.download(path).await;
    (status, String::from_utf8(bytes).unwrap())
}

/// Reads each record of a list alone: a list of everything must say the same of it.
async fn told_alone(actor: &Actor, kind: &Kind, list: &str) -> Vec<String> {
    let list: Json = serde_json::from_str(list).unwrap();
    let mut told = Vec::new();
    for item in list["items"].as_array().unwrap() {
        let (status, alone) = text(actor, &format!("/v1/{}/{}", kind.path, item["id"].as_str().unwrap())).await;
        assert_eq!(status, 200, "{alone}");
        told.push(alone);
    }
    told
}

/// The pages of the feed.
async fn feed(actor: &Actor) -> String {
    let (mut all, mut since) = (String::new(), 0);
    loop {
        let (status, page) = text(actor, &format!("/v1/changes?since={since}&limit=200")).await;
        assert_eq!(status, 200, "{page}");
        let read: Json = serde_json::from_str(&page).unwrap();
        all.push_str(&page);
        since = read["next"].as_i64().unwrap();
        if read["next"] == read["head"] {
            return all;
        }
    }
}

/// Compares lists and NDJSON of every kind with its records, and the feed where it tells of all; how many records were
/// seen.
async fn compare(actor: &Actor, feed: Option<&str>) -> usize {
    let mut seen = 0;
    let ndjson = actor.with("accept", "application/x-ndjson");
    for kind in routes::KINDS.iter() {
        let path = format!("/v1/{}?limit=100&include_voided=true", kind.path);
        let (status, list) = text(actor, &path).await;
        if status != 200 {
            assert_eq!(status, 403, "{list}");
            continue;
        }
        let told = told_alone(actor, kind, &list).await;
        if text(actor, &path).await.1 != list {
            // A worker of the service wrote in between.
            continue;
        }
        assert_eq!(list, format!("{{\"items\":[{}],\"next_cursor\":null}}", told.join(",")));
        seen += told.len();
        for alone in feed.into_iter().filter(|_| !kind.closed).flat_map(|_| &told) {
            assert!(feed.is_some_and(|feed| feed.contains(&format!("\"record\":{alone}}}"))), "{alone}");
        }
        let (status, file) = text(&ndjson, &format!("/v1/{}?include_voided=true", kind.path)).await;
        if status == 200 {
            let mut lines: Vec<&str> = file.lines().collect();
            assert!(lines.pop().unwrap().contains("_end"));
            assert_eq!(lines, told, "{}", kind.name);
        }
    }
    seen
}

/// One record of each kind, most of them amended, some void, some restored.
async fn filled(app: &TestApp) -> Actor {
    let admin = app.administrator().await;
    let made = examples::one_of_each(app, &admin, AREA).await;
    let mut amended = 0;
    for (index, (_, _, path)) in made.iter().enumerate().rev() {
        let note = if index % 3 == 0 { Json::Null } else { format!("{ODD} {index}").into() };
        let patched = admin.patch(path, "\"1\"", &json!({"note": note})).await;
        amended += usize::from(patched.status == 200);
        if index % 2 == 0 {
            let voided = admin.post(&format!("{path}:void"), &json!({"reason": ODD})).await;
            if voided.status == 200 && index % 4 == 0 {
                admin.post(&format!("{path}:restore"), &json!({"reason": ODD})).await;
            }
        }
    }
    assert!(amended > made.len() / 2, "{amended} of {}", made.len());
    admin
}

#[tokio::test]
async fn a_list_and_a_file_tell_each_record_as_it_is_told_alone_whoever_reads() {
    let app = TestApp::start().await;
    let admin = filled(&app).await;
    assert!(compare(&admin, Some(&feed(&admin).await)).await > 60);
    let english = admin.with("accept-language", "en");
    compare(&english, Some(&feed(&english).await)).await;
    for role in Role::ALL {
        compare(&app.actor(*role, "大兴街道").await, None).await;
    }
}

fn everything(kind: &Kind, former: bool) -> Statement {
    let (select, name) = (kind.read_select(), kind.name);
    let rows = match former {
        false => format!("{name} AS r"),
        true => format!(
            "(SELECT (jsonb_populate_record(NULL::{name}, h.body)).* FROM record_revisions AS h WHERE h.kind = '{name}') AS r"
        ),
    };
    Statement::new(format!("SELECT {select} FROM {rows} WHERE r.district_code = "))
        .text(DISTRICT)
        .seeing_everything()
        .in_rooms(kind.room())
}

/// Kinds of which a row couldn't be written without making a record of it.
async fn written(app: &TestApp) -> BTreeSet<&'static str> {
    let mut by_records = BTreeSet::new();
    for kind in routes::KINDS.iter().copied() {
        for former in [false, true] {
            for row in RecordRow::load(&app.core, kind, &everything(kind, former)).await.unwrap() {
                let record = row.record(&app.core, kind).unwrap();
                for (plain, language) in [(false, Language::English), (true, Language::Chinese)] {
                    let writing = RowWriting { core: &app.core, kind, language, plain, members: &ALL_MEMBERS };
                    let view = if plain { view::plain } else { view::record };
                    let expected = serde_json::to_string(&view(&app.core, kind, &record, language)).unwrap();
                    let mut writer = writing.writer(1);
                    writing.write(&row, &mut writer).unwrap();
                    assert_eq!(String::from_utf8(writer.into_bytes()).unwrap(), expected, "{}", kind.name);
                    if !writing.write_apart(&row, &mut writing.writer(1)) {
                        by_records.insert(kind.name);
                    }
                }
            }
        }
    }
    by_records
}

#[tokio::test]
async fn rows_are_written_as_their_records_are_masked_and_plain_and_in_former_revisions() {
    let app = TestApp::start().await;
    filled(&app).await;
    // Lists in the clear whose items have sealed members: both parts are laid together first.
    let mut by_records = BTreeSet::from(["people", "inspections", "oversight_checks"]);
    assert_eq!(written(&app).await, by_records);
    // Values that no client could send, and no service of ours wrote.
    let odd = r#"'[1.50, -0.0, 12345678901234567890, {"b": {"z": 1, "aa": null}, "a!": "\u0001\u001f\b\f\u007f𠮷", "a": []}, "\\\"/"]'"#;
    let capture = r#"'{"source": "import:\"1\"", "captured_by": "0198C0DE-0000-7000-8000-00000000000A", "device_time": "2020-02-02T08:30:00.5+08:00", "area_code_submitted": "511802", "warnings": [{"code": "clock_skewed", "field": "", "values": {"seconds": "7"}}, {"code": "unknown", "field": "/note"}, {"field": "without"}], "derived": ["area_code"]}'"#;
    let plain_capture = capture.replace(r#"import:\"1\""#, "import:1").replace(r#", {"field": "without"}"#, "");
    for sql in [
        format!(
            "UPDATE screenings SET answers = {odd}, temperature_c = 40.0, capture = {plain_capture}, org_id = NULL"
        ),
        format!("UPDATE places SET name = E'\\x01\\x1f\\x7f\"\\\\/𠮷', capture = {capture}"),
        "UPDATE organizations SET capture = '{\"source\": 7}'".to_owned(),
        "UPDATE material_issues SET capture = '{}', occurred_at = '0999-12-31T23:59:59.999999Z'".to_owned(),
    ] {
        app.sql(&sql).await;
    }
    by_records.extend(["organizations", "places"]);
    assert_eq!(written(&app).await, by_records);
}
