//! The words and fields of an isolation case.

use chrono::{DateTime, NaiveDate, Utc};
use kit::field::{Field, Shape, free_text};
use kit::text::Text;
use kit::{fields, object, words};
use uuid::Uuid;

use super::history::Step;
use super::stays::StoredStay;
use crate::platform::privacy::mask::mask_address;
use crate::rooms::duties::DutyLine;
use crate::rooms::registers::PersonCategory;

words! {
    /// From what the days are counted.
    pub ObservationAnchor "observation_anchor" "Anchor" "起算事件" {
        LastExposure "last_exposure" "last exposure" "末次暴露";
        Departure "departure" "departure" "离开疫区";
        ObservationStart "observation_start" "start of observation" "开始观察";
    }
}

words! {
    /// How a case stands (domain.md 5).
    pub IsolationState "isolation_state" "State" "状态" {
        Identified "identified" "identified" "已排查";
        Notified "notified" "notified" "已告知";
        UnderObservation "under_observation" "under observation" "观察中";
        SuspendedReferral "suspended_referral" "referred, observation suspended" "转诊排查";
        LostContact "lost_contact" "lost contact" "失联";
        Completed "completed" "completed" "解除";
        Dismissed "dismissed" "dismissed" "排除";
        BecameCase "became_case" "became a case" "转为病例";
        Centralized "centralized" "in central isolation" "转集中隔离";
        TransferredOut "transferred_out" "handed over" "移交";
        Merged "merged" "merged with another case" "并案";
        Voided "voided" "entered by mistake" "录入错误";
    }
}

words! {
    /// The five who answer for each isolated person.
    pub SupervisorLevel "supervisor_level" "Level" "级别" {
        Town "town" "town" "镇";
        Village "village" "village" "村";
        Group "group" "group" "组";
        HealthCenter "health_center" "health centre" "卫生院";
        PoliceStation "police_station" "police station" "派出所";
    }
}

impl SupervisorLevel {
    /// The line of duties that he answers for.
    pub const fn line(self) -> DutyLine {
        match self {
            Self::Town => DutyLine::Town,
            Self::Village => DutyLine::Village,
            Self::Group => DutyLine::Group,
            Self::HealthCenter => DutyLine::HealthCenter,
            Self::PoliceStation => DutyLine::PoliceStation,
        }
    }

    /// The level of a line, if it is one of the five.
    pub fn of_line(line: DutyLine) -> Option<Self> {
        Self::ALL.iter().copied().find(|level| level.line() == line)
    }
}

object! {
    /// One of the five.
    pub struct Supervisor, SUPERVISOR {
        level: SupervisorLevel =
            Field::new("level", Shape::Word(SupervisorLevel::VOCABULARY), Text::new("Level", "级别"), "Which of the five.")
                .required();
        user_id: Option<Uuid> =
            Field::new("user_id", Shape::Account, Text::new("Account", "账号"), "His account: his duties are on its list.");
        name: String = Field::new("name", free_text(60), Text::new("Name", "姓名"), "Who it is.").required();
        phone: Option<String> = Field::new("phone", free_text(20), Text::new("Phone", "电话"), "Where to reach him.");
    }
}

fields! {
    /// The fields of a case, beside the envelope's.
    pub static FIELDS;
    PERSON: Uuid = Field::new(
        "person",
        Shape::Inline("people", "Person"),
        Text::new("Person", "人员"),
        "Who it is, registered with this record. Not with `person_id`.",
    );
    PERSON_ID: Uuid = Field::new(
        "person_id",
        Shape::Reference("people"),
        Text::new("Person id", "人员编号"),
        "Who it is, registered before.",
    ).brings_area(1)
    .on_create();
    CATEGORIES: Vec<PersonCategory> = Field::new(
        "categories",
        Shape::List { of: &Shape::Word(PersonCategory::VOCABULARY), max: 9 },
        Text::new("Categories", "类别"),
        "Why: several may hold.",
    )
    .also(&["人员类别", "重点人员类别", "观察原因"])
    .required()
    .not_empty();
    EVIDENCE: String = Field::new(
        "evidence",
        free_text(500),
        Text::new("Evidence", "依据"),
        "What shows it: a ticket, a list, a statement.",
    )
    .sealed();
    ANCHOR: ObservationAnchor = Field::new(
        "anchor",
        Shape::Word(ObservationAnchor::VOCABULARY),
        Text::new("Anchor", "起算事件"),
        "From what the days are counted. The day after it is the first; of `observation_start` that day itself.",
    )
    .required();
    ANCHORED_ON: NaiveDate = Field::new(
        "anchored_on",
        Shape::Day,
        Text::new("Anchored on", "起算日期"),
        "When that was. From the notification on it changes by the transitions `extended` and `corrected`.",
    )
    .happened()
    .required()
    .also(&["离汉日期", "离鄂日期", "末次接触日期"]);
    ADDRESS: String = Field::new("address", free_text(200), Text::new("Address", "居家地址"), "Where the person is observed.")
        .masked(mask_text_address);
    SUPERVISORS: Vec<Supervisor> = Field::new(
        "supervisors",
        Shape::List { of: &Shape::Object(SUPERVISOR), max: 5 },
        Text::new("Supervisors", "五级监管责任人"),
        "Who answers for the person, at most one a level.",
    )
    .sealed();
    SUPERVISORS_COMPLETE: bool = Field::new(
        "supervisors_complete",
        Shape::Boolean,
        Text::new("Supervisors complete", "五级落实"),
        "Whether all five are named.",
    )
    .required()
    .derived();
    SUPERVISOR_IDS: Vec<Uuid> = Field::new(
        "supervisor_ids",
        Shape::List { of: &Shape::Id, max: 5 },
        Text::new("Supervisors' accounts", "责任人账号"),
        "Their accounts.",
    )
    .derived();
    STATE: IsolationState = Field::new(
        "state",
        Shape::Word(IsolationState::VOCABULARY),
        Text::new("State", "状态"),
        "How the case stands; moved on by transitions.",
    )
    .required()
    .by_server();
    STARTS_ON: NaiveDate = Field::new("starts_on", Shape::Day, Text::new("Starts on", "观察首日"), "First day of observation.")
        .required()
        .by_server();
    ENDS_ON: NaiveDate = Field::new("ends_on", Shape::Day, Text::new("Ends on", "观察末日"), "Last day of observation.")
        .required()
        .by_server();
    RELEASE_FROM: DateTime<Utc> = Field::new(
        "release_from",
        Shape::Instant,
        Text::new("Release from", "可解除时间"),
        "From when on the person can be released.",
    )
    .required()
    .by_server();
    EXTENDED: bool = Field::new("extended", Shape::Boolean, Text::new("Extended", "已延长"), "Whether observation was extended.")
        .required()
        .by_server();
    REGISTERED_AT: DateTime<Utc> = Field::new(
        "registered_at",
        Shape::Instant,
        Text::new("Registered at", "登记时间"),
        "Since when the service knows; what lies before can't have been missed by anybody.",
    )
    .required()
    .by_server();
    NOTIFIED_AT: DateTime<Utc> = Field::new("notified_at", Shape::Instant, Text::new("Notified at", "告知时间"), "When observation was notified.")
        .by_server();
    ENDED_AT: DateTime<Utc> = Field::new("ended_at", Shape::Instant, Text::new("Ended at", "结束时间"), "When the case ended.").by_server();
    STATE_HISTORY: Vec<Step> = super::history::STATE_HISTORY.field;
    AREA_HISTORY: Vec<StoredStay> = super::stays::AREA_HISTORY.field;
}

fn mask_text_address(json: &serde_json::Value) -> serde_json::Value {
    json.as_str().map_or(serde_json::Value::Null, |text| mask_address(text).into())
}
