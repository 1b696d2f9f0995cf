//! Accounts of a district that may answer for something: whoever holds a role over an area, the nearest first.

use kit::columns;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::Statement;
use uuid::Uuid;

use super::wire::DUTY_KIND;
use super::{Accounts, DutyKind, DutyLine, READERS};
use crate::platform::access::{Grant, Role};
use crate::platform::core::Core;
use crate::records::Record;
use crate::records::envelope::{AREA_CODE, Envelope, ID, ORG_ID};

columns! {
    ROLE "role": String;
}

/// Active accounts with their grants.
#[derive(Default)]
pub struct Holders(Vec<(Uuid, Grant)>);

impl Holders {
    /// Those whose grants reach a district or a part of it.
    pub async fn load(core: &Core, district_code: &str) -> Result<Self, Problem> {
        let statement = Statement::new("SELECT u.id, g.role, g.area_code, g.org_id FROM users AS u JOIN user_grants AS g ON g.user_id = u.id WHERE u.active AND (starts_with(g.area_code, ")
            .text(district_code)
            .sql(") OR starts_with(")
            .text(district_code)
            .sql(", g.area_code)) ORDER BY u.created_at, u.id");
        let grant = |mut row: Row| {
            let (id, role) = (row.get(&ID)?, Role::of_code(&row.get(&ROLE)?)?);
            Some((id, Grant { role, area_code: row.get(&AREA_CODE)?, org_id: row.get(&ORG_ID) }))
        };
        Ok(Self(core.database.read(&statement).await?.into_iter().filter_map(grant).collect()))
    }

    /// Accounts of the village and the town above the duties of these kinds, as `find` finds them.
    pub async fn above(
        core: &Core,
        district_code: &str,
        (duties, kinds): (&[Record], &[DutyKind]),
        find: impl Fn(&Self, DutyLine, &Envelope) -> Option<Uuid>,
    ) -> Result<Accounts, Problem> {
        let own = |duty: &&Record| duty.values.get(&DUTY_KIND).is_some_and(|kind| kinds.contains(&kind));
        let mut found = Accounts::new();
        if !duties.iter().any(|duty| own(&duty)) {
            return Ok(found);
        }
        let holders = Self::load(core, district_code).await?;
        for duty in duties.iter().filter(own) {
            for line in [DutyLine::Village, DutyLine::Town] {
                let account = find(&holders, line, &duty.envelope);
                found.extend(account.map(|id| ((duty.envelope.id, line), id)));
            }
        }
        Ok(found)
    }

    /// Whether an account sees duties of an area and organisation.
    pub fn can_answer(&self, id: Uuid, area_code: &str, org_id: Option<Uuid>) -> bool {
        self.0.iter().any(|(own, grant)| *own == id && READERS.contains(&grant.role) && grant.covers(area_code, org_id))
    }

    /// Grants of an active account.
    pub fn grants_of(&self, id: Uuid) -> impl Iterator<Item = &Grant> {
        self.0.iter().filter(move |(own, _)| *own == id).map(|(_, grant)| grant)
    }

    /// The account of a line in an area: of those who hold its role nearest to it the one that is there longest. A
    /// health centre's work is any doctor's: it has one only where there is just one.
    pub fn of_line(&self, line: DutyLine, area_code: &str, org_id: Option<Uuid>) -> Option<Uuid> {
        match line {
            DutyLine::Village => self.nearest(Role::VillageCadre, area_code, org_id).first().copied(),
            DutyLine::Town => self.nearest(Role::TownCadre, area_code, org_id).first().copied(),
            DutyLine::Group => self.nearest(Role::GroupCadre, area_code, org_id).first().copied(),
            DutyLine::HealthCenter => match self.nearest(Role::HealthWorker, area_code, org_id).as_slice() {
                [only] => Some(*only),
                _ => None,
            },
            DutyLine::Inspector => self.nearest(Role::Inspector, area_code, org_id).first().copied(),
            // Whoever administers a district at large is no unit's administrator.
            DutyLine::Unit => org_id.and_then(|id| self.of_organization(Role::OrgAdmin, area_code, id)),
            DutyLine::Store | DutyLine::Venue => {
                org_id.and_then(|id| self.of_organization(Role::StoreReporter, area_code, id))
            }
            DutyLine::Grid
            | DutyLine::PoliceStation
            | DutyLine::Volunteer
            | DutyLine::Organizer
            | DutyLine::District => None,
        }
    }

    /// An account that holds a role nearest to an area and organisation: that which is there longest.
    pub fn of_role(&self, role: Role, area_code: &str, org_id: Option<Uuid>) -> Option<Uuid> {
        self.nearest(role, area_code, org_id).first().copied()
    }

    fn of_organization(&self, role: Role, area_code: &str, org_id: Uuid) -> Option<Uuid> {
        let holds =
            |grant: &Grant| grant.role == role && grant.org_id == Some(org_id) && grant.covers(area_code, Some(org_id));
        self.0.iter().find(|(_, grant)| holds(grant)).map(|(id, _)| *id)
    }

    fn nearest(&self, role: Role, area_code: &str, org_id: Option<Uuid>) -> Vec<Uuid> {
        let holds = |grant: &Grant| grant.role == role && grant.covers(area_code, org_id);
        let reaching = || self.0.iter().filter(|(_, grant)| holds(grant));
        let Some(narrowest) = reaching().map(|(_, grant)| grant.area_code.len()).max() else { return Vec::new() };
        let mut found: Vec<Uuid> = Vec::new();
        for (id, _) in reaching().filter(|(_, grant)| grant.area_code.len() == narrowest) {
            if !found.contains(id) {
                found.push(*id);
            }
        }
        found
    }
}
