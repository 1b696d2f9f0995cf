//! A figure: what a measure of a kind is called where it is shown.

use chrono::NaiveDate;
use kit::text::Text;

use super::rules::Measure;

/// Callers to whom a figure may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Privacy {
    /// Counts people or what they did: small numbers are hidden from keys without the right to them.
    Personal,
    /// Counts goods, prices, shifts: shown to whoever may see figures at all.
    Open,
}

/// Sort of an amount; a text says it accordingly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// Counts, money, goods by the piece or the tonne: said as they are, counts rounded by words.
    Exact,
    /// Something measured, as an area: said roughly.
    Measured,
    /// A share of all, from 0 to 1.
    Share,
}

/// A figure of a kind.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// Its name in answers: the unit in it where it isn't a count.
    pub name: &'static str,
    /// The measure it shows.
    pub measure: &'static str,
    /// Name for people.
    pub label: Text,
    /// Unit of the count, in Chinese as people say it: 人次, 份, 平方米.
    pub unit: Text,
    /// Decimal places that the measure's integers carry; 0 for counts.
    pub scale: u32,
    /// Sort of its amounts.
    pub quantity: Quantity,
    /// Whether it is kept by the hour too.
    pub hourly: bool,
    /// The figure it is a part of: their difference is a figure, too.
    pub part_of: Option<&'static str>,
    /// Whether it shares no event with the other shares of that figure, so that what is left of it when all
    /// are taken away is a figure as well.
    pub is_share: bool,
    /// Whether it counts different people rather than events.
    pub distinct: bool,
    /// Where its different ones are kept; of people under the kind's own name.
    pub kept_as: Option<&'static str>,
    /// The kind whose records the different ones are, where those have an identity: merged ones count as one, and they
    /// are counted over a period as people are. None for what only counts once a day.
    pub different: Option<&'static str>,
    /// The condition that the list behind it takes, as in a query string; empty for all records. `{to_on}` stands
    /// for the last day.
    pub filter: &'static str,
    /// Whether it is how many stand so: records leave it again, each on its own day. The sum until a day is how
    /// many stood so at that day's end; of other periods it is by how many they became more.
    pub moving: bool,
    /// Callers to whom it may be shown.
    pub privacy: Privacy,
}

impl Figure {
    /// A count that is a measure as it stands.
    pub const fn new(name: &'static str, label: Text, unit: Text) -> Self {
        let privacy = Privacy::Personal;
        Self {
            name,
            measure: name,
            label,
            unit,
            scale: 0,
            quantity: Quantity::Exact,
            hourly: false,
            part_of: None,
            is_share: false,
            distinct: false,
            kept_as: None,
            different: None,
            filter: "",
            moving: false,
            privacy,
        }
    }

    /// The measure that it shows, so often or so much.
    pub const fn measured(&self, amount: i64) -> Measure {
        (self.measure, amount)
    }

    /// Shown from a measure of another name, whose integers carry decimal places.
    pub const fn scaled(mut self, measure: &'static str, scale: u32) -> Self {
        self.measure = measure;
        self.scale = scale;
        self
    }

    /// Something measured, not counted: a text says it roughly.
    pub const fn roughly(mut self) -> Self {
        self.quantity = Quantity::Measured;
        self
    }

    /// Kept by the hour too.
    pub const fn hourly(mut self) -> Self {
        self.hourly = true;
        self
    }

    /// Counts those records of the list for which this condition holds, and is a part of another figure.
    pub const fn part(mut self, of: &'static str, filter: &'static str) -> Self {
        self.part_of = Some(of);
        self.filter = filter;
        self
    }

    /// A part that shares nothing with the other shares.
    pub const fn share(mut self, of: &'static str, filter: &'static str) -> Self {
        self.is_share = true;
        self.part(of, filter)
    }

    /// Makes it a figure of how many stand so.
    pub const fn moving(mut self) -> Self {
        self.moving = true;
        self
    }

    /// Filter of the list behind it, until a day.
    pub fn filter_until(&self, to_on: NaiveDate) -> String {
        self.filter.replace("{to_on}", &to_on.to_string())
    }

    /// The different people whom the kind's records name.
    pub const fn persons() -> Self {
        let mut figure = Self::new("persons", Text::new("People", "人数"), PERSONS);
        figure.distinct = true;
        figure
    }

    /// The different ones that are kept under this name: each counts once a day, so that days add up to periods.
    pub const fn kept_as(mut self, name: &'static str) -> Self {
        self.distinct = true;
        self.kept_as = Some(name);
        self
    }

    /// The different records of a kind that are kept under this name: as many as they are, however many days name them.
    pub const fn different(mut self, kind: &'static str, name: &'static str) -> Self {
        self.different = Some(kind);
        self.kept_as(name)
    }

    /// Whether it counts different people.
    pub const fn is_of_people(&self) -> bool {
        self.distinct && self.kept_as.is_none()
    }

    /// Whether it counts different people or other records, however many days name them.
    pub const fn is_of_different(&self) -> bool {
        self.distinct && (self.kept_as.is_none() || self.different.is_some())
    }

    /// The list behind it takes this condition.
    pub const fn listed(mut self, filter: &'static str) -> Self {
        self.filter = filter;
        self
    }

    /// Says nothing about people.
    pub const fn open(mut self) -> Self {
        self.privacy = Privacy::Open;
        self
    }
}

/// 人次: events of people.
pub const PERSON_TIMES: Text = Text::new("person-times", "人次");
/// 人: different people.
pub const PERSONS: Text = Text::new("persons", "人");
/// 辆次: vehicles, as often as they passed.
pub const VEHICLE_TIMES: Text = Text::new("vehicle-times", "辆次");
/// 次: events.
pub const TIMES: Text = Text::new("times", "次");
/// 份: copies, reports.
pub const COPIES: Text = Text::new("copies", "份");
/// 户次: households, as often as they were reached.
pub const HOUSEHOLD_TIMES: Text = Text::new("household-times", "户次");
/// 平方米.
pub const SQUARE_METRES: Text = Text::new("m²", "平方米");
/// 分钟.
pub const MINUTES: Text = Text::new("min", "分钟");
/// 元.
pub const YUAN: Text = Text::new("CNY", "元");
