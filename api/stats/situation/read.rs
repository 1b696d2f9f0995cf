//! What the units' records count, read in few statements whatever the number of units.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::super::document::readers;
use super::units::Unit;
use crate::auth::roles::with_statistics;
use crate::commodities::find;
use crate::kit::problem::Problem;
use crate::kit::row::Row;
use crate::kit::statement::{ColumnType, Statement};
use crate::kit::text::Text;
use crate::kit::time::day_start;
use crate::kit::value::Value;
use crate::operations::Call;
use crate::records::Figure;
use crate::records::scope::{reached, within};
use crate::stock_movements::{BALANCE, quantity};
use crate::teams::ROSTER_READERS;

/// Kinds of places in which people live.
const COMPOUNDS: &str = "('residential_compound', 'family_compound', 'courtyard', 'village_group')";

/// What was found, by organisation.
#[derive(Default)]
pub struct Found {
    totals: BTreeMap<(String, String), Vec<(Uuid, i64)>>,
    compounds: Vec<(Uuid, Uuid)>,
    staff: Vec<(Uuid, Uuid)>,
}

type Url<'a> = &'a dyn Fn(&str, &str) -> Option<String>;

/// Reads everything until the end of a day.
pub async fn read(call: &Call, district_code: &str, as_of_on: NaiveDate) -> Result<Found, Problem> {
    let mut found = Found::default();
    for mut row in call.service.database.read(&totals(call, district_code, as_of_on)?).await? {
        if let (Some(kind), Some(measure), Some(org), Some(total)) =
            (row.text("kind"), row.text("measure"), row.id("org_id"), row.integer("total"))
        {
            found.totals.entry((kind, measure)).or_default().push((org, total));
        }
    }
    let pairs = |rows: Vec<Row>| -> Vec<(Uuid, Uuid)> {
        rows.into_iter().filter_map(|mut row| Some((row.id("org_id")?, row.id("id")?))).collect()
    };
    found.compounds = pairs(call.service.database.read(&compounds(call, district_code, as_of_on)?).await?);
    found.staff = pairs(call.service.database.read(&staff(call, district_code, as_of_on)?).await?);
    Ok(found)
}

fn in_area(call: &Call, statement: Statement) -> Statement {
    match call.query.text("area_code") {
        Some(area_code) => within("r", statement.sql(" AND "), area_code),
        None => statement,
    }
}

/// `… FROM record_rollups AS r WHERE` the day and the area allow it, and the caller sees figures of that kind.
fn rollups(call: &Call, select: &str, district_code: &str, as_of_on: NaiveDate) -> Result<Statement, Problem> {
    let statement = Statement::new(format!("{select} WHERE r.district_code = "))
        .text(district_code)
        .sql(" AND r.on_day <= ")
        .bind(ColumnType::Day, Value::Day(as_of_on));
    let mut statement = in_area(call, statement).sql(" AND (false");
    let mut of_roles: BTreeMap<*const crate::auth::roles::Role, (&'static [crate::auth::roles::Role], Vec<String>)> =
        BTreeMap::new();
    for kind in call.service.kinds.kinds().filter(|kind| !kind.rules.figures().is_empty()) {
        let roles = readers(kind);
        of_roles.entry(roles.as_ptr()).or_insert_with(|| (roles, Vec::new())).1.push(format!("'{}'", kind.name));
    }
    for (roles, kinds) in of_roles.into_values() {
        statement = statement.sql(format!(" OR (r.kind IN ({}) AND ", kinds.join(", ")));
        statement = reached("r", statement, call.actor()?, roles, true).sql(")");
    }
    Ok(statement.sql(")"))
}

fn totals(call: &Call, district_code: &str, as_of_on: NaiveDate) -> Result<Statement, Problem> {
    let select = "SELECT r.kind, r.measure, r.org_id, sum(r.total)::bigint AS total FROM record_rollups AS r";
    Ok(rollups(call, select, district_code, as_of_on)?.sql(" GROUP BY 1, 2, 3 HAVING sum(r.total) <> 0"))
}

/// Compounds at which something was done, at their gates or anywhere in them.
fn compounds(call: &Call, district_code: &str, as_of_on: NaiveDate) -> Result<Statement, Problem> {
    let select = format!(
        "SELECT DISTINCT r.org_id, c.id FROM record_rollups AS r JOIN places AS p ON p.district_code = r.district_code AND p.id = r.place_id JOIN places AS c ON c.district_code = p.district_code AND c.id IN (p.id, p.parent_id) AND c.kind IN {COMPOUNDS}"
    );
    // Whose compound it is doesn't matter here.
    Ok(rollups(call, &select, district_code, as_of_on)?.sql(" AND r.total > 0").seeing_district(district_code))
}

/// Different people who took a shift or served; who was merged into somebody is that one.
fn staff(call: &Call, district_code: &str, as_of_on: NaiveDate) -> Result<Statement, Problem> {
    let ends = as_of_on.succ_opt().and_then(|day| day_start(day, call.service.zone));
    let statement = Statement::new("WITH RECURSIVE taken AS (SELECT DISTINCT coalesce(r.org_id, '00000000-0000-0000-0000-000000000000') AS org_id, v.person_id FROM shift_assignments AS r JOIN volunteers AS v ON v.district_code = r.district_code AND v.id = r.volunteer_id JOIN shifts AS h ON h.district_code = r.district_code AND h.id = r.shift_id WHERE r.state = 'assigned' AND NOT r.voided AND r.district_code = ")
        .text(district_code)
        .sql(" AND h.starts_at < ")
        .bind(ColumnType::Instant, ends.map_or(Value::Null, Value::Instant));
    let mine = |statement: Statement| {
        Ok::<_, Problem>(reached(
            "r",
            in_area(call, statement).sql(" AND "),
            call.actor()?,
            with_statistics(ROSTER_READERS),
            true,
        ))
    };
    let statement = mine(statement)?
        .sql(" UNION SELECT coalesce(r.org_id, '00000000-0000-0000-0000-000000000000'), v.person_id FROM service_records AS r JOIN volunteers AS v ON v.district_code = r.district_code AND v.id = r.volunteer_id WHERE NOT r.voided AND r.district_code = ")
        .text(district_code)
        .sql(" AND r.starts_at < ")
        .bind(ColumnType::Instant, ends.map_or(Value::Null, Value::Instant));
    Ok(mine(statement)?
        .sql("), up(org_id, at) AS (SELECT org_id, person_id FROM taken UNION SELECT up.org_id, q.merged_into FROM up JOIN people AS q ON q.district_code = ")
        .text(district_code)
        .sql(" AND q.id = up.at WHERE q.merged_into IS NOT NULL) SELECT up.org_id, up.at AS id FROM up JOIN people AS q ON q.district_code = ")
        .text(district_code)
        .sql(" AND q.id = up.at WHERE q.merged_into IS NULL")
        // Whoever served is counted, wherever he is registered.
        .seeing_district(district_code))
}

impl Found {
    /// A unit's figures, those that aren't 0.
    pub fn of_unit(&self, call: &Call, unit: &Unit, url: Url<'_>) -> Vec<Json> {
        let distinct = |pairs: &[(Uuid, Uuid)]| {
            pairs.iter().filter(|(org, _)| unit.members.contains(org)).map(|(_, id)| id).collect::<BTreeSet<_>>().len()
        };
        let counted = [
            (
                "shift_assignments",
                "staff",
                Text::new("Staff on duty", "参与人员"),
                Text::new("persons", "人"),
                distinct(&self.staff),
                "shift-assignments",
                "state=assigned",
            ),
            (
                "places",
                "compounds",
                Text::new("Compounds served", "服务大院"),
                Text::new("compounds", "个"),
                distinct(&self.compounds),
                "places",
                "",
            ),
        ];
        let mut figures: Vec<Json> = counted
            .into_iter()
            .filter(|(.., count, _, _)| *count > 0)
            .map(|(kind, name, label, unit, count, path, filter)| {
                // Compounds belong to whom they belong to: the list of the unit's own would prove nothing.
                let url = if name == "compounds" { None } else { url(path, filter) };
                json!({"kind": kind, "name": name, "label": label.in_language(call.language), "unit": unit.in_language(call.language), "value": count, "amount": null, "records_url": url})
            })
            .collect();
        for kind in call.service.kinds.kinds() {
            let told = kind.rules.figures().iter().filter(|figure| !figure.distinct);
            figures.extend(told.filter_map(|figure| self.figure(call, unit, kind.name, kind.path, figure, url)));
        }
        figures.extend(self.stocks(call, unit, url));
        figures
    }

    fn sum(&self, unit: &Unit, kind: &str, measure: &str) -> i64 {
        let totals = self.totals.get(&(kind.to_owned(), measure.to_owned())).into_iter().flatten();
        totals.filter(|(org, _)| unit.members.contains(org)).map(|(_, total)| total).sum()
    }

    fn figure(&self, call: &Call, unit: &Unit, kind: &str, path: &str, figure: &Figure, url: Url<'_>) -> Option<Json> {
        let total = self.sum(unit, kind, figure.measure);
        let amount = (figure.scale > 0).then(|| Decimal::new(total, figure.scale).to_string());
        let value = (figure.scale == 0).then_some(total);
        (total != 0).then(|| json!({"kind": kind, "name": figure.name, "label": figure.label.in_language(call.language), "unit": figure.unit.in_language(call.language), "value": value, "amount": amount, "records_url": url(path, figure.filter)}))
    }

    /// What it holds, by commodity.
    fn stocks(&self, call: &Call, unit: &Unit, url: Url<'_>) -> Vec<Json> {
        let measures =
            self.totals.keys().filter(|(kind, measure)| kind == "stock_movements" && measure.starts_with(BALANCE));
        let of = |measure: &String| {
            let commodity = find(measure.strip_prefix(BALANCE)?)?;
            let total = self.sum(unit, "stock_movements", measure);
            let code = commodity.word.code;
            (total != 0).then(|| json!({"kind": "stock_movements", "name": format!("stock_{code}"), "label": commodity.word.label.in_language(call.language), "unit": commodity.quantity_unit, "value": null, "amount": quantity(total).to_string(), "records_url": url("stock-movements", &format!("commodity={code}"))}))
        };
        measures.filter_map(|(_, measure)| of(measure)).collect()
    }
}
