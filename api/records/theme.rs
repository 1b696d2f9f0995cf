//! Parts that a theme brings to the service: its kinds and whatever else it has, listed in its `mod.rs`.

use std::sync::Weak;

use futures_util::future::BoxFuture;
use kit::catalogue::{Code, FaultCode};
use kit::problem::Problem;
use kit::vocabulary::Vocabulary;
use serde_json::Value as Json;

use super::definition::Kind;
use super::own_words::OwnWords;
use super::settings::SettingSource;
use crate::platform::core::Core;
use crate::platform::http::Operation;

/// A named schema of the document.
pub type Schema = (String, Json);

/// A theme: what the server puts together.
pub struct Theme {
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
    /// Workers that run beside the requests, until the service is gone.
    pub workers: &'static [Worker],
    /// Corrections in a district before its figures are counted anew.
    pub before_recount: &'static [BeforeRecount],
}

/// Works until the core is gone.
pub type Worker = fn(Weak<Core>) -> BoxFuture<'static, ()>;

/// Sets something right in a district of which the code is given.
pub type BeforeRecount = for<'a> fn(&'a Core, &'a str) -> BoxFuture<'a, Result<(), Problem>>;

impl Theme {
    /// A theme that has nothing yet.
    pub const NOTHING: Self = Self {
        kinds: &[],
        operations: Vec::new,
        schemas: Vec::new,
        vocabularies: &[],
        problems: &[],
        faults: &[],
        settings: &[],
        own_words: &[],
        workers: &[],
        before_recount: &[],
    };
}
