//! The fields of a place.

use chrono::{DateTime, FixedOffset, NaiveDate, Utc};
use kit::field::{Field, Shape, free_text};
use kit::text::Text;
use kit::time::with_offset;
use kit::{fields, object, words};
use uuid::Uuid;

/// The kinds of place that are checkpoints.
pub const CHECKPOINT_KINDS: &[PlaceKind] = &[
    PlaceKind::CompoundGate,
    PlaceKind::VillageEntrance,
    PlaceKind::TrafficArtery,
    PlaceKind::PublicPlace,
    PlaceKind::ServicePoint,
];

/// The kinds of place in which people live.
pub const COMPOUND_KINDS: &[PlaceKind] =
    &[PlaceKind::ResidentialCompound, PlaceKind::FamilyCompound, PlaceKind::Courtyard, PlaceKind::VillageGroup];

/// The kinds of venue that hold banquets.
pub const CATERING_KINDS: &[PlaceKind] = &[PlaceKind::LargeCatering, PlaceKind::Catering, PlaceKind::Hotel];

/// The kinds of place that are venues.
pub const VENUE_KINDS: &[PlaceKind] = &[
    PlaceKind::Mall,
    PlaceKind::Supermarket,
    PlaceKind::Hotel,
    PlaceKind::LargeCatering,
    PlaceKind::Catering,
    PlaceKind::FarmersMarket,
    PlaceKind::Pharmacy,
    PlaceKind::AgriInputShop,
    PlaceKind::VenueOther,
];

words! {
    /// Kinds of places.
    pub PlaceKind "place_kind" "Kind of place" "场所类型" {
        ResidentialCompound "residential_compound" "residential compound" "小区";
        FamilyCompound "family_compound" "staff family compound" "家属大院";
        Courtyard "courtyard" "courtyard" "院落";
        VillageGroup "village_group" "village or group" "村组";
        CompoundGate "compound_gate" "compound gate" "大院门口";
        VillageEntrance "village_entrance" "village entrance" "村口";
        TrafficArtery "traffic_artery" "traffic artery" "交通要道";
        PublicPlace "public_place" "public place" "公共场所";
        ServicePoint "service_point" "volunteer service point" "志愿服务点";
        MaskDisposalPoint "mask_disposal_point" "mask disposal point" "口罩弃置点";
        Mall "mall" "mall" "商场";
        Supermarket "supermarket" "supermarket" "超市";
        Hotel "hotel" "hotel" "酒店";
        LargeCatering "large_catering" "large restaurant" "大型餐饮";
        Catering "catering" "restaurant" "餐饮";
        FarmersMarket "farmers_market" "farmers' market" "农贸市场";
        Pharmacy "pharmacy" "pharmacy" "药店";
        AgriInputShop "agri_input_shop" "farm supply shop" "农资店";
        VenueOther "venue_other" "other venue" "其他场所";
        Warehouse "warehouse" "warehouse" "仓库";
    }
}

words! {
    /// Whether a place is open.
    pub OperatingStatus "operating_status" "Operating status" "营业状态" {
        Open "open" "open" "营业";
        TakeawayOnly "takeaway_only" "takeaway only" "仅外卖";
        Suspended "suspended" "suspended" "暂停营业";
        Closed "closed" "closed" "关闭";
    }
}

words! {
    /// System in which a position was measured.
    pub CoordinateSystem "coordinate_system" "Coordinate system" "坐标系" {
        Wgs84 "wgs84" "WGS-84 (GPS)" "WGS-84(GPS)";
        Gcj02 "gcj02" "GCJ-02 (Chinese maps)" "GCJ-02(国内地图)";
    }
}

object! {
    /// A status, and since when it stood.
    #[derive(PartialEq, Eq)]
    pub struct StatusPeriod, STATUS_PERIOD {
        operating_status: OperatingStatus = Field::new(
            "operating_status",
            Shape::Word(OperatingStatus::VOCABULARY),
            Text::new("Status", "状态"),
            "The status from then on.",
        )
        .required();
        #[serde(serialize_with = "with_offset")]
        since_at: DateTime<FixedOffset> = Field::new("since_at", Shape::Instant, Text::new("Since", "自"), "Since when.").required();
    }
}

fields! {
    /// The fields of a place, beside the envelope's.
    pub static FIELDS;
    KIND: PlaceKind = Field::new("kind", Shape::Word(PlaceKind::VOCABULARY), Text::new("Kind", "类型"), "What it is.").required();
    NAME: String = Field::new("name", free_text(100), Text::new("Name", "名称"), "Its name.").required();
    AREA_CODE: String = Field::new("area_code", Shape::Area, Text::new("Area", "区划代码"), "Where it is.").required();
    ADDRESS: String = Field::new("address", free_text(200), Text::new("Address", "地址"), "Street and number.");
    PARENT_ID: Uuid = Field::new(
        "parent_id",
        Shape::Reference("places"),
        Text::new("Part of", "所属场所"),
        "The place it belongs to: a gate's compound.",
    );
    SUPERVISING_ORG_IDS: Vec<Uuid> = Field::new(
        "supervising_org_ids",
        Shape::List { of: &Shape::Reference("organizations"), max: 10 },
        Text::new("Supervising organisations", "监管单位"),
        "The organisations that watch it: they read what is recorded at it, of the kinds that their roles read.",
    );
    LONGITUDE: f64 = Field::new(
        "longitude",
        Shape::Number { min: -180.0, max: 180.0 },
        Text::new("Longitude", "经度"),
        "Degrees east, served as WGS-84.",
    );
    LATITUDE: f64 = Field::new(
        "latitude",
        Shape::Number { min: -90.0, max: 90.0 },
        Text::new("Latitude", "纬度"),
        "Degrees north, served as WGS-84.",
    );
    COORDINATE_SYSTEM: CoordinateSystem = Field::new(
        "coordinate_system",
        Shape::Word(CoordinateSystem::VOCABULARY),
        Text::new("Coordinate system", "坐标系"),
        "The system of the coordinates submitted; `wgs84` by default. Served as `wgs84`: they were converted.",
    );
    ACCURACY_M: i64 = Field::new(
        "accuracy_m",
        Shape::Integer { min: 0, max: 100_000 },
        Text::new("Accuracy (m)", "精度(米)"),
        "How far off the coordinates may be, in metres.",
    );
    ESTABLISHED_ON: NaiveDate = Field::new(
        "established_on",
        Shape::Day,
        Text::new("Established on", "设置日期"),
        "Since which day it is there: of a checkpoint or a disposal point the day on which it was set up.",
    )
    .any_day()
    .also(&["设立日期", "设置时间", "启用日期"]);
    ESTABLISHED_BY_ORG_ID: Uuid = Field::new(
        "established_by_org_id",
        Shape::Reference("organizations"),
        Text::new("Established by", "设置单位"),
        "The organisation that set it up, or whose people helped to.",
    )
    .also(&["设立单位", "协助设置单位"]);
    DISMANTLED_ON: NaiveDate = Field::new(
        "dismantled_on",
        Shape::Day,
        Text::new("Dismantled on", "撤除日期"),
        "The day on which it was taken away; it is there no more at its end.",
    )
    .any_day()
    .also(&["撤销日期", "撤除时间", "停用日期"]);
    SEATS: i64 = Field::new(
        "seats",
        Shape::Integer { min: 0, max: 100_000 },
        Text::new("Seats", "餐位数"),
        "How many may sit there, of a restaurant.",
    )
    .also(&["座位数", "餐位", "座位"]);
    OPERATING_STATUS: OperatingStatus = Field::new(
        "operating_status",
        Shape::Word(OperatingStatus::VOCABULARY),
        Text::new("Operating status", "营业状态"),
        "Whether it is open. What began last is what stands: a status told of an earlier time only completes the history.",
    )
    .also(&["经营状态", "营业情况", "是否营业"]);
    OPERATING_STATUS_SINCE_AT: DateTime<Utc> = Field::new(
        "operating_status_since_at",
        Shape::Instant,
        Text::new("Status since", "营业状态起始"),
        "Since when that is so; by default since `occurred_at` of a new place, since now of one that is amended.",
    )
    .also(&["停业日期", "停业时间", "暂停营业日期", "暂停营业时间", "歇业日期", "关停日期", "关停时间", "营业状态日期"]);
    OPERATING_STATUS_HISTORY: Vec<StatusPeriod> = Field::new(
        "operating_status_history",
        Shape::List { of: &Shape::Object(STATUS_PERIOD), max: 1000 },
        Text::new("Status history", "营业状态历史"),
        "Every status with its beginning, the oldest first.",
    )
    .required()
    .by_server();
}
