//! The assembled service: what every request shares, and the application of a worker.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_http::ConnectionType;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue, VARY, X_CONTENT_TYPE_OPTIONS};
use actix_web::middleware::{Next, from_fn};
use actix_web::{App, Error, HttpMessage, HttpRequest, web};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use moka::sync::Cache;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::audit::refusals::Refusals;
use crate::auth::accounts::Accounts;
use crate::auth::tokens::Tokens;
use crate::changes::index::Tails;
use crate::changes::stream::Streams;
use crate::config::Config;
use crate::divisions::tree::Divisions;
use crate::duties::{self, cadences::CadenceCache};
use crate::imports::Uploads;
use crate::kit::database::Database;
use crate::kit::ids::new_id;
use crate::kit::limiter::Limiter;
use crate::kit::problem::Problem;
use crate::kit::time::Clock;
use crate::kit::transport::{ConnectionState, LastPart, UnderWay};
use crate::ledger::Ledger;
use crate::metrics::Metrics;
use crate::observation_policies::{self, PolicyCache};
use crate::operations::pressure::Pressure;
use crate::operations::{Operation, Outcome, RequestId, Rights, configure, render_unrouted};
use crate::people::comparisons::Comparisons;
use crate::privacy::keys::Keys;
use crate::privacy::seal::Sealer;
use crate::records::scribe::Scribe;
use crate::records::{Context, Record, Registry};
use crate::service::readiness::Readiness;

/// What every request shares.
pub struct Service {
    /// The settings.
    pub config: Config,
    /// The database.
    pub database: Database,
    /// The ledger.
    pub ledger: Ledger,
    /// Whether the ledgers were restored, so that a bare number may mean another change than it did.
    pub restored: bool,
    /// All kinds of records.
    pub kinds: Registry,
    /// All operations, for the router and for telling who may use them.
    pub operations: Arc<[Arc<Operation>]>,
    /// What each kind of caller may do.
    pub rights: Rights,
    /// The administrative divisions.
    pub divisions: Arc<Divisions>,
    /// The keys.
    pub keys: Arc<Keys>,
    /// Seals and opens personal data.
    pub sealer: Arc<Sealer>,
    /// Access tokens.
    pub tokens: Tokens,
    /// Accounts by session.
    pub accounts: Accounts,
    /// How often something was done.
    pub limiter: Limiter,
    /// Who asked the register what lately.
    pub comparisons: Comparisons,
    /// Records of kinds that hardly change, believed for two seconds.
    pub believed: Cache<(&'static str, Uuid), Arc<Record>>,
    /// What counts as fever, as it was read in the last seconds.
    pub policies: PolicyCache,
    /// What is expected of whom, how often, as it was read in the last seconds.
    pub cadences: CadenceCache,
    /// The newest part of the index of changes, for all who follow it.
    pub tails: Tails,
    /// Event streams that are open.
    pub streams: Streams,
    /// Imports that may work.
    pub import_slots: Arc<Semaphore>,
    /// Files that are being taken in.
    pub uploads: Uploads,
    /// How much is in work.
    pub pressure: Pressure,
    /// Whether the service is ready, as of a moment ago.
    pub readiness: Readiness,
    /// Requests that callers had no right to.
    pub refusals: Refusals,
    /// Figures for Prometheus.
    pub metrics: Metrics,
    /// The time.
    pub clock: Clock,
    /// The district's zone.
    pub zone: Tz,
}

impl Service {
    /// Puts a service together over a migrated database.
    pub fn new(
        config: Config,
        database: Database,
        ledger: Ledger,
        keys: Keys,
        kinds: Registry,
    ) -> Result<Self, Problem> {
        let zone = config.zone.parse().map_err(Problem::internal)?;
        let refusals = Refusals::default();
        crate::kit::faults::speak_with(crate::vocabularies::told::words_of);
        Ok(Self {
            tails: Tails::default(),
            streams: Streams::default(),
            uploads: Uploads::new(config.imports_at_once),
            import_slots: Arc::new(Semaphore::new(config.imports_at_once)),
            pressure: Pressure::new(config.requests_at_once, config.bodies_per_address),
            readiness: Readiness::default(),
            metrics: Metrics::new(ledger.figures(), &database, &refusals),
            refusals,
            ledger,
            divisions: Arc::new(Divisions::embedded().map_err(Problem::internal)?),
            sealer: Arc::new(Sealer::new(&keys.data, &keys.commitment)),
            tokens: Tokens::new(&keys.token)?,
            accounts: Accounts::default(),
            limiter: Limiter::default(),
            comparisons: Comparisons::default(),
            policies: PolicyCache::default(),
            cadences: CadenceCache::default(),
            believed: Cache::builder().max_capacity(10_000).time_to_live(Duration::from_secs(2)).build(),
            clock: Clock::default(),
            operations: crate::routes::operations(&kinds).into_iter().map(Arc::new).collect(),
            rights: Rights::default(),
            config,
            database,
            restored: false,
            kinds,
            keys: Arc::new(keys),
            zone,
        })
    }

    /// What rules may know, for a record of that district.
    pub fn context<'a>(&'a self, now: DateTime<Utc>, district_code: &'a str) -> Context<'a> {
        let policies = self.policies.known();
        Context {
            now,
            told_at: now,
            clock_tolerance: self.config.clock_tolerance(),
            zone: self.zone,
            divisions: &self.divisions,
            keys: &self.keys,
            policies,
            district_code,
        }
    }

    /// Reads the settings that rules ask for, where that was not done just now.
    pub async fn refresh_settings(&self) -> Result<(), Problem> {
        observation_policies::refresh(self).await?;
        duties::cadences::refresh(self).await
    }

    /// What makes appends of records of that district.
    pub fn scribe(&self, now: DateTime<Utc>, district_code: &str) -> Arc<Scribe> {
        Arc::new(Scribe {
            kinds: self.kinds.clone(),
            sealer: Arc::clone(&self.sealer),
            keys: Arc::clone(&self.keys),
            divisions: Arc::clone(&self.divisions),
            policies: self.policies.known(),
            cadences: self.cadences.known(),
            zone: self.zone,
            now,
            clock_tolerance: self.config.clock_tolerance(),
            district_code: district_code.to_owned(),
        })
    }
}

/// The application of one worker.
pub fn application(
    service: Arc<Service>,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody + use<>>,
        Error = Error,
        InitError = (),
    > + use<>,
> {
    let operations = Arc::clone(&service.operations);
    App::new()
        .app_data(web::Data::from(service))
        .configure(|config| configure(&operations, config))
        .configure(crate::service::dashboard::configure)
        .configure(crate::service::page::configure)
        .default_service(web::to(render_unrouted))
        .wrap(from_fn(frame))
}

/// How long a piece of an answer may take where no service says.
const PIECE_TIMEOUT: Duration = Duration::from_secs(60);

/// The outermost frame of every request: its id, its log line, the headers every answer has.
async fn frame(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let started = Instant::now();
    let id = request_id(&request);
    request.extensions_mut().insert(RequestId(id.clone()));
    let under_way = request.request().conn_data::<ConnectionState>().map(ConnectionState::request_started);
    let method = request.method().clone();
    let mut response = next.call(request).await?;
    if is_last(response.request(), under_way.as_ref()) {
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    let outcome = response.request().extensions().get::<Outcome>().cloned().unwrap_or_default();
    let (status, took) = (response.status().as_u16(), started.elapsed());
    log(&id, method.as_str(), status, took, &outcome);
    let service = response.request().app_data::<web::Data<Service>>();
    let piece_timeout = service.map_or(PIECE_TIMEOUT, |service| service.config.file_deadline());
    if let Some(service) = service {
        service.metrics.answered(outcome.operation.as_deref().unwrap_or("none"), status, took);
    }
    add_headers(response.headers_mut(), &id);
    Ok(response.map_body(|_, body| LastPart::new(body, piece_timeout, under_way)))
}

/// The headers that every answer has.
fn add_headers(headers: &mut HeaderMap, id: &str) {
    if let Ok(value) = HeaderValue::from_str(id) {
        headers.insert(HeaderName::from_static("x-request-id"), value);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(VARY, HeaderValue::from_static("Authorization, Accept, Accept-Language"));
}

/// Whether the connection ends with the answer, which then says so: part of the request is still on its way,
/// or the client wants to speak something else from here on.
fn is_last(request: &HttpRequest, under_way: Option<&UnderWay>) -> bool {
    let head = request.head();
    under_way.is_some_and(|under_way| !under_way.is_whole())
        || head.method == Method::CONNECT
        || head.connection_type() == ConnectionType::Upgrade
}

/// The client's id of the request where it is a plain one, else a new one.
fn request_id(request: &ServiceRequest) -> String {
    let given = request.headers().get("x-request-id").and_then(|value| value.to_str().ok());
    let plain = |id: &&str| {
        (8..=64).contains(&id.len()) && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    };
    // What looks like a number of somebody is not taken into the log; a UUID may look so by chance.
    let harmless = |id: &&str| {
        Uuid::try_parse(id).is_ok() || (id.chars().any(|c| c.is_ascii_alphabetic()) && !has_long_number(id))
    };
    given.filter(plain).filter(harmless).map_or_else(|| new_id().to_string(), str::to_owned)
}

fn has_long_number(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_digit()).any(|digits| digits.len() >= 11)
}

/// One event a request. Paths and queries are the client's own text, so the operation's name stands
/// in their place.
fn log(id: &str, method: &str, status: u16, took: Duration, outcome: &Outcome) {
    let operation = outcome.operation.as_deref().unwrap_or("none");
    let problem = outcome.problem.as_deref();
    let user_id = outcome.user_id.map(tracing::field::display);
    let duration_ms = u64::try_from(took.as_micros()).unwrap_or(u64::MAX) as f64 / 1000.0;
    if status >= 500 {
        tracing::error!(request_id = id, method, operation, status, duration_ms, user_id, problem, "request");
    } else {
        tracing::info!(request_id = id, method, operation, status, duration_ms, user_id, problem, "request");
    }
}
