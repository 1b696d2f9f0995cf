//! Issues of goods (物资发放): what was handed out, from which stock, to whom, out of which donation. Items that are
//! commodities leave that stock in the same append.

mod given;

use std::sync::Arc;

use kit::faults::Faults;
use kit::field::{Field, Shape, free_text};
use kit::statement::Statement;
use kit::text::Text;
use kit::typed::TypedField;
use kit::value::Value;
use kit::{fields, words};
use ledger::decide::Decider;
use serde_json::Value as Json;
use uuid::Uuid;

pub use self::given::operations;
use super::goods::{
    self, GOODS_READERS, GoodsDecider, KEEPERS, OF_COMMODITY, OF_ITEM, check_items, tidy_items, value_fen,
};
use crate::records::codes::ONE_OF_NEEDED;
use crate::records::conditions::{Condition, ConditionContext};
use crate::records::figure::{PERSON_TIMES, TIMES, YUAN};
use crate::records::write_context::WriteContext;
use crate::records::{Context, Definition, Draft, Figure, Kind, Lines, Measure, Record, Rules, SheetRow};
use crate::rooms::supply::stock_movements::StockDecider;
use crate::rooms::supply::stock_movements::sources::{self, StockItem, StockSource};

words! {
    /// Occasion on which goods are handed out.
    pub IssueOccasion "issue_occasion" "Occasion" "发放事由" {
        StaffSupport "staff_support" "for those on duty" "慰问值守";
        Protection "protection" "protection" "防护";
        Disinfection "disinfection" "disinfection" "消杀";
        HouseholdSupport "household_support" "for households in need" "困难帮扶";
    }
}
words! {
    /// Kinds of recipients of an issue.
    pub RecipientKind "recipient_kind" "Recipient" "接收对象" {
        Place "place" "a place" "场所";
        Organization "organization" "an organisation" "单位";
        Team "team" "a team" "队伍";
    }
}

fields! {
    /// The fields of an issue, beside the envelope's.
    static FIELDS;
    FROM_PLACE_ID: Uuid = sources::FROM_PLACE_ID.field;
    RECIPIENT_PLACE_ID: Uuid = goods::RECIPIENT_PLACE_ID.field;
    RECIPIENT_ORG_ID: Uuid = goods::RECIPIENT_ORG_ID.field;
    RECIPIENT_TEAM_ID: Uuid = goods::RECIPIENT_TEAM_ID.field;
    RECIPIENTS: i64 = Field::new(
        "recipients",
        Shape::Integer { min: 0, max: 1_000_000 },
        Text::new("Recipients", "受益人数"),
        "To how many people it went.",
    )
    .also(&["人数", "发放人数", "领取人数"]);
    OCCASION: IssueOccasion = Field::new(
        "occasion",
        Shape::Word(IssueOccasion::VOCABULARY),
        Text::new("Occasion", "发放事由"),
        "For what it was handed out.",
    )
    .also(&["用途", "事由", "发放用途", "物资用途"]);
    DONATION_ID: Uuid = goods::DONATION_ID.field;
    ITEMS: Vec<StockItem> = sources::ITEMS.field;
    RECEIVER: String = Field::new("receiver", free_text(60), Text::new("Receiver", "领取人"), "Who took it. Encrypted at rest.")
        .also(&["领用人", "签收人", "接收人", "领物人", "签领人"])
        .sealed();
}

/// The kind.
pub static MATERIAL_ISSUES: Kind = Kind::of(Definition {
    name: "material_issues",
    path: "material-issues",
    schema: "MaterialIssue",
    label: Text::new("Issue of goods", "物资发放"),
    about: "What was handed out, to whom.",
    fields: FIELDS,
    filters: &[
        FROM_PLACE_ID.name(),
        RECIPIENT_PLACE_ID.name(),
        RECIPIENT_ORG_ID.name(),
        RECIPIENT_TEAM_ID.name(),
        OCCASION.name(),
        DONATION_ID.name(),
    ],
    readers: GOODS_READERS,
    writers: KEEPERS,
    rules: &MaterialIssueRules,
    example: include_str!("../../../../openapi/examples/material_issues/create.json"),
    ..Definition::FIELD_RECORD
});

struct MaterialIssueRules;

/// Figures of issues that statistics show.
static FIGURES: &[Figure] = &[
    ISSUED,
    TO_PLACES,
    TO_ORGANIZATIONS,
    TO_TEAMS,
    STAFF_SUPPORT,
    PROTECTION,
    DISINFECTION,
    HOUSEHOLDS,
    PEOPLE,
    VALUE,
];

const ISSUED: Figure = Figure::new("material_issues", Text::new("Issues of goods", "物资发放"), TIMES).open();
const TO_PLACES: Figure = Figure::new("issued_to_places", Text::new("Issues to places", "发放至场所"), TIMES)
    .part(ISSUED.name, "recipient=place")
    .open();
const TO_ORGANIZATIONS: Figure =
    Figure::new("issued_to_organizations", Text::new("Issues to organisations", "发放至单位"), TIMES)
        .part(ISSUED.name, "recipient=organization")
        .open();
const TO_TEAMS: Figure = Figure::new("issued_to_teams", Text::new("Issues to teams", "发放至队伍"), TIMES)
    .part(ISSUED.name, "recipient=team")
    .open();
const STAFF_SUPPORT: Figure =
    Figure::new("issued_staff_support", Text::new("Issues to those on duty", "慰问值守发放"), TIMES)
        .part(ISSUED.name, "occasion=staff_support")
        .open();
const PROTECTION: Figure = Figure::new("issued_protection", Text::new("Issues for protection", "防护物资发放"), TIMES)
    .part(ISSUED.name, "occasion=protection")
    .open();
const DISINFECTION: Figure =
    Figure::new("issued_disinfection", Text::new("Issues for disinfection", "消杀物资发放"), TIMES)
        .part(ISSUED.name, "occasion=disinfection")
        .open();
const HOUSEHOLDS: Figure =
    Figure::new("issued_household_support", Text::new("Issues to households in need", "困难帮扶发放"), TIMES)
        .part(ISSUED.name, "occasion=household_support");
const PEOPLE: Figure = Figure::new("issue_recipients", Text::new("People who got something", "受益人次"), PERSON_TIMES);
const VALUE: Figure = Figure::new("issued_value_cny", Text::new("Value of what was issued", "发放价值"), YUAN)
    .scaled("issued_fen", 2)
    .open();

const RECIPIENT: Field = Field::new(
    "recipient",
    Shape::Word(RecipientKind::VOCABULARY),
    Text::new("Recipient", "接收对象"),
    "Those that name a place, an organisation or a team as the recipient.",
);

static CONDITIONS: &[Condition] = &[OF_COMMODITY, OF_ITEM, Condition { parameter: &RECIPIENT, apply: to_recipient }];

fn to_recipient(statement: Statement, value: &Value, _asking: &ConditionContext<'_>) -> Statement {
    let Value::Text(code) = value else { return statement };
    let column = match RecipientKind::of_code(code) {
        Some(RecipientKind::Place) => RECIPIENT_PLACE_ID,
        Some(RecipientKind::Organization) => RECIPIENT_ORG_ID,
        Some(RecipientKind::Team) => RECIPIENT_TEAM_ID,
        None => return statement,
    };
    statement.sql(format!(" AND r.{column} IS NOT NULL"))
}

/// The items member by member, as they were sent.
const SENT_ITEMS: TypedField<Json> = TypedField::new(ITEMS.field);

impl Rules for MaterialIssueRules {
    fn check(&self, draft: &mut Draft, context: &Context<'_>, faults: &mut Faults) {
        let recipients = [RECIPIENT_PLACE_ID, RECIPIENT_ORG_ID, RECIPIENT_TEAM_ID];
        let told = |field: &TypedField<Uuid>| draft.values.get(field).is_some() || faults.touches(&draft.at(field));
        if !recipients.iter().any(told) {
            let fields = recipients.iter().map(TypedField::name).collect::<Vec<_>>().join(", ");
            faults.add_with(draft.at(&RECIPIENT_PLACE_ID), ONE_OF_NEEDED, vec![("fields", fields)]);
        }
        check_items(StockSource::MaterialIssues, draft, context, faults);
    }

    /// An item that is called as one of the donation is the same thing: where that is kept in stock, so is this.
    fn check_references(&self, draft: &mut Draft, _context: &Context<'_>, _faults: &mut Faults) {
        let Some(donation) = draft.reference(&DONATION_ID) else { return };
        let given: Vec<StockItem> = donation.values.list(&ITEMS).collect();
        let Some(Json::Array(mut items)) = draft.values.get(&SENT_ITEMS).cloned() else { return };
        for item in &mut items {
            let Some(members) = item.as_object_mut() else { continue };
            let name = members.get("item").and_then(Json::as_str).unwrap_or_default();
            let known = given.iter().find(|given| given.item == name).and_then(|given| given.commodity.clone());
            if let Some(code) = known.filter(|_| members.get("commodity").is_none_or(Json::is_null)) {
                members.insert("commodity".to_owned(), Json::String(code));
            }
        }
        draft.values.set(&SENT_ITEMS, Json::Array(items));
    }

    fn shared_with(&self) -> Option<&'static str> {
        Some(RECIPIENT_ORG_ID.name())
    }

    fn tidy_sheet(&self, row: &mut SheetRow<'_>) {
        tidy_items(row);
    }

    fn lines(&self) -> Option<Lines> {
        Some(Lines { list: ITEMS.name(), key: "item" })
    }

    fn place_column(&self) -> Option<&'static str> {
        Some(FROM_PLACE_ID.name())
    }

    fn conditions(&self) -> &'static [Condition] {
        CONDITIONS
    }

    /// Issues out of a donation must pass its rule, and all issues the stock's.
    fn decider(
        &self,
        former: Option<&Record>,
        next: &Record,
        write_context: &Arc<WriteContext>,
    ) -> Option<Arc<dyn Decider>> {
        let decider: Arc<dyn Decider> = match is_of_donation(former, next) {
            true => Arc::new(GoodsDecider(Arc::clone(write_context))),
            false => Arc::new(StockDecider(Arc::clone(write_context))),
        };
        Some(decider)
    }

    fn followers(
        &self,
        former: Option<&Record>,
        next: &Record,
        write_context: &Arc<WriteContext>,
    ) -> Vec<Arc<dyn Decider>> {
        match is_of_donation(former, next) {
            true => vec![Arc::new(StockDecider(Arc::clone(write_context)))],
            false => Vec::new(),
        }
    }

    fn judged_across_rows(&self) -> bool {
        true
    }

    fn figures(&self) -> &'static [Figure] {
        FIGURES
    }

    fn measures(&self, record: &Record) -> Vec<Measure> {
        let values = &record.values;
        let one = |figure: &Figure, is_so: bool| figure.measured(i64::from(is_so));
        let occasion = values.get(&OCCASION);
        vec![
            ISSUED.measured(1),
            one(&TO_PLACES, values.get(&RECIPIENT_PLACE_ID).is_some()),
            one(&TO_ORGANIZATIONS, values.get(&RECIPIENT_ORG_ID).is_some()),
            one(&TO_TEAMS, values.get(&RECIPIENT_TEAM_ID).is_some()),
            one(&STAFF_SUPPORT, occasion == Some(IssueOccasion::StaffSupport)),
            one(&PROTECTION, occasion == Some(IssueOccasion::Protection)),
            one(&DISINFECTION, occasion == Some(IssueOccasion::Disinfection)),
            one(&HOUSEHOLDS, occasion == Some(IssueOccasion::HouseholdSupport)),
            PEOPLE.measured(values.get(&RECIPIENTS).unwrap_or_default()),
            VALUE.measured(value_fen(values)),
        ]
    }
}

fn is_of_donation(former: Option<&Record>, next: &Record) -> bool {
    former.into_iter().chain([next]).any(|record| record.values.get(&DONATION_ID).is_some())
}
