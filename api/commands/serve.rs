//! `serve`.

use std::io::IsTerminal;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use kit::log_writer::LogWriter;
use lianfang::integrity::owner::OwnerAddress;
use lianfang::platform::config::Config;
use lianfang::platform::core::Core;
use lianfang::platform::embedded::lock_for_serving;
use lianfang::platform::http::transport;
use lianfang::server::routes;
use lianfang::server::serve as server;
use lianfang::server::start::{self, Backend, StartError};
use serde_json::json;
use tracing_subscriber::EnvFilter;

use super::{Failure, prepare, print};

/// How long the end waits for the last lines of the log.
const LAST_LINES: Duration = Duration::from_millis(500);

/// Serves until asked to stop.
pub async fn serve(config: Config, json: bool) -> Result<(), Failure> {
    let log = start_logging(&config)?;
    let served = serve_logged(config, json).await;
    log.flush(LAST_LINES);
    served
}

async fn serve_logged(config: Config, json: bool) -> Result<(), Failure> {
    let signals = server::StopSignals::catch().map_err(Failure::other)?;
    let listener = bind(&config.listen)?;
    let address = listener.local_addr().map_err(Failure::other)?;
    let metrics = config.metrics_listen.as_deref().map(bind).transpose()?;
    let _lock = if config.database_url.is_none() {
        Some(lock_for_serving(&config.data_dir).map_err(Failure::InUse)?)
    } else {
        None
    };
    let backend = Backend::start(&config).await?;
    let core = match ready(&config, &backend).await {
        Ok(core) => core,
        Err(refused) => {
            // Nobody else will: the database must not outlive a start that was refused.
            backend.leave().await?;
            return Err(refused.into());
        }
    };
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let watch =
        backend.embedded.map(|embedded| tokio::spawn(server::watch(embedded, core.supervision.clone(), stopped)));
    if let Err(error) = announce(&config, &address.to_string(), json) {
        // Nobody reads it: no reason not to serve.
        tracing::warn!(%error, "where the service listens could not be told");
    }
    run_server(&core, signals, listener, metrics).await?;
    drop(stop);
    if let Some(watch) = watch {
        watch.await.map_err(Failure::other)?.stop().await.map_err(StartError::from)?;
    }
    tracing::info!("stopped");
    Ok(())
}

/// Migrates what is ours and puts the service together.
async fn ready(config: &Config, backend: &Backend) -> Result<Arc<Core>, StartError> {
    prepare(backend).await?;
    let core = start::core(config.clone(), &backend.service_url, routes::kinds()).await?;
    core.ext::<OwnerAddress>().tell(&backend.url);
    Ok(core)
}

fn bind(address: &str) -> Result<TcpListener, Failure> {
    transport::listen(address).map_err(|error| Failure::Usage(format!("can't listen on {address}: {error}")))
}

/// Runs the server on a thread of its own: actix wants its own runtime there.
async fn run_server(
    core: &Arc<Core>,
    signals: server::StopSignals,
    listener: TcpListener,
    metrics: Option<TcpListener>,
) -> Result<(), Failure> {
    let core = Arc::clone(core);
    let thread = tokio::task::spawn_blocking(move || {
        actix_web::rt::System::new().block_on(async move {
            let (stopping, stopped) = tokio::sync::watch::channel(false);
            let server = server::server(&core, listener, stopped)?;
            let metrics = metrics.map(|listener| lianfang::platform::metrics::serve(&core, listener)).transpose()?;
            // Ends with the runtime.
            let _metrics = metrics.map(actix_web::rt::spawn);
            let handle = server.handle();
            let signals = actix_web::rt::spawn(server::stop_on_signal(signals, core, handle, stopping));
            let served = server.await;
            signals.abort();
            served
        })
    });
    thread.await.map_err(Failure::other)?.map_err(Failure::other)
}

fn announce(config: &Config, address: &str, json: bool) -> Result<(), Failure> {
    let base = format!("http://{address}");
    if json {
        return print(&json!({"listening": base, "documentation": format!("{base}/docs/"), "openapi": format!("{base}/openapi.json")}).to_string());
    }
    let directory = if config.data_dir == Config::default().data_dir {
        String::new()
    } else {
        format!(" --data-dir {}", config.data_dir.display())
    };
    let keys_dir = config.keys_dir();
    let keys = keys_dir.display();
    print(&format!(
        "\n  Lianfang 联防 is ready.\n\n  Page           {base}/\n  API            {base}/v1\n  Reference      {base}/docs/reference/      to try things out, signed in: {base}/docs/\n  \
         Keys           {keys}      without them nobody's name can be read again: keep a copy elsewhere\n  Stop           Ctrl-C\n\n  \
         First administrator, in another terminal:\n    make user NAME=admin      (or: lianfang user add admin --admin{directory})\n  \
         A district to look at:\n    make demo                 (or: lianfang demo{directory}), then {base}/?on=2020-02-02\n"
    ))
}

/// Starts the log; its writer, for the end.
fn start_logging(config: &Config) -> Result<LogWriter, Failure> {
    let filter = EnvFilter::try_new(&config.log).map_err(|error| Failure::Usage(format!("log: {error}")))?;
    let text = match config.log_format.as_deref() {
        Some(format) => format == "text",
        None => std::io::stderr().is_terminal(),
    };
    let writer = LogWriter::start(std::io::stderr()).map_err(Failure::other)?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer.clone());
    let started =
        if text { builder.try_init() } else { builder.json().flatten_event(true).with_target(false).try_init() };
    started.map_err(Failure::other)?;
    std::panic::set_hook(Box::new(|panic| {
        // The place only: what a panic says may quote what somebody sent. And by the log, for stderr may be closed.
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a panic: a defect of the service");
    }));
    Ok(writer)
}
