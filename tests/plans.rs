//! Statements are planned for tables as large as they are now, not as they were when a connection first asked.

use diesel::QueryableByName;
use diesel::sql_types::Json as SqlJson;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use kit::link::Link;
use kit::row_scope::RowScope;
use serde_json::Value as Json;

use crate::support::TestApp;

#[derive(QueryableByName)]
struct Plan {
    #[diesel(sql_type = SqlJson, column_name = "QUERY PLAN")]
    plan: Json,
}

/// Rows that the connection's plan of the statement expects.
async fn expected(link: &mut Link) -> i64 {
    let asked = diesel::sql_query("EXPLAIN (FORMAT JSON) EXECUTE presences('511802')");
    let plans: Vec<Plan> = asked.load(&mut **link).await.unwrap();
    plans[0].plan[0]["Plan"]["Plan Rows"].as_i64().unwrap()
}

#[tokio::test]
async fn what_was_planned_while_tables_were_empty_is_planned_anew_once_the_ledger_has_doubled() {
    let app = TestApp::start().await;
    let mut link = app.core.database.own_connection().await.unwrap();
    link.see(&RowScope::Everything).await.unwrap();
    let prepare = "PREPARE presences(text) AS SELECT total FROM person_presences WHERE district_code = $1";
    link.batch_execute(prepare).await.unwrap();
    let of_empty = expected(&mut link).await;
    app.sql(
        "INSERT INTO person_presences (district_code, kind, person_id, on_day, area_code, place_id, total) \
         SELECT '511802', 'screenings', gen_random_uuid(), '2020-02-02', '511802005', gen_random_uuid(), 1 \
         FROM generate_series(1, 100000)",
    )
    .await;
    let heads = app.core.ledger.heads();
    let head = heads.known("511802").max(1);
    heads.note("511802", head);
    heads.note("511802", head * 2);
    // The next to use the connection says what he may see, as always.
    link.see(&RowScope::Everything).await.unwrap();
    let of_full = expected(&mut link).await;
    assert!(of_full > of_empty * 10, "planned for {of_empty} rows, then for {of_full}");
}
