//! Plain values: who may see them, and what for.

use kit::text::Text;
use kit::vocabulary::{Vocabulary, word};

use crate::platform::access::Role;

/// Roles that may see plain values, each time for a reason.
pub const REVEALERS: &[Role] =
    &[Role::DistrictAdmin, Role::TownCadre, Role::HealthWorker, Role::CdcOfficer, Role::PoliceOfficer];

/// Why personal data is used (GB/T 35273-2020, 11: records of processing).
pub static PURPOSE: Vocabulary = Vocabulary::new(
    "purpose",
    Text::new("Purpose", "用途"),
    &[
        word("epidemic_control", "epidemic control", "疫情防控"),
        word("medical_follow_up", "medical follow-up", "医学随访"),
        word("supply_assurance", "supply assurance", "物资保障"),
        word("legal_duty", "legal duty", "法定职责"),
        word("statistics", "statistics", "统计"),
    ],
);
