//! A report as one page that needs nothing else: style and pictures are in it.

use super::Report;
use super::picture;
use super::text::sections;
use super::words::Words;
use crate::cli::page::Page;

/// The page.
pub(super) fn page(report: &Report, words: &Words) -> String {
    let mut sections = sections(report, words);
    let head = if sections.is_empty() { String::new() } else { sections.remove(0).line };
    let [rate, episodes] = words.pictures;
    Page {
        lang: words.html_lang,
        title: &format!("{} · {}", words.title, report.title),
        head: &head,
        pictures: &[(rate, picture::rate(report)), (episodes, picture::episodes(report))],
        sections: &sections,
        none: words.none,
        foot: words.foot,
    }
    .html()
}
