//! Everybody who is one person: the ids that were merged, up and down.

use kit::columns;
use kit::statement::Statement;
use uuid::Uuid;

columns! {
    /// Of `members`: the id that stands for the person.
    pub ROOT "root": Uuid;
    /// Of `members`: an id of the person.
    pub PERSON_ID "person_id": Uuid;
}

/// Goes on from `WITH RECURSIVE touched(person_id)`: `members(root, person_id)`, everybody who is one person with
/// somebody touched, and the id that stands for him.
pub fn one_person(touched: Statement, district_code: &str) -> Statement {
    // Asked beside the id, NULL would lead over the index of all who are merged.
    touched
        .sql(", up(person_id, at, step) AS (SELECT person_id, person_id, 0 FROM touched UNION ALL SELECT up.person_id, m.merged_into, up.step + 1 FROM up CROSS JOIN LATERAL (SELECT q.merged_into FROM people AS q WHERE q.district_code = ")
        .text(district_code)
        .sql(" AND q.id = up.at OFFSET 0) AS m WHERE m.merged_into IS NOT NULL), roots AS (SELECT DISTINCT root FROM (SELECT DISTINCT ON (person_id) at AS root FROM up ORDER BY person_id, step DESC) AS found), members(root, person_id) AS (SELECT root, root FROM roots UNION ALL SELECT members.root, m.id FROM members CROSS JOIN LATERAL (SELECT q.id FROM people AS q WHERE q.district_code = ")
        .text(district_code)
        .sql(" AND q.merged_into = members.person_id OFFSET 0) AS m)")
}
