//! Whose cases are the caller's: those he supervises and those he has a duty for. Of them, and only them, a pull
//! tells plainly who it is and where; each pull that does is noted, with the people it named. Nobody makes somebody
//! his own by naming himself: who is out of his reach is told plainly only where others gave him the case.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::audit::system_write_all;
use crate::changes::queries::Change;
use crate::kit::problem::Problem;
use crate::kit::statement::{ColumnType, Statement};
use crate::kit::value::Value;
use crate::operations::Call;
use crate::records::{Kind, Record, read};

/// The verb under which such a pull is noted.
pub const PULLED_PLAIN: &str = "sync.pull_plain";

/// What a page tells plainly, by the id of the case and of the person.
#[derive(Default)]
pub struct OwnCases(BTreeMap<Uuid, Json>);

impl OwnCases {
    /// Those of the caller's own cases that a page is about. Noted before they are shown.
    pub async fn of_page(call: &Call, district_code: &str, changes: &[Change]) -> Result<Self, Problem> {
        let named: BTreeSet<Uuid> = changes.iter().filter_map(case_or_person).collect();
        if named.is_empty() {
            return Ok(Self::default());
        }
        let service = &call.service;
        let kind = |name: &str| service.kinds.kind(name).ok_or_else(|| Problem::internal(format!("no kind {name}")));
        let (cases, people) = (kind("isolation_cases")?, kind("people")?);
        let statement = own(cases.select(), call.actor()?.user_id, district_code, &named);
        let own = read::load(service, cases, &statement).await?;
        let mut told = BTreeMap::new();
        for case in own {
            let Some(person_id) = case.values.id("person_id") else { continue };
            let root = read::root(service, people, district_code, person_id).await?;
            let Some(person) = read::find_unscoped(service, people, district_code, &[root]).await?.remove(&root) else {
                continue;
            };
            if !is_given(call, people, &person, &case).await? {
                continue;
            }
            let plain = plain(&person, &case);
            told.extend([case.envelope.id, person_id, root].map(|id| (id, plain.clone())));
        }
        let subjects: BTreeSet<&str> = told.values().filter_map(|person| person.get("id")?.as_str()).collect();
        if !subjects.is_empty() {
            let details = json!({"purpose": "medical_follow_up", "people": subjects});
            let mut deed = call.deed(PULLED_PLAIN, "people", None, details);
            deed.area_code = Some(district_code.to_owned());
            system_write_all(service, vec![deed], async |_| Ok(())).await?;
        }
        Ok(Self(told))
    }

    /// Who a change is about, where it is about one of the caller's own cases.
    pub fn person(&self, change: &Change) -> Option<&Json> {
        case_or_person(change).and_then(|id| self.0.get(&id))
    }
}

/// The case or the person that a change is about.
fn case_or_person(change: &Change) -> Option<Uuid> {
    match change.kind.name {
        "isolation_cases" | "people" => Some(change.record.envelope.id),
        "duties" => change.record.values.id("subject_id"),
        _ => None,
    }
}

fn plain(person: &Record, case: &Record) -> Json {
    let text = |record: &Record, name: &str| record.values.text(name).map(str::to_owned);
    let address = text(case, "address").or(text(person, "address"));
    json!({"id": person.envelope.id, "name": text(person, "name"), "phone": text(person, "phone"), "address": address})
}

/// Whether the caller has the person anyway, or the case from others: he neither recorded it nor named himself.
async fn is_given(call: &Call, people: &Kind, person: &Record, case: &Record) -> Result<bool, Problem> {
    let actor = call.actor()?;
    if actor.reaches(people.readers, &person.envelope.area_code, person.envelope.org_id) {
        return Ok(true);
    }
    if case.envelope.recorded_by == actor.user_id {
        return Ok(false);
    }
    let rows = call.service.database.read(&naming(actor.user_id, case)).await?;
    let named_by = rows.into_iter().next().and_then(|mut row| row.id("named_by"));
    // Without a line he isn't named at all: the case is his by a duty that somebody gave him.
    Ok(named_by != Some(actor.user_id))
}

/// Who wrote the revision by which somebody came among the supervisors of a case last.
fn naming(user_id: Uuid, case: &Record) -> Statement {
    let (district_code, id) = (&case.envelope.district_code, case.envelope.id);
    let named = || Value::Json(json!([user_id]));
    Statement::new("SELECT y.named_by FROM (SELECT x.*, lag(x.named) OVER (ORDER BY x.revision) AS before FROM (SELECT h.revision::bigint AS revision, (h.body->>'revised_by')::uuid AS named_by, coalesce(h.body->'supervisor_ids' @> ")
        .bind(ColumnType::Json, named())
        .sql(", false) AS named FROM record_revisions AS h WHERE h.district_code = ")
        .text(district_code)
        .sql(" AND h.kind = 'isolation_cases' AND h.id = ")
        .id(id)
        .sql(" UNION ALL SELECT r.revision::bigint, r.revised_by, r.supervisor_ids @> ")
        .bind(ColumnType::Json, named())
        .sql(" FROM isolation_cases AS r WHERE r.district_code = ")
        .text(district_code)
        .sql(" AND r.id = ")
        .id(id)
        .sql(") AS x) AS y WHERE y.named AND y.before IS NOT TRUE ORDER BY y.revision DESC LIMIT 1")
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
        // Whose case it is was asked for by his own id.
        .seeing_district(district_code)
}
