//! People by category: how many different ones are in each on a day.

use std::collections::BTreeMap;

use actix_web::http::Method;
use chrono::NaiveDate;
use kit::columns;
use kit::database::Snapshot;
use kit::problem::Problem;
use kit::statement::Statement;
use kit::time::day_of;
use kit::vocabulary::Word;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::categories::{IN_FORCE_ON, held, in_force};
use super::{PEOPLE, PersonCategory};
use crate::platform::access::keys::KeyScope;
use crate::platform::access::roles::with_statistics;
use crate::platform::codes::{DISTRICT_REQUIRED, KEY_OUT_OF_SCOPE, NOT_FOUND};
use crate::platform::http::{Access, Answer, Call, Operation};
use crate::records::envelope;
use crate::records::list::DISTRICT_CODE;
use crate::records::scope::{reached, within};
use crate::statistics::OfDistricts;
use crate::statistics::districts::{Part, Summed, WIDE_AREA_CODE, add_count};
use crate::statistics::polled::{answer_by_district, polled};
use crate::statistics::sheet::{Column, numbers, words};
use crate::statistics::{cover, covered, opens_lists};

columns! {
    /// The category's code, or [`ANY`].
    CATEGORY "category": String;
    PERSONS "persons": i64;
}

/// Stands for everybody who is in any category.
const ANY: &str = "any";

/// The operation.
pub fn operation() -> Operation {
    let line = json!({"category": "hubei_returnee", "label": "湖北返乡人员", "persons": 52, "suppressed": false, "records_url": "/v1/people?category=hubei_returnee&in_force_on=2020-02-02"});
    let total = json!({"persons": 60, "suppressed": false, "records_url": "/v1/people?in_force_on=2020-02-02"});
    let example = json!({"in_force_on": "2020-02-02", "area_code": null, "items": [line], "total": total, "as_of_change_no": 42, "districts": [{"district_code": "511802", "as_of_change_no": 42}]});
    let operation = Operation::new(Method::GET, "/v1/stats/people-by-category", "get_people_by_category", figures)
        .described("people", "People by category", "How many different people are in each category on a day, by where they are registered; somebody in several counts in each, and once in `total`. Merged people count once; in a prefecture or a province by each district. Keys without `small_cells`: 1 to 9 hidden, the rest rounded to 5, and no area below a township.")
        .access(Access::Roles(with_statistics(PEOPLE.readers)))
        .keys(KeyScope::Statistics)
        .answers::<OfDistricts<PeopleByCategory>>(200, "The figures.", Some(example))
        .problems(&[DISTRICT_REQUIRED, NOT_FOUND, KEY_OUT_OF_SCOPE]);
    polled(operation, [&IN_FORCE_ON.field, &WIDE_AREA_CODE, &DISTRICT_CODE])
}

/// People by category.
#[derive(Serialize, ToSchema)]
struct PeopleByCategory {
    /// On which day.
    #[schema(value_type = String, max_length = 100)]
    in_force_on: NaiveDate,
    /// The area asked for.
    #[schema(required, max_length = 40)]
    area_code: Option<String>,
    /// Every open category.
    #[schema(inline, max_items = 50)]
    items: Vec<OfCategory>,
    /// Everybody in any category, once.
    #[schema(inline)]
    total: Counted,
}

/// A category.
#[derive(Serialize, ToSchema)]
struct OfCategory {
    #[serde(flatten)]
    #[schema(inline)]
    counted: Counted,
    /// Which category.
    #[schema(max_length = 100)]
    category: &'static str,
    /// Label that people see.
    #[schema(max_length = 100)]
    label: &'static str,
}

/// Different people.
#[derive(Serialize, ToSchema)]
struct Counted {
    /// How many different people; null where that is hidden.
    #[schema(required, minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    persons: Option<i64>,
    /// Whether a small number is hidden.
    suppressed: bool,
    /// The list of them, for those who may read it.
    #[schema(required, max_length = 300)]
    records_url: Option<String>,
}

impl Summed for PeopleByCategory {
    fn add(&mut self, other: Self) {
        // Every district tells of the same categories, in the same order.
        for (line, other) in self.items.iter_mut().zip(other.items) {
            line.counted.add(&other.counted);
        }
        self.total.add(&other.total);
    }
}

impl Counted {
    /// Adds another district's: what is hidden there is hidden in the sum, which no list has.
    fn add(&mut self, other: &Self) {
        add_count(&mut self.persons, other.persons);
        self.suppressed |= other.suppressed;
        self.persons = self.persons.filter(|persons| !self.suppressed || *persons > 0);
        self.records_url = None;
    }
}

const COLUMNS: &[Column] = &[words("category", "类别代码"), words("label", "类别"), numbers("persons", "人数")];

async fn figures(call: Call) -> Answer {
    let narrow = call.query.get(&envelope::AREA_CODE).is_some_and(|area_code| area_code.len() > 9);
    if covered(&call, PEOPLE.readers) && narrow {
        return Err(KEY_OUT_OF_SCOPE.into());
    }
    answer_by_district(&call, COLUMNS, counted).await
}

async fn counted(now: &mut Snapshot, part: &Part) -> Result<PeopleByCategory, Problem> {
    let (call, district_code) = (&part.call, part.district_code.as_str());
    let on = call.query.get(&IN_FORCE_ON).unwrap_or_else(|| day_of(call.core.clock.now(), call.core.zone));
    let statement = held(Statement::new(""), district_code, None)
        .sql(format!(" SELECT coalesce(held.category, '{ANY}') AS category, count(DISTINCT held.root) AS persons FROM held JOIN people AS r ON r.id = held.root AND r.district_code = "))
        .text(district_code);
    let statement = in_force(statement.sql(" WHERE NOT r.voided AND "), on);
    let statement = reached("r", statement.sql(" AND "), call.actor()?, with_statistics(PEOPLE.readers), true);
    let statement = match call.query.get(&envelope::AREA_CODE) {
        Some(area_code) => within("r", statement.sql(" AND "), area_code),
        None => statement,
    };
    let rows = now.read(&statement.sql(" GROUP BY GROUPING SETS ((held.category), ())")).await?;
    let found: BTreeMap<String, i64> =
        rows.into_iter().filter_map(|mut row| Some((row.get(&CATEGORY)?, row.get(&PERSONS)?))).collect();
    let told = |category: Option<&str>| {
        let persons = found.get(category.unwrap_or(ANY)).copied().unwrap_or(0);
        let shown = if covered(call, PEOPLE.readers) { cover(persons) } else { Some(persons) };
        let query = [
            category.map(|code| format!("category={code}")),
            Some(format!("in_force_on={on}")),
            call.query.get(&envelope::AREA_CODE).map(|code| format!("area_code={code}")),
        ];
        let query = query.into_iter().flatten().collect::<Vec<_>>().join("&");
        let url = opens_lists(call, PEOPLE.readers).then(|| format!("/v1/people?{query}"));
        Counted { persons: shown, suppressed: shown.is_none(), records_url: url }
    };
    // Closed categories are kept elsewhere and counted nowhere.
    let open =
        PersonCategory::VOCABULARY.words.iter().filter(|word| word.code != PersonCategory::CorrectionsSubject.code());
    let of_category = |word: &'static Word| {
        let label = word.label.in_language(call.language);
        OfCategory { counted: told(Some(word.code)), category: word.code, label }
    };
    let items = open.map(of_category).collect();
    Ok(PeopleByCategory { in_force_on: on, area_code: part.asked_area(), items, total: told(None) })
}
