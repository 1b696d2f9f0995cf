//! Disposal points with who answers for each, and on which days masks are to be collected there.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use kit::columns;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::time::day_of;
use kit::value::Value;
use uuid::Uuid;

use crate::records::envelope::{AREA_CODE, ID, OCCURRED_AT, ORG_ID};
use crate::rooms::registers::place::{DISMANTLED_ON, ESTABLISHED_ON, NAME, PARENT_ID};

columns! {
    /// Whether it is in use: neither it nor its compound is void or closed.
    ACTIVE "active": bool;
    /// Name of its compound.
    COMPOUND_NAME "compound_name": String;
}

/// A disposal point.
#[derive(Clone, Debug)]
pub struct Point {
    pub id: Uuid,
    pub name: String,
    pub area_code: String,
    /// Whose duty it is: its own organisation, its compound's, who set it up, else the compound's partner.
    pub org_id: Option<Uuid>,
    pub compound_id: Option<Uuid>,
    pub compound_name: Option<String>,
    pub established_on: Option<NaiveDate>,
    pub dismantled_on: Option<NaiveDate>,
    pub active: bool,
    occurred_at: DateTime<Utc>,
}

impl Point {
    /// The day on which it was set up; where nobody said that, the one since which it is known.
    pub fn since_on(&self, zone: Tz) -> NaiveDate {
        self.established_on.unwrap_or_else(|| day_of(self.occurred_at, zone))
    }

    /// Whether a collection is asked for on a day. The day on which a point is set up asks for none: a bin of the
    /// evening needn't be emptied by midnight. The one on which it is dismantled does: it is emptied once more, and
    /// nobody gets rid of a day's duty by taking the bin away.
    pub fn is_expected(&self, day: NaiveDate, zone: Tz) -> bool {
        self.active && day > self.since_on(zone) && self.dismantled_on.is_none_or(|last| day <= last)
    }

    /// Whether it is there and in use at the end of a day.
    pub fn stands_on(&self, day: NaiveDate) -> bool {
        let begun = self.established_on.is_none_or(|first| first <= day);
        self.active && begun && self.dismantled_on.is_none_or(|last| last > day)
    }

    /// The point of such a row.
    pub fn of_row(mut row: Row) -> Option<Self> {
        Some(Self {
            id: row.get(&ID)?,
            name: row.get(&NAME)?,
            area_code: row.get(&AREA_CODE)?,
            org_id: row.get(&ORG_ID),
            compound_id: row.get(&PARENT_ID),
            compound_name: row.get(&COMPOUND_NAME),
            established_on: row.get(&ESTABLISHED_ON),
            dismantled_on: row.get(&DISMANTLED_ON),
            active: row.get(&ACTIVE)?,
            occurred_at: row.get(&OCCURRED_AT)?,
        })
    }
}

/// `SELECT` the points of a district, the partners of their compounds as of a day. Its rows have an area and the
/// organisation that answers, as records have.
pub fn points(district_code: &str, on: NaiveDate) -> Statement {
    let day = || Value::Day(on);
    Statement::new("SELECT p.id, p.name, p.area_code, p.parent_id, p.established_on, least(p.dismantled_on, c.dismantled_on) AS dismantled_on, p.occurred_at, c.name AS compound_name, coalesce(p.org_id, c.org_id, p.established_by_org_id, (SELECT b.partner_org_id FROM compound_partnerships AS b WHERE b.district_code = p.district_code AND b.place_id = c.id AND NOT b.voided AND b.starts_on <= ")
        .bind(ColumnType::Day, day())
        .sql(" AND (b.ends_on IS NULL OR b.ends_on >= ")
        .bind(ColumnType::Day, day())
        .sql(") ORDER BY b.partnership_kind = 'lian_bao_bang' DESC, b.starts_on, b.id LIMIT 1)) AS org_id, NOT p.voided AND coalesce(p.operating_status, 'open') NOT IN ('suspended', 'closed') AND c.voided IS NOT TRUE AND coalesce(c.operating_status, 'open') <> 'closed' AS active FROM places AS p LEFT JOIN places AS c ON c.district_code = p.district_code AND c.id = p.parent_id WHERE p.kind = 'mask_disposal_point' AND p.district_code = ")
        .text(district_code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn the_first_day_asks_for_none_and_the_last_one_does() {
        let mut point = Point {
            id: Uuid::nil(),
            name: String::new(),
            area_code: String::new(),
            org_id: None,
            compound_id: None,
            compound_name: None,
            established_on: Some(day("2020-02-01")),
            dismantled_on: Some(day("2020-02-04")),
            active: true,
            occurred_at: "2020-01-30T08:00:00Z".parse().unwrap(),
        };
        let zone = chrono_tz::Asia::Shanghai;
        let expected = |point: &Point| -> Vec<bool> {
            ["2020-01-31", "2020-02-01", "2020-02-02", "2020-02-04", "2020-02-05"]
                .map(|on| point.is_expected(day(on), zone))
                .to_vec()
        };
        assert_eq!(expected(&point), [false, false, true, true, false]);
        assert!(point.stands_on(day("2020-02-01")) && !point.stands_on(day("2020-02-04")));
        point.established_on = None;
        assert_eq!(expected(&point), [true, true, true, true, false], "known since the thirtieth of January");
        point.active = false;
        assert_eq!(expected(&point), [false; 5]);
    }
}
