//! What a table's reader asks, for whoever wants to know: see `asked`.

use super::Table;
use crate::base::problem::Spanned;
use crate::base::problem::asked::{Asked, Want};

impl Table<'_> {
    /// Notes a question, where questions are noted.
    pub(super) fn ask(&self, key: &str, want: Want, needed: bool) {
        if self.notes.wants_questions() {
            let value = self.entries.iter().find(|(name, _)| name.get_ref() == key);
            let span = value.map(|(_, value)| value.span());
            self.notes.ask(Asked::new(&self.path, key, want, needed, span));
        }
    }

    /// Says what may stand under `key`, to whoever makes a form of the questions.
    pub fn offer<'k>(&self, key: &str, known: impl Iterator<Item = &'k str>) {
        if self.notes.wants_questions() {
            let question = Asked::new(&self.path, key, Want::Presence, false, None);
            let known = known.map(str::to_owned).collect();
            self.notes.ask(Asked { known, ..question });
        }
    }

    /// Says what may stand where `name` does.
    pub fn offer_at<'k>(&self, name: &Spanned<String>, known: impl Iterator<Item = &'k str>) {
        self.notes.offer(&name.span(), known);
    }

    /// A stand-in for a value that is not there or cannot be used, while questions are noted.
    pub(super) fn in_place_of<T>(&self, key: &str, value: T) -> Option<Spanned<T>> {
        self.notes.wants_questions().then(|| {
            let span = self.notes.nowhere();
            let own = Some(span.clone());
            self.notes.ask(Asked::new(&self.path, key, Want::Presence, false, own));
            Spanned::new(span, value)
        })
    }
}
