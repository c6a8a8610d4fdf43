//! Plants that are watched and not simulated: what disinfects their water has limits, and no model.
#![expect(clippy::disallowed_methods, reason = "edge: runs the command")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use insta::assert_snapshot;
use tempfile::TempDir;

use crate::support::command::sanmen;

/// A folder with the plant `works`: Qingxi, but for what disinfects its water and the quantity of
/// its instruments of the residual.
struct Works {
    folder: TempDir,
    works: PathBuf,
}

impl Works {
    fn new(disinfectant: &str, quantity: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let works = folder.path().join("plants/works");
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/plants/qingxi");
        std::fs::create_dir_all(works.join("conditions")).expect("a folder");
        let files = ["network.inp", "plant.toml", "instruments.toml", "laboratory.toml"];
        for name in files.into_iter().chain(["conditions/normal.toml"]) {
            let text = std::fs::read_to_string(own.join(name)).expect("a file that ships");
            let text = text.replace("disinfectant = \"chlorine-dioxide\"", disinfectant);
            let text = text.replace("quantity = \"chlorine-dioxide\"", quantity);
            std::fs::write(works.join(name), text).expect("written");
        }
        let day = "plant = \"works\"\ntitle = { en = \"A day\", zh = \"一天\" }\n\
                   start = 2024-12-05T08:00:00+08:00\nduration_h = 1\nseed = 1\n";
        std::fs::write(folder.path().join("day.toml"), day).expect("written");
        Self { folder, works }
    }

    fn edit(&self, name: &str, from: &str, to: &str) {
        let path = self.works.join(name);
        let text = std::fs::read_to_string(&path).expect("it is there");
        assert!(text.contains(from), "{name} has no {from}");
        std::fs::write(path, text.replacen(from, to, 1)).expect("written");
    }

    /// Arguments, all that was said, and the exit code.
    fn said(&self, args: &str) -> String {
        let words: Vec<&str> = args.split(' ').chain(["--plants", "plants"]).collect();
        let output = sanmen(self.folder.path(), &words);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        let lines = out.lines().chain(err.lines()).filter(|it| !it.starts_with("played in"));
        let said = lines.collect::<Vec<_>>().join("\n");
        let code = output.status.code().unwrap_or(-1);
        format!("$ sanmen {args}\n{}\nexit code {code}", said.trim_end())
    }

    /// What a rule looks for, where it comes from, and which of this plant's it watches.
    fn rule(&self, id: &str) -> (String, String, Vec<String>) {
        let listed = self.said("rules list --plant works --format json");
        let lines = listed.lines().filter(|line| line.starts_with('{'));
        let rules = lines.map(|line| serde_json::from_str(line).expect("an object"));
        let rule: serde_json::Value =
            rules.into_iter().find(|it: &serde_json::Value| it["rule"] == id).expect("a rule");
        let text = |key: &str| rule[key].as_str().expect("a text").to_owned();
        let watched = rule["watches"].as_array().expect("a list").iter();
        let tags = watched.map(|it| it["tag"].as_str().unwrap_or("the plant").to_owned());
        (text("looks_for"), text("source"), tags.collect())
    }

    /// What was raised by these values: a name, and its values, one a minute.
    fn raised(&self, series: &[(&str, &[(usize, f64)])]) -> Vec<String> {
        let values = |(tag, pieces): &(&str, &[(usize, f64)])| {
            let values = pieces.iter().flat_map(|(times, value)| vec![*value; *times]);
            let row = |(minute, value)| format!("2024-12-05T08:{minute:02}:00+08:00,{tag},{value}");
            values.enumerate().map(row).collect::<Vec<_>>()
        };
        let mut rows: Vec<String> = series.iter().flat_map(values).collect();
        rows.sort();
        let text = format!("observed_at,tag,value\n{}\n", rows.join("\n"));
        std::fs::write(self.folder.path().join("readings.csv"), text).expect("written");
        self.raised_by("replay readings.csv --plant works --format json")
    }

    /// What was raised by results of samples: site, water, analyte, sign and value, one an hour.
    fn raised_by_results(&self, results: &[(&str, &str, &str, &str, f64)]) -> Vec<String> {
        let mut text = String::new();
        for (n, (site, point, analyte, sign, value)) in results.iter().enumerate() {
            let at = format!("2024-12-05T{n:02}:00:00Z");
            let payload = serde_json::json!({
                "plant": "works", "boot_id": 1, "seq": n, "sent_at": at, "exercise": null,
                "sample": format!("{site}-{n}"), "site": site, "point": point, "taken_at": at,
                "reported_at": at, "analyte": analyte, "sign": sign, "value": value,
                "unit": "mg/L", "method": "by-hand",
            });
            let payload = payload.to_string();
            let topic = "sanmen/v1/a/works/lab";
            let line = serde_json::json!({ "tst": at, "topic": topic, "payload": payload });
            let _ = writeln!(text, "{line}");
        }
        std::fs::write(self.folder.path().join("results.jsonl"), text).expect("written");
        let raised = self.raised_by("replay results.jsonl --plant works --format json");
        raised.into_iter().filter(|it| it.starts_with("lab-")).collect()
    }

    /// Rule and tag of each alarm that a command says was raised, in their order.
    fn raised_by(&self, args: &str) -> Vec<String> {
        let said = self.said(args);
        assert!(said.ends_with("exit code 0"), "{said}");
        let lines = said.lines().filter(|line| line.starts_with('{'));
        let records = lines.map(serde_json::from_str::<serde_json::Value>);
        let records = records.map(|it| it.expect("an object")["record"].clone());
        let raised = records.filter(|it| it["kind"] == "alarm" && it["change"] == "raised");
        let name = |part: &serde_json::Value| part.as_str().unwrap_or("the plant").to_owned();
        raised.map(|it| name(&it["id"]["rule"]) + " " + &name(&it["id"]["tag"])).collect()
    }
}

fn ozone() -> Works {
    Works::new("disinfectant = \"ozone\"", "quantity = \"ozone\"")
}

#[test]
fn a_plant_with_ozone_is_checked_and_watched_but_not_simulated() {
    let works = ozone();
    let checked = works.said("config check plants/works");
    assert!(checked.ends_with(", no mistake\nexit code 0"), "{checked}");
    let rules = works.said("rules check");
    assert!(rules.contains("no mistake") && !rules.contains("ozone-high"), "{rules}");
    let taps = ["AIT-401", "AIT-402"];
    for (id, limit, watched) in [
        ("finished-ozone-high", "above 0.30 mg/L [M]", &["AIT-301"][..]),
        ("tap-ozone-low", "below 0.02 mg/L [M]", &taps),
        ("tap-ozone-high", "above 0.30 mg/L [M]", &taps),
        ("contact-time-short-ozone", "h(0.2)", &["the plant"]),
        ("lab-ozone-high", "above 0.3 mg/L [M]", &["FINISHED", "YT-4", "XS-4"]),
        ("lab-tap-ozone-low", "below 0.02 mg/L [M]", &["YT-4", "XS-4"]),
        ("lab-bromate", "above 0.01 mg/L", &["FINISHED", "YT-4", "XS-4"]),
    ] {
        let (looks_for, source, tags) = works.rule(id);
        assert!(looks_for.contains(limit), "{id}: {looks_for}");
        assert_eq!(source.contains("[S9]"), id != "lab-bromate", "{id}: {source}");
        assert_eq!(tags, watched, "{id}");
    }
    let all = ["test day.toml", "plant balance works"].map(|args| works.said(args));
    assert_snapshot!(all.join("\n\n"));
    works.edit("laboratory.toml", "\"chlorite\", \"chlorate\"", "\"ozone\"");
    works.edit("plant.toml", "\"ozone\"", "\"free-chlorine\"");
    works.edit("instruments.toml", "quantity = \"ozone\"", "quantity = \"chlorine-dioxide\"");
    assert_snapshot!(works.said("config check plants/works"));
}

#[test]
fn readings_and_samples_of_ozone_break_its_limits_and_those_at_the_limit_keep_them() {
    let works = ozone();
    let at_limit = works.raised(&[("AIT-301", &[(40, 0.3)]), ("AIT-401", &[(40, 0.02)])]);
    assert!(!at_limit.iter().any(|it| it.contains("ozone-")), "{at_limit:?}");
    let beyond = works
        .raised(&[("AIT-301", &[(10, 0.3), (30, 0.31)]), ("AIT-401", &[(10, 0.02), (30, 0.01)])]);
    let of_ozone = beyond.iter().filter(|it| it.contains("ozone-"));
    assert_eq!(
        of_ozone.collect::<Vec<_>>(),
        ["finished-ozone-high AIT-301", "tap-ozone-low AIT-401"]
    );
    let kept = works.raised_by_results(&[
        ("FINISHED", "finished-water", "ozone", "=", 0.3),
        ("YT-4", "tap-water", "ozone", "=", 0.02),
        ("XS-4", "tap-water", "total-chlorine", "=", 0.05),
        ("FINISHED", "finished-water", "bromate", "=", 0.01),
    ]);
    assert_eq!(kept, [""; 0]);
    let broken = works.raised_by_results(&[
        ("FINISHED", "finished-water", "ozone", "=", 0.31),
        ("YT-4", "tap-water", "ozone", "<", 0.01),
        ("XS-4", "tap-water", "total-chlorine", "=", 0.04),
        ("FINISHED", "finished-water", "bromate", "=", 0.011),
        ("XS-4", "tap-water", "ozone", "=", 0.02), // nothing
    ]);
    let wanted = [
        "lab-ozone-high FINISHED",
        "lab-tap-ozone-low YT-4",
        "lab-tap-chlorine-behind-ozone-low XS-4",
        "lab-bromate FINISHED",
    ];
    assert_eq!(broken, wanted);
}

#[test]
fn of_a_generator_of_chlorine_dioxide_and_chlorine_one_residual_is_enough_and_both_maxima_hold() {
    let works =
        Works::new("disinfectant = \"mixed-chlorine-dioxide\"", "quantity = \"chlorine-dioxide\"");
    let instruments = works.works.join("instruments.toml");
    let text = std::fs::read_to_string(&instruments).expect("it is there");
    let ofs = text.split("[[instrument]]").filter(|it| it.contains("\"chlorine-dioxide\""));
    let second = ofs.map(|it| {
        let it = it.replace("\"AIT-30", "\"AIT-31").replace("\"AIT-40", "\"AIT-49");
        format!("\n[[instrument]]{}", it.replace("\"chlorine-dioxide\"", "\"free-chlorine\""))
    });
    let second: String = second.collect();
    std::fs::write(&instruments, text + &second).expect("written");
    let checked = works.said("config check plants/works");
    assert!(checked.ends_with(", no mistake\nexit code 0"), "{checked}");
    let refused = works.said("test day.toml");
    assert!(refused.contains("disinfected with mixed-chlorine-dioxide is not simulated"));
    for (id, watched) in [
        ("finished-mixed-residual-low", &["the plant"][..]),
        ("tap-mixed-residual-low", &["AIT-491", "AIT-492"]),
        ("finished-mixed-chlorine-high", &["AIT-311"]),
        ("finished-mixed-dioxide-high", &["AIT-301"]),
        ("lab-finished-mixed-residual-low", &["FINISHED"]),
        ("round-finished-mixed-residuals-iv", &["the plant"]),
        ("lab-mixed-dioxide-high", &["FINISHED", "YT-4", "XS-4"]),
    ] {
        let (_, source, tags) = works.rule(id);
        assert!(source.contains("[M]"), "{id}: {source}");
        assert_eq!(tags, watched, "{id}");
    }
    let mixed = |readings: &[(&str, &[(usize, f64)])]| {
        let raised = works.raised(readings).into_iter().filter(|it| it.contains("mixed"));
        raised.collect::<Vec<_>>()
    };
    let one = mixed(&[("AIT-301", &[(40, 0.8)]), ("AIT-311", &[(40, 0.1)])]);
    assert_eq!(one, [""; 0]);
    let neither = mixed(&[("AIT-301", &[(40, 0.05)]), ("AIT-311", &[(40, 0.1)])]);
    assert_eq!(neither, ["finished-mixed-residual-low the plant"]);
    let both = mixed(&[("AIT-301", &[(40, 0.81)]), ("AIT-311", &[(40, 2.1)])]);
    assert_eq!(
        both,
        ["finished-mixed-chlorine-high AIT-311", "finished-mixed-dioxide-high AIT-301"]
    );
    let samples = works.raised_by_results(&[
        ("FINISHED", "finished-water", "chlorine-dioxide", "=", 0.81),
        ("FINISHED", "finished-water", "chlorite", "=", 0.71),
        ("FINISHED", "finished-water", "trichloroacetic-acid", "=", 0.11),
        ("FINISHED", "finished-water", "chlorate", "=", 0.7), // nothing
    ]);
    assert_eq!(
        samples,
        [
            "lab-mixed-dioxide-high FINISHED",
            "lab-chlorite FINISHED",
            "lab-trichloroacetic-acid FINISHED"
        ]
    );
}
