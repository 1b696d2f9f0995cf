//! Figures of an area of several districts, a prefecture or a province: the sums of what each district shows, which counts
//! by its own numbers and may live on a server of its own. One whose database is away is named, and the others are told.

use actix_web::HttpResponse;
use futures_util::{StreamExt, stream};
use kit::catalogue::Code;
use kit::faults::Faults;
use kit::problem::Problem;
use kit::value::Values;

use super::answer::{AsOf, Table, answer};
use super::asked::{AREA_CODE, Asked, BY, By, DISTRICT_CODE, ORG_ID, PLACE_ID, Persons};
use super::cover::Sheet;
use super::shown::DistrictAsOf;
use super::tag::Tag;
use super::{counted, lines};
use crate::platform::codes::NOT_FOUND;
use crate::platform::divisions::tree::DISTRICT_DIGITS;
use crate::platform::http::formats::{self, Format};
use crate::platform::http::{Answer, Call};
use crate::records::Kind;
use crate::records::codes::NOT_WITH_OTHERS;

/// Districts that are read at once.
const SIDE_BY_SIDE: usize = 4;

/// The code of the prefecture or province that a query is about, also one that is filled up with zeros; none where it is
/// about a district.
pub fn area_code(query: &Values) -> Option<&str> {
    let code = query.get(&AREA_CODE).filter(|_| query.get(&DISTRICT_CODE).is_none())?;
    let code = match code.len() {
        DISTRICT_DIGITS => code.strip_suffix("0000").or_else(|| code.strip_suffix("00"))?,
        _ => code,
    };
    matches!(code.len(), 2 | 4).then_some(code)
}

/// The figures of a kind over the districts of an area that the caller reaches.
pub async fn of_kind(kind: &'static Kind, call: &Call, area_code: &str) -> Answer {
    let districts = districts(call, area_code)?;
    refuse_narrowing(call)?;
    let in_district = |district_code: &String| Asked::in_district(kind, call, district_code.clone(), None);
    let parts: Vec<Asked> = districts.iter().map(in_district).collect::<Result<_, _>>()?;
    let asked = over_all(in_district(&districts.first().cloned().unwrap_or_default())?, &parts, area_code);
    let tag = Tag::of(call, area_code, asked.today)?;
    if let Some(unchanged) = unchanged(call, &tag, &districts) {
        return Ok(unchanged);
    }
    let (sheet, as_of) = added_up(call, &asked, parts).await?;
    let lines = lines::of(call, &asked, sheet.lines).await?;
    answer(call, &asked, &Table { lines, total: sheet.total, as_of }, &tag)
}

/// The districts of an area that the caller reaches. 404 where there is none.
fn districts(call: &Call, area_code: &str) -> Result<Vec<String>, Problem> {
    let own = call.actor()?.districts.iter();
    let districts: Vec<String> = own.filter(|district| district.starts_with(area_code)).cloned().collect();
    if districts.is_empty() { Err(NOT_FOUND.into()) } else { Ok(districts) }
}

/// 422 where the request is narrowed to what stands in one district.
fn refuse_narrowing(call: &Call) -> Result<(), Problem> {
    let mut faults = Faults::default();
    for (pointer, is_narrow) in [
        ("?org_id", call.query.get(&ORG_ID).is_some()),
        ("?place_id", call.query.get(&PLACE_ID).is_some()),
        ("?by", matches!(call.query.get(&BY), Some("place" | "org"))),
    ] {
        if is_narrow {
            faults.add(pointer, NOT_WITH_OTHERS);
        }
    }
    faults.finish()
}

/// The request as it is about all of them together. People are told where each district knows them.
fn over_all(mut asked: Asked, parts: &[Asked], area_code: &str) -> Asked {
    for part in parts {
        if part.persons != asked.persons {
            asked.persons = Persons::Unknown;
        }
        if part.persons_in_all != asked.persons_in_all {
            asked.persons_in_all = Persons::Unknown;
        }
    }
    if asked.by == By::Area {
        // A line has what its districts have in all.
        asked.persons = asked.persons_in_all;
    }
    asked.area_code = Some(area_code.to_owned());
    asked
}

/// 304 where the caller has the answer and no district has written since, as far as was seen in the last moments.
fn unchanged(call: &Call, tag: &Tag, districts: &[String]) -> Option<HttpResponse> {
    let heads = call.core.ledger.heads();
    let of = |district_code: &String| {
        let as_of_change_no = Some(heads.fresh(district_code)?);
        Some(DistrictAsOf { district_code: district_code.clone(), as_of_change_no })
    };
    let as_of = AsOf(districts.iter().map(of).collect::<Option<_>>()?);
    tag.known(call, as_of.version())
}

/// Reads each district and adds up what it shows.
async fn added_up(call: &Call, asked: &Asked, parts: Vec<Asked>) -> Result<(Sheet, AsOf), Problem> {
    let read = stream::iter(parts).map(|mut part| async move {
        if asked.by == By::Area {
            part.by = By::Total;
        }
        let counted = counted(call, &part).await;
        (part.district_code, counted)
    });
    let read: Vec<Counted> = read.buffered(SIDE_BY_SIDE).collect().await;
    // Nothing is told where nothing could be read; a file has no room to say what it lacks.
    let is_file = formats::asked(call) == Some(Format::Csv);
    let is_away = |read: &Result<_, Problem>| matches!(read, Err(problem) if problem.code() == Code::UNAVAILABLE);
    let tolerated = !is_file && read.iter().any(|(_, read)| read.is_ok());
    let (mut sum, mut as_of) = (Sheet::default(), Vec::with_capacity(read.len()));
    for (district_code, read) in read {
        let as_of_change_no = match read {
            Ok((sheet, head)) => {
                add(&mut sum, asked, &district_code, sheet);
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
    Ok((sum, AsOf(as_of)))
}

/// A district, and what it has.
type Counted = (String, Result<(Sheet, i64), Problem>);

fn add(sum: &mut Sheet, asked: &Asked, district_code: &str, sheet: Sheet) {
    match asked.by {
        By::Area => {
            let key = district_code.get(..asked.below()).unwrap_or(district_code).to_owned();
            sum.add_district([(key, sheet.total.clone())], sheet.total);
        }
        _ => sum.add_district(sheet.lines, sheet.total),
    }
}
