//! Violations (违规): what was found, who dealt with it, what came of it. Of a case they are read and written as all that
//! belongs to it; banquets, rumours and prices are about a place or a person and nobody's case.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use kit::faults::Faults;
use kit::field::{Field, Shape, free_text};
use kit::text::Text;
use kit::{fields, words};
use ledger::decide::Decider;
use uuid::Uuid;

use super::care::{CareDecider, warn_of_outside};
use super::{CARERS, wire};
use crate::platform::access::Role;
use crate::platform::access::roles::Actor;
use crate::records::codes::ONE_OF_NEEDED;
use crate::records::envelope::OCCURRED_AT;
use crate::records::figure::TIMES;
use crate::records::rules::{Narrowed, Narrowing};
use crate::records::scope::Follows;
use crate::records::write_context::WriteContext;
use crate::records::{Context, Definition, Draft, Figure, Kind, Measure, Record, Rules};
use crate::rooms::observation::codes::OTHER_CASE;

words! {
    /// Kind of violation: of isolation, and of what holds for everybody.
    pub ViolationKind "violation_kind" "Violation" "违规类型" {
        WentOut "went_out" "went out" "擅自外出";
        ReceivedVisitors "received_visitors" "received visitors" "接待来访";
        VisitedRelatives "visited_relatives" "visited relatives" "走亲访友";
        RefusedMeasurement "refused_measurement" "refused to be measured" "拒测体温";
        RefusedRegistration "refused_registration" "refused to be registered" "拒绝登记";
        ConcealedTravel "concealed_travel" "concealed travel" "隐瞒行程";
        FalseInformation "false_information" "gave false information" "谎报";
        NonCooperation "non_cooperation" "did not cooperate" "不配合";
        GroupBanquet "group_banquet" "held a group banquet" "违规聚餐";
        PriceGouging "price_gouging" "drove prices up" "哄抬价格";
        Hoarding "hoarding" "hoarded goods" "囤积";
        ForcedBundling "forced_bundling" "sold by forced bundling" "强制搭售";
        NoPriceTag "no_price_tag" "had no price tags" "未明码标价";
        Rumor "rumor" "spread rumours" "造谣";
    }
}
words! {
    /// Consequence of a violation.
    pub ViolationOutcome "violation_outcome" "Outcome" "处理结果" {
        Educated "educated" "educated" "教育劝阻";
        Warned "warned" "warned" "告诫";
        Rectified "rectified" "mended" "整改";
        Centralized "centralized" "moved to central isolation" "集中隔离";
        PoliceCase "police_case" "public security penalty" "治安处罚";
        Transferred "transferred" "handed to the prosecution" "移送";
        Unfounded "unfounded" "unfounded" "不属实";
    }
}

fields! {
    /// The fields of a violation, beside the envelope's.
    static FIELDS;
    CASE_ID: Uuid = Field { about: "The isolation case it belongs to; this, `place_id` or `person_id`.", ..super::CASE_ID.field }.on_create();
    PLACE_ID: Uuid = Field::new("place_id", Shape::Reference("places"), Text::new("Place", "场所"), "Where it was, if at a place.")
        .brings_area(2)
        .also(&["违规场所", "地点", "发生地点", "门店"]);
    PERSON_ID: Uuid = Field::new("person_id", Shape::Reference("people"), Text::new("Person id", "人员编号"), "Whose it is; of a case it is the case's.")
        .brings_area(3)
        .on_create();
    VIOLATION_KIND: ViolationKind = Field::new(
        "violation_kind",
        Shape::Word(ViolationKind::VOCABULARY),
        Text::new("Violation", "违规类型"),
        "What was done.",
    )
    .required();
    DESCRIPTION: String = Field::new("description", free_text(500), Text::new("Description", "情况说明"), "What happened.").sealed();
    HANDLED_BY: String = Field::new("handled_by", free_text(60), Text::new("Handled by", "处理人"), "Who dealt with it.").sealed();
    OUTCOME: ViolationOutcome = Field::new(
        "outcome",
        Shape::Word(ViolationOutcome::VOCABULARY),
        Text::new("Outcome", "处理结果"),
        "What came of it.",
    );
    BANQUET_ID: Uuid = Field::new("banquet_id", Shape::Id, Text::new("Banquet", "宴席"), "The banquet that it is, where the service made it of one: held with more tables than a ban allows.")
        .by_server();
}

/// Roles that write violations of a case.
const OF_CASES: &[Role] = &[
    Role::DistrictAdmin,
    Role::GridWorker,
    Role::TownCadre,
    Role::VillageCadre,
    Role::GroupCadre,
    Role::HealthWorker,
    Role::PoliceOfficer,
];

/// The kind.
pub static VIOLATIONS: Kind = Kind::of(Definition {
    name: "violations",
    path: "violations",
    schema: "Violation",
    label: Text::new("Violation", "违规记录"),
    about: "A violation of the rules of observation at home, or of those for everybody: of a case, at a place, by a person.",
    fields: FIELDS,
    filters: &[
        CASE_ID.name(),
        PLACE_ID.name(),
        PERSON_ID.name(),
        VIOLATION_KIND.name(),
        OUTCOME.name(),
        BANQUET_ID.name(),
    ],
    readers: &[
        Role::DistrictAdmin,
        Role::OrgAdmin,
        Role::Inspector,
        Role::GridWorker,
        Role::TownCadre,
        Role::VillageCadre,
        Role::GroupCadre,
        Role::HealthWorker,
        Role::CdcOfficer,
        Role::PoliceOfficer,
    ],
    writers: &[
        Role::DistrictAdmin,
        Role::OrgAdmin,
        Role::Inspector,
        Role::GridWorker,
        Role::TownCadre,
        Role::VillageCadre,
        Role::GroupCadre,
        Role::HealthWorker,
        Role::PoliceOfficer,
    ],
    takes_attachments: true,
    rules: &ViolationRules,
    warnings: &[&super::CASE_ENDED, &super::BEFORE_CASE],
    example: include_str!("../../../../openapi/examples/violations/create.json"),
    ..Definition::FIELD_RECORD
});

/// Violations that a bureau reads: nobody's case is its business.
static OF_NO_CASE: Narrowing = Narrowing {
    label: Text::new("those of no case", "不属于个案的"),
    condition: |statement, row, _| statement.sql(format!(" AND {row}.case_id IS NULL")),
};

const FOUND: Figure = Figure::new("violations", Text::new("Violations", "违规"), TIMES);

struct ViolationRules;

impl Rules for ViolationRules {
    fn check(&self, draft: &mut Draft, _context: &Context<'_>, faults: &mut Faults) {
        let about = [&CASE_ID, &PLACE_ID, &PERSON_ID];
        let touched = about.iter().any(|field| draft.values.get(*field).is_some() || faults.touches(&draft.at(*field)));
        // Violations that the service made of banquets at home have no place, and are nobody's whom the register knows.
        if !touched && draft.former.get(&BANQUET_ID).is_none() {
            let fields = about.map(|field| field.name()).join(", ");
            faults.add_with(draft.at(&CASE_ID), ONE_OF_NEEDED, vec![("fields", fields)]);
        }
    }

    fn check_references(&self, draft: &mut Draft, _context: &Context<'_>, faults: &mut Faults) {
        // A person's own id was resolved to that of whom he was merged into; a case may name an alias.
        let of_case = draft.reference(&CASE_ID).and_then(|case| case.values.get(&wire::PERSON_ID));
        let named = draft.values.get(&PERSON_ID);
        if of_case.zip(named).is_some_and(|(of_case, named)| of_case != named) {
            faults.add(draft.at(&PERSON_ID), OTHER_CASE);
        }
    }

    fn judge(&self, draft: &mut Draft, context: &Context<'_>) {
        warn_of_outside(draft, context);
        if let Some(person_id) = draft.reference(&CASE_ID).and_then(|case| case.values.get(&wire::PERSON_ID)) {
            draft.values.set(&PERSON_ID, person_id);
        }
    }

    fn happens_at(&self, draft: &Draft, _context: &Context<'_>) -> Option<DateTime<Utc>> {
        draft.values.get(&OCCURRED_AT)
    }

    /// Several may be found at one place at once: without a case a row is a fact as a whole.
    fn natural_key(&self) -> &'static [&'static str] {
        const { &[CASE_ID.name(), OCCURRED_AT.name()] }
    }

    fn decider(
        &self,
        former: Option<&Record>,
        next: &Record,
        write_context: &Arc<WriteContext>,
    ) -> Option<Arc<dyn Decider>> {
        let of_case = |record: &Record| record.values.get(&CASE_ID).is_some();
        (of_case(next) || former.is_some_and(of_case)).then(|| CareDecider::of(write_context))
    }

    fn judged_across_rows(&self) -> bool {
        true
    }

    fn narrowed(&self, role: Role) -> Option<Narrowed> {
        (!CARERS.contains(&role)).then_some(Narrowed::By(&OF_NO_CASE))
    }

    fn writers(&self, draft: &Draft) -> Option<&'static [Role]> {
        draft.values.get(&CASE_ID).map(|_| OF_CASES)
    }

    /// Violations of no case judge shops and their owners: no competitor's word, and nobody's about himself.
    fn permits(&self, actor: &Actor, draft: &Draft) -> bool {
        draft.values.get(&CASE_ID).is_some() || actor.judges(VIOLATIONS.writers)
    }

    fn figure_readers(&self) -> Option<&'static [Role]> {
        Some(CARERS)
    }

    fn measures(&self, _record: &Record) -> Vec<Measure> {
        vec![FOUND.measured(1)]
    }

    fn figures(&self) -> &'static [Figure] {
        const { &[FOUND] }
    }

    fn follows(&self) -> Option<Follows> {
        Some(super::FOLLOWS)
    }
}
