//! Whose cases are the caller's: those he supervises and those he has a duty for. Of them, and only them, a pull
//! tells plainly who it is and where; each pull that does is noted, with the people it named.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::audit::system_write_all;
use crate::changes::queries::Change;
use crate::kit::problem::Problem;
use crate::kit::statement::{ColumnType, Statement};
use crate::kit::value::Value;
use crate::operations::Call;
use crate::records::{Record, read};

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
