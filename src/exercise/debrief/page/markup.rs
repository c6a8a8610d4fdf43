//! Pieces of a page: text that is safe, in both languages; tables.

use crate::base::{Text, text};

/// Text as it may stand in a page, attributes included: on one line, without what XML does not know
/// and what turns the direction of text. Attributes stand in double quotes.
pub(super) fn escape(text: &str) -> String {
    let kept = text.chars().filter_map(|c| match c {
        '\n' | '\t' => Some(' '),
        c if text::is_unseen(c) || matches!(c, '\u{fffe}' | '\u{ffff}') => None,
        c => Some(c),
    });
    text::escape(&kept.collect::<String>())
}

/// A text in both languages; the page shows the one that is chosen.
pub(super) fn both(text: &Text) -> String {
    two(&text.en, &text.zh)
}

/// The same, of two texts.
pub(super) fn two(en: &str, zh: &str) -> String {
    if en == zh {
        return escape(en);
    }
    let (en, zh) = (escape(en), escape(zh));
    format!("<span lang=\"en\">{en}</span><span lang=\"zh\">{zh}</span>")
}

/// A section of the page, numbered.
pub(super) fn section(n: u8, (en, zh): (&str, &str), body: &str) -> String {
    format!("<section id=\"s{n}\"><h2>{n}. {}</h2>\n{body}</section>\n", two(en, zh))
}

/// A table: the columns' names in both languages, and cells that are markup already.
pub(super) fn table(columns: &[(&str, &str)], rows: &[Vec<String>]) -> String {
    let names = heads(columns);
    let cell = |markup: &String| format!("<td>{markup}</td>");
    let row = |cells: &Vec<String>| {
        let cells: String = cells.iter().map(cell).collect();
        format!("<tr>{cells}</tr>\n")
    };
    let rows: String = rows.iter().map(row).collect();
    let head = format!("<thead><tr>{names}</tr></thead>");
    // It scrolls on a narrow screen, by keys too.
    format!(
        "<div class=\"wide\" tabindex=\"0\" role=\"group\"><table>{head}<tbody>\n{rows}</tbody>\
         </table></div>\n"
    )
}

/// Names of columns, in both languages.
pub(super) fn heads(columns: &[(&str, &str)]) -> String {
    let head = |(en, zh): &(&str, &str)| format!("<th scope=\"col\">{}</th>", two(en, zh));
    columns.iter().map(head).collect()
}

/// A paragraph, of markup.
pub(super) fn paragraph(markup: &str) -> String {
    format!("<p>{markup}</p>\n")
}

/// A line of the log as a link to it.
pub(super) fn log_line(line: Option<usize>) -> String {
    line.map_or_else(|| "–".to_owned(), |n| format!("<a href=\"#l{n}\">{n}</a>"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_wrote_stays_text() {
        let hostile = "<script>'a'&\"b\"</script>\u{202e}\u{0}\u{1b}[31m";
        let wanted = "&lt;script&gt;'a'&amp;&quot;b&quot;&lt;/script&gt;[31m";
        assert_eq!(escape(hostile), wanted);
        assert_eq!(two("a", "a"), "a");
        assert!(two("a", "水").contains("lang=\"zh\">水<"));
    }
}
