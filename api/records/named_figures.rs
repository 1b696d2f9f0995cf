//! Figures by name: what is asked of one, and the figures that themes compute themselves, beside those that kinds declare.
//! The catalogue and the evaluator (`statistics/figures`) are made of both.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use futures_util::future::LocalBoxFuture;
use kit::database::Snapshot;
use kit::problem::Problem;
use uuid::Uuid;

use super::figure::{Privacy, Quantity};
use crate::platform::access::organization_tree::Tree;
use crate::platform::access::roles::Role;
use crate::platform::config::Config;
use crate::platform::core::Extension;
use crate::platform::http::Call;

/// Organisations of which a figure is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum AskedOrg {
    /// All, and what belongs to none.
    #[default]
    Any,
    /// That one.
    One(Uuid),
    /// That one and all below it.
    Under(Uuid),
    /// Records that belong to none.
    Nobody,
}

impl AskedOrg {
    /// The organisations, the nil id for none; nothing where all are meant.
    pub fn members(self, tree: &Tree) -> Option<BTreeSet<Uuid>> {
        match self {
            Self::Any => None,
            Self::One(id) => Some(BTreeSet::from([id])),
            Self::Under(id) => Some(tree.below(id)),
            Self::Nobody => Some(BTreeSet::from([Uuid::nil()])),
        }
    }
}

/// Query for one figure.
#[derive(Clone, Debug, Default)]
pub struct FigureQuery {
    /// Its name in the catalogue.
    pub figure: Cow<'static, str>,
    /// Whose records.
    pub org: AskedOrg,
    /// Only of that area and all below.
    pub area_code: Option<String>,
    /// Only of that place.
    pub place_id: Option<Uuid>,
    /// The first day; none from the beginning on.
    pub from_on: Option<NaiveDate>,
    /// The last day.
    pub to_on: NaiveDate,
    /// Filters of the list behind it that narrow it further, each with its word.
    pub filters: BTreeMap<String, String>,
    /// The survey round that it is of.
    pub round_id: Option<Uuid>,
}

/// How much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FigureAmount {
    /// A count.
    Count(i64),
    /// Not counted in whole numbers.
    Decimal(String),
}

/// Why a figure isn't told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Withheld {
    /// The caller's roles don't read it.
    Forbidden,
    /// The organisation, the area or the place lies beyond the caller's.
    OutOfScope,
    /// Small numbers might be found out.
    SmallNumbers,
    /// It isn't kept so: of goods in several units, of people who moved on.
    NotKept,
}

/// A figure, evaluated.
#[derive(Clone, Debug)]
pub struct Evaluated {
    /// How much, or why it isn't told.
    pub amount: Result<FigureAmount, Withheld>,
    /// Whether small numbers are hidden in it: then it is the sum of what isn't, or none.
    pub suppressed: bool,
    /// Name for people, where that is more than the catalogue says.
    pub label: Option<Cow<'static, str>>,
    /// Unit, where that is another one.
    pub unit: Option<Cow<'static, str>>,
    /// Whether it was counted from the records themselves.
    pub from_records: bool,
    /// The list of exactly the records counted, for those who may open it.
    pub records_url: Option<String>,
    /// A second list, where two kinds stand behind it.
    pub further_records_url: Option<String>,
    /// Ids of the records counted, where no list has exactly those.
    pub record_ids: Option<Vec<Uuid>>,
    /// The figures that it is the sum of, and their lists.
    pub sum_of: Option<Vec<(String, Option<String>)>>,
}

impl Evaluated {
    /// So much, computed from sums.
    pub fn new(amount: FigureAmount) -> Self {
        Self {
            amount: Ok(amount),
            suppressed: false,
            label: None,
            unit: None,
            from_records: false,
            records_url: None,
            further_records_url: None,
            record_ids: None,
            sum_of: None,
        }
    }

    /// So many.
    pub fn count(count: usize) -> Self {
        Self::new(FigureAmount::Count(i64::try_from(count).unwrap_or(i64::MAX)))
    }

    /// Nothing told, and why.
    pub fn withheld(why: Withheld) -> Self {
        Self { amount: Err(why), ..Self::new(FigureAmount::Count(0)) }
    }
}

/// A figure of the catalogue.
#[derive(Clone, Debug)]
pub struct CatalogueEntry {
    /// Its name: `<kind>.<figure>`, or one of a theme.
    pub name: Cow<'static, str>,
    /// The kind of the records behind it.
    pub kind: &'static str,
    /// Name for people.
    pub label: Cow<'static, str>,
    /// Unit of the figure.
    pub unit: Cow<'static, str>,
    /// Decimal places of its amount; 0 for counts.
    pub scale: u32,
    /// Sort of its amounts.
    pub quantity: Quantity,
    /// Members of a query that it takes, beside its name and the last day.
    pub takes: Vec<Taken>,
    /// Filters that have a figure of their own, each with its word: `abnormal=true`.
    pub filters: Vec<String>,
    /// Callers to whom it may be shown.
    pub privacy: Privacy,
    /// Whether it is counted from the records, whatever is asked.
    pub from_records: bool,
    /// Whether it is how many stand so.
    pub moving: bool,
    /// Whether it is told only as things stand now: its last day is today, or later.
    pub as_it_stands: bool,
    /// Roles that read the records behind it; whoever reads figures may be told it, too.
    pub readers: &'static [Role],
}

/// Members of a query by which a figure may be narrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// `org_id`, `under_org_id` or `no_org`.
    Organization,
    /// `area_code`.
    Area,
    /// `place_id`.
    Place,
    /// `from_on`.
    From,
    /// `round_id`, which it can't do without.
    Round,
}

impl Taken {
    /// Names of those members.
    pub fn members(self) -> &'static [&'static str] {
        match self {
            Self::Organization => &["org_id", "under_org_id", "no_org"],
            Self::Area => &["area_code"],
            Self::Place => &["place_id"],
            Self::From => &["from_on"],
            Self::Round => &["round_id"],
        }
    }
}

/// Figures are read in this: all of one moment.
pub struct Reading<'a> {
    /// The call for which they are read.
    pub call: &'a Call,
    /// The district.
    pub district_code: &'a str,
    /// Its organisations at that moment.
    pub tree: &'a Tree,
    /// That moment.
    pub snapshot: &'a mut Snapshot,
}

/// Figures that a theme computes itself.
pub trait NamedFigures: Sync {
    /// Those that there are in a district on a day.
    fn entries<'a>(
        &'a self,
        call: &'a Call,
        district_code: &'a str,
        on: NaiveDate,
    ) -> LocalBoxFuture<'a, Result<Vec<CatalogueEntry>, Problem>>;

    /// Evaluates some of them, in their order, with few statements whatever their number. Whether the caller may be
    /// told them at all was judged.
    fn evaluate<'a>(
        &'a self,
        reading: &'a mut Reading<'_>,
        queries: &'a [&'a FigureQuery],
    ) -> LocalBoxFuture<'a, Result<Vec<Evaluated>, Problem>>;
}

/// The named figures of all themes.
#[derive(Clone, Copy, Default)]
pub struct NamedFigureSources(pub &'static [&'static dyn NamedFigures]);

impl Extension for NamedFigureSources {
    fn begin(_: &Config) -> Self {
        Self::default()
    }
}
