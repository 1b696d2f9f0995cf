//! `district`: districts that the binary doesn't carry, added while the service runs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use kit::text::Language;
use lianfang::exchange::files::decode::Decoder;
use lianfang::exchange::files::guard::unguarded;
use lianfang::platform::core::Core;
use lianfang::platform::divisions::listed::{self, ListFault, ListedLine};
use serde_json::json;

use super::language::{say, spoken};
use super::{Failure, at_work, print};
use crate::Place;

/// Bytes of a file at most.
const MOST_BYTES: u64 = 4 * 1024 * 1024;
/// Divisions of a district at most.
const MOST_LINES: usize = 5_000;
/// Faults that are told at most.
const MOST_TOLD: usize = 50;

/// Columns by the names that people give them.
const COLUMNS: &[(&str, &[&str])] = &[
    ("code", &["code", "code12", "区划代码", "代码", "统计用区划代码"]),
    ("name", &["name", "名称", "区划名称"]),
    ("level", &["level", "级别", "层级"]),
    ("parent", &["parent", "parent_code", "上级", "上级代码"]),
];

/// Districts.
#[derive(clap::Subcommand)]
pub enum DistrictCommand {
    /// Add a district: its divisions and its clock. Processes that run know of it within seconds; again, it changes nothing.
    Add {
        /// Its code, six digits.
        code: String,
        /// CSV with the columns code, name, level and perhaps parent (or 区划代码, 名称, 级别, 上级): the district itself,
        /// its townships and villages. Levels are county, township, village, or 县级, 乡级, 村级.
        #[arg(long, value_name = "FILE")]
        divisions: PathBuf,
        /// Check everything, add nothing.
        #[arg(long)]
        validate_only: bool,
        #[command(flatten)]
        place: Place,
    },
}

impl DistrictCommand {
    /// Where the data is.
    pub fn place(&self) -> &Place {
        let Self::Add { place, .. } = self;
        place
    }

    /// Does it.
    pub async fn run(self) -> Result<(), Failure> {
        let Self::Add { code, divisions, validate_only, place } = self;
        let (json, language) = (place.json, spoken(None));
        let lines = read(&divisions, language)?;
        let added = at_work(place.config()?, async |core: &Core| {
            let new = listed::checked(&core.divisions, &code, &lines).map_err(|faults| refused(&faults, language))?;
            if validate_only { Ok(new.len()) } else { Ok(listed::add(core, &code, new).await?) }
        });
        let added = added.await?;
        print(&if json {
            json!({"district": code, "divisions": lines.len(), "added": if validate_only { 0 } else { added }})
                .to_string()
        } else if validate_only {
            format!("{added} {}", say(language, "divisions could be added; none was.", "个区划可以添加,尚未添加。"))
        } else {
            format!("{code}: {added} {}", say(language, "divisions added.", "个区划已添加。"))
        })
    }
}

fn refused(faults: &[ListFault], language: Language) -> Failure {
    let mut told: Vec<String> = faults.iter().take(MOST_TOLD).map(|fault| fault.told(language)).collect();
    if faults.len() > MOST_TOLD {
        told.push(format!("… {}", faults.len() - MOST_TOLD));
    }
    let head = say(language, "the list of divisions can't be taken:", "区划列表无法使用:");
    Failure::Usage(format!("{head}\n  {}", told.join("\n  ")))
}

fn read(path: &Path, language: Language) -> Result<Vec<ListedLine>, Failure> {
    let unreadable = |error: &dyn std::fmt::Display| Failure::Usage(format!("{}: {error}", path.display()));
    if std::fs::metadata(path).map_err(|error| unreadable(&error))?.len() > MOST_BYTES {
        return Err(unreadable(&say(language, "is larger than 4 MB", "超过 4 MB")));
    }
    let bytes = std::fs::read(path).map_err(|error| unreadable(&error))?;
    let mut text = String::new();
    let mut decoder = Decoder::new(None).map_err(|error| unreadable(&error))?;
    decoder.push(&bytes, true, &mut text).map_err(|error| unreadable(&error))?;
    let mut rows = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let columns = columns(rows.headers().map_err(|error| unreadable(&error))?, language)?;
    let mut lines = Vec::new();
    for row in rows.records() {
        let row = row.map_err(|error| unreadable(&error))?;
        if row.iter().all(str::is_empty) {
            continue;
        }
        let cell =
            |name: &str| columns.get(name).and_then(|column| row.get(*column)).map(unguarded).unwrap_or_default();
        lines.push(ListedLine {
            line: row.position().map_or(0, csv::Position::line),
            code: cell("code").to_owned(),
            name: cell("name").to_owned(),
            level: cell("level").to_owned(),
            parent: Some(cell("parent").to_owned()).filter(|parent| !parent.is_empty()),
        });
    }
    match lines.len() {
        0 => Err(unreadable(&say(language, "has no rows", "没有数据行"))),
        count if count > MOST_LINES => Err(unreadable(&say(language, "has more than 5000 rows", "超过 5000 行"))),
        _ => Ok(lines),
    }
}

/// The column of each field; columns of other names are left alone, as lists have more of them.
fn columns(heads: &csv::StringRecord, language: Language) -> Result<BTreeMap<&'static str, usize>, Failure> {
    let mut columns = BTreeMap::new();
    for (index, head) in heads.iter().enumerate() {
        let head = head.trim_start_matches('\u{feff}');
        if let Some((field, _)) = COLUMNS.iter().find(|(_, names)| names.contains(&head)) {
            columns.entry(*field).or_insert(index);
        }
    }
    let missing: Vec<&str> =
        ["code", "name", "level"].into_iter().filter(|field| !columns.contains_key(field)).collect();
    if missing.is_empty() {
        return Ok(columns);
    }
    let head = say(language, "the header lacks:", "表头缺少:");
    Err(Failure::Usage(format!("{head} {}", missing.join(", "))))
}
