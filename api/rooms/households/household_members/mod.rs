//! Household members (户成员): who lives in which household, from which day on. A membership is never moved: the later one
//! ends the earlier, which is told when it is read, so that order of arrival, voids and late lists don't matter.

mod book;

use chrono::{DateTime, NaiveDate, Utc};
use kit::catalogue::FaultCode;
use kit::faults::{Fault, Faults};
use kit::field::{Field, Shape, free_text};
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::text::Text;
use kit::time::day_of;
use kit::value::Value;
use kit::{columns, fields, words};
use uuid::Uuid;

use super::households::HOUSEHOLDS;
use super::roots::{family, roots};
use super::{KEEPERS, READERS};
use crate::platform::codes::INVALID_ORDER;
use crate::records::conditions::Condition;
use crate::records::create::SYNC;
use crate::records::envelope::{AREA_CODE, OCCURRED_AT};
use crate::records::figure::PERSONS;
use crate::records::warnings::{LEFT_YOUR_AREA, Noted};
use crate::records::{Book, Context, Definition, Draft, Figure, Kind, Measure, Record, Rules, SheetRow, Warning};
use crate::rooms::households::codes::GROUP_FULL;
use crate::rooms::households::household_groups::decider::FULL;
use crate::rooms::households::households::HOUSEHOLD_GROUP_ID;
use crate::rooms::registers::PEOPLE;

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
    PRESENCE: Presence = Field::new("presence", Shape::Word(Presence::VOCABULARY), Text::new("Presence", "在家情况"), "Whether the person is at home.").also(&["是否在家", "在家状态", "居住状态", "在家与否", "现状"]);
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

/// The same, where another village keeps that household: its id is not everybody's who reads this record.
static MOVED_HERE: Warning = Warning {
    code: "moved_from_elsewhere",
    message: Text::new(
        "lived in a household of another village until now: that membership ends with this one's first day",
        "此前登记在其他村(社区)的住户,该成员关系自本次起始日起结束",
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
    warnings: &[&MOVED, &MOVED_HERE],
    example: include_str!("../../../../openapi/examples/household_members/create.json"),
    sequence: 2,
    ..Definition::FIELD_RECORD
});

struct MemberRules;

const MEMBERS: Figure = Figure::new("household_members", Text::new("Memberships", "户成员登记"), PERSONS);

columns! {
    /// Facts of earlier records: the household where somebody lives until now.
    LIVED_IN "lived_in": Uuid;
    /// The area of that household.
    LIVED_AREA "lived_area": String;
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
            .sql(") AND (r.basis <> 'lives' OR NOT EXISTS (SELECT 1 FROM (SELECT ")
            .then(family(PEOPLE.name, asking.district_code, "r.person_id"))
            .sql(" AS ids OFFSET 0) AS f JOIN household_members AS l ON l.person_id = ANY(f.ids) WHERE l.district_code = ")
            .text(asking.district_code)
            .sql(" AND l.basis = 'lives' AND NOT l.voided AND (l.since_on, l.occurred_at, l.id) > (r.since_on, r.occurred_at, r.id) AND l.since_on <= ")
            .bind(ColumnType::Day, today());
        statement.sql(")))")
    },
}];

impl Rules for MemberRules {
    fn stands_when_known(&self) -> bool {
        true
    }

    fn sheet_fields(&self) -> &'static [Field] {
        book::SHEET_FIELDS
    }

    fn tidy_sheet(&self, row: &mut SheetRow<'_>) {
        book::tidy(row);
    }

    fn book(&self) -> Option<&'static Book> {
        Some(&book::BOOK)
    }

    /// Nobody can be asked again what comes by a phone or in a file.
    fn relaxes_for(&self, source: &str) -> bool {
        source == SYNC || source.starts_with("import:")
    }

    /// Groups that are full give way: the household that comes with its member is kept without one.
    fn relax_on_conflict(&self, draft: &mut Draft, faults: &[Fault]) -> bool {
        let is_full = faults.iter().any(|fault| fault.code == GROUP_FULL);
        let household = draft.inline.iter_mut().find(|(field, _)| *field == HOUSEHOLD.name());
        let Some((_, household)) = household.filter(|_| is_full) else { return false };
        household.values.clear(&HOUSEHOLD_GROUP_ID);
        household.warn(&FULL, &HOUSEHOLD_GROUP_ID);
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
        let open = Statement::new("SELECT o.person_id, o.household_id AS lived_in, h.area_code AS lived_area FROM (");
        let open = open_members(open, context.district_code, people, context.today());
        Some(
            open.sql(") AS o JOIN households AS h ON h.id = o.household_id AND h.district_code = ")
                .text(context.district_code),
        )
    }

    fn recollect(&self, drafts: &mut [&mut Draft], rows: Vec<Row>, context: &Context<'_>) {
        for mut row in rows {
            let (Some(person_id), Some(lived_in)) = (row.get(&PERSON_ID), row.get(&LIVED_IN)) else { continue };
            let area_code = row.get(&LIVED_AREA);
            for draft in drafts.iter_mut().filter(|draft| draft.named(&PERSON_ID, context) == Some(person_id)) {
                draft.recalled.set(&LIVED_IN, lived_in);
                if let Some(area_code) = &area_code {
                    draft.recalled.set(&LIVED_AREA, area_code.clone());
                }
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
        // Where somebody went who left the caller's area is not his to know.
        let left = draft.warnings.iter().any(|noted| noted.code == LEFT_YOUR_AREA.code);
        if let Some(household_id) = elsewhere.filter(|_| lives && !left) {
            let is_near = draft.recalled.get(&LIVED_AREA) == draft.values.get(&AREA_CODE);
            let noted = Noted::new(if is_near { &MOVED } else { &MOVED_HERE }, draft.at(&HOUSEHOLD_ID));
            draft.note(if is_near { noted.with("household_id", &household_id) } else { noted });
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
/// began last, unless it ended. Memberships of whoever turned out to be the same person are the person's; the household
/// is the one that it became.
pub fn open_members(select: Statement, district_code: &str, people: Vec<Value>, on: NaiveDate) -> Statement {
    select
        .sql("SELECT l.id, coalesce(b.root, l.household_id) AS household_id, a.person_id FROM unnest(")
        .column(ColumnType::Id, people)
        // Each person's ids once, however many memberships are looked at for them.
        .sql("::uuid[]) AS a(person_id) CROSS JOIN LATERAL (SELECT ")
        .then(family(PEOPLE.name, district_code, "a.person_id"))
        .sql(" AS ids OFFSET 0) AS f CROSS JOIN LATERAL (SELECT m.id, m.household_id, m.until_on FROM household_members AS m WHERE m.district_code = ")
        .text(district_code)
        .sql(" AND NOT m.voided AND m.basis = 'lives' AND m.since_on <= ")
        .bind(ColumnType::Day, Value::Day(on))
        .sql(" AND m.person_id = ANY(f.ids) ORDER BY m.since_on DESC, m.occurred_at DESC, m.id DESC LIMIT 1) AS l LEFT JOIN ")
        .then(roots(HOUSEHOLDS.name, district_code))
        .sql(" AS b ON b.id = l.household_id WHERE l.until_on IS NULL OR l.until_on > ")
        .bind(ColumnType::Day, Value::Day(on))
}
