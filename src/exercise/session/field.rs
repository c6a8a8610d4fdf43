//! People on the way: samples, checks, crews, tankers, valves.

use rand::RngExt;

use super::{Effect, NotNow, Ordered, Session, text};
use crate::base::random::stream;
use crate::base::units::Quantity;
use crate::base::{Span, Stamp, Text};
use crate::exercise::names::Names;
use crate::exercise::session::log::{Entry, What};
use crate::plant::Plant;
use crate::plant::network::NodeIndex;
use crate::plant::tags::Place;
use crate::scenario::exercise::deed::Deed;
use crate::world::truth::Truth;

/// A field kit is within so much of the truth, one standard deviation `[D]`.
const KIT_SHARE: f64 = 0.03;

/// Somebody who has been sent out.
#[derive(Debug, Clone)]
pub struct Errand {
    /// What for.
    pub deed: Deed,
    /// When it will be done.
    pub due: Stamp,
    who: String,
}

impl Errand {
    /// Somebody leaves at `now`; `usual`: how long it takes where the exercise does not say.
    /// Errors, in words: there is no such place or work, or somebody is at it already.
    pub fn new(
        deed: &Deed,
        who: &str,
        (now, usual): (Stamp, Span),
        session: &Session,
    ) -> Result<Self, NotNow> {
        if session.errands.iter().any(|errand| errand.deed == *deed) {
            return Err(NotNow("somebody is on the way already".to_owned()));
        }
        let exercise = &session.exercise;
        let word = deed.arg(0);
        let unknown = |what: &str| NotNow(format!("there is no {what} {word}"));
        let takes = match deed.verb().name {
            "check" => {
                let found = exercise.checks.iter().find(|check| check.id == word);
                found.ok_or_else(|| unknown("check"))?.takes
            }
            "send-crew" => {
                let found = exercise.jobs.iter().find(|job| job.id == word);
                found.ok_or_else(|| unknown("job"))?.takes
            }
            "grab-sample" => {
                let node = node(&session.plant, word).ok_or_else(|| unknown("point"))?;
                if quantity(deed.arg(1)).is_none() {
                    return Err(NotNow(format!("nobody can sample {}", deed.arg(1))));
                }
                if is_in_village(&session.plant, node) { usual + usual } else { usual }
            }
            _ => usual,
        };
        Ok(Self { deed: deed.clone(), due: now + takes, who: who.to_owned() })
    }
}

impl Session {
    /// Those whose time has come are done.
    pub(super) fn come_back(&mut self, truth: &Truth) {
        let now = self.facts.now.at;
        let (back, away) = std::mem::take(&mut self.errands)
            .into_iter()
            .partition::<Vec<Errand>, _>(|errand| errand.due <= now);
        self.errands = away;
        for errand in back {
            let says = self.done(&errand, truth);
            self.note(&errand.who, What::Returned { deed: errand.deed, says });
        }
    }

    /// What somebody says who has done what they were sent for.
    fn done(&mut self, errand: &Errand, truth: &Truth) -> Text {
        let deed = &errand.deed;
        let word = deed.arg(0);
        match deed.verb().name {
            "check" => self.check(word),
            "send-crew" => {
                let job = self.exercise.jobs.iter().find(|job| job.id == word);
                let (ends, says) =
                    job.map(|job| (job.ends.clone(), job.says.clone())).unwrap_or_default();
                self.effects.extend(ends.into_iter().map(Effect::End));
                says
            }
            "grab-sample" => self.sample(deed, truth),
            "dispatch-tanker" => {
                self.relief.bring(word, self.facts.now.at);
                let place = Names::new(&self.exercise, &self.plant).other(word);
                text(format!("The tanker is at {}.", place.en), format!("送水车已到{}。", place.zh))
            }
            _ => {
                self.effects.push(Effect::Order(Ordered::new(&errand.who, deed)));
                let deed = Names::new(&self.exercise, &self.plant).deed(deed);
                text(format!("We are there: {}.", deed.en), format!("已到现场:{}。", deed.zh))
            }
        }
    }

    fn check(&self, id: &str) -> Text {
        let Some(check) = self.exercise.checks.iter().find(|check| check.id == id) else {
            return Text::default();
        };
        let otherwise = check.otherwise.as_ref().filter(|(of, _)| !self.is_in_force(*of));
        otherwise.map_or(&check.says, |(_, text)| text).clone()
    }

    /// Is an injection of the scenario in force, and has no job ended it?
    fn is_in_force(&self, of: usize) -> bool {
        let injection = &self.exercise.scenario.injections[of];
        let ended = self.log.iter().any(|entry| match &entry.what {
            What::Returned { deed, .. } if deed.verb().name == "send-crew" => {
                let job = self.exercise.jobs.iter().find(|job| job.id == deed.arg(0));
                job.is_some_and(|job| job.ends.contains(&injection.id))
            }
            _ => false,
        });
        injection.is_active(self.facts.now.at) && !ended
    }

    /// A sample, measured on the spot with a field kit.
    fn sample(&self, deed: &Deed, truth: &Truth) -> Text {
        let (point, quantity) = (deed.arg(0), quantity(deed.arg(1)));
        let place = node(&self.plant, point).map(Place::Node);
        let value = place.zip(quantity).and_then(|(place, it)| truth.value(place, it));
        let names = Names::new(&self.exercise, &self.plant);
        let point = names.place(point);
        let Some((value, quantity)) = value.zip(quantity) else {
            let (en, zh) = (point.en, point.zh);
            return text(format!("{en}: nothing to sample."), format!("{zh}:无法取样。"));
        };
        // Counted by itself: what else is in the log changes no sample.
        let is_sample = |entry: &&Entry| match &entry.what {
            What::Returned { deed, .. } => deed.verb().name == "grab-sample",
            _ => false,
        };
        let taken = self.log.iter().filter(is_sample).count();
        let mut rng = stream(self.exercise.scenario.seed, &format!("exercise/sample/{taken}"));
        let off = (rng.random::<f64>() + rng.random::<f64>() - 1.0) * KIT_SHARE * 2.4;
        let (value, unit) = (value * (1.0 + off), quantity.unit());
        let name = names.other(quantity.name());
        text(
            format!("Sample, {}: {} {value:.2} {unit}.", point.en, name.en),
            format!("现场取样,{}:{}{value:.2} {unit}。", point.zh, name.zh),
        )
    }
}

fn node(plant: &Plant, name: &str) -> Option<NodeIndex> {
    plant.network.nodes.iter().position(|node| node.id == name).map(NodeIndex)
}

fn quantity(name: &str) -> Option<Quantity> {
    Quantity::ALL.into_iter().find(|it| it.name() == name && it.needs_sample())
}

fn is_in_village(plant: &Plant, node: NodeIndex) -> bool {
    plant.profile.villages.iter().any(|village| village.taps.contains(&node))
}
