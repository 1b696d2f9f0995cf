//! Somebody who takes shifts: as he is, and as he was then.

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Somebody who takes shifts.
pub(super) struct Volunteer {
    pub(super) person_id: Uuid,
    pub(super) roles: Vec<String>,
    pub(super) active: bool,
    /// Account and team now.
    pub(super) is: Membership,
    /// Those before.
    pub(super) was: Vec<Membership>,
}

/// Which account and team somebody had.
pub(super) struct Membership {
    pub(super) since: DateTime<Utc>,
    pub(super) user_id: Option<Uuid>,
    pub(super) team_id: Option<Uuid>,
}

impl Volunteer {
    /// Account and team at a time: the first ones before he was on the register.
    pub(super) fn at(&self, at: DateTime<Utc>) -> &Membership {
        let all = || self.was.iter().chain([&self.is]);
        let then = all().filter(|one| one.since <= at).max_by_key(|one| one.since);
        then.or_else(|| all().min_by_key(|one| one.since)).unwrap_or(&self.is)
    }

    /// Whether an account is his own.
    pub(super) fn has_account(&self, user_id: Uuid, at: DateTime<Utc>) -> bool {
        self.at(at).user_id == Some(user_id)
    }
}
