//! People with surely-fake documents: no county 519999 exists.

use serde_json::{Value as Json, json};

use super::cast::Home;
use super::chance::Chance;

const SURNAMES: [&str; 20] = [
    "王", "李", "张", "刘", "陈", "杨", "黄", "赵", "周", "吴", "徐", "孙", "胡", "朱", "高", "林", "何", "郭", "马",
    "罗",
];
const GIVEN: [&str; 24] = [
    "伟", "芳", "娜", "敏", "静", "强", "磊", "军", "洋", "勇", "艳", "杰", "娟", "涛", "明", "超", "秀英", "丽华",
    "建国", "桂兰", "志强", "晓燕", "雨桐", "子轩",
];
/// Members of a household on average, in tenths.
const MEMBERS_TENTHS: usize = 28;

/// A person and where he lives.
pub struct Resident {
    /// Body that is posted.
    pub body: Json,
    /// The document by which he is the same later.
    pub document_number: String,
    /// His name.
    pub name: String,
    /// The number of his home.
    pub home: usize,
}

/// The residents of so many households, spread over the homes.
pub fn residents(seed: u64, households: usize, homes: &[Home]) -> Vec<Resident> {
    let count = households * MEMBERS_TENTHS / 10;
    (0..count).map(|index| resident(seed, index, households, homes)).collect()
}

fn resident(seed: u64, index: usize, households: usize, homes: &[Home]) -> Resident {
    let mut chance = Chance::of(seed, "person", index);
    let household = index % households.max(1);
    let home = household % homes.len().max(1);
    let surname = Chance::of(seed, "household", household).one_of(&SURNAMES);
    let name = format!("{surname}{}", chance.one_of(&GIVEN));
    let document_number = document_number(index, &mut chance);
    let place = homes.get(home);
    let mut body = json!({
        "name": name,
        "document_type": "resident_id",
        "document_number": document_number,
        "phone": format!("154{:08}", index % 100_000_000),
        "area_code": place.map_or("511802005", |home| home.area_code),
        "address": format!("{}{}栋{}单元{}", place.map(|home| home.name.as_str()).unwrap_or_default(), 1 + household % 6, 1 + household % 4, 101 + household % 600),
        "occurred_at": "2020-01-22T09:00:00+08:00",
    });
    let category = match chance.below(1_000) {
        0..8 => Some("hubei_returnee"),
        8..12 => Some("hubei_transit_returnee"),
        12..40 => Some("outside_city_returnee"),
        _ => None,
    };
    if let Some(category) = category {
        let day = 15 + chance.below(12);
        let since = json!([{"category": category, "since_on": format!("2020-01-{day:02}"), "source": "入户排查"}]);
        kit::json::put(&mut body, "categories", since);
    }
    Resident { body, document_number, name, home }
}

/// `519999`, a birthday, a number of its own, the check digit of GB 11643.
fn document_number(index: usize, chance: &mut Chance) -> String {
    // The number tells people apart: 1,000 sequences for each of 20,000 days.
    let day = (index / 900) % 336;
    let year = 1938 + chance.below(80);
    let body = format!("519999{year:04}{:02}{:02}{:03}", 1 + day / 28, 1 + day % 28, 1 + index % 900);
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 =
        body.chars().filter_map(|digit| digit.to_digit(10)).zip(weights).map(|(digit, weight)| digit * weight).sum();
    let check = "10X98765432".chars().nth((sum % 11) as usize).unwrap_or('0');
    format!("{body}{check}")
}
