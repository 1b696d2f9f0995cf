//! The engine that the service runs over, and what differs by it.

/// One PostgreSQL, or several that one of them leads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engine {
    /// One PostgreSQL.
    #[default]
    OneServer,
    /// Citus: a coordinator that spreads the districts over workers.
    SeveralServers {
        /// Whether row-level security stands there.
        walled: bool,
    },
}

impl Engine {
    /// Settings of each connection.
    pub(crate) fn settings(self) -> &'static str {
        match self {
            // Generic plans are thought to cost more than they do.
            Self::OneServer => "SET plan_cache_mode = 'force_generic_plan'",
            // A plan that is for all values asks all servers, or can't be made; and what a transaction may see is told to
            // the servers that it reaches.
            Self::SeveralServers { .. } => "SET citus.propagate_set_commands = 'local'",
        }
    }

    /// How many write at once, each the districts that fall to it. On one server one is the fastest; on several, whoever
    /// waits for one server mustn't hold up the districts of the others.
    pub fn writers(self) -> usize {
        match self {
            Self::OneServer => 1,
            Self::SeveralServers { .. } => 32,
        }
    }

    /// Whether row-level security stands, where every server has it: what may be seen is told within a transaction.
    pub(crate) fn tells_within(self) -> bool {
        self == Self::SeveralServers { walled: true }
    }
}
