//! One PostgreSQL for the whole run, started as `serve` starts its own, gone with the run.
//!
//! With `TEST_CITUS` a Citus that is there already instead: the addresses of its servers, the coordinator's first,
//! separated by commas (`tests/citus/start` starts one and says them). `TEST_ROW_SECURITY=off` does without the
//! second wall there.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use super::citus::Citus;
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use lianfang::platform::config::RowSecurity;
use lianfang::platform::embedded::{Durability, Embedded};
use lianfang::server::migrations;

pub const TEMPLATE: &str = "lianfang_template";

struct Cluster {
    directory: PathBuf,
    server: Server,
}

enum Server {
    Own(Box<Embedded>),
    Citus(Citus),
}

/// Whether row-level security is to stand, where a run is told.
pub fn row_security() -> RowSecurity {
    std::env::var("TEST_ROW_SECURITY").map_or(RowSecurity::On, |text| text.parse().unwrap())
}

static CLUSTER: OnceLock<Cluster> = OnceLock::new();

/// Where the run's PostgreSQL keeps its files.
pub fn cluster_directory() -> PathBuf {
    cluster().directory.clone()
}

/// A database with nothing in it; its URL.
pub async fn empty_database() -> String {
    make_database("template0").await
}

/// A fresh, migrated database; its URL.
pub async fn fresh_database() -> String {
    make_database(TEMPLATE).await
}

async fn make_database(template: &str) -> String {
    let name = format!("test_{}", uuid::Uuid::now_v7().simple());
    match &cluster().server {
        Server::Own(embedded) => {
            let mut connection = AsyncPgConnection::establish(embedded.database_url()).await.unwrap();
            connection.batch_execute(&format!("CREATE DATABASE {name} TEMPLATE {template}")).await.unwrap();
            embedded.database_url_for(&name)
        }
        Server::Citus(citus) => citus.make(&name, template).await,
    }
}

fn cluster() -> &'static Cluster {
    // Migrations block in place and need a runtime of several threads: not the test's own.
    CLUSTER.get_or_init(|| std::thread::spawn(start_cluster).join().unwrap())
}

fn start_cluster() -> Cluster {
    super::statements::note();
    let directory = std::env::temp_dir().join(format!("lianfang-tests-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    sweep_after(&directory);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let server = runtime.block_on(async {
        if let Some(citus) = Citus::told() {
            citus.prepare().await;
            return Server::Citus(citus);
        }
        let embedded = Embedded::start(&directory, Durability::Relaxed).await.unwrap();
        let mut connection = AsyncPgConnection::establish(embedded.database_url()).await.unwrap();
        connection.batch_execute(&format!("CREATE DATABASE {TEMPLATE}")).await.unwrap();
        let url = embedded.database_url_for(TEMPLATE);
        migrations::migrate(&url).await.unwrap();
        Server::Own(Box::new(embedded))
    });
    runtime.shutdown_background();
    Cluster { directory, server }
}

/// A process of statics has no end at which to stop things, and may be killed: a shell waits for it
/// to be gone, then stops this run's PostgreSQL, by its own pid file, and removes its files.
fn sweep_after(directory: &std::path::Path) {
    let script = r#"
        while kill -0 "$1" 2>/dev/null; do sleep 0.3; done
        pid=$(head -n 1 "$2/postgres/postmaster.pid" 2>/dev/null)
        [ -n "$pid" ] && kill -INT "$pid" 2>/dev/null && while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
        rm -rf "$2"
    "#;
    let mut sweeper = Command::new("sh");
    sweeper.args(["-c", script, "sweep"]).arg(std::process::id().to_string()).arg(directory);
    sweeper.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    std::os::unix::process::CommandExt::process_group(&mut sweeper, 0);
    // It outlives this process: nobody is left to wait for it.
    #[allow(clippy::zombie_processes)]
    sweeper.spawn().unwrap();
}
