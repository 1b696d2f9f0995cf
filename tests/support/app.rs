//! A running service, over HTTP.

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::dev::ServerHandle;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use kit::row::Row;
use kit::statement::Statement;
use lianfang::integrity::owner::OwnerAddress;
use lianfang::platform::access::{Grant, Role, passwords};
use lianfang::platform::audit::AuditEntry;
use lianfang::platform::config::Config;
use lianfang::platform::core::Core;
use lianfang::platform::http::transport;
use lianfang::records::{Kind, Registry};
use lianfang::rooms::accounts::users::{NewUser, add};
use lianfang::server::{routes, serve, start};
use serde_json::json;
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::actor::Actor;
use super::cluster::{cluster_directory, fresh_database, row_security};

/// Password of actors who have changed theirs.
pub const KNOWN_PASSWORD: &str = "雨城-019b2f7c-6d1e-7a52-8c3d-5f0e9a71b2c4";

/// Its hash, made once.
async fn known_hash() -> &'static str {
    static HASH: OnceCell<String> = OnceCell::const_new();
    HASH.get_or_init(async || passwords::hash(KNOWN_PASSWORD.to_owned()).await.unwrap()).await
}

/// A service of the test's own.
pub struct TestApp {
    /// Address at which it listens.
    pub address: SocketAddr,
    /// State that its requests share: for setting the time and looking behind.
    pub core: Arc<Core>,
    /// Its database.
    pub database_url: String,
    handle: ServerHandle,
    stopping: tokio::sync::watch::Sender<bool>,
}

impl TestApp {
    /// Starts a service with default settings.
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// Starts a service with other settings.
    pub async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        Self::start_over(&fresh_database().await, &routes::KINDS, change).await
    }

    /// Starts one more service over the same database, as a second process would.
    pub async fn another(&self) -> Self {
        Self::start_over(&self.database_url, &routes::KINDS, |_| {}).await
    }

    /// Starts a service over a database with these kinds of records.
    pub async fn start_over(database_url: &str, kinds: &[&'static Kind], change: impl FnOnce(&mut Config)) -> Self {
        let database_url = database_url.to_owned();
        let mut config = Config {
            keys_dir: Some(cluster_directory().join("keys")),
            // Of the database: services over the same one share it.
            attachments_dir: Some(
                cluster_directory().join("attachments").join(database_url.rsplit('/').next().unwrap()),
            ),
            row_security: row_security(),
            workers: 1,
            database_connections: 8,
            ..Config::default()
        };
        change(&mut config);
        let core = start::core(config, &database_url, Registry::new(kinds)).await.unwrap();
        core.ext::<OwnerAddress>().tell(&database_url);
        let listener = transport::listen("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (stopping, stopped) = tokio::sync::watch::channel(false);
        let server = serve::server(&core, listener, stopped).unwrap();
        let handle = server.handle();
        tokio::spawn(server);
        Self { address, core, database_url, handle, stopping }
    }

    /// The URL of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Whoever isn't signed in.
    pub fn nobody(&self) -> Actor {
        Actor::new(self, None, Uuid::nil())
    }

    /// The command of Yucheng District, whose head sees to the closed rooms himself: tests over all kinds need somebody
    /// who may write each.
    pub async fn administrator(&self) -> Actor {
        self.head_of(&self.area_code("雨城区")).await
    }

    /// The same of another area.
    pub async fn head_of(&self, area_code: &str) -> Actor {
        let roles = [Role::DistrictAdmin, Role::JusticeOfficer, Role::Counselor];
        let grant = |role| Grant { role, area_code: area_code.to_owned(), org_id: None };
        self.actor_of(roles.map(grant).into()).await
    }

    /// The command alone.
    pub async fn command(&self) -> Actor {
        self.actor(Role::DistrictAdmin, "雨城区").await
    }

    /// A town officer.
    pub async fn town_cadre(&self, area: &str) -> Actor {
        self.actor(Role::TownCadre, area).await
    }

    /// Somebody of a health centre.
    pub async fn health_worker(&self, area: &str) -> Actor {
        self.actor(Role::HealthWorker, area).await
    }

    /// Somebody at a checkpoint of an area.
    pub async fn gate_guard(&self, area: &str) -> Actor {
        self.actor(Role::GateGuard, area).await
    }

    /// Somebody with a role over an area, by its name in the current edition.
    pub async fn actor(&self, role: Role, area: &str) -> Actor {
        self.actor_of(vec![Grant { role, area_code: self.area_code(area), org_id: None }]).await
    }

    /// Somebody with these grants, signed in, password changed.
    pub async fn actor_of(&self, grants: Vec<Grant>) -> Actor {
        let id = Uuid::now_v7();
        let username = format!("user-{}", id.simple()).chars().take(40).collect::<String>();
        self.add_user(id, &username, grants).await;
        // As after the first change of a password, whose hashes would be most of what the tests cost.
        let known = Statement::new("UPDATE users SET password_change_required = false, password_hash = ")
            .text(known_hash().await)
            .sql(" WHERE id = ")
            .id(id);
        self.core.database.read(&known).await.unwrap();
        Actor::sign_in(self, id, &username, KNOWN_PASSWORD).await
    }

    /// An account as `lianfang user add` makes it; its one-time password.
    pub async fn add_user(&self, id: Uuid, username: &str, grants: Vec<Grant>) -> String {
        let new =
            NewUser { id, username: username.into(), display_name: username.into(), phone: None, org_id: None, grants };
        let audit_entry = AuditEntry {
            actor_id: None,
            area_code: None,
            verb: "user.create",
            subject_kind: "users",
            subject_id: Some(id),
            request_id: None,
            address: None,
            details: json!({}),
        };
        add(&self.core, &new, audit_entry).await.unwrap()
    }

    /// The code of an area of Yucheng by its name.
    pub fn area_code(&self, name: &str) -> String {
        let divisions = &self.core.divisions;
        let rows = divisions.rows().iter().filter(|division| division.current && division.code.starts_with("5118"));
        rows.filter(|division| division.name == name).map(|division| division.code.clone()).next().unwrap()
    }

    /// Runs SQL behind the service's back.
    pub async fn sql(&self, sql: &str) {
        self.connection().await.batch_execute(sql).await.unwrap();
    }

    /// Turns row-level security off, so that a test sees what the conditions of the statements hide by themselves.
    pub async fn take_down_the_wall(&self) {
        // A statement a table: whoever locks several at once waits for the service's workers, and they for him.
        let walled = "SELECT polrelid::regclass::text AS name FROM pg_policy WHERE polname = 'sight'";
        for mut row in self.rows(walled).await {
            let name = row.text("name").unwrap();
            self.sql(&format!("ALTER TABLE {name} DISABLE ROW LEVEL SECURITY")).await;
        }
    }

    /// The fewest statements that a request reads with in several tries: the service's workers ask meanwhile, too, and a
    /// connection of the pool is told first whose turn it is.
    pub async fn fewest_statements(&self, request: impl AsyncFn()) -> u64 {
        let mut fewest = u64::MAX;
        for _ in 0..60 {
            let before = self.core.database.statements().get();
            request().await;
            fewest = fewest.min(self.core.database.statements().get() - before);
        }
        fewest
    }

    /// Copies of the screening that there is, number `n` a second earlier each, past the ledger: for what depends on how
    /// many there are. `area_code` is an expression over `n`.
    pub async fn more_screenings(&self, count: usize, area_code: &str) {
        let columns = "SELECT column_name::text AS name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = 'screenings' AND is_generated = 'NEVER' ORDER BY ordinal_position";
        let columns: Vec<String> = self.rows(columns).await.iter_mut().map(|row| row.text("name").unwrap()).collect();
        let made = columns.iter().map(|name| match name.as_str() {
            "id" => "md5(n::text)::uuid".to_owned(),
            "change_no" => "1000000 + n".to_owned(),
            "occurred_at" => "r.occurred_at - n * interval '1 s'".to_owned(),
            "area_code" => area_code.to_owned(),
            name => format!("r.\"{name}\""),
        });
        let made: Vec<String> = made.collect();
        self.sql(&format!(
            "SET session_replication_role = replica; INSERT INTO screenings (\"{}\") SELECT {} FROM (SELECT * FROM screenings LIMIT 1) AS r, generate_series(1, {count}) AS n; ANALYZE screenings",
            columns.join("\", \""), made.join(", ")
        ))
        .await;
    }

    /// Reads behind the service's back.
    pub async fn rows(&self, sql: &str) -> Vec<Row> {
        Statement::new(sql).load(&mut self.connection().await).await.unwrap()
    }

    /// A connection behind the service's back.
    pub async fn connection(&self) -> AsyncPgConnection {
        AsyncPgConnection::establish(&self.database_url).await.unwrap()
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.stopping.send_replace(true);
        // The future only waits; asking is done by calling.
        drop(self.handle.stop(false));
        if !std::thread::panicking()
            && std::env::var_os("JUDGE_STATEMENTS").is_some()
            && let Some((text, fault)) = super::statements::faults(&self.database_url).into_iter().next()
        {
            panic!("{fault}\n    {text}");
        }
    }
}
