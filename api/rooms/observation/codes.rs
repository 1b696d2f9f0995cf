//! Codes that the rooms of `observation` raise.

use kit::{fault_codes, problem_codes};

problem_codes! {
    PROBLEMS;
    NOT_RELEASED "not_released" CONFLICT "The case was not released" "该个案尚未解除观察";
}

fault_codes! {
    FAULTS;
    NOTICE_MISSING "notice_missing" "needs a signed observation notice" "须先签订医学观察告知书";
    SUPERVISORS_MISSING "supervisors_missing" "needs all five supervisors; without one: {levels}" "须落实五级监管责任人,尚缺:{levels}";
    TOO_EARLY "too_early" "must not be before {from}" "不得早于 {from}";
    DAYS_UNACCOUNTED "days_unaccounted" "readings are missing without a reason on: {days}; give one by waiving their duties" "以下日期测温缺失且无说明:{days};请在责任清单中逐项说明";
    ANCHOR_IMPLAUSIBLE "anchor_implausible" "must be observed for {days} days; known of or shown by records are {known}: correct the anchor, hand in what shows the days before, or go on observing" "应观察 {days} 天,有据可查的仅 {known} 天:请更正起算日期、补报此前的记录或继续观察";
    DAY_IMPLAUSIBLE "day_implausible" "must lie within {days} days of when it happened" "与发生时间相距不得超过 {days} 天";
    ONLY_BY_TRANSITION "only_by_transition" "changes only by a transition: {to}" "只能通过状态变更修改:{to}";
    CASE_CLOSED "case_closed" "the case has ended; only the command's `corrected` changes it" "该个案已结束,只能由指挥部通过 corrected 更正";
    ACTIVE_CASE_EXISTS "active_case_exists" "this person has an open case already" "此人已有进行中的个案";
    SLOT_TAKEN "slot_taken" "this slot of the day has its reading; send it as extra" "该时段已有测温记录,请按加测上报";
    TRANSITION_STANDS "transition_stands" "a transition isn't voided; make another one" "状态变更不能作废,请另作变更";
    NOTHING_TO_ACCEPT "nothing_to_accept" "nothing waits to be accepted from here: it is for those to whom the case was handed over" "没有待您处接收的移交个案,应由接收地办理";
    NOT_A_TEMPERATURE "not_a_temperature" "is no temperature" "不是体温";
    OTHER_CASE "other_case" "belongs to another case" "属于其他个案";
    IN_USE "in_use" "has {cases} open cases, {duties} open duties and {contacts} records of his isolation; end or void those first" "尚有 {cases} 个进行中的个案、{duties} 项未完成责任、{contacts} 条观察记录,请先处理" .answered_with(crate::records::codes::IN_USE);
    PERSON_VOIDED "person_voided" "is void; restore the person first" "此人的登记已作废,请先恢复";
}
