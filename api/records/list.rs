//! Lists: keyset pages, newest first, stable under concurrent writes.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta};
use kit::catalogue::Code;
use kit::cursor;
use kit::field::{Field, Shape};
use kit::problem::Problem;
use kit::raw_row::RawRow;
use kit::statement::{ColumnType, Statement};
use kit::time::{day_of, day_start};
use kit::value::{Value, Values};
use uuid::Uuid;

use super::as_of::stood;
use super::called;
use super::conditions::{self, ConditionContext};
use super::definition::Kind;
use super::leads as merging;
use super::order::{Order, is_oldest_first};
pub use super::parameters::{AREA_CODE, CURSOR, DISTRICT_CODE, LIMIT, parameters};
use super::parameters::{IDS_NAME, filter_name};
use super::read;
use super::record::Record;
use super::record_row::{RecordRow, records};
use super::scope::{visible_to, within};
use super::snapshot::{Position, Snapshot};
use super::totals::{COUNT_NAME, COUNTED_NAME};
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

/// The same, not read yet.
pub struct RowPage {
    /// The rows of the records.
    pub items: Vec<RecordRow>,
    /// Where the next page begins; `None` at the end.
    pub next_cursor: Option<String>,
}

/// Name of the parameter that says where a page begins.
pub(super) const CURSOR_NAME: &str = "cursor";
/// Names of the parameters that are a page's own: without them it is the same list.
pub(super) const PAGE_PARAMETERS: [&str; 6] = [CURSOR_NAME, "limit", COUNT_NAME, COUNTED_NAME, "fields", "include"];

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
    let page = rows_where(core, actor, kind, query, condition).await?;
    Ok(Page { items: records(core, kind, &page.items)?, next_cursor: page.next_cursor })
}

/// The page of [`list`] as rows, for who only writes them.
pub async fn rows(core: &Core, actor: &Actor, kind: &'static Kind, query: &Values) -> Result<RowPage, Problem> {
    rows_where(core, actor, kind, query, |_, statement| statement).await
}

/// The page of [`list_where`] as rows.
pub async fn rows_where(
    core: &Core,
    actor: &Actor,
    kind: &'static Kind,
    query: &Values,
    condition: impl Fn(&str, Statement) -> Statement,
) -> Result<RowPage, Problem> {
    if let Some(order) = Order::of_query(kind, query) {
        return order.page(core, actor, kind, query, condition).await;
    }
    let limit = query.integer("limit").unwrap_or(50);
    let binding = binding(actor, kind, query);
    let after = query.text(CURSOR_NAME).map(|text| Place::open(core, &binding, text)).transpose()?;
    let Some(district_code) = district(actor, query)? else {
        return Ok(RowPage { items: Vec::new(), next_cursor: None });
    };
    let filter = Filter::of_query(core, kind, &district_code, query).await?;
    let oldest_first = is_oldest_first(query);
    let (mut items, as_of) = match after {
        Some(Place { position, as_of }) => {
            let snapshot = Snapshot { oldest_first, ..Snapshot::of(actor, kind, &district_code, as_of, &filter) };
            let condition = |statement| condition(&district_code, statement);
            (snapshot.rows_where(core, Some(position), limit + 1, condition).await?, as_of)
        }
        None => {
            let statement = filter.apply(core, visible_to(actor, kind, &district_code));
            let statement = condition(&district_code, statement);
            let statement = filter.ordered(actor, statement, merging::Page { oldest_first, limit: limit + 1 });
            let direction = if oldest_first { "ASC" } else { "DESC" };
            numbered(core, kind, &district_code, statement, direction).await?
        }
    };
    let more = items.len() > usize::try_from(limit).unwrap_or(usize::MAX);
    items.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next_cursor = items.last().filter(|_| more).map(|last| {
        let position = format!("{}|{}|{as_of}", last.occurred_at.timestamp_micros(), last.id);
        cursor::seal(&*core.keys.cursor, &binding, &position)
    });
    Ok(RowPage { items, next_cursor })
}

/// The statement that reads the first page of a list: what it costs is seen in its plan.
pub async fn statement(core: &Core, actor: &Actor, kind: &'static Kind, query: &Values) -> Result<Statement, Problem> {
    let district_code = district(actor, query)?.unwrap_or_default();
    let filter = Filter::of_query(core, kind, &district_code, query).await?;
    let statement = filter.apply(core, visible_to(actor, kind, &district_code));
    let oldest_first = is_oldest_first(query);
    let limit = query.integer("limit").unwrap_or(50) + 1;
    Ok(filter.ordered(actor, statement, merging::Page { oldest_first, limit }))
}

/// The rows of a statement, and the district's newest number when they were read: by one statement, so that nothing
/// is written in between.
async fn numbered(
    core: &Core,
    kind: &Kind,
    district_code: &str,
    statement: Statement,
    direction: &str,
) -> Result<(Vec<RecordRow>, i64), Problem> {
    let statement = Statement::new("SELECT p.*, (SELECT c.last_no FROM district_clocks AS c WHERE c.district_code = ")
        .text(district_code)
        .sql(") AS as_of FROM (")
        .then(statement)
        .sql(format!(") AS p ORDER BY p.occurred_at {direction}, p.id {direction}"));
    let rows = core.database.read_raw(&statement).await?;
    let number = |row: &RawRow| row.cell(row.columns().iter().position(|name| **name == *"as_of")?)?.integer().ok();
    let as_of = rows.first().and_then(number).unwrap_or(0);
    Ok((RecordRow::of_rows(kind, rows)?, as_of))
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
    /// Those that are called so, where that is asked for.
    called: Option<Vec<Uuid>>,
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
        let called = called::ids(core, kind, district_code, query).await?;
        Ok(Self { district_code: district_code.to_owned(), kind, query, families, under_org, called })
    }

    /// The filter of a query that names nobody, of organisations that are known.
    pub fn of_organizations(
        kind: &'a Kind,
        district_code: &str,
        query: &'a Values,
        under_org: Option<BTreeSet<Uuid>>,
    ) -> Self {
        Self {
            district_code: district_code.to_owned(),
            kind,
            query,
            families: BTreeMap::new(),
            under_org,
            called: None,
        }
    }

    /// Adds its conditions to a statement over rows called `r`.
    pub fn apply(&self, core: &Core, statement: Statement) -> Statement {
        let statement = self.each_record(core, statement);
        match self.query.text("people_once") {
            Some(word) => self.once(core, statement, word == "day"),
            None => statement,
        }
    }

    /// Adds order and limit to a statement over rows called `r` that the actor may see. Where he sees or asks for a part of
    /// the district, the parts are merged, unless an id is named: few have it, and an index finds those.
    pub fn ordered(&self, actor: &Actor, statement: Statement, page: merging::Page) -> Statement {
        let is_named = |field: &Field| {
            matches!(field.shape, Shape::Id | Shape::Account | Shape::Reference(_))
                && self.query.get(filter_name(field.name)).is_some()
        };
        let named = self.kind.filters.iter().filter_map(|name| self.kind.field(name)).any(is_named);
        let merged = self.families.iter().find(|(_, ids)| ids.len() > 1);
        let leads = match merged {
            Some((column, ids)) => Some(vec![merging::Lead::Ids(column, ids.clone())]),
            None if named
                || self.called.is_some()
                || self.query.has(IDS_NAME)
                || self.query.has("org_id")
                || self.query.has(SUPERVISED_BY) =>
            {
                None
            }
            None => {
                let under = self.under_org.as_ref().map(|ids| ids.iter().copied().collect());
                merging::leads(actor, self.kind, self.query.text("area_code"), under)
            }
        };
        merging::merged(statement, self.kind, &self.district_code, leads, page)
    }

    /// Keeps of the records of one person, or of one person and day, the newest. Who was merged into somebody is he.
    fn once(&self, core: &Core, statement: Statement, daily: bool) -> Statement {
        let reference = self.kind.field("person_id").and_then(|field| match field.shape {
            Shape::Reference(name) => core.kinds().kind(name),
            _ => None,
        });
        let Some((people, identity)) = reference.and_then(|kind| Some((kind.name, kind.rules.identity()?))) else {
            return statement;
        };
        let day = if daily { ", s.on_day" } else { "" };
        let zone = core.zone.name();
        let newest = Statement::new(format!(
            "SELECT DISTINCT ON (s.root{day}) s.id FROM (SELECT r.id, r.occurred_at, (r.occurred_at AT TIME ZONE '{zone}')::date AS on_day, coalesce(p.{}, r.person_id) AS root \
             FROM {} AS r LEFT JOIN {people} AS p ON p.district_code = r.district_code AND p.id = r.person_id WHERE r.person_id IS NOT NULL AND r.district_code = ",
            identity.merged_into, self.kind.name
        ))
        .text(&self.district_code);
        let newest = self.each_record(core, newest);
        statement
            .sql(" AND r.id IN (")
            .then(newest)
            .sql(format!(") AS s ORDER BY s.root{day}, s.occurred_at DESC, s.id DESC)"))
    }

    fn each_record(&self, core: &Core, statement: Statement) -> Statement {
        let statement = self.of_organization(self.of_ids(statement));
        let statement = filtered(core, statement, self.kind, self.query, &self.families);
        let asking = ConditionContext {
            district_code: &self.district_code,
            query: self.query,
            zone: core.zone,
            today: day_of(core.clock.now(), core.zone),
        };
        conditions::apply(self.kind.rules.conditions(), statement, &asking)
    }

    fn of_ids(&self, statement: Statement) -> Statement {
        let asked = || self.query.codes(IDS_NAME).into_iter().filter_map(|id| id.parse().ok());
        let asked = self.query.has(IDS_NAME).then(|| asked().collect::<Vec<Uuid>>());
        [asked.as_ref(), self.called.as_ref()].into_iter().flatten().fold(statement, |statement, ids| {
            let ids = ids.iter().copied().map(Value::Id).collect();
            statement.sql(" AND r.id = ANY(").column(ColumnType::Id, ids).sql(")")
        })
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
        let name = filter_name(column.name);
        if !kind.filters.contains(&column.name) || !query.has(name) {
            continue;
        }
        let standing = kind.rules.stood_on().filter(|stood| stood.column == column.name);
        let stood_before = standing.and_then(|stood| day_start(query.day(stood.parameter.name)?.succ_opt()?));
        if let (Some(stood), Some(until)) = (standing, stood_before) {
            statement = (stood.condition)(statement, query.text(name), until);
            continue;
        }
        let Some(value) = query.get(name) else {
            // Spelled out: how many have none is what the planner knows best of a column.
            statement = statement.sql(format!(" AND r.{} IS NULL", column.identifier()));
            continue;
        };
        let stood_on = query.day("state_on").filter(|_| column.name == "state");
        if let (Some(until), Value::Text(state)) = (stood_on.and_then(|day| day_start(day.succ_opt()?)), value) {
            statement = stood(statement, kind, state, until);
            continue;
        }
        statement = match families.get(column.name).map(Vec::as_slice) {
            // Whoever was never merged is found by an index that keeps the list's order; `ANY` never does.
            Some([id]) => statement.sql(format!(" AND r.{} = ", column.identifier())).id(*id),
            Some(ids) => {
                let ids = ids.iter().copied().map(Value::Id).collect();
                statement.sql(format!(" AND r.{} = ANY(", column.identifier())).column(ColumnType::Id, ids).sql(")")
            }
            // Spelled out: a plan for any truth never meets an index of the few that are true. Unknown counts as false.
            None if *value == Value::Boolean(true) => statement.sql(format!(" AND r.{}", column.identifier())),
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
pub(super) fn binding(actor: &Actor, kind: &Kind, query: &Values) -> String {
    let parameters: Vec<String> = query
        .iter()
        .filter(|(name, _)| !PAGE_PARAMETERS.contains(name))
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
