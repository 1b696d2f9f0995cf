//! The words and fields of a duty.

use chrono::{DateTime, Utc};
use kit::field::{Field, Shape, free_text};
use kit::text::Text;
use kit::{fields, object, words};
use uuid::Uuid;

use super::escalation::Level;
use super::kinds::DutyKind;

words! {
    /// Lines to which duties belong: the five supervisors of an isolated person, a grid cell, a store, a unit, a venue and
    /// its inspector, and the district above them.
    pub DutyLine "duty_line" "Line" "责任线" {
        Town "town" "town" "镇";
        Village "village" "village" "村";
        Group "group" "group" "组";
        Grid "grid" "grid cell" "网格";
        HealthCenter "health_center" "health centre" "卫生院";
        PoliceStation "police_station" "police station" "派出所";
        Store "store" "store" "商超";
        Unit "unit" "unit" "单位";
        Venue "venue" "venue" "经营单位";
        Inspector "inspector" "inspector" "检查员";
        Volunteer "volunteer" "volunteer" "志愿者";
        Organizer "organizer" "organiser of the roster" "排班负责人";
        District "district" "district" "区";
    }
}

words! {
    /// How a duty stands.
    pub DutyState "duty_state" "State" "状态" {
        Open "open" "open" "待办";
        Done "done" "done" "已完成";
        Missed "missed" "missed" "未完成";
        Waived "waived" "waived" "免除";
    }
}

words! {
    /// Why nothing is expected any more.
    pub DutyWaiver "duty_waiver" "Waiver" "免除缘由" {
        ByHand "by_hand" "waived by somebody, with a reason" "人工免除";
        NotObserved "not_observed" "the person is not observed at home then" "该时段未居家观察";
        NotExpected "not_expected" "the store was closed then" "门店停业";
        TakenBack "taken_back" "the case came back before it was accepted" "个案接收前已退回";
        CaseMerged "case_merged" "the person has another case, which goes on" "已并案";
        CauseVoided "cause_voided" "what asked for it was voided" "缘由记录已作废";
        Lapsed "lapsed" "what asked for it holds no more" "缘由已不存在";
    }
}

object! {
    /// The record that closed a duty.
    #[derive(PartialEq, Eq)]
    pub struct Proof, PROVING {
        kind: String = Field::new("kind", free_text(60), Text::new("Kind", "类别"), "The kind of the proving record.").required();
        id: Uuid = Field::new("id", Shape::Id, Text::new("Id", "编号"), "The proving record.").required();
    }
}

fields! {
    /// The fields of a duty; all are the server's.
    pub static FIELDS;
    DUTY_KIND: DutyKind = Field::new("duty_kind", Shape::Word(DutyKind::VOCABULARY), Text::new("Duty", "责任事项"), "What is expected.")
        .required()
        .by_server();
    SUBJECT_KIND: String = Field::new("subject_kind", free_text(60), Text::new("Subject kind", "对象类别"), "The kind of `subject_id`.")
        .required()
        .by_server();
    SUBJECT_ID: Uuid = Field::new(
        "subject_id",
        Shape::Id,
        Text::new("Subject", "对象"),
        "About which record: an isolation case, a store, a person.",
    )
    .required()
    .by_server();
    CAUSE_ID: Uuid = Field::new("cause_id", Shape::Id, Text::new("Cause", "起因"), "The record that asked for it, where it was one.")
        .by_server();
    LINE: DutyLine = Field::new("line", Shape::Word(DutyLine::VOCABULARY), Text::new("Line", "责任线"), "Whose line it is.")
        .required()
        .by_server();
    ASSIGNEE_ID: Uuid = Field::new(
        "assignee_id",
        Shape::Id,
        Text::new("Assignee", "责任人"),
        "The account that answers for it; null where the line's supervisor has none.",
    )
    .by_server();
    OFFERED_TO: Uuid = Field::new(
        "offered_to",
        Shape::Id,
        Text::new("Offered to", "拟移交给"),
        "The account to which it was offered and that has neither taken nor declined it; null otherwise.",
    )
    .by_server();
    OPENS_AT: DateTime<Utc> = Field::new("opens_at", Shape::Instant, Text::new("Opens at", "开始时间"), "From when it can be done.")
        .required()
        .by_server();
    DUE_AT: DateTime<Utc> = Field::new("due_at", Shape::Instant, Text::new("Due at", "截止时间"), "Until when.").required().by_server();
    STATE: DutyState = Field::new("state", Shape::Word(DutyState::VOCABULARY), Text::new("State", "状态"), "How it stands.")
        .required()
        .by_server();
    PROOF: Proof = Field::new("proof", Shape::Object(PROVING), Text::new("Proof", "凭据"), "The record that closed it.").by_server();
    LATE: bool = Field::new("late", Shape::Boolean, Text::new("Late", "逾期完成"), "Whether it was done after `due_at`.")
        .required()
        .by_server();
    REPORTED_LATE: bool = Field::new(
        "reported_late",
        Shape::Boolean,
        Text::new("Reported late", "逾期上报"),
        "Whether it was done in time and reached the server after `due_at`.",
    )
    .required()
    .by_server();
    ESCALATED_TO: DutyLine = Field::new(
        "escalated_to",
        Shape::Word(DutyLine::VOCABULARY),
        Text::new("Escalated to", "上报至"),
        "To whom it went up when it was missed.",
    )
    .by_server();
    ESCALATED_TO_ID: Uuid = Field::new(
        "escalated_to_id",
        Shape::Id,
        Text::new("Escalated to account", "上报对象"),
        "That supervisor's account, where known.",
    )
    .by_server();
    ESCALATIONS: Vec<Level> = super::escalation::ESCALATIONS.field;
    EXPLAINED: bool = Field::new(
        "explained",
        Shape::Boolean,
        Text::new("Explained", "已说明"),
        "Whether somebody gave a reason for what is missing.",
    )
    .required()
    .by_server();
    WAIVER: DutyWaiver = Field::new(
        "waiver",
        Shape::Word(DutyWaiver::VOCABULARY),
        Text::new("Waiver", "免除缘由"),
        "Why nothing is expected any more.",
    )
    .by_server();
    REASON: String = super::REASON.field.by_server().sealed();
    ANSWER: String = Field::new("answer", free_text(500), Text::new("Answer", "处置记录"), "A health worker's note that closed it.")
        .by_server()
        .sealed();
    ANSWERED_AT: DateTime<Utc> = Field::new("answered_at", Shape::Instant, Text::new("Answered at", "处置时间"), "When that was.")
        .by_server()
        .sealed();
    ANSWERED_BY: Uuid = Field::new("answered_by", Shape::Id, Text::new("Answered by", "处置人"), "Whose note it is.").by_server().sealed();
}

/// One level up.
pub fn above(line: DutyLine) -> DutyLine {
    match line {
        DutyLine::Group | DutyLine::Grid => DutyLine::Village,
        DutyLine::Volunteer => DutyLine::Organizer,
        DutyLine::Village => DutyLine::Town,
        DutyLine::Venue => DutyLine::Inspector,
        DutyLine::Town
        | DutyLine::HealthCenter
        | DutyLine::PoliceStation
        | DutyLine::Store
        | DutyLine::Unit
        | DutyLine::Inspector
        | DutyLine::Organizer
        | DutyLine::District => DutyLine::District,
    }
}
