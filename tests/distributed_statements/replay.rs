//! Statements that a database was told, from its log, with every value.

use std::collections::BTreeMap;

/// Settings of a database that let the log tell everything: of a test's own, for nothing in it is anybody's.
pub fn tell_all(database: &str) -> String {
    [
        ("log_statement", "all"),
        ("log_error_verbosity", "default"),
        ("log_parameter_max_length", "-1"),
        ("log_duration", "off"),
    ]
    .iter()
    .map(|(name, value)| format!("ALTER DATABASE {database} SET {name} = '{value}'"))
    .collect::<Vec<_>>()
    .join("; ")
}

/// Statements of each transaction that was committed, in the order of the commits, their values in the text.
pub fn transactions(log: &str) -> Vec<Vec<String>> {
    let mut open: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut done = Vec::new();
    let entries = entries(log);
    for (index, (pid, level, text)) in entries.iter().enumerate() {
        if *level != "LOG" {
            continue;
        }
        let statement = if let Some(simple) = text.strip_prefix("statement: ") {
            simple.to_owned()
        } else if let Some((_, prepared)) = text.strip_prefix("execute ").and_then(|text| text.split_once(": ")) {
            let detail = entries.get(index + 1).filter(|(of, level, _)| of == pid && *level == "DETAIL");
            filled(prepared, detail.map_or("", |(.., text)| text.as_str()))
        } else {
            continue;
        };
        let first = statement.split_whitespace().next().unwrap_or_default().to_uppercase();
        match first.trim_end_matches(';') {
            "BEGIN" => {
                open.insert(pid.clone(), Vec::new());
            }
            "COMMIT" => done.extend(open.remove(pid)),
            "ROLLBACK" => {
                open.remove(pid);
            }
            "SET" | "DISCARD" => {}
            _ => match open.get_mut(pid) {
                Some(statements) => statements.push(statement),
                None => done.push(vec![statement]),
            },
        }
    }
    done.retain(|statements| !statements.is_empty());
    done
}

/// Process, level and text of each entry.
fn entries(log: &str) -> Vec<(String, &str, String)> {
    let mut entries: Vec<(String, &str, String)> = Vec::new();
    for line in log.lines() {
        if let Some(more) = line.strip_prefix('\t') {
            if let Some((.., text)) = entries.last_mut() {
                text.push('\n');
                text.push_str(more);
            }
            continue;
        }
        let Some((head, rest)) = line.split_once("] ") else { continue };
        let Some((_, pid)) = head.rsplit_once('[') else { continue };
        let Some((level, text)) = rest.split_once(":  ") else { continue };
        entries.push((pid.to_owned(), level, text.to_owned()));
    }
    entries
}

/// A prepared statement with its values.
fn filled(sql: &str, detail: &str) -> String {
    let list = detail.split_once("arameters: ").map_or("", |(_, list)| list);
    let mut values = BTreeMap::new();
    let mut rest = list;
    while let Some((name, after)) = rest.split_once(" = ") {
        let length = if after.starts_with('\'') { quoted(after) } else { after.find(',').unwrap_or(after.len()) };
        values.insert(name.trim_start_matches(", ").trim().to_owned(), after[..length].to_owned());
        rest = &after[length..];
    }
    let mut text = String::new();
    let mut rest = sql;
    while let Some(at) = rest.find('$') {
        let length = 1 + rest[at + 1..].find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len() - at - 1);
        let name = &rest[at..at + length];
        text.push_str(&rest[..at]);
        text.push_str(values.get(name).map_or(name, String::as_str));
        rest = &rest[at + length..];
    }
    text + rest
}

/// Length of a quoted value, its quotes doubled within.
fn quoted(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match (bytes[at], bytes.get(at + 1)) {
            (b'\'', Some(b'\'')) => at += 2,
            (b'\'', _) => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}
