use std::cell::RefCell;
use std::rc::Rc;

use attention_core::call::{CallOptions, CredentialKind, DEFAULT_TIMEOUT, Operation, Upstream};
use attention_core::url::BaseUrl;
use attention_core::{ApiKey, CallerToken, KeyRing, Method};

use crate::{Error, Request};

/// An API client. Clones share the credentials, the gate and the retry budget.
#[derive(Clone, Debug)]
pub struct Attention {
    pub(crate) upstream: Rc<RefCell<Upstream>>,
    options: CallOptions,
}

impl Attention {
    /// A builder with the default settings: the base URL of the API, a timeout of one minute, two retries.
    pub fn builder() -> Builder {
        let options = CallOptions { timeout: Some(DEFAULT_TIMEOUT), ..CallOptions::new(Method::Get) };
        Builder { base: BaseUrl::default(), keys: None, may_hold_key: false, options }
    }

    /// A request for `path`, relative to the base URL.
    pub fn request(&self, method: Method, path: &str) -> Request {
        let options = CallOptions { method, operation: Some(Operation::of(method, path)), ..self.options.clone() };
        let headers = gloo_net::http::Headers::new().into_raw();
        let (client, path, query, body) = (self.clone(), path.to_owned(), Vec::new(), wasm_bindgen::JsValue::UNDEFINED);
        Request { client, options, path, query, headers, body, fault: None }
    }

    /// Replaces the credentials, for example with those of a new session. Calls in progress keep theirs.
    pub fn replace_keys(&self, keys: KeyRing) {
        self.upstream.borrow_mut().replace_keys(keys);
    }

    /// Gives `read` access to the state of the credentials and the server, such as verdicts and fingerprints. `read`
    /// must not use the client.
    pub fn inspect<T>(&self, read: impl FnOnce(&Upstream) -> T) -> T {
        read(&self.upstream.borrow())
    }
}

macro_rules! verbs {
    ($($name:ident $method:ident),*) => {
        impl Attention {$(
            #[doc = concat!("A ", stringify!($method), " of `path`, relative to the base URL.")]
            pub fn $name(&self, path: &str) -> Request {
                self.request(Method::$method, path)
            }
        )*}
    };
}
verbs!(get Get, post Post, put Put, patch Patch, delete Delete);

/// The settings of a client.
#[derive(Debug)]
#[must_use = "`build` makes the client"]
pub struct Builder {
    base: BaseUrl,
    keys: Option<KeyRing>,
    may_hold_key: bool,
    options: CallOptions,
}

impl Builder {
    /// The URL of the server, such as a Worker. The default is the API itself.
    pub fn base_url(self, url: &str) -> Result<Self, Error> {
        Ok(Self { base: BaseUrl::parse(url)?, ..self })
    }

    /// A path on the page's own origin that leads to the Worker, such as `/api/v2`.
    pub fn same_origin(self, path: &str) -> Result<Self, Error> {
        let origin = page_origin().ok_or(Error::Config("there is no page and therefore no origin: set `base_url`"))?;
        self.base_url(&(origin + path))
    }

    /// A caller token or a session of the Worker.
    pub fn caller_token(self, token: &str) -> Result<Self, Error> {
        Ok(Self { keys: Some(KeyRing::of_token(CallerToken::parse(token)?)), ..self })
    }

    /// The API key and, during a rotation, the next one. Only for programs that only trusted people can load.
    pub fn api_keys(self, current: &str, next: Option<&str>) -> Result<Self, Error> {
        let keys = KeyRing::new(ApiKey::parse(current)?, next.map(ApiKey::parse).transpose()?);
        Ok(Self { keys: Some(keys), ..self })
    }

    /// Allows an API key in a page that only people who may have the key can load.
    pub fn dangerously_allow_browser(self) -> Self {
        Self { may_hold_key: true, ..self }
    }

    /// Changes the default options of every call, such as the timeout or the number of retries.
    pub fn options(mut self, change: impl FnOnce(&mut CallOptions)) -> Self {
        change(&mut self.options);
        self
    }

    /// Builds the client.
    pub fn build(self) -> Result<Attention, Error> {
        let keys = self.keys.ok_or(Error::Config("there is no credential: set `caller_token`"))?;
        if keys.kind() == CredentialKind::ApiKey && !self.may_hold_key && page_origin().is_some() {
            return Err(Error::Config(
                "anyone who loads a page can read an API key in it: call the Worker with a caller token, or, if \
                 only people who may have the key can load this page, call `dangerously_allow_browser`",
            ));
        }
        Ok(Attention { upstream: Rc::new(RefCell::new(Upstream::new(self.base, keys))), options: self.options })
    }
}

/// The origin of the page or web worker; `None` on servers and edge runtimes.
fn page_origin() -> Option<String> {
    let location = js_sys::Reflect::get(&js_sys::global(), &"location".into()).ok()?;
    js_sys::Reflect::get(&location, &"origin".into()).ok()?.as_string()
}
