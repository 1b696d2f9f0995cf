//! Goods as a district knows them: the catalogue, with what the bureau says of it from a day on
//! ([`crate::rooms::supply::commodity_entries`]).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use chrono::NaiveDate;
use kit::catalogue::FaultCode;
use kit::text::folded;
use uuid::Uuid;

use super::catalogue::GROUPS;
use super::{COMMODITIES, Commodity, built_in};
use crate::records::Context;
use crate::records::own_words::Unmeant;
use crate::records::settings::Setting;
use crate::records::write_context::WriteContext;
use crate::rooms::supply::codes::NOT_IN_USE;

/// Word of a district about a commodity, from a day on.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its record.
    pub id: Uuid,
    /// From which day on.
    pub effective_on: NaiveDate,
    /// Whether it isn't used any more.
    pub retired: bool,
    /// Whether its record is void: then it says only what the unit of old figures is.
    pub(super) voided: bool,
    /// Names that the district itself gives it.
    pub called: Vec<String>,
    /// The commodity as the district has it, the catalogue's own names and units among it.
    pub commodity: Commodity,
}

/// All that a district says.
#[derive(Debug, Default)]
pub struct Goods {
    /// Entries of each code, the earliest first.
    entries: BTreeMap<String, Vec<Entry>>,
}

/// The goods of all districts.
#[derive(Debug, Default)]
pub struct AllGoods(BTreeMap<String, Goods>);

impl Setting for AllGoods {
    fn without_any() -> &'static Self {
        static NONE: AllGoods = AllGoods(BTreeMap::new());
        &NONE
    }
}

impl AllGoods {
    /// Adds an entry: those of a code come the earliest first.
    pub(super) fn add(&mut self, district_code: String, entry: Entry) {
        let goods = self.0.entry(district_code).or_default();
        goods.entries.entry(entry.commodity.code.clone().into_owned()).or_default().push(entry);
    }

    /// Goods of a district.
    pub fn of(&self, district_code: &str) -> &Goods {
        static NONE: LazyLock<Goods> = LazyLock::new(Goods::default);
        self.0.get(district_code).unwrap_or(&NONE)
    }
}

impl Goods {
    /// The entry of a code in force on a day.
    pub fn entry(&self, code: &str, day: NaiveDate) -> Option<&Entry> {
        self.entries.get(code)?.iter().rev().find(|entry| !entry.voided && entry.effective_on <= day)
    }

    /// The commodity of a code that is in use on a day.
    pub fn used(&self, code: &str, day: NaiveDate) -> Option<&Commodity> {
        match self.entry(code, day) {
            Some(entry) if entry.retired => None,
            Some(entry) => Some(&entry.commodity),
            None => built_in(code),
        }
    }

    /// The same; of one that isn't in use any more or not yet, what is known of it at all: records that name it stay
    /// what they are.
    pub fn known(&self, code: &str, day: NaiveDate) -> Option<&Commodity> {
        let any = || self.entries.get(code).and_then(|entries| entries.last()).map(|entry| &entry.commodity);
        self.entry(code, day).map(|entry| &entry.commodity).or_else(|| built_in(code)).or_else(any)
    }

    /// Everything in use on a day: the catalogue in its order, then the district's own.
    pub fn all(&self, day: NaiveDate) -> Vec<&Commodity> {
        let own = self.entries.keys().filter(|code| built_in(code).is_none());
        let codes = COMMODITIES.iter().map(|commodity| commodity.code.as_ref()).chain(own.map(String::as_str));
        codes.filter_map(|code| self.used(code, day)).collect()
    }

    /// Codes that were ever used.
    pub fn codes(&self) -> impl Iterator<Item = &str> {
        let own = self.entries.keys().filter(|code| built_in(code).is_none()).map(String::as_str);
        COMMODITIES.iter().map(|commodity| commodity.code.as_ref()).chain(own)
    }

    /// Whether a name means a commodity on a day.
    pub fn means(&self, name: &str, code: &str, day: NaiveDate) -> bool {
        self.meant(name, day, false).is_ok_and(|codes| codes.iter().any(|meant| meant == code))
    }

    /// The codes that a text means on a day. What the district calls a thing goes before what the catalogue does.
    pub(super) fn meant(&self, text: &str, day: NaiveDate, of_list: bool) -> Result<Vec<String>, Unmeant> {
        if let Some(commodity) = self.used(text, day) {
            return Ok(vec![commodity.code.clone().into_owned()]);
        }
        let name = folded(text);
        let all = self.all(day);
        let is_called = |code: &&String| {
            self.entry(code, day).is_some_and(|entry| entry.called.iter().any(|known| folded(known) == name))
        };
        let own = || self.entries.keys().filter(is_called).find_map(|code| self.used(code, day));
        let by_name = |commodity: &&Commodity| {
            [&commodity.code, &commodity.name_zh, &commodity.name_en].iter().any(|known| folded(known) == name)
        };
        let by_also = |commodity: &&Commodity| commodity.also.iter().any(|known| folded(known) == name);
        if let Some(found) = all.iter().copied().find(by_name).or_else(own) {
            return Ok(vec![found.code.clone().into_owned()]);
        }
        let group = GROUPS.iter().find(|(_, names)| of_list && names.iter().any(|known| folded(known) == name));
        if let Some((prefix, _)) = group {
            let of_group = all.iter().filter(|commodity| commodity.code.starts_with(prefix));
            return Ok(of_group.map(|commodity| commodity.code.clone().into_owned()).collect());
        }
        if let Some(found) = all.iter().copied().find(by_also) {
            return Ok(vec![found.code.clone().into_owned()]);
        }
        Err(self.unmeant(text, day))
    }

    fn unmeant(&self, text: &str, day: NaiveDate) -> Unmeant {
        let name = folded(text);
        let is_called = |code: &&str| {
            self.known(code, day).is_some_and(|known| {
                let names = [&known.code, &known.name_zh, &known.name_en];
                names.into_iter().chain(&known.also).any(|other| folded(other) == name)
            })
        };
        if self.codes().any(|code| is_called(&code)) {
            return (NOT_IN_USE, vec![("day", day.to_string())]);
        }
        (FaultCode::NOT_IN_VOCABULARY, vec![("words", self.alike(&name, day))])
    }

    /// Commodities that have something of a name, for a hint: nobody reads a list of all.
    fn alike(&self, name: &str, day: NaiveDate) -> String {
        let shared = |commodity: &Commodity| {
            let known = folded(&commodity.name_zh);
            name.chars().filter(|letter| !letter.is_ascii() && known.contains(*letter)).count()
        };
        let mut alike: Vec<(usize, &Commodity)> =
            self.all(day).into_iter().map(|commodity| (shared(commodity), commodity)).collect();
        alike.retain(|(shared, _)| *shared > 0);
        alike.sort_by_key(|(shared, _)| std::cmp::Reverse(*shared));
        let told = alike.iter().take(MOST_ALIKE).map(|(_, found)| format!("{} {}", found.code, found.name_zh));
        let told: Vec<String> = told.collect();
        if told.is_empty() { "GET /v1/commodities".to_owned() } else { told.join(", ") }
    }
}

/// Commodities that are named in a hint.
const MOST_ALIKE: usize = 6;

impl Context<'_> {
    /// Goods as the district has them.
    pub fn goods(&self) -> &Goods {
        self.settings.of::<AllGoods>().of(self.district_code)
    }
}

impl WriteContext {
    /// Goods as the district has them.
    pub fn goods(&self) -> &Goods {
        self.settings.of::<AllGoods>().of(&self.district_code)
    }
}
