//! Names beside ids: records that others name, told in short: `?include=person,place`. One query a kind, each in the
//! caller's scope: what he may not see isn't there.

use std::collections::{BTreeMap, BTreeSet};

use kit::field::{Field, Shape};
use kit::problem::Problem;
use kit::text::Text;
use kit::time::day_of;
use kit::value::Values;
use kit::vocabulary::{Vocabulary, Word, word};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::closed::{is_open_to, note_read};
use super::definition::Kind;
use super::envelope::{ORG_ID, ORGANIZATIONS};
use super::hooks::PlainPeople;
use super::record::Record;
use super::record_row::{RecordRow, records};
use super::scope::visible_by_id;
use super::{read, view};
use crate::platform::core::Core;
use crate::platform::http::Call;

/// How a record is told beside others that name it.
#[derive(Debug)]
pub struct Beside {
    /// Word by which it is asked for.
    pub name: &'static str,
    /// Its members that are told.
    pub members: &'static [&'static str],
    /// Fields of the first and the last day of what is counted in days: `day` of `days` is told of it.
    pub days: Option<[&'static str; 2]>,
}

/// In this order they are read: what is read first names some of what comes later.
static INCLUDED: Vocabulary = Vocabulary::new(
    "include",
    Text::new("Include", "附带"),
    &[
        word("case", "the case", "观察个案"),
        word("shift", "the shift", "班次"),
        word("volunteer", "the volunteer", "志愿者"),
        word("person", "the person", "人员"),
        word("place", "the place", "场所"),
        word("organization", "the organisation", "单位"),
    ],
);
/// Name of the parameter of [`INCLUDE`].
const NAME: &str = "include";
/// Asks for what the records name.
pub static INCLUDE: Field = Field::new(
    NAME,
    Shape::List { of: &Shape::Word(&INCLUDED), max: 6 },
    Text::new("Include", "附带"),
    "Tells under `included`, by kind and id, what the records name, and what of it names more (`case,person`: the case and its person): in short, as the caller may see it; of each kind 500 at most, and `cut` says of which there were more. Commas in between.",
);

/// Most that is told of a kind: what the records of a page name by themselves, each one, is never cut.
const MOST_OF_A_KIND: usize = 500;
/// Name of the member that says of which kinds there were more.
const CUT: &str = "cut";

/// Name of the schema of `included`.
pub const SCHEMA: &str = "Included";

/// Schema of `included`.
pub fn schema() -> Json {
    let told = |word: &Word| json!({"type": "object", "additionalProperties": {"type": "object"}, "description": format!("In short, by id: {}.", word.label.en)});
    let mut properties: Map<String, Json> =
        INCLUDED.words.iter().map(|word| (word.code.to_owned(), told(word))).collect();
    let words = json!({"type": "string", "maxLength": 20});
    let cut = json!({"type": "array", "maxItems": INCLUDED.words.len(), "items": words, "description": "Of these more were named than are told: ask for the others by `ids`."});
    properties.insert(CUT.to_owned(), cut);
    json!({"type": "object", "properties": properties, "description": "With `include`: what the records name, by kind and id, in short; of a case also `day` of `days`, null before the first and after the last. What the caller may not see isn't there."})
}

/// Ids that records name, by kind.
#[derive(Default)]
pub struct Named {
    ids: BTreeMap<String, Vec<Uuid>>,
    /// Kinds of which there were more.
    cut: BTreeSet<String>,
}

impl Named {
    /// Those that rows name.
    pub fn of_rows(core: &Core, kind: &Kind, rows: &[RecordRow]) -> Result<Self, Problem> {
        if kind.shown_fields().any(|field| names_within(&field.shape)) {
            return Ok(Self::of_records(kind, &records(core, kind, rows)?));
        }
        let mut named = Self::default();
        for row in rows {
            named.note(kind, |column| row.id_in(column), row.text_in(SUBJECT_KIND));
        }
        Ok(named)
    }

    /// Those that records name.
    pub fn of_records<'a>(kind: &Kind, records: impl IntoIterator<Item = &'a Record>) -> Self {
        let mut named = Self::default();
        for record in records {
            named.note_record(kind, record);
        }
        named
    }

    /// Adds those that a record names, in its lists, too.
    pub fn note_record(&mut self, kind: &Kind, record: &Record) {
        let id = |column: &str| match column {
            _ if column == ORG_ID.name() => record.envelope.org_id,
            _ => record.values.id(column),
        };
        self.note(kind, id, record.values.text(SUBJECT_KIND));
        for field in kind.shown_fields().filter(|field| names_within(&field.shape)) {
            if let Some(value) = record.values.json(field.name) {
                self.note_within(&field.shape, value);
            }
        }
    }

    fn note_within(&mut self, shape: &Shape, value: &Json) {
        match shape {
            Shape::Reference(name) => self.add(name, value.as_str().and_then(|text| text.parse().ok())),
            Shape::List { of, .. } => {
                value.as_array().into_iter().flatten().for_each(|item| self.note_within(of, item));
            }
            Shape::Object(members) => {
                for member in *members {
                    value.get(member.name).into_iter().for_each(|value| self.note_within(&member.shape, value));
                }
            }
            _ => {}
        }
    }

    fn note(&mut self, kind: &Kind, id: impl Fn(&str) -> Option<Uuid>, subject_kind: Option<&str>) {
        self.add(ORGANIZATIONS, id(ORG_ID.name()));
        for field in kind.shown_fields() {
            if let Shape::Reference(name) = field.shape {
                self.add(name, id(field.name));
            }
        }
        if let Some(name) = subject_kind {
            self.add(name, id(SUBJECT_ID));
        }
    }

    fn add(&mut self, kind: &str, id: Option<Uuid>) {
        let Some(id) = id else { return };
        let ids = self.ids.entry(kind.to_owned()).or_default();
        if ids.contains(&id) {
            return;
        }
        if ids.len() < MOST_OF_A_KIND {
            ids.push(id);
        } else {
            self.cut.insert(kind.to_owned());
        }
    }
}

/// Whether a value of that shape names records within it.
fn names_within(shape: &Shape) -> bool {
    match shape {
        Shape::List { of, .. } => matches!(of, Shape::Reference(_)) || names_within(of),
        Shape::Object(members) => {
            members.iter().any(|member| matches!(member.shape, Shape::Reference(_)) || names_within(&member.shape))
        }
        _ => false,
    }
}

/// Fields of kinds that are about a record of any kind.
const SUBJECT_KIND: &str = "subject_kind";
const SUBJECT_ID: &str = "subject_id";

/// Whether a query asks for it.
pub fn is_asked(query: &Values) -> bool {
    query.has(NAME)
}

/// Records that those of a district name, as the caller asks for them; people plainly whom he was told plainly.
pub async fn included(
    call: &Call,
    district_code: &str,
    mut named: Named,
    plain: &PlainPeople,
) -> Result<Json, Problem> {
    let asked = call.query.codes(NAME);
    let (mut all, mut cut) = (Map::new(), Vec::new());
    for word in INCLUDED.words.iter().filter(|word| asked.contains(&word.code)) {
        let of_word = |kind: &&'static Kind| kind.rules.beside().is_some_and(|beside| beside.name == word.code);
        let Some(kind) = call.core.kinds().kinds().find(of_word) else { continue };
        let ids = named.ids.get(kind.name).cloned().unwrap_or_default();
        let records = seen(call, kind, district_code, &ids).await?;
        let mut told = Map::new();
        for record in &records {
            named.note_record(kind, record);
            told.insert(record.envelope.id.to_string(), short(call, kind, record)?);
        }
        if kind.is_people() {
            tell_plainly(&mut told, plain);
        }
        all.insert(word.code.to_owned(), told.into());
        cut.extend(named.cut.contains(kind.name).then_some(word.code));
    }
    if !cut.is_empty() {
        all.insert(CUT.to_owned(), cut.into());
    }
    Ok(all.into())
}

/// The records of these ids that the caller may see.
async fn seen(call: &Call, kind: &'static Kind, district_code: &str, ids: &[Uuid]) -> Result<Vec<Record>, Problem> {
    let actor = call.actor()?;
    if ids.is_empty() || !actor.holds(kind.readers) || !is_open_to(call, kind) {
        return Ok(Vec::new());
    }
    let records = read::load(&call.core, kind, &visible_by_id(actor, kind, district_code, ids)).await?;
    note_read(call, records.iter().map(|record| (kind, record))).await?;
    Ok(records)
}

/// A record in short, masked.
fn short(call: &Call, kind: &'static Kind, record: &Record) -> Result<Json, Problem> {
    let mut whole = view::record(&call.core, kind, record, call.language).to_json()?;
    let mut told = Map::new();
    let Some(beside) = kind.rules.beside() else { return Ok(told.into()) };
    for name in beside.members {
        told.insert((*name).to_owned(), whole.get_mut(*name).map(Json::take).unwrap_or_default());
    }
    if let Some([first, last]) = beside.days {
        let today = day_of(call.core.clock.now(), call.core.zone);
        let period = record.values.day(first).zip(record.values.day(last));
        let day = period.filter(|(first, last)| (*first..=*last).contains(&today));
        told.insert("day".to_owned(), day.map(|(first, _)| (today - first).num_days() + 1).into());
        told.insert("days".to_owned(), period.map(|(first, last)| (last - first).num_days() + 1).into());
    }
    Ok(told.into())
}

/// Tells those plainly whom the caller was told plainly: noted already.
fn tell_plainly(told: &mut Map<String, Json>, plain: &PlainPeople) {
    for person in plain.0.values().filter_map(Json::as_object) {
        let Some(id) = person.get("id").and_then(Json::as_str) else { continue };
        let one = told.entry(id).or_insert_with(|| json!({}));
        for (name, value) in person.iter().filter(|(name, _)| *name != "id") {
            kit::json::put(one, name, value.clone());
        }
    }
}
