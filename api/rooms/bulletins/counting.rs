//! Queries of a template, answered by the evaluator of figures at one moment.

use std::collections::BTreeMap;

use kit::database::Snapshot;
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::compose::Wish;
use super::editions::wire::EditionFigure;
use super::render::{Amount, SaidFigure, Told};
use super::templates::wire::{FigurePeriod, TemplateQuery};
use crate::platform::access::organization_tree::Tree;
use crate::platform::http::Call;
use crate::records::envelope::ID;
use crate::records::figure::Quantity;
use crate::records::named_figures::{AskedOrg, Evaluated, FigureAmount, FigureQuery, Reading};
use crate::rooms::registers::organization::{NAME, RELATION};
use crate::statistics::figures::{Catalogue, digests, evaluate};

/// A query, answered.
pub struct Counted {
    evaluated: Evaluated,
    quantity: Quantity,
    label: String,
    unit: String,
    names: Vec<String>,
    digest: Option<String>,
}

impl Counted {
    /// As a clause says it.
    pub fn told(&self) -> Told {
        let amount = match &self.evaluated.amount {
            Ok(FigureAmount::Count(count)) => Amount::Count(*count),
            Ok(FigureAmount::Decimal(text)) => text.parse().map_or(Amount::Unknown, |amount| self.amount(amount)),
            Err(_) => Amount::Unknown,
        };
        Told { amount, names: self.names.clone() }
    }

    fn amount(&self, amount: Decimal) -> Amount {
        match self.quantity {
            Quantity::Share => Amount::Share(amount),
            Quantity::Exact => Amount::Exact(amount),
            Quantity::Measured => Amount::Measured(amount),
        }
    }

    /// As an edition keeps it.
    pub fn as_figure(&self, said: SaidFigure) -> EditionFigure {
        let (value, amount) = match &self.evaluated.amount {
            Ok(FigureAmount::Count(count)) => (Some(*count), None),
            Ok(FigureAmount::Decimal(text)) => (None, Some(text.clone())),
            Err(_) => (None, None),
        };
        EditionFigure {
            key: said.figure.key,
            said: said.said,
            value,
            amount,
            label: self.label.clone(),
            unit: self.unit.clone(),
            query: said.figure.query,
            measure: said.figure.measure,
            style: said.figure.style,
            records_url: self.evaluated.records_url.clone(),
            further_records_url: self.evaluated.further_records_url.clone(),
            record_ids: self.evaluated.record_ids.clone(),
            record_digest: self.digest.clone(),
        }
    }
}

/// Answers queries, in their order.
pub async fn count(
    call: &Call,
    snapshot: &mut Snapshot,
    wish: &Wish,
    queries: &[TemplateQuery],
) -> Result<Vec<Counted>, Problem> {
    let catalogue = Catalogue::of(call, &wish.district_code, wish.as_of_on).await?;
    let tree = Tree::of_rows(snapshot.read(&Tree::statement(&wish.district_code)).await?);
    let asked: Vec<FigureQuery> = queries.iter().map(|query| asked(query, wish)).collect();
    let mut reading = Reading { call, district_code: &wish.district_code, tree: &tree, snapshot };
    let evaluated = evaluate(&mut reading, &catalogue, &asked).await?;
    let entries: Vec<_> = asked.iter().map(|query| catalogue.entry(&query.figure)).collect();
    let known = asked.iter().zip(&entries).zip(&evaluated);
    let known = known.filter_map(|((query, entry), figure)| Some((query, &(*entry)?.shown, figure)));
    let mut digests = digests(&mut reading, known).await?.into_iter();
    let digests: Vec<_> = entries.iter().map(|entry| entry.and_then(|_| digests.next().flatten())).collect();
    let ids = evaluated.iter().flat_map(|one| one.record_ids.iter().flatten().copied()).collect();
    let names = organizations(snapshot, &wish.district_code, ids).await?;
    let counted = queries.iter().zip(evaluated).zip(digests).map(|((query, evaluated), digest)| {
        let entry = catalogue.entry(&query.figure).map(|entry| &entry.shown);
        let told = |own: &Option<std::borrow::Cow<'static, str>>, of_entry: Option<&std::borrow::Cow<'static, str>>| {
            own.as_ref().or(of_entry).map(|text| text.clone().into_owned()).unwrap_or_default()
        };
        // Nobody does something together with himself.
        let others = evaluated.record_ids.iter().flatten().filter(|id| Some(**id) != wish.org_id);
        let of_ids = others.filter_map(|id| names.get(id).cloned());
        Counted {
            quantity: entry.map_or(Quantity::Exact, |entry| entry.quantity),
            label: told(&evaluated.label, entry.map(|entry| &entry.label)),
            unit: told(&evaluated.unit, entry.map(|entry| &entry.unit)),
            names: of_ids.collect(),
            digest,
            evaluated,
        }
    });
    Ok(counted.collect())
}

/// The query with whose bulletin it is, and until when.
fn asked(query: &TemplateQuery, wish: &Wish) -> FigureQuery {
    let org = query.under_org_id.or(wish.org_id).map_or(AskedOrg::Any, AskedOrg::Under);
    let on_day = query.period == Some(FigurePeriod::OnDay);
    let filters = query.filters.iter().flatten();
    FigureQuery {
        figure: query.figure.clone().into(),
        org,
        area_code: wish.area_code.clone(),
        place_id: None,
        from_on: on_day.then_some(wish.as_of_on),
        to_on: wish.as_of_on,
        filters: filters.map(|one| (one.filter.clone(), one.word.clone())).collect(),
        round_id: None,
    }
}

/// Names of organisations among these ids, each with what it is to the unit in brackets.
async fn organizations(
    snapshot: &mut Snapshot,
    district_code: &str,
    ids: Vec<Uuid>,
) -> Result<BTreeMap<Uuid, String>, Problem> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let statement = Statement::new("SELECT o.id, o.name, o.relation FROM organizations AS o WHERE o.district_code = ")
        .text(district_code)
        .sql(" AND o.id = ANY(")
        .column(ColumnType::Id, ids.into_iter().map(Value::Id).collect())
        .sql(")")
        .seeing_district(district_code);
    let named = |mut row: kit::row::Row| {
        let (id, name, relation) = (row.get(&ID)?, row.get(&NAME)?, row.get(&RELATION));
        Some((id, relation.map_or(name.clone(), |relation| format!("{name}({relation})"))))
    };
    Ok(snapshot.read(&statement).await?.into_iter().filter_map(named).collect())
}
