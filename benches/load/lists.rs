//! Pages of 100 in JSON beside the bare fetch of as many rows: of screenings, whose columns stand in the clear, and of
//! people, of whom each has something to open and to mask.

use std::time::Duration;

use tokio::runtime::Runtime;

use crate::client::Load;
use crate::floor::Floor;
use crate::served::Served;
use crate::{HEAD, compare};

/// Fills both databases for so long before anything is measured.
const FILLING: Duration = Duration::from_secs(3);

/// The rows of the table.
pub fn measure(served: &Served, runtime: &Runtime) {
    let floor = Floor::new(served);
    floor.insert(16, FILLING);
    let filling = Load::screenings(served, std::slice::from_ref(&served.token), std::slice::from_ref(&served.place));
    runtime.block_on(filling.run(16, FILLING));
    println!("{HEAD}");
    for connections in [1, 4] {
        for kind in ["screenings", "people"] {
            let list = Load::get(served, &format!("/v1/{kind}?limit=100"));
            compare(
                &format!("list of 100 {kind}, {connections} connections (floor: screenings)"),
                "≥ 0.35",
                |round| floor.list(connections, round),
                |round| runtime.block_on(list.run(connections, round)),
            );
        }
    }
}
