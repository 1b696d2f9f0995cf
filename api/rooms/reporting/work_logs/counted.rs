//! Work of an author on a day, counted from his own records: of the kinds that say that they stand in work logs.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use kit::columns;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::time::day_start;
use kit::value::Value;
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::wire::WorkCounts;
use crate::platform::config::Config;
use crate::platform::core::{Core, Extension};
use crate::records::Logged;
use crate::records::settings::{Setting, SettingSource};

columns! {
    N "n": i64;
    COUNTED "counted": String;
    TOTAL "total": i64;
}

/// Kinds that stand in work logs, by name.
#[derive(Default)]
pub struct LoggedKinds(Vec<(&'static str, &'static Logged)>);

impl Setting for LoggedKinds {
    fn without_any() -> &'static Self {
        static NONE: LoggedKinds = LoggedKinds(Vec::new());
        &NONE
    }
}

impl LoggedKinds {
    /// Whether records tell of a count at all.
    pub fn tell(&self, counted: &str) -> bool {
        self.0.iter().any(|(_, logged)| logged.counted == counted)
    }

    /// Query for what these authors did on these days. None where no kind stands in logs.
    pub fn statement(&self, district_code: &str, asked: &[(Uuid, NaiveDate)], zone: Tz) -> Option<Statement> {
        let instant = |day: Option<NaiveDate>| -> Value {
            let begins_at: Option<DateTime<Utc>> = day.and_then(|day| day_start(day, zone));
            begins_at.map_or(Value::Null, Value::Instant)
        };
        let mut statement = Statement::new("WITH q AS (SELECT * FROM unnest(")
            .column(ColumnType::Integer, (0..).zip(asked).map(|(number, _)| Value::Integer(number)).collect())
            .sql("::bigint[], ")
            .column(ColumnType::Id, asked.iter().map(|(id, _)| Value::Id(*id)).collect())
            .sql("::uuid[], ")
            .column(ColumnType::Instant, asked.iter().map(|(_, day)| instant(Some(*day))).collect())
            .sql("::timestamptz[], ")
            .column(ColumnType::Instant, asked.iter().map(|(_, day)| instant(day.succ_opt())).collect())
            .sql("::timestamptz[]) AS u(n, user_id, from_at, until_at)) SELECT n, counted, sum(amount)::bigint AS total FROM (");
        for (index, (kind, logged)) in self.0.iter().enumerate() {
            let union = if index == 0 { "" } else { " UNION ALL " };
            statement = statement
                .sql(format!("{union}SELECT q.n, '{}' AS counted, {} AS amount FROM q JOIN {kind} AS r ON r.recorded_by = q.user_id AND r.occurred_at >= q.from_at AND r.occurred_at < q.until_at WHERE NOT r.voided AND (r.capture -> 'awaited') IS NULL AND r.district_code = ", logged.counted, logged.amount))
                .text(district_code);
        }
        (!self.0.is_empty() && !asked.is_empty()).then(|| statement.sql(") AS done GROUP BY 1, 2"))
    }
}

/// Counts of its rows, by the place of whom they are about.
pub fn counts(rows: Vec<Row>) -> BTreeMap<usize, WorkCounts> {
    let mut all: BTreeMap<usize, Map<String, Json>> = BTreeMap::new();
    for mut row in rows {
        let number = row.get(&N).and_then(|number| usize::try_from(number).ok());
        if let (Some(number), Some(counted), Some(total)) = (number, row.get(&COUNTED), row.get(&TOTAL)) {
            all.entry(number).or_default().insert(counted, total.into());
        }
    }
    let read = |counts: Map<String, Json>| serde_json::from_value(Json::Object(counts)).unwrap_or_default();
    all.into_iter().map(|(number, counts)| (number, read(counts))).collect()
}

/// Made once.
#[derive(Default)]
struct Cache(OnceLock<Arc<LoggedKinds>>);

impl Extension for Cache {
    fn begin(_: &Config) -> Self {
        Self::default()
    }
}

/// The kinds, among what rules may ask for.
pub static LOGGED_KINDS: SettingSource = SettingSource {
    known: |core| {
        let kinds = core.ext::<Cache>().0.get_or_init(|| Arc::new(of_kinds(core)));
        Arc::clone(kinds) as Arc<dyn Any + Send + Sync>
    },
    refresh: |_| Box::pin(async { Ok(()) }),
};

fn of_kinds(core: &Core) -> LoggedKinds {
    let logged = core.kinds().kinds().flat_map(|kind| kind.rules.logged().iter().map(|one| (kind.name, one)));
    LoggedKinds(logged.filter(|(_, one)| WorkCounts::names().any(|name| name == one.counted)).collect())
}
