//! The log as a table, for spreadsheets.

use crate::base::Stamp;
use crate::base::time::UtcOffset;
use crate::exercise::session::log::{Entry, What};

/// The log as CSV: a head, then a row for each entry. Times are local, with their offset.
pub fn csv(log: &[Entry], offset: UtcOffset) -> String {
    let mut text = String::from("line,at,wall_s,who,what,detail_en,detail_zh\n");
    for (at, entry) in log.iter().enumerate() {
        let (what, en, zh) = told(entry);
        let time = |stamp: Stamp| stamp.at(offset);
        let wall_s = format!("{:.1}", entry.moment.wall_s);
        let line = (at + 1).to_string();
        let cells = [line, time(entry.moment.at), wall_s, entry.who.clone(), what.into(), en, zh];
        let cells: Vec<String> = cells.iter().map(|cell| quoted(cell)).collect();
        text.push_str(&cells.join(","));
        text.push('\n');
    }
    text
}

/// What an entry says: its kind, and its detail in English and Chinese, by ids: a table is joined
/// with others.
fn told(entry: &Entry) -> (&'static str, String, String) {
    let same = |kind, text: String| (kind, text.clone(), text);
    match &entry.what {
        What::Did { deed } => same("did", deed.to_string()),
        What::Failed { deed, why } => same("failed", format!("{deed}: {why}")),
        What::Returned { deed, says } => {
            ("returned", format!("{deed}: {}", says.en), format!("{deed}:{}", says.zh))
        }
        What::Told { from, text, .. } => {
            let from = from.name();
            ("told", format!("{from}: {}", text.en), format!("{from}:{}", text.zh))
        }
        What::Raised { alarm, .. } => same("raised", alarm.to_string()),
        What::Happened { injection } => same("happened", injection.to_string()),
        What::Hint { text, .. } => ("hint", text.en.clone(), text.zh.clone()),
        What::Directed { direction } => {
            same("directed", serde_json::to_string(direction).unwrap_or_default())
        }
        What::Beset => {
            ("beset", "a stranger speaks over the broker".into(), "陌生人在代理上发报文".into())
        }
        What::Branched { left } => {
            same("branched", serde_json::to_string(left).unwrap_or_default())
        }
    }
}

/// A cell as RFC 4180 has it. What a spreadsheet would take for a formula is made a text.
fn quoted(cell: &str) -> String {
    let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let cell = if is_formula { format!("'{cell}") } else { cell.to_owned() };
    if cell.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_neither_broken_nor_a_formula() {
        assert_eq!(quoted("a, \"b\""), "\"a, \"\"b\"\"\"");
        assert_eq!(quoted("=SUM(A1)"), "'=SUM(A1)");
        assert_eq!(quoted("12.5"), "12.5");
    }
}
