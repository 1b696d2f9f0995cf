//! Recall of earlier records that rules need to judge drafts: asked at once for all drafts of a district.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use kit::problem::Problem;

use super::definition::Kind;
use super::draft::Draft;
use crate::platform::core::Core;

/// Lets a kind's rules note in its drafts what earlier records say of them.
pub async fn recall(
    core: &Core,
    kind: &'static Kind,
    drafts: impl IntoIterator<Item = (String, &mut Draft)>,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let mut districts: BTreeMap<String, Vec<&mut Draft>> = BTreeMap::new();
    for (district_code, draft) in drafts {
        districts.entry(district_code).or_default().push(draft);
    }
    for (district_code, mut drafts) in districts {
        let context = core.context(now, &district_code);
        let asking: Vec<&Draft> = drafts.iter().map(|draft| &**draft).collect();
        let Some(statement) = kind.rules.recollection(&asking, &context) else { continue };
        let rows = core.database.read(&statement.seeing_district(&district_code)).await?;
        kind.rules.recollect(&mut drafts, rows, &context);
    }
    Ok(())
}
