//! Codes that the rooms of `households` raise.

use kit::{fault_codes, problem_codes};

problem_codes! {
    PROBLEMS;
    ROUND_NOT_DRAFT "round_not_draft" CONFLICT "The round was started, closed or cancelled" "该轮次已启动、结束或取消";
    ROUND_NOT_RUNNING "round_not_running" CONFLICT "The round isn't running" "该轮次未在进行";
    ALREADY_SAME "household_already_merged" CONFLICT "The household was merged into another one" "该户已合并到其他户";
    ROUND_NOT_READY "round_not_ready" CONFLICT "The round's list is still being drawn up; ask again in a moment" "该轮次的对象清单正在生成,请稍后再试";
}

fault_codes! {
    FAULTS;
    VILLAGE_NEEDED "village_needed" "must be a village or community" "应精确到村(社区)";
    GROUP_FULL "group_full" "the group has its {max} households" "该组已满 {max} 户";
    LEADER_NOT_MEMBER "leader_not_member" "must be a member of one of the group's households" "负责人须为本组住户成员";
    CONTRADICTS_RESULT "contradicts_result" "doesn't go with the result {result}" "与核查结果“{result}”矛盾";
    NO_ANSWER_TOLD "no_answer_told" "a text message that nobody answered reached nobody" "短信未获回复,不能记为已核";
    NOTHING_IN_SCOPE "nothing_in_scope" "the scope holds nobody" "范围内没有对象";
    ROUND_STARTED "round_started" "can't be changed once the round runs" "轮次开始后不能修改";
    MERGED_IN_CIRCLE "household_merge_cycle" "leads back to this household" "合并关系形成循环";
    NOT_ANOTHERS "household_not_merged" "is merged into none" "该户未合并";
    HOUSEHOLD_ELSEWHERE "household_elsewhere" "is a household of another area than the group" "该户不在本组所属区划";
    HOUSEHOLD_NOT_ACTIVE "household_not_active" "ended or is void" "该户已注销或已作废";
    IN_ANOTHER_GROUP "in_another_group" "belongs to another group: take it out of that first" "该户已编入其他组,请先退出原组";
    NO_FORMER_ROUND "no_former_round" "the series has no former round here: name one" "该系列在此无上一轮次,请指定对比轮次";
    NOT_COMPARABLE "not_comparable" "must be another round that looks at the same: households or persons" "须为另一同类核查对象(户或人)的轮次";
    SAME_HOUSEHOLD "same_household" "is this household itself" "与本户相同";
}
