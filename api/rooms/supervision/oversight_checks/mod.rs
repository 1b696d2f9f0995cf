//! Oversight checks (监督检查): how an organisation does its epidemic work, looked at by those who oversee it. A finding
//! with a day is a rectification.

use std::sync::Arc;

use chrono::NaiveDate;
use kit::faults::Faults;
use kit::field::{Field, Shape, free_text};
use kit::text::Text;
use kit::time::day_of;
use kit::{fields, object, words};
use ledger::decide::Decider;
use uuid::Uuid;

use super::codes::{DUE_BEFORE, OWN_ORGANIZATION};
use super::rectifications::demands;
use crate::platform::access::Role;
use crate::platform::access::roles::Actor;
use crate::records::envelope::{OCCURRED_AT, ORG_ID};
use crate::records::figure::TIMES;
use crate::records::write_context::WriteContext;
use crate::records::{Context, Definition, Draft, Figure, Kind, Measure, Record, Rules};

words! {
    /// Weight of a finding.
    pub FindingSeverity "finding_severity" "Severity" "程度" {
        Minor "minor" "minor" "一般";
        Serious "serious" "serious" "严重";
    }
}
object! {
    /// Something that was found.
    pub struct Finding, FOUND {
        finding: String = Field::new("finding", free_text(300), Text::new("Finding", "问题"), "What was found. Encrypted at rest.").required().sealed();
        severity: FindingSeverity = Field::new("severity", Shape::Word(FindingSeverity::VOCABULARY), Text::new("Severity", "程度"), "How grave it is.").required();
        requirement: Option<String> = Field::new("requirement", free_text(300), Text::new("Requirement", "整改要求"), "What must be done; the finding itself where it says so. Encrypted at rest.").sealed();
        due_on: Option<NaiveDate> = Field::new("due_on", Shape::Day, Text::new("Due on", "期限"), "Until which day: then it is a rectification.");
    }
}

fields! {
    /// The fields of an oversight check, beside the envelope's.
    pub static FIELDS;
    CHECKED_ORG_ID: Uuid = Field::new(
        "checked_org_id",
        Shape::Reference("organizations"),
        Text::new("Organisation checked", "被检查单位"),
        "Whose work was looked at. Its administrators read the check.",
    )
    .brings_area(1)
    .required()
    .on_create();
    BY_ORG_ID: Uuid = Field::new(
        "by_org_id",
        Shape::Reference("organizations"),
        Text::new("Checked by", "检查单位"),
        "Whose check it was, where it isn't the organisation that records it.",
    )
    .on_create();
    CHECKERS: Vec<String> = Field::new(
        "checkers",
        Shape::List { of: &free_text(40), max: 20 },
        Text::new("Checkers", "检查人员"),
        "Who looked. Encrypted at rest.",
    )
    .also(&["检查人", "检查组成员"])
    .sealed();
    FINDINGS: Vec<Finding> = Field::new(
        "findings",
        Shape::List { of: &Shape::Object(FOUND), max: 20 },
        Text::new("Findings", "发现问题"),
        "What was found; none where all was in order.",
    );
    PASSED: bool = Field::new("passed", Shape::Boolean, Text::new("Passed", "是否合格"), "Whether nothing was found.").required().derived();
}

/// The kind.
pub static OVERSIGHT_CHECKS: Kind = Kind::of(Definition {
    name: "oversight_checks",
    path: "oversight-checks",
    schema: "OversightCheck",
    label: Text::new("Oversight check", "监督检查"),
    about: "How an organisation does its epidemic work, looked at by those who oversee it: what was found, what must be mended until when.",
    fields: FIELDS,
    filters: &[CHECKED_ORG_ID.name(), BY_ORG_ID.name(), PASSED.name()],
    readers: &[Role::DistrictAdmin, Role::OrgAdmin, Role::Inspector, Role::Auditor],
    writers: WRITERS,
    rules: &OversightRules,
    example: include_str!("../../../../openapi/examples/oversight_checks/create.json"),
    ..Definition::FIELD_RECORD
});

/// Roles that oversee.
const WRITERS: &[Role] = &[Role::DistrictAdmin, Role::Inspector, Role::Auditor];

struct OversightRules;

/// Figures of oversight checks that statistics show.
static FIGURES: &[Figure] = &[CHECKS, FOUND_NOTHING, ALL_FINDINGS];

const CHECKS: Figure = Figure::new("oversight_checks", Text::new("Oversight checks", "监督检查"), TIMES).open();
const FOUND_NOTHING: Figure = Figure::new("passed", Text::new("Checks without a finding", "未发现问题"), TIMES)
    .share(CHECKS.name, "passed=true")
    .open();
const ALL_FINDINGS: Figure =
    Figure::new("findings", Text::new("Findings", "发现问题"), TIMES).listed("passed=false").open();
impl Rules for OversightRules {
    /// Nobody judges on behalf of somebody whom bureaus supervise.
    fn judges_others(&self) -> bool {
        true
    }

    fn check(&self, draft: &mut Draft, context: &Context<'_>, faults: &mut Faults) {
        let checked = draft.values.get(&CHECKED_ORG_ID);
        let own = [draft.values.get(&BY_ORG_ID), draft.values.get(&ORG_ID)];
        if checked.is_some() && own.contains(&checked) {
            faults.add(draft.at(&CHECKED_ORG_ID), OWN_ORGANIZATION);
        }
        let checked_on = draft.values.get(&OCCURRED_AT).map_or(context.told_on(), |at| day_of(at, context.zone));
        let due: Vec<Option<NaiveDate>> = draft.values.list(&FINDINGS).map(|finding| finding.due_on).collect();
        for (index, due_on) in due.into_iter().enumerate() {
            if due_on.is_some_and(|due_on| due_on < checked_on) {
                faults.add(draft.at_item(&FINDINGS, index, "due_on"), DUE_BEFORE);
            }
        }
    }

    fn judge(&self, draft: &mut Draft, _context: &Context<'_>) {
        if draft.values.get(&FINDINGS).is_none() {
            draft.values.set(&FINDINGS, Vec::<Finding>::new());
        }
        let passed = draft.values.list(&FINDINGS).next().is_none();
        draft.values.set(&PASSED, passed);
    }

    fn followers(
        &self,
        former: Option<&Record>,
        next: &Record,
        write_context: &Arc<WriteContext>,
    ) -> Vec<Arc<dyn Decider>> {
        demands(former, next, write_context)
    }

    fn shared_with(&self) -> Option<&'static str> {
        Some(CHECKED_ORG_ID.name())
    }

    /// No organisation checks itself.
    fn permits(&self, actor: &Actor, draft: &Draft) -> bool {
        let checked = draft.values.get(&CHECKED_ORG_ID);
        let is_checked = |org_id: Option<Uuid>| org_id.is_some() && org_id == checked;
        !is_checked(actor.org_id) && actor.grants_of(WRITERS).any(|grant| !is_checked(grant.org_id))
    }

    fn figures(&self) -> &'static [Figure] {
        FIGURES
    }

    fn measures(&self, record: &Record) -> Vec<Measure> {
        let findings = record.values.list(&FINDINGS).map(|_| 1).sum();
        let passed = record.values.get(&PASSED) == Some(true);
        vec![CHECKS.measured(1), FOUND_NOTHING.measured(i64::from(passed)), ALL_FINDINGS.measured(findings)]
    }
}
