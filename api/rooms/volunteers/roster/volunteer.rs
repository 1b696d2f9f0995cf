//! Somebody who takes shifts: as he is, and as he was then.

use chrono::{DateTime, Utc};
use kit::row::Row;
use uuid::Uuid;

use crate::records::envelope::ID;
use crate::rooms::volunteers::volunteers::memberships::{Membership, MembershipSince};
use crate::rooms::volunteers::volunteers::{ACTIVE, DutyRole, MEMBERSHIPS, PERSON_ID, ROLES, TEAM_ID, USER_ID};

/// Somebody who takes shifts.
pub(super) struct Volunteer {
    pub(super) person_id: Uuid,
    pub(super) roles: Vec<DutyRole>,
    pub(super) active: bool,
    /// Account and team now.
    now: Membership,
    /// Accounts and teams that he had since when, the oldest first.
    memberships: Vec<MembershipSince>,
}

impl Volunteer {
    /// The columns of which [`Volunteer::of_row`] makes one, of rows called `r`.
    pub(super) const COLUMNS: &str =
        "r.id, r.person_id, r.roles, r.active AND NOT r.voided AS active, r.user_id, r.team_id, r.memberships";

    pub(super) fn of_row(mut row: Row) -> Option<(Uuid, Self)> {
        let (id, person_id) = (row.get(&ID)?, row.get(&PERSON_ID)?);
        let (roles, active) = (row.get(&ROLES).unwrap_or_default(), row.get(&ACTIVE)?);
        let now = Membership { user_id: row.get(&USER_ID), team_id: row.get(&TEAM_ID) };
        let memberships = row.get(&MEMBERSHIPS).unwrap_or_default();
        Some((id, Self { person_id, roles, active, now, memberships }))
    }

    /// His account now.
    pub(super) fn user_id(&self) -> Option<Uuid> {
        self.now.user_id
    }

    /// His account and team at a time.
    pub(super) fn at(&self, at: DateTime<Utc>) -> Membership {
        Membership::among(&self.memberships, at).unwrap_or(self.now)
    }
}
