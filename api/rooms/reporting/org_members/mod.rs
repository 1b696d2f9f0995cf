//! Members of organisations (在册人员): who belongs to a unit, from when until when. Whoever keeps a work log is asked for it
//! each day.

mod decider;

use std::sync::Arc;

use chrono::NaiveDate;
use kit::catalogue::FaultCode;
use kit::faults::Faults;
use kit::field::{Field, Shape, free_text};
use kit::fields;
use kit::statement::ColumnType;
use kit::text::Text;
use kit::value::Value;
use ledger::decide::Decider;
use uuid::Uuid;

use self::decider::MembershipDecider;
use crate::platform::access::Role;
use crate::platform::codes::INVALID_ORDER;
use crate::records::conditions::Condition;
use crate::records::figure::PERSONS;
use crate::records::write_context::WriteContext;
use crate::records::{Context, Definition, Draft, Figure, Kind, Measure, Record, Rules, Warning, envelope};

fields! {
    /// The fields of a membership, beside the envelope's.
    pub static FIELDS;
    ORG_ID: Uuid = envelope::ORG_ID.field.brings_area(1);
    PERSON: Uuid = Field::new("person", Shape::Inline("people", "Person"), Text::new("Person", "人员"), "Who; this or `person_id`.").on_create();
    PERSON_ID: Uuid = Field::new("person_id", Shape::Reference("people"), Text::new("Person id", "人员编号"), "Who, where the register knows the person.").on_create();
    POST: String = Field::new("post", free_text(60), Text::new("Post", "职务"), "What this person is there.").also(&["岗位职务", "岗位", "职位"]);
    SINCE_ON: NaiveDate = Field::new("since_on", Shape::Day, Text::new("Since", "入职日期"), "From this day on.").also(&["起始日期", "到岗日期", "任职日期", "参加工作日期"]).required().any_day();
    UNTIL_ON: NaiveDate = Field::new("until_on", Shape::Day, Text::new("Until", "离职日期"), "The day of leaving: no member any more on it.").also(&["结束日期", "离岗日期"]).any_day();
    USER_ID: Uuid = Field::new("user_id", Shape::Account, Text::new("Account", "账号"), "This person's account, where there is one.");
    KEEPS_WORK_LOG: bool = Field::new("keeps_work_log", Shape::Boolean, Text::new("Keeps a work log", "记工作日志"), "Whether a work log is expected of this person each day.").also(&["是否记工作日志", "是否填报日志", "记日志"]);
    PARTY_MEMBER: bool = Field::new("party_member", Shape::Boolean, Text::new("Party member", "党员"), "Whether a member of the party.").also(&["是否党员", "中共党员"]);
    LEAGUE_MEMBER: bool = Field::new("league_member", Shape::Boolean, Text::new("League member", "团员"), "Whether a member of the youth league.").also(&["是否团员"]);
}

/// Nobody can be asked for the log.
static NO_ACCOUNT: Warning = Warning {
    code: "no_account",
    message: Text::new(
        "keeps a work log and has no account: nobody is asked for it",
        "应记工作日志但未关联账号,系统无法提醒和核对",
    ),
};

/// Roles that read who belongs to a unit.
const READERS: &[Role] =
    &[Role::DistrictAdmin, Role::OrgAdmin, Role::TownCadre, Role::VillageCadre, Role::CdcOfficer, Role::JusticeOfficer];

/// The kind.
pub static ORG_MEMBERS: Kind = Kind::of(Definition {
    name: "org_members",
    path: "org-members",
    schema: "OrgMember",
    label: Text::new("Member of an organisation", "在册人员"),
    about: "Somebody who belongs to an organisation: its staff, whom rounds and logs count on.",
    fields: FIELDS,
    filters: &[PERSON_ID.name(), USER_ID.name(), KEEPS_WORK_LOG.name(), PARTY_MEMBER.name(), LEAGUE_MEMBER.name()],
    readers: READERS,
    writers: &[Role::DistrictAdmin, Role::OrgAdmin, Role::TownCadre],
    rules: &MemberRules,
    warnings: &[&NO_ACCOUNT],
    example: include_str!("../../../../openapi/examples/org_members/create.json"),
    ..Definition::FIELD_RECORD
});

struct MemberRules;

const MEMBERS: Figure = Figure::new("org_members", Text::new("Members on the roll", "在册登记"), PERSONS);
const KEEPERS: Figure = Figure::new("keepers", Text::new("Keepers of work logs", "记工作日志人员"), PERSONS)
    .part(MEMBERS.name, "keeps_work_log=true");

/// Parameter of the list: memberships that hold today.
static OPEN: Field = Field::new(
    "open",
    Shape::Boolean,
    Text::new("Open", "在册"),
    "Those that hold today; false for those that ended or begin later.",
);

static CONDITIONS: &[Condition] = &[Condition {
    parameter: &OPEN,
    apply: |statement, value, asking| {
        let ended = matches!(value, Value::Boolean(false));
        let today = || Value::Day(asking.today);
        statement
            .sql(if ended { " AND NOT (r.since_on <= " } else { " AND (r.since_on <= " })
            .bind(ColumnType::Day, today())
            .sql(" AND (r.until_on IS NULL OR r.until_on > ")
            .bind(ColumnType::Day, today())
            .sql("))")
    },
}];

impl Rules for MemberRules {
    fn stands_when_known(&self) -> bool {
        true
    }

    fn check(&self, draft: &mut Draft, _context: &Context<'_>, faults: &mut Faults) {
        let told = draft.inline.iter().any(|(field, _)| *field == PERSON.name());
        let touched = faults.touches(&draft.at(&PERSON)) || faults.touches(&draft.at(&PERSON_ID));
        if draft.values.get(&PERSON_ID).is_none() && !told && !touched {
            faults.add(draft.at(&PERSON_ID), FaultCode::REQUIRED);
        }
        if let (Some(since_on), Some(until_on)) = (draft.values.get(&SINCE_ON), draft.values.get(&UNTIL_ON))
            && until_on < since_on
        {
            faults.add_with(draft.at(&UNTIL_ON), INVALID_ORDER, vec![("other", SINCE_ON.name().into())]);
        }
    }

    fn judge(&self, draft: &mut Draft, _context: &Context<'_>) {
        let keeps = draft.values.get(&KEEPS_WORK_LOG) == Some(true);
        if keeps && draft.values.get(&USER_ID).is_none() {
            draft.warn(&NO_ACCOUNT, &USER_ID);
        }
    }

    fn natural_key(&self) -> &'static [&'static str] {
        const { &[PERSON_ID.name(), SINCE_ON.name()] }
    }

    fn conditions(&self) -> &'static [Condition] {
        CONDITIONS
    }

    fn decider(&self, _: Option<&Record>, _: &Record, _: &Arc<WriteContext>) -> Option<Arc<dyn Decider>> {
        Some(Arc::new(MembershipDecider))
    }

    fn judged_across_rows(&self) -> bool {
        true
    }

    fn person(&self, record: &Record) -> Option<Uuid> {
        record.values.get(&PERSON_ID)
    }

    fn figures(&self) -> &'static [Figure] {
        const { &[Figure::persons(), MEMBERS, KEEPERS] }
    }

    fn measures(&self, record: &Record) -> Vec<Measure> {
        let keeps = record.values.get(&KEEPS_WORK_LOG) == Some(true);
        vec![MEMBERS.measured(1), KEEPERS.measured(keeps.into())]
    }
}
