//! Notifications: what somebody should know of, of the last 14 days: a fever among those in his care, what he missed, what
//! was handed or offered to him, what became of what he offered, what went up to him, where his phone and the server disagree. No names in it: it stands on locked
//! screens.
//!
//! They are derived when somebody asks, from duties and conflicts by their indexes, with the rights of that moment. A
//! table of them would be written with every record, or by one more worker that lags and has to be proved; and what isn't
//! so any more (a duty that was done late, a role that was taken away) would still stand there. Kept is only what was read.

mod codes;
mod derived;
mod marks;
mod push;
mod revisions;
mod routes;
mod wire;

use kit::text::Text;

use crate::records::Theme;

/// This theme.
pub static THEME: Theme = Theme {
    title: Text::new("Notifications", "提醒"),
    operations: || [routes::operations(), push::operations()].into_iter().flatten().collect(),
    vocabularies: &[wire::NotificationType::VOCABULARY],
    problems: codes::PROBLEMS,
    faults: codes::FAULTS,
    workers: &[("push", |core| Box::pin(push::work(core)))],
    ..Theme::NOTHING
};
