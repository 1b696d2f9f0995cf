//! Definition of a field: its shape, its bounds, its names. One table of these makes the check of what is submitted,
//! the columns of the row, the schema of the document, the headers of an import and an export. Nothing of it is written
//! a second time.

use super::text::Text;
use super::vocabulary::Vocabulary;

/// The shape of a value.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// Text of so many characters (Unicode scalar values).
    Text {
        /// At least so many.
        min: usize,
        /// At most so many.
        max: usize,
        /// A regular expression that the whole text must match, anchored.
        pattern: Option<&'static str>,
    },
    /// A secret: as text, but never echoed, trimmed or shown as an example.
    Secret {
        /// At least so many characters.
        min: usize,
        /// At most so many characters.
        max: usize,
    },
    /// One word of a vocabulary.
    Word(&'static Vocabulary),
    /// An exact decimal, as a string in JSON.
    Decimal {
        /// Decimal places at most.
        scale: u32,
        /// Smallest, as text.
        min: &'static str,
        /// Largest, as text.
        max: &'static str,
    },
    /// An integer.
    Integer {
        /// Smallest.
        min: i64,
        /// Largest.
        max: i64,
    },
    /// A number that is no exact quantity: a coordinate.
    Number {
        /// Smallest.
        min: f64,
        /// Largest.
        max: f64,
    },
    /// Yes or no.
    Boolean,
    /// An instant, RFC 3339 with offset.
    Instant,
    /// A day, `YYYY-MM-DD`.
    Day,
    /// An id of no particular kind.
    Id,
    /// The id of an account. In a body its user name may stand for it: whoever reads the body puts the id there first.
    Account,
    /// The id of a record of that kind, which the caller must be able to reach.
    Reference(&'static str),
    /// A whole record of that kind, which the document calls so, given inline; its id goes to the field named
    /// `<name>_id`.
    Inline(&'static str, &'static str),
    /// An administrative division's code.
    Area,
    /// A list.
    List {
        /// Shape of each item.
        of: &'static Shape,
        /// At most so many.
        max: usize,
    },
    /// An object of its own fields.
    Object(&'static [Field]),
}

/// Side that writes a field, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Write {
    /// The client, at any time.
    Always,
    /// The client, at creation only.
    OnCreate,
    /// The server only.
    Never,
}

/// Form in which a field is kept and shown.
#[derive(Clone, Copy, Debug)]
pub enum Privacy {
    /// In the clear.
    Open,
    /// Encrypted at rest; shown to whoever may see the record.
    Sealed,
    /// Encrypted at rest; shown masked.
    Masked(fn(&serde_json::Value) -> serde_json::Value),
    /// In the clear; shown as a text that tells less.
    Coarse(fn(&serde_json::Value) -> serde_json::Value),
}

/// Meaning of [`NONE`] as the value of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence {
    /// The same as of any other text.
    Unasked,
    /// Those that have no value are sought.
    Sought,
    /// Each has a value: it is refused.
    Impossible,
}

/// The value of a parameter that seeks those that have none.
pub const NONE: &str = "none";

/// A field.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its one name: database, code, JSON.
    pub name: &'static str,
    /// Its shape.
    pub shape: Shape,
    /// Whether it must be there.
    pub required: bool,
    /// Whether it may be left out but not be null.
    pub never_null: bool,
    /// Items that a list has at least.
    pub least: usize,
    /// Side that writes it.
    pub write: Write,
    /// Whether the server makes it of the record itself: made anew at every revision, gone with what it was made of.
    pub derived: bool,
    /// Whether it is counted from other records whenever it is read, and kept nowhere.
    pub counted: bool,
    /// Whether it tells of a day or a moment that can't lie ahead.
    pub happened: bool,
    /// Form in which it is kept and shown.
    pub privacy: Privacy,
    /// Whether nobody is told it with the record, whatever he may see unmasked: it has a question of its own.
    pub withheld: bool,
    /// Whether a former release kept it in the clear: its column is there still, for the rows of then.
    pub formerly_open: bool,
    /// Label in forms, spreadsheets and tables.
    pub label: Text,
    /// Meaning, for the API document; in English.
    pub about: &'static str,
    /// Other names that people write over its column in a file.
    pub also: &'static [&'static str],
    /// Of a reference: whether what it names says where the record belongs, and before which others; the lowest first.
    pub brings_area: Option<u8>,
    /// Whether a day far from when the record happened is natural in it.
    pub any_day: bool,
    /// Meaning of [`NONE`], where it is a parameter.
    pub absence: Absence,
}

impl Field {
    /// A field of some shape: optional, open, written by the client at any time.
    pub const fn new(name: &'static str, shape: Shape, label: Text, about: &'static str) -> Self {
        Self {
            name,
            shape,
            required: false,
            never_null: false,
            least: 0,
            write: Write::Always,
            derived: false,
            counted: false,
            happened: false,
            privacy: Privacy::Open,
            withheld: false,
            formerly_open: false,
            label,
            about,
            also: &[],
            brings_area: None,
            any_day: false,
            absence: Absence::Unasked,
        }
    }

    /// Must be there and not null.
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// May be left out, never null: in a patch whose target always has it.
    pub const fn never_null(mut self) -> Self {
        self.never_null = true;
        self
    }

    /// Whether null may stand for nothing.
    pub fn takes_null(&self) -> bool {
        !self.required && !self.never_null
    }

    /// A list that has at least one item.
    pub const fn not_empty(mut self) -> Self {
        self.least = 1;
        self
    }

    /// Given at creation, not changed afterwards.
    pub const fn on_create(mut self) -> Self {
        self.write = Write::OnCreate;
        self
    }

    /// Set by the server.
    pub const fn by_server(mut self) -> Self {
        self.write = Write::Never;
        self
    }

    /// Set by the server from this record and what it names, nothing else: no revision carries it on. What other
    /// records move (a state, a history) is [`Self::by_server`] alone.
    pub const fn derived(mut self) -> Self {
        self.derived = true;
        self.by_server()
    }

    /// Counted by the server whenever it is read, from other records as they stand: it is right in whatever order they
    /// came, makes no revision and has no column.
    pub const fn counted(mut self) -> Self {
        self.counted = true;
        self.by_server()
    }

    /// A day or a moment of what has happened: one that lies ahead is warned of.
    pub const fn happened(mut self) -> Self {
        self.happened = true;
        self
    }

    /// Encrypted at rest. A member of the objects of a list may be, where the list is in the clear.
    pub const fn sealed(mut self) -> Self {
        self.privacy = Privacy::Sealed;
        self
    }

    /// Encrypted at rest, and kept in the clear by a former release.
    pub const fn sealed_since(mut self) -> Self {
        self.formerly_open = true;
        self.sealed()
    }

    /// Encrypted at rest, and shown only through this mask.
    pub const fn masked(mut self, mask: fn(&serde_json::Value) -> serde_json::Value) -> Self {
        self.privacy = Privacy::Masked(mask);
        self
    }

    /// Encrypted at rest, and told by a question of its own only: in all else the mask stands for it, also where people
    /// are told plainly.
    pub const fn withheld(mut self, mask: fn(&serde_json::Value) -> serde_json::Value) -> Self {
        self.withheld = true;
        self.masked(mask)
    }

    /// Shown as a text that tells less.
    pub const fn coarse(mut self, told: fn(&serde_json::Value) -> serde_json::Value) -> Self {
        self.privacy = Privacy::Coarse(told);
        self
    }

    /// How it is shown to those without the right to see it whole, where that is another way.
    pub fn mask(&self) -> Option<fn(&serde_json::Value) -> serde_json::Value> {
        match self.privacy {
            Privacy::Masked(mask) | Privacy::Coarse(mask) => Some(mask),
            Privacy::Open | Privacy::Sealed => None,
        }
    }

    /// Adds other names that people write over its column in a file.
    pub const fn also(mut self, names: &'static [&'static str]) -> Self {
        self.also = names;
        self
    }

    /// A reference whose record says where this one belongs. Of several that are given the most telling decides: that of
    /// the lowest rank.
    pub const fn brings_area(mut self, rank: u8) -> Self {
        self.brings_area = Some(rank);
        self
    }

    /// A day far from when the record happened is natural in it, and no sign of a slip.
    pub const fn any_day(mut self) -> Self {
        self.any_day = true;
        self
    }

    /// Whether it is kept in the record's encrypted envelope.
    pub fn is_personal(&self) -> bool {
        matches!(self.privacy, Privacy::Sealed | Privacy::Masked(_))
    }

    /// Of a list of objects: their members that are kept in the envelope.
    pub fn sealed_members(&self) -> impl Iterator<Item = &'static str> + use<> {
        let fields: &[Self] = match self.shape {
            Shape::List { of: Shape::Object(fields), .. } => fields,
            _ => &[],
        };
        fields.iter().filter(|field| field.is_personal()).map(|field| field.name)
    }
}

/// A user name: letters, digits and `_ . -`.
pub const USERNAME: Shape = Shape::Text { min: 3, max: 40, pattern: Some("[A-Za-z0-9_.-]+") };

/// Free text of at most so many characters.
pub const fn free_text(max: usize) -> Shape {
    Shape::Text { min: 1, max, pattern: None }
}
