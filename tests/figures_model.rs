//! A thousand random operations, then every figure recounted from the lists. `FIGURES_SEED` repeats a run,

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value as Json, json};

use crate::support::{Actor, TestApp, examples, fake_resident_id};

const AREAS: [&str; 4] = ["511802005001", "511802005002", "511802114203", "511802114"];

fn option(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

struct World {
    admin: Actor,
    places: Vec<String>,
    people: Vec<String>,
    paths: Vec<String>,
    imports: Vec<String>,
    random: StdRng,
}

impl World {
    async fn new(app: &TestApp, seed: u64) -> Self {
        let admin = app.administrator().await;
        let (mut places, mut people) = (Vec::new(), Vec::new());
        for area in AREAS {
            places.push(examples::checkpoint(&admin, area).await);
        }
        for sequence in 0..10 {
            let body = json!({"name": "王五", "document_number": fake_resident_id(sequence), "area_code": "511802005"});
            people.push(admin.post("/v1/people", &body).await.expect(201).body["id"].as_str().unwrap().to_owned());
        }
        Self { admin, places, people, paths: Vec::new(), imports: Vec::new(), random: StdRng::seed_from_u64(seed) }
    }

    fn any(&mut self, many: usize) -> usize {
        self.random.random_range(0..many)
    }

    /// An instant from the end of January into March, often near midnight in the district's zone.
    fn instant(&mut self) -> String {
        let day = NaiveDate::from_ymd_opt(2020, 1, 29).unwrap() + chrono::Days::new(self.random.random_range(0..36));
        let hour = [0, 7, 8, 15, 23][self.any(5)];
        format!("{day}T{hour:02}:{:02}:00+08:00", self.random.random_range(0..60))
    }

    fn passage(&mut self) -> Json {
        let (place, person) = (self.any(self.places.len()), self.any(self.people.len()));
        let direction = ["in", "out"][self.any(2)];
        let temperature = ["36.5", "38.1"][usize::from(self.random.random_bool(0.2))];
        json!({"place_id": self.places[place], "person_id": self.people[person], "occurred_at": self.instant(),
            "direction": direction, "temperature_c": temperature, "answers": ["none"]})
    }

    async fn step(&mut self) {
        match self.any(20) {
            0..=8 => {
                let body = self.passage();
                let reply = self.admin.post("/v1/screenings", &body).await.expect(201);
                self.paths.push(reply.header("location").to_owned());
            }
            9..=12 => self.amend().await,
            13 | 14 => {
                let Some(path) = self.picked() else { return };
                self.admin.post(&format!("{path}:void"), &json!({"reason": "x"})).await.expect(200);
            }
            15 => self.import().await,
            16 => {
                let Some(id) = self.imports.pop() else { return };
                self.admin.post(&format!("/v1/imports/{id}:undo"), &json!({})).await.expect(200);
            }
            17 | 18 => {
                let (from, into) = (self.any(self.people.len()), self.any(self.people.len()));
                let body = json!({"into_id": self.people[into], "reason": "x"});
                let reply = self.admin.post(&format!("/v1/people/{}:merge", self.people[from]), &body).await;
                assert!([200, 409, 422].contains(&reply.status), "{} {}", reply.status, reply.body);
            }
            _ => {
                let person = self.any(self.people.len());
                let path = format!("/v1/people/{}:unmerge", self.people[person]);
                let reply = self.admin.post(&path, &json!({"reason": "x"})).await;
                assert!([200, 422].contains(&reply.status), "{} {}", reply.status, reply.body);
            }
        }
    }

    fn picked(&mut self) -> Option<String> {
        let many = self.paths.len();
        (many > 0).then(|| self.any(many)).map(|index| self.paths[index].clone())
    }

    async fn amend(&mut self) {
        let Some(path) = self.picked() else { return };
        let mut patch = self.passage();
        for name in ["place_id", "person_id", "occurred_at", "direction", "temperature_c", "answers"] {
            if self.random.random_bool(0.5) {
                patch.as_object_mut().unwrap().remove(name);
            }
        }
        let tag = self.admin.get(&path).await.expect(200).header("etag").to_owned();
        let reply = self.admin.patch(&path, &tag, &patch).await;
        assert!([200, 409].contains(&reply.status), "{} {}", reply.status, reply.body);
    }

    async fn import(&mut self) {
        let mut text = "place_id,direction,occurred_at,person_id,temperature_c,answers\n".to_owned();
        for _ in 0..self.random.random_range(1..8) {
            let passage = self.passage();
            let cell = |name: &str| passage[name].as_str().unwrap().to_owned();
            text.push_str(&format!(
                "{},{},{},{},{},none\n",
                cell("place_id"),
                cell("direction"),
                cell("occurred_at"),
                cell("person_id"),
                cell("temperature_c")
            ));
        }
        let upload = self.admin.with("content-type", "text/csv");
        let reply = upload.upload("/v1/imports?kind=screenings", text.into_bytes()).await.expect(200);
        assert_eq!(reply.body["counts"]["refused"], 0, "{}", reply.body);
        self.imports.push(reply.body["id"].as_str().unwrap().to_owned());
    }
}

/// A passage as the lists tell it; the person as whoever stands for him now.
struct Passage {
    at: DateTime<FixedOffset>,
    area: String,
    place: String,
    person: String,
    abnormal: bool,
}

async fn passages(world: &World) -> Vec<Passage> {
    let mut roots = BTreeMap::new();
    for person in &world.people {
        let root = world.admin.get(&format!("/v1/people/{person}")).await.expect(200).body["id"].clone();
        roots.insert(person.clone(), root.as_str().unwrap().to_owned());
    }
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = world.admin.get(&format!("/v1/screenings?limit=500{cursor}")).await.expect(200).body;
        for item in page["items"].as_array().unwrap() {
            let text = |name: &str| item[name].as_str().unwrap().to_owned();
            let at = DateTime::parse_from_rfc3339(&text("occurred_at")).unwrap();
            let person = roots[&text("person_id")].clone();
            let abnormal = item["abnormal"].as_bool().unwrap();
            found.push(Passage { at, area: text("area_code"), place: text("place_id"), person, abnormal });
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}

// Events, abnormal ones, different people.
type Counts = (i64, i64, i64);

fn count<'a>(passages: impl Iterator<Item = &'a Passage>) -> Counts {
    let (mut events, mut abnormal, mut people) = (0, 0, BTreeSet::new());
    for passage in passages {
        events += 1;
        abnormal += i64::from(passage.abnormal);
        people.insert(&passage.person);
    }
    (events, abnormal, people.len() as i64)
}

fn told(figures: &Json) -> Counts {
    let value = |name: &str| figures[name]["value"].as_i64().unwrap_or(-1);
    (value("screened"), value("abnormal"), value("persons"))
}

async fn check(world: &World, about: &str) {
    let all = passages(world).await;
    let day = |passage: &Passage| passage.at.date_naive();
    let figures = async |query: &str| world.admin.get(&format!("/v1/stats/screenings?{query}")).await.expect(200).body;
    let ever = figures("cumulative=true&to_on=2020-04-01&by=area").await;
    assert_eq!(told(&ever["total"]), count(all.iter()), "{about}: ever");
    for item in ever["items"].as_array().unwrap() {
        let area = item["key"].as_str().unwrap();
        let of_area = count(all.iter().filter(|passage| passage.area.starts_with(area)));
        assert_eq!(told(&item["figures"]), of_area, "{about}: {area} ever");
    }
    let until = NaiveDate::from_ymd_opt(2020, 2, 17).unwrap();
    let ever = figures("cumulative=true&to_on=2020-02-17").await;
    assert_eq!(told(&ever["total"]), count(all.iter().filter(|passage| day(passage) <= until)), "{about}: until");
    assert_eq!(
        ever["total"]["persons"]["previous"],
        count(all.iter().filter(|passage| day(passage) < until)).2,
        "{about}: until the day before"
    );
    let month = figures("from_on=2020-02-01&to_on=2020-02-17&by=place").await;
    let in_month = |passage: &&Passage| day(passage).month() == 2 && day(passage) <= until;
    assert_eq!(told(&month["total"]), count(all.iter().filter(in_month)), "{about}: month");
    for item in month["items"].as_array().unwrap() {
        let place = item["key"].as_str().unwrap();
        let of_place = count(all.iter().filter(in_month).filter(|passage| passage.place == place));
        assert_eq!(told(&item["figures"]), of_place, "{about}: {place} in a month");
    }
    let series = figures("area_code=511802005&from_on=2020-01-29&to_on=2020-03-05&by=day").await;
    let mut person_days = 0;
    for item in series["items"].as_array().unwrap() {
        let on: NaiveDate = item["key"].as_str().unwrap().parse().unwrap();
        let in_area = |passage: &&Passage| passage.area.starts_with("511802005");
        let counted = |on: NaiveDate| count(all.iter().filter(in_area).filter(|passage| day(passage) == on));
        assert_eq!(told(&item["figures"]), counted(on), "{about}: {on}");
        if on > NaiveDate::from_ymd_opt(2020, 1, 29).unwrap() {
            let before = counted(on.pred_opt().unwrap());
            let previous = |name: &str| item["figures"][name]["previous"].as_i64().unwrap();
            assert_eq!((previous("screened"), previous("persons")), (before.0, before.2), "{about}: before {on}");
        }
        person_days += counted(on).2;
    }
    assert_eq!(
        (&series["total"]["persons"]["value"], &series["persons_counted"]),
        (&json!(person_days), &json!("person_days"))
    );
    let hours = figures("from_on=2020-02-03&to_on=2020-02-04&by=hour").await;
    assert_eq!(hours["items"].as_array().unwrap().len(), 48);
    for item in hours["items"].as_array().unwrap() {
        let begins = DateTime::parse_from_rfc3339(item["key"].as_str().unwrap()).unwrap();
        let ends = begins + chrono::TimeDelta::hours(1);
        let counted = count(all.iter().filter(|passage| passage.at >= begins && passage.at < ends));
        let value = |name: &str| item["figures"][name]["value"].as_i64().unwrap();
        assert_eq!((value("screened"), value("abnormal")), (counted.0, counted.1), "{about}: {begins}");
    }
}

#[tokio::test]
async fn a_recount_of_the_lists_gives_every_figure() {
    let seed = option("FIGURES_SEED", 20_200_202);
    let app = TestApp::start().await;
    let mut world = World::new(&app, seed).await;
    let steps = option("FIGURES_STEPS", 1_000);
    for step in 1..=steps {
        world.step().await;
        if step % 250 == 0 || step == steps {
            check(&world, &format!("seed {seed} step {step}")).await;
        }
    }
    lianfang::verify::verify(&app.service, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}
