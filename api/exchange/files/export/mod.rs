//! Lists as files: all matching records, as of one change number, in constant memory.

mod approval;
mod stream;

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use futures_util::TryStreamExt;
use futures_util::stream::try_unfold;
use kit::catalogue::{Code, FaultCode};
use kit::problem::Problem;
use kit::statement::Statement;
use kit::text::Language;
use kit::time::day_of;
use serde_json::{Value as Json, json};

pub use self::approval::MARK;
use self::stream::{Export, Progress, step};
use super::columns::exported;
use super::rows::{OwnLabels, Writing};
use crate::exchange::codes::BEYOND_HEAD;
use crate::platform::access::accounts::Credential;
use crate::platform::access::keys::KeyScope;
use crate::platform::audit::{EXPORTED_PLAIN, system_write};
use crate::platform::codes::{FORBIDDEN, KEY_OUT_OF_SCOPE, NOT_FOUND, ONLY_IN_PAGES};
use crate::platform::core::Core;
use crate::platform::http::formats::{AS_OF_HEADER, Format};
use crate::platform::http::{Answer, Call, fault};
use crate::platform::privacy::REVEALERS;
use crate::records::Kind;
use crate::records::list;

/// Answers a list as a file.
pub async fn export(kind: &'static Kind, call: Call, format: Format) -> Answer {
    require_scope(&call)?;
    for name in ["limit", "cursor", "order"] {
        if call.query.has(name) {
            return Err(fault(&format!("?{name}"), ONLY_IN_PAGES));
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
        let plain = require_purpose(call)?;
        let actor = call.actor()?;
        let Some(district_code) = list::district(actor, &call.query)? else {
            return Err(NOT_FOUND.into());
        };
        let head = head(&call.core, &district_code).await?;
        let as_of = call.query.integer("as_of_change_no").unwrap_or(head);
        if as_of > head {
            return Err(fault("?as_of_change_no", BEYOND_HEAD));
        }
        let is_chinese = call.query.text("headers") == Some("zh");
        let header_language = if is_chinese { Language::Chinese } else { Language::English };
        let words = call.query.text("cells").map_or(is_chinese, |cells| cells == "words");
        call.core.refresh_for(kind).await?;
        let own = OwnLabels::of(&call.core, &district_code, day_of(call.core.clock.now(), call.core.zone));
        Ok(Self {
            core: Arc::clone(&call.core),
            actor: actor.clone(),
            kind,
            district_code,
            as_of,
            query: call.query.clone(),
            format,
            language: call.language,
            header_language,
            writing: Writing { language: header_language, words, zone: call.core.zone, own },
            columns: exported(kind, call.core.kinds(), words),
            plain,
            mark: None,
            told: call.audit_entry(EXPORTED_PLAIN, kind.name, None, json!({})),
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
fn require_scope(call: &Call) -> Result<(), Problem> {
    match call.credential() {
        Some(Credential::Key(scopes)) if !KeyScope::Export.is_in(scopes) => Err(KEY_OUT_OF_SCOPE.into()),
        _ => Ok(()),
    }
}

/// Whether plain values are asked for, and may be.
fn require_purpose(call: &Call) -> Result<bool, Problem> {
    if call.query.boolean("unmasked") != Some(true) {
        return Ok(false);
    }
    if let Some(Credential::Key(_)) = call.credential() {
        // As reveals: who is told somebody's number is a person with a reason.
        return Err(KEY_OUT_OF_SCOPE.into());
    }
    if !call.actor()?.holds(REVEALERS) {
        return Err(FORBIDDEN.into());
    }
    if call.query.has("purpose") { Ok(true) } else { Err(fault("?purpose", FaultCode::REQUIRED)) }
}

async fn head(core: &Core, district_code: &str) -> Result<i64, Problem> {
    let statement = Statement::new("SELECT last_no FROM district_clocks WHERE district_code = ")
        .text(district_code)
        .seeing_district(district_code);
    let row = core.database.read(&statement).await?.into_iter().next();
    row.and_then(|mut row| row.integer("last_no")).ok_or_else(|| {
        Problem::unavailable(Code::LEDGER_UNAVAILABLE, 60, format!("district {district_code} has no clock"))
    })
}

/// The line of the audit: what is exported, by which filter, how many at that moment.
async fn note(call: &Call, export: &Export) -> Result<(), Problem> {
    let filter: serde_json::Map<String, Json> =
        export.query.iter().map(|(name, value)| (name.to_owned(), value.to_json(export.core.zone))).collect();
    let details = json!({"format": export.format.extension(), "filter": filter, "as_of_change_no": export.as_of,
        "unmasked": export.plain, "purpose": export.query.text("purpose"), "number": export.told.details.get("number")});
    let audit_entry = call.audit_entry("export.begin", export.kind.name, None, details);
    system_write(&export.core, audit_entry, async |_| Ok(())).await
}
