//! Codes that the rooms of `notifications` raise.

use kit::{fault_codes, problem_codes};

problem_codes! {
    PROBLEMS;
    TOO_MANY_SUBSCRIPTIONS "too_many_subscriptions" CONFLICT "The account has its ten phones; end one of them" "该账号已有 10 个推送设备,请先删除一个";
}

fault_codes! {
    FAULTS;
    NOT_A_KEY "not_a_key" "is no key of a browser's subscription" "不是浏览器订阅的密钥";
}
