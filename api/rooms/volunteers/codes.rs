//! Codes that the rooms of `volunteers` raise.

use kit::fault_codes;

fault_codes! {
    FAULTS;
    OVERLAPS "overlaps" "overlaps with another shift of this person, from {from} to {to}" "与此人 {from} 至 {to} 的班次重叠";
    TOO_LITTLE_REST "too_little_rest" "leaves less than {minutes} minutes of rest to another shift" "与另一班次间隔不足 {minutes} 分钟";
    DAILY_LIMIT "daily_limit" "makes more than 24 hours on {day}" "{day} 服务时长将超过 24 小时";
    FULL "full" "this role has all it needs" "该岗位人数已满";
    NOT_NEEDED "not_needed" "the shift doesn't need this role" "该班次不需要此岗位";
    LACKS_ROLE "lacks_role" "this person isn't listed for the role" "此人未登记该岗位";
    ALREADY_ASSIGNED "already_assigned" "this person has this shift already" "此人已排入该班次";
    ALREADY_CHECKED_IN "already_checked_in" "this assignment has a check-in already" "该排班已有签到记录";
    INACTIVE "inactive" "this person takes no shifts now" "此人已停用,不参与排班";
    ENDED "ended" "the shift has ended or doesn't take place" "班次已结束或已取消";
    SHIFT_MOVED "shift_moved" "the shift begins at {starts_at} now; look again" "班次已调整至 {starts_at} 开始,请重新查看";
    TOO_LATE "too_late" "can be given up until {until}; ask the organiser" "须在 {until} 前取消,请联系排班负责人";
}
