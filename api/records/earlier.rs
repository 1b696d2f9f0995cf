//! Earlier items of the same request: an item may name a record that one of them brings, by the id that the client chose.
//! What is refused takes those with it that name it, and nobody else.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use kit::faults::Fault;
use kit::field::Shape;
use kit::problem::Problem;
use kit::tree::Tree;
use kit::walk::escape;
use uuid::Uuid;

use super::codes::{REFUSED_ITEM, UNKNOWN_REFERENCE};
use super::definition::Kind;
use super::prepare::Preparation;

/// Lots of items that follow each other, of which none names what another of its lot brings.
pub fn stages(kind: &Kind, trees: &[Tree]) -> Vec<Range<usize>> {
    let (mut stages, mut brought, mut start) = (Vec::new(), BTreeSet::new(), 0);
    for (index, tree) in trees.iter().enumerate() {
        let mut waits = false;
        each_name(tree, &mut |_, id| waits |= brought.contains(&id));
        if waits {
            stages.push(start..index);
            (brought, start) = (BTreeSet::new(), index);
        }
        brought.extend(own_id(tree).into_iter().chain(inline_ids(kind, tree)));
    }
    stages.push(start..trees.len());
    stages
}

/// Results of the items so far, by id.
#[derive(Default)]
pub struct Earlier {
    written: BTreeSet<Uuid>,
    /// Ids of records that came to nothing, each with the place of its item; whether it is the item's own.
    refused: BTreeMap<Uuid, (usize, bool)>,
}

impl Earlier {
    /// Notes what became of an item.
    pub fn note(&mut self, kind: &Kind, index: usize, tree: &Tree, is_refused: bool) {
        let own = own_id(tree);
        for id in own.into_iter().chain(inline_ids(kind, tree)) {
            if !is_refused {
                self.written.insert(id);
                self.refused.remove(&id);
            } else if !self.written.contains(&id) {
                self.refused.entry(id).or_insert((index, own == Some(id)));
            }
        }
    }

    /// The names that an item gives of what was refused.
    pub fn refused_names(&self, tree: &Tree) -> RefusedNames {
        let mut names = Vec::new();
        if !self.refused.is_empty() {
            each_name(tree, &mut |path, id| {
                if let Some((index, is_own)) = self.refused.get(&id) {
                    names.push(RefusedName { pointer: pointer(path), index: *index, is_own: *is_own });
                }
            });
        }
        RefusedNames(names)
    }
}

/// The names that an item gives of what was refused.
pub struct RefusedNames(Vec<RefusedName>);

struct RefusedName {
    pointer: String,
    /// Place of the item that was refused.
    index: usize,
    /// Whether it would have been that item's own record. Of somebody told within it there may be another record.
    is_own: bool,
}

impl RefusedNames {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Refusal of an item, as it was prepared: with what it names that was refused beside all its other faults. None where
    /// there is no fault in that: it was taken before, or a record of such an id is there.
    pub fn refusal_of(&self, preparation: &Preparation) -> Option<Problem> {
        let mut faults: Vec<Fault> = match preparation {
            Preparation::Faulty(problem) if !problem.faults().is_empty() => problem.faults().to_vec(),
            Preparation::Ready(_) => Vec::new(),
            Preparation::Faulty(_) | Preparation::Retried(_) => return None,
        };
        for name in &self.0 {
            let unknown = |fault: &Fault| fault.code == UNKNOWN_REFERENCE && fault.pointer == name.pointer;
            if name.is_own || faults.iter().any(unknown) {
                faults.retain(|fault| !unknown(fault));
                faults.push(Fault {
                    pointer: name.pointer.clone(),
                    code: REFUSED_ITEM,
                    values: vec![("item", name.index.to_string())],
                    hint: None,
                });
            }
        }
        faults.iter().any(|fault| fault.code == REFUSED_ITEM).then(|| Problem::invalid(faults))
    }
}

/// The id of the record that an item makes, where its client chose it.
fn own_id(tree: &Tree) -> Option<Uuid> {
    tree.member(ID).and_then(id_of)
}

/// Ids of records that are given within it.
fn inline_ids(kind: &Kind, tree: &Tree) -> Vec<Uuid> {
    let fields = kind.body_fields().into_iter().filter(|field| matches!(field.shape, Shape::Inline(..)));
    fields.filter_map(|field| tree.member(field.name)?.member(ID).and_then(id_of)).collect()
}

/// Name of the member by which a record, or one given within it, says its id; all others name records.
const ID: &str = "id";

fn id_of(tree: &Tree) -> Option<Uuid> {
    match tree {
        Tree::Text(text) if text.len() == 36 => Uuid::try_parse(text).ok(),
        _ => None,
    }
}

/// Step on the way to a value.
enum Step<'a> {
    Member(&'a str),
    Item(usize),
}

fn pointer(path: &[Step<'_>]) -> String {
    let step = |step: &Step<'_>| match step {
        Step::Member(name) => format!("/{}", escape(name)),
        Step::Item(index) => format!("/{index}"),
    };
    path.iter().map(step).collect()
}

/// Visits every id that a body names, with the way to it.
fn each_name(tree: &Tree, visit: &mut impl FnMut(&[Step<'_>], Uuid)) {
    fn walk<'a>(tree: &'a Tree, path: &mut Vec<Step<'a>>, visit: &mut impl FnMut(&[Step<'_>], Uuid)) {
        match tree {
            Tree::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    path.push(Step::Item(index));
                    walk(item, path, visit);
                    path.pop();
                }
            }
            Tree::Object(members) => {
                for (name, member) in members.iter().filter(|(name, _)| name != ID) {
                    path.push(Step::Member(name));
                    walk(member, path, visit);
                    path.pop();
                }
            }
            tree => id_of(tree).into_iter().for_each(|id| visit(path, id)),
        }
    }
    walk(tree, &mut Vec::new(), visit);
}
