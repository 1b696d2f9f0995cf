//! Figures that are asked for, and to whom they may be told how far.

use chrono::{Datelike, Days, NaiveDate};
use kit::columns;
use kit::problem::Problem;
use kit::time::day_of;
use uuid::Uuid;

use super::parameters::BY_WORDS;
use super::rights::{covered, is_shut};
use crate::platform::access::roles::{Actor, Role};
use crate::platform::codes::KEY_OUT_OF_SCOPE;
use crate::platform::divisions::tree::DISTRICT_DIGITS;
use crate::platform::http::{Call, ends_before_it_begins, fault, too_many_days};
use crate::records::codes::NOT_WITH_OTHERS;
use crate::records::list::one_district;
use crate::records::{Figure, Kind};

columns! {
    CUMULATIVE "cumulative": bool;
    pub BY "by": String;
    pub DISTRICT_CODE "district_code": String;
    pub AREA_CODE "area_code": String;
    pub ORG_ID "org_id": Uuid;
    pub PLACE_ID "place_id": Uuid;
    FROM_ON "from_on": NaiveDate;
    TO_ON "to_on": NaiveDate;
}

/// Days of a period at most; of hours; of people counted by the day.
const MOST_DAYS: i64 = 366;
const MOST_DAYS_OF_HOURS: i64 = 7;
const MOST_PERSON_DAYS: i64 = 92;

/// Grouping: the thing that each line stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    Total,
    Day,
    Hour,
    Area,
    Place,
    Org,
}

impl By {
    /// Its word.
    pub fn code(self) -> &'static str {
        match self {
            Self::Total => "total",
            Self::Day => "day",
            Self::Hour => "hour",
            Self::Area => "area",
            Self::Place => "place",
            Self::Org => "org",
        }
    }

    /// Name in a file's header.
    pub fn label(self) -> &'static str {
        BY_WORDS.find(self.code()).map_or("", |word| word.label.zh)
    }
}

/// How different people are counted over a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Persons {
    /// A column of the rollup whose sum over the period is the number of different people.
    Distinct(&'static str),
    /// Once a day: no rollup knows who came on several of these days.
    Days,
    /// Not at all: an organisation's, an hour's people aren't kept, nor those of several areas together.
    Unknown,
}

/// Request for figures.
#[derive(Clone)]
pub struct Asked {
    pub kind: &'static Kind,
    pub roles: &'static [Role],
    pub district_code: String,
    pub area_code: Option<String>,
    pub org_id: Option<Uuid>,
    pub place_id: Option<Uuid>,
    /// The first day; none for all days until the last.
    pub from_on: Option<NaiveDate>,
    pub to_on: NaiveDate,
    pub today: NaiveDate,
    pub by: By,
    /// How the people of a line are counted.
    pub persons: Persons,
    /// How those of all lines are.
    pub persons_in_all: Persons,
    /// Whether small numbers are hidden.
    pub covered: bool,
    /// Whether it is narrowed by what no rollup keeps apart.
    pub narrowed: bool,
}

impl Asked {
    /// Reads a request about one district.
    pub fn of(kind: &'static Kind, call: &Call) -> Result<Self, Problem> {
        let district_code = one_district(call.actor()?, &call.query)?;
        Self::in_district(kind, call, district_code, call.query.get(&AREA_CODE))
    }

    /// Reads a request's part in a district, of an area in it or of all of it.
    pub fn in_district(
        kind: &'static Kind,
        call: &Call,
        district_code: String,
        area_code: Option<&str>,
    ) -> Result<Self, Problem> {
        let (actor, query) = (call.actor()?, &call.query);
        let roles = super::document::readers(kind);
        let today = day_of(call.core.clock.now(), call.core.zone);
        let cumulative = query.get(&CUMULATIVE) == Some(true);
        let (from_on, to_on) = period(call, today, cumulative)?;
        let by = by(query.get(&BY), cumulative, from_on, to_on)?;
        // Whoever has but one area means that one.
        let own = actor.only_area(roles).filter(|area| area.len() > district_code.len());
        let area_code = area_code.or(own).map(str::to_owned);
        let (org_id, place_id): (Option<Uuid>, Option<Uuid>) = (query.get(&ORG_ID), query.get(&PLACE_ID));
        let covered = if kind.closed {
            let is_part = org_id.is_some() || place_id.is_some() || !matches!(by, By::Total | By::Day);
            is_shut(call, kind, area_code.as_deref().unwrap_or(&district_code), is_part)
        } else {
            covered(call, super::document::counters(kind))
        };
        let mut asked = Self {
            kind,
            roles,
            district_code,
            area_code,
            org_id,
            place_id,
            from_on,
            to_on,
            today,
            by,
            persons: Persons::Unknown,
            persons_in_all: Persons::Unknown,
            covered,
            narrowed: kind.rules.narrowed_by().iter().any(|by| query.get(by.parameter.name).is_some()),
        };
        asked.require_grid(actor)?;
        asked.require_bounds()?;
        if asked.knows_persons(actor) && !asked.narrowed {
            asked.persons =
                if by == By::Day { Persons::Distinct("persons") } else { over_period(asked.from_on, asked.to_on) };
            asked.persons_in_all = over_period(asked.from_on, asked.to_on);
        }
        if covered {
            // Its grid has people of a day, and no longer periods.
            let daily = |persons| if persons == Persons::Distinct("persons") { persons } else { Persons::Unknown };
            (asked.persons, asked.persons_in_all) = (daily(asked.persons), daily(asked.persons_in_all));
        }
        Ok(asked)
    }

    /// The area that the figures are of.
    pub fn area(&self) -> &str {
        self.area_code.as_deref().unwrap_or(&self.district_code)
    }

    /// Whether it is about an area of several districts.
    pub fn is_wide(&self) -> bool {
        self.area().len() < DISTRICT_DIGITS
    }

    /// How long the codes of the level below are: provinces, prefectures, districts, townships, villages, and all below
    /// those.
    pub fn below(&self) -> usize {
        match self.area().len() {
            0 => 2,
            1..4 => 4,
            4..6 => 6,
            6..9 => 9,
            9..12 => 12,
            _ => 40,
        }
    }

    /// The period before, of the same length; of what is cumulative, all until the day before.
    pub fn before(&self) -> (Option<NaiveDate>, NaiveDate) {
        let Some(from_on) = self.from_on else {
            return (None, self.to_on.checked_sub_days(Days::new(1)).unwrap_or(self.to_on));
        };
        let earlier = |day: NaiveDate| day.checked_sub_days(Days::new(self.shift())).unwrap_or(day);
        (Some(earlier(from_on)), earlier(self.to_on))
    }

    /// How many days lie between a line and the one it is compared with.
    pub fn shift(&self) -> u64 {
        let days = self.from_on.map_or(1, |from_on| (self.to_on - from_on).num_days() + 1);
        if self.by == By::Day { 1 } else { u64::try_from(days).unwrap_or(1) }
    }

    /// Whether the rollups tell different people of what is asked: of one area wholly within a grant, or a place.
    fn knows_persons(&self, actor: &Actor) -> bool {
        let grid = matches!(self.by, By::Total | By::Day | By::Area | By::Place) && self.org_id.is_none();
        let wholly = actor.grants_of(self.roles).any(|grant| grant.covers(self.area(), None));
        let one_scope = self.place_id.is_none() || (self.area_code.is_none() && self.by != By::Area);
        // Districts, townships and villages have counts of people; below a village nothing has.
        let kept = match self.by {
            By::Area => matches!(self.area().len(), 6 | 9),
            _ => keeps_people(self.area()),
        };
        grid && wholly && one_scope && kept
    }

    /// Whether a line is of the area itself: what was recorded at none of those below it.
    pub fn is_itself(&self, key: &str) -> bool {
        self.by == By::Area && key == self.area()
    }

    /// Whether a figure can be told of a line whose people are counted so. What counts once a day is kept where
    /// people are, and counted with the rows.
    pub fn tells(&self, figure: &Figure, persons: Persons) -> bool {
        if figure.is_of_people() {
            persons != Persons::Unknown
        } else if figure.distinct {
            !self.covered && (self.narrowed || persons != Persons::Unknown)
        } else {
            self.by != By::Hour || figure.hourly
        }
    }

    /// Bounds figures counted from rows: a quarter, not all there ever was; and no key without small numbers.
    fn require_bounds(&self) -> Result<(), Problem> {
        match self.from_on {
            _ if !self.narrowed => Ok(()),
            _ if self.covered => Err(KEY_OUT_OF_SCOPE.into()),
            None => Err(fault("?cumulative", NOT_WITH_OTHERS)),
            Some(from_on) if (self.to_on - from_on).num_days() >= MOST_PERSON_DAYS => {
                Err(too_many_days("?to_on", MOST_PERSON_DAYS))
            }
            Some(_) => Ok(()),
        }
    }

    /// A key without the right to small numbers sees whole days of townships and above, nothing narrower: no
    /// narrower grant either, whose part of a township would look like all of it.
    fn require_grid(&self, actor: &Actor) -> Result<(), Problem> {
        let own = actor.grants_of(self.roles).any(|grant| grant.area_code.len() > 9 || grant.org_id.is_some());
        let narrow = own || self.org_id.is_some() || self.place_id.is_some() || self.area().len() > 9;
        let lines = match self.by {
            By::Total | By::Day => true,
            By::Area => self.area().len() < 9,
            By::Hour | By::Place | By::Org => false,
        };
        if self.covered && (narrow || !lines) { Err(KEY_OUT_OF_SCOPE.into()) } else { Ok(()) }
    }
}

/// How different people of a period are known: from a month's first day on, and from the beginning, as they are; else
/// people by the day.
pub fn over_period(from_on: Option<NaiveDate>, to_on: NaiveDate) -> Persons {
    match from_on {
        None => Persons::Distinct("new_ever"),
        Some(from_on) if from_on == to_on => Persons::Distinct("persons"),
        Some(from_on) if from_on.day() == 1 && (from_on.year(), from_on.month()) == (to_on.year(), to_on.month()) => {
            Persons::Distinct("new_in_month")
        }
        Some(from_on) if (to_on - from_on).num_days() < MOST_PERSON_DAYS => Persons::Days,
        Some(_) => Persons::Unknown,
    }
}

/// Whether different people are kept of an area: of districts, townships and villages they are.
pub fn keeps_people(area_code: &str) -> bool {
    matches!(area_code.len(), 6 | 9 | 12)
}

fn period(call: &Call, today: NaiveDate, cumulative: bool) -> Result<(Option<NaiveDate>, NaiveDate), Problem> {
    let from_on = call.query.get(&FROM_ON);
    let to_on = call.query.get(&TO_ON).or(from_on.filter(|_| !cumulative)).unwrap_or(today);
    if cumulative {
        // Days to come are no part of what has come together.
        let to_on = to_on.min(today);
        return if from_on.is_some() { Err(fault("?from_on", NOT_WITH_OTHERS)) } else { Ok((None, to_on)) };
    }
    let from_on = from_on.unwrap_or(to_on);
    match (to_on - from_on).num_days() {
        ..0 => Err(ends_before_it_begins("?to_on")),
        MOST_DAYS.. => Err(too_many_days("?to_on", MOST_DAYS)),
        _ => Ok((Some(from_on), to_on)),
    }
}

fn by(word: Option<&str>, cumulative: bool, from_on: Option<NaiveDate>, to_on: NaiveDate) -> Result<By, Problem> {
    let by = match word {
        Some("hour") => By::Hour,
        Some("area") => By::Area,
        Some("place") => By::Place,
        Some("org") => By::Org,
        Some("total") => By::Total,
        Some(_) => By::Day,
        None if cumulative => By::Total,
        None => By::Day,
    };
    let too_long = from_on.is_some_and(|from_on| (to_on - from_on).num_days() >= MOST_DAYS_OF_HOURS);
    match by {
        By::Day | By::Hour if cumulative => Err(fault("?by", NOT_WITH_OTHERS)),
        By::Hour if too_long => Err(too_many_days("?to_on", MOST_DAYS_OF_HOURS)),
        by => Ok(by),
    }
}
