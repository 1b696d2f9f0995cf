//! A thousand random operations, then every figure recounted from the lists. `FIGURES_SEED` repeats a run,

mod recount;

use chrono::NaiveDate;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value as Json, json};

use self::recount::check;
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
    verify(&app).await;
    // Counted anew, as after an upgrade, they are the same.
    app.sql("UPDATE record_rollups SET org_id = gen_random_uuid(); DELETE FROM hourly_rollups; UPDATE person_presences SET total = 9; DELETE FROM person_rollups").await;
    app.sql("UPDATE service_settings SET value = '1' WHERE name = 'figures'").await;
    lianfang::integrity::recount::where_needed(&app.core, &lianfang::server::routes::BEFORE_RECOUNT).await.unwrap();
    verify(&app).await;
    check(&world, "counted anew").await;
}

async fn verify(app: &TestApp) {
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}
