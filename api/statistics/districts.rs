//! An area of several districts, a prefecture, a province or the country: which of its districts a caller reaches, and
//! what each tells. Every district counts by its own numbers and may live on a server of its own, so they are read side by
//! side, each at a moment of its own. One whose database is away is named, and the others are told.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use futures_util::{StreamExt, stream};
use kit::catalogue::Code;
use kit::faults::Faults;
use kit::field::{Field, Shape};
use kit::problem::Problem;
use kit::text::Text;
use kit::value::Values;
use rust_decimal::Decimal;
use serde::Serialize;
use uuid::Uuid;

use super::answer::AsOf;
use super::asked::{AREA_CODE, DISTRICT_CODE, ORG_ID, PLACE_ID};
use super::codes::TOLD_BY_DISTRICT;
use super::polled::items_of;
use super::shown::DistrictAsOf;
use super::tag::Tag;
use crate::platform::codes::NOT_FOUND;
use crate::platform::divisions::tree::{COUNTRY, of_several_districts};
use crate::platform::http::formats::{self, Format};
use crate::platform::http::{Call, fault};
use crate::records::codes::NOT_WITH_OTHERS;
use crate::records::list::one_district;

/// Districts that are read at once.
const SIDE_BY_SIDE: usize = 4;

/// Area of figures that may be added up: also one of several districts.
pub const WIDE_AREA_CODE: Field = Field::new(
    "area_code",
    Shape::Area,
    Text::new("Area", "区划"),
    "That area and all below. Of a prefecture (`5118`), a province (`51`) or the country (`000000`; others may be filled up with zeros as well) the sums of the districts that the caller reaches.",
);

/// An area of several districts.
#[derive(Clone, Copy)]
pub struct Area<'a>(&'a str);

impl<'a> Area<'a> {
    /// The one that a query is about; none where it is about a district.
    pub fn asked(query: &'a Values) -> Option<Self> {
        let code = query.get(&AREA_CODE).filter(|_| query.get(&DISTRICT_CODE).is_none())?;
        of_several_districts(code).map(Self)
    }

    /// The digits with which the codes of its districts begin.
    pub fn digits(self) -> &'a str {
        self.0
    }

    /// Its code as an answer tells it.
    pub fn code(self) -> &'a str {
        shown(self.0)
    }

    /// The districts of it that the caller reaches. 404 where there is none.
    pub fn districts(self, call: &Call) -> Result<Vec<String>, Problem> {
        let own = call.actor()?.districts.iter();
        let districts: Vec<String> = own.filter(|district| district.starts_with(self.0)).cloned().collect();
        if districts.is_empty() { Err(NOT_FOUND.into()) } else { Ok(districts) }
    }

    /// The code of the level below in which a district lies: a province, a prefecture, or itself.
    fn below(self, district_code: &str) -> String {
        district_code.get(..self.0.len() + 2).unwrap_or(district_code).to_owned()
    }
}

/// The code of an area by the digits with which it begins.
pub fn shown(digits: &str) -> &str {
    if digits.is_empty() { COUNTRY } else { digits }
}

/// The district of a query about figures that aren't sums, as medians and ranks: 422 where it is about several.
pub fn by_itself(call: &Call) -> Result<String, Problem> {
    match Area::asked(&call.query) {
        Some(_) => Err(fault(&format!("?{AREA_CODE}"), TOLD_BY_DISTRICT)),
        None => one_district(call.actor()?, &call.query),
    }
}

/// Refuses an organisation or a place where several districts are asked about: each stands in one of them.
pub fn refuse_of_one(call: &Call) -> Result<(), Problem> {
    let mut faults = Faults::default();
    if Area::asked(&call.query).is_some() {
        of_one(call, &mut faults);
    }
    faults.finish()
}

/// Notes what a request is narrowed to that stands in one district.
pub fn of_one(call: &Call, faults: &mut Faults) {
    for (name, is_named) in [(&ORG_ID, call.query.has(&ORG_ID)), (&PLACE_ID, call.query.has(&PLACE_ID))] {
        if is_named {
            faults.add(format!("?{name}"), NOT_WITH_OTHERS);
        }
    }
}

/// A request's part in one district.
pub struct Part {
    /// The request as it is about the district and nothing else.
    pub call: Call,
    /// The district.
    pub district_code: String,
    /// Of a district among others of an area: the area's code, and that of the level below in which the district lies.
    among: Option<(String, String)>,
}

impl Part {
    /// A request about one district.
    pub fn whole(call: &Call, district_code: &str) -> Self {
        Self { call: call.asking(call.query.clone()), district_code: district_code.to_owned(), among: None }
    }

    /// The part of a district in a request about several.
    pub fn of(call: &Call, area: Area<'_>, district_code: &str) -> Self {
        let mut query = call.query.clone();
        query.set(&AREA_CODE, district_code);
        let among = Some((area.code().to_owned(), area.below(district_code)));
        Self { call: call.asking(query), district_code: district_code.to_owned(), among }
    }

    /// The area that was asked for.
    pub fn asked_area(&self) -> Option<String> {
        let own = || self.call.query.get(&AREA_CODE).map(str::to_owned);
        self.among.as_ref().map(|(area_code, _)| area_code.clone()).or_else(own)
    }

    /// The area for which all of the district stands where lines are of areas; none where its own areas have lines.
    pub fn stands_for(&self) -> Option<&str> {
        self.among.as_ref().map(|(_, below)| below.as_str())
    }
}

/// Figures of which those of several districts are the sum.
pub trait Summed: Serialize + Sized {
    /// Adds what another district tells.
    fn add(&mut self, other: Self);

    /// Puts in order what all tell.
    fn finish(&mut self) {}

    /// The lines of a file.
    fn lines(&self) -> Result<Vec<serde_json::Value>, Problem> {
        items_of(self)
    }
}

/// Adds lines to others, those of the same key to each other, by their keys' order. A line of several districts has what
/// `add` makes of them.
pub fn merge<L, K: Ord>(lines: &mut Vec<L>, others: Vec<L>, key: impl Fn(&L) -> K, add: impl Fn(&mut L, L)) {
    let mut all: BTreeMap<K, L> = BTreeMap::new();
    for line in std::mem::take(lines).into_iter().chain(others) {
        match all.entry(key(&line)) {
            std::collections::btree_map::Entry::Occupied(mut known) => add(known.get_mut(), line),
            std::collections::btree_map::Entry::Vacant(place) => {
                place.insert(line);
            }
        }
    }
    lines.extend(all.into_values());
}

/// Adds a count that may be missing or hidden.
pub fn add_count(count: &mut Option<i64>, other: Option<i64>) {
    *count = match (*count, other) {
        (Some(count), Some(other)) => Some(count.saturating_add(other)),
        (count, other) => count.or(other),
    };
}

/// Adds a decimal that may be missing, in its text.
pub fn add_amount(amount: &mut Option<String>, other: Option<String>) {
    *amount = match (amount.take(), other) {
        (Some(one), Some(other)) => Some(added(&one, &other)),
        (one, other) => one.or(other),
    };
}

/// Adds what stands behind another district's figure, where both tell it: the records, and the figures that it is the sum
/// of, each once.
pub fn add_proof(
    (record_ids, other_ids): (&mut Option<Vec<Uuid>>, Option<Vec<Uuid>>),
    (sum_of, other_sum): (&mut Option<Vec<String>>, Option<Vec<String>>),
) {
    if let (Some(ids), Some(others)) = (record_ids, other_ids) {
        ids.extend(others);
    }
    if let (Some(parts), Some(others)) = (sum_of, other_sum) {
        parts.extend(others);
        parts.sort();
        parts.dedup();
    }
}

/// The sum of two decimals in their texts, with as many places as the longer has.
pub fn added(one: &str, other: &str) -> String {
    let numbers = one.parse::<Decimal>().ok().zip(other.parse::<Decimal>().ok());
    let sum = numbers.and_then(|(one, other)| one.checked_add(other));
    sum.map_or_else(|| one.to_owned(), |sum| sum.to_string())
}

/// 304 where the caller has the answer and no district has written since, as far as was seen in the last moments.
pub fn unchanged(call: &Call, tag: &Tag, districts: &[String]) -> Option<HttpResponse> {
    let heads = call.core.ledger.heads();
    let of = |district_code: &String| {
        let as_of_change_no = Some(heads.fresh(district_code)?);
        Some(DistrictAsOf { district_code: district_code.clone(), as_of_change_no })
    };
    let as_of = AsOf(districts.iter().map(of).collect::<Option<_>>()?);
    tag.known(call, as_of.version())
}

/// The answer of a district, and as of which number.
pub type Told<T> = Result<(T, i64), Problem>;

/// Reads each district, and says as of which number each is told. Where nothing could be read, nothing is told; nor a file
/// without one of them, which has no room to say what it lacks.
///
/// # Errors
/// What befell a district that is there; 503 as above.
pub async fn each<P, T>(
    call: &Call,
    parts: Vec<(String, P)>,
    read: impl AsyncFn(P) -> Told<T>,
) -> Result<(Vec<(String, T)>, AsOf), Problem> {
    let read = &read;
    let reading = stream::iter(parts).map(|(district_code, part)| async move { (district_code, read(part).await) });
    let read: Vec<(String, Told<T>)> = reading.buffered(SIDE_BY_SIDE).collect().await;
    let is_file = matches!(formats::asked(call), Some(Format::Csv | Format::Xlsx));
    let is_away = |read: &Result<_, Problem>| matches!(read, Err(problem) if problem.code() == Code::UNAVAILABLE);
    let tolerated = !is_file && read.iter().any(|(_, read)| read.is_ok());
    let (mut found, mut as_of) = (Vec::with_capacity(read.len()), Vec::with_capacity(read.len()));
    for (district_code, read) in read {
        let as_of_change_no = match read {
            Ok((told, head)) => {
                found.push((district_code.clone(), told));
                Some(head)
            }
            away if tolerated && is_away(&away) => {
                tracing::warn!(district_code, "a district whose figures are missing: its database is away");
                None
            }
            Err(problem) => return Err(problem),
        };
        as_of.push(DistrictAsOf { district_code, as_of_change_no });
    }
    Ok((found, AsOf(as_of)))
}
