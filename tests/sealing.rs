//! Words about people are sealed at rest: every free text of every kind is, or says here why it isn't.

use std::collections::{BTreeMap, BTreeSet};

use lianfang::kit::field::{Field, Shape};
use lianfang::records::Registry;
use lianfang::routes;

/// A unit of measure, as the catalogue or a label has it.
const UNIT: &str = "a unit of measure";
/// What a document, a rule or a roster is called.
const NAME_OF_A_THING: &str = "what a place, a rule or a shift is called: everybody must be able to name it";
const PUBLISHED: &str = "published: law, notice, price list";
const OF_THE_MARKET: &str = "a figure or a word of the market, made by the service";

/// Free texts that stay in the clear, and why.
const OPEN: &[(&str, &str)] = &[
    ("disinfections.agent", "a product"),
    ("duties.proof.kind", "a kind of record"),
    ("duties.subject_kind", "a kind of record"),
    ("enforcement_actions.basis", PUBLISHED),
    ("enforcement_actions.letter_number", "the number under which the letter is filed"),
    ("observation_notices.issued_by", "an organisation"),
    ("observation_notices.requirements_version", PUBLISHED),
    ("organizations.name", NAME_OF_A_THING),
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
    for kind in Registry::new(routes::DEFINITIONS).kinds() {
        kind.fields.iter().for_each(|field| open_texts(field, kind.name, &mut found));
    }
    let listed: BTreeMap<&str, &str> = OPEN.iter().copied().collect();
    assert!(listed.values().all(|why| !why.is_empty()));
    let listed: BTreeSet<String> = listed.into_keys().map(str::to_owned).collect();
    assert_eq!(found, listed, "a free text is sealed, or stands in the list with a reason");
}
