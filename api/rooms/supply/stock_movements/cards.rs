//! Stock cards (库存卡, 保管账) as stores keep them: a row a day and what it was about, what came in, what went out and what
//! is left in columns of their own.

use kit::field::{Field, free_text};
use kit::text::Text;
use kit::tree::Tree;

use super::{COMMODITY, DIRECTION, PLACE_ID, QUANTITY, QUANTITY_UNIT, REASON, StockDirection, StockReason};
use crate::records::SheetRow;
use crate::records::wide::{Wide, WideAxis, WideFlow};

/// Column of what a row is about.
const SUMMARY: &str = "summary";

/// Columns that only cards have.
pub static SHEET_FIELDS: &[Field] = &[Field::new(
    SUMMARY,
    free_text(200),
    Text::new("Summary", "摘要"),
    "What the row is about: words of a reason make it the reason, and all of it is kept in the note.",
)
.also(&["用途", "来源或去向", "来源/去向", "去向", "事项", "说明"])];

/// Cards.
pub static CARDS: Wide = Wide {
    axis: WideAxis::Flows {
        flows: &[
            WideFlow {
                words: &["入库", "收入", "收", "进", "入", "购入", "调入", "进库", "收货", "领入", "增加"],
                members: &[(&[DIRECTION.name()], StockDirection::In.code())],
                is_less: false,
            },
            WideFlow {
                words: &[
                    "出库", "发出", "付出", "支出", "发", "出", "领用", "发放", "领出", "调出", "消耗", "减少", "使用",
                ],
                members: &[(&[DIRECTION.name()], StockDirection::Out.code())],
                is_less: true,
            },
        ],
        left: &["结存", "结余", "库存", "余额", "余", "存", "剩余", "账面结存", "实存", "现存"],
        apart: &[&[PLACE_ID.name()], &[COMMODITY.name()], &[QUANTITY_UNIT.name()]],
        unit: &[QUANTITY_UNIT.name()],
        opening: (
            &[
                "期初结存",
                "期初",
                "期初余额",
                "期初库存",
                "上年结转",
                "上年结存",
                "上月结存",
                "上月结转",
                "上期结存",
                "上期结转",
                "结转",
                "年初结存",
            ],
            &[(&[REASON.name()], StockReason::Opening.code())],
        ),
    },
    cell: &[QUANTITY.name()],
    called: Text::new("quantity", "数量"),
    blank: &["无", "0", "0.0", "0.00"],
    not_done: &[],
    absences: None,
};

/// Words of summaries for reasons, the most telling first.
const WORDS: [(&str, StockReason); 16] = [
    ("期初", StockReason::Opening),
    ("结转", StockReason::Opening),
    ("捐", StockReason::Donation),
    ("盘盈", StockReason::Correction),
    ("盘亏", StockReason::Correction),
    ("盘点", StockReason::Correction),
    ("损", StockReason::Loss),
    ("报废", StockReason::Loss),
    ("过期", StockReason::Loss),
    ("调拨", StockReason::Transfer),
    ("调入", StockReason::Transfer),
    ("调出", StockReason::Transfer),
    ("采购", StockReason::Purchase),
    ("购", StockReason::Purchase),
    ("领", StockReason::Distribution),
    ("发放", StockReason::Distribution),
];

/// Makes the summary the reason where it says one; it goes into the note in any case.
pub fn tidy(row: &mut SheetRow<'_>) {
    let Some(text) = row.said.remove(SUMMARY) else { return };
    let meant = WORDS.iter().find(|(word, _)| text.contains(word)).map(|(_, reason)| *reason);
    if let Some(reason) = meant {
        row.put(REASON.name(), Tree::Text(reason.code().to_owned()));
    }
    row.noted.push((format!("/{SUMMARY}"), text));
}
