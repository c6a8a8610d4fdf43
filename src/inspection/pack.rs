//! A pack: rules that belong together, such as the limits of one edition of a standard, and that a
//! plant chooses together.
//!
//! In: the head of a rule file. Out: the pack that it describes, or the name of one that another
//! file describes. Rules of no pack are for every plant.

use crate::base::Text;
use crate::base::ids::PackId;
use crate::base::problem::{Spanned, Table};
use crate::inspection::book::Place;
use crate::inspection::citation;
use crate::plant::profile::Profile;

/// A pack, as the head of its file describes it.
#[derive(Debug, Clone)]
pub struct Pack {
    /// Its id.
    pub id: PackId,
    /// What a person calls it.
    pub title: Text,
    /// Where it comes from, with its mark; each rule says more of its own.
    pub source: Text,
    /// Edition of the standard it is from.
    pub edition: Option<String>,
    /// What whoever chooses it should know.
    pub note: Option<Text>,
    /// Is it in force at plants that choose none?
    pub is_usual: bool,
    /// Is it made to be chosen beside others that look for the same?
    pub is_beside: bool,
    /// Where it stands in its file.
    pub place: Place,
}

impl Pack {
    /// What its rules carry of it.
    pub fn within(&self) -> InPack {
        let (is_usual, is_beside) = (self.is_usual, self.is_beside);
        InPack { id: self.id.clone(), is_usual, is_settled: false, is_beside }
    }
}

/// That a rule belongs to a pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InPack {
    /// The pack.
    pub id: PackId,
    /// Is it in force at plants that choose none?
    pub is_usual: bool,
    /// Somebody else has chosen for all plants: what a plant chooses does not count.
    pub is_settled: bool,
    /// Is it made to be chosen beside others that look for the same?
    pub is_beside: bool,
}

impl InPack {
    /// Is the pack in force at this plant?
    pub fn is_chosen(&self, profile: &Profile) -> bool {
        match &profile.packs {
            Some(chosen) if !self.is_settled => chosen.iter().any(|it| it.id == self.id),
            _ => self.is_usual,
        }
    }
}

/// What the head of a rule file says of packs.
pub(super) enum Head {
    /// Its rules are for every plant.
    None,
    /// Its rules are a pack, or the first of one.
    Describes(Pack),
    /// Its rules belong to a pack that another file describes.
    Joins(PackId, Place),
}

/// Reads `[pack]`, or `pack = "…"`. Every mistake is noted.
pub(super) fn head(file: &Table<'_>) -> Head {
    if file.is_text("pack") {
        return file.opt_parse("pack", PackId::new).map_or(Head::None, |id| {
            let place = Place { source: file.source().clone(), span: id.span() };
            Head::Joins(id.into_inner(), place)
        });
    }
    let pack = file.opt_table("pack");
    pack.and_then(|table| describe(&table)).map_or(Head::None, Head::Describes)
}

fn describe(table: &Table<'_>) -> Option<Pack> {
    let id = table.parse("id", PackId::new);
    let title = table.bilingual("title");
    let edition = table.opt_text("edition");
    let source = citation::read_with_edition(table, edition.as_ref());
    let note = if table.has("note") { Some(table.bilingual("note")?) } else { None };
    let is_usual = table.opt_bool("default").is_some_and(Spanned::into_inner);
    let is_beside = table.opt_bool("beside").is_some_and(Spanned::into_inner);
    let id = id?;
    let place = Place { source: table.source().clone(), span: id.span() };
    Some(Pack {
        id: id.into_inner(),
        title: title?,
        source: source?,
        edition: edition.map(Spanned::into_inner),
        note,
        is_usual,
        is_beside,
        place,
    })
}
