//! Collections of used masks (口罩收运): each look at a disposal point, also one that found it empty, is one.

pub mod duties;
pub mod points;
pub mod uncollected;

use kit::faults::Faults;
use kit::field::{Field, Shape, free_text};
use kit::text::Text;
use kit::{fields, words};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use uuid::Uuid;

use crate::platform::access::Role;
use crate::platform::privacy::mask;
use crate::records::envelope::OCCURRED_AT;
use crate::records::figure::TIMES;
use crate::records::{Context, Definition, Draft, Figure, Kind, Measure, Record, Rules, Warning};
use crate::rooms::registers::require_mask_point;

words! {
    /// Destination of used masks.
    pub MaskDestination "mask_destination" "Destination" "处置去向" {
        Incineration "incineration" "incineration plant" "焚烧厂";
        MedicalWaste "medical_waste" "medical waste disposal" "医废处置";
        TransferStation "transfer_station" "transfer station" "转运站";
        Other "other" "other" "其他";
    }
}

fields! {
    /// The fields of a collection, beside the envelope's.
    static FIELDS;
    PLACE_ID: Uuid = Field::new("place_id", Shape::Reference("places"), Text::new("Disposal point", "弃置点"), "The disposal point that was looked at.")
        .brings_area(1)
        .required()
        .also(&["口罩弃置点", "弃置点位", "弃置点名称", "收运点", "收运点位", "点位", "点位名称", "收集点"]);
    BAGS: i64 = Field::new("bags", Shape::Integer { min: 0, max: 10_000 }, Text::new("Bags", "袋数"), "How many bags were taken away; 0 where the point was empty.")
        .required()
        .also(&["收运袋数", "收集袋数", "数量(袋)", "袋"]);
    WEIGHT_KG: Decimal = Field::new("weight_kg", Shape::Decimal { scale: 1, min: "0", max: "10000" }, Text::new("Weight (kg)", "重量(公斤)"), "How heavy they were, in kilograms.")
        .also(&["重量", "重量(kg)", "重量kg", "收运重量"]);
    DISINFECTED: bool = Field::new("disinfected", Shape::Boolean, Text::new("Disinfected", "是否消毒"), "Whether bags and container were disinfected.")
        .required()
        .also(&["消毒", "消毒情况", "是否消杀", "已消毒"]);
    DESTINATION: MaskDestination = Field::new("destination", Shape::Word(MaskDestination::VOCABULARY), Text::new("Destination", "处置去向"), "Where they were taken.")
        .required()
        .also(&["去向", "处置方式", "运往", "转运去向"]);
    HANDLER: String = Field::new("handler", free_text(60), Text::new("Handler", "收运人"), "Who took them. Encrypted at rest.")
        .sealed()
        .also(&["收集人", "收运人员", "经办人", "收运员"]);
    PLATE_NUMBER: String = Field::new("plate_number", free_text(20), Text::new("Plate number", "收运车牌"), "The closed vehicle that took them. Encrypted at rest, shown masked.")
        .masked(|json| mask::masked(json, mask::mask_plate))
        .also(&["车牌", "车牌号", "车牌号码", "收运车辆"]);
    ISOLATION_CASE_ID: Uuid = Field::new("isolation_case_id", Shape::Reference("isolation_cases"), Text::new("Case", "观察个案"), "Of masks of somebody observed at home, which go apart: the case. Only who sees cases may name one.")
        .on_create();
}

/// Roles that collect: those of the field, units and volunteers. They read what was collected.
pub const COLLECTORS: &[Role] = &[
    Role::DistrictAdmin,
    Role::OrgAdmin,
    Role::GridWorker,
    Role::TownCadre,
    Role::VillageCadre,
    Role::GroupCadre,
    Role::HealthWorker,
    Role::CdcOfficer,
    Role::PoliceOfficer,
    Role::Volunteer,
];

/// Bags were taken away, and neither they nor the container were disinfected.
static NOT_DISINFECTED: Warning = Warning {
    code: "not_disinfected",
    message: Text::new("bags were taken away without being disinfected", "口罩未经消毒即收运"),
};

/// The kind.
pub static MASK_COLLECTIONS: Kind = Kind::of(Definition {
    name: "mask_collections",
    path: "mask-collections",
    schema: "MaskCollection",
    label: Text::new("Mask collection", "口罩收运"),
    about: "Used masks taken from a disposal point; a point that was found empty counts as one of 0 bags.",
    fields: FIELDS,
    filters: &[PLACE_ID.name(), DESTINATION.name(), DISINFECTED.name()],
    readers: COLLECTORS,
    writers: COLLECTORS,
    rules: &CollectionRules,
    warnings: &[&NOT_DISINFECTED],
    example: include_str!("../../../../openapi/examples/mask_collections/create.json"),
    ..Definition::FIELD_RECORD
});

struct CollectionRules;

const COLLECTIONS: Figure =
    Figure::new("mask_collections", Text::new("Mask collections", "口罩收运次数"), TIMES).open();
const BAGS_TAKEN: Figure =
    Figure::new("bags", Text::new("Bags of masks", "口罩收运袋数"), Text::new("bags", "袋")).open();
const WEIGHT: Figure = Figure::new("weight_kg", Text::new("Weight of masks", "口罩收运重量"), Text::new("kg", "公斤"))
    .scaled("weight_hg", 1)
    .open();

impl Rules for CollectionRules {
    fn check_references(&self, draft: &mut Draft, _context: &Context<'_>, faults: &mut Faults) {
        require_mask_point(draft, faults);
    }

    fn judge(&self, draft: &mut Draft, _context: &Context<'_>) {
        let taken = draft.values.get(&BAGS).is_some_and(|bags| bags > 0);
        if taken && draft.values.get(&DISINFECTED) == Some(false) {
            draft.warn(&NOT_DISINFECTED, &DISINFECTED);
        }
    }

    fn natural_key(&self) -> &'static [&'static str] {
        const { &[PLACE_ID.name(), OCCURRED_AT.name()] }
    }

    fn figures(&self) -> &'static [Figure] {
        const { &[COLLECTIONS, BAGS_TAKEN, WEIGHT] }
    }

    fn measures(&self, record: &Record) -> Vec<Measure> {
        let bags = record.values.get(&BAGS).unwrap_or(0);
        let weight = record.values.get(&WEIGHT_KG).and_then(|weight| (weight * Decimal::TEN).to_i64()).unwrap_or(0);
        vec![COLLECTIONS.measured(1), BAGS_TAKEN.measured(bags), WEIGHT.measured(weight)]
    }
}
