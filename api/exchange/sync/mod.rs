//! Sync: phones hand in what they captured offline and fetch what changed meanwhile.
//!
//! - `push`: each item stands alone and is idempotent; what can't be placed is held, never refused, so
//!   that no queue is blocked for ever by one bad item (there is a bound to what is held of one account);
//!   it stays what it was sent as, only its body is mended, and it runs with its author's rights;
//! - a stale amendment is merged where it doesn't touch what others changed, else it is a conflict: the
//!   server's value stands, the phone's is kept until somebody decides;
//! - `pull`: the caller's slice as upserts and tombstones, in ledger order; when the slice grows, what
//!   became visible is filled in; after a restore phones are told to begin anew.

mod again;
mod amend;
mod conflicts;
mod course;
mod former;
mod handed_in;
mod held;
mod held_retry;
mod item;
mod lines;
mod outcome;
mod pull;
mod push;
mod room;
mod routes;
mod shown;
mod slice;
mod state;
mod wire;
mod write_stages;

pub use again::retry_held;
pub use conflicts::open_of as open_conflicts_of;
pub use routes::operations;
pub use state::sweep;
pub use wire::schemas;
