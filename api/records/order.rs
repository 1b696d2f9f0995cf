//! Lists in the order of a field: of a name, of what is due first, of what was changed last. What is asked for is sorted
//! each time, so it has a bound; no index serves a field, a scope and a filter at once. Only the whole district in the
//! order of its changes is read along an index, however much there is.

use kit::catalogue::Code;
use kit::cursor;
use kit::database::Database;
use kit::field::{Field, Shape};
use kit::problem::Problem;
use kit::statement::Statement;
use kit::text::Text;
use kit::value::Values;
use kit::vocabulary::{UNPUBLISHED, Vocabulary, Word, word};
use uuid::Uuid;

use super::codes::TOO_MANY_TO_ORDER;
use super::definition::Kind;
use super::envelope::CHANGE_NO;
use super::list::{CURSOR_NAME, Filter, PAGE_PARAMETERS, RowPage, binding, district};
use super::record_row::RecordRow;
use super::snapshot::Snapshot;
use super::totals;
use super::{leads, scope};
use crate::platform::access::roles::Actor;
use crate::platform::core::Core;
use crate::platform::http::fault_with;

/// Name of the parameter that says in which order a list is.
pub const ORDER_NAME: &str = "order";
const NEWEST: &str = "newest";
const OLDEST: &str = "oldest";
/// Records that are put in the order of a field, at most.
const MOST_ORDERED: i64 = 10_000;
/// Rules by which people sort names: Chinese ones by their sounds. Every package of PostgreSQL has them.
const NAMES_COLLATION: &str = "zh-x-icu";

/// The parameter for lists of a kind. What it is made of is made once and never given back.
pub fn parameter(kind: &Kind) -> Field {
    let by_field = columns(kind).into_iter().flat_map(|name| [name.to_owned(), format!("-{name}")]);
    let words: Vec<Word> = [NEWEST, OLDEST].into_iter().map(str::to_owned).chain(by_field).map(of_code).collect();
    let vocabulary = Vocabulary::new(UNPUBLISHED, Text::new("Order", "排序"), words.leak());
    Field::new(
        ORDER_NAME,
        Shape::Word(Box::leak(Box::new(vocabulary))),
        Text::new("Order", "排序"),
        "`newest` first by default, or `oldest`, by `occurred_at`. By a field, with `-` the largest first; what lacks it comes last. `-change_no`: what was changed last. Names are in the order of their pinyin. Up to 10,000 records are put in the order of a field (`too_many_to_order`), those of the whole district unfiltered by `change_no` without a bound.",
    )
}

/// A word that is its own label.
fn of_code(code: String) -> Word {
    let code: &'static str = code.leak();
    word(code, code, code)
}

/// The columns that a kind is ordered by: its name, its days, times and numbers that everybody reads who reads the
/// record, and the number of its last change.
fn columns(kind: &Kind) -> Vec<&'static str> {
    let name = kind.called_by().map(|field| field.name);
    let is_ordered = |field: &&'static Field| {
        let by_size =
            matches!(field.shape, Shape::Day | Shape::Instant | Shape::Integer { .. } | Shape::Decimal { .. });
        (by_size || Some(field.name) == name) && field.mask().is_none()
    };
    let is_stored = |field: &&'static Field| kind.table().columns.iter().any(|column| column.name == field.name);
    let shown = kind.shown_fields().filter(is_stored).filter(is_ordered).map(|field| field.name);
    let mut names: Vec<&str> = shown.chain([CHANGE_NO.name()]).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Whether a query asks for the oldest first.
pub fn is_oldest_first(query: &Values) -> bool {
    query.text(ORDER_NAME) == Some(OLDEST)
}

/// Refuses to serve where names can't be put in order.
pub async fn check_collation(database: &Database) -> Result<(), Problem> {
    let known =
        Statement::new("SELECT collname::text AS name FROM pg_collation WHERE collencoding IN (-1, 6) AND collname = ")
            .text(NAMES_COLLATION);
    match database.read(&known).await?.is_empty() {
        false => Ok(()),
        true => Err(Problem::internal(format!(
            "the database server knows no collation {NAMES_COLLATION}: it was built without ICU"
        ))),
    }
}

/// An order by a field.
pub struct Order {
    /// The value of a row called `p`.
    key: String,
    /// Its type.
    sql_type: &'static str,
    is_by_change: bool,
    descending: bool,
}

/// Where a page ended: the key and id of its last record, and as of which change number the list is read.
type End = (Option<String>, Uuid, i64);

impl Order {
    /// The order that a query asks for; none where that is the order of time.
    pub fn of_query(kind: &Kind, query: &Values) -> Option<Self> {
        let asked = query.text(ORDER_NAME).filter(|asked| ![NEWEST, OLDEST].contains(asked))?;
        let name = asked.strip_prefix('-').unwrap_or(asked);
        let column = kind.table().columns.iter().find(|column| column.name == name);
        let is_name = kind.called_by().is_some_and(|field| field.name == name);
        let is_by_change = name == CHANGE_NO.name();
        let (identifier, sql_type) = match column {
            Some(column) => (column.identifier(), column.column_type.sql()),
            None => (format!("\"{name}\""), "bigint"),
        };
        let collation = if is_name { format!(" COLLATE \"{NAMES_COLLATION}\"") } else { String::new() };
        let descending = asked.starts_with('-');
        Some(Self { key: format!("p.{identifier}{collation}"), sql_type, is_by_change, descending })
    }

    /// The page of a list in this order. Behind the first, pages are read as of its change number, as those in the order
    /// of time are.
    pub async fn page(
        &self,
        core: &Core,
        actor: &Actor,
        kind: &'static Kind,
        query: &Values,
        condition: impl Fn(&str, Statement) -> Statement,
    ) -> Result<RowPage, Problem> {
        let limit = query.integer("limit").unwrap_or(50);
        let binding = binding(actor, kind, query);
        let after = query.text(CURSOR_NAME).map(|text| opened(core, &binding, text)).transpose()?;
        let Some(district_code) = district(actor, query)? else {
            return Ok(RowPage { items: Vec::new(), next_cursor: None });
        };
        let filter = Filter::of_query(core, kind, &district_code, query).await?;
        let condition = |statement| condition(&district_code, statement);
        let along_index = self.is_by_change && is_whole(actor, kind, query);
        let shown = filter.apply(core, scope::visible_to(actor, kind, &district_code));
        if after.is_none() && !along_index {
            refuse_too_many(core, condition(shown.clone())).await?;
        }
        let statement = match &after {
            None => self.part(condition(shown), None, limit + 1, along_index),
            Some((key, id, as_of)) => {
                let snapshot = Snapshot::of(actor, kind, &district_code, *as_of, &filter);
                let (unchanged, former) = (snapshot.unchanged(core), snapshot.changed_since(core));
                let part = |statement| self.part(condition(statement), Some((key, *id)), limit + 1, along_index);
                let both = Statement::new("(").then(part(unchanged)).sql(") UNION ALL (").then(part(former)).sql(")");
                self.part(both, None, limit + 1, true)
            }
        };
        let numbered = Statement::new(format!(
            "SELECT p.*, ({})::text AS order_key, (SELECT c.last_no FROM district_clocks AS c WHERE c.district_code = ",
            self.key
        ))
        .text(&district_code)
        .sql(") AS as_of FROM (")
        .then(statement)
        .sql(format!(") AS p{}", self.clause()));
        let mut items = RecordRow::load(core, kind, &numbered).await?;
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = items.len() > most;
        items.truncate(most);
        let next_cursor = items.last().filter(|_| more).map(|last| {
            let as_of = after.map(|(_, _, as_of)| as_of).or(last.integer_in("as_of")).unwrap_or(0);
            let end: End = (last.text_in("order_key").map(str::to_owned), last.id, as_of);
            cursor::seal(&*core.keys.cursor, &binding, &serde_json::json!(end).to_string())
        });
        Ok(RowPage { items, next_cursor })
    }

    /// The first rows of a statement behind a place. Unless they are read along an index they are found first and sorted
    /// then: a plan that walks an index of this order would pass by everybody else's.
    fn part(
        &self,
        rows: Statement,
        after: Option<(&Option<String>, Uuid)>,
        limit: i64,
        along_index: bool,
    ) -> Statement {
        let fence = if along_index { "" } else { " OFFSET 0" };
        let part = Statement::new("SELECT p.* FROM (").then(rows).sql(format!("{fence}) AS p WHERE true"));
        let (key, beyond) = (&self.key, if self.descending { "<" } else { ">" });
        let part = match after {
            None => part,
            Some((None, id)) => part.sql(format!(" AND {key} IS NULL AND p.id {beyond} ")).id(id),
            Some((Some(last), id)) => {
                let lacking = if self.is_by_change { String::new() } else { format!(" OR {key} IS NULL") };
                part.sql(format!(" AND (({key}, p.id) {beyond} ("))
                    .text(last)
                    .sql(format!("::{}, ", self.sql_type))
                    .id(id)
                    .sql(format!("){lacking})"))
            }
        };
        part.sql(format!("{} LIMIT ", self.clause())).integer(limit)
    }

    fn clause(&self) -> String {
        let direction = if self.descending { "DESC" } else { "ASC" };
        let last = if self.is_by_change { "" } else { " NULLS LAST" };
        format!(" ORDER BY {} {direction}{last}, p.id {direction}", self.key)
    }
}

/// Whether a query asks for all of a district, of somebody who sees it.
fn is_whole(actor: &Actor, kind: &Kind, query: &Values) -> bool {
    let narrowed =
        query.iter().any(|(name, _)| !PAGE_PARAMETERS.contains(&name) && name != ORDER_NAME && name != "district_code");
    !narrowed && leads::leads(actor, kind, None, None).is_none()
}

async fn refuse_too_many(core: &Core, statement: Statement) -> Result<(), Problem> {
    if totals::counted(core, statement, MOST_ORDERED + 1).await? <= MOST_ORDERED {
        return Ok(());
    }
    Err(fault_with(&format!("?{ORDER_NAME}"), TOO_MANY_TO_ORDER, vec![("count", MOST_ORDERED.to_string())]))
}

fn opened(core: &Core, binding: &str, text: &str) -> Result<End, Problem> {
    let place = cursor::open(&*core.keys.cursor, binding, text)?;
    serde_json::from_str(&place).map_err(|_| Code::BAD_CURSOR.into())
}
