//! A district that is added: its divisions as a clerk lists them, checked as a whole, then written with its clock.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::text::Language;
use kit::value::Value;
use serde_json::json;

use super::each::{clock_of, new_clock};
use super::live::{REVISION, refresh};
use super::tree::{DISTRICT_DIGITS, Division, Divisions, Level, initials};
use crate::platform::audit::{AuditEntry, system_write};
use crate::platform::core::Core;

/// Characters of a name at most.
const LONGEST_NAME: usize = 100;

/// Levels by their words in such lists, with the digits of their codes.
const LEVELS: &[(Level, usize, &[&str])] = &[
    (Level::Province, 2, &["province", "省", "省级"]),
    (Level::Prefecture, 4, &["prefecture", "地级", "地市", "市级", "市州"]),
    (Level::County, 6, &["county", "district", "县级", "区县", "县", "区", "市"]),
    (Level::Township, 9, &["township", "town", "subdistrict", "乡级", "乡镇", "乡", "镇", "街道", "乡镇街道"]),
    (
        Level::Village,
        12,
        &["village", "residents_committee", "villagers_committee", "村级", "村", "社区", "村社区", "村居"],
    ),
];

/// Kinds of units by the ends of their names; the first that fits.
const UNIT_TYPES: &[(Level, &str, &str)] = &[
    (Level::Province, "", "province"),
    (Level::Prefecture, "", "prefecture_city"),
    (Level::County, "区", "district"),
    (Level::County, "", "county"),
    (Level::Township, "街道", "subdistrict"),
    (Level::Township, "街道办事处", "subdistrict"),
    (Level::Township, "镇", "town"),
    (Level::Township, "", "township"),
    (Level::Village, "居委会", "residents_committee"),
    (Level::Village, "居民委员会", "residents_committee"),
    (Level::Village, "社区", "residents_committee"),
    (Level::Village, "", "villagers_committee"),
];

/// One line of a list, its cells as they stand there.
#[derive(Clone, Debug, Default)]
pub struct ListedLine {
    /// Number of the line in its file.
    pub line: u64,
    /// The code, padded or not.
    pub code: String,
    /// The name.
    pub name: String,
    /// The level, by a word of either language.
    pub level: String,
    /// The code of the division above; what the code begins with where it isn't told.
    pub parent: Option<String>,
}

/// Fault of a list. Line 0: of the list as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListFault {
    /// Number of the line.
    pub line: u64,
    english: String,
    chinese: String,
}

impl ListFault {
    fn new(line: u64, english: impl Into<String>, chinese: impl Into<String>) -> Self {
        Self { line, english: english.into(), chinese: chinese.into() }
    }

    /// The fault in words, with its line.
    pub fn told(&self, language: Language) -> String {
        match (language, self.line) {
            (Language::English, 0) => self.english.clone(),
            (Language::Chinese, 0) => self.chinese.clone(),
            (Language::English, line) => format!("line {line}: {}", self.english),
            (Language::Chinese, line) => format!("第 {line} 行:{}", self.chinese),
        }
    }
}

/// A list under examination.
struct Checker<'a> {
    known: &'a Divisions,
    district_code: &'a str,
    as_of: NaiveDate,
    faults: Vec<ListFault>,
    /// Lines by code.
    lines: BTreeMap<String, u64>,
}

/// The divisions of a list that aren't known yet.
///
/// # Errors
/// Every fault of every line at once.
pub fn checked(known: &Divisions, district_code: &str, lines: &[ListedLine]) -> Result<Vec<Division>, Vec<ListFault>> {
    let of_edition = known.rows().iter().find(|row| row.current);
    let as_of = of_edition.map_or(NaiveDate::MIN, |row| row.as_of);
    let mut checker = Checker { known, district_code, as_of, faults: Vec::new(), lines: BTreeMap::new() };
    if district_code.len() != DISTRICT_DIGITS || !is_digits(district_code) {
        checker.faults.push(ListFault::new(
            0,
            format!("`{district_code}` is no code of a district: six digits"),
            format!("“{district_code}”不是区县代码:应为六位数字"),
        ));
    }
    let mut listed: Vec<(u64, Division)> =
        lines.iter().filter_map(|line| Some((line.line, checker.line(line)?))).collect();
    checker.whole(&listed);
    if !checker.faults.is_empty() {
        checker.faults.sort_by_key(|fault| fault.line);
        return Err(checker.faults);
    }
    listed.retain(|(_, division)| find(known, &division.code).is_none());
    Ok(listed.into_iter().map(|(_, division)| division).collect())
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The current division of exactly that code.
fn find<'a>(known: &'a Divisions, code: &str) -> Option<&'a Division> {
    known.find(code, Some(known.current_edition())).filter(|found| found.code == code)
}

impl Checker<'_> {
    fn fault(&mut self, line: u64, english: String, chinese: String) {
        self.faults.push(ListFault::new(line, english, chinese));
    }

    fn line(&mut self, listed: &ListedLine) -> Option<Division> {
        let (at, before) = (listed.line, self.faults.len());
        let level = LEVELS.iter().find(|(.., words)| words.contains(&listed.level.to_lowercase().as_str()));
        if level.is_none() {
            self.fault(
                at,
                format!("`{}` is no level: province, prefecture, county, township or village", listed.level),
                format!("“{}”不是级别:应为省级、地级、县级、乡级或村级", listed.level),
            );
        }
        let digits = level.map(|(_, digits, _)| *digits);
        let code = unpadded(&listed.code, digits);
        if !is_digits(&listed.code) || digits.is_some_and(|digits| code.len() != digits) {
            let wanted = digits.map_or_else(|| "2, 4, 6, 9, 12".to_owned(), |digits| digits.to_string());
            self.fault(
                at,
                format!("`{}` is no code of that level: {wanted} digits", listed.code),
                format!("“{}”不是该级别的代码:应为 {wanted} 位数字", listed.code),
            );
        } else if !code.starts_with(self.district_code) && !self.district_code.starts_with(code) {
            self.fault(
                at,
                format!("{code} lies neither in {0} nor above it", self.district_code),
                format!("{code} 既不在 {0} 之内,也不是其上级", self.district_code),
            );
        }
        if listed.name.is_empty() || listed.name.chars().count() > LONGEST_NAME {
            self.fault(
                at,
                format!("a name has 1 to {LONGEST_NAME} characters"),
                format!("名称应为 1 至 {LONGEST_NAME} 个字符"),
            );
        }
        self.compare(at, code, &listed.name);
        let level = level.map(|(level, ..)| *level)?;
        let parent_code = self.parent(at, listed, level, code);
        (self.faults.len() == before).then(|| Division {
            edition: self.known.current_edition(),
            code: code.to_owned(),
            name: listed.name.clone(),
            level,
            unit_type: unit_type(level, &listed.name).to_owned(),
            parent_code,
            as_of: self.as_of,
            current: true,
            successor_codes: Vec::new(),
            successors_derived: false,
            initials: initials(&listed.name),
        })
    }

    /// Faults of a code that stands twice, or that is known by another name.
    fn compare(&mut self, at: u64, code: &str, name: &str) {
        if let Some(first) = self.lines.get(code) {
            let first = *first;
            self.fault(at, format!("{code} stands in line {first} already"), format!("{code} 已在第 {first} 行出现"));
        }
        self.lines.entry(code.to_owned()).or_insert(at);
        if let Some(known) = find(self.known, code).filter(|known| known.name != name) {
            let known = known.name.clone();
            self.fault(at, format!("{code} is known as {known}"), format!("{code} 已登记为“{known}”"));
        }
    }

    /// The code above, which a code begins with.
    fn parent(&mut self, at: u64, listed: &ListedLine, level: Level, code: &str) -> Option<String> {
        let above = LEVELS.iter().rev().find(|(above, ..)| *above < level).map(|(_, digits, _)| *digits)?;
        let expected = code.get(..above)?;
        if let Some(told) = &listed.parent
            && unpadded(told, Some(above)) != expected
        {
            self.fault(
                at,
                format!("{code} lies in {expected}, not in `{told}`"),
                format!("{code} 属于 {expected},而不是“{told}”"),
            );
        }
        Some(expected.to_owned())
    }

    /// Faults that no line has by itself.
    fn whole(&mut self, listed: &[(u64, Division)]) {
        let here: BTreeSet<&str> = self.lines.keys().map(String::as_str).collect();
        let is_there = |code: &str| here.contains(code) || find(self.known, code).is_some();
        let mut found = Vec::new();
        if !is_there(self.district_code) {
            found.push(ListFault::new(
                0,
                format!("the district {} itself isn't listed", self.district_code),
                format!("列表中没有区县 {} 本身", self.district_code),
            ));
        }
        let villages = listed.iter().filter(|(_, division)| division.level == Level::Village);
        for (line, village) in villages {
            if let Some(township) = village.parent_code.as_deref().filter(|township| !is_there(township)) {
                found.push(ListFault::new(
                    *line,
                    format!("its township {township} isn't listed"),
                    format!("列表中没有其所属乡镇 {township}"),
                ));
            }
        }
        let has_township = listed.iter().any(|(_, division)| division.level == Level::Township)
            || self.known.children(self.district_code, None).iter().any(|below| below.level == Level::Township);
        if !has_township {
            found.push(ListFault::new(0, "no township is listed that could be taken", "列表中没有可用的乡镇(街道)"));
        }
        self.faults.extend(found);
    }
}

/// A code without the zeros that lists pad it with.
fn unpadded(code: &str, digits: Option<usize>) -> &str {
    match digits.and_then(|digits| code.split_at_checked(digits)) {
        Some((kept, padding)) if matches!(code.len(), 6 | 12) && padding.bytes().all(|byte| byte == b'0') => kept,
        _ => code,
    }
}

fn unit_type(level: Level, name: &str) -> &'static str {
    let fits = |(of, end, _): &&(Level, &str, &str)| *of == level && name.ends_with(end);
    UNIT_TYPES.iter().find(fits).map_or("", |(.., unit_type)| unit_type)
}

/// Adds a district: the divisions, its clock, a line of the audit, all or nothing; answers how many divisions are new.
/// Processes that run take it up within seconds. Again, it changes nothing.
pub async fn add(core: &Core, district_code: &str, divisions: Vec<Division>) -> Result<usize, Problem> {
    let count = divisions.len();
    let has_clock = clock_of(&core.database, district_code).await?.is_some();
    if count == 0 && has_clock {
        return Ok(0);
    }
    let audit_entry = AuditEntry {
        actor_id: None,
        area_code: Some(district_code.to_owned()),
        verb: "district.add",
        subject_kind: "divisions",
        subject_id: None,
        request_id: None,
        address: None,
        details: json!({"code": district_code, "divisions": count}),
    };
    let rows = (count > 0).then(|| rows(&divisions));
    let clock = if has_clock { None } else { new_clock(&core.database, district_code).await? };
    let statements: Vec<Statement> = rows.into_iter().chain(clock).chain([counted()]).collect();
    system_write(core, audit_entry, async |connection: &mut AsyncPgConnection| {
        for statement in statements {
            statement.load::<Row>(connection).await?;
        }
        Ok(())
    })
    .await?;
    refresh(core).await?;
    Ok(count)
}

fn rows(divisions: &[Division]) -> Statement {
    let texts = |cell: fn(&Division) -> String| divisions.iter().map(|row| Value::Text(cell(row))).collect();
    Statement::new("INSERT INTO divisions (edition, code, name, level, unit_type, parent_code, as_of, current) SELECT u.edition, u.code, u.name, u.level, u.unit_type, nullif(u.parent_code, ''), u.as_of, true FROM ")
        .table(vec![
            (ColumnType::Integer, divisions.iter().map(|row| Value::Integer(row.edition.into())).collect()),
            (ColumnType::Text, texts(|row| row.code.clone())),
            (ColumnType::Text, texts(|row| row.name.clone())),
            (ColumnType::Text, texts(|row| row.level.as_str().to_owned())),
            (ColumnType::Text, texts(|row| row.unit_type.clone())),
            (ColumnType::Text, texts(|row| row.parent_code.clone().unwrap_or_default())),
            (ColumnType::Day, divisions.iter().map(|row| Value::Day(row.as_of)).collect()),
        ])
        .sql(" AS u(edition, code, name, level, unit_type, parent_code, as_of) ON CONFLICT DO NOTHING")
}

/// The statement that tells running processes.
fn counted() -> Statement {
    Statement::new("INSERT INTO service_settings AS s (name, value) VALUES (")
        .text(REVISION)
        .sql(", '1') ON CONFLICT (name) DO UPDATE SET value = (s.value::bigint + 1)::text")
}
