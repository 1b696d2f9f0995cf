//! Additions of the frame of records to the core: the kinds, the context of rules, the makers of appends.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use kit::cache::{Cache, Kept};
use uuid::Uuid;

use super::context::Context;
use super::definition::Registry;
use super::record::Record;
use super::write_context::WriteContext;
use crate::platform::config::Config;
use crate::platform::core::{Core, Extension};

/// Records of kinds that hardly change, believed for two seconds.
pub struct RecordCache(pub Cache<(&'static str, Uuid), Record>);

impl Extension for RecordCache {
    fn begin(_: &Config) -> Self {
        Self(Cache::new(10_000, Kept::For(Duration::from_secs(2))))
    }
}

impl Extension for Registry {
    /// Without kinds: the server tells them before anybody asks.
    fn begin(_: &Config) -> Self {
        Self::new(&[])
    }
}

impl Core {
    /// All kinds of records.
    pub fn kinds(&self) -> &Registry {
        self.ext()
    }

    /// Makes the context in which rules judge a record of that district.
    pub fn context<'a>(&'a self, now: DateTime<Utc>, district_code: &'a str) -> Context<'a> {
        Context {
            now,
            told_at: now,
            clock_tolerance: self.config.clock_tolerance(),
            zone: self.zone,
            divisions: &self.divisions,
            keys: &self.keys,
            kinds: self.kinds(),
            settings: self.settings(),
            district_code,
        }
    }

    /// Makes the context in which records of that district become appends.
    pub fn write_context(&self, now: DateTime<Utc>, district_code: &str) -> Arc<WriteContext> {
        Arc::new(WriteContext {
            kinds: self.kinds().clone(),
            sealer: Arc::clone(&self.sealer),
            keys: Arc::clone(&self.keys),
            divisions: Arc::clone(&self.divisions),
            settings: self.settings(),
            zone: self.zone,
            now,
            clock_tolerance: self.config.clock_tolerance(),
            district_code: district_code.to_owned(),
        })
    }
}
