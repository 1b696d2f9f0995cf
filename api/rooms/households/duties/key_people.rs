//! Key people: those in a category of which the care policies in force ask something, with where they live and since when
//! something is asked.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use kit::columns;
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use uuid::Uuid;

use crate::platform::core::Core;
use crate::records::envelope::AREA_CODE;
use crate::rooms::households::care_policies::Care;
use crate::rooms::households::care_policies::table::{CareTable, LONGEST_DAYS};
use crate::rooms::households::household_members::open_members;
use crate::rooms::registers::family::{PERSON_ID, ROOT};
use crate::rooms::registers::{PersonCategory, held};

/// Categories that began so long ago ask for nothing any more, and whose duties are left as they are.
pub const LOOKED_BACK: u64 = LONGEST_DAYS * 2;

columns! {
    CATEGORY "category": PersonCategory;
    SINCE_ON "since_on": NaiveDate;
    UNTIL_ON "until_on": NaiveDate;
}

/// Somebody of whom the policies ask something, or asked it lately.
pub struct KeyPerson {
    /// The id that stands for the person.
    pub id: Uuid,
    /// Where the person lives; where that isn't known, is registered.
    pub area_code: String,
    /// Categories in force today of which the policies ask something.
    pub categories: Vec<PersonCategory>,
    /// The care that is needed today.
    pub care: Care,
    /// Since when, without a day between.
    pub since_on: NaiveDate,
    /// Days in which the policies in force ask something, now and before.
    windows: Vec<(NaiveDate, NaiveDate)>,
}

/// A category of somebody.
struct HeldSince {
    category: PersonCategory,
    since_on: NaiveDate,
    until_on: Option<NaiveDate>,
}

/// Everybody of whom the policies ask something on a day, or did lately, by the id that stands for the person.
pub async fn key_people(core: &Core, district_code: &str, on: NaiveDate) -> Result<BTreeMap<Uuid, KeyPerson>, Problem> {
    let since = on.checked_sub_days(Days::new(LOOKED_BACK)).unwrap_or(on);
    let statement = held(Statement::new(""), district_code, None)
        .sql(" SELECT held.root, held.category, held.since_on, nullif(held.until_on, 'infinity') AS until_on, p.area_code FROM held JOIN people AS p ON p.id = held.root AND p.district_code = ")
        .text(district_code)
        .sql(" WHERE held.id = held.root AND NOT p.voided AND held.since_on > ")
        .bind(ColumnType::Day, Value::Day(since))
        .seeing_district(district_code);
    let mut people: BTreeMap<Uuid, (String, Vec<HeldSince>)> = BTreeMap::new();
    for mut row in core.database.read(&statement).await? {
        let root = row.get(&ROOT);
        let (Some(category), Some(since_on)) = (row.get(&CATEGORY), row.get(&SINCE_ON)) else { continue };
        // Whoever is in a closed category is nobody's business here.
        if category == PersonCategory::CorrectionsSubject {
            continue;
        }
        let until_on = row.get(&UNTIL_ON);
        let (Some(root), Some(area_code)) = (root, row.get(&AREA_CODE)) else { continue };
        people.entry(root).or_insert_with(|| (area_code, Vec::new())).1.push(HeldSince {
            category,
            since_on,
            until_on,
        });
    }
    let table = CareTable::load(core, district_code).await?;
    let homes = residents(core, district_code, people.keys().copied().collect(), on).await?;
    let person = |(id, (registered, held)): (Uuid, (String, Vec<HeldSince>))| {
        let area_code = homes.get(&id).cloned().unwrap_or(registered);
        (id, key_person(id, area_code, &held, &table, on))
    };
    Ok(people.into_iter().map(person).collect())
}

/// Areas of the households where people live on a day.
async fn residents(
    core: &Core,
    district_code: &str,
    people: Vec<Uuid>,
    on: NaiveDate,
) -> Result<BTreeMap<Uuid, String>, Problem> {
    let people = people.into_iter().map(Value::Id).collect();
    let open = Statement::new("SELECT m.person_id, h.area_code FROM (");
    let statement = open_members(open, district_code, people, on)
        .sql(") AS m JOIN households AS h ON h.id = m.household_id AND NOT h.voided AND h.district_code = ")
        .text(district_code)
        .seeing_district(district_code);
    let rows = core.database.read(&statement).await?;
    Ok(rows.into_iter().filter_map(|mut row| Some((row.get(&PERSON_ID)?, row.get(&AREA_CODE)?))).collect())
}

fn key_person(id: Uuid, area_code: String, held: &[HeldSince], table: &CareTable, on: NaiveDate) -> KeyPerson {
    let (mut categories, mut care, mut windows) = (Vec::new(), Care::None, Vec::new());
    for one in held {
        let Some(policy) = table.at(one.category, &area_code, on).filter(|policy| policy.care != Care::None) else {
            continue;
        };
        let last_on = one.until_on.map_or(policy.last_on(one.since_on), |day| day.min(policy.last_on(one.since_on)));
        if last_on < one.since_on || one.since_on > on {
            continue;
        }
        windows.push((one.since_on, last_on));
        if last_on >= on {
            categories.push(one.category);
            care = if policy.care == Care::Isolation { Care::Isolation } else { care.or(policy.care) };
        }
    }
    categories.sort_unstable_by_key(|category| category.code());
    categories.dedup();
    let since_on = beginning(&mut windows, on);
    KeyPerson { id, area_code, categories, care, since_on, windows }
}

/// The first day of the windows that reach to a day without a day between.
fn beginning(windows: &mut [(NaiveDate, NaiveDate)], on: NaiveDate) -> NaiveDate {
    windows.sort_unstable();
    let mut begins = on;
    let mut ends: Option<NaiveDate> = None;
    for (first_on, last_on) in windows.iter().copied().filter(|(first_on, _)| *first_on <= on) {
        let goes_on = ends.and_then(|day| day.succ_opt()).is_some_and(|next| first_on <= next);
        if !goes_on {
            begins = first_on;
        }
        ends = Some(if goes_on { ends.map_or(last_on, |day| day.max(last_on)) } else { last_on });
    }
    begins
}

/// Whether a day lies in one of the windows of somebody.
pub fn within_window(person: &KeyPerson, day: NaiveDate) -> bool {
    person.windows.iter().any(|(first_on, last_on)| *first_on <= day && day <= *last_on)
}
