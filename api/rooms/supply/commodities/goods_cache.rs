//! Goods of all districts as they were read last: relied on for two seconds, or read as they stand where a body with
//! goods in it is judged.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use chrono::NaiveDate;
use kit::catalogue::FaultCode;
use kit::columns;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::Statement;

use super::own::{AllGoods, Entry};
use super::{COMMODITY_WORDS, Commodity, built_in};
use crate::platform::config::Config;
use crate::platform::core::{Core, Extension};
use crate::platform::divisions::each::over_all;
use crate::platform::http::fault;
use crate::records::envelope;
use crate::records::own_words::{Asked, OwnWords};
use crate::records::settings::{SettingSource, Settings};
use crate::rooms::supply::commodity_entries::{
    ALSO, CATEGORY, COMMODITY, EFFECTIVE_ON, NAME_EN, NAME_ZH, PACKS, PRICE_UNIT, QUANTITY_UNIT, RETIRED, SPECIFICATION,
};

/// Time for which goods are relied on.
const BELIEVED: Duration = Duration::from_secs(2);

/// Numbers of the last changes of each district's entries.
type Heads = BTreeMap<String, i64>;

/// Goods as they were read last.
#[derive(Default)]
struct GoodsCache(Mutex<Option<Read>>);

struct Read {
    at: Instant,
    heads: Heads,
    goods: Arc<AllGoods>,
}

impl GoodsCache {
    fn locked(&self) -> MutexGuard<'_, Option<Read>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Extension for GoodsCache {
    fn begin(_: &Config) -> Self {
        Self::default()
    }
}

/// Goods among the dated settings.
pub static GOODS: SettingSource =
    SettingSource { known: |core| known(core), refresh: |core| Box::pin(refresh(core, BELIEVED)) };

/// The vocabulary of commodities.
pub static COMMODITY_OWN_WORDS: OwnWords = OwnWords {
    vocabulary: &COMMODITY_WORDS,
    refresh: |core| Box::pin(refresh(core, Duration::ZERO)),
    meant: |settings: &Settings, asked: &Asked<'_>, text: &str| {
        settings.of::<AllGoods>().of(asked.district_code).meant(text, asked.on, asked.of_list)
    },
    all: |settings: &Settings, asked: &Asked<'_>| {
        let all = settings.of::<AllGoods>().of(asked.district_code).all(asked.on);
        all.iter().map(|found| (found.code.clone().into_owned(), found.name_zh.clone().into_owned())).collect()
    },
};

/// The goods, read anew where that is two seconds ago.
pub async fn believed(core: &Core) -> Result<Arc<AllGoods>, Problem> {
    refresh(core, BELIEVED).await?;
    Ok(known(core))
}

/// The same for who asks of one commodity: 400 where the district never had it.
pub async fn asked(core: &Core, district_code: &str, commodity: Option<&str>) -> Result<Arc<AllGoods>, Problem> {
    let goods = believed(core).await?;
    let is_known = commodity.is_none_or(|code| goods.of(district_code).known(code, NaiveDate::MAX).is_some());
    if is_known { Ok(goods) } else { Err(fault(&format!("?{COMMODITY}"), FaultCode::BAD_PARAMETER)) }
}

/// The goods as they were read last.
pub fn known(core: &Core) -> Arc<AllGoods> {
    core.ext::<GoodsCache>().locked().as_ref().map(|read| Arc::clone(&read.goods)).unwrap_or_default()
}

columns! {
    /// Number of the last change.
    HEAD "head": i64;
    /// Whether a record is void.
    VOIDED "voided": bool;
}

/// Reads them anew where they are older, and something changed.
pub async fn refresh(core: &Core, believed: Duration) -> Result<(), Problem> {
    let cache = core.ext::<GoodsCache>();
    if cache.locked().as_ref().is_some_and(|read| read.at.elapsed() < believed) {
        return Ok(());
    }
    let at = Instant::now();
    let asked = |only: Statement| {
        Statement::new("SELECT district_code, max(change_no) AS head FROM commodity_entries WHERE ")
            .then(only)
            .sql(" GROUP BY district_code")
    };
    let head = |mut row: Row| Some((row.get(&envelope::DISTRICT_CODE)?, row.get(&HEAD)?));
    let heads: Heads = over_all(core, asked).await?.into_iter().filter_map(head).collect();
    if let Some(read) = cache.locked().as_mut().filter(|read| read.heads == heads) {
        read.at = at;
        return Ok(());
    }
    let asked = |only: Statement| {
        Statement::new(
        "SELECT district_code, id, voided, commodity, effective_on, retired, name_zh, name_en, category, specification, price_unit, quantity_unit, also, packs FROM commodity_entries WHERE ",
    )
    .then(only)
    .sql(" ORDER BY district_code, commodity, effective_on, recorded_at, id")
    };
    let mut all = AllGoods::default();
    for row in over_all(core, asked).await? {
        if let Some((district_code, entry)) = entry_of(row) {
            all.add(district_code, entry);
        }
    }
    *cache.locked() = Some(Read { at, heads, goods: Arc::new(all) });
    Ok(())
}

fn entry_of(mut row: Row) -> Option<(String, Entry)> {
    let code: String = row.get(&COMMODITY)?;
    let base = built_in(&code);
    let called: Vec<String> = row.get(&ALSO).unwrap_or_default();
    let mut also: Vec<_> = called.iter().cloned().map(Into::into).collect();
    let packs = row.get(&PACKS).unwrap_or_default();
    let commodity = match base {
        Some(base) => {
            also.extend(base.also.iter().cloned());
            Commodity { also, packs, ..base.clone() }
        }
        None => {
            let name_zh: String = row.get(&NAME_ZH)?;
            let name_en = row.get(&NAME_EN).unwrap_or_else(|| name_zh.clone());
            Commodity {
                code: code.into(),
                name_zh: name_zh.into(),
                name_en: name_en.into(),
                category: row.get(&CATEGORY)?,
                specification: row.get(&SPECIFICATION).unwrap_or_default().into(),
                price_unit: row.get(&PRICE_UNIT)?.into(),
                quantity_unit: row.get(&QUANTITY_UNIT)?.into(),
                also,
                packs,
            }
        }
    };
    let entry = Entry {
        id: row.get(&envelope::ID)?,
        effective_on: row.get(&EFFECTIVE_ON)?,
        retired: row.get(&RETIRED) == Some(true),
        voided: row.get(&VOIDED) == Some(true),
        called,
        commodity,
    };
    Some((row.get(&envelope::DISTRICT_CODE)?, entry))
}
