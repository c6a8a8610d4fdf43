//! `sanmen simulate`: the plants only, on any MQTT broker.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use crate::base::ids::Space;
use crate::base::text::Lang;
use crate::cli::access::AccessArgs;
use crate::cli::common::{
    BROKER, ConditionFlag, Language, PlantShelf, SeedFlag, SettingsFile, Speed, speed,
};
use crate::cli::encoding::SpeakArgs;
use crate::cli::exit::Failure;
use crate::cli::guest::GuestArgs;
use crate::cli::held;
use crate::cli::keys::{KeysFolder, Named};
use crate::cli::library;
use crate::cli::live::{self, say};
use crate::cli::ready::Ready;
use crate::cli::talk::{self, Askers, OrderFlags};
use crate::cli::view::words::Words;
use crate::exercise::live::LiveError;
use crate::exercise::live::orders::Orders;
use crate::exercise::live::pace::Pace;
use crate::exercise::live::simulate::{Aside, Progress, simulate};
use crate::exercise::live::stop::{self, Stop, Stopper};
use crate::ingest::trust::{Trust, Unsigned};
use crate::telemetry::access::Access;
use crate::telemetry::signature::Keychain;
use crate::telemetry::url::BrokerUrl;

/// Where spools live, each in a folder named like its space.
const SPOOL: &str = "sanmen-data/spool";

/// Where orders that were carried out are noted, each in a file named like its space.
const ORDERS: &str = "sanmen-data/orders";

/// Plays a scenario's plants live and publishes their readings.
#[derive(Debug, Args)]
pub struct SimulateArgs {
    /// A scenario file, or the name of one that ships with Sanmen
    scenario: PathBuf,
    /// Address of the broker
    #[arg(long, value_name = "URL", default_value = BROKER, value_parser = BrokerUrl::parse)]
    broker: BrokerUrl,
    /// The run's private name in every topic; drawn at random by default
    #[arg(long, value_name = "NAME", value_parser = Space::new)]
    space: Option<Space>,
    /// Simulated seconds per second, or `max`; the scenario's own by default
    #[arg(long, value_name = "N|max", allow_negative_numbers = true, value_parser = speed)]
    speed: Option<Speed>,
    /// Where messages wait until the broker has them; sanmen-data/spool/NAME by default, and
    /// nowhere without --space
    #[arg(long, value_name = "DIR", requires = "space")]
    spool: Option<PathBuf>,
    #[command(flatten)]
    keys: KeysFolder,
    #[command(flatten)]
    orders: OrderFlags,
    #[command(flatten)]
    access: AccessArgs,
    #[command(flatten)]
    guest: GuestArgs,
    #[command(flatten)]
    shelf: PlantShelf,
    #[command(flatten)]
    settings: SettingsFile,
    #[command(flatten)]
    condition: ConditionFlag,
    #[command(flatten)]
    seed: SeedFlag,
    /// Language of text for people
    #[arg(long, value_enum, default_value_t = Language::En)]
    lang: Language,
    #[command(flatten)]
    speak: SpeakArgs,
}

/// Runs the plants to the scenario's end, or to Ctrl-C.
pub fn run(args: &SimulateArgs, _out: &mut dyn Write) -> Result<(), Failure> {
    args.speak.check()?;
    let settings = args.settings.load()?;
    let library = args.shelf.library();
    let source = args.condition.of(library::scenario_source(&args.scenario)?);
    let mut ready = Ready::load(&source, args.speed, |own| args.seed.or(own), &library, settings)?;
    let mut broker = args.access.access(args.broker.clone(), &ready.settings)?;
    let space = args.space.clone().unwrap_or_else(live::random_space);
    let plants = Some((ready.plants().len(), ready.outline.pace));
    let lang = args.lang.into();
    args.guest.enter((&mut broker, lang), &space, plants, &mut ready.settings)?;
    let [seed, _, named] = Words::of(lang).start;
    say(&format!(
        "{} · {} · {seed} {} · {}× · {named} {space}",
        ready.outline.title.get(lang),
        ready.what(lang),
        ready.seed.0,
        ready.outline.pace.speed(),
    ));
    let shelf = library.plants.map_or(String::new(), |dir| format!(" --plants {}", dir.display()));
    let keys = keys(args, &ready, &space)?;
    let trust = keys.of_space.as_ref().map(|it| format!(" --trust {}", it.public()));
    // Another encoding knows no signatures: who listens believes it as it is.
    let heard_by = args.speak.heard_by(&space).or(trust).unwrap_or_default();
    let flags = format!("{shelf}{}{heard_by}", ready.watch_flags);
    let place = format!("--broker {}{} --space {space}", args.broker, args.access.repeated());
    let watch = lang.pick("watch it: sanmen monitor", "监测命令:sanmen monitor");
    let said_in = lang.pick("", " --lang zh");
    say(&format!("{watch} {place}{flags}{said_in}"));
    args.guest.say_where((&broker, lang), &space, &Named::all_of(&keys));
    // Plants that run as fast as they can had better wait for the broker.
    let in_time = ready.outline.pace != Pace::Max && ready.settings.spool_bytes > 0;
    let named = args.space.is_some() && in_time;
    let spool = named.then(|| args.spool.clone().unwrap_or(Path::new(SPOOL).join(space.as_str())));
    let monitors = monitors(args, &broker, &keys)?;
    let log = Path::new(ORDERS).join(format!("{space}.toml"));
    let (hand, orders) = args.orders.way(ready.outline.start, log);
    let operators = args.orders.operators(&args.keys.open()?, &broker);
    let askers = Askers { monitors, operators: operators.map(|operators| (operators, hand)) };
    let place = (broker, space, (keys, askers, orders), spool);
    let speak = (args.speak.clone(), lang);
    live::block_on_in(lang, |stopper, stop| play(Arc::new(ready), place, speak, (stopper, stop)))
}

/// What the plants sign by: each its own key, if it has one in the folder of keys; the others that
/// of the space, which is kept there when somebody has named the space.
fn keys(args: &SimulateArgs, ready: &Ready, space: &Space) -> Result<Keychain, Failure> {
    let ring = args.keys.open()?;
    let plants = ready.plants();
    let mut keys = ring.keychain(plants.iter().map(|plant| &plant.id))?;
    // Whoever speaks otherwise cannot sign, and a monitor that knew the key would refuse it.
    if keys.of_plants.len() < plants.len() && args.speak.heard_by(space).is_none() {
        keys.of_space = Some(ring.of_exercise(space, args.space.is_some())?);
    }
    Ok(keys)
}

/// Whose questions for messages that they have missed are answered: anybody's on this machine,
/// elsewhere those of monitors that are known, and of who holds the key of the space.
fn monitors(args: &SimulateArgs, broker: &Access, keys: &Keychain) -> Result<Trust, Failure> {
    if broker.url.is_loopback() {
        return Ok(Trust::new(Unsigned::Accept));
    }
    let mut monitors = Trust::new(Unsigned::Refuse);
    args.keys.open()?.tell_monitors(&mut monitors)?;
    if let Some(space) = &keys.of_space {
        monitors.add(None, space.public(), false);
    }
    Ok(monitors)
}

/// Broker and space; what plants sign by, whom they hear, what they are to do; where they spool.
type Where = (Access, Space, (Keychain, Askers, Orders), Option<PathBuf>);

async fn play(
    ready: Arc<Ready>,
    (broker, space, (keys, askers, orders), spool): Where,
    (speak, lang): (SpeakArgs, Lang),
    (stopper, stop): (Stopper, Stop),
) -> Result<(), Failure> {
    let begin = Progress::at(ready.outline.start);
    let Some(company) = ready.company(&stop).await? else { return Ok(()) };
    let with = (&ready.settings, spool.as_deref());
    let (voices, links) = speak.voices((&broker, &space), (&company, keys), with)?;
    let link = links.first().cloned();
    held::report(&voices, &broker, link.clone(), lang);
    let quitters = live::Quitters::watch(links, &broker, (&stopper, &stop));
    let outage = link.map(|link| tokio::spawn(live::report_link(link, broker.clone(), lang)));
    let (aside, listener) = Aside::new(begin.now);
    let seen = listener.progress;
    let bar = live::progress_bar(&ready.outline, seen.clone(), lang);
    tokio::spawn(live::report_pace(seen, ready.outline.pace, lang));
    let place = (&broker, &space);
    // Whoever has missed the last messages asks after the goodbye.
    let (_hand, last) = stop::stop();
    let hearing = talk::hear_requests(place, &voices, askers, &ready.settings, last);
    let done = simulate(company, voices, ready.outline.pace, (aside, orders), stop).await;
    hearing.abort(); // nobody is left to answer
    let last = bar.await.unwrap_or(begin);
    if let Some(outage) = outage {
        outage.abort();
    }
    if let (Err(LiveError::Undelivered(_)), Some(spool)) = (&done, &spool) {
        let place = spool.display();
        say(&match lang {
            Lang::En => {
                format!("they wait in {place}: the next run in this space sends them first")
            }
            Lang::Zh => format!("未送达的消息存于{place}:该空间下次运行时先行补发"),
        });
    }
    quitters.verdict().await?;
    done.map_err(Failure::outside)?;
    let [ended, stopped] = Words::of(lang).ended;
    let how = if last.finished { ended } else { stopped };
    say(&format!("{how} {}", last.now.at(ready.outline.utc_offset)));
    Ok(())
}
