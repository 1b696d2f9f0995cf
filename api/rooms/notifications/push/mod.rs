//! Web Push: a phone's lock screen says that something waits, encrypted to that phone, without a name in it.

mod encrypt;
mod subscriptions;
mod vapid;
mod worker;

pub use subscriptions::operations;
pub use worker::work;
