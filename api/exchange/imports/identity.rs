//! Identity of rows: a file's rows are facts, never retries of each other, and the same file once more changes
//! nothing. Whoever or whatever a row tells of is taken as the server would have it: the person derived from his
//! document, the plate as it is written properly, not the cell as it was typed.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use chrono::DateTime;
use kit::faults::Faults;
use kit::problem::Problem;
use kit::tree::{Tree, to_json};
use kit::value::Value;
use ledger::canonical::{canonical, encode};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::items::{Checked, Item};
use super::job::Job;
use crate::platform::core::Core;
use crate::platform::privacy::blind::derived_id;
use crate::platform::privacy::seal::Sealer;
use crate::records::prepare::Submission;
use crate::records::void::is_undone;
use crate::records::{Context, Draft, Kind, Record, read};

/// Rows of which it is kept what they were; of longer files the last ones.
const MOST_REMEMBERED: usize = 500_000;
/// How often one file can be undone and loaded again.
const MOST_TIMES: usize = 100;

/// Rows of this file so far, in memory that ends somewhere: the older half goes when the younger is full.
#[derive(Default)]
pub struct Seen {
    young: HashMap<Uuid, u32>,
    old: HashMap<Uuid, u32>,
    /// The fact that took a key's own id.
    takers: HashMap<Uuid, Uuid>,
    former_takers: HashMap<Uuid, Uuid>,
}

impl Seen {
    /// Counts a row: the how many-th of its like it is, from 1.
    fn count(&mut self, like: Uuid) -> u32 {
        let count = self.young.get(&like).or_else(|| self.old.get(&like)).copied().unwrap_or_default() + 1;
        if self.young.len() >= MOST_REMEMBERED {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(like, count);
        count
    }

    fn taker(&self, key: Uuid) -> Option<Uuid> {
        self.takers.get(&key).or_else(|| self.former_takers.get(&key)).copied()
    }

    fn take(&mut self, key: Uuid, fact: Uuid) {
        if self.takers.len() >= MOST_REMEMBERED {
            self.former_takers = std::mem::take(&mut self.takers);
        }
        self.takers.insert(key, fact);
    }
}

/// Ids that a row may have.
enum Sign {
    /// This one.
    One(Uuid),
    /// The key's own, unless another fact of the file has it: then that of the fact.
    Keyed { key: Uuid, fact: Uuid, apart: Uuid },
}

impl Sign {
    fn ids(&self) -> Vec<Uuid> {
        match self {
            Self::One(id) => vec![*id],
            Self::Keyed { key, apart, .. } => vec![*key, *apart],
        }
    }
}

impl Job {
    /// Gives the rows of a lot their ids. Kinds whose identity the server derives keep theirs.
    pub(super) async fn identify(&mut self, items: &mut [Item]) -> Result<(), Problem> {
        let mut signs: Vec<(usize, Sign)> = Vec::new();
        let (core, district_code) = (Arc::clone(&self.core), self.district_code.clone());
        let context = core.context(core.clock.now(), &district_code);
        for (index, item) in items.iter_mut().enumerate() {
            if item.body.problem.is_none() && item.body.tree.member("id").is_none() {
                signs.extend(self.sign(item, &context).map(|sign| (index, sign)));
            }
        }
        let ids: BTreeSet<Uuid> = signs.iter().flat_map(|(_, sign)| sign.ids()).collect();
        let known = self.standing(ids).await?;
        let mut chosen: BTreeMap<usize, Uuid> = BTreeMap::new();
        // Records that are there already are found first: only then is it clear which facts are new.
        for (index, sign) in &signs {
            let Some(item) = items.get(*index) else { continue };
            if let Some(id) = sign.ids().into_iter().find(|id| self.is_there(item, *id, &known)) {
                chosen.insert(*index, id);
                if let Sign::Keyed { key, fact, .. } = sign
                    && *key == id
                {
                    self.seen.take(*key, *fact);
                }
            }
        }
        for (index, sign) in signs {
            let id = chosen.remove(&index).unwrap_or_else(|| self.choose(&sign));
            let id = known.get(&id).map_or(id, |(current, _)| *current);
            if let Some(Item { body, .. }) = items.get_mut(index)
                && let Tree::Object(members) = &mut body.tree
            {
                members.push(("id".to_owned(), Tree::Text(id.to_string())));
            }
        }
        Ok(())
    }

    fn choose(&mut self, sign: &Sign) -> Uuid {
        match sign {
            Sign::One(id) => *id,
            Sign::Keyed { key, fact, apart } => match self.seen.taker(*key) {
                Some(taker) if taker != *fact => *apart,
                _ => {
                    self.seen.take(*key, *fact);
                    *key
                }
            },
        }
    }

    /// Records of ids, each with the id that it has now: what an undo voided gives its place to a new one.
    async fn standing(&self, ids: BTreeSet<Uuid>) -> Result<BTreeMap<Uuid, (Uuid, Option<Record>)>, Problem> {
        let mut standing = BTreeMap::new();
        let mut asked: Vec<(Uuid, Uuid)> = ids.into_iter().map(|id| (id, id)).collect();
        for times in 1..=MOST_TIMES {
            let now: Vec<Uuid> = asked.iter().map(|(_, current)| *current).collect();
            if now.is_empty() {
                break;
            }
            let mut found = read::find_unscoped(&self.core, self.kind, &self.district_code, &now).await?;
            let mut again = Vec::new();
            for (first, current) in asked {
                match found.remove(&current) {
                    Some(record) if is_undone(&record) => {
                        let key = &self.core.keys.identity;
                        again.push((first, derived_id(key, &["import again", &first.to_string(), &times.to_string()])));
                    }
                    record => drop(standing.insert(first, (current, record))),
                }
            }
            asked = again;
        }
        Ok(standing)
    }

    /// Whether a record has this very content.
    fn is_there(&self, item: &Item, id: Uuid, known: &BTreeMap<Uuid, (Uuid, Option<Record>)>) -> bool {
        let Some((current, Some(record))) = known.get(&id) else { return false };
        let mut draft = Draft::parse(self.kind, self.core.kinds(), &item.body.tree, "", &mut Faults::default());
        draft.values.set("id", Value::Id(*current));
        Submission::of(&self.core, &draft).is(&record.envelope.submission_digest)
    }

    fn sign(&mut self, item: &mut Item, context: &Context<'_>) -> Option<Sign> {
        let (core, kind) = (&self.core, self.kind);
        let checked = item.checked.take();
        let key = &core.keys.identity;
        if let (Some(external_id), Some(source)) = (&item.body.external_id, &self.options.source) {
            if kind.rules.identity().is_some() {
                return None;
            }
            return Some(Sign::One(derived_id(key, &["import", kind.name, "external", source, external_id])));
        }
        let checked = checked.unwrap_or_else(|| Checked::of(kind, core.kinds(), &item.body.tree, context));
        let content = Content::of(core, kind, &item.body.tree, checked, context)?;
        let hash = |what: &str, parts: &[&str]| derived_id(key, &[&["import", kind.name, what], parts].concat());
        let fact = hash("fact", &[&content.fact]).to_string();
        let Some(natural) = content.key else {
            let count = if is_named(kind) { 1 } else { self.seen.count(hash("like", &[&fact])) };
            return Some(Sign::One(hash("row", &[&fact, &count.to_string()])));
        };
        let natural = hash("natural", &[&natural]);
        // A cell of a wide sheet is what its row and its column say.
        if kind.rules.stands_when_known() || kind.rules.lines().is_some() || item.cells.is_some() {
            return Some(Sign::One(natural));
        }
        let (text, typed) = (natural.to_string(), to_json(&item.body.tree).to_string());
        // The very same row twice is two facts; one that only describes somebody otherwise is the same fact.
        let count = self.seen.count(hash("like", &[&text, &fact, &typed]));
        let apart = hash("apart", &[&text, &fact, &count.to_string()]);
        Some(if count > 1 {
            Sign::One(apart)
        } else {
            Sign::Keyed { key: natural, fact: hash("fact", &[&fact]), apart }
        })
    }
}

/// Kinds of things with a name of their own: the same row twice is the same thing.
fn is_named(kind: &Kind) -> bool {
    kind.rules.stands_when_known() && kind.field("name").is_some_and(|field| field.required && !field.is_personal())
}

/// Content of a row, as the server would have it.
struct Content {
    /// All of it.
    fact: String,
    /// The kind's natural key; none where a part of it is empty.
    key: Option<String>,
}

impl Content {
    /// None where the server derives the record's id itself.
    fn of(core: &Core, kind: &'static Kind, tree: &Tree, checked: Checked, context: &Context<'_>) -> Option<Self> {
        let Checked { mut draft, faults } = checked;
        if kind.rules.identify(&draft, context).is_some() {
            return None;
        }
        let mut members = draft.canonical();
        for (field, inner) in std::mem::take(&mut draft.inline) {
            let Some(id) = inner.kind.rules.identify(&inner, context) else { continue };
            let reference = draft.id_field(field);
            draft.values.set(reference, Value::Id(id));
            if let Json::Object(members) = &mut members {
                members.remove(field);
                members.insert(reference.to_owned(), json!(id));
            }
        }
        if !kind.rules.stands_when_known() && draft.values.instant("occurred_at").is_none() {
            // It happened when it was told: tomorrow's file with the same words tells of another day.
            members = json!([members, context.today().to_string()]);
        }
        let is_faulty = !faults.is_empty();
        if is_faulty {
            // Values that can't be read are absent from the draft: the row must not pass for one that never had them.
            members = json!([members, to_json(tree)]);
        }
        let fact = sealed_text(core, &encode(&Tree::from_json(&members)));
        Some(Self { fact, key: natural_key(kind, &draft).filter(|_| !is_faulty) })
    }
}

/// A digest of a content: it goes on as text among the parts of an id.
fn sealed_text(core: &Core, bytes: &[u8]) -> String {
    let sealer: &Sealer = &core.sealer;
    sealer.submission_digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn natural_key(kind: &Kind, draft: &Draft) -> Option<String> {
    let names = kind.rules.natural_key();
    let parts: Option<Vec<String>> =
        names.iter().map(|names| names.split('|').find_map(|name| part(draft, name))).collect();
    parts.filter(|parts| !parts.is_empty()).map(|parts| json!(parts).to_string())
}

/// A part of a key; none where it is empty.
fn part(draft: &Draft, name: &str) -> Option<String> {
    let (first, rest) = name.split_once('.').unwrap_or((name, ""));
    let value = draft.values.get(first).filter(|value| !value.is_null())?;
    if let Value::Instant(instant) = value {
        return Some(instant.timestamp().to_string());
    }
    let json = canonical(value);
    let member = rest.split('.').filter(|step| !step.is_empty()).try_fold(&json, |json, step| json.get(step))?;
    let text = member.as_str().map_or_else(|| member.to_string(), |text| text.trim().to_uppercase());
    (!text.is_empty() && !member.is_null()).then(|| format!("{first}:{text}"))
}

/// Key by which rows that give an item each belong to one record, as they were typed; none where a part is empty.
pub fn typed_key(kind: &Kind, json: &Json) -> Option<String> {
    let value = |name: &str| {
        let value = name.split('.').try_fold(json, |json, step| json.get(step))?;
        let text = value.as_str().map_or_else(|| value.to_string(), folded);
        let text = DateTime::parse_from_rfc3339(&text).map_or(text, |instant| instant.timestamp().to_string());
        (!value.is_null() && !text.is_empty()).then_some(text)
    };
    let names = kind.rules.natural_key();
    let parts: Option<Vec<String>> = names.iter().map(|names| names.split('|').find_map(value)).collect();
    parts.filter(|parts| !parts.is_empty()).map(|parts| json!(parts).to_string())
}

fn folded(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_whitespace()).map(kit::text::half_width).collect::<String>().to_uppercase()
}
