//! Codes that the rooms of `supply` raise.

use kit::{fault_codes, problem_codes};

problem_codes! {
    PROBLEMS;
    COMMODITY_HAS_ENTRY "entry_exists" CONFLICT "There is an entry of that commodity from that day on; amend it" "该商品同一生效日期已有条目,请修订该条目";
}

fault_codes! {
    FAULTS;
    UNKNOWN_UNIT "unknown_unit" "can't be converted to {unit}; one of these can: {units}; or a pack that says what it holds: {pack}" "无法换算为 {unit};可用:{units};或写明每件含量的包装,如 {pack}";
    NOT_IN_USE "not_in_use" "isn't in use on {day}" "{day} 未在商品目录中启用";
    BUILT_IN_COMMODITY "built_in_commodity" "the catalogue itself says it; of its commodities a district says other names, packs and retirement" "内置商品的该项由目录规定;区县可登记别名、包装规格和停用";
    OWN_CODE "own_code" "a district's own commodity has a code that begins with own_" "自有商品编码应以 own_ 开头,或使用内置商品编码";
    NAME_TAKEN "name_taken" "is what {commodity} is called" "已是 {commodity} 的名称";
    UNIT_FIXED "unit_fixed" "is told in {unit} already: figures add up; another unit needs another code" "该商品已按 {unit} 计量,不能更改;请使用新的编码";
    ENTRY_EXISTS "entry_exists" "there is an entry of that commodity from that day on: {location}" "该商品同一生效日期已有条目:{location}" .answered_with(COMMODITY_HAS_ENTRY);
    TOO_MANY_COMMODITIES "too_many_commodities" "a district has {max} commodities of its own at most" "区县自有商品最多 {max} 种";
    INSUFFICIENT_STOCK "insufficient_stock" "only {available} {unit} would be there on {day}" "{day} 可用库存仅 {available} {unit}";
    REFERS_TO_OTHER "refers_to_other" "belongs to another place" "属于其他场所";
    KEPT_BY_SOURCE "kept_by_source" "goes with {source}: amend or void that" "随 {source} 生成,请修订或作废该单据";
}
