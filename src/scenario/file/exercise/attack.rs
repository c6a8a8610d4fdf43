//! Reads what a stranger says: `[[attack]]`.

use super::field::no_double;
use super::trigger::Known;
use crate::base::ids::InjectionId;
use crate::base::problem::{Spanned, Table};
use crate::plant::tags::Tag;
use crate::scenario::exercise::attack::{Attack, AttackKind};
use crate::scenario::exercise::deed::Deed;
use crate::scenario::file::injections::in_unit_of;
use crate::scenario::file::{MINUTES, minutes_span};

/// Messages of a flood in a minute.
const FLOOD: std::ops::RangeInclusive<i64> = 1..=5_000;

/// What there is, by the word of files.
#[derive(Debug, Clone, Copy)]
enum Word {
    Reading,
    Replay,
    Retained,
    Command,
    Flood,
}

const WORDS: [(&str, Word); 5] = [
    ("forged-reading", Word::Reading),
    ("replay", Word::Replay),
    ("retained", Word::Retained),
    ("forged-command", Word::Command),
    ("flood", Word::Flood),
];

/// Reads every `[[attack]]`.
pub fn read_attacks(table: &Table<'_>, known: &Known<'_, '_>) -> Vec<Attack> {
    let read = |own: &Table<'_>| {
        let id = own.parse("id", InjectionId::new);
        let at = own.number_in("at_min", MINUTES);
        let lasting = own.opt_number_in("for_min", MINUTES).map_or(0.0, Spanned::into_inner);
        let kind = own.choice("kind", &WORDS);
        let kind = kind.and_then(|kind| read_kind(own, known, kind.into_inner()));
        let run = known.run()?;
        let at = at?;
        if run.at_min(*at.get_ref()) > run.end() {
            let help = format!("the run lasts {}", run.duration);
            own.add_with_help(at.span(), "it lies behind the end of the run", help);
        }
        Some(Attack {
            id: id?.into_inner().as_str().to_owned(),
            at: run.at_min(at.into_inner()),
            lasting: minutes_span(lasting),
            kind: kind?,
        })
    };
    let found = table.tables("attack").iter().filter_map(read).collect();
    no_double(table, "attack");
    found
}

fn read_kind(own: &Table<'_>, known: &Known<'_, '_>, word: Word) -> Option<AttackKind> {
    Some(match word {
        Word::Reading => {
            let tag = tag(own, known)?;
            let value = in_unit_of(tag, own, "value")?;
            AttackKind::ForgedReading { tag: tag.id.clone(), value }
        }
        Word::Retained => {
            let tag = tag(own, known)?;
            let value = in_unit_of(tag, own, "value")?;
            AttackKind::Retained { tag: tag.id.clone(), value }
        }
        Word::Replay => {
            let of = own.number_in("of_min", MINUTES)?.into_inner();
            AttackKind::Replay { of: known.run()?.at_min(of) }
        }
        Word::Command => {
            let order = own.parse("order", Deed::parse)?;
            if !order.get_ref().verb().is_order {
                let text = format!("no plant takes {}", order.get_ref().verb().name);
                own.add_with_help(order.span(), text, "for example order = \"set-dose 0\"");
                return None;
            }
            AttackKind::ForgedCommand { order: order.into_inner() }
        }
        Word::Flood => {
            let messages = own.integer_in("messages", FLOOD)?.into_inner();
            AttackKind::Flood { messages: u32::try_from(messages).ok()? }
        }
    })
}

fn tag<'p>(own: &Table<'_>, known: &Known<'_, 'p>) -> Option<&'p Tag> {
    let name = own.text("tag")?;
    known.names().tag(own, &name)
}
