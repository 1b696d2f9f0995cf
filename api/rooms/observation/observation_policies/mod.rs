//! Observation policies: from which temperature on somebody has a fever, and for how many days he is
//! observed. Data, not code: the plan of 2020 said 14 days, later ones said otherwise. The policy of the
//! narrowest area that is in force on a day decides; of two of the same day, the one given later.

mod cache;
mod routes;

pub use cache::{POLICIES, Policies, forget};
pub use routes::{operations, schemas};
