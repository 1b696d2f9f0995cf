//! Figures as they are served.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::openapi::{ObjectBuilder, Ref, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

/// Figures of a kind of records.
#[derive(Serialize, ToSchema)]
pub struct Statistics<'a> {
    /// The kind.
    #[schema(required, value_type = Option<String>, max_length = 60)]
    pub kind: &'static str,
    /// Grouping of the lines: `total`, `day`, `hour`, `area`, `place` or `org`.
    #[schema(required, value_type = Option<String>, max_length = 20)]
    pub by: &'static str,
    /// The district; null where figures of several are added up.
    #[schema(required, max_length = 6)]
    pub district_code: Option<&'a str>,
    /// The area asked for, or the caller's own.
    #[schema(required, max_length = 40)]
    pub area_code: Option<&'a str>,
    /// The organisation asked for.
    #[schema(required, value_type = Option<String>, max_length = 36)]
    pub org_id: Option<Uuid>,
    /// The place asked for.
    #[schema(required, value_type = Option<String>, max_length = 36)]
    pub place_id: Option<Uuid>,
    /// First day; null from the beginning.
    #[schema(required, value_type = Option<String>, max_length = 10)]
    pub from_on: Option<NaiveDate>,
    /// Last day.
    #[schema(required, value_type = Option<String>, max_length = 10)]
    pub to_on: NaiveDate,
    /// Whether it is all until the last day.
    pub cumulative: bool,
    /// Names, labels and units of the figures.
    #[schema(inline, max_items = 100)]
    pub catalogue: Vec<Entry>,
    /// The lines.
    #[schema(inline, max_items = 100_000)]
    pub items: Vec<ShownLine<'a>>,
    /// Figures by name.
    #[schema(inline)]
    pub total: Figures,
    /// How people, or households, are counted in `total`: `distinct`; `distinct_by_district`, the sum of what each of
    /// several districts counts; or `person_days` (each once a day) where no count of different ones is kept for such a
    /// period.
    #[schema(required, max_length = 20)]
    pub persons_counted: Option<&'static str>,
    /// Counted as of this change; null where figures of several districts are added up.
    #[schema(required, minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub as_of_change_no: Option<i64>,
    /// The districts whose figures these are, each as of a change of its own.
    #[schema(max_items = 4000)]
    pub districts: &'a [DistrictAsOf],
}

/// A district whose figures are part of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DistrictAsOf {
    /// The district.
    #[schema(required, value_type = Option<String>, max_length = 6)]
    pub district_code: String,
    /// Counted as of this change of it. Null where its database is away: all sums lack what it would add.
    #[schema(required, minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub as_of_change_no: Option<i64>,
}

/// Name, label and unit of a figure.
#[derive(Serialize, ToSchema)]
pub struct Entry {
    /// Its name in `figures`.
    #[schema(required, value_type = Option<String>, max_length = 60)]
    pub name: &'static str,
    /// Label in the caller's language.
    #[schema(required, value_type = Option<String>, max_length = 100)]
    pub label: &'static str,
    /// Unit of the figure.
    #[schema(required, value_type = Option<String>, max_length = 40)]
    pub unit: &'static str,
}

/// A line.
#[derive(Serialize, ToSchema)]
pub struct ShownLine<'a> {
    /// A day, an instant, an area code, a place, an organisation; null for records without one.
    #[schema(required, max_length = 60)]
    pub key: Option<&'a str>,
    /// That in words.
    #[schema(required, value_type = Option<String>, max_length = 200)]
    pub label: &'a str,
    /// Figures by name.
    #[schema(inline)]
    pub figures: Figures,
}

/// Figures by name.
#[derive(Default, Serialize)]
#[serde(transparent)]
pub struct Figures(pub BTreeMap<&'static str, ShownFigure>);

impl PartialSchema for Figures {
    fn schema() -> RefOr<Schema> {
        let figure = Ref::from_schema_name(ShownFigure::name());
        let figures = ObjectBuilder::new().schema_type(Type::Object).description(Some("Figures by name."));
        figures.max_properties(Some(100)).additional_properties(Some(figure)).into()
    }
}

impl ToSchema for Figures {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((ShownFigure::name().into_owned(), ShownFigure::schema()));
    }
}

/// A figure.
#[derive(Serialize, ToSchema)]
#[schema(as = Figure)]
pub struct ShownFigure {
    /// How many; null for amounts and for what is hidden.
    #[schema(required, minimum = -9_007_199_254_740_991_i64, maximum = 9_007_199_254_740_991_i64)]
    pub value: Option<i64>,
    /// How much, as a decimal, of what isn't counted in whole numbers.
    #[schema(required, max_length = 40)]
    pub amount: Option<String>,
    /// The same of the period before, of equal length.
    #[schema(required, minimum = -9_007_199_254_740_991_i64, maximum = 9_007_199_254_740_991_i64)]
    pub previous: Option<i64>,
    /// The same of the period before.
    #[schema(required, max_length = 40)]
    pub previous_amount: Option<String>,
    /// Whether small numbers are hidden in it: then it is null, or the sum of what isn't hidden.
    pub suppressed: bool,
    /// The list of the records behind it, for those who may read them.
    #[schema(required, max_length = 500)]
    pub records_url: Option<String>,
}
