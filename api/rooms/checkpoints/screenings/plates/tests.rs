use super::*;

/// Kind, number as typed, what is stored or the fault's code.
type Case = (&'static str, &'static str, Result<&'static str, &'static str>);

#[test]
fn plates_of_each_kind() {
    let cases: &[Case] = &[
        ("ordinary", "川T12345", Ok("川T12345")),
        ("ordinary", " 川t·1a2 b3 ", Ok("川T1A2B3")),
        ("ordinary", "川Ｔ・１２３４５", Ok("川T12345")),
        ("ordinary", "川T1234", Err("bad_length")),
        ("ordinary", "川TD12345", Err("bad_length")),
        ("ordinary", "", Err("bad_length")),
        ("ordinary", "国T12345", Err("bad_province")),
        ("ordinary", "AT12345", Err("bad_province")),
        ("ordinary", "川112345", Err("bad_office")),
        ("ordinary", "川I12345", Err("bad_office")),
        ("ordinary", "川O12345", Err("bad_office")),
        ("ordinary", "川T1234I", Err("letter_i_or_o")),
        ("ordinary", "川TO2345", Err("letter_i_or_o")),
        ("ordinary", "川T1234挂", Err("bad_suffix")),
        ("ordinary", "川T12*45", Err("bad_format")),
        ("ordinary", "川T１２３４五", Err("bad_format")),
        ("new_energy_small", "川TD12345", Ok("川TD12345")),
        ("new_energy_small", "川TFA2345", Ok("川TFA2345")),
        ("new_energy_small", "川TK12345", Ok("川TK12345")),
        ("new_energy_small", "川TL12345", Err("bad_format")),
        ("new_energy_small", "川TI12345", Err("letter_i_or_o")),
        ("new_energy_small", "川TD1234A", Err("bad_format")),
        ("new_energy_small", "川T12345", Err("bad_length")),
        ("new_energy_small", "川T12345D", Err("bad_format")),
        ("new_energy_large", "川T12345D", Ok("川T12345D")),
        ("new_energy_large", "川T12345Z", Err("bad_format")),
        ("new_energy_large", "川T1A345F", Err("bad_format")),
        ("trailer", "川T1234挂", Ok("川T1234挂")),
        ("trailer", "川T12345", Err("bad_suffix")),
        ("trailer", "川T1234学", Err("bad_suffix")),
        ("learner", "川T1234学", Ok("川T1234学")),
        ("police", "川T1234警", Ok("川T1234警")),
        ("police", "川O1234警", Ok("川O1234警")),
        ("hk_macao", "粤Z1234港", Ok("粤Z1234港")),
        ("hk_macao", "粤Z12A4澳", Ok("粤Z12A4澳")),
        ("hk_macao", "粤B1234港", Err("bad_office")),
        ("hk_macao", "川Z1234港", Err("bad_province")),
        ("embassy", "使 014·578", Ok("使014578")),
        ("consulate", "沪a0023领", Ok("沪A0023领")),
        ("military", "VA·12345", Ok("VA12345")),
        ("temporary", "川T01234临", Ok("川T01234临")),
        ("none", "", Ok("")),
        ("none", "三轮车", Ok("三轮车")),
        ("other", "", Err("bad_length")),
        ("other", "a\u{0}b", Err("bad_format")),
    ];
    for (kind, number, expected) in cases {
        let checked = check_plate(PlateKind::of_code(kind).unwrap(), number).map_err(PlateFault::code);
        assert_eq!(checked.as_deref().map_err(|code| *code), *expected, "{kind} {number}");
    }
    assert_eq!(check_plate(PlateKind::Other, &"牌".repeat(21)), Err(PlateFault::BadLength));
}

#[test]
fn every_province_may_issue() {
    assert_eq!(PROVINCES.chars().count(), 31);
    assert!(PROVINCES.chars().all(|province| check_plate(PlateKind::Ordinary, &format!("{province}A12345")).is_ok()));
}

#[test]
fn a_guess_fits_every_valid_number() {
    for (number, kind) in [
        ("川T12345", "ordinary"),
        ("川T·D12345", "new_energy_small"),
        ("川TFA2345", "new_energy_small"),
        ("川T12345d", "new_energy_large"),
        ("川T1234挂", "trailer"),
        ("川T1234学", "learner"),
        ("川T1234警", "police"),
        ("粤Z1234港", "hk_macao"),
        ("粤Z1234澳", "hk_macao"),
        ("使014578", "embassy"),
        ("沪A0023领", "consulate"),
    ] {
        assert_eq!(guess_plate_kind(number).code(), kind);
        assert!(check_plate(guess_plate_kind(number), number).is_ok(), "{number}");
    }
    assert_eq!(guess_plate_kind(""), PlateKind::Ordinary);
}
