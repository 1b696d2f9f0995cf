//! Bans on gatherings (禁聚令): how many tables a banquet may have at most, as dated data. None is built in; where several
//! hold in an area, the strictest one decides.

use chrono::NaiveDate;
use kit::faults::Faults;
use kit::field::{Field, Shape, free_text};
use kit::fields;
use kit::row::Row;
use kit::statement::Statement;
use kit::text::Text;
use kit::value::Values;
use ledger::decide::Decider;
use std::sync::Arc;

use super::banquets::BANQUET_READERS;
use super::banquets::decider::BanquetDecider;
use crate::platform::access::Role;
use crate::platform::codes::INVALID_ORDER;
use crate::records::envelope::AREA_CODE;
use crate::records::write_context::WriteContext;
use crate::records::{Context, Definition, Draft, Kind, Measure, Reach, Record, Rules};

fields! {
    /// The fields of a ban, beside the envelope's.
    static FIELDS;
    EFFECTIVE_ON: NaiveDate = Field::new("effective_on", Shape::Day, Text::new("Effective on", "施行日期"), "From which day on.")
        .required()
        .any_day()
        .also(&["生效日期", "开始日期"]);
    UNTIL_ON: NaiveDate = Field::new("until_on", Shape::Day, Text::new("Until", "截止日期"), "The last day, itself included; open where it isn't known.")
        .any_day()
        .also(&["失效日期", "结束日期"]);
    MAX_TABLES: i64 = Field::new("max_tables", Shape::Integer { min: 0, max: 100 }, Text::new("Tables at most", "桌数上限"), "So many tables a banquet may have; 0, which is what holds by default, allows none.")
        .also(&["允许桌数", "最多桌数"]);
    BASIS: String = Field::new("basis", free_text(200), Text::new("Basis", "依据"), "The document that says so.")
        .required()
        .also(&["文件依据", "依据文件", "文号"]);
}

/// The kind.
pub static GATHERING_BANS: Kind = Kind::of(Definition {
    name: "gathering_bans",
    path: "gathering-bans",
    schema: "GatheringBan",
    label: Text::new("Gathering ban", "禁聚令"),
    about: "How many tables a banquet may have at most: for the record's area and all below. Of several the strictest decides.",
    fields: FIELDS,
    filters: &[],
    reach: Reach::District,
    readers: BANQUET_READERS,
    writers: &[Role::DistrictAdmin, Role::OrgAdmin],
    rules: &BanRules,
    example: include_str!("../../../../openapi/examples/gathering_bans/create.json"),
    ..Definition::FIELD_RECORD
});

struct BanRules;

impl Rules for BanRules {
    fn stands_when_known(&self) -> bool {
        true
    }

    /// The supervising bureau's: nobody bans what competitors do.
    fn judges_others(&self) -> bool {
        true
    }

    fn check(&self, draft: &mut Draft, _context: &Context<'_>, faults: &mut Faults) {
        let (effective_on, until_on) = (draft.values.get(&EFFECTIVE_ON), draft.values.get(&UNTIL_ON));
        if effective_on.zip(until_on).is_some_and(|(first, last)| last < first) {
            faults.add_with(draft.at(&UNTIL_ON), INVALID_ORDER, vec![("other", EFFECTIVE_ON.to_string())]);
        }
    }

    fn judge(&self, draft: &mut Draft, _context: &Context<'_>) {
        let max_tables = draft.values.get(&MAX_TABLES).unwrap_or(0);
        draft.values.set(&MAX_TABLES, max_tables);
    }

    /// Banquets that were held before it was told are judged by it, too.
    fn followers(&self, _: Option<&Record>, _: &Record, write_context: &Arc<WriteContext>) -> Vec<Arc<dyn Decider>> {
        vec![BanquetDecider::of(write_context)]
    }

    fn measures(&self, _record: &Record) -> Vec<Measure> {
        vec![("gathering_bans", 1)]
    }
}

/// A ban, as banquets are held against it.
#[derive(Clone, Debug)]
pub struct Ban {
    /// Where it holds: that division and all below.
    pub area_code: String,
    /// From which day on.
    pub effective_on: NaiveDate,
    /// Until which day.
    pub until_on: Option<NaiveDate>,
    /// How many tables are allowed.
    pub max_tables: i64,
}

impl Ban {
    /// The ban of a row with its columns.
    pub fn of_row(row: &mut Row) -> Option<Self> {
        Some(Self {
            area_code: row.get(&AREA_CODE)?,
            effective_on: row.get(&EFFECTIVE_ON)?,
            until_on: row.get(&UNTIL_ON),
            max_tables: row.get(&MAX_TABLES).unwrap_or(0),
        })
    }

    /// The ban of a record's values.
    pub fn of_values(values: &Values) -> Option<Self> {
        Some(Self {
            area_code: values.get(&AREA_CODE)?.to_owned(),
            effective_on: values.get(&EFFECTIVE_ON)?,
            until_on: values.get(&UNTIL_ON),
            max_tables: values.get(&MAX_TABLES).unwrap_or(0),
        })
    }

    fn holds(&self, area_code: &str, day: NaiveDate) -> bool {
        let begun = self.effective_on <= day && self.until_on.is_none_or(|last| day <= last);
        begun && area_code.starts_with(&self.area_code)
    }

    /// How many tables a banquet may have in an area on a day: what the strictest ban says; none where none holds.
    pub fn allowed<'a>(bans: impl Iterator<Item = &'a Self>, area_code: &str, day: NaiveDate) -> Option<i64> {
        bans.filter(|ban| ban.holds(area_code, day)).map(|ban| ban.max_tables).min()
    }
}

/// `SELECT` the bans of a district that stand, with their ids.
pub fn standing(district_code: &str) -> Statement {
    Statement::new("SELECT b.id, b.area_code, b.effective_on, b.until_on, b.max_tables::bigint AS max_tables FROM gathering_bans AS b WHERE NOT b.voided AND b.district_code = ")
        .text(district_code)
}

/// SQL: a ban holds for banquet `r`. Bans are everybody's to know, however narrow his own area is.
pub const IN_FORCE: &str = "EXISTS (SELECT 1 FROM gathering_bans_in_force AS b WHERE b.district_code = r.district_code AND starts_with(r.area_code, b.area_code) AND b.effective_on <= r.planned_on AND (b.until_on IS NULL OR b.until_on >= r.planned_on))";

#[cfg(test)]
mod tests {
    use super::*;

    fn ban(area_code: &str, effective_on: &str, until_on: Option<&str>, max_tables: i64) -> Ban {
        let day = |text: &str| text.parse().unwrap();
        Ban { area_code: area_code.into(), effective_on: day(effective_on), until_on: until_on.map(day), max_tables }
    }

    #[test]
    fn the_strictest_of_those_in_force_decides() {
        let bans = [
            ban("511802", "2020-01-23", None, 5),
            ban("511802", "2020-01-25", Some("2020-02-29"), 0),
            ban("511802005", "2020-01-20", None, 8),
        ];
        let allowed = |area: &str, on: &str| Ban::allowed(bans.iter(), area, on.parse().unwrap());
        assert_eq!(allowed("511802114", "2020-01-22"), None);
        assert_eq!(allowed("511802005001", "2020-01-22"), Some(8));
        assert_eq!(allowed("511802005001", "2020-01-24"), Some(5));
        assert_eq!(allowed("511802114", "2020-02-29"), Some(0));
        assert_eq!(allowed("511802114", "2020-03-01"), Some(5));
        assert_eq!(allowed("511803001", "2020-01-25"), None);
    }
}
