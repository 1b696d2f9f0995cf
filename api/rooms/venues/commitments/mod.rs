//! Undertakings (承诺书) that venues, organisations, households and people sign. A second one of the same subject and kind
//! is kept; figures count subjects.

use chrono::NaiveDate;
use kit::faults::Faults;
use kit::field::{Field, Shape, free_text};
use kit::text::Text;
use kit::{fields, words};
use uuid::Uuid;

use super::own_place::{is_own_place, of_own_venue};
use crate::platform::access::Role;
use crate::platform::access::roles::Actor;
use crate::platform::privacy::keys::Keys;
use crate::records::codes::ONE_OF;
use crate::records::figure::COPIES;
use crate::records::{Context, Definition, Draft, Figure, Kind, Measure, Narrowed, Record, Rules};

words! {
    /// Kind of an undertaking.
    pub CommitmentKind "commitment_kind" "Kind of undertaking" "承诺类型" {
        VenueUndertaking "venue_undertaking" "undertaking of a venue" "防控承诺";
        NoBanquet "no_banquet" "to hold no banquets" "不承办聚餐";
        HouseholdUndertaking "household_undertaking" "undertaking of a household" "居家承诺";
        StaffUndertaking "staff_undertaking" "undertaking of staff" "职工承诺";
    }
}

fields! {
    /// The fields of an undertaking, beside the envelope's.
    static FIELDS;
    PLACE_ID: Uuid = Field::new("place_id", Shape::Reference("places"), Text::new("Place", "场所"), "The venue that signed; this or another subject.")
        .brings_area(1)
        .also(&["承诺场所", "店名", "门店", "商家", "企业名称", "酒店", "餐饮单位", "经营单位"]);
    COMMITTED_ORG_ID: Uuid = Field::new("committed_org_id", Shape::Reference("organizations"), Text::new("Organisation that signed", "承诺单位"), "The organisation that signed; this or another subject.")
        .brings_area(4)
        .also(&["签订单位", "签署单位"]);
    HOUSEHOLD_ID: Uuid = Field::new("household_id", Shape::Reference("households"), Text::new("Household id", "户编号"), "The household that signed; this or another subject.")
        .brings_area(2);
    PERSON_ID: Uuid = Field::new("person_id", Shape::Reference("people"), Text::new("Person id", "人员编号"), "Who signed for himself; this or another subject.")
        .brings_area(3);
    COMMITMENT_KIND: CommitmentKind = Field::new("commitment_kind", Shape::Word(CommitmentKind::VOCABULARY), Text::new("Kind", "承诺类型"), "What was undertaken.")
        .required()
        .also(&["承诺书类型", "承诺内容", "承诺事项"]);
    TEXT_VERSION: String = Field::new("text_version", free_text(40), Text::new("Version of the text", "文本版本"), "Which text was signed.")
        .also(&["承诺书版本", "版本"]);
    SIGNED_ON: NaiveDate = Field::new("signed_on", Shape::Day, Text::new("Signed on", "签订日期"), "On which day.")
        .required()
        .also(&["签署日期", "承诺日期", "签订时间", "签字日期"]);
    SIGNED_BY: String = Field::new("signed_by", free_text(60), Text::new("Signed by", "签字人"), "Who signed. Encrypted at rest.")
        .sealed()
        .also(&["承诺人", "签署人", "负责人", "签订人"]);
}

/// Roles that take undertakings: those of the field, units, volunteers, and venues of their own.
pub const COMMITMENT_WRITERS: &[Role] = &[
    Role::DistrictAdmin,
    Role::OrgAdmin,
    Role::GridWorker,
    Role::TownCadre,
    Role::VillageCadre,
    Role::GroupCadre,
    Role::HealthWorker,
    Role::CdcOfficer,
    Role::PoliceOfficer,
    Role::Volunteer,
    Role::StoreReporter,
];

/// The same, and inspectors.
pub const COMMITMENT_READERS: &[Role] = &[
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
    Role::Volunteer,
    Role::StoreReporter,
];

/// The kind.
pub static COMMITMENTS: Kind = Kind::of(Definition {
    name: "commitments",
    path: "commitments",
    schema: "Commitment",
    label: Text::new("Commitment", "承诺书"),
    about: "An undertaking that a venue, an organisation, a household or somebody signed.",
    fields: FIELDS,
    filters: &[PLACE_ID.name(), COMMITTED_ORG_ID.name(), HOUSEHOLD_ID.name(), PERSON_ID.name(), COMMITMENT_KIND.name()],
    readers: COMMITMENT_READERS,
    writers: COMMITMENT_WRITERS,
    rules: &CommitmentRules,
    example: include_str!("../../../../openapi/examples/commitments/create.json"),
    ..Definition::FIELD_RECORD
});

struct CommitmentRules;

const SIGNED: Figure = Figure::new("commitments", Text::new("Undertakings", "承诺书份数"), COPIES);
const HOUSEHOLDS: Figure = Figure::new(
    "households_committed",
    Text::new("Households that signed", "签订承诺户数"),
    Text::new("households", "户"),
)
.different("households", KEPT_AS);
/// Name under which different households are kept.
const KEPT_AS: &str = "commitments.households";

impl Rules for CommitmentRules {
    fn check(&self, draft: &mut Draft, _context: &Context<'_>, faults: &mut Faults) {
        let subjects = [&PLACE_ID, &COMMITTED_ORG_ID, &HOUSEHOLD_ID, &PERSON_ID];
        let given = subjects.iter().filter(|field| draft.values.get(**field).is_some()).count();
        let touched = subjects.iter().any(|field| faults.touches(&draft.at(*field)));
        if given != 1 && !touched {
            let fields = subjects.map(|field| field.name()).join(", ");
            faults.add_with(draft.at(&PLACE_ID), ONE_OF, vec![("fields", fields)]);
        }
    }

    fn natural_key(&self) -> &'static [&'static str] {
        const { &["place_id|committed_org_id|household_id|person_id", COMMITMENT_KIND.name(), SIGNED_ON.name()] }
    }

    fn narrowed(&self, role: Role) -> Option<Narrowed> {
        of_own_venue(role)
    }

    fn permits(&self, actor: &Actor, draft: &Draft) -> bool {
        is_own_place(actor, draft, COMMITMENT_WRITERS, &PLACE_ID)
    }

    fn person(&self, record: &Record) -> Option<Uuid> {
        record.values.get(&PERSON_ID)
    }

    fn distinct(&self, record: &Record, _keys: &Keys) -> Vec<(&'static str, Uuid)> {
        record.values.get(&HOUSEHOLD_ID).map(|id| (KEPT_AS, id)).into_iter().collect()
    }

    fn distinct_rows(&self, _figure: &str) -> &'static str {
        "r.household_id"
    }

    fn figures(&self) -> &'static [Figure] {
        const { &[SIGNED, HOUSEHOLDS, Figure::persons()] }
    }

    fn measures(&self, _record: &Record) -> Vec<Measure> {
        vec![SIGNED.measured(1)]
    }
}
