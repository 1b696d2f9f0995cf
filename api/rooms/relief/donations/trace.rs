//! Trace of a donation: what was issued out of it and to whom, and what is left of each item.

use actix_web::HttpResponse;
use actix_web::http::Method;
use chrono::{DateTime, Utc};
use kit::columns;
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::time::{day_of, format_instant};
use kit::value::Value;
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeSet;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{DESIGNATED_ORG_ID, DESIGNATED_PLACE_ID, DONATIONS, ITEMS, received_on};
use crate::platform::access::keys::KeyScope;
use crate::platform::codes::NOT_FOUND;
use crate::platform::http::{Access, Answer, Call, Operation};
use crate::records::awaited::has_come;
use crate::records::scope::readable;
use crate::records::{Record, read};
use crate::rooms::relief::goods::{
    Account, GOODS_READERS, Measured, RECIPIENT_ORG_ID, RECIPIENT_PLACE_ID, RECIPIENT_TEAM_ID,
};
use crate::rooms::relief::material_issues::{MATERIAL_ISSUES, RECIPIENTS};
use crate::rooms::supply::commodities::goods_cache;
use crate::rooms::supply::commodities::own::Goods;
use crate::rooms::supply::stock_movements::sources::StockItem;

columns! {
    /// Id of an issue that the caller may read.
    ID "id": Uuid;
}

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    let id = |number: u32| format!("0198c0de-{number:04}-7000-8000-000000000001");
    let item = json!({"item": "瓶装水", "commodity": "water_bottled_550ml", "quantity": "480", "quantity_unit": "瓶", "issued": "120", "left": "360"});
    let issue = json!({"material_issue_id": id(52), "occurred_at": "2020-01-30T09:00:00+08:00", "org_id": null, "recipient_place_id": id(2), "recipient_org_id": null, "recipient_team_id": null, "recipients": 6, "is_readable": true,
        "items": [{"item": "瓶装水", "quantity": "120", "quantity_unit": "瓶"}]});
    let example = json!({"donation_id": id(51), "voided": false, "designated_org_id": null, "designated_place_id": null, "items": [item], "issues": [issue], "truncated": false});
    vec![
        Operation::new(Method::GET, "/v1/donations/{id}/trace", "get_donation_trace", trace)
            .described("donations", "What became of a donation", "What was issued out of it, when, by whom and to whom, and what is left of each item, in the unit in which it was given. Whoever may read the donation sees where all of it went, also what another unit handed out. At most 10,000 issues; `truncated` says that there are more.")
            .access(Access::Roles(GOODS_READERS))
            .keys(KeyScope::Read)
            .answers::<DonationTrace>(200, "The trace.", Some(example))
            .problems(&[NOT_FOUND]),
    ]
}

/// The trace of a donation: what became of it.
#[derive(Serialize, ToSchema)]
struct DonationTrace {
    /// Which.
    donation_id: Uuid,
    /// Whether it is void.
    voided: bool,
    /// The organisation it is for.
    #[schema(required)]
    designated_org_id: Option<Uuid>,
    /// The place it is for.
    #[schema(required)]
    designated_place_id: Option<Uuid>,
    /// Each item.
    #[schema(inline, max_items = 50)]
    items: Vec<TracedItem>,
    /// Issues out of it, the earliest first.
    #[schema(inline, max_items = 10_000)]
    issues: Vec<TracedIssue>,
    /// Whether there are more: `GET /v1/material-issues?donation_id=` lists them all. What was issued and what is left
    /// are of all of them.
    truncated: bool,
}

/// Issues that are told at most, and read at once.
const MOST: usize = 10_000;

/// An item of a donation.
#[derive(Serialize, ToSchema)]
struct TracedItem {
    /// Name of the item.
    #[schema(max_length = 60)]
    item: String,
    /// Its commodity.
    #[schema(required, max_length = 40)]
    commodity: Option<String>,
    /// How much was given.
    #[schema(value_type = String, max_length = 30)]
    quantity: String,
    /// Of what.
    #[schema(max_length = 20)]
    quantity_unit: String,
    /// How much of it was issued.
    #[schema(max_length = 30)]
    issued: String,
    /// How much of it is left.
    #[schema(max_length = 30)]
    left: String,
}

/// An issue out of a donation.
#[derive(Serialize, ToSchema)]
struct TracedIssue {
    /// Which.
    material_issue_id: Uuid,
    /// When.
    #[schema(value_type = DateTime<Utc>)]
    occurred_at: String,
    /// The organisation that handed it out.
    #[schema(required)]
    org_id: Option<Uuid>,
    /// To which place.
    #[schema(required)]
    recipient_place_id: Option<Uuid>,
    /// To which organisation.
    #[schema(required)]
    recipient_org_id: Option<Uuid>,
    /// To which team.
    #[schema(required)]
    recipient_team_id: Option<Uuid>,
    /// To how many people, for those who may read the issue.
    #[schema(required, minimum = 0)]
    recipients: Option<i64>,
    /// Whether the caller may read the issue itself.
    is_readable: bool,
    /// Items that were issued.
    #[schema(inline, max_items = 50)]
    items: Vec<IssuedItem>,
}

/// An item of an issue.
#[derive(Serialize, ToSchema)]
struct IssuedItem {
    /// Name of the item.
    #[schema(max_length = 60)]
    item: String,
    /// How much.
    #[schema(max_length = 30)]
    quantity: String,
    /// Of what.
    #[schema(max_length = 20)]
    quantity_unit: String,
}

async fn trace(call: Call) -> Answer {
    let donation = read::find(&call.core, call.actor()?, &DONATIONS, call.path_id()?).await?;
    let goods = goods_cache::believed(&call.core).await?;
    let goods = goods.of(&donation.envelope.district_code);
    let day = received_on(&donation, call.core.zone);
    let mut account = Account::of(measured(&donation, goods, day));
    let mut issues = issues_of(&call, &donation, None).await?;
    take(&call, goods, &mut account, &issues);
    let truncated = issues.len() > MOST;
    let mut last = issues.last().filter(|_| truncated).map(position);
    issues.truncate(MOST);
    // The remainder follows from all issues, however many there are.
    while let Some(after) = last {
        let further = issues_of(&call, &donation, Some(after)).await?;
        take(&call, goods, &mut account, &further);
        last = further.last().filter(|_| further.len() > MOST).map(position);
    }
    let shown = shown_of(&call, &donation, &issues).await?;
    let (envelope, values) = (&donation.envelope, &donation.values);
    Ok(HttpResponse::Ok().json(DonationTrace {
        donation_id: envelope.id,
        voided: envelope.voided,
        designated_org_id: values.get(&DESIGNATED_ORG_ID),
        designated_place_id: values.get(&DESIGNATED_PLACE_ID),
        items: account.lines().map(item_of).collect(),
        issues: issues.iter().map(|issue| traced(&call, issue, shown.contains(&issue.envelope.id))).collect(),
        truncated,
    }))
}

/// Place of an issue among those of a donation.
fn position(issue: &Record) -> (DateTime<Utc>, Uuid) {
    (issue.envelope.occurred_at, issue.envelope.id)
}

/// Takes what was issued. Items that don't fit were refused when they were written.
fn take(call: &Call, goods: &Goods, account: &mut Account, issues: &[Record]) {
    for issue in issues {
        let day = day_of(issue.envelope.occurred_at, call.core.zone);
        measured(issue, goods, day).for_each(|item| _ = account.take(&item));
    }
}

fn measured<'a>(record: &'a Record, goods: &'a Goods, day: chrono::NaiveDate) -> impl Iterator<Item = Measured> + 'a {
    record.values.list(&ITEMS).map(move |item| {
        let known = item.commodity.as_deref().and_then(|code| goods.known(code, day));
        Measured::of(item, known)
    })
}

fn item_of((item, issued, left): (&StockItem, Decimal, Decimal)) -> TracedItem {
    TracedItem {
        item: item.item.clone(),
        commodity: item.commodity.clone(),
        quantity: item.quantity.normalize().to_string(),
        quantity_unit: item.quantity_unit.clone(),
        issued: issued.to_string(),
        left: left.to_string(),
    }
}

fn traced(call: &Call, issue: &Record, is_readable: bool) -> TracedIssue {
    let Record { envelope, values } = issue;
    TracedIssue {
        material_issue_id: envelope.id,
        occurred_at: format_instant(envelope.occurred_at, call.core.zone),
        org_id: envelope.org_id,
        recipient_place_id: values.get(&RECIPIENT_PLACE_ID),
        recipient_org_id: values.get(&RECIPIENT_ORG_ID),
        recipient_team_id: values.get(&RECIPIENT_TEAM_ID),
        recipients: values.get(&RECIPIENTS).filter(|_| is_readable),
        is_readable,
        items: values
            .list(&ITEMS)
            .map(|StockItem { item, quantity, quantity_unit, .. }| IssuedItem {
                item,
                quantity: quantity.normalize().to_string(),
                quantity_unit,
            })
            .collect(),
    }
}

fn out_of(select: &str, donation: &Record) -> Statement {
    Statement::new(format!(
        "SELECT {select} FROM material_issues AS r WHERE NOT r.voided AND {} AND r.district_code = ",
        has_come("r.")
    ))
    .text(&donation.envelope.district_code)
    .sql(" AND r.donation_id = ")
    .id(donation.envelope.id)
}

/// Issues out of a donation behind a position, whoever may read them: one more than [`MOST`], where there are more.
async fn issues_of(
    call: &Call,
    donation: &Record,
    after: Option<(DateTime<Utc>, Uuid)>,
) -> Result<Vec<Record>, Problem> {
    let mut statement = out_of(MATERIAL_ISSUES.select(), donation);
    if let Some((occurred_at, id)) = after {
        statement = statement
            .sql(" AND (r.occurred_at, r.id) > (")
            .bind(ColumnType::Instant, Value::Instant(occurred_at))
            .sql(", ")
            .id(id)
            .sql(")");
    }
    let statement = statement
        .sql(format!(" ORDER BY r.occurred_at, r.id LIMIT {}", MOST + 1))
        .seeing_district(&donation.envelope.district_code);
    read::of_rows(&call.core, &MATERIAL_ISSUES, call.core.database.read(&statement).await?)
}

/// Those of some issues that the caller may read.
async fn shown_of(call: &Call, donation: &Record, issues: &[Record]) -> Result<BTreeSet<Uuid>, Problem> {
    let ids = issues.iter().map(|issue| Value::Id(issue.envelope.id)).collect();
    let statement = out_of("r.id", donation).sql(" AND r.id = ANY(").column(ColumnType::Id, ids).sql(") AND ");
    let statement = readable("r", statement, call.actor()?, &MATERIAL_ISSUES);
    let rows = call.core.database.read(&statement).await?;
    Ok(rows.into_iter().filter_map(|mut row| row.get(&ID)).collect())
}
