//! Kinds of duties. Each is declared by the theme whose records prove it, with the lines that answer for it; the list of
//! [`super::sources`] makes the vocabulary, the measures, the matching and the worker of them.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use chrono_tz::Tz;
use kit::text::Text;
use kit::vocabulary::{Vocabulary, Word, word};

use super::matching::{Contact, Expectation};
use super::sources::{COUNT, SOURCES};
use super::wire::DutyLine;

/// Whether a record proves a duty.
pub type Proves = fn(&Expectation, &Contact, Tz) -> bool;

/// Declaration of a kind of duty.
#[derive(Debug)]
pub struct DutyDefinition {
    /// Its code and its label.
    pub word: Word,
    /// Lines that answer for it, each with a duty of its own; the first is the kind's own.
    pub lines: &'static [DutyLine],
    /// Whether a record proves it.
    pub proves: Proves,
    /// Whether a note of whoever looked into it closes it, where no record does.
    pub answered_by_note: bool,
}

/// A kind of duty. Two are the same where their codes are.
#[derive(Clone, Copy)]
pub struct DutyKind(&'static DutyDefinition);

impl DutyKind {
    /// Every kind, source by source.
    pub const ALL: &'static [Self] = &every_kind();
    /// The vocabulary, as it is published.
    pub const VOCABULARY: &'static Vocabulary = {
        const WORDS: &[Word] = &every_word();
        static VOCABULARY: Vocabulary = Vocabulary::new(NAME, Text::new("Duty", "责任事项"), WORDS);
        &VOCABULARY
    };

    /// The kind of a declaration.
    pub const fn of(definition: &'static DutyDefinition) -> Self {
        assert!(!definition.lines.is_empty(), "nobody answers for the duty");
        Self(definition)
    }

    /// Its code, in JSON and in the database.
    pub const fn code(self) -> &'static str {
        self.0.word.code
    }

    /// The kind of a code; none where a former release knew it.
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.code() == code)
    }

    /// The line that answers for it.
    pub fn line(self) -> DutyLine {
        self.0.lines.first().copied().unwrap_or(DutyLine::District)
    }

    /// All lines that answer for it, each with a duty of its own.
    pub const fn lines(self) -> &'static [DutyLine] {
        self.0.lines
    }

    /// Whether a note of whoever looked into it closes it.
    pub const fn is_answered_by_note(self) -> bool {
        self.0.answered_by_note
    }

    /// Whether a record proves a duty of this kind.
    pub fn is_proven(self, duty: &Expectation, contact: &Contact, zone: Tz) -> bool {
        (self.0.proves)(duty, contact, zone)
    }
}

/// Proof of what no record proves: whoever keeps the register or the roster settles it.
pub fn settled_elsewhere(_: &Expectation, _: &Contact, _: Tz) -> bool {
    false
}

/// Name of the vocabulary.
const NAME: &str = "duty_kind";

const fn every_kind() -> [DutyKind; COUNT] {
    let mut kinds = [FIRST; COUNT];
    let (mut rest, mut at) = (SOURCES, 0);
    while let [source, others @ ..] = rest {
        let mut own = source.kinds;
        while let [kind, further @ ..] = own {
            let (_, left) = kinds.split_at_mut(at);
            if let [place, ..] = left {
                *place = *kind;
            }
            at += 1;
            own = further;
        }
        rest = others;
    }
    kinds
}

const fn every_word() -> [Word; COUNT] {
    let mut words = [FIRST.0.word; COUNT];
    let (mut kinds, mut left): (&[DutyKind], &mut [Word]) = (DutyKind::ALL, &mut words);
    while let ([kind, others @ ..], [place, further @ ..]) = (kinds, left) {
        *place = kind.0.word;
        (kinds, left) = (others, further);
    }
    words
}

/// Filling of lists that are then written over.
const FIRST: DutyKind = DutyKind(&DutyDefinition {
    word: word("", "", ""),
    lines: &[DutyLine::District],
    proves: settled_elsewhere,
    answered_by_note: false,
});

impl PartialEq for DutyKind {
    fn eq(&self, other: &Self) -> bool {
        self.code() == other.code()
    }
}

impl Eq for DutyKind {}

impl PartialOrd for DutyKind {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for DutyKind {
    fn cmp(&self, other: &Self) -> Ordering {
        self.code().cmp(other.code())
    }
}

impl Hash for DutyKind {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.code().hash(state);
    }
}

impl fmt::Debug for DutyKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code())
    }
}

kit::word_impls!(DutyKind, NAME);

/// Declares the kinds of duties of a source: a constant each, and the list of all in their order. After the label stand
/// the lines that answer for it and whether a record proves it.
macro_rules! duty_kinds {
    ($(#[$list_doc:meta])* $visible:vis const $list:ident; $($(#[$doc:meta])* $name:ident $code:literal $en:literal $zh:literal [$($line:ident),+] $proves:expr $(, $answered:ident)?;)*) => {
        $(
            $(#[$doc])*
            #[doc = concat!("The duty `", $code, "`.")]
            $visible const $name: $crate::rooms::duties::DutyKind =
                $crate::rooms::duties::DutyKind::of(&$crate::rooms::duties::DutyDefinition {
                    word: ::kit::vocabulary::word($code, $en, $zh),
                    lines: &[$($crate::rooms::duties::DutyLine::$line),+],
                    proves: $proves,
                    answered_by_note: $crate::rooms::duties::duty_kinds!(@note $($answered)?),
                });
        )*
        $(#[$list_doc])*
        $visible const $list: &[$crate::rooms::duties::DutyKind] = &[$($name,)*];
    };
    (@note) => { false };
    (@note answered_by_note) => { true };
}

pub(crate) use duty_kinds;
