//! One spelling for what people type in many: numbers, phones, names.

use kit::text::{self, is_invisible};

/// The half-width form of a letter of a number.
fn half_width(letter: char) -> char {
    match letter {
        // Input methods offer the Roman numeral for the check character ten.
        'Ⅹ' | 'ⅹ' => 'X',
        _ => text::half_width(letter),
    }
}

/// Hyphens, dashes and the minus sign.
fn is_hyphen(letter: char) -> bool {
    matches!(letter, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

/// A document number half-width, upper-case, without white space, hyphens and invisible characters.
pub(super) fn compact(text: &str) -> String {
    text.chars()
        .filter(|letter| !is_invisible(*letter))
        .map(half_width)
        .filter(|letter| !letter.is_whitespace() && !is_hyphen(*letter))
        .map(|letter| letter.to_ascii_uppercase())
        .collect()
}

/// A Chinese phone number in its one stored form, or `None` if it is none.
///
/// Mobiles (`1[3-9]` and nine digits, 工信部 numbering plan) become eleven digits, landlines
/// `0835-1234567`. A leading `+86`, `86` or `0086` is dropped; white space, hyphens, parentheses
/// and full-width forms are accepted.
pub fn normalize_phone(text: &str) -> Option<String> {
    let dialled: String = compact(text).chars().filter(|letter| !matches!(letter, '(' | ')')).collect();
    let (digits, abroad) = match dialled.strip_prefix("+86").or_else(|| dialled.strip_prefix("0086")) {
        Some(rest) => (rest, true),
        None => (dialled.as_str(), false),
    };
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if let Some(mobile) =
        [Some(digits), digits.strip_prefix("86")].into_iter().flatten().find(|number| is_mobile(number))
    {
        return Some(mobile.to_owned());
    }
    // From abroad the trunk zero is not dialled: +86 835 1234567.
    if abroad && !digits.starts_with('0') { landline(&format!("0{digits}")) } else { landline(digits) }
}

fn is_mobile(digits: &str) -> bool {
    let mut bytes = digits.bytes();
    digits.len() == 11 && bytes.next() == Some(b'1') && bytes.next().is_some_and(|byte| (b'3'..=b'9').contains(&byte))
}

/// Splits area and local number: 010 and 02x are three digits long, 03xx to 09xx four. No area
/// begins with 011 to 019, so a mobile with a stray leading zero is not taken for a landline.
fn landline(digits: &str) -> Option<String> {
    let area_length = match digits.as_bytes() {
        [b'0', b'1', b'0', ..] | [b'0', b'2', ..] => 3,
        [b'0', b'3'..=b'9', ..] => 4,
        _ => return None,
    };
    let (area, local) = digits.split_at_checked(area_length)?;
    (7..=8).contains(&local.len()).then(|| format!("{area}-{local}"))
}

/// A person's name in its one stored form.
///
/// Outer white space goes, inner white space becomes one space, full-width Latin letters and digits
/// become half-width, and the many dots between the parts of a name become `·` (U+00B7). Nothing
/// else is changed: case, rare characters and punctuation are the holder's own.
pub fn normalize_name(text: &str) -> String {
    let visible: String = text
        .chars()
        .filter(|letter| !is_invisible(*letter))
        .map(|letter| match letter {
            '•' | '・' | '･' | '‧' | '∙' | '⋅' => '·',
            '\u{FF10}'..='\u{FF19}' | '\u{FF21}'..='\u{FF3A}' | '\u{FF41}'..='\u{FF5A}' => half_width(letter),
            _ => letter,
        })
        .collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}
