//! Coverage of rounds as figures by name: the counts of a round, as they stand now.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use futures_util::future::LocalBoxFuture;
use kit::catalogue::FaultCode;
use kit::problem::Problem;
use kit::row::Row;
use kit::text::Text;
use serde_json::Value as Json;
use uuid::Uuid;

use super::counts::{CoverageCounts, sums};
use super::targets::standing_targets;
use super::{FROZEN, SURVEY_ROUNDS};
use crate::platform::http::{Call, fault_with};
use crate::records::figure::{PERSONS, Privacy, Quantity};
use crate::records::named_figures::{
    CatalogueEntry, Evaluated, FigureAmount, FigureQuery, NamedFigures, Reading, Taken, Withheld,
};
use crate::records::{envelope, read, scope};
use crate::rooms::households::READERS;
use crate::statistics::opens_lists;

/// First part of the names.
const PREFIX: &str = "coverage.";
/// Rounds of one request at most: each is counted from its list and its visits.
const MOST_ROUNDS: usize = 10;
/// Decimal places of the rate.
const RATE_SCALE: u32 = 4;

const TARGETS: Text = Text::new("targets", "户");

/// Counts of a round: name as in the coverage, name in words, unit.
const COUNTED: [(&str, Text, Text); 11] = [
    ("targets", Text::new("Targets", "应查"), TARGETS),
    ("done", Text::new("Done", "已查"), TARGETS),
    ("reached", Text::new("Reached", "已核"), TARGETS),
    ("vacant", Text::new("Vacant", "空户"), TARGETS),
    ("moved", Text::new("Moved away", "迁出"), TARGETS),
    ("refused", Text::new("Refused", "拒绝"), TARGETS),
    ("attempted", Text::new("Tried in vain", "未联系上"), TARGETS),
    ("open", Text::new("Nobody looked", "未查"), TARGETS),
    ("persons", Text::new("Persons", "应核人数"), PERSONS),
    ("persons_confirmed", Text::new("Persons confirmed", "已核人数"), PERSONS),
    ("additional", Text::new("Visited beside the list", "名单外已查"), TARGETS),
];

/// Figures of the coverage of rounds.
pub struct CoverageFigures;
/// The same.
pub static COVERAGE_FIGURES: CoverageFigures = CoverageFigures;

/// Counts of the areas of a round.
type Counts = Vec<(String, CoverageCounts)>;

impl NamedFigures for CoverageFigures {
    fn entries<'a>(
        &'a self,
        call: &'a Call,
        _district_code: &'a str,
        _on: NaiveDate,
    ) -> LocalBoxFuture<'a, Result<Vec<CatalogueEntry>, Problem>> {
        let rate = ("rate", Text::new("Rate of coverage", "覆盖率"), Text::new("of 1", "比率"));
        let counted = COUNTED.into_iter();
        let entry = |(name, label, unit): (&str, Text, Text)| CatalogueEntry {
            name: format!("{PREFIX}{name}").into(),
            kind: SURVEY_ROUNDS.name,
            label: label.in_language(call.language).into(),
            unit: unit.in_language(call.language).into(),
            scale: if name == rate.0 { RATE_SCALE } else { 0 },
            quantity: if name == rate.0 { Quantity::Share } else { Quantity::Exact },
            takes: vec![Taken::Round, Taken::Area],
            filters: Vec::new(),
            privacy: Privacy::Personal,
            from_records: true,
            moving: false,
            as_it_stands: true,
            readers: READERS,
        };
        let entries = counted.chain([rate]).map(entry).collect();
        Box::pin(async move { Ok(entries) })
    }

    fn evaluate<'a>(
        &'a self,
        reading: &'a mut Reading<'_>,
        queries: &'a [&'a FigureQuery],
    ) -> LocalBoxFuture<'a, Result<Vec<Evaluated>, Problem>> {
        Box::pin(async move {
            let asked: BTreeSet<Uuid> = queries.iter().filter_map(|query| query.round_id).collect();
            if asked.len() > MOST_ROUNDS {
                return Err(fault_with("/queries", FaultCode::TOO_MANY, vec![("max", MOST_ROUNDS.to_string())]));
            }
            let ready = rounds(reading, &asked).await?;
            let mut counts: BTreeMap<Uuid, Counts> = BTreeMap::new();
            for (id, _) in ready.iter().filter(|(_, is_ready)| **is_ready) {
                counts.insert(*id, count(reading, *id).await?);
            }
            let told = |query: &&FigureQuery| {
                let round_id = query.round_id.unwrap_or_default();
                match (ready.get(&round_id), counts.get(&round_id)) {
                    (None, _) => Evaluated::withheld(Withheld::OutOfScope),
                    (Some(_), None) => Evaluated::withheld(Withheld::NotKept),
                    // A round is seen all over its district, its targets only where they stand.
                    (Some(_), Some(counts)) if counts.is_empty() => Evaluated::withheld(Withheld::OutOfScope),
                    (Some(_), Some(counts)) => told(reading, query, round_id, counts),
                }
            };
            Ok(queries.iter().map(told).collect())
        })
    }
}

/// The rounds that the caller may see, and whether their lists are drawn up.
async fn rounds(reading: &mut Reading<'_>, ids: &BTreeSet<Uuid>) -> Result<BTreeMap<Uuid, bool>, Problem> {
    let ids: Vec<Uuid> = ids.iter().copied().collect();
    let actor = reading.call.actor()?;
    let statement = scope::visible_by_id(actor, &SURVEY_ROUNDS, reading.district_code, &ids);
    let rows = reading.snapshot.read(&statement).await?;
    let found = read::of_rows(&reading.call.core, &SURVEY_ROUNDS, rows)?;
    let is_ready = |record: &crate::records::Record| record.values.get(&FROZEN).is_some_and(|frozen| frozen.ready);
    Ok(found.iter().map(|record| (record.envelope.id, is_ready(record))).collect())
}

/// Counts of a round by area: of all that is asked of it, one statement.
async fn count(reading: &mut Reading<'_>, round_id: Uuid) -> Result<Counts, Problem> {
    let then = format!("SELECT s.area_code, {} FROM s GROUP BY 1", sums());
    let statement = standing_targets(reading.call.actor()?, reading.district_code, round_id, &then);
    let one = |mut row: Row| Some((row.get(&envelope::AREA_CODE)?, CoverageCounts::of_row(&mut row)));
    Ok(reading.snapshot.read(&statement).await?.into_iter().filter_map(one).collect())
}

fn told(reading: &Reading<'_>, query: &FigureQuery, round_id: Uuid, counts: &Counts) -> Evaluated {
    let area = query.area_code.as_deref().unwrap_or(reading.district_code);
    let mut total = CoverageCounts::default();
    counts.iter().filter(|(code, _)| code.starts_with(area)).for_each(|(_, counts)| total.add(counts));
    let Some(name) = query.figure.strip_prefix(PREFIX) else { return Evaluated::withheld(Withheld::NotKept) };
    let told = serde_json::to_value(total.rated()).ok().and_then(|mut total| total.get_mut(name).map(Json::take));
    let amount = match told {
        Some(Json::Number(count)) => FigureAmount::Count(count.as_i64().unwrap_or(0)),
        Some(Json::String(rate)) => FigureAmount::Decimal(rate),
        _ => return Evaluated::withheld(Withheld::NotKept),
    };
    let state = match name {
        "targets" => Some(String::new()),
        "done" | "refused" | "attempted" | "open" => Some(format!("&state={name}")),
        _ => None,
    };
    let state = state.filter(|_| opens_lists(reading.call, READERS));
    let url = state.map(|state| format!("/v1/survey-rounds/{round_id}/targets?area_code={area}{state}"));
    Evaluated { records_url: url, ..Evaluated::new(amount) }
}
