//! Ten days of a roster lived through in the order in which phones and organisers happen to tell it, with claims about
//! the future, corrections, moved shifts and midnights in between; and once more told at the end, in any order and
//! without the detours. Both come to the same. `ROSTER_SEED` repeats a run.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use lianfang::platform::access::{Grant, Role};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::isolation_cases::{set_clock, work};
use crate::shifts::{DAXING, gate, make, needs};
use crate::support::{Actor, TestApp, fake_resident_id};

/// Half an hour lies between two shifts: whoever stays longer meets whoever comes early.
const LONG_MINUTES: i64 = 270;

/// Action that is told.
#[derive(Clone, Debug)]
enum AuditEntry {
    Post(&'static str, Json),
    /// A record of a path: found again by its own id.
    Patch(&'static str, Uuid, Json),
    Void(Uuid),
    Cancel(Uuid),
    Midnight,
}

struct Plan {
    /// Actions with the detours.
    lived: Vec<(DateTime<Utc>, AuditEntry)>,
    /// Takings of shifts as they stood in the end, each told when it was.
    taken: Vec<(DateTime<Utc>, AuditEntry)>,
    /// Marks as they stood in the end.
    marks: Vec<AuditEntry>,
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn id(random: &mut StdRng) -> Uuid {
    uuid::Builder::from_random_bytes(random.random()).into_uuid()
}

/// Volunteers: the first with the organiser's own account, the last the second once more.
fn volunteer(index: usize) -> Uuid {
    Uuid::from_u128(0x0198_c0de_0000_7000_8000_0000_0000_1000 + index as u128)
}

fn minutes(random: &mut StdRng, from: i64, to: i64) -> TimeDelta {
    TimeDelta::minutes(random.random_range(from..to))
}

fn plan(random: &mut StdRng, place: &str, begin: DateTime<Utc>) -> Plan {
    let mut plan = Plan { lived: Vec::new(), taken: Vec::new(), marks: Vec::new() };
    for day in 1..=10 {
        for hour in [7, 12, 17] {
            one_shift(
                random,
                &mut plan,
                place,
                begin,
                at("2020-02-01T00:00:00+08:00") + TimeDelta::days(day) + TimeDelta::hours(hour),
            );
        }
    }
    for quarter in 1..=44 {
        plan.lived.push((begin + TimeDelta::hours(6 * quarter), AuditEntry::Midnight));
    }
    plan.lived.sort_by_key(|(at, _)| *at);
    plan.taken.sort_by_key(|(at, _)| *at);
    plan
}

fn one_shift(random: &mut StdRng, plan: &mut Plan, place: &str, begin: DateTime<Utc>, planned: DateTime<Utc>) {
    let shift = id(random);
    let starts_at = planned + if random.random_bool(0.2) { minutes(random, -12, 12) } else { TimeDelta::zero() };
    let ends_at = starts_at + TimeDelta::minutes(LONG_MINUTES);
    let times = |from: DateTime<Utc>| json!({"starts_at": from.to_rfc3339(), "ends_at": (from + TimeDelta::minutes(LONG_MINUTES)).to_rfc3339()});
    let mut body = json!({"id": shift, "place_id": place, "needs": needs("volunteer", 2)});
    let whole = |body: &mut Json, from| body.as_object_mut().unwrap().extend(times(from).as_object().unwrap().clone());
    whole(&mut body, planned);
    plan.lived.push((begin, AuditEntry::Post("shifts", body.clone())));
    whole(&mut body, starts_at);
    plan.taken.push((begin, AuditEntry::Post("shifts", body)));
    if starts_at != planned {
        let moved = begin + minutes(random, 1, 60 * 24 * 11);
        plan.lived.push((moved, AuditEntry::Patch("shifts", shift, times(starts_at))));
    }
    let mut takers: Vec<usize> = (0..4).collect();
    takers.shuffle(random);
    takers.truncate(2);
    // The last one is the second once more.
    if takers.contains(&1) && takers.contains(&3) {
        takers.truncate(1);
    }
    for taker in takers {
        let assignment = id(random);
        let told = (planned - minutes(random, 60 * 3, 60 * 72)).max(begin + TimeDelta::minutes(1));
        let body = json!({"id": assignment, "shift_id": shift, "volunteer_id": volunteer(taker), "role": "volunteer"});
        plan.lived.push((told, AuditEntry::Post("shift-assignments", body.clone())));
        plan.taken.push((told, AuditEntry::Post("shift-assignments", body)));
        if random.random_bool(0.15) {
            let cancelled = (told + minutes(random, 5, 60 * 30), AuditEntry::Cancel(assignment));
            plan.lived.push(cancelled.clone());
            plan.taken.push(cancelled);
        }
        if random.random_bool(0.1) {
            continue;
        }
        for (action, from) in
            [("check_in", starts_at + minutes(random, -100, 60)), ("check_out", ends_at + minutes(random, -60, 130))]
        {
            for _ in 0..if random.random_bool(0.15) { 2 } else { usize::from(random.random_bool(0.9)) } {
                let occurred_at = from + minutes(random, -5, 5);
                mark(random, plan, assignment, action, occurred_at, told);
            }
        }
    }
}

/// A check-in or check-out: told at some time, perhaps wrongly at first, perhaps never meant.
fn mark(
    random: &mut StdRng,
    plan: &mut Plan,
    assignment: Uuid,
    action: &str,
    occurred_at: DateTime<Utc>,
    after: DateTime<Utc>,
) {
    let own = id(random);
    let body = |at: DateTime<Utc>| json!({"id": own, "assignment_id": assignment, "action": action, "occurred_at": at.to_rfc3339()});
    // Before it happens, at once, or when the phone has a network again.
    let told = (occurred_at + minutes(random, -5 * 60, 40 * 60)).max(after + TimeDelta::minutes(1));
    let later = told + minutes(random, 1, 20 * 60);
    match random.random_range(0..10) {
        0 => {
            let wrong = occurred_at + minutes(random, -20 * 60, 20 * 60);
            plan.lived.push((told, AuditEntry::Post("shift-attendances", body(wrong))));
            plan.lived.push((
                later,
                AuditEntry::Patch("shift-attendances", own, json!({"occurred_at": occurred_at.to_rfc3339()})),
            ));
        }
        1 => {
            plan.lived.push((told, AuditEntry::Post("shift-attendances", body(occurred_at))));
            plan.lived.push((later, AuditEntry::Void(own)));
            return;
        }
        _ => plan.lived.push((told, AuditEntry::Post("shift-attendances", body(occurred_at)))),
    }
    plan.marks.push(AuditEntry::Post("shift-attendances", body(occurred_at)));
}

/// A district with its people, and the account by which all is told.
struct Town {
    app: TestApp,
    organiser: Uuid,
    password: String,
}

impl Town {
    async fn found(begin: DateTime<Utc>) -> (Self, String) {
        let app = TestApp::start().await;
        set_clock(&app, &begin.to_rfc3339());
        let organiser = Uuid::from_u128(7);
        let grants = vec![Grant { role: Role::DistrictAdmin, area_code: "511802".into(), org_id: None }];
        let first = app.add_user(organiser, "organiser", grants).await;
        let password = format!("雨城-{}", Uuid::now_v7());
        let change = json!({"current_password": first, "new_password": password});
        Actor::sign_in(&app, organiser, "organiser", &first).await.post("/v1/auth/password", &change).await.expect(204);
        let town = Self { app, organiser, password };
        let admin = town.signed_in().await;
        let place = gate(&admin, "北门").await;
        for index in 0..4 {
            let mut body = json!({"id": volunteer(index), "area_code": DAXING, "person": {"name": "陈静", "document_type": "resident_id", "document_number": fake_resident_id(if index == 3 { 1 } else { index as u32 })}});
            if index == 0 {
                body["user_id"] = json!(organiser);
            }
            make(&admin, "volunteers", body).await;
        }
        (town, place)
    }

    async fn signed_in(&self) -> Actor {
        Actor::sign_in(&self.app, self.organiser, "organiser", &self.password).await
    }

    async fn tell(&self, admin: &Actor, audit_entry: &AuditEntry) {
        match audit_entry {
            AuditEntry::Post(path, body) => drop(admin.post(&format!("/v1/{path}"), body).await.expect(201)),
            AuditEntry::Patch(path, id, patch) => {
                let path = format!("/v1/{path}/{id}");
                let tag = admin.get(&path).await.expect(200).header("etag").to_owned();
                admin.patch(&path, &tag, patch).await.expect(200);
            }
            AuditEntry::Void(id) => drop(
                admin.post(&format!("/v1/shift-attendances/{id}:void"), &json!({"reason": "误签"})).await.expect(200),
            ),
            AuditEntry::Cancel(id) => drop(
                admin.post(&format!("/v1/shift-assignments/{id}:cancel"), &json!({"reason": "有事"})).await.expect(200),
            ),
            AuditEntry::Midnight => work(&self.app).await,
        }
    }

    /// Lives through deeds, at their times.
    async fn live(&self, audit_entries: &[(DateTime<Utc>, AuditEntry)]) {
        let mut signed_in: Option<(DateTime<Utc>, Actor)> = None;
        for (at, audit_entry) in audit_entries {
            set_clock(&self.app, &at.to_rfc3339());
            let admin = match signed_in.take() {
                Some((since, admin)) if *at - since < TimeDelta::minutes(8) => (since, admin),
                _ => (*at, self.signed_in().await),
            };
            self.tell(&admin.1, audit_entry).await;
            signed_in = Some(admin);
        }
    }

    /// Duty states, attendances and hours.
    async fn standing(&self) -> BTreeMap<String, String> {
        let admin = self.signed_in().await;
        let mut standing = BTreeMap::new();
        for (path, key, values) in [
            ("duties", vec!["duty_kind", "subject_id"], vec!["state"]),
            ("shift-assignments", vec!["id"], vec!["state", "attendance", "starts_at"]),
            (
                "service-records",
                vec!["volunteer_id", "shift_id"],
                vec![
                    "starts_at",
                    "ends_at",
                    "service_minutes",
                    "attended_from",
                    "attended_until",
                    "unconfirmed_minutes",
                    "confirmation",
                    "pending",
                    "team_id",
                ],
            ),
        ] {
            let page = admin.get(&format!("/v1/{path}?limit=500")).await.expect(200).body;
            assert!(page["next_cursor"].is_null());
            for item in page["items"].as_array().unwrap() {
                // Whether somebody comes who gave it up is nobody's question any more.
                let asked = |name: &&&str| **name != "attendance" || item["state"] == "assigned";
                let told = |names: &[&str]| {
                    names.iter().filter(asked).map(|name| item[*name].to_string()).collect::<Vec<_>>().join(" ")
                };
                assert!(standing.insert(format!("{path} {}", told(&key)), told(&values)).is_none(), "doubled: {item}");
            }
        }
        standing
    }
}

#[tokio::test]
async fn a_roster_told_in_any_order_comes_to_the_same() {
    let seed: u64 = std::env::var("ROSTER_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(20_200_202);
    let mut random = StdRng::seed_from_u64(seed);
    let (begin, end) = (at("2020-02-01T08:00:00+08:00"), "2020-02-14T12:00:00+08:00");
    let (lived, place) = Town::found(begin).await;
    let mut plan = plan(&mut random, &place, begin);
    lived.live(&plan.lived).await;
    set_clock(&lived.app, end);
    work(&lived.app).await;
    let in_the_end = lived.standing().await;
    let states: BTreeSet<&str> =
        in_the_end.iter().filter(|(key, _)| key.starts_with("duties")).map(|(_, state)| state.as_str()).collect();
    assert!(states.len() >= 2, "too little happens: {states:?}");

    // Settled once more, nothing changes.
    let admin = lived.signed_in().await;
    for (_, audit_entry) in &plan.taken {
        if let AuditEntry::Post("shifts", body) = audit_entry {
            let own: Uuid = body["id"].as_str().unwrap().parse().unwrap();
            lived.tell(&admin, &AuditEntry::Patch("shifts", own, json!({"note": "再看"}))).await;
        }
    }
    differ(&in_the_end, &lived.standing().await, seed);
    // Told at the end, without the detours, in another order.
    let (told, other_place) = Town::found(begin).await;
    for (_, audit_entry) in &mut plan.taken {
        if let AuditEntry::Post("shifts", body) = audit_entry {
            body["place_id"] = json!(other_place);
        }
    }
    told.live(&plan.taken).await;
    set_clock(&told.app, end);
    let admin = told.signed_in().await;
    plan.marks.shuffle(&mut random);
    for audit_entry in &plan.marks {
        told.tell(&admin, audit_entry).await;
    }
    work(&told.app).await;
    differ(&in_the_end, &told.standing().await, seed);
    lianfang::integrity::verify(&lived.app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}

fn differ(one: &BTreeMap<String, String>, other: &BTreeMap<String, String>, seed: u64) {
    let keys: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    let differing: Vec<_> = keys.into_iter().filter(|key| one.get(*key) != other.get(*key)).collect();
    let first: Vec<String> =
        differing.iter().take(5).map(|key| format!("{key}: {:?} | {:?}", one.get(*key), other.get(*key))).collect();
    assert!(differing.is_empty(), "seed {seed}: {} differ: {first:#?}", differing.len());
}
