//! A laboratory's results: each once, and for the rules in the order of their reports.
//!
//! A result comes at any time after its report, and another may have been reported before it and
//! come after it. So it waits until nothing within the lateness bound can come before it, and event
//! time has passed it; then whatever the order of arrival, the rules see one order.

use serde::{Deserialize, Serialize};

use crate::base::lab_result::LabResult;
use crate::base::sampling::SamplingPoint;
use crate::base::{Span, Stamp, TagId};
use crate::ingest::numbers::Numbers;
use crate::ingest::observation::{PlantIndex, SiteResult};
use crate::ingest::sequence::Standing;
use crate::ingest::{Bounds, Collected};
use crate::plant::tags::{Site, SiteIndex};
use crate::telemetry::wire::{Envelope, Refusal};

/// What comes so long after its report is kept, but the rules do not go back for it: who worked by
/// the ledger then cannot work by it now.
pub const LATE: Span = Span::hours(7 * 24);

/// Results that may wait; beyond that the oldest goes on early.
const WAITING_MAX: usize = 1_024;

/// What never changes of a plant's sites.
#[derive(Debug, Clone, Default)]
pub(super) struct Sites(Vec<(TagId, SamplingPoint)>);

impl Sites {
    pub(super) fn new(sites: &[Site]) -> Self {
        Self(sites.iter().map(|site| (site.id.clone(), site.point)).collect())
    }

    /// Does nobody sample this plant?
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The site that a result names. Errors: it is not ours, or another water is drawn there.
    fn find(&self, result: &LabResult) -> Result<SiteIndex, Refusal> {
        let site = &result.site;
        let Some(at) = self.0.iter().position(|(id, _)| id == site) else {
            let detail = format!("our files of this plant name no sampling site {site}");
            return Err(Refusal { reason: "unknown-site", detail });
        };
        let ours = self.0.get(at).map_or(result.point, |(_, point)| *point);
        if ours != result.point {
            let (theirs, ours) = (result.point.name(), ours.name());
            let detail = format!("{site} is said to be {theirs}, our files say {ours}");
            return Err(Refusal { reason: "wrong-point", detail });
        }
        Ok(SiteIndex(at))
    }
}

/// What is remembered of a plant's results.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Results {
    numbers: Numbers,
    /// For the rules, by the order in which they see them.
    waiting: Vec<Waiting>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Waiting {
    boot_id: u64,
    seq: u64,
    site: SiteIndex,
    result: LabResult,
}

impl Waiting {
    /// One order for all, whenever they come.
    fn place(&self) -> (Stamp, Stamp, u64, u64) {
        (self.result.reported_at, self.result.taken_at, self.boot_id, self.seq)
    }
}

impl Results {
    /// Takes in one result. Errors: why it is refused.
    pub(super) fn accept(
        &mut self,
        (plant, sites): (PlantIndex, &Sites),
        envelope: &Envelope,
        result: LabResult,
        received_at: Stamp,
        bounds: Bounds,
        out: &mut Collected,
    ) -> Result<Standing, Refusal> {
        let (boot_id, seq) = (envelope.boot_id, envelope.seq);
        let standing = self.numbers.take(boot_id, seq);
        if standing != Standing::New {
            return Ok(standing);
        }
        let site = sites.find(&result)?;
        if result.reported_at > received_at + bounds.skew {
            let ahead = result.reported_at - received_at;
            let detail = format!("{} is reported {ahead} from now", result.sample);
            return Err(Refusal { reason: "future", detail });
        }
        let late = result.reported_at < received_at - LATE;
        out.results.push((plant, seq, late, result.clone()));
        if !late {
            let waiting = Waiting { boot_id, seq, site, result };
            let at = self.waiting.partition_point(|other| other.place() < waiting.place());
            self.waiting.insert(at, waiting);
        }
        if self.waiting.len() > WAITING_MAX {
            self.release_first(plant, 1, out);
        }
        Ok(standing)
    }

    /// Lets go of what was reported before `before`.
    pub(super) fn release(&mut self, plant: PlantIndex, before: Stamp, out: &mut Collected) {
        let count = self.waiting.partition_point(|it| it.result.reported_at < before);
        self.release_first(plant, count, out);
    }

    fn release_first(&mut self, plant: PlantIndex, count: usize, out: &mut Collected) {
        let released = self.waiting.drain(..count);
        let result = |Waiting { site, result, .. }| SiteResult { plant, site, result };
        out.certain.extend(released.map(result));
    }

    /// An exercise begins again: what waits is of the old one.
    pub(super) fn begin_again(&mut self) {
        self.waiting.clear();
    }
}
