//! Every figure counted from the lists.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate};
use serde_json::{Value as Json, json};

use super::World;

/// A passage as the lists tell it; the person as whoever stands for him now.
struct Passage {
    at: DateTime<FixedOffset>,
    area: String,
    place: String,
    person: String,
    abnormal: bool,
}

async fn passages(world: &World) -> Vec<Passage> {
    let mut roots = BTreeMap::new();
    for person in &world.people {
        let root = world.admin.get(&format!("/v1/people/{person}")).await.expect(200).body["id"].clone();
        roots.insert(person.clone(), root.as_str().unwrap().to_owned());
    }
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = world.admin.get(&format!("/v1/screenings?limit=500{cursor}")).await.expect(200).body;
        for item in page["items"].as_array().unwrap() {
            let text = |name: &str| item[name].as_str().unwrap().to_owned();
            let at = DateTime::parse_from_rfc3339(&text("occurred_at")).unwrap();
            let person = roots[&text("person_id")].clone();
            let abnormal = item["abnormal"].as_bool().unwrap();
            found.push(Passage { at, area: text("area_code"), place: text("place_id"), person, abnormal });
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}

// Events, abnormal ones, different people.
type Counts = (i64, i64, i64);

fn count<'a>(passages: impl Iterator<Item = &'a Passage>) -> Counts {
    let (mut events, mut abnormal, mut people) = (0, 0, BTreeSet::new());
    for passage in passages {
        events += 1;
        abnormal += i64::from(passage.abnormal);
        people.insert(&passage.person);
    }
    (events, abnormal, people.len() as i64)
}

fn told(figures: &Json) -> Counts {
    let value = |name: &str| figures[name]["value"].as_i64().unwrap_or(-1);
    (value("screened"), value("abnormal"), value("persons"))
}

/// Compares figures with counts.
pub async fn check(world: &World, about: &str) {
    let all = passages(world).await;
    let day = |passage: &Passage| passage.at.date_naive();
    let figures = async |query: &str| world.admin.get(&format!("/v1/stats/screenings?{query}")).await.expect(200).body;
    let ever = figures("cumulative=true&to_on=2020-04-01&by=area").await;
    assert_eq!(told(&ever["total"]), count(all.iter()), "{about}: ever");
    for item in ever["items"].as_array().unwrap() {
        let area = item["key"].as_str().unwrap();
        let of_area = count(all.iter().filter(|passage| passage.area.starts_with(area)));
        assert_eq!(told(&item["figures"]), of_area, "{about}: {area} ever");
    }
    let until = NaiveDate::from_ymd_opt(2020, 2, 17).unwrap();
    let ever = figures("cumulative=true&to_on=2020-02-17").await;
    assert_eq!(told(&ever["total"]), count(all.iter().filter(|passage| day(passage) <= until)), "{about}: until");
    assert_eq!(
        ever["total"]["persons"]["previous"],
        count(all.iter().filter(|passage| day(passage) < until)).2,
        "{about}: until the day before"
    );
    let month = figures("from_on=2020-02-01&to_on=2020-02-17&by=place").await;
    let in_month = |passage: &&Passage| day(passage).month() == 2 && day(passage) <= until;
    assert_eq!(told(&month["total"]), count(all.iter().filter(in_month)), "{about}: month");
    for item in month["items"].as_array().unwrap() {
        let place = item["key"].as_str().unwrap();
        let of_place = count(all.iter().filter(in_month).filter(|passage| passage.place == place));
        assert_eq!(told(&item["figures"]), of_place, "{about}: {place} in a month");
    }
    let series = figures("area_code=511802005&from_on=2020-01-29&to_on=2020-03-05&by=day").await;
    let mut person_days = 0;
    for item in series["items"].as_array().unwrap() {
        let on: NaiveDate = item["key"].as_str().unwrap().parse().unwrap();
        let in_area = |passage: &&Passage| passage.area.starts_with("511802005");
        let counted = |on: NaiveDate| count(all.iter().filter(in_area).filter(|passage| day(passage) == on));
        assert_eq!(told(&item["figures"]), counted(on), "{about}: {on}");
        if on > NaiveDate::from_ymd_opt(2020, 1, 29).unwrap() {
            let before = counted(on.pred_opt().unwrap());
            let previous = |name: &str| item["figures"][name]["previous"].as_i64().unwrap();
            assert_eq!((previous("screened"), previous("persons")), (before.0, before.2), "{about}: before {on}");
        }
        person_days += counted(on).2;
    }
    assert_eq!(
        (&series["total"]["persons"]["value"], &series["persons_counted"]),
        (&json!(person_days), &json!("person_days"))
    );
    let hours = figures("from_on=2020-02-03&to_on=2020-02-04&by=hour").await;
    assert_eq!(hours["items"].as_array().unwrap().len(), 48);
    for item in hours["items"].as_array().unwrap() {
        let begins = DateTime::parse_from_rfc3339(item["key"].as_str().unwrap()).unwrap();
        let ends = begins + chrono::TimeDelta::hours(1);
        let counted = count(all.iter().filter(|passage| passage.at >= begins && passage.at < ends));
        let value = |name: &str| item["figures"][name]["value"].as_i64().unwrap();
        assert_eq!((value("screened"), value("abnormal")), (counted.0, counted.1), "{about}: {begins}");
    }
}
