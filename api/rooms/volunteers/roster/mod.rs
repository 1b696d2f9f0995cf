//! Rosters under the district's lock: who may take a shift, who came, what was served, and which duties that opens and
//! closes. Settled anew from the records that stand, like everything that can come late.

pub mod actions;
mod admit;
mod calendar;
mod came;
mod confirm;
mod day_sheet;
mod figures;
mod hours;
mod load;
mod moved;
mod register;
mod settle;
mod swaps;
mod unfilled;
mod volunteer;
pub mod worker;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use kit::faults::Fault;
use kit::row::Row;
use kit::statement::Statement;
use kit::value::Values;
use ledger::Append;
use ledger::decide::{Claim, Decider, State};
use uuid::Uuid;

use self::volunteer::Volunteer;
use crate::platform::http::Operation;
use crate::records::change::Changes;
use crate::records::locked_row::LockedRow;
use crate::records::write_context::WriteContext;
use crate::records::{Record, envelope};
use crate::rooms::volunteers::service_rules::ServiceRule;
use crate::rooms::volunteers::shifts::assignments::{self, AssignmentState};
use crate::rooms::volunteers::shifts::{self, NEAR, Need, attendances};

/// The operations of this room.
pub fn operations() -> Vec<Operation> {
    let own = actions::operations().into_iter().chain(swaps::operations()).chain(confirm::operations());
    let own = own.chain(figures::operations());
    own.chain([unfilled::operation()]).chain(day_sheet::operations()).chain(calendar::operations()).collect()
}

/// Asks for what time alone changes: who did not come, whose check-out was forgotten; no record.
pub const LOOK: &str = "roster_look";

/// Decides about shifts and all that belongs to them.
pub struct RosterDecider(Arc<WriteContext>);

impl RosterDecider {
    /// The decider of an append.
    pub fn of(write_context: &Arc<WriteContext>) -> Arc<dyn Decider> {
        Arc::new(Self(Arc::clone(write_context)))
    }
}

impl Decider for RosterDecider {
    fn group(&self) -> &'static str {
        "roster"
    }

    fn load(&self, district_code: &str, claims: &[&Claim]) -> Vec<Statement> {
        load::statements(&self.0, district_code, claims)
    }

    fn begin(&self, rows: Vec<Vec<Row>>) -> Result<Box<dyn State>, String> {
        load::roster(&self.0, rows).map(|roster| Box::new(roster) as Box<dyn State>)
    }
}

/// A shift as it stands.
#[derive(Clone)]
pub struct Shift {
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
    needs: Vec<Need>,
    min_rest_minutes: i64,
    /// Whether it takes place.
    stands: bool,
    place_id: Option<Uuid>,
    area_code: String,
    org_id: Option<Uuid>,
}

impl Shift {
    fn of(values: &Values) -> Option<Self> {
        Some(Self {
            starts_at: values.get(&shifts::STARTS_AT)?,
            ends_at: values.get(&shifts::ENDS_AT)?,
            needs: values.list(&shifts::NEEDS).collect(),
            min_rest_minutes: values.get(&shifts::MIN_REST_MINUTES).unwrap_or(shifts::REST_MINUTES),
            stands: values.get(&shifts::CANCELLED) != Some(true),
            place_id: values.get(&shifts::PLACE_ID),
            area_code: values.get(&envelope::AREA_CODE)?.to_owned(),
            org_id: values.get(&envelope::ORG_ID),
        })
    }

    /// The shift of a row whose `cancelled` says whether it is cancelled or void.
    fn of_row(row: &mut Row) -> Option<Self> {
        Some(Self {
            place_id: row.get(&shifts::PLACE_ID),
            area_code: row.get(&envelope::AREA_CODE)?,
            org_id: row.get(&envelope::ORG_ID),
            starts_at: row.get(&shifts::STARTS_AT)?,
            ends_at: row.get(&shifts::ENDS_AT)?,
            needs: row.get(&shifts::NEEDS).unwrap_or_default(),
            min_rest_minutes: row.get(&shifts::MIN_REST_MINUTES).unwrap_or(shifts::REST_MINUTES),
            stands: row.get(&shifts::CANCELLED) != Some(true),
        })
    }

    /// Whether what happened then can be about this shift.
    fn is_near(&self, at: DateTime<Utc>) -> bool {
        self.starts_at - NEAR <= at && at <= self.ends_at + NEAR
    }
}

/// A time that somebody has given already.
#[derive(Clone)]
struct Engagement {
    person_id: Uuid,
    shift_id: Option<Uuid>,
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
    min_rest_minutes: i64,
}

/// A check-in or check-out that stands.
#[derive(Clone)]
struct Mark {
    id: Uuid,
    is_in: bool,
    occurred_at: DateTime<Utc>,
    known_at: DateTime<Utc>,
    /// Account that told it.
    told_by: Uuid,
}

/// Shifts with all that belongs to them, as far as a batch touches them.
pub struct Roster {
    write_context: Arc<WriteContext>,
    shifts: BTreeMap<Uuid, Shift>,
    volunteers: BTreeMap<Uuid, Volunteer>,
    /// Assignments of those shifts; those being written now as they will stand.
    assignments: BTreeMap<Uuid, LockedRow>,
    /// Assignments and hours that this batch itself writes: only another append may write them again.
    written: BTreeSet<Uuid>,
    engagements: BTreeMap<Uuid, Engagement>,
    /// Marks by assignment and id.
    marks: BTreeMap<(Uuid, Uuid), Mark>,
    service_records: BTreeMap<Uuid, LockedRow>,
    duties: BTreeMap<Uuid, LockedRow>,
    rules: Vec<ServiceRule>,
    /// Shifts that must be settled.
    touched: BTreeSet<Uuid>,
    /// People whose hours near these times must be settled.
    disturbed: BTreeMap<Uuid, BTreeSet<DateTime<Utc>>>,
    /// Accounts that last wrote something of a shift, an assignment or a person, by the id of that.
    authors: BTreeMap<Uuid, Uuid>,
    /// Account whose write led to what is settled just now; nil for the service itself.
    by: Uuid,
}

impl State for Roster {
    fn admit(&mut self, claim: &Claim) -> Result<(), Vec<Fault>> {
        match claim.kind {
            "shifts" => self.take_shift(claim)?,
            "shift_assignments" => self.take_assignment(claim)?,
            "shift_attendances" => self.take_attendance(claim)?,
            "service_records" => self.take_service(claim)?,
            _ => {
                self.touched.insert(claim.id);
                return Ok(());
            }
        }
        let values = claim.next.as_ref().or(claim.former.as_ref());
        let id = |field| values.and_then(|values| values.get(field));
        let about = [&attendances::SHIFT_ID, &attendances::ASSIGNMENT_ID].map(id);
        let about = about.into_iter().chain([values.and_then(|values| self.person_of(values))]);
        let about: Vec<Uuid> = about.flatten().chain([claim.id]).collect();
        self.authors.extend(about.into_iter().map(|id| (id, claim.by)));
        Ok(())
    }

    fn follow(mut self: Box<Self>) -> Result<Option<Append>, String> {
        let mut changes = Changes::default();
        let touched: Vec<Uuid> = self.touched.iter().copied().collect();
        for shift_id in touched {
            self.settle(shift_id);
        }
        self.settle_hours();
        let write_context = Arc::clone(&self.write_context);
        self.put_into(&mut changes);
        changes.following(&write_context)
    }
}

/// Whether an assignment stands.
fn stands(assignment: &Record) -> bool {
    !assignment.envelope.voided && assignment.values.get(&assignments::STATE) == Some(AssignmentState::Assigned)
}
