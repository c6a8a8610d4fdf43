//! Whose a metric is: their names, and ours.

use std::collections::BTreeMap;

use srad_types::payload::{DataType, Metric};

use crate::base::foreign::unit::Conversion;
use crate::base::units::Quantity;
use crate::base::{PlantId, Span, TagId};
use crate::telemetry::mapping::Misfit;
use crate::telemetry::sparkplug::metric::{self, HIGH, LOW, POLL_MS, QUANTITY, UNIT};
use crate::telemetry::sparkplug::session::Instrument;
use crate::telemetry::sparkplug::topic::Topic;
use crate::telemetry::sparkplug::{BD_SEQ, REBIRTH};
use crate::telemetry::wire::{POLL_MAX, TagBirth, VALUE_MAX};

/// Folders of metrics that are no readings, as nodes commonly have them.
const NO_READINGS: [&str; 4] = ["Node Control/", "Device Control/", "Properties/", "Node Info/"];

/// Their names of plants and instruments, and ours.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Names {
    /// Of plants: an edge node, or `node/device`.
    pub plants: BTreeMap<String, String>,
    /// Of instruments: a metric, or `device/metric`, or `node/device/metric`.
    pub tags: BTreeMap<String, String>,
}

/// The plants that are watched, and what others call them.
#[derive(Debug, Clone, Default)]
pub struct Book {
    plants: BTreeMap<PlantId, BTreeMap<TagId, TagBirth>>,
    names: Names,
}

type NoReading = (Misfit, String);

impl Book {
    /// These plants, each with its instruments as our files describe them.
    pub fn new(plants: impl IntoIterator<Item = (PlantId, Vec<TagBirth>)>, names: Names) -> Self {
        let by_tag = |tags: Vec<TagBirth>| {
            tags.into_iter().map(|tag| (tag.tag.clone(), tag)).collect::<BTreeMap<_, _>>()
        };
        let plants = plants.into_iter().map(|(plant, tags)| (plant, by_tag(tags))).collect();
        Self { plants, names }
    }

    /// The plant that a device or its node is; a device goes before its node.
    pub(super) fn plant(&self, node: &str, device: Option<&str>) -> Option<PlantId> {
        let named = |name: &str| {
            let name = self.names.plants.get(name).map_or(name, String::as_str);
            let known = PlantId::new(name).ok()?;
            self.plants.contains_key(&known).then_some(known)
        };
        let of_device =
            device.and_then(|device| named(&format!("{node}/{device}")).or_else(|| named(device)));
        of_device.or_else(|| named(node))
    }

    /// The instrument that a metric of a birth is, and its birth on our wire; none: it is no
    /// reading. Errors: nobody's instrument, or one that has no such unit.
    pub(super) fn instrument(
        &self,
        topic: Topic<'_>,
        plant: &PlantId,
        one: &Metric,
    ) -> Result<Option<(Instrument, TagBirth)>, NoReading> {
        let name = one.name.as_deref().unwrap_or_default();
        let Some(ours) = self.tag(topic, plant, name) else {
            let is_number = one.datatype.is_none_or(|kind| {
                (DataType::Int8 as u32..=DataType::Boolean as u32).contains(&kind)
            });
            let is_control = [BD_SEQ, REBIRTH].contains(&name)
                || NO_READINGS.iter().any(|folder| name.starts_with(folder));
            return if is_number && !is_control {
                Err((Misfit::UnknownTag, format!("{name:?} is no instrument")))
            } else {
                Ok(None)
            };
        };
        let said = metric::text_of(one, QUANTITY);
        let said = said.and_then(|said| Quantity::ALL.into_iter().find(|it| it.name() == said));
        let quantity = said.unwrap_or(ours.quantity);
        let unit = metric::text_of(one, UNIT).filter(|unit| !unit.is_empty());
        let unit = unit.unwrap_or(quantity.unit());
        let convert = if unit == quantity.unit() {
            Conversion::NONE
        } else {
            Conversion::of(quantity, unit).ok_or_else(|| {
                let text = format!("{} is no {unit}: it is {}", ours.tag, quantity.name());
                (Misfit::BadUnit, text)
            })?
        };
        let end = |key| metric::number_of(one, key).map(|end| convert.apply(end));
        let range = end(LOW).zip(end(HIGH));
        let range =
            range.filter(|(low, high)| low < high && *low >= -VALUE_MAX && *high <= VALUE_MAX);
        let poll = metric::number_of(one, POLL_MS).map(|ms| Span::ms(ms as i64));
        let poll = poll.filter(|poll| *poll > Span::ZERO && *poll <= POLL_MAX);
        let birth = TagBirth {
            tag: ours.tag.clone(),
            quantity,
            unit: quantity.unit().to_owned(),
            range: range.unwrap_or(ours.range),
            poll_ms: poll.unwrap_or(ours.poll_ms),
        };
        let instrument = Instrument { plant: plant.clone(), tag: ours.tag.clone(), convert };
        Ok(Some((instrument, birth)))
    }

    fn tag(&self, topic: Topic<'_>, plant: &PlantId, name: &str) -> Option<&TagBirth> {
        let Topic { node, device, .. } = topic;
        let tags = self.plants.get(plant)?;
        let device = device.unwrap_or_default();
        let long = [format!("{node}/{device}/{name}"), format!("{device}/{name}")];
        let mut names = long.iter().map(String::as_str).chain([name]);
        let renamed = names.find_map(|name| self.names.tags.get(name));
        tags.get(&TagId::new(renamed.map_or(name, String::as_str)).ok()?)
    }
}
