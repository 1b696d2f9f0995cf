//! Task forces (领导小组): who leads an organisation's work against the epidemic. An organisation has one at a time.

use std::sync::Arc;

use chrono::NaiveDate;
use kit::faults::Faults;
use kit::field::{Field, Shape, free_text};
use kit::text::Text;
use kit::{fields, object, words};
use ledger::decide::Decider;

use super::codes::ONE_LEADER;
use super::open_one::OpenOne;
use super::standing::{Days, GroupStatus, STOOD_ON};
use super::{FOUNDERS, READERS};
use crate::records::rules::{Move, StoodOn};
use crate::records::write_context::WriteContext;
use crate::records::{Context, Definition, Draft, Figure, Kind, Record, Rules};

words! {
    /// Part of somebody in a task force.
    pub TaskForceRole "task_force_role" "Role" "职务" {
        Leader "leader" "leader" "组长";
        Deputy "deputy" "deputy" "副组长";
        Member "member" "member" "成员";
    }
}

object! {
    /// Somebody in a task force.
    pub struct TaskForceMember, MEMBER {
        role: TaskForceRole = Field::new("role", Shape::Word(TaskForceRole::VOCABULARY), Text::new("Role", "职务"), "Leader, deputy or member.").required();
        name: String = Field::new("name", free_text(60), Text::new("Name", "姓名"), "Who.").required();
        post: Option<String> = Field::new("post", free_text(60), Text::new("Post", "职位"), "What else he is.");
        phone: Option<String> = Field::new("phone", free_text(20), Text::new("Phone", "电话"), "How to reach him.");
    }
}

fields! {
    /// The fields of a task force, beside the envelope's.
    static FIELDS;
    NAME: String = Field::new("name", free_text(100), Text::new("Name", "名称"), "What it is called.").also(&["领导小组", "领导小组名称"]).required();
    ESTABLISHED_ON: NaiveDate = Field::new("established_on", Shape::Day, Text::new("Established on", "成立日期"), "Since when it is there.").also(&["成立时间"]).any_day().happened().required();
    DISSOLVED_ON: NaiveDate = Field::new("dissolved_on", Shape::Day, Text::new("Dissolved on", "撤销日期"), "The day on which it was dissolved.").also(&["撤销时间"]).any_day().happened();
    DOCUMENT_NO: String = Field::new("document_no", free_text(60), Text::new("Document number", "文号"), "Number of the document that set it up.").also(&["成立文号", "发文字号"]);
    MEMBERS: Vec<TaskForceMember> = Field::new("members", Shape::List { of: &Shape::Object(MEMBER), max: 50 }, Text::new("Members", "成员名单"), "Who belongs to it; exactly one leads. Encrypted at rest.")
        .also(&["组成人员"])
        .sealed()
        .required()
        .not_empty();
    STATUS: GroupStatus = Field::new("status", Shape::Word(GroupStatus::VOCABULARY), Text::new("Status", "状态"), "Whether it is still there.").required().derived();
}

/// The kind.
pub static TASK_FORCES: Kind = Kind::of(Definition {
    name: "task_forces",
    path: "task-forces",
    schema: "TaskForce",
    label: Text::new("Task force", "领导小组"),
    about: "The task force that leads an organisation's work against the epidemic.",
    fields: FIELDS,
    filters: &[STATUS.name()],
    slow_changing: true,
    readers: READERS,
    writers: FOUNDERS,
    rules: &TaskForceRules,
    example: include_str!("../../../../openapi/examples/task_forces/create.json"),
    ..Definition::FIELD_RECORD
});

static DAYS: Days = Days { established_on: &ESTABLISHED_ON, dissolved_on: &DISSOLVED_ON, status: &STATUS };

const OPEN: Figure = Figure::new("task_forces", Text::new("Task forces", "领导小组"), Text::new("task forces", "个"))
    .listed("status=active&status_on={to_on}")
    .moving()
    .open();

struct TaskForceRules;

impl Rules for TaskForceRules {
    fn stays_while_named(&self) -> bool {
        true
    }

    fn stands_when_known(&self) -> bool {
        true
    }

    fn check(&self, draft: &mut Draft, context: &Context<'_>, faults: &mut Faults) {
        DAYS.check(draft, context, faults);
        let leaders = draft.values.list(&MEMBERS).filter(|member| member.role == TaskForceRole::Leader).count();
        if leaders != 1 && draft.values.get(&MEMBERS).is_some() && !faults.touches(&draft.at(&MEMBERS)) {
            faults.add(draft.at(&MEMBERS), ONE_LEADER);
        }
    }

    fn judge(&self, draft: &mut Draft, _context: &Context<'_>) {
        DAYS.judge(draft);
    }

    fn decider(&self, _: Option<&Record>, _: &Record, _: &Arc<WriteContext>) -> Option<Arc<dyn Decider>> {
        Some(Arc::new(OpenOne { kind: &TASK_FORCES, purpose: None, days: &DAYS }))
    }

    fn judged_across_rows(&self) -> bool {
        true
    }

    fn stood_on(&self) -> Option<&'static StoodOn> {
        Some(&STOOD_ON)
    }

    fn figures(&self) -> &'static [Figure] {
        const { &[OPEN] }
    }

    fn moves(&self, record: &Record) -> Vec<Move> {
        DAYS.moves(record, &[|amount| OPEN.measured(amount)])
    }
}
