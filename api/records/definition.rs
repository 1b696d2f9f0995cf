//! How a room describes its kind, and the list of all kinds.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use kit::field::{Field, Shape};
use kit::problem::Problem;
use kit::row_scope::Rooms;
use kit::statement::ColumnType;
use kit::text::Text;
use ledger::{Column, Families, Family, Table};

use super::envelope;
use super::own_words::has_open_words;
use super::rules::{Identity, Rules};
use super::scope::Follows;
use super::warnings::{COMMON, Warning};
use crate::platform::access::closed_rooms::ClosedRooms;
use crate::platform::access::roles::Role;

/// How far a grant reaches for reading a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The grant's area and all below.
    Area,
    /// The whole district of the grant: for what everybody must be able to name, such as organisations.
    District,
}

/// A kind of record, described by its room.
#[derive(Clone, Copy)]
pub struct Definition {
    /// The kind: table, `kind` in JSON; plural, snake_case.
    pub name: &'static str,
    /// The same in the path, kebab-case.
    pub path: &'static str,
    /// One record of it in the document, `UpperCamel`, globally unique.
    pub schema: &'static str,
    /// Name for people.
    pub label: Text,
    /// Description for the document.
    pub about: &'static str,
    /// Its own fields, beside the envelope's.
    pub fields: &'static [Field],
    /// Those of its fields a list filters by.
    pub filters: &'static [&'static str],
    /// Whether its records change so rarely that references to them may be believed for two seconds.
    pub slow_changing: bool,
    /// How far reading reaches.
    pub reach: Reach,
    /// Roles that read.
    pub readers: &'static [Role],
    /// Roles that create, amend and void.
    pub writers: &'static [Role],
    /// Whether it is a closed room: only its readers ever learn what stands in it, and each reading is audited. It gives
    /// no key of a program, no other kind and no list over kinds anything but its figures.
    pub closed: bool,
    /// Whether a record takes the envelope's note: not where nobody's story may be told.
    pub takes_note: bool,
    /// Whether pictures and papers may be attached to its records. Never to those of a closed room.
    pub takes_attachments: bool,
    /// Its rules.
    pub rules: &'static dyn Rules,
    /// The warnings its rules give.
    pub warnings: &'static [&'static Warning],
    /// An example of a creation, posted by the tests as it stands.
    pub example: &'static str,
    /// Where it stands among records of one number: people 0, what introduces them 1.
    pub sequence: i16,
}

impl Definition {
    /// A record of field work: what most kinds are, but for what they say otherwise.
    pub const FIELD_RECORD: Self = Self {
        name: "",
        path: "",
        schema: "",
        label: Text::new("", ""),
        about: "",
        fields: &[],
        filters: &[],
        slow_changing: false,
        reach: Reach::Area,
        readers: &[],
        writers: &[],
        closed: false,
        takes_note: true,
        takes_attachments: false,
        rules: &NoRules,
        warnings: &[],
        example: "",
        sequence: 1,
    };
}

/// Rules of a kind that has none of its own.
struct NoRules;

impl Rules for NoRules {}

/// Columns of every record that the ledger fills.
const SERVED: &str = "district_code, change_no, recorded_at, revised_at";

/// A kind as the frame uses it: its definition, and what is made of it when it is first needed.
pub struct Kind {
    definition: Definition,
    derived: OnceLock<Derived>,
    subjects: OnceLock<Vec<&'static Kind>>,
}

/// Everything that follows from a definition.
struct Derived {
    table: Table,
    select: String,
    read_select: String,
    shown_select: String,
    stored_fields: Vec<&'static Field>,
    read_fields: Vec<&'static Field>,
    former_fields: Vec<&'static Field>,
    counted_fields: Vec<&'static Field>,
    shown_fields: Vec<&'static Field>,
    has_kind_of_its_own: bool,
    uses_open_words: bool,
    bringing_area: Vec<&'static Field>,
}

impl std::ops::Deref for Kind {
    type Target = Definition;

    fn deref(&self) -> &Definition {
        &self.definition
    }
}

impl PartialEq for Kind {
    /// Two kinds are the same where their tables are.
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Derived {
    fn of(definition: &Definition) -> Self {
        let mut columns = envelope::columns();
        columns.extend(
            stored_fields(definition).map(|field| Column { name: field.name, column_type: column_type(&field.shape) }),
        );
        columns.extend(
            former_fields(definition).map(|field| Column { name: field.name, column_type: column_type(&field.shape) }),
        );
        columns.extend(
            definition.rules.blind_columns().iter().map(|name| Column { name, column_type: ColumnType::Bytes }),
        );
        let select = |names: &[String]| format!("{SERVED}, {}", names.join(", "));
        let names: Vec<String> = columns.iter().map(Column::identifier).collect();
        let mut read_fields: Vec<_> = stored_fields(definition).collect();
        read_fields.sort_by_key(|field| field.name);
        let (first, last) = envelope::columns_of_a_reading();
        let fields = read_fields.iter().copied().chain(former_fields(definition));
        let own = fields.map(|field| Column { name: field.name, column_type: column_type(&field.shape) });
        let read: Vec<String> = first.into_iter().chain(own).chain([last]).map(|column| column.identifier()).collect();
        let counted_fields: Vec<&'static Field> = definition.fields.iter().filter(|field| field.counted).collect();
        let counted = |field: &&'static Field| format!(", {} AS {}", definition.rules.counted(field.name), field.name);
        let counted: String = counted_fields.iter().map(counted).collect();
        let (select, shown_select) = (select(&names), select(&read) + &counted);
        let read_select = select.clone() + &counted;
        let table = Table {
            name: definition.name,
            columns,
            closed: definition.closed,
            projection: definition.rules.projection(),
        };
        let shown = |field: &&Field| !is_of_envelope(field) && !matches!(field.shape, Shape::Inline(..));
        let shown_fields = definition.fields.iter().filter(shown).collect();
        let has_kind_of_its_own = definition.fields.iter().any(|field| field.name == "kind");
        let mut bringing_area: Vec<_> = definition.fields.iter().filter(|field| field.brings_area.is_some()).collect();
        bringing_area.sort_by_key(|field| field.brings_area);
        let uses_open_words = definition.fields.iter().any(has_open_words) || definition.rules.defines_words();
        let (stored_fields, former_fields) = (stored_fields(definition).collect(), former_fields(definition).collect());
        Self {
            table,
            select,
            read_select,
            shown_select,
            stored_fields,
            read_fields,
            former_fields,
            counted_fields,
            shown_fields,
            has_kind_of_its_own,
            uses_open_words,
            bringing_area,
        }
    }
}

impl Kind {
    /// The kind of a definition.
    pub const fn of(definition: Definition) -> Self {
        Self { definition, derived: OnceLock::new(), subjects: OnceLock::new() }
    }

    /// Kinds to one of whose records each of its own belongs: told by the registry, for they say it themselves.
    pub fn subjects(&self) -> &[&'static Kind] {
        self.subjects.get().map_or(&[], Vec::as_slice)
    }

    /// How it follows cases: by itself, or with the records to which its own belong.
    pub fn follows(&self) -> Option<Follows> {
        let with_subjects = || {
            let belongs = self.rules.belongs_to()?;
            let mut of_subjects = self.subjects().iter().filter_map(|subject| subject.rules.follows());
            let follows = of_subjects.find(|follows| follows.case().is_some())?;
            Some(Follows { column: belongs.case, ..follows })
        };
        self.rules.follows().or_else(with_subjects)
    }

    /// One of those, by name.
    pub fn subject(&self, name: &str) -> Option<&'static Kind> {
        self.subjects().iter().find(|kind| kind.name == name).copied()
    }

    fn derived(&self) -> &Derived {
        self.derived.get_or_init(|| Derived::of(&self.definition))
    }

    /// Its table, as the ledger writes it.
    pub fn table(&self) -> &Table {
        &self.derived().table
    }

    /// The closed room that a statement over its records must name, where it is one.
    pub fn room(&self) -> Option<&'static str> {
        self.closed.then_some(self.definition.name)
    }

    /// The list of columns of a SELECT.
    pub fn select(&self) -> &str {
        &self.derived().select
    }

    /// The same of a SELECT over rows called `r`, with what is counted from other records.
    pub fn read_select(&self) -> &str {
        &self.derived().read_select
    }

    /// The same of a SELECT whose rows, called `r`, are only read as records: without the digest and the blind indexes, in the order
    /// in which [`super::Record::from_row`] takes them.
    pub fn shown_select(&self) -> &str {
        &self.derived().shown_select
    }

    /// Whether its records are people: then their ids are derived, and one may be known by several.
    pub fn is_people(&self) -> bool {
        self.rules.identity().is_some_and(|identity| identity.watched.is_some())
    }

    /// Whether a body of it says who somebody is: himself, or given inline.
    pub fn tells_people(&self) -> bool {
        self.is_people() || self.definition.fields.iter().any(|field| matches!(field.shape, Shape::Inline(..)))
    }

    /// Whether a reference is of somebody who can be told inline instead: `person_id`, where there is a `person`.
    pub fn is_told_inline(&self, reference: &str) -> bool {
        let told =
            |field: &&Field| matches!(field.shape, Shape::Inline(..)) && reference == format!("{}_id", field.name);
        self.definition.fields.iter().any(|field| told(&field))
    }

    /// Its own fields as they are served: beside the envelope's, and without what only comes in.
    pub fn shown_fields(&self) -> impl Iterator<Item = &'static Field> {
        self.derived().shown_fields.iter().copied()
    }

    /// Whether it has a field called `kind`, which stands where others name themselves.
    pub fn has_kind_of_its_own(&self) -> bool {
        self.derived().has_kind_of_its_own
    }

    /// Whether words that a district added may stand in it, or are its records.
    pub fn uses_open_words(&self) -> bool {
        self.derived().uses_open_words
    }

    /// Its references whose records say where one of its own belongs, the most telling first.
    pub fn bringing_area(&self) -> impl Iterator<Item = &'static Field> {
        self.derived().bringing_area.iter().copied()
    }

    /// Its own fields that are kept in the clear, a column each.
    pub fn stored_fields(&self) -> impl Iterator<Item = &'static Field> {
        self.derived().stored_fields.iter().copied()
    }

    /// The same in the order of their names.
    pub(super) fn read_fields(&self) -> impl ExactSizeIterator<Item = &'static Field> {
        self.derived().read_fields.iter().copied()
    }

    /// Its own fields that are sealed now and have a column still, which only rows of a former release fill.
    pub fn former_fields(&self) -> impl Iterator<Item = &'static Field> {
        self.derived().former_fields.iter().copied()
    }

    /// Its own fields that are counted whenever they are read.
    pub fn counted_fields(&self) -> impl ExactSizeIterator<Item = &'static Field> {
        self.derived().counted_fields.iter().copied()
    }

    /// Its own fields that are kept in the encrypted envelope.
    pub fn personal_fields(&self) -> impl Iterator<Item = &'static Field> {
        self.definition.fields.iter().filter(|field| field.is_personal())
    }

    /// Whether anything of its records may stand in the encrypted envelope: only that can be purged.
    pub fn has_personal_data(&self) -> bool {
        self.takes_note || self.fields_with_seals().next().is_some()
    }

    /// Its own fields of which at least a part may stand in the encrypted envelope.
    pub fn fields_with_seals(&self) -> impl Iterator<Item = &'static Field> {
        self.definition.fields.iter().filter(|field| field.is_personal() || field.sealed_members().next().is_some())
    }

    /// A field of its own, by name.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.definition.fields.iter().find(|field| field.name == name)
    }

    /// The field by which its records are called, where everybody who sees one is told its name.
    pub fn called_by(&self) -> Option<&'static Field> {
        self.field("name").filter(|field| !field.is_personal() && field.required)
    }

    /// The fields of a request body: the envelope's and its own. A field that the kind describes
    /// itself (a place must have an area) stands for the envelope's.
    pub fn body_fields(&self) -> Vec<&'static Field> {
        let own = self.definition.fields;
        envelope::INPUT.iter().filter(|field| own.iter().all(|other| other.name != field.name)).chain(own).collect()
    }
}

/// Fields with a column of their own. Those of the envelope have theirs already.
fn stored_fields(definition: &Definition) -> impl Iterator<Item = &'static Field> + use<> {
    definition
        .fields
        .iter()
        .filter(|field| !field.is_personal() && !field.counted)
        .filter(|field| !matches!(field.shape, Shape::Inline(..)) && !is_of_envelope(field))
}

/// Sealed fields that a former release kept in the clear.
fn former_fields(definition: &Definition) -> impl Iterator<Item = &'static Field> + use<> {
    definition.fields.iter().filter(|field| field.formerly_open)
}

/// Whether a field describes a member of the envelope.
fn is_of_envelope(field: &Field) -> bool {
    envelope::INPUT.iter().any(|other| other.name == field.name)
}

pub(super) fn column_type(shape: &Shape) -> ColumnType {
    match shape {
        Shape::Text { .. } | Shape::Secret { .. } | Shape::Word(_) | Shape::Area => ColumnType::Text,
        Shape::Decimal { .. } => ColumnType::Decimal,
        Shape::Integer { .. } => ColumnType::Integer,
        Shape::Number { .. } => ColumnType::Number,
        Shape::Boolean => ColumnType::Boolean,
        Shape::Instant => ColumnType::Instant,
        Shape::Day => ColumnType::Day,
        Shape::Id | Shape::Account | Shape::Reference(_) | Shape::Inline(..) => ColumnType::Id,
        Shape::List { .. } | Shape::Object(_) => ColumnType::Json,
    }
}

/// All kinds of a service, by name.
#[derive(Clone)]
pub struct Registry {
    kinds: BTreeMap<&'static str, &'static Kind>,
    warnings: BTreeMap<&'static str, &'static Warning>,
}

impl Registry {
    /// A registry of these kinds.
    pub fn new(kinds: &[&'static Kind]) -> Self {
        let of_kinds = kinds.iter().flat_map(|kind| kind.warnings).chain(COMMON);
        let subjects = || kinds.iter().filter(|kind| kind.takes_attachments && !kind.closed).copied().collect();
        for kind in kinds.iter().filter(|kind| kind.rules.belongs_to().is_some()) {
            kind.subjects.get_or_init(subjects);
        }
        Self {
            kinds: kinds.iter().map(|kind| (kind.name, *kind)).collect(),
            warnings: of_kinds.map(|warning| (warning.code, *warning)).collect(),
        }
    }

    /// A kind by name.
    pub fn kind(&self, name: &str) -> Option<&'static Kind> {
        self.kinds.get(name).copied()
    }

    /// A warning by its code, of whatever kind: a record also carries those about whom it introduced.
    pub fn warning(&self, code: &str) -> Option<&'static Warning> {
        self.warnings.get(code).copied()
    }

    /// The kind whose records are people, and how it keeps who they are.
    pub fn register(&self) -> Option<(&'static Kind, &'static Identity)> {
        self.kinds().find_map(|kind| Some((kind, kind.rules.identity().filter(|identity| identity.watched.is_some())?)))
    }

    /// Where the ledger finds what is counted once, to count different ones: people, and whatever else has an identity.
    pub fn families(&self) -> Result<Families, Problem> {
        let (people, identity) = self.register().ok_or_else(|| Problem::internal("no kind is of people"))?;
        let figures = || self.kinds().flat_map(|kind| kind.rules.figures());
        let kept = |name: &'static str| {
            figures().filter(move |figure| figure.different == Some(name)).filter_map(|figure| figure.kept_as)
        };
        let family = |kind: &'static Kind, identity: &Identity| Family {
            table: kind.name,
            merged_into: identity.merged_into,
            kept: kept(kind.name).collect(),
        };
        let others = self.kinds().filter(|kind| kind.name != people.name);
        let others = others.filter_map(|kind| Some(family(kind, kind.rules.identity()?)));
        Ok(Families { people: family(people, identity), others: others.collect() })
    }

    /// All closed rooms: for the service's own work over the records of every kind, and for its index of changes.
    pub fn rooms(&self) -> Rooms {
        self.kinds().filter_map(Kind::room).collect()
    }

    /// The same with the roles that read each.
    pub fn closed_rooms(&self) -> ClosedRooms {
        ClosedRooms::new(self.kinds().filter(|kind| kind.closed).map(|kind| (kind.name, kind.readers)))
    }

    /// All kinds by name.
    pub fn kinds(&self) -> impl Iterator<Item = &'static Kind> {
        self.kinds.values().copied()
    }
}
