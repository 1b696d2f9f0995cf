//! Figures of a kind over an area of several districts: the sums of what each district shows.

use kit::faults::Faults;
use kit::problem::Problem;

use super::answer::{AsOf, Table, answer};
use super::asked::{Asked, BY, By, Persons};
use super::cover::Sheet;
use super::districts::{Area, each, of_one, unchanged};
use super::tag::Tag;
use super::{counted, lines};
use crate::platform::codes::NOT_FOUND;
use crate::platform::http::{Answer, Call};
use crate::records::Kind;
use crate::records::codes::NOT_WITH_OTHERS;

/// The figures of a kind over the districts of an area that the caller reaches.
pub async fn of_kind(kind: &'static Kind, call: &Call, area: Area<'_>) -> Answer {
    let districts = area.districts(call)?;
    refuse_narrowing(call)?;
    let in_district = |district_code: &String| Asked::in_district(kind, call, district_code.clone(), None);
    let parts: Vec<Asked> = districts.iter().map(in_district).collect::<Result<_, _>>()?;
    let asked = over_all(&parts, area).ok_or(NOT_FOUND)?;
    let tag = Tag::of(call, area.digits(), asked.today)?;
    if let Some(unchanged) = unchanged(call, &tag, &districts) {
        return Ok(unchanged);
    }
    let (sheet, as_of) = added_up(call, &asked, parts).await?;
    let lines = lines::of(call, &asked, sheet.lines).await?;
    answer(call, &asked, &Table { lines, total: sheet.total, as_of }, &tag)
}

/// 422 where the request is narrowed to what stands in one district.
fn refuse_narrowing(call: &Call) -> Result<(), Problem> {
    let mut faults = Faults::default();
    of_one(call, &mut faults);
    if matches!(call.query.get(&BY), Some("place" | "org")) {
        faults.add(format!("?{BY}"), NOT_WITH_OTHERS);
    }
    faults.finish()
}

/// The request as it is about all of them together. People are told where each district knows them.
fn over_all(parts: &[Asked], area: Area<'_>) -> Option<Asked> {
    let mut asked = parts.first()?.clone();
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
    asked.area_code = Some(area.digits().to_owned());
    Some(asked)
}

/// Reads each district and adds up what it shows.
async fn added_up(call: &Call, asked: &Asked, parts: Vec<Asked>) -> Result<(Sheet, AsOf), Problem> {
    let parts = parts.into_iter().map(|part| (part.district_code.clone(), part)).collect();
    let (read, as_of) = each(call, parts, async |mut part: Asked| {
        if asked.by == By::Area {
            part.by = By::Total;
        }
        counted(call, &part).await
    })
    .await?;
    let mut sum = Sheet::default();
    for (district_code, sheet) in read {
        add(&mut sum, asked, &district_code, sheet);
    }
    Ok((sum, as_of))
}

fn add(sum: &mut Sheet, asked: &Asked, district_code: &str, sheet: Sheet) {
    match asked.by {
        By::Area => {
            let key = district_code.get(..asked.below()).unwrap_or(district_code).to_owned();
            sum.add_district([(key, sheet.total.clone())], sheet.total);
        }
        _ => sum.add_district(sheet.lines, sheet.total),
    }
}
