//! When people draw more water than usual: their week, their markets, their year.

/// Share of a village's people who work away for most of the year, unless the village says
/// otherwise `[D]`: in mountain villages a third is nothing unusual.
pub const AWAY_SHARE: f64 = 0.3;

/// What a plant's people do when. The amounts stand for every plant that says nothing else; days
/// there are none unless the plant names them.
#[derive(Debug, Clone, PartialEq)]
pub struct Calendar {
    /// More on Saturdays and Sundays, as a share; so much less on other days that the week keeps
    /// its mean.
    pub weekend_more: f64,
    /// Market days.
    pub market: Market,
    /// Harvest.
    pub harvest: Harvest,
    /// Does everybody come home for Spring Festival?
    pub has_festival: bool,
    /// Summer.
    pub heat: Heat,
    /// Water that runs in a household's tap against frost, L/h.
    pub frost_l_per_h: f64,
}

/// Market days (赶集).
#[derive(Debug, Clone, PartialEq)]
pub struct Market {
    /// On which days.
    pub days: MarketDays,
    /// More in the hours of the market, as a share; so much less on other days that the month
    /// keeps its mean.
    pub more: f64,
    /// Positions of the villages that hold it; all when none is named.
    pub villages: Vec<usize>,
}

/// Which days are market days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MarketDays {
    /// None.
    Never,
    /// Days of the lunar month that end in one of these digits (逢一四七).
    Lunar(Vec<u8>),
    /// One day in so many, counted from one that is.
    Every {
        /// So many days.
        days: i64,
        /// A market day: its number, days since 1970.
        first: i64,
    },
}

/// Harvest and planting (农忙): people are up before dawn and come home late.
#[derive(Debug, Clone, PartialEq)]
pub struct Harvest {
    /// From and to, both included, month and day.
    pub seasons: Vec<(MonthDay, MonthDay)>,
    /// More on such a day, as a share.
    pub more: f64,
}

/// Month and day of any year, in this order.
pub type MonthDay = (u8, u8);

/// Heat: people wash more, and water their gardens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Heat {
    /// Does demand follow the season? It needs the seasons of the raw water.
    pub by_season: bool,
    /// Daily mean of the air from which on it does, °C.
    pub from_deg_c: f64,
    /// More at the warmest of the year, and on a hot day that a scenario makes, as a share.
    pub more: f64,
}

impl Calendar {
    /// Amounts of a rural plant, all `[D]`; no days of its own.
    pub const USUAL: Self = Self {
        weekend_more: 0.0,
        market: Market { days: MarketDays::Never, more: 0.3, villages: Vec::new() },
        harvest: Harvest { seasons: Vec::new(), more: 0.1 },
        has_festival: false,
        heat: Heat { by_season: false, from_deg_c: 20.0, more: 0.25 },
        frost_l_per_h: 8.0,
    };
}

impl MarketDays {
    /// Share of all days that are market days.
    pub fn share(&self) -> f64 {
        match self {
            Self::Never => 0.0,
            // Days that end in 1 to 9 come three times in a month; 10, 20 and 30 nearly so.
            Self::Lunar(digits) => digits.len() as f64 * 3.0 / LUNAR_MONTH_DAYS,
            Self::Every { days, .. } => 1.0 / *days as f64,
        }
    }
}

/// Mean length of a lunar month.
const LUNAR_MONTH_DAYS: f64 = 29.530_6;
