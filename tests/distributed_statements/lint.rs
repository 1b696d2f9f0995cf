//! The rules that a statement must keep to mean the same on an engine that spreads districts over servers.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::OnceLock;

use super::sql::{Part, Source, Word, parts, places, sources, words, written};

/// Rule that is broken, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub rule: Rule,
    pub about: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// A part of a statement reads what another part wrote before it.
    SeesAnotherPart,
    /// A table of districts is asked without its district.
    NoDistrict,
    /// A function that differs from call to call, in what changes rows.
    Volatile,
    /// A function that may depend on settings, in what changes rows that are there.
    OfSettings,
    /// A CASE of a value, in what changes rows that are there.
    CaseOfValue,
    /// A table of the whole service is changed by what a table of districts has, or leads an outer join to one.
    AccountsWithDistricts,
    /// A setting for the session: it isn't told to the servers behind.
    SessionSetting,
    /// A statement that goes round and writes.
    RoundAndWrites,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self.rule {
            Rule::SeesAnotherPart => {
                "parts of one statement are run one after the other there and see each other's rows: read before anything \
                 is written (AS MATERIALIZED, or the writing part last), or tell former rows by `revision <`"
            }
            Rule::NoDistrict => {
                "name `district_code =` of this table, so that one server is asked; or list it in OVER_ALL with its reason"
            }
            Rule::Volatile => "use statement_timestamp() or a bound value: each server would make another one",
            Rule::OfSettings => "refused there over columns: jsonb_set() and a text cast to jsonb depend on nothing",
            Rule::CaseOfValue => "sent on as text it compares a value with a truth there: CASE WHEN value = …",
            Rule::AccountsWithDistricts => "ask the table of districts first and bind what it said",
            Rule::RoundAndWrites => "refused there: what goes round stands within a part of its own, which only reads",
            Rule::SessionSetting => "SET LOCAL within the transaction, or list it in SETTINGS with its reason",
        };
        write!(f, "{:?}: {}: {why}", self.rule, self.about)
    }
}

/// Tables by whether they have a district.
pub struct Tables {
    pub of_districts: BTreeSet<String>,
    pub of_all: BTreeSet<String>,
}

/// The tables that the migrations make. `the_lists_name_what_there_is` compares them with a database.
pub fn tables() -> &'static Tables {
    static TABLES: OnceLock<Tables> = OnceLock::new();
    TABLES.get_or_init(|| {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
        let mut tables = Tables { of_districts: BTreeSet::new(), of_all: BTreeSet::new() };
        let mut folders: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        folders.sort();
        for folder in folders {
            let text = std::fs::read_to_string(folder.join("up.sql")).unwrap_or_default();
            for made in text.split("CREATE TABLE ").skip(1) {
                let Some((name, columns)) = made.split_once('(') else { continue };
                let columns = columns.split(";").next().unwrap_or_default();
                let of_district = columns.contains("district_code text");
                let list = if of_district { &mut tables.of_districts } else { &mut tables.of_all };
                list.insert(name.replace("IF NOT EXISTS", "").trim().to_owned());
            }
            for dropped in text.split("DROP TABLE ").skip(1) {
                let name = dropped.split(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or_default();
                tables.of_districts.remove(name);
                tables.of_all.remove(name);
            }
        }
        tables
    })
}

/// Statements that ask all districts on purpose: what they have in them, and why.
pub const OVER_ALL: &[(&str, &str)] = &[
    ("WHERE true", BY_EACH),
    ("AND true", BY_EACH),
    ("DELETE FROM idempotency_keys WHERE created_at <", SWEPT),
    ("DELETE FROM held_items WHERE expires_at <", SWEPT),
    ("DELETE FROM sync_conflicts WHERE found_at <", SWEPT),
    ("DELETE FROM webhook_deliveries WHERE attempted_at <", SWEPT),
    ("USING imports AS i WHERE f.district_code = i.district_code", SWEPT),
    (
        "SELECT district_code FROM district_clocks WHERE last_no > 0 ORDER BY district_code",
        "a recount by a new release, before anything is served",
    ),
    ("SELECT district_code, last_no FROM district_clocks WHERE last_no > 0", "the owner, at a migration"),
    ("FROM webhook_endpoints AS e JOIN district_clocks", WORKER),
    ("FROM price_rules AS r LEFT JOIN price_rule_reviews", WORKER),
    ("FROM calendar_tokens", "the secret address of a calendar names no district"),
    ("SELECT district_code, last_no, head FROM district_clocks ORDER BY district_code", VERIFY),
    ("SELECT e.district_code, e.first_no FROM ledger_entries AS e WHERE NOT EXISTS", VERIFY),
    (
        "SELECT o.id, o.name, o.area_code FROM organizations AS o",
        "an operator names an organisation at the command line",
    ),
];
const BY_EACH: &str = "`over_all`: where one is away, each is asked by itself";
const SWEPT: &str = "swept once an hour: what is away is swept when it is back";
const WORKER: &str = "a worker's look: what is away waits";
const VERIFY: &str = "`lianfang verify` proves all of them";

/// Two parts of which one meets what the other wrote, and that come to the same in whatever order. Each is run both
/// ways by a test.
pub const IN_ANY_ORDER: &[(&str, &str, &str)] =
    &[("survey_standings", "away", "away takes targets that put doesn't write: those that aren't computed any more")];

/// Session settings, and why they may stand.
pub const SETTINGS: &[(&str, &str)] = &[(
    "lianfang.sight",
    "the second wall on one server; where there are several it is told by SET LOCAL (`kit/link.rs`)",
)];

/// Functions that PostgreSQL holds to depend on settings.
const OF_SETTINGS: &[&str] = &[
    "jsonb_build_object",
    "jsonb_build_array",
    "to_jsonb",
    "to_json",
    "concat",
    "concat_ws",
    "format",
    "to_char",
    "convert_from",
];

const VOLATILE: [&str; 6] = ["clock_timestamp", "random", "gen_random_uuid", "nextval", "timeofday", "uuidv7"];

/// The faults of a statement.
pub fn judge(sql: &str) -> Vec<Fault> {
    let words = words(sql);
    let parts = parts(&words);
    let mut faults = Vec::new();
    sees_another_part(&parts, &mut faults);
    no_district(sql, &parts, &mut faults);
    volatile(&parts, &mut faults);
    accounts_with_districts(&parts, &mut faults);
    session_setting(sql, &words, &mut faults);
    if sql.trim_start().starts_with("WITH RECURSIVE")
        && let Some(own) = parts.iter().find_map(|part| written(&part.words))
    {
        faults.push(Fault { rule: Rule::RoundAndWrites, about: own.table });
    }
    faults
}

fn is_name(parts: &[Part], name: &str) -> bool {
    parts.iter().any(|part| part.name == name)
}

fn sees_another_part(parts: &[Part], faults: &mut Vec<Fault>) {
    let places = places(parts);
    let mut wrote: BTreeMap<usize, String> = BTreeMap::new();
    for (index, part) in parts.iter().enumerate() {
        wrote.extend(written(&part.words).map(|writing| (index, writing.table)));
    }
    for (index, part) in parts.iter().enumerate() {
        let own = written(&part.words);
        let mut reads: BTreeSet<String> = sources(&part.words).into_iter().map(|source| source.table).collect();
        reads.extend(own.iter().filter(|own| own.meets).map(|own| own.table.clone()));
        // Its own writing of a table is no other part's.
        for (first, table) in &wrote {
            let after = places[&index].iter().any(|place| place > first);
            if *first == index || !after || !reads.contains(table) || is_name(parts, table) {
                continue;
            }
            let told_apart = part
                .words
                .windows(3)
                .any(|three| three[0].text == "." && three[1].text == "revision" && three[2].text == "<");
            let listed = IN_ANY_ORDER.iter().any(|(of, name, _)| of == table && *name == part.name);
            if !told_apart && !listed {
                let by = if part.name.is_empty() { "what follows" } else { part.name.as_str() };
                let about = format!("{by} meets rows of {table} that {} wrote", parts[*first].name);
                faults.push(Fault { rule: Rule::SeesAnotherPart, about });
            }
        }
    }
}

fn no_district(sql: &str, parts: &[Part], faults: &mut Vec<Fault>) {
    if OVER_ALL.iter().any(|(has, _)| sql.contains(has)) {
        return;
    }
    let pinned = parts.iter().any(|part| is_pinned(&part.words));
    for part in parts {
        let own = written(&part.words).filter(|own| own.verb != "insert");
        let own = own.map(|own| Source { table: own.table, alias: own.alias, at: 2 });
        let read: Vec<Source> = sources(&part.words)
            .into_iter()
            .filter(|source| own.as_ref().is_none_or(|own| source.at != own.at || own.table != source.table))
            .collect();
        let all: Vec<&Source> = own.iter().chain(&read).collect();
        for source in &all {
            if !tables().of_districts.contains(&source.table) || is_name(parts, &source.table) {
                continue;
            }
            if !pinned || !names_district(&part.words, &source.alias, all.len() == 1) {
                faults.push(Fault { rule: Rule::NoDistrict, about: format!("{} AS {}", source.table, source.alias) });
            }
        }
    }
}

/// Whether a district is named by a value, not only by another table's.
fn is_pinned(words: &[Word]) -> bool {
    let text = |at: usize| words.get(at).map_or("", |word| word.text.as_str());
    let is_value = |at: usize| text(at).starts_with('$') || text(at).starts_with('\'') || text(at) == "any";
    (0..words.len()).filter(|at| text(*at) == "district_code").any(|at| {
        let behind = text(at + 1) == "=" && is_value(at + 2);
        let first = if at >= 2 && text(at - 1) == "." { at - 2 } else { at };
        behind || (first >= 2 && text(first - 1) == "=" && is_value(first - 2))
    })
}

/// Whether `alias.district_code` stands beside an equals sign, or a bare one where there is one table only.
fn names_district(words: &[Word], alias: &str, alone: bool) -> bool {
    let text = |at: usize| words.get(at).map_or("", |word| word.text.as_str());
    // A query that gives everything out to one around it, which names its district.
    let gives_all = (2..words.len()).any(|at| {
        let select = words[..at].iter().rposition(|word| word.depth == words[at].depth && word.text == "select");
        text(at) == "from" && text(at + 1) == alias && select.is_some_and(|select| text(select + 1) == "*")
    });
    if gives_all && outer_is_pinned(words) {
        return true;
    }
    let equals = |before: &str, at: usize| before == "=" || text(at + 1) == "=" || text(at + 1) == "in";
    let before = |at: usize| at.checked_sub(1).map_or("", text);
    (0..words.len()).filter(|at| text(*at) == "district_code").any(|at| {
        let qualified = before(at) == ".";
        let out = qualified && text(at - 2) == alias && (text(at + 1) == "," || text(at + 1) == "from");
        if out && outer_is_pinned(words) {
            return true;
        }
        if qualified {
            let named = at.checked_sub(2).is_some_and(|at| text(at) == alias);
            return named && equals(at.checked_sub(3).map_or("", text), at);
        }
        // `USING (district_code, …)` joins by it.
        let joined = words[..at].iter().rev().take_while(|word| word.depth == words[at].depth).count();
        let using = at >= joined + 2 && text(at - joined - 2) == "using";
        using || (alone || unqualified(words, at, alias)) && equals(before(at), at)
    })
}

/// Whether a query that stands within another one has its district named by that one.
fn outer_is_pinned(words: &[Word]) -> bool {
    let text = |at: usize| words.get(at).map_or("", |word| word.text.as_str());
    let derived: BTreeSet<&str> =
        (0..words.len()).filter(|at| text(*at) == ")" && text(at + 1) == "as").map(|at| text(at + 2)).collect();
    (2..words.len()).any(|at| {
        text(at) == "district_code"
            && text(at - 1) == "."
            && derived.contains(text(at - 2))
            && text(at + 1) == "="
            && text(at + 2).starts_with('$')
    })
}

/// Whether a bare column can only be this table's: the nearest FROM at its depth has it alone.
fn unqualified(words: &[Word], at: usize, alias: &str) -> bool {
    let depth = words[at].depth;
    let from = words[..at].iter().enumerate().rev().take_while(|(_, word)| word.depth >= depth);
    let nearest = from
        .filter(|(_, word)| word.depth == depth)
        .find(|(_, word)| ["from", "update", "into"].contains(&word.text.as_str()));
    nearest.is_some_and(|(place, _)| {
        let within: Vec<&Word> = words[place..at].iter().collect();
        within.iter().any(|word| word.depth == depth && word.text == alias)
    })
}

fn volatile(parts: &[Part], faults: &mut Vec<Fault>) {
    for part in parts.iter().filter(|part| written(&part.words).is_some_and(|own| own.meets)) {
        for pair in part.words.windows(2) {
            if VOLATILE.contains(&pair[0].text.as_str()) && pair[1].text == "(" {
                let about = format!("{}() in {}", pair[0].text, part.words[0].text);
                faults.push(Fault { rule: Rule::Volatile, about });
            }
        }
    }
    let changes = |part: &&Part| written(&part.words).is_some_and(|own| own.verb != "insert");
    for part in parts.iter().filter(changes) {
        for pair in part.words.windows(2) {
            if OF_SETTINGS.contains(&pair[0].text.as_str()) && pair[1].text == "(" {
                let about = format!("{}() in {}", pair[0].text, part.words[0].text);
                faults.push(Fault { rule: Rule::OfSettings, about });
            }
            if pair[0].text == "case" && pair[1].text != "when" {
                faults.push(Fault { rule: Rule::CaseOfValue, about: format!("CASE {} WHEN", pair[1].text) });
            }
        }
    }
}

fn accounts_with_districts(parts: &[Part], faults: &mut Vec<Fault>) {
    let of_all = |name: &str| tables().of_all.contains(name) && !is_name(parts, name);
    let of_districts = |name: &str| tables().of_districts.contains(name) && !is_name(parts, name);
    let any = parts.iter().flat_map(|part| sources(&part.words)).find(|source| of_districts(&source.table));
    for part in parts {
        if let Some((own, read)) = written(&part.words).zip(any.as_ref())
            && of_all(&own.table)
        {
            let about = format!("{} is changed by {}", own.table, read.table);
            faults.push(Fault { rule: Rule::AccountsWithDistricts, about });
        }
        let read = sources(&part.words);
        for pair in read.windows(2) {
            let between = &part.words[pair[0].at..pair[1].at];
            let depth = part.words[pair[0].at].depth;
            let outer = between.iter().any(|word| word.depth == depth && (word.text == "left" || word.text == "full"));
            if outer && part.words[pair[1].at].depth == depth && of_all(&pair[0].table) && of_districts(&pair[1].table)
            {
                let about = format!("{} leads an outer join to {}", pair[0].table, pair[1].table);
                faults.push(Fault { rule: Rule::AccountsWithDistricts, about });
            }
        }
    }
}

fn session_setting(sql: &str, words: &[Word], faults: &mut Vec<Fault>) {
    let sets =
        words.first().is_some_and(|word| word.text == "set") && words.get(1).is_none_or(|word| word.text != "local");
    let calls = words.iter().any(|word| word.text == "set_config");
    if (sets || calls) && !SETTINGS.iter().any(|(name, _)| sql.contains(name)) {
        faults.push(Fault { rule: Rule::SessionSetting, about: sql.chars().take(60).collect() });
    }
}
