//! Commands of the program. Output that was asked for goes to stdout, everything else to stderr.

mod accounts;
mod client;
mod data;
mod demo;
mod distribute;
mod district;
mod export;
mod grid;
mod import;
mod inspect;
mod keys;
mod language;
mod progress;
mod serve;
mod verify;

use std::io::Write;

use kit::problem::Problem;
use kit::text::Language;
use lianfang::platform::config::{Config, ConfigError};
use lianfang::platform::core::Core;
use lianfang::platform::embedded::EmbeddedError;
use lianfang::platform::row_security;
use lianfang::records::migration;
use lianfang::rooms::accounts::USERNAME_TAKEN;
use lianfang::server::migrations;
use lianfang::server::routes;
use lianfang::server::start::{self, Backend, StartError};
use serde_json::{Value as Json, json};

pub use self::accounts::{KeyCommand, UserCommand};
pub use self::data::{Purge, migrate, purge, seal};
pub use self::demo::{day, demo};
pub use self::distribute::distribute;
pub use self::district::DistrictCommand;
pub use self::export::{Export, export};
pub use self::import::{Import, import};
pub use self::keys::KeysCommand;
pub use self::serve::serve;
pub use self::verify::{Checkpoints, verify};

/// The exit codes, for help texts.
pub const EXIT_CODES: &str = "Exit codes: 0 done · 2 wrong usage or configuration (an unknown kind, an address without a scheme) · \
    3 the database or the keys can't be used · 4 the data directory is in use · 5 refused: it exists already or isn't allowed · \
    6 imported but for some rows · 1 anything else: the server refuses, can't be reached, or nothing was written.";

/// Why a command did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Wrong settings or arguments.
    #[error("{0}")]
    Usage(String),
    /// The database or the keys.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Another service has the data directory.
    #[error(transparent)]
    InUse(EmbeddedError),
    /// It exists already, or isn't allowed.
    #[error("{0}")]
    Refused(String),
    /// An import went through, but for some rows.
    #[error("{0}")]
    Rows(String),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl Failure {
    /// Anything else.
    pub fn other(error: impl std::fmt::Display) -> Self {
        Self::Other(error.to_string())
    }

    /// The exit code that tells it.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Other(_) => 1,
            Self::Usage(_) => 2,
            Self::Start(_) => 3,
            Self::InUse(_) => 4,
            Self::Refused(_) => 5,
            Self::Rows(_) => 6,
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        match problem.code() {
            code if code == USERNAME_TAKEN => {
                Self::Refused(problem.code().title().in_language(Language::English).to_owned())
            }
            _ => Self::Other(problem.to_string()),
        }
    }
}

/// One sentence on stderr, or one line of JSON.
pub fn tell_failure(failure: &Failure, json: bool) {
    let text = if json {
        json!({"error": failure.to_string(), "exit_code": failure.exit_code()}).to_string()
    } else {
        format!("lianfang: {failure}")
    };
    // Nobody is left to tell where stderr is closed.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Migrates our own database; somebody's server is migrated by whoever deploys.
async fn prepare(backend: &Backend) -> Result<(), StartError> {
    if let Some(embedded) = &backend.embedded {
        let count = migrations::migrate(&backend.url).await?;
        row_security::admit(&backend.url, &backend.service_url, &embedded.service_password()).await?;
        tracing::info!(count, "migrations run");
        return Ok(());
    }
    match migrations::pending(&backend.url).await? {
        0 => Ok(()),
        missing => Err(StartError::NotMigrated(missing)),
    }
}

/// Does something with the data, whether the service runs or not.
async fn at_work<T>(config: Config, work: impl AsyncFnOnce(&Core) -> Result<T, Failure>) -> Result<T, Failure> {
    let backend = Backend::start(&config).await?;
    let done = async {
        prepare(&backend).await?;
        work(&*start::core(config, &backend.service_url, routes::kinds()).await?).await
    };
    // Boxed: a start holds the settings and all that is made of them.
    let done = Box::pin(done).await;
    backend.leave().await?;
    done
}

/// The kind of a name, however its words are joined; else what kinds there are.
fn kind_named(name: &str, language: Language) -> Result<String, Failure> {
    let (kinds, name) = (routes::kinds(), name.replace('-', "_"));
    if kinds.kind(&name).is_some() {
        return Ok(name);
    }
    let told = kinds.kinds().map(|kind| format!("\n  {} {}", kind.name, kind.label.in_language(language)));
    let all: String = told.collect();
    Err(Failure::Usage(match language {
        Language::English => format!("there is no kind `{name}`; there are:{all}"),
        Language::Chinese => format!("没有类型 `{name}`;可用的类型:{all}"),
    }))
}

/// Prints the document.
pub fn print_document(compact: bool) -> Result<(), Failure> {
    let document: Json = routes::document(&routes::kinds());
    print(&if compact {
        document.to_string()
    } else {
        serde_json::to_string_pretty(&document).map_err(Failure::other)?
    })
}

/// Prints the migration of a kind.
pub fn print_migration(name: &str) -> Result<(), Failure> {
    let kinds = routes::kinds();
    let kind = kinds.kind(name).ok_or_else(|| Failure::Usage(format!("no theme lists a kind `{name}`")))?;
    print(migration::create_table(kind).trim_end())
}

/// Prints the settings in force.
pub fn print_config(config: &Config) -> Result<(), Failure> {
    print(&config.printed()?)
}

fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).map_err(Failure::other)
}
