//! The books: where every m³ of water and every gram in it went.

use super::{Carried, SPECIES, Species};

/// A step closes when its residual is within this share of the turnover.
pub const CLOSES_WITHIN: f64 = 1e-9;

/// What is kept account of: water, and each species it carries.
const ROWS: usize = SPECIES + 1;

/// The row of the water itself.
const WATER: usize = SPECIES;

/// An amount of water and of what is in it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Load([f64; ROWS]);

impl Load {
    /// Nothing.
    pub const ZERO: Self = Self([0.0; ROWS]);

    /// Water, m³.
    pub fn water_m3(&self) -> f64 {
        self.0[WATER]
    }

    /// One species, in its unit times m³ (mg/L · m³ = g).
    pub fn of(&self, species: Species) -> f64 {
        self.0[species as usize]
    }

    /// Adds `volume` m³ of water that carries `carried`.
    pub fn add(&mut self, volume: f64, carried: &Carried) {
        for (sum, value) in self.0.iter_mut().zip(carried) {
            *sum += volume * value;
        }
        self.0[WATER] += volume;
    }

    /// What one m³ of it carries; its volume must be above zero.
    pub fn carried(&self) -> Carried {
        std::array::from_fn(|species| self.0[species] / self.0[WATER])
    }
}

/// One species alone, by its position in `Carried`.
impl std::ops::Index<usize> for Load {
    type Output = f64;

    fn index(&self, species: usize) -> &f64 {
        &self.0[species]
    }
}

impl std::ops::IndexMut<usize> for Load {
    fn index_mut(&mut self, species: usize) -> &mut f64 {
        &mut self.0[species]
    }
}

impl Default for Load {
    fn default() -> Self {
        Self::ZERO
    }
}

impl std::ops::AddAssign<&Self> for Load {
    fn add_assign(&mut self, other: &Self) {
        for (own, other) in self.0.iter_mut().zip(&other.0) {
            *own += other;
        }
    }
}

impl std::ops::SubAssign<&Self> for Load {
    fn sub_assign(&mut self, other: &Self) {
        for (own, other) in self.0.iter_mut().zip(&other.0) {
            *own -= other;
        }
    }
}

/// Water or one species since the start: m³, or its unit times m³ (mg/L · m³ = g).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Account {
    /// Stored when the books were opened.
    pub opening: f64,
    /// Stored now: in basins and filters, pipes and their deposits, tanks.
    pub stored: f64,
    /// Came in from reservoirs and sources.
    pub entered: f64,
    /// Added with chemicals.
    pub added: f64,
    /// Left through taps, and into reservoirs that take water.
    pub withdrawn: f64,
    /// Left through leaks and bursts, and into pipes that had run empty.
    pub lost: f64,
    /// Left over the rim of full tanks.
    pub overflowed: f64,
    /// Left as sludge and with the water that washes filters.
    pub wasted: f64,
    /// Gained by reaction: negative for what decays, positive for age.
    pub reacted: f64,
    /// Gained because flows do not balance to the last digit (nodes, tank volumes, loops).
    pub numerical: f64,
    /// The largest residual of any step, as a share of the step's turnover.
    pub worst_residual: f64,
}

impl Account {
    /// The same in other units, of which one of these is `worth` so many.
    #[must_use]
    pub fn in_units_of(&self, worth: f64) -> Self {
        Self {
            opening: self.opening * worth,
            stored: self.stored * worth,
            entered: self.entered * worth,
            added: self.added * worth,
            withdrawn: self.withdrawn * worth,
            lost: self.lost * worth,
            overflowed: self.overflowed * worth,
            wasted: self.wasted * worth,
            reacted: self.reacted * worth,
            numerical: self.numerical * worth,
            worst_residual: self.worst_residual,
        }
    }

    /// All numerical gain or loss as a share of what was handled.
    pub fn numerical_share(&self) -> f64 {
        let came = self.entered.abs() + self.added + self.reacted.max(0.0);
        let handled = self.opening.abs() + came;
        if handled > 0.0 { self.numerical.abs() / handled } else { 0.0 }
    }

    /// What would have to be stored, by what came and went.
    pub fn expected(&self) -> f64 {
        let left = self.withdrawn + self.lost + self.overflowed + self.wasted;
        self.opening + self.entered + self.added - left + self.reacted + self.numerical
    }

    /// What is stored and should not be, or the other way round, as a share of what was handled.
    pub fn residual_share(&self) -> f64 {
        let turnover = self.opening.abs() + self.entered.abs() + self.added + self.reacted.abs();
        if turnover > 0.0 { (self.stored - self.expected()).abs() / turnover } else { 0.0 }
    }
}

/// One account for the water and one for each species, and how many steps closed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Books {
    accounts: [Account; ROWS],
    /// Steps booked.
    pub steps: u64,
    /// Steps in which some account did not close within `CLOSES_WITHIN`.
    pub unclosed: u64,
}

/// What one step did; see the fields of `Account`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Entry {
    /// See `Account::entered`.
    pub entered: Load,
    /// See `Account::added`.
    pub added: Load,
    /// See `Account::withdrawn`.
    pub withdrawn: Load,
    /// See `Account::lost`.
    pub lost: Load,
    /// See `Account::overflowed`.
    pub overflowed: Load,
    /// See `Account::wasted`.
    pub wasted: Load,
    /// See `Account::reacted`.
    pub reacted: Load,
    /// See `Account::numerical`.
    pub numerical: Load,
}

impl Entry {
    /// Adds what another part of the plant did in the same step.
    pub fn join(&mut self, other: &Self) {
        self.entered += &other.entered;
        self.added += &other.added;
        self.withdrawn += &other.withdrawn;
        self.lost += &other.lost;
        self.overflowed += &other.overflowed;
        self.wasted += &other.wasted;
        self.reacted += &other.reacted;
        self.numerical += &other.numerical;
    }
}

impl Books {
    /// Opens the books with what is stored.
    pub fn open(stored: &Load) -> Self {
        let open = |load| Account { opening: load, stored: load, ..<_>::default() };
        Self { accounts: stored.0.map(open), steps: 0, unclosed: 0 }
    }

    /// The account of the water, m³.
    pub fn water(&self) -> &Account {
        &self.accounts[WATER]
    }

    /// The account of one species.
    pub fn account(&self, species: Species) -> &Account {
        &self.accounts[species as usize]
    }

    /// The largest `Account::numerical_share` of all.
    pub fn numerical_share(&self) -> f64 {
        self.accounts.iter().map(Account::numerical_share).fold(0.0, f64::max)
    }

    /// Books a step after which `stored` is stored; true when every account closes.
    pub fn book(&mut self, entry: &Entry, stored: &Load) -> bool {
        let mut closes = true;
        for (i, account) in self.accounts.iter_mut().enumerate() {
            let came = entry.entered.0[i] + entry.added.0[i];
            let left =
                entry.withdrawn.0[i] + entry.lost.0[i] + entry.overflowed.0[i] + entry.wasted.0[i];
            let gained = entry.reacted.0[i] + entry.numerical.0[i];
            let expected = account.stored + came - left + gained;
            let turnover = account.stored.abs() + came.abs() + entry.reacted.0[i].abs();
            let residual = (stored.0[i] - expected).abs();
            if turnover > 0.0 {
                account.worst_residual = account.worst_residual.max(residual / turnover);
            }
            // written so that a not-a-number does not close
            closes &= residual <= CLOSES_WITHIN * turnover;
            account.stored = stored.0[i];
            account.entered += entry.entered.0[i];
            account.added += entry.added.0[i];
            account.withdrawn += entry.withdrawn.0[i];
            account.lost += entry.lost.0[i];
            account.overflowed += entry.overflowed.0[i];
            account.wasted += entry.wasted.0[i];
            account.reacted += entry.reacted.0[i];
            account.numerical += entry.numerical.0[i];
        }
        self.steps += 1;
        self.unclosed += u64::from(!closes);
        closes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_loses_a_gram_does_not_close() {
        let all = |amount| Load([amount; ROWS]);
        let mut books = Books::open(&all(10.0));
        let entry = Entry { entered: all(2.0), wasted: all(1.0), ..<_>::default() };
        assert!(books.book(&entry, &all(11.0)));
        assert!(!books.book(&entry, &all(11.0)));
        assert_eq!((books.steps, books.unclosed), (2, 1));
        let water = books.water();
        assert!((water.residual_share() - 1.0 / 14.0).abs() < 1e-12, "one of fourteen is gone");
    }

    #[test]
    fn what_is_no_number_does_not_close() {
        let mut books = Books::open(&Load([1.0; ROWS]));
        assert!(!books.book(&Entry::default(), &Load([f64::NAN; ROWS])));
    }

    #[test]
    fn a_load_knows_its_water_and_what_one_m3_of_it_carries() {
        let mut load = Load::ZERO;
        load.add(2.0, &[3.0; SPECIES]);
        load.add(1.0, &[0.0; SPECIES]);
        assert_eq!((load.water_m3(), load.of(Species::Chlorine)), (3.0, 6.0));
        assert_eq!(load.carried(), [2.0; SPECIES]);
    }
}
