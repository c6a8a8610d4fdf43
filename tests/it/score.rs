//! What `sanmen score` says of scenarios, of a dataset with somebody else's alerts, of mistakes.
#![expect(clippy::disallowed_methods, reason = "edge: runs the command")]

use std::path::Path;

use crate::support::command::said as sanmen;

fn shown(path: &Path) -> &str {
    path.to_str().expect("a path that is text")
}

#[test]
fn a_stuck_signal_is_scored_in_text_in_json_and_on_a_page() {
    let folder = tempfile::tempdir().expect("a folder");
    let page = folder.path().join("score.html");
    let args = ["score", "dead-signal", "--lead-h", "0"];
    let (code, text, said) = sanmen(&[&args[..], &["--html", shown(&page)]].concat());
    assert_eq!(code, Some(0), "{said}");
    insta::assert_snapshot!(text);
    let html = std::fs::read_to_string(&page).expect("a page");
    assert!(html.contains("<td>instrument-stuck-at</td>"), "{html}");
    for foreign in ["http:", "https:", "src=", "href=", "@import", "url("] {
        assert!(!html.contains(foreign), "the page asks for {foreign}");
    }
    let (_, out, _) = sanmen(&[&args[..], &["--format", "json"]].concat());
    let json: serde_json::Value = serde_json::from_str(&out).expect("one object");
    assert_eq!(json["runs"], 1);
    assert_eq!(json["score"]["all"]["recall"], 1.0);
    assert_eq!(json["score"]["kinds"][0]["kind"], "instrument-stuck-at");
}

#[test]
fn somebody_elses_detector_is_scored_on_a_dataset() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, events) = (folder.path().join("data"), folder.path().join("alerts.csv"));
    let (code, _, said) =
        sanmen(&["dataset", "gateway-silent", "--seeds", "1..2", "--out", shown(&data)]);
    assert_eq!(code, Some(0), "{said}");
    let rows = "part,start,end,detector,score\n\
                gateway-silent-1,2024-12-05T10:06:00+08:00,2024-12-05T11:00:00+08:00,mine,0.9\n\
                gateway-silent-2,2024-12-05T08:30:00+08:00,,mine,0.7\n";
    std::fs::write(&events, rows).expect("room");
    let args = ["score", shown(&data), "--events", shown(&events), "--format", "csv"];
    let (code, csv, said) = sanmen(&args);
    assert_eq!(code, Some(0), "{said}");
    insta::assert_snapshot!(csv);

    let bad = "plant,start,end,part\n\
               ,2024-12-05T10:06:00+08:00,,gateway-silent-3\n\
               sanmen,2024-12-05T10:06:00+08:00,,\n\
               sanmin,2024-12-05T10:06:00+08:00,,\n\
               ,today,,gateway-silent-1\n\
               ,2024-12-05T10:06:00+08:00,2024-12-05T10:00:00+08:00,gateway-silent-1\n\
               ,,,\n\
               too,short\n";
    std::fs::write(&events, bad).expect("room");
    let (code, _, said) = sanmen(&args);
    assert_eq!(code, Some(2));
    insta::assert_snapshot!(said.replace(shown(folder.path()), "DIR"));
}

#[test]
fn what_cannot_be_scored_says_why() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = shown(folder.path());
    let says = |args: &[&str]| {
        let (code, _, said) = sanmen(&[&["score"], args].concat());
        assert_eq!(code, Some(2), "{said}");
        said
    };
    assert!(says(&["--train", "1..3", "--test", "3..4"]).contains("seed 3 is in --train and"));
    assert!(says(&[here]).contains("score a dataset with --events"));
    assert!(says(&["--events", "a.csv"]).contains("name the folder of one dataset"));
    assert!(says(&["no-such"]).contains("there is no scenario"));
    assert!(says(&[here, "--events", "a.csv"]).contains("manifest.json"));
}

#[test]
fn figures_go_into_a_file_between_its_marks() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("page.md");
    let text = "before\n<!-- sanmen score -->\nformer\n<!-- /sanmen score -->\nafter\n";
    std::fs::write(&file, text).expect("room");
    let into = format!("--markdown={}", shown(&file));
    let args = ["score", "gateway-silent", "--lead-h", "0", into.as_str()];
    let (code, out, said) = sanmen(&args);
    assert_eq!((code, out.as_str()), (Some(0), ""), "{said}");
    let new = std::fs::read_to_string(&file).expect("a file");
    assert!(new.starts_with("before\n<!-- sanmen score -->\nruns 1 "), "{new}");
    assert!(new.ends_with("\n<!-- /sanmen score -->\nafter\n"), "{new}");
    assert!(new.contains("| gateway-silence | 1 | 1 |") && !new.contains("former"), "{new}");
    std::fs::write(&file, "nothing").expect("room");
    let (code, _, said) = sanmen(&args);
    assert!(code == Some(2) && said.contains("has no line <!-- sanmen score -->"), "{said}");
}
