//! Pull: a phone's slice, followed as it changes.

use lianfang::platform::access::{Grant, Role};
use serde_json::{Value as Json, json};

use crate::support::{Actor, TestApp, examples};

async fn pull_all(actor: &Actor, cursor: &mut Option<String>) -> Vec<Json> {
    let mut changes = Vec::new();
    loop {
        let query = cursor.as_ref().map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let page = actor.get(&format!("/v1/sync/pull?limit=3{query}")).await.expect(200).body;
        changes.extend(page["changes"].as_array().unwrap().clone());
        *cursor = page["next_cursor"].as_str().map(str::to_owned);
        if page["has_more"] == false {
            return changes;
        }
    }
}

fn ids<'a>(changes: &'a [Json], op: &str, kind: &str) -> Vec<&'a str> {
    let mut ids: Vec<&str> = changes
        .iter()
        .filter(|change| change["op"] == op && change["kind"] == kind)
        .map(|change| change["id"].as_str().unwrap())
        .collect();
    ids.sort_unstable();
    ids
}

#[tokio::test]
async fn a_phone_pulls_its_slice_and_follows_it_when_it_changes() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let (here, there) =
        (examples::checkpoint(&admin, "511802005").await, examples::checkpoint(&admin, "511802114").await);
    let guard = app.gate_guard("大兴街道").await;
    let mut cursor = None;
    let first = pull_all(&guard, &mut cursor).await;
    assert_eq!(ids(&first, "upsert", "places"), [here.as_str()]);
    assert!(pull_all(&guard, &mut cursor).await.is_empty());
    let made = admin.post("/v1/screenings", &examples::screening(&here, 1)).await.expect(201);
    admin.post("/v1/screenings", &examples::screening(&there, 2)).await.expect(201);
    let next = pull_all(&guard, &mut cursor).await;
    assert_eq!(ids(&next, "upsert", "screenings"), [made.body["id"].as_str().unwrap()]);
    let kinds: Vec<&str> = next.iter().map(|change| change["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["people", "screenings"], "a person comes before what introduced him");
    admin.patch(&format!("/v1/places/{here}"), "\"1\"", &json!({"area_code": "511802114"})).await.expect(200);
    admin.post(&format!("{}:void", made.header("location")), &json!({"reason": "x"})).await.expect(200);
    let next = pull_all(&guard, &mut cursor).await;
    assert_eq!(ids(&next, "access_revoked", "places"), [here.as_str()]);
    assert_eq!(ids(&next, "void", "screenings"), [made.body["id"].as_str().unwrap()]);

    let user = admin.get(&format!("/v1/users/{}", guard.id)).await.expect(200);
    let moved = json!({"roles": [{"role": "gate_guard", "area_code": "511802114"}]});
    admin.patch(&format!("/v1/users/{}", guard.id), user.header("etag"), &moved).await.expect(200);
    let moved = pull_all(&guard, &mut cursor).await;
    let mut both = [here.as_str(), there.as_str()];
    both.sort_unstable();
    assert_eq!(ids(&moved, "upsert", "places"), both, "what became visible is filled in");
    assert_eq!(ids(&moved, "access_revoked", "screenings"), [made.body["id"].as_str().unwrap()]);
    assert!(pull_all(&guard, &mut cursor).await.is_empty());
    let sums = guard.post("/v1/sync/checksum", &json!({"kinds": ["places"]})).await.expect(200).body;
    assert_eq!((&sums["kinds"][0]["count"], sums["kinds"][0]["checksum"].as_str().unwrap().len()), (&json!(2), 16));
    let (_, headers, bytes) = guard.with("accept-encoding", "gzip").download("/v1/sync/pull").await;
    assert_eq!((headers["content-encoding"].to_str().unwrap(), &bytes[..2]), ("gzip", &[0x1f, 0x8b][..]));
    let stranger =
        app.actor_of(vec![Grant { role: Role::GateGuard, area_code: "511802114".into(), org_id: None }]).await;
    let stolen = stranger.get(&format!("/v1/sync/pull?cursor={}", cursor.unwrap())).await;
    assert_eq!(stolen.expect(400).code(), "bad_cursor");
}

#[tokio::test]
async fn after_a_restore_phones_begin_anew() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    for sequence in 1..4 {
        admin.post("/v1/screenings", &examples::screening(&place, sequence)).await.expect(201);
    }
    let mut cursor = None;
    pull_all(&admin, &mut cursor).await;
    let cursor = cursor.unwrap();
    // As a restore to before the last entry, and another write after it, would leave it. It is noticed at the latest when the
    // clocks are looked at again.
    app.sql(
        "WITH entry AS (UPDATE ledger_entries SET head = sha256(head) WHERE first_no = (SELECT max(first_no) FROM ledger_entries) \
         RETURNING district_code, head) UPDATE district_clocks AS c SET head = e.head FROM entry AS e WHERE e.district_code = c.district_code",
    )
    .await;
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    let reply = admin.get(&format!("/v1/sync/pull?cursor={cursor}")).await;
    assert_eq!(reply.expect(410).code(), "resync_required");
    app.sql("DELETE FROM ledger_entries WHERE first_no = (SELECT max(first_no) FROM ledger_entries)").await;
    admin.get(&format!("/v1/sync/pull?cursor={cursor}")).await.expect(410);
}
