//! The demo: a believable district, made the public way; the same seed makes the same.

use lianfang::server::demo::{Demo, Made, make};
use serde_json::{Value as Json, json};

use std::collections::{BTreeMap, BTreeSet};

use crate::figures_situation::{all as all_of, figure as figure_of, prove};
use crate::isolation_cases::{make as make_one, set_clock};
use crate::support::{Actor, TestApp};

#[tokio::test]
async fn a_second_run_changes_nothing() {
    let app = TestApp::start().await;
    let demo = Demo { scale: 1, seed: 7, until_on: "2020-02-02".parse().unwrap() };
    let made = make(&app.core, demo, |_, _| {}).await.map_err(|problem| format!("{problem:?}")).unwrap();
    assert!(made.accounts.len() >= 50, "{}", made.accounts.len());
    let count = |kind: &str| made.created[kind];
    assert_eq!((count("organizations"), count("people")), (14, 1_680));
    assert!((5_000..9_000).contains(&count("screenings")), "{}", count("screenings"));
    let admin = app.administrator().await;
    let fevers = admin.get("/v1/screenings?disposition=referred_fever_clinic&limit=500").await.expect(200).body;
    let fevers = fevers["items"].as_array().unwrap();
    assert!(
        !fevers.is_empty() && fevers.iter().all(|fever| fever["abnormal"] == true && !fever["retest_of"].is_null())
    );
    let compounds =
        admin.get("/v1/places?kind=family_compound&limit=500").await.body["items"].as_array().unwrap().len();
    assert_eq!(compounds, 18);
    the_source_texts_figures(&admin).await;
    the_register_and_its_rounds(&app, &admin, &made).await;
    the_source_texts_paragraphs(&admin).await;
    let plain = admin.get("/v1/people?limit=1").await.body["items"][0].clone();
    assert!(plain["document_number"].as_str().unwrap().starts_with("51*"));
    // Revisions that the service writes by itself meanwhile are none of the demo's.
    let newest = async || {
        let sql = "SELECT count(*) AS total FROM record_revisions WHERE kind NOT IN ('duties', 'rectifications')";
        app.rows(sql).await[0].integer("total")
    };
    let revisions = newest().await;
    let again = make(&app.core, demo, |_, _| {}).await.map_err(|problem| problem.to_string()).unwrap();
    assert_eq!(again.created.values().sum::<u64>(), 0, "{:?}", again.created);
    assert_eq!((again.accounts.len(), newest().await), (0, revisions));
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
    let (username, password) = &made.accounts[0];
    let login = json!({"username": username, "password": password});
    app.nobody().post("/v1/auth/login", &login).await.expect(200);
}

#[tokio::test]
async fn the_service_that_plans_meanwhile_takes_no_day_from_the_demo() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let shop =
        json!({"kind": "supermarket", "name": "惠民超市", "area_code": "511802005001", "operating_status": "open"});
    make_one(&admin, "places", shop).await;
    // The service's own worker looks ahead by today's clock while the demo lives through its days.
    for at in ["2020-03-01T12:00:00+08:00", "2020-02-02T06:00:00+08:00"] {
        set_clock(&app, at);
        lianfang::rooms::duties::look_after(&app.core).await.unwrap();
    }
    let admin = app.administrator().await;
    let due = admin.get("/v1/stats/completeness?from_on=2020-02-02&by=kind").await.expect(200).body;
    let reports = due["items"].as_array().unwrap().iter().find(|item| item["key"] == "supply_report");
    assert_eq!(reports.map(|reports| reports["expected"].as_i64()), Some(Some(1)), "{due:#}");
}

/// The education bureau's line of 2 February 2020, and the cooperative's stores: every figure with its records.
async fn the_source_texts_figures(admin: &Actor) {
    let units = admin.get("/v1/organizations?kind=bureau").await.expect(200).body;
    let education = units["items"].as_array().unwrap().iter().find(|unit| unit["name"] == "雨城区教育局").unwrap();
    let id = education["id"].as_str().unwrap();
    let line = admin.get(&format!("/v1/stats/situation?org_id={id}&on=2020-02-02")).await.expect(200).body;
    let figures = line["units"][0]["figures"].as_array().unwrap().clone();
    let figure = |name: &str| {
        figures.iter().find(|figure| figure["name"] == name).unwrap_or_else(|| panic!("{name}: {figures:#?}"))
    };
    let value = |name: &str| figure(name)["value"].as_i64().unwrap();
    assert!((51..=59).contains(&value("staff")), "50余名工作人员: {}", value("staff"));
    assert_eq!(value("compounds"), 18, "18个家属大院");
    assert!((590..=599).contains(&value("households_reached")), "近600户: {}", value("households_reached"));
    assert!((101..=109).contains(&value("screened")), "100余人次: {}", value("screened"));
    assert_eq!(figure("disinfected_area_m2")["amount"], "20160.00", "约20000㎡");
    let listed =
        admin.get(&format!("{}&limit=500", figure("screened")["records_url"].as_str().unwrap())).await.expect(200);
    assert_eq!(listed.body["items"].as_array().unwrap().len() as i64, value("screened"));
    let listed =
        admin.get(&format!("{}&limit=500", figure("disinfected_area_m2")["records_url"].as_str().unwrap())).await;
    assert_eq!(listed.expect(200).body["items"].as_array().unwrap().len(), 18);
    let all = admin.get("/v1/stats/situation?on=2020-02-02").await.expect(200).body;
    prove(admin, &all).await;
    let school = admin.get("/v1/organizations?kind=school&order=oldest").await.expect(200).body["items"][0].clone();
    // Those whom the bureau's and the school's surveyors reached, beside those whom givers of leaflets declare.
    let mut surveyed = BTreeSet::new();
    for unit in [id, school["id"].as_str().unwrap()] {
        let visits = format!("/v1/survey-visits?result=reached&org_id={unit}&to_on=2020-02-02");
        surveyed.extend(all_of(admin, &visits).await.iter().map(|visit| visit["household_id"].to_string()));
    }
    assert_eq!(surveyed.len(), 596, "入户摸排近600户");
    let own = format!("/v1/stats/situation?on=2020-02-02&org_id={}", school["id"].as_str().unwrap());
    let own = admin.get(&own).await.expect(200).body;
    assert!(own["units"][0]["figures"].as_array().unwrap().len() > 10, "a school's own: {own:#}");
    prove(admin, &own).await;
    let cooperative = all["units"].as_array().unwrap().iter().find(|unit| unit["name"] == "雨城区供销社").unwrap();
    let amount = |name: &str| {
        cooperative["figures"].as_array().unwrap().iter().find(|figure| figure["name"] == name).unwrap()["amount"]
            .clone()
    };
    assert_eq!(
        (amount("stock_agri_fertilizer_urea"), amount("stock_agri_fertilizer_compound")),
        (json!("300"), json!("130")),
        "430吨"
    );
    let unit = |name: &str| figure_of(&all, &json!("雨城区供销社"), name)["unit"].clone();
    assert_eq!((amount("stock_agri_fertilizer"), unit("stock_agri_fertilizer")), (json!("430"), json!("吨")));
    assert_eq!((amount("stock_agri_pesticide"), unit("stock_agri_pesticide")), (json!("2700"), json!("件")));
    let stocks = admin.get("/v1/stocks?on=2020-02-02").await.expect(200).body;
    assert_eq!((&stocks["targets"][0]["stock"], &stocks["targets"][0]["rate"]), (&json!("430"), &json!("0.8600")));
    let before = admin.get(&format!("/v1/stats/situation?org_id={id}&on=2020-01-01")).await.expect(200).body;
    assert_eq!(before["units"][0]["figures"], json!([]));
    let due = admin.get("/v1/stats/completeness?from_on=2020-02-02&by=kind").await.expect(200).body;
    let of = |kind: &str| {
        due["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|item| item["key"] == kind)
            .unwrap_or_else(|| panic!("{kind}: {due:#}"))
            .clone()
    };
    let stores = of("supply_report");
    assert_eq!(
        (stores["expected"].as_i64(), stores["done"].as_i64(), stores["missed"].as_i64()),
        (Some(3), Some(2), Some(1))
    );
    assert_eq!(stores["gaps"][0]["subject_name"], "前进农贸市场", "who didn't report, by name: {stores:#}");
    let readings = of("am_reading");
    assert!(readings["done"].as_i64().unwrap() > 5, "{readings:#}");
}

/// Six hundred households in groups of ten under leaders of their own, and the two rounds that looked at them.
async fn the_register_and_its_rounds(app: &TestApp, admin: &Actor, made: &Made) {
    assert_eq!(
        ["households", "household_groups", "grid_cells", "survey_rounds"].map(|kind| made.created[kind]),
        [600, 60, 20, 2]
    );
    let households = all_of(admin, "/v1/households?status=active").await;
    let groups: BTreeMap<String, usize> = households.iter().fold(BTreeMap::new(), |mut groups, household| {
        *groups.entry(household["household_group_id"].to_string()).or_default() += 1;
        groups
    });
    assert!(groups.len() == 60 && groups.values().all(|count| *count == 10), "{groups:?}");
    let places: BTreeSet<&str> = households.iter().filter_map(|household| household["place_id"].as_str()).collect();
    let elsewhere = households.iter().filter(|household| household["place_id"].is_null());
    let villages: BTreeSet<&str> = elsewhere.map(|household| household["area_code"].as_str().unwrap()).collect();
    assert_eq!((households.len(), places.len(), villages.len()), (600, 18, 2), "18 个家属大院、两个村");
    let led = all_of(admin, "/v1/household-groups").await;
    assert!(led.iter().all(|group| group["leader_person_id"].is_string()), "每10户设立1名负责人");
    let rounds = all_of(admin, "/v1/survey-rounds?order=oldest").await;
    let states: Vec<&Json> = rounds.iter().map(|round| &round["state"]).collect();
    assert_eq!(states, ["closed", "running"]);
    let total = async |round: &Json| {
        let path = format!("/v1/survey-rounds/{}/coverage", round["id"].as_str().unwrap());
        admin.get(&path).await.expect(200).body["total"].clone()
    };
    let counts =
        |total: &Json, names: &[&str]| names.iter().map(|name| total[name].as_i64().unwrap()).collect::<Vec<_>>();
    let names = ["targets", "done", "reached", "vacant", "moved", "refused", "attempted", "open", "additional"];
    let (first, second) = (total(&rounds[0]).await, total(&rounds[1]).await);
    assert_eq!(counts(&first, &names), [592, 571, 570, 1, 0, 6, 12, 3, 0]);
    assert_eq!(counts(&second, &names), [600, 598, 596, 2, 0, 1, 1, 0, 0]);
    assert_eq!(second["rate"], "0.9967");
    // Four persons of visited households were overlooked; the households that weren't done have five more.
    let missing = second["persons"].as_i64().unwrap() - second["persons_confirmed"].as_i64().unwrap();
    assert_eq!((second["persons"].as_i64(), missing), (Some(1_678), 9), "{second}");
    let round = rounds[1]["id"].as_str().unwrap();
    let missed = async |what: &str| all_of(admin, &format!("/v1/survey-rounds/{round}/missed?what={what}")).await;
    let households = missed("households").await;
    let mut told: Vec<(&str, i64)> =
        households.iter().map(|item| (item["state"].as_str().unwrap(), item["attempts"].as_i64().unwrap())).collect();
    told.sort_unstable();
    assert_eq!(told, [("attempted", 2), ("refused", 1)]);
    let persons = missed("persons").await;
    let unconfirmed = persons
        .iter()
        .flat_map(|item| item["members"].as_array().unwrap())
        .filter(|member| member["confirmed"] == false);
    assert_eq!((persons.len(), unconfirmed.count()), (6, 9));
    let visits = all_of(admin, &format!("/v1/survey-visits?round_id={round}")).await;
    let of = |name: &str| visits.iter().map(|visit| visit[name].to_string()).collect::<BTreeSet<String>>();
    assert!(visits.len() == 601 && of("channel").len() >= 2, "{:?}", of("channel"));
    assert_eq!(of("recorded_by").len(), 7, "four grid workers, two cadres of villages, a group's leader");
    let hours = visits.iter().map(|visit| visit["occurred_at"].as_str().unwrap()[11..13].parse::<u32>().unwrap());
    assert!(hours.clone().all(|hour| (8..20).contains(&hour)), "{:?}", hours.collect::<BTreeSet<_>>());
    let members = visits.iter().flat_map(|visit| visit["members"].as_array().cloned().unwrap_or_default());
    let statuses: BTreeMap<String, usize> = members.clone().fold(BTreeMap::new(), |mut statuses, member| {
        *statuses.entry(member["status"].as_str().unwrap().to_owned()).or_default() += 1;
        statuses
    });
    assert!(statuses["left"] == 5 && statuses["away"] >= 6 && statuses["present"] > 1_500, "{statuses:?}");
    let taken = members.filter(|member| member.get("temperature_c").is_some()).count();
    assert!((20..200).contains(&taken) && visits.iter().any(|visit| visit["abnormal"] == true), "{taken}");
    // Each account finds the district's round, and in it what is its own.
    for (username, own) in [("demo.village.203", 30), ("demo.grid.1", 150), ("demo.education", 600)] {
        let password = &made.accounts.iter().find(|(name, _)| name == username).unwrap().1;
        let login = json!({"username": username, "password": password});
        let token = app.nobody().post("/v1/auth/login", &login).await.expect(200).body["access_token"].clone();
        let first = app.nobody().with("authorization", &format!("Bearer {}", token.as_str().unwrap()));
        let chosen = json!({"current_password": password, "new_password": "Yucheng-2020-winter"});
        first.post("/v1/auth/password", &chosen).await.expect(204);
        let account = Actor::sign_in(app, uuid::Uuid::nil(), username, "Yucheng-2020-winter").await;
        let coverage = account.get(&format!("/v1/survey-rounds/{round}/coverage")).await.expect(200).body;
        assert_eq!(coverage["total"]["targets"], own, "{username}");
    }
}

/// The paragraphs of the education bureau and of the cooperative, character by character but for the width of commas.
async fn the_source_texts_paragraphs(admin: &Actor) {
    let seed = std::fs::read_to_string("tests/data/source_paragraphs.txt").unwrap();
    let of_one_width = |text: &str| text.replace(',', "，").replace(';', "；");
    for (paragraph, (unit, template)) in
        seed.lines().zip([("雨城区教育局", "edu-daily"), ("雨城区供销社", "coop-daily")])
    {
        let units = admin.get("/v1/organizations?limit=500").await.expect(200).body;
        let unit = units["items"].as_array().unwrap().iter().find(|found| found["name"] == unit).unwrap()["id"].clone();
        let path = format!("/v1/bulletins/preview?template={template}&on=2020-02-02&org_id={}", unit.as_str().unwrap());
        let bulletin = admin.get(&path).await.expect(200).body;
        let last = bulletin["paragraphs"].as_array().unwrap().last().unwrap()["text"].as_str().unwrap();
        assert_eq!(of_one_width(last), of_one_width(paragraph), "{:#}", bulletin["left_out"]);
    }
}
