//! One division, and what can be wrong with a set of them.

use chrono::NaiveDate;
use pinyin::ToPinyin;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::platform::http::answered::Text;

/// How high a division stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// 省级, two digits.
    Province,
    /// 地级, four digits.
    Prefecture,
    /// 县级, six digits.
    County,
    /// 乡级, nine digits.
    Township,
    /// 村级, twelve digits.
    Village,
    /// 村民小组, a village's code and `-NN`. Never a row here: groups have no official list.
    Group,
}

impl Level {
    /// The lower-snake name used in JSON and CSV.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Province => "province",
            Self::Prefecture => "prefecture",
            Self::County => "county",
            Self::Township => "township",
            Self::Village => "village",
            Self::Group => "group",
        }
    }

    /// The level of that lower-snake name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Province, Self::Prefecture, Self::County, Self::Township, Self::Village, Self::Group]
            .into_iter()
            .find(|level| level.as_str() == name)
    }
}

/// An administrative division in one edition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Division {
    /// Year of the edition.
    #[schema(minimum = 2000, maximum = 2100)]
    pub edition: i16,
    /// Its code: 2, 4, 6, 9 or 12 digits; a group's `<12 digits>-NN`.
    #[schema(max_length = 15)]
    pub code: String,
    /// Its name.
    #[schema(max_length = 100)]
    pub name: String,
    /// province, prefecture, county, township, village or group.
    #[schema(value_type = String, max_length = 20)]
    pub level: Level,
    /// Sort of unit, as subdistrict or villagers_committee.
    #[schema(max_length = 40)]
    pub unit_type: String,
    /// The division above it.
    #[schema(required, max_length = 15)]
    pub parent_code: Option<String>,
    /// The day the edition describes.
    pub as_of: NaiveDate,
    /// Whether it is of the current edition.
    pub current: bool,
    /// Codes of the current edition that took its place.
    // The best evidenced first; its own code if it simply continues; empty if nothing is known, and on current rows.
    #[schema(inline, value_type = Vec<Text<15>>, max_items = 20)]
    pub successor_codes: Vec<String>,
    /// Whether the successors were derived from equal names: evidence, not the decree.
    pub successors_derived: bool,
    /// First letters of the name's pinyin, lower case, for search: `bbz`.
    #[serde(skip)]
    pub initials: String,
}

/// Why a set of rows is no tree of divisions.
#[derive(Debug, thiserror::Error)]
pub enum DivisionDataError {
    /// A file is no CSV of the expected columns.
    #[error("the embedded division data cannot be read: {0}")]
    Csv(#[from] csv::Error),
    /// Two rows give the same code of the same edition and don't agree.
    #[error("division {code} stands twice in edition {edition}, differently")]
    Conflict {
        /// Their edition.
        edition: i16,
        /// Their code.
        code: String,
    },
    /// A code that does not begin with its parent's: scopes are judged by prefix.
    #[error("division {code} of edition {edition} does not begin with its parent's code")]
    ForeignParent {
        /// The row's edition.
        edition: i16,
        /// The row's code.
        code: String,
    },
    /// No rows at all.
    #[error("there are no divisions")]
    Empty,
}

/// Readings of this region that differ from the dictionary's first: 荥经 is Yíngjīng (not the Xíng of
/// 荥阳), and 藏 stands for the Tibetans (not for hiding).
const LOCAL_INITIALS: &[(char, char)] = &[('荥', 'y'), ('藏', 'z')];

/// First letters of a name's pinyin, lower case: `八步镇` → `bbz`. Letters and digits stay, other
/// characters without a reading are left out.
pub fn initials(name: &str) -> String {
    name.chars().filter_map(initial).collect()
}

fn initial(letter: char) -> Option<char> {
    if letter.is_ascii_alphanumeric() {
        return Some(letter.to_ascii_lowercase());
    }
    let local = LOCAL_INITIALS.iter().find(|(character, _)| *character == letter).map(|(_, initial)| *initial);
    local.or_else(|| letter.to_pinyin().and_then(|reading| reading.plain().chars().next()))
}
