//! Figures of the service for Prometheus, on an address of their own. Labels are names of operations
//! and statuses, never paths, people or accounts.

mod server;

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use kit::database::Database;
use kit::log_writer;
use ledger::Ledger;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

pub use self::server::serve;
use crate::platform::audit::refusals::Refusals;
use crate::platform::core::Core;
use crate::platform::http::pressure::Lane;

/// Upper bounds of the durations, in seconds: from a cached answer to a long poll.
const BOUNDS_S: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    operation: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Operated {
    operation: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InLane {
    lane: Lane,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InState {
    state: &'static str,
}

type Durations = Family<Operated, Histogram, fn() -> Histogram>;

/// Counts of the requests, and what is asked when somebody looks.
pub struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    durations: Durations,
    refused: Counter,
    refused_by_lane: Family<InLane, Counter>,
    in_work: Gauge,
    streams: Gauge,
    arriving: Gauge,
    ledger_waiting: Gauge,
    webhook_endpoints: Family<InState, Gauge>,
    webhook_behind: Family<InState, Gauge>,
    database_connections: Gauge,
    database_idle: Gauge,
    resident_memory: Gauge,
    uptime: Gauge<f64, AtomicU64>,
    started: std::time::Instant,
}

impl Metrics {
    /// Registers all figures; those of the ledger are its own.
    pub fn new(ledger: &Ledger, database: &Database, refusals: &Refusals) -> Self {
        let (supervision, ledger) = (ledger.supervision(), ledger.figures());
        let mut registry = Registry::with_prefix("lianfang");
        let durations: Durations = Family::new_with_constructor(|| Histogram::new(BOUNDS_S));
        let metrics = Self {
            requests: Family::default(),
            durations,
            refused: Counter::default(),
            refused_by_lane: Family::default(),
            streams: Gauge::default(),
            in_work: Gauge::default(),
            arriving: Gauge::default(),
            ledger_waiting: Gauge::default(),
            webhook_endpoints: Family::default(),
            webhook_behind: Family::default(),
            database_connections: Gauge::default(),
            database_idle: Gauge::default(),
            resident_memory: Gauge::default(),
            uptime: Gauge::default(),
            started: std::time::Instant::now(),
            registry: Registry::default(),
        };
        registry.register("requests", "Requests answered", metrics.requests.clone());
        registry.register_with_unit(
            "request_duration",
            "Time until the answer began",
            Unit::Seconds,
            metrics.durations.clone(),
        );
        registry.register(
            "requests_refused",
            "Requests answered 503 because too many were in work",
            metrics.refused.clone(),
        );
        registry.register(
            "requests_refused_by_lane",
            "The same by what they were: signing in, reading, a file, a stream, writing",
            metrics.refused_by_lane.clone(),
        );
        registry.register("streams", "Streams and long polls of changes", metrics.streams.clone());
        registry.register("requests_denied", "Requests that callers had no right to", refusals.denied().clone());
        registry.register("requests_in_work", "Requests in work", metrics.in_work.clone());
        registry.register("bodies_arriving", "Bodies of requests that are on their way", metrics.arriving.clone());
        registry.register("ledger_batches", "Batches the ledger's writer took", ledger.batches.clone());
        registry.register("ledger_appends", "Appends in those batches", ledger.appends.clone());
        registry.register(
            "ledger_appends_refused",
            "Appends refused because the queue was full",
            ledger.refused.clone(),
        );
        registry.register("ledger_appends_waiting", "Appends that wait for the writer", metrics.ledger_waiting.clone());
        registry.register("webhook_endpoints", "Endpoints of webhooks by state", metrics.webhook_endpoints.clone());
        registry.register(
            "webhook_endpoints_behind",
            "Changes that the furthest endpoint of each state is behind",
            metrics.webhook_behind.clone(),
        );
        registry.register("worker_panics", "Panics of what works beside the requests", supervision.panics().clone());
        registry.register("log_lines_dropped", "Lines of the log that could not be written", log_writer::dropped());
        registry.register("database_statements", "Statements that read", database.statements().clone());
        registry.register("database_connections", "Connections of the pool", metrics.database_connections.clone());
        registry.register("database_connections_idle", "Of those, unused", metrics.database_idle.clone());
        registry.register_with_unit(
            "resident_memory",
            "Memory of the process",
            Unit::Bytes,
            metrics.resident_memory.clone(),
        );
        registry.register_with_unit("uptime", "Time since the start", Unit::Seconds, metrics.uptime.clone());
        Self { registry, ..metrics }
    }

    /// Counts an answer.
    pub fn answered(&self, operation: &str, status: u16, took: Duration) {
        let operation = operation.to_owned();
        self.durations.get_or_create(&Operated { operation: operation.clone() }).observe(took.as_secs_f64());
        self.requests.get_or_create(&Answered { operation, status }).inc();
    }

    /// Counts a request that was refused because there was too much to do.
    pub fn refuse(&self, lane: Lane) {
        self.refused.inc();
        self.refused_by_lane.get_or_create(&InLane { lane }).inc();
    }

    /// Notes how many endpoints of webhooks stand so, and how far the furthest of them is behind.
    pub fn webhooks(&self, state: &'static str, endpoints: i64, behind: i64) {
        self.webhook_endpoints.get_or_create(&InState { state }).set(endpoints);
        self.webhook_behind.get_or_create(&InState { state }).set(behind);
    }

    /// All figures in OpenMetrics text.
    pub fn text(&self, core: &Core) -> Result<String, std::fmt::Error> {
        let whole = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let (connections, idle) = core.database.connections();
        self.in_work.set(whole(core.pressure.in_work()));
        self.streams.set(whole(core.pressure.streams()));
        self.arriving.set(whole(core.pressure.arriving()));
        self.ledger_waiting.set(whole(core.ledger.waiting()));
        self.database_connections.set(whole(connections));
        self.database_idle.set(whole(idle));
        self.resident_memory.set(resident_bytes().unwrap_or_default());
        self.uptime.set(self.started.elapsed().as_secs_f64());
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// The process's resident memory in bytes; none where the system doesn't say.
fn resident_bytes() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: i64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
