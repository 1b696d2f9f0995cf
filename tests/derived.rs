//! Whatever is derived from a record is derived anew when any part of it changes, and gone with what it was made of:
//! over all kinds, an amended record is held against one that was created so.

use std::collections::BTreeMap;

use kit::field::{Field, Shape, Write};
use lianfang::records::Kind;
use serde_json::{Value as Json, json};

use crate::isolation_cases::set_clock;
use crate::support::{Actor, Reply, TestApp, examples, fake_resident_id};

/// Members that tell how a record came to be: no two are alike.
const OF_ITS_COURSE: &[&str] = &[
    "operating_status_since_at",
    "operating_status_history",
    "state_history",
    "status_history",
    "registered_at",
    "notified_at",
    "aliases",
    "claims",
    "attendance",
    "delivered_at",
    "supervisor_ids",
    "handled_at",
    "report_status",
    "computed_as_of_change_no",
];

/// Makes a body name another person than all before; of one sex and one year.
fn somebody(kind: &Kind, body: &Json, number: u32) -> Json {
    let mut body = body.clone();
    if kind.name == "households" {
        body["door"] = format!("{number}-101").into();
    }
    if kind.name == "corrections_subjects" {
        body["phone"] = format!("15500{number:06}").into();
    }
    let person = if kind.name == "people" { Some(&mut body) } else { body.get_mut("person") };
    if let Some(person) = person.filter(|person| person["document_number"].is_string()) {
        person["document_number"] = fake_resident_id(number % 336).into();
        person["phone"] = format!("15500{number:06}").into();
    }
    body
}

/// Another value than the one given.
fn another(field: &Field, value: &Json) -> Option<Json> {
    let at = |text: &str| text.parse::<chrono::DateTime<chrono::FixedOffset>>().ok();
    Some(match (&field.shape, value) {
        (Shape::Word(words), Json::String(_)) => {
            let word = words.words.iter().find(|word| *value != word.code && word.code != "corrections_subject")?;
            word.code.into()
        }
        (Shape::Boolean, Json::Bool(given)) => (!given).into(),
        (Shape::Integer { max, .. }, Json::Number(_)) => (value.as_i64()? + 1).min(*max).into(),
        (Shape::Decimal { .. }, Json::String(text)) => {
            let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
            let next = whole.parse::<i64>().ok()? + 1;
            if rest.is_empty() { next.to_string() } else { format!("{next}.{rest}") }.into()
        }
        (Shape::Instant, Json::String(text)) => (at(text)? + chrono::TimeDelta::hours(7)).to_rfc3339().into(),
        (Shape::Day, Json::String(text)) => {
            (text.parse::<chrono::NaiveDate>().ok()? + chrono::Days::new(1)).to_string().into()
        }
        (Shape::List { .. }, Json::Array(items)) if items.len() > 1 => json!([items[0]]),
        _ => return None,
    })
}

/// Patches of a record, a field each: to nothing, or to something else.
fn patches(kind: &Kind, base: &Json) -> Vec<Json> {
    let mut all = Vec::new();
    for field in kind.body_fields() {
        let Some(value) = base.get(field.name).filter(|_| field.write == Write::Always) else { continue };
        if matches!(field.shape, Shape::Inline(..)) {
            continue;
        }
        if field.takes_null() && !["area_code", "occurred_at"].contains(&field.name) {
            all.push(json!({ field.name: null }));
        }
        all.extend(another(field, value).map(|value| json!({ field.name: value })));
    }
    all
}

/// Kind and what the server made of a record, warnings among it.
fn derived(kind: &Kind, shown: &Json, base: &Json) -> BTreeMap<String, Json> {
    let is_made = |name: &str, write: Write| write == Write::Never || base.get(name).is_none();
    let mut all: BTreeMap<String, Json> = kind
        .shown_fields()
        .filter(|field| is_made(field.name, field.write) && !OF_ITS_COURSE.contains(&field.name))
        .filter(|field| !matches!(field.shape, Shape::Reference("people")))
        .map(|field| (field.name.to_owned(), shown[field.name].clone()))
        .collect();
    // To the minute: what nobody said is now, and that is no moment of the test's choosing.
    all.insert("occurred_at".into(), shown["occurred_at"].as_str().unwrap()[..16].into());
    let mut codes: Vec<&str> =
        shown["warnings"].as_array().unwrap().iter().map(|warning| warning["code"].as_str().unwrap()).collect();
    // By the database's clock, which wasn't moved; and what was brought before, which is no part of the record.
    codes.retain(|code| !matches!(*code, "reported_late" | "more_than_asked"));
    codes.sort_unstable();
    all.insert("warnings".into(), json!(codes));
    all
}

async fn create(admin: &Actor, kind: &Kind, body: &Json) -> Reply {
    admin.post(&format!("/v1/{}", kind.path), body).await
}

/// Makes room for one like it.
async fn clear(admin: &Actor, kind: &Kind, made: &Reply) {
    let path = format!("/v1/{}/{}", kind.path, made.body["id"].as_str().unwrap());
    admin.post(&format!("{path}:void"), &json!({"reason": "make room"})).await;
}

/// The example without what the server fills in where nobody says it: so that it does.
async fn bare(admin: &Actor, kind: &Kind, body: &Json, number: &mut u32) -> Json {
    let mut bare = body.clone();
    for field in kind.body_fields() {
        let given = bare.get(field.name).is_some() && !field.required && field.write != Write::Never;
        if !given || ["area_code", "person", "id"].contains(&field.name) {
            continue;
        }
        let mut without = bare.clone();
        without.as_object_mut().unwrap().remove(field.name);
        *number += 1;
        let made = create(admin, kind, &somebody(kind, &without, *number)).await;
        if made.status != 201 {
            continue;
        }
        clear(admin, kind, &made).await;
        let shown = &made.body[field.name];
        let is_now = field.name == "occurred_at" && shown.as_str().unwrap().starts_with("2020-02-03T10:0");
        if !shown.is_null() && !is_now {
            bare = without;
        }
    }
    bare
}

#[tokio::test]
async fn an_amended_record_is_derived_as_one_that_was_created_so() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let (mut compared, mut wrong, mut number) = (0, Vec::new(), 0);
    let all = examples::one_of_each(&app, &admin, "511802005001").await;
    set_clock(&app, "2020-02-03T10:00:00+08:00");
    // Signed in before it began: the clock was moved back.
    let admin = app.administrator().await;
    for (kind, body, path) in all {
        if [
            "commodity_entries",
            "compound_partnerships",
            "daily_reports",
            "rectification_steps",
            "service_records",
            "supply_reports",
            "task_forces",
            "work_logs",
            "working_groups",
        ]
        .contains(&kind.name)
        {
            admin.post(&format!("{path}:void"), &json!({"reason": "make room"})).await.expect(200);
        }
        // Steps stand: none is amended or made a second time.
        if kind.writers.is_empty() || kind.name == "isolation_case_transitions" {
            continue;
        }
        number += 1;
        let base = bare(&admin, kind, &body, &mut number).await;
        for patch in patches(kind, &base) {
            number += 1;
            let made = create(&admin, kind, &somebody(kind, &base, number)).await;
            if made.status != 201 {
                wrong.push(format!("{}: {} {}", kind.name, made.status, made.body));
                break;
            }
            let path = made.header("location").to_owned();
            let amended = admin.patch(&path, made.header("etag"), &patch).await;
            clear(&admin, kind, &made).await;
            number += u32::from(kind.name == "people");
            let mut body = somebody(kind, &base, number);
            for (name, value) in patch.as_object().unwrap() {
                body[name] = value.clone();
            }
            let fresh = create(&admin, kind, &body).await;
            if amended.status != 200 || fresh.status != 201 {
                continue;
            }
            clear(&admin, kind, &fresh).await;
            compared += 1;
            let (one, other) = (derived(kind, &amended.body, &body), derived(kind, &fresh.body, &body));
            for (name, value) in other.iter().filter(|(name, value)| one.get(*name) != Some(value)) {
                wrong.push(format!("{} {patch}: {name} is {} and should be {value}", kind.name, one[name]));
            }
        }
    }
    assert!(wrong.is_empty(), "{compared} compared\n{}", wrong.join("\n"));
    assert!(compared > 100, "only {compared} compared");
}

/// Amends a record by its current tag.
async fn amend(actor: &Actor, path: &str, patch: Json) -> Json {
    let tag = actor.get(path).await.expect(200).header("etag").to_owned();
    actor.patch(path, &tag, &patch).await.expect(200).body
}

#[tokio::test]
async fn a_tally_moves_with_its_period_and_the_figures_with_it() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005001").await;
    let body = json!({"place_id": place, "period_starts_at": "2020-02-02T08:00:00+08:00",
        "period_ends_at": "2020-02-02T12:00:00+08:00", "measured": 312, "abnormal": 1});
    let made = admin.post("/v1/gate-tallies", &body).await.expect(201);
    assert_eq!(made.body["occurred_at"], "2020-02-02T12:00:00+08:00");
    let path = made.header("location").to_owned();
    let moved = json!({"period_starts_at": "2020-02-01T08:00:00+08:00", "period_ends_at": "2020-02-01T12:00:00+08:00"});
    assert_eq!(amend(&admin, &path, moved).await["occurred_at"], "2020-02-01T12:00:00+08:00");
    let figures = admin.get("/v1/stats/gate-tallies?from_on=2020-02-01&to_on=2020-02-02&by=day").await.expect(200);
    let of = |index: usize| figures.body["items"][index]["figures"]["tallied"]["value"].clone();
    assert_eq!((of(0), of(1)), (json!(312), json!(0)), "{}", figures.body);
    // Values that a client gave stay.
    amend(&admin, &path, json!({"occurred_at": "2020-02-01T20:00:00+08:00"})).await;
    let later = amend(&admin, &path, json!({"period_ends_at": "2020-02-01T13:00:00+08:00"})).await;
    assert_eq!(later["occurred_at"], "2020-02-01T20:00:00+08:00");
    // And taken back it follows from the period again.
    let again = amend(&admin, &path, json!({"occurred_at": null})).await;
    assert_eq!(again["occurred_at"], "2020-02-01T13:00:00+08:00");
}

#[tokio::test]
async fn a_count_goes_with_the_names_it_was_made_of() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005001").await;
    let mut body = examples::of_kind("disinfections");
    body["place_id"] = place.into();
    body["operators"] = json!(["甲", "乙"]);
    let made = admin.post("/v1/disinfections", &body).await.expect(201);
    assert_eq!(made.body["operator_count"], 2);
    let path = made.header("location").to_owned();
    assert_eq!(amend(&admin, &path, json!({"operators": null})).await["operator_count"], Json::Null);
    assert_eq!(amend(&admin, &path, json!({"operators": ["丙"]})).await["operator_count"], 1);
}

#[tokio::test]
async fn a_reading_takes_the_slot_of_its_hour_unless_one_was_said() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-24T23:00:00+08:00");
    let admin = app.administrator().await;
    let case = examples::of_kind("isolation_cases");
    let case = admin.post("/v1/isolation-cases", &case).await.expect(201).body["id"].clone();
    let reading = |at: &str, slot: Option<&str>| {
        let mut body = json!({"case_id": case, "temperature_c": "36.5", "occurred_at": at});
        if let Some(slot) = slot {
            body["slot"] = slot.into();
        }
        body
    };
    let post = async |body: Json| admin.post("/v1/temperature-readings", &body).await.expect(201);
    let morning = post(reading("2020-01-24T08:00:00+08:00", None)).await;
    assert_eq!(morning.body["slot"], "am");
    let path = morning.header("location").to_owned();
    assert_eq!(amend(&admin, &path, json!({"occurred_at": "2020-01-24T19:00:00+08:00"})).await["slot"], "pm");
    // The evening has its reading now: another one that is moved there is an extra one.
    let second = post(reading("2020-01-24T09:00:00+08:00", None)).await;
    assert_eq!(second.body["slot"], "am");
    let extra = amend(&admin, second.header("location"), json!({"occurred_at": "2020-01-24T20:00:00+08:00"})).await;
    assert_eq!((&extra["slot"], &extra["warnings"][0]["code"]), (&json!("extra"), &json!("slot_taken")), "{extra}");
    // Nothing of its slot is touched: it stays what it is, and says so still.
    let noted = amend(&admin, second.header("location"), json!({"note": "换体温计"})).await;
    assert_eq!((&noted["slot"], &noted["warnings"][0]["code"]), (&json!("extra"), &json!("slot_taken")), "{noted}");
    // The morning is free again.
    let back = amend(&admin, second.header("location"), json!({"occurred_at": "2020-01-24T09:30:00+08:00"})).await;
    assert_eq!((&back["slot"], &back["warnings"]), (&json!("am"), &json!([])));
    // Slots that a client gave are refused where they are taken, and stay where they aren't.
    let said = post(reading("2020-01-24T21:00:00+08:00", Some("extra"))).await;
    let path = said.header("location").to_owned();
    let tag = said.header("etag").to_owned();
    let refused = admin.patch(&path, &tag, &json!({"slot": "pm"})).await.expect(422);
    assert_eq!(refused.faults()[0].1, "slot_taken");
    assert_eq!(amend(&admin, &path, json!({"occurred_at": "2020-01-24T08:10:00+08:00"})).await["slot"], "extra");
}

#[tokio::test]
async fn a_need_is_held_against_what_was_brought_when_its_items_change() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let items = |jin: &str| json!([{"item": "大白菜", "quantity": jin, "quantity_unit": "斤"}]);
    let mut body = examples::of_kind("need_requests");
    body["items"] = items("10");
    body["area_code"] = "511802005001".into();
    let made = admin.post("/v1/need-requests", &body).await.expect(201);
    let path = made.header("location").to_owned();
    let brought = json!({"need_request_id": made.body["id"], "items": items("6"), "proof": "signature"});
    admin.post("/v1/deliveries", &brought).await.expect(201);
    assert_eq!(admin.get(&path).await.body["state"], "partly_delivered");
    let less = amend(&admin, &path, json!({"items": items("5")})).await;
    assert_eq!(less["state"], "delivered", "{less}");
    assert_eq!(admin.get(&path).await.expect(200).body["revision"], less["revision"], "the answer is what stands");
    assert_eq!(amend(&admin, &path, json!({"items": items("12")})).await["state"], "partly_delivered");
    assert_eq!(amend(&admin, &path, json!({"cancelled": true})).await["state"], "cancelled");
    assert_eq!(amend(&admin, &path, json!({"cancelled": null})).await["state"], "partly_delivered");
}

#[tokio::test]
async fn whoever_amends_what_is_nobodys_does_not_make_it_his_organisations() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let org = json!({"kind": "village_committee", "name": "龙溪社区居委会", "area_code": "511802005001"});
    let org = admin.post("/v1/organizations", &org).await.expect(201).body["id"].clone();
    let place = examples::checkpoint(&admin, "511802005001").await;
    let mut body = examples::screening(&place, 1);
    body["org_id"] = org;
    let made = admin.post("/v1/screenings", &body).await.expect(201);
    let path = made.header("location").to_owned();
    assert_eq!(amend(&admin, &path, json!({"org_id": null})).await["org_id"], Json::Null);
    // A place that isn't known any more takes no record to another area.
    let mut body = examples::of_kind("publicity_activities");
    body["place_id"] = place.into();
    body.as_object_mut().unwrap().remove("area_code");
    let made = admin.post("/v1/publicity-activities", &body).await.expect(201);
    let nowhere = amend(&admin, made.header("location"), json!({"place_id": null})).await;
    assert_eq!((&nowhere["place_id"], &nowhere["area_code"]), (&Json::Null, &json!("511802005001")));
}
