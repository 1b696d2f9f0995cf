//! A Citus that is there already, for a run of the tests against it.

use std::time::Duration;

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use lianfang::server::{distribution, migrations};
use tokio::sync::Mutex;

use super::cluster::{TEMPLATE, row_security};

/// Parts of each table: few, as each test has all of them.
const SHARDS: u32 = 4;

pub struct Citus {
    /// Servers without a database, the coordinator first.
    servers: Vec<String>,
    /// One database is made at a time.
    making: Mutex<()>,
}

impl Citus {
    /// The one that the run was told of.
    pub fn told() -> Option<Self> {
        let told = std::env::var("TEST_CITUS").ok().filter(|told| !told.is_empty())?;
        let servers = told.split(',').map(|url| url.trim().trim_end_matches('/').to_owned()).collect();
        Some(Self { servers, making: Mutex::default() })
    }

    /// Makes the database that all others are copies of: migrated and distributed.
    pub async fn prepare(&self) {
        for server in &self.servers {
            let mut connection = AsyncPgConnection::establish(&format!("{server}/postgres")).await.unwrap();
            for sql in [
                format!("DROP DATABASE IF EXISTS {TEMPLATE} WITH (FORCE)"),
                format!("CREATE DATABASE {TEMPLATE} TEMPLATE template0"),
            ] {
                connection.batch_execute(&sql).await.unwrap();
            }
            let mut connection = AsyncPgConnection::establish(&format!("{server}/{TEMPLATE}")).await.unwrap();
            connection.batch_execute("CREATE EXTENSION citus").await.unwrap();
        }
        let url = format!("{}/{TEMPLATE}", self.servers[0]);
        let mut connection = AsyncPgConnection::establish(&url).await.unwrap();
        for (index, server) in self.servers.iter().enumerate() {
            let (host, port) = server.rsplit_once('@').unwrap().1.split_once(':').unwrap();
            let sql = match index {
                0 => format!("SELECT citus_set_coordinator_host('{host}', {port})"),
                _ => format!("SELECT citus_add_node('{host}', {port})"),
            };
            connection.batch_execute(&sql).await.unwrap();
        }
        drop(connection);
        migrations::migrate_with(&url, row_security()).await.unwrap();
        let spread = distribution::distribute(&url, row_security(), SHARDS, &mut |_, _, _| {}).await.unwrap();
        assert!(spread.by_district > 90 && spread.moved > 100, "{spread:?}");
    }

    /// A copy of a database, or an empty one, on every server.
    pub async fn make(&self, name: &str, template: &str) -> String {
        let _making = self.making.lock().await;
        for server in &self.servers {
            let mut connection = AsyncPgConnection::establish(&format!("{server}/postgres")).await.unwrap();
            let alone = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{template}'");
            let copy = format!("CREATE DATABASE {name} TEMPLATE {template}");
            // Citus looks after each database by itself, and comes back to it.
            for tries in 0.. {
                connection.batch_execute(&alone).await.unwrap();
                match connection.batch_execute(&copy).await {
                    Ok(()) => break,
                    Err(error) => assert!(tries < 20, "{error}"),
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        format!("{}/{name}", self.servers[0])
    }
}
