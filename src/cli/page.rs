//! What is said line by line with tables below, as text and as one page that needs nothing else.

use crate::base::text::escape;
use std::fmt::Write as _;
use std::io::{self, Write};

/// A line, and what stands below it.
pub struct Section {
    /// What it says.
    pub line: String,
    /// The columns' names; none when a row needs no name.
    pub columns: Vec<&'static str>,
    /// What it is made of.
    pub rows: Vec<Vec<String>>,
}

impl Section {
    /// A line alone.
    pub fn line(line: String) -> Self {
        Self { line, columns: Vec::new(), rows: Vec::new() }
    }

    /// As a table for a terminal, with the columns' names.
    pub fn write_table(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", self.line)?;
        if self.rows.is_empty() {
            return Ok(());
        }
        let mut table = comfy_table::Table::new();
        table.load_style(comfy_table::TableStyle::new());
        table.set_header(&self.columns);
        table.add_rows(&self.rows);
        for line in table.lines() {
            writeln!(out, "  {}", line.trim_end())?;
        }
        Ok(())
    }

    /// As Markdown.
    pub fn markdown(&self) -> String {
        let mut text = format!("{}\n", self.line);
        if self.columns.is_empty() {
            return text;
        }
        let row = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let columns: Vec<String> = self.columns.iter().map(ToString::to_string).collect();
        text.push('\n');
        text.push_str(&row(&columns));
        text.push_str(&row(&vec!["---".to_owned(); columns.len()]));
        self.rows.iter().for_each(|cells| text.push_str(&row(cells)));
        text
    }
}

/// A page.
pub struct Page<'p> {
    /// The language, as pages say it.
    pub lang: &'p str,
    /// Its title.
    pub title: &'p str,
    /// Below the title.
    pub head: &'p str,
    /// Ready pictures under their titles.
    pub pictures: &'p [(&'p str, String)],
    /// What follows.
    pub sections: &'p [Section],
    /// For a table without rows.
    pub none: &'p str,
    /// At its foot.
    pub foot: &'p str,
}

const STYLE: &str = "body{font:15px/1.45 system-ui,sans-serif;max-width:70rem;margin:1.5rem auto;\
padding:0 1rem;color:#1b1f24}h1{font-size:1.4rem}h2{font-size:1.05rem;margin:1.6rem 0 .3rem}\
table{border-collapse:collapse}th,td{text-align:left;padding:.2rem .9rem .2rem 0;\
border-bottom:1px solid #d8dde3}svg{max-width:100%;height:auto}.foot{color:#5a646e}\
@media(prefers-color-scheme:dark){body{background:#14181c;color:#e4e8ec}th,td{border-color:#39424b}\
svg text{fill:#e4e8ec}}";

impl Page<'_> {
    /// As HTML; style and pictures are in it.
    pub fn html(&self) -> String {
        let title = escape(self.title);
        let mut page = String::new();
        let mut push = |text: &str| page.push_str(text);
        push("<!doctype html>\n<html lang=\"");
        push(self.lang);
        push("\"><head><meta charset=\"utf-8\">");
        push("<meta name=\"viewport\" content=\"width=device-width\"><title>");
        push(&title);
        push("</title><style>");
        push(STYLE);
        push("</style></head><body>\n<h1>");
        push(&title);
        push("</h1>\n<p>");
        push(&escape(self.head));
        push("</p>\n");
        for (title, picture) in self.pictures {
            push(&format!("<h2>{title}</h2>\n{picture}\n"));
        }
        for section in self.sections {
            push(&self.section(section));
        }
        push(&format!("<p class=\"foot\">{}</p>\n</body></html>\n", escape(self.foot)));
        page
    }

    fn section(&self, section: &Section) -> String {
        let mut html = format!("<h2>{}</h2>\n", escape(&section.line));
        if section.columns.is_empty() {
            return html;
        }
        if section.rows.is_empty() {
            let _ = writeln!(html, "<p>{}</p>", self.none);
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_wrote_stays_text() {
        assert_eq!(escape("a<b>&\"c\" 水"), "a&lt;b&gt;&amp;&quot;c&quot; 水");
    }

    #[test]
    fn a_section_is_a_table_in_markdown_too() {
        let rows = vec![vec!["burst".to_owned(), "3".to_owned()]];
        let section = Section { line: "Kinds".to_owned(), columns: vec!["kind", "events"], rows };
        let wanted = "Kinds\n\n| kind | events |\n| --- | --- |\n| burst | 3 |\n";
        assert_eq!(section.markdown(), wanted);
    }
}
