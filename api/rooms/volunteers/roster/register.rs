//! Register of volunteers and teams, and the lists behind figures of service.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use kit::columns;
use kit::database::Snapshot;
use kit::problem::Problem;
use kit::statement::Statement;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};

use super::figures::narrowed;
use crate::platform::access::roles::with_statistics;
use crate::platform::http::Call;
use crate::records::scope::reached;
use crate::rooms::volunteers::teams::{ROSTER_READERS, TEAM_KIND, TeamKind};
use crate::statistics::districts::add_count;

columns! {
    VOLUNTEERS "volunteers": i64;
    LEAGUE "league": i64;
    PARTY "party": i64;
    TOTAL "total": i64;
}

/// How many are on the register.
#[derive(Serialize, ToSchema)]
pub struct Register {
    /// Teams at work, by kind.
    #[schema(schema_with = counts)]
    teams: BTreeMap<TeamKind, i64>,
    /// Volunteers on the register.
    #[schema(value_type = i64, minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    volunteers: Option<i64>,
    /// Of them members of the league.
    #[schema(value_type = i64, minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    league_members: Option<i64>,
    /// Of them members of the party.
    #[schema(value_type = i64, minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    party_members: Option<i64>,
}

impl Register {
    /// Adds another district's.
    pub fn add(&mut self, other: Self) {
        for (kind, teams) in other.teams {
            *self.teams.entry(kind).or_default() += teams;
        }
        add_count(&mut self.volunteers, other.volunteers);
        add_count(&mut self.league_members, other.league_members);
        add_count(&mut self.party_members, other.party_members);
    }
}

fn counts() -> RefOr<Schema> {
    let count = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0));
    let count = count.maximum(Some(9_007_199_254_740_991_i64)).description(Some("How many."));
    let counts = ObjectBuilder::new().schema_type(Type::Object).additional_properties(Some(count));
    counts.description(Some("Teams at work, by kind.")).into()
}

/// Counts the register as far as the caller may see: teams by kind, volunteers, league and party members among them.
pub async fn register(call: &Call, now: &mut Snapshot, district_code: &str) -> Result<Register, Problem> {
    let of = |select: &str, table: &str| {
        let statement = Statement::new(format!(
            "SELECT {select} FROM {table} AS r WHERE NOT r.voided AND r.active AND r.district_code = "
        ))
        .text(district_code)
        .sql(" AND ");
        Ok::<_, Problem>(narrowed(call, reached("r", statement, call.actor()?, with_statistics(ROSTER_READERS), true)))
    };
    let people = of(
        "count(DISTINCT r.person_id) AS volunteers, count(DISTINCT r.person_id) FILTER (WHERE r.league_member) AS league, count(DISTINCT r.person_id) FILTER (WHERE r.party_member) AS party",
        "volunteers",
    )?;
    let people = now.read(&people).await?.into_iter().next();
    let mut people = people.ok_or_else(|| Problem::internal("a count without a row"))?;
    let teams = now.read(&of("r.team_kind, count(*) AS total", "teams")?.sql(" GROUP BY 1")).await?;
    let teams = teams.into_iter().filter_map(|mut row| Some((row.get(&TEAM_KIND)?, row.get(&TOTAL)?)));
    Ok(Register {
        teams: teams.collect(),
        volunteers: people.get(&VOLUNTEERS),
        league_members: people.get(&LEAGUE),
        party_members: people.get(&PARTY),
    })
}

/// The list behind a line; none where no list has exactly that: what was done in no team, or at no place.
pub fn records_url(
    key: Option<&str>,
    filter: &str,
    days: (NaiveDate, NaiveDate),
    area: Option<&str>,
) -> Option<String> {
    let ((from_on, to_on), own) = match (key, filter) {
        (Some(day), "") => ((day.to_owned(), day.to_owned()), String::new()),
        (key, filter) => {
            let own = match key {
                Some(key) => format!("&{filter}={key}"),
                None if filter == "org_id" => "&no_org=true".to_owned(),
                None => return None,
            };
            ((days.0.to_string(), days.1.to_string()), own)
        }
    };
    let area = area.map(|code| format!("&area_code={code}")).unwrap_or_default();
    Some(format!("/v1/service-records?pending=false&from_on={from_on}&to_on={to_on}{own}{area}"))
}
