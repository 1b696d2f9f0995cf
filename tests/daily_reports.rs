//! Daily reports: drafts from the records, reasons, zeros and silence, who is behind, on a moved clock.

use lianfang::platform::access::Role;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::imports::{counts, import};
use crate::support::story::{Story, Unit, Worker};
use crate::support::{Actor, TestApp, examples};
use crate::sync::outcomes;

const GATES: &str = "/v1/daily-reports/draft?report_kind=gate_daily";

/// The command asks a kind of unit for a report, from the day of the conference on.
async fn requires(app: &TestApp, change: Json) -> String {
    let mut body = json!({"area_code": "511802", "report_kind": "gate_daily", "required_org_kind": "school",
        "effective_on": "2020-01-25", "due_minute": 1440, "basis": "防控指挥部通知"});
    body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    let id = crate::shifts::make(&app.administrator().await, "reporting-requirements", body).await;
    believed().await;
    id
}

/// Requirements are believed for two seconds.
async fn believed() {
    tokio::time::sleep(std::time::Duration::from_millis(2_100)).await;
}

fn report(unit: &Unit, on: &str, change: Json) -> Json {
    let mut body = json!({"org_id": unit.org_id, "report_kind": "gate_daily", "reported_on": on, "is_zero": false});
    body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    body
}

async fn duties(worker: &Worker) -> Vec<Json> {
    worker.lists("/v1/duties?duty_kind=daily_report&order=oldest").await
}

async fn reporting(worker: &Worker, on: &str) -> Json {
    worker.get(&format!("/v1/stats/reporting?on={on}")).await.expect(200).body
}

fn counted(body: &Json) -> [i64; 6] {
    ["expected", "due", "on_time", "late", "missing", "corrected"].map(|name| body["total"][name].as_i64().unwrap())
}

/// Passages that a unit registers at a gate of its own on the second of February.
async fn passages(head: &Worker, count: u32) -> String {
    let gate = json!({"kind": "compound_gate", "name": "家属院北门", "area_code": "511802005"});
    let gate = head.records("places", gate).await;
    for sequence in 0..count {
        head.records("screenings", examples::screening(&gate, 500 + sequence)).await;
    }
    gate
}

#[tokio::test]
async fn a_zero_of_the_last_minute_counts_however_late_the_phone_hands_it_in() {
    let story = Story::begin("2020-02-02T08:00:00+08:00").await;
    let school = story.unit("school", "第一小学", None).await;
    requires(&story.app, json!({})).await;
    story.time_passes("2020-02-02T08:01:00+08:00").await;
    let duty = &duties(&school.head).await[0];
    assert_eq!(
        [&duty["state"], &duty["line"], &duty["assignee_id"], &duty["subject_id"], &duty["due_at"]],
        [
            &json!("open"),
            &json!("unit"),
            &json!(school.head.id),
            &json!(school.org_id),
            &json!("2020-02-03T00:00:00+08:00")
        ]
    );
    story.time_passes("2020-02-03T00:01:00+08:00").await;
    let missed = &duties(&school.head).await[0];
    assert_eq!((&missed["state"], &missed["escalated_to"]), (&json!("missed"), &json!("district")));
    assert_eq!(counted(&reporting(&school.head, "2020-02-02").await), [1, 0, 0, 0, 1, 0]);

    story.at("2020-02-03T00:20:00+08:00");
    let mut body = report(&school, "2020-02-02", json!({"is_zero": true}));
    body["occurred_at"] = "2020-02-02T23:59:00+08:00".into();
    let item = json!({"kind": "daily_reports", "op": "create", "id": Uuid::now_v7(), "occurred_at": "2020-02-02T23:59:00+08:00", "body": body});
    let body = json!({"device_id": "phone-1", "items": [item]});
    let pushed = school.head.post("/v1/sync/push", body).await.expect(207).body;
    assert_eq!(pushed["results"][0]["outcome"], "created", "{pushed:#}");
    let done = &duties(&school.head).await[0];
    assert_eq!(
        [&done["state"], &done["late"], &done["reported_late"], &done["proof"]["kind"]],
        [&json!("done"), &json!(false), &json!(true), &json!("daily_reports")]
    );
    let reported = &school.head.lists("/v1/daily-reports").await[0];
    assert_eq!((&reported["report_status"], &reported["is_zero"]), (&json!("on_time"), &json!(true)));
    assert_eq!(counted(&reporting(&school.head, "2020-02-02").await), [1, 0, 1, 0, 0, 0]);
    // A void report asks again, a restored one answers again.
    let path = format!("/v1/daily-reports/{}", reported["id"].as_str().unwrap());
    school.head.post(&format!("{path}:void"), json!({"reason": "填错单位"})).await.expect(200);
    assert_eq!(duties(&school.head).await[0]["state"], "missed");
    school.head.post(&format!("{path}:restore"), json!({"reason": "无误"})).await.expect(200);
    assert_eq!(duties(&school.head).await[0]["state"], "done");
    // Nothing that the worker does by itself says otherwise.
    story.time_passes("2020-02-03T00:21:00+08:00").await;
    assert_eq!(duties(&school.head).await[0]["state"], "done");
}

#[tokio::test]
async fn a_draft_comes_computed_and_whoever_says_otherwise_says_why() {
    let story = Story::begin("2020-02-02T18:00:00+08:00").await;
    let bureau = story.unit("bureau", "雨城区教育局", None).await;
    let school = story.unit("school", "第一小学", Some(&bureau)).await;
    let other = story.unit("school", "第二小学", Some(&bureau)).await;
    requires(&story.app, json!({})).await;
    passages(&school.head, 6).await;
    let draft = school.head.get(GATES).await.expect(200).body;
    let figure = |draft: &Json, name: &str| {
        draft["figures"].as_array().unwrap().iter().find(|one| one["name"] == name).unwrap().clone()
    };
    let screened = figure(&draft, "screenings.screened");
    assert_eq!((&screened["computed"], &screened["unit"]), (&json!("6"), &json!("人次")), "{draft:#}");
    assert_eq!(draft["due_at"], "2020-02-03T00:00:00+08:00");
    assert!(draft["narrative"].as_str().unwrap().contains("登记人次6人次"), "{draft:#}");
    // Counts of the draft are those of the list behind it, and of the evaluator.
    assert_eq!(school.head.counts(screened["records_url"].as_str().unwrap()).await, 6);
    let query = json!({"figure": "screenings.screened", "under_org_id": school.org_id, "from_on": "2020-02-02", "to_on": "2020-02-02"});
    let evaluated = school.head.post("/v1/figures:evaluate", json!({"queries": [query]})).await.expect(200).body;
    assert_eq!(evaluated["results"][0]["value"], 6);
    // The bureau's own draft has its schools in it; nobody drafts for another unit.
    assert_eq!(figure(&bureau.head.get(GATES).await.expect(200).body, "screenings.screened")["computed"], "6");
    other.head.get(&format!("{GATES}&org_id={}", school.org_id)).await.expect(403);

    let declared = |amount: &str, reason: Json| {
        let figure = json!({"name": "screenings.screened", "declared": amount, "reason": reason});
        report(&school, "2020-02-02", json!({"figures": [figure]}))
    };
    let refused = school.head.post("/v1/daily-reports", declared("10", Json::Null)).await.expect(422);
    assert_eq!(refused.faults(), [("/figures/0/reason".to_owned(), "reason_needed".to_owned())]);
    other.head.post("/v1/daily-reports", declared("6", Json::Null)).await.expect(403);
    let taken =
        school.head.post("/v1/daily-reports", declared("10", json!("纸质登记补录 4 人次"))).await.expect(201).body;
    assert_eq!((&taken["figures"][0]["computed"], &taken["report_status"]), (&json!("6"), &json!("on_time")));
    assert_eq!(taken["figures"].as_array().unwrap().len(), draft["figures"].as_array().unwrap().len());
    // The second and the third user meet the first one's.
    for worker in [&school.head, &bureau.head] {
        let met = worker.post("/v1/daily-reports", declared("6", Json::Null)).await.expect(409);
        let location = format!("/v1/daily-reports/{}", taken["id"].as_str().unwrap());
        assert_eq!((met.code(), met.header("location")), ("report_exists", location.as_str()));
    }
    assert_eq!(school.head.get(GATES).await.expect(200).body["report_id"], taken["id"]);
    let totals = reporting(&school.head, "2020-02-02").await;
    assert_eq!((counted(&totals), &totals["total"]["on_time_rate"]), ([1, 0, 1, 0, 0, 0], &json!("1")));
    // Others are not told how a unit reports; the bureau is of both its schools.
    assert_eq!(counted(&reporting(&other.head, "2020-02-02").await), [1, 1, 0, 0, 0, 0]);
    assert_eq!(counted(&reporting(&bureau.head, "2020-02-02").await), [2, 1, 1, 0, 0, 0]);
}

#[tokio::test]
async fn an_amendment_corrects_and_an_empty_one_empties_nothing() {
    let story = Story::begin("2020-02-02T18:00:00+08:00").await;
    let school = story.unit("school", "第一小学", None).await;
    requires(&story.app, json!({})).await;
    let zero = |declared: &str| {
        let figure = json!({"name": "screenings.screened", "declared": declared});
        report(&school, "2020-02-02", json!({"is_zero": true, "figures": [figure]}))
    };
    let refused = school.head.post("/v1/daily-reports", zero("3")).await.expect(422);
    assert_eq!(refused.faults(), [("/figures/0/declared".to_owned(), "not_for_zero".to_owned())]);
    let mut body = report(&school, "2020-02-02", json!({"narrative": "一切正常"}));
    body["figures"] =
        json!([{"name": "screenings.screened", "declared": "0"}, {"name": "visitors_sent_home", "declared": "2"}]);
    let id = school.head.records("daily-reports", body).await;
    let path = format!("/v1/daily-reports/{id}");
    story.at("2020-02-03T09:00:00+08:00");
    let before = school.head.get(&path).await.expect(200).body;
    let same = school.head.amends(&path, json!({})).await;
    assert_eq!(
        (&same["revision"], &same["figures"], &same["narrative"]),
        (&json!(1), &before["figures"], &json!("一切正常"))
    );
    // Records that came in since make no other report of it.
    passages(&school.head, 1).await;
    assert_eq!(school.head.amends(&path, json!({})).await["revision"], 1);
    let corrected = school.head.amends(&path, json!({"narrative": "补报：劝返 2 人"})).await;
    assert_eq!((&corrected["report_status"], &corrected["on_time"]), (&json!("corrected"), &json!(true)));
    assert_eq!(corrected["figures"][1]["declared"], "2");
    let first = &school.head.lists(&format!("{path}/revisions")).await;
    let first = first.iter().find(|revision| revision["revision"] == 1).unwrap();
    let first = first.get("record").unwrap_or(first);
    assert_eq!(first["report_status"], "on_time");
    assert_eq!(counted(&reporting(&school.head, "2020-02-02").await), [1, 0, 1, 0, 0, 1]);
}

#[tokio::test]
async fn a_zero_beside_records_is_kept_and_told() {
    let story = Story::begin("2020-02-02T18:00:00+08:00").await;
    let school = story.unit("school", "第一小学", None).await;
    let gate = passages(&school.head, 0).await;
    for minute in [10, 20] {
        let body = json!({"place_id": gate, "occurred_at": format!("2020-02-02T09:{minute}:00+08:00"), "activity": "disinfection", "area_m2": "100.0", "agent": "84 消毒液", "method": "spray"});
        school.head.records("disinfections", body).await;
    }
    let body = report(&school, "2020-02-02", json!({"report_kind": "disinfection_daily", "is_zero": true}));
    let kept = school.head.post("/v1/daily-reports", body).await.expect(201);
    assert_eq!(kept.warnings(), ["records_exist"]);
    assert!(kept.body["warnings"][0]["message"].as_str().unwrap().contains('2'), "{}", kept.body);
    let plain = school.head.post("/v1/daily-reports", report(&school, "2020-02-02", json!({"is_zero": true}))).await;
    assert_eq!(plain.expect(201).warnings(), Vec::<String>::new());
    let ahead = report(&school, "2020-02-04", json!({"is_zero": true}));
    assert_eq!(school.head.post("/v1/daily-reports", ahead).await.expect(422).faults()[0].1, "too_far_ahead");
    let nobodys =
        json!({"area_code": "511802005", "report_kind": "gate_daily", "reported_on": "2020-02-02", "is_zero": true});
    let command = story.app.administrator().await;
    assert_eq!(
        command.post("/v1/daily-reports", &nobodys).await.expect(422).faults(),
        [("/org_id".to_owned(), "one_of_needed".to_owned())]
    );
}

#[tokio::test]
async fn a_phone_is_believed_where_it_differs_and_told_so() {
    let story = Story::begin("2020-02-02T18:00:00+08:00").await;
    let school = story.unit("school", "第一小学", None).await;
    passages(&school.head, 2).await;
    let figure = json!({"name": "screenings.screened", "declared": "5"});
    let body = report(&school, "2020-02-02", json!({"figures": [figure]}));
    let item = |body: &Json| json!({"kind": "daily_reports", "op": "create", "id": Uuid::now_v7(), "occurred_at": "2020-02-02T17:00:00+08:00", "body": body});
    // Many, for the first one stands however many the rules give way to.
    let items: Vec<Json> = (0..12).map(|_| item(&body)).collect();
    let body = json!({"device_id": "phone-1", "items": items});
    let pushed = school.head.post("/v1/sync/push", body).await.expect(207).body;
    let results = pushed["results"].as_array().unwrap();
    assert_eq!(outcomes(results)[0], "created", "{pushed:#}");
    assert!(outcomes(results)[1..].iter().all(|outcome| *outcome == "held"), "{pushed:#}");
    let kept = &school.head.lists("/v1/daily-reports").await[0];
    assert_eq!((&kept["unexplained"], &kept["warnings"][0]["code"]), (&json!(true), &json!("differs_from_records")));
    // Whoever amends it at a screen is asked why.
    let path = format!("/v1/daily-reports/{}", kept["id"].as_str().unwrap());
    let tag = school.head.get(&path).await.header("etag").to_owned();
    let actor = story.app.administrator().await;
    let again = json!({"figures": [{"name": "screenings.screened", "declared": "4"}]});
    assert_eq!(actor.patch(&path, &tag, &again).await.expect(422).faults()[0].1, "reason_needed");
}

/// A week of three units: one forgets, one is late, one corrects.
#[tokio::test]
async fn a_week_of_three_units() {
    let story = Story::begin("2020-02-03T07:00:00+08:00").await;
    let forgets = story.unit("school", "第一小学", None).await;
    let late = story.unit("school", "第二小学", None).await;
    let corrects = story.unit("school", "第三小学", None).await;
    requires(&story.app, json!({"due_minute": 1080})).await;
    let units = [&forgets, &late, &corrects];
    for day in 3..=9 {
        let on = format!("2020-02-0{day}");
        story.time_passes(&format!("{on}T07:30:00+08:00")).await;
        story.at(&format!("{on}T17:00:00+08:00"));
        for (index, unit) in units.into_iter().enumerate() {
            // The first forgets the fifth, the second is late on the sixth.
            let reports = ![(0, 5), (1, 6)].contains(&(index, day));
            if reports {
                unit.head.records("daily-reports", report(unit, &on, json!({"is_zero": true}))).await;
            }
        }
        story.time_passes(&format!("{on}T18:00:30+08:00")).await;
        if day == 6 {
            story.at(&format!("{on}T19:10:00+08:00"));
            late.head.records("daily-reports", report(&late, &on, json!({"is_zero": true}))).await;
        }
        if day == 7 {
            let path = format!(
                "/v1/daily-reports/{}",
                corrects.head.lists("/v1/daily-reports").await[0]["id"].as_str().unwrap()
            );
            corrects.head.amends(&path, json!({"is_zero": false, "narrative": "补报 1 起"})).await;
        }
    }
    let command = story.head_of("511802").await;
    let of = async |on: &str| counted(&reporting(&command, on).await);
    assert_eq!(of("2020-02-04").await, [3, 0, 3, 0, 0, 0]);
    assert_eq!(of("2020-02-05").await, [3, 0, 2, 0, 1, 0]);
    assert_eq!(of("2020-02-06").await, [3, 0, 2, 1, 0, 0]);
    assert_eq!(of("2020-02-07").await, [3, 0, 3, 0, 0, 1]);
    let sixth = reporting(&command, "2020-02-06").await;
    let item = sixth["items"].as_array().unwrap().iter().find(|item| item["standing"] == "late").unwrap().clone();
    assert_eq!(
        (&item["org_name"], &item["late_minutes"], &item["report_label"]),
        (&json!("第二小学"), &json!(70), &json!("出入日报"))
    );
    assert_eq!(sixth["by_kind"][0]["on_time_rate"], "0.6667");
    let behind: Vec<Json> = command.lists("/v1/duties?duty_kind=daily_report&state=missed").await;
    assert_eq!((behind.len(), &behind[0]["subject_id"]), (1, &json!(forgets.org_id)));
    let lates = late.head.lists("/v1/duties?duty_kind=daily_report&late=true").await;
    assert_eq!(lates.len(), 1);
    // By name, each figure with the list of exactly those.
    let names = ["expected", "on_time", "late", "missing", "corrected"];
    let queries: Vec<Json> = names
        .iter()
        .map(|name| json!({"figure": format!("reporting.{name}"), "from_on": "2020-02-03", "to_on": "2020-02-09"}))
        .collect();
    let evaluated = command.post("/v1/figures:evaluate", json!({"queries": queries})).await.expect(200).body;
    let values: Vec<i64> = (0..5).map(|at| evaluated["results"][at]["value"].as_i64().unwrap()).collect();
    assert_eq!(values, [21, 19, 1, 1, 1], "{evaluated:#}");
    for (at, value) in values.iter().enumerate() {
        let url = evaluated["results"][at]["records_url"].as_str().unwrap();
        assert_eq!(command.counts(url).await as i64, *value, "{url}");
    }
    let clerk = story.app.administrator().await.with("accept", "text/csv");
    let (status, _, bytes) = clerk.download("/v1/stats/reporting?on=2020-02-06&headers=zh").await;
    let text = String::from_utf8(bytes).unwrap();
    assert_eq!(status, 200, "{text}");
    assert!(text.contains("单位") && text.contains("第二小学") && text.contains("迟报"), "{text}");
}

#[tokio::test]
async fn the_justice_bureau_reports_daily_even_when_there_is_nothing() {
    let story = Story::begin("2020-02-02T09:00:00+08:00").await;
    let justice = story.unit("bureau", "雨城区司法局", None).await;
    let officer = story.takes_on(&justice.head, Role::JusticeOfficer, "511802", Some(&justice)).await;
    for kind in ["dispute_daily", "corrections_daily"] {
        requires(
            &story.app,
            json!({"report_kind": kind, "required_org_kind": null, "required_org_id": justice.org_id}),
        )
        .await;
    }
    story.time_passes("2020-02-02T09:01:00+08:00").await;
    assert_eq!(
        duties(&justice.head).await.iter().filter(|duty| duty["opens_at"] == "2020-02-02T00:00:00+08:00").count(),
        2
    );
    for kind in ["dispute_daily", "corrections_daily"] {
        officer.get(&format!("/v1/daily-reports/draft?report_kind={kind}")).await.expect(200);
        officer
            .records("daily-reports", report(&justice, "2020-02-02", json!({"report_kind": kind, "is_zero": true})))
            .await;
    }
    assert_eq!(counted(&reporting(&officer, "2020-02-02").await), [2, 0, 2, 0, 0, 0]);
    assert_eq!(officer.counts("/v1/daily-reports?is_zero=true").await, 2);
    // Another unit sees none of it.
    let other = story.unit("bureau", "雨城区教育局", None).await;
    assert_eq!(other.head.counts("/v1/daily-reports").await, 0);
    assert_eq!(counted(&reporting(&other.head, "2020-02-02").await), [0; 6]);
    other.head.is_refused("daily-reports", report(&justice, "2020-02-01", json!({"is_zero": true}))).await;
}

#[tokio::test]
async fn a_requirement_that_ends_asks_no_more_and_a_bulletin_is_proven_by_its_edition() {
    let story = Story::begin("2020-02-02T09:00:00+08:00").await;
    let bureau = story.unit("bureau", "雨城区教育局", None).await;
    let asked = requires(&story.app, json!({"required_org_kind": "bureau"})).await;
    requires(
        &story.app,
        json!({"report_kind": "bulletin", "required_org_kind": null, "required_org_id": bureau.org_id}),
    )
    .await;
    story.time_passes("2020-02-02T09:01:00+08:00").await;
    let of_day = async |kind: &str| {
        let path = format!("/v1/duties?duty_kind={kind}&order=oldest");
        bureau.head.lists(&path).await.into_iter().find(|duty| duty["opens_at"] == "2020-02-02T00:00:00+08:00").unwrap()
    };
    assert_eq!(
        (&of_day("bulletin").await["state"], &of_day("daily_report").await["state"]),
        (&json!("open"), &json!("open"))
    );
    let issued = json!({"template_code": "edu-daily", "org_id": bureau.org_id, "as_of_on": "2020-02-02"});
    bureau.head.post("/v1/bulletin-editions", issued).await.expect(201);
    let admin = story.app.administrator().await;
    let path = format!("/v1/reporting-requirements/{asked}");
    let tag = admin.get(&path).await.header("etag").to_owned();
    admin.patch(&path, &tag, &json!({"until_on": "2020-02-01"})).await.expect(200);
    believed().await;
    story.time_passes("2020-02-02T10:00:00+08:00").await;
    let bulletin = of_day("bulletin").await;
    assert_eq!((&bulletin["state"], &bulletin["proof"]["kind"]), (&json!("done"), &json!("bulletin_editions")));
    assert_eq!(of_day("daily_report").await["waiver"], "lapsed");
    assert_eq!(counted(&reporting(&bureau.head, "2020-02-02").await), [1, 0, 1, 0, 0, 0]);
    // A unit asks those below it, never itself, and nobody by kind.
    let school = story.unit("school", "第一小学", Some(&bureau)).await;
    let asks = |who: Json, kind: Json| json!({"area_code": "511802", "report_kind": "gate_daily", "required_org_id": who, "required_org_kind": kind, "effective_on": "2020-02-03", "due_minute": 2880, "basis": "通知"});
    bureau.head.records("reporting-requirements", asks(json!(school.org_id), Json::Null)).await;
    bureau.head.is_refused("reporting-requirements", asks(json!(bureau.org_id), Json::Null)).await;
    bureau.head.is_refused("reporting-requirements", asks(Json::Null, json!("school"))).await;
    school.head.is_refused("reporting-requirements", asks(json!(school.org_id), Json::Null)).await;
    // One of both, never neither.
    let admin = story.app.administrator().await;
    let neither = json!({"area_code": "511802", "report_kind": "gate_daily", "effective_on": "2020-02-03", "due_minute": 1440, "basis": "通知"});
    assert_eq!(admin.post("/v1/reporting-requirements", &neither).await.expect(422).faults()[0].1, "one_of");
}

#[tokio::test]
async fn clerks_bring_rolls_and_reports_as_sheets() {
    let story = Story::begin("2020-02-02T18:00:00+08:00").await;
    let school = story.unit("school", "第一小学", None).await;
    let command: Actor = story.app.administrator().await;
    let roll = "姓名,证件类型,证件号码,职务,入职日期,是否党员,区划\n".to_owned()
        + &format!("张三,居民身份证,{},网格员,2019-03-01,是,511802005\n", crate::support::fake_resident_id(91))
        + &format!("李四,居民身份证,{},门卫,2018-09-01,否,511802005\n", crate::support::fake_resident_id(92));
    let taken = import(&command, "org_members", "", "text/csv", roll.clone().into_bytes()).await;
    assert_eq!(counts(&taken)[0], 2, "{taken:#}");
    let sheet = "报送单位,报告类别,报告日期,是否零报告,情况说明\n第一小学,出入日报,2020-02-01,是,无异常\n第一小学,消杀日报,2020-02-01,是,无异常\n";
    let taken = import(&command, "daily_reports", "", "text/csv", sheet.into()).await;
    assert_eq!(counts(&taken)[0], 2, "{taken:#}");
    assert_eq!(school.head.counts("/v1/daily-reports?reported_on=2020-02-01").await, 2);
    let directives = "层级,部署单位,会议名称,召开日期\n市,雅安市人民政府,疫情防控工作会议,2020-01-21\n";
    let taken = import(&command, "directives", "", "text/csv", directives.into()).await;
    assert_eq!(counts(&taken)[0], 1, "{taken:#}");
    assert_eq!(school.head.lists("/v1/directives").await[0]["held_on"], "2020-01-21");
}
