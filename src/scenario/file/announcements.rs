//! Reads the `[[announce]]` tables of a scenario: stops of supply that people are told of.

use super::names::Names;
use super::{MINUTES, Run};
use crate::base::alarm::Stop;
use crate::base::problem::{Spanned, Table};
use crate::scenario::answer::Announcement;

/// Reads every `[[announce]]`.
pub fn read_announcements(
    table: &Table<'_>,
    names: &Names<'_>,
    run: Option<Run>,
) -> Vec<Announcement> {
    let read = |table: &Table<'_>| read_announcement(table, names, run);
    table.tables("announce").iter().filter_map(read).collect()
}

fn read_announcement(
    table: &Table<'_>,
    names: &Names<'_>,
    run: Option<Run>,
) -> Option<Announcement> {
    let at = table.number_in("at_min", MINUTES);
    // What was announced before the run began may have begun before it too.
    let from = table.number_in("from_min", -*MINUTES.end()..=*MINUTES.end());
    let until = table.number_in("until_min", MINUTES);
    let named = table.opt_text("village");
    let village = named.as_ref().map(|name| names.village(table, name));
    let texts = ["by", "reason"].map(|key| table.text(key));
    for text in texts.iter().flatten().filter(|text| text.get_ref().trim().is_empty()) {
        table.add(text.span(), "it must say something");
    }
    let [by, reason] = texts.map(|text| text.map(Spanned::into_inner));
    let (at, from, until) = (at?, from?, until?);
    let after = [("from_min", &from), ("at_min", &at)];
    for (key, before) in after.into_iter().filter(|(_, it)| it.get_ref() >= until.get_ref()) {
        let text = format!("a stop ends after {key} = {}", before.get_ref());
        table.add(until.span(), text);
    }
    let run = run?;
    let [at, from, until] = [at, from, until].map(|it| run.at_min(it.into_inner()));
    let place = table.source().place(table.span().start);
    let (village, stop) = (village.unwrap_or_default(), Stop { from, until });
    if named.is_some() && village.is_none() {
        return None; // it has been said
    }
    Some(Announcement { place, at, stop, village, by: by?, reason: reason? })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::base::Span;
    use crate::base::problem::{Problems, Source};
    use crate::plant::sample;
    use crate::scenario::{Scenario, load};

    const HEAD: &str = "title = { en = \"A\", zh = \"甲\" }\nplant = \"small\"\n\
        start = 2024-12-05T08:00:00+08:00\nduration_h = 24\nseed = 1\n";

    fn read(rest: &str) -> Result<Scenario, Problems> {
        load(&Source::new("s.toml", format!("{HEAD}{rest}")), &[Arc::new(sample::plant())])
    }

    #[test]
    fn an_announcement_has_its_times_from_the_start_and_is_for_all_villages_or_one() {
        let text = "[[announce]]\nat_min = 0\nfrom_min = -30\nuntil_min = 90\n\
            by = \"Li\"\nreason = \"a new valve\"\n";
        let scenario = read(text).expect("no mistake");
        let [it] = &scenario.announcements[..] else { panic!("one") };
        assert_eq!((it.at, it.village.as_ref()), (scenario.start, None));
        let from = scenario.start - Span::minutes(30);
        assert_eq!(it.stop, Stop { from, until: scenario.start + Span::minutes(90) });
    }

    #[test]
    fn every_mistake_of_an_announcement_comes_with_its_way_out() {
        let text = "[[announce]]\nat_min = 60\nfrom_min = 30\nuntil_min = 20\n\
            village = \"nowhere\"\nby = \" \"\n[[announce]]\nat_mins = 1\nfrom_min = 30\n\
            until_min = 60\nby = \"Li\"\nreason = \"work\"\n";
        insta::assert_snapshot!(read(text).expect_err("mistakes").render(false));
    }
}
