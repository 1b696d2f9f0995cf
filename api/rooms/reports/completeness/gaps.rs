//! The names behind what was missed.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use kit::columns;
use kit::database::Snapshot;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::time::{InZone, day_start};
use kit::value::Value;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::platform::http::Call;
use crate::records::envelope;
use crate::records::scope::{readable, within};
use crate::rooms::duties::summary::DutyGrouping;
use crate::rooms::duties::wire::{DUE_AT, DUTY_KIND, SUBJECT_ID, SUBJECT_KIND};
use crate::rooms::duties::{DUTIES, DutyKind};
use crate::rooms::reports::subjects::names;

/// Names a group at most; the list behind it has all.
const MOST: i64 = 20;
/// The same, of several districts together.
pub const MOST_TOLD: usize = 20;

columns! {
    /// Key of a group: a kind, a line, an area or an organisation; empty for none.
    KEY "key": String;
    /// Name of the duty's organisation.
    ORG_NAME "org_name": String;
}

/// Something that was missed.
pub struct Gap {
    group: Option<String>,
    id: Uuid,
    duty_kind: DutyKind,
    subject_kind: String,
    subject_id: Uuid,
    subject_name: Option<String>,
    area_code: String,
    org_id: Option<Uuid>,
    /// Its organisation's name.
    pub org_name: Option<String>,
    due_at: Option<DateTime<Utc>>,
}

/// Something that was missed.
#[derive(Serialize, ToSchema)]
pub struct ShownGap {
    /// Of the duty.
    #[schema(required, value_type = Option<String>, max_length = 200)]
    duty_id: Uuid,
    /// Of the duty.
    #[schema(required, value_type = Option<String>, max_length = 200)]
    duty_kind: DutyKind,
    /// Of the duty.
    #[schema(required, value_type = Option<String>, max_length = 200)]
    subject_kind: String,
    /// Of the duty.
    #[schema(required, value_type = Option<String>, max_length = 200)]
    subject_id: Uuid,
    /// Of the duty.
    #[schema(required, max_length = 200)]
    subject_name: Option<String>,
    /// Of the duty.
    #[schema(required, value_type = Option<String>, max_length = 200)]
    area_code: String,
    /// Of the duty.
    #[schema(required, max_length = 200)]
    area_name: Option<String>,
    /// Of the duty.
    #[schema(required, value_type = Option<String>, max_length = 200)]
    org_id: Option<Uuid>,
    /// Of the duty.
    #[schema(required, max_length = 200)]
    org_name: Option<String>,
    /// Of the duty.
    #[schema(required, value_type = Option<String>, max_length = 200)]
    due_at: Option<InZone>,
}

impl ShownGap {
    /// Place among others: what was due first stands first.
    pub fn order(&self) -> (Option<DateTime<Utc>>, Uuid) {
        (self.due_at.map(|due_at| due_at.0), self.duty_id)
    }
}

impl Gap {
    fn of_row(mut row: Row) -> Option<Self> {
        Some(Self {
            group: row.get(&KEY).filter(|key| !key.is_empty()),
            id: row.get(&envelope::ID)?,
            duty_kind: row.get(&DUTY_KIND)?,
            subject_kind: row.get(&SUBJECT_KIND)?,
            subject_id: row.get(&SUBJECT_ID)?,
            subject_name: None,
            area_code: row.get(&envelope::AREA_CODE)?,
            org_id: row.get(&envelope::ORG_ID),
            org_name: row.get(&ORG_NAME),
            due_at: row.get(&DUE_AT),
        })
    }

    /// The gap as it is served.
    pub fn served(&self, call: &Call) -> ShownGap {
        let area = call.core.divisions.find(&self.area_code, None);
        ShownGap {
            duty_id: self.id,
            duty_kind: self.duty_kind,
            subject_kind: self.subject_kind.clone(),
            subject_id: self.subject_id,
            subject_name: self.subject_name.clone(),
            area_code: self.area_code.clone(),
            area_name: area.map(|found| found.name.clone()),
            org_id: self.org_id,
            org_name: self.org_name.clone(),
            due_at: self.due_at.map(|due_at| InZone(due_at, call.core.zone)),
        }
    }
}

/// The first gaps of each group.
pub async fn gaps(
    call: &Call,
    now: &mut Snapshot,
    district_code: &str,
    by: DutyGrouping,
    (from_on, to_on): (NaiveDate, NaiveDate),
) -> Result<BTreeMap<Option<String>, Vec<Gap>>, Problem> {
    let below = if call.query.get(&envelope::AREA_CODE).unwrap_or(district_code).len() < 9 { 9 } else { 12 };
    let key = match by {
        DutyGrouping::Line => "r.line".to_owned(),
        DutyGrouping::Area => format!("left(r.area_code, {below})"),
        DutyGrouping::Org => "coalesce(r.org_id::text, '')".to_owned(),
        DutyGrouping::Kind => "r.duty_kind".to_owned(),
    };
    let begins =
        |day: Option<NaiveDate>| day.and_then(|day| day_start(day, call.core.zone)).map_or(Value::Null, Value::Instant);
    let statement = Statement::new(format!("SELECT x.*, o.name AS org_name FROM (SELECT {key} AS key, r.id, r.district_code, r.duty_kind, r.subject_kind, r.subject_id, r.area_code, r.org_id, r.due_at, row_number() OVER (PARTITION BY {key} ORDER BY r.due_at, r.id) AS position FROM duties AS r WHERE r.state = 'missed' AND NOT r.voided AND r.district_code = "))
        .text(district_code)
        .sql(" AND r.occurred_at >= ")
        .bind(ColumnType::Instant, begins(Some(from_on)))
        .sql(" AND r.occurred_at < ")
        .bind(ColumnType::Instant, begins(to_on.succ_opt()))
        .sql(" AND ");
    let kind = &DUTIES;
    let statement = readable("r", statement, call.actor()?, kind);
    let statement = match call.query.get(&envelope::AREA_CODE) {
        Some(area_code) => within("r", statement.sql(" AND "), area_code),
        None => statement,
    };
    let statement = statement.sql(") AS x LEFT JOIN organizations AS o ON o.district_code = x.district_code AND o.id = x.org_id WHERE x.position <= ").integer(MOST).sql(" ORDER BY x.key, x.position");
    let found: Vec<Gap> = now.read(&statement).await?.into_iter().filter_map(Gap::of_row).collect();
    let subjects = found.iter().map(|gap| (gap.subject_kind.clone(), gap.subject_id));
    let names = names(&call.core, now, district_code, subjects).await?;
    let mut groups: BTreeMap<Option<String>, Vec<Gap>> = BTreeMap::new();
    for mut gap in found {
        gap.subject_name = names.get(&gap.subject_id).cloned();
        groups.entry(gap.group.clone()).or_default().push(gap);
    }
    Ok(groups)
}
