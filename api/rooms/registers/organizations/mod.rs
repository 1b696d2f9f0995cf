//! Organisations: bureaus, streets, towns, schools, health centres, police stations, partners.
//!
//! Everybody of a district must be able to name them, so reading reaches the whole district.
//! No organisation stands below itself, over however many steps.

pub mod wire;

use std::sync::Arc;

use kit::faults::Faults;
use kit::text::Text;
use ledger::decide::Decider;

use self::wire::{KIND, PARENT_ID};
use crate::platform::access::Role;
use crate::platform::access::accounts::SUPERVISED;
use crate::platform::access::roles::Actor;
use crate::records::acyclic::parents;
use crate::records::codes::CYCLIC;
use crate::records::in_use::NamedElsewhere;
use crate::records::include::Beside;
use crate::records::write_context::WriteContext;
use crate::records::{Context, Definition, Draft, Kind, Reach, Record, Rules};

/// The kind.
pub static ORGANIZATIONS: Kind = Kind::of(Definition {
    name: "organizations",
    path: "organizations",
    schema: "Organization",
    label: Text::new("Organisation", "单位"),
    about: "A bureau, street, town, school, health centre, police station or partner.",
    fields: wire::FIELDS,
    filters: &[KIND.name(), PARENT_ID.name()],
    reach: Reach::District,
    readers: Role::ALL,
    writers: &[Role::DistrictAdmin, Role::OrgAdmin],
    rules: &OrganizationRules,
    example: include_str!("../../../../openapi/examples/organizations/create.json"),
    ..Definition::FIELD_RECORD
});

struct OrganizationRules;

/// Ties to an organisation beside references: accounts that work for it, places it watches, days with its own records.
const NAMED_ELSEWHERE: &[NamedElsewhere] = &[
    NamedElsewhere {
        label: Text::new("accounts", "账号"),
        select: "SELECT DISTINCT left(g.area_code, 6) AS district_code, coalesce(g.org_id, u.org_id) AS id, u.id AS naming FROM users AS u JOIN user_grants AS g ON g.user_id = u.id WHERE u.active",
    },
    NamedElsewhere {
        label: Text::new("places it watches", "监管的场所"),
        select: "SELECT p.district_code, s.id::uuid AS id FROM places AS p CROSS JOIN LATERAL jsonb_array_elements_text(p.supervising_org_ids) AS s(id) WHERE jsonb_typeof(p.supervising_org_ids) = 'array' AND NOT p.voided",
    },
    NamedElsewhere {
        label: Text::new("days with records of its own", "有本单位记录的天数"),
        select: "SELECT DISTINCT c.district_code, c.org_id AS id, c.on_day FROM record_rollups AS c WHERE c.total <> 0",
    },
];

impl Rules for OrganizationRules {
    fn beside(&self) -> Option<&'static Beside> {
        const { Some(&Beside { name: "organization", members: &["area_code", "kind", "name"], days: None }) }
    }

    fn stands_when_known(&self) -> bool {
        true
    }

    fn stays_while_named(&self) -> bool {
        true
    }

    fn named_elsewhere(&self) -> &'static [NamedElsewhere] {
        NAMED_ELSEWHERE
    }

    /// Whoever is supervised doesn't make himself a bureau.
    fn permits(&self, actor: &Actor, draft: &Draft) -> bool {
        actor.judges(ORGANIZATIONS.writers)
            || draft.values.get(&KIND).is_some_and(|kind| SUPERVISED.contains(&kind.code()))
    }

    fn check(&self, draft: &mut Draft, _context: &Context<'_>, faults: &mut Faults) {
        if draft.client_id().is_some() && draft.client_id() == draft.values.get(&PARENT_ID) {
            faults.add(draft.at(&PARENT_ID), CYCLIC);
        }
    }

    fn decider(&self, former: Option<&Record>, next: &Record, _scribe: &Arc<WriteContext>) -> Option<Arc<dyn Decider>> {
        parents(ORGANIZATIONS.name).decider(former, next)
    }

    fn judged_across_rows(&self) -> bool {
        true
    }
}
