//! Codes that the rooms of `checkpoints` raise.

use kit::fault_codes;

fault_codes! {
    FAULTS;
    NOT_ABNORMAL "not_abnormal" "nothing about this passage is abnormal" "该次通行无异常";
    TALLY_OVERLAPS "tally_overlaps" "overlaps with another tally of this checkpoint" "与该卡点另一时段计数重叠";
}
