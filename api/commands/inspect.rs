//! What an import would do, as a table for the terminal.

use serde_json::Value as Json;

/// Columns, first records, faults and what would help.
pub fn table(told: &Json) -> String {
    let mut lines = Vec::new();
    let list = |json: Option<&Json>| json.and_then(Json::as_array).cloned().unwrap_or_default();
    for sheet in list(told.pointer("/layout/sheets")) {
        let name = text(&sheet, "name");
        let name = if name.is_empty() { String::new() } else { format!("Sheet {name}, ") };
        lines.push(format!("{name}header in line {}", text(&sheet, "header_line")));
        for column in list(sheet.get("columns")) {
            let field = text(&column, "field");
            let meaning = match (field.is_empty(), text(&column, "proposal").as_str()) {
                (false, _) => format!("{field} ({})", text(&column, "certainty")),
                (true, "") => text(&column, "use"),
                (true, proposal) => format!("{}; {proposal}?", text(&column, "use")),
            };
            lines.push(format!("  {:<24} {meaning}", text(&column, "header").replace('\n', " ")));
        }
        for constant in list(sheet.get("constants")) {
            lines.push(format!(
                "  all rows: {} = {}",
                text(&constant, "field"),
                constant.get("text").and_then(Json::as_str).unwrap_or("…")
            ));
        }
    }
    for left in list(told.pointer("/layout/not_read")) {
        lines.push(format!("Sheet {} is not read: {}", text(&left, "name"), text(&left, "reason")));
    }
    for record in list(told.get("first")) {
        lines.push(format!(
            "line {}: {} {}",
            record.pointer("/lines/0").unwrap_or(&Json::Null),
            text(&record, "outcome"),
            record.get("record").unwrap_or(&Json::Null)
        ));
        for warning in list(record.get("warnings")) {
            lines.push(format!("  {}: {}", text(&warning, "column"), text(&warning, "message")));
        }
    }
    for row in list(told.get("not_records")) {
        lines.push(format!(
            "line {}: no record: {}",
            text(&row, "line"),
            row.pointer("/reason/message").and_then(Json::as_str).unwrap_or_default()
        ));
    }
    for row in list(told.get("faults")) {
        for fault in list(row.get("faults")) {
            lines.push(format!("line {}: {} {}", text(&row, "line"), text(&fault, "column"), text(&fault, "message")));
        }
    }
    if let Some(problem) = told.get("problem").filter(|problem| !problem.is_null()) {
        lines.push(format!("It can't be imported: {}", text(problem, "detail")));
    }
    for name in list(told.get("missing")) {
        lines.push(format!("missing: {}", name.as_str().unwrap_or_default()));
    }
    for parameter in list(told.get("parameters")) {
        let parameter = parameter.as_str().unwrap_or_default();
        let (kind, rest) = parameter.split_once('.').unwrap_or((parameter, ""));
        lines.push(format!("would help: --{kind} {rest}"));
    }
    lines.push(format!(
        "{} rows, {} checked, {} refused",
        text(told, "rows"),
        text(told, "checked"),
        text(told, "refused")
    ));
    lines.join("\n")
}

/// A member as text; nothing where there is none.
fn text(json: &Json, name: &str) -> String {
    match json.get(name) {
        Some(Json::String(text)) => text.clone(),
        None | Some(Json::Null) => String::new(),
        Some(other) => other.to_string(),
    }
}
