//! Flags of the encodings: how plants speak, and what a monitor hears besides our own wire.
#![cfg_attr(
    not(feature = "sparkplug"),
    allow(
        clippy::unnecessary_wraps,
        clippy::unused_self,
        reason = "without another encoding there is nothing to choose, and nothing to go wrong"
    )
)]

use std::path::Path;
use std::sync::Arc;

use clap::Args;
use tokio::sync::watch;

use crate::base::ids::Space;
use crate::cli::exit::Failure;
use crate::cli::live;
use crate::cli::settings::Settings;
use crate::exercise::live::company::{Company, Voices};
use crate::exercise::live::watch::Watch;
use crate::plant::Plant;
use crate::telemetry::access::Access;
use crate::telemetry::link::LinkStatus;
use crate::telemetry::mapping::Mapping;
use crate::telemetry::publisher::Publisher;
use crate::telemetry::signature::Keychain;

#[cfg(feature = "sparkplug")]
mod sparkplug;
#[cfg(not(feature = "sparkplug"))]
mod without;

/// How plants speak.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options of the encoding")]
pub struct SpeakArgs {
    #[cfg(feature = "sparkplug")]
    #[command(flatten)]
    sparkplug: sparkplug::NodeArgs,
    #[cfg(not(feature = "sparkplug"))]
    #[command(flatten)]
    _none: without::NodeArgs,
}

/// Plants that speak, and how each of their connections stands.
pub type Speaking = (Voices, Vec<watch::Receiver<LinkStatus>>);

impl SpeakArgs {
    /// Errors: flags that do not go together.
    pub fn check(&self) -> Result<(), Failure> {
        #[cfg(feature = "sparkplug")]
        self.sparkplug.check()?;
        Ok(())
    }

    /// The flags with which a monitor hears them in `space`, where that is not by our own wire.
    pub fn heard_by(&self, space: &Space) -> Option<String> {
        #[cfg(feature = "sparkplug")]
        return self.sparkplug.heard_by(space);
        #[cfg(not(feature = "sparkplug"))]
        {
            let _ = space;
            None
        }
    }

    /// The connections of a company. In `spool`, if there is one, messages wait until the broker
    /// has them. Errors: the spool cannot be used; too many connections for a guest.
    pub fn voices(
        &self,
        (broker, space): (&Access, &Space),
        (company, keys): (&Company, Keychain),
        (settings, spool): (&Settings, Option<&Path>),
    ) -> Result<Speaking, Failure> {
        #[cfg(feature = "sparkplug")]
        let nodes = self.sparkplug.nodes((broker, space), company, (settings, spool))?;
        #[cfg(feature = "sparkplug")]
        if let Some(nodes) = nodes {
            // What Sparkplug has no place for: complaints, laboratory results.
            let aside = spool.map(|it| live::spool(space, it.join("0"), settings));
            let aside = aside.transpose()?;
            let publishers = vec![Publisher::start_with(live::publishing(broker, settings), aside)];
            let links = nodes.iter().map(crate::telemetry::sparkplug::node::EdgeNode::status);
            let links = links.collect();
            let voices = Voices::new(space.clone(), company, publishers, keys).with_nodes(nodes);
            return Ok((voices, links));
        }
        let with = (settings, spool, live::LINGER);
        let publishers = live::publishers(broker, space, (company, &keys), with)?;
        let links = publishers.iter().map(Publisher::status).collect();
        Ok((Voices::new(space.clone(), company, publishers, keys), links))
    }
}

/// What a monitor hears besides our own wire.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options of the encoding")]
pub struct HearArgs {
    #[cfg(feature = "sparkplug")]
    #[command(flatten)]
    sparkplug: sparkplug::HostArgs,
    #[cfg(not(feature = "sparkplug"))]
    #[command(flatten)]
    _none: without::HostArgs,
}

impl HearArgs {
    /// What else to subscribe to. Errors: no group that there can be; no Sparkplug in this build.
    pub fn filters(&self, mapping: Option<&Mapping>) -> Result<Vec<String>, Failure> {
        #[cfg(feature = "sparkplug")]
        return self.sparkplug.filters(mapping);
        #[cfg(not(feature = "sparkplug"))]
        match mapping.and_then(Mapping::sparkplug) {
            None => Ok(Vec::new()),
            Some(_) => Err(Failure::usage(without::TEXT)),
        }
    }

    /// The monitor, with ears for that too. Needs a runtime.
    pub fn hear(
        &self,
        service: Watch,
        place: (&Access, &Space),
        of: (&[Arc<Plant>], Option<&Mapping>),
        settings: &Settings,
    ) -> Result<Watch, Failure> {
        #[cfg(feature = "sparkplug")]
        return self.sparkplug.hear(service, place, of, settings);
        #[cfg(not(feature = "sparkplug"))]
        {
            let _ = (place, of, settings);
            Ok(service)
        }
    }
}
