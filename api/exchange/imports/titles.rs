//! Names in the titles of a sheet: the store in 甲超市进销日报表, the community above a household book. It is taken where every
//! row would be refused for want of it and only one thing in the caller's area has that name.

use kit::field::{Field, Shape};
use kit::problem::Problem;
use kit::text::Text;

use super::areas::bare;
use super::dictionary::Dictionary;
use super::header::Place;
use super::job::Job;
use super::layout::Found;
use super::names::has_open_name;
use super::wide_header::Axis;
use crate::exchange::files::columns::Column;
use crate::records::envelope::AREA_CODE;
use crate::records::scope::visible_to;
use crate::records::{Kind, Record, Warning, read};

/// Something that only the titles name.
pub static TAKEN_FROM_TITLE: Warning = Warning {
    code: "taken_from_title",
    message: Text::new(
        "no column says where it was: taken from the title of the sheet",
        "表中没有地点列,已按表格标题中的名称登记",
    ),
};

/// A name so short must stand by itself in a title.
const SHORT: usize = 2;
/// Words behind the name of a gate.
const GATE: [&str; 8] = ["卡点", "卡口", "门岗", "值守", "出入", "进出", "登记", "疫情"];
/// Things of a name that are looked at.
const MOST: usize = 200;
/// Endings of streets' names as titles have them.
const STREETS: [&str; 3] = ["街道", "镇", "乡"];
/// Endings of communities' and villages' names as titles have them.
const VILLAGES: [&str; 5] = ["社区", "居委会", "村委会", "村", "居民委员会"];
/// A code of so many digits is that of a village or community.
const VILLAGE_DIGITS: usize = 12;

/// A member that must be there, and those that its titles may mean.
#[derive(Clone, Debug)]
pub struct Candidates {
    /// The member.
    pub field: &'static str,
    /// Names and areas.
    pub told: String,
}

impl Job {
    /// Adds what only the titles say to what is said of all rows; answers what several may be.
    pub(super) async fn read_titles(
        &mut self,
        dictionary: &Dictionary,
        found: &mut Found,
        titles: &[String],
        given: &[(Column, String)],
    ) -> Result<Vec<Candidates>, Problem> {
        let mut several = Vec::new();
        if found.header.ours || titles.is_empty() {
            return Ok(several);
        }
        for (path, field, kind) in self.named_fields() {
            let Some(column) = dictionary.column(&path.join(".")).cloned() else { continue };
            let is_said = found.constants.iter().chain(given).any(|(other, _)| other.path == path);
            if is_said || is_told(found, &path) {
                continue;
            }
            let meant = self.meant_by_titles(kind, titles).await?;
            let called = |record: &Record| record.values.text("name").unwrap_or_default().to_owned();
            let in_area = |record: &Record| format!("{}{}", self.area_name(&record.envelope.area_code), called(record));
            match meant.as_slice() {
                [] => {}
                [one] => {
                    // By its name alone it may be another one's.
                    let name = if self.is_alone(kind, &called(one)).await? { called(one) } else { in_area(one) };
                    self.sheets.proposals.insert(format!("set.{}={name}", path.join(".")));
                    // Doors of two compounds are the same doors where nobody says in which.
                    let has_doors = self.kind.rules.book().is_some_and(|book| {
                        path.first() == Some(&book.shared) && found.header.has(&[book.shared, book.apart])
                    });
                    if (field.required && path.len() == 1) || has_doors {
                        self.told_once.insert(TAKEN_FROM_TITLE.code);
                        found.constants.push((column, name));
                    }
                }
                many if field.required && path.len() == 1 => {
                    let told = many.iter().take(5).map(in_area).collect::<Vec<_>>().join("、");
                    several.push(Candidates { field: field.name, told });
                }
                many => {
                    let names = many.iter().take(5).map(|one| format!("set.{}={}", path.join("."), in_area(one)));
                    let names: Vec<String> = names.collect();
                    self.sheets.proposals.extend(names);
                }
            }
        }
        self.area_of_titles(dictionary, found, titles, given);
        Ok(several)
    }

    /// References that a title may name: those of things with a name in the clear.
    fn named_fields(&self) -> Vec<(Vec<&'static str>, &'static Field, &'static Kind)> {
        let kinds = self.core.kinds();
        let open = |field: &Field| match field.shape {
            Shape::Reference(name) => kinds.kind(name).filter(|kind| has_open_name(kind)),
            _ => None,
        };
        let mut all = Vec::new();
        for field in self.kind.fields {
            if let Some(kind) = open(field).filter(|_| field.brings_area.is_some()) {
                all.push((vec![field.name], field, kind));
            }
            if let (Shape::Inline(name, _), true) =
                (field.shape, self.kind.rules.book().is_some_and(|book| book.shared == field.name))
            {
                let inner = kinds.kind(name).map(|kind| kind.fields).unwrap_or_default();
                let aside = self.kind.rules.book().map(|book| (book.aside, book.groups.member));
                let inner = inner.iter().filter(|inner| {
                    aside.is_none_or(|(aside, group)| !aside.contains(&inner.name) && inner.name != group)
                });
                let named = inner.filter_map(|inner| {
                    Some((vec![field.name, inner.name], inner, open(inner).filter(|kind| !kind.is_people())?))
                });
                all.extend(named);
            }
        }
        all
    }

    /// Those in the caller's sight whose names stand in the titles, the longest names only, in an area that the titles
    /// name, else in the caller's own.
    async fn meant_by_titles(&self, kind: &'static Kind, titles: &[String]) -> Result<Vec<Record>, Problem> {
        let text = titles.join("\n");
        let statement = visible_to(&self.actor, kind, &self.district_code)
            .sql(" AND NOT r.voided AND strpos(")
            .text(&text)
            .sql(", r.name) > 0 ORDER BY char_length(r.name) DESC, r.id LIMIT ")
            .integer(i64::try_from(MOST).unwrap_or_default());
        let mut found = read::load(&self.core, kind, &statement).await?;
        let name = |record: &Record| record.values.text("name").unwrap_or_default().to_owned();
        let parts: Vec<&str> = titles.iter().flat_map(|title| title.split(PARTS)).map(str::trim).collect();
        let stands_alone = |name: &str| {
            parts.iter().any(|part| {
                part.strip_prefix(name)
                    .is_some_and(|rest| rest.is_empty() || GATE.iter().any(|word| rest.starts_with(word)))
            })
        };
        found.retain(|record| name(record).chars().count() > SHORT || stands_alone(&name(record)));
        let longest = found.iter().map(|record| name(record).chars().count()).max().unwrap_or_default();
        found.retain(|record| name(record).chars().count() == longest);
        let within = self.area_in(&text);
        for area in [within, self.actor.own_area()].into_iter().flatten() {
            let there = |record: &Record| {
                let code = record.envelope.area_code.as_str();
                code.starts_with(&area) || area.starts_with(code)
            };
            if found.len() > 1 && found.iter().any(there) {
                found.retain(there);
            }
        }
        Ok(found)
    }

    async fn is_alone(&self, kind: &'static Kind, name: &str) -> Result<bool, Problem> {
        let statement = visible_to(&self.actor, kind, &self.district_code)
            .sql(" AND NOT r.voided AND r.name = ")
            .text(name)
            .sql(" LIMIT 2");
        Ok(read::load(&self.core, kind, &statement).await?.len() == 1)
    }

    /// The area that a text names: the deepest, where that is one.
    fn area_in(&self, text: &str) -> Option<String> {
        let divisions = &self.core.divisions;
        let edition = divisions.current_edition();
        let own = self.actor.own_area().unwrap_or_else(|| self.district_code.clone());
        let of_own = |code: &str| code.starts_with(&own) || own.starts_with(code);
        let names = |code: &str, name: &str| {
            let (short, endings) = (bare(name), if code.len() < VILLAGE_DIGITS { &STREETS[..] } else { &VILLAGES[..] });
            let is_named = |ending: &&str| text.contains(&format!("{short}{ending}"));
            text.contains(name) || (short.chars().count() >= SHORT && endings.iter().any(is_named))
        };
        let rows =
            divisions.rows().iter().filter(|row| row.edition == edition && row.code.len() > self.district_code.len());
        let named: Vec<&str> =
            rows.filter(|row| of_own(&row.code) && names(&row.code, &row.name)).map(|row| row.code.as_str()).collect();
        // A community of the street that is named goes before one of that name elsewhere.
        let within = |code: &&&str| named.iter().all(|other| other.len() >= code.len() || code.starts_with(*other));
        let deepest = named.iter().map(|code| code.len()).max()?;
        let all: Vec<&&str> = named.iter().filter(|code| code.len() == deepest).collect();
        let those: Vec<&&str> = if all.len() > 1 { all.into_iter().filter(|code| within(code)).collect() } else { all };
        let [only] = those.as_slice() else { return None };
        Some((**only).to_owned())
    }

    /// Books stand in a village, which the title names.
    fn area_of_titles(
        &mut self,
        dictionary: &Dictionary,
        found: &mut Found,
        titles: &[String],
        given: &[(Column, String)],
    ) {
        let is_narrow = self.actor.own_area().is_some_and(|area| area.len() >= VILLAGE_DIGITS);
        let path = [AREA_CODE.name()];
        let said = found.constants.iter().chain(given).any(|(column, _)| column.path.ends_with(&path));
        let has = found
            .header
            .places
            .iter()
            .any(|place| matches!(place, Place::Field(column) if column.path.ends_with(&path)));
        if self.kind.rules.book().is_none() || is_narrow || said || has {
            return;
        }
        let area = self.area_in(&titles.join("\n"));
        if let Some((area, column)) = area.zip(dictionary.column(AREA_CODE.name()).cloned()) {
            self.sheets.proposals.insert(format!("set.{}={area}", AREA_CODE.name()));
            self.told_once.insert(TAKEN_FROM_TITLE.code);
            found.constants.push((column, area));
        }
    }
}

/// Signs that part what titles say.
const PARTS: [char; 14] = [' ', '\u{3000}', '：', ':', '（', '）', '(', ')', '-', '—', '、', '\n', '《', '》'];

/// Whether columns tell it, or a member of it.
fn is_told(found: &Found, path: &[&str]) -> bool {
    found.header.places.iter().any(|place| match place {
        Place::Field(column) => column.path.starts_with(path),
        Place::Axis(Axis::Beside(_)) => true,
        _ => false,
    })
}
