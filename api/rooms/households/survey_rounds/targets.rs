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
    let statement = narrowed(
        call,
        actor,
        condition(standing_targets(actor, district_code, id, "SELECT s.* FROM s WHERE s.listed")),
    );
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

/// `WITH … s AS (…)` and what follows: the targets of a round that the actor may see, each as its visits make it stand, and
/// what was visited beside the list (`NOT s.listed`). Households and persons that turned out to be another's are that one.
///
/// Grouped, never joined: a planner without statistics would else join a hundred thousand targets with as many visits
/// row by row.
pub fn standing_targets(actor: &Actor, district_code: &str, round_id: Uuid, then: &str) -> Statement {
    let of_round = |statement: Statement, row: &str| {
        let statement = statement.sql(format!(" WHERE {row}.district_code = ")).text(district_code);
        statement.sql(format!(" AND {row}.round_id = ")).id(round_id)
    };
    let root = |column: &str| format!("coalesce((merged.ids ->> ({column})::text)::uuid, {column})");
    let merged = Statement::new("WITH merged AS MATERIALIZED (SELECT coalesce(jsonb_object_agg(m.id, m.merged_into), '{}') AS ids FROM (SELECT id, merged_into FROM households WHERE merged_into IS NOT NULL AND district_code = ")
        .text(district_code)
        .sql(" UNION ALL SELECT id, merged_into FROM people WHERE merged_into IS NOT NULL AND district_code = ")
        .text(district_code)
        .sql(") AS m), ");
    let visits = merged.sql(format!(
        "vs AS MATERIALIZED (SELECT {} AS root, v.id, v.area_code, v.person_id, v.result, v.occurred_at, v.verification, v.members FROM survey_visits AS v CROSS JOIN merged",
        root("coalesce(v.household_id, v.person_id)")
    ));
    let visits = of_round(visits, "v").sql(format!(" AND NOT v.voided AND {}), ", has_come("v.")));
    let told = visits.sql(format!(
        "told AS (SELECT {} AS person_id FROM vs CROSS JOIN merged CROSS JOIN LATERAL jsonb_array_elements(CASE WHEN jsonb_typeof(vs.members) = 'array' THEN vs.members ELSE '[]' END) AS m WHERE m ->> 'status' <> 'not_here' \
         UNION ALL SELECT {} FROM vs CROSS JOIN merged WHERE vs.verification IN ('confirmed', 'changed')), \
         ps AS (SELECT q.person_id, (array_agg(q.root) FILTER (WHERE q.root IS NOT NULL))[1] AS root, bool_or(q.told) AS confirmed FROM (SELECT {} AS person_id, {} AS root, false AS told FROM survey_target_persons AS tp CROSS JOIN merged",
        root("(m ->> 'person_id')::uuid"),
        root("vs.person_id"),
        root("tp.person_id"),
        root("tp.target_id"),
    ));
    let all = of_round(told, "tp").sql(format!(
        " UNION ALL SELECT told.person_id, NULL, true FROM told) AS q GROUP BY q.person_id), \
         u AS (SELECT {} AS root, t.target_id, t.household_id, t.person_id, t.area_code, t.org_id, t.grid_cell_id, t.household_group_id, t.place_id, \
         NULL::text AS result, NULL::timestamptz AS visited_at, NULL::uuid AS visit_id, 0 AS persons, 0 AS persons_confirmed, true AS listed FROM survey_targets AS t CROSS JOIN merged",
        root("t.target_id"),
    ));
    let listed = standing("t", of_round(all, "t").sql(" AND "), actor, &SURVEY_ROUNDS);
    listed
        .sql(
            " UNION ALL SELECT vs.root, NULL, NULL, NULL, vs.area_code, NULL, NULL, NULL, NULL, vs.result, vs.occurred_at, vs.id, 0, 0, false FROM vs \
             UNION ALL SELECT ps.root, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1, ps.confirmed::int, false FROM ps WHERE ps.root IS NOT NULL), \
             g AS (SELECT u.root, bool_or(u.listed) AS listed, \
             bool_or(u.household_id = u.target_id) AS of_household, (array_agg(u.household_id) FILTER (WHERE u.listed))[1] AS household_id, (array_agg(u.person_id) FILTER (WHERE u.listed))[1] AS person_id, \
             coalesce(min(u.area_code) FILTER (WHERE u.listed), min(u.area_code)) AS area_code, \
             (array_agg(u.grid_cell_id) FILTER (WHERE u.grid_cell_id IS NOT NULL))[1] AS grid_cell_id, (array_agg(u.household_group_id) FILTER (WHERE u.household_group_id IS NOT NULL))[1] AS household_group_id, \
             (array_agg(u.place_id) FILTER (WHERE u.place_id IS NOT NULL))[1] AS place_id, \
             count(u.visit_id) AS attempts, max(u.visited_at) AS last_visit_at, \
             CASE WHEN bool_or(u.result = 'reached') THEN 'reached' WHEN bool_or(u.result = 'moved') THEN 'moved' WHEN bool_or(u.result = 'vacant') THEN 'vacant' END AS done_as, \
             max((u.visited_at, u.visit_id::text, u.result)::text) FILTER (WHERE u.visit_id IS NOT NULL) AS latest, \
             sum(u.persons) AS persons, sum(u.persons_confirmed) AS persons_confirmed FROM u GROUP BY u.root), \
             s AS (SELECT g.root AS target_id, g.listed, CASE WHEN g.of_household THEN g.root ELSE g.household_id END AS household_id, CASE WHEN g.of_household THEN NULL ELSE g.root END AS person_id, \
             g.area_code, g.grid_cell_id, g.household_group_id, g.place_id, coalesce(hg.leader_user_id, gc.leader_user_id) AS assignee_id, g.attempts, g.last_visit_at, g.done_as, \
             CASE WHEN g.done_as IS NOT NULL THEN 'done' WHEN g.latest LIKE '%,refused)' THEN 'refused' WHEN g.attempts > 0 THEN 'attempted' ELSE 'open' END AS state, \
             g.persons, g.persons_confirmed FROM g \
             LEFT JOIN household_groups AS hg ON hg.id = g.household_group_id AND NOT hg.voided AND hg.district_code = ",
        )
        .text(district_code)
        .sql(" LEFT JOIN grid_cells AS gc ON gc.id = g.grid_cell_id AND NOT gc.voided AND gc.district_code = ")
        .text(district_code)
        .sql(") ")
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
    let statement = standing_targets(
        actor,
        district_code,
        round_id,
        "SELECT ps.root AS target_id, ps.person_id, ps.confirmed FROM ps WHERE ps.root = ANY(",
    )
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
