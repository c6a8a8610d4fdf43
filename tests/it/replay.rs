//! `sanmen replay`: recordings of every kind through the whole monitor.
#![expect(clippy::disallowed_methods, reason = "edge: runs the command")]

use std::fmt::Write as _;
use std::path::Path;
use std::process::Output;

use insta::assert_snapshot;

use crate::support::command::sanmen;

#[path = "../bench/many_tags.rs"]
mod many_tags;

/// An hour and a half of the Sanmen plant: a burst, a gauge that sticks, a link that loses, doubles
/// and reorders, and a laboratory.
const BURST: &str = r#"
title = { en = "A burst and a bad link", zh = "爆管与坏链路" }
plant = "sanmen"
condition = "normal"
start = 2024-12-05T08:00:00+08:00
duration_h = 1.5
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
at_min = 10
kind = "instrument-stuck"
target = "PIT-401"

[[inject]]
id = "loss"
at_min = 30
kind = "link-loss"
percent = 10

[[inject]]
id = "doubles"
at_min = 30
kind = "link-duplicate"
percent = 30
"#;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Arguments, all that was said on stdout and stderr, and the exit code.
fn said(folder: &Path, args: &str) -> String {
    let words: Vec<&str> = args.split(' ').collect();
    let output = sanmen(folder, &words);
    let code = output.status.code().expect("it ends by itself");
    let [stdout, stderr] = [output.stdout, output.stderr].map(String::from_utf8);
    let (stdout, stderr) = (stdout.expect("text"), stderr.expect("text"));
    format!("$ sanmen {args}\n{stdout}{stderr}exit code {code}")
}

/// Every change of an alarm among records, sorted, with why it came; a dataset does not say which
/// exercise it was.
fn alarms(output: &Output) -> Vec<String> {
    let records = std::str::from_utf8(&output.stdout).expect("UTF-8").lines();
    let mut alarms: Vec<String> = records
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("a record"))
        .filter(|entry| entry["record"]["kind"] == "alarm")
        .map(|mut entry| {
            entry["record"].as_object_mut().expect("a record").remove("exercise");
            entry["record"].to_string()
        })
        .collect();
    alarms.sort();
    alarms
}

#[test]
fn a_dataset_gives_the_alarms_of_its_scenario_and_a_ledger_that_knows_them() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("burst.toml"), BURST).expect("written");
    let run = |args: &[&str]| sanmen(folder.path(), args);
    let both = if cfg!(feature = "columns") { "both" } else { "csv" };
    let made = run(&["dataset", "burst.toml", "--out", "data", "--format", both]);
    assert_eq!(made.status.code(), Some(0), "{}", String::from_utf8_lossy(&made.stderr));
    let wanted = alarms(&run(&["test", "burst.toml", "--format", "json"]));
    let replayed = run(&["replay", "data/burst-5", "--format", "json", "--data", "kept"]);
    assert_eq!(replayed.status.code(), Some(0), "{}", String::from_utf8_lossy(&replayed.stderr));
    assert!(!wanted.is_empty());
    assert_eq!(alarms(&replayed), wanted);
    if cfg!(feature = "columns") {
        std::fs::remove_file(folder.path().join("data/burst-5/readings.csv")).expect("was there");
        let columns = run(&["replay", "data/burst-5", "--format", "json"]);
        assert_eq!(columns.stdout, replayed.stdout, "Parquet says what CSV says");
    }
    let list = run(&["alarms", "list", "--data", "kept", "--format", "json"]);
    assert_eq!(list.status.code(), Some(0), "{}", String::from_utf8_lossy(&list.stderr));
    let again = said(folder.path(), "replay data/burst-5 --data kept");
    assert!(again.contains("there is a ledger already"), "{again}");
}

#[test]
fn a_foreign_table_in_other_units_is_read_with_its_mapping() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut text = "\u{feff}日期;时间;云顶压力;云顶质量;出厂余氯;备注\n".to_owned();
    for minute in 0..180 {
        let (hour, of_hour) = (8 + minute / 60, minute % 60);
        let dip = if (60..90).contains(&minute) { 0.2 } else { 0.0 };
        let pressure = format!("{:.4}", 0.25 - dip + f64::from(minute % 7) / 1_000.0);
        let quality = if minute == 100 { "故障" } else { "正常" };
        // The analyser is read every five minutes, and once gave no answer.
        let chlorine = match minute {
            30 => "---".to_owned(),
            _ if minute % 5 == 0 => format!("{:.3}", 0.6 + f64::from(minute % 11) / 1_000.0),
            _ => String::new(),
        };
        let (pressure, chlorine) = (pressure.replace('.', ","), chlorine.replace('.', ","));
        let row = format!("2024/12/05;{hour:02}:{of_hour:02};{pressure};{quality};{chlorine};x");
        let _ = writeln!(text, "{row}");
    }
    std::fs::write(folder.path().join("scada.csv"), text).expect("written");
    let map = root().join("tests/data/replay/foreign.toml");
    std::fs::copy(map, folder.path().join("foreign.toml")).expect("copied");
    assert_snapshot!(said(folder.path(), "replay scada.csv --map foreign.toml"));
}

#[test]
fn a_recorded_stream_goes_through_intake_as_it_did_live() {
    assert_snapshot!(said(root(), "replay tests/data/replay/stream.jsonl"));
}

#[test]
fn a_ledger_of_a_stream_is_of_the_plant_that_speaks_and_knows_no_silence_of_what_is_not_in_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let stream = root().join("tests/data/replay/stream.jsonl");
    std::fs::copy(stream, folder.path().join("stream.jsonl")).expect("copied");
    let text = said(folder.path(), "replay stream.jsonl --data kept");
    assert!(text.contains("alarms raised") || text.contains("no alarm"), "{text}");
    let kept = said(folder.path(), "alarms list --data kept --format json");
    assert!(!kept.contains("tag-silent") && kept.contains("exit code 0"), "{kept}");
    std::fs::write(folder.path().join("low.csv"), too_little_chlorine()).expect("written");
    let low = sanmen(folder.path(), &["replay", "low.csv", "--data", "of-csv", "--format", "json"]);
    assert_eq!(low.status.code(), Some(0), "{}", String::from_utf8_lossy(&low.stderr));
    let raised = alarms(&low);
    assert!(raised.iter().any(|it| it.contains("finished-chlorine-low")), "{raised:?}");
    assert!(!raised.iter().any(|it| it.contains("silent")), "{raised:?}");
    let zh = |args: &str| said(folder.path(), &format!("alarms {args} --data of-csv --lang zh"));
    let list = zh("list");
    assert!(list.contains("优先级") && list.contains("未确认"), "{list}");
    for english in ["unacknowledged", "priority", "medium", "shelved"] {
        assert!(!list.contains(english), "{list}");
    }
    // With other rules than the ledger's, what stands is still told.
    std::fs::create_dir(folder.path().join("mine")).expect("made");
    std::fs::write(folder.path().join("mine/own.toml"), OWN_RULE).expect("written");
    let other = said(folder.path(), "alarms list --data of-csv --rules mine");
    let wanted =
        "2 more, by rules that are not known here: finished-chlorine-low ×1, signal-jump ×1; name";
    assert!(other.contains(wanted), "{other}");
    let shelved = zh("shelve sanmen/tap-chlorine-low/AIT-404 --for-min 9 --by Li --reason wire");
    assert!(shelved.contains("sanmen/tap-chlorine-low/AIT-404 现为:"), "{shelved}");
}

/// A rule that is none of ours.
const OWN_RULE: &str = r#"
[[rule]]
id = "own"
title = { en = "Own", zh = "自" }
source = "ours [D]"
kind = "lab-limit"
analyte = "total-chlorine"
below_mg_per_l = 0.05
priority = "low"
advice = { en = "Look.", zh = "看。" }
"#;

#[test]
fn messages_behind_one_that_is_missing_are_judged_at_the_end_and_none_is_told_as_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let stream = root().join("tests/data/replay/stream.jsonl");
    let stream = std::fs::read_to_string(stream).expect("it is there");
    let data: Vec<&str> = stream.lines().filter(|line| line.contains("/data\"")).collect();
    let text = format!("{}\n", data[1]);
    std::fs::write(folder.path().join("one.jsonl"), text).expect("written");
    let one = said(folder.path(), "replay one.jsonl");
    assert!(one.contains("readings") && one.contains("exit code 0"), "{one}");
    let forged = data[1].replace("\"seq\"", "\"sequel\"");
    assert_ne!(forged, data[1]);
    std::fs::write(folder.path().join("none.jsonl"), format!("{forged}\n")).expect("written");
    let none = said(folder.path(), "replay none.jsonl");
    assert!(none.contains("1 messages, none usable; refused: "), "{none}");
    assert!(!none.contains("no row"), "{none}");
}

#[test]
fn a_recording_that_lies_compressed_is_read_as_if_it_did_not() {
    use std::io::Write as _;
    let folder = tempfile::tempdir().expect("a folder");
    let text = too_little_chlorine();
    std::fs::write(folder.path().join("plain.csv"), &text).expect("written");
    // Two members, as logs have that are packed one after the other.
    let (first, second) = text.split_at(text.len() / 2);
    let mut packed = Vec::new();
    for part in [first, second] {
        let mut member = flate2::write::GzEncoder::new(&mut packed, flate2::Compression::fast());
        member.write_all(part.as_bytes()).and_then(|()| member.finish().map(|_| ())).expect("ours");
    }
    std::fs::write(folder.path().join("packed.csv.gz"), &packed).expect("written");
    let replayed = |name: &str| sanmen(folder.path(), &["replay", name, "--format", "json"]);
    let (plain, whole) = (replayed("plain.csv"), replayed("packed.csv.gz"));
    assert_eq!(whole.status.code(), Some(0), "{}", String::from_utf8_lossy(&whole.stderr));
    assert!(!alarms(&plain).is_empty());
    assert_eq!(alarms(&whole), alarms(&plain));
    std::fs::write(folder.path().join("torn.csv.gz"), &packed[..packed.len() - 9])
        .expect("written");
    assert_ne!(
        replayed("torn.csv.gz").status.code(),
        Some(0),
        "what is torn is no whole recording"
    );
}

/// Forty readings of a minute each, of which the last thirty are too low.
fn too_little_chlorine() -> String {
    let mut text = String::from("observed_at,tag,value\n");
    for minute in 0..40 {
        let value = if minute < 10 { 0.5 } else { 0.2 };
        let _ = writeln!(text, "2024-12-05T08:{minute:02}:00+08:00,AIT-301,{value}");
    }
    text
}

/// By Zstandard, in two frames.
fn by_zstandard(text: &str) -> Vec<u8> {
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};
    let (first, second) = text.split_at(text.len() / 2);
    [first, second].map(|it| compress_to_vec(it.as_bytes(), CompressionLevel::Fastest)).concat()
}

/// A replay of what another program says.
fn piped(folder: &Path, input: &[u8], args: &[&str]) -> Output {
    use std::io::Write as _;
    use std::process::{Command, Stdio};
    let mut child = Command::new(env!("CARGO_BIN_EXE_sanmen"))
        .args(args)
        .current_dir(folder)
        .env_remove("RUST_LOG")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command was built with this test");
    let mut pipe = child.stdin.take().expect("it is a pipe");
    // Whoever refuses to read closes its end.
    let _ = pipe.write_all(input);
    drop(pipe);
    child.wait_with_output().expect("it ends by itself")
}

#[test]
fn readings_come_from_another_program_and_packed_by_zstandard_as_from_a_plain_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = too_little_chlorine();
    let packed = by_zstandard(&text);
    std::fs::write(folder.path().join("plain.csv"), &text).expect("written");
    std::fs::write(folder.path().join("packed.csv.zst"), &packed).expect("written");
    std::fs::write(folder.path().join("export.dat"), &packed).expect("written");
    let json = ["--format", "json"];
    let replayed = |args: &[&str]| {
        let output = sanmen(folder.path(), &[&["replay"], args, &json].concat());
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        alarms(&output)
    };
    let wanted = replayed(&["plain.csv"]);
    assert!(!wanted.is_empty());
    assert_eq!(replayed(&["packed.csv.zst"]), wanted);
    assert_eq!(replayed(&["export.dat", "--as", "csv"]), wanted, "its first bytes say how");
    for input in [text.as_bytes(), &packed] {
        let output = piped(folder.path(), input, &["replay", "-", "--as", "csv", json[0], json[1]]);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(alarms(&output), wanted);
    }
    let stream = std::fs::read(root().join("tests/data/replay/stream.jsonl")).expect("it is there");
    let told = sanmen(root(), &["replay", "tests/data/replay/stream.jsonl", json[0], json[1]]);
    let output = piped(root(), &stream, &["replay", "-", "--as", "jsonl", json[0], json[1]]);
    assert_eq!(alarms(&output), alarms(&told));
}

#[test]
fn what_cannot_come_from_another_program_says_the_way_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = too_little_chlorine();
    let packed = by_zstandard(&text);
    std::fs::write(folder.path().join("torn.csv.zst"), &packed[..packed.len() - 9])
        .expect("written");
    std::fs::write(folder.path().join("readings.parquet.zst"), &packed).expect("written");
    let shown = |output: Output| {
        let said = String::from_utf8(output.stderr).expect("text");
        format!("{said}exit code {}", output.status.code().expect("it ends by itself"))
    };
    let again = ["replay", "-", "--as", "jsonl", "--broker", "mqtt://127.0.0.1:1"];
    let all = [
        piped(folder.path(), text.as_bytes(), &["replay", "-"]),
        piped(folder.path(), text.as_bytes(), &["replay", "-", "--as", "parquet"]),
        piped(folder.path(), b"", &["replay", "-", "--as", "csv"]),
        piped(folder.path(), text.as_bytes(), &["replay", "-", "--as", "jsonl"]),
        piped(folder.path(), text.as_bytes(), &again),
        sanmen(folder.path(), &["replay", "torn.csv.zst"]),
        sanmen(folder.path(), &["replay", "readings.parquet.zst"]),
    ];
    assert_snapshot!(all.map(shown).join("\n\n"));
}

#[test]
fn what_cannot_be_read_is_refused_counted_and_shown() {
    let all = [
        "hostile.csv",
        "strangers.csv",
        "no-time.csv",
        "gbk.csv",
        "empty.csv",
        "list.json",
        "backwards.csv",
        "nowhere.csv",
        "foreign.toml",
        "hostile.csv --plant sanmn",
        "hostile.csv --lateness-min 1e9",
    ]
    .map(|args| said(root(), &format!("replay tests/data/replay/{args}")));
    assert_snapshot!(all.join("\n\n"));
}

#[test]
fn lines_are_counted_alike_whichever_way_they_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let hostile = std::fs::read(root().join("tests/data/replay/hostile.csv"));
    let hostile = hostile.expect("a file of the project");
    let lf = String::from_utf8_lossy(&hostile).replace("\r\n", "\n");
    std::fs::write(folder.path().join("lines.csv"), &lf).expect("written");
    let with_lf = said(folder.path(), "replay lines.csv");
    std::fs::write(folder.path().join("lines.csv"), lf.replace('\n', "\r\n")).expect("written");
    assert!(with_lf.contains("(line "), "{with_lf}");
    assert_eq!(said(folder.path(), "replay lines.csv"), with_lf);
}

#[test]
fn every_mistake_of_a_mapping_comes_at_once() {
    let all = ["broken.toml", "wrong-names.toml"].map(|map| {
        let args = format!("tests/data/replay/names.csv --map tests/data/replay/{map}");
        said(root(), &format!("replay {args}"))
    });
    assert_snapshot!(all.join("\n\n"));
}

#[test]
fn a_line_without_an_end_fills_no_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["long.csv", "long.jsonl"] {
        let mut text = b"time,AIT-301\n".to_vec();
        if name.ends_with("jsonl") {
            text = b"{\"time\":1733356800,\"AIT-301\":0.5}\n".to_vec();
        }
        text.resize(4 * 1024 * 1024, b'1');
        std::fs::write(folder.path().join(name), text).expect("written");
        let said = said(folder.path(), &format!("replay {name}"));
        assert!(said.contains("more than 1048576 bytes") && said.ends_with("code 2"), "{said}");
    }
}

#[test]
fn what_later_objects_say_and_the_first_does_not_is_read_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let line = |minute: u32, rest: &str| {
        let time = format!("2024-12-05T08:{minute:02}:00+08:00");
        format!("{{\"time\":\"{time}\",\"tag\":\"AIT-301\",\"value\":0.5{rest}}}\n")
    };
    let rest = ["", ",\"flag\":\"hmm\"", ",\"unit\":\"kPa\"", ",\"plant\":\"nosuch\""];
    let text: String = (0..).zip(rest).map(|(minute, rest)| line(minute, rest)).collect();
    std::fs::write(folder.path().join("later.jsonl"), text).expect("written");
    let said = said(folder.path(), "replay later.jsonl");
    for refused in ["bad-flag 1 (line 2", "bad-unit 1 (line 3", "unknown-plant 1 (line 4"] {
        assert!(said.contains(refused), "{refused}: {said}");
    }
}

#[test]
fn many_instruments_that_are_read_each_second_lose_nothing_in_a_replay() {
    let (plant, book) = many_tags::scene(100);
    let tally = many_tags::play(&plant, &book, 90);
    assert_eq!((tally.readings, tally.late, tally.missing), (9_000, 0, 0));
    assert!(tally.unheard(0, &plant).is_empty());
}

/// Two rules, one of them with the id of one in force and a limit that is higher.
const TRIED: &str = r#"
[[rule]]
id = "finished-chlorine-low"
title = { en = "Too little chlorine", zh = "余氯偏低" }
source = "a plan [D]"
kind = "limit"
quantity = "free-chlorine"
point = "finished-water"
below_mg_per_l = 0.45
on_delay_min = 5
off_delay_min = 5
priority = "high"
no_data = "hold"
inhibited_by = ["tag-silent"]
advice = { en = "Look.", zh = "看。" }

[[rule]]
id = "village-pressure-high"
title = { en = "High", zh = "高" }
source = "a plan [D]"
kind = "limit"
quantity = "pressure"
tag = "PIT-40*"
above_kpa = 590
on_delay_min = 5
off_delay_min = 5
priority = "low"
no_data = "hold"
advice = { en = "Look.", zh = "看。" }
"#;

#[test]
fn a_rule_is_tried_on_a_scenario_and_on_its_recording_with_the_same_result() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("tried.toml"), TRIED).expect("written");
    let short = root().join("scenarios/dosing-loses-prime.toml");
    let text = std::fs::read_to_string(short).expect("it ships");
    let (head, _) = text.split_once("[[expect]]").expect("it expects something");
    let head = head.replace("duration_h = 29", "duration_h = 6");
    std::fs::write(folder.path().join("prime.toml"), head).expect("written");
    let shown = said(folder.path(), "rules try tried.toml --on prime.toml --compare");
    assert_snapshot!(shown);
    let made = sanmen(folder.path(), &["dataset", "prime.toml", "--out", "data"]);
    assert_eq!(made.status.code(), Some(0), "{}", String::from_utf8_lossy(&made.stderr));
    let json = |on: &str, more: &[&str]| {
        let args = [&["rules", "try", "tried.toml", "--format", "json", "--on", on], more].concat();
        let output = sanmen(folder.path(), &args);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    };
    let of_scenario = json("prime.toml", &["--html", "page.html"]);
    assert_eq!(of_scenario, json("data/prime-20241205", &[]));
    let first = of_scenario.lines().next().expect("a rule");
    assert!(first.contains(r#""times":1"#) && first.contains(r#""in_force":null"#), "{first}");
    let page = std::fs::read_to_string(folder.path().join("page.html")).expect("it was written");
    assert!(page.starts_with("<!doctype html>") && page.contains("<polygon"), "{page}");
    assert!(!page.contains("http"), "the page needs nothing else");
    let wrong = TRIED.replace("tag-silent", "tag-silnt").replace("below_mg_per_l", "below_ntu");
    std::fs::write(folder.path().join("tried.toml"), wrong).expect("written");
    assert_snapshot!(said(folder.path(), "rules try tried.toml --on quiet-dy"));
}
