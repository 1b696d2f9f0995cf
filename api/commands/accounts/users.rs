//! `user add`, `user list`, `user reset-password`, `user disable`, `user enable`, `user grant`.

use clap::Subcommand;
use kit::ids::new_id;
use lianfang::platform::access::{Grant, Role};
use lianfang::platform::audit::AuditEntry;
use lianfang::platform::core::Core;
use lianfang::rooms::accounts::operator::{self, Listed};
use lianfang::rooms::accounts::users::{NewUser, User, add, held};
use serde_json::json;
use uuid::Uuid;

use super::super::language::{say, spoken};
use super::super::{Failure, at_work, print};
use super::import::{ImportUsers, import};
use super::{area_of, heads, print_list, role_of};
use crate::Place;

/// Accounts at the server's machine. All of it works while the service runs, and is in the audit.
#[derive(Subcommand)]
pub enum UserCommand {
    /// Make an account and print its one-time password. Works while the service runs.
    Add {
        /// Its name for signing in.
        name: String,
        /// As administrator of the area.
        #[arg(long, conflicts_with = "role", required_unless_present = "role")]
        admin: bool,
        /// With another role, as gate_guard.
        #[arg(long)]
        role: Option<String>,
        /// The area: a division's code.
        #[arg(long, default_value = "511802")]
        area: String,
        #[command(flatten)]
        place: Place,
    },
    /// Make the accounts of a CSV file, all or none, with a sheet of their one-time passwords to print and cut.
    Import {
        #[command(flatten)]
        command: ImportUsers,
        #[command(flatten)]
        place: Place,
    },
    /// List accounts with their roles.
    List {
        /// With a role in this area or below: a division's code.
        #[arg(long)]
        area: Option<String>,
        /// With this role.
        #[arg(long)]
        role: Option<String>,
        /// Only those that may not sign in.
        #[arg(long)]
        disabled: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Print a new one-time password, this once; every session of the account ends.
    ResetPassword {
        /// Its name for signing in.
        name: String,
        #[command(flatten)]
        place: Place,
    },
    /// Let an account sign in no more; its open duties go to the next above.
    Disable {
        /// Its name for signing in.
        name: String,
        #[command(flatten)]
        place: Place,
    },
    /// Let an account sign in again.
    Enable {
        /// Its name for signing in.
        name: String,
        #[command(flatten)]
        place: Place,
    },
    /// Give an account a role over an area, or take it away.
    Grant {
        /// Its name for signing in.
        name: String,
        /// The role, as gate_guard.
        #[arg(long)]
        role: String,
        /// The area: a division's code.
        #[arg(long)]
        area: String,
        /// Only what belongs to this organisation: its id.
        #[arg(long)]
        org: Option<Uuid>,
        /// Take this role away instead.
        #[arg(long)]
        remove: bool,
        #[command(flatten)]
        place: Place,
    },
}

impl UserCommand {
    /// Where the data is.
    pub fn place(&self) -> &Place {
        match self {
            Self::Add { place, .. }
            | Self::Import { place, .. }
            | Self::List { place, .. }
            | Self::ResetPassword { place, .. }
            | Self::Disable { place, .. }
            | Self::Enable { place, .. }
            | Self::Grant { place, .. } => place,
        }
    }

    /// Does it.
    pub async fn run(self) -> Result<(), Failure> {
        let json = self.place().json;
        match self {
            Self::Add { name, admin: _, role, area, place } => {
                add_user(place, &name, role.as_deref().unwrap_or("district_admin"), &area, json).await
            }
            Self::Import { command, place } => import(place, command, json).await,
            Self::List { area, role, disabled, place } => list(place, area, role, disabled, json).await,
            Self::ResetPassword { name, place } => reset_password(place, &name, json).await,
            Self::Disable { name, place } => set_active(place, &name, false, json).await,
            Self::Enable { name, place } => set_active(place, &name, true, json).await,
            Self::Grant { name, role, area, org, remove, place } => {
                let asked = Asked { role: role_of(&role)?, area, org_id: org, remove };
                grant(place, &name, asked, json).await
            }
        }
    }
}

/// Makes an account.
async fn add_user(place: Place, name: &str, role: &str, area: &str, json: bool) -> Result<(), Failure> {
    let role = role_of(role)?;
    let plain = (3..=40).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'));
    if !plain {
        return Err(Failure::Usage("a user name has 3 to 40 letters, digits and `_ . -`".into()));
    }
    let (password, area_code) =
        at_work(place.config()?, async |core: &Core| add_to(core, name, role, area).await).await?;
    print(&if json {
        json!({"username": name, "one_time_password": password, "area_code": area_code}).to_string()
    } else {
        format!(
            "Account `{name}` for {area_code}, role {}.\nOne-time password: {password}\nIt must be changed at first sign-in.",
            role.code()
        )
    })
}

async fn add_to(core: &Core, name: &str, role: Role, area: &str) -> Result<(String, String), Failure> {
    let area_code = area_of(core, area)?;
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
    Ok((add(core, &new, audit_entry).await?, area_code))
}

async fn list(
    place: Place,
    area: Option<String>,
    role: Option<String>,
    disabled: bool,
    json: bool,
) -> Result<(), Failure> {
    let role = role.as_deref().map(role_of).transpose()?;
    let found = at_work(place.config()?, async |core: &Core| {
        let area_code = area.as_deref().map(|area| area_of(core, area)).transpose()?;
        let listed = Listed { area_code, role, active: disabled.then_some(false) };
        Ok(operator::accounts(core, &listed).await?)
    });
    let users = found.await?;
    let language = spoken(None);
    let head = heads(language, &[("user name", "用户名"), ("name", "姓名"), ("roles", "角色"), ("state", "状态")]);
    let state = |user: &User| match (user.active, user.password_change_required) {
        (false, _) => say(language, "disabled", "已停用"),
        (true, true) => say(language, "one-time password", "未改初始密码"),
        (true, false) => say(language, "active", "启用"),
    };
    let row = |user: &User| {
        let roles: Vec<String> = user.roles.iter().map(|held| format!("{}@{}", held.role, held.area_code)).collect();
        vec![user.username.clone(), user.display_name.clone(), roles.join(" "), state(user).to_owned()]
    };
    print_list(json, &json!({"items": users}), &[head].into_iter().chain(users.iter().map(row)).collect::<Vec<_>>())
}

async fn named(core: &Core, name: &str) -> Result<User, Failure> {
    let user = operator::account(core, name).await?;
    user.ok_or_else(|| Failure::Usage(format!("there is no account `{name}`; `lianfang user list` tells them")))
}

async fn reset_password(place: Place, name: &str, json: bool) -> Result<(), Failure> {
    let reset = at_work(place.config()?, async |core: &Core| {
        let user = named(core, name).await?;
        Ok((operator::reset_password(core, &user).await?, user.username))
    });
    let (password, username) = reset.await?;
    print(&if json {
        json!({"username": username, "one_time_password": password}).to_string()
    } else {
        format!(
            "One-time password of `{username}`: {password}\nIt must be changed at the next sign-in; every session of the account has ended."
        )
    })
}

async fn set_active(place: Place, name: &str, active: bool, json: bool) -> Result<(), Failure> {
    let changed = at_work(place.config()?, async |core: &Core| {
        let user = named(core, name).await?;
        let handed = if user.active == active { 0 } else { operator::set_active(core, &user, active).await? };
        Ok((user.username, handed))
    });
    let (username, handed) = changed.await?;
    print(&if json {
        json!({"username": username, "active": active, "handed_over_duties": handed}).to_string()
    } else if active {
        format!("`{username}` may sign in.")
    } else {
        format!("`{username}` may not sign in any more; {handed} open duties went to the next above.")
    })
}

/// Role that is given or taken away.
struct Asked {
    role: Role,
    area: String,
    org_id: Option<Uuid>,
    remove: bool,
}

async fn grant(place: Place, name: &str, asked: Asked, json: bool) -> Result<(), Failure> {
    let changed = at_work(place.config()?, async |core: &Core| {
        let user = named(core, name).await?;
        let one = Grant { role: asked.role, area_code: area_of(core, &asked.area)?, org_id: asked.org_id };
        let mut grants = held(&user);
        let before = grants.len();
        grants.retain(|grant| *grant != one);
        if asked.remove && grants.is_empty() {
            return Err(Failure::Refused(format!("it is the last role of `{name}`; disable the account instead")));
        }
        if asked.remove && grants.len() == before {
            return Err(Failure::Usage(format!("`{name}` doesn't hold that role there")));
        }
        if !asked.remove {
            grants.push(one);
        }
        let same = grants.len() == before && !asked.remove;
        let handed = if same { 0 } else { operator::set_grants(core, &user, grants).await? };
        Ok((named(core, name).await?, handed))
    });
    let (user, handed) = changed.await?;
    let roles: Vec<String> = user.roles.iter().map(|held| format!("{}@{}", held.role, held.area_code)).collect();
    print(&if json {
        json!({"username": user.username, "roles": user.roles, "handed_over_duties": handed}).to_string()
    } else {
        format!("`{}` holds: {}.", user.username, roles.join(", "))
    })
}
