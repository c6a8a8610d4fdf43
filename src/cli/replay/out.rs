//! `sanmen replay FILE --broker URL`: a recorded stream, said again on a broker.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use indicatif::ProgressBar;

use super::polite;
use super::said::{Again, Played};
use super::summary::zh;
use crate::base::PlantId;
use crate::base::ids::Space;
use crate::base::text::Lang;
use crate::base::time::wall_now;
use crate::cli::access::AccessArgs;
use crate::cli::common::{Speed, speed};
use crate::cli::exit::Failure;
use crate::cli::guest::GuestArgs;
use crate::cli::keys::{KeysFolder, Named};
use crate::cli::library;
use crate::cli::live::{self, say};
use crate::cli::recording::form::Form;
use crate::cli::recording::stream::{Messages, Timed};
use crate::cli::recording::{Progress, Refused};
use crate::cli::view::cells::grouped;
use crate::exercise::live::pace::{Metronome, Pace};
use crate::exercise::live::stop::Stop;
use crate::telemetry::publisher::Publisher;
use crate::telemetry::url::BrokerUrl;

/// How long a replay that was stopped waits for the broker to have everything.
const GOODBYE: Duration = Duration::from_secs(5);

/// Where a recorded stream is said again, and how fast.
#[derive(Debug, Args)]
pub struct OutArgs {
    /// Say a recorded MQTT stream again on this broker, instead of taking it through a monitor here
    #[arg(
        long,
        value_name = "URL",
        value_parser = BrokerUrl::parse,
        conflicts_with_all = ["map", "lateness_min", "data", "rules", "plants", "handling", "packs",
                              "format"],
    )]
    broker: Option<BrokerUrl>,
    /// The name in every topic, instead of the recorded one; drawn at random by default
    #[arg(long, value_name = "NAME", requires = "broker", value_parser = Space::new)]
    space: Option<Space>,
    /// Seconds of the plants per second, or `max`; as it was recorded by default
    #[arg(
        long,
        value_name = "N|max",
        requires = "broker",
        allow_negative_numbers = true,
        value_parser = speed,
    )]
    speed: Option<Speed>,
    #[command(flatten)]
    keys: KeysFolder,
    #[command(flatten)]
    access: AccessArgs,
    #[command(flatten)]
    guest: GuestArgs,
    /// A file of settings for the connection, that overrides the defaults
    #[arg(long, value_name = "FILE", requires = "broker")]
    settings: Option<PathBuf>,
}

impl OutArgs {
    /// The broker, when there is to be one.
    pub fn broker(&self) -> Option<&BrokerUrl> {
        self.broker.as_ref()
    }
}

/// Says the stream in `path` again. `plant`: only what this one says.
pub fn play(
    args: &OutArgs,
    broker: &BrokerUrl,
    (path, form): (&Path, Option<Form>),
    (plant, lang): (Option<&str>, Lang),
) -> Result<(), Failure> {
    let mut settings = library::settings(args.settings.as_deref())?;
    let mut broker = args.access.access(broker.clone(), &settings)?;
    let plant = plant.map(PlantId::new).transpose().map_err(Failure::usage)?;
    let survey = polite::survey((path, form), plant.as_ref())?;
    let pace = match args.speed {
        Some(Speed::Max) => Pace::Max,
        Some(Speed::Times(times)) => Pace::Times(times),
        None => Pace::Times(survey.speed.max(0.01)),
    };
    let space = args.space.clone().unwrap_or_else(live::random_space);
    args.guest.enter((&mut broker, lang), &space, Some((survey.plants, pace)), &mut settings)?;
    if let Some(ceiling) = &broker.ceiling {
        survey.check(pace, ceiling.per_s())?;
    }
    let signer = args.keys.open()?.of_exercise(&space, args.space.is_some())?;
    let name = path.display();
    let speed = if pace == Pace::Max { "max".to_owned() } else { format!("{}×", pace.speed()) };
    say(&match lang {
        Lang::En => format!("{name} · {speed} · space {space} on {broker}"),
        Lang::Zh => format!("{name} · {speed} · 空间 {space},消息服务器 {broker}"),
    });
    let key = signer.public();
    let access = args.access.repeated();
    let place = format!("--broker {broker}{access} --space {space}");
    let watch = lang.pick("watch it: sanmen monitor", "监测命令:sanmen monitor");
    let said_in = lang.pick("", " --lang zh");
    say(&format!("{watch} {place} --trust {key}{said_in}"));
    args.guest.say_where((&broker, lang), &space, &[Named(None, key)]);
    let progress = Progress::default();
    let messages = Messages::open(path, form, &progress)?;
    let bar = polite::bar(path);
    live::block_on_in(lang, |stopper, stop| async move {
        let publisher = live::speaker(&broker, &settings);
        let link = publisher.status();
        let quitters = live::Quitters::watch(vec![link.clone()], &broker, (&stopper, &stop));
        let outage = tokio::spawn(live::report_link(link, broker, lang));
        let again = Again::new((space, signer), plant, pace.speed());
        let player = Player { messages, again, pace, progress, bar, stop, lang };
        let done = player.run(publisher).await;
        outage.abort();
        quitters.verdict().await?;
        done
    })
}

/// Says one message after the other, each when it is due.
struct Player {
    messages: Messages,
    again: Again,
    pace: Pace,
    progress: Progress,
    bar: ProgressBar,
    stop: Stop,
    lang: Lang,
}

impl Player {
    async fn run(mut self, publisher: Publisher) -> Result<(), Failure> {
        let mut refused = Refused::default();
        let mut played = Played::default();
        let mut metronome: Option<Metronome> = None;
        let start = wall_now(); // any moment: only what passes since counts
        while !self.stop.is_set() {
            let Some(timed) = self.messages.take(&mut refused)? else { break };
            let at = start + played.reach(&timed);
            let metronome =
                metronome.get_or_insert_with(|| Metronome::new(self.pace, at, wall_now()));
            if let Some(due) = metronome.due(at)
                && self.stop.or_until(due).await
            {
                break;
            }
            let wall = wall_now();
            metronome.beat(at, wall);
            self.show(&timed);
            for (topic, payload) in self.again.say(timed, wall) {
                tokio::select! {
                    biased;
                    sent = publisher.publish(topic, payload) => sent.map_err(Failure::outside)?,
                    () = enough(&self.stop) => break,
                }
            }
        }
        let drained = publisher.drain_until(enough(&self.stop)).await;
        self.bar.finish_and_clear();
        self.tell(&refused);
        drained.map_err(Failure::outside)
    }

    fn show(&self, timed: &Timed) {
        self.bar.set_position(self.progress.bytes());
        let text = timed.received_at.to_string();
        self.bar.set_message(text);
    }

    fn tell(&self, refused: &Refused) {
        let mut left_out: BTreeMap<&str, u64> = self.again.left_out.clone();
        for (reason, counted) in refused.iter() {
            *left_out.entry(reason).or_default() += counted.count;
        }
        let said = grouped(self.again.said);
        let plants = self.messages.heard().len();
        say(&match (self.lang, self.stop.is_set()) {
            (Lang::En, false) => format!("said {said} messages of {plants} plants"),
            (Lang::En, true) => format!("stopped after {said} messages of {plants} plants"),
            (Lang::Zh, false) => format!("已发送{plants}座水厂的{said}条消息"),
            (Lang::Zh, true) => format!("已停止:发送了{plants}座水厂的{said}条消息"),
        });
        for (reason, count) in left_out {
            say(&match self.lang {
                Lang::En => format!("left out: {count} {reason}"),
                Lang::Zh => format!("未发送:{} {count}", zh(reason)),
            });
        }
    }
}

/// Returns some time after a stop: for what waits then, the broker may still answer.
async fn enough(stop: &Stop) {
    stop.wait().await;
    tokio::time::sleep(GOODBYE).await;
}
