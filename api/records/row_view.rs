//! Records written as JSON straight from their rows: letter by letter what [`view`] writes of the records they are
//! (`tests/lists.rs`), without making records of them. What it can't tell so is told that way.

use chrono::{DateTime, Utc};
use kit::cell_json::JsonWriter;
use kit::field::Field;
use kit::problem::Problem;
use kit::text::Language;
use kit::value::{Value, Values};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::create::API;
use super::definition::Kind;
use super::laid;
use super::parameters::Members;
use super::record_row::{Places, RecordRow};
use super::view;
use super::warnings::{Stored, Told};
use crate::platform::core::Core;
use crate::platform::privacy::seal::{Owner, purged_at};

/// Bytes that a record takes, about.
const EACH: usize = 1_400;

/// Terms of writing rows: their kind, in whose words, and whether what is personal is masked.
#[derive(Clone, Copy)]
pub struct RowWriting<'a> {
    /// The service.
    pub core: &'a Core,
    /// The kind of the records.
    pub kind: &'a Kind,
    /// Language of the warnings.
    pub language: Language,
    /// Whether everything is told as it is, after it was noted.
    pub plain: bool,
    /// Members that are told.
    pub members: &'a Members,
}

/// How a record was captured, as far as it is told. A text with escapes is none of ours: then it isn't read so.
#[derive(Default, Deserialize)]
struct Capture<'a> {
    #[serde(default, borrow)]
    source: Option<&'a str>,
    #[serde(default, borrow)]
    area_code_submitted: Option<&'a str>,
    #[serde(default, borrow)]
    device_time: Option<&'a str>,
    #[serde(default, borrow)]
    captured_by: Option<&'a str>,
    #[serde(default, borrow)]
    warnings: Vec<Stored<'a>>,
}

impl RowWriting<'_> {
    /// A writer with room for so many records.
    pub fn writer(&self, records: usize) -> JsonWriter {
        JsonWriter::with_room(EACH * (records + 1), self.core.zone)
    }

    /// A page of records, and where the next one begins: what [`view::page`] is serialised to.
    pub fn page(&self, rows: &[RecordRow], next_cursor: Option<&str>) -> Result<Vec<u8>, Problem> {
        let mut writer = self.writer(rows.len());
        writer.raw("{\"items\":[");
        for (index, row) in rows.iter().enumerate() {
            writer.raw(if index > 0 { "," } else { "" });
            self.write(row, &mut writer)?;
        }
        writer.raw("],\"next_cursor\":");
        writer.serialize(&next_cursor).map_err(Problem::internal)?;
        writer.raw("}");
        Ok(writer.into_bytes())
    }

    /// A record.
    pub fn write(&self, row: &RecordRow, writer: &mut JsonWriter) -> Result<(), Problem> {
        if self.write_apart(row, writer) {
            return Ok(());
        }
        let record = row.record(self.core, self.kind)?;
        let view = if self.plain { view::plain } else { view::record };
        let told = view(self.core, self.kind, &record, self.language);
        if self.members.are_all() {
            return writer.serialize(&told).map_err(Problem::internal);
        }
        writer.serialize(&self.members.of_view(&told)?).map_err(Problem::internal)
    }

    /// The same without making a record of it; `false`, and nothing written, where that takes one.
    pub fn write_apart(&self, row: &RecordRow, writer: &mut JsonWriter) -> bool {
        let start = writer.len();
        let is_written = self.members(row, writer).is_some();
        if !is_written {
            writer.truncate(start);
        }
        is_written
    }

    fn members(&self, row: &RecordRow, writer: &mut JsonWriter) -> Option<()> {
        let places = row.places();
        let sealed = self.sealed(row, places)?;
        self.envelope(row, places, &sealed, writer)?;
        for (field, position) in places.fields.iter().filter(|(field, _)| self.members.has(field.name)) {
            writer.name(',', field.name);
            if sealed.has(field.name) {
                self.value(field, sealed.get(field.name), writer)?;
                continue;
            }
            match position.and_then(|position| row.cell(position)) {
                Some(cell) if self.is_masked(field) => self.value(field, Some(&cell.value().ok()?), writer)?,
                cell => writer.cell(cell).ok()?,
            }
        }
        writer.raw("}");
        Some(())
    }

    fn envelope(&self, row: &RecordRow, at: &Places, sealed: &Values, writer: &mut JsonWriter) -> Option<()> {
        // Without it a row is no record.
        row.cell(at.submission_digest)?;
        let capture: Capture<'_> = match row.cell(at.capture) {
            Some(cell) => serde_json::from_str(cell.json_text().ok()?).ok()?,
            None => Capture::default(),
        };
        let device_time: Option<DateTime<Utc>> = capture.device_time.and_then(|text| text.parse().ok());
        let recorded_at = row.cell(at.recorded_at)?.instant().ok()?;
        let cell = |name, position: usize, writer: &mut JsonWriter| {
            let cell = row.cell(position)?;
            if self.begins(name, writer) { writer.cell(Some(cell)).ok() } else { Some(()) }
        };
        writer.name('{', "id");
        writer.cell(Some(row.cell(at.id)?)).ok()?;
        if !self.kind.has_kind_of_its_own() {
            self.told("kind", &self.kind.name, writer)?;
        }
        cell("area_code", at.area_code, writer)?;
        self.told("area_code_submitted", &capture.area_code_submitted, writer)?;
        if self.begins("org_id", writer) {
            writer.cell(row.cell(at.org_id)).ok()?;
        }
        cell("occurred_at", at.occurred_at, writer)?;
        self.instant("device_time", device_time, writer)?;
        let skew = device_time.map(|device_time| (device_time - recorded_at).num_seconds());
        self.told("clock_skew_s", &skew, writer)?;
        self.instant("recorded_at", Some(recorded_at), writer)?;
        cell("recorded_by", at.recorded_by, writer)?;
        self.told("captured_by", &capture.captured_by.and_then(|text| text.parse::<Uuid>().ok()), writer)?;
        self.told("source", &capture.source.unwrap_or(API), writer)?;
        self.revision(row, at, sealed, writer)?;
        let purged_at = row.cell(at.sealed).and_then(|cell| purged_at(cell.bytes()));
        self.instant("purged_at", purged_at, writer)?;
        if self.begins("warnings", writer) {
            self.warnings(&capture.warnings, writer)?;
        }
        self.told("note", &sealed.text("note"), writer)
    }

    fn revision(&self, row: &RecordRow, at: &Places, sealed: &Values, writer: &mut JsonWriter) -> Option<()> {
        let revised_at = row.cell(at.revised_at)?.instant().ok()?;
        for (name, position) in [("revision", at.revision), ("change_no", at.change_no)] {
            let cell = row.cell(position)?;
            if self.begins(name, writer) {
                writer.cell(Some(cell)).ok()?;
            }
        }
        self.instant("revised_at", Some(revised_at), writer)?;
        let revised_by = row.cell(at.revised_by)?;
        if self.begins("revised_by", writer) {
            writer.cell(Some(revised_by)).ok()?;
        }
        self.instant("voided_at", row.is_void.then_some(revised_at), writer)?;
        for name in ["void_reason", "restore_reason"] {
            self.told(name, &sealed.text(name), writer)?;
        }
        Some(())
    }

    /// Begins a member behind others, where it is told.
    fn begins(&self, name: &str, writer: &mut JsonWriter) -> bool {
        let is_told = self.members.has(name);
        if is_told {
            writer.name(',', name);
        }
        is_told
    }

    fn told(&self, name: &str, value: &impl Serialize, writer: &mut JsonWriter) -> Option<()> {
        if self.begins(name, writer) { writer.serialize(value).ok() } else { Some(()) }
    }

    fn instant(&self, name: &str, instant: Option<DateTime<Utc>>, writer: &mut JsonWriter) -> Option<()> {
        if self.begins(name, writer) { instant_or_null(instant, writer) } else { Some(()) }
    }

    fn warnings(&self, stored: &[Stored<'_>], writer: &mut JsonWriter) -> Option<()> {
        let told: Vec<Told<'_>> = stored.iter().map(|one| one.told(self.core.kinds(), self.language)).collect();
        writer.serialize(&told).ok()
    }

    /// Opens the sealed values where a told member may be among them: a mask, too, shows a part of what it hides.
    fn sealed(&self, row: &RecordRow, at: &Places) -> Option<Values> {
        let Some(cell) = row.cell(at.sealed).filter(|_| self.members.has_sealed(self.kind)) else {
            return Some(Values::default());
        };
        let district_code = row.cell(at.district_code)?.text().ok()?;
        let owner = Owner { kind: self.kind.name, field: "personal", id: row.id, district_code };
        let opened = self.core.sealer.open(owner, cell.bytes()).ok()?;
        laid::unpack_apart(self.kind, opened.as_deref().unwrap_or(b"{}"))
    }

    fn is_masked(&self, field: &Field) -> bool {
        field.mask().is_some() && (field.withheld || !self.plain)
    }

    fn value(&self, field: &Field, value: Option<&Value>, writer: &mut JsonWriter) -> Option<()> {
        match (value, field.mask()) {
            (None, _) => writer.raw("null"),
            (Some(value), Some(mask)) if self.is_masked(field) => {
                writer.serialize(&mask(&value.to_json(self.core.zone))).ok()?;
            }
            (Some(value), _) => writer.value(value).ok()?,
        }
        Some(())
    }
}

fn instant_or_null(instant: Option<DateTime<Utc>>, writer: &mut JsonWriter) -> Option<()> {
    match instant {
        Some(instant) => writer.instant(instant).ok(),
        None => {
            writer.raw("null");
            Some(())
        }
    }
}
