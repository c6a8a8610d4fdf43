//! What stands by what monitors say on a broker: without a ledger, and from anywhere.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use clap::Args;
use tokio::sync::mpsc;

use super::{WhereArgs, words};
use crate::alarms::event::AlarmId;
use crate::base::Stamp;
use crate::base::ids::Space;
use crate::base::text::Lang;
use crate::base::time::{UtcOffset, wall_now};
use crate::cli::access::AccessArgs;
use crate::cli::common::Format;
use crate::cli::exit::Failure;
use crate::cli::keys::TrustFlags;
use crate::cli::live;
use crate::cli::stderr::say;
use crate::cli::table;
use crate::ingest::trust::{Belief, Trust};
use crate::monitor::lease::Lease;
use crate::telemetry::link::Protocol;
use crate::telemetry::subscriber::Arrival;
use crate::telemetry::topic::{AlarmTopic, alarms_filter};
use crate::telemetry::url::BrokerUrl;

/// What a broker of MQTT 5 has kept comes within this.
const KEPT_S: f64 = 2.0;

/// A third of a usual lease and a little: by then everything has been said again.
const SAID_AGAIN_S: f64 = 35.0;

/// Where to listen to monitors, instead of reading a ledger.
#[derive(Debug, Args)]
pub struct HeardArgs {
    /// Listen to what monitors of the space say on this broker, instead of reading a ledger
    #[arg(long, value_name = "URL", value_parser = BrokerUrl::parse, requires = "space")]
    #[arg(conflicts_with_all = ["all", "group", "advice"])]
    pub(super) broker: Option<BrokerUrl>,
    /// Listen for so long; by default until a broker of MQTT 5 has said what it keeps (2), and over
    /// 3.1.1 until everything has been said again (35)
    #[arg(long, value_name = "S", requires = "broker", value_parser = seconds)]
    listen_s: Option<f64>,
    #[command(flatten)]
    access: AccessArgs,
    #[command(flatten)]
    trust: TrustFlags,
}

fn seconds(text: &str) -> Result<f64, &'static str> {
    let found = text.parse::<f64>().ok().filter(|it| (0.1..=3_600.0).contains(it));
    found.ok_or("must be a number of seconds from 0.1 to 3600")
}

/// What was heard in a space.
struct Heard {
    space: Space,
    trust: Trust,
    leases: BTreeMap<String, Lease>,
    /// Messages that are no lease, or not believed, by the reason.
    refused: BTreeMap<String, u32>,
}

/// Writes a line an alarm.
pub(super) fn run(
    args: &HeardArgs,
    url: &BrokerUrl,
    place: &WhereArgs,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let settings = place.settings.load()?;
    let space = place.data.space().ok_or(Failure::Bug)?;
    let broker = args.access.access(url.clone(), &settings)?;
    let trust = args.trust.monitors(broker.url.is_loopback(), &settings)?;
    let (leases, refused) = (BTreeMap::new(), BTreeMap::new());
    let mut heard = Heard { space: space.clone(), trust, leases, refused };
    let heard = live::block_on(|_, stop| async move {
        let filters = vec![alarms_filter(&heard.space)];
        let (subscriber, arrivals) = live::hearer(&broker, filters, &settings);
        live::connected(subscriber.status(), &broker, &stop).await?;
        let usual = match subscriber.status().borrow().protocol {
            Protocol::V5 => KEPT_S,
            Protocol::V311 => SAID_AGAIN_S,
        };
        let long = Duration::from_secs_f64(args.listen_s.unwrap_or(usual));
        tokio::select! {
            _ = tokio::time::timeout(long, heard.listen(arrivals)) => {}
            () = stop.wait() => {}
        }
        subscriber.stop().await;
        Ok(heard)
    })?;
    heard.tell(place, out)
}

impl Heard {
    async fn listen(&mut self, mut arrivals: mpsc::Receiver<Arrival>) {
        while let Some(Arrival { topic, payload, ack, .. }) = arrivals.recv().await {
            ack.acknowledge();
            if let Err(reason) = self.take(topic, &payload) {
                *self.refused.entry(reason).or_default() += 1;
            }
        }
    }

    /// Errors: why it is no lease, or not believed.
    fn take(&mut self, topic: String, payload: &[u8]) -> Result<(), String> {
        if payload.is_empty() {
            self.leases.remove(&topic); // it has ended
            return Ok(());
        }
        let lease: Lease = serde_json::from_slice(payload).map_err(|_| "no lease".to_owned())?;
        let (plant, rule) = (lease.alarm.plant.clone(), lease.alarm.rule.clone());
        let tag = lease.alarm.tag.clone();
        let own = AlarmTopic { space: self.space.clone(), plant, rule, tag };
        if own.to_string() != topic {
            return Err("under another alarm's topic".to_owned());
        }
        match self.trust.believe(&lease.alarm.plant, &topic, payload) {
            Belief::Doubted { doubt, .. } => return Err(doubt.reason().to_owned()),
            Belief::Unsigned | Belief::Signed => {}
        }
        self.leases.insert(topic, lease);
        Ok(())
    }

    fn tell(self, place: &WhereArgs, out: &mut dyn Write) -> Result<(), Failure> {
        let now = wall_now();
        let (lang, json): (Lang, bool) = (place.lang.into(), place.format == Format::Json);
        let mut leases: Vec<&Lease> = self.leases.values().collect();
        leases.retain(|lease| lease.valid_until > now); // whoever said it has gone
        leases.sort_by_key(|Lease { alarm, .. }| {
            (!alarm.state.is_unanswered(), Reverse(alarm.priority), alarm.raised_at)
        });
        if json {
            for lease in &leases {
                writeln!(out, "{}", serde_json::to_string(lease).map_err(Failure::outside)?)?;
            }
        } else if leases.is_empty() {
            writeln!(out, "{}", words::unheard(lang)[0])?;
        } else {
            write_table(&leases, place, lang, out)?;
        }
        out.flush()?;
        for (reason, count) in &self.refused {
            say(&words::refused(lang, *count, reason));
        }
        if leases.is_empty() {
            say(words::unheard(lang)[1]);
        }
        Ok(())
    }
}

/// As `alarms list` writes what stands in a ledger.
fn write_table(
    leases: &[&Lease],
    place: &WhereArgs,
    lang: Lang,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let plants = place.shelves.library().plants()?;
    let mut lines = table::plain(&words::head(lang));
    for Lease { alarm, .. } in leases {
        let plant = plants.get(alarm.plant.as_str());
        // Of a plant that is not known here nobody knows the local time.
        let offset = plant.map_or(UtcOffset::UTC, |plant| plant.profile.utc_offset);
        let local = |at: Stamp| at.month_day_time(offset);
        lines.add_row([
            words::state(lang, alarm.state),
            words::priority(lang, alarm.priority).to_owned(),
            local(alarm.raised_at),
            AlarmId { n: alarm.n, ..alarm.id() }.to_string(),
            alarm.title.get(lang).to_owned(),
            alarm.why.said(lang).to_owned(),
        ]);
    }
    table::write(&lines, out)?;
    Ok(())
}
