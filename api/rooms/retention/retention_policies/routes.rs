//! Policies in force today, as they are told.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::CACHE_CONTROL;
use chrono::NaiveDate;
use serde::Serialize;
use serde_json::{Value as Json, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::in_force::{InForce, all_in_force};
use super::{READERS, RETENTION_POLICIES};
use crate::platform::http::{Access, Answer, Call, Operation};

/// The operation beside those that every kind has.
pub fn operations() -> Vec<Operation> {
    vec![
        Operation::new(Method::GET, "/v1/retention", "get_retention", get)
            .described(RETENTION_POLICIES.name, "Retention in force", "For each kind of record with a policy in force in the caller's districts: which policy, and before which day personal data is over today. A kind that isn't listed is kept.")
            .access(Access::Roles(READERS))
            .answers::<Retention>(200, "What is in force today.", Some(json!({"items": [example()]}))),
    ]
}

/// Policies in force.
#[derive(Serialize, ToSchema)]
struct Retention {
    /// One a kind of record and district.
    #[schema(max_items = 10_000)]
    items: Vec<RetentionInForce>,
}

/// A policy in force.
#[derive(Serialize, ToSchema)]
struct RetentionInForce {
    /// The district.
    #[schema(max_length = 6)]
    district_code: String,
    /// The kind of record.
    #[schema(max_length = 60)]
    record_kind: String,
    /// The policy.
    policy_id: Uuid,
    /// For how many days it is kept.
    #[schema(minimum = 30, maximum = 36500)]
    kept_days: i64,
    /// The document that says so.
    #[schema(max_length = 200)]
    basis: String,
    /// Records from before this day are over today, unless a younger record names them.
    before_on: NaiveDate,
}

impl From<InForce> for RetentionInForce {
    fn from(policy: InForce) -> Self {
        let InForce { id: policy_id, district_code, kind: record_kind, kept_days, basis, before_on } = policy;
        Self { district_code, record_kind, policy_id, kept_days, basis, before_on }
    }
}

fn example() -> Json {
    json!({"district_code": "511802", "record_kind": "screenings", "policy_id": "0198c0de-0099-7000-8000-000000000901",
        "kept_days": 180, "basis": "区指挥部个人信息留存规定", "before_on": "2020-08-05"})
}

async fn get(call: Call) -> Answer {
    let districts = &call.actor()?.districts;
    let policies = all_in_force(&call.core).await?;
    let own = policies.into_iter().filter(|policy| districts.contains(&policy.district_code));
    let items = own.map(RetentionInForce::from).collect();
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(Retention { items }))
}
