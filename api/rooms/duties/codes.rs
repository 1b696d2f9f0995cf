//! Codes that the rooms of `duties` raise.

use kit::fault_codes;

fault_codes! {
    FAULTS;
    NOT_ANSWERABLE "not_answerable" "is proven by a record, not by a note" "须由记录证明,不能以文字答复";
}
