//! Proof of the attachments of a district: each one that is kept is there, opens, and has the hash that the ledger says.

use kit::problem::Problem;

use super::record::{ATTACHMENTS, ContentState, KEPT_SHA256};
use super::{listed, settle};
use crate::platform::core::Core;
use crate::platform::objects;
use crate::records::Record;
use crate::records::theme::Unproven;

/// The first attachment of a district that isn't what its ledger says, if any.
pub async fn unproven(core: &Core, district_code: &str) -> Result<Option<Unproven>, Problem> {
    let mut page = listed::after(core, district_code, ContentState::Kept, None).await?;
    while !page.is_empty() {
        for record in &page {
            if let Some(what) = differs(core, record).await? {
                return Ok(Some(Unproven { kind: ATTACHMENTS.name, id: record.envelope.id, what }));
            }
        }
        page = listed::after(core, district_code, ContentState::Kept, page.last()).await?;
    }
    Ok(None)
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
