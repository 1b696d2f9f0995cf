//! "Who has not …": duties counted by kind, line, area or organisation, each figure with the list behind it.

use std::collections::BTreeMap;

use actix_web::http::Method;
use chrono::NaiveDate;
use kit::database::Snapshot;
use kit::field::{Field, Shape};
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::text::Text;
use kit::time::{day_of, day_start};
use kit::value::{Value, Values};
use kit::{columns, fields, words};
use serde::Serialize;
use serde_json::{Map, Value as Json, json};
use utoipa::ToSchema;

use super::{COUNTED, DUTIES, DutyKind, DutyLine, READERS, SUPERVISORS, wire};
use crate::platform::access::keys::KeyScope;
use crate::platform::access::roles::{Role, with_statistics};
use crate::platform::codes::{DISTRICT_REQUIRED, NOT_FOUND};
use crate::platform::http::{Access, Answer, Call, Operation, ends_before_it_begins, too_many_days};
use crate::records::envelope;
use crate::records::list::{self, one_district};
use crate::records::scope::{reached, readable, within};
use crate::statistics::polled::{answer, polled};
use crate::statistics::sheet::{Column, numbers, words};

words! {
    /// Groupings of a summary: a line of it stands for one kind, line, area or organisation.
    pub DutyGrouping "duty_grouping" "By" "分组" {
        Kind "kind" "kind" "事项";
        Line "line" "line" "责任线";
        Area "area" "area" "区划";
        Org "org" "organisation" "单位";
    }
}
fields! {
    /// Parameters of a summary.
    static PARAMETERS;
    BY: DutyGrouping = Field::new(
        "by",
        Shape::Word(DutyGrouping::VOCABULARY),
        Text::new("By", "分组"),
        "What a line stands for; `kind` by default. `area` gives the level below `area_code`.",
    );
    DISTRICT_CODE: String = list::DISTRICT_CODE;
    AREA_CODE: String = list::AREA_CODE;
    FROM_ON: NaiveDate = Field::new("from_on", Shape::Day, Text::new("From day", "起始日"), "Of this day on; today by default.");
    TO_ON: NaiveDate = Field::new("to_on", Shape::Day, Text::new("To day", "截止日"), "Until this day; `from_on` by default.");
}

columns! {
    /// Measure that was counted, as the rollups name it.
    MEASURE "measure": String;
    /// How often.
    TOTAL "total": i64;
}

/// A summary covers at most so many days.
const MOST_DAYS: i64 = 92;

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    let counts: Map<String, Json> = COUNTED.iter().map(|counted| ((*counted).to_owned(), json!(1))).collect();
    let mut line = Json::Object(counts.clone());
    kit::json::put(&mut line, "key", "am_reading");
    kit::json::put(
        &mut line,
        "missed_url",
        "/v1/duties?state=missed&order=oldest&from_on=2020-02-02&to_on=2020-02-02&duty_kind=am_reading",
    );
    let example = json!({"by": "kind", "from_on": "2020-02-02", "to_on": "2020-02-02", "items": [line], "total": counts, "as_of_change_no": 42});
    let operation = Operation::new(Method::GET, "/v1/duties/summary", "get_duty_summary", summary)
            .described("duties", "Who has not", "How many were expected, done, missed, waived, late, by kind, line, area or organisation, with the list behind what was missed, the oldest first.")
            .access(Access::Roles(READERS))
            .keys(KeyScope::Read)
            .answers::<DutySummary>(200, "The figures.", Some(example))
            .problems(&[DISTRICT_REQUIRED, NOT_FOUND]);
    vec![polled(operation, PARAMETERS)]
}

/// The columns of a file of counts.
pub const COLUMNS: &[Column] = &[
    words("key", "分组"),
    words("label", "名称"),
    numbers("expected", "应办"),
    numbers("open", "待办"),
    numbers("done", "已办"),
    numbers("missed", "未办"),
    numbers("waived", "免办"),
    numbers("late", "逾期办"),
    numbers("reported_late", "逾期报"),
];

/// Duties counted.
#[derive(Serialize, ToSchema)]
struct DutySummary {
    /// Grouping of the lines.
    #[schema(value_type = String, max_length = 20)]
    by: DutyGrouping,
    /// First day.
    #[schema(value_type = String, max_length = 10)]
    from_on: NaiveDate,
    /// Last day.
    #[schema(value_type = String, max_length = 10)]
    to_on: NaiveDate,
    /// A line a group.
    #[schema(inline, max_items = 10_000)]
    items: Vec<Group>,
    /// All together.
    #[schema(inline)]
    total: ShownCounts,
    /// Counted as of this change.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    as_of_change_no: i64,
}

/// A group.
#[derive(Serialize, ToSchema)]
struct Group {
    #[serde(flatten)]
    #[schema(inline)]
    counts: ShownCounts,
    /// The kind, line, area code or organisation.
    #[schema(max_length = 60)]
    key: Option<String>,
    /// The list of what was missed, the oldest first.
    #[schema(max_length = 500)]
    missed_url: Option<String>,
}

/// Duties counted, each count there.
#[derive(Serialize, ToSchema)]
pub struct ShownCounts {
    /// How many.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    expected: i64,
    /// How many.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    open: i64,
    /// How many.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    done: i64,
    /// How many.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    missed: i64,
    /// How many.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    waived: i64,
    /// How many.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    late: i64,
    /// How many.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    reported_late: i64,
}

impl ShownCounts {
    /// Adds others.
    pub fn add(&mut self, other: &Self) {
        self.expected += other.expected;
        self.open += other.open;
        self.done += other.done;
        self.missed += other.missed;
        self.waived += other.waived;
        self.late += other.late;
        self.reported_late += other.reported_late;
    }
}

/// How many are expected, done, missed …
pub type Counts = BTreeMap<&'static str, i64>;

/// Duties counted by group, and all together.
pub struct Counted {
    /// Counts by kind, line, area or organisation; none for duties without one.
    pub groups: BTreeMap<Option<String>, Counts>,
    /// All together.
    pub total: Counts,
}

/// Counts the duties of these days that the caller may see by one of these roles: whoever sees all of an area's from the
/// rollups, at the same cost however many duties there are; others row by row.
pub async fn count(
    call: &Call,
    now: &mut Snapshot,
    by: DutyGrouping,
    (from_on, to_on): (NaiveDate, NaiveDate),
) -> Result<Counted, Problem> {
    let district_code = one_district(call.actor()?, &call.query)?;
    // Callers who see only some of an area's duties can't use the rollups, which count all of them.
    let roles = with_statistics(SUPERVISORS);
    let statement = if call.actor()?.holds(roles) {
        rolled_up(call, roles, &district_code, from_on, to_on)?
    } else {
        row_by_row(call, &district_code, from_on, to_on)?
    };
    let rows = now.read(&statement).await?;
    let area = call.query.get(&AREA_CODE).unwrap_or(&district_code);
    Ok(gather(rows, by, area.len()))
}

async fn summary(call: Call) -> Answer {
    let core = &call.core;
    let district_code = one_district(call.actor()?, &call.query)?;
    let by = call.query.get(&BY).unwrap_or(DutyGrouping::Kind);
    let today = day_of(core.clock.now(), core.zone);
    let from_on = call.query.get(&FROM_ON).unwrap_or(today);
    let to_on = call.query.get(&TO_ON).unwrap_or(from_on.max(today.min(from_on)));
    if to_on < from_on {
        return Err(ends_before_it_begins("?to_on"));
    }
    if (to_on - from_on).num_days() >= MOST_DAYS {
        return Err(too_many_days("?to_on", MOST_DAYS));
    }
    answer(&call, &district_code, COLUMNS, async |now, as_of_change_no| {
        let Counted { groups, total } = count(&call, now, by, (from_on, to_on)).await?;
        let group = |(key, counts): (&Option<String>, &Counts)| Group {
            counts: served(counts),
            key: key.clone(),
            missed_url: missed_url(by, key.as_deref(), (from_on, to_on), &call.query),
        };
        let (items, total) = (groups.iter().map(group).collect(), served(&total));
        Ok(DutySummary { by, from_on, to_on, items, total, as_of_change_no })
    })
    .await
}

fn rolled_up(
    call: &Call,
    roles: &'static [Role],
    district_code: &str,
    from_on: NaiveDate,
    to_on: NaiveDate,
) -> Result<Statement, Problem> {
    let statement = Statement::new("SELECT r.area_code, r.org_id, r.measure, sum(r.total)::bigint AS total FROM record_rollups AS r WHERE r.kind = 'duties' AND r.district_code = ")
        .text(district_code)
        .sql(" AND r.on_day >= ")
        .bind(ColumnType::Day, Value::Day(from_on))
        .sql(" AND r.on_day <= ")
        .bind(ColumnType::Day, Value::Day(to_on))
        .sql(" AND ");
    let statement = reached("r", statement, call.actor()?, roles, true);
    let statement = in_area(call, statement);
    Ok(statement.sql(" GROUP BY r.area_code, r.org_id, r.measure HAVING sum(r.total) <> 0"))
}

/// The same of the duties that the caller himself sees, counted one by one.
fn row_by_row(call: &Call, district_code: &str, from_on: NaiveDate, to_on: NaiveDate) -> Result<Statement, Problem> {
    let kind = &DUTIES;
    let begins =
        |day: Option<NaiveDate>| day.and_then(|day| day_start(day, call.core.zone)).map_or(Value::Null, Value::Instant);
    let statement = Statement::new("SELECT r.area_code, r.org_id, r.duty_kind || '.' || m.counted AS measure, count(*) AS total FROM duties AS r CROSS JOIN LATERAL (VALUES ('expected'), (r.state), (CASE WHEN r.late THEN 'late' END), (CASE WHEN r.reported_late THEN 'reported_late' END)) AS m(counted) WHERE m.counted IS NOT NULL AND NOT r.voided AND r.district_code = ")
        .text(district_code)
        .sql(" AND r.occurred_at >= ")
        .bind(ColumnType::Instant, begins(Some(from_on)))
        .sql(" AND r.occurred_at < ")
        .bind(ColumnType::Instant, begins(to_on.succ_opt()))
        .sql(" AND ");
    let statement = readable("r", statement, call.actor()?, kind);
    Ok(in_area(call, statement).sql(" GROUP BY 1, 2, 3"))
}

fn in_area(call: &Call, statement: Statement) -> Statement {
    match call.query.get(&AREA_CODE) {
        Some(area_code) => within("r", statement.sql(" AND "), area_code),
        None => statement,
    }
}

/// Groups the rows. Below a district are townships (9 digits), below those villages (12), below those all.
fn gather(rows: Vec<Row>, by: DutyGrouping, area_length: usize) -> Counted {
    let below = if area_length < 9 { 9 } else { 12 };
    let (mut groups, mut total) = (BTreeMap::<Option<String>, Counts>::new(), Counts::new());
    for mut row in rows {
        let (Some(amount), Some(area_code)) = (row.get(&TOTAL), row.get(&AREA_CODE)) else { continue };
        let Some((duty_kind, line, counted)) = told(&mut row) else { continue };
        let key = match by {
            DutyGrouping::Line => Some(line.to_string()),
            DutyGrouping::Area => Some(area_code.get(..below).unwrap_or(&area_code).to_owned()),
            DutyGrouping::Org => row.get(&envelope::ORG_ID).filter(|id| !id.is_nil()).map(|id| id.to_string()),
            DutyGrouping::Kind => Some(duty_kind.to_string()),
        };
        *groups.entry(key).or_default().entry(counted).or_default() += amount;
        *total.entry(counted).or_default() += amount;
    }
    Counted { groups, total }
}

/// Of which kind and line a row is, and as what it counts.
fn told(row: &mut Row) -> Option<(DutyKind, DutyLine, &'static str)> {
    let measure = row.get(&MEASURE)?;
    let (duty_kind, counted) = measure.split_once('.')?;
    let counted = COUNTED.into_iter().find(|name| *name == counted)?;
    let (duty_kind, line) = duty_kind.split_once('@').map_or((duty_kind, None), |(kind, line)| (kind, Some(line)));
    let duty_kind = DutyKind::of_code(duty_kind)?;
    let line = line.map_or(Some(duty_kind.line()), DutyLine::of_code)?;
    Some((duty_kind, line, counted))
}

/// The counts as they are served.
pub fn served(counts: &Counts) -> ShownCounts {
    let of = |counted: &str| counts.get(counted).copied().unwrap_or_default();
    ShownCounts {
        expected: of("expected"),
        open: of("open"),
        done: of("done"),
        missed: of("missed"),
        waived: of("waived"),
        late: of("late"),
        reported_late: of("reported_late"),
    }
}

/// The list of what a group missed, the oldest first; none for an area's own, of which no list is by itself.
pub fn missed_url(
    by: DutyGrouping,
    key: Option<&str>,
    (from_on, to_on): (NaiveDate, NaiveDate),
    query: &Values,
) -> Option<String> {
    let level = query.get(&AREA_CODE).map_or(6, str::len);
    if by == DutyGrouping::Area && key.is_some_and(|key| key.len() <= level) {
        return None;
    }
    let mut url = format!("/v1/duties?state=missed&order=oldest&from_on={from_on}&to_on={to_on}");
    let area = query.get(&AREA_CODE).filter(|_| by != DutyGrouping::Area).map(|code| (AREA_CODE.name(), code));
    let own = match (by, key) {
        (DutyGrouping::Area, Some(key)) => Some((AREA_CODE.name(), key)),
        (DutyGrouping::Line, Some(key)) => Some((wire::LINE.name(), key)),
        (DutyGrouping::Kind, Some(key)) => Some((wire::DUTY_KIND.name(), key)),
        (DutyGrouping::Org, Some(key)) => Some((envelope::ORG_ID.name(), key)),
        (DutyGrouping::Org, None) => Some(("no_org", "true")),
        (DutyGrouping::Area | DutyGrouping::Line | DutyGrouping::Kind, None) => None,
    };
    area.into_iter().chain(own).for_each(|(name, value)| url.push_str(&format!("&{name}={value}")));
    Some(url)
}
