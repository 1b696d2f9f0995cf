//! Name that a device gives itself: often its owner's name, so it is sealed; found by its blind index.

use kit::problem::Problem;
use kit::row::Row;
use uuid::Uuid;

use super::blind::{Finding, Indexer};
use super::seal::{Owner, Sealer};

/// A row that keeps one.
#[derive(Clone, Copy, Debug)]
pub struct Device<'a> {
    /// The table.
    pub table: &'a str,
    /// The row.
    pub id: Uuid,
    /// Its district; empty where it has none.
    pub district_code: &'a str,
}

impl Device<'_> {
    fn owner(&self) -> Owner<'_> {
        Owner { kind: self.table, field: "device", id: self.id, district_code: self.district_code }
    }

    /// The envelope of what it calls itself.
    pub fn seal(&self, sealer: &Sealer, name: &str) -> Result<Vec<u8>, Problem> {
        sealer.seal(self.owner(), name.as_bytes()).map_err(Problem::internal)
    }

    /// Reads its name from the columns `device` and, in rows of a former release, `device_id`.
    pub fn of_row(&self, sealer: &Sealer, row: &mut Row) -> Result<Option<String>, Problem> {
        self.of_columns(sealer, row.bytes("device"), row.text("device_id"))
    }

    /// The same from these columns.
    pub fn of_columns(
        &self,
        sealer: &Sealer,
        device: Option<Vec<u8>>,
        device_id: Option<String>,
    ) -> Result<Option<String>, Problem> {
        let Some(sealed) = device else { return Ok(device_id) };
        let name = sealer.open(self.owner(), &sealed).map_err(Problem::internal)?;
        Ok(name.map(|name| String::from_utf8_lossy(&name).into_owned()))
    }

    /// Index by which a device is found: the same in every district and account, which are asked for beside it.
    pub fn blind_index(indexer: &Indexer, name: &str) -> Vec<u8> {
        indexer.index("", FIELD, name)
    }

    /// Indexes under which it may stand.
    pub fn blind_indexes(finding: &Finding, name: &str) -> Vec<Vec<u8>> {
        finding.indexes("", FIELD, name)
    }
}

/// Name of the field in the index.
const FIELD: &str = "device_id";
