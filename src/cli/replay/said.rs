//! What is said again of a recorded message: in another space, by the clock of the replay, and
//! never so that a recording of a real plant is taken for the plant.

use std::collections::BTreeMap;

use crate::base::ids::Space;
use crate::base::{PlantId, Span, Stamp};
use crate::cli::recording::heard::{Heard, is_of_monitor};
use crate::cli::recording::stream::Timed;
use crate::telemetry::signature::{SIGNATURE_BYTES, Signer, unsigned};
use crate::telemetry::topic::{Kind, Topic};
use crate::telemetry::wire::{self, Body, Clock, Envelope, MESSAGE_BYTES_MAX, Message};

/// The exercise that recordings of real plants belong to when they are said again.
const EXERCISE: &str = "replay";

/// How often time is told where the recording does not (wall clock): a listener takes two seconds
/// without news for silence.
const CLOCK: Span = Span::SECOND;

/// Between two messages, more time passes only when the recorder's clock says so too; the rest is
/// a jump, such as to the next exercise.
const SLACK: Span = Span::MINUTE;

/// How much of the plants' time has been played.
#[derive(Debug, Clone, Copy, Default)]
pub struct Played {
    last: Option<(Stamp, Stamp)>,
    elapsed: Span,
}

impl Played {
    /// Takes the next message; gives when it is due, counted from the first.
    pub fn reach(&mut self, timed: &Timed) -> Span {
        let (at, wall) = (timed.received_at, timed.heard.received_wall);
        if let Some((last, last_wall)) = self.last {
            let most = (wall - last_wall).as_seconds().max(0.0) * timed.speed.max(1.0) * 2.0;
            let most = SLACK + Span::from_seconds_f64(most);
            self.elapsed = self.elapsed + (at - last).max(Span::ZERO).min(most);
        }
        self.last = Some((at, wall));
        self.elapsed
    }
}

/// Makes of recorded messages what is said again.
pub struct Again {
    space: Space,
    signer: Signer,
    /// Only what this one says.
    plant: Option<PlantId>,
    speed: f64,
    clock_due: Option<Stamp>,
    /// Messages said, clocks included.
    pub said: u64,
    /// Messages that were not, by the reason.
    pub left_out: BTreeMap<&'static str, u64>,
}

impl Again {
    /// In `space`, signed by its key, at `speed`; `plant`: only what this one says.
    pub fn new((space, signer): (Space, Signer), plant: Option<PlantId>, speed: f64) -> Self {
        let (clock_due, left_out) = (None, BTreeMap::new());
        Self { space, signer, plant, speed, clock_due, said: 0, left_out }
    }

    /// What is to be published of a message, at `wall`.
    pub fn say(&mut self, timed: Timed, wall: Stamp) -> Vec<(String, Vec<u8>)> {
        let Timed { heard, received_at, .. } = timed;
        let (topic, kind) = match self.moved(&heard) {
            Ok(moved) => moved,
            Err(reason) => {
                *self.left_out.entry(reason).or_default() += 1;
                return Vec::new();
            }
        };
        let mut all = Vec::with_capacity(2);
        // What does not read is said as it was: listeners refuse it, as they did.
        let read = kind.and_then(|kind| wire::decode(kind, &heard.payload).ok());
        let payload = match read {
            Some(message) => {
                let clock = self.clock(&message.envelope, received_at, wall);
                all.extend(clock.map(|(topic, payload)| {
                    let payload = self.signed(&topic, payload);
                    (topic, payload)
                }));
                let payload = self.of(message, unsigned(heard.payload), wall);
                self.signed(&topic, payload)
            }
            None => heard.payload,
        };
        all.push((topic, payload));
        self.said += all.len() as u64;
        all
    }

    /// Whoever wrote it signed another topic; one that has no room for a signature goes without.
    fn signed(&self, topic: &str, payload: Vec<u8>) -> Vec<u8> {
        let fits = payload.len() + SIGNATURE_BYTES <= MESSAGE_BYTES_MAX;
        if fits { self.signer.sign(topic, payload) } else { payload }
    }

    /// The topic in our space, and what kind of message it is, if it is one of ours. Errors: why
    /// it is left out.
    fn moved(&self, heard: &Heard) -> Result<(String, Option<Kind>), &'static str> {
        if is_of_monitor(&heard.topic) {
            return Err("alarms of a monitor");
        }
        if heard.retained {
            return Err("retained: history when it was recorded");
        }
        if heard.payload.len() > MESSAGE_BYTES_MAX {
            return Err("too large: the recording has only the beginning");
        }
        let topic = Topic::parse(&heard.topic);
        let is_wanted = |plant: &PlantId| topic.as_ref().is_ok_and(|it| it.plant == *plant);
        if !self.plant.as_ref().is_none_or(is_wanted) {
            return Err("of another plant");
        }
        if let Ok(Topic { plant, kind, .. }) = topic {
            let moved = Topic { space: self.space.clone(), plant, kind };
            return Ok((moved.to_string(), Some(kind)));
        }
        let levels: Vec<&str> = heard.topic.splitn(4, '/').collect();
        let ["sanmen", version, _, rest] = levels.as_slice() else {
            return Err("outside of every space");
        };
        Ok((format!("sanmen/{version}/{}/{rest}", self.space), None))
    }

    /// A clock for listeners where the recording has none: it is of a real plant.
    fn clock(&mut self, envelope: &Envelope, sim: Stamp, wall: Stamp) -> Option<(String, Vec<u8>)> {
        if envelope.exercise.is_some() || self.clock_due.is_some_and(|due| wall < due) {
            return None;
        }
        self.clock_due = Some(wall + CLOCK);
        let exercise = Some(EXERCISE.to_owned());
        let envelope = Envelope { sent_at: sim, exercise, ..envelope.clone() };
        let (space, plant) = (self.space.clone(), envelope.plant.clone());
        let topic = Topic { space, plant, kind: Kind::Clock };
        let body = Body::Clock(Clock { sim, wall, speed: self.speed });
        Some((topic.to_string(), Message { envelope, body }.encode()))
    }

    /// The message with the clock of the replay, and as part of an exercise. All others stay as
    /// they are, byte for byte.
    fn of(&self, mut message: Message, recorded: Vec<u8>, wall: Stamp) -> Vec<u8> {
        let is_real = message.envelope.exercise.is_none();
        if is_real {
            message.envelope.exercise = Some(EXERCISE.to_owned());
        }
        if let Body::Clock(clock) = &mut message.body {
            (clock.wall, clock.speed) = (wall, self.speed);
        } else if !is_real {
            return recorded;
        }
        let payload = message.encode();
        // The name of the exercise may make it too long by some bytes: then it cannot be said.
        if payload.len() > MESSAGE_BYTES_MAX { recorded } else { payload }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::signature::Signed;

    fn at(s: i64) -> Stamp {
        Stamp::from_ms(s * 1_000).expect("in range")
    }

    fn timed(topic: &str, payload: &[u8], received_at: i64, wall: i64, speed: f64) -> Timed {
        let (topic, payload) = (topic.to_owned(), payload.to_vec());
        let heard = Heard { received_wall: at(wall), topic, payload, retained: false };
        Timed { heard, received_at: at(received_at), speed }
    }

    fn message(exercise: Option<&str>, body: Body) -> Vec<u8> {
        let envelope = Envelope {
            plant: PlantId::new("sanmen").expect("an id"),
            boot_id: 3,
            seq: 7,
            sent_at: at(100),
            exercise: exercise.map(str::to_owned),
        };
        Message { envelope, body }.encode()
    }

    fn said(payload: &[u8], topic: &str) -> Vec<(String, String)> {
        let signer = Signer::from_secret(&[1; 32]);
        let space = Space::new("new").expect("an id");
        let mut again = Again::new((space, signer.clone()), None, 60.0);
        let all = again.say(timed(topic, payload, 101, 101, 1.0), at(5_000));
        let text = |(topic, payload): (String, Vec<u8>)| {
            if let Some(signed) = Signed::read(&payload) {
                assert!(signer.public().verifies(&topic, &signed), "{topic}");
            }
            (topic, String::from_utf8_lossy(&unsigned(payload)).into())
        };
        all.into_iter().map(text).collect()
    }

    #[test]
    fn a_recording_of_a_real_plant_is_said_as_an_exercise_with_a_clock() {
        let real = message(None, Body::Death);
        insta::assert_debug_snapshot!(said(&real, "sanmen/v1/old/sanmen/death"));
    }

    #[test]
    fn an_exercise_keeps_its_bytes_but_for_the_clock() {
        let death = message(Some("drill"), Body::Death);
        let text = String::from_utf8(death.clone()).expect("text");
        let wanted = vec![("sanmen/v1/new/sanmen/death".to_owned(), text)];
        assert_eq!(said(&death, "sanmen/v1/old/sanmen/death"), wanted);
        let topic = "sanmen/v1/old/sanmen/death";
        let signed = Signer::from_secret(&[2; 32]).sign(topic, death);
        assert_eq!(said(&signed, topic), wanted, "signed anew");
        let clock = Body::Clock(Clock { sim: at(100), wall: at(9), speed: 600.0 });
        let clock = message(Some("drill"), clock);
        insta::assert_debug_snapshot!(said(&clock, "sanmen/v1/old/sanmen/clock"));
    }

    #[test]
    fn nonsense_moves_too_and_the_words_of_monitors_do_not() {
        let moved = |topic: &str| said(b"\xff", topic).pop().map(|(topic, _)| topic);
        let wanted = |topic: &str| Some(topic.to_owned());
        assert_eq!(moved("sanmen/v1/old/x/y/z"), wanted("sanmen/v1/new/x/y/z"));
        assert_eq!(moved("sanmen/v1/old/sanmen/data"), wanted("sanmen/v1/new/sanmen/data"));
        assert_eq!(moved("sanmen/v1/old/alarm/sanmen/a/plant"), None);
        assert_eq!(moved("elsewhere"), None);
    }

    #[test]
    fn a_jump_to_another_exercise_is_no_time_to_wait_and_a_long_silence_is() {
        let mut played = Played::default();
        assert_eq!(played.reach(&timed("", b"", 0, 1_000, 60.0)), Span::ZERO);
        assert_eq!(played.reach(&timed("", b"", 600, 1_010, 60.0)), Span::seconds(600));
        let next = played.reach(&timed("", b"", 900_600, 1_011, 60.0));
        assert!(next <= Span::seconds(800), "{next}");
        let back = played.reach(&timed("", b"", 100, 1_012, 60.0));
        assert_eq!(back, next, "an exercise that begins again goes on at once");
        let night = played.reach(&timed("", b"", 36_100, 37_012, 1.0));
        assert_eq!(night, next + Span::seconds(36_000));
    }
}
