//! Controlled vocabularies: closed for what is submitted, open-ended for clients that read.

use super::text::Text;

/// One word of a vocabulary.
#[derive(Clone, Copy, Debug)]
pub struct Word {
    /// The code in JSON and in the database, `lower_snake`.
    pub code: &'static str,
    /// Label that people see.
    pub label: Text,
    /// Whether nobody may write it: it is known, and kept for a scope of its own.
    pub closed: bool,
}

impl Word {
    /// The word, closed: at every door, wherever its vocabulary is used.
    pub const fn closed(mut self) -> Self {
        self.closed = true;
        self
    }
}

/// Name of vocabularies that are not published.
pub const UNPUBLISHED: &str = "";

/// A named list of words, published at `/v1/vocabularies`.
#[derive(Debug)]
pub struct Vocabulary {
    /// Its name, globally unique, or [`UNPUBLISHED`].
    pub name: &'static str,
    /// Label of the vocabulary itself.
    pub label: Text,
    /// Its words, in the order in which a form shows them.
    pub words: &'static [Word],
    /// Whether there are words beside these: a district may add its own, and names that people write stand for codes.
    pub open: bool,
}

/// A word, short to write in tables.
pub const fn word(code: &'static str, en: &'static str, zh: &'static str) -> Word {
    Word { code, label: Text::new(en, zh), closed: false }
}

impl Vocabulary {
    /// A vocabulary from its words.
    pub const fn new(name: &'static str, label: Text, words: &'static [Word]) -> Self {
        Self { name, label, words, open: false }
    }

    /// The vocabulary, to which districts add words of their own.
    pub const fn open(mut self) -> Self {
        self.open = true;
        self
    }

    /// The word's own static code, if the vocabulary has it.
    pub fn find(&self, code: &str) -> Option<&'static Word> {
        self.words.iter().find(|word| word.code == code)
    }

    /// All codes, for a hint to whoever sent another one.
    pub fn codes(&self) -> Vec<&'static str> {
        self.words.iter().map(|word| word.code).collect()
    }
}
