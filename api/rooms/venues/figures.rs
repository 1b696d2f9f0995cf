//! How venues stand, and how many were mobilised, as figures by name.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use futures_util::future::LocalBoxFuture;
use kit::columns;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::Statement;
use kit::text::Text;
use kit::time::day_of;
use uuid::Uuid;

use super::commitments::{COMMITMENT_READERS, COMMITMENTS};
use super::status::{RATE_SCALE, Venue, list_url, rate, venues};
use crate::platform::access::Role;
use crate::platform::http::Call;
use crate::records::Kind;
use crate::records::awaited::has_come;
use crate::records::envelope::{AREA_CODE, OCCURRED_AT, ORG_ID};
use crate::records::figure::{Privacy, Quantity};
use crate::records::named_figures::{
    AskedOrg, CatalogueEntry, Evaluated, FigureAmount, FigureQuery, NamedFigures, Reading, Taken, Withheld,
};
use crate::records::scope::{reached, readable};
use crate::rooms::registers::{OperatingStatus, PLACES, PlaceKind, VENUE_KINDS};
use crate::statistics::opens_lists;

/// First part of the names.
const PREFIX: &str = "venues.";
/// End of the names of shares.
const RATE: &str = "_rate";
/// Venues of which nobody had told how they stand.
const UNKNOWN: &str = "unknown";
/// All venues.
const TOTAL: &str = "total";
/// Venues that signed something.
const COMMITTED: &str = "venues.committed";
/// Venues that signed something, or in which there was publicity.
const MOBILIZED: &str = "venues.mobilized";
/// The filter by which of them.
const KIND: &str = "kind";

/// Figures of venues.
pub struct VenueFigures;
/// The same.
pub static VENUE_FIGURES: VenueFigures = VenueFigures;

columns! {
    PLACE_ID "place_id": Uuid;
    SIGNED "signed": bool;
}

impl NamedFigures for VenueFigures {
    fn entries<'a>(
        &'a self,
        call: &'a Call,
        _district_code: &'a str,
        _on: NaiveDate,
    ) -> LocalBoxFuture<'a, Result<Vec<CatalogueEntry>, Problem>> {
        let venues = Text::new("venues", "家");
        let unknown = Text::new("Venues of unknown status", "营业状态未报的经营单位");
        let total = Text::new("Venues", "经营单位");
        let committed = Text::new("Venues that signed an undertaking", "签订承诺书的经营单位");
        let mobilized = Text::new("Venues mobilised", "已发动的经营单位");
        let of_status = OperatingStatus::ALL.iter().flat_map(|status| {
            let (count, share) = labels(*status);
            let of_one = Text::new("of 1", "比率");
            [(format!("{PREFIX}{status}"), count, venues), (format!("{PREFIX}{status}{RATE}"), share, of_one)]
        });
        let others =
            [(UNKNOWN, unknown), (TOTAL, total)].map(|(name, label)| (format!("{PREFIX}{name}"), label, venues));
        let done =
            [(COMMITTED, committed), (MOBILIZED, mobilized)].map(|(name, label)| (name.to_owned(), label, venues));
        let entry = |(name, label, unit): (String, Text, Text)| {
            let is_done = [COMMITTED, MOBILIZED].contains(&name.as_str());
            let from = is_done.then_some(Taken::From);
            CatalogueEntry {
                kind: PLACES.name,
                label: label.in_language(call.language).into(),
                unit: unit.in_language(call.language).into(),
                scale: if name.ends_with(RATE) { RATE_SCALE } else { 0 },
                quantity: if name.ends_with(RATE) { Quantity::Share } else { Quantity::Exact },
                takes: [Taken::Organization, Taken::Area].into_iter().chain(from).collect(),
                filters: VENUE_KINDS.iter().map(|kind| format!("{KIND}={kind}")).collect(),
                privacy: Privacy::Open,
                from_records: true,
                moving: !is_done,
                as_it_stands: false,
                readers: if is_done { COMMITMENT_READERS } else { PLACES.readers },
                name: name.into(),
            }
        };
        let entries = of_status.chain(others).chain(done).map(entry).collect();
        Box::pin(async move { Ok(entries) })
    }

    fn evaluate<'a>(
        &'a self,
        reading: &'a mut Reading<'_>,
        queries: &'a [&'a FigureQuery],
    ) -> LocalBoxFuture<'a, Result<Vec<Evaluated>, Problem>> {
        Box::pin(async move {
            let days: BTreeSet<NaiveDate> = queries.iter().map(|query| query.to_on).collect();
            let mut standing: BTreeMap<NaiveDate, Vec<Venue>> = BTreeMap::new();
            for on in days {
                standing.insert(on, venues(reading.call, reading.snapshot, reading.district_code, on).await?);
            }
            let asks_done = queries.iter().any(|query| [COMMITTED, MOBILIZED].contains(&&*query.figure));
            let done = if asks_done { done(reading).await? } else { Vec::new() };
            let told = |query: &&FigureQuery| {
                let venues = standing.get(&query.to_on).map(Vec::as_slice).unwrap_or_default();
                match &*query.figure {
                    COMMITTED | MOBILIZED => reached_venues(reading, query, venues, &done),
                    _ => stood(reading, query, venues),
                }
            };
            Ok(queries.iter().map(told).collect())
        })
    }
}

/// Labels of the count and the share of a status.
fn labels(status: OperatingStatus) -> (Text, Text) {
    match status {
        OperatingStatus::Open => {
            (Text::new("Venues open", "营业的经营单位"), Text::new("Share of venues open", "营业率"))
        }
        OperatingStatus::TakeawayOnly => (
            Text::new("Venues with takeaway only", "仅外卖的经营单位"),
            Text::new("Share of venues with takeaway only", "仅外卖率"),
        ),
        OperatingStatus::Suspended => {
            (Text::new("Venues suspended", "暂停营业的经营单位"), Text::new("Share of venues suspended", "暂停营业率"))
        }
        OperatingStatus::Closed => {
            (Text::new("Venues closed", "关闭的经营单位"), Text::new("Share of venues closed", "关闭率"))
        }
    }
}

/// Whether a venue is one of those asked about: of a kind, in an area.
fn is_asked(venue: &Venue, query: &FigureQuery) -> bool {
    let of_kind = query.filters.get(KIND).is_none_or(|kind| kind == venue.kind.code());
    of_kind && query.area_code.as_ref().is_none_or(|area| venue.area_code.starts_with(area))
}

fn stood(reading: &Reading<'_>, query: &FigureQuery, venues: &[Venue]) -> Evaluated {
    let Some(name) = query.figure.strip_prefix(PREFIX) else { return Evaluated::withheld(Withheld::NotKept) };
    // Of an organisation are the venues that it watches, and its own.
    let members = query.org.members(reading.tree);
    let own = venues.iter().filter(|venue| {
        let of_org = members.as_ref().is_none_or(|members| venue.org_ids.iter().any(|id| members.contains(id)));
        of_org && is_asked(venue, query)
    });
    let own: Vec<&Venue> = own.collect();
    let word = name.strip_suffix(RATE).unwrap_or(name);
    let asked = match word {
        TOTAL => None,
        UNKNOWN => Some(None),
        word => Some(OperatingStatus::of_code(word)),
    };
    let ids: Vec<Uuid> =
        own.iter().filter(|venue| asked.is_none_or(|asked| venue.stood == asked)).map(|venue| venue.id).collect();
    let count = |all: usize| i64::try_from(all).unwrap_or(i64::MAX);
    let amount = match name.strip_suffix(RATE) {
        Some(_) => FigureAmount::Decimal(rate(count(ids.len()), count(own.len())).to_string()),
        None => FigureAmount::Count(count(ids.len())),
    };
    // The list of places knows kinds and areas; whom a place is watched by, it doesn't ask.
    let kind = query.filters.get(KIND).and_then(|kind| PlaceKind::of_code(kind));
    let listed = kind.filter(|_| query.org == AskedOrg::Any && opens_lists(reading.call, PLACES.readers));
    let records_url = listed.map(|kind| list_url(kind, query.to_on, query.area_code.as_deref(), asked));
    Evaluated { record_ids: records_url.is_none().then_some(ids), records_url, ..Evaluated::new(amount) }
}

/// A venue that signed, or in which there was publicity.
struct Done {
    place_id: Uuid,
    org_id: Uuid,
    on: NaiveDate,
    signed: bool,
}

/// Undertakings and publicity at places that the caller reads.
async fn done(reading: &mut Reading<'_>) -> Result<Vec<Done>, Problem> {
    let mut found = select(reading, &COMMITMENTS, "true").await?;
    if let Some(kind) = reading.call.core.kinds().kind("publicity_activities") {
        found.extend(select(reading, kind, "false").await?);
    }
    Ok(found)
}

async fn select(reading: &mut Reading<'_>, kind: &'static Kind, signed: &str) -> Result<Vec<Done>, Problem> {
    let (actor, zone) = (reading.call.actor()?, reading.call.core.zone);
    let statement = Statement::new(format!(
        "SELECT r.place_id, r.org_id, r.area_code, r.occurred_at, {signed} AS signed FROM {} AS r WHERE NOT r.voided AND {} AND r.place_id IS NOT NULL AND r.district_code = ",
        kind.name,
        has_come("r.")
    ))
    .text(reading.district_code)
    .sql(" AND (");
    let statement = readable("r", statement, actor, kind).sql(" OR ");
    let statement = reached("r", statement, actor, &[Role::StatisticsReader], true).sql(")");
    let one = |mut row: Row| {
        row.get(&AREA_CODE)?;
        Some(Done {
            place_id: row.get(&PLACE_ID)?,
            org_id: row.get(&ORG_ID).unwrap_or_default(),
            on: day_of(row.get(&OCCURRED_AT)?, zone),
            signed: row.get(&SIGNED)?,
        })
    };
    Ok(reading.snapshot.read(&statement).await?.into_iter().filter_map(one).collect())
}

/// Venues of which an organisation's people got an undertaking, or told something.
fn reached_venues(reading: &Reading<'_>, query: &FigureQuery, venues: &[Venue], done: &[Done]) -> Evaluated {
    let asked: BTreeSet<Uuid> = venues.iter().filter(|venue| is_asked(venue, query)).map(|venue| venue.id).collect();
    let members = query.org.members(reading.tree);
    let own = done.iter().filter(|one| {
        (one.signed || query.figure == MOBILIZED)
            && one.on <= query.to_on
            && query.from_on.is_none_or(|from_on| one.on >= from_on)
            && members.as_ref().is_none_or(|members| members.contains(&one.org_id))
            && asked.contains(&one.place_id)
    });
    let ids: BTreeSet<Uuid> = own.map(|one| one.place_id).collect();
    let count = Evaluated::count(ids.len());
    Evaluated { record_ids: Some(ids.into_iter().collect()), ..count }
}
