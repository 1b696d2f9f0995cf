//! Bodies sent to sign in, and those answered.

use kit::field::{Field, Shape, free_text};
use kit::text::Text;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::SchemaType;
use utoipa::openapi::{ArrayBuilder, ObjectBuilder, RefOr, Schema, Type};
use uuid::Uuid;

use super::passwords::MIN_CHARACTERS;

/// The form of a sign-in.
pub static LOGIN: &[Field] = &[
    Field::new(
        "username",
        free_text(100),
        Text::new("User name", "用户名"),
        "The account's name; case doesn't matter.",
    )
    .required(),
    Field::new(
        "password",
        Shape::Secret { min: 1, max: 200 },
        Text::new("Password", "密码"),
        "The password, or the one-time password.",
    )
    .required(),
    Field::new(
        "device_id",
        free_text(100),
        Text::new("Device", "设备"),
        "Names the device, so that its session can be told from others. Make it at first use, of at least 20 characters that nobody guesses: such a device signs in undelayed while others try the account's password.",
    ),
];
/// The form of a refresh.
pub static REFRESH: &[Field] = &[Field::new(
    "refresh_token",
    Shape::Secret { min: 1, max: 200 },
    Text::new("Refresh token", "刷新令牌"),
    "The newest refresh token of the session.",
)
.required()];
/// The form of a change of password.
pub static PASSWORD: &[Field] = &[
    Field::new(
        "current_password",
        Shape::Secret { min: 1, max: 200 },
        Text::new("Current password", "当前密码"),
        "The password so far.",
    )
    .required(),
    Field::new(
        "new_password",
        Shape::Secret { min: MIN_CHARACTERS, max: 200 },
        Text::new("New password", "新密码"),
        "At least twelve characters, not easy to guess.",
    )
    .required(),
];

/// A pair of tokens.
#[derive(Serialize, ToSchema)]
pub struct TokenPair {
    /// JWT for `Authorization: Bearer`, ten minutes.
    #[schema(max_length = 2000)]
    pub access_token: String,
    /// Always `Bearer`.
    #[schema(max_length = 10)]
    pub token_type: &'static str,
    /// Seconds until the access token ends.
    #[schema(minimum = 0, maximum = 86400)]
    pub expires_in: i64,
    /// For one use at `/v1/auth/refresh`.
    #[schema(max_length = 200)]
    pub refresh_token: String,
    /// When the session ends unless it is refreshed.
    #[schema(format = DateTime, max_length = 40)]
    pub refresh_expires_at: String,
    /// Whether nothing else is allowed before the password was changed.
    pub password_change_required: bool,
}

/// A role over an area.
#[derive(Serialize, ToSchema)]
pub struct UserGrant {
    /// A word of the vocabulary `role`.
    #[schema(max_length = 40)]
    pub role: &'static str,
    /// That division and all below.
    #[schema(max_length = 20)]
    pub area_code: String,
    /// Only what belongs to this organisation.
    pub org_id: Option<Uuid>,
}

/// What this account is and may do.
#[derive(Serialize, ToSchema)]
pub struct Me<'a> {
    /// The account.
    pub id: Uuid,
    /// Its name for signing in.
    #[schema(max_length = 100)]
    pub username: String,
    /// Its name for people.
    #[schema(max_length = 100)]
    pub display_name: String,
    /// Its organisation.
    pub org_id: Option<Uuid>,
    /// Its roles.
    #[schema(max_items = 50)]
    pub roles: Vec<UserGrant>,
    /// The districts it reaches.
    #[schema(schema_with = districts)]
    pub districts: Vec<String>,
    /// Of an API key: what it may be used for.
    #[schema(schema_with = scopes)]
    pub scopes: Option<&'a [String]>,
    /// The operations it may use.
    #[schema(schema_with = operation_ids)]
    pub operations: &'a [String],
    /// Whether nothing else is allowed before the password was changed.
    pub password_change_required: bool,
}

fn districts() -> RefOr<Schema> {
    texts("The districts it reaches.", 6, 4_000)
}

fn scopes() -> RefOr<Schema> {
    let item = ObjectBuilder::new().schema_type(Type::String).max_length(Some(20));
    let nullable = SchemaType::Array(vec![Type::Array, Type::Null]);
    let about = "Of an API key: what it may be used for, words of the vocabulary `key_scope`. Null for an account.";
    ArrayBuilder::new().schema_type(nullable).items(item).max_items(Some(10)).description(Some(about)).into()
}

fn operation_ids() -> RefOr<Schema> {
    texts("The operations it may use.", 60, 1_000)
}

/// A list of bounded texts; the derive can't bound items.
fn texts(about: &str, max_length: usize, max_items: usize) -> RefOr<Schema> {
    let item = ObjectBuilder::new().schema_type(Type::String).max_length(Some(max_length));
    ArrayBuilder::new().items(item).max_items(Some(max_items)).description(Some(about)).into()
}
