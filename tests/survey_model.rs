//! Random visits, voids, restorations, amendments, moves, splits, merges and their undoing, in any order, before and after
//! what is kept was brought up to date: coverage equals a recount from scratch of the records as they stand, and
//! `lianfang verify` holds. `SURVEY_SEED` repeats a run, `SURVEY_STEPS` and `SURVEY_VISITS` make it longer.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use kit::row::Row;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use serde_json::{Value as Json, json};

use crate::isolation_cases::set_clock;
use crate::shifts::make;
use crate::support::{Actor, TestApp, fake_resident_id};
use crate::survey_coverage::{VILLAGE, batch, begun, coverage, holds, started, targets};

const NEXT_VILLAGE: &str = "511802005002";

fn option(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// A visit as its record says.
struct Visit {
    household: Option<String>,
    person: Option<String>,
    result: String,
    channel: String,
    confirms: bool,
    at: DateTime<Utc>,
    id: String,
    members: Vec<(String, String)>,
}

/// The records that a recount looks at.
struct Records {
    leads_to: BTreeMap<String, String>,
    visits: Vec<Visit>,
    targets: Vec<(String, Vec<String>)>,
}

/// How a target stands: state, done as, attempts, persons, of whom one told.
type Standing = (String, Option<String>, i64, usize, usize);

impl Records {
    async fn read(app: &TestApp, round: &str, list: &[(String, Vec<String>)]) -> Self {
        let text = |row: &mut Row, name: &str| row.text(name);
        let mut leads_to = BTreeMap::new();
        let merged = "SELECT id::text AS id, merged_into::text AS into FROM households WHERE merged_into IS NOT NULL \
                      UNION ALL SELECT id::text, merged_into::text FROM people WHERE merged_into IS NOT NULL";
        for mut row in app.rows(merged).await {
            leads_to.insert(text(&mut row, "id").unwrap(), text(&mut row, "into").unwrap());
        }
        let visits = format!(
            "SELECT id::text AS id, household_id::text AS household, person_id::text AS person, result::text AS result, channel::text AS channel, \
             verification::text AS verification, occurred_at::text AS at, members::text AS members FROM survey_visits WHERE NOT voided AND round_id = '{round}'"
        );
        let visit = |mut row: Row| {
            let members: Option<Vec<Json>> =
                text(&mut row, "members").and_then(|members| serde_json::from_str(&members).ok());
            let member = |member: Json| {
                (member["person_id"].as_str().unwrap().to_owned(), member["status"].as_str().unwrap().to_owned())
            };
            let person = text(&mut row, "person");
            let verification = text(&mut row, "verification");
            Visit {
                confirms: person.is_some() && matches!(verification.as_deref(), Some("confirmed" | "changed")),
                household: text(&mut row, "household"),
                person,
                result: text(&mut row, "result").unwrap(),
                channel: text(&mut row, "channel").unwrap(),
                at: DateTime::parse_from_str(&text(&mut row, "at").unwrap(), "%Y-%m-%d %H:%M:%S%.f%#z")
                    .unwrap()
                    .to_utc(),
                id: text(&mut row, "id").unwrap(),
                members: members.into_iter().flatten().map(member).collect(),
            }
        };
        let visits = app.rows(&visits).await.into_iter().map(visit).collect();
        Self { leads_to, visits, targets: list.to_vec() }
    }

    fn root(&self, id: &str) -> String {
        let mut id = id;
        while let Some(next) = self.leads_to.get(id) {
            id = next;
        }
        id.to_owned()
    }

    /// Every target as its visits make it stand, by target; how many were visited beside the list; targets by channel.
    fn recount(&self) -> (BTreeMap<String, Standing>, i64, BTreeMap<Option<String>, i64>) {
        let mut visited: BTreeMap<String, Vec<&Visit>> = BTreeMap::new();
        let mut told: BTreeSet<String> = BTreeSet::new();
        for visit in &self.visits {
            if let Some(household) = &visit.household {
                visited.entry(self.root(household)).or_default().push(visit);
            }
            if let (Some(person), true) = (&visit.person, visit.confirms) {
                told.insert(self.root(person));
            }
            told.extend(visit.members.iter().filter(|(_, status)| status != "not_here").map(|(id, _)| self.root(id)));
        }
        let mut belongs: BTreeMap<String, String> = BTreeMap::new();
        for (target, people) in &self.targets {
            let target = self.root(target);
            for person in people {
                let least = belongs.entry(self.root(person)).or_insert_with(|| target.clone());
                if target < *least {
                    least.clone_from(&target);
                }
            }
        }
        let roots: BTreeSet<String> = self.targets.iter().map(|(target, _)| self.root(target)).collect();
        let mut standings = BTreeMap::new();
        let mut channels: BTreeMap<Option<String>, i64> = BTreeMap::new();
        let none = Vec::new();
        for root in &roots {
            let visits = visited.get(root).unwrap_or(&none);
            let (state, done_as, channel) = stand(visits);
            let persons: Vec<&String> =
                belongs.iter().filter(|(_, target)| *target == root).map(|(person, _)| person).collect();
            let confirmed = persons.iter().filter(|person| told.contains(**person)).count();
            let attempts = i64::try_from(visits.len()).unwrap();
            standings.insert(root.clone(), (state, done_as, attempts, persons.len(), confirmed));
            *channels.entry(channel).or_default() += 1;
        }
        let beside =
            visited.iter().filter(|(root, visits)| !roots.contains(*root) && stand(visits).1.is_some()).count();
        (standings, i64::try_from(beside).unwrap(), channels)
    }
}

fn stand(visits: &[&Visit]) -> (String, Option<String>, Option<String>) {
    let mut visits: Vec<&&Visit> = visits.iter().collect();
    visits.sort_by(|one, other| (one.at, &one.id).cmp(&(other.at, &other.id)));
    let has = |result: &str| visits.iter().any(|visit| visit.result == result);
    if let Some(done_as) = ["reached", "moved", "vacant"].into_iter().find(|result| has(result)) {
        let first =
            visits.iter().find(|visit| ["reached", "moved", "vacant"].contains(&visit.result.as_str())).unwrap();
        return ("done".to_owned(), Some(done_as.to_owned()), Some(first.channel.clone()));
    }
    match visits.last() {
        None => ("open".to_owned(), None, None),
        Some(last) if last.result == "refused" => ("refused".to_owned(), None, Some(last.channel.clone())),
        Some(last) => ("attempted".to_owned(), None, Some(last.channel.clone())),
    }
}

/// Compares the service's answers with a recount of the records.
async fn compare(app: &TestApp, admin: &Actor, round: &str, list: &[(String, Vec<String>)], when: &str) {
    let (standings, beside, channels) = Records::read(app, round, list).await.recount();
    let mut served = BTreeMap::new();
    for target in targets(admin, round, "").await {
        let id = target["target_id"].as_str().unwrap().to_owned();
        let (state, done_as) =
            (target["state"].as_str().unwrap().to_owned(), target["done_as"].as_str().map(str::to_owned));
        served.insert(id, (state, done_as, target["attempts"].as_i64().unwrap()));
    }
    let expected: BTreeMap<_, _> = standings
        .iter()
        .map(|(id, (state, done, attempts, ..))| (id.clone(), (state.clone(), done.clone(), *attempts)))
        .collect();
    assert_eq!(served, expected, "{when}");
    let body = coverage(admin, round, "by=channel").await;
    let count = |name: &str| body["total"][name].as_i64().unwrap();
    let sum = |of: fn(&Standing) -> usize| i64::try_from(standings.values().map(of).sum::<usize>()).unwrap();
    let of_state =
        |state: &str| i64::try_from(standings.values().filter(|standing| standing.0 == state).count()).unwrap();
    let expected = [
        i64::try_from(standings.len()).unwrap(),
        of_state("done"),
        of_state("refused"),
        of_state("attempted"),
        of_state("open"),
        sum(|standing| standing.3),
        sum(|standing| standing.4),
        beside,
    ];
    let names = ["targets", "done", "refused", "attempted", "open", "persons", "persons_confirmed", "additional"];
    assert_eq!(names.map(count), expected, "{when}: {names:?}");
    let lines = body["items"].as_array().unwrap().iter();
    let lines: BTreeMap<Option<String>, i64> = lines
        .map(|line| (line["key"].as_str().map(str::to_owned), line["targets"].as_i64().unwrap()))
        .filter(|(_, targets)| *targets > 0)
        .collect();
    assert_eq!(lines, channels, "{when}");
}

/// A district at work: its households, people, visits.
struct Work {
    admin: Actor,
    random: StdRng,
    round: String,
    households: Vec<String>,
    people: Vec<String>,
    visits: Vec<String>,
    door: u64,
}

impl Work {
    fn any(&mut self, of: fn(&Self) -> &Vec<String>) -> String {
        let count = of(self).len();
        let index = self.random.random_range(0..count);
        of(self)[index].clone()
    }

    fn members(&mut self) -> Json {
        let count = self.random.random_range(0..4);
        let statuses = ["present", "away", "left", "deceased", "not_here"];
        let people: BTreeSet<String> = (0..count).map(|_| self.any(|work| &work.people)).collect();
        let status = |work: &mut Self| statuses[work.random.random_range(0..statuses.len())];
        people.into_iter().map(|person| json!({"person_id": person, "status": status(self)})).collect()
    }

    fn visit(&mut self) -> Json {
        let at: DateTime<Utc> = "2020-02-01T00:00:00+08:00".parse().unwrap();
        let at = at + TimeDelta::seconds(self.random.random_range(0..120_000));
        let results = ["reached", "not_reached", "not_reached", "refused", "moved", "vacant"];
        let result = results[self.random.random_range(0..results.len())];
        let channel = ["home_visit", "phone", "wechat"][self.random.random_range(0..3)];
        let mut body =
            json!({"round_id": self.round, "occurred_at": at.to_rfc3339(), "channel": channel, "result": result});
        if self.random.random_range(0..5) == 0 {
            body["person_id"] = self.any(|work| &work.people).into();
            body["verification"] = ["confirmed", "changed", "not_found"][self.random.random_range(0..3)].into();
        } else {
            body["household_id"] = self.any(|work| &work.households).into();
            if matches!(result, "reached" | "not_reached") {
                body["members"] = self.members();
            }
        }
        body
    }

    async fn step(&mut self) {
        match self.random.random_range(0..100) {
            0..=44 => {
                let body = self.visit();
                let reply = self.admin.post("/v1/survey-visits", &body).await;
                // The same door at the same second is told once more.
                assert!(matches!(reply.status, 200 | 201 | 409), "{}", reply.body);
                if reply.status == 201 {
                    self.visits.push(reply.body["id"].as_str().unwrap().to_owned());
                }
            }
            45..=59 => self.turn_visit().await,
            60..=69 => {
                let id = self.any(|work| &work.visits);
                let path = format!("/v1/survey-visits/{id}");
                let tag = self.admin.get(&path).await.expect(200).header("etag").to_owned();
                let members = self.members();
                let patch = match self.random.random_range(0..3) {
                    0 => json!({"result": "not_reached"}),
                    1 => json!({"result": "reached", "verification": "confirmed", "members": members}),
                    _ => json!({"result": "refused", "members": null, "verification": "not_found"}),
                };
                let reply = self.admin.patch(&path, &tag, &patch).await;
                assert!(matches!(reply.status, 200 | 409 | 422), "{}", reply.body);
            }
            70..=79 => self.turn("households", |work| &work.households).await,
            80..=87 => self.turn("people", |work| &work.people).await,
            88..=92 => {
                let id = self.any(|work| &work.households);
                let path = format!("/v1/households/{id}");
                let tag = self.admin.get(&path).await.expect(200).header("etag").to_owned();
                self.door += 1;
                let area = if self.random.random_range(0..2) == 0 { VILLAGE } else { NEXT_VILLAGE };
                let reply = self
                    .admin
                    .patch(&path, &tag, &json!({"area_code": area, "door": format!("8-{}", self.door)}))
                    .await;
                assert!(reply.status < 500, "{}", reply.body);
            }
            _ => {
                // A split: who left founds a household of his own.
                self.door += 1;
                let from = self.any(|work| &work.households);
                let body = json!({"area_code": VILLAGE, "door": format!("9-{}", self.door), "split_from_id": from});
                let new = make(&self.admin, "households", body).await;
                let person = self.any(|work| &work.people);
                let reply = self
                    .admin
                    .post(
                        "/v1/household-members",
                        &json!({"household_id": new, "person_id": person, "since_on": "2020-02-02"}),
                    )
                    .await;
                assert!(reply.status < 500, "{}", reply.body);
                self.households.push(new);
            }
        }
    }

    async fn turn_visit(&mut self) {
        let id = self.any(|work| &work.visits);
        let verb = if self.random.random_range(0..3) == 0 { "restore" } else { "void" };
        let reply = self.admin.post(&format!("/v1/survey-visits/{id}:{verb}"), &json!({"reason": "核对"})).await;
        assert!(reply.status < 500, "{}", reply.body);
    }

    /// Merges two, or undoes that; what the rules refuse is refused.
    async fn turn(&mut self, kind: &str, of: fn(&Self) -> &Vec<String>) {
        let (from, into) = (self.any(of), self.any(of));
        let reply = if self.random.random_range(0..5) < 2 {
            self.admin.post(&format!("/v1/{kind}/{from}:unmerge"), &json!({"reason": "两户"})).await
        } else {
            self.admin.post(&format!("/v1/{kind}/{from}:merge"), &json!({"into_id": into, "reason": "同一"})).await
        };
        assert!(reply.status < 500, "{}", reply.body);
    }
}

/// Households with their people, as they stand.
async fn peopled(
    app: &TestApp,
    admin: &Actor,
    households: u32,
) -> (Vec<String>, Vec<String>, Vec<(String, Vec<String>)>) {
    let door = |number: u32| json!({"area_code": VILLAGE, "door": format!("{}-{}", 1 + number / 10, number % 10)});
    let homes = batch(admin, "households", &(0..households).map(door).collect::<Vec<_>>()).await;
    let member = |sequence: u32| {
        let person = json!({"name": "张三", "document_type": "resident_id", "document_number": fake_resident_id(sequence), "area_code": VILLAGE});
        // A fifth of the households are of nobody.
        let home = &homes[usize::try_from(sequence % (households * 4 / 5 + 1)).unwrap()];
        json!({"household_id": home, "person": person, "since_on": "2020-01-10"})
    };
    batch(admin, "household-members", &(0..households * 2).map(member).collect::<Vec<_>>()).await;
    let mut list: BTreeMap<String, Vec<String>> = homes.iter().map(|home| (home.clone(), Vec::new())).collect();
    for mut row in app.rows("SELECT household_id::text AS home, person_id::text AS person FROM household_members").await
    {
        list.get_mut(&row.text("home").unwrap()).unwrap().push(row.text("person").unwrap());
    }
    let people = list.values().flatten().cloned().collect();
    (homes, people, list.into_iter().collect())
}

#[tokio::test]
async fn coverage_equals_a_recount_in_whatever_order_things_come() {
    let seed = option("SURVEY_SEED", 20_200_202);
    let (app, admin) = begun().await;
    let (households, people, list) = peopled(&app, &admin, 24).await;
    let round = started(&admin, json!({})).await;
    let random = StdRng::seed_from_u64(seed);
    let mut work = Work { admin, random, round, households, people, visits: Vec::new(), door: 0 };
    for _ in 0..10 {
        let body = work.visit();
        work.visits.push(make(&work.admin, "survey-visits", body).await);
    }
    let steps = option("SURVEY_STEPS", 500);
    for step in 0..steps {
        work.step().await;
        if work.random.random_range(0..40) == 0 {
            let id = work.round.parse().unwrap();
            lianfang::rooms::households::refresh(&app.core, "511802", id).await.unwrap();
        }
        if step % 6 == 0 {
            let when = format!("seed {seed} step {step}");
            compare(&app, &work.admin, &work.round, &list, &when).await;
        }
        if step % 200 == 199 {
            holds(&app).await;
            set_clock(&app, &format!("2020-02-02T{}:00:00+08:00", 13 + step / 200));
            work.admin = app.administrator().await;
        }
    }
    holds(&app).await;
}

#[tokio::test]
async fn many_visits_in_random_order_a_tenth_of_them_void() {
    let count = option("SURVEY_VISITS", 4_000);
    let seed = option("SURVEY_SEED", 20_200_203);
    let (app, admin) = begun().await;
    let (households, people, list) = peopled(&app, &admin, 400).await;
    let round = started(&admin, json!({})).await;
    let mut work =
        Work { admin, random: StdRng::seed_from_u64(seed), round, households, people, visits: Vec::new(), door: 0 };
    let mut bodies: Vec<Json> = (0..count).map(|_| work.visit()).collect();
    bodies.shuffle(&mut work.random);
    for part in bodies.chunks(500) {
        let reply = work.admin.post("/v1/survey-visits:batch", &json!({"items": part})).await.expect(207);
        let created = reply.body["results"].as_array().unwrap().iter().filter(|result| result["outcome"] == "created");
        work.visits.extend(created.map(|result| result["id"].as_str().unwrap().to_owned()));
    }
    let mut visits = work.visits.clone();
    visits.shuffle(&mut work.random);
    for id in visits.iter().take(visits.len() / 10) {
        work.admin.post(&format!("/v1/survey-visits/{id}:void"), &json!({"reason": "重复"})).await.expect(200);
    }
    compare(&app, &work.admin, &work.round, &list, &format!("seed {seed}")).await;
    lianfang::rooms::households::refresh(&app.core, "511802", work.round.parse().unwrap()).await.unwrap();
    compare(&app, &work.admin, &work.round, &list, &format!("seed {seed}, kept")).await;
    holds(&app).await;
}
