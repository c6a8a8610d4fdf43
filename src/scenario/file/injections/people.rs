//! Kinds that happen to the people and what they want.

use super::super::names::Names;
use super::Part;
use crate::base::ids::VillageId;
use crate::base::problem::Spanned;
use crate::base::problem::Table;
use crate::scenario::injection::{CalendarEvent, InjectionKind, PeopleEvent};

pub const PART: Part = Part {
    kinds: &[("demand", demand), ("calendar", calendar), ("cut-off", cut_off)],
    keys: &["village", "factor", "event", "percent", "target"],
};

fn demand(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let village = village(table, names);
    let factor = table.number_in("factor", 0.0..=10.0)?.into_inner();
    Some(InjectionKind::People(PeopleEvent::Demand { village: village?, factor }))
}

fn calendar(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let village = village(table, names);
    let event = table.choice("event", &CalendarEvent::CHOICES).map(Spanned::into_inner);
    let is_given = table.has("percent");
    // Of the households no more than all let their taps run.
    let most = if event == Some(CalendarEvent::Frost) { 100.0 } else { 900.0 };
    let share = table.opt_number_in("percent", 0.0..=most).map(|it| it.into_inner() / 100.0);
    let is_whole = share.is_some() || !is_given;
    let event = PeopleEvent::Calendar { event: event?, village: village?, share };
    is_whole.then_some(InjectionKind::People(event))
}

fn cut_off(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let (village, tap) = (table.opt_text("village"), table.opt_text("target"));
    let taps = match (&village, &tap) {
        (Some(name), None) => names.taps_of(&names.village(table, name)?)?,
        (None, Some(name)) => vec![names.tap(table, name)?],
        _ => {
            let help = "write `village` for all its taps, or `target` for one";
            table.add_with_help(table.span(), "a cut-off is of one village or one tap", help);
            return None;
        }
    };
    Some(InjectionKind::People(PeopleEvent::CutOff { taps }))
}

/// The village that is named, or all; none when its name is wrong.
#[expect(clippy::option_option, reason = "all villages, one, or a mistake")]
fn village(table: &Table<'_>, names: &Names<'_>) -> Option<Option<VillageId>> {
    match table.opt_text("village") {
        Some(name) => names.village(table, &name).map(Some),
        None => Some(None),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{kind, read};
    use super::*;
    use crate::plant::network::NodeIndex;

    #[test]
    fn every_event_of_the_calendar_is_read() {
        for (name, event) in CalendarEvent::CHOICES {
            let found = kind(&format!("kind = \"calendar\"\nevent = \"{name}\""));
            let wanted = PeopleEvent::Calendar { event, village: None, share: None };
            assert_eq!(found, InjectionKind::People(wanted));
        }
        let keys = "kind = \"calendar\"\nevent = \"heat\"\nvillage = \"upper\"\npercent = 40";
        let village = VillageId::new("upper").ok();
        let (event, share) = (CalendarEvent::Heat, Some(0.4));
        let wanted = PeopleEvent::Calendar { event, village, share };
        assert_eq!(kind(keys), InjectionKind::People(wanted));
    }

    #[test]
    fn a_village_or_a_single_tap_is_cut_off() {
        let tap = NodeIndex(3);
        let wanted = InjectionKind::People(PeopleEvent::CutOff { taps: vec![tap] });
        assert_eq!(kind("kind = \"cut-off\"\nvillage = \"upper\""), wanted);
        assert_eq!(kind("kind = \"cut-off\"\ntarget = \"J-2\""), wanted);
        let head = "[[inject]]\nid = \"a\"\nat_min = 0\nkind = \"cut-off\"\n";
        for (keys, said) in [
            ("", "a cut-off is of one village or one tap"),
            ("village = \"upper\"\ntarget = \"J-2\"\n", "of one village or one tap"),
            ("target = \"J-1\"\n", "tap \"J-1\" is not known"),
        ] {
            let found = read(&format!("{head}{keys}")).expect_err("a mistake").to_string();
            assert!(found.contains(said), "{found}");
        }
    }

    #[test]
    fn what_no_calendar_has_is_refused_with_the_nearest_word() {
        let text = "[[inject]]\nid = \"a\"\nat_min = 0\nkind = \"calendar\"\nevent = \"frst\"\n\
            [[inject]]\nid = \"b\"\nat_min = 0\nkind = \"calendar\"\nevent = \"frost\"\n\
            percent = 120\n[[inject]]\nid = \"c\"\nat_min = 0\nkind = \"calendar\"\n\
            event = \"heat\"\nvillage = \"uper\"\n";
        insta::assert_snapshot!(read(text).expect_err("mistakes").render(false));
    }
}
