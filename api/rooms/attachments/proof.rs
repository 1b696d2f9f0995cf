//! Proof of the attachments of a district: each one that is kept is there, opens, and has the hash that the ledger says.

use kit::problem::Problem;
use kit::statement::Statement;
use uuid::Uuid;

use super::record::{ATTACHMENTS, KEPT_SHA256};
use super::settle;
use crate::platform::core::Core;
use crate::platform::objects;
use crate::records::theme::Unproven;
use crate::records::{Record, read};

/// Attachments looked at together.
const TOGETHER: i64 = 200;

/// The first attachment of a district that isn't what its ledger says, if any.
pub async fn unproven(core: &Core, district_code: &str) -> Result<Option<Unproven>, Problem> {
    let mut after = Uuid::nil();
    loop {
        let select = ATTACHMENTS.select();
        let page = Statement::new(format!("SELECT {select} FROM attachments AS r WHERE r.district_code = "))
            .text(district_code)
            .sql(" AND r.content_state = 'kept' AND r.id > ")
            .id(after)
            .sql(" ORDER BY r.id LIMIT ")
            .integer(TOGETHER)
            .seeing_district(district_code);
        let records = read::load(core, &ATTACHMENTS, &page).await?;
        for record in &records {
            if let Some(what) = differs(core, record).await? {
                return Ok(Some(Unproven { kind: ATTACHMENTS.name, id: record.envelope.id, what }));
            }
        }
        match records.last() {
            Some(last) => after = last.envelope.id,
            None => return Ok(None),
        }
    }
}

async fn differs(core: &Core, record: &Record) -> Result<Option<&'static str>, Problem> {
    let found = match objects::get(core, settle::content(record)).await {
        Ok(Some(found)) => found,
        Ok(None) => return Ok(Some("its bytes are gone")),
        // Altered, or sealed with another key: that is a finding. A store that can't be asked isn't.
        Err(problem) if problem.code() == kit::catalogue::Code::INTERNAL => return Ok(Some("its bytes don't open")),
        Err(problem) => return Err(problem),
    };
    let is_same = Some(settle::hash(&found).as_str()) == record.values.get(&KEPT_SHA256);
    Ok((!is_same).then_some("its bytes have another hash"))
}
