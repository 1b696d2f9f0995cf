//! `Idempotency-Key`: a request sent twice under one key has its effect once and its answer again.
//!
//! The answer is kept in the transaction of the effect, as a pointer (kind, id, revision), never as
//! personal data. A replay asks for permission anew and renders that revision.

use chrono::TimeDelta;
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::tree::Tree;
use kit::value::Value;
use ledger::KeyedAnswer;
use ledger::canonical::{encode, encode_formerly};
use uuid::Uuid;

use super::codes::IDEMPOTENCY_KEY_REUSED;
use super::definition::Kind;
use super::read;
use super::record::Record;
use crate::platform::access::roles::Actor;
use crate::platform::codes::{BAD_IDEMPOTENCY_KEY, NOT_FOUND};
use crate::platform::core::Core;
use crate::platform::divisions::away::Away;
use crate::platform::divisions::each::over_all;
use crate::platform::http::Call;
pub use crate::platform::http::headers::{IDEMPOTENCY_KEY as HEADER, IDEMPOTENCY_REPLAYED as REPLAYED};
use crate::platform::privacy::keys::keyed_hash;

/// How long answers are kept.
const KEPT_FOR: TimeDelta = TimeDelta::days(14);

/// A key of one request.
pub struct Key {
    hash: [u8; 32],
    request_digest: [u8; 32],
    /// The same as an earlier release made it.
    former_digest: [u8; 32],
}

/// A pointer to what was answered before.
struct Kept {
    id: Uuid,
    revision: i64,
    status: u16,
}

/// An answer given before.
pub struct Replay {
    /// The status answered then.
    pub status: u16,
    /// The record in the revision answered then.
    pub record: Record,
}

impl Key {
    /// The key of a call, bound to its caller and route; 400 where it isn't 1 to 64 plain characters.
    pub fn of_call(call: &Call, tree: &Tree) -> Result<Option<Self>, Problem> {
        let mut headers = call.request.headers().get_all(&HEADER);
        let Some(header) = headers.next() else { return Ok(None) };
        let text = header.to_str().unwrap_or_default();
        let plain = (1..=64).contains(&text.len()) && text.chars().all(|c| c.is_ascii_graphic() || c == ' ');
        if !plain || headers.next().is_some() {
            return Err(BAD_IDEMPOTENCY_KEY.into());
        }
        let actor = call.actor()?;
        let path = call.request.path().as_bytes();
        let hash =
            keyed_hash(&call.core.keys.commitment, &[b"idempotency", actor.user_id.as_bytes(), path, text.as_bytes()]);
        Ok(Some(Self::bound(&call.core, hash, tree)))
    }

    fn bound(core: &Core, hash: [u8; 32], tree: &Tree) -> Self {
        let digest = |encoded: Vec<u8>| core.sealer.submission_digest(&encoded);
        let (request_digest, former_digest) = (digest(encode(tree)), digest(encode_formerly(tree)));
        Self { hash, request_digest, former_digest }
    }

    /// The key of one item of this one's request: of the item about that record, wherever it stands among the items.
    pub fn of_record(&self, core: &Core, id: Uuid, item: &Tree) -> Self {
        let hash = keyed_hash(&core.keys.commitment, &[b"idempotency of a record", &self.hash, id.as_bytes()]);
        Self::bound(core, hash, item)
    }

    /// The key of an item of a push: it names itself.
    pub fn of_item(item_hash: &[u8]) -> Self {
        let mut hash = [0; 32];
        hash.iter_mut().zip(item_hash).for_each(|(byte, hashed)| *byte = *hashed);
        Self { hash, request_digest: hash, former_digest: hash }
    }

    /// Makes the answer that is kept with the effect, so that a retry is answered the same.
    pub fn answer(&self, kind: &'static str, id: Uuid, revision: i64, status: i64) -> KeyedAnswer {
        KeyedAnswer {
            key_hash: self.hash.to_vec(),
            request_digest: self.request_digest.to_vec(),
            status,
            kind,
            id,
            revision,
        }
    }

    /// Whether anything was written under this key.
    pub async fn was_used(&self, core: &Core, district_code: &str) -> Result<bool, Problem> {
        let statement = Statement::new("SELECT status FROM idempotency_keys WHERE district_code = ")
            .text(district_code)
            .sql(" AND key_hash = ")
            .bytes(self.hash.to_vec())
            .seeing_district(district_code);
        Ok(!core.database.read(&statement).await?.is_empty())
    }

    /// The answer kept under this key in a district. 422 where the key was used for another body.
    async fn kept(&self, core: &Core, district_code: &str) -> Result<Option<Kept>, Problem> {
        let statement =
            Statement::new("SELECT request_digest, status, id, revision FROM idempotency_keys WHERE district_code = ")
                .text(district_code)
                .sql(" AND key_hash = ")
                .bytes(self.hash.to_vec())
                .sql(" AND created_at > ")
                .bind(ColumnType::Instant, Value::Instant(core.clock.now() - KEPT_FOR))
                .seeing_district(district_code);
        let Some(mut row) = core.database.read(&statement).await?.into_iter().next() else { return Ok(None) };
        let digest = row.bytes("request_digest").unwrap_or_default();
        if digest != self.request_digest && digest != self.former_digest {
            return Err(IDEMPOTENCY_KEY_REUSED.into());
        }
        let status = row.integer("status").and_then(|status| u16::try_from(status).ok()).unwrap_or(200);
        let (id, revision) = (row.id("id").unwrap_or_default(), row.integer("revision").unwrap_or_default());
        Ok(Some(Kept { id, revision, status }))
    }

    /// The id of what was made under this key in one of the caller's districts, where that is no record: whoever shows it
    /// asks for permission anew.
    pub async fn made(&self, core: &Core, actor: &Actor) -> Result<Option<Uuid>, Problem> {
        let mut away = Away::new(core);
        for district_code in &actor.districts {
            if let Some(kept) = away.pass(self.kept(core, district_code).await)?.flatten() {
                return Ok(Some(kept.id));
            }
        }
        Ok(None)
    }

    /// A statement that keeps, in the transaction of the effect, what was made where that is no record.
    pub fn keep(&self, core: &Core, district_code: &str, kind: &'static str, id: Uuid, status: i64) -> Statement {
        Statement::new(
            "INSERT INTO idempotency_keys (district_code, key_hash, request_digest, status, kind, id, revision, created_at) VALUES (",
        )
        .text(district_code)
        .sql(", ")
        .bytes(self.hash.to_vec())
        .sql(", ")
        .bytes(self.request_digest.to_vec())
        .sql(", ")
        .integer(status)
        .sql(", ")
        .text(kind)
        .sql(", ")
        .id(id)
        .sql(", 1, ")
        .bind(ColumnType::Instant, Value::Instant(core.clock.now()))
        .sql(") ON CONFLICT DO NOTHING")
    }

    /// The answer given before under this key, as the caller may see it now. 422 where the key was used
    /// for another body.
    pub async fn replay(&self, core: &Core, actor: &Actor, kind: &'static Kind) -> Result<Option<Replay>, Problem> {
        // A key that was used in a district that is away is known there: what is sent to it again doesn't get through.
        let mut away = Away::new(core);
        for district_code in &actor.districts {
            let kept = away.pass(self.kept(core, district_code).await)?.flatten();
            let Some(Kept { id, revision, status }) = kept else { continue };
            let revisions = match read::revisions(core, actor, kind, id).await {
                // Somebody known, of elsewhere: posting him once more is the same by itself.
                Err(problem) if problem.code() == NOT_FOUND && kind.rules.identity().is_some() => return Ok(None),
                found => found?,
            };
            let record = revisions.into_iter().find(|record| record.envelope.revision == revision).ok_or(NOT_FOUND)?;
            return Ok(Some(Replay { status, record }));
        }
        Ok(None)
    }
}

/// Forgets keys that are too old.
pub async fn sweep(core: &Core) -> Result<(), Problem> {
    let before = core.clock.now() - KEPT_FOR;
    let old = |only| {
        let old = Statement::new("DELETE FROM idempotency_keys WHERE created_at < ");
        old.bind(ColumnType::Instant, Value::Instant(before)).sql(" AND ").then(only)
    };
    over_all(core, old).await.map(drop).map_err(Into::into)
}
