//! Publicity (宣传): posters, leaflets to households, loudspeakers, groups; copies and households reached.

use kit::field::{Field, Shape};
use kit::text::Text;
use kit::{fields, words};
use uuid::Uuid;

use crate::platform::access::Role;
use crate::records::figure::{self, HOUSEHOLD_TIMES, TIMES};
use crate::records::{Definition, Figure, Kind, Logged, Measure, Record, Rules};

words! {
    /// Way in which it was done.
    pub PublicityMethod "publicity_method" "Method" "宣传方式" {
        Poster "poster" "poster" "张贴";
        LeafletToHousehold "leaflet_to_household" "leaflet to households" "入户发放";
        InitiativeLetter "initiative_letter" "initiative letter" "倡议书";
        Notice "notice" "notice" "告知书";
        MobileLoudspeaker "mobile_loudspeaker" "mobile loudspeaker" "流动音响";
        VillageBroadcast "village_broadcast" "village broadcast" "村村响广播";
        WechatGroup "wechat_group" "WeChat group" "微信群";
        BulletinBoard "bulletin_board" "bulletin board" "宣传栏";
        NewMedia "new_media" "new media" "新媒体";
        Sms "sms" "text message" "短信";
        HomeExplanation "home_explanation" "explanation at home" "讲解";
    }
}
words! {
    /// Subject of publicity.
    pub PublicityTopic "publicity_topic" "Topic" "宣传主题" {
        EpidemicPolicy "epidemic_policy" "epidemic policy" "防控政策";
        ProtectionKnowledge "protection_knowledge" "protection knowledge" "防护知识";
        LegalEducation "legal_education" "legal education" "普法宣传";
        PriceLaw "price_law" "price law" "价格法规";
        AntiRumor "anti_rumor" "against rumours" "辟谣";
        ObservationRules "observation_rules" "rules of home observation" "居家观察须知";
    }
}
words! {
    /// Printed matter that was handed out.
    pub PublicityDocument "publicity_document" "Document" "资料" {
        Notice "notice" "notice" "告知书";
        InitiativeLetter "initiative_letter" "initiative letter" "倡议书";
        Slogan "slogan" "slogan" "标语";
        Brochure "brochure" "brochure" "宣传册";
        Other "other" "other" "其他";
    }
}
const COUNT: Shape = Shape::Integer { min: 0, max: 10_000_000 };

fields! {
    /// The fields of an activity, beside the envelope's.
    static FIELDS;
    PLACE_ID: Uuid = Field::new("place_id", Shape::Reference("places"), Text::new("Place", "场所"), "Where, if at a place.").brings_area(1);
    METHOD: PublicityMethod = Field::new("method", Shape::Word(PublicityMethod::VOCABULARY), Text::new("Method", "宣传方式"), "How.").also(&["宣传形式"]).required();
    TOPIC: PublicityTopic = Field::new("topic", Shape::Word(PublicityTopic::VOCABULARY), Text::new("Topic", "宣传主题"), "About what.").also(&["主题", "宣传内容"])
        .required();
    DOCUMENT: PublicityDocument = Field::new(
        "document",
        Shape::Word(PublicityDocument::VOCABULARY),
        Text::new("Document", "资料"),
        "What was handed out.",
    );
    COPIES: i64 = Field::new("copies", COUNT, Text::new("Copies", "份数"), "How many copies.");
    HOUSEHOLDS_REACHED: i64 = Field::new("households_reached", COUNT, Text::new("Households reached", "覆盖户数"), "How many households.");
}

/// The kind.
pub static PUBLICITY_ACTIVITIES: Kind = Kind::of(Definition {
    name: "publicity_activities",
    path: "publicity-activities",
    schema: "PublicityActivity",
    label: Text::new("Publicity activity", "宣传活动"),
    about: "A publicity activity: how, about what, how many copies and households.",
    fields: FIELDS,
    filters: &[PLACE_ID.name(), METHOD.name(), TOPIC.name(), DOCUMENT.name()],
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
        Role::Volunteer,
        Role::JusticeOfficer,
    ],
    writers: &[
        Role::DistrictAdmin,
        Role::OrgAdmin,
        Role::GridWorker,
        Role::TownCadre,
        Role::VillageCadre,
        Role::GroupCadre,
        Role::HealthWorker,
        Role::Volunteer,
        Role::JusticeOfficer,
    ],
    rules: &PublicityRules,
    example: include_str!("../../../../openapi/examples/publicity_activities/create.json"),
    ..Definition::FIELD_RECORD
});

struct PublicityRules;

/// Figures of publicity activities that statistics show.
static FIGURES: &[Figure] = &[ACTIVITIES, COPIES_GIVEN, HOUSEHOLDS];

const ACTIVITIES: Figure =
    Figure::new("publicity_activities", Text::new("Publicity activities", "宣传次数"), TIMES).open();
const COPIES_GIVEN: Figure = Figure::new("copies", Text::new("Copies given out", "发放份数"), figure::COPIES).open();
const HOUSEHOLDS: Figure =
    Figure::new("households_reached", Text::new("Households reached", "入户户次"), HOUSEHOLD_TIMES);

impl Rules for PublicityRules {
    fn logged(&self) -> &'static [Logged] {
        const { &[Logged { counted: "copies", amount: "coalesce(r.copies, 0)" }] }
    }

    fn figures(&self) -> &'static [Figure] {
        FIGURES
    }

    fn measures(&self, record: &Record) -> Vec<Measure> {
        // Nothing told of is nothing given out, nobody reached.
        let copies = record.values.get(&COPIES).unwrap_or(0);
        let households = record.values.get(&HOUSEHOLDS_REACHED).unwrap_or(0);
        vec![ACTIVITIES.measured(1), COPIES_GIVEN.measured(copies), HOUSEHOLDS.measured(households)]
    }
}
