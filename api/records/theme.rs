//! Parts that a theme brings to the service: its kinds and whatever else it has, listed in its `mod.rs`.

use std::sync::Weak;

use futures_util::future::BoxFuture;
use kit::catalogue::{Code, FaultCode};
use kit::problem::Problem;
use kit::text::Text;
use kit::vocabulary::Vocabulary;
use serde_json::Value as Json;
use uuid::Uuid;

use super::definition::Kind;
use super::named_figures::NamedFigures;
use super::own_words::OwnWords;
use super::settings::SettingSource;
use crate::platform::config::Config;
use crate::platform::core::{Core, Extension};
use crate::platform::http::Operation;

/// A named schema of the document.
pub type Schema = (String, Json);

/// A theme: what the server puts together.
pub struct Theme {
    /// Its name, as the reference calls its chapter.
    pub title: Text,
    /// Its kinds of records, those that are named before those that name them.
    pub kinds: &'static [&'static Kind],
    /// Its operations beside those that every kind has.
    pub operations: fn() -> Vec<Operation>,
    /// Schemas that no type or form of those operations tells: what only a definition knows.
    pub schemas: fn() -> Vec<Schema>,
    /// Vocabularies that no field of its kinds uses.
    pub vocabularies: &'static [&'static Vocabulary],
    /// Problems that only it raises.
    pub problems: &'static [Code],
    /// Faults that only it raises.
    pub faults: &'static [FaultCode],
    /// Its dated settings.
    pub settings: &'static [&'static SettingSource],
    /// Its open vocabularies.
    pub own_words: &'static [&'static OwnWords],
    /// Figures that it computes itself, beside those that its kinds declare.
    pub figures: &'static [&'static dyn NamedFigures],
    /// Workers by name, which run beside the requests until the service is gone.
    pub workers: &'static [(&'static str, Worker)],
    /// Corrections in a district before its figures are counted anew.
    pub before_recount: &'static [BeforeRecount],
    /// Proofs that what it keeps beside its records is what the ledger says.
    pub proofs: &'static [Proof],
    /// Erasers of what it keeps beside records, for a purge.
    pub erasers: &'static [Eraser],
    /// Objects that it keeps sealed beside records.
    pub kept_objects: &'static [KeptObject],
}

/// Works until the core is gone.
pub type Worker = fn(Weak<Core>) -> BoxFuture<'static, ()>;

/// Sets something right in a district of which the code is given.
pub type BeforeRecount = for<'a> fn(&'a Core, &'a str) -> BoxFuture<'a, Result<(), Problem>>;

/// Proves what a theme keeps of a district of which the code is given; answers the first thing that doesn't hold.
pub type Proof = for<'a> fn(&'a Core, &'a str) -> BoxFuture<'a, Result<Option<Unproven>, Problem>>;

/// Something that a theme keeps and that isn't what the ledger says.
pub struct Unproven {
    /// The kind of the record with which it is kept.
    pub kind: &'static str,
    /// The record.
    pub id: Uuid,
    /// Which part of it.
    pub what: &'static str,
}

/// The proofs of all themes.
#[derive(Clone, Copy, Default)]
pub struct Proofs(pub &'static [Proof]);

impl Extension for Proofs {
    fn begin(_: &Config) -> Self {
        Self::default()
    }
}

/// Erases what belongs to records of a district by their ids.
pub type Erase = for<'a> fn(&'a Core, &'a str, &'a [Uuid]) -> BoxFuture<'a, Result<(), Problem>>;

/// Erasing what a theme keeps beside records of a kind.
#[derive(Clone, Copy)]
pub struct Eraser {
    /// The kind.
    pub kind: &'static str,
    /// Condition on a row `r` of the kind that has something beside it still.
    pub unfinished: &'static str,
    /// Condition on one of which it was purged.
    pub finished: &'static str,
    /// Erases what belongs to records of a district. They say so themselves before it is gone: broken off it leaves
    /// nothing that looks lost, and once more is no fault.
    pub erase: Erase,
    /// Does once more for all records of a district that say so what may have been broken off.
    pub go_on: for<'a> fn(&'a Core, &'a str) -> BoxFuture<'a, Result<(), Problem>>,
}

/// The erasers of all themes.
#[derive(Clone, Copy, Default)]
pub struct Erasers(pub &'static [Eraser]);

impl Extension for Erasers {
    fn begin(_: &Config) -> Self {
        Self::default()
    }
}

/// An object that a theme keeps sealed beside records of a kind: its owner is the record.
#[derive(Clone, Copy)]
pub struct KeptObject {
    /// The kind.
    pub kind: &'static str,
    /// Condition on a row `r` of the kind that has one.
    pub is_kept: &'static str,
    /// Its name as a field of its owner.
    pub field: &'static str,
}

/// Those of all themes.
#[derive(Clone, Copy, Default)]
pub struct KeptObjects(pub &'static [KeptObject]);

impl Extension for KeptObjects {
    fn begin(_: &Config) -> Self {
        Self::default()
    }
}

impl Theme {
    /// A theme that has nothing yet.
    pub const NOTHING: Self = Self {
        title: Text::new("", ""),
        kinds: &[],
        operations: Vec::new,
        schemas: Vec::new,
        vocabularies: &[],
        problems: &[],
        faults: &[],
        settings: &[],
        own_words: &[],
        figures: &[],
        workers: &[],
        before_recount: &[],
        proofs: &[],
        erasers: &[],
        kept_objects: &[],
    };
}
