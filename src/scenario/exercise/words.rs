//! Which words may follow a verb, at a plant and in an exercise: for files, and for menus.

use super::cause::CAUSES;
use super::deed::{LEVELS, NOTICES};
use super::{Exercise, Message};
use crate::base::units::Quantity;
use crate::plant::Plant;
use crate::plant::network::LinkKind;

/// Words that an exercise brings along.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Own {
    /// Ids of what can be looked at.
    pub checks: Vec<String>,
    /// Ids of what a crew can be sent to do.
    pub jobs: Vec<String>,
    /// Ids of messages that ask something.
    pub questions: Vec<String>,
    /// Ids of what can be answered.
    pub choices: Vec<String>,
}

impl Own {
    /// Those of messages alone.
    pub fn asked(messages: &[Message]) -> Self {
        let asked = messages.iter().filter(|message| !message.choices.is_empty());
        let choices = messages.iter().flat_map(|message| &message.choices);
        Self {
            questions: asked.map(|message| message.id.clone()).collect(),
            choices: choices.map(|choice| choice.id.clone()).collect(),
            ..Self::default()
        }
    }

    /// Those of a whole exercise.
    pub fn of(exercise: &Exercise) -> Self {
        Self {
            checks: exercise.checks.iter().map(|check| check.id.clone()).collect(),
            jobs: exercise.jobs.iter().map(|job| job.id.clone()).collect(),
            ..Self::asked(&exercise.messages)
        }
    }
}

/// Every word that may stand at a place behind a verb; none when any may (rules, numbers,
/// subjects).
pub fn word_list(plant: &Plant, exercise: &Exercise, verb: &str, at: usize) -> Option<Vec<String>> {
    words_of(plant, &Own::of(exercise), verb, at)
}

/// The same, of an exercise that may still have mistakes.
pub fn words_of(plant: &Plant, own: &Own, verb: &str, at: usize) -> Option<Vec<String>> {
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let villages = || {
        let all = plant.profile.villages.iter().map(|village| village.id.as_str().to_owned());
        all.chain(["all".to_owned()]).collect()
    };
    Some(match (verb, at) {
        ("diagnose", 0) => CAUSES.iter().map(|(code, ..)| (*code).to_owned()).collect(),
        ("check", 0) => own.checks.clone(),
        ("send-crew", 0) => own.jobs.clone(),
        ("grab-sample", 0) => plant.network.nodes.iter().map(|node| node.id.clone()).collect(),
        ("grab-sample", 1) => {
            // Ozone is not simulated: nobody would find any.
            let is_known = |it: &&Quantity| it.needs_sample() && **it != Quantity::Ozone;
            let all = Quantity::ALL.iter().filter(is_known);
            all.map(|it| it.name().to_owned()).collect()
        }
        ("open-trend", 0) => {
            plant.instruments.iter().map(|it| it.tag.id.as_str().to_owned()).collect()
        }
        ("answer", 0) => own.questions.clone(),
        ("answer", 1) => own.choices.clone(),
        ("start-pump" | "stop-pump" | "pump-auto", 0) => links(plant, true),
        ("close-valve" | "open-valve", 0) => links(plant, false),
        ("escalate", 0) => owned(&LEVELS),
        ("publish-notice" | "withdraw-notice", 0) => owned(&NOTICES),
        ("publish-notice", _) | ("dispatch-tanker" | "reply-tickets", 0) => villages(),
        _ => return None,
    })
}

fn links(plant: &Plant, pumps: bool) -> Vec<String> {
    let is_pump = |kind: &LinkKind| matches!(kind, LinkKind::Pump { .. });
    let links = plant.network.links.iter().filter(|link| is_pump(&link.kind) == pumps);
    links.map(|link| link.id.clone()).collect()
}
