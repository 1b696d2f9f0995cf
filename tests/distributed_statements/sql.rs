//! As much of a statement's grammar as the rules need: its words, its parts, and what each reads and writes.

use std::collections::{BTreeMap, BTreeSet};

/// Word of a statement: lower case outside quotes, quotes of identifiers taken off, texts kept with theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    pub text: String,
    /// Parentheses that are open around it.
    pub depth: usize,
    /// Its place in the statement, in bytes: where it begins and ends.
    pub span: (usize, usize),
}

/// Splits a statement into its words.
pub fn words(sql: &str) -> Vec<Word> {
    let (mut words, mut depth, mut rest) = (Vec::new(), 0_usize, sql);
    while let Some(first) = rest.chars().next() {
        let length = match first {
            _ if first.is_whitespace() => {
                rest = &rest[first.len_utf8()..];
                continue;
            }
            '\'' | '"' => rest[1..].find(first).map_or(rest.len(), |end| end + 2),
            '-' if rest.starts_with("--") => {
                rest = rest.split_once('\n').map_or("", |(_, after)| after);
                continue;
            }
            _ if first.is_alphanumeric() || first == '_' || first == '$' => {
                rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).unwrap_or(rest.len())
            }
            _ => first.len_utf8(),
        };
        let (word, after) = rest.split_at(length);
        if word == ")" {
            depth = depth.saturating_sub(1);
        }
        let text = match first {
            '"' => word.trim_matches('"').to_owned(),
            '\'' => word.to_owned(),
            _ => word.to_lowercase(),
        };
        let begins = sql.len() - rest.len();
        words.push(Word { text, depth, span: (begins, begins + length) });
        if word == "(" {
            depth += 1;
        }
        rest = after;
    }
    words
}

/// Part of a statement: one of its `WITH`, or what follows them.
#[derive(Debug)]
pub struct Part {
    /// Its name; empty for what follows.
    pub name: String,
    /// Names of its columns with their parentheses, where they are given.
    pub columns: (usize, usize),
    /// Whether its text looks at itself.
    pub recursive: bool,
    /// Whether it is run at its own place: it writes, or is kept, or is looked at more than once.
    pub stands: bool,
    pub words: Vec<Word>,
}

/// The parts of a statement, in their order.
pub fn parts(words: &[Word]) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut at = 0;
    let text = |at: usize| words.get(at).map_or("", |word| word.text.as_str());
    let mut recursive = false;
    if text(0) == "with" {
        at = 1;
        if text(at) == "recursive" {
            (recursive, at) = (true, at + 1);
        }
        loop {
            let name = text(at).to_owned();
            // Past the names of its columns, if there are any, to its AS.
            let Some(begins) = (at..words.len()).find(|index| words[*index].depth == 0 && text(*index) == "as") else {
                return parts;
            };
            let kept = text(begins + 1) == "materialized";
            let Some(opens) = (begins..words.len()).find(|index| text(*index) == "(") else { return parts };
            let Some(closes) = (opens..words.len()).find(|index| text(*index) == ")" && words[*index].depth == 0)
            else {
                return parts;
            };
            let body = words[opens + 1..closes].to_vec();
            let own = recursive && body.iter().any(|word| word.text == name);
            let writes = written(&body).is_some();
            let columns = (words[at].span.1, words[begins].span.0);
            parts.push(Part { name, columns, recursive: own, stands: kept || own || writes, words: body });
            at = closes + 1;
            if text(at) != "," {
                break;
            }
            at += 1;
        }
    }
    parts.push(Part {
        name: String::new(),
        columns: (0, 0),
        recursive: false,
        stands: true,
        words: words[at..].to_vec(),
    });
    let uses = |name: &str| -> usize {
        parts.iter().map(|part| sources(&part.words).iter().filter(|source| source.table == name).count()).sum()
    };
    let several: BTreeSet<String> =
        parts.iter().filter(|part| uses(&part.name) > 1).map(|part| part.name.clone()).collect();
    for part in &mut parts {
        part.stands |= several.contains(&part.name);
    }
    parts
}

/// Table or part that is read, with the name it goes by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub table: String,
    pub alias: String,
    /// Place of it among the words.
    pub at: usize,
}

const AFTER: [&str; 4] = ["from", "join", "using", "only"];
/// Words that follow a table without a name of its own.
const NO_ALIAS: [&str; 20] = [
    "where",
    "set",
    "on",
    "using",
    "join",
    "left",
    "right",
    "full",
    "inner",
    "cross",
    "order",
    "group",
    "limit",
    "for",
    "union",
    "returning",
    "select",
    "values",
    "natural",
    "offset",
];

/// Whatever stands after FROM, JOIN or USING, or goes on with a comma after one.
pub fn sources(words: &[Word]) -> Vec<Source> {
    let text = |at: usize| words.get(at).map_or("", |word| word.text.as_str());
    let mut sources: Vec<Source> = Vec::new();
    for at in 1..words.len() {
        let goes_on = text(at - 1) == "," && text(at + 1) == "as" && !text(at + 2).is_empty() && {
            // A comma of a FROM, not of a SELECT: the nearest clause word at its depth tells.
            let depth = words[at].depth;
            let clause = words[..at].iter().rev().take_while(|word| word.depth >= depth).find(|word| {
                word.depth == depth
                    && ["select", "from", "set", "returning", "by", "values", "where"].contains(&word.text.as_str())
            });
            clause.is_some_and(|word| word.text == "from")
        };
        let is_name = text(at).starts_with(|c: char| c.is_alphabetic() || c == '_');
        let calls = text(at + 1) == "(";
        let extracts = text(at - 1) == "from" && at >= 3 && is_extract(words, at - 1);
        if is_name && !calls && !extracts && (AFTER.contains(&text(at - 1)) || goes_on) && text(at) != "lateral" {
            let alias = match text(at + 1) {
                "as" => text(at + 2),
                other if other.starts_with(char::is_alphabetic) && !NO_ALIAS.contains(&other) => other,
                _ => text(at),
            };
            sources.push(Source { table: text(at).to_owned(), alias: alias.to_owned(), at });
        }
    }
    sources
}

/// Whether a FROM belongs to `extract(… FROM …)`, `substring`, `trim` or `IS DISTINCT FROM`.
fn is_extract(words: &[Word], from: usize) -> bool {
    if words.get(from - 1).is_some_and(|word| word.text == "distinct") {
        return true;
    }
    let depth = words[from].depth;
    let opens = words[..from].iter().rposition(|word| word.text == "(" && word.depth + 1 == depth);
    opens
        .and_then(|at| at.checked_sub(1))
        .is_some_and(|at| ["extract", "substring", "trim", "overlay", "position"].contains(&words[at].text.as_str()))
}

/// How a part writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Writing {
    pub table: String,
    pub alias: String,
    /// `insert`, `update` or `delete`.
    pub verb: String,
    /// Whether it meets rows that are there: everything but an INSERT that fails where there is one.
    pub meets: bool,
}

/// Writing of a part, if it writes.
pub fn written(words: &[Word]) -> Option<Writing> {
    let text = |at: usize| words.get(at).map_or("", |word| word.text.as_str());
    let place = match (text(0), text(1)) {
        ("insert", "into") | ("delete", "from") => 2,
        ("update", _) => 1,
        _ => return None,
    };
    let alias = match text(place + 1) {
        "as" => text(place + 2),
        _ => text(place),
    };
    let updates = words.windows(2).any(|pair| pair[0].text == "do" && pair[1].text == "update");
    Some(Writing {
        table: text(place).to_owned(),
        alias: alias.to_owned(),
        verb: text(0).to_owned(),
        meets: text(0) != "insert" || updates,
    })
}

/// Places at which each part is run, itself or within those that look at it: those of parts that don't stand go to them.
pub fn places(parts: &[Part]) -> BTreeMap<usize, BTreeSet<usize>> {
    let mut places: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    // From the end: whoever looks stands behind.
    for index in (0..parts.len()).rev() {
        let own = if parts[index].stands {
            BTreeSet::from([index])
        } else {
            let looks = |later: &usize| sources(&parts[*later].words).iter().any(|s| s.table == parts[index].name);
            (index + 1..parts.len()).filter(looks).flat_map(|later| places[&later].clone()).collect()
        };
        places.insert(index, own);
    }
    places
}
