//! Requirements in force: which report a unit owes of a day, and until when.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use kit::columns;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::Statement;
use kit::time::day_start;
use kit::ttl_cell::TtlCell;
use uuid::Uuid;

use super::{
    DUE_MINUTE, EFFECTIVE_ON, EVERY_DAYS, MIDNIGHT, REPORT_KIND, REQUIRED_ORG_ID, REQUIRED_ORG_KIND, UNTIL_ON,
};
use crate::platform::config::Config;
use crate::platform::core::{Core, Extension};
use crate::platform::divisions::each::over_all;
use crate::records::envelope::{AREA_CODE, ID, ORG_ID};
use crate::records::settings::{Setting, SettingSource};
use crate::rooms::registers::organization::OrganizationKind;
use crate::rooms::reporting::report_kinds::ReportKind;

columns! {
    DISTRICT_CODE "district_code": String;
}

/// An organisation as requirements see it.
#[derive(Clone, Debug)]
pub struct Unit {
    /// The organisation.
    pub id: Uuid,
    /// Its kind.
    pub kind: Option<OrganizationKind>,
    /// The area it is responsible for.
    pub area_code: String,
}

/// One requirement.
#[derive(Clone, Debug)]
pub struct Requirement {
    /// The record.
    pub id: Uuid,
    district_code: String,
    area_code: String,
    /// Whose requirement it is.
    issuer_id: Option<Uuid>,
    /// Which report.
    pub report_kind: ReportKind,
    org_id: Option<Uuid>,
    org_kind: Option<OrganizationKind>,
    effective_on: NaiveDate,
    until_on: Option<NaiveDate>,
    every_days: i64,
    due_minute: i64,
}

impl Requirement {
    fn of_row(mut row: Row) -> Option<Self> {
        Some(Self {
            id: row.get(&ID)?,
            district_code: row.get(&DISTRICT_CODE)?,
            area_code: row.get(&AREA_CODE)?,
            issuer_id: row.get(&ORG_ID),
            report_kind: row.get(&REPORT_KIND)?,
            org_id: row.get(&REQUIRED_ORG_ID),
            org_kind: row.get(&REQUIRED_ORG_KIND),
            effective_on: row.get(&EFFECTIVE_ON)?,
            until_on: row.get(&UNTIL_ON),
            every_days: row.get(&EVERY_DAYS).unwrap_or(1),
            due_minute: row.get(&DUE_MINUTE).unwrap_or(MIDNIGHT),
        })
    }

    fn asks(&self, unit: &Unit) -> bool {
        match self.org_id {
            Some(id) => id == unit.id,
            None => self.org_kind == unit.kind && unit.area_code.starts_with(&self.area_code),
        }
    }

    /// Whether that day is one of those that are reported.
    pub fn is_due_on(&self, day: NaiveDate) -> bool {
        self.until_on.is_none_or(|until_on| day <= until_on)
            && (day - self.effective_on).num_days() % self.every_days.max(1) == 0
    }

    /// Until when a day is to be reported.
    pub fn due_at(&self, day: NaiveDate, zone: Tz) -> Option<DateTime<Utc>> {
        Some(day_start(day, zone)? + TimeDelta::minutes(self.due_minute))
    }
}

/// All requirements, in the order in which they were given.
#[derive(Debug, Default)]
pub struct Requirements(Vec<Requirement>);

impl Requirements {
    /// Whether anything has to be reported in a district.
    pub fn ask_anything(&self, district_code: &str) -> bool {
        self.0.iter().any(|one| one.district_code == district_code)
    }

    /// The one that holds for a unit's report of a day: of those that ask for it the one that is due first, so that nobody
    /// lightens what somebody else asks for. A later one of the same issuer and for the same replaces the earlier.
    pub fn at(&self, district_code: &str, kind: ReportKind, unit: &Unit, day: NaiveDate) -> Option<&Requirement> {
        let own = self.0.iter().enumerate().filter(|(_, one)| {
            one.district_code == district_code && one.report_kind == kind && one.effective_on <= day && one.asks(unit)
        });
        let mut latest = BTreeMap::new();
        for (given, one) in own {
            let asked = (one.issuer_id, one.org_id, one.org_kind, &one.area_code);
            let known: &mut (usize, &Requirement) = latest.entry(asked).or_insert((given, one));
            if (one.effective_on, given) > (known.1.effective_on, known.0) {
                *known = (given, one);
            }
        }
        latest.into_values().map(|(_, one)| one).filter(|one| one.is_due_on(day)).min_by_key(|one| one.due_minute)
    }
}

/// Requirements as they were read in the last seconds.
#[derive(Default)]
struct Cache(TtlCell<Requirements>);

impl Extension for Cache {
    fn begin(_: &Config) -> Self {
        Self::default()
    }
}

impl Setting for Requirements {
    fn without_any() -> &'static Self {
        static NONE: Requirements = Requirements(Vec::new());
        &NONE
    }
}

/// Requirements among the dated settings.
pub static REQUIREMENTS: SettingSource =
    SettingSource { known: |core| core.ext::<Cache>().0.known(), refresh: |core| Box::pin(refresh(core)) };

async fn refresh(core: &Core) -> Result<(), Problem> {
    let load = async || Ok(Requirements(load(core).await?));
    core.ext::<Cache>().0.refresh(load).await
}

async fn load(core: &Core) -> Result<Vec<Requirement>, Problem> {
    let asked = |only: Statement| {
        Statement::new(
        "SELECT id, district_code, area_code, org_id, report_kind, required_org_id, required_org_kind, effective_on, until_on, every_days::bigint AS every_days, due_minute::bigint AS due_minute FROM reporting_requirements WHERE NOT voided AND ",
    )
    .then(only)
    .sql(" ORDER BY recorded_at, id")
    };
    let rows = over_all(core, asked).await?;
    Ok(rows.into_iter().filter_map(Requirement::of_row).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn requirement(org_id: Option<Uuid>, area_code: &str, effective_on: &str) -> Requirement {
        Requirement {
            id: Uuid::nil(),
            district_code: "511802".to_owned(),
            area_code: area_code.to_owned(),
            issuer_id: None,
            report_kind: ReportKind::GateDaily,
            org_id,
            org_kind: org_id.is_none().then_some(OrganizationKind::School),
            effective_on: day(effective_on),
            until_on: None,
            every_days: 1,
            due_minute: 1_320,
        }
    }

    #[test]
    fn of_several_the_one_that_is_due_first_holds_and_a_later_one_replaces_its_own_kind() {
        let unit = Unit { id: Uuid::max(), kind: Some(OrganizationKind::School), area_code: "511802005".to_owned() };
        let all = Requirements(vec![
            requirement(None, "511802", "2020-01-25"),
            Requirement { due_minute: 1_080, ..requirement(Some(unit.id), "511802", "2020-02-01") },
            Requirement { due_minute: 2_880, issuer_id: Some(unit.id), ..requirement(None, "511802005", "2020-02-01") },
            Requirement { due_minute: 1_440, ..requirement(Some(unit.id), "511802", "2020-02-05") },
        ]);
        let due = |on: &str| all.at("511802", ReportKind::GateDaily, &unit, day(on)).map(|one| one.due_minute);
        assert_eq!((due("2020-01-24"), due("2020-01-31"), due("2020-02-01")), (None, Some(1_320), Some(1_080)));
        assert_eq!(due("2020-02-05"), Some(1_320), "the narrower one of another issuer lightens nothing");
        let elsewhere = Unit { area_code: "511803".to_owned(), id: Uuid::nil(), ..unit };
        assert!(all.at("511802", ReportKind::GateDaily, &elsewhere, day("2020-02-01")).is_none());
    }

    #[test]
    fn every_seventh_day_is_every_seventh_day_until_the_last() {
        let weekly = Requirement {
            every_days: 7,
            until_on: Some(day("2020-02-10")),
            ..requirement(None, "511802", "2020-02-03")
        };
        let due: Vec<bool> = ["2020-02-03", "2020-02-04", "2020-02-10", "2020-02-17"]
            .into_iter()
            .map(|on| weekly.is_due_on(day(on)))
            .collect();
        assert_eq!(due, [true, false, true, false]);
        let late = weekly.due_at(day("2020-02-03"), chrono_tz::Asia::Shanghai).unwrap();
        assert_eq!(late.to_rfc3339(), "2020-02-03T14:00:00+00:00");
    }
}
