//! References inside lists of objects, as of the members of whom a visit tells: where a phone gave an id of its own, the
//! record's own is stored, as in a record's own fields. What isn't found stays as it was said: somebody of the household
//! may be registered where the caller doesn't look.

use kit::field::{Field, Shape};
use kit::value::Value;
use serde_json::Value as Json;
use uuid::Uuid;

use super::draft::Draft;
use super::resolve::Found;

/// Ids that such references give, each with the kind that it is of.
pub fn named(draft: &Draft) -> Vec<(&'static str, Uuid)> {
    let mut named = Vec::new();
    for (list, reference, kind) in references(draft) {
        let Some(Value::Json(Json::Array(items))) = draft.values.get(list.name) else { continue };
        let ids = items.iter().filter_map(|item| item.get(reference.name)?.as_str()?.parse().ok());
        named.extend(ids.map(|id| (kind, id)));
    }
    named
}

/// Puts the own ids of the records found where others were given.
pub fn assign(draft: &mut Draft, found: &Found) {
    for (list, reference, kind) in references(draft) {
        let Some(of_kind) = found.get(kind) else { continue };
        let Some(Value::Json(Json::Array(items))) = draft.values.get(list.name) else { continue };
        let mut items = items.clone();
        for id in items.iter_mut().filter_map(|item| item.get_mut(reference.name)) {
            let sought: Option<Uuid> = id.as_str().and_then(|id| id.parse().ok());
            if let Some(record) = sought.and_then(|sought| of_kind.get(&sought)) {
                *id = record.envelope.id.to_string().into();
            }
        }
        draft.values.set(list.name, Value::Json(Json::Array(items)));
    }
}

/// Lists of a draft's kind whose items refer to records: the list, the member of its items, the kind of those records.
fn references(draft: &Draft) -> Vec<(&'static Field, &'static Field, &'static str)> {
    let lists = draft.kind.body_fields().into_iter().filter_map(|list| match list.shape {
        Shape::List { of: Shape::Object(members), .. } => Some((list, *members)),
        _ => None,
    });
    let referring = lists.flat_map(|(list, members)| members.iter().map(move |member| (list, member)));
    let of_kind = referring.filter_map(|(list, member)| match member.shape {
        Shape::Reference(kind) => Some((list, member, kind)),
        _ => None,
    });
    of_kind.collect()
}
