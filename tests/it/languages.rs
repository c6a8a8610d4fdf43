//! What is asked for in Chinese is said in Chinese: heads, labels and closing lines too.

use std::path::Path;

use crate::support::command::sanmen;

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
