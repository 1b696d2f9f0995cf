//! Whoever answers for a duty: its assignee; else the case's supervisor of its line, for who may read the case; else
//! the accounts that hold the line's role nearest to its area. A duty without a name is nobody's, and is told as such.

use std::collections::BTreeMap;

use kit::columns;
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use serde::Serialize;
use serde_json::Value as Json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::subjects::accounts;
use crate::platform::access::roles::Role;
use crate::platform::http::Call;
use crate::records::Record;
use crate::records::read::find_all;
use crate::rooms::duties::wire;

/// Names told of one duty at most.
const MOST: usize = 3;
/// The kind whose records name supervisors.
const CASES: &str = "isolation_cases";
const SUPERVISORS: &str = "supervisors";

columns! {
    ID "id": Uuid;
    NAME "name": String;
    ROLE "role": String;
    AREA_CODE "area_code": String;
    ORG_ID "org_id": Uuid;
}

/// Somebody who answers for a duty.
#[derive(Clone, Serialize, ToSchema)]
pub struct Responsible {
    /// The name.
    #[schema(max_length = 100)]
    pub name: String,
    /// `assignee`, `supervisor` or `account`.
    #[schema(value_type = String, max_length = 20)]
    pub by: &'static str,
    /// The account, where there is one.
    #[schema(required)]
    pub user_id: Option<Uuid>,
}

/// An account with a role somewhere.
struct Holder {
    user_id: Uuid,
    name: String,
    role: String,
    area_code: String,
    org_id: Option<Uuid>,
}

/// All who may answer for some duties.
pub struct People {
    names: BTreeMap<Uuid, String>,
    supervisors: BTreeMap<Uuid, Json>,
    holders: Vec<Holder>,
}

/// The role that works on a line; of volunteers and those of whom there is no account nobody is told.
fn role_of(line: &str) -> Option<Role> {
    match line {
        "town" => Some(Role::TownCadre),
        "village" => Some(Role::VillageCadre),
        "group" => Some(Role::GroupCadre),
        "grid" => Some(Role::GridWorker),
        "health_center" => Some(Role::HealthWorker),
        "police_station" => Some(Role::PoliceOfficer),
        "store" => Some(Role::StoreReporter),
        "organizer" => Some(Role::OrgAdmin),
        "district" => Some(Role::DistrictAdmin),
        _ => None,
    }
}

/// Reads who may answer for these duties.
pub async fn responsible(call: &Call, duties: &[Record]) -> Result<People, Problem> {
    let (core, actor) = (&call.core, call.actor()?);
    let mut ids: Vec<Uuid> = Vec::new();
    let mut cases: Vec<Uuid> = Vec::new();
    for duty in duties {
        ids.extend(duty.values.get(&wire::ASSIGNEE_ID));
        ids.extend(duty.values.get(&wire::ESCALATED_TO_ID));
        if duty.values.get(&wire::SUBJECT_KIND) == Some(CASES) {
            cases.extend(duty.values.get(&wire::SUBJECT_ID));
        }
    }
    let names = accounts(core, actor, &ids).await?;
    let mut supervisors = BTreeMap::new();
    if let Some(kind) = core.kinds().kind(CASES) {
        for (id, case) in find_all(core, actor, kind, &cases).await? {
            supervisors.extend(case.values.json(SUPERVISORS).map(|list| (id, list.clone())));
        }
    }
    Ok(People { names, supervisors, holders: holders(call, duties).await? })
}

/// The accounts that hold a role over the area of a duty, in its district.
async fn holders(call: &Call, duties: &[Record]) -> Result<Vec<Holder>, Problem> {
    let mut areas: Vec<&str> = duties.iter().map(|duty| duty.envelope.area_code.as_str()).collect();
    areas.sort_unstable();
    areas.dedup();
    let statement = Statement::new(
        "SELECT u.id, u.display_name AS name, g.role, g.area_code, g.org_id FROM user_grants AS g JOIN users AS u ON u.id = g.user_id \
         WHERE u.active AND EXISTS (SELECT 1 FROM unnest(",
    )
    .column(ColumnType::Text, areas.into_iter().map(|area| Value::Text(area.to_owned())).collect())
    .sql("::text[]) AS a(code) WHERE starts_with(a.code, g.area_code)) ORDER BY length(g.area_code) DESC, u.id LIMIT 2000");
    let rows = call.core.database.read(&statement).await?;
    let holder = |mut row: kit::row::Row| {
        Some(Holder {
            user_id: row.get(&ID)?,
            name: row.get(&NAME)?,
            role: row.get(&ROLE)?,
            area_code: row.get(&AREA_CODE)?,
            org_id: row.get(&ORG_ID),
        })
    };
    Ok(rows.into_iter().filter_map(holder).collect())
}

impl People {
    /// An account's name, where the caller may know it.
    pub fn name(&self, user_id: Uuid) -> Option<String> {
        self.names.get(&user_id).cloned()
    }

    /// Whoever answers for a duty.
    pub fn of(&self, duty: &Record) -> Vec<Responsible> {
        if let Some(user_id) = duty.values.get(&wire::ASSIGNEE_ID)
            && let Some(name) = self.name(user_id)
        {
            return vec![Responsible { name, by: "assignee", user_id: Some(user_id) }];
        }
        let Some(line) = duty.values.get(&wire::LINE).map(|line| line.code()) else { return Vec::new() };
        self.supervisor(duty, line).map_or_else(|| self.nearest(duty, line), |one| vec![one])
    }

    fn supervisor(&self, duty: &Record, line: &str) -> Option<Responsible> {
        let list = self.supervisors.get(&duty.values.get(&wire::SUBJECT_ID)?)?.as_array()?;
        let text = |one: &Json, member: &str| one.get(member).and_then(Json::as_str).map(str::to_owned);
        let found = list.iter().find(|one| text(one, "level").as_deref() == Some(line))?;
        let user_id = text(found, "user_id").and_then(|id| Uuid::try_parse(&id).ok());
        Some(Responsible { name: text(found, "name")?, by: "supervisor", user_id })
    }

    /// Those whose grant is narrowest: the village's own before the township's.
    fn nearest(&self, duty: &Record, line: &str) -> Vec<Responsible> {
        let Some(role) = role_of(line) else { return Vec::new() };
        let area_code = &duty.envelope.area_code;
        let of_duty = |holder: &&Holder| {
            holder.role == role.code()
                && area_code.starts_with(&holder.area_code)
                && (holder.org_id.is_none() || holder.org_id == duty.envelope.org_id)
        };
        let digits = self.holders.iter().find(of_duty).map_or(0, |holder| holder.area_code.len());
        let nearest = self.holders.iter().filter(of_duty).filter(|holder| holder.area_code.len() == digits);
        let told = nearest.map(|holder| Responsible {
            name: holder.name.clone(),
            by: "account",
            user_id: Some(holder.user_id),
        });
        told.take(MOST).collect()
    }
}
