//! Codes that the rooms of `webhooks` raise.

use kit::{fault_codes, problem_codes};

problem_codes! {
    PROBLEMS;
    TOO_MANY_ENDPOINTS "too_many_endpoints" CONFLICT "The district has its 50 endpoints; remove one" "本区县推送端点已达 50 个上限,请先删除";
    TEST_NEEDED "test_needed" CONFLICT "Its address was changed: test it first (`:test`)" "推送地址已变更,请先测试(:test)";
    TEST_FAILED "test_failed" UNPROCESSABLE_ENTITY "The receiver didn't take the test" "接收方未接受测试推送";
    NO_SECRET "no_secret" CONFLICT "It is signed by the service's key and has no secret of its own" "该端点使用公钥签名,没有独立密钥";
}

fault_codes! {
    FAULTS;
    NOT_YET_GIVEN "not_yet_given" "must not lie behind the newest change" "不能晚于最新变更";
}
