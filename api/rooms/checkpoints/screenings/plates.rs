//! Vehicle plates by GA 36: what a number must look like for its kind.

use kit::text::{half_width, is_invisible};

use super::wire::PlateKind;

#[cfg(test)]
mod tests;

/// Abbreviations of the 31 provinces that issue plates.
const PROVINCES: &str = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新";
/// Longest number kept unvalidated, in characters.
const LONGEST_TEXT: usize = 20;

/// Why a plate number is refused. Carries no part of the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlateFault {
    /// Too many or too few characters for the kind.
    #[error("the plate number has the wrong length for its kind")]
    BadLength,
    /// The first character is no province's abbreviation (粤 for `hk_macao`).
    #[error("the plate number must begin with the abbreviation of a province")]
    BadProvince,
    /// The second character is no issuing office's letter (Z for `hk_macao`).
    #[error("the second character of the plate number must be an issuing office's letter")]
    BadOffice,
    /// I and O are not used: they are read as 1 and 0.
    #[error("plate numbers don't use the letters I and O")]
    LetterIOrO,
    /// The last character belongs to another kind (挂, 学, 警, 港, 澳), or this kind's is missing.
    #[error("the last character of the plate number doesn't fit its kind")]
    BadSuffix,
    /// A character stands where the kind doesn't allow it.
    #[error("the plate number has a character its kind doesn't use there")]
    BadFormat,
}

impl PlateFault {
    /// The stable code clients see.
    pub fn code(self) -> &'static str {
        match self {
            Self::BadLength => "bad_length",
            Self::BadProvince => "bad_province",
            Self::BadOffice => "bad_office",
            Self::LetterIOrO => "letter_i_or_o",
            Self::BadSuffix => "bad_suffix",
            Self::BadFormat => "bad_format",
        }
    }
}

/// Normalises a plate number (half-width, upper-case, no white space, dots and hyphens) and judges
/// its form by GA 36.
///
/// # Errors
/// One [`PlateFault`], the first found in the order length, province, office, suffix, characters.
pub fn check_plate(plate_kind: PlateKind, number: &str) -> Result<String, PlateFault> {
    let normalized = compact(number);
    let letters: Vec<char> = normalized.chars().collect();
    match plate_kind {
        PlateKind::Ordinary => civil(&letters, 7, &[], |_, letter| letter.is_ascii_alphanumeric())?,
        PlateKind::NewEnergySmall => civil(&letters, 8, &[], |index, letter| match index {
            0 => is_energy_class(letter),
            1 => letter.is_ascii_alphanumeric(),
            _ => letter.is_ascii_digit(),
        })?,
        PlateKind::NewEnergyLarge => {
            civil(
                &letters,
                8,
                &[],
                |index, letter| if index == 5 { is_energy_class(letter) } else { letter.is_ascii_digit() },
            )?;
        }
        PlateKind::Trailer => civil(&letters, 7, &['挂'], |_, letter| letter.is_ascii_alphanumeric())?,
        PlateKind::Learner => civil(&letters, 7, &['学'], |_, letter| letter.is_ascii_alphanumeric())?,
        PlateKind::Police => civil(&letters, 7, &['警'], |_, letter| letter.is_ascii_alphanumeric())?,
        PlateKind::HkMacao => {
            civil(&letters, 7, &['港', '澳'], |_, letter| letter.is_ascii_alphanumeric())?;
            // Only Guangdong issues them, under the letter Z.
            match letters.as_slice() {
                ['粤', 'Z', ..] => {}
                ['粤', ..] => return Err(PlateFault::BadOffice),
                _ => return Err(PlateFault::BadProvince),
            }
        }
        PlateKind::Embassy
        | PlateKind::Consulate
        | PlateKind::Military
        | PlateKind::Temporary
        | PlateKind::None
        | PlateKind::Other => {
            // Only a vehicle without a plate may leave the number empty.
            let shortest = usize::from(plate_kind != PlateKind::None);
            if !(shortest..=LONGEST_TEXT).contains(&letters.len()) {
                return Err(PlateFault::BadLength);
            }
            if letters.iter().any(|letter| letter.is_control()) {
                return Err(PlateFault::BadFormat);
            }
        }
    }
    Ok(normalized)
}

/// The likely kind of a number whose kind was not given: by its last character, its length, and
/// for new-energy plates by where the letter stands. Says nothing about the number being right.
pub fn guess_plate_kind(number: &str) -> PlateKind {
    let letters: Vec<char> = compact(number).chars().collect();
    match letters.as_slice() {
        ['使', ..] | [.., '使'] => PlateKind::Embassy,
        ['领', ..] | [.., '领'] => PlateKind::Consulate,
        [.., '挂'] => PlateKind::Trailer,
        [.., '学'] => PlateKind::Learner,
        [.., '警'] => PlateKind::Police,
        [.., '港' | '澳'] => PlateKind::HkMacao,
        [_, _, class, _, _, _, _, last] => {
            if is_energy_class(*last) && class.is_ascii_digit() {
                PlateKind::NewEnergyLarge
            } else {
                PlateKind::NewEnergySmall
            }
        }
        _ => PlateKind::Ordinary,
    }
}

/// Province, office, serial, and (where the kind has one) a suffix, all together `length` characters.
/// `allowed` judges a serial character by its place in the serial, counted from 0.
fn civil(
    letters: &[char],
    length: usize,
    suffixes: &[char],
    allowed: impl Fn(usize, char) -> bool,
) -> Result<(), PlateFault> {
    if letters.len() != length {
        return Err(PlateFault::BadLength);
    }
    let [province, office, serial @ .., last] = letters else { return Err(PlateFault::BadLength) };
    if !PROVINCES.contains(*province) {
        return Err(PlateFault::BadProvince);
    }
    // Police plates of the provincial departments have used the letter O.
    let is_police = suffixes.contains(&'警');
    if !office.is_ascii_uppercase() || *office == 'I' || (*office == 'O' && !is_police) {
        return Err(PlateFault::BadOffice);
    }
    let suffixed = !suffixes.is_empty();
    if suffixed != matches!(last, '挂' | '学' | '警' | '港' | '澳') || (suffixed && !suffixes.contains(last)) {
        return Err(PlateFault::BadSuffix);
    }
    let tail = if suffixed { None } else { Some(last) };
    for (index, letter) in serial.iter().chain(tail).enumerate() {
        if matches!(letter, 'I' | 'O') {
            return Err(PlateFault::LetterIOrO);
        }
        if !allowed(index, *letter) {
            return Err(PlateFault::BadFormat);
        }
    }
    Ok(())
}

/// GA 36-2018: A to E purely electric (D first), F to K other new energy (F first), without I.
fn is_energy_class(letter: char) -> bool {
    matches!(letter, 'A'..='H' | 'J' | 'K')
}

/// Half-width, upper-case, without white space, invisible characters and the separators people write.
fn compact(number: &str) -> String {
    number
        .chars()
        .map(half_width)
        .filter(|letter| !letter.is_whitespace())
        .filter(|letter| {
            !matches!(letter, '·' | '•' | '・' | '･' | '‧' | '∙' | '⋅' | '.' | '-' | '\u{2010}'..='\u{2015}')
        })
        .filter(|letter| !is_invisible(*letter))
        .map(|letter| letter.to_ascii_uppercase())
        .collect()
}
