//! Running an import: chunk by chunk, each noted, so that it can be watched and sent again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::reader::{Form, Reader};
use super::row::{self, Body, Header};
use super::store::{self, Counts, Progress};
use crate::app::Service;
use crate::audit::job_write;
use crate::auth::roles::Actor;
use crate::files::table::Row;
use crate::kit::catalogue::Code;
use crate::kit::problem::Problem;
use crate::kit::text::Language;
use crate::kit::tree::Tree;
use crate::records::Kind;
use crate::records::bulk::create_bulk;
use crate::records::create::{Created, Outcome};
use crate::records::prepare::{Preparation, prepare};

/// Rows of a chunk: the ledger's lock is held for some milliseconds, so phones don't feel it.
const CHUNK: usize = 500;
/// Rows of a chunk while others write.
const SMALL_CHUNK: usize = 64;
/// No pause is longer.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);
/// The most rows of an atomic import.
pub const MOST_ATOMIC: usize = 20_000;

/// What is asked of an import.
#[derive(Clone, Debug)]
pub struct Options {
    /// All rows or none.
    pub atomic: bool,
    /// Every check, nothing written.
    pub validate_only: bool,
    /// Whether a record that is there with other content is amended by the row.
    pub revise: bool,
    /// The system from which the rows come.
    pub source: Option<String>,
}

/// An import under way.
pub struct Job {
    /// The service.
    pub service: Arc<Service>,
    /// Who imports.
    pub actor: Actor,
    /// What.
    pub kind: &'static Kind,
    /// The district where its progress is kept.
    pub district_code: String,
    /// Its id.
    pub id: Uuid,
    /// What is asked of it.
    pub options: Options,
    /// The form of the file; none for a workbook.
    pub form: Option<Form>,
    /// How far it is.
    pub counts: Counts,
    /// The file's columns.
    pub header: Option<Header>,
    /// The numbers between which its records stand.
    pub(super) numbers: Option<(i64, i64)>,
}

impl Job {
    /// A job that has read nothing yet.
    pub fn new(
        service: Arc<Service>,
        actor: Actor,
        kind: &'static Kind,
        district_code: String,
        id: Uuid,
        options: Options,
        form: Option<Form>,
    ) -> Self {
        let counts = Counts::default();
        Self { service, actor, kind, district_code, id, options, form, counts, header: None, numbers: None }
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
        if let Err(unwritten) = job_write(&self.service, vec![self.progress(state, body)]).await {
            tracing::error!(import_id = %self.id, problem = %unwritten, "the end of an import could not be noted");
        }
        state
    }

    async fn run_rows(&mut self, reader: &mut Reader) -> Result<bool, Problem> {
        let mut size = CHUNK;
        while let Some(rows) = reader.next(CHUNK).await? {
            let mut rest = rows.as_slice();
            while !rest.is_empty() {
                let (chunk, others) = rest.split_at(size.min(rest.len()));
                rest = others;
                size = self.give_way(chunk).await?;
            }
        }
        Ok(true)
    }

    /// Writes a chunk; where others wrote meanwhile, the next one is small, and comes after a pause as long
    /// as this one took. Answers its size.
    async fn give_way(&mut self, rows: &[Row]) -> Result<usize, Problem> {
        let (started, appends) = (Instant::now(), self.service.ledger.figures().appends.get());
        let bodies = self.bodies(rows)?;
        self.write(bodies).await?;
        // One of them was this one.
        if self.service.ledger.figures().appends.get() - appends <= 1 {
            return Ok(CHUNK);
        }
        tokio::time::sleep(started.elapsed().min(LONGEST_PAUSE)).await;
        Ok(SMALL_CHUNK)
    }

    /// All rows are checked before one is written; then one append.
    async fn run_whole(&mut self, reader: &mut Reader) -> Result<bool, Problem> {
        let mut all: Vec<(Row, Body)> = Vec::new();
        while let Some(rows) = reader.next(CHUNK).await? {
            all.extend(self.bodies(&rows)?);
            if all.len() > MOST_ATOMIC {
                return Err(Code::TooManyRows.into());
            }
        }
        let validate_only = std::mem::replace(&mut self.options.validate_only, true);
        let before = self.counts;
        for chunk in all.chunks(CHUNK) {
            let chunk = chunk.iter().map(|(row, body)| (row.clone(), body.again())).collect();
            self.write(chunk).await?;
        }
        self.options.validate_only = validate_only;
        if self.counts.refused > 0 || self.counts.skipped > 0 {
            // Nothing was written: what was good waits for the rest to be mended.
            self.counts.skipped += std::mem::take(&mut self.counts.created);
            return Ok(false);
        }
        if !validate_only {
            self.counts = before;
            self.write(all).await?;
        }
        Ok(true)
    }

    /// The bodies of rows; the first row of a table is its header.
    fn bodies(&mut self, rows: &[Row]) -> Result<Vec<(Row, Body)>, Problem> {
        let mut rows = rows;
        if self.form != Some(Form::Ndjson) && self.header.is_none() {
            let Some((first, rest)) = rows.split_first() else { return Ok(Vec::new()) };
            self.header = Some(Header::read(&self.service, self.kind, first)?);
            rows = rest;
        }
        let source = self.options.source.as_deref();
        let body = |row: &Row| match &self.header {
            Some(header) => row::of_table(&self.service, self.kind, header, row, source),
            None => row::of_line(&self.service, self.kind, row, source),
        };
        Ok(rows.iter().map(|row| (row.clone(), body(row))).collect())
    }

    /// Writes a chunk, keeps what was refused, notes how far it is.
    async fn write(&mut self, bodies: Vec<(Row, Body)>) -> Result<(), Problem> {
        let mut statements = Vec::new();
        let trees: Vec<Tree> =
            bodies.iter().filter(|(_, body)| body.problem.is_none()).map(|(_, body)| body.tree.clone()).collect();
        let mut outcomes = self.create(&trees).await?.into_iter();
        for (row, body) in bodies {
            let outcome = match body.problem {
                Some(problem) => Err(problem),
                None => outcomes.next().unwrap_or_else(|| Err(Problem::internal("a row has no outcome"))),
            };
            self.counts.read += 1;
            if let Err(problem) = self.settle(&body.tree, outcome).await {
                if problem.code().status().is_server_error() {
                    self.counts.read -= 1;
                    return Err(problem);
                }
                self.counts.refused += 1;
                let faults = row::faults(self.header.as_ref(), &problem);
                statements.push(store::refuse(
                    &self.service,
                    &self.district_code,
                    self.id,
                    row.line,
                    &row.cells,
                    faults,
                )?);
            }
        }
        statements.push(self.progress("running", None));
        job_write(&self.service, statements).await
    }

    async fn create(&self, trees: &[Tree]) -> Result<Vec<Outcome>, Problem> {
        let (service, source) = (&self.service, format!("import:{}", self.id));
        if !self.options.validate_only {
            return create_bulk(service, &self.actor, self.kind, trees, &source).await;
        }
        let mut outcomes = Vec::with_capacity(trees.len());
        for preparation in prepare(service, &self.actor, self.kind, trees, &source, service.clock.now()).await? {
            outcomes.push(match preparation {
                Preparation::Faulty(problem) => Err(problem),
                Preparation::Retried(record) => Ok(Created::Same(*record)),
                Preparation::Ready(item) => {
                    let known = crate::records::create::existing(service, &self.actor, self.kind, &item).await?;
                    known.unwrap_or_else(|| Err(Code::NotFound.into()))
                }
            });
        }
        Ok(outcomes)
    }

    fn progress(&self, state: &'static str, problem: Option<Json>) -> crate::kit::statement::Statement {
        let header = self.header.as_ref().map(|header| header.names.as_slice());
        let progress = Progress { state, counts: self.counts, header, problem, numbers: self.numbers };
        store::progress(&self.district_code, self.id, &progress, self.service.clock.now())
    }
}

/// Whether a problem lies in the file: sent again it would be the same.
fn is_of_the_file(problem: &Problem) -> bool {
    let interrupted = [Code::MalformedRequest, Code::RequestTimeout, Code::WriteConflict];
    problem.code().status().is_client_error() && !interrupted.contains(&problem.code())
}

impl Body {
    /// The same once more.
    fn again(&self) -> Self {
        Self { tree: self.tree.clone(), problem: self.problem.as_ref().map(Problem::again) }
    }
}
