//! The settings of the service: one struct, each documented and validated at start.
//!
//! A setting is taken from the command line, else the environment (`LIANFANG_` and the name in
//! capitals; `DATABASE_URL` too), else `lianfang.toml` in the working directory (or the file that
//! `LIANFANG_CONFIG` names), else its default. `serve --print-config` shows the result.

mod load;

use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use chrono::TimeDelta;
use kit::body::BodyLimits;
use serde::{Deserialize, Serialize};
use validator::Validate;

pub use self::load::{ConfigError, Overrides};
use crate::platform::http::transport::ConnectionLimits;
use crate::platform::outbound::Seam;
use crate::platform::outbound::network::Network;

/// Descriptors for what is neither a connection of a client nor one of the pool: files of imports, the ledger's
/// connections, listeners, the metrics' clients, the runtime's own.
const OTHER_DESCRIPTORS: usize = 96;

/// Whether the second wall stands, row-level security of the database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RowSecurity {
    /// It stands, or the service doesn't start.
    #[default]
    On,
    /// It doesn't: the service does without, and says so.
    Off,
}

impl RowSecurity {
    /// Its name, as it is told.
    pub fn name(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
        }
    }
}

impl FromStr for RowSecurity {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "on" => Ok(Self::On),
            "off" => Ok(Self::Off),
            other => Err(format!("`{other}` is neither on nor off")),
        }
    }
}

/// All settings.
#[derive(Clone, Debug, Serialize, Deserialize, Validate)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Address and port of the API.
    pub listen: String,
    /// Where Prometheus fetches `/metrics`: an address of its own, not for the public. None by default.
    pub metrics_listen: Option<String>,
    /// Addresses of proxies whose `X-Forwarded-For` is believed, separated by commas. None by default: the
    /// peer of the connection is the client.
    #[serde(deserialize_with = "load::list")]
    pub trusted_proxies: Vec<IpAddr>,
    /// Where the embedded database, its socket and, by default, the keys are kept.
    pub data_dir: PathBuf,
    /// A PostgreSQL server to use instead of the embedded one: `postgresql://user:password@host/database`.
    pub database_url: Option<String>,
    /// Directory of the key files; `<data_dir>/keys` by default, required with `database_url`.
    pub keys_dir: Option<PathBuf>,
    /// `on` or `off`: whether the database itself shows a statement only what it may see. On one PostgreSQL always `on`;
    /// `off` is for Citus, where that can't stand.
    pub row_security: RowSecurity,
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
    /// How far a phone's clock may run ahead, in minutes: what happened later than that after now proves nothing until
    /// its time has come.
    #[validate(range(min = 0, max = 720))]
    pub clock_tolerance_minutes: u32,
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
    /// Connections at once and worker, as far as descriptors allow. Where they are many, the longest idle ones end.
    #[validate(range(min = 1, max = 100_000))]
    pub connections_per_worker: usize,
    /// The largest file of an import, in bytes.
    #[validate(range(min = 1024))]
    pub import_max_bytes: u64,
    /// Imports that work at once; others wait for their turn, a chunk at a time.
    #[validate(range(min = 1, max = 100))]
    pub imports_at_once: usize,
    /// How slow the file of an import may be, in bytes a second over `import_window_ms`.
    #[validate(range(min = 1, max = 1_000_000))]
    pub import_min_bytes_per_s: u64,
    /// Over how long the pace of a file is judged, in milliseconds.
    #[validate(range(min = 100, max = 600_000))]
    pub import_window_ms: u64,
    /// The largest attachment, in bytes.
    #[validate(range(min = 1024, max = 10_485_760))]
    pub attachment_max_bytes: u64,
    /// Folder of attachments; `<data_dir>/files` by default. Parts of uploads lie there even where what is kept
    /// lies in a bucket.
    pub attachments_dir: Option<PathBuf>,
    /// A bucket of an S3-compatible store in which attachments are kept instead. Credentials come from the environment:
    /// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`.
    pub attachments_bucket: Option<String>,
    /// Its address, `https://…`; `http://` only for a store on the same private network. AWS by default.
    pub attachments_endpoint: Option<String>,
    /// Its region.
    pub attachments_region: String,
    /// After how many days without another part an upload that was begun is forgotten.
    #[validate(range(min = 1, max = 365))]
    pub attachment_part_days: u32,
    /// Requests in work at once. Beyond three quarters of it reads are answered 503, beyond all of it
    /// writes too: field data is refused last.
    #[validate(range(min = 4, max = 100_000))]
    pub requests_at_once: usize,
    /// How long reads may take while many are in work, in milliseconds: where most take longer, more are answered 503 at
    /// once instead of waiting.
    #[validate(range(min = 10, max = 600_000))]
    pub read_wait_ms: u64,
    /// The same of writes. Longer, so that field data is refused last.
    #[validate(range(min = 10, max = 600_000))]
    pub write_wait_ms: u64,
    /// Files of records that are sent at once.
    #[validate(range(min = 1, max = 10_000))]
    pub files_at_once: usize,
    /// Streams and long polls of changes at once.
    #[validate(range(min = 1, max = 100_000))]
    pub streams_at_once: usize,
    /// Bodies of one address on their way at once; where there are more, the slowest gives way.
    #[validate(range(min = 4, max = 100_000))]
    pub bodies_per_address: usize,
    /// How long a read may take once the request is there, in milliseconds; then 503.
    #[validate(range(min = 100, max = 600_000))]
    pub read_deadline_ms: u64,
    /// How long a write may take once its body is there, in milliseconds; then 503.
    #[validate(range(min = 100, max = 600_000))]
    pub write_deadline_ms: u64,
    /// How long a file may take to begin, and each of its pieces, in milliseconds.
    #[validate(range(min = 100, max = 600_000))]
    pub file_deadline_ms: u64,
    /// How long after SIGTERM the service still answers while `/readyz` says 503, in milliseconds: longer than whoever
    /// divides requests between several processes takes to notice. 0 by default: it stops at once.
    #[validate(range(min = 0, max = 600_000))]
    pub drain_ms: u64,
    /// How long requests under way may take at shutdown, in milliseconds.
    #[validate(range(min = 0, max = 600_000))]
    pub shutdown_timeout_ms: u64,
    /// Networks that aren't public and that webhooks may be sent to all the same, as `10.20.0.0/16`. None by default;
    /// loopback and link-local addresses never.
    #[serde(deserialize_with = "load::list")]
    pub webhook_allow: Vec<Network>,
    /// Ports that webhooks may be sent to beside 443.
    #[serde(deserialize_with = "load::list")]
    pub webhook_ports: Vec<u16>,
    /// A PEM file with certificates of authorities that webhooks' receivers are trusted by beside the public ones.
    pub webhook_ca_file: Option<PathBuf>,
    /// Whom a push service may ask about pushes: `mailto:…` or `https://…`. None by default; some services want one.
    pub push_contact: Option<String>,
    /// Filter of the log, as `info,lianfang=debug`.
    pub log: String,
    /// `json` (one event a line) or `text`; text where stderr is a terminal by default.
    pub log_format: Option<String>,
    /// No setting: what only code can set, for tests.
    #[serde(skip)]
    pub outbound: Seam,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".into(),
            metrics_listen: None,
            trusted_proxies: Vec::new(),
            data_dir: "./data".into(),
            database_url: None,
            keys_dir: None,
            row_security: RowSecurity::On,
            zone: "Asia/Shanghai".into(),
            workers: std::thread::available_parallelism().map_or(2, usize::from),
            database_connections: 16,
            database_wait_ms: 3_000,
            statement_timeout_ms: 15_000,
            clock_tolerance_minutes: 10,
            body_max_bytes: 256 * 1024,
            batch_max_bytes: 4 * 1024 * 1024,
            header_timeout_ms: 10_000,
            body_timeout_ms: 10_000,
            body_min_bytes_per_s: 500,
            keep_alive_ms: 75_000,
            write_timeout_ms: 60_000,
            connections_per_worker: 10_000,
            import_max_bytes: 4 * 1024 * 1024 * 1024,
            imports_at_once: 2,
            import_min_bytes_per_s: 1_024,
            import_window_ms: 30_000,
            attachment_max_bytes: 10 * 1024 * 1024,
            attachments_dir: None,
            attachments_bucket: None,
            attachments_endpoint: None,
            attachments_region: "us-east-1".into(),
            attachment_part_days: 7,
            requests_at_once: 1_024,
            read_wait_ms: 1_000,
            write_wait_ms: 3_000,
            files_at_once: 32,
            streams_at_once: 2_000,
            bodies_per_address: 256,
            read_deadline_ms: 10_000,
            write_deadline_ms: 15_000,
            file_deadline_ms: 60_000,
            drain_ms: 0,
            shutdown_timeout_ms: 10_000,
            webhook_allow: Vec::new(),
            webhook_ports: Vec::new(),
            webhook_ca_file: None,
            push_contact: None,
            log: "info".into(),
            log_format: None,
            outbound: Seam::default(),
        }
    }
}

impl Config {
    /// Where the keys are.
    pub fn keys_dir(&self) -> PathBuf {
        self.keys_dir.clone().unwrap_or_else(|| self.data_dir.join("keys"))
    }

    /// Where attachments, or at least parts of uploads, are.
    pub fn attachments_dir(&self) -> PathBuf {
        self.attachments_dir.clone().unwrap_or_else(|| self.data_dir.join("files"))
    }

    /// How far a phone's clock may run ahead.
    pub fn clock_tolerance(&self) -> TimeDelta {
        TimeDelta::minutes(self.clock_tolerance_minutes.into())
    }

    /// How long a file may take to begin, and each of its pieces.
    pub fn file_deadline(&self) -> Duration {
        Duration::from_millis(self.file_deadline_ms)
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
            reserved_descriptors: self.database_connections + OTHER_DESCRIPTORS,
            shutdown_timeout: Duration::from_millis(self.shutdown_timeout_ms),
            problem_body,
        }
    }
}
