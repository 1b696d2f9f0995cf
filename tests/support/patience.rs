//! Waiting in tests. How fast something is stands in `benches/`; a test only says that it comes to an end by itself,
//! while whatever stands in its way is still there.

use std::time::Duration;

/// Far longer than anything takes on a busy machine: what hasn't ended by then hangs.
const HANGS_AFTER: Duration = Duration::from_secs(120);

/// Result of this, which must come while nobody helps it.
pub async fn by_itself<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(HANGS_AFTER, what).await.expect("it hangs")
}
