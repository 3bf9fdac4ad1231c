//! The headers of a message, read in a single call of JavaScript (`headers.mjs`).
//!
//! The names are copied into this module, because the rules look headers up by name. A value stays in JavaScript until
//! a rule reads it. So an absent header costs nothing, and a header that is only passed on is not copied.

use std::borrow::Cow;

use attention_gateway::exchange::HeaderEdit;
use js_sys::{Array, JsString};
use wasm_bindgen::prelude::*;
use web_sys::Headers;

use crate::end::Thrown;
use crate::js::Dictionary;

#[wasm_bindgen(raw_module = "../../headers.mjs")]
extern "C" {
    /// The names, each followed by a line break; the values are stored in `values`.
    #[wasm_bindgen(catch)]
    fn fields(headers: &Headers, values: &Array) -> Result<String, Thrown>;

    /// A value as a string. Returned directly, because a reference would cost another crossing.
    #[wasm_bindgen(js_name = value)]
    fn text(values: &Array, place: u32) -> String;

    /// Some values by names of a list; `places` are of a name and of its value, in turn.
    fn picked(names: &Array, values: &Array, places: &[u32]) -> Dictionary;
}

pub(crate) struct Fields {
    names: Names,
    values: Array,
}

impl Fields {
    pub(crate) fn read(headers: &Headers) -> Result<Self, Thrown> {
        let values = Array::new();
        let names = fields(headers, &values)?;
        Ok(Self { names: Names::new(names), values })
    }

    /// Each name with the index of its value.
    pub(crate) fn names(&self) -> impl Iterator<Item = (u32, &str)> {
        (0..).zip(self.names.iter())
    }

    pub(crate) fn value(&self, place: u32) -> JsString {
        self.values.get(place).unchecked_into()
    }

    /// Those headers of a list that pass as they came, by the same list as handles.
    pub(crate) fn picked(&self, list: &[&str], handles: &Array, edits: &[HeaderEdit]) -> Dictionary {
        let mut places = Vec::with_capacity(16);
        for (listed, place) in passing(self, list, edits) {
            places.extend([u32::try_from(listed).unwrap_or(u32::MAX), place]);
        }
        picked(handles, &self.values, &places)
    }

    pub(crate) fn text(&self, place: u32) -> String {
        text(&self.values, place)
    }
}

impl attention_core::Headers for Fields {
    fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        Some(Cow::Owned(self.text(self.names.place(name)?)))
    }

    fn has(&self, name: &str) -> bool {
        self.names.place(name).is_some()
    }

    fn beginning_with(&self, prefix: &str) -> Vec<(String, String)> {
        let beginning = self.names().filter(|(_, name)| name.starts_with(prefix));
        beginning.map(|(place, name)| (name.to_owned(), self.text(place))).collect()
    }
}

/// The headers of a list that are passed on unchanged, each with its index in the list and the index of its value.
/// Headers with an edit are excluded.
pub(crate) fn passing<'a>(
    headers: &'a Fields,
    list: &'a [&str],
    edits: &'a [HeaderEdit],
) -> impl Iterator<Item = (usize, u32)> {
    headers.names().filter_map(move |(place, name)| {
        let listed = list.iter().position(|listed| *listed == name)?;
        let is_edited = edits.iter().any(|(edited, _)| *edited == name);
        (!is_edited).then_some((listed, place))
    })
}

/// Lower-case names, concatenated in one text.
struct Names {
    text: String,
    /// The end of each name; a line break separates two names.
    ends: Vec<usize>,
}

impl Names {
    fn new(text: String) -> Self {
        let mut ends = Vec::with_capacity(16);
        for (at, byte) in text.bytes().enumerate() {
            if byte == b'\n' {
                ends.push(at);
            }
        }
        Self { text, ends }
    }

    fn iter(&self) -> impl Iterator<Item = &str> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let name = self.text.get(start..*end).unwrap_or_default();
            start = end + 1;
            name
        })
    }

    /// A plain loop, because it runs about thirty times per request.
    fn place(&self, wanted: &str) -> Option<u32> {
        let (mut start, mut place) = (0, 0);
        for &end in &self.ends {
            if end - start == wanted.len() && self.text.get(start..end) == Some(wanted) {
                return Some(place);
            }
            start = end + 1;
            place += 1;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_has_its_index_and_parts_of_names_have_none() {
        let names = Names::new("accept\naccept-encoding\nx\n".to_owned());
        assert_eq!(names.iter().collect::<Vec<_>>(), ["accept", "accept-encoding", "x"]);
        assert_eq!(["accept", "accept-encoding", "x"].map(|name| names.place(name)), [Some(0), Some(1), Some(2)]);
        for none in ["", "a", "encoding", "accept\naccept-encoding", "\n", "Accept"] {
            assert_eq!(names.place(none), None, "{none:?}");
        }
        assert_eq!(Names::new(String::new()).iter().count(), 0);
        assert_eq!(Names::new(String::new()).place(""), None);
    }
}
