//! Where a phone stands: a cursor that remembers the number, the chain at that number, and the grants
//! by which its slice was cut.

use kit::catalogue::Code;
use kit::cursor;
use kit::problem::Problem;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::exchange::changes::chain_at;
use crate::exchange::codes::RESYNC_REQUIRED;
use crate::platform::access::roles::{Actor, Grant, Role};
use crate::platform::core::Core;

/// A phone's place in its slice of a district.
#[derive(Clone, Debug)]
pub struct Place {
    /// The district.
    pub district_code: String,
    /// All up to this number was given.
    pub number: i64,
    /// The grants by which it was given, whole.
    pub grants: Vec<Grant>,
    /// While the slice is being changed.
    pub change: Option<Change>,
}

/// A slice that is being changed.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Grants of the new slice.
    pub to: Vec<Grant>,
    /// Grants by which something was given on the way, when it was to become another slice.
    pub passed: Vec<Grant>,
    /// Number up to which it was done.
    pub done: i64,
}

impl Place {
    /// Before anything was given.
    pub fn begin(district_code: String, actor: &Actor) -> Self {
        Self { district_code, number: 0, grants: actor.grants.clone(), change: None }
    }

    /// The cursor of this place.
    pub async fn seal(&self, core: &Core, user_id: Uuid) -> Result<String, Problem> {
        let chain = chain_at(core, &self.district_code, self.number).await?.unwrap_or_default();
        let change =
            self.change.as_ref().map(|change| json!([stored(&change.to), stored(&change.passed), change.done]));
        let position =
            json!({"d": self.district_code, "n": self.number, "c": chain, "g": stored(&self.grants), "s": change})
                .to_string();
        Ok(cursor::seal(&*core.keys.cursor, &binding(user_id), &position))
    }

    /// The place of a cursor. 410 where the ledger isn't the one any more that gave it.
    pub async fn open(core: &Core, user_id: Uuid, text: &str) -> Result<Self, Problem> {
        let position = cursor::open(&*core.keys.cursor, &binding(user_id), text)?;
        let json: Json = serde_json::from_str(&position).map_err(|_| Problem::new(Code::BAD_CURSOR))?;
        let place = Self {
            district_code: json.get("d").and_then(Json::as_str).unwrap_or_default().to_owned(),
            number: json.get("n").and_then(Json::as_i64).unwrap_or_default(),
            grants: grants(json.get("g")),
            change: json.get("s").filter(|change| !change.is_null()).map(|change| Change {
                to: grants(change.get(0)),
                passed: grants(change.get(1)),
                done: change.get(2).and_then(Json::as_i64).unwrap_or_default(),
            }),
        };
        let chain = chain_at(core, &place.district_code, place.number).await?;
        if chain.as_deref() == json.get("c").and_then(Json::as_str) { Ok(place) } else { Err(RESYNC_REQUIRED.into()) }
    }

    /// Notes which slice the caller has now; begins a change where it is another one, and begins it anew
    /// where it becomes yet another one on the way.
    pub fn notice(&mut self, actor: &Actor) {
        match &mut self.change {
            None if is_same(&self.grants, &actor.grants) => {}
            None => self.change = Some(Change { to: actor.grants.clone(), ..Change::default() }),
            Some(change) if is_same(&change.to, &actor.grants) => {}
            Some(change) => {
                // Half of the former slice was revoked on the way: none of it is surely there any more.
                change.passed.append(&mut self.grants);
                change.passed.append(&mut change.to);
                change.to = actor.grants.clone();
                change.done = 0;
            }
        }
    }

    /// The change went up to a number; it is whole where that is the newest one.
    pub fn changed_up_to(&mut self, number: i64, head: i64) {
        let Some(change) = &mut self.change else { return };
        change.done = number;
        if number >= head {
            self.grants = std::mem::take(&mut change.to);
            self.change = None;
        }
    }
}

fn is_same(one: &[Grant], other: &[Grant]) -> bool {
    one.iter().all(|grant| other.contains(grant)) && other.iter().all(|grant| one.contains(grant))
}

fn stored(grants: &[Grant]) -> Vec<Json> {
    grants.iter().map(|grant| json!([grant.role.code(), grant.area_code, grant.org_id])).collect()
}

fn grants(json: Option<&Json>) -> Vec<Grant> {
    json.and_then(Json::as_array).into_iter().flatten().filter_map(grant).collect()
}

fn binding(user_id: Uuid) -> String {
    format!("pull|{user_id}")
}

fn grant(json: &Json) -> Option<Grant> {
    let text = |index: usize| json.get(index).and_then(Json::as_str);
    Some(Grant {
        role: Role::of_code(text(0)?)?,
        area_code: text(1)?.to_owned(),
        org_id: text(2).and_then(|id| id.parse().ok()),
    })
}
