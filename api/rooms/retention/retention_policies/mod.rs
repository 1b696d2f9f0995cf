//! Retention policies (留存期限): how long personal data of a kind is kept, as dated data of the district. None is built in:
//! what nobody laid down is purged by nobody.
//!
//! Of those of a kind the one that began last holds ([`in_force`]). A policy isn't changed but followed by another one, so that
//! none reaches further than on its first day it said.

mod in_force;
mod routes;

use chrono::NaiveDate;
use kit::faults::Faults;
use kit::field::{Field, Shape, free_text};
use kit::fields;
use kit::text::Text;

pub use self::in_force::{InForce, all_in_force};
pub use self::routes::operations;
use super::codes::{NO_PERSONAL_DATA, NOT_BACKDATED};
use crate::integrity::purge::KEPT_AT_LEAST_DAYS;
use crate::platform::access::Role;
use crate::platform::access::roles::Actor;
use crate::records::{Context, Definition, Draft, Kind, Measure, Reach, Record, Rules, whole_district};

/// The name of a kind.
pub const KIND_NAME: Shape = Shape::Text { min: 2, max: 60, pattern: Some("[a-z][a-z_]*") };

fields! {
    /// The fields of a policy, beside the envelope's.
    pub static FIELDS;
    RECORD_KIND: String = Field::new("record_kind", KIND_NAME, Text::new("Kind of record", "记录类型"), "The kind of record whose personal data is kept so long, by its name: `screenings`.")
        .required()
        .on_create();
    KEPT_DAYS: i64 = Field::new("kept_days", Shape::Integer { min: KEPT_AT_LEAST_DAYS, max: 36_500 }, Text::new("Days kept", "留存天数"), "For so many days after something happened; then it is purged, unless a younger record names it.")
        .required()
        .on_create();
    EFFECTIVE_ON: NaiveDate = Field::new("effective_on", Shape::Day, Text::new("Effective on", "施行日期"), "From which day on: today by default, never before.")
        .on_create()
        .any_day()
        .also(&["生效日期", "开始日期"]);
    BASIS: String = Field::new("basis", free_text(200), Text::new("Basis", "依据"), "The document that says so.")
        .required()
        .also(&["文件依据", "依据文件", "文号"]);
}

/// Roles that lay down how long something is kept.
const WRITERS: &[Role] = &[Role::DistrictAdmin];
/// Roles that read it.
const READERS: &[Role] = &[Role::DistrictAdmin, Role::OrgAdmin, Role::TownCadre, Role::CdcOfficer, Role::Auditor];

/// The kind.
pub static RETENTION_POLICIES: Kind = Kind::of(Definition {
    name: "retention_policies",
    path: "retention-policies",
    schema: "RetentionPolicy",
    label: Text::new("Retention policy", "留存期限"),
    about: "How long personal data of a kind of record is kept in the whole district, from a day on. Of several the one that began last holds; where there is none, nothing is purged by itself.",
    fields: FIELDS,
    filters: &[RECORD_KIND.name()],
    reach: Reach::District,
    readers: READERS,
    writers: WRITERS,
    takes_note: false,
    rules: &RetentionPolicyRules,
    example: include_str!("../../../../openapi/examples/retention_policies/create.json"),
    ..Definition::FIELD_RECORD
});

struct RetentionPolicyRules;

impl Rules for RetentionPolicyRules {
    fn stands_when_known(&self) -> bool {
        true
    }

    fn permits(&self, actor: &Actor, draft: &Draft) -> bool {
        whole_district::permits(actor, draft, WRITERS)
    }

    fn check(&self, draft: &mut Draft, context: &Context<'_>, faults: &mut Faults) {
        whole_district::check(draft, faults);
        let kind = draft.values.get(&RECORD_KIND);
        if kind.is_some_and(|name| context.kinds.kind(name).is_none_or(|kind| !kind.has_personal_data())) {
            faults.add(draft.at(&RECORD_KIND), NO_PERSONAL_DATA);
        }
        let effective_on = draft.values.get(&EFFECTIVE_ON).unwrap_or(context.told_on());
        // By the day on which it is taken, whenever a phone says that it was written.
        let is_new = draft.former.get(&EFFECTIVE_ON).is_none();
        if is_new && effective_on < context.today() {
            faults.add_with(draft.at(&EFFECTIVE_ON), NOT_BACKDATED, vec![("today", context.today().to_string())]);
        }
        draft.values.set(&EFFECTIVE_ON, effective_on);
    }

    fn measures(&self, _record: &Record) -> Vec<Measure> {
        vec![("retention_policies", 1)]
    }
}
