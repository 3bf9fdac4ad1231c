use wasm_bindgen::JsValue;

/// The error of a client or a call. It never contains a key, a token or a part of a response.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The call failed, or its credential, base URL or path was rejected.
    #[error(transparent)]
    Call(Box<attention_core::Error>),
    /// The client cannot be built with these settings.
    #[error("{0}")]
    Config(&'static str),
    /// A header that cannot be sent: its name or value is malformed, or the client sets it itself. Contains the name.
    #[error("the header {0:?} cannot be sent; see RFC 9110 section 5")]
    Header(String),
    /// A value that JSON cannot represent, or a response that is not the expected JSON. States the fault and its
    /// position.
    #[error("JSON: {0}")]
    Json(String),
    /// The browser refuses to send the request.
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
