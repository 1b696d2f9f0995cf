//! The operations of sync.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::CACHE_CONTROL;
use kit::catalogue::Code;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use serde_json::json;
use uuid::Uuid;

use super::wire::{HeldItem, ShownConflict, SyncChecksums, SyncReceipt, SyncReceipts, SyncResult, SyncResults};
use super::{conflicts, held, held_retry, pull, push, wire};
use crate::exchange::changes::index::kinds_of_ids;
use crate::exchange::codes::{RESYNC_REQUIRED, TOO_MUCH_HELD};
use crate::platform::access::Role;
use crate::platform::codes::{DISTRICT_REQUIRED, FORBIDDEN, NOT_FOUND};
use crate::platform::http::page::Page;
use crate::platform::http::schema::reference;
use crate::platform::http::{Access, Answer, Call, Operation};
use crate::records::closed::is_open_to;
use crate::records::codes::{ALREADY_ENDED, OUT_OF_AREA, RECORD_VOIDED};
use crate::records::include::INCLUDE;
use crate::records::list::{CURSOR, LIMIT};
use crate::records::{document, read};

/// The operations of this room.
pub fn operations() -> Vec<Operation> {
    let pushed = json!({"device_id": "phone-7", "items": [{"kind": "screenings", "op": "create", "id": "0198c0de-0004-7000-8000-000000000009",
        "occurred_at": "2020-02-02T08:30:00+08:00", "device_time": "2020-02-02T19:00:00+08:00",
        "body": {"place_id": "0198c0de-0002-7000-8000-000000000001", "direction": "in", "temperature_c": "36.5"}}]});
    let result = json!({"index": 0, "id": "0198c0de-0004-7000-8000-000000000009", "outcome": "created", "id_alias": null, "revision": 1,
        "change_no": 43, "fields": null, "problem": null, "warnings": []});
    let all = || Access::Roles(Role::ALL);
    vec![
        Operation::new(Method::POST, "/v1/sync/push", "push_sync", push::push)
            .described("sync", "Hand in what was captured offline", "Up to 500 items of any kinds, in order, each for itself and idempotent. What can't be placed is held for 90 days, never lost; fields that others changed too become conflicts.")
            .access(Access::SignedIn)
            .hands_in()
            .body(reference("SyncPush"), pushed)
            .answers::<SyncResults>(207, "What became of each item.", Some(json!({"results": [result], "server_time": "2020-02-02T19:00:01+08:00", "head": 43})))
            .problems(&[Code::WRITE_CONFLICT, Code::LEDGER_UNAVAILABLE]),
        Operation::new(Method::GET, "/v1/sync/pull", "pull_sync", pull::pull)
            .described("sync", "Fetch what changed", "The caller's slice as it stands: upserts, voids, and what left the slice. Without a cursor from the beginning. When rights change, what was gained and lost is filled in. Gzipped on request. `include` tells beside a page what its records name.")
            .access(all())
            .parameters(vec![&wire::PULL_CURSOR, &LIMIT, &INCLUDE, &wire::DISTRICT])
            .answers::<pull::Pulled>(200, "A page; go on while `has_more`.", Some(json!({"changes": [], "next_cursor": "bWFj", "has_more": false, "head": 43, "server_time": "2020-02-02T19:00:01+08:00"})))
            .problems(&[Code::BAD_CURSOR, RESYNC_REQUIRED, DISTRICT_REQUIRED, NOT_FOUND, Code::LEDGER_UNAVAILABLE]),
        Operation::new(Method::POST, "/v1/sync/checksum", "checksum_sync", pull::checksum)
            .described("sync", "Compare without fetching", "Of each kind how many records the slice holds, and the XOR of the first 8 bytes of SHA-256(`id:revision`) over them, voided ones left out.")
            .access(all())
            .body(document::described(wire::CHECKSUM, "Which kinds; all by default."), json!({"kinds": ["screenings"]}))
            .answers::<SyncChecksums>(200, "The sums.", Some(json!({"kinds": [{"kind": "screenings", "count": 12, "last_change_no": 43, "checksum": "9f2c4e0011223344"}]})))
            .problems(&[DISTRICT_REQUIRED, NOT_FOUND]),
        Operation::new(Method::POST, "/v1/sync/receipts", "list_sync_receipts", receipts)
            .described("sync", "Ask what became of items", "For a phone whose answer was lost: by the records' ids.")
            .access(Access::SignedIn)
            .hands_in()
            .body(document::described(wire::RECEIPTS, "The ids."), json!({"ids": ["0198c0de-0004-7000-8000-000000000009"]}))
            .answers::<SyncReceipts>(200, "The fate of each.", Some(json!({"items": [{"id": "0198c0de-0004-7000-8000-000000000009", "fate": "recorded", "kind": "screenings", "id_alias": null, "revision": 1, "change_no": 43}]}))),
        Operation::new(Method::GET, "/v1/held-items", "list_held_items", held::list)
            .described("sync", "List held items", "The caller's own, and those of an area that he supervises. Their author reads what he sent, others read it masked.")
            .access(Access::SignedIn)
            .parameters(vec![&LIMIT, &CURSOR, &wire::HELD_STATE])
            .answers::<Page<HeldItem>>(200, "A page.", Some(json!({"items": [wire::held_example()], "next_cursor": null})))
            .with_headers(&["Link"]),
        Operation::new(Method::GET, "/v1/held-items/{id}", "get_held_item", held::get)
            .described("sync", "Get a held item", "Out of reach answers like absent.")
            .access(Access::SignedIn)
            .answers::<HeldItem>(200, "The item.", Some(wire::held_example()))
            .with_headers(&["ETag"]),
        Operation::new(Method::PATCH, "/v1/held-items/{id}", "amend_held_item", held::mend)
            .described("sync", "Mend a held item", "A merge patch with a `body`, by its author; then `:retry`. Kind, operation and id stay as they were sent.")
            .access(Access::SignedIn)
            .body_of(reference("HeldItemPatch"), json!({"body": {"temperature_c": "36.5"}}), &["application/merge-patch+json", "application/json"])
            .answers::<HeldItem>(200, "The item.", Some(wire::held_example()))
            .with_headers(&["ETag"])
            .problems(&[FORBIDDEN, ALREADY_ENDED, TOO_MUCH_HELD]),
        Operation::new(Method::POST, "/v1/held-items/{id}:retry", "retry_held_item", held_retry::retry)
            .described("sync", "Try a held item again", "As its author's: with his rights, recorded as his. Whoever supervises him lets it through with the rights that its author had when he wrote it; `If-Match` says which revision he saw.")
            .access(Access::SignedIn)
            .answers::<SyncResult>(200, "What became of it.", None)
            .problems(&[FORBIDDEN, Code::BAD_IF_MATCH, Code::STALE, ALREADY_ENDED, Code::WRITE_CONFLICT, Code::LEDGER_UNAVAILABLE]),
        Operation::new(Method::POST, "/v1/held-items/{id}:discard", "discard_held_item", held::discard)
            .described("sync", "Discard a held item", "It stays readable until it expires. Once more is no fault.")
            .access(Access::SignedIn)
            .body(document::described(wire::DISCARD, "Why."), json!({"reason": "重复采集"}))
            .answers::<HeldItem>(200, "The item.", Some(wire::held_example())),
        Operation::new(Method::GET, "/v1/conflicts", "list_conflicts", conflicts::list)
            .described("sync", "List conflicts", "The caller's own, and those of an area that he supervises.")
            .access(Access::SignedIn)
            .parameters(vec![&LIMIT, &CURSOR, &wire::CONFLICT_STATE])
            .answers::<Page<ShownConflict>>(200, "A page.", Some(json!({"items": [wire::conflict_example()], "next_cursor": null})))
            .with_headers(&["Link"]),
        Operation::new(Method::POST, "/v1/conflicts/{id}:resolve", "resolve_conflict", conflicts::resolve)
            .described("sync", "Resolve a conflict", "`server` leaves the record as it stands, `phone` writes the phone's values as the next revision.")
            .access(Access::SignedIn)
            .body(document::described(wire::RESOLVE, "Whose values hold."), json!({"take": "phone"}))
            .answers::<ShownConflict>(200, "The conflict.", Some(wire::conflict_example()))
            .problems(&[OUT_OF_AREA, ALREADY_ENDED, RECORD_VOIDED, Code::WRITE_CONFLICT, Code::LEDGER_UNAVAILABLE]),
    ]
}

async fn receipts(call: Call) -> Answer {
    let form = call.form(wire::RECEIPTS).await?;
    let ids: Vec<Uuid> = form.codes("ids").into_iter().filter_map(|text| text.parse().ok()).collect();
    let mut fates: BTreeMap<Uuid, SyncReceipt> = recorded(&call, &ids).await?;
    for (id, fate) in unresolved_items(&call, &ids).await? {
        fates.entry(id).or_insert(fate);
    }
    let unknown = |id: &Uuid| SyncReceipt::without_record(*id, "unknown", None);
    let items = ids.iter().map(|id| fates.get(id).cloned().unwrap_or_else(|| unknown(id))).collect();
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(SyncReceipts { items }))
}

/// Those that are records: the caller's own, wherever they stand, or in his scope.
async fn recorded(call: &Call, requested: &[Uuid]) -> Result<BTreeMap<Uuid, SyncReceipt>, Problem> {
    let (core, actor) = (&call.core, call.actor()?);
    let mut fates = BTreeMap::new();
    let by_kind = kinds_of_ids(core, &actor.districts, requested).await?;
    let known: BTreeSet<Uuid> = by_kind.values().flatten().copied().collect();
    for kind in core.kinds().kinds().filter(|kind| is_open_to(call, kind)) {
        let mut ids: Vec<Uuid> = by_kind.get(kind.name).into_iter().flatten().copied().collect();
        if kind.rules.identity().is_some() {
            ids.extend(requested.iter().filter(|id| !known.contains(id)));
        }
        if ids.is_empty() {
            continue;
        }
        let mut found = read::find_all(core, actor, kind, &ids).await?;
        for district_code in &actor.districts {
            let own = read::find_unscoped(core, kind, district_code, &ids).await?;
            found.extend(own.into_iter().filter(|(_, record)| record.envelope.recorded_by == actor.user_id));
        }
        for (id, record) in found {
            let envelope = &record.envelope;
            let id_alias = Some(envelope.id).filter(|own| *own != id);
            let (kind, revision) = (Some(kind.name.to_owned()), Some(envelope.revision));
            let change_no = Some(envelope.change_no);
            fates.insert(id, SyncReceipt { id, fate: "recorded", kind, id_alias, revision, change_no });
        }
    }
    Ok(fates)
}

/// Those of the caller that are held or in conflict.
async fn unresolved_items(call: &Call, ids: &[Uuid]) -> Result<Vec<(Uuid, SyncReceipt)>, Problem> {
    let (core, actor) = (&call.core, call.actor()?);
    let mut fates = Vec::new();
    for district_code in &actor.districts {
        for (table, fate) in [("held_items", "held"), ("sync_conflicts", "conflict")] {
            let statement = Statement::new(format!(
                "SELECT record_id, kind FROM {table} WHERE state = 'open' AND district_code = "
            ))
            .text(district_code)
            .sql(" AND user_id = ")
            .id(actor.user_id)
            .sql(" AND record_id = ANY(")
            .column(ColumnType::Id, ids.iter().copied().map(Value::Id).collect())
            .sql(")")
            .seeing_district(district_code);
            let fate = |mut row: Row| {
                let id = row.id("record_id")?;
                Some((id, SyncReceipt::without_record(id, fate, row.text("kind"))))
            };
            fates.extend(core.database.read(&statement).await?.into_iter().filter_map(fate));
        }
    }
    Ok(fates)
}
