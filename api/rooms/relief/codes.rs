//! Codes that the rooms of `relief` raise.

use kit::fault_codes;

fault_codes! {
    FAULTS;
    MORE_THAN_ASKED "more_than_asked" "is more than was asked for" "超过需求数量";
    ANONYMOUS_DONOR "anonymous_donor" "isn't told of an anonymous donor" "匿名捐赠不应填写捐赠方";
    DONATION_NOT_STANDING "donation_not_standing" "is no donation that stands and was received" "该捐赠已作废或尚未接收";
    DESIGNATED_ELSEWHERE "designated_elsewhere" "the donation is for somebody else" "该批捐赠已定向给其他单位";
    NOT_OF_DONATION "not_of_donation" "isn't what this donation gave: name item, commodity and unit as the donation does" "该批捐赠中没有此项(物品、商品或单位与捐赠登记不符)";
    DONATION_EXHAUSTED "donation_exhausted" "only {left} {unit} of this donation is left" "该批捐赠仅余 {left} {unit}";
    BEFORE_DONATION "before_donation" "is before the donation was received on {day}" "早于该批捐赠的接收日期 {day}";
    DONATION_IN_USE "donation_in_use" "{issued} of it was issued already" "其中 {issued} 已发放";
}
