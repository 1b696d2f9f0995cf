//! Proof of the editions of a district: what each says is digested once more.

use kit::problem::Problem;
use kit::statement::Statement;

use super::BULLETIN_EDITIONS;
use super::issue::content_digest;
use super::wire::CONTENT_DIGEST;
use crate::platform::core::Core;
use crate::records::read;
use crate::records::theme::Unproven;

/// Editions held at a time.
const PAGE: i64 = 100;

/// The first edition of a district that doesn't say what its digest was made of, if any.
pub async fn unproven(core: &Core, district_code: &str) -> Result<Option<Unproven>, Problem> {
    let (mut after, select) = (0, BULLETIN_EDITIONS.select());
    loop {
        let page = Statement::new(format!("SELECT {select} FROM bulletin_editions AS r WHERE r.district_code = "))
            .text(district_code)
            .sql(" AND r.change_no > ")
            .integer(after)
            .sql(" ORDER BY r.change_no LIMIT ")
            .integer(PAGE)
            .seeing_district(district_code);
        let editions = read::load(core, &BULLETIN_EDITIONS, &page).await?;
        let Some(last) = editions.last() else { return Ok(None) };
        after = last.envelope.change_no;
        let differs = editions
            .iter()
            .find(|edition| edition.values.get(&CONTENT_DIGEST) != Some(content_digest(&edition.values).as_str()));
        if let Some(edition) = differs {
            let what = "the digest of what it says";
            return Ok(Some(Unproven { kind: BULLETIN_EDITIONS.name, id: edition.envelope.id, what }));
        }
    }
}
