//! `verify`.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use lianfang::integrity::checkpoint::Checkpoint;
use lianfang::integrity::{Told, Verified, VerifyError, verify_from};
use lianfang::platform::config::Config;
use lianfang::platform::core::Core;
use lianfang::server::routes;
use lianfang::server::start::{self, Backend};
use serde_json::json;

use super::progress::Progress;
use super::{Failure, prepare, print};

/// How often the checkpoint is written.
const KEPT: Duration = Duration::from_secs(5);

/// Files that say how far the ledgers were proved.
pub struct Checkpoints {
    /// Where it begins.
    pub from: Option<PathBuf>,
    /// Where it is kept.
    pub kept: Option<PathBuf>,
}

/// Verifies the ledger.
pub async fn verify(config: Config, checkpoints: Checkpoints, json: bool) -> Result<(), Failure> {
    let backend = Backend::start(&config).await?;
    let verified = verify_at(&backend, config, checkpoints).await;
    backend.leave().await?;
    let verified = verified?;
    print(&if json {
        json!({"districts": verified.districts, "entries": verified.entries, "revisions": verified.revisions, "figures": verified.figures, "in_the_clear": verified.in_the_clear}).to_string()
    } else {
        let holds = format!(
            "The ledger holds: {} districts, {} entries, {} revisions, {} figures.",
            verified.districts, verified.entries, verified.revisions, verified.figures
        );
        match verified.in_the_clear {
            0 => holds,
            some => format!("{holds}\n{some} revisions have in the clear what is sealed now: run `lianfang seal`."),
        }
    })
}

async fn verify_at(backend: &Backend, config: Config, checkpoints: Checkpoints) -> Result<Verified, Failure> {
    prepare(backend).await?;
    let core = start::core(config, &backend.service_url, routes::kinds()).await?;
    let from = checkpoints.from.as_deref().map_or(Ok(Checkpoint::default()), |file| read(&core, file))?;
    let mut progress = Proving::begin(checkpoints.kept)?;
    let verified = verify_from(&core, from, &mut |told| progress.tell(&core, &told)).await;
    let kept = progress.finish(&core);
    let verified = verified.map_err(|error| match error {
        VerifyError::Finding(finding) => Failure::Other(finding.to_string()),
        VerifyError::Problem(problem) => problem.into(),
    })?;
    kept.map(|()| verified)
}

fn read(core: &Core, file: &Path) -> Result<Checkpoint, Failure> {
    let unusable = |why: &dyn std::fmt::Display| Failure::Usage(format!("{}: {why}", file.display()));
    let text = fs::read_to_string(file).map_err(|error| unusable(&error))?;
    Checkpoint::read(&text, &core.keys).ok_or_else(|| unusable(&"isn't a checkpoint that this service wrote"))
}

/// Progress, and the checkpoint's file.
struct Proving {
    shown: Progress,
    file: Option<PathBuf>,
    kept_at: Instant,
    reached: Option<Checkpoint>,
    failed: Option<io::Error>,
}

impl Proving {
    fn begin(file: Option<PathBuf>) -> Result<Self, Failure> {
        Ok(Self { shown: Progress::begin()?, file, kept_at: Instant::now(), reached: None, failed: None })
    }

    fn tell(&mut self, core: &Core, told: &Told<'_>) {
        match told {
            &Told::Numbers(done, total) => {
                self.shown.tell(done, total, "numbers", || format!("{done} of {total} numbers proved"));
            }
            Told::Counted(district_code, records) => {
                let counted = || format!("{district_code}: {records} records counted");
                self.shown.note(|| format!("numbers; {}", counted()), counted);
            }
            Told::Reached(_) if self.file.is_none() => {}
            Told::Reached(checkpoint) => {
                self.reached = Some((*checkpoint).clone());
                if self.kept_at.elapsed() >= KEPT {
                    self.keep(core);
                }
            }
        }
    }

    /// Writes the checkpoint beside its file and puts it there whole.
    fn keep(&mut self, core: &Core) {
        self.kept_at = Instant::now();
        let (Some(file), Some(checkpoint)) = (&self.file, self.reached.take()) else { return };
        let write = || {
            let text = checkpoint.signed(&core.keys).ok_or_else(|| io::Error::other("no checkpoint"))?;
            let beside = file.with_added_extension("new");
            let mut new = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
            new.write_all(text.as_bytes())?;
            new.sync_all()?;
            fs::rename(&beside, file)
        };
        if let Err(error) = write() {
            self.failed.get_or_insert(error);
        }
    }

    fn finish(mut self, core: &Core) -> Result<(), Failure> {
        self.keep(core);
        self.shown.finish();
        self.failed.map_or(Ok(()), |error| Err(Failure::Other(format!("the checkpoint can't be kept: {error}"))))
    }
}
