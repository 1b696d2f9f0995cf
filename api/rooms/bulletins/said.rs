//! Numbers as a bulletin says them (50余名, 近600户, 约20000平方米): the exact value first; a rounding word only where the
//! number said differs from the number counted.

use rust_decimal::Decimal;

/// The first count that is rounded to more than tens.
const HUNDRED: i64 = 100;
/// Counts below it are said as they are.
const TWENTY: i64 = 20;

/// A count of people, households, passages: 54 is 50余, 596 近600, 2,702 2700余.
pub fn said_count(count: i64) -> String {
    if count < TWENTY || count % 10 == 0 && count < HUNDRED {
        return count.to_string();
    }
    let mut step = 10;
    while count / step >= 10 {
        step *= 10;
    }
    while step > 10 {
        let (below, above) = (count - count % step, count - count % step + step);
        if below == count {
            return count.to_string();
        }
        if count - below < step / 10 {
            return format!("{below}余");
        }
        if above - count <= step / 10 {
            return format!("近{above}");
        }
        step /= 10;
    }
    let below = count - count % 10;
    if below == count { count.to_string() } else { format!("{below}余") }
}

/// A measured quantity (square metres, kilograms, kilometres): two significant digits where that is at most 2.5 % off,
/// else three; 约 where that isn't the quantity itself.
pub fn said_measured(quantity: Decimal) -> String {
    let [two, three] = [2, 3].map(|digits| quantity.round_sf(digits));
    let is_near = |rounded: &Decimal| (rounded - quantity).abs() * Decimal::from(40) <= quantity.abs();
    let said = two.filter(is_near).or(three).unwrap_or(quantity);
    let about = if said == quantity { "" } else { "约" };
    format!("{about}{}", said.normalize())
}

/// A quantity as it is, without trailing zeros: goods by the piece or the tonne.
pub fn said_exact(quantity: Decimal) -> String {
    quantity.normalize().to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn counts_are_said_as_the_page_has_them() {
        let table = [
            (0, "0"),
            (18, "18"),
            (20, "20"),
            (54, "50余"),
            (59, "50余"),
            (100, "100"),
            (106, "100余"),
            (110, "110"),
            (154, "150余"),
            (190, "近200"),
            (196, "近200"),
            (589, "580余"),
            (590, "近600"),
            (596, "近600"),
            (600, "600"),
            (2_700, "2700"),
            (2_702, "2700余"),
            (6_145, "6140余"),
            (10_150, "10000余"),
        ];
        for (count, said) in table {
            assert_eq!(said_count(count), said, "{count}");
        }
    }

    #[test]
    fn counts_grow_with_what_is_said_and_are_never_far_off() {
        let mut before = 0;
        let mut said_of: BTreeMap<String, (i64, i64)> = BTreeMap::new();
        for count in 0..200_000_i64 {
            let said = said_count(count);
            let number: i64 = said.trim_start_matches('近').trim_end_matches('余').parse().expect("a number");
            assert!(number >= before, "{count}: {said}");
            before = number;
            assert!(!said.ends_with('余') || number < count, "{count}: {said}");
            assert!(!said.starts_with('近') || number > count, "{count}: {said}");
            assert!(!said.ends_with('余') || number % 10 == 0, "{count}: {said}");
            assert!(count < 100 || (number - count).abs() * 10 <= count, "{count}: {said}");
            said_of.entry(said).and_modify(|(_, last)| *last = count).or_insert((count, count));
        }
        // Counts that are said alike are one stretch.
        let mut stretches: Vec<(i64, i64)> = said_of.into_values().collect();
        stretches.sort_unstable();
        assert!(stretches.is_sorted_by(|one, next| one.1 < next.0));
    }

    #[test]
    fn measures_keep_two_digits_where_that_is_near() {
        let table = [
            ("20160.00", "约20000"),
            ("20000", "20000"),
            ("1120.0", "约1100"),
            ("10500", "10500"),
            ("0", "0"),
            ("0.5", "0.5"),
            ("12.34", "约12.3"),
        ];
        for (quantity, said) in table {
            assert_eq!(said_measured(quantity.parse().expect("a decimal")), said, "{quantity}");
        }
        for thousandths in 1..300_000_i64 {
            let quantity = Decimal::new(thousandths, 3);
            let said = said_measured(quantity);
            let number: Decimal = said.trim_start_matches('约').parse().expect("a number");
            assert!((number - quantity).abs() * Decimal::from(40) <= quantity, "{quantity}: {said}");
            assert_eq!(said.starts_with('约'), number != quantity, "{quantity}: {said}");
        }
    }
}
