use std::fmt;

use wasm_bindgen::JsValue;

/// What a client or a call fails with. It never holds a key, a token or a part of an answer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Error {
    /// The call failed, or its credential, address or path was refused.
    Call(Box<attention_core::Error>),
    /// The client cannot be made so.
    Config(&'static str),
    /// This header cannot be sent: its name or value is malformed, or it is the client's own.
    Header(String),
    /// A value that JSON cannot hold, or an answer that is not the JSON asked for; where, and of which sort.
    Json(String),
    /// The answer ended in the middle: its connection broke, or the time of the call was up.
    Broken,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(error) => error.fmt(f),
            Self::Config(text) => f.write_str(text),
            Self::Header(name) => write!(f, "the header {name:?} cannot be sent; see RFC 9110 section 5"),
            Self::Json(text) => write!(f, "JSON: {text}"),
            Self::Broken => f.write_str("the connection broke, or the time was up, in the middle of the answer"),
        }
    }
}

impl std::error::Error for Error {}

impl<E: Into<attention_core::Error>> From<E> for Error {
    fn from(error: E) -> Self {
        Self::Call(Box::new(error.into()))
    }
}

/// For functions that hand it on to JavaScript.
impl From<Error> for JsValue {
    fn from(error: Error) -> Self {
        js_sys::Error::new(&error.to_string()).into()
    }
}
