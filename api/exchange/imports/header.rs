//! The columns of a file: what each of them means, and how sure that is.

use kit::faults::Fault;
use kit::field::{Field, Shape};
use kit::problem::Problem;
use kit::text::Text;

use super::row::told;
use super::sheet_layout::ColumnLayout;
use super::wide_header::Axis;
use crate::exchange::codes::{REPEATED_COLUMN, UNKNOWN_COLUMN, UNKNOWN_COLUMNS, UNREADABLE_FILE};
use crate::exchange::files::columns::{Column, Part, folded};
use crate::exchange::files::days::year_in;
use crate::exchange::files::table::Row;
use crate::records::{Kind, Lines, Wide};

/// Meaning of a column of the file.
#[derive(Clone, Debug)]
pub enum Place {
    /// A field.
    Field(Column),
    /// The row's id in the system from which it comes.
    ExternalId,
    /// An item of a list, by the word that heads the column: its cell is the item's other word.
    Item(ItemColumn),
    /// A column of a wide sheet: its cells are records, or items of one.
    Axis(Axis),
    /// The day of the row: times in other columns are of it.
    Day,
    /// A field that the service fills in, or a name beside an id: in files of ours it is compared with what stands.
    Served(Column),
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
    /// The member that may stand behind it in the same cell: somebody's phone.
    pub pair: Option<&'static Field>,
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
    /// Whether nothing else can be meant.
    pub fn is_sure(self) -> bool {
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

/// Treatment of columns that nobody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// They are left out.
    Ignore,
    /// Their cells go into the note.
    Note,
    /// The file is refused.
    Refuse,
}

/// The columns of a file: as they are written, and what they are.
#[derive(Clone)]
pub struct Header {
    /// Names as they are written.
    pub names: Vec<String>,
    pub(super) places: Vec<Place>,
    pub(super) certainties: Vec<Certainty>,
    pub(super) proposals: Vec<Option<Column>>,
    pub(super) lines_of_kind: Option<Lines>,
    pub(super) kind: &'static Kind,
    /// How the kind lies in a wide sheet, where this is the header of one.
    pub wide: Option<&'static Wide>,
    /// Treatment of columns that nobody knows.
    pub unknown: Unknown,
    /// Whether it is that of an export of ours.
    pub ours: bool,
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
                Place::Axis(axis) => Some(format!("{axis:?}")),
                Place::Served(column) => Some(format!("{}, {:?}", column.name(), column.part)),
                Place::Ignored | Place::Unknown => None,
            })
            .collect();
        known.sort();
        known.dedup();
        known.len()
    }

    /// Whether it is that of a wide sheet whose columns are days: they say when it happened.
    pub fn is_of_days(&self) -> bool {
        self.places.iter().any(|place| matches!(place, Place::Axis(Axis::Day(..))))
    }

    /// How many columns have a name, but for those that are passed over.
    pub fn named(&self) -> usize {
        let counts = |(name, place): &(&String, &Place)| !name.trim().is_empty() && !matches!(place, Place::Ignored);
        self.names.iter().zip(&self.places).filter(counts).count()
    }

    /// Refuses repeated columns, and unknown ones where they are not to be kept.
    pub fn require(&self) -> Result<(), Problem> {
        let mut faults: Vec<Fault> = Vec::new();
        for (index, (name, place)) in self.names.iter().zip(&self.places).enumerate() {
            let pointer = format!("/header/{index}");
            let before = self.places.get(..index).unwrap_or_default();
            let repeated = matches!(place, Place::Field(column) if before.iter().any(|other| matches!(other, Place::Field(other) if other.path == column.path)));
            let name = folded(name);
            // Two tables side by side are no table: what stands in the second would be lost in notes.
            let halves =
                !self.ours && !name.is_empty() && matches!(place, Place::Unknown) && self.is_repeated(index, &name);
            if repeated || halves {
                faults.push(Fault { pointer, code: REPEATED_COLUMN, values: Vec::new(), hint: None });
            } else if matches!(place, Place::Unknown) && self.unknown == Unknown::Refuse && !name.is_empty() {
                let proposal = self.proposals.get(index).and_then(Option::as_ref).map(meant);
                faults.push(Fault { pointer, code: UNKNOWN_COLUMN, values: Vec::new(), hint: proposal });
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(Problem::of_faults(UNKNOWN_COLUMNS, faults)) }
    }

    /// The columns of a day's month and day, where a ledger parts them.
    pub(super) fn month_and_day(&self) -> Option<(usize, usize)> {
        let day = self.places.iter().position(|place| matches!(place, Place::Day))?;
        let is_day = self.names.get(day).is_some_and(|name| matches!(folded(name).as_str(), "日" | "号"));
        let month = self.names.iter().position(|name| is_month(&folded(name)))?;
        is_day.then_some((month, day))
    }

    /// The year above such a month: `2020年` over 月 and 日.
    pub(super) fn year_of_month(&self) -> Option<i32> {
        let (month, _) = self.month_and_day()?;
        year_in(self.names.get(month)?)
    }

    /// Whether a column has the name of one before that is taken, and so have others: the header stands there twice.
    fn is_repeated(&self, index: usize, name: &str) -> bool {
        let taken = |at: usize| !matches!(self.places.get(at), Some(Place::Unknown | Place::Ignored) | None);
        let twins = |name: &str, before: usize| {
            let mut others = self.names.iter().take(before).enumerate();
            others.any(|(at, other)| taken(at) && folded(other) == name)
        };
        let is_unknown = |at: &usize| matches!(self.places.get(*at), Some(Place::Unknown));
        let mut repeated: Vec<String> = (0..self.names.len())
            .filter(is_unknown)
            .filter_map(|at| Some((at, folded(self.names.get(at)?))))
            .filter(|(at, other)| !other.is_empty() && twins(other, *at))
            .map(|(_, other)| other)
            .collect();
        // One phone beside another is no table.
        repeated.sort();
        repeated.dedup();
        repeated.len() > 1 && twins(name, index)
    }

    /// The header of a table that can't be read: of it nothing is guessed.
    pub fn require_whole(row: &Row) -> Result<(), Problem> {
        let Some(flaw) = row.flaw else { return Ok(()) };
        let fault = crate::platform::http::fault("/header", told(flaw).0);
        Err(Problem::of_faults(UNREADABLE_FILE, fault.faults().to_vec()))
    }

    /// Tells what each column was taken for.
    pub fn told(&self) -> Vec<ColumnLayout> {
        let column = |index: usize| {
            let place = self.places.get(index);
            let field = match place {
                Some(Place::Field(column)) => Some(column.name()),
                Some(Place::ExternalId) => Some("external_id".to_owned()),
                Some(Place::Day) => Some("day".to_owned()),
                Some(Place::Item(item)) => Some(format!("{}.{}", item.list.name, item.code)),
                Some(Place::Axis(Axis::Item(item))) => Some(format!("{}.{}", item.list.name, item.member.name)),
                Some(Place::Axis(Axis::Beside(beside))) => Some(format!("{}.{}", beside.list.name, beside.member.name)),
                Some(Place::Axis(Axis::Day(..) | Axis::Flow(..))) => self.wide.map(|wide| wide.cell.join(".")),
                Some(Place::Axis(Axis::Time(..))) => Some("occurred_at".to_owned()),
                _ => None,
            };
            let what = match place {
                Some(Place::Ignored | Place::Served(_)) => "ignored",
                Some(Place::Unknown) if self.unknown == Unknown::Note => "noted",
                Some(Place::Unknown) if self.unknown == Unknown::Ignore => "ignored",
                Some(Place::Unknown) | None => "refused",
                Some(_) => "taken",
            };
            let proposal = self.proposals.get(index).and_then(Option::as_ref).map(Column::name);
            let axis = match place {
                Some(Place::Axis(axis)) => Some(axis.told()),
                _ => None,
            };
            let certainty = self.certainties.get(index).copied().unwrap_or(Certainty::None).code().to_owned();
            let header = self.names.get(index).cloned().unwrap_or_default();
            ColumnLayout { header, field, axis, used: what.to_owned(), certainty, proposal }
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
        self.lines_of_kind.filter(of_items)
    }

    /// Every list of which the file gives a row an item: an export of ours does so of each.
    pub fn row_lists(&self) -> Vec<&'static str> {
        if !self.ours {
            return self.lines().map(|lines| lines.list).into_iter().collect();
        }
        let of_items = |place: &Place| match place {
            Place::Field(column) if column.part == Part::Item => column.path.first().copied(),
            _ => None,
        };
        let mut lists: Vec<&'static str> = self.places.iter().filter_map(of_items).collect();
        lists.dedup();
        lists
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
            Place::Served(column) => Some(format!("/{}", column.path.join("/"))),
            Place::Axis(_) | Place::Ignored | Place::Unknown => None,
        }
    }

    /// The column in which a fault stands; none of a fault of the whole row.
    pub(super) fn index_of(&self, pointer: &str) -> Option<usize> {
        let mut steps: Vec<&str> = pointer.split('/').skip(1).collect();
        if steps.first().is_some_and(|first| self.row_lists().contains(first)) && steps.len() > 1 {
            steps.remove(1);
        }
        let is_it = |place: &Place| match place {
            Place::Field(column) => {
                column.path.len() <= steps.len() && column.path.iter().zip(&steps).all(|(one, other)| one == other)
            }
            Place::ExternalId => steps == ["external_id"],
            Place::Item(item) => steps.first() == Some(&item.list.name),
            Place::Axis(_) | Place::Day | Place::Served(_) | Place::Ignored | Place::Unknown => false,
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

    /// The field in which a fault stands, by its column, else by what the kind has of that name.
    pub(super) fn field_of(&self, pointer: &str) -> Option<&'static Field> {
        match self.index_of(pointer).and_then(|index| self.places.get(index)) {
            Some(Place::Field(column)) => Some(column.field),
            Some(Place::Day) => self.kind.body_fields().into_iter().find(|field| field.name == "occurred_at"),
            _ => self.kind_field(pointer),
        }
    }

    /// The label of what a fault is about.
    pub(super) fn label_of(&self, pointer: &str) -> Option<Text> {
        self.kind_field(pointer).map(|field| field.label)
    }

    /// The field of the kind to which a pointer leads, as far as the kind itself tells it.
    fn kind_field(&self, pointer: &str) -> Option<&'static Field> {
        let mut steps = pointer.split('/').skip(1).filter(|step| step.parse::<usize>().is_err());
        let first = steps.next()?;
        let mut field = self.kind.body_fields().into_iter().find(|field| field.name == first)?;
        for step in steps {
            let members: &'static [Field] = match field.shape {
                Shape::Object(members) | Shape::List { of: &Shape::Object(members), .. } => members,
                _ => break,
            };
            field = members.iter().find(|member| member.name == step)?;
        }
        Some(field)
    }

    /// The name of that column.
    pub(super) fn column_of(&self, pointer: &str) -> Option<&str> {
        self.names.get(self.index_of(pointer)?).map(String::as_str)
    }
}

/// `月`, or below the year `2020年月`.
pub(super) fn is_month(name: &str) -> bool {
    name.strip_suffix('月').is_some_and(|year| {
        let digits = year.trim_end_matches('年');
        year.is_empty() || (digits.len() == 4 && digits.chars().all(|letter| letter.is_ascii_digit()))
    })
}

fn meant(column: &Column) -> Text {
    // Labels are static, and so is what a hint says; the answer names the field beside it.
    column.field.label
}
