//! A district to play with: the seven units of the source text, eighteen compounds and seven villages with
//! their gates, staff of every role, some six hundred households with surely-fake documents, a fortnight of
//! screenings, observation at home, what stores report, two survey rounds from door to door, partners and disposal points
//! of the compounds, restaurants and the banquets they called off, and the education bureau's line of the bulletin. All of it goes the public way, as the staff's own records; the same seed makes the same, and a
//! second run changes nothing.

mod bureau;
mod care;
mod cast;
mod chance;
mod cooperative;
mod households;
mod justice;
mod passages;
mod people;
mod relief_goods;
mod reporting;
mod rounds;
mod supervision;
mod supply;
mod timeline;
mod venues;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use futures_util::future::join_all;
use kit::columns;
use kit::etag::IfMatch;
use kit::problem::Problem;
use kit::statement::Statement;
use kit::tree::Tree;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use self::cast::Member;
use self::chance::Chance;
use self::timeline::{Work, timeline};
use crate::platform::access::accounts::of_user;
use crate::platform::access::roles::{Actor, Grant};
use crate::platform::audit::AuditEntry;
use crate::platform::core::Core;
use crate::records::Kind;
use crate::records::amend::amend;
use crate::records::create::{API, Created, create_all};
use crate::rooms::accounts::users::{NewUser, add};
use crate::rooms::duties::look_after;
use crate::rooms::households::{close_round, start_round};

columns! {
    ID "id": Uuid;
}

/// Households at scale 1.
const HOUSEHOLDS: usize = 600;
/// Records handed to the ledger at once.
const CHUNK: usize = 256;
/// Amendments written side by side.
const AT_ONCE: usize = 4;

/// Size, seed and last day of the demo that is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Demo {
    /// So many times the households and passages of one district.
    pub scale: usize,
    /// The same seed makes the same.
    pub seed: u64,
    /// The last day that is told.
    pub until_on: NaiveDate,
}

/// Numbers of records made, and the accounts.
#[derive(Clone, Debug, Default)]
pub struct Made {
    /// New records by kind.
    pub created: BTreeMap<&'static str, u64>,
    /// Records that were there already.
    pub same: u64,
    /// New accounts with their one-time passwords.
    pub accounts: Vec<(String, String)>,
}

/// Makes the district. `progress` hears how many records of how many are done.
pub async fn make(core: &Core, demo: Demo, progress: impl Fn(u64, u64)) -> Result<Made, Problem> {
    let homes = cast::homes(demo.seed);
    let residents = people::residents(demo.seed, HOUSEHOLDS * demo.scale, &homes);
    let mut made = Made::default();
    let actors = staff(core, demo.seed, &mut made).await?;
    let accounts = actors.iter().map(|(username, actor)| (username.clone(), actor.user_id)).collect();
    let mut days = timeline(&demo, &residents, &homes, &accounts);
    let total: usize = days.iter().flat_map(|moment| &moment.steps).map(|step| step.work.len()).sum();
    let began = core.clock.now();
    let mut done = 0;
    let command = actors.get("demo.command").ok_or_else(|| Problem::internal("the demo has no command"))?;
    let result = async {
        for moment in days.drain(..) {
            // Duties expected on those days, and those missed, the service writes itself: it lives through them.
            core.clock.shift(moment.at - core.clock.now());
            for step in moment.steps {
                let actor = step.by.and_then(|by| actors.get(&by)).unwrap_or(command);
                for work in step.work.pieces() {
                    done += work.len() as u64;
                    made.take(work, core, actor).await?;
                    progress(done, total as u64);
                }
            }
            look_after(core).await?;
        }
        Ok::<(), Problem>(())
    };
    let result = result.await;
    core.clock.shift(began - core.clock.now());
    result.map(|()| made)
}

impl Made {
    /// Does a piece of work as an account, and counts what came of it.
    async fn take(&mut self, work: Work, core: &Core, actor: &Actor) -> Result<(), Problem> {
        match work {
            Work::Records(kind, bodies) => {
                let (created, same) = post(core, actor, kind, &bodies).await?;
                *self.created.entry(kind).or_default() += created;
                self.same += same;
                Ok(())
            }
            Work::Amendments(kind, patches) => patch(core, actor, kind, &patches).await,
            Work::Start(round_id) => start_round(core, actor, round_id).await,
            Work::Close(round_id) => close_round(core, actor, round_id).await,
        }
    }
}

fn kind(core: &Core, name: &'static str) -> Result<&'static Kind, Problem> {
    core.kinds().kind(name).ok_or_else(|| Problem::internal(format!("no kind {name}")))
}

async fn post(core: &Core, actor: &Actor, name: &'static str, bodies: &[Json]) -> Result<(u64, u64), Problem> {
    let trees: Vec<Tree> = bodies.iter().map(Tree::from_json).collect();
    let (mut created, mut same) = (0, 0);
    for outcome in create_all(core, actor, kind(core, name)?, &trees, API, None).await? {
        match outcome? {
            Created::New(_) => created += 1,
            Created::Same(_) | Created::Known(..) => same += 1,
        }
    }
    Ok((created, same))
}

/// Amends records, a few at a time: each takes a connection. What stands already makes no revision.
async fn patch(core: &Core, actor: &Actor, name: &'static str, patches: &[(Uuid, Json)]) -> Result<(), Problem> {
    let kind = kind(core, name)?;
    for few in patches.chunks(AT_ONCE) {
        let amended = join_all(few.iter().map(async |(id, patch)| {
            amend(core, actor, kind, *id, &IfMatch::Any, &Tree::from_json(patch), None).await.map(drop)
        }));
        amended.await.into_iter().collect::<Result<(), Problem>>()?;
    }
    Ok(())
}

/// The accounts; those that are there already keep their passwords.
async fn staff(core: &Core, seed: u64, made: &mut Made) -> Result<BTreeMap<String, Actor>, Problem> {
    let mut actors = BTreeMap::new();
    for (index, member) in cast::staff(seed).into_iter().enumerate() {
        let known = Statement::new("SELECT id FROM users WHERE lower(username) = ").text(&member.username);
        let known = core.database.read(&known).await?.into_iter().next().and_then(|mut row| row.get(&ID));
        let id = known.unwrap_or_else(|| Chance::of(seed, "user", index).id());
        if known.is_none() {
            let password = add(core, &account(id, &member), audit_entry(id, &member)).await?;
            made.accounts.push((member.username.clone(), password));
        }
        if let Some(actor) = of_user(core, id).await? {
            actors.insert(member.username, actor);
        }
    }
    Ok(actors)
}

fn account(id: uuid::Uuid, member: &Member) -> NewUser {
    NewUser {
        id,
        username: member.username.clone(),
        display_name: member.display_name.clone(),
        phone: None,
        org_id: None,
        grants: vec![Grant { role: member.role, area_code: member.area_code.clone(), org_id: member.org_id }],
    }
}

fn audit_entry(id: uuid::Uuid, member: &Member) -> AuditEntry {
    AuditEntry {
        actor_id: None,
        area_code: Some(member.area_code.clone()),
        verb: "user.create",
        subject_kind: "users",
        subject_id: Some(id),
        request_id: None,
        address: None,
        details: json!({"by": "demo", "role": member.role.code(), "area_code": member.area_code}),
    }
}
