//! Bodies to send: the document's own examples, and variations.

use std::collections::BTreeMap;

use kit::field::Shape;
use lianfang::records::Kind;
use lianfang::server::routes;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::{Actor, TestApp, fake_resident_id};

/// The example of a kind's creation, as the document has it.
pub fn of_kind(name: &str) -> Json {
    let kinds = routes::kinds();
    let kind: &Kind = kinds.kind(name).unwrap();
    serde_json::from_str(kind.example).unwrap()
}

/// Places that examples of other kinds name, beside the checkpoint that is the example of a place.
pub fn places() -> Vec<Json> {
    let bodies = [
        include_str!("../../openapi/examples/places/create-venue.json"),
        include_str!("../../openapi/examples/places/create-compound.json"),
        include_str!("../../openapi/examples/places/create-mask-point.json"),
    ];
    bodies.map(|body| serde_json::from_str(body).unwrap()).into()
}

/// A checkpoint in 大兴街道; answers its id.
pub async fn checkpoint(actor: &Actor, area_code: &str) -> String {
    let body = json!({"kind": "compound_gate", "name": "北门", "area_code": area_code});
    let reply = actor.post("/v1/places", &body).await.expect(201);
    reply.body["id"].as_str().unwrap().to_owned()
}

/// A screening at a place: everything asked, checked and registered.
pub fn screening(place_id: &str, sequence: u32) -> Json {
    json!({
        "id": Uuid::now_v7(),
        "place_id": place_id,
        "occurred_at": "2020-02-02T08:30:00+08:00",
        "direction": "in",
        "person": {
            "name": "王五",
            "document_type": "resident_id",
            "document_number": fake_resident_id(sequence),
            "phone": format!("154{sequence:08}"),
        },
        "answers": ["none"],
        "temperature_c": "36.5",
    })
}

/// An entry holds for a whole district, and is the only one of its commodity and day.
pub fn entry_of_its_own(body: &mut Json) {
    let area_code = body["area_code"].as_str().map_or("511802", |area| &area[..6]).to_owned();
    let number = Uuid::now_v7().simple().to_string();
    body["area_code"] = area_code.into();
    body["commodity"] = format!("own_{number}").into();
    for name in ["name_zh", "name_en"] {
        body[name] = number.clone().into();
    }
    body["also"] = json!([]);
}

/// One record of every kind, of that area: kind, what was posted (nothing where the service writes it), path.
pub async fn one_of_each<'a>(app: &'a TestApp, admin: &Actor, area_code: &str) -> Vec<(&'a Kind, Json, String)> {
    one_of_each_with(app, admin, area_code, |_| {}).await
}

/// Issues a bulletin: the only records of the service that somebody asks for.
pub async fn bulletin_of_its_own(admin: &Actor, kind: &Kind, area_code: &str) {
    if kind.name == "bulletin_editions" {
        let wish = json!({"template_code": "street-daily", "area_code": area_code});
        admin.post("/v1/bulletin-editions", &wish).await.expect(201);
    }
}

/// The same, each body changed before it is posted.
pub async fn one_of_each_with<'a>(
    app: &'a TestApp,
    admin: &Actor,
    area_code: &str,
    change: impl Fn(&mut Json),
) -> Vec<(&'a Kind, Json, String)> {
    let place = async |kind: &str| {
        let mut body = json!({"kind": kind, "name": "北门", "area_code": area_code});
        change(&mut body);
        admin.post("/v1/places", &body).await.expect(201).body["id"].as_str().unwrap().to_owned()
    };
    // Of places each kind wants its own.
    let mut places = BTreeMap::new();
    for kind in ["compound_gate", "supermarket", "family_compound", "mask_disposal_point"] {
        places.insert(kind, place(kind).await);
    }
    let place_of = |kind: &str, field: &str| match (kind, field) {
        ("material_issues", "recipient_place_id") => "compound_gate",
        ("inspections" | "supply_reports" | "enforcement_actions" | "stock_movements" | "supply_channels", _)
        | ("material_issues" | "donations", _) => "supermarket",
        ("compound_partnerships", _) => "family_compound",
        ("mask_collections", _) => "mask_disposal_point",
        _ => "compound_gate",
    };
    let (mut paths, mut made_of) = (Vec::new(), BTreeMap::<&str, String>::new());
    for kind in lianfang::server::routes::KINDS.iter().filter_map(|kind| app.core.kinds().kind(kind.name)) {
        if kind.writers.is_empty() {
            bulletin_of_its_own(admin, kind, area_code).await;
            let first = admin.get(&format!("/v1/{}", kind.path)).await.expect(200).body["items"][0]["id"].clone();
            paths.push((kind, json!({}), format!("/v1/{}/{}", kind.path, first.as_str().unwrap())));
            continue;
        }
        let mut body = of_kind(kind.name);
        body["area_code"] = area_code.into();
        for field in ["id", "parent_id", "team_id"] {
            body.as_object_mut().unwrap().remove(field);
        }
        // References of an example name records made before it.
        for field in kind.fields {
            let Shape::Reference(of) = field.shape else { continue };
            let known = if of == "places" { places.get(place_of(kind.name, field.name)) } else { made_of.get(of) };
            if let Some(id) = known.filter(|_| body.get(field.name).is_some()) {
                body[field.name] = id.clone().into();
            }
        }
        // It belongs to one of any of several kinds.
        if let Some(belongs) = kind.rules.belongs_to() {
            let of = body[belongs.kind].as_str().unwrap().to_owned();
            body[belongs.id] = made_of[of.as_str()].clone().into();
        }
        // A report is a unit's.
        if kind.name == "daily_reports" {
            let unit = json!({"kind": "school", "name": "第一小学", "area_code": area_code});
            let unit = admin.post("/v1/organizations", &unit).await.expect(201).body;
            body["org_id"] = unit["id"].clone();
        }
        change(&mut body);
        match kind.name {
            "commodity_entries" => entry_of_its_own(&mut body),
            "retention_policies" => body["area_code"] = body["area_code"].as_str().unwrap()[..6].into(),
            // A household stands in a village.
            "households" => {
                let area_code = body["area_code"].as_str().unwrap().to_owned();
                body["area_code"] = deepest(app, &area_code).into();
            }
            _ => {}
        }
        let made = admin.post(&format!("/v1/{}", kind.path), &body).await.expect(201);
        made_of.insert(kind.name, made.body["id"].as_str().unwrap().to_owned());
        paths.push((kind, body, made.header("location").to_owned()));
    }
    paths
}

/// The first division without others below it, of those below an area.
fn deepest(app: &TestApp, area_code: &str) -> String {
    let mut deepest = area_code.to_owned();
    while let Some(below) = app.core.divisions.children(&deepest, None).first() {
        deepest = below.code.clone();
    }
    deepest
}
