//! Districts that are added while the service runs, and one whose database is away while the others go on.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use kit::text::Language;
use lianfang::platform::access::{Grant, Role};
use lianfang::platform::divisions::each::{clock_of, in_each};
use lianfang::platform::divisions::listed::{self, ListedLine};
use serde_json::{Value as Json, json};

use crate::support::process::{Folder, Served};
use crate::support::{TestApp, examples, fake_resident_id};

const LIST: &str = "code,name,level,parent\n510000000000,四川省,省级,\n510100000000,成都市,地级,51\n510104000000,锦江区,县级,5101\n\
    510104017,锦官驿街道,乡级,510104\n510104017001,水井坊社区,村级,510104017\n";

fn lines(list: &str) -> Vec<ListedLine> {
    list.lines()
        .enumerate()
        .skip(1)
        .map(|(index, line)| {
            let cells: Vec<&str> = line.split(',').collect();
            ListedLine {
                line: index as u64 + 1,
                code: cells[0].into(),
                name: cells[1].into(),
                level: cells[2].into(),
                parent: cells.get(3).filter(|cell| !cell.is_empty()).map(|cell| (*cell).to_owned()),
            }
        })
        .collect()
}

#[tokio::test]
async fn a_district_is_added_while_another_is_written_to() {
    let app = TestApp::start().await;
    let other = app.another().await;
    let admin = app.administrator().await;
    let gate = examples::checkpoint(&admin, "511802005").await;
    let posts = async {
        for sequence in 0..60 {
            admin.post("/v1/screenings", &examples::screening(&gate, sequence)).await.expect(201);
        }
    };
    let added = async {
        let new = listed::checked(&other.core.divisions, "510104", &lines(LIST)).unwrap();
        // The province is known already.
        assert_eq!(new.len(), 4);
        assert_eq!(listed::add(&other.core, "510104", new).await.unwrap(), 4);
        // Again, it changes nothing: nothing is new, and the ledger isn't begun anew.
        let again = listed::checked(&other.core.divisions, "510104", &lines(LIST)).unwrap();
        assert_eq!((again.len(), listed::add(&other.core, "510104", again).await.unwrap()), (0, 0));
        let begun = Instant::now();
        while app.core.divisions.find("510104017", None).is_none() {
            assert!(begun.elapsed() < Duration::from_secs(8), "the other process doesn't know of it");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::join!(posts, added);
    let province = Grant { role: Role::DistrictAdmin, area_code: "51".into(), org_id: None };
    let province = app.actor_of(vec![province]).await;
    for app in [&app, &other] {
        let head = app.head_of("510104").await;
        let gate = examples::checkpoint(&head, "510104017").await;
        let passage = head.post("/v1/screenings", &examples::screening(&gate, 7)).await.expect(201);
        head.get(passage.header("location")).await.expect(200);
        // Whoever commands the province reaches it, whoever commands the other district doesn't.
        province.at(app).get(passage.header("location")).await.expect(200);
        admin.at(app).get(passage.header("location")).await.expect(404);
        let listed = head.get("/v1/divisions?parent=510104").await.expect(200).body;
        assert_eq!(listed["items"][0]["name"], "锦官驿街道");
        let unknown = json!({"kind": "compound_gate", "name": "门", "area_code": "510104018"});
        head.post("/v1/places", &unknown).await.expect(422);
    }
    // A process that starts later knows of it, too.
    let later = app.another().await;
    assert_eq!(later.core.divisions.find("510104017001", None).unwrap().name, "水井坊社区");
    let clock = app.rows("SELECT last_no, advanced_at FROM district_clocks WHERE district_code = '510104'").await;
    assert_eq!(clock.into_iter().next().unwrap().integer("last_no"), Some(4));
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}

#[tokio::test]
async fn a_list_of_nonsense_is_refused_with_all_its_faults() {
    let app = TestApp::start().await;
    let list = "code,name,level,parent\n510104,锦江区,县级,5101\n510104017,锦官驿街道,乡级,510105\n51010401,短,乡级,\n510104018,,乡级,\n\
        511802005,大兴街道,乡级,\n510104017,锦官驿街道,乡级,\n510104099001,孤村,村级,\n510104020,某地,星系,\n51,四川,省级,\n";
    let faults = listed::checked(&app.core.divisions, "510104", &lines(list)).unwrap_err();
    let found: Vec<u64> = faults.iter().map(|fault| fault.line).collect();
    // Line 0: of what could be taken none is a township.
    assert_eq!(found, [0, 3, 4, 5, 6, 7, 8, 9, 10], "{faults:?}");
    for (language, word) in [(Language::English, "line 5"), (Language::Chinese, "第 5 行")] {
        assert!(faults.iter().any(|fault| fault.told(language).starts_with(word)), "{faults:?}");
    }
    let whole = |code: &str, list: &str| listed::checked(&app.core.divisions, code, &lines(list)).unwrap_err().len();
    assert!(whole("5101", LIST) >= 1, "no district");
    assert_eq!(whole("510104", "code,name,level,parent\n510104017,锦官驿街道,乡级,\n"), 1, "the district itself");
    assert_eq!(whole("510104", "code,name,level,parent\n510104,锦江区,县级,\n"), 1, "no township");
    // Nothing was added.
    assert!(app.core.divisions.find("510104", None).is_none());
}

#[tokio::test]
async fn an_operator_adds_a_district_to_a_running_service() {
    let folder = Folder::new("districts");
    let served = Served::start(&folder);
    let account = folder.add_user("admin");
    let token = served.sign_in(&account, "雨城区-防疫值守-2020").await;
    std::fs::write(folder.0.join("list.csv"), LIST).unwrap();
    std::fs::write(folder.0.join("bad.csv"), LIST.replace("乡级", "星系")).unwrap();
    let add = |file: &str, more: &[&str]| {
        folder.run(&[&["district", "add", "510104", "--divisions", file, "--json"], more].concat())
    };
    let refused = add("bad.csv", &[]);
    assert_eq!(refused.status.code(), Some(2), "{}", String::from_utf8_lossy(&refused.stderr));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("line 5"));
    for (more, added) in [(&["--validate-only"][..], 0), (&[], 4), (&[], 0)] {
        let done = add("list.csv", more);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let told: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
        assert_eq!(told, json!({"district": "510104", "divisions": 5, "added": added}));
    }
    let begun = Instant::now();
    while served.send("GET", "/v1/divisions/510104017", &token, &json!(null)).await.0 != 200 {
        assert!(begun.elapsed() < Duration::from_secs(10));
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Lets every statement that meets a row of a district fail as it does on an engine of several servers, one of which is
/// away.
pub async fn take_away(app: &TestApp, district_code: &str) {
    let error = "connection to the remote node localhost:9701 failed with the following error: Connection refused";
    app.sql(&format!(
        "CREATE FUNCTION is_there(code text) RETURNS boolean LANGUAGE plpgsql LEAKPROOF COST 0.0001 AS $$ BEGIN \
         IF code = '{district_code}' THEN RAISE EXCEPTION '{error}'; END IF; RETURN true; END $$; \
         DO $$ DECLARE found record; BEGIN FOR found IN SELECT c.relname FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid \
         AND a.attname = 'district_code' WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' LOOP \
         EXECUTE format('CREATE POLICY is_there ON %I AS RESTRICTIVE USING (CASE WHEN is_there(district_code) THEN true ELSE false END) \
         WITH CHECK (is_there(district_code))', found.relname); END LOOP; END $$"
    ))
    .await;
    // Of a few rows the planner would read all, and meet that district's.
    let name = app.database_url.rsplit('/').next().unwrap().split('?').next().unwrap().to_owned();
    app.sql(&format!("ALTER DATABASE {name} SET enable_seqscan = off")).await;
}

#[tokio::test]
async fn a_district_that_is_away_is_away_by_itself() {
    let before = TestApp::start().await;
    let (here, there) = (before.head_of("511802").await, before.head_of("511803").await);
    let prefecture = Grant { role: Role::DistrictAdmin, area_code: "5118".into(), org_id: None };
    let both = before.actor_of(vec![prefecture]).await;
    let gate = examples::checkpoint(&here, "511802005").await;
    let away = examples::checkpoint(&there, "511803001").await;
    let person = json!({"name": "王五", "document_number": fake_resident_id(5), "area_code": "511803001"});
    there.post("/v1/people", &person).await.expect(201);
    take_away(&before, "511803").await;
    // A process that starts now, its connections and its caches new.
    let app = before.another().await;
    let (here, there, both) = (here.at(&app), there.at(&app), both.at(&app));
    for sequence in 0..5 {
        here.post("/v1/screenings", &examples::screening(&gate, sequence)).await.expect(201);
    }
    assert_eq!(here.get("/v1/screenings").await.expect(200).body["items"].as_array().unwrap().len(), 5);
    here.get("/v1/people").await.expect(200);
    here.get("/v1/changes?since=0").await.expect(200);
    // Its own are told to try again: nothing is lost, and nothing is a defect.
    let refused = there.post("/v1/screenings", &examples::screening(&away, 9)).await;
    assert_eq!(refused.status, 503, "{:?}", refused.body);
    assert_ne!(refused.header("retry-after"), "");
    assert_eq!(there.get("/v1/people").await.status, 503);
    // The head of both works in the one that is there, all the time.
    both.post("/v1/screenings", &examples::screening(&gate, 8)).await.expect(201);
    both.get("/v1/stats/screenings?district_code=511802").await.expect(200);
    // The other's share is missing from a sum, and named; a file has no room to say so.
    let prefecture = "/v1/stats/screenings?area_code=5118&cumulative=true";
    let sum = both.get(prefecture).await.expect(200).body;
    assert_eq!(sum["total"]["screened"]["value"], 6);
    let missing = |of: &&Json| of["as_of_change_no"].is_null();
    let missing: Vec<&Json> = sum["districts"].as_array().unwrap().iter().filter(missing).collect();
    assert_eq!(missing, [&json!({"district_code": "511803", "as_of_change_no": null})]);
    assert_eq!(both.with("accept", "text/csv").download(prefecture).await.0, 503);
    let gates = async || here.post("/v1/screenings", &examples::screening(&gate, 10)).await.expect(201);
    let passage = examples::screening(&away, 11);
    let (_, refused) = tokio::join!(gates(), there.post("/v1/screenings", &passage));
    assert_eq!(refused.status, 503);
    app.nobody().get("/readyz").await.expect(200);
    // Workers do the others' work, say that one failed, and come again.
    let tried = Mutex::new(Vec::new());
    let work = |district_code: String| {
        let (app, tried) = (&app, &tried);
        async move {
            let clock = clock_of(&app.core.database, &district_code).await?;
            tried.lock().unwrap().push((district_code, clock.is_some()));
            Ok(())
        }
    };
    assert!(in_each(&app.core, work).await.is_err());
    let mut tried = tried.into_inner().unwrap();
    tried.sort();
    let others = app.core.divisions.districts().filter(|code| *code != "511803");
    assert_eq!(tried, others.map(|code| (code.to_owned(), true)).collect::<Vec<_>>());
    assert!(lianfang::rooms::duties::look_after(&app.core).await.is_err());
    // It is back.
    before
        .sql("CREATE OR REPLACE FUNCTION is_there(code text) RETURNS boolean LANGUAGE sql LEAKPROOF AS 'SELECT true'")
        .await;
    there.post("/v1/screenings", &examples::screening(&away, 9)).await.expect(201);
    lianfang::rooms::duties::look_after(&app.core).await.unwrap();
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}
