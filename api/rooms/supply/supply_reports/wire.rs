//! The fields of a supply report and of its lines.

use chrono::NaiveDate;
use kit::field::{Field, Shape};
use kit::text::Text;
use kit::typed::TypedField;
use kit::{fields, object, words};
use rust_decimal::Decimal;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::rooms::supply::commodities::{self, NORMAL, PRICE, QUANTITY, RATE, UNIT};

words! {
    /// Why no mark-up.
    pub MarkupRateReason "markup_rate_reason" "Why no mark-up" "无加价率原因" {
        NoPurchasePrice "no_purchase_price" "no purchase price" "未填进价";
        PurchasePriceZero "purchase_price_zero" "the purchase price is 0" "进价为零";
        NoRetailPrice "no_retail_price" "no retail price" "未填售价";
    }
}
words! {
    /// Why no days of stock.
    pub StockDaysReason "stock_days_reason" "Why no days of stock" "无可售天数原因" {
        NoClosingStock "no_closing_stock" "no closing stock" "未填库存";
        NoSales "no_sales" "nothing was sold" "当日无销量";
    }
}

object! {
    /// A line.
    pub struct ReportLine, LINE {
        commodity: String = commodities::COMMODITY.field.required();
        purchase_price: Option<Decimal> = Field::new("purchase_price", PRICE, Text::new("Purchase price", "进价"), "What the store pays.").also(&["进货价", "购进价", "批发价"]);
        retail_price: Option<Decimal> = Field::new("retail_price", PRICE, Text::new("Retail price", "售价"), "What the store charges.")
            .also(&["零售价", "销售价"]);
        price_unit: Option<String> = Field::new(
            "price_unit",
            UNIT,
            Text::new("Price unit", "计价单位"),
            "The unit of both prices, as it is written on the tag: 元/500克.",
        )
        .also(&["价格单位"]);
        purchased: Option<Decimal> = Field::new("purchased", QUANTITY, Text::new("Purchased", "进货量"), "How much came in that day.").also(&["购进量", "进货", "购进", "进货数量", "当日进货", "今日进货"]);
        sold: Option<Decimal> = Field::new("sold", QUANTITY, Text::new("Sold", "销售量"), "How much was sold that day.").also(&["销量", "销售", "售出", "销售数量", "当日销售", "今日销售"]);
        closing_stock: Option<Decimal> = Field::new("closing_stock", QUANTITY, Text::new("Closing stock", "库存量"), "How much is there at the day's end.")
            .also(&["库存", "期末库存", "结存", "现有库存", "当前库存"]);
        quantity_unit: Option<String> = Field::new("quantity_unit", UNIT, Text::new("Quantity unit", "数量单位"), "The unit of the quantities: 公斤.")
            .also(&["单位", "计量单位"]);
        purchase_price_normalized: Option<Decimal> = Field::new(
            "purchase_price_normalized",
            NORMAL,
            Text::new("Purchase price, normalised", "折算进价"),
            "The same in `normalized_unit`.",
        )
        .by_server();
        retail_price_normalized: Option<Decimal> = Field::new(
            "retail_price_normalized",
            NORMAL,
            Text::new("Retail price, normalised", "折算售价"),
            "The same in `normalized_unit`.",
        )
        .by_server();
        normalized_unit: Option<String> = Field::new(
            "normalized_unit",
            UNIT,
            Text::new("Normalised price unit", "折算计价单位"),
            "What prices are compared in: CNY/kg.",
        )
        .by_server();
        purchased_normalized: Option<Decimal> = Field::new(
            "purchased_normalized",
            NORMAL,
            Text::new("Purchased, normalised", "折算进货量"),
            "The same in `normalized_quantity_unit`.",
        )
        .by_server();
        sold_normalized: Option<Decimal> = Field::new(
            "sold_normalized",
            NORMAL,
            Text::new("Sold, normalised", "折算销售量"),
            "The same in `normalized_quantity_unit`.",
        )
        .by_server();
        closing_stock_normalized: Option<Decimal> = Field::new(
            "closing_stock_normalized",
            NORMAL,
            Text::new("Closing stock, normalised", "折算库存量"),
            "The same in `normalized_quantity_unit`.",
        )
        .by_server();
        normalized_quantity_unit: Option<String> = Field::new(
            "normalized_quantity_unit",
            UNIT,
            Text::new("Normalised quantity unit", "折算数量单位"),
            "What quantities are compared in: kg.",
        )
        .by_server();
        markup_rate: Option<Decimal> = Field::new(
            "markup_rate",
            RATE,
            Text::new("Mark-up rate", "进销差价率"),
            "(retail − purchase) / purchase; null with a reason.",
        )
        .by_server();
        markup_rate_reason: Option<MarkupRateReason> = Field::new(
            "markup_rate_reason",
            Shape::Word(MarkupRateReason::VOCABULARY),
            Text::new("Why no mark-up", "无差价率原因"),
            "Why there is no rate.",
        )
        .by_server();
        stock_days: Option<Decimal> = Field::new(
            "stock_days",
            Shape::Decimal { scale: 1, min: "0", max: "1000000000000" },
            Text::new("Days of stock", "可售天数"),
            "Closing stock by that day's sales; the mean of a week is in the statistics.",
        )
        .by_server();
        stock_days_reason: Option<StockDaysReason> = Field::new(
            "stock_days_reason",
            Shape::Word(StockDaysReason::VOCABULARY),
            Text::new("Why no days of stock", "无可售天数原因"),
            "Why there is no number.",
        )
        .by_server();
    }
}

fields! {
    /// The fields of a report.
    pub static FIELDS;
    PLACE_ID: Uuid = Field::new(
        "place_id",
        Shape::Reference("places"),
        Text::new("Store", "门店"),
        "Which store: a place of a venue's kind.",
    )
    .brings_area(1)
    .required()
    .on_create()
    .also(&["商店", "超市", "场所", "place", "门店名称", "超市名称", "企业名称", "商场"]);
    REPORTED_ON: NaiveDate = Field::new("reported_on", Shape::Day, Text::new("Day", "日期"), "Of which day.")
        .happened()
        .required()
        .on_create()
        .also(&["date", "填报日期", "报告日期"]);
    IS_ZERO: bool = Field::new(
        "is_zero",
        Shape::Boolean,
        Text::new("Nothing to report", "零报告"),
        "Whether there is explicitly nothing: then there are no lines.",
    );
    LINES: Vec<ReportLine> = Field::new(
        "lines",
        Shape::List { of: &Shape::Object(LINE), max: 100 },
        Text::new("Lines", "明细"),
        "A line a commodity; each commodity once.",
    );
    LINE_COUNT: i64 = Field::new("line_count", Shape::Integer { min: 0, max: 100 }, Text::new("Line count", "明细数"), "How many lines.")
        .required()
        .derived();
}

/// The same lines member by member, as they were sent: a member that is null and one that isn't there stay apart.
pub const SENT_LINES: TypedField<Json> = TypedField::new(LINES.field);
