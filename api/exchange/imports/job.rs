//! Running an import: chunk by chunk, each noted, so that it can be watched and sent again.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::NaiveDate;
use kit::catalogue::Code;
use kit::problem::Problem;
use kit::statement::Statement;
use kit::text::Language;
use kit::tree::Tree;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::books::Groups;
use super::bounds::timed;
use super::dictionary::Given;
use super::identity::Seen;
use super::items::{Gatherer, Item};
use super::outcomes::{self, Listed};
use super::reader::{Form, Reader};
use super::sheets::Sheets;
use super::store::{self, Counts, Progress};
use super::wide_lots::lot;
use crate::platform::access::roles::Actor;
use crate::platform::audit::job_write;
use crate::platform::codes::NOT_FOUND;
use crate::platform::core::Core;
use crate::platform::http::transport::ConnectionState;
use crate::records::Kind;
use crate::records::atomic_batch::all_or_nothing;
use crate::records::bulk::create_bulk;
use crate::records::codes::{RECORD_EXISTS, TOO_MANY_ROWS};
use crate::records::create::Outcome;
use crate::records::dry_run::DryRun;
use crate::records::warnings::OCCURRED_AT_ASSUMED;
use crate::records::wide::Absence;

/// Rows of a chunk: the ledger's lock is held for some milliseconds, so phones don't feel it.
pub(super) const CHUNK: usize = 500;
/// The most rows of an atomic import.
pub const MOST_ATOMIC: usize = 20_000;

/// Options of an import.
#[derive(Clone, Debug)]
pub struct Options {
    /// All rows or none.
    pub atomic: bool,
    /// Every check, nothing written.
    pub validate_only: bool,
    /// Whether a record that is there with other content is amended by the row.
    pub revise: bool,
    /// Whether a record goes in without its bad lines.
    pub keep_good: bool,
    /// The system from which the rows come.
    pub source: Option<String>,
    /// The caller's parameters about the columns.
    pub given: Given,
    /// The year of days without one.
    pub year: Option<i32>,
    /// The first of days that headers count.
    pub first_day: Option<NaiveDate>,
}

/// An import under way.
pub struct Job {
    /// The service.
    pub core: Arc<Core>,
    /// Account that imports.
    pub actor: Actor,
    /// Kind of its records.
    pub kind: &'static Kind,
    /// The district where its progress is kept.
    pub district_code: String,
    /// Its id.
    pub id: Uuid,
    /// Options that its request gave.
    pub options: Options,
    /// The form of the file; none for a workbook.
    pub form: Option<Form>,
    /// Counts of rows so far.
    pub counts: Counts,
    /// Where it stands in the file.
    pub(super) sheets: Sheets,
    /// Puts rows of one record together.
    pub(super) gatherer: Gatherer,
    /// The numbers between which its records stand.
    pub(super) numbers: Option<(i64, i64)>,
    /// Whether a row didn't say when it happened, so that it happened now.
    pub(super) assumed: bool,
    /// People taken back by an undo whom this file brought again.
    pub(super) brought_back: BTreeSet<Uuid>,
    /// Outcomes of rows that are to be kept with the next step.
    pub(super) listed: Vec<Listed>,
    /// How many outcomes are kept.
    pub(super) listed_rows: usize,
    /// Outcomes of a trial whose records are written only where all are good.
    pub(super) tried: Option<Vec<Listed>>,
    /// Records that it amended.
    pub(super) revised: BTreeSet<Uuid>,
    /// Groups that its rows name.
    pub(super) groups: Groups,
    /// Reasons for which there is nothing, to be kept with the next step.
    pub(super) absences: Vec<Absence>,
    /// Codes of warnings about the file as a whole.
    pub(super) told_once: BTreeSet<&'static str>,
    /// Rows of the file so far: equal ones are facts of their own.
    pub(super) seen: Seen,
    /// Trial of the records so far, for imports that only validate.
    trial: DryRun,
    /// The client's connection; none where it goes on without him.
    pub(super) client: Option<ConnectionState>,
    /// Faults so far.
    pub(super) faults: usize,
}

impl Job {
    /// A job that has read nothing yet.
    pub fn new(
        core: Arc<Core>,
        actor: Actor,
        kind: &'static Kind,
        district_code: String,
        id: Uuid,
        options: Options,
        form: Option<Form>,
    ) -> Self {
        let (counts, gatherer) = (Counts::default(), Gatherer::default());
        let (sheets, numbers, trial) = (Sheets::default(), None, DryRun::default());
        let (client, faults, seen) = (None, 0, Seen::default());
        let (brought_back, listed, listed_rows, tried) = (BTreeSet::new(), Vec::new(), 0, None);
        let (revised, assumed, groups, told_once) = (BTreeSet::new(), false, Groups::default(), BTreeSet::new());
        #[rustfmt::skip]
        let job = Self { core, actor, kind, district_code, id, options, form, counts, sheets, gatherer, numbers, revised, assumed, brought_back, listed, listed_rows, tried, seen, trial, client, faults, groups, told_once, absences: Vec::new() };
        job
    }

    /// It reads these sheets.
    pub fn in_sheets(self, sheets: Sheets) -> Self {
        Self { sheets, ..self }
    }

    /// It ends where its client does.
    pub fn for_client(self, client: Option<ConnectionState>) -> Self {
        Self { client, ..self }
    }

    /// Reads all and writes what is good; notes the end, whatever it is. The answer is the state.
    pub async fn run(&mut self, mut reader: Reader) -> &'static str {
        let result =
            if self.options.atomic { self.run_whole(&mut reader).await } else { self.run_rows(&mut reader).await };
        let (state, problem) = match result {
            Ok(true) => ("complete", None),
            Ok(false) => ("failed", None),
            Err(problem) if is_of_the_file(&problem) => ("failed", Some(problem)),
            Err(problem) => ("interrupted", Some(problem)),
        };
        if let Some(problem) = &problem {
            tracing::warn!(import_id = %self.id, %problem, read = self.counts.read, "an import ended early");
        }
        let body = problem.map(
            |problem| json!({"zh": problem.body(Language::Chinese, ""), "en": problem.body(Language::English, "")}),
        );
        let noted = Box::pin(job_write(&self.core, vec![self.progress(state, body)]));
        if let Err(unwritten) = timed(self.core.config.file_deadline(), 0, noted).await {
            tracing::error!(import_id = %self.id, problem = %unwritten, "the end of an import could not be noted");
        }
        state
    }

    /// All rows are checked before one is written; then one append.
    async fn run_whole(&mut self, reader: &mut Reader) -> Result<bool, Problem> {
        let (mut all, mut count): (Vec<Item>, usize) = (Vec::new(), 0);
        while let Some(rows) = reader.next(CHUNK).await? {
            let items = self.items(&rows).await?;
            all.extend(self.identified(items).await?);
            count += rows.len();
            // Its header is no row.
            if count.max(all.len()) > MOST_ATOMIC + 1 {
                return Err(TOO_MANY_ROWS.into());
            }
        }
        let gathered = self.end_of_file().await?;
        all.extend(self.identified(gathered).await?);
        let validate_only = std::mem::replace(&mut self.options.validate_only, true);
        let before = self.counts;
        self.tried = (!validate_only).then(Vec::new);
        let mut trials = all.iter().map(Item::again).collect::<Vec<_>>().into_iter().peekable();
        while trials.peek().is_some() {
            let trial = lot(&mut trials, CHUNK);
            self.write(trial).await?;
            self.require_few_faults()?;
        }
        self.options.validate_only = validate_only;
        let tried = self.tried.take().unwrap_or_default();
        if !validate_only && self.counts.refused + self.counts.skipped == 0 {
            self.counts = before;
            self.write(all).await?;
            self.set_leaders().await?;
        } else {
            tried.into_iter().for_each(|listed| self.list(listed.unwritten()));
        }
        if !self.listed.is_empty() {
            self.write(Vec::new()).await?;
        }
        let failed = self.counts.refused + self.counts.skipped > 0;
        if failed && self.numbers.is_none() {
            // Nothing was written: what was good waits for the rest to be mended.
            self.counts.skipped += std::mem::take(&mut self.counts.created);
        }
        Ok(!failed)
    }

    /// Records with ids in the place of names, and their own.
    pub(super) async fn identified(&mut self, mut items: Vec<Item>) -> Result<Vec<Item>, Problem> {
        let deadline = self.core.config.file_deadline();
        self.core.refresh_for(self.kind).await?;
        self.tidy(&mut items);
        self.spell_out(&mut items, true);
        timed(deadline, items.len(), Box::pin(self.recognise(&mut items))).await?;
        self.resolve_areas(&mut items);
        timed(deadline, items.len(), Box::pin(self.gather_groups(&mut items))).await?;
        timed(deadline, items.len(), Box::pin(self.resolve_accounts(&mut items))).await?;
        timed(deadline, items.len(), self.resolve_names(&mut items)).await?;
        timed(deadline, items.len(), Box::pin(self.resolve_told(&mut items))).await?;
        let items = timed(deadline, 0, self.part_absences(items)).await?;
        let mut items = self.keep_good_lines(items);
        self.spell_out(&mut items, false);
        self.salvage(&mut items);
        timed(deadline, items.len(), Box::pin(self.identify(&mut items))).await?;
        Ok(items)
    }

    /// Writes a lot in its turn and its time.
    pub(super) async fn write(&mut self, items: Vec<Item>) -> Result<(), Problem> {
        self.require_client()?;
        let _turn = self.turn().await?;
        let (deadline, records) = (self.core.config.file_deadline(), items.len());
        timed(deadline, records, Box::pin(self.write_now(items))).await
    }

    async fn write_now(&mut self, items: Vec<Item>) -> Result<(), Problem> {
        let outcomes = self.create(&new_of(&items)).await?;
        self.note(items, outcomes).await
    }

    /// Settles each record of a lot, keeps what was refused, notes how far it is.
    pub(super) async fn note(&mut self, items: Vec<Item>, outcomes: Vec<Outcome>) -> Result<(), Problem> {
        let (mut outcomes, mut kept) = (outcomes.into_iter(), Vec::new());
        for mut item in items {
            let outcome = match item.body.problem.take() {
                Some(problem) => Err(problem),
                None if item.met.is_some() => Err(RECORD_EXISTS.into()),
                None => outcomes.next().unwrap_or_else(|| Err(Problem::internal("a row has no outcome"))),
            };
            match self.settle(&item, outcome).await {
                Ok(()) => {}
                Err(problem) if problem.code().status().is_server_error() => return Err(problem),
                Err(problem) => self.refuse(&item, &problem, &mut kept)?,
            }
        }
        let mut statements = vec![self.progress("running", None)];
        statements.extend(self.absences_to_keep());
        statements.extend((!kept.is_empty()).then(|| store::refuse(&self.district_code, self.id, kept)));
        let listed = std::mem::take(&mut self.listed);
        statements.extend((!listed.is_empty()).then(|| outcomes::keep(&self.district_code, self.id, listed)));
        job_write(&self.core, statements).await
    }

    /// The source of its records.
    pub(super) fn source(&self) -> String {
        format!("import:{}", self.id)
    }

    async fn create(&mut self, trees: &[Tree]) -> Result<Vec<Outcome>, Problem> {
        let (core, source) = (&self.core, self.source());
        let (actor, kind, options) = (&self.actor, self.kind, &self.options);
        if options.validate_only {
            let outcomes = self.trial.run(core, actor, kind, trees, &source).await?;
            self.assumed |= self.trial.assumed;
            return Ok(outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(|| Err(NOT_FOUND.into()))).collect());
        }
        if options.atomic {
            return all_or_nothing(core, actor, kind, trees, &source, options.revise).await;
        }
        create_bulk(core, actor, kind, trees, &source).await
    }

    fn progress(&self, state: &'static str, problem: Option<Json>) -> Statement {
        let layout = self.sheets.layout();
        // Of what is counted by its day: it matters when it happened.
        let assumed = self.assumed && !self.kind.rules.figures().is_empty();
        let assumed = assumed.then_some(OCCURRED_AT_ASSUMED.code);
        let warnings = assumed.into_iter().chain(self.told_once.iter().copied()).collect();
        let progress = Progress {
            state,
            counts: self.counts,
            headers: &self.sheets.headers,
            problem,
            numbers: self.numbers,
            warnings,
            layout: layout.as_ref(),
        };
        store::progress(&self.district_code, self.id, &progress, self.core.clock.now())
    }
}

/// Bodies of a lot that are good and of no record that stands.
pub(super) fn new_of(items: &[Item]) -> Vec<Tree> {
    items.iter().filter(|item| item.is_new()).map(|item| item.body.tree.clone()).collect()
}

/// Whether a problem lies in the file: sent again it would be the same.
fn is_of_the_file(problem: &Problem) -> bool {
    let interrupted = [Code::MALFORMED_REQUEST, Code::REQUEST_TIMEOUT, Code::WRITE_CONFLICT];
    problem.code().status().is_client_error() && !interrupted.contains(&problem.code())
}
