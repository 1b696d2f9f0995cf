//! Units and what belongs to them.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::kit::problem::Problem;
use crate::kit::statement::Statement;
use crate::operations::Call;

/// A unit with all organisations below it.
pub struct Unit {
    /// None for records of no organisation.
    pub id: Option<Uuid>,
    /// Its name.
    pub name: Option<String>,
    /// Itself and all below; the nil id for records of no organisation.
    pub members: BTreeSet<Uuid>,
}

/// The unit that is asked for; else all that stand below no other, and what belongs to none.
pub async fn units(call: &Call, district_code: &str) -> Result<Vec<Unit>, Problem> {
    let statement = Statement::new(
        "SELECT o.id, o.name, o.parent_id FROM organizations AS o WHERE NOT o.voided AND o.district_code = ",
    )
    .text(district_code)
    .sql(" ORDER BY o.occurred_at, o.change_no")
    .seeing_district(district_code);
    let rows = call.service.database.read(&statement).await?;
    let mut names = BTreeMap::new();
    let mut children: BTreeMap<Option<Uuid>, Vec<Uuid>> = BTreeMap::new();
    let mut order = Vec::new();
    for mut row in rows {
        let Some((id, name)) = row.id("id").zip(row.text("name")) else { continue };
        let parent = row.id("parent_id");
        names.insert(id, name);
        children.entry(parent).or_default().push(id);
        order.push((id, parent));
    }
    let tops: Vec<Uuid> = match call.query.id("org_id") {
        Some(id) => names.contains_key(&id).then_some(id).into_iter().collect(),
        None => order
            .into_iter()
            .filter(|(_, parent)| parent.is_none_or(|id| !names.contains_key(&id)))
            .map(|(id, _)| id)
            .collect(),
    };
    let unit = |id: Uuid| Unit { id: Some(id), name: names.get(&id).cloned(), members: below(id, &children) };
    let mut units: Vec<Unit> = tops.into_iter().map(unit).collect();
    if !call.query.has("org_id") {
        units.push(Unit { id: None, name: None, members: BTreeSet::from([Uuid::nil()]) });
    }
    Ok(units)
}

fn below(top: Uuid, children: &BTreeMap<Option<Uuid>, Vec<Uuid>>) -> BTreeSet<Uuid> {
    let (mut found, mut open) = (BTreeSet::new(), vec![top]);
    while let Some(id) = open.pop() {
        // Each once: a circle of parents ends here.
        if found.insert(id) {
            open.extend(children.get(&Some(id)).into_iter().flatten());
        }
    }
    found
}
