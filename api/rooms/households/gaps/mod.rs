//! Gaps (漏管): households that a running round didn't reach, key people without the care that they need; how many by
//! area, and each with who should close it.

mod summary;
mod uncared;
mod unsurveyed;

use actix_web::http::Method;
use kit::database::Snapshot;
use kit::field::{Field, Shape};
use kit::problem::Problem;
use kit::text::Text;
use kit::typed::TypedField;
use kit::words;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::READERS;
use super::codes::ROUND_NOT_READY;
use crate::platform::access::Role;
use crate::platform::access::keys::KeyScope;
use crate::platform::codes::{DISTRICT_REQUIRED, NOT_FOUND};
use crate::platform::http::page::{AREA_CODE, DISTRICT_CODE, one_district};
use crate::platform::http::{Access, Answer, Call, Operation};
use crate::rooms::duties::DutyLine;
use crate::rooms::duties::Holders;
use crate::statistics::polled::{answer, polled};
use crate::statistics::sheet::{Column, words as named};

words! {
    /// Gaps in surveys and in care.
    pub Gap "gap" "Gap" "漏管类别" {
        Unsurveyed "unsurveyed" "registered, and not surveyed" "已登记未摸排";
        Uncared "uncared" "key person without active care" "重点人员未落实管控";
    }
}

words! {
    /// Why somebody counts as not looked after.
    pub Uncaring "uncared_reason" "Reason" "未落实原因" {
        NoCase "no_case" "no isolation case that goes on" "未建立居家观察个案";
        LostContact "lost_contact" "lost contact" "失联";
        SupervisorsMissing "supervisors_missing" "fewer than five supervisors" "五级责任人未落实";
        NoReading "no_reading" "no temperature reading yesterday" "昨日未测温";
    }
}

/// Parameter: which gap.
pub const GAP: TypedField<Gap> = TypedField::named(
    "GAP",
    Field::new("gap", Shape::Word(Gap::VOCABULARY), Text::new("Gap", "漏管类别"), "Which; both where it is left out."),
);
const ROUND_ID: TypedField<Uuid> = TypedField::named(
    "ROUND_ID",
    Field::new(
        "round_id",
        Shape::Id,
        Text::new("Round", "轮次"),
        "Of `unsurveyed`: of that round; of all that run where it is left out.",
    ),
);

/// Roles that see who isn't looked after: those of the field, but for volunteers.
const CARING: &[Role] = &[
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

/// Gaps of one answer at most; narrower areas have the rest.
const MOST: usize = 10_000;

/// A gap.
#[derive(Serialize, ToSchema)]
struct GapItem {
    /// Which.
    #[schema(value_type = String, max_length = 20)]
    gap: Gap,
    /// Where.
    #[schema(max_length = 12)]
    area_code: String,
    /// Of `unsurveyed`: the round.
    #[schema(required)]
    round_id: Option<Uuid>,
    /// Of `unsurveyed`: the household.
    #[schema(required)]
    household_id: Option<Uuid>,
    /// The household's door.
    #[schema(required, max_length = 60)]
    door: Option<String>,
    /// Of a household: its group.
    #[schema(required)]
    household_group_id: Option<Uuid>,
    /// Of `uncared`, and of rounds that look at people: whom.
    #[schema(required)]
    person_id: Option<Uuid>,
    /// The name, masked.
    #[schema(required, max_length = 60)]
    name: Option<String>,
    /// Of `unsurveyed`: open or attempted.
    #[schema(required, max_length = 20)]
    state: Option<String>,
    /// Of `uncared`: categories of the person.
    #[schema(inline, max_items = 10, value_type = Vec<String>)]
    categories: Vec<crate::rooms::registers::PersonCategory>,
    /// Of `uncared`: the care that is needed.
    #[schema(required, value_type = Option<String>, max_length = 20)]
    care: Option<super::care_policies::Care>,
    /// Of `uncared`: what is missing of it.
    #[schema(inline, max_items = 4, value_type = Vec<String>)]
    reasons: Vec<Uncaring>,
    /// Of `uncared`: the case that goes on, where there is one.
    #[schema(required)]
    case_id: Option<Uuid>,
    /// Line that should close it.
    #[schema(value_type = String, max_length = 20)]
    closed_by_line: DutyLine,
    /// Account that should close it; null where the line has none.
    #[schema(required)]
    closed_by_id: Option<Uuid>,
}

/// The gaps.
#[derive(Serialize, ToSchema)]
struct Gaps {
    /// How many there are.
    #[schema(minimum = 0)]
    total: i64,
    /// Whether there are more than are told.
    truncated: bool,
    /// Each of them.
    #[schema(inline, max_items = 10_000)]
    items: Vec<GapItem>,
    /// As of this change.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    as_of_change_no: i64,
}

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    let item = json!({"gap": "uncared", "area_code": "511802005001", "round_id": null, "household_id": null, "door": null, "household_group_id": null, "person_id": "0198c0de-0003-7000-8000-000000000001", "name": "张*", "state": null, "categories": ["hubei_returnee"], "care": "isolation", "reasons": ["no_case"], "case_id": null, "closed_by_line": "village", "closed_by_id": null});
    let operation = Operation::new(Method::GET, "/v1/gaps", "list_gaps", gaps)
        .described("survey_rounds", "Gaps", "`unsurveyed`: targets of the running rounds that are open or attempted, with whose share they are. `uncared`: people in a category of which the care policies in force ask something, where it is missing: of isolation a case that goes on with all five supervisors, of a daily temperature yesterday's reading. Names are masked. At most 10,000; `truncated` says that a narrower `area_code` has the rest.")
        .access(Access::Roles(READERS))
        .keys(KeyScope::Read)
        .answers::<Gaps>(200, "The gaps.", Some(json!({"total": 1, "truncated": false, "items": [item], "as_of_change_no": 12894})))
        .problems(&[DISTRICT_REQUIRED, NOT_FOUND, ROUND_NOT_READY]);
    let listing = polled(operation, [&GAP.field, &ROUND_ID.field, &AREA_CODE, &DISTRICT_CODE]);
    [listing].into_iter().chain(summary::operations()).collect()
}

/// Columns of the gaps as a file.
const COLUMNS: &[Column] = &[
    named("gap", "漏管类别"),
    named("area_code", "区划"),
    named("round_id", "轮次编号"),
    named("household_id", "户编号"),
    named("door", "门牌号"),
    named("household_group_id", "十户组编号"),
    named("person_id", "人员编号"),
    named("name", "姓名"),
    named("state", "核查状态"),
    named("categories", "类别"),
    named("care", "管控措施"),
    named("reasons", "未落实原因"),
    named("case_id", "个案编号"),
    named("closed_by_line", "责任线"),
    named("closed_by_id", "责任人账号"),
];

async fn gaps(call: Call) -> Answer {
    let district_code = one_district(call.actor()?, &call.query)?;
    let only = call.query.get(&GAP);
    answer(&call, &district_code, COLUMNS, async |now, as_of_change_no| {
        let rounds = unsurveyed::rounds(&call, &district_code, call.query.get(&ROUND_ID)).await?;
        let accounts = Holders::load(&call.core, &district_code).await?;
        let mut items = Vec::new();
        let mut total = 0;
        if only != Some(Gap::Uncared) {
            let found = unsurveyed::items(&call, now, &district_code, (&rounds, &accounts), MOST).await?;
            total += found.0;
            items.extend(found.1);
        }
        if only != Some(Gap::Unsurveyed) && call.query.get(&ROUND_ID).is_none() {
            let found = uncared::items(&call, now, &district_code, &accounts).await?;
            total += count(&found);
            items.extend(found);
        }
        items.truncate(MOST);
        Ok(Gaps { total, truncated: total > count(&items), items, as_of_change_no })
    })
    .await
}

fn count<T>(items: &[T]) -> i64 {
    i64::try_from(items.len()).unwrap_or(i64::MAX)
}

/// Reads at the moment of an answer, as far as a statement sees.
async fn rows(now: &mut Snapshot, statement: &kit::statement::Statement) -> Result<Vec<kit::row::Row>, Problem> {
    Ok(now.read(statement).await?)
}
