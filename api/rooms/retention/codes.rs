//! Codes that the rooms of `retention` raise.

use kit::fault_codes;

fault_codes! {
    FAULTS;
    NO_PERSONAL_DATA "no_personal_data" "is no kind of record that has personal data" "不是含有个人信息的记录类型";
    NOT_BACKDATED "not_backdated" "must not be before today, {today}" "不得早于今天({today})";
}
