//! Shares as people say them.

use rust_decimal::Decimal;

/// A share of all: 全部, 基本, 大部分, else the percentage.
pub fn said_share(share: Decimal) -> String {
    if share >= Decimal::ONE {
        "全部".to_owned()
    } else if share >= Decimal::new(90, 2) {
        "基本".to_owned()
    } else if share >= Decimal::new(50, 2) {
        "大部分".to_owned()
    } else {
        format!("{}%", (share * Decimal::ONE_HUNDRED).round_dp(1).normalize())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_words() {
        let table =
            [("1", "全部"), ("0.9967", "基本"), ("0.9", "基本"), ("0.5", "大部分"), ("0.4321", "43.2%"), ("0", "0%")];
        for (share, said) in table {
            assert_eq!(said_share(share.parse().expect("a decimal")), said, "{share}");
        }
    }
}
