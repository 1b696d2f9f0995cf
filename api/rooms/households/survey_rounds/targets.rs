//! Targets of a round, each as its visits make it stand: whom nobody looked at yet, with the door, who lives there and
//! whose work it is.

use std::collections::BTreeMap;

use actix_web::http::Method;
use chrono::{DateTime, Utc};
use kit::field::{Field, Shape};
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::Statement;
use kit::text::Text;
use kit::time::InZone;
use kit::typed::TypedField;
use kit::{columns, words};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

pub use super::standings::standing_targets;
use super::standings::{filled, members};
use super::{FROZEN, SURVEY_ROUNDS};
use crate::platform::access::keys::KeyScope;
use crate::platform::access::roles::Actor;
use crate::platform::codes::NOT_FOUND;
use crate::platform::http::page::{self, AREA_CODE, CURSOR, LIMIT, Page};
use crate::platform::http::{Access, Answer, Call, Operation, fault};
use crate::platform::privacy::mask;
use crate::records::{Record, envelope, read};
use crate::rooms::households::READERS;
use crate::rooms::households::codes::ROUND_NOT_READY;
use crate::rooms::households::households::{DOOR, HOUSEHOLDS};
use crate::rooms::registers::{PEOPLE, person};

words! {
    /// How a target stands.
    pub TargetState "survey_target_state" "State" "核查状态" {
        Open "open" "nobody looked" "未查";
        Attempted "attempted" "tried in vain" "未联系上";
        Refused "refused" "refused" "拒绝";
        Done "done" "done" "已查";
    }
}

/// Targets that stand so.
pub const STATE: TypedField<TargetState> = TypedField::named(
    "STATE",
    Field::new("state", Shape::Word(TargetState::VOCABULARY), Text::new("State", "核查状态"), "Targets that stand so."),
);
static ASSIGNEE: Field = Field::new(
    "assignee",
    Shape::Text { min: 2, max: 36, pattern: Some("me|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}") },
    Text::new("Assignee", "责任人"),
    "`me`: the caller's own; or those of an account.",
);
/// A part asked about.
pub const GRID_CELL_ID: TypedField<Uuid> = TypedField::named(
    "GRID_CELL_ID",
    Field::new("grid_cell_id", Shape::Id, Text::new("Grid cell", "网格"), "Targets of that cell."),
);
/// A part asked about.
pub const HOUSEHOLD_GROUP_ID: TypedField<Uuid> = TypedField::named(
    "HOUSEHOLD_GROUP_ID",
    Field::new("household_group_id", Shape::Id, Text::new("Group", "十户组"), "Targets of that group."),
);
/// A part asked about.
pub const PLACE_ID: TypedField<Uuid> = TypedField::named(
    "PLACE_ID",
    Field::new("place_id", Shape::Id, Text::new("Compound", "小区(院落)"), "Targets of that compound."),
);
columns! {
    TARGET_ID "target_id": Uuid;
    HOUSEHOLD_ID "household_id": Uuid;
    PERSON_ID "person_id": Uuid;
    ASSIGNEE_ID "assignee_id": Uuid;
    ASSIGNEE_NAME "assignee_name": String;
    ATTEMPTS "attempts": i64;
    LAST_VISIT_AT "last_visit_at": DateTime<Utc>;
    DONE_AS "done_as": String;
    /// Whether a visit told of a member.
    CONFIRMED "confirmed": bool;
}

/// A target as it stands.
#[derive(Serialize, ToSchema)]
pub struct SurveyTargetItem {
    /// The household, or of a round that looks at persons the person.
    #[schema(value_type = Uuid)]
    pub target_id: Uuid,
    /// The household.
    #[schema(required)]
    household_id: Option<Uuid>,
    /// Of a round that looks at persons: whom.
    #[schema(required)]
    person_id: Option<Uuid>,
    /// How it stands.
    #[schema(value_type = String, max_length = 20)]
    pub state: TargetState,
    /// Result that made it done: reached, vacant or moved.
    #[schema(required, max_length = 20)]
    done_as: Option<String>,
    /// Visits so far.
    #[schema(minimum = 0)]
    pub attempts: i64,
    /// The last of them.
    #[schema(required, value_type = Option<DateTime<Utc>>)]
    pub last_visit_at: Option<InZone>,
    /// Where it stands.
    #[schema(max_length = 12)]
    pub area_code: String,
    /// Its grid cell.
    #[schema(required)]
    grid_cell_id: Option<Uuid>,
    /// Its group.
    #[schema(required)]
    household_group_id: Option<Uuid>,
    /// Its compound.
    #[schema(required)]
    place_id: Option<Uuid>,
    /// Account that answers for it: the group's leader's, else the cell's leader's.
    #[schema(required)]
    assignee_id: Option<Uuid>,
    /// That account's name.
    #[schema(required, max_length = 60)]
    pub assignee_name: Option<String>,
    /// The door.
    #[schema(required, max_length = 60)]
    pub door: Option<String>,
    /// Persons that belong to it, as it stood when the round was started.
    #[schema(inline, max_items = 100)]
    pub members: Vec<TargetMember>,
}

/// A person of a target.
#[derive(Clone, Serialize, ToSchema)]
pub struct TargetMember {
    /// The person.
    person_id: Uuid,
    /// The name, masked.
    #[schema(required, max_length = 60)]
    pub name: Option<String>,
    /// Whether a visit of the round told of the person.
    pub confirmed: bool,
}

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    let operation = Operation::new(Method::GET, "/v1/survey-rounds/{id}/targets", "list_survey_targets", targets)
        .described(
            "survey_rounds",
            "Targets of a round",
            "Whom the round looks at, each as its visits make it stand. For a surveyor's morning: `assignee=me&state=open`. Names are masked; whoever answers for a case is told plainly elsewhere.",
        );
    vec![listing(operation, vec![&STATE.field])]
}

/// The operation with what a list of targets takes and gives.
pub fn listing(operation: Operation, parameters: Vec<&'static Field>) -> Operation {
    let narrowed =
        [&AREA_CODE, &GRID_CELL_ID.field, &HOUSEHOLD_GROUP_ID.field, &PLACE_ID.field, &ASSIGNEE, &LIMIT, &CURSOR];
    let member = json!({"person_id": "0198c0de-0003-7000-8000-000000000001", "name": "张*", "confirmed": false});
    let id = "0198c0de-0041-7000-8000-000000000001";
    let example = json!({"items": [{"target_id": id, "household_id": id, "person_id": null, "state": "open", "done_as": null, "attempts": 0, "last_visit_at": null, "area_code": "511802005001", "grid_cell_id": null, "household_group_id": null, "place_id": null, "assignee_id": null, "assignee_name": null, "door": "3栋2单元501", "members": [member]}], "next_cursor": null});
    operation
        .access(Access::Roles(READERS))
        .keys(KeyScope::Read)
        .parameters(parameters.into_iter().chain(narrowed).collect())
        .answers::<Page<SurveyTargetItem>>(200, "A page.", Some(example))
        .problems(&[ROUND_NOT_READY])
}

async fn targets(call: Call) -> Answer {
    let state = call.query.get(&STATE);
    listed(&call, "targets", |statement| match state {
        Some(state) => statement.sql(" AND s.state = ").text(state.code()),
        None => statement,
    })
    .await
}

/// The round, if the caller may see it and its list is drawn up.
pub async fn ready_round(call: &Call) -> Result<Record, Problem> {
    let actor = call.actor()?;
    let round = read::find(&call.core, actor, &SURVEY_ROUNDS, call.path_id()?).await?;
    // Rounds are seen all over the district; who has no part in one has nothing to look for in it.
    let area_code = &round.envelope.area_code;
    let has_part = actor.grants_of(READERS).any(|grant| {
        grant.area_code.starts_with(area_code.as_str()) || area_code.starts_with(grant.area_code.as_str())
    });
    if !has_part {
        return Err(NOT_FOUND.into());
    }
    match round.values.get(&FROZEN) {
        Some(frozen) if frozen.ready => Ok(round),
        _ => Err(ROUND_NOT_READY.into()),
    }
}

/// Answers a page of the list's targets for which a condition holds.
pub async fn listed(call: &Call, list: &str, condition: impl FnOnce(Statement) -> Statement) -> Answer {
    let (core, actor) = (&call.core, call.actor()?);
    let round = ready_round(call).await?;
    let (district_code, id) = (&round.envelope.district_code, round.envelope.id);
    let binding = format!(
        "survey_{list}|{}|{id}|{}",
        actor.user_id,
        call.request.query_string().split("cursor=").next().unwrap_or_default().trim_end_matches('&')
    );
    let after = match page::position(call, &binding)? {
        Some(text) => {
            Some(text.parse::<Uuid>().map_err(|_| fault("?cursor", kit::catalogue::FaultCode::BAD_PARAMETER))?)
        }
        None => None,
    };
    let statement = condition(asked(call, actor, &round, ""));
    let statement = match after {
        Some(after) => statement.sql(" AND s.target_id > ").id(after),
        None => statement,
    };
    let most = i64::try_from(page::limit(call) + 1).unwrap_or(i64::MAX);
    let rows = core.database.read(&statement.sql(" ORDER BY s.target_id LIMIT ").integer(most)).await?;
    let items = told(call, district_code, id, rows).await?;
    Ok(page::answer(call, &binding, items, |item| item.target_id.to_string(), |item| item))
}

/// `SELECT` the list's targets that the request asks for, with whose work each is; a condition follows with ` AND …`.
pub fn asked(call: &Call, actor: &Actor, round: &Record, more: &str) -> Statement {
    let then = format!(
        "SELECT s.*, (SELECT u.display_name FROM users AS u WHERE u.id = s.assignee_id) AS assignee_name{more} FROM s WHERE s.listed"
    );
    let (district_code, id) = (&round.envelope.district_code, round.envelope.id);
    let targets = standing_targets(actor, district_code, id, "").then(filled(&then, district_code, id));
    narrowed(call, actor, targets)
}

/// ` AND` it stands where the request asks.
fn narrowed(call: &Call, actor: &Actor, statement: Statement) -> Statement {
    let statement = match call.query.text(AREA_CODE.name) {
        Some(area_code) => statement.sql(" AND starts_with(s.area_code, ").text(area_code).sql(")"),
        None => statement,
    };
    let statement = of_part(call, statement);
    match call.query.text(ASSIGNEE.name) {
        Some("me") => statement.sql(" AND s.assignee_id = ").id(actor.user_id),
        Some(id) => statement.sql(" AND s.assignee_id::text = ").text(id),
        None => statement,
    }
}

/// ` AND` it is of the cell, group or compound that the request asks for.
pub fn of_part(call: &Call, statement: Statement) -> Statement {
    let query = &call.query;
    let ids = [
        ("grid_cell_id", query.get(&GRID_CELL_ID)),
        ("household_group_id", query.get(&HOUSEHOLD_GROUP_ID)),
        ("place_id", query.get(&PLACE_ID)),
    ];
    ids.into_iter()
        .filter_map(|(column, id)| Some((column, id?)))
        .fold(statement, |statement, (column, id)| statement.sql(format!(" AND s.{column} = ")).id(id))
}

/// The targets of those rows, with doors and members.
pub async fn told(
    call: &Call,
    district_code: &str,
    round_id: Uuid,
    rows: Vec<Row>,
) -> Result<Vec<SurveyTargetItem>, Problem> {
    let (core, actor) = (&call.core, call.actor()?);
    let mut items: Vec<SurveyTargetItem> = rows.into_iter().filter_map(|row| item(call, row)).collect();
    let households: Vec<Uuid> = items.iter().filter_map(|item| item.household_id).collect();
    let doors = read::find_all(core, actor, &HOUSEHOLDS, &households).await?;
    let targets: Vec<Uuid> = items.iter().map(|item| item.target_id).collect();
    let members = members_of(call, district_code, round_id, &targets).await?;
    for item in &mut items {
        let household = item.household_id.and_then(|id| doors.get(&id));
        item.door = household.and_then(|household| household.values.get(&DOOR)).map(str::to_owned);
        item.members = members.get(&item.target_id).cloned().unwrap_or_default();
    }
    Ok(items)
}

fn item(call: &Call, mut row: Row) -> Option<SurveyTargetItem> {
    Some(SurveyTargetItem {
        target_id: row.get(&TARGET_ID)?,
        household_id: row.get(&HOUSEHOLD_ID),
        person_id: row.get(&PERSON_ID),
        state: row.get(&STATE)?,
        done_as: row.get(&DONE_AS),
        attempts: row.get(&ATTEMPTS).unwrap_or(0),
        last_visit_at: row.get(&LAST_VISIT_AT).map(|at| InZone(at, call.core.zone)),
        area_code: row.get(&envelope::AREA_CODE).unwrap_or_default(),
        grid_cell_id: row.get(&GRID_CELL_ID),
        household_group_id: row.get(&HOUSEHOLD_GROUP_ID),
        place_id: row.get(&PLACE_ID),
        assignee_id: row.get(&ASSIGNEE_ID),
        assignee_name: row.get(&ASSIGNEE_NAME),
        door: None,
        members: Vec::new(),
    })
}

/// Persons of these targets, each with whether a visit told of the person.
async fn members_of(
    call: &Call,
    district_code: &str,
    round_id: Uuid,
    targets: &[Uuid],
) -> Result<BTreeMap<Uuid, Vec<TargetMember>>, Problem> {
    let (core, actor) = (&call.core, call.actor()?);
    let statement = members(district_code, round_id, targets);
    let rows = core.database.read(&statement).await?;
    let read = |mut row: Row| Some((row.get(&TARGET_ID)?, row.get(&PERSON_ID)?, row.get(&CONFIRMED) == Some(true)));
    let told: Vec<(Uuid, Uuid, bool)> = rows.into_iter().filter_map(read).collect();
    let ids: Vec<Uuid> = told.iter().map(|(_, person_id, _)| *person_id).collect();
    let people = read::find_all(core, actor, &PEOPLE, &ids).await?;
    let mut of_targets: BTreeMap<Uuid, Vec<TargetMember>> = BTreeMap::new();
    for (target_id, person_id, confirmed) in told {
        let name = people.get(&person_id).and_then(|found| found.values.get(&person::NAME)).map(mask::mask_name);
        of_targets.entry(target_id).or_default().push(TargetMember { person_id, name, confirmed });
    }
    Ok(of_targets)
}
