//! The service itself: every answer in form, whatever is asked.

use reqwest::Method;
use serde_json::json;

use lianfang::platform::http::pressure::Lane;

use crate::support::TestApp;

#[tokio::test]
async fn what_is_not_there_and_what_is_not_so_are_problems() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    for (method, path, status, code) in [
        (Method::GET, "/nothing", 404, "not_found"),
        (Method::GET, "/v1/screenings/x", 404, "not_found"),
        (Method::GET, "/v1/screenings/0198c0de-0004-7000-8000-000000000001:nonsense", 404, "not_found"),
        (Method::DELETE, "/v1/screenings", 405, "method_not_allowed"),
        (Method::PUT, "/v1/screenings/0198c0de-0004-7000-8000-000000000001", 405, "method_not_allowed"),
        (Method::GET, "/v1/screenings:batch", 405, "method_not_allowed"),
    ] {
        let reply = admin.send(method.clone(), path, None).await.expect(status);
        assert_eq!(reply.code(), code, "{method} {path}");
        assert_eq!(reply.header("content-type"), "application/problem+json");
        assert_eq!(reply.body["status"], status);
        assert_eq!(reply.body["request_id"], reply.header("x-request-id"));
        assert_eq!((status == 405), !reply.header("allow").is_empty(), "{method} {path}");
    }
    assert_eq!(admin.send(Method::DELETE, "/v1/screenings", None).await.header("allow"), "GET, HEAD, POST");
    let head = admin.send(Method::HEAD, "/v1/places", None).await.expect(200);
    assert_eq!((head.body, head.headers.contains_key("content-length")), (serde_json::Value::Null, true));
    admin.send(Method::HEAD, "/v1/places/x", None).await.expect(404);
}

#[tokio::test]
async fn bodies_are_json_in_utf_8_and_nothing_else() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let post = async |content_type: &str, body: &str| {
        let actor = admin.with("content-type", content_type);
        actor.send(Method::POST, "/v1/places", Some(body.to_owned())).await
    };
    for content_type in
        ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=gb18030", "application/xml"]
    {
        assert_eq!(post(content_type, "{}").await.expect(415).code(), "unsupported_media_type", "{content_type}");
    }
    let inflated = admin.with("content-encoding", "gzip").post("/v1/places", &json!({})).await;
    inflated.expect(415);
    post("application/json; charset=utf-8", "{}").await.expect(422);
    for body in ["", "{", "{\"a\":}", "nul", "{} {}", "\u{feff}{}"] {
        assert_eq!(post("application/json", body).await.expect(400).code(), "malformed_json", "{body:?}");
    }
    assert_eq!(post("application/json", &"[".repeat(100_000)).await.expect(400).code(), "malformed_json");
    assert_eq!(
        post("application/json", &format!("\"{}\"", "x".repeat(300_000))).await.expect(413).code(),
        "body_too_large"
    );
    for (body, pointer, code) in [
        ("[]", "", "not_an_object"),
        ("{\"name\":\"a\",\"name\":\"b\"}", "/name", "duplicate_field"),
        ("{\"name\":\"a\\u0000\"}", "/name", "nul_character"),
        ("{\"x\\u0000\":{\"y\":\"\\u0000\"}}", "/x", "unknown_field"),
        ("{\"a/b~c\":1}", "/a~1b~0c", "unknown_field"),
    ] {
        let faults = post("application/json", body).await.expect(400).faults();
        assert!(faults.contains(&(pointer.to_owned(), code.to_owned())), "{body}: {faults:?}");
    }
}

#[tokio::test]
async fn problems_are_told_in_the_readers_language() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let message = async |language: &str| {
        let reply = admin.with("accept-language", language).post("/v1/places", &json!({})).await.expect(422);
        (reply.header("content-language").to_owned(), reply.body["errors"][0]["message"].as_str().unwrap().to_owned())
    };
    assert_eq!(message("en").await, ("en".to_owned(), "is required".to_owned()));
    assert_eq!(message("zh-CN").await, ("zh-CN".to_owned(), "必填".to_owned()));
    assert_eq!(message("fr").await.0, "zh-CN");
    assert_eq!(message("fr;q=0.9, en;q=0.8, zh;q=0.1").await.0, "en");
}

#[tokio::test]
async fn every_answer_has_the_headers_of_the_contract() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    for path in ["/healthz", "/readyz", "/openapi.json", "/docs/", "/nothing", "/v1/places"] {
        let reply = admin.get(path).await;
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
        assert!(reply.header("vary").contains("Accept-Language"), "{path}");
        assert!(!reply.header("x-request-id").is_empty(), "{path}");
        assert!(reply.headers.get("server").is_none(), "{path}");
    }
    for unsafe_id in ["", "short", "510000199001011234", "a b c d e f g h", &"x".repeat(200)] {
        assert_ne!(admin.with("x-request-id", unsafe_id).get("/healthz").await.header("x-request-id"), unsafe_id);
    }
}

#[tokio::test]
async fn the_page_comes_whole_from_the_binary() {
    let app = TestApp::start().await;
    let client = reqwest::Client::new();
    let text = async |path: &str| {
        let response = client.get(app.url(path)).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        response.text().await.unwrap()
    };
    let index = text("/docs/").await;
    assert!(index.contains("id=\"sign-in\"") && !index.contains("http://") && !index.contains("https://"));
    for file in ["swagger-ui.css", "swagger-ui-bundle.js", "sign-in.js", "sign-in.css"] {
        assert!(index.contains(file) && text(&format!("/docs/{file}")).await.len() > 200, "{file}");
    }
    let reference = text("/docs/reference/").await;
    let files = reference.split('"').filter(|file| file.starts_with("/docs/reference/"));
    let files: Vec<String> = files.map(|file| file.trim_start_matches("/docs/reference/").to_owned()).collect();
    assert!(files.len() > 8 && !reference.contains("https://"), "{reference}");
    for file in files {
        for line in text(&format!("/docs/reference/{file}")).await.lines().filter(|line| line.starts_with("import ")) {
            let named = line.rsplit('"').nth(1).unwrap().trim_start_matches("./");
            assert!(text(&format!("/docs/reference/{named}")).await.len() > 500, "{named}");
        }
    }
    let strict = client.get(app.url("/docs/reference/")).send().await.unwrap();
    let policy = strict.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert!(text("/docs/reference").await == reference && text("/docs/roles.md").await.contains("`district_admin`"));
    let dashboard = text("/").await;
    // The only address elsewhere is a name: that of SVG's elements.
    let elsewhere = dashboard.replace("http://www.w3.org/2000/svg", "");
    assert!(dashboard.contains("id=\"sign-in\"") && !elsewhere.contains("http://") && !elsewhere.contains("https://"));
    for file in dashboard.split('"').filter(|file| file.starts_with("/dashboard/")) {
        assert!(text(file).await.len() > 100, "{file}");
    }
    for (path, library) in [("/dashboard/uplot.js", "uPlot"), ("/dashboard/uplot-LICENSE.txt", "MIT")] {
        assert!(text(path).await.contains(library), "{path}");
    }
    assert_eq!(client.get(app.url("/docs/../Cargo.toml")).send().await.unwrap().status(), 404);
    assert_eq!(client.get(app.url("/docs/nothing.js")).send().await.unwrap().status(), 404);
}

/// Documents of the binary are less than half over the air, and nothing the second time.
#[tokio::test]
async fn documents_go_gzipped_and_once() {
    use std::io::Read;
    let app = TestApp::start().await;
    let client = reqwest::Client::new();
    for path in ["/openapi.json", "/docs/swagger-ui-bundle.js", "/docs/"] {
        let get =
            async |header: &str, value: &str| client.get(app.url(path)).header(header, value).send().await.unwrap();
        let plain = get("accept-encoding", "identity").await;
        let tag = plain.headers()["etag"].to_str().unwrap().to_owned();
        assert!(plain.headers().get("content-encoding").is_none(), "{path}");
        let plain = plain.bytes().await.unwrap();
        let packed = get("accept-encoding", "br, gzip").await;
        assert_eq!(
            (&packed.headers()["content-encoding"], packed.headers()["etag"].to_str().unwrap()),
            (&"gzip".parse().unwrap(), &*tag)
        );
        let packed = packed.bytes().await.unwrap();
        assert!(packed.len() * 2 < plain.len(), "{path}: {} of {} bytes", packed.len(), plain.len());
        let mut unpacked = Vec::new();
        flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut unpacked).unwrap();
        assert!(unpacked == plain, "{path}");
        let again = get("if-none-match", &tag).await;
        assert_eq!((again.status().as_u16(), again.headers()["etag"].to_str().unwrap()), (304, &*tag), "{path}");
        assert!(again.bytes().await.unwrap().is_empty());
    }
}

/// No input may cause a 5xx: odd values in every field of every creation.
#[tokio::test]
async fn odd_values_are_refused_or_kept_and_never_break_anything() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let odd = [
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(1e308),
        json!(9_223_372_036_854_775_807_i64),
        json!(""),
        json!(" "),
        json!("\u{0}"),
        json!("\u{202e}x"),
        json!("'; DROP TABLE people; --"),
        json!("🦠".repeat(1000)),
        json!("1900-01-01T00:00:00Z"),
        json!("9999-12-31T23:59:59Z"),
        json!("0001-01-01T00:00:00Z"),
        json!("00000000-0000-0000-0000-000000000000"),
        json!("NaN"),
        json!("1e400"),
        json!([]),
        json!([[]]),
        json!([null]),
        json!({}),
        json!({"a": {"b": []}}),
        json!(["none", "none"]),
        json!("511802005001-99"),
    ];
    let kinds = lianfang::records::Registry::new(&lianfang::server::routes::KINDS);
    let mut broken = Vec::new();
    for kind in kinds.kinds() {
        for field in kind.body_fields() {
            for value in &odd {
                let mut body = crate::support::examples::of_kind(kind.name);
                body.as_object_mut().unwrap().remove("id");
                body[field.name] = value.clone();
                let reply = admin.post(&format!("/v1/{}", kind.path), &body).await;
                if reply.status >= 500 {
                    broken.push(format!("{} {} = {value}: {}", kind.name, field.name, reply.status));
                }
            }
        }
        for name in
            ["limit", "cursor", "area_code", "from", "to", "from_on", "to_on", "include_voided", "district_code"]
        {
            for value in [
                "",
                "x",
                "-1",
                "99999999999999999999",
                "%00",
                "%ff",
                "1900-01-01",
                "2199-12-31",
                "2199-12-31T23:59:59Z",
                "51",
                "true",
                "%F0%9F%A6%A0",
            ] {
                let reply = admin.get(&format!("/v1/{}?{name}={value}", kind.path)).await;
                if reply.status >= 500 {
                    broken.push(format!("GET {} {name}={value}: {}", kind.name, reply.status));
                }
            }
        }
    }
    for query in
        ["since=9223372036854775807", "since=-1", "limit=500", "kinds=,", "kinds=%00", "area_code=5", "wait=31"]
    {
        let reply = admin.get(&format!("/v1/changes?{query}")).await;
        if reply.status >= 500 {
            broken.push(format!("changes {query}"));
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[tokio::test]
async fn beyond_its_bound_reads_are_refused_before_writes_and_health_never() {
    let app = TestApp::start_with(|config| config.requests_at_once = 4).await;
    let admin = app.administrator().await;
    let held: Vec<_> = (0..3).map(|_| app.core.pressure.enter(Lane::Write).unwrap()).collect();
    let refused = admin.get("/v1/places").await.expect(503);
    assert_eq!((refused.code(), refused.header("retry-after")), ("unavailable", "1"));
    let organization = json!({"kind": "school", "name": "一小", "area_code": "511802005"});
    admin.post("/v1/organizations", &organization).await.expect(201);
    let last = app.core.pressure.enter(Lane::Write).unwrap();
    admin.post("/v1/organizations", &organization).await.expect(503);
    app.nobody().get("/healthz").await.expect(200);
    app.nobody().get("/readyz").await.expect(200);
    drop((held, last));
    admin.get("/v1/places").await.expect(200);
    let text = app.core.metrics.text(&app.core).unwrap();
    assert!(text.contains("lianfang_requests_refused_total 2\n"), "{text}");
    assert!(text.contains("lianfang_requests_total{operation=\"list_places\",status=\"503\"} 1\n"), "{text}");
    assert!(text.contains("lianfang_ledger_appends_total 1\n") && text.ends_with("# EOF\n"), "{text}");
    assert!(!text.contains("一小") && !text.contains(&admin.id.to_string()));
}

#[tokio::test]
async fn who_asks_through_a_proxy_is_known_by_his_own_address() {
    let address = async |trusted: &[&str], forwarded: &str| {
        let trusted = trusted.iter().map(|text| text.parse().unwrap()).collect();
        let app = TestApp::start_with(|config| config.trusted_proxies = trusted).await;
        let login = json!({"username": "nobody", "password": "x"});
        app.nobody().with("x-forwarded-for", forwarded).post("/v1/auth/login", &login).await.expect(401);
        app.rows("SELECT address FROM audit_log WHERE verb = 'session.refused'").await[0].text("address").unwrap()
    };
    assert_eq!(address(&[], "9.9.9.9").await, "127.0.0.1", "anybody may write such a header");
    assert_eq!(address(&["127.0.0.1"], "9.9.9.9, 10.1.2.3").await, "10.1.2.3");
    assert_eq!(address(&["127.0.0.1", "10.1.2.3"], "9.9.9.9, 10.1.2.3").await, "9.9.9.9");
    assert_eq!(address(&["127.0.0.1"], "rubbish").await, "127.0.0.1");
}

#[tokio::test]
async fn the_log_of_our_own_database_is_compressed_by_the_cheapest_way_that_it_knows() {
    let app = TestApp::start().await;
    let setting =
        "SELECT setting, coalesce(enumvals::text, '') AS known FROM pg_settings WHERE name = 'wal_compression'";
    let mut row = app.rows(setting).await.remove(0);
    let (used, known) = (row.text("setting").unwrap(), row.text("known").unwrap());
    if known.contains("lz4") { assert_eq!(used, "lz4") } else { assert_ne!(used, "off") }
}
