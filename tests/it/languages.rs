//! What is asked for in Chinese is said in Chinese: heads, labels and closing lines too.
#![expect(clippy::disallowed_methods, reason = "edge: keeps a folder of recordings")]

use std::path::Path;

use crate::support::command::sanmen;
use crate::support::mosquitto::Mosquitto;

/// What a command says with `--lang zh`.
fn said_in_chinese(words: &str) -> String {
    let words: Vec<&str> = words.split(' ').chain(["--lang", "zh"]).collect();
    let output = sanmen(Path::new("."), &words);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn lists_and_tests_are_in_chinese_throughout() {
    // None is a part of an id or of an expression.
    let english = [
        "people",
        "source",
        "\nvillages",
        "treatment",
        "instruments",
        "conditions",
        "stations on",
        "watches",
        "delays",
        "priority",
        "in force",
        "at once",
        "county",
        "rural residents",
        "readings",
        "alarms,",
        "seed",
        "outside the model",
        "played in",
        "passed",
        "every",
    ];
    for (command, wanted) in [
        ("plant list", "水厂    名称"),
        ("plant show sanmen", "管网:节点94个(其中水池3座)"),
        ("rules list --plant sanmen", "优先级"),
        ("fleet show", "农村常住人口2190000"),
        ("test tank-runs-dry", "超出模型范围"),
        ("exercise list", "学习目标"),
    ] {
        let said = said_in_chinese(command);
        assert!(said.contains(wanted), "{command}: no {wanted} in\n{said}");
        // The sentences of what ships are Chinese already; words of ours must be too.
        for word in english {
            assert!(!said.contains(word), "{command} says {word:?}:\n{said}");
        }
    }
}

/// Does it hold a sentence in English: three words of small letters, one after the other? Ids have
/// hyphens, formulas brackets and signs.
fn has_english(text: &str) -> bool {
    let is_word = |word: &&str| {
        let word = word.trim_matches([',', ';', ':', '.', '(', ')']);
        word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_lowercase())
    };
    let words: Vec<&str> = text.split_whitespace().collect();
    words.windows(3).any(|three| three.iter().all(is_word))
}

#[test]
fn a_sentence_in_english_is_seen_as_one() {
    assert!(has_english("11:00 the plant is silent"));
    assert!(!has_english("11:00 全厂 gateway-silent 35 min, 1 d 4 h"));
}

/// A recording with rows that are no readings, and a column that is nobody's.
const ROWS: &str = "observed_at,tag,value,note\n\
    2024-12-05T08:00:00+08:00,AIT-301,0.1,a\n\
    2024-12-05T08:10:00+08:00,AIT-301,0.1,a\n\
    2024-12-05T08:20:00+08:00,AIT-301,none,a\n\
    2024-12-05T08:30:00+08:00,AIT-999,0.1,a\n\
    yesterday,AIT-301,0.1,a\n\
    2024-12-05T08:40:00+08:00,AIT-301\n";

/// A rule that the readings break.
const TRIED: &str = r#"
[[rule]]
id = "own"
title = { en = "Too little chlorine", zh = "余氯偏低" }
source = { en = "a plan [D]", zh = "本例 [D]" }
kind = "limit"
quantity = "free-chlorine"
below_mg_per_l = 0.2
on_delay_min = 5
off_delay_min = 5
priority = "high"
no_data = "hold"
advice = { en = "Look.", zh = "看。" }
"#;

/// What each of these commands says with `--lang zh` holds the words wanted, and none in English.
fn all_is_chinese(commands: &[(&str, &str)]) {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in [("rows.csv", ROWS), ("tried.toml", TRIED)] {
        std::fs::write(folder.path().join(name), text).expect("a folder of ours");
    }
    for (command, wanted) in commands {
        let words: Vec<&str> = command.split(' ').chain(["--lang", "zh"]).collect();
        let output = sanmen(folder.path(), &words);
        let [said, aside] = [output.stdout, output.stderr].map(String::from_utf8);
        let (said, aside) = (said.expect("UTF-8"), aside.expect("UTF-8"));
        assert_eq!(output.status.code(), Some(0), "{command}: {aside}");
        assert!(said.contains(wanted), "{command}: no {wanted} in\n{said}");
        for text in [said, aside] {
            let english = text.lines().find(|line| has_english(line));
            assert_eq!(english, None, "{command}");
        }
    }
}

#[test]
fn what_robots_have_played_is_told_in_chinese() {
    all_is_chinese(&[("exercise play e4-burst --report report", "(机器人:参考;种子")]);
}

#[test]
fn what_is_replayed_and_tried_is_told_in_chinese() {
    all_is_chinese(&[
        ("replay rows.csv", "拒收:数值不对 1(行 4):\"none\"不是数"),
        ("replay rows.csv", "未用的列:note"),
        ("rules try tried.toml --on rows.csv", "AIT-301 游离氯 0.10 mg/L"),
    ]);
}

#[test]
fn what_scenarios_give_is_told_in_chinese() {
    all_is_chinese(&[
        ("rounds quiet-day", "出厂水"),
        ("dataset quiet-day --out data", "新写1份"),
        ("score quiet-day --lead-h 0", "报警对照事件"),
    ]);
}

#[test]
fn explanations_are_told_in_chinese() {
    let of =
        |rule: &str| format!("explain {rule} --scenario quiet-day --at 2024-12-05T09:00:00+08:00");
    all_is_chinese(&[
        (&of("finished-chlorine-low AIT-301"), "报警延时"),
        (&of("gateway-silent"), "仍无可用数据,则条件成立"),
        (&of("round-finished FINISHED"), "合并计,不要指定采样点"),
        (&of("lab-chlorite"), "尚无判定:FINISHED"),
        (&of("finished-ozone-high"), "要求臭氧消毒"),
    ]);
}

#[tokio::test]
async fn the_lines_of_plants_that_play_are_in_chinese() {
    let folder = tempfile::tempdir().expect("a folder");
    let broker = Mosquitto::start().await;
    let url = broker.url().to_string();
    let words = ["simulate", "quiet-day", "--speed", "max", "--lang", "zh", "--broker", &url];
    let output = sanmen(folder.path(), &words);
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(0), "{said}");
    for wanted in ["水厂 sanmen · 种子 ", "已连接mqtt://", "情景已结束于"] {
        assert!(said.contains(wanted), "no {wanted} in\n{said}");
    }
    let watch = said.lines().find(|line| line.starts_with("监测命令:sanmen monitor "));
    assert!(watch.is_some_and(|line| line.ends_with(" --lang zh")), "{said}");
    let english = said.lines().find(|line| has_english(line));
    assert_eq!(english, None, "{said}");
}
