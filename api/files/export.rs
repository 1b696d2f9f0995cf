//! Lists as files: all matching records, as of one change number, in constant memory.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, HeaderName};
use bytes::Bytes;
use futures_util::TryStreamExt;
use futures_util::stream::try_unfold;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use super::cells::csv_line;
use super::columns::{Column, exported};
use super::rows::cells;
use super::xlsx::{MOST_ROWS, Writer};
use crate::app::Service;
use crate::audit::system_write;
use crate::auth::accounts::Credential;
use crate::auth::keys::KeyScope;
use crate::auth::roles::Actor;
use crate::kit::catalogue::{Code, FaultCode};
use crate::kit::field::{Field, Shape};
use crate::kit::problem::Problem;
use crate::kit::statement::Statement;
use crate::kit::text::{Language, Text};
use crate::kit::value::Values;
use crate::kit::vocabulary::{Vocabulary, word};
use crate::operations::{Answer, Call, fault};
use crate::people::{PURPOSE, REVEALERS};
use crate::records::list::{self, Filter};
use crate::records::snapshot::{Position, Snapshot};
use crate::records::{Kind, Record, view};

/// Says as of which number a file is.
pub static AS_OF_HEADER: HeaderName = HeaderName::from_static("as-of-change-no");
/// Records read at once: small enough to leave the workers free in between.
const PAGE: i64 = 500;

static HEADERS: Vocabulary = Vocabulary::new(
    "file_headers",
    Text::new("Headers", "表头语言"),
    &[word("zh", "Chinese", "中文"), word("en", "field names", "字段名")],
);

/// Parameters of a list that only files take.
pub static PARAMETERS: &[Field] = &[
    Field::new(
        "headers",
        Shape::Word(&HEADERS),
        Text::new("Headers", "表头语言"),
        "Files: Chinese headers or field names; field names by default.",
    ),
    Field::new(
        "unmasked",
        Shape::Boolean,
        Text::new("Unmasked", "不脱敏"),
        "Files: plain values, for those who may reveal them; needs `purpose`, and is audited.",
    ),
    Field::new(
        "purpose",
        Shape::Word(&PURPOSE),
        Text::new("Purpose", "用途"),
        "Files: what plain values are needed for.",
    ),
    Field::new(
        "as_of_change_no",
        Shape::Integer { min: 0, max: i64::MAX },
        Text::new("As of", "截至变更号"),
        "Files: as the list stood at this number; now by default.",
    ),
    Field::new(
        "after",
        Shape::Id,
        Text::new("After", "接续编号"),
        "Files: go on behind this record, with the same `as_of_change_no`, where a download broke.",
    ),
];

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values.
    Csv,
    /// A JSON object a line, the last one with the count and the SHA-256 of all before it.
    Ndjson,
    /// A workbook.
    Xlsx,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 3] = [Self::Csv, Self::Ndjson, Self::Xlsx];

    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv",
            Self::Ndjson => "application/x-ndjson",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }

    fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
            Self::Xlsx => "xlsx",
        }
    }
}

/// The format that a request asks for; none for JSON. The first media type known wins.
pub fn asked(call: &Call) -> Option<Format> {
    let accept = call.request.headers().get(ACCEPT)?.to_str().ok()?;
    let types = accept.split(',').map(|part| part.split(';').next().unwrap_or_default().trim());
    for media_type in types {
        if matches!(media_type, "application/json" | "*/*" | "application/*") {
            return None;
        }
        if let Some(format) = Format::ALL.into_iter().find(|format| format.media_type() == media_type) {
            return Some(format);
        }
    }
    None
}

/// What only files take, given to a page: a fault.
pub fn demand_none(query: &Values) -> Result<(), Problem> {
    match PARAMETERS.iter().find(|field| query.has(field.name)) {
        Some(field) => Err(fault(&format!("?{}", field.name), FaultCode::OnlyInFiles)),
        None => Ok(()),
    }
}

/// What an export reads, shared by its steps.
struct Export {
    service: Arc<Service>,
    actor: Actor,
    kind: &'static Kind,
    district_code: String,
    as_of: i64,
    query: Values,
    format: Format,
    language: Language,
    header_language: Language,
    columns: Vec<Column>,
    plain: bool,
}

/// Answers a list as a file.
pub async fn export(kind: &'static Kind, call: Call, format: Format) -> Answer {
    demand_scope(&call)?;
    for name in ["limit", "cursor"] {
        if call.query.has(name) {
            return Err(fault(&format!("?{name}"), FaultCode::OnlyInPages));
        }
    }
    let plain = demand_purpose(&call)?;
    let actor = call.actor()?;
    let Some(district_code) = list::district(actor, &call.query)? else {
        return Err(Code::NotFound.into());
    };
    let head = head(&call.service, &district_code).await?;
    let as_of = call.query.integer("as_of_change_no").unwrap_or(head);
    if as_of > head {
        return Err(fault("?as_of_change_no", FaultCode::BeyondHead));
    }
    let header_language = if call.query.text("headers") == Some("zh") { Language::Chinese } else { Language::English };
    let export = Export {
        service: Arc::clone(&call.service),
        actor: actor.clone(),
        kind,
        district_code,
        as_of,
        query: call.query.clone(),
        format,
        language: call.language,
        header_language,
        columns: exported(kind),
        plain,
    };
    let after = export.start(&call).await?;
    note(&call, &export).await?;
    let mut response = HttpResponse::Ok();
    let name = format!("{}-{as_of}.{}", kind.path, format.extension());
    response
        .insert_header((CONTENT_TYPE, content_type(format)))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((AS_OF_HEADER.clone(), as_of.to_string()));
    match format {
        Format::Xlsx => Ok(response.body(export.workbook().await?)),
        _ => {
            let pieces = try_unfold(Progress::new(export, after), step);
            Ok(response.streaming(pieces.map_err(|problem| std::io::Error::other(problem.to_string()))))
        }
    }
}

fn content_type(format: Format) -> String {
    match format {
        Format::Csv => "text/csv; charset=utf-8; header=present".to_owned(),
        other => other.media_type().to_owned(),
    }
}

/// A key needs the scope of exports beside that of reading.
fn demand_scope(call: &Call) -> Result<(), Problem> {
    match call.credential() {
        Some(Credential::Key(scopes)) if !KeyScope::Export.is_in(scopes) => Err(Code::KeyOutOfScope.into()),
        _ => Ok(()),
    }
}

/// Whether plain values are asked for, and may be.
fn demand_purpose(call: &Call) -> Result<bool, Problem> {
    if call.query.boolean("unmasked") != Some(true) {
        return Ok(false);
    }
    if !call.actor()?.holds(REVEALERS) {
        return Err(Code::Forbidden.into());
    }
    if call.query.has("purpose") { Ok(true) } else { Err(fault("?purpose", FaultCode::Required)) }
}

async fn head(service: &Service, district_code: &str) -> Result<i64, Problem> {
    let statement = Statement::new("SELECT last_no FROM district_clocks WHERE district_code = ").text(district_code);
    let row = service.database.read(&statement).await?.into_iter().next();
    row.and_then(|mut row| row.integer("last_no")).ok_or_else(|| {
        Problem::unavailable(Code::LedgerUnavailable, 60, format!("district {district_code} has no clock"))
    })
}

/// The line of the audit: what is exported, by which filter, how many at that moment.
async fn note(call: &Call, export: &Export) -> Result<(), Problem> {
    let filter: serde_json::Map<String, Json> =
        export.query.iter().map(|(name, value)| (name.to_owned(), value.to_json(export.service.zone))).collect();
    let details = json!({"format": export.format.extension(), "filter": filter, "as_of_change_no": export.as_of,
        "unmasked": export.plain, "purpose": export.query.text("purpose")});
    let deed = call.deed("export.begin", export.kind.name, None, details);
    system_write(&export.service, deed, async |_| Ok(())).await
}

impl Export {
    /// Where to begin: behind the record named, or at the top.
    async fn start(&self, call: &Call) -> Result<Option<Position>, Problem> {
        let Some(id) = call.query.id("after") else { return Ok(None) };
        let filter = Filter::of_query(&self.service, self.kind, &self.district_code, &self.query).await?;
        let position = self.snapshot(&filter).position(&self.service, id).await?;
        position.map(Some).ok_or_else(|| fault("?after", FaultCode::UnknownReference))
    }

    fn snapshot<'a>(&'a self, filter: &'a Filter<'a>) -> Snapshot<'a> {
        let plain_for = self.plain.then_some(REVEALERS);
        Snapshot {
            actor: &self.actor,
            kind: self.kind,
            district_code: &self.district_code,
            as_of: self.as_of,
            filter,
            plain_for,
        }
    }

    async fn page(&self, after: Option<Position>) -> Result<Vec<Record>, Problem> {
        let filter = Filter::of_query(&self.service, self.kind, &self.district_code, &self.query).await?;
        self.snapshot(&filter).page(&self.service, after, PAGE).await
    }

    fn view(&self, record: &Record) -> Json {
        let view = if self.plain { view::plain } else { view::record };
        view(&self.service, self.kind, record, self.language)
    }

    fn line(&self, record: &Record) -> String {
        let json = self.view(record);
        match self.format {
            Format::Ndjson => format!("{json}\n"),
            _ => csv_line(&cells(&self.columns, &json)),
        }
    }

    fn headers(&self) -> Vec<String> {
        self.columns.iter().map(|column| column.header(self.header_language)).collect()
    }

    /// What stands before the first record. Spreadsheets take a file for the local charset unless told.
    fn prologue(&self) -> String {
        let headers = self.headers().into_iter().map(super::rows::Cell::Text).collect::<Vec<_>>();
        match (self.format, self.header_language) {
            (Format::Csv, Language::Chinese) => format!("\u{feff}{}", csv_line(&headers)),
            (Format::Csv, Language::English) => csv_line(&headers),
            _ => String::new(),
        }
    }

    async fn workbook(&self) -> Result<Vec<u8>, Problem> {
        let mut writer = Writer::new(&self.headers()).map_err(Problem::internal)?;
        let (mut after, mut count) = (None, 0);
        loop {
            let page = self.page(after).await?;
            let Some(last) = page.last() else { break };
            after = Some((last.envelope.occurred_at, last.envelope.id));
            count += page.len();
            if count > MOST_ROWS {
                return Err(Code::TooManyRows.into());
            }
            for record in &page {
                writer.write(&cells(&self.columns, &self.view(record))).map_err(Problem::internal)?;
            }
        }
        writer.finish().map_err(Problem::internal)
    }
}

/// How far a stream has come.
struct Progress {
    export: Export,
    after: Option<Position>,
    begun: bool,
    ended: bool,
    count: u64,
    digest: Sha256,
}

impl Progress {
    /// A download that goes on has its headers already.
    fn new(export: Export, after: Option<Position>) -> Self {
        Self { export, begun: after.is_some(), after, ended: false, count: 0, digest: Sha256::new() }
    }
}

/// The next piece of a stream. A failure breaks the chunked transfer, so that half a file is never taken
/// for a whole one.
async fn step(mut progress: Progress) -> Result<Option<(Bytes, Progress)>, Problem> {
    if progress.ended {
        return Ok(None);
    }
    let page = progress.export.page(progress.after).await.inspect_err(|problem| {
        tracing::error!(%problem, kind = progress.export.kind.name, count = progress.count, "an export broke off");
    })?;
    let mut text = if progress.begun { String::new() } else { progress.export.prologue() };
    progress.begun = true;
    text.extend(page.iter().map(|record| progress.export.line(record)));
    progress.digest.update(text.as_bytes());
    progress.count += page.len() as u64;
    match page.last() {
        Some(last) => progress.after = Some((last.envelope.occurred_at, last.envelope.id)),
        None => {
            progress.ended = true;
            if progress.export.format == Format::Ndjson {
                let sha256 = hex::encode(progress.digest.clone().finalize());
                text.push_str(&format!("{}\n", json!({"_end": true, "count": progress.count, "sha256": sha256})));
            }
        }
    }
    Ok(Some((Bytes::from(text), progress)))
}
