//! Preview of an import, as a table for the terminal.

use kit::field::Shape;
use kit::text::Language;
use serde_json::Value as Json;

use super::language::say;
use super::{client, grid};
use lianfang::exchange::files::columns::{Column, imported};
use lianfang::exchange::files::rows::{OwnLabels, Writing};
use lianfang::server::routes;

/// Columns, first records, faults and what would help.
pub fn table(told: &Json, kind: &str, language: Language) -> String {
    let kinds = routes::kinds();
    let known = kinds.kind(kind).map(|kind| imported(kind, &kinds)).unwrap_or_default();
    let mut lines: Vec<String> =
        list(told.pointer("/layout/sheets")).flat_map(|sheet| mapping(sheet, &known, language)).collect();
    for left in list(told.pointer("/layout/not_read")) {
        let not_read = say(language, "this sheet is not read", "未读取该工作表");
        lines.push(format!("{}: {not_read}: {}", text(left, "name"), reason(&text(left, "reason"), language)));
    }
    lines.extend(first(told, &known, language));
    for row in list(told.get("not_records")) {
        let place = place(row, row.get("line").unwrap_or(&Json::Null), language);
        let none = say(language, "no record", "非数据行");
        let reason = row.pointer("/reason/message").and_then(Json::as_str).unwrap_or_default();
        lines.push(format!("{place}: {none}: {reason}"));
    }
    lines.extend(list(told.get("faults")).flat_map(|row| faults(row, language)));
    if let Some(problem) = told.get("problem").filter(|problem| !problem.is_null()) {
        lines.push(format!("{}: {}", say(language, "It can't be imported", "无法导入"), client::problem(problem)));
    }
    lines.extend(advice(told, language));
    lines.push(format!(
        "{} {}, {} {}, {} {}",
        text(told, "rows"),
        say(language, "rows", "行"),
        text(told, "checked"),
        say(language, "checked", "条已校验"),
        text(told, "refused"),
        say(language, "refused", "条被拒绝")
    ));
    lines.join("\n")
}

/// Meanings of a sheet's columns, and how sure they are.
fn mapping(sheet: &Json, known: &[Column], language: Language) -> Vec<String> {
    let name = text(sheet, "name");
    let name =
        if name.is_empty() { String::new() } else { format!("{} {name}, ", say(language, "Sheet", "工作表")) };
    let shape = if text(sheet, "shape") == "wide" { say(language, ", a wide sheet", ",宽表") } else { "" };
    let header = text(sheet, "header_line");
    let mut lines = vec![match language {
        Language::English => format!("{name}header in line {header}{shape}"),
        Language::Chinese => format!("{name}表头在第 {header} 行{shape}"),
    }];
    let hidden = sheet.get("hidden_rows").and_then(Json::as_u64).unwrap_or(0);
    if hidden > 0 {
        lines.push(format!("  {} {hidden}", say(language, "hidden rows, read like the others:", "隐藏行(照常读取):")));
    }
    let headings =
        [say(language, "Column", "列"), say(language, "taken for", "对应字段"), say(language, "how sure", "依据")];
    let mut rows = vec![headings.map(str::to_owned).to_vec()];
    for column in list(sheet.get("columns")) {
        let (field, used) = (text(column, "field"), used(&text(column, "use"), language));
        let axis = text(column, "axis");
        let (meaning, sure) = match (field.is_empty(), text(column, "proposal").as_str()) {
            (false, _) => {
                let label = label(&field, known, language);
                let axis = if axis.is_empty() { String::new() } else { format!(" [{axis}]") };
                (format!("{label}{axis}"), certainty(&text(column, "certainty"), language).to_owned())
            }
            (true, "") => (used.to_owned(), String::new()),
            (true, proposal) => (used.to_owned(), format!("{}?", label(proposal, known, language))),
        };
        rows.push(vec![text(column, "header"), meaning, sure]);
    }
    for constant in list(sheet.get("constants")) {
        let value = constant.get("text").and_then(Json::as_str).unwrap_or("…");
        let field = label(&text(constant, "field"), known, language);
        rows.push(vec![say(language, "(all rows)", "(所有行)").to_owned(), field, format!("= {value}")]);
    }
    lines.extend(grid::lines(&rows));
    lines
}

/// The first records as they would be stored: a row each, a column for what any of them says.
fn first(told: &Json, known: &[Column], language: Language) -> Vec<String> {
    let records: Vec<&Json> = list(told.get("first")).collect();
    if records.is_empty() {
        return Vec::new();
    }
    let body = |record: &Json| record.get("record").cloned().unwrap_or(Json::Null);
    let constant = |name: &str| {
        let sheets = list(told.pointer("/layout/sheets"));
        sheets.flat_map(|sheet| list(sheet.get("constants"))).any(|constant| text(constant, "field") == name)
    };
    // Ids, and what is the same in all rows and told above, tell nobody anything here.
    let said = |column: &&Column| {
        !matches!(column.field.shape, Shape::Id)
            && !constant(&column.name())
            && records.iter().any(|record| !column.value(&body(record)).is_null())
    };
    let shown: Vec<&Column> = known.iter().filter(said).take(MOST_COLUMNS).collect();
    let zone = chrono_tz::Asia::Shanghai;
    let writing = Writing { language, words: true, zone, own: OwnLabels::default() };
    let mut headings = vec![say(language, "Line", "行").to_owned(), say(language, "outcome", "结果").to_owned()];
    headings.extend(shown.iter().map(|column| column.header(language)));
    let (mut rows, mut warnings) = (vec![headings], Vec::new());
    for record in records {
        let line = record.pointer("/lines/0").unwrap_or(&Json::Null);
        let place = place(record, line, language);
        let json = body(record);
        let cell = |column: &&Column| writing.text(&column.field.shape, column.value(&json));
        let mut row = vec![place.clone(), outcome(&text(record, "outcome"), language).to_owned()];
        row.extend(shown.iter().map(cell));
        rows.push(row);
        warnings.extend(list(record.get("warnings")).map(|warning| format!("{place}: {}", fault(warning))));
    }
    let title = say(language, "The first records as they would be stored:", "前几条将这样登记:").to_owned();
    [title].into_iter().chain(grid::lines(&rows)).chain(warnings).collect()
}

/// Columns of records that a terminal has room for.
const MOST_COLUMNS: usize = 10;

/// Name of a field for people.
fn label(name: &str, known: &[Column], language: Language) -> String {
    let found = known.iter().find(|column| column.name() == name).map(|column| column.header(language));
    found.unwrap_or_else(|| match name {
        "day" => say(language, "day", "日期").to_owned(),
        "external_id" => say(language, "external id", "外部编号").to_owned(),
        other => other.to_owned(),
    })
}

fn certainty(word: &str, language: Language) -> &'static str {
    match word {
        "given" => say(language, "as you said", "按指定"),
        "exact" => say(language, "its name", "名称一致"),
        "synonym" => say(language, "another name for it", "同义名称"),
        "stripped" => say(language, "without units and marks", "去除单位、标注后一致"),
        _ => say(language, "not sure", "不确定"),
    }
}

fn outcome(word: &str, language: Language) -> &'static str {
    match word {
        "created" => say(language, "new", "新增"),
        "same" => say(language, "there already", "已存在"),
        "skipped" => say(language, "there, other content", "已存在但不同"),
        _ => say(language, "refused", "拒绝"),
    }
}

/// Missing fields, and the options that would help.
fn advice(told: &Json, language: Language) -> Vec<String> {
    let texts = |name: &str| list(told.get(name)).map(|text| text.as_str().unwrap_or_default().to_owned());
    let missing = texts("missing").map(|name| format!("{}: {name}", say(language, "missing", "缺少")));
    let helpful = texts("parameters").map(|parameter| {
        let (kind, rest) = parameter.split_once('.').unwrap_or((&parameter, ""));
        format!("{}: --{kind} {rest}", say(language, "would help", "可用选项"))
    });
    missing.chain(helpful).collect()
}

/// Every fault of a row, a line each.
pub fn faults(row: &Json, language: Language) -> Vec<String> {
    let place = place(row, row.get("line").unwrap_or(&Json::Null), language);
    list(row.get("faults")).map(|told| format!("{place}: {}", fault(told))).collect()
}

/// Where a row stands: its line, and its sheet where there are several.
fn place(row: &Json, line: &Json, language: Language) -> String {
    let sheet = row.get("sheet").and_then(Json::as_str).map(|sheet| format!("{sheet}, ")).unwrap_or_default();
    match language {
        Language::English => format!("{sheet}line {line}"),
        Language::Chinese => format!("{sheet}第 {line} 行"),
    }
}

/// A fault or a warning: the column, or what the field is called, and the words.
fn fault(told: &Json) -> String {
    let places = ["column", "label", "pointer"].map(|name| text(told, name));
    let place = places.into_iter().find(|place| !place.is_empty());
    place.map(|place| format!("{place}: ")).unwrap_or_default() + &text(told, "message")
}

fn used(word: &str, language: Language) -> &'static str {
    match word {
        "noted" => say(language, "kept in the note", "记入备注"),
        "ignored" => say(language, "left out", "不导入"),
        _ => say(language, "refused", "拒绝"),
    }
}

fn reason(word: &str, language: Language) -> &'static str {
    match word {
        "hidden" => say(language, "it is hidden; --sheet reads it", "已隐藏,可用 --sheet 指定读取"),
        "empty" => say(language, "it is empty", "空表"),
        "not_asked" => say(language, "another one was asked for", "未指定"),
        _ => say(language, "no table was found in it", "未找到表格"),
    }
}

fn list(json: Option<&Json>) -> impl Iterator<Item = &Json> {
    json.and_then(Json::as_array).into_iter().flatten()
}

/// A member as text; nothing where there is none.
fn text(json: &Json, name: &str) -> String {
    match json.get(name) {
        Some(Json::String(text)) => text.clone(),
        None | Some(Json::Null) => String::new(),
        Some(other) => other.to_string(),
    }
}
