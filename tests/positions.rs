//! Where a record must lie: role by role and kind by kind, with a real record in every position to the grant, for
//! reading, listing, amending, voiding, restoring and creating. What is expected is written here by hand.

use std::collections::BTreeMap;

use lianfang::platform::access::{Grant, Role};
use lianfang::records::Kind;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::permissions::kinds::{KINDS, VOIDERS};
use crate::support::{Actor, Reply, TestApp, examples, fake_resident_id};

/// The organisations of the positions: the grant's own, and those around it.
const OWN: usize = 0;
const PARENT: usize = 1;
const CHILD: usize = 2;
const SIBLING: usize = 3;

/// A position, its area, its organisation; whether a grant over 大兴街道 covers it, and whether one over 大兴街道 for
/// its own organisation does.
const POSITIONS: [(&str, &str, Option<usize>, bool, bool); 8] = [
    ("own area", "511802005001", None, true, false),
    ("sibling area", "511802114", None, false, false),
    ("other district", "511803", None, false, false),
    ("own organisation", "511802005001", Some(OWN), true, true),
    ("own organisation in a sibling area", "511802114", Some(OWN), false, false),
    ("parent organisation", "511802005001", Some(PARENT), true, false),
    ("child organisation", "511802005001", Some(CHILD), true, true),
    ("sibling organisation", "511802005001", Some(SIBLING), true, false),
];

/// Kinds of which everybody who reads them can name records in his whole district.
const NAMED: [&str; 13] = [
    "bulletin_templates",
    "care_policies",
    "directives",
    "gathering_bans",
    "household_group_policies",
    "organizations",
    "places",
    "price_rules",
    "reporting_requirements",
    "retention_policies",
    "service_rules",
    "survey_rounds",
    "teams",
];

/// Kinds whose records hold for a whole district: they stand nowhere in it.
const OF_A_DISTRICT: [&str; 2] = ["commodity_entries", "retention_policies"];

/// Kinds of which a store's account without an organisation sees only what it wrote itself.
const OF_STORES: [&str; 7] = [
    "supply_reports",
    "stock_movements",
    "price_alerts",
    "banquets",
    "commitments",
    "rectifications",
    "rectification_steps",
];

/// Kinds of which a role sees but what it wrote itself, for whatever organisation; and the roles that see others', too.
const OF_THEIR_AUTHOR: [(&str, &[Role]); 1] =
    [("work_logs", &[Role::DistrictAdmin, Role::OrgAdmin, Role::TownCadre, Role::VillageCadre, Role::CdcOfficer])];

/// Roles that see only duties of their own, of which there are none here.
const OWN_DUTIES: [Role; 7] = [
    Role::GateGuard,
    Role::Volunteer,
    Role::JusticeOfficer,
    Role::Counselor,
    Role::Auditor,
    Role::StatisticsReader,
    // Those, and what is expected of stores.
    Role::Inspector,
];

/// Kinds of which what a record says decides who amends it: each step of a case has its own makers.
const BY_CONTENT: [&str; 3] = ["isolation_case_transitions", "reporting_requirements", "work_logs"];

/// Whoever reaches or names only a part for what it says, not for where it stands: inspectors the duties of stores, venues
/// and inspectors, a venue's people what is of their own venue, auditors units and no places. Tried where that is told:
/// `supply.rs`, `venues.rs`, `rectifications.rs`.
const BY_WHAT_IT_SAYS: [(&str, Role); 4] = [
    ("duties", Role::Inspector),
    ("banquets", Role::StoreReporter),
    ("rectification_steps", Role::StoreReporter),
    ("rectifications", Role::Auditor),
];

/// Kinds whose records belong to one of another kind, and of which the example does. Tried by the roles that write those;
/// what others may is told in `attachments.rs`.
const BELONGING: [(&str, &str); 1] = [("attachments", "inspections")];

/// Kinds that a volunteer writes for himself alone.
const FOR_ONESELF: [&str; 2] = ["shift_assignments", "shift_attendances"];

struct Standing {
    kind: &'static Kind,
    body: Json,
    path: String,
    position: usize,
}

struct World {
    app: TestApp,
    records: BTreeMap<&'static str, Vec<Standing>>,
    organizations: [String; 4],
}

/// One record of every kind in every position, made by the commands.
async fn world() -> World {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let neighbour = app.head_of("511803").await;
    let organization = async |name: &str, parent: Option<&String>| {
        let body = json!({"kind": "bureau", "name": name, "area_code": "511802", "parent_id": parent});
        admin.post("/v1/organizations", &body).await.expect(201).body["id"].as_str().unwrap().to_owned()
    };
    let parent = organization("上级", None).await;
    let own = organization("本单位", Some(&parent)).await;
    let organizations = [
        own.clone(),
        parent.clone(),
        organization("下级", Some(&own)).await,
        organization("平级", Some(&parent)).await,
    ];
    let mut records: BTreeMap<&'static str, Vec<Standing>> = BTreeMap::new();
    for (position, (_, area_code, org, ..)) in POSITIONS.into_iter().enumerate() {
        let commander = if area_code.starts_with("511803") { &neighbour } else { &admin };
        let change = |body: &mut Json| {
            if let Some(org) = org {
                body["org_id"] = organizations[org].clone().into();
            }
            let document = fake_resident_id(100 + u32::try_from(position).unwrap());
            if body.get("person").is_some() {
                body["person"]["document_number"] = document.clone().into();
            }
            // An organisation has one open task force, and one group of a kind, wherever it works.
            let is_group = body.get("group_kind").is_some() || body.get("members").is_some();
            if is_group && body.get("established_on").is_some() {
                body["dissolved_on"] = "2020-02-01".into();
            }
            if body.get("document_number").is_some() {
                body["document_number"] = document.into();
            }
            // Nobody keeps two logs of a day, and no unit two reports.
            let day = format!("2020-01-{:02}", 1 + position);
            for (name, of) in [("worked_on", "worked_on"), ("reported_on", "is_zero")] {
                if body.get(name).is_some() && body.get(of).is_some() {
                    body[name] = day.clone().into();
                }
            }
        };
        for (kind, body, path) in examples::one_of_each_with(&app, commander, area_code, change).await {
            if !kind.writers.is_empty() && !OF_A_DISTRICT.contains(&kind.name) {
                let kind = app.core.kinds().kind(kind.name).unwrap();
                records.entry(kind.name).or_default().push(Standing { kind, body, path, position });
            }
        }
    }
    // Records that only the service writes stand where those stand of which they tell.
    for kind in app.core.kinds().kinds().filter(|kind| kind.writers.is_empty()) {
        // A duty of a case that nobody answers for is of no organisation, and read with its case.
        let of_cases = "WHERE subject_kind <> 'isolation_cases' OR org_id IS NOT DISTINCT FROM (SELECT c.org_id FROM isolation_cases AS c WHERE c.id = subject_id)";
        let of_cases = if kind.name == "duties" { of_cases } else { "" };
        let sql = format!("SELECT id, area_code, org_id FROM {} {of_cases} ORDER BY id", kind.name);
        let mut rows: Vec<(Uuid, String, Option<Uuid>)> = Vec::new();
        for mut row in app.rows(&sql).await {
            rows.push((row.id("id").unwrap(), row.text("area_code").unwrap(), row.id("org_id")));
        }
        for (position, (_, area_code, org, ..)) in POSITIONS.into_iter().enumerate() {
            let org_id: Option<Uuid> = org.map(|org| organizations[org].parse().unwrap());
            let found = rows.iter().find(|(_, area, of)| area.starts_with(area_code) && *of == org_id);
            if let Some((id, ..)) = found {
                let path = format!("/v1/{}/{id}", kind.path);
                records.entry(kind.name).or_default().push(Standing { kind, body: Json::Null, path, position });
            }
        }
    }
    World { app, records, organizations }
}

fn holds(row: &str, role: Role) -> bool {
    row == "all" || row.split(' ').any(|code| code == role.code())
}

/// Expectation of what a role with a grant of the area, or of an organisation in it, can do.
struct Expected {
    role: Role,
    of_organization: bool,
}

impl Expected {
    fn covers(&self, position: usize) -> bool {
        let (_, _, _, of_area, of_organization) = POSITIONS[position];
        if self.of_organization { of_organization } else { of_area }
    }

    fn reads(&self, kind: &str, position: usize) -> bool {
        let in_district = !POSITIONS[position].1.starts_with("511803");
        let of_those_who_come = kind == "travels" && [Role::GateGuard, Role::Volunteer].contains(&self.role);
        let of_stores = self.role == Role::StoreReporter && OF_STORES.contains(&kind);
        let own_only = !self.of_organization && (of_stores || of_those_who_come);
        // The example is of a case.
        let of_a_case = kind == "violations" && [Role::OrgAdmin, Role::Inspector].contains(&self.role);
        let own_duties = kind == "duties" && OWN_DUTIES.contains(&self.role);
        let own_words = OF_THEIR_AUTHOR.iter().any(|(of, others)| *of == kind && !others.contains(&self.role));
        let sees = self.covers(position) || NAMED.contains(&kind) && in_district;
        sees && !own_only && !own_duties && !of_a_case && !own_words
    }

    /// The status of an attempt to change a record, by those who write so; none where it is admitted.
    fn refusal(&self, kind: &str, position: usize, writers: &str) -> Option<(u16, &'static str)> {
        let for_oneself = self.role == Role::Volunteer && FOR_ONESELF.contains(&kind);
        match (holds(writers, self.role), self.reads(kind, position), self.covers(position)) {
            (false, ..) => Some((403, "forbidden")),
            (_, false, _) => Some((404, "not_found")),
            (_, _, false) => Some((403, "out_of_area")),
            _ if for_oneself => Some((403, "forbidden")),
            _ => None,
        }
    }
}

/// A problem without what differs from request to request.
fn plain(reply: &Reply) -> Json {
    let mut body = reply.body.clone();
    body.as_object_mut().map(|members| members.remove("request_id"));
    body
}

/// Collects what isn't as expected.
struct Findings(Vec<String>);

impl Findings {
    fn note(&mut self, what: &str, at: &str, reply: &Reply, expected: &str, holds: bool) {
        if !holds {
            let faults: Vec<String> = reply.faults().into_iter().map(|(at, code)| format!("{at} {code}")).collect();
            self.0.push(format!("{what} {at}: {} {} {faults:?}, not {expected}", reply.status, reply.code()));
        }
    }

    fn change(&mut self, what: &str, at: &str, reply: &Reply, refusal: Option<(u16, &'static str)>, absent: &Json) {
        match refusal {
            Some((404, _)) => {
                self.note(what, at, reply, "as if absent", reply.status == 404 && plain(reply) == *absent);
            }
            Some((status, code)) => self.note(what, at, reply, code, reply.status == status && reply.code() == code),
            // Rules of its own may speak against it, not where it stands.
            None => self.note(what, at, reply, "admitted", [200, 409, 422].contains(&reply.status)),
        }
    }
}

async fn try_kind(actor: &Actor, expected: &Expected, name: &str, standing: &[Standing], findings: &mut Findings) {
    if BY_WHAT_IT_SAYS.contains(&(name, expected.role)) {
        return;
    }
    let (_, readers, writers) = KINDS.iter().find(|(kind, ..)| *kind == name).unwrap();
    let written = |of: &str| KINDS.iter().find(|(kind, ..)| *kind == of).map_or("", |(_, _, writers)| *writers);
    let of_others = |of: &str| holds(writers, expected.role) && !holds(written(of), expected.role);
    if BELONGING.iter().any(|(kind, of)| *kind == name && of_others(of)) {
        return;
    }
    let voiders = VOIDERS.iter().find(|(kind, _)| *kind == name).map_or(*writers, |(_, voiders)| voiders);
    let kind = standing[0].kind;
    let listed = actor.get(&format!("/v1/{}?limit=500", kind.path)).await;
    let absent = plain(&actor.get(&format!("/v1/{}/{}", kind.path, Uuid::now_v7())).await);
    for record in standing {
        let position = record.position;
        // Whoever has nothing to do with a kind is refused before it is looked for.
        let concerned = holds(readers, expected.role) || holds(writers, expected.role);
        if !concerned && ![2, 3].contains(&position) {
            continue;
        }
        let whose = if expected.of_organization { "for its organisation" } else { "of the area" };
        let at = format!("{name} in {} by {} {whose}", POSITIONS[position].0, expected.role.code());
        let reads = holds(readers, expected.role) && expected.reads(name, position);
        let got = actor.get(&record.path).await;
        let status = if !holds(readers, expected.role) {
            403
        } else if reads {
            200
        } else {
            404
        };
        findings.note("get", &at, &got, &status.to_string(), got.status == status);
        if status == 404 {
            findings.note("get", &at, &got, "as if absent", plain(&got) == absent);
        }
        let items = listed.body["items"].as_array().cloned().unwrap_or_default();
        let is_listed = items.iter().any(|item| record.path.ends_with(item["id"].as_str().unwrap()));
        findings.note("list", &at, &listed, if reads { "with it" } else { "without it" }, is_listed == reads);
        if writers.is_empty() || BY_CONTENT.contains(&name) {
            continue;
        }
        let refusal = expected.refusal(name, position, writers);
        let tag = if got.status == 200 { got.header("etag").to_owned() } else { "\"1\"".to_owned() };
        let change = match name {
            // These take no words.
            "youth_works" => json!({"participants": 61}),
            "counseling_sessions" => json!({"minutes": 41}),
            _ => json!({"note": Uuid::now_v7().to_string()[..13]}),
        };
        let patched = actor.patch(&record.path, &tag, &change).await;
        findings.change("patch", &at, &patched, refusal, &absent);
        if refusal.is_none() {
            findings.note("patch", &at, &patched, "200", patched.status == 200);
        }
        let refusal = expected.refusal(name, position, voiders);
        // Records voided are restored at once; that is dear, so each role does it in some of the positions.
        if refusal.is_none() && !(position + expected.role as usize).is_multiple_of(4) {
            continue;
        }
        let reason = json!({"reason": "核对"});
        let voided = actor.post(&format!("{}:void", record.path), &reason).await;
        findings.change("void", &at, &voided, refusal, &absent);
        if voided.status == 200 || refusal.is_some() {
            let restored = actor.post(&format!("{}:restore", record.path), &reason).await;
            findings.change("restore", &at, &restored, refusal, &absent);
            if refusal.is_none() {
                findings.note("restore", &at, &restored, "200", restored.status == 200);
            }
        }
    }
    try_creating(actor, expected, name, standing, writers, findings).await;
}

/// All positions in one dry run: it asks all that a creation asks.
async fn try_creating(
    actor: &Actor,
    expected: &Expected,
    name: &str,
    standing: &[Standing],
    writers: &str,
    findings: &mut Findings,
) {
    if writers.is_empty() || BY_CONTENT.contains(&name) || FOR_ONESELF.contains(&name) {
        return;
    }
    let path = format!("/v1/{}:batch?validate_only=true", standing[0].kind.path);
    let items: Vec<&Json> = standing.iter().map(|record| &record.body).collect();
    let tried = actor.post(&path, &json!({"items": items})).await;
    if !holds(writers, expected.role) {
        findings.note("create", name, &tried, "403", tried.status == 403 && tried.code() == "forbidden");
        return;
    }
    findings.note("create", name, &tried, "207", tried.status == 207);
    for (record, result) in standing.iter().zip(tried.body["results"].as_array().into_iter().flatten()) {
        let whose = if expected.of_organization { "for its organisation" } else { "of the area" };
        let at = format!("{name} in {} by {} {whose}", POSITIONS[record.position].0, expected.role.code());
        let faults = result["problem"]["errors"].as_array().cloned().unwrap_or_default();
        let unknown = faults.iter().any(|fault| fault["code"] == "unknown_reference");
        let refused = result["status"] == 403 || unknown;
        // Bodies without an organisation get the grant's own; where they stand, the area says.
        let (_, area_code, org, of_area, _) = POSITIONS[record.position];
        let by_default = expected.of_organization && org.is_none() && of_area;
        if by_default && !unknown {
            continue;
        }
        let of_a_case = name == "violations" && [Role::OrgAdmin, Role::Inspector].contains(&expected.role);
        let covers = !of_a_case && expected.covers(record.position) && area_code.starts_with("511802005");
        if refused == covers {
            findings.0.push(format!("create {at}: {result}"));
        }
    }
}

#[tokio::test]
async fn every_role_reaches_what_its_grant_covers_and_nothing_else() {
    let world = world().await;
    let own: Uuid = world.organizations[OWN].parse().unwrap();
    let mut findings = Findings(Vec::new());
    for role in Role::ALL {
        for of_organization in [false, true] {
            let org_id = of_organization.then_some(own);
            let grant = Grant { role: *role, area_code: "511802005".into(), org_id };
            let actor = world.app.actor_of(vec![grant]).await;
            let expected = Expected { role: *role, of_organization };
            for (name, standing) in &world.records {
                try_kind(&actor, &expected, name, standing, &mut findings).await;
            }
        }
    }
    assert!(world.records.values().map(Vec::len).sum::<usize>() > 270);
    assert!(findings.0.is_empty(), "{} findings: {:#?}", findings.0.len(), &findings.0[..findings.0.len().min(60)]);
}

/// Acts on records: which kind, the act, by whom (as an account of an area and of an organisation), what is sent.
fn acts(world: &World) -> Vec<(&'static str, &'static str, Role, Json)> {
    let reason = || json!({"reason": "现场核实"});
    vec![
        ("duties", "waive", Role::TownCadre, reason()),
        ("duties", "answer", Role::HealthWorker, json!({"note": "电话随访"})),
        ("duties", "hand-over", Role::TownCadre, json!({"assignee_id": world.organizations[OWN]})),
        ("duties", "offer", Role::TownCadre, json!({"assignee_id": world.organizations[OWN]})),
        ("duties", "accept", Role::TownCadre, json!({})),
        ("duties", "decline", Role::TownCadre, json!({})),
        ("price_alerts", "explain", Role::OrgAdmin, reason()),
        ("price_alerts", "dismiss", Role::OrgAdmin, reason()),
        ("shift_assignments", "cancel", Role::GridWorker, reason()),
        ("service_records", "confirm", Role::TownCadre, reason()),
        ("service_records", "decline", Role::TownCadre, reason()),
        (
            "shift_templates",
            "generate",
            Role::OrgAdmin,
            json!({"from_on": "2120-02-03", "to_on": "2120-02-03", "place_ids": [world.records["places"][0].path.rsplit('/').next()]}),
        ),
        ("people", "reveal", Role::HealthWorker, json!({"purpose": "epidemic_control", "reason": "核查行程"})),
        (
            "people",
            "correct-document",
            Role::TownCadre,
            json!({"document_type": "resident_id", "document_number": "519999199003070000", "reason": "录错"}),
        ),
        ("people", "merge", Role::CdcOfficer, json!({"into_id": Uuid::now_v7(), "reason": "同一人"})),
        ("people", "unmerge", Role::CdcOfficer, reason()),
        ("screenings", "open-case", Role::HealthWorker, json!({"anchored_on": "2020-01-30"})),
    ]
}

/// Its target absent, beyond reach, or to be judged by its own rules.
#[tokio::test]
async fn acts_reach_what_the_grant_covers_and_nothing_else() {
    let world = world().await;
    let own: Uuid = world.organizations[OWN].parse().unwrap();
    let mut findings = Findings(Vec::new());
    for (kind, act, role, body) in acts(&world) {
        for of_organization in [false, true] {
            let org_id = of_organization.then_some(own);
            let actor = world.app.actor_of(vec![Grant { role, area_code: "511802005".into(), org_id }]).await;
            let path = world.records[kind][0].path.rsplit_once('/').unwrap().0.to_owned();
            let absent = plain(&actor.post(&format!("{path}/{}:{act}", Uuid::now_v7()), &body).await);
            assert_eq!(absent["status"], 404, "{kind}:{act} {absent}");
            for record in &world.records[kind] {
                let (name, ..) = POSITIONS[record.position];
                let at = format!("{kind}:{act} in {name} by {} of organisation {of_organization}", role.code());
                let reply = actor.post(&format!("{}:{act}", record.path), &body).await;
                if (Expected { role, of_organization }).covers(record.position) {
                    let unseen = [401, 403, 404].contains(&reply.status) || reply.status >= 500;
                    findings.note("act", &at, &reply, "let through", !unseen);
                } else {
                    findings.note("act", &at, &reply, "as if absent", plain(&reply) == absent);
                }
            }
        }
    }
    assert!(findings.0.is_empty(), "{:#?}", findings.0);
}

/// Accounts and keys set up by an administrator of an area, or of an organisation in it, and what he sees of them.
#[tokio::test]
async fn accounts_and_keys_are_given_where_the_grant_reaches_and_seen_there_alone() {
    let world = world().await;
    let (app, own) = (&world.app, world.organizations[OWN].parse::<Uuid>().unwrap());
    let mut wrong = Vec::new();
    // One account and one key in every position, made by the command of all.
    let admin = app.actor_of(vec![Grant { role: Role::DistrictAdmin, area_code: "5118".into(), org_id: None }]).await;
    let expires_at = (app.core.clock.now() + chrono::TimeDelta::days(30)).to_rfc3339();
    let user = |(_, area_code, org, ..): (&str, &str, Option<usize>, bool, bool)| {
        let org_id = org.map(|org| world.organizations[org].clone());
        let grant = json!({"role": "gate_guard", "area_code": area_code, "org_id": org_id});
        json!({"username": format!("u{}", Uuid::now_v7().simple()), "display_name": "门岗", "roles": [grant]})
    };
    let key = |(_, area_code, org, ..): (&str, &str, Option<usize>, bool, bool)| {
        let org_id = org.map(|org| world.organizations[org].clone());
        json!({"name": "接口", "role": "gate_guard", "area_code": area_code, "org_id": org_id, "scopes": ["read"], "expires_at": expires_at})
    };
    for of_organization in [false, true] {
        let org_id = of_organization.then_some(own);
        let actor = app.actor_of(vec![Grant { role: Role::OrgAdmin, area_code: "511802005".into(), org_id }]).await;
        let expected = Expected { role: Role::OrgAdmin, of_organization };
        for (position, at) in POSITIONS.into_iter().enumerate() {
            let covers = expected.covers(position);
            for (path, body) in [("/v1/users", user(at)), ("/v1/api-keys", key(at))] {
                let theirs = admin.post(path, &body).await.expect(201).body["id"].as_str().unwrap().to_owned();
                let one = format!("{path}/{theirs}");
                let got = actor.get(&one).await.status;
                let listed =
                    actor.get(&format!("{path}?limit=500")).await.expect(200).body.to_string().contains(&theirs);
                let again = json!({"username": format!("v{}", Uuid::now_v7().simple())});
                let mut mine = body.clone();
                if path == "/v1/users" {
                    mine["username"] = again["username"].clone();
                }
                let made = actor.post(path, &mine).await;
                let may = made.status == 201;
                if got != if covers { 200 } else { 404 } || listed != covers || may != covers {
                    wrong.push(format!(
                        "{path} in {} of organisation {of_organization}: get {got}, listed {listed}, made {} {}",
                        at.0,
                        made.status,
                        made.code()
                    ));
                }
                if !may && made.code() != "grant_too_wide" {
                    wrong.push(format!("{path} in {}: {} {}", at.0, made.status, made.code()));
                }
                let act = if path == "/v1/users" { "reset-password" } else { "revoke" };
                let done = actor.send(reqwest::Method::POST, &format!("{one}:{act}"), None).await.status;
                if (done == 404) == covers {
                    wrong.push(format!("{one}:{act} in {} of organisation {of_organization}: {done}", at.0));
                }
            }
        }
    }
    // Dated rules are given for an area as a whole.
    for (role, area_code, status) in [
        (Role::CdcOfficer, "511802005", 201),
        (Role::CdcOfficer, "511802114", 403),
        (Role::CdcOfficer, "511803", 403),
        (Role::CdcOfficer, "511802", 403),
        (Role::TownCadre, "511802005", 403),
    ] {
        for (path, kind) in
            [("/v1/observation-policies", "create_observation_policy"), ("/v1/duty-cadences", "create_duty_cadence")]
        {
            let operation = app.core.operations.iter().find(|operation| operation.id == kind).unwrap();
            let mut body = operation.body.as_ref().unwrap().example.clone();
            body["area_code"] = area_code.into();
            let actor = app.actor_of(vec![Grant { role, area_code: "511802005".into(), org_id: None }]).await;
            let reply = actor.post(path, &body).await;
            if reply.status != status {
                wrong.push(format!("{path} for {area_code} by {}: {} {:?}", role.code(), reply.status, reply.body));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
