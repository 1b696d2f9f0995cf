//! Reading the ledger in order.

use std::collections::{BTreeMap, BTreeSet};

use kit::catalogue::Code;
use kit::problem::Problem;
use kit::statement::Statement;
use kit::time::InZone;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::epoch;
use super::followers::followers;
use super::index::{Stretch, kinds_with_former, stretch};
use super::parts::{Part, REVOKED, operation, statement};
use crate::platform::access::roles::Actor;
use crate::platform::core::Core;
use crate::records::Kind;
use crate::records::record_row::RecordRow;

/// Range of changes that is asked for.
pub struct Window {
    /// Whether it is a phone's slice, and not all that the caller may read.
    pub slice: bool,
    /// The district.
    pub district_code: String,
    /// Only beyond this number.
    pub since: i64,
    /// Only in this area and below.
    pub area_code: Option<String>,
    /// Items at most; a number is never split, so a page may have a few more.
    pub limit: i64,
}

impl Window {
    /// The same beyond a later number, with room for what isn't on the page yet.
    fn part(&self, since: i64, items: &[Change]) -> Self {
        Self {
            slice: self.slice,
            district_code: self.district_code.clone(),
            since,
            area_code: self.area_code.clone(),
            limit: (self.limit - count(items)).max(1),
        }
    }
}

/// One revision.
pub struct Change {
    /// Its kind.
    pub kind: &'static Kind,
    /// The record as it was then.
    pub record: RecordRow,
    /// `create`, `amend`, `void`, `access_revoked`.
    pub operation: &'static str,
    /// The number at which it is told: its own, or that of the case with which it came into sight or left it.
    pub number: i64,
}

/// A page.
pub struct Page {
    /// The changes, in order.
    pub items: Vec<Change>,
    /// Number behind which to go on.
    pub next: i64,
    /// The district's newest number.
    pub head: i64,
}

/// Changes of a stretch in the order in which they are told; boxed, for a map moves what it holds.
type Found = BTreeMap<(i64, i16, &'static str, Uuid, bool), Box<Change>>;

/// A stretch begins with as many changes as a page has, and grows where few of them are the caller's.
const GROWS_BY: i64 = 8;
/// Lines of the index and rows of kinds that a page looks at, about, however few of them are the caller's: a page costs
/// a page's price in a ledger of any length, for whomever. Then it ends where it is, with less than was asked for or
/// nothing at all, and tells where to go on. An index by areas would find a guard's own rows sooner, but not what is shared
/// with him, follows a case or happened at a place that he watches; and every write would pay for it.
const MOST_LOOKED_AT: i64 = 24_576;

/// Reads a page. The head first: nothing beyond it is read, so no later commit can slip in between the statements.
pub async fn page(
    core: &Core,
    actor: &Actor,
    kinds: &[&'static Kind],
    window: &Window,
    parts: &[Part<'_>],
) -> Result<Page, Problem> {
    let head = newest(core, &window.district_code, window.since).await?;
    page_up_to(core, actor, kinds, window, parts, head).await
}

/// The same up to a number that is known to have been the head. The index of changes tells which kinds occur beyond
/// the reader's number; only their tables are read, stretch after stretch until the page is full.
pub async fn page_up_to(
    core: &Core,
    actor: &Actor,
    kinds: &[&'static Kind],
    window: &Window,
    parts: &[Part<'_>],
    head: i64,
) -> Result<Page, Problem> {
    let (mut items, mut next): (Vec<Change>, i64) = (Vec::new(), head);
    let (mut since, mut size, mut looked_at) = (window.since, window.limit + 1, 0);
    let leader = kinds.iter().find_map(|kind| kind.rules.follows()).map(|follows| follows.leader);
    let each = 1 + i64::try_from(parts.len()).unwrap_or(1);
    let mut is_led = false;
    while since < head {
        let stretch = stretch(core, &window.district_code, since, head, size).await?;
        let part = window.part(since, &items);
        let (found, known_until) = read_stretch(core, actor, kinds, &part, parts, &stretch).await?;
        is_led |= leader.is_some_and(|leader| stretch.names(leader));
        next = take(&mut items, found, known_until, window.limit);
        since = stretch.until;
        looked_at += stretch.lines() + (each - 1) * stretch.lines_of(kinds);
        if next < since || count(&items) >= window.limit || looked_at >= MOST_LOOKED_AT {
            break;
        }
        size = (size * GROWS_BY).min((MOST_LOOKED_AT - looked_at) / each).max(window.limit + 1);
    }
    // Without a case there are no followers.
    if is_led && parts.iter().any(|part| matches!(part, Part::Left | Part::Gone)) {
        let told: BTreeSet<Uuid> =
            items.iter().filter(|one| one.operation == REVOKED).map(|one| one.record.id).collect();
        let followers = followers(core, actor, kinds, window, next).await?;
        items.extend(followers.into_iter().filter(|one| one.operation != REVOKED || !told.contains(&one.record.id)));
        items.sort_by_key(|change| (change.number, change.kind.sequence, change.kind.name, change.record.id));
    }
    Ok(Page { items, next, head })
}

fn count(items: &[Change]) -> i64 {
    i64::try_from(items.len()).unwrap_or(i64::MAX)
}

/// Reads a stretch's changes for the caller, and up to which number they are known. Current rows come before former
/// ones: a row that is revised between the two is found twice and told once, never missed.
async fn read_stretch(
    core: &Core,
    actor: &Actor,
    kinds: &[&'static Kind],
    window: &Window,
    parts: &[Part<'_>],
    stretch: &Stretch,
) -> Result<(Found, i64), Problem> {
    let mut found = Found::new();
    // Where a statement found as many as it may, what lies beyond its last number isn't known to it.
    let mut known_until = stretch.until;
    // Current revisions found so far, by kind: whoever found one for each line of a kind needs no former ones.
    let mut current: BTreeMap<&'static str, i64> = BTreeMap::new();
    for part in parts.iter().copied() {
        let has_former =
            |kind: &&&'static Kind| stretch.lines_of(&[**kind]) > current.get(kind.name).copied().unwrap_or(0);
        let former = match part {
            Part::Former if kinds.iter().any(|kind| has_former(&kind)) => {
                kinds_with_former(core, &window.district_code, window.since, stretch.until).await?
            }
            _ => BTreeSet::new(),
        };
        let asked = |kind: &&&'static Kind| match part {
            Part::Former => former.contains(kind.name) && has_former(kind),
            Part::Left | Part::Gone => stretch.revises(kind),
            Part::Current | Part::Gained(_) | Part::Lost(_) => stretch.has(kind),
        };
        let asked: Vec<&'static Kind> = kinds.iter().filter(asked).copied().collect();
        for kind in asked {
            let records = RecordRow::load(core, kind, &statement(actor, kind, window, stretch.until, part)).await?;
            let read = i64::try_from(records.len()).unwrap_or(i64::MAX);
            if read > window.limit {
                let last = records.last().map_or(stretch.until, |record| record.change_no - 1);
                known_until = known_until.min(last.max(window.since));
            }
            if matches!(part, Part::Current) {
                current.insert(kind.name, read);
            }
            for record in records {
                let key = (record.change_no, kind.sequence, kind.name, record.id, part.revokes());
                let operation = operation(&record, part);
                let number = record.change_no;
                found.entry(key).or_insert_with(|| Box::new(Change { kind, record, operation, number }));
            }
        }
    }
    Ok((found, known_until))
}

/// Takes what fits on the page, whole numbers; gives where to go on.
fn take(items: &mut Vec<Change>, found: Found, known_until: i64, limit: i64) -> i64 {
    for ((number, ..), change) in found {
        if number > known_until {
            break;
        }
        let last = items.last().map(|last| last.number);
        if count(items) >= limit && last != Some(number) {
            return last.unwrap_or(number - 1);
        }
        items.push(*change);
    }
    known_until
}

/// The newest number of a district for a reader who stands at one: as it was looked up in the last moments for all
/// readers, where that doesn't lie before him. Then the page is one of half a second ago, and an empty one asks nothing.
pub async fn newest(core: &Core, district_code: &str, since: i64) -> Result<i64, Problem> {
    match core.ledger.heads().fresh(district_code) {
        Some(head) if head >= since => Ok(head),
        _ => last_no(core, district_code).await,
    }
}

/// The newest number of a district, as its clock says now.
async fn last_no(core: &Core, district_code: &str) -> Result<i64, Problem> {
    let statement = Statement::new("SELECT last_no FROM district_clocks WHERE district_code = ")
        .text(district_code)
        .seeing_district(district_code);
    let rows = core.database.read(&statement).await?;
    rows.into_iter().next().and_then(|mut row| row.integer("last_no")).ok_or_else(|| missing(district_code))
}

fn missing(district_code: &str) -> Problem {
    Problem::unavailable(Code::LEDGER_UNAVAILABLE, 60, format!("district {district_code} has no clock"))
}

/// The head of a district's ledger.
#[derive(Serialize, ToSchema)]
pub struct LedgerHead {
    /// The district.
    #[schema(max_length = 6)]
    district_code: String,
    /// Its newest number.
    #[schema(minimum = 0)]
    head: i64,
    /// Ask for changes since this, to follow from here on.
    #[schema(max_length = 50)]
    since: String,
    /// The head of the chain, hexadecimal.
    #[schema(max_length = 64)]
    digest: String,
    /// When the newest number was given.
    #[schema(value_type = DateTime<Utc>)]
    advanced_at: Option<InZone>,
}

/// The head of a district's ledger, as it is served.
pub async fn head(core: &Core, district_code: &str) -> Result<LedgerHead, Problem> {
    let statement = Statement::new("SELECT last_no, head, advanced_at FROM district_clocks WHERE district_code = ")
        .text(district_code)
        .seeing_district(district_code);
    let mut row = core.database.read(&statement).await?.into_iter().next().ok_or_else(|| missing(district_code))?;
    let (number, head) = (row.integer("last_no").unwrap_or_default(), row.bytes("head").unwrap_or_default());
    Ok(LedgerHead {
        district_code: district_code.to_owned(),
        head: number,
        since: epoch::told(number, &head),
        digest: hex::encode(head),
        advanced_at: row.instant("advanced_at").map(|instant| InZone(instant, core.zone)),
    })
}
