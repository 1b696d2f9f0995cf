//! Attachments of a district in a state, page by page: what is proved, and what is deleted once more.

use kit::problem::Problem;
use kit::statement::Statement;
use uuid::Uuid;

use super::record::{ATTACHMENTS, ContentState};
use crate::platform::core::Core;
use crate::records::{Record, read};

/// Attachments looked at together.
const TOGETHER: i64 = 200;

/// Those that come next after an id; none at the end.
pub async fn after(
    core: &Core,
    district_code: &str,
    state: ContentState,
    after: Option<&Record>,
) -> Result<Vec<Record>, Problem> {
    let select = ATTACHMENTS.select();
    let page = Statement::new(format!("SELECT {select} FROM attachments AS r WHERE r.district_code = "))
        .text(district_code)
        .sql(" AND r.content_state = ")
        .text(state.code())
        .sql(" AND r.id > ")
        .id(after.map_or(Uuid::nil(), |record| record.envelope.id))
        .sql(" ORDER BY r.id LIMIT ")
        .integer(TOGETHER)
        .seeing_district(district_code);
    read::load(core, &ATTACHMENTS, &page).await
}
