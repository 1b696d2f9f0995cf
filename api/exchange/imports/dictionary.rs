//! Every name that means a column of a kind: the names of fields, their labels, the synonyms, and what the caller says.

use std::collections::BTreeMap;

use kit::faults::Faults;
use kit::field::{Field, Privacy};
use kit::problem::Problem;
use kit::text::Language;

use super::fault_table::ADDED;
use super::header::{Certainty, Header, Place, Unknown, is_month};
use super::names::is_open;
use super::told;
use super::wide_header::{self, Axis};
use crate::exchange::codes::{PERSONAL_CONSTANT, UNKNOWN_COLUMN};
use crate::exchange::files::columns::{Column, Part, exported, folded, imported};
use crate::exchange::files::export::MARK;
use crate::platform::core::Core;
use crate::records::wide::WideAxis;
use crate::records::{Kind, Registry, Wide, envelope};

/// The caller's parameters about the columns.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// `map.<header>=<field>`, by the header as it is compared.
    pub map: BTreeMap<String, String>,
    /// `set.<field>=<text>`.
    pub set: Vec<(String, String)>,
    /// `unknown=`, where it is said.
    pub unknown: Option<Unknown>,
    /// `shape=`, where it is said: whether the sheet is wide.
    pub wide: Option<bool>,
}

/// Every name that means a column of a kind.
pub struct Dictionary {
    pub(super) kind: &'static Kind,
    kinds: Registry,
    columns: Vec<Column>,
    added: Vec<Column>,
    given: Given,
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
/// A column's name has so many characters at most.
const LONGEST_NAME: usize = 60;
/// Columns that make a sheet wide.
const LEAST_AXES: usize = 2;
/// How alike two names must be for a proposal.
const ALIKE: f64 = 0.5;

impl Dictionary {
    /// The names of a kind, and what the caller says of a file.
    pub fn new(core: &Core, kind: &'static Kind, given: Given) -> Self {
        Self {
            kind,
            kinds: core.kinds().clone(),
            columns: imported(kind, core.kinds()),
            added: exported(kind, core.kinds(), true),
            given,
        }
    }

    /// Whether what stands for a field may be kept in the clear.
    pub fn is_open(&self, field: &Field) -> bool {
        is_open(field, &self.kinds)
    }

    /// The column of a field, by whatever name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        let name = folded(name);
        let exact = self.columns.iter().find(|column| folded(&column.name()) == name);
        exact.or_else(|| self.columns.iter().find(|column| column.names().contains(&name)))
    }

    /// Columns that the file doesn't have and the caller fills; 422 for names of no field, and for what tells of
    /// somebody: it would stand in the address, which proxies write down.
    pub fn constants(&self) -> Result<Vec<(Column, String)>, Problem> {
        let mut faults = Faults::default();
        let mut constants = Vec::new();
        for (name, text) in &self.given.set {
            match self.column(name) {
                Some(column) if !matches!(column.field.privacy, Privacy::Open) => {
                    faults.add(format!("?set.{}", column.name()), PERSONAL_CONSTANT);
                }
                Some(column) => constants.push((column.clone(), text.clone())),
                None => faults.add(format!("?set.{}", harmless(name)), UNKNOWN_COLUMN),
            }
        }
        for (header, name) in &self.given.map {
            if self.column(name).is_none() {
                faults.add(format!("?map.{}", harmless(header)), UNKNOWN_COLUMN);
            }
        }
        faults.finish().map(|()| constants)
    }

    /// How the kind lies in wide sheets, unless the caller says that this is none.
    fn wide(&self) -> Option<&'static Wide> {
        self.kind.rules.wide().filter(|_| self.given.wide != Some(false))
    }

    /// Whether a name heads a column of a wide sheet.
    pub fn is_axis(&self, name: &str) -> bool {
        let is_it = |wide: &Wide| {
            wide_header::axis(wide, self.kind, name).is_some() || wide_header::beside(wide, self.kind, name).is_some()
        };
        self.wide().is_some_and(is_it)
    }

    /// Whether the caller says a member for the whole file.
    fn is_given(&self, path: &[&str]) -> bool {
        self.given.set.iter().any(|(name, _)| self.column(name).is_some_and(|column| column.path == path))
    }

    /// Puts the columns of a wide sheet in their places, where it is one: several columns, and none of its own for what
    /// their cells say.
    fn lay_wide(&self, names: &[String], places: &mut [Place], certainties: &mut [Certainty]) -> Option<&'static Wide> {
        let wide = self.wide()?;
        let has = |places: &[Place], path: &[&str]| {
            places.iter().any(|place| matches!(place, Place::Field(column) if column.path == path))
        };
        // 体温(上午) is the cell of a part of the day, not all that the row says.
        let is_part = |name: &String, place: &Place| {
            matches!(place, Place::Field(column) if column.path == wide.cell)
                && matches!(wide_header::axis(wide, self.kind, name), Some(Axis::Day(_, Some(_))))
        };
        let is_cell = |(name, place): (&String, &Place)| {
            matches!(place, Place::Field(column) if column.path == wide.cell) && !is_part(name, place)
        };
        let has_cell = names.iter().zip(&*places).any(is_cell);
        let has_part = names.iter().zip(&*places).any(|(name, place)| is_part(name, place));
        // Things side by side: the row says which word it is of.
        let is_beside = match &wide.axis {
            WideAxis::Items { beside, .. } => has_cell && !has(places, beside) && !self.is_given(beside),
            _ => false,
        };
        let axes: Vec<Option<Axis>> = names
            .iter()
            .zip(&*places)
            .map(|(name, place)| {
                // Of a list that the columns are, what its members are called is no column of its own.
                let free = (matches!(place, Place::Unknown) || is_part(name, place))
                    && name.chars().nth(LONGEST_NAME).is_none();
                let axis = || match is_beside {
                    true => wide_header::beside(wide, self.kind, name).map(Axis::Beside),
                    false => wide_header::axis(wide, self.kind, name),
                };
                free.then(axis).flatten()
            })
            .collect();
        let least = if self.given.wide == Some(true) || has_part { 1 } else { LEAST_AXES };
        let is_flow = matches!(wide.axis, WideAxis::Flows { .. });
        let records = axes.iter().flatten().filter(|axis| !matches!(axis, Axis::Left | Axis::Time(..))).count();
        // One flow beside the rest is as sure a sign as two columns.
        let has_left = is_flow && records > 0 && axes.iter().flatten().any(|axis| matches!(axis, Axis::Left));
        if (has_cell && !is_beside) || (records < least && !has_left) {
            return None;
        }
        for ((axis, place), certainty) in axes.into_iter().zip(places).zip(certainties) {
            if let Some(axis) = axis {
                (*place, *certainty) = (Place::Axis(axis), Certainty::Synonym);
            }
        }
        Some(wide)
    }

    /// Reads names as a header, whatever there is in them.
    pub fn read(&self, names: &[String]) -> Header {
        let named: Vec<String> = names.iter().map(|name| folded(name)).collect();
        let of_served = |name: &String| {
            envelope::SERVED.iter().any(|field| folded(field.label.zh) == *name || field.name == name.as_str())
        };
        let of_names = |name: &String| self.is_beside(name, &named);
        let is_ours = named.iter().filter(|name| of_served(name) || of_names(name)).count() > 1;
        let (mut places, mut certainties): (Vec<Place>, _) = (Vec::new(), Vec::new());
        for name in names {
            let (place, certainty) = self.meaning(name, &named, is_ours);
            // Two columns that may mean one field: the one that surely does has it, else the first.
            // A second day would be passed over without a word.
            if matches!(place, Place::Day) && places.iter().any(|other| matches!(other, Place::Day)) {
                places.push(Place::Unknown);
                certainties.push(Certainty::None);
                continue;
            }
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
        let wide = self.lay_wide(names, &mut places, &mut certainties);
        without_twin(&mut places);
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
            proposals: vec![None; names.len()],
            lines_of_kind: self.kind.rules.lines(),
            kind: self.kind,
            wide,
            unknown,
            ours: is_ours,
        }
    }

    fn meaning(&self, name: &str, named: &[String], is_ours: bool) -> (Place, Certainty) {
        // So long is no name of a column, and rows of data are read as headers, too.
        if name.chars().nth(LONGEST_NAME).is_some() {
            return (Place::Unknown, Certainty::None);
        }
        let name = folded(name);
        if name.is_empty() {
            return (Place::Unknown, Certainty::None);
        }
        if let Some(place) = Some(&name).filter(|_| is_ours).and_then(|name| told::place(self.kind, &self.added, name))
            && !self.given.map.contains_key(&name)
        {
            return (place, Certainty::Exact);
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
        if let Some(item) = self.answerer(&name) {
            return (Place::Item(item), Certainty::Synonym);
        }
        // The month beside the day, in a column of its own.
        let is_day = |name: &String| name == "日" || name.ends_with("年日");
        if is_month(&name) && named.iter().any(is_day) {
            return (Place::Ignored, Certainty::Synonym);
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

    /// Whether a header is that of the names beside ids, with both of them there.
    fn is_beside(&self, name: &str, named: &[String]) -> bool {
        let both = |column: &Column, language| {
            let id = self.added.iter().find(|other| other.part == Part::Value && other.path == column.path);
            folded(&column.header(language)) == *name
                && id.is_some_and(|id| named.contains(&folded(&id.header(language))))
        };
        let mut names = self.added.iter().filter(|column| column.part == Part::Name);
        names.any(|column| both(column, Language::Chinese) || both(column, Language::English))
    }

    /// Proposes fields for the names that nobody knows, but for those that another name has.
    pub fn propose(&self, header: &mut Header) {
        for index in 0..header.names.len() {
            if !matches!(header.places.get(index), Some(Place::Unknown)) {
                continue;
            }
            let taken = |column: &&Column| {
                header.places.iter().any(|place| matches!(place, Place::Field(other) if other.path == column.path))
            };
            let proposal = header.names.get(index).and_then(|name| self.proposal(name));
            let proposal = proposal.filter(|column| !taken(column)).cloned();
            if let Some(place) = header.proposals.get_mut(index) {
                *place = proposal;
            }
        }
    }

    /// The field that an unknown name is most like.
    fn proposal(&self, name: &str) -> Option<&Column> {
        let name = folded(name);
        let likeness = |column: &Column| column.names().iter().map(|other| alike(&name, other)).fold(0.0, f64::max);
        let best = self.columns.iter().map(|column| (likeness(column), column));
        let (likeness, best) = best.max_by(|(one, _), (other, _)| one.total_cmp(other))?;
        (likeness >= ALIKE).then_some(best)
    }
}

/// A name whose id has no column is what a reference is known by.
fn without_twin(places: &mut [Place]) {
    let has_id = |places: &[Place], name: &Column| {
        places.iter().any(|place| matches!(place, Place::Field(other) if other.path == name.path))
    };
    for index in 0..places.len() {
        if let Some(Place::Served(column)) = places.get(index).cloned()
            && column.part == Part::Name
            && !has_id(places, &column)
            && !is_served(&column)
            && let Some(place) = places.get_mut(index)
        {
            *place = Place::Field(column);
        }
    }
}

/// Whether only the server fills a column in.
pub(super) fn is_served(column: &Column) -> bool {
    let of_envelope = |field: &Field| column.path == [field.name];
    column.field.write == kit::field::Write::Never || envelope::SERVED.iter().any(of_envelope)
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
    let by_full_name = |column: &Column| {
        kind.rules.book().is_some_and(|book| {
            matches!(column.path.as_slice(), [first, second] if *first == book.shared && book.by_full_name.contains(second))
        })
    };
    let means = |column: &&Column| !by_full_name(column) && column.names().iter().any(|other| other == name);
    let of_sheets = |first: &str| kind.rules.sheet_fields().iter().any(|field| field.name == first);
    let is_own =
        |column: &&Column| column.path.first().is_some_and(|first| kind.field(first).is_some() || of_sheets(first));
    // The kind's own columns go before those of somebody whom it names.
    let is_bare = |column: &&Column| column.path.len() == 1 && is_own(column);
    let bare = columns.iter().filter(is_bare).find(means);
    let meant = bare.or_else(|| columns.iter().filter(is_own).find(means)).or_else(|| columns.iter().find(means));
    if let Some(column) = meant {
        return Some((Place::Field(column.clone()), Certainty::Synonym));
    }
    let ours = added.iter().any(|column| column.names().iter().take(3).any(|other| other == name));
    // `faults` is what former releases called it.
    let faults = ADDED.iter().flatten().any(|added| folded(added) == name) || name == "faults" || MARK.contains(&name);
    (ours || faults).then_some((Place::Ignored, Certainty::Exact))
}
