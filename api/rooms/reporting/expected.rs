//! Reports that are expected of a day: each unit against the requirements that hold for it.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use kit::row::Row;
use kit::statement::Statement;
use uuid::Uuid;

use super::daily_reports::slot_of_report;
use super::duty_kinds::{BULLETIN, DAILY_REPORT};
use super::report_kinds::ReportKind;
use super::reporting_requirements::in_force::{Requirements, Unit};
use crate::records::envelope;
use crate::rooms::duties::DutyKind;
use crate::rooms::registers::organization::{AREA_CODE, ENDED_ON, KIND, NAME};

/// An organisation that may have to report.
pub struct Reporter {
    /// As requirements see it.
    pub unit: Unit,
    /// Its name.
    pub name: String,
    ended_on: Option<NaiveDate>,
}

impl Reporter {
    /// Query for those of a district.
    pub fn statement(district_code: &str) -> Statement {
        Statement::new("SELECT o.id, o.kind, o.name, o.area_code, o.ended_on FROM organizations AS o WHERE NOT o.voided AND o.district_code = ")
            .text(district_code)
            .sql(" ORDER BY o.area_code, o.recorded_at, o.id")
            .seeing_district(district_code)
    }

    /// Reads a row of it.
    pub fn of_row(mut row: Row) -> Option<Self> {
        let unit = Unit { id: row.get(&envelope::ID)?, kind: row.get(&KIND), area_code: row.get(&AREA_CODE)? };
        Some(Self { unit, name: row.get(&NAME)?, ended_on: row.get(&ENDED_ON) })
    }
}

/// A report that is expected.
pub struct Expected<'a> {
    /// Whose.
    pub reporter: &'a Reporter,
    /// Which.
    pub report_kind: ReportKind,
    /// The requirement.
    pub requirement_id: Uuid,
    /// Until when.
    pub due_at: DateTime<Utc>,
}

impl Expected<'_> {
    /// Kind of the duty.
    pub fn duty_kind(&self) -> DutyKind {
        if self.report_kind == ReportKind::Bulletin { BULLETIN } else { DAILY_REPORT }
    }

    /// Whose it is, as those of a day are told apart.
    pub fn slot(&self) -> String {
        slot_of_report(self.reporter.unit.id, self.report_kind.code())
    }
}

/// Reports that are expected of a day.
pub fn expected<'a>(
    reporters: &'a [Reporter],
    requirements: &Requirements,
    district_code: &str,
    day: NaiveDate,
    zone: Tz,
) -> Vec<Expected<'a>> {
    let standing = reporters.iter().filter(|reporter| reporter.ended_on.is_none_or(|ended_on| day < ended_on));
    let of = |reporter: &'a Reporter, report_kind: ReportKind| {
        let held = requirements.at(district_code, report_kind, &reporter.unit, day)?;
        Some(Expected { reporter, report_kind, requirement_id: held.id, due_at: held.due_at(day, zone)? })
    };
    standing.flat_map(|reporter| ReportKind::ALL.iter().filter_map(move |kind| of(reporter, *kind))).collect()
}
