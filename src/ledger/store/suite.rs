//! One suite for every store, and what only a file can prove.

use std::path::Path;

use sqlx::Executor;

use super::{Batch, Ledger, Query, Resume, Roster, Store, StoreError};
use crate::alarms::command::{Action, Ask, Reply};
use crate::alarms::event::{AlarmId, AlarmState, By};
use crate::base::{Flag, PlantId, QualityTests, RuleId, Span, Stamp, TagId};
use crate::ingest::observation::{IngestChange, IngestEvent, Observation, PlantIndex};
use crate::ledger::chain::Broken;
use crate::ledger::memory::Memory;
use crate::ledger::record::{MonitorRecord, Record};
use crate::ledger::sqlite::{Sqlite, Visitor};
use crate::plant::tags::TagIndex;

fn at(second: i64) -> Stamp {
    Stamp::from_ms(1_733_356_800_000 + second * 1_000).expect("2024")
}

fn plant(id: &str) -> PlantId {
    PlantId::new(id).expect("an id")
}

fn tag(id: &str) -> TagId {
    TagId::new(id).expect("an id")
}

fn roster() -> Roster {
    Roster::new(vec![
        (plant("sanmen"), vec![tag("AIT-301"), tag("PIT-401")]),
        (plant("other"), vec![tag("AIT-301")]),
    ])
}

fn observation(plant: usize, tag: usize, second: i64, value: f64) -> Observation {
    Observation {
        plant: PlantIndex(plant),
        tag: TagIndex(tag),
        observed_at: at(second),
        received_at: at(second + 2),
        value,
        flag: Flag::Good,
        tests: QualityTests::NONE,
    }
}

fn online(id: &str, boot_id: u64) -> Record {
    let what = IngestChange::Online { boot_id };
    Record::Ingest(IngestEvent { at: at(0), plant: Some(plant(id)), what })
}

fn started() -> Record {
    let change = "started".to_owned();
    Record::Monitor(MonitorRecord { at: at(0), change, detail: "test".to_owned() })
}

/// Input `n` and what came of it.
fn batch(n: u8) -> Batch {
    Batch {
        inputs: vec![vec![n]],
        observations: vec![observation(0, 0, i64::from(n), f64::from(n) / 10.0)],
        records: vec![online("sanmen", u64::from(n))],
        ..Batch::new(at(i64::from(n)))
    }
}

fn everything() -> Query {
    Query { plant: None, after: 0, limit: 1_000 }
}

async fn sqlite(folder: &Path) -> Sqlite {
    Sqlite::open(folder, roster()).await.expect("the folder can be used")
}

async fn records(store: &mut impl Store) -> Vec<Record> {
    let page = store.entries(&everything()).await.expect("entries");
    page.entries.into_iter().map(|entry| entry.record).collect()
}

async fn keeps_records_in_order_and_in_chains(mut store: impl Store) {
    let first = Batch { records: vec![started(), online("sanmen", 1)], ..Batch::new(at(0)) };
    let kept = store.append(&first).await.expect("kept");
    assert_eq!(kept.iter().map(|entry| entry.n).collect::<Vec<_>>(), [1, 1]);
    let second = Batch {
        records: vec![online("other", 1), online("sanmen", 2), online("sanmen", 3)],
        ..Batch::new(at(1))
    };
    let kept = store.append(&second).await.expect("kept");
    assert_eq!(kept.iter().map(|entry| entry.n).collect::<Vec<_>>(), [1, 2, 3]);

    let of_sanmen = Query { plant: Some(plant("sanmen")), ..everything() };
    let page = store.entries(&of_sanmen).await.expect("entries");
    assert_eq!(page.entries.iter().map(|entry| entry.n).collect::<Vec<_>>(), [1, 2, 3]);
    let mut paged = Vec::new();
    let mut query = Query { limit: 2, ..everything() };
    loop {
        let page = store.entries(&query).await.expect("a page");
        if page.entries.is_empty() {
            break;
        }
        query.after = page.last;
        paged.extend(page.entries.into_iter().map(|entry| entry.record));
    }
    assert_eq!(paged, [first.records, second.records].concat());
    store.verify().await.expect("the chains hold");
    store.close().await.expect("closed");
}

async fn gives_back_what_the_monitor_needs_to_go_on(mut store: impl Store) {
    assert_eq!(store.resume().await.expect("resumed"), Resume::default());
    store.append(&batch(1)).await.expect("kept");
    store.append(&batch(2)).await.expect("kept");
    let resume = store.resume().await.expect("resumed");
    assert_eq!((resume.checkpoint, resume.inputs_after), (None, vec![vec![1], vec![2]]));

    let with_checkpoint = Batch { checkpoint: Some(b"after 3".to_vec()), ..batch(3) };
    store.append(&with_checkpoint).await.expect("kept");
    store.append(&batch(4)).await.expect("kept");
    let resume = store.resume().await.expect("resumed");
    assert_eq!(resume.checkpoint.as_deref(), Some(&b"after 3"[..]));
    assert_eq!(resume.inputs_after, [[4]]);

    store.prune(at(0)).await.expect("pruned");
    assert_eq!(store.resume().await.expect("resumed"), resume);
    let later = Batch { checkpoint: Some(b"after 4".to_vec()), ..Batch::new(at(5)) };
    store.append(&later).await.expect("kept");
    store.prune(at(0)).await.expect("pruned");
    let resume = store.resume().await.expect("resumed");
    assert_eq!((resume.checkpoint, resume.inputs_after.len()), (Some(b"after 4".to_vec()), 0));
    assert_eq!(records(&mut store).await.len(), 4);
}

async fn keeps_readings_until_the_retention_is_over(mut store: impl Store) {
    let missing = Observation { flag: Flag::Missing, ..observation(0, 1, 3, f64::NAN) };
    let observations = vec![
        observation(0, 0, 5, 0.5),
        observation(0, 0, 1, 0.1),
        missing,
        observation(1, 0, 2, 9.0),
        observation(0, 0, 9, 0.9),
    ];
    store.append(&Batch { observations, ..Batch::new(at(10)) }).await.expect("kept");
    let (sanmen, chlorine) = (plant("sanmen"), tag("AIT-301"));
    let readings = store.readings(&sanmen, &chlorine, at(0), at(9)).await.expect("readings");
    let values: Vec<_> = readings.iter().map(|reading| reading.value).collect();
    assert_eq!(values, [Some(0.1), Some(0.5)]);
    assert_eq!((readings[0].observed_at, readings[0].received_at), (at(1), at(3)));
    let missing = store.readings(&sanmen, &tag("PIT-401"), at(0), at(9)).await.expect("readings");
    assert_eq!((missing[0].value, missing[0].flag), (None, Flag::Missing));

    store.prune(at(5)).await.expect("pruned");
    let readings = store.readings(&sanmen, &chlorine, at(0), at(99)).await.expect("readings");
    assert_eq!(readings.len(), 2);
    let nobody = store.readings(&plant("nobody"), &chlorine, at(0), at(99)).await;
    assert_eq!(nobody.expect("no readings"), []);
}

async fn refuses_a_batch_whole(mut store: impl Store) {
    let unknown = Batch { observations: vec![observation(0, 7, 1, 0.1)], ..batch(1) };
    let error = store.append(&unknown).await.expect_err("tag 7 is not in the roster");
    assert_eq!(error.to_string(), "tag 7 of plant 0 is not in the roster");
    assert_eq!(records(&mut store).await, []);
    assert_eq!(store.resume().await.expect("resumed").inputs_after.len(), 0);
    store.append(&batch(1)).await.expect("the chain goes on");
    store.verify().await.expect("the chain holds");
}

/// Every check above, for one kind of store.
macro_rules! suite {
    ($module:ident, $folder:ident => $store:expr) => {
        mod $module {
            use super::*;

            #[tokio::test]
            async fn records_are_kept_in_order_and_in_chains() {
                let $folder = tempfile::tempdir().expect("a folder");
                keeps_records_in_order_and_in_chains($store).await;
            }

            #[tokio::test]
            async fn the_monitor_gets_back_what_it_needs_to_go_on() {
                let $folder = tempfile::tempdir().expect("a folder");
                gives_back_what_the_monitor_needs_to_go_on($store).await;
            }

            #[tokio::test]
            async fn readings_are_kept_until_the_retention_is_over() {
                let $folder = tempfile::tempdir().expect("a folder");
                keeps_readings_until_the_retention_is_over($store).await;
            }

            #[tokio::test]
            async fn a_batch_is_refused_whole() {
                let $folder = tempfile::tempdir().expect("a folder");
                refuses_a_batch_whole($store).await;
            }
        }
    };
}

suite!(in_memory, _folder => Ledger::Memory(Memory::new(roster())));
suite!(in_a_file, folder => Ledger::Sqlite(Box::new(sqlite(folder.path()).await)));

#[tokio::test]
async fn a_file_opened_again_goes_on_where_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = sqlite(folder.path()).await;
    store.append(&Batch { checkpoint: Some(vec![7]), ..batch(1) }).await.expect("kept");
    store.append(&batch(2)).await.expect("kept");
    drop(store); // without closing, as a killed process does

    // The other way round: positions are of one run, names stay.
    let turned =
        Roster::new(vec![(plant("other"), vec![]), (plant("sanmen"), vec![tag("AIT-301")])]);
    let mut store = Sqlite::open(folder.path(), turned).await.expect("opened again");
    let resume = store.resume().await.expect("resumed");
    assert_eq!((resume.checkpoint, resume.inputs_after), (Some(vec![7]), vec![vec![2]]));
    let third = Batch { observations: vec![observation(1, 0, 3, 0.3)], ..batch(3) };
    let kept = store.append(&third).await.expect("kept");
    assert_eq!(kept[0].n, 3);
    let readings = store.readings(&plant("sanmen"), &tag("AIT-301"), at(0), at(9)).await;
    assert_eq!(readings.expect("readings").len(), 3);
    store.verify().await.expect("the chain goes through");
}

/// Makes the ledger one of the version before: a row for each input and each reading.
async fn as_version_2(folder: &Path) {
    let mut store = sqlite(folder).await;
    for statement in [
        "DELETE FROM _sqlx_migrations WHERE version = 3",
        "ALTER TABLE inputs DROP COLUMN packed",
        "DROP TABLE readings",
        "CREATE TABLE readings (tag INTEGER NOT NULL REFERENCES tags (id), \
         observed_at INTEGER NOT NULL, received_at INTEGER NOT NULL, value REAL, \
         flag INTEGER NOT NULL) STRICT",
        "CREATE INDEX readings_by_tag ON readings (tag, observed_at)",
        "INSERT INTO inputs (bytes) VALUES (x'01'), (x'02')",
    ] {
        store.execute(statement).await;
    }
    store.execute("BEGIN").await;
    for (tag, n) in (0..6_000).map(|n| (n % 2 + 1, n)) {
        let value = if n == 7 { "NULL, 9".to_owned() } else { format!("{n}.5, 1") };
        let ms = at(n / 2).as_ms();
        let row = format!("INSERT INTO readings VALUES ({tag}, {ms}, {}, {value})", ms + 2_000);
        store.connection.execute(sqlx::AssertSqlSafe(row)).await.expect("sound");
    }
    store.execute("COMMIT").await;
    store.close().await.expect("closed");
}

#[tokio::test]
async fn a_ledger_of_the_version_before_is_taken_over_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    as_version_2(folder.path()).await;
    let Err(error) = Visitor::open(folder.path()).await else { panic!("it is older") };
    assert!(matches!(error, StoreError::Older { found: 2, known: 3, .. }), "{error:?}");

    let mut store = sqlite(folder.path()).await;
    assert_eq!(store.resume().await.expect("resumed").inputs_after, [[1], [2]]);
    store.append(&batch(3)).await.expect("kept");
    assert_eq!(store.resume().await.expect("resumed").inputs_after, [[1], [2], [3]]);
    for (name, first) in [("AIT-301", 0), ("PIT-401", 1)] {
        let all = store.readings(&plant("sanmen"), &tag(name), at(0), at(9_999)).await;
        let mut all = all.expect("readings");
        all.retain(|reading| reading.received_at == reading.observed_at + Span::seconds(2));
        let wanted = |n: i64| (at(n / 2), (n != 7).then_some(n as f64 + 0.5));
        let wanted: Vec<_> = (first..6_000).step_by(2).map(wanted).collect();
        let found: Vec<_> = all.iter().map(|it| (it.observed_at, it.value)).collect();
        // Of the first instrument one more was appended above.
        assert_eq!(found.len(), wanted.len() + usize::from(first == 0));
        assert!(wanted.iter().all(|reading| found.contains(reading)), "{name}");
    }
    let left = "SELECT count(*) FROM sqlite_master WHERE name LIKE 'readings_by_%row%'";
    assert_eq!(store.execute(left).await, 0);
    store.close().await.expect("closed");
    let mut visitor = Visitor::open(folder.path()).await.expect("a visit");
    let place = (&plant("sanmen"), &tag("PIT-401"));
    assert_eq!(visitor.readings(place, (at(3), at(5))).await.expect("readings").len(), 2);
}

#[tokio::test]
async fn readings_that_come_one_by_one_share_rows_and_are_given_back_in_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = sqlite(folder.path()).await;
    let of = |n: i64| Batch {
        observations: vec![observation(n as usize % 2, 0, n / 2, n as f64)],
        ..Batch::new(at(n))
    };
    for n in 0..600 {
        store.append(&of(n)).await.expect("kept");
    }
    let rows = store.execute("SELECT count(*) FROM readings").await;
    assert!((2..10).contains(&rows), "{rows} rows");
    // What failed leaves no trace in the row that was open.
    store.execute("PRAGMA query_only = ON").await;
    store.append(&of(700)).await.expect_err("nothing can be written");
    store.execute("PRAGMA query_only = OFF").await;
    let many = (0..40).map(|n| observation(0, 0, 900 - n, 0.0)).collect();
    store.append(&Batch { observations: many, ..Batch::new(at(0)) }).await.expect("kept");
    store.append(&of(1_000)).await.expect("kept");
    let all = store.readings(&plant("sanmen"), &tag("AIT-301"), at(0), at(9_999)).await;
    let times: Vec<_> = all.expect("readings").iter().map(|it| it.observed_at).collect();
    let wanted: Vec<_> = (0..300).chain([500]).chain(861..901).map(at).collect();
    assert_eq!(times, wanted);
    store.prune(at(890)).await.expect("pruned");
    let all = store.readings(&plant("sanmen"), &tag("AIT-301"), at(0), at(9_999)).await;
    assert_eq!(all.expect("readings").len(), 11);
    assert_eq!(store.execute("SELECT count(*) FROM readings").await, 1);
}

#[tokio::test]
async fn a_second_writer_is_kept_out_until_the_first_is_gone() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = sqlite(folder.path()).await;
    let Err(error) = Sqlite::open(folder.path(), roster()).await else { panic!("two writers") };
    let shown = error.to_string().replace(&folder.path().display().to_string(), "DATA");
    assert_eq!(
        shown,
        "the data folder DATA is in use by another sanmen: stop it, or choose another with --data"
    );
    first.close().await.expect("closed");
    sqlite(folder.path()).await;
}

#[tokio::test]
async fn a_full_disk_keeps_nothing_of_the_batch_and_takes_it_again_later() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = sqlite(folder.path()).await;
    store.append(&batch(1)).await.expect("kept");
    let pages = store.execute("PRAGMA max_page_count = 1").await;
    assert!(pages > 1, "the limit cannot go below the present size");

    let large = Batch { inputs: vec![vec![0; 1_000_000]], ..batch(2) };
    let error = store.append(&large).await.expect_err("no room for a megabyte");
    assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
    let shown = error.to_string().replace(&folder.path().display().to_string(), "DATA");
    assert_eq!(
        shown,
        "no space left for the ledger in DATA: make room, and it goes on; \
         nothing acknowledged is lost"
    );
    assert_eq!(records(&mut store).await, [online("sanmen", 1)]);
    assert_eq!(store.resume().await.expect("resumed").inputs_after, [[1]]);

    store.execute("PRAGMA max_page_count = 1000000").await;
    store.append(&large).await.expect("there is room now");
    assert_eq!(records(&mut store).await, [online("sanmen", 1), online("sanmen", 2)]);
    store.verify().await.expect("the chain holds");
}

#[tokio::test]
async fn a_read_only_ledger_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = sqlite(folder.path()).await;
    store.execute("PRAGMA query_only = ON").await;
    let error = store.append(&batch(1)).await.expect_err("nothing can be written");
    assert!(matches!(error, StoreError::ReadOnly { .. }), "{error:?}");
    store.execute("PRAGMA query_only = OFF").await;
    store.append(&batch(1)).await.expect("kept");
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ledger.lock");
    drop(sqlite(folder.path()).await);
    let Err(error) = Sqlite::open(&file.join("data"), roster()).await else { panic!("a file") };
    assert!(error.to_string().starts_with("cannot use the data folder "), "{error}");
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = sqlite(folder.path()).await;
    store
        .execute(
            "INSERT INTO _sqlx_migrations \
             (version, description, success, checksum, execution_time) \
             VALUES (9, 'later', 1, x'00', 0)",
        )
        .await;
    store.close().await.expect("closed");
    let Err(error) = Sqlite::open(folder.path(), roster()).await else { panic!("it is newer") };
    assert!(matches!(error, StoreError::Newer { found: 9, known: 3, .. }), "{error:?}");
}

#[tokio::test]
async fn tampering_with_the_file_is_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = sqlite(folder.path()).await;
    for n in 1..=3 {
        store.append(&batch(n)).await.expect("kept");
    }
    store.execute("DROP TRIGGER entries_are_never_changed").await;
    store.execute("UPDATE entries SET record = replace(record, '2', '7') WHERE n = 2").await;
    let error = store.verify().await.expect_err("entry 2 was changed");
    let changed = Broken::Changed { chain: Some(plant("sanmen")), n: 2 };
    assert!(matches!(error, StoreError::Broken(ref broken) if *broken == changed), "{error:?}");

    store.execute("DROP TRIGGER entries_are_never_deleted").await;
    store.execute("DELETE FROM entries WHERE n = 2").await;
    let error = store.verify().await.expect_err("entry 2 is gone");
    assert!(matches!(error, StoreError::Broken(Broken::Missing { expected: 2, .. })), "{error:?}");
}

#[tokio::test]
async fn records_cannot_be_changed_by_accident() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = sqlite(folder.path()).await;
    store.append(&batch(1)).await.expect("kept");
    for statement in ["UPDATE entries SET hash = ''", "DELETE FROM entries"] {
        let error = store.try_execute(statement).await.expect_err("append-only");
        assert!(error.to_string().contains("the ledger is append-only"), "{error}");
    }
}

#[tokio::test]
async fn a_caller_that_stops_waiting_leaves_nothing_half_done() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = sqlite(folder.path()).await;
    store.append(&batch(1)).await.expect("kept");
    for polls in 1..12 {
        let batch = batch(2);
        let mut append = std::pin::pin!(store.append(&batch));
        let mut polled = 0;
        let done = std::future::poll_fn(|context| {
            polled += 1;
            match append.as_mut().poll(context) {
                std::task::Poll::Pending if polled < polls => std::task::Poll::Pending,
                std::task::Poll::Pending => std::task::Poll::Ready(false),
                std::task::Poll::Ready(result) => std::task::Poll::Ready(result.is_ok()),
            }
        });
        if done.await {
            break;
        }
    }
    store.append(&batch(3)).await.expect("kept");
    store.verify().await.expect("the chain holds");
    let kept = records(&mut store).await;
    assert!(kept.len() == store.resume().await.expect("resumed").inputs_after.len(), "{kept:?}");
}

fn acknowledge(n: u64) -> Ask {
    let alarm = AlarmId {
        plant: plant("sanmen"),
        rule: RuleId::new("finished-chlorine-low").expect("an id"),
        tag: Some(tag("AIT-301")),
        n,
    };
    let by = By { name: "Li".to_owned(), reason: "on my way".to_owned() };
    Ask { alarm, action: Action::Acknowledge, by }
}

#[tokio::test]
async fn what_is_asked_through_the_ledger_waits_for_its_reply_and_is_done_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = sqlite(folder.path()).await;
    let mut visitor = Visitor::open(folder.path()).await.expect("a visit");
    for _ in 0..2 {
        visitor.ask("k1", &acknowledge(1), at(0)).await.expect("asked");
    }
    visitor.ask("k2", &acknowledge(2), at(1)).await.expect("asked");
    store.execute("INSERT INTO requests (key, ask, asked_at) VALUES ('k3', '{}', 0)").await;
    let waiting = store.requests().await.expect("requests");
    let asks: Vec<_> = waiting.iter().map(|it| (it.key.as_str(), it.ask.clone())).collect();
    let wanted = [("k1", Some(acknowledge(1))), ("k2", Some(acknowledge(2))), ("k3", None)];
    assert_eq!(asks, wanted, "oldest first, each once, and what nobody can read");

    assert!(visitor.withdraw("k2").await.expect("withdrawn"));
    assert_eq!(visitor.reply("k1").await.expect("none yet"), None);
    let reply = Reply::Done { state: AlarmState::Acknowledged };
    let replies = vec![("k1".to_owned(), reply.clone()), ("k2".to_owned(), reply.clone())];
    store.append(&Batch { replies, ..batch(1) }).await.expect("kept");
    assert_eq!(visitor.reply("k1").await.expect("a reply"), Some(reply));
    assert!(!visitor.withdraw("k1").await.expect("asked"), "what is done cannot be taken back");
    let waiting = store.requests().await.expect("requests");
    assert_eq!(waiting.iter().map(|it| it.key.as_str()).collect::<Vec<_>>(), ["k3"]);
    assert_eq!(visitor.plants().await.expect("plants"), [plant("other"), plant("sanmen")]);
    assert_eq!(visitor.resume().await.expect("resumed").inputs_after, [[1]]);
    visitor.close().await.expect("closed");
    store.close().await.expect("closed");
}

#[tokio::test]
async fn a_visitor_is_told_when_there_is_nothing_to_look_into() {
    let folder = tempfile::tempdir().expect("a folder");
    let Err(error) = Visitor::open(folder.path()).await else { panic!("there is nothing") };
    let shown = error.to_string().replace(&folder.path().display().to_string(), "DATA");
    let text = "there is no ledger in DATA: name the data folder of a run with --data";
    assert_eq!(shown, text);
    let mut store = sqlite(folder.path()).await;
    store.execute("DELETE FROM _sqlx_migrations WHERE version > 1").await;
    store.close().await.expect("closed");
    let Err(error) = Visitor::open(folder.path()).await else { panic!("it is older") };
    assert!(matches!(error, StoreError::Older { found: 1, known: 3, .. }), "{error:?}");
}

impl Sqlite {
    /// Runs a statement and gives the first number it answers, or 0.
    async fn execute(&mut self, statement: &'static str) -> i64 {
        self.try_execute(statement).await.expect("the statement is sound")
    }

    async fn try_execute(&mut self, statement: &'static str) -> Result<i64, sqlx::Error> {
        use sqlx::Row;
        let rows = self.connection.fetch_all(statement).await?;
        Ok(rows.first().and_then(|row| row.try_get(0).ok()).unwrap_or(0))
    }
}
