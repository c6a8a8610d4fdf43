//! How many messages a second a recorded stream makes, before it is said on somebody's broker.

use std::collections::VecDeque;
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};

use super::said::Played;
use crate::base::{PlantId, Span};
use crate::cli::exit::Failure;
use crate::cli::recording::form::{Form, is_standard_input};
use crate::cli::recording::stream::Messages;
use crate::cli::recording::{Progress, Refused};
use crate::exercise::live::pace::Pace;
use crate::telemetry::topic::Topic;

/// Real time over which they are counted: bursts of a moment trouble nobody.
const COUNTED: Span = Span::seconds(10);

/// What a look through a recorded stream has shown.
pub struct Survey {
    /// When each message is due, counted from the first, in the plants' time.
    due: Vec<Span>,
    /// How fast the plants' time ran when it was recorded, at most.
    pub speed: f64,
    /// How many plants speak in it.
    pub plants: usize,
}

/// Looks through the stream in `path`, and shows how far it is. `plant`: only what this one says.
/// Errors: it cannot be read, or only once.
pub fn survey(
    (path, form): (&Path, Option<Form>),
    plant: Option<&PlantId>,
) -> Result<Survey, Failure> {
    if is_standard_input(path) {
        let text = "standard input: a stream is looked through before it is said again, so that \
                    it comes at its pace: write it into a file first, and name that";
        return Err(Failure::usage(text));
    }
    let progress = Progress::default();
    let mut messages = Messages::open(path, form, &progress)?;
    let bar = bar(path);
    bar.set_message("looking through it");
    let (mut played, mut due, mut speed) = (Played::default(), Vec::new(), 1.0_f64);
    while let Some(timed) = messages.take(&mut Refused::default())? {
        bar.set_position(progress.bytes());
        let at = played.reach(&timed);
        speed = speed.max(timed.speed);
        let of = Topic::parse(&timed.heard.topic).ok().map(|topic| topic.plant);
        if plant.is_none() || of.as_ref() == plant {
            due.push(at);
        }
    }
    bar.finish_and_clear();
    if let Some(plant) = plant.filter(|_| due.is_empty()) {
        let known: Vec<&str> = messages.heard().iter().map(PlantId::as_str).collect();
        let known = known.join(", ");
        let path = path.display();
        return Err(Failure::usage(format!("{path}: {plant} says nothing in it; known: {known}")));
    }
    Ok(Survey { due, speed, plants: messages.heard().len() })
}

/// How much of the file in `path` has been read.
pub fn bar(path: &Path) -> ProgressBar {
    let size = path.metadata().map_or(1, |about| about.len());
    let bar = ProgressBar::new(size.max(1));
    if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {percent:>3} %") {
        bar.set_style(style);
    }
    bar
}

impl Survey {
    /// Can it be said at this pace where at most so many messages a second go out? Errors: they
    /// would come later and later.
    pub fn check(&self, pace: Pace, ceiling: f64) -> Result<(), Failure> {
        let Pace::Times(times) = pace else { return Ok(()) };
        let rate = self.rate(times);
        if rate <= ceiling {
            return Ok(());
        }
        let mut slower = times;
        while slower > 0.01 && self.rate(slower) > ceiling {
            slower *= 0.9;
        }
        let way = match slower {
            slower if slower <= 0.01 => "no speed is slow enough".to_owned(),
            slower if slower < 1.0 => format!("--speed {slower:.2} is slow enough"),
            slower => format!("--speed {} is slow enough", slower.floor()),
        };
        Err(Failure::usage(format!(
            "at {times}× this is up to {rate:.0} messages a second, and others may use this \
             broker: at most {ceiling} are polite; {way}, or give --own if that broker is yours",
        )))
    }

    /// Most messages a second at `times` the plants' time.
    fn rate(&self, times: f64) -> f64 {
        let window = COUNTED.as_seconds() * times;
        let mut inside: VecDeque<f64> = VecDeque::new();
        let mut most = 0;
        for due in self.due.iter().map(|due| due.as_seconds()) {
            inside.push_back(due);
            while inside.front().is_some_and(|first| *first <= due - window) {
                inside.pop_front();
            }
            most = most.max(inside.len());
        }
        most as f64 / COUNTED.as_seconds()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_for_others_is_refused_with_a_speed_that_is_not() {
        // A message a minute for two hours.
        let survey = |due| Survey { due, speed: 1.0, plants: 1 };
        let slow = survey((0..120).map(Span::minutes).collect());
        assert!(slow.check(Pace::Times(1_000.0), 20.0).is_ok());
        // A hundred plants that do not speak all at once.
        let many = survey((0..3_000).map(|n| Span::ms(n * 600)).collect());
        let said = many.check(Pace::Times(60.0), 20.0).map_err(|failure| failure.message(false));
        insta::assert_snapshot!(said.expect_err("too fast"));
    }
}
