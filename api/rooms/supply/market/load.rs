//! Loading what a batch of reports touches. All but the first two statements ask the rules as they stand under
//! the lock; where there are none they find nothing at no cost.

use std::collections::BTreeSet;

use chrono::{Days, NaiveDate};
use kit::statement::{ColumnType, Statement};
use kit::time::{day_of, day_start};
use kit::value::{Value, Values};
use ledger::decide::Claim;
use uuid::Uuid;

use super::{PLAN, REVIEW, store_of};
use crate::records::write_context::WriteContext;
use crate::rooms::duties::DUTIES;
use crate::rooms::supply::price_alerts::PRICE_ALERTS;
use crate::rooms::supply::price_alerts::RULE_ID;
use crate::rooms::supply::price_rules::EFFECTIVE_ON;
use crate::rooms::supply::supply_reports::{LINES, REPORTED_ON};

const LINE: &str = "l.place_id, l.commodity, l.reported_on, l.report_id, l.revision, l.line_no, l.purchase_price, l.retail_price, l.area_code, l.org_id";

/// Reports, days, lines and reviews that a batch asks for.
#[derive(Default)]
struct Wanted {
    own: Vec<Value>,
    days: BTreeSet<(Uuid, NaiveDate)>,
    keys: BTreeSet<(Uuid, String, NaiveDate)>,
    reviews: BTreeSet<(Uuid, Uuid)>,
}

impl Wanted {
    fn of(write_context: &WriteContext, claims: &[&Claim]) -> Self {
        let mut wanted = Self::default();
        let today = day_of(write_context.now, write_context.zone);
        for claim in claims {
            let Some(place_id) = store_of(claim) else { continue };
            match claim.kind {
                PLAN => wanted
                    .days
                    .extend((0..3).filter_map(|ahead| Some((place_id, today.checked_add_days(Days::new(ahead))?)))),
                REVIEW => wanted.review(write_context, place_id, claim.next.as_ref()),
                _ => wanted.report(place_id, claim),
            }
        }
        wanted
    }

    fn report(&mut self, place_id: Uuid, claim: &Claim) {
        self.own.push(Value::Id(claim.id));
        for values in claim.former.iter().chain(&claim.next) {
            let Some(day) = values.get(&REPORTED_ON) else { continue };
            self.days.insert((place_id, day));
            self.keys.extend(values.list(&LINES).map(|line| (place_id, line.commodity, day)));
        }
    }

    fn review(&mut self, write_context: &WriteContext, place_id: Uuid, values: Option<&Values>) {
        let (rule_id, day) = (values.and_then(|v| v.get(&RULE_ID)), values.and_then(|v| v.get(&EFFECTIVE_ON)));
        let Some((rule_id, day)) = rule_id.zip(day) else { return };
        self.reviews.insert((place_id, rule_id));
        self.keys.extend(write_context.goods().codes().map(|code| (place_id, code.to_owned(), day)));
    }

    /// The days of which both the duties and the reports are loaded: whatever may be settled is settled with all that
    /// could prove it, so the two can't differ. A day to either side, for a duty may reach over a midnight.
    fn span(&self) -> Option<(NaiveDate, NaiveDate)> {
        let days = || self.days.iter().map(|(_, day)| *day);
        Some((days().min()?.pred_opt()?, days().max()?.succ_opt()?))
    }

    fn places(&self) -> Vec<Value> {
        let places =
            self.days.iter().map(|(place_id, _)| place_id).chain(self.reviews.iter().map(|(place_id, _)| place_id));
        places.collect::<BTreeSet<_>>().into_iter().copied().map(Value::Id).collect()
    }

    /// `unnest(…) AS k(place_id, commodity, day)`.
    fn keyed(&self, statement: Statement) -> Statement {
        let column = |value: fn(&(Uuid, String, NaiveDate)) -> Value| self.keys.iter().map(value).collect();
        statement
            .sql("unnest(")
            .column(ColumnType::Id, column(|key| Value::Id(key.0)))
            .sql("::uuid[], ")
            .column(ColumnType::Text, column(|key| Value::Text(key.1.clone())))
            .sql("::text[], ")
            .column(ColumnType::Day, column(|key| Value::Day(key.2)))
            .sql("::date[]) AS k(place_id, commodity, day)")
    }

    fn others(&self, statement: Statement) -> Statement {
        statement.sql(" AND l.report_id <> ALL(").column(ColumnType::Id, self.own.clone()).sql(")")
    }
}

/// Rules; reports of those days and their neighbours; lines before and after; baselines; lines that a rule compares with those;
/// lines of reviews; duties; alerts.
pub fn statements(write_context: &WriteContext, district_code: &str, claims: &[&Claim]) -> Vec<Statement> {
    let wanted = Wanted::of(write_context, claims);
    let (duties, alerts) = (&DUTIES, &PRICE_ALERTS);
    let days = || wanted.days.iter().map(|(_, day)| *day);
    let first = days().chain(wanted.keys.iter().map(|key| key.2)).min().unwrap_or(NaiveDate::MAX);
    let day = |day: NaiveDate| Value::Day(day);
    let span = wanted.span();
    let begins_at = |day: Option<NaiveDate>| {
        day.and_then(|day| day_start(day, write_context.zone)).map_or(Value::Null, Value::Instant)
    };
    let of_duties = Statement::new(format!("SELECT {} FROM duties AS r WHERE r.district_code = ", duties.select()))
        .text(district_code)
        .sql(" AND r.duty_kind = 'supply_report' AND r.subject_id = ANY(")
        .column(ColumnType::Id, wanted.places())
        .sql(") AND r.opens_at >= ")
        .bind(ColumnType::Instant, begins_at(span.map(|(first, _)| first)))
        .sql(" AND r.opens_at < ")
        .bind(ColumnType::Instant, begins_at(span.and_then(|(_, last)| last.succ_opt())));
    let of_alerts =
        Statement::new(format!("SELECT {} FROM price_alerts AS r WHERE r.district_code = ", alerts.select()))
            .text(district_code)
            .sql(" AND r.place_id = ANY(")
            .column(ColumnType::Id, wanted.places())
            .sql(") AND (r.reported_on >= ")
            .bind(ColumnType::Day, day(first))
            .sql(" OR r.rule_id = ANY(")
            .column(ColumnType::Id, wanted.reviews.iter().map(|(_, rule_id)| Value::Id(*rule_id)).collect())
            .sql("))");
    vec![
        rules(district_code),
        reports(district_code, &wanted),
        neighbours(district_code, &wanted),
        baselines(district_code, &wanted),
        dependants(district_code, &wanted),
        reviewed(district_code, &wanted),
        of_duties,
        of_alerts,
    ]
}

fn rules(district_code: &str) -> Statement {
    Statement::new("SELECT id, revision, rule_kind, baseline_on, threshold_rate, only_without_baseline, area_code, commodities, categories, effective_on, expires_on FROM price_rules WHERE NOT voided AND district_code = ")
        .text(district_code)
}

/// Reports of those stores on all days of the span.
fn reports(district_code: &str, wanted: &Wanted) -> Statement {
    let day = |day: Option<NaiveDate>| day.map_or(Value::Null, Value::Day);
    let span = wanted.span();
    Statement::new("SELECT r.id, r.place_id, r.reported_on, r.occurred_at, r.recorded_at, (r.capture -> 'awaited') IS NOT NULL AS awaited FROM supply_reports AS r WHERE NOT r.voided AND r.district_code = ")
        .text(district_code)
        .sql(" AND r.place_id = ANY(")
        .column(ColumnType::Id, wanted.places())
        .sql(") AND r.reported_on >= ")
        .bind(ColumnType::Day, day(span.map(|(first, _)| first)))
        .sql(" AND r.reported_on <= ")
        .bind(ColumnType::Day, day(span.map(|(_, last)| last)))
        .sql(" AND r.id <> ALL(")
        .column(ColumnType::Id, wanted.own.clone())
        .sql(")")
}

/// The line before and the line after each, of those with a price.
fn neighbours(district_code: &str, wanted: &Wanted) -> Statement {
    let one = |statement: Statement, side: &str| {
        let statement = wanted.keyed(statement.sql(format!("SELECT {LINE} FROM ")));
        let statement = statement
            .sql(format!(" CROSS JOIN LATERAL (SELECT * FROM supply_lines AS l WHERE l.place_id = k.place_id AND l.commodity = k.commodity AND l.reported_on {} k.day AND l.retail_price IS NOT NULL AND l.district_code = ", if side == "ASC" { ">" } else { "<" }))
            .text(district_code);
        wanted
            .others(statement)
            .sql(format!(" ORDER BY l.reported_on {side} LIMIT 1) AS l WHERE EXISTS (SELECT 1 FROM price_rules WHERE NOT voided AND rule_kind = 'day_on_day' AND district_code = "))
            .text(district_code)
            .sql(")")
    };
    one(one(Statement::new(""), "DESC").sql(" UNION ALL "), "ASC")
}

/// The last line until each rule's baseline: of those with a price, and of those with both prices.
fn baselines(district_code: &str, wanted: &Wanted) -> Statement {
    let one = |statement: Statement, condition: &str| {
        let statement = statement
            .sql(format!("SELECT {LINE} FROM (SELECT DISTINCT baseline_on FROM price_rules WHERE NOT voided AND baseline_on IS NOT NULL AND district_code = "))
            .text(district_code)
            .sql(") AS r CROSS JOIN (SELECT DISTINCT k.place_id, k.commodity FROM ");
        let statement = wanted
            .keyed(statement)
            .sql(format!(") AS k CROSS JOIN LATERAL (SELECT * FROM supply_lines AS l WHERE l.place_id = k.place_id AND l.commodity = k.commodity AND l.reported_on <= r.baseline_on AND {condition} AND l.district_code = "))
            .text(district_code);
        wanted.others(statement).sql(" ORDER BY l.reported_on DESC LIMIT 1) AS l")
    };
    let priced = one(Statement::new(""), "l.retail_price IS NOT NULL");
    one(priced.sql(" UNION ALL "), "l.retail_price IS NOT NULL AND l.purchase_price > 0")
}

/// Reads the lines that rules compare with the lines just written: a late report may be the baseline of later days.
fn dependants(district_code: &str, wanted: &Wanted) -> Statement {
    let statement = Statement::new(format!("SELECT DISTINCT r.id AS rule_id, {LINE} FROM "));
    let statement = wanted
        .keyed(statement)
        .sql(" JOIN price_rules AS r ON k.day <= r.baseline_on JOIN supply_lines AS l ON l.place_id = k.place_id AND l.commodity = k.commodity AND l.district_code = ")
        .text(district_code)
        .sql(" AND l.reported_on >= r.effective_on AND l.reported_on <= coalesce(r.expires_on, 'infinity') WHERE NOT r.voided AND r.district_code = ")
        .text(district_code);
    wanted.others(statement)
}

/// All lines of a rule's days.
fn reviewed(district_code: &str, wanted: &Wanted) -> Statement {
    Statement::new(format!("SELECT {LINE} FROM unnest("))
        .column(ColumnType::Id, wanted.reviews.iter().map(|(place_id, _)| Value::Id(*place_id)).collect())
        .sql("::uuid[], ")
        .column(ColumnType::Id, wanted.reviews.iter().map(|(_, rule_id)| Value::Id(*rule_id)).collect())
        .sql("::uuid[]) AS k(place_id, rule_id) JOIN price_rules AS r ON r.id = k.rule_id AND r.district_code = ")
        .text(district_code)
        .sql(" JOIN supply_lines AS l ON l.place_id = k.place_id AND l.district_code = ")
        .text(district_code)
        .sql(" AND l.reported_on >= r.effective_on AND l.reported_on <= coalesce(r.expires_on, 'infinity') WHERE NOT r.voided")
}
