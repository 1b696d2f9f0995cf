//! Whom the caller answers for: the people of cases that he supervises, and of whatever else he has an open duty for. Of
//! them, and only them, a pull tells plainly who it is and where; each pull that does is noted, with the people it named.
//! Nobody makes somebody his own by naming himself: he is told plainly where his role and area are those of the line, or where somebody named him
//! who may reveal people.

use std::collections::{BTreeMap, BTreeSet};

use kit::columns;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::isolation_cases::ISOLATION_CASES;
use super::isolation_cases::rules::supervisors;
use super::isolation_cases::wire::{ADDRESS, PERSON_ID};
use crate::platform::access::Role;
use crate::platform::access::accounts;
use crate::platform::audit::system_write_all;
use crate::platform::http::Call;
use crate::platform::privacy::REVEALERS;
use crate::records::hooks::PlainPeople;
use crate::records::{Kind, Record, read};
use crate::rooms::duties::{DutyLine, wire as duties};
use crate::rooms::registers::{PEOPLE, person as people};

columns! {
    /// Account that gave somebody a case or a duty.
    NAMED_BY "named_by": Uuid;
}

/// Verb under which reading people plainly is noted: in an item, or in one's own list.
pub const READ_PLAIN: &str = "people.read_plain";

/// People whom these records show in the clear: those that the caller's own cases and duties are about. Noted before they
/// are shown.
pub async fn tell_plainly(
    call: &Call,
    verb: &'static str,
    records: Vec<(&Kind, &Record)>,
) -> Result<PlainPeople, Problem> {
    let about = |(kind, record): &(&Kind, &Record)| Some((record.envelope.id, subject_of(kind, record)?));
    let named: BTreeMap<Uuid, Uuid> = records.iter().filter_map(about).collect();
    let Some((_, first)) = records.first().filter(|_| !named.is_empty()) else { return Ok(PlainPeople::default()) };
    let people = of_named(call, &first.envelope.district_code, verb, &named.values().copied().collect()).await?;
    let told = named.into_iter().filter_map(|(id, subject)| Some((id, json!(people.get(&subject)?))));
    Ok(PlainPeople(told.collect()))
}

/// The people of the caller's own cases and duties among these, by the id of what each is about and of the person.
async fn of_named(
    call: &Call,
    district_code: &str,
    verb: &'static str,
    named: &BTreeSet<Uuid>,
) -> Result<BTreeMap<Uuid, Plain>, Problem> {
    let core = &call.core;
    let (cases, people) = (&ISOLATION_CASES, &PEOPLE);
    let statement = own(cases.select(), call.actor()?.user_id, district_code, named);
    let own = read::load(core, cases, &statement).await?;
    let mut told = BTreeMap::new();
    for case in own {
        let Some(person_id) = case.values.get(&PERSON_ID) else { continue };
        let root = read::root(core, people, district_code, person_id).await?;
        let Some(person) = read::find_unscoped(core, people, district_code, &[root]).await?.remove(&root) else {
            continue;
        };
        if !is_given(call, people, &person, &case).await? {
            continue;
        }
        let plain = Plain::of(&person, Some(&case));
        told.extend([case.envelope.id, person_id, root].map(|id| (id, plain.clone())));
    }
    let of_cases = !told.is_empty();
    for (id, plain) in of_duties(call, district_code, named).await? {
        told.entry(id).or_insert(plain);
    }
    let subjects: BTreeSet<Uuid> = told.values().map(|person| person.id).collect();
    if !subjects.is_empty() {
        let purpose = if of_cases { "medical_follow_up" } else { "epidemic_control" };
        let details = json!({"purpose": purpose, "people": subjects});
        let mut audit_entry = call.audit_entry(verb, "people", None, details);
        audit_entry.area_code = Some(district_code.to_owned());
        system_write_all(core, vec![audit_entry], async |_| Ok(())).await?;
    }
    Ok(told)
}

columns! {
    /// Kind of a duty's subject.
    SUBJECT_KIND "subject_kind": String;
    SUBJECT_ID "subject_id": Uuid;
}

/// The people of whatever else than a case the caller has an open duty for, among these.
async fn of_duties(call: &Call, district_code: &str, named: &BTreeSet<Uuid>) -> Result<Vec<(Uuid, Plain)>, Problem> {
    let core = &call.core;
    let statement =
        Statement::new("SELECT DISTINCT d.subject_kind, d.subject_id FROM duties AS d WHERE d.district_code = ")
            .text(district_code)
            .sql(" AND d.state = 'open' AND d.subject_kind <> 'isolation_cases' AND d.assignee_id = ")
            .id(call.actor()?.user_id)
            .sql(" AND d.subject_id = ANY(")
            .column(ColumnType::Id, named.iter().copied().map(Value::Id).collect())
            .sql(")")
            .seeing_district(district_code);
    let mut told = Vec::new();
    for mut row in core.database.read(&statement).await? {
        let (Some(kind), Some(id)) = (row.get(&SUBJECT_KIND), row.get(&SUBJECT_ID)) else { continue };
        let Some(kind) = core.kinds().kind(&kind) else { continue };
        let Some(subject) = read::find_unscoped(core, kind, district_code, &[id]).await?.remove(&id) else { continue };
        let person_id = if kind.is_people() { Some(id) } else { kind.rules.person(&subject) };
        let Some(person_id) = person_id else { continue };
        let root = read::root(core, &PEOPLE, district_code, person_id).await?;
        let Some(person) = read::find_unscoped(core, &PEOPLE, district_code, &[root]).await?.remove(&root) else {
            continue;
        };
        let given = handed(call, &subject).await?;
        if is_any_plain(call, &PEOPLE, (&person, &subject), &given).await? {
            let plain = Plain::of(&person, None);
            told.extend([id, person_id, root].map(|id| (id, plain.clone())));
        }
    }
    Ok(told)
}

/// Subject of a record, as duties name it: the case, the person, or a record that itself names somebody.
fn subject_of(kind: &Kind, record: &Record) -> Option<Uuid> {
    match kind.name {
        "isolation_cases" | "people" => Some(record.envelope.id),
        "duties" => record.values.get(&duties::SUBJECT_ID),
        _ => kind.rules.person(record).map(|_| record.envelope.id),
    }
}

/// A person as whoever answers for him is told.
#[derive(Clone, Serialize)]
struct Plain {
    id: Uuid,
    name: Option<String>,
    phone: Option<String>,
    address: Option<String>,
}

impl Plain {
    fn of(person: &Record, case: Option<&Record>) -> Self {
        let address = case.and_then(|case| case.values.get(&ADDRESS)).or(person.values.get(&people::ADDRESS));
        Self {
            id: person.envelope.id,
            name: person.values.get(&people::NAME).map(str::to_owned),
            phone: person.values.get(&people::PHONE).map(str::to_owned),
            address: address.map(str::to_owned),
        }
    }
}

/// How somebody came to answer for a case or a duty: on which line, and who wrote that.
struct Given {
    line: DutyLine,
    by: Uuid,
}

/// Whether a case was given to the caller in such a way that he is told plainly who it is.
async fn is_given(call: &Call, people: &Kind, person: &Record, case: &Record) -> Result<bool, Problem> {
    let actor = call.actor()?;
    let named_for = supervisors(&case.values).into_iter().filter(|(_, id)| *id == Some(actor.user_id));
    let lines: Vec<DutyLine> = named_for.map(|(level, _)| level.line()).collect();
    let mut all = Vec::new();
    if !lines.is_empty() {
        let by = call.core.database.read(&naming(actor.user_id, case)).await?;
        let by = by.into_iter().next().and_then(|mut row| row.get(&NAMED_BY)).unwrap_or(case.envelope.recorded_by);
        all.extend(lines.iter().map(|line| Given { line: *line, by }));
    }
    // The duties of a line come with it.
    all.extend(handed(call, case).await?.into_iter().filter(|given| !lines.contains(&given.line)));
    is_any_plain(call, people, (person, case), &all).await
}

/// How the caller came to the open duties that he has about a record.
async fn handed(call: &Call, subject: &Record) -> Result<Vec<Given>, Problem> {
    let rows = call.core.database.read(&handing(call.actor()?.user_id, subject)).await?;
    let given = |mut row: Row| Some(Given { line: row.get(&duties::LINE)?, by: row.get(&NAMED_BY)? });
    Ok(rows.into_iter().filter_map(given).collect())
}

/// Whether one of them lets him be told plainly who it is.
async fn is_any_plain(
    call: &Call,
    people: &Kind,
    (person, subject): (&Record, &Record),
    all: &[Given],
) -> Result<bool, Problem> {
    for given in all {
        if is_plain(call, people, (person, subject), given).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Naming somebody gives him plain sight where his role and area are those of the line, or where whoever named him
/// could have shown him. Whoever named himself must have the person anyway.
async fn is_plain(
    call: &Call,
    people: &Kind,
    (person, subject): (&Record, &Record),
    given: &Given,
) -> Result<bool, Problem> {
    let (actor, area_code, org_id) = (call.actor()?, &subject.envelope.area_code, subject.envelope.org_id);
    let reaches = |roles| actor.reaches(roles, &person.envelope.area_code, person.envelope.org_id);
    let fits = actor.reaches(roles_of(given.line), area_code, org_id);
    if given.by == actor.user_id {
        return Ok(reaches(REVEALERS) || (fits && reaches(people.readers)));
    }
    let by = accounts::of_author(&call.core, given.by).await?;
    Ok(fits || by.is_some_and(|by| by.reaches(REVEALERS, area_code, org_id)))
}

/// Roles that do the work of a line.
const fn roles_of(line: DutyLine) -> &'static [Role] {
    match line {
        DutyLine::Town => &[Role::TownCadre],
        DutyLine::Village => &[Role::VillageCadre, Role::GridWorker],
        DutyLine::Group => &[Role::GroupCadre],
        DutyLine::HealthCenter => &[Role::HealthWorker],
        DutyLine::PoliceStation => &[Role::PoliceOfficer],
        DutyLine::Grid
        | DutyLine::Store
        | DutyLine::Unit
        | DutyLine::Venue
        | DutyLine::Inspector
        | DutyLine::Volunteer
        | DutyLine::Organizer
        | DutyLine::District => &[],
    }
}

/// Reads the author of the last revision that put somebody among the supervisors of a case.
fn naming(user_id: Uuid, case: &Record) -> Statement {
    let named = Value::Json(json!([user_id]));
    let within = |column: &str| Statement::new(column).sql(" @> ").bind(ColumnType::Json, named.clone());
    let (then, now) = (within("h.body->'supervisor_ids'"), within("r.supervisor_ids"));
    let line = ["NULL::text", "NULL::text"];
    came("isolation_cases", line, then, &now, &case.envelope.district_code, ("id", case.envelope.id))
}

/// Reads the authors of the last revisions that gave somebody open duties about a record, and the lines of these duties.
fn handing(user_id: Uuid, subject: &Record) -> Statement {
    let now = Statement::new("r.state = 'open' AND r.assignee_id = ").id(user_id);
    let then = Statement::new("(h.body->>'assignee_id')::uuid = ").id(user_id);
    let line = ["r.line", "h.body->>'line'"];
    came("duties", line, then, &now, &subject.envelope.district_code, ("subject_id", subject.envelope.id))
}

/// Reads the author of the revision since which a record fulfils a condition, for records that fulfil it now.
fn came(
    table: &str,
    line: [&str; 2],
    then: Statement,
    now: &Statement,
    district_code: &str,
    (column, id): (&str, Uuid),
) -> Statement {
    let [line_now, line_then] = line;
    let standing = |statement: Statement| {
        let statement = statement.sql(format!(" FROM {table} AS r WHERE r.district_code = ")).text(district_code);
        statement.sql(format!(" AND r.{column} = ")).id(id).sql(" AND ").then(now.clone())
    };
    let select = format!(
        "SELECT DISTINCT ON (y.id) y.line, y.named_by FROM (SELECT x.*, lag(x.named) OVER (PARTITION BY x.id ORDER BY x.revision) AS before \
         FROM (SELECT r.id, {line_now} AS line, r.revision::bigint AS revision, r.revised_by AS named_by, true AS named"
    );
    let history = standing(Statement::new(select))
        .sql(format!(" UNION ALL SELECT h.id, {line_then} AS line, h.revision::bigint AS revision, (h.body->>'revised_by')::uuid AS named_by, coalesce("))
        .then(then)
        .sql(", false) AS named FROM record_revisions AS h WHERE h.district_code = ")
        .text(district_code)
        .sql(format!(" AND h.kind = '{table}' AND h.id IN (SELECT r.id"));
    standing(history)
        .sql(")) AS x) AS y WHERE y.named AND y.before IS NOT TRUE ORDER BY y.id, y.revision DESC")
        .seeing_district(district_code)
}

/// Open cases of these ids or people that somebody supervises or has an open duty for.
fn own(select: &str, user_id: Uuid, district_code: &str, named: &BTreeSet<Uuid>) -> Statement {
    let ids = || named.iter().copied().map(Value::Id).collect();
    Statement::new(format!("SELECT {select} FROM isolation_cases AS r WHERE r.district_code = "))
        .text(district_code)
        .sql(" AND NOT r.voided AND r.ended_at IS NULL AND (r.id = ANY(")
        .column(ColumnType::Id, ids())
        .sql(") OR r.person_id = ANY(")
        .column(ColumnType::Id, ids())
        .sql(")) AND (r.supervisor_ids @> ")
        .bind(ColumnType::Json, Value::Json(json!([user_id])))
        .sql(" OR EXISTS (SELECT 1 FROM duties AS d WHERE d.district_code = r.district_code AND d.subject_id = r.id AND d.state = 'open' AND d.assignee_id = ")
        .id(user_id)
        .sql("))")
        // Cases are narrowed to the caller's own by his id above, so the whole district may be seen.
        .seeing_district(district_code)
}
