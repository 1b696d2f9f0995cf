//! Roles (domain.md 5), grants and what an account may reach.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use chrono::NaiveDate;
use kit::text::Text;
use kit::vocabulary::{Vocabulary, Word, word};
use uuid::Uuid;

macro_rules! roles {
    ($($name:ident $code:literal $en:literal $zh:literal;)*) => {
        /// Role of an account: the functions it may hold.
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

/// Roles, each once or not at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct RoleSet(u32);

impl RoleSet {
    /// Whether one of these is among them.
    pub fn meets(self, roles: &[Role]) -> bool {
        roles.iter().any(|role| self.0 & (1 << *role as u32) != 0)
    }
}

impl FromIterator<Role> for RoleSet {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Self {
        Self(roles.into_iter().fold(0, |set, role| set | (1 << role as u32)))
    }
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
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Grant {
    /// The role.
    pub role: Role,
    /// The area: that division and all below.
    pub area_code: String,
    /// Only what belongs to this organisation, or to one below it.
    pub org_id: Option<Uuid>,
}

impl Grant {
    /// Whether a record of that area and of this very organisation is within the grant.
    pub fn covers(&self, area_code: &str, org_id: Option<Uuid>) -> bool {
        area_code.starts_with(&self.area_code) && (self.org_id.is_none() || self.org_id == org_id)
    }
}

/// Organisations, each with all that stand below it and itself.
pub type Below = Arc<BTreeMap<Uuid, Vec<Uuid>>>;

/// Caller as the server knows it (never as a token claims it).
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
    /// The organisations that its grants name, with all below each.
    pub below: Below,
    /// Whether one of those organisations watches a place.
    pub supervises: bool,
    /// Today in the district's zone: what was in force yesterday isn't.
    pub today: NaiveDate,
    /// The districts its grants reach, of those that have a ledger; sorted.
    pub districts: Vec<String>,
    /// Those of its organisations that bureaus supervise: nobody judges on their behalf.
    pub supervised: Vec<Uuid>,
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

    /// The organisations that a grant is narrowed to: the one it names, and all below; none where it is of the area.
    pub fn organizations_of(&self, grant: &Grant) -> Option<Vec<Uuid>> {
        let org_id = grant.org_id?;
        Some(self.below.get(&org_id).cloned().unwrap_or_else(|| vec![org_id]))
    }

    /// Whether a record of that area and organisation is within a grant.
    pub fn covers(&self, grant: &Grant, area_code: &str, org_id: Option<Uuid>) -> bool {
        let of_area = area_code.starts_with(&grant.area_code);
        of_area && self.organizations_of(grant).is_none_or(|own| org_id.is_some_and(|id| own.contains(&id)))
    }

    /// Whether one of the roles is held over a record of that area and organisation.
    pub fn reaches(&self, roles: &'static [Role], area_code: &str, org_id: Option<Uuid>) -> bool {
        self.grants_of(roles).any(|grant| self.covers(grant, area_code, org_id))
    }

    /// The organisation for which it writes by default: its own, else the one to which all grants with these roles are
    /// narrowed.
    pub fn default_organization(&self, roles: &'static [Role]) -> Option<Uuid> {
        self.org_id.or_else(|| {
            let mut organizations = self.grants_of(roles).map(|grant| grant.org_id);
            let first = organizations.next()??;
            organizations.all(|org_id| org_id == Some(first)).then_some(first)
        })
    }

    /// Whether one of the roles is held for somebody who may judge: not for a store or a school, which would judge
    /// itself or its competitors.
    pub fn judges(&self, roles: &'static [Role]) -> bool {
        self.grants_of(roles).any(|grant| self.judges_by(grant))
    }

    /// Whether a grant lets it judge: neither the account nor the grant is of somebody whom bureaus supervise.
    pub fn judges_by(&self, grant: &Grant) -> bool {
        let is_supervised = |org_id: Option<Uuid>| org_id.is_some_and(|id| self.supervised.contains(&id));
        !is_supervised(self.org_id) && !is_supervised(grant.org_id)
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

    /// Whether the account may hand on a grant: it must hold one that is as wide, and the table says which roles.
    pub fn may_grant(&self, grant: &Grant) -> bool {
        self.grants.iter().any(|own| {
            let handed_on = match (own.role, own.org_id) {
                (Role::DistrictAdmin, _) => Role::ALL,
                (Role::OrgAdmin, Some(_)) => OF_AN_ORGANIZATION,
                (Role::OrgAdmin, None) => OF_AN_AREA,
                _ => &[],
            };
            handed_on.contains(&grant.role) && self.covers(own, &grant.area_code, grant.org_id)
        })
    }
}

/// Roles that the administrator of an area hands on inside it: those of the field. A town sets up its own people.
const OF_AN_AREA: &[Role] = &[
    Role::Inspector,
    Role::GridWorker,
    Role::TownCadre,
    Role::VillageCadre,
    Role::GroupCadre,
    Role::HealthWorker,
    Role::PoliceOfficer,
    Role::GateGuard,
    Role::Volunteer,
    Role::StoreReporter,
];

/// Roles that the administrator of an organisation hands on in it and below: all but the command's own.
const OF_AN_ORGANIZATION: &[Role] = &[
    Role::OrgAdmin,
    Role::Inspector,
    Role::GridWorker,
    Role::TownCadre,
    Role::VillageCadre,
    Role::GroupCadre,
    Role::HealthWorker,
    Role::CdcOfficer,
    Role::PoliceOfficer,
    Role::GateGuard,
    Role::Volunteer,
    Role::StoreReporter,
    Role::JusticeOfficer,
    Role::Counselor,
    Role::StatisticsReader,
];

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
            below: Below::default(),
            supervises: false,
            today: NaiveDate::MIN,
            districts: vec![],
            supervised: vec![],
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
        assert!(!department.may_grant(&grant(Role::Auditor, "511802", org)));
        let child = Some(Uuid::from_u128(2));
        assert!(!department.may_grant(&grant(Role::GateGuard, "511802005", child)));
        let mut above = department.clone();
        above.below = Arc::new(BTreeMap::from([(Uuid::from_u128(1), vec![Uuid::from_u128(1), Uuid::from_u128(2)])]));
        assert!(above.may_grant(&grant(Role::OrgAdmin, "511802005", child)));
        let town = actor(Role::OrgAdmin, "511802005", None);
        for role in [Role::HealthWorker, Role::PoliceOfficer, Role::GateGuard, Role::Volunteer, Role::TownCadre] {
            assert!(town.may_grant(&grant(role, "511802005001", None)), "{role:?}");
            assert!(!town.may_grant(&grant(role, "511802", None)), "{role:?}");
        }
        for role in [Role::OrgAdmin, Role::CdcOfficer, Role::Auditor, Role::DistrictAdmin, Role::StatisticsReader] {
            assert!(!town.may_grant(&grant(role, "511802005", None)), "{role:?}");
        }
        let mut company = department.clone();
        company.supervised.extend(org);
        assert!(department.judges(&[Role::OrgAdmin]) && !company.judges(&[Role::OrgAdmin]));
        company.grants.push(grant(Role::OrgAdmin, "511802", None));
        assert!(!company.judges(&[Role::OrgAdmin]), "whoever is a company's own stays so");
        assert!(!actor(Role::TownCadre, "511802005", None).may_grant(&grant(Role::GateGuard, "511802005", None)));
    }
}
