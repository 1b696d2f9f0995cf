//! Teams (队伍): volunteer teams, temporary league branches of checkpoints, pioneer posts.

use chrono::NaiveDate;
use kit::field::{Field, Shape, free_text};
use kit::fields;
use kit::text::Text;
use kit::words;
use uuid::Uuid;

use crate::platform::access::Role;
use crate::records::{Definition, Figure, Kind, Measure, Reach, Record, Rules};

/// Roles that make rosters.
pub const ORGANIZERS: &[Role] =
    &[Role::DistrictAdmin, Role::OrgAdmin, Role::GridWorker, Role::TownCadre, Role::VillageCadre];
/// Roles that see rosters.
pub const ROSTER_READERS: &[Role] = &[
    Role::DistrictAdmin,
    Role::OrgAdmin,
    Role::GridWorker,
    Role::TownCadre,
    Role::VillageCadre,
    Role::GroupCadre,
    Role::HealthWorker,
    Role::GateGuard,
    Role::Volunteer,
];

words! {
    /// Kind of a volunteers' team.
    pub TeamKind "team_kind" "Kind of team" "队伍类型" {
        VolunteerTeam "volunteer_team" "volunteer team" "志愿服务队";
        TemporaryLeagueBranch "temporary_league_branch" "temporary league branch" "临时团支部";
        TemporaryPartyBranch "temporary_party_branch" "temporary party branch" "临时党支部";
        PioneerPost "pioneer_post" "pioneer post" "先锋岗";
        StaffTeam "staff_team" "team of a department" "单位值守队";
    }
}

fields! {
    /// The fields of a team, beside the envelope's.
    static FIELDS;
    TEAM_KIND: TeamKind = Field::new("team_kind", Shape::Word(TeamKind::VOCABULARY), Text::new("Kind", "队伍类型"), "What it is.").required();
    NAME: String = Field::new("name", free_text(100), Text::new("Name", "名称"), "Its name.").required();
    PLACE_ID: Uuid = Field::new("place_id", Shape::Reference("places"), Text::new("Place", "场所"), "The checkpoint it stands at.").brings_area(1);
    ESTABLISHED_ON: NaiveDate = Field::new("established_on", Shape::Day, Text::new("Established on", "成立日期"), "Since when.")
        .any_day()
        .happened();
    SECRETARY: String = Field::new("secretary", free_text(40), Text::new("Secretary", "书记(负责人)"), "Who leads it. Encrypted at rest.")
        .sealed();
    ACTIVE: bool = Field::new("active", Shape::Boolean, Text::new("Active", "在岗"), "Whether it works now; yes by default.");
}

/// The kind.
pub static TEAMS: Kind = Kind::of(Definition {
    name: "teams",
    path: "teams",
    schema: "Team",
    label: Text::new("Team", "队伍"),
    about: "A team of volunteers or staff.",
    fields: FIELDS,
    filters: &["team_kind", "place_id", "active"],
    slow_changing: true,
    reach: Reach::District,
    readers: ROSTER_READERS,
    writers: ORGANIZERS,
    rules: &TeamRules,
    example: include_str!("../../../../openapi/examples/teams/create.json"),
    ..Definition::FIELD_RECORD
});

struct TeamRules;

const ALL_TEAMS: Figure = Figure::new("teams", Text::new("Teams", "队伍"), Text::new("teams", "支")).open();
const TEMPORARY_LEAGUE_BRANCHES: Figure = Figure::new(
    "temporary_league_branches",
    Text::new("Temporary league branches", "临时团支部"),
    Text::new("units", "个"),
)
.listed("team_kind=temporary_league_branch")
.open();
const PIONEER_POSTS: Figure =
    Figure::new("pioneer_posts", Text::new("Pioneer posts", "先锋岗"), Text::new("units", "个"))
        .listed("team_kind=pioneer_post")
        .open();
/// Figures of teams that statistics show.
static FIGURES: &[Figure] = &[ALL_TEAMS, TEMPORARY_LEAGUE_BRANCHES, PIONEER_POSTS];

impl Rules for TeamRules {
    fn stays_while_named(&self) -> bool {
        true
    }

    fn judge(&self, draft: &mut crate::records::Draft, _context: &crate::records::Context<'_>) {
        if draft.values.get(&ACTIVE).is_none() {
            draft.values.set(&ACTIVE, true);
        }
    }

    fn figures(&self) -> &'static [Figure] {
        FIGURES
    }

    fn measures(&self, record: &Record) -> Vec<Measure> {
        let of_kind = match record.values.get(&TEAM_KIND) {
            Some(TeamKind::TemporaryLeagueBranch) => TEMPORARY_LEAGUE_BRANCHES.measured(1),
            Some(TeamKind::PioneerPost) => PIONEER_POSTS.measured(1),
            Some(TeamKind::VolunteerTeam | TeamKind::TemporaryPartyBranch | TeamKind::StaffTeam) | None => {
                ("other_teams", 1)
            }
        };
        vec![ALL_TEAMS.measured(1), of_kind]
    }
}
