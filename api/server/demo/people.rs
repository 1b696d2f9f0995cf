//! People with surely-fake documents: no county 519999 exists. They live in households of one to five.

use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::cast::{COMPOUNDS, Home};
use super::chance::Chance;
use super::households::{MOVED_IN_WITH, door_of, size_of};

const SURNAMES: [&str; 20] = [
    "王", "李", "张", "刘", "陈", "杨", "黄", "赵", "周", "吴", "徐", "孙", "胡", "朱", "高", "林", "何", "郭", "马",
    "罗",
];
const GIVEN: [&str; 24] = [
    "伟", "芳", "娜", "敏", "静", "强", "磊", "军", "洋", "勇", "艳", "杰", "娟", "涛", "明", "超", "秀英", "丽华",
    "建国", "桂兰", "志强", "晓燕", "雨桐", "子轩",
];
/// The last year in which somebody with a telephone was born.
const WITH_PHONE: usize = 2006;

/// A person and where he lives.
pub struct Resident {
    /// Body that is posted.
    pub body: Json,
    /// Id under which the demo knows him; the service makes its own of the document.
    pub id: Uuid,
    /// The document by which he is the same later.
    pub document_number: String,
    /// His name.
    pub name: String,
    /// The number of his home.
    pub home: usize,
    /// The number of his household.
    pub household: usize,
    /// Which of it: the head is 0, then the spouse, a child, a parent, more children.
    pub slot: usize,
}

/// The homes in which households are: the compounds, and two of the villages.
pub fn home_of(household: usize) -> usize {
    match household % INHABITED {
        COMPOUNDS => COMPOUNDS + 1,
        last if last > COMPOUNDS => COMPOUNDS + 3,
        compound => compound,
    }
}

/// Homes with households.
pub const INHABITED: usize = COMPOUNDS + 2;

/// The residents of so many households, spread over the homes.
pub fn residents(seed: u64, households: usize, homes: &[Home]) -> Vec<Resident> {
    let slots = (0..households).flat_map(|household| (0..size_of(household)).map(move |slot| (household, slot)));
    slots.enumerate().map(|(index, (household, slot))| resident(seed, index, household, slot, homes)).collect()
}

fn resident(seed: u64, index: usize, household: usize, slot: usize, homes: &[Home]) -> Resident {
    let mut chance = Chance::of(seed, "person", index);
    let (mut family, home) = (Chance::of(seed, "household", household), home_of(household));
    let head_born = 1948 + family.below(38);
    let surname = family.one_of(&SURNAMES);
    let (surname, born) = match slot {
        1 => (chance.one_of(&SURNAMES), head_born + chance.below(5)),
        3 => (surname, head_born - 22 - chance.below(6)),
        0 => (surname, head_born),
        _ => (surname, (head_born + 24 + chance.below(8)).min(2018)),
    };
    let name = format!("{surname}{}", chance.one_of(&GIVEN));
    let document_number = document_number(index, born);
    let place = homes.get(home);
    let id = Chance::of(seed, "person-id", index).id();
    let mut body = json!({
        "id": id,
        "name": name,
        "document_type": "resident_id",
        "document_number": document_number,
        "area_code": place.map_or("511802005", |home| home.area_code),
        "address": format!("{}{}", place.map(|home| home.name.as_str()).unwrap_or_default(), door_of(household)),
        "occurred_at": "2020-01-22T09:00:00+08:00",
    });
    if born <= WITH_PHONE {
        kit::json::put(&mut body, "phone", phone(index));
    }
    let category = match chance.below(1_000) {
        0..8 => Some("hubei_returnee"),
        8..12 => Some("hubei_transit_returnee"),
        12..40 => Some("outside_city_returnee"),
        _ => None,
    };
    // Whoever moves in between two rounds is told of then.
    if let Some(category) = category.filter(|_| !MOVED_IN_WITH.contains(&household)) {
        let day = 15 + chance.below(12);
        let since = json!([{"category": category, "since_on": format!("2020-01-{day:02}"), "source": "入户排查"}]);
        kit::json::put(&mut body, "categories", since);
    }
    Resident { body, id, document_number, name, home, household, slot }
}

/// A number that no operator gives out.
fn phone(index: usize) -> String {
    format!("154{:08}", index % 100_000_000)
}

/// `519999`, a birthday, a number of its own, the check digit of GB 11643.
fn document_number(index: usize, born: usize) -> String {
    // The number tells people apart: 900 sequences for each of 336 days.
    let day = (index / 900) % 336;
    let body = format!("519999{born:04}{:02}{:02}{:03}", 1 + day / 28, 1 + day % 28, 1 + index % 900);
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 =
        body.chars().filter_map(|digit| digit.to_digit(10)).zip(weights).map(|(digit, weight)| digit * weight).sum();
    let check = "10X98765432".chars().nth((sum % 11) as usize).unwrap_or('0');
    format!("{body}{check}")
}
