use std::fmt::Display;

use attention_core::call::CallOptions;
use serde::Serialize;
use wasm_bindgen::{JsCast as _, JsValue};

use crate::{Attention, Error};

/// A call that has not been made yet; [`send`](Self::send) makes it.
#[derive(Debug)]
#[must_use = "`send` makes the call"]
pub struct Request {
    pub(crate) client: Attention,
    pub(crate) options: CallOptions,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: web_sys::Headers,
    pub(crate) body: JsValue,
    /// The first error in building the request.
    pub(crate) fault: Option<Error>,
}

impl Request {
    /// Adds a query parameter.
    pub fn query(mut self, name: &str, value: impl Display) -> Self {
        self.query.push((name.to_owned(), value.to_string()));
        self
    }

    /// Adds a header. The client sets `Authorization` itself.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if name.eq_ignore_ascii_case("authorization") || self.headers.append(name, value).is_err() {
            self.fault.get_or_insert(Error::Header(name.to_owned()));
        }
        self
    }

    /// A JSON body from a Rust value.
    pub fn json<T: Serialize + ?Sized>(self, value: &T) -> Self {
        self.json_text(serde_json::to_string(value))
    }

    /// A JSON body from a JavaScript value.
    pub fn js(self, value: JsValue) -> Self {
        self.json_text(serde_wasm_bindgen::from_value(value).map(|value: serde_json::Value| value.to_string()))
    }

    fn json_text(mut self, text: Result<String, impl Display>) -> Self {
        match text {
            Ok(text) => return self.header("content-type", "application/json").body(text),
            Err(error) => self.fault.get_or_insert(Error::Json(error.to_string())),
        };
        self
    }

    /// A body as accepted by `fetch`, such as a `FormData`. A stream cannot be sent again, so such a call is not
    /// retried.
    pub fn body(mut self, body: impl Into<JsValue>) -> Self {
        self.body = body.into();
        self.options.replayable = !self.body.has_type::<web_sys::ReadableStream>();
        self
    }

    /// Changes the options of this call, such as its timeout.
    pub fn options(mut self, change: impl FnOnce(&mut CallOptions)) -> Self {
        change(&mut self.options);
        self
    }
}
