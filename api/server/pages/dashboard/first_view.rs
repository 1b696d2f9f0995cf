//! The first view in one answer: the page with its style and the modules that it needs first. A phone on a bad network
//! waits half a second for each round of requests, and as files of their own they took three.
//!
//! Modules stay modules: each is wrapped into a function and gives out its exports by its name, in
//! `globalThis.firstView`. What is fetched later imports it by its own address, and is handed the same one there.

use std::sync::LazyLock;

use regex::{Captures, Regex};

/// Modules of the first view, each after those that it imports.
pub const MODULES: &[&str] = &[
    "texts/zh.js",
    "texts.js",
    "session.js",
    "state.js",
    "api.js",
    "dom.js",
    "figures.js",
    "bars.js",
    "doors.js",
    "coverage.js",
    "tabs/overview.js",
    "header.js",
    "shell.js",
    "main.js",
];

/// Lines by which a module imports, by which it gives out, and by which it imports when somebody asks.
static IMPORT: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"(?m)^import (?:\{ ([^}]*) \}|\* as (\w+)) from "\.{1,2}/([^"]+)";$"#).ok());
static EXPORT: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?m)^export ((?:async )?(?:function|const|class) (\w+))").ok());
static LATER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r#"\bimport\((["`])\.{1,2}/"#).ok());

/// The modules as one script, in a page of a version. `content` gives a file by its name.
pub fn script(content: impl Fn(&str) -> &'static str, version: &str) -> String {
    let mut script = String::from("const firstView = {};\nglobalThis.firstView = firstView;\n");
    for name in MODULES {
        let module = wrapped(content(name), version);
        script.push_str(&format!("firstView[\"{name}\"] = await (async () => {{\n{module}}})();\n"));
    }
    script
}

/// A module of the first view under its own address.
pub fn handed_on(name: &str, content: &str) -> String {
    format!("export const {{ {} }} = globalThis.firstView[\"{name}\"];\n", exports(content).join(", "))
}

fn wrapped(content: &str, version: &str) -> String {
    let (Some(import), Some(export), Some(later)) = (&*IMPORT, &*EXPORT, &*LATER) else { return String::new() };
    let content = import.replace_all(content, |found: &Captures<'_>| {
        let from = found.get(3).map_or("", |name| name.as_str());
        match (found.get(1), found.get(2)) {
            (Some(names), _) => {
                format!("const {{ {} }} = firstView[\"{from}\"];", names.as_str().replace(" as ", ": "))
            }
            (None, all) => format!("const {} = firstView[\"{from}\"];", all.map_or("", |name| name.as_str())),
        }
    });
    let names = exports(&content).join(", ");
    let content = export.replace_all(&content, "$1");
    let content = later.replace_all(&content, format!("import(${{1}}/dashboard/{version}/"));
    format!("{content}return {{ {names} }};\n")
}

fn exports(content: &str) -> Vec<String> {
    let Some(export) = &*EXPORT else { return Vec::new() };
    export.captures_iter(content).filter_map(|found| found.get(2)).map(|name| name.as_str().to_owned()).collect()
}
