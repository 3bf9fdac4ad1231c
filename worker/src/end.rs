//! Why a request's future ends without an answer.

use wasm_bindgen::JsValue;

/// What a call of JavaScript threw.
pub(crate) type Thrown = JsValue;

#[derive(Debug)]
pub(crate) enum End {
    /// A call of JavaScript threw. The shim answers with a 500; other requests do not notice.
    Thrown(Thrown),
    /// The caller has left, and the runtime has dropped what the request was waiting for. Nobody will read an
    /// answer, and there is no request any more on whose behalf anything could be sent: the future frees what it
    /// holds and does nothing else, so this is passed on with `?` wherever it comes from.
    Abandoned,
}

impl From<Thrown> for End {
    fn from(thrown: Thrown) -> Self {
        Self::Thrown(thrown)
    }
}
