//! Shapes of a district's townships, for its map. The service ships none and invents none: a district loads its own.
//! The newest is served, former ones stay; of what is sent only codes and coordinates are kept.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, ETAG};
use diesel_async::RunQueryDsl;
use kit::etag::is_unchanged;
use kit::faults::Faults;
use kit::field::Field;
use kit::ids::new_id;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use kit::{columns, fields};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use super::geojson;
use crate::platform::access::keys::KeyScope;
use crate::platform::access::roles::Role;
use crate::platform::audit::system_write;
use crate::platform::codes::{DISTRICT_REQUIRED, FORBIDDEN, NOT_FOUND};
use crate::platform::http::page::{self, one_district};
use crate::platform::http::{Access, Answer, Call, Operation};

/// Bytes of a body at most.
const MAX_BYTES: usize = 2 * 1024 * 1024;
/// Whoever commands the district says how it is shaped.
const WRITERS: &[Role] = &[Role::DistrictAdmin];

fields! {
    /// Parameters of both.
    static PARAMETERS;
    DISTRICT_CODE: String = page::DISTRICT_CODE;
}

columns! {
    COLLECTION "collection": Json;
    DIGEST "digest": String;
}

/// The operations.
pub fn operations() -> Vec<Operation> {
    let path = "/v1/divisions/geometry";
    // A square stands for a shape: no township has it.
    let square = json!([[[102.0, 30.0], [102.1, 30.0], [102.1, 30.1], [102.0, 30.1], [102.0, 30.0]]]);
    let feature = |properties: Json| {
        let geometry = json!({"type": "Polygon", "coordinates": square});
        json!({"type": "FeatureCollection", "features": [{"type": "Feature", "properties": properties, "geometry": geometry}]})
    };
    let schema = |about: &str| json!({"type": "object", "description": about, "additionalProperties": true});
    let parameters: Vec<&'static Field> = PARAMETERS.iter().collect();
    vec![
        Operation::new(Method::GET, path, "get_division_geometry", get)
            .described("divisions", "The shapes of a district's townships", "GeoJSON (RFC 7946), as the district loaded it last; 404 where it loaded none.")
            .access(Access::SignedIn)
            .keys(KeyScope::Any)
            .parameters(parameters.clone())
            .headers(&["If-None-Match"])
            .answers_with(200, "The shapes.", Some(schema("A GeoJSON FeatureCollection; each feature has `code` and `name`.")), Some(feature(json!({"code": "511802005", "name": "大兴街道"}))))
            .with_headers(&["ETag"])
            .answers_nothing(304, "Nothing changed.")
            .problems(&[DISTRICT_REQUIRED, NOT_FOUND]),
        Operation::new(Method::PUT, path, "put_division_geometry", put)
            .described("divisions", "Load the shapes of a district's townships", "GeoJSON (RFC 7946) in degrees, at most 2 MiB: polygons, each with a township's `code` among its properties. Other properties aren't kept. Former shapes stay in the database.")
            .access(Access::Roles(WRITERS))
            .parameters(parameters)
            .body(schema("A GeoJSON FeatureCollection of polygons; each feature's properties have a township's `code`."), feature(json!({"code": "511802005"})))
            .answers_with(200, "The shapes as they are kept.", Some(schema("A GeoJSON FeatureCollection.")), Some(feature(json!({"code": "511802005", "name": "大兴街道"}))))
            .with_headers(&["ETag"])
            .problems(&[DISTRICT_REQUIRED, NOT_FOUND]),
    ]
}

async fn get(call: Call) -> Answer {
    let district_code = one_district(call.actor()?, &call.query)?;
    let statement =
        Statement::new("SELECT g.collection, g.digest FROM division_geometries AS g WHERE g.district_code = ")
            .text(&district_code)
            .sql(" ORDER BY g.created_at DESC, g.id DESC LIMIT 1")
            .seeing_district(&district_code);
    let mut row = call.core.database.read(&statement).await?.into_iter().next().ok_or(NOT_FOUND)?;
    let (Some(collection), Some(digest)) = (row.get(&COLLECTION), row.get(&DIGEST)) else {
        return Err(Problem::internal("shapes without a column"));
    };
    let tag = format!("\"{digest}\"");
    if is_unchanged(&call.request, &tag) {
        return Ok(HttpResponse::NotModified().insert_header((ETAG, tag)).finish());
    }
    Ok(answered(&tag, &collection))
}

fn answered(tag: &str, collection: &Json) -> HttpResponse {
    HttpResponse::Ok().insert_header((ETAG, tag)).insert_header((CACHE_CONTROL, "private, no-cache")).json(collection)
}

async fn put(call: Call) -> Answer {
    let actor = call.actor()?;
    let district_code = one_district(actor, &call.query)?;
    let tree = call.tree_of(MAX_BYTES).await?;
    let mut faults = Faults::default();
    let collection = geojson::checked(&tree, &district_code, &call.core.divisions, &mut faults);
    faults.finish()?;
    // Commanders of a part of a district don't say how the whole is shaped.
    if !actor.reaches(WRITERS, &district_code, None) {
        return Err(FORBIDDEN.into());
    }
    let digest = hex::encode(Sha256::digest(collection.to_string()));
    store(&call, &district_code, &collection, &digest).await?;
    Ok(answered(&format!("\"{digest}\""), &collection))
}

async fn store(call: &Call, district_code: &str, collection: &Json, digest: &str) -> Result<(), Problem> {
    let (id, created_by) = (new_id(), call.actor()?.user_id);
    let shapes = collection.get("features").and_then(Json::as_array).map_or(0, Vec::len);
    let mut audit_entry = call.audit_entry(
        "division_geometry.load",
        "division_geometries",
        Some(id),
        json!({"digest": digest, "shapes": shapes}),
    );
    audit_entry.area_code = Some(district_code.to_owned());
    let statement = Statement::new(
        "INSERT INTO division_geometries (district_code, id, collection, digest, created_at, created_by) VALUES (",
    )
    .text(district_code)
    .sql(", ")
    .id(id)
    .sql(", ")
    .bind(ColumnType::Json, Value::Json(collection.clone()))
    .sql(", ")
    .text(digest)
    .sql(", ")
    .bind(ColumnType::Instant, Value::Instant(call.core.clock.now()))
    .sql(", ")
    .id(created_by)
    .sql(")");
    system_write(&call.core, audit_entry, async |connection| {
        statement.load::<Row>(connection).await?;
        Ok(())
    })
    .await
}
