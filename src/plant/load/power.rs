//! Reads `[power]` of `plant.toml`: generator and UPS.

use crate::base::Span;
use crate::base::problem::{Spanned, Table};
use crate::plant::power::{Generator, OwnPower};

/// How long people need to start a generator unless the file says otherwise, min `[D]`.
const START_MIN: f64 = 10.0;

/// The plant's own power; mistakes go to the table's file.
pub(super) fn read(table: &Table<'_>) -> Option<OwnPower> {
    let ups = table.opt_number_in("ups_min", 0.0..=100_000.0);
    let generator = table.opt_table("generator").map(|table| read_generator(&table));
    let ups = ups.map(|minutes| Span::from_seconds_f64(minutes.into_inner() * 60.0));
    match generator {
        Some(generator) => Some(OwnPower { generator: Some(generator?), ups }),
        None => Some(OwnPower { generator: None, ups }),
    }
}

fn read_generator(table: &Table<'_>) -> Option<Generator> {
    let fuel = table.number_in("fuel_l", 0.0..=1_000_000.0);
    let burns = table.number_in("l_per_h", 0.1..=10_000.0);
    let start = table.opt_number_in("start_min", 0.0..=1_440.0);
    let minutes = start.map_or(START_MIN, Spanned::into_inner);
    let hours = fuel?.into_inner() / burns?.into_inner();
    Some(Generator {
        start: Span::from_seconds_f64(minutes * 60.0),
        fuel: Span::from_seconds_f64(hours * 3_600.0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::problem::{Source, read_toml};

    #[test]
    fn fuel_lasts_by_what_the_generator_burns() {
        let text = "ups_min = 20\n[generator]\nfuel_l = 60\nl_per_h = 12\nstart_min = 5\n";
        let power = read_toml(&Source::new("plant.toml", text), read).expect("no mistake");
        let generator = Generator { start: Span::minutes(5), fuel: Span::hours(5) };
        assert_eq!(power, OwnPower { generator: Some(generator), ups: Some(Span::minutes(20)) });
    }

    #[test]
    fn every_mistake_comes_with_its_place() {
        let text = "ups_h = 1\n[generator]\nfuel_l = -1\nl_per_h = 0\n";
        let problems = read_toml(&Source::new("plant.toml", text), read).expect_err("mistakes");
        let said = problems.to_string();
        for part in ["3 mistakes", "plant.toml:1:1", "plant.toml:3:10", "plant.toml:4:11"] {
            assert!(said.contains(part), "{part}: {said}");
        }
    }
}
