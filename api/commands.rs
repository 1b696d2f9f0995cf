//! What the commands do. What is asked for goes to stdout, everything else to stderr.

use std::io::{IsTerminal, Write};
use std::net::TcpListener;

use indicatif::{ProgressBar, ProgressStyle};
use lianfang::app::Service;
use lianfang::audit::Deed;
use lianfang::auth::{Grant, Role};
use lianfang::config::{Config, ConfigError};
use lianfang::embedded::{EmbeddedError, lock_for_serving};
use lianfang::kit::catalogue::Code;
use lianfang::kit::ids::new_id;
use lianfang::kit::problem::Problem;
use lianfang::kit::text::Language;
use lianfang::records::Registry;
use lianfang::start::{self, Backend, StartError};
use lianfang::users::{NewUser, add};
use lianfang::verify::{Verified, VerifyError};
use lianfang::{routes, serve as server};
use serde_json::{Value as Json, json};
use tracing_subscriber::EnvFilter;

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
            Code::UsernameTaken => Self::Refused(problem.code().title().in_language(Language::English).to_owned()),
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

/// Serves until asked to stop.
pub async fn serve(config: Config, json: bool) -> Result<(), Failure> {
    start_logging(&config)?;
    let listener = TcpListener::bind(&config.listen)
        .map_err(|error| Failure::Usage(format!("can't listen on {}: {error}", config.listen)))?;
    let address = listener.local_addr().map_err(Failure::other)?;
    let _lock = if config.database_url.is_none() {
        Some(lock_for_serving(&config.data_dir).map_err(Failure::InUse)?)
    } else {
        None
    };
    let backend = Backend::start(&config).await?;
    prepare(&backend).await?;
    let service = start::service(config.clone(), &backend.url, Registry::new(routes::DEFINITIONS)).await?;
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let watch = backend.embedded.map(|embedded| tokio::spawn(server::watch(embedded, stopped)));
    announce(&config, &address.to_string(), json)?;
    run_server(&service, listener).await?;
    drop(stop);
    if let Some(watch) = watch {
        watch.await.map_err(Failure::other)?.stop().await.map_err(StartError::from)?;
    }
    tracing::info!("stopped");
    Ok(())
}

/// Runs the server on a thread of its own: actix wants its own runtime there.
async fn run_server(service: &std::sync::Arc<Service>, listener: TcpListener) -> Result<(), Failure> {
    let service = std::sync::Arc::clone(service);
    let thread = tokio::task::spawn_blocking(move || {
        actix_web::rt::System::new().block_on(async move {
            let (stopping, stopped) = tokio::sync::watch::channel(false);
            let server = server::server(&service, listener, stopped)?;
            let handle = server.handle();
            let signals = actix_web::rt::spawn(server::stop_on_signal(handle, stopping));
            let served = server.await;
            signals.abort();
            served
        })
    });
    thread.await.map_err(Failure::other)?.map_err(Failure::other)
}

/// Migrates our own database; somebody's server is migrated by whoever deploys.
async fn prepare(backend: &Backend) -> Result<(), StartError> {
    if backend.embedded.is_some() {
        let count = start::migrate(&backend.url).await?;
        tracing::info!(count, "migrations run");
        return Ok(());
    }
    match start::pending(&backend.url).await? {
        0 => Ok(()),
        missing => Err(StartError::NotMigrated(missing)),
    }
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
    print(&format!(
        "\n  Lianfang 联防 is ready.\n\n  API            {base}/v1\n  Documentation  {base}/docs/\n  Stop           Ctrl-C\n\n  \
         First administrator, in another terminal:\n    make user NAME=admin      (or: lianfang user add admin --admin{directory})\n"
    ))
}

/// Runs the migrations that are missing.
pub async fn migrate(config: &Config, json: bool) -> Result<(), Failure> {
    let backend = Backend::start(config).await?;
    let run = start::migrate(&backend.url).await;
    backend.leave().await?;
    let count = run?;
    print(&if json { json!({"migrations_run": count}).to_string() } else { format!("{count} migration(s) run.") })
}

/// Makes an account.
pub async fn add_user(config: Config, name: &str, role: &str, area: &str, json: bool) -> Result<(), Failure> {
    let role = Role::of_code(role).ok_or_else(|| Failure::Usage(format!("there is no role `{role}`")))?;
    let plain = (3..=40).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'));
    if !plain {
        return Err(Failure::Usage("a user name has 3 to 40 letters, digits and `_ . -`".into()));
    }
    let backend = Backend::start(&config).await?;
    let added = add_to(&backend, config, name, role, area).await;
    backend.leave().await?;
    let (password, area_code) = added?;
    print(&if json {
        json!({"username": name, "one_time_password": password, "area_code": area_code}).to_string()
    } else {
        format!(
            "Account `{name}` for {area_code}, role {}.\nOne-time password: {password}\nIt must be changed at first sign-in.",
            role.code()
        )
    })
}

async fn add_to(
    backend: &Backend,
    config: Config,
    name: &str,
    role: Role,
    area: &str,
) -> Result<(String, String), Failure> {
    prepare(backend).await?;
    let service = start::service(config, &backend.url, Registry::new(routes::DEFINITIONS)).await?;
    let area_code = service
        .divisions
        .place(area, None)
        .filter(|placement| placement.warning.is_none())
        .map(|placement| placement.area_code);
    let area_code = area_code.ok_or_else(|| Failure::Usage(format!("there is no division `{area}`")))?;
    let grants = vec![Grant { role, area_code: area_code.clone(), org_id: None }];
    let new =
        NewUser { id: new_id(), username: name.into(), display_name: name.into(), phone: None, org_id: None, grants };
    let deed = Deed {
        actor_id: None,
        verb: "user.create",
        subject_kind: "users",
        subject_id: Some(new.id),
        request_id: None,
        address: None,
        details: json!({"by": "command line", "role": role.code(), "area_code": area_code}),
    };
    Ok((add(&service, &new, deed).await?, area_code))
}

/// Verifies the ledger.
pub async fn verify(config: Config, json: bool) -> Result<(), Failure> {
    let backend = Backend::start(&config).await?;
    let verified = verify_at(&backend, config).await;
    backend.leave().await?;
    let verified = verified?;
    print(&if json {
        json!({"districts": verified.districts, "entries": verified.entries, "revisions": verified.revisions, "figures": verified.figures}).to_string()
    } else {
        format!(
            "The ledger holds: {} districts, {} entries, {} revisions, {} figures.",
            verified.districts, verified.entries, verified.revisions, verified.figures
        )
    })
}

async fn verify_at(backend: &Backend, config: Config) -> Result<Verified, Failure> {
    prepare(backend).await?;
    let service = start::service(config, &backend.url, Registry::new(routes::DEFINITIONS)).await?;
    // Nothing is drawn where stderr is no terminal.
    let bar = ProgressBar::new(0);
    bar.set_style(
        ProgressStyle::with_template("{bar:40} {pos}/{len} numbers, {per_sec}, {eta} left").map_err(Failure::other)?,
    );
    let verified = lianfang::verify::verify(&service, |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    })
    .await;
    bar.finish_and_clear();
    verified.map_err(|error| match error {
        VerifyError::Finding(finding) => Failure::Other(finding.to_string()),
        VerifyError::Problem(problem) => problem.into(),
    })
}

/// Prints the document.
pub fn print_document(compact: bool) -> Result<(), Failure> {
    let document: Json = routes::document(&Registry::new(routes::DEFINITIONS));
    print(&if compact {
        document.to_string()
    } else {
        serde_json::to_string_pretty(&document).map_err(Failure::other)?
    })
}

/// Prints the settings in force.
pub fn print_config(config: &Config) -> Result<(), Failure> {
    print(&config.printed()?)
}

fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).map_err(Failure::other)
}

fn start_logging(config: &Config) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(&config.log).map_err(|error| Failure::Usage(format!("log: {error}")))?;
    let text = match config.log_format.as_deref() {
        Some(format) => format == "text",
        None => std::io::stderr().is_terminal(),
    };
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started =
        if text { builder.try_init() } else { builder.json().flatten_event(true).with_target(false).try_init() };
    started.map_err(Failure::other)
}
