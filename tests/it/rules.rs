//! The rules we ship meet the plants we ship.
#![expect(clippy::disallowed_methods, reason = "edge: reads the project's own files")]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use sanmen::base::analyte::{Analyte, Sign};
use sanmen::base::ids::{MethodId, SampleId};
use sanmen::base::lab_result::LabResult;
use sanmen::base::problem::Source;
use sanmen::base::{PlantId, RuleId, Span, Stamp};
use sanmen::ingest::observation::{PlantIndex, SiteResult};
use sanmen::inspection::book::{Book, InspectionRule, Kind};
use sanmen::inspection::finding::Finding;
use sanmen::inspection::round_watch::Rounds;
use sanmen::inspection::select::Supply;
use sanmen::plant::Plant;
use sanmen::plant::load::{Files, load};
use sanmen::plant::tags::Tag;

use crate::support::command::said;

fn source(path: &str) -> Arc<Source> {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path));
    Source::new(path, text.expect("a file of the project"))
}

fn book() -> Book {
    let names = [
        "events",
        "gb5749-2022",
        "laboratory",
        "plausibility",
        "pressure",
        "rounds",
        "security",
        "signal-quality",
        "tanks",
        "contact-time",
        "supply",
        "urban-heads",
        "who",
        "who-laboratory",
        "gb5749-2006",
        "gb5749-2006-laboratory",
    ];
    let sources = names.map(|name| source(&format!("config/rules/{name}.toml")));
    Book::load(&sources).expect("the rules we ship are sound")
}

fn plant(name: &str) -> Plant {
    let folder = format!("config/plants/{name}");
    let files = Files {
        network: source(&format!("{folder}/network.inp")),
        plant: source(&format!("{folder}/plant.toml")),
        instruments: source(&format!("{folder}/instruments.toml")),
        laboratory: Some(source(&format!("{folder}/laboratory.toml"))),
        conditions: vec![(
            "normal".to_owned(),
            source(&format!("{folder}/conditions/normal.toml")),
        )],
    };
    load(PlantId::new(name).expect("an id"), &files).expect("the plant we ship is sound")
}

#[test]
fn the_older_edition_judges_every_analyte_that_the_newer_does_and_relaxes_more_for_small_supplies()
{
    let book = book();
    let analytes = |pack: &str, supply: &[Option<Supply>]| {
        let of_pack = |rule: &&InspectionRule| {
            rule.pack.as_ref().is_some_and(|it| it.id.as_str() == pack)
                && supply.contains(&rule.select.supply)
        };
        let found = book.rules().iter().filter(of_pack).filter_map(|rule| match rule.kind {
            Kind::LabLimit(analyte, ..) => Some(analyte),
            _ => None,
        });
        found.collect::<BTreeSet<Analyte>>()
    };
    let any = [None, Some(Supply::Other), Some(Supply::Small)];
    let newer = analytes("gb5749-2022", &any);
    assert!(newer.len() > 30, "{newer:?}");
    assert_eq!(analytes("gb5749-2006", &any), newer);
    // For supplies of either size there is a limit of each.
    for supply in [Supply::Other, Supply::Small] {
        assert_eq!(analytes("gb5749-2006", &[None, Some(supply)]), newer, "{supply:?}");
    }
    let small = analytes("gb5749-2006", &[Some(Supply::Small)]);
    assert!(small.is_superset(&analytes("gb5749-2022", &[Some(Supply::Small)])));
    assert!(small.contains(&Analyte::Hardness) && small.contains(&Analyte::Chloride));
}

#[test]
fn the_who_pack_judges_what_has_a_guideline_value_and_nothing_else_and_its_alarms_say_whose() {
    let book = book();
    let of_who =
        |rule: &&InspectionRule| rule.pack.as_ref().is_some_and(|it| it.id.as_str() == "who");
    let judged: BTreeSet<Analyte> = book
        .rules()
        .iter()
        .filter(of_who)
        .filter_map(|rule| match rule.kind {
            Kind::LabLimit(analyte, ..) => Some(analyte),
            _ => None,
        })
        .collect();
    let none = [
        Analyte::TotalColiforms,
        Analyte::ColonyCount,
        Analyte::Colour,
        Analyte::Ph,
        Analyte::CodMn,
        Analyte::Ammonia,
        Analyte::Iron,
        Analyte::Aluminium,
        Analyte::ChlorineDioxide,
        Analyte::Ozone,
        Analyte::Zinc,
        Analyte::Chloride,
        Analyte::Sulphate,
        Analyte::DissolvedSolids,
        Analyte::Hardness,
    ];
    let others = Analyte::ALL.into_iter().filter(|analyte| !none.contains(analyte));
    assert_eq!(judged, others.collect());
    for rule in book.rules().iter().filter(of_who) {
        assert!(rule.id.as_str().starts_with("who-"), "{}", rule.id);
        assert!(rule.title.en.ends_with("(WHO)"), "whose limit it is: {}", rule.title.en);
        assert!(rule.title.zh.ends_with("(世卫组织)"), "{}", rule.title.zh);
    }
}

#[test]
fn every_rule_fits_the_instruments_of_the_sanmen_plant() {
    let plant = plant("sanmen");
    let tags: Vec<Tag> = plant.instruments.iter().map(|i| Tag::clone(&i.tag)).collect();
    let review = book().check_against(&[(&plant.profile, &tags)]);
    assert!(review.problems.is_empty(), "{}", review.problems.render(false));
    // It uses free chlorine: only tests of chlorine dioxide's signal find nothing.
    let unmatched: Vec<&str> = review.unmatched.iter().map(RuleId::as_str).collect();
    assert!(unmatched.iter().all(|id| id.contains("chlorine-dioxide")), "{unmatched:?}");
}

/// How long a result takes, so that none of these methods is slower.
fn turnaround(analyte: Analyte) -> Span {
    match analyte {
        Analyte::Iron | Analyte::Manganese | Analyte::Aluminium => Span::hours(72),
        Analyte::EColi | Analyte::TotalColiforms => Span::hours(24),
        Analyte::ColonyCount => Span::hours(48),
        _ => Span::hours(6),
    }
}

#[test]
fn whoever_keeps_the_sampling_plans_we_ship_misses_no_round_of_a_year_and_who_skips_one_does() {
    let book = book();
    let (from, offset) = Stamp::parse("2023-12-31T00:00:00+08:00").expect("a time");
    let to = from + Span::DAY * 372;
    let year = |name: &str, skipped: Option<&str>| {
        let plant = plant(name);
        let plan = plant.sampling.rounds.iter().filter(|round| Some(round.id.as_str()) != skipped);
        let visits = plan.flat_map(|round| {
            let visits = round.visits(from, to, offset).into_iter();
            visits.flat_map(|(at, site)| round.analytes.iter().map(move |it| (at, site, *it)))
        });
        let mut results: Vec<_> = visits.map(|it| (it.0 + turnaround(it.2), it)).collect();
        results.sort_by_key(|(reported, (taken, site, _))| (*reported, *taken, *site));
        let mut rounds = Rounds::new(&book, PlantIndex(0), &plant.profile, 0);
        let mut findings = Vec::new();
        for (reported_at, (taken_at, site, analyte)) in results {
            let of = &plant.profile.sites[site.0];
            let result = LabResult {
                sample: SampleId::new("S-1").expect("an id"),
                site: of.id.clone(),
                point: of.point,
                taken_at,
                reported_at,
                analyte,
                sign: Sign::Equal,
                value: 0.0,
                unit: analyte.unit().to_owned(),
                method: MethodId::new("m").expect("an id"),
            };
            let result = SiteResult { plant: PlantIndex(0), site, result };
            rounds.observe(&result, &mut findings);
        }
        rounds.advance(to, &mut findings);
        let done = rounds.statuses(to).map(|(_, _, status)| status.done);
        assert!(skipped.is_some() || done.min() > Some(0), "{name}: every round came due");
        let rule = |finding: &Finding| book.rules()[finding.watch.rule.0].id.to_string();
        findings.iter().map(rule).collect::<BTreeSet<String>>().into_iter().collect::<Vec<_>>()
    };
    assert_eq!(year("sanmen", None), Vec::<String>::new());
    assert_eq!(year("qingxi", None), Vec::<String>::new());
    assert_eq!(year("sanmen", Some("raw-daily")), ["round-raw-surface"]);
    let seasons = ["round-dry-finished", "round-wet-finished"];
    assert_eq!(year("qingxi", Some("finished-monthly")), seasons);
}

/// Every `S…` mark in brackets, such as `S7` of `[S7][M]`.
fn marks(text: &str) -> impl Iterator<Item = &str> {
    let inside = text.split('[').skip(1).filter_map(|rest| Some(rest.split_once(']')?.0));
    inside.filter(|mark| {
        let digits = mark.strip_prefix('S').map(|rest| rest.trim_end_matches(char::is_lowercase));
        digits.is_some_and(|n| !n.is_empty() && n.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

/// The texts below a folder of the project.
fn texts(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).expect("a folder of the project") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            texts(&path, found);
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            found.push((path.display().to_string(), text));
        }
    }
}

#[test]
fn every_mark_in_the_project_leads_to_its_source() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["config", "scenarios", "src"] {
        texts(&root.join(folder), &mut files);
    }
    let page = source("src/docs/sources.md");
    let rows: Vec<&str> = page.text.lines().filter_map(|line| line.split('|').nth(1)).collect();
    let mut used = 0;
    for (path, text) in &files {
        for mark in marks(text) {
            assert!(rows.iter().any(|row| row.trim() == mark), "{path}: [{mark}] has no source");
            used += 1;
        }
    }
    assert!(used > 20, "marks are found at all, not {used}");
}

#[test]
fn where_a_rule_comes_from_is_said_in_the_readers_language_and_to_programs_in_both() {
    let chinese = "GB 5749-2022 表2,出厂水不低于0.3 mg/L [S7][S8]";
    let english = "GB 5749-2022 table 2, finished water at least 0.3 mg/L [S7][S8]";
    let explain = |more: &[&str]| {
        let scenario = ["--scenario", "quiet-day", "--at", "2024-12-05T09:00:00+08:00"];
        let args = [&["explain", "finished-chlorine-low", "AIT-301"], &scenario[..], more].concat();
        let (code, out, said) = said(&args);
        assert_eq!(code, Some(0), "{said}");
        out
    };
    assert!(explain(&["--lang", "zh"]).contains(chinese));
    assert!(explain(&["--lang", "en"]).contains(english));
    let line: serde_json::Value =
        serde_json::from_str(&explain(&["--lang", "zh", "--format", "json"])).expect("an object");
    assert_eq!((&line["source"], &line["source_zh"]), (&english.into(), &chinese.into()));
    let (_, out, _) = said(&["rules", "list", "--format", "json"]);
    let rules = out.lines().map(serde_json::from_str::<serde_json::Value>);
    let all: Vec<_> = rules.map(|rule| rule.expect("an object")).collect();
    let low = all.iter().find(|rule| rule["rule"] == "finished-chlorine-low").expect("it ships");
    assert_eq!((&low["source"], &low["source_zh"]), (&english.into(), &chinese.into()));
}
