//! Lists of whoever sees a part of a district, or asks for one: the newest of each area, organisation, place or case,
//! merged. One walk along the district's order would pass by everybody else's records, and where a village has none,
//! by all there are.

use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use uuid::Uuid;

use super::definition::{Kind, Reach};
use super::envelope::PLACES;
use super::scope::{Follows, place_column, successor};
use crate::platform::access::roles::{Actor, Grant};
use crate::platform::divisions::tree::DISTRICT_DIGITS;

/// A part of the records: those whose column holds one of the keys, each found by an index that keeps the list's order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lead {
    /// Of an area and all below it.
    Area(String),
    /// Of ids, by the column that names them: of organisations, or of somebody who is known by several.
    Ids(&'static str, Vec<Uuid>),
    /// Of places that the organisations watch, by the column of the place.
    Places(&'static str, Vec<Uuid>),
    /// Of cases that are seen from an area, there by organisations where a grant is narrowed to some.
    Cases(String, Option<Vec<Uuid>>),
}

/// Pages longer than this aren't merged: a file reads a whole list, and would read of each part a page for each of its own.
const LONGEST_MERGED: i64 = 501;
/// An area with so many digits is a village. Whoever sees more sees many cases with many records each, of which the
/// newest are soon found in the order of the list.
const VILLAGE_DIGITS: usize = 12;
/// More parts than this aren't merged: whoever holds so many grants sees most of the district.
const MOST_LEADS: usize = 8;

/// The parts in which everything stands that the actor may see of a kind and asks for; none where that is the district.
pub fn leads(actor: &Actor, kind: &Kind, area_code: Option<&str>, under_org: Option<Vec<Uuid>>) -> Option<Vec<Lead>> {
    if let Some(organizations) = under_org {
        return Some(vec![Lead::Ids("org_id", organizations)]);
    }
    let mut leads = Vec::new();
    for grant in actor.grants_of(kind.readers) {
        leads.extend(of_grant(actor, kind, grant, area_code));
    }
    let many = |lead: &Lead| match lead {
        Lead::Area(area) => area.len() <= DISTRICT_DIGITS,
        Lead::Cases(area, _) => {
            area.len() < VILLAGE_DIGITS && kind.follows().is_none_or(|follows| follows.column != "id")
        }
        Lead::Ids(..) | Lead::Places(..) => false,
    };
    if leads.iter().any(many) {
        return None;
    }
    let leads = without_repeats(leads);
    (leads.len() <= MOST_LEADS).then_some(leads)
}

fn of_grant(actor: &Actor, kind: &Kind, grant: &Grant, asked: Option<&str>) -> Vec<Lead> {
    let reach = match kind.reach {
        Reach::Area => grant.area_code.as_str(),
        Reach::District => grant.area_code.get(..DISTRICT_DIGITS).unwrap_or(&grant.area_code),
    };
    let part = both(reach, asked.unwrap_or_default());
    // Records that belong to others are seen however those are seen: of an organisation, shared, at a watched place.
    let by_organization = kind.reach == Reach::Area && kind.rules.belongs_to().is_none();
    let organizations = actor.organizations_of(grant).filter(|_| by_organization);
    let mut leads = Vec::new();
    match (part, organizations) {
        (Some(_), Some(organizations)) => {
            let shared = kind.rules.shared_with().map(|column| Lead::Ids(column, organizations.clone()));
            let watched = place_column(kind).filter(|_| actor.supervises);
            let watched = watched.map(|column| Lead::Places(column, organizations.clone()));
            leads.extend(shared.into_iter().chain(watched));
            leads.push(Lead::Ids("org_id", organizations));
        }
        (Some(part), None) => leads.push(Lead::Area(part.to_owned())),
        (None, _) => {}
    }
    let follows = kind.follows().filter(|follows| follows.readers.contains(&grant.role));
    if follows.is_some() && (grant.org_id.is_some() || grant.area_code.len() > DISTRICT_DIGITS) {
        leads.push(Lead::Cases(grant.area_code.clone(), actor.organizations_of(grant)));
    }
    leads
}

/// The area that lies in both, where there is one.
fn both<'a>(one: &'a str, other: &'a str) -> Option<&'a str> {
    match (one.starts_with(other), other.starts_with(one)) {
        (true, _) => Some(one),
        (_, true) => Some(other),
        _ => None,
    }
}

fn without_repeats(leads: Vec<Lead>) -> Vec<Lead> {
    let covers = |one: &Lead, other: &Lead| match (one, other) {
        (Lead::Area(wide), Lead::Area(narrow)) => narrow.starts_with(wide.as_str()),
        (Lead::Cases(wide, None), Lead::Cases(narrow, _)) => narrow.starts_with(wide.as_str()),
        _ => one == other,
    };
    let mut kept: Vec<Lead> = Vec::new();
    for lead in leads {
        if kept.iter().all(|other| !covers(other, &lead)) {
            kept.retain(|other| !covers(&lead, other));
            kept.push(lead);
        }
    }
    kept
}

/// Adds order and limit to a statement over rows called `r`; where parts are known, of each the first so many, and of
/// all those the first. A row that stands in two parts is given once.
pub fn merged(
    statement: Statement,
    kind: &Kind,
    district_code: &str,
    leads: Option<Vec<Lead>>,
    page: Page,
) -> Statement {
    let Some(leads) = leads.filter(|_| page.limit <= LONGEST_MERGED) else { return page.bound("r", statement) };
    if leads.is_empty() {
        return page.bound("r", statement.sql(" AND false"));
    }
    let once = if leads.len() > 1 { "DISTINCT ON (q.occurred_at, q.id) " } else { "" };
    let mut all = Statement::new(format!("SELECT {once}q.* FROM ("));
    for (place, lead) in leads.into_iter().enumerate() {
        let union = if place == 0 { "" } else { " UNION ALL " };
        let (keys, column) = lead.keys(kind, district_code);
        let each = statement.clone().sql(format!(" AND r.{column} = k.key"));
        all = all
            .sql(format!("{union}SELECT p.* FROM ("))
            .then(keys)
            .sql(") AS k(key) CROSS JOIN LATERAL (")
            .then(page.bound("r", each))
            .sql(") AS p");
    }
    page.bound("q", all.sql(") AS q"))
}

/// Order and length of a page.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// Whether the oldest come first.
    pub oldest_first: bool,
    /// Records at most.
    pub limit: i64,
}

impl Page {
    /// Adds them to a statement over rows of that name.
    pub fn bound(self, row: &str, statement: Statement) -> Statement {
        let direction = if self.oldest_first { "ASC" } else { "DESC" };
        statement
            .sql(format!(" ORDER BY {row}.occurred_at {direction}, {row}.id {direction} LIMIT "))
            .integer(self.limit)
    }
}

impl Lead {
    /// The keys, as a statement, and the kind's column that holds them.
    fn keys(self, kind: &Kind, district_code: &str) -> (Statement, &'static str) {
        let unnest = |ids: Vec<Uuid>| {
            let ids = ids.into_iter().map(Value::Id).collect();
            Statement::new("SELECT DISTINCT u.id FROM unnest(").column(ColumnType::Id, ids).sql("::uuid[]) AS u(id)")
        };
        match self {
            Self::Area(area_code) => (areas(kind.name, district_code, &area_code), "area_code"),
            Self::Ids(column, ids) => (unnest(ids), column),
            Self::Places(column, ids) => {
                let texts = ids.into_iter().map(|id| Value::Text(id.to_string())).collect();
                let keys = Statement::new(format!("SELECT p.id FROM {PLACES} AS p WHERE p.district_code = "))
                    .text(district_code)
                    .sql(" AND p.supervising_org_ids ?| ")
                    .column(ColumnType::Text, texts);
                (keys, column)
            }
            Self::Cases(area_code, organizations) => {
                let (column, names, table) = match kind.follows() {
                    Some(Follows { column, names, sights, .. }) => (column, names, sights.table),
                    None => ("id", "id", kind.name),
                };
                let keys =
                    Statement::new(format!("SELECT DISTINCT s.{names} FROM {table} AS s WHERE s.district_code = "))
                        .text(district_code)
                        .sql(" AND s.area_code >= ")
                        .text(&area_code)
                        .sql(" AND s.area_code < ")
                        .text(successor(&area_code));
                let keys = match organizations {
                    Some(ids) => {
                        let ids = ids.into_iter().map(Value::Id).collect();
                        keys.sql(" AND s.org_id = ANY(").column(ColumnType::Id, ids).sql(")")
                    }
                    None => keys,
                };
                (keys, column)
            }
        }
    }
}

/// The areas that records stand in, of those below one: found one after the other by the index, however many records
/// each has.
fn areas(table: &str, district_code: &str, area_code: &str) -> Statement {
    let end = successor(area_code);
    let next = format!("SELECT t.area_code FROM {table} AS t WHERE t.district_code = ");
    Statement::new(format!("WITH RECURSIVE a(area_code) AS (({next}"))
        .text(district_code)
        .sql(" AND t.area_code >= ")
        .text(area_code)
        .sql(" AND t.area_code < ")
        .text(&end)
        .sql(format!(" ORDER BY t.area_code LIMIT 1) UNION ALL SELECT ({next}"))
        .text(district_code)
        .sql(" AND t.area_code > a.area_code AND t.area_code < ")
        .text(end)
        .sql(" ORDER BY t.area_code LIMIT 1) FROM a WHERE a.area_code IS NOT NULL) SELECT a.area_code FROM a WHERE a.area_code IS NOT NULL")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_area_in_another_is_asked_once_and_areas_apart_have_nothing_in_common() {
        let area = |code: &str| Lead::Area(code.to_owned());
        assert_eq!(both("511802", ""), Some("511802"));
        assert_eq!(both("511802", "511802005"), Some("511802005"));
        assert_eq!(both("511802005", "511802"), Some("511802005"));
        assert_eq!(both("511802005", "511802006"), None);
        let leads = vec![area("511802005001"), area("511802005"), area("511802005001"), area("511802006")];
        assert_eq!(without_repeats(leads), [area("511802005"), area("511802006")]);
    }
}
