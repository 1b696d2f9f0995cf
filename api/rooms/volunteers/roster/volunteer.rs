//! Somebody who takes shifts: as he is, and as he was then.

use chrono::{DateTime, Utc};
use kit::row::Row;
use kit::value::{Value, Values};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::rooms::volunteers::volunteers::memberships::Membership;

/// Somebody who takes shifts.
pub(super) struct Volunteer {
    pub(super) person_id: Uuid,
    pub(super) roles: Vec<String>,
    pub(super) active: bool,
    /// Teams and accounts.
    values: Values,
}

impl Volunteer {
    /// The columns of which [`Volunteer::of_row`] makes one, of rows called `r`.
    pub(super) const COLUMNS: &str =
        "r.id, r.person_id, r.roles, r.active AND NOT r.voided AS active, r.user_id, r.team_id, r.memberships";

    pub(super) fn of_row(mut row: Row) -> Option<(Uuid, Self)> {
        let roles = match row.take("roles") {
            Value::Json(Json::Array(roles)) => roles.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        };
        let mut values = Values::default();
        for name in ["user_id", "team_id", "memberships"] {
            values.set(name, row.take(name));
        }
        Some((row.id("id")?, Self { person_id: row.id("person_id")?, roles, active: row.boolean("active")?, values }))
    }

    /// His account now.
    pub(super) fn user_id(&self) -> Option<Uuid> {
        self.values.id("user_id")
    }

    /// His account and team at a time.
    pub(super) fn at(&self, at: DateTime<Utc>) -> Membership {
        Membership::at(&self.values, at)
    }
}
