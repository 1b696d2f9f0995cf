//! How many there are on all pages: counted up to a bound, or estimated where there are many.

use crate::support::{Actor, TestApp, examples};

async fn total(actor: &Actor, query: &str) -> (i64, String) {
    let reply = actor.get(&format!("/v1/screenings?limit=1&{query}")).await.expect(200);
    (reply.header("total-count").parse().unwrap_or(-1), reply.header("total-count-relation").to_owned())
}

#[tokio::test]
async fn a_total_is_exact_of_few_and_an_estimate_of_many() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    admin.post("/v1/screenings", &examples::screening(&place, 1)).await.expect(201);
    for query in ["count=exact", "count=estimate", "counted=true"] {
        assert_eq!(total(&admin, query).await, (1, "exact".to_owned()), "{query}");
    }
    assert_eq!(total(&admin, "counted=false").await, (-1, String::new()));
    for (query, fault) in [("count=exact&counted=true", "?counted"), ("count=some", "?count")] {
        let reply = admin.get(&format!("/v1/screenings?{query}")).await;
        assert!(matches!(reply.status, 400 | 422) && reply.faults()[0].0 == fault, "{}", reply.body);
    }
    let areas = "CASE WHEN n % 1000 = 0 THEN '511802001' WHEN n % 10 = 0 THEN '511802114' ELSE '511802005' END";
    app.more_screenings(30_000, areas).await;
    assert_eq!(total(&admin, "count=exact").await, (30_001, "exact".to_owned()));
    let near = |(number, relation): (i64, String), right: i64| {
        assert!(relation == "estimate" && (number - right).abs() * 5 < right, "{number} {relation}, not {right}");
    };
    near(total(&admin, "count=estimate").await, 30_001);
    near(total(&admin, "count=estimate&area_code=511802114").await, 2_970);
    // Of few, and of those whom the caller sees, never more than there are.
    assert_eq!(total(&admin, "count=estimate&area_code=511802001").await, (30, "exact".to_owned()));
    let (street, far) = (app.town_cadre("八步镇").await, app.town_cadre("大兴街道").await);
    near(total(&street, "count=estimate").await, 2_970);
    near(total(&far, "count=estimate").await, 27_001);
    assert_eq!(total(&far, "count=estimate&area_code=511802114").await, (0, "exact".to_owned()));
    // A cursor is the same list's, whether it was counted or not.
    let page = admin.get("/v1/screenings?limit=1&count=estimate").await.expect(200).body;
    let next = format!("/v1/screenings?limit=1&count=exact&cursor={}", page["next_cursor"].as_str().unwrap());
    admin.get(&next).await.expect(200);
}
