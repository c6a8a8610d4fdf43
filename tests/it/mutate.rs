//! Rules made wrong on purpose: what notices, and what nothing notices.
#![expect(clippy::disallowed_methods, reason = "edge: a rule file in a folder that vanishes")]

use crate::support::command::said;

#[test]
fn the_tests_and_scenarios_of_a_tight_rule_notice_every_mistake_and_say_where() {
    let (code, out, err) = said(&[
        "rules",
        "mutate",
        "config/rules",
        "--rule",
        "finished-chlorine-low",
        "--on",
        "scenarios/dosing-loses-prime.toml",
    ]);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert!(out.contains("its limit is 20 % lower (level 2): config/rules/gb5749-2022"), "{out}");
    assert!(out.ends_with("9 mistakes: 9 noticed, 0 missed\n"), "{out}");
}

/// Nothing stands beside this rule, and no scenario knows it.
const LOOSE: &str = r#"
[[rule]]
id = "loose"
title = { en = "Hardly any chlorine", zh = "几乎无余氯" }
source = "nobody [D]"
kind = "limit"
quantity = "free-chlorine"
point = "finished-water"
below_mg_per_l = 0.001
on_delay_min = 5
off_delay_min = 5
priority = "low"
no_data = "hold"
advice = { en = "Look.", zh = "看。" }
"#;

#[test]
fn a_rule_that_nothing_tests_is_told_with_each_mistake_and_a_misspelt_one_with_the_nearest() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("loose.toml");
    std::fs::write(&file, LOOSE).expect("written");
    let file = file.display().to_string();
    let mutate = |rule| {
        let on = "scenarios/quiet-day.toml";
        said(&["rules", "mutate", "config/rules", &file, "--rule", rule, "--on", on])
    };
    let (code, out, _) = mutate("loose");
    assert_eq!(code, Some(1), "{out}");
    assert!(out.contains("MISSED  loose: the rule is gone\n"), "{out}");
    assert!(out.contains("MISSED  loose: its on-delay is dropped\n"), "{out}");
    assert!(out.ends_with("5 mistakes: 0 noticed, 5 missed\n"), "{out}");
    let (code, _, err) = mutate("lose");
    assert_eq!(code, Some(2), "{err}");
    assert!(err.contains("did you mean loose?"), "{err}");
}

#[test]
fn a_book_of_ones_own_is_held_against_its_tests_and_what_ships_about_its_rules() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("own.toml");
    let path = folder.path().display().to_string();
    std::fs::write(&file, LOOSE).expect("written");
    let (code, out, err) = said(&["rules", "mutate", &path]);
    assert_eq!((code, err.as_str()), (Some(1), ""), "{out}");
    assert!(out.contains("note: no scenario that ships names these rules"), "{out}");
    assert!(out.ends_with("5 mistakes: 0 noticed, 5 missed\n"), "{out}");
    // A rule that ships, without its tests: two scenarios are about it, and do not know the other.
    let shipped = include_str!("../../config/rules/signal-quality.toml");
    let start = shipped.find("[[rule]]\nid = \"station-battery-low\"").expect("it ships");
    let rule = shipped[start..].split("[[rule.test]]").next().expect("a rule");
    std::fs::write(&file, rule.to_owned() + LOOSE).expect("written");
    let (code, out, err) = said(&["rules", "mutate", &path, "--rule", "station-battery-low"]);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert!(out.contains("tests, 2 scenarios that ship name these rules; `--on"), "{out}");
    let noticed = "noticed station-battery-low: the rule is gone: scenarios/";
    assert!(out.contains(noticed), "{out}");
    assert!(out.ends_with("5 mistakes: 5 noticed, 0 missed\n"), "{out}");
}
