use std::sync::Arc;

use super::*;

fn tree() -> Divisions {
    Divisions::embedded().unwrap()
}

fn place(tree: &Divisions, code: &str, edition: Option<i16>) -> Option<(String, Option<&'static str>)> {
    tree.place(code, edition).map(|placement| {
        assert_eq!(placement.submitted.as_deref(), (placement.area_code != code).then_some(code));
        (placement.area_code, placement.warning)
    })
}

#[test]
fn the_two_units_of_the_source_text() {
    let tree = tree();
    for (code, name, edition) in [
        ("511802005", "大兴街道", 2023),
        ("511802114", "八步镇", 2023),
        ("511802103", "大兴镇", 2019),
        ("511802201", "八步乡", 2019),
    ] {
        let row = tree.find(code, None).unwrap();
        assert_eq!((row.name.as_str(), row.edition, row.current), (name, edition, edition == 2023));
    }
    assert_eq!(tree.children("511802005", None).len(), 6);
    assert_eq!(tree.children("511802114", None).len(), 7);
    // Eight villages became part of one town: a plain successor.
    assert_eq!(tree.find("511802201", None).unwrap().successor_codes, ["511802114"]);
    assert_eq!(place(&tree, "511802201", None), Some(("511802114".to_owned(), Some("superseded_area"))));
    // Two of the villages of 大兴镇 are found under 草坝镇, so the town as a whole is only in the district.
    let daxing = tree.find("511802103", None).unwrap();
    assert_eq!(
        (daxing.successor_codes.as_slice(), daxing.successors_derived),
        (["511802005".to_owned(), "511802101".to_owned()].as_slice(), true)
    );
    assert_eq!(place(&tree, "511802103", None), Some(("511802".to_owned(), Some("ambiguous_area"))));
}

#[test]
fn codes_that_mean_two_places() {
    let tree = tree();
    let differing: Vec<&Arc<Division>> = tree
        .rows()
        .iter()
        .filter(|row| row.edition == 2019 && tree.find_exact(&row.code, 2023).is_some_and(|now| now.name != row.name))
        .collect();
    assert_eq!(differing.len(), 46);
    for old in differing {
        // Without an edition such a code is today's place, and nothing can be noticed.
        assert_eq!(place(&tree, &old.code, None), Some((old.code.clone(), None)));
        assert_eq!(place(&tree, &old.code, Some(2023)), Some((old.code.clone(), None)));
        let (then, warning) = place(&tree, &old.code, Some(2019)).unwrap();
        assert!(warning.is_some() && then != old.code, "{}", old.code);
    }
    // 林口村 had the code that 香花村 has now.
    assert_eq!(tree.find("511802101204", None).unwrap().name, "香花村委会");
    assert_eq!(place(&tree, "511802101204", Some(2019)), Some(("511802101200".to_owned(), Some("superseded_area"))));
}

#[test]
fn every_old_code_can_be_placed() {
    let tree = tree();
    for row in tree.rows().iter().filter(|row| row.edition == 2019) {
        let (area, warning) = place(&tree, &row.code, Some(2019)).unwrap();
        let now = tree.find_exact(&area, 2023).unwrap();
        if now.code == row.code {
            assert_eq!((warning, &now.name), (None, &row.name));
        }
        if row.code.starts_with("511802") {
            assert!(is_within(&area, "511802"));
        }
        assert_eq!(warning == Some("superseded_area"), area != row.code && row.successor_codes.len() == 1);
    }
}

/// Code, edition, the area it is placed in and the warning.
type Case = (&'static str, Option<i16>, Option<(&'static str, Option<&'static str>)>);

#[test]
fn placements() {
    let tree = tree();
    let cases: &[Case] = &[
        ("51", None, Some(("51", None))),
        ("5118", None, Some(("5118", None))),
        ("511802", None, Some(("511802", None))),
        ("511802005", None, Some(("511802005", None))),
        ("511802005001", None, Some(("511802005001", None))),
        // Padded forms; 511802005000 is no village.
        ("511802005000", None, Some(("511802005", None))),
        ("511802000000", None, Some(("511802", None))),
        ("511800000000", None, Some(("5118", None))),
        ("510000000000", None, Some(("51", None))),
        ("511800", None, Some(("5118", None))),
        ("510000", None, Some(("51", None))),
        ("511802201000", None, Some(("511802114", Some("superseded_area")))),
        // Continues: the same code and name, in either edition.
        ("511802101", Some(2019), Some(("511802101", None))),
        ("511802001001", Some(2019), Some(("511802001001", None))),
        ("511803", Some(2019), Some(("511803", None))),
        // Old villages: found by name, or lifted to where their township went.
        ("511802103203", None, Some(("511802005003", Some("superseded_area")))),
        ("511802103208", None, Some(("511802101207", Some("superseded_area")))),
        ("511802103200", None, Some(("511802", Some("ambiguous_area")))),
        ("511802201201", None, Some(("511802114", Some("ambiguous_area")))),
        ("511802101213", Some(2019), Some(("511802101", Some("ambiguous_area")))),
        // Other counties: no derived successors, so the county.
        ("511803100", None, Some(("511803", Some("ambiguous_area")))),
        // A current code called current, an old code called current (accept, then judge), a new one called old.
        ("511802005", Some(2023), Some(("511802005", None))),
        ("511802201", Some(2023), Some(("511802114", Some("superseded_area")))),
        ("511802005", Some(2019), None),
        ("511802", Some(2021), None),
        // Groups.
        ("511802005001-01", None, Some(("511802005001-01", None))),
        ("511802103203-07", None, Some(("511802005003-07", Some("superseded_area")))),
        ("511802103200-07", None, Some(("511802", Some("ambiguous_area")))),
        ("511802005-01", None, None),
        ("511802005000-01", None, None),
        ("511802005999-01", None, None),
        ("511802005001-00", None, None),
        ("511802005001-1", None, None),
        ("511802005001-001", None, None),
        ("511802005001-", None, None),
        ("511802005001-ab", None, None),
        ("511802005001-01-02", None, None),
        // Unknown.
        ("", None, None),
        ("5", None, None),
        ("519999", None, None),
        ("420100", None, None),
        ("511802006", None, None),
        ("51180200500", None, None),
        ("000000000000", None, None),
        ("雨城区", None, None),
        ("五一一八零二", None, None),
        ("-01", None, None),
    ];
    for (code, edition, expected) in cases {
        let expected = expected.map(|(area, warning)| (area.to_owned(), warning));
        assert_eq!(place(&tree, code, *edition), expected, "{code} {edition:?}");
    }
}
