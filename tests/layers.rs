//! The layers of the house: each file names only what stands below it (`docs/architecture.md`).

use std::collections::BTreeSet;
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
const THEMES: [(&str, &[&str]); 25] = [
    ("accounts", &["duties", "registers"]),
    ("attachments", &[]),
    ("bulletins", &["registers"]),
    ("checkpoints", &["duties", "observation", "registers"]),
    ("communities", &["duties", "observation", "registers"]),
    ("compounds", &["duties", "registers"]),
    (
        "duties",
        &[
            "checkpoints",
            "communities",
            "compounds",
            "households",
            "justice",
            "observation",
            "registers",
            "reporting",
            "supervision",
            "supply",
            "venues",
            "volunteers",
        ],
    ),
    ("households", &["checkpoints", "duties", "observation", "registers"]),
    ("justice", &["checkpoints", "duties", "registers", "units"]),
    ("notifications", &["duties"]),
    ("observation", &["checkpoints", "duties", "registers"]),
    ("prevention", &["registers", "supervision"]),
    ("registers", &["duties", "observation"]),
    ("relief", &["supply"]),
    ("reporting", &["duties", "registers"]),
    ("reports", &["duties", "supply", "volunteers"]),
    ("retention", &[]),
    ("supervision", &["duties", "registers"]),
    ("supply", &["duties", "observation", "registers"]),
    ("travel", &["checkpoints", "registers"]),
    ("units", &["registers"]),
    ("venues", &["duties", "observation", "registers"]),
    ("volunteers", &["duties", "registers"]),
    ("webhooks", &["duties"]),
    ("youth", &["registers"]),
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

/// Modules that a theme opens as they are, for their names need it in front (`duty::settle`, `wire::STATE`). All else goes
/// through the `pub use` of its `mod.rs`: its modules are private, so nothing else builds.
const OPEN: [(&str, &[&str]); 4] = [
    ("accounts", &["operator", "users"]),
    ("duties", &["duty", "pass", "summary", "wire"]),
    ("observation", &["own_cases"]),
    ("supply", &["commodities", "stock_movements"]),
];

#[test]
fn a_theme_is_named_through_its_front() {
    let open = Regex::new(r"(?m)^pub mod (\w+);").unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("api/rooms");
    for (theme, _) in THEMES {
        let front = std::fs::read_to_string(root.join(theme).join("mod.rs")).unwrap();
        let opened: Vec<&str> = open.captures_iter(&front).map(|found| found.get(1).unwrap().as_str()).collect();
        let allowed = OPEN.iter().find(|(name, _)| *name == theme).map_or(&[][..], |(_, modules)| modules);
        assert_eq!(opened, allowed, "{theme}");
    }
}

/// Names of kinds that a lower layer spells nevertheless: file, kind, reason.
const SPELLED: [(&str, &str, &str); 11] = [
    ("platform/access/accounts.rs", "organizations", "a grant may be of an organisation and of those below it"),
    ("platform/access/accounts.rs", "places", "whoever is of a bureau that watches places sees more"),
    (
        "platform/access/organization_tree.rs",
        "organizations",
        "a grant may be of an organisation and of those below it",
    ),
    ("platform/audit/routes.rs", "people", "an example in the document"),
    ("records/envelope.rs", "organizations", "each record belongs to one"),
    ("records/envelope.rs", "places", "figures are counted by place"),
    ("exchange/export_requests/mod.rs", "people", "an example in the document"),
    ("exchange/export_requests/routes.rs", "people", "an example in the document"),
    ("exchange/imports/answer.rs", "screenings", "an example in the document"),
    ("exchange/sync/routes.rs", "screenings", "an example in the document"),
    ("exchange/sync/wire.rs", "screenings", "an example in the document"),
];

/// How the code means a kind in a text: its name, one of its verbs, or its table or itself in a statement.
fn spelling(kind: &str) -> Regex {
    let table = format!(r"(?:FROM|JOIN|INTO|UPDATE|TABLE) {kind}(?:[ ,;)]|$)");
    Regex::new(&format!(r"^{kind}(?:\.[a-z_]+)?$|{table}|[^>]'{kind}(?:\.[a-z_]+)?'")).unwrap()
}

/// Names of a room's kinds no lower layer may know by heart: it would have to be changed with the room.
#[test]
fn no_lower_layer_spells_a_kind_of_a_room() {
    const LOWER: [&str; 7] = ["kit", "ledger", "platform", "records", "exchange", "integrity", "statistics"];
    // A literal before a colon is a member of JSON.
    let literal = Regex::new(r#"(?s)'\\?"'|"((?:[^"\\]|\\.)*)"(:?)"#).unwrap();
    let comment = Regex::new(r"(?m)^\s*//.*$").unwrap();
    let kinds = lianfang::server::routes::KINDS.iter().map(|kind| kind.name);
    let kinds: Vec<(&str, Regex)> = kinds.map(|kind| (kind, spelling(kind))).collect();
    let mut spelled = BTreeSet::new();
    for (file, text) in sources().into_iter().filter(|(file, _)| LOWER.contains(&file.split('/').next().unwrap())) {
        let own = comment.replace_all(text.split("#[cfg(test)]").next().unwrap(), "").into_owned();
        for found in literal.captures_iter(&own).filter(|found| found.get(2).is_some_and(|colon| colon.is_empty())) {
            let known = kinds.iter().filter(|(kind, spelling)| found[1].contains(kind) && spelling.is_match(&found[1]));
            spelled.extend(known.map(|(kind, _)| (file.clone(), (*kind).to_owned())));
        }
    }
    let excused = SPELLED.iter().map(|(file, kind, _)| ((*file).to_owned(), (*kind).to_owned())).collect();
    assert_eq!(spelled, excused, "found, and excused");
}

#[test]
fn a_spelled_kind_is_told() {
    let spelled = ["people", "people.reveal", "SELECT id FROM people AS p", " AND kind = 'people'", " JOIN people"];
    assert!(spelled.iter().all(|text| spelling("people").is_match(text)));
    let others = ["of more than 200 people", "a.details->'people'", "peoples", "FROM people_by_alias", "people in it"];
    assert!(others.iter().all(|text| !spelling("people").is_match(text)));
}

#[test]
fn an_arrow_upwards_is_told() {
    assert!(may_name(&["rooms", "relief"], &["records", "list"]));
    assert!(may_name(&["statistics", "tag"], &["integrity", "recount"]));
    assert!(!may_name(&["records", "list"], &["rooms", "registers"]));
    assert!(!may_name(&["exchange", "files"], &["statistics", "sheet"]));
    assert!(!may_name(&["rooms", "prevention"], &["rooms", "volunteers"]));
}
