//! Flags of Sparkplug B (`src/docs/sparkplug.md`).

use std::path::Path;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use tokio::sync::mpsc;

use crate::base::PlantId;
use crate::base::ids::Space;
use crate::base::time::wall_now;
use crate::cli::exit::Failure;
use crate::cli::live;
use crate::cli::settings::Settings;
use crate::exercise::live::company::Company;
use crate::exercise::live::watch::Watch;
use crate::plant::Plant;
use crate::simulator;
use crate::telemetry::access::Access;
use crate::telemetry::mapping::Mapping;
use crate::telemetry::publisher::Publisher;
use crate::telemetry::sparkplug::edge::Edge;
use crate::telemetry::sparkplug::host::{Book, Host, Names};
use crate::telemetry::sparkplug::node::EdgeNode;
use crate::telemetry::sparkplug::topic::Group;

/// Questions that may wait.
const QUESTIONS: usize = 64;

/// How plants speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Spoken {
    /// Our own wire
    Json,
    /// Sparkplug B: each plant is an edge node
    Sparkplug,
}

/// How plants speak.
#[derive(Debug, Clone, Args)]
pub struct NodeArgs {
    /// How plants speak
    #[arg(long, value_enum, default_value_t = Spoken::Json)]
    encoding: Spoken,
    /// The group of Sparkplug that they are nodes of; called like the space by default
    #[arg(long, value_name = "NAME", value_parser = Group::new)]
    group: Option<Group>,
}

impl NodeArgs {
    fn group(&self, space: &Space) -> Option<Group> {
        let is_it = self.encoding == Spoken::Sparkplug;
        let group = || self.group.clone().or_else(|| Group::new(space.as_str()).ok());
        is_it.then(group).flatten()
    }

    pub(super) fn check(&self) -> Result<(), Failure> {
        if self.group.is_some() && self.encoding != Spoken::Sparkplug {
            let text = "--group is of --encoding sparkplug: give both, or leave --group out";
            return Err(Failure::usage(text));
        }
        Ok(())
    }

    pub(super) fn heard_by(&self, space: &Space) -> Option<String> {
        Some(format!(" --sparkplug {}", self.group(space)?))
    }

    /// Each plant as a node with a connection of its own, and with a folder of its own in the
    /// spool, if there is one; none when they speak otherwise. Errors: too many for a guest; the
    /// spool cannot be used.
    pub(super) fn nodes(
        &self,
        (broker, space): (&Access, &Space),
        company: &Company,
        (settings, spool): (&Settings, Option<&Path>),
    ) -> Result<Option<Vec<EdgeNode>>, Failure> {
        let Some(group) = self.group(space) else { return Ok(None) };
        let (count, most) = (company.ids().len(), live::CONNECTIONS_MAX);
        if broker.ceiling.is_some() && count > most {
            return Err(Failure::usage(format!(
                "each of these {count} plants would need a connection of its own, more than the \
                 {most} that a guest may have: leave out --encoding sparkplug, or give --own if \
                 the broker is yours"
            )));
        }
        // Another than in the last run, most likely: a late will of that one is then told apart.
        let first = (wall_now().as_ms() / 1_000) as u8;
        let node = |plant: &PlantId| {
            let edge = Edge::new(group.clone(), plant.clone(), first, company.now());
            let folder = spool.map(|it| it.join("nodes").join(plant.as_str()));
            let spool = folder.map(|folder| live::spool(space, folder, settings));
            Ok(EdgeNode::start(live::publishing(broker, settings), edge, spool.transpose()?))
        };
        company.ids().iter().map(node).collect::<Result<_, _>>().map(Some)
    }
}

/// When a host asks nodes for their births.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Rebirth {
    /// On a broker of ours: one on this machine, or with --own
    Own,
    /// On any broker
    Always,
    /// Never: what was not heard from the start is not understood
    Never,
}

/// What a monitor hears besides our own wire.
#[derive(Debug, Clone, Args)]
pub struct HostArgs {
    /// Hear the nodes of this group of Sparkplug B too (src/docs/sparkplug.md)
    #[arg(long, value_name = "GROUP", value_parser = Group::new)]
    sparkplug: Option<Group>,
    /// When to ask nodes for their births
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Rebirth::Own)]
    rebirth: Rebirth,
}

impl HostArgs {
    /// The group that is heard, by a flag or by the mapping.
    fn group(&self, mapping: Option<&Mapping>) -> Result<Option<Group>, Failure> {
        let of_mapping = || mapping.and_then(Mapping::sparkplug).map(Group::new);
        self.sparkplug.clone().map(Ok).or_else(of_mapping).transpose().map_err(Failure::usage)
    }

    pub(super) fn filters(&self, mapping: Option<&Mapping>) -> Result<Vec<String>, Failure> {
        Ok(self.group(mapping)?.iter().flat_map(Group::filters).collect())
    }

    /// Hears a group; what it asks goes out over a connection of its own.
    pub(super) fn hear(
        &self,
        service: Watch,
        (broker, space): (&Access, &Space),
        (plants, mapping): (&[Arc<Plant>], Option<&Mapping>),
        settings: &Settings,
    ) -> Result<Watch, Failure> {
        let Some(group) = self.group(mapping)? else { return Ok(service) };
        let described = plants.iter().map(|plant| {
            let tags = plant.instruments.iter().map(|it| simulator::describe(&it.tag));
            (plant.id.clone(), tags.collect())
        });
        let names = mapping
            .map(Mapping::names)
            .map(|(plants, tags)| Names { plants: plants.clone(), tags: tags.clone() });
        let book = Book::new(described, names.unwrap_or_default());
        let asks = match self.rebirth {
            Rebirth::Own => broker.ceiling.is_none(),
            Rebirth::Always => true,
            Rebirth::Never => false,
        };
        let (questions, waiting) = mpsc::channel(QUESTIONS);
        if asks {
            tokio::spawn(ask(live::speaker(broker, settings), waiting));
        }
        let host = Host::new(group, space.clone(), book, asks);
        Ok(service.with_encoding(Box::new(host), questions))
    }
}

/// Publishes what is asked, until nobody asks any more.
async fn ask(publisher: Publisher, mut questions: mpsc::Receiver<(String, Vec<u8>)>) {
    while let Some((topic, payload)) = questions.recv().await {
        if publisher.publish(topic, payload).await.is_err() {
            return;
        }
    }
}
