//! Outcome of an item.

use kit::problem::Problem;
use kit::text::Language;
use serde_json::Value as Json;

use super::item::Item;
use super::wire::SyncResult;
use crate::platform::core::Core;
use crate::records::{Record, view};

/// Outcome of an item. `Held` and `Conflict` are kept by the server; the phone may forget the item.
pub enum Outcome {
    /// A new record.
    Created(Record),
    /// It was there already; nothing changed.
    Same(Record),
    /// The record was changed.
    Revised(Record),
    /// The record was changed, beside what others changed.
    Merged(Record),
    /// Fields that others changed too: their values are kept beside the record.
    Conflict(Box<Conflict>),
    /// It can't be placed now; it is kept whole.
    Held(Problem),
    /// Never: a kind that the sender's role can't write, what was purged, or more than is kept of one account.
    Refused(Problem),
}

/// Fields that both sides changed.
pub struct Conflict {
    /// The record as it stands.
    pub record: Record,
    /// The names of the fields.
    pub fields: Vec<String>,
    /// The phone's values of them, a merge patch.
    pub patch: Json,
}

impl Outcome {
    /// Its word in JSON.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Created(_) => "created",
            Self::Same(_) => "same",
            Self::Revised(_) => "revised",
            Self::Merged(_) => "merged",
            Self::Conflict(_) => "conflict",
            Self::Held(_) => "held",
            Self::Refused(_) => "refused",
        }
    }

    fn record(&self) -> Option<&Record> {
        match self {
            Self::Created(record) | Self::Same(record) | Self::Revised(record) | Self::Merged(record) => Some(record),
            Self::Conflict(conflict) => Some(&conflict.record),
            Self::Held(_) | Self::Refused(_) => None,
        }
    }

    /// The line of the answer. `id_alias` is the server's id where it isn't the phone's.
    pub fn shown(&self, core: &Core, item: &Item, language: Language, request_id: &str) -> SyncResult {
        let record = self.record();
        let id_alias = record.map(|record| record.envelope.id).filter(|id| Some(*id) != item.id());
        let problem = match self {
            Self::Held(problem) | Self::Refused(problem) => Some(problem.body(language, request_id)),
            _ => None,
        };
        SyncResult {
            index: item.index,
            id: item.id(),
            outcome: self.word(),
            id_alias,
            revision: record.map(|record| record.envelope.revision),
            change_no: record.map(|record| record.envelope.change_no),
            fields: match self {
                Self::Conflict(conflict) => Some(conflict.fields.clone()),
                _ => None,
            },
            problem,
            warnings: record.map(|record| view::warnings(core, record, language)).unwrap_or_default(),
        }
    }
}

/// Whether a problem is the server's own, for a time: then the phone is to send it all again.
pub fn is_passing(problem: &Problem) -> bool {
    problem.code().status().is_server_error() || problem.code() == kit::catalogue::Code::WRITE_CONFLICT
}
