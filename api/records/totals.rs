//! How many records a list has on all its pages, for people who need a number. It costs a bound, whatever there is.

use kit::field::{Field, Shape};
use kit::problem::Problem;
use kit::statement::Statement;
use kit::text::Text;
use kit::value::Values;
use kit::vocabulary::{Vocabulary, word};

use super::codes::EXCLUSIVE_FIELDS;
use super::definition::Kind;
use super::list::{Filter, district};
use super::scope::{readable, visible_to};
use crate::platform::access::roles::Actor;
use crate::platform::core::Core;
use crate::platform::http::fault_with;

/// Records are counted up to this many: nobody pages through more.
const MOST_COUNTED: i64 = 100_001;
/// Where an estimate would do, so many are counted nevertheless: of few, people want to know how many.
const MOST_COUNTED_FIRST: i64 = 1_001;
/// Rows that an estimate is made of, about.
const SAMPLED: i64 = 20_000;

const EXACT: &str = "exact";
const ESTIMATE: &str = "estimate";
const AT_LEAST: &str = "at_least";

static COUNTS: Vocabulary = Vocabulary::new(
    "list_count",
    Text::new("Count", "计数方式"),
    &[
        word(EXACT, "counted, up to 100,000", "逐条计数,至多十万"),
        word(ESTIMATE, "estimated where there are many", "较多时估算"),
    ],
);
/// Name of the parameter of [`COUNT`].
pub const COUNT_NAME: &str = "count";
/// Asks for the number of all.
pub static COUNT: Field = Field::new(
    COUNT_NAME,
    Shape::Word(&COUNTS),
    Text::new("Count", "计总数"),
    "The header `Total-Count` says how many there are on all pages, and `Total-Count-Relation` how that is meant: `exact`, up to 100,000 (`at_least` beyond); with `estimate` beyond 1,000 an estimate from a sample.",
);
/// Name of the parameter of [`COUNTED`].
pub const COUNTED_NAME: &str = "counted";
/// The same as it was asked for before.
pub static COUNTED: Field = Field::new(
    COUNTED_NAME,
    Shape::Boolean,
    Text::new("Counted", "计总数(旧)"),
    "`true`: as `count=exact`, which says it better. Not with `count`.",
);

/// The number of records on all pages of a list.
#[derive(Clone, Copy, Debug)]
pub struct Total {
    /// How many.
    pub number: i64,
    /// How that is meant.
    pub relation: &'static str,
}

/// The number that a query asks for; none where it asks for none.
pub async fn of(core: &Core, actor: &Actor, kind: &'static Kind, query: &Values) -> Result<Option<Total>, Problem> {
    let is_estimate = match (query.text(COUNT_NAME), query.boolean(COUNTED_NAME)) {
        (Some(_), Some(_)) => {
            let other = vec![("other", COUNT_NAME.to_owned())];
            return Err(fault_with(&format!("?{COUNTED_NAME}"), EXCLUSIVE_FIELDS, other));
        }
        (Some(asked), None) => asked == ESTIMATE,
        (None, Some(true)) => false,
        (None, _) => return Ok(None),
    };
    let Some(district_code) = district(actor, query)? else {
        return Ok(Some(Total { number: 0, relation: EXACT }));
    };
    let filter = Filter::of_query(core, kind, &district_code, query).await?;
    let list = List { core, actor, kind, district_code: &district_code, filter: &filter };
    if is_estimate {
        let number = list.counted(MOST_COUNTED_FIRST).await?;
        if number < MOST_COUNTED_FIRST {
            return Ok(Some(Total { number, relation: EXACT }));
        }
        if let Some(number) = list.estimated().await? {
            return Ok(Some(Total { number: number.max(MOST_COUNTED_FIRST), relation: ESTIMATE }));
        }
    }
    let number = list.counted(MOST_COUNTED).await?;
    Ok(Some(Total { number, relation: if number < MOST_COUNTED { EXACT } else { AT_LEAST } }))
}

struct List<'a> {
    core: &'a Core,
    actor: &'a Actor,
    kind: &'static Kind,
    district_code: &'a str,
    filter: &'a Filter<'a>,
}

impl List<'_> {
    async fn counted(&self, most: i64) -> Result<i64, Problem> {
        let statement = self.filter.apply(self.core, visible_to(self.actor, self.kind, self.district_code));
        counted(self.core, statement, most).await
    }

    /// How many there would be, by those in a part of the table's blocks; none where all of it is no more than that.
    async fn estimated(&self) -> Result<Option<i64>, Problem> {
        let name = self.kind.name;
        let all = Statement::new(format!(
            "SELECT c.reltuples::bigint AS total FROM pg_class AS c WHERE c.oid = '{name}'::regclass"
        ));
        let rows = number(self.core, &all).await?;
        if rows <= SAMPLED {
            return Ok(None);
        }
        // In millionths, as integers: whole blocks are taken or left.
        let share = SAMPLED.saturating_mul(1_000_000) / rows;
        let percent = format!("{}.{:04}", share / 10_000, share % 10_000);
        let sampled = Statement::new(format!(
            "SELECT r.id FROM {name} AS r TABLESAMPLE SYSTEM ({percent}) REPEATABLE (1) WHERE r.district_code = "
        ))
        .text(self.district_code)
        .sql(" AND ");
        let sampled = self.filter.apply(self.core, readable("r", sampled, self.actor, self.kind));
        let found =
            number(self.core, &Statement::new("SELECT count(*) AS total FROM (").then(sampled).sql(") AS p")).await?;
        Ok(found.saturating_mul(1_000_000).checked_div(share))
    }
}

/// How many rows a statement has, up to a bound.
pub(super) async fn counted(core: &Core, statement: Statement, most: i64) -> Result<i64, Problem> {
    let bounded = statement.sql(" LIMIT ").integer(most);
    number(core, &Statement::new("SELECT count(*) AS total FROM (").then(bounded).sql(") AS p")).await
}

async fn number(core: &Core, statement: &Statement) -> Result<i64, Problem> {
    let row = core.database.read(statement).await?.into_iter().next();
    Ok(row.and_then(|mut row| row.integer("total")).unwrap_or(0))
}
