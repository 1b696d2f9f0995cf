//! Codes that the rooms of `supervision` raise.

use kit::fault_codes;

fault_codes! {
    FAULTS;
    BREAKS_LATER_STEP "breaks_later_step" "a later step doesn't follow from it any more" "其后的步骤将不再成立";
    NOT_EXTENDED "not_extended" "must be later than the day in force, {due_on}" "应晚于现有期限 {due_on}";
    OWN_WORK "own_work" "can't be verified by who reported it" "不能由整改上报人验收";
    DUE_BEFORE "due_before" "must not lie before the day on which it was asked for" "期限不能早于提出要求之日";
    OWN_ORGANIZATION "own_organization" "an organisation doesn't check itself" "不能检查本单位";
    ONLY_FOR "only_for" "is only for the step {step}" "仅适用于“{step}”步骤";
}
