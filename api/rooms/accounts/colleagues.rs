//! `GET /v1/colleagues`: who can be named for something: handed a duty, made a supervisor. Told is what is needed for
//! that, of accounts that work where the caller does: above his area, in it or below; to whoever works for one
//! organisation only those of his own.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::http::Method;
use kit::columns;
use kit::field::{Field, Shape};
use kit::fields;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::text::Text;
use kit::value::Value;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::called;
use crate::platform::access::Role;
use crate::platform::access::colleagues::work_beside;
use crate::platform::access::roles::{self, Actor};
use crate::platform::core::Core;
use crate::platform::http::page::{self, Page};
use crate::platform::http::{Access, Answer, Call, Operation, fault};
use crate::records::codes::UNKNOWN_AREA;
use crate::records::envelope::{ID, ORG_ID};
use crate::records::list::{CURSOR, LIMIT};
use crate::rooms::duties;

/// Roles that name others: they waive and hand on duties of other people, or set supervisors.
const NAMERS: &[Role] = &[
    Role::DistrictAdmin,
    Role::OrgAdmin,
    Role::GridWorker,
    Role::TownCadre,
    Role::VillageCadre,
    Role::GroupCadre,
    Role::HealthWorker,
    Role::CdcOfficer,
    Role::PoliceOfficer,
];

fields! {
    /// Parameters.
    static PARAMETERS;
    AREA_CODE: String = Field::new("area_code", Shape::Area, Text::new("Area", "区划代码"), "Those whose role reaches that area.");
    ROLE: String = Field::new("role", Shape::Word(&roles::ROLE), Text::new("Role", "角色"), "Those with that role.");
    Q: String = crate::platform::called::Q;
}

columns! {
    USERNAME "username": String;
    DISPLAY_NAME "display_name": String;
    ORGANIZATION_NAME "organization_name": String;
    ROLES "roles": Vec<ColleagueRole>;
}

/// Somebody who can be named.
#[derive(Serialize, ToSchema)]
struct Colleague {
    /// The account.
    id: Uuid,
    /// Its name for signing in, by which the list is ordered.
    #[schema(max_length = 40)]
    username: String,
    /// The name that others see.
    #[schema(max_length = 60)]
    display_name: String,
    /// Roles by which it works where the caller does.
    #[schema(inline, max_items = 50)]
    roles: Vec<ColleagueRole>,
    /// Its organisation.
    #[schema(inline, required)]
    organization: Option<ColleagueOrganization>,
    /// The same, before its name is known.
    #[serde(skip)]
    org_id: Option<Uuid>,
}

/// A role over an area.
#[derive(Deserialize, Serialize, ToSchema)]
struct ColleagueRole {
    /// The role.
    #[schema(max_length = 40)]
    role: String,
    /// That division and all below.
    #[schema(max_length = 15)]
    area_code: String,
    /// Only what belongs to this organisation.
    #[schema(required)]
    org_id: Option<Uuid>,
}

/// An organisation with its name.
#[derive(Serialize, ToSchema)]
struct ColleagueOrganization {
    /// The organisation.
    id: Uuid,
    /// Its name.
    #[schema(max_length = 200)]
    name: String,
}

/// The operation.
pub fn operations() -> Vec<Operation> {
    let example = json!({"items": [{"id": "0198c0de-0000-7000-8000-00000000000b", "username": "village.daxing", "display_name": "王五",
        "roles": [{"role": "village_cadre", "area_code": "511802005001", "org_id": null}], "organization": null}], "next_cursor": null});
    vec![
        Operation::new(Method::GET, "/v1/colleagues", "list_colleagues", list)
            .described("users", "List colleagues", "Who can be handed a duty or made a supervisor: active accounts that work where the caller does, above his area, in it or below; for whoever works for one organisation those of his own. By name.")
            .access(Access::Roles(NAMERS))
            .parameters([&LIMIT, &CURSOR].into_iter().chain(PARAMETERS).collect())
            .answers::<Page<Colleague>>(200, "A page.", Some(example))
            .with_headers(&["Link"]),
    ]
}

async fn list(call: Call) -> Answer {
    let actor = call.actor()?;
    let asked = |field: &str| call.query.text(field).unwrap_or_default().to_owned();
    let binding = format!("colleagues|{}|{}|{}|{}", actor.user_id, asked("area_code"), asked("role"), asked("q"));
    let after = page::position(&call, &binding)?;
    let called = called::ids(&call.core, &call.query).await?;
    let statement = statement(&call, actor, called, after.as_deref())?;
    let rows = call.core.database.read(&statement).await?;
    let mut found: Vec<Colleague> = rows.into_iter().filter_map(colleague).collect();
    name_organizations(&call.core, actor, &mut found).await?;
    Ok(page::answer(&call, &binding, found, |colleague| colleague.username.clone(), |colleague| colleague))
}

fn statement(call: &Call, actor: &Actor, called: Option<Vec<Uuid>>, after: Option<&str>) -> Result<Statement, Problem> {
    let roles = duties::READERS.iter().map(|role| Value::Text(role.code().to_owned())).collect();
    let statement = Statement::new(
        "SELECT u.id, u.username, u.display_name, u.org_id, \
         jsonb_agg(jsonb_build_object('role', g.role, 'area_code', g.area_code, 'org_id', g.org_id) ORDER BY g.role, g.area_code) AS roles \
         FROM users AS u JOIN user_grants AS g ON g.user_id = u.id \
         WHERE u.active AND g.role = ANY(",
    )
    .column(ColumnType::Text, roles)
    .sql(") AND ");
    let mut statement = work_beside(statement, actor, actor.grants_of(NAMERS));
    if let Some(code) = call.query.get(&AREA_CODE) {
        let placement = call.core.divisions.place(code, None).ok_or_else(|| fault("?area_code", UNKNOWN_AREA))?;
        statement = statement.sql(" AND starts_with(").text(&placement.area_code).sql(", g.area_code)");
    }
    if let Some(role) = call.query.get(&ROLE) {
        statement = statement.sql(" AND g.role = ").text(role);
    }
    if let Some(ids) = called {
        let ids = ids.into_iter().map(Value::Id).collect();
        statement = statement.sql(" AND u.id = ANY(").column(ColumnType::Id, ids).sql(")");
    }
    if let Some(after) = after {
        statement = statement.sql(" AND u.username > ").text(after);
    }
    let most = i64::try_from(page::limit(call)).map_err(Problem::internal)? + 1;
    let statement = statement.sql(" GROUP BY u.id, u.username, u.display_name, u.org_id ORDER BY u.username LIMIT ");
    Ok(statement.bind(ColumnType::Integer, Value::Integer(most)))
}

/// Tells the name of each one's organisation, of those in the caller's districts.
async fn name_organizations(core: &Core, actor: &Actor, found: &mut [Colleague]) -> Result<(), Problem> {
    let ids: BTreeSet<Uuid> = found.iter().filter_map(|colleague| colleague.org_id).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let districts = actor.districts.iter().cloned().map(Value::Text).collect();
    let statement = Statement::new(
        "SELECT o.id AS org_id, o.name AS organization_name FROM organizations AS o WHERE o.district_code = ANY(",
    )
    .column(ColumnType::Text, districts)
    .sql(") AND o.id = ANY(")
    .column(ColumnType::Id, ids.into_iter().map(Value::Id).collect())
    .sql(")")
    // The service's own question.
    .seeing_everything();
    let rows = core.database.read(&statement).await?;
    let names: BTreeMap<Uuid, String> =
        rows.into_iter().filter_map(|mut row| row.get(&ORG_ID).zip(row.get(&ORGANIZATION_NAME))).collect();
    for colleague in found {
        let named = colleague.org_id.and_then(|id| Some((id, names.get(&id)?.clone())));
        colleague.organization = named.map(|(id, name)| ColleagueOrganization { id, name });
    }
    Ok(())
}

fn colleague(mut row: Row) -> Option<Colleague> {
    Some(Colleague {
        org_id: row.get(&ORG_ID),
        id: row.get(&ID)?,
        username: row.get(&USERNAME)?,
        display_name: row.get(&DISPLAY_NAME)?,
        roles: row.get(&ROLES)?,
        organization: None,
    })
}
