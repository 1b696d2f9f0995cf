//! Accounts as they are sent and served.

use kit::field::{Field, Shape, free_text};
use kit::json::put;
use kit::object;
use kit::text::Text;
use kit::typed::TypedField;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::platform::access::roles::ROLE;
use crate::platform::http::page;
use crate::platform::http::schema::{Direction, object, reference};

object! {
    /// A role as a form grants it.
    pub struct RoleGrant, ROLE_GRANT {
        role: String = Field::new("role", Shape::Word(&ROLE), Text::new("Role", "角色"), "The role.").required();
        area_code: String = Field::new("area_code", Shape::Area, Text::new("Area", "区划代码"), "That division and all below.").required();
        org_id: Option<Uuid> = Field::new("org_id", Shape::Id, Text::new("Organisation", "单位"), "Only what belongs to this organisation.");
    }
}

static ONE_GRANT: Shape = Shape::Object(ROLE_GRANT);

/// Name for signing in.
pub const USERNAME: TypedField<String> = TypedField::named(
    "USERNAME",
    Field::new(
        "username",
        Shape::Text { min: 3, max: 40, pattern: Some("[A-Za-z0-9_.-]+") },
        Text::new("User name", "用户名"),
        "For signing in: letters, digits and `_ . -`; case doesn't matter.",
    ),
);
/// Name for people.
pub const DISPLAY_NAME: TypedField<String> = TypedField::named(
    "DISPLAY_NAME",
    Field::new("display_name", free_text(60), Text::new("Display name", "显示名称"), "The name that others see."),
);
/// Phone of the holder.
pub const PHONE: TypedField<String> = TypedField::named(
    "PHONE",
    Field::new(
        "phone",
        free_text(20),
        Text::new("Phone", "电话"),
        "How to reach the holder. Encrypted; served masked.",
    ),
);
/// Organisation of the holder.
pub const ORG_ID: TypedField<Uuid> = TypedField::named(
    "ORG_ID",
    Field::new(
        "org_id",
        Shape::Reference("organizations"),
        Text::new("Organisation", "单位"),
        "The holder's organisation.",
    ),
);
/// Roles of the account.
pub const ROLES: TypedField<Vec<RoleGrant>> = TypedField::named(
    "ROLES",
    Field::new(
        "roles",
        Shape::List { of: &ONE_GRANT, max: 50 },
        Text::new("Roles", "角色"),
        "Roles, each over an area.",
    )
    .not_empty(),
);
const MAY_SIGN_IN: Field =
    Field::new("active", Shape::Boolean, Text::new("Active", "启用"), "Whether the account may sign in.");

/// Fields of a new account.
pub static NEW: &[Field] =
    &[USERNAME.field.required(), DISPLAY_NAME.field.required(), PHONE.field, ORG_ID.field, ROLES.field.required()];

/// Fields that amend an account.
pub static PATCH: &[Field] =
    &[DISPLAY_NAME.field.never_null(), PHONE.field, ORG_ID.field, ROLES.field.never_null(), MAY_SIGN_IN.never_null()];

/// The list's own filter.
pub static ACTIVE: TypedField<bool> = TypedField::named(
    "ACTIVE",
    Field::new(
        "active",
        Shape::Boolean,
        Text::new("Active", "启用"),
        "Only accounts that are active, or that are not.",
    ),
);

/// An account as it is served.
#[derive(Clone, Debug)]
pub struct User {
    /// Its values by name, in JSON.
    pub json: Json,
    /// Its revision.
    pub revision: i64,
    /// Its name, where the next page begins.
    pub username: String,
}

/// An example of a creation.
pub fn example_new() -> Json {
    json!({"username": "gate.daxing", "display_name": "大兴门岗", "phone": "15400000009",
        "roles": [{"role": "gate_guard", "area_code": "511802005"}]})
}

/// An example of an account.
pub fn example() -> Json {
    json!({"id": "0198c0de-0000-7000-8000-00000000000b", "username": "gate.daxing", "display_name": "大兴门岗", "phone": "154****0009",
        "org_id": null, "roles": [{"role": "gate_guard", "area_code": "511802005", "org_id": null}], "active": true,
        "password_change_required": true, "revision": 1,
        "created_at": "2020-02-01T08:00:00+08:00"})
}

/// The schemas of this room.
pub fn schemas() -> Vec<(String, Json)> {
    let fields: Vec<&Field> = NEW.iter().chain(PATCH.iter().filter(|field| field.name == "active")).collect();
    let mut user = object(&fields, Direction::Served);
    put(&mut user, "description", "An account.");
    for (name, schema) in [
        ("id", json!({"type": "string", "format": "uuid", "maxLength": 36, "description": "The account's id."})),
        (
            "roles",
            json!({"type": "array", "maxItems": 50, "items": reference("UserGrant"), "description": "Roles, each over an area."}),
        ),
        (
            "password_change_required",
            json!({"type": "boolean", "description": "Whether the one-time password is still to be changed."}),
        ),
        (
            "revision",
            json!({"type": "integer", "format": "int64", "minimum": 1, "maximum": i64::MAX, "description": "From 1."}),
        ),
        (
            "created_at",
            json!({"type": "string", "format": "date-time", "maxLength": 40, "description": "When it was made."}),
        ),
    ] {
        if let Some(properties) = user.get_mut("properties") {
            put(properties, name, schema);
        }
    }
    let created = json!({"allOf": [reference("User")], "type": "object", "description": "A new account with its one-time password, told this once.",
        "required": ["one_time_password"],
        "properties": {"one_time_password": {"type": "string", "maxLength": 40, "description": "To be changed at first sign-in."}}});
    let text = |about: &str| json!({"type": "string", "maxLength": 60, "description": about});
    let account = json!({"type": ["string", "null"], "format": "uuid", "maxLength": 36, "description": "Who answers for it now; null where nobody above has an account."});
    let handed = json!({"type": "object", "description": "A duty that went to somebody else.", "required": ["id", "duty_kind", "line", "assignee_id"],
        "properties": {"id": {"type": "string", "format": "uuid", "maxLength": 36, "description": "The duty."}, "duty_kind": text("Which duty."), "line": text("Whose line it is."), "assignee_id": account}});
    let amended = json!({"allOf": [reference("User")], "type": "object", "description": "An account as it was amended, with what it left open.",
        "required": ["handed_over_duties"],
        "properties": {"handed_over_duties": {"type": "array", "maxItems": 100_000, "items": handed, "description": "Open duties that it can't do any more, and to whom they went."}}});
    vec![
        ("User".into(), user),
        ("AmendedUser".into(), amended),
        ("CreatedUser".into(), created),
        ("NewUser".into(), described(NEW, Direction::Sent, "Creates an account.")),
        ("UserPatch".into(), described(PATCH, Direction::Patched, "A merge patch (RFC 7396): what is absent stays.")),
        ("UserPage".into(), page::schema(&reference("User"))),
    ]
}

fn described(fields: &'static [Field], direction: Direction, about: &str) -> Json {
    let mut schema = object(&fields.iter().collect::<Vec<_>>(), direction);
    put(&mut schema, "description", about);
    schema
}
