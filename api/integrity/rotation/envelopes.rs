//! Sealing again whatever bears another key of personal data.

use std::collections::BTreeMap;

use kit::problem::Problem;

use super::places::{Place, places};
use super::{SETTLED, objects};
use crate::integrity::owner::Work;
use crate::platform::leases::districts;

/// Seals again whatever bears another key, until nothing does but what can't be opened.
///
/// How many were sealed, and how many can't be.
pub async fn seal_all_again(work: &mut Work<'_>, number: u32) -> Result<(u64, u64), Problem> {
    let mut sealed_in_all = 0;
    let (places, mut districts) = (places(work.core), districts(work.core));
    let mut objects = 0;
    for district_code in &districts {
        objects += objects::count(work, district_code).await?;
    }
    // Envelopes that stand in no district.
    districts.push(String::new());
    let mut left_in_all = loop {
        let others = count_others(work, &places, &districts, number).await?;
        if others == 0 {
            break 0;
        }
        work.expect(others + objects);
        work.tell(0);
        let (sealed, left) = pass(work, &places, &districts, number).await?;
        sealed_in_all += sealed;
        if sealed == 0 {
            break left;
        }
        tokio::time::sleep(SETTLED).await;
    };
    for district_code in districts.iter().filter(|code| !code.is_empty()) {
        let (sealed, left) = objects::seal_again(work, district_code, number).await?;
        sealed_in_all += sealed;
        left_in_all += left;
    }
    Ok((sealed_in_all, left_in_all))
}

async fn count_others(
    work: &mut Work<'_>,
    places: &[Place],
    districts: &[String],
    number: u32,
) -> Result<u64, Problem> {
    let mut others = 0;
    for place in places {
        for district_code in districts.iter().filter(|code| place.has(code)) {
            others += place.count_others(work, district_code, number).await?;
        }
    }
    Ok(others)
}

async fn pass(work: &mut Work<'_>, places: &[Place], districts: &[String], number: u32) -> Result<(u64, u64), Problem> {
    let (mut sealed, mut left) = (0, 0);
    for place in places {
        for district_code in districts.iter().filter(|code| place.has(code)) {
            let (of_place, left_there) = place.seal_again(work, district_code, number).await?;
            sealed += of_place;
            left += left_there;
        }
    }
    Ok((sealed, left))
}

/// How many envelopes bear each key, objects beside the database included.
pub async fn borne(work: &mut Work<'_>) -> Result<BTreeMap<u32, u64>, Problem> {
    let mut borne = BTreeMap::new();
    let (places, mut districts) = (places(work.core), districts(work.core));
    districts.push(String::new());
    for place in &places {
        for district_code in districts.iter().filter(|code| place.has(code)) {
            for (number, count) in place.count(work, district_code).await? {
                *borne.entry(number).or_default() += count;
            }
        }
    }
    for district_code in districts.into_iter().filter(|code| !code.is_empty()) {
        objects::walk(work, &district_code, async |_, _, _, number| {
            *borne.entry(number).or_default() += 1;
            Ok(())
        })
        .await?;
    }
    Ok(borne)
}
