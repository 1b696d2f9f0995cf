//! Bulletins: written from the records, frozen under a number, corrected against what came later.

use serde_json::{Value as Json, json};

use lianfang::platform::access::{Grant, Role};

use crate::isolation_cases::set_clock;
use crate::shifts::make;
use crate::support::{Actor, TestApp, examples};

const COMMUNITY: &str = "511802005001";

async fn app() -> (TestApp, Actor) {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-02T18:00:00+08:00");
    let admin = app.administrator().await;
    (app, admin)
}

/// A page or text as it is answered.
async fn page(actor: &Actor, path: &str) -> String {
    let (status, _, bytes) = actor.download(path).await;
    assert_eq!(status, 200, "{path}");
    String::from_utf8(bytes).unwrap()
}

/// Passages at a gate, one a minute.
async fn passages(actor: &Actor, gate: &str, from: u32, to: u32) -> Vec<String> {
    let mut ids = Vec::new();
    for sequence in from..to {
        let mut body = examples::screening(gate, sequence);
        body["occurred_at"] = json!(format!("2020-02-01T{:02}:{:02}:00+08:00", 8 + sequence / 60, sequence % 60));
        let reply = actor.post("/v1/screenings", &body).await.expect(201);
        ids.push(reply.body["id"].as_str().unwrap().to_owned());
    }
    ids
}

/// A template of one figure.
fn template(code: &str, more: Json) -> Json {
    let figure = json!({"key": "passages", "query": {"figure": "screenings.screened"}});
    let clause = json!({"text": "截止{as_of_on}，登记{passages}人次", "figures": [figure]});
    let mut body = json!({"area_code": "511802", "code": code, "effective_on": "2020-01-20", "title": "卡点情况", "series": "gates",
        "scope": "district", "style": "seed", "paragraphs": [{"clauses": [clause]}]});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

async fn issue(actor: &Actor, code: &str) -> Json {
    let body = json!({"template_code": code, "as_of_on": "2020-02-02"});
    actor.post("/v1/bulletin-editions", &body).await.expect(201).body
}

fn text(bulletin: &Json) -> String {
    let paragraphs = bulletin["paragraphs"].as_array().unwrap_or_else(|| panic!("{bulletin:#}"));
    paragraphs.iter().map(|paragraph| paragraph["text"].as_str().unwrap()).collect::<Vec<_>>().join("\n")
}

async fn corrections(actor: &Actor, edition: &Json) -> Json {
    actor.get(&format!("/v1/bulletin-editions/{}/corrections", edition["id"].as_str().unwrap())).await.expect(200).body
}

#[tokio::test]
async fn an_edition_stays_and_a_late_record_is_told_as_a_correction() {
    let (_app, admin) = app().await;
    let gate = examples::checkpoint(&admin, COMMUNITY).await;
    let ids = passages(&admin, &gate, 0, 106).await;
    make(&admin, "bulletin-templates", template("gates-daily", json!({}))).await;
    let edition = issue(&admin, "gates-daily").await;
    assert_eq!(text(&edition), "截止2020年2月2日，登记100余人次。");
    assert_eq!((&edition["edition_no"], &edition["state"]), (&json!(1), &json!("frozen")));
    let figure = &edition["figures"][0];
    assert_eq!((&figure["value"], &figure["said"], &figure["unit"]), (&json!(106), &json!("100余"), &json!("人次")));
    assert_eq!(corrections(&admin, &edition).await["items"], json!([]));
    // One arrives late, one is amended, one is void: none of it moves the edition.
    let late = passages(&admin, &gate, 106, 108).await;
    let voided = &ids[3];
    admin.post(&format!("/v1/screenings/{voided}:void"), &json!({"reason": "登记重复"})).await.expect(200);
    let amended = &ids[4];
    admin.patch(&format!("/v1/screenings/{amended}"), "\"1\"", &json!({"note": "补记"})).await.expect(200);
    let id = edition["id"].as_str().unwrap();
    let again = admin.get(&format!("/v1/bulletin-editions/{id}")).await.expect(200).body;
    for member in ["paragraphs", "figures", "content_digest", "as_of_change_no", "chain_head"] {
        assert_eq!(again[member], edition[member], "{member}");
    }
    let told = corrections(&admin, &edition).await;
    let item = &told["items"][0];
    assert_eq!((&item["was"], &item["is"], &item["difference"]), (&json!("106"), &json!("107"), &json!("1")));
    assert_eq!((&item["said"], &item["would_say"]), (&json!("100余"), &json!("100余")));
    let ids_of = |list: &str| -> Vec<String> {
        item[list].as_array().unwrap().iter().map(|record| record["id"].as_str().unwrap().to_owned()).collect()
    };
    let mut added = ids_of("records_added");
    added.sort();
    let mut expected = late.clone();
    expected.sort();
    assert_eq!(added, expected);
    assert_eq!(ids_of("records_removed"), [voided.clone()]);
    assert_eq!(ids_of("records_changed"), [amended.clone()]);
    // Names of figures are in the language of the text, whoever issued it.
    let english = admin.with("accept-language", "en");
    let told = issue(&english, "gates-daily").await;
    assert_eq!(told["figures"][0]["label"], edition["figures"][0]["label"]);
    assert!(!edition["figures"][0]["label"].as_str().unwrap().is_ascii(), "{told}");
    // The footnote lists what was counted then.
    let footnote = admin.get(&format!("/v1/bulletin-editions/{id}/figures/passages")).await.expect(200).body;
    assert_eq!(footnote["record_count"], 106);
    let counted: Vec<&Json> = footnote["records"].as_array().unwrap().iter().map(|record| &record["id"]).collect();
    assert!(counted.contains(&&json!(voided)) && !counted.contains(&&json!(late[0])));
    admin.get(&format!("/v1/bulletin-editions/{id}/figures/none")).await.expect(404);
}

#[tokio::test]
async fn equal_sums_of_other_records_are_told_too() {
    let (_app, admin) = app().await;
    let gate = examples::checkpoint(&admin, COMMUNITY).await;
    let ids = passages(&admin, &gate, 0, 3).await;
    make(&admin, "bulletin-templates", template("gates-daily", json!({}))).await;
    let edition = issue(&admin, "gates-daily").await;
    admin.post(&format!("/v1/screenings/{}:void", ids[0]), &json!({"reason": "登记重复"})).await.expect(200);
    passages(&admin, &gate, 3, 4).await;
    let item = corrections(&admin, &edition).await["items"][0].clone();
    assert_eq!((&item["was"], &item["is"], &item["difference"]), (&json!("3"), &json!("3"), &json!("0")));
    assert_eq!(
        (item["records_added"].as_array().unwrap().len(), item["records_removed"].as_array().unwrap().len()),
        (1, 1)
    );
}

#[tokio::test]
async fn numbers_of_a_series_have_no_gap_and_no_double() {
    let (app, admin) = app().await;
    make(&admin, "bulletin-templates", template("gates-daily", json!({}))).await;
    let both = futures_util::future::join_all((0..6).map(|_| issue(&admin, "gates-daily"))).await;
    let mut numbers: Vec<i64> = both.iter().map(|edition| edition["edition_no"].as_i64().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
    // Another series, and another year, begin anew.
    assert_eq!(issue(&admin, "district-daily").await["edition_no"], 1);
    let last_year = json!({"template_code": "district-daily", "as_of_on": "2019-12-31"});
    assert_eq!(admin.post("/v1/bulletin-editions", &last_year).await.expect(201).body["edition_no"], 1);
    // Sent again under its key it is the same one.
    let keyed = admin.with("idempotency-key", "b7c1d6d2-0000-4000-8000-000000000001");
    let body = json!({"template_code": "gates-daily", "as_of_on": "2020-02-02"});
    let first = keyed.post("/v1/bulletin-editions", &body).await.expect(201).body;
    let second = keyed.post("/v1/bulletin-editions", &body).await;
    assert_eq!((second.body["id"].clone(), first["edition_no"].as_i64()), (first["id"].clone(), Some(7)));
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}

#[tokio::test]
async fn what_was_issued_is_neither_amended_nor_voided_only_withdrawn() {
    let (app, admin) = app().await;
    let edition = issue(&admin, "district-daily").await;
    let path = format!("/v1/bulletin-editions/{}", edition["id"].as_str().unwrap());
    let amended = admin.patch(&path, "\"1\"", &json!({"title": "x"})).await;
    assert_eq!((amended.status, amended.code()), (409, "edition_frozen"));
    let voided = admin.post(&format!("{path}:void"), &json!({"reason": "x"})).await;
    assert_eq!((voided.status, voided.code()), (409, "edition_frozen"));
    admin.post(&format!("{path}:withdraw"), &json!({})).await.expect(422);
    let withdrawn = admin.post(&format!("{path}:withdraw"), &json!({"reason": "数据有误"})).await.expect(200).body;
    assert_eq!((&withdrawn["state"], &withdrawn["revision"]), (&json!("withdrawn"), &json!(2)));
    assert_eq!((&withdrawn["edition_no"], &withdrawn["paragraphs"]), (&edition["edition_no"], &edition["paragraphs"]));
    assert_eq!(admin.post(&format!("{path}:withdraw"), &json!({"reason": "x"})).await.expect(200).body["revision"], 2);
    assert!(page(&admin, &format!("{path}/bulletin.html")).await.contains("已撤回"));
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
    // Whoever alters what was said is found; and so is a digest that was never that of what is said.
    let unproven =
        async || lianfang::rooms::bulletins::unproven(&app.core, "511802").await.unwrap().map(|one| one.what);
    assert_eq!(unproven().await, None);
    app.take_down_the_wall().await;
    app.sql("UPDATE bulletin_editions SET content_digest = repeat('0', 64)").await;
    assert_eq!(unproven().await, Some("the digest of what it says"));
    app.sql("UPDATE bulletin_editions SET title = 'x'").await;
    assert!(lianfang::integrity::verify(&app.core, |_, _| {}).await.is_err());
}

#[tokio::test]
async fn a_template_is_told_all_its_faults_at_once() {
    let (_app, admin) = app().await;
    let clause = json!({"text": "联系13800138000，登记{passed}人次", "figures": [
        {"key": "passages", "query": {"figure": "screenings.screened"}},
        {"key": "unit", "query": {"figure": "screenings.screened"}},
        {"key": "passages", "query": {"figure": "screenings.abnormal"}}]});
    let paragraphs = json!([{"lead": "川TA1234的车", "clauses": [clause]}]);
    let refused =
        admin.post("/v1/bulletin-templates", &template("gates-daily", json!({"paragraphs": paragraphs}))).await;
    let faults = refused.expect(422).faults();
    let fault = |pointer: &str, code: &str| (format!("/paragraphs/0/{pointer}"), code.to_owned());
    for expected in [
        fault("lead", "personal_data_in_text"),
        fault("clauses/0/text", "personal_data_in_text"),
        fault("clauses/0/text", "unknown_placeholder"),
        fault("clauses/0/figures/1/key", "key_taken"),
        fault("clauses/0/figures/2/key", "key_taken"),
    ] {
        assert!(faults.contains(&expected), "{expected:?}: {faults:?}");
    }
    let unknown = template(
        "gates-daily",
        json!({"paragraphs": [{"clauses": [{"text": "{n}", "figures": [{"key": "n", "query": {"figure": "screenings.nothing"}}]}]}]}),
    );
    let faults = admin.post("/v1/bulletin-templates", &unknown).await.expect(422).faults();
    assert_eq!(
        faults,
        [(String::from("/paragraphs/0/clauses/0/figures/0/query/figure"), String::from("unknown_figure"))]
    );
}

#[tokio::test]
async fn a_preview_says_what_it_leaves_out_and_costs_nothing_when_polled() {
    let (_app, admin) = app().await;
    let gate = examples::checkpoint(&admin, COMMUNITY).await;
    passages(&admin, &gate, 0, 3).await;
    let path = "/v1/bulletins/preview?template=district-daily&on=2020-02-02";
    let preview = admin.get(path).await.expect(200);
    assert!(text(&preview.body).contains("登记出入人员3人次"), "{}", text(&preview.body));
    let left_out = preview.body["left_out"].as_array().unwrap();
    assert!(
        left_out.iter().any(|left| left["figure"] == "survey_visits.households_surveyed" && left["is_nothing"] == true)
    );
    assert_eq!(admin.with("if-none-match", preview.header("etag")).get(path).await.status, 304);
    passages(&admin, &gate, 3, 4).await;
    assert_eq!(admin.with("if-none-match", preview.header("etag")).get(path).await.status, 200);
    let refused = admin.get(&format!("{path}&as_of=2020-02-01T12:00:00%2B08:00")).await;
    assert_eq!((refused.status, refused.code()), (422, "not_yet"));
    let printed = page(&admin, &path.replace("preview?", "preview.html?")).await;
    assert!(printed.contains("<sup>") && !printed.contains("http"), "{printed}");
    let plain = page(&admin, &path.replace("preview?", "preview.txt?")).await;
    assert!(plain.starts_with("雨城区疫情防控工作情况\n卡点与大院\n"), "{plain}");
    let codes = admin.get("/v1/bulletins/templates").await.expect(200).body;
    assert_eq!(codes["items"].as_array().unwrap().len(), 8);
    let unknown = admin.get("/v1/bulletins/preview?template=nothing").await;
    assert_eq!(unknown.expect(422).faults(), [(String::from("?template"), String::from("unknown_template"))]);
    for path in [
        "preview?template=street-daily&area_code=511803001",
        "preview?template=district-daily&district_code=511803",
        "templates?district_code=511803",
    ] {
        assert_eq!(admin.get(&format!("/v1/bulletins/{path}")).await.status, 404, "another district: {path}");
    }
    for (query, fault) in [
        ("template=edu-daily", ("?org_id", "asked_by_scope")),
        ("template=street-daily", ("?area_code", "asked_by_scope")),
        ("template=district-daily&area_code=511802005", ("?area_code", "not_of_scope")),
    ] {
        let faults = admin.get(&format!("/v1/bulletins/preview?{query}")).await.expect(422).faults();
        assert_eq!(faults, [(fault.0.to_owned(), fault.1.to_owned())], "{query}");
    }
}

#[tokio::test]
async fn a_unit_writes_its_own_bulletin_and_no_other_s() {
    let (app, admin) = app().await;
    let unit = async |name: &str| {
        make(&admin, "organizations", json!({"kind": "bureau", "name": name, "area_code": "511802"})).await
    };
    let (own, other) = (unit("雨城区教育局").await, unit("雨城区司法局").await);
    let grant = |org_id: &str| Grant { role: Role::OrgAdmin, area_code: "511802".into(), org_id: org_id.parse().ok() };
    let bureau = app.actor_of(vec![grant(&own)]).await;
    let issue = async |org_id: &str| {
        bureau
            .post(
                "/v1/bulletin-editions",
                &json!({"template_code": "edu-daily", "as_of_on": "2020-02-02", "org_id": org_id}),
            )
            .await
    };
    assert_eq!(issue(&own).await.status, 201);
    assert_eq!(issue(&other).await.code(), "out_of_area");
    let district = bureau.post("/v1/bulletin-editions", &json!({"template_code": "district-daily"})).await;
    assert_eq!(district.code(), "out_of_area");
    // A unit's template is its own: nobody else's bulletin changes.
    make(
        &bureau,
        "bulletin-templates",
        template("edu-daily", json!({"scope": "unit", "title": "自己的", "org_id": own})),
    )
    .await;
    let title = async |actor: &Actor, org_id: &str| {
        actor.get(&format!("/v1/bulletins/preview?template=edu-daily&org_id={org_id}")).await.expect(200).body["title"]
            .clone()
    };
    assert_eq!(title(&bureau, &own).await, "自己的");
    assert_ne!(title(&admin, &other).await, "自己的");
    // Others of the district read no editions that aren't theirs.
    let neighbour = app.actor_of(vec![grant(&other)]).await;
    assert_eq!(neighbour.get("/v1/bulletin-editions").await.expect(200).body["items"], json!([]));
    assert_eq!(app.actor(Role::GateGuard, "大兴街道").await.get("/v1/bulletin-editions").await.status, 403);
}
