//! Which team and account somebody had when: hours belong to the team of then, and a check-in is somebody's own word by
//! the account of then.

use chrono::{DateTime, Utc};
use kit::field::{Field, Shape};
use kit::object;
use kit::text::Text;
use kit::time::in_utc_where_known;
use kit::typed::TypedField;
use kit::value::Values;
use uuid::Uuid;

use super::{TEAM_ID, USER_ID};

object! {
    /// Account and team that somebody had from a time on.
    pub struct MembershipSince, MEMBERSHIP {
        team_id: Option<Uuid> = Field::new("team_id", Shape::Id, Text::new("Team", "队伍"), "The team; null for none.");
        user_id: Option<Uuid> = Field::new("user_id", Shape::Id, Text::new("Account", "账号"), "The account; null for none.");
        #[serde(serialize_with = "in_utc_where_known")]
        since_at: Option<DateTime<Utc>> = Field::new("since_at", Shape::Instant, Text::new("Since", "自"), "Since when; null for the first.");
    }
}

/// The field of a volunteer.
pub const MEMBERSHIPS: TypedField<Vec<MembershipSince>> = TypedField::named(
    "MEMBERSHIPS",
    Field::new(
        "memberships",
        Shape::List { of: &Shape::Object(MEMBERSHIP), max: 1_000 },
        Text::new("Memberships", "队伍沿革"),
        "Which team and account this person had since when, the oldest first.",
    )
    .by_server(),
);

/// Account and team that somebody had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Membership {
    /// The team.
    pub team_id: Option<Uuid>,
    /// The account.
    pub user_id: Option<Uuid>,
}

impl Membership {
    /// Membership that a volunteer's values tell for now.
    pub fn now(values: &Values) -> Self {
        Self { team_id: values.get(&TEAM_ID), user_id: values.get(&USER_ID) }
    }

    /// At a time: the first one before there was any.
    pub fn at(values: &Values, at: DateTime<Utc>) -> Self {
        let all: Vec<MembershipSince> = values.list(&MEMBERSHIPS).collect();
        Self::among(&all, at).unwrap_or_else(|| Self::now(values))
    }

    /// The one of a time among all that somebody had, the oldest first.
    pub fn among(all: &[MembershipSince], at: DateTime<Utc>) -> Option<Self> {
        all.iter().rev().find(|one| one.since_at.is_none_or(|since_at| since_at <= at)).map(Self::of)
    }

    fn of(told: &MembershipSince) -> Self {
        Self { team_id: told.team_id, user_id: told.user_id }
    }
}

/// Notes what holds from now on, where it is new.
pub fn note(values: &mut Values, now: DateTime<Utc>) {
    let is = Membership::now(values);
    let mut all: Vec<MembershipSince> = values.list(&MEMBERSHIPS).collect();
    if all.last().map(Membership::of) == Some(is) {
        return;
    }
    let since_at = (!all.is_empty()).then_some(now);
    all.push(MembershipSince { team_id: is.team_id, user_id: is.user_id, since_at });
    values.set(&MEMBERSHIPS, all);
}

#[cfg(test)]
mod tests {
    use kit::value::Value;
    use serde_json::json;

    use super::*;

    #[test]
    fn somebody_was_in_the_team_of_then() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let (mut values, first, second) = (Values::default(), Uuid::from_u128(1), Uuid::from_u128(2));
        assert_eq!(Membership::at(&values, at("2020-02-01T00:00:00Z")), Membership::default());
        for (team, now) in
            [(first, "2020-02-01T00:00:00Z"), (first, "2020-02-02T00:00:00Z"), (second, "2020-02-03T00:00:00Z")]
        {
            values.set(&TEAM_ID, team);
            note(&mut values, at(now));
        }
        let team = |text: &str| Membership::at(&values, at(text)).team_id;
        assert_eq!(team("2020-01-01T00:00:00Z"), Some(first), "before he was on the register");
        assert_eq!(team("2020-02-02T23:59:59Z"), Some(first));
        assert_eq!(team("2020-02-03T00:00:00Z"), Some(second));
        assert_eq!(values.list(&MEMBERSHIPS).count(), 2, "what stays is noted once");
        let kept = json!([
            {"team_id": first, "user_id": null, "since_at": null},
            {"team_id": second, "user_id": null, "since_at": "2020-02-03T00:00:00+00:00"},
        ]);
        assert_eq!(values.get(MEMBERSHIPS.name()), Some(&Value::Json(kept)), "in the form of former revisions");
    }
}
