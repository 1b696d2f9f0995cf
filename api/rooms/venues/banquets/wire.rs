//! The words and fields of a banquet.

use chrono::{DateTime, FixedOffset, NaiveDate};
use kit::field::{Field, Shape, free_text};
use kit::text::Text;
use kit::time::with_offset;
use kit::{fields, object, words};
use uuid::Uuid;

use crate::platform::privacy::mask;

words! {
    /// Occasion of a banquet.
    pub BanquetOccasion "banquet_occasion" "Occasion" "事由" {
        Wedding "wedding" "wedding" "婚宴";
        Funeral "funeral" "funeral" "丧宴";
        Birthday "birthday" "birthday" "寿宴";
        FullMoon "full_moon" "full month of a child" "满月";
        Housewarming "housewarming" "house-warming" "乔迁";
        Reunion "reunion" "New Year's reunion" "年夜饭";
        Other "other" "other" "其他";
    }
}

words! {
    /// How a banquet stands.
    pub BanquetStatus "banquet_status" "Status" "状态" {
        Planned "planned" "planned" "计划";
        Cancelled "cancelled" "cancelled" "取消";
        Postponed "postponed" "postponed" "延期";
        Simplified "simplified" "made smaller" "缩减";
        Held "held" "held" "举办";
    }
}

words! {
    /// By what a banquet became known.
    pub BanquetSource "banquet_source" "Found by" "发现方式" {
        Declaration "declaration" "declaration" "申报";
        Inspection "inspection" "inspection" "检查";
        Tip "tip" "tip from the public" "举报";
        VenueReport "venue_report" "report of the venue" "餐饮上报";
    }
}

object! {
    /// A status, and since when it stood.
    #[derive(PartialEq, Eq)]
    pub struct BanquetStep, BANQUET_STEP {
        status: BanquetStatus = Field::new("status", Shape::Word(BanquetStatus::VOCABULARY), Text::new("Status", "状态"), "The status from then on.").required();
        #[serde(serialize_with = "with_offset")]
        since_at: DateTime<FixedOffset> = Field::new("since_at", Shape::Instant, Text::new("Since", "自"), "Since when.").required();
    }
}

fields! {
    /// The fields of a banquet, beside the envelope's.
    pub static FIELDS;
    PLACE_ID: Uuid = Field::new("place_id", Shape::Reference("places"), Text::new("Venue", "餐饮单位"), "Where, if at a restaurant or a hotel; this or `address`.")
        .brings_area(1)
        .also(&["酒店", "餐厅", "饭店", "酒楼", "承办单位", "承办酒店", "餐饮店", "举办地点", "餐饮单位名称"]);
    ADDRESS: String = Field::new("address", free_text(200), Text::new("Address", "举办地址"), "Where, if at home or in the open. Encrypted at rest.")
        .sealed()
        .also(&["地址", "详细地址"]);
    HOST: String = Field::new("host", free_text(60), Text::new("Host", "主办人"), "Whose banquet it is. Encrypted at rest, shown masked.")
        .masked(|json| mask::masked(json, mask::mask_name))
        .also(&["东家", "办宴人", "宴请人", "举办人", "预订人"]);
    OCCASION: BanquetOccasion = Field::new("occasion", Shape::Word(BanquetOccasion::VOCABULARY), Text::new("Occasion", "事由"), "What it is held for.")
        .also(&["宴席类型", "宴席事由", "宴请事由"]);
    PLANNED_ON: NaiveDate = Field::new("planned_on", Shape::Day, Text::new("Planned on", "举办日期"), "On which day it is, or was, to be.")
        .required()
        .any_day()
        .also(&["宴席日期", "办宴日期", "预订日期", "计划日期", "办宴时间", "举办时间"]);
    TABLES: i64 = Field::new("tables", Shape::Integer { min: 0, max: 1_000 }, Text::new("Tables", "桌数"), "How many tables.")
        .required()
        .also(&["桌", "宴席桌数", "预订桌数"]);
    DINERS: i64 = Field::new("diners", Shape::Integer { min: 0, max: 20_000 }, Text::new("Diners", "人数"), "How many people.")
        .required()
        .also(&["就餐人数", "用餐人数", "参加人数", "宴请人数"]);
    STATUS: BanquetStatus = Field::new("status", Shape::Word(BanquetStatus::VOCABULARY), Text::new("Status", "状态"), "How it stands.")
        .required()
        .also(&["宴席状态", "处置情况", "办理情况", "是否取消", "劝导结果"]);
    REFUND_SETTLED: bool = Field::new("refund_settled", Shape::Boolean, Text::new("Refund settled", "已退订金"), "Whether what was paid in advance was given back.")
        .also(&["是否退款", "退款", "退订金", "是否退订金"]);
    FOUND_BY: BanquetSource = Field::new("found_by", Shape::Word(BanquetSource::VOCABULARY), Text::new("Found by", "发现方式"), "By what it became known.")
        .also(&["来源", "信息来源"]);
    STATUS_HISTORY: Vec<BanquetStep> = Field::new("status_history", Shape::List { of: &Shape::Object(BANQUET_STEP), max: 1_000 }, Text::new("Status history", "状态历史"), "Every status with its beginning, the oldest first.")
        .required()
        .by_server();
    BAN_IN_FORCE: bool = Field::new("ban_in_force", Shape::Boolean, Text::new("Ban in force", "禁聚期间"), "Whether a gathering ban holds there on its day. Counted when it is read: it is right whenever the ban was told.")
        .counted();
    VIOLATION_ID: Uuid = Field::new("violation_id", Shape::Id, Text::new("Violation", "违规记录"), "The violation that it is: held with more tables than the ban allows. Counted when it is read.")
        .counted();
}
