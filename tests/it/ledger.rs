//! The ledger survives `kill -9`: nothing acknowledged is lost, and no chain is torn.
#![expect(clippy::disallowed_methods, reason = "edge: the killed process is told its folder")]
#![expect(clippy::print_stdout, reason = "the killed process acknowledges on standard output")]

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use sanmen::base::{Flag, PlantId, QualityTests, Stamp, TagId};
use sanmen::ingest::observation::{IngestChange, IngestEvent, Observation, PlantIndex};
use sanmen::ledger::record::Record;
use sanmen::ledger::sqlite::Sqlite;
use sanmen::ledger::store::{Batch, Query, Roster, Store};
use sanmen::plant::tags::TagIndex;

const FOLDER: &str = "SANMEN_TEST_LEDGER";

fn plant() -> PlantId {
    PlantId::new("sanmen").expect("an id")
}

fn tag() -> TagId {
    TagId::new("AIT-301").expect("an id")
}

fn at(n: u64) -> Stamp {
    Stamp::from_ms(1_733_356_800_000 + n.cast_signed() * 1_000).expect("2024")
}

async fn open(folder: &Path) -> Sqlite {
    let roster = Roster::new(vec![(plant(), vec![tag()])]);
    Sqlite::open(folder, roster).await.expect("the folder can be used")
}

/// One input, ten readings and one record; a checkpoint now and then.
fn batch(n: u64) -> Batch {
    let reading = |value: f64| Observation {
        plant: PlantIndex(0),
        tag: TagIndex(0),
        observed_at: at(n),
        received_at: at(n),
        value,
        flag: Flag::Good,
        tests: QualityTests::NONE,
    };
    Batch {
        inputs: vec![n.to_string().into_bytes()],
        observations: (0..10).map(|value| reading(f64::from(value))).collect(),
        records: vec![Record::Ingest(IngestEvent {
            at: at(n),
            plant: Some(plant()),
            what: IngestChange::Online { boot_id: n },
        })],
        replies: Vec::new(),
        checkpoint: n.is_multiple_of(7).then(|| n.to_string().into_bytes()),
        now: at(n),
    }
}

/// Not a test of its own: the process that is killed.
#[tokio::test]
#[ignore = "started, and killed, by the test below"]
async fn appends_until_it_is_killed() {
    let Ok(folder) = env::var(FOLDER) else { return };
    let mut store = open(Path::new(&folder)).await;
    let all = Query { plant: None, after: 0, limit: u32::MAX };
    let mut n = store.entries(&all).await.expect("entries").last;
    loop {
        n += 1;
        store.append(&batch(n)).await.expect("kept");
        println!("\nkept {n}");
        std::io::stdout().flush().expect("the parent reads");
    }
}

/// Kills the process above soon after so many appends; gives the number of the last it has said.
fn kill_after(folder: &Path, acknowledged: usize) -> u64 {
    let mut child = Command::new(env::current_exe().expect("this binary"))
        .args(["--exact", "--ignored", "--nocapture", "ledger::appends_until_it_is_killed"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .expect("this binary starts");
    let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let mut numbers = lines.filter_map(|line| line.ok()?.strip_prefix("kept ")?.parse().ok());
    let last = numbers.by_ref().take(acknowledged).last().expect("acknowledged");
    child.kill().expect("killed");
    child.wait().expect("gone");
    numbers.last().unwrap_or(last) // what it has said before it was gone
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill_at_any_moment() {
    let folder = tempfile::tempdir().expect("a folder");
    for acknowledged in [1, 2, 5, 9, 14, 3, 21, 1, 8, 30] {
        let last = kill_after(folder.path(), acknowledged);

        let mut store = open(folder.path()).await;
        let all = Query { plant: None, after: 0, limit: u32::MAX };
        let entries = store.entries(&all).await.expect("entries").entries;
        let kept = entries.len() as u64;
        assert!(kept == last || kept == last + 1, "{last} acknowledged, {kept} kept");
        store.verify().await.expect("the chain holds");
        let readings = store.readings(&plant(), &tag(), at(0), at(kept + 1)).await;
        assert_eq!(readings.expect("readings").len() as u64, kept * 10, "whole batches only");
        let resume = store.resume().await.expect("resumed");
        let covered = kept - kept % 7;
        let checkpoint = (covered > 0).then(|| covered.to_string().into_bytes());
        assert_eq!(resume.checkpoint, checkpoint);
        let after: Vec<_> = (covered + 1..=kept).map(|n| n.to_string().into_bytes()).collect();
        assert_eq!(resume.inputs_after, after);
        store.close().await.expect("closed");
    }
}
