//! The columns of a file: what each of them means, and how sure that is.

use std::collections::BTreeMap;

use kit::catalogue::{Code, FaultCode};
use kit::faults::{Fault, Faults};
use kit::field::{Field, Shape, Write};
use kit::problem::Problem;
use kit::text::Text;
use serde_json::{Value as Json, json};

use super::row::told;
use crate::exchange::files::columns::{Column, exported, folded, imported};
use crate::exchange::files::export::MARK;
use crate::exchange::files::synonyms::of_word;
use crate::exchange::files::table::Row;
use crate::platform::core::Core;
use crate::records::{Kind, Lines, envelope};

/// Meaning of a column of the file.
#[derive(Clone, Debug)]
pub enum Place {
    /// A field.
    Field(Column),
    /// The row's id in the system from which it comes.
    ExternalId,
    /// An item of a list, by the word that heads the column: its cell is the item's other word.
    Item(ItemColumn),
    /// The day of the row: times in other columns are of it.
    Day,
    /// Left out: a running number, or what an export of ours added.
    Ignored,
    /// Nobody knows: by `unknown` it goes into the note, is left out, or is a fault.
    Unknown,
}

/// A column that is an item of a list: the field, the item's members that must be there.
#[derive(Clone, Copy, Debug)]
pub struct ItemColumn {
    /// The list.
    pub list: &'static Field,
    /// The member that the column's name says.
    pub key: &'static Field,
    /// The word that it says.
    pub code: &'static str,
    /// The member that a cell says.
    pub value: &'static Field,
}

/// How sure it is what a column means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// The caller said so.
    Given,
    /// The name of the field, or its label.
    Exact,
    /// Another name for it.
    Synonym,
    /// One of these, once units, brackets and marks are gone.
    Stripped,
    /// Nothing is sure.
    None,
}

impl Certainty {
    fn is_sure(self) -> bool {
        matches!(self, Self::Given | Self::Exact)
    }

    fn code(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::Exact => "exact",
            Self::Synonym => "synonym",
            Self::Stripped => "stripped",
            Self::None => "none",
        }
    }
}

/// What is done with columns that nobody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// They are left out.
    Ignore,
    /// Their cells go into the note.
    Note,
    /// The file is refused.
    Refuse,
}

/// What the caller says of the columns.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// `map.<header>=<field>`, by the header as it is compared.
    pub map: BTreeMap<String, String>,
    /// `set.<field>=<text>`.
    pub set: Vec<(String, String)>,
    /// `unknown=`, where it is said.
    pub unknown: Option<Unknown>,
}

/// Every name that means a column of a kind.
pub struct Dictionary {
    kind: &'static Kind,
    columns: Vec<Column>,
    added: Vec<Column>,
    given: Given,
}

/// The columns of a file: as they are written, and what they are.
#[derive(Clone)]
pub struct Header {
    /// Names as they are written.
    pub names: Vec<String>,
    pub(super) places: Vec<Place>,
    certainties: Vec<Certainty>,
    proposals: Vec<Option<Column>>,
    lines: Option<Lines>,
    /// What is done with what nobody knows.
    pub unknown: Unknown,
    /// Whether it is that of an export of ours.
    pub ours: bool,
}

const EXTERNAL_ID: [&str; 3] = ["external_id", "外部编号", "externalid"];
/// Columns that count the rows.
const RUNNING_NUMBER: [&str; 8] = ["序号", "序", "no", "no.", "行号", "顺序号", "№", "#"];
/// Columns that say on which day it was, where no field of the kind is called so.
const DAY: [&str; 14] = [
    "日期",
    "登记日期",
    "测量日期",
    "测温日期",
    "检查日期",
    "消毒日期",
    "消杀日期",
    "年月日",
    "date",
    "day",
    "日",
    "通行日期",
    "走访日期",
    "值班日期",
];
/// Names that mean a record's own id and organisation only in files of ours.
const OURS_ONLY: [&str; 2] = ["编号", "单位"];
/// Units and remarks that are no part of a name.
const STRIPPED: [&str; 18] = [
    "℃",
    "°c",
    "摄氏度",
    "(必填)",
    "必填",
    "(选填)",
    "选填",
    "(平方米)",
    "㎡",
    "(元)",
    "(分钟)",
    "(人)",
    "情况",
    "信息",
    ":",
    "：",
    "?",
    "？",
];
/// How alike two names must be for a proposal.
const ALIKE: f64 = 0.5;

impl Dictionary {
    /// The names of a kind, and what the caller says of a file.
    pub fn new(core: &Core, kind: &'static Kind, given: Given) -> Self {
        Self { kind, columns: imported(kind, core.kinds()), added: exported(kind), given }
    }

    /// The column of a field, by whatever name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        let name = folded(name);
        let exact = self.columns.iter().find(|column| folded(&column.name()) == name);
        exact.or_else(|| self.columns.iter().find(|column| column.names().contains(&name)))
    }

    /// Columns that the file doesn't have and the caller fills; 422 for names of no field.
    pub fn constants(&self) -> Result<Vec<(Column, String)>, Problem> {
        let mut faults = Faults::default();
        let mut constants = Vec::new();
        for (name, text) in &self.given.set {
            match self.column(name) {
                Some(column) => constants.push((column.clone(), text.clone())),
                None => faults.add(format!("?set.{}", harmless(name)), FaultCode::UnknownColumn),
            }
        }
        for (header, name) in &self.given.map {
            if self.column(name).is_none() {
                faults.add(format!("?map.{}", harmless(header)), FaultCode::UnknownColumn);
            }
        }
        faults.finish().map(|()| constants)
    }

    /// Reads names as a header, whatever there is in them.
    pub fn read(&self, names: &[String]) -> Header {
        let named: Vec<String> = names.iter().map(|name| folded(name)).collect();
        let of_served = |name: &String| {
            envelope::SERVED.iter().any(|field| folded(field.label.zh) == *name || field.name == name.as_str())
        };
        let is_ours = named.iter().filter(|name| of_served(name)).count() > 1;
        let (mut places, mut certainties, mut proposals) = (Vec::new(), Vec::new(), Vec::new());
        for name in names {
            let (place, certainty) = self.meaning(name, &named, is_ours);
            let taken = |column: &Column| {
                places.iter().any(|place| matches!(place, Place::Field(other) if other.path == column.path))
            };
            let unknown = matches!(place, Place::Unknown);
            proposals.push(if unknown { self.proposal(name).filter(|column| !taken(column)).cloned() } else { None });
            // Two columns that may mean one field: the one that surely does has it, else the first.
            let twin = places.iter().position(
                |other| matches!((&place, other), (Place::Field(one), Place::Field(other)) if one.path == other.path),
            );
            match twin {
                Some(_) if !certainty.is_sure() => {
                    places.push(Place::Unknown);
                    certainties.push(Certainty::None);
                    continue;
                }
                Some(at) if certainties.get(at).is_some_and(|certainty: &Certainty| !certainty.is_sure()) => {
                    if let (Some(other), Some(sure)) = (places.get_mut(at), certainties.get_mut(at)) {
                        (*other, *sure) = (Place::Unknown, Certainty::None);
                    }
                }
                _ => {}
            }
            places.push(place);
            certainties.push(certainty);
        }
        let machine = |(name, certainty): (&String, &Certainty)| *certainty == Certainty::Exact && name.is_ascii();
        let by_machine = named.iter().zip(&certainties).filter(|pair| machine(*pair)).count();
        let known = certainties.iter().filter(|certainty| **certainty != Certainty::None).count();
        // A program that misspells a field is told; a clerk's own columns are kept.
        let usual = if by_machine * 2 > known { Unknown::Refuse } else { Unknown::Note };
        let unknown = self.given.unknown.unwrap_or(usual);
        Header {
            names: names.to_vec(),
            places,
            certainties,
            proposals,
            lines: self.kind.rules.lines(),
            unknown,
            ours: is_ours,
        }
    }

    fn meaning(&self, name: &str, named: &[String], is_ours: bool) -> (Place, Certainty) {
        let name = folded(name);
        if name.is_empty() {
            return (Place::Unknown, Certainty::None);
        }
        if let Some(field) = self.given.map.get(&name) {
            return match self.column(field) {
                Some(column) => (Place::Field(column.clone()), Certainty::Given),
                None => (Place::Unknown, Certainty::None),
            };
        }
        if let Some(found) = self.known(&name, named, is_ours) {
            return found;
        }
        if let Some(item) = self.item(&name) {
            return (Place::Item(item), Certainty::Synonym);
        }
        if RUNNING_NUMBER.contains(&name.as_str()) {
            return (Place::Ignored, Certainty::Synonym);
        }
        if DAY.contains(&name.as_str()) {
            return (Place::Day, Certainty::Synonym);
        }
        for bare in bare_forms(&name) {
            if let Some((place, _)) = self.known(&bare, named, is_ours) {
                return (place, Certainty::Stripped);
            }
            if DAY.contains(&bare.as_str()) {
                return (Place::Day, Certainty::Stripped);
            }
        }
        (Place::Unknown, Certainty::None)
    }

    fn known(&self, name: &str, named: &[String], is_ours: bool) -> Option<(Place, Certainty)> {
        if let Some(place) = claimed(&self.columns, named, name) {
            return Some((place, Certainty::Synonym));
        }
        if OURS_ONLY.contains(&name) && !is_ours {
            return None;
        }
        place(self.kind, &self.columns, &self.added, name)
    }

    /// An item of a list of two words each, by the first of them: 体温监测, with √ or × below it.
    fn item(&self, name: &str) -> Option<ItemColumn> {
        let fields = self.kind.fields.iter().filter(|field| field.write != Write::Never);
        fields.into_iter().find_map(|list| {
            let Shape::List { of: Shape::Object(members), .. } = list.shape else { return None };
            let mut words = members.iter().filter(|member| member.required && matches!(member.shape, Shape::Word(_)));
            let (key, value) = (words.next()?, words.next()?);
            let Shape::Word(vocabulary) = key.shape else { return None };
            let word = vocabulary.words.iter().find(|word| {
                let also = of_word(vocabulary.name, word.code).any(|also| folded(also) == *name);
                folded(word.label.zh) == *name || word.code == name || also
            })?;
            Some(ItemColumn { list, key, code: word.code, value })
        })
    }

    /// The field that an unknown name is most like.
    fn proposal(&self, name: &str) -> Option<&Column> {
        let name = folded(name);
        let likeness = |column: &&Column| column.names().iter().map(|other| alike(&name, other)).fold(0.0, f64::max);
        let best = self.columns.iter().max_by(|one, other| likeness(one).total_cmp(&likeness(other)))?;
        (likeness(&best) >= ALIKE).then_some(best)
    }
}

impl Header {
    /// How many columns are known, each once.
    pub fn known(&self) -> usize {
        let mut known: Vec<String> = self
            .places
            .iter()
            .filter_map(|place| match place {
                Place::Field(column) => Some(column.name()),
                Place::ExternalId => Some("external_id".into()),
                Place::Day => Some("day".into()),
                Place::Item(item) => Some(format!("{}.{}", item.list.name, item.code)),
                Place::Ignored | Place::Unknown => None,
            })
            .collect();
        known.sort();
        known.dedup();
        known.len()
    }

    /// How many columns have a name.
    pub fn named(&self) -> usize {
        self.names.iter().filter(|name| !name.trim().is_empty()).count()
    }

    /// Refuses repeated columns, and unknown ones where they are not to be kept.
    pub fn require(&self) -> Result<(), Problem> {
        let mut faults: Vec<Fault> = Vec::new();
        for (index, (name, place)) in self.names.iter().zip(&self.places).enumerate() {
            let pointer = format!("/header/{index}");
            let before = self.places.get(..index).unwrap_or_default();
            let repeated = matches!(place, Place::Field(column) if before.iter().any(|other| matches!(other, Place::Field(other) if other.path == column.path)));
            if repeated {
                faults.push(Fault { pointer, code: FaultCode::RepeatedColumn, values: Vec::new(), hint: None });
            } else if matches!(place, Place::Unknown) && self.unknown == Unknown::Refuse && !name.trim().is_empty() {
                let proposal = self.proposals.get(index).and_then(Option::as_ref).map(meant);
                faults.push(Fault { pointer, code: FaultCode::UnknownColumn, values: Vec::new(), hint: proposal });
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(Problem::of_faults(Code::UnknownColumns, faults)) }
    }

    /// The header of a table that can't be read: of it nothing is guessed.
    pub fn require_whole(row: &Row) -> Result<(), Problem> {
        let Some(flaw) = row.flaw else { return Ok(()) };
        let fault = crate::platform::http::fault("/header", told(flaw).0);
        Err(Problem::of_faults(Code::UnreadableFile, fault.faults().to_vec()))
    }

    /// What each column was taken for.
    pub fn told(&self) -> Json {
        let column = |index: usize| {
            let place = self.places.get(index);
            let field = match place {
                Some(Place::Field(column)) => Some(column.name()),
                Some(Place::ExternalId) => Some("external_id".to_owned()),
                Some(Place::Day) => Some("day".to_owned()),
                Some(Place::Item(item)) => Some(format!("{}.{}", item.list.name, item.code)),
                _ => None,
            };
            let what = match place {
                Some(Place::Ignored) => "ignored",
                Some(Place::Unknown) if self.unknown == Unknown::Note => "noted",
                Some(Place::Unknown) if self.unknown == Unknown::Ignore => "ignored",
                Some(Place::Unknown) | None => "refused",
                Some(_) => "taken",
            };
            let proposal = self.proposals.get(index).and_then(Option::as_ref).map(Column::name);
            json!({"header": self.names.get(index), "field": field, "use": what,
                "certainty": self.certainties.get(index).map(|certainty| certainty.code()), "proposal": proposal})
        };
        let filled = |index: &usize| self.names.get(*index).is_some_and(|name| !name.trim().is_empty());
        (0..self.names.len()).filter(filled).map(column).collect()
    }

    /// Whether nobody knows a column that has a name.
    pub fn is_unknown(&self, index: usize) -> bool {
        matches!(self.places.get(index), Some(Place::Unknown))
            && self.names.get(index).is_some_and(|name| !name.trim().is_empty())
    }

    /// The list of which the file gives a row an item.
    pub fn lines(&self) -> Option<Lines> {
        let of_items = |lines: &Lines| {
            self.places.iter().any(|place| matches!(place, Place::Field(column) if column.path.len() > 1 && column.path.first() == Some(&lines.list)))
        };
        self.lines.filter(of_items)
    }

    /// Whether a field has a column.
    pub fn has(&self, path: &[&'static str]) -> bool {
        self.places.iter().any(|place| matches!(place, Place::Field(column) if column.path == path))
    }

    /// The name of a column, or its place where it has none.
    pub fn name_of(&self, column: usize) -> String {
        let name = self.names.get(column).map(|name| name.trim()).unwrap_or_default();
        if name.is_empty() { format!("第{}列", column + 1) } else { name.replace(['\n', '\r'], "") }
    }

    /// The pointer of what stands in a column, counted from 0.
    pub(super) fn pointer_of(&self, column: usize) -> Option<String> {
        match self.places.get(column)? {
            Place::Field(column) => Some(format!("/{}", column.path.join("/"))),
            Place::ExternalId => Some("/external_id".to_owned()),
            Place::Day => Some("/occurred_at".to_owned()),
            Place::Item(item) => Some(format!("/{}", item.list.name)),
            Place::Ignored | Place::Unknown => None,
        }
    }

    /// The column in which a fault stands; none of a fault of the whole row.
    pub(super) fn index_of(&self, pointer: &str) -> Option<usize> {
        let mut steps: Vec<&str> = pointer.split('/').skip(1).collect();
        if self.lines().is_some_and(|lines| steps.first() == Some(&lines.list)) && steps.len() > 1 {
            steps.remove(1);
        }
        let is_it = |place: &Place| match place {
            Place::Field(column) => {
                column.path.len() <= steps.len() && column.path.iter().zip(&steps).all(|(one, other)| one == other)
            }
            Place::ExternalId => steps == ["external_id"],
            Place::Item(item) => steps.first() == Some(&item.list.name),
            Place::Day | Place::Ignored | Place::Unknown => false,
        };
        let of_day = || {
            let is_day = |place: &Place| matches!(place, Place::Day);
            (steps == ["occurred_at"]).then(|| self.places.iter().position(is_day)).flatten()
        };
        // Of somebody who is told by several columns it is the first of them.
        let is_within = |place: &Place| match place {
            Place::Field(column) => {
                !steps.is_empty()
                    && steps.len() < column.path.len()
                    && column.path.iter().zip(&steps).all(|(one, other)| one == other)
            }
            _ => false,
        };
        let within = || self.places.iter().position(is_within);
        self.places.iter().position(is_it).or_else(of_day).or_else(within)
    }

    /// The shape of the field in which a fault stands.
    pub(super) fn shape_of(&self, pointer: &str) -> Option<Shape> {
        match self.places.get(self.index_of(pointer)?)? {
            Place::Field(column) => Some(column.field.shape),
            _ => None,
        }
    }

    /// The name of that column.
    pub(super) fn column_of(&self, pointer: &str) -> Option<&str> {
        self.names.get(self.index_of(pointer)?).map(String::as_str)
    }
}

fn meant(column: &Column) -> Text {
    // Labels are static, and so is what a hint says; the answer names the field beside it.
    column.field.label
}

/// A name of which nothing but its letters is told again.
fn harmless(name: &str) -> String {
    name.chars().filter(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '.')).take(40).collect()
}

/// A name without what is no part of it, in the order in which that may be tried.
fn bare_forms(name: &str) -> Vec<String> {
    let without = |text: &str| {
        let mut text = text.to_owned();
        for part in STRIPPED {
            text = text.replace(part, "");
        }
        text.replace(['/', '、', '*', '_', '-', '"', '\''], "")
    };
    let brackets = |text: &str| match (text.find(['(', '[', '【']), text.rfind([')', ']', '】'])) {
        (Some(from), Some(to)) if from < to => {
            let end = text.get(to..).and_then(|rest| rest.chars().next()).map_or(to, |sign| to + sign.len_utf8());
            format!("{}{}", text.get(..from).unwrap_or_default(), text.get(end..).unwrap_or_default())
        }
        _ => text.to_owned(),
    };
    let mut forms = vec![without(name), brackets(name), without(&brackets(name))];
    forms.dedup();
    forms.retain(|form| !form.is_empty() && form != name);
    forms
}

/// How alike two names are: by the pairs of letters that they share, from 0 to 1.
fn alike(one: &str, other: &str) -> f64 {
    let pairs = |text: &str| {
        let letters: Vec<char> = text.chars().collect();
        letters.windows(2).map(|pair| pair.iter().collect::<String>()).collect::<Vec<_>>()
    };
    let (mut one, other) = (pairs(one), pairs(other));
    let all = one.len() + other.len();
    if all == 0 {
        return 0.0;
    }
    let mut shared = 0.0;
    for pair in other {
        if let Some(at) = one.iter().position(|known| *known == pair) {
            one.remove(at);
            shared += 2.0;
        }
    }
    let all = f64::from(u32::try_from(all).unwrap_or(u32::MAX));
    shared / all
}

/// A kind may mean something of its own by a name that every record has (a notice's `area_code` is the area it
/// speaks of; 单位 the unit of a quantity): then the column is its own, unless the file has its own name too.
fn claimed(columns: &[Column], named: &[String], name: &str) -> Option<Place> {
    let names = |field: &&Field| [field.name, field.label.zh, field.label.en].iter().any(|own| folded(own) == name);
    let of_envelope = envelope::INPUT.iter().any(|field| names(&field));
    let claims = |column: &&Column| column.field.also.contains(&name) && !named.contains(&column.name());
    let found = columns.iter().filter(|_| of_envelope).find(claims)?;
    Some(Place::Field(found.clone()))
}

/// The most telling name first: a column of an inline record is meant by a bare label only where no other
/// column has that label, and what every record has only where the kind has nothing of that name.
fn place(kind: &Kind, columns: &[Column], added: &[Column], name: &str) -> Option<(Place, Certainty)> {
    if EXTERNAL_ID.contains(&name) {
        return Some((Place::ExternalId, Certainty::Exact));
    }
    let exact = columns.iter().find(|column| column.names().iter().take(3).any(|other| other == name));
    if let Some(column) = exact {
        return Some((Place::Field(column.clone()), Certainty::Exact));
    }
    let means = |column: &&Column| column.names().iter().any(|other| other == name);
    let is_own = |column: &&Column| column.path.first().is_some_and(|first| kind.field(first).is_some());
    let meant = columns.iter().filter(is_own).find(means).or_else(|| columns.iter().find(means));
    if let Some(column) = meant {
        return Some((Place::Field(column.clone()), Certainty::Synonym));
    }
    let ours = added.iter().any(|column| column.names().iter().take(3).any(|other| other == name));
    let faults = ["错误", "faults"].contains(&name) || MARK.contains(&name);
    (ours || faults).then_some((Place::Ignored, Certainty::Exact))
}
