//! The core: what every request shares, whatever it asks for.

use std::any::Any;
use std::sync::{Arc, OnceLock};

use chrono_tz::Tz;
use kit::database::Database;
use kit::limiter::Limiter;
use kit::problem::Problem;
use kit::supervision::Supervision;
use kit::time::Clock;
use ledger::Ledger;

use super::access::accounts::Accounts;
use super::access::tokens::Tokens;
use super::audit::refusals::Refusals;
use super::config::Config;
use super::divisions::LiveDivisions;
use super::divisions::tree::Divisions;
use super::http::pressure::Pressure;
use super::http::{Operation, Rights};
use super::metrics::Metrics;
use super::privacy::keys::Keys;
use super::privacy::seal::Sealer;

/// State that all requests share.
pub struct Core {
    /// The settings.
    pub config: Config,
    /// The database.
    pub database: Database,
    /// The ledger.
    pub ledger: Ledger,
    /// Whether the ledgers were restored, so that a bare number may mean another change than it did.
    pub restored: bool,
    /// All operations, for the router and for telling who may use them.
    pub operations: Arc<[Arc<Operation>]>,
    /// Rights of each kind of caller: the operations it may use.
    pub rights: Rights,
    /// The administrative divisions.
    pub divisions: Arc<LiveDivisions>,
    /// The keys.
    pub keys: Arc<Keys>,
    /// Seals and opens personal data.
    pub sealer: Arc<Sealer>,
    /// Access tokens.
    pub tokens: Tokens,
    /// Accounts by session.
    pub accounts: Accounts,
    /// Counts of how often something was done, for limits.
    pub limiter: Limiter,
    /// Work under way, for refusing more than the service can take.
    pub pressure: Pressure,
    /// Requests that callers had no right to.
    pub refusals: Refusals,
    /// Supervision of what works beside the requests.
    pub supervision: Supervision,
    /// Figures for Prometheus.
    pub metrics: Metrics,
    /// The time.
    pub clock: Clock,
    /// The district's zone.
    pub zone: Tz,
    extensions: Slot,
}

/// State of a layer or a theme above, shared by all requests: a cache, a limit, its list of kinds.
pub trait Extension: Any + Send + Sync {
    /// Makes it, when it is first asked for.
    fn begin(config: &Config) -> Self;
}

/// A list that only grows, so that what stands in it can be lent without a lock.
#[derive(Default)]
struct Slot(OnceLock<Box<Link>>);

struct Link {
    value: Box<dyn Any + Send + Sync>,
    next: Slot,
}

impl Slot {
    /// The value of a type, made where there is none yet.
    fn of<T: Any + Send + Sync>(&self, make: impl Fn() -> T) -> &T {
        let mut slot = self;
        loop {
            let link = slot.0.get_or_init(|| Box::new(Link { value: Box::new(make()), next: Slot::default() }));
            if let Some(value) = link.value.downcast_ref() {
                return value;
            }
            slot = &link.next;
        }
    }
}

impl Core {
    /// Puts a core together over a migrated database.
    pub fn new(
        config: Config,
        database: Database,
        ledger: Ledger,
        keys: Keys,
        operations: Vec<Operation>,
        restored: bool,
    ) -> Result<Self, Problem> {
        let zone = config.zone.parse().map_err(Problem::internal)?;
        let (refusals, supervision) = (Refusals::default(), ledger.supervision().clone());
        Ok(Self {
            pressure: Pressure::new(&config),
            metrics: Metrics::new(&ledger, &database, &refusals),
            supervision,
            refusals,
            ledger,
            divisions: Arc::new(LiveDivisions::new(Divisions::embedded().map_err(Problem::internal)?)),
            sealer: Arc::new(Sealer::new(&keys.data, &keys.commitment)),
            tokens: Tokens::new(&keys.token)?,
            accounts: Accounts::default(),
            limiter: Limiter::default(),
            clock: Clock::default(),
            config,
            database,
            restored,
            operations: operations.into_iter().map(Arc::new).collect(),
            rights: Rights::default(),
            keys: Arc::new(keys),
            zone,
            extensions: Slot::default(),
        })
    }

    /// Shared state of a layer above, of a type of its own.
    pub fn ext<T: Extension>(&self) -> &T {
        self.extensions.of(|| T::begin(&self.config))
    }

    /// The same with a value that the server knows. The first one stays.
    pub fn with<T: Extension + Clone>(self, value: &T) -> Self {
        self.extensions.of(|| value.clone());
        self
    }
}
