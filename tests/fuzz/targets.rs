//! What must hold for any input: it is refused, or means the same when written and read again.

use std::sync::{Arc, OnceLock};

use sanmen::base::problem::{Problems, Source};
use sanmen::base::{Flag, Stamp};
use sanmen::cli::library::{self, Library};
use sanmen::inspection::book::Book;
use sanmen::plant::{Plant, inp};
use sanmen::scenario;
use sanmen::telemetry::mapping::{Foreign, Mapping};
use sanmen::telemetry::signature::{Signed, Signer, unsigned};
use sanmen::telemetry::topic::{Kind, Topic};
use sanmen::telemetry::wire::{MESSAGE_BYTES_MAX, Message, decode};

use super::Verdict;

fn check(is: bool, what: impl Into<String>) -> Verdict {
    if is { Ok(()) } else { Err(what.into()) }
}

/// A message of our wire, refused or read: written and read again it is the same.
fn message(kind: Kind, payload: &[u8]) -> Result<Option<Message>, String> {
    let read = match decode(kind, payload) {
        Ok(read) => read,
        Err(refusal) => {
            let plain = !refusal.detail.chars().any(char::is_control);
            check(plain && refusal.detail.chars().count() <= 200, refusal.to_string())?;
            return Ok(None);
        }
    };
    check(payload.len() <= MESSAGE_BYTES_MAX, "it is longer than any message")?;
    let written = read.encode();
    // What somebody has written shorter than we do may not fit any more.
    if written.len() <= MESSAGE_BYTES_MAX {
        let again = decode(kind, &written).map_err(|refusal| format!("again: {refusal}"))?;
        check(again == read, format!("{again:?} is not {read:?}"))?;
    }
    Ok(Some(read))
}

pub fn wire(input: &[u8]) -> Verdict {
    let read = Kind::ALL.into_iter().map(|kind| message(kind, input));
    let read = read.collect::<Result<Vec<_>, _>>()?;
    check(read.iter().flatten().count() <= 1, "it is messages of several kinds")
}

pub fn topic(input: &[u8]) -> Verdict {
    let text = String::from_utf8_lossy(input);
    #[cfg(feature = "sparkplug")]
    if let Some(read) = sanmen::telemetry::sparkplug::topic::Topic::parse(&text) {
        check(read.to_string() == text, format!("{read:?}"))?;
        check(Topic::parse(&text).is_err(), "it is of both encodings")?;
    }
    match Topic::parse(&text) {
        Ok(read) => check(read.to_string() == text, format!("{read:?}")),
        Err(_) => Ok(()),
    }
}

/// The topic under which the messages of the corpus are signed.
const SIGNED_UNDER: &str = "sanmen/v1/k7/sanmen/data";

pub fn signature(input: &[u8]) -> Verdict {
    let signer = Signer::from_secret(&[7; 32]);
    let bare = unsigned(input.to_vec());
    if let Some(signed) = Signed::read(input) {
        check(bare.len() < input.len(), "a signature takes room")?;
        let genuine = signer.sign(SIGNED_UNDER, bare.clone()) == input;
        // Whose it is, is no part of what is signed: a monitor looks for the key by that name.
        let is_ours = signed.key == signer.id();
        let verifies = is_ours && signer.public().verifies(SIGNED_UNDER, &signed);
        check(verifies == genuine, format!("verifies: {verifies}, genuine: {genuine}"))?;
    } else {
        check(bare == input, "it was not signed, and has changed")?;
    }
    if bare.last() != Some(&b'}') {
        return Ok(());
    }
    let signed = signer.sign(SIGNED_UNDER, bare);
    let read = Signed::read(&signed).ok_or("it was just signed")?;
    check(signer.public().verifies(SIGNED_UNDER, &read), "it was just signed by this key")
}

#[cfg(feature = "sparkplug")]
pub fn sparkplug(input: &[u8]) -> Verdict {
    use sanmen::base::ids::Space;
    use sanmen::telemetry::encoding::Encoding;
    use sanmen::telemetry::sparkplug::host::{Book, Host, Names};
    use sanmen::telemetry::sparkplug::topic::Group;

    let (group, space) = (Group::new("rural-water"), Space::new("k7"));
    let (group, space) = (group.map_err(|e| e.to_string())?, space.map_err(|e| e.to_string())?);
    let plant = plant();
    let tags = plant.instruments.iter().map(|it| sanmen::simulator::describe(&it.tag)).collect();
    let book = Book::new([(plant.id.clone(), tags)], Names::default());
    let mut host = Host::new(group, space, book, true);
    // Before any birth, then after the births of the reference implementation.
    let lines = include_str!("../data/sparkplug/tahu.txt").lines();
    let births: Vec<(&str, Vec<u8>)> =
        lines.take(2).filter_map(|it| it.split_once(' ')).map(|(t, hex)| (t, bytes(hex))).collect();
    let of_device = ["DBIRTH", "DDATA", "DDEATH"].map(|kind| format!("{kind}/sanmen/instruments"));
    let of_node = ["NDATA", "NCMD", "NBIRTH", "NDEATH"].map(|kind| format!("{kind}/sanmen"));
    let topics: Vec<String> = of_device.into_iter().chain(of_node).collect();
    for round in 0..2 {
        for topic in &topics {
            let topic = format!("spBv1.0/rural-water/{topic}");
            let told = host.read(&topic, input, moment());
            for (topic, payload) in &told.messages {
                let topic = Topic::parse(topic).map_err(|error| error.to_string())?;
                let read = message(topic.kind, payload)?;
                check(
                    read.is_some(),
                    format!("it is refused: {}", String::from_utf8_lossy(payload)),
                )?;
            }
            let lists = told.aside.iter().map(|aside| (aside.readings.len(), aside.refused.len()));
            for (readings, refused) in lists {
                check(readings <= 4_096 && refused <= 16, format!("{readings} and {refused}"))?;
            }
            told.aside.as_ref().map_or(Ok(()), same_again)?;
        }
        if round == 0 {
            for (topic, payload) in &births {
                host.read(topic, payload, moment());
            }
        }
    }
    Ok(())
}

#[cfg(feature = "sparkplug")]
fn bytes(hex: &str) -> Vec<u8> {
    let pair = |at: usize| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap_or(0);
    (0..hex.len() / 2).map(pair).collect()
}

pub fn mapping(input: &[u8]) -> Verdict {
    static MAPPING: OnceLock<Mapping> = OnceLock::new();
    let mapping = MAPPING.get_or_init(|| {
        let source = library::built_in_mappings().remove(0);
        library::read_mapping(&source, [plant()].iter()).expect("it ships")
    });
    let topics = ["factory/site-3/analyser", "factory/site-3/yunding-p/telemetry", "factory/x/y"];
    for topic in topics {
        let Some(told) = mapping.read(topic, input, moment()) else { continue };
        check(told.readings.len() <= 4_096, "too many readings")?;
        for reading in &told.readings {
            let is_finite = reading.value.is_none_or(f64::is_finite);
            let is_flagged = (reading.flag == Flag::Missing) == reading.value.is_none();
            check(is_finite && is_flagged, format!("{reading:?}"))?;
        }
        same_again(&told)?;
    }
    Ok(())
}

/// The ledger keeps it: it must come back from there.
fn same_again(told: &Foreign) -> Verdict {
    let written = serde_json::to_vec(told).map_err(|error| error.to_string())?;
    let read: Foreign = serde_json::from_slice(&written).map_err(|error| error.to_string())?;
    check(&read == told, format!("{read:?} is not {told:?}"))
}

pub fn inp(input: &[u8]) -> Verdict {
    let text = String::from_utf8_lossy(input).into_owned();
    let source = Source::new("fuzz.inp", text);
    let network = match inp::read(&source) {
        Ok(network) => network,
        Err(problems) => return shown(&problems),
    };
    let written = inp::write(&network, &[]);
    let again = inp::read(&Source::new("again.inp", written.clone()));
    let again =
        again.map_err(|problems| format!("again: {}\n{written}", problems.render(false)))?;
    let twice = inp::write(&again, &[]);
    check(twice == written, format!("written twice: {twice}\nis not {written}"))
}

pub fn toml(input: &[u8]) -> Verdict {
    let text = String::from_utf8_lossy(input).into_owned();
    let source = Source::new("fuzz.toml", text);
    let plant = plant();
    let of = |result: Result<(), Problems>| result.map_or_else(|it| shown(&it), Ok);
    of(Book::load(std::slice::from_ref(&source)).map(drop))?;
    of(scenario::load(&source, std::slice::from_ref(&plant)).map(drop))?;
    of(library::read_mapping(&source, [plant].iter()).map(drop))?;
    let defaults = library::default_settings();
    of(sanmen::cli::settings::Settings::load(&defaults, Some(&source)).map(drop))
}

/// Problems can be shown, and there are no more than the file has room for.
fn shown(problems: &Problems) -> Verdict {
    check(!problems.is_empty(), "nothing is wrong, and it is refused")?;
    check(!problems.render(false).is_empty(), "nothing is shown")
}

fn plant() -> Arc<Plant> {
    static PLANT: OnceLock<Arc<Plant>> = OnceLock::new();
    let load = || Library::default().plant("sanmen").expect("it ships");
    Arc::clone(PLANT.get_or_init(load))
}

fn moment() -> Stamp {
    Stamp::from_ms(1_733_356_900_000).expect("a time")
}
