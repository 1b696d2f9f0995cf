//! Closed rooms: kinds of records of which nobody but their own roles is told anything, not even that there are some.

use std::sync::Arc;

use kit::value::Value;

use super::roles::{Actor, Role};
use crate::platform::config::Config;
use crate::platform::core::Extension;

/// The closed kinds and the roles that read each.
#[derive(Clone, Debug)]
pub struct ClosedRooms(Arc<[(&'static str, &'static [Role])]>);

impl ClosedRooms {
    /// Those of the service.
    pub fn new(kinds: impl IntoIterator<Item = (&'static str, &'static [Role])>) -> Self {
        Self(kinds.into_iter().collect())
    }

    /// Those of which somebody reads nothing, as values of a statement over several kinds. Row-level security keeps them
    /// from him, too, where it stands.
    pub fn to(&self, actor: &Actor) -> Vec<Value> {
        let shut = self.0.iter().filter(|(_, readers)| !actor.holds(readers));
        shut.map(|(kind, _)| Value::Text((*kind).to_owned())).collect()
    }
}

impl Extension for ClosedRooms {
    fn begin(_: &Config) -> Self {
        Self::new([])
    }
}
