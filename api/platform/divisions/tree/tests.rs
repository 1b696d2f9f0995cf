use super::*;

fn tree() -> Divisions {
    Divisions::embedded().unwrap()
}

fn count(tree: &Divisions, edition: i16, level: Level, prefix: &str) -> usize {
    tree.rows()
        .iter()
        .filter(|row| row.edition == edition && row.level == level && row.code.starts_with(prefix))
        .count()
}

#[test]
fn counts_of_both_editions() {
    let tree = tree();
    assert_eq!(tree.current_edition(), 2023);
    for (edition, level, prefix, expected) in [
        (2019, Level::Township, "511802", 22),
        (2019, Level::Village, "511802", 206),
        (2023, Level::Township, "511802", 13),
        (2023, Level::Village, "511802", 122),
        (2019, Level::Township, "5118", 143),
        (2023, Level::Township, "5118", 96),
        (2019, Level::County, "5118", 8),
        (2023, Level::County, "5118", 8),
        (2023, Level::Province, "", 1),
        (2023, Level::Group, "", 0),
    ] {
        assert_eq!(count(&tree, edition, level, prefix), expected, "{edition} {level:?}");
    }
    assert_eq!(tree.rows().len(), 587);
}

#[test]
fn every_row_has_its_level_its_parent_and_its_county() {
    let tree = tree();
    for row in tree.rows() {
        let length = match row.level {
            Level::Province => 2,
            Level::Prefecture => 4,
            Level::County => 6,
            Level::Township => 9,
            _ => 12,
        };
        assert_eq!(row.code.len(), length);
        assert_eq!(row.parent_code.is_none(), row.level == Level::Province);
        assert_eq!(tree.parent(row).is_none(), row.level == Level::Province);
        assert_eq!(row.current, row.edition == 2023);
        assert_eq!(row.initials.chars().count(), row.name.chars().count(), "{}", row.name);
        assert!(row.level != Level::County || known_county(&row.code));
        assert_eq!(Level::from_name(row.level.as_str()), Some(row.level));
        assert!(row.successor_codes.iter().all(|code| !row.current && tree.find_exact(code, 2023).is_some()));
    }
}

#[test]
fn within_is_by_whole_levels() {
    for (area, ancestor, within) in [
        ("511802005001-01", "511802005", true),
        ("511802005001-01", "511802005001", true),
        ("511802005001-01", "511802005001-01", true),
        ("511802", "511802", true),
        ("511802", "51", true),
        ("51", "511802", false),
        ("511802005", "51180200", false),
        ("511802005", "511803", false),
        ("511802005001-01", "511802005001-0", false),
        ("511802", "", false),
        ("", "", false),
        ("511802005001", "511802005002", false),
    ] {
        assert_eq!(is_within(area, ancestor), within, "{area} {ancestor}");
    }
}

#[test]
fn counties() {
    for known in ["511802", "110105", "310101", "659012", "441900"] {
        assert!(known_county(known), "{known}");
    }
    for unknown in ["519999", "", "51", "511800", "5118020", "440524", "\n"] {
        assert!(!known_county(unknown), "{unknown}");
    }
    assert!(
        include_str!("../data/county-codes.txt").lines().is_sorted_by(|left, right| left < right && left.len() == 6)
    );
}

#[test]
fn search_children_ancestors() {
    let tree = tree();
    let names = |found: Vec<&Division>| found.into_iter().map(|row| row.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(tree.search("八步", None)), ["八步镇", "八步村委会"]);
    assert_eq!(names(tree.search("八步", Some(2019))), ["八步乡", "八步村委会"]);
    assert_eq!(names(tree.search("BBZ", None)), ["八步镇"]);
    assert_eq!(names(tree.search("yjx", None)), ["荥经县"]);
    assert!(names(tree.search("dx", None)).contains(&"大兴街道".to_owned()));
    assert_eq!(tree.search("511802114", None).len(), 8);
    assert!(
        tree.search(" ", None).is_empty()
            && tree.search("%", None).is_empty()
            && tree.search("八步", Some(1999)).is_empty()
    );
    assert_eq!(tree.children("511802", None).len(), 13);
    assert_eq!(tree.children("511802", Some(2019)).len(), 22);
    assert_eq!(tree.children("51", None).len(), 1);
    assert!(tree.children("511802005001", None).is_empty() && tree.children("", None).is_empty());
    let above = ["大兴街道", "雨城区", "雅安市", "四川省"];
    assert_eq!(names(tree.ancestors("511802005001", None)), above);
    assert_eq!(names(tree.ancestors("511802005001-01", None))[1..], above);
    assert_eq!(names(tree.ancestors("511802103", None)), above[1..]);
    assert!(tree.ancestors("51", None).is_empty() && tree.ancestors("999999", None).is_empty());
}

#[test]
fn rows_that_are_no_tree_are_refused() {
    let row = tree().find("511802", None).unwrap().clone();
    assert!(matches!(Divisions::from_rows(Vec::new()), Err(DivisionDataError::Empty)));
    assert_eq!(Divisions::from_rows(vec![row.clone(), row.clone()]).unwrap().rows().len(), 1);
    let renamed = Division { name: "别区".to_owned(), ..row.clone() };
    assert!(matches!(Divisions::from_rows(vec![row.clone(), renamed]), Err(DivisionDataError::Conflict { .. })));
    for parent in ["511802", "4201"] {
        let stray = Division { parent_code: Some(parent.to_owned()), ..row.clone() };
        assert!(matches!(Divisions::from_rows(vec![stray]), Err(DivisionDataError::ForeignParent { .. })));
    }
    // Without any division above, an abolished code without successors lies nowhere.
    let old = Division { edition: 2019, code: "511899".to_owned(), ..row.clone() };
    assert_eq!(Divisions::from_rows(vec![row, old]).unwrap().place("511899", None), None);
}
