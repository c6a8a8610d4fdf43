//! The link between a gateway and the broker: what it loses, delays, doubles, or keeps for later.

use std::collections::{BTreeMap, VecDeque};

use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use super::Outgoing;
use crate::base::ids::InjectionId;
use crate::base::random::{Seed, stream};
use crate::base::{PlantId, Span, Stamp};
use crate::plant::Plant;
use crate::scenario::injection::{GatewayEvent, Injection, InjectionKind};

/// How fast a gateway sends what an outage has piled up: ten messages a second `[D]`.
const BACKLOG_PACE: Span = Span::ms(100);

/// A link, with what is under way in it.
#[derive(Debug)]
pub struct Link {
    plant: PlantId,
    seed: Seed,
    troubles: Vec<Trouble>,
    /// By the time they are due, then in the order of sending.
    in_air: BTreeMap<(Stamp, u64), Outgoing>,
    /// Messages taken in so far.
    count: u64,
    /// What the gateway keeps through an outage, oldest first.
    kept: VecDeque<Outgoing>,
    /// Until then the backlog of an outage has the link.
    busy_until: Option<Stamp>,
}

/// One trouble; it draws from a stream of its own.
#[derive(Debug)]
struct Trouble {
    injection: Injection,
    event: GatewayEvent,
    chance: ChaCha8Rng,
}

impl Trouble {
    /// What `injection` does to the link of `plant`; none when it is another's.
    fn of(injection: &Injection, plant: &PlantId, seed: Seed) -> Option<Self> {
        match &injection.kind {
            InjectionKind::Gateway(GatewayEvent::Silence | GatewayEvent::Frozen { .. }) => None,
            InjectionKind::Gateway(event) => Some(Self {
                injection: injection.clone(),
                event: event.clone(),
                chance: stream(seed, &format!("link/{plant}/{}", injection.id)),
            }),
            _ => None,
        }
    }
}

impl Link {
    /// The link of `plant`, in trouble as `injections` say.
    pub fn new(plant: &Plant, seed: Seed, injections: &[Injection]) -> Self {
        let plant = plant.id.clone();
        let trouble = |injection| Trouble::of(injection, &plant, seed);
        Self {
            troubles: injections.iter().filter_map(trouble).collect(),
            plant,
            seed,
            in_air: BTreeMap::new(),
            count: 0,
            kept: VecDeque::new(),
            busy_until: None,
        }
    }

    /// Something befalls it that nobody has foreseen.
    pub fn happen(&mut self, injection: &Injection) {
        self.troubles.extend(Trouble::of(injection, &self.plant, self.seed));
    }

    /// Ends its trouble of this name, unless it is over by `now`.
    pub fn end(&mut self, id: &InjectionId, now: Stamp) {
        for trouble in self.troubles.iter_mut().filter(|it| it.injection.id == *id) {
            trouble.injection.end_at(now);
        }
    }

    /// Takes `messages`, each sent at its `due`, and adds to `out` all that are through at `now`,
    /// each with the time it is through as its `due`.
    pub fn carry(&mut self, messages: Vec<Outgoing>, now: Stamp, out: &mut Vec<Outgoing>) {
        if self.troubles.is_empty() {
            out.extend(messages);
            return;
        }
        for message in messages {
            self.drain(message.due);
            self.take(message);
        }
        self.drain(now);
        while let Some(next) = self.in_air.first_entry().filter(|next| next.key().0 <= now) {
            out.push(next.remove());
        }
    }

    /// What was under way when the plant was shut down. What an outage kept stays with the gateway.
    pub fn close(&mut self, out: &mut Vec<Outgoing>) {
        out.extend(std::mem::take(&mut self.in_air).into_values());
    }

    /// Takes one message in: keeps it, loses it, or puts it on its way.
    fn take(&mut self, message: Outgoing) {
        let sent = message.due;
        if let Some(keeps) = self.outage(sent) {
            self.kept.push_back(message);
            while self.kept.front().is_some_and(|oldest| oldest.due < sent - keeps) {
                self.kept.pop_front();
            }
            return;
        }
        let (mut due, mut copies) = (sent, 1);
        for trouble in &mut self.troubles {
            if !trouble.injection.is_active(sent) {
                continue;
            }
            let chance = &mut trouble.chance;
            match trouble.event {
                GatewayEvent::LinkLoss { share } if chance.random::<f64>() < share => return,
                GatewayEvent::LinkDelay { delay, jitter } => {
                    let more = jitter.as_seconds() * chance.random::<f64>();
                    due = due + delay + Span::from_seconds_f64(more);
                }
                GatewayEvent::LinkDuplicate { share } => {
                    copies += usize::from(chance.random::<f64>() < share);
                }
                GatewayEvent::LinkReorder { share, by } if chance.random::<f64>() < share => {
                    due += by;
                }
                _ => {}
            }
        }
        let due = self.busy_until.map_or(due, |busy| due.max(busy));
        for _ in 0..copies {
            self.put(Outgoing { due, ..message.clone() });
        }
    }

    /// How long the gateway keeps messages, when the link is down at `at`.
    fn outage(&self, at: Stamp) -> Option<Span> {
        let down = self.troubles.iter().filter(|trouble| trouble.injection.is_active(at));
        down.filter_map(|trouble| match trouble.event {
            GatewayEvent::LinkOutage { keeps } => Some(keeps),
            _ => None,
        })
        .max()
    }

    /// Once the link is up again: puts what was kept on its way, in order, at its pace.
    fn drain(&mut self, now: Stamp) {
        if self.kept.is_empty() || self.outage(now).is_some() {
            return;
        }
        let ends = self.troubles.iter().filter_map(|trouble| match trouble.event {
            GatewayEvent::LinkOutage { .. } => trouble.injection.until,
            _ => None,
        });
        let Some(up_at) = ends.filter(|end| *end <= now).max() else { return };
        let mut due = self.busy_until.map_or(up_at, |busy| busy.max(up_at));
        for message in std::mem::take(&mut self.kept) {
            self.put(Outgoing { due, ..message });
            due += BACKLOG_PACE;
        }
        self.busy_until = Some(due);
    }

    fn put(&mut self, message: Outgoing) {
        self.in_air.insert((message.due, self.count), message);
        self.count += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::InjectionId;
    use crate::plant::sample;
    use crate::telemetry::topic::Kind;

    fn at(s: i64) -> Stamp {
        Stamp::from_ms(1_733_356_800_000).expect("a time") + Span::seconds(s)
    }

    fn trouble(from_s: i64, until_s: i64, event: GatewayEvent) -> Injection {
        Injection {
            id: InjectionId::new(&format!("t{from_s}")).expect("an id"),
            from: at(from_s),
            until: Some(at(until_s)),
            kind: InjectionKind::Gateway(event),
        }
    }

    /// A message a minute for so many minutes through a link: number and second of each arrival.
    fn carried(injections: &[Injection], minutes: i64) -> Vec<(u8, f64)> {
        let mut link = Link::new(&sample::plant(), Seed(1), injections);
        let mut out = Vec::new();
        for minute in 0..minutes {
            let sent_at = at(minute * 60);
            let payload = vec![u8::try_from(minute).expect("few")];
            let message = Outgoing { kind: Kind::Data, sent_at, due: sent_at, payload };
            link.carry(vec![message], at(minute * 60 + 59), &mut out);
        }
        link.close(&mut out);
        out.iter().map(|sent| (sent.payload[0], (sent.due - at(0)).as_seconds())).collect()
    }

    #[test]
    fn a_sound_link_carries_everything_at_once() {
        assert_eq!(carried(&[], 3), [(0, 0.0), (1, 60.0), (2, 120.0)]);
    }

    #[test]
    fn an_outage_keeps_messages_and_sends_them_in_order_afterwards() {
        let outage = trouble(60, 240, GatewayEvent::LinkOutage { keeps: Span::HOUR });
        let wanted = [(0, 0.0), (1, 240.0), (2, 240.1), (3, 240.2), (4, 240.3), (5, 300.0)];
        assert_eq!(carried(&[outage], 6), wanted);
        let small = trouble(60, 240, GatewayEvent::LinkOutage { keeps: Span::MINUTE });
        let wanted = [(0, 0.0), (2, 240.0), (3, 240.1), (4, 240.2)];
        assert_eq!(carried(&[small], 5), wanted, "the oldest is dropped");
    }

    #[test]
    fn an_outage_that_does_not_end_keeps_what_it_has() {
        let outage = trouble(60, 9_999, GatewayEvent::LinkOutage { keeps: Span::HOUR });
        assert_eq!(carried(&[outage], 4), [(0, 0.0)]);
    }

    #[test]
    fn a_delayed_message_comes_later_and_may_be_overtaken() {
        let delay = GatewayEvent::LinkDelay { delay: Span::seconds(90), jitter: Span::ZERO };
        let wanted = [(0, 0.0), (1, 150.0), (2, 210.0), (3, 180.0)];
        let mut got = carried(&[trouble(60, 180, delay)], 4);
        got.sort_unstable_by_key(|(number, _)| *number);
        assert_eq!(got, wanted);
        let reorder = GatewayEvent::LinkReorder { share: 1.0, by: Span::seconds(70) };
        let order = carried(&[trouble(60, 61, reorder)], 4);
        assert_eq!(order, [(0, 0.0), (2, 120.0), (1, 130.0), (3, 180.0)]);
    }

    #[test]
    fn shares_of_all_or_nothing_are_exact() {
        let lossy = |share| trouble(60, 121, GatewayEvent::LinkLoss { share });
        assert_eq!(carried(&[lossy(1.0)], 4), [(0, 0.0), (3, 180.0)]);
        assert_eq!(carried(&[lossy(0.0)], 4).len(), 4);
        let twice = trouble(60, 61, GatewayEvent::LinkDuplicate { share: 1.0 });
        assert_eq!(carried(&[twice], 3), [(0, 0.0), (1, 60.0), (1, 60.0), (2, 120.0)]);
    }

    #[test]
    fn the_stated_share_of_messages_is_lost() {
        let lossy = trouble(0, 99_999, GatewayEvent::LinkLoss { share: 0.3 });
        // 75 of 250 expected; the standard deviation is √(250 · 0.3 · 0.7) = 7
        let lost = 250 - carried(&[lossy], 250).len();
        assert!(lost.abs_diff(75) < 30, "{lost}");
    }
}
