//! Whom a donation is for, and whether those who are handed something are.

use std::collections::BTreeMap;

use kit::columns;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::value::{Value, Values};
use uuid::Uuid;

use super::decider::{DESIGNATED_ORG_ID, DESIGNATED_PLACE_ID, RECIPIENT_ORG_ID, RECIPIENT_PLACE_ID, RECIPIENT_TEAM_ID};
use crate::platform::divisions::tree::DISTRICT_DIGITS;
use crate::records::envelope;

columns! {
    /// The organisation or place above an entry.
    PARENT_ID "parent_id": Uuid;
}

/// Steps up at most: organisations and places make no circles, but nothing here may go on for ever.
const MOST_STEPS: usize = 64;

/// An organisation or a place as it stands in its register.
#[derive(Clone, Debug)]
struct Entry {
    parent_id: Option<Uuid>,
    org_id: Option<Uuid>,
    area_code: String,
}

/// Entries by their ids.
type Register = BTreeMap<Uuid, Entry>;

/// Entries of those who are named, and of all above them, by register.
#[derive(Debug, Default)]
pub struct Registers {
    organizations: Register,
    places: Register,
    teams: Register,
}

/// Statements that read what stands above those who are named by these claims' values and by the issues of these
/// donations.
pub fn statements(district_code: &str, donations: &[Uuid], values: &[&Values]) -> Vec<Statement> {
    let ids = |fields: &[&kit::typed::TypedField<Uuid>]| -> Vec<Value> {
        let named = values.iter().flat_map(|values| fields.iter().filter_map(|field| values.get(*field)));
        named.map(Value::Id).collect()
    };
    let donations = || -> Vec<Value> { donations.iter().copied().map(Value::Id).collect() };
    let (organizations, places, teams) = (
        ids(&[&RECIPIENT_ORG_ID, &DESIGNATED_ORG_ID]),
        ids(&[&RECIPIENT_PLACE_ID, &DESIGNATED_PLACE_ID]),
        ids(&[&RECIPIENT_TEAM_ID]),
    );
    let named = |table: &str, own: Vec<Value>, of_issues: &str, of_donations: Option<&str>| {
        let statement = Statement::new(format!("SELECT id FROM {table} WHERE district_code = "))
            .text(district_code)
            .sql(" AND id = ANY(")
            .column(ColumnType::Id, own)
            .sql(format!(") UNION SELECT {of_issues} FROM material_issues WHERE district_code = "))
            .text(district_code)
            .sql(" AND donation_id = ANY(")
            .column(ColumnType::Id, donations())
            .sql(")");
        match of_donations {
            Some(column) => statement
                .sql(format!(" UNION SELECT {column} FROM donations WHERE district_code = "))
                .text(district_code)
                .sql(" AND id = ANY(")
                .column(ColumnType::Id, donations())
                .sql(")"),
            None => statement,
        }
    };
    let places_named = || named("places", places.clone(), "recipient_place_id", Some("designated_place_id"));
    let teams_named = || named("teams", teams.clone(), "recipient_team_id", None);
    let of_teams = Statement::new(
        "SELECT t.id, NULL::uuid AS parent_id, t.org_id, t.area_code FROM teams AS t WHERE t.district_code = ",
    )
    .text(district_code)
    .sql(" AND t.id IN (")
    .then(teams_named())
    .sql(")");
    // Whose a place or a team is may be what decides.
    let owners = |statement: Statement, table: &str, named: Statement| {
        statement
            .sql(format!(" UNION SELECT org_id FROM {table} WHERE district_code = "))
            .text(district_code)
            .sql(" AND id IN (")
            .then(named)
            .sql(")")
    };
    let own = named("organizations", organizations, "recipient_org_id", Some("designated_org_id"));
    let own = owners(owners(own, "places", places_named()), "teams", teams_named());
    vec![above("organizations", district_code, own), above("places", district_code, places_named()), of_teams]
}

/// Those who are named, and all that stands above them.
fn above(table: &str, district_code: &str, named: Statement) -> Statement {
    Statement::new(format!(
        "WITH RECURSIVE above AS (SELECT r.id, r.parent_id, r.org_id, r.area_code FROM {table} AS r WHERE r.district_code = "
    ))
    .text(district_code)
    .sql(" AND r.id IN (")
    .then(named)
    .sql(format!(
        ") UNION SELECT r.id, r.parent_id, r.org_id, r.area_code FROM {table} AS r JOIN above AS a ON a.parent_id = r.id WHERE r.district_code = "
    ))
    .text(district_code)
    .sql(") SELECT id, parent_id, org_id, area_code FROM above")
}

fn register(rows: Vec<Row>) -> Register {
    let entry = |mut row: Row| {
        let entry = Entry {
            parent_id: row.get(&PARENT_ID),
            org_id: row.get(&envelope::ORG_ID),
            area_code: row.get(&envelope::AREA_CODE)?,
        };
        Some((row.get(&envelope::ID)?, entry))
    };
    rows.into_iter().filter_map(entry).collect()
}

/// Whether an entry is another one or stands below it.
fn is_within(register: &Register, id: Uuid, other: Uuid) -> bool {
    let up = std::iter::successors(Some(id), |id| register.get(id)?.parent_id);
    up.take(MOST_STEPS).any(|id| id == other)
}

impl Registers {
    /// The registers of those statements' rows.
    pub fn of(mut rows: impl Iterator<Item = Vec<Row>>) -> Self {
        let mut next = || register(rows.next().unwrap_or_default());
        Self { organizations: next(), places: next(), teams: next() }
    }

    /// Whether an issue goes to whom a donation is for. Whoever is named in it must be: a gift for one street isn't
    /// handed to another by naming both.
    pub fn suits(&self, donation: &Values, issue: &Values) -> bool {
        let place_id = issue.get(&RECIPIENT_PLACE_ID);
        let for_place = donation.get(&DESIGNATED_PLACE_ID);
        let is_there = for_place.is_none_or(|wanted| place_id.is_some_and(|id| is_within(&self.places, id, wanted)));
        let for_org = donation.get(&DESIGNATED_ORG_ID);
        is_there && for_org.is_none_or(|wanted| self.suits_organization(wanted, issue))
    }

    fn suits_organization(&self, wanted: Uuid, issue: &Values) -> bool {
        let org_id = issue.get(&RECIPIENT_ORG_ID);
        let is_named = org_id.is_some();
        let belongs = |entry: &Entry| entry.org_id.is_some_and(|owner| is_within(&self.organizations, owner, wanted));
        let org = org_id.is_none_or(|id| is_within(&self.organizations, id, wanted));
        let team = issue.get(&RECIPIENT_TEAM_ID).is_none_or(|id| {
            self.teams.get(&id).is_some_and(|team| belongs(team) || (is_named && team.org_id.is_none()))
        });
        let place = issue.get(&RECIPIENT_PLACE_ID).is_none_or(|id| {
            self.places.get(&id).is_some_and(|place| belongs(place) || self.serves(wanted, place, is_named))
        });
        org && team && place
    }

    /// Whether a place stands where an organisation works: of a street its own area; of a bureau of the whole district
    /// only where the bureau itself is handed it there.
    fn serves(&self, organization: Uuid, place: &Entry, is_named: bool) -> bool {
        self.organizations.get(&organization).is_some_and(|organization| {
            let area_code = organization.area_code.as_str();
            (is_named || area_code.len() > DISTRICT_DIGITS) && place.area_code.starts_with(area_code)
        })
    }
}
