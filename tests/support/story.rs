//! Stories: a district on a moved clock, units that set up their own people, and people who sign in
//! again whenever their token has run out.

use lianfang::platform::access::Role;
use serde_json::{Value as Json, json};
use tokio::sync::RwLock;
use uuid::Uuid;

use super::{Actor, Reply, TestApp};

/// A district in which something happens.
pub struct Story {
    pub app: TestApp,
}

/// Somebody with an account of his own.
pub struct Worker {
    pub id: Uuid,
    actor: RwLock<Actor>,
}

/// A unit: its organisation, and who administers it.
pub struct Unit {
    pub org_id: String,
    pub head: Worker,
}

impl Story {
    /// Begins at an instant.
    pub async fn begin(at: &str) -> Self {
        let story = Self { app: TestApp::start().await };
        story.at(at);
        story
    }

    /// The clock goes on.
    pub fn at(&self, at: &str) {
        crate::isolation_cases::set_clock(&self.app, at);
    }

    /// Moves the clock, and lets the service do what it does by itself as time goes on.
    pub async fn time_passes(&self, at: &str) {
        self.at(at);
        crate::isolation_cases::work(&self.app).await;
    }

    /// The command sets a unit up, with one who administers it over the whole district, and does nothing else.
    pub async fn unit(&self, kind: &str, name: &str, parent: Option<&Unit>) -> Unit {
        let command = self.app.administrator().await;
        let parent_id = parent.map(|unit| &unit.org_id);
        let body = json!({"kind": kind, "name": name, "area_code": "511802", "parent_id": parent_id});
        let org_id = crate::shifts::make(&command, "organizations", body).await;
        let head = self.account(&command, Role::OrgAdmin, "511802", Some(&org_id)).await;
        Unit { org_id, head }
    }

    /// The command sets somebody up who administers an area.
    pub async fn head_of(&self, area_code: &str) -> Worker {
        let command = self.app.administrator().await;
        self.account(&command, Role::OrgAdmin, area_code, None).await
    }

    /// Somebody gives an account, as he may; it signs in and changes its one-time password.
    async fn account(&self, by: &Actor, role: Role, area_code: &str, org_id: Option<&str>) -> Worker {
        let username = format!("{}-{}", role.code(), &Uuid::now_v7().simple().to_string()[20..]);
        let grant = json!({"role": role.code(), "area_code": area_code, "org_id": org_id});
        let body = json!({"username": username, "display_name": "某某", "org_id": org_id, "roles": [grant]});
        let made = by.post("/v1/users", &body).await.expect(201).body;
        let (id, one_time) =
            (made["id"].as_str().unwrap().parse().unwrap(), made["one_time_password"].as_str().unwrap());
        let actor = Actor::sign_in(&self.app, id, &username, one_time).await;
        let change = json!({"current_password": one_time, "new_password": format!("雨城-{}", Uuid::now_v7())});
        actor.post("/v1/auth/password", &change).await.expect(204);
        Worker { id, actor: RwLock::new(actor) }
    }

    /// An administrator takes somebody on, in his organisation where he has one.
    pub async fn takes_on(&self, head: &Worker, role: Role, area_code: &str, unit: Option<&Unit>) -> Worker {
        let by = head.fresh().await;
        self.account(&by, role, area_code, unit.map(|unit| unit.org_id.as_str())).await
    }
}

impl Worker {
    /// His sign-in, refreshed where its token has run out.
    async fn fresh(&self) -> Actor {
        let actor = self.actor.read().await.clone();
        if actor.get("/v1/auth/me").await.status != 401 {
            return actor;
        }
        let later = crate::shifts::later(&actor).await;
        *self.actor.write().await = later.clone();
        later
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.fresh().await.get(path).await
    }

    pub async fn post(&self, path: &str, body: Json) -> Reply {
        self.fresh().await.post(path, &body).await
    }

    /// Records something; its id.
    pub async fn records(&self, kind: &str, body: Json) -> String {
        crate::shifts::make(&self.fresh().await, kind, body).await
    }

    /// Tries what he may not.
    pub async fn is_refused(&self, kind: &str, body: Json) {
        self.post(&format!("/v1/{kind}"), body).await.expect(403);
    }

    /// How many are on a list of his.
    pub async fn counts(&self, path: &str) -> usize {
        self.lists(path).await.len()
    }

    /// A list of his.
    pub async fn lists(&self, path: &str) -> Vec<Json> {
        crate::figures_situation::all(&self.fresh().await, path).await
    }

    /// Changes a record as it stands.
    pub async fn amends(&self, path: &str, body: Json) -> Json {
        let actor = self.fresh().await;
        let tag = actor.get(path).await.expect(200).header("etag").to_owned();
        actor.patch(path, &tag, &body).await.expect(200).body
    }

    /// A figure by its name until a day, as the evaluator of all figures tells it.
    pub async fn evaluates(&self, figure: &str, to_on: &str) -> Json {
        let body = json!({"queries": [{"figure": figure, "to_on": to_on}]});
        let told = self.post("/v1/figures:evaluate", body).await.expect(200).body["results"][0].clone();
        assert!(told["withheld"].is_null(), "{told}");
        if told["value"].is_null() { told["amount"].clone() } else { told["value"].clone() }
    }

    /// A figure of a unit's situation; nothing where it isn't told.
    pub async fn figure(&self, unit: &Unit, on: &str, name: &str) -> Json {
        let path = format!("/v1/stats/situation?org_id={}&on={on}", unit.org_id);
        let situation = self.get(&path).await.expect(200).body;
        let unit = situation["units"].as_array().unwrap().iter().find(|line| line["org_id"] == json!(unit.org_id));
        let figures = unit.and_then(|line| line["figures"].as_array()).cloned().unwrap_or_default();
        let found = figures.into_iter().find(|figure| figure["name"] == name).unwrap_or(Json::Null);
        if found["value"].is_null() { found["amount"].clone() } else { found["value"].clone() }
    }
}
