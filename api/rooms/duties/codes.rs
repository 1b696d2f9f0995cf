//! Codes that the rooms of `duties` raise.

use kit::{fault_codes, problem_codes};

problem_codes! {
    PROBLEMS;
    NOT_OFFERED "not_offered" CONFLICT "The duty is not offered to the caller" "该责任事项未移交给您";
}

fault_codes! {
    FAULTS;
    NOT_ANSWERABLE "not_answerable" "is proven by a record, not by a note" "须由记录证明,不能以文字答复";
}
