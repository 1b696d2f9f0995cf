//! Asking the rules across rows about a batch.

use std::collections::BTreeMap;

use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::future::try_join_all;
use kit::database::DatabaseError;
use kit::engine::Engine;
use kit::row::Row;

use super::decide::{Claim, State};
use super::{Append, AppendError};

/// Outcome of the rules across rows for a batch.
#[derive(Default)]
pub(super) struct Decision {
    /// The appends that are refused, by their place in the batch.
    pub refused: BTreeMap<usize, AppendError>,
    /// Appends that follow from the admitted ones.
    pub following: Vec<Append>,
}

type States = BTreeMap<&'static str, Box<dyn State>>;

/// The state of all claims of a group is loaded at once, then moved on claim by claim. An append with several
/// claims is admitted whole or not at all: where a later one of them is refused, the state has moved by those
/// before it, so all is asked once more without that append.
pub(super) async fn decide(
    connection: &mut &AsyncPgConnection,
    district_code: &str,
    members: &[(usize, &Append)],
    engine: Engine,
) -> Result<Decision, AppendError> {
    let mut refused = BTreeMap::new();
    loop {
        let asked: Vec<(usize, &Append)> =
            members.iter().filter(|(index, _)| !refused.contains_key(index)).copied().collect();
        let mut states = load(connection, district_code, &asked, engine).await?;
        if admit(&mut states, &asked, &mut refused) {
            let mut following = Vec::new();
            for state in states.into_values() {
                following.extend(state.follow().map_err(AppendError::Failed)?);
            }
            return Ok(Decision { refused, following });
        }
    }
}

async fn load(
    connection: &mut &AsyncPgConnection,
    district_code: &str,
    members: &[(usize, &Append)],
    engine: Engine,
) -> Result<States, AppendError> {
    let mut groups: BTreeMap<&'static str, Vec<&Claim>> = BTreeMap::new();
    for claim in members.iter().flat_map(|(_, append)| &append.claims) {
        groups.entry(claim.decider.group()).or_default().push(claim);
    }
    let mut states = States::new();
    for (group, claims) in groups {
        let Some(first) = claims.as_slice().first() else { continue };
        let shared = &**connection;
        let loads = first.decider.as_ref().load(district_code, &claims).into_iter().map(|statement| async move {
            let rows: Vec<Row> = statement.on(engine).load(&mut &*shared).await.map_err(DatabaseError::from)?;
            Ok::<Vec<Row>, AppendError>(rows)
        });
        let rows = try_join_all(loads).await?;
        states.insert(group, first.decider.begin(rows).map_err(AppendError::Failed)?);
    }
    Ok(states)
}

/// Whether the state is that of the admitted alone; else some of it is of an append that was refused.
fn admit(states: &mut States, members: &[(usize, &Append)], refused: &mut BTreeMap<usize, AppendError>) -> bool {
    let mut clean = true;
    for (index, append) in members {
        for (position, claim) in append.claims.iter().enumerate() {
            let Some(state) = states.get_mut(claim.decider.group()) else { continue };
            if let Err(faults) = state.admit(claim) {
                refused.insert(*index, AppendError::Refused(faults));
                clean &= position == 0;
                break;
            }
        }
    }
    clean
}
