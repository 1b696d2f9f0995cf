//! The settings of the service: one struct, each documented and validated at start.
//!
//! A setting is taken from the command line, else the environment (`LIANFANG_` and the name in
//! capitals; `DATABASE_URL` too), else `lianfang.toml` in the working directory (or the file that
//! `LIANFANG_CONFIG` names), else its default. `serve --print-config` shows the result.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use validator::Validate;

use crate::kit::body::BodyLimits;
use crate::kit::transport::ConnectionLimits;

/// All settings.
#[derive(Clone, Debug, Serialize, Deserialize, Validate)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Address and port of the API.
    pub listen: String,
    /// Where the embedded database, its socket and, by default, the keys are kept.
    pub data_dir: PathBuf,
    /// A PostgreSQL server to use instead of the embedded one: `postgresql://user:password@host/database`.
    pub database_url: Option<String>,
    /// Directory of the key files; `<data_dir>/keys` by default, required with `database_url`.
    pub keys_dir: Option<PathBuf>,
    /// Zone of days and of served instants (IANA name). Fixed at first start.
    pub zone: String,
    /// Threads that handle requests.
    #[validate(range(min = 1, max = 256))]
    pub workers: usize,
    /// Connections to the database at most.
    #[validate(range(min = 2, max = 1000))]
    pub database_connections: usize,
    /// How long a request waits for a free connection, in milliseconds; then 503.
    #[validate(range(min = 10, max = 60_000))]
    pub database_wait_ms: u64,
    /// A statement that runs longer is ended, in milliseconds.
    #[validate(range(min = 100, max = 600_000))]
    pub statement_timeout_ms: u64,
    /// The largest body of an ordinary request, in bytes.
    #[validate(range(min = 1024, max = 16_777_216))]
    pub body_max_bytes: usize,
    /// The largest body of a batch, in bytes.
    #[validate(range(min = 1024, max = 67_108_864))]
    pub batch_max_bytes: usize,
    /// How long the head of a request may take, in milliseconds.
    #[validate(range(min = 100, max = 600_000))]
    pub header_timeout_ms: u64,
    /// How long a body may pause, in milliseconds.
    #[validate(range(min = 100, max = 600_000))]
    pub body_timeout_ms: u64,
    /// How slow a body may be, in bytes a second, after the first seconds.
    #[validate(range(min = 1, max = 1_000_000))]
    pub body_min_bytes_per_s: u64,
    /// How long an idle connection is kept, in milliseconds.
    #[validate(range(min = 100, max = 600_000))]
    pub keep_alive_ms: u64,
    /// How long a client may leave an answer unread, in milliseconds.
    #[validate(range(min = 100, max = 600_000))]
    pub write_timeout_ms: u64,
    /// Connections at once and worker.
    #[validate(range(min = 1, max = 100_000))]
    pub connections_per_worker: usize,
    /// How long requests under way may take at shutdown, in milliseconds.
    #[validate(range(min = 0, max = 600_000))]
    pub shutdown_timeout_ms: u64,
    /// What is logged: a filter as `info,lianfang=debug`.
    pub log: String,
    /// `json` (one event a line) or `text`; text where stderr is a terminal by default.
    pub log_format: Option<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".into(),
            data_dir: "./data".into(),
            database_url: None,
            keys_dir: None,
            zone: "Asia/Shanghai".into(),
            workers: std::thread::available_parallelism().map_or(2, usize::from),
            database_connections: 16,
            database_wait_ms: 3_000,
            statement_timeout_ms: 15_000,
            body_max_bytes: 256 * 1024,
            batch_max_bytes: 4 * 1024 * 1024,
            header_timeout_ms: 10_000,
            body_timeout_ms: 10_000,
            body_min_bytes_per_s: 500,
            keep_alive_ms: 75_000,
            write_timeout_ms: 60_000,
            connections_per_worker: 10_000,
            shutdown_timeout_ms: 10_000,
            log: "info".into(),
            log_format: None,
        }
    }
}

/// Why the settings can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error("the configuration file {0} can't be read: {1}")]
    File(PathBuf, String),
    /// Something in it is no setting, or of the wrong type.
    #[error("the configuration is not right: {0}")]
    Content(String),
    /// A setting is out of its bounds.
    #[error("the configuration is out of bounds: {0}")]
    Bounds(String),
}

/// What the command line sets.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `--listen`
    pub listen: Option<String>,
    /// `--data-dir`
    pub data_dir: Option<PathBuf>,
    /// `--database-url`
    pub database_url: Option<String>,
    /// `--keys-dir`
    pub keys_dir: Option<PathBuf>,
}

impl Config {
    /// Reads and validates the settings.
    pub fn load(overrides: Overrides) -> Result<Self, ConfigError> {
        let mut table = Self::read_file()?;
        for (name, value) in std::env::vars() {
            if let Some(key) = name.strip_prefix("LIANFANG_").map(str::to_lowercase).filter(|key| key != "config") {
                table.insert(key, parse_scalar(value));
            } else if name == "DATABASE_URL" && !value.is_empty() {
                table.entry("database_url").or_insert(toml::Value::String(value));
            }
        }
        let config: Self = toml::Value::Table(table)
            .try_into()
            .map_err(|error: toml::de::Error| ConfigError::Content(error.message().to_owned()))?;
        let config = Self {
            listen: overrides.listen.unwrap_or(config.listen),
            data_dir: overrides.data_dir.unwrap_or(config.data_dir),
            database_url: overrides.database_url.or(config.database_url),
            keys_dir: overrides.keys_dir.or(config.keys_dir),
            ..config
        };
        config.checked()
    }

    fn read_file() -> Result<toml::Table, ConfigError> {
        let named = std::env::var_os("LIANFANG_CONFIG").map(PathBuf::from);
        let path = named.clone().unwrap_or_else(|| "lianfang.toml".into());
        if named.is_none() && !path.exists() {
            return Ok(toml::Table::new());
        }
        let text =
            std::fs::read_to_string(&path).map_err(|error| ConfigError::File(path.clone(), error.to_string()))?;
        text.parse().map_err(|error: toml::de::Error| ConfigError::File(path, error.message().to_owned()))
    }

    fn checked(self) -> Result<Self, ConfigError> {
        self.validate().map_err(|errors| ConfigError::Bounds(errors.to_string().replace('\n', "; ")))?;
        if self.zone.parse::<chrono_tz::Tz>().is_err() {
            return Err(ConfigError::Bounds(format!("zone: `{}` is no IANA zone", self.zone)));
        }
        if self.database_url.is_some() && self.keys_dir.is_none() {
            return Err(ConfigError::Bounds(
                "keys_dir: is required with database_url (the keys must not be lost with a machine's ./data)".into(),
            ));
        }
        if !matches!(self.log_format.as_deref(), None | Some("json" | "text")) {
            return Err(ConfigError::Bounds("log_format: must be json or text".into()));
        }
        Ok(self)
    }

    /// Where the keys are.
    pub fn keys_dir(&self) -> PathBuf {
        self.keys_dir.clone().unwrap_or_else(|| self.data_dir.join("keys"))
    }

    /// The bounds of a body.
    pub fn body_limits(&self) -> BodyLimits {
        BodyLimits {
            max_bytes: self.body_max_bytes,
            idle_timeout: Duration::from_millis(self.body_timeout_ms),
            minimum_bytes_per_s: self.body_min_bytes_per_s,
        }
    }

    /// The bounds of a batch.
    pub fn batch_limits(&self) -> BodyLimits {
        BodyLimits { max_bytes: self.batch_max_bytes, ..self.body_limits() }
    }

    /// The bounds of a connection; `problem_body` renders what the HTTP layer answers itself.
    pub fn connection_limits(&self, problem_body: fn(u16, &str) -> String) -> ConnectionLimits {
        ConnectionLimits {
            header_timeout: Duration::from_millis(self.header_timeout_ms),
            keep_alive: Duration::from_millis(self.keep_alive_ms),
            write_timeout: Duration::from_millis(self.write_timeout_ms),
            max_connections_per_worker: self.connections_per_worker,
            shutdown_timeout: Duration::from_millis(self.shutdown_timeout_ms),
            problem_body,
        }
    }

    /// The settings without what is secret, as TOML.
    pub fn printed(&self) -> Result<String, ConfigError> {
        let shown = Self { database_url: self.database_url.as_ref().map(|_| "(set)".to_owned()), ..self.clone() };
        toml::to_string_pretty(&shown).map_err(|error| ConfigError::Content(error.to_string()))
    }
}

/// An environment variable as TOML would have it: a number or a boolean where it is one.
fn parse_scalar(text: String) -> toml::Value {
    text.parse::<i64>()
        .map(toml::Value::Integer)
        .or_else(|_| text.parse::<bool>().map(toml::Value::Boolean))
        .unwrap_or(toml::Value::String(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_bounded() {
        assert!(Config::default().checked().is_ok());
        let wrong = |change: fn(&mut Config)| {
            let mut config = Config::default();
            change(&mut config);
            config.checked().is_err()
        };
        assert!(wrong(|config| config.workers = 0));
        assert!(wrong(|config| config.zone = "Mars/Olympus".into()));
        assert!(wrong(|config| config.database_url = Some("postgresql://x/y".into())));
        assert!(wrong(|config| config.log_format = Some("xml".into())));
        assert!(
            !Config { database_url: Some("postgresql://u:secret@h/d".into()), ..Config::default() }
                .printed()
                .unwrap()
                .contains("secret")
        );
    }
}
