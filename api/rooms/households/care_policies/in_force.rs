//! Policies in force in an area on a day, of the district's own and of those that are shipped.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::CACHE_CONTROL;
use chrono::NaiveDate;
use kit::field::{Field, Shape};
use kit::text::Text;
use kit::time::day_of;
use kit::typed::TypedField;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Care;
use super::table::CareTable;
use crate::platform::access::keys::KeyScope;
use crate::platform::codes::{DISTRICT_REQUIRED, NOT_FOUND};
use crate::platform::http::page::{AREA_CODE, DISTRICT_CODE, one_district};
use crate::platform::http::{Access, Answer, Call, Operation};
use crate::rooms::households::READERS;
use crate::rooms::households::household_groups::policies::GroupPolicy;
use crate::rooms::registers::PersonCategory;

/// Parameter: the day asked about.
const ON: TypedField<NaiveDate> = TypedField::named(
    "ON",
    Field::new("on", Shape::Day, Text::new("On", "日期"), "In force on this day; today by default.").any_day(),
);

/// Care that is in force for a category.
#[derive(Serialize, ToSchema)]
struct CareInForce {
    /// Of whom.
    #[schema(value_type = String, max_length = 60)]
    category: PersonCategory,
    /// The care they need.
    #[schema(value_type = String, max_length = 20)]
    care: Care,
    /// For so many days after the one since which the category holds.
    #[schema(minimum = 0, maximum = 60)]
    window_days: i64,
    /// From which day on.
    effective_on: NaiveDate,
    /// The document that says so.
    #[schema(max_length = 200)]
    basis: String,
    /// The district's record; null of what is shipped.
    #[schema(required)]
    care_policy_id: Option<Uuid>,
}

/// Policies in force in an area on a day.
#[derive(Serialize, ToSchema)]
struct PoliciesInForce {
    /// Where.
    #[schema(max_length = 12)]
    area_code: String,
    /// When.
    on: NaiveDate,
    /// So many households a group has at most.
    #[schema(minimum = 1, maximum = 50)]
    max_households: i64,
    /// The document that says so.
    #[schema(max_length = 200)]
    max_households_basis: String,
    /// Care by category; those that aren't named need none.
    #[schema(inline, max_items = 10)]
    care: Vec<CareInForce>,
}

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    let care = json!({"category": "hubei_returnee", "care": "isolation", "window_days": 14, "effective_on": "2020-01-24", "basis": "八步镇防控工作要求", "care_policy_id": null});
    let example = json!({"area_code": "511802005001", "on": "2020-02-02", "max_households": 10, "max_households_basis": "八步镇防控工作要求", "care": [care]});
    vec![
        Operation::new(Method::GET, "/v1/care-policies/in-force", "get_policies_in_force", in_force)
            .described("care_policies", "Policies in force", "The care that each category needs and how many households a group has at most, in an area on a day: by the district's own policies, and where it has none by those that are shipped (八步镇, from 2020-01-24).")
            .access(Access::Roles(READERS))
            .keys(KeyScope::Read)
            .parameters(vec![&AREA_CODE, &DISTRICT_CODE, &ON.field])
            .answers::<PoliciesInForce>(200, "The policies.", Some(example))
            .problems(&[DISTRICT_REQUIRED, NOT_FOUND]),
    ]
}

async fn in_force(call: Call) -> Answer {
    let core = &call.core;
    let district_code = one_district(call.actor()?, &call.query)?;
    let on = call.query.get(&ON).unwrap_or(day_of(core.clock.now(), core.zone));
    let area_code = call.query.text(AREA_CODE.name).unwrap_or(&district_code);
    let groups = core.database.read(&GroupPolicy::statement(&district_code).seeing_district(&district_code)).await?;
    let groups: Vec<GroupPolicy> = groups.into_iter().filter_map(GroupPolicy::of_row).collect();
    let (max_households, max_households_basis) = GroupPolicy::told(&groups, area_code, on);
    let table = CareTable::load(core, &district_code).await?;
    let care = PersonCategory::ALL.iter().filter_map(|category| table.at(*category, area_code, on));
    let care = care.map(|policy| CareInForce {
        category: policy.category,
        care: policy.care,
        window_days: policy.window_days,
        effective_on: policy.effective_on,
        basis: policy.basis.clone(),
        care_policy_id: policy.id,
    });
    let care = care.collect();
    let body = PoliciesInForce { area_code: area_code.to_owned(), on, max_households, max_households_basis, care };
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(body))
}
