//! Which clock the monitor counts by: the wall's for real plants, the plant's own for an exercise.
//!
//! Simulated time is what the plant last said, in a clock message or as the `sent_at` of any other:
//! so a backlog that comes after an outage is heard at the times at which it was sent, and never
//! looks late or early. Only when the plant has said nothing new for a grace does time run on at
//! its speed, so that its silence is noticed; and not while it is we who do not listen.

use std::collections::BTreeSet;

use crate::base::{PlantId, Span, Stamp};
use crate::monitor::Snapshot;
use crate::telemetry::topic::Kind;
use crate::telemetry::wire::{Body, Envelope, Message, Read};

/// A plant that says nothing new for so long (wall clock) is silent.
pub const GRACE: Span = Span::seconds(2);

/// After we could not listen, others need so long at most to reach the broker again.
pub const PATIENCE: Span = Span::seconds(60);

/// A message of a real plant that was sent longer ago than this was kept by the broker for us.
const BACKLOG: Span = Span::seconds(30);

/// The monitor's clock.
#[derive(Debug, Clone, PartialEq)]
pub struct TimeBase {
    counting: Counting,
    /// Are we connected?
    listening: bool,
    /// When we began to listen.
    since: Stamp,
    /// Until then (wall clock), silence is no fault of the plants.
    excused_until: Stamp,
}

#[derive(Debug, Clone, PartialEq)]
enum Counting {
    /// Nothing heard yet that tells a real plant from an exercise.
    Unknown,
    /// By the wall.
    Wall,
    /// By a plant's simulated time.
    Simulated(Simulated),
}

#[derive(Debug, Clone, PartialEq)]
struct Simulated {
    plant: PlantId,
    /// What it plays; others that play the same share its clock.
    exercise: Option<String>,
    boot_id: u64,
    /// The latest time it said.
    said: Stamp,
    speed: f64,
    /// It said goodbye: the exercise is over.
    ended: bool,
}

impl TimeBase {
    /// Goes on from what a monitor remembers at `wall`, not listening yet.
    pub fn resume(snapshot: &Snapshot, wall: Stamp) -> Self {
        let heard = || snapshot.plants.iter().filter(|plant| plant.heard_at.is_some());
        let simulated = heard().find_map(|plant| {
            Some(Simulated {
                plant: plant.id.clone(),
                exercise: None,
                boot_id: 0, // whatever it says next is news
                said: plant.heard_at?.max(plant.frontier?),
                speed: plant.clock?.speed,
                ended: plant.online == Some(false),
            })
        });
        let counting = match simulated {
            Some(simulated) => Counting::Simulated(simulated),
            None if heard().next().is_some() => Counting::Wall,
            None => Counting::Unknown,
        };
        Self { counting, listening: false, since: wall, excused_until: wall }
    }

    /// We cannot hear anybody.
    pub fn deaf(&mut self) {
        self.listening = false;
    }

    /// We were busy until `wall`: what came meanwhile is still to be heard.
    pub fn catch_up(&mut self, wall: Stamp) {
        if self.listening {
            self.listen(wall);
        }
    }

    /// We listen, for the first time or again: what was kept for us comes first.
    pub fn listen(&mut self, wall: Stamp) {
        self.listening = true;
        self.since = wall;
        self.excused_until = match self.counting {
            Counting::Simulated(_) => wall + PATIENCE,
            Counting::Unknown | Counting::Wall => wall + GRACE,
        };
    }

    /// Learns from a message that came, if it is one of `plants`. Only what is believed may come
    /// here: whoever moves the clock moves every alarm.
    pub fn hear(&mut self, read: &Read, plants: &BTreeSet<PlantId>, wall: Stamp) {
        // What will be refused must not move time.
        let Ok(message) = &read.message else { return };
        let envelope = &message.envelope;
        let plant = &envelope.plant;
        if *plant != read.topic.plant || !plants.contains(plant) || !self.is_news(envelope) {
            return;
        }
        match envelope.exercise {
            None => self.hear_real(envelope.sent_at, wall),
            Some(_) => self.hear_simulated(message, read.topic.kind, wall),
        }
    }

    /// A device that knows nothing of our wire has spoken: it is real.
    pub fn hear_device(&mut self) {
        if self.counting == Counting::Unknown {
            self.counting = Counting::Wall;
        }
    }

    /// The monitor's time at `wall`; none while it is unknown.
    pub fn now(&self, wall: Stamp) -> Option<Stamp> {
        match &self.counting {
            Counting::Unknown => None,
            Counting::Wall => Some(wall),
            Counting::Simulated(Simulated { said, speed, ended, .. }) => {
                let runs = self.listening && !*ended;
                let passed = if runs { (wall - self.excused_until).as_seconds() } else { 0.0 };
                Some(*said + Span::from_seconds_f64(passed.max(0.0) * speed))
            }
        }
    }

    /// The monitor's time at `wall`, when silence until then may be judged.
    pub fn tick(&self, wall: Stamp) -> Option<Stamp> {
        let wait = self.counting == Counting::Wall && self.listening && wall < self.excused_until;
        if wait { None } else { self.now(wall) }
    }

    /// Has the exercise said goodbye?
    pub fn is_over(&self) -> bool {
        matches!(&self.counting, Counting::Simulated(Simulated { ended: true, .. }))
    }

    /// Simulated seconds per second; 1 for real plants.
    pub fn speed(&self) -> f64 {
        match &self.counting {
            Counting::Simulated(simulated) => simulated.speed,
            Counting::Unknown | Counting::Wall => 1.0,
        }
    }

    /// Might this message change anything?
    fn is_news(&self, head: &Envelope) -> bool {
        match &self.counting {
            Counting::Unknown => true,
            Counting::Wall => head.exercise.is_none() && self.excused_until > self.since,
            Counting::Simulated(now) => {
                let is_same = head.plant == now.plant || head.exercise == now.exercise;
                let newer_boot = is_same && head.boot_id > now.boot_id;
                let old_boot = is_same && head.boot_id < now.boot_id;
                head.exercise.is_some() && !old_boot && (newer_boot || head.sent_at >= now.said)
            }
        }
    }

    fn hear_real(&mut self, sent_at: Stamp, wall: Stamp) {
        if self.counting == Counting::Unknown {
            self.counting = Counting::Wall;
        }
        if sent_at < wall - BACKLOG && wall < self.since + PATIENCE {
            self.excused_until = wall + GRACE;
        }
    }

    fn hear_simulated(&mut self, message: &Message, kind: Kind, wall: Stamp) {
        let envelope = &message.envelope;
        let (said, told) = match &message.body {
            Body::Clock(clock) => (clock.sim, Some(clock.speed)),
            _ => (envelope.sent_at, None),
        };
        let known = match &self.counting {
            Counting::Simulated(known) => Some(known.speed),
            Counting::Unknown | Counting::Wall => None,
        };
        self.counting = Counting::Simulated(Simulated {
            plant: envelope.plant.clone(),
            exercise: envelope.exercise.clone(),
            boot_id: envelope.boot_id,
            said,
            speed: told.or(known).unwrap_or(1.0),
            // A will carries 0, a goodbye on purpose does not.
            ended: kind == Kind::Death && envelope.seq > 0,
        });
        self.excused_until = wall + GRACE;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::topic::Topic;
    use crate::telemetry::wire::Clock;

    fn at(s: i64) -> Stamp {
        Stamp::from_ms(s * 1_000).expect("in range")
    }

    fn sanmen() -> PlantId {
        PlantId::new("sanmen").expect("an id")
    }

    fn plants() -> BTreeSet<PlantId> {
        BTreeSet::from([sanmen(), PlantId::new("other").expect("an id")])
    }

    fn base() -> TimeBase {
        let mut base = TimeBase::resume(&Snapshot::default(), at(0));
        base.listen(at(0));
        base
    }

    struct Said {
        plant: &'static str,
        boot_id: u64,
        exercise: bool,
        sent_at: i64,
    }

    const EXERCISE: Said = Said { plant: "sanmen", boot_id: 1, exercise: true, sent_at: 0 };

    fn say(base: &mut TimeBase, said: &Said, kind: Kind, body: Body, wall: i64) {
        let envelope = Envelope {
            plant: PlantId::new(said.plant).expect("an id"),
            boot_id: said.boot_id,
            seq: 3,
            sent_at: at(said.sent_at),
            exercise: said.exercise.then(|| "drill".to_owned()),
        };
        let payload = Message { envelope, body }.encode();
        let topic = format!("sanmen/v1/k7/{}/{}", said.plant, kind.name());
        hear(base, &topic, &payload, wall);
    }

    fn hear(base: &mut TimeBase, topic: &str, payload: &[u8], wall: i64) {
        let topic = Topic::parse(topic).expect("a topic of ours");
        base.hear(&Read::new(topic, payload), &plants(), at(wall));
    }

    fn clock(base: &mut TimeBase, sim: i64, speed: f64, wall: i64) {
        let body = Body::Clock(Clock { sim: at(sim), wall: at(wall), speed });
        say(base, &Said { sent_at: sim, ..EXERCISE }, Kind::Clock, body, wall);
    }

    fn data(base: &mut TimeBase, said: &Said, wall: i64) {
        say(base, said, Kind::Data, Body::Data(Vec::new()), wall);
    }

    #[test]
    fn simulated_time_is_what_the_plant_said_and_runs_on_only_when_it_is_silent() {
        let mut base = base();
        assert_eq!(base.now(at(5)), None);
        clock(&mut base, 1_000, 60.0, 10);
        assert_eq!(base.now(at(11)), Some(at(1_000)));
        assert_eq!(base.now(at(13)), Some(at(1_060)), "a second beyond the grace");
        data(&mut base, &Said { sent_at: 1_030, ..EXERCISE }, 13);
        assert_eq!(base.now(at(13)), Some(at(1_030)), "the plant knows better");
        assert_eq!(base.speed(), 60.0);
    }

    #[test]
    fn a_message_that_comes_again_does_not_turn_time_back() {
        let mut base = base();
        clock(&mut base, 1_000, 60.0, 10);
        clock(&mut base, 940, 60.0, 11);
        assert_eq!(base.now(at(11)), Some(at(1_000)));
    }

    #[test]
    fn a_plant_that_starts_again_is_followed_back() {
        let mut base = base();
        clock(&mut base, 9_000, 60.0, 10);
        data(&mut base, &Said { boot_id: 2, sent_at: 1_000, ..EXERCISE }, 11);
        assert_eq!(base.now(at(11)), Some(at(1_000)));
        data(&mut base, &Said { boot_id: 1, sent_at: 9_060, ..EXERCISE }, 11);
        assert_eq!(base.now(at(11)), Some(at(1_000)), "the old boot is over");
    }

    #[test]
    fn a_fleet_that_starts_again_is_followed_back_by_whichever_plant_speaks_first() {
        let mut base = base();
        clock(&mut base, 9_000, 60.0, 10);
        data(&mut base, &Said { plant: "other", sent_at: 9_060, ..EXERCISE }, 10);
        assert_eq!(base.now(at(10)), Some(at(9_060)), "one clock for all");
        data(&mut base, &Said { boot_id: 2, sent_at: 1_000, ..EXERCISE }, 11);
        assert_eq!(base.now(at(11)), Some(at(1_000)));
        data(&mut base, &Said { plant: "other", sent_at: 9_120, ..EXERCISE }, 11);
        assert_eq!(base.now(at(11)), Some(at(1_000)), "the old boot is over");
    }

    #[test]
    fn time_stands_while_we_cannot_hear_and_until_others_can_be_back() {
        let mut base = base();
        clock(&mut base, 1_000, 60.0, 10);
        base.deaf();
        assert_eq!(base.now(at(100)), Some(at(1_000)));
        base.listen(at(100));
        assert_eq!(base.now(at(160)), Some(at(1_000)));
        assert_eq!(base.now(at(161)), Some(at(1_060)), "the plant is really gone");
    }

    #[test]
    fn an_exercise_that_said_goodbye_is_over() {
        let mut base = base();
        clock(&mut base, 1_000, 60.0, 10);
        say(&mut base, &Said { sent_at: 1_060, ..EXERCISE }, Kind::Death, Body::Death, 11);
        assert_eq!(base.tick(at(1_000)), Some(at(1_060)));
    }

    #[test]
    fn strangers_and_broken_messages_do_not_move_time() {
        let mut base = base();
        clock(&mut base, 1_000, 60.0, 10);
        data(&mut base, &Said { plant: "elsewhere", sent_at: 9_000, ..EXERCISE }, 10);
        data(&mut base, &Said { exercise: false, sent_at: 9_000, ..EXERCISE }, 10);
        let head = concat!(
            r#"{"plant":"sanmen","boot_id":1,"seq":9,"#,
            r#""sent_at":"2030-01-01T00:00:00Z","exercise":"drill"}"#
        );
        hear(&mut base, "sanmen/v1/k7/sanmen/data", head.as_bytes(), 10);
        assert_eq!(base.now(at(10)), Some(at(1_000)));
    }

    #[test]
    fn real_plants_count_by_the_wall() {
        let mut base = base();
        data(&mut base, &Said { exercise: false, sent_at: 76, ..EXERCISE }, 77);
        assert_eq!(base.now(at(77)), Some(at(77)));
        assert_eq!(base.tick(at(77)), Some(at(77)));
        assert_eq!(base.speed(), 1.0);
    }

    #[test]
    fn silence_of_real_plants_is_judged_once_what_the_broker_kept_has_come() {
        let mut base = base();
        data(&mut base, &Said { exercise: false, sent_at: 100, ..EXERCISE }, 1_000);
        base.deaf();
        base.listen(at(2_000));
        assert_eq!(base.tick(at(2_001)), None);
        data(&mut base, &Said { exercise: false, sent_at: 1_500, ..EXERCISE }, 2_001);
        assert_eq!(base.tick(at(2_002)), None, "there may be more");
        assert_eq!(base.tick(at(2_003)), Some(at(2_003)));
    }
}
