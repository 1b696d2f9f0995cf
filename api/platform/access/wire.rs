//! Bodies sent to sign in, and those answered.

use kit::field::{Field, Shape, free_text};
use kit::text::Text as Label;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::passwords::MIN_CHARACTERS;
use crate::platform::http::answered::Text;

/// The form of a sign-in.
pub static LOGIN: &[Field] = &[
    Field::new(
        "username",
        free_text(100),
        Label::new("User name", "用户名"),
        "The account's name; case doesn't matter.",
    )
    .required(),
    Field::new(
        "password",
        Shape::Secret { min: 1, max: 200 },
        Label::new("Password", "密码"),
        "The password, or the one-time password.",
    )
    .required(),
    Field::new(
        "device_id",
        free_text(100),
        Label::new("Device", "设备"),
        "Names the device, so that its session can be told from others. Make it at first use, of at least 20 characters that nobody guesses: such a device signs in undelayed while others try the account's password.",
    ),
];
/// The form of a refresh.
pub static REFRESH: &[Field] = &[Field::new(
    "refresh_token",
    Shape::Secret { min: 1, max: 200 },
    Label::new("Refresh token", "刷新令牌"),
    "The newest refresh token of the session.",
)
.required()];
/// The form of a change of password.
pub static PASSWORD: &[Field] = &[
    Field::new(
        "current_password",
        Shape::Secret { min: 1, max: 200 },
        Label::new("Current password", "当前密码"),
        "The password so far.",
    )
    .required(),
    Field::new(
        "new_password",
        Shape::Secret { min: MIN_CHARACTERS, max: 200 },
        Label::new("New password", "新密码"),
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
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct UserGrant {
    /// A word of the vocabulary `role`.
    #[schema(max_length = 40)]
    pub role: String,
    /// That division and all below.
    #[schema(max_length = 20)]
    pub area_code: String,
    /// Only what belongs to this organisation.
    pub org_id: Option<Uuid>,
}

/// The caller's account, and its rights.
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
    #[schema(inline, value_type = Vec<Text<6>>, max_items = 4_000)]
    pub districts: Vec<String>,
    /// Of an API key: what it may be used for, words of the vocabulary `key_scope`. Null for an account.
    #[schema(inline, value_type = Option<Vec<Text<20>>>, max_items = 10)]
    pub scopes: Option<&'a [String]>,
    /// The operations it may use.
    #[schema(inline, value_type = Vec<Text<60>>, max_items = 1_000)]
    pub operations: &'a [String],
    /// Whether nothing else is allowed before the password was changed.
    pub password_change_required: bool,
}
