//! Codes that the rooms of `accounts` raise.

use kit::{fault_codes, problem_codes};

problem_codes! {
    PROBLEMS;
    GRANT_TOO_WIDE "grant_too_wide" FORBIDDEN "Nobody grants a role or an area wider than his own" "不能授予超出自身权限的角色或区域";
    USERNAME_TAKEN "username_taken" CONFLICT "This user name is taken" "用户名已被占用";
}

fault_codes! {
    FAULTS;
    IN_THE_PAST "in_the_past" "must lie in the future" "应晚于当前时间";
}
