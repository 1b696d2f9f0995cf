//! Codes that the rooms of `relief` raise.

use kit::fault_codes;

fault_codes! {
    FAULTS;
    MORE_THAN_ASKED "more_than_asked" "is more than was asked for" "超过需求数量";
}
