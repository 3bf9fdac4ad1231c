use attention_core::call::Failure;
use serde::{Serialize as _, de::DeserializeOwned};

use crate::Error;
use crate::driver::Sending;

/// The response of a successful call. The call's timeout includes the body. Dropping the response closes the
/// connection.
#[derive(Debug)]
pub struct Response {
    pub(crate) inner: gloo_net::http::Response,
    pub(crate) sending: Sending,
    pub(crate) attempts: u32,
}

impl Response {
    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.inner.status()
    }

    /// A header, if CORS exposes it to the page.
    pub fn header(&self, name: &str) -> Option<String> {
        self.inner.headers().get(name)
    }

    /// The body as a stream; `None` if there is none. Keep the response until the body has been read.
    pub fn stream(&self) -> Option<web_sys::ReadableStream> {
        self.inner.body()
    }

    /// The whole body.
    pub async fn bytes(self) -> Result<Vec<u8>, Error> {
        self.inner.binary().await.map_err(|_| self.broken())
    }

    /// The whole body, decoded as UTF-8.
    pub async fn text(self) -> Result<String, Error> {
        self.inner.text().await.map_err(|_| self.broken())
    }

    /// The body parsed as JSON. An empty body is `null`.
    pub async fn json<T: DeserializeOwned>(self) -> Result<T, Error> {
        let text = self.text().await?;
        let read = serde_json::from_str(if text.is_empty() { "null" } else { &text });
        // The message of serde's error would quote the response.
        read.map_err(|error| {
            let fault = if error.is_data() { "a value of another type" } else { "a syntax error" };
            Error::Json(format!("the response has {fault} in line {}, column {}", error.line(), error.column()))
        })
    }

    /// The body parsed as JSON into plain JavaScript values.
    pub async fn js(self) -> Result<wasm_bindgen::JsValue, Error> {
        let json = serde_wasm_bindgen::Serializer::json_compatible();
        self.json::<serde_json::Value>().await?.serialize(&json).map_err(|error| Error::Json(error.to_string()))
    }

    fn broken(&self) -> Error {
        // A request that is not dropped can only be aborted by its timer.
        let failure = if self.sending.controller.signal().aborted() { Failure::Timeout } else { Failure::Connection };
        crate::core::Error::of_failure(failure, self.attempts).into()
    }
}
