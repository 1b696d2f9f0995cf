//! Records behind a figure as of a change number, read from the list that the figure names.

use std::collections::BTreeMap;

use kit::problem::Problem;
use kit::value::Values;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::editions::wire::EditionFigure;
use crate::platform::http::Call;
use crate::records::list::Filter;
use crate::records::parameters::of_address;
use crate::records::snapshot::Snapshot;
use crate::records::{Kind, Record};

/// Records of a figure that are told one by one.
const MOST: usize = 10_000;
/// Records read at a time.
const PAGE: i64 = 500;

/// A figure of an edition with its records.
#[derive(Serialize, ToSchema)]
pub struct Footnote {
    /// The figure's key.
    #[schema(max_length = 40)]
    key: String,
    /// As of which change the records are told.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    as_of_change_no: i64,
    /// Records that were counted; null where they are more than 10,000, or no list has exactly those.
    #[schema(required, inline, max_items = 10_000)]
    records: Option<Vec<CountedRecord>>,
    /// How many those are.
    #[schema(required, minimum = 0, maximum = 10_000)]
    record_count: Option<usize>,
    /// Their list as it stands now.
    #[schema(required, max_length = 500)]
    records_url: Option<String>,
}

/// A record that was counted.
#[derive(Clone, Serialize, ToSchema)]
pub struct CountedRecord {
    /// Its kind.
    #[schema(max_length = 60)]
    pub kind: &'static str,
    /// Its id.
    pub id: Uuid,
    /// The revision that was counted.
    #[schema(minimum = 1)]
    pub revision: i64,
}

/// The footnote of a figure.
pub async fn footnote(
    call: &Call,
    district_code: &str,
    figure: &EditionFigure,
    as_of_change_no: i64,
) -> Result<Footnote, Problem> {
    let records = counted(call, district_code, figure, as_of_change_no).await?;
    let records = records.map(|records| {
        let told = |((kind, id), revision)| CountedRecord { kind, id, revision };
        records.into_iter().map(told).collect::<Vec<_>>()
    });
    Ok(Footnote {
        key: figure.key.clone(),
        as_of_change_no,
        record_count: records.as_ref().map(Vec::len),
        records,
        records_url: figure.records_url.clone(),
    })
}

/// Revisions of records by kind and id.
pub type Counted = BTreeMap<(&'static str, Uuid), i64>;

/// The records that a figure counts as of a number; none where they are too many, or no list has exactly those.
pub async fn counted(
    call: &Call,
    district_code: &str,
    figure: &EditionFigure,
    as_of: i64,
) -> Result<Option<Counted>, Problem> {
    let urls: Vec<&String> = figure.records_url.iter().chain(&figure.further_records_url).collect();
    if urls.is_empty() {
        return Ok(None);
    }
    let mut counted = Counted::new();
    for url in urls {
        let Some((kind, query)) = of_address(call.core.kinds(), url)? else { return Ok(None) };
        let Some(records) = records_as_of(call, kind, district_code, &query, as_of).await? else { return Ok(None) };
        counted.extend(records.iter().map(|record| ((kind.name, record.envelope.id), record.envelope.revision)));
        if counted.len() > MOST {
            return Ok(None);
        }
    }
    Ok(Some(counted))
}

async fn records_as_of(
    call: &Call,
    kind: &'static Kind,
    district_code: &str,
    query: &Values,
    as_of: i64,
) -> Result<Option<Vec<Record>>, Problem> {
    let filter = Filter::of_query(&call.core, kind, district_code, query).await?;
    let actor = call.actor()?;
    let list = Snapshot { oldest_first: true, ..Snapshot::of(actor, kind, district_code, as_of, &filter) };
    let mut all: Vec<Record> = Vec::new();
    loop {
        let after = all.last().map(|last| (last.envelope.occurred_at, last.envelope.id));
        let page = list.page(&call.core, after, PAGE).await?;
        let is_last = i64::try_from(page.len()).unwrap_or(PAGE) < PAGE;
        all.extend(page);
        if is_last {
            return Ok(Some(all));
        }
        if all.len() > MOST {
            return Ok(None);
        }
    }
}
