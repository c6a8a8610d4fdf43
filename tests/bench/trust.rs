//! What signing and verifying cost.

use sanmen::base::PlantId;
use sanmen::ingest::trust::{Belief, Trust, Unsigned};
use sanmen::monitor::Input;
use sanmen::telemetry::signature::Signer;

use super::monitor::{Scene, monitor};
use crate::{medians, report};

/// Signatures and verifications a second and core; messages through the monitor with and without.
pub fn bench() {
    let scene = Scene::new();
    let signer = Signer::from_secret(&[7; 32]);
    let mut trust = Trust::new(Unsigned::Refuse);
    let plant: PlantId = scene.plant.id.clone();
    trust.add(Some(&plant), signer.public(), false);
    let plain: Vec<(&str, &[u8])> = scene.messages.iter().filter_map(parts).collect();
    let signed: Vec<Vec<u8>> =
        plain.iter().map(|(topic, payload)| signer.sign(topic, payload.to_vec())).collect();
    let forged: Vec<Vec<u8>> = {
        let other = Signer::from_secret(&[8; 32]);
        plain.iter().map(|(topic, payload)| other.sign(topic, payload.to_vec())).collect()
    };
    let count = plain.len() as f64;
    let mut sign = || {
        for (topic, payload) in &plain {
            assert!(signer.sign(topic, payload.to_vec()).len() > payload.len());
        }
    };
    let believes = |(topic, _): &(&str, &[u8]), payload: &Vec<u8>| trust.belief(topic, payload);
    let mut verify = || {
        for (message, payload) in plain.iter().zip(&signed) {
            assert_eq!(believes(message, payload), Belief::Signed);
        }
    };
    let mut refuse = || {
        for (message, payload) in plain.iter().zip(&forged) {
            assert_ne!(believes(message, payload), Belief::Signed);
        }
    };
    let mut unsigned_run = || {
        let mut monitor = monitor(&scene.plant, &scene.book);
        for message in &scene.messages {
            monitor.accept(message);
        }
    };
    let mut signed_run = || {
        let mut monitor = monitor(&scene.plant, &scene.book);
        for (input, payload) in scene.messages.iter().zip(&signed) {
            let Input::Arrival { topic, received_at, .. } = input else { continue };
            let belief = trust.belief(topic, payload);
            let (topic, payload, received_at) = (topic.clone(), payload.clone(), *received_at);
            monitor.accept(&Input::Arrival { topic, payload, belief, received_at });
        }
    };
    let [sign, verify, refuse, unsigned_run, signed_run] =
        medians(7, [&mut sign, &mut verify, &mut refuse, &mut unsigned_run, &mut signed_run]);
    let rate = |time: std::time::Duration| count / time.as_secs_f64();
    let ratio = signed_run.as_secs_f64() / unsigned_run.as_secs_f64();
    report(
        "signatures: messages of 6 KiB",
        &format!(
            "{:.0} signed/s, {:.0} verified/s, {:.0} of unknown keys refused/s a core; through the \
             monitor {ratio:.2} × unsigned",
            rate(sign),
            rate(verify),
            rate(refuse),
        ),
        "≤ 3 × unsigned",
        ratio <= 3.0,
    );
}

fn parts(input: &Input) -> Option<(&str, &[u8])> {
    match input {
        Input::Arrival { topic, payload, .. } => Some((topic, payload)),
        _ => None,
    }
}
