//! Entries of the district's goods (商品目录条目): what its bureau says of a commodity from a day on. Of one of the
//! catalogue: other names, sizes of packs, that it isn't used any more. Of one of its own: all that the catalogue would
//! say. The entry with the latest day that has come holds; a mistaken one is amended.

mod decider;

use std::sync::Arc;

use chrono::NaiveDate;
use kit::catalogue::{Code, FaultCode};
use kit::faults::Faults;
use kit::field::{Field, Shape, free_text};
use kit::fields;
use kit::text::{Text, folded};
use ledger::decide::Decider;

use self::decider::EntryDecider;
use crate::platform::access::Role;
use crate::platform::access::roles::Actor;
use crate::records::write_context::WriteContext;
use crate::records::{Context, Definition, Draft, Kind, Measure, Reach, Record, Rules, whole_district};
use crate::rooms::supply::codes::{BUILT_IN_COMMODITY, COMMODITY_HAS_ENTRY, NAME_TAKEN, OWN_CODE, UNKNOWN_UNIT};
use crate::rooms::supply::commodities::{
    COMMODITIES, CommodityCategory, PACK, Pack, UNIT, built_in, dimension_of, spelled_unit,
};

fields! {
    /// The fields of an entry, beside the envelope's.
    pub static FIELDS;
    COMMODITY: String = Field::new(
        "commodity",
        Shape::Text { min: 2, max: 40, pattern: Some("[a-z][a-z0-9_]+") },
        Text::new("Code", "商品编码"),
        "The code of a commodity of the catalogue, or one of the district's own, which begins with `own_`.",
    )
    .required()
    .on_create()
    .also(&["编码", "code"]);
    NAME_ZH: String = Field::new("name_zh", free_text(40), Text::new("Chinese name", "中文名"), "Of an own commodity: its name.").also(&["商品名称", "名称", "品名"]);
    NAME_EN: String = Field::new("name_en", free_text(60), Text::new("English name", "英文名"), "Of an own commodity: its name; the Chinese one where it is left out.");
    CATEGORY: CommodityCategory = Field::new("category", Shape::Word(CommodityCategory::VOCABULARY), Text::new("Category", "类别"), "Of an own commodity: its group.").also(&["分类"]);
    SPECIFICATION: String = Field::new("specification", free_text(60), Text::new("Specification", "规格"), "Of an own commodity: what exactly is meant.");
    PRICE_UNIT: String = Field::new("price_unit", UNIT, Text::new("Price unit", "计价单位"), "Of an own commodity: the usual unit of its price, 元/500克. What prices are compared in follows from it, and stays.").on_create().also(&["价格单位"]);
    QUANTITY_UNIT: String = Field::new("quantity_unit", UNIT, Text::new("Quantity unit", "数量单位"), "Of an own commodity: the unit in which its quantities are told and added up: kg. It stays.").on_create();
    ALSO: Vec<String> = Field::new("also", Shape::List { of: &free_text(40), max: 50 }, Text::new("Other names", "别名"), "What people here call it, beside its name; before what the catalogue says of such a name. As in the entry before where it is left out.").also(&["俗称", "又名"]);
    PACKS: Vec<Pack> = Field::new("packs", Shape::List { of: &Shape::Object(PACK), max: 20 }, Text::new("Packs", "包装规格"), "What a pack of it holds where a unit doesn't say so. As in the entry before where it is left out.");
    RETIRED: bool = Field::new("retired", Shape::Boolean, Text::new("Retired", "停用"), "Whether it isn't used any more: records of this day on can't name it.");
    EFFECTIVE_ON: NaiveDate = Field::new("effective_on", Shape::Day, Text::new("Effective on", "生效日期"), "For what is told of this day on; today by default.").any_day();
    BASIS: String = Field::new("basis", free_text(200), Text::new("Basis", "依据"), "The document or the decision that says so.").required();
}

/// The kind.
pub static COMMODITY_ENTRIES: Kind = Kind::of(Definition {
    name: "commodity_entries",
    path: "commodity-entries",
    schema: "CommodityEntry",
    label: Text::new("Commodity entry", "商品目录条目"),
    about: "What the district says of a commodity from a day on; the merged answer is `/v1/commodities`.",
    fields: FIELDS,
    filters: &[COMMODITY.name()],
    reach: Reach::District,
    readers: Role::ALL,
    writers: WRITERS,
    rules: &CommodityEntryRules,
    example: include_str!("../../../../openapi/examples/commodity_entries/create.json"),
    ..Definition::FIELD_RECORD
});

const WRITERS: &[Role] = &[Role::DistrictAdmin, Role::OrgAdmin];
/// Beginning of the codes of a district's own.
const OWN: &str = "own_";
/// Fields that only an own commodity has.
const OF_OWN: [&str; 6] =
    [NAME_ZH.name(), NAME_EN.name(), CATEGORY.name(), SPECIFICATION.name(), PRICE_UNIT.name(), QUANTITY_UNIT.name()];

struct CommodityEntryRules;

impl Rules for CommodityEntryRules {
    fn stands_when_known(&self) -> bool {
        true
    }

    /// The supervising bureau's: no store says what its goods are called.
    fn judges_others(&self) -> bool {
        true
    }

    /// Where no area is said the grant's is meant: that must be a whole district, for which an entry holds.
    fn permits(&self, actor: &Actor, draft: &Draft) -> bool {
        whole_district::permits(actor, draft, WRITERS)
    }

    fn check(&self, draft: &mut Draft, context: &Context<'_>, faults: &mut Faults) {
        whole_district::check(draft, faults);
        let effective_on = draft.values.get(&EFFECTIVE_ON).unwrap_or(context.told_on());
        draft.values.set(&EFFECTIVE_ON, effective_on);
        let retired = draft.values.get(&RETIRED) == Some(true);
        draft.values.set(&RETIRED, retired);
        let Some(code) = draft.values.get(&COMMODITY).map(str::to_owned) else { return };
        inherit(draft, context, &code, effective_on);
        if built_in(&code).is_some() {
            for name in OF_OWN.into_iter().filter(|name| draft.values.get(*name).is_some()) {
                faults.add(draft.at(name), BUILT_IN_COMMODITY);
            }
        } else {
            check_own(draft, &code, faults);
        }
        check_names(draft, &code, faults);
        check_packs(draft, &code, faults);
    }

    fn defines_words(&self) -> bool {
        true
    }

    fn natural_key(&self) -> &'static [&'static str] {
        const KEY: &[&str] = &[COMMODITY.name(), EFFECTIVE_ON.name()];
        KEY
    }

    fn conflicts(&self) -> &'static [Code] {
        &[COMMODITY_HAS_ENTRY]
    }

    fn decider(&self, _: Option<&Record>, _: &Record, _: &Arc<WriteContext>) -> Option<Arc<dyn Decider>> {
        Some(Arc::new(EntryDecider))
    }

    fn judged_across_rows(&self) -> bool {
        true
    }

    fn measures(&self, _record: &Record) -> Vec<Measure> {
        vec![("commodity_entries", 1)]
    }
}

/// Fills what is left out from the entry before: to retire a commodity, or to give it another pack, nobody repeats
/// the rest.
fn inherit(draft: &mut Draft, context: &Context<'_>, code: &str, effective_on: NaiveDate) {
    let before = effective_on.pred_opt().and_then(|day| context.goods().entry(code, day));
    let Some(before) = before else { return };
    let (values, known) = (&mut draft.values, &before.commodity);
    if !values.has(ALSO.name()) {
        values.set(&ALSO, before.called.clone());
    }
    if !values.has(PACKS.name()) {
        values.set(&PACKS, known.packs.clone());
    }
    if built_in(code).is_some() {
        return;
    }
    for (field, text) in [
        (&NAME_ZH, &known.name_zh),
        (&NAME_EN, &known.name_en),
        (&PRICE_UNIT, &known.price_unit),
        (&QUANTITY_UNIT, &known.quantity_unit),
        (&SPECIFICATION, &known.specification),
    ] {
        if !values.has(field.name()) && !text.is_empty() {
            values.set(field, text.clone().into_owned());
        }
    }
    if !values.has(CATEGORY.name()) {
        values.set(&CATEGORY, known.category);
    }
}

fn check_own(draft: &mut Draft, code: &str, faults: &mut Faults) {
    if !code.starts_with(OWN) || code.len() == OWN.len() {
        faults.add(draft.at(&COMMODITY), OWN_CODE);
    }
    for name in [NAME_ZH.name(), CATEGORY.name(), PRICE_UNIT.name(), QUANTITY_UNIT.name()] {
        if draft.values.get(name).is_none() && !faults.touches(&draft.at(name)) {
            faults.add(draft.at(name), FaultCode::REQUIRED);
        }
    }
    if let Some(unit) = draft.values.get(&PRICE_UNIT)
        && dimension_of(unit, true).is_none()
    {
        let units = "元/500克 元/千克 元/升 元/盒 元/个 元/袋 元/瓶 元/件 元/吨";
        add_unit(draft.at(&PRICE_UNIT), "元/…", units, faults);
    }
    if let Some(unit) = draft.values.get(&QUANTITY_UNIT) {
        match spelled_unit(unit) {
            Some(spelled) => draft.values.set(&QUANTITY_UNIT, spelled.to_owned()),
            None => add_unit(draft.at(&QUANTITY_UNIT), "kg", "kg t L 盒 听 袋 瓶 个 件 头", faults),
        }
    }
}

fn add_unit(at: String, unit: &str, units: &str, faults: &mut Faults) {
    let values = vec![("unit", unit.to_owned()), ("units", units.to_owned()), ("pack", "—".to_owned())];
    faults.add_with(at, UNKNOWN_UNIT, values);
}

/// A name of the catalogue means what it says; what only people call a thing the district may call another.
fn check_names(draft: &Draft, code: &str, faults: &mut Faults) {
    for (at, name) in names(&draft.values) {
        let name = folded(&name);
        let others = COMMODITIES.iter().filter(|other| other.code != code);
        let taken = others
            .into_iter()
            .find(|other| [&other.code, &other.name_zh, &other.name_en].iter().any(|known| folded(known) == name));
        if let Some(other) = taken {
            let values = vec![("commodity", format!("{} {}", other.code, other.name_zh))];
            faults.add_with(format!("{}{at}", draft.pointer), NAME_TAKEN, values);
        }
    }
}

/// The names of an entry, each with its pointer.
fn names(values: &kit::value::Values) -> Vec<(String, String)> {
    let own =
        [&NAME_ZH, &NAME_EN].into_iter().filter_map(|field| Some((field.pointer(), values.get(field)?.to_owned())));
    let also = values.list(&ALSO).enumerate().map(|(index, name)| (format!("{}/{index}", ALSO.pointer()), name));
    own.chain(also).collect()
}

/// A pack must hold what prices or quantities are told in, and no two are called alike.
fn check_packs(draft: &Draft, code: &str, faults: &mut Faults) {
    let base = built_in(code);
    let unit = |field, known: Option<&str>| draft.values.get(field).or(known).map(str::to_owned).unwrap_or_default();
    let price_unit = unit(&PRICE_UNIT, base.map(|base| &*base.price_unit));
    let quantity_unit = unit(&QUANTITY_UNIT, base.map(|base| &*base.quantity_unit));
    let usual = [dimension_of(&price_unit, true), dimension_of(&quantity_unit, false)];
    let packs: Vec<Pack> = draft.values.list(&PACKS).collect();
    for (index, pack) in packs.iter().enumerate() {
        let held = dimension_of(&pack.quantity_unit, false);
        if held.is_none() || !usual.contains(&held) {
            add_unit(draft.at_item(&PACKS, index, "quantity_unit"), &quantity_unit, &quantity_unit, faults);
        }
        // A unit that anybody knows can't be another amount here.
        if dimension_of(&pack.unit, false).is_some_and(|known| usual.contains(&Some(known))) {
            faults.add(draft.at_item(&PACKS, index, "unit"), FaultCode::BAD_FORMAT);
        }
        if packs.iter().take(index).any(|other| folded(&other.unit) == folded(&pack.unit)) {
            faults.add(draft.at_item(&PACKS, index, "unit"), FaultCode::REPEATED_ITEM);
        }
    }
}
