//! Records whose items come into stocks or leave them: what was given, what was handed out. Each of their items that is a
//! commodity is a movement, which the service writes, amends and voids together with its record; nobody keeps it by hand.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use kit::field::{Field, Shape, free_text};
use kit::text::Text;
use kit::time::{day_of, day_start};
use kit::typed::TypedField;
use kit::value::Values;
use kit::{object, words};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::{
    COMMODITY, DIRECTION, NORMALIZED_UNIT, PLACE_ID, QUANTITY, QUANTITY_NORMALIZED, QUANTITY_UNIT, REASON, SOURCE_ID,
    SOURCE_KIND, StockDirection, StockReason,
};
use crate::platform::privacy::blind::derived_id;
use crate::records::envelope;
use crate::records::write_context::WriteContext;
use crate::rooms::supply::commodities::{COMMODITY_WORDS, Normal, UNIT};

words! {
    /// Kind of record by which goods come or go.
    pub StockSource "stock_source" "Made by" "来源单据" {
        Donations "donations" "donation" "捐赠";
        MaterialIssues "material_issues" "issue of goods" "物资发放";
    }
}

/// A quantity of something that is there.
const SOME: Shape = Shape::Decimal { scale: 3, min: "0.001", max: "100000000" };
/// An amount of money in yuan.
pub const MONEY: Shape = Shape::Decimal { scale: 2, min: "0", max: "10000000000" };

object! {
    /// Something that was given or handed out.
    pub struct StockItem, STOCK_ITEM {
        item: String = Field::new("item", free_text(60), Text::new("Item", "物品"), "What, in words: 方便面.")
            .required()
            .also(&["物资名称", "物品名称", "物资", "品名", "名称", "捐赠物资", "捐赠物品", "发放物资", "发放物品", "货物名称"]);
        commodity: Option<String> = Field::new(
            "commodity",
            Shape::Word(&COMMODITY_WORDS),
            Text::new("Commodity", "商品"),
            "The commodity it is, where the catalogue has it: then the stock of the place follows.",
        )
        .also(&["商品名称", "商品编码", "commodity_code"]);
        quantity: Decimal = Field::new("quantity", SOME, Text::new("Quantity", "数量"), "How much.").required();
        quantity_unit: String = Field::new("quantity_unit", UNIT, Text::new("Quantity unit", "数量单位"), "Of what: 件, 箱.")
            .required()
            .also(&["单位", "计量单位"]);
        value_cny: Option<Decimal> = Field::new("value_cny", MONEY, Text::new("Value", "价值"), "What all of it is worth, in yuan.")
            .also(&["价值(元)", "折价", "金额", "金额(元)", "折合金额", "折合金额(元)", "折款", "折款(元)"]);
    }
}

/// The items of such a record.
pub const ITEMS: TypedField<Vec<StockItem>> = TypedField::named(
    "ITEMS",
    Field::new(
        "items",
        Shape::List { of: &Shape::Object(STOCK_ITEM), max: 50 },
        Text::new("Items", "物品"),
        "What it was, each item once.",
    )
    .required()
    .not_empty(),
);
/// The place whose stock a gift makes more.
pub const RECEIVED_BY_PLACE_ID: TypedField<Uuid> = TypedField::named(
    "RECEIVED_BY_PLACE_ID",
    Field::new(
        "received_by_place_id",
        Shape::Reference("places"),
        Text::new("Received at", "接收仓库"),
        "The warehouse or place whose stock it went into.",
    )
    .brings_area(1)
    .required()
    .on_create()
    .also(&["接收地点", "接收场所", "入库仓库", "存放地点", "存放仓库", "仓库", "仓库名称", "库房"]),
);
/// The day on which a gift was received.
pub const RECEIVED_ON: TypedField<NaiveDate> = TypedField::named(
    "RECEIVED_ON",
    Field::new("received_on", Shape::Day, Text::new("Received on", "接收日期"), "On which day it was received.")
        .happened()
        .required()
        .also(&["日期", "捐赠日期", "受赠日期", "捐赠时间", "接收时间", "收到日期", "登记日期"]),
);
/// The place whose stock an issue makes less.
pub const FROM_PLACE_ID: TypedField<Uuid> = TypedField::named(
    "FROM_PLACE_ID",
    Field::new(
        "from_place_id",
        Shape::Reference("places"),
        Text::new("From", "发出仓库"),
        "The warehouse or place from whose stock it went.",
    )
    .brings_area(1)
    .required()
    .on_create()
    .also(&["出库仓库", "发放仓库", "仓库", "仓库名称", "库房"]),
);

/// A commodity at a place.
pub type Key = (Uuid, String);

/// An item that is kept in stock.
pub struct Entry {
    /// Its place in the list.
    pub index: usize,
    /// The item.
    pub item: StockItem,
    /// The commodity that is kept, and its place.
    pub key: Key,
}

impl StockSource {
    /// The items of a record that are kept in stock.
    pub fn entries(self, values: &Values) -> Vec<Entry> {
        let place_id = match self {
            Self::Donations => values.get(&RECEIVED_BY_PLACE_ID),
            Self::MaterialIssues => values.get(&FROM_PLACE_ID),
        };
        let Some(place_id) = place_id else { return Vec::new() };
        let items = values.list(&ITEMS).enumerate();
        items
            .filter_map(|(index, item)| {
                let key = (place_id, item.commodity.clone()?);
                Some(Entry { index, item, key })
            })
            .collect()
    }

    /// When its goods came or went: of a gift on the day it was received, whenever it was told.
    pub fn at(self, values: &Values, zone: Tz, now: DateTime<Utc>) -> DateTime<Utc> {
        let occurred_at = values.get(&envelope::OCCURRED_AT).unwrap_or(now);
        let received_on = match self {
            Self::Donations => values.get(&RECEIVED_ON),
            Self::MaterialIssues => None,
        };
        let other_day = received_on.filter(|day| *day != day_of(occurred_at, zone));
        other_day.and_then(|day| day_start(day, zone)).unwrap_or(occurred_at)
    }

    /// The id of the movement of an item.
    pub fn movement_id(self, write_context: &WriteContext, id: Uuid, item: &str) -> Uuid {
        derived_id(&write_context.keys.identity, &["stock_movement", self.code(), &id.to_string(), item])
    }

    /// The values of that movement.
    pub fn movement(self, id: Uuid, entry: &Entry, normal: Normal) -> Values {
        let mut values = Values::default();
        let (direction, reason) = match self {
            Self::Donations => (StockDirection::In, StockReason::Donation),
            Self::MaterialIssues => (StockDirection::Out, StockReason::Distribution),
        };
        values.set(&PLACE_ID, entry.key.0);
        values.set(&COMMODITY, entry.key.1.clone());
        values.set(&DIRECTION, direction);
        values.set(&QUANTITY, entry.item.quantity);
        values.set(&QUANTITY_UNIT, entry.item.quantity_unit.clone());
        values.set(&REASON, reason);
        values.set(&QUANTITY_NORMALIZED, normal.value);
        values.set(&NORMALIZED_UNIT, normal.unit);
        values.set(&SOURCE_KIND, self);
        values.set(&SOURCE_ID, id);
        values
    }
}
