//! Volunteers (志愿者), and staff of departments who stand on the same rosters: people with what they can do.

pub mod memberships;

use kit::faults::Faults;
use kit::field::{Field, Shape, free_text};
use kit::fields;
use kit::text::Text;
use kit::tree::Tree;
use kit::words;
use uuid::Uuid;

use crate::records::codes::ONE_OF;
use crate::records::include::Beside;
use crate::records::rules::Told;
use crate::records::sheet_rows::KEPT_IN_NOTE;
use crate::records::{Context, Definition, Draft, Kind, Measure, Record, Rules, SheetRow};
use crate::rooms::volunteers::teams::{ORGANIZERS, ROSTER_READERS};

words! {
    /// Roles that somebody can have on a shift.
    pub DutyRole "duty_role" "Role on duty" "岗位" {
        Volunteer "volunteer" "volunteer, anything" "志愿者";
        TemperatureTaker "temperature_taker" "temperature taker" "测温";
        Registrar "registrar" "registrar" "登记";
        GateGuard "gate_guard" "gate guard" "守护员";
        Publicist "publicist" "publicist" "宣传员";
        SanitationWorker "sanitation_worker" "sanitation worker" "卫生员";
        Surveyor "surveyor" "surveyor" "调查员";
        MobilePatrol "mobile_patrol" "mobile patrol" "流动哨";
        Leader "leader" "leader" "负责人";
    }
}
impl DutyRole {
    /// Its name on paper and in calendars.
    pub fn zh(self) -> &'static str {
        Self::VOCABULARY.find(self.code()).map_or(self.code(), |word| word.label.zh)
    }
}

/// The role that anybody can take.
pub const ANYBODY: DutyRole = DutyRole::Volunteer;

words! {
    /// Organisation to which a volunteer belongs.
    pub VolunteerAffiliation "volunteer_affiliation" "Affiliation" "身份" {
        Volunteer "volunteer" "volunteer" "志愿者";
        Staff "staff" "staff of a department" "单位干部职工";
        Student "student" "student" "学生";
    }
}

fields! {
    /// The fields of a volunteer, beside the envelope's.
    static FIELDS;
    PERSON: Uuid = Field::new("person", Shape::Inline("people", "Person"), Text::new("Person", "人员"), "Who; or `person_id`.");
    PERSON_ID: Uuid = Field::new(
        "person_id",
        Shape::Reference("people"),
        Text::new("Person", "人员编号"),
        "Who, where he is in the register.",
    ).brings_area(1)
    .on_create();
    AFFILIATION: VolunteerAffiliation = Field::new(
        "affiliation",
        Shape::Word(VolunteerAffiliation::VOCABULARY),
        Text::new("Affiliation", "身份"),
        "`volunteer` by default.",
    );
    TEAM_ID: Uuid = Field::new("team_id", Shape::Reference("teams"), Text::new("Team", "队伍"), "The team.");
    USER_ID: Uuid = Field::new("user_id", Shape::Account, Text::new("Account", "账号"), "The account with which this person signs up.");
    ROLES: Vec<DutyRole> = Field::new(
        "roles",
        Shape::List { of: &Shape::Word(DutyRole::VOCABULARY), max: 9 },
        Text::new("Roles", "岗位"),
        "What this person may do on a shift; everybody may do `volunteer`.",
    );
    SKILLS: Vec<String> = Field::new(
        "skills",
        Shape::List { of: &free_text(40), max: 20 },
        Text::new("Skills", "特长"),
        "Driving, nursing, a dialect. Encrypted at rest.",
    )
    .sealed_since();
    HOME_AREA_CODE: String = Field::new(
        "home_area_code",
        Shape::Area,
        Text::new("Home area", "居住地区划"),
        "Where this person lives: shifts near by come first.",
    );
    PARTY_MEMBER: bool = Field::new("party_member", Shape::Boolean, Text::new("Party member", "党员"), "Whether a member of the party.").also(&["是否党员", "中共党员"]);
    LEAGUE_MEMBER: bool = Field::new(
        "league_member",
        Shape::Boolean,
        Text::new("League member", "团员"),
        "Whether a member of the youth league.",
    ).also(&["是否团员"]);
    ACTIVE: bool = Field::new(
        "active",
        Shape::Boolean,
        Text::new("Active", "在册"),
        "Whether this person takes shifts now; yes by default.",
    );
    MEMBERSHIPS: Vec<memberships::MembershipSince> = memberships::MEMBERSHIPS.field;
}

/// The kind.
pub static VOLUNTEERS: Kind = Kind::of(Definition {
    name: "volunteers",
    path: "volunteers",
    schema: "Volunteer",
    label: Text::new("Volunteer", "志愿者"),
    about: "Somebody who takes shifts.",
    fields: FIELDS,
    filters: &["team_id", "affiliation", "league_member", "party_member", "active", "user_id", "person_id"],
    readers: ROSTER_READERS,
    writers: ORGANIZERS,
    rules: &VolunteerRules,
    example: include_str!("../../../../openapi/examples/volunteers/create.json"),
    ..Definition::FIELD_RECORD
});

/// Column of what somebody is a member of.
const POLITICAL_STATUS: &str = "political_status";

/// Columns that only sheets have.
static SHEET_FIELDS: &[Field] = &[Field::new(
    POLITICAL_STATUS,
    free_text(40),
    Text::new("Political status", "政治面貌"),
    "Member of the party, of the league, or of neither.",
)
.also(&["政治身份", "政治面目"])];

struct VolunteerRules;

impl Rules for VolunteerRules {
    fn beside(&self) -> Option<&'static Beside> {
        const {
            Some(&Beside {
                name: "volunteer",
                members: &["area_code", "person_id", "team_id", "roles", "active"],
                days: None,
            })
        }
    }

    fn stays_while_named(&self) -> bool {
        true
    }

    fn stands_when_known(&self) -> bool {
        true
    }

    fn check(&self, draft: &mut Draft, _context: &Context<'_>, faults: &mut Faults) {
        let given = draft.values.get(&PERSON_ID).is_some();
        let is_faulty = faults.touches(&draft.at(&PERSON)) || faults.touches(&draft.at(&PERSON_ID));
        if given != draft.inline.is_empty() && !is_faulty {
            faults.add_with(draft.at(&PERSON_ID), ONE_OF, vec![("fields", "person, person_id".to_owned())]);
        }
    }

    fn judge(&self, draft: &mut Draft, context: &Context<'_>) {
        memberships::note(&mut draft.values, context.now);
        if draft.values.get(&AFFILIATION).is_none() {
            draft.values.set(&AFFILIATION, VolunteerAffiliation::Volunteer);
        }
        for (field, default) in [(&ACTIVE, true), (&PARTY_MEMBER, false), (&LEAGUE_MEMBER, false)] {
            if draft.values.get(field).is_none() {
                draft.values.set(field, default);
            }
        }
    }

    fn sheet_fields(&self) -> &'static [Field] {
        SHEET_FIELDS
    }

    /// 政治面貌 says of two fields; what it says beyond them goes into the note.
    fn tidy_sheet(&self, row: &mut SheetRow<'_>) {
        let Some(text) = row.said.remove(POLITICAL_STATUS) else { return };
        let meant = match text.trim() {
            "中共党员" | "党员" | "共产党员" => Some((true, false)),
            "共青团员" | "团员" => Some((false, true)),
            "群众" | "无" => Some((false, false)),
            _ => None,
        };
        let Some((party, league)) = meant else {
            row.warnings.push((format!("/{POLITICAL_STATUS}"), &KEPT_IN_NOTE));
            return row.noted.push((format!("/{POLITICAL_STATUS}"), text));
        };
        row.put(PARTY_MEMBER.name(), Tree::Boolean(party));
        row.put(LEAGUE_MEMBER.name(), Tree::Boolean(league));
    }

    fn told(&self) -> Option<&'static Told> {
        const { Some(&Told { by: &[PERSON_ID.name()], at: None }) }
    }

    fn natural_key(&self) -> &'static [&'static str] {
        &["person_id"]
    }

    fn measures(&self, record: &Record) -> Vec<Measure> {
        let league = i64::from(record.values.get(&LEAGUE_MEMBER) == Some(true));
        let party = i64::from(record.values.get(&PARTY_MEMBER) == Some(true));
        vec![("volunteers", 1), ("league_members", league), ("party_members", party)]
    }
}
