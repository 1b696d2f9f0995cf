//! Working groups (工作组): what an organisation's people are divided into, the six of the justice bureau among them. One
//! of a kind at a time.

use std::sync::Arc;

use chrono::NaiveDate;
use kit::faults::Faults;
use kit::field::{Field, Shape, free_text};
use kit::statement::Statement;
use kit::text::Text;
use kit::value::Value;
use kit::{fields, words};
use ledger::decide::Decider;
use uuid::Uuid;

use super::open_one::OpenOne;
use super::standing::{Days, GroupStatus, STOOD_ON};
use super::{FOUNDERS, READERS};
use crate::records::conditions::{Condition, ConditionContext};
use crate::records::rules::{Move, StoodOn};
use crate::records::write_context::WriteContext;
use crate::records::{Context, Definition, Draft, Figure, Kind, Measure, Record, Rules};

words! {
    /// Purposes of groups; the first six are those of the justice bureau.
    pub WorkingGroupKind "working_group_kind" "Kind of group" "工作组类别" {
        LegalityReview "legality_review" "legality review" "合法性审查";
        MajorPenaltyGuidance "major_penalty_guidance" "guidance of major penalties" "重大行政处罚案件指导";
        MajorReconsiderationGuidance "major_reconsideration_guidance" "guidance of major reconsiderations" "重大行政复议案件指导";
        MajorDisputeMediation "major_dispute_mediation" "guidance of major disputes" "重大纠纷调处指导";
        LegalServiceEmergency "legal_service_emergency" "legal service in emergencies" "法律服务应急";
        LegalPublicity "legal_publicity" "guidance of legal publicity" "法治宣传指导";
        Logistics "logistics" "logistics" "后勤保障";
        Publicity "publicity" "publicity" "宣传";
        Screening "screening" "screening" "排查";
        Supervision "supervision" "supervision" "督导";
        Other "other" "other" "其他";
    }
}

fields! {
    /// The fields of a working group, beside the envelope's.
    pub static FIELDS;
    TASK_FORCE_ID: Uuid = Field::new("task_force_id", Shape::Reference("task_forces"), Text::new("Task force", "领导小组"), "The task force that it is of.");
    GROUP_KIND: WorkingGroupKind = Field::new("group_kind", Shape::Word(WorkingGroupKind::VOCABULARY), Text::new("Kind", "工作组类别"), "What it is for.").also(&["工作组", "小组", "小组名称", "组别"]).required();
    LEADER: String = Field::new("leader", free_text(60), Text::new("Leader", "组长"), "Who leads it. Encrypted at rest.").also(&["负责人"]).sealed();
    MEMBERS: Vec<String> = Field::new("members", Shape::List { of: &free_text(40), max: 50 }, Text::new("Members", "组员"), "Who belongs to it. Encrypted at rest.").also(&["成员", "小组成员", "工作组成员"]).sealed();
    ESTABLISHED_ON: NaiveDate = Field::new("established_on", Shape::Day, Text::new("Established on", "成立日期"), "Since when it is there.").also(&["成立时间"]).any_day().happened().required();
    DISSOLVED_ON: NaiveDate = Field::new("dissolved_on", Shape::Day, Text::new("Dissolved on", "撤销日期"), "The day on which it was dissolved.").also(&["撤销时间"]).any_day().happened();
    STATUS: GroupStatus = Field::new("status", Shape::Word(GroupStatus::VOCABULARY), Text::new("Status", "状态"), "Whether it is still there.").required().derived();
}

/// The kind.
pub static WORKING_GROUPS: Kind = Kind::of(Definition {
    name: "working_groups",
    path: "working-groups",
    schema: "WorkingGroup",
    label: Text::new("Working group", "工作组"),
    about: "A working group of an organisation.",
    fields: FIELDS,
    filters: &[TASK_FORCE_ID.name(), GROUP_KIND.name(), STATUS.name()],
    readers: READERS,
    writers: FOUNDERS,
    rules: &WorkingGroupRules,
    example: include_str!("../../../../openapi/examples/working_groups/create.json"),
    ..Definition::FIELD_RECORD
});

static DAYS: Days = Days { established_on: &ESTABLISHED_ON, dissolved_on: &DISSOLVED_ON, status: &STATUS };

const GROUPS: Text = Text::new("groups", "个");
const OPEN: Figure = Figure::new("working_groups", Text::new("Working groups", "工作组"), GROUPS)
    .listed("status=active&status_on={to_on}")
    .moving()
    .open();

/// The six of the justice bureau.
pub const OF_JUSTICE: [WorkingGroupKind; 6] = [
    WorkingGroupKind::LegalityReview,
    WorkingGroupKind::MajorPenaltyGuidance,
    WorkingGroupKind::MajorReconsiderationGuidance,
    WorkingGroupKind::MajorDisputeMediation,
    WorkingGroupKind::LegalServiceEmergency,
    WorkingGroupKind::LegalPublicity,
];

static IS_OF_JUSTICE: Field = Field::new(
    "of_justice",
    Shape::Boolean,
    Text::new("Of the justice bureau", "司法行政六小组"),
    "The six groups of the justice bureau, or all others.",
);

fn is_of_justice(statement: Statement, value: &Value, _asking: &ConditionContext<'_>) -> Statement {
    let codes = OF_JUSTICE.map(|kind| format!("'{kind}'")).join(", ");
    let negated = if *value == Value::Boolean(true) { "" } else { "NOT " };
    statement.sql(format!(" AND r.group_kind {negated}IN ({codes})"))
}

const JUSTICE_GROUPS: Figure =
    Figure::new("justice_groups", Text::new("Groups of the justice bureau", "司法行政工作小组"), GROUPS)
        .part(OPEN.name, "of_justice=true&status=active&status_on={to_on}")
        .moving()
        .open();

struct WorkingGroupRules;

impl Rules for WorkingGroupRules {
    fn stands_when_known(&self) -> bool {
        true
    }

    fn check(&self, draft: &mut Draft, context: &Context<'_>, faults: &mut Faults) {
        DAYS.check(draft, context, faults);
    }

    fn judge(&self, draft: &mut Draft, _context: &Context<'_>) {
        DAYS.judge(draft);
    }

    fn decider(&self, _: Option<&Record>, _: &Record, _: &Arc<WriteContext>) -> Option<Arc<dyn Decider>> {
        Some(Arc::new(OpenOne { kind: &WORKING_GROUPS, purpose: Some(GROUP_KIND.name()), days: &DAYS }))
    }

    fn judged_across_rows(&self) -> bool {
        true
    }

    fn conditions(&self) -> &'static [Condition] {
        static CONDITIONS: &[Condition] = &[Condition { parameter: &IS_OF_JUSTICE, apply: is_of_justice }];
        CONDITIONS
    }

    fn stood_on(&self) -> Option<&'static StoodOn> {
        Some(&STOOD_ON)
    }

    fn figures(&self) -> &'static [Figure] {
        const { &[OPEN, JUSTICE_GROUPS] }
    }

    fn moves(&self, record: &Record) -> Vec<Move> {
        let one: &[fn(i64) -> Measure] = &[|amount| OPEN.measured(amount)];
        let both: &[fn(i64) -> Measure] = &[|amount| OPEN.measured(amount), |amount| JUSTICE_GROUPS.measured(amount)];
        let is_of_justice = record.values.get(&GROUP_KIND).is_some_and(|kind| OF_JUSTICE.contains(&kind));
        DAYS.moves(record, if is_of_justice { both } else { one })
    }
}
