//! Kinds that happen to remote stations on battery and sun.

use super::super::names::Names;
use super::Part;
use crate::base::problem::{Spanned, Table};
use crate::scenario::injection::{InjectionKind, StationEvent};

pub const PART: Part = Part {
    kinds: &[
        ("solar-dirty", solar_dirty),
        ("overcast", overcast),
        ("station-battery-worn", battery_worn),
    ],
    keys: &["target", "percent"],
};

/// What days of rain leave of the sun unless the scenario says otherwise, % `[D]`.
const RAIN_LEAVES_PERCENT: f64 = 10.0;

fn solar_dirty(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let station = station(table, names);
    let lost = table.number_in("percent", 0.0..=100.0)?.into_inner() / 100.0;
    happens(StationEvent::SolarDirty { station: station?, share_lost: lost })
}

fn overcast(table: &Table<'_>, _names: &Names<'_>) -> Option<InjectionKind> {
    let given = table.has("percent");
    let left = table.opt_number_in("percent", 0.0..=100.0).map(Spanned::into_inner);
    if given && left.is_none() {
        return None; // the mistake is noted
    }
    happens(StationEvent::Overcast { sun_share: left.unwrap_or(RAIN_LEAVES_PERCENT) / 100.0 })
}

fn battery_worn(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let station = station(table, names);
    let left = table.number_in("percent", 1.0..=100.0)?.into_inner() / 100.0;
    happens(StationEvent::BatteryWorn { station: station?, share_left: left })
}

fn station(table: &Table<'_>, names: &Names<'_>) -> Option<usize> {
    names.station(table, &table.text("target")?)
}

#[expect(clippy::unnecessary_wraps, reason = "what every reader gives")]
fn happens(event: StationEvent) -> Option<InjectionKind> {
    Some(InjectionKind::Station(event))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::base::Text;
    use crate::base::ids::StationId;
    use crate::base::problem::{Problems, Source};
    use crate::plant::station::Station;
    use crate::plant::{Plant, sample};
    use crate::scenario::{Scenario, load};

    fn read(keys: &str) -> Result<Scenario, Problems> {
        let head = "title = { en = \"A\", zh = \"甲\" }\nplant = \"small\"\n\
                    start = 2024-12-05T08:00:00+08:00\nduration_h = 24\nseed = 1\n\
                    [[inject]]\nid = \"a\"\nat_min = 0\n";
        let station = Station {
            id: StationId::new("far-tap").expect("an id"),
            title: Text { en: "Far".to_owned(), zh: "远".to_owned() },
            battery_wh: 100.0,
            load_w: 2.0,
            panel_w: 40.0,
            off_below_share: 0.2,
            on_above_share: 0.35,
            latitude_deg: 30.0,
        };
        let plant = Plant { stations: vec![station], ..sample::plant() };
        load(&Source::new("s.toml", format!("{head}{keys}")), &[Arc::new(plant)])
    }

    fn event(keys: &str) -> InjectionKind {
        let mut scenario = read(keys).unwrap_or_else(|found| panic!("{}", found.render(false)));
        scenario.injections.remove(0).kind
    }

    #[test]
    fn every_kind_of_a_station_is_read() {
        let dirty = event("kind = \"solar-dirty\"\ntarget = \"far-tap\"\npercent = 80");
        let wanted = StationEvent::SolarDirty { station: 0, share_lost: 0.8 };
        assert_eq!(dirty, InjectionKind::Station(wanted));
        let rain = event("kind = \"overcast\"");
        assert_eq!(rain, InjectionKind::Station(StationEvent::Overcast { sun_share: 0.1 }));
        let old = event("kind = \"station-battery-worn\"\ntarget = \"far-tap\"\npercent = 30");
        let wanted = StationEvent::BatteryWorn { station: 0, share_left: 0.3 };
        assert_eq!(old, InjectionKind::Station(wanted));
    }

    #[test]
    fn an_unknown_station_names_the_nearest_and_no_battery_is_empty() {
        let found = |keys: &str| read(keys).expect_err("a mistake").render(false);
        let unknown = found("kind = \"solar-dirty\"\ntarget = \"far-tip\"\npercent = 80");
        assert!(unknown.contains("did you mean \"far-tap\"?"), "{unknown}");
        let empty = found("kind = \"station-battery-worn\"\ntarget = \"far-tap\"\npercent = 0");
        assert!(empty.contains("must lie in 1 to 100"), "{empty}");
    }
}
