//! Keys that a database knows: by their fingerprints, and those that follow each other by what becomes of them.

use std::collections::BTreeMap;

use kit::columns;
use kit::database::{Database, DatabaseError};
use kit::row::Row;
use kit::statement::Statement;

use super::numbered::{FIRST_KEY, Numbers, Purpose};

columns! {
    NAME "name": String;
    FINGERPRINT "fingerprint": Box<[u8]>;
    STATE "state": String;
}

/// States of a key that follows another one, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyState {
    /// All processes are to read it before anything is written with it.
    Announced,
    /// Everything new is written with it.
    Current,
    /// Everything that was written with it is written again with another one.
    Leaving,
    /// Nothing bears it any more.
    Left,
    /// Its file was removed.
    Retired,
}

impl KeyState {
    /// The word for it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Announced => "announced",
            Self::Current => "current",
            Self::Leaving => "leaving",
            Self::Left => "left",
            Self::Retired => "retired",
        }
    }

    fn of(code: Option<&str>) -> Self {
        let all = [Self::Announced, Self::Leaving, Self::Left, Self::Retired];
        all.into_iter().find(|state| Some(state.code()) == code).unwrap_or(Self::Current)
    }
}

/// A key that the database knows.
#[derive(Clone, Debug)]
pub struct KnownKey {
    /// The name of its file.
    pub name: String,
    /// Its fingerprint.
    pub fingerprint: Vec<u8>,
    /// Of a key that follows another: its purpose, its number, and what becomes of it.
    pub numbered: Option<(Purpose, u32, KeyState)>,
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub struct KnownKeys(pub Vec<KnownKey>);

impl KnownKeys {
    /// The statement that reads them.
    pub fn statement() -> Statement {
        Statement::new("SELECT name, fingerprint, state FROM key_fingerprints ORDER BY name")
    }

    /// Keys that it found.
    pub fn of_rows(rows: Vec<Row>) -> Self {
        let known = |mut row: Row| {
            let (name, state) = (row.get(&NAME)?, row.get(&STATE));
            let state = KeyState::of(state.as_deref());
            let numbered = Purpose::of(&name).map(|(purpose, number)| (purpose, number, state));
            Some(KnownKey { fingerprint: row.get(&FINGERPRINT).map(Vec::from)?, name, numbered })
        };
        Self(rows.into_iter().filter_map(known).collect())
    }

    /// Reads them.
    pub async fn read(database: &Database) -> Result<Self, DatabaseError> {
        Ok(Self::of_rows(database.read(&Self::statement()).await?))
    }

    /// Numbers of the keys of a purpose in a state, the oldest first.
    pub fn in_state(&self, purpose: Purpose, wanted: KeyState) -> Vec<u32> {
        self.those(purpose, |state| state == wanted)
    }

    /// Numbers of the keys of a purpose: the first one where the database knows none yet.
    pub fn numbers(&self, purpose: Purpose) -> Numbers {
        let all = self.those(purpose, |state| state != KeyState::Retired);
        let current = self.in_state(purpose, KeyState::Current).last().copied().unwrap_or(FIRST_KEY);
        if all.is_empty() { Numbers::first() } else { Numbers { all, current } }
    }

    fn those(&self, purpose: Purpose, wanted: impl Fn(KeyState) -> bool) -> Vec<u32> {
        let numbered = self.0.iter().filter_map(|key| key.numbered);
        let those = numbered.filter(|(own, _, state)| *own == purpose && wanted(*state));
        let mut numbers: Vec<u32> = those.map(|(_, number, _)| number).collect();
        numbers.sort_unstable();
        numbers
    }

    /// Number of the next key of a purpose.
    pub fn next(&self, purpose: Purpose) -> u32 {
        self.those(purpose, |_| true).last().copied().unwrap_or(FIRST_KEY) + 1
    }

    /// Whether one key of a purpose follows another at the moment.
    pub fn is_rotating(&self, purpose: Purpose) -> bool {
        !self.those(purpose, |state| matches!(state, KeyState::Announced | KeyState::Leaving)).is_empty()
    }

    /// Fingerprints of the keys whose files must be there, by their names.
    pub fn fingerprints(&self) -> BTreeMap<String, Vec<u8>> {
        let is_there = |key: &&KnownKey| key.numbered.is_none_or(|(.., state)| state != KeyState::Retired);
        self.0.iter().filter(is_there).map(|key| (key.name.clone(), key.fingerprint.clone())).collect()
    }
}
