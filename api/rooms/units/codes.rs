//! Codes that the rooms of `units` raise.

use kit::fault_codes;

fault_codes! {
    FAULTS;
    ONE_LEADER "one_leader" "exactly one leader" "组长须有且仅有一人";
}
