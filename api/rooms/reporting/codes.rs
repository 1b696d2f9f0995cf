//! Codes that the rooms of `reporting` raise, and warnings that several of them give.

use kit::fault_codes;
use kit::text::Text;

use crate::records::Warning;

fault_codes! {
    FAULTS;
    REASON_NEEDED "reason_needed" "the records say {computed}; say why it differs" "与记录不一致(记录为 {computed}),请说明原因";
}

/// Said otherwise than the records say it.
pub static DIFFERS_FROM_RECORDS: Warning = Warning {
    code: "differs_from_records",
    message: Text::new("differs from what the records say", "与系统记录的统计不一致"),
};
/// Nothing reported of a day of which there are records.
pub static RECORDS_EXIST: Warning = Warning {
    code: "records_exist",
    message: Text::new("a report of nothing, and {n} records of that day", "零报告,但当日已有 {n} 条记录"),
};
