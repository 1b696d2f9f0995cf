//! Codes that the rooms of `supply` raise.

use kit::{fault_codes, problem_codes};

problem_codes! {
    PROBLEMS;
    STORE_HAS_REPORT "report_exists" CONFLICT "This store has a report of that day; amend it" "该门店当日已有报表,请修订该报表";
}

fault_codes! {
    FAULTS;
    UNKNOWN_UNIT "unknown_unit" "can't be converted to {unit}; one of these can: {units}" "无法换算为 {unit};可用:{units}";
    NOT_FOR_ZERO "not_for_zero" "a report of nothing has no lines" "零报告不应包含明细";
    REPORT_EXISTS "report_exists" "this store has a report of that day: {location}" "该门店当日已有报表:{location}" .answered_with(STORE_HAS_REPORT);
    INSUFFICIENT_STOCK "insufficient_stock" "only {available} {unit} would be there on {day}" "{day} 可用库存仅 {available} {unit}";
    REFERS_TO_OTHER "refers_to_other" "belongs to another place" "属于其他场所";
}
