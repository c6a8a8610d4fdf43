//! Where rules, packs and tests of signal quality come from: their `source`, with its mark.
//!
//! In: `source = "…"`, which reads the same in both languages, or `{ en = "…", zh = "…" }`. Out: a
//! text in both. Whoever reads a limit must see how sure it is, in either language.

use crate::base::Text;
use crate::base::problem::{Spanned, Table};

/// What sources begin with that have editions.
const STANDARDS: [&str; 7] = ["GB ", "GB/T ", "SL ", "CJ/T ", "CJJ ", "HJ ", "WHO "];

/// The `source` of a rule, a pack or a test. Every mistake is noted.
pub(super) fn read(table: &Table<'_>) -> Option<Text> {
    spanned(table).map(Spanned::into_inner)
}

fn spanned(table: &Table<'_>) -> Option<Spanned<Text>> {
    if table.is_text("source") || !table.has("source") {
        let one = table.text("source")?;
        check_mark(table, &one);
        let span = one.span();
        let one = one.into_inner();
        return Some(Spanned::new(span, Text { en: one.clone(), zh: one }));
    }
    let both = table.bilingual("source")?;
    let own = table.opt_table("source")?;
    for lang in ["en", "zh"] {
        if let Some(text) = own.opt_text(lang) {
            check_mark(table, &text);
        }
    }
    let [en, zh] = [&both.en, &both.zh].map(|text| marks(text));
    if en != zh {
        let text = format!("`zh` bears the marks {}, `en` bears {}", zh.concat(), en.concat());
        let help = "a translation is as sure as what it translates: give it the same marks";
        table.add_with_help(own.span(), text, help);
    }
    Some(Spanned::new(own.span(), both))
}

/// The `source` of what has an edition: limits change from edition to edition, so who cites a
/// standard says which.
pub(super) fn read_with_edition(
    table: &Table<'_>,
    edition: Option<&Spanned<String>>,
) -> Option<Text> {
    let source = spanned(table)?;
    let cites = STANDARDS.iter().any(|name| source.get_ref().en.starts_with(name));
    if cites && edition.is_none() {
        let help = "add edition = \"2022\" (or the year that is meant)";
        let text = "a rule that cites a standard needs `edition`";
        table.add_with_help(source.span(), text, help);
    }
    Some(source.into_inner())
}

/// Is some of it from memory only?
pub(super) fn is_unverified(source: &Text) -> bool {
    source.en.contains("[M]")
}

fn check_mark(table: &Table<'_>, source: &Spanned<String>) {
    let marked = source.get_ref().contains('[') && source.get_ref().ends_with(']');
    if !marked {
        let help = "end with a mark: [S7] seen in a source, [M] unverified, [D] derived here";
        table.add_with_help(source.span(), "`source` does not say how sure it is", help);
    }
}

/// Its marks, such as `[S7]`, in their order.
fn marks(source: &str) -> Vec<&str> {
    source.split_inclusive(']').filter_map(|part| part.rfind('[').map(|at| &part[at..])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::problem::{Source, read_toml};

    /// The source of a file, or the mistakes of it.
    fn source(text: &str) -> Result<Text, String> {
        let file = Source::new("rules/a.toml", text);
        let found = read_toml(&file, |table| {
            let edition = table.opt_text("edition");
            read_with_edition(table, edition.as_ref())
        });
        found.map_err(|problems| problems.render(false))
    }

    #[test]
    fn a_source_is_one_text_or_one_in_each_language_with_the_same_marks() {
        let one = source("source = \"QARTOD [S45a]\"").expect("a bare citation");
        assert_eq!((one.en.as_str(), one.zh.as_str()), ("QARTOD [S45a]", "QARTOD [S45a]"));
        let both = source("source = { en = \"a plan [S13w][D]\", zh = \"规划 [S13w][D]\" }");
        assert_eq!(both.expect("sound").zh, "规划 [S13w][D]");
        let wrong = source("source = { en = \"a plan [S13w][M]\", zh = \"规划 [S13w]\" }");
        let said = wrong.expect_err("the mark is lost");
        assert!(said.contains("`zh` bears the marks [S13w], `en` bears [S13w][M]"), "{said}");
    }

    #[test]
    fn each_language_says_how_sure_it_is_and_a_standard_has_its_edition() {
        let said = source("source = { en = \"GB 5749 [M]\", zh = \"GB 5749\" }");
        let said = said.expect_err("two mistakes and a third");
        assert!(said.contains("does not say how sure it is"), "{said}");
        assert!(said.contains("needs `edition`"), "{said}");
        let said = source("source = { en = \"a plan [D]\" }").expect_err("no Chinese");
        assert!(said.contains("zh"), "{said}");
    }
}
