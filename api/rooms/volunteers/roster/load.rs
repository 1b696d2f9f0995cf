//! Loading what a batch of claims touches: shifts, who takes them, when those people are elsewhere, who came. One set
//! of shifts is loaded with all that belongs to it, so that nothing is settled by less than what could prove it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::typed::TypedField;
use kit::value::Value;
use ledger::decide::Claim;
use uuid::Uuid;

use super::volunteer::Volunteer;
use super::{Mark, Roster, Shift, stands};
use crate::records::awaited::has_come;
use crate::records::envelope;
use crate::records::write_context::WriteContext;
use crate::rooms::duties::DUTIES;
use crate::rooms::volunteers::service_rules::ServiceRule;
use crate::rooms::volunteers::shifts::assignments::SHIFT_ASSIGNMENTS;
use crate::rooms::volunteers::shifts::assignments::{SHIFT_ID, STARTS_AT, VOLUNTEER_ID};
use crate::rooms::volunteers::shifts::attendances::{ACTION, ASSIGNMENT_ID, AttendanceAction};
use crate::rooms::volunteers::shifts::service_records::SERVICE_RECORDS;
use crate::rooms::volunteers::shifts::{LONGEST, NEAR};

/// From the beginning of one shift to that of another of the same person of which hours could meet, at most. What is
/// so near to a change is settled; what is so near to that is loaded.
pub(super) fn reach() -> TimeDelta {
    LONGEST + NEAR + NEAR
}

/// Shifts, volunteers and times that a batch is about.
struct Asked<'a> {
    district_code: &'a str,
    shifts: Vec<Value>,
    volunteers: Vec<Value>,
    times: Vec<Value>,
}

impl<'a> Asked<'a> {
    fn of(district_code: &'a str, claims: &[&Claim]) -> Self {
        let values = || claims.iter().flat_map(|claim| claim.former.iter().chain(&claim.next));
        let ids = |field: &'static TypedField<Uuid>| values().filter_map(move |values| values.get(field));
        let own = claims.iter().filter(|claim| ["shifts", super::LOOK].contains(&claim.kind)).map(|claim| claim.id);
        let shifts: BTreeSet<Uuid> = own.chain(ids(&SHIFT_ID)).collect();
        let volunteers: BTreeSet<Uuid> = ids(&VOLUNTEER_ID).collect();
        let times: BTreeSet<DateTime<Utc>> = values().filter_map(|values| values.get(&STARTS_AT)).collect();
        Self {
            district_code,
            shifts: shifts.into_iter().map(Value::Id).collect(),
            volunteers: volunteers.into_iter().map(Value::Id).collect(),
            times: times.into_iter().map(Value::Instant).collect(),
        }
    }

    fn from(&self, select: &str, table: &str) -> Statement {
        Statement::new(format!("SELECT {select} FROM {table} AS r WHERE r.district_code = ")).text(self.district_code)
    }

    /// Those shifts alone.
    fn of_these(&self, select: &str, table: &str, column: &str) -> Statement {
        let statement = self.from(select, table).sql(format!(" AND r.{column} = ANY("));
        statement.column(ColumnType::Id, self.shifts.clone()).sql(")")
    }

    /// Those shifts, and all that the same people have near by.
    fn of_all(&self, select: &str, table: &str, column: &str) -> Statement {
        let those = self.from(select, table).sql(format!(" AND r.{column} IN (SELECT unnest("));
        let those = those.column(ColumnType::Id, self.shifts.clone()).sql("::uuid[]) UNION ");
        those.then(self.near()).sql(")")
    }

    /// `SELECT` all volunteers who are the same people as those that are named or have those shifts.
    fn people(&self) -> Statement {
        Statement::new("SELECT v.id FROM volunteers AS w JOIN volunteers AS v ON v.district_code = w.district_code AND v.person_id = w.person_id WHERE w.district_code = ")
            .text(self.district_code)
            .sql(" AND w.id IN (SELECT unnest(")
            .column(ColumnType::Id, self.volunteers.clone())
            .sql("::uuid[]) UNION ")
            .then(self.of_these("r.volunteer_id", "shift_assignments", "shift_id"))
            .sql(")")
    }

    /// `SELECT` when those shifts begin, and when what is claimed does.
    fn begins(&self) -> Statement {
        let stored = self.of_these("r.starts_at", "shifts", "id");
        stored.sql(" UNION SELECT unnest(").column(ColumnType::Instant, self.times.clone()).sql("::timestamptz[])")
    }

    /// `… JOIN` the times in question, as far as the hours of neighbours and theirs.
    fn around(&self, statement: Statement, column: &str) -> Statement {
        let hours = (reach() + reach()).num_hours();
        statement.sql(" JOIN (").then(self.begins()).sql(format!(") AS t(starts_at) ON {column} > t.starts_at - interval '{hours} hours' AND {column} < t.starts_at + interval '{hours} hours'"))
    }

    /// `SELECT` the shifts that those people have near by.
    fn near(&self) -> Statement {
        let taken = Statement::new(
            "SELECT s.id FROM shift_assignments AS a JOIN shifts AS s ON s.district_code = a.district_code AND s.id = a.shift_id",
        );
        self.around(taken, "s.starts_at")
            .sql(" WHERE a.state = 'assigned' AND NOT a.voided AND a.district_code = ")
            .text(self.district_code)
            .sql(" AND a.volunteer_id IN (")
            .then(self.people())
            .sql(")")
    }

    /// `SELECT` the ids of hours that those people were said to serve near by.
    fn told(&self) -> Statement {
        let told = Statement::new("SELECT q.id FROM service_records AS q");
        self.around(told, "q.starts_at")
            .sql(format!(" WHERE NOT q.voided AND {} AND q.district_code = ", has_come("q.")))
            .text(self.district_code)
            .sql(" AND q.volunteer_id IN (")
            .then(self.people())
            .sql(")")
    }

    /// `SELECT` the ids of all volunteers in question.
    fn volunteers(&self) -> Statement {
        Statement::new("SELECT unnest(")
            .column(ColumnType::Id, self.volunteers.clone())
            .sql("::uuid[]) UNION ")
            .then(self.of_all("r.volunteer_id", "shift_assignments", "shift_id"))
            .sql(" UNION ")
            .then(self.people())
    }
}

/// Shifts; assignments; volunteers; marks; service records; duties; rules.
pub fn statements(write_context: &WriteContext, district_code: &str, claims: &[&Claim]) -> Vec<Statement> {
    let kinds = ["shift_assignments", "service_records", "duties"].map(|name| write_context.kinds.kind(name));
    let [Some(assignments), Some(service_records), Some(duties)] = kinds else { return Vec::new() };
    let asked = Asked::of(district_code, claims);
    let of_duties = asked
        .of_these(duties.select(), "duties", "subject_id")
        .sql(" UNION ALL ")
        .then(asked.from(duties.select(), "duties"))
        .sql(" AND r.subject_id IN (")
        .then(asked.of_these("r.id", "shift_assignments", "shift_id"))
        .sql(")");
    vec![
        asked.of_all(
            "r.id, r.place_id, r.area_code, r.org_id, r.starts_at, r.ends_at, r.needs, r.min_rest_minutes, r.cancelled OR r.voided AS cancelled",
            "shifts",
            "id",
        ),
        asked.of_all(assignments.select(), "shift_assignments", "shift_id").sql(" AND NOT r.voided"),
        asked
            .from(Volunteer::COLUMNS, "volunteers")
            .sql(" AND r.id IN (")
            .then(asked.volunteers())
            .sql(")"),
        asked
            .of_all("r.id, r.assignment_id, r.action, r.occurred_at, r.recorded_at, r.revised_by", "shift_attendances", "shift_id")
            .sql(format!(" AND NOT r.voided AND {}", has_come("r."))),
        asked
            .of_all(service_records.select(), "service_records", "shift_id")
            .sql(" UNION ")
            .then(asked.from(service_records.select(), "service_records"))
            .sql(" AND r.id IN (")
            .then(asked.told())
            .sql(")"),
        of_duties,
        ServiceRule::statement(district_code),
    ]
}

/// The state of those rows.
pub fn roster(write_context: &Arc<WriteContext>, rows: Vec<Vec<Row>>) -> Result<Roster, String> {
    let mut lists = rows.into_iter();
    let mut next = || lists.next().unwrap_or_default();
    let shifts = next().into_iter().filter_map(shift).collect();
    let assignments = write_context.kept(&SHIFT_ASSIGNMENTS, next())?;
    let volunteers = next().into_iter().filter_map(Volunteer::of_row).collect();
    let marks = next().into_iter().filter_map(mark).collect();
    let service_records = write_context.kept(&SERVICE_RECORDS, next())?;
    let duties = write_context.kept(&DUTIES, next())?;
    let rules = next().into_iter().filter_map(ServiceRule::of_row).collect();
    let mut roster = Roster {
        write_context: Arc::clone(write_context),
        shifts,
        volunteers,
        assignments,
        written: BTreeSet::new(),
        engagements: BTreeMap::new(),
        marks,
        service_records,
        duties,
        rules,
        touched: BTreeSet::new(),
        disturbed: BTreeMap::new(),
        authors: BTreeMap::new(),
        by: Uuid::nil(),
    };
    let standing = roster.assignments.iter().filter(|(_, kept)| stands(&kept.record));
    let engaged: Vec<_> =
        standing.filter_map(|(id, kept)| Some((*id, roster.engagement(&kept.record.values)?))).collect();
    roster.engagements.extend(engaged);
    Ok(roster)
}

fn shift(mut row: Row) -> Option<(Uuid, Shift)> {
    Some((row.get(&envelope::ID)?, Shift::of_row(&mut row)?))
}

fn mark(mut row: Row) -> Option<((Uuid, Uuid), Mark)> {
    let (id, assignment_id) = (row.get(&envelope::ID)?, row.get(&ASSIGNMENT_ID)?);
    let is_in = row.get(&ACTION)? == AttendanceAction::CheckIn;
    let (occurred_at, known_at) = (row.get(&envelope::OCCURRED_AT)?, row.get(&envelope::RECORDED_AT)?);
    let told_by = row.get(&envelope::REVISED_BY)?;
    Some(((assignment_id, id), Mark { id, is_in, occurred_at, known_at, told_by }))
}
