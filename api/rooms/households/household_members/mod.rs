//! Household members (户成员): who lives in which household, from which day on. A membership is never moved: the later one
//! ends the earlier, which is told when it is read, so that order of arrival, voids and late lists don't matter.

use chrono::{DateTime, NaiveDate, Utc};
use kit::catalogue::FaultCode;
use kit::faults::Faults;
use kit::field::{Field, Shape, free_text};
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::text::Text;
use kit::time::day_of;
use kit::value::Value;
use kit::{columns, fields, words};
use uuid::Uuid;

use super::{KEEPERS, READERS};
use crate::platform::codes::INVALID_ORDER;
use crate::records::conditions::Condition;
use crate::records::envelope::OCCURRED_AT;
use crate::records::figure::PERSONS;
use crate::records::warnings::Noted;
use crate::records::{Context, Definition, Draft, Figure, Kind, Measure, Record, Rules, Warning};

words! {
    /// Relation to the head of the household.
    pub Relation "household_relation" "Relation" "与户主关系" {
        Head "head" "head of the household" "户主";
        Spouse "spouse" "spouse" "配偶";
        Child "child" "child" "子女";
        ChildInLaw "child_in_law" "child-in-law" "儿媳女婿";
        Parent "parent" "parent" "父母";
        Grandparent "grandparent" "grandparent" "祖父母";
        Grandchild "grandchild" "grandchild" "孙辈";
        Sibling "sibling" "sibling" "兄弟姐妹";
        OtherRelative "other_relative" "other relative" "其他亲属";
        Lodger "lodger" "lodger" "租住(寄住)";
        Employee "employee" "employee" "雇员";
        Other "other" "other" "其他";
    }
}

words! {
    /// Why somebody belongs to a household.
    pub MembershipBasis "membership_basis" "Basis" "依据" {
        Lives "lives" "lives there" "实际居住";
        Registered "registered" "is registered there" "户籍在册";
    }
}

words! {
    /// Why a membership ended.
    pub MembershipEnd "membership_end" "Why it ended" "结束原因" {
        Moved "moved" "moved out" "迁出";
        Deceased "deceased" "deceased" "死亡";
        MarriedOut "married_out" "married out" "婚出";
        Split "split" "split of the household" "分户";
        Error "error" "entered by mistake" "录入错误";
    }
}

words! {
    /// Whether a member is at home.
    pub Presence "household_presence" "Presence" "在家情况" {
        Present "present" "at home" "在家";
        Away "away" "away" "外出";
    }
}

fields! {
    /// The fields of a membership, beside the envelope's.
    static FIELDS;
    HOUSEHOLD: Uuid = Field::new("household", Shape::Inline("households", "Household"), Text::new("Household", "户"), "Of which household, registered with this record: a sheet names it in every row. Not with `household_id`.").on_create();
    HOUSEHOLD_ID: Uuid = Field::new("household_id", Shape::Reference("households"), Text::new("Household id", "户编号"), "Of which household, where the register knows it.").brings_area(1).on_create();
    PERSON: Uuid = Field::new("person", Shape::Inline("people", "Person"), Text::new("Person", "人员"), "Who; this or `person_id`.").on_create();
    PERSON_ID: Uuid = Field::new("person_id", Shape::Reference("people"), Text::new("Person id", "人员编号"), "Who, where the register knows the person.").on_create();
    RELATION: Relation = Field::new("relation", Shape::Word(Relation::VOCABULARY), Text::new("Relation to head", "与户主关系"), "To the head of the household.").also(&["关系", "与户主的关系"]);
    BASIS: MembershipBasis = Field::new("basis", Shape::Word(MembershipBasis::VOCABULARY), Text::new("Basis", "居住或户籍"), "`lives` by default; whoever is only registered there is in no count.");
    SINCE_ON: NaiveDate = Field::new("since_on", Shape::Day, Text::new("Since", "起始日期"), "From this day on; the day of `occurred_at` by default.").any_day();
    UNTIL_ON: NaiveDate = Field::new("until_on", Shape::Day, Text::new("Until", "结束日期"), "The day of leaving: no member any more on it.").any_day();
    END_REASON: MembershipEnd = Field::new("end_reason", Shape::Word(MembershipEnd::VOCABULARY), Text::new("Why it ended", "结束原因"), "Needed where it ended.");
    PRESENCE: Presence = Field::new("presence", Shape::Word(Presence::VOCABULARY), Text::new("Presence", "在家情况"), "Whether the person is at home.");
    AWAY_TO: String = Field::new("away_to", free_text(100), Text::new("Away to", "外出地"), "Where to. Encrypted at rest.").sealed();
    AWAY_SINCE_ON: NaiveDate = Field::new("away_since_on", Shape::Day, Text::new("Away since", "外出日期"), "Since when.").any_day();
}

/// The person lived elsewhere until now.
static MOVED: Warning = Warning {
    code: "moved_from_household",
    message: Text::new(
        "lived in household {household_id} until now: that membership ends with this one's first day",
        "此前登记在 {household_id} 户,该成员关系自本次起始日起结束",
    ),
};

/// The kind.
pub static HOUSEHOLD_MEMBERS: Kind = Kind::of(Definition {
    name: "household_members",
    path: "household-members",
    schema: "HouseholdMember",
    label: Text::new("Household member", "户成员"),
    about: "Somebody who lives, or is registered, in a household.",
    fields: FIELDS,
    filters: &[HOUSEHOLD_ID.name(), PERSON_ID.name(), BASIS.name(), PRESENCE.name()],
    readers: READERS,
    writers: KEEPERS,
    rules: &MemberRules,
    warnings: &[&MOVED],
    example: include_str!("../../../../openapi/examples/household_members/create.json"),
    sequence: 2,
    ..Definition::FIELD_RECORD
});

struct MemberRules;

const MEMBERS: Figure = Figure::new("household_members", Text::new("Memberships", "户成员登记"), PERSONS);

columns! {
    /// Facts of earlier records: the household where somebody lives until now.
    LIVED_IN "lived_in": Uuid;
}

/// Parameter of the list: memberships that hold today.
static OPEN: Field = Field::new(
    "open",
    Shape::Boolean,
    Text::new("Open", "有效"),
    "Those that hold today: nobody's later membership and no last day ended them; false for those that ended.",
);

static CONDITIONS: &[Condition] = &[Condition {
    parameter: &OPEN,
    apply: |statement, value, asking| {
        let ended = matches!(value, Value::Boolean(false));
        let today = || Value::Day(asking.today);
        let statement = statement
            .sql(if ended { " AND NOT (" } else { " AND (" })
            .sql("r.since_on <= ")
            .bind(ColumnType::Day, today())
            .sql(" AND (r.until_on IS NULL OR r.until_on > ")
            .bind(ColumnType::Day, today())
            .sql(") AND (r.basis <> 'lives' OR NOT EXISTS (SELECT 1 FROM household_members AS l WHERE l.district_code = ")
            .text(asking.district_code)
            .sql(" AND l.person_id IN (SELECT r.person_id UNION SELECT p.merged_into FROM people AS p WHERE p.district_code = ")
            .text(asking.district_code)
            .sql(" AND p.id = r.person_id UNION SELECT p.id FROM people AS p WHERE p.district_code = ")
            .text(asking.district_code)
            .sql(" AND p.merged_into = r.person_id) AND l.basis = 'lives' AND NOT l.voided AND (l.since_on, l.occurred_at, l.id) > (r.since_on, r.occurred_at, r.id) AND l.since_on <= ")
            .bind(ColumnType::Day, today());
        statement.sql(")))")
    },
}];

impl Rules for MemberRules {
    fn stands_when_known(&self) -> bool {
        true
    }

    fn natural_key(&self) -> &'static [&'static str] {
        const { &[HOUSEHOLD_ID.name(), PERSON_ID.name(), SINCE_ON.name(), BASIS.name()] }
    }

    fn check(&self, draft: &mut Draft, _context: &Context<'_>, faults: &mut Faults) {
        let values = &draft.values;
        for (reference, inline) in [(&PERSON_ID, &PERSON), (&HOUSEHOLD_ID, &HOUSEHOLD)] {
            let told = draft.inline.iter().any(|(field, _)| *field == inline.name());
            let touched = faults.touches(&draft.at(inline)) || faults.touches(&draft.at(reference));
            if values.get(reference).is_none() && !told && !touched {
                faults.add(draft.at(reference), FaultCode::REQUIRED);
            }
        }
        let until_on = values.get(&UNTIL_ON);
        if until_on.is_some() != values.get(&END_REASON).is_some() {
            let missing = if until_on.is_some() { END_REASON.name() } else { UNTIL_ON.name() };
            if !faults.touches(&draft.at(missing)) {
                faults.add(draft.at(missing), FaultCode::REQUIRED);
            }
        }
        if let (Some(since_on), Some(until_on)) = (values.get(&SINCE_ON), until_on)
            && until_on < since_on
        {
            faults.add_with(draft.at(&UNTIL_ON), INVALID_ORDER, vec![("other", "since_on".into())]);
        }
    }

    fn recollection(&self, drafts: &[&Draft], context: &Context<'_>) -> Option<Statement> {
        let people: Vec<Value> =
            drafts.iter().filter_map(|draft| draft.named(&PERSON_ID, context)).map(Value::Id).collect();
        if people.is_empty() {
            return None;
        }
        let open = Statement::new("SELECT o.person_id, o.household_id AS lived_in FROM (");
        Some(open_members(open, context.district_code, people, context.today()).sql(") AS o"))
    }

    fn recollect(&self, drafts: &mut [&mut Draft], rows: Vec<Row>, context: &Context<'_>) {
        for mut row in rows {
            let (Some(person_id), Some(lived_in)) = (row.get(&PERSON_ID), row.get(&LIVED_IN)) else { continue };
            for draft in drafts.iter_mut().filter(|draft| draft.named(&PERSON_ID, context) == Some(person_id)) {
                draft.recalled.set(&LIVED_IN, lived_in);
            }
        }
    }

    fn judge(&self, draft: &mut Draft, context: &Context<'_>) {
        if draft.values.get(&BASIS).is_none() {
            draft.values.set(&BASIS, MembershipBasis::Lives);
        }
        if draft.values.get(&SINCE_ON).is_none() {
            let occurred_at: DateTime<Utc> = draft.values.get(&OCCURRED_AT).unwrap_or(context.told_at);
            draft.values.set(&SINCE_ON, day_of(occurred_at, context.zone));
        }
        let lives = draft.values.get(&BASIS) == Some(MembershipBasis::Lives);
        let elsewhere = draft.recalled.get(&LIVED_IN).filter(|id| draft.values.get(&HOUSEHOLD_ID) != Some(*id));
        if let Some(household_id) = elsewhere.filter(|_| lives) {
            draft.note(Noted::new(&MOVED, draft.at(&HOUSEHOLD_ID)).with("household_id", &household_id));
        }
    }

    fn conditions(&self) -> &'static [Condition] {
        CONDITIONS
    }

    fn person(&self, record: &Record) -> Option<Uuid> {
        record.values.get(&PERSON_ID)
    }

    fn figures(&self) -> &'static [Figure] {
        const { &[MEMBERS] }
    }

    fn measures(&self, _record: &Record) -> Vec<Measure> {
        vec![MEMBERS.measured(1)]
    }
}

/// Goes on with the memberships, in brackets to be closed, that hold for people on a day: of one person's the one that
/// began last, unless it ended. Somebody who turned out to be another is that one.
pub fn open_members(select: Statement, district_code: &str, people: Vec<Value>, on: NaiveDate) -> Statement {
    select
        .sql("SELECT l.id, l.household_id, l.person_id FROM (SELECT DISTINCT ON (root) m.id, m.household_id, m.person_id, m.until_on, coalesce(p.merged_into, m.person_id) AS root FROM household_members AS m LEFT JOIN people AS p ON p.id = m.person_id AND p.district_code = m.district_code WHERE m.district_code = ")
        .text(district_code)
        .sql(" AND NOT m.voided AND m.basis = 'lives' AND m.since_on <= ")
        .bind(ColumnType::Day, Value::Day(on))
        .sql(" AND m.person_id = ANY(")
        .column(ColumnType::Id, people)
        .sql(") ORDER BY root, m.since_on DESC, m.occurred_at DESC, m.id DESC) AS l WHERE l.until_on IS NULL OR l.until_on > ")
        .bind(ColumnType::Day, Value::Day(on))
}
