//! The people of cases under the lock: who has an open one, who is void, who can't be voided.

use std::collections::{BTreeMap, BTreeSet};

use kit::columns;
use kit::faults::Fault;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::value::{Value, Values};
use ledger::decide::Claim;
use uuid::Uuid;

use super::CONTESTED;
use crate::records::envelope::{AREA_CODE, ID, ORG_ID};
use crate::rooms::observation::codes::{ACTIVE_CASE_EXISTS, IN_USE, PERSON_VOIDED};
use crate::rooms::observation::isolation_cases::states::{fault, fault_at};
use crate::rooms::observation::isolation_cases::wire::{ENDED_AT, PERSON_ID};
use crate::rooms::observation::isolation_cases::{CASE_ID, ISOLATION_CASES};
use crate::rooms::registers::PEOPLE;

/// Counts of open cases, open duties and records of isolation that depend on a person.
type Uses = [i64; 3];

/// An open case of somebody.
struct OpenCase {
    person_id: Uuid,
    id: Uuid,
    area_code: String,
    org_id: Option<Uuid>,
}

/// Those of a batch.
pub struct People {
    open: Vec<OpenCase>,
    /// Persons that those who get a case were merged into, by their ids; those never merged stand for themselves.
    roots: BTreeMap<Uuid, Uuid>,
    /// Persons whose record is void.
    voided: BTreeSet<Uuid>,
    uses: BTreeMap<Uuid, Uses>,
}

/// Reads open cases of those who get one; those of them who are void; and the counts of all that depends on those who
/// are to be voided, under all their ids.
pub fn statements(district_code: &str, claims: &[&Claim]) -> [Statement; 3] {
    let begun = claims.iter().filter(|claim| claim.kind == ISOLATION_CASES.name && claim.former.is_none());
    let begun: Vec<Value> = begun.filter_map(|claim| claim.next.as_ref()?.get(&PERSON_ID)).map(Value::Id).collect();
    let voided = claims.iter().filter(|claim| claim.kind == PEOPLE.name).map(|claim| Value::Id(claim.id)).collect();
    let family = Statement::new("WITH RECURSIVE family AS (SELECT p.id AS root, p.id FROM people AS p WHERE p.district_code = ")
        .text(district_code)
        .sql(" AND p.id = ANY(")
        .column(ColumnType::Id, voided)
        .sql(") UNION SELECT f.root, p.id FROM people AS p JOIN family AS f ON p.merged_into = f.id WHERE p.district_code = ")
        .text(district_code)
        .sql("), cases AS (SELECT f.root, c.id, c.ended_at FROM family AS f JOIN isolation_cases AS c ON c.person_id = f.id AND NOT c.voided WHERE c.district_code = ")
        .text(district_code)
        .sql(") SELECT f.root, (SELECT count(*) FROM cases AS c WHERE c.root = f.root AND c.ended_at IS NULL) AS cases, (SELECT count(*) FROM duties AS d WHERE d.state = 'open' AND NOT d.voided AND (d.subject_id IN (SELECT c.id FROM cases AS c WHERE c.root = f.root) OR d.subject_id IN (SELECT o.id FROM family AS o WHERE o.root = f.root)) AND d.district_code = ")
        .text(district_code)
        .sql(") AS duties, ");
    let contacts = KINDS.iter().enumerate().fold(family, |all, (index, kind)| {
        all.sql(format!("{}(SELECT count(*) FROM {kind} AS k JOIN cases AS c ON c.id = k.case_id WHERE c.root = f.root AND NOT k.voided AND k.district_code = ", if index > 0 { " + " } else { "" }))
            .text(district_code)
            .sql(")")
    });
    let voided_ones = Statement::new("SELECT id FROM people WHERE district_code = ")
        .text(district_code)
        .sql(" AND voided AND id = ANY(")
        .column(ColumnType::Id, begun.clone())
        .sql(")");
    [open_cases(district_code, begun), voided_ones, contacts.sql(" AS contacts FROM family AS f WHERE f.id = f.root")]
}

/// Open cases of these people under whatever of their names: who is sought, who that is, a case.
fn open_cases(district_code: &str, people: Vec<Value>) -> Statement {
    Statement::new("WITH RECURSIVE up AS (SELECT p.id AS sought, p.id, p.merged_into FROM people AS p WHERE p.district_code = ")
        .text(district_code)
        .sql(" AND p.id = ANY(")
        .column(ColumnType::Id, people)
        .sql(") UNION SELECT up.sought, p.id, p.merged_into FROM up JOIN people AS p ON p.id = up.merged_into WHERE p.district_code = ")
        .text(district_code)
        .sql("), down AS (SELECT up.sought, up.id AS root, up.id FROM up WHERE up.merged_into IS NULL UNION SELECT down.sought, down.root, p.id FROM down JOIN people AS p ON p.merged_into = down.id WHERE p.district_code = ")
        .text(district_code)
        .sql(") SELECT d.sought, d.root, c.id AS case_id, c.area_code, c.org_id FROM down AS d LEFT JOIN isolation_cases AS c ON c.person_id = d.id AND NOT c.voided AND c.ended_at IS NULL AND c.district_code = ")
        .text(district_code)
}

/// Kinds of records that somebody's isolation leaves.
const KINDS: [&str; 5] = ["temperature_readings", "follow_up_visits", "spot_checks", "errands", "observation_notices"];

columns! {
    /// Whoever is asked about.
    SOUGHT "sought": Uuid;
    /// Whom he was merged into; himself where that is nobody.
    ROOT "root": Uuid;
    /// Open cases.
    CASES "cases": i64;
    /// Open duties.
    DUTIES "duties": i64;
    /// Records of isolation.
    CONTACTS "contacts": i64;
}

impl People {
    /// Those of the rows that [`statements`] give.
    pub fn of_rows([open, voided, used]: [Vec<Row>; 3]) -> Self {
        let uses = |mut row: Row| Some((row.get(&ROOT)?, [row.get(&CASES)?, row.get(&DUTIES)?, row.get(&CONTACTS)?]));
        let (mut cases, mut roots) = (Vec::new(), BTreeMap::new());
        for mut row in open {
            if let (Some(sought), Some(root)) = (row.get(&SOUGHT), row.get(&ROOT)) {
                roots.insert(sought, root);
                cases.extend(open_case(root, row));
            }
        }
        Self {
            open: cases,
            roots,
            voided: voided.into_iter().filter_map(|mut row| row.get(&ID)).collect(),
            uses: used.into_iter().filter_map(uses).collect(),
        }
    }

    /// Somebody gets a case; whether he has one already and whoever asks couldn't know. `others` is what
    /// else speaks for it or against.
    pub fn begin_case(
        &mut self,
        id: Uuid,
        values: &Values,
        others: Result<(), Vec<Fault>>,
    ) -> Result<bool, Vec<Fault>> {
        let Some(person_id) = values.get(&PERSON_ID) else { return others.map(|()| false) };
        let mut faults = Vec::new();
        faults.extend(self.voided.contains(&person_id).then(|| fault(&PERSON_ID, PERSON_VOIDED, vec![])));
        let person_id = self.root(person_id);
        // One that ended and holds again is not open.
        let open = values.get(&ENDED_AT).is_none();
        let met = self.open.iter().find(|other| open && other.person_id == person_id && other.id != id);
        let contested = met.is_some();
        faults.extend(met.filter(|_| values.get(&CONTESTED) != Some(true)).map(exists));
        faults.extend(others.err().into_iter().flatten());
        if !faults.is_empty() {
            return Err(faults);
        }
        if !open {
            return Ok(false);
        }
        let area_code = values.get(&AREA_CODE).unwrap_or_default().to_owned();
        self.open.push(OpenCase { person_id, id, area_code, org_id: values.get(&ORG_ID) });
        Ok(contested)
    }

    fn root(&self, id: Uuid) -> Uuid {
        self.roots.get(&id).copied().unwrap_or(id)
    }

    /// Somebody is voided: not while others depend on him.
    pub fn void(&mut self, claim: &Claim) -> Result<(), Vec<Fault>> {
        let [mut cases, duties, contacts] = self.uses.get(&claim.id).copied().unwrap_or_default();
        // A case of the same batch is in no row yet.
        let begun = self.open.iter().filter(|open| open.person_id == self.root(claim.id)).count();
        cases = cases.max(i64::try_from(begun).unwrap_or(i64::MAX));
        if [cases, duties, contacts].iter().all(|count| *count == 0) {
            self.voided.insert(claim.id);
            return Ok(());
        }
        let counts = [(CASES.name(), cases), (DUTIES.name(), duties), (CONTACTS.name(), contacts)];
        let values = counts.map(|(name, count)| (name, count.to_string())).to_vec();
        Err(vec![fault_at("", IN_USE, values)])
    }
}

fn open_case(person_id: Uuid, mut row: Row) -> Option<OpenCase> {
    Some(OpenCase { id: row.get(&CASE_ID)?, person_id, area_code: row.get(&AREA_CODE)?, org_id: row.get(&ORG_ID) })
}

/// Says that somebody has an open case, and where it is: whoever can't read it isn't told.
fn exists(open: &OpenCase) -> Fault {
    let org_id = open.org_id.map(|id| id.to_string()).unwrap_or_default();
    let values = vec![(AREA_CODE.name(), open.area_code.clone()), (ORG_ID.name(), org_id)];
    fault(&PERSON_ID, ACTIVE_CASE_EXISTS, values)
}
