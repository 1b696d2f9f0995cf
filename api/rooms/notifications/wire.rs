//! Notifications as they are told, and how they are read.

use chrono::{DateTime, Utc};
use kit::field::{Field, Shape};
use kit::text::{Language, Text};
use kit::time::InZone;
use kit::{fields, words};
use serde::Serialize;
use serde_json::{Value as Json, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::platform::core::Core;
use crate::platform::http::Form;

words! {
    /// Events that notifications are about.
    pub NotificationType "notification_type" "Notification" "提醒类型" {
        Fever "fever" "a fever among those in one's care" "发热";
        Missed "missed" "a duty was missed" "责任事项未完成";
        Handover "handover" "a duty was handed over" "责任事项交接";
        Offer "offer" "a duty is offered to one" "责任事项待接收";
        Accepted "accepted" "a duty that one offered was taken" "转交已接收";
        Declined "declined" "a duty that one offered was declined" "转交未接收";
        Escalation "escalation" "a missed duty went up" "逐级上报";
        Conflict "conflict" "phone and server disagree" "数据冲突";
    }
}

static ID: Shape = Shape::Text { min: 1, max: 60, pattern: Some("[a-z]+_[0-9a-f]{32}(_[0-9]{1,10})?") };

fields! {
    /// Parameters of the list.
    pub static PARAMETERS;
    UNREAD: bool = Field::new("unread", Shape::Boolean, Text::new("Unread", "未读"), "Only those that weren't read, or that were.");
}

fields! {
    /// Fields of the body that marks as read.
    pub static READ;
    UP_TO: DateTime<Utc> = Field::new("up_to", Shape::Instant, Text::new("Up to", "截至"), "All of them up to this instant.");
    IDS: Vec<String> = Field::new("ids", Shape::List { of: &ID, max: 500 }, Text::new("Ids", "编号"), "These.").not_empty();
}

/// The body that marks as read.
pub const MARKS: Form = Form::new("NotificationsRead", READ, "What was read: all up to an instant, or some.");

/// A notification, as it is found.
pub struct Found {
    pub kind: NotificationType,
    pub at: DateTime<Utc>,
    pub subject: (&'static str, Uuid),
    /// Revision by which it came about, of what may come about again.
    pub revision: Option<i64>,
    /// Which duty, by its label.
    pub label: Option<Text>,
}

impl Found {
    /// Its id: the same whenever it is asked for.
    pub fn id(&self) -> String {
        let id = format!("{}_{}", self.kind, self.subject.1.simple());
        self.revision.map_or(id.clone(), |revision| format!("{id}_{revision}"))
    }

    /// Id under which a former release told a handover, whichever it was of a duty's.
    pub fn former_id(&self) -> Option<String> {
        let is_handover = self.kind == NotificationType::Handover;
        is_handover.then(|| format!("{}_{}", self.kind, self.subject.1.simple()))
    }

    /// Its text, without a name.
    pub fn text(&self, language: Language) -> String {
        let label = self.label.unwrap_or(Text::new("a duty", "责任事项"));
        match language {
            Language::Chinese => match self.kind {
                NotificationType::Fever => "有人发热,待转诊".into(),
                NotificationType::Missed => format!("未完成:{}", label.zh),
                NotificationType::Handover => format!("已交接给您:{}", label.zh),
                NotificationType::Offer => format!("待您接收:{}", label.zh),
                NotificationType::Accepted => format!("对方已接收您转交的:{}", label.zh),
                NotificationType::Declined => format!("对方未接收您转交的:{}", label.zh),
                NotificationType::Escalation => format!("下级未完成,已上报至您:{}", label.zh),
                NotificationType::Conflict => "手机上报与已有记录不一致,待确认".into(),
            },
            Language::English => match self.kind {
                NotificationType::Fever => "A fever waits for its referral".into(),
                NotificationType::Missed => format!("Missed: {}", label.en),
                NotificationType::Handover => format!("Handed over to you: {}", label.en),
                NotificationType::Offer => format!("Offered to you: {}", label.en),
                NotificationType::Accepted => format!("Taken by whom you offered it: {}", label.en),
                NotificationType::Declined => format!("Declined by whom you offered it: {}", label.en),
                NotificationType::Escalation => format!("Missed below and gone up to you: {}", label.en),
                NotificationType::Conflict => "What the phone sent differs from what stands; decide".into(),
            },
        }
    }

    /// The notification as it is told.
    pub fn told(&self, core: &Core, language: Language, read_at: Option<DateTime<Utc>>) -> Notification {
        let (kind, id) = self.subject;
        Notification {
            id: self.id(),
            at: InZone(self.at, core.zone),
            kind: self.kind,
            subject: NotificationSubject { kind, id },
            text: self.text(language),
            read_at: read_at.map(|at| InZone(at, core.zone)),
        }
    }
}

/// Something that one should know of.
#[derive(Serialize, ToSchema)]
pub struct Notification {
    /// Its id.
    #[schema(max_length = 60)]
    pub id: String,
    /// When it came to be.
    #[schema(value_type = DateTime<Utc>)]
    pub at: InZone,
    /// A word of the vocabulary `notification_type`.
    #[serde(rename = "type")]
    #[schema(value_type = String, max_length = 20)]
    pub kind: NotificationType,
    /// The record that it is about.
    #[schema(inline)]
    pub subject: NotificationSubject,
    /// Text in the language asked for; without a name.
    #[schema(max_length = 200)]
    pub text: String,
    /// When it was read; null where it wasn't.
    #[schema(required, value_type = Option<DateTime<Utc>>)]
    pub read_at: Option<InZone>,
}

/// The record that a notification is about.
#[derive(Serialize, ToSchema)]
pub struct NotificationSubject {
    /// Its kind, or `conflicts`.
    #[schema(max_length = 40)]
    pub kind: &'static str,
    /// Its id.
    pub id: Uuid,
}

/// An example.
pub fn example() -> Json {
    json!({"id": "missed_0198c0de00a070008000000000000001", "at": "2020-02-02T12:00:00+08:00", "type": "missed",
        "subject": {"kind": "duties", "id": "0198c0de-00a0-7000-8000-000000000001"}, "text": "未完成:上午测温", "read_at": null})
}
