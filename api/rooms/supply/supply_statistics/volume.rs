//! Volumes of a commodity: bought, sold and held, and for how many days that lasts.

use chrono::NaiveDate;
use kit::columns;
use kit::row::Row;
use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{AREA, STORES, decimal, text};
use crate::rooms::supply::commodities::own::Goods;
use crate::rooms::supply::commodities::{COMMODITY, rounded};
use crate::statistics::districts::add_count;

columns! {
    /// The store, where a line stands for one.
    PLACE "place": Uuid;
    /// Bought that day.
    PURCHASED "purchased": Decimal;
    /// Sold that day.
    SOLD "sold": Decimal;
    /// There at the day's end.
    CLOSING_STOCK "closing_stock": Decimal;
    /// Sold a day, of the last days those with a report.
    MEAN_SOLD "mean_sold": Decimal;
}

/// A commodity.
#[derive(Serialize, ToSchema)]
pub struct Volume {
    /// Which commodity.
    #[schema(max_length = 300)]
    pub commodity: String,
    /// The area.
    #[schema(required, max_length = 40)]
    pub area_code: Option<String>,
    /// The store.
    #[schema(required, value_type = Option<String>, max_length = 40)]
    pub place_id: Option<Uuid>,
    /// The unit of the quantities.
    #[schema(max_length = 300)]
    pub unit: String,
    /// How many stores told of it that day.
    #[schema(value_type = i64, minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    stores: Option<i64>,
    /// Bought that day.
    #[schema(required, max_length = 40)]
    purchased: Option<String>,
    /// Sold that day.
    #[schema(required, max_length = 40)]
    sold: Option<String>,
    /// There at the day's end.
    #[schema(required, max_length = 40)]
    closing_stock: Option<String>,
    /// Sold a day, of the last seven days those with a report.
    #[schema(required, max_length = 40)]
    mean_daily_sold: Option<String>,
    /// For how many days that lasts; null where nothing was sold.
    #[schema(required, max_length = 40)]
    stock_days: Option<String>,
    /// Whether that is less than asked for.
    #[schema(required)]
    low_stock: Option<bool>,
    /// That.
    #[serde(skip)]
    low_below: Option<Decimal>,
}

impl Volume {
    /// Adds another district's: it lasts as long as all that is there at what all of them sell a day.
    pub fn add(&mut self, other: &Self) {
        add_count(&mut self.stores, other.stores);
        for (own, other) in [
            (&mut self.purchased, &other.purchased),
            (&mut self.sold, &other.sold),
            (&mut self.closing_stock, &other.closing_stock),
            (&mut self.mean_daily_sold, &other.mean_daily_sold),
        ] {
            *own = text(sum(own.as_deref(), other.as_deref()));
        }
        let number = |text: &Option<String>| text.as_deref().and_then(|text| text.parse::<Decimal>().ok());
        self.last(number(&self.closing_stock), number(&self.mean_daily_sold));
    }

    /// For how many days a stock lasts.
    fn last(&mut self, stock: Option<Decimal>, mean: Option<Decimal>) {
        let days = stock.zip(mean).and_then(|(stock, mean)| stock.checked_div(mean));
        self.stock_days = text(days.map(|days| rounded(days, 1)));
        self.low_stock = days.zip(self.low_below).map(|(days, low)| days < low);
    }
}

fn sum(one: Option<&str>, other: Option<&str>) -> Option<Decimal> {
    let number = |text: Option<&str>| text.and_then(|text| text.parse::<Decimal>().ok());
    match (number(one), number(other)) {
        (Some(one), Some(other)) => one.checked_add(other).or(Some(one)),
        (one, other) => one.or(other),
    }
}

/// The volumes of a row.
pub fn item(goods: &Goods, on: NaiveDate, mut row: Row, low: Option<Decimal>) -> Option<Volume> {
    let commodity: String = row.get(&COMMODITY)?;
    let known = goods.known(&commodity, on);
    let unit = known.map(|known| known.quantity_unit.clone().into_owned()).unwrap_or_default();
    let (stock, mean) = (decimal(&mut row, &CLOSING_STOCK), decimal(&mut row, &MEAN_SOLD));
    let (purchased, sold) = (text(decimal(&mut row, &PURCHASED)), text(decimal(&mut row, &SOLD)));
    let mut volume = Volume {
        commodity,
        area_code: row.get(&AREA),
        place_id: row.get(&PLACE),
        unit,
        stores: row.get(&STORES),
        purchased,
        sold,
        closing_stock: text(stock),
        mean_daily_sold: text(mean.map(|mean| rounded(mean, 3))),
        stock_days: None,
        low_stock: None,
        low_below: low,
    };
    volume.last(stock, mean);
    Some(volume)
}
