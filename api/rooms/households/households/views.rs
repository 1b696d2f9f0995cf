//! A household as those who come to its door need it: who lives there today, and who did.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::CACHE_CONTROL;
use chrono::NaiveDate;
use kit::columns;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::time::day_of;
use kit::value::Value;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::HOUSEHOLDS;
use crate::platform::access::keys::KeyScope;
use crate::platform::http::{Access, Answer, Call, Operation};
use crate::platform::privacy::mask;
use crate::records::envelope::ID;
use crate::records::read;
use crate::records::scope::standing;
use crate::rooms::households::READERS;
use crate::rooms::households::household_members::{
    BASIS, HOUSEHOLD_MEMBERS, MembershipBasis, RELATION, Relation, SINCE_ON,
};
use crate::rooms::households::roots::roots;
use crate::rooms::registers::{PEOPLE, person};

/// Somebody of a household, with the day on which the membership ends.
#[derive(Serialize, ToSchema)]
struct Membership {
    /// The membership's record.
    id: Uuid,
    /// The person.
    person_id: Uuid,
    /// The name, masked.
    #[schema(required, max_length = 60)]
    name: Option<String>,
    /// To the head of the household.
    #[schema(required, value_type = Option<String>, max_length = 20)]
    relation: Option<Relation>,
    /// Lives there, or is only registered there.
    #[schema(required, value_type = Option<String>, max_length = 20)]
    basis: Option<MembershipBasis>,
    /// From this day on.
    #[schema(required)]
    since_on: Option<NaiveDate>,
    /// The first day on which it doesn't hold any more: that of leaving, or of the person's next membership.
    #[schema(required)]
    ends_on: Option<NaiveDate>,
    /// Whether it holds today.
    open: bool,
}

/// Members of a household, former ones too.
#[derive(Serialize, ToSchema)]
struct HouseholdPeople {
    /// The household.
    household_id: Uuid,
    /// Memberships, the newest last.
    #[schema(inline, max_items = 1_000)]
    items: Vec<Membership>,
}

columns! {
    PERSON_ID "person_id": Uuid;
    ENDS_ON "ends_on": NaiveDate;
}

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    let member = json!({"id": "0198c0de-0042-7000-8000-000000000001", "person_id": "0198c0de-0003-7000-8000-000000000001", "name": "张*", "relation": "head", "basis": "lives", "since_on": "2020-01-10", "ends_on": null, "open": true});
    vec![
        Operation::new(Method::GET, "/v1/households/{id}/people", "list_household_people", people)
            .described("households", "Who belongs to a household", "Each membership with the day on which it ends, by its own last day or because the person lives elsewhere since. Names are masked.")
            .access(Access::Roles(READERS))
            .keys(KeyScope::Read)
            .answers::<HouseholdPeople>(200, "The people.", Some(json!({"household_id": "0198c0de-0041-7000-8000-000000000001", "items": [member]}))),
    ]
}

async fn people(call: Call) -> Answer {
    let (core, actor) = (&call.core, call.actor()?);
    let household = read::find(core, actor, &HOUSEHOLDS, call.path_id()?).await?;
    let (district_code, id) = (&household.envelope.district_code, household.envelope.id);
    let ids: Vec<Value> =
        read::family(core, &HOUSEHOLDS, district_code, id).await?.into_iter().map(Value::Id).collect();
    let statement = Statement::new("WITH roots AS MATERIALIZED (SELECT b.id, b.root FROM ")
        .then(roots(PEOPLE.name, district_code))
        .sql(" AS b), own AS (SELECT o.household_id, o.person_id, coalesce(b.root, o.person_id) AS root FROM household_members AS o LEFT JOIN roots AS b ON b.id = o.person_id WHERE o.district_code = ")
        .text(district_code)
        .sql(" AND o.household_id = ANY(")
        .column(ColumnType::Id, ids)
        .sql(")), theirs AS (SELECT own.person_id AS id FROM own UNION SELECT own.root FROM own UNION SELECT b.id FROM roots AS b WHERE b.root IN (SELECT own.root FROM own)), r AS (SELECT m.*, CASE WHEN m.basis = 'lives' THEN lead(m.since_on) OVER (PARTITION BY m.basis, coalesce(b.root, m.person_id) ORDER BY m.since_on, m.occurred_at, m.id) END AS next_on FROM household_members AS m LEFT JOIN roots AS b ON b.id = m.person_id WHERE m.district_code = ")
        .text(district_code)
        .sql(" AND NOT m.voided AND m.person_id = ANY(ARRAY(SELECT theirs.id FROM theirs))) SELECT r.id, r.person_id, r.relation, r.basis, r.since_on, least(r.until_on, r.next_on) AS ends_on FROM r WHERE r.household_id IN (SELECT own.household_id FROM own) AND ");
    let statement = standing("r", statement, actor, &HOUSEHOLD_MEMBERS).sql(" ORDER BY r.since_on, r.id LIMIT 1000");
    let rows = core.database.read(&statement.seeing_district(district_code)).await?;
    let today = day_of(core.clock.now(), core.zone);
    let mut items: Vec<Membership> = rows.into_iter().filter_map(|row| membership(row, today)).collect();
    let ids: Vec<Uuid> = items.iter().map(|item| item.person_id).collect();
    let people = read::find_all(core, actor, &PEOPLE, &ids).await?;
    for item in &mut items {
        let found = people.get(&item.person_id);
        item.name = found.and_then(|found| found.values.get(&person::NAME)).map(mask::mask_name);
    }
    let body = HouseholdPeople { household_id: id, items };
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(body))
}

fn membership(mut row: Row, today: NaiveDate) -> Option<Membership> {
    let (since_on, ends_on) = (row.get(&SINCE_ON), row.get(&ENDS_ON));
    let begun = since_on.is_none_or(|day| day <= today);
    Some(Membership {
        id: row.get(&ID)?,
        person_id: row.get(&PERSON_ID)?,
        name: None,
        relation: row.get(&RELATION),
        basis: row.get(&BASIS),
        since_on,
        ends_on,
        open: begun && ends_on.is_none_or(|day| day > today),
    })
}
