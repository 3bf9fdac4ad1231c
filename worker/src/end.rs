//! The reasons a request's future ends without a response.

use wasm_bindgen::JsValue;

/// The value that a call of JavaScript threw.
pub(crate) type Thrown = JsValue;

#[derive(Debug)]
pub(crate) enum End {
    /// A call of JavaScript threw. The shim responds with a 500; other requests are not affected.
    Thrown(Thrown),
    /// The caller has left, and the runtime has dropped the promise that the request waited for. Nobody will read a
    /// response, and nothing can be sent on behalf of the request any more. The future only frees its resources, so
    /// this is always propagated with `?`.
    Abandoned,
}

impl From<Thrown> for End {
    fn from(thrown: Thrown) -> Self {
        Self::Thrown(thrown)
    }
}
