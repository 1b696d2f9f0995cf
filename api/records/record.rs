//! A record: envelope and values, as read from a row or about to be written to one.

use kit::problem::Problem;
use kit::row::Row;
use kit::tree::Tree;
use kit::value::{Value, Values};
use serde_json::{Map, Value as Json};

use super::context::Context;
use super::definition::Kind;
use super::envelope::Envelope;
use super::laid;
use super::proof::{self, Digest};
use crate::platform::privacy::keys::Keys;
use crate::platform::privacy::numbered::FIRST_KEY;
use crate::platform::privacy::seal::{Owner, Sealer, commitment_of, purged_at};

/// Room for what is sealed of a record, beside its fields in the clear.
const ROOM: usize = 8;

/// A record.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its envelope.
    pub envelope: Envelope,
    /// Its values by field: its kind's own, and `note`, `void_reason`, `restore_reason`.
    pub values: Values,
}

impl Record {
    /// Reads a row of the kind's columns.
    pub fn from_row(kind: &Kind, mut row: Row, sealer: &Sealer) -> Result<Self, Problem> {
        let mut envelope =
            Envelope::from_row(&mut row).ok_or_else(|| Problem::internal("a record's row lacks a column"))?;
        let fields = kind.read_fields();
        let mut values = Values::with_room(fields.len() + ROOM);
        for field in fields {
            values.set(field.name, row.take(field.name));
        }
        for field in kind.former_fields() {
            let value = row.take(field.name);
            if !value.is_null() {
                values.set(field.name, value);
            }
        }
        for field in kind.counted_fields() {
            values.set(field.name, row.take(field.name));
        }
        if let Some(sealed) = row.bytes("personal") {
            envelope.purged_at = purged_at(&sealed);
            if envelope.purged_at.is_some() && kind.rules.counted_as().is_some() {
                kind.rules.blind_columns().iter().for_each(|column| values.set(*column, row.take(column)));
            }
            let opened = sealer
                .open(owner(kind, &envelope), &sealed)
                .map_err(|error| Problem::internal(format!("{error} ({} {})", kind.name, envelope.id)))?;
            laid::unpack(kind, opened.as_deref().unwrap_or(b"{}"), &mut envelope, &mut values)?;
        }
        Ok(Self { envelope, values })
    }

    /// The cells of the kind's table in its order, and the digest that the ledger chains.
    pub fn cells(&self, kind: &Kind, context: &Context<'_>, sealer: &Sealer) -> Result<(Vec<Value>, Digest), Problem> {
        let sealed = self.seal(kind, sealer)?;
        let (mut cells, own) = (self.envelope.cells(), laid::open_values(kind, &self.values));
        let digest = self.digest_of(kind, &cells, &own, sealed.as_deref());
        cells.push(sealed.map_or(Value::Null, Value::Bytes));
        cells.push(Value::Bytes(digest.to_vec()));
        cells.extend(own.into_iter().map(|(_, value)| value));
        // Whatever a former release left in the clear goes with its revision.
        cells.extend(kind.former_fields().map(|_| Value::Null));
        let writing = context.keys.blind_indexes.writing()?;
        cells.extend(match self.envelope.purged_at {
            None => kind.rules.blind_values(self, context.keys, &writing),
            Some(_) => {
                let left = |column: &&str| self.values.get(*column).cloned().unwrap_or(Value::Null);
                kind.rules.blind_columns().iter().map(left).collect()
            }
        });
        Ok((cells, digest))
    }

    /// Whether these are its blind indexes, under whatever key there is.
    pub fn is_found_by(&self, kind: &Kind, keys: &Keys, indexes: &[Value]) -> bool {
        let all = keys.blind_indexes.reading();
        indexes.is_empty()
            || all.iter().any(|indexer| {
                // Those of the first key may have been written before there was a second one.
                let as_before = indexer.number() == FIRST_KEY
                    && kind.rules.blind_values(self, keys, &indexer.telling_apart(false)) == indexes;
                as_before || kind.rules.blind_values(self, keys, &indexer.telling_apart(true)) == indexes
            })
    }

    fn digest_of(&self, kind: &Kind, cells: &[Value], own: &[(&'static str, Value)], sealed: Option<&[u8]>) -> Digest {
        let envelope = kind.table().columns.iter().map(|column| column.name).zip(cells);
        let columns = envelope.chain(own.iter().map(|(name, value)| (*name, value)));
        proof::of_columns(kind, &self.envelope, columns, sealed.and_then(commitment_of))
    }

    /// Whether two are the same but for whose they are: what stands in the clear, and what is sealed.
    pub fn is_laid_like(&self, other: &Self, kind: &Kind) -> bool {
        let digest = |record: &Self| {
            record.digest_of(kind, &record.envelope.cells(), &laid::open_values(kind, &record.values), None)
        };
        digest(self) == digest(other) && laid::sealed_values(kind, self) == laid::sealed_values(kind, other)
    }

    /// Puts in what its envelope holds, of a record whose row was read without it.
    pub fn unpack(&mut self, kind: &Kind, plaintext: &[u8]) -> Result<(), Problem> {
        laid::unpack(kind, plaintext, &mut self.envelope, &mut self.values)
    }

    fn seal(&self, kind: &Kind, sealer: &Sealer) -> Result<Option<Vec<u8>>, Problem> {
        if let Some(purged_at) = self.envelope.purged_at {
            // Consequences of other records may move it on; it stays purged.
            return Ok(Some(sealer.seal_purged(owner(kind, &self.envelope), b"{}", purged_at)));
        }
        let mut members = laid::sealed_values(kind, self);
        if let Some(device_id) = &self.envelope.device_id {
            members.insert(laid::DEVICE.to_owned(), device_id.clone().into());
        }
        if members.is_empty() {
            return Ok(None);
        }
        let plaintext = Json::Object(members).to_string();
        sealer.seal(owner(kind, &self.envelope), plaintext.as_bytes()).map(Some).map_err(Problem::internal)
    }

    /// The body a client would send to get this record: the target of a merge patch. What the server filled in is
    /// not part of it, so that it is filled in anew.
    pub fn to_body(&self, kind: &Kind) -> Tree {
        let envelope = &self.envelope;
        let mut members = Map::new();
        members.insert("area_code".into(), envelope.area_code.clone().into());
        if let Some(id) = envelope.org_id {
            members.insert("org_id".into(), id.to_string().into());
        }
        let is_derived = |name: &str| envelope.derived.iter().any(|derived| derived == name);
        if !envelope.assumed && !is_derived("occurred_at") {
            members.insert("occurred_at".into(), Value::Instant(envelope.occurred_at).to_json(chrono_tz::UTC));
        }
        for field in kind.body_fields() {
            if field.write != kit::field::Write::Never
                && !is_derived(field.name)
                && let Some(value) = self.values.get(field.name)
            {
                members.insert(field.name.into(), value.to_json(chrono_tz::UTC));
            }
        }
        Tree::from_json(&Json::Object(members))
    }
}

/// Owner of a record's envelope.
pub fn owner<'a>(kind: &Kind, envelope: &'a Envelope) -> Owner<'a> {
    Owner { kind: kind.name, field: "personal", id: envelope.id, district_code: &envelope.district_code }
}
