//! Stuck (卡死): the display shows its last value for ever; its flat line gives it away.

/// A display, with what it showed last.
#[derive(Debug, Default)]
pub struct Display {
    last: Option<f64>,
}

impl Display {
    /// What it shows when it should show `value`. Stuck from the very first reading, it keeps that.
    pub fn show(&mut self, value: f64, is_stuck: bool) -> f64 {
        let shown = self.last.filter(|_| is_stuck).unwrap_or(value);
        self.last = Some(shown);
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stuck_display_repeats_its_last_value_and_comes_back_to_the_present() {
        let mut display = Display::default();
        let steps = [(2.10, false), (2.11, true), (2.15, true), (2.20, false)];
        let shown = steps.map(|(value, is_stuck)| display.show(value, is_stuck));
        assert_eq!(shown, [2.10, 2.10, 2.10, 2.20]);
    }

    #[test]
    fn stuck_from_the_start_it_keeps_its_first_value() {
        let mut display = Display::default();
        assert_eq!([display.show(2.10, true), display.show(2.15, true)], [2.10, 2.10]);
    }
}
