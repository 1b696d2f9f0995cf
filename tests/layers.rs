//! The layers of the house: each file names only what stands below it (`docs/architecture.md`).

use std::path::{Path, PathBuf};

use regex::Regex;

/// Layers from the ground up, each with those beside it that it may name. The packages `kit` and `ledger` stand below:
/// they can't name anything above them, or nothing would build.
const LAYERS: [(&str, u8, &[&str]); 7] = [
    ("platform", 0, &[]),
    ("records", 1, &[]),
    ("exchange", 2, &[]),
    ("integrity", 2, &[]),
    ("statistics", 2, &["exchange", "integrity"]),
    ("rooms", 3, &[]),
    ("server", 4, &[]),
];

/// Themes, each with those that it may name.
const THEMES: [(&str, &[&str]); 10] = [
    ("accounts", &["duties", "registers"]),
    ("checkpoints", &["duties", "observation", "registers"]),
    ("duties", &["checkpoints", "observation", "registers", "supply", "volunteers"]),
    ("observation", &["checkpoints", "duties", "registers"]),
    ("prevention", &["registers"]),
    ("registers", &["duties", "observation"]),
    ("relief", &["supply"]),
    ("reports", &["duties", "supply", "volunteers"]),
    ("supply", &["duties", "observation", "registers"]),
    ("volunteers", &["duties", "registers"]),
];

pub fn files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Every file of the house, by its path below `api/`.
pub fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("api");
    let mut all = Vec::new();
    files(&root, &mut all);
    let path = |file: &Path| file.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
    all.iter().map(|file| (path(file), std::fs::read_to_string(file).unwrap())).collect()
}

/// Whether a file of the first layer, and theme, may name something of the second.
fn may_name(from: &[&str], to: &[&str]) -> bool {
    let layer = |name: &str| *LAYERS.iter().find(|(layer, ..)| *layer == name).unwrap_or_else(|| panic!("no {name}"));
    if from[0] != to[0] {
        let (from, to) = (layer(from[0]), layer(to[0]));
        return to.1 < from.1 || from.2.contains(&to.0);
    }
    let theme = |name: &str| THEMES.iter().find(|(theme, _)| *theme == name).map(|(_, known)| *known);
    match (from[0], theme(from[1])) {
        ("rooms", Some(known)) => from[1] == to[1] || known.contains(&to[1]),
        _ => true,
    }
}

#[test]
fn every_file_names_only_what_stands_below_it() {
    let named = Regex::new(r"crate::(\w+)(?:::(\w+))?").unwrap();
    let (mut arrows, mut looked_at) = (Vec::new(), 0);
    for (relative, text) in sources() {
        let place: Vec<&str> = relative.trim_end_matches(".rs").split('/').chain(["", ""]).collect();
        if !LAYERS.iter().any(|(layer, ..)| *layer == place[0]) {
            continue;
        }
        looked_at += 1;
        // A file's own tests may ask the whole house.
        let own = text.split("#[cfg(test)]").next().unwrap();
        for name in named.captures_iter(own) {
            let to = [&name[1], name.get(2).map_or("", |part| part.as_str())];
            if !may_name(&place, &to) {
                arrows.push(format!("{relative} -> {}", &name[0]));
            }
        }
    }
    assert!(looked_at > 300, "{looked_at}");
    assert_eq!(arrows, Vec::<String>::new());
}

#[test]
fn an_arrow_upwards_is_told() {
    assert!(may_name(&["rooms", "relief"], &["records", "list"]));
    assert!(may_name(&["statistics", "tag"], &["integrity", "recount"]));
    assert!(!may_name(&["records", "list"], &["rooms", "registers"]));
    assert!(!may_name(&["exchange", "files"], &["statistics", "sheet"]));
    assert!(!may_name(&["rooms", "prevention"], &["rooms", "volunteers"]));
}
