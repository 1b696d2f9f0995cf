//! The steps of an export: pages read, lines written.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::join;
use kit::catalogue::Code;
use kit::json::put;
use kit::problem::Problem;
use kit::text::Language;
use kit::value::Values;
use rust_xlsxwriter::XlsxError;
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::task::{spawn_blocking, yield_now};
use uuid::Uuid;

use super::Format;
use super::approval::{MARK, person_of, subject_field};
use crate::exchange::files::cells::csv_line;
use crate::exchange::files::columns::Column;
use crate::exchange::files::names::Names;
use crate::exchange::files::rows::{Cell, Writing};
use crate::exchange::files::xlsx::{MOST_ROWS, Writer};
use crate::platform::access::roles::Actor;
use crate::platform::audit::{AuditEntry, system_write};
use crate::platform::core::Core;
use crate::platform::http::{Call, fault};
use crate::platform::privacy::REVEALERS;
use crate::records::codes::{CELL_TOO_LONG, TOO_MANY_ROWS, UNKNOWN_REFERENCE};
use crate::records::list::Filter;
use crate::records::order;
use crate::records::parameters::ALL_MEMBERS;
use crate::records::record_row::{RecordRow, records};
use crate::records::row_view::RowWriting;
use crate::records::snapshot::{Position, Snapshot};
use crate::records::view::{self, View};
use crate::records::{Kind, Record};

/// Records read at once: small enough to leave the workers free in between.
const PAGE: i64 = 500;

/// State of an export, shared by its steps.
pub(super) struct Export {
    pub(super) core: Arc<Core>,
    pub(super) actor: Actor,
    pub(super) kind: &'static Kind,
    pub(super) district_code: String,
    pub(super) as_of: i64,
    pub(super) query: Values,
    pub(super) format: Format,
    pub(super) language: Language,
    pub(super) header_language: Language,
    pub(super) writing: Writing,
    pub(super) columns: Vec<Column>,
    pub(super) plain: bool,
    /// Mark that stands in every row of plain values.
    pub(super) mark: Option<String>,
    /// The line of the audit for a page of plain values; whom it tells of is still to be said.
    pub(super) told: AuditEntry,
}

impl Export {
    /// Where to begin: behind the record named, or at the top.
    pub(super) async fn start(&self, call: &Call) -> Result<Option<Position>, Problem> {
        let Some(id) = call.query.id("after") else { return Ok(None) };
        let filter = Filter::of_query(&self.core, self.kind, &self.district_code, &self.query).await?;
        let position = self.snapshot(&filter).position(&self.core, id).await?;
        position.map(Some).ok_or_else(|| fault("?after", UNKNOWN_REFERENCE))
    }

    fn snapshot<'a>(&'a self, filter: &'a Filter<'a>) -> Snapshot<'a> {
        let plain_for = self.plain.then_some(REVEALERS);
        let oldest_first = order::is_oldest_first(&self.query);
        Snapshot {
            plain_for,
            oldest_first,
            ..Snapshot::of(&self.actor, self.kind, &self.district_code, self.as_of, filter)
        }
    }

    async fn page(&self, after: Option<Position>) -> Result<Vec<RecordRow>, Problem> {
        let page = self.read(after).await?;
        self.note(&page).await?;
        Ok(page)
    }

    /// Reads a page that nobody is told of yet.
    pub(super) async fn read(&self, after: Option<Position>) -> Result<Vec<RecordRow>, Problem> {
        let filter = Filter::of_query(&self.core, self.kind, &self.district_code, &self.query).await?;
        self.snapshot(&filter).rows(&self.core, after, PAGE).await
    }

    /// Before plain values are told it stands in the access log of everybody they are about.
    async fn note(&self, page: &[RecordRow]) -> Result<(), Problem> {
        if !self.plain || page.is_empty() {
            return Ok(());
        }
        let records = records(&self.core, self.kind, page)?;
        let people: BTreeSet<Uuid> = records.iter().filter_map(|record| person_of(self.kind, record)).collect();
        let purpose = self.query.text("purpose");
        let mut details =
            json!({"as_of_change_no": self.as_of, "count": page.len(), "people": people, "purpose": purpose});
        for name in ["number", "export_request_id"] {
            if let Some(value) = self.told.details.get(name) {
                put(&mut details, name, value.clone());
            }
        }
        let audit_entry = AuditEntry { details, ..self.told.clone() };
        system_write(&self.core, audit_entry, async |_| Ok(())).await
    }

    fn view<'a>(&'a self, record: &'a Record) -> View<'a> {
        let view = if self.plain { view::plain } else { view::record };
        view(&self.core, self.kind, record, if self.writing.words { self.header_language } else { self.language })
    }

    /// The lines of a page.
    async fn lines(&self, page: &[RecordRow]) -> Result<Vec<u8>, Problem> {
        if self.format == Format::Ndjson {
            return self.json_lines(page);
        }
        let mut text = Vec::new();
        for row in self.rows(page).await? {
            text.extend_from_slice(csv_line(&row).as_bytes());
        }
        Ok(text)
    }

    /// Lines of JSON, straight from the rows; the mark stands at the end of each.
    fn json_lines(&self, page: &[RecordRow]) -> Result<Vec<u8>, Problem> {
        let (core, kind, language) = (&*self.core, self.kind, self.language);
        let writing = RowWriting { core, kind, language, plain: self.plain, members: &ALL_MEMBERS };
        let mut writer = writing.writer(page.len());
        for row in page {
            writing.write(row, &mut writer)?;
            if let Some(mark) = &self.mark {
                writer.truncate(writer.len() - 1);
                writer.name(',', MARK[0]);
                writer.serialize(mark).map_err(Problem::internal)?;
                writer.raw("}");
            }
            writer.raw("\n");
        }
        Ok(writer.into_bytes())
    }

    /// The rows of a page, each with the mark behind it.
    async fn rows(&self, page: &[RecordRow]) -> Result<Vec<Vec<Cell>>, Problem> {
        let page = records(&self.core, self.kind, page)?;
        let records = page.iter().map(|record| self.view(record).to_json()).collect::<Result<Vec<_>, _>>()?;
        // Whom a file tells plainly stands in his access log; of others a name is masked.
        let plain_field = if self.plain { subject_field(self.kind) } else { None };
        let names =
            Names::of(&self.core, &self.actor, &self.district_code, &self.columns, &records, plain_field).await?;
        let rows = records.iter().flat_map(|record| self.writing.rows(&self.columns, record, &names));
        let mark = self.mark.as_ref().map(|mark| Cell::Text(mark.clone()));
        Ok(rows.map(|row| row.into_iter().chain(mark.clone()).collect()).collect())
    }

    fn headers(&self) -> Vec<String> {
        let [name, name_zh] = MARK;
        let of_mark = if self.header_language == Language::Chinese { name_zh } else { name };
        let own = self.columns.iter().map(|column| column.header(self.header_language));
        own.chain(self.mark.is_some().then(|| of_mark.to_owned())).collect()
    }

    /// Text before the first record. Spreadsheets take a file for the local charset unless told.
    fn prologue(&self) -> String {
        let headers = self.headers().into_iter().map(Cell::Text).collect::<Vec<_>>();
        match (self.format, self.header_language) {
            (Format::Csv, Language::Chinese) => format!("\u{feff}{}", csv_line(&headers)),
            (Format::Csv, Language::English) => csv_line(&headers),
            _ => String::new(),
        }
    }

    pub(super) async fn workbook(&self) -> Result<Vec<u8>, Problem> {
        let mut writer = Writer::new(&self.headers(), &self.columns).map_err(told)?;
        let (mut page, mut count) = (self.page(None).await?, 0);
        while !page.is_empty() {
            let rows = self.rows(&page).await?;
            count += rows.len();
            if count > MOST_ROWS {
                return Err(TOO_MANY_ROWS.into());
            }
            // Rows are laid out and packed elsewhere: whoever shares the worker would wait.
            let writing = spawn_blocking(move || rows.iter().try_for_each(|row| writer.write(row)).map(|()| writer));
            page = match behind(&page) {
                Some(after) => self.page(Some(after)).await?,
                None => Vec::new(),
            };
            writer = writing.await.map_err(Problem::internal)?.map_err(told)?;
        }
        let packed = spawn_blocking(move || writer.finish()).await.map_err(Problem::internal)?;
        packed.map_err(told)
    }
}

/// Where to go on behind a page; none where it wasn't full.
fn behind(page: &[RecordRow]) -> Option<Position> {
    let last = page.last().filter(|_| i64::try_from(page.len()).is_ok_and(|length| length >= PAGE))?;
    Some(last.position())
}

/// Problem of a value that a workbook can't hold, though other formats can.
fn told(error: XlsxError) -> Problem {
    match error {
        XlsxError::MaxStringLengthExceeded => CELL_TOO_LONG.into(),
        // Rows go to a file on the way: the disk may be full.
        XlsxError::IoError(error) => Problem::unavailable(Code::UNAVAILABLE, 60, error),
        other => Problem::internal(other),
    }
}

/// How far a stream has come.
pub(super) struct Progress {
    export: Export,
    after: Option<Position>,
    /// The page to come, read while the one before was written; nobody is told of it yet.
    ahead: Option<Vec<RecordRow>>,
    begun: bool,
    ended: bool,
    count: u64,
    digest: Sha256,
}

impl Progress {
    /// A download that goes on has its headers already.
    pub(super) fn new(export: Export, after: Option<Position>) -> Self {
        let begun = after.is_some();
        Self { export, after, ahead: None, begun, ended: false, count: 0, digest: Sha256::new() }
    }

    /// The next page, and the lines of it. The database reads the page behind it meanwhile.
    async fn turn(&mut self) -> Result<(Vec<RecordRow>, Vec<u8>), Problem> {
        let page = match self.ahead.take() {
            Some(page) => page,
            None => self.export.read(self.after).await?,
        };
        self.export.note(&page).await?;
        let after = behind(&page);
        let ahead = async {
            match after {
                Some(after) => self.export.read(Some(after)).await,
                None => Ok(Vec::new()),
            }
        };
        let lines = async {
            // The question is on its way before the worker is busy writing.
            yield_now().await;
            self.export.lines(&page).await
        };
        let (ahead, lines) = join(ahead, lines).await;
        self.ahead = Some(ahead?);
        Ok((page, lines?))
    }
}

/// The next piece of a stream. A failure breaks the chunked transfer, so that half a file is never taken
/// for a whole one.
pub(super) async fn step(mut progress: Progress) -> Result<Option<(Bytes, Progress)>, Problem> {
    if progress.ended {
        return Ok(None);
    }
    let (page, lines) = match progress.turn().await {
        Ok(turned) => turned,
        Err(problem) => {
            tracing::error!(%problem, kind = progress.export.kind.name, count = progress.count, "an export broke off");
            return Err(problem);
        }
    };
    let mut text = if progress.begun { Vec::new() } else { progress.export.prologue().into_bytes() };
    progress.begun = true;
    if text.is_empty() {
        text = lines;
    } else {
        text.extend_from_slice(&lines);
    }
    progress.digest.update(&text);
    progress.count += page.len() as u64;
    if page.is_empty() {
        progress.ended = true;
        if progress.export.format == Format::Ndjson {
            let sha256 = hex::encode(progress.digest.clone().finalize());
            let end = json!({"_end": true, "count": progress.count, "sha256": sha256});
            text.extend_from_slice(format!("{end}\n").as_bytes());
        }
    }
    Ok(Some((Bytes::from(text), progress)))
}
