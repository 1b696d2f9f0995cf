//! Roles (domain.md 5), grants and what an account may reach.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use uuid::Uuid;

use crate::kit::text::Text;
use crate::kit::vocabulary::{Vocabulary, Word, word};

macro_rules! roles {
    ($($name:ident $code:literal $en:literal $zh:literal;)*) => {
        /// What an account is allowed to be.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Role { $(#[doc = $en] $name,)* }

        impl Role {
            /// Every role.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
            const WORDS: &'static [Word] = &[$(word($code, $en, $zh),)*];

            /// The role's code.
            pub fn code(self) -> &'static str { match self { $(Self::$name => $code,)* } }

            /// The role of a code.
            pub fn of_code(code: &str) -> Option<Self> { match code { $($code => Some(Self::$name),)* _ => None } }
        }
    };
}

roles! {
    DistrictAdmin "district_admin" "District command" "区指挥部";
    OrgAdmin "org_admin" "Department administrator" "部门管理员";
    Inspector "inspector" "Inspector" "检查员";
    GridWorker "grid_worker" "Grid worker" "网格员";
    TownCadre "town_cadre" "Town officer" "镇干部";
    VillageCadre "village_cadre" "Village cadre" "村干部";
    GroupCadre "group_cadre" "Group cadre" "组干部";
    HealthWorker "health_worker" "Health worker" "卫生院医生";
    CdcOfficer "cdc_officer" "Disease control officer" "疾控";
    PoliceOfficer "police_officer" "Police officer" "民警";
    GateGuard "gate_guard" "Gate guard" "门岗";
    Volunteer "volunteer" "Volunteer" "志愿者";
    StoreReporter "store_reporter" "Store reporter" "商超填报员";
    JusticeOfficer "justice_officer" "Justice officer" "司法";
    Counselor "counselor" "Counselor" "心理咨询员";
    Auditor "auditor" "Auditor" "审计";
    StatisticsReader "statistics_reader" "Statistics reader" "统计只读";
}

/// These roles, and those who read figures only. Each list is made once and lives as long as the process.
pub fn with_statistics(roles: &[Role]) -> &'static [Role] {
    static LISTS: LazyLock<Mutex<BTreeMap<Vec<&'static str>, &'static [Role]>>> = LazyLock::new(Mutex::default);
    let codes: Vec<&'static str> = roles.iter().map(|role| role.code()).collect();
    let mut lists = LISTS.lock().unwrap_or_else(PoisonError::into_inner);
    lists.entry(codes).or_insert_with(|| {
        let more = [Role::StatisticsReader].into_iter().filter(|role| !roles.contains(role));
        Box::leak(roles.iter().copied().chain(more).collect())
    })
}

/// The vocabulary of roles.
pub static ROLE: Vocabulary = Vocabulary::new("role", Text::new("Role", "角色"), Role::WORDS);

/// A role over an area, and over one organisation where it is narrowed to that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The role.
    pub role: Role,
    /// The area: that division and all below.
    pub area_code: String,
    /// Only what belongs to this organisation.
    pub org_id: Option<Uuid>,
}

impl Grant {
    /// Whether a record of that area and organisation is within the grant.
    pub fn covers(&self, area_code: &str, org_id: Option<Uuid>) -> bool {
        area_code.starts_with(&self.area_code) && (self.org_id.is_none() || self.org_id == org_id)
    }
}

/// Who is asking, as the server knows it (never as a token claims it).
#[derive(Clone, Debug)]
pub struct Actor {
    /// The account.
    pub user_id: Uuid,
    /// Its name for signing in.
    pub username: String,
    /// Its name for people.
    pub display_name: String,
    /// Its organisation.
    pub org_id: Option<Uuid>,
    /// Its grants.
    pub grants: Vec<Grant>,
    /// The districts its grants reach, of those that have a ledger; sorted.
    pub districts: Vec<String>,
    /// Whether the one-time password must be changed before anything else.
    pub password_change_required: bool,
    /// For accounts that were deactivated: where they belonged. They hold nothing, and may only hand in what
    /// their phone still has.
    pub left_area: Option<String>,
}

impl Actor {
    /// The grants whose role is one of these.
    pub fn grants_of<'a>(&'a self, roles: &'static [Role]) -> impl Iterator<Item = &'a Grant> {
        self.grants.iter().filter(|grant| roles.contains(&grant.role))
    }

    /// Whether one of the roles is held anywhere.
    pub fn holds(&self, roles: &'static [Role]) -> bool {
        self.grants_of(roles).next().is_some()
    }

    /// Whether one of the roles is held over a record of that area and organisation.
    pub fn reaches(&self, roles: &'static [Role], area_code: &str, org_id: Option<Uuid>) -> bool {
        self.grants_of(roles).any(|grant| grant.covers(area_code, org_id))
    }

    /// The one area in which the roles are held, where it is one.
    pub fn only_area(&self, roles: &'static [Role]) -> Option<&str> {
        let mut areas = self.grants_of(roles).map(|grant| grant.area_code.as_str());
        let first = areas.next()?;
        areas.all(|area| area == first).then_some(first)
    }

    /// The widest of the areas of its grants: where its own deeds belong.
    pub fn own_area(&self) -> Option<String> {
        let widest = self.grants.iter().map(|grant| &grant.area_code).min_by_key(|code| code.len());
        widest.or(self.left_area.as_ref()).cloned()
    }

    /// Whether the account may hand on a grant: it must hold one that is as wide. The district
    /// command hands on any role, a department only its own working roles in its own organisation.
    pub fn may_grant(&self, grant: &Grant) -> bool {
        self.grants.iter().any(|own| {
            own.covers(&grant.area_code, grant.org_id)
                && match own.role {
                    Role::DistrictAdmin => true,
                    Role::OrgAdmin => {
                        !matches!(grant.role, Role::DistrictAdmin | Role::Auditor) && own.org_id.is_some()
                    }
                    _ => false,
                }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn actor(role: Role, area_code: &str, org_id: Option<Uuid>) -> Actor {
        Actor {
            user_id: Uuid::nil(),
            username: String::new(),
            display_name: String::new(),
            org_id,
            grants: vec![Grant { role, area_code: area_code.into(), org_id }],
            districts: vec![],
            password_change_required: false,
            left_area: None,
        }
    }

    #[test]
    fn nobody_grants_more_than_he_holds() {
        let grant = |role, area: &str, org_id| Grant { role, area_code: area.into(), org_id };
        let command = actor(Role::DistrictAdmin, "511802", None);
        assert!(command.may_grant(&grant(Role::DistrictAdmin, "511802", None)));
        assert!(command.may_grant(&grant(Role::GateGuard, "511802005", None)));
        assert!(!command.may_grant(&grant(Role::GateGuard, "511803", None)));
        assert!(!command.may_grant(&grant(Role::GateGuard, "5118", None)));
        let org = Some(Uuid::from_u128(1));
        let department = actor(Role::OrgAdmin, "511802", org);
        assert!(department.may_grant(&grant(Role::GateGuard, "511802005", org)));
        assert!(!department.may_grant(&grant(Role::GateGuard, "511802005", None)));
        assert!(!department.may_grant(&grant(Role::DistrictAdmin, "511802", org)));
        assert!(!actor(Role::TownCadre, "511802005", None).may_grant(&grant(Role::GateGuard, "511802005", None)));
    }
}
