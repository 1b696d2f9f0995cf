//! The six groups of the justice bureau with what came to each: whether it is set up, how many items it has.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::CACHE_CONTROL;
use chrono::NaiveDate;
use kit::columns;
use kit::field::{Field, Shape};
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::text::Text;
use kit::time::{day_of, day_start};
use kit::typed::TypedField;
use kit::value::Value;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{GROUP_KIND, LEGAL_SERVICE_ITEMS, LegalGroup};
use crate::platform::access::keys::KeyScope;
use crate::platform::codes::{DISTRICT_REQUIRED, NOT_FOUND};
use crate::platform::http::page::{DISTRICT_CODE, one_district};
use crate::platform::http::{Access, Answer, Call, Operation};
use crate::records::envelope::ID;
use crate::records::scope::readable;
use crate::rooms::units::WORKING_GROUPS;

const ON: TypedField<NaiveDate> = TypedField::named(
    "ON",
    Field::new("on", Shape::Day, Text::new("On", "日期"), "As it stood at the end of this day; today by default."),
);

columns! {
    RECEIVED "received": i64;
    PENDING "pending": i64;
}

/// The six groups.
#[derive(Serialize, ToSchema)]
struct LegalGroups {
    /// At the end of this day.
    on: NaiveDate,
    /// Each of the six.
    #[schema(inline, max_items = 6)]
    items: Vec<LegalGroupItems>,
}

/// A group with its items.
#[derive(Serialize, ToSchema)]
struct LegalGroupItems {
    /// Which.
    #[schema(value_type = String, max_length = 40)]
    group_kind: LegalGroup,
    /// That in words.
    #[schema(max_length = 60)]
    label: &'static str,
    /// The working groups of that kind that were open, of whatever organisation.
    #[schema(max_items = 1000)]
    working_group_ids: Vec<Uuid>,
    /// Items that came until then.
    #[schema(minimum = 0)]
    received: i64,
    /// Those of them that were neither closed nor transferred.
    #[schema(minimum = 0)]
    pending: i64,
    /// The list behind `received`.
    #[schema(max_length = 300)]
    records_url: String,
}

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    let item = json!({"group_kind": "legal_service_emergency", "label": "法律服务应急", "working_group_ids": ["0198c0de-0099-7000-8000-000000000802"], "received": 4, "pending": 1, "records_url": "/v1/legal-service-items?group_kind=legal_service_emergency&to_on=2020-02-02"});
    vec![
        Operation::new(Method::GET, "/v1/legal-service-items/groups", "list_legal_groups", groups)
            .described("legal_service_items", "The six groups with their items", "Which of the six groups of the justice bureau were set up, how many items each was given until then, and how many were pending.")
            .access(Access::Roles(LEGAL_SERVICE_ITEMS.readers))
            .keys(KeyScope::Read)
            .parameters(vec![&ON.field, &DISTRICT_CODE])
            .answers::<LegalGroups>(200, "The six.", Some(json!({"on": "2020-02-02", "items": [item]})))
            .problems(&[DISTRICT_REQUIRED, NOT_FOUND]),
    ]
}

async fn groups(call: Call) -> Answer {
    let (core, actor) = (&call.core, call.actor()?);
    let district_code = one_district(actor, &call.query)?;
    let on = call.query.get(&ON).unwrap_or(day_of(core.clock.now(), core.zone));
    let (counts, open) = (counts(&call, &district_code, on).await?, open(&call, &district_code, on).await?);
    let item = |group: LegalGroup| {
        let (received, pending) = counts.get(&group).copied().unwrap_or_default();
        LegalGroupItems {
            group_kind: group,
            label: LegalGroup::VOCABULARY.find(group.code()).map_or("", |word| word.label.in_language(call.language)),
            working_group_ids: open.get(&group).into_iter().flatten().copied().collect(),
            received,
            pending,
            records_url: format!("/v1/legal-service-items?group_kind={group}&to_on={on}"),
        }
    };
    let items = LegalGroup::ALL.iter().copied().map(item).collect();
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(LegalGroups { on, items }))
}

/// Items that came to each group until the end of a day, and those of them that were pending.
async fn counts(call: &Call, district_code: &str, on: NaiveDate) -> Result<BTreeMap<LegalGroup, (i64, i64)>, Problem> {
    let core = &call.core;
    let until = || Value::Instant(on.succ_opt().and_then(|day| day_start(day, core.zone)).unwrap_or(core.clock.now()));
    let statement = Statement::new(
        "SELECT r.group_kind, count(*) AS received, count(*) FILTER (WHERE r.closed_at IS NULL OR r.closed_at >= ",
    )
    .bind(ColumnType::Instant, until())
    .sql(") AS pending FROM legal_service_items AS r WHERE NOT r.voided AND r.occurred_at < ")
    .bind(ColumnType::Instant, until())
    .sql(" AND r.district_code = ")
    .text(district_code)
    .sql(" AND ");
    let statement = readable("r", statement, call.actor()?, &LEGAL_SERVICE_ITEMS).sql(" GROUP BY 1");
    let rows = core.database.read(&statement).await?.into_iter();
    let counted = |mut row: Row| Some((row.get(&GROUP_KIND)?, (row.get(&RECEIVED)?, row.get(&PENDING)?)));
    Ok(rows.filter_map(counted).collect())
}

/// The working groups of each kind that were open on a day.
async fn open(
    call: &Call,
    district_code: &str,
    on: NaiveDate,
) -> Result<BTreeMap<LegalGroup, BTreeSet<Uuid>>, Problem> {
    let statement = Statement::new(
        "SELECT r.id, r.group_kind FROM working_groups AS r WHERE NOT r.voided AND r.established_on <= ",
    )
    .bind(ColumnType::Day, Value::Day(on))
    .sql(" AND (r.dissolved_on IS NULL OR r.dissolved_on > ")
    .bind(ColumnType::Day, Value::Day(on))
    .sql(") AND r.district_code = ")
    .text(district_code)
    .sql(" AND ");
    let statement = readable("r", statement, call.actor()?, &WORKING_GROUPS);
    let mut open: BTreeMap<LegalGroup, BTreeSet<Uuid>> = BTreeMap::new();
    for mut row in call.core.database.read(&statement).await? {
        if let (Some(id), Some(group)) = (row.get(&ID), row.get(&GROUP_KIND)) {
            open.entry(group).or_default().insert(id);
        }
    }
    Ok(open)
}
