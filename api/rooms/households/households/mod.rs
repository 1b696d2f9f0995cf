//! Households (户): the register of who can be missed. The server derives a household's id from its door, so that two
//! phones that list the same door offline make one household; one without a door keeps the id that its client gave.

mod door;
mod merge;
mod rules;
mod status;
mod timeline;
mod views;

use chrono::NaiveDate;
use kit::field::{Field, Shape, free_text};
use kit::text::Text;
use kit::value::Values;
use kit::{fields, words};
use uuid::Uuid;

use super::{KEEPERS, READERS};
use crate::platform::http::Operation;
use crate::platform::privacy::mask;
use crate::records::{Definition, Kind};

words! {
    /// Kinds of households.
    pub HouseholdKind "household_kind" "Kind of household" "户类型" {
        Family "family" "family" "家庭户";
        Collective "collective" "collective" "集体户";
        Business "business" "business premises" "经营门面";
        Institution "institution" "institution" "机构";
    }
}

words! {
    /// How a household lives at its door.
    pub Residency "household_residency" "Residency" "居住情况" {
        RegisteredResident "registered_resident" "registered and resident" "常住户籍";
        Renter "renter" "renter" "租住";
        Floating "floating" "floating" "流动";
        Vacant "vacant" "vacant" "空置";
        Away "away" "away" "外出";
    }
}

words! {
    /// Why a household ended.
    pub HouseholdEnd "household_end" "Why it ended" "注销原因" {
        MovedOut "moved_out" "moved out" "迁出";
        Demolished "demolished" "demolished" "拆除";
        Dissolved "dissolved" "dissolved" "注销";
        Error "error" "entered by mistake" "录入错误";
    }
}

words! {
    /// How a household stands in the register.
    pub HouseholdStatus "household_status" "Status" "状态" {
        Active "active" "active" "在册";
        Ended "ended" "ended" "注销";
        Merged "merged" "merged" "已合并";
    }
}

/// Ids at most that clients gave to a household.
const MOST_ALIASES: usize = 1_000;

fields! {
    /// The fields of a household, beside the envelope's.
    static FIELDS;
    PLACE_ID: Uuid = Field::new("place_id", Shape::Reference("places"), Text::new("Compound", "小区(院落)"), "The compound it lives in.").also(&["小区", "小区名称", "院落"]);
    DOOR: String = Field::new("door", free_text(60), Text::new("Door", "门牌号"), "Building, unit and number: 3栋2单元501. The household's id follows from it. Encrypted at rest.")
        .also(&["门牌", "房号", "楼栋房号", "栋单元号"])
        .sealed();
    HOUSEHOLD_NO: String = Field::new("household_no", Shape::Text { min: 1, max: 20, pattern: None }, Text::new("Household number", "户号"), "Its number in the household book: it tells households of a village apart that have no door. Encrypted at rest.")
        .also(&["户口簿编号"])
        .sealed();
    ADDRESS: String = Field::new("address", free_text(200), Text::new("Address", "住址"), "The address in words. Encrypted at rest.").also(&["家庭住址", "现住址", "详细地址", "家庭地址"]).sealed();
    SHARE_NO: i64 = Field::new("share_no", Shape::Integer { min: 1, max: 20 }, Text::new("Household at the door", "同门第几户"), "Which of several at one door; 1 by default.");
    HOUSEHOLD_KIND: HouseholdKind = Field::new("household_kind", Shape::Word(HouseholdKind::VOCABULARY), Text::new("Kind", "户类型"), "`family` by default.");
    RESIDENCY: Residency = Field::new("residency", Shape::Word(Residency::VOCABULARY), Text::new("Residency", "居住情况"), "How it lives there.");
    GRID_CELL_ID: Uuid = Field::new("grid_cell_id", Shape::Reference("grid_cells"), Text::new("Grid cell", "网格"), "The cell it belongs to.");
    HOUSEHOLD_GROUP_ID: Uuid = Field::new("household_group_id", Shape::Reference("household_groups"), Text::new("Group", "十户组"), "The group it belongs to: one at most.");
    CONTACT_PERSON_ID: Uuid = Field::new("contact_person_id", Shape::Reference("people"), Text::new("Contact", "联系人"), "Whom to ask.");
    CONTACT_PHONE: String = Field::new("contact_phone", free_text(20), Text::new("Contact's phone", "联系电话"), "Mobile, or landline with area prefix.")
        .masked(|json| mask::masked(json, mask::mask_phone));
    SPLIT_FROM_ID: Uuid = Field::new("split_from_id", Shape::Reference("households"), Text::new("Split from", "分自"), "The household that it left.").on_create();
    ENDED_ON: NaiveDate = Field::new("ended_on", Shape::Day, Text::new("Ended on", "注销日期"), "Since when it is no household any more.").happened();
    END_REASON: HouseholdEnd = Field::new("end_reason", Shape::Word(HouseholdEnd::VOCABULARY), Text::new("Why it ended", "注销原因"), "Needed where it ended.");
    STATUS: HouseholdStatus = Field::new("status", Shape::Word(HouseholdStatus::VOCABULARY), Text::new("Status", "状态"), "How it stands in the register.").by_server();
    MERGED_INTO: Uuid = Field::new("merged_into", Shape::Id, Text::new("Merged into", "合并至"), "The household that this one turned out to be.").by_server();
    MERGE_REASON: String = Field::new("merge_reason", free_text(500), Text::new("Merge reason", "合并原因"), "Why it was merged or unmerged last.").by_server().sealed();
    DOOR_KEY: Uuid = Field::new("door_key", Shape::Id, Text::new("Door key", "门牌键"), "The same of all households at one door; it says nothing of the door itself.").derived();
    ALIASES: Vec<Uuid> = Field::new("aliases", Shape::List { of: &Shape::Id, max: MOST_ALIASES }, Text::new("Aliases", "别名编号"), "Ids that clients gave to the same household; either may be used.").by_server();
}

/// The kind.
pub static HOUSEHOLDS: Kind = Kind::of(Definition {
    name: "households",
    path: "households",
    schema: "Household",
    label: Text::new("Household", "户"),
    about: "A household at its door.",
    fields: FIELDS,
    filters: &[
        PLACE_ID.name(),
        GRID_CELL_ID.name(),
        HOUSEHOLD_GROUP_ID.name(),
        RESIDENCY.name(),
        HOUSEHOLD_KIND.name(),
        STATUS.name(),
    ],
    readers: READERS,
    writers: KEEPERS,
    rules: &rules::HouseholdRules,
    warnings: &[&rules::DIFFERS, &rules::DOOR_TAKEN, &rules::DOOR_SHARED, &super::household_groups::decider::FULL],
    example: include_str!("../../../../openapi/examples/households/create.json"),
    sequence: 1,
    ..Definition::FIELD_RECORD
});

/// Whether a household with these values is on the register's list.
pub fn is_active(values: &Values) -> bool {
    values.get(&STATUS).is_none_or(|status| status == HouseholdStatus::Active)
}

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    [merge::operations(), views::operations(), timeline::operations()].into_iter().flatten().collect()
}
