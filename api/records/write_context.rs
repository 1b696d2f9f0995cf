//! Context that turns records into what the ledger writes. Owned, so that it can wait in the queue with a claim and
//! make what follows from it, under the lock.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use kit::row::Row;
use uuid::Uuid;

use super::context::Context;
use super::definition::{Kind, Registry};
use super::envelope::Envelope;
use super::locked_row::LockedRow;
use super::record::Record;
use super::settings::Settings;
use crate::platform::divisions::LiveDivisions;
use crate::platform::privacy::keys::Keys;
use crate::platform::privacy::seal::Sealer;

/// Makes appends of one district.
pub struct WriteContext {
    /// All kinds.
    pub kinds: Registry,
    /// Seals personal data.
    pub sealer: Arc<Sealer>,
    /// The keys.
    pub keys: Arc<Keys>,
    /// The administrative divisions.
    pub divisions: Arc<LiveDivisions>,
    /// Dated settings as they stand.
    pub settings: Settings,
    /// The district's zone.
    pub zone: Tz,
    /// Now, by the server.
    pub now: DateTime<Utc>,
    /// How far a phone's clock may run ahead.
    pub clock_tolerance: TimeDelta,
    /// The district.
    pub district_code: String,
}

impl WriteContext {
    /// Makes the context in which rules judge.
    pub fn context(&self) -> Context<'_> {
        Context {
            now: self.now,
            told_at: self.now,
            clock_tolerance: self.clock_tolerance,
            zone: self.zone,
            divisions: &self.divisions,
            keys: &self.keys,
            kinds: &self.kinds,
            settings: self.settings.clone(),
            district_code: &self.district_code,
        }
    }

    /// Whether that time has come: what lies after now proves nothing yet.
    pub fn has_come(&self, at: DateTime<Utc>) -> bool {
        at <= self.now + self.clock_tolerance
    }

    /// The envelope of what the service itself writes about something; `by` is whose write it follows from.
    pub fn envelope(&self, id: Uuid, area_code: &str, org_id: Option<Uuid>, at: DateTime<Utc>, by: Uuid) -> Envelope {
        Envelope {
            id,
            district_code: self.district_code.clone(),
            area_code: area_code.to_owned(),
            area_code_submitted: None,
            org_id,
            occurred_at: at,
            device_time: None,
            recorded_at: self.now,
            recorded_by: by,
            revised_at: self.now,
            revised_by: by,
            captured_by: None,
            source: "system".to_owned(),
            revision: 1,
            change_no: 0,
            voided: false,
            purged_at: None,
            taken_back: false,
            awaited: None,
            derived: Vec::new(),
            assumed: false,
            device_id: None,
            warnings: Vec::new(),
            submission_digest: vec![0; 32],
        }
    }

    /// The records of rows that were loaded under the lock.
    pub fn records(&self, kind: &Kind, rows: Vec<Row>) -> Result<Vec<Record>, String> {
        let record = |row| Record::from_row(kind, row, &self.sealer).map_err(|problem| problem.to_string());
        rows.into_iter().map(record).collect()
    }

    /// The same, to be moved on, by id.
    pub fn kept(&self, kind: &Kind, rows: Vec<Row>) -> Result<BTreeMap<Uuid, LockedRow>, String> {
        let records = self.records(kind, rows)?;
        Ok(records.into_iter().map(|record| (record.envelope.id, LockedRow::stored(record))).collect())
    }
}
