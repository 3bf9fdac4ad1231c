use std::fmt::Display;

use attention_core::call::CallOptions;
use serde::Serialize;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{Headers, ReadableStream};

use crate::{Attention, Error};

/// A call that is put together here; [`send`](Self::send) makes it.
#[derive(Debug)]
pub struct Request {
    pub(crate) client: Attention,
    pub(crate) options: CallOptions,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: Headers,
    pub(crate) body: JsValue,
    /// The first thing that was wrong.
    pub(crate) fault: Option<Error>,
}

impl Request {
    pub(crate) fn new(client: Attention, options: CallOptions, path: &str) -> Self {
        let headers = Headers::new().expect("a header of no name has no fault");
        let (path, query, body) = (path.to_owned(), Vec::new(), JsValue::UNDEFINED);
        Self { client, options, path, query, headers, body, fault: None }
    }

    /// A parameter of the query.
    #[must_use]
    pub fn query(mut self, name: &str, value: impl Display) -> Self {
        self.query.push((name.to_owned(), value.to_string()));
        self
    }

    /// A header. `Authorization` is the client's own.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if name.eq_ignore_ascii_case("authorization") || self.headers.append(name, value).is_err() {
            self.fault.get_or_insert(Error::Header(name.to_owned()));
        }
        self
    }

    /// A body of JSON.
    #[must_use]
    pub fn json<T: Serialize + ?Sized>(mut self, value: &T) -> Self {
        match serde_json::to_string(value) {
            Ok(text) => return self.header("content-type", "application/json").body(text),
            Err(error) => self.fault.get_or_insert(Error::Json(error.to_string())),
        };
        self
    }

    /// A body of JSON, of a JavaScript value.
    #[must_use]
    pub fn js(mut self, value: JsValue) -> Self {
        match serde_wasm_bindgen::from_value::<serde_json::Value>(value) {
            Ok(value) => return self.json(&value),
            Err(error) => self.fault.get_or_insert(Error::Json(error.to_string())),
        };
        self
    }

    /// A body as `fetch` takes it, such as a `FormData`. A stream is sent once, whatever happens.
    #[must_use]
    pub fn body(mut self, body: impl Into<JsValue>) -> Self {
        self.body = body.into();
        self.options.replayable = !self.body.has_type::<ReadableStream>();
        self
    }

    /// Everything else that the rules are told of this call.
    #[must_use]
    pub fn options(mut self, change: impl FnOnce(&mut CallOptions)) -> Self {
        change(&mut self.options);
        self
    }
}
