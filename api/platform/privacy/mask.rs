//! Masks for personal values, shown to those without the right to see them whole.
//!
//! Masks count Unicode characters, not bytes, and never fail: a value of an unexpected form is
//! hidden more, not less. Bases: PIPL article 51 and GB/T 35273-2020, 7.2 (display limits).

use kit::text::is_han;
use serde_json::Value as Json;

/// Most stars shown for a name: a longer name must not give away its length.
const MOST_NAME_STARS: usize = 3;

/// `张三` → `张*`, `欧阳娜娜` → `欧***`, `John Smith` → `J***`, one character → `*`.
///
/// A Chinese name keeps its length up to four characters, which people need to find themselves in a
/// list; in other scripts the length says more than it helps and is hidden.
pub fn mask_name(name: &str) -> String {
    let mut letters = name.trim().chars();
    let Some(first) = letters.next() else { return String::new() };
    match letters.count() {
        0 => "*".to_owned(),
        hidden if is_han(first) => format!("{first}{}", stars(hidden.min(MOST_NAME_STARS))),
        _ => format!("{first}{}", stars(MOST_NAME_STARS)),
    }
}

/// `511802199003071234` → `51**************34`: with more, the birthday left few numbers to try. Shorter than 15
/// characters: the first and the last two, and never more than a third.
pub fn mask_document(number: &str) -> String {
    let letters: Vec<char> = number.trim().chars().collect();
    if letters.len() >= 15 { cover(&letters, 2, 2) } else { cover_most(&letters) }
}

/// `1990` → `1990s`: no number, so that it isn't taken for a year when it is sent back.
pub fn decade(year: &str) -> String {
    year.trim().parse::<i64>().map_or_else(|_| "***".to_owned(), |year| format!("{}s", year - year.rem_euclid(10)))
}

/// `15412345678` → `154****5678`, `0835-1234567` → `0835****567`; anything else as a short number.
pub fn mask_phone(phone: &str) -> String {
    let digits: Vec<char> = phone.trim().chars().filter(|letter| *letter != '-').collect();
    match digits.as_slice() {
        ['1', ..] if digits.len() == 11 => cover(&digits, 3, 4),
        ['0', second, ..] if (10..=12).contains(&digits.len()) => {
            // The area code is no secret, the number after it is (areas 010 and 02x are shorter).
            let area = if matches!(second, '1' | '2') { 3 } else { 4 };
            let tail: String = digits.iter().skip(digits.len().saturating_sub(3)).collect();
            let head: String = digits.iter().take(area).collect();
            format!("{head}****{tail}")
        }
        _ => cover_most(&digits),
    }
}

/// `川T12345` → `川T·***45`, `川TD12345` → `川T·****45`; texts that are no such plate keep less.
pub fn mask_plate(plate: &str) -> String {
    let letters: Vec<char> = plate.trim().chars().filter(|letter| !matches!(letter, '·' | ' ')).collect();
    match letters.as_slice() {
        [province, office, middle @ .., before_last, last]
            if is_han(*province) && office.is_ascii_uppercase() && middle.len() >= 3 =>
        {
            format!("{province}{office}·{}{before_last}{last}", stars(middle.len()))
        }
        _ => cover_most(&letters),
    }
}

/// Always `***`: how far an address may be told is what the area code beside it says.
pub fn mask_address(_address: &str) -> String {
    "***".to_owned()
}

/// Whether a submitted value is in a mask's own form, and would overwrite the real one.
///
/// No name, number, plate or address has a star, so any star counts, full-width ones included.
pub fn looks_masked(text: &str) -> bool {
    text.contains(['*', '＊', '﹡', '∗'])
}

fn stars(count: usize) -> String {
    "*".repeat(count)
}

/// Keeps the given numbers of characters at both ends and a star for each between.
fn cover(letters: &[char], head: usize, tail: usize) -> String {
    let tail_start = letters.len().saturating_sub(tail);
    letters
        .iter()
        .enumerate()
        .map(|(index, letter)| if index < head || index >= tail_start { *letter } else { '*' })
        .collect()
}

/// Keeps the first and the last two, or fewer where that would be more than a third.
fn cover_most(letters: &[char]) -> String {
    match letters.len() / 3 {
        0 => cover(letters, 0, 0),
        1 => cover(letters, 1, 0),
        2 => cover(letters, 1, 1),
        _ => cover(letters, 1, 2),
    }
}

/// A text of a field through its mask; what is no text stays.
pub fn masked(json: &Json, mask: fn(&str) -> String) -> Json {
    json.as_str().map_or(Json::Null, |text| mask(text).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (name, masked) in [
            ("张三", "张*"),
            ("王小明", "王**"),
            ("欧阳娜娜", "欧***"),
            ("阿卜杜拉·买买提", "阿***"),
            ("John Smith", "J***"),
            ("Li", "L***"),
            ("Émile", "É***"),
            ("张", "*"),
            ("J", "*"),
            ("", ""),
            ("  ", ""),
            (" 张三 ", "张*"),
            ("𠮷田", "𠮷*"),
            ("Айгуль", "А***"),
        ] {
            assert_eq!(mask_name(name), masked, "{name}");
        }
    }

    #[test]
    fn documents() {
        for (number, masked) in [
            ("511802199003071234", "51**************34"),
            ("51999919680520004X", "51**************4X"),
            ("USA511801900307", "US***********07"),
            ("H12345678", "H******78"),
            ("12345678", "1******8"),
            ("EA123", "E****"),
            ("AB", "**"),
            ("", ""),
            ("军字1234567", "军******67"),
        ] {
            assert_eq!(mask_document(number), masked, "{number}");
        }
    }

    #[test]
    fn years_are_told_as_decades() {
        for (year, told) in [("1990", "1990s"), ("1999", "1990s"), ("2020", "2020s"), ("?", "***")] {
            assert_eq!(decade(year), told);
        }
    }

    #[test]
    fn short_documents_show_at_most_a_third() {
        for length in 0..15 {
            let masked = mask_document(&"7".repeat(length));
            assert_eq!(masked.chars().count(), length);
            assert!(masked.chars().filter(|letter| *letter != '*').count() * 3 <= length);
        }
    }

    #[test]
    fn phones() {
        for (phone, masked) in [
            ("15412345678", "154****5678"),
            ("0835-1234567", "0835****567"),
            ("08351234567", "0835****567"),
            ("010-12345678", "010****678"),
            ("028-1234567", "028****567"),
            ("110", "1**"),
            ("", ""),
            ("+85212345678", "+*********78"),
        ] {
            assert_eq!(mask_phone(phone), masked, "{phone}");
        }
    }

    #[test]
    fn plates() {
        for (plate, masked) in [
            ("川T12345", "川T·***45"),
            ("川T·12345", "川T·***45"),
            ("川TD12345", "川T·****45"),
            ("川T1234挂", "川T·***4挂"),
            ("使014578", "使*****8"),
            ("无", "*"),
            ("", ""),
        ] {
            assert_eq!(mask_plate(plate), masked, "{plate}");
        }
    }

    #[test]
    fn every_mask_looks_masked_and_no_plain_value_does() {
        for plain in [
            "张三",
            "欧阳娜娜",
            "John Smith",
            "511802199003071234",
            "15412345678",
            "0835-1234567",
            "川T12345",
            "八步村3组12号",
        ] {
            assert!(!looks_masked(plain));
            for masked in
                [mask_name(plain), mask_document(plain), mask_phone(plain), mask_plate(plain), mask_address(plain)]
            {
                assert!(looks_masked(&masked), "{plain}");
            }
        }
        assert!(looks_masked("张＊") && looks_masked("***") && !looks_masked(""));
    }
}
