//! Accounts as they are sent and served.

use kit::field::{self, Field, Shape, free_text};
use kit::object;
use kit::text::Text;
use kit::time::InZone;
use kit::typed::TypedField;
use serde::Serialize;
use serde_json::{Value as Json, json};
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};
use uuid::Uuid;

use crate::platform::access::UserGrant;
use crate::platform::access::roles::ROLE;
use crate::platform::http::Form;
use crate::platform::http::answered::of_form;
use crate::rooms::duties::HandedOverDuty;

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
        field::USERNAME,
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

/// The body that makes an account.
pub const NEW_USER: Form = Form::new("NewUser", NEW, "Creates an account.");
/// The body that amends one.
pub const USER_PATCH: Form = Form::patch("UserPatch", PATCH, "A merge patch (RFC 7396): what is absent stays.");

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

/// An account.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct User {
    /// The account's id.
    #[schema(required = false)]
    pub id: Uuid,
    /// Its name for signing in, by which lists are ordered.
    #[schema(schema_with = username)]
    pub username: String,
    /// The name that others see.
    #[schema(schema_with = display_name)]
    pub display_name: String,
    /// The holder's phone, masked.
    #[schema(required, schema_with = phone)]
    pub phone: Option<String>,
    /// The holder's organisation.
    #[schema(required, schema_with = org_id)]
    pub org_id: Option<Uuid>,
    /// Roles, each over an area.
    #[schema(max_items = 50)]
    pub roles: Vec<UserGrant>,
    /// Whether it may sign in.
    #[schema(schema_with = active)]
    pub active: bool,
    /// Whether the one-time password is still to be changed.
    #[schema(required = false)]
    pub password_change_required: bool,
    /// From 1.
    #[schema(required = false, minimum = 1)]
    pub revision: i64,
    /// When it was made.
    #[schema(required = false, value_type = DateTime<Utc>)]
    pub created_at: InZone,
}

fn username() -> RefOr<Schema> {
    of_form(&USERNAME.field.required())
}

fn display_name() -> RefOr<Schema> {
    of_form(&DISPLAY_NAME.field.required())
}

fn phone() -> RefOr<Schema> {
    of_form(&PHONE.field)
}

fn org_id() -> RefOr<Schema> {
    of_form(&ORG_ID.field)
}

fn active() -> RefOr<Schema> {
    of_form(&MAY_SIGN_IN.never_null())
}

/// A new account with its one-time password, told this once.
#[derive(Serialize, ToSchema)]
pub struct CreatedUser {
    /// The account.
    #[serde(flatten)]
    pub user: User,
    /// To be changed at first sign-in.
    #[schema(max_length = 40)]
    pub one_time_password: String,
}

/// An account as it was amended, with what it left open.
#[derive(Serialize, ToSchema)]
pub struct AmendedUser {
    /// The account.
    #[serde(flatten)]
    pub user: User,
    /// Open duties that it can't do any more, and to whom they went.
    #[schema(inline, max_items = 100_000)]
    pub handed_over_duties: Vec<HandedOverDuty>,
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
