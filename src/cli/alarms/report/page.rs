//! A report as one page that needs nothing else: style and pictures are in it.

use std::fmt::Write as _;

use super::Report;
use super::picture;
use super::text::{Section, sections};
use super::words::Words;

const STYLE: &str = "body{font:15px/1.45 system-ui,sans-serif;max-width:70rem;margin:1.5rem auto;\
padding:0 1rem;color:#1b1f24}h1{font-size:1.4rem}h2{font-size:1.05rem;margin:1.6rem 0 .3rem}\
table{border-collapse:collapse}th,td{text-align:left;padding:.2rem .9rem .2rem 0;\
border-bottom:1px solid #d8dde3}svg{max-width:100%;height:auto}.foot{color:#5a646e}\
@media(prefers-color-scheme:dark){body{background:#14181c;color:#e4e8ec}th,td{border-color:#39424b}\
svg text{fill:#e4e8ec}}";

/// The page.
pub(super) fn page(report: &Report, words: &Words) -> String {
    let mut sections = sections(report, words).into_iter();
    let head = sections.next().map(|section| escape(&section.line)).unwrap_or_default();
    let title = escape(&format!("{} · {}", words.title, report.title));
    let mut page = String::new();
    let mut push = |text: &str| page.push_str(text);
    push("<!doctype html>\n<html lang=\"");
    push(words.html_lang);
    push("\"><head><meta charset=\"utf-8\">");
    push("<meta name=\"viewport\" content=\"width=device-width\"><title>");
    push(&title);
    push("</title><style>");
    push(STYLE);
    push("</style></head><body>\n<h1>");
    push(&title);
    push("</h1>\n<p>");
    push(&head);
    push("</p>\n");
    let [rate, episodes] = words.pictures;
    push(&format!("<h2>{rate}</h2>\n{}\n", picture::rate(report)));
    push(&format!("<h2>{episodes}</h2>\n{}\n", picture::episodes(report)));
    for section in sections {
        push(&of_section(&section, words));
    }
    push(&format!("<p class=\"foot\">{}</p>\n</body></html>\n", escape(words.foot)));
    page
}

fn of_section(section: &Section, words: &Words) -> String {
    let mut html = format!("<h2>{}</h2>\n", escape(&section.line));
    if section.columns.is_empty() {
        return html;
    }
    if section.rows.is_empty() {
        let _ = writeln!(html, "<p>{}</p>", words.none);
        return html;
    }
    let cells = |tag: &str, texts: &[String]| {
        let cell = |text: &String| format!("<{tag}>{}</{tag}>", escape(text));
        format!("<tr>{}</tr>\n", texts.iter().map(cell).collect::<String>())
    };
    let columns: Vec<String> = section.columns.iter().map(ToString::to_string).collect();
    html.push_str("<table>\n");
    html.push_str(&cells("th", &columns));
    section.rows.iter().for_each(|row| html.push_str(&cells("td", row)));
    html.push_str("</table>\n");
    html
}

/// Text as it may stand in a page, attributes included.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_wrote_stays_text() {
        assert_eq!(escape("a<b>&\"c\" 水"), "a&lt;b&gt;&amp;&quot;c&quot; 水");
    }
}
