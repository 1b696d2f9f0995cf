//! Disinfections (消杀) and cleaning of places: where, how much, with what, by whom.

use kit::field::{Field, Shape, free_text};
use kit::fields;
use kit::text::Text;
use kit::words;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use uuid::Uuid;

use crate::platform::access::Role;
use crate::records::figure::{SQUARE_METRES, TIMES};
use crate::records::{Context, Definition, Draft, Figure, Kind, Logged, Measure, Record, Rules};

words! {
    /// Work that was done at a place.
    pub DisinfectionActivity "disinfection_activity" "Activity" "作业类型" {
        Disinfection "disinfection" "disinfection" "消杀";
        Cleaning "cleaning" "cleaning" "清扫";
    }
}
words! {
    /// Way in which it was done.
    pub DisinfectionMethod "disinfection_method" "Method" "方式" {
        Spray "spray" "spraying" "喷洒";
        Wipe "wipe" "wiping" "擦拭";
        Mop "mop" "mopping" "拖洗";
        Soak "soak" "soaking" "浸泡";
        Fogging "fogging" "fogging" "雾化";
        Other "other" "other" "其他";
    }
}

fields! {
    /// The fields of a disinfection, beside the envelope's.
    static FIELDS;
    PLACE_ID: Uuid = Field::new("place_id", Shape::Reference("places"), Text::new("Place", "场所"), "Where.").also(&["消毒场所", "消毒地点", "地点", "消杀场所", "消毒区域"]).brings_area(1).required();
    ACTIVITY: DisinfectionActivity = Field::new(
        "activity",
        Shape::Word(DisinfectionActivity::VOCABULARY),
        Text::new("Activity", "作业类型"),
        "`disinfection` by default.",
    );
    AREA_M2: Decimal = Field::new(
        "area_m2",
        Shape::Decimal { scale: 1, min: "0.1", max: "1000000" },
        Text::new("Area (m²)", "面积(㎡)"),
        "Area treated, in square metres.",
    ).also(&["消毒面积", "消杀面积", "面积"])
    .required();
    AGENT: String = Field::new("agent", free_text(60), Text::new("Agent", "药剂"), "What was used.").also(&["消毒液", "消毒药剂", "消毒剂", "消毒药品", "消杀药剂"]);
    CONCENTRATION_MG_PER_L: i64 = Field::new(
        "concentration_mg_per_l",
        Shape::Integer { min: 1, max: 1_000_000 },
        Text::new("Concentration (mg/L)", "浓度(mg/L)"),
        "Available chlorine, in milligrams a litre; 500 is usual for prevention.",
    ).also(&["浓度", "消毒液浓度"]);
    METHOD: DisinfectionMethod = Field::new("method", Shape::Word(DisinfectionMethod::VOCABULARY), Text::new("Method", "方式"), "How.").also(&["消毒方式", "消杀方式", "消毒方法"]);
    CONTACT_MINUTES: i64 = Field::new(
        "contact_minutes",
        Shape::Integer { min: 0, max: 1_440 },
        Text::new("Contact time (min)", "作用时间(分钟)"),
        "How long it was left to work.",
    );
    OPERATORS: Vec<String> = Field::new(
        "operators",
        Shape::List { of: &free_text(40), max: 50 },
        Text::new("Operators", "作业人员"),
        "Who did it. Encrypted at rest.",
    ).also(&["消毒人员", "消杀人员", "操作人", "作业人"])
    .sealed();
    OPERATOR_COUNT: i64 = Field::new(
        "operator_count",
        Shape::Integer { min: 0, max: 50 },
        Text::new("Operators (count)", "作业人数"),
        "How many of them.",
    )
    .derived();
}

/// The kind.
pub static DISINFECTIONS: Kind = Kind::of(Definition {
    name: "disinfections",
    path: "disinfections",
    schema: "Disinfection",
    label: Text::new("Disinfection", "消杀记录"),
    about: "A disinfection or cleaning of a place.",
    fields: FIELDS,
    filters: &[PLACE_ID.name(), ACTIVITY.name(), METHOD.name()],
    readers: &[
        Role::DistrictAdmin,
        Role::OrgAdmin,
        Role::Inspector,
        Role::GridWorker,
        Role::TownCadre,
        Role::VillageCadre,
        Role::HealthWorker,
        Role::CdcOfficer,
        Role::GateGuard,
        Role::Volunteer,
    ],
    writers: &[
        Role::DistrictAdmin,
        Role::OrgAdmin,
        Role::GridWorker,
        Role::TownCadre,
        Role::VillageCadre,
        Role::GateGuard,
        Role::Volunteer,
    ],
    rules: &DisinfectionRules,
    example: include_str!("../../../../openapi/examples/disinfections/create.json"),
    ..Definition::FIELD_RECORD
});

struct DisinfectionRules;

/// Figures of disinfections and cleanings that statistics show.
static FIGURES: &[Figure] = &[DISINFECTED, DISINFECTED_AREA, CLEANED, CLEANED_AREA];

const DISINFECTED: Figure =
    Figure::new("disinfections", Text::new("Disinfections", "消杀次数"), TIMES).listed("activity=disinfection").open();
const DISINFECTED_AREA: Figure =
    Figure::new("disinfected_area_m2", Text::new("Area disinfected", "消杀面积"), SQUARE_METRES)
        .scaled("disinfected_dm2", 2)
        .roughly()
        .listed("activity=disinfection")
        .open();
const CLEANED: Figure =
    Figure::new("cleanings", Text::new("Cleanings", "清扫次数"), TIMES).listed("activity=cleaning").open();
const CLEANED_AREA: Figure = Figure::new("cleaned_area_m2", Text::new("Area cleaned", "清扫面积"), SQUARE_METRES)
    .scaled("cleaned_dm2", 2)
    .roughly()
    .listed("activity=cleaning")
    .open();

impl Rules for DisinfectionRules {
    fn judge(&self, draft: &mut Draft, _context: &Context<'_>) {
        if draft.values.get(&ACTIVITY).is_none() {
            draft.values.set(&ACTIVITY, DisinfectionActivity::Disinfection);
        }
        let operators = draft.values.get(&OPERATORS).map(Iterator::count);
        if let Some(count) = operators.and_then(|count| i64::try_from(count).ok()) {
            draft.values.set(&OPERATOR_COUNT, count);
        }
    }

    fn logged(&self) -> &'static [Logged] {
        const { &[Logged::each("disinfections")] }
    }

    fn figures(&self) -> &'static [Figure] {
        FIGURES
    }

    fn measures(&self, record: &Record) -> Vec<Measure> {
        let (times, area) = match record.values.get(&ACTIVITY) {
            Some(DisinfectionActivity::Cleaning) => (CLEANED, CLEANED_AREA),
            Some(DisinfectionActivity::Disinfection) | None => (DISINFECTED, DISINFECTED_AREA),
        };
        let area_dm2 = record.values.get(&AREA_M2).and_then(|area| (area * Decimal::ONE_HUNDRED).to_i64());
        [times.measured(1)].into_iter().chain(area_dm2.map(|area_dm2| area.measured(area_dm2))).collect()
    }
}
