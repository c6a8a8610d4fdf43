//! What the years make of instruments: they drift, lose their slope, get noisier.

use rand::RngExt;

use crate::base::ids::InjectionId;
use crate::base::random::{Seed, normal, stream};
use crate::base::time::UtcOffset;
use crate::base::units::Quantity;
use crate::base::{Stamp, TagId};
use crate::plant::Plant;
use crate::plant::ageing::{InstrumentAgeing, OwnWay, Worn};
use crate::scenario::injection::{Injection, InjectionKind, WearFrom};

/// Half of all instruments drift by less than two thirds of what is usual, hardly one by more than
/// twice as much `[D]`.
const OWN_MOST: f64 = 2.0;

/// How old a plant's instruments are, day by day.
#[derive(Debug)]
pub struct Ages {
    ageing: Option<InstrumentAgeing>,
    injections: Vec<Injection>,
    offset: UtcOffset,
    /// The number of a day, and how old they are.
    today: Option<(i64, f64)>,
}

impl Ages {
    /// Of `plant`, to which `injections` happen.
    pub fn new(plant: &Plant, injections: &[Injection]) -> Self {
        let assets = |injection: &&Injection| matches!(injection.kind, InjectionKind::Assets(_));
        Self {
            ageing: plant.ageing.map(|ageing| ageing.instruments),
            injections: injections.iter().filter(assets).cloned().collect(),
            offset: plant.profile.utc_offset,
            today: None,
        }
    }

    /// Something befalls the state of wear that nobody has foreseen.
    pub fn happen(&mut self, injection: &Injection) {
        if matches!(injection.kind, InjectionKind::Assets(_)) {
            self.injections.push(injection.clone());
        }
    }

    /// Ends what befell the state of wear by this name, unless it is over by `now`.
    pub fn end(&mut self, id: &InjectionId, now: Stamp) {
        for injection in self.injections.iter_mut().filter(|it| it.id == *id) {
            injection.end_at(now);
        }
    }

    /// How they age, and how many years they are old at `now`; none when they do not age: a
    /// condition is no age.
    pub fn at(&mut self, now: Stamp) -> Option<(InstrumentAgeing, f64)> {
        let ageing = self.ageing.filter(|_| !self.injections.is_empty())?;
        let number = now.day_number(self.offset);
        let known = self.today.filter(|(day, _)| *day == number && !self.turns(now));
        let years = known.map_or_else(|| self.years(now), |(_, years)| years);
        self.today = Some((number, years));
        (years > 0.0).then_some((ageing, years))
    }

    /// Does something begin or end on this day?
    fn turns(&self, now: Stamp) -> bool {
        let number = now.day_number(self.offset);
        let is_today = |at: Stamp| at.day_number(self.offset) == number;
        self.injections.iter().any(|it| is_today(it.from) || it.until.is_some_and(is_today))
    }

    fn years(&self, now: Stamp) -> f64 {
        let in_force = self.injections.iter().filter(|injection| injection.is_active(now));
        match WearFrom::of(0, in_force, now, self.offset) {
            WearFrom::Condition(_) => 0.0,
            WearFrom::Years { years, .. } => years.instruments,
        }
    }
}

/// One instrument's way of ageing.
#[derive(Debug, Clone, Copy)]
pub struct OwnWear {
    quantity: Quantity,
    own: OwnWay,
    worn: Worn,
}

impl OwnWear {
    /// Of the instrument `tag`, from a stream of its own.
    pub fn new(tag: &TagId, quantity: Quantity, seed: Seed) -> Self {
        let mut rng = stream(seed, &format!("instrument/{tag}/ageing"));
        let size = normal(&mut rng).clamp(-OWN_MOST, OWN_MOST);
        Self { quantity, own: OwnWay { size, phase: rng.random() }, worn: Worn::NEW }
    }

    /// Lets it be so old.
    pub fn set(&mut self, age: Option<(InstrumentAgeing, f64)>) {
        self.worn =
            age.map_or(Worn::NEW, |(ageing, years)| ageing.wear(self.quantity, years, self.own));
    }

    /// What its noise is multiplied by.
    pub fn noise(&self) -> f64 {
        self.worn.noise
    }

    /// What it makes of a signal; `range`: lowest and highest value.
    pub fn distort(&self, signal: f64, range: (f64, f64)) -> f64 {
        let Worn { slope, zero_share, zero, .. } = self.worn;
        slope * signal + zero_share * (range.1 - range.0) + zero
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Span;
    use crate::base::ids::InjectionId;
    use crate::plant::ageing::{Ageing, Part};
    use crate::plant::sample;
    use crate::scenario::injection::AssetEvent;

    fn start() -> Stamp {
        Stamp::parse("2024-12-05T00:00:00+08:00").expect("a time").0
    }

    fn plant() -> Plant {
        let instruments =
            InstrumentAgeing { zero_share_per_year: 0.002, ..InstrumentAgeing::default() };
        let ageing = Ageing {
            roughness_loss_per_year: 0.0,
            wall_decay_per_year: 0.0,
            leakage_m3_per_h_at_20_m_per_year: 0.0,
            pump_head_loss_per_year: 0.0,
            filter_passage_per_year: 0.0,
            instruments,
            costs: Part::CHOICES.map(|(_, part)| (part, 0.0)),
        };
        Plant { ageing: Some(ageing), ..sample::plant() }
    }

    fn from(day: i64, event: AssetEvent) -> Injection {
        Injection {
            id: InjectionId::new("i").expect("an id"),
            from: start() + Span::DAY * day,
            until: None,
            kind: InjectionKind::Assets(event),
        }
    }

    #[test]
    fn they_age_day_by_day_until_they_are_renewed_and_no_condition_is_an_age() {
        let ageing = from(0, AssetEvent::Ageing { new: 2, years: 7.0 });
        let renewal =
            from(100, AssetEvent::Renewal { parts: vec![Part::Instruments, Part::Pumps] });
        let pipes = from(50, AssetEvent::Renewal { parts: vec![Part::Pipes] });
        let mut ages = Ages::new(&plant(), &[ageing, pipes, renewal]);
        let mut years = |hours: i64| ages.at(start() + Span::hours(hours)).map(|(_, years)| years);
        assert_eq!(years(1), Some(7.0));
        assert_eq!(years(23), Some(7.0));
        assert!((years(99 * 24).expect("old") - 7.0 - 99.0 / 365.25).abs() < 1e-9);
        assert_eq!(years(100 * 24 + 1), None, "new");
        assert!((years(110 * 24).expect("young") - 10.0 / 365.25).abs() < 1e-9);
        let worn = from(0, AssetEvent::Condition { to: 0 });
        assert_eq!(Ages::new(&plant(), &[worn]).at(start()), None);
        assert_eq!(Ages::new(&plant(), &[]).at(start()), None);
    }

    #[test]
    fn each_instrument_drifts_its_own_way_and_neighbours_do_not_matter() {
        let own = |tag: &str| {
            let tag = TagId::new(tag).expect("a tag");
            let mut own = OwnWear::new(&tag, Quantity::Pressure, Seed(3));
            own.set(Some((plant().ageing.expect("it ages").instruments, 7.0)));
            own.distort(100.0, (0.0, 600.0)) - 100.0
        };
        let drifts: Vec<f64> = (0..40).map(|n| own(&format!("PIT-{n}"))).collect();
        // 0.2 % of 600 kPa in seven years: 8.4 kPa is usual, 16.8 the most
        assert!(drifts.iter().all(|drift| drift.abs() <= 16.8 + 1e-9));
        assert!(drifts.iter().filter(|drift| **drift > 0.0).count().abs_diff(20) < 14);
        let mean = drifts.iter().map(|drift| drift.abs()).sum::<f64>() / 40.0;
        assert!((4.0..9.5).contains(&mean), "{mean}");
        assert_eq!(own("PIT-3"), drifts[3]);
    }
}
