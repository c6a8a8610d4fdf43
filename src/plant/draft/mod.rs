//! Writes a plant's folder: what a person would otherwise begin with by hand.
//!
//! In: a network with a source and taps, and what is known of the plant. Out: the texts of its
//! folder, with everything that was guessed said beside it. Must not know: where they are kept.

mod graph;
mod instruments;
mod text;
mod villages;
mod works;

use crate::base::problem::Source;
use crate::base::{PlantId, Text};
use crate::plant::load::Files;
use crate::plant::network::{Network, NodeIndex, NodeKind};
use crate::plant::profile::SourceKind;
use graph::Graph;
pub use instruments::Detail;
pub use works::WorksPlaces;
pub(crate) use works::{add_link, add_node};

/// Largest day over the average one, and what filters use themselves `[D]`, after Kd 1.3–1.6 `[M]`.
const CAPACITY_OVER_DEMAND: f64 = 1.5;

/// Leakage of a sound network as a share of the average demand `[D]`.
const LEAKAGE_SHARE: f64 = 0.1;

/// Pressure head from which all that is wanted is drawn, m, as in the Sanmen plant `[D]`.
const REQUIRED_M: f64 = 10.0;

/// Chlorine decay when nobody says another: 1/day and m/day, as in the Sanmen plant `[D]`.
const DECAY: (f64, f64) = (0.6, 0.02);

/// Why a network cannot become a plant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DraftError {
    /// Neither a reservoir nor an inflow.
    #[error(
        "the network has no source: no reservoir, and no junction with an inflow; add a reservoir \
         where the works stands"
    )]
    NoSource,
    /// The named source is none.
    #[error("{id:?} is no source of the network; its reservoirs: {}", known.join(", "))]
    WrongSource {
        /// What was named.
        id: String,
        /// The reservoirs there are.
        known: Vec<String>,
    },
    /// Nobody draws water.
    #[error("nobody draws water: every demand is 0; give junctions a demand")]
    NoDemand,
    /// Taps that no water can reach.
    #[error(
        "{count} taps have no path to a source ({}): open a link to them, or set their demand to 0",
        some.join(", ")
    )]
    NoPath {
        /// How many.
        count: usize,
        /// The first of them.
        some: Vec<String>,
    },
}

/// A village of a draft.
#[derive(Debug, Clone)]
pub struct DraftVillage {
    /// Its id.
    pub id: String,
    /// Its name: invented.
    pub title: Text,
    /// People.
    pub people: u32,
    /// Storeys of its usual houses, 1 to 4.
    pub storeys: u32,
    /// Junctions with demand; the far end last.
    pub taps: Vec<NodeIndex>,
}

/// A plant before it is written.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Its name for people.
    pub title: Text,
    /// What of it is invented.
    pub fiction: Text,
    /// Where it stands.
    pub county: Text,
    /// Design capacity.
    pub capacity_m3_per_day: f64,
    /// Where the raw water comes from.
    pub source: SourceKind,
    /// The network with the works in it.
    pub network: Network,
    /// Where in it.
    pub works: WorksPlaces,
    /// Villages: every junction with demand is a tap of one.
    pub villages: Vec<DraftVillage>,
    /// How much is measured.
    pub detail: Detail,
    /// Average leakage of the condition `normal`, m³/h at 20 m.
    pub leakage_m3_per_h: f64,
    /// What was guessed, a sentence each; opens plant.toml.
    pub guesses: Vec<String>,
}

/// The texts of a plant's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// Paths within the folder, and texts.
    pub texts: Vec<(String, String)>,
}

impl Folder {
    /// As the plant's reader takes them; paths begin with `prefix`.
    pub fn files(&self, prefix: &str) -> Files {
        let source = |path: &str| {
            let text = self.texts.iter().find(|(name, _)| name == path);
            Source::new(format!("{prefix}{path}"), text.map_or("", |(_, text)| text.as_str()))
        };
        let conditions = text::CONDITIONS.map(|name| {
            let path = format!("conditions/{name}.toml");
            (name.to_owned(), source(&path))
        });
        Files {
            network: source("network.inp"),
            plant: source("plant.toml"),
            instruments: source("instruments.toml"),
            laboratory: None,
            conditions: conditions.to_vec(),
        }
    }
}

/// What is known of a network that is to become a plant.
#[derive(Debug, Clone)]
pub struct Known {
    /// The new plant's id.
    pub id: PlantId,
    /// The file it came from, for the comments.
    pub file: String,
    /// The reservoir at which the works stands, when somebody has said.
    pub source: Option<String>,
    /// Water that already leaks, m³/h at 20 m (EPANET's emitters).
    pub leakage_m3_per_h: f64,
    /// What was changed on the way here, a sentence each.
    pub changes: Vec<String>,
}

impl Draft {
    /// A draft of any network in average flows: everything else is guessed, and said.
    pub fn of_network(mut network: Network, known: Known) -> Result<Self, DraftError> {
        let graph = Graph::new(&network);
        let source = pick_source(&network, &graph, known.source.as_deref())?;
        let taps = graph::taps(&network);
        if taps.is_empty() {
            return Err(DraftError::NoDemand);
        }
        check_paths(&network, &graph, &taps)?;
        let demand: f64 = taps.iter().map(|tap| graph::demand_m3_per_h(&network, *tap)).sum();
        let capacity_m3_per_h = round_up(demand * CAPACITY_OVER_DEMAND);
        let mut guesses = known.changes;
        let id = network.nodes[source.0].id.clone();
        guesses.push(format!(
            "the works stands at {id}, which became its clear well; another reservoir: \
             sanmen plant new … --source ID"
        ));
        let kind = guess_kind(&id);
        guesses.push(format!("the source is a {}", text::source_word(kind)));
        guesses.push("people: 100 L a head and day of the file's average demand".to_owned());
        guesses.push("villages: taps that lie close together; their names are invented".to_owned());
        guesses.push(format!(
            "the works produces at most {CAPACITY_OVER_DEMAND} times the average demand"
        ));
        let villages = villages::draw(&network, &graph, source);
        complete(&mut network, &mut guesses);
        let works = works::put_before(&mut network, source, capacity_m3_per_h);
        let villages = villages.into_iter().enumerate().map(|(at, cluster)| DraftVillage {
            id: format!("village-{}", at + 1),
            title: Text { en: format!("Village {}", at + 1), zh: format!("{}号村", at + 1) },
            people: cluster.people,
            storeys: 2,
            taps: cluster.taps,
        });
        let (name, file) = (known.id.as_str(), &known.file);
        Ok(Self {
            title: Text { en: format!("{name} waterworks"), zh: format!("{name}水厂") },
            fiction: Text {
                en: format!(
                    "Drafted from the network {file}: the works, the villages, the instruments \
                     and every figure that is not in that file are invented."
                ),
                zh: format!("由管网文件 {file} 生成：水厂、村庄、仪表及该文件以外的数据均为虚构。"),
            },
            county: Text { en: "unknown".to_owned(), zh: "未知".to_owned() },
            capacity_m3_per_day: capacity_m3_per_h * 24.0,
            source: kind,
            villages: villages.collect(),
            works,
            network,
            detail: Detail::Full,
            leakage_m3_per_h: known.leakage_m3_per_h + LEAKAGE_SHARE * demand,
            guesses,
        })
    }

    /// Puts a works that produces so much before `source`, a reservoir.
    pub fn works_before(
        network: &mut Network,
        source: NodeIndex,
        capacity_m3_per_h: f64,
    ) -> WorksPlaces {
        works::put_before(network, source, capacity_m3_per_h)
    }

    /// The folder's texts.
    pub fn folder(&self) -> Folder {
        let mut texts = vec![
            ("network.inp".to_owned(), text::network(self)),
            ("plant.toml".to_owned(), text::plant(self)),
            ("instruments.toml".to_owned(), instruments::write(self)),
        ];
        texts.extend(text::conditions(self));
        Folder { texts }
    }
}

/// The reservoir that somebody named, or the one that most of the water has the shortest way from.
fn pick_source(
    network: &Network,
    graph: &Graph,
    named: Option<&str>,
) -> Result<NodeIndex, DraftError> {
    let all = network.nodes.iter().enumerate();
    let is_source = |kind: &NodeKind| matches!(kind, NodeKind::Reservoir);
    let sources: Vec<NodeIndex> =
        all.filter(|(_, node)| is_source(&node.kind)).map(|(at, _)| NodeIndex(at)).collect();
    let id = |source: &NodeIndex| network.nodes[source.0].id.as_str();
    if let Some(named) = named {
        let known = || sources.iter().map(|source| id(source).to_owned()).collect();
        let wrong = || DraftError::WrongSource { id: named.to_owned(), known: known() };
        return sources.iter().copied().find(|source| id(source) == named).ok_or_else(wrong);
    }
    let ways: Vec<Vec<f64>> = sources.iter().map(|source| graph.distances(&[*source])).collect();
    let mut served = vec![0.0; sources.len()];
    for tap in graph::taps(network) {
        let near = (0..sources.len()).min_by(|a, b| ways[*a][tap.0].total_cmp(&ways[*b][tap.0]));
        if let Some(near) = near {
            served[near] += graph::demand_m3_per_h(network, tap);
        }
    }
    let most = (0..sources.len()).rev().max_by(|a, b| served[*a].total_cmp(&served[*b]));
    most.map(|at| sources[at]).ok_or(DraftError::NoSource)
}

fn check_paths(network: &Network, graph: &Graph, taps: &[NodeIndex]) -> Result<(), DraftError> {
    let is_source = |at: &usize| matches!(network.nodes[*at].kind, NodeKind::Reservoir);
    let sources: Vec<NodeIndex> =
        (0..network.nodes.len()).filter(is_source).map(NodeIndex).collect();
    let way = graph.distances(&sources);
    let lost = taps.iter().filter(|tap| way[tap.0].is_infinite());
    let lost: Vec<String> = lost.map(|tap| network.nodes[tap.0].id.clone()).collect();
    if lost.is_empty() {
        return Ok(());
    }
    Err(DraftError::NoPath { count: lost.len(), some: lost.into_iter().take(5).collect() })
}

/// What a plant needs and the file does not say.
fn complete(network: &mut Network, guesses: &mut Vec<String>) {
    if network.demand_driven {
        network.demand_driven = false;
        network.pressure_driven.required = crate::base::units::Length::m(REQUIRED_M);
        guesses.push(format!(
            "demand follows the pressure below {REQUIRED_M} m; the file delivers it whatever the \
             pressure (DDA)"
        ));
    }
    let decay = &mut network.reactions;
    if decay.bulk_per_day == 0.0 && decay.wall_m_per_day == 0.0 {
        (decay.bulk_per_day, decay.wall_m_per_day) = DECAY;
        guesses.push("chlorine decays as in the Sanmen plant: the file does not say".to_owned());
    }
}

/// By the words in its name.
fn guess_kind(id: &str) -> SourceKind {
    let name = id.to_lowercase();
    let has = |word: &str| name.contains(word);
    match () {
        () if has("well") => SourceKind::Well,
        () if has("spring") => SourceKind::Spring,
        () if has("lake") || has("reservoir") => SourceKind::Reservoir,
        () => SourceKind::River,
    }
}

/// Two digits, and never less.
fn round_up(value: f64) -> f64 {
    let size = libm::pow(10.0, libm::floor(libm::log10(value.max(0.1))) - 1.0);
    (libm::ceil(value / size) * size).max(0.1)
}

/// A plant's files, checked: what a draft is good for.
#[cfg(test)]
fn loads(draft: &Draft) -> crate::plant::Plant {
    let id = PlantId::new("drafted").expect("an id");
    crate::plant::load::load(id, &draft.folder().files(""))
        .unwrap_or_else(|problems| panic!("{}", problems.render(false)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plant::inp::read;

    const TOWN: &str = "[JUNCTIONS]\n A 10 5\n B 12 7.5\n C 30 2.5\n[RESERVOIRS]\n Lake 60\n\
        Mill 55\n[TANKS]\n T 50 1 0 3 8\n[PIPES]\n 1 Lake A 100 150 130\n 2 A B 800 150 130\n\
        3 B C 900 100 130\n 4 C T 10 100 130\n 5 Mill C 2000 50 130\n[OPTIONS]\n Units CMH\n";

    fn network(text: &str) -> Network {
        read(&Source::new("town.inp", text)).expect("a sound file")
    }

    fn known(source: Option<&str>) -> Known {
        Known {
            id: PlantId::new("town").expect("an id"),
            file: "town.inp".to_owned(),
            source: source.map(str::to_owned),
            leakage_m3_per_h: 0.0,
            changes: Vec::new(),
        }
    }

    #[test]
    fn a_draft_loads_and_holds_what_the_network_says() {
        let draft = Draft::of_network(network(TOWN), known(None)).expect("a plant");
        let plant = loads(&draft);
        assert_eq!(plant.network.nodes[plant.train.clear_well.0].id, "Lake");
        assert_eq!(plant.profile.source, SourceKind::Reservoir);
        assert_eq!(plant.profile.population, 3_600, "15 m³/h at 100 L a head and day");
        assert!((plant.train.capacity_m3_per_h - 23.0).abs() < 1e-9, "22.5, two digits up");
        let names: Vec<&str> = plant.conditions.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["aged", "normal", "renewed"]);
        assert!((plant.conditions[1].leakage_m3_per_h_at_20_m - 1.5).abs() < 1e-9);
    }

    #[test]
    fn another_source_may_be_named() {
        let draft = Draft::of_network(network(TOWN), known(Some("Mill"))).expect("a plant");
        let plant = loads(&draft);
        assert_eq!(plant.network.nodes[plant.train.clear_well.0].id, "Mill");
        let wrong = Draft::of_network(network(TOWN), known(Some("A"))).expect_err("a junction");
        assert!(wrong.to_string().contains("Lake, Mill"), "{wrong}");
    }

    #[test]
    fn what_can_be_no_plant_is_told_with_the_way_out() {
        let dry = TOWN.replace("A 10 5", "A 10 0").replace(" 7.5", " 0").replace(" 2.5", " 0");
        let error = |text: &str| Draft::of_network(network(text), known(None)).expect_err("none");
        assert_eq!(error(&dry), DraftError::NoDemand);
        let cut = TOWN
            .replace("A B 800 150 130", "A B 800 150 130 0 Closed")
            .replace("C 2000 50 130", "C 2000 50 130 0 Closed");
        assert_eq!(
            error(&cut),
            DraftError::NoPath { count: 2, some: vec!["B".to_owned(), "C".to_owned()] }
        );
        let tank_only = TOWN
            .replace("[RESERVOIRS]\n Lake 60\nMill 55\n", "")
            .replace(" 1 Lake A 100 150 130\n", "")
            .replace("5 Mill C 2000 50 130\n", "");
        assert_eq!(error(&tank_only), DraftError::NoSource);
    }

    #[test]
    fn a_capacity_is_rounded_up_to_two_digits() {
        let close = |value, wanted: f64| (round_up(value) - wanted).abs() < 1e-9;
        assert!(close(22.5, 23.0) && close(23.0, 23.0) && close(1_234.0, 1_300.0));
        assert!(close(0.0, 0.1) && close(0.314, 0.32));
    }
}
