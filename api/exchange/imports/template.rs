//! Templates: a workbook to fill in, made of the kind's field table.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use chrono::NaiveDate;
use kit::field::{Field, Shape, Write};
use kit::problem::Problem;
use kit::text::Language;
use kit::time::day_of;
use kit::vocabulary::Vocabulary;
use rust_xlsxwriter::{DataValidation, Format, Formula, Workbook, Worksheet, XlsxError};
use serde_json::Value as Json;

use super::intake::kind;
use super::routes::XLSX;
use crate::exchange::files::cells::csv_line;
use crate::exchange::files::columns::{Column, imported};
use crate::exchange::files::rows::Cell;
use crate::platform::core::Core;
use crate::platform::http::{Answer, Call};
use crate::records::own_words::Asked;
use crate::records::{Kind, Registry};

/// Fields that a machine fills, not a person.
const MACHINE: [&str; 6] = ["id", "area_edition", "org_id", "device_time", "captured_by", "pass_group_id"];
/// Rows that have drop-downs and the form of text.
const ROWS: u32 = 2_000;

/// `GET /v1/imports/template`.
pub async fn get(call: Call) -> Answer {
    let kind = kind(&call)?;
    let columns = columns(kind, call.core.kinds());
    let csv = call.query.text("format") == Some("csv");
    call.core.refresh_for(kind).await?;
    let words = Words::of(&call)?;
    let bytes = if csv {
        of_text(&columns).into_bytes()
    } else {
        workbook(kind, &columns, &words).map_err(Problem::internal)?
    };
    let (media_type, extension) = if csv { ("text/csv; charset=utf-8; header=present", "csv") } else { (XLSX, "xlsx") };
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, media_type))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{}-template.{extension}\"", kind.path)))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(bytes))
}

/// Words that may be written: of open vocabularies those of the caller's district too.
struct Words<'a> {
    core: &'a Core,
    district_code: String,
    on: NaiveDate,
}

impl<'a> Words<'a> {
    fn of(call: &'a Call) -> Result<Self, Problem> {
        let districts = &call.actor()?.districts;
        // Whoever is of several writes the words that all have.
        let district_code = districts.first().filter(|_| districts.len() == 1).cloned().unwrap_or_default();
        Ok(Self { core: &call.core, district_code, on: day_of(call.core.clock.now(), call.core.zone) })
    }

    fn labels(&self, vocabulary: &Vocabulary) -> Vec<String> {
        let asked = Asked { district_code: &self.district_code, on: self.on, of_list: false };
        let own = || self.core.own_words(vocabulary, &asked).filter(|_| vocabulary.open);
        let all = || vocabulary.words.iter().filter(|word| !word.closed).map(|word| word.label.zh.to_owned()).collect();
        own().map_or_else(all, |own| own.into_iter().map(|(_, label)| label).collect())
    }
}

/// The columns that a person fills.
fn columns(kind: &Kind, kinds: &Registry) -> Vec<Column> {
    let by_hand = |column: &Column| {
        let nested = matches!(column.field.shape, Shape::Inline(..) | Shape::List { of: Shape::Object(_), .. });
        // Somebody is named by his document, not by an id.
        let told = matches!(column.field.shape, Shape::Reference(_)) && kind.is_told_inline(column.field.name);
        let machine = column.path.len() == 1 && MACHINE.contains(&column.field.name);
        let of_sheets = kind.rules.sheet_fields().iter().any(|field| column.path == [field.name]);
        !nested && !told && !machine && !of_sheets && column.field.write != Write::Never
    };
    let mut columns: Vec<Column> = imported(kind, kinds).into_iter().filter(by_hand).collect();
    let of_envelope = |column: &Column| kind.field(column.path.first().copied().unwrap_or_default()).is_none();
    // Columns that every record has come last: a form begins with what it is about.
    columns.sort_by_key(of_envelope);
    columns
}

fn header(column: &Column) -> String {
    let mark = if column.field.required { "*" } else { "" };
    format!("{}{mark}", column.header(Language::Chinese))
}

fn of_text(columns: &[Column]) -> String {
    let cells: Vec<Cell> = columns.iter().map(header).map(Cell::Text).collect();
    format!("\u{feff}{}", csv_line(&cells))
}

fn workbook(kind: &Kind, columns: &[Column], allowed: &Words<'_>) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    let (bold, text) = (Format::new().set_bold(), Format::new().set_num_format("@"));
    let mut lists: Vec<&'static Vocabulary> = Vec::new();
    let mut sheet = Worksheet::new();
    sheet.set_name(kind.label.zh)?;
    sheet.set_freeze_panes(1, 0)?;
    for (index, column) in (0_u16..).zip(columns) {
        sheet.write_string_with_format(0, index, header(column), &bold)?;
        sheet.set_column_width(index, 16)?;
        if is_text(column.field) {
            sheet.set_column_format(index, &text)?;
        }
        if let Some(vocabulary) = vocabulary(&column.field.shape) {
            let at = lists.iter().position(|known| known.name == vocabulary.name).unwrap_or_else(|| {
                lists.push(vocabulary);
                lists.len() - 1
            });
            sheet.add_data_validation(1, index, ROWS, index, &drop_down(at, allowed.labels(vocabulary).len()))?;
        }
    }
    workbook.push_worksheet(sheet);
    workbook.push_worksheet(explained(kind, columns, allowed, &bold)?);
    workbook.push_worksheet(words(&lists, allowed)?);
    workbook.save_to_buffer()
}

/// Numbers that aren't counted with: kept as they are typed.
fn is_text(field: &Field) -> bool {
    matches!(field.shape, Shape::Text { .. } | Shape::Day | Shape::Instant | Shape::Area)
}

fn vocabulary(shape: &Shape) -> Option<&'static Vocabulary> {
    if let Shape::Word(vocabulary) = shape { Some(vocabulary) } else { None }
}

fn drop_down(list: usize, last: usize) -> DataValidation {
    let column = char::from(b'A' + u8::try_from(list % 26).unwrap_or_default());
    let prefix = list
        .checked_div(26)
        .filter(|times| *times > 0)
        .map(|times| char::from(b'A' + u8::try_from(times - 1).unwrap_or_default()));
    let column = prefix.into_iter().chain([column]).collect::<String>();
    let range = Formula::new(format!("=词表!${column}$1:${column}${last}"));
    DataValidation::new().allow_list_formula(range).ignore_blank(true)
}

/// The lists behind the drop-downs.
fn words(lists: &[&'static Vocabulary], allowed: &Words<'_>) -> Result<Worksheet, XlsxError> {
    let mut sheet = Worksheet::new();
    sheet.set_name("词表")?;
    sheet.set_hidden(true);
    for (column, vocabulary) in (0_u16..).zip(lists) {
        for (row, label) in (0_u32..).zip(allowed.labels(vocabulary)) {
            sheet.write_string(row, column, label)?;
        }
    }
    Ok(sheet)
}

/// The sheet that explains: a line a column, with what may be written and an example.
fn explained(kind: &Kind, columns: &[Column], allowed: &Words<'_>, bold: &Format) -> Result<Worksheet, XlsxError> {
    let mut sheet = Worksheet::new();
    sheet.set_name("填写说明")?;
    let example: Json = serde_json::from_str(kind.example).unwrap_or_default();
    for (column, title) in (0_u16..).zip(["列", "必填", "怎样填写", "可填词语", "例"]) {
        sheet.write_string_with_format(0, column, title, bold)?;
        sheet.set_column_width(column, 24)?;
    }
    for (row, column) in (1_u32..).zip(columns) {
        let field = column.field;
        sheet.write_string(row, 0, column.header(Language::Chinese))?;
        sheet.write_string(row, 1, if field.required { "是" } else { "" })?;
        sheet.write_string(row, 2, form(&field.shape))?;
        let words = vocabulary(&field.shape).map(|vocabulary| allowed.labels(vocabulary)).unwrap_or_default();
        sheet.write_string(row, 3, words.join("、"))?;
        sheet.write_string(row, 4, shown(column, &example))?;
    }
    Ok(sheet)
}

/// The form that a value has.
fn form(shape: &Shape) -> &'static str {
    match shape {
        Shape::Day => "日期，如 2020-02-03 或 2月3日",
        Shape::Instant => "日期和时间，如 2020-02-03 8:05",
        Shape::Boolean => "是 或 否",
        Shape::Decimal { .. } | Shape::Integer { .. } | Shape::Number { .. } => "数字",
        Shape::Word(_) => "从下拉列表中选择",
        Shape::List { .. } => "多项用分号隔开",
        Shape::Reference(_) => "名称或编号",
        Shape::Area => "区划名称或代码，如 大兴街道",
        _ => "文字",
    }
}

/// The example's value of a column, in words.
fn shown(column: &Column, example: &Json) -> String {
    let value = column.value(example);
    let word = |shape: &Shape, code: &str| {
        let known = vocabulary(shape).and_then(|vocabulary| vocabulary.find(code));
        known.map_or_else(|| code.to_owned(), |word| word.label.zh.to_owned())
    };
    match (value, column.field.shape) {
        (Json::Null, _) => String::new(),
        (Json::Bool(value), _) => if *value { "是" } else { "否" }.to_owned(),
        (Json::String(text), shape) => word(&shape, text),
        (Json::Array(items), Shape::List { of, .. }) => {
            items.iter().filter_map(Json::as_str).map(|code| word(of, code)).collect::<Vec<_>>().join("；")
        }
        (other, _) => other.to_string(),
    }
}
