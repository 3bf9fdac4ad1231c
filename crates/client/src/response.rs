use attention_core::call::Failure;
use serde::{Serialize as _, de::DeserializeOwned};

use crate::Error;
use crate::driver::Sending;

/// The response of a call that succeeded. The call's timeout covers its body; dropping it closes the connection.
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

    /// A header, if CORS lets the page see it.
    pub fn header(&self, name: &str) -> Option<String> {
        self.inner.headers().get(name)
    }

    /// The body as it arrives; `None` where there is none. Keep the response until the body is read.
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

    /// The body, read from JSON. An empty body is read as `null`.
    pub async fn json<T: DeserializeOwned>(self) -> Result<T, Error> {
        let text = self.text().await?;
        let read = serde_json::from_str(if text.is_empty() { "null" } else { &text });
        // The text of serde's error would quote the response.
        read.map_err(|error| {
            let fault = if error.is_data() { "a value of another type" } else { "a syntax error" };
            Error::Json(format!("the response has {fault} in line {}, column {}", error.line(), error.column()))
        })
    }

    /// The body, read from JSON into plain JavaScript values.
    pub async fn js(self) -> Result<wasm_bindgen::JsValue, Error> {
        let json = serde_wasm_bindgen::Serializer::json_compatible();
        self.json::<serde_json::Value>().await?.serialize(&json).map_err(|error| Error::Json(error.to_string()))
    }

    fn broken(&self) -> Error {
        // Only its timer aborts a request that is not dropped.
        let failure = if self.sending.controller.signal().aborted() { Failure::Timeout } else { Failure::Connection };
        crate::core::Error::of_failure(failure, self.attempts).into()
    }
}
