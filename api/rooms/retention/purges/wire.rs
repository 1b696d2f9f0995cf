//! Purges as they are ordered and shown.

use chrono::{DateTime, NaiveDate, Utc};
use kit::field::{Field, Shape};
use kit::text::Text;
use kit::time::InZone;
use kit::{fields, words};
use serde::Serialize;
use serde_json::{Value as Json, json};
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};
use uuid::Uuid;

use crate::integrity::purge::{Certificate, Counts, Plan, Stage};
use crate::platform::http::answered::of_words;
use crate::platform::http::{Form, page};
use crate::rooms::retention::retention_policies::KIND_NAME;

words! {
    /// How a purge stands.
    pub PurgeState "purge_state" "State of a purge" "清除状态" {
        Ordered "ordered" "ordered" "已下达";
        Waiting "waiting" "waits for whoever owns the database's tables (`lianfang purge --ordered`)" "待数据库属主执行";
        Running "running" "being carried out" "执行中";
        Complete "complete" "complete" "已完成";
    }
}

fields! {
    /// Members of an order.
    pub static NEW;
    KIND: String = Field::new("kind", KIND_NAME, Text::new("Kind", "记录类型"), "The kind of record whose personal data is purged: `screenings`.").required();
    BEFORE_ON: NaiveDate = Field::new("before_on", Shape::Day, Text::new("Before", "此日之前"), "What happened before this day is purged; at least 30 days ago.").required().any_day();
    REASON: String = Field::new("reason", Shape::Text { min: 2, max: 500, pattern: None }, Text::new("Reason", "事由"), "Why, in words, for the certificate and the audit; name nobody. Encrypted at rest.").required();
    DISTRICT_CODE: String = page::DISTRICT_CODE;
    VALIDATE_ONLY: bool = Field::new("validate_only", Shape::Boolean, Text::new("Validate only", "仅校验"), "Say what would be purged; write nothing.");
}

/// The body of an order.
pub const NEW_PURGE: Form = Form::new("NewPurge", NEW, "Which personal data is to be purged, and why.");

/// Numbers of what a purge erases.
#[derive(Serialize, ToSchema)]
pub struct PurgeCounts {
    /// Records of the kind.
    records: u64,
    /// Records that belonged to those, as attachments do.
    attached: u64,
    /// Items that phones sent and that were held.
    held_items: u64,
    /// Conflicts between phones.
    conflicts: u64,
    /// Rows of files that were refused.
    import_faults: u64,
    /// Records left as they are: a figure is made of what is sealed of them, or they aren't what the ledger took.
    left: u64,
}

impl From<Counts> for PurgeCounts {
    fn from(counts: Counts) -> Self {
        let Counts { records, attached, held_items, conflicts, import_faults, left } = counts;
        Self { records, attached, held_items, conflicts, import_faults, left }
    }
}

/// Plan of a purge: what it would erase.
#[derive(Serialize, ToSchema)]
pub struct PurgePlan {
    /// The district.
    #[schema(max_length = 6)]
    pub district_code: String,
    /// The kind.
    #[schema(max_length = 60)]
    pub kind: String,
    /// Personal data from before this day would be purged.
    pub before_on: NaiveDate,
    /// How many; null of a closed room whose records the caller doesn't read.
    #[schema(required)]
    pub counts: Option<PurgeCounts>,
    /// When the oldest of the records happened.
    #[schema(required, value_type = Option<DateTime<Utc>>)]
    pub oldest_at: Option<InZone>,
    /// When the newest of them did.
    #[schema(required, value_type = Option<DateTime<Utc>>)]
    pub newest_at: Option<InZone>,
}

/// A purge of personal data and its certificate.
#[derive(Serialize, ToSchema)]
pub struct Purge {
    /// Its id.
    id: Uuid,
    /// The district.
    #[schema(max_length = 6)]
    district_code: String,
    /// The kind.
    #[schema(max_length = 60)]
    kind: String,
    /// Personal data from before this day is purged.
    before_on: NaiveDate,
    /// Why.
    #[schema(max_length = 500)]
    reason: String,
    /// How it stands.
    #[schema(schema_with = state)]
    state: &'static str,
    /// Account that ordered it; null at the command line, and of a policy.
    #[schema(required)]
    ordered_by: Option<Uuid>,
    /// The retention policy by which it was carried out.
    #[schema(required)]
    policy_id: Option<Uuid>,
    /// When it was ordered, or began where nobody ordered it before.
    #[schema(value_type = DateTime<Utc>)]
    ordered_at: InZone,
    /// The instant that what was purged bears; null before it begins.
    #[schema(required, value_type = Option<DateTime<Utc>>)]
    purged_at: Option<InZone>,
    /// When it was done.
    #[schema(required, value_type = Option<DateTime<Utc>>)]
    ended_at: Option<InZone>,
    /// How many; null until it is done, and of a closed room whose records the caller doesn't read.
    #[schema(required)]
    counts: Option<PurgeCounts>,
    /// When the oldest of the records happened.
    #[schema(required, value_type = Option<DateTime<Utc>>)]
    oldest_at: Option<InZone>,
    /// When the newest of them did.
    #[schema(required, value_type = Option<DateTime<Utc>>)]
    newest_at: Option<InZone>,
    /// SHA-256 over the ids of the records in their order, 16 bytes each, hexadecimal: anybody can make it again.
    #[schema(required, max_length = 64)]
    ids_digest: Option<String>,
}

fn state() -> RefOr<Schema> {
    of_words(PurgeState::VOCABULARY, "How it stands.")
}

/// A reader of a purge: what he may be told of it, and what is known of whoever carries it out.
#[derive(Clone, Copy)]
pub struct Look {
    /// The zone of instants.
    pub zone: chrono_tz::Tz,
    /// Whether figures of the kind are told.
    pub tells_figures: bool,
    /// Whether some process is there that carries orders out.
    pub is_carried_out: bool,
}

impl Purge {
    /// A certificate as it is shown.
    pub fn shown(one: Certificate, look: Look) -> Self {
        let at = |instant: DateTime<Utc>| InZone(instant, look.zone);
        let state = match one.stage {
            Stage::Ordered if look.is_carried_out => PurgeState::Ordered,
            Stage::Ordered => PurgeState::Waiting,
            Stage::Running => PurgeState::Running,
            Stage::Complete => PurgeState::Complete,
        };
        let tells = look.tells_figures && one.stage == Stage::Complete;
        Self {
            id: one.id,
            district_code: one.district_code,
            kind: one.kind,
            before_on: one.before_on,
            reason: one.reason,
            state: state.code(),
            ordered_by: one.ordered_by,
            policy_id: one.policy_id,
            ordered_at: at(one.ordered_at.unwrap_or(one.purged_at)),
            purged_at: (one.stage != Stage::Ordered).then(|| at(one.purged_at)),
            ended_at: one.ended_at.map(at),
            counts: tells.then(|| one.counts.into()),
            oldest_at: one.oldest_at.filter(|_| tells).map(at),
            newest_at: one.newest_at.filter(|_| tells).map(at),
            ids_digest: tells.then(|| hex::encode(&one.ids_digest)),
        }
    }
}

impl PurgePlan {
    /// A plan as it is shown.
    pub fn shown(plan: Plan, (district_code, kind, before_on): (&str, &str, NaiveDate), look: Look) -> Self {
        let at = |instant: Option<DateTime<Utc>>| {
            instant.filter(|_| look.tells_figures).map(|instant| InZone(instant, look.zone))
        };
        Self {
            district_code: district_code.to_owned(),
            kind: kind.to_owned(),
            before_on,
            counts: look.tells_figures.then(|| plan.counts.into()),
            oldest_at: at(plan.oldest_at),
            newest_at: at(plan.newest_at),
        }
    }
}

/// An example of an order.
pub fn example_of_order() -> Json {
    json!({"kind": "screenings", "before_on": "2020-01-01", "reason": "保存期限届满"})
}

/// An example of a plan.
pub fn example_of_plan() -> Json {
    json!({"district_code": "511802", "kind": "screenings", "before_on": "2020-01-01", "counts": counts(),
        "oldest_at": "2019-12-24T08:30:00+08:00", "newest_at": "2019-12-31T21:10:00+08:00"})
}

/// An example of a purge.
pub fn example() -> Json {
    json!({"id": "0198c0de-0099-7000-8000-000000000902", "district_code": "511802", "kind": "screenings", "before_on": "2020-01-01",
        "reason": "保存期限届满", "state": "complete", "ordered_by": "0198c0de-0000-7000-8000-00000000000b", "policy_id": null,
        "ordered_at": "2021-02-01T09:00:00+08:00", "purged_at": "2021-02-01T09:00:05+08:00", "ended_at": "2021-02-01T09:03:12+08:00",
        "counts": counts(), "oldest_at": "2019-12-24T08:30:00+08:00", "newest_at": "2019-12-31T21:10:00+08:00",
        "ids_digest": "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"})
}

fn counts() -> Json {
    json!({"records": 84_210, "attached": 0, "held_items": 12, "conflicts": 3, "import_faults": 41, "left": 0})
}
