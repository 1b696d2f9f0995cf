//! The OpenAPI 3.1 document, made from the operations and the schemas of the rooms.

use kit::catalogue::{Code, FaultCode};
use kit::field::Shape;
use kit::json::put;
use kit::text::Text;
use serde_json::{Map, Value as Json, json};

use super::headers;
use super::rights::{put_rights, roles};
use super::schema::of_parameter;
use super::shared::{Shared, hoist_parameters};
use super::tidy::tidied;
use super::{Access, Operation, Success};
use crate::platform::access::keys::KeyScope;
use crate::platform::codes::{
    ACCOUNT_DEACTIVATED, BAD_IF_NONE_MATCH, FORBIDDEN, HEADERS_TOO_LARGE, IF_MATCH_REQUIRED, INVALID_TOKEN,
    KEY_OUT_OF_SCOPE, NOT_FOUND, PASSWORD_CHANGE_REQUIRED, UNAUTHENTICATED, UNSUPPORTED_MEDIA_TYPE,
};

/// Codes that the service may answer with: those of the packages, and of each layer and theme.
pub struct Codes {
    /// Problems of a request as a whole.
    pub problems: Vec<Code>,
    /// Faults of one field.
    pub faults: Vec<FaultCode>,
}

/// A chapter of the reference.
pub struct Chapter {
    /// Its name.
    pub title: Text,
    /// Names of its tags, and what each is about.
    pub tags: Vec<(&'static str, String)>,
}

/// The whole document, its tags in chapters.
pub fn document(operations: &[Operation], chapters: &[Chapter], codes: &Codes, schemas: Map<String, Json>) -> Json {
    let mut shared = Shared { schemas: with_problem(codes, schemas), ..Shared::default() };
    let mut paths = Map::new();
    for operation in operations {
        shared.schemas.extend(operation.schemas.iter().cloned());
        let item = paths.entry(operation.path.clone()).or_insert_with(|| json!({}));
        if let Some(item) = item.as_object_mut() {
            item.insert(operation.method.as_str().to_lowercase(), describe(operation, &mut shared));
        }
    }
    let shared_parameters = hoist_parameters(&mut paths);
    let tags = chapters.iter().flat_map(|chapter| &chapter.tags);
    let tags: Vec<Json> = tags.map(|(name, about)| json!({"name": name, "description": about})).collect();
    let groups = chapters.iter().map(|chapter| {
        let names: Vec<&str> = chapter.tags.iter().map(|(name, _)| *name).collect();
        json!({"name": format!("{} {}", chapter.title.zh, chapter.title.en), "tags": names})
    });
    let groups: Vec<Json> = groups.collect();
    tidied(json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Lianfang 联防",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Joint epidemic prevention for a district: one capture, every report.",
            "description": "Field data is posted by phones over bad networks, pulled by dashboards and imported by scripts. \
                Every accepted write of a district takes the next number of its ledger. Times are RFC 3339 in the district's zone; \
                ids are UUIDs chosen by the client, so that a retry is recognised; personal data is masked. \
                Every answer that isn't a success is `application/problem+json` with a stable `code`.",
            "license": {"name": "MIT", "identifier": "MIT"},
            "contact": {"name": "Lianfang", "url": "https://lianfang.example"},
        },
        "servers": [{"url": "/", "description": "This service, wherever it runs: production, a demo, a local one.", "x-internal": false}],
        "security": [{"bearer": []}],
        "tags": tags,
        "x-tagGroups": groups,
        "x-roles": roles(),
        "paths": paths,
        "components": {
            "schemas": shared.schemas,
            "parameters": shared_parameters,
            "responses": shared.responses,
            "securitySchemes": {"bearer": {
                "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                "description": "The `access_token` of `POST /v1/auth/login`, EdDSA only, `typ` `at+jwt`, ten minutes, by the best practices of RFC8725. Public keys: `/.well-known/jwks.json`. Or an API key, `lf_<id>_<secret>`.",
            }},
        },
    }))
}

fn describe(operation: &Operation, shared: &mut Shared) -> Json {
    let mut described = json!({
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": operation.about,
        "security": if let Access::Public = operation.access { json!([]) } else { json!([{"bearer": []}]) },
        "parameters": parameters(operation),
        "responses": responses(operation, shared),
    });
    if let (Some(body), Some(members)) = (&operation.body, described.as_object_mut()) {
        let content: Map<String, Json> = body
            .media_types
            .iter()
            .map(|media_type| {
                let schema = shared.body(&operation.id, &body.schema);
                // Named, so that tools that offer examples say which one it is.
                let examples =
                    json!({&operation.id: {"summary": operation.summary, "value": body.example_of(media_type)}});
                ((*media_type).to_owned(), json!({"schema": schema, "examples": examples}))
            })
            .collect();
        members.insert("requestBody".into(), json!({"required": true, "content": content}));
    }
    put_rights(&mut described, operation);
    described
}

fn parameters(operation: &Operation) -> Json {
    let mut parameters = Vec::new();
    if operation.takes_id() {
        parameters.push(json!({"name": "id", "in": "path", "required": true, "description": "The record's id.",
            "schema": {"type": "string", "format": "uuid", "maxLength": 36}}));
    }
    if operation.path.contains("{code}") {
        parameters.push(json!({"name": "code", "in": "path", "required": true, "description": "The division's code.",
            "schema": {"type": "string", "minLength": 2, "maxLength": 15, "pattern": "^[0-9]{2,12}(-[0-9]{2})?$"}}));
    }
    if operation.path.contains("{token}") {
        parameters.push(json!({"name": "token", "in": "path", "required": true, "description": "The secret.",
            "schema": {"type": "string", "minLength": 64, "maxLength": 64, "pattern": "^[0-9a-f]{64}$"}}));
    }
    if operation.path.contains("{key}") {
        parameters.push(
            json!({"name": "key", "in": "path", "required": true, "description": "The figure's key in the text.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 40, "pattern": "^[a-z][a-z0-9_]*$"}}),
        );
    }
    for field in &operation.parameters {
        let mut parameter = json!({"name": field.name, "in": "query", "required": field.required, "description": field.about, "schema": of_parameter(field)});
        if matches!(field.shape, Shape::List { .. }) {
            // One parameter with commas in between, not one for each item.
            put(&mut parameter, "style", "form");
            put(&mut parameter, "explode", false);
        }
        parameters.push(parameter);
    }
    parameters.extend(headers::of_request(operation));
    Json::Array(parameters)
}

fn responses(operation: &Operation, shared: &mut Shared) -> Json {
    let mut responses: Map<String, Json> = operation
        .successes
        .iter()
        .map(|success| (success.status.to_string(), success_response(&operation.id, success)))
        .collect();
    for codes in problems(operation).chunk_by(|one, next| one.status() == next.status()) {
        let status = codes.first().map(|code| code.status().as_u16().to_string());
        responses.extend(status.map(|status| (status, shared.problem(codes))));
    }
    Json::Object(responses)
}

fn success_response(id: &str, success: &Success) -> Json {
    let mut response = json!({"description": success.about});
    let Some(members) = response.as_object_mut() else { return response };
    let mut contents = Map::new();
    if let Some(schema) = &success.schema {
        let mut content = json!({"schema": schema});
        if let (Some(example), Some(media)) = (&success.example, content.as_object_mut()) {
            media.insert("examples".into(), json!({id: {"summary": success.about, "value": example}}));
        }
        contents.insert("application/json".into(), content);
    }
    if let Some((media_type, schema)) = &success.other {
        contents.insert((*media_type).to_owned(), json!({"schema": schema}));
    }
    for media_type in &success.files {
        let file = json!({"schema": {"type": "string", "maxLength": 2_147_483_647, "description": "The file."}});
        contents.insert((*media_type).to_owned(), file);
    }
    if !contents.is_empty() {
        members.insert("content".into(), Json::Object(contents));
    }
    headers::put(response, headers::of_success(success))
}

/// The problems of an operation: its own and those that follow from what it takes.
fn problems(operation: &Operation) -> Vec<Code> {
    let mut codes = operation.problems.clone();
    if !matches!(operation.access, Access::Public) {
        codes.extend([UNAUTHENTICATED, INVALID_TOKEN]);
        // Keys reach no operation that they aren't meant for.
        if operation.key_scope != KeyScope::Any {
            codes.push(KEY_OUT_OF_SCOPE);
        }
        if !operation.hands_in {
            codes.push(ACCOUNT_DEACTIVATED);
        }
    }
    match operation.access {
        Access::Roles(_) | Access::RolesOrKeys(_) | Access::Judges(_) => {
            codes.extend([FORBIDDEN, PASSWORD_CHANGE_REQUIRED])
        }
        Access::SignedIn => codes.push(PASSWORD_CHANGE_REQUIRED),
        Access::SignedInOnce | Access::Public => {}
    }
    codes.push(Code::INVALID_REQUEST);
    if operation.body.is_some() {
        codes.extend([
            Code::MALFORMED_JSON,
            Code::UNPROCESSABLE,
            UNSUPPORTED_MEDIA_TYPE,
            Code::BODY_TOO_LARGE,
            Code::REQUEST_TIMEOUT,
        ]);
    }
    if operation.takes_id() || operation.path.contains("{code}") {
        codes.push(NOT_FOUND);
    }
    if operation.parameters.iter().any(|field| field.name == "cursor") {
        codes.extend([Code::BAD_CURSOR, Code::UNPROCESSABLE]);
    } else if !operation.parameters.is_empty() {
        codes.push(Code::UNPROCESSABLE);
    }
    if operation.headers.contains(&"If-None-Match") {
        codes.push(BAD_IF_NONE_MATCH);
    }
    if operation.headers.contains(&"If-Match") {
        codes.extend([Code::BAD_IF_MATCH, Code::STALE, IF_MATCH_REQUIRED]);
    }
    codes.extend([HEADERS_TOO_LARGE, Code::TOO_MANY_REQUESTS, Code::INTERNAL, Code::UNAVAILABLE]);
    codes.sort_by_key(|code| (code.status().as_u16(), code.code()));
    codes.dedup();
    codes
}

fn with_problem(codes: &Codes, mut schemas: Map<String, Json>) -> Map<String, Json> {
    let faults: Vec<&str> = codes.faults.iter().map(|code| code.code()).collect();
    let codes: Vec<&str> = codes.problems.iter().map(|code| code.code()).collect();
    let text = |max: u32, about: &str| json!({"type": "string", "maxLength": max, "description": about});
    schemas.insert("Problem".into(), json!({
        "type": "object",
        "description": format!("An answer that isn't what was asked for (RFC 9457). Codes: {}.", codes.join(", ")),
        "required": ["type", "title", "status", "detail", "code", "request_id"],
        "properties": {
            "type": {"type": "string", "format": "uri", "maxLength": 200, "description": "Names the code; stable."},
            "title": text(200, "The code in words, in the language asked for."),
            "status": {"type": "integer", "format": "int32", "minimum": 400, "maximum": 599, "description": "The HTTP status."},
            "detail": text(500, "More about it."),
            "code": text(60, "One of a stable catalogue; new ones may come."),
            "request_id": text(128, "The request's id, for asking about it."),
            "errors": {"type": "array", "maxItems": 200, "items": {"$ref": "#/components/schemas/Fault"}, "description": "Every fault of the request."},
        },
    }));
    schemas.insert(
        "Fault".into(),
        json!({
            "type": "object",
            "description": format!("One fault of a request. Codes: {}.", faults.join(", ")),
            "required": ["pointer", "code", "message"],
            "properties": {
                "pointer": text(2000, "JSON pointer into the body (RFC 6901), or `?name` for a query parameter."),
                "code": text(60, "One of a stable catalogue; new ones may come."),
                "message": text(2000, "What is wrong, in the language asked for; never the value that was sent."),
                "hint": text(500, "What to do about it."),
            },
        }),
    );
    schemas
}
