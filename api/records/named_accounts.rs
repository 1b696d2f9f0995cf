//! Accounts named in a body by user name in the place of the id: before a body is read, ids are put where names stand.
//! Of a name that nobody has, and of one whose account doesn't work where the caller does, the same is told.

use std::collections::{BTreeMap, BTreeSet};

use kit::check::is_username;
use kit::faults::Faults;
use kit::field::{Field, Shape, Write};
use kit::ids::new_id;
use kit::problem::Problem;
use kit::tree::Tree;
use uuid::Uuid;

use super::codes::UNKNOWN_ACCOUNT;
use crate::platform::access::colleagues::{self, Account};
use crate::platform::access::roles::Actor;
use crate::platform::core::Core;

/// Accounts of the user names that stand in bodies.
#[derive(Default)]
pub struct NamedAccounts {
    found: BTreeMap<String, Account>,
    is_asked: bool,
}

impl NamedAccounts {
    /// Those that bodies of these fields name.
    pub async fn of(core: &Core, actor: &Actor, fields: &[&Field], trees: &[&Tree]) -> Result<Self, Problem> {
        let mut names = BTreeSet::new();
        if fields.iter().any(|field| takes_account(field)) {
            for tree in trees {
                let mut note = |name: &mut String, _: &str| {
                    names.insert(name.to_lowercase());
                };
                walk(fields, &mut (*tree).clone(), "", &mut note);
            }
        }
        let is_asked = !names.is_empty();
        Ok(Self { found: colleagues::by_username(core, actor, names).await?, is_asked })
    }

    /// Whether any name stands in them.
    pub fn are_named(&self) -> bool {
        self.is_asked
    }

    /// Puts ids in the place of names. A name that can't be told is a fault, and becomes an id of nobody.
    pub fn put(&self, fields: &[&Field], tree: &mut Tree, faults: &mut Faults) {
        walk(fields, tree, "", &mut |name, at| {
            let known = self.found.get(&name.to_lowercase()).filter(|account| account.is_colleague);
            if known.is_none() {
                faults.add(at, UNKNOWN_ACCOUNT);
            }
            *name = known.map_or_else(new_id, |account| account.id).to_string();
        });
    }

    /// The body as it is known again when it is sent once more: whoever was named then may be gone meanwhile.
    pub fn submitted(&self, fields: &[&Field], tree: &Tree) -> Tree {
        let mut tree = tree.clone();
        walk(fields, &mut tree, "", &mut |name, _| {
            *name = self.found.get(&name.to_lowercase()).map_or(Uuid::nil(), |account| account.id).to_string();
        });
        tree
    }

    /// Puts ids in the place of those names that can be told; the others stay, for the check to refuse.
    pub fn put_known(&self, fields: &[&Field], tree: &mut Tree) {
        walk(fields, tree, "", &mut |name, _| {
            if let Some(account) = self.found.get(&name.to_lowercase()).filter(|account| account.is_colleague) {
                *name = account.id.to_string();
            }
        });
    }
}

/// Whether accounts are named in a field that clients write.
fn takes_account(field: &Field) -> bool {
    fn within(shape: &Shape) -> bool {
        match shape {
            Shape::Account => true,
            Shape::List { of, .. } => within(of),
            Shape::Object(members) => members.iter().any(takes_account),
            _ => false,
        }
    }
    field.write != Write::Never && within(&field.shape)
}

/// Walks over the user names of an object, each with its pointer.
fn walk(fields: &[&Field], tree: &mut Tree, at: &str, each: &mut impl FnMut(&mut String, &str)) {
    let Tree::Object(members) = tree else { return };
    for (name, member) in members {
        if let Some(field) = fields.iter().find(|field| field.name == name && takes_account(field)) {
            walk_shape(&field.shape, member, &format!("{at}/{name}"), each);
        }
    }
}

fn walk_shape(shape: &Shape, tree: &mut Tree, at: &str, each: &mut impl FnMut(&mut String, &str)) {
    match (shape, tree) {
        (Shape::Account, Tree::Text(text)) if is_username(text) => {
            *text = text.trim().to_owned();
            each(text, at);
        }
        (Shape::List { of, .. }, Tree::List(items)) => {
            for (index, item) in items.iter_mut().enumerate() {
                walk_shape(of, item, &format!("{at}/{index}"), each);
            }
        }
        (Shape::Object(fields), object) => walk(&fields.iter().collect::<Vec<_>>(), object, at, each),
        _ => {}
    }
}
