//! Telling a unit's figures, each with what proves it.

use std::borrow::Cow;
use std::collections::BTreeSet;

use chrono::NaiveDate;
use kit::text::{Language, Text};
use kit::value::scaled;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use uuid::Uuid;

use super::read::Found;
use super::units::Unit;
use crate::platform::http::Call;
use crate::platform::http::answered::{Characters, Said, Saying};
use crate::records::figure::PERSONS;
use crate::records::{Kind, envelope};
use crate::rooms::supply::commodities::own::Goods;
use crate::rooms::supply::commodities::{Commodity, spoken};
use crate::rooms::supply::stock_movements::{BALANCE, quantity};

/// How much.
enum Amount {
    Count(i64),
    Decimal(String),
}

/// A figure of a unit.
pub struct Told {
    kind: &'static str,
    name: String,
    label: Cow<'static, str>,
    unit: Cow<'static, str>,
    amount: Amount,
    records_url: Option<String>,
    /// A second list, where two kinds of records stand behind it.
    further_records_url: Option<String>,
    /// Records that are counted, where no list has exactly those.
    record_ids: Option<Vec<Uuid>>,
    /// The figures that it is the sum of.
    sum_of: Option<Vec<String>>,
}

impl Told {
    fn new(
        kind: &'static str,
        name: impl Into<String>,
        label: impl Into<Cow<'static, str>>,
        unit: impl Into<Cow<'static, str>>,
        amount: Amount,
    ) -> Self {
        let (name, label, unit) = (name.into(), label.into(), unit.into());
        Self {
            kind,
            name,
            label,
            unit,
            amount,
            records_url: None,
            further_records_url: None,
            record_ids: None,
            sum_of: None,
        }
    }

    fn shown(self) -> ShownFigure {
        let (value, amount) = match self.amount {
            Amount::Count(count) => (Some(count), None),
            Amount::Decimal(text) => (None, Some(text)),
        };
        ShownFigure {
            kind: self.kind.to_owned(),
            name: self.name,
            label: self.label.into_owned(),
            unit: self.unit.into_owned(),
            value,
            amount,
            records_url: self.records_url,
            further_records_url: self.further_records_url,
            record_ids: self.record_ids,
            sum_of: self.sum_of,
        }
    }
}

/// A figure of a unit.
#[derive(Serialize, ToSchema)]
pub struct ShownFigure {
    /// The kind of the records behind it.
    #[schema(required, value_type = Option<String>, max_length = 60)]
    kind: String,
    /// The figure.
    #[schema(required, value_type = Option<String>, max_length = 100)]
    name: String,
    /// What people call it.
    #[schema(required, value_type = Option<String>, max_length = 100)]
    label: String,
    /// What is counted.
    #[schema(required, value_type = Option<String>, max_length = 40)]
    unit: String,
    /// How many.
    #[schema(required, minimum = -9_007_199_254_740_991_i64, maximum = 9_007_199_254_740_991_i64)]
    pub value: Option<i64>,
    /// How much, as a decimal, of what isn't counted in whole numbers.
    #[schema(required, max_length = 40)]
    pub amount: Option<String>,
    /// The list of the records behind it, of the unit and all below it, for those who may read them.
    #[schema(required, max_length = 500)]
    records_url: Option<String>,
    /// A second list, where records of two kinds stand behind it: of `staff` the hours served. Each person in the two
    /// counts once.
    #[schema(required, max_length = 500)]
    further_records_url: Option<String>,
    /// What is counted, where no list has exactly that: of `compounds` the places.
    #[schema(required, inline, value_type = Option<Vec<IdOfThem>>, max_items = 10_000)]
    record_ids: Option<Vec<Uuid>>,
    /// The figures that it is the sum of: of fertilisers each one.
    #[schema(required, inline, value_type = Option<Vec<NameOfFigure>>, max_items = 100)]
    sum_of: Option<Vec<String>>,
}

/// Said of an id among others.
pub struct OneOfThem;
/// An id in a list that says what it is of.
pub type IdOfThem = Saying<OneOfThem>;

impl Said for OneOfThem {
    fn schema() -> ObjectBuilder {
        let id =
            ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)));
        id.description(Some("One of them."))
    }
}

/// Said of the name of a figure among others.
struct FigureName;
/// The name of a figure in a list.
type NameOfFigure = Saying<FigureName>;

impl Said for FigureName {
    fn schema() -> ObjectBuilder {
        Characters::<100>::schema().description(Some("A figure's name."))
    }
}

/// Tells the figures of a unit.
pub struct Teller<'a> {
    pub call: &'a Call,
    pub found: &'a Found,
    pub unit: &'a Unit,
    pub as_of_on: NaiveDate,
    pub goods: &'a Goods,
}

impl Teller<'_> {
    /// Its figures, those that aren't 0.
    pub fn figures(&self) -> Vec<ShownFigure> {
        let mut told: Vec<Told> = self.staff().into_iter().chain(self.compounds()).collect();
        for kind in self.call.core.kinds().kinds() {
            told.extend(self.of_kind(kind));
        }
        told.extend(self.stocks());
        told.into_iter().map(Told::shown).collect()
    }

    fn text(&self, text: Text) -> &'static str {
        text.in_language(self.call.language)
    }

    /// The list of a kind's records of this unit and all below it until that day, for those who may read it.
    fn url(&self, kind: &str, filter: &str) -> Option<String> {
        let kind = self.call.core.kinds().kind(kind)?;
        self.call.actor().ok().filter(|actor| actor.holds(kind.readers))?;
        let unit = self.unit.id.map_or("no_org=true".to_owned(), |id| format!("under_org_id={id}"));
        let area = self.call.query.get(&envelope::AREA_CODE).map(|code| format!("area_code={code}"));
        let to_on = format!("to_on={}", self.as_of_on);
        let parts = [Some(unit), Some(to_on), area, Some(filter.to_owned()).filter(|filter| !filter.is_empty())];
        Some(format!("/v1/{}?{}", kind.path, parts.into_iter().flatten().collect::<Vec<_>>().join("&")))
    }

    fn distinct(&self, pairs: &[(Uuid, Uuid)]) -> BTreeSet<Uuid> {
        pairs.iter().filter(|(org, _)| self.unit.members.contains(org)).map(|(_, id)| *id).collect()
    }

    /// Different people: who took a shift, and who served otherwise.
    fn staff(&self) -> Option<Told> {
        let count = self.distinct(&self.found.staff).len() as i64;
        let (label, unit) = (self.text(Text::new("Staff on duty", "参与人员")), self.text(PERSONS));
        let mut told = Told::new("shift_assignments", "staff", label, unit, Amount::Count(count));
        told.records_url = self.url("shift_assignments", "state=assigned");
        told.further_records_url = self.url("service_records", "pending=false");
        (count > 0).then_some(told)
    }

    /// Compounds belong to whom they belong to: the unit's own places would prove nothing.
    fn compounds(&self) -> Option<Told> {
        let ids = self.distinct(&self.found.compounds);
        let (label, unit) = (self.text(Text::new("Compounds served", "服务大院")), self.text(COMPOUNDS));
        let mut told = Told::new("places", "compounds", label, unit, Amount::Count(ids.len() as i64));
        told.record_ids = Some(ids.into_iter().collect());
        told.record_ids.as_ref().is_some_and(|ids| !ids.is_empty()).then_some(told)
    }

    fn sum(&self, kind: &str, measure: &str) -> i128 {
        let totals = self.found.totals.get(&(kind.to_owned(), measure.to_owned())).into_iter().flatten();
        totals.filter(|(org, _)| self.unit.members.contains(org)).map(|(_, total)| total).sum()
    }

    fn of_kind(&self, kind: &'static Kind) -> Vec<Told> {
        let mut told = Vec::new();
        for figure in kind.rules.figures().iter().filter(|figure| !figure.distinct) {
            let total = self.sum(kind.name, figure.measure);
            let amount = match figure.scale {
                0 => Amount::Count(i64::try_from(total).unwrap_or(i64::MAX)),
                scale => Amount::Decimal(scaled(total, scale).to_string()),
            };
            if total != 0 {
                let (label, unit) = (self.text(figure.label), self.text(figure.unit));
                let mut one = Told::new(kind.name, figure.name, label, unit, amount);
                one.records_url = self.url(kind.name, &figure.filter_until(self.as_of_on));
                told.push(one);
            }
        }
        told
    }

    /// Stock that the unit holds, by commodity; and of commodities that are told as one and in one unit, together.
    fn stocks(&self) -> Vec<Told> {
        let kind = "stock_movements";
        let measures = self.found.totals.keys().filter(|(of, _)| of == kind);
        let held = measures.filter_map(|(_, measure)| {
            let commodity = self.goods.known(measure.strip_prefix(BALANCE)?, self.as_of_on)?;
            Some((commodity, self.sum(kind, measure))).filter(|(_, total)| *total != 0)
        });
        let held: Vec<(&Commodity, i128)> = held.collect();
        let chinese = self.call.language == Language::Chinese;
        let one = |code: &str, label: String, unit: &str, total: i128| {
            let amount = Amount::Decimal(quantity(total).to_string());
            let unit = spoken(unit, self.call.language).to_owned();
            Told::new(kind, format!("stock_{code}"), label, unit, amount)
        };
        let mut told = Vec::new();
        let mut groups: Vec<&str> = Vec::new();
        for (commodity, total) in &held {
            let label = if chinese { &commodity.name_zh } else { &commodity.name_en };
            let mut single = one(&commodity.code, label.clone().into_owned(), &commodity.quantity_unit, *total);
            single.records_url = self.url(kind, &format!("commodity={}", commodity.code));
            told.push(single);
            let Some(group) = commodity.group().filter(|group| !groups.contains(&group.code)) else { continue };
            groups.push(group.code);
            let of_group = || held.iter().filter(|(other, _)| other.group().is_some_and(|own| own.code == group.code));
            if of_group().count() > 1 && of_group().all(|(other, _)| other.quantity_unit == commodity.quantity_unit) {
                let total = of_group().map(|(_, total)| total).sum();
                let mut sum = one(group.code, self.text(group.label).to_owned(), &commodity.quantity_unit, total);
                sum.sum_of = Some(of_group().map(|(other, _)| format!("stock_{}", other.code)).collect());
                told.push(sum);
            }
        }
        told
    }
}

/// 个: compounds.
const COMPOUNDS: Text = Text::new("compounds", "个");
