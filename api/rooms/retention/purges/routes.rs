//! The operations on purges.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::http::{Method, StatusCode};
use chrono::NaiveDate;
use kit::check::check_object;
use kit::faults::Faults;
use kit::ids::new_id;
use kit::problem::Problem;
use kit::tree::Tree;
use serde_json::json;
use uuid::Uuid;

use super::wire::{
    BEFORE_ON, KIND, Look, NEW, NEW_PURGE, Purge, PurgePlan, REASON, VALIDATE_ONLY, example, example_of_order,
    example_of_plan,
};
use crate::integrity::purge::{self, Certificate, Order};
use crate::platform::access::Role;
use crate::platform::audit::AUDITORS;
use crate::platform::codes::{DISTRICT_REQUIRED, NOT_FOUND};
use crate::platform::http::page::{CURSOR, LIMIT, Page};
use crate::platform::http::{Access, Answer, Call, Operation, page};
use crate::platform::leases;
use crate::records::Kind;
use crate::records::codes::{IDEMPOTENCY_KEY_REUSED, OUT_OF_AREA, PURGE_UNDER_WAY};
use crate::records::idempotency::{Key, REPLAYED};
use crate::rooms::retention::codes::NO_PERSONAL_DATA;
use crate::rooms::retention::worker;

/// Roles that order a purge: of a whole district.
const ORDERERS: &[Role] = &[Role::DistrictAdmin];
const TAG: &str = "purges";

/// The operations of this room.
pub fn operations() -> Vec<Operation> {
    vec![
        Operation::new(Method::POST, "/v1/purges", "create_purge", post)
            .described(TAG, "Order a purge", "What records of a kind that happened before a day say of people is erased, also in former revisions, held items, conflicts, refused rows and attachments; records, numbers and figures stay, and the ledger proves whole. Nothing younger than 30 days, and nothing that a younger record names. By the command of the whole district, one of a kind at a time; carried out by a worker: look at `Location`. With `validate_only` it is only said what would be purged.")
            .access(Access::Roles(ORDERERS))
            .takes(NEW_PURGE, example_of_order())
            .headers(&["Idempotency-Key"])
            .answers::<PurgePlan>(200, "What would be purged; nothing was written.", Some(example_of_plan()))
            .answers::<Purge>(202, "Ordered; look at `Location`.", Some(example()))
            .with_headers(&["Location", "Idempotency-Replayed"])
            .problems(&[DISTRICT_REQUIRED, OUT_OF_AREA, PURGE_UNDER_WAY, IDEMPOTENCY_KEY_REUSED]),
        Operation::new(Method::GET, "/v1/purges", "list_purges", list)
            .described(TAG, "List purges", "With their certificates, the newest first: those ordered here, those of policies, and those at the command line.")
            .access(Access::Roles(AUDITORS))
            .parameters(vec![&LIMIT, &CURSOR])
            .answers::<Page<Purge>>(200, "A page.", Some(json!({"items": [example()], "next_cursor": null})))
            .with_headers(&["Link"]),
        Operation::new(Method::GET, "/v1/purges/{id}", "get_purge", get)
            .described(TAG, "Get a purge", "How it stands; its certificate once it is done. Out of reach answers like absent.")
            .access(Access::Roles(AUDITORS))
            .answers::<Purge>(200, "The purge.", Some(example())),
    ]
}

/// An order as it was checked.
struct Asked {
    kind: &'static Kind,
    before_on: NaiveDate,
    reason: String,
    district_code: String,
    validate_only: bool,
}

impl Asked {
    /// Checks an order; all faults at once, then whether the caller answers for the whole district.
    fn of(call: &Call, tree: &Tree) -> Result<Self, Problem> {
        let (core, actor, mut faults) = (&call.core, call.actor()?, Faults::default());
        let form = check_object(&NEW.iter().collect::<Vec<_>>(), tree, "", &mut faults);
        let kind = form.get(&KIND).and_then(|name| core.kinds().kind(name)).filter(|kind| kind.has_personal_data());
        if form.get(&KIND).is_some() && kind.is_none() {
            faults.add(KIND.pointer(), NO_PERSONAL_DATA);
        }
        if let Some(before_on) = form.get(&BEFORE_ON) {
            purge::check_day(core, before_on, &mut faults);
        }
        faults.finish()?;
        let district_code = page::district(actor, &form)?.filter(|code| actor.reaches(ORDERERS, code, None));
        Ok(Self {
            kind: kind.ok_or_else(|| Problem::internal("a checked order has no kind"))?,
            before_on: form.required(&BEFORE_ON)?,
            reason: form.required(&REASON)?.to_owned(),
            district_code: district_code.ok_or(OUT_OF_AREA)?,
            validate_only: form.get(&VALIDATE_ONLY).unwrap_or_default(),
        })
    }

    /// Tells what would be purged.
    async fn foretold(&self, call: &Call) -> Answer {
        let (core, kind) = (&call.core, self.kind);
        let before_at = purge::before_at(core, self.before_on)?;
        let plan = purge::foretell(core, &self.district_code, kind, before_at).await?;
        let shown =
            PurgePlan::shown(plan, (&self.district_code, kind.name, self.before_on), look(call, kind.name, true)?);
        Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(shown))
    }

    /// Writes the order down.
    async fn order(self, call: &Call, key: Option<&Key>) -> Result<Uuid, Problem> {
        let (core, id, district_code) = (&call.core, new_id(), self.district_code);
        let details = json!({"kind": self.kind.name, "before_on": self.before_on, "reason": self.reason});
        let mut audit_entry = call.audit_entry("purge.order", "purges", Some(id), details);
        audit_entry.area_code = Some(district_code.clone());
        let answered = key.map(|key| key.keep(core, &district_code, "purges", id, 202));
        let by = Some(call.actor()?.user_id);
        let order = Order { kind: self.kind, before_on: self.before_on, reason: self.reason, by, policy_id: None };
        purge::order(core, &district_code, (id, &order), answered, audit_entry).await.map(|()| id)
    }
}

async fn post(call: Call) -> Answer {
    let tree = call.tree().await?;
    let key = Key::of_call(&call, &tree)?;
    if let Some(answered) = replayed(&call, key.as_ref()).await? {
        return Ok(answered);
    }
    let asked = Asked::of(&call, &tree)?;
    if asked.validate_only {
        return asked.foretold(&call).await;
    }
    match asked.order(&call, key.as_ref()).await {
        Ok(id) => accepted(&call, id, false).await,
        // The same request may have been quicker.
        Err(problem) => replayed(&call, key.as_ref()).await?.ok_or(problem),
    }
}

/// The answer to a request that was answered before.
async fn replayed(call: &Call, key: Option<&Key>) -> Result<Option<HttpResponse>, Problem> {
    let Some(key) = key else { return Ok(None) };
    match key.made(&call.core, call.actor()?).await? {
        Some(id) => accepted(call, id, true).await.map(Some),
        None => Ok(None),
    }
}

async fn accepted(call: &Call, id: Uuid, is_replayed: bool) -> Answer {
    let shown = shown(call, find(call, id).await?, is_at_hand(call).await?)?;
    let mut response = HttpResponse::build(StatusCode::ACCEPTED);
    response.insert_header((LOCATION, format!("/v1/purges/{id}"))).insert_header((CACHE_CONTROL, "no-store"));
    if is_replayed {
        response.insert_header((REPLAYED.clone(), "true"));
    }
    Ok(response.json(shown))
}

async fn get(call: Call) -> Answer {
    let found = find(&call, call.path_id()?).await?;
    let shown = shown(&call, found, is_at_hand(&call).await?)?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(shown))
}

async fn list(call: Call) -> Answer {
    let binding = format!("purges|{}", call.actor()?.user_id);
    let after = page::position(&call, &binding)?.and_then(|text| text.parse::<Uuid>().ok());
    let mut found = Vec::new();
    for district_code in reached(&call)? {
        found.extend(purge::certificates(&call.core, district_code, after, page::limit(&call) + 1).await?);
    }
    found.sort_by_key(|one| std::cmp::Reverse(one.id));
    let is_at_hand = is_at_hand(&call).await?;
    let purges: Result<Vec<(Uuid, Purge)>, Problem> =
        found.into_iter().map(|one| Ok((one.id, shown(&call, one, is_at_hand)?))).collect();
    Ok(page::answer(&call, &binding, purges?, |(id, _)| id.to_string(), |(_, purge)| purge))
}

/// Districts of which the caller sees purges: those of which he sees all.
fn reached(call: &Call) -> Result<impl Iterator<Item = &String>, Problem> {
    let actor = call.actor()?;
    Ok(actor.districts.iter().filter(|code| actor.reaches(AUDITORS, code, None)))
}

async fn find(call: &Call, id: Uuid) -> Result<Certificate, Problem> {
    for district_code in reached(call)? {
        if let Some(found) = purge::certificate(&call.core, district_code, id).await? {
            return Ok(found);
        }
    }
    Err(NOT_FOUND.into())
}

/// Whether some process is there that carries orders out.
async fn is_at_hand(call: &Call) -> Result<bool, Problem> {
    leases::is_held(&call.core, worker::NAME).await
}

fn shown(call: &Call, one: Certificate, is_at_hand: bool) -> Result<Purge, Problem> {
    let look = look(call, &one.kind, is_at_hand)?;
    Ok(Purge::shown(one, look))
}

/// The caller as a reader of a purge: told no figures of a closed room whose records he doesn't read.
fn look(call: &Call, kind: &str, is_carried_out: bool) -> Result<Look, Problem> {
    let (core, actor) = (&call.core, call.actor()?);
    let tells_figures = core.kinds().kind(kind).is_none_or(|kind| !kind.closed || actor.holds(kind.readers));
    Ok(Look { zone: core.zone, tells_figures, is_carried_out })
}
