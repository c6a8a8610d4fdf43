//! `sanmen test` says what was expected, what came and how to see it again; and it says the same
//! thing every time.

#![expect(clippy::disallowed_methods, reason = "edge: scenario files and reports on disk")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

/// Two quiet hours, to which a test adds what happens and what is expected.
const HEAD: &str = r#"title = { en = "A case", zh = "案例" }
plant = "sanmen"
start = 2024-12-05T09:00:00+08:00
duration_h = 2
seed = 5
"#;

/// The run signal of the dosing pump is lost from 09:20 on. Its readings are all 1, whatever the
/// water does, so that the words of a failure can be held exactly.
const LOST_SIGNAL: &str = r#"
[[inject]]
id = "lost"
at_min = 20
kind = "instrument-dropout"
target = "XS-201"
percent = 100
"#;

struct Folder(TempDir);

impl Folder {
    fn with(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            fs::write(folder.path().join(name), text).expect("a file");
        }
        Self(folder)
    }

    fn test(&self, args: &[&str]) -> Tested {
        Tested::from(sanmen(self.0.path()).arg("test").args(args).output().expect("it starts"))
    }
}

fn sanmen(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sanmen"));
    command.current_dir(folder);
    command
}

struct Tested {
    code: Option<i32>,
    out: String,
    err: String,
}

impl From<Output> for Tested {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).expect("UTF-8"),
            err: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }
}

impl Tested {
    /// All it says but how long it took.
    fn words(&self) -> String {
        let lines = self.out.lines().filter(|line| !line.starts_with("played in "));
        lines.collect::<Vec<_>>().join("\n")
    }

    fn last_line(&self) -> &str {
        self.out.lines().last().unwrap_or("")
    }
}

/// One case with a lost signal and these expectations; gives what is said of it.
fn said_of(expectations: &str) -> String {
    let text = format!("{HEAD}{LOST_SIGNAL}{expectations}");
    let tested = Folder::with(&[("case.toml", &text)]).test(&["case.toml"]);
    assert_eq!((tested.code, tested.err.as_str()), (Some(1), ""), "{}", tested.out);
    tested.words()
}

#[test]
fn an_alarm_too_late_is_told_with_the_readings_around_it_and_the_way_to_see_it_again() {
    insta::assert_snapshot!(said_of(
        r#"
[[expect]]
rule = "tag-silent"
tag = "XS-201"
after = "lost"
within_min = 5
"#
    ));
}

#[test]
fn an_answer_that_cannot_be_given_is_told() {
    insta::assert_snapshot!(said_of(
        r#"
[[answer]]
rule = "tag-silent"
tag = "XS-201"
at_min = 15
what = "acknowledge"
by = "Li"

[[answer]]
rule = "tag-silent"
tag = "XS-201"
after_raised_min = 5
what = "acknowledge"
by = "Li"

[[expect]]
rule = "tag-silent"
tag = "XS-201"

[[expect]]
rule = "tag-silent"
state = "acknowledged"
never = true
within_min = 60
"#
    ));
}

#[test]
fn an_alarm_too_early_is_told() {
    insta::assert_snapshot!(said_of(
        r#"
[[expect]]
rule = "tag-silent"
tag = "XS-201"
after = "lost"
not_before_min = 60
"#
    ));
}

#[test]
fn an_alarm_that_never_came_and_one_that_should_not_have_are_told() {
    insta::assert_snapshot!(said_of(
        r#"
[[expect]]
rule = "gateway-silent"

[[expect]]
rule = "tag-silent"
after = "lost"
never = true
within_min = 60
"#
    ));
}

#[test]
fn a_wrong_order_is_told() {
    insta::assert_snapshot!(said_of(
        r#"
[[inject]]
id = "silence"
at_min = 25
kind = "gateway-silence"

[[expect]]
rule = "gateway-silent"
before = { rule = "tag-silent", tag = "XS-201" }
"#
    ));
}

#[test]
fn an_alarm_that_nobody_expected_is_told() {
    insta::assert_snapshot!(said_of(""));
}

#[test]
fn a_second_alarm_where_one_is_expected_is_told_and_can_be_allowed() {
    let twice = LOST_SIGNAL.replace("at_min = 20", "at_min = 20\nuntil_min = 40")
        + &LOST_SIGNAL.replace("at_min = 20", "at_min = 60").replace("lost", "lost-again");
    let once = "[[expect]]\nrule = \"tag-silent\"\ntag = \"XS-201\"\n";
    let allowed = format!("{once}[[allow]]\nrule = \"tag-silent\"\n");
    let folder = Folder::with(&[
        ("once.toml", &format!("{HEAD}{twice}{once}")),
        ("allowed.toml", &format!("{HEAD}{twice}{allowed}")),
    ]);
    insta::assert_snapshot!(folder.test(&["once.toml", "allowed.toml"]).words());
}

/// The signal is lost three times, a quarter of an hour each.
fn lost_thrice() -> String {
    let lost = |n: u32| {
        let (from, until) = (20 + 30 * n, 35 + 30 * n);
        let minutes = format!("at_min = {from}\nuntil_min = {until}");
        LOST_SIGNAL.replace("at_min = 20", &minutes).replace("\"lost\"", &format!("\"lost{n}\""))
    };
    format!("{HEAD}{}{}{}", lost(0), lost(1), lost(2))
}

#[test]
fn each_occurrence_or_their_number_can_be_expected() {
    let expect =
        |keys: &str| format!("[[expect]]\nrule = \"tag-silent\"\ntag = \"XS-201\"\n{keys}\n");
    let one_by_one = expect("occurrence = 2\nnot_before_min = 50\nwithin_min = 65")
        + &expect("within_min = 40")
        + &expect("occurrence = 3\nnot_before_min = 80")
        + &expect("state = \"cleared\"\noccurrence = 2\nnot_before_min = 65\nwithin_min = 75");
    let head = lost_thrice();
    let folder = Folder::with(&[
        ("a.toml", &format!("{head}{one_by_one}")),
        ("b.toml", &format!("{head}{}", expect("at_least = 3\nat_most = 3"))),
    ]);
    let tested = folder.test(&["."]);
    assert_eq!(tested.code, Some(0), "{}", tested.out);
}

#[test]
fn too_many_or_too_few_occurrences_are_told() {
    let expect =
        |keys: &str| format!("\n[[expect]]\nrule = \"tag-silent\"\ntag = \"XS-201\"\n{keys}\n");
    let all = lost_thrice()
        + &expect("occurrence = 2\nwithin_min = 40")
        + &expect("occurrence = 4")
        + &expect("at_most = 2")
        + &expect("at_least = 2\nafter = \"lost2\"");
    let tested = Folder::with(&[("case.toml", &all)]).test(&["case.toml"]);
    insta::assert_snapshot!(tested.words());
}

#[test]
fn limits_of_the_model_are_noted_expected_and_forbidden() {
    let shut = r#"
[[inject]]
id = "shut"
at_min = 20
kind = "valve-shut"
target = "SY-P0"

[[allow]]
rule = "service-pressure-low"

[[allow]]
rule = "supply-interrupted"

[[allow]]
rule = "flat-line-flow"
"#;
    let dry = "\n[[expect]]\nlimit = \"dry-pipes\"\nafter = \"shut\"\nnot_before_min = 15\n";
    let never = "\n[[expect]]\nlimit = \"any\"\nwithin_min = 15\nnever = true\n";
    let hot = "\n[[expect]]\nlimit = \"temperature\"\n";
    let all = |keys: &[&str]| format!("{HEAD}{shut}{}", keys.concat());
    let folder = Folder::with(&[
        ("a-noted.toml", &all(&[])),
        ("b-expected.toml", &all(&[dry, never])),
        ("c-wrong.toml", &all(&[&dry.replace("15\n", "15\nnever = true\n"), hot])),
    ]);
    let tested = folder.test(&["."]);
    assert_eq!(tested.last_line(), "2 passed, 1 failed", "{}", tested.out);
    // What the model computes is left out.
    let words: String =
        tested.words().chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    insta::assert_snapshot!(words);
}

/// The limit's crossing comes from the truth, which the model may change: figures are left out.
#[test]
fn a_window_counted_from_the_truth_says_when_the_truth_crossed() {
    let text = format!(
        r#"{HEAD}
[[inject]]
id = "burst"
at_min = 30
kind = "burst"
target = "FL-1"
m3_per_h_at_20_m = 90

[[expect]]
rule = "service-pressure-low"
tag = "PIT-404"
after = "burst"
within_rule_min = 5

[[expect]]
rule = "finished-chlorine-low"
tag = "AIT-301"
within_rule_min = 5
"#
    );
    let tested = Folder::with(&[("case.toml", &text)]).test(&["case.toml"]);
    let words: String =
        tested.words().chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let sentences = words.lines().filter(|line| !line.trim_start().starts_with(['A', 'P']));
    insta::assert_snapshot!(sentences.collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_rule_that_does_not_exist_is_told_with_the_nearest_name() {
    let text = format!("{HEAD}\n[[expect]]\nrule = \"finished-chlorine-lo\"\n");
    let tested = Folder::with(&[("case.toml", &text)]).test(&["case.toml"]);
    assert_eq!(tested.code, Some(2));
    insta::assert_snapshot!(tested.words());
}

#[test]
fn a_file_that_does_not_read_is_told_and_the_others_are_played() {
    let folder = Folder::with(&[("a.toml", "title = {"), ("b.toml", HEAD), ("note.md", "no")]);
    let tested = folder.test(&["."]);
    assert_eq!(tested.code, Some(2), "{}", tested.err);
    insta::assert_snapshot!(tested.words());
}

#[test]
fn a_path_that_is_not_there_ends_the_command_with_a_hint() {
    let tested = Folder::with(&[]).test(&["quite-day"]);
    assert_eq!((tested.code, tested.out.as_str()), (Some(2), ""));
    insta::assert_snapshot!(tested.err);
}

#[test]
fn the_command_that_shows_a_failure_again_shows_the_same_failure() {
    let text = format!("{HEAD}{LOST_SIGNAL}");
    let folder = Folder::with(&[("it's a case.toml", &text)]);
    let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/config/rules");
    let first = folder.test(&["it's a case.toml", "--seed", "77", "--rules", rules]);
    let told = first.out.lines().find_map(|line| line.trim().strip_prefix("again: sanmen "));
    let told = told.expect("a failure tells how to see it again");
    assert!(told.contains("--seed 77") && told.contains("--rules"), "{told}");
    let again = Command::new("sh")
        .args(["-c", &format!("\"$0\" {told}"), env!("CARGO_BIN_EXE_sanmen")])
        .current_dir(folder.0.path())
        .output();
    let again = Tested::from(again.expect("a shell"));
    assert_eq!((again.code, again.words()), (Some(1), first.words()));
}

#[test]
fn another_seed_is_another_day() {
    let expected = "[[expect]]\nrule = \"service-pressure-low\"\ntag = \"PIT-401\"\n";
    let folder = Folder::with(&[("case.toml", &format!("{HEAD}{expected}"))]);
    let readings = |seed: &str| {
        let words = folder.test(&["case.toml", "--seed", seed]).words();
        assert!(
            words.contains(&format!("again: sanmen test case.toml --seed {seed}\n")),
            "{words}"
        );
        words.lines().find(|line| line.contains("PIT-401 showed")).map(str::to_owned)
    };
    assert!(readings("1").is_some());
    assert_eq!(readings("1"), readings("1"));
    assert_ne!(readings("1"), readings("2"));
}

#[test]
fn the_junit_report_has_a_case_for_each_file_with_the_sentence_of_each_failure() {
    let folder = Folder::with(&[
        ("bad.toml", &format!("{HEAD}{LOST_SIGNAL}")),
        ("good.toml", HEAD),
        ("torn.toml", "title = {"),
    ]);
    let tested = folder.test(&[".", "--junit", "report.xml"]);
    assert_eq!((tested.code, tested.last_line()), (Some(2), "1 passed, 2 failed"));
    let report = fs::read_to_string(folder.0.path().join("report.xml")).expect("a report");
    insta::assert_snapshot!(report);
}

#[test]
fn a_folder_without_scenarios_is_a_wrong_argument() {
    let tested = Folder::with(&[]).test(&["."]);
    assert_eq!(tested.code, Some(2));
    assert_eq!(tested.err, "error: there is no scenario file to test\n");
}

/// The year is left out: a minute of play, and `tests/all` plays it with the others.
#[test]
fn every_shipped_scenario_passes_and_gives_the_same_bytes_on_one_thread_and_on_four() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut paths: Vec<_> = fs::read_dir(shipped)
        .expect("scenarios")
        .map(|entry| entry.expect("a file").path().display().to_string())
        .filter(|path| !path.ends_with("year-with-renewal.toml"))
        .collect();
    paths.sort();
    let folder = Folder::with(&[]);
    let [one, four] = ["1", "4"].map(|n| {
        let mut args = vec!["--threads", n, "--format", "json"];
        args.extend(paths.iter().map(String::as_str));
        folder.test(&args)
    });
    assert_eq!(one.code, Some(0), "{}", one.err);
    let raised = one.out.lines().filter(|line| line.contains("\"change\":\"raised\""));
    assert!(raised.count() > 10, "the scenarios raise alarms");
    assert!(one.out == four.out, "the same ledger, byte for byte");
}

#[test]
fn a_pump_that_takes_less_than_expected_and_one_that_lifts_nothing_are_told() {
    let said = said_of(
        r#"
[[expect]]
rule = "tag-silent"
tag = "XS-201"

[[expect]]
pump = "P-1"
at_least_kwh_per_m3 = 0.9
at_most_kwh_per_m3 = 1

[[expect]]
pump = "P-2"
at_most_kwh_per_m3 = 1
"#,
    );
    assert!(
        said.contains("expected P-1 to take 0.9 to 1 kWh/m³ between 09:00 and 11:00"),
        "{said}"
    );
    assert!(said.contains("it took 0.27"), "{said}");
    assert!(said.contains("P-2 to take at most 1 kWh/m³"), "{said}");
    assert!(said.contains("it lifted nothing"), "{said}");
}
