//! Setting a group up: its households come into it and its leader is named, all of it or nothing.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, ETAG};
use kit::catalogue::Code;
use kit::etag;
use kit::faults::Faults;
use kit::problem::Problem;
use kit::value::Values;
use ledger::AppendError;
use serde_json::json;
use uuid::Uuid;

use super::decider::{self, FULL};
use super::{ACTIVE, HOUSEHOLD_GROUPS, LEADER_PERSON_ID, LEADER_USER_ID};
use crate::platform::access::accounts;
use crate::platform::access::keys::KeyScope;
use crate::platform::http::schema::{form, reference};
use crate::platform::http::{Access, Answer, Call, Operation};
use crate::records::act::{ACT_PROBLEMS, Asked, asked};
use crate::records::change::{Changes, receive};
use crate::records::codes::{OUT_OF_AREA, UNKNOWN_REFERENCE};
use crate::records::create::TRIES;
use crate::records::gate::find_standing;
use crate::records::idempotency::Key;
use crate::records::{Record, document, read, view};
use crate::rooms::households::codes::{HOUSEHOLD_ELSEWHERE, HOUSEHOLD_NOT_ACTIVE, IN_ANOTHER_GROUP};
use crate::rooms::households::households::{HOUSEHOLD_GROUP_ID, HOUSEHOLDS, is_active};
use crate::rooms::registers::PEOPLE;

/// Fields of a set-up; the leader's are called as those of the group are.
mod wanted {
    use kit::field::{Field, Shape};
    use kit::fields;
    use kit::text::Text;
    use uuid::Uuid;

    fields! {
        /// The form of a set-up.
        pub(super) static SET_UP;
        HOUSEHOLD_IDS: Vec<Uuid> = Field::new("household_ids", Shape::List { of: &Shape::Id, max: 50 }, Text::new("Households", "住户"), "Households that come into the group, beside those that are in it.").required().not_empty();
        LEADER_PERSON_ID: Uuid = Field::new("leader_person_id", Shape::Id, Text::new("Leader", "负责人(联户长)"), "A member of one of its households.").required();
        LEADER_USER_ID: Uuid = Field::new("leader_user_id", Shape::Account, Text::new("Leader's account", "负责人账号"), "The leader's account, if there is one.");
    }
}

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    let household = "0198c0de-0041-7000-8000-000000000001";
    let example = json!({"household_ids": [household], "leader_person_id": "0198c0de-0003-7000-8000-000000000001"});
    vec![
        Operation::new(Method::POST, "/v1/household-groups/{id}:set-up", "set_up_household_group", set_up)
            .described("household_groups", "Set a group up", "Its households come into it and its leader is named, in one write: all of it or nothing. What is in the way is told all at once: a household of another area or group, more than the policy allows, a leader who lives in none of them. Once more is no fault.")
            .access(Access::Roles(HOUSEHOLD_GROUPS.writers))
            .keys(KeyScope::Write)
            .body(form(wanted::SET_UP), example)
            .answers_with(200, "The group.", Some(reference(HOUSEHOLD_GROUPS.schema)), Some(document::example_served(&HOUSEHOLD_GROUPS)))
            .with_headers(&["ETag", "Location", "Idempotency-Replayed"])
            .headers(&["Idempotency-Key"])
            .problems(ACT_PROBLEMS),
    ]
}

async fn set_up(call: Call) -> Answer {
    let Asked { form, key } = match asked(&call, &HOUSEHOLD_GROUPS, wanted::SET_UP).await? {
        Ok(asked) => asked,
        Err(answered) => return Ok(answered),
    };
    for _ in 0..TRIES {
        let group = find_standing(&call.core, call.actor()?, &HOUSEHOLD_GROUPS, call.path_id()?).await?;
        require_reach(&call, &group)?;
        let next = Next::of(&call, group, &form).await?;
        if let Some(group) = next.write(&call, key.as_ref()).await? {
            let body = view::record(&call.core, &HOUSEHOLD_GROUPS, &group, call.language);
            let tag = etag::of_revision(group.envelope.revision);
            return Ok(HttpResponse::Ok()
                .insert_header((ETAG, tag))
                .insert_header((CACHE_CONTROL, "no-store"))
                .json(body));
        }
    }
    Err(Code::WRITE_CONFLICT.into())
}

fn require_reach(call: &Call, group: &Record) -> Result<(), Problem> {
    let may = call.actor()?.reaches(HOUSEHOLD_GROUPS.writers, &group.envelope.area_code, group.envelope.org_id);
    if may { Ok(()) } else { Err(OUT_OF_AREA.into()) }
}

/// Group and households as they are to be.
struct Next {
    group: Record,
    led: Record,
    /// Households that come in: their place in the form, as they are and as they are to be.
    joining: Vec<(usize, Record, Record)>,
}

impl Next {
    /// The group as the form makes it, or everything that is in the way of it.
    async fn of(call: &Call, group: Record, form: &Values) -> Result<Self, Problem> {
        let mut faults = Faults::default();
        let joining = joining(call, &group, form, &mut faults).await?;
        let led = led(call, &group, form, &mut faults).await?;
        let next = Self { group, led, joining };
        next.judge(call, &mut faults).await?;
        faults.finish()?;
        Ok(next)
    }

    /// Asks the rules of groups before the lock, so that all faults are told at once. Under it they are asked again.
    async fn judge(&self, call: &Call, faults: &mut Faults) -> Result<(), Problem> {
        let district_code = &self.group.envelope.district_code;
        let write_context = call.core.write_context(call.core.clock.now(), district_code);
        let append = self.changes(call, None)?.into_append(&write_context)?;
        for (id, fault) in decider::foresee(&call.core, &write_context, &append.claims).await? {
            let place =
                self.joining.iter().find(|(_, household, _)| household.envelope.id == id).map(|(index, ..)| *index);
            let pointer = place.map_or(wanted::LEADER_PERSON_ID.pointer(), |index| {
                format!("{}/{index}", wanted::HOUSEHOLD_IDS.pointer())
            });
            if !faults.touches(&pointer) {
                faults.add_with(pointer, fault.code, fault.values);
            }
        }
        Ok(())
    }

    /// The changes: first the households, so that a leader who lives in one of them is found there.
    fn changes(&self, call: &Call, key: Option<&Key>) -> Result<Changes, Problem> {
        let by = call.actor()?.user_id;
        let mut changes = Changes::default();
        let revised = |next: &Record| {
            let mut next = next.clone();
            next.envelope.revision += 1;
            (next.envelope.revised_by, next.envelope.device_id) = (by, None);
            next
        };
        for (_, former, next) in &self.joining {
            changes.next_number();
            changes.put(&HOUSEHOLDS, Some(former.clone()), revised(next));
        }
        if self.is_led_anew() {
            changes.next_number();
            changes.put(&HOUSEHOLD_GROUPS, Some(self.group.clone()), revised(&self.led));
        }
        if let Some(key) = key.filter(|_| !changes.is_empty()) {
            let revision = self.group.envelope.revision + i64::from(self.is_led_anew());
            changes.keep(key.answer(HOUSEHOLD_GROUPS.name, self.group.envelope.id, revision, 200));
        }
        Ok(changes)
    }

    fn is_led_anew(&self) -> bool {
        self.led.values != self.group.values
    }

    /// Writes it: the group as it stands then. None where somebody else came in between.
    async fn write(self, call: &Call, key: Option<&Key>) -> Result<Option<Record>, Problem> {
        let changes = self.changes(call, key)?;
        if changes.is_empty() {
            return Ok(Some(self.group));
        }
        let number = changes.number_of(&HOUSEHOLD_GROUPS, self.group.envelope.id);
        let write_context = call.core.write_context(call.core.clock.now(), &self.group.envelope.district_code);
        match call.core.ledger.append(changes.into_append(&write_context)?).await {
            Ok(receipt) => Ok(Some(match number {
                Some(number) => {
                    let mut written = self.led;
                    written.envelope.revision += 1;
                    written.envelope.revised_by = call.actor()?.user_id;
                    receive(&mut written, receipt, number);
                    written
                }
                None => self.group,
            })),
            // Somebody took the last place, or the leader moved out: told with all else that is in the way now.
            Err(AppendError::Conflict(_) | AppendError::Refused(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// The households of the form that aren't in the group yet, each once.
async fn joining(
    call: &Call,
    group: &Record,
    form: &Values,
    faults: &mut Faults,
) -> Result<Vec<(usize, Record, Record)>, Problem> {
    let (core, actor) = (&call.core, call.actor()?);
    let ids: Vec<Uuid> = form.list(&wanted::HOUSEHOLD_IDS).collect();
    let found = read::find_all(core, actor, &HOUSEHOLDS, &ids).await?;
    let others: Vec<Uuid> = found.values().filter_map(|household| household.values.get(&HOUSEHOLD_GROUP_ID)).collect();
    let others = read::find_unscoped(core, &HOUSEHOLD_GROUPS, &group.envelope.district_code, &others).await?;
    // A group that was given up holds nobody.
    let holds = |id: &Uuid| {
        others.get(id).is_some_and(|other| !other.envelope.voided && other.values.get(&ACTIVE) != Some(false))
    };
    let mut joining: Vec<(usize, Record, Record)> = Vec::new();
    for (index, id) in ids.iter().enumerate() {
        let at = format!("{}/{index}", wanted::HOUSEHOLD_IDS.pointer());
        let Some(household) = found.get(id) else {
            faults.add(at, UNKNOWN_REFERENCE);
            continue;
        };
        let (envelope, of_group) = (&household.envelope, household.values.get(&HOUSEHOLD_GROUP_ID));
        if of_group == Some(group.envelope.id) || joining.iter().any(|(_, known, _)| known.envelope.id == envelope.id) {
            continue;
        }
        if !actor.reaches(HOUSEHOLDS.writers, &envelope.area_code, envelope.org_id) {
            return Err(OUT_OF_AREA.into());
        }
        if envelope.voided || !is_active(&household.values) {
            faults.add(at, HOUSEHOLD_NOT_ACTIVE);
        } else if !envelope.area_code.starts_with(&group.envelope.area_code) {
            faults.add(at, HOUSEHOLD_ELSEWHERE);
        } else if of_group.as_ref().is_some_and(holds) {
            faults.add(at, IN_ANOTHER_GROUP);
        } else {
            joining.push((index, household.clone(), of(household, group.envelope.id)));
        }
    }
    Ok(joining)
}

/// The household as one of the group.
fn of(household: &Record, group_id: Uuid) -> Record {
    let mut next = household.clone();
    next.values.set(&HOUSEHOLD_GROUP_ID, group_id);
    next.envelope.warnings.retain(|noted| noted.code != FULL.code);
    next
}

/// The group under its leader. Another leader's account is not the new one's.
async fn led(call: &Call, group: &Record, form: &Values, faults: &mut Faults) -> Result<Record, Problem> {
    let (core, actor) = (&call.core, call.actor()?);
    let mut led = group.clone();
    let leader = form.required(&wanted::LEADER_PERSON_ID)?;
    match read::find_referenced(core, actor, &PEOPLE, &[leader]).await?.remove(&leader) {
        Some(person) => {
            if led.values.get(&LEADER_PERSON_ID) != Some(person.envelope.id) {
                led.values.clear(&LEADER_USER_ID);
            }
            led.values.set(&LEADER_PERSON_ID, person.envelope.id);
        }
        None => faults.add(wanted::LEADER_PERSON_ID.pointer(), UNKNOWN_REFERENCE),
    }
    if let Some(account_id) = form.get(&wanted::LEADER_USER_ID) {
        let account = accounts::of_user(core, account_id).await?.filter(|account| account.left_area.is_none());
        if account.is_some_and(|account| account.districts.contains(&group.envelope.district_code)) {
            led.values.set(&LEADER_USER_ID, account_id);
        } else {
            faults.add(wanted::LEADER_USER_ID.pointer(), UNKNOWN_REFERENCE);
        }
    }
    Ok(led)
}
