//! Whom a monitor believes, where the key of its space may come after it has begun: either side may
//! start first, and plants draw that key when they start.

use crate::base::PlantId;
use crate::ingest::trust::{Belief, Doubt, Trust};
use crate::telemetry::signature::{PublicKey, Signed};

/// Looks whether the key has come.
pub type Look = Box<dyn FnMut() -> Option<PublicKey> + Send>;

/// The keys that are believed, and where another may come.
#[derive(Default)]
pub(super) struct Believers {
    /// As they are known.
    pub(super) trust: Trust,
    /// None: no other can come.
    pub(super) look: Option<Look>,
}

impl Believers {
    /// What is believed of a message about `plant`. One that is signed by a key that is not known
    /// is the reason to look for the one that may come.
    pub(super) fn believe(&mut self, plant: &PlantId, topic: &str, payload: &[u8]) -> Belief {
        let belief = self.trust.believe(plant, topic, payload);
        let Some(look) = &mut self.look else { return belief };
        let may_be_known = match &belief {
            Belief::Signed => false,
            Belief::Unsigned => true,
            Belief::Doubted { doubt, .. } => {
                matches!(doubt, Doubt::Unsigned | Doubt::UnknownKey)
            }
        };
        if !may_be_known || Signed::read(payload).is_none() {
            return belief;
        }
        let Some(key) = look() else { return belief };
        self.look = None;
        self.trust.add(None, key, false);
        self.trust.believe(plant, topic, payload)
    }
}

#[cfg(test)]
mod tests {
    //! A key that comes late.

    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

    use super::*;
    use crate::ingest::trust::Unsigned;
    use crate::telemetry::signature::Signer;

    const TOPIC: &str = "sanmen/v1/k7/sanmen/data";
    const MESSAGE: &[u8] = br#"{"plant":"sanmen"}"#;

    fn reason(belief: &Belief) -> &'static str {
        match belief {
            Belief::Signed => "signed",
            Belief::Unsigned => "at its word",
            Belief::Doubted { doubt, .. } => doubt.reason(),
        }
    }

    #[test]
    fn a_key_that_comes_late_is_looked_for_when_somebody_signs_and_believed_from_then_on() {
        for (rule, before, forged) in [
            (Unsigned::Refuse, "unsigned", "unknown-key"),
            (Unsigned::Accept, "at its word", "at its word"),
        ] {
            let (signer, stranger) = ([1; 32], [2; 32]);
            let (signer, stranger) = (Signer::from_secret(&signer), Signer::from_secret(&stranger));
            let (is_there, looks) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
            let (there, counted, key) = (is_there.clone(), looks.clone(), signer.public());
            let look: Look = Box::new(move || {
                counted.fetch_add(1, Ordering::Relaxed);
                there.load(Ordering::Relaxed).then(|| key.clone())
            });
            let mut believers = Believers { trust: Trust::new(rule), look: Some(look) };
            let plant = PlantId::new("sanmen").expect("an id");
            let mut said = |payload: &[u8]| reason(&believers.believe(&plant, TOPIC, payload));
            let by = |signer: &Signer| signer.sign(TOPIC, MESSAGE.to_vec());
            assert_eq!(said(MESSAGE), before);
            assert_eq!(looks.load(Ordering::Relaxed), 0, "an unsigned message is no reason");
            assert_eq!(said(&by(&stranger)), forged);
            assert_eq!(looks.load(Ordering::Relaxed), 1);
            is_there.store(true, Ordering::Relaxed);
            assert_eq!(said(&by(&signer)), "signed");
            assert_eq!(said(&by(&stranger)), "unknown-key");
            assert_eq!(said(MESSAGE), "unsigned");
            assert_eq!(looks.load(Ordering::Relaxed), 2, "once is enough");
        }
    }
}
