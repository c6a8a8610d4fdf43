//! What `sanmen explain` says of a scenario, and of a ledger at a past moment.

use crate::support::command::said as sanmen;

const PRIME: &str = "dosing-loses-prime";
const LOW: &str = "finished-chlorine-low";

/// The second line, and the one that begins with `label`.
fn told(page: &str, label: &str) -> (String, String) {
    let mut lines = page.lines();
    let headline = lines.nth(1).unwrap_or_default().to_owned();
    let line = lines.map(str::trim).find(|line| line.starts_with(label));
    (headline, line.unwrap_or_default().to_owned())
}

#[test]
fn an_alarm_is_explained_before_its_delay_is_over_while_it_stands_and_where_it_never_is() {
    let at = |time: &str| {
        let at = format!("2024-12-05T{time}+08:00");
        let (code, page, _) =
            sanmen(&["explain", LOW, "AIT-301", "--scenario", PRIME, "--at", &at]);
        assert_eq!(code, Some(0));
        page
    };
    let (headline, sees) = told(&at("09:20:00"), "sees");
    assert_eq!(headline, "not raised: the condition does not hold");
    assert!(sees.ends_with("mg/L, not below the limit of 0.30 mg/L"), "{sees}");
    let (headline, judged) = told(&at("09:45:00"), "judged");
    assert!(headline.starts_with("not raised yet: the condition holds since 12-05 09:42:00; the"));
    assert!(headline.ends_with("on-delay of 5 min runs until 12-05 09:47:00"), "{headline}");
    assert!(judged.ends_with("09:42 0.29 mg/L"), "{judged}");
    let (headline, _) = told(&at("10:00:00"), "sees");
    let raised = "raised: the condition holds since 12-05 09:42:00; nobody has answered it";
    assert_eq!(headline, raised);
    let (_, page, _) = sanmen(&[
        "explain",
        LOW,
        "PIT-407",
        "--scenario",
        PRIME,
        "--at",
        "2024-12-05T09:00:00+08:00",
    ]);
    let never = "never raised here: it asks for free-chlorine, and here is pressure; it asks for \
                 finished-water, and here is tap-water";
    assert_eq!(told(&page, "sees").0, never);
}

#[test]
fn without_a_tag_every_place_of_the_rule_has_its_line_and_programs_get_everything() {
    let until = ["--scenario", PRIME, "--at", "2024-12-05T18:00:00+08:00"];
    let (_, lines, _) =
        sanmen(&[&["explain", "tap-chlorine-low", "--lang", "zh"], &until[..]].concat());
    let lines: Vec<&str> = lines.lines().collect();
    assert!(lines.iter().any(|line| line.starts_with("AIT-401  报警中")), "{lines:?}");
    assert!(lines.contains(&"AIT-407  未报警:条件不成立"), "{lines:?}");
    let json = ["explain", "tap-chlorine-low", "AIT-401", "--format", "json"];
    let (_, json, _) = sanmen(&[&json[..], &until].concat());
    let json: serde_json::Value = serde_json::from_str(&json).expect("an object");
    assert_eq!(json["explanation"]["sight"]["verdict"], "abnormal");
    assert_eq!(json["explanation"]["alarm"]["unanswered"], true);
}

/// Rules of every kind say what they see at the end of a quiet day.
#[test]
fn every_kind_of_rule_says_what_it_sees() {
    for (rule, tag, sees) in [
        ("water-lost-on-the-way", "", "mean(outlet, 1 d) is"),
        ("event-finished-water", "AIT-303", "of the last 6 steps of 10 min do not fit"),
        ("gateway-silent", "", "plant sanmen was heard at"),
        ("tag-silent", "AIT-301", "AIT-301 was heard at"),
        ("night-flow-high", "FIT-401", "is judged in blocks of"),
        ("round-finished-microbes", "", "no sample of finished water so far"),
        ("service-pressure-low", "PIT-407", "the service head for 2 storeys"),
    ] {
        let tags = [tag].into_iter().filter(|tag| !tag.is_empty());
        let args: Vec<&str> = ["explain", rule].into_iter().chain(tags).collect();
        let (code, page, said) = sanmen(&[&args[..], &["--scenario", "quiet-day"]].concat());
        assert_eq!(code, Some(0), "{said}");
        assert!(told(&page, "sees").1.contains(sees), "{page}");
        assert!(told(&page, "sees").0.starts_with("not raised: "), "{page}");
    }
}

#[test]
fn a_ledger_is_asked_about_the_present_and_about_the_past() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().to_str().expect("a path that is text");
    let (code, _, said) = sanmen(&["run", PRIME, "--speed", "max", "--data", data]);
    assert_eq!(code, Some(0), "{said}");
    let (_, page, _) = sanmen(&["explain", LOW, "AIT-301", "--data", data]);
    let (headline, ledger) = told(&page, "ledger");
    assert!(headline.starts_with("raised: the condition holds since 12-05 09:42:00"), "{page}");
    assert_eq!(
        ledger.split_whitespace().collect::<Vec<_>>()[3..].join(" "),
        "risen · unacknowledged"
    );
    let at = |time| {
        let (_, page, _) = sanmen(&["explain", LOW, "AIT-301", "--data", data, "--at", time]);
        page
    };
    let page = at("2024-12-05T09:00:00+08:00");
    assert_eq!(
        told(&page, "ledger"),
        ("not raised: the condition does not hold".into(), String::new())
    );
    let page = at("2024-12-05T14:00:00+08:00");
    assert!(told(&page, "ledger").0.starts_with("raised: the condition holds since"), "{page}");
    let (code, _, said) =
        sanmen(&["explain", LOW, "AIT-301", "--data", data, "--at", "2023-01-01T00:00:00Z"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("of sanmen from the three days before"), "{said}");
}

#[test]
fn what_rests_on_samples_is_explained_at_a_past_moment_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().to_str().expect("a path that is text");
    let args = ["run", "no-chlorine-unseen", "--speed", "max", "--listen", "off", "--data", data];
    let (code, _, said) = sanmen(&args);
    assert_eq!(code, Some(0), "{said}");
    let at = |rule, tag, time: &str| {
        let (_, page, said) = sanmen(&["explain", rule, tag, "--data", data, "--at", time]);
        let (headline, sees) = told(&page, "sees");
        (headline, sees, page + &said)
    };
    for (rule, tag) in
        [("lab-finished-chlorine-low", "FINISHED"), ("chlorine-off-sample", "AIT-301")]
    {
        let (headline, sees, page) = at(rule, tag, "2024-12-04T12:00:00+08:00");
        assert!(headline.starts_with("raised: the condition holds since 12-04"), "{page}");
        assert!(!sees.contains("no result") && !sees.is_empty(), "{page}");
        let (headline, _, page) = at(rule, tag, "2024-12-03T12:00:00+08:00");
        assert!(headline.starts_with("not raised"), "{page}");
    }
}

#[test]
fn a_plant_that_was_silent_at_a_past_moment_is_told_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().to_str().expect("a path that is text");
    let (code, _, said) = sanmen(&["run", "gateway-silent", "--speed", "max", "--data", data]);
    assert_eq!(code, Some(0), "{said}");
    let at = "2024-12-05T10:30:00+08:00";
    let (_, page, said) = sanmen(&["explain", "gateway-silent", "--data", data, "--at", at]);
    let (headline, sees) = told(&page, "sees");
    assert!(headline.starts_with("raised: the condition holds since 12-05 10:"), "{page}{said}");
    assert!(sees.contains("is silent since 12-05"), "{sees}");
}

#[test]
fn what_is_not_there_is_told_with_what_is_nearest() {
    for (args, told) in [
        (["finished-chlorine-lo", "AIT-301"], "did you mean finished-chlorine-low?"),
        (
            [LOW, "AIT-31"],
            "plant sanmen has no instrument or site \"AIT-31\": did you mean AIT-301?",
        ),
    ] {
        let all =
            [&["explain"], &args[..], &["--scenario", PRIME, "--at", "2024-12-05T08:30:00+08:00"]];
        let (code, _, said) = sanmen(&all.concat());
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains(told), "{said}");
    }
    let (code, _, said) =
        sanmen(&["explain", LOW, "--scenario", PRIME, "--at", "2030-01-01T00:00:00Z"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("is outside the scenario, which runs from"), "{said}");
}
