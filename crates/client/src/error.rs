use wasm_bindgen::JsValue;

/// The error of a client or a call. It never holds a key, a token or a part of a response.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The call failed, or its credential, base URL or path was refused.
    #[error(transparent)]
    Call(Box<attention_core::Error>),
    /// The client cannot be built with these settings.
    #[error("{0}")]
    Config(&'static str),
    /// A header, by its name, that cannot be sent: its name or value is malformed, or the client sets it itself.
    #[error("the header {0:?} cannot be sent; see RFC 9110 section 5")]
    Header(String),
    /// A value that JSON cannot hold, or a response that is not the JSON asked for: where the fault is, and which.
    #[error("JSON: {0}")]
    Json(String),
    /// The browser refuses to make the request.
    #[error("the browser cannot send this request: a GET or HEAD has no body, and a stream is sent only once")]
    Unsendable,
}

impl<E: Into<attention_core::Error>> From<E> for Error {
    fn from(error: E) -> Self {
        Self::Call(Box::new(error.into()))
    }
}

/// For functions that return it to JavaScript.
impl From<Error> for JsValue {
    fn from(error: Error) -> Self {
        js_sys::Error::new(&error.to_string()).into()
    }
}
