//! Keys that a database knows: by their fingerprints, and those of personal data by what becomes of them.

use std::collections::BTreeMap;

use kit::columns;
use kit::database::{Database, DatabaseError};
use kit::row::Row;
use kit::statement::Statement;

use super::keys::{FIRST_DATA_KEY, data_key_number};

columns! {
    NAME "name": String;
    FINGERPRINT "fingerprint": Box<[u8]>;
    STATE "state": String;
}

/// States of a key of personal data, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyState {
    /// All processes are to read it before anything is sealed with it.
    Announced,
    /// It seals.
    Current,
    /// Data that it sealed is sealed again with another one.
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
    /// Of a key of personal data: its number, and what becomes of it.
    pub data: Option<(u32, KeyState)>,
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
            let data = data_key_number(&name).map(|number| (number, KeyState::of(state.as_deref())));
            Some(KnownKey { fingerprint: row.get(&FINGERPRINT).map(Vec::from)?, name, data })
        };
        Self(rows.into_iter().filter_map(known).collect())
    }

    /// Reads them.
    pub async fn read(database: &Database) -> Result<Self, DatabaseError> {
        Ok(Self::of_rows(database.read(&Self::statement()).await?))
    }

    /// Numbers of the keys of personal data in a state, the oldest first.
    pub fn in_state(&self, wanted: KeyState) -> Vec<u32> {
        self.numbers(|state| state == wanted)
    }

    /// Numbers of those whose files must be there, the oldest first.
    pub fn readable(&self) -> Vec<u32> {
        self.numbers(|state| state != KeyState::Retired)
    }

    fn numbers(&self, wanted: impl Fn(KeyState) -> bool) -> Vec<u32> {
        let data = self.0.iter().filter_map(|key| key.data).filter(|(_, state)| wanted(*state));
        let mut numbers: Vec<u32> = data.map(|(number, _)| number).collect();
        numbers.sort_unstable();
        numbers
    }

    /// Number of the key that seals: the first one where the database knows none yet.
    pub fn sealing(&self) -> u32 {
        self.in_state(KeyState::Current).last().copied().unwrap_or(FIRST_DATA_KEY)
    }

    /// Number of the next key.
    pub fn next(&self) -> u32 {
        self.numbers(|_| true).last().copied().unwrap_or(FIRST_DATA_KEY) + 1
    }

    /// Whether one key follows another at the moment.
    pub fn is_rotating(&self) -> bool {
        !self.numbers(|state| matches!(state, KeyState::Announced | KeyState::Leaving)).is_empty()
    }

    /// Fingerprints of the keys whose files must be there, by their names.
    pub fn fingerprints(&self) -> BTreeMap<String, Vec<u8>> {
        let wanted = self.0.iter().filter(|key| key.data.is_none_or(|(_, state)| state != KeyState::Retired));
        wanted.map(|key| (key.name.clone(), key.fingerprint.clone())).collect()
    }
}
