//! Reads the `[[station]]` tables of `plant.toml`.

use std::sync::Arc;

use crate::base::ids::StationId;
use crate::base::problem::{Problems, Source, Spanned, Table};
use crate::plant::station::{LATITUDE_DEG, Station};
use crate::plant::tags::Instrument;

/// Lead-acid batteries live longer when a fifth is left `[M]`.
const OFF_BELOW_PERCENT: f64 = 20.0;

/// Far enough above, so that the load does not chatter `[D]`.
const ON_ABOVE_PERCENT: f64 = 35.0;

/// The stations, in the file's order, each at the place of its id; mistakes go to the table's file.
pub(super) fn read(table: &Table<'_>) -> Option<Vec<Spanned<Station>>> {
    let mut seen: Vec<Spanned<StationId>> = Vec::new();
    let tables = table.tables("station");
    let list: Vec<_> = tables.iter().map(|table| read_one(table, &mut seen)).collect();
    list.into_iter().collect()
}

/// A station that carries nothing is a mistake: no reading would ever tell of it.
pub(super) fn check_carry(
    stations: &[Spanned<Station>],
    instruments: &[Instrument],
    file: &Arc<Source>,
    problems: &mut Problems,
) {
    for (at, station) in stations.iter().enumerate() {
        if instruments.iter().all(|instrument| instrument.station != Some(at)) {
            let id = station.get_ref().id.as_str();
            problems
                .add(file, station.span(), format!("no instrument lives on the station {id:?}"))
                .help(format!("write `station = {id:?}` at its instruments in instruments.toml"));
        }
    }
}

fn read_one(table: &Table<'_>, seen: &mut Vec<Spanned<StationId>>) -> Option<Spanned<Station>> {
    let id = table.parse("id", StationId::new);
    let title = table.bilingual("title");
    let battery = table.number_in("battery_wh", 1.0..=1_000_000.0);
    let load = table.number_in("load_w", 0.01..=10_000.0);
    let panel = table.number_in("panel_w", 0.0..=100_000.0);
    let off = table.opt_number_in("off_below_percent", 0.0..=99.0);
    let on = table.opt_number_in("on_above_percent", 1.0..=100.0);
    let latitude = table.opt_number_in("latitude_deg", -60.0..=60.0);
    let share = |percent: Option<&Spanned<f64>>, usual: f64| {
        percent.map_or(usual, |percent| *percent.get_ref()) / 100.0
    };
    let off_below_share = share(off.as_ref(), OFF_BELOW_PERCENT);
    let on_above_share = share(on.as_ref(), ON_ABOVE_PERCENT);
    if on_above_share <= off_below_share {
        let span = on.or(off).map_or_else(|| table.span(), |it| it.span());
        let text = "`on_above_percent` must be above `off_below_percent`: between the two nothing \
                    is switched";
        table.add(span, text);
    }
    let id = id?;
    if let Some(first) = seen.iter().find(|other| **other == id) {
        let (line, _) = table.source().line_col(first.span().start);
        let text = format!("{:?} is already the station of line {line}", id.get_ref().as_str());
        table.add(id.span(), text);
    }
    seen.push(id.clone());
    let place = id.span();
    let station = Station {
        id: id.into_inner(),
        title: title?,
        battery_wh: battery?.into_inner(),
        load_w: load?.into_inner(),
        panel_w: panel?.into_inner(),
        off_below_share,
        on_above_share,
        latitude_deg: latitude.map_or(LATITUDE_DEG, Spanned::into_inner),
    };
    Some(Spanned::new(place, station))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::problem::read_toml;
    use crate::plant::sample;

    const ONE: &str = "[[station]]\nid = \"far\"\ntitle = { en = \"Far\", zh = \"远\" }\n\
        battery_wh = 240\nload_w = 2\npanel_w = 80\n";

    fn read_text(text: &str) -> Result<Vec<Spanned<Station>>, Problems> {
        read_toml(&Source::new("plant.toml", text), read)
    }

    #[test]
    fn a_station_is_read_with_what_is_usual() {
        let stations = read_text(ONE).expect("no mistake");
        let [station] = stations.as_slice() else { panic!("one station") };
        let station = station.get_ref();
        assert_eq!((station.off_below_share, station.on_above_share), (0.2, 0.35));
        assert_eq!((station.battery_wh, station.latitude_deg), (240.0, LATITUDE_DEG));
        assert!(read_text("").expect("no station is no mistake").is_empty());
    }

    #[test]
    fn a_station_that_carries_nothing_is_told() {
        let file = Source::new("plant.toml", ONE.to_owned());
        let stations = read_toml(&file, read).expect("no mistake");
        let said = |station| {
            let mut problems = Problems::new();
            let own = Instrument { station, ..sample::plant().instruments[0].clone() };
            check_carry(&stations, &[own], &file, &mut problems);
            problems.render(false)
        };
        assert_eq!(said(Some(0)), "0 mistakes");
        insta::assert_snapshot!(said(None));
    }

    #[test]
    fn every_mistake_comes_with_its_place() {
        let text =
            format!("{ONE}on_above_percent = 15\n{ONE}batery_wh = 3\n").replace("= 2\n", "= 0\n");
        insta::assert_snapshot!(read_text(&text).expect_err("mistakes").render(false));
    }
}
