//! Lists: keyset pages, newest first, stable under concurrent writes.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta};
use kit::catalogue::Code;
use kit::cursor;
use kit::field::Shape;
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::time::{day_of, day_start};
use kit::value::{Value, Values};
use uuid::Uuid;

use super::as_of::stood;
use super::conditions::{self, ConditionContext};
use super::definition::Kind;
use super::parameters::filter_name;
pub use super::parameters::{AREA_CODE, CURSOR, DISTRICT_CODE, LIMIT, parameters};
use super::read;
use super::record::Record;
use super::scope::{visible_to, within};
use super::snapshot::{Position, Snapshot};
use crate::platform::access::organization_tree::Tree;
use crate::platform::access::roles::Actor;
use crate::platform::core::Core;
pub use crate::platform::http::page::{district, one_district};

/// A page.
pub struct Page {
    /// The records.
    pub items: Vec<Record>,
    /// Where the next page begins; `None` at the end.
    pub next_cursor: Option<String>,
}

/// The page of a kind's list that the parameters ask for.
pub async fn list(core: &Core, actor: &Actor, kind: &'static Kind, query: &Values) -> Result<Page, Problem> {
    list_where(core, actor, kind, query, |_, statement| statement).await
}

/// The page of a search: as [`list`], with one more condition for the district in question. The first page is read as
/// things stand, and those behind it as of the same change number: what is amended between two pages stands where it
/// stood, so none misses or repeats it.
pub async fn list_where(
    core: &Core,
    actor: &Actor,
    kind: &'static Kind,
    query: &Values,
    condition: impl Fn(&str, Statement) -> Statement,
) -> Result<Page, Problem> {
    let limit = query.integer("limit").unwrap_or(50);
    let binding = binding(actor, kind, query);
    let after = query.text("cursor").map(|text| Place::open(core, &binding, text)).transpose()?;
    let Some(district_code) = district(actor, query)? else {
        return Ok(Page { items: Vec::new(), next_cursor: None });
    };
    let filter = Filter::of_query(core, kind, &district_code, query).await?;
    let oldest_first = query.text("order") == Some("oldest");
    let (mut items, as_of) = match after {
        Some(Place { position, as_of }) => {
            let snapshot = Snapshot {
                actor,
                kind,
                district_code: &district_code,
                as_of,
                filter: &filter,
                plain_for: None,
                oldest_first,
            };
            let condition = |statement| condition(&district_code, statement);
            (snapshot.page_where(core, Some(position), limit + 1, condition).await?, as_of)
        }
        None => {
            let statement = filter.apply(core, visible_to(actor, kind, &district_code));
            let statement = condition(&district_code, statement);
            let direction = if oldest_first { "ASC" } else { "DESC" };
            let order = format!(" ORDER BY r.occurred_at {direction}, r.id {direction} LIMIT ");
            numbered(core, kind, &district_code, statement.sql(order).integer(limit + 1), direction).await?
        }
    };
    let more = items.len() > usize::try_from(limit).unwrap_or(usize::MAX);
    items.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next_cursor = items.last().filter(|_| more).map(|last| {
        let position = format!("{}|{}|{as_of}", last.envelope.occurred_at.timestamp_micros(), last.envelope.id);
        cursor::seal(&*core.keys.cursor, &binding, &position)
    });
    Ok(Page { items, next_cursor })
}

/// The records of a statement, and the district's newest number when they were read: by one statement, so that nothing
/// is written in between.
async fn numbered(
    core: &Core,
    kind: &Kind,
    district_code: &str,
    statement: Statement,
    direction: &str,
) -> Result<(Vec<Record>, i64), Problem> {
    let statement = Statement::new("SELECT p.*, (SELECT c.last_no FROM district_clocks AS c WHERE c.district_code = ")
        .text(district_code)
        .sql(") AS as_of FROM (")
        .then(statement)
        .sql(format!(") AS p ORDER BY p.occurred_at {direction}, p.id {direction}"));
    let mut rows = core.database.read(&statement).await?;
    let as_of = rows.first_mut().and_then(|row| row.integer("as_of")).unwrap_or(0);
    Ok((read::of_rows(core, kind, rows)?, as_of))
}

/// The filter behind `assignee=me` of kinds with several who answer for a record.
pub const SUPERVISED_BY: &str = "supervised_by";

/// Which records of a kind a query asks for.
pub struct Filter<'a> {
    district_code: String,
    kind: &'a Kind,
    query: &'a Values,
    families: BTreeMap<&'static str, Vec<Uuid>>,
    /// The organisation and all below it, where that is asked for.
    under_org: Option<BTreeSet<Uuid>>,
}

impl<'a> Filter<'a> {
    /// The filter of a query in a district.
    pub async fn of_query(
        core: &Core,
        kind: &'a Kind,
        district_code: &str,
        query: &'a Values,
    ) -> Result<Self, Problem> {
        let under_org = match query.id("under_org_id") {
            Some(id) => Some(Tree::of_rows(core.database.read(&Tree::statement(district_code)).await?).below(id)),
            None => None,
        };
        let families = families(core, kind, district_code, query).await?;
        Ok(Self { district_code: district_code.to_owned(), kind, query, families, under_org })
    }

    /// Adds its conditions to a statement over rows called `r`.
    pub fn apply(&self, core: &Core, statement: Statement) -> Statement {
        let statement = filtered(core, self.of_organization(statement), self.kind, self.query, &self.families);
        let asking = ConditionContext {
            district_code: &self.district_code,
            query: self.query,
            zone: core.zone,
            today: day_of(core.clock.now(), core.zone),
        };
        conditions::apply(self.kind.rules.conditions(), statement, &asking)
    }

    fn of_organization(&self, mut statement: Statement) -> Statement {
        if let Some(org_id) = self.query.id("org_id") {
            statement = statement.sql(" AND r.org_id = ").id(org_id);
        }
        if let Some(ids) = &self.under_org {
            let ids = ids.iter().copied().map(Value::Id).collect();
            statement = statement.sql(" AND r.org_id = ANY(").column(ColumnType::Id, ids).sql(")");
        }
        match self.query.boolean("no_org") {
            Some(true) => statement.sql(" AND r.org_id IS NULL"),
            Some(false) => statement.sql(" AND r.org_id IS NOT NULL"),
            None => statement,
        }
    }
}

fn filtered(
    core: &Core,
    statement: Statement,
    kind: &Kind,
    query: &Values,
    families: &BTreeMap<&str, Vec<Uuid>>,
) -> Statement {
    let day_start = |day| day_start(day, core.zone);
    let from = query.instant("from").max(query.day("from_on").and_then(day_start));
    let until = query.day("to_on").and_then(|day| day.succ_opt()).and_then(day_start);
    let to = match (query.instant("to"), until) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    };
    let mut statement = statement;
    for (operator, bound) in [(" AND r.occurred_at >= ", from), (" AND r.occurred_at < ", to)] {
        if let Some(instant) = bound {
            statement = statement.sql(operator).bind(ColumnType::Instant, Value::Instant(instant));
        }
    }
    if let Some(area_code) = query.text("area_code") {
        statement = within("r", statement.sql(" AND "), area_code);
    }
    if let Some(id) = query.id(SUPERVISED_BY) {
        let named = Value::Json(serde_json::json!([id]));
        statement = statement.sql(" AND r.supervisor_ids @> ").bind(ColumnType::Json, named);
    }
    if let Some(identity) = kind.rules.identity() {
        statement = statement.sql(format!(" AND r.{} IS NULL", identity.merged_into));
    }
    if query.boolean("include_voided") != Some(true) {
        statement = statement.sql(" AND NOT r.voided");
    }
    for column in &kind.table().columns {
        let Some(value) = query.get(filter_name(column.name)).filter(|_| kind.filters.contains(&column.name)) else {
            continue;
        };
        let stood_on = query.day("state_on").filter(|_| column.name == "state");
        if let (Some(until), Value::Text(state)) = (stood_on.and_then(|day| day_start(day.succ_opt()?)), value) {
            statement = stood(statement, kind, state, until);
            continue;
        }
        let standing = kind.rules.stood_on().filter(|stood| stood.column == column.name);
        if let (Some(stood), Value::Text(word)) = (standing, value)
            && let Some(until) = query.day(stood.parameter.name).and_then(|day| day_start(day.succ_opt()?))
        {
            statement = (stood.condition)(statement, word, until);
            continue;
        }
        statement = match families.get(column.name) {
            Some(ids) => {
                let ids = ids.iter().copied().map(Value::Id).collect();
                statement.sql(format!(" AND r.{} = ANY(", column.identifier())).column(ColumnType::Id, ids).sql(")")
            }
            // Unknown counts as false.
            None if *value == Value::Boolean(false) => {
                statement.sql(format!(" AND r.{} IS NOT TRUE", column.identifier()))
            }
            None => match state_word(kind, column.name, value) {
                Some(code) => statement.sql(format!(" AND r.{} = '{code}'", column.identifier())),
                None => {
                    statement.sql(format!(" AND r.{} = ", column.identifier())).bind(column.column_type, value.clone())
                }
            },
        };
    }
    statement
}

/// The vocabulary's own code, where the words are so few that a plan a word pays: of a state that hardly any row
/// has, an index finds those at once, which a plan for any state doesn't know.
fn state_word(kind: &Kind, name: &str, value: &Value) -> Option<&'static str> {
    const FEW: usize = 8;
    match (kind.field(name)?.shape, value) {
        (Shape::Word(vocabulary), Value::Text(text)) if vocabulary.words.len() <= FEW => {
            vocabulary.find(text).map(|word| word.code)
        }
        _ => None,
    }
}

/// For filters that name somebody who may have been merged: all ids under which he is known.
async fn families(
    core: &Core,
    kind: &Kind,
    district_code: &str,
    query: &Values,
) -> Result<BTreeMap<&'static str, Vec<Uuid>>, Problem> {
    let mut families = BTreeMap::new();
    for field in kind.filters.iter().filter_map(|name| kind.field(name)) {
        let (Shape::Reference(name), Some(id)) = (field.shape, query.id(field.name)) else { continue };
        if let Some(of) = core.kinds().kind(name).filter(|of| of.rules.identity().is_some()) {
            let root = read::root(core, of, district_code, id).await?;
            families.insert(field.name, read::family(core, of, district_code, root).await?);
        }
    }
    Ok(families)
}

/// Text to which a cursor is bound: the kind, the caller and every parameter but the page's own.
fn binding(actor: &Actor, kind: &Kind, query: &Values) -> String {
    let parameters: Vec<String> = query
        .iter()
        .filter(|(name, _)| !matches!(*name, "cursor" | "limit"))
        .map(|(name, value)| format!("{name}={}", value.to_json(chrono_tz::UTC)))
        .collect();
    format!("{}|{}|{}", kind.name, actor.user_id, parameters.join("&"))
}

/// Where a page ended, and as of which change number it was read.
struct Place {
    position: Position,
    as_of: i64,
}

impl Place {
    /// Of a cursor. One of an earlier release has no number: then what stands now is read on.
    fn open(core: &Core, binding: &str, text: &str) -> Result<Self, Problem> {
        let place = cursor::open(&*core.keys.cursor, binding, text)?;
        let mut parts = place.split('|');
        let mut parsed = || {
            let micros = parts.next()?.parse().ok()?;
            let instant = DateTime::UNIX_EPOCH.checked_add_signed(TimeDelta::microseconds(micros))?;
            let id: Uuid = parts.next()?.parse().ok()?;
            let as_of = parts.next().map_or(Some(i64::MAX), |number| number.parse().ok())?;
            Some(Self { position: (instant, id), as_of })
        };
        parsed().ok_or_else(|| Code::BAD_CURSOR.into())
    }
}
