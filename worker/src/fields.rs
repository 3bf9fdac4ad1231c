//! The headers of a message, read in one crossing (`headers.mjs`).
//!
//! The names come into this module, since the rules ask for them; a value stays JavaScript's until a rule asks for it.
//! So a header that is not there costs nothing, and one that only passes through is not copied.

use std::borrow::Cow;

use attention_gateway::exchange::HeaderEdit;
use js_sys::{Array, JsString};
use wasm_bindgen::prelude::*;
use web_sys::Headers;

use crate::end::Thrown;

#[wasm_bindgen(raw_module = "../../headers.mjs")]
extern "C" {
    /// The names, each with a line break; the values go to `values`.
    #[wasm_bindgen(catch)]
    fn fields(headers: &Headers, values: &Array) -> Result<String, Thrown>;

    /// A value as a text. Not by its handle: that would be one crossing more.
    #[wasm_bindgen(js_name = value)]
    fn text(values: &Array, place: u32) -> String;
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

    /// Each name, with the place of its value.
    pub(crate) fn names(&self) -> impl Iterator<Item = (u32, &str)> {
        (0..).zip(self.names.iter())
    }

    pub(crate) fn value(&self, place: u32) -> JsString {
        self.values.get(place).unchecked_into()
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

/// Those headers of a list that pass as they came, each by its place in the list and among the values: what an edit
/// names is set by the edit, or does not pass.
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

/// Names in lower case, one after the other in one text.
struct Names {
    text: String,
    /// Where each of them ends; a line break is between two.
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

    /// As a loop: it runs some thirty times a request.
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
    fn each_name_has_its_place_and_no_part_of_one_has_any() {
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
