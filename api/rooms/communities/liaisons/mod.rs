//! Liaisons (沟通联络): what a unit and a community, or two units, agreed with each other.

use kit::faults::Faults;
use kit::field::{Field, Shape, free_text};
use kit::statement::{ColumnType, Statement};
use kit::text::Text;
use kit::value::Value;
use kit::{fields, words};
use uuid::Uuid;

use crate::platform::access::Role;
use crate::records::codes::{ONE_OF_NEEDED, UNKNOWN_AREA};
use crate::records::conditions::{Condition, ConditionContext};
use crate::records::figure::TIMES;
use crate::records::{Context, Definition, Draft, Figure, Kind, Measure, Record, Rules};

words! {
    /// Way in which they spoke.
    pub LiaisonChannel "liaison_channel" "Channel" "方式" {
        Meeting "meeting" "meeting" "会议";
        Phone "phone" "telephone" "电话";
        Visit "visit" "visit" "走访";
        Message "message" "message" "消息";
    }
}

fields! {
    /// The fields of a liaison, beside the envelope's.
    static FIELDS;
    WITH_ORG_ID: Uuid = Field::new("with_org_id", Shape::Reference("organizations"), Text::new("With organisation", "对方单位"), "With which organisation, whose administrators read it; this or `with_area_code`.")
        .also(&["联络单位", "沟通单位"]);
    WITH_AREA_CODE: String = Field::new("with_area_code", Shape::Area, Text::new("With community", "对方街道社区"), "With which town, subdistrict, village or community; this or `with_org_id`.")
        .also(&["联络社区", "沟通社区", "社区"]);
    CHANNEL: LiaisonChannel = Field::new("channel", Shape::Word(LiaisonChannel::VOCABULARY), Text::new("Channel", "方式"), "How.")
        .required()
        .also(&["沟通方式", "联络方式"]);
    TOPIC: String = Field::new("topic", free_text(200), Text::new("Topic", "事项"), "About what. Encrypted at rest.")
        .sealed()
        .required()
        .also(&["沟通事项", "联络事项", "主题"]);
    AGREED: String = Field::new("agreed", free_text(300), Text::new("Agreed", "商定内容"), "What was agreed. Encrypted at rest.")
        .sealed()
        .also(&["沟通结果", "达成意见"]);
}

/// Roles that speak for a unit or a community.
const SPEAKERS: &[Role] =
    &[Role::DistrictAdmin, Role::OrgAdmin, Role::TownCadre, Role::VillageCadre, Role::GroupCadre, Role::GridWorker];

/// The kind.
pub static LIAISONS: Kind = Kind::of(Definition {
    name: "liaisons",
    path: "liaisons",
    schema: "Liaison",
    label: Text::new("Liaison", "沟通联络"),
    about: "What a unit and a community, or two units, spoke about.",
    fields: FIELDS,
    filters: &[WITH_ORG_ID.name(), WITH_AREA_CODE.name(), CHANNEL.name()],
    readers: SPEAKERS,
    writers: SPEAKERS,
    rules: &LiaisonRules,
    example: include_str!("../../../../openapi/examples/liaisons/create.json"),
    ..Definition::FIELD_RECORD
});

struct LiaisonRules;

const LIAISONS_HELD: Figure = Figure::new("liaisons", Text::new("Liaisons", "沟通联络"), TIMES).open();

static OF_ORG: Field = WITH_ORG_ID.field;
static OF_AREA: Field = WITH_AREA_CODE.field;
/// Figures of a pair: the record's organisation and whom it spoke with.
static NARROWED_BY: &[Condition] =
    &[Condition { parameter: &OF_ORG, apply: with_organization }, Condition { parameter: &OF_AREA, apply: with_area }];

fn with_organization(statement: Statement, value: &Value, _: &ConditionContext<'_>) -> Statement {
    statement.sql(" AND r.with_org_id = ").bind(ColumnType::Id, value.clone())
}

fn with_area(statement: Statement, value: &Value, _: &ConditionContext<'_>) -> Statement {
    statement.sql(" AND r.with_area_code = ").bind(ColumnType::Text, value.clone())
}

impl Rules for LiaisonRules {
    fn check(&self, draft: &mut Draft, context: &Context<'_>, faults: &mut Faults) {
        let with_org = draft.values.get(&WITH_ORG_ID).is_some() || faults.touches(&draft.at(&WITH_ORG_ID));
        let area_code = draft.values.get(&WITH_AREA_CODE).map(str::to_owned);
        if !with_org && area_code.is_none() && !faults.touches(&draft.at(&WITH_AREA_CODE)) {
            let fields = format!("{WITH_ORG_ID}, {WITH_AREA_CODE}");
            faults.add_with(draft.at(&WITH_ORG_ID), ONE_OF_NEEDED, vec![("fields", fields)]);
        }
        if area_code.is_some_and(|code| context.divisions.find(&code, None).is_none()) {
            faults.add(draft.at(&WITH_AREA_CODE), UNKNOWN_AREA);
        }
    }

    /// Both sides read it.
    fn shared_with(&self) -> Option<&'static str> {
        Some(WITH_ORG_ID.name())
    }

    fn narrowed_by(&self) -> &'static [Condition] {
        NARROWED_BY
    }

    fn figures(&self) -> &'static [Figure] {
        const { &[LIAISONS_HELD] }
    }

    fn measures(&self, _record: &Record) -> Vec<Measure> {
        vec![LIAISONS_HELD.measured(1)]
    }
}
