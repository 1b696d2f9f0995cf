//! Objects beside the database: attachments' bytes, in a folder or a bucket.

use kit::columns;
use kit::problem::Problem;
use kit::statement::Statement;
use uuid::Uuid;

use super::super::owner::Work;
use crate::platform::objects;
use crate::platform::privacy::seal::Owner;
use crate::records::theme::{KeptObject, KeptObjects};

columns! {
    ID "id": Uuid;
}

/// Objects looked at together.
const TOGETHER: i64 = 200;

/// How many objects there are in a district.
pub async fn count(work: &mut Work<'_>, district_code: &str) -> Result<u64, Problem> {
    let mut count = 0;
    for kept in work.core.ext::<KeptObjects>().0 {
        let counted =
            Statement::new(format!("SELECT count(*) AS count FROM {} AS r WHERE {}", kept.kind, kept.is_kept));
        count += work.owner.count(counted.sql(" AND r.district_code = ").text(district_code)).await?;
    }
    Ok(count)
}

/// Goes through all objects of a district; `each` is given the record, and the number of the key that its object bears.
pub async fn walk(
    work: &mut Work<'_>,
    district_code: &str,
    mut each: impl AsyncFnMut(&mut Work<'_>, &KeptObject, Uuid, u32) -> Result<(), Problem>,
) -> Result<(), Problem> {
    for kept in work.core.ext::<KeptObjects>().0 {
        let mut after = Uuid::nil();
        loop {
            let page = Statement::new(format!("SELECT r.id FROM {} AS r WHERE {}", kept.kind, kept.is_kept))
                .sql(" AND r.district_code = ")
                .text(district_code)
                .sql(" AND r.id > ")
                .id(after)
                .sql(" ORDER BY r.id LIMIT ")
                .integer(TOGETHER);
            let ids: Vec<Uuid> = work.owner.run(page).await?.into_iter().filter_map(|mut row| row.get(&ID)).collect();
            let Some(last) = ids.last().copied() else { break };
            work.tell(ids.len());
            for id in ids {
                if let Some(number) = objects::key_of(work.core, owner(kept, id, district_code)).await? {
                    each(work, kept, id, number).await?;
                }
            }
            after = last;
        }
    }
    Ok(())
}

fn owner<'a>(kept: &KeptObject, id: Uuid, district_code: &'a str) -> Owner<'a> {
    Owner { kind: kept.kind, field: kept.field, id, district_code }
}

/// Seals again what bears another key; how many, and how many can't be opened.
pub async fn seal_again(work: &mut Work<'_>, district_code: &str, sealing: u32) -> Result<(u64, u64), Problem> {
    let (mut sealed, mut left) = (0, 0);
    walk(work, district_code, async |work, kept, id, number| {
        if number == sealing {
            return Ok(());
        }
        match one(work, kept, id, district_code).await {
            Ok(false) => {}
            Ok(true) => sealed += 1,
            // A store that is away isn't an object that can't be opened.
            Err(problem) if problem.code() == kit::catalogue::Code::UNAVAILABLE => return Err(problem),
            Err(problem) => {
                tracing::warn!(%problem, kind = kept.kind, %id, "an object can't be opened: it keeps its key");
                left += 1;
            }
        }
        Ok(())
    })
    .await?;
    Ok((sealed, left))
}

/// Seals one again, its record held: a purge says first that it is gone, and deletes it then. What it deleted doesn't come back.
async fn one(work: &mut Work<'_>, kept: &KeptObject, id: Uuid, district_code: &str) -> Result<bool, Problem> {
    let held = Statement::new(format!("SELECT r.id FROM {} AS r WHERE {} AND r.id = ", kept.kind, kept.is_kept))
        .id(id)
        .sql(" AND r.district_code = ")
        .text(district_code)
        .sql(" FOR UPDATE");
    let core = work.core;
    work.together(async |work| {
        if work.owner.run(held).await?.is_empty() {
            return Ok(false);
        }
        objects::seal_again(core, owner(kept, id, district_code)).await
    })
    .await
}
