//! Compounds with a partner and without one, and disposal points, as figures by name.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use futures_util::future::LocalBoxFuture;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::text::Text;
use kit::typed::FieldType;
use uuid::Uuid;

use super::compound_partnerships::{
    COMPOUND_PARTNERSHIPS, COMPOUND_READERS, ENDS_ON, PARTNER_ORG_ID, PARTNERSHIP_KIND, PLACE_ID, PartnershipKind,
    STARTS_ON,
};
use super::mask_collections::COLLECTORS;
use super::mask_collections::points::{Point, points};
use crate::platform::access::Role;
use crate::platform::access::roles::with_statistics;
use crate::platform::http::Call;
use crate::records::envelope::{AREA_CODE, ID, ORG_ID};
use crate::records::figure::{Privacy, Quantity};
use crate::records::named_figures::{CatalogueEntry, Evaluated, FigureQuery, NamedFigures, Reading, Taken};
use crate::records::scope::{reached, readable};
use crate::rooms::registers::COMPOUND_KINDS;
use crate::rooms::registers::place::{DISMANTLED_ON, ESTABLISHED_ON, KIND};

/// Compounds that somebody helps.
const PARTNERED: &str = "compounds.partnered";
/// Compounds that nobody helps.
const WITHOUT_PARTNER: &str = "compounds.without_partner";
/// Disposal points in use.
const MASK_POINTS: &str = "compounds.mask_points";

/// Figures of compounds.
pub struct CompoundFigures;
/// The same.
pub static COMPOUND_FIGURES: CompoundFigures = CompoundFigures;

impl NamedFigures for CompoundFigures {
    fn entries<'a>(
        &'a self,
        call: &'a Call,
        _district_code: &'a str,
        _on: NaiveDate,
    ) -> LocalBoxFuture<'a, Result<Vec<CatalogueEntry>, Problem>> {
        let compounds = Text::new("compounds", "个");
        let named = [
            (PARTNERED, Text::new("Compounds with a partner", "结对联系大院"), compounds),
            (WITHOUT_PARTNER, Text::new("Compounds without a partner", "无结对单位大院"), compounds),
            (MASK_POINTS, Text::new("Mask disposal points", "口罩弃置点"), Text::new("points", "个")),
        ];
        let entry = |(name, label, unit): (&'static str, Text, Text)| CatalogueEntry {
            name: name.into(),
            kind: if name == PARTNERED { COMPOUND_PARTNERSHIPS.name } else { "places" },
            label: label.in_language(call.language).into(),
            unit: unit.in_language(call.language).into(),
            scale: 0,
            quantity: Quantity::Exact,
            takes: vec![Taken::Organization, Taken::Area],
            filters: match name {
                PARTNERED => PartnershipKind::ALL.iter().map(|kind| format!("{PARTNERSHIP_KIND}={kind}")).collect(),
                WITHOUT_PARTNER => COMPOUND_KINDS.iter().map(|kind| format!("{KIND}={kind}")).collect(),
                _ => Vec::new(),
            },
            privacy: Privacy::Open,
            from_records: true,
            moving: true,
            as_it_stands: false,
            readers: if name == MASK_POINTS { COLLECTORS } else { COMPOUND_READERS },
        };
        let entries = named.into_iter().map(entry).collect();
        Box::pin(async move { Ok(entries) })
    }

    fn evaluate<'a>(
        &'a self,
        reading: &'a mut Reading<'_>,
        queries: &'a [&'a FigureQuery],
    ) -> LocalBoxFuture<'a, Result<Vec<Evaluated>, Problem>> {
        Box::pin(async move {
            let asks = |name: &str| queries.iter().any(|query| query.figure == name);
            let bonds = if asks(PARTNERED) { bonds(reading).await? } else { Vec::new() };
            let alone = if asks(WITHOUT_PARTNER) { compounds(reading).await? } else { Vec::new() };
            let helped = if asks(WITHOUT_PARTNER) { all_bonds(reading).await? } else { Vec::new() };
            let of_points = queries.iter().filter(|query| query.figure == MASK_POINTS);
            let days: BTreeSet<NaiveDate> = of_points.map(|query| query.to_on).collect();
            let mut points: BTreeMap<NaiveDate, Vec<Point>> = BTreeMap::new();
            for on in days {
                points.insert(on, points_on(reading, on).await?);
            }
            let told = |query: &&FigureQuery| match &*query.figure {
                PARTNERED => told(partnered(reading, query, &bonds)),
                WITHOUT_PARTNER => told(without_partner(reading, query, &alone, &helped)),
                _ => told(standing(reading, query, points.get(&query.to_on).map(Vec::as_slice).unwrap_or_default())),
            };
            Ok(queries.iter().map(told).collect())
        })
    }
}

fn told(ids: BTreeSet<Uuid>) -> Evaluated {
    let count = Evaluated::count(ids.len());
    Evaluated { record_ids: Some(ids.into_iter().collect()), ..count }
}

fn is_in(area_code: &str, query: &FigureQuery) -> bool {
    query.area_code.as_ref().is_none_or(|area| area_code.starts_with(area))
}

/// A partnership.
struct Bond {
    place_id: Uuid,
    partner_org_id: Uuid,
    kind: PartnershipKind,
    starts_on: NaiveDate,
    ends_on: Option<NaiveDate>,
    area_code: String,
}

impl Bond {
    fn of_row(mut row: Row) -> Option<Self> {
        Some(Self {
            place_id: row.get(&PLACE_ID)?,
            partner_org_id: row.get(&PARTNER_ORG_ID)?,
            kind: row.get(&PARTNERSHIP_KIND)?,
            starts_on: row.get(&STARTS_ON)?,
            ends_on: row.get(&ENDS_ON),
            area_code: row.get(&AREA_CODE)?,
        })
    }

    fn holds_on(&self, day: NaiveDate) -> bool {
        self.starts_on <= day && self.ends_on.is_none_or(|last| last >= day)
    }
}

fn select_bonds(district_code: &str) -> Statement {
    Statement::new("SELECT r.place_id, r.partner_org_id, r.partnership_kind, r.starts_on, r.ends_on, r.area_code FROM compound_partnerships AS r WHERE NOT r.voided AND r.district_code = ")
        .text(district_code)
}

/// Partnerships that the caller sees.
async fn bonds(reading: &mut Reading<'_>) -> Result<Vec<Bond>, Problem> {
    let actor = reading.call.actor()?;
    let statement = select_bonds(reading.district_code).sql(" AND (");
    let statement = readable("r", statement, actor, &COMPOUND_PARTNERSHIPS).sql(" OR ");
    let statement = reached("r", statement, actor, &[Role::StatisticsReader], true).sql(")");
    Ok(reading.snapshot.read(&statement).await?.into_iter().filter_map(Bond::of_row).collect())
}

/// All of the district: a compound isn't without a partner because the caller doesn't see it.
async fn all_bonds(reading: &mut Reading<'_>) -> Result<Vec<Bond>, Problem> {
    let statement = select_bonds(reading.district_code).seeing_district(reading.district_code);
    Ok(reading.snapshot.read(&statement).await?.into_iter().filter_map(Bond::of_row).collect())
}

fn partnered(reading: &Reading<'_>, query: &FigureQuery, bonds: &[Bond]) -> BTreeSet<Uuid> {
    let members = query.org.members(reading.tree);
    let kind = query.filters.get(PARTNERSHIP_KIND.name());
    let asked = bonds.iter().filter(|bond| {
        bond.holds_on(query.to_on)
            && members.as_ref().is_none_or(|members| members.contains(&bond.partner_org_id))
            && kind.is_none_or(|kind| kind == bond.kind.code())
            && is_in(&bond.area_code, query)
    });
    asked.map(|bond| bond.place_id).collect()
}

/// A compound within the caller's own.
struct Compound {
    id: Uuid,
    kind: String,
    area_code: String,
    org_id: Option<Uuid>,
    established_on: Option<NaiveDate>,
    dismantled_on: Option<NaiveDate>,
}

async fn compounds(reading: &mut Reading<'_>) -> Result<Vec<Compound>, Problem> {
    let statement = Statement::new("SELECT p.id, p.kind, p.area_code, p.org_id, p.established_on, p.dismantled_on FROM places AS p WHERE NOT p.voided AND p.kind = ANY(")
        .column(ColumnType::Text, COMPOUND_KINDS.iter().map(|kind| kind.give()).collect())
        .sql(") AND p.district_code = ")
        .text(reading.district_code)
        .sql(" AND ");
    let statement = reached("p", statement, reading.call.actor()?, with_statistics(COMPOUND_READERS), true);
    let compound = |mut row: Row| {
        Some(Compound {
            id: row.get(&ID)?,
            kind: row.get(&KIND)?.code().to_owned(),
            area_code: row.get(&AREA_CODE)?,
            org_id: row.get(&ORG_ID),
            established_on: row.get(&ESTABLISHED_ON),
            dismantled_on: row.get(&DISMANTLED_ON),
        })
    };
    Ok(reading.snapshot.read(&statement).await?.into_iter().filter_map(compound).collect())
}

fn without_partner(
    reading: &Reading<'_>,
    query: &FigureQuery,
    compounds: &[Compound],
    bonds: &[Bond],
) -> BTreeSet<Uuid> {
    let members = query.org.members(reading.tree);
    let helped: BTreeSet<Uuid> =
        bonds.iter().filter(|bond| bond.holds_on(query.to_on)).map(|bond| bond.place_id).collect();
    let kind = query.filters.get(KIND.name());
    let alone = compounds.iter().filter(|one| {
        !helped.contains(&one.id)
            && one.established_on.is_none_or(|first| first <= query.to_on)
            && one.dismantled_on.is_none_or(|last| last > query.to_on)
            && members.as_ref().is_none_or(|members| members.contains(&one.org_id.unwrap_or_default()))
            && kind.is_none_or(|kind| *kind == one.kind)
            && is_in(&one.area_code, query)
    });
    alone.map(|one| one.id).collect()
}

/// Disposal points within the caller's own, as of a day.
async fn points_on(reading: &mut Reading<'_>, on: NaiveDate) -> Result<Vec<Point>, Problem> {
    let statement = Statement::new("SELECT p.* FROM (").then(points(reading.district_code, on)).sql(") AS p WHERE ");
    let statement = reached("p", statement, reading.call.actor()?, with_statistics(COLLECTORS), true);
    let statement = statement.seeing_district(reading.district_code);
    Ok(reading.snapshot.read(&statement).await?.into_iter().filter_map(Point::of_row).collect())
}

fn standing(reading: &Reading<'_>, query: &FigureQuery, points: &[Point]) -> BTreeSet<Uuid> {
    let members = query.org.members(reading.tree);
    let asked = points.iter().filter(|point| {
        let org_id = point.org_id.unwrap_or_default();
        point.stands_on(query.to_on)
            && members.as_ref().is_none_or(|members| members.contains(&org_id))
            && is_in(&point.area_code, query)
    });
    asked.map(|point| point.id).collect()
}
