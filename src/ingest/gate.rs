//! Which requests are let through to a plant: by whom they are signed, in their time, once.

use std::collections::BTreeMap;

use crate::base::ids::RequestId;
use crate::base::{PlantId, Span, Stamp};
use crate::ingest::trust::{Belief, Doubt, Trust};
use crate::telemetry::request::Request;

/// Requests that are remembered at once; more in five minutes than that are refused.
const SEEN_MAX: usize = 1_024;

/// How far the clock of whoever asks may run ahead of ours.
const SKEW: Span = Span::MINUTE;

/// A request that is not let through.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {detail}", .doubt.reason())]
pub struct Refused {
    /// Why.
    pub doubt: Doubt,
    /// What exactly, for a person.
    pub detail: String,
}

fn refused(doubt: Doubt, detail: impl ToString) -> Refused {
    Refused { doubt, detail: detail.to_string() }
}

/// Lets requests through.
#[derive(Debug)]
pub struct Gate {
    trust: Trust,
    /// What was made before that may have been let through by whoever listened then.
    since: Stamp,
    /// What has been let through, until when it could come again.
    seen: BTreeMap<RequestId, Stamp>,
}

impl Gate {
    /// For requests of whom `trust` names, made at `now` or later.
    pub fn new(trust: Trust, now: Stamp) -> Self {
        Self { trust, since: now, seen: BTreeMap::new() }
    }

    /// Takes a request that came under `topic` about `plant`; it is let through once. Errors: why
    /// not.
    pub fn admit<R: Request>(
        &mut self,
        plant: &PlantId,
        (topic, payload): (&str, &[u8]),
        now: Stamp,
    ) -> Result<R, Refused> {
        if let Belief::Doubted { doubt, detail } = self.trust.believe(plant, topic, payload) {
            return Err(refused(doubt, detail));
        }
        let Some(request) = R::read(payload) else {
            return Err(refused(Doubt::NoRequest, "it is no request of this kind"));
        };
        if request.plant() != plant {
            let detail = format!("it is asked of {}, its topic says {plant}", request.plant());
            return Err(refused(Doubt::WrongTopic, detail));
        }
        let (issued_at, expires_at) = request.validity();
        if issued_at > now + SKEW {
            return Err(refused(Doubt::Early, format!("made at {issued_at}, which is to come")));
        }
        if expires_at <= now {
            return Err(refused(Doubt::Expired, format!("good until {expires_at} only")));
        }
        if issued_at < self.since {
            return Err(refused(
                Doubt::Expired,
                format!("made at {issued_at}, before we listened"),
            ));
        }
        self.seen.retain(|_, until| now < *until);
        if self.seen.contains_key(request.id()) {
            return Err(refused(
                Doubt::Replayed,
                format!("{} has been heard before", request.id()),
            ));
        }
        if self.seen.len() >= SEEN_MAX {
            return Err(refused(Doubt::TooMany, format!("{SEEN_MAX} requests in five minutes")));
        }
        self.seen.insert(request.id().clone(), expires_at);
        Ok(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::trust::Unsigned;
    use crate::telemetry::request::Resend;
    use crate::telemetry::signature::Signer;

    const TOPIC: &str = "sanmen/v1/k7/sanmen/resend";

    fn at(s: i64) -> Stamp {
        Stamp::from_ms(1_733_356_800_000 + s * 1_000).expect("in range")
    }

    fn plant(name: &str) -> PlantId {
        PlantId::new(name).expect("an id")
    }

    fn request(id: &str, issued_s: i64) -> Resend {
        Resend {
            plant: plant("sanmen"),
            id: RequestId::new(id).expect("an id"),
            issued_at: at(issued_s),
            expires_at: at(issued_s + 60),
            boot_id: 3,
            from: 1,
            to: 2,
        }
    }

    fn signed(request: &Resend, key: u8) -> Vec<u8> {
        Signer::from_secret(&[key; 32]).sign(TOPIC, request.encode())
    }

    fn gate() -> Gate {
        let mut trust = Trust::new(Unsigned::Refuse);
        trust.add(None, Signer::from_secret(&[1; 32]).public(), false);
        trust.add(None, Signer::from_secret(&[2; 32]).public(), true);
        Gate::new(trust, at(0))
    }

    fn said(gate: &mut Gate, payload: &[u8], now_s: i64) -> &'static str {
        match gate.admit::<Resend>(&plant("sanmen"), (TOPIC, payload), at(now_s)) {
            Ok(_) => "let through",
            Err(refused) => refused.doubt.reason(),
        }
    }

    #[test]
    fn a_request_is_let_through_once_in_its_time_and_from_those_who_are_known() {
        let mut gate = gate();
        let good = signed(&request("a", 10), 1);
        let mut forged = good.clone();
        forged[70] ^= 1;
        let elsewhere = Resend { plant: plant("qingxi"), ..request("b", 10) };
        for (payload, now, reason) in [
            (&request("a", 10).encode(), 10, "unsigned"),
            (&signed(&request("a", 10), 3), 10, "unknown-key"),
            (&signed(&request("a", 10), 2), 10, "revoked-key"),
            (&forged, 10, "forged"),
            (&signed(&elsewhere, 1), 10, "wrong-topic"),
            (&signed(&request("c", 100), 1), 10, "future"),
            (&good, 70, "expired"),
            (&signed(&request("d", -5), 1), 10, "expired"),
            (&good, 11, "let through"),
            (&good, 12, "replayed"),
            (&signed(&request("e", 10), 1), 12, "let through"),
        ] {
            assert_eq!(said(&mut gate, payload, now), reason);
        }
        let no_request = Signer::from_secret(&[1; 32]).sign(TOPIC, b"{\"plant\":\"x\"}".to_vec());
        assert_eq!(said(&mut gate, &no_request, 12), "wrong-shape");
    }

    #[test]
    fn memory_is_bounded_and_comes_free_with_time() {
        let mut gate = Gate::new(Trust::new(Unsigned::Accept), at(0));
        for n in 0..SEEN_MAX {
            let request = request(&n.to_string(), 0).encode();
            assert_eq!(said(&mut gate, &request, 1), "let through");
        }
        assert_eq!(said(&mut gate, &request("one-more", 1).encode(), 1), "too-many");
        assert_eq!(said(&mut gate, &request("later", 61).encode(), 61), "let through");
    }
}
