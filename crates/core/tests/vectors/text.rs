//! Texts and bodies in the vector files.

use serde::Deserialize;

/// A string, or parts to be joined, one of which may be a repetition.
#[derive(Clone, Deserialize, Debug)]
#[serde(untagged)]
pub(crate) enum Text {
    Plain(String),
    Repeated { repeat: String, times: usize },
    Joined(Vec<Self>),
}

impl Text {
    pub(crate) fn build(&self) -> String {
        match self {
            Self::Plain(text) => text.clone(),
            Self::Repeated { repeat, times } => repeat.repeat(*times),
            Self::Joined(parts) => parts.iter().map(Self::build).collect(),
        }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::Plain(text.to_owned())
    }
}

/// A text in UTF-8, or bytes in hex.
#[derive(Clone, Deserialize, Debug)]
#[serde(untagged)]
pub(crate) enum Body {
    Text(Text),
    Bytes { hex: String },
}

impl Body {
    pub(crate) fn build(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.build().into_bytes(),
            Self::Bytes { hex } => (0..hex.len() / 2)
                .map(|index| u8::from_str_radix(&hex[2 * index..2 * index + 2], 16).expect("hex digits"))
                .collect(),
        }
    }
}
