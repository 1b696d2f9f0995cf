//! Service records (志愿服务记录): hours served, travel excluded. Made from check-in and check-out; a check-out that
//! was forgotten is closed by rule and said so. Whoever corrects one keeps the former in its revisions, and the
//! service doesn't touch it again.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;

use crate::kit::catalogue::FaultCode;
use crate::kit::faults::Faults;
use crate::kit::field::{Field, Shape, free_text};
use crate::kit::text::Text;
use crate::kit::value::{Value, Values};
use crate::kit::vocabulary::{Vocabulary, word};
use crate::ledger::decide::Decider;
use crate::records::figure::{MINUTES, PERSON_TIMES};
use crate::records::scribe::Scribe;
use crate::records::{Context, Definition, Draft, Figure, Measure, Reach, Record, Rules, Warning};
use crate::roster::RosterDecider;
use crate::teams::{ORGANIZERS, ROSTER_READERS};

static ORIGIN: Vocabulary = Vocabulary::new(
    "service_record_origin",
    Text::new("Origin", "来源"),
    &[
        word("attendance", "check-in and check-out", "签到签退"),
        word("rule", "closed by rule: the check-out was forgotten", "未签退,按规则结束"),
        word("by_hand", "told by an organiser", "人工登记"),
    ],
);

static FIELDS: &[Field] = &[
    Field::new("volunteer_id", Shape::Reference("volunteers"), Text::new("Volunteer", "志愿者"), "Who served.")
        .required()
        .on_create(),
    Field::new("shift_id", Shape::Reference("shifts"), Text::new("Shift", "班次"), "On which shift, where it was one.")
        .on_create(),
    Field::new("place_id", Shape::Reference("places"), Text::new("Place", "场所"), "Where."),
    Field::new("starts_at", Shape::Instant, Text::new("Starts at", "开始时间"), "From when.").required(),
    Field::new("ends_at", Shape::Instant, Text::new("Ends at", "结束时间"), "Until when; travel excluded.")
        .happened()
        .required(),
    Field::new("content", free_text(200), Text::new("Content", "服务内容"), "What was done."),
    Field::new("service_minutes", Shape::Integer { min: 0, max: 1_440 }, Text::new("Minutes", "服务分钟"), "How long.")
        .required()
        .derived(),
    Field::new(
        "service_hours",
        Shape::Decimal { scale: 2, min: "0", max: "24" },
        Text::new("Hours", "服务时长(小时)"),
        "The same in hours.",
    )
    .required()
    .derived(),
    Field::new("origin", Shape::Word(&ORIGIN), Text::new("Origin", "形成方式"), "How it came to be.")
        .required()
        .by_server(),
    Field::new("corrected", Shape::Boolean, Text::new("Corrected", "已更正"), "Whether somebody corrected it.")
        .required()
        .by_server(),
    Field::new("team_id", Shape::Reference("teams"), Text::new("Team", "队伍"), "The volunteer's at that time.")
        .by_server(),
];

/// Other records tell part of the time that somebody was there.
pub static ALREADY_SERVED: Warning = Warning {
    code: "already_served",
    message: Text::new(
        "part of the time was told by another record and isn't counted again",
        "部分时段已有其他服务记录,未重复计算",
    ),
};

/// The kind.
pub static SERVICE_RECORDS: Definition = Definition {
    name: "service_records",
    path: "service-records",
    schema: "ServiceRecord",
    label: Text::new("Service record", "志愿服务记录"),
    about: "Hours that somebody served.",
    fields: FIELDS,
    filters: &["volunteer_id", "shift_id", "place_id", "team_id", "origin", "corrected"],
    slow_changing: false,
    reached_by_lookup: false,
    reach: Reach::Area,
    readers: ROSTER_READERS,
    writers: ORGANIZERS,
    rules: &ServiceRules,
    warnings: &[&ALREADY_SERVED],
    example: include_str!("../../openapi/examples/service_records/create.json"),
    sequence: 2,
};

struct ServiceRules;

/// What is shown of it.
static FIGURES: &[Figure] = &[
    Figure::new("service_records", Text::new("Times served", "服务人次"), PERSON_TIMES).open(),
    Figure::new("service_minutes", Text::new("Minutes served", "服务分钟"), MINUTES).open(),
];

impl Rules for ServiceRules {
    fn check(&self, draft: &mut Draft, _context: &Context<'_>, faults: &mut Faults) {
        let (starts_at, ends_at) = (draft.values.instant("starts_at"), draft.values.instant("ends_at"));
        let Some((starts_at, ends_at)) = starts_at.zip(ends_at) else { return };
        if ends_at <= starts_at {
            faults.add_with(draft.at("ends_at"), FaultCode::InvalidOrder, vec![("other", "starts_at".into())]);
        } else if ends_at - starts_at > TimeDelta::hours(24) {
            faults.add_with(draft.at("ends_at"), FaultCode::PeriodTooLong, vec![("hours", "24".into())]);
        }
        draft.values.set("occurred_at", Value::Instant(starts_at));
    }

    /// Hours are served when they are over.
    fn happens_at(&self, draft: &Draft, _context: &Context<'_>) -> Option<DateTime<Utc>> {
        draft.values.instant("ends_at")
    }

    fn check_references(&self, draft: &mut Draft, _context: &Context<'_>, _faults: &mut Faults) {
        let Some(volunteer) = draft.references.get("volunteer_id").cloned() else { return };
        if draft.values.get("team_id").is_none() {
            draft.values.set("team_id", volunteer.values.get("team_id").cloned().unwrap_or(Value::Null));
        }
    }

    /// Runs where a person writes it; what the service makes is [`set_hours`] alone.
    fn judge(&self, draft: &mut Draft, _context: &Context<'_>) {
        let by_service = matches!(draft.values.text("origin"), Some("attendance" | "rule"));
        draft.values.set("corrected", Value::Boolean(by_service));
        if !by_service {
            draft.values.set("origin", Value::Text("by_hand".to_owned()));
        }
        set_hours(&mut draft.values);
    }

    fn natural_key(&self) -> &'static [&'static str] {
        &["volunteer_id", "starts_at", "ends_at"]
    }

    fn decider(&self, _: Option<&Record>, next: &Record, scribe: &Arc<Scribe>) -> Option<Arc<dyn Decider>> {
        // What follows from an attendance was admitted with it.
        (next.envelope.source != "system" || next.values.boolean("corrected") == Some(true))
            .then(|| RosterDecider::of(scribe))
    }

    fn judged_across_rows(&self) -> bool {
        true
    }

    fn figures(&self) -> &'static [Figure] {
        FIGURES
    }

    fn measures(&self, record: &Record) -> Vec<Measure> {
        vec![("service_records", 1), ("service_minutes", record.values.integer("service_minutes").unwrap_or_default())]
    }
}

/// Minutes and hours from the two ends.
pub fn set_hours(values: &mut Values) {
    let (Some(starts_at), Some(ends_at)) = (values.instant("starts_at"), values.instant("ends_at")) else { return };
    let minutes = minutes_between(starts_at, ends_at);
    values.set("service_minutes", Value::Integer(minutes));
    values.set("service_hours", Value::Decimal(hours_of(minutes)));
}

/// Minutes in hours, to two places.
pub fn hours_of(minutes: i64) -> Decimal {
    let mut hours = (Decimal::from(minutes) / Decimal::from(60)).round_dp(2);
    hours.rescale(2);
    hours
}

fn minutes_between(starts_at: DateTime<Utc>, ends_at: DateTime<Utc>) -> i64 {
    (ends_at - starts_at).num_minutes().clamp(0, 1_440)
}
