//! Price alerts (价格预警): what a rule says of a price, with the record and revision of every figure. Written by
//! the service ([`crate::rooms::supply::market`]); people explain or dismiss them, letters and interviews move them on
//! ([`crate::rooms::supply::enforcement_actions`]).

mod routes;

use chrono::NaiveDate;
use kit::field::{Field, Shape, free_text};
use kit::text::Text;
use kit::{fields, object, words};
pub use routes::operations;
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::platform::access::Role;
use crate::records::figure::TIMES;
use crate::records::{Definition, Figure, Kind, Measure, Narrowed, Record, Rules};
use crate::rooms::supply::commodities::{self, NORMAL, RATE, UNIT};
use crate::rooms::supply::price_rules::PriceRuleKind;
use crate::rooms::supply::supply_reports::of_own_store;

/// Roles that see price alerts.
pub const READERS: &[Role] =
    &[Role::DistrictAdmin, Role::OrgAdmin, Role::Inspector, Role::TownCadre, Role::StoreReporter];

words! {
    /// How it stands.
    pub PriceAlertState "price_alert_state" "State" "状态" {
        Open "open" "open" "待处置";
        Explained "explained" "explained by the store" "已说明";
        Warned "warned" "warning letter given" "已告诫";
        Interviewed "interviewed" "interviewed" "已约谈";
        Dismissed "dismissed" "dismissed" "已消除";
    }
}
words! {
    /// Reason for which an alert is dismissed.
    pub PriceAlertDismissal "price_alert_dismissal" "Dismissal" "消除缘由" {
        ByHand "by_hand" "dismissed by somebody, with a reason" "人工消除";
        Reevaluated "reevaluated" "doesn't hold any more: a report or the rule changed" "重新计算后不再成立";
    }
}

words! {
    /// Why it isn't judged.
    pub PriceAlertUnjudgedReason "price_alert_unjudged_reason" "Why it isn't judged" "无法判断原因" {
        NotCovered "not_covered" "the rule doesn't speak of it any more" "规则已不适用";
        NoReport "no_report" "the report is gone" "报表已作废";
        NoPrice "no_price" "a price is missing" "缺少价格";
        NoBaseline "no_baseline" "no report until the baseline's day" "无基准日报表";
        NoPreviousDay "no_previous_day" "no price of the day before" "无前一日价格";
        HasBaseline "has_baseline" "a baseline is there; another rule holds" "已有基准价,适用其他规则";
    }
}

object! {
    /// A day's prices of a store.
    pub struct AlertSide, SIDE {
        reported_on: NaiveDate = Field::new("reported_on", Shape::Day, Text::new("Day", "日期"), "Of which day's report.").required();
        price: Option<Decimal> = Field::new("price", NORMAL, Text::new("Price", "价格"), "What the store charged.");
        purchase_price: Option<Decimal> = Field::new("purchase_price", NORMAL, Text::new("Purchase price", "进价"), "What the store paid.");
        markup_rate: Option<Decimal> = Field::new("markup_rate", RATE, Text::new("Mark-up rate", "进销差价率"), "(price − purchase) / purchase.");
        unit: String = Field::new("unit", UNIT, Text::new("Unit", "单位"), "The unit of both prices.").required();
    }
}
object! {
    /// A figure and where it is from.
    pub struct AlertEvidence, SOURCES {
        figure: String = Field::new("figure", free_text(40), Text::new("Figure", "数据项"), "Which figure of the alert.").required();
        value: String = Field::new("value", free_text(40), Text::new("Value", "数值"), "Its value.").required();
        unit: Option<String> = Field::new("unit", UNIT, Text::new("Unit", "单位"), "Its unit.");
        kind: String = Field::new("kind", free_text(40), Text::new("Kind", "类别"), "The kind of the record it is from.").required();
        id: Uuid = Field::new("id", Shape::Id, Text::new("Id", "编号"), "The record.").required();
        revision: i64 = Field::new("revision", Shape::Integer { min: 1, max: 1_000_000 }, Text::new("Revision", "版本"), "Its revision.")
            .required();
        pointer: String = Field::new("pointer", free_text(100), Text::new("Pointer", "位置"), "Where in it.").required();
    }
}

mod form {
    use kit::field::{Field, free_text};
    use kit::text::Text;
    use kit::typed::TypedField;

    /// The reason of an explanation or a dismissal; sealed in the alert.
    pub const REASON: TypedField<String> = TypedField::named(
        "REASON",
        Field::new(
            "reason",
            free_text(500),
            Text::new("Reason", "说明"),
            "What the store said, or why it was dismissed.",
        ),
    );
}

fields! {
    /// The fields of an alert, beside the envelope's.
    pub static FIELDS;
    PLACE_ID: Uuid = Field::new("place_id", Shape::Reference("places"), Text::new("Store", "门店"), "Whose price.").brings_area(1)
        .required()
        .by_server();
    COMMODITY: String = commodities::COMMODITY.field.required().by_server();
    REPORTED_ON: NaiveDate = Field::new("reported_on", Shape::Day, Text::new("Day", "日期"), "Of which day.").required().by_server();
    RULE_ID: Uuid = Field::new("rule_id", Shape::Reference("price_rules"), Text::new("Rule", "规则"), "By which rule.")
        .required()
        .by_server();
    RULE_REVISION: i64 = Field::new(
        "rule_revision",
        Shape::Integer { min: 1, max: 1_000_000 },
        Text::new("Rule revision", "规则版本"),
        "By which revision of it.",
    )
    .required()
    .by_server();
    RULE_KIND: PriceRuleKind = Field::new(
        "rule_kind",
        Shape::Word(PriceRuleKind::VOCABULARY),
        Text::new("Kind of rule", "规则类型"),
        "What was compared.",
    )
    .required()
    .by_server();
    OBSERVED: AlertSide = Field::new("observed", Shape::Object(SIDE), Text::new("Observed", "实际"), "What was reported that day.")
        .by_server();
    BASELINE: AlertSide = Field::new("baseline", Shape::Object(SIDE), Text::new("Baseline", "基准"), "What it was compared with.")
        .by_server();
    CHANGE_RATE: Decimal = Field::new("change_rate", RATE, Text::new("Change", "涨幅"), "By how much the price changed: `0.2485` is 24.85 %.")
        .by_server();
    MARKUP_RATE: Decimal = Field::new("markup_rate", RATE, Text::new("Mark-up rate", "进销差价率"), "That day's.").by_server();
    THRESHOLD_RATE: Decimal = Field::new("threshold_rate", RATE, Text::new("Threshold", "阈值"), "The rule's.").required().by_server();
    FIRES: bool = Field::new(
        "fires",
        Shape::Boolean,
        Text::new("Holds", "是否成立"),
        "Whether it still holds, as reports and rule are now.",
    )
    .required()
    .by_server();
    STATE: PriceAlertState = Field::new(
        "state",
        Shape::Word(PriceAlertState::VOCABULARY),
        Text::new("State", "状态"),
        "What was done about it.",
    )
    .required()
    .by_server();
    DISMISSAL: PriceAlertDismissal = Field::new(
        "dismissal",
        Shape::Word(PriceAlertDismissal::VOCABULARY),
        Text::new("Dismissal", "消除缘由"),
        "Why it was dismissed.",
    )
    .by_server();
    UNJUDGED_REASON: PriceAlertUnjudgedReason = Field::new(
        "unjudged_reason",
        Shape::Word(PriceAlertUnjudgedReason::VOCABULARY),
        Text::new("Why it isn't judged", "无法判断原因"),
        "Why the rule says nothing of it any more; null where it says something.",
    )
    .by_server();
    EVIDENCE: Vec<AlertEvidence> = Field::new(
        "evidence",
        Shape::List { of: &Shape::Object(SOURCES), max: 10 },
        Text::new("Evidence", "依据"),
        "Each figure with its record, revision and place in it; former ones are in the alert's revisions.",
    )
    .required()
    .by_server();
    REASON: String = form::REASON.field.by_server().sealed();
}

/// The kind.
pub static PRICE_ALERTS: Kind = Kind::of(Definition {
    name: "price_alerts",
    path: "price-alerts",
    schema: "PriceAlert",
    label: Text::new("Price alert", "价格预警"),
    about: "A price that rose further than a rule allows. Written by the service.",
    fields: FIELDS,
    filters: &[PLACE_ID.name(), COMMODITY.name(), REPORTED_ON.name(), RULE_ID.name(), STATE.name(), FIRES.name()],
    readers: READERS,
    writers: &[],
    rules: &PriceAlertRules,
    example: include_str!("../../../../openapi/examples/price_alerts/served.json"),
    sequence: 2,
    ..Definition::FIELD_RECORD
});

struct PriceAlertRules;

/// Figures of price alerts that statistics show.
static FIGURES: &[Figure] = &[ALERTS, HOLDING];

const ALERTS: Figure = Figure::new("price_alerts", Text::new("Price alerts", "价格预警"), TIMES).open();
const HOLDING: Figure = Figure::new("price_alerts_holding", Text::new("Price alerts that hold", "持续预警"), TIMES)
    .part(ALERTS.name, "fires=true")
    .open();

impl Rules for PriceAlertRules {
    fn narrowed(&self, role: Role) -> Option<Narrowed> {
        of_own_store(role)
    }

    fn figures(&self) -> &'static [Figure] {
        FIGURES
    }

    fn measures(&self, record: &Record) -> Vec<Measure> {
        let fires = record.values.get(&FIRES) == Some(true);
        vec![ALERTS.measured(1), HOLDING.measured(i64::from(fires))]
    }
}
