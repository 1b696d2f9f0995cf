//! From cells to lines: none missing in a series, each with a name.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeZone, Utc};
use kit::columns;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::text::Text;
use kit::time::format_instant;
use kit::value::Value;
use uuid::Uuid;

use super::asked::{Asked, By};
use super::cover::Shown;
use crate::platform::divisions::tree::DISTRICT_DIGITS;
use crate::platform::http::Call;
use crate::records::envelope::{ORGANIZATIONS, PLACES};

columns! {
    ID "id": Uuid;
    NAME "name": String;
}

/// The line of what was recorded at the area itself, at none of those below it.
const ITSELF: Text = Text::new("itself", "本级");

/// A line of the answer.
pub struct Line {
    /// Key of what it stands for; none where records have no organisation or place.
    pub key: Option<String>,
    /// Name of that in words.
    pub label: String,
    /// The list's parameters that narrow it to this line; none where no list is of it alone.
    pub filter: Option<String>,
    /// Whether different people are counted of what it stands for.
    pub has_persons: bool,
    /// Its figures by name.
    pub figures: BTreeMap<&'static str, Shown>,
}

/// The lines: of a series all, of areas all, of places and organisations those with figures.
pub async fn of(
    call: &Call,
    asked: &Asked,
    mut found: BTreeMap<String, BTreeMap<&'static str, Shown>>,
) -> Result<Vec<Line>, Problem> {
    let keys = match asked.by {
        By::Total => return Ok(Vec::new()),
        By::Day => days(asked).map(|day| day.to_string()).collect(),
        By::Hour => days(asked).flat_map(|day| (0..24).map(move |hour| format!("{day} {hour:02}"))).collect(),
        By::Area => areas(call, asked, &found)?,
        By::Place | By::Org => found.keys().cloned().collect::<Vec<_>>(),
    };
    let table = if asked.by == By::Place { PLACES } else { ORGANIZATIONS };
    let ids =
        keys.iter().filter(|_| matches!(asked.by, By::Place | By::Org)).filter_map(|key| Uuid::try_parse(key).ok());
    let ids: Vec<Uuid> = ids.collect();
    let names = match ids.as_slice() {
        [] => BTreeMap::new(),
        _ => names(call, table, &asked.district_code, ids.into_iter()).await?,
    };
    let mut lines = Vec::with_capacity(keys.len());
    for key in keys {
        let figures = found.remove(&key).unwrap_or_default();
        lines.push(line(call, asked, &names, &key, figures));
    }
    if matches!(asked.by, By::Place | By::Org) {
        lines.sort_by(|one, other| one.label.cmp(&other.label));
    }
    Ok(lines)
}

fn days(asked: &Asked) -> impl Iterator<Item = NaiveDate> {
    let (first, last) = (asked.from_on.unwrap_or(asked.to_on), asked.to_on);
    first.iter_days().take_while(move |day| *day <= last)
}

/// The level below, as far as the caller may see of it; and what was recorded at none of those.
fn areas<T>(call: &Call, asked: &Asked, found: &BTreeMap<String, T>) -> Result<Vec<String>, Problem> {
    let actor = call.actor()?;
    let sees = |code: &str| {
        actor.grants_of(asked.roles).any(|grant| grant.covers(code, grant.org_id) || grant.area_code.starts_with(code))
    };
    let children = call.core.divisions.children(asked.area(), None).into_iter().map(|division| division.code.clone());
    let mut codes: Vec<String> = children.filter(|code| sees(code)).chain(found.keys().cloned()).collect();
    codes.sort();
    codes.dedup();
    Ok(codes)
}

fn line(
    call: &Call,
    asked: &Asked,
    names: &BTreeMap<Uuid, String>,
    key: &str,
    figures: BTreeMap<&'static str, Shown>,
) -> Line {
    let mut has_persons = true;
    let (key, label, filter) = match asked.by {
        By::Hour => return hour(call, asked.is_wide(), key, figures),
        By::Total | By::Day if asked.is_wide() => (Some(key.to_owned()), key.to_owned(), None),
        By::Total | By::Day => (Some(key.to_owned()), key.to_owned(), Some(format!("from_on={key}&to_on={key}"))),
        By::Area if asked.is_itself(key) => {
            has_persons = false;
            (Some(key.to_owned()), ITSELF.in_language(call.language).to_owned(), None)
        }
        By::Area => {
            // Of several districts together there is no list.
            let listed = key.len() >= DISTRICT_DIGITS;
            let name = call.core.divisions.find(key, None).map_or_else(|| key.to_owned(), |found| found.name.clone());
            (Some(key.to_owned()), name, listed.then(|| format!("area_code={key}")))
        }
        By::Place | By::Org => {
            let id = Uuid::try_parse(key).ok().filter(|id| !id.is_nil());
            let name = id.and_then(|id| names.get(&id).cloned()).unwrap_or_default();
            let column = if asked.by == By::Place { "place_id" } else { "org_id" };
            (id.map(|_| key.to_owned()), name, id.map(|id| format!("{column}={id}")))
        }
    };
    Line { key, label, filter, has_persons, figures }
}

fn hour(call: &Call, is_wide: bool, key: &str, figures: BTreeMap<&'static str, Shown>) -> Line {
    let zone = call.core.zone;
    let begins = key.split_once(' ').and_then(|(day, hour)| {
        let local = day.parse::<NaiveDate>().ok()?.and_hms_opt(hour.parse().ok()?, 0, 0)?;
        Some(zone.from_local_datetime(&local).earliest()?.with_timezone(&Utc))
    });
    let begins: DateTime<Utc> = begins.unwrap_or_default();
    let told = |instant: DateTime<Utc>| format_instant(instant, zone);
    let ends = begins + chrono::TimeDelta::hours(1);
    let filter = format!("from={}&to={}", told(begins), told(ends)).replace('+', "%2B");
    let label = format!("{}:00", key.get(11..).unwrap_or_default());
    Line { key: Some(told(begins)), label, filter: (!is_wide).then_some(filter), has_persons: false, figures }
}

/// Names of places or organisations.
pub async fn names(
    call: &Call,
    table: &str,
    district_code: &str,
    ids: impl Iterator<Item = Uuid>,
) -> Result<BTreeMap<Uuid, String>, Problem> {
    Ok(named(call.core.database.read(&naming(table, district_code, ids)).await?))
}

/// Selects names of places or organisations.
pub fn naming(table: &str, district_code: &str, ids: impl Iterator<Item = Uuid>) -> Statement {
    Statement::new(format!("SELECT t.id, t.name FROM {table} AS t WHERE t.district_code = "))
        .text(district_code)
        .sql(" AND t.id = ANY(")
        .column(ColumnType::Id, ids.map(Value::Id).collect())
        .sql(")")
        // Names of places and organisations are no secret where figures of them are told.
        .seeing_district(district_code)
}

/// The names that [`naming`] found.
pub fn named(rows: Vec<Row>) -> BTreeMap<Uuid, String> {
    rows.into_iter().filter_map(|mut row: Row| Some((row.get(&ID)?, row.get(&NAME)?))).collect()
}
