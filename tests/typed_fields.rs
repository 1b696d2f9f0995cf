//! Fields are named by handles that the compiler checks (`docs/decisions/10-typed-fields.md`).

use std::path::Path;

use regex::Regex;

use crate::layers::files;

/// Layers above the frame: they know which kinds there are, so they have a handle for every field.
const ABOVE_THE_FRAME: [&str; 4] = ["rooms", "server", "statistics", "commands"];

/// Calls that read or write a value by a name which nobody checks.
const BY_STRING: &str = r#"\.(text|decimal|integer|number|boolean|instant|day|id|json|codes|whole|bytes|list|set|take|has|clear|at|reference)\(\s*"[a-z_]+"|\.warn\(\s*&\w+,\s*"|(?:values|row|form|query|references|draft|record|former|next|claim)\.get\(\s*"[a-z_]+"|\.touches\(\s*"/"#;

/// Files that read JSON of others or rows of no kind, each with its reason.
const ALLOWED: [(&str, &str); 1] = [("commands/inspect.rs", "an answer of the service, as any client reads it")];

#[test]
fn no_field_is_named_by_a_string_above_the_frame() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("api");
    let by_string = Regex::new(BY_STRING).unwrap();
    let mut found = Vec::new();
    for layer in ABOVE_THE_FRAME {
        let mut paths = Vec::new();
        files(&root.join(layer), &mut paths);
        for path in paths.iter().filter(|path| !path.ends_with("tests.rs")) {
            let name = path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
            let source = std::fs::read_to_string(path).unwrap();
            let source = source.split("#[cfg(test)]\nmod ").next().unwrap();
            if ALLOWED.iter().all(|(file, _)| *file != name) {
                found.extend(by_string.find_iter(source).map(|call| format!("{name} -> {}", call.as_str())));
            }
        }
    }
    assert!(found.is_empty(), "{} accessors by a string:\n{}", found.len(), found.join("\n"));
}
