use super::citizen::check_character;
use super::*;

fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap()
}

/// A word for each, where clients are told the same of several.
fn name(fault: DocumentFault) -> &'static str {
    match fault {
        DocumentFault::UnknownDocumentType => "unknown_document_type",
        DocumentFault::BadLength => "bad_length",
        _ => fault.fault().code(),
    }
}

fn check(document_type: &str, number: &str) -> Result<DocumentNumber, &'static str> {
    let document_type = DocumentType::of_code(document_type).unwrap();
    check_document(document_type, number, day(2020, 2, 2), |county| county != "519999").map_err(name)
}

/// First seventeen digits with the right check character.
fn with_check(body: &str) -> String {
    format!("{body}{}", check_character(body).unwrap())
}

/// Number, sex, birth day, warnings.
type Sample = (&'static str, &'static str, (i32, u32, u32), &'static [&'static str]);

/// Samples of the standard and the project's surely-fake numbers.
const VALID: &[Sample] = &[
    ("11010519491231002X", "female", (1949, 12, 31), &[]),
    ("440524188001010014", "male", (1880, 1, 1), &[]),
    ("519999194803120012", "male", (1948, 3, 12), &["unknown_county"]),
    ("519999199003070021", "female", (1990, 3, 7), &["unknown_county"]),
    ("519999200711150036", "male", (2007, 11, 15), &["unknown_county"]),
    ("519999201512319948", "female", (2015, 12, 31), &["unknown_county"]),
    ("519999198510011232", "male", (1985, 10, 1), &["unknown_county"]),
    ("519999200002290028", "female", (2000, 2, 29), &["unknown_county"]),
    ("51999919680520004X", "female", (1968, 5, 20), &["unknown_county"]),
];

#[test]
fn resident_ids_state_birth_and_sex() {
    for (number, sex, (year, month, birth_day), warnings) in VALID {
        let checked = check("resident_id", number).unwrap();
        assert_eq!(checked.normalized, *number);
        assert_eq!(checked.sex.map(Sex::code), Some(*sex));
        assert_eq!(checked.birth_on, Some(day(*year, *month, *birth_day)));
        assert_eq!(checked.warnings, *warnings);
    }
}

#[test]
fn one_number_in_many_spellings_is_one_number() {
    for spelling in [
        "51999919680520004x",
        " 519999-19680520-004x ",
        "519999 1968 0520 004X",
        "５１９９９９１９６８０５２０００４ｘ",
        "519999－19680520－004Ｘ",
        "51999919680520004Ⅹ",
        "\u{202D}51999919680520004X\u{202C}",
        "519999\u{3000}19680520004X",
    ] {
        assert_eq!(check("resident_id", spelling).unwrap().normalized, "51999919680520004X");
    }
}

#[test]
fn every_single_alteration_and_every_swap_of_neighbours_fails() {
    for (number, ..) in VALID {
        let letters: Vec<char> = number.chars().collect();
        for index in 0..18 {
            for other in "0123456789X".chars().filter(|other| *other != letters[index]) {
                let mut altered = letters.clone();
                altered[index] = other;
                assert!(check("resident_id", &altered.iter().collect::<String>()).is_err());
            }
        }
        for index in 0..17 {
            let mut swapped = letters.clone();
            swapped.swap(index, index + 1);
            assert_eq!(check("resident_id", &swapped.iter().collect::<String>()).is_ok(), swapped == letters);
        }
    }
}

#[test]
fn resident_id_faults_are_told_apart() {
    let future = with_check("51180220200203001");
    let too_old = with_check("51180218690202001");
    let faults = [
        ("", "bad_length"),
        ("51999919480312001", "bad_length"),
        ("5199991948031200122", "bad_length"),
        ("519999480312001", "obsolete_15_digit"),
        ("51999948031200X", "bad_length"),
        ("5199991948031200AB", "bad_format"),
        ("X19999194803120012", "bad_format"),
        ("٥19999194803120012", "bad_format"),
        ("519999194803120013", "checksum_mismatch"),
        ("009999194803120012", "unknown_province"),
        ("839999194803120012", "unknown_province"),
        ("519999194802300012", "bad_birth_date"),
        ("519999190002290012", "bad_birth_date"),
        ("519999194813010012", "bad_birth_date"),
        (future.as_str(), "birth_in_future"),
        (too_old.as_str(), "birth_too_long_ago"),
    ];
    for (number, code) in faults {
        assert_eq!(check("resident_id", number).unwrap_err(), code, "expected {code}");
    }
}

#[test]
fn born_today_and_exactly_150_years_ago_pass() {
    for body in ["51180220200202001", "51180218700202001"] {
        assert!(check("resident_id", &with_check(body)).unwrap().warnings.is_empty());
    }
    // Still 150 on the day before the 151st birthday.
    assert!(check("resident_id", &with_check("51180218690203001")).is_ok());
    // Year zero is a day of the proleptic calendar, not of anybody's birth.
    assert_eq!(check("resident_id", &with_check("51180200000101001")).unwrap_err(), "birth_too_long_ago");
}

/// Document type, number, what is stored or the fault's code.
type Case<'a> = (&'a str, &'a str, Result<&'a str, &'static str>);

#[test]
fn other_documents_by_their_form() {
    let hong_kong = with_check("81000019900307002");
    let taiwan = with_check("83000019900307001");
    let not_hmt = with_check("51180219900307002");
    let foreign = with_check("95184019900307001");
    let foreign_nowhere = with_check("99984019900307001");
    let citizen = with_check("51180219900307002");
    let cases: &[Case] = &[
        ("household_booklet", "510802123", Ok("510802123")),
        ("household_booklet", &citizen, Ok(&citizen)),
        ("household_booklet", "519999194803120013", Err("checksum_mismatch")),
        ("household_booklet", "12", Err("bad_length")),
        ("passport", "ea 1234567", Ok("EA1234567")),
        ("passport", "ABCDEFGH", Err("bad_format")),
        ("passport", "E123", Err("bad_length")),
        ("passport", "护照1234567", Err("bad_format")),
        ("hk_macao_permit", "h12345678", Ok("H12345678")),
        ("hk_macao_permit", "Ｍ１２３４５６７８", Ok("M12345678")),
        ("hk_macao_permit", "H1234567801", Ok("H12345678")),
        ("hk_macao_permit", "H123456780", Err("bad_length")),
        ("hk_macao_permit", "C12345678", Err("bad_format")),
        ("taiwan_permit", "01234567", Ok("01234567")),
        ("taiwan_permit", "T1234567", Err("bad_format")),
        ("taiwan_permit", "0123456789", Ok("01234567")),
        ("taiwan_permit", "0123456789(B)", Ok("01234567")),
        ("taiwan_permit", "012345678", Err("bad_length")),
        ("hmt_residence_permit", &hong_kong, Ok(&hong_kong)),
        ("hmt_residence_permit", &taiwan, Ok(&taiwan)),
        ("hmt_residence_permit", &not_hmt, Err("unknown_province")),
        ("hmt_residence_permit", "810000199003070020", Err("checksum_mismatch")),
        ("foreign_permanent_resident", "usa511801900307", Ok("USA511801900307")),
        ("foreign_permanent_resident", "US1511801900307", Err("bad_format")),
        ("foreign_permanent_resident", "中美英511801900307", Err("bad_format")),
        ("foreign_permanent_resident", &foreign, Ok(&foreign)),
        ("foreign_permanent_resident", &foreign_nowhere, Err("unknown_province")),
        ("foreign_permanent_resident", &citizen, Err("bad_format")),
        ("foreign_permanent_resident", "USA", Err("bad_length")),
        ("officer_card", "军字第1234567号", Ok("军字1234567")),
        ("officer_card", "军字 1234567", Ok("军字1234567")),
        ("officer_card", "军字第号", Err("bad_format")),
        ("officer_card", "军1", Err("bad_length")),
        ("officer_card", "", Err("bad_length")),
        ("other", "工作证 12/7", Ok("工作证12/7")),
        ("other", " - ", Err("bad_length")),
        ("other", "a\u{0}b", Err("bad_format")),
        ("none", "1", Err("unknown_document_type")),
    ];
    for (document_type, number, expected) in cases {
        let checked = check(document_type, number);
        assert_eq!(
            checked.as_ref().map(|found| found.normalized.as_str()),
            expected.as_ref().copied(),
            "{document_type}"
        );
    }
    assert!(check("other", &"证".repeat(40)).is_ok());
    assert_eq!(check("other", &"证".repeat(41)).unwrap_err(), "bad_length");
    assert_eq!(check("hmt_residence_permit", &taiwan).unwrap().sex, Some(Sex::Male));
    let stated = check("foreign_permanent_resident", &foreign).unwrap();
    assert_eq!((stated.birth_on, stated.sex), (Some(day(1990, 3, 7)), None));
    let types = DocumentType::ALL.iter().filter(|document_type| **document_type != DocumentType::None);
    assert!(types.into_iter().all(|document_type| check(document_type.code(), "").unwrap_err() == "bad_length"));
}

#[test]
fn neither_debug_nor_faults_show_the_number() {
    let checked = check("resident_id", VALID[0].0).unwrap();
    assert!(!format!("{checked:?}").contains(|letter: char| letter.is_ascii_digit()));
    assert!(!DocumentFault::ChecksumMismatch.to_string().contains("1101"));
}

#[test]
fn phones() {
    for (typed, stored) in [
        ("15400000001", Some("15400000001")),
        ("+86 154-0000-0001", Some("15400000001")),
        ("8615400000001", Some("15400000001")),
        ("0086 15400000001", Some("15400000001")),
        ("＋８６１５４００００００００１", None),
        ("＋８６１５４０００００００１", Some("15400000001")),
        ("0835-1234567", Some("0835-1234567")),
        ("08351234567", Some("0835-1234567")),
        ("（0835）1234567", Some("0835-1234567")),
        ("+86 835 1234567", Some("0835-1234567")),
        ("010-12345678", Some("010-12345678")),
        ("02812345678", Some("028-12345678")),
        ("0835-12345678", Some("0835-12345678")),
        ("12400000001", None),
        ("1540000000", None),
        ("015400000001", None),
        ("0835-123456", None),
        ("0835-123456789", None),
        ("", None),
        ("+86", None),
        ("138****5678", None),
        ("电话", None),
        ("154000000o1", None),
    ] {
        assert_eq!(normalize_phone(typed).as_deref(), stored, "{typed}");
    }
}

#[test]
fn names() {
    for (typed, stored) in [
        ("  张三 ", "张三"),
        ("张\u{3000} 三", "张 三"),
        ("Ｊｏｈｎ  Smith", "John Smith"),
        ("阿卜杜拉•买买提", "阿卜杜拉·买买提"),
        ("阿卜杜拉・买买提", "阿卜杜拉·买买提"),
        ("阿卜杜拉·买买提", "阿卜杜拉·买买提"),
        ("𠮷田", "𠮷田"),
        ("张\u{200B}三", "张三"),
        (" ", ""),
    ] {
        assert_eq!(normalize_name(typed), stored);
    }
}

#[test]
fn a_number_shows_its_type_where_its_check_digit_is_right() {
    let stated = |number: &str| stated_type(number, day(2024, 2, 2)).map(DocumentType::code);
    for region in ["810000", "820000", "830000"] {
        let number = with_check(&format!("{region}19900307001"));
        assert_eq!(stated(&number), Some("hmt_residence_permit"), "{region}");
        let (body, last) = number.split_at(17);
        assert_eq!(stated(&format!("{body}{}", if last == "1" { '2' } else { '1' })), None, "{region}");
    }
    assert_eq!(stated(&with_check("95101219900307001")), Some("foreign_permanent_resident"));
    assert_eq!((stated("519999194803120012"), stated("999999194803120011"), stated("H12345678")), (None, None, None));
}
