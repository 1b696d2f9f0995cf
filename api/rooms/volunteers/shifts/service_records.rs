//! Service records (志愿服务记录): hours served, travel excluded. Made from check-in and check-out; a check-out that
//! was forgotten is closed by rule and said so. Whoever corrects one keeps the former in its revisions, and the
//! service doesn't touch it again.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use kit::faults::Faults;
use kit::field::{Field, Shape, free_text};
use kit::fields;
use kit::text::Text;
use kit::value::Values;
use kit::words;
use ledger::decide::Decider;
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::platform::access::roles::Actor;
use crate::platform::codes::INVALID_ORDER;
use crate::records::codes::PERIOD_TOO_LONG;
use crate::records::envelope::{OCCURRED_AT, VOID_REASON};
use crate::records::figure::{MINUTES, PERSON_TIMES};
use crate::records::write_context::WriteContext;
use crate::records::{Context, Definition, Draft, Figure, Kind, Measure, Record, Rules, Warning};
use crate::rooms::volunteers::roster::RosterDecider;
use crate::rooms::volunteers::teams::{ORGANIZERS, ROSTER_READERS};
use crate::rooms::volunteers::volunteers::USER_ID;
use crate::rooms::volunteers::volunteers::memberships::Membership;

words! {
    /// Origin of served hours: a shift or what somebody said.
    pub ServiceRecordOrigin "service_record_origin" "Origin" "来源" {
        Attendance "attendance" "check-in and check-out" "签到签退";
        Rule "rule" "closed by rule: the check-out was forgotten" "未签退,按规则结束";
        ByHand "by_hand" "told by an organiser" "人工登记";
    }
}

words! {
    /// How a claim of served hours stands.
    pub ServiceConfirmation "service_confirmation" "Confirmation" "确认" {
        Unconfirmed "unconfirmed" "part of it lies outside the shift and awaits an organiser" "超出班次,待确认";
        Confirmed "confirmed" "an organiser confirmed what lies outside the shift" "已确认";
        Declined "declined" "an organiser didn't confirm it" "不予确认";
    }
}

/// Why the service itself voids hours; what somebody voided for another reason stays void.
pub const GONE: &str = "到岗记录已作废或更改";

fields! {
    /// The fields of a service record, beside the envelope's.
    static FIELDS;
    VOLUNTEER_ID: Uuid = Field::new("volunteer_id", Shape::Reference("volunteers"), Text::new("Volunteer", "志愿者"), "Who served.").brings_area(3)
        .required()
        .on_create();
    SHIFT_ID: Uuid = Field::new("shift_id", Shape::Reference("shifts"), Text::new("Shift", "班次"), "On which shift, where it was one.").brings_area(2)
        .on_create();
    PLACE_ID: Uuid = Field::new("place_id", Shape::Reference("places"), Text::new("Place", "场所"), "Where.").brings_area(1);
    STARTS_AT: DateTime<Utc> = Field::new("starts_at", Shape::Instant, Text::new("Starts at", "开始时间"), "From when, as far as it counts.")
        .required();
    ENDS_AT: DateTime<Utc> = Field::new(
        "ends_at",
        Shape::Instant,
        Text::new("Ends at", "结束时间"),
        "Until when, as far as it counts; travel excluded.",
    )
    .happened()
    .required();
    CONTENT: String = Field::new("content", free_text(200), Text::new("Content", "服务内容"), "What was done. Encrypted at rest.")
        .sealed_since();
    SERVICE_MINUTES: i64 = Field::new("service_minutes", Shape::Integer { min: 0, max: 1_440 }, Text::new("Minutes", "服务分钟"), "How long.")
        .required()
        .derived();
    SERVICE_HOURS: Decimal = Field::new(
        "service_hours",
        Shape::Decimal { scale: 2, min: "0", max: "24" },
        Text::new("Hours", "服务时长(小时)"),
        "The same in hours.",
    )
    .required()
    .derived();
    ORIGIN: ServiceRecordOrigin = Field::new("origin", Shape::Word(ServiceRecordOrigin::VOCABULARY), Text::new("Origin", "形成方式"), "How it came to be.")
        .required()
        .by_server();
    CORRECTED: bool = Field::new("corrected", Shape::Boolean, Text::new("Corrected", "已更正"), "Whether somebody corrected it.")
        .required()
        .by_server();
    TEAM_ID: Uuid = Field::new("team_id", Shape::Reference("teams"), Text::new("Team", "队伍"), "The volunteer's at that time.")
        .by_server();
    ATTENDED_FROM: DateTime<Utc> = Field::new("attended_from", Shape::Instant, Text::new("Attended from", "签到时间"), "When he checked in.").by_server();
    ATTENDED_UNTIL: DateTime<Utc> = Field::new(
        "attended_until",
        Shape::Instant,
        Text::new("Attended until", "签退时间"),
        "When he checked out, or was to. What lies outside the shift counts within the margin of the service rule, where somebody else checked him in or out; all else once an organiser confirms it.",
    )
    .by_server();
    UNCONFIRMED_MINUTES: i64 = Field::new(
        "unconfirmed_minutes",
        Shape::Integer { min: 0, max: 2_880 },
        Text::new("Minutes to confirm", "待确认分钟"),
        "How much of it lies so far outside the shift that an organiser must confirm it. They stand in no figure.",
    )
    .by_server();
    CONFIRMATION: ServiceConfirmation = Field::new(
        "confirmation",
        Shape::Word(ServiceConfirmation::VOCABULARY),
        Text::new("Confirmation", "确认情况"),
        "Whether an organiser confirmed what lies outside the shift; null where nothing did.",
    )
    .by_server();
    PENDING: bool = Field::new(
        "pending",
        Shape::Boolean,
        Text::new("Pending", "全部待确认"),
        "Whether nothing of it counts before an organiser confirms it: no figure has it.",
    )
    .by_server();
}

/// Other records tell part of the time that somebody was there.
pub static ALREADY_SERVED: Warning = Warning {
    code: "already_served",
    message: Text::new(
        "part of the time was told by another record and isn't counted again",
        "部分时段已有其他服务记录,未重复计算",
    ),
};

/// The kind.
pub static SERVICE_RECORDS: Kind = Kind::of(Definition {
    name: "service_records",
    path: "service-records",
    schema: "ServiceRecord",
    label: Text::new("Service record", "志愿服务记录"),
    about: "Hours that somebody served.",
    fields: FIELDS,
    filters: &["volunteer_id", "shift_id", "place_id", "team_id", "origin", "corrected", "confirmation", "pending"],
    readers: ROSTER_READERS,
    writers: ORGANIZERS,
    rules: &ServiceRules,
    warnings: &[&ALREADY_SERVED],
    example: include_str!("../../../../openapi/examples/service_records/create.json"),
    sequence: 2,
    ..Definition::FIELD_RECORD
});

struct ServiceRules;

const TIMES_SERVED: Figure =
    Figure::new("service_records", Text::new("Times served", "服务人次"), PERSON_TIMES).listed("pending=false").open();
const MINUTES_SERVED: Figure =
    Figure::new("service_minutes", Text::new("Minutes served", "服务分钟"), MINUTES).listed("pending=false").open();
/// Figures of service records that statistics show.
static FIGURES: &[Figure] = &[TIMES_SERVED, MINUTES_SERVED];

impl Rules for ServiceRules {
    fn check(&self, draft: &mut Draft, _context: &Context<'_>, faults: &mut Faults) {
        let (starts_at, ends_at) = (draft.values.get(&STARTS_AT), draft.values.get(&ENDS_AT));
        let Some((starts_at, ends_at)) = starts_at.zip(ends_at) else { return };
        if ends_at <= starts_at {
            faults.add_with(draft.at(&ENDS_AT), INVALID_ORDER, vec![("other", "starts_at".into())]);
        } else if ends_at - starts_at > TimeDelta::hours(24) {
            faults.add_with(draft.at(&ENDS_AT), PERIOD_TOO_LONG, vec![("hours", "24".into())]);
        }
        draft.values.set(&OCCURRED_AT, starts_at);
    }

    /// Hours are served when they are over.
    fn happens_at(&self, draft: &Draft, _context: &Context<'_>) -> Option<DateTime<Utc>> {
        draft.values.get(&ENDS_AT)
    }

    /// Runs where a person writes it; what the service makes is [`set_hours`] alone.
    fn judge(&self, draft: &mut Draft, context: &Context<'_>) {
        // The team of then: in which one the volunteer is today changes nothing.
        if !draft.values.has(&TEAM_ID) {
            let starts_at = draft.values.get(&STARTS_AT).unwrap_or(context.now);
            let volunteer = draft.reference(&VOLUNTEER_ID).map(|volunteer| &volunteer.values);
            let team_id = volunteer.and_then(|values| Membership::at(values, starts_at).team_id);
            draft.values.set_or_clear(&TEAM_ID, team_id);
        }
        let by_service = match draft.values.get(&ORIGIN) {
            Some(ServiceRecordOrigin::Attendance | ServiceRecordOrigin::Rule) => true,
            Some(ServiceRecordOrigin::ByHand) | None => false,
        };
        draft.values.set(&CORRECTED, by_service);
        if !by_service {
            draft.values.set(&ORIGIN, ServiceRecordOrigin::ByHand);
        }
        // Whoever makes rosters and says how long it was has confirmed it.
        if draft.values.get(&CONFIRMATION).is_some() {
            draft.values.set(&CONFIRMATION, ServiceConfirmation::Confirmed);
            draft.values.set(&UNCONFIRMED_MINUTES, 0);
        }
        draft.values.set(&PENDING, false);
        set_hours(&mut draft.values);
    }

    /// Nobody tells or corrects hours of his own.
    fn permits(&self, actor: &Actor, draft: &Draft) -> bool {
        let volunteer = draft.reference(&VOLUNTEER_ID);
        volunteer.and_then(|volunteer| volunteer.values.get(&USER_ID)) != Some(actor.user_id)
    }

    fn natural_key(&self) -> &'static [&'static str] {
        &["volunteer_id", "starts_at", "ends_at"]
    }

    fn decider(
        &self,
        _: Option<&Record>,
        next: &Record,
        write_context: &Arc<WriteContext>,
    ) -> Option<Arc<dyn Decider>> {
        // Hours that follow from an attendance were admitted with it.
        is_decided(next).then(|| RosterDecider::of(write_context))
    }

    fn judged_across_rows(&self) -> bool {
        true
    }

    fn figures(&self) -> &'static [Figure] {
        FIGURES
    }

    fn measures(&self, record: &Record) -> Vec<Measure> {
        if record.values.get(&PENDING) == Some(true) {
            return Vec::new();
        }
        let minutes = record.values.get(&SERVICE_MINUTES).map(|minutes| MINUTES_SERVED.measured(minutes));
        [TIMES_SERVED.measured(1)].into_iter().chain(minutes).collect()
    }
}

/// Whether people told, corrected, confirmed, declined or voided it: the service leaves it alone then.
pub fn is_decided(record: &Record) -> bool {
    let (envelope, values) = (&record.envelope, &record.values);
    let voided = envelope.voided && values.get(&VOID_REASON) != Some(GONE);
    let answered = match values.get(&CONFIRMATION) {
        Some(ServiceConfirmation::Confirmed | ServiceConfirmation::Declined) => true,
        Some(ServiceConfirmation::Unconfirmed) | None => false,
    };
    envelope.source != "system" || voided || answered || values.get(&CORRECTED) == Some(true)
}

/// Minutes and hours from the two ends.
pub fn set_hours(values: &mut Values) {
    let (Some(starts_at), Some(ends_at)) = (values.get(&STARTS_AT), values.get(&ENDS_AT)) else { return };
    let minutes = minutes_between(starts_at, ends_at);
    values.set(&SERVICE_MINUTES, minutes);
    values.set(&SERVICE_HOURS, hours_of(minutes));
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
