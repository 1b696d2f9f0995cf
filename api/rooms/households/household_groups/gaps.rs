//! Gaps of groups (分组缺口): no leader, a leader who lives there no more, too many households; and households that no group
//! or cell has. Each with who should close it.

use std::collections::BTreeMap;

use actix_web::http::Method;
use chrono::NaiveDate;
use kit::field::{Field, Shape};
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::Statement;
use kit::text::Text;
use kit::time::day_of;
use kit::typed::TypedField;
use kit::{columns, words};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::policies::GroupPolicy;
use super::standing::standing_groups;
use super::{HOUSEHOLD_GROUPS, LEADER_PERSON_ID, NAME};
use crate::platform::access::keys::KeyScope;
use crate::platform::access::scope::in_area;
use crate::platform::codes::{DISTRICT_REQUIRED, NOT_FOUND};
use crate::platform::http::page::{self, AREA_CODE, CURSOR, DISTRICT_CODE, LIMIT, Page, one_district};
use crate::platform::http::{Access, Answer, Call, Operation, fault};
use crate::platform::privacy::mask::mask_name;
use crate::records::envelope;
use crate::records::read;
use crate::records::scope::standing;
use crate::rooms::duties::DutyLine;
use crate::rooms::duties::Holders;
use crate::rooms::households::READERS;
use crate::rooms::households::households::{DOOR, HOUSEHOLDS};
use crate::rooms::registers::{PEOPLE, person};

words! {
    /// Gaps of a group or a household.
    pub GroupGap "household_group_gap" "Gap" "分组缺口" {
        NoLeader "no_leader" "a group without a leader" "未设负责人";
        LeaderNotMember "leader_not_member" "its leader lives in none of its households" "负责人已非本组住户";
        OverFull "over_full" "more households than the policy says" "超过规定户数";
        Ungrouped "ungrouped" "a household in no group" "未编组的户";
        NoGridCell "no_grid_cell" "a group or household in no grid cell" "未划入网格";
    }
}

const GAP: TypedField<GroupGap> = TypedField::named(
    "GAP",
    Field::new("gap", Shape::Word(GroupGap::VOCABULARY), Text::new("Gap", "分组缺口"), "Which.").required(),
);

columns! {
    HOUSEHOLD_ID "household_id": Uuid;
    HOUSEHOLD_GROUP_ID "household_group_id": Uuid;
    HOUSEHOLDS_THERE "households_there": i64;
    MAXIMUM "maximum": i64;
}

/// A group or household of which something is missing.
#[derive(Serialize, ToSchema)]
struct GroupGapItem {
    /// The gap.
    #[schema(value_type = String, max_length = 20)]
    gap: GroupGap,
    /// Where.
    #[schema(max_length = 12)]
    area_code: String,
    /// The group.
    #[schema(required)]
    household_group_id: Option<Uuid>,
    /// The household, of what is a household's.
    #[schema(required)]
    household_id: Option<Uuid>,
    /// The group's name.
    #[schema(required, max_length = 60)]
    name: Option<String>,
    /// The household's door.
    #[schema(required, max_length = 60)]
    door: Option<String>,
    /// Active households of the group.
    #[schema(required, minimum = 0)]
    households: Option<i64>,
    /// So many it may have.
    #[schema(required, minimum = 0)]
    max_households: Option<i64>,
    /// Whoever is its leader by the register.
    #[schema(required)]
    leader_person_id: Option<Uuid>,
    /// That one's name, masked.
    #[schema(required, max_length = 60)]
    leader_name: Option<String>,
    /// Line that should close it.
    #[schema(value_type = String, max_length = 20)]
    closed_by_line: DutyLine,
    /// Account that should close it; null where the line has none.
    #[schema(required)]
    closed_by_id: Option<Uuid>,
}

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    let item = json!({"gap": "leader_not_member", "area_code": "511802005001", "household_group_id": "0198c0de-0047-7000-8000-000000000001", "household_id": null, "name": "龙溪苑3栋联户组", "door": null, "households": 9, "max_households": 10, "leader_person_id": "0198c0de-0003-7000-8000-000000000001", "leader_name": "张*", "closed_by_line": "village", "closed_by_id": null});
    vec![
        Operation::new(Method::GET, "/v1/household-groups/gaps", "list_household_group_gaps", gaps)
            .described("household_groups", "Gaps of groups", "Groups without a leader, with one who lives in none of their households, with more households than the policy in force says; households in no group; groups and ungrouped households in no grid cell. As the registers stand now, each with who should close it. Names are masked.")
            .access(Access::Roles(READERS))
            .keys(KeyScope::Read)
            .parameters(vec![&GAP.field, &AREA_CODE, &DISTRICT_CODE, &LIMIT, &CURSOR])
            .answers::<Page<GroupGapItem>>(200, "A page.", Some(json!({"items": [item], "next_cursor": null})))
            .problems(&[DISTRICT_REQUIRED, NOT_FOUND]),
    ]
}

async fn gaps(call: Call) -> Answer {
    let (core, actor) = (&call.core, call.actor()?);
    let district_code = one_district(actor, &call.query)?;
    let gap = call.query.required(&GAP)?;
    let area_code = call.query.text(AREA_CODE.name).unwrap_or_default();
    let binding = format!("household_group_gaps|{}|{district_code}|{gap}|{area_code}", actor.user_id);
    let bad = |_| fault("?cursor", kit::catalogue::FaultCode::BAD_PARAMETER);
    let after = page::position(&call, &binding)?.map(|text| text.parse::<Uuid>().map_err(bad)).transpose()?;
    let policies = core.database.read(&GroupPolicy::statement(&district_code).seeing_district(&district_code)).await?;
    let policies: Vec<GroupPolicy> = policies.into_iter().filter_map(GroupPolicy::of_row).collect();
    let statement = found(&call, &district_code, gap, &policies)?;
    let statement = match after {
        Some(after) => statement.sql(" WHERE q.id > ").id(after),
        None => statement,
    };
    let most = i64::try_from(page::limit(&call) + 1).unwrap_or(i64::MAX);
    let statement = statement.sql(" ORDER BY q.id LIMIT ").integer(most).seeing_district(&district_code);
    let rows = core.database.read(&statement).await?;
    let accounts = Holders::load(core, &district_code).await?;
    let mut items: Vec<(Uuid, GroupGapItem)> = rows.into_iter().filter_map(|row| item(row, gap, &accounts)).collect();
    name(&call, &mut items).await?;
    Ok(page::answer(&call, &binding, items, |(id, _)| id.to_string(), |(_, item)| item))
}

/// `WITH RECURSIVE … SELECT q.* FROM (…) AS q`: what has the gap, in the caller's scope and the area asked for.
fn found(call: &Call, district_code: &str, gap: GroupGap, policies: &[GroupPolicy]) -> Result<Statement, Problem> {
    let today = day_of(call.core.clock.now(), call.core.zone);
    let statement = standing_groups(district_code, today).sql("SELECT q.* FROM (");
    let statement = match gap {
        GroupGap::NoLeader => groups(call, statement, policies, today)?.sql(" AND s.leader_person_id IS NULL"),
        GroupGap::LeaderNotMember => {
            groups(call, statement, policies, today)?.sql(" AND s.leader_person_id IS NOT NULL AND NOT s.leads")
        }
        GroupGap::OverFull => {
            let statement = groups(call, statement, policies, today)?.sql(" AND s.households > ");
            GroupPolicy::maximum(policies, "s", statement, today)
        }
        GroupGap::Ungrouped => households(call, statement, district_code)?,
        GroupGap::NoGridCell => {
            let statement = groups(call, statement, policies, today)?.sql(" AND s.grid_cell_id IS NULL UNION ALL ");
            households(call, statement, district_code)?.sql(" AND r.grid_cell_id IS NULL")
        }
    };
    Ok(statement.sql(") AS q"))
}

fn groups(call: &Call, statement: Statement, policies: &[GroupPolicy], today: NaiveDate) -> Result<Statement, Problem> {
    let statement = statement.sql("SELECT s.id, s.area_code, s.id AS household_group_id, NULL::uuid AS household_id, s.name, s.households AS households_there, s.leader_person_id, (");
    let statement = GroupPolicy::maximum(policies, "s", statement, today).sql(")::bigint AS maximum FROM s WHERE ");
    let statement = standing("s", statement, call.actor()?, &HOUSEHOLD_GROUPS);
    Ok(in_area("s", statement, call.query.text(AREA_CODE.name)))
}

/// Active households in no group.
fn households(call: &Call, statement: Statement, district_code: &str) -> Result<Statement, Problem> {
    let statement = statement
        .sql("SELECT r.id, r.area_code, NULL::uuid AS household_group_id, r.id AS household_id, NULL::text AS name, NULL::bigint AS households_there, NULL::uuid AS leader_person_id, NULL::bigint AS maximum FROM households AS r WHERE r.household_group_id IS NULL AND NOT r.voided AND r.status = 'active' AND r.district_code = ")
        .text(district_code)
        .sql(" AND ");
    let statement = standing("r", statement, call.actor()?, &HOUSEHOLDS);
    Ok(in_area("r", statement, call.query.text(AREA_CODE.name)))
}

fn item(mut row: Row, gap: GroupGap, accounts: &Holders) -> Option<(Uuid, GroupGapItem)> {
    let id = row.get(&envelope::ID)?;
    let area_code = row.get(&envelope::AREA_CODE)?;
    let item = GroupGapItem {
        gap,
        household_group_id: row.get(&HOUSEHOLD_GROUP_ID),
        household_id: row.get(&HOUSEHOLD_ID),
        name: row.get(&NAME),
        door: None,
        households: row.get(&HOUSEHOLDS_THERE),
        leader_person_id: row.get(&LEADER_PERSON_ID),
        leader_name: None,
        max_households: row.get(&MAXIMUM),
        closed_by_line: DutyLine::Village,
        closed_by_id: accounts.of_line(DutyLine::Village, &area_code, None),
        area_code,
    };
    Some((id, item))
}

/// Doors and masked names, where the caller sees them.
async fn name(call: &Call, items: &mut [(Uuid, GroupGapItem)]) -> Result<(), Problem> {
    let (core, actor) = (&call.core, call.actor()?);
    let households: Vec<Uuid> = items.iter().filter_map(|(_, item)| item.household_id).collect();
    let leaders: Vec<Uuid> = items.iter().filter_map(|(_, item)| item.leader_person_id).collect();
    let (mut doors, mut people) = (BTreeMap::new(), BTreeMap::new());
    if !households.is_empty() {
        doors = read::find_all(core, actor, &HOUSEHOLDS, &households).await?;
    }
    if !leaders.is_empty() {
        people = read::find_all(core, actor, &PEOPLE, &leaders).await?;
    }
    for (_, item) in items {
        let household = item.household_id.and_then(|id| doors.get(&id));
        item.door = household.and_then(|found| found.values.get(&DOOR)).map(str::to_owned);
        let leader = item.leader_person_id.and_then(|id| people.get(&id));
        item.leader_name = leader.and_then(|found| found.values.get(&person::NAME)).map(mask_name);
    }
    Ok(())
}
