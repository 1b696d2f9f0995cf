//! Inspections (检查) of venues by the six items of the commerce bureau, and what was demanded.

use std::sync::Arc;

use kit::catalogue::FaultCode;
use kit::faults::Faults;
use kit::field::{Field, Shape, free_text};
use kit::text::Text;
use kit::value::Values;
use kit::{fields, object, words};
use ledger::decide::Decider;
use uuid::Uuid;

use crate::platform::access::Role;
use crate::records::figure::TIMES;
use crate::records::write_context::WriteContext;
use crate::records::{Context, Definition, Draft, Figure, Kind, Logged, Measure, Record, Rules};
use crate::rooms::registers::require_venue;
use crate::rooms::supervision::{self, Requirement};

words! {
    /// Point that an inspection looks at.
    pub InspectionItem "inspection_item" "Item" "检查项目" {
        EmergencyPlan "emergency_plan" "emergency plan" "应急预案";
        TemperatureMonitoring "temperature_monitoring" "temperature monitoring" "体温监测";
        AbnormalRegistration "abnormal_registration" "registration of what is abnormal" "异常登记";
        Disinfection "disinfection" "disinfection" "消杀";
        CleaningSupplies "cleaning_supplies" "cleaning supplies" "清洁物品";
        Publicity "publicity" "publicity" "宣传";
        StaffHealth "staff_health" "health of the staff" "员工健康";
        Masks "masks" "masks" "佩戴口罩";
        Ventilation "ventilation" "ventilation" "通风";
        CrowdLimit "crowd_limit" "limit of visitors" "限流";
        NoGroupBanquet "no_group_banquet" "no group banquets" "无群体性聚餐";
        PriceTag "price_tag" "price tags" "明码标价";
    }
}
words! {
    /// Outcome of one inspected point.
    pub InspectionResult "inspection_result" "Result" "结果" {
        Pass "pass" "pass" "合格";
        Fail "fail" "fail" "不合格";
        NotApplicable "not_applicable" "not applicable" "不适用";
    }
}
object! {
    /// An item that was looked at.
    pub struct InspectedItem, INSPECTED {
        code: InspectionItem = Field::new("code", Shape::Word(InspectionItem::VOCABULARY), Text::new("Item", "项目"), "Which item.").required();
        result: InspectionResult = Field::new(
            "result",
            Shape::Word(InspectionResult::VOCABULARY),
            Text::new("Result", "结果"),
            "Whether it was in order.",
        )
        .required();
        note: Option<String> = Field::new("note", free_text(200), Text::new("Note", "说明"), "What was found. Encrypted at rest.").sealed();
    }
}
fields! {
    /// The fields of an inspection, beside the envelope's.
    static FIELDS;
    PLACE_ID: Uuid = Field::new("place_id", Shape::Reference("places"), Text::new("Venue", "场所"), "A place of a venue's kind.").also(&["检查单位", "被检查单位", "场所名称", "检查场所"]).brings_area(1)
        .required();
    INSPECTORS: Vec<String> = Field::new(
        "inspectors",
        Shape::List { of: &free_text(40), max: 20 },
        Text::new("Inspectors", "检查人员"),
        "Who inspected. Encrypted at rest.",
    )
    .also(&["检查人", "检查员", "检查组成员", "检查人签名"])
    .sealed();
    ITEMS: Vec<InspectedItem> = Field::new(
        "items",
        Shape::List { of: &Shape::Object(INSPECTED), max: 12 },
        Text::new("Items", "检查项目"),
        "What was looked at, each item once.",
    )
    .required()
    .not_empty();
    REQUIREMENTS: Vec<Requirement> = supervision::REQUIREMENTS.field;
    PASSED: bool = Field::new("passed", Shape::Boolean, Text::new("Passed", "是否合格"), "Whether no item failed.")
        .required()
        .derived();
}

/// The kind.
pub static INSPECTIONS: Kind = Kind::of(Definition {
    name: "inspections",
    path: "inspections",
    schema: "Inspection",
    label: Text::new("Inspection", "检查记录"),
    about: "An inspection of a venue: items, results, requirements.",
    fields: FIELDS,
    filters: &[PLACE_ID.name(), PASSED.name()],
    readers: &[Role::DistrictAdmin, Role::OrgAdmin, Role::Inspector, Role::TownCadre, Role::CdcOfficer],
    writers: &[Role::DistrictAdmin, Role::OrgAdmin, Role::Inspector],
    takes_attachments: true,
    rules: &InspectionRules,
    example: include_str!("../../../../openapi/examples/inspections/create.json"),
    ..Definition::FIELD_RECORD
});

struct InspectionRules;

/// Figures of inspections that statistics show.
static FIGURES: &[Figure] = &[INSPECTED_VENUES, ITEMS_FAILED];

const INSPECTED_VENUES: Figure = Figure::new("inspections", Text::new("Venue-visits", "检查家次"), TIMES).open();
const ITEMS_FAILED: Figure = Figure::new("items_failed", Text::new("Items that failed", "不合格项"), TIMES).open();

impl Rules for InspectionRules {
    /// The supervising bureau's: nobody judges his own organisation.
    fn judges_others(&self) -> bool {
        true
    }

    fn check(&self, draft: &mut Draft, _context: &Context<'_>, faults: &mut Faults) {
        let codes: Vec<InspectionItem> = draft.values.list(&ITEMS).map(|item| item.code).collect();
        for (index, code) in codes.iter().enumerate() {
            if codes.iter().take(index).any(|other| other == code) {
                faults.add(draft.at_item(&ITEMS, index, "code"), FaultCode::REPEATED_ITEM);
            }
        }
    }

    fn check_references(&self, draft: &mut Draft, _context: &Context<'_>, faults: &mut Faults) {
        require_venue(draft, faults);
    }

    fn judge(&self, draft: &mut Draft, _context: &Context<'_>) {
        if draft.values.get(&REQUIREMENTS).is_none() {
            draft.values.set(&REQUIREMENTS, Vec::<Requirement>::new());
        }
        let passed = failed(&draft.values).next().is_none();
        draft.values.set(&PASSED, passed);
    }

    /// Requirements of an inspection are rectifications, line by line.
    fn followers(
        &self,
        former: Option<&Record>,
        next: &Record,
        write_context: &Arc<WriteContext>,
    ) -> Vec<Arc<dyn Decider>> {
        supervision::demands(former, next, write_context)
    }

    fn logged(&self) -> &'static [Logged] {
        const { &[Logged::each("checks")] }
    }

    fn figures(&self) -> &'static [Figure] {
        FIGURES
    }

    fn measures(&self, record: &Record) -> Vec<Measure> {
        let failed = failed(&record.values).map(|_| 1).sum();
        vec![INSPECTED_VENUES.measured(1), ITEMS_FAILED.measured(failed)]
    }
}

/// Items that failed.
fn failed(values: &Values) -> impl Iterator<Item = InspectedItem> {
    values.list(&ITEMS).filter(|item| item.result == InspectionResult::Fail)
}
