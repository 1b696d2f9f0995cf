//! Records as the rows they stand in, read no further than it takes to put them in order.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use kit::field::Field;
use kit::problem::Problem;
use kit::raw_row::{Cell, CellError, RawRow};
use kit::statement::Statement;
use uuid::Uuid;

use super::definition::Kind;
use super::envelope::{
    AREA_CODE, CAPTURE, CHANGE_NO, DISTRICT_CODE, ID, OCCURRED_AT, ORG_ID, RECORDED_AT, RECORDED_BY, REVISED_AT,
    REVISED_BY, REVISION, VOIDED,
};
use super::record::Record;
use super::snapshot::Position;
use crate::platform::core::Core;

/// A record's row.
#[derive(Clone)]
pub struct RecordRow {
    row: RawRow,
    places: Arc<Places>,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// Its id.
    pub id: Uuid,
    /// The number of this revision in the district's ledger.
    pub change_no: i64,
    /// Number of the revision, from 1.
    pub revision: i64,
    /// Whether it is void.
    pub is_void: bool,
}

/// Where a statement's rows have what a record is made of, found once for all of them.
pub(super) struct Places {
    pub(super) district_code: usize,
    pub(super) change_no: usize,
    pub(super) recorded_at: usize,
    pub(super) revised_at: usize,
    pub(super) id: usize,
    pub(super) revision: usize,
    pub(super) area_code: usize,
    pub(super) org_id: usize,
    pub(super) occurred_at: usize,
    pub(super) recorded_by: usize,
    pub(super) revised_by: usize,
    pub(super) voided: usize,
    pub(super) capture: usize,
    pub(super) submission_digest: usize,
    pub(super) sealed: usize,
    /// The kind's own fields as they are served, with their columns; those that are sealed have none.
    pub(super) fields: Vec<(&'static Field, Option<usize>)>,
}

impl Places {
    fn of(kind: &Kind, row: &RawRow) -> Option<Self> {
        let at = |name: &str| row.columns().iter().position(|column| **column == *name);
        let is_read = |field: &Field| {
            kind.stored_fields()
                .chain(kind.former_fields())
                .chain(kind.counted_fields())
                .any(|read| read.name == field.name)
        };
        let column =
            |field: &'static Field| (field, Some(field).filter(|field| is_read(field)).and_then(|_| at(field.name)));
        Some(Self {
            district_code: at(DISTRICT_CODE.name())?,
            change_no: at(CHANGE_NO.name())?,
            recorded_at: at(RECORDED_AT.name())?,
            revised_at: at(REVISED_AT.name())?,
            id: at(ID.name())?,
            revision: at(REVISION.name())?,
            area_code: at(AREA_CODE.name())?,
            org_id: at(ORG_ID.name())?,
            occurred_at: at(OCCURRED_AT.name())?,
            recorded_by: at(RECORDED_BY.name())?,
            revised_by: at(REVISED_BY.name())?,
            voided: at(VOIDED.name())?,
            capture: at(CAPTURE.name())?,
            submission_digest: at("submission_digest")?,
            sealed: at("personal")?,
            fields: kind.shown_fields().map(column).collect(),
        })
    }
}

impl RecordRow {
    /// The rows of a statement that selects the kind's columns.
    pub async fn load(core: &Core, kind: &Kind, statement: &Statement) -> Result<Vec<Self>, Problem> {
        Self::of_rows(kind, core.database.read_raw(statement).await?)
    }

    /// The same of rows that were read.
    pub fn of_rows(kind: &Kind, rows: Vec<RawRow>) -> Result<Vec<Self>, Problem> {
        let Some(first) = rows.first() else { return Ok(Vec::new()) };
        let lacking = || Problem::internal("a record's row lacks a column");
        let (columns, places) = (first.columns().clone(), Arc::new(Places::of(kind, first).ok_or_else(lacking)?));
        let of_row = |row: RawRow| {
            let cell = |position| row.cell(position).filter(|_| *row.columns() == columns).ok_or_else(lacking);
            let told = |error: CellError| Problem::internal(error);
            let (occurred_at, id) = (cell(places.occurred_at)?.instant(), cell(places.id)?.id());
            let (change_no, revision) = (cell(places.change_no)?.integer(), cell(places.revision)?.integer());
            let is_void = cell(places.voided)?.boolean();
            Ok(Self {
                occurred_at: occurred_at.map_err(told)?,
                id: id.map_err(told)?,
                change_no: change_no.map_err(told)?,
                revision: revision.map_err(told)?,
                is_void: is_void.map_err(told)?,
                places: Arc::clone(&places),
                row,
            })
        };
        rows.into_iter().map(of_row).collect()
    }

    /// Where it stands in a list.
    pub fn position(&self) -> Position {
        (self.occurred_at, self.id)
    }

    /// The area to which it belongs.
    pub fn area_code(&self) -> Result<&str, Problem> {
        self.required(self.places.area_code)?.text().map_err(Problem::internal)
    }

    /// Time at which this revision was made.
    pub fn revised_at(&self) -> Result<DateTime<Utc>, Problem> {
        self.required(self.places.revised_at)?.instant().map_err(Problem::internal)
    }

    /// An id in a column of the statement.
    pub fn id_in(&self, column: &str) -> Option<Uuid> {
        let position = self.row.columns().iter().position(|name| **name == *column)?;
        self.row.cell(position)?.id().ok()
    }

    /// A text in a column of the statement.
    pub fn text_in(&self, column: &str) -> Option<&str> {
        let position = self.row.columns().iter().position(|name| **name == *column)?;
        self.row.cell(position)?.text().ok()
    }

    /// An integer in a column of the statement.
    pub fn integer_in(&self, column: &str) -> Option<i64> {
        let position = self.row.columns().iter().position(|name| **name == *column)?;
        self.row.cell(position)?.integer().ok()
    }

    fn required(&self, position: usize) -> Result<Cell<'_>, Problem> {
        self.row.cell(position).ok_or_else(|| Problem::internal("a record's row lacks a column"))
    }

    /// The record.
    pub fn record(&self, core: &Core, kind: &Kind) -> Result<Record, Problem> {
        let row = self.row.to_row().map_err(|error: CellError| Problem::internal(error))?;
        Record::from_row(kind, row, &core.sealer)
    }

    pub(super) fn places(&self) -> &Places {
        &self.places
    }

    pub(super) fn cell(&self, position: usize) -> Option<Cell<'_>> {
        self.row.cell(position)
    }
}

/// The records of rows.
pub fn records(core: &Core, kind: &Kind, rows: &[RecordRow]) -> Result<Vec<Record>, Problem> {
    rows.iter().map(|row| row.record(core, kind)).collect()
}
