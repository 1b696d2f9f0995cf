//! Purging: what a record says of people is erased when its time is over, and the record stays.
//!
//! Of an envelope its version and commitment are left, and when it was purged; blind indexes are emptied; the same in
//! former revisions, and in what phones and files left beside ([`beside`]); what themes keep elsewhere goes with it
//! ([`Erasers`]). No row, number, digest or figure changes, so that `lianfang verify` holds before, after and meanwhile.
//!
//! Only whoever owns the tables does it: the role of the service has no right to change a former revision, and gets none
//! for this. A right for this one purpose would be there for every statement of the service at any time, and what it
//! overwrites is gone for good; a connection of its own ([`super::owner`]) is opened for a purge that somebody or a policy
//! ordered, and closed after it.
//!
//! It goes page by page. The clock of the district is held for one page: nobody writes meanwhile, so that no revision
//! slips by, and whoever waits does so for milliseconds. What is cut says so itself; broken off at any moment it goes
//! on with what is left. Two at once share the work and the certificate.
//!
//! A record of which a figure counts what is sealed stays whole where the kind doesn't say what stands for it
//! ([`crate::records::Rules::counted_as`]): no figure changes.
//!
//! A record's time runs from when it happened. One that a younger record names stays whole: a person who passed a gate last
//! week, the case of a visit.

mod beside;
mod carry_out;
mod certificate;
mod completion;
mod orders;
mod plan;
mod rows;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use kit::faults::Faults;
use kit::problem::Problem;
use kit::time::{day_of, day_start};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use self::carry_out::{carry_out_ordered, purge};
pub use self::certificate::{Certificate, Stage, certificate, certificates};
pub use self::orders::{order, under_way, waiting};
pub use self::plan::{Plan, foretell, plan};
use crate::platform::core::Core;
use crate::records::Kind;
use crate::records::codes::KEPT_LONGER;

/// Nothing is purged that happened less than so many days ago, whatever is ordered: that would be hiding, not forgetting.
pub const KEPT_AT_LEAST_DAYS: i64 = 30;

/// An order to purge.
#[derive(Clone)]
pub struct Order {
    /// The kind.
    pub kind: &'static Kind,
    /// Day before which the records happened that are purged.
    pub before_on: NaiveDate,
    /// Why, in words.
    pub reason: String,
    /// The account that ordered it; none at the command line, and of a policy.
    pub by: Option<Uuid>,
    /// The retention policy that says so.
    pub policy_id: Option<Uuid>,
}

/// Numbers of what a purge erases, or would.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Records, current or former revisions of which had something sealed.
    pub records: u64,
    /// Records that belonged to those, as attachments do.
    pub attached: u64,
    /// Items that phones sent and that were held.
    pub held_items: u64,
    /// Conflicts between phones.
    pub conflicts: u64,
    /// Rows of files that were refused.
    pub import_faults: u64,
    /// Records left as they are: a figure is made of what is sealed of them, or they aren't what the ledger took.
    pub left: u64,
}

/// Notes the fault of an order whose day is too late.
pub fn check_day(core: &Core, before_on: NaiveDate, faults: &mut Faults) {
    let latest = day_of(core.clock.now(), core.zone) - TimeDelta::days(KEPT_AT_LEAST_DAYS);
    if before_on > latest {
        faults.add_with("/before_on", KEPT_LONGER, vec![("days", KEPT_AT_LEAST_DAYS.to_string())]);
    }
}

/// The instant before which an order purges. 422 where that is too late.
pub fn before_at(core: &Core, before_on: NaiveDate) -> Result<DateTime<Utc>, Problem> {
    let mut faults = Faults::default();
    check_day(core, before_on, &mut faults);
    faults.finish()?;
    day_start(before_on, core.zone).ok_or_else(|| Problem::internal("a day has no beginning"))
}
