//! Checkpoints that were set up, by who set them up: places count as nothing else, so they are counted themselves.

use chrono::NaiveDate;
use futures_util::future::LocalBoxFuture;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::text::Text;
use kit::typed::FieldType;
use uuid::Uuid;

use super::PLACES;
use super::wire::{CHECKPOINT_KINDS, ESTABLISHED_BY_ORG_ID, ESTABLISHED_ON, KIND, PlaceKind};
use crate::platform::http::Call;
use crate::records::envelope::{AREA_CODE, ID};
use crate::records::figure::{Privacy, Quantity};
use crate::records::named_figures::{CatalogueEntry, Evaluated, FigureQuery, NamedFigures, Reading, Taken};

/// Checkpoints set up.
const SET_UP: &str = "places.checkpoints_set_up";

/// Figures of places.
pub struct PlaceFigures;
/// The same.
pub static PLACE_FIGURES: PlaceFigures = PlaceFigures;

impl NamedFigures for PlaceFigures {
    fn entries<'a>(
        &'a self,
        call: &'a Call,
        _district_code: &'a str,
        _on: NaiveDate,
    ) -> LocalBoxFuture<'a, Result<Vec<CatalogueEntry>, Problem>> {
        let entry = CatalogueEntry {
            name: SET_UP.into(),
            kind: PLACES.name,
            label: Text::new("Checkpoints set up", "设置监测点").in_language(call.language).into(),
            unit: Text::new("checkpoints", "个").in_language(call.language).into(),
            scale: 0,
            quantity: Quantity::Exact,
            takes: vec![Taken::Organization, Taken::Area, Taken::From],
            filters: CHECKPOINT_KINDS.iter().map(|kind| format!("{KIND}={kind}")).collect(),
            privacy: Privacy::Open,
            from_records: true,
            moving: false,
            as_it_stands: false,
            readers: PLACES.readers,
        };
        Box::pin(async move { Ok(vec![entry]) })
    }

    fn evaluate<'a>(
        &'a self,
        reading: &'a mut Reading<'_>,
        queries: &'a [&'a FigureQuery],
    ) -> LocalBoxFuture<'a, Result<Vec<Evaluated>, Problem>> {
        Box::pin(async move {
            let set_up = read(reading).await?;
            let told = |query: &&FigureQuery| {
                let members = query.org.members(reading.tree);
                let own = set_up.iter().filter(|one| {
                    let by = one.by.unwrap_or_default();
                    members.as_ref().is_none_or(|members| members.contains(&by)) && one.is_asked(query)
                });
                let ids: Vec<Uuid> = own.map(|one| one.id).collect();
                let count = Evaluated::count(ids.len());
                Evaluated { record_ids: Some(ids), ..count }
            };
            Ok(queries.iter().map(told).collect())
        })
    }
}

/// A checkpoint of which it is known that somebody set it up.
struct SetUp {
    id: Uuid,
    kind: PlaceKind,
    area_code: String,
    by: Option<Uuid>,
    on: Option<NaiveDate>,
}

impl SetUp {
    /// Whether its area, its day and its kind are those of a query. One without a day is of no particular period.
    fn is_asked(&self, query: &FigureQuery) -> bool {
        let from_on = query.from_on.is_none_or(|from_on| self.on.is_some_and(|on| on >= from_on));
        let of_kind = query.filters.get(KIND.name()).is_none_or(|kind| kind == self.kind.code());
        let area = query.area_code.as_ref().is_none_or(|area| self.area_code.starts_with(area));
        from_on && of_kind && area && self.on.is_none_or(|on| on <= query.to_on)
    }

    fn of_row(mut row: Row) -> Option<Self> {
        let (id, kind, area_code) = (row.get(&ID)?, row.get(&KIND)?, row.get(&AREA_CODE)?);
        Some(Self { id, kind, area_code, by: row.get(&ESTABLISHED_BY_ORG_ID), on: row.get(&ESTABLISHED_ON) })
    }
}

async fn read(reading: &mut Reading<'_>) -> Result<Vec<SetUp>, Problem> {
    let statement = Statement::new("SELECT p.id, p.kind, p.area_code, p.established_by_org_id, p.established_on FROM places AS p WHERE NOT p.voided AND (p.established_on IS NOT NULL OR p.established_by_org_id IS NOT NULL) AND p.kind = ANY(")
        .column(ColumnType::Text, CHECKPOINT_KINDS.iter().map(|kind| kind.give()).collect())
        .sql(") AND p.district_code = ")
        .text(reading.district_code)
        .sql(" ORDER BY p.id")
        // Whoever reads places reads those of the whole district.
        .seeing_district(reading.district_code);
    Ok(reading.snapshot.read(&statement).await?.into_iter().filter_map(SetUp::of_row).collect())
}
