//! Targets of a round, each as its visits make it stand: whom nobody looked at yet, with the door, who lives there and
//! whose work it is.

use std::collections::BTreeMap;

use actix_web::http::Method;
use chrono::{DateTime, Utc};
use kit::field::{Field, Shape};
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::text::Text;
use kit::time::InZone;
use kit::typed::TypedField;
use kit::value::Value;
use kit::{columns, words};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{FROZEN, SURVEY_ROUNDS};
use crate::platform::access::keys::KeyScope;
use crate::platform::access::roles::Actor;
use crate::platform::http::page::{self, AREA_CODE, CURSOR, LIMIT, Page};
use crate::platform::http::{Access, Answer, Call, Operation, fault};
use crate::platform::privacy::mask;
use crate::records::awaited::has_come;
use crate::records::scope::standing;
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

const STATE: TypedField<TargetState> = TypedField::named(
    "STATE",
    Field::new("state", Shape::Word(TargetState::VOCABULARY), Text::new("State", "核查状态"), "Targets that stand so."),
);
static ASSIGNEE: Field = Field::new(
    "assignee",
    Shape::Text { min: 2, max: 2, pattern: Some("me") },
    Text::new("Assignee", "责任人"),
    "`me`: the caller's own.",
);
const GRID_CELL_ID: TypedField<Uuid> = TypedField::named(
    "GRID_CELL_ID",
    Field::new("grid_cell_id", Shape::Id, Text::new("Grid cell", "网格"), "Targets of that cell."),
);
const HOUSEHOLD_GROUP_ID: TypedField<Uuid> = TypedField::named(
    "HOUSEHOLD_GROUP_ID",
    Field::new("household_group_id", Shape::Id, Text::new("Group", "十户组"), "Targets of that group."),
);
const PLACE_ID: TypedField<Uuid> = TypedField::named(
    "PLACE_ID",
    Field::new("place_id", Shape::Id, Text::new("Compound", "小区(院落)"), "Targets of that compound."),
);
words! {
    /// What can be missed.
    Missed "survey_missed" "Missed" "遗漏对象" {
        Households "households" "households that nobody looked at" "未核查的户";
        Persons "persons" "persons of whom nobody told" "未核实的人";
    }
}
const WHAT: TypedField<Missed> = TypedField::named(
    "WHAT",
    Field::new("what", Shape::Word(Missed::VOCABULARY), Text::new("What", "对象"), "`households` by default."),
);

columns! {
    TARGET_ID "target_id": Uuid;
    HOUSEHOLD_ID "household_id": Uuid;
    PERSON_ID "person_id": Uuid;
    ASSIGNEE_ID "assignee_id": Uuid;
    ATTEMPTS "attempts": i64;
    LAST_VISIT_AT "last_visit_at": DateTime<Utc>;
    DONE_AS "done_as": String;
    /// Whether a visit told of a member.
    CONFIRMED "confirmed": bool;
}

/// A target as it stands.
#[derive(Serialize, ToSchema)]
struct SurveyTargetItem {
    /// The household, or of a round that looks at persons the person.
    #[schema(value_type = Uuid)]
    target_id: Uuid,
    /// The household.
    #[schema(required)]
    household_id: Option<Uuid>,
    /// Of a round that looks at persons: whom.
    #[schema(required)]
    person_id: Option<Uuid>,
    /// How it stands.
    #[schema(value_type = String, max_length = 20)]
    state: TargetState,
    /// What made it done: reached, vacant or moved.
    #[schema(required, max_length = 20)]
    done_as: Option<String>,
    /// Visits so far.
    #[schema(minimum = 0)]
    attempts: i64,
    /// The last of them.
    #[schema(required, value_type = Option<DateTime<Utc>>)]
    last_visit_at: Option<InZone>,
    /// Where it stands.
    #[schema(max_length = 12)]
    area_code: String,
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
    /// The door.
    #[schema(required, max_length = 60)]
    door: Option<String>,
    /// Persons that belong to it, as it stood when the round was started.
    #[schema(inline, max_items = 100)]
    members: Vec<TargetMember>,
}

/// A person of a target.
#[derive(Clone, Serialize, ToSchema)]
struct TargetMember {
    /// Who.
    person_id: Uuid,
    /// The name, masked.
    #[schema(required, max_length = 60)]
    name: Option<String>,
    /// Whether a visit of the round told of the person.
    confirmed: bool,
}

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    let example = || {
        let member = json!({"person_id": "0198c0de-0003-7000-8000-000000000001", "name": "张*", "confirmed": false});
        let id = "0198c0de-0041-7000-8000-000000000001";
        Some(
            json!({"items": [{"target_id": id, "household_id": id, "person_id": null, "state": "open", "done_as": null, "attempts": 0, "last_visit_at": null, "area_code": "511802005001", "grid_cell_id": null, "household_group_id": null, "place_id": null, "assignee_id": null, "door": "3栋2单元501", "members": [member]}], "next_cursor": null}),
        )
    };
    let listing = |operation: Operation, parameters: Vec<&'static Field>| {
        let narrowed =
            [&AREA_CODE, &GRID_CELL_ID.field, &HOUSEHOLD_GROUP_ID.field, &PLACE_ID.field, &ASSIGNEE, &LIMIT, &CURSOR];
        operation
            .access(Access::Roles(READERS))
            .keys(KeyScope::Read)
            .parameters(parameters.into_iter().chain(narrowed).collect())
            .answers::<Page<SurveyTargetItem>>(200, "A page.", example())
            .problems(&[ROUND_NOT_READY])
    };
    vec![
        listing(
            Operation::new(Method::GET, "/v1/survey-rounds/{id}/targets", "list_survey_targets", targets).described(
                "survey_rounds",
                "Targets of a round",
                "Whom the round looks at, each as its visits make it stand. For a surveyor's morning: `assignee=me&state=open`. Names are masked; whoever answers for a case is told plainly elsewhere.",
            ),
            vec![&STATE.field],
        ),
        listing(
            Operation::new(Method::GET, "/v1/survey-rounds/{id}/missed", "list_survey_missed", missed).described(
                "survey_rounds",
                "The missed of a round",
                "Households that aren't done; or, of households that are done as well, those with persons of whom no visit told.",
            ),
            vec![&WHAT.field],
        ),
    ]
}

async fn targets(call: Call) -> Answer {
    let state = call.query.get(&STATE);
    listed(&call, "targets", |statement| match state {
        Some(state) => statement.sql(" AND s.state = ").text(state.code()),
        None => statement,
    })
    .await
}

async fn missed(call: Call) -> Answer {
    let persons = call.query.get(&WHAT) == Some(Missed::Persons);
    let condition = if persons { " AND s.persons > s.persons_confirmed" } else { " AND s.state <> 'done'" };
    listed(&call, "missed", |statement| statement.sql(condition)).await
}

/// The round, if the caller may see it and its list is drawn up.
pub async fn ready_round(call: &Call) -> Result<Record, Problem> {
    let round = read::find(&call.core, call.actor()?, &SURVEY_ROUNDS, call.path_id()?).await?;
    match round.values.get(&FROZEN) {
        Some(frozen) if frozen.ready => Ok(round),
        _ => Err(ROUND_NOT_READY.into()),
    }
}

async fn listed(call: &Call, list: &str, condition: impl FnOnce(Statement) -> Statement) -> Answer {
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
    let statement =
        narrowed(call, actor, condition(standing_targets(actor, district_code, id, "SELECT s.* FROM s WHERE true")));
    let statement = match after {
        Some(after) => statement.sql(" AND s.target_id > ").id(after),
        None => statement,
    };
    let most = i64::try_from(page::limit(call) + 1).unwrap_or(i64::MAX);
    let rows = core.database.read(&statement.sql(" ORDER BY s.target_id LIMIT ").integer(most)).await?;
    let items = told(call, district_code, id, rows).await?;
    Ok(page::answer(call, &binding, items, |item| item.target_id.to_string(), |item| item))
}

fn narrowed(call: &Call, actor: &Actor, statement: Statement) -> Statement {
    let query = &call.query;
    let statement = match query.text(AREA_CODE.name) {
        Some(area_code) => statement.sql(" AND starts_with(s.area_code, ").text(area_code).sql(")"),
        None => statement,
    };
    let ids = [
        ("grid_cell_id", query.get(&GRID_CELL_ID)),
        ("household_group_id", query.get(&HOUSEHOLD_GROUP_ID)),
        ("place_id", query.get(&PLACE_ID)),
        ("assignee_id", query.text(ASSIGNEE.name).map(|_| actor.user_id)),
    ];
    ids.into_iter()
        .filter_map(|(column, id)| Some((column, id?)))
        .fold(statement, |statement, (column, id)| statement.sql(format!(" AND s.{column} = ")).id(id))
}

/// `WITH … s AS (…)` and what follows: the targets of a round that the actor may see, each as its visits make it stand.
/// Households and persons that turned out to be another's are that one; each is one target.
pub fn standing_targets(actor: &Actor, district_code: &str, round_id: Uuid, then: &str) -> Statement {
    let of_round = |statement: Statement, row: &str| {
        statement
            .sql(format!(" WHERE {row}.district_code = "))
            .text(district_code)
            .sql(format!(" AND {row}.round_id = "))
            .id(round_id)
    };
    let root = |row: &str, column: &str| format!("coalesce(hm.merged_into, pm.merged_into, {row}.{column})");
    let merged = |row: &str, household: &str, person: &str| {
        format!(
            " LEFT JOIN households AS hm ON hm.id = {row}.{household} AND hm.district_code = {row}.district_code AND hm.merged_into IS NOT NULL LEFT JOIN people AS pm ON pm.id = {row}.{person} AND pm.district_code = {row}.district_code AND pm.merged_into IS NOT NULL"
        )
    };
    let visits = Statement::new(format!(
        "WITH vs AS (SELECT coalesce(hm.merged_into, pm.merged_into, v.household_id, v.person_id) AS root, v.* FROM survey_visits AS v{}",
        merged("v", "household_id", "person_id")
    ));
    let visits = of_round(visits, "v").sql(format!(" AND NOT v.voided AND {}), ", has_come("v."))).sql(
        "va AS (SELECT root, count(*) AS attempts, max(occurred_at) AS last_visit_at, \
         CASE WHEN bool_or(result = 'reached') THEN 'reached' WHEN bool_or(result = 'moved') THEN 'moved' WHEN bool_or(result = 'vacant') THEN 'vacant' END AS done_as, \
         (array_agg(result ORDER BY occurred_at DESC, id DESC))[1] AS latest FROM vs GROUP BY root), \
         told AS (SELECT (m ->> 'person_id')::uuid AS person_id FROM vs CROSS JOIN LATERAL jsonb_array_elements(vs.members) AS m WHERE jsonb_typeof(vs.members) = 'array' AND m ->> 'status' <> 'not_here' \
         UNION SELECT vs.person_id FROM vs WHERE vs.verification IN ('confirmed', 'changed')), \
         confirmed AS (SELECT DISTINCT coalesce(p.merged_into, told.person_id) AS person_id FROM told LEFT JOIN people AS p ON p.id = told.person_id AND p.district_code = ",
    ).text(district_code).sql("), ");
    let persons = visits.sql(format!(
        "ps AS (SELECT {} AS root, coalesce(p.merged_into, tp.person_id) AS person_id FROM survey_target_persons AS tp{} LEFT JOIN people AS p ON p.id = tp.person_id AND p.district_code = tp.district_code",
        root("tp", "target_id"),
        merged("tp", "target_id", "target_id"),
    ));
    let persons = of_round(persons, "tp").sql(
        "), pc AS (SELECT ps.root, count(DISTINCT ps.person_id) AS persons, count(DISTINCT c.person_id) AS persons_confirmed FROM ps LEFT JOIN confirmed AS c ON c.person_id = ps.person_id GROUP BY ps.root), ",
    );
    let listed = persons.sql(format!(
        "ts AS (SELECT DISTINCT ON ({0}) {0} AS root, t.* FROM survey_targets AS t{1}",
        root("t", "target_id"),
        merged("t", "target_id", "target_id"),
    ));
    let listed = standing("t", of_round(listed, "t").sql(" AND "), actor, &SURVEY_ROUNDS);
    listed
        .sql(format!(" ORDER BY {}, t.target_id), ", root("t", "target_id")))
        .sql(
            "s AS (SELECT ts.root AS target_id, CASE WHEN ts.household_id = ts.target_id THEN ts.root ELSE ts.household_id END AS household_id, CASE WHEN ts.person_id = ts.target_id THEN ts.root ELSE ts.person_id END AS person_id, ts.area_code, ts.org_id, ts.grid_cell_id, ts.household_group_id, ts.place_id, \
             coalesce(g.leader_user_id, gc.leader_user_id) AS assignee_id, coalesce(va.attempts, 0) AS attempts, va.last_visit_at, va.done_as, \
             CASE WHEN va.done_as IS NOT NULL THEN 'done' WHEN va.latest = 'refused' THEN 'refused' WHEN va.attempts > 0 THEN 'attempted' ELSE 'open' END AS state, \
             coalesce(pc.persons, 0) AS persons, coalesce(pc.persons_confirmed, 0) AS persons_confirmed \
             FROM ts LEFT JOIN va ON va.root = ts.root LEFT JOIN pc ON pc.root = ts.root \
             LEFT JOIN household_groups AS g ON g.id = ts.household_group_id AND g.district_code = ts.district_code AND NOT g.voided \
             LEFT JOIN grid_cells AS gc ON gc.id = ts.grid_cell_id AND gc.district_code = ts.district_code AND NOT gc.voided) ",
        )
        .sql(then)
}

/// The targets of those rows, with doors and members.
async fn told(
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
    let statement = standing_targets(actor, district_code, round_id, "SELECT DISTINCT ps.root AS target_id, ps.person_id, c.person_id IS NOT NULL AS confirmed FROM ps LEFT JOIN confirmed AS c ON c.person_id = ps.person_id WHERE ps.root = ANY(")
        .column(ColumnType::Id, targets.iter().copied().map(Value::Id).collect())
        .sql(") ORDER BY 1, 2");
    let rows = core.database.read(&statement).await?;
    let read = |mut row: Row| Some((row.get(&TARGET_ID)?, row.get(&PERSON_ID)?, row.get(&CONFIRMED) == Some(true)));
    let told: Vec<(Uuid, Uuid, bool)> = rows.into_iter().filter_map(read).collect();
    let ids: Vec<Uuid> = told.iter().map(|(_, person_id, _)| *person_id).collect();
    let people = read::find_all(core, actor, &PEOPLE, &ids).await?;
    let mut members: BTreeMap<Uuid, Vec<TargetMember>> = BTreeMap::new();
    for (target_id, person_id, confirmed) in told {
        let name = people.get(&person_id).and_then(|found| found.values.get(&person::NAME)).map(mask::mask_name);
        members.entry(target_id).or_default().push(TargetMember { person_id, name, confirmed });
    }
    Ok(members)
}
