//! Households over time: what changed from round to round, what happened to one, groups that are set up, attempts, merges
//! that lead on.

use std::collections::BTreeSet;

use lianfang::platform::access::Role;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::isolation_cases::{make, set_clock};
use crate::support::{Actor, Reply, TestApp, fake_resident_id};
use crate::sync::{outcomes, push};

pub const VILLAGE: &str = "511802005001";
pub const NEXT_VILLAGE: &str = "511802005002";

/// The service on the morning of a day, and who may do anything.
pub async fn app(at: &str) -> (TestApp, Actor) {
    let app = TestApp::start().await;
    set_clock(&app, at);
    let admin = app.administrator().await;
    (app, admin)
}

/// A household at a door of the village; answers its id.
pub async fn household(actor: &Actor, door: &str) -> String {
    make(actor, "households", json!({"area_code": VILLAGE, "door": door})).await
}

/// Somebody new of a household; answers the person.
pub async fn member_of(actor: &Actor, household: &str, sequence: u32) -> String {
    let person = json!({"name": format!("张{sequence}"), "document_type": "resident_id", "document_number": fake_resident_id(sequence), "area_code": VILLAGE});
    let body = json!({"household_id": household, "person": person, "since_on": "2020-01-10"});
    actor.post("/v1/household-members", &body).await.expect(201).body["person_id"].as_str().unwrap().to_owned()
}

pub async fn started_round(actor: &Actor, starts_at: &str, due_at: &str) -> String {
    let body = json!({"area_code": VILLAGE, "name": "入户摸排", "series": "households", "target": "households", "starts_at": starts_at, "due_at": due_at});
    let round = make(actor, "survey-rounds", body).await;
    actor.post(&format!("/v1/survey-rounds/{round}:start"), &json!({})).await.expect(200);
    round
}

pub fn visit(round: &str, household: &str, result: &str, at: &str) -> Json {
    json!({"id": Uuid::now_v7(), "round_id": round, "household_id": household, "occurred_at": at, "channel": "home_visit", "result": result})
}

async fn amend(actor: &Actor, path: &str, patch: Json) -> Json {
    let tag = actor.get(path).await.expect(200).header("etag").to_owned();
    actor.patch(path, &tag, &patch).await.expect(200).body
}

async fn void(actor: &Actor, kind: &str, id: &str) {
    actor.post(&format!("/v1/{kind}/{id}:void"), &json!({"reason": "录错"})).await.expect(200);
}

async fn merge(actor: &Actor, kind: &str, from: &str, into: &str) {
    let body = json!({"into_id": into, "reason": "同一"});
    actor.post(&format!("/v1/{kind}/{from}:merge"), &body).await.expect(200);
}

fn text(json: &Json) -> String {
    json.as_str().unwrap_or_default().to_owned()
}

/// All pages of a list.
async fn all(actor: &Actor, path: &str) -> Vec<Json> {
    let (mut items, mut cursor) = (Vec::new(), String::new());
    loop {
        let body = actor.get(&format!("{path}{cursor}")).await.expect(200).body;
        items.extend(body["items"].as_array().unwrap().clone());
        match body["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return items,
        }
    }
}

/// A change as it is told: what, at which door, of whom, before and after.
fn told(item: &Json) -> [String; 5] {
    [&item["change"], &item["door"], &item["name"], &item["before"], &item["after"]].map(text)
}

/// Two rounds between which a bit of everything changes; `order` turns the queue in which the visits come.
async fn two_rounds(order: usize) -> (TestApp, Actor, [String; 2], Vec<Json>) {
    let (app, admin) = app("2020-01-25T07:00:00+08:00").await;
    let mut homes = Vec::new();
    for number in 0..7 {
        homes.push(household(&admin, &format!("1-{number}")).await);
    }
    let mut people = Vec::new();
    for (sequence, home) in [(1, 0), (2, 0), (3, 0), (4, 1)] {
        people.push(member_of(&admin, &homes[home], sequence).await);
    }
    let first = started_round(&admin, "2020-01-25T08:00:00+08:00", "2020-01-27T20:00:00+08:00").await;
    // Between the rounds: one household ends, another one comes, people move, leave, get a category.
    set_clock(&app, "2020-01-31T08:00:00+08:00");
    let admin = app.administrator().await;
    amend(
        &admin,
        &format!("/v1/households/{}", homes[6]),
        json!({"ended_on": "2020-01-30", "end_reason": "moved_out"}),
    )
    .await;
    homes.push(household(&admin, "1-7").await);
    people.push(member_of(&admin, &homes[7], 5).await);
    let moved = json!({"household_id": homes[5], "person_id": people[1], "since_on": "2020-01-30"});
    admin.post("/v1/household-members", &moved).await.expect(201);
    let left = all(&admin, &format!("/v1/household-members?person_id={}", people[2])).await[0]["id"].clone();
    let ended = json!({"until_on": "2020-01-30", "end_reason": "deceased"});
    amend(&admin, &format!("/v1/household-members/{}", left.as_str().unwrap()), ended).await;
    let category = |category: &str, since: &str, until: Json| json!({"category": category, "since_on": since, "until_on": until, "source": "排查"});
    let categories = [
        category("hubei_returnee", "2020-01-29", Json::Null),
        category("outside_city_returnee", "2020-01-01", "2020-01-28".into()),
    ];
    amend(&admin, &format!("/v1/people/{}", people[0]), json!({"categories": categories})).await;
    set_clock(&app, "2020-02-01T07:00:00+08:00");
    let admin = app.administrator().await;
    let second = started_round(&admin, "2020-02-01T08:00:00+08:00", "2020-02-03T20:00:00+08:00").await;
    set_clock(&app, "2020-02-02T20:00:00+08:00");
    let admin = app.administrator().await;
    let results = [
        (0, "reached", "reached"),
        (1, "reached", "vacant"),
        (2, "vacant", "reached"),
        (3, "reached", "moved"),
        (4, "reached", "refused"),
        (5, "not_reached", "reached"),
    ];
    let mut visits = Vec::new();
    for (number, before, after) in results {
        let mut one = visit(&first, &homes[number], before, "2020-01-26T10:00:00+08:00");
        let mut other = visit(&second, &homes[number], after, "2020-02-02T10:00:00+08:00");
        if number == 0 {
            one["members"] = json!([{"person_id": people[0], "status": "present"}]);
            other["members"] = json!([{"person_id": people[0], "status": "away"}]);
        }
        // Tries in vain before and after change nothing of what came of it.
        let earlier = visit(&second, &homes[number], "not_reached", "2020-02-01T10:00:00+08:00");
        visits.extend([one, other, earlier]);
    }
    let turn = order % visits.len();
    visits.rotate_left(turn);
    if order % 2 == 1 {
        visits.reverse();
    }
    for body in &visits {
        admin.post("/v1/survey-visits", body).await.expect(201);
    }
    (app, admin, [first, second], visits)
}

#[tokio::test]
async fn rounds_are_told_apart_by_what_changed_in_whatever_order_the_visits_came() {
    let expected: BTreeSet<[String; 5]> = [
        ["became_occupied", "1-2", "", "vacant", "reached"],
        ["became_vacant", "1-1", "", "reached", "vacant"],
        ["category_added", "1-0", "张*", "", "hubei_returnee"],
        ["category_ended", "1-0", "张*", "outside_city_returnee", ""],
        ["household_ended", "1-6", "", "active", "ended"],
        ["household_new", "1-7", "", "", "active"],
        ["moved_out", "1-3", "", "reached", "moved"],
        ["person_left", "1-0", "张*", "", ""],
        ["person_moved", "1-5", "张*", "", ""],
        ["person_new", "1-7", "张*", "", ""],
        ["presence_changed", "1-0", "张*", "present", "away"],
        ["result_better", "1-5", "", "not_reached", "reached"],
        ["result_worse", "1-4", "", "reached", "refused"],
    ]
    .map(|change| change.map(str::to_owned))
    .into();
    for order in [0, 7, 12] {
        let (app, admin, [first, second], visits) = two_rounds(order).await;
        let path = format!("/v1/survey-rounds/{second}/changes");
        let whole = admin.get(&path).await.expect(200).body;
        let items = whole["items"].as_array().unwrap();
        assert_eq!(items.iter().map(told).collect::<BTreeSet<_>>(), expected, "{whole:#}");
        let counts = whole["counts"].as_array().unwrap();
        assert!(counts.len() == 13 && counts.iter().all(|count| count["count"] == 1), "{counts:?}");
        assert_eq!((&whole["round_id"], &whole["against_id"]), (&json!(second), &json!(first)));
        // The visits that show it.
        let worse = items.iter().find(|item| item["change"] == "result_worse").unwrap();
        let shown = |side: &str| visits.iter().find(|visit| visit["id"] == worse[side]).unwrap()["result"].clone();
        assert_eq!((shown("before_visit_id"), shown("after_visit_id")), (json!("reached"), json!("refused")));
        let moved = items.iter().find(|item| item["change"] == "person_moved").unwrap();
        assert_eq!(
            (moved["after_household_id"].clone(), moved["before_household_id"] != Json::Null),
            (moved["household_id"].clone(), true)
        );
        // Page by page it is the same, and one sort by itself.
        let paged = all(&admin, &format!("{path}?limit=2")).await;
        assert_eq!(&paged, items);
        let one = admin.get(&format!("{path}?change=moved_out&area_code={VILLAGE}")).await.expect(200).body;
        assert_eq!((one["items"].as_array().unwrap().len(), &one["items"][0]["change"]), (1, &json!("moved_out")));
        assert_eq!(admin.get(&format!("{path}?area_code={NEXT_VILLAGE}")).await.expect(200).body["items"], json!([]));
        if order == 0 {
            scoped_and_as_a_file(&app, &admin, &first, &second).await;
            // Without the visit that showed it nothing is worse.
            void(&admin, "survey-visits", worse["after_visit_id"].as_str().unwrap()).await;
            let worse = admin.get(&format!("{path}?change=result_worse")).await.expect(200).body;
            assert_eq!(worse["items"][0]["after"], "not_reached", "an attempt in vain is left");
        }
    }
}

async fn scoped_and_as_a_file(app: &TestApp, admin: &Actor, first: &str, second: &str) {
    let path = format!("/v1/survey-rounds/{second}/changes");
    let (status, _, bytes) = admin.with("accept", "text/csv").download(&format!("{path}?headers=zh")).await;
    let sheet = String::from_utf8(bytes).unwrap();
    assert!(status == 200 && sheet.contains("变化") && sheet.contains("became_vacant"), "{sheet}");
    assert_eq!(sheet.lines().count(), 14, "{sheet}");
    assert!(!sheet.contains("张1") && sheet.contains("张*"), "names are masked");
    let own = app.actor(Role::VillageCadre, "龙溪社区居委会").await;
    assert_eq!(own.get(&path).await.expect(200).body["items"].as_array().unwrap().len(), 13);
    let neighbour = app.actor(Role::VillageCadre, "顺路社区居委会").await;
    neighbour.get(&path).await.expect(404);
    let asked =
        async |against: &str| admin.get(&format!("{path}?against={against}")).await.expect(422).faults()[0].1.clone();
    assert_eq!(asked(second).await, "not_comparable");
    assert_eq!(asked(&Uuid::now_v7().to_string()).await, "unknown_reference");
    let alone = admin.get(&format!("/v1/survey-rounds/{first}/changes")).await.expect(422);
    assert_eq!(alone.faults()[0].1, "no_former_round");
    let back = admin.get(&format!("/v1/survey-rounds/{first}/changes?against={second}&change=result_worse")).await;
    assert_eq!(back.expect(200).body["items"][0]["door"], "1-5", "the other way round");
}

#[tokio::test]
async fn a_group_is_set_up_in_one_write_or_told_all_that_is_in_the_way() {
    let (app, admin) = app("2020-02-02T12:00:00+08:00").await;
    let group = make(&admin, "household-groups", json!({"area_code": VILLAGE, "name": "一组"})).await;
    let other = make(&admin, "household-groups", json!({"area_code": VILLAGE, "name": "二组"})).await;
    let mut homes = Vec::new();
    for number in 0..11 {
        homes.push(household(&admin, &format!("1-{number}")).await);
    }
    let leader = member_of(&admin, &homes[0], 1).await;
    let elsewhere = make(&admin, "households", json!({"area_code": NEXT_VILLAGE, "door": "1-1"})).await;
    let taken =
        make(&admin, "households", json!({"area_code": VILLAGE, "door": "2-1", "household_group_id": other})).await;
    let ended = household(&admin, "2-2").await;
    amend(&admin, &format!("/v1/households/{ended}"), json!({"ended_on": "2020-02-01", "end_reason": "demolished"}))
        .await;
    let stranger = member_of(&admin, &taken, 2).await;
    let cadre = app.actor(Role::VillageCadre, "龙溪社区居委会").await;
    let path = format!("/v1/household-groups/{group}:set-up");
    let head = async || admin.get("/v1/ledger/head").await.body["head"].clone();
    let before = head().await;
    let unknown = Uuid::now_v7().to_string();
    let mut ids: Vec<&str> = vec![&unknown, &elsewhere, &taken, &ended];
    ids.extend(homes.iter().map(String::as_str));
    let wrong = json!({"household_ids": ids, "leader_person_id": stranger, "leader_user_id": Uuid::now_v7()});
    let faults = admin.post(&path, &wrong).await.expect(422).faults();
    let fault = |pointer: &str, code: &str| (pointer.to_owned(), code.to_owned());
    let expected = [
        fault("/household_ids/0", "unknown_reference"),
        fault("/household_ids/1", "household_elsewhere"),
        fault("/household_ids/14", "group_full"),
        fault("/household_ids/2", "in_another_group"),
        fault("/household_ids/3", "household_not_active"),
        fault("/leader_person_id", "leader_not_member"),
        fault("/leader_user_id", "unknown_reference"),
    ];
    assert_eq!(faults, expected);
    // Out of the cadre's sight is unknown, and nothing of it was written.
    let faults = cadre
        .post(&path, &json!({"household_ids": [elsewhere], "leader_person_id": leader}))
        .await
        .expect(422)
        .faults();
    assert_eq!(faults[0], fault("/household_ids/0", "unknown_reference"));
    assert_eq!(head().await, before);
    let neighbour = app.actor(Role::VillageCadre, "顺路社区居委会").await;
    let body = json!({"household_ids": &homes[..10], "leader_person_id": leader, "leader_user_id": cadre.id});
    neighbour.post(&path, &body).await.expect(404);
    app.actor(Role::Volunteer, "龙溪社区居委会").await.post(&path, &body).await.expect(403);
    let done = cadre.post(&path, &body).await.expect(200).body;
    assert_eq!(
        (&done["leader_person_id"], &done["leader_user_id"], &done["revision"]),
        (&json!(leader), &json!(cadre.id), &json!(2))
    );
    let in_group = all(&admin, &format!("/v1/households?household_group_id={group}")).await;
    let numbers: BTreeSet<i64> = in_group.iter().map(|household| household["change_no"].as_i64().unwrap()).collect();
    assert_eq!(in_group.len(), 10);
    assert_eq!(done["change_no"].as_i64().unwrap() - numbers.first().unwrap(), 10, "one append");
    // Its answer was lost: once more nothing happens.
    let before = head().await;
    assert_eq!(cadre.post(&path, &body).await.expect(200).body["revision"], 2);
    assert_eq!(head().await, before);
    // Another leader comes without an account of his own.
    let second = member_of(&admin, &homes[1], 3).await;
    let led =
        cadre.post(&path, &json!({"household_ids": [homes[1]], "leader_person_id": second})).await.expect(200).body;
    assert_eq!((&led["leader_person_id"], &led["leader_user_id"]), (&json!(second), &Json::Null));
}

#[tokio::test]
async fn of_two_groups_that_are_set_up_at_once_one_gets_the_household() {
    let (_app, admin) = app("2020-02-02T12:00:00+08:00").await;
    let group = async |name: &str| make(&admin, "household-groups", json!({"area_code": VILLAGE, "name": name})).await;
    let (one, other) = (group("一组").await, group("二组").await);
    let shared = household(&admin, "1-1").await;
    let leader = member_of(&admin, &shared, 1).await;
    let set_up = async |group: &str| {
        let body = json!({"household_ids": [shared], "leader_person_id": leader});
        admin.post(&format!("/v1/household-groups/{group}:set-up"), &body).await
    };
    let (left, right) = tokio::join!(set_up(&one), set_up(&other));
    let mut statuses = [left.status, right.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 422], "{} {}", left.body, right.body);
    let refused = if left.status == 422 { left } else { right };
    let codes: Vec<String> = refused.faults().into_iter().map(|(_, code)| code).collect();
    assert!(codes.contains(&"in_another_group".to_owned()), "{codes:?}");
    // The last two places of a group, asked for by two at once.
    let third = group("三组").await;
    for number in 0..8 {
        make(
            &admin,
            "households",
            json!({"area_code": VILLAGE, "door": format!("3-{number}"), "household_group_id": third}),
        )
        .await;
    }
    let mut pairs = Vec::new();
    for pair in 0..2 {
        let (first, second) =
            (household(&admin, &format!("4-{pair}")).await, household(&admin, &format!("5-{pair}")).await);
        let leader = member_of(&admin, &first, 10 + pair).await;
        pairs.push(json!({"household_ids": [first, second], "leader_person_id": leader}));
    }
    let path = format!("/v1/household-groups/{third}:set-up");
    let (left, right) = tokio::join!(admin.post(&path, &pairs[0]), admin.post(&path, &pairs[1]));
    let mut statuses = [left.status, right.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 422], "{} {}", left.body, right.body);
    assert_eq!(all(&admin, &format!("/v1/households?household_group_id={third}")).await.len(), 10);
}

#[tokio::test]
async fn attempts_are_numbered_by_when_they_happened_whatever_came_when() {
    let (_app, admin) = app("2020-02-02T20:00:00+08:00").await;
    let homes = [household(&admin, "1-1").await, household(&admin, "1-2").await, household(&admin, "1-3").await];
    let round = started_round(&admin, "2020-02-01T08:00:00+08:00", "2020-02-03T20:00:00+08:00").await;
    // A fixed seed: the same visits, voids and merges each time.
    let mut state: u64 = 20_200_202;
    let mut below = |bound: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % bound
    };
    // Household, moment and id of each visit that stands.
    let mut standing: Vec<(usize, String, String)> = Vec::new();
    for step in 0..40 {
        if step % 5 == 4 {
            let (_, _, id) = standing.remove(below(standing.len()));
            void(&admin, "survey-visits", &id).await;
            assert_eq!(admin.get(&format!("/v1/survey-visits/{id}")).await.expect(200).body["attempt_no"], Json::Null);
            continue;
        }
        let (home, at) = (below(3), format!("2020-02-02T{:02}:{:02}:00+08:00", 8 + below(11), below(60)));
        let made = admin.post("/v1/survey-visits", &visit(&round, &homes[home], "not_reached", &at)).await.expect(201);
        standing.push((home, at, text(&made.body["id"])));
        let of_home = standing.iter().filter(|(other, ..)| *other == home);
        let up_to = of_home
            .filter(|(_, moment, id)| (moment, id) <= (&standing.last().unwrap().1, &standing.last().unwrap().2));
        assert_eq!(made.body["attempt_no"], up_to.count(), "told with the answer");
    }
    let check = async |standing: &[(usize, String, String)]| {
        let visits = all(&admin, &format!("/v1/survey-visits?round_id={round}&limit=7")).await;
        assert_eq!(visits.len(), standing.len());
        for visit in visits {
            let own = standing.iter().find(|(.., id)| visit["id"] == *id).unwrap();
            let before =
                standing.iter().filter(|(home, at, id)| *home == own.0 && (at, id) <= (&own.1, &own.2)).count();
            assert_eq!(visit["attempt_no"], before, "{visit}");
        }
    };
    check(&standing).await;
    // Two households turn out to be one, by way of a third: their visits are numbered together, and apart again after.
    merge(&admin, "households", &homes[0], &homes[1]).await;
    merge(&admin, "households", &homes[1], &homes[2]).await;
    let together: Vec<_> = standing.iter().map(|(_, at, id)| (2, at.clone(), id.clone())).collect();
    check(&together).await;
    admin.post(&format!("/v1/households/{}:unmerge", homes[1]), &json!({"reason": "两户"})).await.expect(200);
    let apart: Vec<_> = standing.iter().map(|(home, at, id)| ((*home).max(1), at.clone(), id.clone())).collect();
    check(&apart).await;
    let between = json!({"household_id": homes[2], "occurred_at": "2020-02-02T10:00:00+08:00", "channel": "phone", "result": "reached"});
    assert_eq!(admin.post("/v1/survey-visits", &between).await.expect(201).body["attempt_no"], Json::Null);
}

#[tokio::test]
async fn merges_lead_on_to_the_end_wherever_they_are_asked() {
    let (app, admin) = app("2020-02-02T12:00:00+08:00").await;
    let homes = [household(&admin, "1-1").await, household(&admin, "1-2").await, household(&admin, "1-3").await];
    let people = [
        member_of(&admin, &homes[0], 1).await,
        member_of(&admin, &homes[0], 2).await,
        member_of(&admin, &homes[1], 3).await,
    ];
    // One is two, two is three: who lives with the one lives with the three, and the last membership holds.
    merge(&admin, "people", &people[0], &people[1]).await;
    merge(&admin, "people", &people[1], &people[2]).await;
    merge(&admin, "households", &homes[0], &homes[1]).await;
    merge(&admin, "households", &homes[1], &homes[2]).await;
    let body = admin.get(&format!("/v1/households/{}/people", homes[2])).await.expect(200).body;
    let open: Vec<&Json> = body["items"].as_array().unwrap().iter().filter(|item| item["open"] == true).collect();
    assert_eq!((body["items"].as_array().unwrap().len(), open.len()), (3, 1), "{body}");
    let members = all(&admin, &format!("/v1/household-members?household_id={}&open=true", homes[2])).await;
    assert_eq!(members.len(), 1, "{members:?}");
    // He leads the group of the household that all of it became, by whichever of his ids.
    let group = make(&admin, "household-groups", json!({"area_code": VILLAGE, "name": "一组"})).await;
    let set_up = json!({"household_ids": [homes[0]], "leader_person_id": people[0]});
    let led = admin.post(&format!("/v1/household-groups/{group}:set-up"), &set_up).await.expect(200).body;
    assert_eq!(led["leader_person_id"], people[2]);
    // A round lists one household with one person, who counts by any of his ids.
    let round = started_round(&admin, "2020-02-02T08:00:00+08:00", "2020-02-03T20:00:00+08:00").await;
    let frozen = admin.get(&format!("/v1/survey-rounds/{round}")).await.expect(200).body["frozen"].clone();
    assert_eq!((&frozen["households"], &frozen["persons"]), (&json!(1), &json!(1)), "{frozen}");
    let mut seen = visit(&round, &homes[0], "reached", "2020-02-02T10:00:00+08:00");
    seen["members"] = json!([{"person_id": people[0], "status": "present"}]);
    admin.post("/v1/survey-visits", &seen).await.expect(201);
    let total = admin.get(&format!("/v1/survey-rounds/{round}/coverage")).await.expect(200).body["total"].clone();
    assert_eq!(
        (&total["targets"], &total["done"], &total["persons_confirmed"]),
        (&json!(1), &json!(1), &json!(1)),
        "{total}"
    );
    // A later membership under another id of his ends the one that held.
    let elsewhere = household(&admin, "9-9").await;
    let moved = json!({"household_id": elsewhere, "person_id": people[2], "since_on": "2020-02-01"});
    assert_eq!(admin.post("/v1/household-members", &moved).await.expect(201).warnings(), ["moved_from_household"]);
    let members = all(&admin, &format!("/v1/household-members?household_id={}&open=true", homes[2])).await;
    assert_eq!(members.len(), 0, "{members:?}");
    drop(app);
}

#[tokio::test]
async fn a_households_timeline_tells_all_that_happened_to_it_and_what_was_merged_into_it() {
    let (app, admin) = app("2020-01-20T08:00:00+08:00").await;
    let (home, twin) = (household(&admin, "1-1").await, household(&admin, "1-2").await);
    let group = make(&admin, "household-groups", json!({"area_code": VILLAGE, "name": "一组"})).await;
    let person = member_of(&admin, &twin, 1).await;
    member_of(&admin, &home, 2).await;
    let path = format!("/v1/households/{home}");
    set_clock(&app, "2020-01-21T08:00:00+08:00");
    let admin = app.administrator().await;
    amend(&admin, &path, json!({"door": "5-1", "contact_phone": "15400000001"})).await;
    amend(&admin, &path, json!({"household_group_id": group, "contact_phone": "15400000002"})).await;
    let round = started_round(&admin, "2020-01-21T08:00:00+08:00", "2020-01-29T20:00:00+08:00").await;
    let seen = visit(&round, &twin, "not_reached", "2020-01-20T10:00:00+08:00");
    admin.post("/v1/survey-visits", &seen).await.expect(201);
    let elsewhere = household(&admin, "9-9").await;
    let moved = json!({"household_id": elsewhere, "person_id": person, "since_on": "2020-01-15"});
    admin.post("/v1/household-members", &moved).await.expect(201);
    set_clock(&app, "2020-01-22T08:00:00+08:00");
    let admin = app.administrator().await;
    merge(&admin, "households", &twin, &home).await;
    let entries = admin.get(&format!("{path}/timeline")).await.expect(200).body["items"].as_array().unwrap().clone();
    let told: Vec<[String; 2]> = entries.iter().map(|entry| [&entry["event"], &entry["at"]].map(text)).collect();
    let events: Vec<&str> = told.iter().map(|[event, _]| event.as_str()).collect();
    let expected = [
        "merged",
        "grouped",
        "amended",
        "moved",
        "amended",
        "visited",
        "registered",
        "registered",
        "member_left",
        "member_joined",
        "member_joined",
    ];
    assert_eq!(events, expected, "{entries:#?}");
    assert!(told.windows(2).all(|pair| pair[0][1] >= pair[1][1]), "the newest first: {told:?}");
    let of = |event: &str| entries.iter().find(|entry| entry["event"] == event).unwrap();
    assert_eq!((&of("merged")["household_id"], &of("merged")["other_household_id"]), (&json!(twin), &json!(home)));
    assert_eq!(
        (&of("moved")["changed"][0]["before"], &of("moved")["changed"][0]["after"]),
        (&json!("1-1"), &json!("5-1"))
    );
    assert_eq!((&of("visited")["result"], &of("visited")["attempt_no"]), (&json!("not_reached"), &json!(1)));
    assert_eq!((&of("member_left")["person_id"], &of("member_left")["name"]), (&json!(person), &json!("张*")));
    assert!(entries.iter().all(|entry| entry["told_by"].is_string()), "{entries:#?}");
    assert!(!json!(entries).to_string().contains("1540000000"), "telephones are masked");
    assert_eq!(all(&admin, &format!("{path}/timeline?limit=3")).await, entries);
    // By the id that was merged it is the same; the neighbour has nothing of it.
    assert_eq!(admin.get(&format!("/v1/households/{twin}/timeline")).await.expect(200).body["items"], json!(entries));
    app.actor(Role::VillageCadre, "顺路社区居委会").await.get(&format!("{path}/timeline")).await.expect(404);
}

#[tokio::test]
async fn whoever_brings_a_household_to_a_door_is_told_who_is_there() {
    let (_app, admin) = app("2020-02-02T12:00:00+08:00").await;
    let (one, other) = (household(&admin, "1-1").await, household(&admin, "2-2").await);
    let path = format!("/v1/households/{other}");
    let taken = admin.patch(&path, "\"1\"", &json!({"door": "1栋1号"})).await.expect(200);
    let warns = |reply: &Reply| reply.warnings().contains(&"door_taken".to_owned());
    assert!(warns(&taken) && taken.body["warnings"].to_string().contains(&one), "{}", taken.body);
    assert_eq!(taken.body["id"], other.as_str(), "it is warned of, and keeps its id");
    let apart = admin.patch(&path, "\"2\"", &json!({"share_no": 2})).await.expect(200);
    assert!(!warns(&apart), "{}", apart.body);
    // A family moved to a door: whoever lists that door is told so.
    amend(&admin, &format!("/v1/households/{one}"), json!({"door": "7-7"})).await;
    let listed = admin.post("/v1/households", &json!({"area_code": VILLAGE, "door": "7栋7室"})).await.expect(201);
    assert!(warns(&listed), "{}", listed.body);
    // Where the one before ended the door is free.
    let third = household(&admin, "8-8").await;
    amend(&admin, &format!("/v1/households/{third}"), json!({"ended_on": "2020-02-01", "end_reason": "moved_out"}))
        .await;
    let next = json!({"area_code": VILLAGE, "door": "8-8", "occurred_at": "2020-02-02T08:00:00+08:00"});
    assert!(!warns(&admin.post("/v1/households", &next).await.expect(201)));
}

#[tokio::test]
async fn two_phones_at_one_door_make_one_household_with_both_memberships() {
    let (app, admin) = app("2020-02-02T12:00:00+08:00").await;
    let mut ids = Vec::new();
    for (sequence, door) in [(1, "3栋2单元501室"), (2, "3幢二单元501")] {
        let surveyor = app.actor(Role::Volunteer, "龙溪社区居委会").await;
        let (home, member) = (Uuid::now_v7(), Uuid::now_v7());
        let person = json!({"name": "张三", "document_type": "resident_id", "document_number": fake_resident_id(sequence), "area_code": VILLAGE});
        let items = json!([
            {"kind": "households", "op": "create", "id": home, "occurred_at": "2020-02-02T09:00:00+08:00", "body": {"area_code": VILLAGE, "door": door}},
            {"kind": "household_members", "op": "create", "id": member, "occurred_at": "2020-02-02T09:00:00+08:00", "body": {"household_id": home, "person": person}},
            {"kind": "survey_visits", "op": "create", "id": Uuid::now_v7(), "occurred_at": "2020-02-02T09:05:00+08:00", "body": {"household_id": home, "channel": "home_visit", "result": "reached"}},
        ]);
        let results = push(&surveyor, items.clone()).await;
        assert!(outcomes(&results).iter().all(|outcome| ["created", "same"].contains(outcome)), "{results:#?}");
        assert_eq!(outcomes(&push(&surveyor, items).await), ["same", "same", "same"]);
        ids.push(admin.get(&format!("/v1/households/{home}")).await.expect(200).body["id"].clone());
    }
    assert_eq!(ids[0], ids[1]);
    let people = admin.get(&format!("/v1/households/{}/people", ids[0].as_str().unwrap())).await.expect(200).body;
    assert_eq!(people["items"].as_array().unwrap().len(), 2);
    let visits = all(&admin, &format!("/v1/survey-visits?household_id={}", ids[0].as_str().unwrap())).await;
    assert_eq!(visits.len(), 2, "two visits of one door both stand");
}

#[tokio::test]
async fn a_former_revision_of_a_void_visit_is_no_attempt() {
    let (_app, admin) = app("2020-02-02T20:00:00+08:00").await;
    let home = household(&admin, "1-1").await;
    let round = started_round(&admin, "2020-02-01T08:00:00+08:00", "2020-02-03T20:00:00+08:00").await;
    let keyed = admin.with("idempotency-key", "b7c1d6d2-0000-4000-8000-000000000009");
    let body = visit(&round, &home, "not_reached", "2020-02-02T10:00:00+08:00");
    let made = keyed.post("/v1/survey-visits", &body).await.expect(201).body;
    assert_eq!(made["attempt_no"], 1);
    void(&admin, "survey-visits", made["id"].as_str().unwrap()).await;
    // The answer given before is told again, as of its own revision.
    assert_eq!(keyed.post("/v1/survey-visits", &body).await.body["attempt_no"], Json::Null);
}
