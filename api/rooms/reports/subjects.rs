//! Names of what records are about, and of who wrote them.

use std::collections::BTreeMap;

use kit::columns;
use kit::database::Snapshot;
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use uuid::Uuid;

use crate::platform::access::roles::{Actor, Grant, Role};
use crate::platform::core::Core;
use crate::platform::privacy::mask::mask_name;
use crate::records::scope::by_id;
use crate::records::{Record, read};

columns! {
    /// Id of an account.
    ID "id": Uuid;
    /// Name of a place or a person, of whatever kind the subject is.
    NAME "name": String;
    /// Title of a shift.
    TITLE "title": String;
    /// The person whom a subject is about.
    PERSON_ID "person_id": Uuid;
    /// The volunteer whom a subject is about.
    VOLUNTEER_ID "volunteer_id": Uuid;
}

/// Reads the names of the subjects, each a kind and an id: a place's name, a shift's title, the masked name of the
/// person for whatever is about a person.
pub async fn names(
    core: &Core,
    now: &mut Snapshot,
    district_code: &str,
    subjects: impl Iterator<Item = (String, Uuid)>,
) -> Result<BTreeMap<Uuid, String>, Problem> {
    let mut named = BTreeMap::new();
    let mut open: Vec<(Uuid, String, Uuid)> = subjects.map(|(kind, id)| (id, kind, id)).collect();
    // A case leads to its person, an assignment to its volunteer and on to the person.
    for _ in 0..3 {
        let mut next = Vec::new();
        let mut kinds: BTreeMap<String, Vec<(Uuid, Uuid)>> = BTreeMap::new();
        open.drain(..).for_each(|(subject, kind, id)| kinds.entry(kind).or_default().push((subject, id)));
        for (name, ids) in kinds {
            let Some(kind) = core.kinds().kind(&name) else { continue };
            let wanted: Vec<Uuid> = ids.iter().map(|(_, id)| *id).collect();
            let statement = by_id(kind.select(), kind.name, district_code, &wanted).seeing_district(district_code);
            let records = read::of_rows(core, kind, now.read(&statement).await?)?;
            let records: BTreeMap<Uuid, Record> =
                records.into_iter().map(|record| (record.envelope.id, record)).collect();
            for (subject, id) in ids {
                let Some(values) = records.get(&id).map(|record| &record.values) else { continue };
                let own = values.get(&NAME).or_else(|| values.get(&TITLE));
                match (own, values.get(&PERSON_ID), values.get(&VOLUNTEER_ID)) {
                    (Some(own), ..) if name == "people" => named.insert(subject, mask_name(own)),
                    (Some(own), ..) => named.insert(subject, own.to_owned()),
                    (None, Some(person), _) => {
                        next.push((subject, "people".to_owned(), person));
                        None
                    }
                    (None, None, Some(volunteer)) => {
                        next.push((subject, "volunteers".to_owned(), volunteer));
                        None
                    }
                    (None, None, None) => None,
                };
            }
        }
        open = next;
    }
    Ok(named)
}

/// Reads the names of accounts that work or worked where the caller does: above his area, in it or below it. Who only
/// reads figures has no colleagues here.
pub async fn accounts(core: &Core, actor: &Actor, ids: &[Uuid]) -> Result<BTreeMap<Uuid, String>, Problem> {
    let statement = Statement::new("SELECT u.id, u.display_name AS name FROM users AS u WHERE u.id = ANY(")
        .column(ColumnType::Id, ids.iter().copied().map(Value::Id).collect())
        .sql(
            ") AND EXISTS (SELECT 1 FROM (SELECT user_id, area_code FROM user_grants \
             UNION ALL SELECT user_id, area_code FROM former_grants) AS g WHERE g.user_id = u.id AND (false",
        );
    let own = actor.grants.iter().filter(|grant| grant.role != Role::StatisticsReader);
    let beside = |statement: Statement, grant: &Grant| {
        let statement = statement.sql(" OR starts_with(g.area_code, ").text(&grant.area_code);
        statement.sql(") OR starts_with(").text(&grant.area_code).sql(", g.area_code)")
    };
    let statement = own.fold(statement, beside).sql("))");
    let rows = core.database.read(&statement).await?;
    Ok(rows.into_iter().filter_map(|mut row| Some((row.get(&ID)?, row.get(&NAME)?))).collect())
}
