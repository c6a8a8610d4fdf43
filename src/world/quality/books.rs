//! The books of the transport: where every gram went.

use super::{Carried, SPECIES, Species};

/// A step closes when its residual is within this share of the species' turnover.
pub const CLOSES_WITHIN: f64 = 1e-9;

/// One species since the start, in its unit times m³ (mg/L · m³ = g).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Account {
    /// Stored when the books were opened.
    pub opening: f64,
    /// Stored now: in pipes, tanks and deposits.
    pub stored: f64,
    /// Came in from reservoirs.
    pub entered: f64,
    /// Left through taps, leaks, bursts and reservoirs that take water.
    pub withdrawn: f64,
    /// Left over the rim of full tanks.
    pub overflowed: f64,
    /// Gained by reaction: negative for what decays, positive for age.
    pub reacted: f64,
    /// Gained because flows do not balance to the last digit (nodes, tank volumes, loops).
    pub numerical: f64,
    /// The largest residual of any step, as a share of the step's turnover.
    pub worst_residual: f64,
}

impl Account {
    /// All numerical gain or loss as a share of what was handled.
    pub fn numerical_share(&self) -> f64 {
        let handled = self.opening.abs() + self.entered.abs() + self.reacted.max(0.0);
        if handled > 0.0 { self.numerical.abs() / handled } else { 0.0 }
    }

    /// What would have to be stored, by what came and went.
    pub fn expected(&self) -> f64 {
        self.opening + self.entered - self.withdrawn - self.overflowed
            + self.reacted
            + self.numerical
    }
}

/// One account per species, and how many steps closed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Books {
    accounts: [Account; SPECIES],
    /// Steps booked.
    pub steps: u64,
    /// Steps in which some species did not close within `CLOSES_WITHIN`.
    pub unclosed: u64,
}

/// What one step did, in each species' unit times m³.
#[derive(Debug, Clone, Copy, Default)]
pub struct Entry {
    /// See `Account::entered`.
    pub entered: Carried,
    /// See `Account::withdrawn`.
    pub withdrawn: Carried,
    /// See `Account::overflowed`.
    pub overflowed: Carried,
    /// See `Account::reacted`.
    pub reacted: Carried,
    /// See `Account::numerical`.
    pub numerical: Carried,
}

impl Books {
    /// Opens the books with what is stored.
    pub fn open(stored: &Carried) -> Self {
        let accounts = stored.map(|load| Account { opening: load, stored: load, ..<_>::default() });
        Self { accounts, steps: 0, unclosed: 0 }
    }

    /// The account of one species.
    pub fn account(&self, species: Species) -> &Account {
        &self.accounts[species as usize]
    }

    /// Books a step after which `stored` is stored; true when every species closes.
    pub fn book(&mut self, entry: &Entry, stored: &Carried) -> bool {
        let mut closes = true;
        for (i, account) in self.accounts.iter_mut().enumerate() {
            let expected =
                account.stored + entry.entered[i] - entry.withdrawn[i] - entry.overflowed[i]
                    + entry.reacted[i]
                    + entry.numerical[i];
            let turnover = account.stored.abs() + entry.entered[i].abs() + entry.reacted[i].abs();
            let residual = (stored[i] - expected).abs();
            if turnover > 0.0 {
                account.worst_residual = account.worst_residual.max(residual / turnover);
            }
            // written so that a not-a-number does not close
            closes &= residual <= CLOSES_WITHIN * turnover;
            account.stored = stored[i];
            account.entered += entry.entered[i];
            account.withdrawn += entry.withdrawn[i];
            account.overflowed += entry.overflowed[i];
            account.reacted += entry.reacted[i];
            account.numerical += entry.numerical[i];
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
        let mut books = Books::open(&[10.0; SPECIES]);
        let entry = Entry { entered: [2.0; SPECIES], withdrawn: [1.0; SPECIES], ..<_>::default() };
        assert!(books.book(&entry, &[11.0; SPECIES]));
        assert!(!books.book(&entry, &[11.0; SPECIES]));
        assert_eq!((books.steps, books.unclosed), (2, 1));
    }

    #[test]
    fn what_is_no_number_does_not_close() {
        let mut books = Books::open(&[1.0; SPECIES]);
        assert!(!books.book(&Entry::default(), &[f64::NAN; SPECIES]));
    }
}
