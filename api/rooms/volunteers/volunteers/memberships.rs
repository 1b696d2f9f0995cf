//! Which team and account somebody had when: hours belong to the team of then, and a check-in is somebody's own word by
//! the account of then.

use chrono::{DateTime, Utc};
use kit::field::{Field, Shape};
use kit::text::Text;
use kit::value::{Value, Values};
use serde_json::{Value as Json, json};
use uuid::Uuid;

const MEMBERSHIP: &[Field] = &[
    Field::new("team_id", Shape::Id, Text::new("Team", "队伍"), "The team; null for none."),
    Field::new("user_id", Shape::Id, Text::new("Account", "账号"), "The account; null for none."),
    Field::new("since_at", Shape::Instant, Text::new("Since", "自"), "Since when; null for the first."),
];

const MEMBERSHIP_ITEM: &Shape = &Shape::Object(MEMBERSHIP);

/// The field of a volunteer.
pub const MEMBERSHIPS: Field = Field::new(
    "memberships",
    Shape::List { of: MEMBERSHIP_ITEM, max: 1_000 },
    Text::new("Memberships", "队伍沿革"),
    "Which team and account this person had since when, the oldest first.",
)
.by_server();

/// Account and team that somebody had.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Membership {
    /// The team.
    pub team_id: Option<Uuid>,
    /// The account.
    pub user_id: Option<Uuid>,
}

impl Membership {
    /// Membership that a volunteer's values tell for now.
    pub fn now(values: &Values) -> Self {
        Self { team_id: values.id("team_id"), user_id: values.id("user_id") }
    }

    /// At a time: the first one before there was any.
    pub fn at(values: &Values, at: DateTime<Utc>) -> Self {
        let all = all(values);
        let since = |one: &&Json| one.get("since_at").and_then(Json::as_str)?.parse::<DateTime<Utc>>().ok();
        let then = all.iter().rev().find(|one| since(one).is_none_or(|since| since <= at));
        then.map_or_else(|| Self::now(values), Self::of)
    }

    fn of(told: &Json) -> Self {
        let id = |name: &str| told.get(name).and_then(Json::as_str).and_then(|id| id.parse().ok());
        Self { team_id: id("team_id"), user_id: id("user_id") }
    }
}

/// Notes what holds from now on, where it is new.
pub fn note(values: &mut Values, now: DateTime<Utc>) {
    let (mut all, is) = (all(values), Membership::now(values));
    if all.last().map(Membership::of).as_ref() == Some(&is) {
        return;
    }
    let since_at = if all.is_empty() { Json::Null } else { Value::Instant(now).to_json(chrono_tz::UTC) };
    all.push(json!({"team_id": is.team_id, "user_id": is.user_id, "since_at": since_at}));
    values.set(MEMBERSHIPS.name, Value::Json(Json::Array(all)));
}

fn all(values: &Values) -> Vec<Json> {
    values.json(MEMBERSHIPS.name).and_then(Json::as_array).cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_was_in_the_team_of_then() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let (mut values, first, second) = (Values::default(), Uuid::from_u128(1), Uuid::from_u128(2));
        assert_eq!(Membership::at(&values, at("2020-02-01T00:00:00Z")), Membership::default());
        for (team, now) in
            [(first, "2020-02-01T00:00:00Z"), (first, "2020-02-02T00:00:00Z"), (second, "2020-02-03T00:00:00Z")]
        {
            values.set("team_id", Value::Id(team));
            note(&mut values, at(now));
        }
        let team = |text: &str| Membership::at(&values, at(text)).team_id;
        assert_eq!(team("2020-01-01T00:00:00Z"), Some(first), "before he was on the register");
        assert_eq!(team("2020-02-02T23:59:59Z"), Some(first));
        assert_eq!(team("2020-02-03T00:00:00Z"), Some(second));
        assert_eq!(all(&values).len(), 2, "what stays is noted once");
    }
}
