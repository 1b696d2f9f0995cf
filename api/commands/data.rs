//! `migrate`, `user add`, `seal`: what works on the data, whether the service runs or not.

use chrono::TimeDelta;
use indicatif::{ProgressBar, ProgressStyle};
use kit::ids::new_id;
use lianfang::integrity::sealing::{self, Sealed};
use lianfang::platform::access::keys::KEY_SCOPE;
use lianfang::platform::access::{Grant, Role};
use lianfang::platform::audit::AuditEntry;
use lianfang::platform::config::Config;
use lianfang::rooms::accounts::users::{NewUser, add};
use lianfang::rooms::accounts::{self, NewKey, key_owner};
use lianfang::server::routes;
use lianfang::server::start::{self, Backend};
use serde_json::json;

use super::{Failure, prepare, print};

/// Runs the migrations that are missing.
pub async fn migrate(config: &Config, json: bool) -> Result<(), Failure> {
    let backend = Backend::start(config).await?;
    let run = start::migrate(&backend.url).await;
    backend.leave().await?;
    let count = run?;
    print(&if json { json!({"migrations_run": count}).to_string() } else { format!("{count} migration(s) run.") })
}

/// Makes an account.
pub async fn add_user(config: Config, name: &str, role: &str, area: &str, json: bool) -> Result<(), Failure> {
    let role = Role::of_code(role).ok_or_else(|| Failure::Usage(format!("there is no role `{role}`")))?;
    let plain = (3..=40).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'));
    if !plain {
        return Err(Failure::Usage("a user name has 3 to 40 letters, digits and `_ . -`".into()));
    }
    let backend = Backend::start(&config).await?;
    let added = add_to(&backend, config, name, role, area).await;
    backend.leave().await?;
    let (password, area_code) = added?;
    print(&if json {
        json!({"username": name, "one_time_password": password, "area_code": area_code}).to_string()
    } else {
        format!(
            "Account `{name}` for {area_code}, role {}.\nOne-time password: {password}\nIt must be changed at first sign-in.",
            role.code()
        )
    })
}

async fn add_to(
    backend: &Backend,
    config: Config,
    name: &str,
    role: Role,
    area: &str,
) -> Result<(String, String), Failure> {
    prepare(backend).await?;
    let core = start::core(config, &backend.service_url, routes::kinds()).await?;
    let area_code = core
        .divisions
        .place(area, None)
        .filter(|placement| placement.warning.is_none())
        .map(|placement| placement.area_code);
    let area_code = area_code.ok_or_else(|| Failure::Usage(format!("there is no division `{area}`")))?;
    let grants = vec![Grant { role, area_code: area_code.clone(), org_id: None }];
    let new =
        NewUser { id: new_id(), username: name.into(), display_name: name.into(), phone: None, org_id: None, grants };
    let audit_entry = AuditEntry {
        actor_id: None,
        area_code: Some(area_code.clone()),
        verb: "user.create",
        subject_kind: "users",
        subject_id: Some(new.id),
        request_id: None,
        address: None,
        details: json!({"by": "command line", "role": role.code(), "area_code": area_code}),
    };
    Ok((add(&core, &new, audit_entry).await?, area_code))
}

/// A key to be made.
#[derive(clap::Args)]
pub struct NewKeyCommand {
    /// The account that answers for it: nobody gives a key more than he has himself.
    owner: String,
    /// What it may be used for: read, write, import, export, statistics, small_cells. Any number of times, or with commas.
    #[arg(long, required = true, value_delimiter = ',')]
    scope: Vec<String>,
    /// The role that it acts with [default: the account's own].
    #[arg(long)]
    role: Option<String>,
    /// The area: a division's code [default: the account's own].
    #[arg(long)]
    area: Option<String>,
    /// What it is for.
    #[arg(long, default_value = "script")]
    name: String,
    /// So many days it works.
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u16).range(1..=366))]
    days: u16,
}

/// Makes an API key and prints it, this once.
pub async fn add_key(config: Config, command: NewKeyCommand, json: bool) -> Result<(), Failure> {
    for scope in &command.scope {
        if KEY_SCOPE.find(scope).is_none() {
            let scopes = KEY_SCOPE.codes().join(", ");
            return Err(Failure::Usage(format!("there is no scope `{scope}`; there are: {scopes}")));
        }
    }
    let no_role = |role: &String| {
        let roles = Role::ALL.iter().map(|role| role.code()).collect::<Vec<_>>().join(", ");
        Failure::Usage(format!("there is no role `{role}`; there are: {roles}"))
    };
    let role = command.role.as_ref().map(|role| Role::of_code(role).ok_or_else(|| no_role(role))).transpose()?;
    let backend = Backend::start(&config).await?;
    let added = add_key_to(&backend, config, &command, role).await;
    backend.leave().await?;
    let (key, new) = added?;
    print(&if json {
        json!({"key": key, "id": new.id, "role": new.grant.role.code(), "area_code": new.grant.area_code,
            "scopes": new.scopes, "expires_at": new.expires_at.to_rfc3339()})
        .to_string()
    } else {
        key
    })
}

async fn add_key_to(
    backend: &Backend,
    config: Config,
    command: &NewKeyCommand,
    role: Option<Role>,
) -> Result<(String, NewKey), Failure> {
    prepare(backend).await?;
    let core = start::core(config, &backend.service_url, routes::kinds()).await?;
    let owner = key_owner(&core, &command.owner).await?;
    let owner = owner.ok_or_else(|| Failure::Usage(format!("there is no active account `{}`", command.owner)))?;
    let own = owner.grants.first().ok_or_else(|| Failure::Refused("the account has no role".into()))?;
    let area_code = match &command.area {
        Some(area) => {
            let placement = core.divisions.place(area, None).filter(|placement| placement.warning.is_none());
            placement.ok_or_else(|| Failure::Usage(format!("there is no division `{area}`")))?.area_code
        }
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
    Ok((accounts::add_key(&core, &new, owner.user_id, audit_entry).await?, new))
}

/// Brings to rest what a former release left in the clear.
pub async fn seal(config: Config, json: bool) -> Result<(), Failure> {
    let backend = Backend::start(&config).await?;
    let sealed = seal_at(&backend, config).await;
    backend.leave().await?;
    let sealed = sealed?;
    print(&if json {
        json!({"revisions": sealed.revisions, "others": sealed.others, "left": sealed.left}).to_string()
    } else {
        format!("Sealed: {} revisions, {} other rows.", sealed.revisions, sealed.others)
    })?;
    match sealed.left {
        0 => Ok(()),
        left => Err(Failure::Other(format!(
            "{left} revisions aren't what the ledger took and stay as they are; run `lianfang verify`"
        ))),
    }
}

async fn seal_at(backend: &Backend, config: Config) -> Result<Sealed, Failure> {
    prepare(backend).await?;
    let core = start::core(config, &backend.service_url, routes::kinds()).await?;
    let bar = ProgressBar::new(0);
    bar.set_style(
        ProgressStyle::with_template("{bar:40} {pos}/{len} rows, {per_sec}, {eta} left").map_err(Failure::other)?,
    );
    let sealed = sealing::seal(&core, &backend.url, &mut |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    })
    .await;
    bar.finish_and_clear();
    Ok(sealed?)
}
