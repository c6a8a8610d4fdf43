//! Rounds (采样巡检): who takes samples where, when, and for what.

use crate::base::analyte::Analyte;
use crate::base::problem::Table;
use crate::base::time::UtcOffset;
use crate::base::{Span, Stamp};
use crate::plant::network::NodeIndex;
use crate::plant::tags::{Place, SiteIndex};

/// Who samples a plant: nobody without a `laboratory.toml`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SamplingPlan {
    /// What each site of the profile touches, in its order.
    pub places: Vec<Place>,
    /// In the order of `laboratory.toml`.
    pub rounds: Vec<Round>,
}

/// A round: the same sites on the same days.
#[derive(Debug, Clone, PartialEq)]
pub struct Round {
    /// Its name.
    pub id: String,
    /// On which days.
    pub days: Days,
    /// When the first site is reached, local time of the plant.
    pub at: Span,
    /// From one site to the next.
    pub apart: Span,
    /// Where samples are taken, in the order of the visits.
    pub sites: Vec<SiteIndex>,
    /// What they are taken for.
    pub analytes: Vec<Analyte>,
}

/// Days of a round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Days {
    /// Every day.
    Every,
    /// Days of the week, Monday first.
    OfWeek([bool; 7]),
    /// Days of the month, from 1.
    OfMonth(Vec<u8>),
}

/// What a laboratory can find in a sample from a place, whatever happens there: that for which
/// `Truth::assay` has a value; a test holds them together. Of what natural water always has
/// (`Analyte::is_in_every_water`) the model holds what a scenario brings, and nothing without it.
pub fn assayable(place: Place) -> &'static [Analyte] {
    use Analyte::{
        Aluminium, Ammonia, Arsenic, Cadmium, Chlorate, ChlorineDioxide, Chlorite, Chloroform,
        ChromiumVi, CodMn, ColonyCount, Colour, Copper, Cyanide, EColi, FreeChlorine, GrossAlpha,
        GrossBeta, Iron, Lead, Manganese, Mercury, Ph, TotalChlorine, TotalColiforms,
        Trihalomethanes, Turbidity, Zinc,
    };
    match place {
        Place::Node(_) => &[
            EColi,
            TotalColiforms,
            ColonyCount,
            FreeChlorine,
            TotalChlorine,
            ChlorineDioxide,
            Turbidity,
            Colour,
            CodMn,
            Ammonia,
            Iron,
            Manganese,
            Aluminium,
            Chloroform,
            Trihalomethanes,
            Chlorite,
            Chlorate,
            Arsenic,
            Cadmium,
            ChromiumVi,
            Lead,
            Mercury,
            Cyanide,
            Copper,
            Zinc,
            GrossAlpha,
            GrossBeta,
        ],
        Place::Raw => &[
            EColi,
            TotalColiforms,
            ColonyCount,
            Turbidity,
            Colour,
            Ph,
            CodMn,
            Ammonia,
            Iron,
            Manganese,
            Arsenic,
            Cadmium,
            ChromiumVi,
            Lead,
            Mercury,
            Cyanide,
            Copper,
            Zinc,
            GrossAlpha,
            GrossBeta,
        ],
        Place::Settled => &[Turbidity],
        Place::Filtered => &[EColi, TotalColiforms, ColonyCount, Turbidity],
        _ => &[],
    }
}

/// Is there any water of the model in which a laboratory may find it? The monitor takes results of
/// every analyte, wherever they come from.
pub fn is_simulated(analyte: Analyte) -> bool {
    let node = Place::Node(NodeIndex(0));
    let is_known = |place| is_brought(place, analyte) || assayable(place).contains(&analyte);
    [node, Place::Raw].into_iter().any(is_known)
}

/// May a scenario bring `analyte` there, which is not known without one?
fn is_brought(place: Place, analyte: Analyte) -> bool {
    analyte.is_in_every_water() && matches!(place, Place::Node(_) | Place::Raw)
}

/// Reads what samples at `sites`, each with its place, are taken for; at least one analyte, each
/// once, and each known at every site. `in_scenario`: it may be one that the scenario brings.
pub fn read_analytes(
    table: &Table<'_>,
    sites: &[(&str, Place)],
    in_scenario: bool,
) -> Option<Vec<Analyte>> {
    let texts = table.texts("analytes");
    table.offer("analytes", Analyte::ALL.map(Analyte::name).into_iter());
    if texts.is_empty() {
        table.add(table.span(), "`analytes` is missing: a sample is taken for something");
        return None;
    }
    let known = Analyte::ALL.map(Analyte::name);
    let mut analytes = Vec::new();
    for text in &texts {
        let Some(analyte) = Analyte::ALL.into_iter().find(|it| it.name() == text.get_ref()) else {
            table.unknown(text.span(), "analyte", text.get_ref(), &known);
            continue;
        };
        let is_known = |place| {
            in_scenario && is_brought(place, analyte) || assayable(place).contains(&analyte)
        };
        let blind = sites.iter().find(|(_, place)| !is_known(*place));
        if analytes.contains(&analyte) {
            table.add(text.span(), format!("{} is there twice", analyte.name()));
        } else if let Some((site, place)) = blind {
            let names: Vec<&str> = assayable(*place).iter().map(|known| known.name()).collect();
            let found = format!("what {} there is at {site} is not simulated", analyte.spoken());
            table.add_with_help(text.span(), found, format!("there is {}", names.join(", ")));
        } else {
            analytes.push(analyte);
        }
    }
    (analytes.len() == texts.len()).then_some(analytes)
}

impl Days {
    /// Names of the days of the week, as files write them, Monday first.
    pub const OF_WEEK: [&'static str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

    /// Is the local day of `moment` one of them?
    pub fn contain(&self, moment: Stamp, offset: UtcOffset) -> bool {
        match self {
            Self::Every => true,
            Self::OfWeek(days) => {
                let thursday_first = moment.day_number(offset); // 1970-01-01 was a Thursday
                let at = usize::try_from((thursday_first + 3).rem_euclid(7)).unwrap_or(0);
                days.get(at).copied().unwrap_or(false)
            }
            Self::OfMonth(days) => days.contains(&moment.day_of_month(offset)),
        }
    }
}

impl Round {
    /// The visits due from `from` (inclusive) to `to` (exclusive), in their order.
    pub fn visits(&self, from: Stamp, to: Stamp, offset: UtcOffset) -> Vec<(Stamp, SiteIndex)> {
        let mut visits = Vec::new();
        let mut midnight = from.midnight(offset);
        while midnight < to {
            let first = midnight + self.at;
            let last = first + self.apart * (self.sites.len() as i64 - 1);
            if first < to && last >= from && self.days.contain(midnight, offset) {
                let times = (0..).map(|n| first + self.apart * n);
                let due = times.zip(&self.sites).filter(|(at, _)| (from..to).contains(at));
                visits.extend(due.map(|(at, site)| (at, *site)));
            }
            midnight += Span::DAY;
        }
        visits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHINA: UtcOffset = UtcOffset::CHINA;

    fn at(text: &str) -> Stamp {
        Stamp::parse(text).expect("a time").0
    }

    /// Two sites, 09:00 and 09:20.
    fn round(days: Days) -> Round {
        Round {
            id: "taps".to_owned(),
            days,
            at: Span::hours(9),
            apart: Span::minutes(20),
            sites: vec![SiteIndex(3), SiteIndex(1)],
            analytes: vec![Analyte::EColi],
        }
    }

    fn days(days: Days, from: &str, to: &str) -> Vec<String> {
        let visits = round(days).visits(at(from), at(to), CHINA);
        let show = |(at, site): &(Stamp, SiteIndex)| {
            format!("{} {}", &at.month_day_time(CHINA)[..11], site.0)
        };
        visits.iter().map(show).collect()
    }

    #[test]
    fn sites_are_visited_one_after_the_other_and_a_step_takes_what_falls_into_it() {
        let of = |from, to| days(Days::Every, from, to);
        let (nine, twenty) = ("2024-12-05T09:00:00+08:00", "2024-12-05T09:20:00+08:00");
        assert_eq!(of("2024-12-05T08:00:00+08:00", nine), Vec::<String>::new());
        assert_eq!(of(nine, twenty), ["12-05 09:00 3"]);
        assert_eq!(of(twenty, "2024-12-06T09:01:00+08:00"), ["12-05 09:20 1", "12-06 09:00 3"]);
    }

    #[test]
    fn days_are_those_of_the_plants_calendar() {
        // 2024-12-05 was a Thursday; at 09:00 in China it is 01:00 UTC of the same day.
        let mut thursdays = [false; 7];
        thursdays[3] = true;
        let (from, to) = ("2024-12-01T00:00:00+08:00", "2025-01-01T00:00:00+08:00");
        let firsts = |found: Vec<String>| -> Vec<String> {
            found.iter().filter(|line| line.ends_with('3')).map(|line| line[..5].into()).collect()
        };
        let found = firsts(days(Days::OfWeek(thursdays), from, to));
        assert_eq!(found, ["12-05", "12-12", "12-19", "12-26"]);
        let found = firsts(days(Days::OfMonth(vec![20, 5]), from, to));
        assert_eq!(found, ["12-05", "12-20"]);
        // Before eight in the morning UTC is still in the day before.
        let early = Round { at: Span::hours(6), ..round(Days::OfMonth(vec![5])) };
        assert_eq!(early.visits(at(from), at(to), CHINA)[0].0, at("2024-12-05T06:00:00+08:00"));
    }
}
