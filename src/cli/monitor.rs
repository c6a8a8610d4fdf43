//! `sanmen monitor`: the monitor only, for simulated or real plants on any MQTT broker.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use clap::Args;

use crate::base::ids::Space;
use crate::base::problem::Listed;
use crate::base::random::Seed;
use crate::base::text::Lang;
use crate::base::time::wall_now;
use crate::base::{PlantId, Text};
use crate::cli::access::AccessArgs;
use crate::cli::common::{BROKER, SettingsFile, Shelves, Telling};
use crate::cli::desk::{self, DeskArgs, Room, overhear};
use crate::cli::encoding::HearArgs;
use crate::cli::exit::{Failure, both};
use crate::cli::guest::GuestArgs;
use crate::cli::keys::{self, Named, TrustFlags};
use crate::cli::library::{self, Library};
use crate::cli::live::{self, say};
use crate::cli::metrics::Metrics;
use crate::cli::ready::fleet_plants;
use crate::cli::show::{self, Screen, Subject};
use crate::cli::talk;
use crate::cli::webhook::Webhook;
use crate::ingest::trust::{Trust, Unsigned};
use crate::inspection::book::Book;
use crate::plant::Plant;
use crate::telemetry::access::Access;
use crate::telemetry::mapping::Mapping;
use crate::telemetry::topic::{self, Talk};
use crate::telemetry::url::BrokerUrl;

/// Watches a space: rules, alarms, ledger.
#[derive(Debug, Args)]
pub struct MonitorArgs {
    /// Address of the broker
    #[arg(long, value_name = "URL", default_value = BROKER, value_parser = BrokerUrl::parse)]
    broker: BrokerUrl,
    /// The run's private name in every topic, as `sanmen simulate` says it
    #[arg(
        long, value_name = "NAME", value_parser = Space::new, required_unless_present = "join"
    )]
    space: Option<Space>,
    /// Broker, space and keys in one, as `sanmen simulate` says it after `join:`
    #[arg(
        long, value_name = "URL", value_parser = joined, conflicts_with_all = ["broker", "space"]
    )]
    join: Option<Joined>,
    /// Where ledgers live; each run has a folder of its own in it
    #[arg(long, value_name = "DIR", default_value = "sanmen-data")]
    data: std::path::PathBuf,
    /// A plant to watch; may be given several times; without it all of --plants, or sanmen of those
    /// that are built in
    #[arg(long, value_name = "PLANT")]
    plant: Vec<String>,
    /// Watch the works of a fleet: one that is compiled in, or a file (.toml)
    #[arg(long, value_name = "FLEET", conflicts_with_all = ["plant", "plants"])]
    fleet: Option<String>,
    /// So many works of the fleet, where its scenario has `plants`
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    works: Option<u32>,
    /// The seed that the works of the fleet are drawn from; the fleet's own by default
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Hear devices that know nothing of our wire too: a file that says where in their messages
    /// what stands (src/docs/mappings.md)
    #[arg(long, value_name = "FILE")]
    mapping: Option<std::path::PathBuf>,
    /// Who answers alarms at this terminal
    #[arg(long, value_name = "NAME", env = "USER", default_value = "operator")]
    by: String,
    #[command(flatten)]
    desk: DeskArgs,
    #[command(flatten)]
    access: AccessArgs,
    #[command(flatten)]
    guest: GuestArgs,
    #[command(flatten)]
    shelves: Shelves,
    #[command(flatten)]
    settings: SettingsFile,
    #[command(flatten)]
    trust: TrustFlags,
    #[command(flatten)]
    telling: Telling,
    #[command(flatten)]
    hear: HearArgs,
}

/// A broker, a space of it, and the keys of those who speak there.
type Joined = (BrokerUrl, Space, Vec<Named>);

/// Reads what `sanmen simulate` says after `join:`.
fn joined(text: &str) -> Result<Joined, String> {
    let (broker, space, keys) = BrokerUrl::parse_shared(text).map_err(|error| error.to_string())?;
    let space = Space::new(&space).map_err(|error| error.to_string())?;
    let keys: Result<_, String> = keys.iter().map(|key| keys::named(key)).collect();
    Ok((broker, space, keys?))
}

/// Where to listen, to which space, and whom to believe there.
fn place(args: &MonitorArgs) -> Result<Joined, Failure> {
    match (&args.join, &args.space) {
        (Some(joined), _) => Ok(joined.clone()),
        (None, Some(space)) => Ok((args.broker.clone(), space.clone(), Vec::new())),
        (None, None) => Err(Failure::usage("name the run with --space, or --join it")),
    }
}

/// Watches until Ctrl-C.
pub fn run(args: &MonitorArgs, _out: &mut dyn Write) -> Result<(), Failure> {
    let mut settings = args.settings.load()?;
    let library = args.shelves.library().with_settings(&settings);
    let ((plants, title, _), book) = judged(args, &library)?;
    let (url, space, keys) = place(args)?;
    let mut broker = args.access.access(url, &settings)?;
    let lang: Lang = args.telling.lang.into();
    args.guest.enter((&mut broker, lang), &space, None, &mut settings)?;
    let mapping = args.mapping.as_ref().map(|file| library::mapping(file, &plants)).transpose()?;
    let others = args.hear.filters(mapping.as_ref())?;
    let folder = args.data.join(space.as_str());
    say_place((&broker, &space), &folder, lang);
    let trust = args.trust.load((&space, &keys), broker.url.is_loopback(), &settings)?;
    if args.join.is_some() {
        say_joined(&keys, &plants, lang);
    }
    args.guest.say_where((&broker, lang), &space, &shared(&trust, &plants));
    let (operators, later) = (args.trust.operators()?, args.trust.later(&space)?);
    let signers = (args.trust.of_monitor()?, args.trust.of_asker(&space)?);
    let desk = args.desk.plan(&settings)?;
    say_trust(&trust, &plants, lang);
    let screen = Screen::choose(args.telling);
    live::block_on_in(lang, |stopper, stopped| async move {
        let started = wall_now();
        let watched = (plants.clone(), book.clone());
        let (service, told) = live::watch_service(watched, trust, &folder, &settings).await?;
        let (told, heard) = overhear(told);
        let client = live::own_client_id(&folder)?;
        let mut filters = topic::filters(&space);
        filters.extend(mapping.iter().flat_map(Mapping::filters).chain(others));
        filters.extend(operators.as_ref().map(|_| Talk::Command.filter(&space)));
        let (subscriber, arrivals) = live::listener(&broker, filters, &client, &settings);
        let (place, of) = ((&broker, &space), (&plants[..], mapping.as_ref()));
        let service = args.hear.hear(service, place, of, &settings)?;
        let service = service.with_mapping(mapping).hearing_orders(operators).finding(later);
        let link = subscriber.status();
        if let Some(listen) = settings.metrics {
            Metrics::of(&service, told.snapshots.clone(), link.clone()).serve(listen).await?;
        }
        let room = Room::new((&plants, &book, title.as_ref()), &args.by, (&folder, &settings));
        let heard = heard.with(&told, link.clone());
        let desk = desk::open(desk, room, heard, stopped.clone()).await?;
        let webhook = Webhook::open(&settings.webhook, &folder, &space).await?;
        let webhook = webhook.map(|it| tokio::spawn(it.run(stopped.clone())));
        let quitters = live::Quitters::watch(vec![link.clone()], &broker, (&stopper, &stopped));
        let with = (folder.as_path(), &settings, signers);
        let beside = talk::speak(place, &service, (&told, &book), with, &stopped);
        // The view shows the connection itself.
        let outage = (!matches!(screen, Screen::Terminal(_)))
            .then(|| tokio::spawn(live::report_link(link.clone(), broker.clone(), lang)));
        let (hand, asked) = live::hand();
        let person = (args.by.clone(), hand);
        let (run, desk_link) = (None, desk.link.clone());
        let subject =
            Subject { plants, title, book, run, link: link.clone(), person, desk: desk_link };
        let watching = tokio::spawn(service.run(arrivals, link, asked, stopped.clone()));
        let summary = show::until(told, screen, subject, move || stopper.set(), stopped).await?;
        if let Some(outage) = outage {
            outage.abort();
        }
        let watched = watching.await.map_err(|_| Failure::Bug)?;
        subscriber.stop().await;
        talk::ended(beside).await?;
        desk.closed().await;
        if let Some(webhook) = webhook {
            webhook.await.map_err(|_| Failure::Bug)?;
        }
        summary.say(wall_now() - started, &folder.display().to_string());
        quitters.verdict().await?;
        watched.map_err(Failure::outside)
    })
}

/// The keys by which others believe what the monitor believes of the plants that it watches.
fn shared(trust: &Trust, plants: &[Arc<Plant>]) -> Vec<Named> {
    let mut shared: Vec<Named> = Vec::new();
    for (plant, key) in trust.keys() {
        let named = Named(plant.cloned(), key.clone());
        let is_watched = plant.is_none_or(|id| plants.iter().any(|it| it.id == *id));
        if is_watched && !shared.contains(&named) {
            shared.push(named);
        }
    }
    shared
}

/// Says what is watched, and where its ledger is.
fn say_place((broker, space): (&Access, &Space), folder: &Path, lang: Lang) {
    let place = folder.display();
    say(&match lang {
        Lang::En => format!("space {space} on {broker} · ledger in {place}"),
        Lang::Zh => format!("空间 {space},消息服务器 {broker} · 台账在{place}"),
    });
}

/// So many plants are named in one line.
const NAMED_MAX: usize = 5;

/// Says whom a monitor that has joined an exercise believes by the keys of its address.
fn say_joined(keys: &[Named], plants: &[Arc<Plant>], lang: Lang) {
    let (believed, others) = joined_plants(keys, plants);
    match believed.as_slice() {
        [] if keys.is_empty() => {
            say(lang.pick("joined: the address has no keys", "已加入:地址中没有密钥"));
        }
        [] => say(lang.pick(
            "joined: the address has no key of a plant that is watched here",
            "已加入:地址中没有此处所监测水厂的密钥",
        )),
        believed => say(&match (names(believed, lang), lang) {
            (names, Lang::En) => format!(
                "joined: plants {names} are believed by the keys of the address, and nobody else \
                 in their names"
            ),
            (names, Lang::Zh) => {
                format!("已加入:水厂{names}以地址中的密钥为准,冒用其名者一概不信")
            }
        }),
    }
    if !others.is_empty() {
        let others = names(&others, lang);
        say(&match lang {
            Lang::En => format!(
                "the address has keys of plants too that are not watched here: {others} (--plant \
                 NAME watches one)"
            ),
            Lang::Zh => {
                format!("地址中另有此处未监测水厂的密钥:{others}(用--plant NAME监测)")
            }
        });
    }
}

/// Those of `plants` for which somebody has a key in the address, and others that it is for.
fn joined_plants<'a>(keys: &'a [Named], plants: &'a [Arc<Plant>]) -> (Vec<&'a str>, Vec<&'a str>) {
    let is_for =
        |id: &PlantId| keys.iter().any(|Named(of, _)| of.as_ref().is_none_or(|of| of == id));
    let ids = plants.iter().map(|plant| &plant.id);
    let believed = ids.clone().filter(|id| is_for(id)).map(PlantId::as_str).collect();
    let named = keys.iter().filter_map(|Named(of, _)| of.as_ref());
    let others = named.filter(|of| !ids.clone().any(|id| id == *of));
    (believed, others.map(PlantId::as_str).collect())
}

fn names(plants: &[&str], lang: Lang) -> String {
    let shown = plants[..plants.len().min(NAMED_MAX)].join(lang.pick(", ", "、"));
    match (plants.len().saturating_sub(NAMED_MAX), lang) {
        (0, _) => shown,
        (more, Lang::En) => format!("{shown} and {more} more"),
        (more, Lang::Zh) => format!("{shown}等,另有{more}座"),
    }
}

/// Says of which plants nothing will be believed, or anything.
fn say_trust(trust: &Trust, plants: &[Arc<Plant>], lang: Lang) {
    let without = plants.iter().filter(|plant| !trust.must_sign(&plant.id));
    let without: Vec<&str> = without.map(|plant| plant.id.as_str()).collect();
    let Some(first) = without.first() else { return };
    let who = match (without.len(), lang) {
        (1, _) => (*first).to_owned(),
        (count, Lang::En) => format!("{first} and {} more", count - 1),
        (count, Lang::Zh) => format!("{first}等{count}座水厂"),
    };
    say(&match (trust.unsigned(), lang) {
        (Unsigned::Accept, Lang::En) => {
            format!("no key of {who} is known: anybody may speak in that name")
        }
        (Unsigned::Accept, Lang::Zh) => format!("没有{who}的密钥:任何人都可冒用其名"),
        (Unsigned::Refuse, Lang::En) => format!(
            "no key of {who} is known, so nothing in that name is believed: `sanmen keys trust \
             {first} KEY` or --trust KEY names it, --accept-unsigned believes anybody"
        ),
        (Unsigned::Refuse, Lang::Zh) => format!(
            "没有{who}的密钥,以其名义的消息一概不信:用`sanmen keys trust {first} KEY`或--trust \
             KEY指定密钥;--accept-unsigned则任何人都信"
        ),
    });
}

/// The plant that is watched when nobody names one.
const EXAMPLE: &str = "sanmen";

/// Plants, what they are together, and the rules that they are judged by.
type Watched = (Vec<Arc<Plant>>, Option<Text>, Option<Listed>);

/// The plants to watch, what they are called together, and the rules that they are judged by.
/// Errors: every mistake of both.
fn judged(args: &MonitorArgs, library: &Library) -> Result<(Watched, Book), Failure> {
    let watched = watched(args, library);
    let book = library.book_for(watched.iter().flat_map(|(plants, ..)| plants));
    let (watched, book) = both(watched, Path::new("plants"), book)?;
    let book = library.judging(&book, watched.2.as_ref())?.into_owned();
    Ok((watched, book))
}

/// The plants to watch, and what they are together if they are a fleet.
fn watched(args: &MonitorArgs, library: &Library) -> Result<Watched, Failure> {
    if let Some(name) = &args.fleet {
        let fleet = library::fleet(name)?;
        let seed = args.seed.map_or(fleet.seed, Seed);
        let plants = fleet_plants(&fleet, seed, args.works.map(|count| count as usize))?;
        return Ok((plants, Some(fleet.title), fleet.judged_by));
    }
    for (flag, is_given) in [("--works", args.works.is_some()), ("--seed", args.seed.is_some())] {
        if is_given {
            return Err(Failure::usage(format!(
                "{flag} says which works of a fleet to watch: name the fleet with --fleet, or \
                 leave {flag} out"
            )));
        }
    }
    if args.plant.is_empty() {
        // Of the plants that are built in one is the example; nobody need run the others.
        let plants: Vec<_> = match library.plants {
            Some(_) => library.plants()?.into_values().collect(),
            None => vec![library.plant(EXAMPLE)?],
        };
        if plants.is_empty() {
            return Err(Failure::usage("there is no plant to watch"));
        }
        return Ok((plants, None, None));
    }
    let named = args.plant.iter().map(|name| library.plant(name));
    Ok((named.collect::<Result<_, _>>()?, None, None))
}

#[cfg(test)]
mod tests {
    //! Whom somebody believes who has joined.

    use super::*;
    use crate::plant::sample;
    use crate::telemetry::signature::Signer;

    #[test]
    fn whoever_joins_is_told_whose_keys_the_address_has() {
        let plants = [Arc::new(sample::plant())];
        let key = |plant: Option<&str>| {
            let plant = plant.map(|id| PlantId::new(id).expect("an id"));
            Named(plant, Signer::from_secret(&[7; 32]).public())
        };
        let told = |keys: &[Named]| {
            let (believed, others) = joined_plants(keys, &plants);
            (believed.join(" "), others.join(" "))
        };
        let own = plants[0].id.as_str();
        assert_eq!(told(&[]), (String::new(), String::new()));
        assert_eq!(told(&[key(None)]), (own.to_owned(), String::new()), "of the whole space");
        let both = [key(Some("elsewhere")), key(Some(own))];
        assert_eq!(told(&both), (own.to_owned(), "elsewhere".to_owned()));
        let seven = ["a", "b", "c", "d", "e", "f", "g"];
        assert_eq!(names(&seven, Lang::En), "a, b, c, d, e and 2 more");
        assert_eq!(names(&seven, Lang::Zh), "a、b、c、d、e等,另有2座");
    }
}
