//! Price observations (价格监测): averages of areas from published notices, this district's or any other's, to
//! compare with.

use chrono::NaiveDate;
use kit::faults::Faults;
use kit::field::{Field, Shape, free_text};
use kit::text::Text;
use kit::time::day_start;
use kit::{fields, words};
use rust_decimal::Decimal;

use crate::platform::access::Role;
use crate::records::{Context, Definition, Draft, Kind, Measure, Record, Rules, envelope};
use crate::rooms::supply::commodities::{self, NORMAL, SUPPLY_READERS, UNIT, add_unknown_unit};

words! {
    /// Range of goods or places that an observation speaks of.
    pub PriceScope "price_scope" "Scope" "口径" {
        Store "store" "one store or market" "单个门店";
        UrbanCoreAverage "urban_core_average" "average of the town's core" "主城区均价";
        UrbanMarketAverage "urban_market_average" "average of the town's markets" "城区市场均价";
        DistrictAverage "district_average" "average of the district" "区县均价";
        PrefectureAverage "prefecture_average" "average of the prefecture" "地市均价";
        PrefectureAverageDerived "prefecture_average_derived" "average of the prefecture, derived from stated percentages" "地市均价(推算)";
        ProvincialAverage "provincial_average" "average of the province" "全省均价";
        NationalAverage "national_average" "average of the country" "全国均价";
    }
}

fields! {
    /// The fields of an observation, beside the envelope's.
    static FIELDS;
    OBSERVED_ON: NaiveDate = Field::new("observed_on", Shape::Day, Text::new("Observed on", "监测日期"), "Of which day.")
        .happened()
        .required()
        .also(&["date", "日期"]);
    OBSERVED_AREA_CODE: String = Field::new(
        "observed_area_code",
        Shape::Text { min: 6, max: 12, pattern: Some("[0-9]{6}|[0-9]{9}|[0-9]{12}") },
        Text::new("Observed area", "监测地区代码"),
        "Of which area, wherever it is: 511800 is the prefecture. In a file also `area_code`.",
    )
    .required()
    .also(&["area_code"]);
    AREA_NAME: String = Field::new("area_name", free_text(60), Text::new("Area name", "监测地区"), "Its name.").also(&["地区"]);
    SCOPE: PriceScope = Field::new("scope", Shape::Word(PriceScope::VOCABULARY), Text::new("Scope", "口径"), "What it is the average of.")
        .required();
    COMMODITY: String = commodities::COMMODITY.field.required();
    PRICE: Decimal = Field::new("price", commodities::PRICE, Text::new("Price", "价格"), "As it was published.").required().also(&["零售价", "平均价", "均价"]);
    PRICE_UNIT: String = Field::new("price_unit", UNIT, Text::new("Price unit", "计价单位"), "As it was published: 元/500克.")
        .required()
        .also(&["price_unit_zh", "单位", "价格单位"]);
    SOURCE_URL: String = Field::new("source_url", free_text(500), Text::new("Source", "来源"), "The notice.").required().also(&["来源网址"]);
    COMMODITY_ZH: String = Field::new("commodity_zh", free_text(60), Text::new("Commodity in Chinese", "商品中文名"), "Its Chinese name.")
        .required()
        .derived();
    PRICE_NORMALIZED: Decimal = Field::new("price_normalized", NORMAL, Text::new("Normalised price", "折算价格"), "The same in `normalized_unit`.")
        .required()
        .derived();
    NORMALIZED_UNIT: String = Field::new("normalized_unit", UNIT, Text::new("Normalised unit", "折算单位"), "What prices of it are compared in.")
        .required()
        .derived();
}

/// The kind.
pub static PRICE_OBSERVATIONS: Kind = Kind::of(Definition {
    name: "price_observations",
    path: "price-observations",
    schema: "PriceObservation",
    label: Text::new("Price observation", "价格监测"),
    about: "A published price of an area.",
    fields: FIELDS,
    filters: &[COMMODITY.name(), OBSERVED_ON.name(), OBSERVED_AREA_CODE.name(), SCOPE.name()],
    readers: SUPPLY_READERS,
    writers: &[Role::DistrictAdmin, Role::OrgAdmin],
    rules: &PriceObservationRules,
    example: include_str!("../../../../openapi/examples/price_observations/create.json"),
    ..Definition::FIELD_RECORD
});

struct PriceObservationRules;

impl Rules for PriceObservationRules {
    /// The supervising bureau's: what it says hits competitors, too.
    fn judges_others(&self) -> bool {
        true
    }

    fn check(&self, draft: &mut Draft, context: &Context<'_>, faults: &mut Faults) {
        let observed_on = draft.values.get(&OBSERVED_ON).unwrap_or(context.told_on());
        let found = draft.values.get(&COMMODITY).and_then(|code| context.commodity(code, observed_on));
        let Some(commodity) = found else { return };
        draft.values.set(&COMMODITY_ZH, commodity.name_zh.clone().into_owned());
        if let Some((price, unit)) = draft.values.get(&PRICE).zip(draft.values.get(&PRICE_UNIT)) {
            match commodity.normal_price(price, unit) {
                Some(normal) => {
                    draft.values.set(&PRICE_NORMALIZED, normal.value);
                    draft.values.set(&NORMALIZED_UNIT, normal.unit);
                }
                None => add_unknown_unit(draft.at(&PRICE_UNIT), commodity, true, faults),
            }
        }
        // Published figures are of a day, not of a moment.
        let day = draft.values.get(&OBSERVED_ON).filter(|_| draft.values.get(&envelope::OCCURRED_AT).is_none());
        if let Some(at) = day.and_then(|day| day_start(day, context.zone)) {
            draft.values.set(&envelope::OCCURRED_AT, at);
        }
    }

    fn natural_key(&self) -> &'static [&'static str] {
        const KEY: &[&str] = &[COMMODITY.name(), OBSERVED_ON.name(), OBSERVED_AREA_CODE.name(), SCOPE.name()];
        KEY
    }

    fn measures(&self, _record: &Record) -> Vec<Measure> {
        vec![("price_observations", 1)]
    }
}
