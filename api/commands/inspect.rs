//! What an import would do, as a table for the terminal.

use kit::text::Language;
use serde_json::Value as Json;

use super::client;
use super::language::say;

/// Columns, first records, faults and what would help.
pub fn table(told: &Json, language: Language) -> String {
    let mut lines: Vec<String> =
        list(told.pointer("/layout/sheets")).flat_map(|sheet| columns(sheet, language)).collect();
    for left in list(told.pointer("/layout/not_read")) {
        let not_read = say(language, "this sheet is not read", "未读取该工作表");
        lines.push(format!("{}: {not_read}: {}", text(left, "name"), reason(&text(left, "reason"), language)));
    }
    for record in list(told.get("first")) {
        let line = record.pointer("/lines/0").unwrap_or(&Json::Null);
        let (place, outcome) = (place(record, line, language), text(record, "outcome"));
        lines.push(format!("{place}: {outcome} {}", record.get("record").unwrap_or(&Json::Null)));
        lines.extend(list(record.get("warnings")).map(|warning| format!("  {}", fault(warning))));
    }
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

/// What a sheet's columns are taken for.
fn columns(sheet: &Json, language: Language) -> Vec<String> {
    let name = text(sheet, "name");
    let name =
        if name.is_empty() { String::new() } else { format!("{} {name}, ", say(language, "Sheet", "工作表")) };
    let mut lines =
        vec![format!("{name}{} {}", say(language, "header in line", "表头在第几行:"), text(sheet, "header_line"))];
    let hidden = sheet.get("hidden_rows").and_then(Json::as_u64).unwrap_or(0);
    if hidden > 0 {
        lines.push(format!("  {} {hidden}", say(language, "hidden rows, read like the others:", "隐藏行(照常读取):")));
    }
    for column in list(sheet.get("columns")) {
        let (field, used) = (text(column, "field"), used(&text(column, "use"), language));
        let meaning = match (field.is_empty(), text(column, "proposal").as_str()) {
            (false, _) => format!("{field} ({})", text(column, "certainty")),
            (true, "") => used.to_owned(),
            (true, proposal) => format!("{used}; {proposal}?"),
        };
        lines.push(format!("  {:<24} {meaning}", text(column, "header").replace('\n', " ")));
    }
    for constant in list(sheet.get("constants")) {
        let value = constant.get("text").and_then(Json::as_str).unwrap_or("…");
        lines.push(format!("  {}: {} = {value}", say(language, "all rows", "所有行"), text(constant, "field")));
    }
    lines
}

/// What is missing, and the options that would help.
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
