//! What never changes while a desk is open: plants, places, instruments, rules.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::base::analyte::Analyte;
use crate::base::{PlantId, RuleId, TagId, Text};

/// Everything a page needs to say in words what a snapshot says in numbers.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Catalogue {
    /// The program's version.
    pub version: String,
    /// What the plants are together, or play, if it has a name.
    pub title: Option<Text>,
    /// Who sits here, unless they say otherwise.
    pub by: String,
    /// Plants, in the monitor's order.
    pub plants: Vec<PlantCard>,
    /// Rules, by id.
    pub rules: BTreeMap<RuleId, RuleCard>,
    /// How alarms may be set aside.
    pub handling: HandlingCard,
}

/// A plant.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlantCard {
    /// Its id.
    pub id: PlantId,
    /// Its name.
    pub title: Text,
    /// Its county.
    pub county: Text,
    /// What of it is invented.
    pub fiction: Text,
    /// People served.
    pub people: u32,
    /// Its local time is UTC and so many seconds.
    pub utc_offset_s: i64,
    /// What its residual is measured as, such as `free-chlorine`.
    pub residual: &'static str,
    /// Villages, in the order of its file.
    pub villages: Vec<VillageCard>,
    /// Instruments, in the order of its file.
    pub tags: Vec<TagCard>,
    /// The way of the water, for a drawing.
    pub scheme: Vec<Station>,
}

/// A village.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VillageCard {
    /// Its id.
    pub id: String,
    /// Its name.
    pub title: Text,
    /// People.
    pub people: u32,
}

/// An instrument.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TagCard {
    /// Its tag.
    pub id: TagId,
    /// Its name.
    pub title: Text,
    /// What it measures, such as `pressure`.
    pub quantity: &'static str,
    /// In which unit.
    pub unit: &'static str,
    /// Which water it looks at, such as `tap-water`.
    pub point: &'static str,
    /// Lowest and highest value it can show.
    pub range: (f64, f64),
    /// How often it is read, s.
    pub poll_s: f64,
    /// The village whose taps it stands for.
    pub village: Option<String>,
    /// The station of the drawing it belongs to.
    pub station: Option<usize>,
    /// What its values are held against.
    pub limits: Vec<LimitCard>,
    /// Rules that watch it.
    pub rules: Vec<RuleId>,
    /// Sampling sites beside it …
    pub sites: Vec<TagId>,
    /// … and what a laboratory calls that which it measures, if it looks for it.
    pub analyte: Option<Analyte>,
}

/// A limit in force at an instrument.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LimitCard {
    /// Whose it is.
    pub rule: RuleId,
    /// Is it broken by values below it, or above?
    pub below: bool,
    /// The limit, in the tag's unit.
    pub at: f64,
    /// Where it clears.
    pub clear: f64,
}

/// A rule in words.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RuleCard {
    /// What it is called.
    pub title: Text,
    /// What to do when it is raised.
    pub advice: Text,
    /// What it looks for.
    pub condition: String,
    /// Where it comes from.
    pub source: String,
    /// The same in Chinese, where that reads otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_zh: Option<String>,
    /// Its priority: `low`, `medium` or `high`.
    pub priority: &'static str,
    /// Its kind, such as `limit`.
    pub kind: &'static str,
    /// Does it say that people's water is not as it should be?
    pub of_water: bool,
    /// Where the procedure stands.
    pub runbook: Option<String>,
}

/// How alarms may be set aside.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct HandlingCard {
    /// Longest time on the shelf, min.
    pub longest_min: f64,
    /// So many at a plant at most.
    pub at_most: usize,
    /// What a reason begins with; empty: any text.
    pub reasons: Vec<String>,
    /// The same, for taking out of service.
    pub out_of_service_reasons: Vec<String>,
}

/// What a drawing shows as one box.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Station {
    /// What it is.
    pub kind: StationKind,
    /// Its name: of a village or of the works' part in words, else that of the network file.
    pub id: String,
    /// Its height, m; of a pump or valve, that of the place it draws from.
    pub elevation_m: Option<f64>,
    /// The station its water comes from, by position.
    pub from: Option<usize>,
}

/// Kinds of boxes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StationKind {
    /// Where raw water is taken.
    Raw,
    /// Treatment.
    Process,
    /// The clear well, where finished water is sampled.
    Finished,
    /// A tank.
    Tank,
    /// A pump.
    Pump,
    /// A valve that does something.
    Valve,
    /// A village.
    Village,
}

/// What plants, and what instruments, tend to have in common: of two hundred plants nearly all
/// words and limits are the same.
const SHARED_BY_PLANTS: [&str; 4] = ["county", "fiction", "utc_offset_s", "residual"];
const SHARED_BY_TAGS: [&str; 8] =
    ["quantity", "unit", "point", "range", "poll_s", "limits", "rules", "analyte"];

impl Catalogue {
    /// As pages get it: what several plants or instruments have in common is said once, in
    /// `likes`, and each names with `like` which of those it is.
    ///
    /// # Errors
    ///
    /// When something in it has no JSON, which none of ours lacks.
    pub fn packed(&self) -> serde_json::Result<Value> {
        let mut whole = serde_json::to_value(self)?;
        let (mut plants, mut tags) = (Likes::new(&SHARED_BY_PLANTS), Likes::new(&SHARED_BY_TAGS));
        for plant in each(whole.get_mut("plants")) {
            plants.share(plant);
            each(plant.get_mut("tags")).for_each(|tag| tags.share(tag));
        }
        whole["likes"] = json!({ "plants": plants.all, "tags": tags.all });
        Ok(whole)
    }
}

fn each(list: Option<&mut Value>) -> impl Iterator<Item = &mut Value> {
    list.and_then(Value::as_array_mut).into_iter().flatten()
}

/// What has been found to be shared.
struct Likes {
    keys: &'static [&'static str],
    all: Vec<Value>,
    known: BTreeMap<String, usize>,
}

impl Likes {
    fn new(keys: &'static [&'static str]) -> Self {
        Self { keys, all: Vec::new(), known: BTreeMap::new() }
    }

    /// Takes out of `of` what it shares, and says with what.
    fn share(&mut self, of: &mut Value) {
        let Some(of) = of.as_object_mut() else { return };
        let taken = self.keys.iter().filter_map(|key| of.remove_entry(*key));
        let taken = Value::Object(taken.collect::<Map<String, Value>>());
        let like = *self.known.entry(taken.to_string()).or_insert_with(|| {
            self.all.push(taken);
            self.all.len() - 1
        });
        of.insert("like".to_owned(), json!(like));
    }
}

#[cfg(test)]
mod tests {
    //! What is shared is said once and nothing is lost.

    use super::*;

    #[test]
    fn what_instruments_have_in_common_is_said_once_and_can_be_put_together_again() {
        let tag =
            |id: &str, unit: &str| json!({ "id": id, "unit": unit, "limits": [{ "at": 98.07 }] });
        let was = [tag("A", "kPa"), tag("B", "kPa"), tag("C", "bar")];
        let (mut now, mut likes) = (was.clone(), Likes::new(&SHARED_BY_TAGS));
        for tag in &mut now {
            likes.share(tag);
        }
        assert_eq!(likes.all.len(), 2);
        assert_eq!(now[1], json!({ "id": "B", "like": 0 }));
        for (now, was) in now.iter().zip(&was) {
            let like = now["like"].as_u64().and_then(|like| likes.all.get(like as usize));
            let mut again = like.and_then(Value::as_object).expect("one of them").clone();
            again.insert("id".to_owned(), now["id"].clone());
            assert_eq!(Value::Object(again), *was);
        }
    }

    #[test]
    fn a_catalogue_says_what_its_plants_are_like() {
        let packed = Catalogue::default().packed().expect("JSON");
        assert_eq!(packed["likes"], json!({ "plants": [], "tags": [] }));
        assert_eq!(packed["plants"], json!([]));
    }
}
