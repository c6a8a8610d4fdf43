//! What the tests of this module share: the project's own rule files, a plant, its instruments.

use crate::base::problem::Source;
use crate::base::time::UtcOffset;
use crate::base::units::Quantity;
use crate::base::{PlantId, Span, TagId, Text};
use crate::inspection::book::Book;
use crate::plant::profile::{Disinfectant, Profile, SourceKind, Well};
use crate::plant::tags::{NightFlow, SamplingPoint, Tag};

/// The rules of the project.
pub fn book() -> Book {
    let files = [
        ("gb5749-2022.toml", include_str!("../../config/rules/gb5749-2022.toml")),
        ("laboratory.toml", include_str!("../../config/rules/laboratory.toml")),
        ("pressure.toml", include_str!("../../config/rules/pressure.toml")),
        ("tanks.toml", include_str!("../../config/rules/tanks.toml")),
        ("signal-quality.toml", include_str!("../../config/rules/signal-quality.toml")),
        ("plausibility.toml", include_str!("../../config/rules/plausibility.toml")),
        ("rounds.toml", include_str!("../../config/rules/rounds.toml")),
    ];
    let sources: Vec<_> = files.iter().map(|(name, text)| Source::new(*name, *text)).collect();
    match Book::load(&sources) {
        Ok(book) => book,
        Err(problems) => panic!("{}", problems.render(false)),
    }
}

/// A plant of that size.
pub fn profile(m3_per_day: f64, people: u32, disinfectant: Disinfectant) -> Profile {
    Profile {
        id: PlantId::new("test").expect("an id"),
        title: Text::default(),
        fiction: Text::default(),
        county: Text::default(),
        utc_offset: UtcOffset::CHINA,
        design_capacity_m3_per_day: m3_per_day,
        population: people,
        source: SourceKind::Reservoir,
        disinfectant,
        well: Well { area_m2: 154.0, baffling_factor: 0.5 },
        villages: Vec::new(),
        sites: Vec::new(),
        packs: None,
    }
}

/// An instrument read every `poll_min`; pressures serve two storeys, flows 20 m³/h at night.
pub fn tag(id: &str, quantity: Quantity, point: SamplingPoint, poll_min: i64) -> Tag {
    let high = match quantity {
        Quantity::FreeChlorine | Quantity::ChlorineDioxide | Quantity::Ozone => 5.0,
        Quantity::Turbidity => 100.0,
        _ => 1_000.0,
    };
    Tag {
        id: TagId::new(id).expect("an id"),
        title: Text::default(),
        quantity,
        point,
        range: (0.0, high),
        poll: Span::minutes(poll_min),
        village: None,
        storeys: (quantity == Quantity::Pressure).then_some(2),
        rise_m: 0.0,
        night_flow: (quantity == Quantity::Flow).then_some(NightFlow { usual_m3_per_h: 20.0 }),
    }
}
