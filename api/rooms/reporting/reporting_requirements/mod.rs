//! Reporting requirements (报送要求): which report a unit, or each unit of a kind, owes from a day on, every how many days
//! and until when. Dated data of the district.

pub mod in_force;

use chrono::NaiveDate;
use kit::faults::Faults;
use kit::field::{Field, Shape, free_text};
use kit::fields;
use kit::text::Text;
use uuid::Uuid;

use super::report_kinds::ReportKind;
use crate::platform::access::Role;
use crate::platform::access::roles::Actor;
use crate::platform::codes::INVALID_ORDER;
use crate::records::codes::ONE_OF;
use crate::records::{Context, Definition, Draft, Kind, Measure, Reach, Record, Rules};
use crate::rooms::registers::organization::OrganizationKind;

/// Minute of the midnight after.
const MIDNIGHT: i64 = 1_440;

fields! {
    /// The fields of a requirement, beside the envelope's.
    static FIELDS;
    REPORT_KIND: ReportKind = Field::new("report_kind", Shape::Word(ReportKind::VOCABULARY), Text::new("Kind of report", "报告类别"), "Which report.").also(&["报表", "报送类别", "报告类型"]).required().on_create();
    REQUIRED_ORG_ID: Uuid = Field::new("required_org_id", Shape::Reference("organizations"), Text::new("Of which organisation", "报送单位"), "Who owes it; this or `required_org_kind`.").also(&["填报单位", "责任单位"]).brings_area(1).on_create();
    REQUIRED_ORG_KIND: OrganizationKind = Field::new("required_org_kind", Shape::Word(OrganizationKind::VOCABULARY), Text::new("Of which kind of organisation", "报送单位类型"), "Each organisation of this kind within the requirement's area.").also(&["填报单位类型"]).on_create();
    EFFECTIVE_ON: NaiveDate = Field::new("effective_on", Shape::Day, Text::new("Effective on", "施行日期"), "From which day on; the first day that is reported.").also(&["开始日期", "执行日期"]).required();
    UNTIL_ON: NaiveDate = Field::new("until_on", Shape::Day, Text::new("Until", "截止日期"), "The last day that is reported.").also(&["结束日期"]).any_day();
    EVERY_DAYS: i64 = Field::new("every_days", Shape::Integer { min: 1, max: 30 }, Text::new("Every days", "每几天"), "Every so many days, the first day included; 1 by default.").also(&["频次(天)", "间隔天数"]);
    DUE_MINUTE: i64 = Field::new("due_minute", Shape::Integer { min: 1, max: 2_880 }, Text::new("Due (minute)", "截止分钟"), "Until when, in minutes after the reported day's midnight: 1440 is its end, more the day after.").also(&["截止时刻(分钟)"]).required();
    BASIS: String = Field::new("basis", free_text(200), Text::new("Basis", "依据"), "The document that says so.").also(&["文件依据"]).required();
}

/// Roles that see what has to be reported.
const READERS: &[Role] = Role::ALL;

/// The kind.
pub static REPORTING_REQUIREMENTS: Kind = Kind::of(Definition {
    name: "reporting_requirements",
    path: "reporting-requirements",
    schema: "ReportingRequirement",
    label: Text::new("Reporting requirement", "报送要求"),
    about: "A report that an organisation, or each organisation of a kind, owes: for the record's area and all below.",
    fields: FIELDS,
    filters: &[REPORT_KIND.name(), REQUIRED_ORG_ID.name(), REQUIRED_ORG_KIND.name()],
    reach: Reach::District,
    readers: READERS,
    writers: &[Role::DistrictAdmin, Role::OrgAdmin, Role::TownCadre],
    rules: &RequirementRules,
    example: include_str!("../../../../openapi/examples/reporting_requirements/create.json"),
    ..Definition::FIELD_RECORD
});

struct RequirementRules;

impl Rules for RequirementRules {
    fn stands_when_known(&self) -> bool {
        true
    }

    /// Nobody says of himself what he need not report.
    fn judges_others(&self) -> bool {
        true
    }

    /// A unit asks those below it, never itself; whoever answers for an area asks all within it.
    fn permits(&self, actor: &Actor, draft: &Draft) -> bool {
        let asked = draft.values.get(&REQUIRED_ORG_ID);
        actor.grants_of(REPORTING_REQUIREMENTS.writers).any(|grant| match (grant.org_id, asked) {
            (None, _) => true,
            (Some(own), Some(asked)) => {
                own != asked && actor.organizations_of(grant).is_some_and(|below| below.contains(&asked))
            }
            (Some(_), None) => false,
        })
    }

    fn check(&self, draft: &mut Draft, _context: &Context<'_>, faults: &mut Faults) {
        let values = &draft.values;
        let one = values.get(&REQUIRED_ORG_ID).is_some();
        let of_kind = values.get(&REQUIRED_ORG_KIND).is_some();
        let touched = faults.touches(&draft.at(&REQUIRED_ORG_ID)) || faults.touches(&draft.at(&REQUIRED_ORG_KIND));
        if one == of_kind && !touched {
            let fields = format!("{}, {}", REQUIRED_ORG_ID.name(), REQUIRED_ORG_KIND.name());
            faults.add_with(draft.at(&REQUIRED_ORG_ID), ONE_OF, vec![("fields", fields)]);
        }
        if let (Some(effective_on), Some(until_on)) = (values.get(&EFFECTIVE_ON), values.get(&UNTIL_ON))
            && until_on < effective_on
        {
            faults.add_with(draft.at(&UNTIL_ON), INVALID_ORDER, vec![("other", EFFECTIVE_ON.name().into())]);
        }
    }

    fn judge(&self, draft: &mut Draft, _context: &Context<'_>) {
        if draft.values.get(&EVERY_DAYS).is_none() {
            draft.values.set(&EVERY_DAYS, 1_i64);
        }
    }

    fn natural_key(&self) -> &'static [&'static str] {
        const { &[REPORT_KIND.name(), "required_org_id|required_org_kind", EFFECTIVE_ON.name()] }
    }

    fn measures(&self, _record: &Record) -> Vec<Measure> {
        vec![("reporting_requirements", 1)]
    }
}
