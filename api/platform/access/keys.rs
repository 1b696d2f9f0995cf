//! API keys: `lf_<id>_<secret>`, for scripts and dashboards. A key acts with one role over an area,
//! narrowed to scopes, until it expires. The secret is random, so a plain hash of it is enough.

use std::sync::Arc;

use chrono::NaiveDate;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::text::Text;
use kit::value::Value;
use kit::vocabulary::{Vocabulary, word};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::accounts::{Credential, SignedIn};
use super::roles::{Actor, Grant, Role};
use crate::platform::codes::INVALID_TOKEN;
use crate::platform::core::Core;

/// Uses that a key may be given for.
pub static KEY_SCOPE: Vocabulary = Vocabulary::new(
    "key_scope",
    Text::new("Scope of a key", "密钥用途"),
    &[
        word("read", "read records", "读取记录"),
        word("write", "write records", "写入记录"),
        word("import", "import files", "批量导入"),
        word("export", "export files", "批量导出"),
        word("statistics", "aggregates only", "仅统计数据"),
        word("small_cells", "aggregates with small numbers and by place", "含小数值的明细统计"),
        word("webhooks", "be told of changes by webhooks", "接收变更推送(Webhook)"),
    ],
);

/// The scope that an operation asks of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyScope {
    /// No key may use it: it needs a person.
    None,
    /// Any key may.
    Any,
    /// Reading records.
    Read,
    /// Writing records.
    Write,
    /// Importing.
    Import,
    /// Exporting.
    Export,
    /// Aggregates.
    Statistics,
    /// Aggregates with numbers of a few people, by place and organisation.
    SmallCells,
    /// Being told of changes at an address of its own.
    Webhooks,
}

impl KeyScope {
    /// Those that keys are given.
    const GIVEN: [Self; 7] =
        [Self::Read, Self::Write, Self::Import, Self::Export, Self::Statistics, Self::SmallCells, Self::Webhooks];

    /// Its word in [`KEY_SCOPE`]; none for the two that are no scopes of keys.
    pub fn code(self) -> Option<&'static str> {
        match self {
            Self::None | Self::Any => None,
            Self::Read => Some("read"),
            Self::Write => Some("write"),
            Self::Import => Some("import"),
            Self::Export => Some("export"),
            Self::Statistics => Some("statistics"),
            Self::SmallCells => Some("small_cells"),
            Self::Webhooks => Some("webhooks"),
        }
    }

    /// Whether a key with these scopes may use what asks for this one.
    pub fn is_in(self, scopes: &[String]) -> bool {
        self == Self::Any || self.code().is_some_and(|code| scopes.iter().any(|scope| scope == code))
    }
}

/// The scopes of a key, each once or not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyScopes(u16);

impl KeyScopes {
    /// Those of these words.
    pub fn of(words: &[String]) -> Self {
        let held = KeyScope::GIVEN.iter().filter(|scope| scope.is_in(words));
        Self(held.fold(0, |set, scope| set | (1 << *scope as u8)))
    }

    /// Whether a key with these may use what asks for that one.
    pub fn hold(self, scope: KeyScope) -> bool {
        match scope {
            KeyScope::None => false,
            KeyScope::Any => true,
            scope => self.0 & (1 << scope as u8) != 0,
        }
    }
}

/// A key as it was looked up.
#[derive(Debug)]
pub struct KnownKey {
    actor: Arc<Actor>,
    scopes: Arc<Vec<String>>,
    secret_hash: Vec<u8>,
}

/// Makes a key's text and the hash of its secret.
pub fn new_key(id: Uuid) -> (String, Vec<u8>) {
    let secret = hex::encode(rand::random::<[u8; 32]>());
    let hash = Sha256::digest(secret.as_bytes()).to_vec();
    (format!("lf_{}_{secret}", id.simple()), hash)
}

/// Whether a bearer token is a key rather than an access token.
pub fn is_key(token: &str) -> bool {
    token.starts_with("lf_")
}

/// Signs a key in; 401 where there is no such key, or it is over.
pub async fn authenticate(core: &Core, token: &str) -> Result<SignedIn, Problem> {
    let (id, secret) = token.strip_prefix("lf_").and_then(|rest| rest.split_once('_')).ok_or(INVALID_TOKEN)?;
    let id = Uuid::try_parse(id).map_err(|_| Problem::new(INVALID_TOKEN))?;
    let known = look_up(core, id).await?;
    let hash = Sha256::digest(secret.as_bytes());
    if !bool::from(hash.as_slice().ct_eq(&known.secret_hash)) {
        return Err(INVALID_TOKEN.into());
    }
    Ok(SignedIn { actor: Arc::clone(&known.actor), credential: Credential::Key(Arc::clone(&known.scopes)) })
}

/// Actor and uses of a key as they are now, without its secret: for work on its behalf. None where it is over.
pub async fn standing(core: &Core, id: Uuid) -> Result<Option<(Arc<Actor>, Arc<Vec<String>>)>, Problem> {
    match look_up(core, id).await {
        Ok(known) => Ok(Some((Arc::clone(&known.actor), Arc::clone(&known.scopes)))),
        Err(problem) if problem.code() == INVALID_TOKEN => Ok(None),
        Err(problem) => Err(problem),
    }
}

async fn look_up(core: &Core, id: Uuid) -> Result<Arc<KnownKey>, Problem> {
    if let Some(known) = core.accounts.keys.get(&id) {
        return Ok(known);
    }
    let _turn = core.accounts.turn(id).await;
    if let Some(known) = core.accounts.keys.get(&id) {
        return Ok(known);
    }
    let statement = Statement::new(
        "SELECT k.id, k.name, k.role, k.area_code, k.org_id, k.scopes, k.secret_hash FROM api_keys AS k \
         WHERE k.revoked_at IS NULL AND k.expires_at > ",
    )
    .bind(ColumnType::Instant, Value::Instant(core.clock.now()))
    .sql(" AND k.id = ")
    .id(id);
    let row = core.database.read(&statement).await?.into_iter().next();
    let mut known = row.and_then(|row| of_row(core, row)).ok_or(INVALID_TOKEN)?;
    super::accounts::know_organizations(core, Arc::make_mut(&mut known.actor)).await?;
    let known = Arc::new(known);
    core.accounts.keys.insert(id, Arc::clone(&known));
    Ok(known)
}

fn of_row(core: &Core, mut row: Row) -> Option<KnownKey> {
    let (id, name, area_code) = (row.id("id")?, row.text("name")?, row.text("area_code")?);
    let grant = Grant { role: Role::of_code(&row.text("role")?)?, area_code, org_id: row.id("org_id") };
    let texts = |value: Value| match value {
        Value::Json(json) => serde_json::from_value::<Vec<String>>(json).unwrap_or_default(),
        _ => Vec::new(),
    };
    let scopes = texts(row.take("scopes"));
    let actor = Actor {
        user_id: id,
        username: format!("key:{name}"),
        display_name: name,
        org_id: grant.org_id,
        districts: super::accounts::districts_of(core, std::slice::from_ref(&grant)),
        grants: vec![grant],
        below: super::roles::Below::default(),
        supervises: false,
        today: NaiveDate::MIN,
        supervised: Vec::new(),
        password_change_required: false,
        left_area: None,
    };
    Some(KnownKey { actor: Arc::new(actor), scopes: Arc::new(scopes), secret_hash: row.bytes("secret_hash")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reaches_its_scopes_and_nothing_else() {
        let scopes = ["statistics".to_owned()];
        assert!(KeyScope::Statistics.is_in(&scopes) && KeyScope::Any.is_in(&scopes));
        for other in [KeyScope::None, KeyScope::Read, KeyScope::Write, KeyScope::Import, KeyScope::Export] {
            assert!(!other.is_in(&scopes));
        }
        let held = KeyScopes::of(&scopes);
        for scope in KeyScope::GIVEN.into_iter().chain([KeyScope::None, KeyScope::Any]) {
            assert_eq!(held.hold(scope), scope.is_in(&scopes), "{scope:?}");
        }
        let words: Vec<&str> = KEY_SCOPE.codes();
        let given: Vec<&str> = KeyScope::GIVEN.iter().filter_map(|scope| scope.code()).collect();
        assert_eq!(given, words);
    }

    #[test]
    fn keys_differ_and_their_hash_is_of_the_secret() {
        let (one, hash) = new_key(Uuid::nil());
        let (other, _) = new_key(Uuid::nil());
        assert_ne!(one, other);
        let secret = one.rsplit('_').next().unwrap();
        assert_eq!(Sha256::digest(secret.as_bytes()).to_vec(), hash);
        assert!(is_key(&one) && !is_key("lfr_x"));
    }
}
