//! Codes of figures that are asked for by name.

use kit::fault_codes;

fault_codes! {
    FAULTS;
    UNKNOWN_FIGURE "unknown_figure" "is no figure; `GET /v1/figures` lists them" "没有该指标,见 GET /v1/figures";
    NOT_NARROWED_BY "not_narrowed_by" "doesn't narrow this figure; possible: {possible}" "不能用于限定该指标,可用:{possible}";
    NO_MEASURE "no_measure_of_its_own" "has no figure of its own; possible: {possible}" "没有单独的统计口径,可用:{possible}";
    TOLD_BY_DISTRICT "told_by_district" "isn't told of several districts together, as medians, shares and pages of a list aren't: ask of each by its code of six digits" "不能跨区县合计(如中位数、比率、分页列表),请以 6 位区县代码分别查询";
    NOT_YET "not_yet" "figures are told as they stand now: an earlier state can't be asked yet" "目前只能按当前状态统计,暂不支持查询过去时点";
    TOO_WIDE "too_wide" "would look at more than {max} records; narrow it" "涉及记录超过 {max} 条,请缩小范围";
}
