//! Words about people are sealed at rest: every free text of every kind is, or says here why it isn't.

use std::collections::{BTreeMap, BTreeSet};

use kit::field::{Field, Shape, Write};
use lianfang::platform::access::{Grant, Role};
use lianfang::records::Kind;
use lianfang::server::routes;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::support::{Actor, TestApp, examples};
use crate::sync::{amend, create, outcomes};

/// A unit of measure, as the catalogue or a label has it.
const UNIT: &str = "a unit of measure";
/// Reason for the name of a document, a rule or a roster.
const NAME_OF_A_THING: &str = "what a place, a rule or a shift is called: everybody must be able to name it";
const PUBLISHED: &str = "published: law, notice, price list";
const OF_THE_MARKET: &str = "a figure or a word of the market, made by the service";

/// Free texts that stay in the clear, and why.
const OPEN: &[(&str, &str)] = &[
    ("commodity_entries.also", NAME_OF_A_THING),
    ("commodity_entries.basis", PUBLISHED),
    ("commodity_entries.commodity", "a code"),
    ("commodity_entries.name_en", NAME_OF_A_THING),
    ("commodity_entries.name_zh", NAME_OF_A_THING),
    ("commodity_entries.packs.quantity_unit", UNIT),
    ("commodity_entries.packs.unit", UNIT),
    ("commodity_entries.price_unit", UNIT),
    ("commodity_entries.quantity_unit", UNIT),
    ("commodity_entries.specification", NAME_OF_A_THING),
    ("attachments.subject_kind", "a kind of record"),
    ("attachments.sha256", "a digest"),
    ("attachments.kept_sha256", "a digest"),
    ("commitments.text_version", "the version of a printed text"),
    ("disinfections.agent", "a product"),
    ("directives.document_no", PUBLISHED),
    ("directives.issuer", PUBLISHED),
    ("directives.title", PUBLISHED),
    ("duties.proof.kind", "a kind of record"),
    ("duties.subject_kind", "a kind of record"),
    ("org_members.post", "a post, as it is printed at the door of an office"),
    ("reporting_requirements.basis", PUBLISHED),
    ("enforcement_actions.basis", PUBLISHED),
    ("enforcement_actions.letter_number", "the number under which the letter is filed"),
    ("bulletin_editions.chain_head", "a digest"),
    ("bulletin_editions.content_digest", "a digest"),
    ("bulletin_editions.figures.amount", "a number"),
    ("bulletin_editions.figures.key", "a key"),
    ("bulletin_editions.figures.label", NAME_OF_A_THING),
    ("bulletin_editions.figures.query.figure", "a figure's name"),
    ("bulletin_editions.figures.query.filters.filter", "a filter's name"),
    ("bulletin_editions.figures.query.filters.word", "a word of a vocabulary"),
    ("bulletin_editions.figures.further_records_url", "an address of ours"),
    ("bulletin_editions.figures.record_digest", "a digest"),
    ("bulletin_editions.figures.records_url", "an address of ours"),
    ("bulletin_editions.figures.said", PUBLISHED),
    ("bulletin_editions.figures.unit", UNIT),
    ("bulletin_editions.paragraphs.heading", PUBLISHED),
    ("bulletin_editions.paragraphs.parts.figure", "a key"),
    ("bulletin_editions.paragraphs.parts.text", PUBLISHED),
    ("bulletin_editions.paragraphs.text", PUBLISHED),
    ("bulletin_editions.series", "a word by which editions are numbered"),
    ("bulletin_editions.template_code", "a code"),
    ("bulletin_editions.title", PUBLISHED),
    ("bulletin_templates.basis", PUBLISHED),
    ("bulletin_templates.code", "a code"),
    ("bulletin_templates.paragraphs.clauses.figures.key", "a key"),
    ("bulletin_templates.paragraphs.clauses.figures.query.figure", "a figure's name"),
    ("bulletin_templates.paragraphs.clauses.figures.query.filters.filter", "a filter's name"),
    ("bulletin_templates.paragraphs.clauses.figures.query.filters.word", "a word of a vocabulary"),
    ("bulletin_templates.paragraphs.clauses.needs.figure", "a figure's name"),
    ("bulletin_templates.paragraphs.clauses.needs.filters.filter", "a filter's name"),
    ("bulletin_templates.paragraphs.clauses.needs.filters.word", "a word of a vocabulary"),
    ("bulletin_templates.paragraphs.clauses.text", PUBLISHED),
    ("bulletin_templates.paragraphs.heading", PUBLISHED),
    ("bulletin_templates.paragraphs.lead", PUBLISHED),
    ("bulletin_templates.series", "a word by which editions are numbered"),
    ("bulletin_templates.title", PUBLISHED),
    ("care_policies.basis", PUBLISHED),
    ("gathering_bans.basis", PUBLISHED),
    ("retention_policies.basis", PUBLISHED),
    ("retention_policies.record_kind", "the name of a kind of record"),
    ("donations.items.item", NAME_OF_A_THING),
    ("donations.items.quantity_unit", UNIT),
    ("donations.receipt_no", "a number"),
    ("material_issues.items.item", NAME_OF_A_THING),
    ("material_issues.items.quantity_unit", UNIT),
    ("grid_cells.code", NAME_OF_A_THING),
    ("grid_cells.name", NAME_OF_A_THING),
    ("household_group_policies.basis", PUBLISHED),
    ("household_groups.name", NAME_OF_A_THING),
    ("counseling_sessions.campaign", "a campaign's name: short, without figures; what could be a story is refused"),
    ("task_forces.document_no", "the number under which a document is filed"),
    ("task_forces.name", NAME_OF_A_THING),
    ("survey_rounds.frozen.digest", "a digest of ids"),
    ("survey_rounds.name", NAME_OF_A_THING),
    ("survey_rounds.series", "a word by which rounds are compared"),
    ("observation_notices.issued_by", "an organisation"),
    ("observation_notices.requirements_version", PUBLISHED),
    ("organizations.name", NAME_OF_A_THING),
    ("organizations.relation", "what an organisation is to another"),
    ("places.address", NAME_OF_A_THING),
    ("places.name", NAME_OF_A_THING),
    ("price_alerts.baseline.unit", UNIT),
    ("price_alerts.evidence.figure", OF_THE_MARKET),
    ("price_alerts.evidence.kind", "a kind of record"),
    ("price_alerts.evidence.pointer", OF_THE_MARKET),
    ("price_alerts.evidence.unit", UNIT),
    ("price_alerts.evidence.value", OF_THE_MARKET),
    ("price_alerts.observed.unit", UNIT),
    ("price_observations.area_name", PUBLISHED),
    ("price_observations.commodity_zh", PUBLISHED),
    ("price_observations.normalized_unit", UNIT),
    ("price_observations.observed_area_code", PUBLISHED),
    ("price_observations.price_unit", UNIT),
    ("price_observations.source_url", PUBLISHED),
    ("price_rules.basis", PUBLISHED),
    ("price_rules.name", NAME_OF_A_THING),
    ("service_rules.basis", PUBLISHED),
    ("shift_templates.name", NAME_OF_A_THING),
    ("shift_templates.slots.title", NAME_OF_A_THING),
    ("shifts.title", NAME_OF_A_THING),
    ("stock_movements.normalized_unit", UNIT),
    ("stock_movements.quantity_unit", UNIT),
    ("stock_targets.name", NAME_OF_A_THING),
    ("stock_targets.normalized_unit", UNIT),
    ("stock_targets.quantity_unit", UNIT),
    ("supply_channels.normalized_unit", UNIT),
    ("supply_channels.origin", "where goods come from"),
    ("supply_channels.quantity_unit", UNIT),
    ("supply_channels.supplier", "the firm that supplies; part of what makes two reports of a channel the same"),
    ("supply_reports.lines.normalized_quantity_unit", UNIT),
    ("supply_reports.lines.normalized_unit", UNIT),
    ("supply_reports.lines.price_unit", UNIT),
    ("supply_reports.lines.quantity_unit", UNIT),
    ("teams.name", NAME_OF_A_THING),
];

/// The free texts of a field that are kept in the clear, by their path. Of what is in the clear, only members of the
/// objects of a list may be sealed.
fn open_texts(field: &Field, path: &str, found: &mut BTreeSet<String>) {
    let path = format!("{path}.{}", field.name);
    let sealed: BTreeSet<&str> = field.sealed_members().collect();
    let members = match field.shape {
        Shape::List { of: Shape::Object(members), .. } => *members,
        Shape::Object(members) => members,
        _ => &[],
    };
    if field.is_personal() {
        return;
    }
    if members.is_empty() {
        of_shape(&field.shape, &path, found);
    }
    for member in members.iter().filter(|member| !sealed.contains(member.name)) {
        of_shape(&member.shape, &format!("{path}.{}", member.name), found);
    }
}

fn of_shape(shape: &Shape, path: &str, found: &mut BTreeSet<String>) {
    match shape {
        Shape::Text { .. } | Shape::Secret { .. } => drop(found.insert(path.to_owned())),
        Shape::List { of, .. } => of_shape(of, path, found),
        Shape::Object(members) => {
            members.iter().for_each(|member| of_shape(&member.shape, &format!("{path}.{}", member.name), found));
        }
        _ => {}
    }
}

#[test]
fn every_free_text_is_sealed_or_says_why_not() {
    let mut found = BTreeSet::new();
    for kind in routes::kinds().kinds() {
        kind.fields.iter().for_each(|field| open_texts(field, kind.name, &mut found));
    }
    let listed: BTreeMap<&str, &str> = OPEN.iter().copied().collect();
    assert!(listed.values().all(|why| !why.is_empty()));
    let listed: BTreeSet<String> = listed.into_keys().map(str::to_owned).collect();
    assert_eq!(found, listed, "a free text is sealed, or stands in the list with a reason");
}

/// Columns of tables that are no records and take a text of any form, and why they may.
const COLUMNS: &[(&str, &str)] = &[
    ("api_keys.name", "what a key is for; lines of the audit are told by it"),
    ("api_keys.role", "a word"),
    ("audit_log.address", "from which network; whoever audits asks for it"),
    ("audit_log.request_id", "made by the service, or an id of no sense"),
    ("audit_log.subject_kind", "a kind"),
    ("audit_log.verb", "a word"),
    ("divisions.level", "a word"),
    ("divisions.name", NAME_OF_A_THING),
    ("divisions.unit_type", "a word"),
    ("duty_cadences.source", PUBLISHED),
    ("former_grants.role", "a word"),
    ("held_items.device_id", "empty but in rows of a former release"),
    ("key_fingerprints.name", "a key file"),
    ("observation_policies.source", PUBLISHED),
    ("service_settings.name", "a setting"),
    ("service_settings.value", "a setting"),
    ("sessions.device_id", "empty but in rows of a former release"),
    ("sessions.end_reason", "a word"),
    ("sync_conflicts.device_id", "empty but in rows of a former release"),
    ("user_grants.role", "a word"),
    ("users.display_name", "what a worker is called on duty, shown to all who work with him"),
    ("users.password_hash", "a hash"),
    ("worker_leases.name", "a job"),
];

#[tokio::test]
async fn every_column_of_free_text_says_why_it_is_open() {
    let app = TestApp::start().await;
    let kinds: BTreeSet<&str> = app.core.kinds().kinds().map(|kind| kind.name).collect();
    // Codes are `COLLATE "C"`; what is not takes words.
    let columns = "SELECT table_name::text AS name, column_name::text AS column FROM information_schema.columns JOIN information_schema.tables AS t USING (table_schema, table_name) WHERE table_schema = 'public' AND t.table_type = 'BASE TABLE' AND data_type = 'text' AND collation_name IS NULL";
    let mut found = BTreeSet::new();
    for mut row in app.rows(columns).await {
        let name = row.text("name").unwrap();
        if !kinds.contains(name.as_str()) {
            found.insert(format!("{name}.{}", row.text("column").unwrap()));
        }
    }
    assert_eq!(found, COLUMNS.iter().map(|(column, _)| (*column).to_owned()).collect());
}

/// Marks, each in one free text only: which text is found by what. And the texts that took one.
#[derive(Default)]
struct Marks(Vec<String>, BTreeSet<String>);

impl Marks {
    /// A mark for a text: short, for some are.
    fn of(&mut self, path: &str) -> Json {
        self.0.push(path.to_owned());
        format!("铃兰{:03}", self.0.len() - 1).into()
    }

    /// A field's value with a mark in each free text of it; `None` where it has none, or needs an item that isn't
    /// there.
    fn value(&mut self, shape: &Shape, sample: &Json, path: &str) -> Option<Json> {
        match shape {
            Shape::Text { pattern: None, max: 6.., .. } => Some(self.of(path)),
            Shape::List { of: Shape::Text { pattern: None, .. }, .. } => Some(json!([self.of(path)])),
            Shape::List { of, .. } => {
                let items = sample.as_array().filter(|items| !items.is_empty())?;
                let marked: Vec<Option<Json>> = items.iter().map(|item| self.value(of, item, path)).collect();
                marked.into_iter().collect::<Option<Vec<Json>>>().map(Json::Array)
            }
            Shape::Object(fields) => {
                let mut object = sample.as_object()?.clone();
                for field in *fields {
                    let sample = object.get(field.name).cloned().unwrap_or_default();
                    let path = format!("{path}.{}", field.name);
                    let value = self.value(&field.shape, &sample, &path);
                    object.extend(value.map(|value| (field.name.to_owned(), value)));
                }
                Some(Json::Object(object))
            }
            _ => None,
        }
    }

    /// These went in.
    fn took(&mut self, patch: &Json) {
        let text = patch.to_string();
        for (index, path) in self.0.iter().enumerate().filter(|(index, _)| text.contains(&format!("铃兰{index:03}")))
        {
            let _ = index;
            self.1.insert(path.clone());
        }
    }

    /// Amends a record with a mark in every free text that takes one.
    async fn amend(&mut self, actor: &Actor, kind: &Kind, sample: &Json, path: &str) {
        let mut patch = json!({});
        for field in kind.body_fields().into_iter().filter(|field| field.write == Write::Always) {
            let value = self.value(&field.shape, &sample[field.name], &format!("{}.{}", kind.name, field.name));
            if let Some(value) = value {
                patch[field.name] = value;
            }
        }
        for _ in 0..9 {
            let tag = actor.get(path).await.expect(200).header("etag").to_owned();
            let reply = actor.patch(path, &tag, &patch).await;
            if reply.status == 200 {
                self.took(&patch);
                return;
            }
            assert!((400..=422).contains(&reply.status) && !reply.faults().is_empty(), "{path}: {}", reply.body);
            // Members that take no such text go as the example has them, or not at all.
            for (pointer, _) in reply.faults() {
                let names: Vec<&str> = pointer.trim_start_matches('/').split('/').collect();
                let former = sample.pointer(&pointer).cloned();
                match (patch.pointer_mut(&pointer), former) {
                    (Some(place), Some(former)) if *place != former => *place = former,
                    _ => drop(patch.as_object_mut().unwrap().remove(names[0])),
                }
            }
        }
        panic!("{path}: {patch}");
    }
}

/// Sealed texts that have a form of their own: numbers and plates, looked for in `privacy.rs`; names of figures; and who
/// told a tip, which is said once, looked for in `communities.rs`.
const NOT_AMENDED: &[&str] = &[
    "corrections_subjects.phone",
    "daily_reports.figures.name",
    "households.contact_phone",
    "need_requests.phone",
    "people.document_number",
    "people.phone",
    "screenings.vehicle.plate_number",
    "tips.informant",
    "travels.stops.place_code",
];

/// The paths of the texts that are sealed and that a client may write.
fn sealed_texts(app: &TestApp) -> BTreeSet<String> {
    let (mut all, mut open) = (BTreeSet::new(), BTreeSet::new());
    for kind in app.core.kinds().kinds() {
        for field in kind.fields.iter().filter(|field| field.write != Write::Never) {
            of_shape(&field.shape, &format!("{}.{}", kind.name, field.name), &mut all);
            open_texts(field, kind.name, &mut open);
        }
    }
    all.difference(&open).cloned().collect()
}

/// Everything in the database that has a mark in the clear: the mark's path, and the tables.
async fn found(app: &TestApp, marks: &Marks) -> BTreeMap<String, BTreeSet<String>> {
    let tables = "SELECT relname::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND relkind = 'r'";
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for mut table in app.rows(tables).await {
        let name = table.text("name").unwrap();
        let hex = hex::encode("铃兰");
        let rows = format!("SELECT to_jsonb(t)::text AS row FROM {name} AS t WHERE to_jsonb(t)::text ~ '铃兰|{hex}'");
        for mut row in app.rows(&rows).await {
            let row = row.text("row").unwrap();
            assert!(!row.contains(&hex), "{name} has a mark in bytes");
            for part in row.split("铃兰").skip(1) {
                let number: usize = part.chars().take(3).collect::<String>().parse().unwrap();
                found.entry(marks.0[number].clone()).or_default().insert(name.clone());
            }
        }
    }
    found
}

/// Reasons that are no record's, and what devices call themselves, each with a mark.
async fn audit_entries(app: &TestApp, admin: &Actor, marks: &mut Marks) {
    let person = json!({"name": "王五", "phone": "15400000001", "area_code": "511802005"});
    let one = admin.post("/v1/people", &person).await.expect(201).header("location").to_owned();
    let why = json!({"purpose": "medical_follow_up", "reason": marks.of("reveal")});
    admin.post(&format!("{one}:reveal"), &why).await.expect(200);
    let log = admin.get("/v1/audit?verb=people.reveal").await.expect(200).body["items"][0].clone();
    assert_eq!(log["details"]["reason"], why["reason"], "auditors read why");

    let other = json!({"name": "王武", "phone": "15400000002", "area_code": "511802005"});
    let other = admin.post("/v1/people", &other).await.expect(201).body["id"].clone();
    let merge = json!({"into_id": other, "reason": marks.of("merge")});
    admin.post(&format!("{one}:merge"), &merge).await.expect(200);
    admin.post(&format!("{one}:unmerge"), &json!({"reason": marks.of("unmerge")})).await.expect(200);

    let ask = json!({"kind": "people", "purpose": "epidemic_control", "reason": marks.of("export_requests.reason")});
    let asked = admin.post("/v1/export-requests", &ask).await.expect(201).header("location").to_owned();
    let auditor = app.actor(Role::Auditor, "雨城区").await;
    let no = json!({"reason": marks.of("export_requests.refusal")});
    auditor.post(&format!("{asked}:refuse"), &no).await.expect(200);

    let guard = app.gate_guard("大兴街道").await;
    let place = examples::checkpoint(admin, "511802005").await;
    let (sent, mut broken) = (create(&place, 1), create(&place, 2));
    broken["body"]["temperature_c"] = "hot".into();
    broken["body"]["note"] = marks.of("held_items.note");
    let device = marks.of("device_id");
    let change = amend(&sent["id"], 1, json!({"note": marks.of("note")}));
    let body = json!({"device_id": device, "items": [sent, change, broken]});
    let results = guard.post("/v1/sync/push", &body).await.expect(207).body["results"].clone();
    assert_eq!(outcomes(results.as_array().unwrap()), ["created", "revised", "held"], "{results}");
    let held = guard.get("/v1/held-items").await.expect(200).body["items"][0].clone();
    assert_eq!(held["device_id"], device, "shown to whoever sent it");
    let contrary = amend(&body["items"][0]["id"], 1, json!({"note": marks.of("note")}));
    admin
        .patch(&format!("/v1/screenings/{}", body["items"][0]["id"].as_str().unwrap()), "\"2\"", &json!({"note": "x"}))
        .await
        .expect(200);
    guard.post("/v1/sync/push", &json!({"device_id": device, "items": [contrary]})).await.expect(207);
    let conflicts = guard.get("/v1/conflicts").await.expect(200).body["items"].clone();
    assert_eq!(conflicts[0]["device_id"], device, "{conflicts}");

    let file =
        format!("姓名,手机,区划,备注\n,15400000001,511802005,{}\n", marks.of("import_faults.row").as_str().unwrap());
    let csv = admin.with("content-type", "text/csv");
    let import = csv.upload("/v1/imports?kind=people", file.into_bytes()).await.expect(200).body;
    assert_eq!(import["counts"]["refused"], 1, "{import}");

    let grants = vec![Grant { role: Role::GateGuard, area_code: "511802005".into(), org_id: None }];
    let password = app.add_user(Uuid::now_v7(), "gate.one", grants).await;
    let login = json!({"username": "gate.one", "password": password, "device_id": device});
    app.nobody().post("/v1/auth/login", &login).await.expect(200);
}

#[tokio::test]
async fn no_table_has_words_about_people_in_the_clear() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let (mut marks, mut paths) = (Marks::default(), Vec::new());
    for (kind, mut body, path) in examples::one_of_each(&app, &admin, "511802005").await {
        if kind.name == "people" {
            body["categories"] = json!([{"category": "other", "since_on": "2020-01-20", "source": "x"}]);
        }
        if !kind.writers.is_empty() {
            marks.amend(&admin, kind, &body, &path).await;
        }
        paths.push(path);
    }
    // Whatever may be void: some records stay, whoever says what.
    let mut voided = 0;
    for path in paths.iter().rev() {
        let why = json!({"reason": marks.of("void_reason")});
        if admin.post(&format!("{path}:void"), &why).await.status == 200 {
            let why = json!({"reason": marks.of("restore_reason")});
            voided += usize::from(admin.post(&format!("{path}:restore"), &why).await.status == 200);
        }
    }
    assert!(voided > 20, "{voided}");
    audit_entries(&app, &admin, &mut marks).await;
    let found = found(&app, &marks).await;
    let unproved: Vec<String> = sealed_texts(&app).difference(&marks.1).cloned().collect();
    assert_eq!(unproved, NOT_AMENDED, "took no mark: nothing is proved of it");
    let listed: BTreeSet<&str> = OPEN.iter().map(|(path, _)| *path).collect();
    let leaks: BTreeMap<_, _> = found.iter().filter(|(path, _)| !listed.contains(path.as_str())).collect();
    assert_eq!(leaks, BTreeMap::new(), "sealed, and in the clear in these tables");
}
