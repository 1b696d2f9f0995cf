//! One item of `:batch-amend` or `:batch-void`: which record is meant in which revision, and what becomes of it.

use std::collections::BTreeSet;

use kit::catalogue::FaultCode;
use kit::check::check_object;
use kit::etag::{IfMatch, of_revision};
use kit::faults::{Fault, Faults};
use kit::field::{Field, Shape};
use kit::problem::Problem;
use kit::text::Text;
use kit::tree::Tree;
use kit::typed::TypedField;
use uuid::Uuid;

use super::amend::{self, Asked, amendable};
use super::definition::Kind;
use super::idempotency::Key;
use super::operations::VOID;
use super::record::Record;
use super::void;
use crate::platform::access::roles::Actor;
use crate::platform::core::Core;
use crate::platform::http::fault;

const ID: TypedField<Uuid> =
    TypedField::named("ID", Field::new("id", Shape::Id, Text::new("Id", "编号"), "The record.").required());
const REVISION: TypedField<i64> = TypedField::named(
    "REVISION",
    Field::new(
        "revision",
        Shape::Integer { min: 1, max: i32::MAX as i64 },
        Text::new("Revision", "版本"),
        "The revision that was read: where another one stands, nothing is changed.",
    ),
);
/// Changed fields of an item that amends; the kind's own table checks them.
pub const PATCH: Field = Field::new(
    "patch",
    Shape::Inline("patch", "Patch"),
    Text::new("Patch", "修改内容"),
    "The changed fields, a merge patch.",
)
.required();

/// Fields that name the record of an item that amends.
static AMENDED: &[Field] = &[ID.field, REVISION.field.required()];
/// Fields that name the record of an item that voids.
static VOIDED: &[Field] = &[ID.field, REVISION.field];

/// Sort of change that a batch makes to its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Each takes its merge patch.
    Amend,
    /// Each is voided for its reason.
    Void,
}

impl What {
    /// The word for a record that was changed.
    pub fn outcome(self) -> &'static str {
        match self {
            Self::Amend => "amended",
            Self::Void => "voided",
        }
    }

    /// Members of an item.
    pub fn fields(self) -> Vec<&'static Field> {
        match self {
            Self::Amend => AMENDED.iter().chain([&PATCH]).collect(),
            Self::Void => VOIDED.iter().chain(VOID).collect(),
        }
    }
}

/// Change asked of one record.
pub struct ChangeItem {
    id: Uuid,
    if_match: Option<IfMatch>,
    change: Change,
    /// Key under which its answer is kept.
    pub key: Option<Key>,
}

enum Change {
    Amend(Tree),
    Void(String),
}

/// A record and what a change would make of it; none where it says that already.
pub struct Plan {
    /// The record as it stands.
    pub current: Record,
    /// The next revision.
    pub next: Option<Record>,
}

impl ChangeItem {
    /// Reads items, each with all its faults. A record may be changed once in a batch.
    pub fn read_all(core: &Core, trees: &[Tree], what: What, key: Option<&Key>) -> Vec<Result<Self, Problem>> {
        let mut seen = BTreeSet::new();
        let mut read = |tree: &Tree| {
            let mut item = Self::read(tree, what)?;
            if !seen.insert(item.id) {
                return Err(fault(&ID.pointer(), FaultCode::REPEATED_ITEM));
            }
            item.key = key.map(|key| key.of_record(core, item.id, tree));
            Ok(item)
        };
        trees.iter().map(&mut read).collect()
    }

    fn read(tree: &Tree, what: What) -> Result<Self, Problem> {
        let mut faults = Faults::default();
        let form = check_object(&what.fields(), tree, "", &mut faults);
        faults.finish()?;
        let change = match what {
            What::Amend => Change::Amend(tree.member(PATCH.name).cloned().unwrap_or(Tree::Null)),
            What::Void => Change::Void(form.text("reason").unwrap_or_default().to_owned()),
        };
        let if_match = form.get(&REVISION).map(|revision| IfMatch::Tags(vec![of_revision(revision)]));
        Ok(Self { id: form.required(&ID)?, if_match, change, key: None })
    }

    /// Plans the change: the record as it would become, or why it can't.
    pub async fn plan(&self, core: &Core, actor: &Actor, kind: &'static Kind) -> Result<Plan, Problem> {
        let (current, next) = match &self.change {
            Change::Amend(patch) => {
                let current = amendable(core, actor, kind, self.id, self.condition()).await?;
                let next = amend::next_of(core, actor, kind, &current, Asked::Change(patch), |_| {}, None).await;
                (current, next.map_err(in_patch)?)
            }
            Change::Void(reason) => void::planned(core, actor, kind, self.id, self.if_match.as_ref(), reason).await?,
        };
        Ok(Plan { current, next })
    }

    /// Record as it would become where rules across rows refused the first plan, and may be given way to.
    pub async fn given_way(
        &self,
        core: &Core,
        actor: &Actor,
        kind: &'static Kind,
        current: &Record,
        refusal: &Problem,
    ) -> Result<Option<Record>, Problem> {
        match &self.change {
            Change::Amend(patch) => {
                amend::next_of(core, actor, kind, current, Asked::Change(patch), |_| {}, Some(refusal)).await
            }
            Change::Void(_) => Err(refusal.again()),
        }
    }

    /// Changes the record as a request of its own would. Sent twice at once, the other one wrote it, and this one is
    /// answered the same.
    pub async fn alone(&self, core: &Core, actor: &Actor, kind: &'static Kind) -> Result<Record, Problem> {
        let (id, key) = (self.id, self.key.as_ref());
        let done = match &self.change {
            Change::Amend(patch) => {
                amend::amend(core, actor, kind, id, self.condition(), patch, key).await.map_err(in_patch)
            }
            Change::Void(reason) => void::void(core, actor, kind, id, self.if_match.as_ref(), reason, key).await,
        };
        match done {
            Err(problem) => self.replayed(core, actor, kind).await?.ok_or(problem),
            done => done,
        }
    }

    /// The revision that was answered before under the item's key.
    pub async fn replayed(&self, core: &Core, actor: &Actor, kind: &'static Kind) -> Result<Option<Record>, Problem> {
        let Some(key) = &self.key else { return Ok(None) };
        Ok(key.replay(core, actor, kind).await?.map(|replay| replay.record))
    }

    /// Whether a record isn't as it was read: this item changed it.
    pub fn has_changed(&self, record: &Record) -> bool {
        self.if_match.as_ref().is_none_or(|if_match| if_match.require(record.envelope.revision).is_err())
    }

    fn condition(&self) -> &IfMatch {
        self.if_match.as_ref().unwrap_or(&IfMatch::Any)
    }
}

/// Faults of a patch, where they stand in the item.
fn in_patch(problem: Problem) -> Problem {
    if problem.faults().is_empty() {
        return problem;
    }
    let moved = |fault: &Fault| Fault { pointer: format!("/{}{}", PATCH.name, fault.pointer), ..fault.clone() };
    Problem::of_faults(problem.code(), problem.faults().iter().map(moved).collect())
}
