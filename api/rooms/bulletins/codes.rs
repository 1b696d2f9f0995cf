//! Codes that the rooms of `bulletins` raise.

use kit::{fault_codes, problem_codes};

problem_codes! {
    PROBLEMS;
    EDITION_FROZEN "edition_frozen" CONFLICT "An edition stays as it was issued; withdraw it" "已发布的简报不能修改,只能撤回";
    NOT_YET "not_yet" UNPROCESSABLE_ENTITY "A bulletin can be composed only as of now" "目前只能按当前数据生成简报";
}

fault_codes! {
    FAULTS;
    UNKNOWN_TEMPLATE "unknown_template" "no template of this code holds on that day; there are: {codes}" "当日没有该编码的模板;可用:{codes}";
    UNKNOWN_PLACEHOLDER "unknown_placeholder" "{key} is neither a figure of this clause nor one of: {known}" "{key} 既不是本句的指标,也不是:{known}";
    KEY_TAKEN "key_taken" "another figure of the template has this key" "模板中已有相同的键";
    PERSONAL_DATA_IN_TEXT "personal_data_in_text" "holds what looks like a phone number, an identity card or a plate" "文中疑似含有手机号、身份证号或车牌";
    ASKED_BY_SCOPE "asked_by_scope" "is needed: templates of scope {scope} are somebody's" "该模板范围为“{scope}”,须指明";
    NUMBER_TAKEN "number_taken" "the number {number} was given meanwhile" "期号 {number} 已被占用";
    NOT_OF_SCOPE "not_of_scope" "is asked for by templates of scope {scope}, and by no other" "仅适用于范围为“{scope}”的模板";
}
