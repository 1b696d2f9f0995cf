//! Donations and issues: never more than there is, never to somebody else than they are for, and always in step
//! with the stock.

use lianfang::exchange::files::decode::encoded;
use lianfang::platform::access::{Grant, Role};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::figures_situation::all;
use crate::imports::counts;
use crate::isolation_cases::set_clock;
use crate::shifts::make;
use crate::support::story::Story;
use crate::support::{Actor, Reply, TestApp};
use crate::sync::{outcomes, push};

const PESTICIDE: &str = "agri_pesticide";
const STREET: &str = "511802005";
const TOWN: &str = "511802114";

/// A district with a warehouse, a street and a town.
struct Goods {
    app: TestApp,
    admin: Actor,
    warehouse: String,
    street: String,
    town: String,
}

async fn organization(admin: &Actor, name: &str, area_code: &str, parent_id: Option<&str>) -> String {
    let body = json!({"kind": "bureau", "name": name, "area_code": area_code, "parent_id": parent_id});
    make(admin, "organizations", body).await
}

async fn place(admin: &Actor, kind: &str, name: &str, area_code: &str) -> String {
    make(admin, "places", json!({"kind": kind, "name": name, "area_code": area_code})).await
}

impl Goods {
    async fn begin() -> Self {
        let app = TestApp::start().await;
        set_clock(&app, "2020-02-02T12:00:00+08:00");
        let admin = app.administrator().await;
        let warehouse = place(&admin, "warehouse", "救灾物资仓库", STREET).await;
        let street = organization(&admin, "大兴街道", STREET, None).await;
        let town = organization(&admin, "八步镇", TOWN, None).await;
        Self { app, admin, warehouse, street, town }
    }

    fn item(&self, quantity: &str) -> Json {
        json!({"item": "农药", "commodity": PESTICIDE, "quantity": quantity, "quantity_unit": "件"})
    }

    async fn bought(&self, quantity: &str) -> String {
        let body = json!({"place_id": self.warehouse, "commodity": PESTICIDE, "direction": "in", "quantity": quantity, "quantity_unit": "件", "reason": "purchase", "occurred_at": "2020-01-20T10:00:00+08:00"});
        make(&self.admin, "stock-movements", body).await
    }

    fn gift(&self, quantity: &str, change: Json) -> Json {
        merged(
            json!({"donor_kind": "organization", "donor_name": "雅安某某公司", "received_by_place_id": self.warehouse, "received_on": "2020-01-25", "items": [self.item(quantity)]}),
            change,
        )
    }

    fn issue(&self, quantity: &str, to: &str, donation: Option<&str>, change: Json) -> Json {
        merged(
            json!({"from_place_id": self.warehouse, "recipient_org_id": to, "donation_id": donation, "occurred_at": "2020-01-28T10:00:00+08:00", "items": [self.item(quantity)]}),
            change,
        )
    }

    async fn give(&self, quantity: &str, change: Json) -> String {
        make(&self.admin, "donations", self.gift(quantity, change)).await
    }

    async fn hand_out(&self, quantity: &str, to: &str, donation: Option<&str>) -> Reply {
        self.admin.post("/v1/material-issues", &self.issue(quantity, to, donation, json!({}))).await
    }

    async fn stock(&self) -> String {
        let stocks = self.admin.get(&format!("/v1/stocks?place_id={}", self.warehouse)).await.expect(200).body;
        stocks["items"].as_array().unwrap().iter().find(|item| item["commodity"] == PESTICIDE).unwrap()["quantity"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    async fn void(&self, kind: &str, id: &str) -> Reply {
        self.admin.post(&format!("/v1/{kind}/{id}:void"), &json!({"reason": "录错"})).await
    }

    async fn restore(&self, kind: &str, id: &str) -> Reply {
        self.admin.post(&format!("/v1/{kind}/{id}:restore"), &json!({"reason": "恢复"})).await
    }

    async fn amend(&self, kind: &str, id: &str, change: Json) -> Reply {
        amend(&self.admin, kind, id, change).await
    }

    async fn trace(&self, donation: &str) -> Json {
        self.admin.get(&format!("/v1/donations/{donation}/trace")).await.expect(200).body
    }

    async fn verified(&self) {
        lianfang::integrity::verify(&self.app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
    }
}

fn merged(mut body: Json, change: Json) -> Json {
    for (name, value) in change.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

async fn amend(actor: &Actor, kind: &str, id: &str, change: Json) -> Reply {
    let path = format!("/v1/{kind}/{id}");
    let tag = actor.get(&path).await.expect(200).header("etag").to_owned();
    actor.patch(&path, &tag, &change).await
}

fn id_of(reply: &Reply) -> String {
    reply.body["id"].as_str().unwrap().to_owned()
}

fn only(reply: Reply) -> (String, String, String) {
    let reply = reply.expect(422);
    let errors = reply.body["errors"].as_array().unwrap().clone();
    assert_eq!(errors.len(), 1, "{}", reply.body);
    let text = |name: &str| errors[0][name].as_str().unwrap().to_owned();
    (text("pointer"), text("code"), text("message"))
}

/// The table of what is worth a test: the first two rows about gifts.
/// A trace is bounded, and what is left follows from all that was issued.
#[tokio::test]
async fn a_trace_of_very_many_issues_says_that_it_was_cut() {
    let goods = Goods::begin().await;
    let gift = make(&goods.admin, "donations", goods.gift("20000", json!({}))).await;
    let issue = json!({"from_place_id": goods.warehouse, "recipient_org_id": goods.street, "donation_id": gift, "items": [goods.item("1")], "occurred_at": "2020-02-02T11:00:00+08:00"});
    let issue = make(&goods.admin, "material-issues", issue).await;
    assert_eq!(goods.trace(&gift).await["truncated"], json!(false));
    let copies = |from: u32, to: u32, at: &str| {
        format!(
            "INSERT INTO material_issues SELECT (jsonb_populate_record(r, jsonb_build_object('id', gen_random_uuid(), 'change_no', 1000000 + n, 'occurred_at', '{at}'::timestamptz))).* \
             FROM material_issues AS r, generate_series({from}, {to}) AS n WHERE r.id = '{issue}'"
        )
    };
    goods.app.sql(&copies(1, 9_999, "2020-01-30T09:00:00+08:00")).await;
    let whole = goods.trace(&gift).await;
    assert_eq!((whole["issues"].as_array().unwrap().len(), &whole["truncated"]), (10_000, &json!(false)));
    goods.app.sql(&copies(10_000, 10_001, "2020-02-02T11:30:00+08:00")).await;
    let cut = goods.trace(&gift).await;
    assert_eq!((cut["issues"].as_array().unwrap().len(), &cut["truncated"]), (10_000, &json!(true)));
    assert_eq!(cut["issues"], whole["issues"], "the earliest");
    assert_eq!((&cut["items"][0]["issued"], &cut["items"][0]["left"]), (&json!("10002"), &json!("9998")));
}

#[tokio::test]
async fn a_gift_goes_to_whom_it_is_for_and_no_further_than_it_reaches() {
    let goods = Goods::begin().await;
    goods.bought("50").await;
    let gift = goods.give("50", json!({"designated_org_id": goods.street})).await;
    assert_eq!(goods.stock().await, "100");
    let (pointer, code, message) = only(goods.hand_out("60", &goods.street, Some(&gift)).await);
    assert_eq!((pointer.as_str(), code.as_str()), ("/items/0/quantity", "donation_exhausted"));
    assert!(message.contains("50"), "{message}");
    let (pointer, code, _) = only(goods.hand_out("50", &goods.town, Some(&gift)).await);
    assert_eq!((pointer.as_str(), code.as_str()), ("/donation_id", "designated_elsewhere"));
    let both = goods.hand_out("51", &goods.town, Some(&gift)).await.expect(422).faults();
    assert_eq!(
        both.iter().map(|(_, code)| code.as_str()).collect::<Vec<_>>(),
        ["designated_elsewhere", "donation_exhausted"]
    );

    let issue = id_of(&goods.hand_out("30", &goods.street, Some(&gift)).await.expect(201));
    assert_eq!(goods.stock().await, "70");
    let (_, code, message) = only(goods.void("donations", &gift).await);
    assert_eq!(code, "donation_in_use");
    assert!(message.contains("30"), "{message}");
    let (_, code, message) = only(goods.hand_out("21", &goods.street, Some(&gift)).await);
    assert_eq!(code, "donation_exhausted");
    assert!(message.contains("20"), "{message}");
    // More than there is of anything, out of no gift: the stock's own rule.
    let (pointer, code, _) = only(goods.hand_out("71", &goods.town, None).await);
    assert_eq!((pointer.as_str(), code.as_str()), ("/items/0/quantity", "insufficient_stock"));

    let trace = goods.trace(&gift).await;
    assert_eq!((&trace["items"][0]["issued"], &trace["items"][0]["left"]), (&json!("30"), &json!("20")), "{trace}");
    assert_eq!(
        (&trace["issues"][0]["material_issue_id"], &trace["issues"][0]["recipient_org_id"]),
        (&json!(issue), &json!(goods.street))
    );
    // The issue is taken back: so may the gift be, and both come again in order only.
    goods.void("material-issues", &issue).await.expect(200);
    assert_eq!(goods.stock().await, "100");
    goods.void("donations", &gift).await.expect(200);
    assert_eq!(goods.stock().await, "50");
    assert_eq!(only(goods.restore("material-issues", &issue).await).1, "donation_not_standing");
    goods.restore("donations", &gift).await.expect(200);
    goods.restore("material-issues", &issue).await.expect(200);
    assert_eq!(goods.stock().await, "70");
    goods.verified().await;
}

#[tokio::test]
async fn the_stock_follows_gifts_and_issues_and_nobody_bends_it_by_hand() {
    let goods = Goods::begin().await;
    let gift = goods.give("50", json!({})).await;
    let movements = format!("/v1/stock-movements?place_id={}", goods.warehouse);
    let made = all(&goods.admin, &movements).await.remove(0);
    assert_eq!(
        (&made["direction"], &made["reason"], &made["source_kind"], &made["source_id"], &made["quantity"]),
        (&json!("in"), &json!("donation"), &json!("donations"), &json!(gift), &json!("50"))
    );
    assert!(made["occurred_at"].as_str().unwrap().starts_with("2020-01-25T"), "{made}");
    let movement = made["id"].as_str().unwrap().to_owned();
    for refused in [
        goods.amend("stock-movements", &movement, json!({"quantity": "60"})).await,
        goods.amend("stock-movements", &movement, json!({"occurred_at": "2020-01-26T10:00:00+08:00"})).await,
        goods.void("stock-movements", &movement).await,
    ] {
        let (_, code, message) = only(refused);
        assert_eq!(code, "kept_by_source");
        assert!(message.contains(&gift), "{message}");
    }
    let forged = json!({"place_id": goods.warehouse, "commodity": PESTICIDE, "direction": "in", "quantity": "1", "quantity_unit": "件", "source_kind": "donations", "source_id": gift});
    goods.admin.post("/v1/stock-movements", &forged).await.expect(422);
    let issue = id_of(&goods.hand_out("30", &goods.town, Some(&gift)).await.expect(201));
    // An issue without a gift takes from what is there as well.
    assert_eq!(only(goods.hand_out("21", &goods.town, None).await).1, "insufficient_stock");
    goods.amend("material-issues", &issue, json!({"items": [goods.item("45")]})).await.expect(200);
    assert_eq!(goods.stock().await, "5");
    assert_eq!(
        only(goods.amend("material-issues", &issue, json!({"items": [goods.item("51")]})).await).1,
        "donation_exhausted"
    );
    goods.amend("material-issues", &issue, json!({"items": [goods.item("20")]})).await.expect(200);
    goods
        .amend(
            "donations",
            &gift,
            json!({"items": [goods.item("80"), {"item": "面包", "quantity": "3", "quantity_unit": "箱"}]}),
        )
        .await
        .expect(200);
    assert_eq!(goods.stock().await, "60");
    // A line that goes takes its movement along, one that comes again brings it back.
    let seed = json!({"item": "种子", "commodity": "agri_seed", "quantity": "10", "quantity_unit": "kg"});
    goods.amend("donations", &gift, json!({"items": [goods.item("80"), seed]})).await.expect(200);
    let seeds = format!("{movements}&commodity=agri_seed");
    assert_eq!(all(&goods.admin, &seeds).await.len(), 1);
    goods.amend("donations", &gift, json!({"items": [goods.item("80")]})).await.expect(200);
    assert_eq!(all(&goods.admin, &seeds).await.len(), 0);
    goods.amend("donations", &gift, json!({"items": [goods.item("80"), seed]})).await.expect(200);
    let again = all(&goods.admin, &seeds).await;
    assert_eq!((again.len(), &again[0]["revision"]), (1, &json!(3)), "{again:?}");
    // An amendment that changes nothing of the stock makes no revision of a movement.
    let before = goods.admin.get(&format!("/v1/stock-movements/{movement}")).await.expect(200).body["revision"].clone();
    goods.amend("donations", &gift, json!({"receipt_no": "雨捐-1"})).await.expect(200);
    let after = goods.admin.get(&format!("/v1/stock-movements/{movement}")).await.expect(200).body["revision"].clone();
    assert_eq!(before, after);
    // The day of the gift moves its movement; not behind what was issued of it.
    goods.amend("donations", &gift, json!({"received_on": "2020-01-22"})).await.expect(200);
    let moved = goods.admin.get(&format!("/v1/stock-movements/{movement}")).await.expect(200).body;
    assert!(moved["occurred_at"].as_str().unwrap().starts_with("2020-01-22T"), "{moved}");
    let late = goods.amend("donations", &gift, json!({"received_on": "2020-01-30"})).await.expect(422).faults();
    assert!(late.contains(&("/received_on".to_owned(), "donation_in_use".to_owned())), "{late:?}");
    goods.verified().await;
}

#[tokio::test]
async fn a_stock_card_runs_from_balance_to_balance() {
    let goods = Goods::begin().await;
    goods.bought("100").await;
    let gift = goods.give("50", json!({})).await;
    goods.hand_out("30", &goods.street, Some(&gift)).await.expect(201);
    let card = format!(
        "/v1/stock-cards?place_id={}&commodity={PESTICIDE}&from_on=2020-01-21&to_on=2020-01-31",
        goods.warehouse
    );
    let body = goods.admin.get(&card).await.expect(200).body;
    assert_eq!(
        [&body["opening"], &body["received"], &body["issued"], &body["closing"], &body["unit"]],
        [&json!("100"), &json!("50"), &json!("30"), &json!("120"), &json!("item")],
        "{body}"
    );
    let lines: Vec<_> = body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (line["entry"].as_str().unwrap(), line["balance"].as_str().unwrap()))
        .collect();
    assert_eq!(lines, [("opening", "100"), ("movement", "150"), ("movement", "120"), ("closing", "120")]);
    assert_eq!(body["items"][1]["source_id"], json!(gift));
    let sheet = goods.admin.with("accept", "text/csv").download(&format!("{card}&headers=zh")).await;
    let sheet = String::from_utf8(sheet.2).unwrap();
    assert_eq!(sheet.lines().count(), 5, "{sheet}");
    assert!(sheet.contains("收入") && sheet.contains("结存"), "{sheet}");
    goods.admin.get("/v1/stock-cards").await.expect(422);
    let none = goods
        .admin
        .get(&format!("/v1/stock-cards?place_id={}&commodity=agri_seed", goods.street))
        .await
        .expect(200)
        .body;
    assert_eq!((&none["closing"], none["items"].as_array().unwrap().len()), (&json!("0"), 2));
}

#[tokio::test]
async fn two_who_hand_out_the_same_last_fifty_at_once() {
    let goods = Goods::begin().await;
    let gift = goods.give("50", json!({})).await;
    goods.bought("100").await;
    for donation in [Some(gift.as_str()), None] {
        let quantity = if donation.is_some() { "50" } else { "100" };
        for _ in 0..3 {
            let (one, other) = tokio::join!(
                goods.hand_out(quantity, &goods.street, donation),
                goods.hand_out(quantity, &goods.town, donation)
            );
            let (made, refused) = if one.status == 201 { (one, other) } else { (other, one) };
            assert_eq!((made.status, refused.status), (201, 422), "{} {}", made.body, refused.body);
            let expected = if donation.is_some() { "donation_exhausted" } else { "insufficient_stock" };
            assert_eq!(only(refused).1, expected);
            goods.void("material-issues", &id_of(&made)).await.expect(200);
        }
        if donation.is_some() {
            goods.hand_out("50", &goods.street, donation).await.expect(201);
        }
    }
    // A movement by hand and an issue take from one stock, in one batch as well.
    let out = json!({"place_id": goods.warehouse, "commodity": PESTICIDE, "direction": "out", "quantity": "60", "quantity_unit": "件"});
    let (one, other) =
        tokio::join!(goods.admin.post("/v1/stock-movements", &out), goods.hand_out("60", &goods.town, None));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!((statuses, goods.stock().await.as_str()), ([201, 422], "40"));
    goods.verified().await;
}

#[tokio::test]
async fn an_issue_from_a_phone_is_held_while_stock_lacks_and_not_lost() {
    let goods = Goods::begin().await;
    let town = goods.app.town_cadre("大兴街道").await;
    let id = Uuid::now_v7().to_string();
    let mut body = goods.issue("30", &goods.street, None, json!({}));
    body.as_object_mut().unwrap().remove("occurred_at");
    let item = json!({"kind": "material_issues", "op": "create", "id": id, "occurred_at": "2020-01-28T10:00:00+08:00", "body": body});
    assert_eq!(outcomes(&push(&town, json!([item])).await), ["held"]);
    let held = town.get("/v1/held-items").await.expect(200).body["items"][0].clone();
    assert_eq!(held["record_id"], json!(id), "{held}");
    goods.give("50", json!({})).await;
    let path = format!("/v1/held-items/{}:retry", held["id"].as_str().unwrap());
    let retried = town.send(reqwest::Method::POST, &path, None).await.expect(200);
    assert_eq!(retried.body["outcome"], "created", "{}", retried.body);
    assert_eq!(goods.stock().await, "20");
    // A gift and an issue of it in one push, in order.
    let gift = Uuid::now_v7().to_string();
    let given = goods.gift("10", json!({"designated_org_id": goods.street}));
    let mut out = goods.issue("10", &goods.street, Some(&gift), json!({}));
    out.as_object_mut().unwrap().remove("occurred_at");
    let items = json!([
        {"kind": "donations", "op": "create", "id": gift, "occurred_at": "2020-01-25T10:00:00+08:00", "body": given},
        {"kind": "material_issues", "op": "create", "id": Uuid::now_v7(), "occurred_at": "2020-01-28T11:00:00+08:00", "body": out},
    ]);
    assert_eq!(outcomes(&push(&town, items).await), ["created", "created"]);
    assert_eq!(goods.stock().await, "20");
    goods.verified().await;
}

#[tokio::test]
async fn whoever_bends_the_rule_gains_nothing() {
    let goods = Goods::begin().await;
    let admin = &goods.admin;
    goods.bought("500").await;
    let below = organization(admin, "龙溪社区", "511802005001", Some(&goods.street)).await;
    let compound = place(admin, "family_compound", "一号院", "511802005001").await;
    let gate = make(
        admin,
        "places",
        json!({"kind": "compound_gate", "name": "北门", "area_code": "511802005001", "parent_id": compound}),
    )
    .await;
    let elsewhere = place(admin, "family_compound", "二号院", "511802114200").await;
    let gift = goods.give("50", json!({"designated_org_id": goods.street})).await;
    let try_it = async |change: Json| {
        let mut body = goods.issue("1", &goods.street, Some(&gift), json!({}));
        body["recipient_org_id"] = Json::Null;
        admin.post("/v1/material-issues", &merged(body, change)).await
    };
    // The street's own community and compounds are the street's; another's aren't, even beside it.
    for change in [
        json!({"recipient_org_id": below}),
        json!({"recipient_place_id": gate}),
        json!({"recipient_org_id": goods.street, "recipient_place_id": compound}),
    ] {
        try_it(change).await.expect(201);
    }
    for change in [
        json!({"recipient_place_id": elsewhere}),
        json!({"recipient_org_id": goods.street, "recipient_place_id": elsewhere}),
        json!({"recipient_org_id": goods.town, "recipient_place_id": compound}),
    ] {
        assert_eq!(only(try_it(change).await).1, "designated_elsewhere");
    }
    assert_eq!(only(try_it(json!({})).await).1, "one_of_needed");
    // A gift for a place: its gate belongs to it, the street as such doesn't.
    let for_place = goods.give("20", json!({"designated_place_id": compound})).await;
    let there = json!({"donation_id": for_place, "recipient_place_id": gate});
    try_it(there).await.expect(201);
    for change in [json!({"recipient_org_id": goods.street}), json!({"recipient_place_id": elsewhere})] {
        assert_eq!(only(try_it(merged(change, json!({"donation_id": for_place}))).await).1, "designated_elsewhere");
    }

    // Amending: the gift's designation, its quantity, its items; the issue's gift, recipient, time.
    let in_use = async |change: Json| {
        let faults = goods.amend("donations", &gift, change).await.expect(422).faults();
        assert!(faults.iter().all(|(_, code)| code == &faults[0].1), "{faults:?}");
        faults[0].1.clone()
    };
    assert_eq!(in_use(json!({"designated_org_id": goods.town})).await, "donation_in_use");
    assert_eq!(in_use(json!({"designated_place_id": compound, "designated_org_id": null})).await, "donation_in_use");
    assert_eq!(in_use(json!({"items": [goods.item("2")]})).await, "donation_in_use");
    assert_eq!(
        in_use(json!({"items": [{"item": "面包", "quantity": "90", "quantity_unit": "箱"}]})).await,
        "donation_in_use"
    );
    assert_eq!(
        in_use(json!({"items": [{"item": "农药", "quantity": "90", "quantity_unit": "件"}]})).await,
        "donation_in_use"
    );
    goods.amend("donations", &gift, json!({"items": [goods.item("3")]})).await.expect(200);
    goods.amend("donations", &gift, json!({"designated_org_id": null})).await.expect(200);
    goods
        .amend("donations", &gift, json!({"designated_org_id": goods.street, "items": [goods.item("50")]}))
        .await
        .expect(200);

    let free = id_of(&goods.hand_out("60", &goods.street, None).await.expect(201));
    let issue = async |change: Json| only(goods.amend("material-issues", &free, change).await).1;
    assert_eq!(issue(json!({"donation_id": gift})).await, "donation_exhausted");
    goods.amend("material-issues", &free, json!({"items": [goods.item("10")]})).await.expect(200);
    goods.amend("material-issues", &free, json!({"donation_id": gift})).await.expect(200);
    assert_eq!(goods.trace(&gift).await["items"][0]["issued"], json!("13"));
    assert_eq!(issue(json!({"recipient_org_id": goods.town})).await, "designated_elsewhere");
    assert_eq!(issue(json!({"donation_id": for_place})).await, "designated_elsewhere");
    assert_eq!(issue(json!({"occurred_at": "2020-01-24T10:00:00+08:00"})).await, "before_donation");
    goods
        .amend("material-issues", &free, json!({"donation_id": null, "recipient_org_id": goods.town}))
        .await
        .expect(200);
    assert_eq!(goods.trace(&gift).await["items"][0]["issued"], json!("3"));

    // Calling the thing otherwise, in another unit, without its commodity.
    let other = async |item: Json| {
        let body = goods.issue("1", &goods.street, Some(&gift), json!({"items": [item]}));
        admin.post("/v1/material-issues", &body).await
    };
    for item in [
        json!({"item": "饼干", "quantity": "1", "quantity_unit": "箱"}),
        json!({"item": "农药", "commodity": "agri_seed", "quantity": "1", "quantity_unit": "kg"}),
    ] {
        assert_eq!(only(other(item).await).1, "not_of_donation");
    }
    let named = other(json!({"item": "农药", "quantity": "1", "quantity_unit": "件"})).await.expect(201).body;
    assert_eq!(named["items"][0]["commodity"], json!(PESTICIDE), "the gift says what it is: the stock goes down");
    assert_eq!(only(other(json!({"item": "农药", "quantity": "1", "quantity_unit": "箱"})).await).1, "not_of_donation");
    let twice = admin
        .post(
            "/v1/material-issues",
            &goods.issue("1", &goods.street, None, json!({"items": [goods.item("1"), goods.item("2")]})),
        )
        .await;
    assert_eq!(only(twice).1, "repeated_item");
    goods.verified().await;
}

#[tokio::test]
async fn donors_are_told_as_they_are_and_faults_all_at_once() {
    let goods = Goods::begin().await;
    let reply = async |change: Json| goods.admin.post("/v1/donations", &goods.gift("1", change)).await;
    assert_eq!(only(reply(json!({"donor_kind": "anonymous"})).await).1, "anonymous_donor");
    assert_eq!(only(reply(json!({"donor_kind": "person", "donor_name": null})).await).1, "one_of_needed");
    assert_eq!(only(reply(json!({"donor_name": null})).await).1, "one_of_needed");
    reply(json!({"donor_name": null, "donor_org_id": goods.town})).await.expect(201);
    reply(json!({"donor_kind": "anonymous", "donor_name": null})).await.expect(201);
    let masked = reply(json!({"donor_kind": "person", "donor_name": "王五"})).await.expect(201).body;
    assert_eq!((&masked["donor_name"], &masked["may_be_published"]), (&json!("王*"), &json!(false)));
    let all_wrong = reply(json!({"donor_kind": "anonymous", "items": [
        {"item": "农药", "commodity": PESTICIDE, "quantity": "1", "quantity_unit": "盒"},
        {"item": "尿素", "commodity": "agri_fertilizer_urea", "quantity": "1", "quantity_unit": "盒"}]}))
    .await;
    let codes: Vec<String> = all_wrong.expect(422).faults().into_iter().map(|(_, code)| code).collect();
    assert_eq!(codes, ["anonymous_donor", "unknown_unit", "unknown_unit"]);
    // Received tomorrow: nothing to hand out yet.
    let ahead = reply(json!({"received_on": "2020-02-03"})).await.expect(201).body;
    let ahead = ahead["id"].as_str().unwrap();
    assert_eq!(only(goods.hand_out("1", &goods.street, Some(ahead)).await).1, "donation_not_standing");
}

#[tokio::test]
async fn sheets_as_clerks_keep_them() {
    let goods = Goods::begin().await;
    let gifts = "捐赠登记表\n序号,捐赠单位(个人),捐赠物资,数量,单位,价值(元),捐赠日期,接收仓库,定向单位,收据号,是否公示,备注\n\
        1,雅安某某乳业有限公司,牛奶,480,盒,1296,2020年1月25日,救灾物资仓库,大兴街道,001,是,\n\
        1,雅安某某乳业有限公司,面包,20,箱,1000,2020年1月25日,救灾物资仓库,大兴街道,001,是,\n\
        2,爱心人士,口罩,500,个,,2020-01-26,救灾物资仓库,,002,否,匿名\n\
        3,王五,方便面,3,箱,90,2020-01-26,救灾物资仓库,,003,否,\n";
    let done = crate::imports::import(
        &goods.admin,
        "donations",
        "",
        "text/csv; charset=gb18030",
        encoded(gifts, "gb18030").unwrap(),
    )
    .await;
    assert_eq!(counts(&done)[4], 0, "{done}");
    let mut list = all(&goods.admin, "/v1/donations").await;
    list.sort_by_key(|gift| gift["receipt_no"].as_str().unwrap().to_owned());
    assert_eq!(list.len(), 3, "{list:?}");
    assert_eq!(
        (&list[0]["designated_org_id"], list[0]["items"].as_array().unwrap().len()),
        (&json!(goods.street), 2),
        "{}",
        list[0]
    );
    let kinds: Vec<&str> = list.iter().map(|gift| gift["donor_kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["organization", "anonymous", "person"]);
    assert_eq!(list[0]["items"][0]["commodity"], json!("milk_uht_250ml"));
    assert_eq!(
        (&list[2]["items"][0]["item"], &list[2]["items"][0]["commodity"]),
        (&json!("方便面"), &Json::Null),
        "a 箱 of how many?"
    );
    let stock = |stocks: &Json, code: &str| {
        stocks["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|item| item["commodity"] == code)
            .map(|item| item["quantity"].clone())
    };
    let stocks = goods.admin.get("/v1/stocks").await.expect(200).body;
    assert_eq!(stock(&stocks, "milk_uht_250ml"), Some(json!("480")), "{stocks}");
    assert_eq!(stock(&stocks, "ppe_mask_medical_disposable"), Some(json!("500")));
    let issues = "物资发放表\n发放时间,发出仓库,领用单位,物资名称,数量,单位,发放人数,用途,领取人\n\
        2020-01-28 09:00,救灾物资仓库,大兴街道,口罩,200,个,50,防护,李四\n\
        2020-01-28 10:00,救灾物资仓库,八步镇,口罩,400,个,50,防护,李四\n";
    let done = crate::imports::import(
        &goods.admin,
        "material_issues",
        "",
        "text/csv; charset=gb18030",
        encoded(issues, "gb18030").unwrap(),
    )
    .await;
    assert_eq!((counts(&done)[0], counts(&done)[4]), (1, 1), "{done}");
    let stocks = goods.admin.get("/v1/stocks").await.expect(200).body;
    assert_eq!(stock(&stocks, "ppe_mask_medical_disposable"), Some(json!("300")));
    // The same files again change nothing.
    crate::imports::import(
        &goods.admin,
        "donations",
        "",
        "text/csv; charset=gb18030",
        encoded(gifts, "gb18030").unwrap(),
    )
    .await;
    assert_eq!(all(&goods.admin, "/v1/donations").await.len(), 3);
    let template = goods.admin.download("/v1/imports/template?kind=donations").await;
    assert_eq!(template.0, 200);
}

#[tokio::test]
async fn figures_lead_to_what_they_count() {
    let goods = Goods::begin().await;
    goods.bought("100").await;
    let compound = place(&goods.admin, "family_compound", "一号院", "511802005001").await;
    let items = |quantity: &str, value: &str| json!([merged(goods.item(quantity), json!({"value_cny": value}))]);
    goods.give("50", json!({"items": items("50", "1250.50")})).await;
    goods.give("5", json!({"items": items("5", "99.5")})).await;
    for (to, occasion, people) in [("recipient_org_id", "protection", 3), ("recipient_place_id", "staff_support", 6)] {
        let recipient = if to == "recipient_org_id" { goods.street.clone() } else { compound.clone() };
        let mut body = goods.issue(
            "10",
            &goods.street,
            None,
            json!({"occasion": occasion, "recipients": people, "org_id": goods.town}),
        );
        body["recipient_org_id"] = Json::Null;
        body[to] = recipient.into();
        make(&goods.admin, "material-issues", body).await;
    }
    for (kind, figures) in [
        ("donations", &[("donations", 2)][..]),
        (
            "material-issues",
            &[
                ("material_issues", 2),
                ("issued_to_places", 1),
                ("issued_to_organizations", 1),
                ("issued_to_teams", 0),
                ("issued_staff_support", 1),
                ("issued_protection", 1),
            ],
        ),
    ] {
        let total = goods
            .admin
            .get(&format!("/v1/stats/{kind}?from_on=2020-01-20&to_on=2020-02-02"))
            .await
            .expect(200)
            .body["total"]
            .clone();
        for (name, count) in figures {
            assert_eq!(total[name]["value"], json!(count), "{name}: {total}");
            let url = total[name]["records_url"].as_str().unwrap();
            assert_eq!(all(&goods.admin, url).await.len(), usize::try_from(*count).unwrap(), "{url}");
        }
    }
    let total =
        goods.admin.get("/v1/stats/donations?from_on=2020-01-20&to_on=2020-02-02").await.expect(200).body["total"]
            .clone();
    assert!(total["donated_value_cny"].to_string().contains("1350"), "{total}");
    let given = goods.admin.get("/v1/stats/goods-given").await.expect(200).body;
    let item = &given["items"][0];
    assert_eq!(
        (&item["org_name"], &item["item"], &item["quantity"], &item["issues"]),
        (&json!("八步镇"), &json!("农药"), &json!("20"), &json!(2)),
        "{given}"
    );
    assert_eq!(all(&goods.admin, item["records_url"].as_str().unwrap()).await.len(), 2);
}

/// Units that see a donation: the one that keeps it, the one it is for, no other.
#[tokio::test]
async fn each_unit_sees_its_own_and_what_is_for_it() {
    let goods = Goods::begin().await;
    let app = &goods.app;
    let of = async |org: &str| {
        let grant = Grant { role: Role::OrgAdmin, area_code: "511802".to_owned(), org_id: Some(org.parse().unwrap()) };
        app.actor_of(vec![grant]).await
    };
    let bureau = organization(&goods.admin, "区教育局", "511802", None).await;
    let (bureau_head, street_head, town_head) = (of(&bureau).await, of(&goods.street).await, of(&goods.town).await);
    let gift = make(&bureau_head, "donations", goods.gift("50", json!({"designated_org_id": goods.street}))).await;
    let path = format!("/v1/donations/{gift}");
    street_head.get(&path).await.expect(200);
    assert_eq!(all(&street_head, "/v1/donations").await.len(), 1);
    town_head.get(&path).await.expect(404);
    town_head.get(&format!("{path}/trace")).await.expect(404);
    assert_eq!(all(&town_head, "/v1/donations").await.len(), 0);
    let refused = town_head.post("/v1/material-issues", &goods.issue("1", &goods.town, Some(&gift), json!({}))).await;
    assert_eq!(only(refused).1, "unknown_reference");
    // The street hands out what is its own; the bureau that received it sees where it went, and can't read the issue itself.
    let issue =
        make(&street_head, "material-issues", goods.issue("30", &goods.street, Some(&gift), json!({"recipients": 9})))
            .await;
    for (head, readable) in [(&bureau_head, false), (&street_head, true)] {
        let trace = head.get(&format!("{path}/trace")).await.expect(200).body;
        let line = &trace["issues"][0];
        assert_eq!((&trace["items"][0]["left"], &line["material_issue_id"]), (&json!("20"), &json!(issue)), "{trace}");
        assert_eq!((&line["is_readable"], line["recipients"].is_null()), (&json!(readable), !readable), "{trace}");
    }
    bureau_head.get(&format!("/v1/material-issues/{issue}")).await.expect(404);
    let refused = bureau_head.post(&format!("{path}:void"), &json!({"reason": "错"})).await;
    assert_eq!(only(refused).1, "donation_in_use");
    for role in [Role::GateGuard, Role::Volunteer, Role::HealthWorker] {
        let other = app.actor(role, "大兴街道").await;
        other.get("/v1/donations").await.expect(403);
        other.post("/v1/material-issues", &goods.issue("1", &goods.street, None, json!({}))).await.expect(403);
    }
    let village = app.actor(Role::VillageCadre, "大兴街道").await;
    village.get("/v1/material-issues").await.expect(200);
    village.post("/v1/donations", &goods.gift("1", json!({}))).await.expect(403);
}

/// A12 加强物资调配, A16 送上牛奶、水、方便面等物资, A17 采购消杀药水, by the units' own heads.
#[tokio::test]
async fn a_unit_buys_moves_and_hands_out() {
    let story = Story::begin("2020-01-28T08:00:00+08:00").await;
    let bureau = story.unit("bureau", "区教育局", None).await;
    let place = async |kind: &str, name: &str| {
        bureau.head.records("places", json!({"kind": kind, "name": name, "area_code": "511802005001"})).await
    };
    let (store, point, gate) = (
        place("warehouse", "教育局库房").await,
        place("service_point", "值守点").await,
        place("compound_gate", "北门").await,
    );
    let bought = json!({"place_id": store, "commodity": "disinfectant_84", "direction": "in", "quantity": "200", "quantity_unit": "瓶", "reason": "purchase", "counterpart": "雅安某某经营部", "cost_cny": "1600.00"});
    let bought = bureau.head.records("stock-movements", bought).await;
    let read = bureau.head.get(&format!("/v1/stock-movements/{bought}")).await.expect(200).body;
    assert_eq!((&read["counterpart"], &read["cost_cny"]), (&json!("雅安某某经营部"), &json!("1600.00")), "{read}");
    story.at("2020-01-28T09:00:00+08:00");
    let moved = |place: &str, direction: &str, counterpart: &str| json!({"place_id": place, "commodity": "disinfectant_84", "direction": direction, "quantity": "50", "quantity_unit": "瓶", "reason": "transfer", "counterpart": counterpart});
    let dispatch = json!({"items": [moved(&store, "out", "值守点"), moved(&point, "in", "教育局库房")]});
    bureau.head.post("/v1/stock-movements:batch?atomic=true", dispatch).await.expect(207);
    let gift = bureau.head.records("donations", json!({"donor_kind": "organization", "donor_name": "某某乳业有限公司", "received_by_place_id": point, "received_on": "2020-01-28", "items": [
        {"item": "牛奶", "commodity": "milk_uht_250ml", "quantity": "10", "quantity_unit": "箱(24盒)"}, {"item": "方便面", "commodity": "instant_noodles", "quantity": "100", "quantity_unit": "袋"}]})).await;
    story.at("2020-01-28T15:00:00+08:00");
    bureau.head.records("material-issues", json!({"from_place_id": point, "recipient_place_id": gate, "recipients": 4, "occasion": "staff_support", "donation_id": gift, "items": [
        {"item": "牛奶", "quantity": "24", "quantity_unit": "盒"}, {"item": "方便面", "quantity": "12", "quantity_unit": "袋"}]})).await;
    bureau
        .head
        .records(
            "material-issues",
            json!({"from_place_id": point, "recipient_org_id": bureau.org_id, "occasion": "disinfection", "items": [
        {"item": "84消毒液", "commodity": "disinfectant_84", "quantity": "20", "quantity_unit": "瓶"}]}),
        )
        .await;
    let card = async |place: &str, code: &str| {
        bureau.head.get(&format!("/v1/stock-cards?place_id={place}&commodity={code}")).await.expect(200).body["closing"]
            .clone()
    };
    assert_eq!(
        [
            card(&store, "disinfectant_84").await,
            card(&point, "disinfectant_84").await,
            card(&point, "milk_uht_250ml").await
        ],
        ["150", "30", "216"]
    );
    let given = bureau.head.get("/v1/stats/goods-given?occasion=staff_support").await.expect(200).body;
    let told: Vec<_> = given["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (item["item"].as_str().unwrap(), item["quantity"].as_str().unwrap()))
        .collect();
    assert_eq!(told.len(), 2, "{given}");
    assert!(told.contains(&("牛奶", "24")) && told.contains(&("方便面", "12")), "{told:?}");
    let spent = bureau.head.get("/v1/stats/stock-movements?from_on=2020-01-28&to_on=2020-01-28").await.expect(200).body
        ["total"]["purchase_cost_cny"]
        .clone();
    assert!(spent.to_string().contains("1600"), "{spent}");
    assert_eq!(bureau.head.counts(spent["records_url"].as_str().unwrap()).await, 1);
    let trace = bureau.head.get(&format!("/v1/donations/{gift}/trace")).await.expect(200).body;
    assert_eq!((&trace["items"][0]["issued"], &trace["items"][0]["left"]), (&json!("1"), &json!("9")), "{trace}");
}
