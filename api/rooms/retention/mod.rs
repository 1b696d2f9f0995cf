//! Retention: how long personal data is kept, and its purging when that time is over.
//!
//! A policy says for a kind of record how many days are kept ([`retention_policies`]). An order says it once
//! ([`purges`]). One worker carries both out ([`worker`]), by `integrity::purge`; each purge has a certificate.
//!
//! Whoever would hide what he wrote gains by neither: nothing younger than 30 days is purged, a policy can't begin before the
//! day on which it is written and isn't changed afterwards, each order has a reason and stands in the audit with its account,
//! what was purged says when, and its record, numbers and figures stay.

mod codes;
mod purges;
mod retention_policies;
mod worker;

use kit::text::Text;

pub use self::purges::PurgeState;
pub use self::worker::{carry_out, look_after};
use crate::records::Theme;

/// This theme.
pub static THEME: Theme = Theme {
    title: Text::new("Retention", "留存与清除"),
    kinds: &[&retention_policies::RETENTION_POLICIES],
    operations: || [purges::operations(), retention_policies::operations()].into_iter().flatten().collect(),
    vocabularies: &[PurgeState::VOCABULARY],
    faults: codes::FAULTS,
    workers: &[(worker::NAME, |core| Box::pin(worker::work(core)))],
    ..Theme::NOTHING
};
