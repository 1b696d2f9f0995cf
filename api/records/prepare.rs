//! Preparing creations: parse, check, resolve, place. Many at once cost as many statements as one.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use kit::faults::Faults;
use kit::field::Shape;
use kit::ids::new_id;
use kit::problem::Problem;
use kit::tree::Tree;
use kit::value::Values;
use ledger::canonical::encode;
use uuid::Uuid;

use super::create::told_if_gone;
use super::definition::Kind;
use super::draft::Draft;
use super::formerly::Formerly;
use super::named_accounts::NamedAccounts;
use super::nested;
use super::own_words::spell_out;
use super::read;
use super::recall::recall;
use super::record::Record;
use super::resolve::{self, Found, Place};
use super::unwritten::Unwritten;
use crate::platform::access::roles::Actor;
use crate::platform::core::Core;
use crate::platform::divisions::away::Away;

/// A creation that is ready to be written.
#[derive(Clone)]
pub struct Prepared {
    /// Draft of the record to be created.
    pub draft: Draft,
    /// Values that were submitted, before anything was added.
    pub submitted: Values,
    /// District, area and organisation of the new record.
    pub place: Place,
    /// Its id: the client's or a new one.
    pub id: Uuid,
    /// Digest of what was submitted, as it is kept.
    pub digest: Submission,
    /// How it came: `api`, `sync`, `import:<id>`.
    pub source: String,
}

/// Result of preparing a body.
pub enum Preparation {
    /// It is ready.
    Ready(Box<Prepared>),
    /// It isn't, but this caller sent it before and it was taken then: the record.
    Retried(Box<Record>),
    /// It isn't.
    Faulty(Problem),
}

impl Preparation {
    /// The creation, where it is ready.
    pub fn ready(&self) -> Option<&Prepared> {
        match self {
            Self::Ready(item) => Some(item),
            _ => None,
        }
    }
}

/// The keyed digest of what was submitted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Submission {
    /// Digest as it is kept.
    pub digest: [u8; 32],
    /// As an earlier release kept it: of the text, without the number of its encoding.
    former: [u8; 32],
}

impl Submission {
    /// The digest of a draft as it was parsed.
    pub fn of(core: &Core, draft: &Draft) -> Self {
        let submitted = draft.canonical();
        let digest = |encoded: &[u8]| core.sealer.submission_digest(encoded);
        Self { digest: digest(&encode(&Tree::from_json(&submitted))), former: digest(submitted.to_string().as_bytes()) }
    }

    /// Whether it is what was kept, by whichever release.
    pub fn is(&self, kept: &[u8]) -> bool {
        kept == self.digest || kept == self.former
    }
}

struct Item {
    draft: Draft,
    submitted: Values,
    digest: Submission,
    faults: Faults,
    /// District whose words were read.
    judged_for: String,
}

/// Prepares bodies, each for itself: a bad one spoils no other.
pub async fn prepare(
    core: &Core,
    actor: &Actor,
    kind: &'static Kind,
    trees: &[Tree],
    source: &str,
    now: DateTime<Utc>,
) -> Result<Vec<Preparation>, Problem> {
    prepare_beside(core, actor, kind, trees, (source, now), &Unwritten::default()).await
}

/// The same, where they may name what isn't written yet.
pub async fn prepare_beside(
    core: &Core,
    actor: &Actor,
    kind: &'static Kind,
    trees: &[Tree],
    (source, now): (&str, DateTime<Utc>),
    unwritten: &Unwritten,
) -> Result<Vec<Preparation>, Problem> {
    let mut prepared = prepare_unrecalled(core, actor, kind, trees, (source, now), unwritten).await?;
    recall_all(core, kind, &mut prepared, now).await?;
    Ok(prepared)
}

/// The same but for what earlier records say of them: for who prepares while those are still being written.
pub async fn prepare_unrecalled(
    core: &Core,
    actor: &Actor,
    kind: &'static Kind,
    trees: &[Tree],
    (source, now): (&str, DateTime<Utc>),
    unwritten: &Unwritten,
) -> Result<Vec<Preparation>, Problem> {
    core.refresh_for(kind).await?;
    let named = NamedAccounts::of(core, actor, &kind.body_fields(), &trees.iter().collect::<Vec<_>>()).await?;
    let mut items: Vec<Item> =
        trees.iter().map(|tree| parse(core, kind, (tree, &named), &district_of(actor, tree), now)).collect();
    resolve_all(core, actor, &mut items, Formerly::of(source, now), unwritten).await?;
    if kind.uses_open_words() {
        parse_again_where_it_stands(core, actor, (trees, &named), &mut items, (source, now), unwritten).await?;
    }
    let mut prepared = Vec::with_capacity(items.len());
    for item in items {
        prepared.push(finish(core, actor, kind, item, source, now).await?);
    }
    Ok(prepared)
}

/// Lets those that are ready know what earlier records say of them.
pub async fn recall_all(
    core: &Core,
    kind: &'static Kind,
    prepared: &mut [Preparation],
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let ready = prepared.iter_mut().filter_map(|preparation| match preparation {
        Preparation::Ready(item) => Some((item.place.district_code.clone(), &mut item.draft)),
        _ => None,
    });
    recall(core, kind, ready, now).await
}

/// District of a body as far as it can be told before its references are resolved; empty where it can't.
pub fn district_of(actor: &Actor, tree: &Tree) -> String {
    match tree.member("area_code") {
        Some(Tree::Text(code)) => code.get(..6).unwrap_or_default().to_owned(),
        _ => actor.districts.as_slice().first().filter(|_| actor.districts.len() == 1).cloned().unwrap_or_default(),
    }
}

/// Words mean what the district says in which the record will stand: that of its references is known only now.
async fn parse_again_where_it_stands(
    core: &Core,
    actor: &Actor,
    (trees, named): (&[Tree], &NamedAccounts),
    items: &mut [Item],
    (source, now): (&str, DateTime<Utc>),
    unwritten: &Unwritten,
) -> Result<(), Problem> {
    for (item, tree) in items.iter_mut().zip(trees) {
        let place = resolve::place(core, actor, &mut item.draft.clone(), &mut item.faults.clone());
        let Some(district_code) = place.map(|place| place.district_code) else { continue };
        if district_code != item.judged_for {
            *item = parse(core, item.draft.kind, (tree, named), &district_code, now);
            resolve_all(core, actor, std::slice::from_mut(item), Formerly::of(source, now), unwritten).await?;
        }
    }
    Ok(())
}

fn parse(
    core: &Core,
    kind: &'static Kind,
    (tree, named): (&Tree, &NamedAccounts),
    district_code: &str,
    now: DateTime<Utc>,
) -> Item {
    let mut faults = Faults::default();
    let district_code = if kind.uses_open_words() { district_code } else { "" };
    let context = core.context(now, district_code);
    let mut spelled = Cow::Borrowed(tree);
    let fields = kind.body_fields();
    if named.are_named() {
        named.put(&fields, spelled.to_mut(), &mut faults);
    }
    let is_told = faults.list().is_empty();
    if kind.uses_open_words() {
        spell_out(core, kind, spelled.to_mut(), &context, None, &mut faults);
    }
    let mut draft = Draft::parse(kind, core.kinds(), &spelled, "", &mut faults);
    let digest = if is_told {
        Submission::of(core, &draft)
    } else {
        let mut submitted = named.submitted(&fields, tree);
        spell_out(core, kind, &mut submitted, &context, None, &mut Faults::default());
        Submission::of(core, &Draft::parse(kind, core.kinds(), &submitted, "", &mut Faults::default()))
    };
    let submitted = draft.values.clone();
    for (_, inner) in &mut draft.inline {
        inner.kind.rules.check(inner, &context, &mut faults);
    }
    kind.rules.check(&mut draft, &context, &mut faults);
    Item { draft, submitted, digest, faults, judged_for: district_code.to_owned() }
}

/// Loads what all references name, one statement a kind and district.
async fn resolve_all(
    core: &Core,
    actor: &Actor,
    items: &mut [Item],
    mut formerly: Formerly,
    unwritten: &Unwritten,
) -> Result<(), Problem> {
    let mut wanted: BTreeMap<&'static str, BTreeSet<Uuid>> = BTreeMap::new();
    for draft in items.iter().flat_map(|item| item.draft.with_inline()) {
        for field in draft.kind.body_fields() {
            if let (Shape::Reference(kind), Some(id)) = (field.shape, draft.values.id(field.name)) {
                wanted.entry(kind).or_default().insert(id);
            }
        }
        for (kind, id) in nested::named(draft) {
            wanted.entry(kind).or_default().insert(id);
        }
    }
    let mut found = Found::new();
    for (name, ids) in wanted {
        let kind = core.kinds().kind(name).ok_or_else(|| Problem::internal(format!("no kind {name}")))?;
        let ids: Vec<Uuid> = ids.into_iter().collect();
        let mut of_kind = read::find_referenced(core, actor, kind, &ids).await?;
        unwritten.complete(actor, kind, &ids, &mut of_kind);
        formerly.look_for(core, actor, kind, &ids, &of_kind).await?;
        found.insert(name, of_kind);
    }
    for item in items.iter_mut() {
        let Item { draft, faults, .. } = item;
        resolve::assign_references(actor, draft, &found, &formerly, faults);
        nested::assign(draft, &found);
        for (_, inner) in &mut draft.inline {
            resolve::assign_references(actor, inner, &found, &formerly, faults);
        }
    }
    for item in items.iter_mut() {
        resolve::resolve_subject(core, actor, None, &mut item.draft, &mut item.faults).await?;
    }
    let mut drafts: Vec<&mut Draft> = items.iter_mut().map(|item| &mut item.draft).collect();
    resolve::resolve_through(core, &mut drafts, unwritten).await
}

async fn finish(
    core: &Core,
    actor: &Actor,
    kind: &'static Kind,
    item: Item,
    source: &str,
    now: DateTime<Utc>,
) -> Result<Preparation, Problem> {
    let Item { mut draft, submitted, digest, mut faults, .. } = item;
    let place = resolve::place(core, actor, &mut draft, &mut faults);
    kind.rules.check_references(&mut draft, &core.context(now, ""), &mut faults);
    match judge(actor, &draft, place, faults) {
        Ok(place) => {
            draft.place_inline(&place.area_code);
            (draft.author, draft.placed_org_id) = (actor.user_id, place.org_id);
            let id = draft.client_id().unwrap_or_else(new_id);
            Ok(Preparation::Ready(Box::new(Prepared {
                draft,
                submitted,
                place,
                id,
                digest,
                source: source.to_owned(),
            })))
        }
        // Records taken once are not refused because their author moved or their place closed since.
        Err(problem) => match retried(core, actor, kind, draft.client_id(), &digest).await? {
            Some(record) => Ok(Preparation::Retried(Box::new(told_if_gone(record)))),
            None => Ok(Preparation::Faulty(problem)),
        },
    }
}

fn judge(actor: &Actor, draft: &Draft, place: Option<Place>, faults: Faults) -> Result<Place, Problem> {
    faults.finish()?;
    let place = place.ok_or_else(|| Problem::internal("a draft without faults has no place"))?;
    resolve::require_reach(actor, draft, &place).map(|()| place)
}

/// The record of an id if this actor sent it with this content before.
async fn retried(
    core: &Core,
    actor: &Actor,
    kind: &Kind,
    id: Option<Uuid>,
    digest: &Submission,
) -> Result<Option<Record>, Problem> {
    let Some(id) = id else { return Ok(None) };
    let mut away = Away::new(core);
    for district_code in &actor.districts {
        let existing = away.pass(read::find_unscoped(core, kind, district_code, &[id]).await)?;
        let own = existing.and_then(|mut existing| existing.remove(&id)).filter(|record| {
            record.envelope.recorded_by == actor.user_id && digest.is(&record.envelope.submission_digest)
        });
        if own.is_some() {
            return Ok(own);
        }
    }
    Ok(None)
}
