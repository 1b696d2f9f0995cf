//! The forms in which a list is answered: JSON by default, or a file.

use actix_web::http::header::{ACCEPT, HeaderName};
use kit::field::{Field, Shape};
use kit::problem::Problem;
use kit::text::Text;
use kit::value::Values;
use kit::vocabulary::{Vocabulary, word};

use super::{Call, fault};
use crate::platform::codes::ONLY_IN_FILES;
use crate::platform::privacy::PURPOSE;

/// Says as of which number a file is.
pub static AS_OF_HEADER: HeaderName = HeaderName::from_static("as-of-change-no");

static HEADERS: Vocabulary = Vocabulary::new(
    "file_headers",
    Text::new("Headers", "表头语言"),
    &[word("zh", "Chinese", "中文"), word("en", "field names", "字段名")],
);

static CELLS: Vocabulary = Vocabulary::new(
    "file_cells",
    Text::new("Cells", "单元格内容"),
    &[word("words", "words", "文字"), word("codes", "codes", "代码")],
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
        "cells",
        Shape::Word(&CELLS),
        Text::new("Cells", "单元格内容"),
        "CSV and XLSX: words of the headers' language for codes, and names beside ids; or codes alone. Words under Chinese headers, codes under field names by default.",
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

    /// The end of a file's name.
    pub fn extension(self) -> &'static str {
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

/// Refuses parameters of files where a page is asked for.
pub fn require_none(query: &Values) -> Result<(), Problem> {
    match PARAMETERS.iter().find(|field| query.has(field.name)) {
        Some(field) => Err(fault(&format!("?{}", field.name), ONLY_IN_FILES)),
        None => Ok(()),
    }
}
