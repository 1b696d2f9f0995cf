//! A record: envelope and values, as read from a row or about to be written to one.

use serde_json::{Map, Value as Json};

use super::context::Context;
use super::definition::Kind;
use super::envelope::Envelope;
use crate::kit::field::Shape;
use crate::kit::problem::Problem;
use crate::kit::row::Row;
use crate::kit::tree::Tree;
use crate::kit::value::{Value, Values};
use crate::ledger::canonical;
use crate::privacy::seal::{Owner, Sealer, commitment_of};

/// A record.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its envelope.
    pub envelope: Envelope,
    /// Its values by field: its kind's own, and `note`, `void_reason`, `restore_reason`.
    pub values: Values,
}

/// Fields of the envelope that are kept with the personal ones.
pub const SEALED_ENVELOPE_FIELDS: [&str; 3] = ["note", "void_reason", "restore_reason"];

impl Record {
    /// Reads a row of the kind's columns.
    pub fn from_row(kind: &Kind, mut row: Row, sealer: &Sealer) -> Result<Self, Problem> {
        let envelope =
            Envelope::from_row(&mut row).ok_or_else(|| Problem::internal("a record's row lacks a column"))?;
        let mut values = Values::default();
        for field in kind.stored_fields() {
            values.set(field.name, row.take(field.name));
        }
        if let Some(sealed) = row.bytes("personal") {
            let owner = owner(kind, &envelope);
            let opened = sealer
                .open(owner, &sealed)
                .map_err(|error| Problem::internal(format!("{error} ({} {})", kind.name, envelope.id)))?;
            unpack(kind, opened.as_deref().unwrap_or(b"{}"), &mut values)?;
        }
        Ok(Self { envelope, values })
    }

    /// The cells of the kind's table in its order, and the digest that the ledger chains.
    pub fn cells(
        &self,
        kind: &Kind,
        context: &Context<'_>,
        sealer: &Sealer,
    ) -> Result<(Vec<Value>, [u8; 32]), Problem> {
        let sealed = self.seal(kind, sealer)?;
        let digest = self.digest(kind, sealed.as_deref());
        let mut cells = self.envelope.cells();
        cells.push(sealed.map_or(Value::Null, Value::Bytes));
        cells.push(Value::Bytes(digest.to_vec()));
        cells.extend(kind.stored_fields().map(|field| self.values.get(field.name).cloned().unwrap_or(Value::Null)));
        cells.extend(kind.rules.blind_values(self, context));
        Ok((cells, digest))
    }

    /// The digest of this revision: every open column that a change fills, and the commitment to
    /// what is sealed. Numbers and instants of the ledger are covered by the chain.
    pub fn digest(&self, kind: &Kind, sealed: Option<&[u8]>) -> [u8; 32] {
        let cells = self.envelope.cells();
        let envelope = kind.table().columns.iter().map(|column| column.name).zip(&cells);
        let own = kind.stored_fields().filter_map(|field| Some((field.name, self.values.get(field.name)?)));
        // The first revision's is the ledger's own instant, which the chain covers.
        let recorded_at = Value::Instant(self.envelope.recorded_at);
        let later = (self.envelope.revision > 1).then_some(("recorded_at", &recorded_at));
        canonical::digest(
            kind.name,
            &self.envelope.district_code,
            envelope.chain(own).chain(later),
            sealed.and_then(commitment_of),
        )
    }

    /// Whether an envelope still opens to what its commitment says. A purged one has nothing to open.
    pub fn commitment_holds(&self, kind: &Kind, sealed: &[u8], sealer: &Sealer) -> bool {
        let owner = owner(kind, &self.envelope);
        match sealer.open(owner, sealed) {
            Ok(Some(plaintext)) => commitment_of(sealed) == Some(&sealer.commitment(owner, &plaintext)),
            Ok(None) => true,
            Err(_) => false,
        }
    }

    fn seal(&self, kind: &Kind, sealer: &Sealer) -> Result<Option<Vec<u8>>, Problem> {
        let names = kind.personal_fields().map(|field| field.name).chain(SEALED_ENVELOPE_FIELDS);
        let members: Map<String, Json> =
            names.filter_map(|name| Some((name.to_owned(), self.values.get(name)?.to_json(chrono_tz::UTC)))).collect();
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
            if field.write != crate::kit::field::Write::Never
                && !is_derived(field.name)
                && let Some(value) = self.values.get(field.name)
            {
                members.insert(field.name.into(), value.to_json(chrono_tz::UTC));
            }
        }
        Tree::from_json(&Json::Object(members))
    }
}

fn owner<'a>(kind: &Kind, envelope: &'a Envelope) -> Owner<'a> {
    Owner { kind: kind.name, field: "personal", id: envelope.id, district_code: &envelope.district_code }
}

/// Reads the sealed object back into typed values by the kind's table.
fn unpack(kind: &Kind, plaintext: &[u8], values: &mut Values) -> Result<(), Problem> {
    let json: Json =
        serde_json::from_slice(plaintext).map_err(|_| Problem::internal("a sealed envelope holds no JSON"))?;
    let Json::Object(members) = json else { return Ok(()) };
    for (name, member) in members {
        if let Some(name) = SEALED_ENVELOPE_FIELDS.into_iter().find(|field| *field == name) {
            values.set(name, Value::Text(member.as_str().unwrap_or_default().to_owned()));
        } else if let Some(field) = kind.field(&name) {
            values.set(field.name, typed(field, member));
        }
    }
    Ok(())
}

/// A stored value by its field's shape. It was checked when it came in; what a later, stricter
/// table wouldn't take stays readable as what it is.
fn typed(field: &crate::kit::field::Field, json: Json) -> Value {
    use crate::kit::check::read_from_text;
    match json {
        Json::Object(_) | Json::Array(_) => Value::Json(json),
        Json::Bool(boolean) => Value::Boolean(boolean),
        Json::Number(number) => {
            number.as_i64().map_or(Value::Number(number.as_f64().unwrap_or_default()), Value::Integer)
        }
        Json::String(text) if matches!(field.shape, Shape::Text { .. } | Shape::Area) => Value::Text(text),
        Json::String(text) => read_from_text(&field.shape, &text).unwrap_or(Value::Text(text)),
        Json::Null => Value::Null,
    }
}
