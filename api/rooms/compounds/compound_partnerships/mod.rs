//! Partnerships (联包帮): which organisation helps which compound, and from when until when.

pub mod decider;

use std::sync::Arc;

use chrono::NaiveDate;
use kit::faults::Faults;
use kit::field::{Field, Shape, free_text};
use kit::statement::ColumnType;
use kit::text::Text;
use kit::{fields, words};
use ledger::decide::Decider;
use uuid::Uuid;

use self::decider::PartnershipDecider;
use crate::platform::access::Role;
use crate::platform::codes::INVALID_ORDER;
use crate::records::conditions::Condition;
use crate::records::write_context::WriteContext;
use crate::records::{Context, Definition, Draft, Kind, Measure, Record, Rules};
use crate::rooms::registers::require_compound;

words! {
    /// Bond between an organisation and a compound.
    pub PartnershipKind "partnership_kind" "Kind of partnership" "结对类型" {
        LianBaoBang "lian_bao_bang" "linked help (lian bao bang)" "联包帮";
        Owner "owner" "owner of a family compound" "主管单位";
        PartyPairing "party_pairing" "double registration of party members" "双报到";
    }
}

fields! {
    /// The fields of a partnership, beside the envelope's.
    static FIELDS;
    PLACE_ID: Uuid = Field::new("place_id", Shape::Reference("places"), Text::new("Compound", "小区(大院)"), "The compound that is helped.")
        .brings_area(1)
        .required()
        .on_create()
        .also(&["大院", "小区", "院落", "大院名称", "小区名称", "院落名称", "联系院落", "联系大院", "家属大院"]);
    PARTNER_ORG_ID: Uuid = Field::new("partner_org_id", Shape::Reference("organizations"), Text::new("Partner", "结对单位"), "The organisation that helps: its people read the partnership, too.")
        .required()
        .on_create()
        .also(&["帮扶单位", "联系单位", "包帮单位", "联包帮单位", "责任单位", "包联单位"]);
    PARTNERSHIP_KIND: PartnershipKind = Field::new("partnership_kind", Shape::Word(PartnershipKind::VOCABULARY), Text::new("Kind", "结对类型"), "What binds them.")
        .required()
        .also(&["结对方式", "包帮类型"]);
    STARTS_ON: NaiveDate = Field::new("starts_on", Shape::Day, Text::new("Starts on", "开始日期"), "The first day.")
        .required()
        .any_day()
        .also(&["结对日期", "起始日期", "结对时间"]);
    ENDS_ON: NaiveDate = Field::new("ends_on", Shape::Day, Text::new("Ends on", "结束日期"), "The last day, itself included.")
        .any_day()
        .also(&["截止日期", "终止日期"]);
    LEADER: String = Field::new("leader", free_text(60), Text::new("Leader", "带队负责人"), "Who leads the partner's people there. Encrypted at rest.")
        .sealed()
        .also(&["负责人", "联系人", "带队领导", "牵头领导"]);
    LEADER_PHONE: String = Field::new("leader_phone", free_text(20), Text::new("Leader's telephone", "负责人电话"), "Where to reach him. Encrypted at rest.")
        .sealed()
        .also(&["联系电话", "电话", "联系方式"]);
}

/// Roles that read partnerships, and what else is told of compounds.
pub const COMPOUND_READERS: &[Role] = &[
    Role::DistrictAdmin,
    Role::OrgAdmin,
    Role::GridWorker,
    Role::TownCadre,
    Role::VillageCadre,
    Role::GroupCadre,
    Role::HealthWorker,
    Role::CdcOfficer,
    Role::PoliceOfficer,
];

/// The kind.
pub static COMPOUND_PARTNERSHIPS: Kind = Kind::of(Definition {
    name: "compound_partnerships",
    path: "compound-partnerships",
    schema: "CompoundPartnership",
    label: Text::new("Compound partnership", "结对联系"),
    about: "An organisation that helps a compound (联包帮), from a day on until another.",
    fields: FIELDS,
    filters: &[PLACE_ID.name(), PARTNER_ORG_ID.name(), PARTNERSHIP_KIND.name()],
    readers: COMPOUND_READERS,
    writers: &[Role::DistrictAdmin, Role::OrgAdmin, Role::TownCadre],
    rules: &PartnershipRules,
    example: include_str!("../../../../openapi/examples/compound_partnerships/create.json"),
    ..Definition::FIELD_RECORD
});

/// For lists of partnerships.
static STANDING_ON: Field =
    Field::new("standing_on", Shape::Day, Text::new("Standing on", "在用日期"), "Those that hold on this day.");

/// Lists of partnerships by a day on which they hold.
static CONDITIONS: &[Condition] = &[Condition {
    parameter: &STANDING_ON,
    apply: |statement, day, _| {
        statement
            .sql(" AND r.starts_on <= ")
            .bind(ColumnType::Day, day.clone())
            .sql(" AND (r.ends_on IS NULL OR r.ends_on >= ")
            .bind(ColumnType::Day, day.clone())
            .sql(")")
    },
}];

struct PartnershipRules;

impl Rules for PartnershipRules {
    fn stands_when_known(&self) -> bool {
        true
    }

    fn shared_with(&self) -> Option<&'static str> {
        Some(PARTNER_ORG_ID.name())
    }

    fn check(&self, draft: &mut Draft, _context: &Context<'_>, faults: &mut Faults) {
        let (starts_on, ends_on) = (draft.values.get(&STARTS_ON), draft.values.get(&ENDS_ON));
        if starts_on.zip(ends_on).is_some_and(|(first, last)| last < first) {
            faults.add_with(draft.at(&ENDS_ON), INVALID_ORDER, vec![("other", STARTS_ON.to_string())]);
        }
    }

    fn check_references(&self, draft: &mut Draft, _context: &Context<'_>, faults: &mut Faults) {
        require_compound(draft, faults);
    }

    fn natural_key(&self) -> &'static [&'static str] {
        const { &[PLACE_ID.name(), PARTNER_ORG_ID.name(), PARTNERSHIP_KIND.name(), STARTS_ON.name()] }
    }

    fn decider(&self, _: Option<&Record>, _: &Record, _: &Arc<WriteContext>) -> Option<Arc<dyn Decider>> {
        Some(Arc::new(PartnershipDecider))
    }

    fn judged_across_rows(&self) -> bool {
        true
    }

    fn conditions(&self) -> &'static [Condition] {
        CONDITIONS
    }

    fn measures(&self, _record: &Record) -> Vec<Measure> {
        vec![("compound_partnerships", 1)]
    }
}
