//! `sanmen dataset`: the same bytes however it is made, and nothing but whole parts.
#![expect(clippy::disallowed_methods, reason = "edge: runs the binary, reads what it wrote")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// One hour of the Sanmen plant: a burst, and a gauge that sticks.
const BURST: &str = r#"
title = { en = "A burst and a stuck gauge", zh = "爆管与卡死" }
plant = "sanmen"
condition = "normal"
start = 2024-12-05T08:00:00+08:00
duration_h = 1
seed = 5
laboratory = true

[[inject]]
id = "burst"
at_min = 20
until_min = 50
kind = "burst"
target = "SY-9"
m3_per_h_at_20_m = 120

[[inject]]
id = "stuck"
at_min = 30
kind = "instrument-stuck"
target = "AIT-301"
"#;

/// Two hours of a storm over three works, and a cut.
const STORM: &str = r#"
title = { en = "A storm over some works", zh = "数厂暴雨" }
fleet = "xianning"
plants = 3
start = 2024-06-28T08:00:00+08:00
duration_h = 2
step_s = 300
seed = 3

[[inject]]
id = "storm"
at_min = 10
kind = "raw-storm"
peak_ntu = 1000
rise_h = 0.5
recession_h = 12
lag_min = [0, 20]
size_percent = [50, 150]

[[inject]]
id = "cut"
at_min = 30
until_min = 60
kind = "pump-trip"
"#;

struct Desk {
    folder: TempDir,
}

impl Desk {
    fn new() -> Self {
        let desk = Self { folder: tempfile::tempdir().expect("a folder") };
        fs::write(desk.path("burst.toml"), BURST).expect("written");
        fs::write(desk.path("storm.toml"), STORM).expect("written");
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, out: &str, more: &[&str]) -> Command {
        self.command_of("burst.toml", out, more)
    }

    fn command_of(&self, scenario: &str, out: &str, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sanmen"));
        command.current_dir(self.folder.path()).args(["dataset", scenario, "--out", out]);
        command.args(more);
        command
    }

    fn write_storm(&self, out: &str, more: &[&str]) -> Output {
        let written = self.command_of("storm.toml", out, more).output().expect("the binary starts");
        assert!(is_done(&written), "{}", text(&written.stderr));
        written
    }

    fn write(&self, out: &str, more: &[&str]) -> Output {
        self.command(out, more).output().expect("the binary starts")
    }

    /// Every file below a folder, by its name there.
    fn files(&self, out: &str) -> BTreeMap<PathBuf, Vec<u8>> {
        let root = self.path(out);
        let mut files = BTreeMap::new();
        collect(&root, &root, &mut files);
        files
    }
}

fn collect(root: &Path, folder: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(folder).expect("the folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(root, &path, files);
        } else if path.file_name().is_some_and(|name| name != ".lock") {
            let name = path.strip_prefix(root).expect("below it").to_owned();
            files.insert(name, fs::read(&path).expect("a file"));
        }
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}

fn is_done(output: &Output) -> bool {
    output.status.code() == Some(0)
}

#[test]
fn the_bytes_are_the_same_on_one_thread_and_on_three_and_a_second_call_writes_nothing() {
    let desk = Desk::new();
    let one = desk.write("one", &["--seeds", "1..3", "--threads", "1"]);
    assert!(is_done(&one), "{}", text(&one.stderr));
    assert!(text(&one.stdout).starts_with("one: 3 written, 0 were complete already\n"));
    assert!(is_done(&desk.write("three", &["--seeds", "1..3", "--threads", "3"])));
    let files = desk.files("one");
    assert_eq!(files.len(), 3 * 8 + 1, "{:?}", files.keys());
    assert!(files == desk.files("three"), "the folders differ");
    let again = desk.write("one", &["--seeds", "2..4"]);
    assert!(text(&again.stdout).starts_with("one: 1 written, 2 were complete already\n"));
    let grown = desk.files("one");
    assert_eq!(grown.len(), 4 * 8 + 1);
    let manifest = Path::new("manifest.json");
    let kept = files.iter().filter(|(name, _)| *name != manifest);
    assert!(kept.into_iter().all(|(name, bytes)| grown.get(name) == Some(bytes)));
}

#[test]
fn a_kill_loses_the_part_in_work_and_nothing_else() {
    let desk = Desk::new();
    let all = ["--seeds", "1..4", "--threads", "1"];
    let mut child =
        desk.command("killed", &all).stdout(Stdio::null()).spawn().expect("the binary starts");
    let in_work = desk.path("killed/.burst-2.in-work/readings.csv");
    while !in_work.exists() {
        assert_eq!(child.try_wait().expect("a child"), None, "it ended too early");
        std::thread::yield_now();
    }
    child.kill().expect("it is killed");
    child.wait().expect("it is gone");
    assert!(desk.path("killed/burst-1").is_dir());
    assert!(!desk.path("killed/burst-2").exists() && !desk.path("killed/manifest.json").exists());
    let resumed = desk.write("killed", &all);
    assert!(
        text(&resumed.stdout).starts_with("killed: 3 written, 1 were complete already\n"),
        "{}{}",
        text(&resumed.stdout),
        text(&resumed.stderr)
    );
    assert!(is_done(&desk.write("whole", &all)));
    assert!(desk.files("killed") == desk.files("whole"), "the folders differ");
}

#[test]
fn labels_say_what_failed_and_whom_it_reached() {
    let desk = Desk::new();
    assert!(is_done(&desk.write("data", &[])));
    let labels = fs::read_to_string(desk.path("data/burst-5/labels.csv")).expect("labels");
    let mut rows = csv::Reader::from_reader(labels.as_bytes());
    let head = rows.headers().expect("a head").clone();
    let rows: Vec<csv::StringRecord> = rows.records().map(|row| row.expect("a row")).collect();
    let cell = |row: usize, name: &str| {
        let at = head.iter().position(|found| found == name).expect("a column");
        rows[row][at].to_owned()
    };
    assert_eq!(rows.len(), 2);
    assert_eq!([cell(0, "kind"), cell(0, "target")], ["burst", "SY-9"]);
    assert_eq!(cell(0, "settings"), r#"{"m3_per_h_at_20_m":120}"#);
    assert_eq!(cell(0, "from"), "2024-12-05T00:20:00.000Z");
    assert_eq!(cell(0, "until"), "2024-12-05T00:50:00.000Z");
    assert!(cell(0, "lacks").contains("pressure"), "{labels}");
    assert_eq!(cell(0, "lacking_from"), "2024-12-05T00:21:00.000Z");
    assert_ne!(cell(0, "people"), "0");
    assert_eq!([cell(1, "kind"), cell(1, "until")], ["instrument-stuck", ""]);
    assert_eq!([cell(1, "villages"), cell(1, "people")], ["", "0"]);
}

#[test]
fn what_lies_outside_the_model_is_told_with_its_times() {
    let desk = Desk::new();
    assert!(is_done(&desk.write("data", &[])));
    let outside = fs::read_to_string(desk.path("data/burst-5/outside.csv")).expect("a table");
    let mut lines = outside.lines();
    let head = "scenario,seed,plant,limit,from,until,minutes,place,places,value,unit";
    assert_eq!(lines.next(), Some(head));
    let results = fs::read_to_string(desk.path("data/burst-5/laboratory.csv")).expect("a table");
    let grab = "burst,5,sanmen,FINISHED-20241205-084000,FINISHED,finished-water,\
                2024-12-05T00:40:00.000Z,2024-12-05T00:40:00.000Z,2024-12-05T00:41:00.200Z,\
                free-chlorine,=,0.";
    assert!(results.contains(grab) && results.lines().count() == 2, "{results}");
    let wave = "burst,5,sanmen,water-hammer,2024-12-05T00:20:00.000Z,2024-12-05T00:50:00.000Z,0,";
    assert!(outside.contains(wave), "{outside}");
}

#[test]
fn what_is_there_from_another_version_is_refused_and_left_alone() {
    let desk = Desk::new();
    assert!(is_done(&desk.write("data", &[])));
    let before = desk.files("data");
    let changed = fs::read_to_string(desk.path("burst.toml")).expect("the scenario");
    fs::write(desk.path("burst.toml"), changed.replace("= 120", "= 121")).expect("written");
    let refused = desk.write("data", &[]);
    assert_eq!(refused.status.code(), Some(2));
    assert_eq!(
        text(&refused.stderr),
        "error: data/burst-5 was written from another version of its scenario, of the plant or of \
         sanmen: remove it, or choose another folder\n"
    );
    assert!(before == desk.files("data"));
}

#[cfg(not(feature = "columns"))]
#[test]
fn a_build_without_columns_says_how_to_get_them() {
    let desk = Desk::new();
    let refused = desk.write("data", &["--format", "parquet"]);
    assert_eq!(refused.status.code(), Some(2));
    assert_eq!(
        text(&refused.stderr),
        "error: this build writes no Parquet: build it with the feature `columns`, or take csv\n"
    );
    assert!(!desk.path("data").exists());
}

#[cfg(feature = "columns")]
#[test]
fn parquet_read_back_says_what_csv_says() {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::Field;
    use sanmen::base::Stamp;

    let cell = |field: &Field| match field {
        Field::Null => String::new(),
        Field::Str(text) => text.clone(),
        Field::ULong(number) => number.to_string(),
        Field::Double(number) => number.to_string(),
        Field::TimestampMillis(ms) => ms.to_string(),
        other => panic!("{other:?} belongs in no column"),
    };
    let desk = Desk::new();
    assert!(is_done(&desk.write("data", &["--format", "both"])));
    for table in ["readings", "truth", "villages", "works", "laboratory", "labels"] {
        let path = |ending: &str| desk.path(&format!("data/burst-5/{table}.{ending}"));
        let mut rows = csv::Reader::from_path(path("csv")).expect("a table");
        let head = rows.headers().expect("a head").clone();
        let file = fs::File::open(path("parquet")).expect("a table");
        let reader = SerializedFileReader::new(file).expect("Parquet");
        let mut columns = reader.get_row_iter(None).expect("rows");
        let mut count = 0;
        for row in rows.records() {
            let row = row.expect("a row");
            let theirs = columns.next().expect("as many rows").expect("a row");
            let (names, values): (Vec<_>, Vec<_>) = theirs.get_column_iter().unzip();
            assert!(names.into_iter().eq(head.iter()), "{table}");
            let values: Vec<String> = values.into_iter().map(cell).collect();
            // Times are milliseconds there, and text here.
            let ours = row.iter().map(|text| match Stamp::parse(text) {
                Ok((time, _)) => time.as_ms().to_string(),
                Err(_) => text.to_owned(),
            });
            assert!(ours.eq(values.iter().cloned()), "{table}: {values:?} is not {row:?}");
            count += 1;
        }
        assert!(columns.next().is_none() && count > 0, "{table}");
    }
}

#[test]
fn every_works_of_a_fleet_is_a_part_whose_rows_carry_its_plant() {
    let desk = Desk::new();
    let one = desk.write_storm("one", &["--seeds", "7..8", "--threads", "1"]);
    assert!(text(&one.stdout).starts_with("one: 6 written, 0 were complete already\n"));
    desk.write_storm("three", &["--seeds", "7..8", "--threads", "3"]);
    let files = desk.files("one");
    assert_eq!(files.len(), 6 * 8 + 1, "{:?}", files.keys());
    assert!(files == desk.files("three"), "the folders differ");
    let some = files.keys().find(|name| name.ends_with("labels.csv")).expect("a part");
    let part = some.parent().expect("in a folder");
    fs::remove_dir_all(desk.path("one").join(part)).expect("it is there");
    let again = desk.write_storm("one", &["--seeds", "7..8"]);
    assert!(text(&again.stdout).starts_with("one: 1 written, 5 were complete already\n"));
    assert!(files == desk.files("one"), "the missing part is the same again");

    let mut peaks = std::collections::BTreeSet::new();
    for (name, bytes) in files.iter().filter(|(name, _)| name.ends_with("labels.csv")) {
        let folder = name.parent().and_then(Path::to_str).expect("a part");
        let seed_and_plant = folder.strip_prefix("storm-").expect("its name");
        let (seed, plant) = seed_and_plant.split_once('-').expect("seed and plant");
        let mut rows = text(bytes).lines();
        assert!(rows.next().is_some_and(|head| head.starts_with("scenario,seed,plant,injection,")));
        let storm = rows.next().expect("the storm");
        assert!(storm.starts_with(&format!("storm,{seed},{plant},storm,raw-storm,,")), "{storm}");
        assert!(storm.contains("peak_ntu") && !storm.contains("size_percent"), "{storm}");
        let peak = storm.split("peak_ntu").nth(1).map(|rest| rest.split(',').next());
        peaks.insert(peak.flatten().map(str::to_owned));
        for cut in rows {
            assert!(cut.starts_with(&format!("storm,{seed},{plant},cut,pump-trip,P-1,")), "{cut}");
        }
    }
    assert_eq!(peaks.len(), 6, "each works has a storm of its own size: {peaks:?}");
}
