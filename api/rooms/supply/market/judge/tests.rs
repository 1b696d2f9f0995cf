//! Rules by cases.

use super::*;

/// A commodity of the catalogue and its group.
const VEGETABLES: Judged<'static> = ("veg_average_11", Some(CommodityCategory::VegetableIndex));

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn rule(rule_kind: PriceRuleKind, threshold: &str) -> Rule {
    Rule {
        id: Uuid::nil(),
        revision: 1,
        rule_kind,
        baseline_on: Some(day("2020-01-23")),
        threshold_rate: threshold.parse().unwrap(),
        only_without_baseline: false,
        area_code: "511802".into(),
        commodities: Vec::new(),
        categories: Vec::new(),
        effective_on: day("2020-01-24"),
        expires_on: None,
    }
}

fn lines(prices: &[(&str, Option<&str>, Option<&str>)]) -> Lines {
    let line = |purchase: &Option<&str>, retail: &Option<&str>| Line {
        report_id: Uuid::nil(),
        revision: 1,
        line_no: 0,
        purchase_price: purchase.map(|price| price.parse().unwrap()),
        retail_price: retail.map(|price| price.parse().unwrap()),
        area_code: "511802005".into(),
        org_id: None,
    };
    let entry = |(on, purchase, retail): &(&str, Option<&str>, Option<&str>)| {
        (("veg_average_11".to_owned(), day(on)), line(purchase, retail))
    };
    prices.iter().map(entry).collect()
}

fn judged(rule: &Rule, on: &str, lines: &Lines) -> Option<(bool, Option<NaiveDate>)> {
    rule.judge(VEGETABLES, day(on), lines).ok().map(|finding| (finding.fires, finding.baseline_on))
}

#[test]
fn a_change_is_judged_exactly_and_the_threshold_itself_does_not_fire() {
    let all = lines(&[("2020-01-23", None, Some("6.6")), ("2020-01-30", None, Some("8.24"))]);
    let found = rule(PriceRuleKind::PriceChange, "0.15").judge(VEGETABLES, day("2020-01-30"), &all).unwrap();
    assert!(found.fires && found.change_rate.unwrap().to_string().starts_with("0.24848"));
    let at = lines(&[("2020-01-23", None, Some("100")), ("2020-01-30", None, Some("115"))]);
    assert!(!judged(&rule(PriceRuleKind::PriceChange, "0.15"), "2020-01-30", &at).unwrap().0);
    assert!(judged(&rule(PriceRuleKind::PriceChange, "0.1499"), "2020-01-30", &at).unwrap().0);
    assert_eq!(judged(&rule(PriceRuleKind::PriceChange, "0.15"), "2020-01-23", &at), None, "the baseline itself");
}

#[test]
fn the_baseline_is_the_last_report_until_its_day_that_has_a_price() {
    let all = lines(&[
        ("2020-01-20", None, Some("1")),
        ("2020-01-22", None, None),
        ("2020-01-24", None, Some("3")),
        ("2020-01-26", None, Some("3.1")),
    ]);
    let found = judged(&rule(PriceRuleKind::PriceChange, "0.15"), "2020-01-26", &all).unwrap();
    assert_eq!(found, (true, Some(day("2020-01-20"))));
    let day_on_day = rule(PriceRuleKind::DayOnDay, "0.03");
    let why = |on: &str| day_on_day.judge(VEGETABLES, day(on), &all).unwrap_err();
    assert_eq!((why("2020-01-26"), why("2020-01-25")), (Unjudged::NoPreviousDay, Unjudged::NoReport));
    let next = lines(&[("2020-01-25", None, Some("3")), ("2020-01-26", None, Some("3.1"))]);
    assert_eq!(judged(&day_on_day, "2020-01-26", &next), Some((true, Some(day("2020-01-25")))));
    let unpriced = lines(&[("2020-01-25", None, None), ("2020-01-26", None, Some("3.1"))]);
    assert_eq!(day_on_day.judge(VEGETABLES, day("2020-01-26"), &unpriced), Err(Unjudged::NoPreviousDay));
    let zero = lines(&[("2020-01-20", None, Some("0")), ("2020-01-26", None, Some("3"))]);
    assert_eq!(
        judged(&rule(PriceRuleKind::PriceChange, "0.15"), "2020-01-26", &zero),
        None,
        "nothing can be divided by 0"
    );
}

#[test]
fn a_mark_up_may_not_widen_and_a_cap_may_hold_only_without_a_reference() {
    let all = lines(&[("2020-01-20", Some("10"), Some("12")), ("2020-01-26", Some("20"), Some("26"))]);
    assert_eq!(judged(&rule(PriceRuleKind::Markup, "0.05"), "2020-01-26", &all), Some((true, Some(day("2020-01-20")))));
    assert!(!judged(&rule(PriceRuleKind::Markup, "0.1"), "2020-01-26", &all).unwrap().0);
    assert!(judged(&rule(PriceRuleKind::MarkupCap, "0.25"), "2020-01-26", &all).unwrap().0);
    let only = Rule { only_without_baseline: true, ..rule(PriceRuleKind::MarkupCap, "0.25") };
    assert_eq!(judged(&only, "2020-01-26", &all), None);
    let free = lines(&[("2020-01-26", Some("0"), Some("26"))]);
    assert_eq!(judged(&rule(PriceRuleKind::MarkupCap, "0.25"), "2020-01-26", &free), None, "no rate from a price of 0");
}

#[test]
fn a_rule_speaks_of_its_area_days_and_commodities() {
    let mut vegetables =
        Rule { categories: vec![CommodityCategory::VegetableIndex], ..rule(PriceRuleKind::PriceChange, "0") };
    assert!(vegetables.covers(VEGETABLES, day("2020-01-24"), "511802005"));
    assert!(!vegetables.covers(("meat_beef", Some(CommodityCategory::Meat)), day("2020-01-24"), "511802005"));
    assert!(!vegetables.covers(VEGETABLES, day("2020-01-23"), "511802005"));
    vegetables.expires_on = Some(day("2020-02-01"));
    assert!(!vegetables.covers(VEGETABLES, day("2020-02-02"), "511802005"));
    vegetables.area_code = "511802006".into();
    assert!(!vegetables.covers(VEGETABLES, day("2020-02-01"), "511802005"));
}

#[test]
fn the_threshold_itself_does_not_fire_where_units_do_not_divide() {
    let salt = crate::rooms::supply::commodities::built_in("salt_edible").unwrap();
    let normal = |price: &str| salt.normal_price(price.parse().unwrap(), "元/300克").unwrap().value.to_string();
    let all = |retail: &str| lines(&[("2020-01-26", Some(&normal("1.00")), Some(&normal(retail)))]);
    assert!(!judged(&rule(PriceRuleKind::MarkupCap, "0.35"), "2020-01-26", &all("1.35")).unwrap().0);
    assert!(judged(&rule(PriceRuleKind::MarkupCap, "0.35"), "2020-01-26", &all("1.351")).unwrap().0);
    // The cheaper it is, the more its last place weighs.
    let cheap = lines(&[("2020-01-26", Some(&normal("0.10")), Some(&normal("0.135")))]);
    assert!(!judged(&rule(PriceRuleKind::MarkupCap, "0.35"), "2020-01-26", &cheap).unwrap().0);
    let above = lines(&[("2020-01-26", Some("1000.00"), Some("1350.01"))]);
    assert!(judged(&rule(PriceRuleKind::MarkupCap, "0.35"), "2020-01-26", &above).unwrap().0);
}
