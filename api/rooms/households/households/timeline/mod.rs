//! Events of a household, the newest first: how the register told them, who came and went, who looked. What happened
//! under the ids that were merged into it is its own.

mod events;

use actix_web::http::Method;
use kit::time::InZone;
use kit::words;
use serde::Serialize;
use serde_json::{Value as Json, json};
use utoipa::ToSchema;
use uuid::Uuid;

use self::events::gather;
use super::HOUSEHOLDS;
use crate::platform::access::keys::KeyScope;
use crate::platform::http::answered::AnyObject;
use crate::platform::http::page::{self, CURSOR, LIMIT, Page};
use crate::platform::http::{Access, Answer, Call, Operation};
use crate::records::read;
use crate::rooms::households::READERS;
use crate::rooms::households::household_members::Relation;
use crate::rooms::households::survey_visits::{SurveyChannel, SurveyResult};

words! {
    /// Events of a household.
    pub HouseholdEvent "household_event" "Event" "事件" {
        Registered "registered" "registered" "登记";
        Moved "moved" "moved" "搬迁";
        Grouped "grouped" "came into a group" "编组";
        Ungrouped "ungrouped" "left its group" "退组";
        Ended "ended" "ended" "注销";
        Resumed "resumed" "in the register again" "恢复在册";
        Merged "merged" "merged into another" "合并";
        Unmerged "unmerged" "merged no more" "取消合并";
        Voided "voided" "void" "作废";
        Restored "restored" "restored" "恢复";
        Amended "amended" "amended" "变更";
        MemberJoined "member_joined" "a member came" "成员迁入";
        MemberLeft "member_left" "a member left" "成员离开";
        Visited "visited" "visited" "入户核查";
    }
}

/// Something that happened to a household.
#[derive(Serialize, ToSchema)]
struct TimelineEntry {
    /// The event.
    #[schema(value_type = String, max_length = 20)]
    event: HouseholdEvent,
    /// When it happened; of what only the register tells, when it was told.
    #[schema(value_type = DateTime<Utc>)]
    at: InZone,
    /// When the service was told.
    #[schema(required, value_type = Option<DateTime<Utc>>)]
    told_at: Option<InZone>,
    /// Account that told it; null where that is not the caller's to know.
    #[schema(required)]
    told_by: Option<Uuid>,
    /// Under which id: the household's own, or one that was merged into it.
    household_id: Uuid,
    /// The kind of the record that tells it.
    #[schema(max_length = 60)]
    record_kind: &'static str,
    /// That record.
    record_id: Uuid,
    /// Its revision.
    #[schema(minimum = 1)]
    revision: i64,
    /// Fields of the register that changed, as they were and as they are; personal ones masked.
    #[schema(inline, max_items = 40)]
    changed: Vec<ChangedField>,
    /// The household into which it was merged, or from which it was parted.
    #[schema(required)]
    other_household_id: Option<Uuid>,
    /// The group that it came into or left.
    #[schema(required)]
    household_group_id: Option<Uuid>,
    /// The member.
    #[schema(required)]
    person_id: Option<Uuid>,
    /// The member's name, masked.
    #[schema(required, max_length = 60)]
    name: Option<String>,
    /// The member's relation to the head.
    #[schema(required, value_type = Option<String>, max_length = 20)]
    relation: Option<Relation>,
    /// Why it ended: the household, or the membership.
    #[schema(required, max_length = 20)]
    reason: Option<String>,
    /// Of a visit: its round.
    #[schema(required)]
    round_id: Option<Uuid>,
    /// Of a visit: how.
    #[schema(required, value_type = Option<String>, max_length = 20)]
    channel: Option<SurveyChannel>,
    /// Of a visit: what came of it.
    #[schema(required, value_type = Option<String>, max_length = 20)]
    result: Option<SurveyResult>,
    /// Of a visit: which attempt of its round it was.
    #[schema(required, minimum = 1)]
    attempt_no: Option<i64>,
    /// Its place in the list.
    #[serde(skip)]
    position: String,
}

/// A field of the register that changed.
#[derive(Serialize, ToSchema)]
struct ChangedField {
    /// Its name.
    #[schema(max_length = 60)]
    field: &'static str,
    /// Its value before.
    #[schema(required, inline, value_type = Option<AnyObject>)]
    before: Json,
    /// Its value after.
    #[schema(required, inline, value_type = Option<AnyObject>)]
    after: Json,
}

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    let id = "0198c0de-0041-7000-8000-000000000001";
    let entry = json!({"event": "visited", "at": "2020-02-02T10:00:00+08:00", "told_at": "2020-02-02T10:05:00+08:00", "told_by": "0198c0de-0001-7000-8000-000000000001", "household_id": id, "record_kind": "survey_visits", "record_id": "0198c0de-0044-7000-8000-000000000001", "revision": 1, "changed": [], "other_household_id": null, "household_group_id": null, "person_id": null, "name": null, "relation": null, "reason": null, "round_id": "0198c0de-0043-7000-8000-000000000001", "channel": "home_visit", "result": "reached", "attempt_no": 1});
    vec![
        Operation::new(Method::GET, "/v1/households/{id}/timeline", "list_household_timeline", timeline)
            .described("households", "What happened to a household", "Revisions of the register, members who came and went, moves, merges, groups, visits: the newest first, each with when and by whom it was told. What happened under ids that were merged into it stands here, too. What the caller doesn't see elsewhere isn't told here; names are masked.")
            .access(Access::Roles(READERS))
            .keys(KeyScope::Read)
            .parameters(vec![&LIMIT, &CURSOR])
            .answers::<Page<TimelineEntry>>(200, "A page.", Some(json!({"items": [entry], "next_cursor": null})))
            .with_headers(&["Link"]),
    ]
}

async fn timeline(call: Call) -> Answer {
    let household = read::find(&call.core, call.actor()?, &HOUSEHOLDS, call.path_id()?).await?;
    let binding = format!("household_timeline|{}|{}", call.actor()?.user_id, household.envelope.id);
    let after = page::position(&call, &binding)?;
    let mut entries = gather(&call, &household).await?;
    entries.retain(|entry| after.as_ref().is_none_or(|after| entry.position < *after));
    entries.sort_by(|one, other| other.position.cmp(&one.position));
    entries.truncate(page::limit(&call) + 1);
    let entries = events::named(&call, entries).await?;
    Ok(page::answer(&call, &binding, entries, |entry| entry.position.clone(), |entry| entry))
}
