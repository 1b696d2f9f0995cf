//! Keys of which one follows another: their purposes and numbers.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::keys::Key;

/// Number of the first key of a purpose.
pub const FIRST_KEY: u32 = 1;

/// Purposes of keys of which one follows another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// Sealing personal data.
    Data,
    /// Finding it by value.
    BlindIndex,
}

impl Purpose {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Data, Self::BlindIndex];

    /// The name of its keys before their number; also what `lianfang keys rotate` calls it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::BlindIndex => "blind-index",
        }
    }

    /// The name of its key of a number.
    pub fn name(self, number: u32) -> String {
        format!("{}-{number}", self.code())
    }

    /// Purpose and number of the key that has a name.
    pub fn of(name: &str) -> Option<(Self, u32)> {
        let (code, number) = name.rsplit_once('-')?;
        let (purpose, number) = (Self::ALL.into_iter().find(|one| one.code() == code)?, number.parse().ok()?);
        (purpose.name(number) == name).then_some((purpose, number))
    }
}

/// Keys of one purpose of which one follows another: everything new is written with one, all of them are read with.
#[derive(Clone)]
pub struct NumberedKeys {
    /// The directory they are in: one that another process made this moment is found there.
    pub directory: PathBuf,
    /// Number of the key that everything new is written with.
    pub current: u32,
    /// Each key by its number.
    pub all: BTreeMap<u32, Key>,
}

/// Numbers of the keys of one purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// Those whose files must be there, the oldest first.
    pub all: Vec<u32>,
    /// The one that everything new is written with.
    pub current: u32,
}

impl Numbers {
    /// Those of a service whose keys were never rotated.
    pub fn first() -> Self {
        Self { all: vec![FIRST_KEY], current: FIRST_KEY }
    }
}
