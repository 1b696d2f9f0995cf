//! The eighteen characters of GB 11643-1999, which residence permits and (since GA 2102-2023) the
//! cards of foreign permanent residents share with resident ids: area, birth day, sequence, check.

use chrono::NaiveDate;

use super::{DocumentFault, DocumentNumber, Sex, unstated};

/// Factors of GB 11643-1999, 4.2.3, for the first seventeen digits.
const CHECK_FACTORS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
/// Check characters of GB 11643-1999 (ISO 7064 MOD 11-2), by the weighted sum modulo 11.
const CHECK_CHARACTERS: &str = "10X98765432";
/// An older holder is a typing mistake: nobody has lived so long.
const OLDEST_AGE_YEARS: u32 = 150;

/// Seventeen digits and a digit or `X`.
pub(super) fn is_citizen_shaped(number: &str) -> bool {
    number.len() == 18
        && number.bytes().enumerate().all(|(index, byte)| byte.is_ascii_digit() || (index == 17 && byte == b'X'))
}

/// Refuses what is not [`is_citizen_shaped`].
pub(super) fn require_citizen_shape(number: &str) -> Result<(), DocumentFault> {
    match number.chars().count() {
        18 if is_citizen_shaped(number) => Ok(()),
        18 => Err(DocumentFault::BadFormat),
        _ => Err(DocumentFault::BadLength),
    }
}

/// Birth day and check character of a citizen-shaped number.
pub(super) fn dated(number: String, today: NaiveDate) -> Result<DocumentNumber, DocumentFault> {
    let birth_on = number.get(6..14).and_then(calendar_day).ok_or(DocumentFault::BadBirthDate)?;
    match today.years_since(birth_on) {
        None => return Err(DocumentFault::BirthInFuture),
        Some(age) if age > OLDEST_AGE_YEARS => return Err(DocumentFault::BirthTooLongAgo),
        Some(_) => {}
    }
    if check_character(&number) != number.chars().last() {
        return Err(DocumentFault::ChecksumMismatch);
    }
    Ok(DocumentNumber { birth_on: Some(birth_on), ..unstated(number) })
}

/// Eight digits as a day; `None` for 02-30 and the like.
fn calendar_day(digits: &str) -> Option<NaiveDate> {
    let year = digits.get(..4)?.parse().ok()?;
    NaiveDate::from_ymd_opt(year, digits.get(4..6)?.parse().ok()?, digits.get(6..8)?.parse().ok()?)
}

/// The check character the first seventeen digits ask for.
pub(super) fn check_character(number: &str) -> Option<char> {
    let sum: u32 =
        number.chars().zip(CHECK_FACTORS).filter_map(|(letter, factor)| Some(letter.to_digit(10)? * factor)).sum();
    CHECK_CHARACTERS.chars().nth((sum % 11) as usize)
}

/// GB 11643-1999, 3.4: the seventeenth digit is odd for men and even for women.
pub(super) fn stated_sex(number: &str) -> Option<Sex> {
    let digit = number.chars().nth(16)?.to_digit(10)?;
    Some(if digit % 2 == 1 { Sex::Male } else { Sex::Female })
}
