//! Proof of a row: the digest that the chain covers, made of the row as it stands in the database.
//!
//! A digest covers every column that a change fills and that has a value, and the commitment of the envelope. A row
//! that a former release wrote has in its columns what is sealed now, and its digest covers it there: one rule for
//! both, no form to be told or tried. A value put into such a column later, or taken out of it, makes another digest.
//!
//! A row that was **moved** has its former columns in the envelope, beside what that held before, word for word; the
//! column `digest` has the digest that was chained and an attestation after it. The verifier makes the chained digest
//! anew from what the envelope keeps of the former columns and the commitment of what it held. Once purged, nothing
//! is left to make it of; then the attestation holds: keyed, by the service when it moved the row, which it found
//! whole, over the chained digest and the digest of the row as it stands now. Which form a row has follows from the
//! length of that column and nothing else, and each of the two lengths is proved its own way only: making a long one
//! of a short one needs the key, making a short one of a long one leaves a digest that wasn't chained.

use kit::field::Field;
use kit::problem::Problem;
use kit::row::Row;
use kit::value::Value;
use ledger::canonical::{self, canonical};
use serde_json::{Map, Value as Json, json};

use super::definition::Kind;
use super::envelope::Envelope;
use super::laid::{self, DEVICE};
use super::record::owner;
use crate::platform::privacy::seal::{Sealer, commitment_of, is_purged};

/// Member of a moved row's envelope that keeps what the row was before.
const FORMERLY: &str = "formerly";
/// The bytes of a digest; an attestation has as many.
const DIGEST_BYTES: usize = 32;

/// A digest.
pub type Digest = [u8; DIGEST_BYTES];
/// Columns with what they have.
type Columns = Vec<(&'static str, Value)>;

/// Former state of a moved row.
#[derive(Default)]
pub struct Formerly {
    /// Its columns that had in the clear what is sealed now, in canonical form.
    pub open: Map<String, Json>,
    /// Content of its envelope, word for word; none where it had none, or was purged.
    pub sealed: Option<String>,
    /// The commitment of a purged one.
    commitment: Option<Vec<u8>>,
}

impl Formerly {
    /// Reads from an envelope the former state of a moved row; `None` where the row never was moved.
    pub fn of(members: &Map<String, Json>) -> Option<Self> {
        let kept = members.get(FORMERLY)?;
        let text = |name: &str| kept.get(name).and_then(Json::as_str);
        Some(Self {
            open: kept.get("open")?.as_object()?.clone(),
            sealed: text("sealed").map(str::to_owned),
            commitment: text("commitment").and_then(|text| hex::decode(text).ok()),
        })
    }

    fn of_plaintext(plaintext: &[u8]) -> Option<Self> {
        let members: Json = serde_json::from_slice(plaintext).ok()?;
        Self::of(members.as_object()?)
    }

    fn plaintext(self) -> String {
        let Self { open, sealed, commitment } = self;
        json!({FORMERLY: {"open": open, "sealed": sealed, "commitment": commitment.map(hex::encode)}}).to_string()
    }

    /// The digest that the row had before.
    fn digest(self, kind: &Kind, envelope: &Envelope, mut columns: Columns, sealer: &Sealer) -> Digest {
        for (name, value) in &mut columns {
            if let Some(former) = self.open.get(*name) {
                *value = Value::Json(former.clone());
            }
        }
        let commit = |text: &String| sealer.commitment(owner(kind, envelope), text.as_bytes()).to_vec();
        let commitment = self.sealed.as_ref().map(commit).or(self.commitment);
        of_columns(kind, envelope, each(&columns), commitment.as_deref())
    }
}

/// The digest of columns and a commitment. Numbers and instants of the ledger are covered by the chain.
pub fn of_columns<'a>(
    kind: &Kind,
    envelope: &Envelope,
    columns: impl Iterator<Item = (&'a str, &'a Value)>,
    commitment: Option<&[u8]>,
) -> Digest {
    // The first revision's is the ledger's own instant, which the chain covers.
    let recorded_at = Value::Instant(envelope.recorded_at);
    let mut covered: Vec<(&str, &Value)> = columns.collect();
    covered.extend((envelope.revision > 1).then_some(("recorded_at", &recorded_at)));
    canonical::digest(kind.name, &envelope.district_code, covered.into_iter(), commitment)
}

fn each(columns: &Columns) -> impl Iterator<Item = (&str, &Value)> {
    columns.iter().map(|(name, value)| (*name, value))
}

/// The digest of a row as its column has it: the one that the chain covers.
pub fn chained(row: &mut Row) -> Vec<u8> {
    let mut stored = row.bytes("digest").unwrap_or_default();
    if stored.len() == 2 * DIGEST_BYTES {
        stored.truncate(DIGEST_BYTES);
    }
    stored
}

/// The digest that a row must have, made of what it has; `None` where no digest could be right.
pub fn of_row(kind: &Kind, row: Row, envelope: &Envelope, sealer: &Sealer) -> Option<Digest> {
    let plaintext = match row.clone().bytes("personal") {
        Some(sealed) => sealer.open(owner(kind, envelope), &sealed).ok()?,
        None => None,
    };
    of_opened(kind, row, envelope, sealer, plaintext.as_deref()).0
}

/// The same of a row whose envelope was opened already; and whether it has something in the clear that a former release
/// didn't seal.
pub fn of_opened(
    kind: &Kind,
    mut row: Row,
    envelope: &Envelope,
    sealer: &Sealer,
    plaintext: Option<&[u8]>,
) -> (Option<Digest>, bool) {
    let (stored, sealed) = (row.bytes("digest").unwrap_or_default(), row.bytes("personal"));
    let columns = columns(kind, &mut row);
    let in_the_clear = !emptied(kind, &columns).is_empty();
    (of_parts(kind, (columns, &stored, sealed.as_deref()), envelope, sealer, plaintext), in_the_clear)
}

fn of_parts(
    kind: &Kind,
    (columns, stored, sealed): (Columns, &[u8], Option<&[u8]>),
    envelope: &Envelope,
    sealer: &Sealer,
    plaintext: Option<&[u8]>,
) -> Option<Digest> {
    let now = of_columns(kind, envelope, each(&columns), sealed.and_then(commitment_of));
    let owner = owner(kind, envelope);
    let formerly = plaintext.and_then(Formerly::of_plaintext);
    if stored.len() != 2 * DIGEST_BYTES {
        return formerly.is_none().then_some(now);
    }
    let (chained, attestation) = stored.split_at_checked(DIGEST_BYTES)?;
    if attestation != sealer.attestation(owner, chained, &now).as_slice() {
        return None;
    }
    if sealed.is_some_and(is_purged) {
        return chained.try_into().ok();
    }
    Some(formerly?.digest(kind, envelope, columns, sealer))
}

/// The columns that a digest covers, as a row has them.
fn columns(kind: &Kind, row: &mut Row) -> Columns {
    let blind = kind.rules.blind_columns();
    let covered = |name: &&str| !["personal", "digest"].contains(name) && !blind.contains(name);
    kind.table().columns.iter().map(|column| column.name).filter(covered).map(|name| (name, row.take(name))).collect()
}

/// Values that moving a row writes.
pub struct Moved {
    /// The envelope.
    pub personal: Vec<u8>,
    /// The chained digest and the attestation.
    pub digest: Vec<u8>,
    /// The columns that have another value now.
    pub columns: Columns,
}

/// Moves into the envelope what a row has in the clear and a former release didn't seal. `None` where there is
/// nothing to move. A row that isn't what the ledger took is a fault: moved, it would look whole.
pub fn moved(kind: &Kind, row: &Row, envelope: &Envelope, sealer: &Sealer) -> Result<Option<Moved>, Problem> {
    let (mut stored, mut cells) = (row.clone(), row.clone());
    let (chained, sealed) = (stored.bytes("digest").unwrap_or_default(), stored.bytes("personal"));
    let mut columns = columns(kind, &mut cells);
    let emptied = emptied(kind, &columns);
    if emptied.is_empty() {
        return Ok(None);
    }
    let altered = || Problem::internal(format!("{} {} isn't what the ledger took", kind.name, envelope.id));
    let proven = of_row(kind, row.clone(), envelope, sealer).ok_or_else(altered)?;
    if proven.as_slice() != chained {
        return Err(altered());
    }
    let owner = owner(kind, envelope);
    let mut formerly = Formerly::default();
    if let Some(sealed) = &sealed {
        let plaintext = sealer.open(owner, sealed).map_err(Problem::internal)?;
        let text = plaintext.map(String::from_utf8).transpose().map_err(Problem::internal)?;
        formerly.commitment = if text.is_none() { commitment_of(sealed).map(<[u8]>::to_vec) } else { None };
        formerly.sealed = text;
    }
    for (name, value) in &mut columns {
        if let Some((_, rest)) = emptied.iter().find(|(other, _)| other == name) {
            formerly.open.insert((*name).to_owned(), canonical(&std::mem::replace(value, rest.clone())));
        }
    }
    let personal = sealer.seal(owner, formerly.plaintext().as_bytes()).map_err(Problem::internal)?;
    let now = of_columns(kind, envelope, each(&columns), commitment_of(&personal));
    let digest = [chained.as_slice(), &sealer.attestation(owner, &chained, &now)].concat();
    Ok(Some(Moved { personal, digest, columns: emptied }))
}

/// The columns that have in the clear what is sealed now, with what is left in each.
fn emptied(kind: &Kind, columns: &[(&'static str, Value)]) -> Columns {
    let rest = |(name, value): &(&'static str, Value)| {
        let field: Option<&Field> = kind.field(name);
        let rest = match (value, field) {
            (Value::Null, _) => return None,
            (Value::Json(capture), _) if *name == "capture" => {
                let mut capture = capture.clone();
                capture.as_object_mut()?.remove(DEVICE);
                Value::Json(capture)
            }
            (_, Some(field)) if field.formerly_open => Value::Null,
            (value, Some(field)) => laid::open_part(field, value),
            (_, None) => return None,
        };
        (rest != *value).then_some((*name, rest))
    };
    columns.iter().filter_map(rest).collect()
}
