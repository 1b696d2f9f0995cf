//! Inspections (检查) of venues by the six items of the commerce bureau, and what was demanded.

use kit::catalogue::FaultCode;
use kit::faults::Faults;
use kit::field::{Field, Shape, free_text};
use kit::text::Text;
use kit::value::Value;
use kit::vocabulary::{Vocabulary, word};
use serde_json::{Value as Json, json};

use crate::platform::access::Role;
use crate::records::figure::TIMES;
use crate::records::{Context, Definition, Draft, Figure, Measure, Reach, Record, Rules};
use crate::rooms::registers::places::require_venue;

static ITEM: Vocabulary = Vocabulary::new(
    "inspection_item",
    Text::new("Item", "检查项目"),
    &[
        word("emergency_plan", "emergency plan", "应急预案"),
        word("temperature_monitoring", "temperature monitoring", "体温监测"),
        word("abnormal_registration", "registration of what is abnormal", "异常登记"),
        word("disinfection", "disinfection", "消杀"),
        word("cleaning_supplies", "cleaning supplies", "清洁物品"),
        word("publicity", "publicity", "宣传"),
        word("staff_health", "health of the staff", "员工健康"),
        word("masks", "masks", "佩戴口罩"),
        word("ventilation", "ventilation", "通风"),
        word("crowd_limit", "limit of visitors", "限流"),
        word("no_group_banquet", "no group banquets", "无群体性聚餐"),
        word("price_tag", "price tags", "明码标价"),
    ],
);
static RESULT: Vocabulary = Vocabulary::new(
    "inspection_result",
    Text::new("Result", "结果"),
    &[word("pass", "pass", "合格"), word("fail", "fail", "不合格"), word("not_applicable", "not applicable", "不适用")],
);
static INSPECTED: &[Field] = &[
    Field::new("code", Shape::Word(&ITEM), Text::new("Item", "项目"), "Which item.").required(),
    Field::new("result", Shape::Word(&RESULT), Text::new("Result", "结果"), "Whether it was in order.").required(),
    Field::new("note", free_text(200), Text::new("Note", "说明"), "What was found. Encrypted at rest.").sealed(),
];
static DEMANDED: &[Field] = &[
    Field::new(
        "requirement",
        free_text(300),
        Text::new("Requirement", "整改要求"),
        "What must be done. Encrypted at rest.",
    )
    .required()
    .sealed(),
    Field::new("due_on", Shape::Day, Text::new("Due on", "期限"), "Until which day.").required(),
];

static FIELDS: &[Field] = &[
    Field::new("place_id", Shape::Reference("places"), Text::new("Venue", "场所"), "A place of a venue's kind.")
        .required(),
    Field::new(
        "inspectors",
        Shape::List { of: &free_text(40), max: 20 },
        Text::new("Inspectors", "检查人员"),
        "Who inspected. Encrypted at rest.",
    )
    .sealed(),
    Field::new(
        "items",
        Shape::List { of: &Shape::Object(INSPECTED), max: 12 },
        Text::new("Items", "检查项目"),
        "What was looked at, each item once.",
    )
    .required()
    .not_empty(),
    Field::new(
        "requirements",
        Shape::List { of: &Shape::Object(DEMANDED), max: 20 },
        Text::new("Requirements", "整改要求"),
        "What must be mended, with the day.",
    ),
    Field::new("passed", Shape::Boolean, Text::new("Passed", "是否合格"), "Whether no item failed.")
        .required()
        .derived(),
];

/// The kind.
pub static INSPECTIONS: Definition = Definition {
    name: "inspections",
    path: "inspections",
    schema: "Inspection",
    label: Text::new("Inspection", "检查记录"),
    about: "An inspection of a venue: items, results, requirements.",
    fields: FIELDS,
    filters: &["place_id", "passed"],
    slow_changing: false,
    reached_by_lookup: false,
    reach: Reach::Area,
    readers: &[Role::DistrictAdmin, Role::OrgAdmin, Role::Inspector, Role::TownCadre, Role::CdcOfficer],
    writers: &[Role::DistrictAdmin, Role::OrgAdmin, Role::Inspector],
    rules: &InspectionRules,
    warnings: &[],
    example: include_str!("../../../../openapi/examples/inspections/create.json"),
    sequence: 1,
};

struct InspectionRules;

/// Figures of inspections that statistics show.
static FIGURES: &[Figure] = &[
    Figure::new("inspections", Text::new("Venue-visits", "检查家次"), TIMES).open(),
    Figure::new("items_failed", Text::new("Items that failed", "不合格项"), TIMES).open(),
];

impl Rules for InspectionRules {
    /// The supervising bureau's: nobody judges his own organisation.
    fn judges_others(&self) -> bool {
        true
    }

    fn check(&self, draft: &mut Draft, _context: &Context<'_>, faults: &mut Faults) {
        let items = items(&draft.values);
        for (index, (code, _)) in items.iter().enumerate() {
            if items.iter().take(index).any(|(other, _)| other == code) {
                faults.add(format!("{}/{index}/code", draft.at("items")), FaultCode::REPEATED_ITEM);
            }
        }
    }

    fn check_references(&self, draft: &mut Draft, _context: &Context<'_>, faults: &mut Faults) {
        require_venue(draft, faults);
    }

    fn judge(&self, draft: &mut Draft, _context: &Context<'_>) {
        if draft.values.get("requirements").is_none() {
            draft.values.set("requirements", Value::Json(json!([])));
        }
        let passed = items(&draft.values).iter().all(|(_, result)| result != "fail");
        draft.values.set("passed", Value::Boolean(passed));
    }

    fn figures(&self) -> &'static [Figure] {
        FIGURES
    }

    fn measures(&self, record: &Record) -> Vec<Measure> {
        let failed = items(&record.values).iter().filter(|(_, result)| result == "fail").count();
        vec![("inspections", 1), ("items_failed", i64::try_from(failed).unwrap_or_default())]
    }
}

/// Code and result of each item.
fn items(values: &kit::value::Values) -> Vec<(String, String)> {
    let list = values.json("items").and_then(Json::as_array).cloned().unwrap_or_default();
    let text = |item: &Json, name: &str| item.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    list.iter().map(|item| (text(item, "code"), text(item, "result"))).collect()
}
