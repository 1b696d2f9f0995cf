//! What turns records into what the ledger writes. Owned, so that it can wait in the queue with a claim and
//! make what follows from it, under the lock.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::context::Context;
use super::definition::{Kind, Registry};
use crate::divisions::tree::Divisions;
use crate::duties::cadences::Cadences;
use crate::kit::problem::Problem;
use crate::observation_policies::Policies;
use crate::privacy::keys::Keys;
use crate::privacy::seal::Sealer;

/// Makes appends of one district.
pub struct Scribe {
    /// All kinds.
    pub kinds: Registry,
    /// Seals personal data.
    pub sealer: Arc<Sealer>,
    /// The keys.
    pub keys: Arc<Keys>,
    /// The administrative divisions.
    pub divisions: Arc<Divisions>,
    /// What counts as fever, and how long is observed.
    pub policies: Arc<Policies>,
    /// What is expected of whom, how often.
    pub cadences: Arc<Cadences>,
    /// The district's zone.
    pub zone: Tz,
    /// Now, by the server.
    pub now: DateTime<Utc>,
    /// The district.
    pub district_code: String,
}

impl Scribe {
    /// What rules may know.
    pub fn context(&self) -> Context<'_> {
        Context {
            now: self.now,
            zone: self.zone,
            divisions: &self.divisions,
            keys: &self.keys,
            policies: Arc::clone(&self.policies),
            district_code: &self.district_code,
        }
    }

    /// A kind by name.
    pub fn kind(&self, name: &str) -> Result<&'static Kind, Problem> {
        self.kinds.kind(name).ok_or_else(|| Problem::internal(format!("no kind {name}")))
    }
}
