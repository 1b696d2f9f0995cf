//! Roots: which household or person an id stands for in the end, however often it was merged on. Merges are read by ids
//! alone (`<kind>_by_merge`): a chain may lead through areas that its reader doesn't see.

use kit::statement::Statement;

/// More merges than this in a row are not followed; nobody merges so often.
const MOST_MERGES: i64 = 32;

/// A table in brackets, `(id, root)`: of each record of a kind that was merged the one that it became in the end. Records
/// that were merged into none aren't in it: `coalesce(roots.root, id)`.
pub fn roots(kind: &str, district_code: &str) -> Statement {
    roots_of(
        Statement::new(format!("SELECT v.id, v.merged_into FROM {kind}_by_merge AS v WHERE v.district_code = "))
            .text(district_code),
    )
}

/// The same of what a statement selects, `id` and `merged_into` of merged records: as they stood at a number.
pub fn roots_of(merged: Statement) -> Statement {
    Statement::new("(WITH RECURSIVE led AS MATERIALIZED (")
        .then(merged)
        .sql(format!(
            "), up(id, at, step) AS (SELECT led.id, led.merged_into, 1 FROM led UNION ALL SELECT up.id, led.merged_into, up.step + 1 FROM up JOIN led ON led.id = up.at WHERE up.step < {MOST_MERGES}) SELECT DISTINCT ON (up.id) up.id, up.at AS root FROM up ORDER BY up.id, up.step DESC)"
        ))
}

/// An array of all ids under which whoever has this one is known: those that it was merged into, and what was merged
/// into them. `id` is a column of the statement around it.
pub fn family(kind: &str, district_code: &str, id: &str) -> Statement {
    let in_district = |statement: Statement, part: &str| statement.text(district_code).sql(part);
    let family = family_in(kind, DISTRICT, id);
    let mut parts = family.split(DISTRICT);
    let first = Statement::new(parts.next().unwrap_or_default());
    parts.fold(first, in_district)
}

/// Place at which the district is bound.
const DISTRICT: &str = "$district";

/// The same as text, in the district that a column of the statement around it says.
pub fn family_in(kind: &str, district_code: &str, id: &str) -> String {
    format!(
        "ARRAY(WITH RECURSIVE up(at, step) AS (SELECT {id}, 0 UNION ALL SELECT m.merged_into, up.step + 1 FROM up JOIN {kind}_by_merge AS m ON m.id = up.at AND m.district_code = {district_code} WHERE up.step < {MOST_MERGES}), \
         down(id, step) AS (SELECT (SELECT up.at FROM up ORDER BY up.step DESC LIMIT 1), 0 UNION ALL SELECT m.id, down.step + 1 FROM down JOIN {kind}_by_merge AS m ON m.merged_into = down.id AND m.district_code = {district_code} WHERE down.step < {MOST_MERGES}) \
         SELECT down.id FROM down)"
    )
}
