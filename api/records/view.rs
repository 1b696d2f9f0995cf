//! Records as clients see them: the envelope, the fields, what is personal masked.

use chrono::{DateTime, Utc};
use kit::field::Field;
use kit::problem::Problem;
use kit::text::Language;
use kit::time::InZone;
use kit::value::Values;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value as Json;
use uuid::Uuid;

use super::create::API;
use super::definition::Kind;
use super::envelope::Envelope;
use super::record::Record;
use super::warnings::RecordWarning;
use crate::platform::core::Core;

/// Form in which a record's fields are shown.
#[derive(Clone, Copy)]
enum Shown {
    /// Everything, what is personal masked.
    Masked,
    /// Everything as it is.
    Plain,
}

/// A record, to be written as JSON straight from its values: a page of records makes no tree of names and values
/// first. Every field of the kind is there, null where there is nothing.
#[derive(Clone, Copy)]
pub struct View<'a> {
    core: &'a Core,
    kind: &'a Kind,
    record: &'a Record,
    language: Language,
    shown: Shown,
    /// Person whom it is about, unmasked: for whoever answers for him.
    person: Option<&'a Json>,
}

/// A record in JSON.
pub fn record<'a>(core: &'a Core, kind: &'a Kind, record: &'a Record, language: Language) -> View<'a> {
    View { core, kind, record, language, shown: Shown::Masked, person: None }
}

/// The same with plain values: for whoever may see them, after it was noted.
pub fn plain<'a>(core: &'a Core, kind: &'a Kind, record: &'a Record, language: Language) -> View<'a> {
    View { core, kind, record, language, shown: Shown::Plain, person: None }
}

/// Somebody known, as whoever submitted him once more may see him: what he sent, under the id and revision that it
/// came to. Of what is stored he gets nothing, not even whether it is the same.
pub fn as_sent(known: &Record, submitted: &Values, by: Uuid, now: DateTime<Utc>) -> Record {
    let envelope = &known.envelope;
    let sent = Envelope {
        area_code: submitted.text("area_code").unwrap_or(&envelope.district_code).to_owned(),
        area_code_submitted: None,
        org_id: submitted.id("org_id"),
        occurred_at: submitted.instant("occurred_at").unwrap_or(now),
        device_time: None,
        recorded_at: now,
        recorded_by: by,
        revised_at: now,
        revised_by: by,
        captured_by: submitted.id("captured_by"),
        source: API.to_owned(),
        voided: false,
        purged_at: None,
        taken_back: false,
        ..envelope.clone()
    };
    Record { envelope: sent, values: submitted.clone() }
}

/// A page of records.
#[derive(serde::Serialize)]
pub struct Page<'a> {
    items: Vec<View<'a>>,
    next_cursor: Option<&'a str>,
}

/// A page of records, and where the next one begins.
pub fn page<'a>(
    core: &'a Core,
    kind: &'a Kind,
    records: &'a [Record],
    next_cursor: Option<&'a str>,
    language: Language,
) -> Page<'a> {
    Page { items: records.iter().map(|one| record(core, kind, one, language)).collect(), next_cursor }
}

/// Members of the envelope, in their order.
const ENVELOPE: &[&str] = &[
    "id",
    "kind",
    "area_code",
    "area_code_submitted",
    "org_id",
    "occurred_at",
    "device_time",
    "clock_skew_s",
    "recorded_at",
    "recorded_by",
    "captured_by",
    "source",
    "revision",
    "change_no",
    "revised_at",
    "revised_by",
    "voided_at",
    "void_reason",
    "restore_reason",
    "purged_at",
    "warnings",
    "note",
];

/// Names of the members that a record of the kind has.
pub fn member_names(kind: &Kind) -> Vec<&'static str> {
    let own = kind.shown_fields().map(|field| field.name).filter(|name| !ENVELOPE.contains(name));
    ENVELOPE.iter().copied().chain(own).collect()
}

/// A record's warnings, in words.
pub fn warnings(core: &Core, record: &Record, language: Language) -> Vec<RecordWarning> {
    record.envelope.warnings.iter().map(|noted| noted.told(core.kinds(), language)).collect()
}

impl<'a> View<'a> {
    /// The same, telling plainly who it is about.
    pub fn telling(self, person: Option<&'a Json>) -> Self {
        Self { person, ..self }
    }
}

impl<'a> Page<'a> {
    /// The same, telling plainly who each record is about, where that is known.
    pub fn telling(mut self, person: impl Fn(&'a Record) -> Option<&'a Json>) -> Self {
        self.items.iter_mut().for_each(|view| view.person = person(view.record));
        self
    }
}

impl View<'_> {
    /// The same as a value, for whoever looks into it.
    pub fn to_json(&self) -> Result<Json, Problem> {
        serde_json::to_value(self).map_err(Problem::internal)
    }

    fn envelope<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let (envelope, zone) = (&self.record.envelope, self.core.zone);
        let instant = |instant| InZone(instant, zone);
        let skew = envelope.device_time.map(|device_time| (device_time - envelope.recorded_at).num_seconds());
        map.serialize_entry("id", &envelope.id)?;
        if !self.kind.has_kind_of_its_own() {
            map.serialize_entry("kind", self.kind.name)?;
        }
        map.serialize_entry("area_code", &envelope.area_code)?;
        map.serialize_entry("area_code_submitted", &envelope.area_code_submitted)?;
        map.serialize_entry("org_id", &envelope.org_id)?;
        map.serialize_entry("occurred_at", &instant(envelope.occurred_at))?;
        map.serialize_entry("device_time", &envelope.device_time.map(instant))?;
        map.serialize_entry("clock_skew_s", &skew)?;
        map.serialize_entry("recorded_at", &instant(envelope.recorded_at))?;
        map.serialize_entry("recorded_by", &envelope.recorded_by)?;
        map.serialize_entry("captured_by", &envelope.captured_by)?;
        map.serialize_entry("source", &envelope.source)?;
        map.serialize_entry("revision", &envelope.revision)?;
        map.serialize_entry("change_no", &envelope.change_no)?;
        map.serialize_entry("revised_at", &instant(envelope.revised_at))?;
        map.serialize_entry("revised_by", &envelope.revised_by)?;
        map.serialize_entry("voided_at", &envelope.voided.then(|| instant(envelope.revised_at)))?;
        map.serialize_entry("void_reason", &self.record.values.text("void_reason"))?;
        map.serialize_entry("restore_reason", &self.record.values.text("restore_reason"))?;
        map.serialize_entry("purged_at", &envelope.purged_at.map(instant))?;
        map.serialize_entry("warnings", &warnings(self.core, self.record, self.language))?;
        map.serialize_entry("note", &self.record.values.text("note"))
    }

    fn field<M: SerializeMap>(&self, map: &mut M, field: &'static Field) -> Result<(), M::Error> {
        let Some(value) = self.record.values.get(field.name) else {
            return map.serialize_entry(field.name, &());
        };
        match (field.mask(), self.shown) {
            (Some(mask), shown) if field.withheld || matches!(shown, Shown::Masked) => {
                map.serialize_entry(field.name, &mask(&value.to_json(self.core.zone)))
            }
            _ => map.serialize_entry(field.name, &value.in_zone(self.core.zone)),
        }
    }
}

impl Serialize for View<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.envelope(&mut map)?;
        for field in self.kind.shown_fields() {
            self.field(&mut map, field)?;
        }
        if let Some(person) = self.person {
            map.serialize_entry("person_plain", person)?;
        }
        map.end()
    }
}
