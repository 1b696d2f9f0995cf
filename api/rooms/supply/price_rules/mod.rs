//! Price rules (价格规则): when a price counts as risen too far, as dated data of the district. None is built in:
//! no percentage is laid down nationally, and those of other places are theirs (README, "Price rules").

use chrono::Days;
use chrono::NaiveDate;
use kit::catalogue::FaultCode;
use kit::faults::Faults;
use kit::field::{Field, Shape, free_text};
use kit::text::Text;
use kit::{fields, words};
use rust_decimal::Decimal;

use crate::platform::access::Role;
use crate::platform::codes::INVALID_ORDER;
use crate::records::codes::EXCLUSIVE_FIELDS;
use crate::records::{Context, Definition, Draft, Kind, Measure, Reach, Record, Rules, Warning};
use crate::rooms::supply::commodities::{COMMODITY_ITEM, CommodityCategory, SUPPLY_READERS};

words! {
    /// Kinds of price rules: the figure that is compared with the rule's threshold.
    pub PriceRuleKind "price_rule_kind" "Kind of rule" "规则类型" {
        PriceChange "price_change" "rise of the price since a day" "较基准日涨幅";
        Markup "markup" "rise of the mark-up rate since a day" "进销差价率较基准日扩大";
        MarkupCap "markup_cap" "mark-up rate" "进销差价率上限";
        DayOnDay "day_on_day" "rise of the price since the day before" "较前一日涨幅";
    }
}

fields! {
    /// The fields of a rule, beside the envelope's.
    pub static FIELDS;
    NAME: String = Field::new("name", free_text(100), Text::new("Name", "名称"), "What people call it.").required();
    RULE_KIND: PriceRuleKind = Field::new("rule_kind", Shape::Word(PriceRuleKind::VOCABULARY), Text::new("Kind", "规则类型"), "What is compared with what.").required().on_create();
    BASELINE_ON: NaiveDate = Field::new(
        "baseline_on",
        Shape::Day,
        Text::new("Baseline day", "基准日"),
        "The store's last report on or before this day is what is compared with.",
    );
    THRESHOLD_RATE: Decimal = Field::new(
        "threshold_rate",
        Shape::Decimal { scale: 4, min: "0", max: "100" },
        Text::new("Threshold", "阈值"),
        "Above it the rule fires, the threshold itself excluded: `0.15` is 15 %; of `markup`, points by which the rate widened.",
    )
    .required();
    ONLY_WITHOUT_BASELINE: bool = Field::new(
        "only_without_baseline",
        Shape::Boolean,
        Text::new("Only without baseline", "仅适用于无基准价"),
        "Of `markup_cap`: only where the store has no report on or before the baseline day.",
    );
    COMMODITIES: Vec<String> = Field::new("commodities", Shape::List { of: COMMODITY_ITEM, max: 100 }, Text::new("Commodities", "商品"), "Only these; all where neither these nor categories are given.");
    CATEGORIES: Vec<CommodityCategory> = Field::new("categories", Shape::List { of: &Shape::Word(CommodityCategory::VOCABULARY), max: 30 }, Text::new("Categories", "类别"), "Those of these groups.");
    EFFECTIVE_ON: NaiveDate = Field::new("effective_on", Shape::Day, Text::new("Effective on", "生效日期"), "For reports of this day on; the day after the baseline, else today, by default.");
    EXPIRES_ON: NaiveDate = Field::new("expires_on", Shape::Day, Text::new("Expires on", "失效日期"), "For reports until this day, itself included.").any_day();
    BASIS: String = Field::new("basis", free_text(200), Text::new("Basis", "依据"), "The document that says so.").required();
}

/// A rate above it is mostly a percentage: 15 for 0.15.
const PLAUSIBLE_RATE: i64 = 3;
static THRESHOLD_IMPLAUSIBLE: Warning = Warning {
    code: "threshold_implausible",
    message: Text::new(
        "is above 300 %: a rate is a fraction, 0.15 for 15 %",
        "超过 300%:阈值应为小数,例如 0.15 表示 15%",
    ),
};

/// The kind.
pub static PRICE_RULES: Kind = Kind::of(Definition {
    name: "price_rules",
    path: "price-rules",
    schema: "PriceRule",
    label: Text::new("Price rule", "价格规则"),
    about: "When a price counts as risen too far: for the record's area and all below.",
    fields: FIELDS,
    filters: &[RULE_KIND.name()],
    reach: Reach::District,
    readers: SUPPLY_READERS,
    writers: &[Role::DistrictAdmin, Role::OrgAdmin],
    rules: &PriceRuleRules,
    warnings: &[&THRESHOLD_IMPLAUSIBLE],
    example: include_str!("../../../../openapi/examples/price_rules/create.json"),
    ..Definition::FIELD_RECORD
});

struct PriceRuleRules;

impl Rules for PriceRuleRules {
    fn stands_when_known(&self) -> bool {
        true
    }

    /// The supervising bureau's: what it says hits competitors, too.
    fn judges_others(&self) -> bool {
        true
    }

    fn check(&self, draft: &mut Draft, context: &Context<'_>, faults: &mut Faults) {
        let values = &draft.values;
        let kind = values.get(&RULE_KIND);
        let only_without = values.get(&ONLY_WITHOUT_BASELINE) == Some(true);
        let needs_baseline = match kind {
            Some(PriceRuleKind::PriceChange | PriceRuleKind::Markup) => true,
            Some(PriceRuleKind::MarkupCap) => only_without,
            Some(PriceRuleKind::DayOnDay) | None => false,
        };
        if needs_baseline && values.get(&BASELINE_ON).is_none() && !faults.touches(&draft.at(&BASELINE_ON)) {
            faults.add(draft.at(&BASELINE_ON), FaultCode::REQUIRED);
        }
        let baseline_on = values.get(&BASELINE_ON).filter(|_| needs_baseline);
        let default = baseline_on.map_or(context.told_on(), |day| day.checked_add_days(Days::new(1)).unwrap_or(day));
        let effective_on = values.get(&EFFECTIVE_ON).unwrap_or(default);
        let expires_on = values.get(&EXPIRES_ON);
        if expires_on.is_some_and(|last| last < effective_on) {
            faults.add_with(draft.at(&EXPIRES_ON), INVALID_ORDER, vec![("other", EFFECTIVE_ON.to_string())]);
        }
        if only_without && kind != Some(PriceRuleKind::MarkupCap) {
            let kind = kind.map(PriceRuleKind::code).unwrap_or_default();
            faults.add_with(
                draft.at(&ONLY_WITHOUT_BASELINE),
                EXCLUSIVE_FIELDS,
                vec![("other", format!("{RULE_KIND} {kind}"))],
            );
        }
        draft.values.set(&EFFECTIVE_ON, effective_on);
        draft.values.set(&ONLY_WITHOUT_BASELINE, only_without);
    }

    fn judge(&self, draft: &mut Draft, _context: &Context<'_>) {
        if draft.values.get(&THRESHOLD_RATE).is_some_and(|rate| rate > Decimal::from(PLAUSIBLE_RATE)) {
            draft.warn(&THRESHOLD_IMPLAUSIBLE, &THRESHOLD_RATE);
        }
    }

    fn measures(&self, _record: &Record) -> Vec<Measure> {
        vec![("price_rules", 1)]
    }
}
