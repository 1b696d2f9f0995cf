//! Telling one endpoint what it wasn't told yet: letter after letter, in the order of the feed, until nothing is left or one
//! isn't taken. The owner's rights are looked at all the while; what was read under others is read anew.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::NaiveDate;
use kit::problem::Problem;
use uuid::Uuid;

use super::delivery::{self, RIGHTS_ENDED};
use super::endpoint::{Endpoint, Mark, Position, Replay, WebhookOp, WebhookState};
use super::event::{Letter, Told, letter};
use super::worker::NAME;
use super::{owner, store};
use crate::exchange::changes::{self, Part, Window};
use crate::platform::access::roles::{Actor, Below, Grant};
use crate::platform::core::Core;
use crate::platform::leases::take_lease;

/// How long a lease is believed before it is renewed.
const RENEWED: Duration = Duration::from_secs(15);
/// How long rights are believed.
const BELIEVED: Duration = Duration::from_secs(2);
/// Changes that are read at once.
const PAGE: i64 = 200;

/// Part of the feed that was read for an endpoint and isn't told yet.
struct Lane {
    told: VecDeque<Told>,
    /// Number up to which the part reaches.
    until: i64,
    /// Whether there is nothing behind it.
    is_last: bool,
    position: Position,
}

/// All that decides what an owner may see.
#[derive(PartialEq)]
struct Sight {
    grants: Vec<Grant>,
    below: Below,
    supervises: bool,
    today: NaiveDate,
}

impl Sight {
    fn of(actor: &Actor) -> Self {
        Self {
            grants: actor.grants.clone(),
            below: Arc::clone(&actor.below),
            supervises: actor.supervises,
            today: actor.today,
        }
    }
}

/// Tells an endpoint all that it wasn't told yet, one letter after the other.
struct Run<'a> {
    core: &'a Core,
    endpoint: Endpoint,
    actor: Arc<Actor>,
    looked_at: Instant,
    live: Option<Lane>,
    again: Option<Lane>,
}

/// Outcome of a step.
#[derive(PartialEq)]
enum Step {
    Told,
    Nothing,
    Failed,
}

/// Tells an endpoint all that it wasn't told yet, if its lease is this holder's.
pub async fn tell(core: &Core, holder: Uuid, district_code: &str, id: Uuid) -> Result<(), Problem> {
    let lease = format!("{NAME}:{id}");
    let mut renewed: Option<Instant> = None;
    'anew: loop {
        let Some(mut endpoint) = store::load(core, district_code, id).await? else { return Ok(()) };
        if !matches!(endpoint.state, WebhookState::Active | WebhookState::Failing) {
            return Ok(());
        }
        let Some(actor) = owner::rights(core, &endpoint).await? else {
            return delivery::end(core, &mut endpoint, RIGHTS_ENDED).await;
        };
        let mut run = Run { core, endpoint, actor, looked_at: Instant::now(), live: None, again: None };
        loop {
            if core.ledger.heads().is_closing() {
                return Ok(());
            }
            if renewed.is_none_or(|at| at.elapsed() > RENEWED) {
                if !take_lease(core, &lease, holder).await? {
                    return Ok(());
                }
                // Another process may have told something before the lease was ours.
                if renewed.replace(Instant::now()).is_none() {
                    continue 'anew;
                }
            }
            if !run.still_has_rights().await? {
                return delivery::end(core, &mut run.endpoint, RIGHTS_ENDED).await;
            }
            let (live, again) = (run.live().await?, run.again().await?);
            match (live, again) {
                (Some(Step::Failed), _) | (_, Some(Step::Failed)) => return Ok(()),
                (Some(Step::Nothing), Some(Step::Nothing)) => return Ok(()),
                (Some(_), Some(_)) => {}
                // Somebody set something meanwhile.
                (None, _) | (_, None) => continue 'anew,
            }
        }
    }
}

impl Run<'_> {
    /// Looks at the owner's rights again; what was read under others is read anew.
    async fn still_has_rights(&mut self) -> Result<bool, Problem> {
        if self.looked_at.elapsed() < BELIEVED {
            return Ok(true);
        }
        let Some(actor) = owner::rights(self.core, &self.endpoint).await? else { return Ok(false) };
        if Sight::of(&actor) != Sight::of(&self.actor) {
            (self.live, self.again) = (None, None);
        }
        (self.actor, self.looked_at) = (actor, Instant::now());
        Ok(true)
    }

    /// Tells the next of what is new; none where somebody set something meanwhile.
    async fn live(&mut self) -> Result<Option<Step>, Problem> {
        let lane = match self.live.take() {
            Some(lane) => lane,
            None => self.read(self.endpoint.position(), None).await?,
        };
        if lane.told.is_empty() {
            return self.pass_by(lane).await;
        }
        let flight = self.endpoint.progress.flight.clone();
        let is_batch = self.endpoint.settings.batch > 1;
        let until = flight
            .as_ref()
            .filter(|flight| is_batch && lane.told.front().is_some_and(|one| Mark::of(&one.change) <= **flight));
        let Some(letter) = letter(self.core, &self.endpoint, &lane.told, until)? else {
            return Ok(Some(Step::Nothing));
        };
        if is_batch && until.is_none() {
            // Sent again after a failure, or by another process, it must have the same extent under the same id.
            let last = letter.taken.checked_sub(1).and_then(|last| lane.told.get(last));
            self.endpoint.progress.flight = last.map(|last| Mark::of(&last.change));
            if !store::note(self.core, &self.endpoint, None, Vec::new()).await? {
                return Ok(None);
            }
        }
        self.send(lane, letter, |run, position| {
            run.endpoint.progress.flight = None;
            run.endpoint.cursor_no = position.cursor;
            run.endpoint.progress.within = position.within;
        })
        .await
        .map(|(step, lane)| {
            self.live = lane;
            step
        })
    }

    /// Moves on where nothing of what was read is told.
    async fn pass_by(&mut self, lane: Lane) -> Result<Option<Step>, Problem> {
        let step = if lane.is_last { Step::Nothing } else { Step::Told };
        if lane.until > self.endpoint.cursor_no {
            (self.endpoint.cursor_no, self.endpoint.progress.within) = (lane.until, None);
            if !store::note(self.core, &self.endpoint, None, Vec::new()).await? {
                return Ok(None);
            }
        }
        Ok(Some(step))
    }

    /// Tells the next of what is sent again.
    async fn again(&mut self) -> Result<Option<Step>, Problem> {
        let Some(replay) = self.endpoint.replay.clone() else { return Ok(Some(Step::Nothing)) };
        let lane = match self.again.take() {
            Some(lane) => lane,
            None => self.read(replay.position, Some(replay.until)).await?,
        };
        let until = replay.until;
        let moved = move |position: Position| (position.cursor < until).then_some(Replay { position, until });
        if lane.told.is_empty() {
            self.endpoint.replay = moved(Position { cursor: lane.until, within: None });
            let is_noted = store::note(self.core, &self.endpoint, None, Vec::new()).await?;
            return Ok(is_noted.then_some(Step::Told));
        }
        let Some(letter) = letter(self.core, &self.endpoint, &lane.told, None)? else { return Ok(Some(Step::Nothing)) };
        self.send(lane, letter, move |run, position| run.endpoint.replay = moved(position)).await.map(|(step, lane)| {
            self.again = lane;
            step
        })
    }

    /// Reads the next part of the feed, as the owner sees it now.
    async fn read(&self, position: Position, until: Option<i64>) -> Result<Lane, Problem> {
        let (core, endpoint, actor) = (self.core, &self.endpoint, &*self.actor);
        let kinds = owner::kinds(core, actor, endpoint);
        let window = Window {
            slice: false,
            district_code: endpoint.district_code.clone(),
            since: position.cursor,
            area_code: endpoint.settings.area_code.clone(),
            limit: PAGE,
        };
        let page = changes::page(core, actor, &kinds, &window, &Part::FEED).await?;
        let is_asked = |operation: &str| {
            endpoint
                .settings
                .ops
                .as_ref()
                .is_none_or(|ops| ops.iter().map(|op: &WebhookOp| op.code()).any(|op| op == operation))
        };
        let mut told = VecDeque::new();
        for change in page.items {
            let is_given = position.within.as_ref().is_some_and(|within| Mark::of(&change) <= *within);
            if is_given || !is_asked(change.operation) || until.is_some_and(|until| change.number > until) {
                continue;
            }
            told.push_back(Told::of(core, &endpoint.district_code, change).await?);
        }
        let reached = until.map_or(page.next, |until| page.next.min(until));
        Ok(Lane { told, until: reached, is_last: page.next >= page.head, position })
    }

    /// Sends a letter and notes what became of it; `moved` says where the endpoint then stands. Gives back what is left.
    async fn send(
        &mut self,
        mut lane: Lane,
        letter: Letter,
        moved: impl Fn(&mut Self, Position),
    ) -> Result<(Option<Step>, Option<Lane>), Problem> {
        let attempt = delivery::send(self.core, &self.endpoint, &letter).await?;
        if attempt.reason.is_some() {
            delivery::failed(self.core, &mut self.endpoint, &letter, &attempt).await?;
            return Ok((Some(Step::Failed), None));
        }
        let sent: Vec<Told> = lane.told.drain(..letter.taken.min(lane.told.len())).collect();
        let last = sent.last().map(|last| Mark::of(&last.change));
        lane.position = match (last, lane.told.front()) {
            (Some(last), Some(next)) if next.change.number == last.number => {
                Position { cursor: lane.position.cursor.max(last.number - 1), within: Some(last) }
            }
            (Some(last), Some(_)) => Position { cursor: last.number, within: None },
            (_, _) => Position { cursor: lane.until, within: None },
        };
        moved(self, lane.position.clone());
        if !delivery::taken(self.core, &mut self.endpoint, &letter, &attempt).await? {
            return Ok((None, None));
        }
        let is_left = !lane.told.is_empty();
        Ok((Some(Step::Told), is_left.then_some(lane)))
    }
}
