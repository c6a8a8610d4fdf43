#![expect(clippy::disallowed_methods, reason = "edge: opens the desk's port, keeps its tokens")]
//! The desk beside a monitor: where it listens, who may come in, what it shows.

pub mod alone;
mod cards;
mod map;
mod monitoring;
mod people;
mod scheme;

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{broadcast, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use crate::base::Text;
use crate::cli::drill::Staged;
use crate::cli::exit::Failure;
use crate::cli::explain;
use crate::cli::guest::{drawing, picture};
use crate::cli::live::{self, Told, say};
use crate::cli::settings::Settings;
use crate::cli::whole::replace_private;
use crate::desk::api::drill::{Drill, Invitation, Invitations, Views};
use crate::desk::api::{Desk, Draw, serve};
use crate::desk::guard::Hosts;
use crate::desk::person::Invited;
use crate::desk::role::{Role, Tokens};
use crate::desk::stream::{Connection, Hub, RECORDS, Sources};
use crate::exercise::live::stop::Stop;
use crate::inspection::book::Book;
use crate::ledger::record::Entry;
use crate::ledger::sqlite::Visitor;
use crate::ledger::store::StoreError;
use crate::monitor::Snapshot;
use crate::plant::Plant;
use crate::telemetry::link::LinkStatus;
use monitoring::Monitoring;

/// Records that may wait for the desk; when more come at once, pages look at everything again.
const WAITING: usize = 1_024;

/// How long open pages may take to notice the end.
const PATIENCE: Duration = Duration::from_millis(500);

/// How often stations are told what has changed: as often as somebody can follow.
const STATION_EVERY: Duration = Duration::from_secs(2);

/// Where the desk is.
#[derive(Debug, Clone, Args)]
pub struct DeskArgs {
    /// Where the desk is for browsers, such as 127.0.0.1:8080, or `off`; as in [desk] of the
    /// settings by default
    #[arg(long, value_name = "ADDR", value_parser = place)]
    listen: Option<Place>,
    /// Let others come to the desk: what passes between it and them is not encrypted
    #[arg(long)]
    open_to_network: bool,
    /// Show the links of an exercise's roles as QR codes too
    #[arg(long)]
    qr: bool,
}

/// An address, or nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Nowhere,
    At(SocketAddr),
}

fn place(text: &str) -> Result<Place, String> {
    if text == "off" {
        return Ok(Place::Nowhere);
    }
    let port = text.parse::<u16>().map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
    let address = port.or_else(|_| text.parse::<SocketAddr>());
    let wrong = "must be an address with a port, such as 127.0.0.1:8080, a port, or `off`";
    address.map(Place::At).map_err(|_| wrong.to_owned())
}

/// Where a desk will be.
#[derive(Debug, Clone)]
pub struct Plan {
    listen: SocketAddr,
    hosts: Hosts,
    qr: bool,
    /// Who is to have a link of their own.
    invited: Vec<Invited>,
}

impl Plan {
    /// The same at this address, and nobody else invited.
    pub fn at(self, listen: SocketAddr) -> Self {
        Self { listen, invited: Vec::new(), ..self }
    }

    /// The same, with links of their own for these people.
    pub fn inviting(self, invited: &[Invited]) -> Self {
        Self { invited: invited.to_vec(), ..self }
    }
}

impl DeskArgs {
    /// Where the desk will be; none: nowhere. Errors: others could reach it, and nobody has said
    /// that they may.
    pub fn plan(&self, settings: &Settings) -> Result<Option<Plan>, Failure> {
        let listen = match self.listen {
            Some(Place::Nowhere) => None,
            Some(Place::At(address)) => Some(address),
            None => settings.desk.listen,
        };
        let Some(listen) = listen else { return Ok(None) };
        if !listen.ip().is_loopback() && !self.open_to_network {
            return Err(Failure::usage(format!(
                "others on the network could reach the desk at {listen}, and what passes is not \
                 encrypted: say --open-to-network if they may, or listen at 127.0.0.1:{}",
                listen.port()
            )));
        }
        let hosts = Hosts(settings.desk.hosts.clone());
        Ok(Some(Plan { listen, hosts, qr: self.qr, invited: Vec::new() }))
    }
}

impl Plan {
    /// Takes the address; gives whoever listens at it. Errors: it cannot be had.
    pub async fn bind(&self) -> Result<(TcpListener, SocketAddr), Failure> {
        let listen = self.listen;
        let unusable = |error| {
            let text = format!("the desk cannot be at {listen}: {error}");
            Failure::outside(format!("{text}; choose another address with --listen"))
        };
        let listener = TcpListener::bind(listen).await.map_err(unusable)?;
        let own = listener.local_addr().map_err(unusable)?;
        Ok((listener, own))
    }

    /// Names by which it may be called.
    pub fn hosts(&self) -> Hosts {
        self.hosts.clone()
    }
}

/// What the desk shows.
pub struct Room {
    /// The plants, in the monitor's order.
    pub plants: Vec<Arc<Plant>>,
    /// The rules.
    pub book: Book,
    /// What the plants are together, or play.
    pub title: Option<Text>,
    /// Who sits there, unless they say otherwise.
    pub by: String,
    /// Where the ledger is.
    pub folder: PathBuf,
    /// Where the tokens are.
    pub home: PathBuf,
    /// The settings in force.
    pub settings: Settings,
    /// The exercise that is played, if one is.
    pub drill: Option<Drill>,
}

impl Room {
    /// Of what a command has at hand: plants, rules and what they are together; who sits there; the
    /// ledger and the settings.
    pub fn new(
        (plants, book, title): (&[Arc<Plant>], &Book, Option<&Text>),
        by: &str,
        (folder, settings): (&Path, &Settings),
    ) -> Self {
        Self {
            plants: plants.to_vec(),
            book: book.clone(),
            title: title.cloned(),
            by: by.to_owned(),
            folder: folder.to_owned(),
            home: folder.to_owned(),
            settings: settings.clone(),
            drill: None,
        }
    }

    /// With tokens from elsewhere than beside the ledger.
    pub fn at_home(mut self, home: &Path) -> Self {
        home.clone_into(&mut self.home);
        self
    }

    /// With an exercise.
    pub fn with_drill(mut self, staged: Option<&Staged>) -> Self {
        self.drill = staged.map(|staged| staged.door.clone());
        self
    }
}

/// What is told, for the desk too.
pub struct Overheard(broadcast::Receiver<Arc<Entry>>);

/// What the desk hears.
pub struct Heard {
    /// What the ledger's newest records were; none: to be looked up.
    past: Option<Vec<Entry>>,
    records: broadcast::Receiver<Arc<Entry>>,
    snapshots: watch::Receiver<Snapshot>,
    monitor: Monitoring,
}

impl Overheard {
    /// Another who hears the same.
    pub fn again(&self) -> broadcast::Receiver<Arc<Entry>> {
        self.0.resubscribe()
    }

    /// With the monitor's state and its connection.
    pub fn with(self, told: &Told, link: watch::Receiver<LinkStatus>) -> Heard {
        let (snapshots, unstored) = (told.snapshots.clone(), told.unstored.clone());
        let monitor = Monitoring::Here { link, unstored };
        Heard { past: None, records: self.0, snapshots, monitor }
    }
}

/// Lets the desk hear what is told.
pub fn overhear(told: Told) -> (Told, Overheard) {
    let Told { mut records, snapshots, unstored } = told;
    let (aloud, heard) = broadcast::channel(WAITING);
    let (onward, further) = mpsc::channel(1);
    tokio::spawn(async move {
        while let Some(entries) = records.recv().await {
            for entry in &entries {
                // Without a desk nobody listens.
                let _ = aloud.send(Arc::new(entry.clone()));
            }
            if onward.send(entries).await.is_err() {
                return;
            }
        }
    });
    (Told { records: further, snapshots, unstored }, Overheard(heard))
}

/// A desk that may be open.
pub struct Opened {
    /// Its link, with the operator's token; none: there is no desk.
    pub link: Option<String>,
    /// Where it listens.
    at: Option<SocketAddr>,
    serving: Option<JoinHandle<()>>,
}

/// Opens the desk, if there is to be one, and says where it is. Errors: the address cannot be had,
/// or the tokens cannot be kept.
pub async fn open(
    plan: Option<Plan>,
    room: Room,
    heard: Heard,
    stop: Stop,
) -> Result<Opened, Failure> {
    let Some(plan) = plan else {
        return Ok(Opened { link: None, at: None, serving: None });
    };
    let (listener, own) = plan.bind().await?;
    let (hosts, qr) = (plan.hosts(), plan.qr);
    let tokens = tokens(&room.home)?;
    let link = say_where(own, tokens.of(Role::Operator), qr);
    let invitations = invitations(room.drill.is_some(), own, &tokens);
    say_roles(&invitations, qr);
    let of_exercise = || people::open(&room.home, own, (&plan.invited, qr));
    let people = room.drill.is_some().then(of_exercise).transpose()?;
    let (ender, ended) = watch::channel(false);
    let (said, connection) = watch::channel(Connection::default());
    tokio::spawn(monitoring::tell(heard.monitor, heard.snapshots.clone(), said));
    let past = match heard.past {
        Some(past) => past,
        None => newest(&room.folder).await.map_err(Failure::outside)?,
    };
    let sources =
        Sources { past, snapshots: heard.snapshots, connection, records: heard.records, ended };
    let folder = room.folder.clone();
    let catalogue = cards::catalogue(&room);
    let drill = room.drill.clone();
    let drawn = room.plants.clone();
    let draw: Draw = Arc::new(move |wanted| {
        let plant = drawn.iter().find(|plant| plant.id == *wanted)?;
        Some(map::draw(plant))
    });
    let explain = explain::for_desk(room.plants, room.book, room.settings, folder.clone());
    let hub = Hub::open(sources);
    if let Some(drill) = &drill {
        tokio::spawn(tell_news(Arc::clone(&hub), drill.views.clone()));
    }
    let desk =
        Desk { hub, catalogue, tokens, hosts, folder, explain, drill, draw, invitations, people };
    let serving = tokio::spawn(async move {
        let until = async move {
            stop.wait().await;
            ender.send_replace(true);
        };
        if let Err(error) = serve(desk, listener, until).await {
            tracing::error!(%error, "the desk has ended");
        }
    });
    Ok(Opened { link: Some(link), at: Some(own), serving: Some(serving) })
}

impl Opened {
    /// Waits until the desk has told its pages that it ends; not for those that do not listen.
    /// Gives where it was.
    pub async fn closed(self) -> Option<SocketAddr> {
        if let Some(serving) = self.serving {
            let _ = tokio::time::timeout(PATIENCE, serving).await;
        }
        self.at
    }
}

/// Tells pages when an exercise has something new, and stations, now and then, what has changed.
async fn tell_news(hub: Arc<Hub>, mut views: watch::Receiver<Views>) {
    let (mut told, mut known) = (u64::MAX, Value::Null);
    let mut ticks = tokio::time::interval(STATION_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            changed = views.changed() => {
                if changed.is_err() {
                    return;
                }
                let news = views.borrow_and_update().news;
                if news != told {
                    told = news;
                    hub.tell_exercise();
                }
            }
            _ = ticks.tick() => {
                let changed = views.borrow().of_station(&mut known);
                if let Some(changed) = changed {
                    hub.tell_station(&changed);
                }
            }
        }
    }
}

/// What a ledger's newest records are.
async fn newest(folder: &Path) -> Result<Vec<Entry>, StoreError> {
    let mut visitor = Visitor::open(folder).await?;
    let page = visitor.newest(RECORDS).await?;
    visitor.close().await?;
    Ok(page.entries)
}

/// Says the link, and to whoever is elsewhere, or who wants it so, as a picture too.
pub fn say_where(own: SocketAddr, token: &str, qr: bool) -> String {
    let link = link_of(own, token);
    say(&format!("desk: {link}"));
    if (qr || !own.ip().is_loopback())
        && let Some(picture) = picture(&link)
    {
        say(&picture);
    }
    link
}

/// In the order in which their links are said.
const ROLES: [Role; 4] = [Role::Operator, Role::Instructor, Role::Evaluator, Role::Viewer];

/// Links for everybody who takes part in an exercise; none when there is none.
fn invitations(is_exercise: bool, own: SocketAddr, tokens: &Tokens) -> Invitations {
    let invitation = |role: Role| {
        let link = link_of(own, tokens.of(role));
        Invitation { role, picture: drawing(&link), link }
    };
    let roles = ROLES.into_iter().filter(|_| is_exercise);
    Invitations { all: roles.map(invitation).collect(), by_others: !own.ip().is_loopback() }
}

/// Says the links of an exercise's other roles.
fn say_roles(invitations: &Invitations, qr: bool) {
    for Invitation { role, link, .. } in &invitations.all {
        if *role == Role::Operator {
            continue; // said already
        }
        say(&format!("{}: {link}", role.name()));
        if let Some(picture) = picture(link).filter(|_| qr) {
            say(&picture);
        }
    }
    if qr && !invitations.by_others {
        say("phones cannot reach this desk: it listens on this machine only; --listen \
             0.0.0.0:8080 --open-to-network lets them");
    }
}

/// A link with a token.
fn link_of(own: SocketAddr, token: &str) -> String {
    let shown = match own.ip() {
        ip if !ip.is_unspecified() => own,
        ip => SocketAddr::new(reachable(ip), own.port()),
    };
    format!("http://{shown}/#token={token}")
}

/// The address of this machine that others use, as far as the system knows: nothing is sent.
fn reachable(unspecified: IpAddr) -> IpAddr {
    let found = std::net::UdpSocket::bind((unspecified, 0)).and_then(|socket| {
        socket.connect(("192.0.2.1", 9))?; // an address of nobody (RFC 5737)
        socket.local_addr()
    });
    found.map_or(unspecified, |address| address.ip())
}

/// The desk's tokens: drawn once for a ledger, and kept beside it for its owner only, so that a
/// page that is open finds its way back after a restart.
fn tokens(folder: &Path) -> Result<Tokens, Failure> {
    let path = folder.join("desk-tokens");
    if let Ok(text) = fs::read_to_string(&path)
        && let Some(tokens) = Tokens::parse(&text)
    {
        return Ok(tokens);
    }
    let tokens = Tokens::draw(|| live::random_space().to_string());
    let written = replace_private(&path, tokens.to_text().as_bytes());
    written.map_err(|error| Failure::file(&path, error))?;
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::library;

    fn args(listen: &str, open_to_network: bool) -> DeskArgs {
        DeskArgs { listen: Some(place(listen).expect("an address")), open_to_network, qr: false }
    }

    #[test]
    fn others_reach_the_desk_only_when_somebody_says_so() {
        let settings = library::settings(None).expect("the defaults");
        assert!(args("off", false).plan(&settings).expect("allowed").is_none());
        assert!(args("8080", false).plan(&settings).expect("allowed").is_some());
        assert!(args("0.0.0.0:8080", true).plan(&settings).expect("allowed").is_some());
        for open in ["0.0.0.0:8080", "[::]:0", "192.168.1.5:80"] {
            assert!(args(open, false).plan(&settings).is_err(), "{open}");
        }
        assert!(place("example.org").is_err());
    }

    #[test]
    fn tokens_stay_the_same_and_are_their_owners_only() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = tokens(folder.path()).expect("kept");
        assert_eq!(tokens(folder.path()).expect("kept"), first);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let kept = fs::metadata(folder.path().join("desk-tokens")).expect("it is there");
            assert_eq!(kept.permissions().mode() & 0o777, 0o600);
        }
    }
}
