//! Lists as files: all matching records, as of one change number, in constant memory.

mod approval;
mod stream;

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, HeaderName};
use futures_util::TryStreamExt;
use futures_util::stream::try_unfold;
use serde_json::{Value as Json, json};

pub use self::approval::MARK;
use self::stream::{Export, Progress, step};
use super::columns::exported;
use crate::app::Service;
use crate::audit::system_write;
use crate::auth::accounts::Credential;
use crate::auth::keys::KeyScope;
use crate::kit::catalogue::{Code, FaultCode};
use crate::kit::field::{Field, Shape};
use crate::kit::problem::Problem;
use crate::kit::statement::Statement;
use crate::kit::text::{Language, Text};
use crate::kit::value::Values;
use crate::kit::vocabulary::{Vocabulary, word};
use crate::operations::{Answer, Call, fault};
use crate::people::{PURPOSE, REVEALERS};
use crate::records::Kind;
use crate::records::list;

/// Says as of which number a file is.
pub static AS_OF_HEADER: HeaderName = HeaderName::from_static("as-of-change-no");

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
        "Files: plain values, for those who may reveal them; needs `purpose`, is audited and marked, and of more than 200 people in a day needs `export_request_id`.",
    ),
    Field::new(
        "purpose",
        Shape::Word(&PURPOSE),
        Text::new("Purpose", "用途"),
        "Files: what plain values are needed for.",
    ),
    Field::new(
        "export_request_id",
        Shape::Id,
        Text::new("Export request", "导出申请"),
        "Files: a request for plain values that somebody else agreed to; good once.",
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

/// The verb under which a page of plain values is noted, with the people it tells of.
pub const EXPORTED_PLAIN: &str = "export.page";

/// Answers a list as a file.
pub async fn export(kind: &'static Kind, call: Call, format: Format) -> Answer {
    demand_scope(&call)?;
    for name in ["limit", "cursor", "order"] {
        if call.query.has(name) {
            return Err(fault(&format!("?{name}"), FaultCode::OnlyInPages));
        }
    }
    let mut export = Export::asked(kind, &call, format).await?;
    let after = export.start(&call).await?;
    approval::approve(&call, &mut export).await?;
    note(&call, &export).await?;
    let mut response = HttpResponse::Ok();
    let name = format!("{}-{}.{}", kind.path, export.as_of, format.extension());
    response
        .insert_header((CONTENT_TYPE, content_type(format)))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((AS_OF_HEADER.clone(), export.as_of.to_string()));
    match format {
        Format::Xlsx => Ok(response.body(export.workbook().await?)),
        _ => {
            let pieces = try_unfold(Progress::new(export, after), step);
            Ok(response.streaming(pieces.map_err(|problem| std::io::Error::other(problem.to_string()))))
        }
    }
}

impl Export {
    async fn asked(kind: &'static Kind, call: &Call, format: Format) -> Result<Self, Problem> {
        let plain = demand_purpose(call)?;
        let actor = call.actor()?;
        let Some(district_code) = list::district(actor, &call.query)? else {
            return Err(Code::NotFound.into());
        };
        let head = head(&call.service, &district_code).await?;
        let as_of = call.query.integer("as_of_change_no").unwrap_or(head);
        if as_of > head {
            return Err(fault("?as_of_change_no", FaultCode::BeyondHead));
        }
        let header_language =
            if call.query.text("headers") == Some("zh") { Language::Chinese } else { Language::English };
        Ok(Self {
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
            mark: None,
            told: call.deed(EXPORTED_PLAIN, kind.name, None, json!({})),
        })
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
    if let Some(Credential::Key(_)) = call.credential() {
        // As reveals: who is told somebody's number is a person with a reason.
        return Err(Code::KeyOutOfScope.into());
    }
    if !call.actor()?.holds(REVEALERS) {
        return Err(Code::Forbidden.into());
    }
    if call.query.has("purpose") { Ok(true) } else { Err(fault("?purpose", FaultCode::Required)) }
}

async fn head(service: &Service, district_code: &str) -> Result<i64, Problem> {
    let statement = Statement::new("SELECT last_no FROM district_clocks WHERE district_code = ")
        .text(district_code)
        .seeing_district(district_code);
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
        "unmasked": export.plain, "purpose": export.query.text("purpose"), "number": export.told.details.get("number")});
    let deed = call.deed("export.begin", export.kind.name, None, details);
    system_write(&export.service, deed, async |_| Ok(())).await
}
