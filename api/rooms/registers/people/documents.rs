//! Identity documents: what a number must look like, and what it says about its holder.
//!
//! A number is judged by its form only; nobody is asked whether it was ever issued. Faults and
//! `Debug` output never carry the number, so they may be logged and shown.

mod citizen;
mod normal;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests;

use std::fmt;

use chrono::NaiveDate;
use citizen::{dated, is_citizen_shaped, require_citizen_shape, stated_sex};
use kit::catalogue::FaultCode;
use normal::compact;
pub use normal::{normalize_name, normalize_phone};

use super::wire::{DocumentType, Sex};
use crate::rooms::registers::codes;

/// Two-digit province codes of GB/T 2260 that a resident id may begin with.
const PROVINCES: &[&str] = &[
    "11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37", "41", "42", "43", "44",
    "45", "46", "50", "51", "52", "53", "54", "61", "62", "63", "64", "65", "71", "81", "82",
];
/// Area codes of residence permits (国办发〔2018〕81号, article 3): Hong Kong, Macao, Taiwan.
const RESIDENCE_PERMIT_AREAS: &[&str] = &["810000", "820000", "830000"];
/// Longest free-text number of a document of type `other`, in characters.
const OTHER_MAX_LENGTH: usize = 40;

/// A number that passed, in the one form it is stored and compared in.
#[derive(Clone, PartialEq, Eq)]
pub struct DocumentNumber {
    /// Half-width, upper-case, without spaces and hyphens.
    pub normalized: String,
    /// The birth day the number itself states, if its kind states one.
    pub birth_on: Option<NaiveDate>,
    /// The sex, where the number states it (GB 11643-1999: odd or even sequence).
    pub sex: Option<Sex>,
    /// Warnings about a number that is implausible but kept: `unknown_county`.
    pub warnings: Vec<&'static str>,
}

impl fmt::Debug for DocumentNumber {
    /// Leaves out everything that identifies the holder: this ends in logs and test reports.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("DocumentNumber").field("warnings", &self.warnings).finish_non_exhaustive()
    }
}

/// Why a number is refused. Carries no part of the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentFault {
    /// No number is looked for of somebody without a document.
    #[error("the document type is not known")]
    UnknownDocumentType,
    /// Too many or too few characters for this type.
    #[error("the number has the wrong length for this type of document")]
    BadLength,
    /// The length is possible, the characters are not.
    #[error("the number has characters this type of document does not use there")]
    BadFormat,
    /// A fifteen-digit resident id: void since 2013-01-01, and without a check digit.
    #[error("fifteen-digit resident ids are void, give the eighteen-digit number")]
    Obsolete15Digit,
    /// The eight birth digits are no day of the calendar.
    #[error("the birth date in the number is not a day of the calendar")]
    BadBirthDate,
    /// The birth date lies after `today`.
    #[error("the birth date in the number lies in the future")]
    BirthInFuture,
    /// The holder would be more than 150 years old.
    #[error("the birth date in the number is more than 150 years ago")]
    BirthTooLongAgo,
    /// The area digits begin with no province of GB/T 2260.
    #[error("the number begins with no known province")]
    UnknownProvince,
    /// The check character does not fit: a digit was mistyped or two were swapped.
    #[error("the check character does not fit the number")]
    ChecksumMismatch,
}

impl DocumentFault {
    /// The fault that clients are told.
    pub fn fault(self) -> FaultCode {
        match self {
            Self::UnknownDocumentType | Self::BadLength | Self::BadFormat => FaultCode::BAD_FORMAT,
            Self::Obsolete15Digit => codes::OBSOLETE_DOCUMENT,
            Self::BadBirthDate => codes::BAD_BIRTH_DATE,
            Self::BirthInFuture => codes::BIRTH_IN_FUTURE,
            Self::BirthTooLongAgo => codes::BIRTH_TOO_LONG_AGO,
            Self::UnknownProvince => codes::UNKNOWN_PROVINCE,
            Self::ChecksumMismatch => codes::CHECKSUM_MISMATCH,
        }
    }
}

/// Normalises a number and judges its form.
///
/// `today` is the local day. `known_county` is asked only for the six leading digits of a resident
/// id; "no" is a warning, because cards keep the code of a county that was abolished long ago.
///
/// # Errors
/// One [`DocumentFault`], the first found in the order length, characters, province, birth date,
/// check character: the holder is told what to look at rather than that "something" is wrong.
pub fn check_document(
    document_type: DocumentType,
    number: &str,
    today: NaiveDate,
    known_county: impl Fn(&str) -> bool,
) -> Result<DocumentNumber, DocumentFault> {
    let compacted = compact(number);
    match document_type {
        DocumentType::ResidentId => resident_id(compacted, today, known_county),
        // A booklet prints each member's citizen number; only the household's own number is free.
        DocumentType::HouseholdBooklet if is_citizen_shaped(&compacted) => resident_id(compacted, today, known_county),
        DocumentType::HouseholdBooklet => latin(compacted, 4, 20),
        DocumentType::Passport => latin(compacted, 5, 20),
        DocumentType::HkMacaoPermit => lettered(without_issue(compacted, 9), "HM", 8),
        DocumentType::TaiwanPermit => lettered(without_issue(compacted, 8), "", 8),
        DocumentType::HmtResidencePermit => residence_permit(compacted, today),
        DocumentType::ForeignPermanentResident => foreign_permanent_resident(compacted, today),
        DocumentType::OfficerCard => officer_card(&compacted),
        DocumentType::Other => plain(compacted, 1, OTHER_MAX_LENGTH, |letter| !letter.is_control()),
        DocumentType::None => Err(DocumentFault::UnknownDocumentType),
    }
}

/// The type that a number itself shows, where nobody names another one than the resident's card: residence permits begin
/// with their region, cards of foreign permanent residents with a nine. Only where its check digit is right.
pub fn stated_type(number: &str, today: NaiveDate) -> Option<DocumentType> {
    let types = [DocumentType::HmtResidencePermit, DocumentType::ForeignPermanentResident];
    let compacted = compact(number);
    let is_one = |of_type: &DocumentType| check_document(*of_type, &compacted, today, |_| true).is_ok();
    types.into_iter().filter(|_| is_citizen_shaped(&compacted)).find(is_one)
}

/// Permits of Hong Kong, Macao and Taiwan are printed with the number of their issue behind the holder's own, in books
/// two digits and a letter in brackets: the holder is the same with the next one.
fn without_issue(number: String, length: usize) -> String {
    let bare: String = number.chars().filter(|letter| !matches!(letter, '(' | ')')).collect();
    let rest = bare.get(length..).unwrap_or_default();
    let digits = rest.trim_end_matches(|letter: char| letter.is_ascii_uppercase());
    let is_issue = digits.len() == 2 && rest.len() <= 3 && digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_issue { bare.get(..length).unwrap_or_default().to_owned() } else { number }
}

/// GB 11643-1999: six area, eight birth, three sequence digits and a check character.
fn resident_id(
    number: String,
    today: NaiveDate,
    known_county: impl Fn(&str) -> bool,
) -> Result<DocumentNumber, DocumentFault> {
    if number.len() == 15 && number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(DocumentFault::Obsolete15Digit);
    }
    require_citizen_shape(&number)?;
    if !number.get(..2).is_some_and(|province| PROVINCES.contains(&province)) {
        return Err(DocumentFault::UnknownProvince);
    }
    let known = number.get(..6).is_some_and(known_county);
    let sex = stated_sex(&number);
    let warnings = if known { Vec::new() } else { vec!["unknown_county"] };
    Ok(DocumentNumber { sex, warnings, ..dated(number, today)? })
}

/// 港澳台居民居住证: a citizen number whose area digits name the region and no county.
fn residence_permit(number: String, today: NaiveDate) -> Result<DocumentNumber, DocumentFault> {
    require_citizen_shape(&number)?;
    if !number.get(..6).is_some_and(|area| RESIDENCE_PERMIT_AREAS.contains(&area)) {
        return Err(DocumentFault::UnknownProvince);
    }
    let sex = stated_sex(&number);
    Ok(DocumentNumber { sex, ..dated(number, today)? })
}

/// Old cards: three letters and twelve digits, whose two-digit birth year leaves the century open.
/// Cards since 2023-12-01 (GA 2102-2023): `9`, two province and three nationality digits, then as
/// a citizen number with the same check character. Its sequence is not used to tell the sex.
fn foreign_permanent_resident(number: String, today: NaiveDate) -> Result<DocumentNumber, DocumentFault> {
    match number.chars().count() {
        15 => {
            let (country, rest) = number.split_at_checked(3).ok_or(DocumentFault::BadFormat)?;
            let fits =
                country.bytes().all(|byte| byte.is_ascii_uppercase()) && rest.bytes().all(|byte| byte.is_ascii_digit());
            if fits { Ok(unstated(number)) } else { Err(DocumentFault::BadFormat) }
        }
        18 => {
            require_citizen_shape(&number)?;
            if !number.starts_with('9') {
                return Err(DocumentFault::BadFormat);
            }
            if !number.get(1..3).is_some_and(|province| PROVINCES.contains(&province)) {
                return Err(DocumentFault::UnknownProvince);
            }
            dated(number, today)
        }
        _ => Err(DocumentFault::BadLength),
    }
}

/// Officer cards read `军字第1234567号`; the frame words are written or left out at will, so they go.
fn officer_card(number: &str) -> Result<DocumentNumber, DocumentFault> {
    let bare: String = number.chars().filter(|letter| !matches!(letter, '第' | '号')).collect();
    if !bare.chars().any(|letter| letter.is_ascii_digit()) && !bare.is_empty() {
        return Err(DocumentFault::BadFormat);
    }
    plain(bare, 4, 20, char::is_alphanumeric)
}

/// Latin letters and digits with at least one digit, as passports have them.
fn latin(number: String, shortest: usize, longest: usize) -> Result<DocumentNumber, DocumentFault> {
    let checked = plain(number, shortest, longest, |letter| letter.is_ascii_alphanumeric())?;
    let has_digit = checked.normalized.bytes().any(|byte| byte.is_ascii_digit());
    if has_digit { Ok(checked) } else { Err(DocumentFault::BadFormat) }
}

/// One of `letters` (none if empty), then exactly `digits` digits.
fn lettered(number: String, letters: &str, digits: usize) -> Result<DocumentNumber, DocumentFault> {
    let prefix = usize::from(!letters.is_empty());
    if number.chars().count() != prefix + digits {
        return Err(DocumentFault::BadLength);
    }
    let fits = number
        .chars()
        .enumerate()
        .all(|(index, letter)| if index < prefix { letters.contains(letter) } else { letter.is_ascii_digit() });
    if fits { Ok(unstated(number)) } else { Err(DocumentFault::BadFormat) }
}

/// Any characters that `allowed` lets through, between two lengths.
fn plain(
    number: String,
    shortest: usize,
    longest: usize,
    allowed: impl Fn(char) -> bool,
) -> Result<DocumentNumber, DocumentFault> {
    if !(shortest..=longest).contains(&number.chars().count()) {
        return Err(DocumentFault::BadLength);
    }
    if number.chars().all(allowed) { Ok(unstated(number)) } else { Err(DocumentFault::BadFormat) }
}

/// A number that says nothing about its holder.
fn unstated(normalized: String) -> DocumentNumber {
    DocumentNumber { normalized, birth_on: None, sex: None, warnings: Vec::new() }
}
