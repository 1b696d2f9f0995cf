//! Conditions by category: the people in one, and since when until when, under any of their ids.

use chrono::NaiveDate;
use kit::field::{Field, Shape};
use kit::statement::{ColumnType, Statement};
use kit::text::Text;
use kit::typed::TypedField;
use kit::value::Value;

use super::wire::PersonCategory;
use crate::records::conditions::{Condition, ConditionContext};

static CATEGORY: TypedField<PersonCategory> = TypedField::named(
    "CATEGORY",
    Field::new(
        "category",
        Shape::Word(PersonCategory::VOCABULARY),
        Text::new("Category", "类别"),
        "Who is in this category on `in_force_on`.",
    ),
);
/// Day on which a category is asked for.
pub static IN_FORCE_ON: TypedField<NaiveDate> = TypedField::named(
    "IN_FORCE_ON",
    Field::new(
        "in_force_on",
        Shape::Day,
        Text::new("In force on", "有效日期"),
        "The day on which the category holds; today by default. Alone: who is in any category that day.",
    ),
);

/// The conditions of a list of people.
pub static CONDITIONS: &[Condition] = &[
    Condition {
        parameter: &CATEGORY.field,
        apply: |statement, category, asking| of_people(statement, Some(category), asking),
    },
    Condition {
        parameter: &IN_FORCE_ON.field,
        apply: |statement, _, asking| match asking.query.get(&CATEGORY) {
            Some(_) => statement,
            None => of_people(statement, None, asking),
        },
    },
];

fn of_people(statement: Statement, category: Option<&Value>, asking: &ConditionContext<'_>) -> Statement {
    let on = asking.query.get(&IN_FORCE_ON).unwrap_or(asking.today);
    let category = match category {
        Some(Value::Text(code)) => Some(code.as_str()),
        _ => None,
    };
    let statement = held(statement.sql(" AND r.id IN ("), asking.district_code, category);
    in_force(statement.sql(" SELECT id FROM held WHERE "), on).sql(")")
}

/// The condition that the person whom row `r` names was in a category when it happened.
pub fn of_whoever_passed(statement: Statement, category: &Value, asking: &ConditionContext<'_>) -> Statement {
    let Value::Text(code) = category else { return statement };
    let day =
        |statement: Statement| statement.sql("(r.occurred_at AT TIME ZONE ").text(asking.zone.name()).sql(")::date");
    // The ids by themselves lead over the index of persons; the days are compared only where one of them passed.
    let statement = held(statement.sql(" AND r.person_id = ANY(ARRAY("), asking.district_code, Some(code));
    let statement =
        held(statement.sql(" SELECT id FROM held)) AND EXISTS (SELECT 1 FROM ("), asking.district_code, Some(code));
    let statement = statement.sql(" SELECT id, since_on, until_on FROM held) AS h WHERE h.id = r.person_id");
    day(day(statement.sql(" AND h.since_on <= ")).sql(" AND h.until_on >= ")).sql(")")
}

/// ` held.since_on <= … AND held.until_on >= …`: on that day.
pub fn in_force(statement: Statement, on: NaiveDate) -> Statement {
    let statement = statement.sql("held.since_on <= ").bind(ColumnType::Day, Value::Day(on));
    statement.sql(" AND held.until_on >= ").bind(ColumnType::Day, Value::Day(on))
}

/// `WITH RECURSIVE … held(id, root, category, since_on, until_on)`: all ids of everybody who is, was or will be in a
/// category, and the one that stands for him.
pub fn held(statement: Statement, district_code: &str, category: Option<&str>) -> Statement {
    let statement = statement
        .sql("WITH RECURSIVE up(at, into_id, category, since_on, until_on) AS (SELECT p.id, p.merged_into, c.category, c.since_on, coalesce(c.until_on, 'infinity') FROM people_by_category AS p CROSS JOIN LATERAL jsonb_to_recordset(p.categories) AS c(category text, since_on date, until_on date) WHERE p.categories <> '[]' AND p.district_code = ")
        .text(district_code);
    let statement = match category {
        Some(code) => statement
            .sql(" AND p.categories @> ")
            .bind(ColumnType::Json, Value::Json(serde_json::json!([{"category": code}])))
            .sql(" AND c.category = ")
            .text(code),
        None => statement,
    };
    statement
        .sql(" UNION ALL SELECT p.id, p.merged_into, up.category, up.since_on, up.until_on FROM up JOIN people_by_category AS p ON p.id = up.into_id AND p.district_code = ")
        .text(district_code)
        .sql("), held(id, root, category, since_on, until_on) AS (SELECT at, at, category, since_on, until_on FROM up WHERE into_id IS NULL UNION ALL SELECT p.id, held.root, held.category, held.since_on, held.until_on FROM held JOIN people_by_category AS p ON p.merged_into = held.id AND p.district_code = ")
        .text(district_code)
        .sql(")")
}
