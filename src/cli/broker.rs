//! `sanmen broker`: what a broker offers, and taking back what we left with one.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::alarms::event::AlarmId;
use crate::base::ids::Space;
use crate::cli::access::AccessArgs;
use crate::cli::common::{Format, SettingsFile};
use crate::cli::exit::Failure;
use crate::cli::live;
use crate::cli::stderr::say;
use crate::cli::table;
use crate::exercise::live::leases;
use crate::ledger::sqlite::is_written;
use crate::telemetry::access::Access;
use crate::telemetry::probe::{Found, probe};
use crate::telemetry::public::PUBLIC;
use crate::telemetry::publisher::{Keep, Publisher, PublisherSettings};
use crate::telemetry::subscriber::{Subscriber, SubscriberSettings};
use crate::telemetry::topic::{self, AlarmTopic};
use crate::telemetry::url::BrokerUrl;
use crate::telemetry::wire::MESSAGE_BYTES_MAX;

/// Looks at MQTT brokers.
#[derive(Debug, Args)]
pub struct BrokerArgs {
    #[command(subcommand)]
    command: BrokerCommand,
}

#[derive(Debug, Subcommand)]
enum BrokerCommand {
    /// Try a broker: what it offers, and what Sanmen will do about it
    Check(CheckArgs),
    /// Take back what a monitor left with a broker: alarms that are still said, and its session
    Clean(CleanArgs),
    /// Public test brokers, and their addresses
    List,
}

#[derive(Debug, Args)]
struct CheckArgs {
    /// Address of the broker
    #[arg(value_name = "URL", value_parser = BrokerUrl::parse)]
    url: BrokerUrl,
    /// What stdout carries: a table for people, or one JSON object
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    access: AccessArgs,
    #[command(flatten)]
    settings: SettingsFile,
}

#[derive(Debug, Args)]
struct CleanArgs {
    /// Address of the broker
    #[arg(long, value_name = "URL", value_parser = BrokerUrl::parse)]
    broker: BrokerUrl,
    /// The run's private name
    #[arg(long, value_name = "NAME", value_parser = Space::new)]
    space: Space,
    /// Where ledgers live, in which the monitor kept its list
    #[arg(long, value_name = "DIR", default_value = "sanmen-data")]
    data: PathBuf,
    #[command(flatten)]
    access: AccessArgs,
    #[command(flatten)]
    settings: SettingsFile,
}

/// Runs the subcommand.
pub fn run(args: &BrokerArgs, out: &mut dyn Write) -> Result<(), Failure> {
    match &args.command {
        BrokerCommand::Check(args) => check(args, out),
        BrokerCommand::Clean(args) => clean(args),
        BrokerCommand::List => list(out),
    }
}

fn list(out: &mut dyn Write) -> Result<(), Failure> {
    let mut shown = table::plain(&["address", "is", "the broker"]);
    for broker in PUBLIC {
        for (at, (address, what)) in broker.doors.iter().enumerate() {
            shown.add_row([*address, *what, if at == 0 { broker.note.0 } else { "" }]);
        }
    }
    table::write(&shown, out)?;
    Ok(())
}

fn check(args: &CheckArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let access = args.access.access(args.url.clone(), &args.settings.load()?)?;
    let space = live::random_space();
    let found = live::block_on(|_, stop| async move {
        let found = tokio::select! {
            found = probe(&access, &space) => Some(found),
            () = stop.wait() => None,
        };
        Ok(found.map(|found| (access, found)))
    })?;
    let Some((access, found)) = found else { return Ok(()) };
    match args.format {
        Format::Json => writeln!(out, "{}", as_json(&access, &found))?,
        Format::Text => {
            let mut shown = table::plain(&["what", "found", "so Sanmen"]);
            for row in rows(&access, &found) {
                shown.add_row(row);
            }
            table::write(&shown, out)?;
        }
    }
    if is_usable(&found) {
        return Ok(());
    }
    let why = match (&found.v5, &found.v311) {
        (Err(reason), Err(_)) => reason.clone(),
        _ => "messages do not come back from it".to_owned(),
    };
    Err(Failure::outside(format!("the broker at {access} cannot be used: {why}")))
}

fn is_usable(found: &Found) -> bool {
    found.works.as_ref().is_some_and(|works| works.acknowledged && !works.round_trips.is_empty())
}

fn ms(time: Duration) -> f64 {
    (time.as_secs_f64() * 10_000.0).round() / 10.0
}

fn yes(it: bool) -> String {
    if it { "yes" } else { "no" }.to_owned()
}

fn rows(access: &Access, found: &Found) -> Vec<[String; 3]> {
    let mut rows: Vec<[String; 3]> = Vec::new();
    let mut row = |what: &str, found: String, so: &str| {
        rows.push([what.to_owned(), found, so.to_owned()]);
    };
    match (access.url.encrypted, found.certificate_until) {
        (true, Some(until)) => {
            row("encrypted", format!("TLS; certificate until {until}"), "verifies its name");
        }
        (true, None) => row("encrypted", "no certificate was shown".to_owned(), "does not connect"),
        (false, _) => row("encrypted", "no".to_owned(), "says so off this machine"),
    }
    let spoken = |result: Result<(), &String>| result.map_or_else(Clone::clone, |()| yes(true));
    let (v5, v311) = (found.v5.as_ref().map(drop), found.v311.as_ref().map(drop));
    let fall_back = if v5.is_ok() { "needs it not" } else { "speaks it, without leases of alarms" };
    row("MQTT 5", spoken(v5), if v5.is_ok() { "speaks it" } else { "tries 3.1.1" });
    row("MQTT 3.1.1", spoken(v311), if v311.is_ok() { fall_back } else { "does without" });
    if v5.is_err() && v311.is_err() {
        return rows;
    }
    match &access.url.login {
        Some((user, _)) => row("login", format!("accepted as {user}"), "keeps to it"),
        None => row("login", "none asked".to_owned(), "takes a private space: anybody may come"),
    }
    if let Ok(offers) = &found.v5 {
        let said = |limit: Option<String>| limit.unwrap_or_else(|| "not limited".to_owned());
        let packet = offers.packet_bytes_max;
        let fits = packet.is_none_or(|most| most as usize > MESSAGE_BYTES_MAX + 256);
        let so = if fits { "fits: 8 KiB a message" } else { "may have births refused" };
        row("largest packet", said(packet.map(|most| format!("{most} bytes"))), so);
        let window = said(offers.receive_max.map(|most| format!("{most} messages")));
        row("on their way at once", window, "sends 64 at most, or as many");
        let session = offers.session_s.map(|most| format!("{most} s"));
        row("longest session", said(session), "asks for 10 minutes");
    }
    if let Some(works) = &found.works {
        works_rows(works, &mut row);
    }
    row("its clock", "MQTT does not tell".to_owned(), "goes by the plant's clock");
    rows
}

fn works_rows(works: &crate::telemetry::probe::Works, row: &mut impl FnMut(&str, String, &str)) {
    let times = &works.round_trips;
    let found = match (times.get(times.len() / 2), times.last()) {
        (Some(middle), Some(last)) => format!("{} ms, at worst {} ms", ms(*middle), ms(*last)),
        _ => "nothing came back".to_owned(),
    };
    row("round trip", found, "waits 20 s for an answer");
    let so = if works.acknowledged { "keeps each until then" } else { "cannot use it" };
    row("QoS 1 acknowledged", yes(works.acknowledged), so);
    let so = if times.is_empty() { "cannot use it" } else { "listens to SPACE/+/KIND" };
    row("wild cards", yes(!times.is_empty()), so);
    let so = if works.session { "loses nothing for 10 minutes" } else { "shows gaps as gaps" };
    row("keeps while we are away", yes(works.session), so);
    let known = |it: Option<bool>| it.map_or_else(|| "not tried".to_owned(), yes);
    let keeps = works.retained == Some(true) && works.expiry == Some(true);
    let so = if keeps { "lets standing alarms be kept" } else { "says standing alarms again" };
    row("retained messages", known(works.retained), so);
    row("and their end", known(works.expiry), so);
}

fn as_json(access: &Access, found: &Found) -> serde_json::Value {
    let version = |result: Result<(), &String>| match result {
        Ok(()) => json!({ "works": true, "why_not": null }),
        Err(reason) => json!({ "works": false, "why_not": reason }),
    };
    let offers = found.v5.as_ref().ok().map(|offers| {
        json!({
            "packet_bytes_max": offers.packet_bytes_max,
            "receive_max": offers.receive_max,
            "session_s": offers.session_s,
            "keep_alive_s": offers.keep_alive_s,
        })
    });
    let works = found.works.as_ref().map(|works| {
        let times: Vec<f64> = works.round_trips.iter().map(|time| ms(*time)).collect();
        json!({
            "round_trip_ms": times,
            "qos1": works.acknowledged,
            "wildcards": !works.round_trips.is_empty(),
            "session": works.session,
            "retained": works.retained,
            "expiry": works.expiry,
        })
    });
    json!({
        "broker": access.to_string(),
        "usable": is_usable(found),
        "encrypted": access.url.encrypted,
        "certificate_until": found.certificate_until.map(|until| until.to_string()),
        "mqtt_5": version(found.v5.as_ref().map(drop)),
        "mqtt_3_1_1": version(found.v311.as_ref().map(drop)),
        "offers": offers,
        "works": works,
    })
}

/// How long the broker may take for each of the two things that are asked of it.
const PATIENCE: Duration = Duration::from_secs(30);

fn clean(args: &CleanArgs) -> Result<(), Failure> {
    let access = args.access.access(args.broker.clone(), &args.settings.load()?)?;
    let folder = args.data.join(args.space.as_str());
    if !folder.is_dir() {
        return Err(Failure::usage(format!(
            "there is no ledger of {} in {}: name its data folder with --data",
            args.space,
            args.data.display()
        )));
    }
    if is_written(&folder) {
        return Err(Failure::outside(format!(
            "the monitor of {} is running, and would say its alarms again: stop it first",
            args.space
        )));
    }
    let ids = leases::left_behind(&folder);
    let client = live::own_client_id(&folder)?;
    let count = ids.len();
    live::block_on(|_, stop| async move {
        let settings = PublisherSettings::new(access.clone(), &format!("{client}c"));
        let publisher = Publisher::start(settings);
        live::connected(publisher.status(), &access, &stop).await?;
        for alarm in ids {
            let AlarmId { plant, rule, tag, .. } = alarm;
            let space = args.space.clone();
            let topic = AlarmTopic { space, plant, rule, tag }.to_string();
            let taken = publisher.publish_for(Keep::NoLonger, topic, Vec::new()).await;
            taken.map_err(Failure::outside)?;
        }
        publisher.drain(PATIENCE).await.map_err(Failure::outside)?;
        // A clean start under the monitor's name ends the session that it had.
        let settings =
            SubscriberSettings::new(access.clone(), &client, topic::filters(&args.space));
        let (subscriber, _reader) = Subscriber::start(settings);
        live::connected(subscriber.status(), &access, &stop).await?;
        subscriber.stop().await;
        Ok(())
    })?;
    leases::forget(&folder).map_err(Failure::outside)?;
    say(&format!("taken back: {count} alarms that stood at {}, and the session", args.broker));
    Ok(())
}
