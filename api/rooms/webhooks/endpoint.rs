//! An endpoint as it is kept: what its owner said, how far it came, how it stands.

use chrono::{DateTime, Utc};
use kit::{columns, words};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::exchange::changes::{Change, REVOKED};

words! {
    /// How an endpoint stands.
    pub WebhookState "webhook_state" "State of an endpoint" "推送端点状态" {
        Active "active" "active" "正常";
        Paused "paused" "paused" "已暂停";
        Failing "failing" "failing for an hour or longer" "持续失败";
        Disabled "disabled" "disabled" "已停用";
    }
}

words! {
    /// Changes of records, as webhooks tell them.
    pub WebhookOp "webhook_op" "Change told" "推送的变更" {
        Create "create" "created" "新建";
        Amend "amend" "amended or restored" "修订或恢复";
        Void "void" "voided" "作废";
        AccessRevoked "access_revoked" "left the owner's scope" "移出范围";
    }
}

words! {
    /// How much of a change is told.
    pub WebhookPayload "webhook_payload" "Payload" "推送内容" {
        Thin "thin" "which record, and what became of it" "仅记录编号与变更";
        Full "full" "the record too, masked" "含脱敏后的记录";
    }
}

words! {
    /// By what a receiver knows that it was the service.
    pub WebhookSigning "webhook_signing" "Signature" "签名方式" {
        Secret "v1" "a shared secret (HMAC-SHA-256)" "共享密钥(HMAC-SHA-256)";
        PublicKey "v1a" "the service's public key (Ed25519)" "服务公钥(Ed25519)";
    }
}

/// Settings that an owner gives his endpoint.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Settings {
    pub url: String,
    pub description: String,
    pub kinds: Option<Vec<String>>,
    pub ops: Option<Vec<WebhookOp>>,
    pub area_code: Option<String>,
    pub payload: WebhookPayload,
    pub batch: i64,
    pub signing: WebhookSigning,
}

/// One change's place in the order of the feed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Mark {
    pub number: i64,
    pub seq: i16,
    pub kind: String,
    pub id: Uuid,
    pub revoked: bool,
}

impl Mark {
    /// The place of a change.
    pub fn of(change: &Change) -> Self {
        let revoked = change.operation == REVOKED;
        Self {
            number: change.number,
            seq: change.kind.sequence,
            kind: change.kind.name.to_owned(),
            id: change.record.id,
            revoked,
        }
    }
}

/// Up to where the feed was given: all of the numbers up to `cursor`, and of the next up to a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    pub cursor: i64,
    pub within: Option<Mark>,
}

/// Sending again what was given before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replay {
    pub position: Position,
    pub until: i64,
}

/// How an endpoint's deliveries went.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Progress {
    pub within: Option<Mark>,
    pub flight: Option<Mark>,
    pub failed: u32,
    pub failing_since: Option<DateTime<Utc>>,
    pub last_success_at: Option<DateTime<Utc>>,
    pub last_failure: Option<LastFailure>,
}

/// The last attempt that failed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LastFailure {
    pub at: DateTime<Utc>,
    pub status: Option<u16>,
    pub reason: String,
}

/// Whoever an endpoint belongs to: it is told what he would be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// An API key.
    Key(Uuid),
    /// An account.
    User(Uuid),
}

/// An endpoint.
#[derive(Clone, Debug)]
pub struct Endpoint {
    pub district_code: String,
    pub id: Uuid,
    pub settings: Settings,
    pub state: WebhookState,
    pub state_reason: Option<String>,
    pub untested: bool,
    pub revision: i64,
    pub owner: Owner,
    pub org_id: Option<Uuid>,
    pub secret: Option<Vec<u8>>,
    pub former_secret: Option<Vec<u8>>,
    pub former_until: Option<DateTime<Utc>>,
    pub cursor_no: i64,
    pub progress: Progress,
    pub replay: Option<Replay>,
    pub next_attempt_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub behind: i64,
}

impl Endpoint {
    /// Up to where it was given the feed.
    pub fn position(&self) -> Position {
        Position { cursor: self.cursor_no, within: self.progress.within.clone() }
    }
}

columns! {
    pub DISTRICT_CODE "district_code": String;
    pub ID "id": Uuid;
    pub SETTINGS "settings": serde_json::Value;
    pub STATE "state": WebhookState;
    pub STATE_REASON "state_reason": String;
    pub UNTESTED "untested": bool;
    pub REVISION "revision": i64;
    pub KEY_ID "key_id": Uuid;
    pub USER_ID "user_id": Uuid;
    pub ORG_ID "org_id": Uuid;
    pub SECRET "secret": Box<[u8]>;
    pub FORMER_SECRET "former_secret": Box<[u8]>;
    pub FORMER_UNTIL "former_until": DateTime<Utc>;
    pub CURSOR_NO "cursor_no": i64;
    pub PROGRESS "progress": serde_json::Value;
    pub REPLAY "replay": serde_json::Value;
    pub NEXT_ATTEMPT_AT "next_attempt_at": DateTime<Utc>;
    pub CREATED_AT "created_at": DateTime<Utc>;
    pub BEHIND "behind": i64;
    pub COUNT "count": i64;
}
