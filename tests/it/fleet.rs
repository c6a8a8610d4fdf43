//! `sanmen fleet`: a region's works, shown and written.
#![expect(clippy::disallowed_methods, reason = "edge: runs the binary in folders of its own")]

use std::path::Path;

use crate::support::command::sanmen;

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn a_fleet_is_shown_beside_its_totals() {
    let shown = sanmen(Path::new("."), &["fleet", "show", "xianning"]);
    assert_eq!(shown.status.code(), Some(0), "{}", text(&shown.stderr));
    insta::assert_snapshot!(text(&shown.stdout));
    let lines = ["fleet", "show", "--format", "json", "--seed", "7"];
    let lines = sanmen(Path::new("."), &lines);
    assert_eq!(text(&lines.stdout).lines().count(), 382, "one line a works");
    let unknown = sanmen(Path::new("."), &["fleet", "show", "xianing"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(text(&unknown.stderr).contains("did you mean \"xianning\"?"));
}

#[test]
fn written_works_are_plants_that_spend_a_quiet_day() {
    let folder = tempfile::tempdir().expect("a folder");
    let arguments = ["fleet", "write", "xianning", "--works", "9", "--out", "works"];
    let written = sanmen(folder.path(), &arguments);
    assert_eq!(written.status.code(), Some(0), "{}", text(&written.stderr));
    let again = sanmen(folder.path(), &arguments);
    assert_eq!(again.status.code(), Some(2), "nothing is overwritten");
    let works: Vec<_> = std::fs::read_dir(folder.path().join("works"))
        .expect("the folder")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
        .collect();
    assert_eq!(works.len(), 9);
    for id in works {
        let day = format!(
            "title = {{ en = \"A day\", zh = \"一天\" }}\nplant = \"{id}\"\n\
             start = 2024-12-05T00:00:00+08:00\nduration_h = 24\nseed = 1\nstep_s = 300\n"
        );
        std::fs::write(folder.path().join("day.toml"), day).expect("written");
        let played = sanmen(folder.path(), &["test", "day.toml", "--plants", "works"]);
        assert_eq!(played.status.code(), Some(0), "{id}: {}", text(&played.stdout));
    }
}

#[test]
fn a_fleet_plays_alike_on_one_thread_and_on_three() {
    let play = |threads| {
        let scenario = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/fleet-storm.toml");
        let arguments = ["test", scenario, "--format", "json", "--threads", threads];
        let played = sanmen(Path::new("."), &arguments);
        assert_eq!(played.status.code(), Some(0), "{}", text(&played.stderr));
        played.stdout
    };
    let one = play("1");
    assert!(one.len() > 10_000, "the ledgers of sixteen plants");
    assert!(one == play("3"), "the same bytes");
}
