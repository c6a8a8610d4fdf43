//! What a monitor has refused, for those who look into its quarantine: inert text, and no more of a
//! message than its beginning. It tells what came over the broker, and nothing of the truth.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::base::text::is_unseen;
use crate::exercise::live::quarantine::{Kept, read};

/// So many are shown, the newest first.
const SHOWN_MAX: usize = 100;

/// Characters of a payload, a topic or a detail that are shown.
const CHARS_MAX: usize = 240;

/// What is kept in the folder of a ledger. Errors, in words: the disk does not give it.
pub async fn refused(folder: PathBuf) -> Result<Value, String> {
    let kept = tokio::task::spawn_blocking(move || read(&folder)).await;
    let kept = kept.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
    Ok(shown(&kept))
}

fn shown(kept: &[Kept]) -> Value {
    let newest: Vec<Value> = kept.iter().rev().take(SHOWN_MAX).map(line).collect();
    json!({ "total": kept.len(), "kept": newest })
}

fn line(kept: &Kept) -> Value {
    let Kept { received_at, reason, detail, topic, payload, payload_base64, retained } = kept;
    let payload = payload.as_ref().or(payload_base64.as_ref()).map_or("", String::as_str);
    json!({
        "at": received_at, "reason": reason, "detail": inert(detail), "topic": inert(topic),
        "payload": inert(payload), "base64": payload_base64.is_some(), "retained": retained,
    })
}

/// The beginning of a text whose every character can be seen: what turns the direction of a line,
/// or has no width, stands there by its number.
fn inert(text: &str) -> String {
    let mut shown = String::new();
    for (n, c) in text.chars().enumerate() {
        if n == CHARS_MAX {
            shown.push('…');
            break;
        }
        if is_unseen(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Stamp;

    fn kept(n: i64, payload: &str) -> Kept {
        Kept {
            received_at: Stamp::from_ms(n * 1_000).expect("in range"),
            reason: "forged".to_owned(),
            detail: "signed by nobody".to_owned(),
            topic: "sanmen/v1/k7/sanmen/data".to_owned(),
            payload: Some(payload.to_owned()),
            payload_base64: None,
            retained: false,
        }
    }

    #[test]
    fn the_newest_come_first_and_only_so_many_with_their_number() {
        let all: Vec<Kept> = (0..250).map(|n| kept(n, "{}")).collect();
        let shown = shown(&all);
        assert_eq!(shown["total"], 250);
        let list = shown["kept"].as_array().expect("a list");
        assert_eq!((list.len(), &list[0]["at"]), (SHOWN_MAX, &json!(all[249].received_at)));
    }

    #[test]
    fn of_a_payload_its_beginning_is_shown_with_what_hides_in_it() {
        assert_eq!(inert("a\u{202e}b\n"), "a\\u{202e}b\\u{a}");
        assert_eq!(inert("余氯<b>"), "余氯<b>");
        let long = inert(&"x".repeat(9_000));
        assert_eq!((long.chars().count(), long.ends_with('…')), (CHARS_MAX + 1, true));
        let mut binary = kept(0, "");
        (binary.payload, binary.payload_base64) = (None, Some("/wo=".to_owned()));
        let line = line(&binary);
        assert_eq!((&line["payload"], &line["base64"]), (&json!("/wo="), &json!(true)));
    }
}
