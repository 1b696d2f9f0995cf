//! `key add`, `key list`, `key revoke`.

use chrono::TimeDelta;
use clap::Subcommand;
use kit::ids::new_id;
use lianfang::platform::access::Grant;
use lianfang::platform::access::keys::KEY_SCOPE;
use lianfang::platform::audit::AuditEntry;
use lianfang::platform::core::Core;
use lianfang::rooms::accounts::{self, ApiKey, NewKey, key_owner, operator};
use serde_json::json;
use uuid::Uuid;

use super::super::language::{say, spoken};
use super::super::{Failure, at_work, print};
use super::{area_of, heads, print_list, role_of};
use crate::Place;

/// API keys at the server's machine.
#[derive(Subcommand)]
pub enum KeyCommand {
    /// Make an API key in the name of an account and print it, nothing else. Works while the service runs.
    Add {
        #[command(flatten)]
        command: NewKeyCommand,
        #[command(flatten)]
        place: Place,
    },
    /// List the keys without their secrets, the newest first.
    List {
        /// Those that are revoked or over, too.
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Revoke a key: it is worth nothing within five seconds. Once more is no fault.
    Revoke {
        /// Its id, as `key list` tells it.
        id: Uuid,
        #[command(flatten)]
        place: Place,
    },
}

impl KeyCommand {
    /// Where the data is.
    pub fn place(&self) -> &Place {
        let (Self::Add { place, .. } | Self::List { place, .. } | Self::Revoke { place, .. }) = self;
        place
    }

    /// Does it.
    pub async fn run(self) -> Result<(), Failure> {
        let json = self.place().json;
        match self {
            Self::Add { command, place } => add_key(place, command, json).await,
            Self::List { all, place } => list(place, all, json).await,
            Self::Revoke { id, place } => revoke(place, id, json).await,
        }
    }
}

async fn list(place: Place, all: bool, json: bool) -> Result<(), Failure> {
    let (keys, now) =
        at_work(place.config()?, async |core: &Core| Ok((operator::keys(core).await?, core.clock.now()))).await?;
    let holds = |key: &&ApiKey| all || (key.revoked_at.is_none() && key.expires_at.0 > now);
    let keys: Vec<&ApiKey> = keys.iter().filter(holds).collect();
    let language = spoken(None);
    let until = |key: &ApiKey| match &key.revoked_at {
        Some(_) => say(language, "revoked", "已吊销").to_owned(),
        None if key.expires_at.0 <= now => say(language, "over", "已失效").to_owned(),
        None => key.expires_at.0.with_timezone(&key.expires_at.1).format("%Y-%m-%d %H:%M").to_string(),
    };
    let row = |key: &&ApiKey| {
        let (id, scopes) = (key.id.to_string(), key.scopes.join(","));
        vec![id, key.name.clone(), key.role.clone(), key.area_code.clone(), scopes, until(key)]
    };
    let head = heads(
        language,
        &[
            ("id", "编号"),
            ("name", "名称"),
            ("role", "角色"),
            ("area", "区划"),
            ("scopes", "用途"),
            ("until", "有效至"),
        ],
    );
    print_list(json, &json!({"items": keys}), &[head].into_iter().chain(keys.iter().map(row)).collect::<Vec<_>>())
}

async fn revoke(place: Place, id: Uuid, json: bool) -> Result<(), Failure> {
    let key = at_work(place.config()?, async |core: &Core| Ok(operator::revoke_key(core, id).await?)).await?;
    let key = key.ok_or_else(|| Failure::Usage(format!("there is no key {id}; `lianfang key list` tells them")))?;
    print(&if json {
        serde_json::to_string(&key).map_err(Failure::other)?
    } else {
        format!("Key `{}` ({id}) is revoked.", key.name)
    })
}

/// A key to be made.
#[derive(clap::Args)]
pub struct NewKeyCommand {
    /// The account that answers for it: nobody gives a key more than he has himself.
    owner: String,
    /// Uses it is allowed: read, write, import, export, statistics, small_cells. Any number of times, or with commas.
    #[arg(long, required = true, value_delimiter = ',')]
    scope: Vec<String>,
    /// The role that it acts with [default: the account's own].
    #[arg(long)]
    role: Option<String>,
    /// The area: a division's code [default: the account's own].
    #[arg(long)]
    area: Option<String>,
    /// Purpose of the key.
    #[arg(long, default_value = "script")]
    name: String,
    /// So many days it works.
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u16).range(1..=366))]
    days: u16,
}

/// Makes an API key and prints it, this once.
async fn add_key(place: Place, command: NewKeyCommand, json: bool) -> Result<(), Failure> {
    for scope in &command.scope {
        if KEY_SCOPE.find(scope).is_none() {
            let scopes = KEY_SCOPE.codes().join(", ");
            return Err(Failure::Usage(format!("there is no scope `{scope}`; there are: {scopes}")));
        }
    }
    let role = command.role.as_deref().map(role_of).transpose()?;
    let (key, new) = at_work(place.config()?, async |core: &Core| add_key_to(core, &command, role).await).await?;
    print(&if json {
        json!({"key": key, "id": new.id, "role": new.grant.role.code(), "area_code": new.grant.area_code,
            "scopes": new.scopes, "expires_at": new.expires_at.to_rfc3339()})
        .to_string()
    } else {
        key
    })
}

async fn add_key_to(
    core: &Core,
    command: &NewKeyCommand,
    role: Option<lianfang::platform::access::Role>,
) -> Result<(String, NewKey), Failure> {
    let owner = key_owner(core, &command.owner).await?;
    let owner = owner.ok_or_else(|| Failure::Usage(format!("there is no active account `{}`", command.owner)))?;
    let own = owner.grants.first().ok_or_else(|| Failure::Refused("the account has no role".into()))?;
    let area_code = match &command.area {
        Some(area) => area_of(core, area)?,
        None => own.area_code.clone(),
    };
    let grant = Grant { role: role.unwrap_or(own.role), area_code, org_id: own.org_id };
    if !owner.may_grant(&grant) {
        return Err(Failure::Refused(format!(
            "`{}` may not give a key the role {} over {}",
            command.owner,
            grant.role.code(),
            grant.area_code
        )));
    }
    let expires_at = core.clock.now() + TimeDelta::days(i64::from(command.days));
    let new = NewKey { id: new_id(), name: command.name.clone(), grant, scopes: json!(command.scope), expires_at };
    let audit_entry = AuditEntry {
        actor_id: Some(owner.user_id),
        area_code: Some(new.grant.area_code.clone()),
        verb: "api_key.create",
        subject_kind: "api_keys",
        subject_id: Some(new.id),
        request_id: None,
        address: None,
        details: json!({"by": "command line", "role": new.grant.role.code(), "area_code": new.grant.area_code,
            "org_id": new.grant.org_id, "scopes": new.scopes}),
    };
    Ok((accounts::add_key(core, &new, owner.user_id, audit_entry).await?, new))
}
