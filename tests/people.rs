//! People: who is the same, what a document says, what is told to whom.

use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::support::{TestApp, examples, fake_resident_id};

fn person(change: Json) -> Json {
    let mut body = json!({"name": "张三", "document_type": "resident_id", "document_number": "519999194803120012", "area_code": "511802005"});
    body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    body
}

#[tokio::test]
async fn two_phones_that_met_the_same_person_end_at_one_record() {
    let app = TestApp::start().await;
    let (here, there) = (
        app.actor(lianfang::platform::access::Role::VillageCadre, "大兴街道").await,
        app.actor(lianfang::platform::access::Role::VillageCadre, "八步镇").await,
    );
    let first = here.post("/v1/people", &person(json!({}))).await.expect(201);
    let known =
        there.post("/v1/people", &person(json!({"area_code": "511802114", "phone": "15400000001"}))).await.expect(200);
    assert_eq!(first.body["id"], known.body["id"]);
    assert_eq!(known.body["phone"], "154****0001");
    for untold in ["birth_year", "sex", "address", "note", "aliases", "claims"] {
        assert_eq!(known.body[untold], Json::Null, "{untold} was not sent");
    }
    let path = first.header("location").to_owned();
    let read = here.get(&path).await.expect(200);
    assert_eq!(
        (&read.body["phone"], &read.body["revision"]),
        (&json!("154****0001"), &json!(2)),
        "what was empty is filled"
    );
    there.get(&path).await.expect(404);
    here.post("/v1/people", &person(json!({}))).await.expect(200);
    assert_eq!(here.get(&path).await.body["revision"], 2, "nothing new, no revision");
}

#[tokio::test]
async fn what_differs_from_the_register_is_kept_as_a_claim() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let path = admin
        .post("/v1/people", &person(json!({"phone": "15400000001"})))
        .await
        .expect(201)
        .header("location")
        .to_owned();
    for _ in 0..2 {
        let reply =
            admin.post("/v1/people", &person(json!({"phone": "15400000002", "name": "张叁"}))).await.expect(200);
        assert_eq!(reply.warnings(), ["differs_from_register", "differs_from_register", "unknown_county"]);
    }
    let read = admin.get(&path).await.body;
    assert_eq!((&read["name"], &read["phone"]), (&json!("张*"), &json!("154****0001")));
    let claims: Vec<(&Json, &Json)> =
        read["claims"].as_array().unwrap().iter().map(|claim| (&claim["field"], &claim["value"])).collect();
    assert_eq!(claims, [(&json!("name"), &json!("张*")), (&json!("phone"), &json!("154****0002"))]);
    let place = examples::checkpoint(&admin, "511802005").await;
    let screening = json!({"place_id": place, "direction": "in", "person": person(json!({"area_code": null, "phone": "15400000003"}))});
    let reply = admin.post("/v1/screenings", &screening).await.expect(201);
    assert!(reply.warnings().contains(&"differs_from_register".to_owned()));
    assert_eq!(
        reply.body["warnings"].as_array().unwrap().iter().filter(|warning| warning["field"] == "/person/phone").count(),
        1
    );
}

#[tokio::test]
async fn documents_are_checked_by_the_rules_of_their_type() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let fault = async |document_type: &str, number: &str| {
        let reply =
            admin.post("/v1/people", &person(json!({"document_type": document_type, "document_number": number}))).await;
        // Ids are hexadecimal: one may hold "abc" by chance.
        let mut told = reply.body.clone();
        for name in ["request_id", "id", "recorded_by", "revised_by", "change_no"] {
            told.as_object_mut().unwrap().remove(name);
        }
        assert!(!told.to_string().contains(number), "{number} is repeated");
        (reply.status, reply.faults().first().map(|(pointer, code)| format!("{pointer} {code}")).unwrap_or_default())
    };
    let refused = |code: &str| (422, format!("/document_number {code}"));
    assert_eq!(fault("resident_id", "519999194803120013").await, refused("checksum_mismatch"));
    assert_eq!(fault("resident_id", "519999480312001").await, refused("obsolete_15_digit"));
    assert_eq!(fault("resident_id", "519999194813120012").await, refused("bad_birth_date"));
    assert_eq!(fault("resident_id", "519999209003070021").await.0, 422);
    assert_eq!(fault("resident_id", "999999194803120012").await, refused("unknown_province"));
    assert_eq!(fault("resident_id", "abc").await.0, 422);
    assert_eq!(fault("hk_macao_permit", "X12345678").await.0, 422);
    assert_eq!(fault("none", "519999194803120012").await, refused("exclusive_fields"));
    for (document_type, number) in [
        ("hk_macao_permit", "h12345678"),
        ("taiwan_permit", "12345678"),
        ("passport", "E 1234 5678"),
        ("officer_card", "军字第1234567号"),
        ("other", "甲-1"),
    ] {
        assert_eq!(fault(document_type, number).await.0, 201, "{document_type}");
    }
    let missing = json!({"name": "x", "document_type": "passport", "area_code": "511802005"});
    assert_eq!(
        admin.post("/v1/people", &missing).await.expect(422).faults(),
        [("/document_number".to_owned(), "required".to_owned())]
    );
}

#[tokio::test]
async fn the_same_number_is_the_same_person_however_it_is_typed() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let id = async |document_type: &str, number: &str| {
        let body = person(json!({"document_type": document_type, "document_number": number}));
        admin.post("/v1/people", &body).await.body["id"].as_str().unwrap().to_owned()
    };
    let one = id("resident_id", "51999919680520004X").await;
    assert_eq!(one, id("resident_id", "51999919680520004x").await);
    assert_eq!(one, id("resident_id", "５１９９９９ 19680520 004X").await);
    assert_eq!(one, id("household_booklet", "51999919680520004X").await);
    assert_ne!(one, id("passport", "51999919680520004X").await);
}

#[tokio::test]
async fn without_a_document_name_and_phone_say_who_it_is() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let post = async |body: Json| admin.post("/v1/people", &body).await;
    let base = json!({"name": "王 奶奶", "phone": "+86 154-0000-0001", "area_code": "511802005"});
    let one = post(base.clone()).await.expect(201);
    assert_eq!(one.body["document_type"], "none");
    assert_eq!(
        post(json!({"name": "王  奶奶", "phone": "15400000001", "area_code": "511802005"})).await.expect(200).body["id"],
        one.body["id"]
    );
    assert_ne!(
        post(json!({"name": "王 奶奶", "phone": "15400000002", "area_code": "511802005"})).await.expect(201).body["id"],
        one.body["id"]
    );
    let own = Uuid::now_v7();
    let nameless = json!({"id": own, "name": "婴儿", "area_code": "511802005"});
    assert_eq!(
        post(nameless.clone()).await.expect(201).body["id"],
        own.to_string(),
        "with neither, the client's own id"
    );
    assert_eq!(post(nameless).await.expect(200).body["revision"], 1);
    let unnamed = json!({"name": "婴儿", "area_code": "511802005"});
    assert_ne!(post(unnamed.clone()).await.expect(201).body["id"], post(unnamed).await.expect(201).body["id"]);
}

#[tokio::test]
async fn a_clients_own_id_is_an_alias_afterwards() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let alias = Uuid::now_v7().to_string();
    let created = admin.post("/v1/people", &person(json!({"id": alias}))).await.expect(201);
    assert_ne!(created.body["id"], alias.as_str());
    assert_eq!(created.body["aliases"], json!([alias]));
    let other = Uuid::now_v7().to_string();
    admin.post("/v1/people", &person(json!({"id": other}))).await.expect(200);
    let place = examples::checkpoint(&admin, "511802005").await;
    for id in [&alias, &other, &created.body["id"].as_str().unwrap().to_owned()] {
        assert_eq!(admin.get(&format!("/v1/people/{id}")).await.expect(200).body["id"], created.body["id"]);
        let screening = json!({"place_id": place, "direction": "in", "person_id": id, "temperature_c": "36.5", "answers": ["none"]});
        let reply = admin.post("/v1/screenings", &screening).await.expect(201);
        assert_eq!((&reply.body["person_id"], &reply.body["complete"]), (&created.body["id"], &json!(true)));
    }
}

#[tokio::test]
async fn the_document_tells_sex_and_year_of_birth() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let reply = admin.post("/v1/people", &person(json!({}))).await.expect(201);
    assert_eq!((&reply.body["sex"], &reply.body["birth_year"]), (&json!("male"), &json!("1940s")));
    let body = person(json!({"document_number": fake_resident_id(77), "sex": "not_stated", "birth_year": 1901}));
    let reply = admin.post("/v1/people", &body).await.expect(201);
    assert!(reply.warnings().contains(&"birth_year_differs_from_document".to_owned()));
    assert!(["male", "female"].contains(&reply.body["sex"].as_str().unwrap()));
}

#[tokio::test]
async fn categories_have_days_in_order_and_one_is_closed() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let category = |code: &str, until: &str| json!({"category": code, "since_on": "2020-01-22", "until_on": until, "source": "电话"});
    let body = person(
        json!({"categories": [category("corrections_subject", "2020-02-01"), category("hubei_returnee", "2020-01-01"), {"category": "x"}]}),
    );
    let faults = admin.post("/v1/people", &body).await.expect(422).faults();
    let pointers: Vec<&str> = faults.iter().map(|(pointer, _)| pointer.as_str()).collect();
    let expected =
        ["/categories/0/category", "/categories/2/category", "/categories/2/since_on", "/categories/2/source"];
    assert_eq!(pointers, expected, "what is closed is told with all else");
    let body = person(
        json!({"categories": [category("corrections_subject", "2020-02-01"), category("hubei_returnee", "2020-01-01")]}),
    );
    let faults = admin.post("/v1/people", &body).await.expect(422).faults();
    assert_eq!(
        faults,
        [
            ("/categories/0/category".to_owned(), "closed_category".to_owned()),
            ("/categories/1/until_on".to_owned(), "invalid_order".to_owned())
        ]
    );
    let both = person(
        json!({"categories": [category("hubei_returnee", "2020-02-05"), category("close_contact", "2020-02-05")]}),
    );
    assert_eq!(admin.post("/v1/people", &both).await.expect(201).body["categories"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_masked_value_sent_back_is_refused() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let path = admin
        .post("/v1/people", &person(json!({"phone": "15400000001"})))
        .await
        .expect(201)
        .header("location")
        .to_owned();
    for (field, value) in [("name", "张*"), ("phone", "154****0001"), ("address", "***")] {
        let reply = admin.patch(&path, "\"1\"", &json!({field: value})).await.expect(422);
        assert_eq!(reply.faults(), [(format!("/{field}"), "masked_value".to_owned())]);
    }
    assert_eq!(
        admin.patch(&path, "\"1\"", &json!({"document_number": "519999199003070021"})).await.expect(422).faults()[0].1,
        "create_only"
    );
    let amended = admin.patch(&path, "\"1\"", &json!({"phone": "0835-1234567", "name": "章三"})).await.expect(200);
    assert_eq!((&amended.body["name"], amended.header("etag")), (&json!("章*"), "\"2\""));
}

#[tokio::test]
async fn names_look_like_themselves() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let hidden = person(json!({"name": "张\u{200b}三\u{202e}", "document_number": fake_resident_id(7)}));
    let reply = admin.post("/v1/people", &hidden).await.expect(201);
    assert_eq!(
        (&reply.body["name"], reply.warnings().contains(&"invisible_characters_dropped".to_owned())),
        (&json!("张*"), true)
    );
    // It is found by what it looks like.
    let sought = json!({"name": "张三", "area_code": "511802"});
    let found = admin.post("/v1/people:search", &sought).await.expect(200).body;
    assert_eq!(found["items"][0]["id"], reply.body["id"]);
    let place = json!({"kind": "mall", "name": "\u{2066}东门\u{200f}商场", "area_code": "511802005"});
    let place = admin.post("/v1/places", &place).await.expect(201);
    assert_eq!(
        (&place.body["name"], place.warnings()),
        (&json!("东门商场"), vec!["invisible_characters_dropped".to_owned()])
    );
    let plain = json!({"kind": "mall", "name": "西门商场", "area_code": "511802005"});
    assert!(admin.post("/v1/places", &plain).await.expect(201).warnings().is_empty());
}
