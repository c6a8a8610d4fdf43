//! A monitor that hears again what another has heard: an exercise goes on from an earlier moment,
//! with a ledger that knows what was known then and nothing of what came after.

use super::{ARRIVALS_MAX, Watch};
use crate::base::Stamp;
use crate::exercise::live::LiveError;
use crate::ledger::store::Batch;
use crate::monitor::Input;

impl Watch {
    /// Hears `inputs` as they were heard, up to `now`; the ledger has them when it returns.
    pub async fn relive(&mut self, inputs: &[Input], now: Stamp) -> Result<(), LiveError> {
        for some in inputs.chunks(ARRIVALS_MAX) {
            let mut batch = Batch::new(now);
            for input in some {
                self.tell((input, None, None), &mut batch)?;
            }
            self.store(batch, None).await?;
        }
        let mut batch = Batch::new(now);
        batch.checkpoint = Some(self.monitor.checkpoint());
        self.store(batch, None).await
    }
}
