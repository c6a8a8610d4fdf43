//! The link of an offline run: every message arrives, in order, a moment after it was sent.

use std::collections::BTreeMap;

use crate::base::{Span, Stamp};

/// How long a message travels.
pub const DELAY: Span = Span::ms(200);

/// A message that has arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Where it was sent.
    pub topic: String,
    /// What it says.
    pub payload: Vec<u8>,
    /// When it arrived.
    pub received_at: Stamp,
}

/// Carries messages from the simulated plants to the monitor, in simulated time.
#[derive(Debug, Default)]
pub struct Radio {
    /// By time of arrival, then in the order of sending.
    in_air: BTreeMap<(Stamp, u64), Delivery>,
    sent: u64,
}

impl Radio {
    /// Sends a message at `sent_at`.
    pub fn send(&mut self, topic: String, payload: Vec<u8>, sent_at: Stamp) {
        let received_at = sent_at + DELAY;
        let delivery = Delivery { topic, payload, received_at };
        self.in_air.insert((received_at, self.sent), delivery);
        self.sent += 1;
    }

    /// The next message that has arrived at `now`, oldest first; none when all is delivered.
    pub fn receive(&mut self, now: Stamp) -> Option<Delivery> {
        let next = self.in_air.first_entry()?;
        (next.key().0 <= now).then(|| next.remove())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Stamp {
        Stamp::from_ms(1_733_356_800_000 + ms).expect("a time")
    }

    fn arrived(radio: &mut Radio, now: Stamp) -> Vec<(String, Stamp)> {
        std::iter::from_fn(|| radio.receive(now)).map(|d| (d.topic, d.received_at)).collect()
    }

    #[test]
    fn a_message_arrives_after_the_delay_and_not_before() {
        let mut radio = Radio::default();
        radio.send("a".to_owned(), vec![1], at(0));
        assert_eq!(radio.receive(at(199)), None);
        let wanted = Delivery { topic: "a".to_owned(), payload: vec![1], received_at: at(200) };
        assert_eq!(radio.receive(at(200)), Some(wanted));
        assert_eq!(radio.receive(at(9_999)), None);
    }

    #[test]
    fn messages_arrive_in_the_order_of_time_and_then_of_sending() {
        let mut radio = Radio::default();
        for (topic, sent) in [("b", 60), ("c", 60), ("a", 0), ("d", 900)] {
            radio.send(topic.to_owned(), Vec::new(), at(sent));
        }
        let wanted = [("a", 200), ("b", 260), ("c", 260)].map(|(t, ms)| (t.to_owned(), at(ms)));
        assert_eq!(arrived(&mut radio, at(1_000)), wanted);
        assert_eq!(arrived(&mut radio, at(1_100)), [("d".to_owned(), at(1_100))]);
    }
}
