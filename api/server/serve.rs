//! Serving: listen, watch the embedded database, stop in order.

use std::io;
use std::net::TcpListener;
use std::sync::{Arc, Weak};
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use kit::catalogue::Code;
use kit::problem::Problem;
use kit::supervision::{Pauses, Supervision};
use kit::text::Language;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::exchange::{imports, sync};
use crate::platform::codes::HEADERS_TOO_LARGE;
use crate::platform::core::Core;
use crate::platform::embedded::Embedded;
use crate::platform::http::transport;
use crate::platform::leases;
use crate::records::idempotency;
use crate::records::theme::Worker;
use crate::server::app::application;
use crate::server::pages::readiness::Readiness;
use crate::server::routes;

/// How often what is over is forgotten.
const HOUSEKEEPING: Duration = Duration::from_secs(3_600);
/// How often the embedded database is looked after.
const WATCH: Duration = Duration::from_millis(250);

/// How long the end waits for the audit's last lines, and for leases to be given back.
const LAST_REFUSALS: Duration = Duration::from_secs(2);

/// Workers that belong to no theme.
const WORKERS: [(&str, Worker); 4] = [
    ("heads", |core| Box::pin(crate::exchange::changes::watch_heads(core))),
    ("divisions", |core| Box::pin(crate::platform::divisions::follow(core))),
    ("refusals", |core| Box::pin(crate::platform::audit::refusals::work(core))),
    ("housekeeping", |core| Box::pin(keep_house(core))),
];
/// Name of what looks after the embedded database.
const EMBEDDED: &str = "embedded_database";

/// Begins a worker, which begins again where it panics.
pub fn begin(core: &Arc<Core>, name: &'static str, worker: Worker) {
    let (supervision, core) = (core.supervision.clone(), Arc::downgrade(core));
    tokio::spawn(async move {
        supervision.keep(name, Pauses::OF_WORKERS, || worker(Weak::clone(&core))).await;
    });
}

/// A server of the service on a listener; it runs when awaited. `stopping` turning true ends idle
/// connections.
pub fn server(core: &Arc<Core>, listener: TcpListener, stopping: watch::Receiver<bool>) -> io::Result<Server> {
    let of_themes = routes::THEMES.iter().flat_map(|theme| theme.workers);
    for (name, worker) in WORKERS.iter().chain(of_themes) {
        begin(core, name, *worker);
    }
    let limits = core.config.connection_limits(problem_body);
    let workers = core.config.workers;
    let core = Arc::clone(core);
    transport::serve(listener, limits, workers, stopping, move || application(Arc::clone(&core)))
}

/// Forgets, once an hour, what is kept for a time only.
async fn keep_house(core: Weak<Core>) {
    while let Some(core) = core.upgrade() {
        if let Err(problem) = sweep(&core).await {
            tracing::warn!(%problem, "what is over could not be swept; tried again in an hour");
        }
        drop(core);
        tokio::time::sleep(HOUSEKEEPING).await;
    }
}

/// Forgets what is over: idempotency keys, what phones and files left behind.
pub async fn sweep(core: &Core) -> Result<(), Problem> {
    idempotency::sweep(core).await?;
    sync::sweep(core).await?;
    imports::sweep(core).await
}

/// The body of an answer that the HTTP layer gives itself.
fn problem_body(status: u16, request_id: &str) -> String {
    let code = match status {
        408 => Code::REQUEST_TIMEOUT,
        413 => Code::BODY_TOO_LARGE,
        431 => HEADERS_TOO_LARGE,
        _ => Code::MALFORMED_REQUEST,
    };
    Problem::new(code).body(Language::English, request_id).to_string()
}

/// The signal of whoever keeps services, as systemd.
const TERMINATE: &str = "SIGTERM";

/// The signals that ask the process to stop (SIGTERM, SIGINT), caught from when this is made: one that comes while
/// the service starts stops it in order once it has, and leaves no database behind.
pub struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    /// Catches them from now on.
    pub fn catch() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for the first of them; its name.
    async fn received(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => TERMINATE,
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

/// Stops a server when the process is asked to: requests under way are answered first, new ones are not taken. By SIGTERM
/// with `drain_ms` those are, too, for so long, while `/readyz` sends whoever asks it elsewhere; a second signal ends that.
pub async fn stop_on_signal(
    mut signals: StopSignals,
    core: Arc<Core>,
    handle: ServerHandle,
    stopping: watch::Sender<bool>,
) {
    let signal = signals.received().await;
    let drain = Duration::from_millis(core.config.drain_ms);
    if signal == TERMINATE && !drain.is_zero() {
        core.ext::<Readiness>().drain();
        tracing::info!(signal, drain_ms = core.config.drain_ms, "asked to stop: no longer ready, still answering");
        let _ = tokio::time::timeout(drain, signals.received()).await;
    }
    // Before anything else is done or said: nothing may keep the service from stopping.
    stopping.send_replace(true);
    tracing::info!(signal, "asked to stop");
    core.ledger.heads().close();
    let given_back = tokio::time::timeout(LAST_REFUSALS, leases::give_back(&core));
    // Beside the last requests: another process goes on with what this one did.
    let ((), given_back) = tokio::join!(handle.stop(true), given_back);
    if let Ok(Err(problem)) = given_back {
        tracing::warn!(%problem, "leases could not be given back; others have them in a minute");
    }
    let _ = tokio::time::timeout(LAST_REFUSALS, crate::platform::audit::refusals::finish(&core)).await;
    let _ = tokio::time::timeout(LAST_REFUSALS, crate::platform::privacy::holder::leave(&core)).await;
}

/// Looks after the embedded database until told to stop: one that died is started again.
pub async fn watch(
    mut embedded: Embedded,
    supervision: Supervision,
    mut stop: tokio::sync::oneshot::Receiver<()>,
) -> Embedded {
    loop {
        tokio::select! {
            _ = &mut stop => return embedded,
            () = tokio::time::sleep(WATCH) => {}
        }
        // Looked at again in a moment, whatever became of this look.
        let Some(looked) = supervision.caught(EMBEDDED, embedded.ensure_running()).await else { continue };
        match looked {
            Ok(false) => {}
            Ok(true) => tracing::warn!("the embedded database had died and was started again"),
            Err(error) => tracing::error!(%error, "the embedded database can't be started again"),
        }
    }
}
