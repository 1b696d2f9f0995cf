//! Webhooks: others are told of changes instead of asking for them. The ledger is the queue: an endpoint is a cursor on its
//! district's feed, so nothing can be lost, and sending again is moving a cursor.
//!
//! - Where to: an address that `platform/outbound` judges, as written and at each attempt.
//! - What: what the feed would give the owner at that moment, masked ([`event`]); signed by Standard Webhooks 1.0.0
//!   ([`signer`]).
//! - When: in order, one at a time an endpoint, until it is taken ([`worker`], [`run`], [`delivery`]).

mod actions;
mod codes;
mod delivery;
mod endpoint;
mod event;
mod log;
mod owner;
mod routes;
mod run;
mod schedule;
mod signer;
mod store;
mod wire;
mod worker;

pub use endpoint::{WebhookOp, WebhookPayload, WebhookSigning, WebhookState};

use kit::text::Text;

use crate::records::Theme;

/// This theme.
pub static THEME: Theme = Theme {
    title: Text::new("Telling others", "对外推送"),
    operations: || [routes::operations(), actions::operations(), log::operations()].into_iter().flatten().collect(),
    vocabularies: &[
        WebhookOp::VOCABULARY,
        WebhookPayload::VOCABULARY,
        WebhookSigning::VOCABULARY,
        WebhookState::VOCABULARY,
    ],
    problems: codes::PROBLEMS,
    faults: codes::FAULTS,
    workers: &[("webhooks", |core| Box::pin(worker::work(core)))],
    ..Theme::NOTHING
};
