//! Codes of the frame: what a record of any kind, or several themes, may be told.

use kit::{fault_codes, problem_codes};

problem_codes! {
    PROBLEMS;
    OUT_OF_AREA "out_of_area" FORBIDDEN "That area is outside your own" "该区域不在您的管辖范围内";
    APPROVAL_REQUIRED "approval_required" FORBIDDEN "Plain data of more than 200 people: a second person must agree first (POST /v1/export-requests), for each file anew" "未脱敏数据超过 200 人:须先由第二人批准(POST /v1/export-requests),每次导出均须重新批准";
    BATCH_ABORTED "batch_aborted" FAILED_DEPENDENCY "Not written because another item of the atomic batch can't be" "同一原子批次中有其他项无法写入,因此未写入";
    RECORD_EXISTS "record_exists" CONFLICT "A record of this id exists with other content" "相同编号的记录已存在,内容不同";
    ID_TAKEN "id_taken" CONFLICT "This id is taken" "该编号已被占用";
    RECORD_VOIDED "record_voided" CONFLICT "The record is void and can't be changed; restore it first" "记录已作废,不能修改,请先恢复";
    RECORD_PURGED "record_purged" CONFLICT "The record's personal data was purged when its time was over; it can't be changed any more, and what was sent was not taken" "该记录的个人信息已到保存期限并被清除,不能再修改;本次提交的内容未被接收";
    PURGE_UNDER_WAY "purge_under_way" CONFLICT "A purge of this kind is under way in the district; order it again once that is done" "本区县该类记录的清除正在进行,请待其完成后再下达";
    DAY_HAS_REPORT "report_exists" CONFLICT "There is a report of that day already; amend it" "当日已有报表,请修订该报表";
    IN_USE "in_use" CONFLICT "Others depend on the record" "该记录仍被其他记录使用";
    ALREADY_ENDED "already_ended" CONFLICT "This was settled already" "该项已处理完毕";
    IDEMPOTENCY_KEY_REUSED "idempotency_key_reused" UNPROCESSABLE_ENTITY "The Idempotency-Key was used for another request" "该 Idempotency-Key 已用于其他请求";
    SPANS_DISTRICTS "spans_districts" UNPROCESSABLE_ENTITY "An atomic batch must stay within one district" "原子批次必须在同一区县内";
    TOO_MANY_ROWS "too_many_rows" UNPROCESSABLE_ENTITY "Too many rows for a workbook; take CSV or NDJSON, or narrow the filter" "行数超出工作簿上限,请使用 CSV 或 NDJSON,或缩小筛选范围";
    CELL_TOO_LONG "cell_too_long" UNPROCESSABLE_ENTITY "A cell is too long for a workbook; take CSV or NDJSON" "有单元格内容超出工作簿上限,请使用 CSV 或 NDJSON";
}

fault_codes! {
    FAULTS;
    CREATE_ONLY "create_only" "can't be changed afterwards" "创建后不能修改";
    MASKED_VALUE "masked_value" "is a masked value, not the real one" "这是脱敏后的值,不是真实值";
    UNKNOWN_REFERENCE "unknown_reference" "names nothing that you can reach" "所引用的对象不存在或不在您的范围内";
    REFUSED_ITEM "refused_item" "names what item {item} of the request (from 0) would have made, which is refused" "所引用的是本次请求中第 {item} 项(从 0 计)要新增的记录,而该项被拒绝";
    UNKNOWN_ACCOUNT "unknown_account" "names no active account that may answer there" "账号不存在、已停用或不在该区域履职";
    WHOLE_DISTRICT "whole_district" "holds for the whole district: give its code of six digits" "适用于全区县,应为 6 位区县代码";
    UNKNOWN_AREA "unknown_area" "is no known area code" "未知的行政区划代码";
    EXCLUSIVE_FIELDS "exclusive_fields" "must not be given together with {other}" "不能与 {other} 同时填写";
    NOT_WITH_OTHERS "not_with_others" "excludes all other items" "不能与其他选项同时选择";
    ONE_OF "one_of" "give exactly one of: {fields}" "应且仅应填写以下之一:{fields}";
    ONE_OF_NEEDED "one_of_needed" "give at least one of: {fields}" "至少填写一项:{fields}";
    PERIOD_TOO_LONG "period_too_long" "must be at most {hours} hours later" "时长不能超过 {hours} 小时";
    TOO_MANY_TO_ORDER "too_many_to_order" "puts at most {count} records in the order of a field; narrow the list by area, period or another filter" "按字段排序最多 {count} 条记录;请用区域、时段或其他条件缩小范围";
    KEPT_LONGER "kept_longer" "must be at least {days} days ago: nothing is purged sooner" "至少应为 {days} 天之前:未满此期限的数据不得清除";
    TOO_FAR_AHEAD "too_far_ahead" "must be at most {days} days ahead" "最多为 {days} 天之后";
    STILL_NAMED "still_named" "is named by others that stand: {uses}; end it or take it out of use instead, or void those first" "仍被其他记录引用:{named_by};请改为停用或注销,或先作废引用它的记录" .answered_with(IN_USE);
    NO_FREE_TEXT "no_free_text" "takes no free text" "此类记录不得填写文字说明";
    REPORT_EXISTS "report_exists" "there is a report of that day already: {location}" "当日已有报表:{location}" .answered_with(DAY_HAS_REPORT);
    NOT_FOR_ZERO "not_for_zero" "a report of nothing has no figures and no lines but zeros" "零报告不应包含非零数据或明细";
    OPEN_ONE_EXISTS "open_one_exists" "there is an open one already: {location}" "已有未撤销的同类记录:{location}";
    ILLEGAL_TRANSITION "illegal_transition" "can't be reached from {state}; from there lead: {legal}" "不能由 {state} 转入;可转入:{legal}";
    CYCLIC "cyclic" "would make a circle of parents" "上级关系形成循环";
}
