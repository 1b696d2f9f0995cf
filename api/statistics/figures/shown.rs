//! Figures as they are served.

use std::borrow::Cow;

use kit::text::{Language, Text};
use serde::Serialize;
use serde_json::Value as Json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::catalogue::Entry;
use crate::platform::http::Call;
use crate::platform::http::answered::{AnyObject, Text as ShortText};
use crate::records::figure::Privacy;
use crate::records::named_figures::{CatalogueEntry, Evaluated, FigureAmount, Taken, Withheld};

/// A figure of the catalogue.
#[derive(Serialize, ToSchema)]
pub struct FigureEntry<'a> {
    /// Its name.
    #[schema(required, value_type = Option<String>, max_length = 100)]
    name: &'a str,
    /// The kind of the records behind it.
    #[schema(required, value_type = Option<String>, max_length = 60)]
    kind: &'static str,
    /// Label in the caller's language.
    #[schema(required, value_type = Option<String>, max_length = 200)]
    label: &'a str,
    /// Unit of the figure.
    #[schema(required, value_type = Option<String>, max_length = 40)]
    unit: &'a str,
    /// Decimal places of its amount; 0 for counts.
    #[schema(minimum = 0, maximum = 12)]
    scale: u32,
    /// Members of a query that narrow it, beside `to_on`.
    #[schema(inline, value_type = Vec<ShortText<20>>, max_items = 10)]
    narrowed_by: Vec<&'static str>,
    /// Filters that `where` may give it: `channel=phone`.
    #[schema(inline, value_type = Vec<ShortText<200>>, max_items = 100)]
    filters: &'a [String],
    /// `personal`: small numbers are hidden from keys without the right to them; `open`: they aren't.
    #[schema(required, value_type = Option<String>, max_length = 20)]
    privacy: &'static str,
    /// By what it is computed: `rollup`, or `records` where it is counted from those whatever is asked.
    #[schema(required, value_type = Option<String>, max_length = 20)]
    computed: &'static str,
    /// Whether it is how many stand so at the end of the last day.
    moving: bool,
    /// Whether it is told only as things stand now.
    as_it_stands: bool,
    /// Whether the caller's roles read it.
    readable: bool,
}

/// The catalogue.
#[derive(Serialize, ToSchema)]
pub struct FigureCatalogue<'a> {
    /// Every figure.
    #[schema(inline, max_items = 10_000)]
    pub items: Vec<FigureEntry<'a>>,
}

impl<'a> FigureEntry<'a> {
    /// As a caller is told it.
    pub fn of(call: &Call, entry: &'a Entry) -> Self {
        let shown = &entry.shown;
        Self {
            name: &shown.name,
            kind: shown.kind,
            label: &shown.label,
            unit: &shown.unit,
            scale: shown.scale,
            narrowed_by: shown.takes.iter().flat_map(|taken: &Taken| taken.members()).copied().collect(),
            filters: &shown.filters,
            privacy: match shown.privacy {
                Privacy::Personal => "personal",
                Privacy::Open => "open",
            },
            computed: computed(shown.from_records),
            moving: shown.moving,
            as_it_stands: shown.as_it_stands,
            readable: call.actor().is_ok_and(|actor| actor.holds(entry.roles())),
        }
    }
}

fn computed(from_records: bool) -> &'static str {
    if from_records { "records" } else { "rollup" }
}

/// Figures, evaluated.
#[derive(Serialize, ToSchema)]
pub struct EvaluatedFigures {
    /// A result a query, in their order.
    #[schema(inline, max_items = 200)]
    pub results: Vec<ShownFigure>,
    /// The caller's language.
    #[serde(skip)]
    pub language: Language,
}

/// A figure.
#[derive(Serialize, ToSchema)]
#[schema(as = EvaluatedFigure)]
pub struct ShownFigure {
    /// The query.
    #[schema(inline, value_type = AnyObject)]
    pub query: Json,
    /// How many; null for amounts and for what isn't told.
    #[schema(required, minimum = -9_007_199_254_740_991_i64, maximum = 9_007_199_254_740_991_i64)]
    pub value: Option<i64>,
    /// How much, as a decimal, of what isn't counted in whole numbers.
    #[schema(required, max_length = 60)]
    pub amount: Option<String>,
    /// Unit of the figure.
    #[schema(required, value_type = Option<String>, max_length = 40)]
    pub unit: Cow<'static, str>,
    /// Label in the caller's language.
    #[schema(required, value_type = Option<String>, max_length = 200)]
    pub label: Cow<'static, str>,
    /// By what it was computed: `rollup` or `records`.
    #[schema(required, value_type = Option<String>, max_length = 20)]
    pub computed: &'static str,
    /// Whether small numbers are hidden in it: then it is the sum of what isn't, or null.
    pub suppressed: bool,
    /// Why it isn't told; null where it is.
    #[schema(required, inline)]
    pub withheld: Option<ShownReason>,
    /// The list of exactly the records counted, for those who may open it.
    #[schema(required, max_length = 500)]
    pub records_url: Option<String>,
    /// A second list, where records of two kinds stand behind it.
    #[schema(required, max_length = 500)]
    pub further_records_url: Option<String>,
    /// Ids of what is counted, where no list has exactly that.
    #[schema(required, max_items = 100_000)]
    pub record_ids: Option<Vec<Uuid>>,
    /// The figures that it is the sum of.
    #[schema(required, inline, value_type = Option<Vec<ShortText<100>>>, max_items = 1_000)]
    pub sum_of: Option<Vec<String>>,
    /// SHA-256 over the sorted `kind/id/revision` of the records, a line each, in hexadecimal; where it was asked for.
    #[schema(required, max_length = 64)]
    pub record_digest: Option<String>,
}

/// Code of what the caller reaches nothing of.
pub const OUT_OF_SCOPE: &str = "out_of_scope";

/// Why a figure isn't told.
#[derive(Serialize, ToSchema)]
pub struct ShownReason {
    /// `forbidden`, `out_of_scope`, `small_numbers`, `not_kept`.
    #[schema(required, value_type = Option<String>, max_length = 40)]
    pub code: &'static str,
    /// That in words.
    #[schema(required, value_type = Option<String>, max_length = 200)]
    message: &'static str,
}

impl ShownReason {
    /// As a caller is told it.
    pub fn of(why: Withheld, language: Language) -> Self {
        let (code, message) = match why {
            Withheld::Forbidden => ("forbidden", Text::new("your roles don't read it", "您的角色无权查看该指标")),
            Withheld::OutOfScope => (
                OUT_OF_SCOPE,
                Text::new("names nothing that you can reach", "所指单位、区域或场所不存在或不在您的范围内"),
            ),
            Withheld::SmallNumbers => {
                ("small_numbers", Text::new("small numbers might be found out", "可能推算出小数,不予显示"))
            }
            Withheld::NotKept => ("not_kept", Text::new("isn't kept in this way", "没有该口径的统计")),
        };
        Self { code, message: message.in_language(language) }
    }
}

/// A figure as it is served: a count as a number, an amount as a decimal text; null where it is hidden.
pub fn shown(call: &Call, query: Json, entry: &CatalogueEntry, figure: &Evaluated) -> ShownFigure {
    let hidden = |count: i64| figure.suppressed && count <= 0;
    let is_nothing = |text: &str| figure.suppressed && text.chars().all(|digit| matches!(digit, '0' | '.'));
    let (value, amount) = match &figure.amount {
        Ok(FigureAmount::Count(count)) => (Some(*count).filter(|count| !hidden(*count)), None),
        Ok(FigureAmount::Decimal(text)) => (None, Some(text.clone()).filter(|text| !is_nothing(text))),
        Err(_) => (None, None),
    };
    ShownFigure {
        query,
        value,
        amount,
        unit: figure.unit.clone().unwrap_or_else(|| entry.unit.clone()),
        label: figure.label.clone().unwrap_or_else(|| entry.label.clone()),
        computed: computed(figure.from_records || entry.from_records),
        suppressed: figure.suppressed,
        withheld: figure.amount.as_ref().err().map(|why| ShownReason::of(*why, call.language)),
        records_url: figure.records_url.clone(),
        further_records_url: figure.further_records_url.clone(),
        record_ids: figure.record_ids.clone(),
        sum_of: figure.sum_of.as_ref().map(|parts| parts.iter().map(|(name, _)| name.clone()).collect()),
        record_digest: None,
    }
}
