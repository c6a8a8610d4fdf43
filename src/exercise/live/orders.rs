#![expect(clippy::disallowed_methods, reason = "edge: notes what was ordered in a file")]
//! The way of orders into running plants, from people in this process or over MQTT.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::PathBuf;

use tokio::sync::{mpsc, oneshot};

use crate::base::ids::RequestId;
use crate::base::{PlantId, Stamp};
use crate::exercise::live::company::Company;
use crate::simulator::orders::{NotDone, Order, as_inject};
use crate::telemetry::request::{Answer, Done};

/// Orders that may wait for the end of a step.
const WAITING: usize = 64;

/// Where an order came from, and its answer goes.
#[derive(Debug)]
enum From {
    /// Somebody in this process.
    Here(oneshot::Sender<Result<Stamp, NotDone>>),
    /// A command over MQTT.
    Wire(RequestId),
}

/// An order on its way.
#[derive(Debug)]
pub struct Given {
    plant: PlantId,
    order: Order,
    from: From,
}

/// Gives orders to running plants.
#[derive(Debug, Clone)]
pub struct OrderHand(mpsc::Sender<Given>);

impl OrderHand {
    /// Orders something of a plant; gives when, in its own time, it was carried out. Errors, in
    /// words: the plant cannot do it, or runs no longer.
    pub async fn order(&self, plant: PlantId, order: Order) -> Result<Stamp, NotDone> {
        let gone = || NotDone("the plant runs no longer".to_owned());
        let (reply, answer) = oneshot::channel();
        let given = Given { plant, order, from: From::Here(reply) };
        self.0.send(given).await.map_err(|_| gone())?;
        answer.await.unwrap_or_else(|_| Err(gone()))
    }

    /// Passes on a command that has been let through; the plant answers it over MQTT. Errors: more
    /// wait already than may.
    pub fn pass(&self, plant: PlantId, order: Order, id: RequestId) -> Result<(), NotDone> {
        let given = Given { plant, order, from: From::Wire(id) };
        self.0.try_send(given).map_err(|_| NotDone("too many orders wait".to_owned()))
    }
}

/// What running plants hear of it.
#[derive(Debug)]
pub struct Orders {
    given: mpsc::Receiver<Given>,
    log: OrderLog,
    /// Carried out so far.
    count: usize,
}

impl Orders {
    /// Of plants that begin at `start`; what is carried out is written to `log`, as `[[inject]]`s.
    pub fn new(start: Stamp, log: Option<PathBuf>) -> (OrderHand, Self) {
        let (hand, given) = mpsc::channel(WAITING);
        let log = OrderLog { path: log, start, begun: false };
        (OrderHand(hand), Self { given, log, count: 0 })
    }

    /// The next order; waits for ever when none can come any more.
    pub async fn next(&mut self) -> Given {
        match self.given.recv().await {
            Some(given) => given,
            None => std::future::pending().await,
        }
    }

    /// An order that waits.
    pub fn waiting(&mut self) -> Option<Given> {
        self.given.try_recv().ok()
    }

    /// Carries an order out; gives the answer to one that came over MQTT.
    pub fn obey(&mut self, company: &mut Company, given: Given) -> Option<Answer> {
        let Given { plant, order, from } = given;
        let now = company.now();
        let outcome = company.obey(&plant, &order, self.count + 1).map(|(whole, injection)| {
            self.count += 1;
            self.log.write(&as_inject(&whole, &injection, &order, self.log.start));
        });
        let words: Vec<&str> =
            std::iter::once(&order.verb).chain(&order.args).map(String::as_str).collect();
        let words = words.join(" ");
        let by = &order.by;
        match &outcome {
            Ok(()) => tracing::info!(%plant, %by, "ordered: {words}"),
            Err(why) => tracing::warn!(%plant, %by, "cannot be done: {words}: {why}"),
        }
        match from {
            From::Here(reply) => {
                let _ = reply.send(outcome.map(|()| now)); // whoever ordered it may have gone
                None
            }
            From::Wire(id) => {
                let (state, detail) = match outcome {
                    Ok(()) => (Done::Done, words),
                    Err(NotDone(why)) => (Done::Refused, why),
                };
                Some(Answer { plant, id, at: now, state, detail })
            }
        }
    }
}

/// What was carried out, so that a run can be played again.
#[derive(Debug)]
struct OrderLog {
    path: Option<PathBuf>,
    start: Stamp,
    begun: bool,
}

const HEAD: &str = "\
# Orders that were carried out in a run. Behind the text of its scenario, played with its seed, they
# happen again.
";

impl OrderLog {
    fn write(&mut self, inject: &str) {
        let Some(path) = &self.path else { return };
        let begun = std::mem::replace(&mut self.begun, true);
        let written = || -> io::Result<()> {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            let mut options = OpenOptions::new();
            options.create(true).write(true).append(begun).truncate(!begun);
            let mut file = options.open(path)?;
            let head = if begun { "" } else { HEAD };
            write!(file, "{head}{inject}")
        };
        if let Err(error) = written() {
            tracing::warn!(%error, path = %path.display(), "cannot note an order");
        }
    }
}
