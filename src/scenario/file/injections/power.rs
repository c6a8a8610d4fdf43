//! Kinds that happen to the power supply.

use super::super::names::Names;
use super::Part;
use crate::base::problem::Table;
use crate::scenario::injection::{InjectionKind, PowerEvent};

pub const PART: Part = Part {
    kinds: &[
        ("grid-cut", grid_cut),
        ("generator-start", generator_start),
        ("dosing-reset", dosing_reset),
    ],
    keys: &[],
};

fn grid_cut(_table: &Table<'_>, _names: &Names<'_>) -> Option<InjectionKind> {
    happens(PowerEvent::GridCut)
}

fn generator_start(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    if names.lacks_generator() {
        table.add_with_help(
            table.span(),
            "the plant has no generator to start",
            "describe it under [power.generator] in plant.toml: fuel_l, l_per_h, start_min",
        );
        return None;
    }
    happens(PowerEvent::GeneratorStart)
}

fn dosing_reset(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let pump = table.text("target").and_then(|name| names.dosing_pump(table, &name));
    pump.and_then(|()| happens(PowerEvent::DosingReset))
}

#[expect(clippy::unnecessary_wraps, reason = "what every reader gives")]
fn happens(event: PowerEvent) -> Option<InjectionKind> {
    Some(InjectionKind::Power(event))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::base::Span;
    use crate::base::problem::{Problems, Source};
    use crate::plant::power::Generator;
    use crate::plant::sample;
    use crate::scenario::{Scenario, load};

    const SCENARIO: &str = r#"
title = { en = "A", zh = "甲" }
plant = "small"
start = 2024-12-05T08:00:00+08:00
duration_h = 24
seed = 1

[[inject]]
id = "cut"
at_min = 10
until_min = 70
kind = "grid-cut"

[[inject]]
id = "start"
at_min = 12
kind = "generator-start"

[[inject]]
id = "reset"
at_min = 80
kind = "dosing-reset"
target = "DP-1"
"#;

    fn read(generator: Option<Generator>) -> Result<Scenario, Problems> {
        let mut plant = sample::plant();
        plant.own_power.generator = generator;
        load(&Source::new("s.toml", SCENARIO), &[Arc::new(plant)])
    }

    #[test]
    fn every_kind_is_read() {
        let generator = Generator { start: Span::MINUTE, fuel: Span::HOUR };
        let scenario = read(Some(generator)).expect("no mistake");
        let kinds: Vec<_> = scenario.injections.into_iter().map(|one| one.kind).collect();
        let events = [PowerEvent::GridCut, PowerEvent::GeneratorStart, PowerEvent::DosingReset];
        assert_eq!(kinds, events.map(InjectionKind::Power));
    }

    #[test]
    fn a_generator_that_is_not_there_cannot_be_started() {
        let problems = read(None).expect_err("no generator").to_string();
        assert_eq!(problems, "1 mistake\ns.toml:14:1: the plant has no generator to start");
    }
}
