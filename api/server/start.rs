//! Starting: the database, the districts' clocks, the keys; then the server.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kit::columns;
use kit::database::{Database, DatabaseError};
use kit::engine::Engine;
use kit::problem::Problem;
use kit::statement::Statement;
use ledger::Ledger;

use crate::platform::config::{Config, RowSecurity};
use crate::platform::core::Core;
use crate::platform::divisions::each::{clock_of, districts, new_clock};
use crate::platform::divisions::refresh;
use crate::platform::divisions::tree::{DivisionDataError, Divisions};
use crate::platform::embedded::{Durability, Embedded, EmbeddedError};
use crate::platform::privacy::holder::{self, Holder};
use crate::platform::privacy::keys::{KeyError, Keys};
use crate::platform::privacy::known::KnownKeys;
use crate::platform::row_security::{self, WallError};
use crate::records::Registry;
use crate::records::named_figures::NamedFigureSources;
use crate::records::order;
use crate::records::own_words::OwnWordSources;
use crate::records::settings::SettingSources;
use crate::records::theme::{Erasers, KeptObjects, Proofs};
use crate::rooms::registers::Vocabularies;
use crate::server::{routes, serve};

columns! {
    VALUE "value": String;
}

/// Why the service doesn't start: one sentence for whoever started it.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The embedded database.
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    /// The keys.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The divisions' data.
    #[error("the divisions' data can't be read: {0}")]
    Divisions(#[from] DivisionDataError),
    /// The database.
    #[error("the database can't be used: {0}")]
    Database(#[from] DatabaseError),
    /// A migration.
    #[error("a migration failed: {0}")]
    Migration(String),
    /// Migrations are missing in a server that isn't ours.
    #[error("the database lacks {0} migration(s); run `lianfang migrate` with the same --database-url first")]
    NotMigrated(usize),
    /// A former release wrote after the index of changes was filled.
    #[error("the index of changes lacks what was written last in district {0}; run `lianfang migrate` first")]
    IndexBehind(String),
    /// Row-level security isn't what it must be.
    #[error(transparent)]
    Wall(#[from] WallError),
    /// The zone was another one at first start.
    #[error("this database was begun with the zone {0}; days would change their meaning with {1}")]
    Zone(String, String),
    /// The database can't be spread over servers.
    #[error("the tables can't be distributed: {0}")]
    Distribution(String),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl From<Problem> for StartError {
    fn from(problem: Problem) -> Self {
        Self::Other(problem.to_string())
    }
}

/// The database of a configuration: somebody's server, or our own.
pub struct Backend {
    /// How the owner of the tables reaches it.
    pub url: String,
    /// How the service's statements reach it.
    pub service_url: String,
    /// Our own server, to be watched and stopped.
    pub embedded: Option<Embedded>,
}

impl Backend {
    /// Finds or starts the database.
    pub async fn start(config: &Config) -> Result<Self, StartError> {
        if let Some(url) = &config.database_url {
            return Ok(Self { url: url.clone(), service_url: url.clone(), embedded: None });
        }
        let embedded = Embedded::start(&config.data_dir, Durability::Full).await?;
        let (url, service_url) = (embedded.database_url().to_owned(), embedded.service_url());
        Ok(Self { url, service_url, embedded: Some(embedded) })
    }

    /// Leaves the database; our own server stops when nobody else uses it.
    pub async fn leave(self) -> Result<(), StartError> {
        if let Some(embedded) = self.embedded {
            embedded.stop().await?;
        }
        Ok(())
    }
}

/// A pool of connections with the settings' bounds.
pub fn pool(config: &Config, engine: Engine, url: &str) -> Result<Database, StartError> {
    Ok(Database::new(
        (engine, url),
        config.database_connections,
        Duration::from_millis(config.database_wait_ms),
        Duration::from_millis(config.statement_timeout_ms),
    )?)
}

/// Puts the service together over a migrated database and prepares what it needs there.
pub async fn core(config: Config, url: &str, kinds: Registry) -> Result<Arc<Core>, StartError> {
    let engine = engine(&config, url, &kinds).await?;
    let database = pool(&config, engine, url)?;
    check_zone(&database, &config.zone).await?;
    order::check_collation(&database).await?;
    let holder = Holder::default();
    holder.arrive(&database).await?;
    let keys = load_keys(&database, config.keys_dir()).await?;
    let divisions = Divisions::embedded()?;
    load_divisions(&database, &divisions).await?;
    let families = kinds.families().map_err(|problem| StartError::Other(problem.to_string()))?;
    let ledger = Ledger::start(engine, url, families).map_err(|error| StartError::Other(error.to_string()))?;
    let restored = crate::exchange::changes::was_restored(&database).await?;
    kit::faults::speak_with(crate::rooms::registers::words_of);
    let core = Core::new(config, database, ledger, keys, routes::operations(&kinds), restored)?
        .with(&routes::HOOKS)
        .with(&SettingSources(&routes::SETTINGS))
        .with(&Proofs(&routes::PROOFS))
        .with(&Erasers(&routes::ERASERS))
        .with(&KeptObjects(&routes::KEPT_OBJECTS))
        .with(&holder)
        .with(&kinds.closed_rooms())
        .with(&OwnWordSources(&routes::OWN_WORDS))
        .with(&NamedFigureSources(&routes::NAMED_FIGURES))
        .with(&Vocabularies(&routes::VOCABULARIES))
        .with(&kinds);
    let core = Arc::new(core);
    // Before anything is sealed, and as long as anything is: commands seal, too.
    holder::look(&core).await?;
    serve::begin(&core, "keys", |core| Box::pin(holder::follow(core)));
    refresh(&core).await?;
    start_districts(&core).await?;
    crate::integrity::recount::where_needed(&core, &routes::BEFORE_RECOUNT).await?;
    Ok(core)
}

/// The engine of the database, with row-level security as it was told.
async fn engine(config: &Config, url: &str, kinds: &Registry) -> Result<Engine, StartError> {
    let engine = row_security::engine(url, config.row_security).await?;
    match config.row_security {
        RowSecurity::On => {
            row_security::check(url).await?;
            row_security::check_rooms(url, &kinds.rooms()).await?;
        }
        RowSecurity::Off => {
            row_security::check_rights(url).await?;
            tracing::warn!("row-level security is off: what a statement may see rests on its own conditions alone");
        }
    }
    Ok(engine)
}

/// Writes the divisions that the binary carries. Where one of several servers is away they can't be written, and are there
/// since the last start.
async fn load_divisions(database: &Database, divisions: &Divisions) -> Result<(), StartError> {
    match crate::platform::divisions::load(database, divisions).await {
        Err(DatabaseError::Unreachable(error)) if database.engine() != Engine::OneServer => {
            tracing::warn!(error, "the divisions stay as they are: a server is away");
            Ok(())
        }
        loaded => Ok(loaded.map(|_| ())?),
    }
}

/// Gives each district a clock, and refuses to serve where the newest number of one has no line in the index of changes: a
/// former release wrote it, and nobody who follows the ledger would see it. A district whose database is away is left
/// alone: the others are served.
async fn start_districts(core: &Core) -> Result<(), StartError> {
    for district_code in districts(core) {
        match start_district(core, &district_code).await {
            Err(StartError::Database(DatabaseError::Unreachable(error))) => {
                tracing::warn!(district_code, error, "a district whose database is away");
            }
            started => started?,
        }
    }
    Ok(())
}

async fn start_district(core: &Core, district_code: &str) -> Result<(), StartError> {
    let database = &core.database;
    let Some(last_no) = clock_of(database, district_code).await? else {
        if let Some(clock) = new_clock(database, district_code).await? {
            database.read(&clock).await?;
        }
        return Ok(());
    };
    let newest = Statement::new("SELECT change_no FROM ledger_changes WHERE district_code = ")
        .text(district_code)
        .sql(" AND change_no = ")
        .integer(last_no)
        .sql(" LIMIT 1")
        .seeing_district(district_code)
        .in_rooms(core.kinds().rooms());
    if last_no > 0 && database.read(&newest).await?.is_empty() {
        return Err(StartError::IndexBehind(district_code.to_owned()));
    }
    Ok(())
}

/// Reads the keys and compares their fingerprints with those the database knows.
async fn load_keys(database: &Database, directory: PathBuf) -> Result<Keys, StartError> {
    let known = KnownKeys::read(database).await?;
    let mut fingerprints = known.fingerprints();
    // Refused before anything is made: half a folder of keys would look like the right one.
    Keys::require(&directory, &fingerprints)?;
    let keys =
        Keys::with_numbers(&directory, |name| fingerprints.contains_key(name), |purpose| known.numbers(purpose))?;
    for (name, fingerprint) in keys.fingerprints() {
        match fingerprints.remove(&name) {
            Some(other) if other != fingerprint => return Err(KeyError::Mismatch(name).into()),
            Some(_) => {}
            None => {
                let statement = Statement::new("INSERT INTO key_fingerprints (name, fingerprint) VALUES (")
                    .text(name)
                    .sql(", ")
                    .bytes(fingerprint)
                    .sql(") ON CONFLICT DO NOTHING");
                database.read(&statement).await?;
            }
        }
    }
    Ok(keys)
}

/// The zone of days is fixed at first start.
async fn check_zone(database: &Database, zone: &str) -> Result<(), StartError> {
    let ask = Statement::new("SELECT value FROM service_settings WHERE name = 'zone'");
    let mut rows = database.read(&ask).await?;
    if rows.is_empty() {
        let note = Statement::new("INSERT INTO service_settings (name, value) VALUES ('zone', ")
            .text(zone)
            .sql(") ON CONFLICT DO NOTHING");
        database.read(&note).await?;
        rows = database.read(&ask).await?;
    }
    let known = rows.into_iter().next().and_then(|mut row| row.get(&VALUE)).unwrap_or_default();
    if known == zone { Ok(()) } else { Err(StartError::Zone(known, zone.to_owned())) }
}
