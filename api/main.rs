//! The command line.

mod commands;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use lianfang::platform::config::{Config, Overrides, RowSecurity};

use crate::commands::Failure;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Lianfang 联防: joint epidemic prevention for a district.
#[derive(Parser)]
#[command(
    version,
    about,
    after_help = format!(
        "{}\nSettings also come from the environment (LIANFANG_LISTEN and so on) and lianfang.toml; `serve --print-config` lists them.",
        commands::EXIT_CODES
    )
)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the API; without --database-url with an embedded PostgreSQL under the data directory.
    Serve {
        #[command(flatten)]
        place: Place,
        /// Address and port [default: 127.0.0.1:8080].
        #[arg(long)]
        listen: Option<String>,
        /// Address and port for Prometheus' `/metrics`; none by default.
        #[arg(long)]
        metrics_listen: Option<String>,
        /// Print the settings in force and end.
        #[arg(long)]
        print_config: bool,
    },
    /// Run the migrations that are missing.
    Migrate {
        #[command(flatten)]
        place: Place,
    },
    /// Spread the districts over the servers of a Citus: each table with a district by it, the others as all servers need
    /// them. After `migrate`; again without effect; goes on where it was broken off. What later migrations make is spread
    /// by `migrate`.
    Distribute {
        /// Parts that the tables are divided into; districts are told apart by them. Fixed with the first table.
        #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=1024))]
        shards: u32,
        #[command(flatten)]
        place: Place,
    },
    /// Accounts.
    User {
        #[command(subcommand)]
        command: commands::UserCommand,
    },
    /// API keys of scripts.
    Key {
        #[command(subcommand)]
        command: commands::KeyCommand,
    },
    /// Key files: which there are, a new one, an old one away.
    Keys {
        #[command(subcommand)]
        command: commands::KeysCommand,
    },
    /// Districts.
    District {
        #[command(subcommand)]
        command: commands::DistrictCommand,
    },
    /// Seal what a former release left in the clear. Goes on where it was broken off; finds nothing once it is done.
    Seal {
        #[command(flatten)]
        place: Place,
    },
    /// Purge the personal data of records of a kind that happened before a day: the records stay, and every figure. Goes on
    /// where it was broken off; writes one certificate for each district.
    Purge {
        /// The kind, as screenings.
        #[arg(long, required_unless_present = "ordered")]
        kind: Option<String>,
        /// Purges records that happened before this day; at least 30 days ago.
        #[arg(long, value_name = "DAY", value_parser = commands::day, required_unless_present = "ordered")]
        before: Option<chrono::NaiveDate>,
        /// Carry out what was ordered (`POST /v1/purges`) and what retention policies say, where the service itself can't.
        #[arg(long, conflicts_with_all = ["kind", "before", "dry_run", "reason"])]
        ordered: bool,
        /// Why: it stands in the certificate.
        #[arg(long, default_value = "retention")]
        reason: String,
        /// One district alone, by its code.
        #[arg(long, value_name = "CODE")]
        district: Option<String>,
        /// Say what it would purge; write nothing.
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Verify the ledger: numbers, chain, digests and figures. Exit code 1 names the first altered row.
    Verify {
        /// Keep in this file how far the ledgers were proved, as it goes.
        #[arg(long, value_name = "FILE")]
        checkpoint: Option<PathBuf>,
        /// Go on from such a file: rows below its number aren't looked at again, all figures are.
        #[arg(long, value_name = "FILE")]
        from: Option<PathBuf>,
        #[command(flatten)]
        place: Place,
    },
    /// Fill a district to play with: staff, people with fake documents, a fortnight of screenings. Works
    /// while the service runs; a second run changes nothing.
    Demo {
        /// So many times the households of one district.
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=200))]
        scale: u16,
        /// The same seed makes the same.
        #[arg(long, default_value_t = 511_802)]
        seed: u64,
        /// The last day that is told.
        #[arg(long, default_value = "2020-02-02", value_parser = commands::day)]
        until_on: chrono::NaiveDate,
        #[command(flatten)]
        place: Place,
    },
    /// Import a file through a server: CSV, NDJSON or XLSX.
    Import(commands::Import),
    /// Export a list of a server to a file.
    Export(commands::Export),
    /// Migrations.
    Migration {
        #[command(subcommand)]
        command: MigrationCommand,
    },
    /// Print the OpenAPI document.
    Openapi {
        /// One line, for programs.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Subcommand)]
enum MigrationCommand {
    /// Print the migration of a new kind of record, from its definition.
    New {
        /// The kind, as disinfections.
        kind: String,
    },
}

/// Where the data is.
#[derive(Args)]
struct Place {
    /// Directory of the embedded database and the keys [default: ./data].
    #[arg(long)]
    data_dir: Option<PathBuf>,
    /// A PostgreSQL server to use instead; DATABASE_URL does the same.
    #[arg(long)]
    database_url: Option<String>,
    /// Directory of the key files [default: <data-dir>/keys]; required with a database URL.
    #[arg(long)]
    keys_dir: Option<PathBuf>,
    /// on, or off on Citus where row-level security can't stand [default: on].
    #[arg(long, value_name = "on|off")]
    row_security: Option<RowSecurity>,
    /// Answers as one line of JSON, for scripts.
    #[arg(long)]
    json: bool,
}

impl Place {
    fn config(self) -> Result<Config, Failure> {
        self.config_with(None, None)
    }

    fn config_with(self, listen: Option<String>, metrics_listen: Option<String>) -> Result<Config, Failure> {
        let Self { data_dir, database_url, keys_dir, row_security, json: _ } = self;
        Ok(Config::load(Overrides { listen, metrics_listen, data_dir, database_url, keys_dir, row_security })?)
    }
}

fn main() -> ExitCode {
    let (json, result) = run(CommandLine::parse());
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            commands::tell_failure(&failure, json);
            ExitCode::from(failure.exit_code())
        }
    }
}

/// The runtime has several threads: migrations block in place, and actix runs its own workers.
fn run(line: CommandLine) -> (bool, Result<(), Failure>) {
    let json = match &line.command {
        Command::Serve { place, .. }
        | Command::Migrate { place }
        | Command::Distribute { place, .. }
        | Command::Verify { place, .. }
        | Command::Seal { place }
        | Command::Purge { place, .. }
        | Command::Demo { place, .. } => place.json,
        Command::Key { command } => command.place().json,
        Command::District { command } => command.place().json,
        Command::Keys { command } => command.place().json,
        Command::User { command } => command.place().json,
        Command::Import(command) => command.json,
        Command::Export(command) => command.json,
        Command::Openapi { json } => *json,
        Command::Migration { .. } => false,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let result = runtime.map_err(Failure::other).and_then(|runtime| {
        let done = runtime.block_on(dispatch(line.command, json));
        runtime.shutdown_background();
        done
    });
    (json, result)
}

async fn blocking(command: impl FnOnce() -> Result<(), Failure> + Send + 'static) -> Result<(), Failure> {
    tokio::task::spawn_blocking(command).await.map_err(Failure::other)?
}

async fn dispatch(command: Command, json: bool) -> Result<(), Failure> {
    match command {
        Command::Serve { place, listen, metrics_listen, print_config } => {
            let config = place.config_with(listen, metrics_listen)?;
            if print_config { commands::print_config(&config) } else { Box::pin(commands::serve(config, json)).await }
        }
        Command::Migrate { place } => commands::migrate(&place.config()?, json).await,
        Command::Distribute { shards, place } => commands::distribute(&place.config()?, shards, json).await,
        Command::User { command } => command.run().await,
        Command::Key { command } => Box::pin(command.run()).await,
        Command::District { command } => Box::pin(command.run()).await,
        Command::Keys { command } => Box::pin(command.run()).await,
        Command::Verify { checkpoint, from, place } => {
            commands::verify(place.config()?, commands::Checkpoints { from, kept: checkpoint }, json).await
        }
        Command::Purge { kind, before, ordered: _, reason, district, dry_run, place } => {
            let asked = match kind.zip(before) {
                Some((kind, before_on)) => commands::Purge::Of { kind, before_on, reason, dry_run },
                None => commands::Purge::Ordered,
            };
            commands::purge(place.config()?, asked, district, json).await
        }
        Command::Seal { place } => commands::seal(place.config()?, json).await,
        Command::Demo { scale, seed, until_on, place } => {
            let demo = lianfang::server::demo::Demo { scale: usize::from(scale), seed, until_on };
            commands::demo(place.config()?, demo, json).await
        }
        Command::Import(command) => blocking(move || commands::import(&command)).await,
        Command::Export(command) => blocking(move || commands::export(&command)).await,
        Command::Migration { command: MigrationCommand::New { kind } } => commands::print_migration(&kind),
        Command::Openapi { json } => commands::print_document(json),
    }
}
