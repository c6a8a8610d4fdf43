//! What stands in tables that are still to be read, looked at beforehand.

use toml::de::DeTable;

use super::{Table, Value};
use crate::base::problem::Spanned;

impl Table<'_> {
    /// What stands under `name` in each table of `[[key]]`, where that is a text. Nothing in those
    /// tables counts as asked for by that: they are still to be read.
    pub fn names_of(&self, key: &str, name: &str) -> Vec<Option<String>> {
        let array = self.get(key).and_then(|value| value.get_ref().as_array());
        let named = |table: &DeTable<'_>| Some(table.get(name)?.get_ref().as_str()?.to_owned());
        let tables = array.into_iter().flat_map(|array| array.iter());
        tables.map(|value| value.get_ref().as_table().and_then(named)).collect()
    }

    /// The texts under `name` in each table of `[[key]]`: one, or those of an array. As with
    /// `names_of`, nothing in those tables counts as asked for by that.
    pub fn texts_of(&self, key: &str, name: &str) -> Vec<Vec<Spanned<String>>> {
        let text = |value: &Value<'_>| {
            Some(Spanned::new(value.span(), value.get_ref().as_str()?.to_owned()))
        };
        let texts = |table: &DeTable<'_>| {
            let Some(value) = table.get(name) else { return Vec::new() };
            match value.get_ref().as_array() {
                Some(array) => array.iter().filter_map(text).collect(),
                None => text(value).into_iter().collect(),
            }
        };
        let array = self.get(key).and_then(|value| value.get_ref().as_array());
        let tables = array.into_iter().flat_map(|array| array.iter());
        tables.map(|value| value.get_ref().as_table().map(texts).unwrap_or_default()).collect()
    }
}
