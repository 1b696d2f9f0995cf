//! Records that earlier items of the same request make and that aren't written yet: where all is written together, or
//! only tried, later items find them here.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use kit::problem::Problem;
use uuid::Uuid;

use super::assemble::{assemble, load_known};
use super::change::Changes;
use super::definition::Kind;
use super::prepare::Prepared;
use super::read::{aliases, is_readable};
use super::record::Record;
use crate::platform::access::roles::Actor;
use crate::platform::core::Core;

/// Records by kind and id; those of people also by the id that the client chose.
#[derive(Default)]
pub struct Unwritten(BTreeMap<(&'static str, Uuid), Record>);

impl Unwritten {
    /// Adds what creations would make, and whom they would introduce.
    pub async fn add(
        &mut self,
        core: &Core,
        actor: &Actor,
        items: &[&Prepared],
        now: DateTime<Utc>,
    ) -> Result<(), Problem> {
        let (mut known, mut changes) = (load_known(core, items, now).await?, Changes::default());
        for item in items {
            assemble(core, actor, item, now, &mut known, &mut changes);
        }
        for (kind, record) in changes.into_records() {
            for id in aliases(kind, &record) {
                self.0.insert((kind.name, id), record.clone());
            }
            self.0.insert((kind.name, record.envelope.id), record);
        }
        Ok(())
    }

    /// Adds those of these ids to what was found that the actor will see once they are written.
    pub fn complete(&self, actor: &Actor, kind: &Kind, ids: &[Uuid], found: &mut BTreeMap<Uuid, Record>) {
        for id in ids {
            let record = self.get(kind, *id).filter(|record| is_readable(actor, kind, record));
            if let (Some(record), false) = (record, found.contains_key(id)) {
                found.insert(*id, record.clone());
            }
        }
    }

    /// The record of an id.
    pub fn get(&self, kind: &Kind, id: Uuid) -> Option<&Record> {
        self.0.get(&(kind.name, id))
    }
}
