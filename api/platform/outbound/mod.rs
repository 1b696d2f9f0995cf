//! Requests that the service sends by itself: to addresses that somebody outside named. Judged first ([`judge`]), then
//! sent to the very address that was judged ([`sender`]).

pub mod judge;
pub mod network;
pub mod sender;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// Addresses that names lead to, in place of the system's resolver.
pub type Names = Arc<dyn Fn(&str) -> Vec<IpAddr> + Send + Sync>;

/// Seam that only code can open, for tests whose receivers listen at loopback. It is no setting: neither a file nor the
/// environment nor the command line reaches it (`serde(skip)`), and `serve` never fills it.
#[derive(Clone, Default)]
pub struct Seam {
    /// Lets `http`, any port and addresses of loopback through.
    pub loopback: bool,
    /// Resolves names.
    pub names: Option<Names>,
    /// The time of a whole request.
    pub whole: Option<Duration>,
}

impl fmt::Debug for Seam {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Seam").field("loopback", &self.loopback).finish_non_exhaustive()
    }
}
