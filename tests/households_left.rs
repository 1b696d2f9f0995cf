//! Households and people that moved, split, died or left their surveyor's area: the register goes on, what a phone
//! hands in late is taken, and nobody gets by that to what he never had.

use lianfang::platform::access::{Grant, Role};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::households_changes::{NEXT_VILLAGE, VILLAGE, app, household, member_of, started_round};
use crate::isolation_cases::make;
use crate::support::{Actor, TestApp};
use crate::sync::push;

fn visiting(household: &str, at: &str, more: Json) -> Json {
    let mut body = json!({"household_id": household, "channel": "home_visit", "result": "reached"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"kind": "survey_visits", "op": "create", "id": Uuid::now_v7(), "occurred_at": at, "body": body})
}

async fn cadre(app: &TestApp, community: &str) -> Actor {
    app.actor(Role::VillageCadre, community).await
}

/// A household of the village with somebody in it, visited once, that moves to the next village.
/// Its new door is one that no id looks like: answers are searched for it.
struct Moved {
    app: TestApp,
    admin: Actor,
    /// The cadre whom it left.
    old: Actor,
    household: String,
    person: String,
    visit: String,
    /// Moments before and after it moved. The register keeps its own time, so no clock is set here.
    before: String,
    after: String,
}

impl Moved {
    async fn begin() -> Self {
        let app = TestApp::start().await;
        let admin = app.administrator().await;
        let old = cadre(&app, "龙溪社区居委会").await;
        let home = household(&admin, "1-1").await;
        let person = member_of(&admin, &home, 1).await;
        let visit =
            make(&old, "survey-visits", json!({"household_id": home, "channel": "home_visit", "result": "reached"}))
                .await;
        let moment = || chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
        let mut moved =
            Self { app, admin, old, household: home, person, visit, before: moment(), after: String::new() };
        moved.amend("households", &moved.household, json!({"area_code": NEXT_VILLAGE, "door": "999-888"})).await;
        moved.amend("people", &moved.person, json!({"area_code": NEXT_VILLAGE})).await;
        moved.after = moment();
        moved
    }

    async fn amend(&self, kind: &str, id: &str, patch: Json) {
        let path = format!("/v1/{kind}/{id}");
        let tag = self.admin.get(&path).await.expect(200).header("etag").to_owned();
        self.admin.patch(&path, &tag, &patch).await.expect(200);
    }

    async fn outcome(&self, actor: &Actor, item: Json) -> Json {
        push(actor, json!([item])).await[0].clone()
    }
}

#[tokio::test]
async fn a_family_that_moves_keeps_its_id_and_history_and_leaves_the_old_villages_phones() {
    let (app, admin) = app("2020-02-02T08:00:00+08:00").await;
    let (old, new) = (cadre(&app, "龙溪社区居委会").await, cadre(&app, "顺路社区居委会").await);
    let home = household(&admin, "1-1").await;
    let visit =
        make(&old, "survey-visits", json!({"household_id": home, "channel": "home_visit", "result": "reached"})).await;
    let pull = async |actor: &Actor, cursor: &str| {
        let body = actor.get(&format!("/v1/sync/pull?limit=500{cursor}")).await.expect(200).body;
        let of = |change: &Json| change["kind"] == "households" && change["id"] == home.as_str();
        let changes = body["changes"].as_array().unwrap().iter().filter(|change| of(change));
        let operations: Vec<String> = changes.map(|change| change["op"].as_str().unwrap().to_owned()).collect();
        (operations, format!("&cursor={}", body["next_cursor"].as_str().unwrap()))
    };
    let (first, at_old) = pull(&old, "").await;
    let (none, at_new) = pull(&new, "").await;
    assert_eq!((first, none), (vec!["upsert".to_owned()], Vec::new()));
    let path = format!("/v1/households/{home}");
    let moved =
        admin.patch(&path, "\"1\"", &json!({"area_code": NEXT_VILLAGE, "door": "999-888"})).await.expect(200).body;
    assert_eq!((&moved["id"], &moved["revision"]), (&json!(home), &json!(2)));
    assert_eq!(admin.get(&format!("{path}/revisions")).await.expect(200).body["items"].as_array().unwrap().len(), 2);
    assert_eq!(pull(&old, &at_old).await.0, ["access_revoked"]);
    assert_eq!(pull(&new, &at_new).await.0, ["upsert"]);
    // The visit stays where it was made: the old village's, and not the new one's to read.
    assert_eq!(old.get(&format!("/v1/survey-visits/{visit}")).await.expect(200).body["area_code"], VILLAGE);
    new.get(&format!("/v1/survey-visits/{visit}")).await.expect(404);
    let timeline = new.get(&format!("{path}/timeline")).await.expect(200).body;
    let events: Vec<&str> =
        timeline["items"].as_array().unwrap().iter().map(|entry| entry["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["moved", "registered"], "{timeline:#}");
    old.get(&path).await.expect(404);
}

#[tokio::test]
async fn a_visit_handed_in_after_its_household_moved_is_taken_where_it_was_made() {
    let moved = Moved::begin().await;
    let item = visiting(
        &moved.household,
        &moved.before,
        json!({"members": [{"person_id": moved.person, "status": "present"}]}),
    );
    let result = moved.outcome(&moved.old, item.clone()).await;
    assert_eq!(
        (&result["outcome"], &result["warnings"][0]["code"]),
        (&json!("created"), &json!("left_your_area")),
        "{result}"
    );
    let read = moved.admin.get(&format!("/v1/survey-visits/{}", item["id"].as_str().unwrap())).await.expect(200).body;
    assert_eq!((&read["area_code"], &read["household_id"]), (&json!(VILLAGE), &json!(moved.household)));
    assert_eq!(moved.outcome(&moved.old, item).await["outcome"], "same");
    // Of any kind that names it, and of a person who left with it.
    let member = json!({"kind": "household_members", "op": "create", "id": Uuid::now_v7(), "occurred_at": moved.before, "body": {"household_id": moved.household, "person_id": moved.person, "basis": "registered"}});
    assert_eq!(moved.outcome(&moved.old, member).await["outcome"], "created");
    let of_person = json!({"kind": "survey_visits", "op": "create", "id": Uuid::now_v7(), "occurred_at": moved.before, "body": {"person_id": moved.person, "channel": "phone", "result": "reached", "verification": "confirmed"}});
    assert_eq!(moved.outcome(&moved.old, of_person).await["outcome"], "created");
    // The first visit stands as it stood, in its area.
    let first = moved.old.get(&format!("/v1/survey-visits/{}", moved.visit)).await.expect(200).body;
    assert_eq!((&first["area_code"], &first["revision"]), (&json!(VILLAGE), &json!(1)));
}

#[tokio::test]
async fn what_left_opens_no_way_to_what_somebody_never_had() {
    let moved = Moved::begin().await;
    let app = &moved.app;
    let refused = async |who: &Actor, item: Json, why: &str| {
        let result = moved.outcome(who, item).await;
        assert_eq!(result["outcome"], "held", "{why}: {result}");
        assert!(!result.to_string().contains("999-888") && result["revision"].is_null(), "{why}: {result}");
        result["problem"]["errors"][0]["code"].clone()
    };
    let own = || visiting(&moved.household, &moved.before, json!({}));
    assert_eq!(
        refused(&moved.old, visiting(&moved.household, &moved.after, json!({})), "after it left").await,
        "unknown_reference"
    );
    refused(&moved.old, visiting(&moved.household, "2199-02-03T20:00:00+08:00", json!({})), "ahead").await;
    // Into the village where it lives now, which he never had.
    refused(
        &moved.old,
        visiting(&moved.household, &moved.before, json!({"area_code": NEXT_VILLAGE})),
        "into the other village",
    )
    .await;
    // By others: a village that never had it, and whoever came to the old village when it was gone.
    refused(&cadre(app, "穆家社区居委会").await, own(), "never had it").await;
    refused(&cadre(app, "龙溪社区居委会").await, own(), "came after it had left").await;
    // On a screen somebody sees whom he names; and the record itself is out of his hands.
    let on_screen = json!({"household_id": moved.household, "channel": "home_visit", "result": "reached", "occurred_at": moved.before});
    assert_eq!(moved.old.post("/v1/survey-visits", &on_screen).await.expect(422).faults()[0].1, "unknown_reference");
    let amending = json!({"kind": "households", "op": "amend", "id": moved.household, "occurred_at": moved.before, "base_revision": 1, "body": {"residency": "vacant"}});
    refused(&moved.old, amending, "the household itself").await;
    for path in ["", "/people", "/timeline", "/revisions"] {
        moved.old.get(&format!("/v1/households/{}{path}", moved.household)).await.expect(404);
    }
    // Where the person went isn't told with what is taken.
    let elsewhere = make(&moved.admin, "households", json!({"area_code": NEXT_VILLAGE, "door": "9-9"})).await;
    make(
        &moved.admin,
        "household-members",
        json!({"household_id": elsewhere, "person_id": moved.person, "since_on": "2020-02-02"}),
    )
    .await;
    let home = household(&moved.admin, "4-4").await;
    let member = json!({"kind": "household_members", "op": "create", "id": Uuid::now_v7(), "occurred_at": moved.before, "body": {"household_id": home, "person_id": moved.person}});
    let result = moved.outcome(&moved.old, member).await;
    assert_eq!((&result["outcome"], result["warnings"].as_array().unwrap().len()), (&json!("created"), 1), "{result}");
    assert!(!result.to_string().contains(&elsewhere), "{result}");
    // A visit of more than ninety days ago is too late.
    refused(&moved.old, visiting(&moved.household, "2019-11-03T08:00:00+08:00", json!({})), "too late").await;
}

#[tokio::test]
async fn a_cadre_whose_roles_grew_since_still_had_what_he_had() {
    let moved = Moved::begin().await;
    let path = format!("/v1/users/{}", moved.old.id);
    let tag = moved.admin.get(&path).await.expect(200).header("etag").to_owned();
    let roles = json!({"roles": [{"role": "village_cadre", "area_code": VILLAGE}, {"role": "volunteer", "area_code": "511802114"}]});
    moved.admin.patch(&path, &tag, &roles).await.expect(200);
    let result = moved.outcome(&moved.old, visiting(&moved.household, &moved.before, json!({}))).await;
    assert_eq!(result["outcome"], "created", "{result}");
    // Of two grants the one counts that reaches it.
    let both = moved.app.actor_of(vec![
        Grant { role: Role::VillageCadre, area_code: NEXT_VILLAGE.into(), org_id: None },
        Grant { role: Role::VillageCadre, area_code: VILLAGE.into(), org_id: None },
    ]);
    let result = moved.outcome(&both.await, visiting(&moved.household, &moved.before, json!({}))).await;
    assert_eq!((&result["outcome"], &result["warnings"]), (&json!("created"), &json!([])), "{result}");
}

#[tokio::test]
async fn splits_deaths_and_ends_are_told_by_records_of_their_own() {
    let (_app, admin) = app("2020-02-02T12:00:00+08:00").await;
    let home = household(&admin, "1-1").await;
    let (stays, leaves, dies) =
        (member_of(&admin, &home, 1).await, member_of(&admin, &home, 2).await, member_of(&admin, &home, 3).await);
    let open = async |household: &str| {
        let body = admin.get(&format!("/v1/households/{household}/people")).await.expect(200).body;
        let open = body["items"].as_array().unwrap().iter().filter(|item| item["open"] == true);
        let mut people: Vec<String> = open.map(|item| item["person_id"].as_str().unwrap().to_owned()).collect();
        people.sort();
        people
    };
    // A split: the new household names the one that it left, and its members' old memberships end by that.
    let split = make(&admin, "households", json!({"area_code": VILLAGE, "door": "2-2", "split_from_id": home})).await;
    make(&admin, "household-members", json!({"household_id": split, "person_id": leaves, "since_on": "2020-02-01"}))
        .await;
    assert_eq!(open(&split).await, [leaves.clone()]);
    assert_eq!(open(&home).await.len(), 2);
    // A visit that tells of a death proposes; only the membership's record ends it.
    let visit = json!({"household_id": home, "channel": "home_visit", "result": "reached", "members": [{"person_id": dies, "status": "deceased"}]});
    assert_eq!(admin.post("/v1/survey-visits", &visit).await.expect(201).warnings(), ["member_deceased"]);
    assert_eq!(open(&home).await.len(), 2);
    let members = admin.get(&format!("/v1/household-members?person_id={dies}")).await.expect(200).body;
    let path = format!("/v1/household-members/{}", members["items"][0]["id"].as_str().unwrap());
    admin.patch(&path, "\"1\"", &json!({"until_on": "2020-02-02", "end_reason": "deceased"})).await.expect(200);
    assert_eq!(open(&home).await, [stays]);
    // A household that ended is on no list, and in no group's count.
    let ended = json!({"ended_on": "2020-02-02", "end_reason": "dissolved"});
    let tag = admin.get(&format!("/v1/households/{split}")).await.expect(200).header("etag").to_owned();
    admin.patch(&format!("/v1/households/{split}"), &tag, &ended).await.expect(200);
    let round = started_round(&admin, "2020-02-02T08:00:00+08:00", "2020-02-03T20:00:00+08:00").await;
    let targets = admin.get(&format!("/v1/survey-rounds/{round}/targets")).await.expect(200).body;
    assert_eq!(targets["items"].as_array().unwrap().len(), 1);
}
