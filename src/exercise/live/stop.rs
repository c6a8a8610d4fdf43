//! One word to every task: stop.

use std::time::Duration;

use tokio::sync::watch;

use crate::base::Stamp;
use crate::base::time::wall_now;

/// Tells whether to stop; cheap to clone.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<bool>);

/// The hand that says stop; cheap to clone.
#[derive(Debug, Clone)]
pub struct Stopper(watch::Sender<bool>);

/// A stopper and what listens to it.
pub fn stop() -> (Stopper, Stop) {
    let (sender, receiver) = watch::channel(false);
    (Stopper(sender), Stop(receiver))
}

/// A stopper of its own for a part of a run, which stops too when the whole does. What stops the
/// part does not stop the whole.
pub fn after(stop_all: &Stop) -> (Stopper, Stop) {
    let (stopper, stop) = stop();
    let (hand, all) = (stopper.clone(), stop_all.clone());
    tokio::spawn(async move {
        all.wait().await;
        hand.set();
    });
    (stopper, stop)
}

impl Stopper {
    /// Says stop; saying it again changes nothing.
    pub fn set(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// Has it been said?
    pub fn is_set(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns when it is said, or when nobody is left to say it.
    pub async fn wait(&self) {
        let mut receiver = self.0.clone();
        let _ = receiver.wait_for(|said| *said).await;
    }

    /// Waits until the wall clock reads `due`; true when stop was said before.
    pub async fn or_until(&self, due: Stamp) -> bool {
        let left = (due - wall_now()).as_ms();
        if left <= 0 {
            return self.is_set();
        }
        tokio::select! {
            () = self.wait() => true,
            () = tokio::time::sleep(Duration::from_millis(left.unsigned_abs())) => false,
        }
    }
}
