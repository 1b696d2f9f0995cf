//! Item of a push, as a phone sends it.

use chrono::{DateTime, Utc};
use kit::catalogue::FaultCode;
use kit::check::check_object;
use kit::faults::Faults;
use kit::field::{Field, Shape, free_text};
use kit::problem::Problem;
use kit::text::Text;
use kit::tree::Tree;
use kit::value::Values;
use kit::vocabulary::{Vocabulary, word};
use ledger::canonical::{encode, encode_formerly};
use uuid::Uuid;

use crate::platform::core::Core;
use crate::platform::privacy::keys::keyed_hash;

/// Operations of an item.
pub static OPERATION: Vocabulary = Vocabulary::new(
    "sync_operation",
    Text::new("Operation", "操作"),
    &[
        word("create", "create", "新增"),
        word("amend", "amend", "修改"),
        word("void", "void", "作废"),
        word("restore", "restore", "恢复"),
    ],
);

/// The frame of an item; its `body` is checked by its kind.
pub static ITEM: &[Field] = &[
    Field::new("kind", free_text(60), Text::new("Kind", "类型"), "The kind of record.").required(),
    Field::new("op", Shape::Word(&OPERATION), Text::new("Operation", "操作"), "What is done.").required(),
    Field::new("id", Shape::Id, Text::new("Id", "编号"), "The record.").required(),
    Field::new(
        "base_revision",
        Shape::Integer { min: 1, max: i64::MAX },
        Text::new("Base revision", "基础版本"),
        "The revision that was amended; the current one where absent.",
    ),
    Field::new(
        "occurred_at",
        Shape::Instant,
        Text::new("Occurred at", "发生时间"),
        "When it happened, by the device's clock.",
    ),
    Field::new(
        "device_time",
        Shape::Instant,
        Text::new("Device time", "设备时间"),
        "What the device's clock says now.",
    ),
    Field::new(
        "captured_by",
        Shape::Id,
        Text::new("Captured by", "采集人"),
        "Whose queue it stood in, where it isn't the sender's.",
    ),
];

/// An item, as far as it could be read.
#[derive(Clone)]
pub struct Item {
    /// Its place in the push.
    pub index: usize,
    /// Item as it was sent.
    pub tree: Tree,
    /// Its frame.
    pub frame: Values,
    /// Its body: what creates, or a merge patch.
    pub body: Tree,
    /// Faults of the frame.
    pub fault: Option<Faults>,
    /// Keyed hash of sender and content: sent again, it is the same.
    pub hash: Vec<u8>,
    /// The same as an earlier release made it.
    pub former_hash: Vec<u8>,
    /// The device that captured it, where that is known.
    pub device_id: Option<String>,
}

impl Item {
    /// Reads an item. What can't be read is kept and held.
    pub fn read(core: &Core, user_id: Uuid, index: usize, tree: &Tree) -> Self {
        let mut faults = Faults::default();
        let (mut frame, mut body) = (tree.clone(), Tree::Null);
        if let Tree::Object(members) = &mut frame
            && let Some(position) = members.iter().position(|(name, _)| name == "body")
        {
            body = members.remove(position).1;
        }
        let values = check_object(&ITEM.iter().collect::<Vec<_>>(), &frame, "", &mut faults);
        if !matches!(values.text("op"), Some("void" | "restore")) && !matches!(body, Tree::Object(_)) {
            faults.add("/body", FaultCode::NOT_AN_OBJECT);
        }
        let fault = (!faults.is_empty()).then_some(faults);
        let mut item = Self {
            index,
            tree: tree.clone(),
            frame: values,
            body,
            fault,
            hash: Vec::new(),
            former_hash: Vec::new(),
            device_id: None,
        };
        item.hash = item.hashed(core, user_id, encode);
        item.former_hash = item.hashed(core, user_id, encode_formerly);
        item
    }

    /// The device's clock is left out: it differs at each retry.
    fn hashed(&self, core: &Core, user_id: Uuid, encoded: fn(&Tree) -> Vec<u8>) -> Vec<u8> {
        let mut tree = self.tree.clone();
        if let Tree::Object(members) = &mut tree {
            members.retain(|(name, _)| name != "device_time");
        }
        let encoded = encoded(&tree);
        keyed_hash(&core.keys.commitment, &[b"sync", user_id.as_bytes(), &encoded]).to_vec()
    }

    /// The kind's name; empty where it has none.
    pub fn kind(&self) -> &str {
        self.frame.text("kind").unwrap_or_default()
    }

    /// Operation; empty where it doesn't say.
    pub fn op(&self) -> &str {
        self.frame.text("op").unwrap_or_default()
    }

    /// The record.
    pub fn id(&self) -> Option<Uuid> {
        self.frame.id("id")
    }

    /// When it happened, by the device.
    pub fn occurred_at(&self) -> Option<DateTime<Utc>> {
        let of_body = || match self.body.member("occurred_at") {
            Some(Tree::Text(text)) => text.parse().ok(),
            _ => None,
        };
        self.frame.instant("occurred_at").or_else(of_body)
    }

    /// The body of a creation: what stands in the frame counts where the body doesn't say.
    pub fn creation(&self) -> Tree {
        let mut members = match &self.body {
            Tree::Object(members) => members.clone(),
            _ => Vec::new(),
        };
        for name in ["id", "occurred_at", "device_time", "captured_by"] {
            if let (Some(value), None) = (self.frame.get(name), self.body.member(name)) {
                members.push((name.to_owned(), Tree::from_json(&value.to_json(chrono_tz::UTC))));
            }
        }
        Tree::Object(members)
    }

    /// Every id that the item names: its record's, and those in its body.
    pub fn mentioned(&self) -> Vec<Uuid> {
        fn collect(tree: &Tree, ids: &mut Vec<Uuid>) {
            match tree {
                Tree::Text(text) if text.len() == 36 => ids.extend(Uuid::try_parse(text).ok()),
                Tree::List(items) => items.iter().for_each(|item| collect(item, ids)),
                Tree::Object(members) => members.iter().for_each(|(_, member)| collect(member, ids)),
                _ => {}
            }
        }
        let mut ids: Vec<Uuid> = self.id().into_iter().collect();
        collect(&self.body, &mut ids);
        ids
    }

    /// Every id that it brings: its own, and those of records given within it.
    pub fn brought(&self) -> Vec<Uuid> {
        fn collect(tree: &Tree, ids: &mut Vec<Uuid>) {
            match tree {
                Tree::List(items) => items.iter().for_each(|item| collect(item, ids)),
                Tree::Object(members) => members.iter().for_each(|(name, member)| match member {
                    Tree::Text(text) if name == "id" && text.len() == 36 => ids.extend(Uuid::try_parse(text).ok()),
                    member => collect(member, ids),
                }),
                _ => {}
            }
        }
        let mut ids: Vec<Uuid> = self.id().into_iter().collect();
        collect(&self.body, &mut ids);
        ids
    }

    /// The faults of its frame, as a problem.
    pub fn problem(&self) -> Option<Problem> {
        self.fault.clone().and_then(|faults| faults.finish().err())
    }

    /// The item as it was sent, to be sealed: with what was given twice, so that it is still a fault when it is
    /// tried again.
    pub fn text(&self) -> Result<String, Problem> {
        serde_json::to_string(&self.tree).map_err(Problem::internal)
    }
}
