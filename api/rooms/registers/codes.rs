//! Codes that the rooms of `registers` raise.

use kit::{fault_codes, problem_codes};

problem_codes! {
    PROBLEMS;
    ALREADY_MERGED "already_merged" CONFLICT "This person was merged into another one already" "此人已合并至他人";
}

fault_codes! {
    FAULTS;
    WRONG_KIND_OF_PLACE "wrong_kind_of_place" "must be a place of one of these kinds: {kinds}" "场所类型应为:{kinds}";
    CHECKSUM_MISMATCH "checksum_mismatch" "the check digit is wrong: a digit was mistyped" "校验码不符:号码可能有误";
    OBSOLETE_DOCUMENT "obsolete_15_digit" "15-digit cards are not valid any more" "15 位身份证号码已停用";
    BAD_BIRTH_DATE "bad_birth_date" "contains a date of birth that doesn't exist" "其中的出生日期不存在";
    BIRTH_IN_FUTURE "birth_in_future" "contains a date of birth in the future" "其中的出生日期晚于今天";
    BIRTH_TOO_LONG_AGO "birth_too_long_ago" "contains a date of birth more than 150 years ago" "其中的出生日期早于 150 年前";
    UNKNOWN_PROVINCE "unknown_province" "begins with a province that doesn't exist" "省份代码不存在";
    SAME_PERSON "same_person" "is the same person" "为同一人";
    NOT_MERGED "not_merged" "was not merged" "未曾合并";
    MERGE_CYCLE "merge_cycle" "was itself merged into this one" "对方已合并至此人,将形成循环";
}
