//! Completeness of reports: what was expected against what came, for everything that is expected, with the names behind
//! each gap.

mod gaps;

use std::collections::BTreeMap;

use actix_web::http::Method;
use chrono::NaiveDate;
use kit::database::Snapshot;
use kit::field::{Field, Shape};
use kit::fields;
use kit::problem::Problem;
use kit::text::Text;
use kit::time::day_of;
use kit::vocabulary::Vocabulary;
use serde::Serialize;
use serde_json::{Map, Value as Json, json};
use utoipa::ToSchema;
use uuid::Uuid;

use self::gaps::{Gap, ShownGap, gaps};
use crate::platform::access::keys::KeyScope;
use crate::platform::access::roles::with_statistics;
use crate::platform::codes::{DISTRICT_REQUIRED, KEY_OUT_OF_SCOPE, NOT_FOUND};
use crate::platform::divisions::tree::DISTRICT_DIGITS;
use crate::platform::http::{Access, Answer, Call, Operation, Tells, ends_before_it_begins, too_many_days};
use crate::records::list;
use crate::rooms::duties::summary::{COLUMNS, Counts, DutyGrouping, ShownCounts, count, missed_url, served};
use crate::rooms::duties::{COUNTED, DutyKind, DutyLine, READERS};
use crate::statistics::OfDistricts;
use crate::statistics::districts::{Part, Summed, WIDE_AREA_CODE, merge};
use crate::statistics::lines::{named, naming};
use crate::statistics::parameters;
use crate::statistics::polled::{answer_by_district, polled};
use crate::statistics::rights::opens_lists;

fields! {
    /// Parameters of the report.
    static PARAMETERS;
    BY: DutyGrouping = Field::new(
        "by",
        Shape::Word(DutyGrouping::VOCABULARY),
        Text::new("By", "分组"),
        "What a line stands for; `kind` by default. `area` gives the level below `area_code`.",
    );
    DISTRICT_CODE: String = list::DISTRICT_CODE;
    AREA_CODE: String = WIDE_AREA_CODE;
    FROM_ON: NaiveDate = parameters::FROM_ON;
    TO_ON: NaiveDate = parameters::TO_ON;
}
/// Days of one answer at most.
const MOST_DAYS: i64 = 92;

/// The operation.
pub fn operation() -> Operation {
    let counts: Map<String, Json> = COUNTED.iter().map(|counted| ((*counted).to_owned(), json!(2))).collect();
    let gap = json!({"duty_id": "0198c0de-0040-7000-8000-000000000001", "duty_kind": "supply_report", "subject_kind": "places", "subject_id": "0198c0de-0002-7000-8000-000000000002", "subject_name": "惠民超市龙溪店",
        "area_code": "511802005001", "area_name": "龙溪社区居委会", "org_id": null, "org_name": null, "due_at": "2020-02-02T20:00:00+08:00"});
    let mut line = counts.clone();
    line.insert("key".into(), "supply_report".into());
    line.insert("label".into(), "商超日报".into());
    line.insert("gaps".into(), json!([gap]));
    line.insert(
        "missed_url".into(),
        "/v1/duties?state=missed&order=oldest&from_on=2020-02-02&to_on=2020-02-02&duty_kind=supply_report".into(),
    );
    let example = json!({"by": "kind", "from_on": "2020-02-02", "to_on": "2020-02-02", "items": [line], "total": counts, "as_of_change_no": 42, "districts": [{"district_code": "511802", "as_of_change_no": 42}]});
    let operation = Operation::new(Method::GET, "/v1/stats/completeness", "get_completeness", completeness)
        .described("stats", "Completeness", "Everything that was expected (readings, visits, reports, shifts) against what came, by kind, line, area or organisation; behind each gap the first twenty names, and the list of all. People are masked.")
        .access(Access::Roles(with_statistics(READERS)))
        .keys(KeyScope::Statistics)
        .tells(Tells::SmallNumbers(READERS))
        .answers::<OfDistricts<Completeness>>(200, "The figures.", Some(example))
        .problems(&[DISTRICT_REQUIRED, NOT_FOUND, KEY_OUT_OF_SCOPE]);
    polled(operation, PARAMETERS)
}

/// Duties that were expected against those that were done.
#[derive(Serialize, ToSchema)]
struct Completeness {
    /// Grouping: a line stands for one kind, line, area or organisation.
    #[schema(required, value_type = Option<String>, max_length = 20)]
    by: DutyGrouping,
    /// First day.
    #[schema(required, value_type = Option<String>, max_length = 10)]
    from_on: NaiveDate,
    /// Last day.
    #[schema(required, value_type = Option<String>, max_length = 10)]
    to_on: NaiveDate,
    /// A line a group.
    #[schema(inline, max_items = 1_000_000)]
    items: Vec<Group>,
    /// All together.
    #[schema(inline)]
    total: ShownCounts,
}

/// A group.
#[derive(Serialize, ToSchema)]
struct Group {
    #[serde(flatten)]
    #[schema(inline)]
    counts: ShownCounts,
    /// The kind, line, area or organisation.
    #[schema(required, max_length = 60)]
    key: Option<String>,
    /// That in words.
    #[schema(required, max_length = 200)]
    label: Option<String>,
    /// The first names behind what was missed.
    #[schema(inline, max_items = 20)]
    gaps: Vec<ShownGap>,
    /// The list of what was missed, the oldest first.
    #[schema(required, max_length = 500)]
    missed_url: Option<String>,
}

async fn completeness(call: Call) -> Answer {
    let core = &call.core;
    let days = days(&call, day_of(core.clock.now(), core.zone))?;
    answer_by_district(&call, COLUMNS, async |now: &mut Snapshot, part: &Part| of_days(part, now, days).await).await
}

async fn of_days(part: &Part, now: &mut Snapshot, days: (NaiveDate, NaiveDate)) -> Result<Completeness, Problem> {
    let (call, district_code) = (&part.call, part.district_code.as_str());
    let by = call.query.get(&BY).unwrap_or(DutyGrouping::Kind);
    let counted = count(call, now, by, days).await?;
    // Keys reach figures; names are for those who may read the duties.
    let missing = match opens_lists(call, READERS) {
        true => gaps(call, now, district_code, by, days).await?,
        false => BTreeMap::new(),
    };
    let units = units(now, district_code, by, counted.groups.keys().flatten()).await?;
    let mut items = Vec::new();
    for (key, counts) in &counted.groups {
        let gaps = missing.get(key).map_or(&[][..], Vec::as_slice);
        items.push(line(call, by, key.as_deref(), counts, gaps, &units, days));
    }
    if let Some(area_code) = part.stands_for().filter(|_| by == DutyGrouping::Area) {
        items = whole(call, area_code, items, days);
    }
    let total = served(&counted.total);
    Ok(Completeness { by, from_on: days.0, to_on: days.1, items, total })
}

/// The lines of a district's areas as one of the area for which it stands, whose list is told where that is the district.
fn whole(call: &Call, area_code: &str, lines: Vec<Group>, days: (NaiveDate, NaiveDate)) -> Vec<Group> {
    let mut lines = lines.into_iter();
    let Some(mut line) = lines.next() else { return Vec::new() };
    lines.for_each(|other| line.add(other));
    let list = missed_url(DutyGrouping::Kind, None, days, &call.query).filter(|_| opens_lists(call, READERS));
    line.key = Some(area_code.to_owned());
    line.label = call.core.divisions.find(area_code, None).map(|found| found.name.clone());
    line.missed_url = list.filter(|_| area_code.len() == DISTRICT_DIGITS);
    line.order_gaps();
    vec![line]
}

impl Group {
    /// Adds another one; of several districts, and of several areas, no list is.
    fn add(&mut self, other: Self) {
        self.counts.add(&other.counts);
        self.gaps.extend(other.gaps);
        self.missed_url = None;
    }

    /// Keeps the first of the names.
    fn order_gaps(&mut self) {
        self.gaps.sort_by_key(ShownGap::order);
        self.gaps.truncate(gaps::MOST_TOLD);
    }
}

impl Summed for Completeness {
    fn add(&mut self, other: Self) {
        merge(&mut self.items, other.items, |line| line.key.clone(), Group::add);
        self.total.add(&other.total);
    }

    fn finish(&mut self) {
        self.items.iter_mut().for_each(Group::order_gaps);
    }
}

/// Reads the names of the organisations of the lines.
async fn units(
    now: &mut Snapshot,
    district_code: &str,
    by: DutyGrouping,
    keys: impl Iterator<Item = &String>,
) -> Result<BTreeMap<Uuid, String>, Problem> {
    match by {
        DutyGrouping::Org => {
            let ids = keys.filter_map(|key| Uuid::try_parse(key).ok());
            Ok(named(now.read(&naming("organizations", district_code, ids)).await?))
        }
        DutyGrouping::Kind | DutyGrouping::Line | DutyGrouping::Area => Ok(BTreeMap::new()),
    }
}

fn days(call: &Call, today: NaiveDate) -> Result<(NaiveDate, NaiveDate), Problem> {
    let from_on = call.query.get(&FROM_ON).or(call.query.get(&TO_ON)).unwrap_or(today);
    let to_on = call.query.get(&TO_ON).unwrap_or(from_on);
    match (to_on - from_on).num_days() {
        ..0 => Err(ends_before_it_begins("?to_on")),
        MOST_DAYS.. => Err(too_many_days("?to_on", MOST_DAYS)),
        _ => Ok((from_on, to_on)),
    }
}

fn line(
    call: &Call,
    by: DutyGrouping,
    key: Option<&str>,
    counts: &Counts,
    gaps: &[Gap],
    units: &BTreeMap<Uuid, String>,
    days: (NaiveDate, NaiveDate),
) -> Group {
    let worded = |vocabulary: &Vocabulary| {
        key.and_then(|key| vocabulary.find(key)).map(|word| word.label.in_language(call.language).to_owned())
    };
    let label = match by {
        DutyGrouping::Kind => worded(DutyKind::VOCABULARY),
        DutyGrouping::Line => worded(DutyLine::VOCABULARY),
        DutyGrouping::Area => key.and_then(|key| call.core.divisions.find(key, None)).map(|found| found.name.clone()),
        DutyGrouping::Org => key.and_then(|key| Uuid::try_parse(key).ok()).and_then(|id| units.get(&id).cloned()),
    };
    Group {
        counts: served(counts),
        key: key.map(str::to_owned),
        label,
        gaps: gaps.iter().map(|gap| gap.served(call)).collect(),
        missed_url: missed_url(by, key, days, &call.query).filter(|_| opens_lists(call, READERS)),
    }
}
