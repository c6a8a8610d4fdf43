//! `sanmen run`: everything in one process: broker, plant, monitor, ledger, view.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio::sync::{mpsc, watch};

use crate::base::PlantId;
use crate::base::ids::Space;
use crate::base::text::Lang;
use crate::base::time::wall_now;
use crate::cli::access::AccessArgs;
use crate::cli::common::{ConditionFlag, SeedFlag, SettingsFile, Shelves, Speed, Telling, speed};
use crate::cli::desk::{self, DeskArgs, Opened, Overheard, Plan, Room, overhear};
use crate::cli::drill::{self, Backstage, Staged};
use crate::cli::exit::{Failure, both};
use crate::cli::guest::GuestArgs;
use crate::cli::held;
use crate::cli::keys::ring::{self, Ring};
use crate::cli::keys::{KeysFolder, Named};
use crate::cli::library;
use crate::cli::live::{self, Hand, Told, say};
use crate::cli::ready::Ready;
use crate::cli::settings::Settings;
use crate::cli::show::{self, Played, Screen, Subject};
use crate::cli::talk::{self, Askers, OrderFlags};
use crate::cli::view::words::Words;
use crate::desk::person::Invited;
use crate::exercise::live::asking::Sign;
use crate::exercise::live::company::{Company, Voices};
use crate::exercise::live::pace::Pace;
use crate::exercise::live::people;
use crate::exercise::live::simulate::{Aside, Listener, Progress};
use crate::exercise::live::stop::{self, Stop, Stopper};
use crate::exercise::live::watch::Watch;
use crate::exercise::session::Session;
use crate::exercise::session::branch::Back;
use crate::ingest::gate::Gate;
use crate::ingest::trust::{Trust, Unsigned};
use crate::inspection::book::Book;
use crate::monitor::Snapshot;
use crate::telemetry::access::Access;
use crate::telemetry::broker::Broker;
use crate::telemetry::link::LinkStatus;
use crate::telemetry::publisher::Publisher;
use crate::telemetry::signature::{Keychain, Signer};
use crate::telemetry::subscriber::{Arrival, Subscriber};
use crate::telemetry::topic::{self, Talk};
use crate::telemetry::url::BrokerUrl;
use crate::world::Outside;

/// How long the monitor waits for the plant's last words once nothing comes any more.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// Plays a scenario with everything it needs.
#[derive(Debug, Clone, Args)]
pub struct RunArgs {
    /// A scenario file, or the name of one that ships with Sanmen
    #[arg(default_value = "story")]
    scenario: PathBuf,
    /// Address of a broker of yours, instead of the embedded one
    #[arg(long, value_name = "URL", value_parser = BrokerUrl::parse)]
    broker: Option<BrokerUrl>,
    /// Port of the embedded broker on 127.0.0.1; 0 takes a free one
    #[arg(long, value_name = "PORT", conflicts_with = "broker", default_value_t = 0)]
    broker_port: u16,
    /// The run's private name in every topic; drawn at random by default
    #[arg(long, value_name = "NAME", value_parser = Space::new)]
    space: Option<Space>,
    /// Where ledgers live; each run has a folder of its own in it
    #[arg(long, value_name = "DIR", default_value = "sanmen-data")]
    data: PathBuf,
    /// Simulated seconds per second, or `max`; the scenario's own by default
    #[arg(long, value_name = "N|max", allow_negative_numbers = true, value_parser = speed)]
    speed: Option<Speed>,
    /// Let the stranger of an exercise forge messages over this broker too, which is not on this
    /// machine
    #[arg(long, value_name = "HOST")]
    allow_stranger: Option<String>,
    /// Who answers alarms at this terminal
    #[arg(long, value_name = "NAME", env = "USER", default_value = "operator")]
    by: String,
    /// Give somebody who takes part in an exercise a link of their own, which nobody else can act
    /// by; ROLE is operator (the default), instructor, evaluator or viewer
    #[arg(long, value_name = "NAME[:ROLE]", value_parser = Invited::parse)]
    trainee: Vec<Invited>,
    #[command(flatten)]
    desk: DeskArgs,
    #[command(flatten)]
    keys: KeysFolder,
    #[command(flatten)]
    orders: OrderFlags,
    #[command(flatten)]
    access: AccessArgs,
    #[command(flatten)]
    guest: GuestArgs,
    #[command(flatten)]
    shelves: Shelves,
    #[command(flatten)]
    settings: SettingsFile,
    #[command(flatten)]
    condition: ConditionFlag,
    #[command(flatten)]
    seed: SeedFlag,
    #[command(flatten)]
    telling: Telling,
}

/// Plays to the scenario's end, or to Ctrl-C.
pub fn run(args: &RunArgs, _out: &mut dyn Write) -> Result<(), Failure> {
    let settings = args.settings.load()?;
    let library = args.shelves.library().with_settings(&settings);
    let space = args.space.clone().unwrap_or_else(live::random_space);
    let home = args.data.join(space.as_str());
    let named = args.condition.of(library::scenario_source(&args.scenario)?);
    let source = drill::as_it_began(&home, named, args.condition.is_given())?;
    let ready = Ready::load(&source, args.speed, |own| args.seed.or(own), &library, settings);
    let (mut ready, (_, book)) = both(ready, &args.scenario, library.plants_and_book())?;
    let book = library.judging(&book, ready.judged_by.as_ref())?.into_owned();
    let screen = Screen::choose(args.telling);
    let (listen, by) = (args.broker_port, args.by.clone());
    let desk = invite(args.desk.plan(&ready.settings)?, &args.trainee, &ready)?;
    let lang: Lang = args.telling.lang.into();
    let external = args.broker.clone().map(|url| args.access.access(url, &ready.settings));
    let (mut external, keys) = (external.transpose()?, keys_of_a_run()?);
    if let Some(broker) = &mut external {
        let plants = Some((ready.plants().len(), ready.outline.pace));
        args.guest.enter((broker, lang), &space, plants, &mut ready.settings)?;
        args.guest.say_where((broker, lang), &space, &Named::all_of(&keys.0));
    }
    let (flags, ring) = (args.orders.clone(), args.keys.open()?);
    let stranger = args.allow_stranger.clone();
    live::block_on_in(lang, |_, stopped| async move {
        let ready = Arc::new(ready);
        let Some(cast) = cast(&ready, &home, &book, &stopped).await? else { return Ok(()) };
        let (embedded, broker) = if let Some(access) = external {
            (None, access)
        } else {
            let broker = Broker::start(listen).await.map_err(Failure::outside)?;
            let access = Access::from(broker.url());
            (Some(broker), access)
        };
        let [seed, at, named] = Words::of(lang).start;
        say(&format!(
            "{} · {seed} {} · {}× · {at} {broker} · {named} {space}",
            ready.outline.title.get(lang),
            ready.seed.0,
            ready.outline.pace.speed()
        ));
        let (place, face) = ((broker, space), (screen, by, desk));
        let beset = drill::is_beset(&ready, &place.0, stranger.as_deref());
        let people = (flags, ring);
        let stage = Stage { ready, book, place, home, face, people, keys, beset };
        let result = Box::pin(stage.play_all(cast, stopped)).await;
        if let Some(embedded) = embedded {
            embedded.stop().await;
        }
        result
    })
}

/// Invites people to the desk. Errors: there is no exercise or no desk to come to.
fn invite(desk: Option<Plan>, people: &[Invited], ready: &Ready) -> Result<Option<Plan>, Failure> {
    if !people.is_empty() && ready.exercise.is_none() {
        let text = "--trainee: nobody is trained in a scenario; `sanmen exercise list` says what \
                    exercises there are";
        return Err(Failure::usage(text));
    }
    if !people.is_empty() && desk.is_none() {
        return Err(Failure::usage("--trainee: without a desk there are no links: --listen ADDR"));
    }
    Ok(desk.map(|plan| plan.inviting(people)))
}

/// The plants, and the session of an exercise that goes on.
type Cast = (Company, Option<Session>);

/// Who plays: an exercise that goes on, or the run from its start; none when a stop came before.
async fn cast(
    ready: &Arc<Ready>,
    home: &Path,
    book: &Book,
    stopped: &Stop,
) -> Result<Option<Cast>, Failure> {
    if let Some((session, company)) = drill::resume(ready, home, book)? {
        return Ok(Some((company, Some(session))));
    }
    Ok(ready.company(stopped).await?.map(|company| (company, None)))
}

/// Everything a run needs.
#[derive(Clone)]
struct Stage {
    ready: Arc<Ready>,
    book: Book,
    place: (Access, Space),
    /// Where it is kept; the branches of an exercise have folders in it.
    home: PathBuf,
    /// How it is shown, who sits there, where the desk will be.
    face: (Screen, String, Option<Plan>),
    /// Who may order something of the plants.
    people: (OrderFlags, Ring),
    /// What the plants sign by, and whom the monitor believes: the same in every branch, as others
    /// may have joined.
    keys: (Keychain, Trust),
    /// Does the stranger of the exercise speak?
    beset: bool,
}

/// An exercise that goes on and the space that its stranger speaks in; the way to the monitor;
/// where the desk will be and who sits there; when it closes.
type Front<'a> = ((Option<Session>, Option<Space>), Hand, (Option<Plan>, &'a str), Stop);

/// Lets the monitor hear the plants, and where somebody forges orders, those too.
fn hear(
    service: Watch,
    (askers, beset): (&Askers, bool),
    (broker, space): (&Access, &Space),
    (folder, settings): (&Path, &Settings),
) -> Result<(Watch, (Subscriber, mpsc::Receiver<Arrival>)), Failure> {
    let client = live::own_client_id(folder)?;
    let operators = askers.operators.as_ref().filter(|_| beset);
    let gate = operators.map(|(trust, _)| Gate::new(trust.clone(), wall_now()));
    let mut filters = topic::filters(space);
    filters.extend(gate.as_ref().map(|_| Talk::Command.filter(space)));
    let heard = live::listener(broker, filters, &client, settings);
    Ok((service.hearing_orders(gate), heard))
}

/// Sets the stage of an exercise, if it is one, and opens the desk.
async fn open(
    ready: &Ready,
    kept @ (home, folder, book): (&Path, &Path, &Book),
    (heard, told, link): (Overheard, &Told, watch::Receiver<LinkStatus>),
    ((session, beset), hand, (plan, by), stop): Front<'_>,
) -> Result<(Option<Staged>, Opened), Failure> {
    let plants = ready.plants();
    let staged = drill::stage((ready, session, beset), (heard.again(), hand), kept)?;
    let what = (plants.as_slice(), book, Some(&ready.outline.title));
    let room = Room::new(what, by, (folder, &ready.settings)).at_home(home);
    let room = room.with_drill(staged.as_ref());
    let desk = desk::open(plan, room, heard.with(told, link), stop).await?;
    Ok((staged, desk))
}

/// How a run has ended.
struct Ending {
    /// Where the instructor wants to go back to.
    back: Option<Back>,
    /// Where the desk was.
    desk: Option<SocketAddr>,
}

impl Stage {
    /// Plays it, and as often as its instructor goes back, another branch of it.
    async fn play_all(mut self, cast: Cast, stopped: Stop) -> Result<(), Failure> {
        let mut next = Some(cast);
        while let Some(cast) = next.take() {
            let own = stop::after(&stopped);
            let ending = Box::pin(self.clone().play(cast, own)).await?;
            let Some(back) = ending.back.filter(|_| !stopped.is_set()) else { break };
            let (ready, book, home) = (&self.ready, &self.book, &self.home);
            drill::branch((ready, book), home, &self.place.1, &back).await?;
            next = self::cast(ready, home, book, &stopped).await?;
            // Pages that are open find their way back.
            let (_, _, plan) = &mut self.face;
            *plan = plan.take().map(|plan| ending.desk.map_or(plan.clone(), |at| plan.at(at)));
        }
        Ok(())
    }

    async fn play(
        self,
        (company, session): Cast,
        (stopper, stopped): (Stopper, Stop),
    ) -> Result<Ending, Failure> {
        let started = wall_now();
        let Self { ready, book, place: (broker, space), home, face, people, keys, beset } = self;
        let folder = drill::folder_of(&home, drill::branch_of(&home));
        let (screen, by, desk) = face;
        let (hand, orders) = people.0.way(ready.outline.start, folder.join("orders.toml"));
        let people = (people.0.operators(&people.1, &broker), hand);
        let (plants, settings, (keys, trust)) = (ready.plants(), &ready.settings, keys);
        let watched = (plants.clone(), book.clone());
        let (backstage, askers) =
            Backstage::new(ready.exercise.is_some(), people, (&trust, &broker))?;
        let (service, told) = live::watch_service(watched, trust, &folder, settings).await?;
        let (told, heard) = overhear(told);
        let (place, kept) = ((&broker, &space), (home.as_path(), folder.as_path(), &book));
        let (service, (subscriber, arrivals)) =
            hear(service, (&askers, beset), place, (&folder, settings))?;
        let ((end_monitor, monitor_ends), (hand, asked)) = (stop::stop(), live::hand());
        // What another branch has left with the broker ends too.
        let with = (home.as_path(), settings, signers(&keys));
        let beside = talk::speak(place, &service, (&told, &book), with, &monitor_ends);
        let watching = service.run(arrivals, subscriber.status(), asked, monitor_ends.clone());
        let watching = tokio::spawn(then_stop(watching, stopper.clone()));
        live::connected(subscriber.status(), &broker, &stopped).await?;

        let ears = (heard, &told, subscriber.status());
        let cast = (session, beset.then(|| space.clone()));
        let front = (cast, hand.clone(), (desk, by.as_str()), monitor_ends.clone());
        let (staged, desk) = open(&ready, kept, ears, front).await?;
        let (aside, Listener { progress: seen, outside }) = Aside::new(ready.outline.start);
        let with = (settings, None, Duration::ZERO); // the monitor that may ask is beside them
        let publishers = live::publishers(&broker, &space, (&company, &keys), with)?;
        let links = publishers.iter().map(Publisher::status).chain([subscriber.status()]).collect();
        let quitters = live::Quitters::watch(links, &broker, (&stopper, &stopped));
        let voices = Voices::new(space.clone(), &company, publishers, keys);
        let hearing = talk::hear_requests(place, &voices, askers, settings, monitor_ends.clone());
        let pace = ready.outline.pace;
        report(screen, (&voices, &broker, subscriber.status()), (seen.clone(), pace));
        let (what, at) = ((company, voices, pace), (place, settings, screen.lang()));
        let simulating = drill::start(what, (staged, backstage), (aside, orders), at, &stopped);
        let played = played(&ready, seen, outside, &stopped);
        let answers = ready.answers(&book);
        let subject = Subject {
            plants,
            title: ready.fleet.clone(),
            book,
            run: Some(played),
            link: subscriber.status(),
            person: (by, hand.clone()),
            desk: desk.link.clone(),
        };
        let snapshots = told.snapshots.clone();
        tokio::spawn(people::play(answers, snapshots.clone(), hand));
        // The plants end by themselves, by Ctrl-C, or because a person quits the view.
        let showing =
            tokio::spawn(show::until(told, screen, subject, move || stopper.set(), monitor_ends));
        let simulated = simulating.await.map_err(|_| Failure::Bug)?;
        if matches!(screen, Screen::Terminal(_)) && !matches!(simulated, Ok(Some(_))) {
            stopped.wait().await; // the picture stays until somebody has read it
        }
        all_heard(snapshots).await;
        end_monitor.set();
        let watched = watching.await.map_err(|_| Failure::Bug)?;
        subscriber.stop().await;
        talk::ended(beside.into_iter().chain([hearing])).await?;
        let desk = desk.closed().await;
        let summary = showing.await.map_err(|_| Failure::Bug)??;
        summary.say(wall_now() - started, &folder.display().to_string());
        quitters.verdict().await?;
        let ending = simulated.map(|back| Ending { back, desk }).map_err(Failure::outside)?;
        watched.map(|()| ending).map_err(Failure::outside)
    }
}

/// Says how the plants keep up, unless the view shows it itself.
fn report(
    screen: Screen,
    (voices, broker, link): (&Voices, &Access, watch::Receiver<LinkStatus>),
    (seen, pace): (watch::Receiver<Progress>, Pace),
) {
    if !matches!(screen, Screen::Terminal(_)) {
        held::report(voices, broker, Some(link), screen.lang());
        tokio::spawn(live::report_pace(seen, pace, screen.lang()));
    }
}

/// Plants that nobody watches any more stop.
async fn then_stop<T>(watching: impl Future<Output = T>, stopper: Stopper) -> T {
    let watched = watching.await;
    stopper.set();
    watched
}

/// What a view shows of the plants' side.
fn played(
    ready: &Ready,
    progress: watch::Receiver<Progress>,
    outside: mpsc::Receiver<(PlantId, Outside)>,
    stopped: &Stop,
) -> Played {
    Played { outline: ready.outline.clone(), progress, outside, stopped: stopped.clone() }
}

/// What the monitor signs what it says by, and what it asks.
fn signers(keys: &Keychain) -> (Option<Signer>, Sign) {
    let asker = keys.of_space.clone();
    (keys.of_space.clone(), Box::new(move || asker.clone()))
}

/// A key for this run, and trust in nothing else: plants and monitor are one process.
fn keys_of_a_run() -> Result<(Keychain, Trust), Failure> {
    let signer = ring::draw()?;
    let mut trust = Trust::new(Unsigned::Refuse);
    trust.add(None, signer.public(), false);
    Ok((Keychain { of_space: Some(signer), ..Keychain::default() }, trust))
}

/// Waits until the monitor has heard the plant's goodbye: everything before it came earlier. A
/// silent gateway says none, so once nothing more comes, that was all.
async fn all_heard(mut snapshots: watch::Receiver<Snapshot>) {
    loop {
        let readings = snapshots.borrow().readings();
        let news = snapshots.wait_for(|told| is_gone(told) || told.readings() > readings);
        match tokio::time::timeout(LAST_WORDS, news).await {
            Ok(Ok(snapshot)) if !is_gone(&snapshot) => {}
            _ => return,
        }
    }
}

fn is_gone(snapshot: &Snapshot) -> bool {
    snapshot.plants.iter().all(|plant| plant.online == Some(false))
}
