//! Kinds that happen to pipes, pumps, valves and tanks.

use super::super::names::Names;
use super::Part;
use crate::base::Span;
use crate::base::problem::{Spanned, Table};
use crate::plant::network::LinkIndex;
use crate::scenario::injection::{ForeignWater, InjectionKind, NetworkEvent, Switch};

pub const PART: Part = Part {
    kinds: &[
        ("pump-trip", pump_trip),
        ("pump-wear", pump_wear),
        ("burst", burst),
        ("leak", leak),
        ("pump-start", |table, names| pump_switch(table, names, Switch::On)),
        ("pump-stop", |table, names| pump_switch(table, names, Switch::Off)),
        ("pump-auto", |table, names| pump_switch(table, names, Switch::Auto)),
        ("valve-shut", valve_shut),
        ("valve-close", |table, names| valve_turn(table, names, false)),
        ("valve-open", |table, names| valve_turn(table, names, true)),
        ("intake-cut", |_, names| turn(names.production()?, false)),
        ("intake-resume", |_, names| turn(names.production()?, true)),
        ("prv-failure", prv_failure),
        ("rationing", rationing),
        ("cross-connection", cross_connection),
        ("intrusion", intrusion),
    ],
    keys: &[
        "target",
        "head_percent",
        "m3_per_h_at_20_m",
        "per_day_m3_per_h_at_20_m",
        "stuck_at_m",
        "village",
        "open_hours",
        "pressure_m",
        "groundwater_m",
        "turbidity_ntu",
        "conductivity_us_per_cm",
        "e_coli_per_100_ml",
    ],
};

fn pump_trip(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let pump = names.pump(table, &table.text("target")?)?;
    Some(InjectionKind::Network(NetworkEvent::PumpTrip { pump }))
}

fn pump_wear(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let pump = table.text("target").and_then(|name| names.pump(table, &name));
    let percent = table.number_in("head_percent", 30.0..=100.0)?.into_inner();
    let head_share = percent / 100.0;
    Some(InjectionKind::Network(NetworkEvent::PumpWear { pump: pump?, head_share }))
}

fn burst(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let node = table.text("target").and_then(|name| names.junction(table, &name));
    let m3_per_h_at_20_m = table.number_in("m3_per_h_at_20_m", 0.01..=5_000.0)?;
    let m3_per_h_at_20_m = m3_per_h_at_20_m.into_inner();
    Some(InjectionKind::Network(NetworkEvent::Burst { node: node?, m3_per_h_at_20_m }))
}

fn leak(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let node = table.text("target").and_then(|name| names.junction(table, &name));
    let per_day = table.number_in("per_day_m3_per_h_at_20_m", 0.001..=100.0)?.into_inner();
    let event = NetworkEvent::Leak { node: node?, per_day_m3_per_h_at_20_m: per_day };
    Some(InjectionKind::Network(event))
}

fn valve_shut(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let link = names.pipe_or_valve(table, &table.text("target")?)?;
    Some(InjectionKind::Network(NetworkEvent::ValveShut { link }))
}

fn pump_switch(table: &Table<'_>, names: &Names<'_>, to: Switch) -> Option<InjectionKind> {
    let pump = names.pump(table, &table.text("target")?)?;
    Some(InjectionKind::Network(NetworkEvent::PumpSwitch { pump, to }))
}

fn valve_turn(table: &Table<'_>, names: &Names<'_>, open: bool) -> Option<InjectionKind> {
    turn(names.pipe_or_valve(table, &table.text("target")?)?, open)
}

#[expect(clippy::unnecessary_wraps, reason = "what every reader gives")]
fn turn(link: LinkIndex, open: bool) -> Option<InjectionKind> {
    Some(InjectionKind::Network(NetworkEvent::ValveTurn { link, open }))
}

fn prv_failure(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let valve = table.text("target").and_then(|name| names.prv(table, &name));
    let has_setting = table.has("stuck_at_m");
    let stuck_at_m = table.opt_number_in("stuck_at_m", 0.0..=200.0).map(Spanned::into_inner);
    if has_setting && stuck_at_m.is_none() {
        return None; // the mistake is noted; without it the valve would be stuck open
    }
    Some(InjectionKind::Network(NetworkEvent::PrvFailure { valve: valve?, stuck_at_m }))
}

fn rationing(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let village = table.opt_text("village");
    let valves = names.entries(table, village.as_ref());
    let open = open_hours(table)?;
    Some(InjectionKind::Network(NetworkEvent::Rationing { valves: valves?, open }))
}

fn cross_connection(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let node = table.text("target").and_then(|name| names.junction(table, &name));
    let pressure_m = table.number_in("pressure_m", 0.0..=200.0);
    let water = foreign_water(table);
    Some(InjectionKind::Network(NetworkEvent::CrossConnection {
        node: node?,
        pressure_m: pressure_m?.into_inner(),
        water: water?,
    }))
}

fn intrusion(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let node = table.text("target").and_then(|name| names.junction(table, &name));
    let hole = table.number_in("m3_per_h_at_20_m", 0.01..=1_000.0);
    let groundwater_m = table.number_in("groundwater_m", 0.0..=20.0);
    let water = foreign_water(table);
    Some(InjectionKind::Network(NetworkEvent::Intrusion {
        node: node?,
        m3_per_h_at_20_m: hole?.into_inner(),
        groundwater_m: groundwater_m?.into_inner(),
        water: water?,
    }))
}

fn foreign_water(table: &Table<'_>) -> Option<ForeignWater> {
    let turbidity = table.number_in("turbidity_ntu", 0.0..=4_000.0);
    let conductivity = table.number_in("conductivity_us_per_cm", 0.0..=20_000.0);
    let e_coli = table.opt_number_in("e_coli_per_100_ml", 0.0..=1e6);
    Some(ForeignWater {
        turbidity_ntu: turbidity?.into_inner(),
        conductivity_us_per_cm: conductivity?.into_inner(),
        e_coli_per_100_ml: e_coli.map_or(0.0, Spanned::into_inner),
    })
}

/// Pairs of hours, such as `[6, 8, 17, 20.5]`: open from 6 to 8 and from 17 to half past 20.
fn open_hours(table: &Table<'_>) -> Option<Vec<(Span, Span)>> {
    let hours = table.numbers("open_hours");
    let rises = hours.windows(2).all(|two| two[0].get_ref() < two[1].get_ref());
    let in_day = hours.iter().all(|hour| (0.0..=24.0).contains(hour.get_ref()));
    if hours.is_empty() || !hours.len().is_multiple_of(2) || !rises || !in_day {
        let span = table.key_span("open_hours").unwrap_or_else(|| table.span());
        let text = "`open_hours` must be pairs of rising hours, 0 to 24";
        let help = "such as [6, 8, 17, 20.5]: water from 6 to 8 and from 17 to half past 20";
        table.add_with_help(span, text, help);
        return None;
    }
    let time = |hour: &Spanned<f64>| Span::from_seconds_f64(hour.get_ref() * 3_600.0);
    Some(hours.chunks_exact(2).map(|pair| (time(&pair[0]), time(&pair[1]))).collect())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::base::problem::{Problems, Source};
    use crate::plant::network::{LinkIndex, LinkKind, NodeIndex, ValveKind};
    use crate::plant::sample;
    use crate::scenario::{Scenario, load};

    /// The small works, with a pressure-reducing valve instead of its main.
    fn read(keys: &str) -> Result<Scenario, Problems> {
        let head = "title = { en = \"A\", zh = \"甲\" }\nplant = \"small\"\n\
                    start = 2024-12-05T08:00:00+08:00\nduration_h = 24\nseed = 1\n\
                    [[inject]]\nid = \"a\"\nat_min = 0\n";
        let mut plant = sample::plant();
        let mut prv = plant.network.links[0].clone();
        let LinkKind::Valve { kind, .. } = &mut prv.kind else { unreachable!("a valve") };
        *kind = ValveKind::Prv;
        (prv.id, prv.start, prv.end) = ("PRV-1".to_owned(), NodeIndex(2), NodeIndex(3));
        Arc::make_mut(&mut plant.network).links[2] = prv;
        let source = Source::new("s.toml", format!("{head}{keys}"));
        load(&source, &[Arc::new(plant)])
    }

    fn event(keys: &str) -> NetworkEvent {
        let mut scenario = read(keys).unwrap_or_else(|found| panic!("{}", found.render(false)));
        match scenario.injections.remove(0).kind {
            InjectionKind::Network(event) => event,
            other => panic!("{other:?} is no matter of the network"),
        }
    }

    #[test]
    fn every_kind_of_the_network_is_read() {
        let node = NodeIndex(2);
        let leak = event("kind = \"leak\"\ntarget = \"J-1\"\nper_day_m3_per_h_at_20_m = 0.3");
        assert_eq!(leak, NetworkEvent::Leak { node, per_day_m3_per_h_at_20_m: 0.3 });
        let hole = event(
            "kind = \"intrusion\"\ntarget = \"J-1\"\nm3_per_h_at_20_m = 6\ngroundwater_m = 1.5\n\
             turbidity_ntu = 40\nconductivity_us_per_cm = 700\n\
             e_coli_per_100_ml = 50",
        );
        let wanted = NetworkEvent::Intrusion {
            node,
            m3_per_h_at_20_m: 6.0,
            groundwater_m: 1.5,
            water: ForeignWater {
                turbidity_ntu: 40.0,
                conductivity_us_per_cm: 700.0,
                e_coli_per_100_ml: 50.0,
            },
        };
        assert_eq!(hole, wanted);
        let shut = event("kind = \"valve-shut\"\ntarget = \"L-IN\"");
        assert_eq!(shut, NetworkEvent::ValveShut { link: LinkIndex(4) });
        let valve = LinkIndex(2);
        let open = event("kind = \"prv-failure\"\ntarget = \"PRV-1\"");
        assert_eq!(open, NetworkEvent::PrvFailure { valve, stuck_at_m: None });
        let stuck = event("kind = \"prv-failure\"\ntarget = \"PRV-1\"\nstuck_at_m = 5");
        assert_eq!(stuck, NetworkEvent::PrvFailure { valve, stuck_at_m: Some(5.0) });
        let hours = |from: f64, until: f64| {
            (Span::from_seconds_f64(from * 3_600.0), Span::from_seconds_f64(until * 3_600.0))
        };
        let wanted = NetworkEvent::Rationing {
            valves: vec![valve],
            open: vec![hours(6.0, 8.0), hours(17.0, 20.5)],
        };
        let keys = "kind = \"rationing\"\nopen_hours = [6, 8, 17, 20.5]";
        assert_eq!(event(keys), wanted);
        assert_eq!(event(&format!("{keys}\nvillage = \"upper\"")), wanted);
    }

    #[test]
    fn what_a_valve_cannot_do_is_refused_with_the_way_out() {
        let found = |keys: &str| read(keys).expect_err("a mistake").render(false);
        let pump = found("kind = \"valve-shut\"\ntarget = \"P-1\"");
        assert!(pump.contains("pipe or valve"), "{pump}");
        let pipe = found("kind = \"prv-failure\"\ntarget = \"FCV-1\"\nstuck_at_m = 5");
        assert!(pipe.contains("pressure-reducing valve"), "{pipe}");
        let hours = ["[6]", "[8, 6]", "[6, 25]", "[]"];
        for hours in
            hours.map(|hours| found(&format!("kind = \"rationing\"\nopen_hours = {hours}")))
        {
            assert!(hours.contains("pairs of rising hours"), "{hours}");
        }
    }
}
